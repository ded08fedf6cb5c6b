/*
 * The tables of requests and of percentiles. It knows no files, no verdict and
 * no health.
 */
#include "report/summary.h"

#include <stdlib.h>

#include "base/util.h"
#include "report/grid.h"
#include "report/results.h"
#include "report/text.h"

/* --- which rows --------------------------------------------------------- */

/* What people look for first: failures, then what there is most of. */
static int compare_weight(const void *left, const void *right)
{
	const struct row *l = *(struct row *const *)left;
	const struct row *r = *(struct row *const *)right;

	if (l->failures != r->failures)
		return l->failures > r->failures ? -1 : 1;
	if (l->requests != r->requests)
		return l->requests > r->requests ? -1 : 1;
	/* so that equals do not change places */
	return l < r ? -1 : l > r;
}

/* How many of n rows there is room for, the titles, the total and a word on
 * the others counted. */
static size_t rows_that_fit(size_t n, size_t max_rows)
{
	size_t fit = max_rows > 4 ? max_rows - 3 : 1;

	return max_rows >= 2 && n <= max_rows - 2 ? n : fit;
}

/* --- requests ----------------------------------------------------------- */

static const struct grid_column total_columns[] = {
    {"type", ALIGN_LEFT, 0},
    {"name", ALIGN_NAME, 0},
    {"requests", ALIGN_RIGHT, 0},
    {"failed", ALIGN_RIGHT, 0},
    {"p50 ms", ALIGN_POINT, 0},
    {"p95 ms", ALIGN_POINT, 0},
    {"max ms", ALIGN_POINT, 1},
    {"req/s", ALIGN_POINT, 0},
};

/* Counts of the whole run; times and rates of the interval. */
static const struct grid_column live_columns[ARRAY_LEN(total_columns)] = {
    {"type", ALIGN_LEFT, 0},
    {"name", ALIGN_NAME, 0},
    {"requests", ALIGN_RIGHT, 0},
    {"failed", ALIGN_RIGHT, 0},
    {"now: p50 ms", ALIGN_POINT, 0},
    {"p95 ms", ALIGN_POINT, 0},
    {"max ms", ALIGN_POINT, 1},
    {"req/s", ALIGN_POINT, 0},
};

/* timed: what times and rate are made of; NULL is nothing. */
static void add_request_row(struct grid *g, const struct row *row,
    const struct row *timed, uint64_t over_us, enum style style)
{
	static const struct row nothing;
	char text[FIGURE_BYTES];

	if (!timed)
		timed = &nothing;
	grid_row(g, row->failures > 0 ? STYLE_BAD : style);
	grid_text(g, row->type);
	grid_text(g, row->name);
	grid_text(g, figure_count(text, row->requests));
	grid_text(g, figure_count(text, row->failures));
	grid_text(g, figure_quantile(text, &timed->response, 500000));
	grid_text(g, figure_quantile(text, &timed->response, 950000));
	grid_text(g, figure_quantile(text, &timed->response, 1000000));
	grid_text(g, over_us > 0 ? figure_rate(text,
				       rate_per_s(timed->requests, over_us))
				 : "-");
}

static void note_hidden(struct grid *g, size_t n)
{
	char *text = xasprintf("... %zu more row%s", n, plural(n));

	if (n > 0)
		grid_note(g, STYLE_FAINT, text);
	free(text);
}

static void note_unsent(struct grid *g, const struct row *all)
{
	uint64_t n = row_unsent(all);
	char count[FIGURE_BYTES];
	char *text =
	    xasprintf("%s failed request%s could not be sent, and %s no time",
		figure_count(count, n), plural(n), n == 1 ? "has" : "have");

	if (n > 0)
		grid_note(g, STYLE_WARNING, text);
	free(text);
}

void print_requests(struct terminal *t, const struct results *results)
{
	size_t n;
	struct row **rows = table_sorted_rows(&results->total, &n);
	struct grid g;

	grid_init(&g, total_columns, ARRAY_LEN(total_columns), 2);
	for (size_t i = 0; i < n; i++)
		add_request_row(
		    &g, rows[i], rows[i], measured_us(results), STYLE_PLAIN);
	add_request_row(&g, &results->total_all, &results->total_all,
	    measured_us(results), STYLE_HEAD);
	note_unsent(&g, &results->total_all);
	grid_print(&g, t);
	grid_clear(&g);
	free(rows);
}

void print_live_requests(
    struct terminal *t, const struct results *results, size_t max_rows)
{
	uint64_t over_us = interval_measured_us(results);
	size_t n;
	struct row **rows = table_sorted_rows(&results->total, &n);
	size_t shown = rows_that_fit(n, max_rows);
	struct grid g;

	grid_init(&g, live_columns, ARRAY_LEN(live_columns), 2);
	if (shown < n)
		qsort(rows, n, sizeof(struct row *), compare_weight);
	for (size_t i = 0; i < shown; i++)
		add_request_row(&g, rows[i],
		    table_find(
			&results->interval, rows[i]->type, rows[i]->name),
		    over_us, STYLE_PLAIN);
	note_hidden(&g, n - shown);
	add_request_row(&g, &results->total_all, &results->interval_all,
	    over_us, STYLE_HEAD);
	grid_print(&g, t);
	grid_clear(&g);
	free(rows);
}

/* --- percentiles -------------------------------------------------------- */

/* In what order they are left out, where there is little room: see
 * quantile_columns. */
static const unsigned drops[QUANTILE_COLUMNS] = {
    0 /* 50% */, 2, 3, 4, 6 /* 90% */, 0, 5, 0 /* 99% */, 7, 1, 0};

static void add_quantiles(
    struct grid *g, const struct row *row, enum style style)
{
	char *name = row_title(row);
	char text[FIGURE_BYTES];

	grid_row(g, style);
	grid_text(g, name);
	for (size_t i = 0; i < QUANTILE_COLUMNS; i++)
		grid_text(g, figure_quantile(text, &row->response,
				 quantile_columns[i].ppm));
	free(name);
}

void print_percentiles(struct terminal *t, const struct results *results)
{
	struct grid_column columns[1 + QUANTILE_COLUMNS] = {
	    {"", ALIGN_NAME, 0}};
	size_t n;
	struct row **rows = table_sorted_rows(&results->total, &n);
	struct grid g;

	for (size_t i = 0; i < QUANTILE_COLUMNS; i++)
		columns[1 + i] = (struct grid_column) {
		    quantile_columns[i].name, ALIGN_RIGHT, drops[i]};
	grid_init(&g, columns, ARRAY_LEN(columns), 1);
	for (size_t i = 0; i < n; i++)
		add_quantiles(&g, rows[i], STYLE_PLAIN);
	add_quantiles(&g, &results->total_all, STYLE_HEAD);
	terminal_line(
	    t, STYLE_HEAD, "%s", "Percentiles of the response time in ms");
	grid_print(&g, t);
	grid_clear(&g);
	free(rows);
}
