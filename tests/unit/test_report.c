/*
 * Reports: what workers sent is in every file, to the request; and the
 * verdict.
 */
#include "tests/unit/reporting.h"

/* --- CSV ---------------------------------------------------------------- */

static void stats_have_locusts_columns_and_end_in_the_total(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 2000000, "/b", 3, sample_of(1500, NULL));
	send_samples(&run, 1, 2000000, "/a", 1, sample_of(500, "HTTP 500"));
	report_interval(run.report, 2000000);
	run_finish(&run);
	assert_csv_has(&run, "_stats.csv",
	    "Type,Name,Request Count,Failure Count,Median Response Time,"
	    "Average Response Time,Min Response Time,Max Response Time,"
	    "Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,"
	    "95%,98%,99%,99.9%,99.99%,100%\r\n"
	    "GET,/a,1,1,0.5,0.5,0.5,0.5,10,0.5,0.5,"
	    "0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5\r\n"
	    "GET,/b,3,0,1.5,1.5,1.5,1.5,10,1.5,0,"
	    "1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5\r\n"
	    ",Aggregated,4,1,1.5,1.25,0.5,1.5,10,2,0.5,"
	    "1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5\r\n");
	run_clear(&run);
}

static void a_run_without_requests_has_not_counted_anything(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	report_interval(run.report, 3000000);
	run_finish(&run);
	assert_csv_has(&run, "_stats.csv",
	    "\r\n,Aggregated,0,0,0,0,0,0,0,0,0,"
	    "N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A\r\n");
	assert_has(run.out, "No request was made");
	assert_last_line(
	    &run, "PASSED: no request was made: nothing was measured\n");
	run_clear(&run);
}

static void history_has_the_intervals_rates_and_the_runs_totals(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 2000000, "/a", 4, sample_of(1000, NULL));
	report_interval(run.report, 2000000);
	send_samples(&run, 0, 4000000, "/a", 2, sample_of(3000, NULL));
	report_interval(run.report, 4000000);
	report_interval(run.report, 6000000);
	run_finish(&run);
	assert_csv_has(&run, "_stats_history.csv",
	    "\r\n1700000004,10,,Aggregated,1,0,3,3,3,3,3,3,3,3,3,3,3,"
	    "6,0,1,1.667,1,3,10,,,1\r\n"
	    "1700000006,10,,Aggregated,0,0,"
	    "N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,"
	    "6,0,1,1.667,1,3,10,,,0\r\n");
	assert_int_equal(count_lines(&run, "_stats_history.csv"), 4);
	run_clear(&run);
}

static void full_history_has_a_row_for_every_name(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run.setup.csv_full_history = true;
	run_open(&run);
	send_samples(&run, 0, 1000000, "/a", 1, sample_of(1000, NULL));
	report_interval(run.report, 1000000);
	send_samples(&run, 0, 2000000, "/b", 1, sample_of(1000, NULL));
	report_interval(run.report, 2000000);
	run_finish(&run);
	assert_csv_has(&run, "_stats_history.csv",
	    "\r\n1700000002,10,GET,/a,0,0,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,"
	    "N/A,N/A,N/A,1,0,1,1,1,1,10,,,1\r\n"
	    "1700000002,10,GET,/b,1,0,");
	assert_int_equal(count_lines(&run, "_stats_history.csv"), 6);
	run_clear(&run);
}

static void failures_are_quoted_and_dated(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 1000000, "/a,b", 2,
	    sample_of(1000, "said \"no\"\r\nand left"));
	report_interval(run.report, 1000000);
	run_finish(&run);
	assert_csv_has(&run, "_failures.csv",
	    "Method,Name,Error,Occurrences,First Seen,Last Seen\r\n"
	    "GET,\"/a,b\",\"said \"\"no\"\"\r\nand left\",2,"
	    "2023-11-14T22:13:25Z,2023-11-14T22:13:25Z\r\n");
	run_clear(&run);
}

static void phases_have_a_line_for_each_that_took_place(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 1000000, "/a", 2, sample_of(1000, NULL));
	report_interval(run.report, 1000000);
	run_finish(&run);
	assert_csv_has(&run, "_phases.csv",
	    "Type,Name,Phase,Count,Average,50%,95%,99%,Max\r\n"
	    "GET,/a,first byte,2,0.5,0.5,0.5,0.5,0.5\r\n"
	    ",Aggregated,first byte,2,0.5,0.5,0.5,0.5,0.5\r\n");
	run_clear(&run);
}

