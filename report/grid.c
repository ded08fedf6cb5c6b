/*
 * Tables that fit the width. It knows no results.
 */
#include "report/grid.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/text.h"

enum {
	FAIR_NAME_COLUMNS = 24, /* columns are dropped before names get less */
	LEAST_NAME_COLUMNS = 10,
	MOST_NAME_COLUMNS = 60 /* where there is no width to fit */
};

/* How the columns are laid out this time. */
struct layout {
	bool points;    /* decimal points below each other */
	bool thousands; /* set apart by commas */
	size_t gap;
	unsigned dropped; /* columns up to this one are left out */
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
		struct grid_row *row = &g->rows[i];

		for (size_t c = 0; row->cells && c < g->n_columns; c++)
			free(row->cells[c]);
		free(row->cells);
		free(row->note);
	}
	free(g->rows);
	*g = (struct grid) {0};
}

static struct grid_row *add_row(struct grid *g, enum style style)
{
	g->rows = grow(g->rows, g->n_rows, &g->cap_rows, sizeof(*g->rows));
	g->rows[g->n_rows] = (struct grid_row) {.style = style};
	return &g->rows[g->n_rows++];
}

void grid_row(struct grid *g, enum style style)
{
	add_row(g, style)->cells = xcalloc(g->n_columns, sizeof(char *));
	g->n_cells = 0;
}

void grid_text(struct grid *g, const char *text)
{
	if (g->n_cells < g->n_columns)
		g->rows[g->n_rows - 1].cells[g->n_cells++] = text_shown(text);
}

void grid_note(struct grid *g, enum style style, const char *text)
{
	add_row(g, style)->note = text_shown(text);
}

void grid_below(
    struct grid *g, enum style style, size_t indent, const char *text)
{
	grid_note(g, style, text);
	g->rows[g->n_rows - 1].indent = indent;
}

/* --- measuring ---------------------------------------------------------- */

static bool is_left(const struct grid *g, size_t column)
{
	return g->columns[column].align == ALIGN_LEFT ||
	       g->columns[column].align == ALIGN_NAME;
}

static bool is_dropped(
    const struct grid *g, const struct layout *l, size_t column)
{
	unsigned drop = g->columns[column].drop;

	return drop > 0 && drop <= l->dropped;
}

static const char *cell(const struct grid *g, size_t row, size_t column)
{
	const struct grid_row *r = &g->rows[row];

	return r->cells && r->cells[column] ? r->cells[column] : "";
}

