/*
 * JSON and pointers into it: what is JSON and what is not, what a pointer
 * leads to, what a value's text is.
 */
#include "plan/json.h"

#include <limits.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/util.h"

static enum json_verdict verdict_of(const char *text)
{
	struct json_reader *r = json_reader_new();
	enum json_verdict verdict = json_read(r, text_of(text));

	json_reader_free(r);
	return verdict;
}

/* What a pointer leads to in a text; NULL: nowhere. Owned by the caller. */
static char *found(const char *text, const char *pointer)
{
	struct json_reader *r = json_reader_new();
	char *defect = NULL, *copy = NULL;
	struct json_pointer *p = json_pointer_compile(pointer, false, &defect);
	struct json_object *value;
	struct text result;

	if (p == NULL)
		fail_msg("%s", defect);
	assert_int_equal(json_read(r, text_of(text)), JSON_GOOD);
	if (json_find(r, p, &value)) {
		result = json_text(value);
		copy = xstrndup(result.at, result.len);
	}
	json_pointer_free(p);
	json_reader_free(r);
	return copy;
}

static void assert_found(
    const char *text, const char *pointer, const char *expected)
{
	char *text_found = found(text, pointer);

	if (text_found == NULL)
		fail_msg("%s leads nowhere", pointer);
	else
		assert_string_equal(text_found, expected);
	free(text_found);
}

static void assert_nowhere(const char *text, const char *pointer)
{
	assert_null(found(text, pointer));
}

/* --- reading ------------------------------------------------------------ */

static void json_is_read(void **state)
{
	static const char *const texts[] = {"null", "true", "false", "0", "-0",
	    "-1.5e+10", "1E9", "0.0", "\"\"",
	    "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00fF\"", "[]", "{}", " [ ] ",
	    "\t{\r\n}", "[[],{}]", "[1,2]", "{\"a\":1,\"a\":2}", "\"\\ud800\"",
	    "\"\xff\"", "\xef\xbb\xbf[1]"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (verdict_of(texts[i]) != JSON_GOOD)
			fail_msg("%s", texts[i]);
}

/* json-c takes some more than RFC 8259 has, even when it is strict. */
static void what_is_no_json_is_not_read(void **state)
{
	static const char *const texts[] = {"", " ", "nul", "True", "01", ".5",
	    "+1", "-", "1e", "1e+", "0x1", "\"", "\"\\\"", "\"\\q\"",
	    "\"\\u12\"", "'a'", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]",
	    "[1}", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{1:2}", "{a:1}",
	    "{\"a\" 1}", "1 2", "[]]", "{}x", "/* */1", "[1]//x", "\"a\"b",
	    "{,}", "[1,,2]", "--1", "1-", "\v1", "[1.2.3]", "[01]", "[1e]",
	    "tru", "{\"a\":1 \"b\":2}", "truefalse", "[\xef\xbb\xbf]",
	    "\xef\xbb\xbf"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (verdict_of(texts[i]) != JSON_BAD)
			fail_msg("%s", texts[i]);
}

static void a_nul_is_no_end(void **state)
{
	static const char text[] = "[1]\0[2]";
	struct json_reader *r = json_reader_new();

	(void)state;
	assert_int_equal(
	    json_read(r, (struct text) {text, sizeof(text) - 1}), JSON_BAD);
	assert_int_equal(json_read(r, (struct text) {"\"\0\"", 3}), JSON_BAD);
	assert_int_equal(json_read(r, (struct text) {"[1]\0", 4}), JSON_BAD);
	assert_int_equal(json_read(r, (struct text) {"1\0", 2}), JSON_BAD);
	assert_int_equal(json_read(r, (struct text) {"\0", 1}), JSON_BAD);
	json_reader_free(r);
}

static void values_up_to_a_depth_of_32_are_read(void **state)
{
	char text[80] = "";

	(void)state;
	memset(text, '[', 31);
	text[31] = '1';
	memset(text + 32, ']', 31);
	assert_int_equal(verdict_of(text), JSON_GOOD);
	memset(text, '[', 32);
	text[32] = '1';
	memset(text + 33, ']', 32);
	assert_int_equal(verdict_of(text), JSON_TOO_DEEP);
}

static size_t length_of_root(const struct json_reader *r)
{
	struct json_object *root = NULL;
	struct json_pointer *p;
	char *defect;

	p = json_pointer_compile("", false, &defect);
	assert_true(json_find(r, p, &root));
	json_pointer_free(p);
	return json_kind(root) == JSON_ARRAY ? json_length(root) : 0;
}

static void a_large_text_leaves_nothing_behind(void **state)
{
	size_t n = 400000;
	char *text = xcalloc(2 * n + 2, 1);
	struct json_reader *r = json_reader_new();

	(void)state;
	text[0] = '[';
	for (size_t i = 0; i < n; i++)
		memcpy(text + 1 + 2 * i, i + 1 < n ? "0," : "0]", 2);
	assert_int_equal(json_read(r, text_of(text)), JSON_GOOD);
	assert_int_equal(length_of_root(r), n);
	assert_int_equal(json_read(r, text_of("[1]")), JSON_GOOD);
	assert_int_equal(length_of_root(r), 1);
	json_forget(r);
	assert_int_equal(length_of_root(r), 0);
	json_reader_free(r);
	free(text);
}

static void a_reader_reads_on_after_what_it_could_not_read(void **state)
{
	static const char *const texts[] = {"[[1,", "\"\\ud83d",
	    "{\"a\":", "1 2", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1"};
	struct json_reader *r = json_reader_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_not_equal(
		    json_read(r, text_of(texts[i])), JSON_GOOD);
		assert_int_equal(length_of_root(r), 0);
		assert_int_equal(json_read(r, text_of("[1]")), JSON_GOOD);
		assert_int_equal(length_of_root(r), 1);
	}
	json_reader_free(r);
}

static void each_reading_has_a_number_of_its_own(void **state)
{
	static const char *const texts[] = {"[1]", "[1]", "[", ""};
	struct json_reader *r = json_reader_new();
	uint64_t last = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		json_read(r, text_of(texts[i]));
		assert_true(json_reading(r) > last);
		last = json_reading(r);
	}
	json_reader_free(r);
}

