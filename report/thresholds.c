/*
 * Thresholds against results: what was measured, whether that holds, and what
 * has been so bad for so long that the run is to end. It knows no files and no
 * terminals.
 */
#include "report/thresholds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/baseline.h"
#include "report/results.h"

/* --- what was measured -------------------------------------------------- */

/* What a threshold is about, over some time. */
struct measured {
	const struct row *row;
	uint64_t over_us;
	uint64_t dropped;
	const struct hist *lag;
	const struct row *then; /* in an earlier run; NULL: there was none */
	double level;           /* of a comparison with it */
};

static double quantile_us(const struct hist *h, uint32_t ppm)
{
	return (double)hist_quantile_us(h, ppm);
}

/* What is within the noise is no change. */
static bool measure_regression(const struct measured *m, double *out)
{
	struct versus versus = versus_rows(m->then, m->row, m->level);

	*out = versus.regression;
	return versus.then != NULL && versus.now != NULL;
}

/* False: there is nothing that it could be measured on. */
static bool measure(
    const struct threshold *t, const struct measured *m, double *out)
{
	const struct row *row = m->row;
	const struct hist *times = &row->response;

	switch (t->measure) {
	case MEASURE_AVG:
		*out = (double)hist_mean_us(times);
		return times->count > 0;
	case MEASURE_MIN:
		*out = (double)times->min_us;
		return times->count > 0;
	case MEASURE_MAX:
		*out = (double)times->max_us;
		return times->count > 0;
	case MEASURE_QUANTILE:
		*out = quantile_us(times, t->ppm);
		return times->count > 0;
	case MEASURE_FAIL_RATIO:
		*out = row->requests > 0
			   ? (double)row->failures / (double)row->requests
			   : 0;
		return row->requests > 0;
	case MEASURE_FAILURES:
		*out = (double)row->failures;
		return row->requests > 0;
	case MEASURE_REQUESTS:
		*out = (double)row->requests;
		return true;
	case MEASURE_RPS:
		*out = rate_per_s(row->requests, m->over_us);
		return true;
	case MEASURE_DROPPED:
		*out = (double)m->dropped;
		return true;
	case MEASURE_LAG:
		*out = quantile_us(m->lag, t->ppm);
		return m->lag->count > 0;
	case MEASURE_REGRESSION:
		return measure_regression(m, out);
	}
	*out = 0;
	return false;
}

static bool is_met(const struct threshold *t, double value)
{
	switch (t->relation) {
	case RELATION_BELOW:
		return value < t->limit;
	case RELATION_AT_MOST:
		return value <= t->limit;
	case RELATION_ABOVE:
		return value > t->limit;
	case RELATION_AT_LEAST:
		return value >= t->limit;
	case RELATION_EQUAL:
		return value == t->limit;
	case RELATION_DIFFERENT:
		return value != t->limit;
	}
	return false;
}

/* How far the value is on the right side of the limit. */
static double left_to_limit(const struct threshold *t, double value)
{
	switch (t->relation) {
	case RELATION_BELOW:
	case RELATION_AT_MOST:
		return t->limit - value;
	case RELATION_ABOVE:
	case RELATION_AT_LEAST:
		return value - t->limit;
	case RELATION_EQUAL:
		return 0 - fabs(value - t->limit);
	case RELATION_DIFFERENT:
		return fabs(value - t->limit);
	}
	return 0;
}

/* Of a limit of nothing there is no part. */
static double margin_of(const struct threshold *t, double value)
{
	double left = left_to_limit(t, value);

	if (t->limit > 0)
		return left / t->limit;
	return left < 0 ? -1 : left > 0;
}

/* --- the rows it is about ----------------------------------------------- */

/* All rows of a table that a threshold of a row is about, in one; to be cleared
 * with row_clear. */
static struct row gather(const struct table *table, const struct threshold *t)
{
	struct row all = {0};

	for (size_t i = 0; i < table->n_rows; i++) {
		const struct row *row = table->rows[i];

		if (threshold_has_row(t, row->type, row->name))
			row_merge(&all, row);
	}
	return all;
}

/* How many requests there were is known without any; but a limit on them is
 * about requests, unless it wants none. */
