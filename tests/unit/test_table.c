/*
 * Rows, tables and books: what is recorded is counted once, whatever the split,
 * and a table never eats the machine.
 */
#include "stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/util.h"

enum { PARTS = 5, SAMPLES = 5000 };

/* --- helpers ------------------------------------------------------------ */

static struct sample passed(uint64_t response_us)
{
	return (struct sample) {.response_us = response_us,
	    .body_bytes = 3,
	    .phases = 1U << PHASE_FIRST_BYTE,
	    .phase_us = {[PHASE_FIRST_BYTE] = response_us / 2}};
}

static struct sample failed(const char *why, uint64_t wall_us)
{
	return (struct sample) {
	    .response_us = 1000, .failure = why, .wall_us = wall_us};
}

static void record(struct table *t, const char *name, const struct sample *s)
{
	table_record(t, table_row(t, "GET", name), s);
}

/* A sample whose every field comes from rng, in one of a few rows. */
static void record_random(
    struct table *whole, struct table *part, struct rng *rng)
{
	static const char *const names[] = {"/b", "/a", "/a/${uuid}"};
	static const char *const types[] = {"POST", "GET"};
	static const char *const failures[] = {NULL, NULL, "HTTP 500", "reset"};
	const char *name = names[rng_below(rng, 3)];
	const char *type = types[rng_below(rng, 2)];
	struct sample s = {
	    .response_us = rng_below(rng, 2 * HIST_MAX_US),
	    .phases = (unsigned)rng_below(rng, 1U << PHASES),
	    .body_bytes = rng_below(rng, 100000),
	    .wall_us = rng_below(rng, 1000000),
	    .failure = failures[rng_below(rng, 4)],
	};

	s.is_unsent = s.failure != NULL && rng_below(rng, 3) == 0;

	for (size_t i = 0; i < PHASES; i++)
		s.phase_us[i] = rng_below(rng, 1000000);
	table_record(whole, table_row(whole, type, name), &s);
	table_record(part, table_row(part, type, name), &s);
}

static void assert_same_hist(const struct hist *a, const struct hist *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->sum_us, b->sum_us);
	assert_int_equal(a->min_us, b->min_us);
	assert_int_equal(a->max_us, b->max_us);
	assert_int_equal(a->clamped, b->clamped);
	assert_int_equal(a->n_blocks, b->n_blocks);
	for (size_t i = 0; i < a->n_blocks; i++) {
		assert_int_equal(a->blocks[i].number, b->blocks[i].number);
		assert_memory_equal(a->blocks[i].counts, b->blocks[i].counts,
		    sizeof(a->blocks[i].counts));
	}
}

static void assert_same_row(const struct row *a, const struct row *b)
{
	assert_string_equal(a->type, b->type);
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->requests, b->requests);
	assert_int_equal(a->failures, b->failures);
	assert_int_equal(a->body_bytes, b->body_bytes);
	assert_same_hist(&a->response, &b->response);
	for (size_t i = 0; i < PHASES; i++)
		assert_same_hist(&a->phases[i], &b->phases[i]);
}

static void assert_same_failure(
    const struct failure *a, const struct failure *b)
{
	assert_string_equal(a->type, b->type);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->text, b->text);
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->first_wall_us, b->first_wall_us);
	assert_int_equal(a->last_wall_us, b->last_wall_us);
}

static void assert_same_table(const struct table *a, const struct table *b)
{
	size_t n_a, n_b;
	struct row **rows_a = table_sorted_rows(a, &n_a);
	struct row **rows_b = table_sorted_rows(b, &n_b);
	struct failure **failures_a, **failures_b;

	assert_int_equal(n_a, n_b);
	for (size_t i = 0; i < n_a; i++)
		assert_same_row(rows_a[i], rows_b[i]);
	free(rows_a);
	free(rows_b);
	failures_a = table_sorted_failures(a, &n_a);
	failures_b = table_sorted_failures(b, &n_b);
	assert_int_equal(n_a, n_b);
	for (size_t i = 0; i < n_a; i++)
		assert_same_failure(failures_a[i], failures_b[i]);
	free(failures_a);
	free(failures_b);
}

