/*
 * Conditions that are refused or warned of, with the exact words.
 */
#include "plan/condition.h"

#include <ctype.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conditions.h"

static void an_unknown_subject_is_refused(void **state)
{
	assert_refused(state, "statsu == 200",
	    "unknown subject \"statsu\": did you mean \"status\"?");
	assert_refused(state, "weather == 200",
	    "unknown subject \"weather\": write one of: "
	    "status body header json time size url");
	assert_refused(state, "== 200",
	    "unknown subject \"==\": write one of: "
	    "status body header json time size url");
}

static void an_unknown_operator_is_refused(void **state)
{
	assert_refused(state, "status => 200",
	    "unknown operator \"=>\": did you mean \">=\"?");
	assert_refused(state, "status = 200",
	    "unknown operator \"=\": did you mean \"==\"?");
	assert_refused(state, "status ni 200",
	    "unknown operator \"ni\": did you mean \"in\"?");
	assert_refused(state, "status !< 200",
	    "unknown operator \"!<\": write one of: == != < <= > >= in");
}

static void a_condition_has_three_words(void **state)
{
	assert_refused(state, "", "no condition: write status == 200");
	assert_refused(state, "-> x", "no condition: write status == 200");
	assert_refused(state, "status", "no operator: write status == 200");
	assert_refused(
	    state, "status -> x", "no operator: write status == 200");
	assert_refused(state, "status ==", "no value: write status == 200");
	assert_refused(
	    state, "status == -> x", "no value: write status == 200");
}

static void what_is_no_status_is_refused(void **state)
{
	static const char mend[] =
	    "is not a status: write a number from 100 to 599";
	static const char *const values[] = {
	    "OK", "99", "600", "-1", "7xx", "200.5", "200 OK", "200..2"};
	char text[64], expected[128];
	size_t i;

	for (i = 0; i < ARRAY_LEN(values); i++) {
		snprintf(text, sizeof(text), "status == %s", values[i]);
		snprintf(
		    expected, sizeof(expected), "\"%s\" %s", values[i], mend);
		assert_refused(state, text, expected);
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

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		snprintf(text, sizeof(text), "status %s", lists[i][0]);
		assert_refused(state, text, lists[i][1]);
	}
}

static void what_is_no_range_is_refused(void **state)
{
	assert_refused(state, "status in 200..",
	    "\"\" is not a status: write a number from 100 to 599");
	assert_refused(state, "status in 200,,304",
	    "\"\" is not a status: write a number from 100 to 599");
	assert_refused(state, "status in 200..299..304",
	    "\"299..304\" is not a status: write a number from 100 to 599");
	assert_refused(state, "status in 299..200",
	    "299 is more than 200: write 200..299");
}

static void a_quote_must_be_closed(void **state)
{
	assert_refused(state, "status == \"200",
	    "a quote is not closed: write \" behind the value");
	assert_refused(state, "status == \"200\\\"",
	    "a quote is not closed: write \" behind the value");
}

static void behind_a_quoted_value_comes_only_a_message(void **state)
{
	assert_refused(state, "status == \"200\" or so",
	    "\"or so\" behind the value: write -> before a message");
}

static void a_message_must_not_be_empty(void **state)
{
	assert_refused(state, "status == 200 ->",
	    "no message behind ->: write one, or leave -> out");
}

/* Each must be refused with exactly this. */
static void assert_all_refused(
    void **state, const char *const (*cases)[2], size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_refused(state, cases[i][0], cases[i][1]);
}

static void the_second_of_a_list_is_named_too(void **state)
{
	assert_refused(state, "status in 200, 2xx",
	    "\"2xx\" is not a status: write status in 200, 200..299");
}

static void operators_of_other_languages_are_known(void **state)
{
	static const char *const cases[][2] = {
	    {"body =~ x", "unknown operator \"=~\": did you mean \"~\"?"},
	    {"body ~= x", "unknown operator \"~=\": did you mean \"~\"?"},
	    {"body matches x",
		"unknown operator \"matches\": did you mean \"~\"?"},
	    {"body has x", "unknown operator \"has\": did you mean "
			   "\"contains\"?"},
	    {"json /a contain x",
		"unknown operator \"contain\": did you mean \"contains\"?"},
	    {"status matches 2", "unknown operator \"matches\": write one of: "
				 "== != < <= > >= in"},
	};

	assert_all_refused(state, cases, ARRAY_LEN(cases));
}

