/*
 * Waiting for descriptors, with whichever poller this build has.
 */
#include "base/poller.h"

#include <errno.h>
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

enum { PIPES = 300, MS = 1000 };

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
	(void)number;
	signals++;
}

/* A poller and a pipe. */
struct scene {
	struct poller *poller;
	int in;
	int out;
};

static void scene_init(struct scene *s)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	s->poller = poller_new();
	assert_non_null(s->poller);
	s->in = ends[0];
	s->out = ends[1];
}

static void scene_clear(struct scene *s)
{
	poller_free(s->poller);
	close(s->in);
	close(s->out);
}

/* What is reported within that time for one descriptor; 0 for nothing. */
static unsigned report(struct poller *p, uint64_t timeout_us, int fd)
{
	struct poller_event event;
	int n = poller_wait(p, timeout_us, NULL, &event, 1);

	assert_in_range(n, 0, 1);
	if (n == 0)
		return 0;
	assert_int_equal(event.fd, fd);
	return event.events;
}

static void what_can_be_read_is_reported_until_it_is_read(void **state)
{
	struct scene s;
	char byte;

	(void)state;
	scene_init(&s);
	assert_int_equal(poller_set(s.poller, s.in, POLLER_READ), 0);
	assert_int_equal(report(s.poller, 0, s.in), 0);
	assert_int_equal(write(s.out, "x", 1), 1);
	assert_int_equal(report(s.poller, MS, s.in), POLLER_READ);
	assert_int_equal(report(s.poller, MS, s.in), POLLER_READ);
	assert_int_equal(read(s.in, &byte, 1), 1);
	assert_int_equal(report(s.poller, 0, s.in), 0);
	scene_clear(&s);
}

static void what_can_be_written_is_reported_while_it_is_asked_for(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	assert_int_equal(poller_set(s.poller, s.out, POLLER_WRITE), 0);
	assert_int_equal(report(s.poller, MS, s.out), POLLER_WRITE);
	assert_int_equal(poller_set(s.poller, s.out, 0), 0);
	assert_int_equal(report(s.poller, 0, s.out), 0);
	assert_int_equal(poller_set(s.poller, s.out, POLLER_WRITE), 0);
	assert_int_equal(report(s.poller, MS, s.out), POLLER_WRITE);
	scene_clear(&s);
}

static void a_new_mask_takes_the_place_of_the_old_one(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	assert_int_equal(poller_set(s.poller, s.out, POLLER_READ), 0);
	assert_int_equal(report(s.poller, 0, s.out), 0);
	assert_int_equal(
	    poller_set(s.poller, s.out, POLLER_READ | POLLER_WRITE), 0);
	assert_int_equal(report(s.poller, MS, s.out), POLLER_WRITE);
	assert_int_equal(poller_set(s.poller, s.out, POLLER_READ), 0);
	assert_int_equal(report(s.poller, 0, s.out), 0);
	scene_clear(&s);
}

static void the_end_of_a_pipe_is_reported(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	assert_int_equal(poller_set(s.poller, s.in, POLLER_READ), 0);
	close(s.out);
	s.out = dup(s.in);
	assert_true(report(s.poller, MS, s.in) & (POLLER_ERROR | POLLER_READ));
	scene_clear(&s);
}

static void a_closed_reader_is_reported_as_an_error(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	assert_int_equal(poller_set(s.poller, s.out, POLLER_WRITE), 0);
	close(s.in);
	s.in = dup(s.out);
	assert_true(report(s.poller, MS, s.out) & POLLER_ERROR);
	scene_clear(&s);
}

static void a_number_that_was_forgotten_can_be_used_by_another_descriptor(
    void **state)
{
	struct scene old;
	struct scene s;

	(void)state;
	scene_init(&old);
	scene_init(&s);
	assert_int_equal(poller_set(s.poller, s.in, POLLER_READ), 0);
	poller_forget(s.poller, s.in);
	assert_int_equal(dup2(old.in, s.in), s.in);
	assert_int_equal(poller_set(s.poller, s.in, POLLER_READ), 0);
	assert_int_equal(write(old.out, "x", 1), 1);
	assert_int_equal(report(s.poller, MS, s.in), POLLER_READ);
	scene_clear(&s);
	scene_clear(&old);
}

static void forgetting_what_was_never_watched_is_fine(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	poller_forget(s.poller, s.in);
	poller_forget(s.poller, 5000);
	poller_forget(s.poller, -1);
	assert_int_equal(poller_set(s.poller, s.in, 0), 0);
	assert_int_equal(poller_set(s.poller, -1, POLLER_READ), -1);
	assert_int_equal(errno, EBADF);
	poller_free(NULL);
	scene_clear(&s);
}