static uint64_t sum_of_requests(const struct table *t)
{
	struct row total;
	uint64_t sum;

	table_total(t, &total);
	sum = total.requests;
	row_clear(&total);
	return sum;
}

/* --- tests -------------------------------------------------------------- */

static void any_split_in_any_order_merges_to_the_whole(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct table whole = {0}, merged = {0}, parts[PARTS] = {{0}};
		struct rng rng;

		rng_init(&rng, seed, 0);
		for (size_t i = 0; i < SAMPLES; i++)
			record_random(
			    &whole, &parts[rng_below(&rng, PARTS)], &rng);
		for (size_t i = 0; i < PARTS; i++)
			table_merge(&merged, &parts[(i * 2 + seed) % PARTS]);
		assert_same_table(&merged, &whole);
		table_clear(&merged);
		table_clear(&whole);
		for (size_t i = 0; i < PARTS; i++)
			table_clear(&parts[i]);
	}
}

static void deltas_of_a_table_that_is_reset_add_up(void **state)
{
	struct table whole = {0}, merged = {0}, delta = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 3, 0);
	for (size_t i = 0; i < SAMPLES; i++) {
		record_random(&whole, &delta, &rng);
		if (i % 700 == 0) {
			table_merge(&merged, &delta);
			table_reset(&delta);
		}
	}
	table_merge(&merged, &delta);
	assert_same_table(&merged, &whole);
	table_clear(&merged);
	table_clear(&whole);
	table_clear(&delta);
}

static void a_sample_counts_in_its_row(void **state)
{
	struct table t = {0};
	struct row *row = table_row(&t, "GET", "/x");
	struct sample s = passed(2000);

	(void)state;
	table_record(&t, row, &s);
	s.response_us = 4000;
	table_record(&t, row, &s);
	assert_int_equal(row->requests, 2);
	assert_int_equal(row->failures, 0);
	assert_int_equal(row->body_bytes, 6);
	assert_int_equal(row->response.sum_us, 6000);
	assert_int_equal(row->phases[PHASE_FIRST_BYTE].count, 2);
	assert_int_equal(row->phases[PHASE_DNS].count, 0);
	assert_int_equal(t.n_failures, 0);
	table_clear(&t);
}

static void failures_with_one_text_are_one_line_from_first_to_last(void **state)
{
	struct table t = {0};
	struct sample s = failed("HTTP 503", 200);

	(void)state;
	record(&t, "/x", &s);
	s.wall_us = 100;
	record(&t, "/x", &s);
	s.wall_us = 300;
	record(&t, "/x", &s);
	assert_int_equal(t.n_failures, 1);
	assert_int_equal(t.failures[0]->count, 3);
	assert_int_equal(t.failures[0]->first_wall_us, 100);
	assert_int_equal(t.failures[0]->last_wall_us, 300);
	assert_int_equal(table_find(&t, "GET", "/x")->failures, 3);
	table_clear(&t);
}

static void type_and_name_together_make_a_row(void **state)
{
	struct table t = {0};

	(void)state;
	assert_ptr_equal(
	    table_row(&t, "GET", "/x"), table_row(&t, "GET", "/x"));
	assert_ptr_not_equal(
	    table_row(&t, "GET", "/x"), table_row(&t, "POST", "/x"));
	assert_ptr_not_equal(
	    table_row(&t, "GET", "/x"), table_row(&t, "GET", "/y"));
	assert_int_equal(t.n_rows, 3);
	assert_null(table_find(&t, "GET", "/z"));
	table_clear(&t);
}

