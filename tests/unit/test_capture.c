/*
 * Captures: what they find, which of many, what they say when they find
 * nothing, what is refused.
 */
#include "plan/capture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "answers.h"

static struct capture *compiled(void **state, const char *text)
{
	struct world *w = *state;
	struct capture *c;
	struct diag d;

	diag_init(&d);
	c = capture_compile("id", text, &w->variables, &d, here);
	if (c == NULL)
		fail_msg("%s", d.entries[0].text);
	assert_int_equal(d.n, 0);
	diag_clear(&d);
	return c;
}

/* What text takes must be these bytes. */
static void assert_bytes(
    void **state, const char *text, const char *expected, size_t len)
{
	struct world *w = *state;
	struct capture *c = compiled(state, text);
	struct buf out, why;

	buf_init(&out, 1 << 20);
	buf_init(&why, 4096);
	if (!capture_take(c, &w->answer, &w->env, &out, &why))
		fail_msg("%s: %s", text, buf_text(&why));
	assert_int_equal(buf_len(&why), 0);
	assert_int_equal(buf_len(&out), len);
	assert_memory_equal(buf_bytes(&out), expected, len);
	assert_string_equal(capture_text(c), text);
	buf_clear(&out);
	buf_clear(&why);
	capture_free(c);
}

static void assert_takes(void **state, const char *text, const char *expected)
{
	assert_bytes(state, text, expected, strlen(expected));
}

static void assert_finds_nothing(
    void **state, const char *text, const char *expected)
{
	struct world *w = *state;
	struct capture *c = compiled(state, text);
	struct buf out, why;

	buf_init(&out, 1 << 20);
	buf_init(&why, 4096);
	assert_false(capture_take(c, &w->answer, &w->env, &out, &why));
	assert_string_equal(buf_text(&why), expected);
	buf_clear(&out);
	buf_clear(&why);
	capture_free(c);
}

static void assert_refused(void **state, const char *text, const char *expected)
{
	struct world *w = *state;
	char line[1024];
	struct diag d;

	snprintf(line, sizeof(line), "plan.ini:14: capture.id \"%s\": %s", text,
	    expected);
	diag_init(&d);
	assert_null(capture_compile("id", text, &w->variables, &d, here));
	assert_int_equal(d.n, 1);
	assert_string_equal(d.entries[0].text, line);
	diag_clear(&d);
}

static const char list[] =
    "{\"items\":[{\"id\":1},{\"id\":\"two\"},{\"no\":0},{\"id\":null},"
    "{\"id\":\"\"},{\"id\":[5, 6]}],\"none\":null,\"empty\":[],"
    "\"most\":18446744073709551615,\"least\":-9223372036854775808,"
    "\"f\":1.50,\"e\":-1E5,\"long\":12345678901234567890123.0,"
    "\"whole\":-123456789012345678901234567890,"
    "\"text\":\"a\\u0000b\\u00e9\\n\"}";

/* --- JSON --------------------------------------------------------------- */

static void a_value_of_json_is_taken_as_text(void **state)
{
	world_body(*state, list);
	assert_takes(state, "json /items/0/id", "1");
	assert_takes(state, "json /items/1/id", "two");
	assert_takes(state, "json /items/5/id", "[5,6]");
	assert_takes(state, "json /items/2", "{\"no\":0}");
	assert_takes(state, "json /items/4/id", "");
}

static void a_number_is_taken_as_it_is_written(void **state)
{
	world_body(*state, list);
	assert_takes(state, "json /most", "18446744073709551615");
	assert_takes(state, "json /least", "-9223372036854775808");
	assert_takes(state, "json /f", "1.50");
	assert_takes(state, "json /e", "-1E5");
	assert_takes(state, "json /long", "12345678901234567890123.0");
	assert_takes(state, "json /whole", "-123456789012345678901234567890");
}

static void escapes_become_what_they_stand_for(void **state)
{
	world_body(*state, list);
	assert_bytes(state, "json /text", "a\0b\xc3\xa9\n", 6);
}

static void null_and_what_is_not_there_are_nothing(void **state)
{
	world_body(*state, list);
	assert_finds_nothing(
	    state, "json /none", "capture.id: json /none: nothing found");
	assert_finds_nothing(state, "json /items/9/id",
	    "capture.id: json /items/9/id: nothing found");
}

