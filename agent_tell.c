/*
 * What an agent tells its parent. It must not know when.
 */
#include "agent_private.h"

#include <stdlib.h>

#include "base/util.h"

enum { MAX_BACKLOG = 1 << 20 }; /* of events: then they drop */

void agent_flush(struct agent *a)
{
	if (peer_backlog(&a->parent) > 0 && peer_write(&a->parent) != PEER_OPEN)
		a->parent_is_gone = true;
}

void agent_greet(struct agent *a)
{
	wire_greet(&a->parent.out);
	agent_flush(a);
}

void agent_refuse(struct agent *a, enum readiness readiness, const char *text)
{
	char *why = xstrdup(text);
	struct ready_message ready = {.readiness = readiness, .why = why};

	wire_put_ready(&a->parent.out, &ready);
	free(why);
	a->phase = AGENT_READY;
	a->is_stopping = true;
}

void agent_tell_done(
    struct agent *a, uint32_t worker, const struct books *books)
{
	struct member_message m = {
	    .worker = worker, .news = MEMBER_NEWS_DONE, .books = *books};

	wire_put_member(&a->parent.out, &m);
}

char *agent_host_name(
    const struct agent *a, const struct member *m, const char *said)
{
	bool is_ours = !m->is_agent || muster_is_here(&a->muster, m->number);

	if (said[0] == '\0' && is_ours)
		return xstrdup("");
	return muster_host_name(&a->muster, m->number, said);
}

void agent_tell_lost(struct agent *a, const struct member *m)
{
	uint32_t first = muster_first(&a->muster, m->number);
	uint32_t n = muster_workers(&a->muster, m->number);
	char *why = xstrdup(m->why_lost);
	char *host = agent_host_name(a, m, "");

	for (uint32_t i = 0; i < n; i++) {
		wire_put_member(&a->parent.out,
		    &(struct member_message) {.worker = first + i,
			.news = MEMBER_NEWS_LOST,
			.host = host,
			.why = why});
		news_worker(a->events.hooks, "worker_lost", first + i,
		    (long)m->pid, m->host, m->why_lost);
	}
	free(host);
	free(why);
}

void agent_tell_news(
    struct agent *a, const struct member *m, const struct member_message *news)
{
	struct member_message named = *news;

	named.host = agent_host_name(a, m, news->host);
	wire_put_member(&a->parent.out, &named);
	free(named.host);
}

static bool has_room(const struct agent *a)
{
	return a->is_ending || peer_backlog(&a->parent) < MAX_BACKLOG;
}

/* What tells more than hooks is put as long as there is memory for it. */
bool agent_put_message(struct agent *a, const struct event_message *m)
{
	struct buf *out = &a->parent.out;
	bool is_put = false;

	if (m->notice != NOTICE_EVENT || has_room(a)) {
		wire_put_event(out, m);
		is_put = !out->full;
		out->full = false;
	}
	return is_put;
}

/* With where it was, which the parent cannot know of a host behind us. */
bool agent_tell_trouble(
    struct agent *a, const char *host, const char *text, uint64_t count)
{
	char *copy = xstrdup(text), *where = xstrdup(host);
	char key[] = "host";
	struct notice_field field = {.key = key, .value = where};
	bool is_told = agent_put_message(
	    a, &(struct event_message) {.notice = NOTICE_TROUBLE,
		   .name = copy,
		   .number = count,
		   .fields = &field,
		   .n_fields = host[0] != '\0'});

	free(where);
	free(copy);
	return is_told;
}

void agent_tell_troubles(struct agent *a)
{
	struct hook_trouble trouble;

	while (has_room(a) && hooks_next_trouble(a->events.hooks, &trouble))
		agent_tell_trouble(a, "", trouble.text, trouble.count);
	if (a->events_dropped > 0 &&
	    agent_tell_trouble(a, "",
		"events dropped: the hooks of the parent do not keep up",
		a->events_dropped))
		a->events_dropped = 0;
}
