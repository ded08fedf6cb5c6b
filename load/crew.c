/*
 * Who is there when. It must not know how requests are sent, nor who is told
 * what came of them.
 */
#include "load/crew.h"

#include <stdlib.h>

#include "base/util.h"
#include "load/pace.h"
#include "load/place.h"
#include "load/pool.h"
#include "load/schedule.h"

enum {
	STEPS_AT_ONCE = 64, /* users begun before others have their turn */
	NUMBERS_LEAST = 1000
};

struct crew {
	struct crew_order order;
	const struct load_options *load;
	struct deal deal;
	struct places places; /* where users are given: ours, by number, as far
				 as they are dealt out */
	bool is_dealt_out;
	bool is_closed;   /* nobody and nothing new */
	uint64_t next_us; /* since the start: when something is due */

	/* users are given */
	size_t n_wanted; /* the first so many places are */
	int64_t extra;
	uint64_t rises_us;    /* since the start: when one more is */
	struct place *called; /* a list */

	struct pool *pools; /* owned, by kind; NULL: users are given */
};

/* --- places ------------------------------------------------------------- */

/* Deals on up to the next place that is ours; false: there is none. */
static bool deal_ours(struct crew *c, struct dealt *dealt)
{
	while (deal_next(&c->deal, dealt))
		if (dealt->worker == c->order.worker)
			return true;
	return false;
}

/* Number i of ours, from 0 on; NULL: we have no such place. */
static struct place *place_at(struct crew *c, size_t i)
{
	struct dealt dealt;

	while (i >= c->places.n && !c->is_dealt_out) {
		if (deal_ours(c, &dealt))
			places_add(&c->places, dealt.index, dealt.kind);
		else
			c->is_dealt_out = true;
	}
	return i < c->places.n ? c->places.at[i] : NULL;
}

static uint64_t passed_us(const struct crew *c)
{
	uint64_t now_us = c->order.engine->now_us;

	return now_us > c->order.start_us ? now_us - c->order.start_us : 0;
}

/* --- users that are given ----------------------------------------------- */

/* The place as the stages know it, which know nothing of extra users; false: it
 * is one that is always wanted. */
static bool plain_number(
    const struct crew *c, const struct place *p, uint64_t *number)
{
	if (c->extra > 0 && p->number < (uint64_t)c->extra)
		return false;
	*number = p->number - (uint64_t)c->extra;
	return true;
}

static uint64_t rise_us(
    const struct crew *c, const struct place *p, uint64_t from_us)
{
	uint64_t number;

	return plain_number(c, p, &number)
		   ? schedule_rise_us(c->load, number, from_us)
		   : from_us;
}

static uint64_t fall_us(
    const struct crew *c, const struct place *p, uint64_t from_us)
{
	uint64_t number;

	return plain_number(c, p, &number)
		   ? schedule_fall_us(c->load, number, from_us)
		   : UINT64_MAX;
}

/* A user who is still leaving is waited for. */
static void want(struct crew *c, struct place *p)
{
	if (p->is_taken)
		p->is_called = true;
	else
		places_begin_user(&c->places, p);
}

static void want_no_more(struct crew *c, struct place *p)
{
	if (p->is_called)
		p->is_called = false;
	else if (p->is_taken)
		engine_finish_user(c->order.engine, &p->user);
}

/* One user comes, or goes; false: it is as it should be until c->next_us. */
static bool follow(struct crew *c, uint64_t now_us)
{
	struct place *next = place_at(c, c->n_wanted);
	struct place *last =
	    c->n_wanted > 0 ? c->places.at[c->n_wanted - 1] : NULL;
	uint64_t rises_us =
	    next != NULL ? rise_us(c, next, now_us) : UINT64_MAX;
	uint64_t falls_us =
	    last != NULL ? fall_us(c, last, now_us) : UINT64_MAX;

	if (rises_us <= now_us) {
		c->n_wanted++;
		want(c, next);
		return true;
	}
	if (falls_us <= now_us) {
		c->n_wanted--;
		want_no_more(c, last);
		return true;
	}
	c->rises_us = rises_us;
	c->next_us = rises_us < falls_us ? rises_us : falls_us;
	return false;
}

