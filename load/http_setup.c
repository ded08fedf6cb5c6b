/*
 * Setting handles up: what a request of the plan means in libcurl's options.
 * It must not know when requests are made.
 */
#include "load/http_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"

/* Remembers the first option that libcurl refused. */
#define SET(t, option, value) \
	note_setup(t, curl_easy_setopt((t)->easy, option, value))

static void note_setup(struct transfer *t, CURLcode code)
{
	if (t->setup == CURLE_OK)
		t->setup = code;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	(void)bytes;
	t->body_bytes += size * n;
	return size * n;
}

static int on_wire(
    CURL *easy, curl_infotype type, char *bytes, size_t n, void *arg)
{
	struct http *h = arg;

	(void)easy;
	switch (type) {
	case CURLINFO_HEADER_OUT:
		h->hear(h->hear_arg, HTTP_WIRE_HEADER_OUT, bytes, n);
		break;
	case CURLINFO_HEADER_IN:
		h->hear(h->hear_arg, HTTP_WIRE_HEADER_IN, bytes, n);
		break;
	case CURLINFO_DATA_OUT:
		h->hear(h->hear_arg, HTTP_WIRE_BODY_OUT, bytes, n);
		break;
	case CURLINFO_DATA_IN:
		h->hear(h->hear_arg, HTTP_WIRE_BODY_IN, bytes, n);
		break;
	default:
		break;
	}
	return 0;
}

static void set_listener(struct transfer *t)
{
	if (t->http->hear == NULL)
		return;
	SET(t, CURLOPT_VERBOSE, 1L);
	SET(t, CURLOPT_DEBUGFUNCTION, on_wire);
	SET(t, CURLOPT_DEBUGDATA, t->http);
}

