/*
 * An event as environment variables. Private to the room. It knows no
 * processes.
 */
#ifndef HOOK_ENVIRONMENT_H
#define HOOK_ENVIRONMENT_H

#include "base/buf.h"
#include "hook/event.h"

/* Texts LOADGEN_NAME=VALUE, one behind the other, each with its NUL. A field
 * whose name is there already is left out. out->full says that they did not
 * fit. */
void environment_put(struct buf *out, const struct hook_identity *who,
    const char *hook, const struct event *event);
/* The environment of this process, with those texts in place of what it has
 * under their names; ends with NULL. The array is owned by the caller, the
 * texts are borrowed. */
char **environment_with(const struct buf *texts);

#endif
