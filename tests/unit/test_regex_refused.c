/*
 * Regular expressions that are refused: of other languages, too large for any
 * text to be looked at in bounded time, or unknown to the system.
 */
#include "plan/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

#define FOREIGN_WORD \
	" is no POSIX: write what stands beside the word, as [^a-z]"
#define SHORT_MATCH                                                           \
	"? is not the short match of other languages: write what may not be " \
	"in it, as [^\"]* for .*?"
#define BACK_REFERENCE                                                     \
	" is a back-reference, and extended expressions have none: write " \
	"what it stands for"
#define REPEATED_NOTHING                                                      \
	"what may be nothing is repeated: write it so that it is something, " \
	"as (a|b)* for (a*b*)*"
#define TOO_LONG_WRITTEN_OUT \
	"it is too long when its counts are written out: write less"
#define TOO_MANY_STATES                                                       \
	"there are too many states to keep apart in it: write sets that "     \
	"cannot take what comes behind them, without a count, as [^\"]* for " \
	".{32}"
#define TOO_MUCH_BEHIND_START \
	"more than 64 characters and sets may come next behind ^: write fewer"
#define BEFORE_START "before ^ nothing comes: write \\^ for a plain one"
#define BEHIND_END   "behind $ nothing comes: write \\$ for a plain one"

/* Whether the match is wanted or not. */
static void assert_refused(const char *text, const char *expected)
{
	for (int wants_match = 0; wants_match < 2; wants_match++) {
		char *defect = NULL;

		if (regex_compile(text, wants_match, &defect) != NULL)
			fail_msg("%s compiles", text);
		if (strcmp(defect, expected) != 0)
			fail_msg("%s: %s", text, defect);
		free(defect);
	}
}

static struct regex *compiled(const char *text, bool wants_match)
{
	char *defect = NULL;
	struct regex *r = regex_compile(text, wants_match, &defect);

	if (r == NULL)
		fail_msg("%s: %s", text, defect);
	return r;
}

static void assert_accepted(const char *text)
{
	regex_free(compiled(text, true));
	regex_free(compiled(text, false));
}

/* It is accepted, and matches all of text. */
static void assert_takes_all(const char *expression, const char *text)
{
	struct regex *r = compiled(expression, true);
	const size_t len = strlen(text);
	uint64_t left = UINT64_MAX;
	struct regex_match m;

	assert_int_equal(
	    regex_find(r, (struct regex_text) {text, len, false}, 0, &left, &m),
	    REGEX_FOUND);
	assert_int_equal(m.start, 0);
	assert_int_equal(m.end, len);
	regex_free(r);
}

/* part, n times. Owned by the caller. */
static char *repeated(const char *part, size_t n)
{
	size_t len = strlen(part);
	char *text = xcalloc(n * len + 1, 1);

	for (size_t i = 0; i < n; i++)
		memcpy(text + i * len, part, len);
	return text;
}

static void assert_repeated_refused(
    const char *part, size_t n, const char *expected)
{
	char *text = repeated(part, n);

	assert_refused(text, expected);
	free(text);
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
	    {"\\`a", "\\` is no POSIX: write ^"},
	    {"a\\'", "\\' is no POSIX: write $"},
	    {"\\Aa", "\\A is no POSIX: write ^"},
	    {"a\\tb", "\\t is no POSIX: write [[:blank:]]"},
	    {"a\\n", "\\n is no POSIX: write [[:space:]]"},
	    {"\\qa", "\\q is no POSIX: write q for the letter itself"},
	    {"a)", "a ) without its (: write \\) for a plain one"},
	    {"(a))", "a ) without its (: write \\) for a plain one"},
	    {"(?:a)", "(?: is no POSIX: write ( and count it as a group"},
	    {"a(?=b)",
		"(?= is no POSIX: write what follows as part of the match"},
	    {"a(?!b)", "(?! is no POSIX: write what may follow, as [^a-z]"},
	    {"(?<=a)b", "(?<= is no POSIX: write what comes before as part of "
			"the match, and a group"},
	    {"(?<!a)b",
		"(?<! is no POSIX: write what may come before, as [^a-z]"},
	    {"(?<x>a)", "(?< is no POSIX: write ( without a name"},
	    {"(?P<x>a)", "(?P< is no POSIX: write ( without a name"},
	    {"(?i)error", "(?i is no POSIX: write both letters, as [Ee]rror"},
	    {"(?s).*", "(? is no POSIX: leave it out, or write \\(\\? for "
		       "plain ones"},
	    {"\\u00e9", "\\u is no POSIX: write the character itself"},
	    {"\\x41", "\\x is no POSIX: write the character itself"},
	    {"a\\0", "\\0 is no POSIX: write the character itself"},
	    {"\\p{L}+", "\\p is no POSIX: write a set, as [[:alpha:]]"},
	    {".*?x", "*" SHORT_MATCH},
	    {"a+?", "+" SHORT_MATCH},
	    {"a??", "?" SHORT_MATCH},
	    {"a{2}?", "}" SHORT_MATCH},
	    {"a{1,2}?", "}" SHORT_MATCH},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_refused(cases[i][0], cases[i][1]);
	}
}

