/*
 * All results as one object of JSON, for other programs: its members are told
 * in loadgen.json(5). It is written in pieces, each row a line, so that many
 * rows need no memory at once. It knows no processes and no terminal.
 */
#include "report/results.h"
#include "report/sink.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "base/util.h"
#include "report/file.h"
#include "report/json_value.h"
#include "report/lost.h"
#include "report/summary.h"
#include "report/text.h"

/* --- histograms and rows ------------------------------------------------ */

static void add_block(
    struct json_object *buckets, const struct hist_block *block)
{
	for (uint32_t i = 0; i < HIST_BLOCK; i++) {
		struct json_object *pair;

		if (block->counts[i] == 0)
			continue;
		pair = json_new_array();
		json_append(
		    pair, json_count_value(block->number * HIST_BLOCK + i));
		json_append(pair, json_count_value(block->counts[i]));
		json_append(buckets, pair);
	}
}

/* In microseconds, as it is counted: so that it can be merged exactly. */
static struct json_object *histogram_value(const struct hist *h)
{
	struct json_object *object = json_new_object();
	struct json_object *buckets = json_new_array();

	for (size_t i = 0; i < h->n_blocks; i++)
		add_block(buckets, &h->blocks[i]);
	json_add(object, "count", json_count_value(h->count));
	json_add(object, "sum_us", json_count_value(h->sum_us));
	json_add(object, "min_us", json_count_value(h->min_us));
	json_add(object, "max_us", json_count_value(h->max_us));
	json_add(object, "clamped", json_count_value(h->clamped));
	json_add(object, "buckets", buckets);
	return object;
}

/* Null where there is no sample. */
static struct json_object *quantile_value(const struct hist *h, uint32_t ppm)
{
	return h->count > 0 ? json_ms_value(hist_quantile_us(h, ppm)) : NULL;
}

static struct json_object *mean_value(const struct hist *h)
{
	return h->count > 0 ? json_ms_value(hist_mean_us(h)) : NULL;
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
		json_add(object, key, quantile_value(h, column->ppm));
	}
}

static struct json_object *times_value(const struct hist *h)
{
	struct json_object *object = json_new_object();

	json_add(object, "min", quantile_value(h, 0));
	json_add(object, "mean", mean_value(h));
	json_add(object, "max", quantile_value(h, 1000000));
	add_quantiles(object, h);
	return object;
}

static struct json_object *phase_value(const struct hist *h)
{
	struct json_object *object = json_new_object();

	json_add(object, "count", json_count_value(h->count));
	json_add(object, "mean", mean_value(h));
	json_add(object, "p50", quantile_value(h, 500000));
	json_add(object, "p95", quantile_value(h, 950000));
	json_add(object, "p99", quantile_value(h, 990000));
	json_add(object, "max", quantile_value(h, 1000000));
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
	json_add(object, key, phase_value(h));
	free(key);
}

static struct json_object *phases_value(const struct row *row)
{
	struct json_object *object = json_new_object();

	for (size_t i = 0; i < PHASES; i++) {
		if (row->phases[i].count > 0)
			add_phase(object, phase_names[i], &row->phases[i]);
	}
	return object;
}

static struct json_object *row_value(const struct row *row, uint64_t over_us)
{
	struct json_object *object = json_new_object();

	json_add(object, "type", json_text_value(row->type));
	json_add(object, "name", json_text_value(row->name));
	json_add(object, "requests", json_count_value(row->requests));
	json_add(object, "failures", json_count_value(row->failures));
	json_add(object, "unsent", json_count_value(row_unsent(row)));
	json_add(object, "bytes", json_count_value(row->body_bytes));
	json_add(
	    object, "requests_per_s", json_rate_value(row->requests, over_us));
	json_add(
	    object, "failures_per_s", json_rate_value(row->failures, over_us));
	json_add(object, "response_ms", times_value(&row->response));
	json_add(object, "phases_ms", phases_value(row));
	json_add(object, "histogram", histogram_value(&row->response));
	return object;
}

/* --- the run ------------------------------------------------------------ */

static struct json_object *layout_value(void)
{
	struct json_object *object = json_new_object();

	json_add(object, "layout", json_text_value(JSON_HISTOGRAM_LAYOUT));
	json_add(object, "exact_below_us", json_count_value(HIST_EXACT_US));
	json_add(object, "sub_buckets", json_count_value(HIST_SUB_BUCKETS));
	json_add(object, "buckets", json_count_value(HIST_BUCKETS));
	return object;
}

/* As the last line of the summary has it. */
static const char *verdict_word(const struct results *results)
{
	if (was_not_started(results))
		return JSON_NOT_STARTED;
	if (results->verdict == VERDICT_UNTRUSTED)
		return JSON_UNTRUSTED;
	if (results->signal)
		return "stopped";
	return results->verdict == VERDICT_FAILED ? "failed" : "passed";
}

