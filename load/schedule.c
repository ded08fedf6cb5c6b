/*
 * Straight lines and what is below them. It must not know clocks.
 */
#include "load/schedule.h"

#include <math.h>

#include "base/util.h"

/* A stage where it stands in time, or what comes behind the last one, which
 * holds its target. */
struct span {
	size_t number;
	uint64_t start_us;
	uint64_t end_us; /* UINT64_MAX: never */
	double from;     /* targets */
	double to;
};

/* A stretch of time without its end. */
struct stretch {
	uint64_t from_us;
	uint64_t to_us;
};

/* --- spans -------------------------------------------------------------- */

static struct span span_at(const struct load_options *load, size_t number,
    uint64_t start_us, double from)
{
	struct span span = {number, start_us, UINT64_MAX, from, from};

	if (number < load->n_stages) {
		span.end_us =
		    add_saturated(start_us, load->stages[number].duration_us);
		span.to = load->stages[number].target;
	}
	return span;
}

static struct span first_span(const struct load_options *load)
{
	return span_at(load, 0, 0, 0);
}

static bool has_span(const struct load_options *load, const struct span *span)
{
	return span->number <= load->n_stages;
}

static struct span span_after(
    const struct load_options *load, const struct span *span)
{
	return span_at(load, span->number + 1, span->end_us, span->to);
}

static double length_us(const struct span *span)
{
	return (double)(span->end_us - span->start_us);
}

/* The one that a moment belongs to. */
static struct span span_of(const struct load_options *load, uint64_t now_us)
{
	struct span span = first_span(load);

	while (span.end_us <= now_us && span.number < load->n_stages)
		span = span_after(load, &span);
	return span;
}

double schedule_target(const struct load_options *load, uint64_t now_us)
{
	struct span span = span_of(load, now_us);

	if (span.from == span.to)
		return span.to;
	return span.from + (span.to - span.from) *
			       (double)(now_us - span.start_us) /
			       length_us(&span);
}

/* --- places ------------------------------------------------------------- */

/* When the line meets the place's number. */
static uint64_t crossing_us(const struct span *span, uint64_t place)
{
	double part = ((double)place - span->from) / (span->to - span->from);

	return add_saturated(
	    span->start_us, round_to_u64(part * length_us(span)));
}

/* When the place is wanted in this span; nothing of it: an empty stretch. */
static struct stretch wanted_in(const struct span *span, uint64_t place)
{
	struct stretch s = {span->start_us, span->end_us};
	bool is_before = span->from > (double)place;
	bool is_behind = span->to > (double)place;

	if (!is_before && !is_behind)
		s.to_us = s.from_us;
	else if (!is_before)
		s.from_us = crossing_us(span, place);
	else if (!is_behind)
		s.to_us = crossing_us(span, place);
	return s;
}

uint64_t schedule_rise_us(
    const struct load_options *load, uint64_t place, uint64_t from_us)
{
	for (struct span span = first_span(load); has_span(load, &span);
	     span = span_after(load, &span)) {
		struct stretch s = wanted_in(&span, place);

		if (s.to_us > s.from_us && s.to_us > from_us)
			return s.from_us > from_us ? s.from_us : from_us;
	}
	return UINT64_MAX;
}

uint64_t schedule_fall_us(
    const struct load_options *load, uint64_t place, uint64_t from_us)
{
	for (struct span span = first_span(load); has_span(load, &span);
	     span = span_after(load, &span)) {
		struct stretch s = wanted_in(&span, place);

		if (span.end_us <= from_us)
			continue;
		if (from_us < s.from_us || from_us >= s.to_us)
			return from_us;
		from_us = s.to_us;
		if (from_us < span.end_us)
			return from_us;
	}
	return UINT64_MAX;
}

static bool is_wanted(
    const struct load_options *load, uint64_t place, uint64_t now_us)
{
	return schedule_rise_us(load, place, now_us) == now_us;
}

uint64_t schedule_places(const struct load_options *load, uint64_t now_us)
{
	uint64_t n = (uint64_t)schedule_target(load, now_us);

	/* the same rounding as the moments of rise and fall have */
	while (is_wanted(load, n, now_us))
		n++;
	while (n > 0 && !is_wanted(load, n - 1, now_us))
		n--;
	return n;
}

/* --- what became of users ------------------------------------------------ */

/* Where a number of users is given, it is a whole one. */
static uint64_t whole(double target)
{
	return (uint64_t)ceil(target);
}

/* How many there are at the end of the part of the span until then. */
static uint64_t places_at(
    const struct load_options *load, const struct span *span, double until_us)
{
	if (span->from == span->to || until_us >= (double)span->end_us)
		return whole(span->to);
	return schedule_places(load, (uint64_t)until_us);
}

/* The time since n of them came, or went, one at each step; `waited` is how
 * many steps the first of them waited. */
static double time_since(
    const struct span *span, uint64_t n, uint64_t waited, double us)
{
	double steps = ((double)n - 1) / 2 + (double)waited;

	if (n == 0)
		return 0;
	steps /= fabs(span->to - span->from);
	return (double)n * fmax(0, us - steps * length_us(span));
}

