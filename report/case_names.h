/*
 * What rows are called where others read of them than those who wrote the
 * plan. Private to the report room.
 */
#ifndef REPORT_CASE_NAMES_H
#define REPORT_CASE_NAMES_H

#include <stddef.h>

#include "stats.h"

/* Type and name of each of n rows, without what is secret in them; where that
 * makes some alike, all but the first have a number behind. An array owned by
 * the caller, to be freed with case_names_free. */
char **case_names(struct row *const *rows, size_t n);
void case_names_free(char **names, size_t n);

#endif
