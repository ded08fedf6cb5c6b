/*
 * What the live display says beside its figures of requests. Private to the
 * report room; texts are owned by the caller, and safe on a terminal.
 */
#ifndef REPORT_LIVE_H
#define REPORT_LIVE_H

#include "report.h"

/* "steady", or "2/3" of one without a name; "" without stages. */
char *live_stage_text(const struct results *results);
/* The columns of the longest of them all; 0 without stages. */
size_t live_stage_columns(const struct results *results);
/* "tasks 498 of 500/s": started of those due, in the interval; "" without a
 * rate. */
char *live_tasks_text(const struct results *results);
/* "12 tasks late, 3 dropped in all"; "" where none was. */
char *live_late_text(const struct books *b);
/* Whether all of the interval is of the warm-up, and so in no table. */
bool live_is_warmup(const struct results *results);
/* "warm-up: 54 requests, 0 failed" */
char *live_warmup_text(const struct results *results);

#endif
