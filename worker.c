/*
 * One load process. It must not know other workers, files or the terminal:
 * what it counted goes to its parent in snapshots.
 */
#include "worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "events.h"
#include "fleet/peer.h"
#include "fleet/wire.h"
#include "load/crew.h"
#include "report/used_up.h"
#include "tally.h"

enum {
	EVENTS = 256,           /* taken from the poller at once */
	OVERSLEEP_US = 500,     /* waking up for each of 15,000 timers a second
				   takes 8 to 10 % of a core, so a third of
				   it */
	LOOK_US = 20000,        /* at the parent, when nothing else is left */
	FAREWELL_US = 10000000, /* for the last words to get through */
	MAX_EVENT_BACKLOG = 1 << 20, /* of bytes for the parent: then events
					are dropped */
	OTHER_PLACES = EVENTS_PARENT | EVENTS_HOST, /* that hear of us */
	EXIT_NO_PARENT = 4
};

struct worker {
	const struct plan *plan;
	struct poller *poller;
	struct peer parent;
	struct engine engine;
	struct events events; /* the hooks that run here */
	struct event_sink sink;
	uint64_t events_dropped; /* that the parent did not take in time */

	struct start start;
	bool has_started;
	uint64_t start_us;  /* of the first user of the whole run */
	uint64_t stop_us;   /* no more tasks from then on */
	uint64_t cutoff_us; /* what is in flight is dropped */
	bool is_finishing;  /* no task is left; what runs may end */
	bool is_stopping;
	bool has_said_stop; /* to the parent: a step wants it */
	bool must_leave;    /* at once: hooks are not waited for */
	bool is_ending;     /* nothing new comes, but last words */

	struct crew *crew;   /* NULL: before the start, or on an errand */
	struct user *errand; /* owned; who runs it */

	struct tally tally;
	uint64_t grid; /* of the next snapshot */
	bool parent_is_gone;
};

/* --- events ------------------------------------------------------------- */

/* Whether the parent reads what it is told; last words are put anyway. */
static bool has_room(const struct worker *w)
{
	return w->is_ending || peer_backlog(&w->parent) < MAX_EVENT_BACKLOG;
}

/* Puts it behind what the parent has not read yet; false: there is no room,
 * and nothing was put. */
static bool put_message(struct worker *w, const struct event_message *message)
{
	struct buf *out = &w->parent.out;
	bool put = false;

	if (has_room(w)) {
		wire_put_event(out, message);
		put = !out->full;
		out->full = false;
	}
	return put;
}

static void tell_event(struct worker *w, const struct event *event)
{
	struct notice_field fields[WIRE_MAX_FIELDS];
	struct event_message message = {.notice = NOTICE_EVENT,
	    .name = xstrdup(event->name),
	    .number = event->wall_us,
	    .fields = fields};

	for (size_t i = 0; i < event->n_fields && i < WIRE_MAX_FIELDS; i++)
		fields[message.n_fields++] =
		    (struct notice_field) {xstrdup(event->fields[i].key),
			xstrdup(event->fields[i].value),
			event->fields[i].is_number};
	if (!put_message(w, &message))
		w->events_dropped++;
	for (size_t i = 0; i < message.n_fields; i++) {
		free(fields[i].key);
		free(fields[i].value);
	}
	free(message.name);
}

static bool wants_event(void *context, const char *event)
{
	struct worker *w = context;

	return hooks_want(w->events.hooks, event) ||
	       events_heard(w->plan, event, OTHER_PLACES);
}

static void fire_event(void *context, const struct event *event)
{
	struct worker *w = context;

	if (hooks_want(w->events.hooks, event->name))
		hooks_fire(w->events.hooks, event, w->engine.now_us);
	if (events_heard(w->plan, event->name, OTHER_PLACES))
		tell_event(w, event);
}

/* Of our own hooks alone: the parent has fired it for its own. An errand is no
 * part of the load. */
static void fire_here(struct worker *w, const char *name)
{
	struct event event = {.name = name,
	    .wall_us = w->engine.now_us + w->engine.wall_offset_us};

	if (w->start.errand == ERRAND_NONE)
		hooks_fire(w->events.hooks, &event, w->engine.now_us);
}

