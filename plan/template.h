/*
 * Values with ${variables} in them, compiled when the plan is loaded and
 * rendered for each request. It knows no clock and no sockets: what varies
 * comes in through struct template_env.
 */
#ifndef PLAN_TEMPLATE_H
#define PLAN_TEMPLATE_H

#include "base/buf.h"
#include "base/diag.h"
#include "base/rng.h"
#include "plan/encode.h"
#include "plan/store.h"
#include "plan/variables.h"

struct data;

/* A row of a data file that somebody has now. */
struct row_place {
	const struct data *data; /* borrowed; NULL: none */
	uint64_t at;
};

/* What a value may depend on, besides random numbers. */
struct template_env {
	struct rng *rng;    /* the user's own */
	uint64_t user;      /* number of the user, from 1, unique in the run */
	uint64_t iteration; /* tasks this user has begun, from 1 */
	uint32_t worker;    /* from 0 */
	uint64_t wall_us;   /* now; for ${now} and ${now_ms} */
	const struct store *own;    /* the user's values; NULL: none */
	const struct store *common; /* everyone's, where it has none; or NULL */
	const struct row_place *rows; /* by [data]; NULL: none */
	/* Set by a render to the name of a variable without a value, which is
	 * left out of the text; borrowed from the template. */
	const char *missing;
};

struct template;

/*
 * Compiles text. `implied` encodes every variable (and, for ENCODE_URL, the
 * literal text too) that has no encoder of its own: queries and forms use it.
 *
 *   ${name}  ${name ARGS}  ${name|url}  ${name|json}  ${name|base64}
 *   $${      a plain ${
 *
 * Names: uuid user iteration worker now now_ms randint randstr pick env, and
 * those of v (NULL: none), which are marked as used there; a constant of v
 * becomes part of the text.
 * Returns a template owned by the caller; on mistakes NULL, having put a line
 * for each into d: `what` is the key it stands in.
 */
struct template *template_compile(const char *text, enum encoding implied,
    struct variables *v, struct diag *d, struct where where, const char *what);
/* Whether there is a built-in variable of that name. */
bool template_knows(const char *name, size_t len);
/* The name of built-in variable number i; NULL: there are fewer. */
const char *template_builtin(size_t i);
/* A template that is these bytes and nothing else; NULs are allowed. */
struct template *template_literal(const void *bytes, size_t len);
/* The same, but the bytes, with a NUL behind them, are borrowed for as long as
 * the template lives. */
struct template *template_of(const char *bytes, size_t len);
/* Takes over b and puts its parts behind those of a; returns a. A NULL a makes
 * b the result. */
struct template *template_append(struct template *a, struct template *b);
void template_free(struct template *t);

/* Whether it is the same for every request; then template_text gives it. */
bool template_is_static(const struct template *t);
/* The text of a static template, NUL-terminated, and its length where len is
 * not NULL; borrowed from t. NULL when it is not static. */
const char *template_text(const struct template *t, size_t *len);
/* Whether there are values of its variables that make it this text. */
bool template_may_be(const struct template *t, const char *wanted);
/* The first variable of the plan's in it; borrowed. NULL: none. */
const char *template_variable(const struct template *t);
/* Appends the value to out. out->full says that it did not fit, env->missing
 * that a variable has no value. */
void template_render(
    const struct template *t, struct template_env *env, struct buf *out);

#endif
