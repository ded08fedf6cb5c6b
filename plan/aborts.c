/*
 * Whether what is to end a run can do so: there have to be intervals for it. It
 * must not know what is measured.
 */
#include <stdlib.h>

#include "base/util.h"
#include "plan/loader.h"
#include "plan/values.h"

/* A time of the run, since its start. */
struct stretch {
	uint64_t from_us;
	uint64_t to_us;
};

static uint64_t stages_us(const struct load_options *load, size_t n)
{
	uint64_t sum_us = 0;

	for (size_t i = 0; i < n; i++)
		sum_us = add_saturated(sum_us, load->stages[i].duration_us);
	return sum_us;
}

/* When it is looked at, at the most: with intervals as short as can be. */
static struct stretch looked_at(
    const struct load_options *load, const struct threshold *t)
{
	uint64_t end_us =
	    load->run_time_us > 0 ? load->run_time_us : UINT64_MAX;
	struct stretch s = {0, end_us};

	if (t->stage != SIZE_MAX) {
		s.from_us = stages_us(load, t->stage);
		if (t->stage + 1 < load->n_stages)
			s.to_us = stages_us(load, t->stage + 1);
	}
	if (s.from_us < load->warmup_us)
		s.from_us = load->warmup_us;
	if (s.to_us > end_us)
		s.to_us = end_us;
	if (s.from_us > s.to_us)
		s.from_us = s.to_us;
	return s;
}

/* Whether whole intervals of this length come to as much of it as it takes. */
static bool can_come(const struct load_options *load, const struct threshold *t,
    uint64_t interval_us)
{
	struct stretch s = looked_at(load, t);
	uint64_t first, last, most_us = s.to_us;

	if (most_us == UINT64_MAX)
		return true;
	if (most_us == load->run_time_us)
		most_us -= most_us < interval_us / SCRAP_PART
			       ? most_us
			       : interval_us / SCRAP_PART;
	first = s.from_us / interval_us + (s.from_us % interval_us > 0);
	last = most_us / interval_us;
	return last > first && (last - first) * interval_us >= t->for_us;
}

/* The longest that will do, of those that people write; 0: none. */
static uint64_t better_interval_us(
    const struct load_options *load, const struct threshold *t)
{
	static const uint64_t usual_us[] = {2 * US_PER_S, US_PER_S,
	    500 * US_PER_MS, 200 * US_PER_MS, 100 * US_PER_MS};

	for (size_t i = 0; i < ARRAY_LEN(usual_us); i++)
		if (usual_us[i] < load->report_interval_us &&
		    can_come(load, t, usual_us[i]))
			return usual_us[i];
	return 0;
}

static void warn_of(struct loader *l, const struct threshold *t)
{
	const struct load_options *load = &l->plan->load;
	uint64_t better_us = better_interval_us(load, t);
	char interval[32], time[32], better[32];
	char *mend, *none;

	format_duration(interval, sizeof(interval), load->report_interval_us);
	format_duration(time, sizeof(time), t->for_us);
	none = t->for_us > 0 ? xasprintf("no %s of them lie", time)
			     : xstrdup("none of them lies");
	mend = better_us > 0
		   ? xasprintf("write report_interval = %s in [load]",
			 format_duration(better, sizeof(better), better_us))
		   : xasprintf("make the %s longer%s",
			 t->stage != SIZE_MAX ? "stage" : "run",
			 t->for_us > 0 ? ", or the for shorter" : "");
	diag_warning(l->diag, t->where,
	    "abort: whole intervals of %s are looked at, and %s in the %s%s, "
	    "so it never ends the run: %s",
	    interval, none, t->stage != SIZE_MAX ? "stage " : "run",
	    t->stage != SIZE_MAX ? quote(load->stages[t->stage].name).text : "",
	    mend);
	free(mend);
	free(none);
}

void aborts_finish(struct loader *l)
{
	const struct plan *plan = l->plan;

	if (l->diag->errors > 0)
		return;
	for (size_t i = 0; i < plan->n_thresholds; i++) {
		const struct threshold *t = &plan->thresholds[i];

		if (t->aborts &&
		    !can_come(&plan->load, t, plan->load.report_interval_us))
			warn_of(l, t);
	}
}
