/*
 * Expressions as tables. It must not know what is done with a match.
 *
 * A state is the places that just took the byte, and the next state depends on
 * nothing but the next byte. There are about as many as an expression has
 * places, or two to the power of that: hence their number has a limit. It is a
 * limit for regexec() too, which makes a state the first time that a text leads
 * to it, and tells them apart by all that it came through behind those places,
 * and so not always by what may come next alone.
 */
#include "plan/regex_machine.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

enum {
	STATES_MAX = 2000,
	WORK_MAX = 1 << 22, /* to make the states, in places */
	SLOTS = 4096        /* a power of two above STATES_MAX */
};

/* Where in a state a match may end. */
enum end { END_NOT, END_WITH_TEXT, END_ANYWHERE };

/*
 * A state is where its row begins in the table. A row has the next state for
 * each kind of byte, 0 where nothing can come of it, and an `enum end`.
 */
struct machine {
	unsigned char columns[BYTES]; /* of each byte */
	size_t n_columns;
	uint32_t *table; /* owned */
	uint32_t start;  /* at the beginning of the text */
	uint32_t further;
	/* Whether to start at such a byte, further on; with one alone it is
	 * that. */
	bool begins[BYTES];
	size_t n_begins;
	unsigned char begin;
	size_t n_states;
	size_t width;
};

/* --- states ------------------------------------------------------------- */

struct state {
	struct places taken;
	struct places next; /* behind them */
};

struct builder {
	const struct expression *e;
	struct machine *m;
	struct places again; /* what may come next in each state */
	struct state list[STATES_MAX];
	size_t n;
	uint16_t slots[SLOTS];      /* numbers in the list, and one; 0: free */
	unsigned char bytes[BYTES]; /* one for each column */
	size_t work;
	bool is_too_much;
};

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

static enum end find_end(const struct builder *b, const struct places *next)
{
	enum end end = END_NOT;

	if (places_has(next, b->e->n - 1))
		return END_ANYWHERE;
	for (size_t i = 0; i < b->e->n; i++)
		if (b->e->bounds[i] == BOUND_END && places_has(next, i))
			end = END_WITH_TEXT;
	return end;
}

static size_t row_size(const struct machine *m)
{
	return m->n_columns + 1;
}

/* The row of number i in the list; row 0 is of none. */
static uint32_t row_of(const struct builder *b, size_t i)
{
	return (uint32_t)((i + 1) * row_size(b->m));
}

static uint32_t append_state(struct builder *b, const struct state *state)
{
	struct machine *m = b->m;
	size_t size = row_size(m), width = places_count(&state->next);
	uint32_t row = row_of(b, b->n);

	if (b->n == STATES_MAX) {
		b->is_too_much = true;
		return 0;
	}
	b->list[b->n++] = *state;
	m->table = xreallocarray(m->table, row + size, sizeof(*m->table));
	for (size_t i = 0; i < size; i++)
		m->table[row + i] = 0;
	m->table[row + m->n_columns] = find_end(b, &state->next);
	if (m->width < width)
		m->width = width;
	return row;
}

