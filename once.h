/*
 * --once: one user of each kind runs each of its tasks once, in this process,
 * and every request is told as it ends.
 */
#ifndef ONCE_H
#define ONCE_H

#include <stdbool.h>
#include <stdio.h>

#include "plan/plan.h"

struct once_setup {
	struct plan *plan; /* borrowed; is told to keep all of each answer */
	const char *task;  /* this one alone; NULL: each */
	bool is_verbose;   /* headers and bodies too */
	FILE *out;
};

/* Whether there is such a task; a line into d where there is none. */
bool once_check(const struct once_setup *setup, struct diag *d);
/* Plays it. What loadgen ends with: one of RUN_STATUS_*. */
int once_run(const struct once_setup *setup);

#endif
