/*
 * Reports: what workers sent is in every file and in the summary, to the
 * request; the verdict; and nothing that could steer a terminal reaches it.
 */
#include "report.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "report/text.h"

enum { WORKERS = 2 };
#define START_WALL_US (UINT64_C(1700000000) * US_PER_S)

/* One run that is reported into a folder of its own and into memory. */
struct run {
	char folder[64];
	char *prefix;
	struct plan plan;
	struct report_setup setup;
	struct report *report;
	char *out;
	size_t out_len;
	char *err;
	size_t err_len;
	struct books own[WORKERS];
};

/* --- helpers ------------------------------------------------------------ */

static void run_prepare(struct run *run)
{
	static char plan_name[] = "plan.ini";

	memset(run, 0, sizeof(*run));
	snprintf(run->folder, sizeof(run->folder), "/tmp/loadgen-test-XXXXXX");
	assert_non_null(mkdtemp(run->folder));
	run->prefix = xasprintf("%s/x", run->folder);
	run->plan.file = plan_name;
	run->plan.load.users = 20;
	run->setup = (struct report_setup) {
	    .plan = &run->plan,
	    .workers = WORKERS,
	    .csv_prefix = run->prefix,
	    .verbosity = VERBOSITY_NORMAL,
	    .out = open_memstream(&run->out, &run->out_len),
	    .err = open_memstream(&run->err, &run->err_len),
	};
	assert_non_null(run->setup.out);
	assert_non_null(run->setup.err);
}

static void run_open(struct run *run)
{
	struct diag d;

	diag_init(&d);
	run->report = report_open(&run->setup, &d);
	assert_int_equal(d.n, 0);
	assert_non_null(run->report);
	report_start(run->report, START_WALL_US);
	for (uint32_t i = 0; i < WORKERS; i++)
		report_worker(run->report, i, "box", 4000 + (long)i);
}

static void run_clear(struct run *run)
{
	DIR *folder = opendir(run->folder);
	struct dirent *entry;

	report_close(run->report);
	fclose(run->setup.out);
	fclose(run->setup.err);
	free(run->out);
	free(run->err);
	while (folder && (entry = readdir(folder)) != NULL) {
		char *path = xasprintf("%s/%s", run->folder, entry->d_name);

		if (entry->d_name[0] != '.')
			remove(path);
		free(path);
	}
	if (folder)
		closedir(folder);
	rmdir(run->folder);
	free(run->prefix);
}

static struct sample sample_of(uint64_t response_us, const char *failure)
{
	return (struct sample) {
	    .response_us = response_us,
	    .phases = 1U << PHASE_FIRST_BYTE,
	    .phase_us = {[PHASE_FIRST_BYTE] = response_us / 2},
	    .body_bytes = 10,
	    .wall_us = START_WALL_US + 5 * US_PER_S,
	    .failure = failure,
	};
}

/* Worker sends n samples of one row, in a delta cut at until_us. */
static void send_samples(struct run *run, uint32_t worker, uint64_t until_us,
    const char *name, size_t n, struct sample s)
{
	struct table table = {0};
	struct hist lateness = {0};
	struct books books = {.started = n,
	    .passed = s.failure ? 0 : n,
	    .failed = s.failure ? n : 0,
	    .tasks = n,
	    .connections = 1};
	struct report_delta delta = {
	    .worker = worker,
	    .until_us = until_us,
	    .users = 10,
	    .is_last_part = true,
	    .cpu_us = 300000,
	    .busy_us = 3000000,
	    .books = &books,
	    .lateness = &lateness,
	    .table = &table,
	};

	for (size_t i = 0; i < n; i++)
		table_record(&table, table_row(&table, "GET", name), &s);
	hist_record(&lateness, 120);
	report_delta(run->report, &delta);
	books_add(&run->own[worker], &books);
	table_clear(&table);
	hist_clear(&lateness);
}

static void run_finish(struct run *run)
{
	for (uint32_t i = 0; i < WORKERS; i++)
		report_worker_final(run->report, i, &run->own[i]);
	report_final(run->report, 0, false);
	fflush(run->setup.out);
	fflush(run->setup.err);
}

/* A file of the run, owned by the caller. */
static char *read_csv(const struct run *run, const char *suffix)
{
	char *path = xasprintf("%s%s", run->prefix, suffix);
	FILE *file = fopen(path, "r");
	char *text = xcalloc(1, 65536);

	assert_non_null(file);
	text[fread(text, 1, 65535, file)] = '\0';
	fclose(file);
	free(path);
	return text;
}

static void assert_csv_has(
    const struct run *run, const char *suffix, const char *lines)
{
	char *text = read_csv(run, suffix);

	if (!strstr(text, lines))
		print_error("%s has no %s:\n%s", suffix, lines, text);
	assert_non_null(strstr(text, lines));
	free(text);
}

