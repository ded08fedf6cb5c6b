/*
 * The tests of statistics: against counts of all pairs, and of all ways to
 * draw, and against what they promise of chance.
 */
#include "report/noise.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/util.h"

/* --- ranks -------------------------------------------------------------- */

static struct hist hist_of(const uint64_t *us, size_t n)
{
	struct hist h = {0};

	for (size_t i = 0; i < n; i++)
		hist_record(&h, us[i]);
	return h;
}

/* The share of pairs in which now is greater, equal ones by half. */
static double count_pairs(
    const uint64_t *then, size_t n, const uint64_t *now, size_t m)
{
	size_t halves = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < m; k++)
			halves += now[k] > then[i]    ? 2
				  : now[k] == then[i] ? 1
						      : 0;
	return (double)halves / 2 / ((double)n * (double)m);
}

static struct noise_shift shift_of(
    const uint64_t *then, size_t n, const uint64_t *now, size_t m)
{
	struct hist a = hist_of(then, n), b = hist_of(now, m);
	struct noise_shift shift = noise_shift(&a, &b);

	hist_clear(&a);
	hist_clear(&b);
	return shift;
}

static void a_sum_of_ranks_has_the_chance_that_tables_give(void **state)
{
	/* z = (35 - 25 - 1/2) / sqrt(10 * 5 * 16 / 12) = 1.1635 */
	static const uint64_t now[] = {
	    80, 83, 189, 104, 145, 138, 191, 164, 73, 146};
	static const uint64_t then[] = {115, 88, 90, 74, 121};
	struct noise_shift shift = shift_of(then, 5, now, 10);

	(void)state;
	assert_true(fabs(shift.effect - 35.0 / 50) < 1e-12);
	assert_true(fabs(shift.p - 0.244624) < 1e-5);
}

static void ties_are_corrected_for(void **state)
{
	/* three of 5, two of 7: 24 + 6, so the variance is 9 / 12 *
	 * (7 - 30 / 30) = 4.5 */
	static const uint64_t then[] = {5, 5, 7};
	static const uint64_t now[] = {5, 7, 9};
	struct noise_shift shift = shift_of(then, 3, now, 3);

	(void)state;
	/* pairs: 5 against 5 5 7 is 1, 7 is 2.5, 9 is 3 */
	assert_true(fabs(shift.effect - 6.5 / 9) < 1e-12);
	/* z = (6.5 - 4.5 - 0.5) / sqrt(4.5) = 0.707107 */
	assert_true(fabs(shift.p - 0.479500) < 1e-5);
}

static void what_is_all_equal_differs_in_nothing(void **state)
{
	static const uint64_t same[] = {7, 7, 7, 7};
	struct noise_shift shift = shift_of(same, 4, same, 3);

	(void)state;
	assert_true(shift.effect == 0.5);
	assert_true(shift.p == 1);
	shift = shift_of(same, 4, same, 0);
	assert_true(shift.effect == 0.5);
	assert_true(shift.p == 1);
}

static void the_effect_is_that_of_all_pairs(void **state)
{
	enum { N = 70, M = 90 };
	uint64_t then[N], now[M];
	struct rng rng;

	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct noise_shift shift, back;

		rng_init(&rng, seed, 1);
		/* each value has a bucket, many have several samples */
		for (size_t i = 0; i < N; i++)
			then[i] = rng_below(&rng, 20 * seed);
		for (size_t i = 0; i < M; i++)
			now[i] = rng_below(&rng, 22 * seed);
		shift = shift_of(then, N, now, M);
		back = shift_of(now, M, then, N);
		assert_true(
		    fabs(shift.effect - count_pairs(then, N, now, M)) < 1e-12);
		assert_true(fabs(shift.effect + back.effect - 1) < 1e-12);
		assert_true(fabs(shift.p - back.p) < 1e-12);
		assert_true(shift.p >= 0 && shift.p <= 1);
	}
}

/* Of 1000 pairs without a difference ten are beyond one in a hundred; more than
 * 21 would be beyond one in two thousand themselves. */
