/* Single commands: their order, their environment, and their end. */
#include "hook/hooks.h"

#include "tests/unit/hooking.h"

#define LONG_US (100 * US_PER_S)

static void nobody_waits_for_an_event_that_no_hook_names(void **state)
{
	static const struct hook_spec specs[] = {
	    {.name = "a", .event = "interval", .command = "true"}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	assert_true(hooks_want(s->hooks, "interval"));
	assert_false(hooks_want(s->hooks, "request"));
	fire(s, "request");
	assert_false(hooks_are_busy(s->hooks));
	assert_true(hooks_next_us(s->hooks) == UINT64_MAX);
}

static void the_event_is_in_the_environment(void **state)
{
	static const struct hook_spec specs[] = {{.name = "env",
	    .event = "stage",
	    .command = "printf '%s\\n' \"$LOADGEN_EVENT\" \"$LOADGEN_HOOK\" "
		       "\"$LOADGEN_ROLE\" \"$LOADGEN_WORKER\" "
		       "\"$LOADGEN_HOST\" \"$LOADGEN_USERS\" "
		       "\"$LOADGEN_WHAT_NOW_\" \"$HOME_OF_TEST\" "
		       ">\"$DIR/out\"",
	    .timeout_us = LONG_US}};
	static const struct event_field fields[] = {
	    {.key = "users", .value = "12", .is_number = true},
	    {.key = "what-now?", .value = "a \"b\" $c\nd"},
	    {.key = "role", .value = "emperor"},
	};
	struct event event = {.name = "stage", .fields = fields, .n_fields = 3};
	struct scene *s = *state;

	assert_int_equal(setenv("HOME_OF_TEST", "kept", 1), 0);
	assert_int_equal(setenv("LOADGEN_USERS", "from outside", 1), 0);
	begin(s, specs, ARRAY_LEN(specs));
	hooks_fire(s->hooks, &event, clock_us());
	run_until_idle(s);
	assert_int_equal(unsetenv("LOADGEN_USERS"), 0);
	assert_content(
	    s, "out", "stage\nenv\nworker\n7\nhere\n12\na \"b\" $c\nd\nkept\n");
	assert_no_trouble(s);
}

static void the_parent_has_no_worker_number(void **state)
{
	static const struct hook_identity parent = {
	    .role = "parent", .worker = -1, .host = ""};
	static const struct hook_spec specs[] = {{.name = "env",
	    .event = "exit",
	    .command = "echo \"${LOADGEN_WORKER-unset}|$LOADGEN_ROLE\" "
		       ">\"$DIR/out\"",
	    .timeout_us = LONG_US}};
	struct scene *s = *state;

	s->hooks = hooks_new(specs, 1, &parent, s->poller);
	fire(s, "exit");
	run_until_idle(s);
	assert_content(s, "out", "|parent\n");
}

#define NOTE(letter)                                               \
	"echo " letter " >>\"$DIR/log\"; sleep 0.02; echo " letter \
	" >>\"$DIR/log\""

static void commands_run_one_at_a_time_in_the_order_of_events_and_of_the_file(
    void **state)
{
	static const struct hook_spec specs[] = {
	    {"a", "x", NOTE("a"), false, LONG_US},
	    {"b", "y", NOTE("b"), false, LONG_US},
	    {"c", "x", NOTE("c"), false, LONG_US},
	};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire(s, "x");
	fire(s, "y");
	fire(s, "x");
	run_until_idle(s);
	assert_content(s, "log", "a\na\nc\nc\nb\nb\na\na\nc\nc\n");
	assert_no_trouble(s);
}

static void a_command_reads_nothing_and_prints_to_standard_error(void **state)
{
	static const struct hook_spec specs[] = {
	    {"a", "x", "cat; echo heard; echo too >&2", false, LONG_US}};
	struct scene *s = *state;
	int saved = dup(STDERR_FILENO);
	int file = open(path_of(s, "err"), O_WRONLY | O_CREAT, 0600);

	fcntl(saved, F_SETFD, FD_CLOEXEC);
	begin(s, specs, ARRAY_LEN(specs));
	assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
	close(file);
	fire(s, "x");
	run_until_idle(s);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	assert_content(s, "err", "heard\ntoo\n");
}

static void a_command_has_no_descriptors_but_those_meant_for_all(void **state)
{
	static const struct hook_spec specs[] = {
	    {"stream", "x", "cat >/dev/null", true, LONG_US},
	    {"a", "x", "exec ls /proc/self/fd >\"$DIR/out\"", false, LONG_US},
	};
	struct scene *s = *state;
	/* ls has one more: for the directory that it lists */
	size_t expected = 1, n = 0;
	char *text;

	if (access("/proc/self/fd", R_OK) < 0)
		skip();
	for (int fd = 0; fd < 1024; fd++) {
		int flags = fcntl(fd, F_GETFD);

		expected += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	begin(s, specs, ARRAY_LEN(specs));
	fire(s, "x");
	run_until_idle(s);
	/* now that the stream's pipe is there */
	fire(s, "x");
	run_until_idle(s);
	text = content(s, "out");
	for (const char *c = text; *c != '\0'; c++)
		n += *c == '\n';
	assert_int_equal(n, expected);
	free(text);
}

static void signals_are_as_usual_for_a_command(void **state)
{
	static const struct hook_spec specs[] = {
	    {"int", "x", "kill -INT $$; exit 0", false, LONG_US},
	    {"pipe", "x", "kill -PIPE $$; exit 0", false, LONG_US},
	    {"usr1", "x", "kill -USR1 $$; exit 0", false, LONG_US},
	    {"xfsz", "x", "kill -XFSZ $$; exit 0", false, LONG_US},
	};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before, xfsz;
	struct scene *s = *state;
	sigset_t blocked, usual;

	sigemptyset(&ignore.sa_mask);
	sigaction(SIGINT, &ignore, &before);
	sigaction(SIGXFSZ, &ignore, &xfsz);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, &usual);
	begin(s, specs, ARRAY_LEN(specs));
	fire(s, "x");
	run_until_idle(s);
	sigaction(SIGINT, &before, NULL);
	sigaction(SIGXFSZ, &xfsz, NULL);
	sigprocmask(SIG_SETMASK, &usual, NULL);
	assert_trouble(s, "hook int: killed by SIGINT", 1);
	assert_trouble(s, "hook pipe: killed by SIGPIPE", 1);
	assert_trouble(s, "hook usr1: killed by SIGUSR1", 1);
	assert_trouble(s, "hook xfsz: killed by SIGXFSZ", 1);
	assert_no_trouble(s);
}

static void a_bad_exit_status_is_told_once_for_all_that_were_the_same(
    void **state)
{
	static const struct hook_spec specs[] = {
	    {"bad", "x", "exit 3", false, LONG_US},
	    {"good", "x", "exit 0", false, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	for (int i = 0; i < 3; i++)
		fire(s, "x");
	run_until_idle(s);
	assert_trouble(s, "hook bad: exited with status 3", 3);
	assert_no_trouble(s);
}

static void what_cannot_be_started_is_told_and_the_next_one_runs(void **state)
{
	struct hook_spec specs[] = {{"long", "x", NULL, false, LONG_US},
	    {"b", "x", "echo b >\"$DIR/out\"", false, LONG_US}};
	struct scene *s = *state;
	struct hook_trouble trouble = {.text = ""};
	char *command = xcalloc(MAX_FILE_BYTES, 1);

	memset(command, ' ', MAX_FILE_BYTES - 1);
	specs[0].command = command;
	begin(s, specs, ARRAY_LEN(specs));
	fire(s, "x");
	run_until_idle(s);
	assert_content(s, "out", "b\n");
	assert_true(hooks_next_trouble(s->hooks, &trouble));
	assert_ptr_equal(
	    strstr(trouble.text, "hook long: cannot start: "), trouble.text);
	assert_no_trouble(s);
	free(command);
}

static void what_is_too_late_is_killed_with_all_that_it_started(void **state)
{
	static const struct hook_spec specs[] = {{"late", "x",
	    "trap '' TERM; sleep 100 & sleep 100; sleep 100", false, 100000}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire(s, "x");
	run_until_idle(s);
	wait_until_all_are_gone(s);
	assert_trouble(s, "hook late: did not end within 100ms", 1);
	assert_no_trouble(s);
}

static void what_outlives_a_late_shell_is_killed_too(void **state)
{
	/* the shell dies of SIGTERM, its child does not */
	static const struct hook_spec specs[] = {{"late", "x",
	    "(trap '' TERM; sleep 100; sleep 100) & sleep 100", false, 100000}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire(s, "x");
	run_until_idle(s);
	wait_until_all_are_gone(s);
	assert_trouble(s, "hook late: did not end within 100ms", 1);
}

static void what_is_too_late_may_tidy_up_before_it_ends(void **state)
{
	static const struct hook_spec specs[] = {{"late", "x",
	    "trap 'echo tidy >\"$DIR/out\"; exit 0' TERM; >\"$DIR/up\"; "
	    "sleep 100 & wait",
	    false, 1000000}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire(s, "x");
	run_until_idle(s);
	assert_content(s, "out", "tidy\n");
	assert_trouble(s, "hook late: did not end within 1s", 1);
}

static void what_finds_the_queue_full_is_dropped_and_counted(void **state)
{
	static const struct hook_spec specs[] = {
	    {"slow", "x", ">\"$DIR/up\"; sleep 100", false, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire(s, "x");
	run_until_there_is(s, "up");
	for (int i = 0; i < 1012; i++)
		fire(s, "x");
	assert_trouble(
	    s, "hook slow: an event was dropped: it does not keep up", 12);
	assert_no_trouble(s);
	assert_true(hooks_are_busy(s->hooks));
}

static void an_event_too_large_for_an_environment_is_dropped(void **state)
{
	static const struct hook_spec specs[] = {
	    {"a", "x", "true", false, LONG_US}};
	struct scene *s = *state;
	char *value = xcalloc(100001, 1);
	struct event_field field = {.key = "body", .value = value};
	struct event event = {.name = "x", .fields = &field, .n_fields = 1};

	memset(value, 'v', 100000);
	begin(s, specs, ARRAY_LEN(specs));
	hooks_fire(s->hooks, &event, clock_us());
	assert_false(hooks_are_busy(s->hooks));
	assert_trouble(
	    s, "hook a: an event was dropped: the event is too large", 1);
	free(value);
}

static void closing_lets_the_queue_run_and_takes_no_more(void **state)
{
	static const struct hook_spec specs[] = {
	    {"a", "x", "echo a >>\"$DIR/log\"", false, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire(s, "x");
	fire(s, "x");
	hooks_close(s->hooks, clock_us());
	fire(s, "x");
	run_until_idle(s);
	assert_content(s, "log", "a\na\n");
	assert_trouble(s, "hook a: an event was dropped: it has ended", 1);
}

static void what_a_command_leaves_running_lives_until_the_end(void **state)
{
	static const struct hook_spec specs[] = {{"server", "x",
	    "sleep 100 & echo $! >\"$DIR/pid\"", false, LONG_US}};
	struct scene *s = *state;
	char *pid;

	begin(s, specs, ARRAY_LEN(specs));
	fire(s, "x");
	run_until_idle(s);
	assert_no_trouble(s);
	pid = content(s, "pid");
	assert_int_equal(kill((pid_t)strtol(pid, NULL, 10), 0), 0);
	free(pid);
	hooks_free(s->hooks);
	s->hooks = NULL;
	wait_until_all_are_gone(s);
}

static void freeing_leaves_no_process(void **state)
{
	static const struct hook_spec specs[] = {
	    {"a", "x", "trap '' TERM; >\"$DIR/a\"; sleep 100 & sleep 100",
		false, LONG_US},
	    {"s", "x", ">\"$DIR/s\"; sleep 100 & sleep 100", true, LONG_US}};
	struct scene *s = *state;

	begin(s, specs, ARRAY_LEN(specs));
	fire(s, "x");
	fire(s, "x");
	run_until_there_is(s, "a");
	run_until_there_is(s, "s");
	hooks_free(s->hooks);
	s->hooks = NULL;
	wait_until_all_are_gone(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    HOOK_TEST(nobody_waits_for_an_event_that_no_hook_names),
	    HOOK_TEST(the_event_is_in_the_environment),
	    HOOK_TEST(the_parent_has_no_worker_number),
	    HOOK_TEST(
		commands_run_one_at_a_time_in_the_order_of_events_and_of_the_file),
	    HOOK_TEST(a_command_reads_nothing_and_prints_to_standard_error),
	    HOOK_TEST(a_command_has_no_descriptors_but_those_meant_for_all),
	    HOOK_TEST(signals_are_as_usual_for_a_command),
	    HOOK_TEST(
		a_bad_exit_status_is_told_once_for_all_that_were_the_same),
	    HOOK_TEST(what_cannot_be_started_is_told_and_the_next_one_runs),
	    HOOK_TEST(what_is_too_late_is_killed_with_all_that_it_started),
	    HOOK_TEST(what_outlives_a_late_shell_is_killed_too),
	    HOOK_TEST(what_is_too_late_may_tidy_up_before_it_ends),
	    HOOK_TEST(what_finds_the_queue_full_is_dropped_and_counted),
	    HOOK_TEST(an_event_too_large_for_an_environment_is_dropped),
	    HOOK_TEST(closing_lets_the_queue_run_and_takes_no_more),
	    HOOK_TEST(what_a_command_leaves_running_lives_until_the_end),
	    HOOK_TEST(freeing_leaves_no_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
