/*
 * Thresholds: what a plan says about them, how results are judged by them, and
 * when a run is to end.
 */
#include "report/thresholds.h"

#include <math.h>

#include "tests/unit/planning.h"
#include "tests/unit/reporting.h"

#define HEAD       "[load]\nhost = http://h\n"
#define TASK       "[task a]\nget = /x\npost = /x\nget = /y\n"
#define THRESHOLDS "[thresholds]\n"

/* --- helpers ------------------------------------------------------------ */

/* A run of this plan, which has not begun. */
static struct plan *open_run(struct run *run, const char *text)
{
	struct plan *plan = plan_of(text);

	run_prepare(run);
	run->setup.plan = plan;
	run_open(run);
	return plan;
}

static void close_run(struct run *run, struct plan *plan)
{
	run_clear(run);
	plan_free(plan);
}

/* What worker 0 sends in one delta. */
struct sent {
	const char *type;
	const char *name;
	size_t n;
	uint64_t response_us;
	const char *failure;
	uint32_t stage;
	bool is_warmup;
	uint64_t until_us;
	uint64_t dropped;
	uint64_t lag_us; /* of one task; 0: none */
};

static void send(struct run *run, struct sent sent)
{
	struct table table = {0};
	struct hist lateness = {0}, lag = {0};
	struct sample s = sample_of(sent.response_us, sent.failure);
	struct books books = {.started = sent.n,
	    .passed = sent.failure != NULL ? 0 : sent.n,
	    .failed = sent.failure != NULL ? sent.n : 0,
	    .dropped = sent.dropped};
	struct report_delta delta = {.until_us = sent.until_us,
	    .is_last_part = true,
	    .is_warmup = sent.is_warmup,
	    .stage = sent.stage,
	    .books = &books,
	    .lateness = &lateness,
	    .lag = &lag,
	    .table = &table};

	for (size_t i = 0; i < sent.n; i++)
		table_record(
		    &table, table_row(&table, sent.type, sent.name), &s);
	if (sent.lag_us > 0)
		hist_record(&lag, sent.lag_us);
	report_delta(run->report, &delta);
	books_add(&run->own[0], &books);
	table_clear(&table);
	hist_clear(&lag);
}

static const struct threshold_view *view_of(const struct run *run, size_t i)
{
	const struct results *results = report_results(run->report);

	assert_true(i < results->n_thresholds);
	return &results->thresholds[i];
}

static void assert_near(double value, double expected)
{
	if (fabs(value - expected) > 1e-6 * fmax(1, fabs(expected)))
		fail_msg("%.9g is not %.9g", value, expected);
}

static void check_view(
    const struct run *run, size_t i, double value, double margin, bool holds)
{
	const struct threshold_view *view = view_of(run, i);

	assert_true(view->has_samples);
	assert_near(view->value, value);
	assert_near(view->margin, margin);
	assert_int_equal(view->holds, holds);
}

/* --- judging ------------------------------------------------------------ */

static void every_measure_is_taken_and_judged(void **state)
{
	struct run run;
	struct plan *plan = open_run(&run, HEAD TASK THRESHOLDS
	    "avg = < 400us\nmin = > 100us\nmax = <= 900us\np50 = < 100us\n"
	    "p99.99 = < 1ms\nfail_ratio = <= 10%\nfailures = < 1\n"
	    "requests = == 10\nrps = >= 4\n");

	(void)state;
	send(&run, (struct sent) {"GET", "/x", 9, 100, .until_us = 1000000});
	send(&run,
	    (struct sent) {"GET", "/y", 1, 900, "no", .until_us = 2000000});
	run_finish(&run);
	check_view(&run, 0, 180, 0.55, true);
	check_view(&run, 1, 100, 0, false);
	check_view(&run, 2, 900, 0, true);
	check_view(&run, 3, 100, 0, false);
	check_view(&run, 4, 900, 0.1, true);
	check_view(&run, 5, 0.1, 0, true);
	check_view(&run, 6, 1, 0, false);
	check_view(&run, 7, 10, 0, true);
	check_view(&run, 8, 5, 0.25, true);
	close_run(&run, plan);
}

