/*
 * An errand: setup or teardown, one task run once in a process of its own,
 * while the run waits.
 */
#ifndef ERRAND_H
#define ERRAND_H

#include "base/buf.h"
#include "fleet/fleet.h"
#include "events.h"
#include "plan/plan.h"
#include "report.h"

enum errand_wish {
	ERRAND_GO_ON,
	ERRAND_FINISH, /* as at the end of a run */
	ERRAND_LEAVE   /* at once */
};

struct errand_order {
	const struct plan *plan; /* borrowed, as all here */
	enum errand errand;
	const struct wire_values *values; /* that everyone has */
	struct wire_values *found; /* what its task sets is added; or NULL */
	struct report *report;     /* its requests are counted there */
	struct events *events;     /* whose hooks hear its own */
	/* What the run wants meanwhile: asked often, with signals let in. */
	enum errand_wish (*wish)(void *arg);
	void *arg;
};

enum errand_end {
	ERRAND_PASSED,
	ERRAND_FAILED,  /* a request or poll of it, which was counted */
	ERRAND_STOPPED, /* people wanted it so: of setup in any way */
	ERRAND_BROKEN   /* its process, its values or its data */
};

/* Runs it to its end. Puts why, when it did not pass. */
enum errand_end errand_run(const struct errand_order *order, struct buf *why);

#endif
