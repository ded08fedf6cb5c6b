/*
 * Requests that wait: their connections are suspended, and woken when they
 * are due or when the client hangs up, so that a client that gives up frees
 * its place at once. One thread, one heap.
 */
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "tests/target/target.h"

enum { LOOK_EVERY_US = 250000 };

struct waiting {
	uint64_t due_us;  /* when it goes on */
	uint64_t look_us; /* when it is looked at next: the key of the heap */
	struct MHD_Connection *connection;
	bool *is_gone;
};

static void heap_swap(struct waits *w, size_t a, size_t b)
{
	struct waiting kept = w->heap[a];
	w->heap[a] = w->heap[b];
	w->heap[b] = kept;
}

static void heap_push(struct waits *w, struct waiting item)
{
	if (w->n == w->cap) {
		w->cap = w->cap ? 2 * w->cap : 256;
		w->heap = must(realloc(w->heap, w->cap * sizeof *w->heap));
	}
	size_t i = w->n++;
	w->heap[i] = item;
	while (i > 0 && w->heap[i].look_us < w->heap[(i - 1) / 2].look_us) {
		heap_swap(w, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

static struct waiting heap_pop(struct waits *w)
{
	struct waiting top = w->heap[0];
	w->heap[0] = w->heap[--w->n];
	for (size_t i = 0;;) {
		size_t least = i;
		for (size_t k = 2 * i + 1; k <= 2 * i + 2; k++) {
			if (k < w->n &&
			    w->heap[k].look_us < w->heap[least].look_us)
				least = k;
		}
		if (least == i)
			return top;
		heap_swap(w, i, least);
		i = least;
	}
}

void wait_until(struct waits *w, struct MHD_Connection *connection,
    uint64_t due_us, bool *is_gone)
{
	uint64_t look_us = now_us() + LOOK_EVERY_US;
	struct waiting item = {.due_us = due_us,
	    .look_us = due_us < look_us ? due_us : look_us,
	    .connection = connection,
	    .is_gone = is_gone};

	pthread_mutex_lock(&w->lock);
	if (w->is_stopping) {
		*is_gone = true;
	} else {
		MHD_suspend_connection(connection);
		heap_push(w, item);
		pthread_cond_signal(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
}

bool has_waited(struct request *r, uint64_t wait_us)
{
	if (r->has_waited || wait_us == 0)
		return !r->is_gone;
	uint64_t now = now_us();
	r->has_waited = true;
	wait_until(&r->target->waits, r->connection,
	    wait_us > UINT64_MAX - now ? UINT64_MAX : now + wait_us,
	    &r->is_gone);
	return false;
}

/* There is something to read: the end, or more than we asked for. */
static bool has_hung_up(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd p = {.fd = info->connect_fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* Resumes all that are due; the lock is held. */
static void wake_due(struct waits *w)
{
	uint64_t now = now_us();

	while (w->n > 0 && (w->is_stopping || w->heap[0].look_us <= now)) {
		struct waiting item = heap_pop(w);
		bool is_gone = item.due_us > now &&
			       (w->is_stopping || has_hung_up(item.connection));
		if (item.due_us <= now || is_gone) {
			*item.is_gone = is_gone;
			MHD_resume_connection(item.connection);
			continue;
		}
		item.look_us = now + LOOK_EVERY_US;
		if (item.due_us < item.look_us)
			item.look_us = item.due_us;
		heap_push(w, item);
	}
}

static void *waker_main(void *arg)
{
	struct waits *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->is_stopping) {
		if (w->n == 0) {
			pthread_cond_wait(&w->changed, &w->lock);
		} else {
			uint64_t us = w->heap[0].look_us;
			struct timespec until = {
			    .tv_sec = (time_t)(us / 1000000),
			    .tv_nsec = (long)(us % 1000000 * 1000)};
			pthread_cond_timedwait(&w->changed, &w->lock, &until);
		}
		wake_due(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

void waits_start(struct waits *w)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&w->waker, NULL, waker_main, w) != 0)
		must(NULL);
}

void waits_stop(struct waits *w)
{
	pthread_mutex_lock(&w->lock);
	w->is_stopping = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->waker, NULL);
	free(w->heap);
}
