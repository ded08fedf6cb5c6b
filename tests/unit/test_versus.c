/*
 * Two runs against each other: what is told of a difference, and what is left
 * to chance.
 */
#include "report/versus.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/util.h"

/* --- helpers ------------------------------------------------------------ */

/* A skewed time of about 5 ms, 100 of so many percent of it. */
static uint64_t draw_us(struct rng *rng, uint64_t percent)
{
	uint64_t us = 4000 + rng_below(rng, 1 + rng_below(rng, 6000));

	return us * percent / 100;
}

static void add_sample(
    struct table *t, const char *name, uint64_t us, bool fails)
{
	struct sample s = {
	    .response_us = us, .failure = fails ? "HTTP 500" : NULL};

	table_record(t, table_row(t, "GET", name), &s);
}

static void add_draws(struct table *t, const char *name, struct rng *rng,
    size_t n, uint64_t percent)
{
	for (size_t i = 0; i < n; i++)
		add_sample(t, name, draw_us(rng, percent), false);
}

static const struct row *row_of(const struct table *t, const char *name)
{
	const struct row *row = table_find(t, "GET", name);

	assert_non_null(row);
	return row;
}

/* Rows of so many draws each, now with so many percent of the time. */
static struct versus versus_of_draws(struct table *then, struct table *now,
    struct rng *rng, size_t n, uint64_t percent)
{
	table_reset(then);
	table_reset(now);
	add_draws(then, "/", rng, n, 100);
	add_draws(now, "/", rng, n, percent);
	return versus_rows(
	    row_of(then, "/"), row_of(now, "/"), versus_level(0));
}

/* --- one row ------------------------------------------------------------ */

static void the_same_again_is_hardly_ever_called_different(void **state)
{
	struct table then = {0}, now = {0};
	size_t alarms = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 7, 3);
	for (size_t i = 0; i < 1000; i++)
		alarms += versus_of_draws(&then, &now, &rng, 200, 100).times !=
			  VERSUS_SAME;
	/* VERSUS_ALPHA of them */
	assert_in_range(alarms, 0, 10);
	table_clear(&then);
	table_clear(&now);
}

static void a_tenth_slower_or_faster_is_seen(void **state)
{
	struct table then = {0}, now = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 1, 2);
	for (size_t i = 0; i < 50; i++) {
		struct versus v = versus_of_draws(&then, &now, &rng, 2000, 110);

		assert_int_equal(v.times, VERSUS_SLOWER);
		assert_true(v.p50.counts);
		assert_true(v.regression > 0.05 && v.regression < 0.2);
		assert_true(v.effect > 0.5);
		v = versus_of_draws(&then, &now, &rng, 2000, 90);
		assert_int_equal(v.times, VERSUS_FASTER);
		assert_true(v.regression < -0.05);
	}
	table_clear(&then);
	table_clear(&now);
}

static void a_change_that_is_certain_but_small_does_not_count(void **state)
{
	struct table then = {0}, now = {0};
	struct versus v;
	struct rng rng;

	(void)state;
	rng_init(&rng, 1, 2);
	v = versus_of_draws(&then, &now, &rng, 200000, 101);
	assert_true(v.p50.p < 1e-6);
	assert_true(v.p50.change > 0.005 && v.p50.change < 0.02);
	assert_int_equal(v.times, VERSUS_SAME);
	assert_true(v.regression == 0);
	table_clear(&then);
	table_clear(&now);
}

/* A microsecond is more than two in a hundred of 40, and no more than the clock
 * can tell. */
static void what_the_buckets_cannot_tell_apart_does_not_count(void **state)
{
	struct table then = {0}, now = {0};
	struct versus v;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		add_sample(&then, "/", 40, false);
		add_sample(&now, "/", 41, false);
	}
	v = versus_rows(row_of(&then, "/"), row_of(&now, "/"), versus_level(0));
	assert_true(v.p50.p < 1e-6);
	assert_int_equal(v.times, VERSUS_SAME);
	for (size_t i = 0; i < 2000; i++)
		add_sample(&now, "/", 42, false);
	v = versus_rows(row_of(&then, "/"), row_of(&now, "/"), versus_level(0));
	assert_int_equal(v.times, VERSUS_SLOWER);
	table_clear(&then);
	table_clear(&now);
}

