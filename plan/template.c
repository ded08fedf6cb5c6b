/*
 * Values with ${variables} in them, as lists of parts: made of bytes, put
 * together, rendered by running over them. It must not know clocks, sockets,
 * what a variable is, nor how a text is compiled.
 */
#include "plan/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/template_private.h"

/* --- parts -------------------------------------------------------------- */

bool part_is_literal(const struct part *part)
{
	return part->render == NULL;
}

void part_clear(struct part *part)
{
	size_t i;

	for (i = 0; i < part->n_words; i++)
		free(part->words[i]);
	free(part->words);
	free(part->name);
	free(part->owned);
}

void template_add_part(struct template *t, const struct part *part)
{
	t->parts = grow(t->parts, t->n, &t->cap, sizeof(*t->parts));
	t->parts[t->n++] = *part;
}

void template_add_literal(struct template *t, const void *bytes, size_t len)
{
	struct part *last = t->n > 0 ? &t->parts[t->n - 1] : NULL;
	struct part part = {0};

	if (len == 0)
		return;
	if (last == NULL || !part_is_literal(last) || last->owned == NULL) {
		template_add_part(t, &part);
		last = &t->parts[t->n - 1];
	}
	last->owned = xreallocarray(last->owned, last->len + len + 1, 1);
	memcpy(last->owned + last->len, bytes, len);
	last->len += len;
	last->owned[last->len] = '\0';
	last->bytes = last->owned;
}

/* --- the whole ---------------------------------------------------------- */

struct template *template_literal(const void *bytes, size_t len)
{
	struct template *t = xcalloc(1, sizeof(*t));

	template_add_literal(t, bytes, len);
	return t;
}

struct template *template_of(const char *bytes, size_t len)
{
	struct template *t = xcalloc(1, sizeof(*t));
	const struct part part = {.bytes = bytes, .len = len};

	if (len > 0)
		template_add_part(t, &part);
	return t;
}

struct template *template_append(struct template *a, struct template *b)
{
	size_t i;

	if (a == NULL)
		return b;
	if (b == NULL)
		return a;
	for (i = 0; i < b->n; i++) {
		if (part_is_literal(&b->parts[i])) {
			template_add_literal(
			    a, b->parts[i].bytes, b->parts[i].len);
			part_clear(&b->parts[i]);
		} else {
			template_add_part(a, &b->parts[i]);
		}
	}
	free(b->parts);
	free(b);
	return a;
}

void template_free(struct template *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++)
		part_clear(&t->parts[i]);
	free(t->parts);
	free(t);
}

bool template_is_static(const struct template *t)
{
	return t->n == 0 || (t->n == 1 && part_is_literal(&t->parts[0]));
}

const char *template_variable(const struct template *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->parts[i].name != NULL)
			return t->parts[i].name;
	return NULL;
}

const char *template_text(const struct template *t, size_t *len)
{
	if (!template_is_static(t))
		return NULL;
	if (len != NULL)
		*len = t->n > 0 ? t->parts[0].len : 0;
	return t->n > 0 ? t->parts[0].bytes : "";
}

void template_render(
    const struct template *t, struct template_env *env, struct buf *out)
{
	const struct part *part;
	size_t i;

	for (i = 0; i < t->n; i++) {
		part = &t->parts[i];
		if (part_is_literal(part))
			buf_put(out, part->bytes, part->len);
		else
			part->render(part, env, out);
	}
}
