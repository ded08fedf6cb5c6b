/*
 * The tables of the HTML report: thresholds, stages, requests, failures,
 * workers. It knows no charts. A table has few columns, so that it fits a
 * narrow page; where there is more to tell, there are two.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/util.h"
#include "report/html.h"
#include "report/markup.h"
#include "report/results.h"
#include "report/summary.h"
#include "report/text.h"
#include "report/thresholds.h"

/* More of them than this and the page would be large rather than useful. */
enum { MOST_ROWS = 500, MOST_OPEN = 20, QUANTILES_A_LINE = 6 };

static const char *colour_of(uint64_t failures)
{
	return failures > 0 ? HTML_BAD : NULL;
}

static void put_note_of_rest(FILE *out, size_t n, const char *what)
{
	if (n > MOST_ROWS)
		fprintf(out, "<p>... %zu more %s are not shown.</p>\n",
		    n - MOST_ROWS, what);
}

/* --- thresholds --------------------------------------------------------- */

static void put_threshold(
    FILE *out, const struct plan *plan, const struct threshold_view *view)
{
	const struct threshold *t = view->threshold;
	char *scope = threshold_scope(plan, t);
	char text[FIGURE_BYTES];

	fputs("<tr><td><b>", out);
	html_text(out, t->key);
	fputs(" ", out);
	html_text(out, t->wanted);
	fputs("</b><br>", out);
	html_text(out, scope);
	fputs("</td>", out);
	html_cell(out,
	    view->has_samples ? threshold_value(text, view) : "no samples");
	html_cell(out, threshold_margin(text, view));
	html_cell_coloured(out, view->holds ? HTML_GOOD : HTML_BAD,
	    view->holds ? "holds" : "FAILED");
	fputs("</tr>\n", out);
	free(scope);
}

void html_thresholds(FILE *out, const struct results *results)
{
	static const struct html_column columns[] = {{"threshold", true},
	    {"value", false}, {"margin", false}, {"", false}};

	if (results->n_thresholds == 0 || !results->has_begun)
		return;
	fputs("<h2>Thresholds</h2>\n", out);
	html_table(out, columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < results->n_thresholds; i++)
		put_threshold(out, results->plan, &results->thresholds[i]);
	html_table_end(out);
}

/* --- stages ------------------------------------------------------------- */

static void put_stage_name(
    FILE *out, const struct results *results, const struct stage_view *view)
{
	char from[FIGURE_BYTES], until[FIGURE_BYTES], target[FIGURE_BYTES];
	bool is_rate = results->plan->load.model == LOAD_RATE;

	fputs("<tr><td><b>", out);
	html_text(out, view->stage->name);
	fprintf(out, "</b><br>from %s%s%s, to %s%s</td>",
	    view->start_us == 0 ? "0" : figure_duration(from, view->start_us),
	    view->end_us == UINT64_MAX ? "" : " to ",
	    view->end_us == UINT64_MAX ? ""
				       : figure_duration(until, view->end_us),
	    figure_number(target, view->stage->target),
	    is_rate                    ? " tasks/s"
	    : view->stage->target == 1 ? " user"
				       : " users");
}

static void put_stage(
    FILE *out, const struct results *results, const struct stage_view *view)
{
	const struct row *all = &view->all;
	uint64_t over_us = stage_measured_us(results, view);
	char text[FIGURE_BYTES];

	put_stage_name(out, results, view);
	html_cell(out, figure_count(text, all->requests));
	html_cell_coloured(
	    out, colour_of(all->failures), figure_count(text, all->failures));
	html_cell(out, figure_rate(text, rate_per_s(all->requests, over_us)));
	html_cell(out, figure_quantile(text, &all->response, 500000));
	html_cell(out, figure_quantile(text, &all->response, 950000));
	fputs("</tr>\n", out);
}

void html_stages(FILE *out, const struct results *results)
{
	static const struct html_column columns[] = {{"stage", true},
	    {"requests", false}, {"failed", false}, {"req/s", false},
	    {"p50 ms", false}, {"p95 ms", false}};
	size_t n = results->n_stages;

	if (n == 0)
		return;
	fputs("<h2>Stages</h2>\n", out);
	html_table(out, columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < n && i < MOST_ROWS; i++)
		put_stage(out, results, &results->stages[i]);
	html_table_end(out);
	put_note_of_rest(out, n, "stages");
}

/* --- requests ----------------------------------------------------------- */

static void put_row_name(FILE *out, const struct row *row)
{
	char *name = row_title(row);

	fputs(*row->type ? "<tr><td>" : "<tr><td><b>", out);
	html_text(out, name);
	fputs(*row->type ? "</td>" : "</b></td>", out);
	free(name);
}

