/*
 * What comes from those who play. It must not know what the run does about it.
 */
#include "intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "news.h"
#include "report/text.h"

enum {
	NAMED = 3, /* of the hosts that are waited for */
	WAITING_BYTES = 4096
};

/* The clock of a machine stands still while it sleeps. */
enum { AHEAD_US = 60000000 };

/* One count of a snapshot; what else it says goes with the first. */
static void report_count(struct intake *in, const struct snapshot *s,
    uint32_t first, const struct worker_count *c, bool is_first)
{
	struct report_delta delta = {
	    .worker = first + c->worker,
	    .until_us = s->until_us,
	    .users = c->users,
	    .most_users = c->most_users,
	    .jobs = c->jobs,
	    .is_last_part = s->n_counts > 0,
	    .is_warmup = s->stage == 0,
	    .stage = s->stage,
	    .cpu_us = c->cpu_us,
	    .busy_us = c->busy_us,
	    .books = &c->books,
	    .lateness = &c->lateness,
	    .lag = is_first ? &s->lag : NULL,
	    .has_rows = is_first && s->has_any,
	};

	report_delta(in->report, &delta);
}

/* Since the start; 0: before it. */
static uint64_t passed_us(const struct intake *in)
{
	uint64_t now_us = clock_us();
	uint64_t start_us = in->roll->start_us;

	return start_us > 0 && now_us > start_us ? now_us - start_us : 0;
}

/* Why it is not to be believed, or NULL. */
static const char *look_at(
    const struct intake *in, const struct snapshot *s, uint32_t workers)
{
	for (size_t i = 0; i < s->n_counts; i++)
		if (s->counts[i].worker >= workers)
			return "counts for workers that it does not have";
	/* the run would seem to have lasted until then */
	return s->until_us > passed_us(in) + AHEAD_US ? "counts what is to come"
						      : NULL;
}

static void take_snapshot(struct intake *in, const struct fleet_event *event)
{
	static const struct worker_count nothing;
	const struct snapshot *s = event->snapshot;
	uint32_t member = event->member->number;
	uint32_t first = muster_first(in->muster, member);
	const char *why = look_at(in, s, muster_workers(in->muster, member));

	if (why != NULL) {
		fleet_kill(in->fleet, member, why);
		return;
	}
	snapshot_unpack(s, report_rows(in->report, s->stage == 0, s->stage));
	for (size_t i = 0; i < s->n_counts; i++)
		report_count(in, s, first, &s->counts[i], i == 0);
	if (s->n_counts == 0)
		report_count(in, s, first, &nothing, true);
	if (s->is_last_part)
		roll_heard(in->roll, member, s->grid, clock_us());
	if (s->until_us > in->until_us)
		in->until_us = s->until_us;
	in->has_more = in->has_more || s->has_any;
}

/* An agent says on which of the hosts behind it. */
static void take_trouble(struct intake *in, const struct member *member,
    const struct event_message *m)
{
	char *host = muster_host_name(in->muster, member->number,
	    m->n_fields > 0 ? m->fields[0].value : "");

	report_trouble(in->report, host, m->name, m->number);
	free(host);
}

static void take_message(struct intake *in, const struct fleet_event *event)
{
	const struct event_message *m = event->message;

	switch (m->notice) {
	case NOTICE_EVENT:
		news_message(in->events->hooks, m);
		break;
	case NOTICE_STOP:
		report_ended_by(in->report, m->name);
		in->wants_stop = true;
		break;
	case NOTICE_TROUBLE:
		take_trouble(in, event->member, m);
		break;
	case NOTICES:
		break;
	}
}

/* Since the start: up to when a member's counts have come; 0: it was lost
 * before the start. */
static uint64_t counted_us(const struct intake *in, uint32_t member)
{
	uint64_t start_us = in->roll->start_us;
	uint64_t at_us = in->roll->members[member].at_us;

	if (start_us == 0)
		return 0;
	return at_us > start_us ? at_us - start_us : 1;
}

/* At once, for who looks on: the summary may be hours away. */
static void note_lost(
    struct intake *in, const char *what, const char *who, const char *why)
{
	char *text = xasprintf("%s %s lost: %s", what, who, why);

	report_note(in->report, passed_us(in), text);
	free(text);
}

/* What became of a worker, by its number in the run. */
static void tell_lost(struct intake *in, uint32_t member, uint32_t worker,
    long pid, const char *host, const char *why)
{
	report_worker_lost(in->report, worker, why,
	    muster_users(in->muster, worker), counted_us(in, member));
	news_worker(in->events->hooks, "worker_lost", worker, pid, host, why);
}

/* A host that is lost is all of its workers. */
static void tell_all_lost(struct intake *in, const struct member *m)
{
	uint32_t first = muster_first(in->muster, m->number);
	uint32_t n = muster_workers(in->muster, m->number);

	for (uint32_t i = 0; i < n; i++)
		tell_lost(in, m->number, first + i,
		    m->is_agent ? 0 : (long)m->pid, m->host, m->why_lost);
}

static void lose(struct intake *in, const struct member *m)
{
	char number[24];

	if (in->is_called_off && in->muster->roster.n == 0)
		return;
	snprintf(number, sizeof(number), "%u", m->number);
	note_lost(in, m->is_agent ? "host" : "worker",
	    m->is_agent ? m->host : number, m->why_lost);
	/* before there are numbers it is told later */
	if (in->muster->roster.n > 0)
		tell_all_lost(in, m);
}

