/*
 * Conditions on an answer, `SUBJECT OPERATOR VALUE [-> MESSAGE]`, compiled
 * when the plan is loaded and only run later. It knows no sockets.
 */
#ifndef PLAN_CONDITION_H
#define PLAN_CONDITION_H

#include "base/buf.h"
#include "base/diag.h"

/* What conditions look at. */
struct answer {
	long status;
};

struct condition;

/* Compiles one; owned by the caller. On a mistake NULL, having put one line
 * into d; what is the key it stands in ("check"). */
struct condition *condition_compile(
    const char *text, struct diag *d, struct where where, const char *what);
void condition_free(struct condition *c);
/* Whether it looks at the status: then it alone decides about the status. */
bool condition_is_about_status(const struct condition *c);
/* Whether it holds for this answer. When it does not, the reason is put into
 * why: the message after `->`, or `status: expected 201, got 500`. */
bool condition_holds(
    const struct condition *c, const struct answer *answer, struct buf *why);

#endif
