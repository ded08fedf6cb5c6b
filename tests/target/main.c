/*
 * Options, signals, the life of a request with libmicrohttpd, and the counts
 * as JSON.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/target/target.h"

struct options {
	uint64_t port;
	uint64_t threads;
	const char *port_file;
	const char *counts_file;
	const char *cert_file;
	const char *key_file;
};

static volatile sig_atomic_t signal_end, signal_print;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		signal_print = 1;
	else
		signal_end = 1;
}

/* --- counts ------------------------------------------------------------- */

static void add_count(
    struct json_object *o, const char *key, const atomic_uint_fast64_t *n)
{
	json_object_object_add(o, key, json_object_new_uint64(atomic_load(n)));
}

static void add_rows(struct json_object *rows, const struct target *t,
    size_t route, size_t method)
{
	const char *pattern = routes[route].pattern;

	for (int status = 0; status < MAX_STATUS; status++) {
		const atomic_uint_fast64_t *n =
		    &t->counts[route][method][status];
		if (atomic_load(n) == 0)
			continue;
		struct json_object *row = json_object_new_object();
		add_text(row, "method", method_names[method]);
		add_text(row, "route", pattern ? pattern : "(none)");
		json_object_object_add(
		    row, "status", json_object_new_int(status));
		add_count(row, "count", n);
		json_object_array_add(rows, row);
	}
}

/* Owned by the caller. A status of 0 means: not answered. */
static struct json_object *counts_of(const struct target *t)
{
	struct json_object *o = json_object_new_object();
	struct json_object *connections = json_object_new_object();
	struct json_object *rows = json_object_new_array();
	uint64_t open = atomic_load(&t->accepted) - atomic_load(&t->closed);

	add_count(connections, "accepted", &t->accepted);
	add_count(connections, "used", &t->used);
	json_object_object_add(
	    connections, "open", json_object_new_uint64(open));
	for (size_t i = 0; i == 0 || routes[i - 1].pattern; i++) {
		for (size_t m = 0; m < METHODS; m++)
			add_rows(rows, t, i, m);
	}
	json_object_object_add(o, "connections", connections);
	add_count(o, "requests", &t->requests);
	json_object_object_add(o, "rows", rows);
	return o;
}

static const char *counts_text(struct json_object *o)
{
	return json_object_to_json_string_ext(
	    o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
		   JSON_C_TO_STRING_NOSLASHESCAPE);
}

static void print_counts(const struct target *t, const char *file)
{
	bool is_stdout = !file || strcmp(file, "-") == 0;
	FILE *f = is_stdout ? stdout : fopen(file, "w");
	struct json_object *o = counts_of(t);

	if (!f) {
		perror(file);
	} else {
		fprintf(f, "%s\n", counts_text(o));
		if (is_stdout ? fflush(f) : fclose(f))
			perror(is_stdout ? "standard output" : file);
	}
	json_object_put(o);
}

/* --- the life of a request ---------------------------------------------- */

static void *on_uri(
    void *arg, const char *uri, struct MHD_Connection *connection)
{
	struct request *r = must(calloc(1, sizeof *r));

	r->target = arg;
	r->connection = connection;
	r->uri = must(strdup(uri));
	return r;
}

static void on_completed(void *arg, struct MHD_Connection *connection,
    void **state, enum MHD_RequestTerminationCode why)
{
	struct request *r = *state;

	(void)arg, (void)connection, (void)why;
	if (!r)
		return;
	/* its connection broke before we could say anything */
	if (r->has_arrived && !r->is_counted)
		count(r, NOT_ANSWERED);
	for (size_t i = 0; i < r->n_fields; i++) {
		free(r->fields[i].name);
		free(r->fields[i].file_name);
	}
	free(r->fields);
	free(r->body);
	free(r->path);
	free(r->uri);
	free(r);
	*state = NULL;
}

