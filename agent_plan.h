/*
 * What an agent's plan is made of, as it comes, and the plan once all is there.
 * Private to the files of the agent.
 */
#ifndef AGENT_PLAN_H
#define AGENT_PLAN_H

#include "base/buf.h"
#include "fleet/wire.h"
#include "plan/plan.h"

/* A zeroed struct has nothing yet. */
struct agent_plan {
	struct stock stock;
	uint8_t *room; /* borrowed from it: for what is to come of an item */
	uint64_t left; /* so many bytes */
	struct override *overrides; /* owned */
	struct plan *plan;          /* owned */
};
void agent_plan_clear(struct agent_plan *p);

/* Takes the message at the front of in. False, and why (static): it is none, or
 * comes out of turn, or is more than can be held. */
bool agent_plan_take_item(
    struct agent_plan *p, struct buf *in, const char **why);
bool agent_plan_take_bytes(
    struct agent_plan *p, struct buf *in, const char **why);

/* Loads it, and looks whether it can be played on this host; borrowed. NULL,
 * and why not (owned by the caller). */
const struct plan *agent_plan_load(struct agent_plan *p, char **why);
/* Whether these values are all that only hooks can give; if not, why not (owned
 * by the caller). */
bool agent_plan_has_values(
    const struct plan *plan, const struct wire_values *values, char **why);
/* How many worker processes it takes here. */
uint32_t agent_plan_workers(const struct plan *plan);

#endif
