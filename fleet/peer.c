/*
 * Non-blocking reads and writes between two buffers and two descriptors. It
 * must not know what the bytes mean.
 */
#include "fleet/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fleet/wire.h"

enum {
	CHUNK_BYTES = 64 << 10, /* as much as a pipe of Linux holds */
	CHUNKS_AT_ONCE = 4,
	KEPT_BYTES = 1 << 10
};

static int make_unblocking(int fd)
{
	int status = fcntl(fd, F_GETFL);
	int flags = fcntl(fd, F_GETFD);

	if (status < 0 || flags < 0 ||
	    fcntl(fd, F_SETFL, status | O_NONBLOCK) < 0)
		return -1;
	return fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

/* Asks the poller for what there is to wait for, and no more: a descriptor
 * that is watched without need wakes us for its end again and again. */
static int watch(struct peer *p)
{
	unsigned in = p->in_ended ? 0 : POLLER_READ;
	unsigned out = buf_len(&p->out) > 0 ? POLLER_WRITE : 0;

	if (p->in_fd == p->out_fd)
		return poller_set(p->poller, p->in_fd, in | out);
	if (poller_set(p->poller, p->in_fd, in) < 0)
		return -1;
	return poller_set(p->poller, p->out_fd, out);
}

int peer_init(struct peer *p, struct poller *poller, int in_fd, int out_fd)
{
	memset(p, 0, sizeof(*p));
	p->in_fd = in_fd;
	p->out_fd = out_fd;
	p->poller = poller;
	buf_init(&p->in, WIRE_HEADER_BYTES + WIRE_MAX_FRAME);
	buf_init(&p->out, PEER_MAX_QUEUE);
	if (make_unblocking(in_fd) < 0 || make_unblocking(out_fd) < 0 ||
	    watch(p) < 0) {
		int saved = errno;

		peer_clear(p);
		errno = saved;
		return -1;
	}
	return 0;
}

void peer_clear(struct peer *p)
{
	if (p->poller && p->in_fd >= 0) {
		poller_forget(p->poller, p->in_fd);
		close(p->in_fd);
	}
	if (p->poller && p->out_fd >= 0 && p->out_fd != p->in_fd) {
		poller_forget(p->poller, p->out_fd);
		close(p->out_fd);
	}
	p->in_fd = p->out_fd = -1;
	p->poller = NULL;
	buf_clear(&p->in);
	buf_clear(&p->out);
}

/* One read: how much came, 0 for the end, -1 and errno. */
static ssize_t read_chunk(struct peer *p)
{
	/* By way of the stack, so that a buffer grows by what came and not by
	 * what might have come: there may be thousands of peers. */
	uint8_t chunk[CHUNK_BYTES];
	size_t room = p->in.max_bytes - buf_len(&p->in);
	ssize_t n;

	do
		n = read(
		    p->in_fd, chunk, room < CHUNK_BYTES ? room : CHUNK_BYTES);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		buf_put(&p->in, chunk, (size_t)n);
	return n;
}

static enum peer_io read_ended(struct peer *p, enum peer_io io)
{
	int saved = errno;

	p->in_ended = true;
	(void)watch(p);
	errno = saved;
	return io;
}

enum peer_io peer_read(struct peer *p)
{
	for (int i = 0; i < CHUNKS_AT_ONCE; i++) {
		ssize_t n;

		/* a whole frame is waiting to be taken */
		if (buf_len(&p->in) == p->in.max_bytes)
			return PEER_OPEN;
		n = read_chunk(p);
		if (n == 0)
			return read_ended(p, PEER_EOF);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return PEER_OPEN;
		if (n < 0)
			return read_ended(p, PEER_FAILED);
		/* that was all: to be told so would take as long again */
		if (n < CHUNK_BYTES)
			return PEER_OPEN;
	}
	return PEER_OPEN;
}

/* What cannot be written any more is nothing to wait for. */
static enum peer_io write_failed(struct peer *p)
{
	int saved = errno;

	p->out_ended = true;
	buf_clear(&p->out);
	(void)watch(p);
	errno = saved;
	return saved == EPIPE || saved == ECONNRESET ? PEER_EOF : PEER_FAILED;
}

enum peer_io peer_write(struct peer *p)
{
	if (p->out_ended) {
		buf_clear(&p->out);
		return PEER_EOF;
	}
	while (buf_len(&p->out) > 0) {
		ssize_t n =
		    write(p->out_fd, buf_bytes(&p->out), buf_len(&p->out));

		if (n >= 0)
			buf_consume(&p->out, (size_t)n);
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		else if (errno != EINTR)
			return write_failed(p);
	}
	/* thousands of peers are told much at the start, and little then */
	if (buf_len(&p->out) == 0 && p->out.cap > KEPT_BYTES && !p->out.full)
		buf_clear(&p->out);
	return watch(p) < 0 ? PEER_FAILED : PEER_OPEN;
}

size_t peer_backlog(const struct peer *p)
{
	return buf_len(&p->out);
}