static bool tell_trouble(struct worker *w, const char *text, uint64_t count)
{
	char *copy = xstrdup(text);
	bool is_told = put_message(
	    w, &(struct event_message) {
		   .notice = NOTICE_TROUBLE, .name = copy, .number = count});

	free(copy);
	return is_told;
}

static void tell_troubles(struct worker *w)
{
	struct hook_trouble trouble;

	while (has_room(w) && hooks_next_trouble(w->events.hooks, &trouble))
		tell_trouble(w, trouble.text, trouble.count);
	if (w->events_dropped > 0 &&
	    tell_trouble(w,
		"events dropped: the hooks of the parent do not keep up",
		w->events_dropped))
		w->events_dropped = 0;
}

static void run_hooks(struct worker *w)
{
	if (w->events.n == 0)
		return;
	hooks_run(w->events.hooks, w->engine.now_us);
	tell_troubles(w);
}

/* --- snapshots ---------------------------------------------------------- */

static uint64_t grid_us(const struct worker *w, uint64_t grid)
{
	return w->start_us + grid * w->plan->load.report_interval_us;
}

/* A parent that does not read gets a larger delta later: nothing is lost, and
 * this worker never waits for it. */
static bool cut_snapshot(struct worker *w)
{
	if (peer_backlog(&w->parent) > WIRE_MAX_FRAME)
		return false;
	return tally_put(&w->tally, &w->parent.out, w->grid);
}

static void cut_out_of_turn(struct worker *w)
{
	w->grid--; /* of the last that was due */
	cut_snapshot(w);
	w->grid++;
}

/* What the warm-up has counted of tasks does not mix with what follows. */
static void turn_stage_when_due(struct worker *w)
{
	if (w->tally.stage == 0 && w->engine.now_us >= w->tally.end_us)
		cut_out_of_turn(w);
	tally_turn(&w->tally);
}

static void cut_when_due(struct worker *w)
{
	uint64_t now_us = w->engine.now_us;

	if (now_us < grid_us(w, w->grid))
		return;
	while (grid_us(w, w->grid + 1) <= now_us)
		w->grid++;
	cut_snapshot(w);
	w->grid++;
}

/* --- stopping ----------------------------------------------------------- */

/* No task is left to be begun: what runs, beside users too, may end. */
static void begin_finishing(struct worker *w)
{
	w->is_finishing = true;
	if (w->crew != NULL)
		crew_finish(w->crew);
}

static void begin_stopping(struct worker *w)
{
	w->is_stopping = true;
	if (w->crew != NULL) {
		crew_stop(w->crew, w->stop_us);
		tally_note_users(&w->tally, crew_wanted(w->crew));
	}
	if (w->errand != NULL)
		engine_stop_user(&w->engine, w->errand);
	fire_here(w, "test_stop");
}

/* What is in flight now is in no percentile. */
static void interrupt(struct worker *w)
{
	if (w->crew != NULL)
		crew_interrupt(w->crew);
	if (w->errand != NULL)
		engine_interrupt_user(&w->engine, w->errand);
}

static void stop_within(struct worker *w, uint64_t limit_us)
{
	uint64_t now_us = w->engine.now_us;
	uint64_t cutoff_us = now_us + limit_us;

	if (w->stop_us > now_us)
		w->stop_us = now_us;
	if (w->cutoff_us > cutoff_us)
		w->cutoff_us = cutoff_us;
}

/* A step of a task has said that the run is to stop. */
static void say_stop(struct worker *w)
{
	struct event_message message = {
	    .notice = NOTICE_STOP, .name = w->engine.stop_text};

	w->has_said_stop = put_message(w, &message);
	stop_within(w, w->plan->load.stop_timeout_us);
}

static void stop_when_due(struct worker *w)
{
	struct engine *e = &w->engine;

	if (e->wants_stop && !w->has_said_stop)
		say_stop(w);
	if (!w->is_finishing && e->world.tasks_left == 0)
		begin_finishing(w);
	if (!w->is_stopping && e->now_us >= w->stop_us)
		begin_stopping(w);
	if (w->is_stopping && e->alive > 0 && e->now_us >= w->cutoff_us)
		interrupt(w);
}

