/*
 * Charts as SVG. The plot is drawn on a canvas of its own that is stretched to
 * the width of the page; all that has letters has its place in per cent of
 * that width. It knows no results.
 */
#include "report/chart.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/markup.h"
#include "report/text.h"

enum {
	TOP = 22, /* pixels above the plot: names of bands */
	PLOT = 180,
	BOTTOM = 22, /* below it: times */
	HEIGHT = TOP + PLOT + BOTTOM,
	CANVAS = 1000,     /* the width of the plot in units of its own */
	VALUES_LEAST = 50, /* pixels: the same for charts below each other */
	LETTER = 7,        /* a digit takes at most so many pixels */
	MAX_TICKS = 16,
	MAX_TIMES = 6, /* beside 0: as many as fit on a narrow page */
	LOG_RATIO = 30,
	FEW_DECADES_RATIO = 1000 /* up to it 2 and 5 are marked too */
};

#define WARMUP_COLOUR "#d98a00"

/* --- the axis of values ------------------------------------------------- */

struct axis {
	bool is_log;
	double low;
	double high;
	double ticks[MAX_TICKS];
	size_t n;
};

struct range {
	double least; /* above 0 */
	double most;
};

static void range_take(struct range *r, double value)
{
	if (isnan(value))
		return;
	if (value > r->most)
		r->most = value;
	if (value > 0 && (r->least == 0 || value < r->least))
		r->least = value;
}

static struct range range_of(const struct chart *chart)
{
	struct range r = {0, 0};

	for (size_t l = 0; l < chart->n_lines; l++)
		for (size_t i = 0; i < chart->n_spans; i++)
			range_take(&r, chart->lines[l].values[i]);
	for (size_t i = 0; i < chart->track.n; i++)
		range_take(&r, chart->track.values[i]);
	return r;
}

/* The nearest of 1, 2, 5, 10, 20, ... that is not below value, or not above
 * it. */
static double round_value(double value, bool up)
{
	static const double digits[] = {1, 2, 5, 10};
	double power = pow(10, floor(log10(value)));
	double found = up ? 10 * power : power;

	for (size_t i = 0; i < ARRAY_LEN(digits); i++) {
		double round = digits[up ? ARRAY_LEN(digits) - 1 - i : i];

		/* what differs in the last bit alone is the same */
		if (up ? round * power >= value * (1 - 1e-9)
		       : round * power <= value * (1 + 1e-9))
			found = round * power;
	}
	return found;
}

static void axis_linear(struct axis *axis, double most)
{
	double step = most > 0 ? round_value(most / 5, true) : 1;

	axis->high = most > 0 ? ceil(most / step * (1 - 1e-9)) * step : 1;
	for (size_t i = 0; i < MAX_TICKS; i++) {
		double tick = (double)i * step;

		if (tick > axis->high * (1 + 1e-9))
			break;
		axis->ticks[axis->n++] = tick;
	}
}

static void axis_log(struct axis *axis, const struct range *r)
{
	double tick;
	bool all;

	axis->is_log = true;
	axis->low = round_value(r->least, false);
	axis->high = round_value(r->most, true);
	all = axis->high / axis->low <= FEW_DECADES_RATIO;
	tick =
	    all ? axis->low : round_value(pow(10, ceil(log10(axis->low))), 1);
	while (axis->n < MAX_TICKS && tick <= axis->high * (1 + 1e-9)) {
		axis->ticks[axis->n++] = tick;
		tick = all ? round_value(tick * 1.5, true) : tick * 10;
	}
}

static struct axis axis_of(const struct chart *chart)
{
	struct range r = range_of(chart);
	struct axis axis = {0};

	if (chart->may_be_log && r.least > 0 && r.most / r.least > LOG_RATIO)
		axis_log(&axis, &r);
	else
		axis_linear(&axis, r.most);
	return axis;
}

/* Pixels below the upper edge of the plot. */
static double y_of(const struct axis *axis, double value)
{
	double part;

	if (axis->is_log)
		part = value <= axis->low ? 0
					  : log(value / axis->low) /
						log(axis->high / axis->low);
	else
		part = value / axis->high;
	return PLOT * (1 - part);
}

/* --- the axis of time --------------------------------------------------- */

static double part_of(const struct chart *chart, uint64_t at_us)
{
	if (chart->end_us == 0)
		return 0;
	if (at_us > chart->end_us)
		return 1;
	return (double)at_us / (double)chart->end_us;
}

static double x_of(const struct chart *chart, uint64_t at_us)
{
	return CANVAS * part_of(chart, at_us);
}

static double percent_of(const struct chart *chart, uint64_t at_us)
{
	return 100 * part_of(chart, at_us);
}

