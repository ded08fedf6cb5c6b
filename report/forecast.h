/*
 * What a plan would do, told without doing any of it. It only reads the plan,
 * and of the system two limits.
 */
#ifndef REPORT_FORECAST_H
#define REPORT_FORECAST_H

#include <stdio.h>

#include "load/budget.h"
#include "plan/plan.h"
#include "report/terminal.h"

/* Prints what the plan would do with so many workers, here; or on its hosts,
 * each with those that the plan says. */
void forecast_print(FILE *out, const struct plan *plan, uint32_t workers);
/* The same on a system with these limits. */
void forecast_print_within(FILE *out, const struct plan *plan, uint32_t workers,
    const struct limits *limits);
/* Warns of data with fewer rows than users who need one of their own. */
void forecast_few_rows(struct terminal *t, const struct plan *plan);

#endif