/* --- the parent --------------------------------------------------------- */

/* One task, by somebody who is none of the users. */
static void begin_errand(struct worker *w)
{
	const struct task *task = w->start.errand == ERRAND_SETUP
				      ? w->plan->setup
				      : w->plan->teardown;

	w->errand = xcalloc(1, sizeof(*w->errand));
	engine_run_task(
	    &w->engine, w->errand, w->plan->kinds[0], task, w->start.seed);
}

static void begin_users(struct worker *w)
{
	const struct load_options *load = &w->plan->load;

	if (load->run_time_us > 0) {
		w->stop_us = w->start_us + load->run_time_us;
		w->cutoff_us = w->stop_us + load->stop_timeout_us;
	}
	w->crew = crew_new(&(struct crew_order) {.plan = w->plan,
	    .engine = &w->engine,
	    .lag = &w->tally.delta.lag,
	    .roster = &w->start.roster,
	    .worker = w->start.worker,
	    .seed = w->start.seed,
	    .start_us = w->start_us});
}

static void begin_run(struct worker *w)
{
	struct engine *e = &w->engine;
	w->has_started = true;
	w->start_us = e->now_us + w->start.delay_us;
	tally_start(&w->tally, w->start_us, w->start.errand == ERRAND_NONE);
	w->grid = 1;
	for (size_t i = 0; i < w->start.values.n; i++)
		engine_set_common(
		    e, w->start.values.at[i].name, w->start.values.at[i].value);
	engine_start(e, w->start.worker, roster_workers(&w->start.roster));
	w->events.who.worker = w->start.worker;
	if (w->start.errand != ERRAND_NONE) {
		begin_errand(w);
		return;
	}
	fire_here(w, "test_start");
	begin_users(w);
}

static void obey(struct worker *w, enum command command)
{
	switch (command) {
	case COMMAND_LEAVE:
		w->must_leave = true;
		stop_within(w, 0);
		break;
	case COMMAND_REPORT:
		if (w->has_started)
			cut_out_of_turn(w);
		break;
	default:
		stop_within(w, w->plan->load.stop_timeout_us);
		break;
	}
}

static bool take_message(struct worker *w, enum message_type type)
{
	struct buf *in = &w->parent.in;
	struct greeting greeting;
	struct start start;
	const char *why;
	enum command command;
	int32_t users;

	switch (type) {
	case MESSAGE_GREETING:
		if (!wire_get_greeting(in, &greeting, &why))
			return false;
		greeting_clear(&greeting);
		return true;
	case MESSAGE_START:
		if (w->has_started || !wire_get_start(in, &start, &why))
			return false;
		w->start = start;
		begin_run(w);
		return true;
	case MESSAGE_COMMAND:
		if (!wire_get_command(in, &command, &why))
			return false;
		obey(w, command);
		return true;
	case MESSAGE_USERS:
		if (!wire_get_users(in, &users, &why))
			return false;
		if (w->crew != NULL)
			crew_add(w->crew, users);
		return true;
	default:
		return false;
	}
}

static void hear_parent(struct worker *w)
{
	enum peer_io io = peer_read(&w->parent);
	enum message_type type;
	size_t bytes;
	const char *why;

	for (;;) {
		enum wire_result found =
		    wire_peek(&w->parent.in, &type, &bytes, &why);

		if (found == WIRE_MORE)
			break;
		if (found == WIRE_BAD || !take_message(w, type)) {
			w->parent_is_gone = true;
			return;
		}
	}
	if (io != PEER_OPEN)
		w->parent_is_gone = true;
}

static void tell_parent(struct worker *w)
{
	if (peer_backlog(&w->parent) > 0 && peer_write(&w->parent) != PEER_OPEN)
		w->parent_is_gone = true;
}

/* --- the loop ----------------------------------------------------------- */

