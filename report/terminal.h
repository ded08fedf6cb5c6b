/*
 * Where people read: lines with a style, tables that fit the width. It knows
 * no results.
 */
#ifndef REPORT_TERMINAL_H
#define REPORT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum style {
	STYLE_PLAIN,
	STYLE_HEAD,
	STYLE_FAINT,
	STYLE_GOOD,
	STYLE_BAD,
	STYLE_WARNING,
	STYLES
};

struct terminal {
	FILE *out;      /* borrowed */
	size_t columns; /* a guess where there is no has_width */
	size_t rows;
	bool has_width;   /* a line must not be wider than columns */
	bool is_terminal; /* and one that can move its cursor */
	bool has_colour;
	bool clips;   /* lines end at the width */
	bool erases;  /* what a line was before is taken off first */
	size_t lines; /* printed so far */
};

/* What out is, and how large. */
void terminal_look(struct terminal *t, FILE *out);
/* Prints one line; a newline is added. */
void terminal_line(struct terminal *t, enum style style, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
/* Prints text over as many lines as it takes, broken at blanks alone, all but
 * the first indented by so many columns; first is printed before it, and may be
 * ""; it ought to be as wide as the indent. */
void terminal_wrap(struct terminal *t, enum style style, const char *first,
    size_t indent, const char *text);
/* Prints text on one line, or, where that has a width, over as many as it
 * takes, all but the first indented. */
void terminal_text(struct terminal *t, enum style style, const char *text);

#endif
