/*
 * The forecast as a whole, and of its parts the load, what it needs, and how
 * many requests it comes to. It must not know how any of it is done.
 */
#include "report/forecast.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "load/pace.h"
#include "report/forecast_private.h"
#include "report/grid.h"
#include "report/text.h"

enum { LABEL_COLUMNS = 16, MOST_HOSTS = 5 };

/* --- what the parts share ----------------------------------------------- */

void forecast_item(struct forecast *f, const char *label, char *text)
{
	char *name = text_shown(label);
	char *shown = text_shown(text);
	size_t columns = 2 + text_columns(name);
	char *first = xasprintf("  %s%*s", name,
	    columns < LABEL_COLUMNS ? (int)(LABEL_COLUMNS - columns) : 2, "");

	if (columns + 2 <= LABEL_COLUMNS) {
		terminal_wrap(&f->t, STYLE_PLAIN, first, LABEL_COLUMNS, shown);
	} else {
		terminal_line(&f->t, STYLE_PLAIN, "  %s", name);
		terminal_wrap(&f->t, STYLE_PLAIN, NULL, LABEL_COLUMNS, shown);
	}
	free(first);
	free(shown);
	free(name);
	free(text);
}

uint64_t forecast_ramp_us(const struct plan *plan)
{
	return pace_user_start_us(plan->load.spawn_rate, plan->load.users - 1);
}

bool forecast_ramp_is_cut(const struct plan *plan)
{
	return plan->load.run_time_us > 0 &&
	       forecast_ramp_us(plan) >= plan->load.run_time_us;
}

uint64_t forecast_users_started(const struct plan *plan)
{
	const struct load_options *load = &plan->load;

	if (!forecast_ramp_is_cut(plan))
		return load->users;
	return pace_users_started(
	    load->spawn_rate, load->users, load->run_time_us - 1);
}

char *forecast_count(char *out, double n)
{
	return figure_count(out,
	    n < 1e18 ? (uint64_t)(n + 0.5) : UINT64_C(1000000000000000000));
}

const char *forecast_task_name(const struct task *task)
{
	return *task->name ? task->name : "[task]";
}

static void blank_line(struct forecast *f)
{
	terminal_line(&f->t, STYLE_PLAIN, "%s", "");
}

/* --- the load ----------------------------------------------------------- */

static void print_users(struct forecast *f)
{
	const struct load_options *load = &f->plan->load;
	char users[FIGURE_BYTES], rate[FIGURE_BYTES], time[FIGURE_BYTES];

	figure_count(users, load->users);
	if (load->users == 1)
		forecast_item(f, "users", xstrdup(users));
	else
		forecast_item(f, "users",
		    xasprintf("%s, started at %s/s: the last one after %s",
			users, figure_number(rate, load->spawn_rate),
			figure_duration(time, forecast_ramp_us(f->plan))));
}

static bool does_every_kind_leave(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_kinds; i++)
		if (plan->kinds[i]->iterations == 0)
			return false;
	return true;
}

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
	if (does_every_kind_leave(plan))
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

static void print_hosts(struct forecast *f)
{
	const struct plan *plan = f->plan;
	char *list = xstrdup("");
	size_t n = plan->n_bases < MOST_HOSTS ? plan->n_bases : MOST_HOSTS;

	for (size_t i = 0; i < n; i++) {
		char *longer = xasprintf(
		    "%s%s%s", list, i > 0 ? ", " : "", plan->bases[i].text);

		free(list);
		list = longer;
	}
	if (plan->n_bases > n) {
		char *longer =
		    xasprintf("%s and %zu more", list, plan->n_bases - n);

		free(list);
		list = longer;
	}
	if (n == 0) {
		free(list);
		list = xstrdup("each request names its own");
	}
	forecast_item(f, plan->n_bases > 1 ? "hosts" : "host", list);
}

static void print_load(struct forecast *f)
{
	const struct load_options *load = &f->plan->load;
	char workers[FIGURE_BYTES];

	terminal_line(&f->t, STYLE_HEAD, "%s", "Load");
	print_users(f);
	print_end(f);
	print_hosts(f);
	forecast_item(f, "workers", xstrdup(figure_count(workers, f->workers)));
	if (load->has_seed)
		forecast_item(f, "seed", xasprintf("%" PRIu64, load->seed));
	blank_line(f);
}

/* --- what it needs ------------------------------------------------------ */

static void print_files(struct forecast *f)
{
	char need[FIGURE_BYTES], limit[FIGURE_BYTES];

	figure_count(need, budget_files(f->plan, f->workers));
	if (f->limits.files == UINT64_MAX)
		forecast_item(f, "open files",
		    xasprintf("%s in each worker; there is no limit", need));
	else
		forecast_item(f, "open files",
		    xasprintf("%s of %s in each worker", need,
			figure_count(limit, f->limits.files)));
}

/* " of 28,232 (32768 to 60999)" */
static char *ports_there_are(
    const struct forecast *f, const struct port_budget *b)
{
	char room[FIGURE_BYTES], sources[FIGURE_BYTES];

	if (b->room == 0)
		return xstrdup("");
	snprintf(
	    sources, sizeof(sources), " on each of %zu addresses", b->sources);
	return xasprintf(" of %s (%" PRIu32 " to %" PRIu32 "%s)",
	    figure_count(room, b->room), f->limits.first_port,
	    f->limits.last_port, b->sources > 1 ? sources : "");
}

