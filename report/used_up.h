/*
 * Users who stop since no row of a [data] is left for them: what a worker tells
 * of that, and what is made of it. It knows no rows.
 */
#ifndef REPORT_USED_UP_H
#define REPORT_USED_UP_H

#include "report.h"

/* The trouble, of the [data] of that name; owned by the caller. */
char *used_up_trouble(const char *data);
/* Of which that was told: "[data ids], [data people]", owned by the caller;
 * NULL: of none. */
char *used_up_names(const struct results *results);

/* How many users found no row and stopped. */
uint64_t used_up_users(const struct results *results);

#endif
