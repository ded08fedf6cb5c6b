/*
 * Transfers on libcurl's multi interface, and the descriptors they wait for.
 * It must not know what a user does with an answer.
 *
 * What was measured and led here: each user holds its connections and cookies
 * in a CURLSH of its own, or libcurl walks all connections for every request;
 * easy handles are lent from a pool, ready for the request they last made; a
 * descriptor stays watched between two requests of its user.
 */
#include "load/http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"
#include "load/http_memory.h"
#include "load/http_private.h"
#include "load/ports.h"

enum {
	MAX_BODY_BYTES = 256 << 20, /* sent, or kept of an answer */
	MAX_TEXT_BYTES = 1 << 20,   /* a URL, a header */
	KEPT_BODY_BYTES = 64 << 10, /* memory that a free transfer may hold */
	RETRY_US = 10000            /* where the system is short of something */
};

/* --- descriptors -------------------------------------------------------- */

static struct socket_state *socket_state(struct http *h, curl_socket_t fd)
{
	size_t n = h->n_sockets;

	if ((size_t)fd >= n) {
		while (n <= (size_t)fd)
			n = n == 0 ? 64 : n * 2;
		h->sockets = xreallocarray(h->sockets, n, sizeof(*h->sockets));
		memset(h->sockets + h->n_sockets, 0,
		    (n - h->n_sockets) * sizeof(*h->sockets));
		h->n_sockets = n;
	}
	return &h->sockets[fd];
}

curl_socket_t http_on_open(
    void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = arg;
	curl_socket_t fd;

	(void)purpose;
	fd = socket(address->family, address->socktype, address->protocol);
	if (fd < 0)
		return CURL_SOCKET_BAD;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	ports_take_next(fd);
	/* libcurl closes one that never connected without a word */
	poller_forget(t->http->poller, fd);
	*socket_state(t->http, fd) = (struct socket_state) {.client = t->client,
	    .is_http_1 = t->request->http.version == HTTP_1_1};
	if (t->opened == 0)
		late_connects(t);
	t->opened++;
	return fd;
}

/* The connections of a user that may have to be looked at before a request of
 * its; there are few. */
static void enlist(struct http *h, curl_socket_t fd, struct socket_state *s)
{
	if (!h->is_trusting || !s->is_http_1 || s->is_listed)
		return;
	s->is_listed = true;
	s->next_idle = s->client->first_idle;
	s->client->first_idle = fd;
}

static void strike_out(struct http *h, curl_socket_t fd, struct socket_state *s)
{
	curl_socket_t *at;

	if (!s->is_listed)
		return;
	s->is_listed = false;
	at = &s->client->first_idle;
	while (*at != fd)
		at = &h->sockets[*at].next_idle;
	*at = s->next_idle;
}

int http_on_close(void *arg, curl_socket_t fd)
{
	struct http *h = arg;

	strike_out(h, fd, socket_state(h, fd));
	*socket_state(h, fd) = (struct socket_state) {0};
	poller_forget(h->poller, fd);
	return close(fd);
}

/* --- bytes that nobody asked for ---------------------------------------- */

/*
 * What comes between two requests would be the next one's answer. libcurl does
 * not use such a connection again, but for 7.88, which takes all for good that
 * has not ended: so it is ended here, as soon as it is seen and, with that
 * libcurl, by a look right before a request is sent. False: nothing came.
 */
static bool end_if_spoilt(curl_socket_t fd)
{
	char bytes[4096];
	ssize_t n = recv(fd, bytes, 1, MSG_PEEK);

	if (n < 0)
		return errno != EAGAIN;
	if (n == 0)
		return true;
	shutdown(fd, SHUT_RDWR);
	while (recv(fd, bytes, sizeof(bytes), 0) > 0)
		;
	return true;
}

/* A port that nobody listens on connects to itself where the system hands out
 * that very port: it would hear its own request. Sockets of files have no
 * ports. */
static bool is_itself(const char *remote_ip, const char *local_ip,
    int remote_port, int local_port)
{
	return remote_port > 0 && remote_port == local_port &&
	       strcmp(remote_ip, local_ip) == 0;
}

