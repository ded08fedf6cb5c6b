/*
 * The charts of the HTML report: which series and in which colours. It knows
 * no SVG.
 */
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "load/schedule.h"
#include "report/chart.h"
#include "report/html.h"
#include "report/results.h"
#include "report/text.h"

#define BLUE  "#3b82f6"
#define GREEN "#2f9e63"
#define AMBER "#d98a00"
#define PINK  "#d6409f"
#define RED   "#e5484d"

enum { MOST_LINES = 3 };

struct charting {
	const struct results *results;
	const struct series *series;
	struct chart_span spans[SERIES_MAX_POINTS];
	double values[MOST_LINES][SERIES_MAX_POINTS];
	struct chart_band *bands; /* owned */
	size_t n_bands;
	uint64_t *track_us; /* owned */
	double *track;      /* owned */
	size_t n_track;
	uint64_t end_us;
};

/* --- what they have in common ------------------------------------------- */

static void take_bands(struct charting *c)
{
	const struct results *results = c->results;

	c->bands = xcalloc(results->n_stages + 1, sizeof(*c->bands));
	for (size_t i = 0; i < results->n_stages; i++) {
		const struct stage_view *stage = &results->stages[i];

		c->bands[c->n_bands++] = (struct chart_band) {
		    stage->stage->name, {stage->start_us, stage->end_us}};
	}
}

/* When nothing more was to be started. */
static uint64_t planned_end_us(const struct charting *c)
{
	uint64_t run_time_us = c->results->plan->load.run_time_us;
	uint64_t end_us = c->end_us;

	if (run_time_us > 0 && run_time_us < end_us)
		end_us = run_time_us;
	return c->results->stop_us < end_us ? c->results->stop_us : end_us;
}

static void track_to(struct charting *c, uint64_t at_us, double value)
{
	c->track_us[c->n_track] = at_us;
	c->track[c->n_track++] = value;
}

/* From corner to corner of the stages, as far as the run went. */
static void take_track(struct charting *c)
{
	const struct load_options *load = &c->results->plan->load;
	uint64_t end_us = planned_end_us(c);

	c->track_us = xcalloc(load->n_stages + 2, sizeof(*c->track_us));
	c->track = xcalloc(load->n_stages + 2, sizeof(*c->track));
	track_to(c, 0, 0);
	for (size_t i = 0; i < load->n_stages; i++) {
		uint64_t at_us = schedule_stage_start_us(load, i) +
				 load->stages[i].duration_us;

		if (at_us >= end_us)
			break;
		track_to(c, at_us, load->stages[i].target);
	}
	track_to(c, end_us, schedule_target(load, end_us));
}

static struct charting *charting_new(
    const struct results *results, const struct series *series)
{
	struct charting *c = xcalloc(1, sizeof(*c));

	c->results = results;
	c->series = series;
	for (size_t i = 0; i < series->n; i++)
		c->spans[i] = (struct chart_span) {
		    series->points[i].from_us, series->points[i].until_us};
	c->end_us = series->points[series->n - 1].until_us;
	take_bands(c);
	if (results->plan->load.n_stages > 0)
		take_track(c);
	return c;
}

static void charting_free(struct charting *c)
{
	free(c->bands);
	free(c->track_us);
	free(c->track);
	free(c);
}

static struct chart chart_of(const struct charting *c)
{
	return (struct chart) {
	    .spans = c->spans,
	    .n_spans = c->series->n,
	    .bands = c->bands,
	    .n_bands = c->n_bands,
	    .warmup_us = c->results->plan->load.warmup_us,
	    .end_us = c->end_us,
	    .figure = figure_rate,
	};
}

static double rate_of(const struct point *p, uint64_t n)
{
	return rate_per_s(n, p->until_us - p->from_us);
}

static double due_rate(const struct point *p)
{
	uint64_t time_us = p->until_us - p->from_us;

	return time_us > 0 ? p->due * (double)US_PER_S / (double)time_us : 0;
}

/* How much of a point's time is not the warm-up, in which samples are in no
 * count. */
