/*
 * The CSV files: Locust's names and columns, RFC 4180. Two grow by an
 * interval's rows, the others are replaced whole, so that a reader never sees
 * half of one. It knows no processes and no terminal.
 */
#include "report/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"

#define QUANTILE_HEADERS "50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%"
#define NOT_COUNTED      "N/A"

struct csv;

struct csv_kind {
	const char *suffix;
	const char *header;
	bool grows; /* rows are added; otherwise it is replaced whole */
	void (*rows)(
	    FILE *out, const struct csv *csv, const struct results *results);
};

struct csv_file {
	const struct csv_kind *kind;
	char *path; /* owned */
	char
	    *beside; /* owned: where a whole file is written before it counts */
	int fd;      /* of one that grows; else -1 */
	bool failed; /* and it was said */
};

enum { CSV_FILES = 6 };

struct csv {
	bool full_history;
	struct csv_file files[CSV_FILES];
};

/* --- fields ------------------------------------------------------------- */

/* Every field begins with its comma, but for the first of a line. */

static void put_text(FILE *out, const char *text)
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

/* As many of three decimals as it takes: 1500 is 1.5. */
static void put_thousandths(FILE *out, uint64_t n)
{
	char text[32];
	size_t len;

	snprintf(
	    text, sizeof(text), ",%" PRIu64 ".%03" PRIu64, n / 1000, n % 1000);
	len = strlen(text);
	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	fwrite(text, 1, len, out);
}

static void put_ms(FILE *out, uint64_t us)
{
	put_thousandths(out, us);
}

static void put_decimal(FILE *out, double value)
{
	put_thousandths(out, (uint64_t)(value * 1000 + 0.5));
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
	put_text(out, type);
	putc(',', out);
	put_text(out, name);
}

