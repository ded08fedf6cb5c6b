/*
 * What a run needs of this machine. It must not know what is done with it.
 */
#include "ready.h"

#include "fleet/fleet.h"
#include "load/budget.h"

uint32_t ready_workers(const struct plan *plan)
{
	uint64_t workers = plan->load.workers;

	if (workers == 0)
		workers = fleet_usable_cpus();
	return (
	    uint32_t)(workers < plan->load.users ? workers : plan->load.users);
}

void ready_check_files(
    const struct plan *plan, uint32_t workers, struct diag *d)
{
	uint64_t need = budget_files(plan, workers);
	struct limits limits;

	limits_look(&limits);
	if (need > limits.files)
		diag_error(d, (struct where) {plan->file, 0},
		    "users %llu: each of %u workers may need %llu open files, "
		    "the limit is %llu: raise it with ulimit -n, or use fewer "
		    "users",
		    (unsigned long long)plan->load.users, workers,
		    (unsigned long long)need, (unsigned long long)limits.files);
}
