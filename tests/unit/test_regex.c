/*
 * Regular expressions: what they match, and what their groups take.
 */
#include "plan/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <regex.h>

#include "base/util.h"

/* Where it is not about the steps. */
#define NO_LIMIT UINT64_MAX

static struct regex *compiled_for(const char *text, bool wants_match)
{
	char *defect = NULL;
	struct regex *r = regex_compile(text, wants_match, &defect);

	if (r == NULL)
		fail_msg("%s: %s", text, defect);
	return r;
}

static struct regex *compiled(const char *text)
{
	return compiled_for(text, true);
}

static enum regex_result find_for(
    const char *expression, struct regex_text text, struct regex_match *match)
{
	struct regex *r = compiled_for(expression, match != NULL);
	uint64_t left = NO_LIMIT;
	enum regex_result result = regex_find(r, text, 0, &left, match);

	regex_free(r);
	return result;
}

/* Whether there is one does not depend on whether it is wanted. */
static enum regex_result find_in(
    const char *expression, struct regex_text text, struct regex_match *match)
{
	enum regex_result result = find_for(expression, text, match);

	assert_int_equal(result, find_for(expression, text, NULL));
	return result;
}

/* The first group, or the match, must be this. */
static void assert_finds(
    const char *expression, const char *text, const char *expected)
{
	struct regex_match m;
	char *group;

	if (find_in(expression, (struct regex_text) {text, strlen(text), false},
		&m) != REGEX_FOUND)
		fail_msg("%s is not found in %s", expression, text);
	assert_true(m.has_group);
	group = xstrndup(text + m.group_start, m.group_end - m.group_start);
	assert_string_equal(group, expected);
	free(group);
}

static void assert_not_found(const char *expression, const char *text)
{
	struct regex_match m;

	if (find_in(expression, (struct regex_text) {text, strlen(text), false},
		&m) != REGEX_NOT_FOUND)
		fail_msg("%s is not left alone in %s", expression, text);
}

static void a_match_is_the_leftmost_and_then_the_longest(void **state)
{
	(void)state;
	assert_finds("a+|b+c", "xbbcaaa", "bbc");
	assert_finds("a|ab|abc", "abcd", "abc");
	assert_finds("x*", "aaxx", "");
	assert_finds("(a|ab)(c|bcd)", "abcd", "a");
	assert_finds("(a|ab)(bc|c)", "abc", "a");
	assert_finds("<.*>", "<a> <b>", "<a> <b>");
}

static void each_part_of_the_language_matches(void **state)
{
	(void)state;
	assert_finds("a.c", "a\nc", "a\nc");
	assert_finds("[a-c]+", "xxabcd", "abc");
	assert_finds("[^a-c]+", "abxyc", "xy");
	assert_finds("[]x-]+", "a-]x", "-]x");
	assert_finds("[^]]+", "]ab]", "ab");
	assert_finds("[[:digit:][:upper:]_]+", "aA_9b", "A_9");
	assert_finds("[[.a.][=b=]]+", "cab", "ab");
	assert_finds("[a\\\\]+", "\\a", "\\a");
	assert_finds("ab?c", "ac", "ac");
	assert_finds("(ab){2}", "ababab", "ab");
	assert_finds("a{2,3}", "aaaa", "aaa");
	assert_finds("a{,2}b", "aaab", "aab");
	assert_finds("a{2,}", "aaaa", "aaaa");
	assert_finds("a{0}b", "ab", "b");
	assert_finds("^a|b$", "ab", "a");
	assert_finds("a|", "b", "");
	assert_finds("()a", "a", "");
	assert_finds("\\.\\*\\[\\(\\{\\|\\^\\$\\\\\\/\\\"", ".*[({|^$\\/\"",
	    ".*[({|^$\\/\"");
}

static void what_does_not_match_is_not_found(void **state)
{
	(void)state;
	assert_not_found("^b", "ab");
	assert_not_found("a$", "ab");
	assert_not_found("a{3}", "aa");
	assert_not_found("[^a]", "aaa");
	assert_not_found("(^a)b", "aab");
	assert_not_found("abc", "ab");
	assert_not_found("x", "");
}

static void a_group_is_what_its_last_round_took(void **state)
{
	(void)state;
	assert_finds("(a|b)*c", "abc", "b");
	assert_finds("(ab|a){2}", "aba", "a");
	assert_finds("x*(x+)", "xxx", "x");
	assert_finds("(x*)x*", "xxx", "xxx");
	assert_finds("((a)b)", "ab", "ab");
}

/* Bounds are those of the text, not of the match. */
static void a_group_knows_what_is_around_the_match(void **state)
{
	(void)state;
	assert_finds("(^b|)b?c", "bc", "b");
	assert_finds("(^b|)b?c", "xbc", "");
	assert_finds("a(b|$)", "a", "");
	assert_not_found("a(b|$)", "ac");
}

