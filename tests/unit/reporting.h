/*
 * What the tests of reports share: one run that is reported into a folder of
 * its own and into memory.
 */
#ifndef TESTS_UNIT_REPORTING_H
#define TESTS_UNIT_REPORTING_H

#include "report.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "report/summary.h"
#include "report/text.h"

enum { WORKERS = 2 };
#define START_WALL_US (UINT64_C(1700000000) * US_PER_S)

/* One run that is reported into a folder of its own and into memory. */
struct run {
	char folder[64];
	char *prefix;
	struct plan plan;
	struct stage ramp; /* where a test has no stages */
	struct report_setup setup;
	struct report *report;
	char *out;
	size_t out_len;
	char *err;
	size_t err_len;
	struct books own[WORKERS];
};

/* --- helpers ------------------------------------------------------------ */

static inline void run_prepare(struct run *run)
{
	static char plan_name[] = "plan.ini";

	memset(run, 0, sizeof(*run));
	snprintf(run->folder, sizeof(run->folder), "/tmp/loadgen-test-XXXXXX");
	assert_non_null(mkdtemp(run->folder));
	run->prefix = xasprintf("%s/x", run->folder);
	run->plan.file = plan_name;
	run->plan.load.users = 20;
	run->plan.load.spawn_rate = 10;
	run->plan.load.run_time_us = 10 * US_PER_S;
	unsetenv("COLUMNS");
	run->setup = (struct report_setup) {
	    .plan = &run->plan,
	    .workers = WORKERS,
	    .csv_prefix = run->prefix,
	    .verbosity = VERBOSITY_NORMAL,
	    .out = open_memstream(&run->out, &run->out_len),
	    .err = open_memstream(&run->err, &run->err_len),
	};
	assert_non_null(run->setup.out);
	assert_non_null(run->setup.err);
}

/* What a plan without stages says of its users. */
static inline void run_set_ramp(struct run *run)
{
	struct load_options *load = &run->plan.load;

	run->ramp = (struct stage) {.name = (char *)(uintptr_t) "1",
	    .duration_us = (uint64_t)((double)load->users * (double)US_PER_S /
				      load->spawn_rate),
	    .target = (double)load->users};
	load->stages = &run->ramp;
	load->n_stages = 1;
}

static inline void run_open(struct run *run)
{
	struct diag d;

	if (run->plan.load.n_stages == 0)
		run_set_ramp(run);
	diag_init(&d);
	run->report = report_open(&run->setup, &d);
	assert_int_equal(d.n, 0);
	assert_non_null(run->report);
	report_start(run->report, START_WALL_US);
	for (uint32_t i = 0; i < WORKERS; i++)
		report_worker(run->report, i, "box", 4000 + (long)i);
}

static inline void run_clear(struct run *run)
{
	DIR *folder = opendir(run->folder);
	struct dirent *entry;

	report_close(run->report);
	fclose(run->setup.out);
	fclose(run->setup.err);
	free(run->out);
	free(run->err);
	while (folder && (entry = readdir(folder)) != NULL) {
		char *path = xasprintf("%s/%s", run->folder, entry->d_name);

		if (entry->d_name[0] != '.')
			remove(path);
		free(path);
	}
	if (folder)
		closedir(folder);
	rmdir(run->folder);
	free(run->prefix);
}

static inline struct sample sample_of(uint64_t response_us, const char *failure)
{
	return (struct sample) {
	    .response_us = response_us,
	    .phases = 1U << PHASE_FIRST_BYTE,
	    .phase_us = {[PHASE_FIRST_BYTE] = response_us / 2},
	    .body_bytes = 10,
	    .wall_us = START_WALL_US + 5 * US_PER_S,
	    .failure = failure,
	};
}

/* A worker sends n samples of one row, in a delta that began in that stage, 0
 * for none, and was cut at until_us. */
static inline void send_delta(struct run *run, uint32_t worker, uint32_t stage,
    uint64_t until_us, const char *name, size_t n, struct sample s)
{
	struct table table = {0};
	struct hist lateness = {0};
	struct books books = {.started = n,
	    .passed = s.failure ? 0 : n,
	    .failed = s.failure ? n : 0,
	    .tasks = n,
	    .connections = 1};
	struct report_delta delta = {
	    .worker = worker,
	    .stage = stage,
	    .until_us = until_us,
	    .users = 10,
	    .is_last_part = true,
	    .cpu_us = 300000,
	    .busy_us = 3000000,
	    .books = &books,
	    .lateness = &lateness,
	    .table = &table,
	};

	for (size_t i = 0; i < n; i++)
		table_record(&table, table_row(&table, "GET", name), &s);
	hist_record(&lateness, 120);
	report_delta(run->report, &delta);
	books_add(&run->own[worker], &books);
	table_clear(&table);
	hist_clear(&lateness);
}

static inline void send_samples(struct run *run, uint32_t worker,
    uint64_t until_us, const char *name, size_t n, struct sample s)
{
	send_delta(run, worker, 0, until_us, name, n, s);
}

static inline void send_stage(struct run *run, uint32_t stage,
    uint64_t until_us, const char *name, size_t n, struct sample s)
{
	send_delta(run, 0, stage, until_us, name, n, s);
}

static inline void run_finish(struct run *run)
{
	for (uint32_t i = 0; i < WORKERS; i++)
		report_worker_final(run->report, i, &run->own[i]);
	report_final(run->report, 0, false);
	fflush(run->setup.out);
	fflush(run->setup.err);
}

/* A folder comes into the way of a file: that holds for root too. */
static inline void block_file(const char *path)
{
	(void)remove(path);
	assert_int_equal(mkdir(path, 0700), 0);
}

/* A file of the run, owned by the caller. */
static inline char *read_csv(const struct run *run, const char *suffix)
{
	char *path = xasprintf("%s%s", run->prefix, suffix);
	FILE *file = fopen(path, "r");
	char *text = xcalloc(1, 65536);

	assert_non_null(file);
	text[fread(text, 1, 65535, file)] = '\0';
	fclose(file);
	free(path);
	return text;
}

static inline void assert_csv_has(
    const struct run *run, const char *suffix, const char *lines)
{
	char *text = read_csv(run, suffix);

	if (!strstr(text, lines))
		print_error("%s has no %s:\n%s", suffix, lines, text);
	assert_non_null(strstr(text, lines));
	free(text);
}

static inline size_t count_lines(const struct run *run, const char *suffix)
{
	char *text = read_csv(run, suffix);
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, "\r\n")) != NULL; at += 2)
		n++;
	free(text);
	return n;
}

static inline void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		print_error("no \"%s\" in:\n%s", part, text);
	assert_non_null(strstr(text, part));
}

static inline void assert_last_line(const struct run *run, const char *line)
{
	const char *last = run->out + run->out_len - 1;

	assert_true(run->out_len > 0 && *last == '\n');
	while (last > run->out && last[-1] != '\n')
		last--;
	assert_true((size_t)(run->out + run->out_len - last) > 1);
	if (strncmp(last, line, strlen(line)) != 0)
		print_error("the last line is %s", last);
	assert_memory_equal(last, line, strlen(line));
}

#endif
