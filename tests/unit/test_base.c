/*
 * Numbers as people write and read them, random numbers, diagnostics.
 */
#include "base/util.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/diag.h"
#include "base/rng.h"

/* --- durations ---------------------------------------------------------- */

static uint64_t duration(const char *text)
{
	uint64_t us = UINT64_MAX;

	if (!parse_duration_us(text, &us))
		fail_msg("\"%s\" was refused", text);
	return us;
}

static void a_bare_number_is_seconds(void **state)
{
	(void)state;
	assert_int_equal(duration("90"), 90 * US_PER_S);
	assert_int_equal(duration(" 1.5 "), 1500 * US_PER_MS);
	assert_int_equal(duration("0"), 0);
}

static void every_unit_of_time_is_known(void **state)
{
	(void)state;
	assert_int_equal(duration("10us"), 10);
	assert_int_equal(duration("250ms"), 250 * US_PER_MS);
	assert_int_equal(duration("90s"), 90 * US_PER_S);
	assert_int_equal(duration("2m"), 120 * US_PER_S);
	assert_int_equal(duration("1h"), 3600 * US_PER_S);
}

static void units_of_time_can_be_joined(void **state)
{
	(void)state;
	assert_int_equal(duration("1h20m"), 4800 * US_PER_S);
	assert_int_equal(duration("1h2m3s4ms5us"), UINT64_C(3723004005));
}

static void fractions_of_time_are_exact(void **state)
{
	(void)state;
	assert_int_equal(duration("0.5ms"), 500);
	assert_int_equal(duration("0.000001"), 1);
	assert_int_equal(duration("1.000001h"), UINT64_C(3600003600));
	assert_int_equal(duration("0.1s"), 100 * US_PER_MS);
	assert_int_equal(duration("0.0000019s"), 1);
}

static void what_is_no_duration_is_refused(void **state)
{
	static const char *const bad[] = {"", " ", "s", "5x", "1h20", "-1s",
	    "+1s", "1 s", "1s 2ms", ".5s", "5.", "1..2s", "0x10", "1e3", "inf",
	    "nan", "1m2m", "5s1h", "1,5s", "1s,", "99999999999999999999",
	    "6000000000h"};
	uint64_t us = 77;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (parse_duration_us(bad[i], &us))
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_int_equal(us, 77);
}

static void a_duration_is_written_the_short_way(void **state)
{
	static const struct {
		uint64_t us;
		const char *text;
	} all[] = {{0, "0s"}, {10, "10us"}, {250000, "250ms"}, {1500, "1.5ms"},
	    {1500000, "1.5s"}, {90000000, "1m30s"},
	    {UINT64_C(7500000000), "2h5m"}, {3600000000, "1h"},
	    {60000000, "1m"}, {UINT64_C(3600000001), "1h0.000001s"}};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(all); i++)
		assert_string_equal(
		    format_duration(text, sizeof(text), all[i].us),
		    all[i].text);
}

static void a_duration_written_is_the_same_when_read(void **state)
{
	struct rng rng;
	char text[64];
	uint64_t us;
	int i;

	(void)state;
	rng_init(&rng, 1, 0);
	for (i = 0; i < 20000; i++) {
		us = rng_next(&rng) >> rng_below(&rng, 64);
		format_duration(text, sizeof(text), us);
		assert_int_equal(duration(text), us);
	}
}

static void a_duration_that_does_not_fit_is_cut(void **state)
{
	char text[6];

	(void)state;
	format_duration(text, sizeof(text), UINT64_C(3723004005));
	assert_string_equal(text, "1h2m3");
}

/* --- other numbers ------------------------------------------------------ */

static void a_size_takes_powers_of_1024(void **state)
{
	uint64_t bytes = 0;

	(void)state;
	assert_true(parse_size_bytes("4096", &bytes));
	assert_int_equal(bytes, 4096);
	assert_true(parse_size_bytes("64k", &bytes));
	assert_int_equal(bytes, 65536);
	assert_true(parse_size_bytes(" 1M ", &bytes));
	assert_int_equal(bytes, 1048576);
	assert_true(parse_size_bytes("2G", &bytes));
	assert_int_equal(bytes, UINT64_C(2147483648));
}

