/*
 * Demand: what tasks send and how long they take, how fast users go round,
 * what it all comes to.
 */
#include "load/demand.h"

#include <math.h>
#include <unistd.h>

#include "base/util.h"
#include "load/pace.h"
#include "tests/unit/planning.h"

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

/* The demand of task number i of the file. */
static struct task_demand task_demand(const struct fixture *f, size_t i)
{
	return demand_of(&f->demand, f->plan->tasks[i]);
}

static void assert_near(double is, double expected)
{
	if (!(fabs(is - expected) <= 1e-6 * fmax(1, fabs(expected))))
		fail_msg("expected %g, got %g", expected, is);
}

/* Requests a second where answers take so long. */
static double rate(struct fixture *f, double response_us)
{
	demand_answers(&f->demand, response_us);
	return demand_rate(&f->demand).requests;
}

/* --- tasks -------------------------------------------------------------- */

static void a_task_counts_its_steps_as_often_as_they_are_repeated(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[task a]\n"
		   "repeat = 3\n"
		   "get = http://h/\n"
		   "sleep = 1s..3s\n"
		   "post = http://h/\n");
	assert_near(task_demand(&f, 0).requests, 6);
	assert_near(task_demand(&f, 0).held, 6);
	assert_near(task_demand(&f, 0).sleep_us, 6e6);
	tear_down(&f);
}

static void a_call_counts_what_it_calls(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[task a]\n"
		   "repeat = 2\n"
		   "call = b\n"
		   "get = http://h/\n"
		   "call = b\n"
		   "[task b]\n"
		   "repeat = 5\n"
		   "get = http://h/\n"
		   "sleep = 1s\n");
	assert_near(task_demand(&f, 0).requests, 22);
	assert_near(task_demand(&f, 0).sleep_us, 20e6);
	tear_down(&f);
}

/* Each level calls the one below twice: 2^30 requests. */
static void deeply_nested_calls_are_summed_up_at_once(void **state)
{
	struct fixture f;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	for (int i = 0; i < 30; i++)
		fprintf(
		    out, "[task %d]\ncall = %d\ncall = %d\n", i, i + 1, i + 1);
	fputs("[task 30]\nget = http://h/\n", out);
	fclose(out);
	set_up(&f, text);
	assert_near(task_demand(&f, 0).requests, 1073741824);
	tear_down(&f);
	free(text);
}

static void a_poll_is_one_request_that_is_waited_for(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[task a]\n"
		   "poll = http://h/\n"
		   "until = status == 200\n");
	assert_near(task_demand(&f, 0).requests, 1);
	assert_near(task_demand(&f, 0).held, 1);
	assert_true(task_demand(&f, 0).has_poll);
	tear_down(&f);
}

static void what_runs_in_the_background_holds_nobody_up(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[task polls]\n"
		   "get = http://h/\n"
		   "poll = http://h/\n"
		   "until = status == 200\n"
		   "background = yes\n"
		   "[task calls]\n"
		   "call = beside\n"
		   "call = slow\n"
		   "background = yes\n"
		   "[task beside]\n"
		   "background = yes\n"
		   "call = slow\n"
		   "[task slow]\n"
		   "get = http://h/\n"
		   "sleep = 1s\n");
	assert_near(task_demand(&f, 0).requests, 2);
	assert_near(task_demand(&f, 0).held, 1);
	assert_near(task_demand(&f, 0).jobs, 1);
	assert_near(task_demand(&f, 1).requests, 2);
	assert_near(task_demand(&f, 1).held, 0);
	assert_near(task_demand(&f, 1).sleep_us, 0);
	assert_near(task_demand(&f, 1).jobs, 2);
	tear_down(&f);
}

static void a_step_with_a_when_may_be_left_out(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[task a]\n"
		   "set.x = ${randint 1 2}\n"
		   "get = http://h/\n"
		   "get = http://h/\n"
		   "when = ${x} == 1\n");
	assert_near(task_demand(&f, 0).requests, 2);
	assert_near(task_demand(&f, 0).least, 1);
	assert_true(task_demand(&f, 0).has_when);
	tear_down(&f);
}

static void steps_behind_a_stop_do_not_count(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[task a]\n"
		   "repeat = 4\n"
		   "call = b\n"
		   "get = http://h/\n"
		   "[task b]\n"
		   "get = http://h/\n"
		   "stop = user\n"
		   "get = http://h/\n");
	assert_near(task_demand(&f, 0).requests, 1);
	assert_true(task_demand(&f, 0).has_stop);
	tear_down(&f);
}

