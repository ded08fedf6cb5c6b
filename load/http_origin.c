/*
 * Where hosts are, which certificates are trusted, what this libcurl can do:
 * all that is found out once. It must not know transfers.
 */
#include "load/http_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/util.h"
#include "load/resolve.h"

const char *http_library_version(void)
{
	return curl_version();
}

/* --- what this libcurl can do ------------------------------------------- */

static const char *why_not_version(enum http_version version)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	if ((version == HTTP_2 || version == HTTP_2_PRIOR_KNOWLEDGE) &&
	    (info->features & CURL_VERSION_HTTP2) == 0)
		return "this libcurl is built without HTTP/2: write 1.1, or "
		       "use another libcurl";
	if (version == HTTP_2_PRIOR_KNOWLEDGE && info->version_num < 0x080000)
		return "libcurl before 8.0 fails when it uses such a "
		       "connection again: write 2 and https, or use a newer "
		       "libcurl";
	if (version == HTTP_3 && (info->features & CURL_VERSION_HTTP3) == 0)
		return "this libcurl is built without HTTP/3: write 1.1 or 2, "
		       "or use another libcurl";
	return NULL;
}

void http_check_plan(const struct plan *plan, struct diag *d)
{
	for (unsigned i = 0; i < plan->n_requests; i++) {
		const struct step *step = plan->requests[i];
		const char *why = why_not_version(step->request.http.version);

		if (why != NULL)
			diag_error(d, step->where, "http_version: %s", why);
	}
}

/* --- beginning and end -------------------------------------------------- */

/* The bundle's place differs from system to system. */
static const char *find_ca_bundle(void)
{
	static const char *const places[] = {
	    "/etc/ssl/certs/ca-certificates.crt",
	    "/etc/pki/tls/certs/ca-bundle.crt",
	    "/etc/ssl/ca-bundle.pem",
	    "/etc/ssl/cert.pem",
	};
	const char *named = getenv("SSL_CERT_FILE");

	if (named != NULL && access(named, R_OK) == 0)
		return named;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (access(places[i], R_OK) == 0)
			return places[i];
	}
	return NULL;
}

const struct origin *origins_find(const struct origins *o, CURLU *url)
{
	const struct origin *found = NULL;
	char *host = NULL;
	char *port = NULL;

	if (o->n > 0 &&
	    curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) ==
		CURLUE_OK) {
		for (size_t i = 0; i < o->n && found == NULL; i++) {
			if (strcasecmp(o->at[i].host, host) == 0 &&
			    strcmp(o->at[i].port, port) == 0)
				found = &o->at[i];
		}
	}
	curl_free(host);
	curl_free(port);
	return found;
}

struct curl_slist *slist_add(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);

	if (longer == NULL)
		out_of_memory();
	return longer;
}

/* "host:port:a,b,c", beginning with address number first, and the rules. */
static struct curl_slist *rotation(const struct origin *o,
    const struct addresses *found, size_t first, const struct curl_slist *rules)
{
	struct curl_slist *list;
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_printf(&b, "%s:%s:", o->host, o->port);
	for (size_t i = 0; i < found->n; i++)
		buf_printf(&b, "%s%s", i > 0 ? "," : "",
		    found->text[(first + i) % found->n]);
	list = slist_add(NULL, buf_text(&b));
	buf_clear(&b);
	for (; rules != NULL; rules = rules->next)
		list = slist_add(list, rules->data);
	return list;
}

/* Takes over host and port. */
static void add_origin(struct origins *all, char *host, char *port)
{
	struct addresses found;
	struct origin *o;

	all->at = xreallocarray(all->at, all->n + 1, sizeof(*all->at));
	o = &all->at[all->n++];
	*o = (struct origin) {.host = host, .port = port};
	o->error = resolve_host(host, &found);
	o->n_rotations = found.n;
	o->rotations = xcalloc(found.n + 1, sizeof(*o->rotations));
	for (size_t i = 0; i < found.n; i++)
		o->rotations[i] = rotation(o, &found, i, all->rules);
	addresses_clear(&found);
}

static bool rule_is_for(const char *rule, const char *host, const char *port)
{
	size_t host_len = strlen(host);
	size_t port_len = strlen(port);

	return strncasecmp(rule, host, host_len) == 0 &&
	       rule[host_len] == ':' &&
	       strncmp(rule + host_len + 1, port, port_len) == 0 &&
	       rule[host_len + 1 + port_len] == ':';
}

static bool has_rule(
    const struct origins *all, const char *host, const char *port)
{
	for (const struct curl_slist *r = all->rules; r != NULL; r = r->next) {
		if (rule_is_for(r->data, host, port))
			return true;
	}
	return false;
}

static bool needs_no_lookup(
    const struct origins *all, const struct http_options *o, CURLU *url)
{
	return o->proxy != NULL || o->unix_socket != NULL ||
	       origins_find(all, url) != NULL;
}

static void look_up(
    struct origins *all, const struct http_options *o, const char *text)
{
	CURLU *url = curl_url();
	char *host = NULL;
	char *port = NULL;

	if (url == NULL)
		out_of_memory();
	if (strncasecmp(text, "https:", 6) == 0)
		all->any_https = true;
	if (curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) ==
		CURLUE_OK &&
	    !resolve_is_literal(host) && !needs_no_lookup(all, o, url) &&
	    !has_rule(all, host, port)) {
		add_origin(all, host, port);
		host = NULL;
		port = NULL;
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(url);
}

static void add_rules(struct origins *all, const struct http_options *o)
{
	for (size_t i = 0; i < o->resolve.n; i++) {
		const struct curl_slist *r = all->rules;

		while (r != NULL && strcmp(r->data, o->resolve.at[i]) != 0)
			r = r->next;
		if (r == NULL)
			all->rules = slist_add(all->rules, o->resolve.at[i]);
	}
}

static void look_up_request(
    struct origins *all, const struct plan *plan, const struct request *r)
{
	const char *text = template_text(r->url, NULL);

	if (r->is_absolute && text == NULL)
		all->any_https = true; /* it may turn out to be */
	if (r->is_absolute && text != NULL)
		look_up(all, &r->http, text);
	for (size_t i = 0; i < plan->n_bases && !r->is_absolute; i++)
		look_up(all, &r->http, plan->bases[i].text);
}

void origins_init(struct origins *all, const struct plan *plan)
{
	*all = (struct origins) {.ca_bundle = find_ca_bundle()};
	for (unsigned i = 0; i < plan->n_requests; i++)
		add_rules(all, &plan->requests[i]->request.http);
	for (unsigned i = 0; i < plan->n_requests; i++)
		look_up_request(all, plan, &plan->requests[i]->request);
}

void origins_clear(struct origins *all)
{
	for (size_t i = 0; i < all->n; i++) {
		struct origin *o = &all->at[i];

		for (size_t j = 0; j < o->n_rotations; j++)
			curl_slist_free_all(o->rotations[j]);
		free(o->rotations);
		curl_free(o->host);
		curl_free(o->port);
	}
	free(all->at);
	curl_slist_free_all(all->rules);
	*all = (struct origins) {0};
}
