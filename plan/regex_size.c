/*
 * How much an expression may need. It must not know texts.
 *
 * A state is the places that just took the byte, and the next state depends on
 * nothing but the next byte. regexec() makes a state the first time that a
 * text leads to it, and keeps it: so their number bounds its time and its
 * memory, whatever the text. It tells states apart by all that it came through
 * behind those places, and so not always by what may come next alone. There
 * are about as many as an expression has places, or two to the power of that:
 * hence they are counted.
 */
#include "plan/regex_size.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/util.h"
#include "plan/regex_places.h"

enum {
	STATES_MAX = 2000,
	WORK_MAX = 4000000, /* to make the states, in places */
	BEHIND_MAX = 64,    /* places that come behind ^ */
	SLOTS = 4096        /* a power of two above STATES_MAX */
};

/* --- bounds ------------------------------------------------------------- */

/* What may come first, at the beginning of the text or further on. */
static struct places beginning(const struct expression *e, bool holds_start)
{
	struct places all = e->first;

	for (size_t i = 0; i < e->n; i++)
		if (holds_start && e->bounds[i] == BOUND_START &&
		    places_has(&e->first, i))
			places_unite(&all, &e->follow[i]);
	return all;
}

/* Whether it can begin at the beginning of the text alone. */
static bool is_anchored(const struct expression *e)
{
	for (size_t i = 0; i < e->n; i++)
		if (places_has(&e->first, i) && e->bounds[i] != BOUND_START)
			return false;
	return true;
}

static size_t count_beginnings(const struct expression *e)
{
	struct places first = beginning(e, true);
	size_t n = 0;

	for (size_t c = 0; c < BYTES; c++)
		n += places_meet(&first, &e->takers[c]);
	return n;
}

/* regcomp() has places that come behind a bound once for each way to them, and
 * with each all the ways on; false: that may be too much. */
static bool check_bounds(const struct expression *e, struct regex_size *size)
{
	size_t n = 0, end = e->n - 1;

	for (size_t i = 0; i < end; i++) {
		if (e->bounds[i] == BOUND_NONE)
			continue;
		if (e->bounds[i] == BOUND_START) {
			n += places_count(&e->follow[i]);
			size->has_start = true;
		}
		size->ends_at_bound |= places_has(&e->follow[i], end);
	}
	return n <= BEHIND_MAX;
}

/* --- states ------------------------------------------------------------- */

struct state {
	struct places taken;
	struct places next; /* behind them */
};

struct states {
	const struct expression *e;
	struct state list[STATES_MAX];
	size_t n;
	uint16_t slots[SLOTS];      /* numbers in the list, and one; 0: free */
	unsigned char bytes[BYTES]; /* one of each kind */
	size_t n_bytes;
	size_t width;
	size_t work;
	bool is_too_much;
};

static uint64_t hash(const struct state *state)
{
	uint64_t h = 0;

	for (size_t i = 0; i < PLACES_WORDS; i++)
		h = (h ^ state->taken.bits[i]) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

static void add_state(struct states *t, const struct state *state)
{
	uint64_t slot = hash(state) % SLOTS;
	size_t width = places_count(&state->next);

	if (width == 0)
		return;
	for (; t->slots[slot] != 0; slot = (slot + 1) % SLOTS) {
		const struct state *other = &t->list[t->slots[slot] - 1];

		if (places_equal(&other->taken, &state->taken))
			return;
	}
	if (t->n == STATES_MAX) {
		t->is_too_much = true;
		return;
	}
	t->list[t->n++] = *state;
	t->slots[slot] = (uint16_t)t->n;
	if (t->width < width)
		t->width = width;
}

/* Where the byte leads to. */
static void add_next(
    struct states *t, const struct state *state, unsigned char c)
{
	const struct expression *e = t->e;
	struct state next = {{{0}}, {{0}}};

	for (size_t i = 0; i < e->n; i++) {
		if (!places_has(&state->next, i) ||
		    !places_has(&e->takers[c], i))
			continue;
		places_put(&next.taken, i);
		places_unite(&next.next, &e->follow[i]);
		t->work += places_count(&e->follow[i]);
	}
	t->is_too_much |= t->work > WORK_MAX;
	add_state(t, &next);
}

/* Of bytes that all places treat alike one will do. */
static void choose_bytes(struct states *t)
{
	const struct places *takers = t->e->takers;

	for (size_t c = 0; c < BYTES; c++) {
		size_t i = 0;

		while (i < t->n_bytes &&
		       !places_equal(&takers[c], &takers[t->bytes[i]]))
			i++;
		if (i == t->n_bytes)
			t->bytes[t->n_bytes++] = (unsigned char)c;
	}
}

/* Follows all that texts can do; false: that is too much. */
static bool count_states(const struct expression *e, struct regex_size *size)
{
	struct states *t = xcalloc(1, sizeof(*t));
	bool is_fine;

	t->e = e;
	choose_bytes(t);
	for (size_t i = 0; i < 2; i++)
		t->list[t->n++].next = beginning(e, i == 0);
	for (size_t i = 0; i < t->n && !t->is_too_much; i++)
		for (size_t k = 0; k < t->n_bytes && !t->is_too_much; k++)
			add_next(t, &t->list[i], t->bytes[k]);
	size->width = t->width;
	is_fine = !t->is_too_much;
	free(t);
	return is_fine;
}

/* NULL: it is fine; otherwise owned by the caller. */
static char *find_excess(const struct expression *e, struct regex_size *size)
{
	size->beginnings = count_beginnings(e);
	size->is_anchored = is_anchored(e);
	size->longest = e->is_endless ? SIZE_MAX : e->n;
	if (!check_bounds(e, size))
		return xasprintf("more than %d characters and sets may come "
				 "next behind ^: write fewer",
		    BEHIND_MAX);
	if (!count_states(e, size))
		return xasprintf(
		    "there are more than %d states to keep apart "
		    "in it: write sets that cannot take what comes "
		    "behind them, without a count, as [^\"]* for "
		    ".{32}",
		    STATES_MAX);
	return NULL;
}

char *regex_measure(const char *text, struct regex_size *size)
{
	struct expression *e = xcalloc(1, sizeof(*e));
	char *defect = expression_read(e, text);

	*size = (struct regex_size) {0};
	if (defect == NULL)
		defect = find_excess(e, size);
	free(e);
	return defect;
}
