/*
 * What hosts are called: as in the plan, and so that no two are called alike.
 */
#include "host_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "plan/values.h"

struct named {
	struct remote_host *hosts;
	size_t n;
	struct host_names names;
};

static void named_init(struct named *named, const char *text)
{
	struct words defects = {0};

	*named = (struct named) {0};
	assert_true(
	    remote_hosts_parse(text, &named->hosts, &named->n, &defects));
	host_names_init(&named->names, named->hosts, named->n);
}

static void named_clear(struct named *named)
{
	host_names_clear(&named->names);
	remote_hosts_free(named->hosts, named->n);
}

/* What number i of such a list calls one behind it. */
static void assert_behind(
    const char *text, size_t i, const char *name, const char *expected)
{
	struct named named;
	char *found;

	named_init(&named, text);
	found = host_names_behind(&named.names, i, name);
	assert_string_equal(found, expected);
	free(found);
	named_clear(&named);
}

static void assert_called(const char *text, size_t i, const char *expected)
{
	struct named named;

	named_init(&named, text);
	assert_string_equal(host_names_of(&named.names, i), expected);
	named_clear(&named);
}

static void hosts_are_called_as_they_are_typed(void **state)
{
	(void)state;
	assert_called("a, gate(n1, n2)", 0, "a");
	assert_called("a, gate(n1, n2)", 1, "gate");
	assert_behind("a, gate(n1, n2)", 1, "n1", "n1");
}

static void those_of_the_same_name_have_their_ways_in_front(void **state)
{
	static const char text[] = "n1, g(n1, n2), h(n2, i(n2))";

	(void)state;
	assert_called(text, 0, "n1");
	assert_behind(text, 1, "n1", "g/n1");
	assert_behind(text, 1, "n2", "g/n2");
	assert_behind(text, 2, "n2", "h/n2");
	/* as h has heard of it */
	assert_behind(text, 2, "i/n2", "h/i/n2");
}

static void a_slash_in_a_name_is_no_way(void **state)
{
	(void)state;
	assert_behind("g(pod/a, b), h(b)", 0, "pod/a", "pod/a");
	assert_behind("g(pod/a), h(pod/a)", 1, "pod/a", "h/pod/a");
}

static void this_machine_has_its_own_name_unless_that_is_taken(void **state)
{
	char *taken = xasprintf("., %s", host_name());

	(void)state;
	assert_called("., a", 0, host_name());
	assert_called(taken, 0, ".");
	assert_called(taken, 1, host_name());
	free(taken);
}

static void one_that_plays_for_itself_is_called_as_from_without(void **state)
{
	(void)state;
	/* so g is there twice: once in front of all, once behind h */
	assert_called("g(., a), h(g)", 0, "g");
	assert_behind("g(., a), h(g)", 1, "g", "h/g");
	assert_behind("g(., a), h(b)", 0, "a", "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hosts_are_called_as_they_are_typed),
	    cmocka_unit_test(those_of_the_same_name_have_their_ways_in_front),
	    cmocka_unit_test(a_slash_in_a_name_is_no_way),
	    cmocka_unit_test(
		this_machine_has_its_own_name_unless_that_is_taken),
	    cmocka_unit_test(
		one_that_plays_for_itself_is_called_as_from_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
