/*
 * Calling all who play together, and giving each its part. It must not know
 * what happens before and after.
 */
#include "muster.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "base/util.h"
#include "load/budget.h"
#include "load/pace.h"
#include "plan/source.h"
#include "report/text.h"
#include "worker.h"

enum {
	WORKERS_MOST = 8192, /* of one host */
	PIPE_US = 1000,      /* to tell a worker of our own */
	UNKNOWN_US =
	    200000,      /* there and back, to an agent that was not asked */
	TELL_US = 50,    /* to put an agent's start, */
	TELL_PARTS = 50, /* and so many parts of its roster in each more */
	NEWS_MOST_BYTES = 64 << 20 /* kept of each agent's */
};

/* --- calling ------------------------------------------------------------ */

/* What makes it play the hosts below it, and no others. */
static void put_hosts(struct stock *stock, const struct remote_host *host)
{
	char *text = remote_hosts_text(host->hosts, host->n_hosts);

	source_put_override(stock, "hosts",
	    &(struct override) {.section = "remote",
		.key = "hosts",
		.value = text,
		.where = "--remote"});
	free(text);
}

static void connect_all(struct muster *m, const struct stock *stock)
{
	const struct remote_options *remote = &m->plan->remote;

	host_names_init(&m->names, remote->hosts, remote->n_hosts);
	fleet_set_most_at_once(m->fleet, (uint32_t)remote->max_parallel);
	for (uint32_t i = 0; i < remote->n_hosts; i++) {
		const struct remote_host *host = &remote->hosts[i];

		m->parts[i].weight = (uint32_t)host->weight;
		put_hosts(&m->parts[i].own, host);
		fleet_connect(m->fleet,
		    &(struct fleet_host) {.name = host_names_of(&m->names, i),
			.rsh = remote->rsh,
			.program = remote->program,
			.copy = remote->copy,
			.connect_us = remote->connect_timeout_us,
			.stock = stock,
			.own = &m->parts[i].own,
			.here = muster_is_here(m, i) ? agent_child : NULL});
	}
}

int muster_call(struct muster *m, const struct plan *plan, struct fleet *fleet,
    const struct stock *stock, uint32_t workers)
{
	*m = (struct muster) {.plan = plan,
	    .fleet = fleet,
	    .has_agents = plan->remote.n_hosts > 0};
	m->n = m->has_agents ? (uint32_t)plan->remote.n_hosts : workers;
	m->parts = xcalloc((size_t)m->n + 1, sizeof(*m->parts));
	if (!m->has_agents) {
		roster_alike(&m->roster, workers);
		for (uint32_t i = 0; i < workers; i++)
			m->parts[i].first = i;
		return fleet_spawn(fleet, workers, worker_main, plan);
	}
	connect_all(m, stock);
	return 0;
}

void muster_clear(struct muster *m)
{
	for (uint32_t i = 0; i < m->n; i++) {
		roster_clear(&m->parts[i].roster);
		stock_clear(&m->parts[i].own);
	}
	for (size_t i = 0; i < m->n_news; i++)
		member_message_clear(&m->news[i].message);
	free(m->news);
	host_names_clear(&m->names);
	free(m->parts);
	free(m->users);
	roster_clear(&m->roster);
	*m = (struct muster) {0};
}

/* --- numbers ------------------------------------------------------------ */

/* A host that passes nothing on has no more than a plan can ask for, or a
 * machine has cores. */
static bool is_credible(
    const struct muster *m, uint32_t member, const struct roster *roster)
{
	return m->plan->remote.hosts[member].n_hosts > 0 ||
	       (roster->n == 1 && roster_workers(roster) <= WORKERS_MOST);
}

