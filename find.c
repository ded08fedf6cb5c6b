/*
 * The search as it goes: steps are played one after the other, told, and at
 * last what they say together. It must not know how a step is judged, nor which
 * load comes next.
 */
#include "find.h"

#include <stdlib.h>

#include "base/util.h"
#include "find_plan.h"
#include "find_search.h"
#include "ready.h"
#include "report/file.h"
#include "report/find.h"
#include "report/summary.h"
#include "run.h"
#include "signals.h"

enum {
	PAUSE_PART = 10, /* of a step, so that queues of the server drain */
	LEAST_PAUSE_US = 250000,
	MOST_PAUSE_US = 2 * 1000000
};

#define LEAST_RATE 1.0 /* nothing below it is tried, but for the start */

struct find {
	const struct find_setup *setup;
	struct find_plan plan;
	struct search search;
	struct find_step *steps; /* owned */
	size_t n_steps;
	size_t cap_steps;
	struct report_file csv;
	bool has_csv;
	bool is_told;     /* why this machine cannot make a load */
	bool is_too_much; /* a host has said so of the last step */
	bool is_stalled;  /* more of it comes to no more load */
	int status;       /* why it is over before its end; RUN_STATUS_PASSED */
};

/* --- a step ------------------------------------------------------------- */

static void tell_troubles(struct terminal *t, const struct results *results)
{
	for (size_t i = 0; i < results->n_troubles; i++) {
		const struct trouble *trouble = &results->troubles[i];
		char *shown = text_shown(trouble->text);

		terminal_text(t, STYLE_WARNING, shown);
		free(shown);
	}
}

/* The results of a step, which is the last one of the list. */
static void take_results(void *arg, const struct results *results)
{
	struct find *f = arg;
	struct find_step *step = &f->steps[f->n_steps];
	struct terminal t;

	if (results->signal != 0)
		return;
	terminal_look(&t, f->setup->err);
	if (f->setup->verbosity >= VERBOSITY_NORMAL)
		tell_troubles(&t, results);
	if (results->verdict == VERDICT_UNTRUSTED) {
		print_verdict(&t, results);
		return;
	}
	find_step_judge(step, results);
	f->n_steps++;
	if (f->setup->verbosity >= VERBOSITY_NORMAL)
		find_print_step(&t, f->n_steps, step);
}

/* Judged, it is one step more, and the status is 0. */
static int play_step(struct find *f, struct plan *plan, struct diag *d)
{
	struct report_setup setup = {.plan = plan,
	    .workers = ready_run_workers(plan),
	    .verbosity = VERBOSITY_NOTHING,
	    .out = f->setup->out,
	    .err = f->setup->err};
	struct run_ear ear = {.take = take_results, .arg = f};
	struct run_result result;
	int status;

	f->steps = grow(f->steps, f->n_steps, &f->cap_steps, sizeof(*f->steps));
	f->steps[f->n_steps] = (struct find_step) {
	    .load = f->search.next, .is_rate = f->plan.is_rate};
	result = run_play(&setup, &ear, false, d);
	f->is_too_much = result.is_too_much;
	status = run_status(&result);
	return status == RUN_STATUS_FAILED ? RUN_STATUS_PASSED : status;
}

static enum search_word word_of(const struct find_step *step)
{
	if (step->holds)
		return SEARCH_HOLDS;
	return step->is_clear ? SEARCH_FAILS_CLEARLY : SEARCH_FAILS;
}

static uint64_t pause_us(const struct find *f)
{
	uint64_t us = f->plan.measured_us / PAUSE_PART;

	if (us < LEAST_PAUSE_US)
		return LEAST_PAUSE_US;
	return us < MOST_PAUSE_US ? us : MOST_PAUSE_US;
}

/* Owned by the caller. */
static char *too_much(const struct find *f, double load)
{
	char text[FIGURE_BYTES];

	return xasprintf("%s %s for %s",
	    find_load_words(text, load, f->plan.is_rate),
	    f->plan.is_rate ? "is too much" : "are too many",
	    f->plan.n_hosts > 0 ? "the hosts" : "this machine");
}

/* The next load does not fit, and none that is higher. False: the search is
 * over. */