static void a_connection_for_each_request_is_counted(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[task a]\n"
		   "get = http://h/\n"
		   "get = http://h/\n"
		   "keepalive = no\n");
	assert_near(task_demand(&f, 0).fresh, 1);
	tear_down(&f);
}

static void emits_of_one_event_are_counted(void **state)
{
	struct fixture f;

	(void)state;
	f.plan = plan_of("[load]\n"
			 "wait = 1s\n"
			 "[hook h]\n"
			 "on = found\n"
			 "run = true\n"
			 "[hook i]\n"
			 "on = lost\n"
			 "run = true\n"
			 "[task a]\n"
			 "repeat = 3\n"
			 "emit = found\n"
			 "emit = lost\n"
			 "emit = found\n");
	demand_init(&f.demand, f.plan, "found");
	assert_near(demand_rate(&f.demand).emits, 6);
	tear_down(&f);
}

/* --- rates -------------------------------------------------------------- */

#define TASK "[task a]\nget = http://h/\n"

static void a_range_counts_with_its_mean_and_the_answer_comes_on_top(
    void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\nusers = 10\nwait = 500ms..1500ms\n" TASK);
	assert_near(rate(&f, 0), 10);
	assert_near(rate(&f, 1e6), 5);
	tear_down(&f);
}

static void an_exponential_wait_counts_with_its_mean(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\nusers = 10\nwait = exp 4s\n" TASK);
	assert_near(rate(&f, 1e6), 2);
	tear_down(&f);
}

static void a_pace_holds_until_answers_take_longer(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\nusers = 10\nwait = pace 2s\n" TASK);
	assert_near(rate(&f, 0), 5);
	assert_near(rate(&f, 2e6), 5);
	assert_near(rate(&f, 4e6), 2.5);
	tear_down(&f);
}

static void each_task_keeps_the_pace_for_itself(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "users = 1\n"
		   "wait = pace 2s\n" TASK "[task b]\n"
		   "get = http://h/\n"
		   "sleep = 6s\n");
	assert_near(rate(&f, 0), 0.25);
	tear_down(&f);
}

static void without_a_wait_requests_come_as_fast_as_answers(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\nusers = 10\n" TASK);
	assert_true(isinf(rate(&f, 0)));
	assert_near(rate(&f, 10000), 1000);
	tear_down(&f);
}

static void a_task_that_sends_nothing_makes_no_requests_however_often(
    void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[hook h]\n"
		   "on = e\n"
		   "run = true\n"
		   "[task a]\n"
		   "emit = e\n");
	assert_near(rate(&f, 0), 0);
	assert_true(isinf(demand_rate(&f.demand).tasks));
	tear_down(&f);
}

static void tasks_count_by_weight_or_in_turn_by_number(void **state)
{
	static const char tasks[] = "tasks = a:3, b\n"
				    "[task a]\n"
				    "get = http://h/\n"
				    "[task b]\n"
				    "repeat = 5\n"
				    "get = http://h/\n";
	char *random = xasprintf("[load]\nwait = 1s\n[user u]\n%s", tasks);
	char *turn = xasprintf(
	    "[load]\nwait = 1s\n[user u]\norder = sequence\n%s", tasks);
	struct fixture f;

	(void)state;
	set_up(&f, random);
	assert_near(rate(&f, 0), 2);
	tear_down(&f);
	set_up(&f, turn);
	assert_near(rate(&f, 0), 3);
	tear_down(&f);
	free(random);
	free(turn);
}

static void kinds_add_up(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "users = 12\n"
		   "[user fixed]\n"
		   "count = 2\n"
		   "wait = 1s\n"
		   "[user most]\n"
		   "weight = 4\n"
		   "wait = 2s\n"
		   "[user few]\n"
		   "weight = 1\n"
		   "wait = 4s\n" TASK);
	assert_int_equal(f.demand.kinds[0].users, 2);
	assert_int_equal(f.demand.kinds[1].users, 8);
	assert_int_equal(f.demand.kinds[2].users, 2);
	assert_near(rate(&f, 0), 6.5);
	tear_down(&f);
}

static void users_that_have_no_time_to_start_make_no_requests(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "users = 10\n"
		   "spawn_rate = 1\n"
		   "run_time = 5s\n"
		   "wait = 1s\n" TASK);
	assert_near(rate(&f, 0), 5);
	tear_down(&f);
}

/* --- how many of each kind ---------------------------------------------- */

