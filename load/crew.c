/*
 * Who is there when. It must not know how requests are sent, nor who is told
 * what came of them.
 */
#include "load/crew.h"

#include <stdlib.h>

#include "base/util.h"
#include "load/arrivals.h"
#include "load/pace.h"
#include "load/schedule.h"

enum {
	STEPS_AT_ONCE = 64, /* users and tasks begun before others have their
			       turn */
	NUMBERS_LEAST = 1000
};

/* A place for a user: one after another may have it. */
struct place {
	struct user user; /* first: whose place it is */
	uint64_t number;  /* in the whole run */
	size_t kind;
	uint64_t users; /* who have had it */
	bool is_taken;  /* its user is not gone */
	bool is_called; /* the next user comes when this one is gone */
	bool is_listed; /* idle, or ready; the user may have left since */
	bool has_due;   /* its user is to begin a task that was due then: */
	uint64_t due_us;
	struct place *next; /* in the list it is in */
};

/* Of one kind of user, where the plan gives a rate. */
struct pool {
	struct arrivals arrivals;
	uint64_t *numbers; /* owned: of our places */
	size_t n;
	size_t cap;
	size_t n_used;        /* the first so many have had a user */
	struct place *idle;   /* who wait for tasks */
	struct place *vacant; /* whose users are gone */
	uint64_t looked_us;   /* up to when all that was due had a user */
};

struct crew {
	struct crew_order order;
	const struct load_options *load;
	struct deal deal;
	struct place **places; /* owned, each too: ours, by number, as far as
				  they are dealt out */
	size_t n_places;
	size_t cap_places;
	bool is_dealt_out;
	uint64_t numbers; /* there are fewer places than that, ever */
	bool is_closed;   /* nobody and nothing new */
	uint64_t next_us; /* since the start: when something is due */

	/* users are given */
	size_t n_wanted; /* the first so many places are */
	int64_t extra;
	struct place *called; /* gone, and the next user may come */

	struct pool *pools;  /* owned, by kind; NULL: users are given */
	struct place *ready; /* idle now, with a task that is due */
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

static struct place *add_place(struct crew *c, uint64_t number, size_t kind)
{
	struct place *p = xcalloc(1, sizeof(*p));

	p->number = number;
	p->kind = kind;
	c->places =
	    grow(c->places, c->n_places, &c->cap_places, sizeof(*c->places));
	c->places[c->n_places++] = p;
	return p;
}

/* Number i of ours, from 0 on; NULL: we have no such place. */
static struct place *place_at(struct crew *c, size_t i)
{
	struct dealt dealt;