static void what_is_no_size_is_refused(void **state)
{
	static const char *const bad[] = {"", "k", "1.5M", "1kb", "-1", "1 k",
	    "17179869184G", "18446744073709551616"};
	uint64_t bytes = 77;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(parse_size_bytes(bad[i], &bytes));
	assert_int_equal(bytes, 77);
}

static void a_count_is_digits_and_nothing_else(void **state)
{
	static const char *const bad[] = {
	    "", "-1", "+1", "1.0", "1k", "1 2", "0x1", "18446744073709551616"};
	uint64_t n = 0;
	size_t i;

	(void)state;
	assert_true(parse_count("18446744073709551615", &n));
	assert_true(n == UINT64_MAX);
	assert_true(parse_count(" 007\n", &n));
	assert_int_equal(n, 7);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(parse_count(bad[i], &n));
	assert_int_equal(n, 7);
}

static void assert_rate(const char *text, double expected)
{
	double per_s = -1;

	if (!parse_rate(text, &per_s))
		fail_msg("\"%s\" was refused", text);
	assert_true(per_s == expected);
}

static void a_rate_counts_per_second_minute_or_hour(void **state)
{
	(void)state;
	assert_rate("10", 10);
	assert_rate("0.5", 0.5);
	assert_rate("500/s", 500);
	assert_rate("30/m", 0.5);
	assert_rate("1800/h", 0.5);
}

static void what_is_no_rate_is_refused(void **state)
{
	static const char *const bad[] = {
	    "", "/s", "10/", "10/d", "10/s/s", "-1/s", "inf/s", "1e3/s"};
	double per_s = 77;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(parse_rate(bad[i], &per_s));
	assert_true(per_s == 77);
}

static void a_number_is_the_nearest_double(void **state)
{
	static const char *const all[] = {
	    "0.1", "1.1", "2.675", "1234.5678", "0.000001", "4503599627370496"};
	double n = -1;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(all); i++) {
		assert_true(parse_number(all[i], &n));
		assert_true(n == strtod(all[i], NULL));
	}
}

static void oddities_of_strtod_are_no_numbers(void **state)
{
	static const char *const bad[] = {"", "inf", "nan", "infinity", "0x10",
	    "1e3", "1p3", "-1", "+1", "1.", ".5", "1,5", "1_000",
	    "18446744073709551616"};
	double n = 77;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (parse_number(bad[i], &n))
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_true(n == 77);
}

static void a_count_is_written_in_thousands(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(format_count(text, sizeof(text), 0), "0");
	assert_string_equal(format_count(text, sizeof(text), 999), "999");
	assert_string_equal(format_count(text, sizeof(text), 1000), "1,000");
	assert_string_equal(
	    format_count(text, sizeof(text), 1234567), "1,234,567");
	assert_string_equal(format_count(text, sizeof(text), UINT64_MAX),
	    "18,446,744,073,709,551,615");
}

/* --- words -------------------------------------------------------------- */

static const char *const keys[] = {
    "host", "users", "spawn_rate", "run_time", "wait", "timeout"};

static const char *nearest(const char *word)
{
	return nearest_word(word, keys, ARRAY_LEN(keys));
}

static void a_slip_of_the_pen_is_recognised(void **state)
{
	(void)state;
	assert_string_equal(nearest("spawnrate"), "spawn_rate");
	assert_string_equal(nearest("spwan_rate"), "spawn_rate");
	assert_string_equal(nearest("Spawn-Rate"), "spawn_rate");
	assert_string_equal(nearest("user"), "users");
	assert_string_equal(nearest("hots"), "host");
	assert_string_equal(nearest("timeuot"), "timeout");
}

static void the_beginning_of_a_word_is_recognised(void **state)
{
	(void)state;
	assert_string_equal(nearest("spawn"), "spawn_rate");
	assert_string_equal(nearest("ru"), "run_time");
}