static void a_subject_has_only_the_operators_that_make_sense(void **state)
{
	static const char *const cases[][2] = {
	    {"status ~ 2",
		"unknown operator \"~\": write one of: == != < <= > >= in"},
	    {"status exists", "unknown operator \"exists\": write one of: "
			      "== != < <= > >= in"},
	    {"time == 1s", "unknown operator \"==\": write one of: < <= > >="},
	    {"size contains 1", "unknown operator \"contains\": write one of: "
				"== != < <= > >= in"},
	    {"url < 1", "unknown operator \"<\": write one of: "
			"== != in contains ~ !~"},
	    {"body missing", "unknown operator \"missing\": write one of: "
			     "== != < <= > >= in contains ~ !~"},
	    {"header X = 1", "unknown operator \"=\": did you mean \"==\"?"},
	    {"json /a ! 1",
		"unknown operator \"!\": write one of: == != < <= > >= in "
		"contains ~ !~ exists missing"},
	};

	assert_all_refused(state, cases, ARRAY_LEN(cases));
}

static void a_subject_needs_its_name_or_pointer(void **state)
{
	static const char *const cases[][2] = {
	    {"header", "no name of a header: write header Content-Type == "
		       "text/html"},
	    {"header == x", "no name of a header: write header Content-Type "
			    "== text/html"},
	    {"header Content-Type: == x",
		"\"Content-Type:\" is no name of a header: write header "
		"Content-Type == text/html"},
	    {"json == x", "no pointer: write json /status == ACTIVE"},
	    {"json", "no pointer: write json /status == ACTIVE"},
	    {"json /a", "no operator: write json /status == ACTIVE"},
	    {"json status == x", "\"status\": a pointer begins with /: did "
				 "you mean \"/status\"?"},
	    {"json $.items[0].id == x",
		"\"$.items[0].id\": a pointer begins with /: did you mean "
		"\"/items/0/id\"?"},
	    {"json \"/a~b\" == x", "\"/a~b\": a ~ in a pointer is half a sign: "
				   "write ~0 for ~, and ~1 for /"},
	    {"json \"/a", "a quote is not closed: write \" behind the value"},
	};

	assert_all_refused(state, cases, ARRAY_LEN(cases));
}

static void a_value_must_suit_its_subject(void **state)
{
	static const char *const cases[][2] = {
	    {"time < fast",
		"\"fast\" is not a duration: write 500ms, 5s or 2m"},
	    {"size > big", "\"big\" is not a size: write 4096, 64k or 1M"},
	    {"size in 2k..1k", "2k is more than 1k: write 1k..2k"},
	    {"json /n > many", "\"many\" is not a number: write one like 10 "
			       "or 0.5"},
	    {"header X in a,,b",
		"nothing stands between two commas: write A, B"},
	    {"header X in 9..1", "9 is more than 1: write 1..9"},
	    {"body contains", "no value: write body contains welcome"},
	    {"json /a exists yes", "\"yes\" behind exists, which takes no "
				   "value: write -> before a message"},
	    {"body contains \"id\":1",
		"\":1\" behind the value: write -> before a message, and \\\" "
		"for a quote in a value in quotes"},
	    {"body ~ [a-z]\\d", "\\d is no POSIX: write [0-9]"},
	    {"body ~ ${user_name}",
		"an expression behind ~ cannot vary: write contains, or == "
		"with variables"},
	};

	assert_all_refused(state, cases, ARRAY_LEN(cases));
}

static void what_regcomp_refuses_is_refused_in_its_words(void **state)
{
	char words[128], expected[256];
	regex_t posix;
	int code = regcomp(&posix, "a(b", REG_EXTENDED);

	assert_int_not_equal(code, 0);
	regerror(code, &posix, words, sizeof(words));
	words[0] = (char)tolower((unsigned char)words[0]);
	snprintf(expected, sizeof(expected),
	    "not a regular expression: %s: write a POSIX extended one", words);
	assert_refused(state, "body ~ a(b", expected);
}

