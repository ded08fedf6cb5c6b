/*
 * Workers, and whole hosts, that were lost: what is said of them, and how much
 * of the load was missing for it. Private to the report room.
 */
#ifndef REPORT_LOST_H
#define REPORT_LOST_H

#include "report.h"

/* Workers that were lost together: one, or all of a host. */
struct lost {
	uint32_t first; /* in results->workers */
	uint32_t n;
	char *who;       /* owned: "worker 3", "worker 3 on b", "host b" */
	const char *why; /* borrowed */
	uint64_t at_us;  /* since the start of the run */
};

/* Those from worker number `from` on; false: there are none. lost->who is to be
 * freed, and the next ones are from lost->first + lost->n on. */
bool lost_next(const struct results *results, uint32_t from, struct lost *lost);
/* How many hosts have workers that were not lost before the start, and how many
 * these are. */
void lost_count_living(
    const struct results *results, uint32_t *hosts, uint32_t *workers);
/* What part of the load that was intended up to the end was missing for it:
 * 0.25 is a quarter. */
double lost_share(const struct results *results);

#endif
