/*
 * The plan in the HTML report: as it was read, keys of the command line in
 * their places, without secrets. It knows no results.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/ini.h"
#include "report/html.h"
#include "report/markup.h"
#include "report/mask.h"
#include "report/text.h"

/* Of one value, and of all. */
enum { MOST_BYTES = 4000, MOST_ENTRIES = 5000 };

/* Lines after the first are indented, as they have to be in a plan. */
static void put_lines(FILE *out, const char *text)
{
	const char *end;

	while ((end = strchr(text, '\n')) != NULL) {
		char *line = xstrndup(text, (size_t)(end - text));

		markup_long(out, line);
		fputs("\n    ", out);
		free(line);
		text = end + 1;
	}
	markup_long(out, text);
}

static void put_entry(FILE *out, const struct plan *plan, const char *section,
    const struct ini_entry *entry)
{
	size_t len = strlen(entry->value);
	/* cut before it is masked: what is cut off has no name any more */
	char *front =
	    xstrndup(entry->value, len < MOST_BYTES ? len : MOST_BYTES);
	char *masked = mask_value(section, entry->key, front);
	char text[FIGURE_BYTES];

	markup_text(out, entry->key);
	fputs(" = ", out);
	put_lines(out, masked);
	if (len > MOST_BYTES)
		fprintf(out, "<i>... (%s bytes)</i>", figure_count(text, len));
	if (strcmp(entry->where.file, plan->file) != 0) {
		fputs(" <i>(", out);
		markup_text(out, entry->where.file);
		fputs(")</i>", out);
	}
	fputs("\n", out);
	free(masked);
	free(front);
}

static size_t put_section(FILE *out, const struct plan *plan,
    const struct ini_section *section, size_t room)
{
	size_t n = section->n < room ? section->n : room;

	fputs("<b>[", out);
	markup_long(out, section->name);
	fputs("]</b>\n", out);
	for (size_t i = 0; i < n; i++)
		put_entry(out, plan, section->name, &section->entries[i]);
	fputs("\n", out);
	return n;
}

void html_plan(FILE *out, const struct plan *plan)
{
	const struct ini *written = plan->written;
	size_t room = MOST_ENTRIES;

	if (written == NULL)
		return;
	fputs("<h2>Plan</h2>\n<p>As it was read, without comments. Passwords, "
	      "tokens, cookies and other values that look secret by their "
	      "names are shown as " MASK ".</p>\n<details>\n<summary>",
	    out);
	html_text(out, plan->file);
	fputs("</summary>\n<pre wrap>", out);
	for (size_t i = 0; i < written->n && room > 0; i++)
		room -= put_section(out, plan, &written->sections[i], room);
	fputs(room > 0 ? "" : "... (cut off)\n", out);
	fputs("</pre>\n</details>\n", out);
}
