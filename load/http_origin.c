/*
 * Where hosts are, which certificates are trusted, what this libcurl can do:
 * all that is found out once. It must not know transfers.
 */
#include "load/http_private.h"

#include <netdb.h>
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

bool library_trusts_what_is_left(void)
{
	unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;

	return version >= 0x075800 && version < 0x080000;
}

/* --- beginning and end -------------------------------------------------- */

/* The bundle's place differs from system to system. */
static const char *find_ca_bundle(void)
{
	static const char *const places[] = {
	    /* Debian, Ubuntu, Alpine, Arch, Gentoo */
	    "/etc/ssl/certs/ca-certificates.crt",
	    /* RHEL, Fedora and their kin: the usual place, what it leads to */
	    "/etc/pki/tls/certs/ca-bundle.crt",
	    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	    /* SUSE: likewise */
	    "/etc/ssl/ca-bundle.pem",
	    "/var/lib/ca-certificates/ca-bundle.pem",
	    /* Alpine without ca-certificates, the BSDs */
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

bool origins_is_address(CURLU *url)
{
	char *host = NULL;
	bool is_address =
	    curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    resolve_is_literal(host);

	curl_free(host);
	return is_address;
}

struct curl_slist *slist_add(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);

	if (longer == NULL)
		out_of_memory();
	return longer;
}

/* "host:port:a,b,c", beginning with address number first. */
static struct curl_slist *rotation(
    const struct origin *o, const struct addresses *found, size_t first)
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
	return list;
}

/* Takes over host and port. */
static void add_origin(
    struct origins *all, char *host, char *port, struct where where)
{
	struct addresses found;
	struct origin *o;

	all->at = xreallocarray(all->at, all->n + 1, sizeof(*all->at));
	o = &all->at[all->n];
	*o = (struct origin) {.host = host, .port = port, .where = where};
	if (all->n < 64)
		o->bit = UINT64_C(1) << all->n;
	all->n++;
	o->error = resolve_host(host, &found);
	o->n_rotations = found.n;
	o->rotations = xcalloc(found.n + 1, sizeof(*o->rotations));
	for (size_t i = 0; i < found.n; i++)
		o->rotations[i] = rotation(o, &found, i);
	if (found.n > 0)
		all->all = slist_add(all->all, o->rotations[0]->data);
	addresses_clear(&found);
}

/* Whether a rule, "host:port:address", is for this host. */
static bool rule_is_for(const char *rule, const char *host, const char *port)
{
	size_t host_len = strlen(host);
	size_t port_len = strlen(port);

	return strncasecmp(rule, host, host_len) == 0 &&
	       rule[host_len] == ':' &&
	       strncmp(rule + host_len + 1, port, port_len) == 0 &&
	       rule[host_len + 1 + port_len] == ':';
}

static bool needs_lookup(const struct origins *all,
    const struct http_options *o, CURLU *url, const char *host,
    const char *port)
{
	for (size_t i = 0; i < o->resolve.n; i++) {
		if (rule_is_for(o->resolve.at[i], host, port))
			return false;
	}
	return o->proxy == NULL && o->unix_socket == NULL &&
	       !resolve_is_literal(host) && origins_find(all, url) == NULL;
}

static void look_up(struct origins *all, const struct http_options *o,
    const char *text, struct where where)
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
	    needs_lookup(all, o, url, host, port)) {
		add_origin(all, host, port, where);
		host = NULL;
		port = NULL;
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(url);
}

void origins_init(struct origins *all, const struct plan *plan)
{
	*all = (struct origins) {.ca_bundle = find_ca_bundle()};
	resolve_prepare();
	for (unsigned i = 0; i < plan->n_requests; i++) {
		const struct step *step = plan->requests[i];
		const struct request *r = &step->request;
		const char *text = template_text(r->url, NULL);

		if ((r->is_absolute || r->is_open) && text == NULL)
			all->any_https = true; /* it may turn out to be */
		if (r->is_absolute && text != NULL)
			look_up(all, &r->http, text, step->where);
		for (size_t k = 0; k < plan->n_asked && !r->is_absolute; k++)
			look_up(all, &r->http, plan->bases[k].text,
			    plan->bases[k].where);
	}
}

struct curl_slist *origins_routes(const struct http_options *o)
{
	struct curl_slist *list = NULL;

	for (size_t i = 0; i < o->resolve.n; i++) {
		const char *rule = o->resolve.at[i];
		const char *port = strchr(rule, ':') + 1;
		char *route =
		    xasprintf("%s:%.*s", rule, (int)strcspn(port, ":"), port);

		list = slist_add(list, route);
		free(route);
	}
	return list;
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
	curl_slist_free_all(all->all);
	*all = (struct origins) {0};
}

/* --- before the load ---------------------------------------------------- */

static void check_hosts(const struct plan *plan, struct diag *d)
{
	struct origins all;

	origins_init(&all, plan);
	for (size_t i = 0; i < all.n; i++) {
		if (all.at[i].error != 0)
			diag_error(d, all.at[i].where,
			    "host \"%s\": %s: check the name, or give it an "
			    "address with resolve",
			    all.at[i].host, gai_strerror(all.at[i].error));
	}
	origins_clear(&all);
}

void http_check_plan(const struct plan *plan, bool looks_up, struct diag *d)
{
	for (unsigned i = 0; i < plan->n_requests; i++) {
		const struct step *step = plan->requests[i];
		const char *why = why_not_version(step->request.http.version);

		if (why != NULL)
			diag_error(d, step->where, "http_version: %s", why);
	}
	if (looks_up)
		check_hosts(plan, d);
}
