/*
 * An event as one line of JSON. Private to the room. It knows no processes.
 */
#ifndef HOOK_LINE_H
#define HOOK_LINE_H

#include "base/buf.h"
#include "hook/event.h"

/* The part of every line that says who we are: made once. */
void line_put_identity(struct buf *out, const struct hook_identity *who);
/* The line with its line end. Whatever bytes the values hold, it is one line
 * of valid JSON: what is not UTF-8 is written as U+FFFD. Fields named like
 * what every event has are left out. out->full says that it did not fit. */
void line_put(
    struct buf *out, const struct event *event, const struct buf *identity);

#endif
