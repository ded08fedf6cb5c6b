/*
 * Whose turn it is: an endless sequence of workers in which each part of a
 * roster stands by its weight, and the workers of a host stand alike. It is the
 * same for whoever works it out. For pace.c alone.
 *
 * Of the first n turns of a part, each part right below it has less than one
 * more or less than n times its share of their weights; so in any n turns on
 * end it is less than two off. A part d levels below the whole is off by less
 * than d, and less than 2 d. After so many turns as the weights make by their
 * greatest common divisor it is exact.
 *
 * A sum of weights above 65,536, or a lower bound where parts with further
 * parts are many, is rounded to that first; then nobody has none.
 */
#ifndef LOAD_TURNS_H
#define LOAD_TURNS_H

#include "load/roster.h"

struct turns {
	struct turns_part *parts; /* owned: as in the roster */
	struct turn *at;          /* owned: the rounds of all parts */
};

struct turn_of {
	uint32_t worker;
	uint32_t child; /* the part right below the whole that it is in, from 0
			   on; 0 where there is none */
};

/* The roster is not needed any more then. */
void turns_init(struct turns *t, const struct roster *roster);
void turns_clear(struct turns *t);
/* Who has turn number `number`, from 0 on. */
struct turn_of turns_find(const struct turns *t, uint64_t number);

#endif
