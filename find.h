/*
 * --find: the highest load at which all thresholds hold.
 */
#ifndef FIND_H
#define FIND_H

#include "plan/plan.h"
#include "report.h"

struct find_setup {
	struct plan_source source; /* what it points to is borrowed */
	enum verbosity verbosity;
	FILE *out; /* the steps and the answer */
	FILE *err; /* a line for each step while it goes */
};

/* Plays the plan in steps, each a run of its own, until it knows, and tells.
 * Returns what loadgen ends with: RUN_STATUS_PASSED where a load was found that
 * holds, RUN_STATUS_FAILED where none was, else as after a run. Lines into d
 * that have not been printed. */
int find_run(const struct find_setup *setup, struct diag *d);

#endif