static void an_unknown_variable_is_refused(void **state)
{
	struct world *w = *state;
	struct diag d;

	diag_init(&d);
	assert_null(condition_compile(
	    "json /a == ${user_nam}", &w->variables, &d, here, "until"));
	assert_string_equal(d.entries[0].text,
	    "plan.ini:14: until \"${user_nam}\": unknown variable "
	    "\"user_nam\": did you mean \"user_name\"?");
	diag_clear(&d);
}

static void single_quotes_are_warned_of(void **state)
{
	struct world *w = *state;
	struct condition *c;
	struct diag d;

	diag_init(&d);
	c = condition_compile(
	    "json /a == 'x'", &w->variables, &d, here, "check");
	assert_non_null(c);
	assert_int_equal(d.warnings, 1);
	assert_string_equal(d.entries[0].text,
	    "plan.ini:14: warning: check \"json /a == 'x'\": the quotes ' are "
	    "part of the value: leave them out, or write \"");
	condition_free(c);
	diag_clear(&d);
}

/* --- when --------------------------------------------------------------- */

static void assert_when_refused(
    void **state, const char *text, const char *expected)
{
	struct world *w = *state;
	char line[1024];
	struct diag d;

	snprintf(
	    line, sizeof(line), "plan.ini:14: when \"%s\": %s", text, expected);
	diag_init(&d);
	assert_null(condition_compile_when(text, &w->variables, &d, here));
	assert_int_equal(d.n, 1);
	assert_string_equal(d.entries[0].text, line);
	diag_clear(&d);
}

static void mistakes_of_when_are_refused(void **state)
{
	assert_when_refused(
	    state, "", "no condition: write ${plan} == premium");
	assert_when_refused(
	    state, "${limit}", "no operator: write ${plan} == premium");
	assert_when_refused(
	    state, "${limit} ==", "no value: write ${plan} == premium");
	assert_when_refused(state, "${limit} = 1",
	    "unknown operator \"=\": did you mean \"==\"?");
	assert_when_refused(state, "${limit} > x",
	    "\"x\" is not a number: write one like 10 or 0.5");
	assert_when_refused(state, "${limit} == 1 -> no",
	    "a message is of no use here: remove it, or write a value with "
	    "-> in it in quotes");
	assert_when_refused(state, "limit exists",
	    "nothing but a variable can be there or missing: write one like "
	    "${token}");
}

static void when_without_a_variable_is_warned_of(void **state)
{
	struct world *w = *state;
	struct condition *c;
	struct diag d;

	diag_init(&d);
	c = condition_compile_when("limit == 1", &w->variables, &d, here);
	assert_int_equal(d.warnings, 1);
	assert_string_equal(d.entries[0].text,
	    "plan.ini:14: warning: when \"limit == 1\": there is no variable "
	    "in it: write one like ${plan} == premium");
	assert_false(condition_when(c, &w->env));
	condition_free(c);
	diag_clear(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WORLD_TEST(an_unknown_subject_is_refused),
	    WORLD_TEST(an_unknown_operator_is_refused),
	    WORLD_TEST(a_condition_has_three_words),
	    WORLD_TEST(what_is_no_status_is_refused),
	    WORLD_TEST(a_list_of_another_language_is_named_as_it_is_here),
	    WORLD_TEST(what_is_no_range_is_refused),
	    WORLD_TEST(a_quote_must_be_closed),
	    WORLD_TEST(behind_a_quoted_value_comes_only_a_message),
	    WORLD_TEST(a_message_must_not_be_empty),
	    WORLD_TEST(the_second_of_a_list_is_named_too),
	    WORLD_TEST(operators_of_other_languages_are_known),
	    WORLD_TEST(a_subject_has_only_the_operators_that_make_sense),
	    WORLD_TEST(a_subject_needs_its_name_or_pointer),
	    WORLD_TEST(a_value_must_suit_its_subject),
	    WORLD_TEST(what_regcomp_refuses_is_refused_in_its_words),
	    WORLD_TEST(an_unknown_variable_is_refused),
	    WORLD_TEST(single_quotes_are_warned_of),
	    WORLD_TEST(mistakes_of_when_are_refused),
	    WORLD_TEST(when_without_a_variable_is_warned_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