/* Also before a request that libcurl sends again, because the server closed the
 * connection under the first. Of a connection that was ended under it libcurl
 * learns when it sends, and connects again. */
int http_before_send(void *transfer, char *remote_ip, char *local_ip,
    int remote_port, int local_port)
{
	struct transfer *t = transfer;
	curl_socket_t fd = t->client->first_idle;

	if (is_itself(remote_ip, local_ip, remote_port, local_port))
		return CURL_PREREQFUNC_ABORT;
	t->sent++;
	late_is_connected(t);
	for (; fd != CURL_SOCKET_BAD; fd = t->http->sockets[fd].next_idle)
		(void)end_if_spoilt(fd);
	return CURL_PREREQFUNC_OK;
}

/* --- watching them ------------------------------------------------------ */

static void watch(
    struct http *h, curl_socket_t fd, struct socket_state *s, unsigned events)
{
	if (s->watched == events)
		return;
	if (poller_set(h->poller, fd, events) == 0)
		s->watched = events;
	else
		h->retry_us = clock_us() + RETRY_US;
}

/* Sockets that the system would not watch when they were wanted. */
static void watch_the_rest(struct http *h)
{
	for (size_t fd = 0; fd < h->n_sockets; fd++) {
		struct socket_state *s = &h->sockets[fd];

		if (s->wanted != 0)
			watch(h, (curl_socket_t)fd, s, s->wanted);
	}
}

static bool is_connected(curl_socket_t fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
}

/* Of one that libcurl closes without a word nothing may be remembered: its
 * number is soon another's, and its user may be gone by then. One that was not
 * watched for reading may be connected nevertheless: all came at once. */
static void drop(struct http *h, curl_socket_t fd, struct socket_state *s)
{
	watch(h, fd, s, 0);
	if (s->client == NULL)
		return;
	if (is_connected(fd))
		enlist(h, fd, s);
	else
		*s = (struct socket_state) {0};
}

/* When a request ends libcurl drops its socket and takes it up again for the
 * next: what is watched stays watched meanwhile. Sockets that may be closed
 * without a word are really dropped: the resolver's, which are not ours, and
 * those that were not connected yet. */
int http_on_socket(
    CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	struct lane *lane = arg;
	struct http *h = lane->http;
	struct socket_state *s = socket_state(h, fd);
	static const unsigned events[] = {
	    [CURL_POLL_IN] = POLLER_READ,
	    [CURL_POLL_OUT] = POLLER_WRITE,
	    [CURL_POLL_INOUT] = POLLER_READ | POLLER_WRITE,
	};

	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		s->wanted = 0;
		if (s->client == NULL || s->watched != POLLER_READ)
			drop(h, fd, s);
		else
			enlist(h, fd, s);
		return 0;
	}
	if (what < CURL_POLL_IN || what > CURL_POLL_INOUT)
		return 0;
	s->lane = lane;
	strike_out(h, fd, s);
	s->wanted = events[what];
	watch(h, fd, s, s->wanted);
	return 0;
}

/* Something came on a connection that nobody uses: most often the server has
 * closed it. Its user will connect again. Where libcurl has read an answer
 * right after it sent the request, the poller tells of what is no longer there.
 */
static void idle_event(struct http *h, curl_socket_t fd, struct socket_state *s)
{
	if (s->is_http_1 && !end_if_spoilt(fd))
		return;
	watch(h, fd, s, 0);
	if (s->client != NULL)
		s->client->told = 0;
}

bool http_event(struct http *h, const struct poller_event *event)
{
	struct socket_state *s;
	int mask = 0;

	if ((size_t)event->fd >= h->n_sockets)
		return false;
	s = &h->sockets[event->fd];
	if (s->watched == 0)
		return false;
	if (s->wanted == 0) {
		idle_event(h, event->fd, s);
		return true;
	}
	if ((event->events & POLLER_READ) != 0)
		mask |= CURL_CSELECT_IN;
	if ((event->events & POLLER_WRITE) != 0)
		mask |= CURL_CSELECT_OUT;
	/* A reset may be seen in the midst of its coming, as an error with
	 * nothing to read yet: libcurl would give up where it sends again
	 * what it finds out by reading. */
	if ((event->events & POLLER_ERROR) != 0)
		mask |= CURL_CSELECT_ERR | CURL_CSELECT_IN;
	lane_event(s->lane, event->fd, mask);
	return true;
}

