/*
 * Whether a load holds: the thresholds of the plan, and that the server keeps
 * up. It knows no files and no terminals.
 */
#include "report/find.h"

#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "load/schedule.h"
#include "report/results.h"
#include "report/summary.h"
#include "report/thresholds.h"
#include "report/used_up.h"

enum {
	LEAST_SAMPLES = 10,
	/* what people can read */
	MOST_THRESHOLDS = 10,
	NAME_COLUMNS = 60,
	TEXT_COLUMNS = 200,
	STALLED_STEPS = 3
};

/* Of all tasks that were due, or all requests. */
#define UNSERVED_MOST  0.01
#define UNSERVED_CLEAR 0.1
/* A server that is asked for 1 % more than it can do answers 10 ms later each
 * second. */
#define GROWTH_MOST  0.01
#define GROWTH_CLEAR 0.1
/* Of the limit: twice as much as was wanted. */
#define MARGIN_CLEAR (-1.0)
/* What is less more than this is no more. */
#define LEAST_MORE 1.05

/* Why a step does not hold. How many reasons there are, and not their text,
 * says whether there are some. */
struct reasons {
	FILE *out;
	char *text;
	size_t len;
	size_t n;
};

/* Where one more is to be written. */
static FILE *one_reason(struct reasons *why)
{
	if (why->n++ > 0)
		fputs("; ", why->out);
	return why->out;
}

/* The user's words, and those of a server; owned by the caller. */
static char *shortened(const char *raw, size_t columns)
{
	char *shown = text_shown(raw);
	char *cut = text_cut(shown, columns);

	free(shown);
	return cut;
}

/* What is in the books, but for the warm-up. */
static struct books measured_books(const struct results *results)
{
	const struct books *all = &results->books;
	const struct books *warmup = &results->warmup_books;

	return (struct books) {.started = all->started - warmup->started,
	    .interrupted = all->interrupted - warmup->interrupted,
	    .tasks = all->tasks - warmup->tasks,
	    .intended = all->intended - warmup->intended,
	    .late = all->late - warmup->late,
	    .dropped = all->dropped - warmup->dropped};
}

/* --- thresholds --------------------------------------------------------- */

/* Of a limit of nothing there is no part that it could be missed by. */
static bool is_clear_miss(const struct threshold_view *view)
{
	return view->threshold->limit > 0 && view->margin <= MARGIN_CLEAR;
}

static void tell_threshold(struct reasons *why, const struct results *results,
    const struct threshold_view *view)
{
	const struct threshold *t = view->threshold;
	FILE *out = one_reason(why);
	char value[FIGURE_BYTES];
	char *scope = threshold_scope(results->plan, t);
	char *name = shortened(scope, NAME_COLUMNS);

	if (t->row != NULL)
		fprintf(out, "%s: ", name);
	if (view->has_samples)
		fprintf(out, "%s %s, wanted %s", t->key,
		    threshold_value(value, view), t->wanted);
	else
		fprintf(out, "%s has no samples", t->key);
	free(name);
	free(scope);
}

static void judge_thresholds(
    struct find_step *step, struct reasons *why, const struct results *results)
{
	size_t failed = 0;

	for (size_t i = 0; i < results->n_thresholds; i++) {
		const struct threshold_view *view = &results->thresholds[i];

		if (view->holds)
			continue;
		step->is_clear = step->is_clear || is_clear_miss(view);
		if (++failed <= MOST_THRESHOLDS)
			tell_threshold(why, results, view);
	}
	if (failed > MOST_THRESHOLDS)
		fprintf(
		    one_reason(why), "and %zu more", failed - MOST_THRESHOLDS);
}

/* --- keeping up --------------------------------------------------------- */

/* Tasks that were due and are in no books yet, as they wait for a user. */
static uint64_t waiting(const struct results *results)
{
	const struct load_options *load = &results->plan->load;
	double due = schedule_due(load, (double)load->run_time_us);
	double n = due - (double)results->books.intended;

	/* so many may be missing by chance */
	if (load->spacing == SPACING_POISSON)
		n -= 3 * sqrt(due);
	return n >= 1 ? (uint64_t)n : 0;
}

static void judge_service(
    struct find_step *step, struct reasons *why, const struct results *results)
{
	uint64_t unserved = step->late + step->dropped;
	double share = step->due > 0 ? (double)unserved / (double)step->due : 0;
	char percent[FIGURE_BYTES];
	char *used_up;

	if (share <= UNSERVED_MOST)
		return;
	step->is_clear = step->is_clear || share > UNSERVED_CLEAR;
	used_up = used_up_names(results);
	fprintf(one_reason(why),
	    "no user was free for %s %% of the tasks%s%s%s",
	    figure_percent(percent, unserved, step->due),
	    used_up ? ", and no row of " : "", used_up ? used_up : "",
	    used_up ? " was left for users, who stopped" : "");
	free(used_up);
}

static uint64_t median_us(const struct stage_view *stage)
{
	return hist_quantile_us(&stage->all.response, 500000);
}

/* How much longer it takes, for each microsecond that has passed. */
static double growth_of(uint64_t before_us, uint64_t after_us, double time_us)
{
	return ((double)after_us - (double)before_us) / time_us;
}

/* A queue that grows is there before anybody runs out of users. It makes the
 * middle and the mean longer: a few that take long do not move the middle, and
 * where there are fast ones and slow ones that jumps, but not the mean. */
static void judge_growth(
    struct find_step *step, struct reasons *why, const struct results *results)
{
	const struct stage_view *first, *second;
	char from[FIGURE_BYTES], to[FIGURE_BYTES];
	double growth, time_us;