static uint64_t counted_time_us(const struct charting *c, const struct point *p)
{
	uint64_t from_us = c->results->plan->load.warmup_us;

	if (from_us < p->from_us)
		from_us = p->from_us;
	return p->until_us > from_us ? p->until_us - from_us : 0;
}

/* --- one by one --------------------------------------------------------- */

static void put_rates(FILE *out, struct charting *c)
{
	struct chart chart = chart_of(c);
	const struct chart_line lines[] = {
	    {"requests", BLUE, c->values[0], true, false},
	    {"failures", RED, c->values[1], true, false},
	};

	for (size_t i = 0; i < c->series->n; i++) {
		const struct point *p = &c->series->points[i];
		uint64_t counted_us = counted_time_us(c, p);

		c->values[0][i] =
		    counted_us > 0 ? rate_per_s(p->requests, counted_us) : NAN;
		c->values[1][i] =
		    counted_us > 0 ? rate_per_s(p->failures, counted_us) : NAN;
	}
	chart.title = "Requests and failures per second";
	chart.lines = lines;
	chart.n_lines = ARRAY_LEN(lines);
	chart_print(out, &chart);
}

static char *figure_of_ms(char *out, double ms)
{
	return figure_ms(out, round_to_u64(ms * (double)US_PER_MS));
}

static void put_percentiles(FILE *out, struct charting *c)
{
	static const uint32_t ppm[MOST_LINES] = {500000, 950000, 990000};
	struct chart chart = chart_of(c);
	const struct chart_line lines[MOST_LINES] = {
	    {"p99", PINK, c->values[2], false, false},
	    {"p95", AMBER, c->values[1], false, false},
	    {"p50", GREEN, c->values[0], false, false},
	};

	for (size_t i = 0; i < c->series->n; i++) {
		const struct hist *h = &c->series->points[i].response;

		for (size_t l = 0; l < MOST_LINES; l++)
			c->values[l][i] =
			    h->count == 0
				? NAN
				: (double)hist_quantile_us(h, ppm[l]) /
				      (double)US_PER_MS;
	}
	chart.title = "Response times in ms";
	chart.lines = lines;
	chart.n_lines = ARRAY_LEN(lines);
	chart.may_be_log = true;
	chart.figure = figure_of_ms;
	chart_print(out, &chart);
}

static void plan_track(struct chart *chart, const struct charting *c)
{
	chart->track =
	    (struct chart_track) {"planned", c->track_us, c->track, c->n_track};
}

static void put_users(FILE *out, struct charting *c)
{
	struct chart chart = chart_of(c);
	const struct chart_line line = {
	    "users", BLUE, c->values[0], true, true};

	for (size_t i = 0; i < c->series->n; i++)
		c->values[0][i] = (double)c->series->points[i].users;
	chart.title = "Users";
	chart.lines = &line;
	chart.n_lines = 1;
	chart.figure = figure_number;
	plan_track(&chart, c);
	chart_print(out, &chart);
}

static void put_arrivals(FILE *out, struct charting *c)
{
	struct chart chart = chart_of(c);
	const struct chart_line lines[] = {
	    {"started", BLUE, c->values[0], true, false},
	    {"due", GREEN, c->values[1], false, false},
	    {"dropped", RED, c->values[2], false, false},
	};

	for (size_t i = 0; i < c->series->n; i++) {
		const struct point *p = &c->series->points[i];

		c->values[0][i] = rate_of(p, p->tasks);
		c->values[1][i] = due_rate(p);
		c->values[2][i] = rate_of(p, p->dropped);
	}
	chart.title = "Tasks started per second";
	chart.lines = lines;
	/* what there is none of needs no line */
	chart.n_lines = ARRAY_LEN(lines) - (c->results->books.dropped == 0);
	plan_track(&chart, c);
	chart_print(out, &chart);
}

void html_charts(
    FILE *out, const struct results *results, const struct series *series)
{
	struct charting *c;

	if (series->n == 0)
		return;
	c = charting_new(results, series);
	fputs("<h2>Over time</h2>\n", out);
	put_rates(out, c);
	put_percentiles(out, c);
	if (results->plan->load.model == LOAD_RATE)
		put_arrivals(out, c);
	else
		put_users(out, c);
	charting_free(c);
}
