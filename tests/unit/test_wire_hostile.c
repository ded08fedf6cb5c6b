/*
 * Frames that are cut, damaged or lies: decoded or refused, never believed in
 * part.
 */
#include "fleet/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/frames.h"
#include "tests/unit/rosters.h"

/* --- one of each -------------------------------------------------------- */

/* Takes whatever stands at the front; whether it was a message. */
static bool take_any(struct buf *b, enum message_type type)
{
	const char *why = NULL;
	struct member_message member;
	struct ready_message ready;
	struct greeting g;
	struct start start;
	struct item item;
	struct buf bytes;
	uint64_t number;
	struct snapshot s;
	struct final f;
	struct event_message event;
	struct errand_result errand;
	enum command command;
	int32_t users;
	bool is_good = false;

	switch (type) {
	case MESSAGE_GREETING:
		is_good = wire_get_greeting(b, &g, &why);
		greeting_clear(&g);
		break;
	case MESSAGE_START:
		is_good = wire_get_start(b, &start, &why);
		start_clear(&start);
		break;
	case MESSAGE_COMMAND:
		is_good = wire_get_command(b, &command, &why);
		break;
	case MESSAGE_USERS:
		is_good = wire_get_users(b, &users, &why);
		break;
	case MESSAGE_SNAPSHOT:
		is_good = wire_get_snapshot(b, &s, &why);
		snapshot_clear(&s);
		break;
	case MESSAGE_FINAL:
		is_good = wire_get_final(b, &f, &why);
		break;
	case MESSAGE_VALUES:
		is_good = wire_get_values(b, &errand, &why);
		values_clear(&errand.values);
		break;
	case MESSAGE_EVENT:
		is_good = wire_get_event(b, &event, &why);
		event_message_clear(&event);
		break;
	case MESSAGE_ITEM:
		is_good = wire_get_item(b, &item, &why);
		item_clear(&item);
		break;
	case MESSAGE_BYTES:
		buf_init(&bytes, MAX_BYTES);
		is_good = wire_get_bytes(b, &bytes, &why);
		buf_clear(&bytes);
		break;
	case MESSAGE_PREPARE:
		is_good = wire_get_prepare(b, &why);
		break;
	case MESSAGE_MEMBER:
		is_good = wire_get_member(b, &member, &why);
		member_message_clear(&member);
		break;
	case MESSAGE_READY:
		is_good = wire_get_ready(b, &ready, &why);
		ready_message_clear(&ready);
		break;
	case MESSAGE_PING:
	case MESSAGE_PONG:
		is_good = wire_get_ping(b, type, &number, &why);
		break;
	case MESSAGES:
		break;
	}
	assert_true(is_good || why);
	return is_good;
}

/* One frame of each type, each in a buffer of its own. */
enum { FRAMES = 15 };

static void make_frames(struct buf frames[FRAMES])
{
	struct start start = {
	    .worker = 1, .delay_us = 250000, .seed = 99, .n_rows = 1};
	char name[] = "paid", key[] = "order", value[] = "7";
	struct notice_field field = {key, value, false};
	const struct event_message event = {
	    .name = name, .fields = &field, .n_fields = 1};
	struct ready_message ready = {.need_us = 4000, .files = 1024};
	const struct member_message member = {
	    .worker = 1, .news = MEMBER_NEWS_LOST, .host = name, .why = value};
	const struct item item = {.kind = 2, .name = name, .bytes = 3};
	const struct final final = {.books = {.started = 5, .passed = 5}};
	struct snapshot s;
	uint64_t sequence = 0;

	for (size_t i = 0; i < FRAMES; i++)
		buf_init(&frames[i], MAX_BYTES);
	put_greeting(&frames[0]);
	make_hosts(&start.roster, (uint32_t[]) {1, 3}, (uint32_t[]) {2, 2}, 2);
	roster_copy(&ready.roster, &start.roster);
	assert_true(values_add(&start.values, "token", "secret"));
	wire_put_start(&frames[1], &start);
	wire_put_command(&frames[2], COMMAND_LEAVE);
	make_snapshot(&s, 2, 3);
	wire_put_snapshot(&frames[3], &s, &sequence);
	snapshot_clear(&s);
	wire_put_final(&frames[4], &final);
	wire_put_values(
	    &frames[5], &(struct errand_result) {.values = start.values});
	wire_put_event(&frames[6], &event);
	wire_put_users(&frames[7], -3);
	wire_put_item(&frames[8], &item);
	wire_put_bytes(&frames[9], "abc", 3);
	wire_put_prepare(&frames[10]);
	wire_put_member(&frames[11], &member);
	wire_put_ready(&frames[12], &ready);
	wire_put_ping(&frames[13], MESSAGE_PING, 7);
	wire_put_ping(&frames[14], MESSAGE_PONG, 7);
	start_clear(&start);
	ready_message_clear(&ready);
}

