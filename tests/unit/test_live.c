/*
 * What people see of stages, rates and warm-ups: before a run, while it runs,
 * in the history, and at its end.
 */
#include "report/used_up.h"
#include "tests/unit/reporting.h"

static struct stage stages[] = {
    {.name = (char[]) {"1"}, .duration_us = 3 * US_PER_S, .target = 20},
    {.name = (char[]) {"steady"}, .duration_us = 3 * US_PER_S, .target = 20},
    {.name = (char[]) {"3"}, .duration_us = 4 * US_PER_S, .target = 0},
};

static void prepare_stages(struct run *run)
{
	struct load_options *load = &run->plan.load;

	run_prepare(run);
	run->setup.csv_prefix = NULL;
	load->stages = stages;
	load->n_stages = ARRAY_LEN(stages);
	load->has_stages = true;
}

static struct stage steady[] = {{.name = (char[]) {"1"}, .target = 100}};

static void prepare_rate(struct run *run)
{
	struct load_options *load = &run->plan.load;

	run_prepare(run);
	run->setup.csv_prefix = NULL;
	load->model = LOAD_RATE;
	load->stages = steady;
	load->n_stages = ARRAY_LEN(steady);
}

/* A worker's books, until then, and one sample for each request that passed. */
static void send_books(struct run *run, struct books books, uint64_t lag_us,
    bool is_warmup, uint64_t until_us)
{
	struct table table = {0};
	struct hist lateness = {0}, lag = {0};
	struct sample s = sample_of(2000, NULL);
	struct report_delta delta = {.until_us = until_us,
	    .users = 10,
	    .is_last_part = true,
	    .is_warmup = is_warmup,
	    .books = &books,
	    .lateness = &lateness,
	    .lag = &lag,
	    .table = &table};

	for (size_t i = 0; i < books.passed; i++)
		table_record(&table, table_row(&table, "GET", "/a"), &s);
	for (size_t i = 0; i < books.tasks; i++)
		hist_record(&lag, lag_us);
	report_delta(run->report, &delta);
	books_add(&run->own[0], &books);
	table_clear(&table);
	hist_clear(&lateness);
	hist_clear(&lag);
}

static struct books passed(uint64_t n)
{
	return (struct books) {.started = n, .passed = n, .tasks = n};
}

/* What was said so far on the error stream. */
static const char *said(struct run *run)
{
	fflush(run->setup.err);
	return run->err;
}

/* --- before a run ------------------------------------------------------- */

static void stages_are_told_in_a_line_of_their_own(void **state)
{
	struct run run;

	(void)state;
	prepare_stages(&run);
	run_open(&run);
	assert_string_equal(said(&run),
	    "plan.ini: up to 20 users in 3 stages, 10s, 2 workers\n"
	    "  0 to 20 users in 3s, 20 for 3s (steady), down to 0 in 4s\n");
	run_clear(&run);
}

static void a_rate_is_told_with_the_users_it_may_have(void **state)
{
	struct run run;

	(void)state;
	prepare_rate(&run);
	run_open(&run);
	assert_string_equal(said(&run),
	    "plan.ini: 100 tasks a second, at most 20 users, 10s, 2 workers\n");
	run_clear(&run);
}

static void steps_have_words_of_their_own(void **state)
{
	struct stage steps[] = {
	    {.name = (char[]) {"1"}, .target = 1},
	    {.name = (char[]) {"hold"},
		.duration_us = US_PER_S / 2,
		.target = 1},
	    {.name = (char[]) {"3"}, .duration_us = 0, .target = 7.5},
	    {.name = (char[]) {"4"}, .duration_us = US_PER_S, .target = 9},
	    {.name = (char[]) {"5"}, .duration_us = 0, .target = 0},
	    {.name = (char[]) {"6"}, .duration_us = US_PER_S, .target = 0},
	    {.name = (char[]) {"7"}, .duration_us = US_PER_S, .target = 0},
	    {.name = (char[]) {"8"}, .duration_us = US_PER_S, .target = 0},
	    {.name = (char[]) {"9"}, .duration_us = US_PER_S, .target = 0},
	    {.name = (char[]) {"10"}, .duration_us = US_PER_S, .target = 0},
	};
	struct run run;

	(void)state;
	prepare_rate(&run);
	run.plan.load.stages = steps;
	run.plan.load.n_stages = ARRAY_LEN(steps);
	run.plan.load.has_stages = true;
	run_open(&run);
	assert_has(said(&run),
	    "plan.ini: up to 9 tasks a second in 10 stages, at most 20 users");
	assert_has(run.err,
	    "\n  1 task/s at once, 1 for 500ms (hold), up to 7.5 at once, up "
	    "to 9 in 1s, down\n  to 0 at once, 0 for 1s, 0 for 1s, 0 for 1s, "
	    "and 2 more\n");
	run_clear(&run);
}