static struct json_object *end_value(const struct results *results)
{
	struct json_object *object = json_new_object();
	char *doubts = results->verdict == VERDICT_UNTRUSTED
			   ? verdict_doubts(results)
			   : NULL;

	json_add(object, "verdict", json_text_value(verdict_word(results)));
	json_add(object, "why_untrusted", json_text_or_null(doubts));
	json_add(object, "ended_by", json_text_or_null(results->ended_by));
	json_add(object, "aborted", json_flag_value(results->aborted));
	json_add(object, "signal",
	    results->signal ? json_text_value(text_signal(results->signal))
			    : NULL);
	json_add(
	    object, "left_at_once", json_flag_value(results->left_at_once));
	json_add(object, "has_begun", json_flag_value(results->has_begun));
	free(doubts);
	return object;
}

/* Where no load has begun none could be missing. */
static struct json_object *missing_value(const struct results *results)
{
	return results->has_begun ? json_number_value(lost_share(results), 6)
				  : NULL;
}

static struct json_object *plan_stages_value(const struct load_options *load)
{
	struct json_object *array = json_new_array();

	for (size_t i = 0; i < load->n_stages; i++) {
		const struct stage *stage = &load->stages[i];
		struct json_object *object = json_new_object();

		json_add(object, "name", json_text_value(stage->name));
		json_add(
		    object, "duration_ms", json_ms_value(stage->duration_us));
		json_add(object, "target", json_number_value(stage->target, 6));
		json_append(array, object);
	}
	return array;
}

/* What is asked of a rate of tasks, and nothing else has. */
static void add_rate(
    struct json_object *object, const struct load_options *load)
{
	if (!load->has_stages)
		json_add(
		    object, "rate_per_s", json_number_value(load->rate, 6));
	json_add(object, "late",
	    json_text_value(load->late == LATE_DROP ? "drop" : "queue"));
	json_add(object, "spacing",
	    json_text_value(
		load->spacing == SPACING_POISSON ? "poisson" : "even"));
}

struct json_object *json_load_value(const struct results *results)
{
	const struct load_options *load = &results->plan->load;
	bool is_rate = load->model == LOAD_RATE;
	struct json_object *object = json_new_object();

	json_add(object, "model", json_text_value(is_rate ? "rate" : "users"));
	json_add(object, "users", json_count_value(load->users));
	if (is_rate)
		add_rate(object, load);
	else if (!load->has_stages)
		json_add(object, "spawn_rate_per_s",
		    json_number_value(load->spawn_rate, 6));
	json_add(object, "stages",
	    load->has_stages ? plan_stages_value(load) : NULL);
	json_add(object, "run_time_ms",
	    load->run_time_us > 0 ? json_ms_value(load->run_time_us) : NULL);
	json_add(object, "iterations",
	    load->iterations > 0 ? json_count_value(load->iterations) : NULL);
	json_add(object, "warmup_ms", json_ms_value(load->warmup_us));
	json_add(
	    object, "stop_timeout_ms", json_ms_value(load->stop_timeout_us));
	json_add(object, "workers", json_count_value(results->n_workers));
	json_add(object, "seed",
	    load->has_seed ? json_count_value(load->seed) : NULL);
	return object;
}

static struct json_object *warmup_value(const struct results *results)
{
	struct json_object *object = json_new_object();

	json_add(
	    object, "requests", json_count_value(results->warmup_requests));
	json_add(
	    object, "failures", json_count_value(results->warmup_failures));
	return object;
}

static struct json_object *books_value(const struct results *results)
{
	const struct books *b = &results->books;
	struct json_object *object = json_new_object();

	json_add(object, "started", json_count_value(b->started));
	json_add(object, "passed", json_count_value(b->passed));
	json_add(object, "failed", json_count_value(b->failed));
	json_add(object, "interrupted", json_count_value(b->interrupted));
	json_add(object, "redirects", json_count_value(b->redirects));
	json_add(object, "resent", json_count_value(b->resent));
	json_add(object, "connections", json_count_value(b->connections));
	json_add(object, "tasks", json_count_value(b->tasks));
	json_add(object, "jobs", json_count_value(b->jobs));
	json_add(object, "jobs_skipped", json_count_value(b->jobs_skipped));
	json_add(object, "jobs_dropped", json_count_value(b->jobs_dropped));
	if (results->plan->load.model == LOAD_RATE) {
		json_add(object, "intended", json_count_value(b->intended));
		json_add(object, "late", json_count_value(b->late));
		json_add(object, "dropped", json_count_value(b->dropped));
	}
	return object;
}

static struct json_object *lag_value(const struct hist *lag)
{
	struct json_object *object = times_value(lag);

	json_add(object, "histogram", histogram_value(lag));
	return object;
}

/* --- one of many -------------------------------------------------------- */

static struct json_object *failure_value(const struct failure *failure)
{
	struct json_object *object = json_new_object();

