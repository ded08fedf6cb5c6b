/*
 * What came of a transfer: times, and libcurl's words in few different texts.
 * It must not know what is done with it.
 */
#include "load/http_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

/* more than any browser keeps; every user has his own */
#define MAX_COOKIES 3000
#define MAX_COOKIES_TEXT \
	"the server has set more than 3,000 cookies: all are gone"
/* of headers, before a user's cookies are counted again */
#define COOKIE_LOOK_BYTES (256 << 10)

/* For these codes libcurl's longer text has no ids, sizes or times in it, so
 * that failures still fall into few groups. */
static bool long_text_is_stable(CURLcode code)
{
	switch (code) {
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_TOO_MANY_REDIRECTS:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CIPHER:
		return true;
	default:
		return false;
	}
}

/* What mends it, behind libcurl's words, which do not tell; "" where that is
 * anyone's guess. */
static const char *tls_mend(CURLcode code, const char *text)
{
	if (code == CURLE_SSL_CONNECT_ERROR)
		return strstr(text, "wrong version number") != NULL ||
			       strstr(text, "packet length too long") != NULL
			   ? ": the server does not speak TLS there: write "
			     "http:// perhaps"
			   : "";
	if (code != CURLE_PEER_FAILED_VERIFICATION)
		return "";
	if (strstr(text, "self-signed") != NULL ||
	    strstr(text, "self signed") != NULL ||
	    strstr(text, "unable to get") != NULL)
		return ": write ca_file = FILE to trust it, or insecure = yes "
		       "to take any";
	return ": write insecure = yes to take any";
}

/* Which of the limits ran out: libcurl does not tell, but the time does. */
static const char *timeout_text(struct transfer *t, uint64_t response_us)
{
	const struct http_options *o = &t->request->http;
	struct http *h = t->http;
	bool connecting = t->has_own_limit
			      ? t->late_us < t->added_us + t->limit_us
			      : response_us < t->limit_us;
	char limit[64];

	format_duration(limit, sizeof(limit),
	    connecting ? o->connect_timeout_us : t->limit_us);
	snprintf(h->error_text, sizeof(h->error_text), "%s: %s within %s",
	    curl_easy_strerror(CURLE_OPERATION_TIMEDOUT),
	    connecting ? "no connection" : "no complete answer", limit);
	return h->error_text;
}

static const char *error_text(
    struct transfer *t, CURLcode code, uint64_t response_us)
{
	struct http *h = t->http;
	const char *name = curl_easy_strerror(code);
	long number = 0;

	if (code == CURLE_OPERATION_TIMEDOUT)
		return timeout_text(t, response_us);
	/* what libcurl says of a line of 100 KB, too */
	if (code == CURLE_OUT_OF_MEMORY)
		return "Out of memory, or a line of the answer's header is too "
		       "long for libcurl";
	/* it was connected to itself, see http_before_send */
	if (code == CURLE_ABORTED_BY_CALLBACK) {
		code = CURLE_COULDNT_CONNECT;
		name = curl_easy_strerror(code);
		number = ECONNREFUSED;
	} else if (code == CURLE_COULDNT_CONNECT) {
		curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &number);
	}
	if (code == CURLE_COULDNT_CONNECT) {
		if (number == 0)
			return name;
		snprintf(h->error_text, sizeof(h->error_text), "%s: %s%s", name,
		    strerror((int)number),
		    number == EADDRNOTAVAIL ? ": no local port is free" : "");
		return h->error_text;
	}
	if (!long_text_is_stable(code) || t->error_text[0] == '\0')
		return name;
	snprintf(h->error_text, sizeof(h->error_text), "%s%s", t->error_text,
	    tls_mend(code, t->error_text));
	return h->error_text;
}

static void put_phase(struct http_result *r, enum phase phase, curl_off_t from,
    curl_off_t to, bool took_place)
{
	if (!took_place)
		return;
	r->phases |= 1U << phase;
	r->phase_us[phase] = to > from ? (uint64_t)(to - from) : 0;
}

static void fill_phases(struct http_result *r, CURL *easy, curl_off_t ready)
{
	curl_off_t dns = 0;
	curl_off_t connected = 0;
	curl_off_t secured = 0;
	curl_off_t first = 0;
	curl_off_t total = 0;
	long connects = 0;

	curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
	curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &total);
	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
	if (connects > 0) {
		curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &dns);
		curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
		curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &secured);
	}
	put_phase(r, PHASE_DNS, 0, dns, dns > 0);
	put_phase(r, PHASE_CONNECT, dns, connected, connected > 0);
	put_phase(r, PHASE_TLS, connected, secured, secured > 0);
	put_phase(r, PHASE_FIRST_BYTE, ready, first, first > 0);
	put_phase(r, PHASE_TRANSFER, first, total, first > 0);
	if (total > 0 && (uint64_t)total > r->response_us)
		r->response_us = (uint64_t)total;
}

static void fill_answer(
    struct transfer *t, CURLcode code, struct http_result *r)
{
	curl_off_t ready = 0;
	long redirects = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &r->status);
	curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
	fill_phases(r, t->easy, ready);
	if (t->sent > 1) {
		curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_COUNT, &redirects);
		r->redirects = (unsigned)redirects;
		if (t->sent > 1 + r->redirects)
			r->resent = t->sent - 1 - r->redirects;
		/* libcurl counts its tries of a handle, not of a request */
		t->is_worn = t->is_worn || r->resent > 0;
	}
	if (code == CURLE_OK)
		return;
	r->error = error_text(t, code, r->response_us);
	t->error_text[0] = '\0';
}

static size_t count_cookies(CURL *easy)
{
	struct curl_slist *list = NULL;
	size_t n = 0;

	curl_easy_getinfo(easy, CURLINFO_COOKIELIST, &list);
	for (const struct curl_slist *i = list; i != NULL; i = i->next)
		n++;
	curl_slist_free_all(list);
	return n;
}

/* libcurl keeps all that a server sets, and looks through all of it for each
 * one that is new. */
static void bound_cookies(struct transfer *t, struct http_result *r)
{
	long bytes = 0;

	if (!t->request->http.cookies)
		return;
	curl_easy_getinfo(t->easy, CURLINFO_HEADER_SIZE, &bytes);
	t->client->header_bytes += (uint64_t)bytes;
	if (t->client->header_bytes < COOKIE_LOOK_BYTES)
		return;
	t->client->header_bytes = 0;
	if (count_cookies(t->easy) <= MAX_COOKIES)
		return;
	curl_easy_setopt(t->easy, CURLOPT_COOKIELIST, "ALL");
	if (r->error == NULL)
		r->error = MAX_COOKIES_TEXT;
}

void transfer_result(
    struct transfer *t, CURLcode code, struct http_result *result)
{
	uint64_t now_us = clock_us();

	*result = (struct http_result) {
	    .owner = t->owner,
	    .request = t->request,
	    .error = t->defect,
	    .is_unsent = t->defect != NULL,
	    .body_bytes = t->body_bytes,
	    .response_us = now_us - t->added_us,
	    .ended_us = now_us,
	    .transfer = t,
	};
	if (t->request->needs_body) {
		result->body = buf_text(&t->answer);
		result->body_len = buf_len(&t->answer);
		result->body_is_cut = t->answer_is_cut;
	}
	if (t->defect == NULL) {
		fill_answer(t, code, result);
		bound_cookies(t, result);
	}
}
