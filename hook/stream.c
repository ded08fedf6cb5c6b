/*
 * Lines into the standard input of a command that may be slow, stuck or dead:
 * never waiting for it. It must not know what the lines say.
 */
#include "hook/stream.h"

#include <errno.h>
#include <unistd.h>

#include "base/util.h"

enum {
	MAX_LINES_BYTES = 1 << 20,
	/* Waking a reader up costs more than making a line: so they are
	 * written together, when there are many or when they are old. */
	WRITE_BYTES = 32 << 10,
	WRITE_AFTER_US = 20000,
	IDLE_PAUSE_US = 100000 /* from look to look, while it reads */
};

void stream_init(
    struct stream *s, const struct hook_spec *spec, struct poller *poller)
{
	*s = (struct stream) {
	    .spec = spec, .poller = poller, .fd = -1, .due_us = UINT64_MAX};
	buf_init(&s->lines, MAX_LINES_BYTES);
}

static void unblock(struct stream *s)
{
	if (s->is_blocked && s->poller != NULL)
		poller_forget(s->poller, s->fd);
	s->is_blocked = false;
}

static void hang_up(struct stream *s)
{
	unblock(s);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->due_us = UINT64_MAX;
}

void stream_clear(struct stream *s)
{
	hang_up(s);
	buf_clear(&s->lines);
}

int stream_start(
    struct stream *s, const struct buf *environment, uint64_t now_us)
{
	int ends[2];
	int error = command_pipe(ends, 1);
	struct command_setup setup = {
	    .text = s->spec->command,
	    .environment = environment,
	    .out_fd = -1,
	    .timeout_us = UINT64_MAX,
	    .pause_us = IDLE_PAUSE_US,
	};

	s->has_started = true;
	if (error != 0)
		return error;
	setup.in_fd = ends[0];
	error = command_start(&s->command, &setup, now_us);
	close(ends[0]);
	s->fd = ends[1];
	if (error == 0 && s->is_closing)
		stream_close(s, now_us);
	return error;
}

enum stream_put stream_put(
    struct stream *s, const uint8_t *line, size_t n, uint64_t now_us)
{
	if (s->is_closing || (s->has_started && s->fd < 0))
		return STREAM_IS_OVER;
	if (n > s->lines.max_bytes - buf_len(&s->lines))
		return STREAM_IS_FULL;
	buf_put(&s->lines, line, n);
	if (!s->has_started) {
		s->due_us = now_us;
	} else if (!s->is_blocked) {
		if (s->due_us == UINT64_MAX)
			s->due_us = now_us + WRITE_AFTER_US;
		if (buf_len(&s->lines) >= WRITE_BYTES)
			stream_write(s, now_us);
	}
	return STREAM_TOOK_IT;
}

/* Until the poller says that there is room; without it, for a while. */
static void wait_for_room(struct stream *s, uint64_t now_us)
{
	bool is_watched = s->poller != NULL &&
			  poller_set(s->poller, s->fd, POLLER_WRITE) == 0;

	s->is_blocked = true;
	s->due_us = is_watched ? UINT64_MAX : now_us + WRITE_AFTER_US;
}

void stream_write(struct stream *s, uint64_t now_us)
{
	while (s->fd >= 0 && buf_len(&s->lines) > 0) {
		ssize_t n =
		    write(s->fd, buf_bytes(&s->lines), buf_len(&s->lines));

		if (n >= 0) {
			buf_consume(&s->lines, (size_t)n);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			wait_for_room(s, now_us);
			return;
		} else if (errno != EINTR) {
			/* said when it has ended, with how it ended */
			hang_up(s);
			command_expect_end(
			    &s->command, s->spec->timeout_us, now_us);
		}
	}
	unblock(s);
	s->due_us = UINT64_MAX;
	if (s->is_closing)
		hang_up(s);
}

void stream_close(struct stream *s, uint64_t now_us)
{
	s->is_closing = true;
	if (!s->has_started || s->is_over)
		return;
	command_expect_end(&s->command, s->spec->timeout_us, now_us);
	stream_write(s, now_us);
}

bool stream_run(struct stream *s, uint64_t now_us)
{
	if (!s->has_started || s->is_over)
		return false;
	if (now_us >= s->due_us)
		stream_write(s, now_us);
	return command_look(&s->command, now_us);
}

uint64_t stream_next_us(const struct stream *s)
{
	uint64_t look_us = command_next_us(&s->command);

	return look_us < s->due_us ? look_us : s->due_us;
}

bool stream_is_busy(const struct stream *s)
{
	if (s->is_over)
		return false;
	return buf_len(&s->lines) > 0 || (s->is_closing && s->has_started);
}

uint64_t stream_give_up(struct stream *s)
{
	const uint8_t *bytes = buf_bytes(&s->lines);
	uint64_t n = 0;

	for (size_t i = 0; i < buf_len(&s->lines); i++)
		n += bytes[i] == '\n';
	hang_up(s);
	buf_clear(&s->lines);
	s->is_over = true;
	return n;
}
