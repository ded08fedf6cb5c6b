/*
 * The numbers: a sample becomes part of a row, rows make a table, tables add
 * up. Any split of the samples over workers, hosts and intervals, merged in
 * any order, gives the same table. It knows no clocks, processes or files.
 *
 * Times are microseconds. Counters are exact; quantiles come from histograms
 * that err by at most 0.1 % from 1 us to an hour.
 */
#ifndef STATS_H
#define STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- histogram ---------------------------------------------------------- */

/*
 * Log-linear buckets: exact below 1,024 us, then 512 to each power of two, so
 * that the middle of a bucket is at most 1/1,024 away from any sample in it.
 * Source of the method: HdrHistogram (G. Tene); the layout here is our own.
 * Buckets are held in blocks of 32, only those that were used, in order.
 */
enum {
	HIST_EXACT_US = 1024,
	HIST_SUB_BUCKETS = 512,
	HIST_BUCKETS = 1024 + 22 * 512, /* up to 2^32 us */
	HIST_BLOCK = 32
};
#define HIST_MAX_US UINT64_C(3600000000) /* an hour */

struct hist_block {
	uint32_t number; /* bucket / HIST_BLOCK */
	uint64_t counts[HIST_BLOCK];
};

struct hist {
	uint64_t count;
	uint64_t sum_us;
	uint64_t min_us; /* 0 while count is 0 */
	uint64_t max_us;
	uint64_t clamped; /* samples above an hour, counted as an hour */
	struct hist_block *blocks; /* owned, by ascending number */
	size_t n_blocks;
	size_t cap_blocks;
};

/* A zeroed struct is an empty histogram. */
void hist_clear(struct hist *h);
/* Empties it and keeps its memory for the next samples. */
void hist_reset(struct hist *h);
/* Counts one sample; above an hour it is clamped and counted as such. */
void hist_record(struct hist *h, uint64_t us);
void hist_merge(struct hist *into, const struct hist *from);
/* The least recorded value with at least ppm/1,000,000 of all samples at or
 * below it (nearest rank): within 0.1 %, never outside min..max; 0 ppm is the
 * minimum and 1,000,000 the maximum, both exact. 0 when there is no sample. */
uint64_t hist_quantile_us(const struct hist *h, uint32_t ppm);
/* Rounded to the nearest microsecond; 0 when there is no sample. */
uint64_t hist_mean_us(const struct hist *h);
/* How many samples are at or below us, by whole buckets. */
uint64_t hist_count_upto(const struct hist *h, uint64_t us);
/* The bucket that us falls into, and the value that stands for a bucket. */
uint32_t hist_bucket(uint64_t us);
uint64_t hist_bucket_us(uint32_t bucket);
/* For the wire: adds n samples to one bucket and to count without touching
 * sum, min and max; false when there is no such bucket. */
bool hist_add_bucket(struct hist *h, uint32_t bucket, uint64_t n);
/* The same for many that come by ascending number, below HIST_BUCKETS, and
 * without count; *at, at first 0, is its own between them. */
void hist_add_next_bucket(
    struct hist *h, size_t *at, uint32_t bucket, uint64_t n);

/* --- samples, rows, tables ---------------------------------------------- */

enum phase {
	PHASE_DNS,
	PHASE_CONNECT,
	PHASE_TLS,
	PHASE_FIRST_BYTE, /* from the request being ready to the first byte */
	PHASE_TRANSFER,   /* from the first byte to the last */
	PHASE_LATE,       /* of a task that was due: from then to its start */
	PHASE_SENT,       /* and from there to the last byte */
	PHASES
};

/* What a phase is called in columns: "dns", "connect", "tls", ... */
extern const char *const phase_names[PHASES];

/* One finished request: a value on the stack, never stored. */
struct sample {
	uint64_t response_us;
	uint64_t phase_us[PHASES];
	unsigned phases; /* bit 1 << PHASE_X: it took place */
	uint64_t body_bytes;
	uint64_t wall_us;    /* when it ended, for first and last seen */
	const char *failure; /* NULL: passed; else why not; borrowed */
	bool is_unsent;      /* it failed before it could be sent: its times are
				none, and are not looked at */
};

struct row {
	char *type;        /* owned: GET, POST, ... */
	char *name;        /* owned */
	uint64_t requests; /* passed and failed */
	uint64_t failures;
	uint64_t body_bytes;
	struct hist response; /* of all but the unsent ones */
	struct hist phases[PHASES];
};

