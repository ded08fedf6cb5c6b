/*
 * The values that variables have at one moment, for one user or for everyone,
 * by slot. It costs what it holds: nothing until the first value.
 */
#ifndef PLAN_STORE_H
#define PLAN_STORE_H

#include <stddef.h>
#include <stdint.h>

/* Bytes and a NUL behind them; text NULL: not set. */
struct value {
	char *text; /* owned */
	uint32_t len;
	uint32_t cap; /* of text */
};

enum { VALUE_MAX_BYTES = 64 << 20 };

/* A zeroed struct holds nothing. */
struct store {
	struct value *at; /* owned; as many as there are slots, or NULL */
};

/* Copies len bytes into slot of n_slots; the memory of the value before is
 * used again. What is beyond VALUE_MAX_BYTES is cut off. */
void store_set(struct store *s, unsigned n_slots, unsigned slot,
    const char *bytes, size_t len);
/* Takes its value away. */
void store_unset(struct store *s, unsigned slot);
/* Borrowed until it is set again; NULL: not set. */
const struct value *store_get(const struct store *s, unsigned slot);
/* Makes an empty store hold what from does. */
void store_copy(struct store *to, const struct store *from, unsigned n_slots);
void store_clear(struct store *s, unsigned n_slots);

#endif
