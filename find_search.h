/*
 * Searching the highest load that holds: which one is tried next, from what
 * came of those before. Pure: it plays nothing and reads no clock.
 *
 * The load doubles while it holds, or is halved while it does not; then the
 * gap between the highest that held and the lowest that did not is halved
 * until it is narrow. What failed by little is tried once more before it
 * counts: it may have been chance.
 */
#ifndef FIND_SEARCH_H
#define FIND_SEARCH_H

#include <stdbool.h>

enum search_word { SEARCH_HOLDS, SEARCH_FAILS, SEARCH_FAILS_CLEARLY };

/* Where the search begins, and what it keeps to. */
struct search_range {
	double start;
	double least; /* at most start */
	double most;  /* at least start */
	bool is_whole;
};

struct search {
	struct search_range range;
	double held;   /* the highest load that held; 0: none so far */
	double failed; /* the lowest that did not; 0: none so far */
	double next;   /* to be tried; 0: the search is over */
	bool is_again; /* for the second time */
	unsigned tries;
};

/* How many loads are tried, at most. */
enum { SEARCH_TRIES_MAX = 50 };

void search_begin(struct search *s, const struct search_range *range);
/* What came of s->next, which changes. */
void search_tell(struct search *s, enum search_word word);

#endif
