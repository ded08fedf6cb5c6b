/*
 * JSON that was read (RFC 8259), and the places in it that pointers (RFC 6901)
 * lead to. json-c does both; what it leaves open is decided here: no text may
 * follow, and a part `*` may stand for every element of an array. It knows no
 * answers.
 */
#ifndef PLAN_JSON_H
#define PLAN_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/compare.h"

struct json_object; /* json-c's; NULL is JSON's null */
struct json_reader;

struct json_reader *json_reader_new(void);
void json_reader_free(struct json_reader *r);

enum json_verdict {
	JSON_GOOD,
	JSON_BAD,
	JSON_TOO_DEEP, /* more than json-c's 32 levels */
	JSON_TOO_LONG  /* more than 2 GiB */
};

/* Reads text, a NUL behind it (blanks around the value and a byte order mark
 * are allowed), and forgets what it read before. */
enum json_verdict json_read(struct json_reader *r, struct text text);
/* Changes with each json_read(), and is never 0. */
uint64_t json_reading(const struct json_reader *r);
/* Frees what was read. */
void json_forget(struct json_reader *r);

enum json_kind {
	JSON_NULL,
	JSON_BOOLEAN,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/* Values are borrowed until the next json_read() or json_forget(). */
enum json_kind json_kind(const struct json_object *value);
/* A string's content, a number as it is written, true, false, null, an array
 * or object without the blanks in it. Borrowed as the value is. -0 is 0. */
struct text json_text(struct json_object *value);
/* The elements of an array. */
size_t json_length(const struct json_object *array);
struct json_object *json_element(const struct json_object *array, size_t i);

struct json_pointer;

/* With stars a part `*` stands for every element of an array. NULL on a
 * mistake; *defect is then `why: mend`, owned by the caller. */
struct json_pointer *json_pointer_compile(
    const char *text, bool with_stars, char **defect);
void json_pointer_free(struct json_pointer *p);
/* `*` as one more part, unless there is one already. */
void json_pointer_add_star(struct json_pointer *p);

/* Where it leads; false: nowhere. Not for one with a star. */
bool json_find(const struct json_reader *r, const struct json_pointer *p,
    struct json_object **value);
/* All that it leads to, in the order of the text. */
typedef void json_visitor(void *context, struct json_object *value);
void json_find_all(const struct json_reader *r, const struct json_pointer *p,
    json_visitor *visit, void *context);

#endif
