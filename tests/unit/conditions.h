/*
 * Conditions in tests: compiled, tested against the answer at hand, with what
 * must come of it and the exact words.
 */
#ifndef TESTS_CONDITIONS_H
#define TESTS_CONDITIONS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "answers.h"
#include "plan/condition.h"

#define WORLD_TEST(name) \
	cmocka_unit_test_setup_teardown(name, make_world, free_world)

static inline struct condition *compiled(void **state, const char *text)
{
	struct world *w = *state;
	struct condition *c;
	struct diag d;

	diag_init(&d);
	c = condition_compile(text, &w->variables, &d, here, "check");
	if (c == NULL)
		fail_msg("%s", d.entries[0].text);
	assert_int_equal(d.n, 0);
	diag_clear(&d);
	return c;
}

/* What comes of text, and the reason; "" when it holds. The reason is owned
 * by the caller. */
static inline char *reason(
    void **state, const char *text, enum condition_result *result)
{
	struct world *w = *state;
	struct condition *c = compiled(state, text);
	struct buf why;
	char *copy;

	buf_init(&why, 4096);
	*result = condition_test(c, &w->answer, &w->env, &why);
	assert_int_equal(*result == CONDITION_HOLDS, buf_len(&why) == 0);
	copy = xstrdup(buf_text(&why));
	buf_clear(&why);
	condition_free(c);
	return copy;
}

static inline void assert_result(void **state, const char *text,
    enum condition_result expected, const char *expected_why)
{
	enum condition_result result;
	char *why = reason(state, text, &result);

	if (result != expected)
		fail_msg(
		    "%s: %d instead of %d: %s", text, result, expected, why);
	if (expected_why != NULL)
		assert_string_equal(why, expected_why);
	free(why);
}

static inline void assert_is(void **state, const char *text)
{
	assert_result(state, text, CONDITION_HOLDS, "");
}

static inline void assert_is_not(void **state, const char *text)
{
	assert_result(state, text, CONDITION_FAILS, NULL);
}

static inline void assert_why(void **state, const char *text, const char *why)
{
	assert_result(state, text, CONDITION_FAILS, why);
}

static inline void assert_undecidable(
    void **state, const char *text, const char *why)
{
	assert_result(state, text, CONDITION_UNDECIDABLE, why);
}

static inline void assert_reason(
    void **state, const char *text, long status, const char *expected)
{
	struct world *w = *state;

	w->answer.status = status;
	assert_why(state, text, expected);
}

static inline void assert_holds(void **state, const char *text, long status)
{
	struct world *w = *state;

	w->answer.status = status;
	assert_is(state, text);
}

static inline void assert_fails(void **state, const char *text, long status)
{
	struct world *w = *state;

	w->answer.status = status;
	assert_is_not(state, text);
}

/* Compiling text must fail with exactly `plan.ini:14: check "TEXT": ` and
 * this behind it. */
static inline void assert_refused(
    void **state, const char *text, const char *expected)
{
	struct world *w = *state;
	char line[1024];
	struct diag d;

	snprintf(line, sizeof(line), "plan.ini:14: check \"%s\": %s", text,
	    expected);
	diag_init(&d);
	assert_null(condition_compile(text, &w->variables, &d, here, "check"));
	assert_int_equal(d.errors, 1);
	assert_int_equal(d.n, 1);
	assert_string_equal(d.entries[0].text, line);
	diag_clear(&d);
}

#endif
