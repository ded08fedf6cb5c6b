/*
 * What travels with a plan to other hosts: its text, the files it names and
 * the environment variables it uses, as bytes with names. It knows neither
 * plans nor pipes.
 */
#ifndef PLAN_STOCK_H
#define PLAN_STOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STOCK_MAX_ITEMS      65536
#define STOCK_MAX_NAME_BYTES 4096
/* Of all items together. */
#define STOCK_MAX_BYTES (UINT64_C(64) << 30)

/* They go over the wire. */
enum stock_kind {
	STOCK_TEXT = 1, /* the plan; its name is how its file was named */
	STOCK_FILE = 2, /* by the path under which the plan opens it */
	STOCK_ENV = 3,  /* an environment variable; one that is not set is no
			 * item */
	STOCK_OVERRIDE = 4, /* these: see plan/source.h */
	STOCK_TAGS = 5,
	STOCK_EXCLUDE_TAGS = 6
};
/* Whether a number stands for one of them. */
bool stock_is_kind(unsigned kind);

struct stock_item {
	enum stock_kind kind;
	char *name; /* owned */
	const uint8_t *bytes;
	size_t len;
	uint8_t *owned; /* the bytes, where they are the stock's; else NULL */
};

/* A zeroed struct is empty. */
struct stock {
	struct stock_item *at; /* owned; in the order of arrival */
	size_t n;
	size_t cap;
	uint32_t *sorted; /* owned; numbers of items, by kind and name */
	size_t cap_sorted;
	uint64_t bytes; /* of all items */
};

/* One item more, whose bytes are borrowed for the life of the stock; nothing
 * where there is one of that kind and name. False: it is beyond a limit, and
 * was left out. */
bool stock_add(struct stock *stock, enum stock_kind kind, const char *name,
    const void *bytes, size_t len);
/* One item more with bytes of its own, which the caller fills in: len of them
 * behind the pointer that is returned, borrowed until stock_clear; a NUL that
 * is not counted stands behind them. NULL: it is beyond a limit, or there is
 * one of that kind and name. */
uint8_t *stock_add_room(
    struct stock *stock, enum stock_kind kind, const char *name, size_t len);
/* The item of that kind and name; borrowed until the next one is added. NULL:
 * there is none. */
const struct stock_item *stock_find(
    const struct stock *stock, enum stock_kind kind, const char *name);
/* The plan's text, in the same way. */
const struct stock_item *stock_text(const struct stock *stock);
void stock_clear(struct stock *stock);

#endif
