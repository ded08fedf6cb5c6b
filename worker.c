/*
 * One load process. It must not know other workers, files or the terminal:
 * what it counted goes to its parent in snapshots.
 */
#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/util.h"
#include "events.h"
#include "fleet/peer.h"
#include "fleet/wire.h"
#include "load/engine.h"
#include "load/pace.h"

enum {
	EVENTS = 256,           /* taken from the poller at once */
	SPAWNS_AT_ONCE = 64,    /* users started before others are looked at */
	LOOK_US = 20000,        /* at the parent, when nothing else is left */
	FAREWELL_US = 10000000, /* for the last words to get through */
	MAX_EVENT_BACKLOG = 1 << 20, /* of bytes for the parent: then events
					are dropped */
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

	struct deal deal;
	struct dealt next; /* the next user of ours */
	bool has_next;
	uint64_t spawn_us;  /* when it starts */
	struct user *users; /* all of ours, n_users of them started */
	size_t n_users;
	size_t share;        /* how many there will be */
	uint32_t most_alive; /* since the last snapshot */

	struct snapshot delta;
	uint64_t cut_us; /* when the last snapshot was cut */
	uint64_t cpu_us; /* used until then */
	uint64_t grid;   /* of the next one */
	struct final account;
	bool parent_is_gone;
};

/* --- users -------------------------------------------------------------- */

/* Finds the next user that is ours, in the order of the whole run. */
static void find_next_user(struct worker *w)
{
	w->has_next = false;
	while (deal_next(&w->deal, &w->next)) {
		if (w->next.worker != w->start.worker)
			continue;
		w->has_next = true;
		w->spawn_us =
		    w->start_us +
		    pace_user_start_us(w->plan->load.spawn_rate, w->next.index);
		return;
	}
}

static void spawn_users(struct worker *w)
{
	struct engine *e = &w->engine;

	for (int i = 0; i < SPAWNS_AT_ONCE && w->has_next; i++) {
		const struct user_kind *kind = w->plan->kinds[w->next.kind];

		if (w->spawn_us > e->now_us || w->is_stopping)
			return;
		engine_begin_user(e, &w->users[w->n_users++], kind,
		    w->next.index, w->start.seed);
		if (e->alive > w->most_alive)
			w->most_alive = e->alive;
		find_next_user(w);
	}
}

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
	       events_heard(w->plan, event, false);
}

static void fire_event(void *context, const struct event *event)
{
	struct worker *w = context;

	if (hooks_want(w->events.hooks, event->name))
		hooks_fire(w->events.hooks, event, w->engine.now_us);
	if (events_heard(w->plan, event->name, false))
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

static uint64_t cpu_used_us(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) != 0)
		return 0;
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
		   US_PER_S +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static uint64_t grid_us(const struct worker *w, uint64_t grid)
{
	return w->start_us + grid * w->plan->load.report_interval_us;
}

/* A worker may be stopped before its start has come. */
static uint64_t after_us(uint64_t from_us, uint64_t to_us)
{
	return to_us > from_us ? to_us - from_us : 0;
}

static void complete_delta(struct worker *w)
{
	struct engine *e = &w->engine;
	struct http_counts *counts = http_counts(e->http);
	struct snapshot *s = &w->delta;
	uint64_t cpu_us = cpu_used_us();

	s->grid = w->grid;
	s->until_us = after_us(w->start_us, e->now_us);
	/* the last one tells how many there were until the end */
	s->users = e->alive > 0 ? e->alive : w->most_alive;
	s->jobs = e->jobs;
	s->cpu_us = cpu_us - w->cpu_us;
	s->busy_us = after_us(w->cut_us, e->now_us);
	s->books.connections += counts->connections;
	s->books.tasks += e->world.tasks_started;
	s->books.jobs_skipped += e->world.jobs_skipped;
	*counts = (struct http_counts) {0};
	e->world.tasks_started = 0;
	e->world.jobs_skipped = 0;
}

static void begin_delta(struct worker *w)
{
	struct snapshot *s = &w->delta;

	books_add(&w->account.books, &s->books);
	s->books = (struct books) {0};
	hist_reset(&s->lateness);
	table_reset(&s->table);
	w->cpu_us = cpu_used_us();
	w->cut_us = w->engine.now_us;
	w->most_alive = w->engine.alive;
}

/* A parent that does not read gets a larger delta later: nothing is lost, and
 * this worker never waits for it. */
static bool cut_snapshot(struct worker *w)
{
	struct buf *out = &w->parent.out;
	bool put;

	if (peer_backlog(&w->parent) > WIRE_MAX_FRAME)
		return false;
	complete_delta(w);
	wire_put_snapshot(out, &w->delta, &w->account.snapshots);
	put = !out->full;
	out->full = false;
	if (put)
		begin_delta(w);
	return put;
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
	w->has_next = false;
	for (size_t i = 0; i < w->n_users; i++)
		engine_finish_user(&w->engine, &w->users[i]);
}

static void begin_stopping(struct worker *w)
{
	w->is_stopping = true;
	w->has_next = false;
	for (size_t i = 0; i < w->n_users; i++)
		engine_stop_user(&w->engine, &w->users[i]);
	fire_here(w, "test_stop");
}