static void a_share_is_compared_to_the_last_digit(void **state)
{
	static const struct {
		const char *text;
		size_t failed;
		size_t n;
	} cases[] = {
	    {"0.1%", 1, 1000}, {"0.07%", 7, 10000}, {"0.0007", 7, 10000}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *text = xasprintf(
		    HEAD TASK THRESHOLDS "fail_ratio = == %s\n", cases[i].text);
		struct run run;
		struct plan *plan = open_run(&run, text);

		send(&run, (struct sent) {"GET", "/x", cases[i].failed, 100,
			       "no", .until_us = 1000000});
		send(&run,
		    (struct sent) {"GET", "/x", cases[i].n - cases[i].failed,
			100, .until_us = 1000000});
		run_finish(&run);
		assert_true(view_of(&run, 0)->holds);
		close_run(&run, plan);
		free(text);
	}
}

static void the_margin_is_a_part_of_the_limit(void **state)
{
	struct run run;
	struct plan *plan = open_run(&run, HEAD TASK THRESHOLDS
	    "requests = < 4\nfailures = == 0\nrps = > 4\n"
	    "[thresholds /x]\nrequests = != 4\nrps = > 0\n"
	    "[thresholds /y]\nrequests = == 4\nrps = == 0\n");

	(void)state;
	send(&run, (struct sent) {"GET", "/x", 5, 100, .until_us = 1000000});
	run_finish(&run);
	check_view(&run, 0, 5, -0.25, false);
	check_view(&run, 1, 0, 0, true);
	check_view(&run, 2, 5, 0.25, true);
	check_view(&run, 3, 5, 0.25, true);
	check_view(&run, 4, 5, 1, true);
	assert_false(view_of(&run, 5)->has_samples);
	assert_false(view_of(&run, 5)->holds);
	check_view(&run, 6, 0, 0, true);
	close_run(&run, plan);
}

static void without_samples_nothing_holds(void **state)
{
	struct run run;
	struct plan *plan = open_run(&run, HEAD TASK THRESHOLDS
	    "failures = == 0\nfail_ratio = < 1%\np95 = < 1s\nmin = < 1s\n"
	    "avg = < 1s\nmax = < 1s\nrequests = < 10\nrps = < 10\n"
	    "[thresholds /x]\nrequests = <= 1\nrps = >= 0\n"
	    "[thresholds /y]\nrequests = >= 0\nrps = != 1\n");

	(void)state;
	run_finish(&run);
	for (size_t i = 0; i < 12; i++) {
		assert_false(view_of(&run, i)->has_samples);
		assert_false(view_of(&run, i)->holds);
		assert_near(view_of(&run, i)->margin, 0);
	}
	assert_int_equal(report_verdict(run.report), VERDICT_FAILED);
	assert_has(run.out, "no samples");
	assert_last_line(&run,
	    "FAILED: failures has no samples; fail_ratio has no samples; p95 "
	    "has no samples; 9 more thresholds; no request was made: nothing "
	    "was measured\n");
	close_run(&run, plan);
}

static void that_there_are_no_requests_can_be_wanted(void **state)
{
	struct run run;
	struct plan *plan = open_run(&run,
	    HEAD TASK THRESHOLDS "requests = == 0\nrps = <= 0\n"
				 "[thresholds /x]\nrequests = <= 0\n"
				 "rps = == 0/s\n");

	(void)state;
	run_finish(&run);
	for (size_t i = 0; i < 4; i++)
		check_view(&run, i, 0, 0, true);
	assert_int_equal(report_verdict(run.report), VERDICT_PASSED);
	close_run(&run, plan);
}

