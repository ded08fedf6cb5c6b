/*
 * Conditions: when they hold, when they do not, and what leaves them open.
 */
#include "plan/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conditions.h"

/* --- operators ---------------------------------------------------------- */

static void a_status_is_equal_or_not(void **state)
{
	assert_holds(state, "status == 201", 201);
	assert_fails(state, "status == 201", 200);
	assert_fails(state, "status != 201", 201);
	assert_holds(state, "status != 201", 200);
	assert_holds(state, "status != 201", 202);
}

static void a_status_is_below_or_above(void **state)
{
	assert_holds(state, "status < 400", 399);
	assert_fails(state, "status < 400", 400);
	assert_holds(state, "status <= 400", 400);
	assert_fails(state, "status <= 400", 401);
	assert_holds(state, "status > 399", 400);
	assert_fails(state, "status > 399", 399);
	assert_holds(state, "status >= 400", 400);
	assert_fails(state, "status >= 400", 399);
}

static void a_status_is_in_a_list_of_ranges(void **state)
{
	assert_holds(state, "status in 200..299,304", 200);
	assert_holds(state, "status in 200..299,304", 299);
	assert_holds(state, "status in 200..299,304", 304);
	assert_fails(state, "status in 200..299,304", 300);
	assert_fails(state, "status in 200..299,304", 199);
	assert_fails(state, "status in 200..299,304", 305);
	assert_holds(state, "status in 404", 404);
}

static void blanks_do_not_matter(void **state)
{
	assert_holds(state, "status==201", 201);
	assert_holds(state, "  status\t<=  400  ", 400);
	assert_holds(state, "status in 200 .. 299, 304", 304);
	assert_reason(state, "status==201->no", 500, "no");
}

static void a_value_may_stand_in_quotes(void **state)
{
	assert_holds(state, "status == \"201\"", 201);
	assert_holds(state, "status in \"200..299, 304\" -> no", 304);
}

static void no_answer_at_all_equals_no_status(void **state)
{
	assert_fails(state, "status == 200", 0);
	assert_fails(state, "status in 100..599", -1);
}

static void a_condition_on_the_status_says_so(void **state)
{
	struct condition *c = compiled(state, "status == 200");

	assert_true(condition_is_about_status(c));
	condition_free(c);
}

/* --- subjects ----------------------------------------------------------- */

static void a_time_is_compared_with_durations(void **state)
{
	assert_is(state, "time < 300ms");
	assert_is(state, "time <= 250ms");
	assert_is(state, "time > 0.2s");
	assert_why(state, "time > 1s", "time: expected > 1s");
	assert_why(state, "time < 250ms", "time: expected < 250ms");
}

static void a_size_is_that_of_all_the_body(void **state)
{
	world_cut_body(*state, "x");
	assert_is(state, "size == 3M");
	assert_is(state, "size in 1k..2k, 3M");
	assert_is(state, "size != 1");
	assert_why(state, "size < 1M", "size: expected < 1M");
}

static void a_body_is_a_text(void **state)
{
	world_body(*state, "welcome back");
	assert_is(state, "body == welcome back");
	assert_is(state, "body != welcome");
	assert_is(state, "body contains me ba");
	assert_is(state, "body ~ ^wel.*k$");
	assert_is(state, "body !~ [0-9]");
	assert_is(state, "body in x, welcome back");
	assert_is_not(state, "body contains Welcome");
	assert_is_not(state, "body ~ ^back");
	assert_is_not(state, "body !~ back");
	assert_is_not(state, "body in welcome,back");
	world_body(*state, " 17\n");
	assert_is(state, "body > 16.5");
	assert_is(state, "body in 10..20");
	assert_is_not(state, "body == 17");
}

static void no_body_at_all_is_an_empty_text(void **state)
{
	assert_is(state, "body == \"\"");
	assert_why(state, "body contains x",
	    "body: expected contains x, got an "
	    "empty text");
	assert_undecidable(
	    state, "json /a exists", "json /a: body is not JSON");
}

/* a dot and a NUL do not match, with regexec() */
static void a_nul_hides_nothing(void **state)
{
	static const char body[] = "a\0b = 1";

	world_body_bytes(*state, body, sizeof(body) - 1);
	assert_is(state, "body contains b = 1");
	assert_is(state, "body ~ b = [0-9]$");
	assert_is(state, "body ~ ^a[^x]b");
	assert_is_not(state, "body ~ ^a.b");
	assert_is_not(state, "body == a");
}

