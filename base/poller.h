/*
 * Waiting for descriptors: epoll where there is one, poll elsewhere, behind
 * the same functions. It knows no curl and no frames.
 */
#ifndef BASE_POLLER_H
#define BASE_POLLER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	POLLER_READ = 1,
	POLLER_WRITE = 2,
	POLLER_ERROR = 4 /* error or hang-up; only ever reported, never asked */
};

struct poller_event {
	int fd;
	unsigned events; /* POLLER_* */
};

struct poller;

/* NULL and errno when the system gives none. */
struct poller *poller_new(void);
void poller_free(struct poller *p);
/* Watch fd for POLLER_READ | POLLER_WRITE from now on, in place of what was
 * asked before; 0 watches it no more. 0, or -1 and errno. A descriptor must be
 * taken out (events 0) or forgotten before it is closed. */
int poller_set(struct poller *p, int fd, unsigned events);
/* The descriptor is being closed: forget what was registered for it. */
void poller_forget(struct poller *p, int fd);
/* Waits at most timeout_us (UINT64_MAX: for ever; finer than a millisecond
 * where the system can) and fills up to max events, at least one. Returns how
 * many, 0 at the end of the time or after a signal, -1 and errno on failure.
 * While it waits the signal mask is *mask, where mask is not NULL; poll then
 * wakes up with 0 now and then, so look at the clock. */
int poller_wait(struct poller *p, uint64_t timeout_us, const sigset_t *mask,
    struct poller_event *events, size_t max);
/* Waits of this process, and of those it starts from now on, may end so much
 * later than asked: what is due soon after one another then takes one wake-up.
 * Where the system has no such thing they are as before. */
void poller_let_oversleep(uint64_t most_us);

#endif