static void a_row_is_found_by_name_or_by_type_and_name(void **state)
{
	struct run run;
	struct plan *plan = open_run(&run,
	    HEAD "[task a]\nget = /x\npost = /x\nget = /xx\n"
		 "poll = /p\nuntil = status == 200\nname = /p is there\n"
		 "[thresholds /x]\nrequests = > 0\nmax = < 1s\n"
		 "[thresholds GET /x]\nrequests = > 0\n"
		 "[thresholds POLL /p is there]\nrequests = > 0\n"
		 "[thresholds /p is there]\nrequests = > 0\n"
		 "[thresholds GET /p]\nrequests = == 0\n");

	(void)state;
	send(&run, (struct sent) {"GET", "/x", 3, 100, .until_us = 1000000});
	send(&run, (struct sent) {"POST", "/x", 4, 300, .until_us = 1000000});
	send(&run, (struct sent) {"GET", "/xx", 9, 900, .until_us = 1000000});
	send(&run,
	    (struct sent) {"POLL", "/p is there", 2, 900, .until_us = 1000000});
	run_finish(&run);
	assert_near(view_of(&run, 0)->value, 7);
	assert_near(view_of(&run, 1)->value, 300);
	assert_near(view_of(&run, 2)->value, 3);
	assert_near(view_of(&run, 3)->value, 2);
	assert_near(view_of(&run, 4)->value, 2);
	assert_near(view_of(&run, 5)->value, 0);
	close_run(&run, plan);
}

static void a_stage_is_judged_by_what_began_in_it(void **state)
{
	struct run run;
	struct plan *plan = open_run(&run,
	    HEAD "stages = 2s:10 up, 4s:10 steady\n" TASK
		 "[thresholds @up]\nrequests = == 2\nrps = == 1\n"
		 "[thresholds @steady]\nrequests = == 8\nrps = == 2\n");

	(void)state;
	send(&run, (struct sent) {
		       "GET", "/x", 2, 100, .stage = 1, .until_us = 2000000});
	send(&run, (struct sent) {
		       "GET", "/x", 8, 100, .stage = 2, .until_us = 6000000});
	run_finish(&run);
	for (size_t i = 0; i < 4; i++)
		assert_true(view_of(&run, i)->holds);
	assert_has(run.out, "holds  @steady");
	close_run(&run, plan);
}

static void dropped_tasks_and_their_lag_are_judged(void **state)
{
	struct run run;
	struct plan *plan = open_run(&run,
	    HEAD "rate = 10/s\n" TASK THRESHOLDS
		 "dropped = < 4\nlag_p50 = <= 20ms\nlag_p99.9 = < 20ms\n");

	(void)state;
	send(&run, (struct sent) {"GET", "/x", 1, 100, .until_us = 1000000,
		       .dropped = 3, .lag_us = 20000});
	run_finish(&run);
	check_view(&run, 0, 3, 0.25, true);
	check_view(&run, 1, 20000, 0, true);
	check_view(&run, 2, 20000, 0, false);
	close_run(&run, plan);
}

/* --- the verdict -------------------------------------------------------- */

static void thresholds_alone_decide_where_there_are_some(void **state)
{
	struct run run;
	struct plan *plan = open_run(
	    &run, HEAD TASK THRESHOLDS "fail_ratio = < 20%\nmax = < 1s\n");

	(void)state;
	send_samples(&run, 0, 1000000, "/x", 9, sample_of(100, NULL));
	send_samples(&run, 0, 1000000, "/x", 1, sample_of(100, "no"));
	run_finish(&run);
	assert_int_equal(report_verdict(run.report), VERDICT_PASSED);
	assert_last_line(&run,
	    "PASSED: all 2 thresholds hold, though 1 of 10 requests failed "
	    "(10.00 %)\n");
	close_run(&run, plan);
}

static void a_threshold_that_does_not_hold_is_named(void **state)
{
	struct run run;
	struct plan *plan =
	    open_run(&run, HEAD TASK "[thresholds GET /x]\np95 = < 2ms\n"
				     "[thresholds]\nfail_ratio = < 1%\n");

	(void)state;
	send_samples(&run, 0, 1000000, "/x", 9, sample_of(4120, NULL));
	run_finish(&run);
	assert_int_equal(report_verdict(run.report), VERDICT_FAILED);
	assert_has(run.out,
	    "        of            measure     wanted   value  margin\n"
	    "FAILED  GET /x        p95         < 2ms   4.12ms  -106 %\n"
	    "holds   all requests  fail_ratio  < 1%       0 %   100 %\n");
	assert_last_line(&run,
	    "FAILED: p95 of GET /x is 4.12ms, not < 2ms; 9 requests, none "
	    "failed\n");
	close_run(&run, plan);
}

