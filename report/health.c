/*
 * The health of the workers: whether the results measure the server or the
 * generator. It knows no files.
 */
#include "report/summary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/grid.h"
#include "report/lost.h"
#include "report/results.h"
#include "report/text.h"
#include "report/used_up.h"

enum {
	FEW_USERS =
	    10, /* of a worker: chance alone may keep all of them busy */
	BUSY_PERMILLE = 900, /* of a core: above this the loop gets late */
	LATE_US = 10000,     /* at p99 */
	MANY_WORKERS = 8,    /* above this only the conspicuous are shown */
	MAX_CONSPICUOUS = 20,
	P99 = 990000
};

static const struct grid_column columns[] = {
    {"worker", ALIGN_LEFT, 0}, {"pid", ALIGN_RIGHT, 0},
    {"users", ALIGN_RIGHT, 0}, {"requests", ALIGN_RIGHT, 0},
    {"cpu %", ALIGN_RIGHT, 0}, {"peak %", ALIGN_RIGHT, 0},
    {"late p99 ms", ALIGN_POINT, 0},
    {"host", ALIGN_NAME, 0}, /* only where there are several */
};

/* --- one worker --------------------------------------------------------- */

static uint64_t mean_cpu_permille(const struct worker_view *w)
{
	return cpu_permille(w->cpu_us, w->busy_us);
}

static uint64_t peak_cpu_permille(const struct worker_view *w)
{
	uint64_t mean = mean_cpu_permille(w);

	/* a short run has no interval that is long enough for a peak */
	return w->peak_cpu_permille > mean ? w->peak_cpu_permille : mean;
}

static uint64_t late_us(const struct worker_view *w)
{
	return hist_quantile_us(&w->lateness, P99);
}

static uint64_t users_of(const struct worker_view *w)
{
	return w->peak_users;
}

static uint64_t requests_of(const struct worker_view *w)
{
	return w->requests;
}

static bool is_conspicuous(const struct worker_view *w)
{
	return w->why_lost || worker_account_differs(w) ||
	       peak_cpu_permille(w) > BUSY_PERMILLE || late_us(w) > LATE_US;
}

/* --- the table ---------------------------------------------------------- */

static void add_figures(struct grid *g, uint64_t users, uint64_t requests,
    uint64_t mean_permille, uint64_t peak_permille, uint64_t late)
{
	char text[FIGURE_BYTES];

	grid_text(g, figure_count(text, users));
	grid_text(g, figure_count(text, requests));
	grid_text(g, figure_permille(text, mean_permille));
	grid_text(g, figure_permille(text, peak_permille));
	grid_text(g, figure_ms(text, late));
}

static void add_worker(struct grid *g, const struct worker_view *w)
{
	char text[FIGURE_BYTES];

	grid_row(g, is_conspicuous(w) ? STYLE_WARNING : STYLE_PLAIN);
	snprintf(text, sizeof(text), "%" PRIu32, w->number);
	grid_text(g, text);
	snprintf(text, sizeof(text), "%ld", w->pid);
	grid_text(g, w->pid != 0 ? text : "-");
	add_figures(g, users_of(w), requests_of(w), mean_cpu_permille(w),
	    peak_cpu_permille(w), late_us(w));
	grid_text(g, *w->host ? w->host : "-");
}

typedef uint64_t figure_fn(const struct worker_view *w);

static int compare_figures(const void *left, const void *right)
{
	const uint64_t *l = left;
	const uint64_t *r = right;

	return *l < *r ? -1 : *l > *r;
}

/* The least, the middle and the largest of one figure over all workers. */
static void spread(
    const struct results *results, figure_fn *figure, uint64_t out[3])
{
	size_t n = results->n_workers;
	uint64_t *all = xcalloc(n, sizeof(*all));

	for (size_t i = 0; i < n; i++)
		all[i] = figure(&results->workers[i]);
	qsort(all, n, sizeof(*all), compare_figures);
	out[0] = all[0];
	out[1] = all[n / 2];
	out[2] = all[n - 1];
	free(all);
}

static void add_spread(struct grid *g, const struct results *results)
{
	static const char *const names[] = {"min", "median", "max"};
	uint64_t users[3], requests[3], mean[3], peak[3], late[3];

	spread(results, users_of, users);
	spread(results, requests_of, requests);
	spread(results, mean_cpu_permille, mean);
	spread(results, peak_cpu_permille, peak);
	spread(results, late_us, late);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		grid_row(g, STYLE_PLAIN);
		grid_text(g, names[i]);
		grid_text(g, "");
		add_figures(
		    g, users[i], requests[i], mean[i], peak[i], late[i]);
	}
}