static void a_header_is_a_text(void **state)
{
	assert_is(state, "header Content-Type == text/html");
	assert_is(state, "header Content-Type contains html");
	assert_is(state, "header X-Count >= 42.0");
	assert_is(state, "header X-Count in 1..41,42..43");
	assert_is(state, "header X-Count exists");
	assert_is(state, "header X-Empty exists");
	assert_is(state, "header X-Empty == \"\"");
	assert_is(state, "header Nothing missing");
	assert_is(state, "header Content-Type==text/html");
	assert_is_not(state, "header X-Count == 42.0");
	assert_is_not(state, "header Content-Type > 1");
}

static void a_header_that_is_not_there_meets_nothing(void **state)
{
	static const char *const conditions[] = {"== a", "!= a", "< 1", "in a",
	    "contains a", "~ a", "!~ a", "exists"};
	char text[64];

	for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
		snprintf(text, sizeof(text), "header Etag %s", conditions[i]);
		assert_why(state, text, "header Etag: missing");
	}
}

static void an_address_is_a_text(void **state)
{
	assert_is(state, "url contains /login");
	assert_is(state, "url == http://h/login?next=/");
	assert_is(state, "url ~ ^http://[a-z]+/login[?]");
	assert_why(state, "url == http://h/",
	    "url: expected http://h/, got http://h/login?next=/");
	((struct world *)*state)->answer.source = NULL;
	assert_why(
	    state, "url contains x", "url: expected contains x, got nothing");
}

/* --- JSON --------------------------------------------------------------- */

static const char thing[] =
    "{\"status\": \"ACTIVE\", \"n\": 5, \"half\": 0.50, \"none\": null,"
    " \"yes\": true, \"text\": \"5\", \"list\": [1, \"two\", 3.0, null],"
    " \"in\": {\"a b\": [ {} , \"x y\" ] },"
    " \"big\": 9007199254740993, \"nul\": \"a\\u0000b\"}";

static void a_value_of_json_is_compared(void **state)
{
	world_body(*state, thing);
	assert_is(state, "json /status == ACTIVE");
	assert_is(state, "json /status==ACTIVE");
	assert_is(state, "json /status != ERROR");
	assert_is(state, "json /status in PENDING, ACTIVE");
	assert_is(state, "json /status contains TIV");
	assert_is(state, "json /status ~ ^ACT");
	assert_is(state, "json /status !~ ERR|FAIL");
	assert_is(state, "json /yes == true");
	assert_is(state, "json /none == null");
	assert_is(state, "json \"/in/a b/1\" == x y");
	assert_is_not(state, "json /status == active");
}

static void numbers_of_json_are_compared_as_numbers(void **state)
{
	world_body(*state, thing);
	assert_is(state, "json /n == 5");
	assert_is(state, "json /n == 5.0");
	assert_is(state, "json /half == .5");
	assert_is(state, "json /half != 0.51");
	assert_is(state, "json /n > 4.5");
	assert_is(state, "json /n <= 5e0");
	assert_is(state, "json /n in 1..4, 5..9");
	assert_is(state, "json /n in 4,5.0");
	assert_is(state, "json /text > 4");
	assert_is_not(state, "json /text == 5.0");
	assert_is_not(state, "json /n in 6..9");
	assert_is_not(state, "json /n == five");
}

static void whole_numbers_of_any_size_are_told_apart(void **state)
{
	world_body(*state, thing);
	assert_is(state, "json /big == 9007199254740993");
	assert_is_not(state, "json /big == 9007199254740992");
	assert_is(state, "json /big < 123456789012345678901234567890");
	assert_is(state, "json /big > -123456789012345678901234567890");
}

static void an_array_contains_its_elements(void **state)
{
	world_body(*state, thing);
	assert_is(state, "json /list contains two");
	assert_is(state, "json /list contains 3");
	assert_is(state, "json /list contains null");
	assert_is_not(state, "json /list contains tw");
	assert_is_not(state, "json /list contains 2");
}

static void arrays_and_objects_are_compact_texts(void **state)
{
	world_body(*state, thing);
	assert_is(state, "json /in == {\"a b\":[{},\"x y\"]}");
	assert_is(state, "json /list == [1,\"two\",3.0,null]");
	assert_is(state, "json /in contains \"{},\\\"x y\"");
	assert_is(state, "json \"\" ~ ^[{].*[}]$");
}

