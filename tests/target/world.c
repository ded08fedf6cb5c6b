/*
 * The routes that look like a service: resources, things that become ready,
 * people who log in, forms and pages. Nothing is kept: an id or a token says
 * all by itself, under a seal, so that a long run costs no memory.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/target/routes.h"

enum { TICKET_BYTES = 256, MAX_USER_BYTES = 100 };

enum MHD_Result answer_resources(struct request *r)
{
	struct json_object *list = json_object_new_array();

	for (int i = 1; i <= 10; i++) {
		char id[16];
		snprintf(id, sizeof id, "r%d", i);
		struct json_object *o = json_object_new_object();
		add_text(o, "id", id);
		add_text(o, "status", "ACTIVE");
		json_object_array_add(list, o);
	}
	return reply_json(r, 200, list);
}

enum MHD_Result answer_resource(struct request *r)
{
	if (strcmp(r->args[0], "missing") == 0)
		return reply_error(r, 404, "no such resource");
	struct json_object *o = json_object_new_object();
	struct json_object *tags = json_object_new_array();
	json_object_array_add(tags, json_object_new_string("small"));
	json_object_array_add(tags, json_object_new_string("steady"));
	add_text(o, "id", r->args[0]);
	add_text(o, "name", "a resource");
	add_text(o, "status", "ACTIVE");
	json_object_object_add(o, "price", json_object_new_int(1999));
	json_object_object_add(o, "tags", tags);
	json_object_object_add(
	    o, "filler", json_object_new_string_len(r->target->filler, 850));
	return reply_json(r, 200, o);
}

/* --- things ------------------------------------------------------------- */

static const char *const thing_ends[] = {"ACTIVE", "ERROR", "DELETED"};
enum { THING_ENDS = sizeof thing_ends / sizeof *thing_ends };

/* What a new thing is asked to do, from the query or a JSON body. */
static bool read_wishes(
    const struct request *r, uint64_t *ready_ms, unsigned *end)
{
	struct json_object *body = parse_json(r);
	const char *wished_end = query_value(r, "end");
	const char *wished_ready = query_value(r, "ready");

	if (!wished_end)
		wished_end = field_value(r, body, "end");
	if (!wished_ready)
		wished_ready = field_value(r, body, "ready");
	*ready_ms = 1000;
	*end = 0;
	while (wished_end && *end < THING_ENDS &&
	       strcmp(wished_end, thing_ends[*end]) != 0)
		++*end;
	bool is_good =
	    *end < THING_ENDS &&
	    (!wished_ready || parse_number(wished_ready, UINT32_MAX, ready_ms));
	json_object_put(body);
	return is_good;
}

/* The id says when the thing is ready and how it ends. */
enum MHD_Result answer_new_thing(struct request *r)
{
	struct target *t = r->target;
	uint64_t ready_ms;
	unsigned end;
	char head[64], mark[9], id[80];

	if (!read_wishes(r, &ready_ms, &end))
		return reply_error(
		    r, 400, "ready is MS, end is ACTIVE, ERROR or DELETED");
	uint64_t due_ms = (now_us() - t->start_us) / 1000 + ready_ms;
	uint64_t serial = atomic_fetch_add(&t->serial, 1) + 1;
	snprintf(head, sizeof head, "%" PRIx64 "-%" PRIx64 "-%u", serial,
	    due_ms, end);
	seal(t, "thing", head, mark);
	snprintf(id, sizeof id, "%s-%s", head, mark);
	struct json_object *o = json_object_new_object();
	add_text(o, "id", id);
	add_text(o, "status", "PENDING");
	return reply_json(r, 201, o);
}

enum MHD_Result answer_thing(struct request *r)
{
	char head[64], mark[9];
	char *dash = strrchr(r->args[0], '-'), *next;

	if (!dash || (size_t)(dash - r->args[0]) >= sizeof head)
		return reply_error(r, 404, "no such thing");
	memcpy(head, r->args[0], (size_t)(dash - r->args[0]));
	head[dash - r->args[0]] = '\0';
	seal(r->target, "thing", head, mark);
	if (strcmp(mark, dash + 1) != 0)
		return reply_error(r, 404, "no such thing");
	strtoull(head, &next, 16); /* the serial number */
	uint64_t due_ms = strtoull(next + 1, &next, 16);
	unsigned long end = strtoul(next + 1, NULL, 10) % THING_ENDS;
	uint64_t now_ms = (now_us() - r->target->start_us) / 1000;
	struct json_object *o = json_object_new_object();
	add_text(o, "id", r->args[0]);
	add_text(o, "status", now_ms >= due_ms ? thing_ends[end] : "PENDING");
	return reply_json(r, 200, o);
}

/* --- tickets ------------------------------------------------------------ */

/* "SERIAL.USER.SEAL", the user in hex. Two kinds of one serial number are a
 * pair. */
static void make_ticket(const struct target *t, const char *kind,
    uint64_t serial, const char *user, char out[TICKET_BYTES])
{
	char mark[9];
	size_t n = (size_t)snprintf(out, TICKET_BYTES, "%" PRIx64 ".", serial);

	for (size_t i = 0; i < MAX_USER_BYTES && user[i]; i++)
		n += (size_t)snprintf(out + n, TICKET_BYTES - n, "%02x",
		    (unsigned)(unsigned char)user[i]);
	seal(t, kind, out, mark);
	snprintf(out + n, TICKET_BYTES - n, ".%s", mark);
}

