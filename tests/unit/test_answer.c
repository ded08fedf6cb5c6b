/*
 * Answers: that their parts are looked up when they are asked for, and JSON is
 * read once.
 */
#include "plan/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "answers.h"

static void assert_reads(struct world *w, const char *expected_why)
{
	struct buf why;

	buf_init(&why, 256);
	assert_int_equal(
	    answer_read_json(&w->answer, &why), *expected_why == '\0');
	assert_string_equal(buf_text(&why), expected_why);
	buf_clear(&why);
}

static void a_body_is_read_once(void **state)
{
	struct world *w = *state;
	uint64_t reading;

	world_body(w, "[1]");
	assert_reads(w, "");
	reading = json_reading(w->answer.reader);
	assert_reads(w, "");
	assert_int_equal(json_reading(w->answer.reader), reading);
}

static void a_body_that_is_no_json_is_read_once_too(void **state)
{
	struct world *w = *state;
	uint64_t reading;

	world_body(w, "[1");
	assert_reads(w, "body is not JSON");
	reading = json_reading(w->answer.reader);
	assert_reads(w, "body is not JSON");
	assert_int_equal(json_reading(w->answer.reader), reading);
}

static enum json_kind kind_of_root(const struct answer *a)
{
	struct json_object *root = NULL;
	struct json_pointer *p;
	char *defect;

	p = json_pointer_compile("", false, &defect);
	assert_true(json_find(a->reader, p, &root));
	json_pointer_free(p);
	return json_kind(root);
}

static void two_answers_with_one_reader_do_not_mix(void **state)
{
	struct world *w = *state;
	struct answer other = w->answer;
	struct buf why;

	buf_init(&why, 256);
	world_body(w, "[1]");
	other.body = "{}";
	other.body_len = 2;
	assert_reads(w, "");
	assert_true(answer_read_json(&other, &why));
	assert_int_equal(kind_of_root(&other), JSON_OBJECT);
	assert_reads(w, "");
	assert_int_equal(kind_of_root(&w->answer), JSON_ARRAY);
	answer_clear(&other);
	assert_reads(w, "");
	buf_clear(&why);
}

static void what_cannot_be_read_says_why(void **state)
{
	struct world *w = *state;

	world_body(w, "[1]x");
	assert_reads(w, "body is not JSON");
	world_body(w, "");
	assert_reads(w, "body is not JSON");
	world_body(w,
	    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]"
	    "]]]]]]]]");
	assert_reads(w, "body is JSON nested too deep");
	world_cut_body(w, "[1]");
	assert_reads(w, "body is longer than max_body (1M)");
	world_body(w, "[1]");
	assert_reads(w, "");
}

static void a_cleared_answer_is_forgotten(void **state)
{
	struct world *w = *state;

	world_body(w, "[1]");
	assert_reads(w, "");
	answer_clear(&w->answer);
	assert_int_equal(kind_of_root(&w->answer), JSON_NULL);
	assert_reads(w, "");
	assert_int_equal(kind_of_root(&w->answer), JSON_ARRAY);
}

static void nothing_is_asked_of_a_source_that_is_not_there(void **state)
{
	static const struct answer_source none = {0};
	struct answer a = {.status = 200};

	(void)state;
	assert_null(answer_header(&a, "X"));
	assert_null(answer_cookie(&a, "X"));
	assert_null(answer_url(&a));
	a.source = &none;
	assert_null(answer_header(&a, "X"));
	assert_null(answer_cookie(&a, "X"));
	assert_null(answer_url(&a));
	assert_int_equal(answer_body(&a).len, 0);
	answer_clear(&a);
}

static void an_answer_without_a_body_needs_no_reader(void **state)
{
	struct answer a = {.status = 204};
	struct buf why;

	(void)state;
	buf_init(&why, 256);
	assert_false(answer_read_json(&a, &why));
	assert_string_equal(buf_text(&why), "body is not JSON");
	buf_clear(&why);
	answer_clear(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_body_is_read_once, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		a_body_that_is_no_json_is_read_once_too, make_world,
		free_world),
	    cmocka_unit_test_setup_teardown(
		two_answers_with_one_reader_do_not_mix, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		what_cannot_be_read_says_why, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		a_cleared_answer_is_forgotten, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		nothing_is_asked_of_a_source_that_is_not_there, make_world,
		free_world),
	    cmocka_unit_test_setup_teardown(
		an_answer_without_a_body_needs_no_reader, make_world,
		free_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
