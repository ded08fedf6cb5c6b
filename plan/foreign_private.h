/*
 * For foreign*.c alone: what the keys of other tools and their lines share.
 */
#ifndef PLAN_FOREIGN_PRIVATE_H
#define PLAN_FOREIGN_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/foreign.h"

#define FOREIGN_IN_THRESHOLDS " in [thresholds]"

/* `p(95)<300`, or a list of such, as lines of [thresholds] with `and` between
 * them; owned by the caller, NULL: the text begins with none. A rate is a share
 * of requests, or so many a second. */
char *foreign_conditions(const char *text, bool rate_is_share);
/* Whether the first len bytes of name are a measure of other tools, and *line
 * then what is written in [thresholds] for it with this value, owned by the
 * caller. */
bool foreign_limit(
    const char *name, size_t len, const char *value, char **line);
/* Whether the first len bytes of name are the word, be it written as maxVUs or
 * max_vus. */
bool foreign_is_word(const char *name, size_t len, const char *word);

#endif
