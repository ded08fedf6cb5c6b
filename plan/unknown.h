/*
 * What is said of a variable that there is none of: what it may have been
 * meant as. It knows names alone, neither texts nor values.
 */
#ifndef PLAN_UNKNOWN_H
#define PLAN_UNKNOWN_H

#include "plan/variables.h"

/* About what stands in ${} without its encoder, as `why: mend`; v may be NULL.
 * Owned by the caller; NULL: its [data] could not be read, which was
 * reported. */
char *unknown_variable(const struct variables *v, const char *text);
/* About `env NAME` with a default behind it, as `why: mend`; owned by the
 * caller, NULL: it is none. */
char *unknown_default(const char *text);

#endif