static size_t count_lines(const struct run *run, const char *suffix)
{
	char *text = read_csv(run, suffix);
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, "\r\n")) != NULL; at += 2)
		n++;
	free(text);
	return n;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		print_error("no \"%s\" in:\n%s", part, text);
	assert_non_null(strstr(text, part));
}

static void assert_last_line(const struct run *run, const char *line)
{
	const char *last = run->out + run->out_len - 1;

	assert_true(run->out_len > 0 && *last == '\n');
	while (last > run->out && last[-1] != '\n')
		last--;
	assert_true((size_t)(run->out + run->out_len - last) > 1);
	if (strncmp(last, line, strlen(line)) != 0)
		print_error("the last line is %s", last);
	assert_memory_equal(last, line, strlen(line));
}

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
	assert_last_line(&run, "PASSED: no request was made\n");
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
	    "6,0,1,1.667,1,3,10\r\n"
	    "1700000006,10,,Aggregated,0,0,"
	    "N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,"
	    "6,0,1,1.667,1,3,10\r\n");
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
	    "N/A,N/A,N/A,1,0,1,1,1,1,10\r\n"
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
	    "Timer Lateness p99 (ms)\r\n"
	    "1700000003,box,0,4000,0,0,0,N/A,N/A\r\n"
	    "1700000003,box,1,4001,10,0,2,10,0.12\r\n");
	run_clear(&run);
}

static void a_lost_worker_is_an_exception(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	report_worker_lost(run.report, 1, "killed by SIGKILL");
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

static void a_file_that_cannot_be_replaced_is_said_once(void **state)
{
	struct run run;
	char *blocker;
	const char *said;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	/* a folder of that name: it holds for root too */
	blocker = xasprintf("%s_phases.csv.tmp", run.prefix);
	assert_int_equal(mkdir(blocker, 0700), 0);
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

static void a_lost_worker_cannot_be_trusted_but_is_counted(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 1, 1000000, "/a", 5, sample_of(1000, NULL));
	report_worker_lost(run.report, 1, "killed by SIGKILL");
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

/* --- console ------------------------------------------------------------ */

static void without_a_terminal_there_is_one_line_an_interval(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 3000000, "/a", 6, sample_of(12345, NULL));
	report_interval(run.report, 3000000);
	report_interval(run.report, 6000000);
	run_finish(&run);
	assert_string_equal(run.err,
	    "    3s  users    10     2.00 req/s  p50   12.3 ms"
	    "  p95   12.3 ms      0 failed\n"
	    "    6s  users    10     0.00 req/s  p50      - ms"
	    "  p95      - ms      0 failed\n");
	run_clear(&run);
}

static void quiet_runs_say_nothing_before_the_summary(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run.setup.verbosity = VERBOSITY_QUIET;
	run_open(&run);
	send_samples(&run, 0, 3000000, "/a", 6, sample_of(12345, NULL));
	report_interval(run.report, 3000000);
	run_finish(&run);
	assert_int_equal(run.err_len, 0);
	assert_last_line(&run, "PASSED: 6 requests, none failed\n");
	run_clear(&run);
}

static void the_table_now_goes_to_the_error_stream(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run.setup.verbosity = VERBOSITY_ONLY_SUMMARY;
	run_open(&run);
	send_samples(&run, 0, 1000000, "/a", 6, sample_of(12345, NULL));
	report_now(run.report, 1500000);
	fflush(run.setup.err);
	assert_has(run.err, "GET   /a");
	assert_has(run.err, "Aggregated");
	run_finish(&run);
	run_clear(&run);
}

static void control_bytes_never_reach_the_terminal(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run.setup.verbosity = VERBOSITY_VERBOSE;
	run_open(&run);
	send_samples(&run, 0, 1000000, "/\x1b[2J\xc2\x9b", 1,
	    sample_of(1000, "\x1b]0;owned\x07\r\n"));
	report_worker_lost(run.report, 1, "said \x1b[H");
	report_interval(run.report, 1000000);
	report_now(run.report, 1000000);
	run_finish(&run);
	for (size_t i = 0; i < run.out_len; i++)
		assert_true(run.out[i] == '\n' || (run.out[i] & 0xe0) != 0);
	for (size_t i = 0; i < run.err_len; i++)
		assert_true(run.err[i] == '\n' || (run.err[i] & 0xe0) != 0);
	assert_has(run.out, "/\\x1B[2J\\xC2\\x9B");
	run_clear(&run);
}

static void no_line_of_the_tables_is_wider_than_80_columns(void **state)
{
	static const char name[] =
	    "/a/very/long/path/that/goes/on/and/on/users/${user}/orders/"
	    "${randint 1 100}/items?sort=desc&page=3&further=parameters";
	struct run run;

	(void)state;
	unsetenv("COLUMNS");
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 1000000, name, 1000, sample_of(12345678, NULL));
	send_samples(&run, 1, 1000000, "/a", 100000, sample_of(42, "no"));
	report_interval(run.report, 1000000);
	run_finish(&run);
	for (char *line = run.out, *end; *line; line = end + 1) {
		end = line + strcspn(line, "\n");
		*end = '\0';
		assert_true(text_columns(line) <= 80);
	}
	run_clear(&run);
}

