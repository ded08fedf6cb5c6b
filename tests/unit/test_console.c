/*
 * What people see: live lines, the table and the summary; and nothing that
 * could steer a terminal reaches it.
 */
#include "tests/unit/reporting.h"

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
	assert_has(run.err,
	    "\n    3s  users    10     2.00 req/s  p50   12.3 ms"
	    "  p95   12.3 ms      0 failed\n"
	    "    6s  users    10     0.00 req/s  p50      - ms"
	    "  p95      - ms      0 failed\n");
	run_clear(&run);
}

static size_t count_live_lines(struct run *run)
{
	size_t n = 0;

	fflush(run->setup.err);
	for (const char *at = run->err; (at = strstr(at, " req/s  p50")); at++)
		n++;
	return n;
}

/* An abort ends the run at an interval's end, and workers a moment later. */
static void what_is_left_behind_an_end_is_no_line_of_its_own(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run.plan.load.report_interval_us = 3000000;
	run_open(&run);
	send_samples(&run, 0, 3000000, "/a", 6, sample_of(12345, "no"));
	report_interval(run.report, 3000000);
	send_samples(&run, 0, 3028000, "/a", 2, sample_of(12345, "no"));
	report_interval(run.report, 3028000);
	assert_int_equal(count_live_lines(&run), 1);
	run_finish(&run);
	assert_int_equal(count_lines(&run, "_stats_history.csv"), 3);
	run_clear(&run);
}