/* A host behind an agent has not said what its workers are, where it was lost
 * on the way. */
static void lose_worker(struct intake *in, const struct member *m,
    const struct member_message *news, const char *host)
{
	const struct worker_view *w =
	    &report_results(in->report)->workers[news->worker];
	char number[24];

	if (w->why_lost != NULL)
		return;
	if (strcmp(w->host, host) != 0)
		report_worker(in->report, news->worker, host, 0);
	snprintf(number, sizeof(number), "%u", news->worker);
	/* one that never was is its host */
	note_lost(in, w->pid == 0 ? "host" : "worker",
	    w->pid == 0 ? host : number, news->why);
	tell_lost(in, m->number, news->worker, 0, host, news->why);
}

static void take_news(struct intake *in, const struct member *m,
    const struct member_message *news)
{
	struct hooks *hooks = in->events->hooks;
	char *host = muster_host_name(in->muster, m->number, news->host);

	switch (news->news) {
	case MEMBER_NEWS_UP:
		report_worker(in->report, news->worker, host, (long)news->pid);
		news_worker(hooks, "worker_up", news->worker, (long)news->pid,
		    host, NULL);
		break;
	case MEMBER_NEWS_DONE:
		report_worker_final(in->report, news->worker, &news->books);
		break;
	case MEMBER_NEWS_LOST:
		lose_worker(in, m, news, host);
		break;
	case MEMBER_NEWS:
		break;
	}
	free(host);
}

/* Of one of the workers of an agent. */
static void take_member(struct intake *in, const struct fleet_event *event)
{
	struct member_message news;

	if (muster_take_news(in->muster, event, &news))
		take_news(in, event->member, &news);
}

static void take_ready(struct intake *in, const struct fleet_event *event)
{
	const struct member *m = event->member;
	char *why;

	if (!m->is_agent) {
		report_worker(in->report, m->number, m->host, (long)m->pid);
		news_worker(in->events->hooks, "worker_up", m->number,
		    (long)m->pid, m->host, NULL);
	} else if (event->ready->readiness == READY_ENDS_RUN) {
		why = xasprintf("host %s: %s", m->host, event->ready->why);
		report_broken(in->report, why);
		free(why);
		in->is_refused = true;
	} else {
		muster_take_ready(in->muster, event);
	}
}

void intake_event(struct intake *in, const struct fleet_event *event)
{
	const struct member *m = event->member;

	switch (event->type) {
	case FLEET_NOTHING:
	case FLEET_VALUES:
		break;
	case FLEET_READY:
		take_ready(in, event);
		break;
	case FLEET_EVENT:
		take_message(in, event);
		break;
	case FLEET_MEMBER:
		take_member(in, event);
		break;
	case FLEET_WORDS:
		report_words(in->report, m->host, event->words);
		break;
	case FLEET_SNAPSHOT:
		take_snapshot(in, event);
		break;
	case FLEET_DONE:
		if (!m->is_agent)
			report_worker_final(
			    in->report, m->number, &event->final->books);
		break;
	case FLEET_LOST:
		lose(in, m);
		break;
	}
}

void intake_note_waiting(struct intake *in)
{
	uint32_t n = 0, all = fleet_size(in->fleet);
	struct buf text;

	buf_init(&text, WAITING_BYTES);
	for (uint32_t i = 0; i < all; i++) {
		const struct member *m = fleet_member(in->fleet, i);

		if (m->state != MEMBER_SPAWNED)
			continue;
		if (n++ < NAMED)
			buf_printf(&text, "%s %s", n > 1 ? "," : "", m->host);
	}
	if (n > NAMED)
		buf_puts(&text, ", ...");
	if (n > 0) {
		char *line = xasprintf("waiting for %u of %u host%s:%s", n, all,
		    plural(all), buf_text(&text));

		report_note(in->report, 0, line);
		free(line);
	}
	buf_clear(&text);
}

/* Of the hosts that are to play: one that passes the plan on is none. */
static void note_ready(struct intake *in)
{
	const struct results *results = report_results(in->report);
	const struct remote_options *remote = &results->plan->remote;
	size_t all = remote_count(remote->hosts, remote->n_hosts);
	uint32_t hosts, workers;
	char *text;

	report_count_ready(in->report, &hosts, &workers);
	text = xasprintf("%u of %zu host%s %s ready, with %u worker%s", hosts,
	    all, plural(all), hosts == 1 ? "is" : "are", workers,
	    plural(workers));
	if (hosts > 0)
		report_note(in->report, 0, text);
	free(text);
}

/* Numbers are known: those who were lost on the way are told, and what was said
 * of workers meanwhile. */
void intake_close_muster(struct intake *in)
{
	struct member_message news;

	muster_close(in->muster);
	if (!in->muster->has_agents)
		return;
	report_workers(in->report, roster_workers(&in->muster->roster));
	for (uint32_t i = 0; i < fleet_size(in->fleet); i++) {
		const struct member *m = fleet_member(in->fleet, i);
		uint32_t first = muster_first(in->muster, i);

		for (uint32_t k = 0; k < muster_workers(in->muster, i); k++)
			report_worker(in->report, first + k, m->host, 0);
		if (m->state == MEMBER_LOST)
			tell_all_lost(in, m);
	}
	while (muster_next_news(in->muster, &news)) {
		take_news(in, muster_member(in->muster, news.worker), &news);
		member_message_clear(&news);
	}
	note_ready(in);
}