static void a_place_exists_or_is_missing(void **state)
{
	world_body(*state, thing);
	assert_is(state, "json /n exists");
	assert_is(state, "json /none exists");
	assert_is(state, "json /list/3 exists");
	assert_is(state, "json /list/3 == null");
	assert_is(state, "json /list/4 missing");
	assert_is(state, "json /list/03 missing");
	assert_is(state, "json /list/-1 missing");
	assert_is(state, "json /list/3/0 missing");
	assert_is(state, "json /status/x missing");
	assert_is(state, "json \"\" exists");
	assert_why(state, "json /no exists", "json /no: missing");
	assert_why(
	    state, "json /n missing", "json /n: expected missing, got 5");
}

static void a_place_that_is_missing_meets_nothing(void **state)
{
	world_body(*state, thing);
	assert_why(state, "json /no == x", "json /no: expected x, got nothing");
	assert_why(
	    state, "json /no != x", "json /no: expected != x, got nothing");
	assert_is_not(state, "json /no !~ x");
	assert_is_not(state, "json /no < 1");
}

static void a_nul_in_a_string_is_compared_too(void **state)
{
	world_body(*state, thing);
	assert_is_not(state, "json /nul == a");
	assert_is(state, "json /nul ~ ^a[^x]b$");
	assert_is(state, "json /nul contains b");
}

static void what_is_no_json_is_undecidable(void **state)
{
	static const char *const bodies[] = {"<html>", "{\"a\":1} x", "{",
	    "{\"a\":1,}", "[1 2]", "nul", "'a'", "01", "{a:1}", "\"\\x\"",
	    "[1]]", "// x\n1", "\"\\u12g4\"", "nan", "+1", ".5", "1e", "-"};

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		world_body(*state, bodies[i]);
		assert_undecidable(
		    state, "json /a missing", "json /a: body is not JSON");
	}
}

static void what_json_c_forgives_is_json(void **state)
{
	static const char *const bodies[] = {
	    "NaN", "[-Infinity]", "1.", "00", "\"\n\"", "\"\xff\""};

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		world_body(*state, bodies[i]);
		assert_is(state, "json /a missing");
	}
	world_body(*state, "NaN");
	assert_is(state, "json \"\" == NaN");
	assert_is_not(state, "json \"\" < 1");
	assert_is_not(state, "json \"\" >= 1");
}

static void whole_numbers_of_64_bits_are_exact(void **state)
{
	world_body(*state, "[18446744073709551615,-9223372036854775808]");
	assert_is(state, "json /0 == 18446744073709551615");
	assert_is_not(state, "json /0 == 18446744073709551614");
	assert_is(state, "json /1 == -9223372036854775808");
	assert_is_not(state, "json /1 == -9223372036854775807");
}

static void what_is_nested_too_deep_is_undecidable(void **state)
{
	world_body(*state, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"
			   "]]]]]]]]]]]]]]]");
	assert_undecidable(
	    state, "json /0 exists", "json /0: body is JSON nested too deep");
	world_body(*state, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]"
			   "]]]]]]]]]]]]]");
	assert_is(state, "json /0/0/0/0 exists");
}

/* --- bodies that are cut ------------------------------------------------ */

static void a_cut_body_is_decided_where_the_kept_part_decides(void **state)
{
	world_cut_body(*state, "abc");
	assert_is(state, "body contains bc");
	assert_is(state, "body ~ ^ab");
	assert_is_not(state, "body !~ ^ab");
	assert_is_not(state, "body == abc");
	assert_is(state, "body != abd and more");
}

static void a_cut_body_is_undecidable_elsewhere(void **state)
{
	static const char *const conditions[] = {"body contains x", "body ~ c$",
	    "body !~ x", "body == abcd", "body != abcd", "body < 1",
	    "body in abc"};
	char why[128];

	world_cut_body(*state, "abc");
	for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
		snprintf(why, sizeof(why),
		    "body: body is longer than max_body (1M)");
		assert_undecidable(state, conditions[i], why);
	}
	assert_undecidable(state, "json /a == 1",
	    "json /a: body is longer than max_body (1M)");
}

static void max_body_is_told_as_the_plan_may_have_it(void **state)
{
	struct world *w = *state;

	world_cut_body(w, "abc");
	w->answer.max_body = 64 << 10;
	assert_undecidable(state, "json /a == 1",
	    "json /a: body is longer than max_body (64k)");
	w->answer.max_body = 1000;
	assert_undecidable(state, "json /a == 1",
	    "json /a: body is longer than max_body (1000)");
}

