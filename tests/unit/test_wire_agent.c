/*
 * Messages with an agent: what is put comes out whole, and what cannot be meant
 * is refused.
 */
#include "fleet/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "tests/unit/frames.h"
#include "tests/unit/rosters.h"

/* --- round trips -------------------------------------------------------- */

static void an_item_comes_out_as_it_went_in(void **state)
{
	char name[] = "data/people \"1\".csv", none[] = "";
	const struct item items[] = {{.kind = 255, .name = name, .bytes = 5},
	    {.kind = 0, .name = none, .bytes = UINT64_MAX}};
	const char *why = "";
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	for (size_t i = 0; i < ARRAY_LEN(items); i++) {
		struct item out;

		wire_put_item(&b, &items[i]);
		assert_frame(&b, MESSAGE_ITEM);
		assert_true(wire_get_item(&b, &out, &why));
		assert_int_equal(out.kind, items[i].kind);
		assert_string_equal(out.name, items[i].name);
		assert_true(out.bytes == items[i].bytes);
		item_clear(&out);
	}
	buf_clear(&b);
}

static void bytes_come_out_behind_what_is_there(void **state)
{
	uint8_t *many = xcalloc(WIRE_PART_BYTES, 1);
	const char *why = "";
	struct buf b, out;

	(void)state;
	buf_init(&b, MAX_BYTES);
	buf_init(&out, MAX_BYTES);
	many[WIRE_PART_BYTES - 1] = 7;
	wire_put_bytes(&b, "ab\0", 3);
	wire_put_bytes(&b, many, WIRE_PART_BYTES);
	assert_frame(&b, MESSAGE_BYTES);
	assert_true(wire_get_bytes(&b, &out, &why));
	assert_frame(&b, MESSAGE_BYTES);
	assert_true(wire_get_bytes(&b, &out, &why));
	assert_int_equal(buf_len(&out), 3 + WIRE_PART_BYTES);
	assert_memory_equal(buf_bytes(&out), "ab\0", 3);
	assert_memory_equal(buf_bytes(&out) + 3, many, WIRE_PART_BYTES);
	buf_clear(&out);
	buf_clear(&b);
	free(many);
}

static void news_of_workers_come_out_as_they_went_in(void **state)
{
	char name[] = "n1", reason[] = "killed by SIGKILL";
	const struct member_message in[] = {
	    {.worker = 3, .news = MEMBER_NEWS_UP, .pid = 77, .host = name},
	    {.worker = ROSTER_MAX_WORKERS - 1,
		.news = MEMBER_NEWS_DONE,
		.books = {.started = 5, .passed = 5}},
	    {.news = MEMBER_NEWS_LOST, .why = reason}};
	const char *why = "";
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	for (size_t i = 0; i < ARRAY_LEN(in); i++) {
		const char *host_then = in[i].host != NULL ? in[i].host : "";
		const char *why_then = in[i].why != NULL ? in[i].why : "";
		struct member_message out;

		wire_put_member(&b, &in[i]);
		assert_frame(&b, MESSAGE_MEMBER);
		assert_true(wire_get_member(&b, &out, &why));
		assert_int_equal(out.worker, in[i].worker);
		assert_int_equal(out.news, in[i].news);
		assert_int_equal(out.pid, in[i].pid);
		assert_string_equal(out.host, host_then);
		assert_string_equal(out.why, why_then);
		assert_true(books_equal(&out.books, &in[i].books));
		member_message_clear(&out);
	}
	buf_clear(&b);
}

static void who_is_ready_comes_out_with_all_its_workers(void **state)
{
	static const uint32_t weights[] = {1, ROSTER_MAX_WEIGHT, 3};
	static const uint32_t workers[] = {4, 1, 2};
	struct ready_message in = {.readiness = READY_TO_START,
	    .need_us = WIRE_MAX_NEED_US,
	    .files = UINT64_MAX};
	struct ready_message out;
	const char *why = "";
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	make_hosts(&in.roster, weights, workers, 3);
	wire_put_ready(&b, &in);
	assert_frame(&b, MESSAGE_READY);
	assert_true(wire_get_ready(&b, &out, &why));
	assert_int_equal(out.readiness, READY_TO_START);
	assert_true(out.need_us == in.need_us && out.files == in.files);
	assert_int_equal(out.roster.n, in.roster.n);
	assert_memory_equal(out.roster.parts, in.roster.parts,
	    in.roster.n * sizeof(*in.roster.parts));
	ready_message_clear(&in);
	ready_message_clear(&out);
	buf_clear(&b);
}

