/*
 * Real commands as the way to a host: what they say, how they fail, and the
 * binary that is sent ahead.
 */
#include "fleet/rsh.h"

#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "agent.h"
#include "fleet/fleet_private.h"
#include "tests/unit/fakes.h"

/* A folder of its own, which must be empty at the end. */
static char folder[64];

static void folder_make(void)
{
	snprintf(folder, sizeof(folder), "/tmp/loadgen-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
}

static unsigned folder_count(void)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* --- how they fail ------------------------------------------------------ */

static void a_greeting_that_comes_too_late_is_not_waited_for(void **state)
{
	struct fleet *f = fleet_by("sh -c 'sleep 100'", 50000);

	(void)state;
	assert_lost(f, "did not greet within 50ms (connect_timeout)");
	fleet_free(f);
}

static void noise_instead_of_a_greeting_is_quoted(void **state)
{
	struct fleet *f =
	    fleet_by("sh -c 'echo Welcome to the machine, dear \"$0\"; cat'",
		10 * US_PER_S);

	(void)state;
	assert_lost(f, "greeted with \"Welcome to the machine, dear box\"..., "
		       "which is nothing that loadgen says: does its shell "
		       "print something at login?");
	fleet_free(f);
}

static void noise_of_one_that_is_gone_is_quoted_too(void **state)
{
	struct fleet *f = fleet_by("sh -c 'printf hi'", 10 * US_PER_S);

	(void)state;
	assert_lost_saying(
	    f, "ended too early, with status 0, having sent \"hi\"");
	fleet_free(f);
}

static void the_status_and_the_words_of_a_command_are_told(void **state)
{
	struct fleet *f = fleet_by(
	    "sh -c 'printf \"no route\\n to \\033[1m%s\\n\\n\" \"$0\" >&2; "
	    "exit 255'",
	    10 * US_PER_S);

	(void)state;
	assert_lost(
	    f, "exited with status 255, saying \"no route /  to [1mbox\"");
	fleet_free(f);
}

static void a_command_that_is_not_there_is_told_by_its_shell(void **state)
{
	struct fleet *f = fleet_by("/nonexistent/rsh -x", 10 * US_PER_S);

	(void)state;
	assert_lost_saying(f, "exited with status 127, saying \"");
	assert_non_null(
	    strstr(fleet_member(f, 0)->why_lost, "/nonexistent/rsh"));
	fleet_free(f);
}

static void of_many_words_the_last_lines_are_told(void **state)
{
	struct fleet *f =
	    fleet_by("sh -c 'i=0; while [ $i -lt 2000 ]; do echo line $i; "
		     "i=$((i+1)); done >&2; echo the end >&2; exit 1'",
		10 * US_PER_S);
	const char *why;

	(void)state;
	next(f, FLEET_LOST);
	why = fleet_member(f, 0)->why_lost;
	assert_non_null(strstr(why, "saying \"line 19"));
	assert_non_null(strstr(why, "/ the end\""));
	assert_in_range(strlen(why), 100, 1000);
	fleet_free(f);
}

static void one_that_never_stops_complaining_is_given_up(void **state)
{
	struct fleet *f = fleet_by("sh -c 'yes >&2; true'", 200000);

	(void)state;
	assert_lost_saying(
	    f, "did not greet within 200ms (connect_timeout), saying \"y / y");
	fleet_free(f);
}

/* --- the command line --------------------------------------------------- */

static void the_host_stands_where_rsh_says_or_behind_it(void **state)
{
	static const struct {
		const char *rsh;
		const char *words;
	} cases[] = {
	    {"sh -c 'echo \"$0\" \"$@\" >&2'", "\"box loadgen --agent\""},
	    {"sh -c 'echo \"$0\" \"$@\" >&2' x{} -l {}",
		"\"xbox -l box loadgen --agent\""},
	    {"env A='b c' sh -c 'echo \"$A\" \"$0\" >&2'", "\"b c box\""}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fleet *f = fleet_by(cases[i].rsh, 10 * US_PER_S);

		assert_lost_saying(f, cases[i].words);
		fleet_free(f);
	}
}

static void a_host_is_a_word_whatever_it_holds(void **state)
{
	struct fleet *f = fleet_new();

	(void)state;
	fleet_connect(f, &(struct fleet_host) {.name = "$(id) `id`;a  'b\" *",
			     .rsh = "sh -c 'echo \"$0\" \"$1\" \"$2\" >&2' {}",
			     .program = " nice\t-n 5 loadgen ",
			     .connect_us = 10 * US_PER_S});
	assert_lost_saying(f, "saying \"$(id) `id`;a  'b\" * nice -n\"");
	fleet_free(f);
}

/* --- several ------------------------------------------------------------ */

static void no_more_are_connected_at_once_than_may_be(void **state)
{
	enum { HOSTS = 12, MOST = 3 };
	char rsh[512];
	char path[128];
	unsigned n;
	int lines = 0;
	struct fleet *f = fleet_new();
	FILE *in;

	(void)state;
	folder_make();
	snprintf(rsh, sizeof(rsh),
	    "sh -c 'cd %s && mkdir h$0 && ls -d h* | wc -l >>.most; "
	    "sleep 0.05; rmdir h$0; exit 1'",
	    folder);
	fleet_set_most_at_once(f, MOST);
	for (unsigned i = 0; i < HOSTS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%u", i);
		fleet_connect(f, &(struct fleet_host) {.name = name,
				     .rsh = rsh,
				     .program = "x",
				     .connect_us = 20 * US_PER_S});
	}
	for (int i = 0; i < HOSTS; i++)
		next(f, FLEET_LOST);
	assert_int_equal(fleet_readied(f), HOSTS);
	fleet_free(f);
	snprintf(path, sizeof(path), "%s/.most", folder);
	in = fopen(path, "r");
	assert_non_null(in);
	for (; fscanf(in, "%u", &n) == 1; lines++)
		assert_in_range(n, 1, MOST);
	fclose(in);
	assert_int_equal(lines, HOSTS);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void whatever_a_command_has_started_goes_with_it(void **state)
{
	struct pollfd end;
	struct fleet_event event;
	struct fleet *f;
	char byte;
	int ends[2];

	(void)state;
	/* which all of them inherit */
	assert_int_equal(pipe(ends), 0);
	f = fleet_by(
	    "sh -c 'trap \"\" 1 2 15; (sleep 100; true) & sleep 100; true'",
	    10 * US_PER_S);
	assert_int_equal(fleet_wait(f, in_us(100000), NULL, &event), 0);
	assert_int_equal(event.type, FLEET_NOTHING);
	close(ends[1]);
	fleet_free(f);
	end = (struct pollfd) {.fd = ends[0], .events = POLLIN};
	assert_int_equal(poll(&end, 1, 10000), 1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

/* --- a binary that is sent ahead ---------------------------------------- */

static void write_all(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Up to the end of a line, or of all; where it is appended to is returned. */
static size_t read_text(int fd, char *text, size_t n, size_t size, bool line)
{
	while (n + 1 < size && read(fd, text + n, 1) == 1)
		if (text[n++] == '\n' && line)
			break;
	text[n] = '\0';
	return n;
}

/* What a shell says that is told to take this binary; into said. */
static void copy_by(const char *shell, const char *binary, size_t announced,
    char *said, size_t size)
{
	char *script = rsh_copy_script(announced);
	struct rsh_pipes pipes;
	char rsh[256];
	size_t n;
	pid_t pid;

	snprintf(
	    rsh, sizeof(rsh), "env TMPDIR=%s sh -c 'exec %s'", folder, shell);
	pid = rsh_start(rsh, "box", NULL, &pipes);
	assert_true(pid > 0);
	write_all(pipes.out_fd, script);
	free(script);
	n = read_text(pipes.in_fd, said, 0, size, true);
	write_all(pipes.out_fd, binary);
	close(pipes.out_fd);
	read_text(pipes.in_fd, said, n, size, false);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(pipes.in_fd);
	close(pipes.words_fd);
}

static const char *const shells[] = {"sh", "dash", "bash", "busybox sh"};

static bool has_shell(const char *shell)
{
	char command[128];
	FILE *p;

	snprintf(command, sizeof(command), "%s -c : 2>/dev/null", shell);
	p = popen(command, "w");
	return p != NULL && pclose(p) == 0;
}

static void any_shell_takes_a_binary_and_runs_it(void **state)
{
	static const char binary[] =
	    "#!/bin/sh\nrm \"$" RSH_COPY_VARIABLE "\"; echo ran $1\n";
	char *ours = rsh_system();
	char expected[256];

	(void)state;
	folder_make();
	snprintf(
	    expected, sizeof(expected), RSH_READY "%s\nran --agent\n", ours);
	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		char said[256];

		if (!has_shell(shells[i]))
			continue;
		copy_by(shells[i], binary, strlen(binary), said, sizeof(said));
		assert_string_equal(said, expected);
		assert_int_equal(folder_count(), 0);
	}
	free(ours);
	assert_int_equal(rmdir(folder), 0);
}

static void a_binary_that_is_cut_is_not_run_and_removed(void **state)
{
	static const char binary[] = "#!/bin/sh\necho ran\n";
	char *ours = rsh_system();
	char expected[256];

	(void)state;
	folder_make();
	snprintf(expected, sizeof(expected), RSH_READY "%s\n", ours);
	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		char said[256];

		if (!has_shell(shells[i]))
			continue;
		copy_by(
		    shells[i], binary, strlen(binary) + 1, said, sizeof(said));
		assert_string_equal(said, expected);
		assert_int_equal(folder_count(), 0);
	}
	free(ours);
	assert_int_equal(rmdir(folder), 0);
}

static struct fleet *fleet_copying(const char *rsh, const struct stock *stock)
{
	struct fleet *f = fleet_new();

	fleet_connect(f, &(struct fleet_host) {.name = "box",
			     .rsh = rsh,
			     .copy = true,
			     .stock = stock,
			     .connect_us = 20 * US_PER_S});
	return f;
}

static void another_system_gets_no_binary(void **state)
{
	struct fleet *f = fleet_copying(
	    "sh -c 'echo \"" RSH_READY "Plan9 sparc\"; cat >/dev/null'", NULL);
	char *ours = rsh_system();
	char expected[256];

	(void)state;
	snprintf(expected, sizeof(expected),
	    "is \"Plan9 sparc\", and this loadgen is for %s: put one that fits "
	    "there, name it with program, and leave copy out",
	    ours);
	assert_lost(f, expected);
	fleet_free(f);
	free(ours);
}

static void a_shell_that_says_something_else_gets_no_binary(void **state)
{
	struct fleet *f = fleet_copying("sh -c 'echo Hello; cat'", NULL);

	(void)state;
	assert_lost_saying(
	    f, "greeted with \"Hello\", which is nothing that was asked for");
	fleet_free(f);
	/* also where no line ever ends */
	f = fleet_copying("sh -c 'head -c 3000 /dev/zero; cat'", NULL);
	assert_lost_saying(f, "which is nothing that was asked for");
	fleet_free(f);
}

static void this_binary_is_sent_runs_as_an_agent_and_leaves_no_file(
    void **state)
{
	static const char plan[] = "[load]\nworkers = 2\nusers = 2\n"
				   "host = http://127.0.0.1:9\n"
				   "[task t]\nget = /\n";
	struct stock stock = {0};
	struct fleet_event event;
	struct fleet *f;
	char rsh[256];

	(void)state;
	folder_make();
	assert_true(
	    stock_add(&stock, STOCK_TEXT, "plan.ini", plan, strlen(plan)));
	snprintf(rsh, sizeof(rsh), "env TMPDIR=%s sh -c 'exec \"$@\"'", folder);
	f = fleet_copying(rsh, &stock);
	event = next(f, FLEET_MEMBER);
	assert_int_equal(event.news->news, MEMBER_NEWS_UP);
	next(f, FLEET_MEMBER);
	event = next(f, FLEET_READY);
	assert_int_equal(roster_workers(&event.ready->roster), 2);
	assert_int_equal(folder_count(), 0);
	fleet_command(f, COMMAND_STOP);
	/* each of the two has an account, and so has the agent */
	next(f, FLEET_MEMBER);
	next(f, FLEET_MEMBER);
	next(f, FLEET_DONE);
	fleet_free(f);
	stock_clear(&stock);
	assert_int_equal(rmdir(folder), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    FLEET_TEST(a_greeting_that_comes_too_late_is_not_waited_for),
	    FLEET_TEST(noise_instead_of_a_greeting_is_quoted),
	    FLEET_TEST(noise_of_one_that_is_gone_is_quoted_too),
	    FLEET_TEST(the_status_and_the_words_of_a_command_are_told),
	    FLEET_TEST(a_command_that_is_not_there_is_told_by_its_shell),
	    FLEET_TEST(of_many_words_the_last_lines_are_told),
	    FLEET_TEST(one_that_never_stops_complaining_is_given_up),
	    FLEET_TEST(the_host_stands_where_rsh_says_or_behind_it),
	    FLEET_TEST(a_host_is_a_word_whatever_it_holds),
	    FLEET_TEST(no_more_are_connected_at_once_than_may_be),
	    FLEET_TEST(whatever_a_command_has_started_goes_with_it),
	    FLEET_TEST(any_shell_takes_a_binary_and_runs_it),
	    FLEET_TEST(a_binary_that_is_cut_is_not_run_and_removed),
	    FLEET_TEST(another_system_gets_no_binary),
	    FLEET_TEST(a_shell_that_says_something_else_gets_no_binary),
	    FLEET_TEST(this_binary_is_sent_runs_as_an_agent_and_leaves_no_file),
	};

	/* what is sent ahead is this very binary */
	if (argc == 2 && strcmp(argv[1], "--agent") == 0)
		return agent_main(STDIN_FILENO, STDOUT_FILENO);
	ignore_broken_pipes();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
