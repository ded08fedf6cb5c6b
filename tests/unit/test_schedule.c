/*
 * Stages in virtual time: who is wanted when, and which tasks are due; however
 * often anybody looks, and whoever does.
 */
#include "planning.h"

#include "base/util.h"
#include "load/arrivals.h"
#include "load/schedule.h"

#define S US_PER_S

static struct plan *stages(const char *text)
{
	char *ini = xasprintf("[load]\nhost = http://h\nstages = %s\n"
			      "[task]\nget = /\n",
	    text);
	struct plan *plan = plan_of(ini);

	free(ini);
	return plan;
}

static struct plan *load(const char *text)
{
	char *ini =
	    xasprintf("[load]\nhost = http://h\n%s\n[task]\nget = /\n", text);
	struct plan *plan = plan_of(ini);

	free(ini);
	return plan;
}

/* --- stages ------------------------------------------------------------- */

static void stages_behind_the_end_of_the_run_do_not_begin(void **state)
{
	struct plan *plan = stages("0s:2, 3s:2, 0s:0");

	(void)state;
	assert_int_equal(schedule_stages_begun(&plan->load), 2);
	plan->load.run_time_us = 0;
	assert_int_equal(schedule_stages_begun(&plan->load), 3);
	plan->load.run_time_us = 4 * S;
	assert_int_equal(schedule_stages_begun(&plan->load), 3);
	plan_free(plan);
}

/* --- users -------------------------------------------------------------- */

static void users_follow_the_line_to_within_one(void **state)
{
	struct plan *plan = stages("3s:30, 3s:30 steady, 3s:0, 1s:7, 2s:20");
	const struct load_options *l = &plan->load;

	(void)state;
	for (uint64_t at = 0; at < 12 * S; at += 777) {
		double off =
		    (double)schedule_places(l, at) - schedule_target(l, at);

		assert_true(off >= -1e-6 && off <= 1 + 1e-6);
	}
	assert_int_equal(schedule_places(l, 4 * S), 30);
	assert_int_equal(schedule_places(l, 9 * S - 1), 1);
	assert_int_equal(l->users, 30);
	assert_int_equal(l->run_time_us, 12 * S);
	plan_free(plan);
}

/* A place is wanted from each rise to the next fall, and counted so. */
static void rises_and_falls_say_the_same_as_the_number_of_places(void **state)
{
	struct plan *plan = stages("2s:9, 0s:4, 1s:4, 3s:13, 2s:1, 1s:2");
	const struct load_options *l = &plan->load;

	(void)state;
	for (uint64_t place = 0; place < 14; place++) {
		uint64_t rise = schedule_rise_us(l, place, 0);
		bool is_here = false;

		for (uint64_t at = 0; at < 9 * S; at += 3331) {
			bool is_counted = schedule_places(l, at) > place;

			assert_int_equal(
			    schedule_rise_us(l, place, at) == at, is_counted);
			assert_int_equal(
			    schedule_fall_us(l, place, at) == at, !is_counted);
			if (is_counted != is_here && is_counted)
				assert_true(rise <= at);
			is_here = is_counted;
		}
	}
	plan_free(plan);
}

static void who_came_last_goes_first(void **state)
{
	struct plan *plan = stages("1s:10, 1s:0");
	const struct load_options *l = &plan->load;

	(void)state;
	for (uint64_t place = 0; place < 10; place++) {
		assert_int_equal(schedule_rise_us(l, place, 0), place * S / 10);
		assert_int_equal(schedule_fall_us(l, place, place * S / 10),
		    S + (10 - place) * S / 10);
		assert_int_equal(schedule_rise_us(l, place, 2 * S), UINT64_MAX);
	}
	plan_free(plan);
}

static void a_stage_of_no_time_is_a_step(void **state)
{
	struct plan *plan = stages("0s:5, 2s:5, 0s:1, 1s:1");
	const struct load_options *l = &plan->load;

	(void)state;
	assert_int_equal(schedule_places(l, 0), 5);
	assert_int_equal(schedule_places(l, 2 * S - 1), 5);
	assert_int_equal(schedule_places(l, 2 * S), 1);
	assert_int_equal(schedule_fall_us(l, 4, 0), 2 * S);
	assert_int_equal(schedule_rise_us(l, 4, 0), 0);
	assert_int_equal(schedule_stage(l, 0), 1);
	assert_int_equal(schedule_stage(l, 2 * S), 3);
	plan_free(plan);
}

