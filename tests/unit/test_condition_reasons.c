/*
 * What conditions say of an answer: why they do not hold, why they did, and
 * what came.
 */
#include "plan/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conditions.h"

/* --- reasons ------------------------------------------------------------ */

static void a_failure_says_what_was_expected(void **state)
{
	assert_reason(
	    state, "status == 201", 500, "status: expected 201, got 500");
	assert_reason(state, "status in 200..299,304", 500,
	    "status: expected in 200..299,304, got 500");
	assert_reason(
	    state, "status < 400", 404, "status: expected < 400, got 404");
	assert_reason(
	    state, "status != 404", 404, "status: expected != 404, got 404");
}

static void a_message_of_its_own_is_used(void **state)
{
	assert_reason(state, "status == 201 -> was not made -> \"really\" ",
	    500, "was not made -> \"really\"");
	assert_holds(state, "status == 201 -> was not made", 201);
}

/* --- bounded reasons ---------------------------------------------------- */

static void what_came_is_shown_where_it_is_one_of_few(void **state)
{
	static const char *const cases[][2] = {
	    {"\"PENDING\"", "PENDING"},
	    {"\"two words\"", "two words"},
	    {"\"\"", "an empty text"},
	    {"\"id-4711\"", "another text"},
	    {"\"a\\nb\"", "another text"},
	    {"\"abcdefghijklmnopqrstuvwxyzabcdefg\"", "another text"},
	    {"true", "true"},
	    {"null", "null"},
	    {"999", "999"},
	    {"-7", "-7"},
	    {"1000", "another number"},
	    {"0.5", "another number"},
	    {"\"12345\"", "another number"},
	    {"{\"a\":1}", "an object"},
	    {"[1]", "an array"},
	};
	char body[128], why[128];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(body, sizeof(body), "{\"x\":%s}", cases[i][0]);
		snprintf(why, sizeof(why), "json /x: expected y, got %s",
		    cases[i][1]);
		world_body(*state, body);
		assert_why(state, "json /x == y", why);
	}
}

static void a_long_value_is_shortened_in_a_reason(void **state)
{
	world_body(*state, "no");
	assert_why(state,
	    "body contains 0123456789012345678901234567890123456789"
	    "01234567890123456789012345678901234567890123456789",
	    "body: expected contains 0123456789012345678901234567890123456789"
	    "0123456789012345678901234567..., got no");
}

static void an_empty_value_is_seen_in_a_reason(void **state)
{
	world_body(*state, "no");
	assert_why(state, "body == \"\"", "body: expected \"\", got no");
}

static void a_message_stands_for_every_failure_but_doubt(void **state)
{
	world_body(*state, "{}");
	assert_why(state, "json /a == 1 -> no a", "no a");
	assert_why(state, "header Etag exists -> no etag", "no etag");
	assert_why(state, "time > 1h -> fast", "fast");
	world_body(*state, "<");
	assert_undecidable(
	    state, "json /a == 1 -> no a", "json /a: body is not JSON");
}

/* --- fail_if, --once ---------------------------------------------------- */

static void assert_why_held(
    void **state, const char *text, const char *expected)
{
	struct world *w = *state;
	struct condition *c = compiled(state, text);
	struct buf why;

	buf_init(&why, 4096);
	assert_int_equal(
	    condition_test(c, &w->answer, &w->env, &why), CONDITION_HOLDS);
	condition_why_held(c, &w->answer, &w->env, &why);
	assert_string_equal(buf_text(&why), expected);
	buf_clear(&why);
	condition_free(c);
}

static void what_held_is_told_by_what_came_or_by_itself(void **state)
{
	world_body(*state, "{\"status\": \"ERROR\", \"id\": 4711}");
	assert_why_held(state, "status < 300", "status: got 200");
	assert_why_held(
	    state, "json /status == ERROR", "json /status: got ERROR");
	assert_why_held(state, "json /status == ERROR -> Saw ERROR status",
	    "Saw ERROR status");
	assert_why_held(state, "json /id > 3", "json /id > 3");
	assert_why_held(state, "json /none missing", "json /none missing");
	assert_why_held(state, "body contains ERR", "body contains ERR");
	assert_why_held(state, "time > 100ms", "time > 100ms");
	assert_why_held(state, "body contains ERR -> x", "x");
}

static void assert_shown(void **state, const char *text, const char *expected)
{
	struct world *w = *state;
	struct condition *c = compiled(state, text);
	struct buf out;

	buf_init(&out, 4096);
	condition_show_subject(c, &w->answer, &out);
	assert_string_equal(buf_text(&out), expected);
	assert_string_equal(condition_text(c), text);
	buf_clear(&out);
	condition_free(c);
}

static void people_are_shown_what_the_subject_is(void **state)
{
	world_body(*state, "{\"id\": \"a1\\n\", \"l\": [ 1, 2 ]}");
	assert_shown(state, "status == 200", "200");
	assert_shown(state, "time < 1s", "250ms");
	assert_shown(state, "size < 1k", "29");
	assert_shown(state, "json /id == x -> y", "a1\\x0a");
	assert_shown(state, "json /l == x", "[1,2]");
	assert_shown(state, "json /no == x", "nothing");
	assert_shown(state, "url == x", "http://h/login?next=/");
	world_cut_body(*state, "0123456789012345678901234567890123456789"
			       "0123456789012345678901234567890123456789"
			       "012345678901234567890123456789012345678\xc3"
			       "\xa9zz");
	assert_shown(state, "body == x",
	    "0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789"
	    "012345678901234567890123456789012345678...");
	assert_shown(
	    state, "json /l == x", "body is longer than max_body (1M)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WORLD_TEST(a_failure_says_what_was_expected),
	    WORLD_TEST(a_message_of_its_own_is_used),
	    WORLD_TEST(what_came_is_shown_where_it_is_one_of_few),
	    WORLD_TEST(a_long_value_is_shortened_in_a_reason),
	    WORLD_TEST(an_empty_value_is_seen_in_a_reason),
	    WORLD_TEST(a_message_stands_for_every_failure_but_doubt),
	    WORLD_TEST(what_held_is_told_by_what_came_or_by_itself),
	    WORLD_TEST(people_are_shown_what_the_subject_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
