/*
 * Finds secrets by their names and places, and puts something else there. It
 * knows no formats.
 */
#include "report/mask.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"

#define BLANKS " \t"

/* --- names -------------------------------------------------------------- */

/* Letters of any case, anywhere in a name. */
static const char *const words[] = {"token", "secret", "passw", "passphrase",
    "pwd", "key", "session", "auth", "cookie", "credential"};

static bool is_secret(const char *name, size_t len)
{
	for (size_t w = 0; w < ARRAY_LEN(words); w++) {
		size_t n = strlen(words[w]);

		for (size_t i = 0; i + n <= len; i++) {
			if (strncasecmp(name + i, words[w], n) == 0)
				return true;
		}
	}
	return len >= 4 && strncasecmp(name + len - 4, "pass", 4) == 0;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static size_t word_len(const char *at)
{
	size_t len = 0;

	while (is_word(at[len]))
		len++;
	return len;
}

/* --- values ------------------------------------------------------------- */

/* Bytes of a ${...} at at; 0: there is none. */
static size_t reference_len(const char *at)
{
	const char *end;

	if (at[0] != '$' || at[1] != '{')
		return 0;
	end = strchr(at, '}');
	return end != NULL ? (size_t)(end - at) + 1 : 0;
}

/* Whether it has no text of its own that could be a secret. */
static bool is_known_reference(const char *at, size_t len)
{
	if (strncmp(at, "${pick ", 7) == 0)
		return false;
	for (size_t i = 2; i + 1 < len; i++) {
		if (!is_word(at[i]) && at[i] != '|' && at[i] != ' ')
			return false;
	}
	return true;
}

static bool is_reference_only(const char *at, size_t len)
{
	static const char *const schemes[] = {"Bearer ", "Basic ", "Token "};
	const char *end = at + len;

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t n = strlen(schemes[i]);

		if (len > n && strncasecmp(at, schemes[i], n) == 0) {
			at += n;
			break;
		}
	}
	while (at < end) {
		size_t n = reference_len(at);

		if (n == 0 || n > (size_t)(end - at) ||
		    !is_known_reference(at, n))
			return false;
		at += n;
	}
	return true;
}

/* Something of len bytes that is secret. */
static void put_secret(FILE *out, const char *at, size_t len)
{
	if (is_reference_only(at, len))
		fwrite(at, 1, len, out);
	else
		fputs(MASK, out);
}

/* Up to one of stops, variables as a whole. */
static size_t len_upto(const char *at, const char *stops)
{
	size_t len = 0;

	while (at[len] && strchr(stops, at[len]) == NULL) {
		size_t reference = reference_len(at + len);

		len += reference > 0 ? reference : 1;
	}
	return len;
}

/* Up to the quote that ends what began behind one, which may have had a
 * backslash before it. */
static size_t quoted_len(const char *at, char quote, bool escaped)
{
	size_t len = 0;

	while (at[len] && (escaped || at[len] != quote)) {
		if (at[len] != '\\' || at[len + 1] == '\0') {
			len++;
			continue;
		}
		if (escaped && at[len + 1] == quote)
			break;
		len += 2;
	}
	return len;
}

/* All of a list or an object of JSON. */
static size_t nested_len(const char *at)
{
	size_t len = 0;
	size_t depth = 0;

	do {
		if (at[len] == '"') {
			len += 1 + quoted_len(at + len + 1, '"', false);
			if (at[len] == '\0')
				break;
		} else if (at[len] == '[' || at[len] == '{') {
			depth++;
		} else if (at[len] == ']' || at[len] == '}') {
			depth--;
		}
		len++;
	} while (depth > 0 && at[len]);
	return len;
}

/* --- what is secret in the middle of a text ------------------------------ */

/* Each looks at a place of a text; where it finds something secret there it
 * puts that, masked, and returns how much of the text that was; else 0. */

/* "://user:password@" */
static size_t mask_user(FILE *out, const char *at)
{
	size_t len;
	size_t user;

	if (strncmp(at, "://", 3) != 0)
		return 0;
	len = len_upto(at + 3, "/?#\"'<> \t\n");
	for (user = len; user > 0 && at[3 + user - 1] != '@'; user--)
		;
	if (user == 0)
		return 0;
	fputs("://", out);
	put_secret(out, at + 3, user - 1);
	putc('@', out);
	return 3 + user;
}

