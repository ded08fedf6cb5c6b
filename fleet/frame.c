/*
 * Frames: how messages are told apart, how long they may be, and the pieces
 * that several have. It must not know what any of them says.
 */
#include "fleet/frame.h"

#include <stdlib.h>
#include <string.h>

enum {
	GREETING_LEAST = 4 + 4, /* magic and version are for every version */
	ROSTER_LEAST = 4 + 12,
	START_LEAST = 4 + ROSTER_LEAST + 8 + 8 + 1 + 4 + 4,
	COMMAND_BYTES = 1,
	USERS_BYTES = 4,
	FINAL_BYTES = FRAME_BOOKS_BYTES + 8,
	VALUES_LEAST = 1 + 4,
	EVENT_LEAST = 1 + 4 + 8 + 4,
	ITEM_LEAST = 1 + 4 + 8,
	MEMBER_LEAST = 4 + 1 + 4 + 4 + 4 + FRAME_BOOKS_BYTES,
	READY_LEAST = 1 + 4 + 4 + 8 + 8,
	PING_BYTES = 8
};

/* What a payload of each type may measure. */
static const struct {
	size_t least;
	size_t most;
} messages[] = {
    [MESSAGE_GREETING] = {GREETING_LEAST, WIRE_MAX_FRAME},
    [MESSAGE_START] = {START_LEAST, WIRE_MAX_FRAME},
    [MESSAGE_COMMAND] = {COMMAND_BYTES, COMMAND_BYTES},
    [MESSAGE_SNAPSHOT] = {FRAME_SNAPSHOT_LEAST, WIRE_MAX_FRAME},
    [MESSAGE_FINAL] = {FINAL_BYTES, FINAL_BYTES},
    [MESSAGE_VALUES] = {VALUES_LEAST, WIRE_MAX_FRAME},
    [MESSAGE_EVENT] = {EVENT_LEAST, WIRE_MAX_FRAME},
    [MESSAGE_USERS] = {USERS_BYTES, USERS_BYTES},
    [MESSAGE_ITEM] = {ITEM_LEAST, WIRE_MAX_FRAME},
    [MESSAGE_BYTES] = {1, WIRE_PART_BYTES},
    [MESSAGE_PREPARE] = {0, 0},
    [MESSAGE_MEMBER] = {MEMBER_LEAST, WIRE_MAX_FRAME},
    [MESSAGE_READY] = {READY_LEAST, WIRE_MAX_FRAME},
    [MESSAGE_PING] = {PING_BYTES, PING_BYTES},
    [MESSAGE_PONG] = {PING_BYTES, PING_BYTES},
};

/* --- frames ------------------------------------------------------------- */

/* Looks at bytes without taking them: a reader of its own on borrowed memory,
 * never to be cleared. */
static struct buf reader(const struct buf *b, size_t skip, size_t n)
{
	struct buf r = *b;

	r.start = b->start + skip;
	r.end = r.start + n;
	r.full = r.short_read = false;
	return r;
}

static enum wire_result bad(const char **why, const char *what)
{
	*why = what;
	return WIRE_BAD;
}

enum wire_result wire_peek(const struct buf *b, enum message_type *type,
    size_t *payload_bytes, const char **why)
{
	struct buf r = reader(b, 0, buf_len(b));
	size_t n = buf_get_u32(&r);
	unsigned number;

	if (!r.short_read && n > WIRE_MAX_FRAME)
		return bad(why,
		    "not a message of loadgen: something else writes there");
	number = buf_get_u8(&r);
	if (r.short_read)
		return WIRE_MORE;
	if (number < MESSAGE_GREETING || number >= MESSAGES)
		return bad(why, "a message of unknown type");
	if (n < messages[number].least || n > messages[number].most)
		return bad(why, "a message of impossible length");
	if (number == MESSAGE_GREETING && buf_len(&r) >= 4 &&
	    buf_get_u32(&r) != WIRE_MAGIC)
		return bad(why, "a greeting, but not of loadgen");
	if (n > buf_len(b) - WIRE_HEADER_BYTES)
		return WIRE_MORE;
	*type = (enum message_type)number;
	*payload_bytes = n;
	return WIRE_OK;
}

size_t frame_open(struct buf *b, enum message_type type)
{
	size_t at = buf_len(b);

	buf_put_u32(b, 0);
	buf_put_u8(b, (uint8_t)type);
	return at;
}

void frame_patch_u32(struct buf *b, size_t at, uint32_t v)
{
	uint8_t *p;

	if (b->full)
		return;
	p = b->data + b->start + at;
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

void frame_undo(struct buf *b, size_t at)
{
	b->end = b->start + at;
}

void frame_close(struct buf *b, size_t at)
{
	if (b->full)
		frame_undo(b, at);
	frame_patch_u32(b, at, (uint32_t)(buf_len(b) - at - WIRE_HEADER_BYTES));
}

bool frame_read(const struct buf *b, enum message_type type,
    struct buf *payload, const char **why)
{
	enum message_type found;
	size_t n;

	switch (wire_peek(b, &found, &n, why)) {
	case WIRE_BAD:
		return false;
	case WIRE_MORE:
		*why = "an incomplete message";
		return false;
	case WIRE_OK:
		break;
	}
	if (found != type) {
		*why = "another message than was expected";
		return false;
	}
	*payload = reader(b, WIRE_HEADER_BYTES, n);
	return true;
}

bool frame_take(
    struct buf *b, struct buf *payload, bool is_good, const char **why)
{
	struct buf header = reader(b, 0, WIRE_HEADER_BYTES);

	buf_consume(b, WIRE_HEADER_BYTES + buf_get_u32(&header));
	if (!is_good)
		return false;
	if (payload->short_read)
		*why = "a message that ends too early";
	else if (buf_len(payload) > 0)
		*why = "a message with bytes left over";
	else
		return true;
	return false;
}

void frame_put_text(struct buf *b, const char *s)
{
	size_t n = strnlen(s, WIRE_MAX_TEXT + 1);

	if (n > WIRE_MAX_TEXT) {
		n = WIRE_MAX_TEXT;
		/* not in the middle of a character of UTF-8 */
		while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
	}
	buf_put_u32(b, (uint32_t)n);
	buf_put(b, s, n);
}

char *frame_get_text(struct buf *r)
{
	return buf_get_str(r, WIRE_MAX_TEXT);
}

void frame_put_roster(struct buf *b, const struct roster *roster)
{
	buf_put_u32(b, (uint32_t)roster->n);
	for (size_t i = 0; i < roster->n; i++) {
		buf_put_u32(b, roster->parts[i].weight);
		buf_put_u32(b, roster->parts[i].workers);
		buf_put_u32(b, roster->parts[i].parts);
	}
}

bool frame_get_roster(struct buf *r, struct roster *roster, const char **why)
{
	uint32_t n = buf_get_u32(r);

	*why = "a roster that contradicts itself";
	if (n > ROSTER_MAX_PARTS)
		return false;
	for (uint32_t i = 0; i < n && !r->short_read; i++) {
		struct roster_part part = {.weight = buf_get_u32(r)};

		part.workers = buf_get_u32(r);
		part.parts = buf_get_u32(r);
		roster_add(roster, part);
	}
	return roster_is_sound(roster);
}

void frame_put_books(struct buf *b, const struct books *books)
{
	for (size_t i = 0; i < BOOKS_COUNTS; i++)
		buf_put_u64(b, books_get(books, i));
}

void frame_get_books(struct buf *r, struct books *books)
{
	for (size_t i = 0; i < BOOKS_COUNTS; i++)
		books_set(books, i, buf_get_u64(r));
}