/* A round time, so that there are at most MAX_TIMES of them up to the end;
 * never 0, though a run may have lost its workers before any time had passed.
 */
static uint64_t time_step_us(uint64_t end_us)
{
	static const uint64_t steps_s[] = {1, 2, 5, 10, 15, 30, 60, 120, 300,
	    600, 900, 1800, 3600, 7200, 10800, 21600, 43200};
	const uint64_t day_us = 24 * 3600 * US_PER_S;
	uint64_t least = (end_us + MAX_TIMES - 1) / MAX_TIMES;

	if (least == 0)
		return 1;
	if (least <= US_PER_S / 2)
		return (uint64_t)(round_value((double)least, true) + 0.5);
	for (size_t i = 0; i < ARRAY_LEN(steps_s); i++) {
		if (steps_s[i] * US_PER_S >= least)
			return steps_s[i] * US_PER_S;
	}
	return (least + day_us - 1) / day_us * day_us;
}

static void put_time(
    FILE *out, const struct chart *chart, uint64_t at_us, const char *text)
{
	double x = percent_of(chart, at_us);

	fprintf(out,
	    "<text x=\"%.2f%%\" y=\"%d\" text-anchor=\"%s\">%s</text>\n", x,
	    TOP + PLOT + 16,
	    x < 2    ? "start"
	    : x > 96 ? "end"
		     : "middle",
	    text);
}

static void put_times(FILE *out, const struct chart *chart)
{
	uint64_t step = time_step_us(chart->end_us);
	char text[FIGURE_BYTES];

	for (uint64_t at = 0; at <= chart->end_us; at += step) {
		double x = percent_of(chart, at);

		fprintf(out,
		    "<line x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%d\" y2=\"%d\" "
		    "stroke=\"currentColor\" stroke-opacity=\".5\"/>",
		    x, x, TOP + PLOT, TOP + PLOT + 4);
		put_time(out, chart, at,
		    at == 0 ? "0" : format_duration(text, sizeof(text), at));
	}
}

/* --- lines -------------------------------------------------------------- */

/* For all of each span: steps. base: where a filled one begins and ends. */
static void put_steps(FILE *out, const struct chart *chart,
    const struct axis *axis, const struct chart_line *line, bool is_area)
{
	bool down = false;

	for (size_t i = 0; i < chart->n_spans; i++) {
		const struct chart_span *span = &chart->spans[i];
		double y;

		if (isnan(line->values[i])) {
			if (down && is_area)
				fprintf(out, "V%d", PLOT);
			down = false;
			continue;
		}
		y = y_of(axis, line->values[i]);
		if (!down && is_area)
			fprintf(
			    out, "M%.1f %d", x_of(chart, span->from_us), PLOT);
		if (down || is_area)
			fprintf(out, "V%.1f", y);
		else
			fprintf(
			    out, "M%.1f %.1f", x_of(chart, span->from_us), y);
		fprintf(out, "H%.1f", x_of(chart, span->until_us));
		down = true;
	}
	if (down && is_area)
		fprintf(out, "V%d", PLOT);
}

static void put_ends(FILE *out, const struct chart *chart,
    const struct axis *axis, const struct chart_line *line, bool is_area)
{
	uint64_t last_us = 0;

	fprintf(out, "M0 %.1f", y_of(axis, 0));
	for (size_t i = 0; i < chart->n_spans; i++) {
		last_us = chart->spans[i].until_us;
		fprintf(out, "L%.1f %.1f", x_of(chart, last_us),
		    y_of(axis, line->values[i]));
	}
	if (is_area)
		fprintf(out, "L%.1f %dL0 %d", x_of(chart, last_us), PLOT, PLOT);
}

static void put_path(FILE *out, const struct chart *chart,
    const struct axis *axis, const struct chart_line *line, bool is_area)
{
	if (line->at_ends)
		put_ends(out, chart, axis, line, is_area);
	else
		put_steps(out, chart, axis, line, is_area);
}

static void put_line(FILE *out, const struct chart *chart,
    const struct axis *axis, const struct chart_line *line)
{
	if (chart->n_spans == 0)
		return;
	if (line->is_filled) {
		fputs("<path d=\"", out);
		put_path(out, chart, axis, line, true);
		fprintf(out, "\" fill=\"%s\" fill-opacity=\".16\"/>\n",
		    line->colour);
	}
	fputs("<path d=\"", out);
	put_path(out, chart, axis, line, false);
	fprintf(out,
	    "\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" "
	    "stroke-linejoin=\"round\" stroke-linecap=\"round\" "
	    "vector-effect=\"non-scaling-stroke\"/>\n",
	    line->colour);
}