/* How long the poller may wait. */
static uint64_t idle_us(const struct worker *w)
{
	uint64_t next_us = engine_next_us(&w->engine);
	uint64_t now_us = clock_us();

	if (!w->has_started)
		return UINT64_MAX;
	if (grid_us(w, w->grid) < next_us)
		next_us = grid_us(w, w->grid);
	if (w->crew != NULL && crew_next_us(w->crew) < next_us)
		next_us = crew_next_us(w->crew);
	if (w->tally.end_us < next_us)
		next_us = w->tally.end_us;
	if (!w->is_stopping && w->stop_us < next_us)
		next_us = w->stop_us;
	if (w->is_stopping && w->cutoff_us < next_us)
		next_us = w->cutoff_us;
	if (hooks_next_us(w->events.hooks) < next_us)
		next_us = hooks_next_us(w->events.hooks);
	return next_us > now_us ? next_us - now_us : 0;
}

static void run_events(
    struct worker *w, const struct poller_event *events, int n)
{
	for (int i = 0; i < n; i++) {
		engine_look_ahead(
		    &w->engine, &events[i + 1], (size_t)(n - i - 1));
		if (engine_event(&w->engine, &events[i]))
			continue;
		if (events[i].fd == w->parent.in_fd)
			hear_parent(w);
		else if (events[i].fd == w->parent.out_fd)
			tell_parent(w);
		else
			hooks_event(
			    w->events.hooks, &events[i], w->engine.now_us);
	}
}

static void run_crew(struct worker *w)
{
	if (w->crew == NULL || w->is_stopping)
		return;
	crew_run(w->crew, w->stop_us);
	tally_note_users(&w->tally, crew_wanted(w->crew));
}

/* Who cannot wait hears nothing and would turn for ever: better lost. */
static _Noreturn void die_waiting(void)
{
	fprintf(stderr, "loadgen: worker: cannot wait for what comes: %s\n",
	    strerror(errno));
	exit(EXIT_FAILURE);
}

static void run_once(struct worker *w)
{
	struct engine *e = &w->engine;
	struct poller_event events[EVENTS];
	int n = poller_wait(w->poller, idle_us(w), NULL, events, EVENTS);

	if (n < 0)
		die_waiting();
	e->now_us = clock_us();
	if (w->has_started)
		turn_stage_when_due(w);
	run_events(w, events, n);
	if (!w->has_started)
		return;
	e->now_us = clock_us();
	turn_stage_when_due(w);
	engine_wake(e);
	run_crew(w);
	cut_when_due(w); /* first: it still sees the users that a stop ends */
	stop_when_due(w);
	engine_run(e);
	run_hooks(w);
	tell_parent(w);
}

static bool is_over(const struct worker *w)
{
	if (w->parent_is_gone)
		return true;
	if (!w->has_started)
		return w->stop_us != UINT64_MAX; /* told to, before it began */
	return w->engine.alive == 0 &&
	       (w->crew == NULL || !crew_expects_users(w->crew));
}

/* Goes on hearing and telling for a moment. */
static void linger(struct worker *w)
{
	struct poller_event events[EVENTS];
	int n = poller_wait(w->poller, LOOK_US, NULL, events, EVENTS);

	if (n < 0)
		die_waiting();
	w->engine.now_us = clock_us();
	for (int i = 0; i < n; i++) {
		if (events[i].fd == w->parent.in_fd)
			hear_parent(w);
		else
			hooks_event(
			    w->events.hooks, &events[i], w->engine.now_us);
	}
	if (w->has_started)
		cut_when_due(w);
	run_hooks(w);
	tell_parent(w);
}

/* Users that were done as there was no row for them. */
static void tell_used_up(struct worker *w)
{
	const struct plan *plan = w->plan;

	for (size_t i = 0; i < plan->n_data; i++) {
		uint64_t users = w->engine.used_up[i];
		char *text;

		if (users == 0)
			continue;
		text = used_up_trouble(plan->data[i].name);
		tell_trouble(w, text, users);
		free(text);
	}
}

/* Hooks that still run have until their timeouts; who tells us to leave at
 * once ends them. */
