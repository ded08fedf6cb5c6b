/*
 * Captures, `[any|last] SOURCE [-> DEFAULT]`: what a variable takes from an
 * answer. Compiled when the plan is loaded and only run later; they know no
 * sockets and no users.
 *
 *   json POINTER   any, last: of the elements of the array it leads to, or of
 *                  all that it leads to where a part * stands for each element
 *   body REGEX     the first group, or the match; any, last: of all matches
 *   header NAME   cookie NAME   status   url
 *
 * Without any and last it is the first. JSON's null is nothing, an empty text
 * is something.
 */
#ifndef PLAN_CAPTURE_H
#define PLAN_CAPTURE_H

#include "base/buf.h"
#include "base/diag.h"
#include "plan/answer.h"
#include "plan/template.h"

struct capture;

/* Compiles one; owned by the caller. On a mistake NULL, having put one line
 * into d; name is that of the variable. */
struct capture *capture_compile(const char *name, const char *text,
    struct variables *v, struct diag *d, struct where where);
void capture_free(struct capture *c);

/* Whether it looks at the body of the answer. */
bool capture_needs_body(const struct capture *c);
/* As it is written; borrowed. */
const char *capture_text(const struct capture *c);

/*
 * Appends what it finds to out, or its default: where there is nothing, where
 * the body is no JSON. False: there is none, or the body was cut before it
 * could be decided; then why says `capture.id: json /id: nothing found`.
 * env->rng chooses for any; the rest of env is for the default's variables.
 */
bool capture_take(const struct capture *c, struct answer *a,
    struct template_env *env, struct buf *out, struct buf *why);

#endif
