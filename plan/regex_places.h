/*
 * For regex_*.c alone: an expression written out place by place, as regcomp()
 * does it. A place is one character or set, or a bound between two; which
 * places may follow it is known (Glushkov).
 */
#ifndef PLAN_REGEX_PLACES_H
#define PLAN_REGEX_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLACES_MAX = 512, PLACES_WORDS = PLACES_MAX / 64, BYTES = 256 };

/* A set of places, by their numbers. */
struct places {
	uint64_t bits[PLACES_WORDS];
};

bool places_has(const struct places *set, size_t place);
void places_put(struct places *set, size_t place);
void places_unite(struct places *set, const struct places *other);
void places_intersect(struct places *set, const struct places *other);
bool places_equal(const struct places *a, const struct places *b);
size_t places_count(const struct places *set);
/* The first from `from` on; PLACES_MAX: there is none. */
size_t places_next(const struct places *set, size_t from);

enum bound {
	BOUND_NONE, /* a place that takes a byte */
	BOUND_START,
	BOUND_END
};

/* The last place is a bound of its own, the end of the expression. */
struct expression {
	size_t n;
	struct places first;
	enum bound bounds[PLACES_MAX];
	struct places follow[PLACES_MAX];
	struct places takers[BYTES]; /* of each byte */
	size_t signs;                /* between the places */
};

/* Reads text into *e, which is zeroed. NULL: fine; otherwise what is wrong
 * that regcomp() does not complain of, `why: mend`, owned by the caller. */
char *expression_read(struct expression *e, const char *text);
/* Makes *reverse, which is zeroed, match the same backwards, without bounds. */
void expression_reverse(const struct expression *e, struct expression *reverse);

#endif