/* "?token=VALUE" or "&token=VALUE" */
static size_t mask_parameter(FILE *out, const char *at)
{
	size_t name, value;

	if (*at != '?' && *at != '&')
		return 0;
	name = strcspn(at + 1, "=&#\"' \t\n");
	if (at[1 + name] != '=' || !is_secret(at + 1, name))
		return 0;
	value = len_upto(at + name + 2, "&#\"' \t\n");
	fwrite(at, 1, name + 2, out);
	if (value > 0)
		put_secret(out, at + name + 2, value);
	return name + 2 + value;
}

/* What is between a name and its value, as in `" : "`. */
struct gap {
	size_t len;
	char sign;        /* = or : */
	char quote;       /* the value begins with; 0: none */
	bool escaped;     /* and a backslash before it */
	bool name_quoted; /* as in JSON */
};

/* False where there is no sign, so that it is a name of nothing. */
static bool read_gap(struct gap *gap, const char *at)
{
	const char *start = at;
	const char *blanks;

	*gap = (struct gap) {0};
	if (*at == '\\' && at[1] == '"')
		at++;
	gap->name_quoted = *at == '"';
	blanks = gap->name_quoted ? " \t\n" : BLANKS;
	if (*at == '"' || *at == '\'' || *at == ']')
		at++;
	at += strspn(at, blanks);
	if ((*at != '=' && *at != ':') || at[1] == '=' || at[1] == '~' ||
	    strncmp(at, "://", 3) == 0)
		return false;
	gap->sign = *at++;
	at += strspn(at, blanks);
	gap->escaped = *at == '\\' && at[1] == '"';
	at += gap->escaped;
	if (*at == '"' || *at == '\'')
		gap->quote = *at++;
	gap->len = (size_t)(at - start);
	return true;
}

/* How much is the value behind a gap. A header goes on to the end of its line,
 * or of the string that it is in. */
static size_t value_len(const struct gap *gap, const char *at)
{
	if (gap->quote)
		return quoted_len(at, gap->quote, gap->escaped);
	if (gap->name_quoted && (*at == '[' || *at == '{'))
		return nested_len(at);
	if (gap->sign == '=')
		return len_upto(at, "&;,\"' \t\n)]}");
	return len_upto(at, gap->name_quoted ? ",]}\n" : "\"'\n");
}

/* "password=VALUE", "Authorization: VALUE", "\"token\": \"VALUE\"" */
static size_t mask_named(FILE *out, const char *at, size_t name)
{
	struct gap gap;
	size_t value;

	if (!is_secret(at, name) || !read_gap(&gap, at + name))
		return 0;
	value = value_len(&gap, at + name + gap.len);
	fwrite(at, 1, name + gap.len, out);
	if (value > 0)
		put_secret(out, at + name + gap.len, value);
	return name + gap.len + value;
}

static bool is_word_of(const char *at, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(at, word, len) == 0;
}

/* "--token VALUE", "-u user:VALUE", "Bearer VALUE" */
static size_t mask_argument(FILE *out, const char *at, size_t name)
{
	bool is_user =
	    is_word_of(at, name, "-u") || is_word_of(at, name, "--user");
	bool is_named = (strncmp(at, "--", 2) == 0 && is_secret(at, name)) ||
			is_word_of(at, name, "bearer");
	size_t gap = strspn(at + name, BLANKS);
	const char *value = at + name + gap;
	size_t len = len_upto(value, "\"' \t\n");
	size_t open = 0;

	if (gap > 0 && len == 0 && (*value == '"' || *value == '\'')) {
		len = quoted_len(value + 1, *value, false);
		value++;
		gap++;
	}
	if (is_user)
		open = strcspn(value, ":") + 1;
	if ((!is_user && !is_named) || gap == 0 || open >= len || *value == '-')
		return 0;
	fwrite(at, 1, name + gap + open, out);
	put_secret(out, value + open, len - open);
	return name + gap + len;
}