/* Looked at by its length alone. */
static void what_is_longer_than_2_gib_is_not_read(void **state)
{
	struct json_reader *r = json_reader_new();

	(void)state;
	assert_int_equal(
	    json_read(r, (struct text) {"[1]", INT_MAX}), JSON_TOO_LONG);
	json_reader_free(r);
}

static void reading_leaves_the_locale_as_it_was(void **state)
{
	static const char *const texts[] = {"{\"a\": 1.5}", "no JSON", " ",
	    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["};
	locale_t own = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);

	(void)state;
	if (own == (locale_t)0)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		uselocale(own);
		(void)verdict_of(texts[i]);
		assert_ptr_equal(uselocale(LC_GLOBAL_LOCALE), own);
		(void)verdict_of(texts[i]);
		assert_ptr_equal(uselocale((locale_t)0), LC_GLOBAL_LOCALE);
	}
	freelocale(own);
}

/* --- values ------------------------------------------------------------- */

static void a_string_is_its_content(void **state)
{
	(void)state;
	assert_found("\"a b\"", "", "a b");
	assert_found("\"\\u00e9\\ud83d\\ude00\\/\\\"\\n\"", "",
	    "\xc3\xa9\xf0\x9f\x98\x80/\"\n");
}

static void a_number_is_as_it_is_written(void **state)
{
	(void)state;
	assert_found("[1.50]", "/0", "1.50");
	assert_found("-1.5e+10", "", "-1.5e+10");
	assert_found("[1E9]", "", "[1E9]");
	assert_found("1e400", "", "1e400");
	assert_found("-9223372036854775808", "", "-9223372036854775808");
	assert_found("18446744073709551615", "", "18446744073709551615");
}

/* json-c has none beyond 64 bits. */
static void an_integer_of_any_length_is_as_it_is_written(void **state)
{
	(void)state;
	assert_found("18446744073709551616", "", "18446744073709551616");
	assert_found("-9223372036854775809", "", "-9223372036854775809");
	assert_found("[1,1000000000000000000]", "/1", "1000000000000000000");
	assert_found("{\"a\":{\"b\":[ 12345678901234567890123, 2]}}", "/a",
	    "{\"b\":[12345678901234567890123,2]}");
	assert_found("[12345678901234567890123.50,\"x\"]", "/0",
	    "12345678901234567890123.50");
	assert_found(
	    "[12345678901234567890123e4]", "/0", "12345678901234567890123e4");
	/* digits in a string are none */
	assert_found("[\"\\\"12345678901234567890123\", 99999999999999999999]",
	    "/0", "\"12345678901234567890123");
}

