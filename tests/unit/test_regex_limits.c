/*
 * Regular expressions: no text makes them take for ever, or much memory, and
 * ordinary texts are looked at to the end.
 */
#include "plan/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "base/util.h"

enum {
	TEXT_BYTES = 1 << 20,
	CPU_MS_MAX = 2000, /* AddressSanitizer takes half of it */
	MEMORY_MAX_KB = 40 << 10
};

static struct regex *compiled(const char *text, bool wants_match)
{
	char *defect = NULL;
	struct regex *r = regex_compile(text, wants_match, &defect);

	if (r == NULL)
		fail_msg("%s: %s", text, defect);
	return r;
}

/* Of the processor, so that it does not matter what else it does. */
static long cpu_ms(void)
{
	return (long)(clock() / (CLOCKS_PER_SEC / 1000));
}

/* All matches in text, one behind the other, until *left is 0. */
static enum regex_result find_all(struct regex *r, const char *text,
    uint64_t *left, struct regex_match *last, size_t *n)
{
	struct regex_text t = {text, strlen(text), false};
	enum regex_result result;
	struct regex_match m;
	size_t at = 0;

	for (*n = 0;; (*n)++) {
		result = regex_find(r, t, at, left, &m);
		if (result != REGEX_FOUND)
			return result;
		*last = m;
		at = regex_after(&m);
	}
}

/* --- hostile texts ------------------------------------------------------ */

/* Half of it bytes that nothing begins with, then x, and a last one. Owned by
 * the caller. */
static char *hostile_text(char last)
{
	/* AddressSanitizer looks for a NUL behind it */
	char *text = xcalloc(TEXT_BYTES + 1, 1);

	memset(text, '~', TEXT_BYTES / 2);
	memset(text + TEXT_BYTES / 2, 'x', TEXT_BYTES / 2);
	text[TEXT_BYTES - 1] = last;
	return text;
}

static enum regex_result find_hostile(
    struct regex *r, char last, uint64_t *left, struct regex_match *match)
{
	char *text = hostile_text(last);
	long start_ms = cpu_ms();
	enum regex_result result;

	result = regex_find(
	    r, (struct regex_text) {text, TEXT_BYTES, false}, 0, left, match);
	assert_true(cpu_ms() - start_ms < CPU_MS_MAX);
	free(text);
	return result;
}

static void whether_there_is_a_match_takes_few_steps(void **state)
{
	static const char *const texts[] = {"x.*y", "(x+x+)+y", "x*x*x*y",
	    "(x|xx)+y", "[a-z]+@", ".*y", "^~*x*y", "(^|x)x*y", "x*(y|z)$"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct regex *r = compiled(texts[i], false);
		char last = strchr(texts[i], '@') != NULL ? '@' : 'y';
		uint64_t left = REGEX_BUDGET;

		assert_int_equal(
		    find_hostile(r, 'x', &left, NULL), REGEX_NOT_FOUND);
		assert_int_equal(
		    find_hostile(r, last, &left, NULL), REGEX_FOUND);
		/* each may have gone a little over all of it twice */
		assert_in_range(REGEX_BUDGET - left, TEXT_BYTES / 2,
		    2 * 8 * (uint64_t)TEXT_BYTES);
		regex_free(r);
	}
}

/* All of them would take 5 minutes, or the memory of the machine. */
static void a_text_that_takes_too_long_is_given_up(void **state)
{
	static const char *const texts[] = {"x.*yz|q", "(x.*yz|q)",
	    "(x+x+)+yz|q", "(x.*)(x.*)(x.*)yz|q", "(x.*yz|q)$", "x.{12}x.*y"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct regex *r = compiled(texts[i], true);
		uint64_t left = REGEX_BUDGET;
		struct regex_match m;

		assert_int_equal(
		    find_hostile(r, 'q', &left, &m), REGEX_TOO_LONG);
		assert_int_equal(left, 0);
		/* then nothing is looked at any more */
		assert_int_equal(
		    regex_find(
			r, (struct regex_text) {"q", 1, false}, 0, &left, &m),
		    REGEX_TOO_LONG);
		regex_free(r);
	}
}

