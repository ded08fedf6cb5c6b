/*
 * The verdict as JUnit XML, for GitLab, GitHub, Jenkins and the like: a case
 * for each threshold and each row, and one more where the run is not to be
 * trusted. It knows no processes and no terminal.
 */
#include "report/sink.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/util.h"
#include "report/file.h"
#include "report/summary.h"
#include "report/text.h"

enum { TOP_FAILURES = 3 }; /* texts of a row that are shown */

/* --- XML ---------------------------------------------------------------- */

/* XML has no way to write these letters down. */
static bool is_forbidden(uint32_t code)
{
	return code == 0xfffe || code == 0xffff;
}

static void put_letter(FILE *out, const char *at, size_t len)
{
	switch (*at) {
	case '&':
		fputs("&amp;", out);
		break;
	case '<':
		fputs("&lt;", out);
		break;
	case '>':
		fputs("&gt;", out);
		break;
	case '"':
		fputs("&quot;", out);
		break;
	default:
		fwrite(at, 1, len, out);
	}
}

/* As the summary shows it, control bytes and what is not UTF-8 as \xNN: good
 * in an attribute and between tags. */
static void put_text(FILE *out, const char *raw)
{
	char *shown = text_shown(raw);
	uint32_t code;
	size_t len;

	for (const char *at = shown; *at; at += len) {
		len = text_letter(at, &code);
		if (is_forbidden(code))
			fputs("\xef\xbf\xbd", out);
		else
			put_letter(out, at, len);
	}
	free(shown);
}

static void put_attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	put_text(out, value);
	putc('"', out);
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
	/* some show the one, some the other */
	put_text(out, message);
	fprintf(out, "</%s>\n    </testcase>\n", kind);
}

/* --- thresholds --------------------------------------------------------- */

/* A value or a limit as people write it; owned by the caller. */
static char *measure_text(enum measure measure, double value)
{
	switch (measure) {
	case MEASURE_AVG:
	case MEASURE_MIN:
	case MEASURE_MAX:
	case MEASURE_QUANTILE:
	case MEASURE_LAG:
		return xasprintf("%.3f ms", value / US_PER_MS);
	case MEASURE_FAIL_RATIO:
	case MEASURE_REGRESSION:
		return xasprintf("%.3f %%", 100 * value);
	case MEASURE_RPS:
		return xasprintf("%.3f/s", value);
	case MEASURE_FAILURES:
	case MEASURE_REQUESTS:
	case MEASURE_DROPPED:
		break;
	}
	return xasprintf("%.0f", value);
}

/* "GET /x in stage up: p95 < 300ms"; owned by the caller. */
static char *threshold_name(
    const struct results *results, const struct threshold *t)
{
	const struct load_options *load = &results->plan->load;
	bool has_stage = t->stage < load->n_stages;

	return xasprintf("%s%s%s: %s %s", t->row ? t->row : "all requests",
	    has_stage ? " in stage " : "",
	    has_stage ? load->stages[t->stage].name : "", t->key, t->wanted);
}

/* Why it does not hold; owned by the caller. */
static char *threshold_message(const struct threshold_view *view)
{
	const struct threshold *t = view->threshold;
	char *value, *message;

	if (!view->has_samples)
		return xasprintf(
		    "%s: nothing was counted, wanted %s", t->key, t->wanted);
	value = measure_text(t->measure, view->value);
	message =
	    isfinite(view->margin)
		? xasprintf("%s is %s, wanted %s: margin %.1f %%", t->key,
		      value, t->wanted, 100 * view->margin)
		: xasprintf("%s is %s, wanted %s", t->key, value, t->wanted);
	free(value);
	return message;
}

static void put_threshold(
    FILE *out, const struct results *results, const struct threshold_view *view)
{
	char *name = threshold_name(results, view->threshold);
	char *message = view->holds ? NULL : threshold_message(view);

	open_case(out, "thresholds", name, 0);
	close_case(out, "failure", "threshold", message);
	free(message);
	free(name);
}

/* --- rows --------------------------------------------------------------- */

/* Where the plan has no thresholds, each failed request fails the run. */
static bool row_fails(const struct results *results, const struct row *row)
{
	return results->n_thresholds == 0 && row->failures > 0;
}

/* The kind of failure of a row that is most frequent among those that are
 * less so than the last one found; NULL: there is none. */
static const struct failure *next_failure(struct failure *const *failures,
    size_t n, const struct row *row, const struct failure *last)
{
	const struct failure *best = NULL;
	bool is_behind = last == NULL;

	for (size_t i = 0; i < n; i++) {
		const struct failure *f = failures[i];

		is_behind = is_behind || f == last;
		if (strcmp(f->type, row->type) != 0 ||
		    strcmp(f->name, row->name) != 0 || f == last)
			continue;
		/* of equals the first, and behind it the others */
		if (last && (f->count > last->count ||
				(f->count == last->count && !is_behind)))
			continue;
		if (!best || f->count > best->count)
			best = f;
	}
	return best;
}