/* --- the pool ----------------------------------------------------------- */

static struct transfer *transfer_new(struct http *h)
{
	struct transfer *t = xcalloc(1, sizeof(*t));

	t->http = h;
	t->late_us = UINT64_MAX;
	t->easy = curl_easy_init();
	t->url = curl_url();
	if (t->easy == NULL || t->url == NULL)
		out_of_memory();
	buf_init(&t->body, MAX_BODY_BYTES);
	buf_init(&t->answer, MAX_BODY_BYTES);
	t->next_of_all = h->all;
	h->all = t;
	h->n_transfers++;
	return t;
}

static void transfer_free(struct transfer *t)
{
	curl_easy_cleanup(t->easy);
	parts_clear(t);
	curl_url_cleanup(t->url);
	curl_slist_free_all(t->headers);
	buf_clear(&t->body);
	buf_clear(&t->answer);
	free(t);
}

static struct transfer *take(struct shelf *shelf)
{
	struct transfer *t = shelf->first;

	if (t != NULL)
		shelf->first = t->next;
	return t;
}

/* One that is set up for some other request. */
static struct transfer *take_any(struct http *h)
{
	for (size_t i = 0; i < h->plan->n_requests; i++) {
		struct transfer *t;

		h->next_shelf = (h->next_shelf + 1) % h->plan->n_requests;
		t = take(&h->shelves[h->next_shelf]);
		if (t != NULL)
			return t;
	}
	return NULL;
}

/* Setting a handle up costs more than keeping a few: one is taken from
 * another request only when more than a quarter of all lie idle. */
static struct transfer *borrow(struct http *h, const struct request *r)
{
	struct transfer *t = take(&h->shelves[r->id]);

	if (t == NULL && h->n_transfers > 64 + h->n_in_flight * 5 / 4)
		t = take_any(h);
	if (t == NULL)
		t = transfer_new(h);
	return t;
}

/* Takes out what was the answer's, and what was only for one request. */
static void forget_request(struct transfer *t)
{
	if (t->headers != NULL) {
		curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL);
		curl_slist_free_all(t->headers);
		t->headers = NULL;
	}
	if (t->mime != NULL && !t->mime_is_kept)
		parts_clear(t);
	if (t->body.cap > KEPT_BODY_BYTES)
		buf_clear(&t->body);
	if (t->request->needs_body) {
		if (t->answer.cap > KEPT_BODY_BYTES)
			buf_clear(&t->answer);
		buf_reset(&t->answer);
		t->answer_is_cut = false;
	}
}

static void give_back(struct http *h, struct transfer *t)
{
	struct shelf *shelf = &h->shelves[t->request->id];

	forget_request(t);
	t->client = NULL;
	t->next = shelf->first;
	shelf->first = t;
}

/* Whether the transfer has come to nothing as no connection was made. */
static bool was_refused(struct transfer *t, CURLcode code)
{
	curl_off_t connect_us = 0;

	/* the one of http_before_send */
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK)
		return true;
	if (code != CURLE_OPERATION_TIMEDOUT)
		return false;
	curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
	return connect_us == 0;
}

/* A connection that was refused is none. */
static void count_opened(struct http *h, struct transfer *t, CURLcode code)
{
	if (!was_refused(t, code))
		h->counts.connections += t->opened;
	t->opened = 0;
}

static void detach(struct http *h, struct transfer *t)
{
	if (t->defect == NULL)
		lane_remove(t->client->lane, t->easy);
	else
		t->error_text[0] = '\0';
	curl_easy_setopt(t->easy, CURLOPT_SHARE, NULL);
	t->late_us = UINT64_MAX;
	h->n_in_flight--;
	give_back(h, t);
}

