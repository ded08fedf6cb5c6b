/*
 * Where a run is, in a few words each. It must not know where they stand.
 */
#include "report/live.h"

#include <stdlib.h>

#include "base/util.h"
#include "report/results.h"
#include "report/stages.h"
#include "report/text.h"

enum { STAGE_COLUMNS = 16 };

static char *label_text(const struct load_options *load, size_t stage)
{
	char *label = stage_label(load, stage);
	char *shown = text_shown(label);
	char *cut = text_cut(shown, STAGE_COLUMNS);

	free(label);
	free(shown);
	return cut;
}

char *live_stage_text(const struct results *results)
{
	const struct load_options *load = &results->plan->load;

	if (!load->has_stages)
		return xstrdup("");
	return label_text(load, stage_now(results));
}

size_t live_stage_columns(const struct results *results)
{
	const struct load_options *load = &results->plan->load;
	size_t most = 0;

	for (size_t i = 0; load->has_stages && i < load->n_stages; i++) {
		char *label = label_text(load, i);
		size_t columns = text_columns(label);

		most = columns > most ? columns : most;
		free(label);
	}
	return most;
}

/* A wait for the last answers lowers neither rate. */
char *live_tasks_text(const struct results *results)
{
	const struct books *b = &results->interval_books;
	uint64_t over_us = interval_due_us(results);
	char started[FIGURE_BYTES], due[FIGURE_BYTES];

	if (results->plan->load.model != LOAD_RATE || !results->has_begun)
		return xstrdup("");
	return xasprintf("tasks %s of %s/s",
	    figure_rate(started, rate_per_s(b->tasks, over_us)),
	    figure_rate(due,
		over_us > 0
		    ? interval_due(results) * (double)US_PER_S / (double)over_us
		    : 0));
}

char *live_late_text(const struct books *b)
{
	char late[FIGURE_BYTES], dropped[FIGURE_BYTES];

	figure_count(late, b->late);
	figure_count(dropped, b->dropped);
	if (b->late > 0 && b->dropped > 0)
		return xasprintf("%s task%s late, %s dropped in all", late,
		    plural(b->late), dropped);
	if (b->late > 0)
		return xasprintf(
		    "%s task%s late in all", late, plural(b->late));
	if (b->dropped > 0)
		return xasprintf(
		    "%s task%s dropped in all", dropped, plural(b->dropped));
	return xstrdup("");
}

bool live_is_warmup(const struct results *results)
{
	return results->now_us <= results->plan->load.warmup_us &&
	       results->plan->load.warmup_us > 0;
}

char *live_warmup_text(const struct results *results)
{
	char requests[FIGURE_BYTES], failed[FIGURE_BYTES];

	return xasprintf("warm-up: %s request%s, %s failed",
	    figure_count(requests, results->warmup_requests),
	    plural(results->warmup_requests),
	    figure_count(failed, results->warmup_failures));
}
