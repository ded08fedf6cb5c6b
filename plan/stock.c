/*
 * Bytes by kind and name. It must not know where they come from, nor where
 * they go.
 */
#include "plan/stock.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

bool stock_is_kind(unsigned kind)
{
	return kind >= STOCK_TEXT && kind <= STOCK_EXCLUDE_TAGS;
}

static int compare(
    const struct stock_item *item, enum stock_kind kind, const char *name)
{
	if (item->kind != kind)
		return item->kind < kind ? -1 : 1;
	return strcmp(item->name, name);
}

/* Where it stands in stock->sorted, or would. */
static size_t place_of(const struct stock *stock, enum stock_kind kind,
    const char *name, bool *is_there)
{
	size_t low = 0, high = stock->n, middle;
	int order;

	*is_there = false;
	while (low < high) {
		middle = low + (high - low) / 2;
		order = compare(&stock->at[stock->sorted[middle]], kind, name);
		if (order == 0) {
			*is_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool fits(const struct stock *stock, const char *name, size_t len)
{
	return stock->n < STOCK_MAX_ITEMS &&
	       strlen(name) <= STOCK_MAX_NAME_BYTES &&
	       len <= STOCK_MAX_BYTES - stock->bytes;
}

static void add(
    struct stock *stock, const struct stock_item *item, size_t place)
{
	stock->sorted = grow(stock->sorted, stock->n, &stock->cap_sorted,
	    sizeof(*stock->sorted));
	memmove(stock->sorted + place + 1, stock->sorted + place,
	    (stock->n - place) * sizeof(*stock->sorted));
	stock->sorted[place] = (uint32_t)stock->n;
	stock->at = grow(stock->at, stock->n, &stock->cap, sizeof(*stock->at));
	stock->at[stock->n++] = *item;
	stock->bytes += item->len;
}

bool stock_add(struct stock *stock, enum stock_kind kind, const char *name,
    const void *bytes, size_t len)
{
	bool is_there;
	size_t place = place_of(stock, kind, name, &is_there);

	if (is_there)
		return true;
	if (!fits(stock, name, len))
		return false;
	add(stock,
	    &(struct stock_item) {.kind = kind,
		.name = xstrdup(name),
		.bytes = bytes,
		.len = len},
	    place);
	return true;
}

uint8_t *stock_add_room(
    struct stock *stock, enum stock_kind kind, const char *name, size_t len)
{
	bool is_there;
	size_t place = place_of(stock, kind, name, &is_there);
	uint8_t *room;

	if (is_there || !fits(stock, name, len))
		return NULL;
	room = xcalloc(len + 1, 1);
	add(stock,
	    &(struct stock_item) {.kind = kind,
		.name = xstrdup(name),
		.bytes = room,
		.len = len,
		.owned = room},
	    place);
	return room;
}

const struct stock_item *stock_find(
    const struct stock *stock, enum stock_kind kind, const char *name)
{
	bool is_there;
	size_t place = place_of(stock, kind, name, &is_there);

	return is_there ? &stock->at[stock->sorted[place]] : NULL;
}

const struct stock_item *stock_text(const struct stock *stock)
{
	/* the kind that comes first */
	if (stock->n == 0 || stock->at[stock->sorted[0]].kind != STOCK_TEXT)
		return NULL;
	return &stock->at[stock->sorted[0]];
}

void stock_clear(struct stock *stock)
{
	for (size_t i = 0; i < stock->n; i++) {
		free(stock->at[i].name);
		free(stock->at[i].owned);
	}
	free(stock->at);
	free(stock->sorted);
	*stock = (struct stock) {0};
}
