/*
 * The http room against a server of its own: what is kept of an answer and
 * looked at. Runs from the top folder.
 */
#include "load/http_private.h"

#include <fcntl.h>
#include <limits.h>

#include "tests/unit/asking.h"

/* What /bytes sends, from its beginning. */
static void check_pattern(const struct http_result *r, size_t len)
{
	assert_int_equal(r->body_len, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(r->body[i], 'a' + i % 26);
	assert_int_equal(r->body[len], '\0');
}

/* --- bodies ------------------------------------------------------------- */

static void a_body_is_kept_whole(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state, "get = /bytes/300000\n");
	r = fetch_well(&a, 0);
	check_pattern(&r, 300000);
	assert_false(r.body_is_cut);
	assert_int_equal(r.body_bytes, 300000);
	asking_clear(&a);
}

static void a_body_is_cut_at_max_body_and_counted_whole(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state,
	    "get = /bytes/300000\nmax_body = 70000\n"
	    "get = /bytes/70000\nmax_body = 70000\n"
	    "get = /bytes/5\nmax_body = 0\n"
	    "get = /bytes/0\nmax_body = 0\n");
	r = fetch_well(&a, 0);
	check_pattern(&r, 70000);
	assert_true(r.body_is_cut);
	assert_int_equal(r.body_bytes, 300000);
	r = fetch_well(&a, 1);
	check_pattern(&r, 70000);
	assert_false(r.body_is_cut);
	r = fetch_well(&a, 2);
	check_body(&r, "");
	assert_true(r.body_is_cut);
	assert_int_equal(r.body_bytes, 5);
	r = fetch_well(&a, 3);
	check_body(&r, "");
	assert_false(r.body_is_cut);
	asking_clear(&a);
}

static void nothing_is_left_of_the_body_before(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(
	    &a, state, "get = /bytes/${iteration}0000\nmax_body = 150000\n");
	for (unsigned i = 30; i > 0; i /= 2) {
		a.env.iteration = i;
		r = fetch_well(&a, 0);
		check_pattern(&r, i > 15 ? 150000 : i * 10000);
		assert_int_equal(r.body_is_cut, i > 15);
	}
	asking_clear(&a);
}

static void a_chunked_body_is_joined(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state, "get = /chunked\n");
	r = fetch_well(&a, 0);
	check_body(&r, "one-two-three");
	r = fetch_well(&a, 0);
	check_body(&r, "one-two-three");
	assert_int_equal(r.body_bytes, 13);
	asking_clear(&a);
}

static void a_compressed_body_is_kept_unpacked(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(
	    &a, state, "get = /packed\ncompression = yes\nget = /packed\n");
	r = fetch_well(&a, 0);
	check_body(&r, "unpacked unpacked unpacked unpacked");
	assert_int_equal(r.body_bytes, 35);
	r = fetch_well(&a, 1);
	assert_memory_equal(r.body, packed, sizeof(packed) - 1);
	assert_int_equal(r.body_len, sizeof(packed) - 1);
	asking_clear(&a);
}

static void a_redirects_own_body_is_not_kept(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(
	    &a, state, "get = /to/to/plain\nget = /to/plain\nredirects = 0\n");
	r = fetch_well(&a, 0);
	check_body(&r, "ok");
	assert_int_equal(r.body_bytes, 2);
	assert_int_equal(r.redirects, 2);
	r = fetch_well(&a, 1);
	check_body(&r, "not this one");
	asking_clear(&a);
}

static void a_body_that_broke_off_is_there_as_far_as_it_came(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state, "get = /half\nget = /plain\n");
	r = fetch(&a, 0);
	assert_non_null(r.error);
	check_body(&r, "half");
	r = fetch_well(&a, 1);
	check_body(&r, "ok");
	asking_clear(&a);
}

