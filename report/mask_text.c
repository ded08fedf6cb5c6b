/*
 * Finds secrets in a text by their names and places, and puts something else
 * there. It knows no formats, and no keys of a plan.
 */
#include "report/mask_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "report/mask.h"
#include "report/secret.h"

#define BLANKS " \t"

/* --- words -------------------------------------------------------------- */

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

void mask_secret(FILE *out, const char *at, size_t len)
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

/* Bytes of a $(...) at at, all of the text where it has no end; 0: there is
 * none. */
static size_t command_len(const char *at)
{
	size_t len = 2, depth = 1;

	if (at[0] != '$' || at[1] != '(')
		return 0;
	for (; at[len] && depth > 0; len++) {
		depth += at[len] == '(';
		depth -= at[len] == ')';
	}
	return len;
}

/* Up to the quote that ends what began behind one, which may have had a
 * backslash before it. */
static size_t quoted_len(const char *at, char quote, bool escaped)
{
	size_t len = 0, command;

	while (at[len] && (escaped || at[len] != quote)) {
		if (quote == '"' && (command = command_len(at + len)) > 0) {
			len += command;
			continue;
		}
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

/* What a shell gives to a name: up to one of stops, commands as a whole. */
static size_t assigned_len(const char *at, const char *stops)
{
	size_t len = 0, command;

	do {
		command = command_len(at + len);
		if (command == 0 && at[len] == '`')
			command = 1 + strcspn(at + len + 1, "`");
		len += command;
		if (command > 0 && at[len] == '`')
			len++;
		if (command == 0 && at[len] && strchr(stops, at[len]) == NULL) {
			size_t reference = reference_len(at + len);

			command = reference > 0 ? reference : 1;
			len += command;
		}
	} while (command > 0);
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
	mask_secret(out, at + 3, user - 1);
	putc('@', out);
	return 3 + user;
}

/* Bytes of a letter at at, as it is or as %XX; 0: it is another one. */
static size_t letter_len(const char *at, char letter, const char *encoded)
{
	if (*at == letter)
		return 1;
	return strncasecmp(at, encoded, 3) == 0 ? 3 : 0;
}

/* Bytes of what begins a parameter. */
static size_t start_len(const char *at)
{
	size_t len = letter_len(at, '&', "%26");

	if (len == 0)
		len = letter_len(at, '?', "%3F");
	return len == 0 && (*at == '#' || *at == ';') ? 1 : len;
}

/* What ends a sentence that a URL is in is not of it. */
static size_t without_mark(const char *at, size_t len)
{
	bool is_end = strchr(" \t\n", at[len]) != NULL; /* or the NUL */

	return len > 1 && is_end && strchr(",.;:)", at[len - 1]) != NULL
		   ? len - 1
		   : len;
}

/* Up to the next parameter; that of an encoded one may be encoded. */
static size_t parameter_len(const char *at, bool is_encoded, const char *stops)
{
	size_t len = 0;

	while (at[len] && strchr(stops, at[len]) == NULL &&
	       !(is_encoded && strncasecmp(at + len, "%26", 3) == 0)) {
		size_t reference = reference_len(at + len);

		len += reference > 0 ? reference : 1;
	}
	return without_mark(at, len);
}

/* "?token=VALUE", "&token=VALUE", "%26token%3DVALUE" */
static size_t mask_parameter(FILE *out, const char *at)
{
	size_t start = start_len(at), name = start, sign, value;

	if (start == 0)
		return 0;
	while (at[name] && strchr("=&?#;\"' \t\n", at[name]) == NULL &&
	       strncasecmp(at + name, "%3D", 3) != 0 &&
	       strncasecmp(at + name, "%26", 3) != 0 &&
	       strncasecmp(at + name, "%3F", 3) != 0)
		name++;
	sign = letter_len(at + name, '=', "%3D");
	if (sign == 0 || !secret_has_name(at + start, name - start))
		return 0;
	sign += name;
	value = parameter_len(
	    at + sign, start == 3, *at == ';' ? ";/?&#\"' \t\n" : "&#\"' \t\n");
	if (secret_is_count(at + start, name - start, at + sign, value))
		return 0;
	fwrite(at, 1, sign, out);
	if (value > 0)
		mask_secret(out, at + sign, value);
	return sign + value;
}

/* --- what is secret without a name --------------------------------------- */

static bool is_of_base64(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("-_.=", c));
}

/* Base64 of what begins with {" */
static size_t mask_jwt(FILE *out, const char *at)
{
	enum { LEAST_BYTES = 16 };
	size_t len = 0;

	if (strncmp(at, "eyJ", 3) != 0)
		return 0;
	while (is_of_base64(at[len]))
		len++;
	if (len < LEAST_BYTES)
		return 0;
	fputs(MASK, out);
	return len;
}

/* Up to its end, or that of the text. */
static size_t mask_private_key(FILE *out, const char *at)
{
	static const char begin[] = "-----BEGIN ", what[] = "PRIVATE KEY";
	static const char end[] = "-----END ", dashes[] = "-----";
	const char *kind, *last;
	size_t len;

	if (strncmp(at, begin, strlen(begin)) != 0)
		return 0;
	kind = at + strlen(begin);
	len = strcspn(kind, "-\n");
	if (len < strlen(what) ||
	    strncmp(kind + len - strlen(what), what, strlen(what)) != 0)
		return 0;
	fputs(MASK, out);
	last = strstr(kind, end);
	if (last == NULL)
		return strlen(at);
	last += strlen(end);
	last += strcspn(last, "-\n");
	return (size_t)(last - at) + (strncmp(last, dashes, strlen(dashes)) == 0
					     ? strlen(dashes)
					     : 0);
}

/* --- names and values ---------------------------------------------------- */

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
		return assigned_len(at, "&;,\"' \t\n)]}");
	return len_upto(at, gap->name_quoted ? ",]}\n" : "\"'\n");
}