static void a_longer_tail_is_seen_where_the_middle_stays(void **state)
{
	struct table then = {0}, now = {0};
	struct versus v;
	struct rng rng;

	(void)state;
	rng_init(&rng, 4, 4);
	add_draws(&then, "/", &rng, 1000, 100);
	add_draws(&now, "/", &rng, 900, 100);
	add_draws(&now, "/", &rng, 100, 400);
	v = versus_rows(row_of(&then, "/"), row_of(&now, "/"), versus_level(0));
	assert_int_equal(v.times, VERSUS_SLOWER);
	assert_true(v.p95.counts);
	assert_true(v.regression == v.p95.change);
	assert_true(v.p95.change > 0.5);
	/* and back */
	v = versus_rows(row_of(&now, "/"), row_of(&then, "/"), versus_level(0));
	assert_int_equal(v.times, VERSUS_FASTER);
	assert_true(v.p95.counts && v.p95.change < -0.3);
	/* of two changes the larger one, and so the smaller gain */
	assert_true(v.regression >= v.p95.change && v.regression < 0);
	table_clear(&then);
	table_clear(&now);
}

static void times_that_never_vary_are_compared_too(void **state)
{
	struct table then = {0}, now = {0};
	struct versus v;

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		add_sample(&then, "/", 10000, false);
		add_sample(&now, "/", 15000, false);
	}
	v = versus_rows(row_of(&then, "/"), row_of(&now, "/"), versus_level(0));
	assert_int_equal(v.times, VERSUS_SLOWER);
	assert_true(v.p50.counts && v.p95.counts);
	assert_true(v.effect == 1);
	assert_true(fabs(v.regression - 0.5) < 0.01);
	v = versus_rows(row_of(&now, "/"), row_of(&then, "/"), versus_level(0));
	assert_int_equal(v.times, VERSUS_FASTER);
	assert_true(v.effect == 0);
	table_clear(&then);
	table_clear(&now);
}

static void few_samples_say_nothing(void **state)
{
	struct table then = {0}, now = {0};
	struct versus v;

	(void)state;
	for (size_t i = 0; i < 29; i++)
		add_sample(&then, "/", 1000, false);
	for (size_t i = 0; i < 1000; i++)
		add_sample(&now, "/", 90000, false);
	v = versus_rows(row_of(&then, "/"), row_of(&now, "/"), versus_level(0));
	assert_int_equal(v.times, VERSUS_TOO_FEW);
	assert_true(v.regression == 0);
	assert_false(v.p50.counts || v.p95.counts);
	add_sample(&then, "/", 1000, false);
	v = versus_rows(row_of(&then, "/"), row_of(&now, "/"), versus_level(0));
	assert_int_equal(v.times, VERSUS_SLOWER);
	table_clear(&then);
	table_clear(&now);
}

static void more_failures_are_told_apart_from_a_few(void **state)
{
	struct table then = {0}, now = {0};
	struct versus v;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		add_sample(&then, "/", 1000, i < 10);
		add_sample(&now, "/", 1000, i < 15);
	}
	v = versus_rows(row_of(&then, "/"), row_of(&now, "/"), versus_level(0));
	assert_int_equal(v.failures, VERSUS_FAILS_SAME);
	for (size_t i = 0; i < 40; i++)
		add_sample(&now, "/", 1000, true);
	v = versus_rows(row_of(&then, "/"), row_of(&now, "/"), versus_level(0));
	assert_int_equal(v.failures, VERSUS_FAILS_MORE);
	assert_int_equal(v.times, VERSUS_SAME);
	v = versus_rows(row_of(&now, "/"), row_of(&then, "/"), versus_level(0));
	assert_int_equal(v.failures, VERSUS_FAILS_LESS);
	table_clear(&then);
	table_clear(&now);
}

/* However a run is shared out over workers. */
static void merged_histograms_say_what_one_would(void **state)
{
	struct table then = {0}, whole = {0}, parts[3] = {{0}}, merged = {0};
	struct versus a, b;
	struct rng rng;

	(void)state;
	rng_init(&rng, 9, 9);
	add_draws(&then, "/", &rng, 500, 100);
	for (size_t i = 0; i < 600; i++) {
		uint64_t us = draw_us(&rng, 107);

		add_sample(&whole, "/", us, false);
		add_sample(&parts[i % 3], "/", us, false);
	}
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		table_merge(&merged, &parts[i]);
		table_clear(&parts[i]);
	}
	a = versus_rows(row_of(&then, "/"), row_of(&whole, "/"), 0.01);
	b = versus_rows(row_of(&then, "/"), row_of(&merged, "/"), 0.01);
	assert_true(a.p50.p == b.p50.p && a.effect == b.effect);
	assert_true(a.p95.p == b.p95.p && a.regression == b.regression);
	assert_int_equal(a.times, b.times);
	table_clear(&then);
	table_clear(&whole);
	table_clear(&merged);
}

