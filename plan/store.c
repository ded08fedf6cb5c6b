/*
 * Values by slot. It must not know names, nor who sets them.
 */
#include "plan/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

static void put(struct value *value, const char *bytes, size_t len)
{
	if (len > VALUE_MAX_BYTES)
		len = VALUE_MAX_BYTES;
	if (value->text == NULL || len >= value->cap) {
		/* values of one name are of about one length */
		value->cap = (uint32_t)(len + 1 + len / 8);
		value->text = xreallocarray(value->text, value->cap, 1);
	}
	memmove(value->text, bytes, len);
	value->text[len] = '\0';
	value->len = (uint32_t)len;
}

void store_set(struct store *s, unsigned n_slots, unsigned slot,
    const char *bytes, size_t len)
{
	if (s->at == NULL)
		s->at = xcalloc(n_slots, sizeof(*s->at));
	put(&s->at[slot], bytes, len);
}

void store_unset(struct store *s, unsigned slot)
{
	if (s->at == NULL)
		return;
	free(s->at[slot].text);
	s->at[slot] = (struct value) {0};
}

const struct value *store_get(const struct store *s, unsigned slot)
{
	if (s->at == NULL || s->at[slot].text == NULL)
		return NULL;
	return &s->at[slot];
}

void store_copy(struct store *to, const struct store *from, unsigned n_slots)
{
	if (from->at == NULL)
		return;
	for (unsigned i = 0; i < n_slots; i++)
		if (from->at[i].text != NULL)
			store_set(
			    to, n_slots, i, from->at[i].text, from->at[i].len);
}

void store_clear(struct store *s, unsigned n_slots)
{
	for (unsigned i = 0; s->at != NULL && i < n_slots; i++)
		free(s->at[i].text);
	free(s->at);
	s->at = NULL;
}
