/*
 * Forecasts of stages and rates: what --check prints, to the letter.
 */
#include "report/forecast.h"

#include <unistd.h>

#include "base/util.h"
#include "tests/unit/planning.h"

static const struct limits limits = {
    .files = 1024, .first_port = 32768, .last_port = 60999};

/* What is printed for this plan when so much of it is to be run; 0: all of it.
 * Owned by the caller. */
static char *forecast_of(const char *text, uint64_t run_time_us)
{
	struct plan *plan = plan_of(text);
	char *printed = NULL;
	size_t len;
	FILE *out = open_memstream(&printed, &len);

	assert_non_null(out);
	unsetenv("COLUMNS");
	if (run_time_us > 0)
		plan->load.run_time_us = run_time_us;
	forecast_print_within(out, plan, 2, &limits);
	fclose(out);
	plan_free(plan);
	return printed;
}

static void assert_printed(const char *text, const char *expected)
{
	char *printed = forecast_of(text, 0);

	if (strcmp(printed, expected) != 0) {
		fprintf(stderr, "expected\n%s\ngot\n%s", expected, printed);
		fail();
	}
	free(printed);
}

static void assert_says(char *printed, const char *part)
{
	if (strstr(printed, part) == NULL) {
		fprintf(stderr, "no \"%s\" in\n%s", part, printed);
		fail();
	}
	free(printed);
}

static void stages_are_told_with_what_begins_in_each(void **state)
{
	(void)state;
	assert_printed("[load]\n"
		       "host = http://a\n"
		       "stages = 30s:100, 5m:100 steady, 0s:40, 30s:0 down\n"
		       "wait = 1s\n"
		       "warmup = 10s\n"
		       "stop_timeout = 0\n"
		       "[hook came]\n"
		       "on = user_start\n"
		       "run = true\n"
		       "[task read]\n"
		       "get = /\n",
	    "shop.ini: nothing was sent; this is what would run\n"
	    "\n"
	    "Load\n"
	    "  users         at most 100, in 4 stages\n"
	    "  ends          after 6m; what still runs then is cut off\n"
	    "  warm-up       what begins in the first 10s stays out of the "
	    "results\n"
	    "  host          http://a\n"
	    "  workers       2\n"
	    "\n"
	    "Stages     From     To      Users   Tasks  Requests\n"
	    "  1          0s    30s   0 to 100   1,550     1,550\n"
	    "  steady    30s  5m30s        100  29,703    29,703\n"
	    "  3       5m30s  5m30s  100 to 40       0         0\n"
	    "  down    5m30s     6m    40 to 0     609       609\n"
	    "  estimated, where answers take 10ms\n"
	    "\n"
	    "Tasks   Share %  Requests\n"
	    "100 users, 1s between tasks\n"
	    "  read      100         1\n"
	    "\n"
	    "Hooks\n"
	    "  came          on user_start, in the parent\n"
	    "                for each user: 100 times\n"
	    "                $ true\n"
	    "\n"
	    "Needs\n"
	    "  open files    115 of 1,024 in each worker\n"
	    "  local ports   100 of 28,232 (32768 to 60999), one for each "
	    "user\n"
	    "\n"
	    "Requests\n"
	    "  Answers take  Requests/s  In all\n"
	    "  no time            100.0  32,180\n"
	    "  10ms                99.0  31,862\n"
	    "  100ms               90.9  29,259\n"
	    "  1s                  50.0  16,115\n"
	    "  estimated, at the peak of users; redirects come on top\n");
}

static void a_rate_is_told_with_its_pool(void **state)
{
	(void)state;
	assert_printed("[load]\n"
		       "host = http://a\n"
		       "rate = 500/s\n"
		       "run_time = 1m\n"
		       "spacing = poisson\n"
		       "late = drop\n"
		       "max_users = 30\n"
		       "[task read]\n"
		       "get = /\n"
		       "sleep = 50ms\n"
		       "get = /more\n",
	    "shop.ini: nothing was sent; this is what would run\n"
	    "\n"
	    "Load\n"
	    "  rate          500 tasks a second, at random times (poisson): "
	    "30,000 are due\n"
	    "  users         as many as are needed, at most 30\n"
	    "  late          a task that is due while no user is free is "
	    "dropped\n"
	    "  ends          after 1m; what still runs then has 10s more\n"
	    "  host          http://a\n"
	    "  workers       2\n"
	    "\n"
	    "Tasks   Share %  Requests  Sleeps\n"
	    "up to 30 users\n"
	    "  read      100         2    50ms\n"
	    "\n"
	    "Needs\n"
	    "  open files    80 of 1,024 in each worker\n"
	    "  local ports   30 of 28,232 (32768 to 60999), one for each user\n"
	    "\n"
	    "Requests\n"
	    "  Answers take  Users needed  Requests/s  In all\n"
	    "  no time                 25       1,000  60,000\n"
	    "  10ms                    35       1,000  60,000\n"
	    "  100ms                  125       1,000  60,000\n"
	    "  1s                   1,025       1,000  60,000\n"
	    "  estimated, at the peak of the rate, for users who are busy on "
	    "average;\n"
	    "  redirects come on top\n"
	    "  where more than 30 users are needed, tasks are dropped, and "
	    "there are fewer\n"
	    "  requests\n"
	    "\n"
	    "Warnings\n"
	    "! where answers take 10ms, the rate needs 35 users, and there are "
	    "at most 30:\n"
	    "  tasks will be dropped; raise max_users\n");
}

