/*
 * A user: picks a task, runs its steps, waits, goes on. A state machine that
 * is driven from outside: no curl, no clock, no descriptors in it.
 */
#ifndef LOAD_USER_H
#define LOAD_USER_H

#include "base/rng.h"
#include "load/timers.h"
#include "plan/plan.h"

struct user;

/* What users act upon: one for all users of a worker. */
struct user_world {
	const struct plan *plan; /* borrowed */
	uint64_t tasks_left;     /* of [load] iterations; UINT64_MAX: no end */
	uint64_t tasks_started;
	void *context; /* of the functions below */
	/* Sends a request; user_answered will be called, never from within. */
	void (*send)(
	    void *context, struct user *user, const struct request *request);
	/* Calls user_woken at due_us or soon after, never from within. */
	void (*wake_at)(void *context, struct user *user, uint64_t due_us);
	/* The user is finished and will do nothing more. */
	void (*gone)(void *context, struct user *user);
};

enum user_stage {
	USER_STARTING, /* runs on_start */
	USER_WORKING,  /* tasks, one after another */
	USER_STOPPING, /* runs on_stop */
	USER_GONE
};

enum user_state {
	USER_BETWEEN,  /* waits for its next task */
	USER_SLEEPING, /* in a sleep step */
	USER_ASKING    /* a request is in flight */
};

struct user {
	struct timer timer; /* for the world's wake_at */
	const struct user_kind *kind;
	const struct task *task; /* that runs now */
	size_t step;             /* the next one of it */
	uint64_t rounds_left;    /* of the task's repeat, this one included */
	size_t next_in_order;    /* ORDER_SEQUENCE */
	uint64_t index;          /* in the whole run, from 0 */
	uint64_t iteration;      /* tasks begun */
	uint64_t task_start_us;
	struct rng rng;
	enum user_stage stage;
	enum user_state state;
	bool must_stop;  /* no further task */
	void *client;    /* the world's */
	void *in_flight; /* the world's; while USER_ASKING */
};

/* A new user; its draws depend on seed and index alone. */
void user_init(struct user *u, const struct user_kind *kind, uint64_t index,
    uint64_t seed);
/* Its first step, at now_us. */
void user_begin(struct user *u, struct user_world *w, uint64_t now_us);
/* The time that wake_at was asked for has come. */
void user_woken(struct user *u, struct user_world *w, uint64_t now_us);
/* The request that was sent is over. */
void user_answered(
    struct user *u, struct user_world *w, bool passed, uint64_t now_us);
/* Start no further task: one that waits goes (after its on_stop) at once, one
 * in a task finishes that first. The caller has unset its timer if it was
 * USER_BETWEEN. */
void user_stop(struct user *u, struct user_world *w, uint64_t now_us);

#endif