static void a_reset_keeps_the_rows_where_they_are(void **state)
{
	struct table t = {0};
	struct row *row = table_row(&t, "GET", "/x");
	struct sample s = failed("no", 1);

	(void)state;
	table_record(&t, row, &s);
	assert_false(table_is_empty(&t));
	table_reset(&t);
	assert_true(table_is_empty(&t));
	assert_int_equal(t.n_failures, 0);
	assert_ptr_equal(table_row(&t, "GET", "/x"), row);
	assert_int_equal(row->requests, 0);
	assert_int_equal(row->failures, 0);
	table_record(&t, row, &s);
	assert_int_equal(t.failures[0]->count, 1);
	table_clear(&t);
}

static void rows_beyond_the_most_share_one(void **state)
{
	struct table t = {0};
	struct sample s = passed(10);

	(void)state;
	for (int i = 0; i < TABLE_MAX_ROWS + 500; i++) {
		char name[32];

		snprintf(name, sizeof(name), "/thing/%d", i);
		record(&t, name, &s);
	}
	assert_int_equal(t.n_rows, TABLE_MAX_ROWS + 1);
	assert_int_equal(table_find(&t, "", TABLE_OTHER_NAMES)->requests, 500);
	assert_int_equal(sum_of_requests(&t), TABLE_MAX_ROWS + 500);
	record(&t, "/thing/7", &s);
	assert_int_equal(table_find(&t, "GET", "/thing/7")->requests, 2);
	table_clear(&t);
}

static void failures_beyond_the_most_share_one(void **state)
{
	struct table t = {0}, merged = {0};
	const struct failure *last;

	(void)state;
	for (int i = 0; i < TABLE_MAX_FAILURES + 30; i++) {
		char why[32];
		struct sample s = failed(why, (uint64_t)i);

		snprintf(why, sizeof(why), "error %d", i);
		record(&t, "/x", &s);
	}
	assert_int_equal(t.n_failures, TABLE_MAX_FAILURES + 1);
	last = t.failures[TABLE_MAX_FAILURES];
	assert_string_equal(last->text, TABLE_OTHER_FAILURES);
	assert_int_equal(last->count, 30);
	table_merge(&merged, &t);
	assert_int_equal(merged.n_failures, TABLE_MAX_FAILURES + 1);
	assert_int_equal(table_find(&merged, "GET", "/x")->failures,
	    TABLE_MAX_FAILURES + 30);
	table_clear(&t);
	table_clear(&merged);
}

static void rows_are_sorted_by_name_then_type_without_the_empty_ones(
    void **state)
{
	struct table t = {0};
	struct sample s = passed(10);
	struct row **rows;
	size_t n;

	(void)state;
	table_record(&t, table_row(&t, "POST", "/b"), &s);
	table_record(&t, table_row(&t, "GET", "/b"), &s);
	table_record(&t, table_row(&t, "PUT", "/a"), &s);
	table_row(&t, "GET", "/a");
	rows = table_sorted_rows(&t, &n);
	assert_int_equal(n, 3);
	assert_string_equal(rows[0]->name, "/a");
	assert_string_equal(rows[1]->type, "GET");
	assert_string_equal(rows[2]->type, "POST");
	free(rows);
	table_clear(&t);
}

static void the_total_is_all_rows_in_one(void **state)
{
	struct table t = {0};
	struct sample s = passed(10);
	struct row total;

	(void)state;
	record(&t, "/a", &s);
	s.response_us = 30;
	record(&t, "/b", &s);
	table_total(&t, &total);
	assert_string_equal(total.type, "");
	assert_string_equal(total.name, "Aggregated");
	assert_int_equal(total.requests, 2);
	assert_int_equal(total.response.sum_us, 40);
	assert_int_equal(total.phases[PHASE_FIRST_BYTE].count, 2);
	row_clear(&total);
	table_clear(&t);
}

static void the_most_frequent_failure_comes_first_where_that_is_wanted(
    void **state)
{
	static const char *const in_order[] = {"c", "a", "b"};
	struct table t = {0};
	struct failure **failures;
	size_t n;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct sample s = failed("c", 1);

		record(&t, "/x", &s);
	}
	for (int i = 0; i < 2; i++) {
		struct sample s = failed(i == 0 ? "b" : "a", 1);

		record(&t, "/x", &s);
	}
	failures = table_frequent_failures(&t, &n);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(failures[i]->text, in_order[i]);
	free(failures);
	table_clear(&t);
}

