/*
 * Targets and stages as people say them. It must not know how far a run is.
 */
#include "report/stages.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "load/schedule.h"
#include "report/text.h"

enum { MOST_STAGES = 8 };

/* --- one stage ---------------------------------------------------------- */

bool stage_is_named(const struct load_options *load, size_t stage)
{
	char number[FIGURE_BYTES];

	snprintf(number, sizeof(number), "%zu", stage + 1);
	return strcmp(load->stages[stage].name, number) != 0;
}

char *stage_label(const struct load_options *load, size_t stage)
{
	if (stage_is_named(load, stage))
		return xstrdup(load->stages[stage].name);
	return xasprintf("%zu/%zu", stage + 1, load->n_stages);
}

/* What targets count. */
static const char *unit(const struct load_options *load, double target)
{
	bool is_one = target >= 1 && target <= 1;

	if (load->model == LOAD_RATE)
		return is_one ? "task/s" : "tasks/s";
	return is_one ? "user" : "users";
}

/* The first says of what. */
static void put_first(FILE *out, const struct load_options *load)
{
	const struct stage *stage = &load->stages[0];
	char to[FIGURE_BYTES], time[FIGURE_BYTES];

	figure_number(to, stage->target);
	if (stage->duration_us == 0)
		fprintf(out, "%s %s at once", to, unit(load, stage->target));
	else if (stage->target > 0)
		fprintf(out, "0 to %s %s in %s", to, unit(load, stage->target),
		    figure_duration(time, stage->duration_us));
	else
		fprintf(out, "0 %s for %s", unit(load, 0),
		    figure_duration(time, stage->duration_us));
}

static void put_next(FILE *out, const struct load_options *load, size_t i)
{
	double from = load->stages[i - 1].target, to = load->stages[i].target;
	char target[FIGURE_BYTES], time[FIGURE_BYTES];

	figure_number(target, to);
	figure_duration(time, load->stages[i].duration_us);
	if (from < to)
		fprintf(out, ", up to %s", target);
	else if (from > to)
		fprintf(out, ", down to %s", target);
	else
		fprintf(out, ", %s for %s", target, time);
	if (from < to || from > to)
		fprintf(out, "%s%s",
		    load->stages[i].duration_us > 0 ? " in " : " at once",
		    load->stages[i].duration_us > 0 ? time : "");
}

/* --- all of them -------------------------------------------------------- */

void put_stages(FILE *out, const struct load_options *load)
{
	for (size_t i = 0; i < load->n_stages && i < MOST_STAGES; i++) {
		if (i == 0)
			put_first(out, load);
		else
			put_next(out, load, i);
		if (stage_is_named(load, i))
			fprintf(out, " (%s)", load->stages[i].name);
	}
	if (load->n_stages > MOST_STAGES)
		fprintf(out, ", and %zu more", load->n_stages - MOST_STAGES);
}

void put_stage_count(FILE *out, const struct load_options *load)
{
	if (load->has_stages)
		fprintf(out, " in %zu stage%s", load->n_stages,
		    plural(load->n_stages));
}

void put_rate(FILE *out, const struct load_options *load)
{
	double peak = schedule_peak(load, (double)UINT64_MAX);
	char figure[FIGURE_BYTES];

	fprintf(out, "%s%s task%s a second", load->has_stages ? "up to " : "",
	    figure_number(figure, peak), peak >= 1 && peak <= 1 ? "" : "s");
	put_stage_count(out, load);
}

/* --- the ramp ----------------------------------------------------------- */

uint64_t ramp_us(const struct load_options *load)
{
	return schedule_rise_us(load, load->users - 1, 0);
}

uint64_t ramp_started(const struct load_options *load, uint64_t end_us)
{
	return schedule_turnout(load, (double)end_us - 1).most;
}

bool ramp_is_cut(const struct load_options *load)
{
	return load->model == LOAD_USERS && load->run_time_us > 0 &&
	       ramp_us(load) >= load->run_time_us;
}

/* A rate at which the ramp takes a tenth of the run, a whole number. */
static uint64_t fitting_rate(const struct load_options *load)
{
	return (uint64_t)ceil((double)load->users * 10 * (double)US_PER_S /
			      (double)load->run_time_us);
}

char *ramp_cut_text(const struct load_options *load)
{
	char started[FIGURE_BYTES], users[FIGURE_BYTES];
	char ramp[FIGURE_BYTES], time[FIGURE_BYTES];
	char *text, *mended;

	figure_count(started, ramp_started(load, load->run_time_us));
	text = xasprintf("only %s of %s users start within the run_time of "
			 "%s: the last is due after %s",
	    started, figure_count(users, load->users),
	    figure_duration(time, load->run_time_us),
	    figure_duration(ramp, ramp_us(load)));
	if (load->has_stages)
		return text;
	mended = xasprintf("%s: write spawn_rate = %" PRIu64
			   ", or all to start them at once",
	    text, fitting_rate(load));
	free(text);
	return mended;
}
