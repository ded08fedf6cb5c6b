/*
 * Handing tasks out. It must not know stages, nor other kinds of users.
 */
#include "load/pool.h"

#include <stdlib.h>

#include "base/util.h"

/* Tasks begun, and users, before others have their turn. */
enum { STEPS_AT_ONCE = 64 };

static struct books *books_of(struct pool *pool)
{
	return pool->places->engine->books;
}

static bool drops_late_tasks(const struct pool *pool)
{
	return pool->places->plan->load.late == LATE_DROP;
}

/* --- users -------------------------------------------------------------- */

static bool can_bring(const struct pool *pool)
{
	return !pool->is_dry &&
	       (pool->vacant != NULL || pool->n_used < pool->n);
}

static bool is_deserted(const struct pool *pool)
{
	return pool->alive == 0 && !can_bring(pool);
}

/* What waits for those who are gone is still to be dropped, by pool_run. */
bool pool_is_over(const struct pool *pool)
{
	return is_deserted(pool) && pool->waiting == 0;
}

static void bring_user(struct pool *pool)
{
	struct place *p = place_pop(&pool->vacant);

	if (p == NULL)
		p = places_add(
		    pool->places, pool->numbers[pool->n_used++], pool->kind);
	p->is_coming = true;
	pool->may_bring--;
	pool->coming++;
	pool->alive++;
	places_begin_user(pool->places, p);
}

static void has_come(struct pool *pool, struct place *p)
{
	pool->coming -= p->is_coming;
	p->is_coming = false;
}

void pool_take_idle(struct pool *pool, struct place *p)
{
	has_come(pool, p);
	if (p->list == PLACE_UNLISTED)
		place_push(&pool->idle, PLACE_IDLE, p);
}

/* Another may follow one whose iterations are done; who was stopped, or found
 * no row, is not replaced, as where users are given. */
static bool may_be_followed(const struct place *p)
{
	return !p->user.must_stop;
}

void pool_take_gone(struct pool *pool, struct place *p)
{
	has_come(pool, p);
	pool->alive--;
	/* one that is listed as idle is found out there */
	if (p->list == PLACE_UNLISTED && may_be_followed(p))
		place_push(&pool->vacant, PLACE_VACANT, p);
}

/* Somebody who is free; NULL: nobody is. */
static struct place *pop_idle(struct pool *pool)
{
	struct place *p;

	while ((p = place_pop(&pool->idle)) != NULL) {
		if (p->is_taken && user_is_idle(&p->user))
			return p;
		if (!p->is_taken && may_be_followed(p))
			place_push(&pool->vacant, PLACE_VACANT, p);
	}
	return NULL;
}

/* --- tasks -------------------------------------------------------------- */

static void note_due(struct pool *pool, uint64_t now_us, uint64_t end_us)
{
	struct arrivals *a = &pool->ahead;

	for (int i = 0;
	     i < STEPS_AT_ONCE && a->due_us <= now_us && a->due_us < end_us;
	     i++) {
		pool->waiting++;
		pool->may_bring++;
		arrivals_next(a);
	}
}

/* All tasks that [load] iterations allow have begun. */
static bool is_done(const struct pool *pool)
{
	return pool->places->engine->world.tasks_left == 0;
}

/* The first task that waits begins, or it is known of one more user that it
 * cannot do it; false: nobody is free. */
static bool hand_out(struct pool *pool)
{
	struct engine *e = pool->places->engine;
	uint64_t due_us = pool->start_us + pool->next.due_us;
	uint64_t lag_us = e->now_us > due_us ? e->now_us - due_us : 0;
	struct place *p = pop_idle(pool);

	if (p == NULL)
		return false;
	if (!engine_begin_task(e, &p->user, lag_us)) {
		/* a row was missing */
		pool->is_dry = true;
		return true;
	}
	books_of(pool)->intended++;
	books_of(pool)->late += pool->late > 0;
	pool->late -= pool->late > 0;
	pool->waiting--;
	if (pool->next.due_us >= pool->places->plan->load.warmup_us)
		hist_record(pool->lag, lag_us);
	arrivals_next(&pool->next);
	return true;
}

static void drop_waiting(struct pool *pool)
{
	books_of(pool)->intended += pool->waiting;
	books_of(pool)->dropped += pool->waiting;
	pool->waiting = 0;
	pool->next = pool->ahead;
}

/* One for each task that waits is enough; where tasks do not wait, each that
 * finds nobody brings one, for those behind it. */
static bool wants_user(const struct pool *pool)
{
	return can_bring(pool) && pool->may_bring > 0 &&
	       (drops_late_tasks(pool) || pool->coming < pool->waiting);
}

/* False: that was too much for one turn. */
static bool hand_all_out(struct pool *pool)
{
	for (int i = 0; i < STEPS_AT_ONCE; i++) {
		if (pool->waiting == 0 || is_done(pool))
			return true;
		if (hand_out(pool))
			continue;
		if (!wants_user(pool))
			return true;
		bring_user(pool);
	}
	return false;
}

/* Nobody will do what is still to come. It is counted now: this worker may be
 * gone by then, while others play on. */
static void desert(struct pool *pool)
{
	uint64_t run_us = pool->places->plan->load.run_time_us;

	drop_waiting(pool);
	if (run_us > 0)
		pool_drop_rest(pool, run_us);
}

uint64_t pool_run(struct pool *pool, uint64_t now_us, uint64_t end_us)
{
	note_due(pool, now_us, end_us);
	if (!hand_all_out(pool))
		return now_us;
	if (is_done(pool))
		return UINT64_MAX;
	if (is_deserted(pool))
		desert(pool);
	else if (drops_late_tasks(pool))
		drop_waiting(pool);
	pool->late = pool->waiting;
	if (pool->may_bring > pool->waiting)
		pool->may_bring = pool->waiting;
	return pool->ahead.due_us < end_us ? pool->ahead.due_us : UINT64_MAX;
}

void pool_drop_rest(struct pool *pool, uint64_t end_us)
{
	drop_waiting(pool);
	pool->waiting = arrivals_skip(&pool->ahead, end_us);
	drop_waiting(pool);
}

/* --- beginning and end -------------------------------------------------- */

void pool_add_number(struct pool *pool, uint64_t number)
{
	pool->numbers =
	    grow(pool->numbers, pool->n, &pool->cap, sizeof(*pool->numbers));
	pool->numbers[pool->n++] = number;
}

void pool_open(struct pool *pool)
{
	arrivals_init(&pool->next, &pool->places->plan->load, pool->numbers,
	    pool->n, pool->places->seed);
	pool->ahead = pool->next;
}

void pool_clear(struct pool *pool)
{
	free(pool->numbers);
}
