/*
 * The table of stages: what began in each. It must not know how samples are
 * told apart.
 */
#include "report/summary.h"

#include <stdlib.h>

#include "base/util.h"
#include "report/grid.h"
#include "report/results.h"
#include "report/text.h"

enum { MOST_STAGES = 20 };

static const struct grid_column columns[] = {
    {"stage", ALIGN_NAME, 0},
    {"when", ALIGN_LEFT, 2},
    {"requests", ALIGN_RIGHT, 0},
    {"failed", ALIGN_RIGHT, 0},
    {"p50 ms", ALIGN_POINT, 0},
    {"p95 ms", ALIGN_POINT, 0},
    {"max ms", ALIGN_POINT, 1},
    {"req/s", ALIGN_POINT, 0},
};

static uint64_t earlier(uint64_t a_us, uint64_t b_us)
{
	return a_us < b_us ? a_us : b_us;
}

/* When it was over: the run may have ended in it. */
static uint64_t over_us(
    const struct results *results, const struct stage_view *stage)
{
	uint64_t run_time_us = results->plan->load.run_time_us;
	uint64_t end_us = earlier(stage->end_us, results->now_us);

	end_us = earlier(end_us, results->stop_us);
	return run_time_us > 0 ? earlier(end_us, run_time_us) : end_us;
}

static void add_times(struct grid *g, const struct row *row)
{
	static const uint32_t ppm[] = {500000, 950000, 1000000};
	char text[FIGURE_BYTES];

	for (size_t i = 0; i < ARRAY_LEN(ppm); i++)
		grid_text(g, figure_quantile(text, &row->response, ppm[i]));
}

static void add_stage(struct grid *g, const struct results *results,
    const struct stage_view *stage)
{
	const struct row *all = &stage->all;
	uint64_t measured_us = stage_measured_us(results, stage);
	char from[FIGURE_BYTES], to[FIGURE_BYTES], text[FIGURE_BYTES];
	char *time =
	    xasprintf("%s to %s", figure_duration(from, stage->start_us),
		figure_duration(to, over_us(results, stage)));

	grid_row(g, all->failures > 0 ? STYLE_BAD : STYLE_PLAIN);
	grid_text(g, stage->stage->name);
	grid_text(g, time);
	grid_text(g, figure_count(text, all->requests));
	grid_text(g, figure_count(text, all->failures));
	add_times(g, all);
	grid_text(
	    g, measured_us > 0
		   ? figure_rate(text, rate_per_s(all->requests, measured_us))
		   : "-");
	free(time);
}

/* Those that take no time, and those behind the end, have nothing to tell. */
static bool has_been(
    const struct results *results, const struct stage_view *stage)
{
	return stage->all.requests > 0 || stage_measured_us(results, stage) > 0;
}

static void note_others(struct grid *g, size_t n)
{
	char *text = xasprintf("... %zu more", n);

	grid_note(g, STYLE_FAINT, text);
	free(text);
}

void print_stage_table(struct terminal *t, const struct results *results)
{
	struct grid g;
	size_t n = 0;

	grid_init(&g, columns, ARRAY_LEN(columns), 2);
	for (size_t i = 0; i < results->n_stages; i++) {
		const struct stage_view *stage = &results->stages[i];

		if (has_been(results, stage) && n++ < MOST_STAGES)
			add_stage(&g, results, stage);
	}
	if (n > MOST_STAGES)
		note_others(&g, n - MOST_STAGES);
	/* one alone is the whole run */
	if (n > 1) {
		terminal_line(t, STYLE_HEAD, "%s", "Stages");
		grid_print(&g, t);
		terminal_line(t, STYLE_PLAIN, "%s", "");
	}
	grid_clear(&g);
}