static void what_goes_wrong_at_the_very_end_is_told(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run.plan.load.report_interval_us = 3000000;
	run_open(&run);
	report_interval(run.report, 200000);
	report_interval(run.report, 3000000);
	send_samples(&run, 0, 3028000, "/a", 2, sample_of(12345, "no"));
	report_interval(run.report, 3028000);
	assert_int_equal(count_live_lines(&run), 3);
	report_worker_lost(run.report, 1, "killed by SIGKILL", 5, 1500000);
	report_interval(run.report, 3029000);
	assert_int_equal(count_live_lines(&run), 4);
	report_interval(run.report, 3030000);
	assert_int_equal(count_live_lines(&run), 4);
	run_finish(&run);
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
	report_worker_lost(run.report, 1, "said \x1b[H", 5, 1500000);
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

static void no_line_of_the_tables_is_wider_than_the_width(void **state)
{
	static const char name[] =
	    "/a/very/long/path/that/goes/on/and/on/users/${user}/orders/"
	    "${randint 1 100}/items?sort=desc&page=3&further=parameters";
	struct run run;

	(void)state;
	run_prepare(&run);
	setenv("COLUMNS", "80", 1);
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

/* --- keys --------------------------------------------------------------- */

static void users_that_keys_change_are_told(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	report_users(run.report, 3000000, 10, 30);
	report_users(run.report, 4000000, -1, 29);
	report_note(run.report, 5000000, "no more users: none");
	send_samples(&run, 0, 6000000, "/a", 6, sample_of(12345, NULL));
	run_finish(&run);
	assert_has(run.err, "3s: 10 users more (now 30)\n"
			    "4s: 1 user fewer (now 29)\n"
			    "5s: no more users: none\n");
	assert_has(run.out,
	    "! keys changed the number of users: at most 10 users at once\n");
	run_clear(&run);
}

static void a_run_that_a_key_has_ended_says_so(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 4000000, "/a", 6, sample_of(12345, NULL));
	report_ended_by(run.report, "the key q was pressed");
	report_stopping(run.report, 4000000, 10000000);
	report_interval(run.report, 4000000);
	run_finish(&run);
	assert_has(run.err, "within 10s; Ctrl-C leaves at once\n");
	assert_has(run.out,
	    "! the run ended after 4s of 10s: the key q was pressed\n");
	assert_last_line(&run, "PASSED: 6 requests, none failed\n");
	run_clear(&run);
}

static void a_run_that_a_key_has_ended_before_the_load_has_not_passed(
    void **state)
{
	struct run run;
	struct diag d;

	(void)state;
	run_prepare(&run);
	run_set_ramp(&run);
	diag_init(&d);
	run.report = report_open(&run.setup, &d);
	assert_non_null(run.report);
	report_ended_by(run.report, "the key q was pressed");
	report_stopping(run.report, 0, 10000000);
	run_finish(&run);
	assert_int_equal(report_verdict(run.report), VERDICT_UNTRUSTED);
	assert_has(run.out,
	    "! the run ended before the load: the key q was pressed\n");
	assert_last_line(&run, "NOT STARTED: the key q was pressed\n");
	run_clear(&run);
}

/* --- what the summary says ---------------------------------------------- */

static void the_first_line_says_what_will_be_played(void **state)
{
	struct base_url base = {.text = (char[]) {"http://127.0.0.1:8080"}};
	struct run run;
	char *line;

	(void)state;
	run_prepare(&run);
	run.plan.bases = &base;
	run.plan.n_bases = 1;
	run.plan.n_asked = 1;
	run_open(&run);
	fflush(run.setup.err);
	line = xasprintf("plan.ini: 20 users at 10/s, 10s, "
			 "http://127.0.0.1:8080, 2 workers, CSV in %s_*.csv\n",
	    run.prefix);
	assert_string_equal(run.err, line);
	free(line);
	run_clear(&run);
}

static void a_ramp_that_is_cut_off_is_told_before_the_run(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run.plan.load.users = 100;
	run.plan.load.spawn_rate = 1;
	run.plan.load.run_time_us = 5 * US_PER_S;
	run_open(&run);
	fflush(run.setup.err);
	assert_has(run.err,
	    "\n! only 5 of 100 users start within the run_time of 5s: the last "
	    "is due after\n  1m39s: write spawn_rate = 200, or all to start "
	    "them "
	    "at once\n");
	run_finish(&run);
	run_clear(&run);
}

static void the_first_line_says_when_nothing_ends_the_run(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run.plan.load.run_time_us = 0;
	run.plan.load.users = 1;
	run.setup.csv_prefix = NULL;
	run_open(&run);
	fflush(run.setup.err);
	assert_string_equal(
	    run.err, "plan.ini: 1 user, until stopped, 2 workers\n");
	run_clear(&run);
}

static void several_kinds_of_users_are_counted(void **state)
{
	struct user_kind browser = {.name = (char[]) {"browser"}, .weight = 3};
	struct user_kind buyer = {.name = (char[]) {"buyer"}, .weight = 1};
	struct user_kind *kinds[] = {&browser, &buyer};
	struct run run;

	(void)state;
	run_prepare(&run);
	run.plan.kinds = kinds;
	run.plan.n_kinds = ARRAY_LEN(kinds);
	run_open(&run);
	report_interval(run.report, 10000000);
	run_finish(&run);
	assert_has(
	    run.err, "plan.ini: 20 users (15 browser, 5 buyer) at 10/s, ");
	assert_has(
	    run.out, "plan.ini: 20 users (15 browser, 5 buyer) on 2 workers, ");
	run_clear(&run);
}

/* Reports a run of one interval that ended then. */
static void run_until(struct run *run, uint64_t end_us)
{
	run_open(run);
	send_samples(run, 0, end_us, "/a", 1, sample_of(1000, NULL));
	send_samples(run, 1, end_us, "/a", 1, sample_of(1000, NULL));
	report_interval(run->report, end_us);
	run_finish(run);
}

static void the_heading_rounds_its_duration_for_people(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_until(&run, 10020619);
	assert_has(run.out, "plan.ini: 20 users on 2 workers, 10s\n\n");
	assert_memory_equal(run.out, "plan.ini", 8);
	run_clear(&run);
}

static void a_run_that_ends_during_the_ramp_says_so(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run.plan.load.users = 1000;
	run.plan.load.run_time_us = 2 * US_PER_S;
	run_until(&run, 2100000);
	assert_has(run.out, "plan.ini: 20 of 1,000 users on 2 workers, 2.1s\n"
			    "! the run ended during the ramp: 20 of 1,000 "
			    "users had started (at 10/s the "
			    "last\n  is due after 1m40s)\n\n");
	run_clear(&run);
}

static void who_is_due_at_the_very_end_is_foretold_as_not_coming(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run.plan.load.users = 3;
	run.plan.load.spawn_rate = 1;
	run.plan.load.run_time_us = 2 * US_PER_S;
	run_until(&run, 2100000);
	assert_has(run.err,
	    "\n! only 2 of 3 users start within the run_time of 2s: the last "
	    "is due after 2s:\n  write spawn_rate = 15, or all to start them "
	    "at "
	    "once\n");
	assert_has(run.out,
	    "\n! the run ended during the ramp: 2 of 3 users had started");
	run_clear(&run);
}

static void tasks_that_are_done_before_the_ramp_are_said_to_be(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run.plan.load.users = 50;
	run.plan.load.iterations = 1000;
	run_open(&run);
	send_samples(&run, 0, 100000, "/a", 400, sample_of(1000, NULL));
	send_samples(&run, 1, 100000, "/a", 600, sample_of(1000, NULL));
	report_interval(run.report, 100000);
	run_finish(&run);
	assert_has(run.out,
	    "\n! all 1,000 tasks were done before more than 20 of 50 users had "
	    "started (at 10/s\n  the last is due after 4.9s)\n");
	run_clear(&run);
}

static void a_signal_during_the_ramp_ends_it(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	report_stopping(run.report, 500001, 10000000);
	send_samples(&run, 0, 5000000, "/a", 1, sample_of(1000, NULL));
	report_interval(run.report, 5000000);
	run_finish(&run);
	assert_has(run.out, "plan.ini: 6 of 20 users on 2 workers, 5s\n");
	run_clear(&run);
}

static void the_last_lines_name_the_files(void **state)
{
	struct run run;
	char *line;

	(void)state;
	run_prepare(&run);
	run_until(&run, 10000000);
	line = xasprintf("\n\nFiles: %s_stats.csv and five more %s_*.csv\n"
			 "PASSED: ",
	    run.prefix, run.prefix);
	assert_has(run.out, line);
	free(line);
	run_clear(&run);
	run_prepare(&run);
	run.setup.csv_prefix = NULL;
	run_until(&run, 10000000);
	assert_null(strstr(run.out, "Files: "));
	run_clear(&run);
	run_prepare(&run);
	run.setup.csv_prefix = NULL;
	run.setup.json_path = "-";
	run.setup.junit_path = "/dev/null";
	run_until(&run, 10000000);
	assert_has(run.err, "\nFiles: /dev/null\nPASSED: ");
	run_clear(&run);
}

static void interrupted_requests_are_in_the_verdict(void **state)
{
	struct table table = {0};
	struct hist lateness = {0};
	struct books books = {.started = 4, .interrupted = 4};
	struct report_delta delta = {
	    .books = &books, .lateness = &lateness, .table = &table};
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	report_delta(run.report, &delta);
	books_add(&run.own[0], &books);
	send_samples(&run, 0, 1000000, "/a", 1, sample_of(1000, NULL));
	report_interval(run.report, 1000000);
	run_finish(&run);
	assert_last_line(
	    &run, "PASSED: 1 request, none failed, 4 interrupted\n");
	run_clear(&run);
}

static void that_every_request_failed_is_said_above_the_table(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 10000000, "/a", 3, sample_of(1000, "HTTP 500"));
	report_interval(run.report, 10000000);
	run_finish(&run);
	assert_has(run.out,
	    "\n! Every request failed: the times are those of failures.\n\n"
	    "type  name");
	run_clear(&run);
}

