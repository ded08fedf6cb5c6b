/*
 * A value without the comments in it. It must not know where it stands.
 */
#include "plan/ini_private.h"

#include <string.h>

#include "base/util.h"

/* The quote that closes the one at p, on the same line; NULL: none. */
static const char *closing_quote(const char *p)
{
	for (p++; *p != '\0' && *p != '\n'; p++) {
		if (*p == '"')
			return p;
		if (*p == '\\' && p[1] != '\0' && p[1] != '\n')
			p++;
	}
	return NULL;
}

/* Whether a comment begins at p: a semicolon behind a blank, or a line of
 * comment. */
static bool begins_comment(const char *value, const char *p)
{
	if (p == value || (*p != ';' && *p != '#'))
		return false;
	return p[-1] == '\n' || (*p == ';' && ini_is_blank(p[-1]));
}

/* Takes the comment at `at` out of the text in front of it, which ends at to;
 * returns the new end. A line of nothing else goes as a whole. */
static char *cut_comment(const char *value, const char *at, char *to)
{
	while (to > value && ini_is_blank(to[-1]))
		to--;
	if (at[-1] == '\n' && to > value)
		to--;
	return to;
}

const char *ini_clean_value(char *value, char **comment)
{
	const char *from = value;
	const char *close;
	char *to = value;
	bool open_here = false, open_before = false;

	while (*from != '\0') {
		if (*from == '"' && !open_here) {
			close = closing_quote(from);
			open_here = close == NULL;
			open_before = open_before || open_here;
			while (close != NULL && from < close)
				*to++ = *from++;
		} else if (from[0] == '\\' && from[1] == ';') {
			from++;
		} else if (begins_comment(value, from)) {
			if (open_before)
				return from;
			to = cut_comment(value, from, to);
			if (*comment == NULL)
				*comment = xstrndup(from, strcspn(from, "\n"));
			from += strcspn(from, "\n");
			continue;
		} else if (*from == '\n') {
			open_here = false;
		}
		*to++ = *from++;
	}
	*to = '\0';
	return NULL;
}
