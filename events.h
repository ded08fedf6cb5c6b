/*
 * From the hooks of a plan to those of this process: which of them it runs,
 * and which events somebody waits for.
 */
#ifndef EVENTS_H
#define EVENTS_H

#include "base/buf.h"
#include "hook/hooks.h"
#include "plan/plan.h"

/* The hooks of one process. */
struct events {
	struct hooks *hooks;     /* owned */
	struct hook_spec *specs; /* owned */
	size_t n;
	struct hook_identity who;
	struct poller *poller; /* borrowed */
};

/* Where hooks run, as bits: the parent of workers of its own is the host too.
 */
enum events_place { EVENTS_PARENT = 1, EVENTS_HOST = 2, EVENTS_WORKER = 4 };

/* The hooks that run at these places; a worker has a number. plan and poller
 * are borrowed. */
void events_init(struct events *e, const struct plan *plan, unsigned places,
    long worker, struct poller *poller);
/* No hooks at all, while there is no plan. */
void events_init_none(struct events *e, struct poller *poller);
void events_clear(struct events *e);
/* Waits so long at most, and lets the hooks have what is theirs of what came.
 * Events of other descriptors come again. */
void events_turn(struct events *e, uint64_t wait_us);
/* Whether the values are there that only hooks can give: what `has` says of
 * each. False, and why, when one is missing. */
bool events_gave_all(const struct plan *plan,
    bool (*has)(const void *arg, const struct variable *variable),
    const void *arg, struct buf *why);
/* Whether some hook of the plan at these places is on this event. */
bool events_heard(const struct plan *plan, const char *event, unsigned places);

#endif
