/*
 * The routes that do one thing, often a bad one: delays, statuses, redirects,
 * bodies that drip, never end or are cut off, connections that are reset; and
 * those that tell what was sent.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/target/routes.h"

enum {
	MAX_DELAY_MS = 3600000,
	PIECE_BYTES = 64 << 10, /* of a long body, at a time */
	CUT_BYTES = 100000      /* announced where half is sent */
};
#define MAX_BYTES (UINT64_C(1) << 40)

/* "20" or "10-30": then at random in between. */
static bool parse_delay(const char *text, uint64_t *ms)
{
	char low[24];
	const char *dash = strchr(text, '-');
	uint64_t from, to;

	if (!dash)
		return parse_number(text, MAX_DELAY_MS, ms);
	if ((size_t)(dash - text) >= sizeof low)
		return false;
	memcpy(low, text, (size_t)(dash - text));
	low[dash - text] = '\0';
	if (!parse_number(low, MAX_DELAY_MS, &from) ||
	    !parse_number(dash + 1, MAX_DELAY_MS, &to) || to < from)
		return false;
	/* microseconds of the clock, mixed: random enough */
	uint64_t mixed = now_us() * UINT64_C(0x9e3779b97f4a7c15) >> 33;
	*ms = from + mixed % (to - from + 1);
	return true;
}

enum MHD_Result answer_delay(struct request *r)
{
	uint64_t ms = 0;

	if (!r->has_waited && !parse_delay(r->args[0], &ms))
		return reply_error(r, 400, "not a delay in ms: 20 or 10-30");
	if (!has_waited(r, ms * 1000))
		return r->is_gone ? hang_up(r) : MHD_YES;
	return reply_text(r, 200, "text/plain", "late\n");
}

/* When the one clerk who serves all, for so long each, is done with this one;
 * it waits behind those who came before. */
static uint64_t queue_us(struct target *t, uint64_t each_us)
{
	uint64_t now = now_us();
	uint64_t free_us = atomic_load(&t->limit_free_us), done_us;

	do {
		done_us = (free_us > now ? free_us : now) + each_us;
	} while (!atomic_compare_exchange_weak(
	    &t->limit_free_us, &free_us, done_us));
	return done_us - now;
}

enum MHD_Result answer_limit(struct request *r)
{
	uint64_t rate = 0, wait_us = 0;

	if (!r->has_waited) {
		if (!parse_number(r->args[0], 1000000, &rate) || rate == 0)
			return reply_error(r, 400, "not a rate from 1 on");
		wait_us = queue_us(r->target, 1000000 / rate);
	}
	if (!has_waited(r, wait_us))
		return r->is_gone ? hang_up(r) : MHD_YES;
	return reply_text(r, 200, "text/plain", "served\n");
}

enum MHD_Result answer_status(struct request *r)
{
	uint64_t status;

	if (!parse_number(r->args[0], MAX_STATUS - 1, &status) || status < 200)
		return reply_error(r, 400, "not a status from 200 to 599");
	if (status == 204 || status == 304)
		return reply_text(r, (unsigned)status, NULL, "");
	return reply_text(r, (unsigned)status, "text/plain", "as asked\n");
}

enum MHD_Result answer_flaky(struct request *r)
{
	uint64_t every;

	if (!parse_number(r->args[0], UINT32_MAX, &every) || every == 0)
		return reply_error(r, 400, "not a number above 0");
	uint64_t call = atomic_fetch_add(&r->target->flaky_calls, 1) + 1;
	if (call % every == 0)
		return reply_error(r, 503, "its turn to fail");
	return reply_text(r, 200, "text/plain", "fine\n");
}

enum MHD_Result answer_gzip(struct request *r)
{
	static const unsigned char zipped[] =
	    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x4a\xaf\xca\x2c"
	    "\x28\x48\x4d\x51\xb2\x2a\x29\x2a\x4d\xad\xe5\x02\x00\x4f\x9e\x3e"
	    "\xc0\x11\x00\x00\x00";
	const char *accepted = header_value(r, MHD_HTTP_HEADER_ACCEPT_ENCODING);

