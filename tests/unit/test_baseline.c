/*
 * An earlier run is read back from what was reported of it, refused where it
 * is anything else, and this one is told against it.
 */
#include "tests/unit/reporting.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>

#include <json-c/json.h>

#include "report/baseline.h"

/* --- helpers ------------------------------------------------------------ */

/* The JSON of a run: 100 requests of /a, 50 of /b, 40 of them failed. Owned by
 * the caller. */
static char *earlier_json(uint64_t a_us)
{
	struct run run;
	char *text;

	run_prepare(&run);
	run.setup.json_path = "-";
	run_open(&run);
	send_samples(&run, 0, 2000000, "/a", 60, sample_of(a_us, NULL));
	send_samples(&run, 1, 2000000, "/a", 40, sample_of(a_us + 40, NULL));
	send_samples(&run, 1, 2000000, "/b", 10, sample_of(900, NULL));
	send_samples(&run, 0, 2000000, "/b", 40, sample_of(900, "HTTP 500"));
	report_interval(run.report, 2500000);
	run_finish(&run);
	text = xstrndup(run.out, run.out_len);
	run_clear(&run);
	return text;
}

static struct baseline *read_text(const char *text, struct diag *d)
{
	/* just so many, for AddressSanitizer to see who reads on */
	size_t len = strlen(text);
	char *bytes = xcalloc(len > 0 ? len : 1, 1);
	struct baseline *b;

	memcpy(bytes, text, len);
	b = baseline_read_bytes(bytes, len, "old.json", d);
	free(bytes);
	return b;
}

static struct baseline *read_good(const char *text)
{
	struct baseline *b;
	struct diag d;

	diag_init(&d);
	b = read_text(text, &d);
	diag_print(&d, stderr);
	assert_non_null(b);
	assert_int_equal(d.n, 0);
	diag_clear(&d);
	return b;
}

/* The text with the first `what` in it, which has to be there, replaced; owned
 * by the caller. */
static char *with(const char *text, const char *what, const char *other)
{
	const char *at = strstr(text, what);

	if (!at)
		fail_msg("no %s in %s", what, text);
	return xasprintf(
	    "%.*s%s%s", (int)(at - text), text, other, at + strlen(what));
}

static void assert_refused(const char *text, const char *why)
{
	struct diag d;

	diag_init(&d);
	if (read_text(text, &d))
		fail_msg("taken, in place of: %s", why);
	assert_int_equal(d.errors, 1);
	assert_int_equal(d.n, 1);
	if (!strstr(d.entries[0].text, why))
		fail_msg("%s\nis not: %s", d.entries[0].text, why);
	assert_memory_equal(d.entries[0].text, "old.json: ", 10);
	diag_clear(&d);
}

/* --- reading ------------------------------------------------------------ */

static void a_report_is_read_back_with_every_sample(void **state)
{
	char *text = earlier_json(500);
	struct baseline *b = read_good(text);
	const struct row *a = table_find(&b->table, "GET", "/a");

	(void)state;
	assert_string_equal(b->file, "old.json");
	assert_string_equal(b->start, "2023-11-14 22:13:20 UTC");
	assert_false(b->is_untrusted);
	assert_int_equal(b->table.n_rows, 2);
	assert_non_null(a);
	assert_int_equal(a->requests, 100);
	assert_int_equal(a->response.count, 100);
	assert_int_equal(a->response.min_us, 500);
	assert_int_equal(a->response.max_us, 540);
	assert_int_equal(a->response.sum_us, 60 * 500 + 40 * 540);
	assert_int_equal(hist_quantile_us(&a->response, 500000), 500);
	assert_int_equal(b->all.requests, 150);
	assert_int_equal(b->all.failures, 40);
	assert_int_equal(b->all.response.count, 150);
	baseline_free(b);
	free(text);
}

