/*
 * What people read at the end of a run, and the tables that the live display
 * shares with it. Private to the report room.
 */
#ifndef REPORT_SUMMARY_H
#define REPORT_SUMMARY_H

#include "report.h"
#include "report/terminal.h"

/* What is about to be played, before the first user starts. */
void print_intention(struct terminal *t, const struct results *results,
    const struct report_setup *setup);
/* What was played, and whether less than was planned. */
void print_heading(struct terminal *t, const struct results *results);

/* The table of requests, of the whole run. */
void print_requests(struct terminal *t, const struct results *results);
/* The same while it runs, in at most max_rows lines (at least 4 are taken):
 * counts of the whole run, times and rates of the interval. Where there are
 * too many rows, those that failed come first, then the busiest. */
void print_live_requests(
    struct terminal *t, const struct results *results, size_t max_rows);
void print_percentiles(struct terminal *t, const struct results *results);
/* What began in each stage of the plan, where there are several. */
void print_stage_table(struct terminal *t, const struct results *results);

/* What came of each threshold, where there are some. */
void print_thresholds(struct terminal *t, const struct results *results);
/* Each worker's load and lateness, and what that means for the results; the
 * latter alone. */
void print_health(struct terminal *t, const struct results *results);
void print_health_notes(struct terminal *t, const struct results *results);
/* Where a worker was so busy, or so late, that the results may measure the
 * generator rather than the server: "95.0 % of a core, timers 13.0 ms late at
 * p99", of the worst; owned by the caller, NULL: none was. *is_disturbed: they
 * were late though they had little to do, so something else kept the machine
 * busy. */
char *strain_text(const struct results *results, bool *is_disturbed);
/* The figures of one worker, for a report that has a table of its own. */
struct worker_health {
	uint64_t mean_cpu_permille; /* of its core */
	uint64_t peak_cpu_permille;
	uint64_t late_us; /* its timers, at p99 */
	bool stands_out;  /* something about it is not as it should be */
};
struct worker_health worker_health(const struct worker_view *w);

/* The account of the whole run, and what went wrong beside the load. */
void print_books(struct terminal *t, const struct results *results);
void print_troubles(struct terminal *t, const struct results *results);
/* Passed, failed, stopped or not to be trusted, and why. */
void print_verdict(struct terminal *t, const struct results *results);

/* Whether it never came to the load, and why is known: of that verdict it is
 * not the results that are in doubt. */
bool was_not_started(const struct results *results);
/* How it ended, as in the last line: "1,234 requests, none failed, 4
 * interrupted". Owned by the caller. */
char *verdict_outcome(const struct results *results);
/* Why a run is not to be trusted, "" for one that is: "worker 3 lost (killed by
 * SIGKILL); a file could not be written". Owned by the caller. */
char *verdict_doubts(const struct results *results);

void print_summary(struct terminal *t, const struct results *results,
    const struct report_setup *setup);

#endif
