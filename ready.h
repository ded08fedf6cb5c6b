/*
 * Whether a plan can be played on this machine, and by how many processes.
 */
#ifndef READY_H
#define READY_H

#include "plan/plan.h"

/* How many workers play it. */
uint32_t ready_workers(const struct plan *plan);
/* The same when a run begins: 0 where other hosts play it, as how many they
 * have is not known yet. */
uint32_t ready_run_workers(const struct plan *plan);
/* A line in d where each of so many workers may need more open files than it
 * may have; raises what may be raised. */
void ready_check_files(
    const struct plan *plan, uint32_t workers, struct diag *d);
/* A line in d where this machine cannot hold the connections to all hosts of
 * the plan; raises what may be raised. */
void ready_check_hosts(const struct plan *plan, struct diag *d);
/* A warning in d for each kind of user that weighs too little for there to be
 * one of it. */
void ready_check_kinds(const struct plan *plan, struct diag *d);

#endif
