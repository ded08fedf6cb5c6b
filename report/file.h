/*
 * The files that reports go into. Each is tried before there is any load, so
 * that a run is not in vain, and written whole: beside its place, then
 * renamed, so that nobody ever sees half of one. Private to the report room.
 */
#ifndef REPORT_FILE_H
#define REPORT_FILE_H

#include "report.h"

/* What a path says that means standard output. */
#define REPORT_STANDARD_OUTPUT "-"

struct report_file {
	char *path;         /* owned */
	bool is_replaced;   /* else what is there is written to */
	char *beside;       /* owned: where it is written before it counts,
			       between begin and end; else NULL */
	const char *option; /* static: what names it, "--json" */
	FILE *standard;     /* borrowed: standard output; NULL: a file */
	FILE *out;          /* between begin and end; else NULL */
	int fd;             /* of what is written in place; else -1 */
	bool grows;
	bool is_new; /* the try made it, and nothing was written so far */
	bool failed; /* to be written, and it was said */
};

/*
 * A report of one file, for a sink: open, and whenever there is something to
 * write begin and end, at last clear.
 */

/* The path as in the setup, the option static. Whether it can be written is
 * tried, nothing that is there is touched. False: it cannot, a line is in d,
 * and nothing has to be cleared. */
bool report_file_open(struct report_file *f, const char *path,
    const char *option, const struct report_setup *setup, struct diag *d);
/* A stream for all that is to be in it, until report_file_end; NULL when there
 * is none, with a line in d the first time. Errors need no look before the
 * end. */
FILE *report_file_begin(struct report_file *f, struct diag *d);
/* It takes the place of what was there. False: not all of it could be written,
 * what was there is left, and a line is in d the first time. */
bool report_file_end(struct report_file *f, struct diag *d);
void report_file_clear(struct report_file *f);

/*
 * The steps of it, for a report of several files, and of files that grow.
 */

/* Copies the path; option as above; grows: it is written by report_file_append
 * and not by begin and end. */
void report_file_init(
    struct report_file *f, const char *path, const char *option, bool grows);
/* What report_file_try would fail with, as errno has it, without touching
 * anything; 0: it would not. */
int report_file_foresee(const struct report_file *f);
/* Whether it can be written, before anything that is there is touched. False:
 * and errno. */
bool report_file_try(struct report_file *f);
/* Puts into d that it cannot be created, and why: errno, of the two above. */
void report_file_complain(const struct report_file *f, int why, struct diag *d);
/* Empties one that grows. False, as below: a line is in d the first
 * time. */
bool report_file_restart(struct report_file *f, struct diag *d);
/* All of it, or nothing: half a row would spoil the next one. */
bool report_file_append(
    struct report_file *f, const char *bytes, size_t n, struct diag *d);

/*
 * All reports of a run.
 */

/* Those that are one file each. */
enum report_kind { REPORT_HTML, REPORT_JSON, REPORT_JUNIT };

/* What a sink of one of them opens, as sink.h has it: *state is a struct
 * report_file, or NULL where it is not asked for; to be closed by
 * report_file_free. */
bool report_file_new(void **state, enum report_kind kind,
    const struct report_setup *setup, struct diag *d);
/* Replaces it by all that put prints; false as report_file_end has it. */
typedef void report_put_fn(FILE *out, const struct results *results);
bool report_file_write(struct report_file *f, report_put_fn *put,
    const struct results *results, struct diag *d);
/* NULL is fine. */
void report_file_free(void *state);

/* Whether each of them, and of the CSV files, has a place of its own, where
 * nothing is that the run reads, however it is called. False: a line for each
 * that has not is in d. */
bool report_files_differ(const struct report_setup *setup, struct diag *d);
/* Whether those of one file could be created. False: a line for each that
 * cannot is in d. */
bool report_files_foresee(const struct report_setup *setup, struct diag *d);
/* Where the summary goes: standard output, or, where that is taken by a
 * report, standard error. */
FILE *report_summary_stream(const struct report_setup *setup);

#endif
