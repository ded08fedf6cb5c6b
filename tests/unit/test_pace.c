/*
 * Waits, dealing users out, and the choice of tasks.
 */
#include "load/pace.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "rosters.h"

/* what rounding to whole microseconds and doubles may do */
#define ROUNDING 1e-6

enum { MAX_KINDS = 12 };

/* --- waits -------------------------------------------------------------- */

static void a_fixed_wait_is_always_the_same(void **state)
{
	const struct wait wait = {WAIT_RANGE, 1500, 1500};
	struct rng rng;

	(void)state;
	rng_init(&rng, 1, 0);
	assert_int_equal(pace_draw_us(&wait, &rng), 1500);
	assert_int_equal(pace_next_task_us(&wait, &rng, 100, 1000), 2500);
}

static void a_wait_in_a_range_is_uniform_and_takes_both_ends(void **state)
{
	const struct wait wait = {WAIT_RANGE, 900, 909};
	unsigned seen[10] = {0};
	struct rng rng;
	uint64_t us;
	int i;

	(void)state;
	rng_init(&rng, 1, 0);
	for (i = 0; i < 100000; i++) {
		us = pace_draw_us(&wait, &rng);
		assert_in_range(us, 900, 909);
		seen[us - 900]++;
	}
	for (i = 0; i < 10; i++)
		assert_in_range(seen[i], 9600, 10400);
}

static void a_wait_of_any_length_does_not_overflow(void **state)
{
	const struct wait all = {WAIT_RANGE, 0, UINT64_MAX};
	const struct wait most = {WAIT_RANGE, UINT64_MAX, UINT64_MAX};
	const struct wait mean = {WAIT_EXP, UINT64_MAX, 0};
	const struct wait pace = {WAIT_PACE, UINT64_MAX, 0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 1, 0);
	assert_true(pace_draw_us(&all, &rng) != pace_draw_us(&all, &rng));
	assert_true(pace_next_task_us(&most, &rng, 5, 9) == UINT64_MAX);
	assert_true(pace_next_task_us(&mean, &rng, 5, 9) >= 9);
	assert_true(pace_next_task_us(&pace, &rng, 5, 9) == UINT64_MAX);
}

static void an_exponential_wait_has_its_mean_and_its_shape(void **state)
{
	const struct wait wait = {WAIT_EXP, US_PER_S, 0};
	unsigned above_mean = 0, above_three = 0;
	struct rng rng;
	double sum = 0;
	uint64_t us;
	int i;

	(void)state;
	rng_init(&rng, 1, 0);
	for (i = 0; i < 100000; i++) {
		us = pace_draw_us(&wait, &rng);
		assert_true(us < 40 * US_PER_S);
		sum += (double)us;
		above_mean += us > US_PER_S;
		above_three += us > 3 * US_PER_S;
	}
	assert_true(fabs(sum / 100000 - 1e6) < 1e4);
	/* e^-1 and e^-3 of all */
	assert_in_range(above_mean, 36300, 37300);
	assert_in_range(above_three, 4700, 5300);
}

static void a_paced_task_starts_on_its_beat_or_at_once_when_late(void **state)
{
	const struct wait wait = {WAIT_PACE, 5000, 0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 1, 0);
	assert_int_equal(pace_next_task_us(&wait, &rng, 1000, 2000), 6000);
	assert_int_equal(pace_next_task_us(&wait, &rng, 1000, 6000), 6000);
	assert_int_equal(pace_next_task_us(&wait, &rng, 1000, 9000), 9000);
}

/* --- dealing users out -------------------------------------------------- */

/* A plan of nothing but kinds of users. */
struct crowd {
	struct plan plan;
	struct user_kind kinds[MAX_KINDS];
	struct user_kind *at[MAX_KINDS];
};

