/*
 * From what was sent to those who are ready to play it. It must not know how
 * they play.
 */
#include "agent_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "load/budget.h"

enum { MAX_WHY_BYTES = 8192 };

void agent_load(struct agent *a)
{
	char *why = NULL;
	struct limits limits;

	a->plan = agent_plan_load(&a->source, &why);
	if (a->plan == NULL) {
		agent_refuse(a, READY_REFUSED, why);
		free(why);
		return;
	}
	/* for its workers too, who are born with its limits */
	limits_raise(&limits);
	if (muster_call(&a->muster, a->plan, a->fleet, &a->source.stock,
		agent_plan_workers(a->plan)) != 0) {
		agent_refuse(a, READY_REFUSED, "its workers cannot be started");
		return;
	}
	a->phase = AGENT_CALLING;
	/* a host that only passes the plan on plays nothing */
	if (a->muster.has_agents)
		return;
	events_clear(&a->events);
	events_init(
	    &a->events, a->plan, EVENTS_HOST, 0, fleet_poller(a->fleet));
}

/* A line NAME=VALUE of a hook of this host. */
static void take_value(
    void *arg, const char *hook, const char *name, const char *value)
{
	struct agent *a = arg;
	char *text;

	if (values_add(&a->values, name, value))
		return;
	text = xasprintf("hook %s: more values than can be kept", hook);
	agent_tell_trouble(a, "", text, 1);
	free(text);
}

static bool should_stop(void *arg)
{
	struct agent *a = arg;

	agent_hear(a);
	agent_flush(a);
	return a->is_stopping || a->parent_is_gone;
}

/* Hooks on test_start that run on each host; false: it was said that one has
 * failed. */
static bool run_start_hooks(struct agent *a)
{
	struct event event = {.name = "test_start", .wall_us = wall_us()};
	struct hooks_ear ear = {
	    .take = take_value, .should_stop = should_stop, .arg = a};
	struct buf why;
	bool is_good;

	if (a->events.n == 0)
		return true;
	buf_init(&why, MAX_WHY_BYTES);
	is_good = hooks_run_now(a->events.hooks, &event, &ear, &why);
	if (!is_good && !a->is_stopping)
		agent_refuse(a, READY_ENDS_RUN, buf_text(&why));
	buf_clear(&why);
	return is_good && !a->is_stopping;
}

static uint32_t count_ready(const struct agent *a)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < fleet_size(a->fleet); i++)
		n += fleet_member(a->fleet, i)->state == MEMBER_READY;
	return n;
}

static const char *why_nobody(const struct agent *a)
{
	return fleet_size(a->fleet) > 0 &&
		       fleet_member(a->fleet, 0)->why_lost != NULL
		   ? fleet_member(a->fleet, 0)->why_lost
		   : "nobody is there to play";
}

/* Workers that are lost already are told so once it is known who they are. */
static void tell_workers(struct agent *a)
{
	struct member_message news;

	for (uint32_t i = 0; i < fleet_size(a->fleet); i++) {
		const struct member *m = fleet_member(a->fleet, i);
		char host[] = "";

		if (m->is_agent)
			continue;
		news = (struct member_message) {
		    .worker = i, .pid = (uint32_t)m->pid, .host = host};
		wire_put_member(&a->parent.out, &news);
		news_worker(a->events.hooks, "worker_up", i, (long)m->pid,
		    host_name(), NULL);
	}
	while (muster_next_news(&a->muster, &news)) {
		agent_tell_news(
		    a, muster_member(&a->muster, news.worker), &news);
		member_message_clear(&news);
	}
}

void agent_get_ready(struct agent *a)
{
	struct ready_message ready = {.readiness = READY_TO_START};
	struct limits limits;

	if (count_ready(a) == 0) {
		agent_refuse(a, READY_REFUSED, why_nobody(a));
		return;
	}
	muster_close(&a->muster);
	roll_init(&a->roll, a->plan, a->fleet);
	a->gather.workers = roster_workers(&a->muster.roster);
	if (!run_start_hooks(a))
		return;
	limits_raise(&limits);
	tell_workers(a);
	ready.roster = a->muster.roster;
	ready.need_us = muster_need_us(&a->muster);
	ready.files =
	    a->muster.has_agents ? muster_files(&a->muster) : limits.files;
	wire_put_ready(&a->parent.out, &ready);
	a->phase = AGENT_READY;
	for (uint32_t i = 0; i < fleet_size(a->fleet); i++)
		if (fleet_member(a->fleet, i)->state == MEMBER_LOST)
			agent_tell_lost(a, fleet_member(a->fleet, i));
}
