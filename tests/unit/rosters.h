/*
 * Rosters for tests: hosts with weights, or anything that there can be.
 */
#ifndef TESTS_UNIT_ROSTERS_H
#define TESTS_UNIT_ROSTERS_H

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/rng.h"
#include "load/roster.h"

/* Instead of what `to` held: the same as `from`. */
static inline void roster_copy(struct roster *to, const struct roster *from)
{
	to->n = 0;
	for (size_t i = 0; i < from->n; i++)
		roster_add(to, from->parts[i]);
}

/* Hosts right below the whole, with weights[i] and workers[i]. */
static inline void make_hosts(struct roster *r, const uint32_t *weights,
    const uint32_t *workers, uint32_t n)
{
	struct roster one = {0};

	r->n = 0;
	for (uint32_t i = 0; i < n; i++) {
		roster_alike(&one, workers[i]);
		assert_true(roster_append(r, &one, weights[i]));
	}
	roster_clear(&one);
}

/* At most so many levels below the whole; many weights are small. */
static inline void random_roster(struct roster *r, struct rng *rng, int levels)
{
	uint64_t parts = rng_below(rng, 6);
	struct roster part = {0};

	if (levels == 0 || parts == 0) {
		roster_alike(r, 1 + (uint32_t)rng_below(rng, 4));
		return;
	}
	r->n = 0;
	for (uint64_t i = 0; i < parts; i++) {
		uint64_t weight =
		    1 + (rng_next(rng) >> (55 + rng_below(rng, 9)));

		random_roster(&part, rng, levels - 1);
		assert_true(roster_append(r, &part, (uint32_t)weight));
	}
	roster_clear(&part);
}

#endif
