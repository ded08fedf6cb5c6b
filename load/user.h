/*
 * A user: picks a task, runs its steps, waits, goes on; and the jobs that run
 * beside it. A state machine that is driven from outside: no curl, no clock,
 * no descriptors in it.
 */
#ifndef LOAD_USER_H
#define LOAD_USER_H

#include "base/rng.h"
#include "load/timers.h"
#include "plan/plan.h"
#include "plan/store.h"

struct user;
struct job;

/* What came of a request. */
enum outcome {
	OUTCOME_PASSED,
	OUTCOME_FAILED,
	OUTCOME_AGAIN /* of a poll: nothing is decided yet */
};

/* A poll or a transaction from its beginning to its end: one more row. */
struct whole {
	const char *type;            /* ROW_POLL, ROW_TRANSACTION */
	const struct template *name; /* or, where that is NULL, */
	const char *text;
	uint64_t took_us;
	const char *failure; /* NULL: it passed */
};

/* What users act upon: one for all users of a worker. */
struct user_world {
	const struct plan *plan; /* borrowed */
	uint64_t tasks_left;     /* of [load] iterations; UINT64_MAX: no end */
	uint64_t tasks_started;
	uint64_t jobs_skipped; /* as there were too many */
	void *context;         /* of the functions below */
	/* Sends a request, which may take limit_us at most (0: no limit of
	 * its own); job_answered will be called, never from within. */
	void (*send)(void *context, struct job *job,
	    const struct request *request, uint64_t limit_us);
	/* Calls job_woken at due_us or soon after, never from within. */
	void (*wake_at)(void *context, struct job *job, uint64_t due_us);
	bool (*holds)(
	    void *context, struct job *job, const struct condition *when);
	void (*set)(void *context, struct job *job, const struct set *set);
	void (*emit)(void *context, struct job *job, const struct emit *emit);
	/* Gives the job rows of these data files (bit by [data]), for a new
	 * task; false: one is used up. */
	bool (*take_rows)(void *context, struct job *job, uint64_t data);
	void (*count_whole)(
	    void *context, struct job *job, const struct whole *whole);
	/* A job with the same values, rows and user as `from`, its random
	 * numbers apart; NULL: there are too many. */
	struct job *(*job_new)(void *context, struct job *from);
	/* The end of such a job; one that is dropped may have a timer or a
	 * request in flight. */
	void (*job_over)(void *context, struct job *job, bool is_dropped);
	/* The whole run is to stop: the step at hand says so. */
	void (*stop_test)(void *context, struct job *job);
	/* The user has no task until user_begin_task; NULL: users begin their
	 * tasks themselves. */
	void (*idle)(void *context, struct user *user);
	/* The user is finished and will do nothing more. */
	void (*gone)(void *context, struct user *user);
};

enum job_state {
	JOB_RUNNING,  /* its steps are being run just now */
	JOB_WAITING,  /* for the user's next task */
	JOB_IDLE,     /* until a task is due */
	JOB_SLEEPING, /* in a sleep step */
	JOB_ASKING,   /* a request is in flight */
	JOB_POLLING,  /* one of a poll is; this and the next last */
	JOB_PAUSING   /* between two of a poll */
};

/* A task that runs: where it is. */
struct frame {
	const struct task *task;
	size_t step;          /* the next one of it */
	uint64_t rounds_left; /* of its repeat, this one included */
	uint64_t start_us;
	bool has_failed; /* something in it */
};

/* A run through steps: what the user itself does, or something beside it. */
struct job {
	struct timer timer; /* first: for the world's wake_at */
	struct user *user;
	struct frame frame;
	struct frame *callers; /* owned; those that wait for this one */
	unsigned n_callers;
	enum job_state state;
	bool has_one_step;  /* a step in the background, no more of its task */
	bool is_due;        /* its task was due, and no request of it is
			       answered yet: */
	uint64_t lag_us;    /* it began so late */
	void *in_flight;    /* the world's; while a request is */
	uint64_t poll_us;   /* when the poll began */
	uint64_t asked_us;  /* when it asked last */
	uint64_t iteration; /* tasks begun by the user, then */
	struct rng rng;
	struct rng poll_rng; /* of the poll at hand, drawn from it once */
	struct store values;
	struct row_place *rows; /* owned, by [data]; NULL: none yet */
	struct job *next;       /* of those beside the user */
	struct job *previous;
};

enum user_stage {
	USER_STARTING,  /* runs on_start */
	USER_WORKING,   /* tasks, one after another */
	USER_LINGERING, /* is done, and waits for what runs beside it */
	USER_STOPPING,  /* runs on_stop */
	USER_LEAVING,   /* waits for what on_stop has left beside it */
	USER_GONE
};

struct user {
	struct job job; /* first: its own; has its timer, values and numbers */
	const struct user_kind *kind;
	size_t next_in_order; /* ORDER_SEQUENCE */
	uint64_t index;       /* in the whole run, from 0 */
	uint64_t task_start_us;
	enum user_stage stage;
	bool must_stop;     /* no further task */
	bool is_stopped;    /* nor anything beside it, but for on_stop's */
	bool has_failed;    /* a failure ended a task of its */
	struct job *beside; /* jobs in the background */
	void *client;       /* the world's */
};

/* A new user; its draws depend on seed and index alone. */
void user_init(struct user *u, const struct user_kind *kind, uint64_t index,
    uint64_t seed);
/* Frees what it holds. */
void user_clear(struct user *u, const struct plan *plan);
/* The same of one of the jobs beside it. */
void job_clear(struct job *job, const struct plan *plan);

/* Its first step, at now_us. */
void user_begin(struct user *u, struct user_world *w, uint64_t now_us);
/* Runs this task once, and is gone. */
void user_run_task(struct user *u, struct user_world *w,
    const struct task *task, uint64_t now_us);
/* A task that was due lag_us ago, for a user that is idle; false: it has not
 * begun, as there are no more tasks or no row for it, and the user goes. */
bool user_begin_task(
    struct user *u, struct user_world *w, uint64_t lag_us, uint64_t now_us);
bool user_is_idle(const struct user *u);
/* The time that wake_at was asked for has come. */
void job_woken(struct job *job, struct user_world *w, uint64_t now_us);
/* The request that was sent is over; why it failed, where it did. */
void job_answered(struct job *job, struct user_world *w, enum outcome outcome,
    const char *why, uint64_t now_us);
/* The step whose request is in flight. */
const struct step *job_step(const struct job *job);
/* Start no further task: one that waits goes (after its on_stop) at once, one
 * in a task finishes that first, and what runs beside it too. The caller has
 * unset its timer if it was JOB_WAITING. */
void user_finish(struct user *u, struct user_world *w, uint64_t now_us);
/* The same, and what runs beside it is dropped. */
void user_stop(struct user *u, struct user_world *w, uint64_t now_us);
/* Drops what runs beside it. */
void user_drop_jobs(struct user *u, struct user_world *w);

#endif
