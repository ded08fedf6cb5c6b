/*
 * --once: the order of things when nothing is measured and everything is
 * told. It must not know how a line looks, nor other processes.
 */
#include "once.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "events.h"
#include "load/engine.h"
#include "news.h"
#include "plan/values.h"
#include "report/trace.h"
#include "run.h"
#include "signals.h"

enum { EVENTS = 64, LOOK_US = 50000, MAX_WHY_BYTES = 8192 };

static volatile sig_atomic_t stop_signal;

struct once {
	const struct once_setup *setup;
	const struct plan *plan;
	struct poller *poller;
	struct engine engine;
	struct events events;
	struct event_sink sink;
	struct engine_watch watch;
	struct trace *trace;
	struct books books;
	struct hist lateness;
	struct table table;
	struct buf why;
	uint64_t seed;
	bool *is_played; /* by task */
	bool has_gaps;   /* a task was not run as there was no row for it */
};

static void on_signal(int number)
{
	stop_signal = number;
}

static void catch_signals(void)
{
	static const int caught[] = {SIGINT, SIGTERM};
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigemptyset(&action.sa_mask);
	sigemptyset(&ignore.sa_mask);
	for (size_t i = 0; i < ARRAY_LEN(caught); i++)
		sigaction(caught[i], &action, NULL);
	if (!signals_is_ignored(SIGHUP))
		sigaction(SIGHUP, &action, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

/* --- events ------------------------------------------------------------- */

static bool wants(void *context, const char *event)
{
	struct once *o = context;

	return hooks_want(o->events.hooks, event);
}

static void fire(void *context, const struct event *event)
{
	struct once *o = context;

	hooks_fire(o->events.hooks, event, o->engine.now_us);
}

static void take_value(
    void *arg, const char *hook, const char *name, const char *value)
{
	struct once *o = arg;

	engine_set_common(&o->engine, name, value);
	trace_hook_value(o->trace, hook, name, value);
}

static bool should_stop(void *arg)
{
	(void)arg;
	return stop_signal != 0;
}

static void tell_troubles(struct once *o)
{
	struct hook_trouble trouble;

	while (hooks_next_trouble(o->events.hooks, &trouble))
		trace_trouble(o->trace, trouble.text);
}

static bool has_value(const void *arg, const struct variable *variable)
{
	const struct once *o = arg;

	return store_get(&o->engine.common, variable->slot) != NULL;
}

static bool run_start_hooks(struct once *o)
{
	struct event event = {.name = "test_start", .wall_us = wall_us()};
	struct hooks_ear ear = {
	    .take = take_value, .should_stop = should_stop, .arg = o};
	bool is_good = hooks_run_now(o->events.hooks, &event, &ear, &o->why) &&
		       events_gave_all(o->plan, has_value, o, &o->why);

	tell_troubles(o);
	return is_good;
}

/* --- playing ------------------------------------------------------------ */

static void turn(struct once *o)
{
	struct engine *e = &o->engine;
	struct poller_event events[EVENTS];
	uint64_t now_us = clock_us();
	uint64_t next_us = engine_next_us(e);
	uint64_t most_us = now_us + LOOK_US;
	int n;

	if (hooks_next_us(o->events.hooks) < next_us)
		next_us = hooks_next_us(o->events.hooks);
	if (next_us > most_us)
		next_us = most_us;
	n = poller_wait(o->poller, next_us > now_us ? next_us - now_us : 0,
	    NULL, events, EVENTS);
	e->now_us = clock_us();
	for (int i = 0; i < n; i++)
		if (!engine_event(e, &events[i]))
			hooks_event(o->events.hooks, &events[i], e->now_us);
	e->now_us = clock_us();
	engine_wake(e);
	engine_run(e);
	hooks_run(o->events.hooks, e->now_us);
	tell_troubles(o);
}

/* Until the user is gone, or somebody wants to leave. */
static void play(struct once *o, struct user *u)
{
	while (o->engine.alive > 0) {
		if (stop_signal != 0)
			engine_interrupt_user(&o->engine, u);
		else
			turn(o);
	}
	trace_end_task(o->trace);
}

static void keep_values(struct once *o, const struct user *u)
{
	const struct variables *v = &o->plan->variables;

	for (size_t i = 0; i < v->n; i++) {
		const struct value *value =
		    v->at[i]->kind == VARIABLE_SLOT
			? store_get(&u->job.values, v->at[i]->slot)
			: NULL;

		if (value != NULL)
			engine_set_common(
			    &o->engine, v->at[i]->name, value->text);
	}
}

/* The file that had no row left for the user who has just played; NULL: none.
 */
static const struct data_file *find_used_up(const struct once *o)
{
	const struct data_file *file = NULL;

	for (size_t i = 0; i < o->plan->n_data; i++) {
		if (file == NULL && o->engine.used_up[i] > 0)
			file = &o->plan->data[i];
		o->engine.used_up[i] = 0;
	}
	return file;
}

static const char *word_of(const struct task *task)
{
	return task->name[0] != '\0' ? task->name : "[task]";
}

/* What became of tasks that were not run; nothing where there are none. */
static void tell_not_run(
    struct once *o, const char *tasks, const struct data_file *used_up)
{
	char *why;

	if (*tasks == '\0' || stop_signal != 0)
		return;
	why = used_up != NULL
		  ? xasprintf("[data %s] has no row left", used_up->name)
		  : xstrdup("the user had stopped before");
	trace_not_run(o->trace, tasks, why, used_up == NULL);
	o->has_gaps |= used_up != NULL;
	free(why);
}

/* The tasks that the user of a kind did not come to; where that was all of
 * them, it may have been its on_stop. */
static void tell_left_out(
    struct once *o, const struct user_kind *kind, const struct user *u)
{
	const struct data_file *used_up = find_used_up(o);
	struct buf tasks;

	buf_init(&tasks, MAX_WHY_BYTES);
	for (size_t i = (size_t)u->job.iteration; i < kind->n_choices; i++)
		buf_printf(&tasks, "%s%s", buf_len(&tasks) > 0 ? ", " : "",
		    word_of(kind->choices[i].task));
	if (buf_len(&tasks) == 0 && used_up != NULL && kind->on_stop != NULL)
		buf_puts(&tasks, word_of(kind->on_stop));
	tell_not_run(o, buf_text(&tasks), used_up);
	buf_clear(&tasks);
}

/* setup or teardown; whether it passed. */
static bool run_errand(
    struct once *o, const char *what, const struct task *task)
{
	const struct data_file *used_up;
	struct user u;
	bool has_passed;

	if (task == NULL || stop_signal != 0)
		return true;
	trace_role(o->trace, what);
	engine_run_task(&o->engine, &u, o->plan->kinds[0], task, o->seed);
	play(o, &u);
	has_passed = !u.has_failed;
	used_up = find_used_up(o);
	if (used_up != NULL)
		tell_not_run(o, word_of(task), used_up);
	keep_values(o, &u);
	engine_end_user(&o->engine, &u);
	return has_passed;
}

/* Whether tasks may find other things there than users of other kinds have. */
static bool is_apart(const struct user_kind *kind)
{
	return kind->on_start != NULL || kind->on_stop != NULL ||
	       kind->n_sets > 0;
}

/* Which of a kind's tasks are to be played: those that no kind before has
 * played, or all where it is apart. Owned by the caller. */
static struct choice *choose(
    struct once *o, const struct user_kind *kind, size_t *n)
{
	struct choice *choices =
	    xcalloc(o->plan->n_tasks + 1, sizeof(*choices));

	*n = 0;
	for (size_t i = 0; i < o->plan->n_tasks; i++) {
		const struct task *task = o->plan->tasks[i];
		bool is_wanted = false;

		for (size_t k = 0; k < kind->n_choices; k++)
			is_wanted |= kind->choices[k].task == task;
		if (o->setup->task != NULL)
			is_wanted = strcmp(task->name, o->setup->task) == 0;
		if (!is_wanted || (o->is_played[i] && !is_apart(kind)))
			continue;
		o->is_played[i] = true;
		choices[*n] = (struct choice) {task, 1, *n + 1};
		(*n)++;
	}
	return choices;
}

/* One user of this kind, with each of its tasks in file order. */
static void run_kind(struct once *o, size_t number)
{
	struct user_kind kind = *o->plan->kinds[number];
	struct user u;

	kind.choices = choose(o, o->plan->kinds[number], &kind.n_choices);
	kind.order = ORDER_SEQUENCE;
	kind.iterations = kind.n_choices;
	kind.wait = (struct wait) {WAIT_RANGE, 0, 0};
	if (kind.n_choices > 0 && stop_signal == 0) {
		trace_user(o->trace, o->plan->n_kinds > 1 ? kind.name : NULL);
		engine_begin_user(&o->engine, &u, &kind, number, o->seed);
		play(o, &u);
		tell_left_out(o, &kind, &u);
		engine_end_user(&o->engine, &u);
	}
	free(kind.choices);
}

/* The first kind that has the task; the first of all where none has. */
static size_t kind_with(const struct once *o)
{
	const struct plan *plan = o->plan;

	for (size_t i = 0; i < plan->n_kinds; i++)
		for (size_t k = 0; k < plan->kinds[i]->n_choices; k++)
			if (strcmp(plan->kinds[i]->choices[k].task->name,
				o->setup->task) == 0)
				return i;
	return 0;
}

static int run_all(struct once *o)
{
	bool is_good =
	    run_start_hooks(o) && run_errand(o, "setup", o->plan->setup);

	if (is_good && o->setup->task != NULL)
		run_kind(o, kind_with(o));
	for (size_t i = 0;
	     is_good && o->setup->task == NULL && i < o->plan->n_kinds; i++)
		run_kind(o, i);
	news_plain(o->events.hooks, "test_stop");
	if (is_good)
		run_errand(o, "teardown", o->plan->teardown);
	trace_summary(o->trace, &o->books, &o->table, stop_signal,
	    is_good                ? NULL
	    : buf_len(&o->why) > 0 ? buf_text(&o->why)
				   : "setup failed");
	if (stop_signal != 0)
		return RUN_STATUS_SIGNAL + stop_signal;
	if (!is_good)
		return RUN_STATUS_UNTRUSTED;
	return o->books.failed > 0 || table_failed_wholes(&o->table) > 0 ||
		       o->has_gaps
		   ? RUN_STATUS_FAILED
		   : RUN_STATUS_PASSED;
}

static void end_hooks(struct once *o, int status)
{
	news_exit(o->events.hooks, status);
	hooks_close(o->events.hooks, clock_us());
	while (hooks_are_busy(o->events.hooks) && stop_signal == 0)
		turn(o);
	tell_troubles(o);
}

/* --- beginning and end -------------------------------------------------- */

static void look_at_everything(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_tasks; i++)
		for (size_t k = 0; k < plan->tasks[i]->n_steps; k++)
			plan->tasks[i]->steps[k].request.needs_body = true;
}

static bool once_init(struct once *o, const struct once_setup *setup)
{
	const char *why;

	o->poller = poller_new();
	why = o->poller != NULL ? "" : strerror(errno);
	o->trace = trace_new(setup->plan, setup->out, setup->is_verbose);
	o->watch = trace_watch(o->trace);
	o->sink = (struct event_sink) {o, wants, fire};
	o->is_played = xcalloc(o->plan->n_tasks + 1, sizeof(bool));
	o->seed =
	    o->plan->load.has_seed ? o->plan->load.seed : rng_fresh_seed();
	buf_init(&o->why, MAX_WHY_BYTES);
	events_init(
	    &o->events, o->plan, EVENTS_PARENT | EVENTS_HOST, -1, o->poller);
	look_at_everything(setup->plan);
	o->engine = (struct engine) {.plan = o->plan,
	    .poller = o->poller,
	    .books = &o->books,
	    .lateness = &o->lateness,
	    .table = &o->table,
	    .events = &o->sink,
	    .watch = &o->watch};
	if (o->poller != NULL && engine_init(&o->engine, &why)) {
		trace_listen(o->trace, o->engine.http);
		engine_start(&o->engine, 0, 1);
		return true;
	}
	fprintf(stderr, "loadgen: %s%s\n",
	    o->poller == NULL ? "cannot wait for answers: " : "", why);
	return false;
}

static void once_clear(struct once *o)
{
	events_clear(&o->events);
	engine_clear(&o->engine);
	poller_free(o->poller);
	trace_free(o->trace);
	table_clear(&o->table);
	hist_clear(&o->lateness);
	buf_clear(&o->why);
	free(o->is_played);
}

bool once_check(const struct once_setup *setup, struct diag *d)
{
	const struct plan *plan = setup->plan;
	const char **names = xcalloc(plan->n_tasks + 1, sizeof(*names));
	bool is_there = setup->task == NULL;
	char *hint;

	for (size_t i = 0; i < plan->n_tasks; i++) {
		names[i] = plan->tasks[i]->name;
		is_there = is_there || strcmp(names[i], setup->task) == 0;
	}
	if (!is_there) {
		hint = name_one_of(setup->task, names, plan->n_tasks,
		    "name one that has a [task NAME]");
		diag_error(d, (struct where) {"--once", 0},
		    "there is no task \"%s\": %s", quote(setup->task).text,
		    hint);
		free(hint);
	}
	free(names);
	return is_there;
}

int once_run(const struct once_setup *setup)
{
	struct once o = {.setup = setup, .plan = setup->plan};
	int status = RUN_STATUS_UNTRUSTED;

	catch_signals();
	if (once_init(&o, setup)) {
		trace_intention(o.trace);
		status = run_all(&o);
		end_hooks(&o, status);
	}
	once_clear(&o);
	return status;
}