void muster_take_ready(struct muster *m, const struct fleet_event *event)
{
	struct muster_part *part = &m->parts[event->member->number];

	if (event->ready == NULL)
		return;
	if (!is_credible(m, event->member->number, &event->ready->roster)) {
		fleet_kill(m->fleet, event->member->number,
		    "has more workers than can be");
		return;
	}
	roster_clear(&part->roster);
	part->roster = event->ready->roster;
	event->ready->roster = (struct roster) {0};
	part->need_us = event->ready->need_us;
	part->files = event->ready->files;
}

/* Whether the whole can hold it behind so many workers, and one worker of each
 * of the others that follow. */
static bool has_room(const struct muster *m, const struct roster *roster,
    uint32_t workers, uint32_t others)
{
	return roster->n <= ROSTER_MAX_PARTS - 1 - others &&
	       m->roster.n <= ROSTER_MAX_PARTS - 1 - others - roster->n &&
	       roster_workers(roster) <= ROSTER_MAX_WORKERS - others - workers;
}

void muster_close(struct muster *m)
{
	uint32_t first = 0;

	if (!m->has_agents)
		return;
	for (uint32_t i = 0; i < m->n; i++) {
		struct muster_part *part = &m->parts[i];

		/* one that would be beyond what a roster can hold is killed,
		 * and counts as one worker, as do the lost: every other number
		 * must have its place there */
		if (part->roster.n == 0 ||
		    !has_room(m, &part->roster, first, m->n - 1 - i) ||
		    !roster_append(&m->roster, &part->roster, part->weight)) {
			fleet_kill(m->fleet, i, "has more workers than can be");
			roster_alike(&part->roster, 1);
			roster_append(&m->roster, &part->roster, part->weight);
		}
		part->first = first;
		first += roster_workers(&part->roster);
	}
}

const struct member *muster_member(const struct muster *m, uint32_t worker)
{
	uint32_t i = m->n - 1;

	while (m->parts[i].first > worker)
		i--;
	return fleet_member(m->fleet, i);
}

uint32_t muster_first(const struct muster *m, uint32_t member)
{
	return m->parts[member].first;
}

uint32_t muster_workers(const struct muster *m, uint32_t member)
{
	const struct roster *roster = &m->parts[member].roster;

	if (!m->has_agents)
		return 1;
	return roster->n > 0 ? roster_workers(roster) : 0;
}

/* --- names -------------------------------------------------------------- */

bool muster_is_here(const struct muster *m, uint32_t member)
{
	return m->has_agents && host_names_is_here(&m->names, member);
}

char *muster_host_name(
    const struct muster *m, uint32_t member, const char *said)
{
	if (said[0] == '\0')
		return xstrdup(fleet_member(m->fleet, member)->host);
	return host_names_behind(&m->names, member, said);
}

/* --- news of workers before they have numbers --------------------------- */

static bool put_number(
    struct muster *m, uint32_t member, struct member_message *news)
{
	if (news->worker >= muster_workers(m, member))
		return false;
	news->worker += m->parts[member].first;
	return true;
}

static void hold_news(struct muster *m, const struct fleet_event *event)
{
	const struct member_message *from = event->news;
	struct muster_part *part = &m->parts[event->member->number];
	struct muster_news *held;

	part->news_bytes +=
	    sizeof(*held) + strlen(from->host) + strlen(from->why);
	if (part->news_bytes > NEWS_MOST_BYTES) {
		fleet_kill(m->fleet, event->member->number,
		    "says too much of its workers");
		return;
	}
	m->news = grow(m->news, m->n_news, &m->cap_news, sizeof(*m->news));
	held = &m->news[m->n_news++];
	*held = (struct muster_news) {
	    .member = event->member->number, .message = *from};
	held->message.host = xstrdup(from->host);
	held->message.why = xstrdup(from->why);
}

bool muster_take_news(struct muster *m, const struct fleet_event *event,
    struct member_message *news)
{
	if (m->roster.n == 0) {
		hold_news(m, event);
		return false;
	}
	*news = *event->news;
	return put_number(m, event->member->number, news);
}

