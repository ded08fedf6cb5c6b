/*
 * The JUnit report: which cases there are and which of them fail, and that no
 * text can break out of its place.
 */
#include "tests/unit/reporting.h"

/* --- helpers ------------------------------------------------------------ */

static void begin(struct run *run)
{
	run_prepare(run);
	run->setup.junit_path = "-";
	run_open(run);
}

static void begin_with(struct run *run, struct threshold *thresholds, size_t n)
{
	run_prepare(run);
	run->setup.junit_path = "-";
	run->plan.thresholds = thresholds;
	run->plan.n_thresholds = n;
	run_open(run);
}

static void finish(struct run *run)
{
	report_interval(run->report, 2000000);
	run_finish(run);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		print_error("\"%s\" is in:\n%s", part, text);
	assert_null(strstr(text, part));
}

/* "p95 < 1ms" and "failures < 5" of GET /a. */
static struct threshold *two_thresholds(void)
{
	static char p95[] = "p95", below[] = "< 1ms", failures[] = "failures",
		    few[] = "< 5", row[] = "GET /a";
	static struct threshold thresholds[2];

	thresholds[0] = (struct threshold) {.key = p95,
	    .wanted = below,
	    .stage = SIZE_MAX,
	    .measure = MEASURE_QUANTILE,
	    .ppm = 950000,
	    .relation = RELATION_BELOW,
	    .limit = 1000};
	thresholds[1] = (struct threshold) {.key = failures,
	    .wanted = few,
	    .row = row,
	    .stage = SIZE_MAX,
	    .measure = MEASURE_FAILURES,
	    .relation = RELATION_BELOW,
	    .limit = 5};
	return thresholds;
}

/* --- rows --------------------------------------------------------------- */

static void each_row_is_a_case_with_its_mean_time(void **state)
{
	struct run run;

	(void)state;
	begin(&run);
	send_samples(&run, 0, 2000000, "/a", 3, sample_of(500, NULL));
	send_samples(&run, 0, 2000000, "/b", 1, sample_of(2000, NULL));
	finish(&run);
	assert_string_equal(run.out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<testsuites tests=\"2\" failures=\"0\" errors=\"0\" "
	    "skipped=\"0\" time=\"2.000000\">\n"
	    "  <testsuite name=\"plan.ini\" tests=\"2\" failures=\"0\" "
	    "errors=\"0\" skipped=\"0\" time=\"2.000000\" "
	    "timestamp=\"2023-11-14T22:13:20\">\n"
	    "    <testcase classname=\"requests\" name=\"GET /a\" "
	    "time=\"0.000500\"/>\n"
	    "    <testcase classname=\"requests\" name=\"GET /b\" "
	    "time=\"0.002000\"/>\n"
	    "  </testsuite>\n"
	    "</testsuites>\n");
	run_clear(&run);
}

static void a_row_that_failed_says_how_often_and_why(void **state)
{
	struct run run;

	(void)state;
	begin(&run);
	send_samples(&run, 0, 2000000, "/a", 4, sample_of(500, NULL));
	send_samples(&run, 0, 2000000, "/a", 1, sample_of(500, "d"));
	send_samples(&run, 0, 2000000, "/a", 2, sample_of(500, "c"));
	send_samples(&run, 0, 2000000, "/a", 2, sample_of(500, "b"));
	send_samples(&run, 0, 2000000, "/a", 5, sample_of(500, "HTTP 500"));
	send_samples(&run, 0, 2000000, "/b", 9, sample_of(500, "another"));
	finish(&run);
	assert_has(run.out, " failures=\"2\" errors=\"0\"");
	assert_has(run.out,
	    "<failure type=\"request\" message=\"10 of 14 failed: HTTP 500 (5 "
	    "times), b (2 times), c (2 times), and other kinds\">10 of 14 "
	    "failed: ");
	assert_has(run.out, "message=\"9 of 9 failed: another (9 times)\"");
	run_clear(&run);
}

