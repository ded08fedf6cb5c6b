/*
 * Users more, or fewer, than the plan says, as somebody wants who looks on. It
 * knows neither who wants it nor how workers learn of it.
 */
#ifndef LOAD_EXTRA_H
#define LOAD_EXTRA_H

#include "plan/plan.h"

/* The first two are set by the caller; the rest begins at 0. */
struct extra {
	const struct load_options *load; /* borrowed; users are given */
	uint64_t most; /* there may be at once, at least load->users */
	int64_t users; /* more than the plan says; below 0: fewer */
};

/* How many users are wanted now_us after the start of the run. */
uint64_t extra_wanted(const struct extra *e, uint64_t now_us);
/* Wants so many more, or fewer, than now, as far as that goes: nobody less than
 * none, and not so many that the plan's own peak would come to more than the
 * most. Returns by how much e->users changes, to be told to the workers: it may
 * be more than by, where the plan wants fewer now than were taken away. */
int32_t extra_change(struct extra *e, int32_t by, uint64_t now_us);

#endif
