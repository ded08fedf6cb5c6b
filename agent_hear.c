/*
 * What an agent is told, and what it does about it. It must not know how the
 * plan is loaded, nor what those who play say.
 */
#include "agent_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"
#include "plan/data.h"

enum {
	KILL_US = 300000,       /* for own workers, when all are to leave */
	KILL_LEVEL_US = 150000, /* more for each level of hosts: less in all
				   than the parent waits */
	SHOW_US = 300000        /* for snapshots that were asked for */
};

static void share_rows(struct agent *a, const struct start *start)
{
	const struct plan *plan = a->plan;

	for (size_t i = 0; i < start->n_rows && i < plan->n_data; i++)
		if (plan->data[i].order == DATA_UNIQUE &&
		    start->rows[i].upto <= data_rows(plan->data[i].data))
			data_set_share(plan->data[i].data, start->rows[i].from,
			    start->rows[i].upto);
}

static bool is_ours(const struct agent *a, const struct start *start)
{
	return a->phase == AGENT_READY && !a->is_stopping &&
	       start->errand == ERRAND_NONE &&
	       a->gather.workers <=
		   roster_workers(&start->roster) - start->worker;
}

/* Values of hooks that are missing are only known now: this host is lost. */
static bool begin_playing(struct agent *a, struct start *start)
{
	uint64_t now_us = clock_us();
	char *why = NULL;

	if (!is_ours(a, start))
		return false;
	for (size_t i = 0; i < a->values.n; i++)
		values_add(&start->values, a->values.at[i].name,
		    a->values.at[i].value);
	if (!a->muster.has_agents &&
	    !agent_plan_has_values(a->plan, &start->values, &why)) {
		fprintf(stderr, "%s\n", why);
		free(why);
		a->parent_is_gone = true;
		return true;
	}
	share_rows(a, start);
	a->phase = AGENT_PLAYING;
	roll_start(&a->roll, now_us + start->delay_us, now_us);
	news_calendar_start(&a->calendar, &a->plan->load, a->roll.start_us);
	muster_start(&a->muster, start);
	return true;
}

void agent_begin_stopping(struct agent *a)
{
	if (a->phase == AGENT_PLAYING && !a->is_stopping) {
		news_calendar_stop(&a->calendar);
		news_plain(a->events.hooks, "test_stop");
	}
	a->is_stopping = true;
}

static unsigned levels_below(const struct remote_host *hosts, size_t n_hosts)
{
	unsigned most = 0;

	for (size_t i = 0; i < n_hosts; i++) {
		unsigned n = 1 + levels_below(hosts[i].hosts, hosts[i].n_hosts);

		most = n > most ? n : most;
	}
	return most;
}

/* Who has hosts gives them the time that they give to theirs. */
static uint64_t leave_us(const struct agent *a)
{
	uint64_t us = KILL_US;

	if (a->plan != NULL)
		us += levels_below(
			  a->plan->remote.hosts, a->plan->remote.n_hosts) *
		      (uint64_t)KILL_LEVEL_US;
	return us;
}

static void obey(struct agent *a, enum command command)
{
	switch (command) {
	case COMMAND_LEAVE:
		agent_begin_stopping(a);
		a->must_leave = true;
		a->kill_us = clock_us() + leave_us(a);
		break;
	case COMMAND_REPORT:
		if (a->phase == AGENT_PLAYING) {
			roll_ask(&a->roll);
			a->show_us = clock_us() + SHOW_US;
		}
		return;
	case COMMAND_STOP:
		agent_begin_stopping(a);
		break;
	case COMMANDS:
		break;
	}
	fleet_command(a->fleet, command);
}

static bool take_greeting(struct agent *a, const char **why)
{
	struct greeting g;
	bool is_good = wire_get_greeting(&a->parent.in, &g, why);

	if (!is_good && g.wire_version != WIRE_VERSION)
		fprintf(stderr,
		    "loadgen --agent: who started it speaks version %u of the "
		    "messages, this one speaks version %d\n",
		    g.wire_version, WIRE_VERSION);
	greeting_clear(&g);
	a->has_greeted = true;
	return is_good;
}

static bool take_command(struct agent *a, const char **why)
{
	enum command command;

	if (!wire_get_command(&a->parent.in, &command, why))
		return false;
	obey(a, command);
	return true;
}

static bool take_start(struct agent *a, const char **why)
{
	struct start start;
	bool is_good = wire_get_start(&a->parent.in, &start, why);

	*why = "a start that is not for this agent";
	/* one that was told to stop meanwhile does not start any more */
	is_good = is_good && (a->is_stopping || begin_playing(a, &start));
	start_clear(&start);
	return is_good;
}

static bool take_users(struct agent *a, const char **why)
{
	int32_t users;

	if (!wire_get_users(&a->parent.in, &users, why))
		return false;
	if (a->phase == AGENT_PLAYING)
		fleet_add_users(a->fleet, users);
	return true;
}

static bool take_ping(struct agent *a, const char **why)
{
	uint64_t number;

	if (!wire_get_ping(&a->parent.in, MESSAGE_PING, &number, why))
		return false;
	wire_put_ping(&a->parent.out, MESSAGE_PONG, number);
	return true;
}

static bool take_prepare(struct agent *a, const char **why)
{
	if (!wire_get_prepare(&a->parent.in, why))
		return false;
	if (!a->is_stopping)
		agent_load(a);
	return true;
}

/* False: it is nothing that a parent says now. */
static bool take_message(
    struct agent *a, enum message_type type, const char **why)
{
	bool is_loading = a->phase == AGENT_LOADING;

	*why = "a message that is not for an agent, or not now";
	if (type != MESSAGE_GREETING && !a->has_greeted)
		return false;
	switch (type) {
	case MESSAGE_GREETING:
		return !a->has_greeted && take_greeting(a, why);
	case MESSAGE_ITEM:
		return is_loading &&
		       agent_plan_take_item(&a->source, &a->parent.in, why);
	case MESSAGE_BYTES:
		return is_loading &&
		       agent_plan_take_bytes(&a->source, &a->parent.in, why);
	case MESSAGE_PREPARE:
		return is_loading && take_prepare(a, why);
	case MESSAGE_START:
		return take_start(a, why);
	case MESSAGE_COMMAND:
		return take_command(a, why);
	case MESSAGE_USERS:
		return take_users(a, why);
	case MESSAGE_PING:
		return take_ping(a, why);
	default:
		return false;
	}
}

void agent_hear(struct agent *a)
{
	enum peer_io io = peer_read(&a->parent);
	enum message_type type;
	const char *why = "";
	size_t bytes;

	a->heard_us = clock_us();
	while (!a->parent_is_gone) {
		enum wire_result found =
		    wire_peek(&a->parent.in, &type, &bytes, &why);

		if (found == WIRE_MORE)
			break;
		if (found == WIRE_BAD || !take_message(a, type, &why)) {
			fprintf(stderr, "loadgen --agent: %s\n", why);
			a->parent_is_gone = true;
		}
	}
	if (io != PEER_OPEN)
		a->parent_is_gone = true;
}
