/*
 * What people are told of a run against an earlier one. It knows not how they
 * are compared.
 */
#include "report/baseline.h"

#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "report/grid.h"
#include "report/text.h"

enum { NAMES_TOLD = 5 };

/* --- texts -------------------------------------------------------------- */

const char *versus_times_text(const struct versus *v)
{
	switch (v->times) {
	case VERSUS_SLOWER:
		return "SLOWER";
	case VERSUS_FASTER:
		return "faster";
	case VERSUS_TOO_FEW:
		return "too few";
	case VERSUS_NEW:
		return "new";
	case VERSUS_GONE:
		return "gone";
	case VERSUS_SAME:
		break;
	}
	return "same";
}

char *versus_change_text(char *out, const struct versus_quantile *q)
{
	double percent = 100 * q->change;
	int decimals = fabs(percent) < 99.95 ? 1 : 0;

	if (percent > 99999)
		snprintf(out, FIGURE_BYTES, "> +99999 %%");
	else
		snprintf(out, FIGURE_BYTES,
		    q->counts ? "%+.*f %%" : "(%+.*f %%)", decimals, percent);
	return out;
}

char *versus_name(const struct versus *v)
{
	return row_title(v->now ? v->now : v->then);
}

char *baseline_heading(const struct baseline *b)
{
	return xasprintf("Against %s%s%s%s", b->file, b->start ? " (" : "",
	    b->start ? b->start : "", b->start ? ")" : "");
}

/* --- the table ---------------------------------------------------------- */

static const struct grid_column columns[] = {
    {"", ALIGN_LEFT, 0},
    {"of", ALIGN_NAME, 0},
    {"p50 then", ALIGN_RIGHT, 2},
    {"now ms", ALIGN_RIGHT, 0},
    {"change", ALIGN_RIGHT, 0},
    {"p95 then", ALIGN_RIGHT, 1},
    {"now ms", ALIGN_RIGHT, 0},
    {"change", ALIGN_RIGHT, 0},
};

static void add_quantile(struct grid *g, const struct versus_quantile *q)
{
	char text[FIGURE_BYTES];

	grid_text(g, figure_ms(text, q->then_us));
	grid_text(g, figure_ms(text, q->now_us));
	grid_text(g, versus_change_text(text, q));
}

static void add_versus(struct grid *g, const struct versus *v, const char *name)
{
	grid_row(g, v->times == VERSUS_SLOWER ? STYLE_BAD : STYLE_PLAIN);
	grid_text(g, versus_times_text(v));
	grid_text(g, name);
	if (!v->then || !v->now)
		return;
	add_quantile(g, &v->p50);
	add_quantile(g, &v->p95);
}

static void print_changed(struct terminal *t, const struct comparison *c)
{
	size_t n;
	const struct versus **changed = comparison_changed(c, &n);
	struct grid g;

	grid_init(&g, columns, ARRAY_LEN(columns), 2);
	for (size_t i = 0; i < n; i++) {
		char *name = versus_name(changed[i]);

		add_versus(&g, changed[i], name);
		free(name);
	}
	if (c->all.now)
		add_versus(&g, &c->all, "all requests");
	grid_print(&g, t);
	grid_clear(&g);
	free(changed);
}

/* --- words -------------------------------------------------------------- */

/* Text as it was written into memory; frees it. */
static void print_text(
    struct terminal *t, enum style style, const char *first, char *text)
{
	char *shown = text_shown(text);

	terminal_wrap(t, style, first, 2, shown);
	free(shown);
	free(text);
}

static void print_differences(struct terminal *t, const struct results *results)
{
	struct load_difference differences[LOAD_DIFFERENCES];
	size_t n = baseline_load_differences(results, differences);
	char *text = xstrdup("the load was another, so the times may be too: ");

	for (size_t i = 0; i < n; i++) {
		char *longer = xasprintf("%s%s%s %s then, %s now", text,
		    i > 0 ? "; " : "", differences[i].key, differences[i].then,
		    differences[i].now);

		load_difference_clear(&differences[i]);
		free(text);
		text = longer;
	}
	if (n > 0)
		print_text(t, STYLE_WARNING, "! ", text);
	else
		free(text);
}