static void a_request_that_is_sent_again_has_one_answer(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state, "get = /to/plain\nget = /fresh/${iteration}\n");
	for (unsigned i = 1; i < 6; i++) {
		char *path = xasprintf("/fresh/%u", i);
		char *url = xasprintf("%s%s", a.host, path);

		a.env.iteration = i;
		fetch_well(&a, 0);
		r = fetch_well(&a, 1);
		assert_int_equal(r.resent, 1);
		assert_true(body_has(&r, path));
		assert_int_equal(r.body_bytes, r.body_len);
		assert_string_equal(http_url(&r), url);
		free(path);
		free(url);
	}
	asking_clear(&a);
}

/* A reset may be seen before it is whole: as the system tells it then. */
static void a_reset_without_more_to_read_is_sent_again(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state, "get = /plain\nget = /reset\n");
	fetch_well(&a, 0);
	assert_false(http_next(a.http, &r));
	ask(&a, 1);
	while (!http_next(a.http, &r)) {
		struct poller_event event;

		http_run(a.http, clock_us());
		if (poller_wait(a.poller, 20 * US_PER_MS, NULL, &event, 1) < 1)
			continue;
		if ((event.events & POLLER_ERROR) != 0)
			event.events = POLLER_ERROR;
		http_event(a.http, &event);
	}
	assert_null(r.error);
	assert_int_equal(r.resent, 1);
	assert_true(body_has(&r, "/reset"));
	asking_clear(&a);
}

/* The poller may tell of an answer after it was read: the connection is looked
 * at all the same when it is used again. */
static void what_comes_after_a_late_event_is_nobodys_answer(void **state)
{
	const struct poller_event late = {.events = POLLER_READ};
	const struct timespec moment = {.tv_nsec = 150000000};
	struct http_result r;
	struct asking a;
	int told = 0;

	asking_init(&a, state, "get = /more\nget = /plain\n");
	fetch_well(&a, 0);
	assert_false(http_next(a.http, &r));
	for (int fd = 0; fd < 64; fd++) {
		struct poller_event event = late;

		event.fd = fd;
		told += http_event(a.http, &event);
	}
	assert_int_equal(told, 1);
	nanosleep(&moment, NULL);
	r = fetch_well(&a, 1);
	assert_true(body_has(&r, "ok"));
	assert_int_equal(http_counts(a.http)->connections, 2);
	asking_clear(&a);
}

static void a_body_that_nobody_needs_is_counted_only(void **state)
{
	struct http_result r;
	struct asking a;

	asking_load(&a, state, "get = /bytes/300000\nget = /chunked\n");
	asking_begin(&a);
	r = fetch_well(&a, 0);
	assert_null(r.body);
	assert_int_equal(r.body_len, 0);
	assert_int_equal(r.body_bytes, 300000);
	r = fetch_well(&a, 1);
	assert_int_equal(r.body_bytes, 13);
	asking_clear(&a);
}

/* --- what is looked at -------------------------------------------------- */

static void a_header_is_the_last_of_the_last_answer(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state,
	    "get = /two\nget = /to/two\nget = /to/plain\nget = /plain\n");
	for (size_t i = 0; i < 2; i++) {
		r = fetch_well(&a, i);
		assert_string_equal(http_header(&r, "x-TWO"), "second");
		assert_string_equal(http_header(&r, "X-One"), "1");
		assert_string_equal(http_header(&r, "Content-Length"), "2");
	}
	r = fetch_well(&a, 2);
	assert_null(http_header(&r, "X-Two"));
	r = fetch_well(&a, 3);
	assert_null(http_header(&r, "X-One"));
	asking_clear(&a);
}

static void a_cookie_is_the_one_that_would_be_sent(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(
	    &a, state, "get = /cookies\nget = /cookies/again\nget = /plain\n");
	r = fetch_well(&a, 0);
	assert_string_equal(http_cookie(&r, "sid"), "deep");
	assert_string_equal(http_cookie(&r, "empty"), "");
	assert_null(http_cookie(&r, "si"));
	assert_null(http_cookie(&r, "SID"));
	assert_null(http_cookie(&r, "wide"));
	r = fetch_well(&a, 1);
	assert_string_equal(http_cookie(&r, "sid"), "newer");
	r = fetch_well(&a, 2);
	assert_string_equal(http_cookie(&r, "sid"), "root");
	assert_string_equal(http_cookie(&r, "far"), "away");
	asking_clear(&a);
}

