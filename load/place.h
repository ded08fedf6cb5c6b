/*
 * Places for users on one worker: one user after another may have a place. For
 * crew.c and pool.c alone.
 */
#ifndef LOAD_PLACE_H
#define LOAD_PLACE_H

#include "load/engine.h"

enum place_list {
	PLACE_UNLISTED,
	PLACE_IDLE,   /* its user waits for a task */
	PLACE_VACANT, /* its user is gone, and another may come */
	PLACE_CALLED  /* the same, and another is to come now */
};

struct place {
	struct user user; /* first: whose place it is */
	uint64_t number;  /* in the whole run */
	size_t kind;
	uint64_t users;       /* who have had it */
	bool is_taken;        /* its user is not gone */
	bool is_called;       /* the next user comes when this one is gone */
	bool is_coming;       /* its user was brought, and was not idle yet */
	enum place_list list; /* that it stands in */
	struct place *next;   /* in that list */
};

/* All of a worker. */
struct places {
	const struct plan *plan; /* borrowed, as is the engine */
	struct engine *engine;
	uint64_t seed;
	uint64_t numbers;  /* there are fewer places than that, ever */
	struct place **at; /* owned, each too; in the order they were added */
	size_t n;
	size_t cap;
};

void places_clear(struct places *places);
struct place *places_add(struct places *places, uint64_t number, size_t kind);
/* A new user for a place whose last one is gone. Nobody else in the run ever
 * has the number that this user has: the first has that of the place, later
 * ones are a round number above it. */
void places_begin_user(struct places *places, struct place *p);
/* The place that a user has. */
struct place *place_of(struct user *u);

/* A place stands in one list at most. */
void place_push(struct place **first, enum place_list list, struct place *p);
/* The last that was pushed; NULL: none. */
struct place *place_pop(struct place **first);

#endif
