/*
 * Any bytes as a stream of frames: each is taken or refused, and what was
 * taken goes out and comes in again as the same bytes.
 */
#include "fleet/wire.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() is compiled out of a release, and this must not be. */
static void must(bool holds)
{
	if (!holds)
		abort();
}

/* The same of what an agent is told, and tells. */
static bool again_of_agent(
    struct buf *in, enum message_type type, struct buf *out, const char **why)
{
	struct member_message member;
	struct ready_message ready;
	struct item item;
	struct buf bytes;
	uint64_t number;
	bool is_good = false;

	switch (type) {
	case MESSAGE_ITEM:
		if ((is_good = wire_get_item(in, &item, why)))
			wire_put_item(out, &item);
		item_clear(&item);
		break;
	case MESSAGE_BYTES:
		buf_init(&bytes, WIRE_PART_BYTES);
		if ((is_good = wire_get_bytes(in, &bytes, why)))
			wire_put_bytes(out, buf_bytes(&bytes), buf_len(&bytes));
		buf_clear(&bytes);
		break;
	case MESSAGE_PREPARE:
		if ((is_good = wire_get_prepare(in, why)))
			wire_put_prepare(out);
		break;
	case MESSAGE_MEMBER:
		if ((is_good = wire_get_member(in, &member, why)))
			wire_put_member(out, &member);
		member_message_clear(&member);
		break;
	case MESSAGE_READY:
		if ((is_good = wire_get_ready(in, &ready, why)))
			wire_put_ready(out, &ready);
		ready_message_clear(&ready);
		break;
	case MESSAGE_PING:
	case MESSAGE_PONG:
		if ((is_good = wire_get_ping(in, type, &number, why)))
			wire_put_ping(out, type, number);
		break;
	default:
		break;
	}
	return is_good;
}

/* Takes the frame at the front of in and puts what it said into out. */
static bool again(struct buf *in, enum message_type type, struct buf *out)
{
	const char *why = NULL;
	struct greeting g;
	struct start start;
	struct snapshot s;
	struct final f;
	struct event_message event;
	struct errand_result errand;
	uint64_t sequence;
	enum command command;
	int32_t users;
	bool is_good = false;

	switch (type) {
	case MESSAGE_GREETING:
		if ((is_good = wire_get_greeting(in, &g, &why)))
			wire_put_greeting(out, &g);
		greeting_clear(&g);
		break;
	case MESSAGE_START:
		if ((is_good = wire_get_start(in, &start, &why)))
			wire_put_start(out, &start);
		start_clear(&start);
		break;
	case MESSAGE_COMMAND:
		if ((is_good = wire_get_command(in, &command, &why)))
			wire_put_command(out, command);
		break;
	case MESSAGE_USERS:
		if ((is_good = wire_get_users(in, &users, &why)))
			wire_put_users(out, users);
		break;
	case MESSAGE_SNAPSHOT:
		is_good = wire_get_snapshot(in, &s, &why);
		sequence = s.sequence - 1;
		/* what was a part becomes the last one here */
		if (is_good)
			wire_put_snapshot(out, &s, &sequence);
		snapshot_clear(&s);
		break;
	case MESSAGE_FINAL:
		if ((is_good = wire_get_final(in, &f, &why)))
			wire_put_final(out, &f);
		break;
	case MESSAGE_VALUES:
		if ((is_good = wire_get_values(in, &errand, &why)))
			wire_put_values(out, &errand);
		values_clear(&errand.values);
		break;
	case MESSAGE_EVENT:
		if ((is_good = wire_get_event(in, &event, &why)))
			wire_put_event(out, &event);
		event_message_clear(&event);
		break;
	default:
		is_good = again_of_agent(in, type, out, &why);
		break;
	}
	must(is_good || why != NULL);
	return is_good;
}

static void go_round(struct buf *first)
{
	enum message_type type;
	const char *why;
	struct buf second;
	struct buf third;
	size_t n;

	buf_init(&second, MAX_BYTES);
	buf_init(&third, MAX_BYTES);
	buf_put(&second, buf_bytes(first), buf_len(first));
	while (buf_len(&second) > 0) {
		must(wire_peek(&second, &type, &n, &why) == WIRE_OK);
		must(again(&second, type, &third));
	}
	must(first->full || third.full ||
	     (buf_len(first) == buf_len(&third) &&
		 memcmp(buf_bytes(first), buf_bytes(&third), buf_len(first)) ==
		     0));
	buf_clear(&second);
	buf_clear(&third);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum message_type type;
	const char *why = NULL;
	struct buf in;
	struct buf out;
	size_t n;

	buf_init(&in, MAX_BYTES);
	buf_put(&in, data, size);
	while (wire_peek(&in, &type, &n, &why) == WIRE_OK) {
		size_t before = buf_len(&in);

		buf_init(&out, MAX_BYTES);
		if (again(&in, type, &out))
			go_round(&out);
		must(buf_len(&in) == before - n - WIRE_HEADER_BYTES);
		buf_clear(&out);
	}
	buf_clear(&in);
	return 0;
}