static void clear_frames(struct buf frames[FRAMES])
{
	for (size_t i = 0; i < FRAMES; i++)
		buf_clear(&frames[i]);
}

/* --- what arrives otherwise --------------------------------------------- */

static void every_truncation_of_every_frame_asks_for_more(void **state)
{
	struct buf frames[FRAMES];

	(void)state;
	make_frames(frames);
	for (size_t i = 0; i < FRAMES; i++) {
		for (size_t n = 0; n < buf_len(&frames[i]); n++) {
			enum message_type type;
			const char *why;
			struct buf part;
			size_t bytes;

			/* a piece of its own, so that ASan sees its end */
			buf_init(&part, MAX_BYTES);
			buf_put(&part, buf_bytes(&frames[i]), n);
			assert_int_equal(
			    wire_peek(&part, &type, &bytes, &why), WIRE_MORE);
			buf_clear(&part);
		}
	}
	clear_frames(frames);
}

/* Of bytes, which are no more and no less, any length is good. */
static bool is_any_length_good(const struct buf *frame)
{
	return buf_bytes(frame)[4] == MESSAGE_BYTES;
}

/* The payload is cut, and the header says so: nothing is missing, but the
 * message is none. */
static void every_shortened_payload_is_refused(void **state)
{
	struct buf frames[FRAMES];

	(void)state;
	make_frames(frames);
	for (size_t i = 0; i < FRAMES; i++) {
		size_t whole = buf_len(&frames[i]) - WIRE_HEADER_BYTES;

		for (size_t n = 0; n < whole && !is_any_length_good(&frames[i]);
		     n++) {
			const uint8_t *bytes = buf_bytes(&frames[i]);
			struct buf b;

			buf_init(&b, MAX_BYTES);
			buf_put_u32(&b, (uint32_t)n);
			buf_put(&b, bytes + 4, 1 + n);
			assert_false(take_any(&b, bytes[4]));
			buf_clear(&b);
		}
	}
	clear_frames(frames);
}

static void bytes_left_over_are_refused(void **state)
{
	struct buf frames[FRAMES];

	(void)state;
	make_frames(frames);
	for (size_t i = 0; i < FRAMES; i++) {
		uint8_t type = buf_bytes(&frames[i])[4];

		if (is_any_length_good(&frames[i]))
			continue;

		buf_put_u8(&frames[i], 0);
		frames[i].data[0]++;
		assert_false(take_any(&frames[i], type));
	}
	clear_frames(frames);
}

static void every_flipped_bit_is_decoded_or_refused(void **state)
{
	struct buf frames[FRAMES];

	(void)state;
	make_frames(frames);
	for (size_t i = 0; i < FRAMES; i++) {
		for (size_t bit = 0; bit < 8 * buf_len(&frames[i]); bit++) {
			enum message_type type;
			const char *why = NULL;
			enum wire_result found;
			struct buf b;
			size_t n;

			buf_init(&b, MAX_BYTES);
			buf_put(&b, buf_bytes(&frames[i]), buf_len(&frames[i]));
			b.data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
			found = wire_peek(&b, &type, &n, &why);
			if (found == WIRE_OK)
				take_any(&b, type);
			assert_true(found != WIRE_BAD || why);
			buf_clear(&b);
		}
	}
	clear_frames(frames);
}

