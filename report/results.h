/*
 * What is asked of results by all who tell them: rates, times and users that
 * are made of what they hold, the same for every format, and for hooks.
 */
#ifndef REPORT_RESULTS_H
#define REPORT_RESULTS_H

#include "report.h"

/* The quantiles that every table shows, in order, and what they are called. */
struct quantile_column {
	uint32_t ppm;
	const char *name; /* "50%", ... "100%" */
};
enum { QUANTILE_COLUMNS = 11 };
extern const struct quantile_column quantile_columns[QUANTILE_COLUMNS];

/* A quantile in ms for people, "-" where there is no sample: out, FIGURE_BYTES
 * long, or static. */
const char *figure_quantile(char *out, const struct hist *h, uint32_t ppm);

/* Whether what the worker counted itself differs from what it sent. */
bool worker_account_differs(const struct worker_view *w);
/* Whether no request of a user was finished, those of a warm-up aside; and
 * whether some were made nevertheless: a server that does not answer shows in
 * nothing else. */
bool was_nothing_measured(const struct results *results);
bool was_nothing_finished(const struct results *results);
/* Whether it was ended, not by a signal, before it came to the load: by
 * results->ended_by. */
bool was_called_off(const struct results *results);

/* How much of a core was used, in wall time busy_us. */
uint64_t cpu_permille(uint64_t cpu_us, uint64_t busy_us);
/* Events per second over a time; 0 over no time. */
double rate_per_s(uint64_t n, uint64_t over_us);
/* How long results have been gathered: from the start, or the end of the
 * warm-up, to the last sample. */
uint64_t measured_us(const struct results *results);
/* How much of the interval is not of the warm-up; none of it where no load has
 * begun. */
uint64_t interval_measured_us(const struct results *results);
/* The same of a stage: none of it, 0, where the run ended before it. */
uint64_t stage_measured_us(
    const struct results *results, const struct stage_view *stage);
/* How many tasks of a rate are due in the interval: those that wait for a user
 * are in no books yet; and in how much of it any is, before the end. */
double interval_due(const struct results *results);
uint64_t interval_due_us(const struct results *results);
/* The stage, from 0 on, that the end of the interval belongs to. */
size_t stage_now(const struct results *results);
/* Users of all workers, as last heard of. */
uint64_t users_now(const struct results *results);
/* The most that each had at once, together. */
uint64_t users_peak(const struct results *results);

#endif