static bool take_body(struct request *r, const char *data, size_t bytes)
{
	if (bytes > MAX_BODY_BYTES - r->body_bytes)
		return false;
	if (r->body_bytes + bytes > r->body_cap) {
		r->body_cap = 2 * (r->body_bytes + bytes);
		r->body = must(realloc(r->body, r->body_cap));
	}
	memcpy(r->body + r->body_bytes, data, bytes);
	r->body_bytes += bytes;
	return true;
}

/* Counts it, and its connection when it is the first there. */
static void arrive(struct request *r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    r->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	bool *is_used = info->socket_context;

	atomic_fetch_add(&r->target->requests, 1);
	if (!*is_used)
		atomic_fetch_add(&r->target->used, 1);
	*is_used = true;
	route_find(r);
	r->has_arrived = true;
}

static enum MHD_Result send_counts(struct request *r)
{
	struct json_object *o = counts_of(r->target);
	struct MHD_Response *response =
	    response_of(counts_text(o), "application/json");
	enum MHD_Result result =
	    MHD_queue_response(r->connection, 200, response);

	json_object_put(o);
	MHD_destroy_response(response);
	return result;
}

/* Called for the headers, for each piece of the body, and at its end; and
 * again when a request has waited. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *data,
    size_t *bytes, void **state)
{
	struct request *r = *state;

	(void)arg, (void)connection, (void)version;
	if (!r->has_begun) {
		r->has_begun = true;
		r->method = method;
		r->path = must(strdup(url));
		return MHD_YES;
	}
	if (*bytes > 0) {
		bool is_taken = take_body(r, data, *bytes);
		*bytes = 0;
		return is_taken ? MHD_YES : MHD_NO;
	}
	if (!r->has_waited) {
		/* looking at the counts does not change them */
		if (strcmp(r->path, "/counts") == 0)
			return send_counts(r);
		arrive(r);
	}
	return routes[r->route].answer(r);
}

static void on_connection(void *arg, struct MHD_Connection *connection,
    void **socket_context, enum MHD_ConnectionNotificationCode what)
{
	struct target *t = arg;

	(void)connection;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		atomic_fetch_add(&t->accepted, 1);
		*socket_context = must(calloc(1, sizeof(bool)));
	} else {
		atomic_fetch_add(&t->closed, 1);
		free(*socket_context);
	}
}

/* --- start and end ------------------------------------------------------ */

/* Owned by the caller; NULL, having said why. */
static char *read_file(const char *path)
{
	char *text = must(calloc(1, 1 << 16));
	FILE *f = fopen(path, "r");

	if (!f || fread(text, 1, (1 << 16) - 1, f) == 0) {
		perror(path);
		free(text);
		text = NULL;
	}
	if (f)
		fclose(f);
	return text;
}

/* Listens and answers from now on; false, having said why. */
static bool start(struct target *t, const struct options *o)
{
	struct sockaddr_in where = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)o->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char *cert = o->cert_file ? read_file(o->cert_file) : NULL;
	char *key = o->key_file ? read_file(o->key_file) : NULL;
	struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, cert},
	    {MHD_OPTION_HTTPS_MEM_KEY, 0, key}, {MHD_OPTION_END, 0, NULL}};
	unsigned flags =
	    MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;

	if (cert && key)
		flags |= MHD_USE_TLS;
	else
		tls[0].option = MHD_OPTION_END;
	if (!o->cert_file || (cert && key)) {
		waits_start(&t->waits);
		t->daemon = MHD_start_daemon(flags, (uint16_t)o->port, NULL,
		    NULL, on_request, t, MHD_OPTION_SOCK_ADDR, &where,
		    MHD_OPTION_THREAD_POOL_SIZE, (unsigned)o->threads,
		    MHD_OPTION_CONNECTION_LIMIT, 100000u,
		    MHD_OPTION_LISTEN_BACKLOG_SIZE, 4096u,
		    MHD_OPTION_URI_LOG_CALLBACK, on_uri, t,
		    MHD_OPTION_NOTIFY_COMPLETED, on_completed, t,
		    MHD_OPTION_NOTIFY_CONNECTION, on_connection, t,
		    MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
		if (!t->daemon)
			fprintf(stderr, "target: cannot listen on port %u\n",
			    (unsigned)o->port);
	}
	free(cert);
	free(key);
	return t->daemon != NULL;
}