static void print_failing(
    struct terminal *t, const struct versus *v, const char *name)
{
	char then[FIGURE_BYTES], now[FIGURE_BYTES];
	bool is_more = v->failures == VERSUS_FAILS_MORE;
	char *text;

	if (v->failures == VERSUS_FAILS_SAME)
		return;
	text = xasprintf("%s fails %s: %s %% of its requests, %s %% then", name,
	    is_more ? "MORE" : "less",
	    figure_percent(now, v->now->failures, v->now->requests),
	    figure_percent(then, v->then->failures, v->then->requests));
	print_text(
	    t, is_more ? STYLE_BAD : STYLE_PLAIN, is_more ? "! " : "  ", text);
}

static void print_failures(struct terminal *t, const struct comparison *c)
{
	for (size_t i = 0; i < c->n_rows; i++) {
		char *name = versus_name(&c->rows[i]);

		print_failing(t, &c->rows[i], name);
		free(name);
	}
}

static size_t count_times(const struct comparison *c, enum versus_times times)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_rows; i++)
		n += c->rows[i].times == times;
	return n;
}

/* "  new: GET /a, GET /b and 3 more" */
static void print_names(struct terminal *t, const struct comparison *c,
    enum versus_times times, const char *label)
{
	size_t n = count_times(c, times), told = 0;
	char *text = xasprintf("%s:", label);

	for (size_t i = 0; i < c->n_rows && told < NAMES_TOLD; i++) {
		char *name, *longer;

		if (c->rows[i].times != times)
			continue;
		name = versus_name(&c->rows[i]);
		longer =
		    xasprintf("%s%s %s", text, told++ > 0 ? "," : "", name);
		free(name);
		free(text);
		text = longer;
	}
	if (n > told) {
		char *longer = xasprintf("%s and %zu more", text, n - told);

		free(text);
		text = longer;
	}
	if (n > 0)
		print_text(t, STYLE_PLAIN, "  ", text);
	else
		free(text);
}

static void print_rest(struct terminal *t, const struct comparison *c)
{
	size_t same = count_times(c, VERSUS_SAME);
	size_t few = count_times(c, VERSUS_TOO_FEW);

	if (same > 0)
		terminal_line(t, STYLE_PLAIN,
		    "  %zu row%s no difference beyond the noise", same,
		    same == 1 ? " shows" : "s show");
	if (few > 0)
		terminal_line(t, STYLE_PLAIN,
		    "  %zu row%s fewer than %d samples in one of the runs: "
		    "too few to say",
		    few, few == 1 ? " has" : "s have", VERSUS_FEW_SAMPLES);
	print_names(t, c, VERSUS_NEW, "new");
	print_names(t, c, VERSUS_GONE, "gone");
}

void print_baseline_notes(struct terminal *t, const struct results *results)
{
	const struct comparison *c = results->comparison;

	print_differences(t, results);
	if (results->baseline->is_untrusted)
		terminal_line(t, STYLE_WARNING, "%s",
		    "! that run was not to be trusted, by its own verdict");
	print_failures(t, c);
	print_rest(t, c);
}

void print_baseline(struct terminal *t, const struct results *results)
{
	char *heading, *shown;

	if (!results->comparison || !results->has_begun)
		return;
	heading = baseline_heading(results->baseline);
	shown = text_shown(heading);
	terminal_line(t, STYLE_HEAD, "%s", shown);
	print_changed(t, results->comparison);
	print_baseline_notes(t, results);
	terminal_line(t, STYLE_PLAIN, "%s", "");
	free(shown);
	free(heading);
}