static void a_forgotten_descriptor_is_silent_even_if_a_copy_lives_on(
    void **state)
{
	struct scene s;
	int copy;

	(void)state;
	scene_init(&s);
	copy = dup(s.in);
	assert_int_equal(poller_set(s.poller, s.in, POLLER_READ), 0);
	assert_int_equal(write(s.out, "x", 1), 1);
	poller_forget(s.poller, s.in);
	close(s.in);
	s.in = copy;
	assert_int_equal(report(s.poller, 0, -1), 0);
	scene_clear(&s);
}

/* Every one of many is reported within two rounds, though only a few fit in
 * an answer: none is passed over for ever. */
static void with_more_events_than_room_everyone_has_a_turn(void **state)
{
	struct poller *poller = poller_new();
	int in[PIPES];
	bool seen[4 * PIPES] = {false};
	size_t n_seen = 0;

	(void)state;
	for (size_t i = 0; i < PIPES; i++) {
		int ends[2];

		assert_int_equal(pipe(ends), 0);
		assert_int_equal(write(ends[1], "x", 1), 1);
		close(ends[1]);
		in[i] = ends[0];
		assert_in_range(ends[0], 0, 4 * PIPES - 1);
		assert_int_equal(poller_set(poller, ends[0], POLLER_READ), 0);
	}
	for (size_t i = 0; i < 2 * PIPES / 7 + 1; i++) {
		struct poller_event events[7];

		assert_int_equal(poller_wait(poller, 0, NULL, events, 7), 7);
		for (size_t k = 0; k < 7; k++) {
			n_seen += !seen[events[k].fd];
			seen[events[k].fd] = true;
		}
	}
	assert_int_equal(n_seen, PIPES);
	for (size_t i = 0; i < PIPES; i++) {
		poller_forget(poller, in[i]);
		close(in[i]);
	}
	poller_free(poller);
}

static void a_wait_never_ends_before_its_time(void **state)
{
	static const uint64_t timeouts_us[] = {1, 300, 999, 1001, 2500, 10300};
	struct scene s;

	(void)state;
	scene_init(&s);
	for (size_t i = 0; i < ARRAY_LEN(timeouts_us); i++) {
		uint64_t from_us = clock_us();

		assert_int_equal(report(s.poller, timeouts_us[i], -1), 0);
		assert_true(clock_us() - from_us >= timeouts_us[i]);
	}
	scene_clear(&s);
}

static void set_handler(struct sigaction *before)
{
	struct sigaction action = {.sa_handler = count_signal};

	signals = 0;
	sigemptyset(&action.sa_mask);
	assert_int_equal(sigaction(SIGUSR1, &action, before), 0);
}

static void a_signal_that_the_mask_lets_through_ends_the_wait(void **state)
{
	struct sigaction before;
	struct poller_event event;
	struct scene s;
	sigset_t blocked;
	sigset_t usual;

	(void)state;
	scene_init(&s);
	set_handler(&before);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &usual), 0);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(signals, 0);
	assert_int_equal(
	    poller_wait(s.poller, UINT64_MAX, &usual, &event, 1), 0);
	assert_int_equal(signals, 1);
	/* and the mask is what it was before */
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(signals, 1);
	assert_int_equal(sigprocmask(SIG_SETMASK, &usual, NULL), 0);
	assert_int_equal(signals, 2);
	assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
	scene_clear(&s);
}

static void a_signal_from_outside_ends_a_wait_without_end(void **state)
{
	struct sigaction before;
	struct poller_event event;
	struct scene s;
	sigset_t none;
	int left = 1000;

	(void)state;
	scene_init(&s);
	set_handler(&before);
	alarm(60); /* ends a test that hangs */
	if (fork() == 0) {
		struct timespec pause = {.tv_nsec = 30000000};

		nanosleep(&pause, NULL);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	sigemptyset(&none);
	while (signals == 0 && left-- > 0)
		assert_int_equal(
		    poller_wait(s.poller, UINT64_MAX, &none, &event, 1), 0);
	assert_int_equal(signals, 1);
	alarm(0);
	while (wait(NULL) < 0 && errno == EINTR)
		;
	assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
	scene_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_can_be_read_is_reported_until_it_is_read),
	    cmocka_unit_test(
		what_can_be_written_is_reported_while_it_is_asked_for),
	    cmocka_unit_test(a_new_mask_takes_the_place_of_the_old_one),
	    cmocka_unit_test(the_end_of_a_pipe_is_reported),
	    cmocka_unit_test(a_closed_reader_is_reported_as_an_error),
	    cmocka_unit_test(
		a_number_that_was_forgotten_can_be_used_by_another_descriptor),
	    cmocka_unit_test(forgetting_what_was_never_watched_is_fine),
	    cmocka_unit_test(
		a_forgotten_descriptor_is_silent_even_if_a_copy_lives_on),
	    cmocka_unit_test(with_more_events_than_room_everyone_has_a_turn),
	    cmocka_unit_test(a_wait_never_ends_before_its_time),
	    cmocka_unit_test(a_signal_that_the_mask_lets_through_ends_the_wait),
	    cmocka_unit_test(a_signal_from_outside_ends_a_wait_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
