/*
 * The user's state machine. It must not know how a request is sent, what an
 * answer has to be like, nor when now is.
 */
#include "load/user.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"
#include "load/pace.h"
#include "stats.h"

/* Steps that take no time, run before others have their turn. */
enum { STEPS_AT_ONCE = 256 };

/* What the steps of a task came to. */
enum progress { STEPS_PAUSED, STEPS_ENDED };

static void go_on(struct user *u, struct user_world *w, uint64_t now_us);
static void begin_stopping(
    struct user *u, struct user_world *w, uint64_t now_us);
static enum progress run_steps(
    struct job *job, struct user_world *w, uint64_t now_us);
static void job_ended(struct job *job, struct user_world *w, uint64_t now_us);

/* --- birth and death ---------------------------------------------------- */

void user_init(
    struct user *u, const struct user_kind *kind, uint64_t index, uint64_t seed)
{
	*u = (struct user) {.kind = kind, .index = index};
	u->job.user = u;
	rng_init(&u->job.rng, seed, index);
}

void job_clear(struct job *job, const struct plan *plan)
{
	store_clear(&job->values, plan->variables.n_slots);
	free(job->callers);
	free(job->rows);
	job->callers = NULL;
	job->rows = NULL;
}

void user_clear(struct user *u, const struct plan *plan)
{
	job_clear(&u->job, plan);
}

const struct step *job_step(const struct job *job)
{
	return &job->frame.task->steps[job->frame.step - 1];
}

static bool is_own(const struct job *job)
{
	return job == &job->user->job;
}

/* --- beside the user ---------------------------------------------------- */

/* A new job at this frame; NULL: there are too many, and it was counted. */
static struct job *begin_beside(
    struct job *from, struct user_world *w, struct frame frame)
{
	struct user *u = from->user;
	struct job *job = w->job_new(w->context, from);

	if (job == NULL) {
		w->jobs_skipped++;
		return NULL;
	}
	job->frame = frame;
	job->previous = NULL;
	job->next = u->beside;
	if (u->beside != NULL)
		u->beside->previous = job;
	u->beside = job;
	return job;
}

static void end_beside(struct job *job, struct user_world *w, bool is_dropped)
{
	struct user *u = job->user;

	if (job->previous != NULL)
		job->previous->next = job->next;
	else
		u->beside = job->next;
	if (job->next != NULL)
		job->next->previous = job->previous;
	w->job_over(w->context, job, is_dropped);
}

void user_drop_jobs(struct user *u, struct user_world *w)
{
	while (u->beside != NULL)
		end_beside(u->beside, w, true);
}

/* --- frames ------------------------------------------------------------- */

static struct frame frame_of(const struct task *task, uint64_t now_us)
{
	return (struct frame) {
	    .task = task, .rounds_left = task->repeat, .start_us = now_us};
}

/* The task at hand calls another. */
static void push(struct job *job, const struct task *task, uint64_t now_us)
{
	job->callers = xreallocarray(
	    job->callers, job->n_callers + 1, sizeof(*job->callers));
	job->callers[job->n_callers++] = job->frame;
	job->frame = frame_of(task, now_us);
}

/* The task at hand is over; false: nobody called it. */
static bool pop(struct job *job, struct user_world *w, uint64_t now_us)
{
	const struct task *task = job->frame.task;
	bool has_failed = job->frame.has_failed;

	if (task->transaction != NULL && !job->has_one_step)
		w->count_whole(w->context, job,
		    &(struct whole) {.type = ROW_TRANSACTION,
			.text = task->transaction,
			.took_us = now_us - job->frame.start_us,
			.failure = has_failed ? "a step of it failed" : NULL});
	if (job->n_callers == 0)
		return false;
	job->frame = job->callers[--job->n_callers];
	job->frame.has_failed |= has_failed;
	return true;
}

/* All of it is over, wherever it stands. */
static enum progress unwind(
    struct job *job, struct user_world *w, uint64_t now_us)
{
	while (pop(job, w, now_us))
		;
	return STEPS_ENDED;
}

/* --- polls -------------------------------------------------------------- */

static uint64_t poll_deadline_us(const struct job *job)
{
	return job->poll_us + job_step(job)->poll.timeout_us;
}

static void poll_ask(struct job *job, struct user_world *w, uint64_t now_us)
{
	job->state = JOB_POLLING;
	job->asked_us = now_us;
	w->send(w->context, job, &job_step(job)->request,
	    poll_deadline_us(job) - now_us);
}

static void poll_begin(struct job *job, struct user_world *w, uint64_t now_us)
{
	job->poll_us = now_us;
	/* however often it asks, its user's next draw is the same */
	job->poll_rng.state = rng_next(&job->rng);
	poll_ask(job, w, now_us);
}

