/*
 * Overrides and tags, as bytes and back. It must not know what they mean.
 */
#include "plan/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

/* Section, key, value and where, each with a NUL behind it. */
enum { OVERRIDE_TEXTS = 4 };

bool source_put_override(
    struct stock *stock, const char *name, const struct override *override)
{
	const char *texts[OVERRIDE_TEXTS] = {
	    override->section, override->key, override->value, override->where};
	size_t len = 0;
	uint8_t *to;

	for (size_t i = 0; i < OVERRIDE_TEXTS; i++)
		len += strlen(texts[i]) + 1;
	to = stock_add_room(stock, STOCK_OVERRIDE, name, len);
	if (to == NULL)
		return false;
	for (size_t i = 0; i < OVERRIDE_TEXTS; i++) {
		size_t n = strlen(texts[i]) + 1;

		memcpy(to, texts[i], n);
		to += n;
	}
	return true;
}

static bool put_text(
    struct stock *stock, enum stock_kind kind, const char *text)
{
	return text == NULL ||
	       stock_add(stock, kind, "", text, strlen(text) + 1);
}

bool source_put(struct stock *stock, const struct plan_source *source)
{
	bool is_put = true;
	char name[32];

	for (size_t i = 0; i < source->n_overrides; i++) {
		snprintf(name, sizeof(name), "%zu", i);
		is_put =
		    source_put_override(stock, name, &source->overrides[i]) &&
		    is_put;
	}
	return put_text(stock, STOCK_TAGS, source->tags) &&
	       put_text(stock, STOCK_EXCLUDE_TAGS, source->exclude_tags) &&
	       is_put;
}

/* --- and back ----------------------------------------------------------- */

/* Whether it is so many texts, each with its NUL. */
static bool get_texts(
    const struct stock_item *item, const char **texts, size_t n)
{
	const char *at = (const char *)item->bytes;
	size_t left = item->len;

	for (size_t i = 0; i < n; i++) {
		const char *end = left > 0 ? memchr(at, '\0', left) : NULL;

		if (end == NULL)
			return false;
		texts[i] = at;
		left -= (size_t)(end - at) + 1;
		at = end + 1;
	}
	return left == 0;
}

static bool get_override(
    const struct stock_item *item, struct override *override)
{
	const char *texts[OVERRIDE_TEXTS];

	if (!get_texts(item, texts, OVERRIDE_TEXTS))
		return false;
	*override = (struct override) {.section = texts[0],
	    .key = texts[1],
	    .value = texts[2],
	    .where = texts[3]};
	return true;
}

bool source_get(const struct stock *stock, struct plan_source *source,
    struct override **overrides)
{
	bool is_good = true;
	size_t n = 0;

	*source = (struct plan_source) {.stock = stock};
	*overrides = xcalloc(stock->n + 1, sizeof(**overrides));
	for (size_t i = 0; i < stock->n; i++) {
		const struct stock_item *item = &stock->at[i];

		if (item->kind == STOCK_OVERRIDE)
			is_good = get_override(item, &(*overrides)[n]) &&
				  ++n > 0 && is_good;
		else if (item->kind == STOCK_TAGS)
			is_good = get_texts(item, &source->tags, 1) && is_good;
		else if (item->kind == STOCK_EXCLUDE_TAGS)
			is_good = get_texts(item, &source->exclude_tags, 1) &&
				  is_good;
	}
	source->overrides = *overrides;
	source->n_overrides = n;
	return is_good && stock_text(stock) != NULL;
}
