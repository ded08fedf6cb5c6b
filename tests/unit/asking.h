/*
 * What tests of the http room share: a server of their own on loopback, whose
 * answers follow from the path alone, and a user who asks it.
 */
#ifndef TESTS_UNIT_ASKING_H
#define TESTS_UNIT_ASKING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/poller.h"
#include "base/util.h"
#include "load/http.h"
#include "plan/plan.h"

enum { PATIENCE_S = 20, MAX_MESSAGE = 8 << 20 };

/* --- the server --------------------------------------------------------- */

static inline void say(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n > 0) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);

		if (sent <= 0)
			_exit(0);
		at += sent;
		n -= (size_t)sent;
	}
}

static inline void answer(int fd, const char *status, const char *headers,
    const void *body, size_t len)
{
	char *head = xasprintf("HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n",
	    status, len, headers);

	say(fd, head, strlen(head));
	say(fd, body, len);
	free(head);
}

static inline void answer_bytes(int fd, size_t n)
{
	char *body = xcalloc(n + 1, 1);

	for (size_t i = 0; i < n; i++)
		body[i] = (char)('a' + i % 26);
	answer(fd, "200 OK", "", body, n);
	free(body);
}

static inline void answer_in_chunks(int fd)
{
	static const char *const pieces[] = {
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "4\r\none-\r\n", "4\r\ntwo-\r\n5\r\nthree\r\n", "0\r\n\r\n"};
	const struct timespec moment = {.tv_nsec = 3000000};

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		say(fd, pieces[i], strlen(pieces[i]));
		nanosleep(&moment, NULL);
	}
}

/* Where /to/PATH leads; a body of its own is on the way. */
static inline void answer_redirect(int fd, const char *path)
{
	char *location =
	    xasprintf("Location: %s\r\nX-Two: of the redirect\r\n", path);

	answer(fd, "302 Found", location, "not this one", 12);
	free(location);
}

/* "unpacked" four times. */
static const char packed[] =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x2b\xcd\x2b\x48\x4c\xce"
    "\x4e\x4d\x51\x28\xc5\xc9\x00\x00\x27\x30\x4c\xd0\x23\x00\x00\x00";

/* Answers that are always the same. */
static const struct {
	const char *path;
	const char *headers;
} fixed[] = {
    {"/two", "X-Two: first\r\nx-two: second\r\nX-One: 1\r\n"},
    {"/cookies", "Set-Cookie: sid=root; Path=/\r\n"
		 "Set-Cookie: sid=deep; Path=/cookies\r\n"
		 "Set-Cookie: sid=elsewhere; Path=/other/place\r\n"
		 "Set-Cookie: far=away; Path=/other\r\n"
		 "Set-Cookie: wide=w; Path=/; Domain=shop.example\r\n"
		 "Set-Cookie: empty=; Path=/\r\n"},
    {"/cookies/again", "Set-Cookie: sid=newer; Path=/cookies; HttpOnly\r\n"},
    {"/plain", ""},
};

/* raw is the whole request; nth counts those of this connection. */
static inline void reply(int fd, struct buf *raw, const char *path, int nth)
{
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
		if (strcmp(path, fixed[i].path) == 0) {
			answer(fd, "200 OK", fixed[i].headers, "ok", 2);
			return;
		}
	}
	if (strncmp(path, "/bytes/", 7) == 0)
		answer_bytes(fd, strtoul(path + 7, NULL, 10));
	else if (strcmp(path, "/chunked") == 0)
		answer_in_chunks(fd);
	else if (strcmp(path, "/packed") == 0)
		answer(fd, "200 OK", "Content-Encoding: gzip\r\n", packed,
		    sizeof(packed) - 1);
	else if (strncmp(path, "/to/", 4) == 0)
		answer_redirect(fd, path + 3);
	else if (strncmp(path, "/keep/", 6) == 0)
		answer(fd, "307 Temporary Redirect", "Location: /echo\r\n",
		    "not this one", 12);
	else if (strcmp(path, "/more") == 0) {
		const struct timespec moment = {.tv_nsec = 50000000};

		answer(fd, "200 OK", "", "ok", 2);
		nanosleep(&moment, NULL);
		answer(fd, "200 OK", "", "nobody asked", 12);
	} else if (strcmp(path, "/hang") == 0 ||
		   (strcmp(path, "/once") == 0 && nth > 1))
		pause();
	else if (strcmp(path, "/half") == 0) {
		static const char half[] =
		    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";

		say(fd, half, sizeof(half) - 1);
		_exit(0);
	} else if (strncmp(path, "/fresh", 6) == 0 && nth > 1)
		_exit(0); /* not a word on a connection that was used */
	else if (strcmp(path, "/reset") == 0 && nth > 1) {
		const struct linger none = {.l_onoff = 1};
		const struct timespec moment = {.tv_nsec = 20000000};

		nanosleep(&moment, NULL); /* the client is to be waiting */
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
		_exit(0);
	} else
		answer(fd, "200 OK", "", buf_bytes(raw), buf_len(raw));
}

