/*
 * Merges what workers sent into an interval and a total, judges the run, and
 * tells the sinks. It knows no processes, no frames and no formats.
 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "load/schedule.h"
#include "report/baseline.h"
#include "report/file.h"
#include "report/lost.h"
#include "report/results.h"
#include "report/results.h"
#include "report/sink.h"
#include "report/text.h"
#include "report/thresholds.h"
#include "report/versus.h"

/* The console comes last: it says what went wrong in the others; JUnit comes
 * after those whose failure makes a case of it. */
static const struct sink *const sinks[] = {
    &csv_sink, &html_sink, &json_sink, &junit_sink, &console_sink};

/* Where in a report's fresh tables; behind them that of each stage. */
enum { WARMUP, NO_STAGE };

struct report {
	struct report_setup setup;
	struct results results;
	/* owned: what came since the results were summed up, of the warm-up, of
	 * no stage, and then of each */
	struct table *fresh;
	uint64_t interval_start_us;
	struct abort_watch watch;
	const struct threshold *abort; /* of the last interval; NULL: none */
	void *states[ARRAY_LEN(sinks)];
};

static void add_warmup(struct results *results, const struct table *table)
{
	struct row all;

	table_total(table, &all);
	results->warmup_requests += all.requests;
	results->warmup_failures += all.failures;
	row_clear(&all);
}

/* What thousands of workers sent is added up once as it comes, and that sum
 * then to all that it belongs to. */
static void settle(struct report *r)
{
	struct results *results = &r->results;

	add_warmup(results, &r->fresh[WARMUP]);
	table_reset(&r->fresh[WARMUP]);
	for (size_t i = 0; i <= results->n_stages; i++) {
		struct table *fresh = &r->fresh[NO_STAGE + i];

		table_merge(&results->interval, fresh);
		table_merge(&results->total, fresh);
		if (i > 0)
			table_merge(&results->stages[i - 1].table, fresh);
		table_reset(fresh);
	}
}

static void sum_up(struct report *r)
{
	struct results *results = &r->results;

	settle(r);
	row_clear(&results->interval_all);
	row_clear(&results->total_all);
	table_total(&results->interval, &results->interval_all);
	table_total(&results->total, &results->total_all);
	for (size_t i = 0; i < results->n_stages; i++) {
		row_clear(&results->stages[i].all);
		table_total(&results->stages[i].table, &results->stages[i].all);
	}
	thresholds_judge(results);
}

/* --- opening and closing ------------------------------------------------ */

static void open_stages(struct results *results)
{
	const struct load_options *load = &results->plan->load;

	if (!load->has_stages)
		return;
	results->n_stages = load->n_stages;
	results->stages = xcalloc(results->n_stages, sizeof(*results->stages));
	for (size_t i = 0; i < results->n_stages; i++)
		results->stages[i] =
		    (struct stage_view) {.stage = &load->stages[i],
			.start_us = schedule_stage_start_us(load, i),
			.end_us = schedule_stage_end_us(load, i)};
}

static void close_stages(struct results *results)
{
	for (size_t i = 0; i < results->n_stages; i++) {
		table_clear(&results->stages[i].table);
		row_clear(&results->stages[i].all);
	}
	free(results->stages);
}

/* Nothing is counted any more. */
static void make_comparison(struct results *results)
{
	const struct baseline *then = results->baseline;

	if (!then)
		return;
	results->comparison = xcalloc(1, sizeof(*results->comparison));
	comparison_make(results->comparison, &then->table, &then->all,
	    &results->total, &results->total_all);
}

static void close_comparison(struct results *results)
{
	if (results->comparison)
		comparison_clear(results->comparison);
	free(results->comparison);
}

static void open_workers(struct results *results, uint32_t workers)
{
	free(results->workers);
	results->n_workers = workers;
	/* one more, so that nothing is never asked for */
	results->workers =
	    xcalloc((size_t)workers + 1, sizeof(*results->workers));
	for (uint32_t i = 0; i < workers; i++) {
		results->workers[i].number = i;
		results->workers[i].host = xstrdup("");
	}
}

void report_workers(struct report *r, uint32_t workers)
{
	if (r->results.n_workers == 0)
		open_workers(&r->results, workers);
}

static void results_open(
    struct results *results, const struct report_setup *setup)
{
	results->plan = setup->plan;
	results->baseline = setup->baseline;
	results->stop_us = UINT64_MAX;
	open_stages(results);
	thresholds_open(results);
	open_workers(results, setup->workers);
}

bool report_check(const struct report_setup *setup, struct diag *d)
{
	bool ok = report_files_differ(setup, d);

	ok = report_files_foresee(setup, d) && ok;
	if (setup->csv_prefix)
		ok = csv_foresee(setup, d) && ok;
	return ok;
}

