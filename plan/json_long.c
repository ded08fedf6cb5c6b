/*
 * Whole numbers that json-c has no room for, kept as they are written. It must
 * not know pointers, nor what values are wanted for.
 *
 * json-c makes integers of 64 bits of them, the nearest there is, or refuses
 * them. A number with an exponent it keeps as text: so such a number is given
 * one that changes nothing, before it is read, and loses it again behind.
 */
#include "plan/json_long.h"

#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/util.h"

enum { LONG_DIGITS = 19 }; /* so many may be too many for 64 bits */

static const char mark[] = "e+00000";

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One digit in so many is looked at, as most of an answer is something else. */
bool json_may_have_long(struct text text)
{
	for (size_t i = LONG_DIGITS - 1; i < text.len; i += LONG_DIGITS) {
		size_t from = i, to = i;

		while (is_digit(text.at[i]) && from > 0 &&
		       is_digit(text.at[from - 1]))
			from--;
		while (to < text.len && is_digit(text.at[to]))
			to++;
		if (to - from >= LONG_DIGITS)
			return true;
	}
	return false;
}

/* Behind the string that begins at `at`, or the end. */
static size_t skip_string(struct text text, size_t at)
{
	for (at++; at < text.len && text.at[at] != '"'; at++)
		at += text.at[at] == '\\';
	return at < text.len ? at + 1 : text.len;
}

/* Behind the number that begins at `at`; *is_long: it is a whole one with many
 * digits. */
static size_t skip_number(struct text text, size_t at, bool *is_long)
{
	size_t from = at + (text.at[at] == '-'), digits;

	for (at = from; at < text.len && is_digit(text.at[at]); at++)
		;
	digits = at - from;
	*is_long = digits >= LONG_DIGITS && text.at[from] != '0' &&
		   (at == text.len || strchr(".eE", text.at[at]) == NULL ||
		       text.at[at] == '\0');
	while (at < text.len && text.at[at] != '\0' &&
	       strchr(".eE+-0123456789", text.at[at]) != NULL)
		at++;
	return at;
}

void json_mark_long(struct text text, struct buf *out)
{
	size_t at = 0, done = 0;
	bool is_long;

	while (at < text.len) {
		if (text.at[at] == '"') {
			at = skip_string(text, at);
		} else if (text.at[at] == '-' || is_digit(text.at[at])) {
			at = skip_number(text, at, &is_long);
			if (is_long) {
				buf_put(out, text.at + done, at - done);
				buf_puts(out, mark);
				done = at;
			}
		} else {
			at++;
		}
	}
	buf_put(out, text.at + done, text.len - done);
}

static void unmark(struct json_object *number)
{
	const char *text = json_object_get_userdata(number);
	size_t len = text != NULL ? strlen(text) : 0;
	char *written;

	if (len <= strlen(mark) || strcmp(text + len - strlen(mark), mark) != 0)
		return;
	written = xstrndup(text, len - strlen(mark));
	/* it may only be freed as json-c's own copy is */
	json_object_set_serializer(number, json_object_userdata_to_json_string,
	    written, json_object_free_userdata);
}

void json_unmark_long(struct json_object *value)
{
	enum json_type type = json_object_get_type(value);
	struct json_object_iterator at, end;

	if (type == json_type_double)
		unmark(value);
	for (size_t i = 0;
	     type == json_type_array && i < json_object_array_length(value);
	     i++)
		json_unmark_long(json_object_array_get_idx(value, i));
	if (type != json_type_object)
		return;
	at = json_object_iter_begin(value);
	end = json_object_iter_end(value);
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		json_unmark_long(json_object_iter_peek_value(&at));
}
