/*
 * The arithmetic of a plan. It must not know the machine it is played on, nor
 * how it is told.
 */
#include "load/demand.h"

#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "load/demand_private.h"
#include "load/pace.h"
#include "load/schedule.h"
#include "plan/data.h"

enum { HALVINGS = 100 }; /* of the time that something is searched in */

/* longer than any run */
#define SEARCHED_US 1e17
/* what rounding may do to a sum of tasks */
#define NEARLY_ALL (1 - 1e-9)

/* --- one user ----------------------------------------------------------- */

/* How long one run of it holds the user up. */
static double task_us(const struct task_demand *t, double response_us)
{
	return n_times(t->held, response_us) + t->sleep_us;
}

/* In turn, each has its turn, whatever it weighs. */
static double part_of(const struct user_kind *kind, size_t choice)
{
	if (kind->order == ORDER_SEQUENCE)
		return 1 / (double)kind->n_choices;
	return (double)kind->choices[choice].weight / (double)kind->weights;
}

void demand_answers(struct demand *d, double response_us)
{
	for (size_t i = 0; i < d->plan->n_kinds; i++) {
		const struct user_kind *kind = d->plan->kinds[i];
		struct kind_demand *k = &d->kinds[i];
		struct task_demand on_start = demand_of(d, kind->on_start);
		double wait_us = demand_wait_us(&kind->wait);

		k->start_us = task_us(&on_start, response_us);
		k->mean = (struct task_demand) {0};
		k->cycle_us = 0;
		for (size_t c = 0; c < kind->n_choices; c++) {
			struct task_demand t =
			    demand_of(d, kind->choices[c].task);
			double us = task_us(&t, response_us);

			us = kind->wait.kind == WAIT_PACE ? fmax(us, wait_us)
							  : us + wait_us;
			k->cycle_us += part_of(kind, c) * us;
			demand_add_part(&k->mean, &t, part_of(kind, c));
		}
		k->task_us = task_us(&k->mean, response_us);
	}
}

/* --- all users ---------------------------------------------------------- */

/* So many runs of this task. */
static void add_runs(struct flow *flow, double n, const struct task_demand *t)
{
	flow->requests += n_times(n, t->requests);
	flow->fresh += n_times(n, t->fresh);
	flow->jobs += n_times(n, t->jobs);
	flow->emits += n_times(n, t->emits);
}

/* The part of all users that are of this kind. */
static double share_of(const struct demand *d, size_t kind)
{
	return (double)d->kinds[kind].users / (double)d->plan->load.users;
}

static bool is_rate(const struct demand *d)
{
	return d->plan->load.model == LOAD_RATE;
}

/* The moment up to which a run can come to its peak: the time may be up before
 * the last user starts. */
static double last_us(const struct demand *d)
{
	uint64_t run_us = d->plan->load.run_time_us;

	return run_us > 0 ? (double)(run_us - 1) : SEARCHED_US;
}

static double mean_task_us(const struct demand *d)
{
	double us = 0;

	for (size_t i = 0; i < d->plan->n_kinds; i++)
		us += n_times(share_of(d, i), d->kinds[i].task_us);
	return us;
}

/* So that at no time until then a task waits for one. */
static double users_needed(const struct demand *d, double until_us)
{
	return schedule_peak(&d->plan->load, until_us) * mean_task_us(d) /
	       (double)US_PER_S;
}

double demand_users_needed(const struct demand *d)
{
	return is_rate(d) ? users_needed(d, last_us(d)) : 0;
}

/* Tasks of a rate, which start when they are due, whatever users do. */
static double due_until(const struct demand *d, size_t kind, double until_us)
{
	return share_of(d, kind) * schedule_due(&d->plan->load, until_us);
}

/* With a rate there is one as soon as a task is due, and more where they are
 * needed; who has done its tasks is followed by another. */
static double called_until(const struct demand *d, size_t kind, double until_us)
{
	double most = (double)d->kinds[kind].users;
	double due = due_until(d, kind, until_us);
	double needed = share_of(d, kind) * users_needed(d, until_us);
	uint64_t each = d->plan->kinds[kind]->iterations;

	if (due <= 0)
		return 0;
	needed = fmin(most, fmax(fmin(1, due), needed));
	return each > 0 ? fmax(needed, due / (double)each) : needed;
}

