/*
 * What the files of the agent share: its state, and what one of them does for
 * the others. Private to them.
 */
#ifndef AGENT_PRIVATE_H
#define AGENT_PRIVATE_H

#include "agent_plan.h"
#include "events.h"
#include "fleet/fleet.h"
#include "fleet/peer.h"
#include "gather.h"
#include "muster.h"
#include "news.h"
#include "roll.h"

enum agent_phase {
	AGENT_LOADING, /* takes what the plan is made of */
	AGENT_CALLING, /* those who play are on their way */
	AGENT_READY,   /* all of them; or it was said why not */
	AGENT_PLAYING
};

struct agent {
	struct fleet *fleet;
	struct peer parent;
	enum agent_phase phase;
	bool has_greeted; /* the parent */
	bool parent_is_gone;
	bool is_stopping;
	bool must_leave;   /* at once */
	bool is_ending;    /* last words are put, whoever reads them */
	uint64_t heard_us; /* when the parent said anything */
	uint64_t kill_us;  /* who is still there then is killed */
	uint64_t show_us;  /* what was asked for is told then */
	uint64_t events_dropped;

	struct agent_plan source;
	const struct plan *plan; /* of source; NULL: not loaded yet */
	struct muster muster;
	struct roll roll;
	struct gather gather;
	struct events events; /* of this host */
	struct news_calendar calendar;
	struct wire_values values; /* that hooks of this host have printed */
};

/* --- what the parent is told: agent_tell.c ------------------------------ */

/* Writes what is put, as far as it is taken. */
void agent_flush(struct agent *a);
void agent_greet(struct agent *a);
/* Not to be started, and why; then it ends. */
void agent_refuse(struct agent *a, enum readiness readiness, const char *why);
void agent_tell_done(
    struct agent *a, uint32_t worker, const struct books *books);
/* What the parent is to call the host that a member says something of, "" being
 * the member's: "" for our own, which it has a name for. Owned by the caller.
 */
char *agent_host_name(
    const struct agent *a, const struct member *m, const char *said);
/* Of a member that is lost, or of all its workers. */
void agent_tell_lost(struct agent *a, const struct member *m);
/* What an agent behind us says of a worker, whose number is ours already. */
void agent_tell_news(
    struct agent *a, const struct member *m, const struct member_message *news);
/* False: the parent does not read, and nothing was put. That is an event, or
 * there is no room for anything. */
bool agent_put_message(struct agent *a, const struct event_message *m);
/* With where it was, "" being here. */
bool agent_tell_trouble(
    struct agent *a, const char *host, const char *text, uint64_t count);
void agent_tell_troubles(struct agent *a);

/* --- getting ready: agent_ready.c --------------------------------------- */

/* All that the plan is made of is here. */
void agent_load(struct agent *a);
/* All who play are ready, or lost. */
void agent_get_ready(struct agent *a);

/* --- what the parent says: agent_hear.c --------------------------------- */

void agent_hear(struct agent *a);
/* No more tasks; hooks learn of it. */
void agent_begin_stopping(struct agent *a);

#endif
