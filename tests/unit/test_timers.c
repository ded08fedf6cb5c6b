/* Timers fire in order, whatever was set, moved and unset before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/util.h"
#include "load/timers.h"

static void an_empty_heap_has_nothing_due(void **state)
{
	struct timers t = {0};

	(void)state;
	assert_null(timers_pop(&t, UINT64_MAX));
	assert_true(timers_next_us(&t) == UINT64_MAX);
	timers_clear(&t);
}

static void a_timer_fires_once_and_not_before_it_is_due(void **state)
{
	struct timers t = {0};
	struct timer timer = {0};

	(void)state;
	timers_set(&t, &timer, 100);
	assert_null(timers_pop(&t, 99));
	assert_ptr_equal(timers_pop(&t, 100), &timer);
	assert_null(timers_pop(&t, 1000));
	timers_clear(&t);
}

static void setting_a_timer_again_moves_it(void **state)
{
	struct timers t = {0};
	struct timer a = {0};
	struct timer b = {0};

	(void)state;
	timers_set(&t, &a, 10);
	timers_set(&t, &b, 20);
	timers_set(&t, &a, 30);
	assert_int_equal(t.n, 2);
	assert_ptr_equal(timers_pop(&t, 100), &b);
	assert_ptr_equal(timers_pop(&t, 100), &a);
	timers_clear(&t);
}

static void unsetting_a_timer_twice_is_harmless(void **state)
{
	struct timers t = {0};
	struct timer a = {0};

	(void)state;
	timers_set(&t, &a, 10);
	timers_unset(&t, &a);
	timers_unset(&t, &a);
	assert_null(timers_pop(&t, 100));
	timers_clear(&t);
}

/* A thousand timers set, moved and unset at random, against a plain search. */
static void random_use_keeps_the_order(void **state)
{
	struct timers t = {0};
	struct timer timers[1000] = {{0}};
	struct rng rng;
	uint64_t last_us = 0;
	size_t left = 0;

	(void)state;
	rng_init(&rng, 1, 1);
	for (int i = 0; i < 20000; i++) {
		struct timer *one = &timers[rng_below(&rng, 1000)];

		if (rng_below(&rng, 3) == 0)
			timers_unset(&t, one);
		else
			timers_set(&t, one, rng_below(&rng, 5000));
	}
	for (size_t i = 0; i < ARRAY_LEN(timers); i++)
		left += timers[i].place > 0;
	assert_int_equal(left, t.n);
	for (; left > 0; left--) {
		uint64_t next_us = timers_next_us(&t);
		struct timer *one = timers_pop(&t, UINT64_MAX - 1);

		assert_non_null(one);
		assert_true(one->due_us == next_us);
		assert_true(one->due_us >= last_us);
		last_us = one->due_us;
	}
	assert_null(timers_pop(&t, UINT64_MAX - 1));
	timers_clear(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_heap_has_nothing_due),
	    cmocka_unit_test(a_timer_fires_once_and_not_before_it_is_due),
	    cmocka_unit_test(setting_a_timer_again_moves_it),
	    cmocka_unit_test(unsetting_a_timer_twice_is_harmless),
	    cmocka_unit_test(random_use_keeps_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