static void near_its_limit_a_value_has_all_its_digits(void **state)
{
	struct run run;
	struct plan *plan =
	    open_run(&run, HEAD TASK THRESHOLDS "max = < 300ms\n");

	(void)state;
	send_samples(&run, 0, 1000000, "/x", 9, sample_of(300050, NULL));
	run_finish(&run);
	assert_last_line(&run, "FAILED: max is 300.050ms, not < 300ms; ");
	assert_has(run.out, "> -0.1 %");
	close_run(&run, plan);
}

static void doubts_are_stronger_than_thresholds(void **state)
{
	struct run run;
	struct plan *plan = open_run(&run, HEAD TASK THRESHOLDS "max = < 1s\n");

	(void)state;
	send_samples(&run, 0, 1000000, "/x", 9, sample_of(100, NULL));
	report_worker_lost(run.report, 1, "killed by signal 9", 5, 1500000);
	run_finish(&run);
	assert_int_equal(report_verdict(run.report), VERDICT_UNTRUSTED);
	close_run(&run, plan);
}

/* --- what ends a run ---------------------------------------------------- */

#define SECOND_US UINT64_C(1000000)

/* One more second, with so many requests that passed and failed. */
static bool ends_after(
    struct run *run, uint64_t second, size_t passed, size_t failed)
{
	send(run, (struct sent) {"GET", "/x", passed, 100,
		      .until_us = second * SECOND_US});
	send(run, (struct sent) {"GET", "/y", failed, 100, "no",
		      .until_us = second * SECOND_US});
	report_interval(run->report, second * SECOND_US);
	return report_is_to_end(run->report);
}

static void a_condition_ends_the_run_when_it_was_true_for_so_long(void **state)
{
	struct run run;
	struct plan *plan = open_run(
	    &run, HEAD TASK THRESHOLDS "abort = fail_ratio > 50% for 3s\n");

	(void)state;
	assert_false(ends_after(&run, 1, 1, 9));
	assert_false(ends_after(&run, 2, 1, 9));
	assert_false(ends_after(&run, 3, 9, 1));
	assert_false(ends_after(&run, 4, 1, 9));
	assert_false(ends_after(&run, 5, 0, 0));
	assert_false(ends_after(&run, 6, 1, 9));
	assert_false(ends_after(&run, 7, 1, 9));
	assert_true(ends_after(&run, 8, 1, 9));
	run_finish(&run);
	assert_int_equal(report_results(run.report)->n_thresholds, 0);
	assert_int_equal(report_verdict(run.report), VERDICT_FAILED);
	assert_last_line(&run,
	    "FAILED: ended by fail_ratio > 50% for 3s (abort of [thresholds], "
	    "line 8); 55 of 70 requests failed (78.57 %)\n");
	close_run(&run, plan);
}

static void a_run_that_was_ended_so_has_failed_whatever_holds(void **state)
{
	struct run run;
	struct plan *plan = open_run(&run, HEAD TASK THRESHOLDS
	    "requests = > 1\n[thresholds GET /x]\nabort = max >= 100us\n");

	(void)state;
	assert_true(ends_after(&run, 1, 2, 0));
	run_finish(&run);
	assert_int_equal(report_verdict(run.report), VERDICT_FAILED);
	assert_last_line(&run,
	    "FAILED: ended by max >= 100us (abort of [thresholds GET /x], line "
	    "10); the threshold holds; 2 requests, none failed\n");
	close_run(&run, plan);
}

static void abort_alone_leaves_failed_requests_to_fail_the_run(void **state)
{
	struct run run;
	struct plan *plan =
	    open_run(&run, HEAD TASK THRESHOLDS "abort = max > 1h\n");

	(void)state;
	assert_false(ends_after(&run, 1, 2, 1));
	run_finish(&run);
	assert_int_equal(report_verdict(run.report), VERDICT_FAILED);
	assert_last_line(&run, "FAILED: 1 of 3 requests failed");
	close_run(&run, plan);
}

static void a_row_ends_the_run_by_its_own_numbers(void **state)
{
	struct run run;
	struct plan *plan =
	    open_run(&run, HEAD TASK "[thresholds /x]\nabort = requests < 5\n");

	(void)state;
	assert_false(ends_after(&run, 1, 5, 0));
	assert_true(ends_after(&run, 2, 4, 9));
	close_run(&run, plan);
}

