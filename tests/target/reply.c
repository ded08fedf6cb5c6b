/*
 * What every answer needs: counting, responses of text and JSON, values from
 * the query and the headers, forms and JSON bodies taken apart, seals.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/target/target.h"

const char *const method_names[METHODS] = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "(other)"};

uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void *must(void *memory)
{
	if (!memory) {
		fprintf(stderr, "target: out of memory or threads\n");
		exit(1);
	}
	return memory;
}

bool parse_number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && *out <= max;
}

/* FNV-1a from the secret on: fit for tests, for nothing else. */
void seal(
    const struct target *t, const char *kind, const char *text, char out[9])
{
	uint64_t h = UINT64_C(14695981039346656037) ^ t->secret;

	for (const char *p = kind; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
	for (const char *p = text; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
	h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	snprintf(out, 9, "%08" PRIx32, (uint32_t)(h >> 32));
}

/* --- answers ------------------------------------------------------------ */

void count(struct request *r, unsigned status)
{
	size_t m = 0;

	while (m + 1 < METHODS && strcmp(method_names[m], r->method) != 0)
		m++;
	r->is_counted = true;
	atomic_fetch_add_explicit(
	    &r->target->counts[r->route][m][status], 1, memory_order_relaxed);
}

enum MHD_Result hang_up(struct request *r)
{
	count(r, NOT_ANSWERED);
	return MHD_NO;
}

struct MHD_Response *response_of(const char *text, const char *type)
{
	struct MHD_Response *response = must(MHD_create_response_from_buffer(
	    strlen(text), must(strdup(text)), MHD_RESPMEM_MUST_FREE));

	if (type)
		MHD_add_response_header(
		    response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	return response;
}

struct MHD_Response *response_of_json(struct json_object *o)
{
	const char *text = json_object_to_json_string_ext(
	    o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	struct MHD_Response *response = response_of(text, "application/json");

	json_object_put(o);
	return response;
}

enum MHD_Result reply(
    struct request *r, unsigned status, struct MHD_Response *response)
{
	count(r, status);
	enum MHD_Result result =
	    MHD_queue_response(r->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

enum MHD_Result reply_text(
    struct request *r, unsigned status, const char *type, const char *text)
{
	return reply(r, status, response_of(text, type));
}

enum MHD_Result reply_json(
    struct request *r, unsigned status, struct json_object *o)
{
	return reply(r, status, response_of_json(o));
}

enum MHD_Result reply_error(struct request *r, unsigned status, const char *why)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "error", why);
	return reply_json(r, status, o);
}

void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(
	    o, key, text ? json_object_new_string(text) : NULL);
}

/* --- what was sent ------------------------------------------------------ */

const char *query_value(const struct request *r, const char *key)
{
	return MHD_lookup_connection_value(
	    r->connection, MHD_GET_ARGUMENT_KIND, key);
}

const char *header_value(const struct request *r, const char *key)
{
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, key);
}

const char *cookie_value(const struct request *r, const char *key)
{
	return MHD_lookup_connection_value(r->connection, MHD_COOKIE_KIND, key);
}

static enum MHD_Result add_pair(
    void *arg, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct json_object *o = arg, *before;
	struct json_object *text = json_object_new_string(value ? value : "");

	(void)kind;
	if (!json_object_object_get_ex(o, key, &before)) {
		json_object_object_add(o, key, text);
	} else if (json_object_is_type(before, json_type_array)) {
		json_object_array_add(before, text);
	} else {
		struct json_object *both = json_object_new_array();
		json_object_array_add(both, json_object_get(before));
		json_object_array_add(both, text);
		json_object_object_add(o, key, both);
	}
	return MHD_YES;
}

struct json_object *pairs(const struct request *r, enum MHD_ValueKind kind)
{
	struct json_object *o = json_object_new_object();

	MHD_get_connection_values(r->connection, kind, add_pair, o);
	return o;
}

static enum MHD_Result on_field(void *arg, enum MHD_ValueKind kind,
    const char *key, const char *file_name, const char *type,
    const char *encoding, const char *data, uint64_t offset, size_t bytes)
{
	struct request *r = arg;

	(void)kind, (void)type, (void)encoding;
	if (offset == 0) {
		if (r->n_fields == MAX_FIELDS)
			return MHD_NO;
		struct field *fresh = &r->fields[r->n_fields++];
		fresh->name = must(strdup(key));
		fresh->file_name = file_name ? must(strdup(file_name)) : NULL;
	}
	struct field *f = &r->fields[r->n_fields - 1];
	if (f->bytes < MAX_VALUE_BYTES - 1 && bytes > 0) {
		size_t room = MAX_VALUE_BYTES - 1 - f->bytes;
		memcpy(f->value + f->bytes, data, bytes < room ? bytes : room);
	}
	f->bytes += bytes;
	return MHD_YES;
}

void parse_fields(struct request *r)
{
	struct MHD_PostProcessor *p =
	    MHD_create_post_processor(r->connection, 4096, on_field, r);

	if (!p)
		return;
	r->fields = must(calloc(MAX_FIELDS, sizeof *r->fields));
	if (r->body_bytes > 0)
		MHD_post_process(p, r->body, r->body_bytes);
	MHD_destroy_post_processor(p);
}

struct json_object *parse_json(const struct request *r)
{
	struct json_tokener *tokener = must(json_tokener_new());
	struct json_object *o = NULL;

	if (r->body_bytes > 0)
		o = json_tokener_parse_ex(tokener, r->body, (int)r->body_bytes);
	json_tokener_free(tokener);
	return o;
}

const char *field_value(
    const struct request *r, struct json_object *body, const char *key)
{
	struct json_object *member;

	for (size_t i = 0; i < r->n_fields; i++) {
		if (strcmp(r->fields[i].name, key) == 0)
			return r->fields[i].value;
	}
	if (json_object_is_type(body, json_type_object) &&
	    json_object_object_get_ex(body, key, &member))
		return json_object_get_string(member);
	return NULL;
}
