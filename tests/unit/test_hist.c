/*
 * The histogram: exact counts, quantiles within 0.1 %, any split merges to the
 * whole.
 */
#include "stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/util.h"

enum { SAMPLES = 20000, PARTS = 7 };

static const uint32_t all_ppm[] = {500000, 660000, 750000, 800000, 900000,
    950000, 980000, 990000, 999000, 999900, 1000000};

/* --- distributions ------------------------------------------------------ */

typedef uint64_t draw_fn(struct rng *rng);

static uint64_t draw_fast(struct rng *rng)
{
	return rng_below(rng, 1500);
}

static uint64_t draw_uniform(struct rng *rng)
{
	return rng_below(rng, HIST_MAX_US + 1);
}

static uint64_t draw_exponential(struct rng *rng)
{
	return (uint64_t)(-12000.0 * log(1.0 - rng_unit(rng)));
}

static uint64_t draw_every_magnitude(struct rng *rng)
{
	return (uint64_t)exp(rng_unit(rng) * log((double)HIST_MAX_US));
}

static uint64_t draw_two_humps(struct rng *rng)
{
	uint64_t base = rng_below(rng, 10) == 0 ? 30000000 : 800;

	return base + rng_below(rng, base / 10);
}

static uint64_t draw_constant(struct rng *rng)
{
	(void)rng;
	return 123457;
}

static draw_fn *const draws[] = {draw_fast, draw_uniform, draw_exponential,
    draw_every_magnitude, draw_two_humps, draw_constant};

/* --- helpers ------------------------------------------------------------ */

static int compare_us(const void *left, const void *right)
{
	const uint64_t *l = left;
	const uint64_t *r = right;

	return *l < *r ? -1 : *l > *r;
}

/* Nearest rank among sorted samples. */
static uint64_t exact_quantile(const uint64_t *sorted, size_t n, uint32_t ppm)
{
	uint64_t rank = ((uint64_t)n * ppm + 999999) / 1000000;

	return sorted[rank > 0 ? rank - 1 : 0];
}

static void assert_within_a_thousandth(uint64_t got, uint64_t want)
{
	uint64_t off = got > want ? got - want : want - got;

	assert_true(off * 1000 <= want);
}

static void assert_same(const struct hist *a, const struct hist *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->sum_us, b->sum_us);
	assert_int_equal(a->min_us, b->min_us);
	assert_int_equal(a->max_us, b->max_us);
	assert_int_equal(a->clamped, b->clamped);
	assert_int_equal(a->n_blocks, b->n_blocks);
	for (size_t i = 0; i < a->n_blocks; i++) {
		assert_int_equal(a->blocks[i].number, b->blocks[i].number);
		assert_memory_equal(a->blocks[i].counts, b->blocks[i].counts,
		    sizeof(a->blocks[i].counts));
	}
}

/* --- tests -------------------------------------------------------------- */

static void quantiles_are_within_a_thousandth_of_the_sorted_samples(
    void **state)
{
	uint64_t *samples = xcalloc(SAMPLES, sizeof(*samples));

	(void)state;
	for (size_t d = 0; d < ARRAY_LEN(draws); d++) {
		struct hist h = {0};
		struct rng rng;

		rng_init(&rng, 7, d);
		for (size_t i = 0; i < SAMPLES; i++) {
			samples[i] = draws[d](&rng);
			hist_record(&h, samples[i]);
		}
		qsort(samples, SAMPLES, sizeof(*samples), compare_us);
		for (size_t i = 0; i < ARRAY_LEN(all_ppm); i++)
			assert_within_a_thousandth(
			    hist_quantile_us(&h, all_ppm[i]),
			    exact_quantile(samples, SAMPLES, all_ppm[i]));
		assert_int_equal(hist_quantile_us(&h, 0), samples[0]);
		assert_int_equal(
		    hist_quantile_us(&h, 1000000), samples[SAMPLES - 1]);
		hist_clear(&h);
	}
	free(samples);
}

static void any_split_in_any_order_merges_to_the_whole(void **state)
{
	(void)state;
	for (size_t d = 0; d < ARRAY_LEN(draws); d++) {
		struct hist whole = {0}, merged = {0}, parts[PARTS] = {{0}};
		struct rng rng;

		rng_init(&rng, 11, d);
		for (size_t i = 0; i < SAMPLES; i++) {
			uint64_t us = draws[d](&rng) * 2;

			hist_record(&whole, us);
			hist_record(&parts[rng_below(&rng, PARTS)], us);
		}
		/* 3 has no divisor in common with 7: every part once */
		for (size_t i = 0; i < PARTS; i++)
			hist_merge(&merged, &parts[(i * 3 + d) % PARTS]);
		assert_same(&merged, &whole);
		for (size_t i = 0; i < PARTS; i++)
			hist_clear(&parts[i]);
		hist_clear(&whole);
		hist_clear(&merged);
	}
}

