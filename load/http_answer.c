/*
 * What is looked at in an answer: its body, headers, cookies and URL. It must
 * not know what for.
 */
#include "load/http_private.h"

#include <string.h>
#include <strings.h>

#include "base/util.h"

/* --- the body ----------------------------------------------------------- */

/* Nothing of an answer stays when the request goes out once more, to where a
 * redirect leads or on another connection. */
int answer_on_send(
    void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
	struct transfer *t = arg;

	buf_reset(&t->answer);
	t->answer_is_cut = false;
	return http_before_send(
	    t, remote_ip, local_ip, remote_port, local_port);
}

size_t answer_on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	uint64_t room = t->request->http.max_body - buf_len(&t->answer);

	n *= size;
	t->body_bytes += n;
	if (n <= room) {
		buf_put(&t->answer, bytes, n);
	} else {
		buf_put(&t->answer, bytes, (size_t)room);
		t->answer_is_cut = true;
	}
	return n;
}

/* --- headers ------------------------------------------------------------ */

/* A handle still has the headers of the answer before when there is none. */
static bool has_answer(const struct http_result *result)
{
	return result->status != 0 && result->transfer->defect == NULL;
}

const char *http_header(const struct http_result *result, const char *name)
{
	CURL *easy = result->transfer->easy;
	struct curl_header *header;

	if (!has_answer(result) || curl_easy_header(easy, name, 0, CURLH_HEADER,
				       -1, &header) != CURLHE_OK)
		return NULL;
	if (header->amount > 1 &&
	    curl_easy_header(easy, name, header->amount - 1, CURLH_HEADER, -1,
		&header) != CURLHE_OK)
		return NULL;
	return header->value;
}

/* --- the URL ------------------------------------------------------------ */

/* libcurl's effective URL is that of an earlier request where the URL is given
 * parsed (before 8.12), but right behind a redirect. */
const char *http_url(const struct http_result *result)
{
	struct transfer *t = result->transfer;
	char *effective = NULL;

	if (result->redirects > 0 &&
	    curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &effective) ==
		CURLE_OK &&
	    effective != NULL)
		return effective;
	return http_asked_url(result);
}

const char *http_asked_url(const struct http_result *result)
{
	struct transfer *t = result->transfer;
	struct http *h = t->http;

	curl_free(h->url);
	h->url = NULL;
	if (curl_url_get(t->url, CURLUPART_URL, &h->url, 0) != CURLUE_OK)
		h->url = NULL;
	return h->url;
}

/* --- cookies ------------------------------------------------------------ */

/* Where a request went, as cookies are chosen by it. */
struct place {
	char *host; /* libcurl's memory; NULL: unknown */
	char *path;
	const char *header; /* Host, where the plan has it; or NULL */
};

/* A cookie as libcurl lists it, its columns separated by tabs. */
struct cookie {
	const char *domain;
	size_t domain_len;
	bool has_subdomains;
	const char *path;
	size_t path_len;
	const char *name;
	size_t name_len;
	const char *value;
	bool fits_path;
};

static bool read_cookie(const char *line, struct cookie *c)
{
	enum { DOMAIN, TAIL, PATH, SECURE, EXPIRES, NAME, VALUE, COLUMNS };
	static const char http_only[] = "#HttpOnly_";
	const char *at[COLUMNS];
	size_t len[COLUMNS];

	if (strncmp(line, http_only, sizeof(http_only) - 1) == 0)
		line += sizeof(http_only) - 1;
	for (size_t i = 0; i < COLUMNS; i++) {
		at[i] = line;
		len[i] = strcspn(line, "\t");
		if (i < VALUE && line[len[i]] == '\0')
			return false;
		line += len[i] + 1;
	}
	*c = (struct cookie) {
	    .domain = at[DOMAIN],
	    .domain_len = len[DOMAIN],
	    .has_subdomains = at[TAIL][0] == 'T',
	    .path = at[PATH],
	    .path_len = len[PATH],
	    .name = at[NAME],
	    .name_len = len[NAME],
	    .value = at[VALUE],
	};
	if (c->domain_len > 0 && c->domain[0] == '.') {
		c->domain++;
		c->domain_len--;
	}
	return true;
}

