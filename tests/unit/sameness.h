/*
 * Whether what was counted is the same: histograms and tables.
 */
#ifndef TESTS_UNIT_SAMENESS_H
#define TESTS_UNIT_SAMENESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stats.h"

static inline void assert_hists_equal(
    const struct hist *a, const struct hist *b)
{
	assert_true(a->count == b->count && a->sum_us == b->sum_us);
	assert_true(a->min_us == b->min_us && a->max_us == b->max_us);
	assert_true(a->clamped == b->clamped);
	assert_int_equal(a->n_blocks, b->n_blocks);
	if (a->n_blocks > 0)
		assert_memory_equal(
		    a->blocks, b->blocks, a->n_blocks * sizeof(*a->blocks));
}

static inline void assert_rows_equal(
    const struct table *a, const struct table *b)
{
	size_t n_a, n_b;
	struct row **rows_a = table_sorted_rows(a, &n_a);
	struct row **rows_b = table_sorted_rows(b, &n_b);

	assert_int_equal(n_a, n_b);
	for (size_t i = 0; i < n_a; i++) {
		assert_string_equal(rows_a[i]->type, rows_b[i]->type);
		assert_string_equal(rows_a[i]->name, rows_b[i]->name);
		assert_true(rows_a[i]->requests == rows_b[i]->requests);
		assert_true(rows_a[i]->failures == rows_b[i]->failures);
		assert_true(rows_a[i]->body_bytes == rows_b[i]->body_bytes);
		assert_hists_equal(&rows_a[i]->response, &rows_b[i]->response);
		for (size_t k = 0; k < PHASES; k++)
			assert_hists_equal(
			    &rows_a[i]->phases[k], &rows_b[i]->phases[k]);
	}
	free(rows_a);
	free(rows_b);
}

static inline void assert_tables_equal(
    const struct table *a, const struct table *b)
{
	size_t n_a, n_b;
	struct failure **fa = table_sorted_failures(a, &n_a);
	struct failure **fb = table_sorted_failures(b, &n_b);

	assert_rows_equal(a, b);
	assert_int_equal(n_a, n_b);
	for (size_t i = 0; i < n_a; i++) {
		assert_string_equal(fa[i]->type, fb[i]->type);
		assert_string_equal(fa[i]->name, fb[i]->name);
		assert_string_equal(fa[i]->text, fb[i]->text);
		assert_true(fa[i]->count == fb[i]->count);
		assert_true(fa[i]->first_wall_us == fb[i]->first_wall_us);
		assert_true(fa[i]->last_wall_us == fb[i]->last_wall_us);
	}
	free(fa);
	free(fb);
}

#endif
