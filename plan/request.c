/*
 * A request step: from what its keys say to what is sent. It must not know
 * tasks beyond their defaults, nor how anything is sent.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "plan/capture.h"
#include "plan/fields.h"
#include "plan/loader.h"
#include "plan/meant.h"
#include "plan/values.h"

/* --- options of all levels ---------------------------------------------- */

void http_check(struct loader *l, const struct scope *scope,
    const struct http_options *http)
{
	const struct ini_entry *key = scope_find(scope, "key");

	if (key != NULL && http->cert.path == NULL &&
	    scope_find(scope, "cert") == NULL)
		field_error(&l->env, key,
		    "a key without a certificate: write cert = FILE as well");
}

static char *copy_text(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

static size_t words_bytes(const struct words *words)
{
	size_t bytes = 0;

	for (size_t i = 0; i < words->n; i++)
		bytes += strlen(words->at[i]) + sizeof(char *);
	return bytes;
}

static size_t copies_bytes(const struct http_options *http)
{
	const char *const texts[] = {http->ca_file.path, http->cert.path,
	    http->key.path, http->auth, http->proxy, http->unix_socket};
	size_t bytes =
	    words_bytes(&http->source_ips) + words_bytes(&http->resolve);

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		bytes += texts[i] != NULL ? strlen(texts[i]) : 0;
	return bytes;
}

void http_inherit(struct loader *l, struct http_options *to,
    const struct http_options *from, struct where where)
{
	static const struct words none;

	*to = *from;
	memset(&to->headers, 0, sizeof(to->headers));
	if (!variables_take_room(
		&l->plan->variables, copies_bytes(from), l->diag, where)) {
		to->ca_file = to->cert = to->key = (struct pem) {0};
		to->auth = to->proxy = to->unix_socket = NULL;
		to->source_ips = to->resolve = none;
		return;
	}
	to->ca_file.path = copy_text(from->ca_file.path);
	to->cert.path = copy_text(from->cert.path);
	to->key.path = copy_text(from->key.path);
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
	free(http->ca_file.path);
	free(http->cert.path);
	free(http->key.path);
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

/* A URL that is fine. */
static void note_scheme(struct request *request, const char *url)
{
	request->is_absolute = scheme_len(url) > 0;
	request->is_plain = scheme_len(url) == strlen("http://");
}

static void compile_url(struct loader *l, struct request *request,
    const struct ini_entry *entry, const char *url)
{
	request->url = template_compile(url, ENCODE_NONE, l->env.variables,
	    l->diag, entry->where, entry->key);
	request->name = template_literal(url, strlen(url));
}

/* `${link}`, `${shop}/list`: a constant is looked at now, others when they
 * have a value. */
static void set_open_url(struct loader *l, struct request *request,
    const struct ini_entry *entry, const char *url)
{
	const char *defect = url_defect(url);

	if (defect != NULL) {
		field_error(&l->env, entry, "%s", defect);
		return;
	}
	compile_url(l, request, entry, url);
	if (request->url == NULL)
		return;
	request->is_open = !template_is_static(request->url);
	if (request->is_open)
		return;
	url = template_text(request->url, NULL);
	if (url_is_fine(l, entry, url))
		note_scheme(request, url);
}

static void set_url(struct loader *l, struct request *request,
    const struct ini_entry *entry, const char *url)
{
	field_warn_braces(&l->env, entry, url, true);
	if (strncmp(url, "${", 2) == 0) {
		set_open_url(l, request, entry, url);
		return;
	}
	if (!url_is_fine(l, entry, url))
		return;
	note_scheme(request, url);
	compile_url(l, request, entry, url);
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
	field_warn_braces(&l->env, entry, entry->value, false);
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

	if (strcmp(first->key, "request") == 0) {
		url += strcspn(url, " \t\n");
		url += strspn(url, " \t\n");
	}
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

/* --- what is looked at in the answer ------------------------------------ */

void checks_load(struct loader *l, struct request *request,
    const struct entries *entries, struct check **out, size_t *n)
{
	struct check *checks = xcalloc(entries->n + 1, sizeof(*checks));

	*out = checks;
	*n = 0;
	for (size_t i = 0; i < entries->n; i++) {
		const struct ini_entry *entry = entries->at[i];
		struct condition *c = condition_compile(entry->value,
		    &l->plan->variables, l->diag, entry->where, entry->key);

		if (c == NULL)
			continue;
		checks[(*n)++] =
		    (struct check) {c, strcmp(entry->key, "fail_if") == 0};
		request->needs_body |= condition_needs_body(c);
	}
}

void checks_free(struct check *checks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		condition_free(checks[i].condition);
	free(checks);
}

static bool is_captured_above(
    struct loader *l, const struct entries *entries, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (strcmp(entries->at[k]->key, entries->at[i]->key) != 0)
			continue;
		diag_error(l->diag, entries->at[i]->where,
		    "%s: it is captured in line %u already: remove one of "
		    "them",
		    entries->at[i]->key, entries->at[k]->where.line);
		return true;
	}
	return false;
}

/* A * in the pointer without any or last: a field may be called so, but
 * hardly ever is. */
static void warn_of_star(struct loader *l, const struct ini_entry *entry)
{
	const char *value = entry->value + strspn(entry->value, " \t");
	const char *arrow = strstr(value, "->");
	size_t len = arrow != NULL ? (size_t)(arrow - value) : strlen(value);
	char *source = xstrndup(value, len);
	const char *star = source;

	trim(source);
	while ((star = strstr(star, "/*")) != NULL &&
	       strchr("/\" \t", star[2]) == NULL)
		star++;
	if (star != NULL && strncmp(source, "json", 4) == 0 &&
	    strchr(" \t", source[4]) != NULL)
		diag_warning(l->diag, entry->where,
		    "%s \"%s\": without any or last the * is a field of that "
		    "name: write any %s",
		    entry->key, quote(entry->value).text, quote(source).text);
	free(source);
}

void takings_load(struct loader *l, struct request *request,
    const struct entries *entries, struct taking **out, size_t *n)
{
	struct variables *v = &l->plan->variables;
	struct taking *takings = xcalloc(entries->n + 1, sizeof(*takings));

	*out = takings;
	*n = 0;
	for (size_t i = 0; i < entries->n; i++) {
		const struct ini_entry *entry = entries->at[i];
		const char *name = keys_behind(entry->key, "capture");
		const struct variable *variable =
		    variables_find(v, name, strlen(name));
		struct capture *c;

		/* a name that cannot be one was reported and has none */
		if (variable == NULL || is_captured_above(l, entries, i))
			continue;
		c = capture_compile(
		    name, entry->value, v, l->diag, entry->where);
		if (c == NULL)
			continue;
		warn_of_star(l, entry);
		takings[(*n)++] = (struct taking) {variable->slot, c};
		request->needs_body |= capture_needs_body(c);
	}
}

void takings_free(struct taking *takings, size_t n)
{
	for (size_t i = 0; i < n; i++)
		capture_free(takings[i].capture);
	free(takings);
}

/* --- its row ------------------------------------------------------------ */

static void warn_of_quotes(struct loader *l, const struct ini_entry *entry)
{
	const char *text = entry->value;
	size_t len = strlen(text);

	if (len >= 2 && (text[0] == '"' || text[0] == '\'') &&
	    strchr(text + 1, text[0]) == text + len - 1)
		diag_warning(l->diag, entry->where,
		    "%s: the quotes %c are part of the value: leave them out",
		    entry->key, text[0]);
}

/* The name that is written, or the URL as it is written. */
struct template *name_load(struct loader *l, const struct ini_entry *entry,
    const struct ini_entry *first)
{
	const char *url = written_url(first);
	struct template *name = NULL;

	if (entry != NULL && has_control_bytes(entry->value))
		field_error(&l->env, entry,
		    "a name is a single line without control characters: "
		    "join the lines");
	else if (entry != NULL && entry->value[0] != '\0') {
		field_warn_comment(&l->env, entry);
		warn_of_quotes(l, entry);
		name = template_compile(entry->value, ENCODE_NONE,
		    l->env.variables, l->diag, entry->where, entry->key);
	}
	return name != NULL ? name : template_literal(url, strlen(url));
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
	add_query(l, request, &draft->query, written_url(first));
	body_load(l, request, scope, draft, &content_type);
	checks_load(
	    l, request, &draft->checks, &request->checks, &request->n_checks);
	for (size_t i = 0; i < request->n_checks; i++)
		request->status_is_checked |=
		    condition_is_about_status(request->checks[i].condition);
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
	checks_free(request->checks, request->n_checks);
	takings_free(request->takings, request->n_takings);
	free(request->headers.at);
	http_clear(&request->http);
	template_free(request->url);
	template_free(request->name);
	body_clear(request);
	free(request->method);
	memset(request, 0, sizeof(*request));
}