struct report *report_open(const struct report_setup *setup, struct diag *d)
{
	struct report *r;
	bool ok = true;

	/* where one cannot be written there will be no run, and what is left
	 * of the last one is not touched */
	if (!report_check(setup, d))
		return NULL;
	r = xcalloc(1, sizeof(*r));
	r->setup = *setup;
	results_open(&r->results, setup);
	r->fresh =
	    xcalloc(NO_STAGE + 1 + r->results.n_stages, sizeof(*r->fresh));
	/* from the last on: the CSV files alone are begun when they are opened,
	 * and only where the others can be written */
	for (size_t i = ARRAY_LEN(sinks); i-- > 0 && ok;)
		ok = sinks[i]->open(&r->states[i], &r->setup, d);
	if (!ok) {
		report_close(r);
		return NULL;
	}
	sum_up(r);
	for (size_t i = 0; i < ARRAY_LEN(sinks); i++) {
		if (r->states[i] && sinks[i]->begin)
			sinks[i]->begin(r->states[i], &r->results);
	}
	return r;
}

void report_close(struct report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < ARRAY_LEN(sinks); i++) {
		if (r->states[i])
			sinks[i]->close(r->states[i]);
	}
	for (uint32_t i = 0; i < r->results.n_workers; i++) {
		struct worker_view *w = &r->results.workers[i];

		hist_clear(&w->interval_lateness);
		hist_clear(&w->lateness);
		free(w->host);
		free(w->why_lost);
	}
	for (size_t i = 0; i < r->results.n_troubles; i++) {
		free(r->results.troubles[i].text);
		free(r->results.troubles[i].host);
	}
	for (size_t i = 0; i < NO_STAGE + 1 + r->results.n_stages; i++)
		table_clear(&r->fresh[i]);
	free(r->fresh);
	close_stages(&r->results);
	close_comparison(&r->results);
	thresholds_close(&r->results);
	abort_watch_clear(&r->watch);
	hist_clear(&r->results.lag);
	hist_clear(&r->results.interval_lag);
	free(r->results.broken);
	free(r->results.ended_by);
	free(r->results.workers);
	table_clear(&r->results.interval);
	table_clear(&r->results.total);
	row_clear(&r->results.interval_all);
	row_clear(&r->results.total_all);
	free(r);
}

/* --- what the workers say ----------------------------------------------- */

/* NULL for a number that no worker has. */
static struct worker_view *worker_of(struct report *r, uint32_t number)
{
	if (number >= r->results.n_workers)
		return NULL;
	return &r->results.workers[number];
}

void report_prepare(struct report *r, uint64_t wall_us)
{
	r->results.start_wall_us = wall_us;
}

void report_start(struct report *r, uint64_t start_wall_us)
{
	r->results.start_wall_us = start_wall_us;
	r->results.has_begun = true;
	for (size_t i = 0; i < ARRAY_LEN(sinks); i++) {
		if (r->states[i] && sinks[i]->start)
			sinks[i]->start(r->states[i], &r->results);
	}
}

void report_ended_by(struct report *r, const char *text)
{
	if (!r->results.ended_by)
		r->results.ended_by = xstrdup(text);
}

void report_worker(
    struct report *r, uint32_t worker, const char *host, long pid)
{
	struct worker_view *w = worker_of(r, worker);

	if (!w)
		return;
	free(w->host);
	w->host = xstrdup(host);
	w->pid = pid;
}

void report_count_ready(
    const struct report *r, uint32_t *hosts, uint32_t *workers)
{
	lost_count_living(&r->results, hosts, workers);
}

static void worker_add(struct worker_view *w, const struct report_delta *delta)
{
	uint64_t requests = delta->books->passed + delta->books->failed;

	if (delta->is_last_part) {
		w->users = delta->users;
		w->jobs = delta->jobs;
		if (delta->most_users > w->peak_users)
			w->peak_users = delta->most_users;
	}
	if (w->users > w->peak_users)
		w->peak_users = w->users;
	w->interval_heard = true;
	w->interval_requests += requests;
	w->interval_cpu_us += delta->cpu_us;
	w->interval_busy_us += delta->busy_us;
	hist_merge(&w->interval_lateness, delta->lateness);
	w->requests += requests;
	w->cpu_us += delta->cpu_us;
	w->busy_us += delta->busy_us;
	hist_merge(&w->lateness, delta->lateness);
	books_add(&w->sent, delta->books);
}

struct table *report_rows(struct report *r, bool is_warmup, uint32_t stage)
{
	if (is_warmup)
		return &r->fresh[WARMUP];
	return &r->fresh[NO_STAGE + (stage <= r->results.n_stages ? stage : 0)];
}