static uint64_t hash(const struct places *taken)
{
	uint64_t h = 0;

	for (size_t i = 0; i < PLACES_WORDS; i++)
		h = (h ^ taken->bits[i]) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

/* The row of a state that is there, or is now. */
static uint32_t put_state(struct builder *b, const struct state *state)
{
	uint64_t slot = hash(&state->taken) % SLOTS;
	uint32_t row;

	for (; b->slots[slot] != 0; slot = (slot + 1) % SLOTS)
		if (places_equal(
			&b->list[b->slots[slot] - 1].taken, &state->taken))
			return row_of(b, b->slots[slot] - 1u);
	row = append_state(b, state);
	b->slots[slot] = (uint16_t)b->n;
	return row;
}

/* The state that the byte leads to. */
static uint32_t find_next(
    struct builder *b, const struct places *from, unsigned char c)
{
	struct state state = {.taken = *from, .next = b->again};

	places_intersect(&state.taken, &b->e->takers[c]);
	for (size_t i = places_next(&state.taken, 0); i < PLACES_MAX;
	     i = places_next(&state.taken, i + 1)) {
		places_unite(&state.next, &b->e->follow[i]);
		b->work++;
	}
	b->is_too_much |= b->work > WORK_MAX;
	return places_next(&state.next, 0) < PLACES_MAX ? put_state(b, &state)
							: 0;
}

/* Bytes that all places treat alike have one column. */
static void choose_columns(struct builder *b)
{
	const struct places *takers = b->e->takers;
	struct machine *m = b->m;

	for (size_t c = 0; c < BYTES; c++) {
		size_t i = 0;

		while (i < m->n_columns &&
		       !places_equal(&takers[c], &takers[b->bytes[i]]))
			i++;
		if (i == m->n_columns)
			b->bytes[m->n_columns++] = (unsigned char)c;
		m->columns[c] = (unsigned char)i;
	}
}

/* Follows all that texts can do; but what is found need not go on. */
static void add_states(struct builder *b, enum machine_kind kind)
{
	struct machine *m = b->m;

	for (size_t i = 0; i < b->n && !b->is_too_much; i++) {
		uint32_t row = row_of(b, i);

		if (kind == MACHINE_SEARCH &&
		    m->table[row + m->n_columns] == END_ANYWHERE)
			continue;
		for (size_t k = 0; k < m->n_columns && !b->is_too_much; k++) {
			uint32_t next =
			    find_next(b, &b->list[i].next, b->bytes[k]);

			/* by now the table may be elsewhere */
			m->table[row + k] = next;
		}
	}
}

static void build(struct builder *b, enum machine_kind kind)
{
	struct machine *m = b->m;
	struct state state = {.next = beginning(b->e, true)};

	choose_columns(b);
	m->start = append_state(b, &state);
	state.next = beginning(b->e, false);
	m->further = put_state(b, &state);
	if (kind == MACHINE_SEARCH)
		b->again = state.next;
	add_states(b, kind);
	m->n_states = b->n;
	if (b->is_too_much)
		return;
	for (size_t c = 0; c < BYTES; c++) {
		m->begins[c] =
		    m->table[m->further + m->columns[c]] != 0 ||
		    m->table[m->further + m->n_columns] == END_ANYWHERE;
		m->n_begins += m->begins[c];
		if (m->begins[c])
			m->begin = (unsigned char)c;
	}
}

struct machine *machine_new(const struct expression *e, enum machine_kind kind)
{
	struct builder *b = xcalloc(1, sizeof(*b));
	struct machine *m = xcalloc(1, sizeof(*m));

	b->e = e;
	b->m = m;
	build(b, kind);
	if (b->is_too_much) {
		machine_free(m);
		m = NULL;
	}
	free(b);
	return m;
}

void machine_free(struct machine *m)
{
	if (m == NULL)
		return;
	free(m->table);
	free(m);
}

size_t machine_states(const struct machine *m)
{
	return m->n_states;
}

size_t machine_width(const struct machine *m)
{
	return m->width;
}

/* --- running ------------------------------------------------------------ */

size_t machine_skip(
    const struct machine *m, struct regex_text text, size_t from)
{
	const unsigned char *bytes = (const unsigned char *)text.bytes, *begin;

	if (from == 0)
		return 0;
	if (m->n_begins == 1) {
		begin = memchr(bytes + from, m->begin, text.len - from);
		return begin != NULL ? (size_t)(begin - bytes) : text.len;
	}
	while (from < text.len && !m->begins[bytes[from]])
		from++;
	return from;
}

size_t machine_run(
    const struct machine *m, struct regex_text text, size_t from, size_t *end)
{
	const unsigned char *bytes = (const unsigned char *)text.bytes;
	const uint32_t *row = m->table + (from == 0 ? m->start : m->further);
	uint32_t next;
	size_t at;

	*end = NOWHERE;
	for (at = from; at < text.len; at++) {
		if (row[m->n_columns] == END_ANYWHERE)
			*end = at;
		next = row[m->columns[bytes[at]]];
		if (next == 0)
			return at;
		row = m->table + next;
	}
	if (row[m->n_columns] == END_ANYWHERE ||
	    (row[m->n_columns] == END_WITH_TEXT && !text.is_cut))
		*end = at;
	return at;
}