static void workers_have_a_line_an_interval(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 1, 3000000, "/a", 6, sample_of(1000, NULL));
	report_interval(run.report, 3000000);
	run_finish(&run);
	assert_csv_has(&run, "_workers.csv",
	    "Timestamp,Host,Worker,PID,Users,Background Jobs,Requests/s,CPU %,"
	    "Timer Lateness p99 (ms),Stage\r\n"
	    "1700000003,box,0,4000,0,0,0,N/A,N/A,\r\n"
	    "1700000003,box,1,4001,10,0,2,10,0.12,\r\n");
	run_clear(&run);
}

/* Two stages, "1" of 2 s and "up, then" of 3 s, of users. */
static void have_stages(struct run *run)
{
	static char first[] = "1", second[] = "up, then";
	static struct stage stages[] = {
	    {.name = first, .duration_us = 2000000, .target = 5},
	    {.name = second, .duration_us = 3000000, .target = 9},
	};

	run->plan.load.stages = stages;
	run->plan.load.n_stages = ARRAY_LEN(stages);
	run->plan.load.has_stages = true;
}

static void stages_have_the_rows_of_each_and_its_total(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	have_stages(&run);
	run_open(&run);
	send_stage(&run, 1, 2000000, "/a", 4, sample_of(100, NULL));
	send_stage(&run, 2, 4000000, "/a", 3, sample_of(200, "HTTP 500"));
	send_stage(&run, 2, 5000000, "/b", 3, sample_of(400, NULL));
	report_interval(run.report, 5000000);
	run_finish(&run);
	assert_csv_has(&run, "_stages.csv",
	    "Stage,Type,Name,Request Count,Failure Count,Median Response Time,"
	    "Average Response Time,Min Response Time,Max Response Time,"
	    "Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,"
	    "95%,98%,99%,99.9%,99.99%,100%\r\n"
	    "1,GET,/a,4,0,0.1,0.1,0.1,0.1,10,2,0,0.1,0.1,0.1,0.1,0.1,0.1,"
	    "0.1,0.1,0.1,0.1,0.1\r\n"
	    "1,,Aggregated,4,0,0.1,0.1,0.1,0.1,10,2,0,0.1,0.1,0.1,0.1,0.1,0.1,"
	    "0.1,0.1,0.1,0.1,0.1\r\n"
	    "\"up, then\",GET,/a,3,3,0.2,0.2,0.2,0.2,10,1,1,0.2,0.2,0.2,0.2,"
	    "0.2,0.2,0.2,0.2,0.2,0.2,0.2\r\n"
	    "\"up, then\",GET,/b,3,0,0.4,0.4,0.4,0.4,10,1,0,0.4,0.4,0.4,0.4,"
	    "0.4,0.4,0.4,0.4,0.4,0.4,0.4\r\n"
	    "\"up, then\",,Aggregated,6,3,0.2,0.3,0.2,0.4,10,2,1,0.2,0.4,0.4,"
	    "0.4,0.4,0.4,0.4,0.4,0.4,0.4,0.4\r\n");
	assert_csv_has(&run, "_stats.csv",
	    "\r\n,Aggregated,10,3,0.2,0.22,0.1,0.4,10,2,0.6,");
	run_clear(&run);
}

static void a_stage_that_was_not_reached_has_counted_nothing(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	have_stages(&run);
	run_open(&run);
	send_stage(&run, 1, 1000000, "/a", 1, sample_of(1000, NULL));
	report_interval(run.report, 1000000);
	run_finish(&run);
	assert_csv_has(&run, "_stages.csv",
	    "\r\n\"up, then\",,Aggregated,0,0,0,0,0,0,0,0,0,"
	    "N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A\r\n");
	run_clear(&run);
}

static void without_stages_there_is_no_file_of_them(void **state)
{
	struct run run;
	char *path;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	run_finish(&run);
	path = xasprintf("%s_stages.csv", run.prefix);
	assert_int_equal(access(path, F_OK), -1);
	free(path);
	run_clear(&run);
}

static void a_lost_worker_is_an_exception(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	report_worker_lost(run.report, 1, "killed by SIGKILL", 5, 1500000);
	report_interval(run.report, 3000000);
	run_finish(&run);
	assert_csv_has(&run, "_exceptions.csv",
	    "Count,Message,Traceback,Nodes\r\n"
	    "1,worker 1 lost: killed by SIGKILL,,box\r\n");
	run_clear(&run);
}

