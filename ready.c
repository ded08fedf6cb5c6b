/*
 * What a run needs of this machine. It must not know what is done with it.
 */
#include "ready.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/util.h"
#include "fleet/fleet.h"
#include "load/budget.h"
#include "load/pace.h"
#include "report/text.h"

enum {
	FILES_OF_HOST = 4, /* three pipes, and one while it is started */
	SPARE_FILES = 64
};

uint32_t ready_workers(const struct plan *plan)
{
	uint64_t workers = plan->load.workers;

	if (workers == 0)
		workers = fleet_usable_cpus();
	return (
	    uint32_t)(workers < plan->load.users ? workers : plan->load.users);
}

uint32_t ready_run_workers(const struct plan *plan)
{
	return plan->remote.n_hosts > 0 ? 0 : ready_workers(plan);
}

/* Whether so many files are more than may be open here, and how many may. */
static bool is_too_many_files(uint64_t need, uint64_t *limit)
{
	struct limits limits;

	limits_raise(&limits);
	*limit = limits.files;
	return need > limits.files;
}

void ready_check_files(
    const struct plan *plan, uint32_t workers, struct diag *d)
{
	uint64_t need = budget_files(plan, workers);
	uint64_t limit;

	if (is_too_many_files(need, &limit))
		diag_error(d, (struct where) {plan->file, 0},
		    "users %" PRIu64 ": each of %" PRIu32
		    " workers may need %" PRIu64
		    " open files, the limit is %" PRIu64
		    ": raise it with ulimit -n, or use fewer users",
		    plan->load.users, workers, need, limit);
}

void ready_check_hosts(const struct plan *plan, struct diag *d)
{
	uint64_t need = plan->remote.n_hosts * FILES_OF_HOST + SPARE_FILES;
	uint64_t limit;

	if (is_too_many_files(need, &limit))
		diag_error(d, (struct where) {plan->file, 0},
		    "%zu hosts: they need %" PRIu64
		    " open files here, the limit is %" PRIu64
		    ": raise it with ulimit -n, or let hosts pass the plan on "
		    "to others: gate(n1, n2)",
		    plan->remote.n_hosts, need, limit);
}

static void warn_of_nobody(
    const struct plan *plan, const struct user_kind *kind, struct diag *d)
{
	uint64_t users = plan->load.users;
	bool is_pool = plan->load.model == LOAD_RATE;

	diag_warning(d, kind->where,
	    "[user %s]: its share of %" PRIu64
	    " user%s is below one, so nobody "
	    "is of this kind: write %s, or count = 1 in place of its weight",
	    kind->name, users, plural(users),
	    is_pool ? "a larger max_users" : "more users");
}

void ready_check_kinds(const struct plan *plan, struct diag *d)
{
	uint64_t *counts = xcalloc(plan->n_kinds, sizeof(*counts));
	uint64_t left = plan->load.users;

	deal_count(plan, counts);
	for (size_t i = 0; i < plan->n_kinds; i++)
		left -=
		    plan->kinds[i]->count < left ? plan->kinds[i]->count : left;
	/* where fixed numbers leave none, or a weight is 0, it was said */
	for (size_t i = 0; i < plan->n_kinds && left > 0; i++)
		if (counts[i] == 0 && plan->kinds[i]->weight > 0)
			warn_of_nobody(plan, plan->kinds[i], d);
	free(counts);
}
