/*
 * What became of users of stages until some time, against the places looked at
 * one by one; and the peaks of targets.
 */
#include "planning.h"

#include <math.h>

#include "base/util.h"
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

static void assert_near(double is, double expected, double tolerance)
{
	if (!(fabs(is - expected) <= tolerance))
		fail_msg("expected %g, got %g", expected, is);
}

/* The same, place by place. */
static struct turnout counted(
    const struct load_options *load, uint64_t until_us)
{
	struct turnout t = {.places = schedule_places(load, until_us)};

	for (uint64_t place = 0; place < load->users; place++) {
		uint64_t from_us = schedule_rise_us(load, place, 0);

		while (from_us <= until_us) {
			uint64_t to_us = schedule_fall_us(load, place, from_us);

			t.started++;
			t.since_us += (double)(until_us - from_us);
			if (to_us > until_us)
				to_us = until_us;
			t.time_us += (double)(to_us - from_us);
			if (to_us == until_us)
				break;
			from_us = schedule_rise_us(load, place, to_us);
		}
	}
	return t;
}

static void assert_as_counted(const char *text)
{
	struct plan *plan = stages(text);
	const struct load_options *load = &plan->load;

	for (uint64_t at_us = 0; at_us < 15 * S; at_us += 123457) {
		struct turnout want = counted(load, at_us);
		struct turnout is = schedule_turnout(load, (double)at_us);

		assert_int_equal(is.places, want.places);
		assert_int_equal(is.started, want.started);
		/* each coming and going is rounded to a microsecond */
		assert_near(is.time_us, want.time_us, 100);
		assert_near(is.since_us, want.since_us, 100);
	}
	plan_free(plan);
}

static void it_is_what_becomes_of_each_place(void **state)
{
	(void)state;
	assert_as_counted("3s:30, 3s:30 steady, 3s:0");
	assert_as_counted("2s:9, 0s:4, 1s:4, 3s:13, 2s:1, 1s:2");
	assert_as_counted("0s:7, 4s:3, 2s:3, 0s:0, 1s:0, 0s:11, 3s:11");
	assert_as_counted("5s:1, 5s:0, 5s:1");
}

/* Of n users, the first at once, the others evenly behind it. */
static uint64_t come_by(double per_s, uint64_t n, uint64_t at_us)
{
	uint64_t came = 0;

	while (came < n && (double)came * 1e6 / per_s < (double)at_us + 0.5)
		came++;
	return came;
}

static void without_stages_it_is_what_users_at_a_rate_are(void **state)
{
	struct plan *plan = plan_of("[load]\nusers = 100\nspawn_rate = 7\n"
				    "[task]\nget = http://h/\n");

	(void)state;
	for (uint64_t at_us = 0; at_us < 20 * S; at_us += 99991) {
		struct turnout t = schedule_turnout(&plan->load, (double)at_us);

		assert_int_equal(t.started, come_by(7, 100, at_us));
		assert_int_equal(t.most, t.started);
		assert_near(t.since_us, t.time_us, 1);
	}
	plan_free(plan);
}

static void before_the_start_there_is_nobody(void **state)
{
	struct plan *plan = stages("1s:5");
	struct turnout t = schedule_turnout(&plan->load, -1);

	(void)state;
	assert_int_equal(t.started, 0);
	assert_near(t.time_us, 0, 0);
	plan_free(plan);
}

static void the_most_users_are_remembered(void **state)
{
	struct plan *plan = stages("2s:20, 2s:0, 1s:0, 2s:10");
	const struct load_options *load = &plan->load;

	(void)state;
	assert_int_equal(schedule_turnout(load, 0.95e6).most, 10);
	assert_int_equal(schedule_turnout(load, 7e6).most, 20);
	assert_int_equal(schedule_turnout(load, 7e6).places, 10);
	assert_int_equal(schedule_turnout(load, 7e6).started, 30);
	plan_free(plan);
}

static void a_peak_is_the_highest_target_so_far(void **state)
{
	struct plan *plan = stages("2s:100/s, 2s:0/s, 0s:50/s, 1s:50/s");
	const struct load_options *load = &plan->load;

	(void)state;
	assert_near(schedule_peak(load, 1e6), 50, 1e-6);
	assert_near(schedule_peak(load, 3e6), 100, 1e-6);
	assert_near(schedule_peak(load, 1e12), 100, 1e-6);
	plan_free(plan);
	plan = stages("0s:30/s, 1s:10/s");
	assert_near(schedule_peak(&plan->load, 0), 30, 1e-6);
	plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_is_what_becomes_of_each_place),
	    cmocka_unit_test(without_stages_it_is_what_users_at_a_rate_are),
	    cmocka_unit_test(before_the_start_there_is_nobody),
	    cmocka_unit_test(the_most_users_are_remembered),
	    cmocka_unit_test(a_peak_is_the_highest_target_so_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