static void assert_counted_as_dealt(
    uint64_t users, const uint64_t *weights, const uint64_t *counts, size_t n)
{
	struct user_kind kinds[8] = {0};
	struct user_kind *pointers[8];
	struct plan plan = {
	    .load.users = users, .kinds = pointers, .n_kinds = n};
	uint64_t counted[8];
	struct roster one = {0};
	struct deal deal;
	struct dealt dealt;

	for (size_t i = 0; i < n; i++) {
		kinds[i].weight = weights[i];
		kinds[i].count = counts[i];
		pointers[i] = &kinds[i];
	}
	deal_count(&plan, counted);
	roster_alike(&one, 1);
	deal_init(&deal, &plan, &one);
	roster_clear(&one);
	while (deal_next(&deal, &dealt))
		;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(counted[i], deal.dealt[i]);
	deal_clear(&deal);
}

static void users_are_counted_as_they_are_dealt_out(void **state)
{
	static const uint64_t weights[] = {3, 1, 7, 1, 1};
	static const uint64_t no_counts[] = {0, 0, 0, 0, 0};
	static const uint64_t counts[] = {0, 2, 0, 0, 0};

	(void)state;
	for (uint64_t users = 2; users < 200; users++) {
		assert_counted_as_dealt(users, weights, no_counts, 5);
		assert_counted_as_dealt(users, weights, counts, 5);
	}
}

static void very_many_users_are_counted_within_one_and_add_up(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "users = 10000000\n"
		   "[user a]\n"
		   "weight = 2\n"
		   "[user b]\n"
		   "weight = 1\n" TASK);
	assert_int_equal(f.demand.kinds[0].users, 6666667);
	assert_int_equal(f.demand.kinds[1].users, 3333333);
	tear_down(&f);
}

/* --- the whole run ------------------------------------------------------ */

static void a_run_without_limits_has_no_end(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\nwait = 1s\n" TASK);
	assert_true(isinf(demand_end_us(&f.demand)));
	tear_down(&f);
}

static void the_time_ends_it_and_the_ramp_is_in_it(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "users = 5\n"
		   "spawn_rate = 1\n"
		   "run_time = 10s\n"
		   "wait = pace 1s\n" TASK);
	assert_near(demand_end_us(&f.demand), 10e6);
	/* 10 + 9 + 8 + 7 + 6, and half a task of each that is cut off */
	assert_near(demand_until(&f.demand, 10e6).requests, 42.5);
	tear_down(&f);
}

static void iterations_end_it_when_the_last_task_is_done(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "users = 2\n"
		   "spawn_rate = 1000\n"
		   "iterations = 10\n"
		   "wait = 1s\n" TASK);
	demand_answers(&f.demand, 1e6);
	/* five tasks and four waits of each */
	assert_true(fabs(demand_end_us(&f.demand) - 9e6) < 1e4);
	assert_near(
	    demand_until(&f.demand, demand_end_us(&f.demand)).requests, 10);
	tear_down(&f);
}

static void iterations_without_any_wait_take_no_time(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\nusers = 1\niterations = 10\n" TASK);
	assert_near(demand_end_us(&f.demand), 0);
	assert_near(demand_until(&f.demand, 0).requests, 10);
	tear_down(&f);
}

static void users_that_leave_end_it_with_all_that_they_do(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "users = 3\n"
		   "spawn_rate = 1\n"
		   "wait = 1s\n"
		   "setup = prepare\n"
		   "[user u]\n"
		   "iterations = 4\n"
		   "on_start = begin\n"
		   "on_stop = begin\n"
		   "tasks = a\n"
		   "[task begin]\n"
		   "get = http://h/\n"
		   "[task prepare]\n"
		   "get = http://h/\n" TASK);
	/* the last one starts after 2 s, and makes three waits */
	assert_true(fabs(demand_end_us(&f.demand) - 5e6) < 1e4);
	/* setup; three users with beginning, end, and four tasks */
	assert_near(
	    demand_until(&f.demand, demand_end_us(&f.demand)).requests, 19);
	tear_down(&f);
}

/* --- rows --------------------------------------------------------------- */

/* Loads a plan that has [data d] of three rows. */
static void set_up_rows(struct fixture *f, const char *per, const char *rest)
{
	char path[64];
	char *text;

	write_temporary(path, sizeof(path), "id\n1\n2\n3\n");
	text = xasprintf("[data d]\nfile = %s\norder = unique\nper = %s\n%s",
	    path, per, rest);
	set_up(f, text);
	free(text);
	unlink(path);
}