/* Whether a cookie of this domain is for a host; that one may be an address of
 * IPv6 in its brackets, or have a port behind it. */
static bool fits_host(const struct cookie *c, const char *host)
{
	size_t len, front;

	if (host == NULL)
		return false;
	if (host[0] == '[') {
		host++;
		len = strcspn(host, "]");
	} else {
		len = strcspn(host, ":");
	}
	if (len < c->domain_len)
		return false;
	front = len - c->domain_len;
	if (strncasecmp(host + front, c->domain, c->domain_len) != 0)
		return false;
	return front == 0 || (c->has_subdomains && host[front - 1] == '.');
}

static bool fits_path(const struct cookie *c, const char *path)
{
	size_t len = c->path_len;

	if (path == NULL || strncmp(path, c->path, len) != 0)
		return false;
	return path[len] == '\0' || path[len] == '/' ||
	       (len > 0 && c->path[len - 1] == '/');
}

/* Whether a is sent before b; of two alike the later one in the list is the
 * newer. */
static bool is_nearer(const struct cookie *a, const struct cookie *b)
{
	if (a->fits_path != b->fits_path)
		return a->fits_path;
	if (a->path_len != b->path_len)
		return a->path_len > b->path_len;
	return a->domain_len >= b->domain_len;
}

static const char *host_header(const struct transfer *t)
{
	static const char name[] = "Host: ";
	const struct curl_slist *line =
	    t->headers != NULL ? t->headers : t->http->headers[t->request->id];

	for (; line != NULL; line = line->next) {
		if (strncasecmp(line->data, name, sizeof(name) - 1) == 0)
			return line->data + sizeof(name) - 1;
	}
	return NULL;
}

static void find_place(const struct http_result *result, struct place *place)
{
	const char *text = http_url(result);
	CURLU *url = curl_url();

	if (url == NULL)
		out_of_memory();
	*place = (struct place) {.header = host_header(result->transfer)};
	if (text != NULL &&
	    curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK) {
		curl_url_get(url, CURLUPART_HOST, &place->host, 0);
		curl_url_get(url, CURLUPART_PATH, &place->path, 0);
	}
	curl_url_cleanup(url);
}

/* Copies the value, as the list does not last. */
static const char *choose_cookie(const struct curl_slist *list,
    const char *name, const struct place *place, struct buf *out)
{
	struct cookie found = {0};
	size_t name_len = strlen(name);

	for (; list != NULL; list = list->next) {
		struct cookie c;

		if (!read_cookie(list->data, &c) || c.name_len != name_len ||
		    memcmp(c.name, name, name_len) != 0)
			continue;
		if (!fits_host(&c, place->host) &&
		    !fits_host(&c, place->header))
			continue;
		c.fits_path = fits_path(&c, place->path);
		if (found.value == NULL || is_nearer(&c, &found))
			found = c;
	}
	if (found.value == NULL)
		return NULL;
	buf_reset(out);
	buf_puts(out, found.value);
	return buf_text(out);
}

const char *http_cookie(const struct http_result *result, const char *name)
{
	struct transfer *t = result->transfer;
	struct curl_slist *list = NULL;
	const char *value = NULL;
	struct place place;

	if (!has_answer(result) ||
	    curl_easy_getinfo(t->easy, CURLINFO_COOKIELIST, &list) !=
		CURLE_OK ||
	    list == NULL)
		return NULL;
	find_place(result, &place);
	value = choose_cookie(list, name, &place, &t->http->cookie);
	curl_free(place.host);
	curl_free(place.path);
	curl_slist_free_all(list);
	return value;
}