static void add_kind(struct crowd *c, uint64_t weight, uint64_t count)
{
	struct user_kind *kind = &c->kinds[c->plan.n_kinds];

	kind->weight = weight;
	kind->count = count;
	c->plan.kinds = c->at;
	c->at[c->plan.n_kinds++] = kind;
}

static void deal_alike(
    struct deal *deal, const struct plan *plan, uint32_t workers)
{
	struct roster roster = {0};

	roster_alike(&roster, workers);
	deal_init(deal, plan, &roster);
	roster_clear(&roster);
}

static void random_crowd(struct crowd *c, struct rng *rng)
{
	size_t kinds = 1 + rng_below(rng, MAX_KINDS), i;
	uint64_t left;

	memset(c, 0, sizeof(*c));
	c->plan.load.users = 1 + rng_below(rng, 600);
	left = c->plan.load.users;
	/* the last one is by weight, so that somebody takes what is left */
	for (i = 0; i < kinds; i++) {
		if (i + 1 < kinds && left > 1 && rng_below(rng, 4) == 0) {
			add_kind(c, 1, 1 + rng_below(rng, left / 2));
			left -= c->kinds[i].count;
		} else {
			add_kind(c,
			    1 + (rng_next(rng) >> (44 + rng_below(rng, 19))),
			    0);
		}
	}
}

/* What kind i ought to have of n users: as the contract says it. */
static double share_of(const struct crowd *c, size_t i, uint64_t n)
{
	double users = (double)c->plan.load.users, rest = users, weights = 0;
	const struct user_kind *kind;
	size_t k;

	for (k = 0; k < c->plan.n_kinds; k++) {
		kind = &c->kinds[k];
		rest -= (double)kind->count;
		weights += kind->count ? 0 : (double)kind->weight;
	}
	kind = &c->kinds[i];
	if (kind->count > 0)
		return (double)n * (double)kind->count / users;
	return (double)n * rest / users * (double)kind->weight / weights;
}

static void each_kind_is_within_one_of_its_share_at_every_moment(void **state)
{
	uint64_t so_far[MAX_KINDS];
	struct crowd c;
	struct dealt next;
	struct deal deal;
	struct rng rng;
	uint64_t n;
	size_t k;
	int round;

	(void)state;
	rng_init(&rng, 1, 0);
	for (round = 0; round < 2000; round++) {
		random_crowd(&c, &rng);
		memset(so_far, 0, sizeof(so_far));
		deal_alike(&deal, &c.plan, 3);
		for (n = 1; deal_next(&deal, &next); n++) {
			assert_int_equal(next.index, n - 1);
			so_far[next.kind]++;
			for (k = 0; k < c.plan.n_kinds; k++)
				assert_true(
				    fabs((double)so_far[k] -
					 share_of(&c, k, n)) < 1 + ROUNDING);
		}
		assert_int_equal(n - 1, c.plan.load.users);
		deal_clear(&deal);
	}
}

static void fixed_numbers_are_reached_and_never_exceeded(void **state)
{
	uint64_t so_far[MAX_KINDS];
	struct crowd c;
	struct dealt next;
	struct deal deal;
	struct rng rng;
	size_t k;
	int round;

	(void)state;
	rng_init(&rng, 2, 0);
	for (round = 0; round < 2000; round++) {
		random_crowd(&c, &rng);
		memset(so_far, 0, sizeof(so_far));
		deal_alike(&deal, &c.plan, 1);
		while (deal_next(&deal, &next))
			so_far[next.kind]++;
		for (k = 0; k < c.plan.n_kinds; k++) {
			if (c.kinds[k].count > 0)
				assert_int_equal(so_far[k], c.kinds[k].count);
		}
		deal_clear(&deal);
	}
}