static bool take_limit(struct find *f)
{
	struct terminal t;
	char *text = too_much(f, f->search.next);

	terminal_look(&t, f->setup->err);
	if (f->setup->verbosity >= VERBOSITY_NORMAL)
		terminal_text(&t, STYLE_WARNING, text);
	free(text);
	search_tell(&f->search, SEARCH_FAILS_CLEARLY);
	return f->search.next > 0;
}

/* False: the search is over. */
static bool take_step(struct find *f, struct plan *plan, struct diag *d)
{
	int signal = f->n_steps > 0 ? signals_pause(pause_us(f)) : 0;

	f->is_too_much = false;
	f->status =
	    signal != 0 ? RUN_STATUS_SIGNAL + signal : play_step(f, plan, d);
	if (f->is_too_much && f->n_steps > 0) {
		f->status = RUN_STATUS_PASSED;
		return take_limit(f);
	}
	if (f->status != RUN_STATUS_PASSED)
		return false;
	search_tell(&f->search, word_of(&f->steps[f->n_steps - 1]));
	f->is_stalled =
	    f->search.failed == 0 && find_is_stalled(f->steps, f->n_steps);
	return !f->is_stalled && f->search.next > 0;
}

/* False: the search is over. */
static bool take_next(struct find *f, struct diag *d)
{
	struct diag step_d;
	struct plan *plan;
	bool is_too_much, goes_on;

	diag_init(&step_d);
	plan = find_plan_load(&f->plan, f->search.next, &is_too_much, &step_d);
	if (plan != NULL) {
		goes_on = take_step(f, plan, d);
	} else if (is_too_much && f->n_steps > 0) {
		if (!f->is_told)
			diag_print(&step_d, f->setup->err);
		f->is_told = true;
		goes_on = take_limit(f);
	} else {
		diag_print(&step_d, f->setup->err);
		f->status = RUN_STATUS_USAGE;
		goes_on = false;
	}
	diag_clear(&step_d);
	plan_free(plan);
	return goes_on;
}

/* --- the answer --------------------------------------------------------- */

static const char *sought(const struct find *f)
{
	return f->plan.is_rate ? "rate" : "number of users";
}

static const char *thresholds(const struct find *f)
{
	return f->plan.n_thresholds == 1 ? "the threshold holds"
					 : "all thresholds hold";
}

/* Why no more is known to hold, where no step says it; owned by the caller. */
static char *why_no_more(const struct find *f)
{
	if (f->is_stalled)
		return xasprintf("the generator is at its limits: %s makes no "
				 "more load",
		    f->plan.is_rate ? "a higher rate" : "more users");
	return f->search.failed > 0 ? too_much(f, f->search.failed)
				    : xstrdup("more was not tried");
}

/* Where a load holds; the step that does not, or NULL. Owned by the caller. */
static char *good_answer(const struct find *f, const struct find_step *step)
{
	bool is_known = f->search.next == 0 && step != NULL &&
			f->search.tries < SEARCH_TRIES_MAX &&
			step->strain == NULL;
	char held[FIGURE_BYTES], failed[FIGURE_BYTES];
	char *why;
	char *text;

	find_load_text(held, f->search.held, f->plan.is_rate);
	find_load_text(failed, f->search.failed, f->plan.is_rate);
	if (step != NULL)
		why = xasprintf("%s %s not hold: %s%s%s", failed,
		    f->plan.is_rate ? "does" : "do", step->why,
		    step->failure != NULL ? "; most failures: " : "",
		    step->failure != NULL ? step->failure : "");
	else
		why = why_no_more(f);
	text = xasprintf("The highest %s at which %s: %s%s (%s%s)", sought(f),
	    thresholds(f), is_known ? "" : "at least ", held, why,
	    find_doubt(step));
	free(why);
	return text;
}

/* Where none does. Owned by the caller. */
static char *bad_answer(const struct find *f, const struct find_step *step)
{
	char failed[FIGURE_BYTES];

	return xasprintf("%s %s: %s%s%s%s",
	    f->search.next == 0 ? "Nothing holds, not even"
				: "Nothing is known to hold so far; not",
	    find_load_words(failed, f->search.failed, f->plan.is_rate),
	    step->why, find_doubt(step),
	    step->failure != NULL ? "; most failures: " : "",
	    step->failure != NULL ? step->failure : "");
}

