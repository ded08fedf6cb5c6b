/*
 * Merging what workers sent and telling people: an interval's table and the
 * total, the health of each worker, the books; and the sinks that write it
 * down. It knows no processes, no frames and no curl; what it is told it is
 * told as tables.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>

#include "plan/plan.h"
#include "stats.h"

enum verbosity {
	VERBOSITY_NOTHING, /* not even the summary */
	VERBOSITY_ONLY_SUMMARY,
	VERBOSITY_QUIET,
	VERBOSITY_NORMAL,
	VERBOSITY_VERBOSE
};

/* One worker as the reports see it. */
struct worker_view {
	uint32_t number;
	char *host;     /* owned; "" until it has greeted */
	long pid;       /* 0 until it has greeted */
	uint32_t users; /* as last heard of */
	uint32_t peak_users;
	uint32_t jobs;
	/* in the interval that is being reported */
	uint64_t interval_requests;
	uint64_t interval_cpu_us;
	uint64_t interval_busy_us;
	struct hist interval_lateness;
	bool interval_heard; /* it sent something in this interval */
	/* since the start */
	uint64_t requests;
	uint64_t cpu_us;
	uint64_t busy_us;
	uint64_t peak_cpu_permille; /* of the busiest interval of 1 s or more */
	struct hist lateness;
	struct books sent;  /* sum of its snapshots */
	struct books final; /* its own account */
	bool has_final;
	char *why_lost;       /* owned; NULL: it was not; and where it was: */
	uint64_t lost_us;     /* since the start; 0: before it */
	uint64_t users_dealt; /* to it, of all that the plan has */
};

/* What one worker sent; the report does not keep it. */
struct report_delta {
	uint32_t worker;
	uint64_t until_us;
	uint32_t users;
	uint32_t most_users; /* at once, since the last one; 0: not told */
	uint32_t jobs;
	bool is_last_part; /* these hold */
	bool is_warmup;    /* all in table began in it */
	uint32_t stage;    /* that it began in, from 1; 0: none */
	uint64_t cpu_us;
	uint64_t busy_us;
	const struct books *books;
	const struct hist *lateness;
	const struct hist *lag; /* of tasks behind when they were due */
	/* NULL: what there is was added to report_rows, and has_rows holds */
	const struct table *table;
	bool has_rows;
};

/* What came of a threshold. */
struct threshold_view {
	const struct threshold *threshold; /* borrowed */
	bool has_samples; /* where not, it does not hold, and these are 0 */
	double value;     /* in the unit of its limit */
	/* How much is left to the limit, as a part of it: 0.2 is 20 %; at most
	 * 0 where it does not hold. Of a limit of 0 it is 1, 0 or -1. */
	double margin;
	bool holds;
};

/* What began while a stage of the plan was on, the warm-up left out. */
struct stage_view {
	const struct stage *stage; /* borrowed */
	uint64_t start_us;         /* since the start of the run */
	uint64_t end_us;           /* UINT64_MAX: the end of the run */
	struct table table;
	struct row all; /* all rows of requests in one: "Aggregated" */
};

/* How the run is to be judged. */
enum verdict {
	VERDICT_PASSED,
	VERDICT_FAILED,   /* a threshold does not hold; where there are none, a
			     request failed */
	VERDICT_UNTRUSTED /* a worker lost, books that do not balance, a file
			     not written, setup failed, or people ended the run
			     before the load */
};

struct baseline;   /* an earlier run: report/baseline.h */
struct comparison; /* of both: report/versus.h */

/* A trouble beside the load: "hook slow: did not end within 30s". */
struct trouble {
	char *text; /* owned */
	char *host; /* owned: where */
	uint64_t count;
};
enum { TROUBLES_MAX = 100 }; /* different ones; the last is all others */

/* All that sinks may look at. */
struct results {
	const struct plan *plan; /* borrowed */
	uint64_t start_wall_us;  /* of the first user */
	uint64_t interval_us;    /* how long the interval was */
	uint64_t now_us;         /* since the start, at its end */
	uint64_t end_us;        /* since the start; of the last sample so far */
	uint64_t stop_us;       /* since the start; when it was told to stop;
				   UINT64_MAX: it was not */
	uint64_t stop_limit_us; /* after that: how long it may still take */
	struct table interval;
	struct table total;
	struct row interval_all; /* all rows of interval in one: "Aggregated" */
	struct row total_all;
	/* What began in the warm-up is in none of these, nor in stages. */
	uint64_t warmup_requests;
	uint64_t warmup_failures;
	struct stage_view *stages; /* owned; where the plan has_stages */
	size_t n_stages;
	struct threshold_view *thresholds; /* owned; as in the plan, but for
					      those that only abort */
	size_t n_thresholds;
	const struct baseline *baseline; /* borrowed; NULL: none */
	struct comparison *comparison;   /* owned; with it, of the whole run:
					    made for the final report */
	struct books warmup_books;       /* what it has in books */
	struct books errand_books;       /* what setup and teardown have */
	struct hist lag; /* of tasks behind when they were due */
	struct hist interval_lag;
	struct books interval_books; /* what the interval added to books */
	struct worker_view *workers; /* owned */
	uint32_t n_workers;
	struct books books; /* sum of all snapshots */
	/* how the run ended; set before the final report */
	int signal;        /* 0: none */
	bool left_at_once; /* a second signal: workers were not waited for */
	bool has_begun;    /* the first user may have started */
	char *ended_by;    /* owned: the step, threshold or key that ended it
			      early; NULL */
	bool aborted;      /* that was a threshold */
	const char *keys;  /* borrowed: that do something now; NULL: none */
	bool has_changed_users; /* by keys */
	char *broken;     /* owned: why it did not come to its end; NULL */
	bool file_failed; /* a sink could not write all that it had to */
	struct trouble troubles[TROUBLES_MAX];
	size_t n_troubles;
	enum verdict verdict;
};