static void put_counts(
    FILE *out, const struct results *results, const struct row *row)
{
	char text[FIGURE_BYTES];

	put_row_name(out, row);
	html_cell(out, figure_count(text, row->requests));
	html_cell_coloured(
	    out, colour_of(row->failures), figure_count(text, row->failures));
	html_cell(out, figure_percent(text, row->failures, row->requests));
	html_cell(out,
	    figure_rate(text, rate_per_s(row->requests, measured_us(results))));
	fputs("</tr>\n", out);
}

static void put_row_times(
    FILE *out, const struct results *results, const struct row *row)
{
	const struct hist *h = &row->response;
	char text[FIGURE_BYTES];

	(void)results;
	put_row_name(out, row);
	html_cell(out, figure_ms(text, hist_mean_us(h)));
	html_cell(out, figure_quantile(text, h, 500000));
	html_cell(out, figure_quantile(text, h, 950000));
	html_cell(out, figure_quantile(text, h, 990000));
	html_cell(out, figure_quantile(text, h, 1000000));
	fputs("</tr>\n", out);
}

/* All columns in two lines below the name. */
static void put_quantiles(
    FILE *out, const struct results *results, const struct row *row)
{
	char *name = row_title(row);
	char text[FIGURE_BYTES];

	(void)results;
	fprintf(
	    out, "<tr><th colspan=\"%d\" align=\"left\">", QUANTILES_A_LINE);
	html_text(out, name);
	fputs("</th></tr>\n", out);
	for (size_t first = 0; first < QUANTILE_COLUMNS;
	     first += QUANTILES_A_LINE) {
		fputs("<tr>", out);
		for (size_t i = first;
		     i < first + QUANTILES_A_LINE && i < QUANTILE_COLUMNS; i++)
			fprintf(out,
			    "<td align=\"right\"><small>%s</small><br>%s</td>",
			    quantile_columns[i].name,
			    figure_quantile(
				text, &row->response, quantile_columns[i].ppm));
		fputs("</tr>\n", out);
	}
	free(name);
}

typedef void row_fn(
    FILE *out, const struct results *results, const struct row *row);

/* Each row, then the total. */
static void put_rows(FILE *out, const struct results *results, row_fn *put)
{
	size_t n;
	struct row **rows = table_sorted_rows(&results->total, &n);

	for (size_t i = 0; i < n && i < MOST_ROWS; i++)
		put(out, results, rows[i]);
	put(out, results, &results->total_all);
	free(rows);
	html_table_end(out);
	put_note_of_rest(out, n, "rows");
}

static void put_phase(FILE *out, const char *name, const struct hist *h)
{
	char text[FIGURE_BYTES];

	fputs("<tr>", out);
	html_cell_text(out, name);
	html_cell(out, figure_count(text, h->count));
	html_cell(out, figure_ms(text, hist_mean_us(h)));
	html_cell(out, figure_quantile(text, h, 500000));
	html_cell(out, figure_quantile(text, h, 950000));
	html_cell(out, figure_quantile(text, h, 1000000));
	fputs("</tr>\n", out);
}

static void put_phases(FILE *out, const struct results *results)
{
	static const struct html_column columns[] = {{"phase", true},
	    {"count", false}, {"average", false}, {"p50", false},
	    {"p95", false}, {"max", false}};
	const struct hist *phases = results->total_all.phases;
	bool any = false;

	/* where nobody was reached there are none */
	for (size_t i = 0; i < PHASES; i++) {
		if (phases[i].count == 0)
			continue;
		if (!any) {
			fputs("<h3>Where the time went, in ms</h3>\n", out);
			html_table(out, columns, ARRAY_LEN(columns));
		}
		any = true;
		put_phase(out, phase_names[i], &phases[i]);
	}
	if (any)
		html_table_end(out);
}

void html_requests(FILE *out, const struct results *results)
{
	static const struct html_column counts[] = {{"request", true},
	    {"count", false}, {"failed", false}, {"failed %", false},
	    {"req/s", false}};
	static const struct html_column times[] = {{"request", true},
	    {"average", false}, {"p50", false}, {"p95", false}, {"p99", false},
	    {"max", false}};

	fputs("<h2>Requests</h2>\n", out);
	if (results->total_all.requests == 0) {
		fputs("<p>No request was finished: nothing was measured.</p>\n",
		    out);
		return;
	}
	html_table(out, counts, ARRAY_LEN(counts));
	put_rows(out, results, put_counts);
	fputs("<h3>Response times in ms</h3>\n", out);
	html_table(out, times, ARRAY_LEN(times));
	put_rows(out, results, put_row_times);
	fputs("<p></p>\n<details>\n<summary>All percentiles, in ms</summary>\n",
	    out);
	html_table(out, NULL, 0);
	put_rows(out, results, put_quantiles);
	fputs("</details>\n", out);
	put_phases(out, results);
}

