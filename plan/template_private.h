/*
 * For template*.c alone: what a template is made of, and what it is made with.
 */
#ifndef PLAN_TEMPLATE_PRIVATE_H
#define PLAN_TEMPLATE_PRIVATE_H

#include "plan/template.h"

struct part;

typedef void part_render(
    const struct part *part, struct template_env *env, struct buf *out);

struct part {
	part_render *render; /* NULL: bytes, as they are */
	enum encoding encoding;
	const char *bytes; /* a NUL behind them */
	size_t len;
	char *owned; /* the bytes, where they are its own; NULL: borrowed */
	int64_t low; /* randint */
	int64_t high;
	char **words; /* pick: owned, each too */
	size_t n_words;
	char *name; /* owned: of a variable of the plan */
	unsigned slot;
	unsigned data;
	unsigned column;
};

struct template
{
	struct part *parts; /* never two literals of its own in a row */
	size_t n;
	size_t cap;
};

/* --- template.c --------------------------------------------------------- */

bool part_is_literal(const struct part *part);
void part_clear(struct part *part);
/* Takes over what the part owns. */
void template_add_part(struct template *t, const struct part *part);
/* Bytes behind those that are there, copied. */
void template_add_literal(struct template *t, const void *bytes, size_t len);

/* --- template_compile.c ------------------------------------------------- */

/* A piece of the text being compiled; borrowed. */
struct span {
	const char *at;
	size_t len;
};

/* One text on its way to a template. */
struct template_compiler {
	struct template *t;
	struct buf literal; /* text not yet made a part */
	bool is_too_long;
	enum encoding implied;
	struct variables *variables; /* NULL: none */
	struct diag *d;
	struct where where;
	const char *what;
	struct span variable; /* the one at hand, from ${ to } */
};

/* How every complaint about a variable begins. */
#define VARIABLE_FORMAT  "%s \"%.*s\": "
#define VARIABLE_ARGS(c) (c)->what, (int)(c)->variable.len, (c)->variable.at

/* --- template_builtin.c ------------------------------------------------- */

#define ARGS_ANY SIZE_MAX

/* A variable that is loadgen's own. */
struct builtin {
	const char *name;
	size_t min_args;
	size_t max_args;
	const char *example;
	/* Looks at part->words, the arguments; NULL: nothing to do. False: it
	 * was reported. */
	bool (*compile)(struct template_compiler *c, struct part *part);
	/* NULL: compile has made literal text of it. */
	part_render *render;
};

/* The one of that name; NULL: none. */
const struct builtin *builtin_find(const char *name, size_t len);

#endif
