/*
 * A request step: from what its keys say to what is sent. It must not know
 * tasks beyond their defaults, nor how anything is sent.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "plan/fields.h"
#include "plan/loader.h"
#include "plan/meant.h"
#include "plan/values.h"

/* --- options of all levels ---------------------------------------------- */

void http_check(struct loader *l, const struct scope *scope,
    const struct http_options *http)
{
	const struct ini_entry *key = scope_find(scope, "key");

	if (key != NULL && http->cert == NULL &&
	    scope_find(scope, "cert") == NULL)
		field_error(&l->env, key,
		    "a key without a certificate: write cert = FILE as well");
}

static char *copy_text(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

void http_inherit(struct http_options *to, const struct http_options *from)
{
	*to = *from;
	memset(&to->headers, 0, sizeof(to->headers));
	to->ca_file = copy_text(from->ca_file);
	to->cert = copy_text(from->cert);
	to->key = copy_text(from->key);
	to->auth = copy_text(from->auth);
	to->proxy = copy_text(from->proxy);
	to->unix_socket = copy_text(from->unix_socket);
	words_copy(&to->source_ips, &from->source_ips);
	words_copy(&to->resolve, &from->resolve);
}

void http_clear(struct http_options *http)
{
	for (size_t i = 0; i < http->headers.n; i++) {
		free(http->headers.at[i].name);
		template_free(http->headers.at[i].value);
	}
	free(http->headers.at);
	free(http->ca_file);
	free(http->cert);
	free(http->key);
	free(http->auth);
	free(http->proxy);
	free(http->unix_socket);
	words_clear(&http->source_ips);
	words_clear(&http->resolve);
	memset(http, 0, sizeof(*http));
}

/* --- method and URL ----------------------------------------------------- */

/* Methods other than these are anybody's; these written small are a slip. */
static bool method_is_fine(struct loader *l, const struct ini_entry *entry,
    const char *method, size_t len)
{
	static const char *const known[] = {"GET", "POST", "PUT", "PATCH",
	    "DELETE", "HEAD", "OPTIONS", "TRACE"};

	if (!is_token(method, len)) {
		field_error(&l->env, entry,
		    "what stands first is no method: write METHOD URL, such "
		    "as PURGE /cache");
		return false;
	}
	if (len == 7 && strncasecmp(method, "CONNECT", len) == 0) {
		field_error(&l->env, entry,
		    "CONNECT opens tunnels and is no request: write "
		    "proxy = URL to go through one");
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strlen(known[i]) != len ||
		    strncasecmp(known[i], method, len) != 0 ||
		    strncmp(known[i], method, len) == 0)
			continue;
		field_error(&l->env, entry,
		    "methods are told apart by case: did you mean \"%s\"?",
		    known[i]);
		return false;
	}
	return true;
}

/* What is wrong with a URL wherever it points. */
static const char *url_defect(const char *url)
{
	static const char controls[] =
	    "\001\002\003\004\005\006\007\010\012\013\014\015\016\017"
	    "\020\021\022\023\024\025\026\027\030\031\032\033\034\035\036"
	    "\037\177";

	if (find_literal(url, controls) != NULL)
		return "a URL is a single line without control characters: "
		       "write %0A for a line end";
	if (find_literal(url, " \t") != NULL)
		return "a URL has no blanks: write %20, or ${NAME|url} for a "
		       "value that may have some";
	if (find_literal(url, "#") != NULL)
		return "what follows \"#\" is never sent: remove it, or write "
		       "%23";
	return NULL;
}

static const char *absolute_defect(const char *url)
{
	const char *host = url + scheme_len(url);
	size_t len = strcspn(host, "/?");

	/* a host with variables in it is anyone's guess */
	if (memchr(host, '$', len) != NULL)
		return NULL;
	return authority_defect(host, len);
}

/* It is neither a path nor a URL. */
static void report_no_url(
    struct loader *l, const struct ini_entry *entry, const char *url)
{
	char *meant = meant_url(url);

	if (meant != NULL)
		field_error(&l->env, entry,
		    "neither a path nor a URL: did you mean \"%s\"?",
		    quote(meant).text);
	else if (strstr(url, "://") != NULL)
		field_error(&l->env, entry,
		    "only http and https are spoken: write http://HOST/PATH");
	else if (url[0] == '$')
		field_error(&l->env, entry,
		    "a URL begins with / or http:// before any variable: "
		    "write /%s",
		    quote(url).text);
	else
		field_error(&l->env, entry,
		    "neither a path nor a URL: did you mean \"/%s\"?",
		    quote(url).text);
	free(meant);
}

