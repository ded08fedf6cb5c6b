/* The heap of timers; it must not know who is woken. */
#include "load/timers.h"

#include <stdlib.h>

#include "base/util.h"

static void put_at(struct timers *t, size_t i, struct timer *timer)
{
	t->heap[i] = timer;
	timer->place = i + 1;
}

static void sift_up(struct timers *t, size_t i, struct timer *timer)
{
	while (i > 0) {
		size_t parent = (i - 1) / 2;

		if (t->heap[parent]->due_us <= timer->due_us)
			break;
		put_at(t, i, t->heap[parent]);
		i = parent;
	}
	put_at(t, i, timer);
}

static void sift_down(struct timers *t, size_t i, struct timer *timer)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= t->n)
			break;
		if (child + 1 < t->n &&
		    t->heap[child + 1]->due_us < t->heap[child]->due_us)
			child++;
		if (timer->due_us <= t->heap[child]->due_us)
			break;
		put_at(t, i, t->heap[child]);
		i = child;
	}
	put_at(t, i, timer);
}

void timers_clear(struct timers *t)
{
	free(t->heap);
	*t = (struct timers) {0};
}

void timers_set(struct timers *t, struct timer *timer, uint64_t due_us)
{
	if (timer->place > 0)
		timers_unset(t, timer);
	timer->due_us = due_us;
	t->heap = grow(t->heap, t->n, &t->cap, sizeof(*t->heap));
	sift_up(t, t->n++, timer);
}

void timers_unset(struct timers *t, struct timer *timer)
{
	struct timer *last;
	size_t i;

	if (timer->place == 0)
		return;
	i = timer->place - 1;
	timer->place = 0;
	last = t->heap[--t->n];
	if (last == timer)
		return;
	if (i > 0 && last->due_us < t->heap[(i - 1) / 2]->due_us)
		sift_up(t, i, last);
	else
		sift_down(t, i, last);
}

struct timer *timers_pop(struct timers *t, uint64_t now_us)
{
	struct timer *first;

	if (t->n == 0 || t->heap[0]->due_us > now_us)
		return NULL;
	first = t->heap[0];
	timers_unset(t, first);
	return first;
}

uint64_t timers_next_us(const struct timers *t)
{
	return t->n > 0 ? t->heap[0]->due_us : UINT64_MAX;
}
