/*
 * What the tests of the fleet share: what a child says, children of several
 * tests, and the check that neither a process nor a descriptor is left.
 */
#ifndef TESTS_UNIT_CHILDREN_H
#define TESTS_UNIT_CHILDREN_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "fleet/fleet.h"

enum { TEST_SECONDS = 120 };

/* --- children ----------------------------------------------------------- */

static inline void send_all(int fd, struct buf *b)
{
	while (buf_len(b) > 0) {
		ssize_t n = write(fd, buf_bytes(b), buf_len(b));

		if (n < 0 && errno != EINTR)
			_exit(99);
		if (n > 0)
			buf_consume(b, (size_t)n);
	}
}

static inline void say_hello(int fd)
{
	char host[] = "here";
	char version[] = "0";
	struct greeting g = {
	    .pid = (uint32_t)getpid(), .host = host, .version = version};
	struct buf b;

	buf_init(&b, 1 << 20);
	wire_put_greeting(&b, &g);
	send_all(fd, &b);
	buf_clear(&b);
}

static inline void say_snapshots(
    int fd, uint64_t n, unsigned rows, uint64_t *sequence)
{
	struct buf b;

	buf_init(&b, 64 << 20);
	for (uint64_t i = 0; i < n; i++) {
		struct worker_count count = {.users = (uint32_t)getpid()};
		struct snapshot s = {.grid = i};

		for (unsigned k = 0; k < rows; k++) {
			struct sample sample = {.response_us = 1000 * k};
			char name[32];

			snprintf(name, sizeof(name), "/%u", k);
			table_record(&s.table, table_row(&s.table, "GET", name),
			    &sample);
		}
		count.books.started = count.books.passed = rows;
		s.counts = &count;
		s.n_counts = 1;
		wire_put_snapshot(&b, &s, sequence);
		table_clear(&s.table);
		send_all(fd, &b);
	}
	buf_clear(&b);
}

static inline void say_goodbye(int fd, uint64_t snapshots)
{
	struct final final = {.snapshots = snapshots};
	struct buf b;

	buf_init(&b, 1 << 20);
	wire_put_final(&b, &final);
	send_all(fd, &b);
	buf_clear(&b);
}

static inline void sleep_ms(long ms)
{
	struct timespec pause = {
	    .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (nanosleep(&pause, &pause) < 0 && errno == EINTR)
		;
}

/* What a child of these tests does. */
struct role {
	unsigned snapshots;
	unsigned rows;
	int result;
};

static inline int greets_and_waits(const void *arg, int in_fd, int out_fd)
{
	const struct role *role = arg;
	uint64_t sequence = 0;
	char byte;

	say_hello(out_fd);
	say_snapshots(out_fd, role->snapshots, role->rows, &sequence);
	while (read(in_fd, &byte, 1) != 0)
		;
	return 0;
}

static inline int exits_at_once(const void *arg, int in_fd, int out_fd)
{
	const struct role *role = arg;

	(void)in_fd;
	(void)out_fd;
	return role->result;
}

static inline int never_greets(const void *arg, int in_fd, int out_fd)
{
	(void)arg;
	(void)in_fd;
	(void)out_fd;
	while (pause() < 0)
		;
	return 0;
}

/* --- the parent --------------------------------------------------------- */

/* All who are ready are told the same. */
static inline void start_all(struct fleet *f, const struct start *start)
{
	for (uint32_t i = 0; i < fleet_size(f); i++)
		fleet_start(f, i, start);
}

/* The next event within ten seconds, which must be of this type. */
static inline struct fleet_event next(
    struct fleet *f, enum fleet_event_type type)
{
	struct fleet_event event;

	assert_int_equal(
	    fleet_wait(f, clock_us() + 10 * US_PER_S, NULL, &event), 0);
	assert_int_equal(event.type, type);
	return event;
}

static inline struct fleet *fleet_of(
    uint32_t n, fleet_child *child, const void *arg)
{
	struct fleet *f = fleet_new();

	assert_non_null(f);
	assert_int_equal(fleet_spawn(f, n, child, arg), 0);
	assert_int_equal(fleet_size(f), n);
	return f;
}

static inline uint64_t in_us(uint64_t us)
{
	return clock_us() + us;
}

/* --- around every test -------------------------------------------------- */

static inline uint32_t count_fds(void)
{
	uint32_t n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Every test ends with no child and the descriptors it began with. */
static inline int setup(void **state)
{
	static uint32_t fds;

	alarm(TEST_SECONDS);
	fds = count_fds();
	*state = &fds;
	return 0;
}

static inline int teardown(void **state)
{
	const uint32_t *fds = *state;

	alarm(0);
	if (count_fds() != *fds) {
		print_error("descriptors are left open\n");
		return -1;
	}
	if (waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD) {
		print_error("a child is left\n");
		return -1;
	}
	return 0;
}

#define FLEET_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* As the program does: a worker that is gone must not kill us. */
static inline void ignore_broken_pipes(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigemptyset(&ignore.sa_mask);
	sigaction(SIGPIPE, &ignore, NULL);
}

#endif
