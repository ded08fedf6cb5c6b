/*
 * Words, values in quotes, and what stands behind an arrow. It must not know
 * what any of them means.
 */
#include "plan/phrase.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/meant.h"
#include "plan/template.h"
#include "plan/values.h"

#define ARROW  "->"
#define BLANKS " \t\r\n"
#define SIGNS  "=!<>~"

/* --- complaints --------------------------------------------------------- */

void phrase_error(const struct phrase *p, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = xvasprintf(format, ap);
	va_end(ap);
	diag_error(p->d, p->where, "%s \"%s\": %s", p->what, p->text, text);
	free(text);
}

void phrase_warning(const struct phrase *p, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = xvasprintf(format, ap);
	va_end(ap);
	diag_warning(p->d, p->where, "%s \"%s\": %s", p->what, p->text, text);
	free(text);
}

/* --- words -------------------------------------------------------------- */

static void skip_blanks(struct phrase *p)
{
	p->rest += strspn(p->rest, BLANKS);
}

static bool is_end(const char *at)
{
	return *at == '\0' || strncmp(at, ARROW, strlen(ARROW)) == 0;
}

bool phrase_is_at_end(const struct phrase *p)
{
	return is_end(p->rest);
}

bool is_sign_word(const char *word)
{
	return strspn(word, SIGNS) > 0;
}

static char *take(struct phrase *p, size_t len)
{
	char *word = xstrndup(p->rest, len);

	p->rest += len;
	skip_blanks(p);
	return word;
}

char *phrase_word(struct phrase *p)
{
	size_t len = strspn(p->rest, SIGNS);

	return take(p, len > 0 ? len : strcspn(p->rest, BLANKS SIGNS));
}

/* --- quotes ------------------------------------------------------------- */

/* The closing quote of the one that is opened at `at`; NULL: none. */
static const char *closing_quote(const char *at)
{
	for (at++; *at != '"'; at++) {
		if (*at == '\0')
			return NULL;
		if (at[0] == '\\' && at[1] == '"')
			at++;
	}
	return at;
}

static char *take_quoted(struct phrase *p)
{
	const char *from = p->rest + 1, *end = closing_quote(p->rest);
	size_t len = 0;
	char *value;

	if (end == NULL) {
		phrase_error(p, "a quote is not closed: write \" behind the "
				"value");
		return NULL;
	}
	value = xcalloc((size_t)(end - from) + 1, 1);
	for (; from < end; from++) {
		if (from[0] == '\\' && from[1] == '"')
			from++;
		value[len++] = *from;
	}
	p->rest = end + 1;
	skip_blanks(p);
	return value;
}

/* --- names and values --------------------------------------------------- */

char *phrase_name(struct phrase *p, bool ends_at_signs)
{
	const char *at = p->rest, *next;

	if (*at == '"')
		return take_quoted(p);
	for (; !is_end(at) && strchr(BLANKS, *at) == NULL; at = next) {
		next = skip_variable(at);
		if (next > at)
			continue;
		next = at + 1;
		if (at[0] == '~' && (at[1] == '0' || at[1] == '1'))
			continue;
		if (ends_at_signs && strchr(SIGNS, *at) != NULL)
			break;
	}
	return take(p, (size_t)(at - p->rest));
}

static char *take_bare(struct phrase *p)
{
	const char *arrow = strstr(p->rest, ARROW);
	size_t len = arrow ? (size_t)(arrow - p->rest) : strlen(p->rest);
	size_t all = len;
	char *value;

	while (len > 0 && strchr(BLANKS, p->rest[len - 1]) != NULL)
		len--;
	value = xstrndup(p->rest, len);
	p->rest += all;
	return value;
}

char *phrase_value(struct phrase *p)
{
	return *p->rest == '"' ? take_quoted(p) : take_bare(p);
}

char *phrase_loose_value(struct phrase *p)
{
	const char *end = *p->rest == '"' ? closing_quote(p->rest) : NULL;

	if (end != NULL && is_end(end + 1 + strspn(end + 1, BLANKS)))
		return take_quoted(p);
	return take_bare(p);
}

const char *phrase_behind_arrow(struct phrase *p)
{
	p->rest += strlen(ARROW);
	skip_blanks(p);
	return p->rest;
}

char *phrase_fill(
    const struct phrase *p, struct variables *v, const char *noun, char *text)
{
	struct template *t;
	char *filled = NULL;

	if (strstr(text, "${") == NULL)
		return text;
	t = template_compile(text, ENCODE_NONE, v, p->d, p->where, p->what);
	free(text);
	if (t == NULL)
		return NULL;
	if (template_is_static(t))
		filled = xstrdup(template_text(t, NULL));
	else
		phrase_error(p,
		    "%s is read before the run, when only ${env NAME} and "
		    "[vars] are known: write it without other variables",
		    noun);
	template_free(t);
	return filled;
}

void phrase_warn_of_places(const struct phrase *p, const char *pointer)
{
	char *meant = pointer[0] == '/' ? meant_pointer(pointer) : NULL;

	if (meant != NULL && strcmp(meant, pointer) != 0)
		phrase_warning(p,
		    "an element of an array stands behind a /: did you mean "
		    "\"%s\"?",
		    quote(meant).text);
	free(meant);
}
