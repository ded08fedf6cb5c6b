/*
 * Judging results by the thresholds of the plan, and telling what came of it.
 * It knows no files and no terminals; what it judges are the merged numbers.
 * Private to the report room.
 */
#ifndef REPORT_THRESHOLDS_H
#define REPORT_THRESHOLDS_H

#include "report.h"
#include "report/text.h"

/* Makes room in results for what comes of each threshold that is judged. */
void thresholds_open(struct results *results);
void thresholds_close(struct results *results);
/* Judges all of them by what there is so far: results->thresholds. The totals
 * have to be up to date. */
void thresholds_judge(struct results *results);
/* How many of them do not hold. */
size_t thresholds_failed(const struct results *results);

/* For how long each condition that aborts has been true. A zeroed struct has
 * seen nothing yet. */
struct abort_watch {
	uint64_t *true_us;    /* owned; by number of the threshold */
	uint64_t gap_from_us; /* since the start: what is looked over */
	uint64_t gap_until_us;
};
void abort_watch_clear(struct abort_watch *watch);
/* What was measured between these times, since the start, says nothing: an
 * interval that has something of them counts as one in which nothing is true.
 * now_us: up to where intervals have been looked at. */
void abort_watch_skip(struct abort_watch *watch, uint64_t from_us,
    uint64_t until_us, uint64_t now_us);
/* Looks at the interval that ends now, once. The first threshold that has been
 * true in all intervals for as long as it says, borrowed from the plan; NULL:
 * none. */
const struct threshold *abort_watch_look(
    struct abort_watch *watch, const struct results *results);

/* What a threshold is about: "all requests", "GET /x", "@steady"; owned by the
 * caller. */
char *threshold_scope(const struct plan *plan, const struct threshold *t);
/* Its value for people, "212ms", "0.97 %", "1,234", FIGURE_BYTES long. */
char *threshold_value(char *out, const struct threshold_view *view);
/* Its margin in percent of the limit, of which a limit of nothing has none: "20
 * %", "-"; FIGURE_BYTES long. */
char *threshold_margin(char *out, const struct threshold_view *view);
/* What a condition that aborts says, and where: "fail_ratio > 50% for 10s
 * (abort of [thresholds GET /x], line 12)"; owned by the caller. */
char *threshold_abort_text(const struct plan *plan, const struct threshold *t);

#endif