static size_t mask_word(FILE *out, const char *at, size_t name)
{
	size_t done = mask_named(out, at, name);

	return done > 0 ? done : mask_argument(out, at, name);
}

/* deep: not only what is secret in a URL. */
static void mask_all(FILE *out, const char *at, bool deep)
{
	while (*at) {
		size_t done = mask_user(out, at);
		size_t word;

		if (done == 0)
			done = mask_parameter(out, at);
		if (done == 0 && deep && (word = word_len(at)) > 0) {
			done = mask_word(out, at, word);
			if (done == 0) {
				fwrite(at, 1, word, out);
				done = word;
			}
		}
		if (done == 0) {
			putc(*at, out);
			done = 1;
		}
		at += done;
	}
}

/* --- keys --------------------------------------------------------------- */

static void mask_whole(FILE *out, const char *value)
{
	if (*value)
		put_secret(out, value, strlen(value));
}

/* "user:password" */
static void mask_auth(FILE *out, const char *value)
{
	size_t user = strcspn(value, ":");

	if (value[user] == '\0') {
		mask_whole(out, value);
		return;
	}
	fwrite(value, 1, user + 1, out);
	mask_whole(out, value + user + 1);
}

/* "user:password@host:port", with a scheme or without */
static void mask_proxy(FILE *out, const char *value)
{
	const char *at = strrchr(value, '@');

	if (at == NULL || strstr(value, "://") != NULL) {
		mask_all(out, value, true);
		return;
	}
	put_secret(out, value, (size_t)(at - value));
	fputs(at, out);
}

/* A name, the sign, and all else is its value. */
static void mask_pair(FILE *out, const char *value, char sign)
{
	const char *at = strchr(value, sign);
	size_t blanks;

	if (at == NULL || !is_secret(value, (size_t)(at - value))) {
		mask_all(out, value, true);
		return;
	}
	at++;
	blanks = strspn(at, BLANKS);
	fwrite(value, 1, (size_t)(at - value) + blanks, out);
	mask_whole(out, at + blanks);
}

static void mask_header(FILE *out, const char *value)
{
	mask_pair(out, value, ':');
}

static void mask_parameter_key(FILE *out, const char *value)
{
	mask_pair(out, value, '=');
}

/* Paths and what looks like a secret and is none. */
static void keep(FILE *out, const char *value)
{
	fputs(value, out);
}

static const struct {
	const char *key;
	void (*mask)(FILE *out, const char *value);
} keys[] = {
    {"auth", mask_auth},
    {"proxy", mask_proxy},
    {"header", mask_header},
    {"query", mask_parameter_key},
    {"form", mask_parameter_key},
    {"multipart", mask_parameter_key},
    {"key", keep},
    {"cookies", keep},
};

static void mask_key(
    FILE *out, const char *section, const char *key, const char *value)
{
	bool is_variable = strcmp(section, "vars") == 0;

	if (strncmp(key, "set.", 4) == 0) {
		is_variable = true;
		key += 4;
	}
	for (size_t i = 0; i < ARRAY_LEN(keys) && !is_variable; i++) {
		if (strcmp(key, keys[i].key) == 0) {
			keys[i].mask(out, value);
			return;
		}
	}
	if (is_variable && is_secret(key, strlen(key)))
		mask_whole(out, value);
	else
		mask_all(out, value, true);
}

/* --- texts -------------------------------------------------------------- */

static FILE *text_open(char **text, size_t *len)
{
	FILE *out = open_memstream(text, len);

	if (out == NULL)
		out_of_memory();
	return out;
}

static void text_close(FILE *out)
{
	if (fclose(out) != 0)
		out_of_memory();
}

char *mask_value(const char *section, const char *key, const char *value)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = text_open(&text, &len);

	mask_key(out, section, key, value);
	text_close(out);
	return text;
}

char *mask_url(const char *text)
{
	char *masked = NULL;
	size_t len = 0;
	FILE *out = text_open(&masked, &len);

	mask_all(out, text, false);
	text_close(out);
	return masked;
}
