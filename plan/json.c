/*
 * Reading JSON and following pointers, with json-c. It must not know what the
 * values are wanted for.
 */
#include "plan/json.h"

#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/buf.h"
#include "base/util.h"
#include "plan/json_long.h"
#include "plan/meant.h"

#define BLANKS " \t\r\n"
#define BOM    "\xef\xbb\xbf"

enum { MEANT_MAX_BYTES = 120 };

struct json_reader {
	struct json_tokener *tokener; /* owned */
	locale_t plain;               /* "C"; owned */
	struct json_object *root;     /* owned; NULL: null, or nothing */
	uint64_t reading;
};

/* A pointer, cut where its stars are: between two pieces stands every element
 * of an array. A piece is its parts, each with its slash in front and a NUL
 * behind, as json-c takes them; then comes one more NUL. */
struct json_pointer {
	char **pieces; /* owned, each too; at least one */
	size_t n;
	size_t cap;
};

/* --- reading ------------------------------------------------------------ */

struct json_reader *json_reader_new(void)
{
	struct json_reader *r = xcalloc(1, sizeof(*r));

	r->tokener = json_tokener_new();
	if (r->tokener == NULL)
		out_of_memory();
	json_tokener_set_flags(r->tokener, JSON_TOKENER_STRICT);
	r->plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (r->plain == (locale_t)0)
		out_of_memory();
	return r;
}

void json_reader_free(struct json_reader *r)
{
	if (r == NULL)
		return;
	json_object_put(r->root);
	json_tokener_free(r->tokener);
	freelocale(r->plain);
	free(r);
}

void json_forget(struct json_reader *r)
{
	json_object_put(r->root);
	r->root = NULL;
	r->reading++;
}

uint64_t json_reading(const struct json_reader *r)
{
	return r->reading;
}

/* Whether nothing but blanks stands in text from `at` on. */
static bool is_blank_from(struct text text, size_t at)
{
	while (at < text.len && strchr(BLANKS, text.at[at]) != NULL &&
	       text.at[at] != '\0')
		at++;
	return at >= text.len;
}

static enum json_verdict parse(struct json_reader *r, struct text text)
{
	enum json_tokener_error error;
	locale_t before;

	if (text.len >= INT_MAX)
		return JSON_TOO_LONG;
	if (is_blank_from(text, 0))
		return JSON_BAD;
	json_tokener_reset(r->tokener);
	/* json-c copies the thread's locale for each text: a tenth of the
	 * reading, but for this one, which glibc does not copy */
	before = uselocale(r->plain);
	/* with the NUL, which ends a number that is all there is */
	r->root = json_tokener_parse_ex(r->tokener, text.at, (int)text.len + 1);
	uselocale(before);
	error = json_tokener_get_error(r->tokener);
	if (error == json_tokener_error_depth)
		return JSON_TOO_DEEP;
	if (error == json_tokener_success &&
	    is_blank_from(text, json_tokener_get_parse_end(r->tokener)))
		return JSON_GOOD;
	json_forget(r);
	return JSON_BAD;
}

static enum json_verdict parse_marked(struct json_reader *r, struct text text)
{
	enum json_verdict verdict;
	struct buf marked;

	/* a mark is shorter than what it stands behind */
	buf_init(&marked, 2 * text.len);
	json_mark_long(text, &marked);
	verdict = parse(r, (struct text) {buf_text(&marked), buf_len(&marked)});
	json_unmark_long(r->root);
	buf_clear(&marked);
	return verdict;
}

enum json_verdict json_read(struct json_reader *r, struct text text)
{
	size_t bom = strlen(BOM);

	json_forget(r);
	if (text.len >= bom && memcmp(text.at, BOM, bom) == 0) {
		text.at += bom;
		text.len -= bom;
	}
	if (text.len >= INT_MAX)
		return JSON_TOO_LONG;
	return json_may_have_long(text) ? parse_marked(r, text)
					: parse(r, text);
}

/* --- values ------------------------------------------------------------- */

enum json_kind json_kind(const struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_boolean:
		return JSON_BOOLEAN;
	case json_type_double:
	case json_type_int:
		return JSON_NUMBER;
	case json_type_string:
		return JSON_STRING;
	case json_type_array:
		return JSON_ARRAY;
	case json_type_object:
		return JSON_OBJECT;
	case json_type_null:
		break;
	}
	return JSON_NULL;
}

struct text json_text(struct json_object *value)
{
	struct text text;

	if (json_kind(value) == JSON_STRING)
		return (struct text) {json_object_get_string(value),
		    (size_t)json_object_get_string_len(value)};
	text.at = json_object_to_json_string_length(value,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &text.len);
	return text;
}

size_t json_length(const struct json_object *array)
{
	return json_object_array_length(array);
}

struct json_object *json_element(const struct json_object *array, size_t i)
{
	return json_object_array_get_idx(array, i);
}

