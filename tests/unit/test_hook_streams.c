/* Streams: every line whole and once, whatever the reader does. */
#include "hook/hooks.h"

#include "tests/unit/hooking.h"

#define LONG_US (100 * US_PER_S)

#define FRONT                                                                  \
	"{\"event\":\"x\",\"role\":\"worker\",\"worker\":7,\"host\":\"here\"," \
	"\"time\":1764080000.123"

static void fire_number(struct scene *s, unsigned i, const char *text)
{
	char number[16];
	struct event_field fields[] = {
	    {"i", number, true}, {"text", text, false}};
	struct event event = {.name = "x",
	    .fields = fields,
	    .n_fields = 2,
	    .wall_us = UINT64_C(1764080000123999)};

	snprintf(number, sizeof(number), "%u", i);
	hooks_fire(s->hooks, &event, clock_us());
}

/* How many lines there are; each must be whole, and above the one before. */
static unsigned count_lines(const struct scene *s, const char *name)
{
	char *text = content(s, name);
	unsigned n = 0, before = 0;

	for (char *line = text, *end; *line != '\0'; line = end + 1) {
		unsigned i = 0;

		end = strchr(line, '\n');
		assert_non_null(end);
		*end = '\0';
		assert_ptr_equal(strstr(line, FRONT ",\"i\":"), line);
		i = (unsigned)strtoul(line + strlen(FRONT ",\"i\":"), NULL, 10);
		assert_true(n == 0 || i > before);
		assert_string_equal(end - 2, "\"}");
		before = i;
		n++;
	}
	free(text);
	return n;
}

/* How many events were dropped for this reason, and nothing else told. */
static uint64_t count_dropped(struct scene *s, const char *why)
{
	struct hook_trouble trouble = {.count = 0};
	char expected[TROUBLE_BYTES];

	if (!hooks_next_trouble(s->hooks, &trouble))
		return 0;
	snprintf(expected, sizeof(expected), "hook s: an event was dropped: %s",
	    why);
	assert_string_equal(trouble.text, expected);
	assert_no_trouble(s);
	return trouble.count;
}

