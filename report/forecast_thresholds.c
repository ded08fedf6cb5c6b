/*
 * The part of the forecast about thresholds: what would be judged, and what
 * would end the run.
 */
#include <stdlib.h>

#include "base/util.h"
#include "report/forecast_private.h"
#include "report/thresholds.h"

/* "p95 < 300ms", and of what; owned by the caller. */
static char *wanted_text(const struct plan *plan, const struct threshold *t)
{
	char time[FIGURE_BYTES] = "";
	char *scope = threshold_scope(plan, t), *text;

	if (t->for_us > 0)
		format_duration(time, sizeof(time), t->for_us);
	text = xasprintf("%s %s%s%s, of %s", t->key, t->wanted,
	    t->for_us > 0 ? " for " : "", time, scope);
	free(scope);
	return text;
}

/* A label stands in front of the first line alone. */
static void print_those(struct forecast *f, bool aborts, const char *label)
{
	const struct plan *plan = f->plan;

	for (size_t i = 0; i < plan->n_thresholds; i++) {
		const struct threshold *t = &plan->thresholds[i];

		if (t->aborts != aborts)
			continue;
		forecast_item(f, label, wanted_text(plan, t));
		label = "";
	}
}

void forecast_thresholds(struct forecast *f)
{
	if (f->plan->n_thresholds == 0)
		return;
	terminal_line(&f->t, STYLE_HEAD, "%s", "Thresholds");
	print_those(f, false, "passes with");
	print_those(f, true, "aborts at");
	terminal_line(&f->t, STYLE_PLAIN, "%s", "");
}
