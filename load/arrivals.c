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
