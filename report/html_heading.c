/*
 * The top of the HTML report: the verdict, what was played, key figures. It
 * knows no tables.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/html.h"
#include "report/markup.h"
#include "report/results.h"
#include "report/summary.h"
#include "report/text.h"

/* Pixels that a letter takes at most. */
enum { BADGE_LETTER = 11, CARD_LETTER = 15, LABEL_LETTER = 7 };

/* --- the verdict -------------------------------------------------------- */

static const char *verdict_colour(const struct results *results)
{
	if (results->verdict != VERDICT_PASSED)
		return HTML_BAD;
	return results->signal || results->total_all.requests == 0
		   ? HTML_WARNING
		   : HTML_GOOD;
}

static void put_badge(FILE *out, const char *colour, const char *word)
{
	size_t width = strlen(word) * BADGE_LETTER + 24;

	fprintf(out,
	    "<svg width=\"%zu\" height=\"32\" role=\"img\" aria-label=\"",
	    width);
	markup_text(out, word);
	fprintf(out,
	    "\"><rect width=\"%zu\" height=\"32\" rx=\"7\" fill=\"%s\"/>"
	    "<text x=\"%zu\" y=\"22\" fill=\"#fff\" font-size=\"16\" "
	    "font-weight=\"700\" text-anchor=\"middle\">",
	    width, colour, width / 2);
	markup_text(out, word);
	fputs("</text></svg>\n", out);
}

/* "PASSED: 12 requests, none failed": a badge, and what is behind it. The last
 * line is that; those before it are about the outcome too. */
static void put_verdict(FILE *out, const struct results *results)
{
	char *text = html_printed(results, print_verdict);
	char *line = text;
	char *what;
	char *end;

	while ((end = strchr(line, '\n')) != NULL && end[1] != '\0')
		line = end + 1;
	if (end != NULL)
		*end = '\0';
	what = strstr(line, ": ");
	if (what != NULL)
		*what = '\0';
	fputs("<p>", out);
	put_badge(out, verdict_colour(results), line);
	fputs("</p>\n<p><b>", out);
	if (what != NULL)
		html_sentence(out, what + 2);
	fputs("</b></p>\n", out);
	if (line > text) {
		line[-1] = '\0';
		fputs("<p>", out);
		html_sentence(out, text);
		fputs("</p>\n", out);
	}
	free(text);
}

/* --- key figures -------------------------------------------------------- */

static void put_card(FILE *out, const char *label, const char *figure,
    const char *unit, const char *colour)
{
	size_t wide =
	    strlen(figure) * CARD_LETTER + strlen(unit) * LABEL_LETTER;
	size_t least = strlen(label) * LABEL_LETTER;
	size_t width = (wide > least ? wide : least) + 30;

	fprintf(out,
	    "<svg width=\"%zu\" height=\"68\" fill=\"currentColor\" "
	    "role=\"img\" aria-label=\"%s: ",
	    width, label);
	/* "<0.01" */
	markup_text(out, figure);
	fprintf(out,
	    " %s\"><rect width=\"%zu\" height=\"66\" rx=\"8\" "
	    "fill-opacity=\".07\"/><text x=\"12\" y=\"33\" "
	    "font-size=\"23\" font-weight=\"600\" fill=\"%s\">",
	    unit, width, colour ? colour : "currentColor");
	markup_text(out, figure);
	fprintf(out,
	    "<tspan font-size=\"13\" font-weight=\"400\"> %s</tspan></text>"
	    "<text x=\"12\" y=\"54\" font-size=\"13\" fill-opacity=\".75\">%s"
	    "</text></svg>\n",
	    unit, label);
}

static void put_times(FILE *out, const struct row *all)
{
	static const struct {
		uint32_t ppm;
		const char *label;
	} shown[] = {{500000, "half within"}, {950000, "95 % within"},
	    {990000, "99 % within"}, {1000000, "slowest"}};
	char text[FIGURE_BYTES];

	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		put_card(out, shown[i].label,
		    figure_ms(
			text, hist_quantile_us(&all->response, shown[i].ppm)),
		    "ms", NULL);
}

static void put_load(FILE *out, const struct results *results)
{
	const struct books *b = &results->books;
	char text[FIGURE_BYTES];

	put_card(out, "users at most", figure_count(text, users_peak(results)),
	    "", NULL);
	if (results->plan->load.model != LOAD_RATE)
		return;
	put_card(out, "tasks started", figure_count(text, b->tasks), "", NULL);
	put_card(out, "tasks dropped", figure_count(text, b->dropped), "",
	    b->dropped > 0 ? HTML_BAD : NULL);
}

static void put_cards(FILE *out, const struct results *results)
{
	const struct row *all = &results->total_all;
	char text[FIGURE_BYTES];

	fputs("<p>\n", out);
	put_card(out, "requests", figure_count(text, all->requests), "", NULL);
	put_card(out, "failed",
	    figure_percent(text, all->failures, all->requests), "%",
	    all->failures > 0 ? HTML_BAD : NULL);
	put_card(out, "requests/s",
	    figure_rate(text, rate_per_s(all->requests, measured_us(results))),
	    "", NULL);
	if (all->response.count > 0)
		put_times(out, all);
	put_load(out, results);
	fputs("</p>\n", out);
}

/* --- the whole ---------------------------------------------------------- */

static void put_warmup(FILE *out, const struct results *results)
{
	char time[FIGURE_BYTES], n[FIGURE_BYTES], failed[FIGURE_BYTES];

	if (results->plan->load.warmup_us == 0)
		return;
	fprintf(out,
	    "<p>Left out of all figures: %s request%s of the warm-up, the "
	    "first %s; %s of them failed.</p>\n",
	    figure_count(n, results->warmup_requests),
	    plural(results->warmup_requests),
	    format_duration(time, sizeof(time), results->plan->load.warmup_us),
	    results->warmup_failures > 0
		? figure_count(failed, results->warmup_failures)
		: "none");
}

void html_heading(FILE *out, const struct results *results)
{
	fputs("<h1>Load test of ", out);
	html_text(out, results->plan->file);
	fputs("</h1>\n", out);
	put_verdict(out, results);
	put_cards(out, results);
	html_lines(out, results, print_heading, 0);
	put_warmup(out, results);
}
