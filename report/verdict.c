/*
 * The last line: whether the run passed, and why not. It knows no files and no
 * tables.
 */
#include "report/summary.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/util.h"
#include "report/lost.h"
#include "report/results.h"
#include "report/text.h"
#include "report/thresholds.h"
#include "report/used_up.h"

static char *finished(const struct results *results)
{
	const struct row *all = &results->total_all;
	char requests[FIGURE_BYTES], failures[FIGURE_BYTES];
	char percent[FIGURE_BYTES];

	figure_count(requests, all->requests);
	if (all->requests == 0 ||
	    (all->failures == 0 && was_nothing_measured(results)))
		return xasprintf("no request%s was %s%s",
		    all->requests > 0 ? " of a user" : "",
		    results->books.interrupted > 0 ? "finished" : "made",
		    results->warmup_requests > 0 ? " after the warm-up" : "");
	if (all->failures == 0)
		return xasprintf("%s request%s, none failed", requests,
		    plural(all->requests));
	return xasprintf("%s of %s request%s failed (%s %%)",
	    figure_count(failures, all->failures), requests,
	    plural(all->requests),
	    figure_percent(percent, all->failures, all->requests));
}

/* Puts `, 4 WHAT` behind text, which is taken over, unless there are none. */
static char *and_so_many(char *text, uint64_t n, const char *what)
{
	char number[FIGURE_BYTES];
	char *longer;

	if (n == 0)
		return text;
	longer = xasprintf("%s, %s %s", text, figure_count(number, n), what);
	free(text);
	return longer;
}

/* Puts "; 550 of 2,400 tasks dropped" behind text, which is taken over, unless
 * there are none: a server that stands still may show nowhere else. */
static char *and_dropped(char *text, const struct results *results)
{
	const struct books *b = &results->books;
	bool is_meant = results->plan->load.late == LATE_DROP;
	char dropped[FIGURE_BYTES], due[FIGURE_BYTES];
	char *longer;

	if (b->dropped == 0)
		return text;
	longer = xasprintf("%s; %s of %s task%s %s", text,
	    figure_count(dropped, b->dropped), figure_count(due, b->intended),
	    plural(b->intended), is_meant ? "dropped" : "never started");
	free(text);
	return longer;
}

/* Puts "; 3 users found no row and stopped" behind text, which is taken over,
 * unless there are none: what they were to do is in no row. */
static char *and_used_up(char *text, const struct results *results)
{
	uint64_t users = used_up_users(results);
	char n[FIGURE_BYTES];
	char *longer;

	if (users == 0)
		return text;
	longer = xasprintf("%s; %s user%s found no row and stopped", text,
	    figure_count(n, users), plural(users));
	free(text);
	return longer;
}

/* Puts ": nothing was measured" behind text, which is taken over, where that is
 * so. */
static char *and_nothing(char *text, const struct results *results)
{
	char *longer;

	if (!was_nothing_measured(results))
		return text;
	longer = xasprintf("%s: nothing was measured", text);
	free(text);
	return longer;
}

char *verdict_outcome(const struct results *results)
{
	uint64_t wholes = table_failed_wholes(&results->total);
	char *text = and_so_many(finished(results), wholes,
	    wholes == 1 ? "poll or transaction failed"
			: "polls or transactions failed");

	text = and_so_many(text, results->books.interrupted, "interrupted");
	text = and_dropped(and_nothing(text, results), results);
	return and_used_up(text, results);
}

static void put_reason(FILE *out, size_t *n, const char *reason)
{
	fprintf(out, "%s%s", (*n)++ > 0 ? "; " : "", reason);
}

/* Who was lost: named while they are few. */
static void put_lost(FILE *out, size_t *n, const struct results *results)
{
	enum { NAMED = 3 };
	struct lost lost = {0};
	uint32_t named = 0;

	for (uint32_t i = 0; lost_next(results, i, &lost);
	     i = lost.first + lost.n) {
		char *reason = xasprintf("%s lost (%s)", lost.who, lost.why);

		if (++named <= NAMED)
			put_reason(out, n, reason);
		free(reason);
		free(lost.who);
	}
	if (named > NAMED)
		fprintf(out, " and %" PRIu32 " more", named - NAMED);
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
	if (results->broken)
		put_reason(out, &n, results->broken);
	if (was_called_off(results))
		put_reason(out, &n, results->ended_by);
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

char *verdict_doubts(const struct results *results)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = text_open(&text, &len);

	put_doubts(out, results);
	text_close(out);
	return text;
}