static void who_is_not_ready_says_why_and_has_nobody(void **state)
{
	char text[] = "plan.ini:3: what";
	struct ready_message in = {.why = text};
	struct ready_message out;
	const char *why = "";
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	for (unsigned i = READY_TO_START + 1; i < READINESSES; i++) {
		in.readiness = (enum readiness)i;
		wire_put_ready(&b, &in);
		assert_true(wire_get_ready(&b, &out, &why));
		assert_int_equal(out.readiness, i);
		assert_string_equal(out.why, text);
		assert_int_equal(out.roster.n, 0);
		ready_message_clear(&out);
	}
	buf_clear(&b);
}

static void pings_and_pongs_are_told_apart(void **state)
{
	const char *why = "";
	uint64_t number;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	wire_put_ping(&b, MESSAGE_PING, UINT64_MAX);
	assert_frame(&b, MESSAGE_PING);
	assert_false(wire_get_ping(&b, MESSAGE_PONG, &number, &why));
	assert_true(wire_get_ping(&b, MESSAGE_PING, &number, &why));
	assert_true(number == UINT64_MAX);
	wire_put_ping(&b, MESSAGE_PONG, 3);
	assert_true(wire_get_ping(&b, MESSAGE_PONG, &number, &why));
	assert_int_equal(number, 3);
	wire_put_prepare(&b);
	assert_true(wire_get_prepare(&b, &why));
	assert_int_equal(buf_len(&b), 0);
	buf_clear(&b);
}

/* --- what cannot be meant ----------------------------------------------- */

/* Whether who says this is believed. */
static bool is_ready_believed(const struct ready_message *ready)
{
	struct ready_message out;
	const char *why = "";
	struct buf b;
	bool is_good;

	buf_init(&b, MAX_BYTES);
	wire_put_ready(&b, ready);
	is_good = wire_get_ready(&b, &out, &why);
	assert_int_equal(buf_len(&b), 0);
	assert_true(is_good || why[0] != '\0');
	assert_true(is_good || (out.why == NULL && out.roster.parts == NULL));
	ready_message_clear(&out);
	buf_clear(&b);
	return is_good;
}

static void who_is_ready_without_sound_workers_is_refused(void **state)
{
	struct ready_message ready = {.readiness = READY_TO_START};

	(void)state;
	assert_false(is_ready_believed(&ready));
	roster_alike(&ready.roster, 3);
	assert_true(is_ready_believed(&ready));
	ready.roster.parts[0].workers = 0;
	assert_false(is_ready_believed(&ready));
	ready.roster.parts[0].workers = ROSTER_MAX_WORKERS + 1;
	assert_false(is_ready_believed(&ready));
	ready.roster.parts[0].workers = 3;
	ready.roster.parts[0].parts = 1;
	assert_false(is_ready_believed(&ready));
	ready.readiness = READY_REFUSED;
	assert_false(is_ready_believed(&ready));
	ready_message_clear(&ready);
}

static void ready_beyond_its_limits_is_refused(void **state)
{
	struct ready_message ready = {
	    .readiness = READY_TO_START, .need_us = WIRE_MAX_NEED_US};

	(void)state;
	roster_alike(&ready.roster, 3);
	assert_true(is_ready_believed(&ready));
	ready.need_us++;
	assert_false(is_ready_believed(&ready));
	ready.need_us = UINT64_MAX;
	assert_false(is_ready_believed(&ready));
	ready.need_us = 0;
	ready.readiness = READINESSES;
	assert_false(is_ready_believed(&ready));
	ready_message_clear(&ready);
}

static void a_roster_of_too_many_parts_is_refused_before_it_is_read(
    void **state)
{
	struct ready_message out;
	const char *why = "";
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	buf_put_u32(&b, 1 + 4 + 4 + 8 + 8);
	buf_put_u8(&b, MESSAGE_READY);
	buf_put_u8(&b, READY_TO_START);
	buf_put_u32(&b, 0);
	buf_put_u32(&b, ROSTER_MAX_PARTS + 1);
	buf_put_u64(&b, 0);
	buf_put_u64(&b, 0);
	assert_false(wire_get_ready(&b, &out, &why));
	assert_int_equal(buf_len(&b), 0);
	buf_clear(&b);
}

