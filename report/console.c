/*
 * What people see while it runs, on the error stream: a table that is redrawn
 * in place on a terminal, a line an interval elsewhere; and the summary at the
 * end. It knows no files.
 */
#include "report/results.h"
#include "report/sink.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"
#include "report/file.h"
#include "report/live.h"
#include "report/summary.h"
#include "report/text.h"

enum { BAR_COLUMNS = 24, PERMILLE = 1000 };

struct console {
	const struct report_setup *setup; /* borrowed */
	char *body;        /* owned: the live table, without its bar */
	size_t body_lines; /* of it */
	size_t drawn;      /* lines of the live table on the terminal */
	bool has_spoken;   /* there is something on the error stream */
	bool has_line;     /* a live line is there */
	uint32_t n_lost;   /* workers, as the last one told */
	bool failed;       /* and it was said */
};

/* --- one line an interval ----------------------------------------------- */

static void print_live_figures(struct terminal *t, const char *front,
    const struct row *row, uint64_t interval_us, const char *behind)
{
	const struct hist *h = &row->response;
	char rate[FIGURE_BYTES] = "-", failed[FIGURE_BYTES];
	char p50[FIGURE_BYTES], p95[FIGURE_BYTES];

	if (interval_us > 0)
		figure_rate(rate, rate_per_s(row->requests, interval_us));
	terminal_line(t, row->failures > 0 ? STYLE_BAD : STYLE_PLAIN,
	    "%s %8s req/s  p50 %6s ms  p95 %6s ms  %5s failed%s", front, rate,
	    figure_quantile(p50, h, 500000), figure_quantile(p95, h, 950000),
	    figure_count(failed, row->failures), behind);
}

static uint32_t count_lost(const struct results *results)
{
	uint32_t lost = 0;

	for (uint32_t i = 0; i < results->n_workers; i++)
		lost += results->workers[i].why_lost != NULL;
	return lost;
}

/* What has gone wrong so far beside requests: ", 5 polls or transactions in
 * all, 12 tasks late in all  1 lost". Owned by the caller. */
