/*
 * The CSV files: Locust's names and columns, RFC 4180. Two grow by an
 * interval's rows, the others are replaced whole, so that a reader never sees
 * half of one. It knows no processes and no terminal.
 */
#include "report/results.h"
#include "report/sink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/file.h"
#include "report/lost.h"
#include "report/text.h"

#define QUANTILE_HEADERS "50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%"
#define STATS_HEADERS                                                 \
	"Type,Name,Request Count,Failure Count,Median Response Time," \
	"Average Response Time,Min Response Time,Max Response Time,"  \
	"Average Content Size,Requests/s,Failures/s," QUANTILE_HEADERS
#define NOT_COUNTED "N/A"

struct csv;

struct csv_kind {
	const char *suffix;
	const char *header;
	bool grows;        /* rows are added; otherwise it is replaced whole */
	bool is_of_stages; /* not there where the plan has none */
	void (*rows)(
	    FILE *out, const struct csv *csv, const struct results *results);
};

struct csv_file {
	const struct csv_kind *kind;
	struct report_file file;
};

struct csv {
	bool full_history;
	struct csv_file files[CSV_FILES_MAX];
	size_t n_files;
};

/* --- fields ------------------------------------------------------------- */

/* Every field begins with its comma, but for the first of a line. */

void csv_put_text(FILE *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void put_count(FILE *out, uint64_t n)
{
	fprintf(out, ",%" PRIu64, n);
}

static void put_thousandths(FILE *out, uint64_t n)
{
	char text[FIGURE_BYTES];

	fprintf(out, ",%s", figure_thousandths(text, n));
}

static void put_ms(FILE *out, uint64_t us)
{
	put_thousandths(out, us);
}

static void put_decimal(FILE *out, double value)
{
	put_thousandths(out, round_to_u64(value * 1000));
}

static void put_end(FILE *out)
{
	fputs("\r\n", out);
}

static void put_quantiles(FILE *out, const struct hist *h)
{
	for (size_t i = 0; i < QUANTILE_COLUMNS; i++) {
		if (h->count == 0)
			fputs("," NOT_COUNTED, out);
		else
			put_ms(
			    out, hist_quantile_us(h, quantile_columns[i].ppm));
	}
}

/* Request count to average size: what stats and history have in common. */
static void put_counts(FILE *out, const struct row *row)
{
	put_count(out, row->requests);
	put_count(out, row->failures);
	put_ms(out, hist_quantile_us(&row->response, 500000));
	put_ms(out, hist_mean_us(&row->response));
	put_ms(out, row->response.min_us);
	put_ms(out, row->response.max_us);
	put_decimal(out, row->requests
			     ? (double)row->body_bytes / (double)row->requests
			     : 0);
}

static void put_label(FILE *out, const char *type, const char *name)
{
	csv_put_text(out, type);
	putc(',', out);
	csv_put_text(out, name);
}

/* Locust's form: 2026-08-22T00:44:41Z. */
static void put_utc(FILE *out, uint64_t wall_us)
{
	char text[FIGURE_BYTES];

	fprintf(out, ",%sZ", figure_utc(text, 'T', wall_us));
}

static uint64_t now_wall_s(const struct results *results)
{
	return (results->start_wall_us + results->now_us) / US_PER_S;
}

/* --- the files that are replaced ---------------------------------------- */

/* What was counted in so long a time. */
static void put_stats_row(FILE *out, const struct row *row, uint64_t over_us)
{
	put_label(out, row->type, row->name);
	put_counts(out, row);
	put_decimal(out, rate_per_s(row->requests, over_us));
	put_decimal(out, rate_per_s(row->failures, over_us));
	put_quantiles(out, &row->response);
	put_end(out);
}

static void stats_rows(
    FILE *out, const struct csv *csv, const struct results *results)
{
	uint64_t over_us = measured_us(results);
	size_t n;
	struct row **rows = table_sorted_rows(&results->total, &n);

	(void)csv;
	for (size_t i = 0; i < n; i++)
		put_stats_row(out, rows[i], over_us);
	put_stats_row(out, &results->total_all, over_us);
	free(rows);
}

static void put_stage_row(FILE *out, const struct stage_view *stage,
    const struct row *row, uint64_t over_us)
{
	csv_put_text(out, stage->stage->name);
	putc(',', out);
	put_stats_row(out, row, over_us);
}

static void stages_rows(
    FILE *out, const struct csv *csv, const struct results *results)
{
	(void)csv;
	for (size_t i = 0; i < results->n_stages; i++) {
		const struct stage_view *stage = &results->stages[i];
		uint64_t over_us = stage_measured_us(results, stage);
		size_t n;
		struct row **rows = table_sorted_rows(&stage->table, &n);

		for (size_t k = 0; k < n; k++)
			put_stage_row(out, stage, rows[k], over_us);
		put_stage_row(out, stage, &stage->all, over_us);
		free(rows);
	}
}

static void failures_rows(
    FILE *out, const struct csv *csv, const struct results *results)
{
	size_t n;
	struct failure **failures = table_sorted_failures(&results->total, &n);

	(void)csv;
	for (size_t i = 0; i < n; i++) {
		const struct failure *f = failures[i];

		put_label(out, f->type, f->name);
		putc(',', out);
		csv_put_text(out, f->text);
		put_count(out, f->count);
		put_utc(out, f->first_wall_us);
		put_utc(out, f->last_wall_us);
		put_end(out);
	}
	free(failures);
}

/* What Locust calls an exception is trouble of the generator's own. */
static void exceptions_rows(
    FILE *out, const struct csv *csv, const struct results *results)
{
	struct lost lost;

	(void)csv;
	for (uint32_t i = 0; lost_next(results, i, &lost);
	     i = lost.first + lost.n) {
		char *message = xasprintf("%s lost: %s", lost.who, lost.why);

		fputs("1,", out);
		csv_put_text(out, message);
		fputs(",,", out);
		csv_put_text(out, results->workers[lost.first].host);
		put_end(out);
		free(message);
		free(lost.who);
	}
	for (size_t i = 0; i < results->n_troubles; i++) {
		const struct trouble *t = &results->troubles[i];

		fprintf(out, "%" PRIu64 ",", t->count);
		csv_put_text(out, t->text);
		fputs(",,", out);
		csv_put_text(out, t->host);
		put_end(out);
	}
}

static void put_phases(FILE *out, const struct row *row)
{
	for (size_t i = 0; i < PHASES; i++) {
		const struct hist *h = &row->phases[i];

		if (h->count == 0)
			continue;
		put_label(out, row->type, row->name);
		putc(',', out);
		csv_put_text(out, phase_names[i]);
		put_count(out, h->count);
		put_ms(out, hist_mean_us(h));
		put_ms(out, hist_quantile_us(h, 500000));
		put_ms(out, hist_quantile_us(h, 950000));
		put_ms(out, hist_quantile_us(h, 990000));
		put_ms(out, h->max_us);
		put_end(out);
	}
}

static void phases_rows(
    FILE *out, const struct csv *csv, const struct results *results)
{
	size_t n;
	struct row **rows = table_sorted_rows(&results->total, &n);

	(void)csv;
	for (size_t i = 0; i < n; i++)
		put_phases(out, rows[i]);
	put_phases(out, &results->total_all);
	free(rows);
}

/* --- the files that grow ------------------------------------------------ */

/* Nothing where the plan has no stages. */
static void put_stage(FILE *out, const struct results *results)
{
	putc(',', out);
	if (results->plan->load.has_stages)
		csv_put_text(
		    out, results->plan->load.stages[stage_now(results)].name);
}

/* Tasks a second that were due in the interval, where a rate says when, and
 * that started. */
static void put_task_rates(FILE *out, const struct results *results)
{
	const struct books *b = &results->interval_books;

	if (results->plan->load.model == LOAD_RATE)
		put_decimal(out, results->interval_us > 0
				     ? interval_due(results) *
					   (double)US_PER_S /
					   (double)results->interval_us
				     : 0);
	else
		putc(',', out);
	put_decimal(out, rate_per_s(b->tasks, results->interval_us));
}

/* now: the row's share of the interval, NULL when it had none. */
static void put_history_row(FILE *out, const struct row *total,
    const struct row *now, const struct results *results)
{
	static const struct row nothing;

	if (!now)
		now = &nothing;
	fprintf(out, "%" PRIu64 ",%" PRIu64 ",", now_wall_s(results),
	    users_now(results));
	put_label(out, total->type, total->name);
	put_decimal(
	    out, rate_per_s(now->requests, interval_measured_us(results)));
	put_decimal(
	    out, rate_per_s(now->failures, interval_measured_us(results)));
	put_quantiles(out, &now->response);
	put_counts(out, total);
	put_stage(out, results);
	put_task_rates(out, results);
	put_end(out);
}

static void history_rows(
    FILE *out, const struct csv *csv, const struct results *results)
{
	size_t n = 0;
	struct row **rows = NULL;

	if (csv->full_history)
		rows = table_sorted_rows(&results->total, &n);
	for (size_t i = 0; i < n; i++)
		put_history_row(out, rows[i],
		    table_find(
			&results->interval, rows[i]->type, rows[i]->name),
		    results);
	put_history_row(
	    out, &results->total_all, &results->interval_all, results);
	free(rows);
}

static void put_worker(
    FILE *out, const struct worker_view *w, const struct results *results)
{
	fprintf(out, "%" PRIu64 ",", now_wall_s(results));
	csv_put_text(out, w->host);
	fprintf(out, ",%" PRIu32 ",%ld,%" PRIu32 ",%" PRIu32, w->number, w->pid,
	    w->users, w->jobs);
	put_decimal(
	    out, rate_per_s(w->interval_requests, results->interval_us));
	if (w->interval_busy_us > 0)
		put_decimal(out, (double)cpu_permille(
				     w->interval_cpu_us, w->interval_busy_us) /
				     10);
	else
		fputs("," NOT_COUNTED, out);
	if (w->interval_lateness.count > 0)
		put_ms(out, hist_quantile_us(&w->interval_lateness, 990000));
	else
		fputs("," NOT_COUNTED, out);
	put_stage(out, results);
	put_end(out);
}

static void workers_rows(
    FILE *out, const struct csv *csv, const struct results *results)
{
	(void)csv;
	for (uint32_t i = 0; i < results->n_workers; i++) {
		const struct worker_view *w = &results->workers[i];
		/* one that is gone has no more rows, but what it still sent */
		bool is_gone = w->why_lost || w->has_final;

		if (w->pid != 0 && (w->interval_heard || !is_gone))
			put_worker(out, w, results);
	}
}

/* --- writing ------------------------------------------------------------ */

static const struct csv_kind kinds[CSV_FILES_MAX] = {
    {.suffix = "_stats.csv", .header = STATS_HEADERS, .rows = stats_rows},
    {.suffix = "_stats_history.csv",
	.header =
	    "Timestamp,User Count,Type,Name,Requests/s,"
	    "Failures/s," QUANTILE_HEADERS
	    ",Total Request Count,Total Failure Count,Total Median Response "
	    "Time,Total Average Response Time,Total Min Response Time,"
	    "Total Max Response Time,Total Average Content Size,"
	    "Stage,Intended/s,Started/s",
	.grows = true,
	.rows = history_rows},
    {.suffix = "_failures.csv",
	.header = "Method,Name,Error,Occurrences,First Seen,Last Seen",
	.rows = failures_rows},
    {.suffix = "_exceptions.csv",
	.header = "Count,Message,Traceback,Nodes",
	.rows = exceptions_rows},
    {.suffix = "_phases.csv",
	.header = "Type,Name,Phase,Count,Average,50%,95%,99%,Max",
	.rows = phases_rows},
    {.suffix = "_workers.csv",
	.header = "Timestamp,Host,Worker,PID,Users,Background Jobs,Requests/s,"
		  "CPU %,Timer Lateness p99 (ms),Stage",
	.grows = true,
	.rows = workers_rows},
    {.suffix = "_stages.csv",
	.header = "Stage," STATS_HEADERS,
	.is_of_stages = true,
	.rows = stages_rows},
};

static void put_header(FILE *out, const struct csv_kind *kind)
{
	fputs(kind->header, out);
	put_end(out);
}

/* results NULL: the header alone. */
static bool write_whole(struct csv_file *file, const struct csv *csv,
    const struct results *results, struct diag *d)
{
	FILE *out = report_file_begin(&file->file, d);

	if (!out)
		return false;
	put_header(out, file->kind);
	if (results)
		file->kind->rows(out, csv, results);
	return report_file_end(&file->file, d);
}

/* results NULL: the header alone. */
static bool write_more(struct csv_file *file, const struct csv *csv,
    const struct results *results, struct diag *d)
{
	char *bytes = NULL;
	size_t n = 0;
	FILE *out = text_open(&bytes, &n);
	bool ok;

	if (results)
		file->kind->rows(out, csv, results);
	else
		put_header(out, file->kind);
	text_close(out);
	ok = report_file_append(&file->file, bytes, n, d);
	free(bytes);
	return ok;
}

/* --- the sink ----------------------------------------------------------- */

static void csv_close(void *state)
{
	struct csv *csv = state;

	for (size_t i = 0; i < csv->n_files; i++)
		report_file_clear(&csv->files[i].file);
	free(csv);
}

static bool is_wanted(
    const struct csv_kind *kind, const struct report_setup *setup)
{
	return setup->csv_prefix &&
	       (!kind->is_of_stages || setup->plan->load.has_stages);
}

static char *path_of(
    const struct csv_kind *kind, const struct report_setup *setup)
{
	return xasprintf("%s%s", setup->csv_prefix, kind->suffix);
}

size_t csv_paths(const struct report_setup *setup, char *paths[CSV_FILES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < CSV_FILES_MAX; i++) {
		if (is_wanted(&kinds[i], setup))
			paths[n++] = path_of(&kinds[i], setup);
	}
	return n;
}

static struct csv *csv_new(const struct report_setup *setup)
{
	struct csv *csv = xcalloc(1, sizeof(*csv));

	csv->full_history = setup->csv_full_history;
	for (size_t i = 0; i < CSV_FILES_MAX; i++) {
		struct csv_file *file = &csv->files[csv->n_files];
		char *path;

		if (!is_wanted(&kinds[i], setup))
			continue;
		path = path_of(&kinds[i], setup);
		file->kind = &kinds[i];
		report_file_init(&file->file, path, "--csv", kinds[i].grows);
		csv->n_files++;
		free(path);
	}
	return csv;
}

bool csv_foresee(const struct report_setup *setup, struct diag *d)
{
	struct csv *csv = csv_new(setup);
	int why = 0;

	for (size_t i = 0; i < csv->n_files && why == 0; i++) {
		why = report_file_foresee(&csv->files[i].file);
		/* the next would only say the same */
		if (why != 0)
			report_file_complain(&csv->files[i].file, why, d);
	}
	csv_close(csv);
	return why == 0;
}

/* Whether all of them can be written, before one that is there is touched. */
static bool try_all(struct csv *csv, struct diag *d)
{
	for (size_t i = 0; i < csv->n_files; i++) {
		if (report_file_try(&csv->files[i].file))
			continue;
		/* the next would only say the same */
		report_file_complain(&csv->files[i].file, errno, d);
		return false;
	}
	return true;
}

static bool begin_all(struct csv *csv, struct diag *d)
{
	for (size_t i = 0; i < csv->n_files; i++) {
		struct csv_file *file = &csv->files[i];

		if (file->kind->grows ? !report_file_restart(&file->file, d) ||
					    !write_more(file, csv, NULL, d)
				      : !write_whole(file, csv, NULL, d))
			return false;
	}
	return true;
}

static bool csv_open(
    void **state, const struct report_setup *setup, struct diag *d)
{
	struct csv *csv;

	*state = NULL;
	if (!setup->csv_prefix)
		return true;
	csv = csv_new(setup);
	if (!try_all(csv, d) || !begin_all(csv, d)) {
		csv_close(csv);
		return false;
	}
	*state = csv;
	return true;
}

static bool csv_final(
    void *state, const struct results *results, struct diag *d)
{
	struct csv *csv = state;
	bool ok = true;

	for (size_t i = 0; i < csv->n_files; i++) {
		struct csv_file *file = &csv->files[i];

		if (!file->kind->grows)
			ok = write_whole(file, csv, results, d) && ok;
	}
	return ok;
}

static bool csv_interval(
    void *state, const struct results *results, struct diag *d)
{
	struct csv *csv = state;
	bool ok = csv_final(state, results, d);

	for (size_t i = 0; i < csv->n_files; i++) {
		struct csv_file *file = &csv->files[i];

		if (file->kind->grows)
			ok = write_more(file, csv, results, d) && ok;
	}
	return ok;
}

const struct sink csv_sink = {
    .open = csv_open,
    .interval = csv_interval,
    .final = csv_final,
    .close = csv_close,
};
