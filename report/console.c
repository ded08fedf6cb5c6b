/*
 * What people see while it runs, on the error stream: a table that is redrawn
 * in place on a terminal, a line an interval elsewhere; and the summary at the
 * end. It knows no files.
 */
#include "report/sink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/summary.h"
#include "report/text.h"

enum { BAR_COLUMNS = 24, PERMILLE = 1000 };

struct console {
	const struct report_setup *setup; /* borrowed */
	size_t drawn; /* lines of the live table on the terminal */
	bool failed;  /* and it was said */
};

/* --- one line an interval ----------------------------------------------- */

static void print_live_figures(struct terminal *t, const char *front,
    const struct row *row, uint64_t interval_us, const char *behind)
{
	const struct hist *h = &row->response;
	char rate[FIGURE_BYTES], failed[FIGURE_BYTES];
	char p50[FIGURE_BYTES] = "-", p95[FIGURE_BYTES] = "-";

	if (h->count > 0) {
		figure_ms(p50, hist_quantile_us(h, 500000));
		figure_ms(p95, hist_quantile_us(h, 950000));
	}
	terminal_line(t, row->failures > 0 ? STYLE_BAD : STYLE_PLAIN,
	    "%s %8s req/s  p50 %6s ms  p95 %6s ms  %5s failed%s", front,
	    figure_rate(rate, rate_per_s(row->requests, interval_us)), p50, p95,
	    figure_count(failed, row->failures), behind);
}

static uint32_t count_lost(const struct results *results)
{
	uint32_t lost = 0;

	for (uint32_t i = 0; i < results->n_workers; i++)
		lost += results->workers[i].why_lost != NULL;
	return lost;
}

static void print_live_row(struct terminal *t, const struct row *row,
    uint64_t interval_us, size_t indent)
{
	char *front = xasprintf("%*s", (int)indent, "");
	char *type = text_shown(row->type);
	char *name = text_shown(row->name);
	char *behind = xasprintf("  %s %s", type, name);

	print_live_figures(t, front, row, interval_us, behind);
	free(front);
	free(type);
	free(name);
	free(behind);
}

static void print_live_line(
    const struct console *c, const struct results *results)
{
	uint64_t second = US_PER_S;
	uint64_t now_us = (results->now_us + second / 2) / second * second;
	uint32_t lost = count_lost(results);
	char time[FIGURE_BYTES], users[FIGURE_BYTES], front[3 * FIGURE_BYTES];
	char behind[FIGURE_BYTES] = "";
	struct terminal t;

	terminal_look(&t, c->setup->err);
	snprintf(front, sizeof(front), "%6s  users %5s",
	    figure_duration(time, now_us),
	    figure_count(users, users_now(results)));
	if (lost > 0)
		snprintf(behind, sizeof(behind), "  %" PRIu32 " lost", lost);
	print_live_figures(
	    &t, front, &results->interval_all, results->interval_us, behind);
	if (c->setup->verbosity >= VERBOSITY_VERBOSE) {
		size_t n;
		struct row **rows = table_sorted_rows(&results->interval, &n);

		for (size_t i = 0; i < n; i++)
			print_live_row(
			    &t, rows[i], results->interval_us, strlen(front));
		free(rows);
	}
	fflush(c->setup->err);
}

/* --- the table that is redrawn ------------------------------------------ */

static uint64_t permille_of(uint64_t n, uint64_t of)
{
	if (of == 0)
		return 0;
	return n >= of ? PERMILLE
		       : (uint64_t)((double)n / (double)of * PERMILLE);
}

static void print_bar(struct terminal *t, const struct results *results)
{
	const struct load_options *load = &results->plan->load;
	uint64_t by_time = permille_of(results->now_us, load->run_time_us);
	uint64_t by_tasks = permille_of(results->books.tasks, load->iterations);
	uint64_t done = by_time > by_tasks ? by_time : by_tasks;
	char bar[BAR_COLUMNS + 1];
	char total[FIGURE_BYTES], n[FIGURE_BYTES];
	size_t full = (size_t)(done * BAR_COLUMNS / PERMILLE);

	if (load->run_time_us == 0 && load->iterations == 0)
		return;
	memset(bar, '.', BAR_COLUMNS);
	memset(bar, '#', full);
	bar[BAR_COLUMNS] = '\0';
	if (load->run_time_us > 0 && by_time >= by_tasks)
		terminal_line(t, STYLE_PLAIN, "[%s] %3" PRIu64 " %% of %s", bar,
		    done / 10, figure_duration(total, load->run_time_us));
	else
		terminal_line(t, STYLE_PLAIN,
		    "[%s] %3" PRIu64 " %%: %s of %s tasks", bar, done / 10,
		    figure_count(n, results->books.tasks),
		    figure_count(total, load->iterations));
}