static void every_event_is_a_line(void **state)
{
	static const struct hook_spec specs[] = {
	    {"s", "x", "cat >\"$DIR/lines\"", true, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire_number(s, 1, "a\"\n");
	fire(s, "other");
	fire(s, "x");
	hooks_close(s->hooks, clock_us());
	run_until_idle(s);
	assert_content(s, "lines",
	    FRONT ",\"i\":1,\"text\":\"a\\\"\\u000a\"}\n" FRONT "}\n");
	assert_no_trouble(s);
}

static void a_stream_is_started_at_its_first_event_and_once(void **state)
{
	static const struct hook_spec specs[] = {
	    {"s", "x", "echo up >>\"$DIR/up\"; cat >\"$DIR/lines\"", true,
		LONG_US},
	    {"never", "y", ">\"$DIR/never\"", true, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	hooks_run(s->hooks, clock_us());
	assert_content(s, "up", "");
	for (unsigned i = 0; i < 10; i++) {
		fire_number(s, i, "");
		run_until_there_is(s, "lines");
	}
	hooks_close(s->hooks, clock_us());
	run_until_idle(s);
	assert_content(s, "up", "up\n");
	assert_int_equal(count_lines(s, "lines"), 10);
	assert_int_equal(access(path_of(s, "never"), F_OK), -1);
	assert_no_trouble(s);
}

static void a_line_is_written_though_no_other_follows(void **state)
{
	static const struct hook_spec specs[] = {{"s", "x",
	    "read line; >\"$DIR/got\"; cat >/dev/null", true, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire_number(s, 1, "");
	run_until_there_is(s, "got");
}

static void the_environment_of_a_stream_says_who_it_is(void **state)
{
	static const struct hook_spec specs[] = {{"s", "x",
	    "echo $LOADGEN_HOOK $LOADGEN_EVENT $LOADGEN_WORKER $LOADGEN_I "
	    ">\"$DIR/out\"; cat >/dev/null",
	    true, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire_number(s, 1, "");
	hooks_close(s->hooks, clock_us());
	run_until_idle(s);
	assert_content(s, "out", "s x 7\n");
}

static void streams_and_commands_get_the_same_event(void **state)
{
	static const struct hook_spec specs[] = {
	    {"s", "x", "cat >\"$DIR/lines\"", true, LONG_US},
	    {"c", "x", "echo $LOADGEN_I >\"$DIR/out\"", false, LONG_US},
	    {"t", "x", "cat >\"$DIR/others\"", true, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire_number(s, 5, "");
	hooks_close(s->hooks, clock_us());
	run_until_idle(s);
	assert_int_equal(count_lines(s, "lines"), 1);
	assert_int_equal(count_lines(s, "others"), 1);
	assert_content(s, "out", "5\n");
}

#define READ_WHEN_TOLD                                                  \
	">\"$DIR/up\"; until [ -e \"$DIR/go\" ]; do sleep 0.01; done; " \
	"cat >\"$DIR/lines\""

/* Far more than its pipe and our buffer hold, to a reader that only begins
 * when told to. */
static void overfill(struct scene *s, unsigned n)
{
	char text[1001];

	memset(text, 't', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fire_number(s, 1, text);
	run_until_there_is(s, "up");
	for (unsigned i = 2; i <= n; i++) {
		fire_number(s, i, text);
		if (i % 100 == 0)
			go_round(s);
	}
}

static void who_does_not_read_loses_lines_but_never_holds_us_up(void **state)
{
	static const struct hook_spec specs[] = {
	    {"s", "x", READ_WHEN_TOLD, true, LONG_US}};
	struct scene *s = *state;
	uint64_t dropped;

	begin(s, specs, ARRAY_LEN(specs));
	overfill(s, 3000);
	dropped = count_dropped(s, "it does not keep up");
	assert_true(dropped > 0);
	assert_true(hooks_are_busy(s->hooks));
	make_file(s, "go");
	hooks_close(s->hooks, clock_us());
	run_until_idle(s);
	assert_int_equal(count_lines(s, "lines") + dropped, 3000);
	assert_no_trouble(s);
}

static void without_a_poller_it_is_the_same(void **state)
{
	static const struct hook_spec specs[] = {
	    {"s", "x", READ_WHEN_TOLD, true, LONG_US}};
	struct scene *s = *state;
	uint64_t dropped;

	s->hooks = hooks_new(specs, 1, &worker_7, NULL);
	overfill(s, 3000);
	dropped = count_dropped(s, "it does not keep up");
	assert_true(dropped > 0);
	make_file(s, "go");
	hooks_close(s->hooks, clock_us());
	run_until_idle(s);
	assert_int_equal(count_lines(s, "lines") + dropped, 3000);
}

static void who_reads_again_gets_lines_again(void **state)
{
	static const struct hook_spec specs[] = {
	    {"s", "x", READ_WHEN_TOLD, true, LONG_US}};
	struct scene *s = *state;
	uint64_t dropped;

	begin(s, specs, ARRAY_LEN(specs));
	overfill(s, 3000);
	dropped = count_dropped(s, "it does not keep up");
	make_file(s, "go");
	while (hooks_are_busy(s->hooks))
		go_round(s);
	for (unsigned i = 3001; i <= 3500; i++)
		fire_number(s, i, "");
	hooks_close(s->hooks, clock_us());
	run_until_idle(s);
	assert_int_equal(count_lines(s, "lines") + dropped, 3500);
	assert_no_trouble(s);
}

static void an_event_larger_than_the_buffer_is_dropped(void **state)
{
	static const struct hook_spec specs[] = {
	    {"s", "x", "cat >\"$DIR/lines\"", true, LONG_US}};
	struct scene *s = *state;
	char *text = xcalloc(MAX_FILE_BYTES, 1);

	memset(text, 't', MAX_FILE_BYTES - 1);
	begin(s, specs, ARRAY_LEN(specs));
	fire_number(s, 1, "");
	fire_number(s, 2, text);
	fire_number(s, 3, "");
	assert_int_equal(count_dropped(s, "the event is too large"), 1);
	hooks_close(s->hooks, clock_us());
	run_until_idle(s);
	assert_int_equal(count_lines(s, "lines"), 2);
	free(text);
}

/* Goes on firing until something is told. */
static void fire_until_trouble(struct scene *s, struct hook_trouble *trouble)
{
	for (unsigned i = 2; !hooks_next_trouble(s->hooks, trouble); i++) {
		fire_number(s, i, "");
		go_round(s);
	}
}

static void a_stream_that_ends_is_told_once_and_its_events_are_dropped(
    void **state)
{
	static const struct hook_spec specs[] = {
	    {"s", "x", "read line; exit 3", true, LONG_US}};
	struct hook_trouble trouble = {.count = 0};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire_number(s, 1, "");
	fire_until_trouble(s, &trouble);
	assert_string_equal(trouble.text,
	    "hook s: ended before its events did: exited with status 3");
	assert_int_equal(trouble.count, 1);
	(void)count_dropped(s, "it has ended");
	for (unsigned i = 0; i < 10; i++)
		fire_number(s, i, "");
	run_until_idle(s);
	assert_int_equal(count_dropped(s, "it has ended"), 10);
	hooks_close(s->hooks, clock_us());
	assert_false(hooks_are_busy(s->hooks));
}

static void a_stream_that_ends_in_peace_but_early_is_told_too(void **state)
{
	static const struct hook_spec specs[] = {
	    {"s", "x", "read line; exit 0", true, LONG_US}};
	struct hook_trouble trouble = {.count = 0};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire_number(s, 1, "");
	while (!hooks_next_trouble(s->hooks, &trouble))
		go_round(s);
	assert_string_equal(trouble.text,
	    "hook s: ended before its events did: exited with status 0");
	assert_no_trouble(s);
}

static void a_stream_that_reads_no_more_is_ended_at_its_timeout(void **state)
{
	static const struct hook_spec specs[] = {{"s", "x",
	    "read line; exec <&-; sleep 100; sleep 100", true, 100000}};
	struct hook_trouble trouble = {.count = 0};
	struct scene *s = *state;
	char expected[] = "hook s: ended before its events did: "
			  "did not end within 100ms";

	begin(s, specs, ARRAY_LEN(specs));
	fire_number(s, 1, "");
	for (unsigned i = 2;; i++) {
		if (!hooks_next_trouble(s->hooks, &trouble)) {
			fire_number(s, i, "");
			go_round(s);
		} else if (strstr(trouble.text, "dropped") == NULL) {
			break;
		}
	}
	assert_string_equal(trouble.text, expected);
	wait_until_all_are_gone(s);
}

static void closing_waits_until_a_slow_reader_has_it_all(void **state)
{
	static const struct hook_spec specs[] = {{"s", "x",
	    "sleep 0.2; cat >\"$DIR/lines\"; sleep 0.2; >\"$DIR/end\"", true,
	    LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	for (unsigned i = 1; i <= 5000; i++)
		fire_number(s, i, "");
	hooks_close(s->hooks, clock_us());
	run_until_idle(s);
	assert_int_equal(count_lines(s, "lines"), 5000);
	assert_int_equal(access(path_of(s, "end"), F_OK), 0);
	assert_no_trouble(s);
}

static void a_stream_that_does_not_end_after_closing_is_killed(void **state)
{
	static const struct hook_spec specs[] = {
	    {"s", "x", "cat >/dev/null; sleep 100; sleep 100", true, 100000}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire_number(s, 1, "");
	hooks_run(s->hooks, clock_us());
	assert_no_trouble(s);
	hooks_close(s->hooks, clock_us());
	run_until_idle(s);
	wait_until_all_are_gone(s);
	assert_trouble(s, "hook s: did not end within 100ms", 1);
	assert_no_trouble(s);
}

static void lines_that_a_killed_stream_never_read_are_counted(void **state)
{
	static const struct hook_spec specs[] = {
	    {"s", "x", ">\"$DIR/up\"; sleep 100; sleep 100", true, 100000}};
	struct scene *s = *state;
	uint64_t dropped;

	begin(s, specs, ARRAY_LEN(specs));
	overfill(s, 900);
	assert_no_trouble(s);
	hooks_close(s->hooks, clock_us());
	run_until_idle(s);
	assert_trouble(s, "hook s: did not end within 100ms", 1);
	/* the pipe took the rest, nobody knows for whom */
	dropped = count_dropped(s, "it has ended");
	assert_in_range(dropped, 1, 900);
}

static void a_bad_end_after_closing_is_told(void **state)
{
	static const struct hook_spec specs[] = {
	    {"s", "x", "cat >/dev/null; kill -SEGV $$", true, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire_number(s, 1, "");
	hooks_close(s->hooks, clock_us());
	run_until_idle(s);
	assert_trouble(s, "hook s: killed by SIGSEGV", 1);
	assert_no_trouble(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    HOOK_TEST(every_event_is_a_line),
	    HOOK_TEST(a_stream_is_started_at_its_first_event_and_once),
	    HOOK_TEST(a_line_is_written_though_no_other_follows),
	    HOOK_TEST(the_environment_of_a_stream_says_who_it_is),
	    HOOK_TEST(streams_and_commands_get_the_same_event),
	    HOOK_TEST(who_does_not_read_loses_lines_but_never_holds_us_up),
	    HOOK_TEST(without_a_poller_it_is_the_same),
	    HOOK_TEST(who_reads_again_gets_lines_again),
	    HOOK_TEST(an_event_larger_than_the_buffer_is_dropped),
	    HOOK_TEST(
		a_stream_that_ends_is_told_once_and_its_events_are_dropped),
	    HOOK_TEST(a_stream_that_ends_in_peace_but_early_is_told_too),
	    HOOK_TEST(a_stream_that_reads_no_more_is_ended_at_its_timeout),
	    HOOK_TEST(closing_waits_until_a_slow_reader_has_it_all),
	    HOOK_TEST(a_stream_that_does_not_end_after_closing_is_killed),
	    HOOK_TEST(lines_that_a_killed_stream_never_read_are_counted),
	    HOOK_TEST(a_bad_end_after_closing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