static bool lacks_requests(const struct threshold *t, const struct measured *m)
{
	bool wants_none = t->limit <= 0 && (t->relation == RELATION_EQUAL ||
					       t->relation == RELATION_AT_MOST);

	return (t->measure == MEASURE_REQUESTS || t->measure == MEASURE_RPS) &&
	       m->row->requests == 0 && !wants_none;
}

static void judge(struct threshold_view *view, const struct measured *m)
{
	const struct threshold *t = view->threshold;

	view->has_samples =
	    measure(t, m, &view->value) && !lacks_requests(t, m);
	view->holds = view->has_samples && is_met(t, view->value);
	view->margin = view->has_samples ? margin_of(t, view->value) : 0;
}

/* The rows of an earlier run that it is about, to be cleared with row_clear, in
 * *row where they are not all requests. */
static void look_back(const struct threshold *t, const struct results *results,
    struct row *row, struct measured *m)
{
	const struct baseline *then = results->baseline;

	if (t->measure != MEASURE_REGRESSION || !then)
		return;
	if (t->row)
		*row = gather(&then->table, t);
	m->then = t->row ? row : &then->all;
	m->level =
	    versus_level(comparison_shared(&then->table, &results->total));
}

static void judge_one(
    struct threshold_view *view, const struct results *results)
{
	const struct threshold *t = view->threshold;
	struct measured m = {.row = &results->total_all,
	    .over_us = measured_us(results),
	    .dropped = results->books.dropped - results->warmup_books.dropped,
	    .lag = &results->lag};
	struct row row = {0}, then = {0};

	if (t->stage < results->n_stages) {
		m.row = &results->stages[t->stage].all;
		m.over_us =
		    stage_measured_us(results, &results->stages[t->stage]);
	} else if (t->row != NULL) {
		row = gather(&results->total, t);
		m.row = &row;
	}
	look_back(t, results, &then, &m);
	judge(view, &m);
	row_clear(&then);
	row_clear(&row);
}

void thresholds_open(struct results *results)
{
	const struct plan *plan = results->plan;

	results->thresholds =
	    xcalloc(plan->n_thresholds + 1, sizeof(*results->thresholds));
	for (size_t i = 0; i < plan->n_thresholds; i++)
		if (!plan->thresholds[i].aborts)
			results->thresholds[results->n_thresholds++].threshold =
			    &plan->thresholds[i];
}

void thresholds_close(struct results *results)
{
	free(results->thresholds);
}

void thresholds_judge(struct results *results)
{
	for (size_t i = 0; i < results->n_thresholds; i++)
		judge_one(&results->thresholds[i], results);
}

size_t thresholds_failed(const struct results *results)
{
	size_t n = 0;

	for (size_t i = 0; i < results->n_thresholds; i++)
		n += !results->thresholds[i].holds;
	return n;
}

/* --- what ends a run ---------------------------------------------------- */

void abort_watch_clear(struct abort_watch *watch)
{
	free(watch->true_us);
}

/* The interval belongs to a stage when it lies in it as a whole; what is in it
 * may have begun before. */
static bool is_within(const struct results *results, const struct threshold *t)
{
	uint64_t from_us = results->now_us - results->interval_us;
	const struct stage_view *stage;

	if (from_us < results->plan->load.warmup_us)
		return false;
	if (t->stage >= results->n_stages)
		return true;
	stage = &results->stages[t->stage];
	return from_us >= stage->start_us && results->now_us <= stage->end_us;
}

void abort_watch_skip(struct abort_watch *watch, uint64_t from_us,
    uint64_t until_us, uint64_t now_us)
{
	/* of an earlier gap something may be left to be looked at */
	if (watch->gap_until_us <= now_us)
		watch->gap_from_us = from_us;
	watch->gap_until_us = until_us;
}

static bool is_in_gap(
    const struct abort_watch *watch, const struct results *results)
{
	return results->now_us > watch->gap_from_us &&
	       results->now_us - results->interval_us < watch->gap_until_us;
}

static bool is_true_now(
    const struct results *results, const struct threshold *t)
{
	struct measured m = {.row = &results->interval_all,
	    .over_us = results->interval_us,
	    .dropped = results->interval_books.dropped,
	    .lag = &results->interval_lag};
	struct row row = {0};
	double value;
	bool is_true;

	if (!is_within(results, t))
		return false;
	if (t->row != NULL) {
		row = gather(&results->interval, t);
		m.row = &row;
	}
	is_true = measure(t, &m, &value) && is_met(t, value);
	row_clear(&row);
	return is_true;
}

