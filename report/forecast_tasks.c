/*
 * The tasks of a forecast: which kind of user plays which, how often. It must
 * not know what answers would do to them.
 */
#include <stdlib.h>

#include "base/util.h"
#include "report/forecast_private.h"
#include "report/grid.h"
#include "report/text.h"

enum { MOST_TASKS = 20, MOST_KINDS = 20 };

static const struct grid_column columns[] = {
    {"Tasks", ALIGN_NAME, 0},
    {"Share %", ALIGN_POINT, 0},
    {"Requests", ALIGN_RIGHT, 0},
    {"Sleeps", ALIGN_RIGHT, 1},
};

/* --- one task ----------------------------------------------------------- */

/* "2", "2+" where a poll makes more, "1..2" where one is only made when
 * something holds. */
static char *requests_of(const struct task_demand *t)
{
	char least[FIGURE_BYTES], most[FIGURE_BYTES];
	const char *plus = t->has_poll ? "+" : "";

	forecast_count(most, t->requests);
	if (t->least >= t->requests)
		return xasprintf("%s%s", most, plus);
	return xasprintf(
	    "%s..%s%s", forecast_count(least, t->least), most, plus);
}

static void add_task(struct forecast *f, struct grid *g,
    const struct task *task, const char *share)
{
	struct task_demand t = demand_of(&f->demand, task);
	char *requests = requests_of(&t);
	char *name = xasprintf("  %s%s", forecast_task_name(task),
	    task->background ? " (background)" : "");
	char time[FIGURE_BYTES];

	grid_row(g, STYLE_PLAIN);
	grid_text(g, name);
	grid_text(g, share);
	grid_text(g, requests);
	if (t.sleep_us > 0)
		grid_text(g, t.sleep_us < 1e18
				 ? figure_duration(time, (uint64_t)t.sleep_us)
				 : "for ever");
	free(name);
	free(requests);
}

/* --- one kind of user --------------------------------------------------- */

static int compare_weights(const void *left, const void *right)
{
	const struct choice *l = *(const struct choice *const *)left;
	const struct choice *r = *(const struct choice *const *)right;

	if (l->weight != r->weight)
		return l->weight > r->weight ? -1 : 1;
	return l->weight_upto < r->weight_upto ? -1 : 1; /* as written */
}

static void add_choices(
    struct forecast *f, struct grid *g, const struct user_kind *kind)
{
	const struct choice **sorted =
	    xcalloc(kind->n_choices, sizeof(*sorted));
	bool in_turn = kind->order == ORDER_SEQUENCE;
	char share[FIGURE_BYTES];
	char *more;

	for (size_t i = 0; i < kind->n_choices; i++)
		sorted[i] = &kind->choices[i];
	if (!in_turn)
		qsort(
		    sorted, kind->n_choices, sizeof(*sorted), compare_weights);
	for (size_t i = 0; i < kind->n_choices && i < MOST_TASKS; i++)
		add_task(f, g, sorted[i]->task,
		    in_turn ? "in turn"
			    : figure_percent(
				  share, sorted[i]->weight, kind->weights));
	if (kind->n_choices > MOST_TASKS) {
		more =
		    xasprintf("  ... %zu more", kind->n_choices - MOST_TASKS);
		grid_note(g, STYLE_FAINT, more);
		free(more);
	}
	free(sorted);
}

/* How long it rests; owned by the caller. */
static char *wait_text(const struct wait *wait)
{
	char low[FIGURE_BYTES], high[FIGURE_BYTES];

	format_duration(low, sizeof(low), wait->low_us);
	format_duration(high, sizeof(high), wait->high_us);
	switch (wait->kind) {
	case WAIT_EXP:
		return xasprintf("exp %s between tasks", low);
	case WAIT_PACE:
		return xasprintf("a task every %s", low);
	case WAIT_RANGE:
		break;
	}
	if (wait->high_us > wait->low_us)
		return xasprintf("%s..%s between tasks", low, high);
	if (wait->low_us == 0)
		return xstrdup("no wait between tasks");
	return xasprintf("%s between tasks", low);
}

/* " at http://b", where not all are at the same. */
static char *host_text(const struct plan *plan, const struct user_kind *kind)
{
	if (plan->n_asked < 2 || kind->base >= plan->n_asked)
		return xstrdup("");
	return xasprintf(" at %s", plan->bases[kind->base].text);
}

/* "reader: 16 users, 500ms..1.5s between tasks, 5 tasks each"; with a rate
 * "reader: up to 16 users", who do not wait. */
static char *kind_text(
    const struct plan *plan, const struct user_kind *kind, uint64_t users)
{
	char n[FIGURE_BYTES], tasks[FIGURE_BYTES];
	char *host = host_text(plan, kind);
	bool is_rate = plan->load.model == LOAD_RATE;
	char *wait = wait_text(&kind->wait);
	char *each = kind->iterations > 0
			 ? xasprintf(", %s task%s each",
			       figure_count(tasks, kind->iterations),
			       plural(kind->iterations))
			 : xstrdup("");
	char *text = xasprintf("%s%s%s%s user%s%s%s%s%s", kind->name,
	    *kind->name ? ": " : "", is_rate ? "up to " : "",
	    figure_count(n, users), plural(users), host, is_rate ? "" : ", ",
	    is_rate ? "" : wait, each);

	free(host);
	free(wait);
	free(each);
	return text;
}

static void add_kind(struct forecast *f, struct grid *g, size_t i)
{
	const struct user_kind *kind = f->plan->kinds[i];
	char *text = kind_text(f->plan, kind, f->demand.kinds[i].users);

	grid_note(g, STYLE_PLAIN, text);
	if (kind->on_start != NULL)
		add_task(f, g, kind->on_start, "on_start");
	add_choices(f, g, kind);
	if (kind->on_stop != NULL)
		add_task(f, g, kind->on_stop, "on_stop");
	free(text);
}

/* --- all of them -------------------------------------------------------- */

static void add_errands(struct forecast *f, struct grid *g)
{
	const struct plan *plan = f->plan;

	if (plan->setup == NULL && plan->teardown == NULL)
		return;
	grid_note(g, STYLE_PLAIN, "once, before or after all users");
	if (plan->setup != NULL)
		add_task(f, g, plan->setup, "setup");
	if (plan->teardown != NULL)
		add_task(f, g, plan->teardown, "teardown");
}

static bool does_any_sleep(const struct forecast *f)
{
	for (size_t i = 0; i < f->plan->n_tasks; i++)
		if (f->demand.tasks[i].sleep_us > 0)
			return true;
	return false;
}

void forecast_tasks(struct forecast *f)
{
	size_t n = f->plan->n_kinds;
	struct grid g;
	char *more;

	grid_init(&g, columns, ARRAY_LEN(columns) - !does_any_sleep(f), 2);
	add_errands(f, &g);
	for (size_t i = 0; i < n && i < MOST_KINDS; i++)
		add_kind(f, &g, i);
	if (n > MOST_KINDS) {
		more = xasprintf("... %zu more kinds of users", n - MOST_KINDS);
		grid_note(&g, STYLE_FAINT, more);
		free(more);
	}
	grid_print(&g, &f->t);
	grid_clear(&g);
	terminal_line(&f->t, STYLE_PLAIN, "%s", "");
}