	if (!accepted || !strstr(accepted, "gzip"))
		return reply_text(
		    r, 200, "application/json", "{\"gzipped\":false}\n");
	char *copy = must(malloc(sizeof zipped - 1));
	memcpy(copy, zipped, sizeof zipped - 1);
	struct MHD_Response *response = must(MHD_create_response_from_buffer(
	    sizeof zipped - 1, copy, MHD_RESPMEM_MUST_FREE));
	MHD_add_response_header(
	    response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	MHD_add_response_header(
	    response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	return reply(r, 200, response);
}

/* --- redirects ---------------------------------------------------------- */

static enum MHD_Result redirect(
    struct request *r, unsigned status, const char *url)
{
	struct MHD_Response *response = response_of("", NULL);

	if (MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, url) !=
	    MHD_YES) {
		MHD_destroy_response(response);
		return reply_error(r, 400, "not fit for a header");
	}
	return reply(r, status, response);
}

enum MHD_Result answer_redirect(struct request *r)
{
	uint64_t left;
	char url[40];

	if (!parse_number(r->args[0], 1000, &left))
		return reply_error(r, 400, "not a number up to 1000");
	if (left == 0)
		return reply_text(r, 200, "text/plain", "arrived\n");
	snprintf(url, sizeof url, "/redirect/%u", (unsigned)(left - 1));
	return redirect(r, 302, url);
}

enum MHD_Result answer_redirect_loop(struct request *r)
{
	return redirect(r, 302, "/redirect-loop");
}

enum MHD_Result answer_redirect_to(struct request *r)
{
	const char *url = query_value(r, "url");
	const char *wished = query_value(r, "status");
	uint64_t status = 302;

	if (!url ||
	    (wished && (!parse_number(wished, 399, &status) || status < 300)))
		return reply_error(r, 400, "url=URL, status=300..399");
	return redirect(r, (unsigned)status, url);
}

/* --- what was sent ------------------------------------------------------ */

static void add_hex(
    struct json_object *o, const char *key, const char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char *text = must(malloc(2 * n + 1));

	for (size_t i = 0; i < n; i++) {
		text[2 * i] = digits[(unsigned char)bytes[i] >> 4];
		text[2 * i + 1] = digits[(unsigned char)bytes[i] & 15];
	}
	json_object_object_add(
	    o, key, json_object_new_string_len(text, (int)(2 * n)));
	free(text);
}

/* JSON text can hold it: ASCII without NUL. */
static bool is_plain(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte == 0 || byte >= 0x80)
			return false;
	}
	return true;
}

static struct json_object *fields_of(const struct request *r)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < r->n_fields; i++) {
		const struct field *f = &r->fields[i];
		struct json_object *o = json_object_new_object();
		add_text(o, "name", f->name);
		add_text(o, "file_name", f->file_name);
		json_object_object_add(
		    o, "bytes", json_object_new_uint64(f->bytes));
		if (!f->file_name)
			add_text(o, "value", f->value);
		json_object_array_add(list, o);
	}
	return list;
}

enum MHD_Result answer_echo(struct request *r)
{
	struct json_object *o = json_object_new_object();

	parse_fields(r);
	add_text(o, "method", r->method);
	add_text(o, "uri", r->uri);
	json_object_object_add(o, "query", pairs(r, MHD_GET_ARGUMENT_KIND));
	json_object_object_add(o, "headers", pairs(r, MHD_HEADER_KIND));
	json_object_object_add(o, "cookies", pairs(r, MHD_COOKIE_KIND));
	json_object_object_add(
	    o, "body_bytes", json_object_new_uint64(r->body_bytes));
	if (is_plain(r->body, r->body_bytes))
		json_object_object_add(o, "body",
		    json_object_new_string_len(
			r->body ? r->body : "", (int)r->body_bytes));
	else
		add_hex(o, "body_hex", r->body, r->body_bytes);
	if (r->fields)
		json_object_object_add(o, "fields", fields_of(r));
	return reply_json(r, 200, o);
}