static void what_is_no_json_is_none_with_a_long_integer_in_it(void **state)
{
	static const char *const texts[] = {"[12345678901234567890123",
	    "12345678901234567890123x", "--12345678901234567890123",
	    "[012345678901234567890123]", "{\"12345678901234567890123",
	    "1 12345678901234567890123", "\"\\12345678901234567890123\\",
	    "[-,12345678901234567890123]"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (verdict_of(texts[i]) != JSON_BAD)
			fail_msg("%s", texts[i]);
}

static void a_word_is_itself(void **state)
{
	(void)state;
	assert_found("[true]", "/0", "true");
	assert_found("[false]", "/0", "false");
	assert_found("[null]", "/0", "null");
}

static void each_value_has_its_kind(void **state)
{
	static const enum json_kind kinds[] = {JSON_NULL, JSON_BOOLEAN,
	    JSON_NUMBER, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT};
	struct json_reader *r = json_reader_new();
	struct json_object *array = NULL;
	struct json_pointer *p;
	char *defect;

	(void)state;
	p = json_pointer_compile("/a", false, &defect);
	assert_int_equal(
	    json_read(r, text_of("{\"a\":[null,true,1,1.5,\"1\",[],{}]}")),
	    JSON_GOOD);
	assert_true(json_find(r, p, &array));
	assert_int_equal(json_length(array), ARRAY_LEN(kinds));
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		assert_int_equal(json_kind(json_element(array, i)), kinds[i]);
	json_pointer_free(p);
	json_reader_free(r);
}

static void a_nul_in_a_string_is_kept(void **state)
{
	struct json_reader *r = json_reader_new();
	struct json_object *value = NULL;
	struct json_pointer *p;
	struct text text;
	char *defect;

	(void)state;
	p = json_pointer_compile("", false, &defect);
	assert_int_equal(json_read(r, text_of("\"a\\u0000b\"")), JSON_GOOD);
	assert_true(json_find(r, p, &value));
	text = json_text(value);
	assert_int_equal(text.len, 3);
	assert_memory_equal(text.at, "a\0b", 3);
	json_pointer_free(p);
	json_reader_free(r);
}

static void blanks_between_the_parts_are_left_out(void **state)
{
	(void)state;
	assert_found(" { \"a b\" : [ 1 ,\t\"x \\\" y\" ] ,\n\"c\":{ } } ", "",
	    "{\"a b\":[1,\"x \\\" y\"],\"c\":{}}");
}

/* --- pointers ----------------------------------------------------------- */

static void the_examples_of_rfc_6901_hold(void **state)
{
	static const char text[] =
	    "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,"
	    "\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,"
	    "\"m~n\":8}";

	(void)state;
	assert_found(text, "/foo", "[\"bar\",\"baz\"]");
	assert_found(text, "/foo/0", "bar");
	assert_found(text, "/", "0");
	assert_found(text, "/a~1b", "1");
	assert_found(text, "/c%d", "2");
	assert_found(text, "/e^f", "3");
	assert_found(text, "/g|h", "4");
	assert_found(text, "/i\\j", "5");
	assert_found(text, "/k\"l", "6");
	assert_found(text, "/ ", "7");
	assert_found(text, "/m~0n", "8");
}

static void escapes_of_a_pointer_are_not_read_twice(void **state)
{
	(void)state;
	assert_found("{\"~1\":1,\"/\":2}", "/~01", "1");
	assert_found("{\"~0\":1,\"~\":2}", "/~00", "1");
}

static void an_index_has_no_zeros_in_front_and_no_sign(void **state)
{
	(void)state;
	assert_found("[5,6]", "/1", "6");
	assert_nowhere("[5,6]", "/01");
	assert_nowhere("[5,6]", "/+1");
	assert_nowhere("[5,6]", "/-");
	assert_nowhere("[5,6]", "/2");
	assert_nowhere("[5,6]", "/4294967295");
	assert_nowhere("[5,6]", "/18446744073709551616");
	assert_nowhere("[5,6]", "/");
	assert_nowhere("[]", "/0");
}

static void a_number_may_be_a_key(void **state)
{
	(void)state;
	assert_found("{\"0\":\"a\",\"01\":\"b\",\"-\":\"c\"}", "/01", "b");
	assert_found("{\"0\":\"a\",\"01\":\"b\",\"-\":\"c\"}", "/-", "c");
}

static void of_two_equal_keys_the_last_counts(void **state)
{
	(void)state;
	assert_found("{\"a\":1,\"b\":2,\"a\":{\"x\":3}}", "/a/x", "3");
}

static void a_key_may_be_written_with_escapes(void **state)
{
	(void)state;
	assert_found("{\"\\u0061\\u00e9\":1}", "/a\xc3\xa9", "1");
	assert_nowhere("{\"a\\nb\":1}", "/a\\nb");
}

static void null_is_there(void **state)
{
	(void)state;
	assert_found("{\"a\":null}", "/a", "null");
	assert_found("[0,[null]]", "/1/0", "null");
	assert_found("null", "", "null");
	assert_nowhere("[null]", "/1");
	assert_nowhere("[null]", "/0/0");
}

static void a_scalar_has_nothing_in_it(void **state)
{
	(void)state;
	assert_nowhere("\"abc\"", "/0");
	assert_nowhere("{\"a\":null}", "/a/b");
	assert_nowhere("5", "/");
}

static void what_no_pointer_is_refused(void **state)
{
	static const char *const cases[][2] = {
	    {"a", "a pointer begins with /: did you mean \"/a\"?"},
	    {"$.a[0]['b']", "a pointer begins with /: did you mean "
			    "\"/a/0/b\"?"},
	    {"/a~2", "a ~ in a pointer is half a sign: write ~0 for ~, and "
		     "~1 for /"},
	    {"/~", "a ~ in a pointer is half a sign: write ~0 for ~, and ~1 "
		   "for /"},
	};
	char *defect;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_null(json_pointer_compile(cases[i][0], false, &defect));
		assert_string_equal(defect, cases[i][1]);
		free(defect);
	}
}

