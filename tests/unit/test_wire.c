/*
 * Frames: what is put comes out whole, in one part or in many.
 */
#include "fleet/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/util.h"
#include "tests/unit/frames.h"
#include "tests/unit/rosters.h"
#include "tests/unit/sameness.h"

enum { MANY_ROWS = 10000 };

/* --- comparing ---------------------------------------------------------- */

static void assert_counts_equal(
    const struct snapshot *a, const struct snapshot *b)
{
	assert_int_equal(a->n_counts, b->n_counts);
	for (size_t i = 0; i < a->n_counts; i++) {
		const struct worker_count *x = &a->counts[i];
		const struct worker_count *y = &b->counts[i];

		assert_int_equal(x->worker, y->worker);
		assert_int_equal(x->users, y->users);
		assert_int_equal(x->most_users, y->most_users);
		assert_int_equal(x->jobs, y->jobs);
		assert_true(x->cpu_us == y->cpu_us && x->busy_us == y->busy_us);
		assert_true(books_equal(&x->books, &y->books));
		assert_hists_equal(&x->lateness, &y->lateness);
	}
}

/* --- round trips -------------------------------------------------------- */

static void a_greeting_comes_out_as_it_went_in(void **state)
{
	const char *why = "";
	struct greeting g;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	put_greeting(&b);
	assert_frame(&b, MESSAGE_GREETING);
	assert_true(wire_get_greeting(&b, &g, &why));
	assert_int_equal(g.wire_version, WIRE_VERSION);
	assert_int_equal(g.pid, 4711);
	assert_string_equal(g.host, host);
	assert_string_equal(g.version, version);
	assert_int_equal(buf_len(&b), 0);
	greeting_clear(&g);
	buf_clear(&b);
}

static void a_start_comes_out_as_it_went_in(void **state)
{
	struct start in = {.worker = 3,
	    .n_rows = 2,
	    .rows = {{3, 3}, {0, UINT64_MAX}},
	    .delay_us = UINT64_MAX,
	    .seed = UINT64_C(1) << 63,
	    .errand = ERRAND_TEARDOWN};
	const char *why = "";
	struct start out;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	make_hosts(&in.roster, (uint32_t[]) {1, 3}, (uint32_t[]) {2, 2}, 2);
	assert_true(values_add(&in.values, "token", "old"));
	assert_true(values_add(&in.values, "empty", ""));
	assert_true(values_add(&in.values, "token", "a b\n"));
	wire_put_start(&b, &in);
	assert_frame(&b, MESSAGE_START);
	assert_true(wire_get_start(&b, &out, &why));
	assert_int_equal(out.worker, 3);
	assert_int_equal(roster_workers(&out.roster), 4);
	assert_int_equal(out.roster.n, in.roster.n);
	assert_memory_equal(out.roster.parts, in.roster.parts,
	    in.roster.n * sizeof(*in.roster.parts));
	assert_int_equal(out.n_rows, 2);
	assert_true(out.rows[0].from == 3 && out.rows[0].upto == 3);
	assert_true(out.rows[1].from == 0 && out.rows[1].upto == UINT64_MAX);
	assert_true(out.delay_us == in.delay_us && out.seed == in.seed);
	assert_int_equal(out.errand, ERRAND_TEARDOWN);
	assert_int_equal(out.values.n, 2);
	assert_string_equal(out.values.at[0].name, "token");
	assert_string_equal(out.values.at[0].value, "a b\n");
	assert_string_equal(out.values.at[1].value, "");
	start_clear(&in);
	start_clear(&out);
	buf_clear(&b);
}

static void what_an_errand_found_comes_out_as_it_went_in(void **state)
{
	struct errand_result in = {.has_failed = true}, out;
	const char *why = "";
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	assert_true(values_add(&in.values, "id", "7"));
	wire_put_values(&b, &in);
	assert_frame(&b, MESSAGE_VALUES);
	assert_true(wire_get_values(&b, &out, &why));
	assert_true(out.has_failed);
	assert_int_equal(out.values.n, 1);
	assert_string_equal(out.values.at[0].value, "7");
	values_clear(&in.values);
	values_clear(&out.values);
	buf_clear(&b);
}

