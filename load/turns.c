/*
 * Rounds of turns. It must not know users, nor what a turn is for.
 */
#include "load/turns.h"

#include <assert.h>
#include <stdlib.h>

#include "base/util.h"

enum {
	MOST_TURNS = 65536,      /* of a round */
	MOST_TURNS_ALL = 1 << 20 /* of all rounds, more or less */
};

struct turns_part {
	uint32_t place; /* among those beside it */
	uint32_t first_worker;
	uint32_t workers;
	uint32_t times;  /* its turns in a round of the part above */
	uint32_t length; /* of its own round; 0: its workers take turns */
	size_t first;    /* turn of that, in turns.at */
};

struct turn {
	uint32_t part;   /* whose it is: in turns.parts */
	uint32_t before; /* turns that it had in this round before */
};

/* Parts right below one. */
struct family {
	uint32_t n;
	uint32_t *parts;   /* owned: in turns.parts */
	uint64_t *weights; /* owned: in the end turns in a round */
	uint32_t length;   /* of the round */
};

/* One of the turns that a part has in a round. */
struct claim {
	uint32_t member; /* of the family */
	uint32_t number; /* among its own, from 0 on */
	uint64_t from;   /* the first turn of the round that it may be */
	uint64_t due;    /* in a time of its own: divided by the weight it is
			    that of all */
	uint64_t weight;
};

/* --- the length of a round ---------------------------------------------- */

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* From weights to turns in a round of about so many at most. */
static void settle_turns(struct family *f, uint64_t most)
{
	uint64_t divisor = f->weights[0], all = 0, upto = 0, given = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		divisor = common_divisor(f->weights[i], divisor);
		all += f->weights[i];
	}
	if (all / divisor < most)
		most = all / divisor;
	f->length = 0;
	for (uint32_t i = 0; i < f->n; i++) {
		uint64_t before = given;

		/* a roster bounds both factors */
		upto += f->weights[i];
		given = most * upto / all;
		f->weights[i] = given > before ? given - before : 1;
		f->length += (uint32_t)f->weights[i];
	}
}

/* --- a round ------------------------------------------------------------ */

static int compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	uint64_t x_due = x->due * y->weight, y_due = y->due * x->weight;

	if (x_due != y_due)
		return x_due < y_due ? -1 : 1;
	return (x->member > y->member) - (x->member < y->member);
}

/*
 * Source of the method: Tijdeman, "The chairman assignment problem", 1980, as
 * for kinds in pace.c, in whole numbers. Nobody has a turn before it is behind
 * by 1 / (2 n - 2), and of those it is the one that would first be too late.
 */
static struct claim *list_claims(const struct family *f)
{
	struct claim *claims = xcalloc(f->length, sizeof(*claims));
	uint64_t step = f->n > 1 ? 2 * (uint64_t)f->n - 2 : 1;
	size_t n = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		uint64_t weight = f->weights[i];

		for (uint32_t number = 0; number < weight; number++)
			claims[n++] = (struct claim) {.member = i,
			    .number = number,
			    .from = (f->length * (step * number + 1) - 1) /
				    (weight * step),
			    .due = step * ((uint64_t)number + 1) - 1,
			    .weight = weight};
	}
	qsort(claims, n, sizeof(*claims), compare_claims);
	return claims;
}

/* The first turn from this one on that nobody has; next[i] is i for those. */
static size_t find_free(uint32_t *next, size_t turn)
{
	while (next[turn] != turn) {
		next[turn] = next[next[turn]];
		turn = next[turn];
	}
	return turn;
}

/* Whoever is due first takes the first turn that it may have: the same as if
 * each turn went to the first who is due then. */
static void give_turns(const struct family *f, struct turn *at)
{
	struct claim *claims = list_claims(f);
	uint32_t *next = xcalloc((size_t)f->length + 1, sizeof(*next));

	for (uint32_t i = 0; i <= f->length; i++)
		next[i] = i;
	for (uint32_t i = 0; i < f->length; i++) {
		size_t turn = find_free(next, claims[i].from);

		assert(turn < f->length);
		next[turn]++;
		at[turn] = (struct turn) {
		    f->parts[claims[i].member], claims[i].number};
	}
	free(next);
	free(claims);
}

/* --- all rounds --------------------------------------------------------- */

/* How many parts each is, with those below it; owned by the caller. */
static uint32_t *sizes_of(const struct roster *r)
{
	uint32_t *sizes = xcalloc(r->n, sizeof(*sizes));

	for (size_t i = r->n; i-- > 0;) {
		sizes[i] = 1;
		for (uint32_t k = 0; k < r->parts[i].parts; k++)
			sizes[i] += sizes[i + sizes[i]];
	}
	return sizes;
}

static void family_init(struct family *f, const struct roster *r, size_t above,
    const uint32_t *sizes)
{
	uint32_t part = (uint32_t)above + 1;

	f->n = r->parts[above].parts;
	f->parts = xcalloc(f->n, sizeof(*f->parts));
	f->weights = xcalloc(f->n, sizeof(*f->weights));
	for (uint32_t i = 0; i < f->n; i++) {
		f->parts[i] = part;
		f->weights[i] = r->parts[part].weight;
		part += sizes[part];
	}
}

static void family_clear(struct family *f)
{
	free(f->parts);
	free(f->weights);
}

/* The round of one part; returns how long it is. */
static size_t make_round(
    struct turns *t, size_t above, const struct family *f, size_t first)
{
	struct turns_part *part = &t->parts[above];

	part->first = first;
	part->length = f->length;
	for (uint32_t i = 0; i < f->n; i++) {
		t->parts[f->parts[i]].place = i;
		t->parts[f->parts[i]].times = (uint32_t)f->weights[i];
	}
	t->at = xreallocarray(t->at, first + f->length, sizeof(*t->at));
	give_turns(f, t->at + first);
	return f->length;
}

void turns_init(struct turns *t, const struct roster *roster)
{
	uint32_t *sizes = sizes_of(roster);
	uint32_t worker = 0;
	size_t n = 0;

	t->at = NULL;
	t->parts = xcalloc(roster->n, sizeof(*t->parts));
	for (size_t i = 0; i < roster->n; i++) {
		const struct roster_part *part = &roster->parts[i];
		uint64_t most = MOST_TURNS_ALL / roster->n * part->parts;
		struct family f;

		t->parts[i].workers = part->workers;
		t->parts[i].first_worker = worker;
		if (part->parts == 0) {
			worker += part->workers;
			continue;
		}
		family_init(&f, roster, i, sizes);
		settle_turns(&f, most < MOST_TURNS ? most : MOST_TURNS);
		n += make_round(t, i, &f, n);
		family_clear(&f);
	}
	free(sizes);
}

void turns_clear(struct turns *t)
{
	free(t->parts);
	free(t->at);
	*t = (struct turns) {0};
}

/* Each part takes its own turns one by one, whatever comes between. */
struct turn_of turns_find(const struct turns *t, uint64_t number)
{
	const struct turns_part *part = &t->parts[0];
	struct turn_of of = {0};

	while (part->length > 0) {
		const struct turn *turn =
		    &t->at[part->first + number % part->length];
		const struct turns_part *below = &t->parts[turn->part];

		number = number / part->length * below->times + turn->before;
		if (part == &t->parts[0])
			of.child = below->place;
		part = below;
	}
	of.worker = part->first_worker + (uint32_t)(number % part->workers);
	return of;
}
