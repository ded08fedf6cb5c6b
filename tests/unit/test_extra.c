/*
 * Users more and fewer than the plan says: within their bounds, whatever the
 * plan wants at the moment.
 */
#include "load/extra.h"

#include "base/util.h"
#include "load/crew.h"
#include "tests/unit/planning.h"

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

static void users_are_added_to_what_the_plan_wants_now(void **state)
{
	struct plan *plan = stages("10s:10, 10s:0");
	struct extra e = {.load = &plan->load, .most = 100};

	(void)state;
	assert_int_equal(extra_wanted(&e, 5 * S), 5 + 1);
	assert_int_equal(extra_change(&e, 10, 5 * S), 10);
	assert_int_equal(extra_wanted(&e, 5 * S), 15 + 1);
	assert_int_equal(extra_change(&e, -1, 5 * S), -1);
	assert_int_equal(extra_wanted(&e, 10 * S), 19);
	assert_int_equal(extra_wanted(&e, 20 * S), 9);
	plan_free(plan);
}

static void nobody_is_taken_away_who_is_not_there(void **state)
{
	struct plan *plan = stages("0s:4, 10s:4, 0s:8, 10s:8");
	struct extra e = {.load = &plan->load, .most = 100};

	(void)state;
	assert_int_equal(extra_change(&e, -10, S), -4);
	assert_int_equal(extra_wanted(&e, S), 0);
	assert_int_equal(extra_change(&e, -1, S), 0);
	assert_int_equal(extra_wanted(&e, 15 * S), 4);
	plan_free(plan);
}

static void one_more_is_one_more_where_fewer_than_none_are_wanted(void **state)
{
	struct plan *plan = stages("0s:8, 10s:8, 0s:2, 10s:2");
	struct extra e = {.load = &plan->load, .most = 100};

	(void)state;
	assert_int_equal(extra_change(&e, -5, S), -5);
	assert_int_equal(extra_wanted(&e, 15 * S), 0);
	assert_int_equal(extra_change(&e, -1, 15 * S), 0);
	assert_int_equal(extra_change(&e, 1, 15 * S), 4);
	assert_int_equal(extra_wanted(&e, 15 * S), 1);
	plan_free(plan);
}

static void the_peak_to_come_keeps_its_room(void **state)
{
	struct plan *plan = stages("0s:1, 10s:1, 0s:90, 10s:90");
	struct extra e = {.load = &plan->load, .most = 100};

	(void)state;
	assert_int_equal(extra_change(&e, 8, S), 8);
	assert_int_equal(extra_change(&e, 8, S), 2);
	assert_int_equal(extra_change(&e, 8, S), 0);
	assert_int_equal(extra_wanted(&e, 15 * S), 100);
	plan_free(plan);
}

static void there_is_always_room_for_as_many_again(void **state)
{
	(void)state;
	assert_int_equal(crew_most_users(1), 1000);
	assert_int_equal(crew_most_users(500), 1000);
	assert_int_equal(crew_most_users(501), 10000);
	assert_int_equal(crew_most_users(10000000), 100000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(users_are_added_to_what_the_plan_wants_now),
	    cmocka_unit_test(nobody_is_taken_away_who_is_not_there),
	    cmocka_unit_test(
		one_more_is_one_more_where_fewer_than_none_are_wanted),
	    cmocka_unit_test(the_peak_to_come_keeps_its_room),
	    cmocka_unit_test(there_is_always_room_for_as_many_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
