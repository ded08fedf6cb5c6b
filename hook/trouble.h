/*
 * What went wrong, the same things counted together, until somebody asks.
 */
#ifndef HOOK_TROUBLE_H
#define HOOK_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TROUBLE_BYTES = 256 };

struct hook_trouble {
	char text[TROUBLE_BYTES]; /* "hook NAME: exited with status 1" */
	uint64_t count;
};

struct troubles {
	struct hook_trouble *list; /* owned */
	size_t n;
	size_t cap;
};

void troubles_add(struct troubles *t, uint64_t count, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The oldest, taken out; false when there is none. */
bool troubles_take(struct troubles *t, struct hook_trouble *out);
void troubles_clear(struct troubles *t);

#endif