static void put_track(
    FILE *out, const struct chart *chart, const struct axis *axis)
{
	const struct chart_track *track = &chart->track;

	if (track->n == 0)
		return;
	fputs("<path d=\"", out);
	for (size_t i = 0; i < track->n; i++)
		fprintf(out, "%s%.1f %.1f", i == 0 ? "M" : "L",
		    x_of(chart, track->at_us[i]), y_of(axis, track->values[i]));
	fputs("\" fill=\"none\" stroke=\"currentColor\" stroke-opacity=\".7\" "
	      "stroke-width=\"1.5\" stroke-dasharray=\"5 4\" "
	      "vector-effect=\"non-scaling-stroke\"/>\n",
	    out);
}

static void put_plot(
    FILE *out, const struct chart *chart, const struct axis *axis)
{
	fprintf(out,
	    "<svg y=\"%d\" width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d %d\" "
	    "preserveAspectRatio=\"none\" overflow=\"visible\">\n",
	    TOP, PLOT, CANVAS, PLOT);
	for (size_t i = 0; i < chart->n_lines; i++)
		put_line(out, chart, axis, &chart->lines[i]);
	put_track(out, chart, axis);
	fputs("</svg>\n", out);
}

/* --- what lies behind and above ----------------------------------------- */

static void put_shade(FILE *out, const struct chart *chart,
    const struct chart_span *span, const char *colour, const char *opacity)
{
	double x = percent_of(chart, span->from_us);

	fprintf(out,
	    "<rect x=\"%.2f%%\" y=\"%d\" width=\"%.2f%%\" height=\"%d\" "
	    "fill=\"%s\" fill-opacity=\"%s\"/>\n",
	    x, TOP, percent_of(chart, span->until_us) - x, PLOT, colour,
	    opacity);
}

/* The name of a stretch of time, cut off at its end. */
static void put_name(FILE *out, const struct chart *chart,
    const struct chart_span *span, const char *name)
{
	double x = percent_of(chart, span->from_us);
	char *shown = text_shown(name);
	char *cut = text_cut(shown, TEXT_MOST_COLUMNS);

	fprintf(out,
	    "<svg x=\"%.2f%%\" y=\"2\" width=\"%.2f%%\" height=\"18\">"
	    "<text x=\"5\" y=\"13\" font-size=\"12\">",
	    x, percent_of(chart, span->until_us) - x);
	markup_text(out, cut);
	fputs("</text></svg>\n", out);
	free(cut);
	free(shown);
}

static void put_bands(FILE *out, const struct chart *chart)
{
	struct chart_span warmup = {0, chart->warmup_us};

	for (size_t i = 0; i < chart->n_bands; i++) {
		const struct chart_band *band = &chart->bands[i];
		double x = percent_of(chart, band->span.from_us);

		if (band->span.from_us >= chart->end_us)
			break;
		if (i % 2 == 1)
			put_shade(
			    out, chart, &band->span, "currentColor", ".05");
		if (i > 0)
			fprintf(out,
			    "<line x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"4\" "
			    "y2=\"%d\" stroke=\"currentColor\" "
			    "stroke-opacity=\".35\" stroke-dasharray=\"2 "
			    "3\"/>\n",
			    x, x, TOP + PLOT);
		put_name(out, chart, &band->span, band->name);
	}
	if (chart->warmup_us == 0)
		return;
	put_shade(out, chart, &warmup, WARMUP_COLOUR, ".16");
}

static void put_grid(FILE *out, const struct axis *axis)
{
	for (size_t i = 0; i < axis->n; i++) {
		double y = TOP + y_of(axis, axis->ticks[i]);

		fprintf(out,
		    "<line x1=\"0\" x2=\"100%%\" y1=\"%.1f\" y2=\"%.1f\" "
		    "stroke=\"currentColor\" stroke-opacity=\"%s\"/>\n",
		    y, y, i == 0 && !axis->is_log ? ".5" : ".15");
	}
}

/* Texts for who points at a stretch of time. */
static void put_hints(FILE *out, const struct chart *chart)
{
	char from[FIGURE_BYTES], until[FIGURE_BYTES], text[FIGURE_BYTES];

	fputs("<g fill-opacity=\"0\">\n", out);
	for (size_t i = 0; i < chart->n_spans; i++) {
		const struct chart_span *span = &chart->spans[i];
		double x = percent_of(chart, span->from_us);

		fprintf(out,
		    "<rect x=\"%.2f%%\" y=\"%d\" width=\"%.2f%%\" "
		    "height=\"%d\"><title>%s to %s",
		    x, TOP, percent_of(chart, span->until_us) - x, PLOT,
		    span->from_us == 0 ? "0"
				       : figure_duration(from, span->from_us),
		    figure_duration(until, span->until_us));
		for (size_t l = 0; l < chart->n_lines; l++) {
			double value = chart->lines[l].values[i];

			fputs("\n", out);
			markup_text(out, chart->lines[l].name);
			fprintf(out, ": %s",
			    isnan(value) ? "none" : chart->figure(text, value));
		}
		fputs("</title></rect>\n", out);
	}
	fputs("</g>\n", out);
}