/* Locust's form: 2026-08-22T00:44:41Z. */
static void put_utc(FILE *out, uint64_t wall_us)
{
	time_t seconds = (time_t)(wall_us / US_PER_S);
	char text[32];
	struct tm tm;

	putc(',', out);
	if (!gmtime_r(&seconds, &tm))
		return;
	if (strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		fputs(text, out);
}

static uint64_t now_wall_s(const struct results *results)
{
	return (results->start_wall_us + results->now_us) / US_PER_S;
}

/* --- the files that are replaced ---------------------------------------- */

static void put_stats_row(
    FILE *out, const struct row *row, const struct results *results)
{
	put_label(out, row->type, row->name);
	put_counts(out, row);
	put_decimal(out, rate_per_s(row->requests, measured_us(results)));
	put_decimal(out, rate_per_s(row->failures, measured_us(results)));
	put_quantiles(out, &row->response);
	put_end(out);
}

static void stats_rows(
    FILE *out, const struct csv *csv, const struct results *results)
{
	size_t n;
	struct row **rows = table_sorted_rows(&results->total, &n);

	(void)csv;
	for (size_t i = 0; i < n; i++)
		put_stats_row(out, rows[i], results);
	put_stats_row(out, &results->total_all, results);
	free(rows);
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
		put_text(out, f->text);
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
	(void)csv;
	for (uint32_t i = 0; i < results->n_workers; i++) {
		const struct worker_view *w = &results->workers[i];
		char *message;

		if (!w->why_lost)
			continue;
		message = xasprintf(
		    "worker %" PRIu32 " lost: %s", w->number, w->why_lost);
		fputs("1,", out);
		put_text(out, message);
		fputs(",,", out);
		put_text(out, w->host);
		put_end(out);
		free(message);
	}
	for (size_t i = 0; i < results->n_troubles; i++) {
		const struct trouble *t = &results->troubles[i];

		fprintf(out, "%" PRIu64 ",", t->count);
		put_text(out, t->text);
		fputs(",,", out);
		put_text(out, t->host);
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
		put_text(out, phase_names[i]);
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
	put_decimal(out, rate_per_s(now->requests, results->interval_us));
	put_decimal(out, rate_per_s(now->failures, results->interval_us));
	put_quantiles(out, &now->response);
	put_counts(out, total);
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
	put_text(out, w->host);
	fprintf(out, ",%" PRIu32 ",%ld,%" PRIu32 ",%" PRIu32, w->number, w->pid,
	    w->users, w->jobs);
	put_decimal(
	    out, rate_per_s(w->interval_requests, results->interval_us));
	if (w->interval_busy_us > 0)
		put_decimal(out, 100 * (double)w->interval_cpu_us /
				     (double)w->interval_busy_us);
	else
		fputs("," NOT_COUNTED, out);
	if (w->interval_lateness.count > 0)
		put_ms(out, hist_quantile_us(&w->interval_lateness, 990000));
	else
		fputs("," NOT_COUNTED, out);
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

static const struct csv_kind kinds[CSV_FILES] = {
    {"_stats.csv",
	"Type,Name,Request Count,Failure Count,Median Response Time,"
	"Average Response Time,Min Response Time,Max Response Time,"
	"Average Content Size,Requests/s,Failures/s," QUANTILE_HEADERS,
	false, stats_rows},
    {"_stats_history.csv",
	"Timestamp,User Count,Type,Name,Requests/s,Failures/s," QUANTILE_HEADERS
	",Total Request Count,Total Failure Count,Total Median Response Time,"
	"Total Average Response Time,Total Min Response Time,"
	"Total Max Response Time,Total Average Content Size",
	true, history_rows},
    {"_failures.csv", "Method,Name,Error,Occurrences,First Seen,Last Seen",
	false, failures_rows},
    {"_exceptions.csv", "Count,Message,Traceback,Nodes", false,
	exceptions_rows},
    {"_phases.csv", "Type,Name,Phase,Count,Average,50%,95%,99%,Max", false,
	phases_rows},
    {"_workers.csv",
	"Timestamp,Host,Worker,PID,Users,Background Jobs,Requests/s,CPU %,"
	"Timer Lateness p99 (ms)",
	true, workers_rows},
};

static void put_header(FILE *out, const struct csv_kind *kind)
{
	fputs(kind->header, out);
	put_end(out);
}

/* Whether all that was put since errno was set to 0 has reached the file. */
static bool is_flushed(FILE *out)
{
	bool ok = fflush(out) == 0 && !ferror(out);

	if (!ok && errno == 0)
		errno = EIO;
	clearerr(out);
	return ok;
}

/* results NULL: the header alone. False and errno. */
static bool write_whole(const struct csv_file *file, const struct csv *csv,
    const struct results *results)
{
	FILE *out = fopen(file->beside, "w");
	bool ok;
	int why;

	if (!out)
		return false;
	errno = 0;
	put_header(out, file->kind);
	if (results)
		file->kind->rows(out, csv, results);
	ok = is_flushed(out);
	why = errno;
	if (fclose(out) != 0 && ok) {
		why = errno;
		ok = false;
	}
	if (ok && rename(file->beside, file->path) == 0)
		return true;
	if (ok)
		why = errno;
	unlink(file->beside);
	errno = why;
	return false;
}

/* All of it, or nothing: half a row would spoil the next one. */
static bool append(int fd, const char *bytes, size_t n)
{
	off_t end = lseek(fd, 0, SEEK_END);
	size_t done = 0;
	int why;

	while (done < n) {
		ssize_t got = write(fd, bytes + done, n - done);

		if (got >= 0) {
			done += (size_t)got;
			continue;
		}
		if (errno == EINTR)
			continue;
		why = errno;
		if (end >= 0 && ftruncate(fd, end) != 0)
			why = errno;
		errno = why;
		return false;
	}
	return true;
}

/* results NULL: the header alone. False and errno. */
static bool write_more(const struct csv_file *file, const struct csv *csv,
    const struct results *results)
{
	char *bytes = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&bytes, &n);
	bool ok;

	if (!out)
		return false;
	if (results)
		file->kind->rows(out, csv, results);
	else
		put_header(out, file->kind);
	ok = fclose(out) == 0 && append(file->fd, bytes, n);
	free(bytes);
	return ok;
}

/* Says it the first time. */
static void note_failure(struct csv_file *file, struct diag *d)
{
	if (!file->failed)
		diag_error(d, (struct where) {.file = "loadgen"},
		    "%s: cannot write: %s", file->path, strerror(errno));
	file->failed = true;
}

/* --- the sink ----------------------------------------------------------- */

static void csv_close(void *state)
{
	struct csv *csv = state;

	for (size_t i = 0; i < CSV_FILES; i++) {
		if (csv->files[i].fd >= 0)
			close(csv->files[i].fd);
		free(csv->files[i].path);
		free(csv->files[i].beside);
	}
	free(csv);
}

static void complain_of_file(
    const struct csv_file *file, int why, struct diag *d)
{
	diag_error(d, (struct where) {.file = file->path},
	    "cannot create: %s: name a folder that %s with --csv",
	    strerror(why),
	    why == ENOENT || why == ENOTDIR ? "exists" : "can be written");
}

/* What file_try on it would fail with, without touching anything; 0: it would
 * not. */
static int file_foresee(const struct csv_file *file)
{
	const char *path = file->kind->grows ? file->path : file->beside;
	const char *slash = strrchr(path, '/');
	struct stat st;
	char *folder;
	int why = 0;

	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return EISDIR;
		return access(path, W_OK) == 0 ? 0 : errno;
	}
	if (errno != ENOENT)
		return errno;
	folder = slash == NULL ? xstrdup(".")
			       : xstrndup(path, (size_t)(slash - path) + 1);
	if (access(folder, W_OK | X_OK) != 0)
		why = errno;
	free(folder);
	return why;
}

/* Whether it can be written, before anything that is there is touched. */
static bool file_try(struct csv_file *file)
{
	const char *path = file->kind->grows ? file->path : file->beside;

	file->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (file->fd < 0)
		return false;
	if (!file->kind->grows) {
		close(file->fd);
		file->fd = -1;
		unlink(file->beside);
	}
	return true;
}

static bool file_begin(struct csv_file *file, const struct csv *csv)
{
	if (!file->kind->grows)
		return write_whole(file, csv, NULL);
	/* EINVAL: what has no length, such as a pipe */
	if (ftruncate(file->fd, 0) != 0 && errno != EINVAL)
		return false;
	return write_more(file, csv, NULL);
}

static struct csv *csv_new(const char *prefix)
{
	struct csv *csv = xcalloc(1, sizeof(*csv));

	for (size_t i = 0; i < CSV_FILES; i++) {
		struct csv_file *file = &csv->files[i];

		file->kind = &kinds[i];
		file->fd = -1;
		file->path = xasprintf("%s%s", prefix, kinds[i].suffix);
		file->beside = xasprintf("%s.tmp", file->path);
	}
	return csv;
}

bool report_check_csv(const char *prefix, struct diag *d)
{
	struct csv *csv = csv_new(prefix);
	int why = 0;

	for (size_t i = 0; i < CSV_FILES && why == 0; i++) {
		why = file_foresee(&csv->files[i]);
		/* the next would only say the same */
		if (why != 0)
			complain_of_file(&csv->files[i], why, d);
	}
	csv_close(csv);
	return why == 0;
}

static bool csv_open(
    void **state, const struct report_setup *setup, struct diag *d)
{
	struct csv *csv;

	*state = NULL;
	if (!setup->csv_prefix)
		return true;
	csv = csv_new(setup->csv_prefix);
	csv->full_history = setup->csv_full_history;
	for (size_t i = 0; i < 2 * CSV_FILES; i++) {
		struct csv_file *file = &csv->files[i % CSV_FILES];

		if (i < CSV_FILES ? file_try(file) : file_begin(file, csv))
			continue;
		/* the next would only say the same */
		complain_of_file(file, errno, d);
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

	for (size_t i = 0; i < CSV_FILES; i++) {
		struct csv_file *file = &csv->files[i];

		if (file->kind->grows || write_whole(file, csv, results))
			continue;
		note_failure(file, d);
		ok = false;
	}
	return ok;
}

static bool csv_interval(
    void *state, const struct results *results, struct diag *d)
{
	struct csv *csv = state;
	bool ok = csv_final(state, results, d);

	for (size_t i = 0; i < CSV_FILES; i++) {
		struct csv_file *file = &csv->files[i];

		if (!file->kind->grows || write_more(file, csv, results))
			continue;
		note_failure(file, d);
		ok = false;
	}
	return ok;
}

const struct sink csv_sink = {
    .open = csv_open,
    .interval = csv_interval,
    .final = csv_final,
    .close = csv_close,
};