static void users_without_stages_start_at_their_rate(void **state)
{
	struct plan *plan = load("users = 50\nspawn_rate = 4\nrun_time = 1m");
	const struct load_options *l = &plan->load;

	(void)state;
	assert_false(l->has_stages);
	assert_int_equal(l->run_time_us, 60 * S);
	for (uint64_t place = 0; place < 50; place++)
		assert_int_equal(schedule_rise_us(l, place, 0), place * S / 4);
	assert_int_equal(schedule_places(l, 60 * S), 50);
	assert_int_equal(schedule_fall_us(l, 49, 13 * S), UINT64_MAX);
	plan_free(plan);
}

static void stages_know_where_they_begin_and_end(void **state)
{
	struct plan *plan = stages("30s:100, 5m:100 steady, 30s:0 down");
	const struct load_options *l = &plan->load;

	(void)state;
	assert_int_equal(l->n_stages, 3);
	assert_string_equal(l->stages[0].name, "1");
	assert_string_equal(l->stages[1].name, "steady");
	assert_int_equal(schedule_stage_start_us(l, 1), 30 * S);
	assert_int_equal(schedule_stage_end_us(l, 1), 330 * S);
	assert_int_equal(schedule_stage_end_us(l, 2), UINT64_MAX);
	assert_int_equal(schedule_stage(l, 30 * S - 1), 0);
	assert_int_equal(schedule_stage(l, 30 * S), 1);
	assert_int_equal(schedule_stage(l, 400 * S), 2);
	plan_free(plan);
}

/* --- tasks -------------------------------------------------------------- */

static void as_many_tasks_are_due_as_the_line_has_below_it(void **state)
{
	struct plan *plan = stages("10s:500/s, 1m:500/s, 10s:0/s");
	const struct load_options *l = &plan->load;
	double all = schedule_due(l, 80.0 * S);

	(void)state;
	assert_int_equal(l->model, LOAD_RATE);
	assert_true(all > 35000 - 1e-6 && all < 35000 + 1e-6);
	for (double n = 0; n < 35000; n += 0.5) {
		uint64_t at = schedule_due_us(l, n);

		assert_true(at < 80 * S);
		/* rounded to a microsecond, at 500 a second at most */
		assert_true(schedule_due(l, (double)at) > n - 0.001);
		assert_true(schedule_due(l, (double)at) < n + 0.001);
	}
	assert_int_equal(schedule_due_us(l, 35001), UINT64_MAX);
	plan_free(plan);
}

static void a_rate_is_even_and_has_no_end(void **state)
{
	struct plan *plan = load("rate = 200/s");
	const struct load_options *l = &plan->load;

	(void)state;
	for (uint64_t n = 0; n < 1000000000; n += 7654321)
		assert_int_equal(schedule_due_us(l, (double)n), n * S / 200);
	plan_free(plan);
}

