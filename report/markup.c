/*
 * Text inside HTML and SVG. It knows no results.
 */
#include "report/markup.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report/text.h"

/* Letters: of a word that fits a narrow table, and of the pieces of others. */
enum { LONGEST_WORD = 16, LONGEST_PIECE = 10 };

void markup_byte(FILE *out, char c)
{
	switch (c) {
	case '<':
		fputs("&lt;", out);
		break;
	case '>':
		fputs("&gt;", out);
		break;
	case '&':
		fputs("&amp;", out);
		break;
	case '"':
		fputs("&quot;", out);
		break;
	case '\'':
		fputs("&#39;", out);
		break;
	default:
		putc(c, out);
	}
}

void markup_text(FILE *out, const char *text)
{
	char *shown = text_shown(text);

	for (const char *at = shown; *at; at++)
		markup_byte(out, *at);
	free(shown);
}

/* Whether a line may break behind the letter at at: not inside of "//", of
 * 1,234 or of 0.5. */
static bool separates(const char *at)
{
	static const char separators[] = "/?&=,;:-_.";

	if (strchr(separators, at[0]) == NULL)
		return false;
	return at[1] != '\0' && strchr(separators, at[1]) == NULL &&
	       !((at[0] == ',' || at[0] == '.') &&
		   isdigit((unsigned char)at[1]));
}

/* Whether the word that begins at at is to be broken at all. */
static bool is_long(const char *at)
{
	return strcspn(at, " ") > LONGEST_WORD;
}

void markup_long(FILE *out, const char *text)
{
	char *shown = text_shown(text);
	const char *at = shown;
	bool breaks = is_long(at);
	size_t piece = 0;

	while (*at) {
		size_t len = text_front_bytes(at, 1);
		bool ends_part = separates(at);
		bool ends_word = *at == ' ';

		if (len == 0) /* a letter of two columns */
			len = text_front_bytes(at, 2);
		for (size_t i = 0; i < len; i++)
			markup_byte(out, at[i]);
		at += len;
		piece = ends_word ? 0 : piece + 1;
		if (ends_word)
			breaks = is_long(at);
		if (*at && breaks && (ends_part || piece == LONGEST_PIECE)) {
			fputs("<wbr>", out);
			piece = 0;
		}
	}
	free(shown);
}
