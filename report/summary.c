/*
 * The final summary: requests, percentiles, failures, health, books, and the
 * verdict. It knows no files and no live display.
 */
#include "report/summary.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/grid.h"
#include "report/sink.h"
#include "report/text.h"

enum { MAX_FAILURES_SHOWN = 20, FAILURE_INDENT = 7 };

/* --- requests ----------------------------------------------------------- */

static const struct grid_column request_columns[] = {
    {"type", ALIGN_LEFT},
    {"name", ALIGN_NAME},
    {"requests", ALIGN_RIGHT},
    {"failed", ALIGN_RIGHT},
    {"p50 ms", ALIGN_POINT},
    {"p95 ms", ALIGN_POINT},
    {"max ms", ALIGN_POINT},
    {"req/s", ALIGN_POINT},
};

/* rated: the counts that req/s is made of; NULL is none. */
static void add_request_row(struct grid *g, const struct row *row,
    const struct row *rated, uint64_t over_us, enum style style)
{
	const struct hist *h = &row->response;
	uint64_t n = rated ? rated->requests : 0;
	char text[FIGURE_BYTES];

	grid_row(g, row->failures > 0 ? STYLE_BAD : style);
	grid_text(g, row->type);
	grid_text(g, row->name);
	grid_text(g, figure_count(text, row->requests));
	grid_text(g, figure_count(text, row->failures));
	grid_text(g, figure_ms(text, hist_quantile_us(h, 500000)));
	grid_text(g, figure_ms(text, hist_quantile_us(h, 950000)));
	grid_text(g, figure_ms(text, h->max_us));
	grid_text(g, figure_rate(text, rate_per_s(n, over_us)));
}

void print_requests(struct terminal *t, const struct results *results,
    bool rates_now, size_t max_rows)
{
	uint64_t over_us = rates_now ? results->interval_us : results->end_us;
	size_t n, shown;
	struct row **rows = table_sorted_rows(&results->total, &n);
	struct grid g;

	grid_init(&g, request_columns, ARRAY_LEN(request_columns), 2);
	shown = n;
	/* titles, rows, "more", Aggregated */
	if (n + 2 > max_rows)
		shown = max_rows > 4 ? max_rows - 3 : 1;
	for (size_t i = 0; i < shown && i < n; i++) {
		const struct row *rated =
		    rates_now ? table_find(&results->interval, rows[i]->type,
				    rows[i]->name)
			      : rows[i];

		add_request_row(&g, rows[i], rated, over_us, STYLE_PLAIN);
	}
	if (shown < n) {
		char *more = xasprintf("... %zu more rows", n - shown);

		grid_row(&g, STYLE_FAINT);
		grid_text(&g, "");
		grid_text(&g, more);
		free(more);
	}
	add_request_row(&g, &results->total_all,
	    rates_now ? &results->interval_all : &results->total_all, over_us,
	    STYLE_HEAD);
	grid_print(&g, t);
	grid_clear(&g);
	free(rows);
}

/* --- percentiles -------------------------------------------------------- */

static void add_quantiles(
    struct grid *g, const struct row *row, enum style style)
{
	char *name = *row->type ? xasprintf("%s %s", row->type, row->name)
				: xstrdup(row->name);
	char text[FIGURE_BYTES];

	grid_row(g, style);
	grid_text(g, name);
	for (size_t i = 0; i < QUANTILE_COLUMNS; i++)
		grid_text(
		    g, figure_narrow_ms(text, hist_quantile_us(&row->response,
						  quantile_columns[i].ppm)));
	free(name);
}

static void print_percentiles(struct terminal *t, const struct results *results)
{
	struct grid_column columns[1 + QUANTILE_COLUMNS] = {{"", ALIGN_NAME}};
	size_t n;
	struct row **rows = table_sorted_rows(&results->total, &n);
	struct grid g;

	for (size_t i = 0; i < QUANTILE_COLUMNS; i++)
		columns[1 + i] = (struct grid_column) {
		    quantile_columns[i].name, ALIGN_RIGHT};
	grid_init(&g, columns, ARRAY_LEN(columns), 1);
	for (size_t i = 0; i < n; i++)
		add_quantiles(&g, rows[i], STYLE_PLAIN);
	add_quantiles(&g, &results->total_all, STYLE_HEAD);
	terminal_line(
	    t, STYLE_HEAD, "%s", "Percentiles of the response time in ms");
	grid_print(&g, t);
	terminal_line(t, STYLE_PLAIN, "%s", "");
	grid_clear(&g);
	free(rows);
}

