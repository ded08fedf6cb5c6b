/*
 * Places and their lists. It must not know when anybody comes.
 */
#include "load/place.h"

#include <assert.h>
#include <stdlib.h>

#include "base/util.h"

struct place *place_of(struct user *u)
{
	return (struct place *)(void *)u;
}

struct place *places_add(struct places *places, uint64_t number, size_t kind)
{
	struct place *p = xcalloc(1, sizeof(*p));

	p->number = number;
	p->kind = kind;
	places->at =
	    grow(places->at, places->n, &places->cap, sizeof(*places->at));
	places->at[places->n++] = p;
	return p;
}

void places_begin_user(struct places *places, struct place *p)
{
	uint64_t index = p->number + p->users * places->numbers;

	assert(!p->is_taken);
	if (p->users > 0)
		engine_end_user(places->engine, &p->user);
	p->users++;
	p->is_taken = true;
	p->is_called = false;
	engine_begin_user(places->engine, &p->user,
	    places->plan->kinds[p->kind], index, places->seed);
}

void places_clear(struct places *places)
{
	for (size_t i = 0; i < places->n; i++) {
		if (places->at[i]->users > 0)
			engine_end_user(places->engine, &places->at[i]->user);
		free(places->at[i]);
	}
	free(places->at);
}

void place_push(struct place **first, enum place_list list, struct place *p)
{
	assert(p->list == PLACE_UNLISTED);
	p->list = list;
	p->next = *first;
	*first = p;
}

struct place *place_pop(struct place **first)
{
	struct place *p = *first;

	if (p == NULL)
		return NULL;
	*first = p->next;
	p->next = NULL;
	p->list = PLACE_UNLISTED;
	return p;
}