static void values_have_a_limit(void **state)
{
	struct wire_values values = {0};
	char *large = xcalloc(WIRE_MAX_VALUE, 1);

	(void)state;
	memset(large, 'x', WIRE_MAX_VALUE - 1);
	assert_false(values_add(&values, "name", large));
	large[WIRE_MAX_VALUE - 4] = '\0';
	assert_true(values_add(&values, "name", large));
	assert_false(values_add(&values, "x", ""));
	assert_int_equal(values.n, 1);
	values_clear(&values);
	free(large);
}

static void there_are_no_more_values_than_can_be_looked_for(void **state)
{
	struct wire_values values = {0};
	char name[16];

	(void)state;
	for (unsigned i = 0; i < WIRE_MAX_VALUES; i++) {
		snprintf(name, sizeof(name), "%u", i);
		assert_true(values_add(&values, name, ""));
	}
	assert_false(values_add(&values, "more", ""));
	assert_true(values_add(&values, "7", "again"));
	assert_int_equal(values.n, WIRE_MAX_VALUES);
	values_clear(&values);
}

static void an_event_comes_out_as_it_went_in(void **state)
{
	char name[] = "paid", key[] = "order", value[] = "7", other[] = "note";
	char text[] = "a \"b\"";
	struct notice_field fields[] = {
	    {key, value, true}, {other, text, false}};
	const struct event_message in = {.notice = NOTICE_EVENT,
	    .name = name,
	    .number = UINT64_MAX,
	    .fields = fields,
	    .n_fields = 2};
	struct event_message out;
	const char *why = "";
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	wire_put_event(&b, &in);
	assert_frame(&b, MESSAGE_EVENT);
	assert_true(wire_get_event(&b, &out, &why));
	assert_int_equal(out.notice, NOTICE_EVENT);
	assert_string_equal(out.name, "paid");
	assert_true(out.number == UINT64_MAX);
	assert_int_equal(out.n_fields, 2);
	assert_string_equal(out.fields[1].key, "note");
	assert_string_equal(out.fields[1].value, "a \"b\"");
	assert_true(out.fields[0].is_number && !out.fields[1].is_number);
	event_message_clear(&out);
	buf_clear(&b);
}

static void an_event_that_is_too_long_is_not_put(void **state)
{
	char *name = xcalloc(WIRE_MAX_TEXT + 2, 1);
	struct event_message in = {.name = name};
	struct buf b;

	(void)state;
	memset(name, 'x', WIRE_MAX_TEXT + 1);
	buf_init(&b, MAX_BYTES);
	wire_put_event(&b, &in);
	assert_true(b.full);
	assert_int_equal(buf_len(&b), 0);
	buf_clear(&b);
	free(name);
}

static void every_command_comes_out_as_it_went_in(void **state)
{
	const char *why = "";
	enum command command;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	for (unsigned i = 0; i < COMMANDS; i++)
		wire_put_command(&b, (enum command)i);
	assert_frame(&b, MESSAGE_COMMAND);
	for (unsigned i = 0; i < COMMANDS; i++) {
		assert_true(wire_get_command(&b, &command, &why));
		assert_int_equal(command, i);
	}
	buf_clear(&b);
}

static void users_come_out_as_they_went_in(void **state)
{
	static const int32_t numbers[] = {
	    0, 1, -1, 10, -WIRE_MAX_USERS, WIRE_MAX_USERS};
	const char *why = "";
	struct buf b;
	int32_t out;

	(void)state;
	buf_init(&b, MAX_BYTES);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		wire_put_users(&b, numbers[i]);
		assert_frame(&b, MESSAGE_USERS);
		assert_true(wire_get_users(&b, &out, &why));
		assert_int_equal(out, numbers[i]);
	}
	wire_put_users(&b, WIRE_MAX_USERS + 1);
	assert_false(wire_get_users(&b, &out, &why));
	buf_clear(&b);
}

