/*
 * What the HTML report tells of an earlier run: the rows that changed, and in
 * words what else did. It knows not how they are compared.
 */
#include <stdlib.h>

#include "base/util.h"
#include "report/baseline.h"
#include "report/html.h"
#include "report/text.h"

enum { MOST_ROWS = 500 };

static const char *colour_of(const struct versus *v)
{
	if (v->times == VERSUS_SLOWER)
		return HTML_BAD;
	return v->times == VERSUS_FASTER ? HTML_GOOD : NULL;
}

static void put_quantile(FILE *out, const struct versus_quantile *q)
{
	char then[FIGURE_BYTES], now[FIGURE_BYTES], change[FIGURE_BYTES];
	const char *colour = q->change > 0 ? HTML_BAD : HTML_GOOD;

	fprintf(out, "<td align=\"right\">%s<br><small>%s then</small></td>",
	    figure_ms(now, q->now_us), figure_ms(then, q->then_us));
	html_cell_coloured(
	    out, q->counts ? colour : NULL, versus_change_text(change, q));
}

static void put_versus(FILE *out, const struct versus *v, const char *name)
{
	fputs("<tr>", out);
	html_cell_text(out, name);
	put_quantile(out, &v->p50);
	put_quantile(out, &v->p95);
	html_cell_coloured(out, colour_of(v), versus_times_text(v));
	fputs("</tr>\n", out);
}

static void put_changed(FILE *out, const struct comparison *c)
{
	static const struct html_column columns[] = {{"request", true},
	    {"p50 ms", false}, {"change", false}, {"p95 ms", false},
	    {"change", false}, {"", false}};
	size_t n;
	const struct versus **changed = comparison_changed(c, &n);

	html_table(out, columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < n && i < MOST_ROWS; i++) {
		char *name = versus_name(changed[i]);

		put_versus(out, changed[i], name);
		free(name);
	}
	if (c->all.now)
		put_versus(out, &c->all, "all requests");
	html_table_end(out);
	if (n > MOST_ROWS)
		fprintf(
		    out, "<p>... %zu more rows changed.</p>\n", n - MOST_ROWS);
	free(changed);
}

void html_baseline(FILE *out, const struct results *results)
{
	char *heading;

	if (!results->comparison || !results->has_begun)
		return;
	heading = baseline_heading(results->baseline);
	fputs("<h2>", out);
	html_text(out, heading);
	fputs("</h2>\n", out);
	put_changed(out, results->comparison);
	html_lines(out, results, print_baseline_notes, 0);
	free(heading);
}