struct report;

struct report_setup {
	const struct plan *plan; /* borrowed for the report's life */
	uint32_t workers; /* 0: as many as hosts have; see report_workers */
	const char *csv_prefix; /* borrowed, as the paths; NULL: none */
	const char *html_path;  /* "-" is out */
	const char *json_path;
	const char *junit_path;
	const struct baseline *baseline; /* borrowed; NULL: none */
	bool csv_full_history;
	enum verbosity verbosity;
	FILE *out; /* the final summary, or the report whose path is "-" */
	FILE *err; /* live lines; then the final summary too */
};

/* Opens every sink before any load is made, and says on the error stream what
 * is about to be played. NULL when one cannot be opened: lines are in d, and
 * nothing that is there was touched. Owned by the caller. */
struct report *report_open(const struct report_setup *setup, struct diag *d);
/* Whether all its files could be created, in the same words; creates none. */
bool report_check(const struct report_setup *setup, struct diag *d);
void report_close(struct report *r);

/* Requests may come from now on, those of setup: the wall time is that of the
 * start, until there is one. */
void report_prepare(struct report *r, uint64_t wall_us);
/* The run begins: wall time of the first user's start. */
void report_start(struct report *r, uint64_t start_wall_us);
/* How many workers there are, where that was not known before: none of them has
 * been told of yet. */
void report_workers(struct report *r, uint32_t workers);
/* What ends the run before its time: the first of them counts; text is
 * copied. */
void report_ended_by(struct report *r, const char *text);
/* A worker has greeted; host is copied. */
void report_worker(
    struct report *r, uint32_t worker, const char *host, long pid);
/* How many hosts have workers that are not lost, and how many these are. */
void report_count_ready(
    const struct report *r, uint32_t *hosts, uint32_t *workers);
/* delta->worker may be REPORT_NO_WORKER: counts of an errand. */
#define REPORT_NO_WORKER UINT32_MAX
void report_delta(struct report *r, const struct report_delta *delta);
/* The table in which rows and failures that began in that stage are counted, or
 * in the warm-up: for a caller who can add to it what he has to report, and has
 * no table of that. Borrowed until the next call of another function. */
struct table *report_rows(struct report *r, bool is_warmup, uint32_t stage);
/* Something went wrong beside the load, so often; texts are copied. */
void report_trouble(
    struct report *r, const char *host, const char *text, uint64_t count);
/* The run is not to be trusted, for this reason (copied). */
void report_broken(struct report *r, const char *why);
void report_worker_final(
    struct report *r, uint32_t worker, const struct books *final);
/* A worker is gone, now_us after the start (0: before it), to whom so many of
 * the users fell; why is copied. */
void report_worker_lost(struct report *r, uint32_t worker, const char *why,
    uint64_t users, uint64_t now_us);
/* The end of an interval, now_us after the start: all sinks are told, and the
 * interval's numbers begin again at nothing. */
void report_interval(struct report *r, uint64_t now_us);
/* From then until then, since the start, the run stood still or nobody knows
 * what it did: the intervals that have something of it end no run. For those to
 * be reported from now on. */
void report_gap(struct report *r, uint64_t from_us, uint64_t until_us);
/* Whether by the end of the last interval a threshold that aborts had been true
 * for as long as it says: then the run has failed, and is ended by it. */
bool report_is_to_end(struct report *r);
/* Which keys of the terminal do something now, in a line for below the live
 * table; borrowed for good. NULL: none. */
void report_keys(struct report *r, const char *keys);
/* So many users more were wanted, now_us after the start (below 0: fewer), so
 * that it is users in all. */
void report_users(
    struct report *r, uint64_t now_us, int32_t more, uint64_t users);
/* What is said on a host for people: a line on the error stream, however little
 * else is printed. */
void report_words(struct report *r, const char *host, const char *text);
/* Something has happened that who looks on is to know at once; text is copied.
 */
void report_note(struct report *r, uint64_t now_us, const char *text);
/* The table now, to the error stream: SIGUSR1. */
void report_now(struct report *r, uint64_t now_us);
/* The run was told, now_us after the start, to stop within limit_us. */
void report_stopping(struct report *r, uint64_t now_us, uint64_t limit_us);
/* To be called before anything else is printed on the error stream: takes the
 * live table off the terminal; the next interval draws it again. */
void report_hide(struct report *r);
/* The last interval has been reported: writes everything for the last time,
 * and the summary. */
void report_final(struct report *r, int signal, bool left_at_once);

const struct results *report_results(const struct report *r);
/* After report_final. */
enum verdict report_verdict(const struct report *r);

#endif
