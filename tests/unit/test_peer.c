/*
 * One end of a conversation: it never blocks, asks for no more wake-ups than
 * it needs, and gives all that came before it tells of the end.
 */
#include "fleet/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "fleet/wire.h"

enum { MUCH = 1 << 20 };

/* A peer, and the far ends of its two pipes. */
struct scene {
	struct poller *poller;
	struct peer peer;
	int far_in;
	int far_out;
};

static void scene_init(struct scene *s)
{
	int down[2], up[2];

	assert_int_equal(pipe(down), 0);
	assert_int_equal(pipe(up), 0);
	s->poller = poller_new();
	assert_non_null(s->poller);
	assert_int_equal(peer_init(&s->peer, s->poller, up[0], down[1]), 0);
	s->far_in = down[0];
	s->far_out = up[1];
}

static void scene_clear(struct scene *s)
{
	peer_clear(&s->peer);
	poller_free(s->poller);
	if (s->far_in >= 0)
		close(s->far_in);
	if (s->far_out >= 0)
		close(s->far_out);
}

/* What the poller has to say, at once: the events of its first report. */
static unsigned woken_for(struct scene *s, int fd)
{
	struct poller_event event = {0};

	if (poller_wait(s->poller, 0, NULL, &event, 1) == 0)
		return 0;
	assert_int_equal(event.fd, fd);
	return event.events;
}