/* --- while it runs ------------------------------------------------------ */

static void a_line_tells_the_stage_of_its_interval(void **state)
{
	struct run run;

	(void)state;
	prepare_stages(&run);
	run_open(&run);
	send_books(&run, passed(6), 0, false, 3000000);
	report_interval(run.report, 3000000);
	report_interval(run.report, 6000000);
	report_interval(run.report, 12000000);
	assert_has(
	    said(&run), "\n    3s  stage 1/3     users    10     2.00 req/s");
	assert_has(run.err, "\n    6s  stage steady  users    10     0.00");
	assert_has(run.err, "\n   12s  stage 3/3     users    10     0.00");
	run_clear(&run);
}

static void a_line_tells_how_many_tasks_start_of_those_due(void **state)
{
	struct run run;
	struct books books = passed(270);

	(void)state;
	prepare_rate(&run);
	run_open(&run);
	books.intended = 274;
	books.late = 12;
	books.dropped = 4;
	send_books(&run, books, 0, false, 3000000);
	report_interval(run.report, 3000000);
	assert_has(said(&run),
	    "    3s  users    10  tasks 90.0 of 100.0/s     90.0 req/s  p50  "
	    " 2.00 ms  p95   2.00 ms      0 failed, 12 tasks late, 4 dropped "
	    "in all\n");
	run_clear(&run);
}

/* Tasks that wait for users are in no books, but they are due. */
static void what_is_due_does_not_depend_on_who_starts_it(void **state)
{
	struct run run;

	(void)state;
	prepare_rate(&run);
	run.plan.load.run_time_us = 4 * US_PER_S;
	run_open(&run);
	report_interval(run.report, 2000000);
	report_interval(run.report, 6000000);
	assert_has(said(&run), "    2s  users     0  tasks 0.00 of 100.0/s");
	/* two seconds of it are behind the end, and lower nothing */
	assert_has(run.err, "    6s  users     0  tasks 0.00 of 100.0/s");
	report_interval(run.report, 9000000);
	fflush(run.setup.err);
	assert_has(run.err, "    9s  users     0  tasks 0.00 of 0.00/s");
	run_clear(&run);
}

static void the_warm_up_is_told_apart(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run.plan.load.warmup_us = 4 * US_PER_S;
	run_open(&run);
	send_books(&run, passed(30), 0, true, 3000000);
	report_interval(run.report, 3000000);
	send_books(&run, passed(10), 0, true, 5000000);
	send_books(&run, passed(20), 0, false, 5000000);
	report_interval(run.report, 5000000);
	report_worker_final(run.report, 0, &run.own[0]);
	run_finish(&run);
	assert_has(
	    run.err, "    3s  users    10  warm-up: 30 requests, 0 failed\n");
	/* in the second that was measured */
	assert_has(run.err, "    5s  users    10     20.0 req/s");
	assert_csv_has(&run, "_stats_history.csv",
	    "\r\n1700000003,10,,Aggregated,0,0,N/A,");
	assert_csv_has(&run, "_stats_history.csv",
	    "\r\n1700000005,10,,Aggregated,20,0,2,");
	assert_has(run.out,
	    "  60 requests started = 60 passed + 0 failed + 0 interrupted\n"
	    "  the warm-up of 4s is left out: 40 requests, none failed\n");
	assert_last_line(&run, "PASSED: 20 requests, none failed\n");
	run_clear(&run);
}

static void a_run_that_ends_in_its_warm_up_has_measured_nothing(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run.plan.load.warmup_us = 4 * US_PER_S;
	run_open(&run);
	send_books(&run, passed(30), 0, true, 3000000);
	report_interval(run.report, 3000000);
	run_finish(&run);
	assert_has(run.out,
	    "No request was made after the warm-up: nothing was measured.\n");
	run_clear(&run);
}

/* --- files -------------------------------------------------------------- */

