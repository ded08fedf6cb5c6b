/*
 * The JSON report, read back by a parser: every number of the results is in
 * it, and two of them can be merged.
 */
#include "tests/unit/reporting.h"

#include <json-c/json.h>

/* --- helpers ------------------------------------------------------------ */

static void prepare(struct run *run)
{
	run_prepare(run);
	run->setup.json_path = "-";
}

/* What the run wrote on standard output, owned by the caller. */
static struct json_object *parsed(const struct run *run)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *root;

	assert_non_null(tokener);
	json_tokener_set_flags(
	    tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, run->out, (int)run->out_len);
	if (!root)
		print_error("not JSON:\n%s", run->out);
	assert_non_null(root);
	json_tokener_free(tokener);
	return root;
}

static struct json_object *finish(struct run *run)
{
	run_finish(run);
	return parsed(run);
}

/* A member, which has to be there; NULL is null. */
static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value))
		print_error("no \"%s\" in %s\n", key,
		    json_object_to_json_string(object));
	assert_true(json_object_object_get_ex(object, key, NULL));
	return value;
}

static struct json_object *item(
    struct json_object *object, const char *key, size_t i)
{
	struct json_object *array = member(object, key);

	assert_true(json_object_is_type(array, json_type_array));
	assert_true(i < json_object_array_length(array));
	return json_object_array_get_idx(array, i);
}

static void assert_member(
    struct json_object *object, const char *key, const char *json)
{
	assert_string_equal(
	    json_object_to_json_string_ext(member(object, key),
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
	    json);
}

/* A histogram as another program would read it. */
static void read_histogram(struct hist *h, struct json_object *value)
{
	struct json_object *buckets = member(value, "buckets");
	struct hist one = {0};

	for (size_t i = 0; i < json_object_array_length(buckets); i++) {
		struct json_object *pair =
		    json_object_array_get_idx(buckets, i);

		assert_int_equal(json_object_array_length(pair), 2);
		assert_true(hist_add_bucket(&one,
		    (uint32_t)json_object_get_int64(
			json_object_array_get_idx(pair, 0)),
		    json_object_get_uint64(
			json_object_array_get_idx(pair, 1))));
	}
	assert_int_equal(
	    one.count, json_object_get_uint64(member(value, "count")));
	one.sum_us = json_object_get_uint64(member(value, "sum_us"));
	one.min_us = json_object_get_uint64(member(value, "min_us"));
	one.max_us = json_object_get_uint64(member(value, "max_us"));
	one.clamped = json_object_get_uint64(member(value, "clamped"));
	hist_merge(h, &one);
	hist_clear(&one);
}

static void assert_same(const struct hist *a, const struct hist *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->sum_us, b->sum_us);
	assert_int_equal(a->min_us, b->min_us);
	assert_int_equal(a->max_us, b->max_us);
	assert_int_equal(a->clamped, b->clamped);
	assert_int_equal(a->n_blocks, b->n_blocks);
	for (size_t i = 0; i < a->n_blocks; i++)
		assert_memory_equal(
		    &a->blocks[i], &b->blocks[i], sizeof(*a->blocks));
}

/* --- the run ------------------------------------------------------------ */

