/*
 * All results as one object of JSON, for other programs: its members are told
 * in loadgen.json(5). It is written in pieces, each row a line, so that many
 * rows need no memory at once. It knows no processes and no terminal.
 */
#include "report/sink.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "base/util.h"
#include "report/file.h"
#include "report/summary.h"
#include "report/text.h"

/* Raised when what is there changes its meaning, not when something is added.
 */
#define FORMAT_VERSION 1
/* Of hist_bucket: another layout needs another name. */
#define HISTOGRAM_LAYOUT "loadgen-log-linear-512"

/* --- values ------------------------------------------------------------- */

/* Each returns a value that is owned by whoever it is given to. */

static struct json_object *text_value(const char *text)
{
	char *valid = text_utf8(text);
	struct json_object *value = json_object_new_string(valid);

	free(valid);
	return value;
}

/* NULL, which is null in JSON, for NULL. */
static struct json_object *text_or_null(const char *text)
{
	return text ? text_value(text) : NULL;
}

static struct json_object *count_value(uint64_t n)
{
	return json_object_new_uint64(n);
}

static struct json_object *flag_value(bool is)
{
	return json_object_new_boolean(is);
}

/* As many decimals as it takes, up to so many; null for what is no number. */
static struct json_object *number_value(double n, int decimals)
{
	char text[64];

	if (!isfinite(n))
		return NULL;
	/* of what is so large no decimal means anything */
	if (fabs(n) >= 1e15)
		return json_object_new_double(n);
	snprintf(text, sizeof(text), "%.*f", decimals, n);
	if (strchr(text, '.')) {
		size_t len = strlen(text);

		while (text[len - 1] == '0')
			len--;
		if (text[len - 1] == '.')
			len--;
		text[len] = '\0';
	}
	return json_object_new_double_s(n, text);
}

static struct json_object *ms_value(uint64_t us)
{
	char text[FIGURE_BYTES];

	return json_object_new_double_s(
	    (double)us / US_PER_MS, figure_thousandths(text, us));
}

static struct json_object *rate_value(uint64_t n, uint64_t over_us)
{
	return number_value(rate_per_s(n, over_us), 3);
}

static struct json_object *utc_value(uint64_t wall_us)
{
	time_t seconds = (time_t)(wall_us / US_PER_S);
	char text[32], whole[40];
	struct tm tm;

	if (wall_us == 0 || !gmtime_r(&seconds, &tm) ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return NULL;
	snprintf(whole, sizeof(whole), "%s.%03" PRIu64 "Z", text,
	    wall_us / US_PER_MS % 1000);
	return json_object_new_string(whole);
}

static void add(
    struct json_object *object, const char *key, struct json_object *value)
{
	if (json_object_object_add(object, key, value) != 0)
		out_of_memory();
}

static struct json_object *new_object(void)
{
	struct json_object *object = json_object_new_object();

	if (!object)
		out_of_memory();
	return object;
}

static struct json_object *new_array(void)
{
	struct json_object *array = json_object_new_array();

	if (!array)
		out_of_memory();
	return array;
}

static void append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value) != 0)
		out_of_memory();
}

/* --- histograms and rows ------------------------------------------------ */

static void add_block(
    struct json_object *buckets, const struct hist_block *block)
{
	for (uint32_t i = 0; i < HIST_BLOCK; i++) {
		struct json_object *pair;

		if (block->counts[i] == 0)
			continue;
		pair = new_array();
		append(pair, count_value(block->number * HIST_BLOCK + i));
		append(pair, count_value(block->counts[i]));
		append(buckets, pair);
	}
}

/* In microseconds, as it is counted: so that it can be merged exactly. */
static struct json_object *histogram_value(const struct hist *h)
{
	struct json_object *object = new_object();
	struct json_object *buckets = new_array();

	for (size_t i = 0; i < h->n_blocks; i++)
		add_block(buckets, &h->blocks[i]);
	add(object, "count", count_value(h->count));
	add(object, "sum_us", count_value(h->sum_us));
	add(object, "min_us", count_value(h->min_us));
	add(object, "max_us", count_value(h->max_us));
	add(object, "clamped", count_value(h->clamped));
	add(object, "buckets", buckets);
	return object;
}