static void cookies_follow_the_header_host(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state,
	    "get = /cookies\nheader = Host: www.shop.example\n"
	    "get = /plain\nheader = Host: ${pick other}.shop.example:80\n"
	    "get = /plain\n");
	r = fetch_well(&a, 0);
	assert_string_equal(http_cookie(&r, "sid"), "deep");
	assert_string_equal(http_cookie(&r, "wide"), "w");
	r = fetch_well(&a, 1);
	assert_string_equal(http_cookie(&r, "wide"), "w");
	assert_null(http_cookie(&r, "sid"));
	r = fetch_well(&a, 2);
	assert_null(http_cookie(&r, "wide"));
	asking_clear(&a);
}

static void a_user_sees_no_cookies_of_another(void **state)
{
	struct http_client *other;
	struct http_result r;
	struct asking a;

	asking_init(&a, state,
	    "get = /cookies\nget = /plain\n"
	    "get = /cookies\ncookies = no\n");
	fetch_well(&a, 0);
	r = fetch_well(&a, 2);
	assert_null(http_cookie(&r, "sid"));
	other = http_client_new(a.http, 1);
	http_start(
	    a.http, other, request_at(&a, 1), 0, &a.env, NULL, clock_us(), 0);
	r = next_result(&a);
	assert_null(r.error);
	assert_null(http_cookie(&r, "sid"));
	http_client_free(other);
	asking_clear(&a);
}

static void check_url(
    struct asking *a, const struct http_result *r, const char *path)
{
	char *url = xasprintf("%s%s", a->host, path);

	assert_string_equal(http_url(r), url);
	free(url);
}

static void the_url_is_that_of_each_request(void **state)
{
	char *steps;
	struct http_result r;
	struct asking a;

	steps = xasprintf("get = /n/${iteration}?a=${user}\n"
			  "get = /to/n/${iteration}\n"
			  "get = http://127.0.0.1:%u/whole/${iteration}\n"
			  "get = /static\nget = /to/plain\nredirects = 0\n",
	    (*(struct server **)state)->port);
	asking_init(&a, state, steps);
	free(steps);
	for (unsigned i = 1; i < 4; i++) {
		char *path = xasprintf("/n/%u?a=1", i);

		a.env.iteration = i;
		r = fetch_well(&a, 0);
		check_url(&a, &r, path);
		assert_true(body_has(&r, path));
		path[strcspn(path, "?")] = '\0';
		r = fetch_well(&a, 1);
		check_url(&a, &r, path);
		free(path);
		path = xasprintf("/whole/%u", i);
		r = fetch_well(&a, 2);
		check_url(&a, &r, path);
		free(path);
		r = fetch_well(&a, 3);
		check_url(&a, &r, "/static");
		r = fetch_well(&a, 4);
		check_url(&a, &r, "/to/plain");
	}
	asking_clear(&a);
}

/* A redirect or not, by turns, through one handle. */
static void the_url_is_right_after_redirects_on_one_handle(void **state)
{
	static const char *const paths[] = {
	    "to/a", "b", "to/to/c", "to/d", "e"};
	static const char *const urls[] = {"/a", "/b", "/c", "/d", "/e"};
	struct http_result r;
	struct knowing k;

	knowing_load(&k, state, "get = /\n");
	put_template(&k, &request_at(&k.a, 0)->url, "/${evil}");
	asking_begin(&k.a);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		put_evil(&k, paths[i], strlen(paths[i]));
		r = fetch_well(&k.a, 0);
		check_url(&k.a, &r, urls[i]);
	}
	knowing_clear(&k);
}

