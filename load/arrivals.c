/*
 * Which tasks are ours, and when. It must not know users.
 */
#include "load/arrivals.h"

#include <math.h>

#include "load/schedule.h"

/* No user's random numbers have this index. */
#define ARRIVALS_INDEX (UINT64_MAX - 1)

/* The draws of all tasks up to this one: everybody makes all of them. */
static double draw_upto(struct arrivals *a, uint64_t number)
{
	for (; a->drawn <= number; a->drawn++)
		a->sum += -log(1.0 - rng_unit(&a->rng));
	return a->sum;
}

static void look(struct arrivals *a)
{
	uint64_t number;

	a->due_us = UINT64_MAX;
	if (a->n_places == 0)
		return;
	number = a->rounds * a->load->users + a->places[a->next];
	a->due_us = schedule_due_us(a->load, a->load->spacing == SPACING_POISSON
						 ? draw_upto(a, number)
						 : (double)number);
}

void arrivals_init(struct arrivals *a, const struct load_options *load,
    const uint64_t *places, size_t n_places, uint64_t seed)
{
	*a = (struct arrivals) {
	    .load = load, .places = places, .n_places = n_places};
	rng_init(&a->rng, seed, ARRIVALS_INDEX);
	look(a);
}

void arrivals_next(struct arrivals *a)
{
	if (a->due_us == UINT64_MAX)
		return;
	if (++a->next == a->n_places) {
		a->next = 0;
		a->rounds++;
	}
	look(a);
}

/* How many tasks of the whole run are due before that, when they are even. */
static uint64_t due_before(const struct load_options *load, uint64_t end_us)
{
	uint64_t n = (uint64_t)schedule_due(load, (double)end_us);

	/* the same rounding as the moments have */
	while (schedule_due_us(load, (double)n) < end_us)
		n++;
	while (n > 0 && schedule_due_us(load, (double)(n - 1)) >= end_us)
		n--;
	return n;
}

/* Places below a number. */
static size_t places_below(const struct arrivals *a, uint64_t number)
{
	size_t low = 0, high = a->n_places;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (a->places[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint64_t skip_even(struct arrivals *a, uint64_t end_us)
{
	uint64_t all = due_before(a->load, end_us);
	uint64_t rounds = all / a->load->users;
	size_t next = places_below(a, all % a->load->users);
	uint64_t from = a->rounds * a->n_places + a->next;
	uint64_t to = rounds * a->n_places + next;

	if (to <= from)
		return 0;
	a->rounds = rounds + next / a->n_places;
	a->next = next % a->n_places;
	look(a);
	return to - from;
}

uint64_t arrivals_skip(struct arrivals *a, uint64_t end_us)
{
	uint64_t n = 0;

	if (a->due_us >= end_us)
		return 0;
	if (a->load->spacing == SPACING_EVEN)
		return skip_even(a, end_us);
	for (; a->due_us < end_us; arrivals_next(a))
		n++;
	return n;
}