/* Whether the workers are on others, or on more than one. */
static bool has_hosts(const struct results *results)
{
	const char *first = "";

	if (results->plan->remote.n_hosts > 0)
		return true;
	for (uint32_t i = 0; i < results->n_workers; i++) {
		const char *host = results->workers[i].host;

		if (!*first)
			first = host;
		if (*host && strcmp(host, first) != 0)
			return true;
	}
	return false;
}

static void print_table(struct terminal *t, const struct results *results)
{
	bool many = results->n_workers > MANY_WORKERS;
	size_t left_out = 0;
	struct grid g;

	grid_init(&g, columns, ARRAY_LEN(columns) - !has_hosts(results), 2);
	if (many)
		add_spread(&g, results);
	for (uint32_t i = 0; i < results->n_workers; i++) {
		const struct worker_view *w = &results->workers[i];

		if (many && !is_conspicuous(w))
			continue;
		if (g.n_rows < MAX_CONSPICUOUS)
			add_worker(&g, w);
		else
			left_out++;
	}
	terminal_line(
	    t, STYLE_HEAD, "Workers (%" PRIu32 ")", results->n_workers);
	grid_print(&g, t);
	if (left_out > 0)
		terminal_line(
		    t, STYLE_FAINT, "... %zu more that stand out", left_out);
	grid_clear(&g);
}

/* --- what it means ------------------------------------------------------ */

/* How many workers have more of a figure than is good, and the worst. */
static uint32_t count_above(const struct results *results, figure_fn *figure,
    uint64_t limit, const struct worker_view **worst)
{
	uint32_t n = 0;

	*worst = NULL;
	for (uint32_t i = 0; i < results->n_workers; i++) {
		const struct worker_view *w = &results->workers[i];

		n += figure(w) > limit;
		if (!*worst || figure(w) > figure(*worst))
			*worst = w;
	}
	return n;
}

static bool warn_busy(struct terminal *t, const struct results *results)
{
	const struct worker_view *worst;
	uint32_t n =
	    count_above(results, peak_cpu_permille, BUSY_PERMILLE, &worst);
	char peak[FIGURE_BYTES], mean[FIGURE_BYTES];
	char *text;

	if (n == 0)
		return false;
	figure_permille(peak, peak_cpu_permille(worst));
	figure_permille(mean, mean_cpu_permille(worst));
	text =
	    n == 1
		? xasprintf("worker %" PRIu32 " used %s %% of its core at its "
			    "busiest, %s %% on average",
		      worst->number, peak, mean)
		: xasprintf("%" PRIu32 " of %" PRIu32 " workers used more than "
			    "90 %% of their core; the busiest, worker %" PRIu32
			    ", %s %% (%s %% on average)",
		      n, results->n_workers, worst->number, peak, mean);
	terminal_wrap(t, STYLE_WARNING, "! ", 2, text);
	free(text);
	return true;
}

/* No worker used even half of its core. */
static bool is_idle(const struct results *results)
{
	const struct worker_view *worst;

	return count_above(
		   results, peak_cpu_permille, BUSY_PERMILLE / 2, &worst) == 0;
}

char *strain_text(const struct results *results, bool *is_disturbed)
{
	const struct worker_view *busiest, *latest;
	bool is_busy = count_above(results, peak_cpu_permille, BUSY_PERMILLE,
			   &busiest) > 0;
	bool is_late = count_above(results, late_us, LATE_US, &latest) > 0;
	char cpu[FIGURE_BYTES], late[FIGURE_BYTES];

	*is_disturbed = is_late && !is_busy && is_idle(results);
	if (is_busy)
		figure_permille(cpu, peak_cpu_permille(busiest));
	if (is_late)
		figure_ms(late, late_us(latest));
	if (is_busy && is_late)
		return xasprintf(
		    "%s %% of a core, timers %s ms late at p99", cpu, late);
	if (is_busy)
		return xasprintf("%s %% of a core", cpu);
	return is_late ? xasprintf("timers %s ms late at p99", late) : NULL;
}

static bool warn_late(struct terminal *t, const struct results *results)
{
	const struct worker_view *worst;
	uint32_t n = count_above(results, late_us, LATE_US, &worst);
	char late[FIGURE_BYTES];
	char *text;

	if (n == 0)
		return false;
	figure_ms(late, late_us(worst));
	text = n == 1 ? xasprintf("the timers of worker %" PRIu32
				  " ran %s ms late at p99",
			    worst->number, late)
		      : xasprintf("the timers of %" PRIu32 " of %" PRIu32
				  " workers ran more than 10 ms late at p99; "
				  "the latest, worker %" PRIu32 ", %s ms",
			    n, results->n_workers, worst->number, late);
	terminal_wrap(t, STYLE_WARNING, "! ", 2, text);
	free(text);
	return true;
}

/* Why nobody was there: rows of these were used up, where it is not NULL. They
 * alone are to blame when before that nobody was late. */