/* --- thresholds --------------------------------------------------------- */

static void each_threshold_is_a_case_and_alone_decides(void **state)
{
	struct run run;

	(void)state;
	begin_with(&run, two_thresholds(), 2);
	send_samples(&run, 0, 2000000, "/a", 4, sample_of(1500, "HTTP 500"));
	finish(&run);
	assert_has(run.out, " tests=\"3\" failures=\"1\" errors=\"0\"");
	assert_has(run.out,
	    "    <testcase classname=\"thresholds\" name=\"all requests: p95 "
	    "&lt; 1ms\" time=\"0.000000\">\n"
	    "      <failure type=\"threshold\" message=\"p95 is 1.50ms, not "
	    "&lt; 1ms: margin -50 %\">");
	assert_has(
	    run.out, "name=\"GET /a: failures &lt; 5\" time=\"0.000000\"/>");
	/* nor does it hide what thresholds let pass */
	assert_has(run.out,
	    "name=\"GET /a\" time=\"0.001500\">\n"
	    "      <system-out>4 of 4 failed: HTTP 500 (4 times)"
	    "</system-out>\n"
	    "    </testcase>\n");
	run_clear(&run);
}

static void a_threshold_without_samples_fails(void **state)
{
	struct run run;

	(void)state;
	begin_with(&run, two_thresholds(), 2);
	finish(&run);
	assert_has(run.out, " tests=\"2\" failures=\"2\" errors=\"0\"");
	assert_has(run.out, "message=\"p95 has no samples, wanted &lt; 1ms\"");
	run_clear(&run);
}

static void no_margin_is_told_of_a_limit_of_nothing(void **state)
{
	struct threshold *thresholds = two_thresholds();
	struct run run;

	(void)state;
	thresholds[1].limit = 0;
	begin_with(&run, thresholds, 2);
	send_samples(&run, 0, 2000000, "/a", 4, sample_of(500, "HTTP 500"));
	finish(&run);
	assert_has(run.out, "message=\"failures is 4, not &lt; 5\"");
	run_clear(&run);
}

static void what_ended_the_run_early_is_a_failure(void **state)
{
	struct threshold *thresholds = two_thresholds();
	struct run run;

	(void)state;
	thresholds[0].aborts = true;
	begin_with(&run, thresholds, 1);
	send_samples(&run, 0, 2000000, "/a", 4, sample_of(500, NULL));
	report_interval(run.report, 2000000);
	assert_true(report_is_to_end(run.report));
	run_finish(&run);
	assert_has(run.out, " tests=\"2\" failures=\"1\" errors=\"0\"");
	assert_has(run.out,
	    "<failure type=\"aborted\" message=\"ended by p95 &lt; 1ms "
	    "(abort of [thresholds])\">");
	run_clear(&run);
}

/* --- the run ------------------------------------------------------------ */

static void a_run_that_cannot_be_trusted_is_an_error(void **state)
{
	struct run run;

	(void)state;
	begin(&run);
	send_samples(&run, 0, 2000000, "/a", 4, sample_of(500, NULL));
	report_interval(run.report, 2000000);
	report_worker_lost(run.report, 1, "killed by SIGKILL", 5, 1500000);
	report_worker_final(run.report, 0, &run.own[0]);
	report_final(run.report, 0, false);
	fflush(run.setup.out);
	assert_has(run.out, " tests=\"2\" failures=\"0\" errors=\"1\"");
	assert_has(run.out,
	    "    <testcase classname=\"run\" name=\"the results can be "
	    "trusted\" time=\"2.000000\">\n"
	    "      <error type=\"untrusted\" message=\"worker 1 lost (killed "
	    "by "
	    "SIGKILL)\">worker 1 lost (killed by SIGKILL)</error>\n");
	run_clear(&run);
}