static void any_takes_an_element(void **state)
{
	world_body(*state, "{\"l\":[\"x\"],\"empty\":[],\"s\":\"x\"}");
	assert_takes(state, "any json /l", "x");
	assert_finds_nothing(state, "any json /empty",
	    "capture.id: any json /empty: nothing found");
	assert_finds_nothing(
	    state, "any json /s", "capture.id: any json /s: nothing found");
}

static void last_takes_the_last_element(void **state)
{
	world_body(*state, list);
	assert_takes(state, "last json /items", "{\"id\":[5,6]}");
	assert_takes(state, "last json /items/5/id", "6");
	assert_takes(state, "last json /items/*/id", "[5,6]");
	assert_takes(state, "last json /items/*/no", "0");
	assert_takes(state, "last json /items/*/id/*", "6");
}

static void a_star_is_a_key_without_any(void **state)
{
	world_body(*state, "{\"*\":{\"*\":[7]}}");
	assert_takes(state, "json /*/*/0", "7");
}

static void a_star_is_no_key_with_any(void **state)
{
	world_body(*state, "{\"*\":[7]}");
	assert_finds_nothing(
	    state, "any json /*", "capture.id: any json /*: nothing found");
	assert_finds_nothing(
	    state, "any json /*/*", "capture.id: any json /*/*: nothing found");
}

/* How often each digit comes out of n takes. */
static void count_takes(
    void **state, const char *text, unsigned n, unsigned counts[10])
{
	struct world *w = *state;
	struct capture *c = compiled(state, text);
	struct buf out, why;

	buf_init(&out, 4096);
	buf_init(&why, 4096);
	for (unsigned i = 0; i < n; i++) {
		buf_reset(&out);
		assert_true(capture_take(c, &w->answer, &w->env, &out, &why));
		assert_int_equal(buf_len(&out), 1);
		counts[*buf_bytes(&out) - '0']++;
	}
	buf_clear(&out);
	buf_clear(&why);
	capture_free(c);
}

static void any_is_each_as_often_as_any_other(void **state)
{
	static const char *const captures[] = {
	    "any json /l", "any json /m/*/x/y", "any body <([0-9])>"};
	unsigned counts[10];

	world_body(*state,
	    "{\"l\":[0,1,2,3,4],\"m\":[{\"x\":{\"y\":0}},{\"x\":{\"y\":1}},"
	    "{\"x\":3},{\"x\":{\"y\":2}},{\"x\":{\"y\":3}},{\"x\":{\"y\":4}}"
	    "],\"t\":\"<0><1><x><2><3><4>\"}");
	for (size_t i = 0; i < ARRAY_LEN(captures); i++) {
		memset(counts, 0, sizeof(counts));
		count_takes(state, captures[i], 10000, counts);
		for (size_t k = 0; k < 5; k++)
			assert_in_range(counts[k], 1800, 2200);
	}
}

static void what_is_no_json_is_nothing(void **state)
{
	world_body(*state, "<html>");
	assert_finds_nothing(
	    state, "json /id", "capture.id: json /id: body is not JSON");
	assert_takes(state, "json /id -> none", "none");
}

/* --- bodies ------------------------------------------------------------- */

static const char links[] =
    "<a href=\"/one\">1</a> <a href=\"\"> <a href=\"/two\">2</a>";

static void the_first_group_is_taken(void **state)
{
	world_body(*state, links);
	assert_takes(state, "body href=\"([^\"]+)\"", "/one");
	assert_takes(state, "last body href=\"([^\"]+)\"", "/two");
	assert_takes(state, "body >([0-9])<(/)a>", "1");
}

static void without_a_group_it_is_the_match(void **state)
{
	world_body(*state, links);
	assert_takes(state, "body /t[a-z]+", "/two");
	assert_takes(state, "last body <a", "<a");
}

static void a_match_without_its_group_does_not_count(void **state)
{
	world_body(*state, "x y1 x y2 x");
	assert_takes(state, "body x|y([0-9])", "1");
	assert_takes(state, "last body x|y([0-9])", "2");
}