/* Null where there is no sample. */
static struct json_object *quantile_value(const struct hist *h, uint32_t ppm)
{
	return h->count > 0 ? ms_value(hist_quantile_us(h, ppm)) : NULL;
}

static struct json_object *mean_value(const struct hist *h)
{
	return h->count > 0 ? ms_value(hist_mean_us(h)) : NULL;
}

static void add_quantiles(struct json_object *object, const struct hist *h)
{
	for (size_t i = 0; i < QUANTILE_COLUMNS; i++) {
		const struct quantile_column *column = &quantile_columns[i];
		char key[16];

		/* 100% is max */
		if (column->ppm == 1000000)
			continue;
		snprintf(key, sizeof(key), "p%.*s",
		    (int)strcspn(column->name, "%"), column->name);
		add(object, key, quantile_value(h, column->ppm));
	}
}

static struct json_object *times_value(const struct hist *h)
{
	struct json_object *object = new_object();

	add(object, "min", quantile_value(h, 0));
	add(object, "mean", mean_value(h));
	add(object, "max", quantile_value(h, 1000000));
	add_quantiles(object, h);
	return object;
}

static struct json_object *phase_value(const struct hist *h)
{
	struct json_object *object = new_object();

	add(object, "count", count_value(h->count));
	add(object, "mean", mean_value(h));
	add(object, "p50", quantile_value(h, 500000));
	add(object, "p95", quantile_value(h, 950000));
	add(object, "p99", quantile_value(h, 990000));
	add(object, "max", quantile_value(h, 1000000));
	return object;
}

/* "first byte" is first_byte, so that tools can name it as it is. */
static void add_phase(
    struct json_object *object, const char *name, const struct hist *h)
{
	char *key = xstrdup(name);

	for (char *at = key; *at; at++) {
		if (*at == ' ')
			*at = '_';
	}
	add(object, key, phase_value(h));
	free(key);
}

static struct json_object *phases_value(const struct row *row)
{
	struct json_object *object = new_object();

	for (size_t i = 0; i < PHASES; i++) {
		if (row->phases[i].count > 0)
			add_phase(object, phase_names[i], &row->phases[i]);
	}
	return object;
}

static struct json_object *row_value(const struct row *row, uint64_t over_us)
{
	struct json_object *object = new_object();

	add(object, "type", text_value(row->type));
	add(object, "name", text_value(row->name));
	add(object, "requests", count_value(row->requests));
	add(object, "failures", count_value(row->failures));
	add(object, "bytes", count_value(row->body_bytes));
	add(object, "requests_per_s", rate_value(row->requests, over_us));
	add(object, "failures_per_s", rate_value(row->failures, over_us));
	add(object, "response_ms", times_value(&row->response));
	add(object, "phases_ms", phases_value(row));
	add(object, "histogram", histogram_value(&row->response));
	return object;
}

/* --- the run ------------------------------------------------------------ */

static struct json_object *layout_value(void)
{
	struct json_object *object = new_object();

	add(object, "layout", text_value(HISTOGRAM_LAYOUT));
	add(object, "exact_below_us", count_value(HIST_EXACT_US));
	add(object, "sub_buckets", count_value(HIST_SUB_BUCKETS));
	add(object, "buckets", count_value(HIST_BUCKETS));
	return object;
}

static struct json_object *end_value(const struct results *results)
{
	static const char *const verdicts[] = {
	    [VERDICT_PASSED] = "passed",
	    [VERDICT_FAILED] = "failed",
	    [VERDICT_UNTRUSTED] = "untrusted",
	};
	struct json_object *object = new_object();
	char *doubts = results->verdict == VERDICT_UNTRUSTED
			   ? verdict_doubts(results)
			   : NULL;