/* --- text and figures --------------------------------------------------- */

static void assert_cut(const char *text, size_t columns, const char *want)
{
	char *cut = text_cut(text, columns);

	assert_string_equal(cut, want);
	assert_true(text_columns(cut) <= columns);
	free(cut);
}

static void long_names_lose_their_middle(void **state)
{
	(void)state;
	assert_cut("/short", 10, "/short");
	assert_cut("/0123456789", 10, "/012...789");
	assert_cut("/caf\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9x", 9,
	    "/ca...\xc3\xa9\xc3\xa9x");
	assert_cut("abcdefgh", 3, "abc");
	assert_cut("abcdefgh", 0, "");
}

static void text_that_is_not_utf_8_is_shown_as_bytes(void **state)
{
	static const char *const pairs[][2] = {
	    {"caf\xc3\xa9", "caf\xc3\xa9"},
	    {"\xff\xfe", "\\xFF\\xFE"},
	    {"\xc3", "\\xC3"},
	    {"\xc0\xaf", "\\xC0\\xAF"},
	    {"\xed\xa0\x80", "\\xED\\xA0\\x80"},
	    {"\xe2\x80\xae", "\\xE2\\x80\\xAE"},
	    {"\x7f\t", "\\x7F\\x09"},
	    {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		char *shown = text_shown(pairs[i][0]);

		assert_string_equal(shown, pairs[i][1]);
		free(shown);
	}
}

static void milliseconds_have_three_digits_that_count(void **state)
{
	static const struct {
		uint64_t us;
		const char *text;
	} pairs[] = {{0, "0"}, {1, "0.001"}, {999, "0.999"}, {1000, "1.00"},
	    {9994, "9.99"}, {9995, "10.0"}, {99949, "99.9"}, {99950, "100"},
	    {1234567, "1,235"}, {3600000000, "3,600,000"}};
	char text[FIGURE_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		assert_string_equal(
		    figure_ms(text, pairs[i].us), pairs[i].text);
}

static void a_few_failures_never_look_like_none(void **state)
{
	char text[FIGURE_BYTES];

	(void)state;
	assert_string_equal(figure_percent(text, 0, 0), "0");
	assert_string_equal(figure_percent(text, 1, 1000000), "<0.01");
	assert_string_equal(figure_percent(text, 999999, 1000000), ">99.99");
	assert_string_equal(figure_percent(text, 5, 5), "100");
	assert_string_equal(figure_percent(text, 1, 3), "33.33");
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
	    cmocka_unit_test(a_lost_worker_is_an_exception),
	    cmocka_unit_test(nothing_is_left_beside_the_files),
	    cmocka_unit_test(a_folder_that_is_not_there_is_said_at_the_start),
	    cmocka_unit_test(without_a_prefix_no_file_is_written),
	    cmocka_unit_test(a_file_that_cannot_be_replaced_is_said_once),
	    cmocka_unit_test(a_file_that_cannot_grow_is_said_once),
	    cmocka_unit_test(requests_that_all_passed_pass_the_run),
	    cmocka_unit_test(one_failed_request_fails_the_run),
	    cmocka_unit_test(a_lost_worker_cannot_be_trusted_but_is_counted),
	    cmocka_unit_test(an_account_that_differs_cannot_be_trusted),
	    cmocka_unit_test(books_that_do_not_balance_cannot_be_trusted),
	    cmocka_unit_test(workers_that_were_not_waited_for_need_no_account),
	    cmocka_unit_test(without_a_terminal_there_is_one_line_an_interval),
	    cmocka_unit_test(quiet_runs_say_nothing_before_the_summary),
	    cmocka_unit_test(the_table_now_goes_to_the_error_stream),
	    cmocka_unit_test(control_bytes_never_reach_the_terminal),
	    cmocka_unit_test(no_line_of_the_tables_is_wider_than_80_columns),
	    cmocka_unit_test(long_names_lose_their_middle),
	    cmocka_unit_test(text_that_is_not_utf_8_is_shown_as_bytes),
	    cmocka_unit_test(milliseconds_have_three_digits_that_count),
	    cmocka_unit_test(a_few_failures_never_look_like_none),
	};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	/* so that a limit on the size of files is an error, not a death */
	sigaction(SIGXFSZ, &ignore, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
