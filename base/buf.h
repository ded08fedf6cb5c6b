/*
 * A byte buffer that grows up to a maximum: written at its end, read from its
 * front. Fixed fields are little-endian. It knows no messages.
 *
 * Nothing fails loudly in the middle: a put that does not fit sets `full` and
 * writes nothing more, a get that wants more than is there sets `short_read`
 * and gives zeros; both flags stay until buf_clear/buf_reset, so that a caller
 * writes or reads a whole message and looks once.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data; /* owned */
	size_t start;  /* first byte not yet read */
	size_t end;    /* one past the last byte written */
	size_t cap;
	size_t max_bytes; /* never holds more than this */
	bool full;
	bool short_read;
};

/* Starts an empty buffer that may hold up to max_bytes. */
void buf_init(struct buf *b, size_t max_bytes);
/* Frees what it holds; may be called twice. */
void buf_clear(struct buf *b);
/* Gives back the memory that it does not need now. */
void buf_trim(struct buf *b);
/* Empties it, keeps its memory, clears the flags. */
void buf_reset(struct buf *b);

size_t buf_len(const struct buf *b);
/* The bytes not yet read; borrowed until the next put. */
const uint8_t *buf_bytes(const struct buf *b);
/* The unread bytes as text, NUL added behind them (not counted); borrowed
 * until the next put. "" when the buffer overflowed before any byte fitted. */
const char *buf_text(struct buf *b);
/* Keeps the first n bytes alone, or fewer, so that no character of UTF-8 is cut
 * in the middle. */
void buf_cut(struct buf *b, size_t n);
/* Takes n bytes off the front. */
void buf_consume(struct buf *b, size_t n);

/* Room for n more bytes at the end, or NULL (and full set). The caller writes
 * there at most n bytes and says how many with buf_wrote. */
uint8_t *buf_reserve(struct buf *b, size_t n);
void buf_wrote(struct buf *b, size_t n);

void buf_put(struct buf *b, const void *bytes, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);
/* In 1 to 10 bytes, as few as it takes: 7 bits in each, the lowest first; all
 * but the last have the highest bit set. */
void buf_put_varint(struct buf *b, uint64_t v);
/* u32 length, then the bytes. */
void buf_put_str(struct buf *b, const char *s);

uint8_t buf_get_u8(struct buf *b);
uint32_t buf_get_u32(struct buf *b);
uint64_t buf_get_u64(struct buf *b);
/* One that has more bytes than it takes, or more bits than fit, is short. */
uint64_t buf_get_varint(struct buf *b);
/* What buf_put_str wrote, in memory owned by the caller, or NULL (and
 * short_read set) when the length is above max_bytes, more than is there, or
 * the text has a NUL in it. */
char *buf_get_str(struct buf *b, size_t max_bytes);

#endif