/* Nothing was decided: ask again, or find that the time is up. */
static void poll_pause(struct job *job, struct user_world *w, uint64_t now_us)
{
	uint64_t due_us = job->asked_us + job_step(job)->poll.every_us;
	uint64_t deadline_us = poll_deadline_us(job);

	if (due_us > deadline_us)
		due_us = deadline_us;
	job->state = JOB_PAUSING;
	w->wake_at(w->context, job, due_us > now_us ? due_us : now_us);
}

static void poll_count(
    struct job *job, struct user_world *w, const char *failure, uint64_t now_us)
{
	w->count_whole(w->context, job,
	    &(struct whole) {.type = ROW_POLL,
		.name = job_step(job)->poll.name,
		.took_us = now_us - job->poll_us,
		.failure = failure});
}

/* --- what fails, what stops --------------------------------------------- */

static bool is_between(const struct user *u)
{
	return u->stage == USER_WORKING &&
	       (u->job.state == JOB_WAITING || u->job.state == JOB_IDLE);
}

/* No further task; one that waits for its next is woken. */
static void must_stop(struct user *u, struct user_world *w, uint64_t now_us)
{
	if (u->must_stop)
		return;
	u->must_stop = true;
	if (is_between(u))
		w->wake_at(w->context, &u->job, now_us);
}

static enum progress fail(
    struct job *job, struct user_world *w, uint64_t now_us)
{
	job->frame.has_failed = true;
	job->user->has_failed |= job_step(job)->on_fail != ON_FAIL_CONTINUE;
	switch (job_step(job)->on_fail) {
	case ON_FAIL_CONTINUE:
		return run_steps(job, w, now_us);
	case ON_FAIL_STOP_TEST:
		w->stop_test(w->context, job);
		must_stop(job->user, w, now_us);
		break;
	case ON_FAIL_STOP_USER:
		must_stop(job->user, w, now_us);
		break;
	case ON_FAIL_END_TASK:
		break;
	}
	return unwind(job, w, now_us);
}

static enum progress stop(
    struct job *job, struct user_world *w, uint64_t now_us)
{
	if (job_step(job)->stop == STOP_TEST)
		w->stop_test(w->context, job);
	must_stop(job->user, w, now_us);
	return unwind(job, w, now_us);
}

/* --- steps -------------------------------------------------------------- */

/* Runs a job that was begun beside its user. */
static void run_beside(struct job *job, struct user_world *w, uint64_t now_us)
{
	if (job == NULL)
		return;
	if (job->has_one_step)
		poll_begin(job, w, now_us);
	else if (run_steps(job, w, now_us) == STEPS_ENDED)
		job_ended(job, w, now_us);
}

/* The step at hand, in the background. */
static void step_beside(struct job *job, struct user_world *w, uint64_t now_us)
{
	const struct step *step = job_step(job);
	struct frame frame = job->frame;
	struct job *new;

	if (step->type == STEP_CALL)
		frame = frame_of(step->call, now_us);
	new = begin_beside(job, w, frame);
	if (new != NULL)
		new->has_one_step = step->type != STEP_CALL;
	run_beside(new, w, now_us);
}

/* Runs one step; whether the next one follows at once. */
static bool run_step(struct job *job, struct user_world *w, uint64_t now_us)
{
	const struct step *step = job_step(job);

	if (step->background ||
	    (step->type == STEP_CALL && step->call->background)) {
		step_beside(job, w, now_us);
		return true;
	}
	switch (step->type) {
	case STEP_REQUEST:
		job->state = JOB_ASKING;
		w->send(w->context, job, &step->request, 0);
		return false;
	case STEP_POLL:
		poll_begin(job, w, now_us);
		return false;
	case STEP_CALL:
		push(job, step->call, now_us);
		return true;
	case STEP_SLEEP:
		job->state = JOB_SLEEPING;
		w->wake_at(w->context, job,
		    now_us + pace_draw_us(&step->sleep, &job->rng));
		return false;
	case STEP_SET:
		w->set(w->context, job, &step->set);
		return true;
	case STEP_EMIT:
		w->emit(w->context, job, &step->emit);
		return true;
	case STEP_STOP:
		break;
	}
	return true;
}

/* The steps of the task at hand, or its round, are through; whether there is
 * one more. */
static bool begin_round(struct job *job, struct user_world *w, uint64_t now_us)
{
	struct frame *frame = &job->frame;

	frame->step = 0;
	if (--frame->rounds_left > 0)
		return true;
	return pop(job, w, now_us);
}

