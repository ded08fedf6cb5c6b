/*
 * What stands around the load: hooks on test_start and setup before it,
 * teardown and hooks that still run behind it, and the values that all of
 * these give to everyone. The load itself it does not know.
 */
#ifndef AROUND_H
#define AROUND_H

#include "errand.h"
#include "events.h"

/* The first three are set by the caller, and borrowed. */
struct around {
	const struct plan *plan;
	/* What people want meanwhile; asked often, lets signals in. */
	enum errand_wish (*wish)(void *arg);
	void *arg;

	struct report *report;     /* borrowed */
	struct events events;      /* the hooks of the parent */
	struct wire_values values; /* that everyone has */
	bool is_reported;          /* troubles come too late for the report */
};

/* The hooks wait with this poller, whose owner hands their events on. */
void around_init(
    struct around *a, struct report *report, struct poller *poller);
/* What hooks do wrong from now on goes to standard error. */
void around_clear(struct around *a);

/* Hooks on test_start, and setup. False: nothing is to be sent; why has been
 * told to the report, unless people wanted it so. */
bool around_begin(struct around *a);
/* teardown, where there is one. A request of it that failed is a failure like
 * others. */
void around_tear_down(struct around *a);
/* All has happened, but for the report: streams end, commands that run have
 * until their timeouts, and what went wrong is reported. */
void around_end(struct around *a);
/* Starts, ends and reports what is due of the hooks. */
void around_run_hooks(struct around *a);
/* The last event of all; waits until all hooks are gone. */
void around_exit(struct around *a, int status);

#endif