static void a_report_may_have_failures_without_a_time(void **state)
{
	char *text = earlier_json(500);
	char *rows = strstr(text, "\"rows\": [");
	/* of the row and the total, ten failures more */
	char *row = with(rows, "\"/b\",\"requests\":50,\"failures\":40",
	    "\"/b\",\"requests\":60,\"failures\":50");
	char *front = xasprintf("%.*s", (int)(rows - text), text);
	char *all = with(front, "\"requests\":150,\"failures\":40",
	    "\"requests\":160,\"failures\":50");
	char *whole = xasprintf("%s%s", all, row);
	struct baseline *b = read_good(whole);

	(void)state;
	assert_int_equal(b->all.requests, 160);
	assert_int_equal(b->all.response.count, 150);
	assert_int_equal(row_unsent(&b->all), 10);
	baseline_free(b);
	free(whole);
	free(all);
	free(front);
	free(row);
	free(text);
}

static void what_is_no_report_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
	    {"", "no whole JSON"},
	    {"{\"format\": 1,", "no whole JSON"},
	    {"[load]\nusers = 3\n", "it is not JSON: "},
	    {"{} x", "it is not JSON: "},
	    {"\xff\xfe", "it is not JSON: "},
	    {"null\n", "it is no report of loadgen"},
	    {"[]\n", "it is no report of loadgen"},
	    {"{\"metrics\": {}}\n", "it is no report of loadgen"},
	    {"{\"format\": \"1\", \"loadgen\": \"\"}\n",
		"it is no report of loadgen"},
	    {"{\"format\": 1, \"loadgen\": \"\"}\n",
		"\"histograms\" is not there"},
	    {"{\"format\": 7, \"loadgen\": \"\"}\n",
		"its format is 7, and 1 alone can be read"},
	};
	char *deep = xcalloc(100001, 1);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_refused(cases[i].text, cases[i].why);
	memset(deep, '[', 100000);
	assert_refused(deep, "it is not JSON: ");
	free(deep);
}

/* What is changed in a good report, and why it is refused then. */
static const struct {
	const char *what;
	const char *other;
	const char *why;
} spoilt[] = {
    {"-512\"", "-256\"", "its histograms have another layout"},
    {"\"buckets\":12288", "\"buckets\":12289", "another layout"},
    {"\"rows\": [", "\"rows\": 3, \"x\": [", "\"rows\" is not there"},
    {"\"rows\": [", "\"rows\": [null,", "row 1: it is no object"},
    {"\"type\":\"GET\"", "\"type\":3", "row 1: \"type\" is not there"},
    {"\"name\":\"/a\"", "\"name\":[]", "row 1: \"name\" is not there"},
    {"\"/a\",\"requests\":100", "\"/a\",\"requests\":99",
	"row 1, \"/a\": it contradicts itself: of 99 requests"},
    {"\"/a\",\"requests\":100", "\"/a\",\"requests\":-1",
	"\"requests\" is not there, or no whole number"},
    {"\"/a\",\"requests\":100", "\"/a\",\"requests\":1e2",
	"\"requests\" is not there, or no whole number"},
    {"\"/a\",\"requests\":100", "\"/a\",\"requests\":99999999999999999999",
	"\"requests\" is not there, or no whole number"},
    {"\"/b\",\"requests\":50,\"failures\":40",
	"\"/b\",\"requests\":50,\"failures\":51", "it contradicts itself"},
    {"\"/b\",\"requests\":50,\"failures\":40",
	"\"/b\",\"requests\":50,\"failures\":39",
	"\"total\": it contradicts the rows"},
    {"\"buckets\":[[500,60],", "\"buckets\":[[500,61],",
	"the buckets have 101 samples, \"count\" says 100"},
    {"\"buckets\":[[500,60],", "\"buckets\":[[499,60],",
	"the least, largest or summed time"},
    {"\"buckets\":[[500,60],", "\"buckets\":[[541,60],",
	"a bucket that is none"},
    {"\"buckets\":[[500,60],", "\"buckets\":[[500,60],[500,0],",
	"a bucket that is none"},
    {"\"buckets\":[[500,60],", "\"buckets\":[[500],", "a bucket that is none"},
    {"\"buckets\":[[500,60],", "\"buckets\":[[-500,60],",
	"a bucket that is none"},
    {"\"buckets\":[[500,60],[540,40]]", "\"buckets\":[[500,60],[12288,40]]",
	"a bucket that is none"},
    {"\"buckets\":[[500,60],[540,40]]",
	"\"buckets\":[[500,60],[18446744073709551615,40]]",
	"a bucket that is none"},
    {"\"buckets\":[[500,60],[540,40]]",
	"\"buckets\":[[500,60],[540,18446744073709551556]]",
	"a bucket that is none"},
    {"\"buckets\":[[500,60],[540,40]]", "\"buckets\":null",
	"\"buckets\" is not there"},
    {"\"sum_us\":51600", "\"sum_us\":49999", "summed time"},
    {"\"sum_us\":51600", "\"sum_us\":54001", "summed time"},
    {"\"sum_us\":51600", "\"sum_us\":18446744073709551615",
	"\"sum_us\" is not there"},
    {"\"sum_us\":51600", "\"sum_us\":51601", "contradicts the rows"},
    {"\"max_us\":540", "\"max_us\":541", "the least, largest"},
    {"\"min_us\":500", "\"min_us\":3600000001", "\"min_us\" is not there"},
    {"\"clamped\":0", "\"clamped\":101", "contradicts itself"},
};