static void hosts_are_named_where_there_are_several(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_until(&run, 10000000);
	assert_null(strstr(run.out, "host"));
	run_clear(&run);
	run_prepare(&run);
	run_open(&run);
	report_worker(run.report, 1, "barn", 5000);
	report_interval(run.report, 10000000);
	run_finish(&run);
	assert_has(run.out, "late p99 ms  host\n");
	assert_has(run.out, "  barn\n");
	run_clear(&run);
}

static void one_is_not_called_many(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 10000000, "/a", 1, sample_of(1000, NULL));
	report_interval(run.report, 10000000);
	run_finish(&run);
	assert_has(run.out, "  1 request started = 1 passed");
	assert_has(run.out, "  1 task started, 1 connection opened\n");
	run_clear(&run);
}

static void failures_break_at_blanks_alone(void **state)
{
	static const char url[] = "http://somewhere.example/a/very/long/path/"
				  "that/does/not/fit/on/a/line/of/eighty";
	char *text = xasprintf("redirected to %s once more", url);
	char *lines = xasprintf("      1  GET /a\n         redirected to\n"
				"         %s\n         once more\n",
	    url);
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 1000000, "/a", 1, sample_of(1000, text));
	report_interval(run.report, 1000000);
	run_finish(&run);
	assert_has(run.out, lines);
	free(text);
	free(lines);
	run_clear(&run);
}