/* --- pointers ----------------------------------------------------------- */

/* `$.items[0].id` and `items.0.id` of other languages as a pointer. */
static void put_meant(const char *text, struct buf *out)
{
	char *meant = meant_pointer(text);

	buf_puts(out, meant);
	free(meant);
}

static char *complain_of_start(const char *text)
{
	struct buf meant;
	char *defect;

	buf_init(&meant, MEANT_MAX_BYTES);
	put_meant(text, &meant);
	if (meant.full)
		defect = xstrdup("a pointer begins with /: write one like "
				 "/items/0/id");
	else
		defect = xasprintf("a pointer begins with /: did you mean "
				   "\"%s\"?",
		    buf_text(&meant));
	buf_clear(&meant);
	return defect;
}

/* What is wrong with it; NULL: nothing. Owned by the caller. */
static char *pointer_defect(const char *text)
{
	if (text[0] != '/' && text[0] != '\0')
		return complain_of_start(text);
	for (const char *p = text; (p = strchr(p, '~')) != NULL; p++)
		if (p[1] != '0' && p[1] != '1')
			return xstrdup("a ~ in a pointer is half a sign: "
				       "write ~0 for ~, and ~1 for /");
	return NULL;
}

/* The first part that is a star, from its slash on; NULL: there is none. */
static const char *find_star(const char *path)
{
	while ((path = strstr(path, "/*")) != NULL && path[2] != '\0' &&
	       path[2] != '/')
		path++;
	return path;
}

static char *cut_into_parts(const char *text, size_t len)
{
	/* no part is shorter than its slash */
	char *parts = xcalloc(2 * len + 1, 1);
	char *to = parts;

	while (len > 0) {
		size_t part_len = 1 + strcspn(text + 1, "/");

		memcpy(to, text, part_len);
		to += part_len + 1;
		text += part_len;
		len -= part_len;
	}
	return parts;
}

static void add_piece(struct json_pointer *p, const char *text, size_t len)
{
	p->pieces = grow(p->pieces, p->n, &p->cap, sizeof(*p->pieces));
	p->pieces[p->n++] = cut_into_parts(text, len);
}

struct json_pointer *json_pointer_compile(
    const char *text, bool with_stars, char **defect)
{
	struct json_pointer *p;
	const char *star;

	*defect = pointer_defect(text);
	if (*defect != NULL)
		return NULL;
	p = xcalloc(1, sizeof(*p));
	while (with_stars && (star = find_star(text)) != NULL) {
		add_piece(p, text, (size_t)(star - text));
		text = star + 2;
	}
	add_piece(p, text, strlen(text));
	return p;
}

void json_pointer_free(struct json_pointer *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++)
		free(p->pieces[i]);
	free(p->pieces);
	free(p);
}

void json_pointer_add_star(struct json_pointer *p)
{
	if (p->n == 1)
		add_piece(p, "", 0);
}

/* From an array to one of its elements, null among them: json-c takes that for
 * nothing, and no index for 0. */
static bool enter_array(struct json_object **value, const char *index)
{
	size_t len = strlen(index);
	unsigned long long i;

	if (len == 0 || strspn(index, "0123456789") < len ||
	    (len > 1 && index[0] == '0'))
		return false;
	i = strtoull(index, NULL, 10);
	if (i >= json_length(*value))
		return false;
	*value = json_element(*value, (size_t)i);
	return true;
}

/* By one part of a pointer, with its slash. json-c has none into null. */
static bool enter(struct json_object **value, const char *part)
{
	if (*value == NULL)
		return false;
	if (json_kind(*value) == JSON_ARRAY)
		return enter_array(value, part + 1);
	return json_pointer_get(*value, part, value) == 0;
}

static bool follow(
    struct json_object *from, const char *parts, struct json_object **value)
{
	*value = from;
	for (; *parts != '\0'; parts += strlen(parts) + 1)
		if (!enter(value, parts))
			return false;
	return true;
}

bool json_find(const struct json_reader *r, const struct json_pointer *p,
    struct json_object **value)
{
	return follow(r->root, p->pieces[0], value);
}

/* From piece number i on. */
static void visit_from(struct json_object *from, const struct json_pointer *p,
    size_t i, json_visitor *visit, void *context)
{
	struct json_object *found;
	size_t n;

	if (!follow(from, p->pieces[i], &found))
		return;
	if (i + 1 == p->n) {
		visit(context, found);
		return;
	}
	n = json_kind(found) == JSON_ARRAY ? json_length(found) : 0;
	for (size_t k = 0; k < n; k++)
		visit_from(json_element(found, k), p, i + 1, visit, context);
}

void json_find_all(const struct json_reader *r, const struct json_pointer *p,
    json_visitor *visit, void *context)
{
	visit_from(r->root, p, 0, visit, context);
}
