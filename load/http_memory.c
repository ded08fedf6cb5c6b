/*
 * Kept blocks. Every block is the system's own, with its size class in front
 * of it, so that any thread may free any block.
 */
#include "load/http_memory.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

/*
 * Classes are as fine as the system's own blocks, so that a user who waits
 * costs no more than before; above 8 KiB, where libcurl has only buffers, they
 * are a power of two and a byte.
 */
enum {
	STEP = 16,
	LEAST = 24, /* class 0 */
	FINE = 512, /* classes of up to LEAST + (FINE - 1) * STEP bytes */
	COARSE = 3, /* then 16, 32 and 64 KiB, and one byte each */
	CLASSES = FINE + COARSE,
	NO_CLASS = CLASSES /* larger: never kept */
};

/* What stands in front of the memory given out. */
union block {
	struct {
		_Alignas(max_align_t) size_t size; /* usable */
		unsigned kind;
	} is;
	union block *next; /* while it is kept */
};

/* libcurl's memory functions are given no context, so this stands alone:
 * lists by class; NULL: nothing is kept. */
static _Thread_local union block **kept;

static size_t class_size(unsigned kind)
{
	if (kind < FINE)
		return LEAST + (size_t)kind * STEP;
	return ((size_t)16384 << (kind - FINE)) + 1;
}

static unsigned class_of(size_t size)
{
	unsigned kind = FINE;

	if (size <= LEAST)
		return 0;
	if (size <= class_size(FINE - 1))
		return (unsigned)((size - LEAST + STEP - 1) / STEP);
	while (kind < CLASSES && size > class_size(kind))
		kind++;
	return kind;
}

void http_memory_init(void)
{
	if (kept == NULL)
		kept = calloc(CLASSES, sizeof(union block *));
}

void http_memory_clear(void)
{
	for (unsigned i = 0; kept != NULL && i < CLASSES; i++) {
		while (kept[i] != NULL) {
			union block *b = kept[i];

			kept[i] = b->next;
			free(b);
		}
	}
	free(kept);
	kept = NULL;
}

static union block *block_new(size_t size)
{
	union block *b = malloc(sizeof(*b) + size);

	if (b == NULL)
		out_of_memory();
	return b;
}

void *http_malloc(size_t size)
{
	unsigned kind = class_of(size);
	union block *b;

	if (kept != NULL && kind < CLASSES && kept[kind] != NULL) {
		b = kept[kind];
		kept[kind] = b->next;
		b->is.size = class_size(kind);
		b->is.kind = kind;
		return b + 1;
	}
	if (size > SIZE_MAX - sizeof(*b))
		return NULL;
	if (kind < CLASSES)
		size = class_size(kind);
	b = block_new(size);
	b->is.size = size;
	b->is.kind = kind;
	return b + 1;
}

void http_release(void *p)
{
	union block *b = p;
	unsigned kind;

	if (b == NULL)
		return;
	b--;
	kind = b->is.kind;
	if (kept == NULL || kind == NO_CLASS) {
		free(b);
		return;
	}
	b->next = kept[kind];
	kept[kind] = b;
}

void *http_realloc(void *p, size_t size)
{
	const union block *b = p;
	void *moved;

	if (b != NULL && size <= b[-1].is.size)
		return p;
	moved = http_malloc(size);
	if (moved != NULL && b != NULL) {
		memcpy(moved, p, b[-1].is.size);
		http_release(p);
	}
	return moved;
}

char *http_strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = http_malloc(size);

	return copy != NULL ? memcpy(copy, s, size) : NULL;
}

void *http_calloc(size_t n, size_t size)
{
	void *p;

	if (size > 0 && n > SIZE_MAX / size)
		return NULL;
	p = http_malloc(n * size);
	return p != NULL ? memset(p, 0, n * size) : NULL;
}
