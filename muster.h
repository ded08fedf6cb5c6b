/*
 * Who plays a run: workers of our own, or agents on other hosts with theirs.
 * As they get ready it becomes known how many they are; then each is told its
 * part. It knows no reports, and nothing of what is counted.
 */
#ifndef MUSTER_H
#define MUSTER_H

#include "fleet/fleet.h"
#include "host_names.h"
#include "plan/plan.h"

struct muster {
	const struct plan *plan; /* borrowed, as is the fleet */
	struct fleet *fleet;
	bool has_agents;
	struct muster_part {
		struct roster roster; /* of an agent's workers */
		uint32_t first;       /* number of its first worker */
		uint32_t weight;
		uint64_t need_us;
		uint64_t files;
		size_t news_bytes; /* of its news that are kept */
		struct stock own;  /* that the agent is sent beside the rest */
	} * parts;                 /* owned, by member */
	uint32_t n;
	struct host_names names; /* of agents */
	struct roster roster;    /* of all; empty before muster_close */
	uint64_t *users; /* owned: by worker; NULL: nobody has asked yet */
	struct muster_news {
		uint32_t member;
		struct member_message message; /* owned */
	} * news; /* owned: what came before there were numbers */
	size_t n_news;
	size_t cap_news;
	size_t news_told;
};

/* Starts as many workers, or connects to the hosts that the plan has. stock is
 * what agents are to load the plan from, borrowed for the fleet's life. 0, or
 * -1 and errno; muster_clear is the caller's also then. */
int muster_call(struct muster *m, const struct plan *plan, struct fleet *fleet,
    const struct stock *stock, uint32_t workers);
void muster_clear(struct muster *m);

/* An agent is ready: takes what it says of its workers. */
void muster_take_ready(struct muster *m, const struct fleet_event *event);
/* All are ready, or lost: from now on each worker has its number; an agent that
 * was lost counts as one, and so does one with more than can be, which is
 * killed. Workers of our own have theirs from the beginning. */
void muster_close(struct muster *m);
/* What an agent says of one of its workers, borrowed from the event, with the
 * number that the worker has here. False: it has none yet, and this is kept, or
 * there is no such worker. */
bool muster_take_news(struct muster *m, const struct fleet_event *event,
    struct member_message *news);
/* What was kept is had one by one when there are numbers, and
 * member_message_clear is the caller's. False: there is no more. */
bool muster_next_news(struct muster *m, struct member_message *news);
/* Who has the worker of that number; below the number of all. */
const struct member *muster_member(const struct muster *m, uint32_t worker);
uint32_t muster_first(const struct muster *m, uint32_t member);
/* 0: an agent has not said it yet. */
uint32_t muster_workers(const struct muster *m, uint32_t member);

/* Whether a member is an agent on this machine. */
bool muster_is_here(const struct muster *m, uint32_t member);
/* What the host is called that a member says something of: "" is its own, as
 * which it is known here. Owned by the caller. */
char *muster_host_name(
    const struct muster *m, uint32_t member, const char *said);

/* How many of the plan's users fall to a worker. */
uint64_t muster_users(struct muster *m, uint32_t worker);

/* How long it takes until all are told, at most. */
uint64_t muster_need_us(const struct muster *m);
/* The least that a worker of any agent may open. */
uint64_t muster_files(const struct muster *m);
/* Whether the users of each agent's workers can have as many files open as they
 * need there; false, and why (owned by the caller). */
bool muster_fits(struct muster *m, char **why);

/* Tells all who are ready to start: base->worker is the number of our first
 * worker, base->roster that of the whole run, and base->rows what is ours of
 * the rows that are unique. */
void muster_start(const struct muster *m, const struct start *base);

#endif