static void print_status(struct terminal *t, const struct results *results)
{
	const struct row *all = &results->total_all;
	uint64_t second = US_PER_S;
	uint64_t now_us = (results->now_us + second / 2) / second * second;
	char time[FIGURE_BYTES], users[FIGURE_BYTES], rate[FIGURE_BYTES];
	char failed[FIGURE_BYTES], percent[FIGURE_BYTES];
	uint32_t lost = count_lost(results);

	terminal_line(t, all->failures > 0 || lost > 0 ? STYLE_BAD : STYLE_GOOD,
	    "%s   users %s   %s req/s   %s failed (%s %%)%s",
	    figure_duration(time, now_us),
	    figure_count(users, users_now(results)),
	    figure_rate(rate, rate_per_s(results->interval_all.requests,
				  results->interval_us)),
	    figure_count(failed, all->failures),
	    figure_percent(percent, all->failures, all->requests),
	    lost > 0 ? "   A WORKER IS LOST" : "");
}

static void console_hide(void *state)
{
	struct console *c = state;

	if (c->drawn == 0)
		return;
	fprintf(c->setup->err, "\033[%zuA\r\033[J", c->drawn);
	fflush(c->setup->err);
	c->drawn = 0;
}

/* Everything in one write, so that it does not flicker. */
static void draw(
    struct console *c, struct terminal *t, const struct results *results)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	t->out = out;
	t->clips = true;
	if (c->drawn > 0)
		fprintf(out, "\033[%zuA\r\033[J", c->drawn);
	/* below it: a blank line, status, bar, and the cursor's own line */
	print_requests(t, results, true, t->rows > 8 ? t->rows - 4 : 4);
	terminal_line(t, STYLE_PLAIN, "%s", "");
	print_status(t, results);
	print_bar(t, results);
	if (fclose(out) == 0) {
		fwrite(text, 1, len, c->setup->err);
		fflush(c->setup->err);
		c->drawn = t->lines;
	}
	free(text);
}

/* --- the sink ----------------------------------------------------------- */

static bool console_open(
    void **state, const struct report_setup *setup, struct diag *d)
{
	struct console *c = xcalloc(1, sizeof(*c));

	(void)d;
	c->setup = setup;
	*state = c;
	return true;
}

/* What cannot be shown is no loss to the results: always true. */
static bool console_interval(
    void *state, const struct results *results, struct diag *d)
{
	struct console *c = state;
	struct terminal t;

	(void)d;
	if (c->setup->verbosity < VERBOSITY_NORMAL)
		return true;
	terminal_look(&t, c->setup->err);
	if (t.is_terminal)
		draw(c, &t, results);
	else
		print_live_line(c, results);
	return true;
}

static void console_now(void *state, const struct results *results)
{
	struct console *c = state;
	struct terminal t;

	terminal_look(&t, c->setup->err);
	print_requests(&t, results, false, SIZE_MAX);
	print_status(&t, results);
	fflush(c->setup->err);
}

static bool console_final(
    void *state, const struct results *results, struct diag *d)
{
	struct console *c = state;
	struct terminal t;
	bool ok;

	terminal_look(&t, c->setup->out);
	/* the same table follows, unless the summary goes elsewhere */
	if (t.is_terminal)
		console_hide(c);
	c->drawn = 0;
	errno = 0;
	print_summary(&t, results, c->setup);
	ok = fflush(c->setup->out) == 0 && !ferror(c->setup->out);
	if (!ok && !c->failed)
		diag_error(d, (struct where) {.file = "loadgen"},
		    "standard output: cannot write: %s",
		    strerror(errno ? errno : EIO));
	c->failed = c->failed || !ok;
	return ok;
}

const struct sink console_sink = {
    .open = console_open,
    .interval = console_interval,
    .final = console_final,
    .close = free,
    .now = console_now,
    .hide = console_hide,
};
