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
};

struct grid_row {
	enum style style;
	char **cells; /* owned, each too */
};

struct grid {
	const struct grid_column *columns; /* borrowed */
	size_t n_columns;
	size_t gap; /* columns between two */
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
/* How wide it would like to be. */
size_t grid_columns(const struct grid *g);
void grid_print(const struct grid *g, struct terminal *t);

#endif