static void a_final_comes_out_as_it_went_in(void **state)
{
	const struct final in = {
	    .books = {1, 2, 3, 4, 5, 6, 7, UINT64_MAX, 9, 10, 11, 12, 13, 14},
	    .snapshots = 77};
	const char *why = "";
	struct final out;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	wire_put_final(&b, &in);
	assert_frame(&b, MESSAGE_FINAL);
	assert_true(wire_get_final(&b, &out, &why));
	assert_true(books_equal(&in.books, &out.books));
	assert_int_equal(out.snapshots, 77);
	buf_clear(&b);
}

static void a_snapshot_comes_out_as_it_went_in(void **state)
{
	const char *why = "";
	struct snapshot in, out;
	uint64_t sequence = 41;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	make_snapshot(&in, 3, 200);
	wire_put_snapshot(&b, &in, &sequence);
	assert_int_equal(sequence, 42);
	assert_frame(&b, MESSAGE_SNAPSHOT);
	assert_true(wire_get_snapshot(&b, &out, &why));
	assert_true(out.is_last_part);
	assert_int_equal(out.sequence, 42);
	assert_int_equal(out.grid, in.grid);
	assert_int_equal(out.until_us, in.until_us);
	assert_int_equal(out.stage, in.stage);
	assert_false(out.is_aside);
	assert_hists_equal(&in.lag, &out.lag);
	assert_counts_equal(&in, &out);
	assert_tables_equal(&in.table, &out.table);
	assert_int_equal(buf_len(&b), 0);
	snapshot_clear(&in);
	snapshot_clear(&out);
	buf_clear(&b);
}

static void rows_without_requests_are_not_sent(void **state)
{
	const char *why = "";
	struct snapshot in, out;
	uint64_t sequence = 0;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	make_snapshot(&in, 3, 2);
	table_reset(&in.table);
	wire_put_snapshot(&b, &in, &sequence);
	assert_frame(&b, MESSAGE_SNAPSHOT);
	assert_true(wire_get_snapshot(&b, &out, &why));
	assert_int_equal(out.table.n_rows, 0);
	snapshot_clear(&in);
	snapshot_clear(&out);
	buf_clear(&b);
}

/* --- parts -------------------------------------------------------------- */

/* Takes all parts off b, as many workers as there are in `in`, and compares
 * their sum with it. */
static void assert_parts_make_up(
    struct buf *b, const struct snapshot *in, uint64_t before, uint64_t last)
{
	struct snapshot sum = {0};
	bool is_last = false;

	sum.counts = xcalloc(in->n_counts + 1, sizeof(*sum.counts));
	while (buf_len(b) > 0) {
		const char *why = "";
		struct snapshot part;

		assert_false(is_last);
		assert_frame(b, MESSAGE_SNAPSHOT);
		assert_true(wire_get_snapshot(b, &part, &why));
		assert_int_equal(part.sequence, ++before);
		assert_int_equal(part.grid, in->grid);
		assert_int_equal(part.stage, in->stage);
		is_last = part.is_last_part;
		table_merge(&sum.table, &part.table);
		hist_merge(&sum.lag, &part.lag);
		assert_in_range(sum.n_counts + part.n_counts, 0, in->n_counts);
		for (size_t i = 0; i < part.n_counts; i++) {
			sum.counts[sum.n_counts++] = part.counts[i];
			part.counts[i].lateness = (struct hist) {0};
		}
		snapshot_clear(&part);
	}
	assert_true(is_last);
	assert_int_equal(before, last);
	assert_hists_equal(&sum.lag, &in->lag);
	assert_counts_equal(&sum, in);
	assert_tables_equal(&sum.table, &in->table);
	snapshot_clear(&sum);
}

static void the_parts_of_many_rows_merge_to_the_whole(void **state)
{
	struct snapshot in;
	uint64_t sequence = 5;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	make_snapshot(&in, MANY_ROWS, 3);
	wire_put_snapshot(&b, &in, &sequence);
	assert_false(b.full);
	assert_true(sequence > 6);
	assert_parts_make_up(&b, &in, 5, sequence);
	snapshot_clear(&in);
	buf_clear(&b);
}