static void an_expression_that_takes_too_long_is_undecidable(void **state)
{
	size_t len = 1 << 20;
	char *body = xcalloc(len + 1, 1);
	uint32_t random = 1;

	for (size_t i = 0; i < len; i++) {
		random = random * 1103515245 + 12345;
		body[i] = (char)('a' + (random >> 16 & 1));
	}
	world_body(*state, body);
	assert_undecidable(state, "body ~ a.{12}b.*c",
	    "body: the expression takes too long on this text");
	world_body(*state, "");
	free(body);
}

/* --- variables ---------------------------------------------------------- */

static void a_value_may_have_variables(void **state)
{
	world_body(*state, "{\"user\": \"ada\", \"n\": 100}");
	assert_is(state, "json /user == ${user_name}");
	assert_is(state, "json /user in bob, ${user_name}");
	assert_is(state, "json /n >= ${limit}");
	assert_is(state, "body contains \"\\\"${user_name}\\\"\"");
	assert_is(state, "size <= ${limit}k");
	assert_is(state, "status in ${limit}..299");
	assert_why(state, "json /user != ${user_name}",
	    "json /user: expected != ${user_name}, got ada");
}

static void a_constant_is_read_when_the_plan_is(void **state)
{
	assert_is(state, "status in ${fixed}");
	assert_is(state, "body !~ ${fixed}");
	assert_refused(state, "status == ${fixed}",
	    "\"200,201\" is not a status: write a number from 100 to 599");
}

static void a_variable_without_a_value_makes_it_undecidable(void **state)
{
	world_body(*state, "{\"user\": \"ada\"}");
	assert_undecidable(state, "json /user == ${unset}",
	    "json /user: ${unset} has no value");
	assert_undecidable(state, "status == ${unset} -> message",
	    "status: ${unset} has no value");
}

static void a_variable_of_the_wrong_kind_makes_it_undecidable(void **state)
{
	world_body(*state, "{\"n\": 1}");
	assert_undecidable(state, "status == ${user_name}",
	    "status: ${user_name} is not a status");
	assert_undecidable(state, "time < ${user_name}",
	    "time: ${user_name} is not a duration");
	assert_undecidable(state, "json /n > ${user_name}",
	    "json /n: ${user_name} is not a number");
	assert_undecidable(state, "status in 300..${limit}",
	    "status: 300..${limit} is not a list");
}

/* --- answer after answer ------------------------------------------------ */

static void a_condition_says_what_it_needs(void **state)
{
	static const struct {
		const char *text;
		bool body;
	} cases[] = {
	    {"status == 200", false},
	    {"time < 1s", false},
	    {"size < 1k", false},
	    {"header X exists", false},
	    {"body contains x", true},
	    {"json /x exists", true},
	    {"url contains x", false},
	};
	struct condition *c;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		c = compiled(state, cases[i].text);
		assert_int_equal(condition_needs_body(c), cases[i].body);
		assert_int_equal(condition_is_about_status(c), i == 0);
		condition_free(c);
	}
}

static void it_decides_the_same_answer_after_answer(void **state)
{
	struct world *w = *state;
	struct condition *c = compiled(state, "json /a == 1");
	struct buf why;

	buf_init(&why, 4096);
	for (int i = 0; i < 4; i++) {
		world_body(w, i % 2 == 0 ? "{\"a\":1}" : "{\"a\":2}");
		assert_int_equal(condition_test(c, &w->answer, &w->env, &why),
		    i % 2 == 0 ? CONDITION_HOLDS : CONDITION_FAILS);
	}
	buf_clear(&why);
	condition_free(c);
}

/* --- when --------------------------------------------------------------- */

static bool when(void **state, const char *text)
{
	struct world *w = *state;
	struct condition *c;
	struct diag d;
	bool holds;

	diag_init(&d);
	c = condition_compile_when(text, &w->variables, &d, here);
	if (c == NULL)
		fail_msg("%s", d.entries[0].text);
	assert_int_equal(d.n, 0);
	diag_clear(&d);
	holds = condition_when(c, &w->env);
	condition_free(c);
	return holds;
}