/* --- failures ----------------------------------------------------------- */

static int compare_counts(const void *left, const void *right)
{
	const struct failure *l = *(struct failure *const *)left;
	const struct failure *r = *(struct failure *const *)right;

	return l->count > r->count ? -1 : l->count < r->count;
}

/* "      12  GET /x", and below it the text, over as many lines as needed. */
static void print_failure(struct terminal *t, const struct failure *f)
{
	char count[FIGURE_BYTES];
	char *request =
	    xasprintf("%s%s%s", f->type, *f->type ? " " : "", f->name);
	char *request_shown = text_shown(request);
	char *text = text_shown(f->text);
	char *first =
	    xasprintf("%*s  ", FAILURE_INDENT, figure_count(count, f->count));
	size_t indent = strlen(first);

	if (indent + text_columns(request_shown) + 2 + text_columns(text) <=
	    t->columns) {
		terminal_line(t, STYLE_PLAIN, "%s%s%s%s", first, request_shown,
		    *request_shown ? "  " : "", text);
	} else {
		terminal_wrap(t, STYLE_PLAIN, first, indent, request_shown);
		terminal_wrap(t, STYLE_PLAIN, NULL, indent, text);
	}
	free(first);
	free(text);
	free(request_shown);
	free(request);
}

static void print_failures(
    struct terminal *t, const struct results *results, const char *csv_prefix)
{
	size_t n;
	struct failure **failures = table_sorted_failures(&results->total, &n);

	if (n > 0) {
		terminal_line(t, STYLE_HEAD, "%s", "Failures");
		qsort(failures, n, sizeof(struct failure *), compare_counts);
	}
	for (size_t i = 0; i < n && i < MAX_FAILURES_SHOWN; i++)
		print_failure(t, failures[i]);
	if (n > MAX_FAILURES_SHOWN)
		terminal_line(t, STYLE_FAINT, "%*s... %zu more kinds%s%s%s",
		    FAILURE_INDENT - 1, "", n - MAX_FAILURES_SHOWN,
		    csv_prefix ? ": see " : "", csv_prefix ? csv_prefix : "",
		    csv_prefix ? "_failures.csv" : "");
	if (n > 0)
		terminal_line(t, STYLE_PLAIN, "%s", "");
	free(failures);
}

/* --- books -------------------------------------------------------------- */

static void print_balance(struct terminal *t, const struct books *b)
{
	char started[FIGURE_BYTES], passed[FIGURE_BYTES], failed[FIGURE_BYTES];
	char cut[FIGURE_BYTES], ended[FIGURE_BYTES];
	bool balance = books_balance(b);
	char *text = xasprintf(
	    "%s requests started %s %s passed + %s failed + %s interrupted%s%s",
	    figure_count(started, b->started), balance ? "=" : "but",
	    figure_count(passed, b->passed), figure_count(failed, b->failed),
	    figure_count(cut, b->interrupted), balance ? "" : " = ",
	    balance
		? ""
		: figure_count(ended, b->passed + b->failed + b->interrupted));

	terminal_wrap(t, balance ? STYLE_PLAIN : STYLE_BAD, "  ", 2, text);
	free(text);
}

static void print_traffic(struct terminal *t, const struct results *results)
{
	const struct books *b = &results->books;
	char tasks[FIGURE_BYTES], connections[FIGURE_BYTES];
	char redirects[FIGURE_BYTES], resent[FIGURE_BYTES];
	char clamped[FIGURE_BYTES];

	terminal_line(t, STYLE_PLAIN,
	    "  %s tasks started, %s connections opened",
	    figure_count(tasks, b->tasks),
	    figure_count(connections, b->connections));
	if (b->redirects > 0)
		terminal_line(t, STYLE_PLAIN,
		    "  %s redirects followed: requests of their own to the "
		    "server",
		    figure_count(redirects, b->redirects));
	if (b->resent > 0)
		terminal_line(t, STYLE_PLAIN,
		    "  %s sent again by libcurl on a new connection: the "
		    "server "
		    "may count more",
		    figure_count(resent, b->resent));
	if (results->total_all.response.clamped > 0)
		terminal_line(t, STYLE_WARNING,
		    "! %s took more than an hour and are counted as an hour",
		    figure_count(clamped, results->total_all.response.clamped));
}