static char *troubles_text(const struct results *results)
{
	uint64_t wholes = table_failed_wholes(&results->total);
	uint32_t lost = count_lost(results);
	char number[FIGURE_BYTES];
	char *late = live_late_text(&results->books);
	char *failed = wholes > 0
			   ? xasprintf(", %s poll%s or transaction%s in all",
				 figure_count(number, wholes), plural(wholes),
				 plural(wholes))
			   : xstrdup("");
	char *gone =
	    lost > 0 ? xasprintf("  %" PRIu32 " lost", lost) : xstrdup("");
	char *text =
	    xasprintf("%s%s%s%s", failed, *late ? ", " : "", late, gone);

	free(late);
	free(failed);
	free(gone);
	return text;
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

/* "    3s  stage steady  users    10  tasks 498 of 500/s", one below the other;
 * owned by the caller. */
static char *front_text(const struct results *results)
{
	char time[FIGURE_BYTES], users[FIGURE_BYTES];
	char *stage = live_stage_text(results);
	char *tasks = live_tasks_text(results);
	size_t columns = live_stage_columns(results);
	int fill = (int)(columns - text_columns(stage));
	char *text = xasprintf("%6s%s%s%*s  users %5s%s%s",
	    figure_elapsed(time, results->now_us), *stage ? "  stage " : "",
	    stage, fill, "", figure_count(users, users_now(results)),
	    *tasks ? "  " : "", tasks);

	free(stage);
	free(tasks);
	return text;
}

static void print_live_line(
    const struct console *c, const struct results *results, bool with_rows)
{
	char *front = front_text(results);
	char *behind = troubles_text(results);
	char *warmup = live_warmup_text(results);
	struct terminal t;

	terminal_look(&t, c->setup->err);
	if (live_is_warmup(results))
		terminal_line(
		    &t, STYLE_FAINT, "%s  %s%s", front, warmup, behind);
	else
		print_live_figures(&t, front, &results->interval_all,
		    interval_measured_us(results), behind);
	if (with_rows) {
		size_t n;
		struct row **rows = table_sorted_rows(&results->interval, &n);

		for (size_t i = 0; i < n; i++)
			print_live_row(&t, rows[i],
			    interval_measured_us(results), text_columns(front));
		free(rows);
	}
	fflush(c->setup->err);
	free(front);
	free(behind);
	free(warmup);
}

/* What is left behind the last report_interval of a run that was ended there:
 * its rates say little. Unless something has begun to go wrong in it the
 * summary, which follows, says all. */
static bool is_scrap(const struct console *c, const struct results *results)
{
	const struct books *b = &results->books;
	const struct books *now = &results->interval_books;
	uint64_t failures = results->interval_all.failures;

	if (!c->has_line ||
	    results->interval_us >= results->plan->load.report_interval_us / 10)
		return false;
	return (failures == 0 || failures < results->total_all.failures) &&
	       (now->late == 0 || now->late < b->late) &&
	       (now->dropped == 0 || now->dropped < b->dropped) &&
	       count_lost(results) == c->n_lost;
}

/* The run was called off before anybody, setup either, had sent anything. */
static bool is_nothing(const struct results *results)
{
	return !results->has_begun && results->total_all.requests == 0;
}

/* --- the table that is redrawn ------------------------------------------ */

static uint64_t permille_of(uint64_t n, uint64_t of)
{
	if (of == 0)
		return 0;
	return n >= of ? PERMILLE
		       : (uint64_t)((double)n / (double)of * PERMILLE);
}

/* Whether it is, by a signal or because its time is over; and for how long it
 * may go on. */
static bool is_stopping(const struct results *results, uint64_t *left_us)
{
	const struct load_options *load = &results->plan->load;
	uint64_t stop_us = results->stop_us;
	uint64_t limit_us = results->stop_limit_us;
	uint64_t now_us = results->now_us;

	if (stop_us != UINT64_MAX && now_us < stop_us)
		now_us = stop_us;
	if (load->run_time_us > 0 && load->run_time_us < stop_us) {
		stop_us = load->run_time_us;
		limit_us = load->stop_timeout_us;
	}
	if (now_us < stop_us)
		return false;
	*left_us =
	    limit_us > now_us - stop_us ? limit_us - (now_us - stop_us) : 0;
	return true;
}

static void print_stopping(
    struct terminal *t, const struct results *results, uint64_t left_us)
{
	uint64_t users = users_now(results);
	uint64_t left_s = (left_us + US_PER_S - 1) / US_PER_S;
	char left[FIGURE_BYTES], count[FIGURE_BYTES];

	figure_duration(left, left_s * US_PER_S);
	/* nobody has reported since the signal */
	if (results->stop_us != UINT64_MAX &&
	    results->now_us <= results->stop_us)
		terminal_line(t, STYLE_WARNING, "stopping, at most %s", left);
	else
		terminal_line(t, STYLE_WARNING,
		    "stopping, at most %s, %s user%s left", left,
		    figure_count(count, users), plural(users));
}

static void print_progress(struct terminal *t, const struct results *results)
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
		    done / 10,
		    format_duration(total, sizeof(total), load->run_time_us));
	else
		terminal_line(t, STYLE_PLAIN,
		    "[%s] %3" PRIu64 " %%: %s of %s task%s", bar, done / 10,
		    figure_count(n, results->books.tasks),
		    figure_count(total, load->iterations),
		    plural(load->iterations));
}

/* Below all else, where there is room. */
static void print_keys(struct terminal *t, const struct results *results)
{
	if (results->keys && t->lines + 1 < t->rows)
		terminal_line(t, STYLE_FAINT, "%s", results->keys);
}

static void print_bar(struct terminal *t, const struct results *results)
{
	uint64_t left_us;

	if (is_stopping(results, &left_us)) {
		print_stopping(t, results, left_us);
		return;
	}
	print_progress(t, results);
	print_keys(t, results);
}

/* "2 failed (0.5 %), polls or transactions too"; owned by the caller. */
static char *failed_text(const struct results *results)
{
	const struct row *all = &results->total_all;
	char failed[FIGURE_BYTES], percent[FIGURE_BYTES];

	return xasprintf("%s failed (%s %%)%s",
	    figure_count(failed, all->failures),
	    figure_percent(percent, all->failures, all->requests),
	    table_failed_wholes(&results->total) > 0
		? ", polls or transactions too"
		: "");
}

static enum style status_style(const struct results *results)
{
	bool is_bad = results->total_all.failures > 0 ||
		      table_failed_wholes(&results->total) > 0 ||
		      count_lost(results) > 0;

	if (is_bad)
		return STYLE_BAD;
	return results->books.dropped > 0 || live_is_warmup(results)
		   ? STYLE_WARNING
		   : STYLE_GOOD;
}