/* --- looking while others go on ----------------------------------------- */

static void a_result_holds_while_requests_start_and_are_dropped(void **state)
{
	struct http_result first, r;
	struct transfer *dropped;
	const char *header;
	struct asking a;

	asking_init(
	    &a, state, "get = /two\nget = /echo/${iteration}\nget = /hang\n");
	for (unsigned i = 1; i < 20; i++) {
		first = fetch_well(&a, 0);
		header = http_header(&first, "X-Two");
		a.env.iteration = i;
		ask(&a, 1);
		dropped = ask(&a, 2);
		ask(&a, 0);
		http_cancel(a.http, dropped);
		check_body(&first, "ok");
		assert_string_equal(header, "second");
		check_url(&a, &first, "/two");
		r = next_result(&a);
		assert_null(r.error);
		r = next_result(&a);
		assert_null(r.error);
		assert_false(http_next(a.http, &r));
	}
	asking_clear(&a);
}

static void a_result_can_be_dropped_and_its_client_freed(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state, "get = /two\nget = /bytes/100000\n");
	r = fetch_well(&a, 0);
	http_cancel(a.http, r.transfer);
	assert_false(http_next(a.http, &r));
	ask(&a, 0);
	ask(&a, 0);
	for (int i = 0; i < 2; i++) {
		r = next_result(&a);
		assert_null(r.error);
		check_body(&r, "ok");
	}
	r = fetch_well(&a, 1);
	http_client_free(a.client);
	a.client = http_client_new(a.http, 1);
	assert_false(http_next(a.http, &r));
	r = fetch_well(&a, 1);
	check_pattern(&r, 100000);
	asking_clear(&a);
}

static void what_was_looked_at_serves_the_next_request(void **state)
{
	struct transfer *t;
	struct http_result r;
	struct asking a;

	asking_init(&a, state, "get = /two\n");
	r = fetch_well(&a, 0);
	t = r.transfer;
	assert_ptr_not_equal(ask(&a, 0), t);
	r = next_result(&a);
	t = r.transfer;
	http_done(a.http);
	http_done(a.http);
	assert_ptr_equal(ask(&a, 0), t);
	r = next_result(&a);
	assert_null(r.error);
	check_body(&r, "ok");
	asking_clear(&a);
}

/* Users beyond the hundreds have other multi handles of libcurl's. */
static void users_by_the_thousands_are_all_answered(void **state)
{
	enum { USERS = 2000, STEP = 100 };
	struct http_client *users[USERS];
	struct asking a;

	asking_init(&a, state, "get = /plain\nget = /hang\n");
	http_client_free(a.client);
	for (size_t i = 0; i < USERS; i++)
		users[i] = http_client_new(a.http, i);
	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 0; i < USERS; i += STEP) {
			a.client = users[i];
			ask(&a, 0);
		}
		a.client = users[STEP / 2];
		http_cancel(a.http, ask(&a, 1));
		for (size_t i = 0; i < USERS; i += STEP) {
			struct http_result r = next_result(&a);

			assert_null(r.error);
			check_body(&r, "ok");
		}
	}
	assert_int_equal(http_counts(a.http)->connections, USERS / STEP);
	for (size_t i = 1; i < USERS; i++)
		http_client_free(users[i]);
	a.client = users[0];
	fetch_well(&a, 0);
	asking_clear(&a);
}

/* It looks at users by their descriptors, also where a user is gone, and a
 * descriptor nobody's or another's. */
