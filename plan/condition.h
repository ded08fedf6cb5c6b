/*
 * Conditions on an answer, `SUBJECT OPERATOR VALUE [-> MESSAGE]`, compiled
 * when the plan is loaded and only run later. They know no sockets.
 *
 *   status                    == != < <= > >= in
 *   size (of all the body)    == != < <= > >= in
 *   time                      < <= > >=
 *   body  header NAME  json POINTER
 *                             == != < <= > >= in contains ~ !~
 *   header NAME  json POINTER exists missing
 *   url                       == != in contains ~ !~
 *
 * On texts < <= > >= compare numbers, and so do == != and in where a JSON
 * number meets one. A subject that is not there meets nothing but `missing`.
 * A value may have ${variables} in it, the expression behind ~ only those that
 * never change.
 */
#ifndef PLAN_CONDITION_H
#define PLAN_CONDITION_H

#include "base/buf.h"
#include "base/diag.h"
#include "plan/answer.h"
#include "plan/template.h"

struct condition;

/* Compiles one; owned by the caller. On a mistake NULL, having put one line
 * into d; v (NULL: none) are the plan's variables, `what` is the key it stands
 * in: "check", "fail_if", "until". */
struct condition *condition_compile(const char *text, struct variables *v,
    struct diag *d, struct where where, const char *what);
void condition_free(struct condition *c);

/* Whether it looks at the status: then it alone decides about the status. */
bool condition_is_about_status(const struct condition *c);
/* Whether it looks at the body of the answer. */
bool condition_needs_body(const struct condition *c);
/* As it is written; borrowed. */
const char *condition_text(const struct condition *c);

enum condition_result {
	CONDITION_HOLDS,
	CONDITION_FAILS,
	/* The body is cut or no JSON, a variable has no value, ... */
	CONDITION_UNDECIDABLE
};

/*
 * Whether it holds for this answer; env (NULL where nothing varies) is for the
 * variables in its value. When it does not, the reason is put into why:
 *   for CONDITION_FAILS the message behind `->`, or
 *	`json /status: expected ACTIVE, got PENDING`
 *   for CONDITION_UNDECIDABLE always `json /status: body is not JSON`.
 * Reasons are few: the value is in them as the plan has it, and what came only
 * where it is short and no number above 999.
 */
enum condition_result condition_test(const struct condition *c,
    struct answer *a, struct template_env *env, struct buf *why);
/* For `fail_if`, which fails where it holds: the message, or
 * `json /status: got ERROR`, or the condition. */
void condition_why_held(const struct condition *c, struct answer *a,
    struct template_env *env, struct buf *why);
/* For people: what the subject is now, shortened. */
void condition_show_subject(
    const struct condition *c, struct answer *a, struct buf *out);

/*
 * `TEMPLATE OPERATOR VALUE`, the same operators on a text. `exists` and
 * `missing` ask whether all its variables have values; otherwise one without
 * makes it not hold.
 */
struct condition *condition_compile_when(
    const char *text, struct variables *v, struct diag *d, struct where where);
bool condition_when(const struct condition *c, struct template_env *env);

#endif