bool muster_next_news(struct muster *m, struct member_message *news)
{
	while (m->news_told < m->n_news) {
		struct muster_news *held = &m->news[m->news_told++];

		*news = held->message;
		held->message = (struct member_message) {0};
		if (put_number(m, held->member, news))
			return true;
		member_message_clear(news);
	}
	return false;
}

/* --- what they need ----------------------------------------------------- */

/* Half of the way there and back, when it is not busy. */
static uint64_t way_us(const struct member *member)
{
	if (!member->is_agent)
		return PIPE_US;
	return (member->rtt_us > 0 ? member->rtt_us : UNKNOWN_US) / 2;
}

uint64_t muster_need_us(const struct muster *m)
{
	uint64_t most_us = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		const struct member *member = fleet_member(m->fleet, i);
		uint64_t us = way_us(member) + m->parts[i].need_us;

		if (member->state == MEMBER_READY && us > most_us)
			most_us = us;
	}
	/* one is told after the other */
	if (m->has_agents)
		most_us += m->n * (TELL_US + m->roster.n / TELL_PARTS);
	return most_us < WIRE_MAX_NEED_US ? most_us : WIRE_MAX_NEED_US;
}

uint64_t muster_files(const struct muster *m)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < m->n; i++)
		if (fleet_member(m->fleet, i)->state == MEMBER_READY &&
		    m->parts[i].files < least)
			least = m->parts[i].files;
	return least;
}

static uint64_t most_of(const uint64_t *counts, uint32_t n)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < n; i++)
		if (counts[i] > most)
			most = counts[i];
	return most;
}

static void count_users(struct muster *m)
{
	if (m->users != NULL)
		return;
	m->users = xcalloc(roster_workers(&m->roster), sizeof(*m->users));
	deal_count_workers(m->plan, &m->roster, m->users);
}

uint64_t muster_users(struct muster *m, uint32_t worker)
{
	count_users(m);
	return m->users[worker];
}

bool muster_fits(struct muster *m, char **why)
{
	*why = NULL;
	count_users(m);
	for (uint32_t i = 0; i < m->n && *why == NULL; i++) {
		const struct member *member = fleet_member(m->fleet, i);
		uint32_t n = muster_workers(m, i);
		uint64_t users = most_of(m->users + m->parts[i].first, n);
		uint64_t need = budget_files_of(m->plan, users, 1);

		if (member->state != MEMBER_READY || need <= m->parts[i].files)
			continue;
		*why = xasprintf("host %s: %" PRIu64
				 " user%s on one worker there may need %" PRIu64
				 " open files, the limit there is %" PRIu64
				 ": raise it with ulimit -n, or use fewer "
				 "users, or more hosts",
		    member->host, users, plural(users), need,
		    m->parts[i].files);
	}
	return *why == NULL;
}

/* --- the start ---------------------------------------------------------- */

/* What falls to an agent of the rows that are ours. */
static void share_rows(
    const struct muster *m, uint32_t child, struct start *start)
{
	for (size_t i = 0; i < start->n_rows; i++) {
		struct row_range *rows = &start->rows[i];

		roster_rows(&m->roster, child, rows->from, rows->upto,
		    &rows->from, &rows->upto);
	}
}

void muster_start(const struct muster *m, const struct start *base)
{
	uint64_t began_us = clock_us();

	for (uint32_t i = 0; i < m->n; i++) {
		const struct member *member = fleet_member(m->fleet, i);
		uint64_t late_us = clock_us() - began_us;
		struct start start = *base;

		if (member->is_agent)
			late_us += way_us(member);
		start.delay_us =
		    base->delay_us > late_us ? base->delay_us - late_us : 0;
		start.worker = base->worker + m->parts[i].first;
		if (member->is_agent)
			share_rows(m, i, &start);
		else
			start.n_rows = 0;
		fleet_start(m->fleet, i, &start);
	}
}