static void a_report_that_contradicts_itself_is_refused(void **state)
{
	char *text = earlier_json(500);
	/* of the total there are the same words in front */
	char *rows = strstr(text, "\"rows\": [");

	(void)state;
	assert_non_null(rows);
	for (size_t i = 0; i < ARRAY_LEN(spoilt); i++) {
		bool is_before = strstr(rows, spoilt[i].what) == NULL;
		char *part = with(
		    is_before ? text : rows, spoilt[i].what, spoilt[i].other);
		char *whole = is_before ? xstrdup(part)
					: xasprintf("%.*s%s",
					      (int)(rows - text), text, part);

		assert_refused(whole, spoilt[i].why);
		free(whole);
		free(part);
	}
	free(text);
}

static void a_run_without_a_request_is_nothing_to_compare_with(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	run.setup.json_path = "-";
	run_open(&run);
	run_finish(&run);
	assert_refused(run.out, "there is no request in it");
	run_clear(&run);
}

static void every_front_of_a_report_is_refused(void **state)
{
	char *text = earlier_json(500);
	size_t len = strlen(text);

	(void)state;
	/* but for the newline at its end */
	for (size_t n = 0; n + 1 < len; n += 7) {
		char *front = xstrndup(text, n);

		assert_refused(front, "no whole JSON");
		free(front);
	}
	free(text);
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
	struct diag d;

	(void)state;
	diag_init(&d);
	assert_null(baseline_read("/nowhere/old.json", &d));
	assert_null(baseline_read("/", &d));
	assert_int_equal(d.errors, 2);
	assert_non_null(
	    strstr(d.entries[0].text, "it cannot be read: No such"));
	assert_non_null(strstr(d.entries[1].text, "it cannot be read: "));
	diag_clear(&d);
}

static void a_pipe_is_read_to_its_end_however_late_it_is_written(void **state)
{
	char *text = earlier_json(2000), *path;
	struct baseline *b;
	struct diag d;
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		size_t half = strlen(text) / 2;
		bool is_good;

		poll(NULL, 0, 50);
		is_good = write(ends[1], text, half) == (ssize_t)half;
		poll(NULL, 0, 50);
		dprintf(ends[1], "%s", text + half);
		_exit(is_good ? 0 : 1);
	}
	close(ends[1]);
	path = xasprintf("/dev/fd/%d", ends[0]);
	diag_init(&d);
	b = baseline_read(path, &d);
	diag_print(&d, stderr);
	assert_non_null(b);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	baseline_free(b);
	diag_clear(&d);
	close(ends[0]);
	free(path);
	free(text);
}

/* --- against it --------------------------------------------------------- */