/* Commas that this layout leaves out. */
static size_t spared(
    const struct grid *g, const struct layout *l, size_t column, const char *s)
{
	size_t n = 0;

	if (l->thousands || is_left(g, column))
		return 0;
	for (; *s; s++)
		n += *s == ',';
	return n;
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

static void measure_column(const struct grid *g, struct layout *l, size_t c)
{
	size_t width = text_columns(g->columns[c].title);

	l->decimals[c] = 0;
	for (size_t r = 0; r < g->n_rows; r++)
		l->decimals[c] = most(l->decimals[c], decimals(cell(g, r, c)));
	for (size_t r = 0; r < g->n_rows; r++) {
		const char *s = cell(g, r, c);

		if (g->rows[r].cells)
			width =
			    most(width, text_columns(s) + padding(g, l, c, s) -
					    spared(g, l, c, s));
	}
	l->widths[c] = width;
}

/* The width of the whole. */
static size_t measure(const struct grid *g, struct layout *l)
{
	size_t sum = 0;

	for (size_t c = 0; c < g->n_columns; c++) {
		if (is_dropped(g, l, c))
			continue;
		measure_column(g, l, c);
		sum += l->widths[c] + (c > 0 ? l->gap : 0);
	}
	return sum;
}

/* --- fitting ------------------------------------------------------------ */

/* Whether it fits when names give what they have above so many columns. */
static bool squeeze(
    const struct grid *g, struct layout *l, size_t columns, size_t name)
{
	size_t sum = measure(g, l);

	for (size_t c = 0; c < g->n_columns && sum > columns; c++) {
		size_t spare = 0;

		if (g->columns[c].align == ALIGN_NAME && l->widths[c] > name)
			spare = l->widths[c] - name;
		if (spare > sum - columns)
			spare = sum - columns;
		l->widths[c] -= spare;
		sum -= spare;
	}
	return sum <= columns;
}

/* The next column in turn, while there is one. */
static bool drop_column(const struct grid *g, struct layout *l)
{
	l->dropped++;
	for (size_t c = 0; c < g->n_columns; c++) {
		if (g->columns[c].drop == l->dropped)
			return true;
	}
	return false;
}

static void fit(const struct grid *g, struct layout *l, size_t columns)
{
	if (squeeze(g, l, columns, SIZE_MAX))
		return;
	l->points = false;
	if (squeeze(g, l, columns, FAIR_NAME_COLUMNS))
		return;
	l->thousands = false;
	if (squeeze(g, l, columns, FAIR_NAME_COLUMNS))
		return;
	l->gap = 1;
	do {
		if (squeeze(g, l, columns, FAIR_NAME_COLUMNS))
			return;
	} while (drop_column(g, l));
	squeeze(g, l, columns, LEAST_NAME_COLUMNS);
}

static void spread(const struct grid *g, struct layout *l)
{
	measure(g, l);
	for (size_t c = 0; c < g->n_columns; c++) {
		if (g->columns[c].align == ALIGN_NAME &&
		    l->widths[c] > MOST_NAME_COLUMNS)
			l->widths[c] = MOST_NAME_COLUMNS;
	}
}

/* --- printing ----------------------------------------------------------- */

static void put_blanks(FILE *out, size_t n)
{
	fprintf(out, "%*s", (int)n, "");
}

/* The text as it fits; owned by the caller. */
static char *fitted(const struct grid *g, const struct layout *l, size_t column,
    const char *text)
{
	char *cut, *end;

	if (g->columns[column].align == ALIGN_NAME)
		return text_cut(text, l->widths[column]);
	cut = end = xstrdup(text);
	if (spared(g, l, column, text) == 0)
		return cut;
	for (; *text; text++) {
		if (*text != ',')
			*end++ = *text;
	}
	*end = '\0';
	return cut;
}

static void put_cell(FILE *out, const struct grid *g, const struct layout *l,
    size_t column, const char *text, size_t behind)
{
	char *cut = fitted(g, l, column, text);
	size_t used = text_columns(cut) + behind;

	if (used > l->widths[column])
		used = l->widths[column];
	if (column > 0)
		put_blanks(out, l->gap);
	if (!is_left(g, column))
		put_blanks(out, l->widths[column] - used);
	fputs(cut, out);
	put_blanks(out, is_left(g, column) ? l->widths[column] - used : behind);
	free(cut);
}

/* Row, or the titles where there is none. */
static void print_row(const struct grid *g, const struct layout *l,
    const struct grid_row *row, struct terminal *t)
{
	char *line = NULL;
	size_t len = 0;
	FILE *out = text_open(&line, &len);

	for (size_t c = 0; c < g->n_columns; c++) {
		const char *text = row ? row->cells[c] : g->columns[c].title;

		if (is_dropped(g, l, c))
			continue;
		if (!text)
			text = "";
		put_cell(out, g, l, c, text, row ? padding(g, l, c, text) : 0);
	}
	text_close(out);
	terminal_line(t, row ? row->style : STYLE_HEAD, "%s", line);
	free(line);
}

void grid_print(const struct grid *g, struct terminal *t)
{
	struct layout l = {.points = true,
	    .thousands = true,
	    .gap = g->gap,
	    .widths = xcalloc(g->n_columns, sizeof(*l.widths)),
	    .decimals = xcalloc(g->n_columns, sizeof(*l.decimals))};

	if (t->has_width)
		fit(g, &l, t->columns);
	else
		spread(g, &l);
	print_row(g, &l, NULL, t);
	for (size_t r = 0; r < g->n_rows; r++) {
		const struct grid_row *row = &g->rows[r];

		if (row->cells)
			print_row(g, &l, row, t);
		else if (row->indent > 0)
			terminal_wrap(
			    t, row->style, NULL, row->indent, row->note);
		else
			terminal_line(t, row->style, "%s", row->note);
	}
	free(l.widths);
	free(l.decimals);
}