	add(object, "verdict", text_value(verdicts[results->verdict]));
	add(object, "why_untrusted", text_or_null(doubts));
	add(object, "ended_by", text_or_null(results->ended_by));
	add(object, "aborted", flag_value(results->aborted));
	add(object, "signal",
	    results->signal ? text_value(text_signal(results->signal)) : NULL);
	add(object, "left_at_once", flag_value(results->left_at_once));
	add(object, "has_begun", flag_value(results->has_begun));
	free(doubts);
	return object;
}

static struct json_object *plan_stages_value(const struct load_options *load)
{
	struct json_object *array = new_array();

	for (size_t i = 0; i < load->n_stages; i++) {
		const struct stage *stage = &load->stages[i];
		struct json_object *object = new_object();

		add(object, "name", text_value(stage->name));
		add(object, "duration_ms", ms_value(stage->duration_us));
		add(object, "target", number_value(stage->target, 6));
		append(array, object);
	}
	return array;
}

/* What is asked of a rate of tasks, and nothing else has. */
static void add_rate(
    struct json_object *object, const struct load_options *load)
{
	if (!load->has_stages)
		add(object, "rate_per_s", number_value(load->rate, 6));
	add(object, "late",
	    text_value(load->late == LATE_DROP ? "drop" : "queue"));
	add(object, "spacing",
	    text_value(load->spacing == SPACING_POISSON ? "poisson" : "even"));
}

static struct json_object *load_value(const struct results *results)
{
	const struct load_options *load = &results->plan->load;
	bool is_rate = load->model == LOAD_RATE;
	struct json_object *object = new_object();

	add(object, "model", text_value(is_rate ? "rate" : "users"));
	add(object, "users", count_value(load->users));
	if (is_rate)
		add_rate(object, load);
	else if (!load->has_stages)
		add(object, "spawn_rate_per_s",
		    number_value(load->spawn_rate, 6));
	add(object, "stages",
	    load->has_stages ? plan_stages_value(load) : NULL);
	add(object, "run_time_ms",
	    load->run_time_us > 0 ? ms_value(load->run_time_us) : NULL);
	add(object, "iterations",
	    load->iterations > 0 ? count_value(load->iterations) : NULL);
	add(object, "warmup_ms", ms_value(load->warmup_us));
	add(object, "stop_timeout_ms", ms_value(load->stop_timeout_us));
	add(object, "workers", count_value(results->n_workers));
	add(object, "seed", load->has_seed ? count_value(load->seed) : NULL);
	return object;
}

static struct json_object *warmup_value(const struct results *results)
{
	struct json_object *object = new_object();

	add(object, "requests", count_value(results->warmup_requests));
	add(object, "failures", count_value(results->warmup_failures));
	return object;
}

static struct json_object *books_value(const struct results *results)
{
	const struct books *b = &results->books;
	struct json_object *object = new_object();

	add(object, "started", count_value(b->started));
	add(object, "passed", count_value(b->passed));
	add(object, "failed", count_value(b->failed));
	add(object, "interrupted", count_value(b->interrupted));
	add(object, "redirects", count_value(b->redirects));
	add(object, "resent", count_value(b->resent));
	add(object, "connections", count_value(b->connections));
	add(object, "tasks", count_value(b->tasks));
	add(object, "jobs", count_value(b->jobs));
	add(object, "jobs_skipped", count_value(b->jobs_skipped));
	add(object, "jobs_dropped", count_value(b->jobs_dropped));
	if (results->plan->load.model == LOAD_RATE) {
		add(object, "intended", count_value(b->intended));
		add(object, "late", count_value(b->late));
		add(object, "dropped", count_value(b->dropped));
	}
	return object;
}

static struct json_object *lag_value(const struct hist *lag)
{
	struct json_object *object = times_value(lag);

	add(object, "histogram", histogram_value(lag));
	return object;
}

/* --- one of many -------------------------------------------------------- */

static struct json_object *failure_value(const struct failure *failure)
{
	struct json_object *object = new_object();

	add(object, "type", text_value(failure->type));
	add(object, "name", text_value(failure->name));
	add(object, "text", text_value(failure->text));
	add(object, "count", count_value(failure->count));
	add(object, "first_seen", utc_value(failure->first_wall_us));
	add(object, "last_seen", utc_value(failure->last_wall_us));
	return object;
}