static void without_a_width_names_are_whole_up_to_60_columns(void **state)
{
	static const char name[] =
	    "/resources/${uuid}/with/a/long/name/that/has/sixty/columns/..";
	struct run run;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 1000000, name + 1, 1, sample_of(1234567, NULL));
	report_interval(run.report, 1000000);
	run_finish(&run);
	assert_int_equal(strlen(name + 1), 60);
	assert_has(run.out, name + 1);
	assert_has(run.out, "99.9% 99.99%  100%\n");
	assert_has(run.out, " 1,235  1,235 1,235\n");
	run_clear(&run);
}

static void with_a_width_columns_go_before_names_do(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	setenv("COLUMNS", "80", 1);
	run_open(&run);
	send_samples(&run, 0, 1000000, "/twenty/columns/long", 1,
	    sample_of(1234567, NULL));
	report_interval(run.report, 1000000);
	run_finish(&run);
	assert_has(run.out, "GET /twenty/columns/long ");
	assert_null(strstr(run.out, "99.99%"));
	assert_has(run.out, "50%");
	assert_has(run.out, "100%\n");
	run_clear(&run);
}

/* --- the live table ----------------------------------------------------- */

/* The live table on a screen of that size; owned by the caller. */
static char *live_table(const struct run *run, size_t columns, size_t rows)
{
	char *text = NULL;
	size_t len = 0;
	struct terminal t = {.out = open_memstream(&text, &len),
	    .columns = columns,
	    .has_width = true,
	    .clips = true};

	assert_non_null(t.out);
	print_live_requests(&t, report_results(run->report), rows);
	assert_true(t.lines <= rows);
	fclose(t.out);
	return text;
}

static void the_live_table_has_no_figures_before_the_first_answer(void **state)
{
	struct run run;
	char *text;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	text = live_table(&run, 80, 20);
	assert_string_equal(text,
	    "type  name        requests  failed  now: p50 ms  p95 ms  max ms  "
	    "req/s\n"
	    "      Aggregated         0       0            -       -       -"
	    "      -\n");
	free(text);
	run_clear(&run);
}