static void a_run_that_was_not_started_is_no_doubt_about_results(void **state)
{
	struct run run;
	struct diag d;

	(void)state;
	run_prepare(&run);
	run.setup.junit_path = "-";
	run.plan.thresholds = two_thresholds();
	run.plan.n_thresholds = 2;
	run_set_ramp(&run);
	diag_init(&d);
	run.report = report_open(&run.setup, &d);
	assert_non_null(run.report);
	report_broken(run.report, "setup failed");
	run_finish(&run);
	assert_has(
	    run.out, " tests=\"3\" failures=\"0\" errors=\"1\" skipped=\"2\"");
	assert_has(run.out,
	    "    <testcase classname=\"run\" name=\"the run was started\" "
	    "time=\"0.000000\">\n"
	    "      <error type=\"not-started\" message=\"setup failed\">");
	assert_has(run.out,
	    "name=\"all requests: p95 &lt; 1ms\" time=\"0.000000\">\n"
	    "      <skipped message=\"the run was not started\"/>\n"
	    "    </testcase>\n");
	assert_lacks(run.out, "trusted");
	run_clear(&run);
}

static void a_margin_that_is_very_large_is_told_as_such(void **state)
{
	struct run run;

	(void)state;
	begin_with(&run, two_thresholds(), 2);
	send_samples(&run, 0, 2000000, "/a", 4, sample_of(22535, NULL));
	finish(&run);
	assert_has(run.out, "p95 is 22.5ms, not &lt; 1ms: margin beyond "
			    "-999 %");
	run_clear(&run);
}

static void a_report_that_was_not_written_is_an_error(void **state)
{
	struct run run;
	char *blocker;

	(void)state;
	begin(&run);
	blocker = xasprintf("%s_phases.csv", run.prefix);
	block_file(blocker);
	finish(&run);
	assert_has(run.out, "<error type=\"untrusted\" message=\"a file could "
			    "not be written\">");
	free(blocker);
	run_clear(&run);
}

static void a_run_that_was_stopped_is_an_error(void **state)
{
	struct run run;

	(void)state;
	begin(&run);
	for (uint32_t i = 0; i < WORKERS; i++)
		report_worker_final(run.report, i, &run.own[i]);
	report_final(run.report, SIGTERM, false);
	fflush(run.setup.out);
	assert_has(run.out, " tests=\"1\" failures=\"0\" errors=\"1\"");
	assert_has(
	    run.out, "<error type=\"stopped\" message=\"stopped by SIGTERM\">");
	run_clear(&run);
}

static void a_run_of_which_no_request_was_finished_is_a_failure(void **state)
{
	struct run run;
	struct hist lateness = {0};
	struct books books = {.started = 5, .interrupted = 5};
	struct report_delta delta = {.books = &books, .lateness = &lateness};

	(void)state;
	begin(&run);
	report_delta(run.report, &delta);
	books_add(&run.own[0], &books);
	finish(&run);
	assert_has(run.out, " tests=\"1\" failures=\"1\" errors=\"0\"");
	assert_has(run.out,
	    "name=\"a request was finished\" time=\"2.000000\">\n"
	    "      <failure type=\"nothing-finished\" message=\"no request was "
	    "finished, 5 interrupted: nothing was measured\">");
	run_clear(&run);
	begin_with(&run, two_thresholds(), 2);
	report_delta(run.report, &delta);
	books_add(&run.own[0], &books);
	finish(&run);
	assert_has(run.out, " tests=\"2\" failures=\"2\" errors=\"0\"");
	run_clear(&run);
}

/* --- texts -------------------------------------------------------------- */

static void no_text_breaks_out_of_its_place(void **state)
{
	struct run run;

	(void)state;
	begin(&run);
	send_samples(&run, 0, 2000000, "/<a b=\"&'\n]]>", 1,
	    sample_of(500, "</failure> \x01\x1b[31m\x7f \xff \xc3\xa9"));
	finish(&run);
	assert_has(
	    run.out, "name=\"GET /&lt;a b=&quot;&amp;&#39;\\x0A]]&gt;\"");
	assert_has(run.out,
	    "&lt;/failure&gt; \\x01\\x1B[31m\\x7F \\xFF \xc3\xa9 (1 time)");
	run_clear(&run);
}