static inline size_t content_length(const char *head)
{
	const char *line = head;

	while ((line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			return strtoul(line + 15, NULL, 10);
	}
	return 0;
}

/* Reads one whole request; false at the end. */
static inline bool hear(int fd, struct buf *raw)
{
	size_t whole = SIZE_MAX;

	buf_reset(raw);
	while (buf_len(raw) < whole) {
		uint8_t *room = buf_reserve(raw, 65536);
		const char *text, *end;
		ssize_t n;

		if (room == NULL)
			return false;
		n = recv(fd, room,
		    whole == SIZE_MAX              ? 65536
		    : whole - buf_len(raw) < 65536 ? whole - buf_len(raw)
						   : 65536,
		    0);
		if (n <= 0)
			return false;
		buf_wrote(raw, (size_t)n);
		text = buf_text(raw);
		end = strstr(text, "\r\n\r\n");
		if (whole == SIZE_MAX && end != NULL)
			whole = (size_t)(end + 4 - text) + content_length(text);
	}
	return true;
}

static inline void attend(int fd)
{
	struct buf raw;

	buf_init(&raw, MAX_MESSAGE);
	for (int nth = 1; hear(fd, &raw); nth++) {
		const char *text = buf_text(&raw);
		const char *from = strchr(text, ' ') + 1;
		char *path = xstrndup(from, strcspn(from, " ?"));

		reply(fd, &raw, path, nth);
		free(path);
	}
	_exit(0);
}

/* A process for each connection, all in one group. */
static inline void serve(int listener)
{
	signal(SIGCHLD, SIG_IGN);
	setpgid(0, 0);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && fork() == 0) {
			close(listener);
			alarm(PATIENCE_S * 3);
			attend(fd);
		}
		if (fd >= 0)
			close(fd);
	}
}

struct server {
	pid_t pid;
	unsigned port;
};

static inline int start_server(void **state)
{
	struct server *server = xcalloc(1, sizeof(*server));
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)&address, len) != 0 ||
	    listen(listener, 64) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &len) != 0)
		return -1;
	server->port = ntohs(address.sin_port);
	server->pid = fork();
	if (server->pid == 0) {
		alarm(PATIENCE_S * 30);
		serve(listener);
	}
	setpgid(server->pid, server->pid);
	close(listener);
	*state = server;
	return server->pid > 0 ? 0 : -1;
}