/* "3 of 10 failed: HTTP 500 (2 times), timed out (once)"; owned by the caller.
 */
static char *row_message(
    const struct row *row, struct failure *const *failures, size_t n)
{
	const struct failure *f = NULL;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		out_of_memory();
	fprintf(out, "%" PRIu64 " of %" PRIu64 " failed", row->failures,
	    row->requests);
	for (size_t i = 0; i < TOP_FAILURES; i++) {
		f = next_failure(failures, n, row, f);
		if (!f)
			break;
		fprintf(out, "%s%s (%" PRIu64 " time%s)", i > 0 ? ", " : ": ",
		    f->text, f->count, plural(f->count));
	}
	if (f && next_failure(failures, n, row, f))
		fputs(", and other kinds", out);
	if (fclose(out) != 0)
		out_of_memory();
	return text;
}

static void put_row(FILE *out, const struct results *results,
    const struct row *row, struct failure *const *failures, size_t n)
{
	char *name =
	    xasprintf("%s%s%s", row->type, *row->type ? " " : "", row->name);
	char *message =
	    row_fails(results, row) ? row_message(row, failures, n) : NULL;

	open_case(out, "requests", name, hist_mean_us(&row->response));
	close_case(out, "failure", "request", message);
	free(message);
	free(name);
}

static void put_rows(FILE *out, const struct results *results,
    struct row *const *rows, size_t n_rows)
{
	size_t n;
	struct failure **failures = table_sorted_failures(&results->total, &n);

	for (size_t i = 0; i < n_rows; i++)
		put_row(out, results, rows[i], failures, n);
	free(failures);
}

/* --- the run ------------------------------------------------------------ */

/* What keeps it from being the whole result; NULL: nothing. Owned by the
 * caller. */
static char *run_message(const struct results *results)
{
	if (results->verdict == VERDICT_UNTRUSTED)
		return verdict_doubts(results);
	if (results->signal)
		return xasprintf("stopped%s by %s",
		    results->left_at_once ? " at once" : "",
		    text_signal(results->signal));
	return NULL;
}

static void put_run(
    FILE *out, const struct results *results, const char *message)
{
	bool is_untrusted = results->verdict == VERDICT_UNTRUSTED;

	open_case(out, "run",
	    is_untrusted ? "the results can be trusted"
			 : "the run was completed",
	    results->now_us);
	close_case(
	    out, "error", is_untrusted ? "untrusted" : "stopped", message);
}

static void put_counts(FILE *out, const struct results *results,
    struct row *const *rows, size_t n, bool has_error)
{
	size_t failures = 0;

	for (size_t i = 0; i < n; i++)
		failures += row_fails(results, rows[i]);
	for (size_t i = 0; i < results->n_thresholds; i++)
		failures += !results->thresholds[i].holds;
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%d\"",
	    n + results->n_thresholds + has_error, failures, has_error);
	fputs(" skipped=\"0\"", out);
	put_seconds(out, results->now_us);
}

/* ISO 8601 without a zone, as the form has it: it is UTC. */
static void put_timestamp(FILE *out, uint64_t wall_us)
{
	time_t seconds = (time_t)(wall_us / US_PER_S);
	char text[32];
	struct tm tm;

	if (wall_us > 0 && gmtime_r(&seconds, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) > 0)
		put_attribute(out, "timestamp", text);
}

static void put_suite(FILE *out, const struct results *results)
{
	char *message = run_message(results);
	size_t n;
	struct row **rows = table_sorted_rows(&results->total, &n);

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out);
	put_counts(out, results, rows, n, message != NULL);
	fputs(">\n  <testsuite", out);
	put_attribute(out, "name", results->plan->file);
	put_counts(out, results, rows, n, message != NULL);
	put_timestamp(out, results->start_wall_us);
	fputs(">\n", out);
	if (message)
		put_run(out, results, message);
	for (size_t i = 0; i < results->n_thresholds; i++)
		put_threshold(out, results, &results->thresholds[i]);
	put_rows(out, results, rows, n);
	fputs("  </testsuite>\n</testsuites>\n", out);
	free(rows);
	free(message);
}

/* --- the sink ----------------------------------------------------------- */

static bool junit_open(
    void **state, const struct report_setup *setup, struct diag *d)
{
	struct report_file *file;

	*state = NULL;
	if (!setup->junit_path)
		return true;
	file = xcalloc(1, sizeof(*file));
	if (!report_file_open(file, setup->junit_path, "--junit", setup, d)) {
		free(file);
		return false;
	}
	*state = file;
	return true;
}

static bool junit_final(
    void *state, const struct results *results, struct diag *d)
{
	FILE *out = report_file_begin(state, d);

	if (!out)
		return false;
	put_suite(out, results);
	return report_file_end(state, d);
}

static void junit_close(void *state)
{
	report_file_clear(state);
	free(state);
}

const struct sink junit_sink = {
    .open = junit_open,
    .final = junit_final,
    .close = junit_close,
};