static void put_value(void *context, struct json_object *value)
{
	struct text text = json_text(value);

	buf_put(context, text.at, text.len);
	buf_putc(context, ';');
}

/* All that a pointer leads to, with a star more at its end or not. */
static void assert_all(
    const char *text, const char *pointer, bool adds_star, const char *expected)
{
	struct json_reader *r = json_reader_new();
	struct json_pointer *p;
	struct buf out;
	char *defect;

	buf_init(&out, 256);
	p = json_pointer_compile(pointer, true, &defect);
	if (adds_star)
		json_pointer_add_star(p);
	assert_int_equal(json_read(r, text_of(text)), JSON_GOOD);
	json_find_all(r, p, put_value, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_clear(&out);
	json_pointer_free(p);
	json_reader_free(r);
}

static void a_star_leads_to_every_element(void **state)
{
	static const char text[] = "{\"a\":[{\"b\":[1,2]},{\"b\":[]},"
				   "{\"c\":0},{\"b\":3},{\"b\":[4]},null]}";

	(void)state;
	assert_all(text, "/a/*/b/*", false, "1;2;4;");
	assert_all(text, "/a/*/b", false, "[1,2];[];3;[4];");
	assert_all("[[1,null],[2]]", "/*/*", false, "1;null;2;");
	assert_all("[5,6]", "/*", false, "5;6;");
	assert_all("[5,6]", "/1", false, "6;");
	assert_all("5", "/*", false, "");
}

static void a_star_is_added_where_there_is_none(void **state)
{
	(void)state;
	assert_all("{\"a\":[1,[2]]}", "/a", true, "1;[2];");
	assert_all("[[1],[2]]", "/*", true, "[1];[2];");
	assert_all("[1,2]", "", true, "1;2;");
}

static void a_star_is_a_key_where_there_are_no_stars(void **state)
{
	(void)state;
	assert_found("{\"*\":{\"b\":1}}", "/*/b", "1");
	assert_nowhere("[1]", "/*");
	assert_all("{\"*a\":[1]}", "/*a/*", false, "1;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_is_read),
	    cmocka_unit_test(what_is_no_json_is_not_read),
	    cmocka_unit_test(a_nul_is_no_end),
	    cmocka_unit_test(reading_leaves_the_locale_as_it_was),
	    cmocka_unit_test(values_up_to_a_depth_of_32_are_read),
	    cmocka_unit_test(a_large_text_leaves_nothing_behind),
	    cmocka_unit_test(a_reader_reads_on_after_what_it_could_not_read),
	    cmocka_unit_test(each_reading_has_a_number_of_its_own),
	    cmocka_unit_test(what_is_longer_than_2_gib_is_not_read),
	    cmocka_unit_test(a_string_is_its_content),
	    cmocka_unit_test(a_number_is_as_it_is_written),
	    cmocka_unit_test(an_integer_of_any_length_is_as_it_is_written),
	    cmocka_unit_test(what_is_no_json_is_none_with_a_long_integer_in_it),
	    cmocka_unit_test(a_word_is_itself),
	    cmocka_unit_test(each_value_has_its_kind),
	    cmocka_unit_test(a_nul_in_a_string_is_kept),
	    cmocka_unit_test(blanks_between_the_parts_are_left_out),
	    cmocka_unit_test(the_examples_of_rfc_6901_hold),
	    cmocka_unit_test(escapes_of_a_pointer_are_not_read_twice),
	    cmocka_unit_test(an_index_has_no_zeros_in_front_and_no_sign),
	    cmocka_unit_test(a_number_may_be_a_key),
	    cmocka_unit_test(of_two_equal_keys_the_last_counts),
	    cmocka_unit_test(a_key_may_be_written_with_escapes),
	    cmocka_unit_test(null_is_there),
	    cmocka_unit_test(a_scalar_has_nothing_in_it),
	    cmocka_unit_test(what_no_pointer_is_refused),
	    cmocka_unit_test(a_star_leads_to_every_element),
	    cmocka_unit_test(a_star_is_added_where_there_is_none),
	    cmocka_unit_test(a_star_is_a_key_where_there_are_no_stars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