static void an_expression_is_as_good_after_a_hostile_text(void **state)
{
	struct regex *r = compiled("x(.*)y|q", true);
	uint64_t left = REGEX_BUDGET;
	struct regex_match m;

	(void)state;
	assert_int_equal(find_hostile(r, 'q', &left, &m), REGEX_TOO_LONG);
	left = REGEX_BUDGET;
	assert_int_equal(regex_find(r, (struct regex_text) {"axbyc", 5, false},
			     0, &left, &m),
	    REGEX_FOUND);
	assert_int_equal(m.start, 1);
	assert_int_equal(m.end, 4);
	assert_int_equal(m.group_start, 2);
	assert_int_equal(m.group_end, 3);
	regex_free(r);
}

/* --- groups ------------------------------------------------------------- */

/* What regexec() has to go through for each byte. */
static void a_group_among_too_many_signs_is_given_up(void **state)
{
	static const char empty[] = "()()()()()()()()()()()()()()()()()()()()";
	char *text =
	    xasprintf("x(x%s%s%s%s%s)+q", empty, empty, empty, empty, empty);
	struct regex *r = compiled(text, true);
	uint64_t left = REGEX_BUDGET;
	struct regex_match m;

	(void)state;
	assert_int_equal(find_hostile(r, 'q', &left, &m), REGEX_TOO_LONG);
	/* but not of a short one */
	assert_int_equal(regex_find(r, (struct regex_text) {"xxxxq", 5, false},
			     0, &left, &m),
	    REGEX_FOUND);
	regex_free(r);
	free(text);
}

/* x and ~, as it comes, and q at the end. Owned by the caller. */
static char *random_text(size_t len, uint32_t *random)
{
	char *text = xcalloc(len + 1, 1);

	for (size_t i = 0; i < len; i++) {
		*random = *random * 1103515245 + 12345;
		text[i] = (*random >> 16 & 1) != 0 ? 'x' : '~';
	}
	text[len - 1] = 'q';
	return text;
}

/* Backwards it has as many states as the text likes. */
static void a_group_that_needs_too_many_states_is_given_up(void **state)
{
	struct regex *r = compiled("^.(.*).{20}x.*q", true);
	uint64_t left = REGEX_BUDGET;
	uint32_t random = 1;
	char *text = random_text(40000, &random);
	struct regex_match m;

	(void)state;
	assert_int_equal(regex_find(r, (struct regex_text) {text, 40000, false},
			     0, &left, &m),
	    REGEX_TOO_LONG);
	assert_true(left > 0);
	free(text);
	regex_free(r);
}

/* Under AddressSanitizer nothing that was freed is used again. */
static long memory_kb(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
#ifdef __SANITIZE_ADDRESS__
	return 0;
#else
	return usage.ru_maxrss;
#endif
}

static void what_is_learnt_about_texts_is_forgotten(void **state)
{
	enum { LEN = 4000 };
	struct regex *r = compiled("^.(.*).{20}x.*q", true);
	uint32_t random = 1;
	long before_kb = memory_kb();

	(void)state;
	for (int n = 0; n < 60; n++) {
		char *text = random_text(LEN, &random);
		uint64_t left = REGEX_BUDGET;
		struct regex_match m;

		assert_int_equal(
		    regex_find(r, (struct regex_text) {text, LEN, false}, 0,
			&left, &m),
		    REGEX_FOUND);
		assert_int_equal(m.end, LEN);
		assert_int_equal(m.group_start, 1);
		free(text);
	}
	assert_true(memory_kb() - before_kb < MEMORY_MAX_KB);
	regex_free(r);
}

static void a_group_of_a_large_match_does_not_take_much_memory(void **state)
{
	struct regex *r = compiled("^(.*)$", true);
	uint64_t left = REGEX_BUDGET;
	struct regex_match m;
	long before_kb = memory_kb();

	(void)state;
	assert_int_equal(find_hostile(r, 'x', &left, &m), REGEX_FOUND);
	assert_int_equal(m.group_end, TEXT_BYTES);
	/* and is counted */
	assert_in_range(REGEX_BUDGET - left, 16 * TEXT_BYTES, REGEX_BUDGET);
	assert_true(memory_kb() - before_kb < MEMORY_MAX_KB);
	regex_free(r);
}

/* --- ordinary texts ----------------------------------------------------- */

