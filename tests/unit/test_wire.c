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

enum { MANY_ROWS = 10000 };

/* --- comparing ---------------------------------------------------------- */

static void assert_hists_equal(const struct hist *a, const struct hist *b)
{
	assert_true(a->count == b->count && a->sum_us == b->sum_us);
	assert_true(a->min_us == b->min_us && a->max_us == b->max_us);
	assert_true(a->clamped == b->clamped);
	assert_int_equal(a->n_blocks, b->n_blocks);
	if (a->n_blocks > 0)
		assert_memory_equal(
		    a->blocks, b->blocks, a->n_blocks * sizeof(*a->blocks));
}

static void assert_rows_equal(const struct table *a, const struct table *b)
{
	size_t n_a, n_b;
	struct row **rows_a = table_sorted_rows(a, &n_a);
	struct row **rows_b = table_sorted_rows(b, &n_b);

	assert_int_equal(n_a, n_b);
	for (size_t i = 0; i < n_a; i++) {
		assert_string_equal(rows_a[i]->type, rows_b[i]->type);
		assert_string_equal(rows_a[i]->name, rows_b[i]->name);
		assert_true(rows_a[i]->requests == rows_b[i]->requests);
		assert_true(rows_a[i]->failures == rows_b[i]->failures);
		assert_true(rows_a[i]->body_bytes == rows_b[i]->body_bytes);
		assert_hists_equal(&rows_a[i]->response, &rows_b[i]->response);
		for (size_t k = 0; k < PHASES; k++)
			assert_hists_equal(
			    &rows_a[i]->phases[k], &rows_b[i]->phases[k]);
	}
	free(rows_a);
	free(rows_b);
}

static void assert_tables_equal(const struct table *a, const struct table *b)
{
	size_t n_a, n_b;
	struct failure **fa = table_sorted_failures(a, &n_a);
	struct failure **fb = table_sorted_failures(b, &n_b);

	assert_rows_equal(a, b);
	assert_int_equal(n_a, n_b);
	for (size_t i = 0; i < n_a; i++) {
		assert_string_equal(fa[i]->type, fb[i]->type);
		assert_string_equal(fa[i]->name, fb[i]->name);
		assert_string_equal(fa[i]->text, fb[i]->text);
		assert_true(fa[i]->count == fb[i]->count);
		assert_true(fa[i]->first_wall_us == fb[i]->first_wall_us);
		assert_true(fa[i]->last_wall_us == fb[i]->last_wall_us);
	}
	free(fa);
	free(fb);
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
	    .workers = 4,
	    .delay_us = UINT64_MAX,
	    .seed = UINT64_C(1) << 63,
	    .errand = ERRAND_TEARDOWN};
	const char *why = "";
	struct start out;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	assert_true(values_add(&in.values, "token", "old"));
	assert_true(values_add(&in.values, "empty", ""));
	assert_true(values_add(&in.values, "token", "a b\n"));
	wire_put_start(&b, &in);
	assert_frame(&b, MESSAGE_START);
	assert_true(wire_get_start(&b, &out, &why));
	assert_int_equal(out.worker, 3);
	assert_int_equal(out.workers, 4);
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
	assert_int_equal(out.users, in.users);
	assert_int_equal(out.most_users, in.most_users);
	assert_int_equal(out.jobs, in.jobs);
	assert_int_equal(out.cpu_us, in.cpu_us);
	assert_int_equal(out.busy_us, in.busy_us);
	assert_true(books_equal(&in.books, &out.books));
	assert_hists_equal(&in.lateness, &out.lateness);
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

static void the_parts_of_many_rows_merge_to_the_whole(void **state)
{
	struct snapshot in;
	struct table sum = {0};
	struct books books = {0};
	struct hist lateness = {0};
	uint64_t sequence = 5, next = 5, cpu_us = 0;
	bool is_last = false;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	make_snapshot(&in, MANY_ROWS, 3);
	wire_put_snapshot(&b, &in, &sequence);
	assert_false(b.full);
	while (buf_len(&b) > 0) {
		const char *why = "";
		struct snapshot part;

		assert_false(is_last);
		assert_frame(&b, MESSAGE_SNAPSHOT);
		assert_true(wire_get_snapshot(&b, &part, &why));
		assert_int_equal(part.sequence, ++next);
		assert_int_equal(part.grid, in.grid);
		is_last = part.is_last_part;
		table_merge(&sum, &part.table);
		books_add(&books, &part.books);
		hist_merge(&lateness, &part.lateness);
		cpu_us += part.cpu_us;
		snapshot_clear(&part);
	}
	assert_true(is_last);
	assert_true(next > 6);
	assert_int_equal(next, sequence);
	assert_int_equal(cpu_us, in.cpu_us);
	assert_true(books_equal(&books, &in.books));
	assert_hists_equal(&lateness, &in.lateness);
	assert_tables_equal(&sum, &in.table);
	table_clear(&sum);
	hist_clear(&lateness);
	snapshot_clear(&in);
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
	const char *why = "";
	struct snapshot in = {0}, out;
	char *name = xcalloc(WIRE_MAX_TEXT + 1, 1);
	uint64_t sequence = 0;
	struct buf b;
	struct row *row;

	(void)state;
	memset(name, 'x', WIRE_MAX_TEXT);
	buf_init(&b, MAX_BYTES);
	row = table_row(&in.table, name, name);
	for (uint32_t i = 0; i <= hist_bucket(HIST_MAX_US); i++) {
		struct sample s = {.phases = (1U << PHASES) - 1};

		s.response_us = hist_bucket_us(i);
		for (size_t k = 0; k < PHASES; k++)
			s.phase_us[k] = s.response_us;
		hist_record(&in.lateness, s.response_us);
		table_record(&in.table, row, &s);
	}
	wire_put_snapshot(&b, &in, &sequence);
	assert_int_equal(sequence, 1);
	assert_frame(&b, MESSAGE_SNAPSHOT);
	assert_true(wire_get_snapshot(&b, &out, &why));
	assert_tables_equal(&in.table, &out.table);
	assert_hists_equal(&in.lateness, &out.lateness);
	snapshot_clear(&in);
	snapshot_clear(&out);
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
	buf_init(&b, 2 * WIRE_PART_BYTES);
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
	    cmocka_unit_test(an_event_comes_out_as_it_went_in),
	    cmocka_unit_test(an_event_that_is_too_long_is_not_put),
	    cmocka_unit_test(every_command_comes_out_as_it_went_in),
	    cmocka_unit_test(users_come_out_as_they_went_in),
	    cmocka_unit_test(a_final_comes_out_as_it_went_in),
	    cmocka_unit_test(a_snapshot_comes_out_as_it_went_in),
	    cmocka_unit_test(rows_without_requests_are_not_sent),
	    cmocka_unit_test(the_parts_of_many_rows_merge_to_the_whole),
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
