/*
 * Which task calls which: names made pointers, circles found, and what a task
 * has from those it calls. It must not know what steps are made of beyond
 * their calls.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/fields.h"
#include "plan/loader.h"
#include "plan/values.h"

/* deeper than anybody nests by hand, and not so deep that users cost more */
enum { DEPTH_MAX = 32 };

void calls_note(struct loader *l, struct task *task, size_t step,
    const struct ini_entry *entry)
{
	l->calls = grow(l->calls, l->n_calls, &l->cap_calls, sizeof(*l->calls));
	l->calls[l->n_calls++] = (struct call_note) {task, step, entry};
}

/* --- names -------------------------------------------------------------- */

static void resolve(struct loader *l, const struct call_note *note)
{
	note->task->steps[note->step].call =
	    users_task_of_entry(l, note->entry);
}

/* --- circles ------------------------------------------------------------ */

/* A walk down the calls. */
struct walk {
	struct loader *l;
	const struct task *top; /* where it began */
	bool *is_above; /* by task: on the way down to the one at hand */
	bool *is_done;
	bool is_too_deep; /* it was reported */
};

static void report_circle(struct loader *l, const struct step *step)
{
	diag_error(l->diag, step->where,
	    "call \"%s\": it comes back to where it began, and would never "
	    "end: call another task, or write repeat = N above its steps",
	    quote(step->call->name).text);
	/* its tasks are drawn by nobody, which is no mistake of its own */
	l->shares_known = false;
}

/* Once: those that call it are nested deeper still. */
static void report_too_deep(struct walk *walk, const struct task *task)
{
	if (!walk->is_too_deep)
		diag_error(walk->l->diag, task->where,
		    "[task %s]: its calls are nested more than %d deep: call "
		    "fewer tasks within each other",
		    quote(task->name).text, DEPTH_MAX);
	walk->is_too_deep = true;
}

static void sum_up(struct walk *walk, struct task *task, unsigned above);

/* Adds what a step's call brings; a call that leads back is taken out. So many
 * tasks are above the one that calls: however many there are, the walk goes
 * no deeper than it has to. */
static void add_callee(
    struct walk *walk, struct task *task, struct step *step, unsigned above)
{
	struct task *callee = step->call;

	if (walk->is_above[callee->number]) {
		report_circle(walk->l, step);
		step->call = NULL;
		return;
	}
	if (above == DEPTH_MAX) {
		report_too_deep(walk, walk->top);
		return;
	}
	if (!walk->is_done[callee->number])
		sum_up(walk, callee, above + 1);
	task->data |= callee->data;
	task->has_values |= callee->has_values;
	if (task->depth < callee->depth + 1)
		task->depth = callee->depth + 1;
	task->may_need_host |= callee->may_need_host;
	task->has_requests |= callee->has_requests;
	if (task->path == NULL)
		task->path = callee->path;
}

/* What begins with a variable may turn out to be a whole URL. */
static bool needs_host(const struct request *request)
{
	return request->url != NULL && !request->is_absolute &&
	       !request->is_open;
}

static bool has_values(const struct step *step)
{
	return step->type == STEP_SET || step->request.n_takings > 0 ||
	       step->poll.n_takings > 0;
}

/* Sums up what a task has from those it calls. */
static void sum_up(struct walk *walk, struct task *task, unsigned above)
{
	walk->is_above[task->number] = true;
	for (size_t k = 0; k < task->n_steps; k++) {
		struct step *step = &task->steps[k];

		if (step->type == STEP_CALL && step->call != NULL)
			add_callee(walk, task, step, above);
		else if (task->path == NULL && needs_host(&step->request))
			task->path = step;
		task->has_values |= has_values(step);
		task->has_requests |= step->request.url != NULL;
		task->may_need_host |=
		    step->request.url != NULL && !step->request.is_absolute;
	}
	if (task->depth > DEPTH_MAX)
		report_too_deep(walk, task);
	walk->is_above[task->number] = false;
	walk->is_done[task->number] = true;
}

/* Whether what calls what is known now. */
static bool walk_calls(struct loader *l)
{
	size_t n = l->plan->n_tasks;
	struct walk walk = {.l = l,
	    .is_above = xcalloc(n + 1, sizeof(bool)),
	    .is_done = xcalloc(n + 1, sizeof(bool))};

	for (size_t i = 0; i < n; i++) {
		walk.top = l->plan->tasks[i];
		if (!walk.is_done[i])
			sum_up(&walk, l->plan->tasks[i], 0);
	}
	free(walk.is_above);
	free(walk.is_done);
	return !walk.is_too_deep;
}

/* --- setup and teardown ------------------------------------------------- */

static const struct task *load_errand(struct loader *l, const char *key)
{
	const struct task *task = users_named_task(l, &l->load, key);
	const struct ini_entry *entry = scope_find(&l->load, key);

	if (task != NULL && task->background)
		field_error(&l->env, entry,
		    "[task %s] runs in the background, and %s is waited for: "
		    "remove its background = yes",
		    quote(task->name).text, key);
	return task;
}

/* A walk down from setup or teardown. */
struct errand {
	struct loader *l;
	const char *key;
	bool *is_done; /* by task */
};

static bool is_beside(const struct step *step)
{
	return step->type == STEP_CALL && step->call != NULL &&
	       (step->background || step->call->background);
}

/* Reports a step that would do nothing there. */
static void check_errand_step(struct errand *e, const struct step *step)
{
	if (step->type == STEP_STOP)
		diag_error(e->l->diag, step->where,
		    "stop: %s runs it, and there is no load to stop then: "
		    "remove it; %s ends, and has failed, where a request "
		    "fails: write check or fail_if below one",
		    e->key, e->key);
	if (strcmp(e->key, "setup") == 0 && is_beside(step) &&
	    step->call->has_values)
		diag_error(e->l->diag, step->where,
		    "call \"%s\": setup's values are for everyone, and what "
		    "is captured or set in the background is lost: call it "
		    "without background = yes",
		    quote(step->call->name).text);
}

static void check_errand(struct errand *e, const struct task *task)
{
	if (e->is_done[task->number])
		return;
	e->is_done[task->number] = true;
	for (size_t i = 0; i < task->n_steps; i++) {
		const struct step *step = &task->steps[i];

		check_errand_step(e, step);
		if (step->type == STEP_CALL && step->call != NULL)
			check_errand(e, step->call);
	}
}

static void check_errands(struct loader *l)
{
	const struct task *const tasks[] = {l->plan->setup, l->plan->teardown};
	static const char *const keys[] = {"setup", "teardown"};

	for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
		struct errand e = {
		    l, keys[i], xcalloc(l->plan->n_tasks + 1, sizeof(bool))};

		if (tasks[i] != NULL)
			check_errand(&e, tasks[i]);
		free(e.is_done);
	}
}

void calls_finish(struct loader *l)
{
	users_sort_tasks(l->plan);
	for (size_t i = 0; i < l->n_calls; i++)
		resolve(l, &l->calls[i]);
	l->plan->setup = load_errand(l, "setup");
	l->plan->teardown = load_errand(l, "teardown");
	if (walk_calls(l))
		check_errands(l);
}
