/*
 * The load of a forecast: how many users or tasks when, where they go, when it
 * ends. It must not know what tasks are made of.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "load/schedule.h"
#include "report/forecast_private.h"
#include "report/grid.h"
#include "report/stages.h"
#include "report/text.h"

enum { MOST_HOSTS = 5, MOST_STAGES = 30 };

/* --- users -------------------------------------------------------------- */

static void print_users(struct forecast *f)
{
	const struct load_options *load = &f->plan->load;
	char users[FIGURE_BYTES], rate[FIGURE_BYTES], time[FIGURE_BYTES];

	figure_count(users, load->users);
	if (load->has_stages)
		forecast_item(f, "users",
		    xasprintf("at most %s, in %zu stage%s", users,
			load->n_stages, plural(load->n_stages)));
	else if (load->users == 1)
		forecast_item(f, "users", xstrdup(users));
	else if (isinf(load->spawn_rate))
		forecast_item(
		    f, "users", xasprintf("%s, all started at once", users));
	else
		forecast_item(f, "users",
		    xasprintf("%s, started at %s/s: the last one after %s",
			users, figure_number(rate, load->spawn_rate),
			figure_duration(time, ramp_us(&f->plan->load))));
}

/* --- a rate of tasks ---------------------------------------------------- */

/* ": 15,000 are due", where there is an end; owned by the caller. */
static char *due_text(const struct load_options *load)
{
	double due;
	char n[FIGURE_BYTES];

	if (load->run_time_us == 0)
		return xstrdup("");
	due = schedule_due(load, (double)load->run_time_us);
	if (load->iterations > 0)
		due = fmin(due, (double)load->iterations);
	return xasprintf(
	    ": %s %s due", forecast_count(n, due), due < 1.5 ? "is" : "are");
}

/* "500 tasks a second, evenly spaced: 15,000 are due" */
static void print_rate(struct forecast *f)
{
	static const char *const spacings[] = {
	    [SPACING_EVEN] = "evenly spaced",
	    [SPACING_POISSON] = "at random times (poisson)",
	};
	const struct load_options *load = &f->plan->load;
	char *text = NULL, *due;
	size_t len;
	FILE *out = text_open(&text, &len);

	due = due_text(load);
	put_rate(out, load);
	fprintf(out, ", %s%s", spacings[load->spacing], due);
	free(due);
	text_close(out);
	forecast_item(f, "rate", text);
}

static void print_pool(struct forecast *f)
{
	static const char *const lates[] = {
	    [LATE_QUEUE] = "starts as soon as one is free, and its time counts "
			   "from when it was due",
	    [LATE_DROP] = "is dropped",
	};
	const struct load_options *load = &f->plan->load;
	char users[FIGURE_BYTES];

	forecast_item(f, "users",
	    xasprintf("as many as are needed, at most %s",
		figure_count(users, load->users)));
	forecast_item(f, "late",
	    xasprintf("a task that is due while no user is free %s",
		lates[load->late]));
}

/* --- stages ------------------------------------------------------------- */

static const struct grid_column user_columns[] = {
    {"Stages", ALIGN_NAME, 0},
    {"From", ALIGN_RIGHT, 0},
    {"To", ALIGN_RIGHT, 0},
    {"Users", ALIGN_RIGHT, 0},
    {"Tasks", ALIGN_RIGHT, 2},
    {"Requests", ALIGN_RIGHT, 1},
};

static const struct grid_column rate_columns[] = {
    {"Stages", ALIGN_NAME, 0},
    {"From", ALIGN_RIGHT, 0},
    {"To", ALIGN_RIGHT, 0},
    {"Tasks/s", ALIGN_RIGHT, 0},
    {"Tasks", ALIGN_RIGHT, 2},
    {"Requests", ALIGN_RIGHT, 1},
};

/* A part of the run: a stage, or what is held behind the last one. */
struct part {
	const char *name;
	double from_us;
	double to_us; /* INFINITY: until it is stopped */
	double from;  /* targets */
	double to;
	bool is_last;
};

/* "0 to 30", or "30" */
static char *target_text(const struct part *part)
{
	char from[FIGURE_BYTES], to[FIGURE_BYTES];

	figure_number(from, part->from);
	figure_number(to, part->to);
	if (part->from < part->to || part->from > part->to)
		return xasprintf("%s to %s", from, to);
	return xstrdup(to);
}

/* What is begun in it: what is begun in the instant of its end is begun in the
 * next one. */
static void add_flow(
    struct forecast *f, struct grid *g, const struct part *part)
{
	double to_us = part->is_last ? part->to_us : part->to_us - 1;
	struct flow before = demand_until(&f->demand, part->from_us - 1);
	struct flow after;
	char n[FIGURE_BYTES];

	if (isinf(part->to_us))
		return;
	after = demand_until(&f->demand, to_us);
	if (isinf(after.tasks))
		return;
	grid_text(g, forecast_count(n, fmax(0, after.tasks - before.tasks)));
	grid_text(
	    g, forecast_count(n, fmax(0, after.requests - before.requests)));
}

static void add_part(
    struct forecast *f, struct grid *g, const struct part *part)
{
	char time[FIGURE_BYTES];
	char *name = xasprintf("  %s", part->name);
	char *target = target_text(part);

	grid_row(g, STYLE_PLAIN);
	grid_text(g, name);
	grid_text(g, figure_duration(time, (uint64_t)part->from_us));
	grid_text(g, isinf(part->to_us)
			 ? "stopped"
			 : figure_duration(time, (uint64_t)part->to_us));
	grid_text(g, target);
	add_flow(f, g, part);
	free(target);
	free(name);
}