void report_delta(struct report *r, const struct report_delta *delta)
{
	struct results *results = &r->results;
	struct worker_view *w = worker_of(r, delta->worker);

	if (w)
		worker_add(w, delta);
	else if (delta->worker == REPORT_NO_WORKER)
		books_add(&results->errand_books, delta->books);
	else
		return;
	books_add(&results->books, delta->books);
	books_add(&results->interval_books, delta->books);
	if (delta->table)
		table_merge(report_rows(r, delta->is_warmup, delta->stage),
		    delta->table);
	if (delta->is_warmup) {
		books_add(&results->warmup_books, delta->books);
		return;
	}
	if (delta->lag) {
		hist_merge(&results->lag, delta->lag);
		hist_merge(&results->interval_lag, delta->lag);
	}
	if (delta->until_us > results->end_us &&
	    (delta->table ? !table_is_empty(delta->table) : delta->has_rows))
		results->end_us = delta->until_us;
}

void report_worker_final(
    struct report *r, uint32_t worker, const struct books *final)
{
	struct worker_view *w = worker_of(r, worker);

	if (!w)
		return;
	w->final = *final;
	w->has_final = true;
}

void report_worker_lost(struct report *r, uint32_t worker, const char *why,
    uint64_t users, uint64_t now_us)
{
	struct worker_view *w = worker_of(r, worker);

	if (!w || w->why_lost)
		return;
	w->why_lost = xstrdup(why);
	w->lost_us = now_us;
	w->users_dealt = users;
	w->users = 0;
	w->jobs = 0;
}

static struct trouble *find_trouble(
    struct results *results, const char *host, const char *text)
{
	for (size_t i = 0; i < results->n_troubles; i++) {
		struct trouble *t = &results->troubles[i];

		if (strcmp(t->text, text) == 0 && strcmp(t->host, host) == 0)
			return t;
	}
	return NULL;
}

void report_trouble(
    struct report *r, const char *host, const char *text, uint64_t count)
{
	struct results *results = &r->results;
	struct trouble *t = find_trouble(results, host, text);

	if (!t && results->n_troubles == TROUBLES_MAX - 1) {
		text = "(further troubles)";
		host = "";
		t = find_trouble(results, host, text);
	}
	if (!t) {
		t = &results->troubles[results->n_troubles++];
		*t = (struct trouble) {xstrdup(text), xstrdup(host), 0};
	}
	t->count += count;
}

void report_broken(struct report *r, const char *why)
{
	free(r->results.broken);
	r->results.broken = xstrdup(why);
}

/* --- telling the sinks -------------------------------------------------- */

static enum verdict judge(const struct results *results)
{
	for (uint32_t i = 0; i < results->n_workers; i++) {
		const struct worker_view *w = &results->workers[i];

		if (w->why_lost || worker_account_differs(w))
			return VERDICT_UNTRUSTED;
		if (!w->has_final && !results->left_at_once)
			return VERDICT_UNTRUSTED;
	}
	if (results->file_failed || results->broken || was_called_off(results))
		return VERDICT_UNTRUSTED;
	if (!results->left_at_once && !books_balance(&results->books))
		return VERDICT_UNTRUSTED;
	if (results->aborted)
		return VERDICT_FAILED;
	/* where there are some, they alone decide */
	if (results->n_thresholds > 0)
		return thresholds_failed(results) > 0 ? VERDICT_FAILED
						      : VERDICT_PASSED;
	return results->total_all.failures > 0 ||
		       table_failed_wholes(&results->total) > 0 ||
		       was_nothing_finished(results)
		   ? VERDICT_FAILED
		   : VERDICT_PASSED;
}

void report_hide(struct report *r)
{
	for (size_t i = 0; i < ARRAY_LEN(sinks); i++) {
		if (r->states[i] && sinks[i]->hide)
			sinks[i]->hide(r->states[i]);
	}
}

/* One sink's complaints, each on a line of its own. */
static void print_troubles(struct report *r, struct diag *d)
{
	if (d->n == 0)
		return;
	report_hide(r);
	diag_print(d, r->setup.err);
	fflush(r->setup.err);
	diag_clear(d);
}

static void tell_sinks(struct report *r, bool is_final)
{
	struct diag d;

	diag_init(&d);
	for (size_t i = 0; i < ARRAY_LEN(sinks); i++) {
		const struct sink *sink = sinks[i];
		bool ok;

		if (!r->states[i] || (!is_final && !sink->interval))
			continue;
		r->results.verdict = judge(&r->results);
		ok = is_final ? sink->final(r->states[i], &r->results, &d)
			      : sink->interval(r->states[i], &r->results, &d);
		if (!ok)
			r->results.file_failed = true;
		print_troubles(r, &d);
	}
	r->results.verdict = judge(&r->results);
}

