/*
 * Whose turn it is, among parts of a roster and their workers.
 */
#include "load/turns.h"

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

/* --- the order ---------------------------------------------------------- */

/* The workers that have the first turns, as letters. */
static void assert_turns(const struct roster *r, const char *expected)
{
	char order[64];
	size_t n = strlen(expected);
	struct turns turns;

	turns_init(&turns, r);
	for (size_t i = 0; i < n; i++)
		order[i] = (char)('a' + turns_find(&turns, i).worker);
	order[n] = '\0';
	turns_clear(&turns);
	assert_string_equal(order, expected);
}

static void workers_of_one_host_go_round(void **state)
{
	struct roster r = {0};

	(void)state;
	roster_alike(&r, 3);
	assert_turns(&r, "abcabcabc");
	roster_clear(&r);
}

static void hosts_go_round_and_each_goes_round_its_workers(void **state)
{
	struct roster r = {0};

	(void)state;
	/* weights that are equal say nothing */
	make_hosts(
	    &r, (const uint32_t[]) {6, 6, 6}, (const uint32_t[]) {1, 1, 1}, 3);
	assert_turns(&r, "abcabcabc");
	make_hosts(&r, (const uint32_t[]) {1, 1}, (const uint32_t[]) {2, 3}, 2);
	assert_turns(&r, "acbdaebcadbe");
	make_hosts(&r, (const uint32_t[]) {3, 1}, (const uint32_t[]) {2, 1}, 2);
	assert_turns(&r, "abcabacb");
	roster_clear(&r);
}

static void a_heavy_host_does_not_come_in_blocks(void **state)
{
	static const uint32_t weights[] = {8, 1, 1, 1, 1, 1, 1, 1, 1};
	static const uint32_t workers[] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
	struct roster r = {0};

	(void)state;
	make_hosts(&r, weights, workers, ARRAY_LEN(weights));
	assert_turns(&r, "abacadaeafagahia");
	roster_clear(&r);
}

static void turns_have_no_end(void **state)
{
	struct roster r = {0};
	struct turns turns;
	struct turn_of of;

	(void)state;
	make_hosts(&r, (const uint32_t[]) {3, 2}, (const uint32_t[]) {4, 5}, 2);
	turns_init(&turns, &r);
	of = turns_find(&turns, UINT64_MAX);
	assert_true(of.worker < 9 && (of.worker >= 4) == (of.child == 1));
	turns_clear(&turns);
	roster_clear(&r);
}

/* --- shares ------------------------------------------------------------- */

/* What each part has had, against its share. */
struct fairness {
	const struct roster *roster;
	size_t *above; /* by part, as are all */
	uint64_t *had;
	double *share;
	int *level;
	size_t *of;      /* by worker: the part that it is in */
	double furthest; /* that a part was off, over its level */
};

/* Sets what is right below part i, and goes on below; returns the part behind
 * all of that. */
static size_t set_parts(struct fairness *f, size_t i, uint32_t *worker)
{
	const struct roster_part *parts = f->roster->parts;
	double all = 0;
	size_t next = i + 1, first = 0;

	if (parts[i].parts == 0)
		for (uint32_t k = 0; k < parts[i].workers; k++)
			f->of[(*worker)++] = i;
	for (uint32_t k = 0; k < parts[i].parts; k++) {
		f->above[next] = i;
		f->level[next] = f->level[i] + 1;
		all += parts[next].weight;
		next = set_parts(f, next, worker);
	}
	for (first = i + 1; first < next; first++)
		if (f->above[first] == i)
			f->share[first] = parts[first].weight / all;
	return next;
}

static void fairness_init(struct fairness *f, const struct roster *r)
{
	uint32_t worker = 0;

	*f = (struct fairness) {.roster = r,
	    .above = xcalloc(r->n, sizeof(*f->above)),
	    .had = xcalloc(r->n, sizeof(*f->had)),
	    .share = xcalloc(r->n, sizeof(*f->share)),
	    .level = xcalloc(r->n, sizeof(*f->level)),
	    .of = xcalloc(roster_workers(r), sizeof(*f->of))};
	f->share[0] = 1;
	set_parts(f, 0, &worker);
	assert_int_equal(worker, roster_workers(r));
	/* of the part above, so far */
	for (size_t i = 1; i < r->n; i++)
		f->share[i] *= f->share[f->above[i]];
}

static void fairness_clear(struct fairness *f)
{
	free(f->above);
	free(f->had);
	free(f->share);
	free(f->level);
	free(f->of);
}

static void note_turn(struct fairness *f, uint32_t worker)
{
	size_t i = f->of[worker];

	for (; i != 0; i = f->above[i])
		f->had[i]++;
	f->had[0]++;
	for (i = 1; i < f->roster->n; i++) {
		double exact = (double)f->had[0] * f->share[i];
		double off = fabs((double)f->had[i] - exact) / f->level[i];

		if (off > f->furthest)
			f->furthest = off;
	}
}