static void news_that_are_none_are_refused(void **state)
{
	struct member_message in = {.worker = ROSTER_MAX_WORKERS}, out;
	const char *why = "";
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	wire_put_member(&b, &in);
	assert_false(wire_get_member(&b, &out, &why));
	in.worker = 0;
	in.news = MEMBER_NEWS;
	wire_put_member(&b, &in);
	assert_false(wire_get_member(&b, &out, &why));
	assert_null(out.host);
	assert_int_equal(buf_len(&b), 0);
	buf_clear(&b);
}

static void rows_that_end_before_they_begin_are_refused(void **state)
{
	struct start in = {.n_rows = 1, .rows = {{4, 3}}}, out;
	const char *why = "";
	struct buf b;

	(void)state;
	roster_alike(&in.roster, 1);
	buf_init(&b, MAX_BYTES);
	wire_put_start(&b, &in);
	assert_false(wire_get_start(&b, &out, &why));
	assert_null(out.roster.parts);
	in.rows[0].upto = 4;
	wire_put_start(&b, &in);
	assert_true(wire_get_start(&b, &out, &why));
	start_clear(&out);
	start_clear(&in);
	buf_clear(&b);
}

static void more_rows_than_there_can_be_are_refused(void **state)
{
	struct start in = {.n_rows = WIRE_MAX_RANGES}, out;
	const char *why = "";
	struct buf b;
	size_t at;

	(void)state;
	roster_alike(&in.roster, 1);
	buf_init(&b, MAX_BYTES);
	wire_put_start(&b, &in);
	at = buf_len(&b) - WIRE_MAX_RANGES * 16 - 4;
	assert_int_equal(b.data[at], WIRE_MAX_RANGES);
	b.data[at]++;
	assert_false(wire_get_start(&b, &out, &why));
	wire_put_start(&b, &in);
	assert_true(wire_get_start(&b, &out, &why));
	assert_int_equal(out.n_rows, WIRE_MAX_RANGES);
	start_clear(&out);
	start_clear(&in);
	buf_clear(&b);
}

/* --- workers that count too much ---------------------------------------- */

static bool is_count_believed(const struct worker_count *count)
{
	struct worker_count copy = *count;
	struct snapshot in = {.counts = &copy, .n_counts = 1}, out;
	uint64_t sequence = 0;
	const char *why = "";
	struct buf b;
	bool is_good;

	buf_init(&b, MAX_BYTES);
	wire_put_snapshot(&b, &in, &sequence);
	is_good = wire_get_snapshot(&b, &out, &why);
	assert_int_equal(buf_len(&b), 0);
	snapshot_clear(&out);
	buf_clear(&b);
	return is_good;
}

static void a_worker_that_counts_more_than_it_can_is_refused(void **state)
{
	struct worker_count count;

	(void)state;
	make_count(&count, 0);
	assert_true(is_count_believed(&count));
#define ASSERT_LIE(field, value)                       \
	do {                                           \
		struct worker_count lie = count;       \
		lie.field = (value);                   \
		assert_false(is_count_believed(&lie)); \
	} while (0)
	ASSERT_LIE(worker, ROSTER_MAX_WORKERS);
	ASSERT_LIE(users, WIRE_MAX_USERS + 1);
	ASSERT_LIE(most_users, UINT32_MAX);
	ASSERT_LIE(jobs, UINT32_MAX);
	ASSERT_LIE(cpu_us, UINT64_MAX);
	ASSERT_LIE(busy_us, UINT64_MAX);
	ASSERT_LIE(books.started, UINT64_MAX);
	ASSERT_LIE(books.dropped, UINT64_C(1) << 60);
#undef ASSERT_LIE
	hist_clear(&count.lateness);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_item_comes_out_as_it_went_in),
	    cmocka_unit_test(bytes_come_out_behind_what_is_there),
	    cmocka_unit_test(news_of_workers_come_out_as_they_went_in),
	    cmocka_unit_test(who_is_ready_comes_out_with_all_its_workers),
	    cmocka_unit_test(who_is_not_ready_says_why_and_has_nobody),
	    cmocka_unit_test(pings_and_pongs_are_told_apart),
	    cmocka_unit_test(who_is_ready_without_sound_workers_is_refused),
	    cmocka_unit_test(ready_beyond_its_limits_is_refused),
	    cmocka_unit_test(
		a_roster_of_too_many_parts_is_refused_before_it_is_read),
	    cmocka_unit_test(news_that_are_none_are_refused),
	    cmocka_unit_test(rows_that_end_before_they_begin_are_refused),
	    cmocka_unit_test(more_rows_than_there_can_be_are_refused),
	    cmocka_unit_test(a_worker_that_counts_more_than_it_can_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