/* The run is over: who is not wanted any more by now is not there at its end,
 * however many they are. */
static void let_the_last_go(struct crew *c, uint64_t now_us)
{
	while (c->n_wanted > 0 &&
	       fall_us(c, c->places.at[c->n_wanted - 1], now_us) <= now_us)
		want_no_more(c, c->places.at[--c->n_wanted]);
}

static void call_next_users(struct crew *c)
{
	struct place *p;

	while ((p = place_pop(&c->called)) != NULL)
		if (p->is_called)
			places_begin_user(&c->places, p);
}

static void run_users(struct crew *c, uint64_t now_us, uint64_t end_us)
{
	if (end_us == 0)
		return;
	call_next_users(c);
	if (now_us >= end_us)
		now_us = end_us - 1;
	if (c->next_us > now_us)
		return;
	c->next_us = now_us;
	for (int i = 0; i < STEPS_AT_ONCE; i++)
		if (!follow(c, now_us))
			return;
}

void crew_add(struct crew *c, int64_t users)
{
	int64_t most = (int64_t)(c->places.numbers - c->load->users);
	int64_t least = -(int64_t)c->load->users;

	if (c->pools != NULL)
		return;
	c->extra += users;
	if (c->extra > most)
		c->extra = most;
	if (c->extra < least)
		c->extra = least;
	if (c->extra > 0 &&
	    c->deal.users < c->load->users + (uint64_t)c->extra) {
		c->deal.users = c->load->users + (uint64_t)c->extra;
		c->is_dealt_out = false;
	}
	c->next_us = 0;
}

/* --- tasks that are due ------------------------------------------------- */

static void run_pools(struct crew *c, uint64_t now_us, uint64_t end_us)
{
	uint64_t next_us = UINT64_MAX;

	/* whoever becomes idle or goes meanwhile sets it to 0 */
	c->next_us = UINT64_MAX;
	for (size_t i = 0; i < c->order.plan->n_kinds; i++) {
		uint64_t us = pool_run(&c->pools[i], now_us, end_us);

		if (us < next_us)
			next_us = us;
	}
	if (next_us < c->next_us)
		c->next_us = next_us;
}

static bool are_pools_over(const struct crew *c)
{
	for (size_t i = 0; i < c->order.plan->n_kinds; i++)
		if (!pool_is_over(&c->pools[i]))
			return false;
	return true;
}

static void take_idle(void *context, struct user *u)
{
	struct crew *c = context;
	struct place *p = place_of(u);

	pool_take_idle(&c->pools[p->kind], p);
	c->next_us = 0;
}

/* --- both --------------------------------------------------------------- */

static void take_gone(void *context, struct user *u)
{
	struct crew *c = context;
	struct place *p = place_of(u);

	p->is_taken = false;
	if (c->pools != NULL)
		pool_take_gone(&c->pools[p->kind], p);
	else if (p->is_called && p->list == PLACE_UNLISTED)
		place_push(&c->called, PLACE_CALLED, p);
	c->next_us = 0;
}

void crew_run(struct crew *c, uint64_t end_us)
{
	uint64_t start_us = c->order.start_us;

	if (c->is_closed || c->order.engine->now_us < start_us)
		return;
	end_us = end_us > start_us ? end_us - start_us : 0;
	if (c->pools != NULL)
		run_pools(c, passed_us(c), end_us);
	else
		run_users(c, passed_us(c), end_us);
}

uint64_t crew_next_us(const struct crew *c)
{
	if (c->is_closed || c->next_us > UINT64_MAX - c->order.start_us)
		return UINT64_MAX;
	return c->order.start_us + c->next_us;
}

uint64_t crew_wanted(const struct crew *c)
{
	return c->pools != NULL ? UINT64_MAX : c->n_wanted;
}

bool crew_expects_users(const struct crew *c)
{
	if (c->is_closed)
		return false;
	if (c->pools != NULL)
		return !are_pools_over(c);
	if (c->rises_us != UINT64_MAX || c->called != NULL)
		return true;
	/* those of the plan who are not wanted now may be wanted again, by
	 * keys */
	return c->n_wanted < c->places.n &&
	       c->places.at[c->n_wanted]->number < c->load->users;
}

