/*
 * HTTP for many users in one process: transfers in flight, each user's own
 * connections and cookies, descriptors watched, times taken. Behind this
 * header stands libcurl, and nowhere else. It knows no reports and no pipes.
 */
#ifndef LOAD_HTTP_H
#define LOAD_HTTP_H

#include "base/poller.h"
#include "plan/plan.h"
#include "stats.h"

struct http;
struct http_client; /* one user's connections and cookies */
struct transfer;    /* one request in flight */

/* What came of a request. */
struct http_result {
	void *owner; /* as given to http_start */
	const struct request *request;
	const char *error; /* NULL, or why there is no whole answer: libcurl's
			      words, few different ones; borrowed as long as
			      the result holds */
	bool is_unsent;    /* it could not be sent: there is an error, and no
			      time */
	long status;       /* 0: no answer */
	uint64_t response_us; /* from http_start to the last byte */
	uint64_t ended_us;    /* monotonic */
	uint64_t phase_us[PHASES];
	unsigned phases;     /* bit 1 << PHASE_X: it took place */
	uint64_t body_bytes; /* all that came, decoded */
	/* For request->needs_body, else NULL: the last answer's body, or the
	 * first max_body bytes of it; a NUL stands behind them. */
	const char *body;
	size_t body_len;
	bool body_is_cut;
	unsigned redirects;        /* that were followed */
	unsigned resent;           /* so often libcurl sent it again */
	struct transfer *transfer; /* for the functions that look at it */
};

/* What happened to connections since the last look; the caller zeroes it. */
struct http_counts {
	uint64_t connections; /* opened: those that were refused are none */
};

/* "libcurl/7.88.1 OpenSSL/3.0.19 ...": static. */
const char *http_library_version(void);
/* Whether the plan can be played from here: hosts are looked up, where that is
 * wanted, and this libcurl has what is asked for; a line into d for each thing
 * that is not so. For the parent: starts nothing of libcurl's. */
void http_check_plan(const struct plan *plan, bool looks_up, struct diag *d);

/* Once per process, after the fork. Looks up every host that the plan names.
 * Owned by the caller; plan and poller are borrowed. NULL when libcurl gives
 * nothing to work with, *why (static) then says what failed. */
struct http *http_new(
    const struct plan *plan, struct poller *poller, const char **why);
/* All clients must have been freed. */
void http_free(struct http *h);

/* The connections and cookies of user number index (from 0); owned by the
 * caller; costs nothing to speak of until the first request. */
struct http_client *http_client_new(struct http *h, uint64_t index);
/* Closes its connections. It must have nothing in flight; a result of its that
 * is being looked at holds no longer. */
void http_client_free(struct http_client *client);

/* Renders and hands over a request; it always ends in one result of
 * http_next (a request that cannot even be sent does too), unless it is
 * cancelled. base is the user's host, in plan->bases. Where limit_us is not 0
 * it may take no longer than that, and than its own timeout. */
struct transfer *http_start(struct http *h, struct http_client *client,
    const struct request *request, unsigned base, struct template_env *env,
    void *owner, uint64_t now_us, uint64_t limit_us);
/* Drops it: no result, or no more of it. */
void http_cancel(struct http *h, struct transfer *t);

/* An event of the poller; false when the descriptor is not of this room. */
bool http_event(struct http *h, const struct poller_event *event);
/* The events that come next: what they will touch is fetched into the
 * processor's cache meanwhile. Changes nothing. */
void http_look_ahead(
    const struct http *h, const struct poller_event *next, size_t n);
/* When http_run wants to be called, even when no descriptor moves. */
uint64_t http_next_us(const struct http *h);
/* Starts what was handed over, runs what is due. */
void http_run(struct http *h, uint64_t now_us);
/* The next finished request, until false. The result, with all that it points
 * to, holds until http_done, the next http_next, or until its client is freed;
 * requests may be started and cancelled meanwhile. */
bool http_next(struct http *h, struct http_result *result);
/* The result was looked at: what the request held is free for the next one of
 * its kind, while it is still in the processor's caches (at 5,000 users 2 to
 * 3 % of the time). */
void http_done(struct http *h);

/* What the last answer to a request says, to be asked while its result holds;
 * NULL: there is no such thing. */

/* The value of a header, the last of several; borrowed like the result. */
const char *http_header(const struct http_result *result, const char *name);
/* The user's cookie of that name, as it would be sent to the URL; where none
 * would, one for another path of its host. Borrowed until the next call. */
const char *http_cookie(const struct http_result *result, const char *name);
/* The URL that gave the answer, after redirects; borrowed like the result, but
 * no longer than until the next call. */
const char *http_url(const struct http_result *result);

/* The one that was asked for, before redirects; in the same way. */
const char *http_asked_url(const struct http_result *result);

struct http_counts *http_counts(struct http *h);

/* What goes over the wire, for who wants to see it. */
enum http_wire {
	HTTP_WIRE_HEADER_OUT,
	HTTP_WIRE_HEADER_IN,
	HTTP_WIRE_BODY_OUT,
	HTTP_WIRE_BODY_IN
};
typedef void http_hear(
    void *arg, enum http_wire what, const char *bytes, size_t n);
/* Tells it of all requests from now on; before the first one. */
void http_listen(struct http *h, http_hear *hear, void *arg);

#endif