enum MHD_Result answer_headers(struct request *r)
{
	return reply_json(r, 200, pairs(r, MHD_HEADER_KIND));
}

enum MHD_Result answer_upload(struct request *r)
{
	parse_fields(r);
	if (!r->fields)
		return reply_error(r, 400, "not a form");
	struct json_object *o = json_object_new_object();
	json_object_object_add(
	    o, "body_bytes", json_object_new_uint64(r->body_bytes));
	json_object_object_add(o, "fields", fields_of(r));
	return reply_json(r, 200, o);
}

/* --- long bodies -------------------------------------------------------- */

/* A body that is made while it is sent. */
struct stream {
	struct target *target;
	struct MHD_Connection *connection;
	uint64_t cut_after; /* closes the connection there; 0: does not */
	uint64_t every_us;  /* one byte each; 0: as fast as it goes */
	uint64_t next_us;
	bool is_gone;
};

static ssize_t stream_read(void *arg, uint64_t at, char *out, size_t room)
{
	struct stream *s = arg;

	if (s->is_gone || (s->cut_after && at >= s->cut_after))
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (s->every_us > 0) {
		if (now_us() < s->next_us) {
			wait_until(&s->target->waits, s->connection, s->next_us,
			    &s->is_gone);
			return 0;
		}
		s->next_us += s->every_us;
		room = 1;
	}
	if (room > FILLER_BYTES)
		room = FILLER_BYTES;
	if (s->cut_after && room > s->cut_after - at)
		room = (size_t)(s->cut_after - at);
	memcpy(out, s->target->filler, room);
	return (ssize_t)room;
}

static enum MHD_Result reply_stream(
    struct request *r, uint64_t bytes, uint64_t cut_after, uint64_t every_us)
{
	struct stream *s = must(calloc(1, sizeof *s));

	s->target = r->target;
	s->connection = r->connection;
	s->cut_after = cut_after;
	s->every_us = every_us;
	s->next_us = now_us() + every_us;
	struct MHD_Response *response = must(MHD_create_response_from_callback(
	    bytes, PIECE_BYTES, stream_read, s, free));
	MHD_add_response_header(
	    response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
	return reply(r, 200, response);
}

enum MHD_Result answer_bytes(struct request *r)
{
	uint64_t bytes;

	if (!parse_number(r->args[0], MAX_BYTES, &bytes))
		return reply_error(r, 400, "not a number of bytes");
	if (bytes > FILLER_BYTES)
		return reply_stream(r, bytes, 0, 0);
	return reply(r, 200,
	    must(MHD_create_response_from_buffer(
		(size_t)bytes, r->target->filler, MHD_RESPMEM_PERSISTENT)));
}

enum MHD_Result answer_drip(struct request *r)
{
	uint64_t bytes, every_ms;

	if (!parse_number(r->args[0], MAX_BYTES, &bytes) ||
	    !parse_number(r->args[1], MAX_DELAY_MS, &every_ms))
		return reply_error(r, 400, "not a number of bytes and of ms");
	return reply_stream(r, bytes, 0, every_ms * 1000);
}

enum MHD_Result answer_endless(struct request *r)
{
	return reply_stream(r, MHD_SIZE_UNKNOWN, 0, 0);
}

enum MHD_Result answer_close(struct request *r)
{
	return reply_stream(r, CUT_BYTES, CUT_BYTES / 2, 0);
}

/* --- no answer ---------------------------------------------------------- */

enum MHD_Result answer_stall(struct request *r)
{
	if (!r->has_waited)
		count(r, NOT_ANSWERED);
	has_waited(r, UINT64_MAX);
	return r->is_gone ? MHD_NO : MHD_YES;
}

enum MHD_Result answer_reset(struct request *r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	/* Linux: forgets the connection, with a reset; elsewhere a close that
	 * does not linger comes near. */
	setsockopt(info->connect_fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	connect(info->connect_fd, &nowhere, sizeof nowhere);
	return hang_up(r);
}
