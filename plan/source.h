/*
 * What a plan is loaded from beside its text and its files, as items of a stock
 * and back: keys of the command line, and tags.
 */
#ifndef PLAN_SOURCE_H
#define PLAN_SOURCE_H

#include "plan/plan.h"

/* Overrides and tags of the source into a stock; what is beyond its limits is
 * left out: false. */
bool source_put(struct stock *stock, const struct plan_source *source);
/* One override more. Two of one name are one, the first; in the order of
 * arrival a later one of the same key beats those before it. */
bool source_put_override(
    struct stock *stock, const char *name, const struct override *override);

/* The source that such a stock makes up: *overrides is owned by the caller, all
 * else is borrowed from the stock. Items that are no such thing, as a stock
 * from elsewhere may have, are left out: false. */
bool source_get(const struct stock *stock, struct plan_source *source,
    struct override **overrides);

#endif