static void assert_bad(const void *bytes, size_t n, const char *expected)
{
	enum message_type type;
	const char *why = "";
	struct buf b;
	size_t payload;

	buf_init(&b, MAX_BYTES);
	buf_put(&b, bytes, n);
	assert_int_equal(wire_peek(&b, &type, &payload, &why), WIRE_BAD);
	assert_non_null(strstr(why, expected));
	buf_clear(&b);
}

static void what_a_login_shell_prints_is_no_frame(void **state)
{
	(void)state;
	assert_bad("Welcome to box-1!\n", 18, "something else writes there");
	assert_bad("stty", 4, "not a message of loadgen");
}

static void a_frame_above_the_maximum_is_refused_by_its_length_alone(
    void **state)
{
	static const uint8_t just_above[] = {1, 0, 0x40, 0};

	(void)state;
	assert_bad(just_above, 4, "not a message of loadgen");
}

static void an_unknown_type_is_refused(void **state)
{
	(void)state;
	assert_bad("\1\0\0\0\0", 5, "unknown type");
	assert_bad("\1\0\0\0\20", 5, "unknown type");
	assert_bad("\1\0\0\0\377", 5, "unknown type");
}

static void a_length_that_its_type_cannot_have_is_refused(void **state)
{
	(void)state;
	assert_bad("\2\0\0\0\3", 5, "impossible length");
	assert_bad("\0\0\0\0\3", 5, "impossible length");
	assert_bad("\7\0\0\0\1", 5, "impossible length");
}

static void a_greeting_without_our_magic_is_refused(void **state)
{
	(void)state;
	assert_bad("\20\0\0\0\1HELO", 9, "greeting, but not of loadgen");
}

static void another_version_is_refused_and_told(void **state)
{
	const char *why = "";
	struct greeting g;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	put_greeting(&b);
	b.data[WIRE_HEADER_BYTES + 4] = 7;
	assert_frame(&b, MESSAGE_GREETING);
	assert_false(wire_get_greeting(&b, &g, &why));
	assert_int_equal(g.wire_version, 7);
	assert_null(g.host);
	assert_non_null(strstr(why, "another version"));
	greeting_clear(&g);
	buf_clear(&b);
}

static void a_start_for_a_worker_beyond_the_last_is_refused(void **state)
{
	struct start start = {.worker = 2};
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	roster_alike(&start.roster, 2);
	wire_put_start(&b, &start);
	assert_false(take_any(&b, MESSAGE_START));
	start_clear(&start);
	buf_clear(&b);
}

/* --- histograms that lie ------------------------------------------------ */

/* Whether a snapshot with this as a worker's lateness is believed. */
static bool is_believed(const struct hist *h)
{
	struct worker_count count = {.lateness = *h};
	struct snapshot in = {.counts = &count, .n_counts = 1};
	uint64_t sequence = 0;
	struct buf b;
	bool is_good;

	buf_init(&b, MAX_BYTES);
	wire_put_snapshot(&b, &in, &sequence);
	is_good = take_any(&b, MESSAGE_SNAPSHOT);
	buf_clear(&b);
	return is_good;
}

static void a_histogram_is_refused_when_its_numbers_contradict_its_buckets(
    void **state)
{
	struct hist h = {0};
	struct hist lie;

	(void)state;
	hist_record(&h, 100);
	hist_record(&h, 200);
	hist_record(&h, 200);
	assert_true(is_believed(&h));
#define ASSERT_LIE(field, value)                 \
	do {                                     \
		lie = h;                         \
		lie.field = (value);             \
		assert_false(is_believed(&lie)); \
	} while (0)
	ASSERT_LIE(count, 2);
	ASSERT_LIE(count, 4);
	ASSERT_LIE(count, UINT64_MAX);
	ASSERT_LIE(sum_us, 299);
	ASSERT_LIE(sum_us, 601);
	ASSERT_LIE(sum_us, UINT64_MAX);
	ASSERT_LIE(min_us, 99);
	ASSERT_LIE(min_us, 201);
	ASSERT_LIE(max_us, 99);
	ASSERT_LIE(max_us, UINT64_MAX);
	ASSERT_LIE(clamped, 4);
#undef ASSERT_LIE
	hist_clear(&h);
}