static void when_compares_texts(void **state)
{
	assert_true(when(state, "${user_name} == ada"));
	assert_true(when(state, "${user_name}==ada"));
	assert_false(when(state, "${user_name} != ada"));
	assert_true(when(state, "${user_name} in bob, ada"));
	assert_true(when(state, "${user_name} contains d"));
	assert_true(when(state, "${user_name} ~ ^a.a$"));
	assert_false(when(state, "${user_name} !~ a"));
	assert_true(when(state, "${limit} > 99.5"));
	assert_true(when(state, "${limit} in 1..100"));
	assert_true(when(state, "x ${user_name} y == x ada y"));
	assert_true(when(state, "\"${user_name} \" == \"ada \""));
	assert_true(when(state, "\"a == ${user_name}\" == \"a == ada\""));
	assert_true(when(state, "ada == ${user_name}"));
	assert_false(when(state, "${user_name} > 1"));
}

static void when_asks_for_values(void **state)
{
	assert_true(when(state, "${unset} missing"));
	assert_false(when(state, "${unset} exists"));
	assert_true(when(state, "${limit} exists"));
	assert_false(when(state, "${limit} missing"));
	assert_false(when(state, "${limit}${unset} exists"));
	assert_true(when(state, "${limit}${unset} missing"));
}

static void when_does_not_hold_without_a_value(void **state)
{
	assert_false(when(state, "${unset} == x"));
	assert_false(when(state, "${unset} != x"));
	assert_false(when(state, "${limit} != ${unset}"));
}

static void a_constant_may_decide_when(void **state)
{
	assert_true(when(state, "${fixed} == 200,201"));
	assert_true(when(state, "${fixed} exists"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WORLD_TEST(a_status_is_equal_or_not),
	    WORLD_TEST(a_status_is_below_or_above),
	    WORLD_TEST(a_status_is_in_a_list_of_ranges),
	    WORLD_TEST(blanks_do_not_matter),
	    WORLD_TEST(a_value_may_stand_in_quotes),
	    WORLD_TEST(no_answer_at_all_equals_no_status),
	    WORLD_TEST(a_condition_on_the_status_says_so),
	    WORLD_TEST(a_time_is_compared_with_durations),
	    WORLD_TEST(a_size_is_that_of_all_the_body),
	    WORLD_TEST(a_body_is_a_text),
	    WORLD_TEST(no_body_at_all_is_an_empty_text),
	    WORLD_TEST(a_nul_hides_nothing),
	    WORLD_TEST(a_header_is_a_text),
	    WORLD_TEST(a_header_that_is_not_there_meets_nothing),
	    WORLD_TEST(an_address_is_a_text),
	    WORLD_TEST(a_value_of_json_is_compared),
	    WORLD_TEST(numbers_of_json_are_compared_as_numbers),
	    WORLD_TEST(whole_numbers_of_any_size_are_told_apart),
	    WORLD_TEST(an_array_contains_its_elements),
	    WORLD_TEST(arrays_and_objects_are_compact_texts),
	    WORLD_TEST(a_place_exists_or_is_missing),
	    WORLD_TEST(a_place_that_is_missing_meets_nothing),
	    WORLD_TEST(a_nul_in_a_string_is_compared_too),
	    WORLD_TEST(what_is_no_json_is_undecidable),
	    WORLD_TEST(what_json_c_forgives_is_json),
	    WORLD_TEST(whole_numbers_of_64_bits_are_exact),
	    WORLD_TEST(what_is_nested_too_deep_is_undecidable),
	    WORLD_TEST(a_cut_body_is_decided_where_the_kept_part_decides),
	    WORLD_TEST(a_cut_body_is_undecidable_elsewhere),
	    WORLD_TEST(max_body_is_told_as_the_plan_may_have_it),
	    WORLD_TEST(an_expression_that_takes_too_long_is_undecidable),
	    WORLD_TEST(a_value_may_have_variables),
	    WORLD_TEST(a_constant_is_read_when_the_plan_is),
	    WORLD_TEST(a_variable_without_a_value_makes_it_undecidable),
	    WORLD_TEST(a_variable_of_the_wrong_kind_makes_it_undecidable),
	    WORLD_TEST(a_condition_says_what_it_needs),
	    WORLD_TEST(it_decides_the_same_answer_after_answer),
	    WORLD_TEST(when_compares_texts),
	    WORLD_TEST(when_asks_for_values),
	    WORLD_TEST(when_does_not_hold_without_a_value),
	    WORLD_TEST(a_constant_may_decide_when),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
