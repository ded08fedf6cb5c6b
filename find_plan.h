/*
 * The plan of a search, and those of its steps: the same with another load.
 * It plays none of them.
 */
#ifndef FIND_PLAN_H
#define FIND_PLAN_H

#include "plan/plan.h"

/* Users, or tasks a second: the most that a plan may ask for. */
#define FIND_MOST_LOAD 1e7

struct find_plan {
	struct plan_source source; /* what it points to is borrowed */
	char *text;                /* owned: what standard input had, or NULL */
	size_t text_bytes;
	/* what the plan says */
	bool is_rate;   /* the load is tasks a second; else users */
	size_t n_hosts; /* that play it; 0: this machine alone */
	double start;   /* the load that it has */
	size_t n_thresholds;
	char *csv_path; /* owned: where the steps go; NULL: nowhere */
	uint64_t warmup_us;
	uint64_t measured_us; /* of a step behind its warm-up, at least */
	uint64_t max_users;   /* at the start; 0: not written */
};

/* Reads the plan, and standard input to its end where that is the plan; all its
 * mistakes and warnings, and those that are some for a search alone, go into d.
 * False: there are mistakes. To be cleared either way. */
bool find_plan_open(
    struct find_plan *f, const struct plan_source *source, struct diag *d);
void find_plan_clear(struct find_plan *f);

/* How long a step with this load is measured: where few tasks start longer, so
 * that there is something to judge. */
uint64_t find_plan_measured_us(const struct find_plan *f, double load);
/* The plan of a step, good to be played: its last two stages are the halves of
 * what is measured, and thresholds that want more load are left out. Owned by
 * the caller; NULL: a mistake, in d, or, as *is_too_much says, more than this
 * machine can make, and why is in d. */
struct plan *find_plan_load(
    const struct find_plan *f, double load, bool *is_too_much, struct diag *d);

#endif