static void nothing_is_left_beside_the_files(void **state)
{
	struct run run;
	DIR *folder;
	size_t n = 0;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	report_interval(run.report, 3000000);
	run_finish(&run);
	folder = opendir(run.folder);
	assert_non_null(folder);
	for (struct dirent *e; (e = readdir(folder)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(folder);
	assert_int_equal(n, 6);
	run_clear(&run);
}

static void a_folder_that_is_not_there_is_said_at_the_start(void **state)
{
	struct run run;
	struct diag d;

	(void)state;
	run_prepare(&run);
	run.setup.csv_prefix = "/no/such/folder/x";
	diag_init(&d);
	assert_null(report_open(&run.setup, &d));
	assert_int_equal(d.errors, 1);
	assert_string_equal(d.entries[0].text,
	    "/no/such/folder/x_stats.csv: cannot create: No such file or "
	    "directory: name a folder that exists with --csv");
	diag_clear(&d);
	run_clear(&run);
}

static void files_that_cannot_be_created_are_foreseen(void **state)
{
	static char plan_name[] = "plan.ini";
	struct plan plan = {.file = plan_name};
	struct report_setup setup = {
	    .plan = &plan, .csv_prefix = "/no/such/folder/x"};
	struct diag d;

	(void)state;
	diag_init(&d);
	assert_false(report_check(&setup, &d));
	setup.csv_prefix = "/dev/null/x";
	assert_false(report_check(&setup, &d));
	assert_int_equal(d.errors, 2);
	assert_string_equal(d.entries[0].text,
	    "/no/such/folder/x_stats.csv: cannot create: No such file or "
	    "directory: name a folder that exists with --csv");
	assert_string_equal(d.entries[1].text,
	    "/dev/null/x_stats.csv: cannot create: Not a directory: name a "
	    "folder that exists with --csv");
	diag_clear(&d);
}

static void foreseeing_files_creates_none(void **state)
{
	struct run run;
	struct diag d;

	(void)state;
	run_prepare(&run);
	diag_init(&d);
	assert_true(report_check(&run.setup, &d));
	assert_int_equal(d.errors, 0);
	assert_int_equal(rmdir(run.folder), 0);
	diag_clear(&d);
	run_clear(&run);
}

static void without_a_prefix_no_file_is_written(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run.setup.csv_prefix = NULL;
	run_open(&run);
	report_interval(run.report, 3000000);
	run_finish(&run);
	assert_int_equal(report_verdict(run.report), VERDICT_PASSED);
	assert_int_equal(rmdir(run.folder), 0);
	run_clear(&run);
}

static void a_run_that_cannot_begin_leaves_no_file(void **state)
{
	struct run run;
	struct diag d;
	char *pipe;

	(void)state;
	run_prepare(&run);
	run_set_ramp(&run);
	pipe = xasprintf("%s_workers.csv", run.prefix);
	/* nobody reads it, which nothing but opening it can tell */
	assert_int_equal(mkfifo(pipe, 0600), 0);
	diag_init(&d);
	assert_null(report_open(&run.setup, &d));
	assert_int_equal(d.errors, 1);
	assert_has(d.entries[0].text, "nobody reads it");
	assert_int_equal(remove(pipe), 0);
	assert_int_equal(rmdir(run.folder), 0);
	diag_clear(&d);
	free(pipe);
	run_clear(&run);
}

static void a_file_that_cannot_be_replaced_is_said_once(void **state)
{
	struct run run;
	char *blocker;
	const char *said;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	blocker = xasprintf("%s_phases.csv", run.prefix);
	block_file(blocker);
	free(blocker);
	report_interval(run.report, 3000000);
	report_interval(run.report, 6000000);
	run_finish(&run);
	said = strstr(run.err, "loadgen: ");
	assert_non_null(said);
	assert_has(said, "x_phases.csv: cannot write: Is a directory\n");
	assert_null(strstr(said + 1, "loadgen: "));
	assert_int_equal(report_verdict(run.report), VERDICT_UNTRUSTED);
	assert_last_line(
	    &run, "NOT TO BE TRUSTED: a file could not be written\n");
	assert_int_equal(count_lines(&run, "_stats_history.csv"), 3);
	run_clear(&run);
}

static void a_file_that_cannot_grow_is_said_once(void **state)
{
	struct run run;
	struct rlimit old, small;

	(void)state;
	run_prepare(&run);
	run.setup.csv_full_history = true;
	run_open(&run);
	send_samples(&run, 0, 1000000, "/a", 1, sample_of(1000, NULL));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	/* room for stats.csv, but not for a long history */
	small.rlim_cur = 800;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (uint64_t i = 1; i < 20; i++)
		report_interval(run.report, i * 1000000);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	run_finish(&run);
	assert_has(
	    run.err, "x_stats_history.csv: cannot write: File too large\n");
	assert_null(strstr(
	    strstr(run.err, "x_stats_history.csv") + 1, "x_stats_history.csv"));
	assert_int_equal(report_verdict(run.report), VERDICT_UNTRUSTED);
	run_clear(&run);
}

/* --- verdict ------------------------------------------------------------ */

static void requests_that_all_passed_pass_the_run(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 1000000, "/a", 1234, sample_of(1000, NULL));
	report_interval(run.report, 1000000);
	run_finish(&run);
	assert_int_equal(report_verdict(run.report), VERDICT_PASSED);
	assert_last_line(&run, "PASSED: 1,234 requests, none failed\n");
	assert_has(run.out,
	    "1,234 requests started = 1,234 passed + 0 failed + 0 interrupted");
	assert_has(run.out, "every worker's own account agrees");
	run_clear(&run);
}

static void one_failed_request_fails_the_run(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 1000000, "/a", 99, sample_of(1000, NULL));
	send_samples(&run, 1, 1000000, "/a", 1, sample_of(1000, "HTTP 500"));
	report_interval(run.report, 1000000);
	run_finish(&run);
	assert_int_equal(report_verdict(run.report), VERDICT_FAILED);
	assert_last_line(&run, "FAILED: 1 of 100 requests failed (1.00 %)\n");
	assert_has(run.out, "1  GET /a  HTTP 500\n");
	run_clear(&run);
}

