/*
 * An agent's life: what the plan is made of is taken, the plan loaded, those
 * who play it called, told and heard, and all of it told as one. It must not
 * know how agents are reached, nor reports.
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent_private.h"
#include "base/util.h"
#include "fleet/rsh.h"

enum {
	SILENCE_US = 60000000,  /* of a parent that pings every second */
	LATE_US = 500000,       /* a snapshot may come so late */
	LOOK_US = 20000,        /* when nothing else is left to be done */
	FAREWELL_US = 10000000, /* for the last words to get through */
	EXIT_NO_PARENT = 4
};

/* --- what those who play say -------------------------------------------- */

static void take_snapshot(struct agent *a, const struct fleet_event *event)
{
	uint32_t member = event->member->number;
	const struct snapshot *s = event->snapshot;

	for (size_t i = 0; i < s->n_counts; i++)
		if (s->counts[i].worker >= muster_workers(&a->muster, member)) {
			fleet_kill(
			    a->fleet, member, "counts for workers of others");
			return;
		}
	(void)gather_add(&a->gather, s, muster_first(&a->muster, member));
	if (s->is_last_part)
		roll_heard(&a->roll, member, s->grid, clock_us());
}

static void take_trouble(
    struct agent *a, const struct member *member, const struct event_message *m)
{
	char *host = agent_host_name(
	    a, member, m->n_fields > 0 ? m->fields[0].value : "");

	agent_tell_trouble(a, host, m->name, m->number);
	free(host);
}

static void take_event_message(struct agent *a, const struct fleet_event *event)
{
	const struct event_message *m = event->message;

	if (m->notice == NOTICE_TROUBLE) {
		take_trouble(a, event->member, m);
		return;
	}
	if (m->notice == NOTICE_EVENT) {
		if (hooks_want(a->events.hooks, m->name))
			news_message(a->events.hooks, m);
		if (!events_heard(a->plan, m->name, EVENTS_PARENT))
			return;
	}
	a->events_dropped += !agent_put_message(a, m);
}

static void take_news(struct agent *a, const struct fleet_event *event)
{
	struct member_message news;

	if (muster_take_news(&a->muster, event, &news))
		agent_tell_news(a, event->member, &news);
}

static void take_event(struct agent *a, const struct fleet_event *event)
{
	const struct member *m = event->member;

	switch (event->type) {
	case FLEET_NOTHING:
	case FLEET_VALUES:
		break;
	case FLEET_READY:
		if (event->ready == NULL ||
		    event->ready->readiness != READY_ENDS_RUN)
			muster_take_ready(&a->muster, event);
		else if (!a->is_stopping)
			agent_refuse(a, READY_ENDS_RUN, event->ready->why);
		break;
	case FLEET_SNAPSHOT:
		take_snapshot(a, event);
		break;
	case FLEET_WORDS:
		fprintf(stderr, "%s: %s\n", m->host, event->words);
		break;
	case FLEET_EVENT:
		take_event_message(a, event);
		break;
	case FLEET_MEMBER:
		take_news(a, event);
		break;
	case FLEET_DONE:
		/* once it is known who they are, even if none has started */
		if (!m->is_agent && a->muster.roster.n > 0)
			agent_tell_done(a, muster_first(&a->muster, m->number),
			    &event->final->books);
		break;
	case FLEET_LOST:
		if (a->phase == AGENT_PLAYING ||
		    (a->phase == AGENT_READY && !a->is_stopping))
			agent_tell_lost(a, m);
		break;
	}
}

/* --- time --------------------------------------------------------------- */

static uint64_t patience_us(const struct agent *a)
{
	uint64_t quarter_us = a->plan->load.report_interval_us / 4;

	return quarter_us < LATE_US ? quarter_us : LATE_US;
}

/* A parent that does not read gets more later. */
static bool can_put(const struct agent *a)
{
	return peer_backlog(&a->parent) <= WIRE_MAX_FRAME;
}

static void put_snapshot(struct agent *a, uint64_t grid)
{
	struct row all;

	if (hooks_want(a->events.hooks, "interval")) {
		gather_total(&a->gather, &all);
		news_interval(a->events.hooks, gather_users(&a->gather), &all);
		row_clear(&all);
	}
	gather_put(&a->gather, &a->parent.out, grid);
}