static void looking_ahead_bears_any_descriptors(void **state)
{
	enum { USERS = 200, EVENTS = USERS + 100 };
	struct poller_event events[EVENTS];
	struct http_client *users[USERS];
	struct asking a;

	for (int i = 0; i < EVENTS; i++)
		events[i] = (struct poller_event) {
		    .fd = i == 5 ? INT_MAX : i - 1, .events = POLLER_READ};
	asking_init(&a, state, "get = /plain\n");
	http_look_ahead(a.http, events, EVENTS);
	http_client_free(a.client);
	for (size_t i = 0; i < USERS; i++) {
		a.client = users[i] = http_client_new(a.http, i);
		ask(&a, 0);
	}
	for (size_t i = 0; i < USERS; i++) {
		struct http_result r = next_result(&a);

		assert_null(r.error);
		for (size_t k = 0; k <= EVENTS; k++)
			http_look_ahead(a.http, &events[k], EVENTS - k);
	}
	for (size_t i = 0; i < USERS; i++) {
		http_client_free(users[i]);
		for (size_t k = 0; k <= EVENTS; k++)
			http_look_ahead(a.http, &events[k], EVENTS - k);
	}
	a.client = http_client_new(a.http, 0);
	fetch_well(&a, 0);
	assert_int_equal(http_counts(a.http)->connections, USERS + 1);
	asking_clear(&a);
}

/* As a newer libcurl has it, which ends TLS in its own time. */
static void looking_ahead_bears_a_socket_that_outlives_its_user(void **state)
{
	struct curl_sockaddr address = {
	    .family = AF_INET, .socktype = SOCK_STREAM};
	struct poller_event next[3];
	struct transfer *t;
	struct lane *lane;
	struct asking a;
	curl_socket_t fd;

	asking_init(&a, state, "get = /plain\n");
	t = ask(&a, 0);
	lane = a.client->lane;
	fd = http_on_open(t, CURLSOCKTYPE_IPCXN, &address);
	http_on_socket(NULL, fd, CURL_POLL_IN, lane, NULL);
	http_cancel(a.http, t);
	http_client_free(a.client);
	for (size_t i = 0; i < ARRAY_LEN(next); i++)
		next[i] =
		    (struct poller_event) {.fd = fd, .events = POLLER_READ};
	http_look_ahead(a.http, next, ARRAY_LEN(next));
	a.client = http_client_new(a.http, 1);
	ask(&a, 0);
	http_look_ahead(a.http, next, ARRAY_LEN(next));
	assert_null(next_result(&a).error);
	http_on_close(a.http, fd);
	asking_clear(&a);
}

/* A server whose queue is full: who connects waits. */
struct crowd {
	int listener;
	int waiting[4];
	unsigned port;
};

static void crowd_init(struct crowd *c)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof(at);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(c->listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(c->listener, 0), 0);
	assert_int_equal(
	    getsockname(c->listener, (struct sockaddr *)&at, &len), 0);
	c->port = ntohs(at.sin_port);
	for (size_t i = 0; i < ARRAY_LEN(c->waiting); i++) {
		c->waiting[i] = socket(AF_INET, SOCK_STREAM, 0);
		fcntl(c->waiting[i], F_SETFL, O_NONBLOCK);
		(void)connect(
		    c->waiting[i], (struct sockaddr *)&at, sizeof(at));
	}
}

static void crowd_clear(struct crowd *c)
{
	for (size_t i = 0; i < ARRAY_LEN(c->waiting); i++)
		close(c->waiting[i]);
	close(c->listener);
}

/* libcurl closes it without a word, and the resolver may get its number. */
static void a_socket_that_never_connected_is_no_users_any_more(void **state)
{
	struct http_client *gone;
	struct crowd crowd;
	struct asking a;
	char *steps;

	crowd_init(&crowd);
	steps = xasprintf("get = http://127.0.0.1:%u/\n", crowd.port);
	asking_init(&a, state, steps);
	ask_within(&a, 0, 50 * US_PER_MS);
	assert_non_null(next_result(&a).error);
	gone = a.client;
	a.client = http_client_new(a.http, 1);
	http_client_free(gone);
	for (size_t i = 0; i < a.http->n_sockets; i++)
		assert_null(a.http->sockets[i].client);
	asking_clear(&a);
	crowd_clear(&crowd);
	free(steps);
}