static inline int stop_server(void **state)
{
	struct server *server = *state;

	kill(-server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	free(server);
	return 0;
}

/* --- the user ----------------------------------------------------------- */

struct asking {
	struct diag diag;
	struct plan *plan;
	struct poller *poller;
	struct http *http;
	struct http_client *client;
	struct rng rng;
	struct template_env env;
	char *host; /* http://127.0.0.1:PORT */
};

/* A plan of one task with these steps; body.bin is beside it. */
static inline void load_steps(struct asking *a, const char *steps)
{
	const struct plan_source source = {.file = "tests/plans/good/x.ini"};
	FILE *in = tmpfile();

	assert_non_null(in);
	fprintf(in, "[load]\nhost = %s\n[task]\n%s", a->host, steps);
	rewind(in);
	diag_init(&a->diag);
	a->plan = plan_load_stream(&source, in, &a->diag);
	if (a->plan == NULL)
		fail_msg("refused: %s", a->diag.entries[0].text);
	fclose(in);
}

/* For tests that change the plan before anybody looks at it. */
static inline void asking_load(
    struct asking *a, void **state, const char *steps)
{
	const struct server *server = *state;

	memset(a, 0, sizeof(*a));
	a->host = xasprintf("http://127.0.0.1:%u", server->port);
	load_steps(a, steps);
	rng_init(&a->rng, 1, 0);
	a->env =
	    (struct template_env) {.rng = &a->rng, .user = 1, .iteration = 1};
}

static inline struct request *request_at(struct asking *a, size_t i)
{
	return &a->plan->tasks[0]->steps[i].request;
}

static inline void asking_begin(struct asking *a)
{
	const char *why = NULL;

	a->poller = poller_new();
	a->http = http_new(a->plan, a->poller, &why);
	assert_non_null(a->http);
	a->client = http_client_new(a->http, 0);
}

/* All requests keep bodies. */
static inline void asking_init(
    struct asking *a, void **state, const char *steps)
{
	asking_load(a, state, steps);
	for (size_t i = 0; i < a->plan->n_requests; i++)
		request_at(a, i)->needs_body = true;
	asking_begin(a);
}

static inline void asking_clear(struct asking *a)
{
	http_client_free(a->client);
	http_free(a->http);
	poller_free(a->poller);
	plan_free(a->plan);
	diag_clear(&a->diag);
	free(a->host);
}

static inline struct transfer *ask_within(
    struct asking *a, size_t i, uint64_t limit_us)
{
	return http_start(a->http, a->client, request_at(a, i), 0, &a->env,
	    request_at(a, i), clock_us(), limit_us);
}

static inline struct transfer *ask(struct asking *a, size_t i)
{
	return ask_within(a, i, 0);
}

/* One turn of the loop. */
static inline void turn(struct asking *a)
{
	uint64_t now_us = clock_us();
	uint64_t next_us = http_next_us(a->http);
	uint64_t idle_us = next_us > now_us ? next_us - now_us : 0;
	struct poller_event events[16];
	int n;

	if (idle_us > 20 * US_PER_MS)
		idle_us = 20 * US_PER_MS;
	n = poller_wait(a->poller, idle_us, NULL, events, ARRAY_LEN(events));
	for (int i = 0; i < n; i++) {
		http_look_ahead(a->http, &events[i + 1], (size_t)(n - i - 1));
		http_event(a->http, &events[i]);
	}
	http_run(a->http, clock_us());
}

static inline struct http_result next_result(struct asking *a)
{
	uint64_t end_us = clock_us() + PATIENCE_S * US_PER_S;
	struct http_result r = {0};

	while (!http_next(a->http, &r)) {
		if (clock_us() > end_us)
			fail_msg(
			    "waited %d s in vain for an answer", PATIENCE_S);
		turn(a);
	}
	return r;
}

/* With the same handle as before: what was looked at is put away first. */
static inline struct http_result fetch(struct asking *a, size_t i)
{
	struct http_result r;

	if (http_next(a->http, &r))
		fail_msg("a result was left over");
	ask(a, i);
	return next_result(a);
}

/* Asks and fails the test unless there is an answer. */
static inline struct http_result fetch_well(struct asking *a, size_t i)
{
	struct http_result r = fetch(a, i);

	if (r.error != NULL)
		fail_msg("request %zu: %s", i, r.error);
	return r;
}

static inline bool is_body(const struct http_result *r, const char *text)
{
	return r->body_len == strlen(text) && strcmp(r->body, text) == 0;
}

static inline void check_body(const struct http_result *r, const char *text)
{
	if (!is_body(r, text))
		fail_msg("expected\n%s\ngot\n%s", text, r->body);
}

static inline bool body_has(const struct http_result *r, const char *text)
{
	return strstr(r->body, text) != NULL;
}

/* --- variables --------------------------------------------------------- */

/* A user with variables: a test gives evil its value, token has none. */
struct knowing {
	struct asking a;
	struct variables v;
	struct store own;
};

static inline void knowing_load(
    struct knowing *k, void **state, const char *steps)
{
	static const struct where nowhere = {"", 0};

	memset(k, 0, sizeof(*k));
	asking_load(&k->a, state, steps);
	variables_add(&k->v, "evil", 4, VARIABLE_SLOT, nowhere);
	variables_add(&k->v, "token", 5, VARIABLE_SLOT, nowhere);
	k->a.env.own = &k->own;
}

/* In place of what the plan says: it knows no such variables. */
static inline void put_template(
    struct knowing *k, struct template **at, const char *text)
{
	template_free(*at);
	*at = template_compile(text, ENCODE_NONE, &k->v, &k->a.diag,
	    (struct where) {"", 0}, "test");
	assert_non_null(*at);
}

static inline void put_evil(struct knowing *k, const char *bytes, size_t len)
{
	store_set(&k->own, k->v.n_slots, 0, bytes, len);
}

static inline void knowing_clear(struct knowing *k)
{
	asking_clear(&k->a);
	store_clear(&k->own, k->v.n_slots);
	variables_clear(&k->v);
}

#endif
