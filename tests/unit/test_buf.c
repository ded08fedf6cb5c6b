/*
 * The bounded buffer: what goes in comes out, nothing above the maximum, and
 * both flags stay until they are looked at.
 */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/util.h"

/* --- numbers and texts -------------------------------------------------- */

static void numbers_come_out_as_they_went_in(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_put_u8(&b, 0xfe);
	buf_put_u32(&b, 0xfedcba98);
	buf_put_u64(&b, UINT64_C(0xfedcba9876543210));
	assert_int_equal(buf_len(&b), 1 + 4 + 8);
	assert_int_equal(buf_get_u8(&b), 0xfe);
	assert_int_equal(buf_get_u32(&b), 0xfedcba98);
	assert_true(buf_get_u64(&b) == UINT64_C(0xfedcba9876543210));
	assert_int_equal(buf_len(&b), 0);
	assert_false(b.full || b.short_read);
	buf_clear(&b);
}

static void numbers_are_little_endian(void **state)
{
	static const uint8_t bytes[] = {0x04, 0x03, 0x02, 0x01};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_put_u32(&b, 0x01020304);
	assert_int_equal(buf_len(&b), sizeof(bytes));
	assert_memory_equal(buf_bytes(&b), bytes, sizeof(bytes));
	buf_clear(&b);
}

static void varints_take_as_few_bytes_as_they_can(void **state)
{
	static const struct {
		uint64_t v;
		size_t bytes;
	} cases[] = {{0, 1}, {0x7f, 1}, {0x80, 2}, {0x3fff, 2}, {0x4000, 3},
	    {UINT64_C(1) << 62, 9}, {UINT64_C(1) << 63, 10}, {UINT64_MAX, 10}};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_put_varint(&b, cases[i].v);
		assert_int_equal(buf_len(&b), cases[i].bytes);
		assert_true(buf_get_varint(&b) == cases[i].v);
		assert_int_equal(buf_len(&b), 0);
	}
	assert_false(b.full || b.short_read);
	buf_clear(&b);
}

static void varints_that_are_cut_or_too_long_are_short(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} cases[] = {{"", 0}, {"\x80", 1}, {"\x80\x00", 2},
	    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10},
	    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_reset(&b);
		buf_put(&b, cases[i].bytes, cases[i].n);
		assert_true(buf_get_varint(&b) == 0);
		assert_true(b.short_read);
		assert_int_equal(buf_len(&b), cases[i].n);
	}
	buf_clear(&b);
}

static void what_is_trimmed_keeps_its_bytes_and_can_grow_again(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5000);
	for (int i = 0; i < 4000; i++)
		buf_putc(&b, 'x');
	buf_puts(&b, "abc");
	buf_consume(&b, 4000);
	buf_trim(&b);
	assert_int_equal(b.cap, 3);
	buf_puts(&b, "de");
	assert_string_equal(buf_text(&b), "abcde");
	buf_consume(&b, 5);
	buf_trim(&b);
	assert_int_equal(b.cap, 0);
	buf_puts(&b, "f");
	assert_string_equal(buf_text(&b), "f");
	buf_clear(&b);
}

static void texts_come_out_as_they_went_in(void **state)
{
	struct buf b;
	char *empty;
	char *word;

	(void)state;
	buf_init(&b, 100);
	buf_put_str(&b, "");
	buf_put_str(&b, "gr\xc3\xbc\xc3\x9f");
	empty = buf_get_str(&b, 0);
	word = buf_get_str(&b, 6);
	assert_string_equal(empty, "");
	assert_string_equal(word, "gr\xc3\xbc\xc3\x9f");
	free(empty);
	free(word);
	buf_clear(&b);
}

static void assert_text_is_refused(struct buf *b, size_t max_bytes)
{
	assert_null(buf_get_str(b, max_bytes));
	assert_true(b->short_read);
	buf_clear(b);
}

static void a_text_above_its_maximum_is_refused(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_put_str(&b, "four");
	assert_text_is_refused(&b, 3);
}

static void a_text_longer_than_what_is_there_is_refused(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_put_u32(&b, UINT32_MAX);
	buf_puts(&b, "abc");
	assert_text_is_refused(&b, SIZE_MAX);
}

static void a_text_with_a_nul_in_it_is_refused(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_put_u32(&b, 3);
	buf_put(&b, "a\0b", 3);
	assert_text_is_refused(&b, 100);
}

static void as_text_it_ends_with_a_nul_that_is_not_counted(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 6);
	assert_string_equal(buf_text(&b), "");
	buf_printf(&b, "%s-%d", "abc", 12);
	assert_string_equal(buf_text(&b), "abc-12");
	assert_int_equal(buf_len(&b), 6);
	assert_false(b.full);
	buf_consume(&b, 4);
	buf_putc(&b, '3');
	assert_string_equal(buf_text(&b), "123");
	buf_clear(&b);
}

/* --- limits ------------------------------------------------------------- */

static void a_put_that_does_not_fit_writes_nothing_and_none_after_it(
    void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_puts(&b, "abc");
	buf_puts(&b, "de");
	assert_true(b.full);
	buf_puts(&b, "f");
	buf_printf(&b, "%d", 1);
	buf_put_u8(&b, 1);
	assert_null(buf_reserve(&b, 1));
	assert_string_equal(buf_text(&b), "abc");
	buf_reset(&b);
	assert_false(b.full);
	buf_puts(&b, "wxyz");
	assert_string_equal(buf_text(&b), "wxyz");
	buf_clear(&b);
}