const struct threshold *abort_watch_look(
    struct abort_watch *watch, const struct results *results)
{
	const struct plan *plan = results->plan;
	const struct threshold *first = NULL;
	bool is_skipped = is_in_gap(watch, results);

	if (watch->true_us == NULL)
		watch->true_us =
		    xcalloc(plan->n_thresholds + 1, sizeof(*watch->true_us));
	for (size_t i = 0; i < plan->n_thresholds; i++) {
		const struct threshold *t = &plan->thresholds[i];

		if (!t->aborts)
			continue;
		if (is_skipped || !is_true_now(results, t)) {
			watch->true_us[i] = 0;
			continue;
		}
		watch->true_us[i] += results->interval_us;
		if (first == NULL && watch->true_us[i] >= t->for_us)
			first = t;
	}
	return first;
}

/* --- texts -------------------------------------------------------------- */

char *threshold_scope(const struct plan *plan, const struct threshold *t)
{
	if (t->row != NULL)
		return xstrdup(t->row);
	if (t->stage < plan->load.n_stages)
		return xasprintf("@%s", plan->load.stages[t->stage].name);
	return xstrdup("all requests");
}

/* So near the limit figures for people may look as if they were beyond it. */
static bool is_near(const struct threshold_view *view)
{
	return fabs(view->margin) < 0.01 &&
	       view->value != view->threshold->limit;
}

static char *put_share(char *out, double share, bool is_near)
{
	char percent[FIGURE_BYTES];
	const uint64_t all = UINT64_C(1000000000);

	if (is_near)
		snprintf(out, FIGURE_BYTES, "%.4f %%", 100 * share);
	else
		snprintf(out, FIGURE_BYTES, "%.20s %%",
		    figure_percent(
			percent, round_to_u64(share * (double)all), all));
	return out;
}

/* Its sign is told; 0 is what is within the noise. */
static char *put_change(char *out, double share, bool is_near)
{
	snprintf(out, FIGURE_BYTES,
	    share == 0 ? "%.0f %%"
	    : is_near  ? "%+.4f %%"
		       : "%+.1f %%",
	    100 * share);
	return out;
}

static char *put_time(char *out, double us, bool is_near)
{
	char ms[FIGURE_BYTES];

	if (is_near)
		snprintf(out, FIGURE_BYTES, "%.3fms", us / (double)US_PER_MS);
	else
		snprintf(out, FIGURE_BYTES, "%.30sms",
		    figure_ms(ms, round_to_u64(us)));
	return out;
}

char *threshold_value(char *out, const struct threshold_view *view)
{
	switch (view->threshold->measure) {
	case MEASURE_FAIL_RATIO:
		return put_share(out, view->value, is_near(view));
	case MEASURE_REGRESSION:
		return put_change(out, view->value, is_near(view));
	case MEASURE_FAILURES:
	case MEASURE_REQUESTS:
	case MEASURE_DROPPED:
		return figure_count(out, (uint64_t)view->value);
	case MEASURE_RPS:
		if (!is_near(view))
			return figure_rate(out, view->value);
		snprintf(out, FIGURE_BYTES, "%.3f", view->value);
		return out;
	case MEASURE_AVG:
	case MEASURE_MIN:
	case MEASURE_MAX:
	case MEASURE_QUANTILE:
	case MEASURE_LAG:
		break;
	}
	return put_time(out, view->value, is_near(view));
}

char *threshold_abort_text(const struct plan *plan, const struct threshold *t)
{
	char time[FIGURE_BYTES] = "", line[FIGURE_BYTES] = "";
	char *scope = threshold_scope(plan, t), *text;
	bool is_whole = t->row == NULL && t->stage == SIZE_MAX;

	if (t->for_us > 0)
		format_duration(time, sizeof(time), t->for_us);
	if (t->where.line > 0)
		snprintf(line, sizeof(line), ", line %u", t->where.line);
	text = xasprintf("%s %s%s%s (abort of [thresholds%s%s]%s)", t->key,
	    t->wanted, t->for_us > 0 ? " for " : "", time, is_whole ? "" : " ",
	    is_whole ? "" : scope, line);
	free(scope);
	return text;
}