static void print_status(struct terminal *t, const struct results *results)
{
	char time[FIGURE_BYTES], users[FIGURE_BYTES];
	char *stage = live_stage_text(results);
	char *tasks = live_tasks_text(results);
	char *late = live_late_text(&results->books);
	char *failed = live_is_warmup(results) ? live_warmup_text(results)
					       : failed_text(results);

	terminal_line(t, status_style(results),
	    "%s%s%s   users %s%s%s   %s%s%s%s",
	    figure_elapsed(time, results->now_us), *stage ? "   stage " : "",
	    stage, figure_count(users, users_now(results)), *tasks ? "   " : "",
	    tasks, failed, *late ? "   " : "", late,
	    count_lost(results) > 0 ? "   A WORKER IS LOST" : "");
	free(stage);
	free(tasks);
	free(late);
	free(failed);
}

/* Whether a few lines can be written without waiting for a reader: the run
 * does not wait for those who do not read what is only news. */
static bool has_room(FILE *out)
{
	struct pollfd p = {.fd = fileno(out), .events = POLLOUT};

	return p.fd < 0 || poll(&p, 1, 0) > 0;
}

static bool is_heard(const struct console *c)
{
	return c->setup->verbosity >= VERBOSITY_NORMAL &&
	       has_room(c->setup->err);
}

static void console_hide(void *state)
{
	struct console *c = state;

	if (c->drawn == 0 || !has_room(c->setup->err))
		return;
	/* line by line: some terminals keep what is cleared at once */
	fputs("\r\033[K", c->setup->err);
	for (; c->drawn > 0; c->drawn--)
		fputs("\033[A\033[K", c->setup->err);
	fflush(c->setup->err);
}

/* Whoever wants to see every row gets a table that may be higher than the
 * screen. */
static void make_body(
    struct console *c, struct terminal *t, const struct results *results)
{
	size_t len = 0;
	/* below it: a blank line, status, bar, keys, and the cursor's own
	 * line */
	size_t below = results->keys ? 5 : 4;
	size_t max_rows = t->rows > 8 ? t->rows - below : 4;

	free(c->body);
	c->body = NULL;
	t->out = open_memstream(&c->body, &len);
	if (!t->out)
		return;
	if (c->setup->verbosity >= VERBOSITY_VERBOSE)
		max_rows = SIZE_MAX;
	print_live_requests(t, results, max_rows);
	terminal_line(t, STYLE_PLAIN, "%s", "");
	print_status(t, results);
	c->body_lines = t->lines;
	fclose(t->out);
}

/* The body, and the bar where there are results and it can be taken away
 * again, over what was drawn before: each line in place, so that nothing is
 * pushed into the scrollback; all in one write, so that it does not flicker. */
static void show_body(
    struct console *c, struct terminal *t, const struct results *results)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	if (c->drawn > 0)
		fprintf(out, "\033[%zuA\r", c->drawn);
	fputs(c->body, out);
	t->out = out;
	t->lines = c->body_lines;
	if (results && c->body_lines + 1 < t->rows)
		print_bar(t, results);
	fputs("\033[J", out);
	if (fclose(out) == 0) {
		fwrite(text, 1, len, c->setup->err);
		fflush(c->setup->err);
		/* what is higher than the screen cannot be gone back to */
		c->drawn = t->lines < t->rows ? t->lines : 0;
	}
	free(text);
}

static void look_live(struct terminal *t, const struct console *c)
{
	terminal_look(t, c->setup->err);
	t->clips = t->is_terminal;
	t->erases = t->is_terminal;
}

static void draw(
    struct console *c, struct terminal *t, const struct results *results)
{
	make_body(c, t, results);
	if (c->body)
		show_body(c, t, results);
}

/* --- the sink ----------------------------------------------------------- */

static bool console_open(
    void **state, const struct report_setup *setup, struct diag *d)
{
	struct console *c;

	(void)d;
	*state = NULL;
	if (setup->verbosity == VERBOSITY_NOTHING)
		return true;
	c = xcalloc(1, sizeof(*c));
	c->setup = setup;
	*state = c;
	return true;
}

static void console_close(void *state)
{
	struct console *c = state;

	free(c->body);
	free(c);
}

static void begin_to_speak(struct console *c, const struct results *results)
{
	struct terminal t;

	terminal_look(&t, c->setup->err);
	print_intention(&t, results, c->setup);
	fflush(c->setup->err);
	c->has_spoken = true;
}