static void printf_above_the_maximum_writes_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_printf(&b, "%s", "abcde");
	assert_true(b.full);
	assert_string_equal(buf_text(&b), "");
	buf_clear(&b);
}

static void a_get_that_wants_too_much_gives_zero_and_so_does_every_later_one(
    void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_put_u8(&b, 1);
	buf_put_u8(&b, 1);
	assert_int_equal(buf_get_u32(&b), 0);
	assert_true(b.short_read);
	assert_int_equal(buf_get_u8(&b), 0);
	assert_null(buf_get_str(&b, 10));
	buf_clear(&b);
}

static void a_length_near_the_largest_does_not_wrap(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_puts(&b, "abc");
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_null(buf_reserve(&b, SIZE_MAX - 2));
	assert_int_equal(buf_len(&b), 3);
	buf_clear(&b);
}

static void room_that_was_consumed_is_used_again(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_put_u64(&b, 0);
	for (uint64_t i = 1; i < 100000; i++) {
		buf_put_u64(&b, i);
		assert_true(buf_get_u64(&b) == i - 1);
	}
	assert_false(b.full);
	assert_in_range(b.cap, 16, 1001);
	buf_clear(&b);
}

/* A plain model of what the buffer does: an array that is never moved. */
static void any_order_of_puts_and_gets_keeps_the_order_of_bytes(void **state)
{
	static uint8_t said[1 << 20];
	struct rng rng;
	struct buf b;
	size_t in = 0;
	size_t out = 0;

	(void)state;
	rng_init(&rng, 1, 1);
	for (size_t i = 0; i < sizeof(said); i++)
		said[i] = (uint8_t)rng_next(&rng);
	buf_init(&b, 5000);
	while (in + 3000 < sizeof(said)) {
		size_t n = rng_below(&rng, 3000);

		if (n <= 5000 - (in - out)) {
			buf_put(&b, said + in, n);
			in += n;
		}
		n = rng_below(&rng, in - out + 1);
		assert_memory_equal(buf_bytes(&b), said + out, in - out);
		buf_consume(&b, n);
		out += n;
		assert_int_equal(buf_len(&b), in - out);
	}
	assert_false(b.full);
	buf_clear(&b);
}

static void reserved_room_is_written_in_place(void **state)
{
	struct buf b;
	uint8_t *room;

	(void)state;
	buf_init(&b, 10);
	buf_puts(&b, "ab");
	room = buf_reserve(&b, 8);
	assert_non_null(room);
	memcpy(room, "cde", 3);
	buf_wrote(&b, 3);
	assert_string_equal(buf_text(&b), "abcde");
	assert_null(buf_reserve(&b, 6));
	buf_clear(&b);
}

static void clearing_twice_is_fine_and_it_can_be_used_again(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 3);
	buf_puts(&b, "abc");
	buf_clear(&b);
	buf_clear(&b);
	assert_int_equal(buf_len(&b), 0);
	buf_puts(&b, "xyz");
	assert_string_equal(buf_text(&b), "xyz");
	buf_clear(&b);
}

static void what_is_cut_keeps_whole_characters(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	buf_puts(&b, "ab\xc3\xa9z");
	buf_cut(&b, 9);
	assert_string_equal(buf_text(&b), "ab\xc3\xa9z");
	buf_cut(&b, 3);
	assert_string_equal(buf_text(&b), "ab");
	buf_puts(&b, "...");
	assert_string_equal(buf_text(&b), "ab...");
	buf_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_cut_keeps_whole_characters),
	    cmocka_unit_test(numbers_come_out_as_they_went_in),
	    cmocka_unit_test(numbers_are_little_endian),
	    cmocka_unit_test(varints_take_as_few_bytes_as_they_can),
	    cmocka_unit_test(varints_that_are_cut_or_too_long_are_short),
	    cmocka_unit_test(
		what_is_trimmed_keeps_its_bytes_and_can_grow_again),
	    cmocka_unit_test(texts_come_out_as_they_went_in),
	    cmocka_unit_test(a_text_above_its_maximum_is_refused),
	    cmocka_unit_test(a_text_longer_than_what_is_there_is_refused),
	    cmocka_unit_test(a_text_with_a_nul_in_it_is_refused),
	    cmocka_unit_test(as_text_it_ends_with_a_nul_that_is_not_counted),
	    cmocka_unit_test(
		a_put_that_does_not_fit_writes_nothing_and_none_after_it),
	    cmocka_unit_test(printf_above_the_maximum_writes_nothing),
	    cmocka_unit_test(
		a_get_that_wants_too_much_gives_zero_and_so_does_every_later_one),
	    cmocka_unit_test(a_length_near_the_largest_does_not_wrap),
	    cmocka_unit_test(room_that_was_consumed_is_used_again),
	    cmocka_unit_test(
		any_order_of_puts_and_gets_keeps_the_order_of_bytes),
	    cmocka_unit_test(reserved_room_is_written_in_place),
	    cmocka_unit_test(clearing_twice_is_fine_and_it_can_be_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