static void stages_of_a_rate_end_with_its_iterations(void **state)
{
	(void)state;
	assert_printed("[load]\n"
		       "host = http://a\n"
		       "stages = 10s:50/s, 20s:50/s\n"
		       "iterations = 500\n"
		       "[hook ready]\n"
		       "on = spawning_complete\n"
		       "run = true\n"
		       "[hook came]\n"
		       "on = user_start\n"
		       "run = true\n"
		       "[user reader]\n"
		       "tasks = read\n"
		       "iterations = 5\n"
		       "[task read]\n"
		       "get = /\n",
	    "shop.ini: nothing was sent; this is what would run\n"
	    "\n"
	    "Load\n"
	    "  rate          up to 50 tasks a second in 2 stages, evenly "
	    "spaced: 500 are due\n"
	    "  users         as many as are needed, at most 100\n"
	    "  late          a task that is due while no user is free starts "
	    "as soon as one\n"
	    "                is free, and its time counts from when it was "
	    "due\n"
	    "  ends          after 30s, or when 500 tasks are done; what still "
	    "runs then has\n"
	    "                10s more\n"
	    "  host          http://a\n"
	    "  workers       2\n"
	    "\n"
	    "Stages  From   To  Tasks/s  Tasks  Requests\n"
	    "  1       0s  10s  0 to 50    250       250\n"
	    "  2      10s  15s       50    250       250\n"
	    "  estimated, where answers take 10ms\n"
	    "\n"
	    "Tasks   Share %  Requests\n"
	    "reader: up to 100 users, 5 tasks each\n"
	    "  read      100         1\n"
	    "\n"
	    "Hooks\n"
	    "  ready         on spawning_complete, in the parent\n"
	    "                never: users come as tasks need them\n"
	    "                $ true\n"
	    "  came          on user_start, in the parent\n"
	    "                for each user that is needed: 250 times where "
	    "answers take 10ms\n"
	    "                $ true\n"
	    "\n"
	    "Needs\n"
	    "  open files    115 of 1,024 in each worker\n"
	    "  local ports   100 of 28,232 (32768 to 60999), one for each "
	    "user\n"
	    "\n"
	    "Requests\n"
	    "  Answers take  Users needed  Requests/s  In all  Ends after\n"
	    "  no time                  1        50.0     500         15s\n"
	    "  10ms                     1        50.0     500         15s\n"
	    "  100ms                    5        50.0     500       15.1s\n"
	    "  1s                      50        50.0     500         16s\n"
	    "  estimated, at the peak of the rate, for users who are busy on "
	    "average;\n"
	    "  redirects come on top\n");
}

static const char three[] = "[load]\n"
			    "stages = 10s:20, 10s:20 steady, 10s:0\n"
			    "wait = 1s\n"
			    "[task a]\n"
			    "get = http://h/\n";

static void a_run_that_is_cut_tells_as_far_as_it_goes(void **state)
{
	(void)state;
	assert_says(forecast_of(three, 15 * US_PER_S),
	    "  1         0s  10s  0 to 20    114       114\n"
	    "  steady   10s  15s       20     99        99\n"
	    "  the run ends before the other stages\n");
	assert_says(forecast_of(three, 5 * US_PER_S),
	    "! only 10 of 20 users start within the run_time of 5s: the last "
	    "is due after\n  9.5s\n");
}

static void a_run_that_goes_on_holds_the_last_target(void **state)
{
	(void)state;
	assert_says(forecast_of(three, 40 * US_PER_S),
	    "  then     30s  40s        0      0         0\n");
}

static void so_many_stages_are_not_all_told(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	fputs("[load]\nwait = 1s\nstages = 1s:1", out);
	for (int i = 1; i < 40; i++)
		fprintf(out, ", 1s:%d", i);
	fputs("\n[task a]\nget = http://h/\n", out);
	fclose(out);
	assert_says(forecast_of(text, 0), "\n  ... 10 more\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stages_are_told_with_what_begins_in_each),
	    cmocka_unit_test(a_rate_is_told_with_its_pool),
	    cmocka_unit_test(stages_of_a_rate_end_with_its_iterations),
	    cmocka_unit_test(a_run_that_is_cut_tells_as_far_as_it_goes),
	    cmocka_unit_test(a_run_that_goes_on_holds_the_last_target),
	    cmocka_unit_test(so_many_stages_are_not_all_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