static void rows_that_do_not_fit_are_the_least_telling_ones(void **state)
{
	struct run run;
	char *text;

	(void)state;
	run_prepare(&run);
	run_open(&run);
	for (size_t i = 0; i < 40; i++) {
		char name[16];

		snprintf(name, sizeof(name), "/row%02zu", i);
		send_samples(&run, 0, 1000000, name, i == 7 ? 50 : i + 1,
		    sample_of(1000, i == 3 ? "no" : NULL));
	}
	report_interval(run.report, 1000000);
	text = live_table(&run, 60, 8);
	assert_has(text, "\nGET  /row03");
	assert_true(strstr(text, "/row03") < strstr(text, "/row07"));
	assert_true(strstr(text, "/row07") < strstr(text, "/row39"));
	assert_has(text, "\n... 35 more rows\n");
	assert_has(text, "Aggregated");
	free(text);
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

static void durations_are_rounded_for_people(void **state)
{
	static const struct {
		uint64_t us;
		const char *duration;
		const char *elapsed;
	} pairs[] = {{0, "0s", "0s"}, {352, "352us", "352us"},
	    {20619, "21ms", "21ms"}, {835401, "835ms", "0.8s"},
	    {999900, "1s", "1s"}, {1894123, "1.9s", "2s"},
	    {90160000, "1m30s", "1m30s"}, {59970000, "1m", "1m"},
	    {3600000000, "1h", "1h"}};
	char text[FIGURE_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		assert_string_equal(
		    figure_duration(text, pairs[i].us), pairs[i].duration);
		assert_string_equal(
		    figure_elapsed(text, pairs[i].us), pairs[i].elapsed);
	}
}

static void numbers_of_the_plan_have_no_zeros_behind(void **state)
{
	char text[FIGURE_BYTES];

	(void)state;
	assert_string_equal(figure_number(text, 10), "10");
	assert_string_equal(figure_number(text, 0.5), "0.5");
	assert_string_equal(figure_number(text, 1.0 / 60), "0.0167");
	assert_string_equal(figure_number(text, 12345.6), "12,346");
	/* more than a count holds */
	assert_string_equal(
	    figure_number(text, 1e300), "18,446,744,073,709,551,615");
	assert_string_equal(
	    figure_rate(text, 1e30), "18,446,744,073,709,551,615");
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
	    cmocka_unit_test(without_a_terminal_there_is_one_line_an_interval),
	    cmocka_unit_test(what_is_left_behind_an_end_is_no_line_of_its_own),
	    cmocka_unit_test(what_goes_wrong_at_the_very_end_is_told),
	    cmocka_unit_test(quiet_runs_say_nothing_before_the_summary),
	    cmocka_unit_test(the_table_now_goes_to_the_error_stream),
	    cmocka_unit_test(control_bytes_never_reach_the_terminal),
	    cmocka_unit_test(no_line_of_the_tables_is_wider_than_the_width),
	    cmocka_unit_test(users_that_keys_change_are_told),
	    cmocka_unit_test(a_run_that_a_key_has_ended_says_so),
	    cmocka_unit_test(
		a_run_that_a_key_has_ended_before_the_load_has_not_passed),
	    cmocka_unit_test(the_first_line_says_what_will_be_played),
	    cmocka_unit_test(a_ramp_that_is_cut_off_is_told_before_the_run),
	    cmocka_unit_test(the_first_line_says_when_nothing_ends_the_run),
	    cmocka_unit_test(several_kinds_of_users_are_counted),
	    cmocka_unit_test(the_heading_rounds_its_duration_for_people),
	    cmocka_unit_test(a_run_that_ends_during_the_ramp_says_so),
	    cmocka_unit_test(
		tasks_that_are_done_before_the_ramp_are_said_to_be),
	    cmocka_unit_test(
		who_is_due_at_the_very_end_is_foretold_as_not_coming),
	    cmocka_unit_test(a_signal_during_the_ramp_ends_it),
	    cmocka_unit_test(the_last_lines_name_the_files),
	    cmocka_unit_test(interrupted_requests_are_in_the_verdict),
	    cmocka_unit_test(that_every_request_failed_is_said_above_the_table),
	    cmocka_unit_test(hosts_are_named_where_there_are_several),
	    cmocka_unit_test(one_is_not_called_many),
	    cmocka_unit_test(failures_break_at_blanks_alone),
	    cmocka_unit_test(without_a_width_names_are_whole_up_to_60_columns),
	    cmocka_unit_test(with_a_width_columns_go_before_names_do),
	    cmocka_unit_test(
		the_live_table_has_no_figures_before_the_first_answer),
	    cmocka_unit_test(rows_that_do_not_fit_are_the_least_telling_ones),
	    cmocka_unit_test(long_names_lose_their_middle),
	    cmocka_unit_test(text_that_is_not_utf_8_is_shown_as_bytes),
	    cmocka_unit_test(milliseconds_have_three_digits_that_count),
	    cmocka_unit_test(durations_are_rounded_for_people),
	    cmocka_unit_test(numbers_of_the_plan_have_no_zeros_behind),
	    cmocka_unit_test(a_few_failures_never_look_like_none),
	};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	/* so that a limit on the size of files is an error, not a death */
	sigaction(SIGXFSZ, &ignore, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
