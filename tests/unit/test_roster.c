/*
 * Who plays the load: parts in parts, and the rows that fall to each.
 */
#include "load/roster.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "rosters.h"

/* what doubles may do to shares */
#define ROUNDING 1e-6

enum { ROUNDS = 300 };

/* --- rosters ------------------------------------------------------------ */

static void workers_who_share_alike_are_one_part(void **state)
{
	struct roster r = {0};

	(void)state;
	roster_alike(&r, 7);
	assert_true(roster_is_sound(&r));
	assert_int_equal(roster_workers(&r), 7);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.parts[0].parts, 0);
	roster_clear(&r);
	roster_clear(&r);
	assert_false(roster_is_sound(&r));
}

static void parts_of_parts_are_numbered_in_order(void **state)
{
	static const struct roster_part expected[] = {
	    {1, 8, 3}, {3, 5, 2}, {7, 2, 0}, {1, 3, 0}, {2, 1, 0}, {5, 2, 0}};
	struct roster inner = {0}, whole = {0}, one = {0}, copy = {0};
	struct roster_child c;

	(void)state;
	make_hosts(
	    &inner, (const uint32_t[]) {7, 1}, (const uint32_t[]) {2, 3}, 2);
	assert_true(roster_append(&whole, &inner, 3));
	roster_alike(&one, 1);
	assert_true(roster_append(&whole, &one, 2));
	roster_alike(&one, 2);
	assert_true(roster_append(&whole, &one, 5));
	assert_true(roster_is_sound(&whole));
	roster_alike(&copy, 1);
	roster_copy(&copy, &whole);
	roster_clear(&whole);
	assert_int_equal(copy.n, ARRAY_LEN(expected));
	assert_memory_equal(copy.parts, expected, sizeof(expected));
	c = roster_child(&copy, 0);
	assert_true(c.index == 1 && c.n == 3 && c.first_worker == 0);
	c = roster_child(&copy, 1);
	assert_true(c.index == 4 && c.n == 1 && c.first_worker == 5);
	c = roster_child(&copy, 2);
	assert_true(c.index == 5 && c.n == 1 && c.first_worker == 6);
	roster_clear(&copy);
	roster_clear(&inner);
	roster_clear(&one);
}

static void what_a_roster_cannot_hold_leaves_it_as_it_was(void **state)
{
	struct roster r = {0}, host = {0};

	(void)state;
	roster_alike(&host, ROSTER_MAX_WORKERS);
	assert_false(roster_append(&r, &host, 0));
	assert_false(roster_append(&r, &host, ROSTER_MAX_WEIGHT + 1));
	assert_int_equal(r.n, 0);
	assert_true(roster_append(&r, &host, ROSTER_MAX_WEIGHT));
	roster_alike(&host, 1);
	assert_false(roster_append(&r, &host, 1));
	assert_int_equal(r.n, 2);
	assert_true(roster_is_sound(&r));
	r.n = 0;
	while (r.n <= ROSTER_MAX_PARTS && roster_append(&r, &host, 1))
		;
	assert_int_equal(r.n, ROSTER_MAX_PARTS);
	assert_true(roster_is_sound(&r));
	roster_clear(&r);
	roster_clear(&host);
}

static void there_are_only_so_many_levels(void **state)
{
	struct roster part = {0}, whole = {0};
	int levels = 1;

	(void)state;
	roster_alike(&part, 2);
	while (levels <= ROSTER_MAX_DEPTH && roster_append(&whole, &part, 1)) {
		assert_true(roster_is_sound(&whole));
		roster_copy(&part, &whole);
		whole.n = 0;
		levels++;
	}
	assert_int_equal(levels, ROSTER_MAX_DEPTH);
	/* the same by hand */
	roster_add(&whole, (struct roster_part) {1, 2, 1});
	for (size_t i = 0; i < part.n; i++)
		roster_add(&whole, part.parts[i]);
	assert_false(roster_is_sound(&whole));
	roster_clear(&part);
	roster_clear(&whole);
}

static void a_roster_that_does_not_add_up_is_not_sound(void **state)
{
	static const struct {
		struct roster_part parts[4];
		size_t n;
	} wrong[] = {
	    {{{0, 1, 0}}, 1},
	    {{{ROSTER_MAX_WEIGHT + 1, 1, 0}}, 1},
	    {{{1, 0, 0}}, 1},
	    {{{1, ROSTER_MAX_WORKERS + 1, 0}}, 1},
	    {{{1, UINT32_MAX, UINT32_MAX}}, 1},
	    {{{1, 1, 0}, {1, 1, 0}}, 2},            /* two wholes */
	    {{{1, 2, 2}, {1, 2, 0}}, 2},            /* one is missing */
	    {{{1, 2, 1}, {1, 1, 0}, {1, 1, 0}}, 3}, /* one too many */
	    {{{1, 3, 2}, {1, 1, 0}, {1, 1, 0}}, 3}, /* fewer workers */
	    {{{1, 2, 2}, {1, 2, 0}, {1, 1, 0}}, 3}, /* more workers */
	    {{{1, 2, 2}, {1, UINT32_MAX, 0}, {1, 3, 0}}, 3},
	    {{{1, 2, 2}, {1, 1, 0}, {1, 0, 0}}, 3},
	    {{{1, 3, 2}, {1, 2, 1}, {1, 1, 0}, {1, 2, 0}}, 4},
	    {{{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}}, 4},
	};
	struct roster r = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		r.n = 0;
		for (size_t k = 0; k < wrong[i].n; k++)
			roster_add(&r, wrong[i].parts[k]);
		if (roster_is_sound(&r))
			fail_msg("number %zu is sound", i);
	}
	roster_clear(&r);
}

