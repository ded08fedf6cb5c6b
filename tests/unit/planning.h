/*
 * What tests of plans as texts share.
 */
#ifndef TESTS_UNIT_PLANNING_H
#define TESTS_UNIT_PLANNING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan/plan.h"

/* The plan of a text without mistakes; owned by the caller. */
static inline struct plan *plan_of(const char *text)
{
	const struct plan_source source = {.file = "shop.ini"};
	struct plan *plan;
	struct diag d;
	FILE *in = tmpfile();

	assert_non_null(in);
	assert_true(fputs(text, in) >= 0);
	rewind(in);
	diag_init(&d);
	plan = plan_load_stream(&source, in, &d);
	fclose(in);
	if (plan == NULL)
		diag_print(&d, stderr);
	assert_non_null(plan);
	diag_clear(&d);
	return plan;
}

/* A file of these bytes, which the caller removes. */
static inline void write_temporary(char *path, size_t size, const char *text)
{
	FILE *out;
	int fd;

	snprintf(path, size, "/tmp/loadgen-test-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	out = fdopen(fd, "w");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

#endif