/* Whether it is one; reports what is wrong with it. */
static bool url_is_fine(
    struct loader *l, const struct ini_entry *entry, const char *url)
{
	const char *defect = url_defect(url);

	if (defect == NULL && scheme_len(url) > 0)
		defect = absolute_defect(url);
	if (defect != NULL)
		field_error(&l->env, entry, "%s", defect);
	else if (url[0] == '/' || scheme_len(url) > 0)
		return true;
	else
		report_no_url(l, entry, url);
	return false;
}

static void warn_of_braces(
    struct loader *l, const struct ini_entry *entry, const char *url)
{
	char *meant = meant_variable(url);

	if (meant != NULL)
		diag_warning(l->diag, entry->where,
		    "%s \"%s\": it is sent as it stands: variables are "
		    "written %s",
		    entry->key, quote(url).text, meant);
	free(meant);
}

static void set_url(struct loader *l, struct request *request,
    const struct ini_entry *entry, const char *url)
{
	warn_of_braces(l, entry, url);
	if (!url_is_fine(l, entry, url))
		return;
	request->is_absolute = scheme_len(url) > 0;
	request->url = template_compile(url, ENCODE_NONE, l->env.variables,
	    l->diag, entry->where, entry->key);
	request->name = template_literal(url, strlen(url));
}

void request_begin(struct loader *l, struct request *request,
    const char *method, const struct ini_entry *entry)
{
	const char *url = entry->value;
	size_t len;

	if (url[0] == '\0')
		return;
	if (method != NULL) {
		request->method = xstrdup(method);
		set_url(l, request, entry, url);
		return;
	}
	len = strcspn(url, " \t\n");
	if (url[len] == '\0') {
		field_error(&l->env, entry,
		    "a method and a URL are needed: write METHOD URL, such as "
		    "PURGE /cache");
		return;
	}
	if (!method_is_fine(l, entry, url, len))
		return;
	request->method = xstrndup(url, len);
	set_url(l, request, entry, url + len + strspn(url + len, " \t"));
}

/* --- what its keys say -------------------------------------------------- */

/* `a=1&b=2`: what begins with the & is sent as part of the first value. */
static void warn_of_pairs(
    struct loader *l, const struct ini_entry *entry, const char *eq)
{
	const char *next = find_literal(eq, "&");
	size_t len = next != NULL ? strcspn(next + 1, " \t\n&=") : 0;

	if (len > 0 && next[1 + len] == '=')
		diag_warning(l->diag, entry->where,
		    "%s \"%s\": \"%s\" is part of the value: write each pair "
		    "as a %s of its own",
		    entry->key, quote(entry->value).text, quote(next).text,
		    entry->key);
}

struct template *pair_compile(struct loader *l, const struct ini_entry *entry)
{
	const char *eq = find_literal(entry->value, "=");
	struct template *key, *value;
	char *text;

	if (eq == NULL || eq == entry->value) {
		field_error(&l->env, entry, "not a pair: write %s = KEY=VALUE",
		    entry->key);
		return NULL;
	}
	warn_of_pairs(l, entry, eq);
	text = xstrndup(entry->value, (size_t)(eq - entry->value));
	key = template_compile(trim(text), ENCODE_URL, l->env.variables,
	    l->diag, entry->where, entry->key);
	free(text);
	value = template_compile(eq + 1 + strspn(eq + 1, " \t"), ENCODE_URL,
	    l->env.variables, l->diag, entry->where, entry->key);
	if (key == NULL || value == NULL) {
		template_free(key);
		template_free(value);
		return NULL;
	}
	key = template_append(key, template_literal("=", 1));
	return template_append(key, value);
}

/* The URL that the step began with, as it is written. */
static const char *written_url(const struct ini_entry *first)
{
	const char *url = first->value;

	if (strcmp(first->key, "request") == 0)
		url += strcspn(url, " \t\n");
	return url;
}

static void add_query(struct loader *l, struct request *request,
    const struct entries *query, const char *url)
{
	bool has_query = find_literal(url, "?") != NULL;
	char last = url[0] != '\0' ? url[strlen(url) - 1] : '\0';
	struct template *pair;

	for (size_t i = 0; i < query->n; i++) {
		if (query->at[i]->value[0] == '?')
			field_error(&l->env, query->at[i],
			    "the \"?\" is written for you: remove it");
		pair = pair_compile(l, query->at[i]);
		if (pair == NULL)
			continue;
		if (!has_query || (last != '?' && last != '&'))
			request->url = template_append(request->url,
			    template_literal(has_query ? "&" : "?", 1));
		has_query = true;
		last = '\0';
		request->url = template_append(request->url, pair);
	}
}

