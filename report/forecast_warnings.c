/*
 * What would surprise people in a forecast. It must not know where the figures
 * are told otherwise.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "load/budget.h"
#include "plan/data.h"
#include "report/forecast.h"
#include "report/forecast_private.h"
#include "report/stages.h"
#include "report/text.h"

/* Commands are run one at a time: more than this they hardly come to. */
#define MOST_COMMANDS_PER_S 50

enum { MOST_ALIKE = 5 }; /* warnings of one sort */

/* Prints the heading before the first, and frees the text. */
static void warn(struct forecast *f, char *text)
{
	char *shown = text_shown(text);

	if (!f->has_warned) {
		terminal_line(&f->t, STYLE_PLAIN, "%s", "");
		terminal_line(&f->t, STYLE_HEAD, "%s", "Warnings");
	}
	f->has_warned = true;
	terminal_wrap(&f->t, STYLE_WARNING, "! ", 2, shown);
	free(shown);
	free(text);
}

/* --- the end, the ramp, the pool ---------------------------------------- */

static void warn_end(struct forecast *f)
{
	demand_answers(&f->demand, USUAL_ANSWER_US);
	if (isinf(demand_end_us(&f->demand)))
		warn(f,
		    xstrdup("it has no end: it runs until it is stopped; give "
			    "it a run_time or iterations"));
}

static void warn_ramp(struct forecast *f)
{
	if (ramp_is_cut(&f->plan->load))
		warn(f, ramp_cut_text(&f->plan->load));
}

static void warn_pool(struct forecast *f)
{
	const struct load_options *load = &f->plan->load;
	char needed[FIGURE_BYTES], users[FIGURE_BYTES];

	demand_answers(&f->demand, USUAL_ANSWER_US);
	if (load->model != LOAD_RATE ||
	    forecast_needed(f) <= (double)load->users)
		return;
	warn(f, xasprintf("where answers take 10ms, the rate needs %s users, "
			  "and there are at most %s: tasks %s; raise "
			  "max_users",
		    forecast_count(needed, forecast_needed(f)),
		    figure_count(users, load->users),
		    load->late == LATE_DROP ? "will be dropped"
					    : "will start late"));
}

/* --- tasks -------------------------------------------------------------- */

static void warn_silent(struct forecast *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->plan->n_tasks; i++) {
		const struct task *task = f->plan->tasks[i];
		struct task_demand t = demand_of(&f->demand, task);

		if (!task->is_drawn || t.requests > 0 || n++ >= MOST_ALIKE)
			continue;
		warn(f, xasprintf("task %s sends no request",
			    forecast_task_name(task)));
	}
	if (n > MOST_ALIKE)
		warn(f, xasprintf(
			    "%zu more tasks send no request", n - MOST_ALIKE));
}

/* Users who wait for nothing, not for answers either. */
static void warn_restless(struct forecast *f)
{
	/* tasks of a rate wait until they are due */
	if (f->plan->load.model == LOAD_RATE)
		return;
	demand_answers(&f->demand, (double)US_PER_S);
	for (size_t i = 0; i < f->plan->n_kinds; i++) {
		const char *name = f->plan->kinds[i]->name;

		if (f->demand.kinds[i].users == 0 ||
		    f->demand.kinds[i].cycle_us > 0)
			continue;
		warn(f,
		    xasprintf("%s%susers wait for nothing: they begin tasks as "
			      "fast as they can; give them a wait",
			name, *name ? ": its " : ""));
		return;
	}
}

/* --- data --------------------------------------------------------------- */

static char *few_rows(const struct demand *d, size_t i)
{
	const struct data_file *file = &d->plan->data[i];
	uint64_t rows = data_rows(file->data);
	uint64_t users = demand_row_users(d, i);
	char need[FIGURE_BYTES], has[FIGURE_BYTES];

	if (users <= rows)
		return NULL;
	return xasprintf("data %s: %s users need a row of their own, and it "
			 "has %s: those who find none stop",
	    file->name, figure_count(need, users), figure_count(has, rows));
}

static bool is_for_users(const struct data_file *file)
{
	return file->order == DATA_UNIQUE && file->per == DATA_PER_USER;
}