static void counts_that_wrap_to_the_right_sum_are_refused(void **state)
{
	struct hist h = {0};

	(void)state;
	hist_add_bucket(&h, 1, UINT64_MAX);
	hist_add_bucket(&h, 2, 3);
	h.count = 2;
	h.min_us = 1;
	h.max_us = 2;
	h.sum_us = 3;
	assert_false(is_believed(&h));
	hist_clear(&h);
}

static void buckets_out_of_order_are_refused(void **state)
{
	struct hist h = {0};
	struct hist_block swap;

	(void)state;
	hist_record(&h, 1);
	hist_record(&h, 100);
	assert_int_equal(h.n_blocks, 2);
	swap = h.blocks[0];
	h.blocks[0] = h.blocks[1];
	h.blocks[1] = swap;
	assert_false(is_believed(&h));
	hist_clear(&h);
}

static void a_row_is_refused_when_its_counts_contradict_each_other(void **state)
{
	struct snapshot in;
	uint64_t sequence = 0;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	make_snapshot(&in, 1, 5);
	/* one without a time has failed */
	in.table.rows[0]->requests = 6;
	in.table.rows[0]->failures = 0;
	wire_put_snapshot(&b, &in, &sequence);
	assert_false(take_any(&b, MESSAGE_SNAPSHOT));
	in.table.rows[0]->requests = 4;
	in.table.rows[0]->failures = 4;
	wire_put_snapshot(&b, &in, &sequence);
	assert_false(take_any(&b, MESSAGE_SNAPSHOT));
	in.table.rows[0]->requests = 5;
	in.table.rows[0]->failures = 6;
	wire_put_snapshot(&b, &in, &sequence);
	assert_false(take_any(&b, MESSAGE_SNAPSHOT));
	assert_int_equal(buf_len(&b), 0);
	snapshot_clear(&in);
	buf_clear(&b);
}

static void a_count_of_rows_above_the_maximum_is_refused(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	buf_put_u32(&b, 3 * 8 + 4 + 4 + 1000000);
	buf_put_u8(&b, MESSAGE_SNAPSHOT);
	for (int i = 0; i < 3; i++)
		buf_put_u64(&b, 1);
	buf_put_u32(&b, 1); /* the stage */
	buf_put_u32(&b, TABLE_MAX_ROWS + 2);
	for (int i = 0; i < 1000000; i++)
		buf_put_u8(&b, 0);
	assert_false(take_any(&b, MESSAGE_SNAPSHOT));
	buf_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_truncation_of_every_frame_asks_for_more),
	    cmocka_unit_test(every_shortened_payload_is_refused),
	    cmocka_unit_test(bytes_left_over_are_refused),
	    cmocka_unit_test(every_flipped_bit_is_decoded_or_refused),
	    cmocka_unit_test(what_a_login_shell_prints_is_no_frame),
	    cmocka_unit_test(
		a_frame_above_the_maximum_is_refused_by_its_length_alone),
	    cmocka_unit_test(an_unknown_type_is_refused),
	    cmocka_unit_test(a_length_that_its_type_cannot_have_is_refused),
	    cmocka_unit_test(a_greeting_without_our_magic_is_refused),
	    cmocka_unit_test(another_version_is_refused_and_told),
	    cmocka_unit_test(a_start_for_a_worker_beyond_the_last_is_refused),
	    cmocka_unit_test(
		a_histogram_is_refused_when_its_numbers_contradict_its_buckets),
	    cmocka_unit_test(counts_that_wrap_to_the_right_sum_are_refused),
	    cmocka_unit_test(buckets_out_of_order_are_refused),
	    cmocka_unit_test(
		a_row_is_refused_when_its_counts_contradict_each_other),
	    cmocka_unit_test(a_count_of_rows_above_the_maximum_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