static void a_run_is_told_with_its_numbers(void **state)
{
	struct run run;
	struct json_object *root, *row;

	(void)state;
	prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 2000000, "/b", 3, sample_of(500, NULL));
	send_samples(&run, 1, 2000000, "/a", 1, sample_of(900, "HTTP 500"));
	report_interval(run.report, 2500000);
	root = finish(&run);
	assert_member(root, "format", "1");
	assert_member(root, "loadgen", "\"" LOADGEN_VERSION "\"");
	assert_member(root, "plan", "\"plan.ini\"");
	assert_member(root, "start", "\"2023-11-14T22:13:20.000Z\"");
	assert_member(root, "duration_ms", "2500");
	assert_member(root, "measured_ms", "2000");
	assert_member(root, "end",
	    "{\"verdict\":\"failed\",\"why_untrusted\":null,\"ended_by\":null,"
	    "\"aborted\":false,\"signal\":null,\"left_at_once\":false,\"has_"
	    "begun\":true}");
	assert_member(root, "warmup", "{\"requests\":0,\"failures\":0}");
	assert_member(member(root, "books"), "failed", "1");
	assert_false(json_object_object_get_ex(root, "lag_ms", NULL));
	row = member(root, "total");
	assert_member(row, "requests", "4");
	assert_member(row, "failures", "1");
	assert_member(row, "bytes", "40");
	assert_member(row, "requests_per_s", "2");
	assert_member(row, "failures_per_s", "0.5");
	assert_member(row, "response_ms",
	    "{\"min\":0.5,\"mean\":0.6,\"max\":0.9,\"p50\":0.5,\"p66\":0.5,"
	    "\"p75\":0.5,\"p80\":0.9,\"p90\":0.9,\"p95\":0.9,\"p98\":0.9,"
	    "\"p99\":0.9,\"p99.9\":0.9,\"p99.99\":0.9}");
	assert_member(row, "phases_ms",
	    "{\"first_byte\":{\"count\":4,\"mean\":0.3,\"p50\":0.25,"
	    "\"p95\":0.45,\"p99\":0.45,\"max\":0.45}}");
	assert_member(row, "histogram",
	    "{\"count\":4,\"sum_us\":2400,\"min_us\":500,\"max_us\":900,"
	    "\"clamped\":0,\"buckets\":[[500,3],[900,1]]}");
	assert_int_equal(json_object_array_length(member(root, "rows")), 2);
	assert_member(item(root, "rows", 0), "name", "\"/a\"");
	assert_member(item(root, "rows", 1), "requests", "3");
	assert_member(root, "failures",
	    "[{\"type\":\"GET\",\"name\":\"/a\",\"text\":\"HTTP 500\","
	    "\"count\":1,\"first_seen\":\"2023-11-14T22:13:25.000Z\","
	    "\"last_seen\":\"2023-11-14T22:13:25.000Z\"}]");
	json_object_put(root);
	run_clear(&run);
}

static void a_run_without_requests_has_no_times(void **state)
{
	struct run run;
	struct json_object *root, *times;

	(void)state;
	prepare(&run);
	run_open(&run);
	report_interval(run.report, 3000000);
	root = finish(&run);
	times = member(member(root, "total"), "response_ms");
	assert_null(member(times, "min"));
	assert_null(member(times, "mean"));
	assert_null(member(times, "p99.99"));
	assert_member(member(root, "total"), "requests_per_s", "null");
	assert_member(member(root, "total"), "failures_per_s", "null");
	assert_member(root, "rows", "[]");
	assert_member(root, "failures", "[]");
	assert_member(root, "stages", "[]");
	assert_member(root, "thresholds", "[]");
	json_object_put(root);
	run_clear(&run);
}

static void the_load_is_told_as_it_was_asked_for(void **state)
{
	struct run run;
	struct json_object *root;

	(void)state;
	prepare(&run);
	run.plan.load.seed = UINT64_MAX;
	run.plan.load.has_seed = true;
	run.plan.load.stop_timeout_us = 1500;
	run_open(&run);
	root = finish(&run);
	assert_member(root, "load",
	    "{\"model\":\"users\",\"users\":20,\"spawn_rate_per_s\":10,"
	    "\"stages\":null,\"run_time_ms\":10000,\"iterations\":null,"
	    "\"warmup_ms\":0,\"stop_timeout_ms\":1.5,\"workers\":2,"
	    "\"seed\":18446744073709551615}");
	json_object_put(root);
	run_clear(&run);
}

static void send_lag(struct run *run, uint64_t us)
{
	struct table table = {0};
	struct hist lateness = {0}, lag = {0};
	struct books books = {.intended = 9, .late = 2, .dropped = 3};
	struct report_delta delta = {.worker = 0,
	    .until_us = 1000000,
	    .books = &books,
	    .lateness = &lateness,
	    .lag = &lag,
	    .table = &table};

	hist_record(&lag, us);
	report_delta(run->report, &delta);
	books_add(&run->own[0], &books);
	hist_clear(&lag);
}

static void a_rate_has_its_books_and_how_late_it_was(void **state)
{
	struct run run;
	struct json_object *root;

	(void)state;
	prepare(&run);
	run.plan.load.model = LOAD_RATE;
	run.plan.load.rate = 2.5;
	run.plan.load.late = LATE_DROP;
	run_open(&run);
	send_lag(&run, 700);
	report_interval(run.report, 1000000);
	root = finish(&run);
	assert_member(member(root, "load"), "model", "\"rate\"");
	assert_member(member(root, "load"), "rate_per_s", "2.5");
	assert_member(member(root, "load"), "late", "\"drop\"");
	assert_member(member(root, "load"), "spacing", "\"even\"");
	assert_member(member(root, "books"), "intended", "9");
	assert_member(member(root, "books"), "late", "2");
	assert_member(member(root, "books"), "dropped", "3");
	assert_member(member(root, "lag_ms"), "p99", "0.7");
	assert_member(member(member(root, "lag_ms"), "histogram"), "buckets",
	    "[[700,1]]");
	json_object_put(root);
	run_clear(&run);
}

