/*
 * What people read at the end of a run, and the tables that the live display
 * shares with it. Private to the report room.
 */
#ifndef REPORT_SUMMARY_H
#define REPORT_SUMMARY_H

#include "report.h"
#include "report/terminal.h"

/* The table of requests, in at most max_rows lines (at least 4 are taken).
 * req/s is that of the interval, or of the whole time. */
void print_requests(struct terminal *t, const struct results *results,
    bool rates_now, size_t max_rows);
/* Each worker's load and lateness, and what that means for the results. */
void print_health(struct terminal *t, const struct results *results);
void print_summary(struct terminal *t, const struct results *results,
    const struct report_setup *setup);

#endif