void http_done(struct http *h)
{
	struct transfer *t = h->shown;

	h->shown = NULL;
	if (t != NULL)
		detach(h, t);
}

/* --- users -------------------------------------------------------------- */

/* Its memory stays a client's: a newer libcurl takes its time to end TLS, and
 * the socket then knows its user longer than there is one. */
static void spare(struct http *h, struct http_client *client)
{
	*client = (struct http_client) {
	    .first_idle = CURL_SOCKET_BAD, .next_spare = h->spare};
	h->spare = client;
}

static void free_spare(struct http *h)
{
	while (h->spare != NULL) {
		struct http_client *client = h->spare;

		h->spare = client->next_spare;
		free(client);
	}
}

struct http_client *http_client_new(struct http *h, uint64_t index)
{
	struct http_client *client = h->spare;

	if (client != NULL)
		h->spare = client->next_spare;
	else
		client = xcalloc(1, sizeof(*client));
	*client = (struct http_client) {.http = h,
	    .lane = lanes_join(h),
	    .index = index,
	    .first_idle = CURL_SOCKET_BAD};
	return client;
}

void http_client_free(struct http_client *client)
{
	if (client == NULL)
		return;
	if (client->http->shown != NULL &&
	    client->http->shown->client == client)
		http_done(client->http);
	for (size_t i = 0; i < ARRAY_LEN(client->shares); i++) {
		if (client->shares[i] != NULL)
			curl_share_cleanup(client->shares[i]);
	}
	lane_leave(client->lane);
	spare(client->http, client);
}