static void another_word_is_not_guessed_at(void **state)
{
	char huge[5000];

	(void)state;
	memset(huge, 'h', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	assert_null(nearest("weather"));
	assert_null(nearest("x"));
	assert_null(nearest("s"));
	assert_null(nearest(""));
	assert_null(nearest(huge));
	assert_null(nearest_word("host", NULL, 0));
}

static void the_nearest_of_several_words_wins(void **state)
{
	static const char *const words[] = {"timeouts", "time", "timeout"};

	(void)state;
	assert_string_equal(
	    nearest_word("timeot", words, ARRAY_LEN(words)), "timeout");
	assert_string_equal(
	    nearest_word("time", words, ARRAY_LEN(words)), "time");
}

static void blanks_and_line_ends_are_trimmed(void **state)
{
	char text[] = " \t a b \r\n", blank[] = " \n";

	(void)state;
	assert_string_equal(trim(text), "a b");
	assert_string_equal(trim(blank), "");
}

static void a_copy_ends_where_the_text_does(void **state)
{
	char *copy = xstrndup("ab", 100), *part = xstrndup("abc", 2);

	(void)state;
	assert_string_equal(copy, "ab");
	assert_string_equal(part, "ab");
	free(copy);
	free(part);
}

static void an_array_grows_as_it_fills(void **state)
{
	size_t cap = 0, n;
	int *array = NULL;

	(void)state;
	for (n = 0; n < 1000; n++) {
		array = grow(array, n, &cap, sizeof(*array));
		assert_true(cap > n);
		array[n] = (int)n;
	}
	assert_int_equal(array[999], 999);
	free(array);
}

/* --- random numbers ----------------------------------------------------- */

static void the_same_seed_gives_the_same_numbers(void **state)
{
	struct rng rng;

	(void)state;
	/* splitmix64's published output for the state 1234567 */
	rng.state = 1234567;
	assert_true(rng_next(&rng) == UINT64_C(6457827717110365317));
	assert_true(rng_next(&rng) == UINT64_C(3203168211198807973));
	assert_true(rng_next(&rng) == UINT64_C(9817491932198370423));
	/* and ours, which users' draws depend on */
	rng_init(&rng, 42, 7);
	assert_true(rng_next(&rng) == UINT64_C(16169483200916908442));
}

static void streams_do_not_overlap(void **state)
{
	struct rng a, b;
	int i, j;

	(void)state;
	rng_init(&a, 1, 1);
	for (i = 0; i < 100; i++) {
		rng_init(&b, 1, 2);
		for (j = 0; j < 100; j++) {
			rng_next(&b);
			assert_true(a.state != b.state);
		}
		rng_next(&a);
	}
}

static void a_bounded_number_takes_every_value_alike(void **state)
{
	unsigned seen[7] = {0};
	struct rng rng;
	int i;

	(void)state;
	rng_init(&rng, 3, 0);
	for (i = 0; i < 70000; i++)
		seen[rng_below(&rng, 7)]++;
	for (i = 0; i < 7; i++)
		assert_in_range(seen[i], 9600, 10400);
}

static void a_bound_of_more_than_half_the_range_is_fair(void **state)
{
	/* by a plain remainder the lower half would come twice as often */
	uint64_t n = UINT64_C(3) << 62, below = 0;
	struct rng rng;
	int i;

	(void)state;
	rng_init(&rng, 3, 0);
	for (i = 0; i < 30000; i++) {
		uint64_t draw = rng_below(&rng, n);

		assert_true(draw < n);
		below += draw < n / 3;
	}
	assert_in_range(below, 9600, 10400);
}

static void bounds_of_none_and_one_give_zero(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 3, 0);
	assert_int_equal(rng_below(&rng, 0), 0);
	assert_int_equal(rng_below(&rng, 1), 0);
}

static void a_unit_draw_is_below_one(void **state)
{
	double unit, sum = 0;
	struct rng rng;
	int i;

	(void)state;
	rng_init(&rng, 5, 0);
	for (i = 0; i < 100000; i++) {
		unit = rng_unit(&rng);
		assert_true(unit >= 0 && unit < 1);
		sum += unit;
	}
	assert_true(sum > 49500 && sum < 50500);
}

static void fresh_seeds_differ(void **state)
{
	(void)state;
	assert_true(rng_fresh_seed() != rng_fresh_seed());
}