static void print_difference(struct terminal *t, const struct worker_view *w)
{
	char sent[FIGURE_BYTES], own[FIGURE_BYTES];
	uint64_t sent_n = w->sent.passed + w->sent.failed;
	uint64_t own_n = w->final.passed + w->final.failed;
	char *text = sent_n == own_n
			 ? xasprintf("worker %" PRIu32
				     "'s own account differs from what "
				     "it sent",
			       w->number)
			 : xasprintf("worker %" PRIu32
				     " counted %s requests itself, but "
				     "sent %s",
			       w->number, figure_count(own, own_n),
			       figure_count(sent, sent_n));

	terminal_wrap(t, STYLE_BAD, "! ", 2, text);
	free(text);
}

static void print_accounts(struct terminal *t, const struct results *results)
{
	uint32_t differ = 0;
	uint32_t missing = 0;

	for (uint32_t i = 0; i < results->n_workers; i++) {
		const struct worker_view *w = &results->workers[i];

		missing += !w->has_final;
		if (!worker_account_differs(w))
			continue;
		differ++;
		print_difference(t, w);
	}
	if (missing > 0)
		terminal_line(t,
		    results->left_at_once ? STYLE_PLAIN : STYLE_WARNING,
		    "%s %" PRIu32 " of %" PRIu32
		    " workers gave no account of their own",
		    results->left_at_once ? " " : "!", missing,
		    results->n_workers);
	else if (differ == 0)
		terminal_line(t, STYLE_PLAIN, "%s",
		    results->n_workers == 1
			? "  the worker's own account agrees"
			: "  every worker's own account agrees");
}

static void print_books(struct terminal *t, const struct results *results)
{
	terminal_line(t, STYLE_HEAD, "%s", "Books");
	print_balance(t, &results->books);
	print_traffic(t, results);
	print_accounts(t, results);
	terminal_line(t, STYLE_PLAIN, "%s", "");
}

/* --- verdict ------------------------------------------------------------ */

static const char *signal_name(int number)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
	    {SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}, {SIGHUP, "SIGHUP"}};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].number == number)
			return names[i].name;
	}
	return "a signal";
}

/* "none of 1,234 requests failed"; owned by the caller. */
static char *outcome(const struct results *results)
{
	const struct row *all = &results->total_all;
	char requests[FIGURE_BYTES], failures[FIGURE_BYTES];
	char percent[FIGURE_BYTES];

	figure_count(requests, all->requests);
	if (all->requests == 0)
		return xstrdup("no request was made");
	if (all->failures == 0)
		return xasprintf("%s request%s, none failed", requests,
		    all->requests == 1 ? "" : "s");
	return xasprintf("%s of %s request%s failed (%s %%)",
	    figure_count(failures, all->failures), requests,
	    all->requests == 1 ? "" : "s",
	    figure_percent(percent, all->failures, all->requests));
}

static void put_reason(FILE *out, size_t *n, const char *reason)
{
	fprintf(out, "%s%s", (*n)++ > 0 ? "; " : "", reason);
}

/* The workers that were lost: named while they are few. */
static void put_lost(FILE *out, size_t *n, const struct results *results)
{
	enum { NAMED = 3 };
	uint32_t lost = 0;

	for (uint32_t i = 0; i < results->n_workers; i++) {
		const struct worker_view *w = &results->workers[i];
		char *reason;

		if (!w->why_lost || ++lost > NAMED)
			continue;
		reason = xasprintf(
		    "worker %" PRIu32 " lost (%s)", w->number, w->why_lost);
		put_reason(out, n, reason);
		free(reason);
	}
	if (lost > NAMED)
		fprintf(out, " and %" PRIu32 " more workers", lost - NAMED);
}