	json_add(object, "type", json_text_value(failure->type));
	json_add(object, "name", json_text_value(failure->name));
	json_add(object, "text", json_text_value(failure->text));
	json_add(object, "count", json_count_value(failure->count));
	json_add(object, "first_seen", json_utc_value(failure->first_wall_us));
	json_add(object, "last_seen", json_utc_value(failure->last_wall_us));
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
		return json_number_value(value / US_PER_MS, 3);
	case MEASURE_FAIL_RATIO:
	case MEASURE_REGRESSION:
		return json_number_value(value, 6);
	case MEASURE_FAILURES:
	case MEASURE_REQUESTS:
	case MEASURE_DROPPED:
	case MEASURE_RPS:
		return json_number_value(value, 3);
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
	struct json_object *object = json_new_object();

	json_add(object, "row", json_text_or_null(t->row));
	json_add(object, "stage",
	    t->stage < load->n_stages
		? json_text_value(load->stages[t->stage].name)
		: NULL);
	json_add(object, "key", json_text_value(t->key));
	json_add(object, "wanted", json_text_value(t->wanted));
	json_add(object, "unit", json_text_value(measure_unit(t->measure)));
	json_add(object, "limit", measure_value(t->measure, t->limit));
	json_add(object, "value",
	    view->has_samples ? measure_value(t->measure, view->value) : NULL);
	/* of a limit of nothing a margin is no part */
	json_add(object, "margin",
	    view->has_samples && t->limit > 0
		? json_number_value(view->margin, 6)
		: NULL);
	json_add(object, "holds", json_flag_value(view->holds));
	return object;
}

static struct json_object *worker_value(const struct worker_view *w)
{
	struct worker_health health = worker_health(w);
	struct json_object *object = json_new_object();

	json_add(object, "host", json_text_value(w->host));
	json_add(object, "worker", json_count_value(w->number));
	json_add(object, "pid",
	    w->pid != 0 ? json_count_value((uint64_t)w->pid) : NULL);
	json_add(object, "peak_users", json_count_value(w->peak_users));
	json_add(object, "requests", json_count_value(w->requests));
	json_add(object, "cpu_percent",
	    w->busy_us > 0
		? json_number_value((double)health.mean_cpu_permille / 10, 1)
		: NULL);
	json_add(object, "late_p99_ms", quantile_value(&w->lateness, 990000));
	json_add(object, "why_lost", json_text_or_null(w->why_lost));
	json_add(
	    object, "lost_ms", w->why_lost ? json_ms_value(w->lost_us) : NULL);
	return object;
}

static struct json_object *trouble_value(const struct trouble *trouble)
{
	struct json_object *object = json_new_object();

	json_add(object, "host", json_text_value(trouble->host));
	json_add(object, "text", json_text_value(trouble->text));
	json_add(object, "count", json_count_value(trouble->count));
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
	put_value(out, json_text_value(stage->stage->name));
	put_member(out, "start_ms", json_ms_value(stage->start_us));
	put_member(out, "end_ms",
	    stage->end_us != UINT64_MAX ? json_ms_value(stage->end_us) : NULL);
	put_member(out, "measured_ms", json_ms_value(over_us));
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

static void put_baseline(FILE *out, const struct results *results)
{
	const struct comparison *c = results->comparison;

	if (!c) {
		put_member(out, "baseline", NULL);
		return;
	}
	fputs(",\n\"baseline\": {\"run\": ", out);
	put_value(out, json_baseline_value(results));
	put_member(out, "total", json_versus_value(&c->all));
	fputs(",\n\"rows\": [", out);
	for (size_t i = 0; i < c->n_rows; i++) {
		put_place(out, i);
		put_value(out, json_versus_value(&c->rows[i]));
	}
	fputs("]}", out);
}

static void put_results(FILE *out, const struct results *results)
{
	uint64_t over_us = measured_us(results);

	fprintf(out, "{\n\"format\": %d", JSON_FORMAT_VERSION);
	put_member(out, "loadgen", json_text_value(LOADGEN_VERSION));
	put_member(out, "plan", json_text_value(results->plan->file));
	put_member(out, "start", json_utc_value(results->start_wall_us));
	put_member(out, "duration_ms", json_ms_value(results->now_us));
	put_member(out, "measured_ms", json_ms_value(over_us));
	put_member(out, "missing_load", missing_value(results));
	put_member(out, "end", end_value(results));
	put_member(out, "load", json_load_value(results));
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
	put_baseline(out, results);
	fputs("\n}\n", out);
}

/* --- the sink ----------------------------------------------------------- */

static bool json_open(
    void **state, const struct report_setup *setup, struct diag *d)
{
	return report_file_new(state, REPORT_JSON, setup, d);
}

static bool json_final(
    void *state, const struct results *results, struct diag *d)
{
	return report_file_write(state, put_results, results, d);
}

const struct sink json_sink = {
    .open = json_open,
    .final = json_final,
    .close = report_file_free,
};
