/*
 * Sums of users, and their bounds. It must not know clocks.
 */
#include "load/extra.h"

#include "load/schedule.h"

/* What the plan wants and what was wanted beside; below 0: more were taken
 * away than there are now. */
static int64_t sum(const struct extra *e, uint64_t now_us)
{
	return (int64_t)schedule_places(e->load, now_us) + e->users;
}

uint64_t extra_wanted(const struct extra *e, uint64_t now_us)
{
	int64_t users = sum(e, now_us);

	return users > 0 ? (uint64_t)users : 0;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* No number of users is larger than an int32_t. */
int32_t extra_change(struct extra *e, int32_t by, uint64_t now_us)
{
	int64_t there = sum(e, now_us);
	int64_t room = (int64_t)(e->most - e->load->users) - e->users;
	int64_t change =
	    by < 0 ? larger(by, -larger(there, 0)) : by + larger(-there, 0);

	if (change > room)
		change = room;
	e->users += change;
	return (int32_t)change;
}
