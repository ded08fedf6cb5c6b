/*
 * What the messages of wire.h are made of: frames, and the pieces that several
 * of them have. Private to the files that put and get messages.
 */
#ifndef FLEET_FRAME_H
#define FLEET_FRAME_H

#include "fleet/wire.h"

enum {
	FRAME_TEXT_MOST = 4 + WIRE_MAX_TEXT,
	FRAME_BOOKS_BYTES = 14 * 8,
	FRAME_SNAPSHOT_LEAST = 8 + 8 + 8 + 4 + 4 + 4 + 4 + 1
};

/* Begins a frame; where it begins, behind the front of b. */
size_t frame_open(struct buf *b, enum message_type type);
/* Its length is known now; where b is full, it is taken back. */
void frame_close(struct buf *b, size_t at);
/* Writes over four bytes that were put at that place. */
void frame_patch_u32(struct buf *b, size_t at, uint32_t v);
/* Takes back what was put behind that place. */
void frame_undo(struct buf *b, size_t at);

/* A reader of the payload of the frame at the front, on borrowed memory, when
 * that is what it is said to be. */
bool frame_read(const struct buf *b, enum message_type type,
    struct buf *payload, const char **why);
/* Takes the frame at the front whose payload was read. The payload was a
 * message when nothing was missing and nothing is left of it. */
bool frame_take(
    struct buf *b, struct buf *payload, bool is_good, const char **why);

/* At most WIRE_MAX_TEXT bytes; what is longer is cut between two characters. */
void frame_put_text(struct buf *b, const char *s);
/* Owned by the caller; NULL: the payload is too short. */
char *frame_get_text(struct buf *r);
void frame_put_roster(struct buf *b, const struct roster *roster);
/* False, and why, where it is not sound; also then roster_clear is the
 * caller's. */
bool frame_get_roster(struct buf *r, struct roster *roster, const char **why);
void frame_put_books(struct buf *b, const struct books *books);
void frame_get_books(struct buf *r, struct books *books);

#endif