static void a_match_may_go_without_its_group(void **state)
{
	struct regex_match m;

	(void)state;
	assert_int_equal(
	    find_in("a|(b)", (struct regex_text) {"a", 1, false}, &m),
	    REGEX_FOUND);
	assert_false(m.has_group);
}

static void matches_follow_each_other(void **state)
{
	/* behind one that took nothing a byte is left out */
	static const char *const expected[] = {"", "ab", "", "a", "", ""};
	static const char text[] = "xabya.";
	struct regex *r = compiled("[ab]*");
	uint64_t left = NO_LIMIT;
	struct regex_match m;
	size_t at = 0, n = 0;

	(void)state;
	while (regex_find(r, (struct regex_text) {text, 6, false}, at, &left,
		   &m) == REGEX_FOUND) {
		assert_in_range(n, 0, ARRAY_LEN(expected) - 1);
		assert_int_equal(m.end - m.start, strlen(expected[n]));
		assert_memory_equal(
		    text + m.start, expected[n], m.end - m.start);
		n++;
		at = regex_after(&m);
	}
	assert_int_equal(n, ARRAY_LEN(expected));
	regex_free(r);
}

static void the_end_of_a_cut_text_is_no_end(void **state)
{
	struct regex_match m;

	(void)state;
	assert_int_equal(find_in("b$", (struct regex_text) {"ab", 2, true}, &m),
	    REGEX_NOT_FOUND);
	assert_int_equal(find_in("b+", (struct regex_text) {"ab", 2, true}, &m),
	    REGEX_FOUND);
	assert_true(m.meets_end);
	assert_int_equal(
	    find_in("a", (struct regex_text) {"ab", 2, true}, &m), REGEX_FOUND);
	assert_false(m.meets_end);
}

static void a_nul_is_a_byte_but_no_dot(void **state)
{
	struct regex_match m;

	(void)state;
#ifdef REG_STARTEND
	assert_int_equal(
	    find_in("b[^a]c", (struct regex_text) {"a\0b\0c", 5, false}, &m),
	    REGEX_FOUND);
	assert_int_equal(m.start, 2);
	assert_int_equal(m.end, 5);
#endif
	assert_int_equal(
	    find_in("(c)", (struct regex_text) {"a\0b\0c", 5, false}, &m),
	    REGEX_FOUND);
	assert_int_equal(m.group_start, 4);
	assert_int_equal(
	    find_in("b$", (struct regex_text) {"b\0", 2, false}, &m),
	    REGEX_NOT_FOUND);
	assert_int_equal(
	    find_in("b.c", (struct regex_text) {"b\0c", 3, false}, &m),
	    REGEX_NOT_FOUND);
}

static void the_beginning_is_where_the_text_begins(void **state)
{
	struct regex *r = compiled("^a");
	struct regex_text text = {"aa", 2, false};
	uint64_t left = NO_LIMIT;
	struct regex_match m;

	(void)state;
	assert_int_equal(regex_find(r, text, 0, &left, &m), REGEX_FOUND);
	assert_int_equal(regex_find(r, text, 1, &left, &m), REGEX_NOT_FOUND);
	assert_int_equal(regex_find(r, text, 3, &left, &m), REGEX_NOT_FOUND);
	regex_free(r);
}

/* A line is none, nor the end of one. */
static void bounds_are_those_of_the_whole_text(void **state)
{
	(void)state;
	assert_not_found("^b", "a\nb");
	assert_not_found("a$", "a\nb");
	assert_not_found("^\n?b", "a\nb");
	assert_finds("^a|b", "b\na", "b");
	assert_finds("^$|a", "\n\na", "a");
	assert_finds("^$", "", "");
	assert_finds("(^|,)b($|,)", "a,b,c", ",");
	assert_not_found("(^|b)bc", "xbc");
	assert_finds("$", "ab", "");
}

/* --- long texts --------------------------------------------------------- */

enum { LONG_BYTES = 20000 };

/* LONG_BYTES dots with some words in them. Owned by the caller. */
static char *dots_with(const char *const words[], const size_t at[], size_t n)
{
	char *text = xcalloc(LONG_BYTES + 1, 1);

	memset(text, '.', LONG_BYTES);
	for (size_t i = 0; i < n; i++)
		memcpy(text + at[i], words[i], strlen(words[i]));
	return text;
}

static void assert_spans(
    const char *expression, const char *text, size_t start, size_t end)
{
	struct regex_match m;

	if (find_in(expression, (struct regex_text) {text, LONG_BYTES, false},
		&m) != REGEX_FOUND)
		fail_msg("%s is not found", expression);
	assert_int_equal(m.start, start);
	assert_int_equal(m.end, end);
	assert_int_equal(m.meets_end, end == LONG_BYTES);
}

