/*
 * Tables that fit the width. It knows no results.
 */
#include "report/grid.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/text.h"

enum { LEAST_NAME_COLUMNS = 10 };

/* How the columns are laid out this time. */
struct layout {
	bool points; /* decimal points below each other */
	size_t gap;
	size_t *widths;   /* owned */
	size_t *decimals; /* owned: most bytes from the point on */
};

void grid_init(struct grid *g, const struct grid_column *columns,
    size_t n_columns, size_t gap)
{
	*g = (struct grid) {
	    .columns = columns, .n_columns = n_columns, .gap = gap};
}

void grid_clear(struct grid *g)
{
	for (size_t i = 0; i < g->n_rows; i++) {
		for (size_t c = 0; c < g->n_columns; c++)
			free(g->rows[i].cells[c]);
		free(g->rows[i].cells);
	}
	free(g->rows);
	*g = (struct grid) {0};
}

void grid_row(struct grid *g, enum style style)
{
	g->rows = grow(g->rows, g->n_rows, &g->cap_rows, sizeof(*g->rows));
	g->rows[g->n_rows++] = (struct grid_row) {
	    .style = style, .cells = xcalloc(g->n_columns, sizeof(char *))};
	g->n_cells = 0;
}

void grid_text(struct grid *g, const char *text)
{
	if (g->n_cells < g->n_columns)
		g->rows[g->n_rows - 1].cells[g->n_cells++] = text_shown(text);
}

static const char *cell(const struct grid *g, size_t row, size_t column)
{
	const char *text = g->rows[row].cells[column];

	return text ? text : "";
}

/* Bytes from the decimal point to the end. */
static size_t decimals(const char *text)
{
	const char *point = strchr(text, '.');

	return point ? strlen(point) : 0;
}

/* Blanks behind a figure, so that its point stands below the others. */
static size_t padding(
    const struct grid *g, const struct layout *l, size_t column, const char *s)
{
	if (!l->points || g->columns[column].align != ALIGN_POINT)
		return 0;
	return l->decimals[column] - decimals(s);
}

static size_t most(size_t a, size_t b)
{
	return a > b ? a : b;
}

static size_t measure(const struct grid *g, struct layout *l)
{
	size_t sum = 0;

	for (size_t c = 0; c < g->n_columns; c++) {
		size_t width = text_columns(g->columns[c].title);

		l->decimals[c] = 0;
		for (size_t r = 0; r < g->n_rows; r++)
			l->decimals[c] =
			    most(l->decimals[c], decimals(cell(g, r, c)));
		for (size_t r = 0; r < g->n_rows; r++) {
			const char *s = cell(g, r, c);

			width =
			    most(width, text_columns(s) + padding(g, l, c, s));
		}
		l->widths[c] = width;
		sum += width + (c > 0 ? l->gap : 0);
	}
	return sum;
}

static void layout_init(struct layout *l, const struct grid *g)
{
	l->points = true;
	l->gap = g->gap;
	l->widths = xcalloc(g->n_columns, sizeof(*l->widths));
	l->decimals = xcalloc(g->n_columns, sizeof(*l->decimals));
}

static void layout_clear(struct layout *l)
{
	free(l->widths);
	free(l->decimals);
}

/* The name gives what is missing, then the gaps do. */
static void shrink(const struct grid *g, struct layout *l, size_t over)
{
	for (size_t c = 0; c < g->n_columns && over > 0; c++) {
		size_t spare = 0;

		if (g->columns[c].align != ALIGN_NAME)
			continue;
		if (l->widths[c] > LEAST_NAME_COLUMNS)
			spare = l->widths[c] - LEAST_NAME_COLUMNS;
		if (spare > over)
			spare = over;
		l->widths[c] -= spare;
		over -= spare;
	}
	if (over > 0)
		l->gap = 1;
}

static void fit(const struct grid *g, struct layout *l, size_t columns)
{
	size_t sum = measure(g, l);

	if (sum > columns) {
		l->points = false;
		sum = measure(g, l);
	}
	if (sum > columns)
		shrink(g, l, sum - columns);
}

static void put_blanks(FILE *out, size_t n)
{
	fprintf(out, "%*s", (int)n, "");
}

static void put_cell(FILE *out, const struct grid *g, const struct layout *l,
    size_t column, const char *text, size_t behind)
{
	bool left = g->columns[column].align == ALIGN_LEFT ||
		    g->columns[column].align == ALIGN_NAME;
	char *cut = NULL;
	size_t used;

	if (g->columns[column].align == ALIGN_NAME)
		text = cut = text_cut(text, l->widths[column]);
	used = text_columns(text) + behind;
	if (used > l->widths[column])
		used = l->widths[column];
	if (column > 0)
		put_blanks(out, l->gap);
	if (!left)
		put_blanks(out, l->widths[column] - used);
	fputs(text, out);
	put_blanks(out, left ? l->widths[column] - used : behind);
	free(cut);
}

/* Row, or the titles where there is none. */
static void print_row(const struct grid *g, const struct layout *l,
    const struct grid_row *row, struct terminal *t)
{
	char *line = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&line, &len);

	if (!out)
		return;
	for (size_t c = 0; c < g->n_columns; c++) {
		const char *text = row ? row->cells[c] : g->columns[c].title;

		if (!text)
			text = "";
		put_cell(out, g, l, c, text, row ? padding(g, l, c, text) : 0);
	}
	if (fclose(out) == 0)
		terminal_line(t, row ? row->style : STYLE_HEAD, "%s", line);
	free(line);
}

size_t grid_columns(const struct grid *g)
{
	struct layout l;
	size_t sum;

	layout_init(&l, g);
	sum = measure(g, &l);
	layout_clear(&l);
	return sum;
}

void grid_print(const struct grid *g, struct terminal *t)
{
	struct layout l;

	layout_init(&l, g);
	fit(g, &l, t->columns);
	print_row(g, &l, NULL, t);
	for (size_t r = 0; r < g->n_rows; r++)
		print_row(g, &l, &g->rows[r], t);
	layout_clear(&l);
}