static void end_hooks(struct worker *w)
{
	uint32_t users = w->tally.most_alive;

	if (w->has_started && !w->is_stopping)
		fire_here(w, "test_stop");
	hooks_close(w->events.hooks, w->engine.now_us);
	/* what was counted is safe, however the hooks end */
	if (w->has_started && hooks_are_busy(w->events.hooks)) {
		cut_snapshot(w);
		w->tally.most_alive = users;
	}
	while (!w->must_leave && !w->parent_is_gone &&
	       hooks_are_busy(w->events.hooks))
		linger(w);
	w->is_ending = true;
	if (w->engine.wants_stop && !w->has_said_stop)
		say_stop(w);
	tell_used_up(w);
	tell_troubles(w);
}

/* What the task of an errand has set. */
static void tell_values(struct worker *w)
{
	const struct variables *v = &w->plan->variables;
	const struct user *u = w->errand;
	struct errand_result result = {.has_failed = u->has_failed};

	for (size_t i = 0; i < v->n; i++) {
		const struct value *value =
		    v->at[i]->kind == VARIABLE_SLOT
			? store_get(&u->job.values, v->at[i]->slot)
			: NULL;

		if (value != NULL &&
		    !values_add(&result.values, v->at[i]->name, value->text))
			result.has_failed = true;
	}
	wire_put_values(&w->parent.out, &result);
	values_clear(&result.values);
}

/* The last delta and the account, and time for them to get through. */
static void say_farewell(struct worker *w)
{
	uint64_t until_us = clock_us() + FAREWELL_US;

	w->engine.now_us = clock_us();
	while (!w->parent_is_gone && w->has_started && !cut_snapshot(w) &&
	       clock_us() < until_us)
		linger(w);
	if (w->start.errand != ERRAND_NONE)
		tell_values(w);
	wire_put_final(&w->parent.out, &w->tally.account);
	tell_parent(w);
	while (!w->parent_is_gone && peer_backlog(&w->parent) > 0 &&
	       clock_us() < until_us)
		linger(w);
}

static void worker_clear(struct worker *w)
{
	crew_free(w->crew);
	if (w->errand != NULL)
		engine_end_user(&w->engine, w->errand);
	free(w->errand);
	engine_clear(&w->engine);
	events_clear(&w->events);
	peer_clear(&w->parent);
	poller_free(w->poller);
	tally_clear(&w->tally);
	start_clear(&w->start);
}

static bool worker_init(
    struct worker *w, const struct plan *plan, int in_fd, int out_fd)
{
	const char *why = "";
	bool is_good;

	*w = (struct worker) {
	    .plan = plan,
	    .stop_us = UINT64_MAX,
	    .cutoff_us = UINT64_MAX,
	    .poller = poller_new(),
	    .sink = {.context = w, .wants = wants_event, .fire = fire_event},
	};
	events_init(&w->events, plan, EVENTS_WORKER, 0, w->poller);
	w->engine = (struct engine) {.plan = plan,
	    .poller = w->poller,
	    .events = plan->n_hooks > 0 ? &w->sink : NULL};
	tally_init(&w->tally, plan, &w->engine);
	is_good = w->poller != NULL &&
		  peer_init(&w->parent, w->poller, in_fd, out_fd) == 0 &&
		  engine_init(&w->engine, &why);
	if (!is_good && why[0] != '\0')
		fprintf(stderr, "loadgen: worker: %s\n", why);
	return is_good;
}

int worker_main(const void *plan, int in_fd, int out_fd)
{
	struct worker w;
	int status = EXIT_SUCCESS;

	if (!worker_init(&w, plan, in_fd, out_fd)) {
		worker_clear(&w);
		return EXIT_FAILURE;
	}
	/* with a rate, how late a task starts is in its times */
	if (w.engine.plan->load.model == LOAD_USERS)
		poller_let_oversleep(OVERSLEEP_US);
	wire_greet(&w.parent.out);
	tell_parent(&w);
	while (!is_over(&w))
		run_once(&w);
	end_hooks(&w);
	say_farewell(&w);
	if (w.parent_is_gone) {
		interrupt(&w);
		status = EXIT_NO_PARENT;
	}
	worker_clear(&w);
	return status;
}