/* So many requests of a worker are still in flight when all is over. */
static void send_interrupted(
    struct run *run, uint32_t worker, bool is_warmup, uint64_t n)
{
	struct hist lateness = {0};
	struct books books = {.started = n, .interrupted = n};
	struct report_delta delta = {.worker = worker,
	    .is_warmup = is_warmup,
	    .books = &books,
	    .lateness = &lateness};

	report_delta(run->report, &delta);
	books_add(&run->own[worker], &books);
}

static void a_run_of_which_no_request_was_finished_has_failed(void **state)
{
	struct run run;

	(void)state;
	for (int is_warmup = 0; is_warmup < 2; is_warmup++) {
		run_prepare(&run);
		run_open(&run);
		send_interrupted(&run, 1, is_warmup, 5);
		report_interval(run.report, 1000000);
		run_finish(&run);
		assert_int_equal(report_verdict(run.report), VERDICT_FAILED);
		assert_last_line(&run, "FAILED: no request was finished, 5 "
				       "interrupted: nothing was measured\n");
		run_clear(&run);
	}
}

static void what_setup_has_finished_is_no_request_of_a_user(void **state)
{
	struct run run;
	struct table table = {0};
	struct hist lateness = {0};
	struct books books = {.started = 1, .passed = 1};
	struct report_delta delta = {.worker = REPORT_NO_WORKER,
	    .books = &books,
	    .lateness = &lateness,
	    .table = &table};
	struct sample s = sample_of(1000, NULL);

	(void)state;
	table_record(&table, table_row(&table, "POST", "/login"), &s);
	run_prepare(&run);
	run_open(&run);
	report_delta(run.report, &delta);
	send_interrupted(&run, 0, false, 5);
	report_interval(run.report, 1000000);
	run_finish(&run);
	assert_int_equal(report_verdict(run.report), VERDICT_FAILED);
	assert_last_line(&run, "FAILED: no request of a user was finished, 5 "
			       "interrupted: nothing was measured\n");
	run_clear(&run);
	table_clear(&table);
}

static void one_finished_request_is_something(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 1000000, "/a", 1, sample_of(1000, NULL));
	send_interrupted(&run, 1, false, 5);
	report_interval(run.report, 1000000);
	run_finish(&run);
	assert_int_equal(report_verdict(run.report), VERDICT_PASSED);
	run_clear(&run);
}