/* --- failures ----------------------------------------------------------- */

/* Since the start of the run. */
static void put_seen(
    FILE *out, const struct results *results, const struct failure *f)
{
	uint64_t start_us = results->start_wall_us;
	char first[FIGURE_BYTES], last[FIGURE_BYTES];

	fprintf(out, "<br><small>first after %s, last after %s</small>",
	    figure_elapsed(first,
		f->first_wall_us > start_us ? f->first_wall_us - start_us : 0),
	    figure_elapsed(last,
		f->last_wall_us > start_us ? f->last_wall_us - start_us : 0));
}

static void put_failure(
    FILE *out, const struct results *results, const struct failure *f)
{
	char *request =
	    xasprintf("%s%s%s", f->type, *f->type ? " " : "", f->name);
	char count[FIGURE_BYTES];

	fputs("<tr><td>", out);
	html_text(out, request);
	fputs("<br><b>", out);
	html_text(out, f->text);
	fputs("</b>", out);
	put_seen(out, results, f);
	fputs("</td>", out);
	html_cell_coloured(out, HTML_BAD, figure_count(count, f->count));
	fputs("</tr>\n", out);
	free(request);
}

void html_failures(FILE *out, const struct results *results)
{
	static const struct html_column columns[] = {
	    {"failure", true}, {"count", false}};
	size_t n;
	struct failure **failures =
	    table_frequent_failures(&results->total, &n);

	if (n > 0) {
		fputs("<h2>Failures</h2>\n", out);
		html_table(out, columns, ARRAY_LEN(columns));
	}
	for (size_t i = 0; i < n; i++) {
		if (i == MOST_OPEN) {
			html_table_end(out);
			fprintf(out,
			    "<p></p>\n<details>\n<summary>%zu more "
			    "kinds</summary>\n",
			    n - MOST_OPEN);
			html_table(out, columns, ARRAY_LEN(columns));
		}
		put_failure(out, results, failures[i]);
	}
	if (n > 0)
		html_table_end(out);
	if (n > MOST_OPEN)
		fputs("</details>\n", out);
	free(failures);
}

/* --- workers ------------------------------------------------------------ */

static void put_worker(FILE *out, const struct worker_view *w)
{
	struct worker_health health = worker_health(w);
	const char *colour = health.stands_out ? HTML_WARNING : NULL;
	char text[FIGURE_BYTES];

	fprintf(out, "<tr><td>%" PRIu32, w->number);
	if (*w->host) {
		fputs(", ", out);
		html_text(out, w->host);
	}
	if (w->pid != 0)
		fprintf(out, "<br><small>pid %ld</small>", w->pid);
	fputs("</td>", out);
	html_cell(out, figure_count(text, w->peak_users));
	html_cell(out, figure_count(text, w->requests));
	html_cell(out, figure_permille(text, health.mean_cpu_permille));
	html_cell_coloured(
	    out, colour, figure_permille(text, health.peak_cpu_permille));
	html_cell_coloured(out, colour, figure_ms(text, health.late_us));
	fputs("</tr>\n", out);
}

void html_workers(FILE *out, const struct results *results)
{
	static const struct html_column columns[] = {{"worker", true},
	    {"users", false}, {"requests", false}, {"cpu %", false},
	    {"peak %", false}, {"late p99 ms", false}};
	uint32_t n = results->n_workers;

	if (n == 0)
		return;
	fputs("<h2>Workers</h2>\n", out);
	html_lines(out, results, print_health_notes, 0);
	if (n > MOST_OPEN)
		fprintf(out,
		    "<details>\n<summary>All %" PRIu32 " workers</summary>\n",
		    n);
	html_table(out, columns, ARRAY_LEN(columns));
	for (uint32_t i = 0; i < n && i < MOST_ROWS; i++)
		put_worker(out, &results->workers[i]);
	html_table_end(out);
	put_note_of_rest(out, n, "workers");
	if (n > MOST_OPEN)
		fputs("</details>\n", out);
}

/* --- books -------------------------------------------------------------- */

void html_books(FILE *out, const struct results *results)
{
	fputs("<h2>Books</h2>\n", out);
	/* without their own heading */
	html_lines(out, results, print_books, 1);
	html_lines(out, results, print_troubles, 0);
}
