/*
 * The final summary as a whole, and of its parts the failures and the books.
 * It knows no live display.
 */
#include "report/summary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/baseline.h"
#include "report/file.h"
#include "report/results.h"
#include "report/text.h"

enum { MAX_FAILURES_SHOWN = 20, FAILURE_INDENT = 7 };

/* --- failures ----------------------------------------------------------- */

/* "      12  GET /x", and below it the text, over as many lines as needed. */
static void print_failure(struct terminal *t, const struct failure *f)
{
	char count[FIGURE_BYTES];
	char *request =
	    xasprintf("%s%s%s", f->type, *f->type ? " " : "", f->name);
	char *shown = text_shown(request);
	char *text = text_shown(f->text);
	char *first =
	    xasprintf("%*s  ", FAILURE_INDENT, figure_count(count, f->count));
	size_t indent = strlen(first);
	size_t room = t->columns > indent ? t->columns - indent : 0;

	if (text_columns(shown) + 2 + text_columns(text) <= room) {
		terminal_line(t, STYLE_PLAIN, "%s%s%s%s", first, shown,
		    *shown ? "  " : "", text);
	} else {
		char *cut = text_cut(shown, t->has_width ? room : SIZE_MAX);

		terminal_line(t, STYLE_PLAIN, "%s%s", first, cut);
		terminal_wrap(t, STYLE_PLAIN, NULL, indent, text);
		free(cut);
	}
	free(first);
	free(text);
	free(shown);
	free(request);
}

static void print_failures(
    struct terminal *t, const struct results *results, const char *csv_prefix)
{
	size_t n;
	struct failure **failures =
	    table_frequent_failures(&results->total, &n);

	if (n > 0)
		terminal_line(t, STYLE_HEAD, "%s", "Failures");
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
	char *text = xasprintf("%s request%s started %s %s passed + %s failed "
			       "+ %s interrupted%s%s",
	    figure_count(started, b->started), plural(b->started),
	    balance ? "=" : "but", figure_count(passed, b->passed),
	    figure_count(failed, b->failed), figure_count(cut, b->interrupted),
	    balance ? "" : " = ",
	    balance
		? ""
		: figure_count(ended, b->passed + b->failed + b->interrupted));

	terminal_wrap(t, balance ? STYLE_PLAIN : STYLE_BAD, "  ", 2, text);
	free(text);
}

/* "; starts were 1.2 ms behind at p99, 3.4 ms at most"; owned by the caller. */
static char *lag_text(const struct hist *lag)
{
	char p99[FIGURE_BYTES], most[FIGURE_BYTES];

	if (lag->count == 0)
		return xstrdup("");
	return xasprintf("; starts were %s ms behind at p99, %s ms at most",
	    figure_ms(p99, hist_quantile_us(lag, 990000)),
	    figure_ms(most, lag->max_us));
}

/* What became of a rate's tasks: "1,000 tasks were due: 990 started, 12 of them
 * late as no user was free, 10 dropped". A start that is behind by itself is
 * not late. */
static void print_due(struct terminal *t, const struct results *results)
{
	const struct books *b = &results->books;
	char due[FIGURE_BYTES], tasks[FIGURE_BYTES];
	char late[FIGURE_BYTES], dropped[FIGURE_BYTES];
	char *lag, *text;

	if (results->plan->load.model != LOAD_RATE)
		return;
	lag = lag_text(&results->lag);
	text = xasprintf(
	    "%s task%s due: %s started, %s of them late%s, %s dropped%s",
	    figure_count(due, b->intended),
	    b->intended == 1 ? " was" : "s were", figure_count(tasks, b->tasks),
	    b->late > 0 ? figure_count(late, b->late) : "none",
	    b->late > 0 ? " as no user was free" : "",
	    b->dropped > 0 ? figure_count(dropped, b->dropped) : "none", lag);
	terminal_wrap(t, STYLE_PLAIN, "  ", 2, text);
	free(lag);
	free(text);
}

static void print_warmup(struct terminal *t, const struct results *results)
{
	uint64_t warmup_us = results->plan->load.warmup_us;
	char time[FIGURE_BYTES], requests[FIGURE_BYTES], failed[FIGURE_BYTES];
	uint64_t failures = results->warmup_failures;

	if (warmup_us == 0)
		return;
	terminal_line(t, STYLE_PLAIN,
	    "  the warm-up of %s is left out: %s request%s, %s failed",
	    format_duration(time, sizeof(time), warmup_us),
	    figure_count(requests, results->warmup_requests),
	    plural(results->warmup_requests),
	    failures > 0 ? figure_count(failed, failures) : "none");
}

/* What ran beside the users. */
static void print_jobs(struct terminal *t, const struct books *b)
{
	char jobs[FIGURE_BYTES], dropped[FIGURE_BYTES], skipped[FIGURE_BYTES];

	if (b->jobs > 0)
		terminal_line(t, STYLE_PLAIN,
		    "  %s background job%s started, %s dropped at the end",
		    figure_count(jobs, b->jobs), plural(b->jobs),
		    b->jobs_dropped > 0 ? figure_count(dropped, b->jobs_dropped)
					: "none");
	if (b->jobs_skipped > 0)
		terminal_line(t, STYLE_WARNING,
		    "! %s background job%s not started: a worker holds no "
		    "more than max_background",
		    figure_count(skipped, b->jobs_skipped),
		    plural(b->jobs_skipped));
}

