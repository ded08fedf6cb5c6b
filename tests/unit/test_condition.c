/*
 * Conditions: when they hold, what they say when not, what is refused.
 */
#include "plan/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

static const struct where here = {"plan.ini", 14};

static struct condition *compiled(const char *text)
{
	struct condition *c;
	struct diag d;

	diag_init(&d);
	c = condition_compile(text, &d, here, "check");
	if (c == NULL)
		fail_msg("%s", d.entries[0].text);
	assert_int_equal(d.n, 0);
	diag_clear(&d);
	return c;
}

/* Whether text holds for a status, and with which reason if not; "" when it
 * holds. Owned by the caller. */
static char *reason(const char *text, long status)
{
	struct condition *c = compiled(text);
	struct answer answer = {.status = status};
	struct buf why;
	char *copy;
	bool holds;

	buf_init(&why, 4096);
	holds = condition_holds(c, &answer, &why);
	assert_int_equal(holds, buf_len(&why) == 0);
	copy = xstrdup(buf_text(&why));
	buf_clear(&why);
	condition_free(c);
	return copy;
}

static void assert_reason(const char *text, long status, const char *expected)
{
	char *why = reason(text, status);

	assert_string_equal(why, expected);
	free(why);
}

static void assert_holds(const char *text, long status)
{
	assert_reason(text, status, "");
}

static void assert_fails(const char *text, long status)
{
	char *why = reason(text, status);

	if (*why == '\0')
		fail_msg("%s holds for %ld", text, status);
	free(why);
}

/* Compiling text must fail with exactly `plan.ini:14: check "TEXT": ` and
 * this behind it. */
static void assert_refused(const char *text, const char *expected)
{
	char line[1024];
	struct diag d;

	snprintf(line, sizeof(line), "plan.ini:14: check \"%s\": %s", text,
	    expected);
	diag_init(&d);
	assert_null(condition_compile(text, &d, here, "check"));
	assert_int_equal(d.errors, 1);
	assert_int_equal(d.n, 1);
	assert_string_equal(d.entries[0].text, line);
	diag_clear(&d);
}

/* --- operators ---------------------------------------------------------- */

static void a_status_is_equal_or_not(void **state)
{
	(void)state;
	assert_holds("status == 201", 201);
	assert_fails("status == 201", 200);
	assert_fails("status != 201", 201);
	assert_holds("status != 201", 200);
	assert_holds("status != 201", 202);
}

static void a_status_is_below_or_above(void **state)
{
	(void)state;
	assert_holds("status < 400", 399);
	assert_fails("status < 400", 400);
	assert_holds("status <= 400", 400);
	assert_fails("status <= 400", 401);
	assert_holds("status > 399", 400);
	assert_fails("status > 399", 399);
	assert_holds("status >= 400", 400);
	assert_fails("status >= 400", 399);
}

static void a_status_is_in_a_list_of_ranges(void **state)
{
	(void)state;
	assert_holds("status in 200..299,304", 200);
	assert_holds("status in 200..299,304", 299);
	assert_holds("status in 200..299,304", 304);
	assert_fails("status in 200..299,304", 300);
	assert_fails("status in 200..299,304", 199);
	assert_fails("status in 200..299,304", 305);
	assert_holds("status in 404", 404);
}

static void blanks_do_not_matter(void **state)
{
	(void)state;
	assert_holds("status==201", 201);
	assert_holds("  status\t<=  400  ", 400);
	assert_holds("status in 200 .. 299, 304", 304);
	assert_reason("status==201->no", 500, "no");
}

static void a_value_may_stand_in_quotes(void **state)
{
	(void)state;
	assert_holds("status == \"201\"", 201);
	assert_holds("status in \"200..299, 304\" -> no", 304);
}

static void no_answer_at_all_equals_no_status(void **state)
{
	(void)state;
	assert_fails("status == 200", 0);
	assert_fails("status in 100..599", -1);
}

static void a_condition_on_the_status_says_so(void **state)
{
	struct condition *c = compiled("status == 200");

	(void)state;
	assert_true(condition_is_about_status(c));
	condition_free(c);
}

/* --- reasons ------------------------------------------------------------ */

static void a_failure_says_what_was_expected(void **state)
{
	(void)state;
	assert_reason("status == 201", 500, "status: expected 201, got 500");
	assert_reason("status in 200..299,304", 500,
	    "status: expected in 200..299,304, got 500");
	assert_reason("status < 400", 404, "status: expected < 400, got 404");
	assert_reason("status != 404", 404, "status: expected != 404, got 404");
}

static void a_message_of_its_own_is_used(void **state)
{
	(void)state;
	assert_reason("status == 201 -> was not made -> \"really\" ", 500,
	    "was not made -> \"really\"");
	assert_holds("status == 201 -> was not made", 201);
}

/* --- mistakes ----------------------------------------------------------- */

