/*
 * The table of thresholds. It knows not how they are judged.
 */
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "report/grid.h"
#include "report/summary.h"
#include "report/thresholds.h"

static const struct grid_column columns[] = {
    {"", ALIGN_LEFT, 0},
    {"of", ALIGN_NAME, 0},
    {"measure", ALIGN_LEFT, 0},
    {"wanted", ALIGN_LEFT, 0},
    {"value", ALIGN_RIGHT, 0},
    {"margin", ALIGN_RIGHT, 1},
};

char *threshold_margin(char *out, const struct threshold_view *view)
{
	double percent = 100 * view->margin;

	if (!view->has_samples || view->threshold->limit <= 0)
		snprintf(out, FIGURE_BYTES, "-");
	else if (view->margin == 0)
		snprintf(out, FIGURE_BYTES, "0 %%");
	else if (fabs(percent) < 0.1)
		snprintf(out, FIGURE_BYTES, "%s0.1 %%",
		    view->margin < 0 ? "> -" : "<");
	else if (fabs(percent) > 999) /* above a floor, or a ceiling */
		snprintf(out, FIGURE_BYTES, "beyond %s999 %%",
		    view->margin < 0 ? "-" : "+");
	else if (fabs(percent) < 9.95)
		snprintf(out, FIGURE_BYTES, "%.1f %%", percent);
	else
		snprintf(out, FIGURE_BYTES, "%.0f %%", percent);
	return out;
}

static void add_threshold(struct grid *g, const struct results *results,
    const struct threshold_view *view)
{
	const struct threshold *t = view->threshold;
	char *scope = threshold_scope(results->plan, t);
	char text[FIGURE_BYTES];

	grid_row(g, view->holds ? STYLE_PLAIN : STYLE_BAD);
	grid_text(g, view->holds ? "holds" : "FAILED");
	grid_text(g, scope);
	grid_text(g, t->key);
	grid_text(g, t->wanted);
	grid_text(
	    g, view->has_samples ? threshold_value(text, view) : "no samples");
	grid_text(g, threshold_margin(text, view));
	free(scope);
}

void print_thresholds(struct terminal *t, const struct results *results)
{
	struct grid g;

	if (results->n_thresholds == 0 || !results->has_begun)
		return;
	grid_init(&g, columns, ARRAY_LEN(columns), 2);
	for (size_t i = 0; i < results->n_thresholds; i++)
		add_threshold(&g, results, &results->thresholds[i]);
	terminal_line(t, STYLE_HEAD, "%s", "Thresholds");
	grid_print(&g, t);
	terminal_line(t, STYLE_PLAIN, "%s", "");
	grid_clear(&g);
}