static void print_traffic(struct terminal *t, const struct results *results)
{
	const struct books *b = &results->books;
	char tasks[FIGURE_BYTES], connections[FIGURE_BYTES];
	char redirects[FIGURE_BYTES], resent[FIGURE_BYTES];
	char clamped[FIGURE_BYTES];

	terminal_line(t, STYLE_PLAIN,
	    "  %s task%s started, %s connection%s opened",
	    figure_count(tasks, b->tasks), plural(b->tasks),
	    figure_count(connections, b->connections), plural(b->connections));
	print_jobs(t, b);
	if (b->redirects > 0)
		terminal_line(t, STYLE_PLAIN,
		    "  %s redirect%s followed: %s to the server",
		    figure_count(redirects, b->redirects), plural(b->redirects),
		    b->redirects == 1 ? "a request of its own"
				      : "requests of their own");
	if (b->resent > 0)
		terminal_line(t, STYLE_PLAIN,
		    "  %s sent again by libcurl on a new connection: the "
		    "server may count more",
		    figure_count(resent, b->resent));
	if (results->total_all.response.clamped > 0)
		terminal_line(t, STYLE_WARNING,
		    "! %s took more than an hour: counted as an hour",
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

	/* of hosts that never said how many they have */
	if (results->n_workers == 0)
		return;
	for (uint32_t i = 0; i < results->n_workers; i++) {
		const struct worker_view *w = &results->workers[i];

		/* of who never began it is said elsewhere */
		missing += !w->has_final && !(w->why_lost && w->lost_us == 0);
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

void print_books(struct terminal *t, const struct results *results)
{
	terminal_line(t, STYLE_HEAD, "%s", "Books");
	print_balance(t, &results->books);
	print_warmup(t, results);
	print_due(t, results);
	print_traffic(t, results);
	print_accounts(t, results);
	terminal_line(t, STYLE_PLAIN, "%s", "");
}

/* --- troubles ----------------------------------------------------------- */

/* Where it was is told where there are more machines than this one. */
void print_troubles(struct terminal *t, const struct results *results)
{
	bool is_remote = results->plan->remote.n_hosts > 0;

	for (size_t i = 0; i < results->n_troubles; i++) {
		const struct trouble *trouble = &results->troubles[i];
		bool has_host = is_remote && *trouble->host;
		char count[FIGURE_BYTES];
		char *text = xasprintf("%s%s%s (%s time%s)",
		    has_host ? trouble->host : "", has_host ? ": " : "",
		    trouble->text, figure_count(count, trouble->count),
		    plural(trouble->count));
		char *shown = text_shown(text);

		terminal_wrap(t, STYLE_WARNING, "! ", 2, shown);
		free(shown);
		free(text);
	}
	if (results->n_troubles > 0)
		terminal_line(t, STYLE_PLAIN, "%s", "");
}

/* --- the whole ---------------------------------------------------------- */

static void print_tables(struct terminal *t, const struct results *results)
{
	const struct row *all = &results->total_all;

	if (all->requests == 0) {
		terminal_line(t, STYLE_WARNING,
		    "No request was %s%s: nothing was measured.",
		    was_nothing_finished(results) ? "finished" : "made",
		    results->warmup_requests > 0 ? " after the warm-up" : "");
		terminal_line(t, STYLE_PLAIN, "%s", "");
		return;
	}
	if (all->failures == all->requests) {
		terminal_wrap(t, STYLE_BAD, "! ", 2,
		    all->response.count > 0
			? "Every request failed: the times are those of "
			  "failures."
			: "Every request failed: none could be sent.");
		terminal_line(t, STYLE_PLAIN, "%s", "");
	}
	print_requests(t, results);
	terminal_line(t, STYLE_PLAIN, "%s", "");
	print_percentiles(t, results);
	terminal_line(t, STYLE_PLAIN, "%s", "");
	print_stage_table(t, results);
}

/* A report of one file, unless the summary is where it would have been. */
static void put_file(FILE *out, size_t *n, const char *path)
{
	if (path && strcmp(path, REPORT_STANDARD_OUTPUT) != 0)
		fprintf(out, "%s%s", (*n)++ > 0 ? ", " : "", path);
}

static void put_files(FILE *out, size_t *n, const struct results *results,
    const struct report_setup *setup)
{
	if (setup->csv_prefix) {
		fprintf(out, "%s_stats.csv and %s more %s_*.csv",
		    setup->csv_prefix, results->n_stages > 0 ? "six" : "five",
		    setup->csv_prefix);
		(*n)++;
	}
	put_file(out, n, setup->html_path);
	put_file(out, n, setup->json_path);
	put_file(out, n, setup->junit_path);
}

static void print_files(struct terminal *t, const struct results *results,
    const struct report_setup *setup)
{
	char *text = NULL;
	char *shown;
	size_t n = 0, len = 0;
	FILE *out;

	if (results->file_failed)
		return;
	out = text_open(&text, &len);
	fputs("Files: ", out);
	put_files(out, &n, results, setup);
	text_close(out);
	shown = text_shown(text);
	if (n > 0)
		terminal_text(t, STYLE_PLAIN, shown);
	free(shown);
	free(text);
}

void print_summary(struct terminal *t, const struct results *results,
    const struct report_setup *setup)
{
	print_heading(t, results);
	terminal_line(t, STYLE_PLAIN, "%s", "");
	print_tables(t, results);
	print_failures(t, results, setup->csv_prefix);
	print_baseline(t, results);
	print_thresholds(t, results);
	print_health(t, results);
	print_books(t, results);
	print_troubles(t, results);
	print_files(t, results, setup);
	print_verdict(t, results);
}
