/*
 * The user's state machine. It must not know how a request is sent, nor when
 * now is.
 */
#include "load/user.h"

#include "load/pace.h"

/* What the steps of a task came to. */
enum progress { STEPS_PAUSED, STEPS_ENDED };

void user_init(
    struct user *u, const struct user_kind *kind, uint64_t index, uint64_t seed)
{
	*u = (struct user) {.kind = kind, .index = index};
	rng_init(&u->rng, seed, index);
}

static void start_task(struct user *u, const struct task *task, uint64_t now_us)
{
	u->task = task;
	u->step = 0;
	u->rounds_left = task->repeat;
	u->task_start_us = now_us;
}

/* Runs steps until one takes time. */
static enum progress run_steps(
    struct user *u, struct user_world *w, uint64_t now_us)
{
	for (;;) {
		const struct step *step;

		if (u->step == u->task->n_steps) {
			u->step = 0;
			if (--u->rounds_left == 0)
				return STEPS_ENDED;
		}
		step = &u->task->steps[u->step++];
		switch (step->type) {
		case STEP_REQUEST:
			u->state = USER_ASKING;
			w->send(w->context, u, &step->request);
			return STEPS_PAUSED;
		default:
			u->state = USER_SLEEPING;
			w->wake_at(w->context, u,
			    now_us + pace_draw_us(&step->sleep, &u->rng));
			return STEPS_PAUSED;
		}
	}
}

static bool may_start_task(const struct user *u, const struct user_world *w)
{
	if (u->must_stop || w->tasks_left == 0)
		return false;
	return u->kind->iterations == 0 || u->iteration < u->kind->iterations;
}

static const struct task *next_task(struct user *u)
{
	const struct user_kind *kind = u->kind;

	if (kind->order == ORDER_RANDOM)
		return pace_pick(kind, &u->rng)->task;
	for (;;) {
		const struct choice *c = &kind->choices[u->next_in_order];

		u->next_in_order = (u->next_in_order + 1) % kind->n_choices;
		if (c->weight > 0)
			return c->task;
	}
}

static enum progress begin_next_task(
    struct user *u, struct user_world *w, uint64_t now_us)
{
	if (w->tasks_left != UINT64_MAX)
		w->tasks_left--;
	w->tasks_started++;
	u->iteration++;
	start_task(u, next_task(u), now_us);
	return run_steps(u, w, now_us);
}

static void leave(struct user *u, struct user_world *w)
{
	u->stage = USER_GONE;
	u->task = NULL;
	w->gone(w->context, u);
}

static void begin_stopping(
    struct user *u, struct user_world *w, uint64_t now_us)
{
	u->stage = USER_STOPPING;
	if (u->kind->on_stop == NULL) {
		leave(u, w);
		return;
	}
	start_task(u, u->kind->on_stop, now_us);
	if (run_steps(u, w, now_us) == STEPS_ENDED)
		leave(u, w);
}

static void wait_between(struct user *u, struct user_world *w, uint64_t due_us)
{
	u->state = USER_BETWEEN;
	u->task = NULL;
	w->wake_at(w->context, u, due_us);
}

/* The user has no task now: what next? */
static void go_on(struct user *u, struct user_world *w, uint64_t now_us)
{
	if (!may_start_task(u, w)) {
		begin_stopping(u, w, now_us);
		return;
	}
	if (begin_next_task(u, w, now_us) == STEPS_ENDED)
		wait_between(u, w,
		    pace_next_task_us(
			&u->kind->wait, &u->rng, u->task_start_us, now_us));
}

static void end_task(struct user *u, struct user_world *w, uint64_t now_us)
{
	uint64_t due_us;

	switch (u->stage) {
	case USER_STARTING:
		u->stage = USER_WORKING;
		go_on(u, w, now_us);
		return;
	case USER_STOPPING:
		leave(u, w);
		return;
	default:
		break;
	}
	if (!may_start_task(u, w)) {
		begin_stopping(u, w, now_us);
		return;
	}
	due_us = pace_next_task_us(
	    &u->kind->wait, &u->rng, u->task_start_us, now_us);
	if (due_us <= now_us)
		go_on(u, w, now_us);
	else
		wait_between(u, w, due_us);
}

void user_begin(struct user *u, struct user_world *w, uint64_t now_us)
{
	u->stage = USER_STARTING;
	if (u->kind->on_start == NULL) {
		u->stage = USER_WORKING;
		go_on(u, w, now_us);
		return;
	}
	start_task(u, u->kind->on_start, now_us);
	if (run_steps(u, w, now_us) == STEPS_ENDED)
		end_task(u, w, now_us);
}

void user_woken(struct user *u, struct user_world *w, uint64_t now_us)
{
	if (u->state == USER_BETWEEN)
		go_on(u, w, now_us);
	else if (run_steps(u, w, now_us) == STEPS_ENDED)
		end_task(u, w, now_us);
}

void user_answered(
    struct user *u, struct user_world *w, bool passed, uint64_t now_us)
{
	if (!passed || run_steps(u, w, now_us) == STEPS_ENDED)
		end_task(u, w, now_us);
}

void user_stop(struct user *u, struct user_world *w, uint64_t now_us)
{
	u->must_stop = true;
	if (u->stage == USER_WORKING && u->state == USER_BETWEEN)
		begin_stopping(u, w, now_us);
}