/* "1" of 2 s, and "up" of 3 s. */
static void have_stages(struct run *run)
{
	static char first[] = "1", second[] = "up";
	static struct stage stages[] = {
	    {.name = first, .duration_us = 2000000, .target = 5},
	    {.name = second, .duration_us = 3000000, .target = 9.5},
	};

	run->plan.load.stages = stages;
	run->plan.load.n_stages = ARRAY_LEN(stages);
	run->plan.load.has_stages = true;
}

static void stages_have_their_own_rows(void **state)
{
	struct run run;
	struct json_object *root, *stage;

	(void)state;
	prepare(&run);
	have_stages(&run);
	run_open(&run);
	send_stage(&run, 1, 2000000, "/a", 4, sample_of(100, NULL));
	send_stage(&run, 2, 5000000, "/b", 6, sample_of(200, NULL));
	report_interval(run.report, 5000000);
	root = finish(&run);
	assert_member(member(root, "load"), "stages",
	    "[{\"name\":\"1\",\"duration_ms\":2000,\"target\":5},"
	    "{\"name\":\"up\",\"duration_ms\":3000,\"target\":9.5}]");
	stage = item(root, "stages", 0);
	assert_member(stage, "start_ms", "0");
	assert_member(stage, "end_ms", "2000");
	assert_member(member(stage, "total"), "requests_per_s", "2");
	stage = item(root, "stages", 1);
	assert_member(stage, "name", "\"up\"");
	assert_member(stage, "start_ms", "2000");
	assert_member(stage, "end_ms", "null");
	assert_member(stage, "measured_ms", "3000");
	assert_member(item(stage, "rows", 0), "name", "\"/b\"");
	assert_member(member(item(stage, "rows", 0), "histogram"), "buckets",
	    "[[200,6]]");
	json_object_put(root);
	run_clear(&run);
}

/* On the p95 of all, and on the failures of GET /a. */
static void have_thresholds(struct run *run)
{
	static char p95[] = "p95", below[] = "< 1ms", ratio[] = "fail_ratio",
		    few[] = "<= 0.3%", row[] = "GET /a";
	static struct threshold thresholds[] = {
	    {.key = p95,
		.wanted = below,
		.stage = SIZE_MAX,
		.measure = MEASURE_QUANTILE,
		.ppm = 950000,
		.relation = RELATION_BELOW,
		.limit = 1000},
	    {.key = ratio,
		.wanted = few,
		.row = row,
		.stage = SIZE_MAX,
		.measure = MEASURE_FAIL_RATIO,
		.relation = RELATION_AT_MOST,
		.limit = 0.003},
	};

	run->plan.thresholds = thresholds;
	run->plan.n_thresholds = ARRAY_LEN(thresholds);
}

static void thresholds_have_their_values_and_margins(void **state)
{
	struct run run;
	struct json_object *root;

	(void)state;
	prepare(&run);
	have_thresholds(&run);
	run_open(&run);
	send_samples(&run, 0, 1000000, "/b", 3, sample_of(750, NULL));
	report_interval(run.report, 1000000);
	root = finish(&run);
	assert_member(root, "thresholds",
	    "[{\"row\":null,\"stage\":null,\"key\":\"p95\","
	    "\"wanted\":\"< 1ms\",\"unit\":\"ms\",\"limit\":1,"
	    "\"value\":0.75,\"margin\":0.25,\"holds\":true},"
	    "{\"row\":\"GET /a\",\"stage\":null,\"key\":\"fail_ratio\","
	    "\"wanted\":\"<= 0.3%\",\"unit\":\"ratio\",\"limit\":0.003,"
	    "\"value\":null,\"margin\":null,\"holds\":false}]");
	assert_member(member(root, "end"), "verdict", "\"failed\"");
	json_object_put(root);
	run_clear(&run);
}