/* On the way through the spans. */
struct walk {
	struct turnout t;
	bool has_fallen; /* up to where the span begins */
};

static void pass_span(struct walk *w, const struct load_options *load,
    const struct span *span, double until_us)
{
	struct turnout *t = &w->t;
	bool is_over =
	    span->number < load->n_stages && until_us >= (double)span->end_us;
	double us = (is_over ? (double)span->end_us : until_us) -
		    (double)span->start_us;
	uint64_t from = whole(span->from);
	uint64_t to = places_at(load, span, until_us);
	uint64_t came = to > from ? to - from : 0;
	uint64_t gone = from > to ? from - to : 0;
	/* where what was before ended otherwise */
	uint64_t at_once = from > t->places ? from - t->places : 0;

	/* who would go in the moment when they would come again stays */
	if (w->has_fallen && (at_once > 0 || (came > 0 && from == t->places)))
		t->started--;
	t->started += at_once;
	t->time_us += n_times((double)from, us) +
		      time_since(span, came, 0, us) -
		      time_since(span, gone, 1, us);
	t->since_us +=
	    n_times((double)t->started, us) + time_since(span, came, 0, us);
	t->started += came;
	t->places = to;
	t->most = t->most > from ? t->most : from;
	t->most = t->most > to ? t->most : to;
	w->has_fallen = gone > 0;
}

static bool takes_no_time(const struct span *span)
{
	return span->end_us == span->start_us;
}

struct turnout schedule_turnout(
    const struct load_options *load, double until_us)
{
	struct walk w = {0};

	for (struct span span = first_span(load);
	     has_span(load, &span) && (double)span.start_us <= until_us;
	     span = span_after(load, &span))
		if (!takes_no_time(&span))
			pass_span(&w, load, &span, until_us);
	return w.t;
}

double schedule_peak(const struct load_options *load, double until_us)
{
	double peak = 0;

	for (struct span span = first_span(load);
	     has_span(load, &span) && (double)span.start_us <= until_us;
	     span = span_after(load, &span)) {
		double end = until_us < (double)span.end_us
				 ? schedule_target(load, (uint64_t)until_us)
				 : span.to;

		if (!takes_no_time(&span))
			peak = fmax(peak, fmax(span.from, end));
	}
	return peak;
}

/* --- below the line ----------------------------------------------------- */

/* Of a change at once there is nothing to be below of. */
static double slope(const struct span *span)
{
	if (span->from == span->to || span->end_us == span->start_us)
		return 0;
	return (span->to - span->from) / length_us(span);
}

/* The integral over the first us of a span, in target times microseconds. */
static double area(const struct span *span, double us)
{
	return us * (span->from + slope(span) * us / 2);
}

double schedule_time_us(const struct load_options *load, double until_us)
{
	double sum = 0;

	for (struct span span = first_span(load); has_span(load, &span);
	     span = span_after(load, &span)) {
		double us =
		    fmin(until_us, (double)span.end_us) - (double)span.start_us;

		if (us > 0)
			sum += area(&span, us);
	}
	return sum;
}

double schedule_due(const struct load_options *load, double until_us)
{
	return schedule_time_us(load, until_us) / (double)US_PER_S;
}

/* How long into the span the area below it is so large, and it is. From
 * slope * t * t / 2 + from * t = area, in the form that loses no digits. */
static double reach_us(const struct span *span, double wanted)
{
	double root = span->from * span->from + 2 * slope(span) * wanted;

	return 2 * wanted / (span->from + sqrt(root > 0 ? root : 0));
}

uint64_t schedule_due_us(const struct load_options *load, double n)
{
	double left = n * (double)US_PER_S;

	for (struct span span = first_span(load); has_span(load, &span);
	     span = span_after(load, &span)) {
		bool is_last = span.number == load->n_stages;
		double all =
		    is_last ? (double)INFINITY : area(&span, length_us(&span));

		if (is_last && span.to <= 0)
			break;
		if (left < all)
			return left > 0
				   ? add_saturated(span.start_us,
					 round_to_u64(reach_us(&span, left)))
				   : span.start_us;
		left -= all;
	}
	return UINT64_MAX;
}

/* --- stages ------------------------------------------------------------- */

uint64_t schedule_stage_start_us(const struct load_options *load, size_t stage)
{
	struct span span = first_span(load);

	while (span.number < stage)
		span = span_after(load, &span);
	return span.start_us;
}

uint64_t schedule_stage_end_us(const struct load_options *load, size_t stage)
{
	return stage + 1 < load->n_stages
		   ? schedule_stage_start_us(load, stage + 1)
		   : UINT64_MAX;
}

size_t schedule_stage(const struct load_options *load, uint64_t now_us)
{
	size_t number = span_of(load, now_us).number;

	return number < load->n_stages ? number : load->n_stages - 1;
}

size_t schedule_stages_begun(const struct load_options *load)
{
	size_t n = load->n_stages;

	while (load->run_time_us > 0 && n > 0 &&
	       schedule_stage_start_us(load, n - 1) >= load->run_time_us)
		n--;
	return n;
}
