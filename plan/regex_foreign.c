/*
 * What regcomp() would take for something else than the one who wrote it, or
 * refuse without a word about it. It must not know what a match is.
 */
#include "plan/regex_foreign.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/util.h"

#define BESIDE_WORD "what stands beside the word, as [^a-z]"
#define ITSELF      "the character itself"
#define A_CLASS     "a set, as [[:alpha:]]"

/* What a backslash means elsewhere before a letter, or is GNU's. */
static const struct escape {
	char letter;
	const char *instead; /* NULL: it is known */
	const char *in_set;  /* NULL: nothing in particular */
} escapes[] = {
    {'w', NULL, "[[:alnum:]_]"},
    {'W', NULL, "[^[:alnum:]_]"},
    {'s', NULL, "[[:space:]]"},
    {'S', NULL, "[^[:space:]]"},
    {'d', "[0-9]", "[0-9]"},
    {'D', "[^0-9]", "[^0-9]"},
    {'t', "[[:blank:]]", "[[:blank:]]"},
    {'n', "[[:space:]]", "[[:cntrl:]]"},
    {'r', "[[:space:]]", "[[:cntrl:]]"},
    {'b', BESIDE_WORD, NULL},
    {'B', BESIDE_WORD, NULL},
    {'<', BESIDE_WORD, NULL},
    {'>', BESIDE_WORD, NULL},
    {'`', "^", NULL},
    {'A', "^", NULL},
    {'\'', "$", NULL},
    {'z', "$", NULL},
    {'Z', "$", NULL},
    {'u', ITSELF, ITSELF},
    {'x', ITSELF, ITSELF},
    {'0', ITSELF, ITSELF},
    {'p', A_CLASS, A_CLASS},
};

/* The first that a text begins with is meant. */
static const struct group {
	const char *text;
	const char *mend;
} groups[] = {
    {"(?:", "write ( and count it as a group"},
    {"(?=", "write what follows as part of the match"},
    {"(?!", "write what may follow, as [^a-z]"},
    {"(?<=", "write what comes before as part of the match, and a group"},
    {"(?<!", "write what may come before, as [^a-z]"},
    {"(?<", "write ( without a name"},
    {"(?P<", "write ( without a name"},
    {"(?i", "write both letters, as [Ee]rror"},
    {"(?", "leave it out, or write \\(\\? for plain ones"},
};

/* NULL: it means nothing anywhere. */
static const struct escape *find_escape(char letter)
{
	for (size_t i = 0; i < ARRAY_LEN(escapes); i++)
		if (escapes[i].letter == letter)
			return &escapes[i];
	return NULL;
}

char *foreign_escape(char c)
{
	const struct escape *escape = find_escape(c);

	if (escape != NULL && escape->instead == NULL)
		return NULL;
	if (escape != NULL)
		return xasprintf(
		    "\\%c is no POSIX: write %s", c, escape->instead);
	if (c >= '1' && c <= '9')
		return xasprintf("\\%c is a back-reference, and extended "
				 "expressions have none: write what it "
				 "stands for",
		    c);
	if (!isalnum((unsigned char)c))
		return NULL;
	return xasprintf(
	    "\\%c is no POSIX: write %c for the letter itself", c, c);
}

/* There a backslash is one, which is hardly ever meant. */
static char *foreign_in_set(char c)
{
	const struct escape *escape = find_escape(c);

	if (escape != NULL && escape->in_set != NULL)
		return xasprintf("\\%c in [] is a backslash and %c: write %s",
		    c, c, escape->in_set);
	return xasprintf("\\%c in [] is a backslash and %c: write [%c\\] if "
			 "that is meant",
	    c, c, c);
}

char *foreign_set(const char *text, const char *end)
{
	for (const char *p = text; p + 1 < end; p++) {
		if (p[0] != '\\')
			continue;
		if (isalnum((unsigned char)p[1]))
			return foreign_in_set(p[1]);
		if (p[1] == ']' && *end == ']')
			return xstrdup("\\] in [] ends it: write ] first, as "
				       "[]a]");
		if (p[1] == '\\')
			p++;
	}
	return NULL;
}

char *foreign_group(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (strncmp(text, groups[i].text, strlen(groups[i].text)) == 0)
			return xasprintf("%s is no POSIX: %s", groups[i].text,
			    groups[i].mend);
	return NULL;
}