/* A value or a limit in the unit that people see it in. */
static struct json_object *measure_value(enum measure measure, double value)
{
	switch (measure) {
	case MEASURE_AVG:
	case MEASURE_MIN:
	case MEASURE_MAX:
	case MEASURE_QUANTILE:
	case MEASURE_LAG:
		return number_value(value / US_PER_MS, 3);
	case MEASURE_FAIL_RATIO:
	case MEASURE_REGRESSION:
		return number_value(value, 6);
	case MEASURE_FAILURES:
	case MEASURE_REQUESTS:
	case MEASURE_DROPPED:
	case MEASURE_RPS:
		return number_value(value, 3);
	}
	return NULL;
}

static const char *measure_unit(enum measure measure)
{
	switch (measure) {
	case MEASURE_AVG:
	case MEASURE_MIN:
	case MEASURE_MAX:
	case MEASURE_QUANTILE:
	case MEASURE_LAG:
		return "ms";
	case MEASURE_FAIL_RATIO:
	case MEASURE_REGRESSION:
		return "ratio";
	case MEASURE_RPS:
		return "per_s";
	case MEASURE_FAILURES:
	case MEASURE_REQUESTS:
	case MEASURE_DROPPED:
		break;
	}
	return "count";
}

static struct json_object *threshold_value(
    const struct results *results, const struct threshold_view *view)
{
	const struct threshold *t = view->threshold;
	const struct load_options *load = &results->plan->load;
	struct json_object *object = new_object();

	add(object, "row", text_or_null(t->row));
	add(object, "stage",
	    t->stage < load->n_stages ? text_value(load->stages[t->stage].name)
				      : NULL);
	add(object, "key", text_value(t->key));
	add(object, "wanted", text_value(t->wanted));
	add(object, "unit", text_value(measure_unit(t->measure)));
	add(object, "limit", measure_value(t->measure, t->limit));
	add(object, "value",
	    view->has_samples ? measure_value(t->measure, view->value) : NULL);
	add(object, "margin",
	    view->has_samples ? number_value(view->margin, 6) : NULL);
	add(object, "holds", flag_value(view->holds));
	return object;
}

static struct json_object *worker_value(const struct worker_view *w)
{
	struct json_object *object = new_object();

	add(object, "host", text_value(w->host));
	add(object, "worker", count_value(w->number));
	add(object, "pid", w->pid != 0 ? json_object_new_int64(w->pid) : NULL);
	add(object, "peak_users", count_value(w->peak_users));
	add(object, "requests", count_value(w->requests));
	add(object, "cpu_percent",
	    w->busy_us > 0
		? number_value(100 * (double)w->cpu_us / (double)w->busy_us, 1)
		: NULL);
	add(object, "late_p99_ms", quantile_value(&w->lateness, 990000));
	add(object, "why_lost", text_or_null(w->why_lost));
	return object;
}

static struct json_object *trouble_value(const struct trouble *trouble)
{
	struct json_object *object = new_object();

	add(object, "host", text_value(trouble->host));
	add(object, "text", text_value(trouble->text));
	add(object, "count", count_value(trouble->count));
	return object;
}

/* --- writing ------------------------------------------------------------ */