struct failure {
	char *type; /* owned */
	char *name; /* owned */
	char *text; /* owned */
	uint64_t count;
	uint64_t first_wall_us;
	uint64_t last_wall_us;
};

/* Types of rows that are no requests but what some of them came to together:
 * from the start of a poll to its verdict, from the first step of a task to
 * its last. They are in no total of requests. */
#define ROW_POLL        "POLL"
#define ROW_TRANSACTION "TRANSACTION"
bool row_type_is_whole(const char *type);
bool row_is_whole(const struct row *row);
/* How many of its requests could not be sent. */
uint64_t row_unsent(const struct row *row);
/* What a row is called: "GET /x"; owned by the caller. */
char *row_title(const struct row *row);

/* So that a mistake in a plan cannot eat the machine: what is beyond these is
 * counted under one name. */
enum { TABLE_MAX_ROWS = 10000, TABLE_MAX_FAILURES = 1000 };
#define TABLE_OTHER_NAMES    "(further names)"
#define TABLE_OTHER_FAILURES "(further failures)"

struct table {
	struct row **rows; /* owned; in the order of arrival; a row stays where
			      it is until table_clear */
	size_t n_rows;
	size_t cap_rows;
	void *row_index;
	struct failure **failures; /* owned */
	size_t n_failures;
	size_t cap_failures;
	void *failure_index;
};

/* A zeroed struct is an empty table. */
void table_clear(struct table *t);
/* Zeroes every count, keeps the rows, so that pointers to them stay good.
 * Failures are forgotten. */
void table_reset(struct table *t);
bool table_is_empty(const struct table *t); /* no request counted */
/* The row of that type and name, made when it is new; the row of
 * TABLE_OTHER_NAMES (with type "", unless it is a whole) when the table is
 * full. Never NULL. */
struct row *table_row(struct table *t, const char *type, const char *name);
/* The same, borrowed, or NULL when there is none. */
const struct row *table_find(
    const struct table *t, const char *type, const char *name);
/* Counts a sample in a row of this table, and its failure. */
void table_record(struct table *t, struct row *row, const struct sample *s);
/* Adds n failures with one text, seen between first and last; does not touch
 * the row's own count. */
void table_add_failures(struct table *t, const char *type, const char *name,
    const char *text, uint64_t n, uint64_t first_wall_us,
    uint64_t last_wall_us);
void table_merge(struct table *into, const struct table *from);
void row_merge(struct row *into, const struct row *from);
void row_clear(struct row *row);
/* All rows of requests in one, named type "" and name "Aggregated"; clear with
 * row_clear. */
void table_total(const struct table *t, struct row *total);
/* How many polls and transactions failed. */
uint64_t table_failed_wholes(const struct table *t);
/* The rows that counted anything, sorted by name, then type; failures by
 * name, type, text. An array owned by the caller of pointers into the table. */
struct row **table_sorted_rows(const struct table *t, size_t *n);
struct failure **table_sorted_failures(const struct table *t, size_t *n);
/* The same, the most frequent first. */
struct failure **table_frequent_failures(const struct table *t, size_t *n);

/* --- books -------------------------------------------------------------- */

/* started = passed + failed + interrupted, when nothing is in flight; and with
 * a rate of tasks intended = tasks + dropped. All are counts of 64 bits, and
 * travel in this order. */
struct books {
	uint64_t started;
	uint64_t passed;
	uint64_t failed;
	uint64_t interrupted; /* cut off by the stop; in no row */
	uint64_t redirects; /* followed: requests of their own to the server */
	uint64_t resent;    /* sent again by libcurl on a new connection */
	uint64_t connections;  /* opened, whoever refused others */
	uint64_t tasks;        /* started */
	uint64_t jobs;         /* in the background: started, */
	uint64_t jobs_skipped; /* not started, as there were too many, */
	uint64_t jobs_dropped; /* cut off by the stop */
	/* Of a rate of tasks: */
	uint64_t intended; /* tasks that were due */
	uint64_t late;     /* started, but had to wait for a user */
	uint64_t dropped;  /* never started */
};

/* The counts by number, so that who does the same with each leaves none out. */
enum { BOOKS_COUNTS = sizeof(struct books) / sizeof(uint64_t) };
uint64_t books_get(const struct books *b, size_t i);
void books_set(struct books *b, size_t i, uint64_t n);
void books_add(struct books *into, const struct books *from);
bool books_equal(const struct books *a, const struct books *b);
/* Whether no count is above the most. */
bool books_are_below(const struct books *b, uint64_t most);
/* Whether the account of a finished run adds up. */
bool books_balance(const struct books *b);

#endif
