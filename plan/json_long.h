/*
 * For json.c alone: whole numbers of more than 64 bits, which json-c does not
 * keep.
 */
#ifndef PLAN_JSON_LONG_H
#define PLAN_JSON_LONG_H

#include "base/buf.h"
#include "plan/json.h"

/* Whether there may be some in a text: quickly, and seldom wrongly. */
bool json_may_have_long(struct text text);
/* Copies the text so that json-c keeps them as they are written, */
void json_mark_long(struct text text, struct buf *out);
/* and takes out what that has put behind them. */
void json_unmark_long(struct json_object *value);

#endif