static void what_is_not_to_be_trusted_says_why(void **state)
{
	struct run run;
	struct json_object *root, *worker;

	(void)state;
	prepare(&run);
	run_open(&run);
	report_worker_lost(run.report, 1, "killed by SIGKILL", 5, 1500000);
	report_trouble(run.report, "box", "hook slow: did not end", 2);
	report_ended_by(run.report, "GET /x: stop = test");
	report_worker_final(run.report, 0, &run.own[0]);
	report_final(run.report, SIGTERM, false);
	fflush(run.setup.out);
	root = parsed(&run);
	assert_member(root, "end",
	    "{\"verdict\":\"untrusted\",\"why_untrusted\":\"worker 1 lost "
	    "(killed by SIGKILL)\",\"ended_by\":\"GET /x: stop = test\","
	    "\"aborted\":false,\"signal\":\"SIGTERM\",\"left_at_once\":false,"
	    "\"has_begun\":true}");
	worker = item(root, "workers", 1);
	assert_member(worker, "host", "\"box\"");
	assert_member(worker, "worker", "1");
	assert_member(worker, "pid", "4001");
	assert_member(worker, "why_lost", "\"killed by SIGKILL\"");
	assert_member(item(root, "workers", 0), "why_lost", "null");
	assert_member(root, "troubles",
	    "[{\"host\":\"box\",\"text\":\"hook slow: did not end\","
	    "\"count\":2}]");
	json_object_put(root);
	run_clear(&run);
}

static void the_load_that_was_missing_is_told(void **state)
{
	struct run run;
	struct json_object *root;

	(void)state;
	prepare(&run);
	run.plan.load.users = 10;
	run.plan.load.spawn_rate = 1e6;
	run.plan.load.run_time_us = 4 * US_PER_S;
	run_open(&run);
	report_worker_lost(run.report, 1, "killed by SIGKILL", 5, 3 * US_PER_S);
	report_interval(run.report, 4 * US_PER_S);
	root = finish(&run);
	/* a quarter of the time of half of the users */
	assert_member(root, "missing_load", "0.125");
	json_object_put(root);
	run_clear(&run);
	prepare(&run);
	run_open(&run);
	root = finish(&run);
	assert_member(root, "missing_load", "0");
	json_object_put(root);
	run_clear(&run);
}

static void a_run_that_a_signal_stopped_has_neither_passed_nor_failed(
    void **state)
{
	struct run run;
	struct json_object *root;

	(void)state;
	prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 1000000, "/a", 1, sample_of(900, "HTTP 500"));
	for (uint32_t i = 0; i < WORKERS; i++)
		report_worker_final(run.report, i, &run.own[i]);
	report_final(run.report, SIGINT, false);
	fflush(run.setup.out);
	root = parsed(&run);
	assert_member(member(root, "end"), "verdict", "\"stopped\"");
	json_object_put(root);
	run_clear(&run);
}

static void a_run_that_was_not_started_says_so(void **state)
{
	struct run run;
	struct json_object *root;
	struct diag d;

	(void)state;
	prepare(&run);
	diag_init(&d);
	run.report = report_open(&run.setup, &d);
	assert_non_null(run.report);
	report_broken(run.report, "setup failed: GET /login: HTTP 500");
	root = finish(&run);
	assert_member(root, "missing_load", "null");
	assert_member(member(root, "end"), "verdict", "\"not_started\"");
	assert_member(member(root, "end"), "why_untrusted",
	    "\"setup failed: GET /login: HTTP 500\"");
	json_object_put(root);
	run_clear(&run);
}

static void no_margin_is_told_of_a_limit_of_nothing(void **state)
{
	struct run run;
	struct json_object *root;
	double limit;

	(void)state;
	prepare(&run);
	have_thresholds(&run);
	limit = run.plan.thresholds[0].limit;
	run.plan.thresholds[0].limit = 0;
	run_open(&run);
	send_samples(&run, 0, 1000000, "/b", 3, sample_of(750, NULL));
	root = finish(&run);
	assert_member(item(root, "thresholds", 0), "value", "0.75");
	assert_member(item(root, "thresholds", 0), "margin", "null");
	run.plan.thresholds[0].limit = limit;
	json_object_put(root);
	run_clear(&run);
}