static void the_parts_of_many_workers_make_up_all_of_them(void **state)
{
	enum { WORKERS = 10000 };
	struct snapshot in;
	uint64_t sequence = 0;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	make_snapshot(&in, MANY_ROWS, 1);
	hist_clear(&in.counts[0].lateness);
	free(in.counts);
	add_counts(&in, WORKERS);
	wire_put_snapshot(&b, &in, &sequence);
	assert_false(b.full);
	assert_true(buf_len(&b) > 2 * WIRE_PART_BYTES);
	assert_parts_make_up(&b, &in, 0, sequence);
	snapshot_clear(&in);
	buf_clear(&b);
}

static void what_stands_aside_has_no_last_part(void **state)
{
	const char *why = "";
	struct snapshot in, out;
	uint64_t sequence = 0;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	make_snapshot(&in, 2, 2);
	in.is_aside = true;
	in.stage = 0;
	wire_put_snapshot(&b, &in, &sequence);
	assert_true(wire_get_snapshot(&b, &out, &why));
	assert_true(out.is_aside);
	assert_false(out.is_last_part);
	assert_int_equal(out.stage, 0);
	assert_hists_equal(&in.lag, &out.lag);
	snapshot_clear(&in);
	snapshot_clear(&out);
	buf_clear(&b);
}

static void a_table_with_more_names_than_fit_travels_whole(void **state)
{
	const char *why = "";
	struct snapshot in = {0};
	struct table sum = {0};
	uint64_t sequence = 0;
	struct rng rng;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	rng_init(&rng, 1, 1);
	for (unsigned i = 0; i < TABLE_MAX_ROWS + 100; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%u", i);
		record(&in.table, &rng, name);
	}
	wire_put_snapshot(&b, &in, &sequence);
	while (buf_len(&b) > 0) {
		struct snapshot part;

		assert_true(wire_get_snapshot(&b, &part, &why));
		table_merge(&sum, &part.table);
		snapshot_clear(&part);
	}
	assert_tables_equal(&sum, &in.table);
	table_clear(&sum);
	snapshot_clear(&in);
	buf_clear(&b);
}

/* Every bucket used in every histogram, names as long as they may be. */
static void the_largest_possible_row_fits_into_a_frame(void **state)
{
	struct snapshot in = {0};
	char *name = xcalloc(WIRE_MAX_TEXT + 1, 1);
	uint64_t sequence = 0;
	struct buf b;
	struct row *row;

	(void)state;
	memset(name, 'x', WIRE_MAX_TEXT);
	buf_init(&b, MAX_BYTES);
	row = table_row(&in.table, name, name);
	add_counts(&in, 1);
	hist_clear(&in.counts[0].lateness);
	for (uint32_t i = 0; i <= hist_bucket(HIST_MAX_US); i++) {
		struct sample s = {.phases = (1U << PHASES) - 1};

		s.response_us = hist_bucket_us(i);
		for (size_t k = 0; k < PHASES; k++)
			s.phase_us[k] = s.response_us;
		hist_record(&in.lag, s.response_us);
		hist_record(&in.counts[0].lateness, s.response_us);
		table_record(&in.table, row, &s);
	}
	wire_put_snapshot(&b, &in, &sequence);
	assert_parts_make_up(&b, &in, 0, sequence);
	snapshot_clear(&in);
	free(name);
	buf_clear(&b);
}

