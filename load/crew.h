/*
 * The users of one worker: who of them is there when. Where the plan gives
 * users, they come and go as its stages say; where it gives a rate, tasks are
 * handed to those who are free. It knows no snapshots and no parent.
 */
#ifndef LOAD_CREW_H
#define LOAD_CREW_H

#include "load/engine.h"
#include "load/roster.h"

struct crew;

/* What one worker of several is to play; all borrowed for the crew's life. */
struct crew_order {
	const struct plan *plan;
	struct engine *engine; /* started; nothing else begins users in it */
	struct hist *lag;      /* how late tasks begin that were due, is added
				  there */
	const struct roster *roster; /* all who play */
	uint32_t worker;             /* our number there */
	uint64_t seed;
	uint64_t start_us; /* monotonic: of the whole run */
};

/* Owned by the caller. Takes our share of [load] iterations too. */
struct crew *crew_new(const struct crew_order *order);
/* All users must be gone, or interrupted. */
void crew_free(struct crew *c);

/* Lets users come and go, and tasks begin, as the time says; what is due at
 * end_us or later is not begun. At engine->now_us. */
void crew_run(struct crew *c, uint64_t end_us);
/* When it wants to be called at the latest; UINT64_MAX: nothing comes by
 * itself. */
uint64_t crew_next_us(const struct crew *c);

/* So many users more, or fewer, than the plan says, in the whole run. Where a
 * rate is given this does nothing. */
void crew_add(struct crew *c, int64_t users);
/* How many there can be at once in the whole run, those that are added too,
 * where the plan wants so many at its peak. */
uint64_t crew_most_users(uint64_t users);
/* How many of ours the time wants, as of the last crew_run or crew_stop;
 * UINT64_MAX: as many as tasks need. */
uint64_t crew_wanted(const struct crew *c);
/* Whether users may still come: by the time, for tasks, or because the stages
 * or somebody have taken away some that are ours, whom keys can give back. */
bool crew_expects_users(const struct crew *c);
/* No new users and tasks; those that run may end. */
void crew_finish(struct crew *c);
/* The same, at the end of the run: what runs beside users is dropped. Unless
 * all was finished before, tasks that were due before end_us and have not begun
 * are counted as dropped. */
void crew_stop(struct crew *c, uint64_t end_us);
/* Drops what they do. */
void crew_interrupt(struct crew *c);

#endif