/* --- the whole ---------------------------------------------------------- */

static void put_key(
    FILE *out, const char *name, const char *colour, const char *more)
{
	fprintf(out,
	    "<svg width=\"18\" height=\"10\" aria-hidden=\"true\"><line "
	    "x1=\"1\" x2=\"17\" y1=\"6\" y2=\"6\" stroke=\"%s\" %s/></svg> ",
	    colour, more);
	markup_text(out, name);
	fputs(" &nbsp; ", out);
}

static void put_legend(FILE *out, const struct chart *chart, bool is_log)
{
	fputs("<h3>", out);
	markup_text(out, chart->title);
	fputs("</h3>\n<p><font size=\"2\">", out);
	for (size_t i = 0; i < chart->n_lines; i++)
		put_key(out, chart->lines[i].name, chart->lines[i].colour,
		    "stroke-width=\"3\"");
	if (chart->track.n > 0)
		put_key(out, chart->track.name, "currentColor",
		    "stroke-opacity=\".7\" stroke-width=\"1.5\" "
		    "stroke-dasharray=\"5 4\"");
	if (chart->warmup_us > 0)
		fputs("<svg width=\"18\" height=\"10\" aria-hidden=\"true\">"
		      "<rect x=\"1\" width=\"16\" height=\"10\" "
		      "fill=\"" WARMUP_COLOUR "\" fill-opacity=\".4\"/></svg> "
		      "warm-up, not counted &nbsp; ",
		    out);
	fprintf(out, "%s</font></p>\n", is_log ? "logarithmic axis" : "");
}

static void put_values(FILE *out, const struct axis *axis)
{
	char text[FIGURE_BYTES];
	size_t longest = 1;
	int width;

	for (size_t i = 0; i < axis->n; i++) {
		size_t len = strlen(figure_number(text, axis->ticks[i]));

		longest = len > longest ? len : longest;
	}
	width = (int)longest * LETTER + 8;
	if (width < VALUES_LEAST)
		width = VALUES_LEAST;
	fprintf(out,
	    "<td width=\"%d\" valign=\"top\"><svg width=\"%d\" height=\"%d\" "
	    "fill=\"currentColor\" font-size=\"12\" text-anchor=\"end\" "
	    "aria-hidden=\"true\">\n",
	    width, width, HEIGHT);
	for (size_t i = 0; i < axis->n; i++)
		fprintf(out, "<text x=\"%d\" y=\"%.1f\">%s</text>\n", width - 6,
		    TOP + y_of(axis, axis->ticks[i]) + 4,
		    figure_number(text, axis->ticks[i]));
	fputs("</svg></td>\n", out);
}

/* What one who cannot see it is told. */
static void put_label(FILE *out, const struct chart *chart)
{
	char text[FIGURE_BYTES];

	markup_text(out, chart->title);
	fprintf(out, ", through %s", figure_duration(text, chart->end_us));
	for (size_t l = 0; l < chart->n_lines; l++) {
		struct range r = {0, 0};

		for (size_t i = 0; i < chart->n_spans; i++)
			range_take(&r, chart->lines[l].values[i]);
		fputs("; ", out);
		markup_text(out, chart->lines[l].name);
		fprintf(out, ": at most %s", chart->figure(text, r.most));
	}
}

void chart_print(FILE *out, const struct chart *chart)
{
	struct axis axis = axis_of(chart);

	put_legend(out, chart, axis.is_log);
	fputs("<table width=\"100%\" border=\"0\" cellspacing=\"0\" "
	      "cellpadding=\"0\"><tr>\n",
	    out);
	put_values(out, &axis);
	fprintf(out,
	    "<td><svg width=\"100%%\" height=\"%d\" fill=\"currentColor\" "
	    "font-size=\"12\" role=\"img\" aria-label=\"",
	    HEIGHT);
	put_label(out, chart);
	fputs("\">\n", out);
	put_bands(out, chart);
	put_grid(out, &axis);
	put_times(out, chart);
	put_plot(out, chart, &axis);
	put_hints(out, chart);
	fputs("</svg></td></tr></table>\n", out);
}