static void an_expression_may_stand_in_quotes(void **state)
{
	world_body(*state, "{\"token\":\"abc\"} -> x");
	assert_takes(state, "body \"token\":\"([^\"]+)\"", "abc");
	assert_takes(state, "body \"\\\"token\\\":\\\"([^\\\"]+)\"", "abc");
	assert_takes(state, "body \"-> (.)\" -> none", "x");
}

static void a_body_without_a_match_is_nothing(void **state)
{
	world_body(*state, links);
	assert_finds_nothing(
	    state, "body [x-z]{9}", "capture.id: body [x-z]{9}: nothing found");
}

static void a_nul_hides_no_match(void **state)
{
	world_body_bytes(*state, "a\0id=7\0", 7);
	assert_takes(state, "body id=([0-9])", "7");
	assert_bytes(state, "body id=([^x]*)", "7\0", 2);
}

static void a_dot_is_no_nul(void **state)
{
	world_body_bytes(*state, "id=7\n8\0009", 8);
	assert_takes(state, "body id=(.*)", "7\n8");
}

static void a_match_that_the_cut_may_have_shortened_is_not_taken(void **state)
{
	world_cut_body(*state, "id=12 id=34");
	assert_takes(state, "body id=([0-9]+)", "12");
	assert_takes(state, "any body id=([0-9]+)", "12");
	assert_finds_nothing(state, "last body id=([0-9]+)",
	    "capture.id: last body id=([0-9]+): body is longer than max_body "
	    "(1M)");
	assert_finds_nothing(state, "body id=(3[0-9]*) -> x",
	    "capture.id: body id=(3[0-9]*): body is longer than max_body "
	    "(1M)");
	assert_finds_nothing(state, "json /id -> x",
	    "capture.id: json /id: body is longer than max_body (1M)");
}

/* A body of n bytes, all of them a but the last, which is b; owned. */
static char *long_body(size_t n)
{
	char *body = xcalloc(n + 1, 1);

	memset(body, 'a', n);
	body[n - 1] = 'b';
	return body;
}

static void the_last_of_a_million_matches_is_found(void **state)
{
	char *body = long_body(1 << 20);

	world_body(*state, body);
	assert_takes(state, "last body [ab]", "b");
	world_body(*state, "");
	free(body);
}

static void an_expression_that_takes_too_long_is_given_up(void **state)
{
	char *body = long_body(1 << 20);

	world_body(*state, body);
	assert_finds_nothing(state, "last body a(.*c)?",
	    "capture.id: last body a(.*c)?: the expression takes too long on "
	    "this text");
	world_body(*state, "");
	free(body);
}

/* --- the rest ----------------------------------------------------------- */

static void headers_cookies_status_and_address_are_taken(void **state)
{
	assert_takes(state, "header Content-Type", "text/html");
	assert_takes(state, "header X-Empty", "");
	assert_takes(state, "cookie session", "s3cr3t");
	assert_takes(state, "status", "200");
	assert_takes(state, "url", "http://h/login?next=/");
}

static void what_did_not_come_is_nothing(void **state)
{
	struct world *w = *state;

	assert_finds_nothing(
	    state, "header Etag", "capture.id: header Etag: nothing found");
	assert_finds_nothing(
	    state, "cookie other", "capture.id: cookie other: nothing found");
	w->answer.source = NULL;
	w->answer.status = 0;
	assert_finds_nothing(state, "url", "capture.id: url: nothing found");
	assert_finds_nothing(
	    state, "status", "capture.id: status: nothing found");
}

static void a_default_stands_for_nothing(void **state)
{
	assert_takes(state, "header Etag -> none", "none");
	assert_takes(state, "header Etag->none", "none");
	assert_takes(state, "header Etag -> \"\"", "");
	assert_takes(state, "header Etag -> \" x -> y \"", " x -> y ");
	assert_takes(state, "header Etag -> ${user_name}!", "ada!");
	assert_takes(state, "header Etag -> a -> b", "a -> b");
	assert_takes(state, "header X-Empty -> none", "");
}

static void a_default_without_a_value_fails(void **state)
{
	assert_finds_nothing(state, "header Etag -> ${unset}",
	    "capture.id: ${unset} has no value");
}

static void a_capture_says_what_it_needs(void **state)
{
	static const struct {
		const char *text;
		bool body;
	} cases[] = {
	    {"status", false},
	    {"header X", false},
	    {"cookie X", false},
	    {"json /x", true},
	    {"body x", true},
	    {"url", false},
	};
	struct capture *c;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		c = compiled(state, cases[i].text);
		assert_int_equal(capture_needs_body(c), cases[i].body);
		capture_free(c);
	}
}