static CURLSH *client_share(struct http_client *client, bool cookies)
{
	CURLSH *share = client->shares[cookies];

	if (share != NULL)
		return share;
	share = curl_share_init();
	if (share == NULL)
		out_of_memory();
	curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
	if (cookies)
		curl_share_setopt(
		    share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
	if (client->http->origins.any_https)
		curl_share_setopt(
		    share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	client->shares[cookies] = share;
	return share;
}

/* --- transfers ---------------------------------------------------------- */

struct transfer *http_start(struct http *h, struct http_client *client,
    const struct request *request, unsigned base, struct template_env *env,
    void *owner, uint64_t now_us, uint64_t limit_us)
{
	struct transfer *t = borrow(h, request);

	if (t->is_worn || t->request != request || t->base != base)
		transfer_configure(t, request, base);
	t->client = client;
	client->latest = t;
	t->owner = owner;
	t->added_us = now_us;
	t->started_in = h->runs;
	t->body_bytes = 0;
	t->sent = 0;
	transfer_prepare(t, env, client_share(client, request->http.cookies));
	late_set(t, limit_us);
	if (t->defect == NULL) {
		CURLMcode code = lane_add(client->lane, t->easy);

		if (code != CURLM_OK)
			t->defect = curl_multi_strerror(code);
	}
	if (t->defect != NULL) {
		t->next = h->new_defects;
		h->new_defects = t;
	}
	h->n_in_flight++;
	h->has_new = true;
	return t;
}

static bool unlink_from(struct transfer **list, const struct transfer *t)
{
	for (; *list != NULL; list = &(*list)->next) {
		if (*list == t) {
			*list = t->next;
			return true;
		}
	}
	return false;
}

void http_cancel(struct http *h, struct transfer *t)
{
	if (t == h->shown)
		h->shown = NULL;
	else if (t->defect != NULL && !unlink_from(&h->defects, t))
		unlink_from(&h->new_defects, t);
	else if (t->defect == NULL)
		unlink_from(&h->late, t);
	if (t->opened > 0)
		count_opened(h, t, CURLE_OPERATION_TIMEDOUT);
	detach(h, t);
}

uint64_t http_next_us(const struct http *h)
{
	uint64_t alarm_us = timers_next_us(&h->alarms);
	uint64_t next_us;

	if (h->has_new)
		return 0;
	next_us = lanes_next_us(h);
	next_us = next_us < h->retry_us ? next_us : h->retry_us;
	return alarm_us < next_us ? alarm_us : next_us;
}

void http_run(struct http *h, uint64_t now_us)
{
	if (http_next_us(h) > now_us)
		return;
	h->has_new = false;
	if (h->defects == NULL) {
		h->defects = h->new_defects;
		h->new_defects = NULL;
	}
	late_stop(h, now_us);
	if (h->retry_us <= now_us) {
		h->retry_us = UINT64_MAX;
		watch_the_rest(h);
	}
	if (!lanes_run(h, now_us))
		h->retry_us = now_us + RETRY_US;
	h->runs++;
}

/* A finished transfer of libcurl's, one that could not be sent, or one that
 * took too long. */
static struct transfer *next_finished(struct http *h, CURLcode *code)
{
	struct transfer *t = h->defects;

	if (t != NULL) {
		h->defects = t->next;
		return t;
	}
	t = h->late;
	if (t != NULL) {
		h->late = t->next;
		*code = CURLE_OPERATION_TIMEDOUT;
		return t;
	}
	return lanes_finished(h, code);
}

bool http_next(struct http *h, struct http_result *result)
{
	CURLcode code = CURLE_OK;
	struct transfer *t;

	http_done(h);
	t = next_finished(h, &code);
	if (t == NULL)
		return false;
	if (t->defect == NULL)
		t->client->lane->knows_hosts = true;
	if (t->opened > 0)
		count_opened(h, t, code);
	transfer_result(t, code, result);
	h->shown = t;
	return true;
}

struct http_counts *http_counts(struct http *h)
{
	return &h->counts;
}

void http_listen(struct http *h, http_hear *hear, void *arg)
{
	h->hear = hear;
	h->hear_arg = arg;
}

/* --- beginning and end -------------------------------------------------- */

static void keep_static_lists(struct http *h)
{
	for (unsigned i = 0; i < h->plan->n_requests; i++) {
		const struct request *r = &h->plan->requests[i]->request;

		h->headers[i] = static_headers(h, r);
		h->routes[i] = origins_routes(&r->http);
	}
}

struct http *http_new(
    const struct plan *plan, struct poller *poller, const char **why)
{
	struct http *h;

	http_memory_init();
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, http_malloc, http_release,
		http_realloc, http_strdup, http_calloc) != CURLE_OK) {
		*why = "libcurl cannot be started";
		return NULL;
	}
	h = xcalloc(1, sizeof(*h));
	h->plan = plan;
	h->poller = poller;
	h->retry_us = UINT64_MAX;
	h->is_trusting = library_trusts_what_is_left();
	h->shelves = xcalloc(plan->n_requests + 1, sizeof(*h->shelves));
	h->headers = xcalloc(plan->n_requests + 1, sizeof(*h->headers));
	h->routes = xcalloc(plan->n_requests + 1, sizeof(*h->routes));
	buf_init(&h->text, MAX_TEXT_BYTES);
	buf_init(&h->cookie, MAX_TEXT_BYTES);
	if (!lanes_init(h)) {
		*why = "libcurl has no multi handle to give";
		http_free(h);
		return NULL;
	}
	keep_static_lists(h);
	origins_init(&h->origins, plan);
	trust_init(&h->trust, plan);
	return h;
}

void http_free(struct http *h)
{
	if (h == NULL)
		return;
	while (h->all != NULL) {
		struct transfer *t = h->all;

		h->all = t->next_of_all;
		transfer_free(t);
	}
	for (size_t i = 0; i < h->plan->n_requests; i++) {
		curl_slist_free_all(h->headers[i]);
		curl_slist_free_all(h->routes[i]);
	}
	timers_clear(&h->alarms);
	lanes_clear(h);
	free_spare(h);
	origins_clear(&h->origins);
	trust_clear(&h->trust);
	buf_clear(&h->text);
	buf_clear(&h->cookie);
	curl_free(h->url);
	free(h->headers);
	free(h->routes);
	free(h->shelves);
	free(h->sockets);
	free(h);
	curl_global_cleanup();
	http_memory_clear();
}