static void for_all(
    struct crew *c, void (*tell)(struct engine *e, struct user *u))
{
	c->is_closed = true;
	for (size_t i = 0; i < c->places.n; i++)
		if (c->places.at[i]->is_taken)
			tell(c->order.engine, &c->places.at[i]->user);
}

void crew_finish(struct crew *c)
{
	for_all(c, engine_finish_user);
}

void crew_stop(struct crew *c, uint64_t end_us)
{
	size_t n = c->pools != NULL ? c->order.plan->n_kinds : 0;

	if (!c->is_closed && end_us > c->order.start_us)
		for (size_t i = 0; i < n; i++)
			pool_drop_rest(
			    &c->pools[i], end_us - c->order.start_us);
	if (c->pools == NULL && !c->is_closed)
		let_the_last_go(c, passed_us(c));
	for_all(c, engine_stop_user);
}

void crew_interrupt(struct crew *c)
{
	for_all(c, engine_interrupt_user);
}

/* --- beginning and end -------------------------------------------------- */

/* What [load] iterations leave for us: by our part of the users, and as far as
 * [user] iterations allow. */
static uint64_t share_of_tasks(const struct crew_order *order)
{
	const struct plan *plan = order->plan;
	uint32_t n = roster_workers(order->roster);
	uint64_t *users = xcalloc(n, sizeof(*users));
	uint64_t *room = xcalloc(n, sizeof(*room));
	struct deal deal;
	struct dealt dealt;
	uint64_t share;

	deal_init(&deal, plan, order->roster);
	while (deal_next(&deal, &dealt)) {
		uint64_t most = plan->kinds[dealt.kind]->iterations;
		uint64_t *r = &room[dealt.worker];

		/* where a rate is given the next user goes on */
		if (plan->load.model == LOAD_RATE)
			most = 0;
		users[dealt.worker]++;
		*r = most == 0 || most > UINT64_MAX - *r ? UINT64_MAX
							 : *r + most;
	}
	deal_clear(&deal);
	share = pace_share_within(
	    plan->load.iterations, users, room, n, order->worker);
	free(users);
	free(room);
	return share;
}

static void open_pools(struct crew *c)
{
	size_t n = c->order.plan->n_kinds;
	struct dealt dealt;

	c->pools = xcalloc(n, sizeof(*c->pools));
	while (deal_ours(c, &dealt))
		pool_add_number(&c->pools[dealt.kind], dealt.index);
	for (size_t i = 0; i < n; i++) {
		struct pool *pool = &c->pools[i];

		pool->places = &c->places;
		pool->lag = c->order.lag;
		pool->kind = i;
		pool->start_us = c->order.start_us;
		pool_open(pool);
	}
}

/* A power of ten with room for as many users again: it stands in front of the
 * number of a user who is not the first in its place. */
uint64_t crew_most_users(uint64_t users)
{
	uint64_t n = NUMBERS_LEAST;

	while (n / 2 < users)
		n *= 10;
	return n;
}

struct crew *crew_new(const struct crew_order *order)
{
	struct crew *c = xcalloc(1, sizeof(*c));
	struct engine *e = order->engine;

	c->order = *order;
	c->load = &order->plan->load;
	c->places = (struct places) {.plan = order->plan,
	    .engine = e,
	    .seed = order->seed,
	    .numbers = crew_most_users(c->load->users)};
	deal_init(&c->deal, order->plan, order->roster);
	if (c->load->iterations > 0)
		e->world.tasks_left = share_of_tasks(order);
	if (c->load->model == LOAD_RATE)
		open_pools(c);
	engine_follow_users(
	    e, c, c->pools != NULL ? take_idle : NULL, take_gone);
	return c;
}

void crew_free(struct crew *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; c->pools != NULL && i < c->order.plan->n_kinds; i++)
		pool_clear(&c->pools[i]);
	free(c->pools);
	places_clear(&c->places);
	deal_clear(&c->deal);
	free(c);
}