/* Lines as of a page, up to len. Owned by the caller. */
static char *page(size_t len, const char *end)
{
	static const char line[] =
	    "<div class=\"item\"><a href=\"/p/%06u\">no %u</a> id=%u "
	    "{\"id\":%u,\"name\":\"x\"}</div>\n";
	char *text = xcalloc(len + sizeof(line) + 100, 1);
	uint32_t random = 1;
	size_t n = 0;

	while (n < len) {
		random = random * 1103515245 + 12345;
		n += (size_t)snprintf(text + n, sizeof(line) + 100, line,
		    random >> 16, random % 97, random >> 8, random);
	}
	snprintf(text + n, 100, "%s", end);
	return text;
}

static void a_page_is_looked_at_to_its_end(void **state)
{
	static const struct {
		const char *expression;
		const char *end;
	} cases[] = {
	    {"([0-9]+)$", "7"},
	    {"\"next\":\"([^\"]*)\"\\}$", "{\"next\":\"7\"}"},
	    {"(^|[^a-z])num=([0-9]+)", " num=7"},
	    {"\"num\":([0-9]+)", "\"num\":7"},
	    {"csrf[^>]*value=\"([^\"]*)\"", "<csrf value=\"7\">"},
	};
	uint64_t left = REGEX_BUDGET;
	struct regex_match m;
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct regex *r = compiled(cases[i].expression, true);
		char *text = page(TEXT_BYTES, cases[i].end);

		assert_int_equal(
		    find_all(r, text, &left, &m, &n), REGEX_NOT_FOUND);
		assert_int_equal(n, 1);
		assert_true(m.meets_end || text[m.end] == '>');
		free(text);
		regex_free(r);
	}
	/* all of them with what one may take */
	assert_true(left > 0);
}

static void each_of_the_matches_of_a_page_is_found(void **state)
{
	static const char *const texts[] = {"href=\"([^\"]+)\"",
	    "\"id\":([0-9]+)", "<a [^>]*href=\"([^\"]*)\"[^>]*>",
	    "(^|[^a-z])id=([0-9]+)", "<a.{0,30}>", "id=([0-9]+)[^<]*</div>"};
	char *text = page(TEXT_BYTES / 8, "");
	struct regex_match m;
	size_t n, lines = 0;

	(void)state;
	for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct regex *r = compiled(texts[i], true);
		uint64_t left = REGEX_BUDGET;

		if (find_all(r, text, &left, &m, &n) != REGEX_NOT_FOUND)
			fail_msg("%s: %zu", texts[i], n);
		assert_int_equal(n, lines);
		regex_free(r);
	}
	free(text);
}

static void a_group_of_a_long_match_is_found(void **state)
{
	struct regex *r = compiled("<form.*name=\"_token\".*value=\"([^\"]*)\""
				   ".*</form>",
	    true);
	char *rest = page(60000, "</form>");
	char *text = xasprintf(
	    "<form><input name=\"_token\" type=hidden value=\"abc\">%s", rest);
	uint64_t left = REGEX_BUDGET;
	struct regex_match m;

	(void)state;
	assert_int_equal(
	    regex_find(r, (struct regex_text) {text, strlen(text), false}, 0,
		&left, &m),
	    REGEX_FOUND);
	assert_int_equal(m.end, strlen(text));
	assert_memory_equal(text + m.group_start, "abc", 3);
	assert_int_equal(m.group_end - m.group_start, 3);
	free(text);
	free(rest);
	regex_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whether_there_is_a_match_takes_few_steps),
	    cmocka_unit_test(a_text_that_takes_too_long_is_given_up),
	    cmocka_unit_test(an_expression_is_as_good_after_a_hostile_text),
	    cmocka_unit_test(a_group_among_too_many_signs_is_given_up),
	    cmocka_unit_test(a_group_that_needs_too_many_states_is_given_up),
	    cmocka_unit_test(what_is_learnt_about_texts_is_forgotten),
	    cmocka_unit_test(
		a_group_of_a_large_match_does_not_take_much_memory),
	    cmocka_unit_test(a_page_is_looked_at_to_its_end),
	    cmocka_unit_test(each_of_the_matches_of_a_page_is_found),
	    cmocka_unit_test(a_group_of_a_long_match_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