static void files_have_the_stage_and_the_rates_of_tasks(void **state)
{
	struct run run;
	struct books books = passed(270);

	(void)state;
	prepare_rate(&run);
	run.setup.csv_prefix = run.prefix;
	run.plan.load.stages = stages;
	run.plan.load.n_stages = ARRAY_LEN(stages);
	run.plan.load.has_stages = true;
	run_open(&run);
	books.intended = 270;
	report_interval(run.report, 3000000);
	send_books(&run, books, 0, false, 6000000);
	report_interval(run.report, 6000000);
	run_finish(&run);
	/* 30 were due on the way up to 20 a second */
	assert_csv_has(&run, "_stats_history.csv", ",0,0,0,0,0,0,0,1,10,0\r\n");
	assert_csv_has(&run, "_stats_history.csv", ",10,steady,20,90\r\n");
	assert_csv_has(&run, "_workers.csv", ",N/A,steady\r\n");
	run_clear(&run);
}

/* --- at the end --------------------------------------------------------- */

static void the_summary_tells_what_became_of_tasks_that_were_due(void **state)
{
	struct run run;
	struct books books = passed(988);

	(void)state;
	prepare_rate(&run);
	run_open(&run);
	books.intended = 1000;
	books.late = 34;
	books.dropped = 12;
	send_books(&run, books, 5000, false, 10000000);
	report_interval(run.report, 10000000);
	run_finish(&run);
	assert_has(run.out,
	    "plan.ini: 100 tasks a second, 10 of at most 20 users on 2 "
	    "workers, 10s\n\n");
	assert_has(run.out,
	    "\n  1,000 tasks were due: 988 started, 34 of them late as no "
	    "user was free, 12\n  dropped; starts were 5.00 ms behind at p99, "
	    "5.00 ms at most\n");
	assert_has(run.out,
	    "\n! for 46 of 1,000 tasks that were due none of their worker's "
	    "part of the 20\n  users was free: the server answered too slowly "
	    "for this rate, or max_users is\n  too low\n");
	assert_last_line(&run,
	    "PASSED: 988 requests, none failed; 12 of 1,000 tasks never "
	    "started\n");
	run_clear(&run);
}

/* Twelve tasks of a rate were dropped, so many were late, and users of one of
 * two [data] found no row. */
static void finish_used_up(struct run *run, uint64_t late)
{
	static char ids[] = "ids", people[] = "people";
	static struct data_file data[] = {{.name = people}, {.name = ids}};
	struct books books = passed(988);
	char *trouble = used_up_trouble(ids);

	prepare_rate(run);
	run->plan.data = data;
	run->plan.n_data = ARRAY_LEN(data);
	run_open(run);
	books.intended = 1000;
	books.late = late;
	books.dropped = 12;
	send_books(run, books, 5000, false, 10000000);
	report_trouble(run->report, "box", trouble, 4);
	report_interval(run->report, 10000000);
	run_finish(run);
	free(trouble);
}

static void rows_that_are_used_up_are_named_as_the_reason(void **state)
{
	struct run run;

	(void)state;
	finish_used_up(&run, 0);
	assert_has(run.out,
	    "\n! 12 of 1,000 tasks that were due never started: no row of "
	    "[data ids] was left\n  for the users, who stopped\n");
	assert_null(strstr(run.out, "max_users"));
	run_clear(&run);
	finish_used_up(&run, 34);
	assert_has(run.out,
	    "\n! for 46 of 1,000 tasks that were due none of their worker's "
	    "part of the 20\n  users was free: no row of [data ids] was left "
	    "for users, who stopped, or the\n  server answered too slowly for "
	    "this rate, or max_users is too low\n");
	run_clear(&run);
}

static void few_users_of_each_worker_are_told_as_a_reason(void **state)
{
	struct run run;
	struct books books = passed(988);

	(void)state;
	prepare_rate(&run);
	run.plan.load.users = 5;
	run_open(&run);
	books.intended = 1000;
	books.dropped = 12;
	send_books(&run, books, 5000, false, 10000000);
	report_interval(run.report, 10000000);
	run_finish(&run);
	assert_has(
	    run.out, "or max_users is too\n  low to be shared by 2 workers\n");
	run_clear(&run);
}

static void dropped_tasks_are_in_the_last_line(void **state)
{
	struct run run;
	struct books books = passed(988);

	(void)state;
	prepare_rate(&run);
	run.plan.load.late = LATE_DROP;
	run_open(&run);
	books.intended = 1000;
	books.dropped = 12;
	send_books(&run, books, 5000, false, 10000000);
	report_interval(run.report, 10000000);
	run_finish(&run);
	assert_last_line(&run,
	    "PASSED: 988 requests, none failed; 12 of 1,000 tasks dropped\n");
	run_clear(&run);
}

