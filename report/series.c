/*
 * Points through time, merged in pairs when there are too many. It knows no
 * formats.
 */
#include "report/series.h"

#include <string.h>

static void point_merge(struct point *into, const struct point *from)
{
	into->until_us = from->until_us;
	into->requests += from->requests;
	into->failures += from->failures;
	into->due += from->due;
	into->tasks += from->tasks;
	into->dropped += from->dropped;
	into->users = from->users;
	hist_merge(&into->response, &from->response);
}

static uint64_t duration_us(const struct point *p)
{
	return p->until_us > p->from_us ? p->until_us - p->from_us : 0;
}

static void merge_pairs(struct series *s)
{
	for (size_t i = 0; i < s->n / 2; i++) {
		struct point *from = &s->points[2 * i + 1];

		/* the place of the first pair's second point is the second
		 * pair's, and so on: it has been read by then */
		if (i > 0)
			s->points[i] = s->points[2 * i];
		point_merge(&s->points[i], from);
		hist_clear(&from->response);
	}
	s->n /= 2;
	memset(s->points + s->n, 0, s->n * sizeof(s->points[0]));
	s->stride *= 2;
	s->filled = s->stride;
}

void series_clear(struct series *s)
{
	for (size_t i = 0; i < s->n; i++)
		hist_clear(&s->points[i].response);
	*s = (struct series) {0};
}

/* Part of an interval: less than half of one of those in the last point. */
static bool is_short(const struct series *s, const struct point *interval)
{
	const struct point *last = &s->points[s->n - 1];

	return duration_us(interval) < duration_us(last) / s->filled / 2;
}

void series_add(struct series *s, const struct point *interval)
{
	struct point *next;

	if (s->n == 0)
		s->stride = 1;
	if (s->n > 0 && is_short(s, interval)) {
		point_merge(&s->points[s->n - 1], interval);
		return;
	}
	if (s->n > 0 && s->filled < s->stride) {
		point_merge(&s->points[s->n - 1], interval);
		s->filled++;
		return;
	}
	if (s->n == SERIES_MAX_POINTS)
		merge_pairs(s);
	next = &s->points[s->n++];
	*next = *interval;
	next->response = (struct hist) {0};
	hist_merge(&next->response, &interval->response);
	s->filled = 1;
}
