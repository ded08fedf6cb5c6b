/*
 * When things happen and whose turn it is, as pure functions: no clock is
 * read here, no process known.
 */
#ifndef LOAD_PACE_H
#define LOAD_PACE_H

#include "base/rng.h"
#include "plan/plan.h"

/* When the next task starts, for a user whose last task started at
 * task_start_us and ended at now_us: at now_us at the earliest. */
uint64_t pace_next_task_us(const struct wait *wait, struct rng *rng,
    uint64_t task_start_us, uint64_t now_us);
/* A draw from a WAIT_RANGE or WAIT_EXP. */
uint64_t pace_draw_us(const struct wait *wait, struct rng *rng);

/*
 * Dealing users out: for index 0, 1, 2, ... which kind the user is of and
 * which worker plays it. Kinds mix exactly: after any number of users, each
 * kind is within one of its share. Each worker gets its share of every kind.
 */
struct deal {
	const struct plan *plan; /* borrowed */
	uint32_t workers;
	uint64_t users;  /* that are dealt out: plan->load.users at first */
	uint64_t index;  /* of the next user */
	uint64_t *dealt; /* owned: how many of each kind so far */
	double *share;   /* owned: of each kind, of all users */
};

struct dealt {
	uint64_t index;
	uint32_t worker;
	size_t kind; /* in plan->kinds */
};

void deal_init(struct deal *d, const struct plan *plan, uint32_t workers);
void deal_clear(struct deal *d);
/* Deals the next one out; false when all d->users are. */
bool deal_next(struct deal *d, struct dealt *out);
/* How many users there are to be dealt out, however large d->users is: more
 * than the counts of kinds only where one has a weight; UINT64_MAX: no end. */
uint64_t deal_most(const struct plan *plan);
/* How many users of each kind there will be, into counts[0..n_kinds-1]. The
 * same as dealing them all out, without the time it takes; of very many users,
 * within one. */
void deal_count(const struct plan *plan, uint64_t *counts);

/* Worker w's part of total, when workers 0..n-1 hold weights[0..n-1]: whole
 * numbers that add up to total, each within one of its exact part. */
uint64_t pace_share(
    uint64_t total, const uint64_t *weights, uint32_t n, uint32_t w);

/* The same where worker i can take no more than room[i]: what it cannot take
 * goes to the others. They add up to total, or to all the room there is. */
uint64_t pace_share_within(uint64_t total, const uint64_t *weights,
    const uint64_t *room, uint32_t n, uint32_t w);

/* The choice of a task: by weight. */
const struct choice *pace_pick(const struct user_kind *kind, struct rng *rng);

#endif
