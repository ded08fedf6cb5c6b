/*
 * Demand of stages and rates, in virtual time: against users who are followed
 * one by one, and against what a rate comes to.
 */
#include "load/demand.h"

#include <math.h>
#include <unistd.h>

#include "base/util.h"
#include "load/schedule.h"
#include "tests/unit/planning.h"

#define TASK "[task a]\nget = http://h/\n"

struct fixture {
	struct plan *plan;
	struct demand demand;
};

static void set_up(struct fixture *f, const char *text)
{
	f->plan = plan_of(text);
	demand_init(&f->demand, f->plan, NULL);
}

static void tear_down(struct fixture *f)
{
	demand_clear(&f->demand);
	plan_free(f->plan);
}

static void assert_near(double is, double expected)
{
	if (!(fabs(is - expected) <= 1e-6 * fmax(1, fabs(expected))))
		fail_msg("expected %g, got %g", expected, is);
}

static void assert_within(double is, double expected, double off)
{
	if (!(fabs(is - expected) <= off))
		fail_msg("expected %g +- %g, got %g", expected, off, is);
}

static double tasks_until(const struct fixture *f, double until_us)
{
	return demand_until(&f->demand, until_us).tasks;
}

/* --- stages of users ---------------------------------------------------- */

/* Who is there for so long, after so long a start begins a task every so
 * often, at most so many. */
static double tasks_within(
    double us, double start_us, double every_us, double most)
{
	return us <= start_us ? 0
			      : fmin(most, ceil((us - start_us) / every_us));
}

/* The same of all users of the plan, one after the other. */
static double tasks_followed(const struct load_options *load, uint64_t until_us,
    double start_us, double every_us, double most)
{
	double n = 0;

	for (uint64_t place = 0; place < load->users; place++) {
		uint64_t from_us = schedule_rise_us(load, place, 0), to_us;

		for (; from_us < until_us;
		     from_us = schedule_rise_us(load, place, to_us)) {
			to_us = schedule_fall_us(load, place, from_us);
			if (to_us > until_us)
				to_us = until_us;
			n += tasks_within((double)(to_us - from_us), start_us,
			    every_us, most);
			if (to_us == until_us)
				break;
		}
	}
	return n;
}

static void tasks_are_those_of_users_who_come_and_go(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "stages = 4s:80, 2s:80, 4s:10, 2s:10, 0s:50, 3s:50\n"
		   "wait = pace 500ms\n" TASK);
	for (double at_us = 1e6; at_us <= 15e6; at_us += 1e6)
		assert_within(tasks_until(&f, at_us),
		    tasks_followed(&f.plan->load, (uint64_t)at_us, 0, 500000,
			(double)INFINITY),
		    60); /* half a task of each user */
	assert_near(demand_end_us(&f.demand), 15e6);
	tear_down(&f);
}

static void a_start_and_a_limit_of_each_user_count(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "stages = 4s:80, 2s:80, 4s:10, 2s:10\n"
		   "wait = pace 500ms\n"
		   "[user u]\n"
		   "on_start = rest\n"
		   "tasks = a\n"
		   "iterations = 6\n"
		   "[task rest]\n"
		   "sleep = 1s\n" TASK);
	for (double at_us = 1e6; at_us <= 12e6; at_us += 1e6)
		assert_within(tasks_until(&f, at_us),
		    tasks_followed(
			&f.plan->load, (uint64_t)at_us, 1e6, 500000, 6),
		    60);
	tear_down(&f);
}

static void the_rate_is_that_of_the_highest_stage_that_is_reached(void **state)
{
	struct fixture f;

	(void)state;
	set_up(
	    &f, "[load]\nstages = 2s:10, 4s:30, 4s:0\nwait = pace 1s\n" TASK);
	assert_near(demand_rate(&f.demand).tasks, 30);
	tear_down(&f);
	set_up(
	    &f, "[load]\nstages = 2s:10, 2s:0, 4s:30\nwait = pace 1s\n" TASK);
	f.plan->load.run_time_us = 4 * US_PER_S;
	assert_near(demand_rate(&f.demand).tasks, 10);
	tear_down(&f);
}

static void who_comes_again_has_tasks_of_its_own(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "stages = 0s:10, 5s:10, 0s:0, 5s:0, 0s:10, 5s:10\n"
		   "wait = pace 500ms\n"
		   "[user u]\n"
		   "iterations = 4\n"
		   "tasks = a\n" TASK);
	assert_near(tasks_until(&f, 9e6), 40);
	assert_near(tasks_until(&f, 15e6), 80);
	/* when the last of them are done */
	assert_near(demand_end_us(&f.demand), 11.5e6);
	tear_down(&f);
}