/* --- anything that comes ------------------------------------------------ */

/* What soundness means, said in another way: how many parts number i is, with
 * those below it; 0: it is none. */
static size_t check_part(const struct roster *r, size_t i, int levels)
{
	const struct roster_part *part;
	uint64_t workers = 0;
	size_t n = 1;

	if (i >= r->n || levels == 0)
		return 0;
	part = &r->parts[i];
	if (part->weight < 1 || part->weight > ROSTER_MAX_WEIGHT ||
	    part->workers < 1 || part->workers > ROSTER_MAX_WORKERS)
		return 0;
	for (uint32_t k = 0; k < part->parts; k++) {
		size_t below = check_part(r, i + n, levels - 1);

		if (below == 0)
			return 0;
		workers += r->parts[i + n].workers;
		n += below;
	}
	return part->parts > 0 && workers != part->workers ? 0 : n;
}

static uint32_t garbage(struct rng *rng)
{
	static const uint32_t odd[] = {0, 1, 2, ROSTER_MAX_WEIGHT,
	    ROSTER_MAX_WORKERS, 1U << 31, UINT32_MAX - 1, UINT32_MAX};

	if (rng_below(rng, 2) == 0)
		return odd[rng_below(rng, ARRAY_LEN(odd))];
	return rng_below(rng, 2) == 0 ? (uint32_t)rng_below(rng, 8)
				      : (uint32_t)rng_next(rng);
}

static struct roster_part garbage_part(struct rng *rng)
{
	struct roster_part part;

	part.weight = garbage(rng);
	part.workers = garbage(rng);
	part.parts = garbage(rng);
	return part;
}

/* Spoils one number of a sound roster, or cuts it, or makes it longer. */
static void spoil(struct roster *r, struct rng *rng)
{
	struct roster_part *part = &r->parts[rng_below(rng, r->n)];

	switch (rng_below(rng, 5)) {
	case 0:
		part->weight = garbage(rng);
		break;
	case 1:
		part->workers = garbage(rng);
		break;
	case 2:
		part->parts = garbage(rng);
		break;
	case 3:
		r->n = rng_below(rng, r->n);
		break;
	default:
		roster_add(r, garbage_part(rng));
		break;
	}
}

static void garbage_is_sound_only_where_it_is_a_roster(void **state)
{
	struct roster r = {0};
	struct rng rng;
	int sound = 0;

	(void)state;
	rng_init(&rng, 1, 0);
	for (int round = 0; round < 20000; round++) {
		uint64_t n = rng_below(&rng, 8);
		size_t all;

		if (round % 2 == 0) {
			random_roster(&r, &rng, 3);
			assert_true(roster_is_sound(&r));
			spoil(&r, &rng);
		} else {
			r.n = 0;
			while (r.n < n)
				roster_add(&r, garbage_part(&rng));
		}
		all = check_part(&r, 0, ROSTER_MAX_DEPTH);
		assert_int_equal(roster_is_sound(&r), r.n > 0 && all == r.n);
		sound += roster_is_sound(&r);
	}
	/* there were some of both */
	assert_in_range(sound, 500, 15000);
	roster_clear(&r);
}

/* --- rows --------------------------------------------------------------- */

static void rows_are_ranges_that_follow_each_other_by_weight(void **state)
{
	struct roster r = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 2, 0);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t from = rng_below(&rng, 1000), at = from;
		uint64_t rows = rng_below(&rng, round % 2 ? 10 : 100000);
		uint64_t begin, end, all = 0;

		random_roster(&r, &rng, 3);
		for (uint32_t i = 0; i < r.parts[0].parts; i++)
			all += r.parts[roster_child(&r, i).index].weight;
		for (uint32_t i = 0; i < r.parts[0].parts; i++) {
			size_t index = roster_child(&r, i).index;
			double exact = (double)rows *
				       (double)r.parts[index].weight /
				       (double)all;

			roster_rows(&r, i, from, from + rows, &begin, &end);
			assert_true(begin == at && end >= begin);
			assert_true(
			    fabs((double)(end - begin) - exact) < 1 + ROUNDING);
			at = end;
		}
		assert_true(r.parts[0].parts == 0 || at == from + rows);
	}
	roster_clear(&r);
}

static void rows_of_any_number_are_shared_out(void **state)
{
	struct roster r = {0};
	uint64_t begin, end;

	(void)state;
	make_hosts(
	    &r, (const uint32_t[]) {1000000, 1}, (const uint32_t[]) {1, 1}, 2);
	roster_rows(&r, 0, 5, UINT64_MAX, &begin, &end);
	assert_true(begin == 5 && end > UINT64_MAX / 10 * 9);
	roster_rows(&r, 1, 5, UINT64_MAX, &begin, &end);
	assert_true(begin > UINT64_MAX / 10 * 9 && end == UINT64_MAX);
	roster_rows(&r, 1, 9, 9, &begin, &end);
	assert_true(begin == 9 && end == 9);
	roster_clear(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(workers_who_share_alike_are_one_part),
	    cmocka_unit_test(parts_of_parts_are_numbered_in_order),
	    cmocka_unit_test(what_a_roster_cannot_hold_leaves_it_as_it_was),
	    cmocka_unit_test(there_are_only_so_many_levels),
	    cmocka_unit_test(a_roster_that_does_not_add_up_is_not_sound),
	    cmocka_unit_test(garbage_is_sound_only_where_it_is_a_roster),
	    cmocka_unit_test(rows_are_ranges_that_follow_each_other_by_weight),
	    cmocka_unit_test(rows_of_any_number_are_shared_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
