/*
 * Lines with a style, and what is known about where they go. It knows no
 * results.
 */
#include "report/terminal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/util.h"
#include "report/text.h"

enum {
	FALLBACK_COLUMNS = 80,
	FALLBACK_ROWS = 24,
	LEAST_COLUMNS = 20,
	TEXT_INDENT = 2
};

static const char *const styles[STYLES] = {
    [STYLE_PLAIN] = "",
    [STYLE_HEAD] = "\033[1m",
    [STYLE_FAINT] = "\033[2m",
    [STYLE_GOOD] = "\033[32m",
    [STYLE_BAD] = "\033[31m",
    [STYLE_WARNING] = "\033[33m",
};

/* 0: it is not there, or makes no sense. */
static size_t from_environment(const char *name)
{
	const char *text = getenv(name);
	uint64_t n;

	if (!text || !parse_count(text, &n) || n == 0 || n > 10000)
		return 0;
	return (size_t)n;
}

static bool is_set(const char *name)
{
	const char *text = getenv(name);

	return text && *text;
}

void terminal_look(struct terminal *t, FILE *out)
{
	const char *kind = getenv("TERM");
	struct winsize size = {0};

	*t = (struct terminal) {.out = out};
	t->is_terminal =
	    isatty(fileno(out)) && kind && *kind && strcmp(kind, "dumb") != 0;
	t->has_colour = t->is_terminal && !is_set("NO_COLOR");
	if (ioctl(fileno(out), TIOCGWINSZ, &size) < 0)
		size = (struct winsize) {0};
	t->columns =
	    size.ws_col > 0 ? size.ws_col : from_environment("COLUMNS");
	t->rows = size.ws_row > 0 ? size.ws_row : from_environment("LINES");
	t->has_width = t->columns > 0 || isatty(fileno(out));
	if (t->columns == 0)
		t->columns = FALLBACK_COLUMNS;
	if (t->rows == 0)
		t->rows = FALLBACK_ROWS;
	if (t->columns < LEAST_COLUMNS)
		t->columns = LEAST_COLUMNS;
}

static void print_line(struct terminal *t, enum style style, const char *text)
{
	bool styled = t->has_colour && style != STYLE_PLAIN;
	size_t len =
	    t->clips ? text_front_bytes(text, t->columns) : strlen(text);

	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (t->erases)
		fputs("\033[K", t->out);
	if (styled)
		fputs(styles[style], t->out);
	fwrite(text, 1, len, t->out);
	fputs(styled ? "\033[0m\n" : "\n", t->out);
	t->lines++;
}

void terminal_line(
    struct terminal *t, enum style style, const char *format, ...)
{
	va_list args;
	char *text = NULL;
	size_t len = 0;
	FILE *out = text_open(&text, &len);

	va_start(args, format);
	vfprintf(out, format, args);
	va_end(args);
	text_close(out);
	print_line(t, style, text);
	free(text);
}

/* How much of text goes on a line of so many columns: up to a blank. A word
 * wider than the line, a URL say, stays whole. */
static size_t line_bytes(const char *text, size_t columns)
{
	size_t most = text_front_bytes(text, columns);
	size_t len = most;

	if (!text[most])
		return most;
	while (len > 0 && text[len] != ' ')
		len--;
	return len > 0 ? len : most + strcspn(text + most, " ");
}

void terminal_wrap(struct terminal *t, enum style style, const char *first,
    size_t indent, const char *text)
{
	size_t columns = t->columns > indent + 10 ? t->columns - indent : 10;

	do {
		size_t len = line_bytes(text, columns);

		if (first)
			terminal_line(
			    t, style, "%s%.*s", first, (int)len, text);
		else
			terminal_line(t, style, "%*s%.*s", (int)indent, "",
			    (int)len, text);
		first = NULL;
		text += len;
		while (*text == ' ')
			text++;
	} while (*text);
}

void terminal_text(struct terminal *t, enum style style, const char *text)
{
	if (t->has_width)
		terminal_wrap(t, style, "", TEXT_INDENT, text);
	else
		terminal_line(t, style, "%s", text);
}
