/*
 * When tasks are due that start at a rate: the part of one kind of user on one
 * worker, one after the other. Pure functions of the plan and the seed.
 *
 * The tasks of the whole run are numbered; the pool's users have places, and
 * task n falls to place n modulo the size of the pool. So kinds and workers
 * share tasks as exactly as they share users, and nobody has to tell anybody.
 */
#ifndef LOAD_ARRIVALS_H
#define LOAD_ARRIVALS_H

#include "base/rng.h"
#include "plan/plan.h"

struct arrivals {
	const struct load_options *load; /* borrowed */
	const uint64_t *places;          /* borrowed: ours, ascending */
	size_t n_places;
	size_t next;     /* in places */
	uint64_t rounds; /* through the whole pool */
	uint64_t due_us; /* since the start: of the task at hand; UINT64_MAX:
			    there is none */
	/* SPACING_POISSON: all draws up to the task at hand */
	struct rng rng;
	uint64_t drawn;
	double sum; /* how many would be due if they were even */
};

/* The first task is at hand then. The seed is the same for all kinds and
 * workers of a run. */
void arrivals_init(struct arrivals *a, const struct load_options *load,
    const uint64_t *places, size_t n_places, uint64_t seed);
/* On to the next one. */
void arrivals_next(struct arrivals *a);
/* On to the first that is due at end_us or later; returns how many are left
 * out. */
uint64_t arrivals_skip(struct arrivals *a, uint64_t end_us);

#endif