/* When more are asked for while the run goes on. */
static void there_are_as_many_users_as_the_kinds_have(void **state)
{
	static const struct {
		uint64_t weight, count;
		uint64_t most; /* once this kind is there too */
	} kinds[] = {{0, 3, 3}, {1, 0, UINT64_MAX}, {0, 1, 4}};
	struct crowd c = {.plan.load.users = 4};
	struct dealt next;
	struct deal deal;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		uint64_t n = 0;

		add_kind(&c, kinds[i].weight, kinds[i].count);
		assert_true(deal_most(&c.plan) == kinds[i].most);
		deal_alike(&deal, &c.plan, 2);
		deal.users = 100;
		while (deal_next(&deal, &next))
			n++;
		assert_int_equal(n, kinds[i].most < 100 ? kinds[i].most : 100);
		deal_clear(&deal);
	}
}

static void each_worker_gets_its_share_of_every_kind(void **state)
{
	enum { WORKERS = 5 };
	uint64_t of[MAX_KINDS][WORKERS];
	struct crowd c;
	struct dealt next;
	struct deal deal;
	struct rng rng;
	uint64_t least, most;
	size_t k, w;
	int round;

	(void)state;
	rng_init(&rng, 3, 0);
	for (round = 0; round < 500; round++) {
		random_crowd(&c, &rng);
		memset(of, 0, sizeof(of));
		deal_alike(&deal, &c.plan, WORKERS);
		while (deal_next(&deal, &next))
			of[next.kind][next.worker]++;
		for (k = 0; k < c.plan.n_kinds; k++) {
			least = most = of[k][0];
			for (w = 1; w < WORKERS; w++) {
				least = of[k][w] < least ? of[k][w] : least;
				most = of[k][w] > most ? of[k][w] : most;
			}
			assert_true(most - least <= 1);
		}
		deal_clear(&deal);
	}
}

static void kinds_mix_and_do_not_come_in_blocks(void **state)
{
	struct crowd c = {0};
	struct dealt next;
	struct deal deal;
	char order[11] = "";
	size_t i;

	(void)state;
	c.plan.load.users = 10;
	add_kind(&c, 3, 0);
	add_kind(&c, 1, 0);
	add_kind(&c, 1, 0);
	deal_alike(&deal, &c.plan, 2);
	for (i = 0; deal_next(&deal, &next); i++)
		order[i] = (char)('a' + next.kind);
	assert_string_equal(order, "abacaabaca");
	deal_clear(&deal);
}

static void a_single_fixed_user_comes_in_the_middle(void **state)
{
	struct crowd c = {0};
	struct dealt next;
	struct deal deal;

	(void)state;
	c.plan.load.users = 1000;
	add_kind(&c, 1, 0);
	add_kind(&c, 1, 1);
	deal_alike(&deal, &c.plan, 2);
	while (deal_next(&deal, &next)) {
		if (next.kind == 1)
			assert_in_range(next.index, 498, 502);
	}
	deal_clear(&deal);
}

static void more_fixed_users_than_users_share_what_there_is(void **state)
{
	struct crowd c = {0};
	uint64_t so_far[3] = {0};
	struct dealt next;
	struct deal deal;

	(void)state;
	c.plan.load.users = 10;
	add_kind(&c, 1, 30);
	add_kind(&c, 1, 10);
	add_kind(&c, 1, 0);
	deal_alike(&deal, &c.plan, 2);
	while (deal_next(&deal, &next))
		so_far[next.kind]++;
	assert_in_range(so_far[0], 7, 8);
	assert_in_range(so_far[1], 2, 3);
	assert_int_equal(so_far[2], 0);
	deal_clear(&deal);
}

static void fixed_users_alone_are_all_there_are(void **state)
{
	struct crowd c = {0};
	struct dealt next;
	struct deal deal;
	size_t n = 0;

	(void)state;
	c.plan.load.users = 10;
	add_kind(&c, 1, 2);
	add_kind(&c, 1, 3);
	deal_alike(&deal, &c.plan, 2);
	while (deal_next(&deal, &next))
		n++;
	assert_int_equal(n, 5);
	deal_clear(&deal);
}

