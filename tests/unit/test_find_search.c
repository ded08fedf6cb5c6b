/* The search against servers that are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "base/rng.h"
#include "find_search.h"

static const struct search_range rates = {.start = 50, .least = 1, .most = 1e7};
static const struct search_range users = {
    .start = 10, .least = 1, .most = 1e7, .is_whole = true};

/* A server that takes so much; one time in so many it fails by chance. */
struct server {
	double limit;
	unsigned chance; /* 0: never */
	struct rng rng;
};

static enum search_word ask(struct server *server, double load)
{
	if (load > 1.1 * server->limit)
		return SEARCH_FAILS_CLEARLY;
	if (load > server->limit)
		return SEARCH_FAILS;
	return server->chance > 0 &&
		       rng_below(&server->rng, server->chance) == 0
		   ? SEARCH_FAILS
		   : SEARCH_HOLDS;
}

static struct search search(
    const struct search_range *range, struct server *server)
{
	struct search s;

	search_begin(&s, range);
	while (s.next > 0)
		search_tell(&s, ask(server, s.next));
	return s;
}

static void assert_near(double found, double limit)
{
	if (found > limit || found < 0.97 * limit)
		print_error("found %g, the limit is %g\n", found, limit);
	assert_true(found <= limit && found >= 0.97 * limit);
}

static void a_limit_far_above_the_start_is_found(void **state)
{
	struct server server = {.limit = 7777};
	struct search s = search(&rates, &server);

	(void)state;
	assert_near(s.held, 7777);
	assert_true(s.failed > 7777);
	assert_true(s.tries < 20);
}

static void a_limit_below_the_start_is_found(void **state)
{
	struct server server = {.limit = 3.3};
	struct search s = search(&rates, &server);

	(void)state;
	assert_near(s.held, 3.3);
}

static void any_limit_is_found(void **state)
{
	(void)state;
	for (double limit = 1.5; limit < 1e6; limit *= 1.37) {
		struct server server = {.limit = limit};

		assert_near(search(&rates, &server).held, limit);
	}
}

static void the_steps_double_and_then_halve(void **state)
{
	static const double steps[] = {50, 100, 200, 400, 300, 250, 275, 263};
	struct server server = {.limit = 255};
	struct search s;

	(void)state;
	search_begin(&s, &rates);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		assert_float_equal(s.next, steps[i], 1e-9);
		search_tell(&s, s.next <= server.limit ? SEARCH_HOLDS
						       : SEARCH_FAILS_CLEARLY);
	}
	assert_float_equal(s.held, 250, 1e-9);
}

static void what_fails_by_little_is_tried_once_more(void **state)
{
	struct search s;

	(void)state;
	search_begin(&s, &rates);
	search_tell(&s, SEARCH_FAILS);
	assert_true(s.is_again);
	assert_float_equal(s.next, 50, 0);
	search_tell(&s, SEARCH_HOLDS);
	assert_false(s.is_again);
	assert_float_equal(s.next, 100, 0);
	search_tell(&s, SEARCH_FAILS);
	search_tell(&s, SEARCH_FAILS);
	assert_float_equal(s.failed, 100, 0);
	assert_float_equal(s.next, 75, 0);
}

static void what_fails_clearly_is_not_tried_again(void **state)
{
	struct search s;

	(void)state;
	search_begin(&s, &rates);
	search_tell(&s, SEARCH_FAILS_CLEARLY);
	assert_float_equal(s.failed, 50, 0);
	assert_float_equal(s.next, 25, 0);
}

/* With a step in twenty that fails by chance, one in 400 counts. */
static void chance_does_not_lead_far_astray(void **state)
{
	unsigned near = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct server server = {.limit = 480, .chance = 20};
		double held;

		rng_init(&server.rng, seed, 0);
		held = search(&rates, &server).held;
		assert_true(held <= 480);
		near += held >= 0.95 * 480;
	}
	assert_true(near >= 90);
}

static void users_are_found_to_the_last_one(void **state)
{
	(void)state;
	for (double limit = 1; limit <= 50; limit++) {
		struct server server = {.limit = limit};
		struct search s = search(&users, &server);

		assert_float_equal(s.held, limit, 0);
		assert_float_equal(s.failed, limit + 1, 0);
	}
}

static void many_users_are_whole_numbers(void **state)
{
	struct server server = {.limit = 12345};
	struct search s = search(&users, &server);

	(void)state;
	assert_near(s.held, 12345);
	assert_float_equal(s.held, floor(s.held), 0);
}

static void a_server_that_takes_nothing_ends_the_search_at_the_least(
    void **state)
{
	struct server server = {.limit = 0};
	struct search s = search(&rates, &server);

	(void)state;
	assert_float_equal(s.held, 0, 0);
	assert_float_equal(s.failed, 1, 0);
}

static void a_server_that_takes_all_ends_the_search_at_the_most(void **state)
{
	struct server server = {.limit = 1e9};
	struct search s = search(&rates, &server);

	(void)state;
	assert_float_equal(s.held, 1e7, 0);
	assert_float_equal(s.failed, 0, 0);
}

static void a_server_without_sense_ends_it_too(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct server server = {.limit = 1e9, .chance = 2};

		rng_init(&server.rng, seed, 0);
		assert_true(search(&rates, &server).tries <= SEARCH_TRIES_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_limit_far_above_the_start_is_found),
	    cmocka_unit_test(a_limit_below_the_start_is_found),
	    cmocka_unit_test(any_limit_is_found),
	    cmocka_unit_test(the_steps_double_and_then_halve),
	    cmocka_unit_test(what_fails_by_little_is_tried_once_more),
	    cmocka_unit_test(what_fails_clearly_is_not_tried_again),
	    cmocka_unit_test(chance_does_not_lead_far_astray),
	    cmocka_unit_test(users_are_found_to_the_last_one),
	    cmocka_unit_test(many_users_are_whole_numbers),
	    cmocka_unit_test(
		a_server_that_takes_nothing_ends_the_search_at_the_least),
	    cmocka_unit_test(
		a_server_that_takes_all_ends_the_search_at_the_most),
	    cmocka_unit_test(a_server_without_sense_ends_it_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