static void users_who_come_again_are_others(void **state)
{
	struct fixture f;
	char path[64];
	char *text;

	(void)state;
	write_temporary(path, sizeof(path), "id\n1\n2\n3\n");
	text = xasprintf("[load]\n"
			 "stages = 1s:4, 1s:0, 1s:0, 1s:3\n"
			 "wait = 1s\n"
			 "[data ids]\n"
			 "file = %s\n"
			 "order = unique\n"
			 "per = user\n"
			 "[task a]\n"
			 "get = http://h/${ids.id}\n",
	    path);
	set_up(&f, text);
	assert_near(demand_users_started(&f.demand), 7);
	assert_int_equal(demand_row_users(&f.demand, 0), 7);
	tear_down(&f);
	free(text);
	unlink(path);
}

/* --- rates of tasks ----------------------------------------------------- */

static void tasks_are_due_whatever_answers_take(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\nstages = 10s:10/s, 10s:10/s, 10s:0/s\n" TASK);
	for (double answer_us = 0; answer_us < 3e6; answer_us += 1e6) {
		demand_answers(&f.demand, answer_us);
		assert_near(tasks_until(&f, 5e6), 12.5);
		assert_near(tasks_until(&f, 10e6), 50);
		assert_near(tasks_until(&f, 20e6), 150);
		assert_near(tasks_until(&f, 30e6), 200);
		assert_near(demand_rate(&f.demand).tasks, 10);
		assert_near(demand_end_us(&f.demand), 30e6);
	}
	tear_down(&f);
}

static void as_many_users_are_needed_as_tasks_run_at_once(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "rate = 50/s\n" TASK "sleep = 100ms\n"
		   "get = http://h/\n");
	demand_answers(&f.demand, 50000);
	assert_near(demand_users_needed(&f.demand), 10);
	tear_down(&f);
	set_up(&f, "[load]\nusers = 50\n" TASK);
	assert_near(demand_users_needed(&f.demand), 0);
	tear_down(&f);
}

static void iterations_end_a_rate(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "rate = 10/s\n"
		   "iterations = 100\n" TASK);
	demand_answers(&f.demand, 500000);
	assert_near(demand_end_us(&f.demand), 10.5e6);
	assert_near(tasks_until(&f, 60e6), 100);
	tear_down(&f);
}

static void who_has_done_its_tasks_is_followed_by_another(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "rate = 10/s\n"
		   "run_time = 10s\n"
		   "max_users = 2\n"
		   "[user u]\n"
		   "on_start = hello\n"
		   "tasks = a\n"
		   "iterations = 5\n"
		   "[task hello]\n"
		   "get = http://h/hello\n" TASK);
	assert_near(tasks_until(&f, 10e6), 100);
	assert_near(demand_until(&f.demand, 10e6).requests, 120);
	tear_down(&f);
}

static void without_an_end_a_rate_goes_on(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\nrate = 10/s\n" TASK);
	assert_true(isinf(demand_end_us(&f.demand)));
	assert_near(tasks_until(&f, 3600e6), 36000);
	tear_down(&f);
}

static void kinds_share_a_rate_as_they_share_users(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "rate = 100/s\n"
		   "max_users = 40\n"
		   "[user reader]\n"
		   "weight = 3\n"
		   "tasks = a\n"
		   "[user writer]\n"
		   "tasks = b\n" TASK "[task b]\n"
		   "repeat = 2\n"
		   "get = http://h/\n");
	assert_near(demand_kind_rate(&f.demand, 0).requests, 75);
	assert_near(demand_kind_rate(&f.demand, 1).requests, 50);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tasks_are_those_of_users_who_come_and_go),
	    cmocka_unit_test(a_start_and_a_limit_of_each_user_count),
	    cmocka_unit_test(
		the_rate_is_that_of_the_highest_stage_that_is_reached),
	    cmocka_unit_test(who_comes_again_has_tasks_of_its_own),
	    cmocka_unit_test(users_who_come_again_are_others),
	    cmocka_unit_test(tasks_are_due_whatever_answers_take),
	    cmocka_unit_test(as_many_users_are_needed_as_tasks_run_at_once),
	    cmocka_unit_test(iterations_end_a_rate),
	    cmocka_unit_test(who_has_done_its_tasks_is_followed_by_another),
	    cmocka_unit_test(without_an_end_a_rate_goes_on),
	    cmocka_unit_test(kinds_share_a_rate_as_they_share_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