static void each_part_has_its_share_at_every_moment(void **state)
{
	struct roster r = {0};
	struct fairness f;
	struct turns turns;
	struct rng rng;

	(void)state;
	rng_init(&rng, 3, 0);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t from = rng_below(&rng, 3) * rng_below(&rng, 50);

		random_roster(&r, &rng, round % 3 + 1);
		turns_init(&turns, &r);
		fairness_init(&f, &r);
		for (uint64_t n = 0; n < 400; n++)
			note_turn(&f, turns_find(&turns, from + n).worker);
		assert_true(f.furthest < (from == 0 ? 1 : 2) + ROUNDING);
		fairness_clear(&f);
		turns_clear(&turns);
	}
	roster_clear(&r);
}

static void workers_of_a_host_are_within_one_of_each_other(void **state)
{
	static const uint32_t weights[] = {5, 3}, workers[] = {3, 4};
	uint64_t had[7] = {0};
	struct roster r = {0};
	struct turns turns;

	(void)state;
	make_hosts(&r, weights, workers, 2);
	turns_init(&turns, &r);
	for (uint64_t n = 11; n < 1000; n++) {
		had[turns_find(&turns, n).worker]++;
		for (size_t w = 0; w < 7; w++) {
			uint64_t first = had[w < 3 ? 0 : 3];

			assert_true(had[w] <= first + 1 && first <= had[w] + 1);
		}
	}
	turns_clear(&turns);
	roster_clear(&r);
}

static void a_round_of_weights_is_exact(void **state)
{
	struct roster r = {0};
	uint64_t had[6];
	struct rng rng;

	(void)state;
	rng_init(&rng, 4, 0);
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t n = 1 + (uint32_t)rng_below(&rng, 6), sum = 0;
		uint32_t weights[6], workers[6];
		struct turns turns;

		for (uint32_t i = 0; i < n; i++) {
			weights[i] = 1 + (uint32_t)rng_below(&rng, 40);
			workers[i] = 1 + (uint32_t)rng_below(&rng, 3);
			sum += weights[i];
		}
		make_hosts(&r, weights, workers, n);
		turns_init(&turns, &r);
		memset(had, 0, sizeof(had));
		for (uint64_t i = 0; i < (uint64_t)3 * sum; i++)
			had[turns_find(&turns, 7 + i).child]++;
		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(had[i], 3 * weights[i]);
		turns_clear(&turns);
	}
	roster_clear(&r);
}

static void weights_of_any_size_are_nearly_kept(void **state)
{
	static const uint32_t weights[] = {999983, 1, 500009, 3};
	static const uint32_t workers[] = {1, 1, 1, 1};
	struct roster r = {0};
	uint64_t had[4] = {0};
	struct turns turns;

	(void)state;
	make_hosts(&r, weights, workers, 4);
	turns_init(&turns, &r);
	for (uint64_t n = 0; n < 131072; n++)
		had[turns_find(&turns, n).child]++;
	turns_clear(&turns);
	assert_in_range(had[0], 87370, 87390);
	assert_in_range(had[2], 43680, 43700);
	/* nobody has none */
	assert_in_range(had[1], 1, 3);
	assert_in_range(had[3], 1, 3);
	roster_clear(&r);
}

/* As many hosts as there can be, with hosts of their own. */
static void many_hosts_with_odd_weights_have_their_turns(void **state)
{
	struct roster r = {0}, inner = {0}, host = {0};
	struct turns turns;
	uint64_t had = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 5, 0);
	roster_alike(&host, 2);
	for (int i = 0; i < 2000; i++) {
		inner.n = 0;
		for (int k = 0; k < 20; k++)
			assert_true(roster_append(&inner, &host,
			    1 + (uint32_t)rng_below(&rng, 1000000)));
		assert_true(roster_append(
		    &r, &inner, 1 + (uint32_t)rng_below(&rng, 1000000)));
	}
	assert_true(roster_is_sound(&r));
	turns_init(&turns, &r);
	for (uint64_t n = 0; n < 100000; n++)
		had += turns_find(&turns, n).child == 7;
	assert_true(had >= 1 && had < 110);
	turns_clear(&turns);
	roster_clear(&r);
	roster_clear(&inner);
	roster_clear(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(workers_of_one_host_go_round),
	    cmocka_unit_test(hosts_go_round_and_each_goes_round_its_workers),
	    cmocka_unit_test(a_heavy_host_does_not_come_in_blocks),
	    cmocka_unit_test(turns_have_no_end),
	    cmocka_unit_test(each_part_has_its_share_at_every_moment),
	    cmocka_unit_test(workers_of_a_host_are_within_one_of_each_other),
	    cmocka_unit_test(a_round_of_weights_is_exact),
	    cmocka_unit_test(weights_of_any_size_are_nearly_kept),
	    cmocka_unit_test(many_hosts_with_odd_weights_have_their_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
