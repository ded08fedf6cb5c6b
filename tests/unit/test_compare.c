/*
 * Texts and numbers as conditions compare them.
 */
#include "plan/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

static int order(const char *a, const char *b)
{
	struct number x, y;
	int result;

	assert_true(number_read(text_of(a), &x));
	assert_true(number_read(text_of(b), &y));
	result = number_compare(&x, &y);
	return (result > 0) - (result < 0);
}

static void numbers_are_ordered(void **state)
{
	(void)state;
	assert_int_equal(order("1", "2"), -1);
	assert_int_equal(order("10", "9"), 1);
	assert_int_equal(order("-10", "-9"), -1);
	assert_int_equal(order("-1", "1"), -1);
	assert_int_equal(order("0", "-0"), 0);
	assert_int_equal(order("007", "7"), 0);
	assert_int_equal(order("+7", "7"), 0);
	assert_int_equal(order("1.5", "1"), 1);
	assert_int_equal(order("1e3", "1000"), 0);
	assert_int_equal(order("-.5", "-0.50"), 0);
	assert_int_equal(order("1.", "1"), 0);
}

static void whole_numbers_are_ordered_digit_by_digit(void **state)
{
	(void)state;
	assert_int_equal(order("9007199254740993", "9007199254740992"), 1);
	assert_int_equal(order("-123456789012345678901234567890",
			     "-123456789012345678901234567891"),
	    1);
}

static void what_is_no_number_is_not_read(void **state)
{
	static const char *const texts[] = {"", " ", "-", ".", "e5", "1e",
	    "0x10", "inf", "nan", "1 2", "1a", "--1", "1.2.3", "1,5"};
	struct number n;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (number_read(text_of(texts[i]), &n))
			fail_msg("%s", texts[i]);
}

static void a_number_ends_with_its_text(void **state)
{
	struct number n;

	(void)state;
	assert_true(number_read((struct text) {"1..9", 1}, &n));
	assert_true(number_read((struct text) {"1.5..9", 3}, &n));
	assert_true(n.value > 1.49 && n.value < 1.51);
}

static void a_text_is_found_in_another(void **state)
{
	struct text hay = text_of("abababac");

	(void)state;
	assert_ptr_equal(text_find(hay, text_of("abac")), hay.at + 4);
	assert_ptr_equal(text_find(hay, text_of("")), hay.at);
	assert_ptr_equal(text_find(hay, hay), hay.at);
	assert_null(text_find(hay, text_of("abad")));
	assert_null(text_find(hay, text_of("abababacx")));
	assert_null(text_find(text_of(""), text_of("a")));
}

static void a_long_text_is_found_without_going_back(void **state)
{
	size_t n = 1 << 20, m = 1 << 18;
	char *hay = xcalloc(n + 1, 1), *needle = xcalloc(m + 1, 1);

	(void)state;
	memset(hay, 'a', n);
	memset(needle, 'a', m);
	needle[m - 1] = 'b';
	assert_null(text_find(text_of(hay), text_of(needle)));
	hay[n - 1] = 'b';
	assert_ptr_equal(text_find(text_of(hay), text_of(needle)), hay + n - m);
	free(hay);
	free(needle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_ordered),
	    cmocka_unit_test(whole_numbers_are_ordered_digit_by_digit),
	    cmocka_unit_test(what_is_no_number_is_not_read),
	    cmocka_unit_test(a_number_ends_with_its_text),
	    cmocka_unit_test(a_text_is_found_in_another),
	    cmocka_unit_test(a_long_text_is_found_without_going_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