static void a_snapshot_that_does_not_fit_leaves_everything_as_it_was(
    void **state)
{
	struct snapshot in;
	uint64_t sequence = 9;
	size_t before;
	struct buf b;

	(void)state;
	/* room for some of its parts, not for all */
	buf_init(&b, WIRE_PART_BYTES + WIRE_PART_BYTES / 4);
	make_snapshot(&in, MANY_ROWS, 3);
	put_greeting(&b);
	before = buf_len(&b);
	wire_put_snapshot(&b, &in, &sequence);
	assert_true(b.full);
	assert_int_equal(sequence, 9);
	assert_int_equal(buf_len(&b), before);
	assert_frame(&b, MESSAGE_GREETING);
	b.full = false;
	table_reset(&in.table);
	wire_put_snapshot(&b, &in, &sequence);
	assert_false(b.full);
	assert_int_equal(sequence, 10);
	snapshot_clear(&in);
	buf_clear(&b);
}

static void a_long_text_is_cut_between_two_characters(void **state)
{
	const char *why = "";
	char *name = xcalloc(2 * WIRE_MAX_TEXT + 1, 1);
	struct greeting in = {.host = name, .version = version};
	struct greeting out;
	struct buf b;

	(void)state;
	name[0] = 'x';
	for (size_t i = 1; i + 1 < 2 * WIRE_MAX_TEXT; i += 2)
		memcpy(name + i, "\xc3\xbc", 2);
	buf_init(&b, MAX_BYTES);
	wire_put_greeting(&b, &in);
	assert_frame(&b, MESSAGE_GREETING);
	assert_true(wire_get_greeting(&b, &out, &why));
	assert_int_equal(strlen(out.host), WIRE_MAX_TEXT - 1);
	assert_memory_equal(out.host, name, WIRE_MAX_TEXT - 1);
	greeting_clear(&out);
	free(name);
	buf_clear(&b);
}

static void rows_whose_names_are_the_same_when_cut_are_added_up(void **state)
{
	const char *why = "";
	char *name = xcalloc(WIRE_MAX_TEXT + 3, 1);
	struct snapshot in = {0}, out;
	uint64_t sequence = 0;
	struct rng rng;
	struct buf b;

	(void)state;
	rng_init(&rng, 1, 1);
	memset(name, 'x', WIRE_MAX_TEXT);
	for (char c = 'a'; c < 'e'; c++) {
		name[WIRE_MAX_TEXT] = c;
		record(&in.table, &rng, name);
	}
	buf_init(&b, MAX_BYTES);
	wire_put_snapshot(&b, &in, &sequence);
	assert_true(wire_get_snapshot(&b, &out, &why));
	assert_int_equal(out.table.n_rows, 1);
	assert_int_equal(out.table.rows[0]->requests, 4);
	snapshot_clear(&in);
	snapshot_clear(&out);
	free(name);
	buf_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_greeting_comes_out_as_it_went_in),
	    cmocka_unit_test(a_start_comes_out_as_it_went_in),
	    cmocka_unit_test(what_an_errand_found_comes_out_as_it_went_in),
	    cmocka_unit_test(values_have_a_limit),
	    cmocka_unit_test(there_are_no_more_values_than_can_be_looked_for),
	    cmocka_unit_test(an_event_comes_out_as_it_went_in),
	    cmocka_unit_test(an_event_that_is_too_long_is_not_put),
	    cmocka_unit_test(every_command_comes_out_as_it_went_in),
	    cmocka_unit_test(users_come_out_as_they_went_in),
	    cmocka_unit_test(a_final_comes_out_as_it_went_in),
	    cmocka_unit_test(a_snapshot_comes_out_as_it_went_in),
	    cmocka_unit_test(rows_without_requests_are_not_sent),
	    cmocka_unit_test(the_parts_of_many_rows_merge_to_the_whole),
	    cmocka_unit_test(the_parts_of_many_workers_make_up_all_of_them),
	    cmocka_unit_test(what_stands_aside_has_no_last_part),
	    cmocka_unit_test(a_table_with_more_names_than_fit_travels_whole),
	    cmocka_unit_test(the_largest_possible_row_fits_into_a_frame),
	    cmocka_unit_test(
		a_snapshot_that_does_not_fit_leaves_everything_as_it_was),
	    cmocka_unit_test(a_long_text_is_cut_between_two_characters),
	    cmocka_unit_test(
		rows_whose_names_are_the_same_when_cut_are_added_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
