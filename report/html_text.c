/*
 * Text and tables of the HTML report. It knows no figures.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/html.h"
#include "report/markup.h"
#include "report/mask.h"
#include "report/text.h"

enum {
	/* wide enough for any line: the reader's browser breaks them */
	ENDLESS_COLUMNS = 1 << 30,
	/* of a sentence, with the names in it */
	SENTENCE_COLUMNS = 2000
};

static void put_cut(FILE *out, const char *text, size_t columns)
{
	/* masked before it is cut: what is cut off has no name any more */
	char *masked = mask_url(text);
	char *shown = text_shown(masked);
	char *cut = text_cut(shown, columns);

	markup_long(out, cut);
	free(cut);
	free(shown);
	free(masked);
}

void html_text(FILE *out, const char *text)
{
	put_cut(out, text, TEXT_MOST_COLUMNS);
}

void html_sentence(FILE *out, const char *text)
{
	put_cut(out, text, SENTENCE_COLUMNS);
}

/* --- tables ------------------------------------------------------------- */

void html_table(FILE *out, const struct html_column *columns, size_t n)
{
	fputs("<font size=\"2\"><table width=\"100%\" border=\"0\" "
	      "cellspacing=\"0\" cellpadding=\"5\" rules=\"rows\" "
	      "frame=\"hsides\" bordercolor=\"#888888\">\n",
	    out);
	if (n > 0)
		fputs("<thead><tr>", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "<th scope=\"col\" align=\"%s\">%s</th>",
		    columns[i].is_text ? "left" : "right", columns[i].title);
	fputs(n > 0 ? "</tr></thead>\n<tbody>\n" : "<tbody>\n", out);
}

void html_table_end(FILE *out)
{
	fputs("</tbody>\n</table></font>\n", out);
}

void html_cell_text(FILE *out, const char *text)
{
	fputs("<td align=\"left\">", out);
	html_text(out, text);
	fputs("</td>", out);
}

void html_cell(FILE *out, const char *figure)
{
	html_cell_coloured(out, NULL, figure);
}

void html_cell_coloured(FILE *out, const char *colour, const char *figure)
{
	fputs("<td align=\"right\">", out);
	if (colour)
		fprintf(out, "<font color=\"%s\"><b>", colour);
	markup_text(out, figure);
	fputs(colour ? "</b></font></td>" : "</td>", out);
}

/* --- lines -------------------------------------------------------------- */

static void put_line(FILE *out, const char *line)
{
	line += strspn(line, " ");
	if (!*line)
		return;
	fputs("<p>", out);
	if (strncmp(line, "! ", 2) == 0) {
		fputs("<font color=\"" HTML_WARNING "\"><b>!</b></font> ", out);
		line += 2;
	}
	html_sentence(out, line);
	fputs("</p>\n", out);
}

char *html_printed(const struct results *results, html_print_fn *print)
{
	char *text = NULL;
	size_t len = 0;
	struct terminal t = {
	    .out = text_open(&text, &len), .columns = ENDLESS_COLUMNS};

	print(&t, results);
	text_close(t.out);
	return text;
}

void html_lines(
    FILE *out, const struct results *results, html_print_fn *print, size_t skip)
{
	char *text = html_printed(results, print);
	char *line = text;
	char *end;

	while ((end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		if (skip > 0)
			skip--;
		else
			put_line(out, line);
		line = end + 1;
	}
	free(text);
}