/* Those who do not read yet get the first line later. */
static void console_begin(void *state, const struct results *results)
{
	struct console *c = state;

	if (is_heard(c))
		begin_to_speak(c, results);
}

/* Not earlier: below the table is no room for what hooks and setup print. */
static void console_start(void *state, const struct results *results)
{
	struct console *c = state;
	struct terminal t;

	if (!is_heard(c))
		return;
	look_live(&t, c);
	if (t.is_terminal)
		draw(c, &t, results);
}

/* What cannot be shown is no loss to the results: always true. */
static bool console_interval(
    void *state, const struct results *results, struct diag *d)
{
	struct console *c = state;
	struct terminal t;

	(void)d;
	if (!is_heard(c))
		return true;
	if (!c->has_spoken)
		begin_to_speak(c, results);
	look_live(&t, c);
	if (t.is_terminal) {
		draw(c, &t, results);
		return true;
	}
	if (!is_scrap(c, results) && !is_nothing(results))
		print_live_line(
		    c, results, c->setup->verbosity >= VERBOSITY_VERBOSE);
	c->has_line = true;
	c->n_lost = count_lost(results);
	return true;
}

static void console_now(void *state, const struct results *results)
{
	struct console *c = state;
	struct terminal t;

	if (!has_room(c->setup->err))
		return;
	terminal_look(&t, c->setup->err);
	if (c->has_spoken)
		terminal_line(&t, STYLE_PLAIN, "%s", "");
	print_requests(&t, results);
	print_live_line(c, results, false);
	c->has_spoken = true;
}

/* A notice, and the table as it was, with the time that is left. */
static void console_stopping(void *state, const struct results *results)
{
	struct console *c = state;
	struct terminal t;
	char limit[32];

	if (!is_heard(c))
		return;
	console_hide(c);
	fprintf(c->setup->err,
	    "loadgen: stopping: running tasks may finish within %s; %s leaves "
	    "at once\n",
	    format_duration(limit, sizeof(limit), results->stop_limit_us),
	    results->ended_by ? "Ctrl-C" : "once more");
	look_live(&t, c);
	if (t.is_terminal && c->body)
		show_body(c, &t, results);
}

/* A line that stays, and the table as it was. */
static void console_note(
    void *state, const struct results *results, const char *text)
{
	struct console *c = state;
	struct terminal t;

	if (!is_heard(c))
		return;
	console_hide(c);
	look_live(&t, c);
	terminal_line(&t, STYLE_FAINT, "%s", text);
	if (t.is_terminal && c->body)
		show_body(c, &t, results);
	fflush(c->setup->err);
}

/* Whether what was said is read above the summary, which goes there. */
static bool has_said_it_there(const struct console *c, FILE *there)
{
	struct stat out, err;

	return c->has_spoken && fstat(fileno(there), &out) == 0 &&
	       fstat(fileno(c->setup->err), &err) == 0 &&
	       out.st_dev == err.st_dev && out.st_ino == err.st_ino;
}

static bool console_final(
    void *state, const struct results *results, struct diag *d)
{
	struct console *c = state;
	FILE *out = report_summary_stream(c->setup);
	struct terminal t;
	bool ok;

	/* the same table follows, unless the summary goes elsewhere */
	if (has_said_it_there(c, out)) {
		console_hide(c);
	} else if (c->drawn > 0) {
		look_live(&t, c);
		show_body(c, &t, NULL);
		c->drawn = 0;
	}
	terminal_look(&t, out);
	errno = 0;
	if (has_said_it_there(c, out))
		terminal_line(&t, STYLE_PLAIN, "%s", "");
	print_summary(&t, results, c->setup);
	ok = fflush(out) == 0 && !ferror(out);
	if (!ok && !c->failed)
		diag_error(d, (struct where) {.file = "loadgen"},
		    "%s: cannot write: %s",
		    out == c->setup->out ? "standard output" : "standard error",
		    strerror(errno ? errno : EIO));
	c->failed = c->failed || !ok;
	/* said once: whoever flushes it at the very end has nothing to add */
	clearerr(out);
	return ok;
}

const struct sink console_sink = {
    .open = console_open,
    .begin = console_begin,
    .start = console_start,
    .interval = console_interval,
    .final = console_final,
    .close = console_close,
    .now = console_now,
    .stopping = console_stopping,
    .note = console_note,
    .hide = console_hide,
};
