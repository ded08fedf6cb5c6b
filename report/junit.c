/*
 * The verdict as JUnit XML, for GitLab, GitHub, Jenkins and the like: a case
 * for each threshold and each row, and one more where the run is not to be
 * trusted. It knows no processes and no terminal.
 */
#include "report/sink.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/letter.h"
#include "base/util.h"
#include "report/case_names.h"
#include "report/file.h"
#include "report/markup.h"
#include "report/mask.h"
#include "report/results.h"
#include "report/summary.h"
#include "report/text.h"
#include "report/thresholds.h"

enum { TOP_FAILURES = 3 }; /* texts of a row that are shown */

/* --- XML ---------------------------------------------------------------- */

/* XML has no way to write these letters down. */
static bool is_forbidden(uint32_t code)
{
	return code == 0xfffe || code == 0xffff;
}

/* Good in an attribute and between tags. */
static void put_shown(FILE *out, const char *shown)
{
	uint32_t code;
	size_t len;

	for (const char *at = shown; *at; at += len) {
		len = letter_read(at, &code);
		if (is_forbidden(code))
			fputs("\xef\xbf\xbd", out);
		for (size_t i = 0; i < len && !is_forbidden(code); i++)
			markup_byte(out, at[i]);
	}
}

/* As the summary shows it, control bytes and what is not UTF-8 as \xNN, but
 * without what is secret in a URL, since servers publish it; owned by the
 * caller. */
static char *public_text(const char *raw)
{
	char *masked = mask_url(raw);
	char *shown = text_shown(masked);

	free(masked);
	return shown;
}

static void put_text(FILE *out, const char *raw)
{
	char *shown = public_text(raw);

	put_shown(out, shown);
	free(shown);
}

/* What is long loses its middle: lists of cases show it. */
static void put_attribute(FILE *out, const char *name, const char *value)
{
	/* masked before it is cut: what is cut off has no name any more */
	char *shown = public_text(value);
	char *cut = text_cut(shown, TEXT_MOST_COLUMNS);

	fprintf(out, " %s=\"", name);
	put_shown(out, cut);
	putc('"', out);
	free(cut);
	free(shown);
}

static void put_seconds(FILE *out, uint64_t us)
{
	fprintf(out, " time=\"%" PRIu64 ".%06" PRIu64 "\"", us / US_PER_S,
	    us % US_PER_S);
}

static void open_case(
    FILE *out, const char *class_name, const char *name, uint64_t us)
{
	fputs("    <testcase", out);
	put_attribute(out, "classname", class_name);
	put_attribute(out, "name", name);
	put_seconds(out, us);
}

/* What became of a case, NULL: it is good. The kind of it is "failure" or
 * "error". */
static void close_case(
    FILE *out, const char *kind, const char *type, const char *message)
{
	if (!message) {
		fputs("/>\n", out);
		return;
	}
	fprintf(out, ">\n      <%s", kind);
	put_attribute(out, "type", type);
	put_attribute(out, "message", message);
	putc('>', out);
	/* some show the one, some the other, which is all of it */
	put_text(out, message);
	fprintf(out, "</%s>\n    </testcase>\n", kind);
}

/* It is good all the same. */
static void note_case(FILE *out, const char *note)
{
	fputs(">\n      <system-out>", out);
	put_text(out, note);
	fputs("</system-out>\n    </testcase>\n", out);
}

/* There was no load that it could be about. */
static void skip_case(FILE *out)
{
	fputs(">\n      <skipped message=\"the run was not started\"/>\n"
	      "    </testcase>\n",
	    out);
}

/* --- thresholds --------------------------------------------------------- */

/* Why it does not hold: "p95 is 412ms, not < 300ms: margin -37 %"; owned by
 * the caller. */
static char *threshold_message(const struct threshold_view *view)
{
	const struct threshold *t = view->threshold;
	char value[FIGURE_BYTES], margin[FIGURE_BYTES];

	if (!view->has_samples)
		return xasprintf(
		    "%s has no samples, wanted %s", t->key, t->wanted);
	threshold_value(value, view);
	/* of a limit of nothing a margin is no part */
	if (t->limit <= 0)
		return xasprintf("%s is %s, not %s", t->key, value, t->wanted);
	return xasprintf("%s is %s, not %s: margin %s", t->key, value,
	    t->wanted, threshold_margin(margin, view));
}

static void put_threshold(
    FILE *out, const struct results *results, const struct threshold_view *view)
{
	const struct threshold *t = view->threshold;
	char *scope = threshold_scope(results->plan, t);
	char *name = xasprintf("%s: %s %s", scope, t->key, t->wanted);
	char *message = view->holds ? NULL : threshold_message(view);

	open_case(out, "thresholds", name, 0);
	if (results->has_begun)
		close_case(out, "failure", "threshold", message);
	else
		skip_case(out);
	free(message);
	free(name);
	free(scope);
}

/* --- rows --------------------------------------------------------------- */

/* Where the plan has no thresholds, each failed request fails the run. */
static bool row_fails(const struct results *results, const struct row *row)
{
	return results->n_thresholds == 0 && row->failures > 0;
}

static bool is_of_row(const struct failure *f, const struct row *row)
{
	return strcmp(f->type, row->type) == 0 &&
	       strcmp(f->name, row->name) == 0;
}