/* Owned by the caller. */
static char *answer(const struct find *f)
{
	const struct find_step *step =
	    find_failing(f->steps, f->n_steps, f->search.failed);

	if (f->search.held > 0)
		return good_answer(f, step);
	return step != NULL ? bad_answer(f, step)
			    : xstrdup("No load was judged");
}

static void tell_all(struct find *f)
{
	struct terminal t;
	char *text = answer(f);
	char *shown = text_shown(text);

	terminal_look(&t, f->setup->out);
	if (f->n_steps > 0)
		find_print_table(&t, f->steps, f->n_steps);
	terminal_line(&t,
	    f->search.held > 0 && f->status == RUN_STATUS_PASSED ? STYLE_GOOD
								 : STYLE_BAD,
	    "%s", shown);
	free(shown);
	free(text);
}

static bool write_csv(struct find *f, struct diag *d)
{
	FILE *out = report_file_begin(&f->csv, d);

	if (out != NULL)
		find_write_csv(out, f->steps, f->n_steps);
	return out != NULL && report_file_end(&f->csv, d);
}

/* --- the whole ---------------------------------------------------------- */

static void say_what_is_sought(const struct find *f)
{
	char start[FIGURE_BYTES], time[FIGURE_BYTES], warmup[FIGURE_BYTES];

	if (f->setup->verbosity < VERBOSITY_NORMAL)
		return;
	find_load_words(start, f->plan.start, f->plan.is_rate);
	figure_duration(warmup, f->plan.warmup_us);
	figure_duration(time, find_plan_measured_us(&f->plan, f->plan.start));
	fprintf(f->setup->err,
	    "searching the highest %s at which %s: from %s on, %s a step "
	    "behind a warm-up of %s",
	    sought(f), thresholds(f), start, time, warmup);
	if (f->plan.n_hosts > 0)
		fprintf(f->setup->err, ", on %zu host%s", f->plan.n_hosts,
		    plural(f->plan.n_hosts));
	putc('\n', f->setup->err);
}

static bool open_csv(struct find *f, struct diag *d)
{
	const struct report_setup setup = {.out = f->setup->out};

	if (f->plan.csv_path == NULL)
		return true;
	f->has_csv =
	    report_file_open(&f->csv, f->plan.csv_path, "--csv", &setup, d);
	return f->has_csv;
}

static int search_and_tell(struct find *f, struct diag *d)
{
	const struct search_range range = {.start = f->plan.start,
	    .least = f->plan.is_rate && f->plan.start < LEAST_RATE
			 ? f->plan.start
			 : LEAST_RATE,
	    .most = FIND_MOST_LOAD,
	    .is_whole = !f->plan.is_rate};

	say_what_is_sought(f);
	search_begin(&f->search, &range);
	while (take_next(f, d)) {
	}
	if (f->status == RUN_STATUS_USAGE && f->n_steps == 0)
		return f->status;
	tell_all(f);
	if (f->has_csv && !write_csv(f, d))
		return RUN_STATUS_UNTRUSTED;
	if (f->status != RUN_STATUS_PASSED)
		return f->status;
	return f->search.held > 0 ? RUN_STATUS_PASSED : RUN_STATUS_FAILED;
}

int find_run(const struct find_setup *setup, struct diag *d)
{
	struct find f = {.setup = setup};
	int status = RUN_STATUS_USAGE;
	bool is_good =
	    find_plan_open(&f.plan, &setup->source, d) && open_csv(&f, d);

	if (!is_good || setup->verbosity > VERBOSITY_ONLY_SUMMARY)
		diag_print(d, setup->err);
	diag_clear(d);
	if (is_good)
		status = search_and_tell(&f, d);
	diag_print(d, setup->err);
	diag_clear(d);
	if (f.has_csv)
		report_file_clear(&f.csv);
	for (size_t i = 0; i < f.n_steps; i++)
		find_step_clear(&f.steps[i]);
	free(f.steps);
	find_plan_clear(&f.plan);
	return status;
}