static void begin_interval(struct report *r, uint64_t now_us)
{
	r->interval_start_us = now_us;
	table_reset(&r->results.interval);
	hist_reset(&r->results.interval_lag);
	r->results.interval_books = (struct books) {0};
	for (uint32_t i = 0; i < r->results.n_workers; i++) {
		struct worker_view *w = &r->results.workers[i];

		if (w->has_final) {
			w->users = 0;
			w->jobs = 0;
		}
		w->interval_requests = 0;
		w->interval_cpu_us = 0;
		w->interval_busy_us = 0;
		w->interval_heard = false;
		hist_reset(&w->interval_lateness);
	}
}

static void note_peak(struct worker_view *w)
{
	uint64_t permille;

	/* a short one, as the last often is, says nothing */
	if (w->interval_busy_us < US_PER_S)
		return;
	permille = w->interval_cpu_us * 1000 / w->interval_busy_us;
	if (permille > w->peak_cpu_permille)
		w->peak_cpu_permille = permille;
}

static void set_now(struct report *r, uint64_t now_us)
{
	r->results.now_us = now_us;
	r->results.interval_us =
	    now_us > r->interval_start_us ? now_us - r->interval_start_us : 0;
	sum_up(r);
}

void report_interval(struct report *r, uint64_t now_us)
{
	set_now(r, now_us);
	for (uint32_t i = 0; i < r->results.n_workers; i++)
		note_peak(&r->results.workers[i]);
	r->abort = abort_watch_look(&r->watch, &r->results);
	tell_sinks(r, false);
	begin_interval(r, now_us);
}

void report_gap(struct report *r, uint64_t from_us, uint64_t until_us)
{
	abort_watch_skip(&r->watch, from_us, until_us, r->interval_start_us);
}

bool report_is_to_end(struct report *r)
{
	char *text;

	if (!r->abort)
		return false;
	text = threshold_abort_text(r->setup.plan, r->abort);
	report_ended_by(r, text);
	r->results.aborted = true;
	free(text);
	return true;
}

void report_now(struct report *r, uint64_t now_us)
{
	set_now(r, now_us);
	report_hide(r);
	for (size_t i = 0; i < ARRAY_LEN(sinks); i++) {
		if (r->states[i] && sinks[i]->now)
			sinks[i]->now(r->states[i], &r->results);
	}
}

void report_stopping(struct report *r, uint64_t now_us, uint64_t limit_us)
{
	r->results.stop_us = now_us;
	r->results.stop_limit_us = limit_us;
	for (size_t i = 0; i < ARRAY_LEN(sinks); i++) {
		if (r->states[i] && sinks[i]->stopping)
			sinks[i]->stopping(r->states[i], &r->results);
	}
}

/* --- keys --------------------------------------------------------------- */

void report_keys(struct report *r, const char *keys)
{
	r->results.keys = keys;
}

/* Takes text over. */
static void note(struct report *r, uint64_t now_us, char *text)
{
	char time[FIGURE_BYTES];
	char *shown = text_shown(text);
	char *line =
	    r->results.has_begun
		? xasprintf("%s: %s", figure_elapsed(time, now_us), shown)
		: xstrdup(shown);

	for (size_t i = 0; i < ARRAY_LEN(sinks); i++) {
		if (r->states[i] && sinks[i]->note)
			sinks[i]->note(r->states[i], &r->results, line);
	}
	free(line);
	free(shown);
	free(text);
}

void report_users(
    struct report *r, uint64_t now_us, int32_t more, uint64_t users)
{
	uint64_t n = (uint64_t)(more < 0 ? -(int64_t)more : more);
	char by[FIGURE_BYTES], all[FIGURE_BYTES];

	r->results.has_changed_users = true;
	note(r, now_us,
	    xasprintf("%s user%s %s (now %s)", figure_count(by, n), plural(n),
		more < 0 ? "fewer" : "more", figure_count(all, users)));
}

void report_words(struct report *r, const char *host, const char *text)
{
	char *shown = text_shown(text);

	report_hide(r);
	fprintf(r->setup.err, "%s: %s\n", host, shown);
	free(shown);
}

void report_note(struct report *r, uint64_t now_us, const char *text)
{
	note(r, now_us, xstrdup(text));
}

void report_final(struct report *r, int signal, bool left_at_once)
{
	r->results.signal = signal;
	r->results.left_at_once = left_at_once;
	sum_up(r);
	make_comparison(&r->results);
	tell_sinks(r, true);
}

const struct results *report_results(const struct report *r)
{
	return &r->results;
}

enum verdict report_verdict(const struct report *r)
{
	return r->results.verdict;
}