static void a_row_is_called_by_type_and_name(void **state)
{
	struct table t = {0};
	struct row total;
	char *title = row_title(table_row(&t, "GET", "/x"));

	(void)state;
	assert_string_equal(title, "GET /x");
	free(title);
	table_total(&t, &total);
	title = row_title(&total);
	assert_string_equal(title, "Aggregated");
	free(title);
	row_clear(&total);
	table_clear(&t);
}

static void an_empty_table_has_nothing_to_sort(void **state)
{
	struct table t = {0};
	size_t n = 9;
	struct row **rows = table_sorted_rows(&t, &n);
	struct failure **failures;

	(void)state;
	assert_int_equal(n, 0);
	free(rows);
	n = 9;
	failures = table_sorted_failures(&t, &n);
	assert_int_equal(n, 0);
	free(failures);
	assert_true(table_is_empty(&t));
	table_clear(&t);
}

static void books_balance_when_every_request_ended_somehow(void **state)
{
	struct books b = {
	    .started = 10, .passed = 6, .failed = 3, .interrupted = 1};

	(void)state;
	assert_true(books_balance(&b));
	b.started++;
	assert_false(books_balance(&b));
	b.started--;
	b.tasks = 4;
	assert_true(books_balance(&b));
	b.intended = 6;
	assert_false(books_balance(&b));
	b.dropped = 2;
	assert_true(books_balance(&b));
}

static void books_add_up_field_by_field(void **state)
{
	struct books one = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
	struct books sum = {0};
	struct books twice = {
	    2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28};

	(void)state;
	books_add(&sum, &one);
	books_add(&sum, &one);
	assert_true(books_equal(&sum, &twice));
	sum.tasks++;
	assert_false(books_equal(&sum, &twice));
}

static void what_is_not_sent_fails_and_has_no_time(void **state)
{
	struct sample unsent = failed("variable token has no value", 7);
	struct sample sent = passed(5000);
	struct table t = {0};
	struct row total;

	(void)state;
	unsent.is_unsent = true;
	unsent.phases = 1U << PHASE_LATE;
	record(&t, "/me", &unsent);
	record(&t, "/me", &sent);
	table_total(&t, &total);
	assert_int_equal(total.requests, 2);
	assert_int_equal(total.failures, 1);
	assert_int_equal(row_unsent(&total), 1);
	assert_int_equal(total.response.count, 1);
	assert_int_equal(total.response.min_us, 5000);
	assert_int_equal(total.phases[PHASE_LATE].count, 0);
	row_clear(&total);
	table_clear(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_split_in_any_order_merges_to_the_whole),
	    cmocka_unit_test(deltas_of_a_table_that_is_reset_add_up),
	    cmocka_unit_test(a_sample_counts_in_its_row),
	    cmocka_unit_test(what_is_not_sent_fails_and_has_no_time),
	    cmocka_unit_test(
		failures_with_one_text_are_one_line_from_first_to_last),
	    cmocka_unit_test(type_and_name_together_make_a_row),
	    cmocka_unit_test(a_reset_keeps_the_rows_where_they_are),
	    cmocka_unit_test(rows_beyond_the_most_share_one),
	    cmocka_unit_test(failures_beyond_the_most_share_one),
	    cmocka_unit_test(
		rows_are_sorted_by_name_then_type_without_the_empty_ones),
	    cmocka_unit_test(the_total_is_all_rows_in_one),
	    cmocka_unit_test(
		the_most_frequent_failure_comes_first_where_that_is_wanted),
	    cmocka_unit_test(a_row_is_called_by_type_and_name),
	    cmocka_unit_test(an_empty_table_has_nothing_to_sort),
	    cmocka_unit_test(books_balance_when_every_request_ended_somehow),
	    cmocka_unit_test(books_add_up_field_by_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