static void a_rate_that_was_kept_is_no_reason_to_warn(void **state)
{
	struct run run;
	struct books books = passed(1000);

	(void)state;
	prepare_rate(&run);
	run_open(&run);
	books.intended = 1000;
	send_books(&run, books, 100, false, 10000000);
	report_interval(run.report, 10000000);
	run_finish(&run);
	assert_has(run.out, "1,000 started, none of them late, none dropped;");
	assert_null(strstr(run.out, "max_users"));
	run_clear(&run);
}

static void stages_that_have_been_have_a_table(void **state)
{
	struct run run;

	(void)state;
	prepare_stages(&run);
	run_open(&run);
	send_stage(&run, 1, 3000000, "/a", 6, sample_of(12345, NULL));
	send_stage(&run, 2, 5000000, "/a", 3, sample_of(1500, NULL));
	send_stage(&run, 2, 5000000, "/a", 1, sample_of(2500, "no"));
	report_interval(run.report, 5000000);
	run_finish(&run);
	assert_has(run.out,
	    "\n\nStages\n"
	    "stage   when      requests  failed  p50 ms  p95 ms  max ms  "
	    "req/s\n"
	    "1       0s to 3s         6       0   12.3    12.3    12.3    "
	    "2.00\n"
	    "steady  3s to 5s         4       1    1.50    2.50    2.50   "
	    "2.00\n\n");
	run_clear(&run);
}

static void a_stage_alone_is_the_whole_run(void **state)
{
	struct run run;

	(void)state;
	prepare_stages(&run);
	run_open(&run);
	send_stage(&run, 1, 2000000, "/a", 6, sample_of(12345, NULL));
	report_interval(run.report, 2000000);
	run_finish(&run);
	assert_null(strstr(run.out, "Stages\n"));
	run_clear(&run);
}

static void of_many_stages_the_first_are_in_the_table(void **state)
{
	enum { MANY = 30 };
	static char name[] = "x";
	struct stage many[MANY];
	struct run run;

	(void)state;
	prepare_stages(&run);
	for (size_t i = 0; i < MANY; i++)
		many[i] = (struct stage) {
		    .name = name, .duration_us = US_PER_S, .target = 5};
	run.plan.load.stages = many;
	run.plan.load.n_stages = MANY;
	run.plan.load.run_time_us = MANY * US_PER_S;
	run_open(&run);
	send_stage(&run, MANY, MANY * US_PER_S, "/a", 6, sample_of(1, NULL));
	report_interval(run.report, MANY * US_PER_S);
	run_finish(&run);
	assert_has(run.out, "\nx      19s to 20s ");
	assert_has(run.out, "\n... 10 more\n");
	run_clear(&run);
}

static void stages_that_are_cut_off_are_a_ramp_that_was(void **state)
{
	struct run run;

	(void)state;
	prepare_stages(&run);
	run.plan.load.run_time_us = 2 * US_PER_S;
	run_open(&run);
	send_books(&run, passed(5), 0, false, 2000000);
	report_interval(run.report, 2000000);
	run_finish(&run);
	assert_has(run.out,
	    "plan.ini: 14 of up to 20 users in 3 stages on 2 workers, 2s\n");
	assert_has(run.out,
	    "! the run ended during the ramp: 14 of 20 users had started (the "
	    "last is due\n  after 2.9s)\n");
	run_clear(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stages_are_told_in_a_line_of_their_own),
	    cmocka_unit_test(a_rate_is_told_with_the_users_it_may_have),
	    cmocka_unit_test(steps_have_words_of_their_own),
	    cmocka_unit_test(a_line_tells_the_stage_of_its_interval),
	    cmocka_unit_test(a_line_tells_how_many_tasks_start_of_those_due),
	    cmocka_unit_test(what_is_due_does_not_depend_on_who_starts_it),
	    cmocka_unit_test(the_warm_up_is_told_apart),
	    cmocka_unit_test(
		a_run_that_ends_in_its_warm_up_has_measured_nothing),
	    cmocka_unit_test(files_have_the_stage_and_the_rates_of_tasks),
	    cmocka_unit_test(
		the_summary_tells_what_became_of_tasks_that_were_due),
	    cmocka_unit_test(rows_that_are_used_up_are_named_as_the_reason),
	    cmocka_unit_test(few_users_of_each_worker_are_told_as_a_reason),
	    cmocka_unit_test(dropped_tasks_are_in_the_last_line),
	    cmocka_unit_test(a_rate_that_was_kept_is_no_reason_to_warn),
	    cmocka_unit_test(stages_that_have_been_have_a_table),
	    cmocka_unit_test(a_stage_alone_is_the_whole_run),
	    cmocka_unit_test(of_many_stages_the_first_are_in_the_table),
	    cmocka_unit_test(stages_that_are_cut_off_are_a_ramp_that_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
