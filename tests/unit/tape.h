/*
 * A world for users without a server: it only writes down what they ask for,
 * and the clock is a number.
 */
#ifndef TESTS_UNIT_TAPE_H
#define TESTS_UNIT_TAPE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "load/user.h"

/* What the user did, in order: "a" for a request of task a, "." for a timer,
 * "!" when it left. */
struct tape {
	char text[1024];
	uint64_t due_us;
	uint64_t limit_us; /* of the last request */
	struct job
	    *asking[8]; /* those whose requests are in flight, in order */
	size_t n_asking;
	struct job *paused; /* the last that asked to be woken */
	struct job *spare;  /* job_new's next; NULL: there are too many */
	size_t n_dropped;
	bool has_rows;
	bool holds;
	bool is_stopped; /* stop_test was called */
	bool is_gone;
};

static inline void write_down(struct tape *tape, const char *what)
{
	size_t len = strlen(tape->text);

	snprintf(tape->text + len, sizeof(tape->text) - len, "%s", what);
}

static inline void note_send(
    void *context, struct job *job, const struct request *r, uint64_t limit_us)
{
	struct tape *tape = context;

	tape->asking[tape->n_asking++] = job;
	tape->limit_us = limit_us;
	write_down(tape, r->method);
}

static inline void note_wake(void *context, struct job *job, uint64_t due_us)
{
	struct tape *tape = context;

	tape->paused = job;
	tape->due_us = due_us;
	write_down(tape, ".");
}

static inline bool note_holds(
    void *context, struct job *job, const struct condition *when)
{
	(void)job;
	(void)when;
	return ((struct tape *)context)->holds;
}

static inline void note_set(
    void *context, struct job *job, const struct set *set)
{
	(void)job;
	(void)set;
	write_down(context, "=");
}

static inline void note_emit(
    void *context, struct job *job, const struct emit *emit)
{
	(void)job;
	(void)emit;
	write_down(context, "*");
}

static inline bool note_rows(void *context, struct job *job, uint64_t data)
{
	struct tape *tape = context;

	(void)job;
	(void)data;
	write_down(tape, "#");
	return tape->has_rows;
}

/* "[POLL 30 timed out after 1s]" */
static inline void note_whole(
    void *context, struct job *job, const struct whole *whole)
{
	char text[128];

	(void)job;
	snprintf(text, sizeof(text), "[%s %d %s]", whole->type,
	    (int)whole->took_us,
	    whole->failure != NULL ? whole->failure : "passed");
	write_down(context, text);
}

static inline struct job *note_job(void *context, struct job *from)
{
	struct tape *tape = context;
	struct job *job = tape->spare;

	tape->spare = NULL;
	if (job != NULL) {
		memset(job, 0, sizeof(*job));
		job->user = from->user;
		write_down(tape, "(");
	}
	return job;
}

static inline void note_over(void *context, struct job *job, bool is_dropped)
{
	struct tape *tape = context;

	(void)job;
	tape->n_dropped += is_dropped;
	write_down(tape, ")");
}

static inline void note_stop(void *context, struct job *job)
{
	(void)job;
	((struct tape *)context)->is_stopped = true;
}

static inline void note_gone(void *context, struct user *u)
{
	struct tape *tape = context;

	(void)u;
	tape->is_gone = true;
	write_down(tape, "!");
}

/* The method of a request stands for it: one letter on the tape. */
#define REQUEST(letter)                             \
	{                                           \
		.type = STEP_REQUEST, .request = {  \
			.method = (char[]) {letter} \
		}                                   \
	}
#define SLEEP(us)                                                   \
	{                                                           \
		.type = STEP_SLEEP, .sleep = { WAIT_RANGE, us, us } \
	}
#define TASK(task_steps, rounds)                                         \
	{                                                                \
		.steps = (task_steps), .n_steps = ARRAY_LEN(task_steps), \
		.repeat = (rounds)                                       \
	}

static inline struct user_world world_with(struct tape *tape)
{
	memset(tape, 0, sizeof(*tape));
	tape->has_rows = true;
	return (struct user_world) {.tasks_left = UINT64_MAX,
	    .context = tape,
	    .send = note_send,
	    .wake_at = note_wake,
	    .holds = note_holds,
	    .set = note_set,
	    .emit = note_emit,
	    .take_rows = note_rows,
	    .count_whole = note_whole,
	    .job_new = note_job,
	    .job_over = note_over,
	    .stop_test = note_stop,
	    .gone = note_gone};
}

/* The request that was sent first is over. */
static inline void answer_at(struct user_world *w, enum outcome outcome,
    const char *why, uint64_t now_us)
{
	struct tape *tape = w->context;
	struct job *job = tape->asking[0];

	assert_true(tape->n_asking > 0);
	tape->n_asking--;
	memmove(tape->asking, tape->asking + 1,
	    tape->n_asking * sizeof(struct job *));
	job_answered(job, w, outcome, why, now_us);
}

static inline void answer(struct user_world *w, bool passed)
{
	answer_at(w, passed ? OUTCOME_PASSED : OUTCOME_FAILED,
	    passed ? NULL : "status", 1000);
}

#endif
