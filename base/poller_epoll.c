/*
 * Waiting with epoll. What the kernel knows of a descriptor is remembered
 * here, so that asking again for the same costs no system call. It must not
 * know what the descriptors are for.
 */
#include "base/poller.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"

enum { MAX_EVENTS = 1024 };

#ifndef __GLIBC_PREREQ
#define __GLIBC_PREREQ(major, minor) 0
#endif

struct poller {
	int epoll_fd;
	uint8_t *asked; /* owned; by descriptor: what the kernel was told */
	size_t n_asked;
	bool is_coarse; /* the kernel has no epoll_pwait2: milliseconds */
	struct epoll_event got[MAX_EVENTS];
};

struct poller *poller_new(void)
{
	struct poller *p = xcalloc(1, sizeof(*p));

	p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (p->epoll_fd < 0) {
		int saved = errno;

		free(p);
		errno = saved;
		return NULL;
	}
	return p;
}

void poller_free(struct poller *p)
{
	if (!p)
		return;
	close(p->epoll_fd);
	free(p->asked);
	free(p);
}

/* Room in the array for this descriptor. */
static void reach(struct poller *p, size_t fd)
{
	size_t n = p->n_asked ? p->n_asked : 64;

	if (fd < p->n_asked)
		return;
	while (n <= fd)
		n *= 2;
	p->asked = xreallocarray(p->asked, n, sizeof(*p->asked));
	memset(p->asked + p->n_asked, 0, n - p->n_asked);
	p->n_asked = n;
}

int poller_set(struct poller *p, int fd, unsigned events)
{
	struct epoll_event ask = {.data.fd = fd};

	assert(!(events & ~(unsigned)(POLLER_READ | POLLER_WRITE)));
	if (fd < 0) {
		errno = EBADF;
		return -1;
	}
	reach(p, (size_t)fd);
	if (p->asked[fd] == events)
		return 0;
	if (events == 0) {
		poller_forget(p, fd);
		return 0;
	}
	if (events & POLLER_READ)
		ask.events |= EPOLLIN;
	if (events & POLLER_WRITE)
		ask.events |= EPOLLOUT;
	if (epoll_ctl(p->epoll_fd, p->asked[fd] ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
		fd, &ask) < 0)
		return -1;
	p->asked[fd] = (uint8_t)events;
	return 0;
}

void poller_forget(struct poller *p, int fd)
{
	if (fd < 0 || (size_t)fd >= p->n_asked || !p->asked[fd])
		return;
	/* Closing would do, unless a copy of the descriptor lives on (in a
	 * child, say): then epoll would go on reporting it. If it is closed
	 * already this fails, and all is well too. */
	(void)epoll_ctl(p->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	p->asked[fd] = 0;
}

static int wait_ms(
    struct poller *p, uint64_t timeout_us, const sigset_t *mask, int max)
{
	int timeout_ms = -1;

	/* rounded up: a wait that ends early would make its caller spin */
	if (timeout_us / US_PER_MS < INT_MAX)
		timeout_ms = (int)(timeout_us / US_PER_MS +
				   (timeout_us % US_PER_MS > 0));
	else if (timeout_us != UINT64_MAX)
		timeout_ms = INT_MAX;
	return epoll_pwait(p->epoll_fd, p->got, max, timeout_ms, mask);
}

static int wait_us(
    struct poller *p, uint64_t timeout_us, const sigset_t *mask, int max)
{
#if __GLIBC_PREREQ(2, 35)
	struct timespec timeout = {
	    .tv_sec = (time_t)(timeout_us / US_PER_S),
	    .tv_nsec = (long)(timeout_us % US_PER_S) * 1000,
	};

	if (!p->is_coarse) {
		int n = epoll_pwait2(p->epoll_fd, p->got, max,
		    timeout_us == UINT64_MAX ? NULL : &timeout, mask);

		/* EPERM: sandboxes older than the call refuse it so */
		if (n >= 0 || (errno != ENOSYS && errno != EPERM))
			return n;
		p->is_coarse = true;
	}
#endif
	return wait_ms(p, timeout_us, mask, max);
}

int poller_wait(struct poller *p, uint64_t timeout_us, const sigset_t *mask,
    struct poller_event *events, size_t max)
{
	int n;

	assert(max > 0);
	n = wait_us(
	    p, timeout_us, mask, max < MAX_EVENTS ? (int)max : MAX_EVENTS);
	if (n < 0)
		return errno == EINTR ? 0 : -1;
	for (int i = 0; i < n; i++) {
		uint32_t got = p->got[i].events;
		struct poller_event *event = &events[i];

		event->fd = p->got[i].data.fd;
		event->events = 0;
		if (got & EPOLLIN)
			event->events |= POLLER_READ;
		if (got & EPOLLOUT)
			event->events |= POLLER_WRITE;
		if (got & (EPOLLERR | EPOLLHUP))
			event->events |= POLLER_ERROR;
	}
	return n;
}

void poller_let_oversleep(uint64_t most_us)
{
	/* a kernel without it is as exact as it always is */
	(void)prctl(PR_SET_TIMERSLACK, (unsigned long)most_us * 1000, 0, 0, 0);
}
