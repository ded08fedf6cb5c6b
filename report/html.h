/*
 * The parts of the HTML report. Each prints a section of the page, or nothing
 * where there is nothing to tell. None of them has a style, a script, or
 * anything that is loaded, since a strict content policy takes those away.
 * Private to the report room.
 */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include <stdio.h>

#include "report.h"
#include "report/series.h"
#include "report/terminal.h"

/* Colours that can be read on white as well as on black. */
#define HTML_GOOD    "#2f9e63"
#define HTML_BAD     "#e5484d"
#define HTML_WARNING "#c98700"

/* Verdict, what was played, key figures. */
void html_heading(FILE *out, const struct results *results);
/* Against an earlier run, where there is one. */
void html_baseline(FILE *out, const struct results *results);
void html_charts(
    FILE *out, const struct results *results, const struct series *series);
void html_thresholds(FILE *out, const struct results *results);
void html_stages(FILE *out, const struct results *results);
void html_requests(FILE *out, const struct results *results);
void html_failures(FILE *out, const struct results *results);
void html_workers(FILE *out, const struct results *results);
void html_books(FILE *out, const struct results *results);
/* The plan as it was read, without what is secret in it. */
void html_plan(FILE *out, const struct plan *plan);

/* Text from a plan or a server, what is secret in a URL left out, and the
 * middle of what is long: some of it is told many times. */
void html_text(FILE *out, const char *text);
/* The same of a sentence, which may be longer than what it names. */
void html_sentence(FILE *out, const char *text);

/*
 * Tables.
 */

struct html_column {
	const char *title;
	bool is_text; /* else a figure, at the right */
};

/* No columns: a table without titles. */
void html_table(FILE *out, const struct html_column *columns, size_t n);
void html_table_end(FILE *out);
/* One row: `<tr>`, its cells, `</tr>`. A text may be anything. */
void html_cell_text(FILE *out, const char *text);
void html_cell(FILE *out, const char *figure);
/* The same in a colour; NULL: none. */
void html_cell_coloured(FILE *out, const char *colour, const char *figure);

/*
 * What the summary on a terminal says in words.
 */

typedef void html_print_fn(struct terminal *t, const struct results *results);

/* The lines that print prints; owned by the caller. */
char *html_printed(const struct results *results, html_print_fn *print);
/* The same, each as a paragraph, warnings marked; the first skip of them are
 * left out. */
void html_lines(FILE *out, const struct results *results, html_print_fn *print,
    size_t skip);

#endif
