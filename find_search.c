/*
 * The next load to try, and when it is enough. It must not know what a load
 * is.
 */
#include "find_search.h"

#include <math.h>

/* How near to each other what held and what did not are in the end, as a part
 * of the latter. */
#define NARROW 0.02

/* Rates have three digits: as exact as it gets, and easy to read. */
static double rounded(const struct search *s, double load)
{
	double unit = pow(10, floor(log10(load)) - 2);

	return s->range.is_whole ? floor(load) : round(load / unit) * unit;
}

static bool is_narrow(const struct search *s)
{
	double gap = s->failed - s->held;

	/* what is beside a whole number is not tried */
	return gap <= NARROW * s->failed || (s->range.is_whole && gap <= 1);
}

/* 0: there is none. */
static double choose(const struct search *s)
{
	double middle;

	if (s->failed == 0)
		return s->held < s->range.most
			   ? fmin(2 * s->held, s->range.most)
			   : 0;
	if (s->held == 0)
		return s->failed > s->range.least
			   ? fmax(rounded(s, s->failed / 2), s->range.least)
			   : 0;
	if (is_narrow(s))
		return 0;
	middle = rounded(s, (s->held + s->failed) / 2);
	return middle > s->held && middle < s->failed ? middle : 0;
}

void search_begin(struct search *s, const struct search_range *range)
{
	*s = (struct search) {.range = *range, .next = range->start};
}

void search_tell(struct search *s, enum search_word word)
{
	bool is_last = ++s->tries >= SEARCH_TRIES_MAX;

	if (word == SEARCH_FAILS && !s->is_again && !is_last) {
		s->is_again = true;
		return;
	}
	s->is_again = false;
	if (word == SEARCH_HOLDS)
		s->held = s->next;
	else
		s->failed = s->next;
	s->next = is_last ? 0 : choose(s);
}