/* Users of a kind, those too that went before. */
static double users_started(
    const struct demand *d, size_t kind, double until_us)
{
	const struct load_options *load = &d->plan->load;

	if (is_rate(d))
		return called_until(d, kind, until_us);
	return share_of(d, kind) *
	       (double)schedule_turnout(load, until_us).started;
}

double demand_users_started(const struct demand *d)
{
	double n = 0;

	for (size_t i = 0; i < d->plan->n_kinds; i++)
		n += users_started(d, i, last_us(d));
	return n;
}

/* Tasks of all kinds that start a second, at the peak of a rate. */
static double peak_of_kind(const struct demand *d, size_t kind)
{
	const struct load_options *load = &d->plan->load;
	double users;

	if (is_rate(d))
		return schedule_peak(load, last_us(d));
	users = (double)schedule_turnout(load, last_us(d)).most;
	return users * (double)US_PER_S / d->kinds[kind].cycle_us;
}

struct flow demand_kind_rate(const struct demand *d, size_t kind)
{
	const struct kind_demand *k = &d->kinds[kind];
	struct flow flow = {0};

	if (k->users == 0)
		return flow;
	flow.tasks = share_of(d, kind) * peak_of_kind(d, kind);
	add_runs(&flow, flow.tasks, &k->mean);
	return flow;
}

struct flow demand_rate(const struct demand *d)
{
	struct flow sum = {0};

	for (size_t i = 0; i < d->plan->n_kinds; i++) {
		struct flow flow = demand_kind_rate(d, i);

		sum.tasks += flow.tasks;
		sum.requests += flow.requests;
		sum.fresh += flow.fresh;
		sum.jobs += flow.jobs;
		sum.emits += flow.emits;
	}
	return sum;
}

/* How long it is altogether since those who came until then did, for each at
 * most so long. */
static double time_since_us(
    const struct demand *d, double until_us, double most_us)
{
	const struct load_options *load = &d->plan->load;

	if (isinf(most_us))
		return schedule_turnout(load, until_us).since_us;
	until_us = fmin(until_us, SEARCHED_US);
	return schedule_turnout(load, until_us).since_us -
	       schedule_turnout(load, until_us - most_us).since_us;
}

/* How long all users together have played tasks, which begins when they are
 * through with on_start, each at most so long. Those who go are taken to have
 * had no limit. */
static double time_of_users_us(
    const struct demand *d, double until_us, double start_us, double most_us)
{
	const struct load_options *load = &d->plan->load;
	double since_us = time_since_us(d, until_us - start_us, most_us);
	struct turnout t;

	if (isinf(until_us))
		return since_us;
	t = schedule_turnout(load, until_us);
	if (t.started == t.places)
		return since_us;
	return fmax(0,
	    fmin(since_us, t.time_us - time_since_us(d, until_us, start_us)));
}

/* Tasks that users of a kind have begun until then. Their first begins at once,
 * so a user who is there for some cycles has begun one more than are through:
 * `first` is what of it counts. */
static double tasks_until(
    const struct demand *d, size_t i, double until_us, double first)
{
	const struct kind_demand *k = &d->kinds[i];
	uint64_t iterations = d->plan->kinds[i]->iterations;
	double most = iterations > 0 ? (double)iterations : (double)INFINITY;
	double started, through;

	if (is_rate(d))
		return due_until(d, i, until_us);
	started = users_started(d, i, until_us - k->start_us);
	if (k->users == 0 || started <= 0)
		return 0;
	if (k->cycle_us <= 0)
		return most * started;
	through = time_of_users_us(
		      d, until_us, k->start_us, (most - first) * k->cycle_us) /
		  k->cycle_us;
	return first * started + share_of(d, i) * through;
}

static double all_tasks_until(
    const struct demand *d, double until_us, double first)
{
	double sum = 0;

	for (size_t i = 0; i < d->plan->n_kinds; i++)
		sum += tasks_until(d, i, until_us, first);
	return sum;
}