/* --- mistakes ----------------------------------------------------------- */

static void mistakes_are_refused(void **state)
{
	static const char *const cases[][2] = {
	    {"", "no source: write json /id"},
	    {"any", "no source: write json /id"},
	    {"-> x", "no source: write json /id"},
	    {"jsn /id", "unknown source \"jsn\": did you mean \"json\"?"},
	    {"weather", "unknown source \"weather\": write json POINTER, "
			"header NAME, cookie NAME, body REGEX, status or url"},
	    {"/id", "no source: did you mean \"json /id\"?"},
	    {"json", "no pointer: write json /id"},
	    {"json id", "\"id\": a pointer begins with /: did you mean "
			"\"/id\"?"},
	    {"json /a~", "\"/a~\": a ~ in a pointer is half a sign: write ~0 "
			 "for ~, and ~1 for /"},
	    {"header", "no name: write header Location"},
	    {"header Location:", "\"Location:\" is no name of a header: "
				 "write header Location"},
	    {"cookie -> x", "no name: write cookie session"},
	    {"body", "no expression: write body href=\"([^\"]+)\""},
	    {"body a(", "not a regular expression: unmatched ( or \\(: "
			"write a POSIX extended one"},
	    {"body (a)\\1", "\\1 is a back-reference, and extended "
			    "expressions have none: write what it stands "
			    "for"},
	    {"any header X", "there is one header at most: leave any out"},
	    {"last cookie X", "there is one cookie at most: leave last out"},
	    {"any status", "there is one status at most: leave any out"},
	    {"last url", "there is one url at most: leave last out"},
	    {"json /a /b", "\"/b\" behind the source: write -> before a "
			   "default"},
	    {"status 200", "\"200\" behind the source: write -> before a "
			   "default"},
	    {"json /a ->", "no default behind ->: write one, \"\" for the "
			   "empty text, or leave -> out"},
	    {"json /a -> \"x", "a quote is not closed: write \" behind the "
			       "value"},
	    {"json /a -> \"x\" y", "\"y\" behind the default: write \\\" for "
				   "a quote in quotes"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_refused(state, cases[i][0], cases[i][1]);
}

static void an_unknown_variable_in_a_default_is_refused(void **state)
{
	struct world *w = *state;
	struct diag d;

	diag_init(&d);
	assert_null(capture_compile(
	    "id", "status -> ${limt}", &w->variables, &d, here));
	assert_string_equal(d.entries[0].text,
	    "plan.ini:14: capture.id \"${limt}\": unknown variable \"limt\": "
	    "did you mean \"limit\"?");
	diag_clear(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_value_of_json_is_taken_as_text, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		a_number_is_taken_as_it_is_written, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		escapes_become_what_they_stand_for, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		null_and_what_is_not_there_are_nothing, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		any_takes_an_element, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		last_takes_the_last_element, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		a_star_is_a_key_without_any, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		a_star_is_no_key_with_any, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		any_is_each_as_often_as_any_other, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		what_is_no_json_is_nothing, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		the_first_group_is_taken, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		without_a_group_it_is_the_match, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		a_match_without_its_group_does_not_count, make_world,
		free_world),
	    cmocka_unit_test_setup_teardown(
		an_expression_may_stand_in_quotes, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		a_body_without_a_match_is_nothing, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		a_nul_hides_no_match, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		a_dot_is_no_nul, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		a_match_that_the_cut_may_have_shortened_is_not_taken,
		make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		the_last_of_a_million_matches_is_found, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		an_expression_that_takes_too_long_is_given_up, make_world,
		free_world),
	    cmocka_unit_test_setup_teardown(
		headers_cookies_status_and_address_are_taken, make_world,
		free_world),
	    cmocka_unit_test_setup_teardown(
		what_did_not_come_is_nothing, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		a_default_stands_for_nothing, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		a_default_without_a_value_fails, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		a_capture_says_what_it_needs, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		mistakes_are_refused, make_world, free_world),
	    cmocka_unit_test_setup_teardown(
		an_unknown_variable_in_a_default_is_refused, make_world,
		free_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