static void a_request_in_flight_can_be_dropped_at_any_time(void **state)
{
	struct transfer *t;
	struct http_result r;
	struct asking a;

	asking_init(&a, state,
	    "get = /bytes/2000000\npost = /echo\n"
	    "multipart = a=@body.bin\nmultipart = b=${uuid}\n");
	for (int i = 0; i < 30; i++) {
		t = ask(&a, i % 2 == 0 ? 0 : 1);
		for (int k = 0; k < i / 2; k++)
			turn(&a);
		if (http_next(a.http, &r))
			t = r.transfer;
		http_cancel(a.http, t);
	}
	r = fetch_well(&a, 0);
	check_pattern(&r, 1 << 20);
	asking_clear(&a);
}

static void a_connection_that_is_refused_is_none(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct http_result r;
	struct asking a;
	char *steps;

	/* a port that is taken, and nobody listens there */
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	steps = xasprintf("get = http://127.0.0.1:%u/\nget = /plain\n",
	    ntohs(address.sin_port));
	asking_init(&a, state, steps);
	for (int i = 0; i < 3; i++) {
		r = fetch(&a, 0);
		assert_non_null(strstr(r.error, "refused"));
	}
	assert_int_equal(http_counts(a.http)->connections, 0);
	fetch_well(&a, 1);
	fetch_well(&a, 1);
	assert_int_equal(http_counts(a.http)->connections, 1);
	asking_clear(&a);
	free(steps);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest bodies[] = {
	    cmocka_unit_test(a_connection_that_is_refused_is_none),
	    cmocka_unit_test(a_body_is_kept_whole),
	    cmocka_unit_test(a_body_is_cut_at_max_body_and_counted_whole),
	    cmocka_unit_test(nothing_is_left_of_the_body_before),
	    cmocka_unit_test(a_chunked_body_is_joined),
	    cmocka_unit_test(a_compressed_body_is_kept_unpacked),
	    cmocka_unit_test(a_redirects_own_body_is_not_kept),
	    cmocka_unit_test(a_body_that_broke_off_is_there_as_far_as_it_came),
	    cmocka_unit_test(a_request_that_is_sent_again_has_one_answer),
	    cmocka_unit_test(a_reset_without_more_to_read_is_sent_again),
	    cmocka_unit_test(what_comes_after_a_late_event_is_nobodys_answer),
	    cmocka_unit_test(a_body_that_nobody_needs_is_counted_only),
	};
	const struct CMUnitTest looks[] = {
	    cmocka_unit_test(a_header_is_the_last_of_the_last_answer),
	    cmocka_unit_test(a_cookie_is_the_one_that_would_be_sent),
	    cmocka_unit_test(cookies_follow_the_header_host),
	    cmocka_unit_test(a_user_sees_no_cookies_of_another),
	    cmocka_unit_test(the_url_is_that_of_each_request),
	    cmocka_unit_test(the_url_is_right_after_redirects_on_one_handle),
	    cmocka_unit_test(
		a_result_holds_while_requests_start_and_are_dropped),
	    cmocka_unit_test(a_result_can_be_dropped_and_its_client_freed),
	    cmocka_unit_test(what_was_looked_at_serves_the_next_request),
	    cmocka_unit_test(users_by_the_thousands_are_all_answered),
	    cmocka_unit_test(looking_ahead_bears_any_descriptors),
	    cmocka_unit_test(
		looking_ahead_bears_a_socket_that_outlives_its_user),
	    cmocka_unit_test(
		a_socket_that_never_connected_is_no_users_any_more),
	    cmocka_unit_test(a_request_in_flight_can_be_dropped_at_any_time),
	};
	int failed = 0;

	failed += cmocka_run_group_tests_name(
	    "bodies", bodies, start_server, stop_server);
	failed += cmocka_run_group_tests_name(
	    "looks", looks, start_server, stop_server);
	return failed != 0;
}
