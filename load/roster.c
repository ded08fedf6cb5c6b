/*
 * Parts in parts, in one array. It must not know users, nor how a roster comes
 * from one host to another.
 */
#include "load/roster.h"

#include <assert.h>
#include <stdlib.h>

#include "base/util.h"

/* --- making ------------------------------------------------------------- */

void roster_add(struct roster *r, struct roster_part part)
{
	r->parts = grow(r->parts, r->n, &r->cap, sizeof(*r->parts));
	r->parts[r->n++] = part;
}

void roster_alike(struct roster *r, uint32_t workers)
{
	assert(workers > 0);
	r->n = 0;
	roster_add(r, (struct roster_part) {.weight = 1, .workers = workers});
}

void roster_clear(struct roster *r)
{
	free(r->parts);
	*r = (struct roster) {0};
}

uint32_t roster_workers(const struct roster *r)
{
	return r->parts[0].workers;
}

/* --- walking ------------------------------------------------------------ */

/* Where we are: parts that are not complete yet, one within the other. */
struct walk {
	struct walk_part {
		uint32_t parts;   /* that are still to come */
		uint32_t workers; /* that they still have to have */
	} open[ROSTER_MAX_DEPTH];
	size_t depth;
};

static bool is_part_sound(const struct roster_part *part)
{
	return part->weight >= 1 && part->weight <= ROSTER_MAX_WEIGHT &&
	       part->workers >= 1 && part->workers <= ROSTER_MAX_WORKERS;
}

/* On to a part; false: it does not fit in there. */
static bool walk_into(struct walk *w, const struct roster_part *part)
{
	if (w->depth > 0) {
		struct walk_part *above = &w->open[w->depth - 1];

		if (part->workers > above->workers)
			return false;
		above->workers -= part->workers;
		above->parts--;
	}
	if (part->parts == 0)
		return true;
	/* there is a leaf below it */
	if (w->depth >= ROSTER_MAX_DEPTH - 1)
		return false;
	w->open[w->depth++] = (struct walk_part) {part->parts, part->workers};
	return true;
}

/* Leaves what is complete; false: it has not as many workers as it says. */
static bool walk_out(struct walk *w)
{
	while (w->depth > 0 && w->open[w->depth - 1].parts == 0)
		if (w->open[--w->depth].workers != 0)
			return false;
	return true;
}

bool roster_is_sound(const struct roster *r)
{
	struct walk w = {.depth = 0};

	if (r->n < 1 || r->n > ROSTER_MAX_PARTS)
		return false;
	for (size_t i = 0; i < r->n; i++) {
		if (i > 0 && w.depth == 0)
			return false; /* behind the whole */
		if (!is_part_sound(&r->parts[i]) ||
		    !walk_into(&w, &r->parts[i]) || !walk_out(&w))
			return false;
	}
	return w.depth == 0;
}

/* How many parts number i is, with those below it. */
static size_t parts_of(const struct roster *r, size_t i)
{
	size_t left = 1, n = 0;

	for (; left > 0; n++)
		left += r->parts[i + n].parts - (size_t)1;
	return n;
}

struct roster_child roster_child(const struct roster *r, uint32_t child)
{
	struct roster_child c = {.index = 1};

	assert(child < r->parts[0].parts);
	for (uint32_t i = 0; i < child; i++) {
		c.first_worker += r->parts[c.index].workers;
		c.index += parts_of(r, c.index);
	}
	c.n = parts_of(r, c.index);
	return c;
}

/* --- parts below the whole ---------------------------------------------- */

/* Levels that parts are on; 1: there is only one. */
static size_t levels(const struct roster *r)
{
	struct walk w = {.depth = 0};
	size_t most = 0;

	for (size_t i = 0; i < r->n; i++) {
		walk_into(&w, &r->parts[i]);
		if (w.depth > most)
			most = w.depth;
		walk_out(&w);
	}
	return most + 1;
}

bool roster_append(struct roster *r, const struct roster *part, uint32_t weight)
{
	uint32_t workers = r->n > 0 ? r->parts[0].workers : 0;
	size_t n = r->n > 0 ? r->n : 1;

	assert(r->n == 0 || r->parts[0].parts > 0);
	if (weight < 1 || weight > ROSTER_MAX_WEIGHT ||
	    part->n > ROSTER_MAX_PARTS - n ||
	    roster_workers(part) > ROSTER_MAX_WORKERS - workers ||
	    levels(part) >= ROSTER_MAX_DEPTH)
		return false;
	if (r->n == 0)
		roster_add(r, (struct roster_part) {.weight = 1});
	r->parts[0].parts++;
	r->parts[0].workers += roster_workers(part);
	for (size_t i = 0; i < part->n; i++)
		roster_add(r, part->parts[i]);
	r->parts[n].weight = weight;
	return true;
}

void roster_rows(const struct roster *r, uint32_t child, uint64_t from,
    uint64_t upto, uint64_t *child_from, uint64_t *child_upto)
{
	uint64_t rows = upto > from ? upto - from : 0;
	uint64_t before = 0, all = 0, weight = 0;
	size_t i = 1;

	assert(child < r->parts[0].parts);
	for (uint32_t c = 0; c < r->parts[0].parts; c++) {
		if (c == child) {
			before = all;
			weight = r->parts[i].weight;
		}
		all += r->parts[i].weight;
		i += parts_of(r, i);
	}
	*child_from = from + multiply_divide(rows, before, all);
	*child_upto = from + multiply_divide(rows, before + weight, all);
}
