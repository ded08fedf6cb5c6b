/*
 * How much a regular expression may need, found out before it is used: it is
 * written out place by place as regcomp() does it, and its states are counted.
 * What would need too much is refused, and what regcomp() takes for something
 * else than the one who wrote it. It matches nothing.
 */
#ifndef PLAN_REGEX_SIZE_H
#define PLAN_REGEX_SIZE_H

#include <stdbool.h>
#include <stddef.h>

/* The characters and sets of an expression, its counts written out, are its
 * places; those where a match may go on are a state. */
struct regex_size {
	size_t width;       /* places in one state, at most */
	size_t longest;     /* match there can be; SIZE_MAX: of any length */
	size_t beginnings;  /* bytes that a match may begin with */
	bool has_start;     /* ^ */
	bool is_anchored;   /* all begins with it */
	bool ends_at_bound; /* a match may: with $, or an ^ */
};

/* NULL: nothing is wrong, and *size is filled; otherwise `why: mend`, owned by
 * the caller. What regcomp() will complain of is left to it. */
char *regex_measure(const char *text, struct regex_size *size);

#endif