static void set_common(struct transfer *t)
{
	bool keeps = t->request->needs_body;

	SET(t, CURLOPT_PRIVATE, t);
	SET(t, CURLOPT_ERRORBUFFER, t->error_text);
	SET(t, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* or whoever is given up while a name is looked up holds up all
	 * others until it is found */
	curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	SET(t, CURLOPT_WRITEFUNCTION, keeps ? answer_on_body : on_body);
	SET(t, CURLOPT_WRITEDATA, t);
	SET(t, CURLOPT_PREREQFUNCTION,
	    keeps ? answer_on_send : http_before_send);
	SET(t, CURLOPT_PREREQDATA, t);
	SET(t, CURLOPT_OPENSOCKETFUNCTION, http_on_open);
	SET(t, CURLOPT_OPENSOCKETDATA, t);
	SET(t, CURLOPT_CLOSESOCKETFUNCTION, http_on_close);
	SET(t, CURLOPT_CLOSESOCKETDATA, t->http);
	SET(t, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(t, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	SET(t, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
	SET(t, CURLOPT_MAXAGE_CONN, 365L * 24 * 60 * 60);
}

/* The bytes of the plan, which outlive the handle. */
static struct curl_blob blob_of(const struct pem *pem)
{
	/* libcurl's struct has no const, and only reads from it */
	union {
		const char *in;
		void *out;
	} bytes = {.in = pem->bytes};

	return (struct curl_blob) {
	    .data = bytes.out, .len = pem->len, .flags = CURL_BLOB_NOCOPY};
}

/* In memory, so that it is not read and parsed for each connection from a file
 * that may be gone by then. Not all libraries for TLS take it so: they have the
 * path, where there is one. */
static void set_pem(struct transfer *t, const struct pem *pem,
    CURLoption by_bytes, CURLoption by_path)
{
	struct curl_blob blob = blob_of(pem);

	if (pem->path == NULL)
		return;
	SET(t, by_bytes, &blob);
	if (!pem->is_sent)
		SET(t, by_path, pem->path);
}

static void set_trust(struct transfer *t, const struct http_options *o)
{
	const char *bundle = t->http->origins.ca_bundle;
	struct curl_blob blob = blob_of(&o->ca_file);

	if (o->ca_file.path != NULL)
		bundle = trust_path(&t->http->trust, &o->ca_file);
	if (bundle != NULL) {
		SET(t, CURLOPT_CAINFO, bundle);
		/* a folder of certificates beside it would switch off the
		 * cache of the parsed bundle */
		SET(t, CURLOPT_CAPATH, NULL);
	} else if (o->ca_file.path != NULL) {
		SET(t, CURLOPT_CAINFO_BLOB, &blob);
		SET(t, CURLOPT_CAPATH, NULL);
	}
}

static void set_tls(struct transfer *t, const struct http_options *o)
{
	if (o->insecure) {
		SET(t, CURLOPT_SSL_VERIFYPEER, 0L);
		SET(t, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	set_trust(t, o);
	set_pem(t, &o->cert, CURLOPT_SSLCERT_BLOB, CURLOPT_SSLCERT);
	set_pem(t, &o->key, CURLOPT_SSLKEY_BLOB, CURLOPT_SSLKEY);
}

static void set_options(struct transfer *t, const struct http_options *o)
{
	static const long versions[] = {
	    [HTTP_1_1] = CURL_HTTP_VERSION_1_1,
	    [HTTP_2] = CURL_HTTP_VERSION_2TLS,
	    [HTTP_2_PRIOR_KNOWLEDGE] = CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
	    [HTTP_3] = CURL_HTTP_VERSION_3,
	};

	SET(t, CURLOPT_HTTP_VERSION, versions[o->version]);
	/* set, even to nothing: else the environment is asked each time */
	SET(t, CURLOPT_PROXY, o->proxy != NULL ? o->proxy : "");
	SET(t, CURLOPT_NOPROXY, "");
	if (o->cookies)
		SET(t, CURLOPT_COOKIEFILE, "");
	if (o->redirects > 0) {
		SET(t, CURLOPT_FOLLOWLOCATION, 1L);
		SET(t, CURLOPT_MAXREDIRS, (long)o->redirects);
	}
	if (o->compression)
		SET(t, CURLOPT_ACCEPT_ENCODING, "");
	if (!o->keepalive) {
		SET(t, CURLOPT_FRESH_CONNECT, 1L);
		SET(t, CURLOPT_FORBID_REUSE, 1L);
	}
	if (o->auth != NULL) {
		SET(t, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		SET(t, CURLOPT_USERPWD, o->auth);
	}
	if (o->unix_socket != NULL)
		SET(t, CURLOPT_UNIX_SOCKET_PATH, o->unix_socket);
	if (t->http->routes[t->request->id] != NULL)
		SET(t, CURLOPT_CONNECT_TO, t->http->routes[t->request->id]);
	t->has_path =
	    o->proxy != NULL || o->unix_socket != NULL || o->resolve.n > 0;
	set_tls(t, o);
}

/* A method that was set by name would be kept when "303 See Other" sends a
 * PUT or a DELETE to something that is only to be looked at. */
static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	const char *space;

	n *= size;
	if (n < 12 || strncmp(bytes, "HTTP/", 5) != 0)
		return n;
	space = memchr(bytes, ' ', n);
	if (space != NULL && strncmp(space, " 303", 4) == 0) {
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, NULL);
		t->is_worn = true;
	}
	return n;
}

/* A body that is the same each time is set here once. */
static void set_method(struct transfer *t, const struct request *r)
{
	size_t len;
	const char *body;

	if (strcmp(r->method, "GET") == 0 && r->body == NULL)
		return;
	if (strcmp(r->method, "HEAD") == 0) {
		SET(t, CURLOPT_NOBODY, 1L);
		return;
	}
	if (r->n_parts > 0) {
		t->mime_is_kept =
		    parts_are_static(r) && parts_make(t, r, NULL) == NULL;
	} else if (r->body != NULL || strcmp(r->method, "POST") == 0) {
		body = r->body != NULL ? template_text(r->body, &len) : "";
		SET(t, CURLOPT_POST, 1L);
		if (body != NULL) {
			SET(t, CURLOPT_POSTFIELDSIZE_LARGE,
			    (curl_off_t)(r->body != NULL ? len : 0));
			SET(t, CURLOPT_POSTFIELDS, body);
		}
	}
	if (strcmp(r->method, "POST") == 0)
		return;
	SET(t, CURLOPT_CUSTOMREQUEST, r->method);
	/* as RFC 9110 has it: these keep method and body at 301 and 302 */
	SET(t, CURLOPT_POSTREDIR, CURL_REDIR_POST_301 | CURL_REDIR_POST_302);
	SET(t, CURLOPT_HEADERFUNCTION, on_header);
	SET(t, CURLOPT_HEADERDATA, t);
}

/* "": none is known, and only a whole URL will do. */
static const char *base_text(const struct transfer *t)
{
	const struct plan *plan = t->http->plan;

	return t->base < plan->n_bases ? plan->bases[t->base].text : "";
}

static const char *base_path(const char *base)
{
	const char *host = strstr(base, "://");
	const char *slash = host != NULL ? strchr(host + 3, '/') : NULL;

	return slash != NULL ? slash : "";
}

/* Scheme, host and port, and all of the URL where it never changes. */
static void set_url(struct transfer *t, const struct request *r)
{
	const char *text = template_text(r->url, NULL);
	struct buf *b = &t->http->text;
	CURLUcode code = CURLUE_OK;

	buf_reset(b);
	if (!r->is_absolute)
		buf_puts(b, base_text(t));
	if (text != NULL)
		buf_puts(b, text);
	if (buf_len(b) > 0)
		code = curl_url_set(t->url, CURLUPART_URL, buf_text(b), 0);
	if (code != CURLUE_OK)
		note_setup(t, CURLE_URL_MALFORMAT);
	SET(t, CURLOPT_CURLU, t->url);
}

static void find_host(struct transfer *t)
{
	t->origin = origins_find(&t->http->origins, t->url);
	t->is_address = t->origin == NULL && origins_is_address(t->url);
}

void transfer_configure(
    struct transfer *t, const struct request *r, unsigned base)
{
	if (t->request != NULL) {
		parts_clear(t);
		/* a reset forgets this list without freeing it */
		curl_easy_setopt(t->easy, CURLOPT_COOKIEFILE, NULL);
		curl_easy_reset(t->easy);
	}
	t->request = r;
	t->base = base;
	t->setup = CURLE_OK;
	t->is_worn = false;
	t->has_own_limit = true; /* as a fresh handle has none */
	set_common(t);
	set_listener(t);
	set_options(t, &r->http);
	set_method(t, r);
	set_url(t, r);
	find_host(t);
	if (t->http->headers[r->id] != NULL)
		SET(t, CURLOPT_HTTPHEADER, t->http->headers[r->id]);
}

/* --- one request -------------------------------------------------------- */

static bool has_blank_or_control(const struct buf *b)
{
	const uint8_t *bytes = buf_bytes(b);

	for (size_t i = 0; i < buf_len(b); i++) {
		if (bytes[i] <= ' ' || bytes[i] == 0x7f)
			return true;
	}
	return false;
}

/* What would end the header and begin another. */
static bool has_line_end(const struct buf *b)
{
	const uint8_t *bytes = buf_bytes(b);

	for (size_t i = 0; i < buf_len(b); i++) {
		if (bytes[i] == '\r' || bytes[i] == '\n' || bytes[i] == '\0')
			return true;
	}
	return false;
}

/* All of a URL, into that of the transfer. */
static CURLUcode set_whole_url(struct transfer *t, const char *text)
{
	CURLUcode code = curl_url_set(t->url, CURLUPART_URL, text, 0);

	find_host(t);
	return code;
}

/* Behind the host, which stays. Cuts text. */
static CURLUcode set_path(struct transfer *t, char *text)
{
	char *query = strchr(text, '?');
	CURLUcode code;

	if (query != NULL)
		*query++ = '\0';
	code = curl_url_set(t->url, CURLUPART_PATH, text, 0);
	if (code == CURLUE_OK)
		code = curl_url_set(t->url, CURLUPART_QUERY, query, 0);
	return code;
}

/* What begins with a variable is a path or a whole URL, as it comes. */
static const char *set_open_url(
    struct transfer *t, const struct request *r, struct template_env *env)
{
	struct buf *b = &t->http->text;
	const char *base = base_text(t);
	size_t base_len = strlen(base);
	const char *url;

	/* the base stands in front, and is left out where it is not wanted */
	buf_puts(b, base);
	template_render(r->url, env, b);
	if (b->full || has_blank_or_control(b))
		return NULL;
	url = buf_text(b) + base_len;
	if (url[0] == '/' && base_len == 0)
		return "URL is a path, and there is no host for it: write "
		       "host in [load]";
	if (url[0] == '/')
		url -= base_len;
	else if (strncasecmp(url, "http://", 7) != 0 &&
		 strncasecmp(url, "https://", 8) != 0)
		return "URL is neither a path, with a / in front, nor http://";
	return set_whole_url(t, url) == CURLUE_OK ? NULL : "URL is malformed";
}

static const char *render_url(
    struct transfer *t, const struct request *r, struct template_env *env)
{
	struct buf *b = &t->http->text;
	const char *defect = NULL;
	CURLUcode code = CURLUE_OK;
	char *text;

	buf_reset(b);
	if (r->is_open) {
		defect = set_open_url(t, r, env);
	} else {
		if (!r->is_absolute)
			buf_puts(b, base_path(base_text(t)));
		template_render(r->url, env, b);
	}
	if (b->full)
		return "URL is longer than 1 MiB";
	if (has_blank_or_control(b))
		return "URL has a blank or control byte in it: write "
		       "${name|url} to encode a value";
	if (r->is_open)
		return defect;
	buf_putc(b, '\0');
	text = (char *)b->data + b->start;
	code = r->is_absolute ? set_whole_url(t, text) : set_path(t, text);
	return code == CURLUE_OK ? NULL : "URL is malformed";
}

static const char *render_body(
    struct transfer *t, const struct request *r, struct template_env *env)
{
	buf_reset(&t->body);
	template_render(r->body, env, &t->body);
	if (t->body.full)
		return "body is longer than 256 MiB";
	SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)buf_len(&t->body));
	SET(t, CURLOPT_POSTFIELDS, buf_text(&t->body));
	return NULL;
}

/* A body of a megabyte or more would otherwise wait for leave to be sent. */
static void add_expect(struct curl_slist **list, const struct request *r)
{
	if (r->body == NULL && r->n_parts == 0)
		return;
	for (size_t i = 0; i < r->headers.n; i++) {
		if (strcasecmp(r->headers.at[i].name, "Expect") == 0)
			return;
	}
	*list = slist_add(*list, "Expect:");
}

/* "Name: value"; an empty value in the plan takes libcurl's own header of that
 * name away ("Name:"), one that came out empty is sent ("Name;"). */
static const char *render_header(
    struct buf *b, const struct header *header, struct template_env *env)
{
	size_t start;

	buf_reset(b);
	buf_puts(b, header->name);
	start = buf_len(b);
	buf_puts(b, ": ");
	template_render(header->value, env, b);
	if (b->full)
		return "header is longer than 1 MiB";
	if (has_line_end(b))
		return "header has a line end or a zero byte in it";
	if (buf_len(b) == start + 2) {
		b->end -= 2;
		buf_putc(b, template_is_static(header->value) ? ':' : ';');
	}
	return NULL;
}

/* env may be NULL when all headers are static. */
static const char *render_headers(struct http *h, const struct request *r,
    struct template_env *env, struct curl_slist **list)
{
	struct buf *b = &h->text;

	add_expect(list, r);
	for (size_t i = 0; i < r->headers.n; i++) {
		const char *defect = render_header(b, &r->headers.at[i], env);

		if (defect != NULL)
			return defect;
		*list = slist_add(*list, buf_text(b));
	}
	return NULL;
}

static bool headers_are_static(const struct request *r)
{
	for (size_t i = 0; i < r->headers.n; i++) {
		if (!template_is_static(r->headers.at[i].value))
			return false;
	}
	return true;
}

struct curl_slist *static_headers(struct http *h, const struct request *r)
{
	struct curl_slist *list = NULL;

	if (headers_are_static(r) &&
	    render_headers(h, r, NULL, &list) != NULL) {
		/* each request will find out, and not be sent */
		curl_slist_free_all(list);
		list = NULL;
	}
	return list;
}

static const char *prepare_changing(
    struct transfer *t, struct template_env *env)
{
	const struct request *r = t->request;
	const char *defect = NULL;

	env->missing = NULL;
	if (!template_is_static(r->url))
		defect = render_url(t, r, env);
	if (defect == NULL && r->body != NULL && !template_is_static(r->body))
		defect = render_body(t, r, env);
	if (defect == NULL && r->n_parts > 0 && !t->mime_is_kept)
		defect = parts_make(t, r, env);
	if (defect == NULL && t->http->headers[r->id] == NULL &&
	    r->headers.n > 0) {
		defect = render_headers(t->http, r, env, &t->headers);
		SET(t, CURLOPT_HTTPHEADER, t->headers);
	}
	if (env->missing != NULL) {
		snprintf(t->error_text, sizeof(t->error_text),
		    "variable %s has no value", env->missing);
		defect = t->error_text;
	}
	return defect;
}

/* Users begin at different addresses of a host. libcurl is told once for each
 * user, and all hosts of the plan at the very first, so that it never looks
 * one up itself. */
static void set_addresses(struct transfer *t)
{
	const struct origin *o = t->origin;
	struct http_client *client = t->client;

	if (o != NULL && o->n_rotations > 1 &&
	    ((client->told & o->bit) == 0 || !t->request->http.keepalive)) {
		client->told |= o->bit;
		SET(t, CURLOPT_RESOLVE,
		    o->rotations[client->index % o->n_rotations]);
	} else if (!client->lane->knows_hosts) {
		SET(t, CURLOPT_RESOLVE, t->http->origins.all);
	}
}

static void set_source(struct transfer *t)
{
	const struct words *ips = &t->request->http.source_ips;
	char interface[128];

	if (ips->n == 0)
		return;
	snprintf(interface, sizeof(interface), "host!%s",
	    ips->at[t->client->index % ips->n]);
	SET(t, CURLOPT_INTERFACE, interface);
}

void transfer_prepare(
    struct transfer *t, struct template_env *env, CURLSH *share)
{
	t->defect = prepare_changing(t, env);
	set_source(t);
	set_addresses(t);
	if (t->defect == NULL && t->setup != CURLE_OK)
		t->defect = curl_easy_strerror(t->setup);
	if (t->defect == NULL && t->origin != NULL && t->origin->error != 0 &&
	    !t->has_path)
		t->defect = curl_easy_strerror(CURLE_COULDNT_RESOLVE_HOST);
	if (t->defect == NULL)
		SET(t, CURLOPT_SHARE, share);
}
