/*
 * What the tests of hooks share: a directory that their commands write to, a
 * pipe by which it is known that all of them are gone, and a loop.
 */
#ifndef TESTS_UNIT_HOOKING_H
#define TESTS_UNIT_HOOKING_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "hook/hooks.h"

enum { TEST_SECONDS = 120, MAX_FILE_BYTES = 4 << 20 };

static const struct hook_identity worker_7 = {
    .role = "worker", .worker = 7, .host = "here"};

struct scene {
	struct hooks *hooks;
	struct poller *poller;
	char directory[64]; /* $DIR of the commands */
	/* Every command inherits one end: the other one ends with the last. */
	int life_in;
	int life_out;
};

/* --- files -------------------------------------------------------------- */

static inline const char *path_of(const struct scene *s, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", s->directory, name);
	return path;
}

/* What is in it, owned by the caller; "" when there is no such file. */
static inline char *content(const struct scene *s, const char *name)
{
	char *text = xcalloc(MAX_FILE_BYTES, 1);
	FILE *file = fopen(path_of(s, name), "r");

	if (file != NULL) {
		size_t n = fread(text, 1, MAX_FILE_BYTES - 1, file);

		assert_true(n < MAX_FILE_BYTES - 1);
		fclose(file);
	}
	return text;
}

static inline void assert_content(
    const struct scene *s, const char *name, const char *expected)
{
	char *text = content(s, name);

	assert_string_equal(text, expected);
	free(text);
}

static inline void make_file(const struct scene *s, const char *name)
{
	FILE *file = fopen(path_of(s, name), "w");

	assert_non_null(file);
	fclose(file);
}

/* --- the scene ---------------------------------------------------------- */

static inline int scene_setup(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	int ends[2];

	sigemptyset(&ignore.sa_mask);
	sigaction(SIGPIPE, &ignore, NULL);
	alarm(TEST_SECONDS); /* ends a test that hangs */
	snprintf(s->directory, sizeof(s->directory), "/tmp/hooks-XXXXXX");
	if (mkdtemp(s->directory) == NULL || pipe(ends) < 0 ||
	    setenv("DIR", s->directory, 1) < 0)
		return -1;
	s->life_in = ends[0];
	s->life_out = ends[1];
	fcntl(s->life_in, F_SETFD, FD_CLOEXEC);
	s->poller = poller_new();
	*state = s;
	return 0;
}

static inline void begin(
    struct scene *s, const struct hook_spec *specs, size_t n)
{
	s->hooks = hooks_new(specs, n, &worker_7, s->poller);
}

/* Reads until nobody holds the other end. */
static inline void wait_until_all_are_gone(struct scene *s)
{
	char byte;

	close(s->life_out);
	s->life_out = -1;
	while (read(s->life_in, &byte, 1) != 0)
		;
}

/* Every test ends with no process that came from it. */
static inline int scene_teardown(void **state)
{
	struct scene *s = *state;
	char command[128];
	FILE *rm;

	hooks_free(s->hooks);
	wait_until_all_are_gone(s);
	close(s->life_in);
	poller_free(s->poller);
	snprintf(command, sizeof(command), "rm -r '%s'", s->directory);
	rm = popen(command, "r");
	if (rm == NULL || pclose(rm) != 0)
		return -1;
	free(s);
	alarm(0);
	if (waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD) {
		print_error("a child is left\n");
		return -1;
	}
	return 0;
}

#define HOOK_TEST(name) \
	cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

/* --- the loop ----------------------------------------------------------- */

/* Once around. */
static inline void go_round(struct scene *s)
{
	struct poller_event event;
	uint64_t next_us = hooks_next_us(s->hooks);
	uint64_t now_us = clock_us();
	/* now and then the tests look themselves */
	uint64_t wait_us = 10 * US_PER_MS;

	if (next_us <= now_us)
		wait_us = 0;
	else if (next_us - now_us < wait_us)
		wait_us = next_us - now_us;
	if (poller_wait(s->poller, wait_us, NULL, &event, 1) == 1)
		assert_true(hooks_event(s->hooks, &event, clock_us()));
	hooks_run(s->hooks, clock_us());
}

static inline void run_until_idle(struct scene *s)
{
	while (hooks_are_busy(s->hooks))
		go_round(s);
}

static inline void run_until_there_is(struct scene *s, const char *name)
{
	while (access(path_of(s, name), F_OK) < 0)
		go_round(s);
}

static inline void fire(struct scene *s, const char *name)
{
	struct event event = {
	    .name = name, .wall_us = UINT64_C(1764080000123999)};

	hooks_fire(s->hooks, &event, clock_us());
}

/* --- what went wrong ---------------------------------------------------- */

static inline void assert_trouble(
    struct scene *s, const char *text, uint64_t count)
{
	struct hook_trouble trouble = {.count = 0};

	assert_true(hooks_next_trouble(s->hooks, &trouble));
	assert_string_equal(trouble.text, text);
	assert_int_equal(trouble.count, count);
}

static inline void assert_no_trouble(struct scene *s)
{
	struct hook_trouble trouble = {.text = ""};

	if (hooks_next_trouble(s->hooks, &trouble))
		fail_msg("%s", trouble.text);
}

#endif
