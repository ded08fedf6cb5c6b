/*
 * Users being played in this process: their requests sent, what comes of them
 * judged, taken along and counted. It knows no other processes, no pipes and
 * no reports.
 */
#ifndef LOAD_ENGINE_H
#define LOAD_ENGINE_H

#include "base/poller.h"
#include "hook/event.h"
#include "load/http.h"
#include "load/user.h"
#include "plan/answer.h"
#include "stats.h"

/* Who hears of events; NULL in the engine: nobody. */
struct event_sink {
	void *context;
	/* Whether anybody waits for it: asked once for each own event. */
	bool (*wants)(void *context, const char *event);
	void (*fire)(void *context, const struct event *event);
};

/* A request that is over, for who looks on (--once). */
struct engine_view {
	const struct job *job;
	const struct http_result *result;
	struct answer *answer;
	struct template_env *env;
	const char *failure; /* of the request; NULL: it passed */
};

/* Who looks on; NULL in the engine: nobody. */
struct engine_watch {
	void *context;
	void (*request)(void *context, const struct engine_view *view);
	void (*whole)(void *context, const struct job *job, const char *name,
	    const struct whole *whole);
	void (*set)(void *context, const struct job *job, unsigned slot);
	/* The step at hand is left out, as its `when` does not hold. */
	void (*skip)(void *context, const struct job *job);
	void (*emit)(void *context, const struct event *event);
};

struct engine {
	const struct plan *plan; /* borrowed, as is all down to watch */
	struct poller *poller;
	struct books *books; /* what is counted is added there */
	struct hist *lateness;
	struct table *table;
	const struct event_sink *events;
	const struct engine_watch *watch;

	struct http *http;
	struct user_world world;
	struct timers timers;
	struct timer heartbeat;
	uint32_t worker; /* our number, of so many */
	uint32_t workers;
	uint64_t now_us;         /* when it last looked */
	uint64_t wall_offset_us; /* from the monotonic clock to wall time */
	uint32_t alive;          /* users */
	uint32_t jobs;           /* beside them, now */
	/* From when on what begins belongs into table; what began before goes
	 * into one that `earlier` gives. */
	uint64_t stage_us;
	struct table *(*earlier)(void *context, uint64_t began_us);
	void *earlier_context;
	/* Who is told of users. */
	void (*user_gone)(void *context, struct user *u);
	void (*user_idle)(void *context, struct user *u);
	void *users_context;
	bool wants_stop;     /* a step said so: */
	char stop_text[256]; /* which one */
	struct row **rows;   /* by request id, those with a fixed name */
	struct store common; /* values that everyone has */
	struct json_reader *reader;
	uint64_t *cursors; /* by [data]: the next row, in sequence */
	uint64_t *used_up; /* by [data]: users that found no row left */
	bool hears_requests;
	bool hears_users;
	struct buf name;
	struct buf reason;
	struct buf text;
};

/* Who plays which part of what; the first seven members of e are set. Owned by
 * the caller, who calls engine_clear also after false; *why (static) then says
 * what failed. */
bool engine_init(struct engine *e, const char **why);
void engine_clear(struct engine *e);
/* The part of the run that is ours; from now on timers and wall time run. */
void engine_start(struct engine *e, uint32_t worker, uint32_t workers);
/* A value for everyone, by its name; names that the plan does not use are left
 * out. */
void engine_set_common(struct engine *e, const char *name, const char *value);

/* A user's first step; u is the caller's, and stays where it is until it is
 * gone; engine_end_user then frees what it holds. */
void engine_begin_user(struct engine *e, struct user *u,
    const struct user_kind *kind, uint64_t index, uint64_t seed);
/* The same for one task alone, as a user of no number. */
void engine_run_task(struct engine *e, struct user *u,
    const struct user_kind *kind, const struct task *task, uint64_t seed);
/* From now on these are told of each user that is gone or, where idle is not
 * NULL, waits for engine_begin_task. They must not begin users or tasks from
 * within. */
void engine_follow_users(struct engine *e, void *context,
    void (*idle)(void *context, struct user *u),
    void (*gone)(void *context, struct user *u));
/* A task that was due lag_us ago, for a user who is idle; false: it has not
 * begun, and the user goes. */
bool engine_begin_task(struct engine *e, struct user *u, uint64_t lag_us);
void engine_finish_user(struct engine *e, struct user *u);
void engine_stop_user(struct engine *e, struct user *u);
/* Drops what it does; what is in flight is counted as interrupted. */
void engine_interrupt_user(struct engine *e, struct user *u);
/* When it is gone, or the process ends. */
void engine_end_user(struct engine *e, struct user *u);

/* An event of the poller; false when the descriptor is not of this room. */
bool engine_event(struct engine *e, const struct poller_event *event);
/* The events that come next, as http_look_ahead() takes them. */
void engine_look_ahead(
    const struct engine *e, const struct poller_event *next, size_t n);
/* When engine_run wants to be called, even when no descriptor moves. */
uint64_t engine_next_us(const struct engine *e);
/* Wakes who is due. */
void engine_wake(struct engine *e);
/* Sends what was handed over, and looks at what came. */
void engine_run(struct engine *e);

#endif