static void add_checks(
    struct loader *l, struct request *request, const struct entries *checks)
{
	struct condition *c;

	request->checks = xcalloc(checks->n + 1, sizeof(*request->checks));
	for (size_t i = 0; i < checks->n; i++) {
		c = condition_compile(checks->at[i]->value, l->diag,
		    checks->at[i]->where, checks->at[i]->key);
		if (c == NULL)
			continue;
		request->checks[request->n_checks++] =
		    (struct check) {c, false};
		if (condition_is_about_status(c))
			request->status_is_checked = true;
	}
}

static void set_name(
    struct loader *l, struct request *request, const struct ini_entry *entry)
{
	struct template *name;

	if (entry == NULL || entry->value[0] == '\0')
		return;
	field_warn_comment(&l->env, entry);
	if (has_control_bytes(entry->value)) {
		field_error(&l->env, entry,
		    "a name is a single line without control characters: "
		    "join the lines");
		return;
	}
	name = template_compile(entry->value, ENCODE_NONE, l->env.variables,
	    l->diag, entry->where, entry->key);
	if (name == NULL)
		return;
	template_free(request->name);
	request->name = name;
}

/* --- headers ------------------------------------------------------------ */

static struct header *find_header(
    const struct headers *headers, const char *name)
{
	for (size_t i = 0; i < headers->n; i++)
		if (strcasecmp(headers->at[i].name, name) == 0)
			return &headers->at[i];
	return NULL;
}

static void put_header(struct headers *to, struct header header)
{
	struct header *there = find_header(to, header.name);

	if (there != NULL) {
		*there = header;
		return;
	}
	to->at = grow(to->at, to->n, &to->cap, sizeof(*to->at));
	to->at[to->n++] = header;
}

static void put_headers(struct headers *to, const struct headers *from)
{
	for (size_t i = 0; i < from->n; i++)
		put_header(to, from->at[i]);
}

/* Without a type of its own a body gets one from libcurl, which is a lie;
 * so a type is always given, or "" for none. */
static void add_content_type(struct request *request, const char *type)
{
	static const char *const bodiless[] = {
	    "GET", "HEAD", "DELETE", "OPTIONS"};
	struct header header;

	if (find_header(&request->headers, "Content-Type") != NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(bodiless); i++)
		if (request->body == NULL && request->method != NULL &&
		    strcmp(request->method, bodiless[i]) == 0)
			return;
	header.name = xstrdup("Content-Type");
	header.value = template_literal(type, strlen(type));
	put_header(&request->http.headers, header);
	put_header(&request->headers, header);
}

/* The type of a multipart body has the boundary between its parts in it: no
 * other will do, but taking one of the levels above away. */
static void clear_content_type(struct loader *l, struct request *request,
    const struct ini_entry *multipart)
{
	struct headers *headers = &request->headers;
	struct header *header = find_header(headers, "Content-Type");
	const char *text;

	if (header == NULL)
		return;
	text = template_text(header->value, NULL);
	if (text == NULL || text[0] != '\0')
		diag_error(l->diag, multipart->where,
		    "multipart: the header \"%s\" stands in for its own, "
		    "without which its parts cannot be told apart: remove it, "
		    "or write header = %s: below the request",
		    quote(header->name).text, quote(header->name).text);
	headers->n--;
	memmove(header, header + 1,
	    (size_t)(headers->at + headers->n - header) * sizeof(*header));
}

void request_finish(struct loader *l, const struct task *task,
    struct request *request, const struct scope *scope,
    const struct request_draft *draft, const struct ini_entry *first)
{
	const char *content_type = "";

	http_check(l, scope, &request->http);
	set_name(l, request, scope_find(scope, "name"));
	add_query(l, request, &draft->query, written_url(first));
	body_load(l, request, scope, draft, &content_type);
	add_checks(l, request, &draft->checks);
	put_headers(&request->headers, &l->plan->http.headers);
	put_headers(&request->headers, &task->http.headers);
	put_headers(&request->headers, &request->http.headers);
	if (content_type != NULL)
		add_content_type(request, content_type);
	else
		clear_content_type(l, request, draft->multipart.at[0]);
}

void request_clear(struct request *request)
{
	for (size_t i = 0; i < request->n_checks; i++)
		condition_free(request->checks[i].condition);
	free(request->checks);
	free(request->headers.at);
	http_clear(&request->http);
	template_free(request->url);
	template_free(request->name);
	body_clear(request);
	free(request->method);
	memset(request, 0, sizeof(*request));
}