static void rows_are_used_up_when_the_next_task_finds_none(void **state)
{
	struct fixture f;

	(void)state;
	set_up_rows(&f, "task",
	    "[load]\n"
	    "wait = 2s\n"
	    "run_time = 1m\n"
	    "[task a]\n"
	    "get = http://h/${d.id}\n");
	/* tasks 1, 2 and 3 begin at 0, 2 and 4 s; by 6 s, half of the fourth
	 * is counted at 5 s */
	assert_near(demand_rows_end_us(&f.demand, 0), 5e6);
	tear_down(&f);
}

static void rows_last_where_fewer_tasks_are_played(void **state)
{
	struct fixture f;

	(void)state;
	set_up_rows(&f, "task",
	    "[load]\n"
	    "iterations = 3\n"
	    "[task a]\n"
	    "get = http://h/${d.id}\n");
	assert_true(isinf(demand_rows_end_us(&f.demand, 0)));
	tear_down(&f);
}

static void a_row_for_each_user_is_for_those_who_use_it(void **state)
{
	struct fixture f;

	(void)state;
	set_up_rows(&f, "user",
	    "[load]\n"
	    "users = 6\n"
	    "[user with]\n"
	    "count = 2\n"
	    "on_start = login\n"
	    "tasks = other\n"
	    "[user without]\n"
	    "tasks = other\n"
	    "[task login]\n"
	    "get = http://h/${d.id}\n"
	    "[task other]\n"
	    "get = http://h/\n");
	assert_int_equal(demand_row_users(&f.demand, 0), 2);
	assert_true(isinf(demand_rows_end_us(&f.demand, 0)));
	tear_down(&f);
}

static void setup_and_teardown_take_rows_too(void **state)
{
	struct fixture f;

	(void)state;
	set_up_rows(&f, "user",
	    "[load]\n"
	    "users = 2\n"
	    "setup = first\n"
	    "teardown = last\n"
	    "[task first]\n"
	    "get = http://h/${d.id}\n"
	    "[task last]\n"
	    "call = first\n"
	    "[task other]\n"
	    "get = http://h/${d.id}\n");
	assert_int_equal(demand_row_users(&f.demand, 0), 4);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_task_counts_its_steps_as_often_as_they_are_repeated),
	    cmocka_unit_test(a_call_counts_what_it_calls),
	    cmocka_unit_test(deeply_nested_calls_are_summed_up_at_once),
	    cmocka_unit_test(a_poll_is_one_request_that_is_waited_for),
	    cmocka_unit_test(what_runs_in_the_background_holds_nobody_up),
	    cmocka_unit_test(a_step_with_a_when_may_be_left_out),
	    cmocka_unit_test(steps_behind_a_stop_do_not_count),
	    cmocka_unit_test(a_connection_for_each_request_is_counted),
	    cmocka_unit_test(emits_of_one_event_are_counted),
	    cmocka_unit_test(
		a_range_counts_with_its_mean_and_the_answer_comes_on_top),
	    cmocka_unit_test(an_exponential_wait_counts_with_its_mean),
	    cmocka_unit_test(a_pace_holds_until_answers_take_longer),
	    cmocka_unit_test(each_task_keeps_the_pace_for_itself),
	    cmocka_unit_test(without_a_wait_requests_come_as_fast_as_answers),
	    cmocka_unit_test(
		a_task_that_sends_nothing_makes_no_requests_however_often),
	    cmocka_unit_test(tasks_count_by_weight_or_in_turn_by_number),
	    cmocka_unit_test(kinds_add_up),
	    cmocka_unit_test(users_that_have_no_time_to_start_make_no_requests),
	    cmocka_unit_test(users_are_counted_as_they_are_dealt_out),
	    cmocka_unit_test(very_many_users_are_counted_within_one_and_add_up),
	    cmocka_unit_test(a_run_without_limits_has_no_end),
	    cmocka_unit_test(the_time_ends_it_and_the_ramp_is_in_it),
	    cmocka_unit_test(iterations_end_it_when_the_last_task_is_done),
	    cmocka_unit_test(iterations_without_any_wait_take_no_time),
	    cmocka_unit_test(users_that_leave_end_it_with_all_that_they_do),
	    cmocka_unit_test(rows_are_used_up_when_the_next_task_finds_none),
	    cmocka_unit_test(rows_last_where_fewer_tasks_are_played),
	    cmocka_unit_test(a_row_for_each_user_is_for_those_who_use_it),
	    cmocka_unit_test(setup_and_teardown_take_rows_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