/* "password=VALUE", "Authorization: VALUE", "\"token\": \"VALUE\"" */
static size_t mask_named(FILE *out, const char *at, size_t name)
{
	struct gap gap;
	size_t value;

	if (!secret_has_name(at, name) || !read_gap(&gap, at + name))
		return 0;
	value = value_len(&gap, at + name + gap.len);
	if (secret_is_count(at, name, at + name + gap.len, value))
		return 0;
	fwrite(at, 1, name + gap.len, out);
	if (value > 0)
		mask_secret(out, at + name + gap.len, value);
	return name + gap.len + value;
}

/* Bytes of the sign of a comparison; 0: there is none. */
static size_t comparison_len(const char *at, enum mask_place place)
{
	static const char *const signs[] = {"==", "!=", "contains ", "in "};
	size_t n = place == MASK_IN_CONDITION ? ARRAY_LEN(signs) : 2;

	for (size_t i = 0; i < n; i++)
		if (strncmp(at, signs[i], strlen(signs[i])) == 0)
			return strlen(signs[i]);
	return 0;
}

/* In a condition up to its message. */
static size_t compared_len(const char *at, enum mask_place place)
{
	const char *message;
	size_t len = strcspn(at, "\n");

	if (place != MASK_IN_CONDITION)
		return assigned_len(at, "\"' \t\n)]}&|;");
	message = strstr(at, " -> ");
	if (message != NULL && (size_t)(message - at) < len)
		len = (size_t)(message - at);
	return len;
}

/* "json /api_key != VALUE", "\"$TOKEN\" == \"VALUE\"" */
static size_t mask_compared(
    FILE *out, const char *at, size_t name, enum mask_place place)
{
	size_t gap = name, sign, value;
	char quote = '\0';

	if (!secret_has_name(at, name))
		return 0;
	gap += at[gap] == '"' || at[gap] == '\'';
	gap += strspn(at + gap, BLANKS);
	sign = comparison_len(at + gap, place);
	if (sign == 0)
		return 0;
	gap += sign;
	gap += strspn(at + gap, BLANKS);
	if (place != MASK_IN_CONDITION && (at[gap] == '"' || at[gap] == '\''))
		quote = at[gap++];
	value = quote ? quoted_len(at + gap, quote, false)
		      : compared_len(at + gap, place);
	fwrite(at, 1, gap, out);
	if (value > 0)
		mask_secret(out, at + gap, value);
	return gap + value;
}

static bool is_word_of(const char *at, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(at, word, len) == 0;
}

static bool is_user_option(const char *at, size_t len)
{
	return is_word_of(at, len, "-u") || is_word_of(at, len, "--user") ||
	       is_word_of(at, len, "--proxy-user");
}

static bool is_named_option(const char *at, size_t len, enum mask_place place)
{
	return (strncmp(at, "--", 2) == 0 && secret_has_name(at, len)) ||
	       is_word_of(at, len, "bearer") ||
	       (place == MASK_IN_COMMAND && len == 2 &&
		   strncmp(at, "-b", 2) == 0);
}

