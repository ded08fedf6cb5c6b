/*
 * A bounded byte buffer: one piece of memory, unread bytes in the middle of
 * it. It must not know what the bytes mean.
 */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

enum { FIRST_CAP = 256, VARINT_MAX_BYTES = 10 };

void buf_init(struct buf *b, size_t max_bytes)
{
	memset(b, 0, sizeof(*b));
	b->max_bytes = max_bytes;
}

void buf_clear(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max_bytes);
}

void buf_reset(struct buf *b)
{
	b->start = b->end = 0;
	b->full = b->short_read = false;
}

size_t buf_len(const struct buf *b)
{
	return b->end - b->start;
}

const uint8_t *buf_bytes(const struct buf *b)
{
	static const uint8_t nothing[1];

	return b->data ? b->data + b->start : nothing;
}

/* Moves the unread bytes to the front of the memory. */
static void close_gap(struct buf *b)
{
	size_t len = buf_len(b);

	if (b->start > 0 && len > 0)
		memmove(b->data, b->data + b->start, len);
	b->start = 0;
	b->end = len;
}

/* Memory for n more bytes behind the end; the caller has compared n with
 * max_bytes. One byte above the maximum is allowed for a closing NUL. */
static void make_room(struct buf *b, size_t n)
{
	size_t len = buf_len(b);
	size_t need = len + n;
	size_t cap = b->cap < FIRST_CAP ? FIRST_CAP : b->cap;

	if (b->data && n <= b->cap - b->end)
		return;
	/* Moving at least as much free room as there are bytes costs each
	 * byte one move at most: long queues stay linear. */
	if (b->data && need <= b->cap && b->start >= len) {
		close_gap(b);
		return;
	}
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : 2 * cap;
	if (need <= b->cap && cap <= b->max_bytes / 2)
		cap *= 2;
	if (cap > b->max_bytes && b->max_bytes < SIZE_MAX)
		cap = b->max_bytes + 1;
	close_gap(b);
	if (cap > b->cap) {
		b->data = xreallocarray(b->data, cap, 1);
		b->cap = cap;
	}
}

void buf_trim(struct buf *b)
{
	if (buf_len(b) == 0) {
		free(b->data);
		b->data = NULL;
		b->start = b->end = b->cap = 0;
	} else if (b->cap / 2 >= buf_len(b)) {
		close_gap(b);
		b->cap = b->end;
		b->data = xreallocarray(b->data, b->cap, 1);
	}
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	if (b->full || n > b->max_bytes - buf_len(b)) {
		b->full = true;
		return NULL;
	}
	make_room(b, n);
	return b->data + b->end;
}

void buf_wrote(struct buf *b, size_t n)
{
	assert(n <= b->cap - b->end);
	b->end += n;
}

const char *buf_text(struct buf *b)
{
	if (buf_len(b) == 0)
		return "";
	make_room(b, 1);
	b->data[b->end] = '\0';
	return (const char *)b->data + b->start;
}

void buf_cut(struct buf *b, size_t n)
{
	if (n >= buf_len(b))
		return;
	while (n > 0 && (b->data[b->start + n] & 0xc0) == 0x80)
		n--;
	b->end = b->start + n;
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= buf_len(b));
	b->start += n;
	if (b->start == b->end)
		b->start = b->end = 0;
}

void buf_put(struct buf *b, const void *bytes, size_t n)
{
	uint8_t *room = buf_reserve(b, n);

	if (!room || n == 0)
		return;
	memcpy(room, bytes, n);
	buf_wrote(b, n);
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		b->full = true;
	if (n <= 0 || !buf_reserve(b, (size_t)n))
		return;
	/* one byte more: vsnprintf closes what it writes with a NUL */
	make_room(b, (size_t)n + 1);
	va_start(ap, format);
	n = vsnprintf((char *)b->data + b->end, (size_t)n + 1, format, ap);
	va_end(ap);
	if (n > 0)
		buf_wrote(b, (size_t)n);
}

static void put_le(struct buf *b, uint64_t v, size_t n)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(v >> (8 * i));
	buf_put(b, bytes, n);
}

void buf_put_u8(struct buf *b, uint8_t v)
{
	put_le(b, v, 1);
}

void buf_put_u32(struct buf *b, uint32_t v)
{
	put_le(b, v, 4);
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	put_le(b, v, 8);
}

void buf_put_varint(struct buf *b, uint64_t v)
{
	uint8_t bytes[VARINT_MAX_BYTES];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		bytes[n++] = (uint8_t)(v | 0x80);
	bytes[n++] = (uint8_t)v;
	buf_put(b, bytes, n);
}

void buf_put_str(struct buf *b, const char *s)
{
	size_t n = strlen(s);

	if (n > UINT32_MAX) {
		b->full = true;
		return;
	}
	buf_put_u32(b, (uint32_t)n);
	buf_put(b, s, n);
}

static uint64_t get_le(struct buf *b, size_t n)
{
	const uint8_t *bytes = buf_bytes(b);
	uint64_t v = 0;

	if (b->short_read || n > buf_len(b)) {
		b->short_read = true;
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)bytes[i] << (8 * i);
	buf_consume(b, n);
	return v;
}

uint8_t buf_get_u8(struct buf *b)
{
	return (uint8_t)get_le(b, 1);
}

uint32_t buf_get_u32(struct buf *b)
{
	return (uint32_t)get_le(b, 4);
}

uint64_t buf_get_u64(struct buf *b)
{
	return get_le(b, 8);
}

uint64_t buf_get_varint(struct buf *b)
{
	const uint8_t *bytes = buf_bytes(b);
	size_t most = buf_len(b);
	uint64_t v = 0;

	if (most > VARINT_MAX_BYTES)
		most = VARINT_MAX_BYTES;
	for (size_t i = 0; i < most && !b->short_read; i++) {
		v |= (uint64_t)(bytes[i] & 0x7f) << (7 * i);
		if (bytes[i] >= 0x80)
			continue;
		/* the tenth byte holds the one bit that is left; a last one
		 * that is 0 says nothing */
		if ((i > 0 && bytes[i] == 0) ||
		    (i == VARINT_MAX_BYTES - 1 && bytes[i] > 1))
			break;
		buf_consume(b, i + 1);
		return v;
	}
	b->short_read = true;
	return 0;
}

char *buf_get_str(struct buf *b, size_t max_bytes)
{
	size_t n = buf_get_u32(b);
	char *s;

	if (b->short_read)
		return NULL;
	if (n > max_bytes || n > buf_len(b) ||
	    (n > 0 && memchr(buf_bytes(b), '\0', n))) {
		b->short_read = true;
		return NULL;
	}
	s = xstrndup((const char *)buf_bytes(b), n);
	buf_consume(b, n);
	return s;
}