/* A run of which the requests of /a take so long. */
static void run_against(
    struct run *run, const struct baseline *baseline, uint64_t a_us)
{
	run->setup.baseline = baseline;
	run_open(run);
	send_samples(run, 0, 2000000, "/a", 60, sample_of(a_us, NULL));
	send_samples(run, 0, 2000000, "/a", 40, sample_of(a_us + 40, NULL));
	send_samples(run, 1, 2000000, "/b", 50, sample_of(900, NULL));
	send_samples(run, 1, 2000000, "/c", 5, sample_of(900, NULL));
	report_interval(run->report, 2500000);
	run_finish(run);
}

static void the_summary_tells_what_changed(void **state)
{
	char *text = earlier_json(500);
	struct baseline *b = read_good(text);
	struct run run;

	(void)state;
	run_prepare(&run);
	run.plan.load.users = 40;
	run_against(&run, b, 700);
	assert_has(run.out, "Against old.json (2023-11-14 22:13:20 UTC)\n");
	assert_has(run.out, "! the load was another");
	assert_has(run.out, "users 20 then, 40 now");
	assert_has(run.out, "SLOWER  GET /a");
	assert_has(run.out, "+40.0 %");
	assert_has(
	    run.out, "  GET /b fails less: 0 % of its requests, 80.00 %");
	assert_has(run.out, "  1 row shows no difference beyond the noise\n");
	assert_has(run.out, "  new: GET /c\n");
	assert_null(strstr(run.out, "gone: "));
	run_clear(&run);
	baseline_free(b);
	free(text);
}

static void users_who_start_all_at_once_are_another_load(void **state)
{
	char *text = earlier_json(500);
	struct baseline *b = read_good(text);
	struct run run;

	(void)state;
	run_prepare(&run);
	run.plan.load.spawn_rate = INFINITY;
	run_against(&run, b, 502);
	assert_has(run.out, "spawn_rate 10 then, all now");
	run_clear(&run);
	baseline_free(b);
	free(text);
}

static void the_same_again_is_no_difference(void **state)
{
	char *text = earlier_json(500);
	struct baseline *b = read_good(text);
	struct run run;

	(void)state;
	run_prepare(&run);
	run_against(&run, b, 502);
	assert_null(strstr(run.out, "SLOWER"));
	assert_null(strstr(run.out, "faster"));
	assert_null(strstr(run.out, "the load was another"));
	assert_has(run.out, "  2 rows show no difference beyond the noise\n");
	run_clear(&run);
	baseline_free(b);
	free(text);
}

static void the_json_has_the_comparison(void **state)
{
	char *text = earlier_json(500);
	struct baseline *b = read_good(text);
	struct json_object *root, *comparison, *rows, *row, *value;
	struct run run;

	(void)state;
	run_prepare(&run);
	run.setup.json_path = "-";
	run_against(&run, b, 700);
	root = json_tokener_parse(run.out);
	assert_non_null(root);
	assert_true(json_object_object_get_ex(root, "baseline", &comparison));
	assert_true(json_object_object_get_ex(comparison, "rows", &rows));
	assert_int_equal(json_object_array_length(rows), 3);
	row = json_object_array_get_idx(rows, 0);
	assert_true(json_object_object_get_ex(row, "times", &value));
	assert_string_equal(json_object_get_string(value), "slower");
	assert_true(json_object_object_get_ex(row, "regression", &value));
	assert_true(json_object_get_double(value) == 0.4);
	row = json_object_array_get_idx(rows, 2);
	assert_true(json_object_object_get_ex(row, "times", &value));
	assert_string_equal(json_object_get_string(value), "new");
	json_object_put(root);
	/* and is a report to compare with itself */
	baseline_free(read_good(run.out));
	run_clear(&run);
	baseline_free(b);
	free(text);
}

static void the_page_has_the_comparison(void **state)
{
	char *text = earlier_json(500);
	struct baseline *b = read_good(text);
	struct run run;

	(void)state;
	run_prepare(&run);
	run.setup.html_path = "-";
	run.plan.load.users = 40;
	run_against(&run, b, 700);
	assert_has(
	    run.out, "<h2>Against old.json (2023-11-14 22:13:20 UTC)</h2>");
	assert_has(run.out, ">GET /a</td>");
	assert_has(run.out, "<b>+40.0 %</b>");
	assert_has(run.out, "<b>SLOWER</b>");
	assert_has(run.out, ">all requests</td>");
	assert_has(run.out, "users 20 then, 40 now");
	assert_has(run.out, "<p>new: GET /c</p>");
	run_clear(&run);
	baseline_free(b);
	free(text);
}