static void chance_alarms_as_often_as_promised(void **state)
{
	enum { N = 60, DRAWS = 1000 };
	uint64_t then[N], now[N];
	size_t alarms = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 20, 11);
	for (size_t draw = 0; draw < DRAWS; draw++) {
		for (size_t i = 0; i < N; i++) {
			/* skewed, as times are */
			then[i] =
			    800 + rng_below(&rng, 1 + rng_below(&rng, 5000));
			now[i] =
			    800 + rng_below(&rng, 1 + rng_below(&rng, 5000));
		}
		alarms += shift_of(then, N, now, N).p < 0.01;
	}
	assert_in_range(alarms, 1, 21);
}

/* --- shares ------------------------------------------------------------- */

static double choose(uint64_t n, uint64_t k)
{
	double ways = 1;

	if (k > n)
		return 0;
	for (uint64_t i = 1; i <= k; i++)
		ways = ways * (double)(n - k + i) / (double)i;
	return ways;
}

/* Fisher's test by all tables with these sums. */
static double count_tables(
    uint64_t k_then, uint64_t n_then, uint64_t k_now, uint64_t n_now)
{
	uint64_t k = k_then + k_now, n = n_then + n_now;
	double below = 0, above = 0, least;

	for (uint64_t x = 0; x <= k && x <= n_now; x++) {
		double chance =
		    choose(k, x) * choose(n - k, n_now - x) / choose(n, n_now);

		below += x <= k_now ? chance : 0;
		above += x >= k_now ? chance : 0;
	}
	least = 2 * (below < above ? below : above);
	return least < 1 ? least : 1;
}

static void assert_shares(
    uint64_t k_then, uint64_t n_then, uint64_t k_now, uint64_t n_now)
{
	double right = count_tables(k_then, n_then, k_now, n_now);
	double p = noise_shares(k_then, n_then, k_now, n_now);

	if (fabs(p - right) > 1e-9)
		fail_msg("%d of %d, %d of %d: %.12f, not %.12f", (int)k_then,
		    (int)n_then, (int)k_now, (int)n_now, p, right);
}

static void shares_have_the_chance_that_all_tables_give(void **state)
{
	(void)state;
	/* the lady who tasted tea: 17/70 on one side */
	assert_true(fabs(noise_shares(1, 4, 3, 4) - 34.0 / 70) < 1e-9);
	for (uint64_t n = 1; n <= 9; n++)
		for (uint64_t m = 1; m <= 8; m++)
			for (uint64_t i = 0; i <= n; i++)
				for (uint64_t k = 0; k <= m; k++)
					assert_shares(i, n, k, m);
	assert_shares(0, 40, 9, 50);
	assert_shares(3, 500, 21, 500);
}

static void shares_of_nothing_do_not_differ(void **state)
{
	(void)state;
	assert_true(noise_shares(0, 0, 3, 5) == 1);
	assert_true(noise_shares(3, 5, 0, 0) == 1);
	assert_true(noise_shares(0, 10, 0, 1000000) == 1);
	assert_true(noise_shares(10, 10, 1000000, 1000000) == 1);
}

static void large_counts_stay_chances(void **state)
{
	const uint64_t n = UINT64_C(1000000000000);

	(void)state;
	assert_true(noise_shares(n / 100, n, n / 50, n) == 0);
	assert_true(noise_shares(0, n, 40, 1000) < 1e-12);
	assert_true(noise_shares(n / 2, n, 500, 1000) > 0.9);
	/* 5.0 % and 5.1 % of a million are 3.2 deviations apart */
	assert_in_range(
	    (uint64_t)(1e6 * noise_shares(50000, 1000000, 51000, 1000000)),
	    1100, 1400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sum_of_ranks_has_the_chance_that_tables_give),
	    cmocka_unit_test(ties_are_corrected_for),
	    cmocka_unit_test(what_is_all_equal_differs_in_nothing),
	    cmocka_unit_test(the_effect_is_that_of_all_pairs),
	    cmocka_unit_test(chance_alarms_as_often_as_promised),
	    cmocka_unit_test(shares_have_the_chance_that_all_tables_give),
	    cmocka_unit_test(shares_of_nothing_do_not_differ),
	    cmocka_unit_test(large_counts_stay_chances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