/* --- dealing users out to hosts ----------------------------------------- */

static void hosts_share_each_kind_by_weight_at_every_moment(void **state)
{
	static const uint32_t weights[] = {5, 1, 2}, workers[] = {3, 1, 2};
	static const uint32_t first[] = {0, 3, 4, 6};
	struct roster roster = {0};
	struct crowd c;
	struct dealt next;
	struct deal deal;
	struct rng rng;

	(void)state;
	rng_init(&rng, 6, 0);
	make_hosts(&roster, weights, workers, 3);
	for (int round = 0; round < 300; round++) {
		uint64_t had[MAX_KINDS][3] = {{0}}, of_kind[MAX_KINDS] = {0};

		random_crowd(&c, &rng);
		deal_init(&deal, &c.plan, &roster);
		while (deal_next(&deal, &next)) {
			double n = (double)++of_kind[next.kind];

			assert_in_range(next.worker, first[next.child],
			    first[next.child + 1] - 1);
			had[next.kind][next.child]++;
			for (size_t h = 0; h < 3; h++)
				assert_true(fabs((double)had[next.kind][h] -
						 n * weights[h] / 8) <
					    (next.kind == 0 ? 1 : 2));
		}
		deal_clear(&deal);
	}
	roster_clear(&roster);
}

/* Kinds of one user each do not all meet on one worker. */
static void kinds_of_one_user_spread_over_hosts_and_workers(void **state)
{
	static const uint32_t weights[] = {1, 1}, workers[] = {2, 2};
	struct crowd c = {.plan.load.users = 8};
	struct roster roster = {0};
	uint64_t counts[4];

	(void)state;
	for (int i = 0; i < 8; i++)
		add_kind(&c, 1, 1);
	make_hosts(&roster, weights, workers, 2);
	deal_count_workers(&c.plan, &roster, counts);
	for (int w = 0; w < 4; w++)
		assert_int_equal(counts[w], 2);
	roster_clear(&roster);
}

static void all_users_of_a_plan_are_some_workers_user(void **state)
{
	struct roster roster = {0};
	struct crowd c;
	struct rng rng;

	(void)state;
	rng_init(&rng, 7, 0);
	for (int round = 0; round < 300; round++) {
		uint64_t *counts, sum = 0;

		random_crowd(&c, &rng);
		random_roster(&roster, &rng, 3);
		counts = xcalloc(roster_workers(&roster), sizeof(*counts));
		deal_count_workers(&c.plan, &roster, counts);
		for (uint32_t w = 0; w < roster_workers(&roster); w++)
			sum += counts[w];
		assert_int_equal(sum, c.plan.load.users);
		free(counts);
	}
	roster_clear(&roster);
}

/* Everybody works it out from a copy, without asking the others. */
static void a_copy_of_a_roster_deals_out_the_same(void **state)
{
	struct roster roster = {0}, copy = {0};
	struct deal here, there;
	struct dealt a, b;
	struct crowd c;
	struct rng rng;

	(void)state;
	rng_init(&rng, 8, 0);
	for (int round = 0; round < 100; round++) {
		random_crowd(&c, &rng);
		random_roster(&roster, &rng, 3);
		roster_copy(&copy, &roster);
		deal_init(&here, &c.plan, &roster);
		deal_init(&there, &c.plan, &copy);
		while (deal_next(&here, &a)) {
			assert_true(deal_next(&there, &b));
			assert_true(a.index == b.index && a.kind == b.kind &&
				    a.worker == b.worker && a.child == b.child);
		}
		assert_false(deal_next(&there, &b));
		deal_clear(&here);
		deal_clear(&there);
	}
	roster_clear(&roster);
	roster_clear(&copy);
}

/* --- shares of workers -------------------------------------------------- */