/* Runs steps until one takes time. */
static enum progress run_steps(
    struct job *job, struct user_world *w, uint64_t now_us)
{
	if (job->has_one_step)
		return STEPS_ENDED;
	job->state = JOB_RUNNING;
	for (int i = 0; i < STEPS_AT_ONCE; i++) {
		struct frame *frame = &job->frame;
		const struct step *step;

		if (frame->step == frame->task->n_steps) {
			if (!begin_round(job, w, now_us))
				return STEPS_ENDED;
			continue;
		}
		step = &frame->task->steps[frame->step++];
		if (step->when != NULL &&
		    !w->holds(w->context, job, step->when))
			continue;
		if (step->type == STEP_STOP)
			return stop(job, w, now_us);
		if (!run_step(job, w, now_us))
			return STEPS_PAUSED;
	}
	job->state = JOB_SLEEPING;
	w->wake_at(w->context, job, now_us);
	return STEPS_PAUSED;
}

/* --- tasks -------------------------------------------------------------- */

static bool may_start_task(const struct user *u, const struct user_world *w)
{
	if (u->must_stop || w->tasks_left == 0)
		return false;
	return u->kind->iterations == 0 ||
	       u->job.iteration < u->kind->iterations;
}

static const struct task *next_task(struct user *u)
{
	const struct user_kind *kind = u->kind;

	if (kind->order == ORDER_RANDOM)
		return pace_pick(kind, &u->job.rng)->task;
	for (;;) {
		const struct choice *c = &kind->choices[u->next_in_order];

		u->next_in_order = (u->next_in_order + 1) % kind->n_choices;
		if (c->weight > 0)
			return c->task;
	}
}

/* Rows of data that a task needs; a user who gets none is done. */
static bool has_rows(struct user *u, struct user_world *w, uint64_t data)
{
	if (data == 0 || w->take_rows(w->context, &u->job, data))
		return true;
	u->must_stop = true;
	u->has_failed = true;
	return false;
}

static enum progress run_task(struct user *u, struct user_world *w,
    const struct task *task, uint64_t now_us)
{
	/* what was due counts from then */
	uint64_t start_us = now_us - (u->job.is_due ? u->job.lag_us : 0);

	u->task_start_us = now_us;
	if (task->background) {
		run_beside(begin_beside(&u->job, w, frame_of(task, start_us)),
		    w, now_us);
		return STEPS_ENDED;
	}
	u->job.frame = frame_of(task, start_us);
	return run_steps(&u->job, w, now_us);
}

static enum progress begin_next_task(
    struct user *u, struct user_world *w, uint64_t now_us)
{
	const struct task *task = next_task(u);

	if (!has_rows(u, w, task->data))
		return STEPS_ENDED;
	if (w->tasks_left != UINT64_MAX)
		w->tasks_left--;
	w->tasks_started++;
	u->job.iteration++;
	return run_task(u, w, task, now_us);
}

static void leave(struct user *u, struct user_world *w)
{
	if (u->beside != NULL) {
		u->stage = USER_LEAVING;
		return;
	}
	u->stage = USER_GONE;
	w->gone(w->context, u);
}

static void begin_stopping(
    struct user *u, struct user_world *w, uint64_t now_us)
{
	const struct task *on_stop = u->kind->on_stop;

	/* what the last task has begun meanwhile */
	if (u->is_stopped)
		user_drop_jobs(u, w);
	if (u->beside != NULL) {
		u->stage = USER_LINGERING;
		return;
	}
	u->stage = USER_STOPPING;
	if (on_stop == NULL || !has_rows(u, w, on_stop->data) ||
	    run_task(u, w, on_stop, now_us) == STEPS_ENDED)
		leave(u, w);
}

static void wait_between(struct user *u, struct user_world *w, uint64_t due_us)
{
	u->job.state = JOB_WAITING;
	w->wake_at(w->context, &u->job, due_us);
}

static void be_idle(struct user *u, struct user_world *w)
{
	u->job.state = JOB_IDLE;
	w->idle(w->context, u);
}

/* The task is over; whether that says what the user does next: it goes, or is
 * idle. */
static bool is_settled(struct user *u, struct user_world *w, uint64_t now_us)
{
	u->job.is_due = false;
	if (!may_start_task(u, w)) {
		begin_stopping(u, w, now_us);
		return true;
	}
	if (w->idle == NULL)
		return false;
	be_idle(u, w);
	return true;
}

static uint64_t next_task_us(struct user *u, uint64_t now_us)
{
	return pace_next_task_us(
	    &u->kind->wait, &u->job.rng, u->task_start_us, now_us);
}

/* The user has no task now: what next? */
static void go_on(struct user *u, struct user_world *w, uint64_t now_us)
{
	if (!may_start_task(u, w)) {
		begin_stopping(u, w, now_us);
		return;
	}
	if (begin_next_task(u, w, now_us) == STEPS_PAUSED)
		return;
	if (!is_settled(u, w, now_us))
		wait_between(u, w, next_task_us(u, now_us));
}