/* --- thresholds --------------------------------------------------------- */

static void put_threshold(
    FILE *out, const struct results *results, const struct threshold_view *view)
{
	const struct threshold *t = view->threshold;
	char *scope = threshold_scope(results->plan, t);
	bool is_whole = t->row == NULL && t->stage == SIZE_MAX;
	char value[FIGURE_BYTES];

	fprintf(out, "%s%s%s ", t->key, is_whole ? "" : " of ",
	    is_whole ? "" : scope);
	if (view->has_samples)
		fprintf(out, "is %s, not %s", threshold_value(value, view),
		    t->wanted);
	else
		fputs("has no samples", out);
	free(scope);
}

/* Those that do not hold: told while they are few. */
static void put_failed_thresholds(FILE *out, const struct results *results)
{
	enum { TOLD = 3 };
	size_t failed = thresholds_failed(results), told = 0;

	for (size_t i = 0; i < results->n_thresholds && told < TOLD; i++) {
		if (results->thresholds[i].holds)
			continue;
		if (told++ > 0)
			fputs("; ", out);
		put_threshold(out, results, &results->thresholds[i]);
	}
	if (failed > told)
		fprintf(out, "; %zu more threshold%s", failed - told,
		    plural(failed - told));
}

/* "all 4 thresholds hold, though ", or what else decided, up to the outcome. */
static void put_decision(FILE *out, const struct results *results)
{
	size_t n = results->n_thresholds;
	bool has_failures = results->total_all.failures > 0 ||
			    table_failed_wholes(&results->total) > 0;

	if (results->aborted)
		fprintf(out, "ended by %s; ", results->ended_by);
	if (n == 0)
		return;
	if (thresholds_failed(results) > 0) {
		put_failed_thresholds(out, results);
		fputs("; ", out);
		return;
	}
	if (n == 1)
		fputs("the threshold holds", out);
	else
		fprintf(out, "all %zu thresholds hold", n);
	fputs(has_failures && !results->aborted ? ", though " : "; ", out);
}

/* --- the line ----------------------------------------------------------- */

bool was_not_started(const struct results *results)
{
	return results->verdict == VERDICT_UNTRUSTED && !results->has_begun &&
	       (results->broken || was_called_off(results));
}

static void put_verdict(FILE *out, const struct results *results)
{
	char *what = verdict_outcome(results);

	if (results->verdict == VERDICT_UNTRUSTED) {
		fputs(was_not_started(results) ? "NOT STARTED: "
					       : "NOT TO BE TRUSTED: ",
		    out);
		put_doubts(out, results);
	} else if (results->signal) {
		fprintf(out, "STOPPED%s by %s: %s",
		    results->left_at_once ? " AT ONCE" : "",
		    text_signal(results->signal), what);
	} else {
		fputs(results->verdict == VERDICT_FAILED ? "FAILED: "
							 : "PASSED: ",
		    out);
		put_decision(out, results);
		fputs(what, out);
	}
	free(what);
}

/* What the verdict has no room for, when it is about trust. */
static void print_outcome(struct terminal *t, const struct results *results)
{
	char *what = verdict_outcome(results);

	if (results->signal)
		terminal_line(t, STYLE_PLAIN, "stopped by %s: %s",
		    text_signal(results->signal), what);
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

void print_verdict(struct terminal *t, const struct results *results)
{
	char *text = NULL;
	char *shown;
	size_t len = 0;
	FILE *out = text_open(&text, &len);

	if (results->verdict == VERDICT_UNTRUSTED)
		print_outcome(t, results);
	put_verdict(out, results);
	text_close(out);
	shown = text_shown(text);
	/* on one line, for whoever reads the last line alone */
	terminal_line(t, verdict_style(results), "%s", shown);
	free(shown);
	free(text);
}