static void an_empty_histogram_is_all_zero(void **state)
{
	struct hist h = {0}, other = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all_ppm); i++)
		assert_int_equal(hist_quantile_us(&h, all_ppm[i]), 0);
	assert_int_equal(hist_quantile_us(&h, 0), 0);
	assert_int_equal(hist_mean_us(&h), 0);
	assert_int_equal(hist_count_upto(&h, HIST_MAX_US), 0);
	hist_merge(&h, &other);
	assert_null(h.blocks);
	hist_clear(&h);
}

static void merging_nothing_leaves_the_minimum_alone(void **state)
{
	struct hist h = {0}, nothing = {0};

	(void)state;
	hist_record(&h, 500);
	hist_merge(&h, &nothing);
	assert_int_equal(h.min_us, 500);
	hist_merge(&nothing, &h);
	assert_int_equal(nothing.min_us, 500);
	hist_clear(&h);
	hist_clear(&nothing);
}

static void a_time_of_zero_is_a_sample(void **state)
{
	struct hist h = {0};

	(void)state;
	hist_record(&h, 0);
	hist_record(&h, 10);
	assert_int_equal(h.count, 2);
	assert_int_equal(h.min_us, 0);
	assert_int_equal(hist_quantile_us(&h, 500000), 0);
	assert_int_equal(hist_count_upto(&h, 0), 1);
	assert_int_equal(hist_mean_us(&h), 5);
	hist_clear(&h);
}

static void an_hour_is_counted_as_it_is(void **state)
{
	struct hist h = {0};

	(void)state;
	hist_record(&h, HIST_MAX_US);
	assert_int_equal(h.clamped, 0);
	assert_int_equal(h.max_us, HIST_MAX_US);
	assert_int_equal(hist_quantile_us(&h, 500000), HIST_MAX_US);
	hist_clear(&h);
}

static void more_than_an_hour_is_an_hour_and_is_counted_as_clamped(void **state)
{
	struct hist h = {0};

	(void)state;
	hist_record(&h, HIST_MAX_US + 1);
	hist_record(&h, UINT64_MAX);
	assert_int_equal(h.count, 2);
	assert_int_equal(h.clamped, 2);
	assert_int_equal(h.min_us, HIST_MAX_US);
	assert_int_equal(h.max_us, HIST_MAX_US);
	assert_int_equal(h.sum_us, 2 * HIST_MAX_US);
	hist_clear(&h);
}

static void every_bucket_stands_for_a_value_inside_it(void **state)
{
	uint32_t top = hist_bucket(HIST_MAX_US);

	(void)state;
	assert_true(top < HIST_BUCKETS);
	for (uint32_t bucket = 0; bucket < top; bucket++) {
		assert_int_equal(hist_bucket(hist_bucket_us(bucket)), bucket);
		assert_true(
		    hist_bucket_us(bucket) < hist_bucket_us(bucket + 1));
	}
}

static void buckets_never_fall_as_times_rise(void **state)
{
	uint32_t before = 0;

	(void)state;
	for (uint64_t us = 0; us < HIST_MAX_US; us += us / 3000 + 1) {
		uint32_t bucket = hist_bucket(us);

		assert_true(bucket == before || bucket == before + 1);
		assert_within_a_thousandth(hist_bucket_us(bucket), us);
		before = bucket;
	}
}

static void one_sample_takes_one_block(void **state)
{
	struct hist h = {0};

	(void)state;
	hist_record(&h, 3000000);
	assert_int_equal(h.cap_blocks, 1);
	assert_true(sizeof(struct hist_block) <= 264);
	hist_clear(&h);
}

static void a_reset_forgets_the_samples_and_keeps_the_memory(void **state)
{
	struct hist h = {0};
	struct hist_block *blocks;
	size_t cap;

	(void)state;
	for (uint64_t us = 0; us < 100000; us += 100)
		hist_record(&h, us);
	blocks = h.blocks;
	cap = h.cap_blocks;
	hist_reset(&h);
	assert_int_equal(h.count, 0);
	assert_int_equal(h.sum_us, 0);
	assert_int_equal(hist_quantile_us(&h, 1000000), 0);
	for (uint64_t us = 0; us < 100000; us += 100)
		hist_record(&h, us);
	assert_ptr_equal(h.blocks, blocks);
	assert_int_equal(h.cap_blocks, cap);
	assert_int_equal(h.count, 1000);
	hist_clear(&h);
}

static void the_mean_is_rounded_to_the_nearest(void **state)
{
	struct hist h = {0};

	(void)state;
	hist_record(&h, 1);
	hist_record(&h, 1);
	hist_record(&h, 2);
	assert_int_equal(hist_mean_us(&h), 1);
	hist_record(&h, 2);
	assert_int_equal(hist_mean_us(&h), 2);
	hist_record(&h, 3);
	assert_int_equal(hist_mean_us(&h), 2);
	hist_clear(&h);
}

