/* libcurl's memory: kept blocks are as good as new ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/util.h"
#include "load/http_memory.h"

static int begin(void **state)
{
	(void)state;
	http_memory_init();
	return 0;
}

static int end(void **state)
{
	(void)state;
	http_memory_clear();
	return 0;
}

static void a_freed_block_is_handed_out_again(void **state)
{
	void *first = http_malloc(100);
	void *second;

	(void)state;
	http_release(first);
	second = http_malloc(101);
	assert_ptr_equal(first, second);
	http_release(second);
}

static void every_size_can_be_used_to_its_last_byte(void **state)
{
	(void)state;
	for (size_t size = 0; size < 40000; size += size < 2100 ? 1 : 511) {
		unsigned char *p = http_malloc(size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		memset(p, 0xa5, size);
		http_release(p);
	}
}

static void moving_a_block_keeps_what_is_in_it(void **state)
{
	char *p = http_strdup("twelve bytes");

	(void)state;
	for (size_t size = 13; size < 100000; size = size * 3 / 2) {
		p = http_realloc(p, size);
		assert_string_equal(p, "twelve bytes");
	}
	http_release(p);
	p = http_realloc(NULL, 10);
	assert_non_null(p);
	http_release(p);
	http_release(NULL);
}

static void cleared_memory_is_zero_also_when_it_was_used_before(void **state)
{
	static const unsigned char zeros[64];
	unsigned char *p = http_malloc(64);

	(void)state;
	memset(p, 0xff, 64);
	http_release(p);
	p = http_calloc(8, 8);
	assert_memory_equal(p, zeros, 64);
	http_release(p);
}

static void a_size_that_cannot_be_is_refused(void **state)
{
	(void)state;
	assert_null(http_calloc(SIZE_MAX / 2, 3));
	assert_null(http_malloc(SIZE_MAX));
}

/* Blocks of random sizes live side by side and none writes into another. */
static void blocks_do_not_overlap(void **state)
{
	unsigned char *held[64] = {0};
	size_t sizes[64] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 7, 7);
	for (int i = 0; i < 50000; i++) {
		size_t slot = rng_below(&rng, 64);

		for (size_t k = 0; k < sizes[slot]; k += 97)
			assert_int_equal(held[slot][k], slot);
		http_release(held[slot]);
		sizes[slot] = rng_below(&rng, 3000);
		held[slot] = http_malloc(sizes[slot]);
		memset(held[slot], (int)slot, sizes[slot]);
	}
	for (size_t slot = 0; slot < ARRAY_LEN(held); slot++)
		http_release(held[slot]);
}

#define MEMORY_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MEMORY_TEST(a_freed_block_is_handed_out_again),
	    MEMORY_TEST(every_size_can_be_used_to_its_last_byte),
	    MEMORY_TEST(moving_a_block_keeps_what_is_in_it),
	    MEMORY_TEST(cleared_memory_is_zero_also_when_it_was_used_before),
	    MEMORY_TEST(a_size_that_cannot_be_is_refused),
	    MEMORY_TEST(blocks_do_not_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