/* --- all rows ----------------------------------------------------------- */

static void make(
    struct comparison *c, const struct table *then, const struct table *now)
{
	struct row all_then, all_now;

	table_total(then, &all_then);
	table_total(now, &all_now);
	comparison_make(c, then, &all_then, now, &all_now);
	row_clear(&all_then);
	row_clear(&all_now);
}

static void rows_are_new_gone_or_both(void **state)
{
	struct table then = {0}, now = {0};
	struct comparison c;
	struct rng rng;

	(void)state;
	rng_init(&rng, 5, 5);
	add_draws(&then, "/gone", &rng, 50, 100);
	add_draws(&then, "/both", &rng, 50, 100);
	add_draws(&now, "/new", &rng, 50, 100);
	add_draws(&now, "/both", &rng, 50, 100);
	make(&c, &then, &now);
	assert_int_equal(c.shared, 1);
	assert_int_equal(c.n_rows, 3);
	assert_string_equal(c.rows[0].now->name, "/both");
	assert_int_equal(c.rows[0].times, VERSUS_SAME);
	assert_string_equal(c.rows[1].now->name, "/new");
	assert_int_equal(c.rows[1].times, VERSUS_NEW);
	assert_null(c.rows[1].then);
	assert_string_equal(c.rows[2].then->name, "/gone");
	assert_int_equal(c.rows[2].times, VERSUS_GONE);
	assert_null(c.rows[2].now);
	comparison_clear(&c);
	table_clear(&then);
	table_clear(&now);
}

static void the_slowest_comes_first(void **state)
{
	static const char *const order[] = {"/slowest", "/slow", "/fast"};
	struct table then = {0}, now = {0};
	const struct versus **changed;
	struct comparison c;
	struct rng rng;
	size_t n;

	(void)state;
	rng_init(&rng, 6, 6);
	add_draws(&then, "/fast", &rng, 500, 100);
	add_draws(&now, "/fast", &rng, 500, 50);
	add_draws(&then, "/same", &rng, 500, 100);
	add_draws(&now, "/same", &rng, 500, 100);
	add_draws(&then, "/slow", &rng, 500, 100);
	add_draws(&now, "/slow", &rng, 500, 150);
	add_draws(&then, "/slowest", &rng, 500, 100);
	add_draws(&now, "/slowest", &rng, 500, 200);
	make(&c, &then, &now);
	changed = comparison_changed(&c, &n);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(changed[i]->now->name, order[i]);
	free(changed);
	comparison_clear(&c);
	table_clear(&then);
	table_clear(&now);
}

/* In a report a byte that is no UTF-8 is U+FFFD. */
static void a_name_that_is_no_text_is_found_again(void **state)
{
	struct table then = {0}, now = {0};

	(void)state;
	add_sample(&then, "/\xef\xbf\xbd", 1000, false);
	add_sample(&now, "/\xff", 1000, false);
	assert_int_equal(comparison_shared(&then, &now), 1);
	table_clear(&then);
	table_clear(&now);
}

static void more_rows_need_more_certainty(void **state)
{
	(void)state;
	assert_true(fabs(versus_level(0) - 0.01 / 3) < 1e-15);
	assert_true(fabs(versus_level(9) - 0.01 / 30) < 1e-15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_again_is_hardly_ever_called_different),
	    cmocka_unit_test(a_tenth_slower_or_faster_is_seen),
	    cmocka_unit_test(a_change_that_is_certain_but_small_does_not_count),
	    cmocka_unit_test(what_the_buckets_cannot_tell_apart_does_not_count),
	    cmocka_unit_test(a_longer_tail_is_seen_where_the_middle_stays),
	    cmocka_unit_test(times_that_never_vary_are_compared_too),
	    cmocka_unit_test(few_samples_say_nothing),
	    cmocka_unit_test(more_failures_are_told_apart_from_a_few),
	    cmocka_unit_test(merged_histograms_say_what_one_would),
	    cmocka_unit_test(rows_are_new_gone_or_both),
	    cmocka_unit_test(the_slowest_comes_first),
	    cmocka_unit_test(a_name_that_is_no_text_is_found_again),
	    cmocka_unit_test(more_rows_need_more_certainty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