static void end_task(struct user *u, struct user_world *w, uint64_t now_us)
{
	uint64_t due_us;

	if (u->stage == USER_STOPPING) {
		leave(u, w);
		return;
	}
	if (u->stage == USER_STARTING) {
		u->stage = USER_WORKING;
		if (!is_settled(u, w, now_us))
			go_on(u, w, now_us);
		return;
	}
	if (is_settled(u, w, now_us))
		return;
	due_us = next_task_us(u, now_us);
	if (due_us <= now_us)
		go_on(u, w, now_us);
	else
		wait_between(u, w, due_us);
}

static void job_ended(struct job *job, struct user_world *w, uint64_t now_us)
{
	struct user *u = job->user;

	if (is_own(job)) {
		end_task(u, w, now_us);
		return;
	}
	end_beside(job, w, false);
	if (u->beside != NULL)
		return;
	if (u->stage == USER_LINGERING)
		begin_stopping(u, w, now_us);
	else if (u->stage == USER_LEAVING)
		leave(u, w);
}

/* --- what the world says ------------------------------------------------ */

void user_begin(struct user *u, struct user_world *w, uint64_t now_us)
{
	const struct user_kind *kind = u->kind;
	const struct task *on_start = kind->on_start;

	u->stage = USER_STARTING;
	if (!has_rows(u, w, kind->data)) {
		leave(u, w);
		return;
	}
	for (size_t i = 0; i < kind->n_sets; i++)
		w->set(w->context, &u->job, &kind->sets[i]);
	if (on_start != NULL && !has_rows(u, w, on_start->data))
		leave(u, w);
	else if (on_start == NULL ||
		 run_task(u, w, on_start, now_us) == STEPS_ENDED)
		end_task(u, w, now_us);
}

void user_run_task(struct user *u, struct user_world *w,
    const struct task *task, uint64_t now_us)
{
	u->stage = USER_STOPPING;
	if (!has_rows(u, w, task->data) ||
	    run_task(u, w, task, now_us) == STEPS_ENDED)
		leave(u, w);
}

bool user_begin_task(
    struct user *u, struct user_world *w, uint64_t lag_us, uint64_t now_us)
{
	uint64_t before = u->job.iteration;

	u->job.is_due = true;
	u->job.lag_us = lag_us;
	u->job.state = JOB_RUNNING;
	go_on(u, w, now_us);
	return u->job.iteration > before;
}

bool user_is_idle(const struct user *u)
{
	return u->stage == USER_WORKING && u->job.state == JOB_IDLE &&
	       !u->must_stop;
}

void job_woken(struct job *job, struct user_world *w, uint64_t now_us)
{
	char limit[32], why[64];

	if (job->state == JOB_WAITING || job->state == JOB_IDLE) {
		job->state = JOB_RUNNING;
		go_on(job->user, w, now_us);
	} else if (job->state == JOB_SLEEPING) {
		if (run_steps(job, w, now_us) == STEPS_ENDED)
			job_ended(job, w, now_us);
	} else if (now_us < poll_deadline_us(job)) {
		poll_ask(job, w, now_us);
	} else {
		snprintf(why, sizeof(why), "timed out after %s",
		    format_duration(
			limit, sizeof(limit), job_step(job)->poll.timeout_us));
		poll_count(job, w, why, now_us);
		if (fail(job, w, now_us) == STEPS_ENDED)
			job_ended(job, w, now_us);
	}
}

void job_answered(struct job *job, struct user_world *w, enum outcome outcome,
    const char *why, uint64_t now_us)
{
	enum progress progress;

	if (outcome == OUTCOME_AGAIN) {
		poll_pause(job, w, now_us);
		return;
	}
	if (job->state == JOB_POLLING)
		poll_count(job, w, why, now_us);
	progress = outcome == OUTCOME_PASSED ? run_steps(job, w, now_us)
					     : fail(job, w, now_us);
	if (progress == STEPS_ENDED)
		job_ended(job, w, now_us);
}

void user_finish(struct user *u, struct user_world *w, uint64_t now_us)
{
	u->must_stop = true;
	if (is_between(u))
		begin_stopping(u, w, now_us);
}

void user_stop(struct user *u, struct user_world *w, uint64_t now_us)
{
	u->is_stopped = true;
	user_drop_jobs(u, w);
	if (u->stage == USER_LINGERING)
		begin_stopping(u, w, now_us);
	else if (u->stage == USER_LEAVING)
		leave(u, w);
	else
		user_finish(u, w, now_us);
}
