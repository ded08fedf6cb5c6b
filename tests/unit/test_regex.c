/*
 * Regular expressions: what they match, what is refused, and that no text
 * makes them take for ever.
 */
#include "plan/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

/* Where it is not about the time: a slow machine does not fail these. */
#define NO_LIMIT_US (UINT64_C(3600) * US_PER_S)

static struct regex *compiled_for(const char *text, bool wants_group)
{
	char *defect = NULL;
	struct regex *r = regex_compile(text, wants_group, &defect);

	if (r == NULL)
		fail_msg("%s: %s", text, defect);
	return r;
}

static struct regex *compiled(const char *text)
{
	return compiled_for(text, true);
}

static enum regex_result find_in(
    const char *expression, struct regex_text text, struct regex_match *match)
{
	struct regex *r = compiled(expression);
	uint64_t left_us = NO_LIMIT_US;
	enum regex_result result, any;

	result = regex_find(r, text, 0, &left_us, match);
	any = regex_find(r, text, 0, &left_us, NULL);
	assert_int_equal(result, any);
	regex_free(r);
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
	assert_not_found("a^b", "ab");
	assert_not_found("(^a)b", "aab");
	assert_not_found("a$b", "ab");
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
	uint64_t left_us = NO_LIMIT_US;
	struct regex_match m;
	size_t at = 0, n = 0;

	(void)state;
	while (regex_find(r, (struct regex_text) {text, 6, false}, at, &left_us,
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
	assert_int_equal(
	    find_in("b[^a]c", (struct regex_text) {"a\0b\0c", 5, false}, &m),
	    REGEX_FOUND);
	assert_int_equal(m.start, 2);
	assert_int_equal(m.end, 5);
	assert_int_equal(
	    find_in("b$", (struct regex_text) {"b\0", 2, false}, &m),
	    REGEX_NOT_FOUND);
	assert_int_equal(
	    find_in("b.c", (struct regex_text) {"b\0c", 3, false}, &m),
	    REGEX_NOT_FOUND);
}

static void a_group_that_is_not_wanted_is_not_looked_for(void **state)
{
	struct regex *r = compiled_for("a(b*)*c", false);
	uint64_t left_us = NO_LIMIT_US;
	struct regex_match m;

	(void)state;
	assert_int_equal(regex_find(r, (struct regex_text) {"xabbc", 5, false},
			     0, &left_us, &m),
	    REGEX_FOUND);
	assert_true(m.has_group);
	assert_int_equal(m.group_start, 1);
	assert_int_equal(m.group_end, 5);
	regex_free(r);
}

static void the_beginning_is_where_the_text_begins(void **state)
{
	struct regex *r = compiled("^a");
	struct regex_text text = {"aa", 2, false};
	uint64_t left_us = NO_LIMIT_US;
	struct regex_match m;

	(void)state;
	assert_int_equal(regex_find(r, text, 0, &left_us, &m), REGEX_FOUND);
	assert_int_equal(regex_find(r, text, 1, &left_us, &m), REGEX_NOT_FOUND);
	assert_int_equal(regex_find(r, text, 3, &left_us, &m), REGEX_NOT_FOUND);
	regex_free(r);
}

/* --- long texts, which are looked at in pieces -------------------------- */

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

/* 4096 bytes are looked at first. */
static void a_match_across_two_pieces_is_the_longest(void **state)
{
	static const char *const words[] = {"abbb", "abbb", "abbb"};
	static const size_t at[] = {4093, 8191, 16383};
	char *text = dots_with(words, at, ARRAY_LEN(at));

	(void)state;
	assert_spans("ab{0,3}", text, 4093, 4097);
	assert_spans("ab{1,}", text, 4093, 4097);
	assert_spans("a|ab{3}|bb", text, 4093, 4097);
	memcpy(text + 4093, "....", 4);
	assert_spans("ab?b?b?", text, 8191, 8195);
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

/* --- what is refused ---------------------------------------------------- */

#define FOREIGN_WORD \
	" is no POSIX: write what stands beside the word, as [^a-z]"
#define SHORT_MATCH                                                           \
	"? is not the short match of other languages: write what may not be " \
	"in it, as [^\"]* for .*?"
#define BACK_REFERENCE                                                     \
	" is a back-reference, and extended expressions have none: write " \
	"what it stands for"
#define REPEATED_NOTHING                                                       \
	"a repetition of what may be nothing cannot be searched for a group: " \
	"write what is repeated so that it is something, as (ab*)* for "       \
	"(a*b*)*"
#define TOO_MANY "repetitions of more than 1000 in all: write less"
#define TOO_LARGE \
	"larger than 2000 signs with its repetitions written out: write less"

static void assert_refused(
    const char *text, bool wants_group, const char *expected)
{
	struct regex *r;
	char *defect = NULL;

	r = regex_compile(text, wants_group, &defect);
	if (r != NULL)
		fail_msg("%s compiles", text);
	if (strcmp(defect, expected) != 0)
		fail_msg("%s: %s", text, defect);
	free(defect);
}

static void assert_accepted(const char *text, bool wants_group)
{
	regex_free(compiled_for(text, wants_group));
}

static void what_other_languages_have_is_refused(void **state)
{
	static const char *const cases[][2] = {
	    {"(a)\\1", "\\1" BACK_REFERENCE},
	    {"\\9", "\\9" BACK_REFERENCE},
	    {"a\\d", "\\d is no POSIX: write [0-9]"},
	    {"\\D", "\\D is no POSIX: write [^0-9]"},
	    {"\\ba", "\\b" FOREIGN_WORD},
	    {"a\\B", "\\B" FOREIGN_WORD},
	    {"\\<a", "\\<" FOREIGN_WORD},
	    {"a\\>", "\\>" FOREIGN_WORD},
	    {"\\`a", "\\`" FOREIGN_WORD},
	    {"a\\'", "\\'" FOREIGN_WORD},
	    {"(?:a)", "(? begins nothing here: write ( and count it as a "
		      "group"},
	    {".*?x", "*" SHORT_MATCH},
	    {"a+?", "+" SHORT_MATCH},
	    {"a??", "?" SHORT_MATCH},
	    {"a{2}?", "}" SHORT_MATCH},
	    {"a{1,2}?", "}" SHORT_MATCH},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_refused(cases[i][0], true, cases[i][1]);
		assert_refused(cases[i][0], false, cases[i][1]);
	}
}

static void what_only_looks_like_it_is_not_refused(void **state)
{
	(void)state;
	assert_finds("[\\d]+", "a\\d", "\\d");
	assert_finds("\\\\d", "\\d", "\\d");
	assert_finds("[[:alpha:](?]+", "1a(?", "a(?");
	assert_finds("[]*?]+", "a]*?", "]*?");
	assert_finds("\\(?a", "(a", "(a");
	assert_finds("\\*?a", "*a", "*a");
	assert_finds("\"id\":1}?x", "\"id\":1x", "\"id\":1x");
	assert_finds("a)", "a)", "a)");
}

static void counts_have_a_limit(void **state)
{
	static const char *const many[] = {"a{1001}", "a{1,1001}", "a{,1001}",
	    "a{1001,}", "a{99999999999999999999}", "(a{40}){40}",
	    "((a{99}){99}){99}", "(ab{500}){2}", "((a){1000}){1000}",
	    "){1000}{1000}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(many); i++) {
		assert_refused(many[i], false, TOO_MANY);
		assert_refused(many[i], true, TOO_MANY);
	}
	assert_accepted("a{1000}", true);
	assert_accepted("a{1000,}", true);
	assert_accepted("(a{30}){30}", true);
}

static void an_expression_has_a_largest_size(void **state)
{
	char text[2002];

	(void)state;
	assert_refused("a{900}b{900}c{900}", false, TOO_LARGE);
	assert_refused("a{900}|b{900}|c{900}", false, TOO_LARGE);
	assert_accepted("a{900}b{900}", false);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_refused(text, false, TOO_LARGE);
	text[sizeof(text) - 2] = '\0';
	assert_accepted(text, false);
}

static void brackets_have_a_largest_depth(void **state)
{
	char text[2 * 64 + 2] = "";

	(void)state;
	memset(text, '(', 63);
	text[63] = 'a';
	memset(text + 64, ')', 63);
	assert_accepted(text, true);
	memset(text, '(', 64);
	text[64] = 'a';
	memset(text + 65, ')', 64);
	assert_refused(text, true, "brackets too deep: write fewer");
}

static void a_group_in_repeated_nothing_is_refused(void **state)
{
	static const char *const refused[] = {"(a*b*)*", "(a*)+", "(a*){2}",
	    "(a*){0,}", "(a*){1,}", "(a*){,2}", "(|a)*", "(a|)*", "(a|b*)*",
	    "()*", "(a?)*", "(a{0,2})*", "(^|$)+", "((a*)|b)*", "(x)(a?b?)*",
	    "(a)(b**)"};
	static const char *const accepted[] = {"(ab*)*", "(a*b)*", "(a|b)*",
	    "(a*)?", "(a*)", "(a*){1}", "(a*){0,1}", "(a+)*", "(a?b)+",
	    "(a{1,2})*"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		assert_refused(refused[i], true, REPEATED_NOTHING);
		assert_accepted(refused[i], false);
	}
	for (size_t i = 0; i < ARRAY_LEN(accepted); i++)
		assert_accepted(accepted[i], true);
	/* without a group there is none to look for */
	assert_accepted("a**", true);
}

/* What regcomp() says differs between systems. */
static void what_the_system_refuses_is_refused(void **state)
{
	static const char before[] = "not a regular expression: ";
	static const char behind[] = ": write a POSIX extended one";
	static const char *const texts[] = {"(a", "[a", "[]", "[[:digit:]",
	    "[[:number:]]", "[z-a]", "*a", "a|+", "a\\", "a{2,1}", "a{x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char *defect = NULL;
		size_t len;

		if (regex_compile(texts[i], true, &defect) != NULL)
			fail_msg("%s compiles", texts[i]);
		len = strlen(defect);
		if (len <= strlen(before) + strlen(behind) ||
		    strncmp(defect, before, strlen(before)) != 0 ||
		    strcmp(defect + len - strlen(behind), behind) != 0)
			fail_msg("%s: %s", texts[i], defect);
		assert_false(defect[strlen(before)] >= 'A' &&
			     defect[strlen(before)] <= 'Z');
		free(defect);
	}
}

/* --- hostile texts ------------------------------------------------------ */

enum { HOSTILE_BYTES = 1 << 20 };

static enum regex_result find_hostile(
    struct regex *r, uint64_t *left_us, struct regex_match *match)
{
	/* AddressSanitizer looks for a NUL behind it */
	char *text = xcalloc(HOSTILE_BYTES + 1, 1);
	enum regex_result result;

	memset(text, 'x', HOSTILE_BYTES);
	result = regex_find(r, (struct regex_text) {text, HOSTILE_BYTES, false},
	    0, left_us, match);
	free(text);
	return result;
}

/* All of it would take 20 minutes. */
static void a_text_that_takes_too_long_is_given_up(void **state)
{
	struct regex *r = compiled("x.*y");
	uint64_t left_us = REGEX_BUDGET_US;
	struct regex_match m;

	(void)state;
	assert_int_equal(find_hostile(r, &left_us, &m), REGEX_TOO_LONG);
	assert_true(left_us < REGEX_BUDGET_US);
	left_us = REGEX_BUDGET_US;
	assert_int_equal(find_hostile(r, &left_us, NULL), REGEX_TOO_LONG);
	assert_true(left_us < REGEX_BUDGET_US);
	regex_free(r);
}

/* What the first half is like says nothing about the other. */
static void a_harmless_beginning_does_not_hide_a_hostile_end(void **state)
{
	static char bytes[1 << 20];
	struct regex *r = compiled("x.*y");
	uint64_t left_us = REGEX_BUDGET_US;

	(void)state;
	memset(bytes, 'a', sizeof(bytes) / 2);
	memset(bytes + sizeof(bytes) / 2, 'x', sizeof(bytes) / 2);
	assert_int_equal(
	    regex_find(r, (struct regex_text) {bytes, sizeof(bytes), false}, 0,
		&left_us, NULL),
	    REGEX_TOO_LONG);
	assert_int_equal(left_us, 0);
	regex_free(r);
}

static void what_is_left_ends_at_nothing(void **state)
{
	struct regex *r = compiled("x.*y");
	uint64_t left_us = 1;
	struct regex_match m;

	(void)state;
	assert_int_equal(find_hostile(r, &left_us, &m), REGEX_TOO_LONG);
	assert_int_equal(left_us, 0);
	/* then nothing is looked at any more */
	assert_int_equal(regex_find(r, (struct regex_text) {"xy", 2, false}, 0,
			     &left_us, &m),
	    REGEX_TOO_LONG);
	assert_int_equal(left_us, 0);
	regex_free(r);
}

static void an_expression_is_as_good_after_a_hostile_text(void **state)
{
	struct regex *r = compiled("x(.*)y");
	uint64_t left_us = REGEX_BUDGET_US;
	struct regex_match m;

	(void)state;
	assert_int_equal(find_hostile(r, &left_us, &m), REGEX_TOO_LONG);
	left_us = NO_LIMIT_US;
	assert_int_equal(regex_find(r, (struct regex_text) {"axbyc", 5, false},
			     0, &left_us, &m),
	    REGEX_FOUND);
	assert_int_equal(m.start, 1);
	assert_int_equal(m.end, 4);
	assert_int_equal(m.group_start, 2);
	assert_int_equal(m.group_end, 3);
	regex_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_match_is_the_leftmost_and_then_the_longest),
	    cmocka_unit_test(each_part_of_the_language_matches),
	    cmocka_unit_test(what_does_not_match_is_not_found),
	    cmocka_unit_test(a_group_is_what_its_last_round_took),
	    cmocka_unit_test(a_match_may_go_without_its_group),
	    cmocka_unit_test(matches_follow_each_other),
	    cmocka_unit_test(the_end_of_a_cut_text_is_no_end),
	    cmocka_unit_test(a_nul_is_a_byte_but_no_dot),
	    cmocka_unit_test(a_group_that_is_not_wanted_is_not_looked_for),
	    cmocka_unit_test(the_beginning_is_where_the_text_begins),
	    cmocka_unit_test(a_match_may_be_anywhere_in_a_long_text),
	    cmocka_unit_test(a_long_match_is_the_longest_of_the_whole_text),
	    cmocka_unit_test(a_match_further_left_may_end_far_behind),
	    cmocka_unit_test(a_match_across_two_pieces_is_the_longest),
	    cmocka_unit_test(no_end_is_seen_within_a_long_text),
	    cmocka_unit_test(what_other_languages_have_is_refused),
	    cmocka_unit_test(what_only_looks_like_it_is_not_refused),
	    cmocka_unit_test(counts_have_a_limit),
	    cmocka_unit_test(an_expression_has_a_largest_size),
	    cmocka_unit_test(brackets_have_a_largest_depth),
	    cmocka_unit_test(a_group_in_repeated_nothing_is_refused),
	    cmocka_unit_test(what_the_system_refuses_is_refused),
	    cmocka_unit_test(a_text_that_takes_too_long_is_given_up),
	    cmocka_unit_test(a_harmless_beginning_does_not_hide_a_hostile_end),
	    cmocka_unit_test(what_is_left_ends_at_nothing),
	    cmocka_unit_test(an_expression_is_as_good_after_a_hostile_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