	while (i >= c->n_places && !c->is_dealt_out) {
		if (deal_ours(c, &dealt))
			add_place(c, dealt.index, dealt.kind);
		else
			c->is_dealt_out = true;
	}
	return i < c->n_places ? c->places[i] : NULL;
}

/* Nobody else in the run ever has the number that its user has: the first has
 * that of the place, later ones are a round number above it. */
static void begin_user(struct crew *c, struct place *p)
{
	uint64_t index = p->number + p->users * c->numbers;

	if (p->users > 0)
		engine_end_user(c->order.engine, &p->user);
	p->users++;
	p->is_taken = true;
	p->is_called = false;
	engine_begin_user(c->order.engine, &p->user,
	    c->order.plan->kinds[p->kind], index, c->order.seed);
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
		begin_user(c, p);
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
	    c->n_wanted > 0 ? c->places[c->n_wanted - 1] : NULL;
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
	c->next_us = rises_us < falls_us ? rises_us : falls_us;
	return false;
}

static void call_next_users(struct crew *c)
{
	while (c->called != NULL) {
		struct place *p = c->called;

		c->called = p->next;
		if (p->is_called && !p->is_taken)
			begin_user(c, p);
	}
}

static void run_users(struct crew *c, uint64_t now_us)
{
	call_next_users(c);
	if (c->next_us > now_us)
		return;
	c->next_us = now_us;
	for (int i = 0; i < STEPS_AT_ONCE; i++)
		if (!follow(c, now_us))
			return;
}

void crew_add(struct crew *c, int64_t users)
{
	int64_t most = (int64_t)(c->numbers - c->load->users);
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

static struct place *pop(struct place **list)
{
	struct place *p = *list;

	if (p != NULL)
		*list = p->next;
	return p;
}

static void push(struct place **list, struct place *p)
{
	p->next = *list;
	*list = p;
}

/* Somebody who is free; NULL: nobody is. Those who left meanwhile are still
 * listed. */
static struct place *pop_idle(struct pool *pool)
{
	struct place *p;

	while ((p = pop(&pool->idle)) != NULL) {
		p->is_listed = false;
		if (p->is_taken && user_is_idle(&p->user))
			return p;
		if (!p->is_taken)
			push(&pool->vacant, p);
	}
	return NULL;
}

static void begin_task(struct crew *c, struct place *p, uint64_t due_us)
{
	struct engine *e = c->order.engine;
	uint64_t due_at_us = c->order.start_us + due_us;
	uint64_t lag_us = e->now_us > due_at_us ? e->now_us - due_at_us : 0;

	p->has_due = false;
	e->books->intended++;
	hist_record(c->order.lag, lag_us);
	engine_begin_task(e, &p->user, lag_us);
}

/* A user who comes for this task; false: there is no place. */
static bool bring_user(struct crew *c, struct pool *pool, uint64_t due_us)
{
	struct place *p = pop(&pool->vacant);

	if (p == NULL && pool->n_used < pool->n)
		p = add_place(c, pool->numbers[pool->n_used++],
		    (size_t)(pool - c->pools));
	if (p == NULL)
		return false;
	p->has_due = true;
	p->due_us = due_us;
	begin_user(c, p);
	return true;
}

static void drop_task(struct crew *c)
{
	c->order.engine->books->intended++;
	c->order.engine->books->dropped++;
}

/* The task at hand finds somebody, or is dropped; false: it has to wait. */
static bool hand_out(struct crew *c, struct pool *pool)
{
	uint64_t due_us = pool->arrivals.due_us;
	struct place *p = pop_idle(pool);
	bool is_late = due_us < pool->looked_us;

	if (p == NULL && !bring_user(c, pool, due_us)) {
		if (c->load->late == LATE_QUEUE)
			return false;
		drop_task(c);
	} else {
		c->order.engine->books->late += is_late;
	}
	arrivals_next(&pool->arrivals);
	if (p != NULL)
		begin_task(c, p, due_us);
	return true;
}

/* When it wants to be called again. */
static uint64_t run_pool(
    struct crew *c, struct pool *pool, uint64_t now_us, uint64_t end_us)
{
	for (int i = 0; i < STEPS_AT_ONCE; i++) {
		uint64_t due_us = pool->arrivals.due_us;
		bool is_due = due_us <= now_us && due_us < end_us;

		if (is_due && hand_out(c, pool))
			continue;
		pool->looked_us = now_us;
		/* one that has to wait waits for take_idle() */
		return is_due || due_us >= end_us ? UINT64_MAX : due_us;
	}
	return now_us;
}

/* Users who came for a task, and are ready for it. */
static void begin_ready(struct crew *c)
{
	struct place *p;

	while ((p = pop(&c->ready)) != NULL) {
		p->is_listed = false;
		if (!p->is_taken)
			push(&c->pools[p->kind].vacant, p);
		else if (p->has_due && user_is_idle(&p->user))
			begin_task(c, p, p->due_us);
	}
}

static void run_pools(struct crew *c, uint64_t now_us, uint64_t end_us)
{
	uint64_t next_us = UINT64_MAX;

	for (size_t i = 0; i < c->order.plan->n_kinds; i++) {
		uint64_t us = run_pool(c, &c->pools[i], now_us, end_us);

		if (us < next_us)
			next_us = us;
	}
	c->next_us = next_us;
	begin_ready(c);
}

/* A task whose user is gone before it could begin. */
static void forgo_task(struct crew *c, struct place *p)
{
	if (p->has_due)
		drop_task(c);
	p->has_due = false;
}

/* What was due and found nobody. */
static void drop_the_rest(struct crew *c, uint64_t end_us)
{
	for (size_t i = 0; i < c->order.plan->n_kinds; i++) {
		struct arrivals *a = &c->pools[i].arrivals;

		for (; a->due_us < end_us; arrivals_next(a))
			drop_task(c);
	}
	for (size_t i = 0; i < c->n_places; i++)
		forgo_task(c, c->places[i]);
}

static void take_idle(void *context, struct user *u)
{
	struct crew *c = context;
	struct place *p = (struct place *)(void *)u;

	if (!p->is_listed)
		push(p->has_due ? &c->ready : &c->pools[p->kind].idle, p);
	p->is_listed = true;
	c->next_us = 0;
}

/* --- both --------------------------------------------------------------- */

static void take_gone(void *context, struct user *u)
{
	struct crew *c = context;
	struct place *p = (struct place *)(void *)u;

	p->is_taken = false;
	if (c->pools != NULL) {
		forgo_task(c, p);
		if (!p->is_listed)
			push(&c->pools[p->kind].vacant, p);
		c->next_us = 0;
	} else if (p->is_called) {
		push(&c->called, p);
		c->next_us = 0;
	}
}

void crew_run(struct crew *c, uint64_t end_us)
{
	uint64_t start_us = c->order.start_us;

	if (c->is_closed || c->order.engine->now_us < start_us)
		return;
	if (c->pools != NULL)
		run_pools(
		    c, passed_us(c), end_us > start_us ? end_us - start_us : 0);
	else
		run_users(c, passed_us(c));
}

uint64_t crew_next_us(const struct crew *c)
{
	if (c->is_closed || c->next_us > UINT64_MAX - c->order.start_us)
		return UINT64_MAX;
	return c->order.start_us + c->next_us;
}

bool crew_expects_users(const struct crew *c)
{
	bool are_taken_away = c->extra < 0 && c->n_wanted == 0;

	return crew_next_us(c) != UINT64_MAX ||
	       (!c->is_closed && are_taken_away);
}

void crew_finish(struct crew *c)
{
	c->is_closed = true;
	for (size_t i = 0; i < c->n_places; i++)
		if (c->places[i]->is_taken)
			engine_finish_user(
			    c->order.engine, &c->places[i]->user);
}

void crew_stop(struct crew *c, uint64_t end_us)
{
	bool was_closed = c->is_closed;

	c->is_closed = true;
	if (c->pools != NULL && !was_closed && end_us > c->order.start_us)
		drop_the_rest(c, end_us - c->order.start_us);
	for (size_t i = 0; i < c->n_places; i++)
		if (c->places[i]->is_taken)
			engine_stop_user(c->order.engine, &c->places[i]->user);
}

void crew_interrupt(struct crew *c)
{
	c->is_closed = true;
	for (size_t i = 0; i < c->n_places; i++)
		if (c->places[i]->is_taken)
			engine_interrupt_user(
			    c->order.engine, &c->places[i]->user);
}

/* --- beginning and end -------------------------------------------------- */

/* What [load] iterations leave for us: by our part of the users, and as far as
 * [user] iterations allow. */
static uint64_t share_of_tasks(const struct crew_order *order)
{
	const struct plan *plan = order->plan;
	uint32_t n = order->workers;
	uint64_t *users = xcalloc(n, sizeof(*users));
	uint64_t *room = xcalloc(n, sizeof(*room));
	struct deal deal;
	struct dealt dealt;
	uint64_t share;

	deal_init(&deal, plan, n);
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
	while (deal_ours(c, &dealt)) {
		struct pool *pool = &c->pools[dealt.kind];

		pool->numbers = grow(
		    pool->numbers, pool->n, &pool->cap, sizeof(*pool->numbers));
		pool->numbers[pool->n++] = dealt.index;
	}
	for (size_t i = 0; i < n; i++)
		arrivals_init(&c->pools[i].arrivals, c->load,
		    c->pools[i].numbers, c->pools[i].n, c->order.seed);
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
	c->numbers = crew_most_users(c->load->users);
	deal_init(&c->deal, order->plan, order->workers);
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
	for (size_t i = 0; i < c->n_places; i++) {
		if (c->places[i]->users > 0)
			engine_end_user(c->order.engine, &c->places[i]->user);
		free(c->places[i]);
	}
	for (size_t i = 0; c->pools != NULL && i < c->order.plan->n_kinds; i++)
		free(c->pools[i].numbers);
	free(c->pools);
	free(c->places);
	deal_clear(&c->deal);
	free(c);
}