static void shares_add_up_and_are_within_one(void **state)
{
	uint64_t weights[16], shares[16], total, sum, all;
	struct rng rng;
	uint32_t n, w;
	int round;

	(void)state;
	rng_init(&rng, 1, 0);
	for (round = 0; round < 5000; round++) {
		n = 1 + (uint32_t)rng_below(&rng, ARRAY_LEN(weights));
		total = rng_below(&rng, 100000);
		for (w = 0, all = 0; w < n; w++) {
			weights[w] = rng_below(&rng, 50);
			all += weights[w];
		}
		if (all == 0)
			all = weights[0] = 1;
		pace_shares(total, weights, n, shares);
		for (w = 0, sum = 0; w < n; w++) {
			assert_true(fabs((double)shares[w] -
					 (double)total * (double)weights[w] /
					     (double)all) < 1 + ROUNDING);
			sum += shares[w];
		}
		assert_int_equal(sum, total);
	}
}

static void shares_of_huge_numbers_add_up(void **state)
{
	const uint64_t weights[] = {
	    UINT64_MAX / 3, 1, UINT64_MAX / 3, UINT64_MAX / 4};
	uint64_t shares[4];

	(void)state;
	pace_shares(UINT64_MAX, weights, 4, shares);
	assert_true(
	    shares[0] > UINT64_MAX / 12 * 4 && shares[0] < UINT64_MAX / 10 * 4);
	assert_true(
	    shares[0] + shares[1] + shares[2] + shares[3] == UINT64_MAX);
}

static void what_a_worker_has_no_room_for_goes_to_the_others(void **state)
{
	const uint64_t weights[] = {2, 1, 1};
	const uint64_t room[] = {1, UINT64_MAX, 60};

	(void)state;
	assert_int_equal(pace_share_within(100, weights, room, 3, 0), 1);
	assert_int_equal(pace_share_within(100, weights, room, 3, 1) +
			     pace_share_within(100, weights, room, 3, 2),
	    99);
	assert_int_equal(pace_share_within(300, weights, room, 3, 2), 60);
	assert_int_equal(pace_share_within(300, weights, room, 3, 1), 239);
}

static void nobody_gets_more_tasks_than_there_is_room_for(void **state)
{
	const uint64_t weights[] = {1, 1};
	const uint64_t room[] = {3, 4};

	(void)state;
	assert_int_equal(pace_share_within(100, weights, room, 2, 0), 3);
	assert_int_equal(pace_share_within(100, weights, room, 2, 1), 4);
	assert_int_equal(pace_share_within(0, weights, room, 2, 1), 0);
}

static void nothing_is_shared_out_where_nobody_has_a_weight(void **state)
{
	const uint64_t none[] = {0, 0, 0};
	const uint64_t room[] = {9, 9, 9};
	uint64_t shares[] = {7, 7, 7};

	(void)state;
	pace_shares(7, none, 3, shares);
	assert_int_equal(shares[0] + shares[1] + shares[2], 0);
	assert_int_equal(pace_share_within(7, none, room, 3, 2), 0);
}

/* --- the choice of tasks ------------------------------------------------ */

static void weigh(struct user_kind *kind, struct choice *choices, size_t n)
{
	size_t i;

	kind->choices = choices;
	kind->n_choices = n;
	kind->weights = 0;
	for (i = 0; i < n; i++) {
		kind->weights += choices[i].weight;
		choices[i].weight_upto = kind->weights;
	}
}

static void tasks_are_drawn_by_their_weights(void **state)
{
	struct choice choices[] = {{.weight = 3}, {.weight = 1}, {.weight = 0},
	    {.weight = 96}, {.weight = 100}};
	struct user_kind kind = {0};
	double seen[5] = {0}, expected, chi_square = 0;
	const double draws = 200000;
	struct rng rng;
	size_t i;
	int draw;

	(void)state;
	weigh(&kind, choices, ARRAY_LEN(choices));
	rng_init(&rng, 1, 0);
	for (draw = 0; draw < (int)draws; draw++)
		seen[pace_pick(&kind, &rng) - choices]++;
	assert_true(seen[2] < 1);
	for (i = 0; i < ARRAY_LEN(choices); i++) {
		expected = draws * (double)choices[i].weight / 200;
		if (expected > 0)
			chi_square += (seen[i] - expected) *
				      (seen[i] - expected) / expected;
	}
	/* three degrees of freedom: once in a thousand seeds it is more */
	assert_true(chi_square < 16.3);
}

