/*
 * Setup and teardown. It must not know how a task is played, nor what comes
 * before and after.
 */
#include "errand.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "news.h"
#include "worker.h"

enum {
	LOOK_US = 20000,          /* at what the run wants, and at hooks */
	LEAVE_US = 500000,        /* for last words, when it is to leave */
	KILL_MARGIN_US = 5000000, /* when it is to stop */
};

struct errand_state {
	const struct errand_order *order;
	struct fleet *fleet;
	struct books sent;
	char *failure; /* owned; the first that was counted */
	char *lost;    /* owned; what became of its process */
	bool has_failed;
	enum errand_wish wish; /* when it began: nothing new */
	enum errand_wish told;
	uint64_t kill_us; /* if it has not left then */
};

static void note_failure(struct errand_state *s, const struct table *table)
{
	size_t n;
	struct failure **failures = table_sorted_failures(table, &n);

	if (n > 0 && s->failure == NULL)
		s->failure = xasprintf("%s %s: %s", failures[0]->type,
		    failures[0]->name, failures[0]->text);
	free(failures);
}

static void note_lost(struct errand_state *s, const char *why)
{
	if (s->lost == NULL)
		s->lost = xstrdup(why);
}

static void take_counts(struct errand_state *s, const struct snapshot *snapshot)
{
	struct table table = {0};
	static const struct worker_count nothing;
	const struct worker_count *count =
	    snapshot->n_counts > 0 ? &snapshot->counts[0] : &nothing;
	struct report_delta delta = {
	    .worker = REPORT_NO_WORKER,
	    .is_last_part = snapshot->is_last_part,
	    .books = &count->books,
	    .lateness = &count->lateness,
	    .table = &table,
	};

	snapshot_unpack(snapshot, &table);
	note_failure(s, &table);
	books_add(&s->sent, &count->books);
	report_delta(s->order->report, &delta);
	table_clear(&table);
}

static void take_values(
    struct errand_state *s, const struct errand_result *result)
{
	s->has_failed |= result->has_failed;
	for (size_t i = 0; s->order->found != NULL && i < result->values.n; i++)
		if (!values_add(s->order->found, result->values.at[i].name,
			result->values.at[i].value))
			s->has_failed = true;
}

/* A step that says stop ends its task alone: the load is not running. */
static void take_message(struct errand_state *s, const struct event_message *m)
{
	if (m->notice == NOTICE_EVENT)
		news_message(s->order->events->hooks, m);
	else if (m->notice == NOTICE_TROUBLE)
		report_trouble(s->order->report, "", m->name, m->number);
}

/* One worker, who is everybody. */
static void begin(struct errand_state *s)
{
	const struct load_options *load = &s->order->plan->load;
	struct start start = {.seed = load->has_seed
					  ? load->seed + s->order->errand
					  : rng_fresh_seed(),
	    .errand = s->order->errand,
	    .values = *s->order->values};

	roster_alike(&start.roster, 1);
	fleet_start(s->fleet, 0, &start);
	roster_clear(&start.roster);
}

static void take_event(struct errand_state *s, const struct fleet_event *event)
{
	switch (event->type) {
	case FLEET_READY:
		begin(s);
		break;
	case FLEET_SNAPSHOT:
		take_counts(s, event->snapshot);
		break;
	case FLEET_VALUES:
		take_values(s, event->errand);
		break;
	case FLEET_DONE:
		if (!books_equal(&event->final->books, &s->sent))
			note_lost(s, "its own account differs");
		break;
	case FLEET_LOST:
		note_lost(s, event->member->why_lost);
		break;
	case FLEET_EVENT:
		take_message(s, event->message);
		break;
	case FLEET_MEMBER:
	case FLEET_WORDS:
	case FLEET_NOTHING:
		break;
	}
}

static void obey(struct errand_state *s, uint64_t now_us)
{
	enum errand_wish wish = s->order->wish(s->order->arg);
	uint64_t stop_us =
	    s->order->plan->load.stop_timeout_us + KILL_MARGIN_US;

	if (wish != s->told) {
		s->told = wish;
		s->kill_us =
		    now_us + (wish == ERRAND_LEAVE ? LEAVE_US : stop_us);
		fleet_command(s->fleet,
		    wish == ERRAND_LEAVE ? COMMAND_LEAVE : COMMAND_STOP);
	}
	if (now_us < s->kill_us)
		return;
	s->kill_us = UINT64_MAX;
	fleet_kill(s->fleet, 0, "did not leave in time");
}

static bool play(struct errand_state *s)
{
	struct fleet_event event;
	sigset_t none;

	sigemptyset(&none);
	if (fleet_spawn(s->fleet, 1, worker_main, s->order->plan) != 0)
		return false;
	while (fleet_alive(s->fleet) > 0) {
		if (fleet_wait(s->fleet, clock_us() + LOOK_US, &none, &event) !=
		    0)
			return false;
		take_event(s, &event);
		events_turn(s->order->events, 0);
		obey(s, clock_us());
	}
	return true;
}

static void tell_why(const struct errand_state *s, struct buf *why)
{
	static const char *const names[] = {
	    [ERRAND_SETUP] = "setup", [ERRAND_TEARDOWN] = "teardown"};

	buf_printf(why, "%s failed: ", names[s->order->errand]);
	if (s->lost != NULL)
		buf_printf(why, "its process: %s", s->lost);
	else if (s->failure != NULL)
		buf_puts(why, s->failure);
	else
		buf_puts(why, "its values are too long, or its data is used "
			      "up");
}

/* Half a setup is none; a teardown goes on when the load is not wanted. */
static bool was_stopped(const struct errand_state *s)
{
	return s->told != s->wish &&
	       (s->order->errand == ERRAND_SETUP || s->told == ERRAND_LEAVE);
}

static enum errand_end end_of(const struct errand_state *s)
{
	if (was_stopped(s))
		return ERRAND_STOPPED;
	if (s->lost != NULL)
		return ERRAND_BROKEN;
	if (s->has_failed)
		return s->failure != NULL ? ERRAND_FAILED : ERRAND_BROKEN;
	return ERRAND_PASSED;
}

enum errand_end errand_run(const struct errand_order *order, struct buf *why)
{
	struct errand_state s = {.order = order,
	    .fleet = fleet_new(),
	    .wish = order->wish(order->arg),
	    .kill_us = UINT64_MAX};
	enum errand_end end;

	s.told = s.wish;
	if (s.fleet == NULL || !play(&s))
		note_lost(&s, strerror(errno));
	fleet_free(s.fleet);
	end = end_of(&s);
	if (end != ERRAND_PASSED)
		tell_why(&s, why);
	free(s.failure);
	free(s.lost);
	return end;
}
