/*
 * Where people read: lines with a style, tables that fit the width. It knows
 * no results.
 */
#ifndef REPORT_TERMINAL_H
#define REPORT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum style { STYLE_PLAIN, STYLE_HEAD, STYLE_FAINT, STYLE_GOOD, STYLE_BAD,
	STYLE_WARNING, STYLES };

struct terminal {
	FILE *out; /* borrowed */
	size_t columns;
	size_t rows;
	bool is_terminal; /* and one that can move its cursor */
	bool has_colour;
	bool clips;   /* lines end at the width */
	size_t lines; /* printed so far */
};

/* What out is, and how large. */
void terminal_look(struct terminal *t, FILE *out);
/* Prints one line; a newline is added. */
void terminal_line(struct terminal *t, enum style style, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
/* Prints text over as many lines as it takes, all but the first indented by
 * so many columns; first is printed before it, and may be ""; it ought to be
 * as wide as the indent. */
void terminal_wrap(struct terminal *t, enum style style, const char *first,
    size_t indent, const char *text);

#endif