static void close_intervals(struct agent *a, uint64_t now_us)
{
	while (now_us >= roll_grid_us(&a->roll)) {
		bool is_late =
		    now_us >= roll_grid_us(&a->roll) + patience_us(a);

		if (!roll_is_complete(&a->roll) && !is_late)
			return;
		if (can_put(a))
			put_snapshot(a, a->roll.grid);
		a->roll.grid++;
	}
}

static void answer_question(struct agent *a, uint64_t now_us)
{
	if (a->show_us == UINT64_MAX ||
	    (now_us < a->show_us && !roll_has_answers(&a->roll)))
		return;
	a->show_us = UINT64_MAX;
	if (can_put(a))
		gather_put(&a->gather, &a->parent.out, a->roll.grid - 1);
}

static void kill_the_rest(struct agent *a)
{
	a->kill_us = UINT64_MAX;
	for (uint32_t i = 0; i < fleet_size(a->fleet); i++)
		fleet_kill(a->fleet, i, "did not leave in time");
}

static void run_hooks(struct agent *a, uint64_t now_us)
{
	if (a->events.n == 0)
		return;
	hooks_run(a->events.hooks, now_us);
	agent_tell_troubles(a);
}

static void mind_time(struct agent *a, uint64_t now_us)
{
	if (now_us - a->heard_us > SILENCE_US)
		a->parent_is_gone = true;
	if (a->phase == AGENT_CALLING && !a->is_stopping &&
	    fleet_readied(a->fleet) == fleet_size(a->fleet) &&
	    fleet_is_timed(a->fleet))
		agent_get_ready(a);
	if (a->phase == AGENT_PLAYING) {
		news_calendar_tell(&a->calendar, a->events.hooks, now_us);
		close_intervals(a, now_us);
		answer_question(a, now_us);
		roll_give_up_the_silent(&a->roll, now_us);
	}
	if (now_us >= a->kill_us)
		kill_the_rest(a);
	run_hooks(a, now_us);
}

static uint64_t next_deadline_us(const struct agent *a, uint64_t now_us)
{
	uint64_t next_us = a->heard_us + SILENCE_US + 1;

	if (a->kill_us < next_us)
		next_us = a->kill_us;
	if (a->show_us < next_us)
		next_us = a->show_us;
	if (hooks_next_us(a->events.hooks) < next_us)
		next_us = hooks_next_us(a->events.hooks);
	if (news_calendar_next_us(&a->calendar) < next_us)
		next_us = news_calendar_next_us(&a->calendar);
	/* agents behind us are being timed, which is no event */
	if (a->phase == AGENT_CALLING && now_us + LOOK_US < next_us)
		next_us = now_us + LOOK_US;
	if (a->phase == AGENT_PLAYING) {
		uint64_t grid_us = roll_grid_us(&a->roll);

		if (grid_us <= now_us)
			grid_us += patience_us(a);
		if (grid_us < next_us)
			next_us = grid_us;
	}
	return next_us;
}

static bool take_poller_event(void *arg, const struct poller_event *event)
{
	struct agent *a = arg;

	if (event->fd == a->parent.in_fd)
		agent_hear(a);
	else if (event->fd == a->parent.out_fd)
		agent_flush(a);
	else
		hooks_event(a->events.hooks, event, clock_us());
	return true;
}

static void turn(struct agent *a, uint64_t deadline_us)
{
	struct fleet_event event;

	if (fleet_wait(a->fleet, deadline_us, NULL, &event) != 0) {
		fprintf(
		    stderr, "loadgen --agent: waiting: %s\n", strerror(errno));
		a->parent_is_gone = true;
		return;
	}
	take_event(a, &event);
	mind_time(a, clock_us());
	agent_flush(a);
}

static bool is_over(const struct agent *a)
{
	if (a->parent_is_gone)
		return true;
	if (a->phase == AGENT_PLAYING || a->is_stopping)
		return fleet_alive(a->fleet) == 0;
	return false;
}

/* --- the end ------------------------------------------------------------ */

