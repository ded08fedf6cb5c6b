/*
 * The HTML report: one file that needs nothing else and shows all of itself
 * under the strictest content policy. This is the sink and the order of the
 * page; its parts are in html_*.c. It knows no processes and no terminal.
 */
#include "report/html.h"

#include <stdlib.h>

#include "base/util.h"
#include "report/file.h"
#include "report/markup.h"
#include "report/results.h"
#include "report/sink.h"
#include "report/text.h"

struct html {
	struct report_file *file; /* owned */
	struct series series;
};

/* --- the page ----------------------------------------------------------- */

static void put_start(FILE *out, const struct results *results)
{
	char text[FIGURE_BYTES];

	fprintf(out, "Started %s UTC. ",
	    figure_utc(text, ' ', results->start_wall_us));
}

static void put_page(
    FILE *out, const struct html *html, const struct results *results)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	      "<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, "
	      "initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
	    out);
	/* no element may stand in it */
	markup_text(out, results->plan->file);
	fputs(" - loadgen</title>\n</head>\n"
	      "<body marginwidth=\"14\" marginheight=\"14\">\n"
	      "<font face=\"system-ui, -apple-system, 'Segoe UI', Roboto, "
	      "'Helvetica Neue', Arial, sans-serif\">\n",
	    out);
	html_heading(out, results);
	html_thresholds(out, results);
	html_baseline(out, results);
	html_charts(out, results, &html->series);
	html_stages(out, results);
	html_requests(out, results);
	html_failures(out, results);
	html_workers(out, results);
	html_books(out, results);
	html_plan(out, results->plan);
	fputs("<hr size=\"1\">\n<p><font size=\"2\">", out);
	put_start(out, results);
	fputs("Written by loadgen " LOADGEN_VERSION ".</font></p>\n"
	      "</font>\n</body>\n</html>\n",
	    out);
}

/* --- the sink ----------------------------------------------------------- */

static bool html_open(
    void **state, const struct report_setup *setup, struct diag *d)
{
	struct html *html;
	void *file;

	*state = NULL;
	if (!report_file_new(&file, REPORT_HTML, setup, d))
		return false;
	if (!file)
		return true;
	html = xcalloc(1, sizeof(*html));
	html->file = file;
	*state = html;
	return true;
}

static bool html_interval(
    void *state, const struct results *results, struct diag *d)
{
	struct html *html = state;

	(void)d;
	series_add(&html->series,
	    &(struct point) {.from_us = results->now_us - results->interval_us,
		.until_us = results->now_us,
		.requests = results->interval_all.requests,
		.failures = results->interval_all.failures,
		.due = interval_due(results),
		.tasks = results->interval_books.tasks,
		.dropped = results->interval_books.dropped,
		.users = users_now(results),
		.response = results->interval_all.response});
	return true;
}

static bool html_final(
    void *state, const struct results *results, struct diag *d)
{
	struct html *html = state;
	FILE *out = report_file_begin(html->file, d);

	if (!out)
		return false;
	put_page(out, html, results);
	return report_file_end(html->file, d);
}

static void html_close(void *state)
{
	struct html *html = state;

	report_file_free(html->file);
	series_clear(&html->series);
	free(html);
}

const struct sink html_sink = {
    .open = html_open,
    .interval = html_interval,
    .final = html_final,
    .close = html_close,
};
