/*
 * What is looked at before a plan is played.
 */
#include "ready.h"

#include "tests/unit/planning.h"

#include "base/util.h"

#define LOAD "[load]\nhost = http://h\n"
#define TASK "[task]\nget = /x\n"

/* What is warned of, or "" without a warning. */
static void assert_warns(const char *text, const char *expected)
{
	struct plan *plan = plan_of(text);
	char *said = NULL;
	size_t len;
	FILE *out = open_memstream(&said, &len);
	struct diag d;

	assert_non_null(out);
	diag_init(&d);
	ready_check_kinds(plan, &d);
	diag_print(&d, out);
	fclose(out);
	assert_string_equal(said, expected);
	free(said);
	diag_clear(&d);
	plan_free(plan);
}

static void a_kind_too_rare_for_a_user_is_told(void **state)
{
	(void)state;
	assert_warns(LOAD "users = 10\n" TASK "[user often]\nweight = 99\n"
			  "[user rare]\nweight = 1\n",
	    "shop.ini:8: warning: [user rare]: its share of 10 users is below "
	    "one, so nobody is of this kind: write more users, or count = 1 "
	    "in place of its weight\n");
	assert_warns(LOAD "rate = 9/s\nmax_users = 10\n" TASK
			  "[user often]\nweight = 99\n"
			  "[user rare]\nweight = 1\n",
	    "shop.ini:9: warning: [user rare]: its share of 10 users is below "
	    "one, so nobody is of this kind: write a larger max_users, or "
	    "count = 1 in place of its weight\n");
	assert_warns(LOAD TASK "[user a]\n[user b]\n",
	    "shop.ini:6: warning: [user b]: its share of 1 user is below one, "
	    "so nobody is of this kind: write more users, or count = 1 in "
	    "place of its weight\n");
}

static void a_kind_with_a_user_is_not_told(void **state)
{
	(void)state;
	assert_warns(LOAD TASK, "");
	assert_warns(LOAD "users = 100\n" TASK "[user often]\nweight = 99\n"
			  "[user rare]\nweight = 1\n",
	    "");
	assert_warns(LOAD "users = 10\n" TASK
			  "[user often]\n[user rare]\ncount = 1\n",
	    "");
}

static void a_kind_that_is_to_have_nobody_is_told_by_the_plan(void **state)
{
	(void)state;
	assert_warns(LOAD "users = 10\n" TASK
			  "[user all]\ncount = 10\n[user none]\n",
	    "");
	assert_warns(LOAD "users = 10\n" TASK
			  "[user all]\n[user none]\nweight = 0\n",
	    "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_kind_too_rare_for_a_user_is_told),
	    cmocka_unit_test(a_kind_with_a_user_is_not_told),
	    cmocka_unit_test(a_kind_that_is_to_have_nobody_is_told_by_the_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
