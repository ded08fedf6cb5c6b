/*
 * The forecast as a whole, and of its parts what it needs, and how many
 * requests it comes to. It must not know how any of it is done.
 */
#include "report/forecast.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "report/forecast_private.h"
#include "report/grid.h"
#include "report/text.h"

enum { LABEL_COLUMNS = 16 };

/* what rounding may do to a number of users */
#define NEARLY_ALL (1 - 1e-9)

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

char *forecast_count(char *out, double n)
{
	return figure_count(out,
	    n < 1e18 ? (uint64_t)(n + 0.5) : UINT64_C(1000000000000000000));
}

double forecast_needed(const struct forecast *f)
{
	return fmax(1, ceil(demand_users_needed(&f->demand) * NEARLY_ALL));
}

const char *forecast_task_name(const struct task *task)
{
	return *task->name ? task->name : "[task]";
}

void forecast_blank_line(struct forecast *f)
{
	terminal_line(&f->t, STYLE_PLAIN, "%s", "");
}

void forecast_note(struct forecast *f, const char *note)
{
	terminal_wrap(&f->t, STYLE_FAINT, "  ", 2, note);
}

bool forecast_does_every_kind_leave(const struct plan *plan)
{
	/* with a rate the next user goes on */
	if (plan->load.model == LOAD_RATE)
		return false;
	for (size_t i = 0; i < plan->n_kinds; i++)
		if (plan->kinds[i]->iterations == 0)
			return false;
	return true;
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
	if (forecast_is_remote(f)) {
		forecast_remote_needs(f);
	} else {
		print_files(f);
		print_ports(f);
	}
	if (has_jobs(f))
		forecast_item(f, "background",
		    xasprintf("at most %s job%s at a time in each worker; "
			      "one may open a connection more",
			figure_count(jobs, f->plan->load.max_background),
			plural(f->plan->load.max_background)));
	forecast_blank_line(f);
}

/* --- requests ----------------------------------------------------------- */

static const double answers_us[] = {0, 10000, 100000, 1000000};

/* With a rate of tasks; without, all but the second. */
static const struct grid_column columns[] = {
    {"  Answers take", ALIGN_LEFT, 0},
    {"Users needed", ALIGN_RIGHT, 0},
    {"Requests/s", ALIGN_POINT, 0},
    {"In all", ALIGN_RIGHT, 2},
    {"Ends after", ALIGN_RIGHT, 1},
};

static bool is_rate(const struct forecast *f)
{
	return f->plan->load.model == LOAD_RATE;
}

static void add_total(struct forecast *f, struct grid *g, double end_us)
{
	struct flow all;
	char n[FIGURE_BYTES], time[FIGURE_BYTES];

	if (isinf(end_us))
		return;
	all = demand_until(&f->demand, end_us);
	grid_text(
	    g, isinf(all.requests) ? "" : forecast_count(n, all.requests));
	grid_text(g, figure_duration(time, round_to_u64(end_us)));
}

static void add_answer(struct forecast *f, struct grid *g, double response_us)
{
	struct flow flow;
	char answer[FIGURE_BYTES], rate[FIGURE_BYTES], needed[FIGURE_BYTES];
	char *first;

	demand_answers(&f->demand, response_us);
	flow = demand_rate(&f->demand);
	first = xasprintf("  %s",
	    response_us > 0 ? figure_duration(answer, (uint64_t)response_us)
			    : "no time");
	grid_row(g, STYLE_PLAIN);
	grid_text(g, first);
	if (is_rate(f))
		grid_text(g, forecast_count(needed, forecast_needed(f)));
	grid_text(g, isinf(flow.requests) ? "as fast as answers come"
					  : figure_rate(rate, flow.requests));
	add_total(f, g, demand_end_us(&f->demand));
	free(first);
}

/* How many of the columns that all have make sense: there may be no end, or one
 * that does not depend on the answers. */
static size_t count_columns(struct forecast *f)
{
	demand_answers(&f->demand, answers_us[ARRAY_LEN(answers_us) - 1]);
	if (isinf(demand_end_us(&f->demand)))
		return 2;
	if (f->plan->load.run_time_us > 0 && f->plan->load.iterations == 0 &&
	    !forecast_does_every_kind_leave(f->plan))
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

static void add_answers(struct forecast *f)
{
	struct grid_column shown[ARRAY_LEN(columns)];
	size_t n = 0, behind = ARRAY_LEN(columns) - (4 - count_columns(f));
	struct grid g;

	for (size_t i = 0; i < behind; i++)
		if (i != 1 || is_rate(f))
			shown[n++] = columns[i];
	grid_init(&g, shown, n, 2);
	for (size_t i = 0; i < ARRAY_LEN(answers_us); i++)
		add_answer(f, &g, answers_us[i]);
	grid_print(&g, &f->t);
	grid_clear(&g);
}

/* The last row needs the most. */
static void note_pool(struct forecast *f)
{
	const struct load_options *load = &f->plan->load;
	char users[FIGURE_BYTES];
	char *text;

	if (!is_rate(f) || forecast_needed(f) <= (double)load->users)
		return;
	text = xasprintf("where more than %s users are needed, tasks %s, and "
			 "there are fewer requests",
	    figure_count(users, load->users),
	    load->late == LATE_DROP ? "are dropped" : "start late");
	forecast_note(f, text);
	free(text);
}

static void print_requests_to_come(struct forecast *f)
{
	terminal_line(&f->t, STYLE_HEAD, "%s", "Requests");
	add_answers(f);
	forecast_note(f,
	    is_rate(f) ? "estimated, at the peak of the rate, for users who "
			 "are busy on average; redirects come on top"
		       : "estimated, at the peak of users; redirects come on "
			 "top");
	note_pool(f);
	if (is_any(f, has_poll))
		forecast_note(f,
		    "a poll is counted as one request: it makes more "
		    "while nothing is decided");
	if (is_any(f, has_when))
		forecast_note(f, "steps with a when are counted as if it held");
	if (is_any(f, has_stop))
		forecast_note(f, "a stop ends users, or the test, earlier");
}

/* --- the whole ---------------------------------------------------------- */

void forecast_print_within(FILE *out, const struct plan *plan, uint32_t workers,
    const struct limits *limits)
{
	struct forecast f = {
	    .plan = plan, .workers = workers, .limits = *limits};
	char *file = text_shown(plan->file);

	if (forecast_is_remote(&f))
		f.workers = (uint32_t)(plan->load.workers *
				       remote_count(plan->remote.hosts,
					   plan->remote.n_hosts));
	terminal_look(&f.t, out);
	demand_init(&f.demand, plan, NULL);
	terminal_line(&f.t, STYLE_HEAD,
	    "%s: nothing was sent; this is what would run", file);
	forecast_blank_line(&f);
	forecast_load(&f);
	forecast_remote(&f);
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

	limits_raise(&limits);
	forecast_print_within(out, plan, workers, &limits);
}
