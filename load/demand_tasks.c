/*
 * What one run of a task comes to: its steps and those that it calls. It must
 * not know how often it runs.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "load/demand_private.h"

static int by_address(const void *left, const void *right)
{
	uintptr_t l = (uintptr_t)((const struct task_demand *)left)->task;
	uintptr_t r = (uintptr_t)((const struct task_demand *)right)->task;

	return l < r ? -1 : l > r;
}

struct task_demand demand_of(const struct demand *d, const struct task *task)
{
	struct task_demand key = {.task = task};
	const struct task_demand *found = NULL;

	if (task != NULL)
		found = bsearch(
		    &key, d->tasks, d->plan->n_tasks, sizeof(key), by_address);
	return found != NULL ? *found : key;
}

/* Nobody waits for it. */
static void put_beside(struct task_demand *t)
{
	t->held = 0;
	t->sleep_us = 0;
	t->jobs++;
	t->always_stops = false;
}

static void add_task(struct task_demand *sum, const struct task_demand *t)
{
	sum->requests += t->requests;
	sum->least += t->least;
	sum->fresh += t->fresh;
	sum->held += t->held;
	sum->sleep_us += t->sleep_us;
	sum->jobs += t->jobs;
	sum->emits += t->emits;
	sum->has_poll |= t->has_poll;
	sum->has_when |= t->has_when;
	sum->has_stop |= t->has_stop;
	sum->always_stops |= t->always_stops;
}

static void multiply(struct task_demand *t, double by)
{
	t->requests *= by;
	t->least *= by;
	t->fresh *= by;
	t->held *= by;
	t->sleep_us *= by;
	t->jobs *= by;
	t->emits *= by;
}

double demand_wait_us(const struct wait *wait)
{
	if (wait->kind == WAIT_RANGE && wait->high_us > wait->low_us)
		return ((double)wait->low_us + (double)wait->high_us) / 2;
	return (double)wait->low_us;
}

static struct task_demand demand_of_step(
    const struct demand *d, const struct step *step, const char *event)
{
	struct task_demand t = {0};

	switch (step->type) {
	case STEP_REQUEST:
	case STEP_POLL:
		t.requests = t.least = t.held = 1;
		t.fresh = !step->request.http.keepalive;
		t.has_poll = step->type == STEP_POLL;
		break;
	case STEP_CALL:
		t = demand_of(d, step->call);
		break;
	case STEP_SLEEP:
		t.sleep_us = demand_wait_us(&step->sleep);
		break;
	case STEP_EMIT:
		t.emits = event != NULL && strcmp(step->emit.event, event) == 0;
		break;
	case STEP_STOP:
		t.has_stop = t.always_stops = true;
		break;
	case STEP_SET:
		break;
	}
	/* a task that is in the background wherever it runs is so already */
	if (step->background &&
	    (step->type != STEP_CALL || !step->call->background))
		put_beside(&t);
	if (step->when != NULL) {
		t.least = 0;
		t.has_when |= t.requests > 0 || t.sleep_us > 0;
		t.always_stops = false;
	}
	return t;
}

/* Those that it calls are summed up already. */
static void sum_up(
    const struct demand *d, struct task_demand *sum, const char *event)
{
	const struct task *task = sum->task;

	for (size_t i = 0; i < task->n_steps && !sum->always_stops; i++) {
		struct task_demand t =
		    demand_of_step(d, &task->steps[i], event);

		add_task(sum, &t);
	}
	if (!sum->always_stops)
		multiply(sum, (double)task->repeat);
	if (task->background)
		put_beside(sum);
}

void demand_add_part(
    struct task_demand *sum, const struct task_demand *t, double part)
{
	struct task_demand parts = *t;

	multiply(&parts, part);
	add_task(sum, &parts);
}

void demand_sum_tasks(struct demand *d, const char *event)
{
	const struct plan *plan = d->plan;
	unsigned deepest = 0;

	for (size_t i = 0; i < plan->n_tasks; i++) {
		d->tasks[i].task = plan->tasks[i];
		if (plan->tasks[i]->depth > deepest)
			deepest = plan->tasks[i]->depth;
	}
	qsort(d->tasks, plan->n_tasks, sizeof(*d->tasks), by_address);
	for (unsigned depth = 0; depth <= deepest; depth++)
		for (size_t i = 0; i < plan->n_tasks; i++)
			if (d->tasks[i].task->depth == depth)
				sum_up(d, &d->tasks[i], event);
}