static void its_descriptors_do_not_block_and_close_on_exec(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	assert_true(fcntl(s.peer.in_fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(s.peer.out_fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(s.peer.in_fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(s.peer.out_fd, F_GETFD) & FD_CLOEXEC);
	scene_clear(&s);
}

static void what_arrived_is_read_without_waiting_for_more(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	assert_int_equal(peer_read(&s.peer), PEER_OPEN);
	assert_int_equal(buf_len(&s.peer.in), 0);
	assert_int_equal(write(s.far_out, "abc", 3), 3);
	assert_int_equal(woken_for(&s, s.peer.in_fd), POLLER_READ);
	assert_int_equal(peer_read(&s.peer), PEER_OPEN);
	assert_string_equal(buf_text(&s.peer.in), "abc");
	assert_int_equal(woken_for(&s, s.peer.in_fd), 0);
	scene_clear(&s);
}

static void the_end_comes_after_everything_before_it_and_is_told_once(
    void **state)
{
	static char bytes[60000];
	struct scene s;
	enum peer_io io;

	(void)state;
	scene_init(&s);
	assert_int_equal(write(s.far_out, bytes, sizeof(bytes)), sizeof(bytes));
	close(s.far_out);
	s.far_out = -1;
	do
		io = peer_read(&s.peer);
	while (io == PEER_OPEN);
	assert_int_equal(io, PEER_EOF);
	assert_int_equal(buf_len(&s.peer.in), sizeof(bytes));
	/* its hang-up does not keep waking us */
	assert_int_equal(woken_for(&s, -1), 0);
	scene_clear(&s);
}

static void it_reads_no_more_than_one_frame_may_need(void **state)
{
	static uint8_t bytes[60000];
	struct scene s;

	(void)state;
	scene_init(&s);
	for (int i = 0; i < 100; i++) {
		if (buf_len(&s.peer.in) < s.peer.in.max_bytes)
			assert_int_equal(write(s.far_out, bytes, sizeof(bytes)),
			    sizeof(bytes));
		assert_int_equal(peer_read(&s.peer), PEER_OPEN);
	}
	assert_int_equal(
	    buf_len(&s.peer.in), WIRE_HEADER_BYTES + WIRE_MAX_FRAME);
	assert_false(s.peer.in.full);
	scene_clear(&s);
}

static void it_asks_to_write_only_while_something_is_left(void **state)
{
	static uint8_t bytes[MUCH];
	struct scene s;
	size_t got = 0;

	(void)state;
	scene_init(&s);
	assert_int_equal(peer_write(&s.peer), PEER_OPEN);
	assert_int_equal(woken_for(&s, -1), 0);
	buf_put(&s.peer.out, bytes, MUCH);
	assert_int_equal(peer_write(&s.peer), PEER_OPEN);
	assert_in_range(peer_backlog(&s.peer), 1, MUCH - 1);
	/* the pipe is full: nothing to wake up for */
	assert_int_equal(woken_for(&s, -1), 0);
	while (got < MUCH) {
		ssize_t n = read(s.far_in, bytes, sizeof(bytes));

		assert_true(n > 0);
		got += (size_t)n;
		if (peer_backlog(&s.peer) > 0)
			assert_int_equal(
			    woken_for(&s, s.peer.out_fd), POLLER_WRITE);
		assert_int_equal(peer_write(&s.peer), PEER_OPEN);
	}
	assert_int_equal(peer_backlog(&s.peer), 0);
	assert_int_equal(woken_for(&s, -1), 0);
	scene_clear(&s);
}

static void a_reader_that_is_gone_is_the_end_and_no_signal(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	close(s.far_in);
	s.far_in = -1;
	buf_puts(&s.peer.out, "abc");
	assert_int_equal(peer_write(&s.peer), PEER_EOF);
	assert_int_equal(peer_backlog(&s.peer), 0);
	assert_int_equal(woken_for(&s, -1), 0);
	scene_clear(&s);
}

/* Half a frame may have got through, and a last word must not follow what is
 * missing. */
static void after_a_write_that_failed_nothing_is_written(void **state)
{
	struct scene s;
	int full = open("/dev/full", O_WRONLY);
	int out_fd;
	char byte;

	(void)state;
	if (full < 0)
		skip();
	scene_init(&s);
	out_fd = dup(s.peer.out_fd);
	assert_int_equal(dup2(full, s.peer.out_fd), s.peer.out_fd);
	buf_puts(&s.peer.out, "abc");
	assert_int_equal(peer_write(&s.peer), PEER_FAILED);
	assert_int_equal(dup2(out_fd, s.peer.out_fd), s.peer.out_fd);
	close(out_fd);
	close(full);
	buf_puts(&s.peer.out, "def");
	assert_int_equal(peer_write(&s.peer), PEER_EOF);
	assert_int_equal(peer_backlog(&s.peer), 0);
	peer_clear(&s.peer);
	assert_int_equal(read(s.far_in, &byte, 1), 0);
	scene_clear(&s);
}

static void one_descriptor_can_be_both_ends(void **state)
{
	struct scene s = {.far_out = -1};
	char bytes[4] = "";
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	s.poller = poller_new();
	s.far_in = ends[1];
	assert_int_equal(peer_init(&s.peer, s.poller, ends[0], ends[0]), 0);
	buf_puts(&s.peer.out, "abc");
	assert_int_equal(peer_write(&s.peer), PEER_OPEN);
	assert_int_equal(read(s.far_in, bytes, 3), 3);
	assert_string_equal(bytes, "abc");
	assert_int_equal(woken_for(&s, -1), 0);
	assert_int_equal(write(s.far_in, "xyz", 3), 3);
	assert_int_equal(woken_for(&s, ends[0]), POLLER_READ);
	assert_int_equal(peer_read(&s.peer), PEER_OPEN);
	assert_string_equal(buf_text(&s.peer.in), "xyz");
	scene_clear(&s);
}

static void a_failed_init_closes_both_descriptors(void **state)
{
	struct poller *poller = poller_new();
	struct peer peer;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(peer_init(&peer, poller, -1, ends[1]), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(fcntl(ends[1], F_GETFD), -1);
	close(ends[0]);
	poller_free(poller);
}

static void clearing_twice_and_clearing_nothing_are_fine(void **state)
{
	int stdin_before = fcntl(STDIN_FILENO, F_GETFD);
	struct peer nothing = {0};
	struct scene s;

	(void)state;
	scene_init(&s);
	peer_clear(&s.peer);
	scene_clear(&s);
	peer_clear(&nothing);
	/* descriptor 0 was not its to close */
	assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), stdin_before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(its_descriptors_do_not_block_and_close_on_exec),
	    cmocka_unit_test(what_arrived_is_read_without_waiting_for_more),
	    cmocka_unit_test(
		the_end_comes_after_everything_before_it_and_is_told_once),
	    cmocka_unit_test(it_reads_no_more_than_one_frame_may_need),
	    cmocka_unit_test(it_asks_to_write_only_while_something_is_left),
	    cmocka_unit_test(a_reader_that_is_gone_is_the_end_and_no_signal),
	    cmocka_unit_test(after_a_write_that_failed_nothing_is_written),
	    cmocka_unit_test(one_descriptor_can_be_both_ends),
	    cmocka_unit_test(a_failed_init_closes_both_descriptors),
	    cmocka_unit_test(clearing_twice_and_clearing_nothing_are_fine),
	};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigemptyset(&ignore.sa_mask);
	sigaction(SIGPIPE, &ignore, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