/* --- diagnostics -------------------------------------------------------- */

static const struct where line_9 = {"plan.ini", 9};

/* What diag_print writes; owned by the caller. */
static char *printed(struct diag *d)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	diag_print(d, out);
	fclose(out);
	return text;
}

static void assert_printed(struct diag *d, const char *expected)
{
	char *text = printed(d);

	assert_string_equal(text, expected);
	free(text);
	diag_clear(d);
}

static void mistakes_come_in_the_order_of_their_lines(void **state)
{
	static const struct where option = {"--users", 0}, line_2 = {"p", 2};
	struct diag d;

	(void)state;
	diag_init(&d);
	diag_error(&d, line_9, "first of %d", 9);
	diag_error(&d, line_2, "two");
	diag_error(&d, line_9, "second of 9");
	diag_error(&d, option, "option");
	assert_int_equal(d.errors, 4);
	assert_printed(&d, "--users: option\np:2: two\n"
			   "plan.ini:9: first of 9\nplan.ini:9: second of 9\n");
}

static void a_warning_says_so_and_is_no_error(void **state)
{
	struct diag d;

	(void)state;
	diag_init(&d);
	diag_warning(&d, line_9, "task \"x\": never used");
	assert_int_equal(d.errors, 0);
	assert_int_equal(d.warnings, 1);
	assert_printed(&d, "plan.ini:9: warning: task \"x\": never used\n");
}

static void control_bytes_do_not_reach_the_terminal(void **state)
{
	struct diag d;

	(void)state;
	diag_init(&d);
	diag_error(&d, line_9, "key \"%s\"",
	    "a\x1b[2J\n\x7f\xc3\xa9\xc2\x9b\x9b\xe2\x80\xae");
	assert_printed(&d, "plan.ini:9: key \"a\\x1B[2J\\x0A\\x7F\xc3\xa9"
			   "\\xC2\\x9B\\x9B\\xE2\\x80\\xAE\"\n");
}

static void a_long_text_keeps_its_place_and_its_mend(void **state)
{
	static const char mend[] = ": write it shorter\n";
	char *word = xcalloc(100001, 1), *text;
	struct diag d;
	size_t len;

	(void)state;
	memset(word, 'x', 100000);
	diag_init(&d);
	diag_error(&d, line_9, "key \"%s\": too long: write it shorter", word);
	text = printed(&d);
	len = strlen(text);
	assert_in_range(len, 300, 401);
	assert_memory_equal(text, "plan.ini:9: key \"xxx", 20);
	assert_non_null(strstr(text, "xxx...xxx"));
	assert_string_equal(text + len - strlen(mend), mend);
	free(text);
	free(word);
	diag_clear(&d);
}

static void a_long_text_is_not_cut_inside_a_letter(void **state)
{
	char word[1001] = "";
	struct diag d;
	size_t shift, i;
	char *text;

	(void)state;
	for (shift = 0; shift < 4; shift++) {
		memset(word, 'x', shift);
		for (i = shift; i + 2 < sizeof(word); i += 2)
			memcpy(word + i, "\xc3\xa9", 3);
		diag_init(&d);
		diag_error(&d, line_9, "%s", word);
		text = printed(&d);
		assert_non_null(strstr(text, "\xc3\xa9...\xc3\xa9"));
		free(text);
		diag_clear(&d);
	}
}

/* --- sums and products -------------------------------------------------- */

static void a_sum_of_times_ends_at_the_end_of_time(void **state)
{
	(void)state;
	assert_true(add_saturated(2, 3) == 5);
	assert_true(add_saturated(UINT64_MAX - 3, 3) == UINT64_MAX);
	assert_true(add_saturated(UINT64_MAX - 3, 4) == UINT64_MAX);
	assert_true(add_saturated(UINT64_MAX, UINT64_MAX) == UINT64_MAX);
}