static void a_backslash_before_a_letter_in_a_set_is_refused(void **state)
{
	static const char *const cases[][2] = {
	    {"[\\s\\S]*", "\\s in [] is a backslash and s: write "
			  "[[:space:]]"},
	    {"[^\\S]", "\\S in [] is a backslash and S: write [^[:space:]]"},
	    {"[\\w-]+", "\\w in [] is a backslash and w: write [[:alnum:]_]"},
	    {"[^\\n]*", "\\n in [] is a backslash and n: write [[:cntrl:]]"},
	    {"a[\\d]+", "\\d in [] is a backslash and d: write [0-9]"},
	    {"[.\\x41]", "\\x in [] is a backslash and x: write the character "
			 "itself"},
	    {"[\\q]", "\\q in [] is a backslash and q: write [q\\] if that "
		      "is meant"},
	    {"[^\\]]+", "\\] in [] ends it: write ] first, as []a]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_refused(cases[i][0], cases[i][1]);
}

/* As JSON has them. */
static void signs_of_repetition_without_a_sense_are_refused(void **state)
{
	static const char *const no_counts[] = {"{\"id\":([0-9]+)",
	    "\"data\":{\"id\":1", "a{", "a{x", "a{}", "a{1", "a{1,2,3}",
	    "a{ 1}", "a+{-1}"};
	static const char *const alone[] = {"*a", "a|*", "(*a)", "^*", "$*"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(no_counts); i++)
		assert_refused(no_counts[i],
		    "a { that is no count: write \\{ for a plain one");
	for (size_t i = 0; i < ARRAY_LEN(alone); i++)
		assert_refused(alone[i],
		    "a * with nothing in front: write \\* for a plain one");
	assert_refused("(+", "a + with nothing in front: write \\+ for a "
			     "plain one");
	assert_refused("{2}", "a { with nothing in front: write \\{ for a "
			      "plain one");
}

static void what_only_looks_like_it_is_not_refused(void **state)
{
	(void)state;
	assert_takes_all("a[d\\]+", "a\\d");
	assert_takes_all("[a\\\\d]+", "a\\d");
	assert_takes_all("[\\.\\-]+\\(\\?", "\\.-(?");
	assert_takes_all("\\\\d", "\\d");
	assert_takes_all("1[[:alpha:](?]+", "1a(?");
	assert_takes_all("a[]*?]+", "a]*?");
	assert_takes_all("\\(?a", "(a");
	assert_takes_all("\\*?a", "*a");
	assert_takes_all("\"id\":1}?x", "\"id\":1x");
	assert_takes_all("a\\)[)]", "a))");
}

static void an_expression_has_a_largest_size(void **state)
{
	static const char *const texts[] = {"a{512}", "a{,512}", "a{511,}",
	    "a{99999999999999999999}", "a{18446744073709551618}", "(a{40}){40}",
	    "((a{99}){99}){99}", "(ab{250}){2}x{10}", "((a){1000}){1000}",
	    "a{300}|b{300}"};
	char *most = repeated("a", 511);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_refused(texts[i], TOO_LONG_WRITTEN_OUT);
	assert_repeated_refused("a", 512, TOO_LONG_WRITTEN_OUT);
	assert_repeated_refused("|", 2000, TOO_LONG_WRITTEN_OUT);
	assert_repeated_refused("()", 2000, TOO_LONG_WRITTEN_OUT);
	assert_refused("(a()()()()()()()()()()()()()()()()()()()()){30}",
	    TOO_LONG_WRITTEN_OUT);
	assert_accepted(most);
	assert_accepted("a{511}");
	assert_accepted("(a{20}){20}");
	free(most);
}

static void brackets_have_a_largest_depth(void **state)
{
	char text[2 * 64 + 2] = "";

	(void)state;
	memset(text, '(', 63);
	text[63] = 'a';
	memset(text + 64, ')', 63);
	assert_accepted(text);
	memset(text, '(', 64);
	text[64] = 'a';
	memset(text + 65, ')', 64);
	assert_refused(text, "brackets too deep: write fewer");
}

/* To find a group in it regexec() may look for ever, and without groups
 * regcomp() may. */
static void repeated_nothing_is_refused(void **state)
{
	static const char *const refused[] = {"(a*b*)*", "(a*)+", "(a*){2}",
	    "(a*){0,}", "(a*){1,}", "(a*){,2}", "(|a)*", "(a|)*", "(a|b*)*",
	    "()*", "(a?)*", "(a{0,2})*", "(^|$)+", "((a*)|b)*", "(x)(a?b?)*",
	    "(a)(b**)", "a**", "(a{0})+"};
	static const char *const accepted[] = {"(ab*)*", "(a*b)*", "(a|b)*",
	    "(a*)?", "(a*)", "(a*){1}", "(a*){0,1}", "(a+)*", "(a?b)+",
	    "(a{1,2})*", "(a*){0}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		assert_refused(refused[i], REPEATED_NOTHING);
	for (size_t i = 0; i < ARRAY_LEN(accepted); i++)
		assert_accepted(accepted[i]);
}

static void what_comes_to_too_many_states_is_refused(void **state)
{
	static const char *const texts[] = {"(a|b)*a(a|b){20}", ".*a.{10}b",
	    "x+.*a[ab]{12}", "(^|x)(a|.)*a(a|.){20}b",
	    "((a|b){1,90}|(a|b)*a(a|b){20})c",
	    "((..)*|(...)*|(.....)*|(a|b)*a(a|b){20})c",
	    "csrf.*value=\"(.{32})\""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_refused(texts[i], TOO_MANY_STATES);
	/* as it says */
	assert_accepted("csrf[^>]*value=\"([^\"]*)\"");
}

/* [..] with those of n bytes that have this bit set in their number. */
static char *set_of(size_t bit, size_t n)
{
	char *text = xcalloc(n + 3, 1);
	size_t len = 0;

	text[len++] = '[';
	for (size_t i = 0; i < n; i++)
		if ((i >> bit & 1) != 0)
			text[len++] = (char)(0x80 + i);
	text[len++] = ']';
	return text;
}

/* Of 128 kinds of bytes that begin it each state behind is looked at. */
static void what_takes_too_long_to_lay_out_is_refused(void **state)
{
	char text[3 * 128 + 32] = "(";
	size_t len = 1;

	(void)state;
	for (int c = 0x80; c < 0x100; c++) {
		text[len++] = (char)c;
		text[len++] = '|';
	}
	memcpy(text + len, "a).{1,300}", 11);
	assert_refused(text, TOO_MANY_STATES);
	memcpy(text + len, "a).{1,100}", 11);
	assert_accepted(text);
}

/* For regexec() states are as many as the ways to them, though the same comes
 * next. */
static void states_that_go_on_alike_are_told_apart(void **state)
{
	char *sets[7], *text;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sets); i++)
		sets[i] = set_of(i, 0x7f);
	text = xasprintf("^.*a.{6}((%s)|(%s)|(%s)|(%s)|(%s)|(%s)|(%s)|.)",
	    sets[0], sets[1], sets[2], sets[3], sets[4], sets[5], sets[6]);
	assert_refused(text, TOO_MANY_STATES);
	free(text);
	for (size_t i = 0; i < ARRAY_LEN(sets); i++)
		free(sets[i]);
}

/* regexec() finds them all the same, as ([a-z]+($|,)){2} in "abcd". */
static void bounds_that_could_not_hold_are_refused(void **state)
{
	static const char *const starts[] = {"a^b", "a*^b", "a(^|b)", "(^a|b)+",
	    "^^a", "((^|,)[a-z]+)+", "a|b^"};
	static const char *const ends[] = {"a$b", "a$b*", "([a-z]+($|,)){2}",
	    "a$$", "(a$)(b?)", ".*($|x)(a|.){20}b"};
	static const char *const accepted[] = {"^OK$", "^$", "()^a$()", "$",
	    "(^|; )session=([^;]+)(;|$)", "^a|b$|^c$", "(^)(a|b)+($)",
	    "^(a*|$)", "costs \\$5|\\^|[$^]x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		assert_refused(starts[i], BEFORE_START);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		assert_refused(ends[i], BEHIND_END);
	for (size_t i = 0; i < ARRAY_LEN(accepted); i++)
		assert_accepted(accepted[i]);
}

/* For (b*|c*) 100 times behind it regcomp() takes a second and 1.3 GB. */
static void what_comes_next_behind_a_start_has_a_limit(void **state)
{
	char *row = repeated("(b*|c*)", 33), *text = xasprintf("^%s", row);

	(void)state;
	assert_refused(text, TOO_MUCH_BEHIND_START);
	assert_accepted(row);
	assert_accepted("^a$|^b$|^c$|^d$|^e$|^f$|^g$|^h$|^i$|^j$");
	free(text);
	free(row);
}

static void what_people_write_is_not_too_much(void **state)
{
	static const char *const texts[] = {"href=\"([^\"]+)\"",
	    "<title>(.*)</title>", "name.{0,100}value", "a.{20}b",
	    "name=\"csrf\"[^>]*value=\"([0-9a-f]{32})\"",
	    "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
	    "([a-z0-9._]+)@([a-z0-9]+\\.)+[a-z]{2,6}",
	    ".*([0-9]{1,3}\\.){3}[0-9]{1,3}.*",
	    "(success|failed|pending).*(done|over).*[0-9]{4}-[0-9]{2}-[0-9]{2}",
	    "^\\{\"id\":[0-9]{1,20},.*\"total\":[0-9]{1,9}.*}$",
	    "<form.*name=\"a\".*<input.*value=\"[^\"]*\".*</form>"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_accepted(texts[i]);
}

/* What regcomp() says differs between systems. */
static void what_the_system_refuses_is_refused(void **state)
{
	static const char before[] = "not a regular expression: ";
	static const char behind[] = ": write a POSIX extended one";
	static const char *const texts[] = {"(a", "[a", "[]", "[[:digit:]",
	    "[[:number:]]", "[z-a]", "a\\", "a{2,1}"};

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_other_languages_have_is_refused),
	    cmocka_unit_test(a_backslash_before_a_letter_in_a_set_is_refused),
	    cmocka_unit_test(signs_of_repetition_without_a_sense_are_refused),
	    cmocka_unit_test(what_only_looks_like_it_is_not_refused),
	    cmocka_unit_test(an_expression_has_a_largest_size),
	    cmocka_unit_test(brackets_have_a_largest_depth),
	    cmocka_unit_test(repeated_nothing_is_refused),
	    cmocka_unit_test(what_comes_to_too_many_states_is_refused),
	    cmocka_unit_test(what_takes_too_long_to_lay_out_is_refused),
	    cmocka_unit_test(states_that_go_on_alike_are_told_apart),
	    cmocka_unit_test(bounds_that_could_not_hold_are_refused),
	    cmocka_unit_test(what_comes_next_behind_a_start_has_a_limit),
	    cmocka_unit_test(what_people_write_is_not_too_much),
	    cmocka_unit_test(what_the_system_refuses_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