/* The run may end before the stage does, or before it begins: false. */
static bool get_part(
    struct part *part, const struct load_options *load, size_t i, double end_us)
{
	uint64_t from_us = schedule_stage_start_us(load, i);
	bool is_held = i == load->n_stages;

	*part = (struct part) {
	    .name = is_held ? "then" : load->stages[i].name,
	    .from_us = (double)from_us,
	    .to_us =
		is_held ? end_us
			: (double)from_us + (double)load->stages[i].duration_us,
	    .from = i > 0 ? load->stages[i - 1].target : 0,
	    .to = load->stages[is_held ? i - 1 : i].target,
	};
	part->is_last = part->to_us >= end_us;
	if (part->to_us > end_us) {
		part->to_us = end_us;
		part->to = schedule_target(load, (uint64_t)end_us);
	}
	return part->from_us < end_us;
}

static void print_stages(struct forecast *f)
{
	const struct load_options *load = &f->plan->load;
	bool is_rate = load->model == LOAD_RATE;
	size_t i, left_out = 0;
	struct part part;
	struct grid g;
	char *note;
	double end_us;

	demand_answers(&f->demand, USUAL_ANSWER_US);
	end_us = demand_end_us(&f->demand);
	grid_init(&g, is_rate ? rate_columns : user_columns,
	    ARRAY_LEN(user_columns), 2);
	for (i = 0; i <= load->n_stages; i++) {
		if (!get_part(&part, load, i, end_us))
			break;
		if (i < MOST_STAGES)
			add_part(f, &g, &part);
		else
			left_out++;
	}
	if (left_out > 0) {
		note = xasprintf("  ... %zu more", left_out);
		grid_note(&g, STYLE_FAINT, note);
		free(note);
	}
	grid_print(&g, &f->t);
	grid_clear(&g);
	if (i < load->n_stages)
		forecast_note(f, "the run ends before the other stages");
	forecast_note(f, "estimated, where answers take 10ms");
	forecast_blank_line(f);
}

/* --- the end ------------------------------------------------------------ */

/* Owned by the caller. */
static char *end_text(const struct plan *plan)
{
	const struct load_options *load = &plan->load;
	char time[FIGURE_BYTES], tasks[FIGURE_BYTES];
	const char *are = load->iterations == 1 ? "is" : "are";

	figure_duration(time, load->run_time_us);
	figure_count(tasks, load->iterations);
	if (load->run_time_us > 0 && load->iterations > 0)
		return xasprintf("after %s, or when %s task%s %s done", time,
		    tasks, plural(load->iterations), are);
	if (load->run_time_us > 0)
		return xasprintf("after %s", time);
	if (load->iterations > 0)
		return xasprintf("when %s task%s %s done", tasks,
		    plural(load->iterations), are);
	if (forecast_does_every_kind_leave(plan))
		return xstrdup("when every user has done its tasks");
	return xstrdup("when it is stopped");
}

static void print_end(struct forecast *f)
{
	uint64_t more_us = f->plan->load.stop_timeout_us;
	char more[FIGURE_BYTES];
	char *end = end_text(f->plan);

	if (more_us > 0)
		forecast_item(f, "ends",
		    xasprintf("%s; what still runs then has %s more", end,
			figure_duration(more, more_us)));
	else
		forecast_item(f, "ends",
		    xasprintf("%s; what still runs then is cut off", end));
	free(end);
}

static void print_warmup(struct forecast *f)
{
	char time[FIGURE_BYTES];

	if (f->plan->load.warmup_us > 0)
		forecast_item(f, "warm-up",
		    xasprintf("what begins in the first %s stays out of the "
			      "results",
			figure_duration(time, f->plan->load.warmup_us)));
}

/* --- where it goes ------------------------------------------------------ */

static void print_hosts(struct forecast *f)
{
	const struct plan *plan = f->plan;
	char *list = xstrdup("");
	size_t n = plan->n_asked < MOST_HOSTS ? plan->n_asked : MOST_HOSTS;

	for (size_t i = 0; i < n; i++) {
		char *longer = xasprintf(
		    "%s%s%s", list, i > 0 ? ", " : "", plan->bases[i].text);

		free(list);
		list = longer;
	}
	if (plan->n_asked > n) {
		char *longer =
		    xasprintf("%s and %zu more", list, plan->n_asked - n);

		free(list);
		list = longer;
	}
	if (n == 0) {
		free(list);
		list = xstrdup("each request names its own");
	}
	forecast_item(f, plan->n_asked > 1 ? "hosts" : "host", list);
}

/* --- the whole ---------------------------------------------------------- */

static void print_workers(struct forecast *f)
{
	char each[FIGURE_BYTES], all[FIGURE_BYTES];

	figure_count(all, f->workers);
	if (!forecast_is_remote(f))
		forecast_item(f, "workers", xstrdup(all));
	else if (f->workers == 0)
		forecast_item(f, "workers",
		    xstrdup("on each host one for each of its cores"));
	else
		forecast_item(f, "workers",
		    xasprintf("%s on each host, %s in all",
			figure_count(each, f->plan->load.workers), all));
}

void forecast_load(struct forecast *f)
{
	const struct load_options *load = &f->plan->load;

	terminal_line(&f->t, STYLE_HEAD, "%s", "Load");
	if (load->model == LOAD_RATE) {
		print_rate(f);
		print_pool(f);
	} else {
		print_users(f);
	}
	print_end(f);
	print_warmup(f);
	print_hosts(f);
	print_workers(f);
	if (load->has_seed)
		forecast_item(f, "seed", xasprintf("%" PRIu64, load->seed));
	forecast_blank_line(f);
	if (load->has_stages)
		print_stages(f);
}