static void put_doubts(FILE *out, const struct results *results)
{
	bool differs = false;
	bool missing = false;
	size_t n = 0;

	for (uint32_t i = 0; i < results->n_workers; i++) {
		const struct worker_view *w = &results->workers[i];

		differs = differs || worker_account_differs(w);
		missing = missing || (!w->has_final && !w->why_lost);
	}
	put_lost(out, &n, results);
	if (differs)
		put_reason(out, &n, "a worker's own account differs");
	if (missing && !results->left_at_once)
		put_reason(out, &n, "a worker gave no account");
	/* that of a lost worker cannot balance: it says nothing more */
	if (n == 0 && !results->left_at_once && !books_balance(&results->books))
		put_reason(out, &n, "the books do not balance");
	if (results->file_failed)
		put_reason(out, &n, "a file could not be written");
}

static void put_verdict(FILE *out, const struct results *results)
{
	char *what = outcome(results);

	if (results->verdict == VERDICT_UNTRUSTED) {
		fputs("NOT TO BE TRUSTED: ", out);
		put_doubts(out, results);
	} else if (results->signal) {
		fprintf(out, "STOPPED%s by %s: %s",
		    results->left_at_once ? " AT ONCE" : "",
		    signal_name(results->signal), what);
	} else {
		fprintf(out, "%s: %s",
		    results->verdict == VERDICT_FAILED ? "FAILED" : "PASSED",
		    what);
	}
	free(what);
}

/* What the verdict has no room for, when it is about trust. */
static void print_outcome(struct terminal *t, const struct results *results)
{
	char *what = outcome(results);

	if (results->signal)
		terminal_line(t, STYLE_PLAIN, "stopped by %s: %s",
		    signal_name(results->signal), what);
	else
		terminal_line(t, STYLE_PLAIN, "%s", what);
	free(what);
}

static enum style verdict_style(const struct results *results)
{
	if (results->verdict != VERDICT_PASSED)
		return STYLE_BAD;
	return results->signal || results->total_all.requests == 0
		   ? STYLE_WARNING
		   : STYLE_GOOD;
}

static void print_verdict(struct terminal *t, const struct results *results)
{
	char *text = NULL;
	char *shown;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	if (results->verdict == VERDICT_UNTRUSTED)
		print_outcome(t, results);
	put_verdict(out, results);
	if (fclose(out) == 0) {
		shown = text_shown(text);
		/* on one line, for whoever reads the last line alone */
		terminal_line(t, verdict_style(results), "%s", shown);
		free(shown);
	}
	free(text);
}

/* --- the whole ---------------------------------------------------------- */

static void print_head(struct terminal *t, const struct results *results)
{
	const struct plan *plan = results->plan;
	char users[FIGURE_BYTES], time[FIGURE_BYTES];
	char *file = text_shown(plan->file ? plan->file : "");

	terminal_line(t, STYLE_PLAIN, "%s", "");
	terminal_line(t, STYLE_HEAD,
	    "%s: %s user%s on %" PRIu32 " worker%s, %s", file,
	    figure_count(users, plan->load.users),
	    plan->load.users == 1 ? "" : "s", results->n_workers,
	    results->n_workers == 1 ? "" : "s",
	    figure_duration(
		time, results->end_us > 0 ? results->end_us : results->now_us));
	terminal_line(t, STYLE_PLAIN, "%s", "");
	free(file);
}

void print_summary(struct terminal *t, const struct results *results,
    const struct report_setup *setup)
{
	print_head(t, results);
	if (results->total_all.requests > 0) {
		print_requests(t, results, false, SIZE_MAX);
		terminal_line(t, STYLE_PLAIN, "%s", "");
		print_percentiles(t, results);
	} else {
		terminal_line(t, STYLE_WARNING, "%s",
		    "No request was made: nothing was measured.");
		terminal_line(t, STYLE_PLAIN, "%s", "");
	}
	print_failures(t, results, setup->csv_prefix);
	print_health(t, results);
	print_books(t, results);
	print_verdict(t, results);
}
