/*
 * Two runs against each other, row by row: what changed, and whether that is
 * more than noise. It knows no plans, no files and no terminals: rows go in,
 * figures come out. Private to the report room.
 */
#ifndef REPORT_VERSUS_H
#define REPORT_VERSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats.h"

/* How likely it may be that any of all tests of a comparison finds a difference
 * where there is none but chance. */
#define VERSUS_ALPHA 0.01

enum {
	VERSUS_TESTS = 3,       /* of a row: middle, tail, failures */
	VERSUS_FEW_SAMPLES = 30 /* fewer are too few to say anything */
};

/* A percentile then and now. */
struct versus_quantile {
	uint64_t then_us;
	uint64_t now_us;
	double change; /* 0.1: now it is 10 % longer */
	double p;      /* of its test; 1 where there was none */
	bool counts;   /* the change is beyond the noise, and matters */
};

enum versus_times {
	VERSUS_SAME, /* as far as one can see */
	VERSUS_SLOWER,
	VERSUS_FASTER,
	VERSUS_TOO_FEW, /* samples, in one of the runs */
	VERSUS_NEW,     /* it was in no row then */
	VERSUS_GONE     /* it is in none now */
};

enum versus_failures {
	VERSUS_FAILS_SAME,
	VERSUS_FAILS_MORE,
	VERSUS_FAILS_LESS
};

/* A row of two runs. */
struct versus {
	const struct row *then; /* borrowed, as now; NULL: not in it */
	const struct row *now;
	struct versus_quantile p50; /* by the test of Mann and Whitney */
	struct versus_quantile p95; /* by the precedence test */
	/* How likely a response of now takes longer than one of then, equal
	 * ones by half. */
	double effect;
	enum versus_times times;
	/* The largest change of those that count; 0 where none does, below 0
	 * where it is faster. */
	double regression;
	double failures_p; /* of Fisher's exact test */
	enum versus_failures failures;
};

/*
 * Two rows, of which either may be NULL or empty. level: how unlikely a
 * difference has to be, as of versus_level. Nothing is owned.
 *
 * A change of p50 counts when the responses of one run are behind those of the
 * other by the test of Mann and Whitney; a change of p95 when by Fisher's exact
 * test a larger share of the one run than of the other is above the smaller of
 * the two p95. Either has to be larger than REGRESSION_LEAST too, and than what
 * the histograms can tell apart.
 */
struct versus versus_rows(
    const struct row *then, const struct row *now, double level);
/* The level of each test, when so many rows are in both runs: Bonferroni's, so
 * that all tests together keep to VERSUS_ALPHA. */
double versus_level(size_t rows);

/* All rows of two runs. */
struct comparison {
	double level;
	size_t shared;       /* rows that are in both */
	struct versus all;   /* all requests */
	struct versus *rows; /* owned; sorted by name, then type; what is gone
				comes last */
	size_t n_rows;
};

/* What is compared must outlive the comparison; the rows of all requests are
 * those of table_total. To be cleared with comparison_clear. */
void comparison_make(struct comparison *c, const struct table *then,
    const struct row *all_then, const struct table *now,
    const struct row *all_now);
void comparison_clear(struct comparison *c);
/* How many rows are in both tables. */
size_t comparison_shared(const struct table *then, const struct table *now);
/* The rows that are slower or faster, the slowest first: an array, owned by the
 * caller, of pointers into the comparison. */
const struct versus **comparison_changed(const struct comparison *c, size_t *n);

#endif
