/*
 * Who is to be woken when: a binary heap of timers that stand inside what
 * they wake. No clock is read here.
 */
#ifndef LOAD_TIMERS_H
#define LOAD_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A zeroed timer is not set. */
struct timer {
	uint64_t due_us; /* monotonic */
	size_t place;    /* in the heap, from 1; 0: not set */
};

/* A zeroed struct holds none. */
struct timers {
	struct timer **heap; /* owned; the timers are borrowed */
	size_t n;
	size_t cap;
};

void timers_clear(struct timers *t);
/* Sets or moves it; it must stay where it is until it fires or is unset. */
void timers_set(struct timers *t, struct timer *timer, uint64_t due_us);
void timers_unset(struct timers *t, struct timer *timer);
/* Takes out the earliest one that is due at now_us; NULL when none is. */
struct timer *timers_pop(struct timers *t, uint64_t now_us);
/* When the earliest is due; UINT64_MAX when there is none. */
uint64_t timers_next_us(const struct timers *t);

#endif