static void letters_that_xml_has_not_are_replaced(void **state)
{
	struct run run;

	(void)state;
	begin(&run);
	send_samples(&run, 0, 2000000,
	    "/\xef\xbf\xbe\xef\xbf\xbf"
	    "\xed\xa0\x80\xf0\x9f\x98\x80",
	    1, sample_of(500, NULL));
	finish(&run);
	assert_lacks(run.out, "\xef\xbf\xbe");
	assert_has(run.out, "name=\"GET /\xef\xbf\xbd\xef\xbf\xbd"
			    "\\xED\\xA0\\x80\xf0\x9f\x98\x80\"");
	run_clear(&run);
}

/* CI servers publish it. */
static void secrets_of_urls_are_masked_and_cases_stay_apart(void **state)
{
	struct run run;

	(void)state;
	begin(&run);
	send_samples(&run, 0, 2000000, "/a?token=SEC1", 1, sample_of(1, NULL));
	send_samples(&run, 0, 2000000, "/a?token=SEC2", 1,
	    sample_of(1, "no answer of /b?api_key=SEC3, gone"));
	send_samples(&run, 0, 2000000, "/a?page=1", 1, sample_of(1, NULL));
	finish(&run);
	assert_has(run.out, "name=\"GET /a?page=1\"");
	assert_has(run.out, "name=\"GET /a?token=***\"");
	assert_has(run.out, "name=\"GET /a?token=*** (2)\"");
	assert_has(run.out, "/b?api_key=***, gone");
	assert_lacks(run.out, "SEC");
	run_clear(&run);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		n++;
	return n;
}

static void long_names_and_texts_lose_their_middle(void **state)
{
	struct run run;
	char name[4000], why[2000];

	(void)state;
	memset(name, 'n', sizeof(name));
	snprintf(name + 1500, sizeof(name) - 1500, "MIDDLE");
	name[1506] = 'n';
	snprintf(name + sizeof(name) - 4, 4, "END");
	memset(why, 'w', sizeof(why));
	snprintf(why + 1000, sizeof(why) - 1000, "CENTRE");
	why[1006] = 'w';
	why[sizeof(why) - 1] = '\0';
	begin(&run);
	send_samples(&run, 0, 2000000, name, 1, sample_of(500, why));
	finish(&run);
	assert_int_equal(count(run.out, "MIDDLE"), 0);
	assert_int_equal(count(run.out, "nEND\" time="), 1);
	/* all of it is there once */
	assert_int_equal(count(run.out, "CENTRE"), 1);
	run_clear(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_row_is_a_case_with_its_mean_time),
	    cmocka_unit_test(a_row_that_failed_says_how_often_and_why),
	    cmocka_unit_test(each_threshold_is_a_case_and_alone_decides),
	    cmocka_unit_test(a_threshold_without_samples_fails),
	    cmocka_unit_test(no_margin_is_told_of_a_limit_of_nothing),
	    cmocka_unit_test(what_ended_the_run_early_is_a_failure),
	    cmocka_unit_test(a_run_that_cannot_be_trusted_is_an_error),
	    cmocka_unit_test(
		a_run_that_was_not_started_is_no_doubt_about_results),
	    cmocka_unit_test(a_margin_that_is_very_large_is_told_as_such),
	    cmocka_unit_test(a_report_that_was_not_written_is_an_error),
	    cmocka_unit_test(a_run_that_was_stopped_is_an_error),
	    cmocka_unit_test(
		a_run_of_which_no_request_was_finished_is_a_failure),
	    cmocka_unit_test(no_text_breaks_out_of_its_place),
	    cmocka_unit_test(long_names_and_texts_lose_their_middle),
	    cmocka_unit_test(letters_that_xml_has_not_are_replaced),
	    cmocka_unit_test(secrets_of_urls_are_masked_and_cases_stay_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