/* Borrowed from the value. */
static const char *written(struct json_object *value)
{
	const char *text = json_object_to_json_string_ext(
	    value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		out_of_memory();
	return text;
}

/* Takes the value over. */
static void put_value(FILE *out, struct json_object *value)
{
	fputs(written(value), out);
	json_object_put(value);
}

/* What stands behind something else; takes the value over. */
static void put_member(FILE *out, const char *key, struct json_object *value)
{
	fprintf(out, ",\n\"%s\": ", key);
	put_value(out, value);
}

/* The place of element i in a list. */
static void put_place(FILE *out, size_t i)
{
	fputs(i > 0 ? ",\n" : "\n", out);
}

static void put_rows(FILE *out, const struct table *table, uint64_t over_us)
{
	size_t n;
	struct row **rows = table_sorted_rows(table, &n);

	fputs(",\n\"rows\": [", out);
	for (size_t i = 0; i < n; i++) {
		put_place(out, i);
		put_value(out, row_value(rows[i], over_us));
	}
	fputs("]", out);
	free(rows);
}

static void put_failures(FILE *out, const struct results *results)
{
	size_t n;
	struct failure **failures = table_sorted_failures(&results->total, &n);

	fputs(",\n\"failures\": [", out);
	for (size_t i = 0; i < n; i++) {
		put_place(out, i);
		put_value(out, failure_value(failures[i]));
	}
	fputs("]", out);
	free(failures);
}

static void put_stage(
    FILE *out, const struct results *results, const struct stage_view *stage)
{
	uint64_t over_us = stage_measured_us(results, stage);

	fputs("{\"name\": ", out);
	put_value(out, text_value(stage->stage->name));
	put_member(out, "start_ms", ms_value(stage->start_us));
	put_member(out, "end_ms",
	    stage->end_us != UINT64_MAX ? ms_value(stage->end_us) : NULL);
	put_member(out, "measured_ms", ms_value(over_us));
	put_member(out, "total", row_value(&stage->all, over_us));
	put_rows(out, &stage->table, over_us);
	fputs("}", out);
}

static void put_stages(FILE *out, const struct results *results)
{
	fputs(",\n\"stages\": [", out);
	for (size_t i = 0; i < results->n_stages; i++) {
		put_place(out, i);
		put_stage(out, results, &results->stages[i]);
	}
	fputs("]", out);
}

static void put_lists(FILE *out, const struct results *results)
{
	fputs(",\n\"thresholds\": [", out);
	for (size_t i = 0; i < results->n_thresholds; i++) {
		put_place(out, i);
		put_value(
		    out, threshold_value(results, &results->thresholds[i]));
	}
	fputs("],\n\"workers\": [", out);
	for (uint32_t i = 0; i < results->n_workers; i++) {
		put_place(out, i);
		put_value(out, worker_value(&results->workers[i]));
	}
	fputs("],\n\"troubles\": [", out);
	for (size_t i = 0; i < results->n_troubles; i++) {
		put_place(out, i);
		put_value(out, trouble_value(&results->troubles[i]));
	}
	fputs("]", out);
}

static void put_results(FILE *out, const struct results *results)
{
	uint64_t over_us = measured_us(results);

	fprintf(out, "{\n\"format\": %d", FORMAT_VERSION);
	put_member(out, "loadgen", text_value(LOADGEN_VERSION));
	put_member(out, "plan", text_value(results->plan->file));
	put_member(out, "start", utc_value(results->start_wall_us));
	put_member(out, "duration_ms", ms_value(results->now_us));
	put_member(out, "measured_ms", ms_value(over_us));
	put_member(out, "end", end_value(results));
	put_member(out, "load", load_value(results));
	put_member(out, "histograms", layout_value());
	put_member(out, "warmup", warmup_value(results));
	put_member(out, "books", books_value(results));
	if (results->plan->load.model == LOAD_RATE)
		put_member(out, "lag_ms", lag_value(&results->lag));
	put_member(out, "total", row_value(&results->total_all, over_us));
	put_rows(out, &results->total, over_us);
	put_failures(out, results);
	put_stages(out, results);
	put_lists(out, results);
	fputs("\n}\n", out);
}

/* --- the sink ----------------------------------------------------------- */

static bool json_open(
    void **state, const struct report_setup *setup, struct diag *d)
{
	struct report_file *file;

	*state = NULL;
	if (!setup->json_path)
		return true;
	file = xcalloc(1, sizeof(*file));
	if (!report_file_open(file, setup->json_path, "--json", setup, d)) {
		free(file);
		return false;
	}
	*state = file;
	return true;
}

static bool json_final(
    void *state, const struct results *results, struct diag *d)
{
	FILE *out = report_file_begin(state, d);

	if (!out)
		return false;
	put_results(out, results);
	return report_file_end(state, d);
}

static void json_close(void *state)
{
	report_file_clear(state);
	free(state);
}

const struct sink json_sink = {
    .open = json_open,
    .final = json_final,
    .close = json_close,
};
