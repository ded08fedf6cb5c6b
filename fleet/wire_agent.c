/*
 * The messages between a parent and an agent, each as bytes and back. It must
 * not know where they travel, nor what an agent does.
 */
#include "fleet/frame.h"

#include <stdlib.h>
#include <string.h>

/* --- what the plan is made of ------------------------------------------- */

void item_clear(struct item *item)
{
	free(item->name);
	memset(item, 0, sizeof(*item));
}

void wire_put_item(struct buf *b, const struct item *item)
{
	size_t at = frame_open(b, MESSAGE_ITEM);

	buf_put_u8(b, (uint8_t)item->kind);
	frame_put_text(b, item->name);
	buf_put_u64(b, item->bytes);
	frame_close(b, at);
}

bool wire_get_item(struct buf *b, struct item *item, const char **why)
{
	struct buf r;

	memset(item, 0, sizeof(*item));
	if (!frame_read(b, MESSAGE_ITEM, &r, why))
		return false;
	item->kind = buf_get_u8(&r);
	item->name = frame_get_text(&r);
	item->bytes = buf_get_u64(&r);
	if (frame_take(b, &r, true, why))
		return true;
	item_clear(item);
	return false;
}

void wire_put_bytes(struct buf *b, const void *bytes, size_t n)
{
	size_t at = frame_open(b, MESSAGE_BYTES);

	buf_put(b, bytes, n);
	frame_close(b, at);
}

bool wire_get_bytes(struct buf *b, struct buf *out, const char **why)
{
	struct buf r;
	size_t n;

	if (!frame_read(b, MESSAGE_BYTES, &r, why))
		return false;
	n = buf_len(&r);
	buf_put(out, buf_bytes(&r), n);
	buf_consume(&r, n);
	return frame_take(b, &r, true, why);
}

void wire_put_prepare(struct buf *b)
{
	frame_close(b, frame_open(b, MESSAGE_PREPARE));
}

bool wire_get_prepare(struct buf *b, const char **why)
{
	struct buf r;

	return frame_read(b, MESSAGE_PREPARE, &r, why) &&
	       frame_take(b, &r, true, why);
}

/* --- its workers -------------------------------------------------------- */

void member_message_clear(struct member_message *m)
{
	free(m->host);
	free(m->why);
	memset(m, 0, sizeof(*m));
}

void wire_put_member(struct buf *b, const struct member_message *m)
{
	size_t at = frame_open(b, MESSAGE_MEMBER);

	buf_put_u32(b, m->worker);
	buf_put_u8(b, (uint8_t)m->news);
	buf_put_u32(b, m->pid);
	frame_put_text(b, m->host != NULL ? m->host : "");
	frame_put_books(b, &m->books);
	frame_put_text(b, m->why != NULL ? m->why : "");
	frame_close(b, at);
}

bool wire_get_member(struct buf *b, struct member_message *m, const char **why)
{
	struct buf r;
	unsigned news;
	bool is_good;

	memset(m, 0, sizeof(*m));
	if (!frame_read(b, MESSAGE_MEMBER, &r, why))
		return false;
	m->worker = buf_get_u32(&r);
	news = buf_get_u8(&r);
	m->pid = buf_get_u32(&r);
	m->host = frame_get_text(&r);
	frame_get_books(&r, &m->books);
	m->why = frame_get_text(&r);
	is_good = news < MEMBER_NEWS && m->worker < ROSTER_MAX_WORKERS;
	if (is_good)
		m->news = (enum member_news)news;
	else
		*why = "news of a worker that is none";
	is_good = frame_take(b, &r, is_good, why);
	if (!is_good)
		member_message_clear(m);
	return is_good;
}

/* --- ready -------------------------------------------------------------- */

void ready_message_clear(struct ready_message *r)
{
	free(r->why);
	roster_clear(&r->roster);
	memset(r, 0, sizeof(*r));
}

void wire_put_ready(struct buf *b, const struct ready_message *ready)
{
	size_t at = frame_open(b, MESSAGE_READY);

	buf_put_u8(b, (uint8_t)ready->readiness);
	frame_put_text(b, ready->why != NULL ? ready->why : "");
	frame_put_roster(b, &ready->roster);
	buf_put_u64(b, ready->need_us);
	buf_put_u64(b, ready->files);
	frame_close(b, at);
}

/* Who is not ready to start has nobody. */
static bool get_ready(
    struct buf *r, struct ready_message *ready, const char **why)
{
	unsigned readiness = buf_get_u8(r);
	bool is_sound;

	ready->why = frame_get_text(r);
	is_sound = frame_get_roster(r, &ready->roster, why);
	ready->need_us = buf_get_u64(r);
	ready->files = buf_get_u64(r);
	if (readiness >= READINESSES || ready->need_us > WIRE_MAX_NEED_US) {
		*why = "ready, but not for what there is";
		return false;
	}
	ready->readiness = (enum readiness)readiness;
	return is_sound ||
	       (readiness != READY_TO_START && ready->roster.n == 0);
}

bool wire_get_ready(
    struct buf *b, struct ready_message *ready, const char **why)
{
	struct buf r;
	bool is_good;

	memset(ready, 0, sizeof(*ready));
	if (!frame_read(b, MESSAGE_READY, &r, why))
		return false;
	is_good = get_ready(&r, ready, why);
	is_good = frame_take(b, &r, is_good, why);
	if (!is_good)
		ready_message_clear(ready);
	return is_good;
}

/* --- whether it is still there ------------------------------------------ */

void wire_put_ping(struct buf *b, enum message_type type, uint64_t number)
{
	size_t at = frame_open(b, type);

	buf_put_u64(b, number);
	frame_close(b, at);
}

bool wire_get_ping(
    struct buf *b, enum message_type type, uint64_t *number, const char **why)
{
	struct buf r;

	*number = 0;
	if (!frame_read(b, type, &r, why))
		return false;
	*number = buf_get_u64(&r);
	return frame_take(b, &r, true, why);
}