static void the_only_task_is_always_drawn(void **state)
{
	struct choice only = {.weight = 1};
	struct user_kind kind = {0};
	struct rng rng;
	int i;

	(void)state;
	weigh(&kind, &only, 1);
	rng_init(&rng, 1, 0);
	for (i = 0; i < 100; i++)
		assert_ptr_equal(pace_pick(&kind, &rng), &only);
}

static void the_same_seed_draws_the_same_tasks_and_waits(void **state)
{
	const struct wait range = {WAIT_RANGE, 900, 1100};
	const struct wait mean = {WAIT_EXP, 1000, 0};
	struct choice choices[] = {{.weight = 3}, {.weight = 1}, {.weight = 1}};
	struct user_kind kind = {0};
	struct rng a, b;
	int i;

	(void)state;
	weigh(&kind, choices, ARRAY_LEN(choices));
	rng_init(&a, 42, 7);
	rng_init(&b, 42, 7);
	for (i = 0; i < 1000; i++) {
		assert_ptr_equal(pace_pick(&kind, &a), pace_pick(&kind, &b));
		assert_int_equal(
		    pace_draw_us(&range, &a), pace_draw_us(&range, &b));
		assert_int_equal(
		    pace_draw_us(&mean, &a), pace_draw_us(&mean, &b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_fixed_wait_is_always_the_same),
	    cmocka_unit_test(a_wait_in_a_range_is_uniform_and_takes_both_ends),
	    cmocka_unit_test(a_wait_of_any_length_does_not_overflow),
	    cmocka_unit_test(an_exponential_wait_has_its_mean_and_its_shape),
	    cmocka_unit_test(
		a_paced_task_starts_on_its_beat_or_at_once_when_late),
	    cmocka_unit_test(
		each_kind_is_within_one_of_its_share_at_every_moment),
	    cmocka_unit_test(fixed_numbers_are_reached_and_never_exceeded),
	    cmocka_unit_test(there_are_as_many_users_as_the_kinds_have),
	    cmocka_unit_test(each_worker_gets_its_share_of_every_kind),
	    cmocka_unit_test(kinds_mix_and_do_not_come_in_blocks),
	    cmocka_unit_test(a_single_fixed_user_comes_in_the_middle),
	    cmocka_unit_test(more_fixed_users_than_users_share_what_there_is),
	    cmocka_unit_test(fixed_users_alone_are_all_there_are),
	    cmocka_unit_test(hosts_share_each_kind_by_weight_at_every_moment),
	    cmocka_unit_test(kinds_of_one_user_spread_over_hosts_and_workers),
	    cmocka_unit_test(all_users_of_a_plan_are_some_workers_user),
	    cmocka_unit_test(a_copy_of_a_roster_deals_out_the_same),
	    cmocka_unit_test(shares_add_up_and_are_within_one),
	    cmocka_unit_test(shares_of_huge_numbers_add_up),
	    cmocka_unit_test(what_a_worker_has_no_room_for_goes_to_the_others),
	    cmocka_unit_test(nobody_gets_more_tasks_than_there_is_room_for),
	    cmocka_unit_test(nothing_is_shared_out_where_nobody_has_a_weight),
	    cmocka_unit_test(tasks_are_drawn_by_their_weights),
	    cmocka_unit_test(the_only_task_is_always_drawn),
	    cmocka_unit_test(the_same_seed_draws_the_same_tasks_and_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
