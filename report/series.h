/*
 * What the charts of a run are made of: a line of points through its whole
 * time, few enough to be drawn however long it is. It knows no formats.
 */
#ifndef REPORT_SERIES_H
#define REPORT_SERIES_H

#include <stddef.h>
#include <stdint.h>

#include "stats.h"

/* When there are so many, each two neighbours become one, and from then on a
 * point takes twice as many intervals as before. Even. */
enum { SERIES_MAX_POINTS = 500 };

/* One interval, or several on end. */
struct point {
	uint64_t from_us; /* since the start of the run */
	uint64_t until_us;
	uint64_t requests;
	uint64_t failures;
	double due;     /* tasks, by the schedule: those that wait too */
	uint64_t tasks; /* started */
	uint64_t dropped;
	uint64_t users; /* at its end */
	/* Of all its intervals together: so its quantiles are those of all
	 * samples, not made of other quantiles. */
	struct hist response;
};

struct series {
	struct point points[SERIES_MAX_POINTS];
	size_t n;
	uint64_t stride; /* intervals a point takes; 0 before the first */
	uint64_t filled; /* so many are in the last point */
};

/* A zeroed struct is an empty series. Frees what the points hold. */
void series_clear(struct series *s);
/* Adds what an interval counted; its histogram is copied. An interval that is
 * short beside the point before it, as the last of a run often is, becomes
 * part of that, since its rates would say little. */
void series_add(struct series *s, const struct point *interval);

#endif