static void an_unknown_subject_is_refused(void **state)
{
	(void)state;
	assert_refused("statsu == 200",
	    "unknown subject \"statsu\": did you mean \"status\"?");
	assert_refused("weather == 200",
	    "unknown subject \"weather\": only the status can be checked: "
	    "write status == 200");
	assert_refused("== 200",
	    "unknown subject \"==\": only the status can be checked: "
	    "write status == 200");
}

static void an_unknown_operator_is_refused(void **state)
{
	(void)state;
	assert_refused(
	    "status => 200", "unknown operator \"=>\": did you mean \">=\"?");
	assert_refused(
	    "status = 200", "unknown operator \"=\": did you mean \"==\"?");
	assert_refused(
	    "status ni 200", "unknown operator \"ni\": did you mean \"in\"?");
	assert_refused("status !< 200",
	    "unknown operator \"!<\": write one of: == != < <= > >= in");
}

static void a_condition_has_three_words(void **state)
{
	(void)state;
	assert_refused("", "no condition: write status == 200");
	assert_refused("-> x", "no condition: write status == 200");
	assert_refused("status", "no operator: write status == 200");
	assert_refused("status -> x", "no operator: write status == 200");
	assert_refused("status ==", "no value: write status == 200");
	assert_refused("status == -> x", "no value: write status == 200");
}

static void what_is_no_status_is_refused(void **state)
{
	static const char mend[] =
	    "is not a status: write a number from 100 to 599";
	static const char *const values[] = {
	    "OK", "99", "600", "-1", "7xx", "200.5", "200 OK", "200..2"};
	char text[64], expected[128];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(values); i++) {
		snprintf(text, sizeof(text), "status == %s", values[i]);
		snprintf(
		    expected, sizeof(expected), "\"%s\" %s", values[i], mend);
		assert_refused(text, expected);
	}
}

static void a_list_of_another_language_is_named_as_it_is_here(void **state)
{
	static const char *const lists[][2] = {
	    {"in [200, 201]", "\"[200\" is not a status: write status in 200, "
			      "201"},
	    {"== 200, 201", "\"200, 201\" is not a status: write status in "
			    "200, 201"},
	    {"in 200-299", "\"200-299\" is not a status: write status in "
			   "200..299"},
	    {"== 2xx", "\"2xx\" is not a status: write status in 200..299"},
	    {"== '200'", "\"'200'\" is not a status: write status == 200"},
	    {"!= 2xx", "\"2xx\" is not a status: write a number from 100 to "
		       "599"},
	    {"== 200 # x", "a comment behind a value begins with \" ;\", not "
			   "with \"#\""},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		snprintf(text, sizeof(text), "status %s", lists[i][0]);
		assert_refused(text, lists[i][1]);
	}
}

static void what_is_no_range_is_refused(void **state)
{
	(void)state;
	assert_refused("status in 200..",
	    "\"\" is not a status: write a number from 100 to 599");
	assert_refused("status in 200,,304",
	    "\"\" is not a status: write a number from 100 to 599");
	assert_refused("status in 200..299..304",
	    "\"299..304\" is not a status: write a number from 100 to 599");
	assert_refused(
	    "status in 299..200", "299 is more than 200: write 200..299");
}

static void a_quote_must_be_closed(void **state)
{
	(void)state;
	assert_refused("status == \"200",
	    "a quote is not closed: write \" behind the value");
	assert_refused("status == \"200\\\"",
	    "a quote is not closed: write \" behind the value");
}

static void behind_a_quoted_value_comes_only_a_message(void **state)
{
	(void)state;
	assert_refused("status == \"200\" or so",
	    "\"or so\" behind the value: write -> before a message");
}

static void a_message_must_not_be_empty(void **state)
{
	(void)state;
	assert_refused("status == 200 ->",
	    "no message behind ->: write one, or leave -> out");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_status_is_equal_or_not),
	    cmocka_unit_test(a_status_is_below_or_above),
	    cmocka_unit_test(a_status_is_in_a_list_of_ranges),
	    cmocka_unit_test(blanks_do_not_matter),
	    cmocka_unit_test(a_value_may_stand_in_quotes),
	    cmocka_unit_test(no_answer_at_all_equals_no_status),
	    cmocka_unit_test(a_condition_on_the_status_says_so),
	    cmocka_unit_test(a_failure_says_what_was_expected),
	    cmocka_unit_test(a_message_of_its_own_is_used),
	    cmocka_unit_test(an_unknown_subject_is_refused),
	    cmocka_unit_test(an_unknown_operator_is_refused),
	    cmocka_unit_test(a_condition_has_three_words),
	    cmocka_unit_test(what_is_no_status_is_refused),
	    cmocka_unit_test(a_list_of_another_language_is_named_as_it_is_here),
	    cmocka_unit_test(what_is_no_range_is_refused),
	    cmocka_unit_test(a_quote_must_be_closed),
	    cmocka_unit_test(behind_a_quoted_value_comes_only_a_message),
	    cmocka_unit_test(a_message_must_not_be_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