/* Tells the port: to the file first, whole or not at all. */
static bool announce(const struct target *t, const struct options *o)
{
	unsigned port =
	    MHD_get_daemon_info(t->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;

	if (o->port_file) {
		char beside[4096];
		snprintf(beside, sizeof beside, "%s.new", o->port_file);
		FILE *f = fopen(beside, "w");
		if (!f || fprintf(f, "%u\n", port) < 0 || fclose(f) != 0 ||
		    rename(beside, o->port_file) != 0) {
			perror(o->port_file);
			return false;
		}
	}
	printf("listening on %s://127.0.0.1:%u\n",
	    o->cert_file ? "https" : "http", port);
	fflush(stdout);
	return true;
}

/* Before any thread starts, so that only sigsuspend takes them. */
static void take_signals(sigset_t *before)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
	sigset_t blocked;

	sigemptyset(&action.sa_mask);
	sigemptyset(&ignore.sa_mask);
	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		sigaddset(&blocked, numbers[i]);
		sigaction(numbers[i], &action, NULL);
	}
	sigaction(SIGPIPE, &ignore, NULL);
	sigprocmask(SIG_BLOCK, &blocked, before);
}

static void serve(
    const struct target *t, const struct options *o, const sigset_t *mask)
{
	while (!signal_end) {
		sigsuspend(mask);
		if (signal_print)
			print_counts(t, o->counts_file);
		signal_print = 0;
	}
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void print_help(void)
{
	printf("usage: target [options]\n"
	       "  --port N         default 0: any that is free\n"
	       "  --port-file F    write the port there\n"
	       "  --tls CERT KEY   speak https, with these PEM files\n"
	       "  --threads N      default one for each core\n"
	       "  --counts FILE    write the counts there at the end, and on\n"
	       "                   SIGUSR1; - is standard output\n"
	       "It ends on SIGINT, SIGTERM and SIGHUP.\n\nroutes:\n"
	       "GET /counts\n    how often each method, route and status was "
	       "answered (status 0: not at all), JSON\n");
	for (const struct route *r = routes; r->pattern; r++)
		printf("%s %s\n    %s\n", r->methods ? r->methods : "any",
		    r->pattern, r->help);
}

/* False, having said why, when there is a mistake. */
static bool read_options(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i += 2) {
		const char *name = argv[i];
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;
		bool is_good = value != NULL;
		if (strcmp(name, "--port") == 0) {
			is_good = parse_number(value, 65535, &o->port);
		} else if (strcmp(name, "--threads") == 0) {
			is_good = parse_number(value, 256, &o->threads) &&
				  o->threads > 0;
		} else if (strcmp(name, "--port-file") == 0) {
			o->port_file = value;
		} else if (strcmp(name, "--counts") == 0) {
			o->counts_file = value;
		} else if (strcmp(name, "--tls") == 0 && i + 2 < argc) {
			o->cert_file = value;
			o->key_file = argv[++i + 1];
		} else {
			is_good = false;
		}
		if (!is_good) {
			fprintf(stderr, "target: %s: see --help\n", name);
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct target t; /* zeroed, too large for a stack */
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct options o = {.threads = cores > 1 ? (uint64_t)cores : 2};
	sigset_t before;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		print_help();
		return 0;
	}
	if (!read_options(argc, argv, &o))
		return 2;
	take_signals(&before);
	raise_file_limit();
	memset(t.filler, 'x', sizeof t.filler);
	t.start_us = now_us();
	t.secret =
	    t.start_us ^ (uint64_t)getpid() << 40 ^ (uint64_t)time(NULL) << 20;
	if (!start(&t, &o) || !announce(&t, &o))
		return 1;
	serve(&t, &o, &before);
	waits_stop(&t.waits);
	MHD_stop_daemon(t.daemon);
	if (o.counts_file)
		print_counts(&t, o.counts_file);
	return 0;
}