static void print_ports(struct forecast *f)
{
	struct port_budget b;
	char figure[FIGURE_BYTES];
	char *room;

	demand_answers(&f->demand, USUAL_ANSWER_US);
	if (!budget_ports(&b, &f->demand, &f->limits)) {
		forecast_item(f, "local ports",
		    xstrdup("none: all goes over unix sockets"));
		return;
	}
	room = ports_there_are(f, &b);
	forecast_item(f, "local ports",
	    xasprintf("%s%s, one for each user", figure_count(figure, b.users),
		room));
	free(room);
	if (b.fresh <= 0)
		return;
	forecast_item(f, "",
	    xasprintf("and %s a second for requests with keepalive = no, each "
		      "taken for a minute",
		isinf(b.fresh) ? "countless" : figure_rate(figure, b.fresh)));
}

static bool has_jobs(const struct forecast *f)
{
	for (size_t i = 0; i < f->plan->n_tasks; i++)
		if (f->demand.tasks[i].jobs > 0)
			return true;
	return false;
}

static void print_needs(struct forecast *f)
{
	char jobs[FIGURE_BYTES];

	terminal_line(&f->t, STYLE_HEAD, "%s", "Needs");
	print_files(f);
	print_ports(f);
	if (has_jobs(f))
		forecast_item(f, "background",
		    xasprintf("at most %s job%s at a time in each worker; "
			      "one may open a connection more",
			figure_count(jobs, f->plan->load.max_background),
			plural(f->plan->load.max_background)));
	blank_line(f);
}

/* --- requests ----------------------------------------------------------- */

static const double answers_us[] = {0, 10000, 100000, 1000000};

static const struct grid_column columns[] = {
    {"  Answers take", ALIGN_LEFT, 0},
    {"Requests/s", ALIGN_POINT, 0},
    {"In all", ALIGN_RIGHT, 2},
    {"Ends after", ALIGN_RIGHT, 1},
};

static void add_total(struct forecast *f, struct grid *g, double end_us)
{
	struct flow all;
	char n[FIGURE_BYTES], time[FIGURE_BYTES];

	if (isinf(end_us))
		return;
	all = demand_until(&f->demand, end_us);
	grid_text(
	    g, isinf(all.requests) ? "" : forecast_count(n, all.requests));
	grid_text(g, figure_duration(time, (uint64_t)(end_us + 0.5)));
}

static void add_answer(struct forecast *f, struct grid *g, double response_us)
{
	struct flow flow;
	char answer[FIGURE_BYTES], rate[FIGURE_BYTES];
	char *first;

	demand_answers(&f->demand, response_us);
	flow = demand_rate(&f->demand);
	first = xasprintf("  %s",
	    response_us > 0 ? figure_duration(answer, (uint64_t)response_us)
			    : "no time");
	grid_row(g, STYLE_PLAIN);
	grid_text(g, first);
	grid_text(g, isinf(flow.requests) ? "as fast as answers come"
					  : figure_rate(rate, flow.requests));
	add_total(f, g, demand_end_us(&f->demand));
	free(first);
}

/* How much of the table makes sense: there may be no end, or one that does not
 * depend on the answers. */
static size_t count_columns(struct forecast *f)
{
	demand_answers(&f->demand, answers_us[ARRAY_LEN(answers_us) - 1]);
	if (isinf(demand_end_us(&f->demand)))
		return 2;
	if (f->plan->load.run_time_us > 0 && f->plan->load.iterations == 0 &&
	    !does_every_kind_leave(f->plan))
		return 3;
	return 4;
}

/* Whether some task that is drawn is so. */
static bool is_any(const struct forecast *f, bool (*is)(struct task_demand t))
{
	for (size_t i = 0; i < f->plan->n_kinds; i++)
		if (f->demand.kinds[i].users > 0 && is(f->demand.kinds[i].mean))
			return true;
	return false;
}

static bool has_poll(struct task_demand t)
{
	return t.has_poll;
}

static bool has_when(struct task_demand t)
{
	return t.has_when;
}

static bool has_stop(struct task_demand t)
{
	return t.has_stop;
}

static void print_note(struct forecast *f, const char *note)
{
	terminal_wrap(&f->t, STYLE_FAINT, "  ", 2, note);
}

static void print_requests_to_come(struct forecast *f)
{
	struct grid g;

	terminal_line(&f->t, STYLE_HEAD, "%s", "Requests");
	grid_init(&g, columns, count_columns(f), 2);
	for (size_t i = 0; i < ARRAY_LEN(answers_us); i++)
		add_answer(f, &g, answers_us[i]);
	grid_print(&g, &f->t);
	grid_clear(&g);
	print_note(f, "estimated, at the peak of users; redirects come on top");
	if (is_any(f, has_poll))
		print_note(f, "a poll is counted as one request: it makes more "
			      "while nothing is decided");
	if (is_any(f, has_when))
		print_note(f, "steps with a when are counted as if it held");
	if (is_any(f, has_stop))
		print_note(f, "a stop ends users, or the test, earlier");
}

/* --- the whole ---------------------------------------------------------- */

void forecast_print_within(FILE *out, const struct plan *plan, uint32_t workers,
    const struct limits *limits)
{
	struct forecast f = {
	    .plan = plan, .workers = workers, .limits = *limits};
	char *file = text_shown(plan->file);

	terminal_look(&f.t, out);
	demand_init(&f.demand, plan, NULL);
	terminal_line(&f.t, STYLE_HEAD,
	    "%s: nothing was sent; this is what would run", file);
	blank_line(&f);
	print_load(&f);
	forecast_tasks(&f);
	forecast_data(&f);
	forecast_hooks(&f);
	forecast_thresholds(&f);
	print_needs(&f);
	print_requests_to_come(&f);
	forecast_warnings(&f);
	demand_clear(&f.demand);
	free(file);
}

void forecast_print(FILE *out, const struct plan *plan, uint32_t workers)
{
	struct limits limits;

	limits_look(&limits);
	forecast_print_within(out, plan, workers, &limits);
}
