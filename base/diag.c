/*
 * Diagnostics kept until the top prints them all at once. It knows no plan
 * and decides nothing.
 */
#include "base/diag.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/letter.h"
#include "base/util.h"

/* A text longer than its two ends together loses its middle: the place stands
 * at its front, and how to mend it at its back. */
#define HEAD_BYTES 260
#define TAIL_BYTES 137

void diag_init(struct diag *d)
{
	memset(d, 0, sizeof(*d));
}

void diag_clear(struct diag *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		free(d->entries[i].text);
	free(d->entries);
	diag_init(d);
}

/* Of a plan that is a URL nobody has seen the lines. */
static bool has_no_lines(const char *file)
{
	return strncasecmp(file, "http://", strlen("http://")) == 0 ||
	       strncasecmp(file, "https://", strlen("https://")) == 0;
}

static char *place(struct where where, bool is_warning)
{
	const char *word = is_warning ? "warning: " : "";

	if (where.line == 0 || has_no_lines(where.file))
		return xasprintf("%s: %s", where.file, word);
	return xasprintf("%s:%u: %s", where.file, where.line, word);
}

static void add(struct diag *d, struct where where, bool is_warning, char *what)
{
	char *front = place(where, is_warning);
	struct diag_entry *entry;

	d->entries = grow(d->entries, d->n, &d->cap, sizeof(*d->entries));
	entry = &d->entries[d->n];
	entry->text = xasprintf("%s%s", front, what);
	entry->line = where.line;
	entry->order = (unsigned)d->n;
	entry->is_warning = is_warning;
	d->n++;
	free(front);
	free(what);
}

void diag_error(struct diag *d, struct where where, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(d, where, false, xvasprintf(format, args));
	va_end(args);
	d->errors++;
}

void diag_warning(struct diag *d, struct where where, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(d, where, true, xvasprintf(format, args));
	va_end(args);
	d->warnings++;
}

static int by_line(const void *a, const void *b)
{
	const struct diag_entry *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	/* qsort is not stable by itself */
	return x->order < y->order ? -1 : x->order > y->order;
}

static bool is_inside_letter(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* What a terminal would obey, or what is no letter, stands there in digits. */
static void print_bytes(const char *text, size_t len, FILE *out)
{
	const char *end = text + len;
	uint32_t code;

	while (text < end) {
		size_t n = letter_read(text, &code);
		bool as_it_is = n > 0 && !letter_steers(code);

		if (n == 0)
			n = 1;
		for (; n > 0 && text < end; n--, text++) {
			if (as_it_is)
				putc(*text, out);
			else
				fprintf(out, "\\x%02X", (unsigned char)*text);
		}
	}
}

static void print_entry(const char *text, FILE *out)
{
	size_t len = strlen(text), head = len, tail = len;

	if (len > HEAD_BYTES + TAIL_BYTES + strlen("...")) {
		/* UTF-8 letters are left out whole, or the terminal stumbles */
		head = HEAD_BYTES;
		while (head > HEAD_BYTES - 3 && is_inside_letter(text[head]))
			head--;
		tail = len - TAIL_BYTES;
		while (
		    tail < len - TAIL_BYTES + 3 && is_inside_letter(text[tail]))
			tail++;
	}
	print_bytes(text, head, out);
	if (head < tail)
		fputs("...", out);
	print_bytes(text + tail, len - tail, out);
	putc('\n', out);
}

void diag_print(struct diag *d, FILE *out)
{
	size_t i;

	if (d->n > 1)
		qsort(d->entries, d->n, sizeof(*d->entries), by_line);
	for (i = 0; i < d->n; i++)
		print_entry(d->entries[i].text, out);
}