/* What is in flight now is in no percentile. */
static void interrupt(struct worker *w)
{
	for (size_t i = 0; i < w->n_users; i++)
		engine_interrupt_user(&w->engine, &w->users[i]);
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

/* How many users are ours, and how many of the run's tasks. */
static void take_share(struct worker *w)
{
	const struct load_options *load = &w->plan->load;
	uint32_t n = w->start.workers;
	uint64_t *users = xcalloc(n, sizeof(*users));
	uint64_t *room = xcalloc(n, sizeof(*room)); /* for tasks */
	struct deal deal;
	struct dealt dealt;

	deal_init(&deal, w->plan, n);
	while (deal_next(&deal, &dealt)) {
		uint64_t most = w->plan->kinds[dealt.kind]->iterations;
		uint64_t *r = &room[dealt.worker];

		users[dealt.worker]++;
		*r = most == 0 || most > UINT64_MAX - *r ? UINT64_MAX
							 : *r + most;
	}
	deal_clear(&deal);
	w->share = users[w->start.worker];
	if (load->iterations > 0)
		w->engine.world.tasks_left = pace_share_within(
		    load->iterations, users, room, n, w->start.worker);
	free(users);
	free(room);
}

/* One task, by somebody who is none of the users. */
static void begin_errand(struct worker *w)
{
	const struct task *task = w->start.errand == ERRAND_SETUP
				      ? w->plan->setup
				      : w->plan->teardown;

	w->users = xcalloc(1, sizeof(*w->users));
	w->n_users = 1;
	w->most_alive = 1;
	engine_run_task(
	    &w->engine, &w->users[0], w->plan->kinds[0], task, w->start.seed);
}

static void begin_users(struct worker *w)
{
	const struct load_options *load = &w->plan->load;

	if (load->run_time_us > 0) {
		w->stop_us = w->start_us + load->run_time_us;
		w->cutoff_us = w->stop_us + load->stop_timeout_us;
	}
	take_share(w);
	w->users = xcalloc(w->share + 1, sizeof(*w->users));
	deal_init(&w->deal, w->plan, w->start.workers);
	find_next_user(w);
}

static void begin_run(struct worker *w)
{
	struct engine *e = &w->engine;
	w->has_started = true;
	w->start_us = e->now_us + w->start.delay_us;
	w->cut_us = w->start_us;
	w->cpu_us = cpu_used_us();
	w->grid = 1;
	for (size_t i = 0; i < w->start.values.n; i++)
		engine_set_common(
		    e, w->start.values.at[i].name, w->start.values.at[i].value);
	engine_start(e, w->start.worker, w->start.workers);
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
		if (w->has_started) {
			w->grid--; /* of the last that was due */
			cut_snapshot(w);
			w->grid++;
		}
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

static void greet(struct worker *w)
{
	char *host = xstrdup(host_name());
	char version[] = LOADGEN_VERSION;
	struct greeting g = {
	    .pid = (uint32_t)getpid(), .host = host, .version = version};

	wire_put_greeting(&w->parent.out, &g);
	free(host);
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
	if (w->has_next && w->spawn_us < next_us)
		next_us = w->spawn_us;
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

static void run_once(struct worker *w)
{
	struct engine *e = &w->engine;
	struct poller_event events[EVENTS];
	int n = poller_wait(w->poller, idle_us(w), NULL, events, EVENTS);

	e->now_us = clock_us();
	run_events(w, events, n);
	if (!w->has_started)
		return;
	e->now_us = clock_us();
	engine_wake(e);
	spawn_users(w);
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
	return w->engine.alive == 0 && !w->has_next;
}

/* Goes on hearing and telling for a moment. */
static void linger(struct worker *w)
{
	struct poller_event events[EVENTS];
	int n = poller_wait(w->poller, LOOK_US, NULL, events, EVENTS);

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
		text = xasprintf("[data %s]: no row was left for a user, who "
				 "stopped",
		    plan->data[i].name);
		tell_trouble(w, text, users);
		free(text);
	}
}

/* Hooks that still run have until their timeouts; who tells us to leave at
 * once ends them. */
static void end_hooks(struct worker *w)
{
	uint32_t users = w->most_alive;

	if (w->has_started && !w->is_stopping)
		fire_here(w, "test_stop");
	hooks_close(w->events.hooks, w->engine.now_us);
	/* what was counted is safe, however the hooks end */
	if (w->has_started && hooks_are_busy(w->events.hooks)) {
		cut_snapshot(w);
		w->most_alive = users;
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
	const struct user *u = &w->users[0];
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
	wire_put_final(&w->parent.out, &w->account);
	tell_parent(w);
	while (!w->parent_is_gone && peer_backlog(&w->parent) > 0 &&
	       clock_us() < until_us)
		linger(w);
}

static void worker_clear(struct worker *w)
{
	for (size_t i = 0; i < w->n_users; i++)
		engine_end_user(&w->engine, &w->users[i]);
	engine_clear(&w->engine);
	events_clear(&w->events);
	peer_clear(&w->parent);
	poller_free(w->poller);
	deal_clear(&w->deal);
	snapshot_clear(&w->delta);
	start_clear(&w->start);
	free(w->users);
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
	events_init(&w->events, plan, 0, w->poller);
	w->engine = (struct engine) {.plan = plan,
	    .poller = w->poller,
	    .books = &w->delta.books,
	    .lateness = &w->delta.lateness,
	    .table = &w->delta.table,
	    .events = plan->n_hooks > 0 ? &w->sink : NULL};
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
	greet(&w);
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