static char *pool_text(const struct results *results, const char *used_up)
{
	const struct books *b = &results->books;
	const struct load_options *load = &results->plan->load;
	uint32_t workers = results->n_workers;
	char n[FIGURE_BYTES], due[FIGURE_BYTES], users[FIGURE_BYTES];
	char *shared, *text;

	figure_count(n, b->late + b->dropped);
	figure_count(due, b->intended);
	figure_count(users, load->users);
	if (used_up && b->late == 0 && load->late == LATE_QUEUE)
		return xasprintf("%s of %s tasks that were due never started: "
				 "no row of %s was left for the users, who "
				 "stopped",
		    n, due, used_up);
	shared =
	    workers > 1 && load->users / workers < FEW_USERS
		? xasprintf(" to be shared by %" PRIu32 " workers", workers)
		: xstrdup("");
	text = xasprintf("for %s of %s tasks that were due none of %sthe %s "
			 "user%s was free: %s%s%sthe server answered too "
			 "slowly for this rate, or max_users is too low%s",
	    n, due, workers > 1 ? "their worker's part of " : "", users,
	    plural(load->users), used_up ? "no row of " : "",
	    used_up ? used_up : "",
	    used_up ? " was left for users, who stopped, or " : "", shared);
	free(shared);
	return text;
}

/* Late tasks are those that had to wait for a user: those that the workers
 * themselves were late with are in their timers. A worker's tasks have its own
 * part of the users: where that is small, others may have had some. */
static void warn_pool(struct terminal *t, const struct results *results)
{
	char *used_up, *text, *shown;

	if (results->books.late + results->books.dropped == 0)
		return;
	used_up = used_up_names(results);
	text = pool_text(results, used_up);
	shown = text_shown(text);
	terminal_wrap(t, STYLE_WARNING, "! ", 2, shown);
	free(shown);
	free(text);
	free(used_up);
}

/* Which part of the load, so that one who reads on knows what to make of the
 * results; owned by the caller. */
static char *missing_text(const struct results *results)
{
	double percent = 100 * lost_share(results);

	return percent > 0
		   ? xasprintf("%s%.*f %% of the intended load was "
			       "missing for it",
			 percent < 0.1 ? "less than " : "",
			 percent < 10 ? 1 : 0, percent < 0.1 ? 0.1 : percent)
		   : NULL;
}

static void name_lost(struct terminal *t, const struct lost *lost)
{
	char at[FIGURE_BYTES];
	char *text, *shown;

	text = lost->at_us > 0
		   ? xasprintf("%s lost after %s: %s; what it had sent until "
			       "then is counted",
			 lost->who, figure_duration(at, lost->at_us), lost->why)
		   : xasprintf(
			 "%s lost before the start: %s", lost->who, lost->why);
	shown = text_shown(text);
	terminal_wrap(t, STYLE_BAD, "! ", 2, shown);
	free(shown);
	free(text);
}

static void name_the_lost(struct terminal *t, const struct results *results)
{
	struct lost lost = {0};
	uint32_t named = 0;
	char *missing;

	for (uint32_t i = 0; lost_next(results, i, &lost);
	     i = lost.first + lost.n) {
		if (named++ < MAX_CONSPICUOUS)
			name_lost(t, &lost);
		free(lost.who);
	}
	if (named > MAX_CONSPICUOUS)
		terminal_line(t, STYLE_BAD, "  and %" PRIu32 " more were lost",
		    named - MAX_CONSPICUOUS);
	missing = named > 0 ? missing_text(results) : NULL;
	if (missing)
		terminal_line(t, STYLE_BAD, "  %s", missing);
	free(missing);
}

struct worker_health worker_health(const struct worker_view *w)
{
	return (struct worker_health) {
	    .mean_cpu_permille = mean_cpu_permille(w),
	    .peak_cpu_permille = peak_cpu_permille(w),
	    .late_us = late_us(w),
	    .stands_out = is_conspicuous(w),
	};
}

void print_health_notes(struct terminal *t, const struct results *results)
{
	bool busy, late;

	name_the_lost(t, results);
	warn_pool(t, results);
	busy = warn_busy(t, results);
	late = warn_late(t, results);
	if (late && !busy && is_idle(results))
		terminal_wrap(t, STYLE_WARNING, "  ", 2,
		    "The workers had little to do: something else kept this "
		    "machine busy, and times may be longer for it.");
	else if (busy || late)
		terminal_wrap(t, STYLE_WARNING, "  ", 2,
		    "The results may measure the generator rather than the "
		    "server: spread the load over more workers, cores or "
		    "hosts, or take fewer users.");
}

void print_health(struct terminal *t, const struct results *results)
{
	if (results->n_workers == 0)
		return;
	print_table(t, results);
	print_health_notes(t, results);
	terminal_line(t, STYLE_PLAIN, "%s", "");
}