/* "--token VALUE", "-u user:VALUE", "--user=user:VALUE", "Bearer VALUE" */
static size_t mask_argument(
    FILE *out, const char *at, size_t name, enum mask_place place)
{
	bool is_user = is_user_option(at, name);
	size_t gap = is_user && at[name] == '=' ? 1 : strspn(at + name, BLANKS);
	const char *value = at + name + gap;
	size_t len, open = 0;

	if ((!is_user && !is_named_option(at, name, place)) || gap == 0 ||
	    *value == '-')
		return 0;
	len = assigned_len(value, "\"' \t\n");
	if (len == 0 && (*value == '"' || *value == '\'')) {
		len = quoted_len(value + 1, *value, false);
		value++;
		gap++;
	}
	if (is_user)
		open = strcspn(value, ":") + 1;
	if (open >= len || secret_is_count(at, name, value, len))
		return 0;
	/* else it is a file of them */
	if (is_word_of(at, name, "-b") && memchr(value, '=', len) == NULL)
		return 0;
	fwrite(at, 1, name + gap + open, out);
	mask_secret(out, value + open, len - open);
	return name + gap + len;
}

/* "-uuser:VALUE", "-bsid=VALUE": words of a command. */
static size_t mask_glued(FILE *out, const char *at, size_t name)
{
	size_t open, len;

	if (name < 3 || at[0] != '-' || strchr("ub", at[1]) == NULL ||
	    at[name] != (at[1] == 'u' ? ':' : '='))
		return 0;
	open = at[1] == 'u' ? name + 1 : 2;
	len = assigned_len(at + open, "\"' \t\n");
	fwrite(at, 1, open, out);
	if (len > 0)
		mask_secret(out, at + open, len);
	return open + len;
}

static size_t mask_word(FILE *out, const char *at, enum mask_place place)
{
	size_t name = word_len(at);
	size_t done = 0;

	if (name > 0)
		done = mask_named(out, at, name);
	if (name > 0 && done == 0)
		done = mask_compared(out, at, name, place);
	if (name > 0 && done == 0)
		done = mask_argument(out, at, name, place);
	if (name > 0 && done == 0 && place == MASK_IN_COMMAND)
		done = mask_glued(out, at, name);
	if (done == 0)
		fwrite(at, 1, name, out);
	return done > 0 ? done : name;
}

/* "<password>VALUE</password>"; what is in its tag is looked at as well. */
static size_t mask_element(FILE *out, const char *at)
{
	static const char cdata[] = "<![CDATA[";
	size_t name, tag, value;
	char *attributes;
	const char *end;

	if (*at != '<')
		return 0;
	name = 1 + word_len(at + 1);
	if (at[name] == ':')
		name += 1 + word_len(at + name + 1);
	if (!secret_has_name(at + 1, name - 1))
		return 0;
	tag = name + strcspn(at + name, "<>");
	if (at[tag] != '>' || at[tag - 1] == '/')
		return 0;
	fwrite(at, 1, name, out);
	attributes = xstrndup(at + name, ++tag - name);
	mask_text(out, attributes, MASK_IN_TEXT);
	free(attributes);
	if (strncmp(at + tag, cdata, strlen(cdata)) == 0) {
		fputs(cdata, out);
		tag += strlen(cdata);
	}
	end = strstr(at + tag, at[tag - 1] == '[' ? "]]>" : "</");
	value = end != NULL ? (size_t)(end - at) - tag : strlen(at + tag);
	if (value > 0)
		mask_secret(out, at + tag, value);
	return tag + value;
}

static bool is_escape(const char *at)
{
	return *at == '%' && isxdigit((unsigned char)at[1]) &&
	       isxdigit((unsigned char)at[2]);
}

/* What needs no name that stands before it as a word. */
static size_t mask_place(FILE *out, const char *at, bool is_start)
{
	size_t done = mask_user(out, at);

	if (done == 0)
		done = mask_parameter(out, at);
	if (done == 0 && is_start)
		done = mask_jwt(out, at);
	return done > 0 ? done : mask_private_key(out, at);
}

void mask_text(FILE *out, const char *at, enum mask_place place)
{
	bool is_start = true; /* of a word */
	size_t done;

	for (; *at; at += done) {
		done = mask_place(out, at, is_start);
		if (done == 0 && place != MASK_IN_URL)
			done = mask_element(out, at);
		if (done == 0 && place != MASK_IN_URL)
			done = mask_word(out, at, place);
		if (done > 0) {
			is_start = false;
			continue;
		}
		done = is_escape(at) ? 3 : 1;
		is_start = !is_word(*at);
		fwrite(at, 1, done, out);
	}
}
