/*
 * What a format of report is: a few functions and its own state. Private to
 * the report room.
 */
#ifndef REPORT_SINK_H
#define REPORT_SINK_H

#include "report.h"

struct sink {
	/* Its state, owned by the sink, in *state (NULL with true: not asked
	 * for). The setup lives as long as the sink. False: cannot be opened;
	 * a line is in d. */
	bool (*open)(
	    void **state, const struct report_setup *setup, struct diag *d);
	/* Every sink is open, the run is about to begin; may be NULL. */
	void (*begin)(void *state, const struct results *results);
	/* What comes before the load has been, the load begins; may be NULL. */
	void (*start)(void *state, const struct results *results);
	/* The first may be NULL. Each returns false when something could not be
	 * written, having put that into d the first time; the run goes on, and
	 * its status will be 3. */
	bool (*interval)(
	    void *state, const struct results *results, struct diag *d);
	bool (*final)(
	    void *state, const struct results *results, struct diag *d);
	void (*close)(void *state);
	/* Asked for between intervals; NULL where there is nothing to show. */
	void (*now)(void *state, const struct results *results);
	/* The run was told to stop: results->stop_us; may be NULL. */
	void (*stopping)(void *state, const struct results *results);
	/* Something has happened, in a few words; may be NULL. */
	void (*note)(
	    void *state, const struct results *results, const char *text);
	/* Somebody else is about to print on setup->err; may be NULL. */
	void (*hide)(void *state);
};

extern const struct sink csv_sink;
extern const struct sink html_sink;
extern const struct sink json_sink;
extern const struct sink junit_sink;
extern const struct sink console_sink;

/* The CSV files that the setup asks for, each path owned by the caller; how
 * many. */
enum { CSV_FILES_MAX = 7 };
size_t csv_paths(const struct report_setup *setup, char *paths[CSV_FILES_MAX]);
/* Whether the CSV files, of which there are some, could be created; creates
 * none. False: a line is in d. */
bool csv_foresee(const struct report_setup *setup, struct diag *d);
/* A field of a CSV file, in quotes where it needs them. */
void csv_put_text(FILE *out, const char *text);

/* The quantiles that every table shows, in order, and what they are called. */
struct quantile_column {
	uint32_t ppm;
	const char *name; /* "50%", ... "100%" */
};
enum { QUANTILE_COLUMNS = 11 };
extern const struct quantile_column quantile_columns[QUANTILE_COLUMNS];

/* Whether what the worker counted itself differs from what it sent. */
bool worker_account_differs(const struct worker_view *w);

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
/* How much of the interval is not of the warm-up. */
uint64_t interval_measured_us(const struct results *results);
/* The same of a stage: none of it, 0, where the run ended before it. */
uint64_t stage_measured_us(
    const struct results *results, const struct stage_view *stage);
/* Tasks a second that a rate wants in the interval: those that wait for a user
 * are in no books yet. */
double intended_per_s(const struct results *results);
/* The stage, from 0 on, that the end of the interval belongs to. */
size_t stage_now(const struct results *results);
/* Users of all workers, as last heard of. */
uint64_t users_now(const struct results *results);
/* The most that each had at once, together. */
uint64_t users_peak(const struct results *results);

#endif
