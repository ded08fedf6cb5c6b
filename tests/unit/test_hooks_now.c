/* Hooks that are waited for: what they print, and how they fail. */
#include "hook/hooks.h"

#include "tests/unit/hooking.h"

#define LONG_US (100 * US_PER_S)

/* Hears variables, and breaks off when there is a certain file. */
struct listener {
	struct buf taken; /* "HOOK:NAME=VALUE;" each */
	char stop_at[128];
};

static void note(
    void *arg, const char *hook, const char *name, const char *value)
{
	struct listener *l = arg;

	buf_printf(&l->taken, "%s:%s=%s;", hook, name, value);
}

static bool is_stop_there(void *arg)
{
	const struct listener *l = arg;

	return l->stop_at[0] != '\0' && access(l->stop_at, F_OK) == 0;
}

/* Runs the hooks of "x" now: what they printed must be that, and the reason of
 * their failure; "" for success. */
static void assert_now(
    struct scene *s, const char *stop_at, const char *taken, const char *why)
{
	struct event_field field = {"seed", "42", true};
	struct event event = {.name = "x", .fields = &field, .n_fields = 1};
	struct listener l = {.stop_at = ""};
	struct hooks_ear ear = {
	    .take = note, .should_stop = is_stop_there, .arg = &l};
	struct buf reason;

	buf_init(&l.taken, 1 << 21);
	buf_init(&reason, 1 << 10);
	if (stop_at != NULL)
		snprintf(
		    l.stop_at, sizeof(l.stop_at), "%s", path_of(s, stop_at));
	assert_int_equal(
	    hooks_run_now(s->hooks, &event, &ear, &reason), *why == '\0');
	assert_string_equal(buf_text(&reason), why);
	if (taken != NULL)
		assert_string_equal(buf_text(&l.taken), taken);
	buf_clear(&l.taken);
	buf_clear(&reason);
}

static void variables_are_collected_in_file_order(void **state)
{
	static const struct hook_spec specs[] = {
	    {"a", "x", "echo TOKEN=$LOADGEN_SEED; sleep 0.05; echo B=2", false,
		LONG_US},
	    {"other", "y", "echo Y=1", false, LONG_US},
	    {"b", "x", "printf C=3", false, LONG_US},
	};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	assert_now(s, NULL, "a:TOKEN=42;a:B=2;b:C=3;", "");
	assert_false(hooks_are_busy(s->hooks));
	assert_no_trouble(s);
}

static void a_failure_gives_its_status_and_ends_the_row(void **state)
{
	static const struct hook_spec specs[] = {
	    {"a", "x", "echo A=1; exit 4", false, LONG_US},
	    {"b", "x", "echo B=1; >\"$DIR/b\"", false, LONG_US},
	};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	assert_now(s, NULL, "a:A=1;", "hook a: exited with status 4");
	assert_int_equal(access(path_of(s, "b"), F_OK), -1);
	assert_no_trouble(s);
}

static void what_is_too_late_fails(void **state)
{
	static const struct hook_spec specs[] = {
	    {"a", "x", "echo A=1; sleep 100 & sleep 100", false, 100000}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	assert_now(s, NULL, NULL, "hook a: did not end within 100ms");
	wait_until_all_are_gone(s);
}

static void the_caller_can_break_off(void **state)
{
	static const struct hook_spec specs[] = {
	    {"a", "x", ">\"$DIR/up\"; sleep 100 & sleep 100", false, LONG_US},
	    {"b", "x", ">\"$DIR/b\"", false, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	assert_now(s, "up", "", "hook a: broken off");
	assert_int_equal(access(path_of(s, "b"), F_OK), -1);
	wait_until_all_are_gone(s);
}

static void what_was_fired_before_runs_before(void **state)
{
	static const struct hook_spec specs[] = {
	    {"slow", "y", "sleep 0.1; echo y >>\"$DIR/log\"", false, LONG_US},
	    {"a", "x", "echo x >>\"$DIR/log\"", false, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire(s, "y");
	fire(s, "y");
	assert_now(s, NULL, "", "");
	assert_content(s, "log", "y\ny\nx\n");
}

static void the_wait_for_those_before_can_be_broken_off_too(void **state)
{
	static const struct hook_spec specs[] = {
	    {"slow", "y", ">\"$DIR/up\"; sleep 100", false, LONG_US},
	    {"a", "x", ">\"$DIR/a\"", false, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire(s, "y");
	assert_now(s, "up", "", "hook a: broken off");
	assert_int_equal(access(path_of(s, "a"), F_OK), -1);
}

static void a_stream_gets_the_event_while_others_are_waited_for(void **state)
{
	static const struct hook_spec specs[] = {
	    {"s", "x", "read line; >\"$DIR/got\"; cat >/dev/null", true,
		LONG_US},
	    {"a", "x",
		"until [ -e \"$DIR/got\" ]; do sleep 0.01; done; echo A=1",
		false, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	assert_now(s, NULL, "a:A=1;", "");
}

static void who_prints_without_end_is_cut_and_not_held_up(void **state)
{
	static const struct hook_spec specs[] = {
	    {"a", "x", "echo A=1; head -c 3000000 /dev/zero; echo; echo B=1",
		false, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	assert_now(s, NULL, "a:A=1;", "");
	assert_trouble(
	    s, "hook a: what it printed was cut: it is over 1 MiB", 1);
	assert_no_trouble(s);
}

static void a_line_over_the_maximum_is_told(void **state)
{
	static const struct hook_spec specs[] = {{"a", "x",
	    "printf A=; head -c 70000 /dev/zero | tr '\\0' x; echo; "
	    "echo B=1",
	    false, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	assert_now(s, NULL, "a:B=1;", "");
	assert_trouble(
	    s, "hook a: a line was passed over: it is over 64 KiB", 1);
}

static void who_closes_its_output_is_waited_for_all_the_same(void **state)
{
	static const struct hook_spec specs[] = {{"a", "x",
	    "echo A=1; exec >&-; sleep 0.1; exit 5", false, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	assert_now(s, NULL, "a:A=1;", "hook a: exited with status 5");
}

static void what_it_leaves_running_is_not_waited_for(void **state)
{
	static const struct hook_spec specs[] = {
	    {"a", "x", "sleep 100 & echo A=1", false, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	assert_now(s, NULL, "a:A=1;", "");
}

static void an_event_without_hooks_is_a_success(void **state)
{
	struct scene *s = *state;

	begin(s, NULL, 0);
	assert_now(s, NULL, "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    HOOK_TEST(variables_are_collected_in_file_order),
	    HOOK_TEST(a_failure_gives_its_status_and_ends_the_row),
	    HOOK_TEST(what_is_too_late_fails),
	    HOOK_TEST(the_caller_can_break_off),
	    HOOK_TEST(what_was_fired_before_runs_before),
	    HOOK_TEST(the_wait_for_those_before_can_be_broken_off_too),
	    HOOK_TEST(a_stream_gets_the_event_while_others_are_waited_for),
	    HOOK_TEST(who_prints_without_end_is_cut_and_not_held_up),
	    HOOK_TEST(a_line_over_the_maximum_is_told),
	    HOOK_TEST(who_closes_its_output_is_waited_for_all_the_same),
	    HOOK_TEST(what_it_leaves_running_is_not_waited_for),
	    HOOK_TEST(an_event_without_hooks_is_a_success),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
