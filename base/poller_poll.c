/*
 * Waiting with poll, for systems without epoll: the same functions. It
 * must not know what the descriptors are for.
 */
#include "base/poller.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

/*
 * POSIX.1-2008 has no poll that sets a signal mask (pselect does, but not for
 * descriptors above 1,023), so the mask is set around it. A signal that comes
 * between the two is noticed when a short slice is over, instead of never: so
 * a wait with a mask may end early.
 */
enum { SLICE_MS = 20 };

struct poller {
	struct pollfd *watched; /* owned; without gaps */
	size_t n;
	size_t cap;
	size_t *place; /* owned; by descriptor: index in watched + 1, or 0 */
	size_t n_places;
	size_t turn; /* where the next look for events begins: fairness */
};

struct poller *poller_new(void)
{
	return xcalloc(1, sizeof(struct poller));
}

void poller_free(struct poller *p)
{
	if (!p)
		return;
	free(p->watched);
	free(p->place);
	free(p);
}

static void reach(struct poller *p, size_t fd)
{
	size_t n = p->n_places ? p->n_places : 64;

	if (fd < p->n_places)
		return;
	while (n <= fd)
		n *= 2;
	p->place = xreallocarray(p->place, n, sizeof(*p->place));
	memset(
	    p->place + p->n_places, 0, (n - p->n_places) * sizeof(*p->place));
	p->n_places = n;
}

int poller_set(struct poller *p, int fd, unsigned events)
{
	short ask = 0;

	assert(!(events & ~(unsigned)(POLLER_READ | POLLER_WRITE)));
	if (fd < 0) {
		errno = EBADF;
		return -1;
	}
	if (events == 0) {
		poller_forget(p, fd);
		return 0;
	}
	reach(p, (size_t)fd);
	if (events & POLLER_READ)
		ask |= POLLIN;
	if (events & POLLER_WRITE)
		ask |= POLLOUT;
	if (!p->place[fd]) {
		p->watched =
		    grow(p->watched, p->n, &p->cap, sizeof(*p->watched));
		p->watched[p->n].fd = fd;
		p->place[fd] = ++p->n;
	}
	p->watched[p->place[fd] - 1].events = ask;
	return 0;
}

void poller_forget(struct poller *p, int fd)
{
	size_t place;

	if (fd < 0 || (size_t)fd >= p->n_places || !p->place[fd])
		return;
	place = p->place[fd];
	p->place[fd] = 0;
	p->n--;
	if (place - 1 < p->n) {
		p->watched[place - 1] = p->watched[p->n];
		p->place[p->watched[p->n].fd] = place;
	}
}

/* One poll of at most a slice, with the mask in force. */
static int poll_slice(struct poller *p, int timeout_ms, const sigset_t *mask)
{
	sigset_t before;
	int saved;
	int n;

	if (!mask)
		return poll(p->watched, (nfds_t)p->n, timeout_ms);
	errno = pthread_sigmask(SIG_SETMASK, mask, &before);
	if (errno)
		return -1;
	n = poll(p->watched, (nfds_t)p->n, timeout_ms);
	saved = errno;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return n;
}

/* Whether a signal is waiting that mask would let through: it will be handled
 * before poll begins, and so not end it. */
static bool is_signal_due(const sigset_t *mask)
{
	sigset_t pending;

	if (!mask || sigpending(&pending) < 0)
		return false;
	/* 64: the signals of Linux; sigismember refuses those that are none */
	for (int s = 1; s <= 64; s++)
		if (sigismember(&pending, s) == 1 && sigismember(mask, s) == 0)
			return true;
	return false;
}

/* How long one poll may take: rounded up, since a wait that ends early makes
 * its caller spin. */
static int slice_ms(uint64_t timeout_us, const sigset_t *mask)
{
	uint64_t timeout_ms =
	    timeout_us / US_PER_MS + (timeout_us % US_PER_MS > 0);

	if (is_signal_due(mask))
		return 0;
	if (mask && timeout_ms > SLICE_MS)
		return SLICE_MS;
	if (timeout_us == UINT64_MAX)
		return -1;
	return timeout_ms < INT_MAX ? (int)timeout_ms : INT_MAX;
}

int poller_wait(struct poller *p, uint64_t timeout_us, const sigset_t *mask,
    struct poller_event *events, size_t max)
{
	size_t filled = 0;
	int left;

	assert(max > 0);
	left = poll_slice(p, slice_ms(timeout_us, mask), mask);
	if (left < 0)
		return errno == EINTR ? 0 : -1;
	for (size_t i = 0; i < p->n && left > 0 && filled < max; i++) {
		const struct pollfd *w = &p->watched[p->turn++ % p->n];
		struct poller_event *event = &events[filled];

		if (!w->revents)
			continue;
		left--;
		filled++;
		event->fd = w->fd;
		event->events = 0;
		if (w->revents & POLLIN)
			event->events |= POLLER_READ;
		if (w->revents & POLLOUT)
			event->events |= POLLER_WRITE;
		if (w->revents & (POLLERR | POLLHUP | POLLNVAL))
			event->events |= POLLER_ERROR;
	}
	return (int)filled;
}

/* poll's waits are in milliseconds. */
void poller_let_oversleep(uint64_t most_us)
{
	(void)most_us;
}
