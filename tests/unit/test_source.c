/*
 * What a plan is loaded from beside its files, as items and back: what went in
 * comes out, and items that are none are refused.
 */
#include "plan/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

static const struct override some[] = {
    {.section = "load", .key = "users", .value = "3", .where = "-u"},
    {.section = "task buy it", .key = "weight", .value = "", .where = "-D"},
    {.section = "", .key = "", .value = "a\nb=\"c\"", .where = ""}};

static void add_text(struct stock *stock)
{
	assert_true(stock_add(stock, STOCK_TEXT, "plan.ini", "[load]\n", 7));
}

static void keys_and_tags_come_out_as_they_went_in(void **state)
{
	const struct plan_source in = {.overrides = some,
	    .n_overrides = ARRAY_LEN(some),
	    .tags = "a,b",
	    .exclude_tags = ""};
	struct override *overrides;
	struct plan_source out;
	struct stock stock = {0};

	(void)state;
	add_text(&stock);
	assert_true(source_put(&stock, &in));
	assert_true(source_get(&stock, &out, &overrides));
	assert_ptr_equal(out.overrides, overrides);
	assert_int_equal(out.n_overrides, ARRAY_LEN(some));
	for (size_t i = 0; i < ARRAY_LEN(some); i++) {
		assert_string_equal(overrides[i].section, some[i].section);
		assert_string_equal(overrides[i].key, some[i].key);
		assert_string_equal(overrides[i].value, some[i].value);
		assert_string_equal(overrides[i].where, some[i].where);
	}
	assert_string_equal(out.tags, "a,b");
	assert_string_equal(out.exclude_tags, "");
	assert_ptr_equal(out.stock, &stock);
	free(overrides);
	stock_clear(&stock);
}

static void what_was_not_there_is_not_there(void **state)
{
	struct override *overrides;
	struct plan_source out;
	struct stock stock = {0};

	(void)state;
	assert_true(source_put(&stock, &(struct plan_source) {0}));
	/* without a plan it is nothing that can be loaded */
	assert_false(source_get(&stock, &out, &overrides));
	free(overrides);
	add_text(&stock);
	assert_true(source_get(&stock, &out, &overrides));
	assert_int_equal(out.n_overrides, 0);
	assert_null(out.tags);
	assert_null(out.exclude_tags);
	free(overrides);
	stock_clear(&stock);
}

static void of_two_keys_by_one_name_the_first_counts(void **state)
{
	struct stock stock = {0};

	(void)state;
	assert_true(source_put_override(&stock, "hosts", &some[0]));
	assert_false(source_put_override(&stock, "hosts", &some[1]));
	assert_int_equal(stock.n, 1);
	stock_clear(&stock);
}

static void items_that_are_no_texts_are_left_out(void **state)
{
	static const struct {
		enum stock_kind kind;
		const char *bytes;
		size_t len;
	} items[] = {{STOCK_OVERRIDE, "", 0}, {STOCK_OVERRIDE, "abc", 3},
	    {STOCK_OVERRIDE, "a\0b\0c\0", 6}, {STOCK_OVERRIDE, "a\0b\0c\0d", 7},
	    {STOCK_OVERRIDE, "a\0b\0c\0d\0e\0", 10}, {STOCK_TAGS, "", 0},
	    {STOCK_TAGS, "a", 1}, {STOCK_TAGS, "a\0b\0", 4},
	    {STOCK_EXCLUDE_TAGS, "a", 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(items); i++) {
		struct override *overrides;
		struct plan_source out;
		struct stock stock = {0};

		add_text(&stock);
		/* a copy of its own, so that ASan sees its end */
		memcpy(stock_add_room(&stock, items[i].kind, "x", items[i].len),
		    items[i].bytes, items[i].len);
		assert_true(source_put_override(&stock, "good", &some[0]));
		assert_false(source_get(&stock, &out, &overrides));
		assert_int_equal(out.n_overrides, 1);
		assert_string_equal(overrides[0].key, "users");
		free(overrides);
		stock_clear(&stock);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_and_tags_come_out_as_they_went_in),
	    cmocka_unit_test(what_was_not_there_is_not_there),
	    cmocka_unit_test(of_two_keys_by_one_name_the_first_counts),
	    cmocka_unit_test(items_that_are_no_texts_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