/* All tasks that are due before the end, by whom they fall to. */
static size_t gather(const struct plan *plan, const uint64_t *places, size_t n,
    uint64_t end_us, uint64_t *out)
{
	struct arrivals a;
	size_t got = 0;

	arrivals_init(&a, &plan->load, places, n, 42);
	for (; a.due_us < end_us; arrivals_next(&a))
		out[got++] = a.due_us;
	return got;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The pool of seven, whole or shared out among three. */
static void check_shares(struct plan *plan, uint64_t end_us)
{
	static const uint64_t all[] = {0, 1, 2, 3, 4, 5, 6};
	static const uint64_t ours[3][3] = {{0, 3, 6}, {1, 4}, {2, 5}};
	static const size_t n_ours[3] = {3, 2, 2};
	uint64_t *one = xcalloc(100000, sizeof(*one));
	uint64_t *many = xcalloc(100000, sizeof(*many));
	size_t n = gather(plan, all, 7, end_us, one), got = 0;

	for (size_t i = 0; i < 3; i++)
		got += gather(plan, ours[i], n_ours[i], end_us, many + got);
	qsort(many, got, sizeof(*many), by_value);
	assert_int_equal(got, n);
	assert_memory_equal(one, many, n * sizeof(*one));
	free(one);
	free(many);
}

static void however_tasks_are_shared_out_they_are_the_same(void **state)
{
	struct plan *even = load("stages = 5s:300/s, 5s:100/s\nmax_users = 7");
	struct plan *poisson = load("stages = 5s:300/s, 5s:100/s\n"
				    "max_users = 7\nspacing = poisson");

	(void)state;
	check_shares(even, 10 * S);
	check_shares(poisson, 10 * S);
	plan_free(even);
	plan_free(poisson);
}

static void poisson_has_the_mean_and_the_spread_of_its_name(void **state)
{
	struct plan *plan =
	    load("rate = 100/s\nspacing = poisson\nmax_users = 1");
	static const uint64_t place[] = {0};
	uint64_t *due = xcalloc(200000, sizeof(*due));
	size_t n = gather(plan, place, 1, 1000 * S, due);
	double sum = 0, squares = 0, mean;

	(void)state;
	assert_true(n > 98500 && n < 101500);
	for (size_t i = 1; i < n; i++) {
		double gap = (double)(due[i] - due[i - 1]);

		sum += gap;
		squares += gap * gap;
	}
	mean = sum / (double)(n - 1);
	/* exponential gaps: the mean of the squares is twice that of the mean
	 */
	assert_true(squares / (double)(n - 1) / mean / mean > 1.9);
	assert_true(squares / (double)(n - 1) / mean / mean < 2.1);
	free(due);
	plan_free(plan);
}

/* To leave tasks out is the same as to go through them. */
static void check_skips(struct plan *plan)
{
	static const uint64_t ours[] = {1, 4, 6};
	struct arrivals a, b;

	arrivals_init(&a, &plan->load, ours, 3, 42);
	b = a;
	for (uint64_t end_us = 0; end_us < 12 * S; end_us += 123457) {
		uint64_t n = 0;

		for (; a.due_us < end_us; arrivals_next(&a))
			n++;
		assert_int_equal(arrivals_skip(&b, end_us), n);
		assert_int_equal(b.due_us, a.due_us);
		assert_int_equal(b.rounds, a.rounds);
		assert_int_equal(b.next, a.next);
	}
}

static void tasks_are_left_out_as_they_are_gone_through(void **state)
{
	struct plan *even = load("stages = 5s:300/s, 5s:0/s\nmax_users = 7");
	struct plan *poisson = load("stages = 5s:300/s, 5s:100/s\n"
				    "max_users = 7\nspacing = poisson");

	(void)state;
	check_skips(even);
	check_skips(poisson);
	plan_free(even);
	plan_free(poisson);
}

static void whoever_has_no_place_has_no_task(void **state)
{
	struct plan *plan = load("rate = 100/s");
	struct arrivals a;

	(void)state;
	arrivals_init(&a, &plan->load, NULL, 0, 1);
	assert_int_equal(a.due_us, UINT64_MAX);
	arrivals_next(&a);
	assert_int_equal(a.due_us, UINT64_MAX);
	plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest users[] = {
	    cmocka_unit_test(users_follow_the_line_to_within_one),
	    cmocka_unit_test(
		rises_and_falls_say_the_same_as_the_number_of_places),
	    cmocka_unit_test(who_came_last_goes_first),
	    cmocka_unit_test(a_stage_of_no_time_is_a_step),
	    cmocka_unit_test(users_without_stages_start_at_their_rate),
	    cmocka_unit_test(stages_know_where_they_begin_and_end),
	    cmocka_unit_test(stages_behind_the_end_of_the_run_do_not_begin),
	};
	const struct CMUnitTest tasks[] = {
	    cmocka_unit_test(as_many_tasks_are_due_as_the_line_has_below_it),
	    cmocka_unit_test(a_rate_is_even_and_has_no_end),
	    cmocka_unit_test(however_tasks_are_shared_out_they_are_the_same),
	    cmocka_unit_test(poisson_has_the_mean_and_the_spread_of_its_name),
	    cmocka_unit_test(tasks_are_left_out_as_they_are_gone_through),
	    cmocka_unit_test(whoever_has_no_place_has_no_task),
	};

	return cmocka_run_group_tests(users, NULL, NULL) +
	       cmocka_run_group_tests(tasks, NULL, NULL);
}
