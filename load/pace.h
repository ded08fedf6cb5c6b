/*
 * When things happen and whose turn it is, as pure functions: no clock is
 * read here, no process known.
 */
#ifndef LOAD_PACE_H
#define LOAD_PACE_H

#include "base/rng.h"
#include "load/roster.h"
#include "load/turns.h"
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
 * kind is within one of its share. Parts of the roster and workers get their
 * shares of every kind: kinds take turns as turns.h says, kind 0 from the first
 * turn on, kind 1 from the second on, and so on. So after any number of users
 * of a kind, a part right below the whole is less than two from its share of
 * them (kind 0: one), and the workers of a roster of one part are within one of
 * each other.
 */
struct deal {
	const struct plan *plan; /* borrowed */
	struct turns turns;      /* owned */
	uint64_t users;  /* that are dealt out: plan->load.users at first */
	uint64_t index;  /* of the next user */
	uint64_t *dealt; /* owned: how many of each kind so far */
	double *share;   /* owned: of each kind, of all users */
};

struct dealt {
	uint64_t index;
	uint32_t worker;
	uint32_t child; /* the part of the roster right below the whole that
			   has the worker, from 0 on; 0: there is none */
	size_t kind;    /* in plan->kinds */
};

/* The roster, which is sound, is not needed any more then. */
void deal_init(
    struct deal *d, const struct plan *plan, const struct roster *roster);
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

/* How many users each worker has, into counts[0..roster_workers-1]: by dealing
 * them all out. */
void deal_count_workers(
    const struct plan *plan, const struct roster *roster, uint64_t *counts);

/* Parts of total, into shares[0..n-1], for those who hold weights[0..n-1]:
 * whole numbers that add up to total, each within one of its exact part; all 0
 * where nobody has a weight. */
void pace_shares(
    uint64_t total, const uint64_t *weights, uint32_t n, uint64_t *shares);

/* The part of number w where number i can take no more than room[i]: what it
 * cannot take goes to the others. They add up to total, or to all the room
 * there is. */
uint64_t pace_share_within(uint64_t total, const uint64_t *weights,
    const uint64_t *room, uint32_t n, uint32_t w);

/* The choice of a task: by weight. */
const struct choice *pace_pick(const struct user_kind *kind, struct rng *rng);

#endif