static void a_part_of_a_number_is_right_however_large_it_is(void **state)
{
	const uint64_t half = UINT64_MAX / 2;

	(void)state;
	assert_true(multiply_divide(7, 2, 3) == 4);
	assert_true(multiply_divide(7, 0, 3) == 0);
	assert_true(multiply_divide(0, 2, 3) == 0);
	assert_true(multiply_divide(UINT64_MAX, 3, 3) == UINT64_MAX);
	assert_true(multiply_divide(UINT64_MAX, 1, 2) == half);
	assert_true(multiply_divide(UINT64_MAX, half, UINT64_MAX) == half);
	assert_true(multiply_divide(UINT64_MAX - 1, UINT64_MAX - 1,
			UINT64_MAX) == UINT64_MAX - 2);
}

static void what_no_whole_number_holds_is_the_largest_or_none(void **state)
{
	(void)state;
	assert_true(round_to_u64(2.4) == 2);
	assert_true(round_to_u64(2.5) == 3);
	assert_true(round_to_u64(-7) == 0);
	assert_true(round_to_u64(1e20) == UINT64_MAX);
	assert_true(round_to_u64((double)INFINITY) == UINT64_MAX);
	assert_true(round_to_u64((double)NAN) == UINT64_MAX);
}

static void nothing_is_nothing_however_often(void **state)
{
	(void)state;
	assert_true(n_times(2, 1.5) == 3);
	assert_true(n_times(0, (double)INFINITY) == 0);
	assert_true(n_times((double)INFINITY, 0) == 0);
	assert_true(isinf(n_times(1, (double)INFINITY)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bare_number_is_seconds),
	    cmocka_unit_test(every_unit_of_time_is_known),
	    cmocka_unit_test(units_of_time_can_be_joined),
	    cmocka_unit_test(fractions_of_time_are_exact),
	    cmocka_unit_test(what_is_no_duration_is_refused),
	    cmocka_unit_test(a_duration_is_written_the_short_way),
	    cmocka_unit_test(a_duration_written_is_the_same_when_read),
	    cmocka_unit_test(a_duration_that_does_not_fit_is_cut),
	    cmocka_unit_test(a_size_takes_powers_of_1024),
	    cmocka_unit_test(what_is_no_size_is_refused),
	    cmocka_unit_test(a_count_is_digits_and_nothing_else),
	    cmocka_unit_test(a_rate_counts_per_second_minute_or_hour),
	    cmocka_unit_test(what_is_no_rate_is_refused),
	    cmocka_unit_test(a_number_is_the_nearest_double),
	    cmocka_unit_test(oddities_of_strtod_are_no_numbers),
	    cmocka_unit_test(a_count_is_written_in_thousands),
	    cmocka_unit_test(a_slip_of_the_pen_is_recognised),
	    cmocka_unit_test(the_beginning_of_a_word_is_recognised),
	    cmocka_unit_test(another_word_is_not_guessed_at),
	    cmocka_unit_test(the_nearest_of_several_words_wins),
	    cmocka_unit_test(blanks_and_line_ends_are_trimmed),
	    cmocka_unit_test(a_sum_of_times_ends_at_the_end_of_time),
	    cmocka_unit_test(a_part_of_a_number_is_right_however_large_it_is),
	    cmocka_unit_test(what_no_whole_number_holds_is_the_largest_or_none),
	    cmocka_unit_test(nothing_is_nothing_however_often),
	    cmocka_unit_test(a_copy_ends_where_the_text_does),
	    cmocka_unit_test(an_array_grows_as_it_fills),
	    cmocka_unit_test(the_same_seed_gives_the_same_numbers),
	    cmocka_unit_test(streams_do_not_overlap),
	    cmocka_unit_test(a_bounded_number_takes_every_value_alike),
	    cmocka_unit_test(a_bound_of_more_than_half_the_range_is_fair),
	    cmocka_unit_test(bounds_of_none_and_one_give_zero),
	    cmocka_unit_test(a_unit_draw_is_below_one),
	    cmocka_unit_test(fresh_seeds_differ),
	    cmocka_unit_test(mistakes_come_in_the_order_of_their_lines),
	    cmocka_unit_test(a_warning_says_so_and_is_no_error),
	    cmocka_unit_test(control_bytes_do_not_reach_the_terminal),
	    cmocka_unit_test(a_long_text_keeps_its_place_and_its_mend),
	    cmocka_unit_test(a_long_text_is_not_cut_inside_a_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