/* --- the end ------------------------------------------------------------ */

/* How many users of a kind there may be in the whole run, one after another: at
 * least all that are planned, where some would only start later. */
static double users_in_all(const struct demand *d, size_t kind)
{
	return fmax(
	    (double)d->kinds[kind].users, users_started(d, kind, last_us(d)));
}

/* How many tasks there may be; INFINITY: no end. */
static double most_tasks(const struct demand *d)
{
	double most = 0;

	for (size_t i = 0; i < d->plan->n_kinds; i++) {
		uint64_t each = is_rate(d) ? 0 : d->plan->kinds[i]->iterations;

		most += n_times(users_in_all(d, i),
		    each > 0 ? (double)each : (double)INFINITY);
	}
	if (d->plan->load.iterations > 0)
		most = fmin(most, (double)d->plan->load.iterations);
	return most;
}

/* Whether all tasks that there will be have begun by then. */
static bool is_enough(const struct demand *d, double until_us)
{
	return all_tasks_until(d, until_us, 1) >= d->most_tasks * NEARLY_ALL;
}

static double last_task_us(const struct demand *d)
{
	double longest_us = 0;

	for (size_t i = 0; i < d->plan->n_kinds; i++)
		if (d->kinds[i].users > 0)
			longest_us = fmax(longest_us, d->kinds[i].task_us);
	return longest_us;
}

/* The first time, up to limit_us, when it holds; it must hold then, and go on
 * holding. */
static double search_us(const struct demand *d, double limit_us,
    bool (*holds)(const struct demand *d, size_t i, double at_us), size_t i)
{
	double low_us = 0, high_us = limit_us;

	if (holds(d, i, 0))
		return 0;
	for (int n = 0; n < HALVINGS; n++) {
		double middle_us = (low_us + high_us) / 2;

		if (holds(d, i, middle_us))
			high_us = middle_us;
		else
			low_us = middle_us;
	}
	return high_us;
}

static bool have_all_begun(const struct demand *d, size_t i, double at_us)
{
	(void)i;
	return is_enough(d, at_us);
}

double demand_end_us(const struct demand *d)
{
	double end_us = d->plan->load.run_time_us > 0
			    ? (double)d->plan->load.run_time_us
			    : (double)INFINITY;
	double limit_us = fmin(end_us, SEARCHED_US);

	if (isinf(d->most_tasks) || !is_enough(d, limit_us))
		return end_us;
	return fmin(end_us,
	    search_us(d, limit_us, have_all_begun, 0) + last_task_us(d));
}

/* Tasks begun until some time, as far as the limit on all of them allows. */
struct begun {
	double until_us;
	double first; /* what of users' first tasks counts */
	double all;   /* without the limit */
	double most;
};

/* Where the time ends the run, users are half through a cycle on average. */
static struct begun begun_until(const struct demand *d, double until_us)
{
	double first = is_enough(d, until_us) ? 1 : 0.5;

	return (struct begun) {until_us, first,
	    all_tasks_until(d, until_us, first), d->most_tasks};
}

static double begun_of(
    const struct demand *d, size_t i, const struct begun *begun)
{
	double own = tasks_until(d, i, begun->until_us, begun->first);

	if (begun->all <= begun->most)
		return own;
	/* those that take no time are shared as the users are */
	if (isinf(begun->all))
		return begun->most * share_of(d, i);
	return own * begun->most / begun->all;
}

static void add_errand(
    const struct demand *d, struct flow *flow, const struct task *task)
{
	struct task_demand t = demand_of(d, task);

	add_runs(flow, 1, &t);
}

struct flow demand_until(const struct demand *d, double until_us)
{
	const struct plan *plan = d->plan;
	struct begun begun = begun_until(d, until_us);
	struct flow flow = {0};

