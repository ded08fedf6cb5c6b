/*
 * The users of one kind on one worker, where the plan gives a rate: a task that
 * is due goes to one who is free, to one who comes for it, or has to wait. For
 * crew.c alone.
 */
#ifndef LOAD_POOL_H
#define LOAD_POOL_H

#include "load/arrivals.h"
#include "load/place.h"

struct pool {
	struct places *places; /* borrowed, as is the lag */
	struct hist *lag;      /* how late tasks begin is added there */
	size_t kind;
	uint64_t start_us; /* monotonic: of the whole run */

	uint64_t *numbers; /* owned: of our places, whoever has them */
	size_t n;
	size_t cap;
	size_t n_used; /* the first so many have had a user */

	struct arrivals next;  /* the first task that has not begun */
	struct arrivals ahead; /* the first that is not due yet */
	uint64_t waiting;      /* those between the two */
	uint64_t late;         /* of these: they found nobody before */
	uint64_t may_bring;    /* users: each task that is due brings one at
				  most, whatever becomes of that one */

	struct place *idle;   /* a list: whose users are free; some may have
				 left since */
	struct place *vacant; /* a list */
	size_t alive;         /* users */
	size_t coming;        /* of these: not idle for the first time yet */
	bool is_dry; /* what a task needs is used up: nobody more comes */
};

/* One of our places, before pool_open. */
void pool_add_number(struct pool *pool, uint64_t number);
/* The places, kind and so on are set. */
void pool_open(struct pool *pool);
void pool_clear(struct pool *pool);

/* Begins what is due at now_us, and before end_us (since the start), as far as
 * there are users; returns when it wants to be called again, unless somebody
 * becomes idle or goes before. */
uint64_t pool_run(struct pool *pool, uint64_t now_us, uint64_t end_us);
/* Nobody is there, nobody can come any more, and all that this leaves undone
 * until the end of the run is counted as dropped. */
bool pool_is_over(const struct pool *pool);
/* What is due before end_us and has not begun is counted as dropped. */
void pool_drop_rest(struct pool *pool, uint64_t end_us);

/* Its user is free, or gone. */
void pool_take_idle(struct pool *pool, struct place *p);
void pool_take_gone(struct pool *pool, struct place *p);

#endif