/* Hooks that still run have until their timeouts. */
static void end_hooks(struct agent *a)
{
	if (a->phase == AGENT_PLAYING)
		agent_begin_stopping(a);
	if (a->phase == AGENT_PLAYING && a->events.n > 0)
		news_exit(a->events.hooks, 0);
	hooks_close(a->events.hooks, clock_us());
	while (!a->must_leave && !a->parent_is_gone &&
	       hooks_are_busy(a->events.hooks))
		turn(a, clock_us() + LOOK_US);
	a->is_ending = true;
	agent_tell_troubles(a);
}

static void say_farewell(struct agent *a)
{
	uint64_t until_us = clock_us() + FAREWELL_US;

	while (!a->parent_is_gone && gather_has_any(&a->gather) &&
	       !gather_put(&a->gather, &a->parent.out, a->roll.grid) &&
	       clock_us() < until_us)
		turn(a, clock_us() + LOOK_US);
	/* what is not heard to its end is no account */
	if (a->parent_is_gone)
		return;
	wire_put_final(&a->parent.out, &a->gather.account);
	agent_flush(a);
	while (!a->parent_is_gone && peer_backlog(&a->parent) > 0 &&
	       clock_us() < until_us)
		turn(a, clock_us() + LOOK_US);
}

static bool settle(struct agent *a, int in_fd, int out_fd)
{
	*a = (struct agent) {.kill_us = UINT64_MAX,
	    .show_us = UINT64_MAX,
	    .heard_us = clock_us(),
	    .fleet = fleet_new()};
	if (a->fleet == NULL ||
	    peer_init(&a->parent, fleet_poller(a->fleet), in_fd, out_fd) != 0)
		return false;
	/* who is alone with them must not look like us */
	fleet_keep_from_children(a->fleet, in_fd);
	fleet_keep_from_children(a->fleet, out_fd);
	fleet_share_poller(a->fleet, take_poller_event, a);
	events_init_none(&a->events, fleet_poller(a->fleet));
	return true;
}

static void agent_clear(struct agent *a)
{
	/* hooks wait with the fleet's poller */
	if (a->events.hooks != NULL)
		events_clear(&a->events);
	fleet_free(a->fleet);
	muster_clear(&a->muster);
	roll_clear(&a->roll);
	gather_clear(&a->gather);
	values_clear(&a->values);
	agent_plan_clear(&a->source);
}

int agent_child(const void *arg, int in_fd, int out_fd)
{
	struct agent a;
	bool is_good = settle(&a, in_fd, out_fd);

	(void)arg;
	if (is_good) {
		agent_greet(&a);
		while (!is_over(&a))
			turn(&a, next_deadline_us(&a, clock_us()));
		end_hooks(&a);
		say_farewell(&a);
		is_good = !a.parent_is_gone;
	} else {
		fprintf(stderr,
		    "loadgen --agent: its input and output are no pipes (%s): "
		    "loadgen --remote starts it, by an rsh that passes "
		    "standard input on\n",
		    strerror(errno));
	}
	peer_clear(&a.parent);
	agent_clear(&a);
	return is_good ? EXIT_SUCCESS : EXIT_NO_PARENT;
}

/* A copy of the descriptor that is no standard one. */
static int move_away(int fd, int instead)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (moved >= 0 && instead >= 0)
		(void)dup2(instead, fd);
	return moved;
}

/* What is printed by mistake must not get between the messages, and what was
 * sent ahead is not needed any more. */
int agent_main(int in_fd, int out_fd)
{
	const char *copy = getenv(RSH_COPY_VARIABLE);
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	/* a parent, or a worker, that is gone is an error of write; what ends
	 * its rsh is for that: the end of the pipe is its own end, with all
	 * that it has started */
	static const int ignored[] = {SIGPIPE, SIGTERM, SIGINT, SIGHUP};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		sigaction(ignored[i], &ignore, NULL);
	if (copy != NULL)
		(void)unlink(copy);
	(void)unsetenv(RSH_COPY_VARIABLE);
	/* its parent shows no more than how this begins */
	if (isatty(in_fd) || isatty(out_fd)) {
		fprintf(stderr,
		    "--agent: leave out -t: a terminal stands "
		    "between it and loadgen --remote, which starts it\n");
		return EXIT_NO_PARENT;
	}
	in_fd = move_away(in_fd, null_fd);
	out_fd = move_away(out_fd, STDERR_FILENO);
	if (null_fd >= 0)
		close(null_fd);
	return agent_child(NULL, in_fd, out_fd);
}