	if (results->n_stages < 2)
		return;
	first = &results->stages[results->n_stages - 2];
	second = first + 1;
	time_us = (double)(second->start_us - first->start_us);
	if (first->all.response.count < LEAST_SAMPLES ||
	    second->all.response.count < LEAST_SAMPLES || time_us <= 0)
		return;
	growth = fmin(growth_of(median_us(first), median_us(second), time_us),
	    growth_of(hist_mean_us(&first->all.response),
		hist_mean_us(&second->all.response), time_us));
	if (growth <= GROWTH_MOST)
		return;
	step->is_clear = step->is_clear || growth > GROWTH_CLEAR;
	fprintf(one_reason(why), "a queue grows: p50 %sms, then %sms",
	    figure_ms(from, median_us(first)),
	    figure_ms(to, median_us(second)));
}

/* Answers that do not come are in no response times. */
static void judge_silence(
    struct find_step *step, struct reasons *why, const struct results *results)
{
	const struct books b = measured_books(results);
	double share =
	    b.started > 0 ? (double)b.interrupted / (double)b.started : 0;
	char percent[FIGURE_BYTES], time[FIGURE_BYTES];

	if (share <= UNSERVED_MOST)
		return;
	step->is_clear = step->is_clear || share > UNSERVED_CLEAR;
	fprintf(one_reason(why),
	    "%s %% of the requests had no answer %s after the end",
	    figure_percent(percent, b.interrupted, b.started),
	    format_duration(
		time, sizeof(time), results->plan->load.stop_timeout_us));
}

/* --- the whole ---------------------------------------------------------- */

static char *worst_failure(const struct results *results)
{
	size_t n;
	struct failure **all = table_sorted_failures(&results->total, &n);
	const struct failure *most = NULL;
	char *text = NULL, *name;

	for (size_t i = 0; i < n; i++)
		if (most == NULL || all[i]->count > most->count)
			most = all[i];
	if (most != NULL) {
		name = shortened(most->name, NAME_COLUMNS);
		text = xasprintf("%s%s%s: %s", most->type,
		    *most->type ? " " : "", name, most->text);
		free(name);
	}
	free(all);
	return text;
}

/* How long tasks were started whose books are judged. */
static uint64_t starting_us(const struct results *results)
{
	const struct load_options *load = &results->plan->load;
	uint64_t end_us = load->run_time_us;

	if (results->ended_by != NULL && results->end_us < end_us)
		end_us = results->end_us;
	return end_us > load->warmup_us ? end_us - load->warmup_us : 0;
}

static void take_figures(struct find_step *step, const struct results *results)
{
	const struct row *all = &results->total_all;
	const struct books b = measured_books(results);

	step->tasks_per_s = rate_per_s(b.tasks, starting_us(results));
	step->requests_per_s = rate_per_s(all->requests, measured_us(results));
	step->requests = all->requests;
	step->failures = all->failures;
	step->p50_us = hist_quantile_us(&all->response, 500000);
	step->p95_us = hist_quantile_us(&all->response, 950000);
	step->p99_us = hist_quantile_us(&all->response, 990000);
	step->failure = worst_failure(results);
	step->strain = strain_text(results, &step->is_disturbed);
	if (!step->is_rate)
		return;
	step->dropped = b.dropped;
	step->late = b.late;
	if (results->ended_by == NULL)
		step->late += waiting(results);
	step->due = b.intended + step->late - b.late;
}

static void judge_end(
    struct find_step *step, struct reasons *why, const struct results *results)
{
	char *text;

	if (results->ended_by == NULL)
		return;
	step->is_clear = true;
	text = shortened(results->ended_by, TEXT_COLUMNS);
	fprintf(one_reason(why), "ended early by %s", text);
	free(text);
}

void find_step_judge(struct find_step *step, const struct results *results)
{
	struct reasons why = {0};

	why.out = text_open(&why.text, &why.len);
	take_figures(step, results);
	judge_end(step, &why, results);
	judge_thresholds(step, &why, results);
	if (step->is_rate) {
		judge_service(step, &why, results);
		judge_growth(step, &why, results);
	}
	judge_silence(step, &why, results);
	if (step->requests == 0 && why.n == 0)
		fputs("no request was finished", one_reason(&why));
	text_close(why.out);
	step->holds = why.n == 0;
	/* it may have been the generator's fault */
	step->is_clear = step->is_clear && step->strain == NULL;
	step->why = why.text;
}

const struct find_step *find_failing(
    const struct find_step *steps, size_t n, double load)
{
	const struct find_step *found = NULL;

	for (size_t i = 0; i < n; i++) {
		if (steps[i].load != load || steps[i].holds)
			continue;
		if (found == NULL || found->strain != NULL)
			found = &steps[i];
	}
	return found;
}

const char *find_doubt(const struct find_step *step)
{
	if (step == NULL || step->strain == NULL)
		return "";
	return step->is_disturbed
		   ? "; something else kept this machine busy, and may be the "
		     "limit"
		   : "; the generator, not the server, may be the limit";
}

bool find_is_stalled(const struct find_step *steps, size_t n)
{
	const struct find_step *first, *last;

	if (n < STALLED_STEPS)
		return false;
	first = &steps[n - STALLED_STEPS];
	last = &steps[n - 1];
	for (const struct find_step *step = first; step <= last; step++)
		if (!step->holds || step->strain == NULL || step->is_disturbed)
			return false;
	return last->load > first->load &&
	       last->tasks_per_s < LEAST_MORE * first->tasks_per_s;
}

void find_step_clear(struct find_step *step)
{
	free(step->strain);
	free(step->why);
	free(step->failure);
	*step = (struct find_step) {0};
}
