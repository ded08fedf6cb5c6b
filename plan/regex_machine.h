/*
 * For regex.c alone: an expression as a table, which says for each state and
 * each byte what the next state is. So no byte of a text takes longer than
 * another, and nothing is learnt.
 */
#ifndef PLAN_REGEX_MACHINE_H
#define PLAN_REGEX_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/regex.h"
#include "plan/regex_places.h"

struct machine;

enum machine_kind {
	MACHINE_MATCH, /* a match begins where it is started */
	MACHINE_SEARCH /* there, or anywhere behind */
};

/* NULL: it would be too large. */
struct machine *machine_new(const struct expression *e, enum machine_kind kind);
void machine_free(struct machine *m);
size_t machine_states(const struct machine *m);
/* The places that are in one of them, at most. */
size_t machine_width(const struct machine *m);

/* Where a match may begin, not before `from`; the end of the text otherwise. */
size_t machine_skip(
    const struct machine *m, struct regex_text text, size_t from);

#define NOWHERE ((size_t)-1)
/*
 * Starts at `from`, and says how far it looked. *end is where the longest match
 * ends, of a search where one ends, or NOWHERE.
 */
size_t machine_run(
    const struct machine *m, struct regex_text text, size_t from, size_t *end);

#endif