static void a_stage_ends_the_run_in_intervals_that_lie_in_it(void **state)
{
	struct run run;
	struct plan *plan = open_run(&run,
	    HEAD "stages = 1500ms:10 up, 2s:10 steady, 10s:10\n" TASK
		 "[thresholds @steady]\nabort = failures > 3\n");

	(void)state;
	assert_false(ends_after(&run, 1, 1, 9));
	assert_false(ends_after(&run, 2, 1, 9));
	assert_false(ends_after(&run, 4, 1, 9));
	assert_false(ends_after(&run, 5, 1, 9));
	close_run(&run, plan);
	plan = open_run(&run,
	    HEAD "stages = 1500ms:10 up, 2s:10 steady, 10s:10\n" TASK
		 "[thresholds @steady]\nabort = failures > 3\n");
	assert_false(ends_after(&run, 2, 1, 9));
	assert_true(ends_after(&run, 3, 1, 9));
	close_run(&run, plan);
}

static void the_warmup_ends_no_run(void **state)
{
	struct run run;
	struct plan *plan =
	    open_run(&run, HEAD "run_time = 1m\nwarmup = 1500ms\n" TASK
				"[thresholds]\nabort = rps < 5\n");

	(void)state;
	assert_false(ends_after(&run, 1, 0, 0));
	assert_false(ends_after(&run, 2, 0, 0));
	assert_true(ends_after(&run, 3, 0, 0));
	close_run(&run, plan);
}

static void an_interval_that_was_stopped_in_ends_no_run(void **state)
{
	struct run run;
	struct plan *plan =
	    open_run(&run, HEAD TASK "[thresholds]\nabort = rps < 5 for 2s\n");

	(void)state;
	assert_false(ends_after(&run, 1, 9, 0));
	assert_false(ends_after(&run, 2, 1, 0));
	report_gap(run.report, 2500000, 3500000);
	report_gap(run.report, 3600000, 4500000);
	for (uint64_t second = 3; second <= 5; second++)
		assert_false(ends_after(&run, second, 0, 0));
	/* what was before does not count either */
	assert_false(ends_after(&run, 6, 0, 0));
	assert_true(ends_after(&run, 7, 0, 0));
	close_run(&run, plan);
}

/* --- the plan ----------------------------------------------------------- */

/* The plan with overrides and tags, and what was said; both owned by the
 * caller. */
static struct plan *load_with(
    const struct plan_source *source, const char *text, char **said)
{
	FILE *in = tmpfile(), *out;
	struct plan *plan;
	struct diag d;
	size_t len;

	assert_non_null(in);
	assert_true(fputs(text, in) >= 0);
	rewind(in);
	diag_init(&d);
	plan = plan_load_stream(source, in, &d);
	fclose(in);
	*said = NULL;
	out = open_memstream(said, &len);
	assert_non_null(out);
	diag_print(&d, out);
	fclose(out);
	diag_clear(&d);
	return plan;
}

static void lines_become_thresholds(void **state)
{
	struct plan *plan =
	    plan_of(HEAD "stages = 1s:1 up\n" TASK THRESHOLDS
			 "p99.9 =  <   1m30s\nabort = fail_ratio>2.5% for 10s\n"
			 "[thresholds @up]\nrps = != 30/m\n[thresholds GET "
			 "/x]\nmin = > 1ms\n");
	const struct threshold *t = plan->thresholds;

	(void)state;
	assert_int_equal(plan->n_thresholds, 4);
	assert_int_equal(t[0].measure, MEASURE_QUANTILE);
	assert_int_equal(t[0].ppm, 999000);
	assert_int_equal(t[0].relation, RELATION_BELOW);
	assert_near(t[0].limit, 90e6);
	assert_string_equal(t[0].key, "p99.9");
	assert_string_equal(t[0].wanted, "< 1m30s");
	assert_null(t[0].row);
	assert_true(t[0].stage == SIZE_MAX && !t[0].aborts);
	assert_true(t[1].aborts);
	assert_int_equal(t[1].for_us, 10000000);
	assert_string_equal(t[1].key, "fail_ratio");
	assert_string_equal(t[1].wanted, "> 2.5%");
	assert_near(t[1].limit, 0.025);
	assert_int_equal(t[2].stage, 0);
	assert_near(t[2].limit, 0.5);
	assert_string_equal(t[3].row, "GET /x");
	plan_free(plan);
}