	add_errand(d, &flow, plan->setup);
	add_errand(d, &flow, plan->teardown);
	for (size_t i = 0; i < plan->n_kinds; i++) {
		struct task_demand on_start =
		    demand_of(d, plan->kinds[i]->on_start);
		struct task_demand on_stop =
		    demand_of(d, plan->kinds[i]->on_stop);
		double n = begun_of(d, i, &begun);
		double started = users_started(d, i, until_us);

		flow.tasks += n;
		add_runs(&flow, n, &d->kinds[i].mean);
		add_runs(&flow, started, &on_start);
		add_runs(&flow, started, &on_stop);
	}
	return flow;
}

/* --- rows of data ------------------------------------------------------- */

static bool has_bit(uint64_t mask, size_t bit)
{
	return (mask >> bit & 1) != 0;
}

static bool task_has_row(const struct task *task, size_t i)
{
	return task != NULL && has_bit(task->data, i);
}

/* The part of its tasks that take a row. */
static double part_with_rows(const struct user_kind *kind, size_t i)
{
	double part = 0;

	for (size_t c = 0; c < kind->n_choices; c++)
		if (task_has_row(kind->choices[c].task, i))
			part += part_of(kind, c);
	return part;
}

/* Rows that a user takes beside those for its tasks. */
static unsigned rows_apart(const struct user_kind *kind, size_t i)
{
	return (unsigned)has_bit(kind->data, i) +
	       (unsigned)task_has_row(kind->on_start, i) +
	       (unsigned)task_has_row(kind->on_stop, i);
}

static bool kind_has_row(const struct user_kind *kind, size_t i)
{
	return rows_apart(kind, i) > 0 || part_with_rows(kind, i) > 0;
}

static unsigned errand_rows(const struct plan *plan, size_t i)
{
	return (unsigned)task_has_row(plan->setup, i) +
	       (unsigned)task_has_row(plan->teardown, i);
}

double demand_rows(const struct demand *d, size_t i, double until_us)
{
	const struct plan *plan = d->plan;
	struct begun begun = begun_until(d, until_us);
	double rows = errand_rows(plan, i);

	for (size_t k = 0; k < plan->n_kinds; k++) {
		const struct user_kind *kind = plan->kinds[k];
		double users = users_started(d, k, until_us);

		if (plan->data[i].per == DATA_PER_USER) {
			rows += kind_has_row(kind, i) ? users : 0;
			continue;
		}
		rows += users * rows_apart(kind, i);
		rows +=
		    n_times(begun_of(d, k, &begun), part_with_rows(kind, i));
	}
	return rows;
}

static bool is_used_up(const struct demand *d, size_t i, double at_us)
{
	double rows = (double)data_rows(d->plan->data[i].data);

	return demand_rows(d, i, at_us) * NEARLY_ALL > rows;
}

double demand_rows_end_us(const struct demand *d, size_t i)
{
	double limit_us = fmin(demand_end_us(d), SEARCHED_US);

	if (!is_used_up(d, i, limit_us))
		return INFINITY;
	return search_us(d, limit_us, is_used_up, i);
}

uint64_t demand_row_users(const struct demand *d, size_t i)
{
	double users = errand_rows(d->plan, i);

	for (size_t k = 0; k < d->plan->n_kinds; k++)
		if (kind_has_row(d->plan->kinds[k], i))
			users += is_rate(d) ? users_started(d, k, last_us(d))
					    : users_in_all(d, k);
	return (uint64_t)ceil(users * NEARLY_ALL);
}

/* --- the whole ---------------------------------------------------------- */

void demand_init(struct demand *d, const struct plan *plan, const char *event)
{
	uint64_t *users = xcalloc(plan->n_kinds, sizeof(*users));

	*d = (struct demand) {.plan = plan,
	    .tasks = xcalloc(plan->n_tasks, sizeof(*d->tasks)),
	    .kinds = xcalloc(plan->n_kinds, sizeof(*d->kinds))};
	demand_sum_tasks(d, event);
	deal_count(plan, users);
	for (size_t i = 0; i < plan->n_kinds; i++)
		d->kinds[i].users = users[i];
	free(users);
	demand_answers(d, 0);
	d->most_tasks = most_tasks(d);
}

void demand_clear(struct demand *d)
{
	free(d->tasks);
	free(d->kinds);
	*d = (struct demand) {0};
}
