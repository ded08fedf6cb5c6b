/*
 * Charts over the time of a run: series in, HTML with SVG out, which a page
 * may hold whatever its content policy: no script, no style, nothing from
 * elsewhere. It follows the width of the page while its letters stay as large
 * as they are, and the reader's light or dark colours. It knows no results and
 * no files.
 */
#ifndef REPORT_CHART_H
#define REPORT_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A stretch of time. */
struct chart_span {
	uint64_t from_us;
	uint64_t until_us;
};

struct chart_line {
	const char *name;
	const char *colour;   /* as SVG has it: "#3b82f6" */
	const double *values; /* of each span; NAN: there is none */
	bool is_filled;       /* down to the axis */
	/* The values are those at the ends of the spans, from nothing at 0 on,
	 * and go from one to the next in a straight line; else they hold for
	 * all of the span. */
	bool at_ends;
};

/* What was meant to be: straight lines from point to point. */
struct chart_track {
	const char *name;
	const uint64_t *at_us;
	const double *values;
	size_t n; /* 0: nothing is drawn */
};

/* A part of the time that has a name. */
struct chart_band {
	const char *name;
	struct chart_span span;
};

struct chart {
	const char *title; /* with the unit */
	const struct chart_span *spans;
	size_t n_spans;
	const struct chart_line *lines;
	size_t n_lines;
	struct chart_track track;
	const struct chart_band *bands;
	size_t n_bands;
	uint64_t warmup_us; /* at the start; 0: none */
	uint64_t end_us;    /* how far the axis goes */
	bool may_be_log;    /* the axis is logarithmic where values differ
			       widely */
	/* A value for people, in FIGURE_BYTES; returns out. */
	char *(*figure)(char *out, double value);
};

/* All that it points to is borrowed for the call. */
void chart_print(FILE *out, const struct chart *chart);

#endif