static void the_command_line_adds_and_replaces_thresholds(void **state)
{
	static const struct override overrides[] = {
	    {"thresholds", "p95", "< 1s", "-D thresholds.p95"},
	    {"thresholds", "abort", "rps < 1", "-D thresholds.abort"},
	    {"thresholds GET /x", "max", "< 2s", "-D thresholds GET /x.max"},
	};
	const struct plan_source source = {.file = "shop.ini",
	    .overrides = overrides,
	    .n_overrides = ARRAY_LEN(overrides)};
	char *said;
	struct plan *plan = load_with(&source,
	    HEAD TASK THRESHOLDS
	    "p95 = < 2s\nfailures = < 3\nabort = max > 1s\nabort = max > 2s\n",
	    &said);

	(void)state;
	assert_string_equal(said, "");
	assert_int_equal(plan->n_thresholds, 4);
	assert_string_equal(plan->thresholds[0].wanted, "< 1s");
	assert_string_equal(plan->thresholds[1].wanted, "< 3");
	assert_string_equal(plan->thresholds[2].key, "rps");
	assert_string_equal(plan->thresholds[3].row, "GET /x");
	plan_free(plan);
	free(said);
}

static void a_row_that_the_command_line_names_has_to_be_there(void **state)
{
	static const struct override override = {
	    "thresholds GET /z", "max", "< 2s", "-D thresholds GET /z.max"};
	const struct plan_source source = {
	    .file = "shop.ini", .overrides = &override, .n_overrides = 1};
	char *said;
	struct plan *plan = load_with(&source, HEAD TASK, &said);

	(void)state;
	assert_null(plan);
	assert_string_equal(said,
	    "-D thresholds GET /z.max: [thresholds GET /z]: no request, poll "
	    "or transaction has that name: did you mean \"GET /x\"?\n");
	free(said);
}

static void rows_of_tasks_that_tags_leave_out_are_not_judged(void **state)
{
	const struct plan_source source = {.file = "shop.ini", .tags = "fast"};
	char *said;
	struct plan *plan = load_with(&source,
	    HEAD "[task a]\ntags = fast\nget = /x\ncall = c\n"
		 "[task b]\nget = /x\nget = /y\n[task c]\nget = /z\n"
		 "[thresholds /x]\nmax = < 1s\n[thresholds /y]\nmax = < 1s\n"
		 "[thresholds /z]\nmax = < 1s\n",
	    &said);

	(void)state;
	assert_non_null(plan);
	assert_int_equal(plan->n_thresholds, 2);
	assert_string_equal(plan->thresholds[0].row, "/x");
	assert_string_equal(plan->thresholds[1].row, "/z");
	assert_has(said,
	    "shop.ini:15: warning: max: the tags leave out all tasks with "
	    "\"/y\", and so this too\n");
	plan_free(plan);
	free(said);
}

static void what_is_about_replaced_stages_is_left_out(void **state)
{
	static const struct override override = {
	    "load", "users", "3", "--users"};
	const struct plan_source source = {
	    .file = "shop.ini", .overrides = &override, .n_overrides = 1};
	char *said;
	struct plan *plan = load_with(&source,
	    HEAD "stages = 1s:5/s up\n" TASK
		 "[thresholds @up]\nmax = < 1s\n[thresholds]\ndropped = == 0\n"
		 "max = < 1s\n",
	    &said);

	(void)state;
	assert_non_null(plan);
	assert_int_equal(plan->n_thresholds, 1);
	assert_has(said,
	    "shop.ini:8: warning: [thresholds @up]: the stages are left out, "
	    "and so is this\n"
	    "shop.ini:11: warning: dropped: users are given in place of a "
	    "rate, so it is left out\n");
	plan_free(plan);
	free(said);
}