static void a_match_may_be_anywhere_in_a_long_text(void **state)
{
	static const char *const words[] = {"abc", "def", "ghi"};
	static const size_t at[] = {4095, 8190, LONG_BYTES - 3};
	char *text = dots_with(words, at, ARRAY_LEN(at));

	(void)state;
	assert_spans("abc", text, 4095, 4098);
	assert_spans("[d-f]+", text, 8190, 8193);
	assert_spans("ghi$", text, LONG_BYTES - 3, LONG_BYTES);
	free(text);
}

static void a_long_match_is_the_longest_of_the_whole_text(void **state)
{
	static const char *const words[] = {"<a>", "</a>"};
	static const size_t at[] = {10, 15000};
	char *text = dots_with(words, at, ARRAY_LEN(at));

	(void)state;
	assert_spans("<.*>", text, 10, 15004);
	free(text);
}

static void a_match_further_left_may_end_far_behind(void **state)
{
	static const char *const words[] = {"a", "b", "c"};
	static const size_t at[] = {10, 20, 15000};
	char *text = dots_with(words, at, ARRAY_LEN(at));

	(void)state;
	assert_spans("a.*c|b", text, 10, 15001);
	free(text);
}

static void a_match_that_may_be_longer_is_the_longest(void **state)
{
	static const char *const words[] = {"abbb", "abbb"};
	static const size_t at[] = {8190, 16383};
	char *text = dots_with(words, at, ARRAY_LEN(at));

	(void)state;
	assert_spans("ab{0,3}", text, 8190, 8194);
	assert_spans("ab{1,}", text, 8190, 8194);
	assert_spans("a|ab{3}|bb", text, 8190, 8194);
	memcpy(text + 8190, "....", 4);
	assert_spans("ab?b?b?", text, 16383, 16387);
	free(text);
}

static void a_match_far_on_has_its_group(void **state)
{
	static const char *const words[] = {
	    "<a href=\"/b\">", "<a href=\"/c\">"};
	static const size_t at[] = {19000, 19100};
	char *text = dots_with(words, at, ARRAY_LEN(at));
	struct regex_match m;

	(void)state;
	assert_int_equal(find_in("href=\"([^\"]+)\"",
			     (struct regex_text) {text, LONG_BYTES, false}, &m),
	    REGEX_FOUND);
	assert_int_equal(m.group_start, 19009);
	assert_int_equal(m.group_end, 19011);
	free(text);
}

static void a_line_further_on_is_no_beginning(void **state)
{
	static const char *const words[] = {"\nab", "ab\n"};
	static const size_t at[] = {10000, 15000};
	char *text = dots_with(words, at, ARRAY_LEN(at));
	struct regex_match m;

	(void)state;
	assert_int_equal(
	    find_in("^ab", (struct regex_text) {text, LONG_BYTES, false}, &m),
	    REGEX_NOT_FOUND);
	assert_int_equal(
	    find_in("ab$", (struct regex_text) {text, LONG_BYTES, false}, &m),
	    REGEX_NOT_FOUND);
	assert_spans("^ab|ab", text, 10001, 10003);
	assert_spans("^.*ab", text, 0, 15002);
	free(text);
}

static void no_end_is_seen_within_a_long_text(void **state)
{
	char *text = dots_with(NULL, NULL, 0);
	struct regex_match m;

	(void)state;
	assert_spans("\\.+$", text, 0, LONG_BYTES);
	text[LONG_BYTES - 1] = '!';
	assert_int_equal(
	    find_in("\\.$", (struct regex_text) {text, LONG_BYTES, false}, &m),
	    REGEX_NOT_FOUND);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_match_is_the_leftmost_and_then_the_longest),
	    cmocka_unit_test(each_part_of_the_language_matches),
	    cmocka_unit_test(what_does_not_match_is_not_found),
	    cmocka_unit_test(a_group_is_what_its_last_round_took),
	    cmocka_unit_test(a_group_knows_what_is_around_the_match),
	    cmocka_unit_test(a_match_may_go_without_its_group),
	    cmocka_unit_test(matches_follow_each_other),
	    cmocka_unit_test(the_end_of_a_cut_text_is_no_end),
	    cmocka_unit_test(a_nul_is_a_byte_but_no_dot),
	    cmocka_unit_test(the_beginning_is_where_the_text_begins),
	    cmocka_unit_test(bounds_are_those_of_the_whole_text),
	    cmocka_unit_test(a_match_may_be_anywhere_in_a_long_text),
	    cmocka_unit_test(a_long_match_is_the_longest_of_the_whole_text),
	    cmocka_unit_test(a_match_further_left_may_end_far_behind),
	    cmocka_unit_test(a_match_that_may_be_longer_is_the_longest),
	    cmocka_unit_test(a_match_far_on_has_its_group),
	    cmocka_unit_test(a_line_further_on_is_no_beginning),
	    cmocka_unit_test(no_end_is_seen_within_a_long_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