static void a_worker_is_as_busy_as_in_the_summary(void **state)
{
	struct run run;
	struct json_object *root;
	struct table table = {0};
	struct hist lateness = {0};
	struct books books = {0};
	struct report_delta delta = {.is_last_part = true,
	    .cpu_us = 1599,
	    .busy_us = 100000,
	    .books = &books,
	    .lateness = &lateness,
	    .table = &table};

	(void)state;
	prepare(&run);
	run_open(&run);
	report_delta(run.report, &delta);
	root = finish(&run);
	assert_member(item(root, "workers", 0), "cpu_percent", "1.5");
	json_object_put(root);
	run_clear(&run);
}

/* --- merging ------------------------------------------------------------ */

static void histograms_of_two_results_merge_to_those_of_one(void **state)
{
	static const uint64_t times[] = {
	    0, 7, 1023, 1024, 1026, 98765, 1234567, UINT64_C(4000000000)};
	struct run run;
	struct json_object *root;
	struct hist all = {0}, merged = {0};

	(void)state;
	for (size_t part = 0; part < 2; part++) {
		prepare(&run);
		run_open(&run);
		for (size_t i = part; i < ARRAY_LEN(times); i += 2) {
			send_samples(&run, 0, 1000000, "/a", i + 1,
			    sample_of(times[i], NULL));
			for (size_t n = 0; n < i + 1; n++)
				hist_record(&all, times[i]);
		}
		report_interval(run.report, 1000000);
		root = finish(&run);
		read_histogram(
		    &merged, member(item(root, "rows", 0), "histogram"));
		json_object_put(root);
		run_clear(&run);
	}
	assert_same(&merged, &all);
	hist_clear(&all);
	hist_clear(&merged);
}

static void the_layout_of_histograms_is_named(void **state)
{
	struct run run;
	struct json_object *root;

	(void)state;
	prepare(&run);
	run_open(&run);
	root = finish(&run);
	assert_member(root, "histograms",
	    "{\"layout\":\"loadgen-log-linear-512\",\"exact_below_us\":1024,"
	    "\"sub_buckets\":512,\"buckets\":12288}");
	json_object_put(root);
	run_clear(&run);
}

/* What loadgen.json(5) says of them. */
static void buckets_are_where_the_manual_says(void **state)
{
	(void)state;
	for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++) {
		uint64_t octave = bucket < 1024 ? 0 : (bucket - 1024) / 512;
		uint64_t sub = (bucket - 1024) % 512;
		uint64_t low =
		    bucket < 1024 ? bucket : (512 + sub) << (octave + 1);
		uint64_t width = bucket < 1024 ? 1 : UINT64_C(2) << octave;

		if (low > HIST_MAX_US)
			break;
		assert_int_equal(hist_bucket(low), bucket);
		if (low + width - 1 <= HIST_MAX_US)
			assert_int_equal(hist_bucket(low + width - 1), bucket);
		assert_int_equal(hist_bucket_us(bucket), low + width / 2);
	}
}

/* --- texts -------------------------------------------------------------- */

static void whatever_bytes_there_are_it_is_json(void **state)
{
	struct run run;
	struct json_object *root, *failure;

	(void)state;
	prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 1000000, "/\"\\\x01\n<&]]>\xff\xc3\xa9", 1,
	    sample_of(500, "got \x1b[31m \xed\xa0\x80 \xf0\x9f\x98\x80 \xe2"));
	report_interval(run.report, 1000000);
	root = finish(&run);
	assert_string_equal(
	    json_object_get_string(member(item(root, "rows", 0), "name")),
	    "/\"\\\x01\n<&]]>\xef\xbf\xbd\xc3\xa9");
	failure = item(root, "failures", 0);
	assert_string_equal(json_object_get_string(member(failure, "text")),
	    "got \x1b[31m \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd "
	    "\xf0\x9f\x98\x80 \xef\xbf\xbd");
	json_object_put(root);
	run_clear(&run);
}

/* --- the manual --------------------------------------------------------- */

/* Whether the page has `Cm key`, followed by no more of a name. */
static bool is_told(const char *page, const char *key)
{
	char *mark = xasprintf("Cm %s", key);
	const char *at = page;
	bool found = false;

	while (!found && (at = strstr(at, mark)) != NULL) {
		at += strlen(mark);
		found = *at == '\n' || *at == ' ';
	}
	free(mark);
	return found;
}

static void assert_all_told(const char *page, struct json_object *value)
{
	if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			assert_all_told(
			    page, json_object_array_get_idx(value, i));
	} else if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, inner)
		{
			if (!is_told(page, key))
				print_error("no \".Cm %s\"\n", key);
			assert_true(is_told(page, key));
			assert_all_told(page, inner);
		}
	}
}