void forecast_few_rows(struct terminal *t, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_data; i++) {
		struct demand demand;
		char *text;

		if (!is_for_users(&plan->data[i]))
			continue;
		demand_init(&demand, plan, NULL);
		text = few_rows(&demand, i);
		if (text != NULL)
			terminal_wrap(t, STYLE_WARNING, "! ", 2, text);
		free(text);
		demand_clear(&demand);
	}
}

static void warn_few_rows(struct forecast *f, size_t i)
{
	char *text = few_rows(&f->demand, i);

	if (text != NULL)
		warn(f, text);
}

static void warn_used_up(struct forecast *f, size_t i)
{
	const struct data_file *file = &f->plan->data[i];
	double end_us = demand_rows_end_us(&f->demand, i);
	char has[FIGURE_BYTES], time[FIGURE_BYTES];

	if (isinf(end_us))
		return;
	warn(f, xasprintf("data %s: its %s row%s are used up after %s, where "
			  "answers take 10ms: users who find none stop",
		    file->name, figure_count(has, data_rows(file->data)),
		    plural(data_rows(file->data)),
		    figure_elapsed(time, (uint64_t)end_us)));
}

static void warn_data(struct forecast *f)
{
	demand_answers(&f->demand, USUAL_ANSWER_US);
	for (size_t i = 0; i < f->plan->n_data; i++) {
		if (f->plan->data[i].order != DATA_UNIQUE)
			continue;
		if (is_for_users(&f->plan->data[i]))
			warn_few_rows(f, i);
		else
			warn_used_up(f, i);
	}
}

/* --- hooks -------------------------------------------------------------- */

/* How often a second the commands of a hook are started, where it can be
 * often. */
static double commands_per_s(struct forecast *f, const struct hook *hook)
{
	if (strcmp(hook->on, "request") != 0)
		return forecast_heard(f, hook->on).usual_per_s;
	demand_answers(&f->demand, USUAL_ANSWER_US);
	return demand_rate(&f->demand).requests;
}

static void warn_hooks(struct forecast *f)
{
	char rate[FIGURE_BYTES];

	for (size_t i = 0; i < f->plan->n_hooks && i < MOST_HOOKS; i++) {
		const struct hook *hook = &f->plan->hooks[i];
		double per_s = hook->stream ? 0 : commands_per_s(f, hook);

		if (per_s <= MOST_COMMANDS_PER_S)
			continue;
		warn(f,
		    xasprintf("hook %s: its command would be started %s times "
			      "a second, and what it does not keep up with is "
			      "dropped; stream = yes starts it once",
			hook->name,
			isinf(per_s) ? "countless" : figure_rate(rate, per_s)));
	}
}

/* --- ports -------------------------------------------------------------- */

static void warn_ports(struct forecast *f)
{
	struct port_budget b;
	char users[FIGURE_BYTES], room[FIGURE_BYTES], rate[FIGURE_BYTES];

	demand_answers(&f->demand, USUAL_ANSWER_US);
	if (!budget_ports(&b, &f->demand, &f->limits) || b.room == 0)
		return;
	figure_count(room, b.room);
	if (b.users > b.room)
		warn(f,
		    xasprintf("%s users need a local port each, and there are "
			      "%s for one address of a server: give more than "
			      "one source_ip, or a wider "
			      "net.ipv4.ip_local_port_range",
			figure_count(users, b.users), room));
	else if ((double)b.users + b.closing > (double)b.room)
		warn(f, xasprintf("keepalive = no: where answers take 10ms, %s "
				  "connections a second keep their local ports "
				  "for a minute each, and there are %s: wait "
				  "longer, or give more than one source_ip",
			    isinf(b.fresh) ? "countless"
					   : figure_rate(rate, b.fresh),
			    room));
}

void forecast_warnings(struct forecast *f)
{
	warn_end(f);
	warn_ramp(f);
	warn_pool(f);
	warn_silent(f);
	warn_restless(f);
	warn_data(f);
	warn_hooks(f);
	/* what hosts have is not known here */
	if (!forecast_is_remote(f))
		warn_ports(f);
}