/* The serial number and user of a ticket that is good. */
static bool open_ticket(const struct target *t, const char *kind,
    const char *ticket, char head[TICKET_BYTES])
{
	const char *dot = ticket ? strrchr(ticket, '.') : NULL;
	char mark[9];

	if (!dot || dot - ticket >= TICKET_BYTES)
		return false;
	memcpy(head, ticket, (size_t)(dot - ticket));
	head[dot - ticket] = '\0';
	seal(t, kind, head, mark);
	return strcmp(mark, dot + 1) == 0;
}

static bool is_pair(const struct target *t, const char *kind_a, const char *a,
    const char *kind_b, const char *b)
{
	char head_a[TICKET_BYTES], head_b[TICKET_BYTES];

	return open_ticket(t, kind_a, a, head_a) &&
	       open_ticket(t, kind_b, b, head_b) && strcmp(head_a, head_b) == 0;
}

/* --- people ------------------------------------------------------------- */

static enum MHD_Result welcome(struct request *r, const char *user)
{
	uint64_t serial = atomic_fetch_add(&r->target->serial, 1) + 1;
	char token[TICKET_BYTES], session[TICKET_BYTES];
	char cookie[TICKET_BYTES + 32];

	make_ticket(r->target, "token", serial, user, token);
	make_ticket(r->target, "session", serial, user, session);
	struct json_object *o = json_object_new_object();
	add_text(o, "user", user);
	add_text(o, "token", token);
	struct MHD_Response *response = response_of_json(o);
	snprintf(cookie, sizeof cookie, "session=%s; Path=/", session);
	MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, cookie);
	return reply(r, 200, response);
}

enum MHD_Result answer_login(struct request *r)
{
	parse_fields(r);
	struct json_object *body = r->fields ? NULL : parse_json(r);
	const char *user = field_value(r, body, "user");
	const char *password = field_value(r, body, "password");
	bool is_good = user && *user && strlen(user) <= MAX_USER_BYTES &&
		       password && *password && strcmp(password, "wrong") != 0;
	enum MHD_Result result =
	    is_good ? welcome(r, user)
		    : reply_error(r, 401, "wrong user or password");
	json_object_put(body);
	return result;
}

enum MHD_Result answer_me(struct request *r)
{
	const char *bearer = header_value(r, MHD_HTTP_HEADER_AUTHORIZATION);
	const char *session = cookie_value(r, "session");
	char user[MAX_USER_BYTES + 1];
	size_t n = 0;

	if (!bearer || strncmp(bearer, "Bearer ", 7) != 0)
		return reply_error(r, 401, "no bearer token");
	if (!session)
		return reply_error(r, 401, "no session cookie");
	if (!is_pair(r->target, "token", bearer + 7, "session", session))
		return reply_error(r, 401, "token and session do not match");
	for (const char *p = strchr(session, '.') + 1; *p != '.'; p += 2) {
		const char hex[3] = {p[0], p[1], '\0'};
		user[n++] = (char)strtoul(hex, NULL, 16);
	}
	user[n] = '\0';
	struct json_object *o = json_object_new_object();
	add_text(o, "user", user);
	return reply_json(r, 200, o);
}

/* --- pages -------------------------------------------------------------- */

enum MHD_Result answer_form(struct request *r)
{
	uint64_t serial = atomic_fetch_add(&r->target->serial, 1) + 1;
	char hidden[TICKET_BYTES], session[TICKET_BYTES];
	char text[TICKET_BYTES + 512], cookie[TICKET_BYTES + 32];

	make_ticket(r->target, "csrf", serial, "", hidden);
	make_ticket(r->target, "form", serial, "", session);
	snprintf(text, sizeof text,
	    "<!DOCTYPE html>\n<title>form</title>\n"
	    "<form method=\"post\" action=\"/form\">\n"
	    "<input type=\"hidden\" name=\"csrf\" value=\"%s\">\n"
	    "<input name=\"comment\"> <button>Send</button>\n</form>\n",
	    hidden);
	snprintf(cookie, sizeof cookie, "form=%s; Path=/form", session);
	struct MHD_Response *response = response_of(text, "text/html");
	MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, cookie);
	return reply(r, 200, response);
}

enum MHD_Result answer_posted_form(struct request *r)
{
	parse_fields(r);
	if (!is_pair(r->target, "csrf", field_value(r, NULL, "csrf"), "form",
		cookie_value(r, "form")))
		return reply_error(
		    r, 403, "csrf token and cookie do not match");
	struct json_object *o = json_object_new_object();
	add_text(o, "comment", field_value(r, NULL, "comment"));
	return reply_json(r, 200, o);
}

enum MHD_Result answer_page(struct request *r)
{
	uint64_t number;
	char text[512];

	if (!parse_number(r->args[0], 99, &number))
		return reply_error(r, 404, "no such page");
	size_t n = (size_t)snprintf(text, sizeof text,
	    "<!DOCTYPE html>\n<title>page %" PRIu64 "</title>\n", number);
	for (uint64_t i = 1; i <= 5; i++)
		n += (size_t)snprintf(text + n, sizeof text - n,
		    "<a href=\"/pages/%" PRIu64 "\">on</a>\n",
		    (number * 7 + i * 13) % 100);
	return reply_text(r, 200, "text/html", text);
}