/* Runs from the top folder. */
static void every_member_is_in_the_manual(void **state)
{
	struct run run;
	struct json_object *root;
	char *page = xcalloc(1, 65536);
	FILE *in = fopen("man/loadgen.json.5", "r");

	(void)state;
	if (!in)
		fail_msg("no man/loadgen.json.5 here");
	assert_true(fread(page, 1, 65535, in) < 65535);
	fclose(in);
	prepare(&run);
	have_stages(&run);
	run.plan.load.model = LOAD_RATE;
	have_thresholds(&run);
	run_open(&run);
	send_lag(&run, 700);
	send_stage(&run, 1, 1000000, "/a", 3, sample_of(750, "HTTP 500"));
	report_trouble(run.report, "box", "hook slow: did not end", 2);
	report_interval(run.report, 1000000);
	root = finish(&run);
	assert_all_told(page, root);
	json_object_put(root);
	free(page);
	run_clear(&run);
}

/* --- where it goes ------------------------------------------------------ */

static void on_standard_output_nothing_else_is_printed(void **state)
{
	struct run run;

	(void)state;
	prepare(&run);
	run_open(&run);
	send_samples(&run, 0, 1000000, "/a", 1, sample_of(500, NULL));
	report_interval(run.report, 1000000);
	json_object_put(finish(&run));
	assert_int_equal(run.out[0], '{');
	assert_string_equal(run.out + run.out_len - 3, "\n}\n");
	assert_has(run.err, "PASSED: 1 request, none failed\n");
	run_clear(&run);
}

static void in_a_file_it_stands_beside_the_summary(void **state)
{
	struct run run;
	struct json_object *root;
	char *path;

	(void)state;
	prepare(&run);
	path = xasprintf("%s/r.json", run.folder);
	run.setup.json_path = path;
	run_open(&run);
	run_finish(&run);
	root = json_object_from_file(path);
	assert_non_null(root);
	assert_member(member(root, "end"), "verdict", "\"passed\"");
	assert_last_line(&run, "PASSED: ");
	json_object_put(root);
	free(path);
	run_clear(&run);
}

static void a_file_that_cannot_be_written_spoils_the_verdict(void **state)
{
	struct run run;
	char *path;

	(void)state;
	prepare(&run);
	path = xasprintf("%s/r.json", run.folder);
	run.setup.json_path = path;
	run_open(&run);
	block_file(path);
	run_finish(&run);
	assert_has(run.err, "r.json: cannot write: Is a directory\n");
	assert_int_equal(report_verdict(run.report), VERDICT_UNTRUSTED);
	assert_last_line(
	    &run, "NOT TO BE TRUSTED: a file could not be written\n");
	free(path);
	run_clear(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_run_is_told_with_its_numbers),
	    cmocka_unit_test(a_run_without_requests_has_no_times),
	    cmocka_unit_test(the_load_is_told_as_it_was_asked_for),
	    cmocka_unit_test(a_rate_has_its_books_and_how_late_it_was),
	    cmocka_unit_test(stages_have_their_own_rows),
	    cmocka_unit_test(
		a_run_that_a_signal_stopped_has_neither_passed_nor_failed),
	    cmocka_unit_test(a_run_that_was_not_started_says_so),
	    cmocka_unit_test(no_margin_is_told_of_a_limit_of_nothing),
	    cmocka_unit_test(a_worker_is_as_busy_as_in_the_summary),
	    cmocka_unit_test(thresholds_have_their_values_and_margins),
	    cmocka_unit_test(what_is_not_to_be_trusted_says_why),
	    cmocka_unit_test(the_load_that_was_missing_is_told),
	    cmocka_unit_test(histograms_of_two_results_merge_to_those_of_one),
	    cmocka_unit_test(the_layout_of_histograms_is_named),
	    cmocka_unit_test(buckets_are_where_the_manual_says),
	    cmocka_unit_test(whatever_bytes_there_are_it_is_json),
	    cmocka_unit_test(every_member_is_in_the_manual),
	    cmocka_unit_test(on_standard_output_nothing_else_is_printed),
	    cmocka_unit_test(in_a_file_it_stands_beside_the_summary),
	    cmocka_unit_test(a_file_that_cannot_be_written_spoils_the_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