static void counting_up_to_a_time_takes_whole_buckets(void **state)
{
	struct hist h = {0};

	(void)state;
	for (uint64_t us = 1; us <= 1000; us++)
		hist_record(&h, us);
	assert_int_equal(hist_count_upto(&h, 0), 0);
	assert_int_equal(hist_count_upto(&h, 500), 500);
	assert_int_equal(hist_count_upto(&h, 5000), 1000);
	hist_clear(&h);
}

static void buckets_rebuild_what_was_recorded(void **state)
{
	struct hist h = {0}, copy = {0};

	(void)state;
	for (uint64_t us = 1; us < 10000000; us = us * 3 / 2 + 1)
		hist_record(&h, us);
	for (size_t i = 0; i < h.n_blocks; i++) {
		for (uint32_t k = 0; k < HIST_BLOCK; k++)
			assert_true(hist_add_bucket(&copy,
			    h.blocks[i].number * HIST_BLOCK + k,
			    h.blocks[i].counts[k]));
	}
	copy.sum_us = h.sum_us;
	copy.min_us = h.min_us;
	copy.max_us = h.max_us;
	assert_same(&copy, &h);
	hist_clear(&h);
	hist_clear(&copy);
}

static void buckets_in_order_join_those_that_are_there(void **state)
{
	struct hist h = {0}, more = {0}, sum = {0};
	size_t at = 0;

	(void)state;
	for (uint64_t us = 1; us < 10000000; us = us * 3 / 2 + 1)
		hist_record(&h, us);
	for (uint64_t us = 3; us < 90000000; us = us * 2 + 1)
		hist_record(&more, us);
	hist_merge(&sum, &h);
	hist_merge(&sum, &more);
	for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++) {
		for (size_t i = 0; i < more.n_blocks; i++)
			if (more.blocks[i].number == bucket / HIST_BLOCK &&
			    more.blocks[i].counts[bucket % HIST_BLOCK] > 0)
				hist_add_next_bucket(&h, &at, bucket,
				    more.blocks[i].counts[bucket % HIST_BLOCK]);
	}
	h.count += more.count;
	h.sum_us += more.sum_us;
	h.max_us = more.max_us;
	assert_same(&h, &sum);
	hist_clear(&h);
	hist_clear(&more);
	hist_clear(&sum);
}

static void a_bucket_beyond_the_last_is_refused(void **state)
{
	struct hist h = {0};

	(void)state;
	assert_false(hist_add_bucket(&h, HIST_BUCKETS, 1));
	assert_false(hist_add_bucket(&h, UINT32_MAX, 1));
	assert_true(hist_add_bucket(&h, HIST_BUCKETS - 1, 1));
	assert_int_equal(h.count, 1);
	hist_clear(&h);
}

static void huge_counts_do_not_overflow_a_quantile(void **state)
{
	struct hist h = {0};

	(void)state;
	assert_true(hist_add_bucket(&h, 100, UINT64_MAX / 4));
	assert_true(hist_add_bucket(&h, 200, UINT64_MAX / 4));
	h.min_us = 100;
	h.max_us = 200;
	assert_int_equal(hist_quantile_us(&h, 499999), 100);
	assert_int_equal(hist_quantile_us(&h, 500001), 200);
	hist_clear(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		quantiles_are_within_a_thousandth_of_the_sorted_samples),
	    cmocka_unit_test(any_split_in_any_order_merges_to_the_whole),
	    cmocka_unit_test(an_empty_histogram_is_all_zero),
	    cmocka_unit_test(merging_nothing_leaves_the_minimum_alone),
	    cmocka_unit_test(a_time_of_zero_is_a_sample),
	    cmocka_unit_test(an_hour_is_counted_as_it_is),
	    cmocka_unit_test(
		more_than_an_hour_is_an_hour_and_is_counted_as_clamped),
	    cmocka_unit_test(every_bucket_stands_for_a_value_inside_it),
	    cmocka_unit_test(buckets_never_fall_as_times_rise),
	    cmocka_unit_test(one_sample_takes_one_block),
	    cmocka_unit_test(a_reset_forgets_the_samples_and_keeps_the_memory),
	    cmocka_unit_test(the_mean_is_rounded_to_the_nearest),
	    cmocka_unit_test(counting_up_to_a_time_takes_whole_buckets),
	    cmocka_unit_test(buckets_rebuild_what_was_recorded),
	    cmocka_unit_test(buckets_in_order_join_those_that_are_there),
	    cmocka_unit_test(a_bucket_beyond_the_last_is_refused),
	    cmocka_unit_test(huge_counts_do_not_overflow_a_quantile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
