/*
 * For template*.c alone: what a template is made of.
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

#endif
