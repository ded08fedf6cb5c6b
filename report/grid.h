/*
 * Tables that fit the width of a terminal. It knows no results.
 */
#ifndef REPORT_GRID_H
#define REPORT_GRID_H

#include "report/terminal.h"

enum grid_align {
	ALIGN_LEFT,
	ALIGN_RIGHT,
	ALIGN_POINT, /* decimal points below each other, where there is room */
	ALIGN_NAME   /* left, and loses its middle where there is no room */
};

struct grid_column {
	const char *title;
	enum grid_align align;
	unsigned drop; /* where there is no room, 1 is left out first, then 2,
			  ...; 0 never is */
};

struct grid_row {
	enum style style;
	char **cells;  /* owned, each too; NULL: a note */
	char *note;    /* owned */
	size_t indent; /* of a note that may take several lines; 0: one */
};

struct grid {
	const struct grid_column *columns; /* borrowed */
	size_t n_columns;
	size_t gap;            /* columns between two */
	struct grid_row *rows; /* owned */
	size_t n_rows;
	size_t cap_rows;
	size_t n_cells; /* of the last row */
};

void grid_init(struct grid *g, const struct grid_column *columns,
    size_t n_columns, size_t gap);
void grid_clear(struct grid *g);
void grid_row(struct grid *g, enum style style);
/* The next cell of the last row. Text may hold anything. */
void grid_text(struct grid *g, const char *text);
/* A line of its own between the rows, whatever the columns. */
void grid_note(struct grid *g, enum style style, const char *text);
/* The same over as many lines as it takes, indented by so many columns. */
void grid_below(
    struct grid *g, enum style style, size_t indent, const char *text);
/* Where there is too little room, names lose their middle, figures their
 * commas, then columns are dropped. Where there is no width, lines are as long
 * as they have to be. */
void grid_print(const struct grid *g, struct terminal *t);

#endif