/* What is said of a plan with this in [load], and these thresholds. */
static void assert_warns(
    const char *load, const char *thresholds, const char *wanted)
{
	const struct plan_source source = {.file = "shop.ini"};
	char *text = xasprintf(HEAD "%s" TASK "%s", load, thresholds);
	char *said;
	struct plan *plan = load_with(&source, text, &said);

	assert_non_null(plan);
	assert_string_equal(said, wanted);
	plan_free(plan);
	free(said);
	free(text);
}

static void thresholds_that_let_every_failure_pass_are_told(void **state)
{
	static const char warning[] =
	    "shop.ini:8: warning: [thresholds]: none of them looks at "
	    "failures, so a run in which every request fails passes: add "
	    "fail_ratio = < 1%\n";

	(void)state;
	assert_warns("", THRESHOLDS "p95 = < 1s\nrps = > 1\n", warning);
	assert_warns("", "[thresholds /y]\nmax = < 1s\n", warning);
	assert_warns("", THRESHOLDS "p95 = < 1s\nfail_ratio = < 1%\n", "");
	assert_warns("", THRESHOLDS "p95 = < 1s\nfailures = == 0\n", "");
	assert_warns(
	    "", THRESHOLDS "p95 = < 1s\n[thresholds /y]\nfailures = < 9\n", "");
	assert_warns(
	    "", THRESHOLDS "p95 = < 1s\nabort = fail_ratio > 50%\n", "");
	/* without others, failures are looked at anyway */
	assert_warns("", THRESHOLDS "abort = p95 > 1s\n", "");
	assert_warns("", "", "");
}

static void thresholds_that_let_dropped_tasks_pass_are_told(void **state)
{
	static const char rate[] = "rate = 5/s\nlate = drop\n";
	static const char warning[] =
	    "shop.ini:10: warning: [thresholds]: none of them looks at dropped "
	    "tasks, so with late = drop a server that stands still passes: add "
	    "dropped = == 0\n";

	(void)state;
	assert_warns(rate, THRESHOLDS "failures = < 9\n", warning);
	assert_warns(rate, THRESHOLDS "failures = < 9\ndropped = < 9\n", "");
	assert_warns("rate = 5/s\n", THRESHOLDS "failures = < 9\n", "");
	assert_warns(rate, "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_measure_is_taken_and_judged),
	    cmocka_unit_test(a_share_is_compared_to_the_last_digit),
	    cmocka_unit_test(the_margin_is_a_part_of_the_limit),
	    cmocka_unit_test(without_samples_nothing_holds),
	    cmocka_unit_test(that_there_are_no_requests_can_be_wanted),
	    cmocka_unit_test(a_row_is_found_by_name_or_by_type_and_name),
	    cmocka_unit_test(a_stage_is_judged_by_what_began_in_it),
	    cmocka_unit_test(dropped_tasks_and_their_lag_are_judged),
	    cmocka_unit_test(thresholds_alone_decide_where_there_are_some),
	    cmocka_unit_test(a_threshold_that_does_not_hold_is_named),
	    cmocka_unit_test(near_its_limit_a_value_has_all_its_digits),
	    cmocka_unit_test(doubts_are_stronger_than_thresholds),
	    cmocka_unit_test(
		a_condition_ends_the_run_when_it_was_true_for_so_long),
	    cmocka_unit_test(a_run_that_was_ended_so_has_failed_whatever_holds),
	    cmocka_unit_test(
		abort_alone_leaves_failed_requests_to_fail_the_run),
	    cmocka_unit_test(a_row_ends_the_run_by_its_own_numbers),
	    cmocka_unit_test(a_stage_ends_the_run_in_intervals_that_lie_in_it),
	    cmocka_unit_test(the_warmup_ends_no_run),
	    cmocka_unit_test(an_interval_that_was_stopped_in_ends_no_run),
	    cmocka_unit_test(lines_become_thresholds),
	    cmocka_unit_test(the_command_line_adds_and_replaces_thresholds),
	    cmocka_unit_test(a_row_that_the_command_line_names_has_to_be_there),
	    cmocka_unit_test(rows_of_tasks_that_tags_leave_out_are_not_judged),
	    cmocka_unit_test(what_is_about_replaced_stages_is_left_out),
	    cmocka_unit_test(thresholds_that_let_every_failure_pass_are_told),
	    cmocka_unit_test(thresholds_that_let_dropped_tasks_pass_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
