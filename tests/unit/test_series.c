/*
 * Points through time: few enough whatever the length of a run, and nothing of
 * it lost.
 */
#include "report/series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

/* An interval of 3 s with one answer of so many microseconds. */
static void add(struct series *s, uint64_t i, uint64_t users, uint64_t us)
{
	struct point p = {.from_us = i * 3 * US_PER_S,
	    .until_us = (i + 1) * 3 * US_PER_S,
	    .requests = 1,
	    .failures = i % 2,
	    .due = 3,
	    .tasks = 2,
	    .dropped = 1,
	    .users = users};

	hist_record(&p.response, us);
	series_add(s, &p);
	hist_clear(&p.response);
}

static void a_short_run_has_a_point_for_each_interval(void **state)
{
	struct series s = {0};

	(void)state;
	for (uint64_t i = 0; i < SERIES_MAX_POINTS; i++)
		add(&s, i, i, 1000);
	assert_int_equal(s.n, SERIES_MAX_POINTS);
	assert_int_equal(s.points[7].from_us, 21 * US_PER_S);
	assert_int_equal(s.points[7].users, 7);
	assert_int_equal(s.points[7].requests, 1);
	series_clear(&s);
	assert_int_equal(s.n, 0);
}

static void a_long_run_has_no_more_points_and_loses_nothing(void **state)
{
	enum { INTERVALS = 30011 }; /* a day */
	struct series s = {0};
	struct point sum = {0};
	uint64_t until_us = 0;

	(void)state;
	for (uint64_t i = 0; i < INTERVALS; i++) {
		add(&s, i, 5, 1000);
		assert_true(s.n <= SERIES_MAX_POINTS);
	}
	assert_true(s.n > SERIES_MAX_POINTS / 2);
	for (size_t i = 0; i < s.n; i++) {
		const struct point *p = &s.points[i];

		assert_int_equal(p->from_us, until_us);
		assert_int_equal(p->requests, p->response.count);
		until_us = p->until_us;
		sum.requests += p->requests;
		sum.failures += p->failures;
		sum.due += p->due;
		sum.tasks += p->tasks;
		sum.dropped += p->dropped;
	}
	assert_int_equal(until_us, INTERVALS * 3 * US_PER_S);
	assert_int_equal(sum.requests, INTERVALS);
	assert_int_equal(sum.failures, INTERVALS / 2);
	assert_float_equal(sum.due, 3 * INTERVALS, 1e-6);
	assert_int_equal(sum.tasks, 2 * INTERVALS);
	assert_int_equal(sum.dropped, INTERVALS);
	series_clear(&s);
}

static void all_points_but_the_last_take_as_many_intervals(void **state)
{
	struct series s = {0};

	(void)state;
	for (uint64_t i = 0; i < 4 * SERIES_MAX_POINTS + 3; i++)
		add(&s, i, 5, 1000);
	for (size_t i = 0; i + 1 < s.n; i++)
		assert_int_equal(s.points[i].requests, s.stride);
	assert_int_equal(s.stride, 8);
	assert_int_equal(s.points[s.n - 1].requests, 3);
	series_clear(&s);
}

static void a_merged_point_has_all_samples_and_the_last_users(void **state)
{
	struct series s = {0};

	(void)state;
	/* each first of two answers takes 1 ms, each second 9 ms */
	for (uint64_t i = 0; i <= SERIES_MAX_POINTS; i++)
		add(&s, i, i % 2 ? 3 : 8, i % 2 ? 9000 : 1000);
	assert_int_equal(s.points[0].response.count, 2);
	assert_int_equal(
	    hist_quantile_us(&s.points[0].response, 500000) / 100, 10);
	assert_int_equal(s.points[0].response.max_us, 9000);
	assert_int_equal(s.points[0].users, 3);
	series_clear(&s);
}

static void a_short_last_interval_is_part_of_the_one_before(void **state)
{
	struct series s = {0};
	struct point rest = {.from_us = 6 * US_PER_S,
	    .until_us = 6 * US_PER_S + 20000,
	    .requests = 4};

	(void)state;
	add(&s, 0, 1, 1000);
	add(&s, 1, 1, 1000);
	series_add(&s, &rest);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.points[1].requests, 5);
	assert_int_equal(s.points[1].until_us, rest.until_us);
	series_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_short_run_has_a_point_for_each_interval),
	    cmocka_unit_test(a_long_run_has_no_more_points_and_loses_nothing),
	    cmocka_unit_test(all_points_but_the_last_take_as_many_intervals),
	    cmocka_unit_test(a_merged_point_has_all_samples_and_the_last_users),
	    cmocka_unit_test(a_short_last_interval_is_part_of_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