static void a_lost_worker_cannot_be_trusted_but_is_counted(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 1, 1000000, "/a", 5, sample_of(1000, NULL));
	report_worker_lost(run.report, 1, "killed by SIGKILL", 5, 1500000);
	report_interval(run.report, 1000000);
	report_worker_final(run.report, 0, &run.own[0]);
	report_final(run.report, 0, false);
	fflush(run.setup.out);
	assert_int_equal(report_verdict(run.report), VERDICT_UNTRUSTED);
	assert_has(run.out, "5 requests, none failed\n");
	assert_last_line(
	    &run, "NOT TO BE TRUSTED: worker 1 lost (killed by SIGKILL)\n");
	run_clear(&run);
}

static void an_account_that_differs_cannot_be_trusted(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 1000000, "/a", 5, sample_of(1000, NULL));
	run.own[0].passed++;
	run.own[0].started++;
	report_interval(run.report, 1000000);
	run_finish(&run);
	assert_int_equal(report_verdict(run.report), VERDICT_UNTRUSTED);
	assert_has(run.out, "worker 0 counted 6 requests itself, but sent 5");
	run_clear(&run);
}

static void books_that_do_not_balance_cannot_be_trusted(void **state)
{
	struct run run;
	struct table table = {0};
	struct hist lateness = {0};
	struct books books = {.started = 3, .passed = 2};
	struct report_delta delta = {
	    .books = &books, .lateness = &lateness, .table = &table};

	(void)state;
	run_prepare(&run);
	run_open(&run);
	report_delta(run.report, &delta);
	books_add(&run.own[0], &books);
	run_finish(&run);
	assert_int_equal(report_verdict(run.report), VERDICT_UNTRUSTED);
	assert_last_line(&run, "NOT TO BE TRUSTED: the books do not balance\n");
	run_clear(&run);
}

static void workers_that_were_not_waited_for_need_no_account(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 1000000, "/a", 5, sample_of(1000, NULL));
	report_interval(run.report, 1000000);
	report_final(run.report, SIGINT, true);
	fflush(run.setup.out);
	assert_int_equal(report_verdict(run.report), VERDICT_PASSED);
	assert_last_line(
	    &run, "STOPPED AT ONCE by SIGINT: 5 requests, none failed\n");
	run_clear(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stats_have_locusts_columns_and_end_in_the_total),
	    cmocka_unit_test(a_run_without_requests_has_not_counted_anything),
	    cmocka_unit_test(
		history_has_the_intervals_rates_and_the_runs_totals),
	    cmocka_unit_test(full_history_has_a_row_for_every_name),
	    cmocka_unit_test(failures_are_quoted_and_dated),
	    cmocka_unit_test(phases_have_a_line_for_each_that_took_place),
	    cmocka_unit_test(workers_have_a_line_an_interval),
	    cmocka_unit_test(stages_have_the_rows_of_each_and_its_total),
	    cmocka_unit_test(a_stage_that_was_not_reached_has_counted_nothing),
	    cmocka_unit_test(without_stages_there_is_no_file_of_them),
	    cmocka_unit_test(a_lost_worker_is_an_exception),
	    cmocka_unit_test(nothing_is_left_beside_the_files),
	    cmocka_unit_test(a_folder_that_is_not_there_is_said_at_the_start),
	    cmocka_unit_test(files_that_cannot_be_created_are_foreseen),
	    cmocka_unit_test(foreseeing_files_creates_none),
	    cmocka_unit_test(without_a_prefix_no_file_is_written),
	    cmocka_unit_test(a_run_that_cannot_begin_leaves_no_file),
	    cmocka_unit_test(a_file_that_cannot_be_replaced_is_said_once),
	    cmocka_unit_test(a_file_that_cannot_grow_is_said_once),
	    cmocka_unit_test(requests_that_all_passed_pass_the_run),
	    cmocka_unit_test(one_failed_request_fails_the_run),
	    cmocka_unit_test(a_run_of_which_no_request_was_finished_has_failed),
	    cmocka_unit_test(what_setup_has_finished_is_no_request_of_a_user),
	    cmocka_unit_test(one_finished_request_is_something),
	    cmocka_unit_test(a_lost_worker_cannot_be_trusted_but_is_counted),
	    cmocka_unit_test(an_account_that_differs_cannot_be_trusted),
	    cmocka_unit_test(books_that_do_not_balance_cannot_be_trusted),
	    cmocka_unit_test(workers_that_were_not_waited_for_need_no_account),
	};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	/* so that a limit on the size of files is an error, not a death */
	sigaction(SIGXFSZ, &ignore, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