/* --- thresholds --------------------------------------------------------- */

static struct threshold regression_of(const char *row, double limit)
{
	return (struct threshold) {.key = (char *)(uintptr_t) "regression",
	    .wanted = (char *)(uintptr_t) "< 10%",
	    .row = (char *)(uintptr_t)row,
	    .stage = SIZE_MAX,
	    .measure = MEASURE_REGRESSION,
	    .relation = RELATION_BELOW,
	    .limit = limit};
}

static const struct threshold_view *view_of(const struct run *run, size_t i)
{
	return &report_results(run->report)->thresholds[i];
}

static void a_regression_is_judged_where_it_is_beyond_the_noise(void **state)
{
	struct threshold thresholds[] = {regression_of("GET /a", 0.1),
	    regression_of("/b", 0.1), regression_of("/c", 0.1),
	    regression_of("/a", 0.5), regression_of(NULL, 0.1)};
	char *text = earlier_json(500);
	struct baseline *b = read_good(text);
	struct run run;

	(void)state;
	run_prepare(&run);
	run.plan.thresholds = thresholds;
	run.plan.n_thresholds = ARRAY_LEN(thresholds);
	run_against(&run, b, 700);
	assert_true(view_of(&run, 0)->has_samples);
	assert_false(view_of(&run, 0)->holds);
	assert_true(view_of(&run, 0)->value > 0.29);
	assert_true(view_of(&run, 1)->holds);
	assert_true(view_of(&run, 1)->value == 0);
	/* it was not there */
	assert_false(view_of(&run, 2)->has_samples);
	assert_false(view_of(&run, 2)->holds);
	assert_true(view_of(&run, 3)->holds);
	assert_false(view_of(&run, 4)->holds);
	assert_int_equal(report_verdict(run.report), VERDICT_FAILED);
	assert_has(run.out, "regression of GET /a is +40.0 %, not < 10%");
	run_clear(&run);
	baseline_free(b);
	free(text);
}

static void what_is_faster_is_a_regression_below_nothing(void **state)
{
	struct threshold thresholds[] = {regression_of("/a", 0.1)};
	char *text = earlier_json(500);
	struct baseline *b = read_good(text);
	struct run run;

	(void)state;
	run_prepare(&run);
	run.plan.thresholds = thresholds;
	run.plan.n_thresholds = ARRAY_LEN(thresholds);
	run_against(&run, b, 250);
	assert_true(view_of(&run, 0)->holds);
	assert_true(view_of(&run, 0)->value < -0.4);
	assert_has(run.out, "faster  GET /a");
	assert_has(run.out, "-50.0 %");
	run_clear(&run);
	baseline_free(b);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_report_is_read_back_with_every_sample),
	    cmocka_unit_test(a_report_may_have_failures_without_a_time),
	    cmocka_unit_test(what_is_no_report_is_refused),
	    cmocka_unit_test(a_report_that_contradicts_itself_is_refused),
	    cmocka_unit_test(
		a_run_without_a_request_is_nothing_to_compare_with),
	    cmocka_unit_test(every_front_of_a_report_is_refused),
	    cmocka_unit_test(a_file_that_cannot_be_read_is_told),
	    cmocka_unit_test(
		a_pipe_is_read_to_its_end_however_late_it_is_written),
	    cmocka_unit_test(the_summary_tells_what_changed),
	    cmocka_unit_test(users_who_start_all_at_once_are_another_load),
	    cmocka_unit_test(the_same_again_is_no_difference),
	    cmocka_unit_test(the_json_has_the_comparison),
	    cmocka_unit_test(the_page_has_the_comparison),
	    cmocka_unit_test(
		a_regression_is_judged_where_it_is_beyond_the_noise),
	    cmocka_unit_test(what_is_faster_is_a_regression_below_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