/* "3 of 10 failed: HTTP 500 (2 times), timed out (1 time)"; the failures of all
 * rows are those that are most frequent first. Owned by the caller. */
static char *row_message(
    const struct row *row, struct failure *const *failures, size_t n)
{
	char *text = NULL;
	size_t len = 0, kinds = 0;
	FILE *out = text_open(&text, &len);

	fprintf(out, "%" PRIu64 " of %" PRIu64 " failed", row->failures,
	    row->requests);
	for (size_t i = 0; i < n; i++) {
		const struct failure *f = failures[i];

		if (!is_of_row(f, row) || ++kinds > TOP_FAILURES)
			continue;
		fprintf(out, "%s%s (%" PRIu64 " time%s)",
		    kinds > 1 ? ", " : ": ", f->text, f->count,
		    plural(f->count));
	}
	if (kinds > TOP_FAILURES)
		fputs(", and other kinds", out);
	text_close(out);
	return text;
}

static void put_row(FILE *out, const struct results *results,
    const struct row *row, const char *name, struct failure *const *failures,
    size_t n)
{
	char *message =
	    row->failures > 0 ? row_message(row, failures, n) : NULL;

	open_case(out, "requests", name, hist_mean_us(&row->response));
	if (message && !row_fails(results, row))
		note_case(out, message);
	else
		close_case(out, "failure", "request", message);
	free(message);
}

static void put_rows(FILE *out, const struct results *results,
    struct row *const *rows, size_t n_rows)
{
	size_t n;
	struct failure **failures =
	    table_frequent_failures(&results->total, &n);
	char **names = case_names(rows, n_rows);

	for (size_t i = 0; i < n_rows; i++)
		put_row(out, results, rows[i], names[i], failures, n);
	case_names_free(names, n_rows);
	free(failures);
}

/* --- the run ------------------------------------------------------------ */

/* A case of the run itself: there is one where it went wrong. */
struct run_case {
	const char *name;
	const char *kind;
	const char *type;
	char *message; /* owned; NULL: there is no such case */
};

static struct run_case run_case(const struct results *results)
{
	if (was_not_started(results))
		return (struct run_case) {"the run was started", "error",
		    "not-started", verdict_doubts(results)};
	if (results->verdict == VERDICT_UNTRUSTED)
		return (struct run_case) {"the results can be trusted", "error",
		    "untrusted", verdict_doubts(results)};
	if (results->signal)
		return (struct run_case) {"the run was completed", "error",
		    "stopped",
		    xasprintf("stopped%s by %s",
			results->left_at_once ? " at once" : "",
			text_signal(results->signal))};
	if (results->aborted)
		return (struct run_case) {"the run was completed", "failure",
		    "aborted", xasprintf("ended by %s", results->ended_by)};
	if (results->n_thresholds == 0 && was_nothing_finished(results))
		return (struct run_case) {"a request was finished", "failure",
		    "nothing-finished", verdict_outcome(results)};
	return (struct run_case) {0};
}

static void put_run(
    FILE *out, const struct results *results, const struct run_case *c)
{
	if (!c->message)
		return;
	open_case(out, "run", c->name, results->now_us);
	close_case(out, c->kind, c->type, c->message);
}

static void put_counts(FILE *out, const struct results *results,
    struct row *const *rows, size_t n, const struct run_case *c)
{
	bool has_case = c->message != NULL;
	bool is_error = has_case && strcmp(c->kind, "error") == 0;
	size_t skipped = results->has_begun ? 0 : results->n_thresholds;
	size_t failures = (has_case && !is_error) +
			  (skipped > 0 ? 0 : thresholds_failed(results));

	for (size_t i = 0; i < n; i++)
		failures += row_fails(results, rows[i]);
	fprintf(out,
	    " tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"%zu\"",
	    n + results->n_thresholds + has_case, failures, is_error, skipped);
	put_seconds(out, results->now_us);
}

/* ISO 8601 without a zone, as the form has it: it is UTC. */
static void put_timestamp(FILE *out, uint64_t wall_us)
{
	char text[FIGURE_BYTES];

	if (wall_us > 0)
		put_attribute(out, "timestamp", figure_utc(text, 'T', wall_us));
}

static void put_suite(FILE *out, const struct results *results)
{
	struct run_case c = run_case(results);
	size_t n;
	struct row **rows = table_sorted_rows(&results->total, &n);

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out);
	put_counts(out, results, rows, n, &c);
	fputs(">\n  <testsuite", out);
	put_attribute(out, "name", results->plan->file);
	put_counts(out, results, rows, n, &c);
	put_timestamp(out, results->start_wall_us);
	fputs(">\n", out);
	put_run(out, results, &c);
	for (size_t i = 0; i < results->n_thresholds; i++)
		put_threshold(out, results, &results->thresholds[i]);
	put_rows(out, results, rows, n);
	fputs("  </testsuite>\n</testsuites>\n", out);
	free(rows);
	free(c.message);
}

/* --- the sink ----------------------------------------------------------- */

static bool junit_open(
    void **state, const struct report_setup *setup, struct diag *d)
{
	return report_file_new(state, REPORT_JUNIT, setup, d);
}

static bool junit_final(
    void *state, const struct results *results, struct diag *d)
{
	return report_file_write(state, put_suite, results, d);
}

const struct sink junit_sink = {
    .open = junit_open,
    .final = junit_final,
    .close = report_file_free,
};
