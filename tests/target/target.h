/*
 * The target: a small HTTP server for the demonstration and the tests. It
 * listens on 127.0.0.1 only and owns the truth about what arrived: its counts
 * are exact, by method, route and status. It knows nothing of loadgen.
 * `build/tests/target --help` prints the options and the routes.
 */
#ifndef TESTS_TARGET_H
#define TESTS_TARGET_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>
#include <microhttpd.h>

enum {
	MAX_ARGS = 2,
	MAX_FIELDS = 64,
	MAX_VALUE_BYTES = 1024,
	MAX_BODY_BYTES = 64 << 20,
	FILLER_BYTES = 64 << 10,
	METHODS = 8,
	MAX_ROUTES = 48,
	MAX_STATUS = 600,
	NOT_ANSWERED = 0 /* the status under which such requests are counted */
};

extern const char *const method_names[METHODS]; /* the last: all others */

struct waiting;

/* Who waits: see wait.c. */
struct waits {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t waker;
	struct waiting *heap; /* owned; by when it is looked at next */
	size_t n;
	size_t cap;
	bool is_stopping;
};

struct target {
	struct MHD_Daemon *daemon;
	char filler[FILLER_BYTES];
	uint64_t secret;
	uint64_t start_us;
	atomic_uint_fast64_t serial;
	atomic_uint_fast64_t flaky_calls;
	atomic_uint_fast64_t limit_free_us; /* when its one clerk is */
	/* counts */
	atomic_uint_fast64_t requests;
	atomic_uint_fast64_t accepted;
	atomic_uint_fast64_t used;
	atomic_uint_fast64_t closed;
	atomic_uint_fast64_t counts[MAX_ROUTES][METHODS][MAX_STATUS];
	struct waits waits;
};

/* A field of a form, urlencoded or multipart. */
struct field {
	char *name;
	char *file_name; /* NULL: none */
	size_t bytes;
	char value[MAX_VALUE_BYTES]; /* its beginning, ends with NUL */
};

struct request {
	struct target *target;
	struct MHD_Connection *connection;
	const char *method;
	char *uri;  /* as it was sent, with its query */
	char *path; /* cut up into args */
	size_t route;
	char *args[MAX_ARGS]; /* what stood for the route's capital words */
	char *body;
	size_t body_bytes;
	size_t body_cap;
	struct field *fields;
	size_t n_fields;
	bool has_begun;
	bool has_arrived; /* whole: it has a route, and is to be counted */
	bool is_counted;
	bool has_waited;
	bool is_gone; /* the client hung up while its request waited */
};

typedef enum MHD_Result answer_function(struct request *r);

struct route {
	const char *methods; /* "GET HEAD"; NULL: all */
	const char *pattern; /* a word in capitals stands for anything */
	answer_function *answer;
	const char *help;
};

/* Ends with a pattern of NULL, which answers 404. */
extern const struct route routes[];
/* Finds the route, fills r->route and r->args. */
void route_find(struct request *r);

/* --- wait.c */

void waits_start(struct waits *w);
/* Wakes all, as if their clients had gone; nobody waits after that. */
void waits_stop(struct waits *w);
/* Suspends a connection until due_us, or until its client hangs up or sends
 * more without having been answered, which sets *is_gone. */
void wait_until(struct waits *w, struct MHD_Connection *connection,
    uint64_t due_us, bool *is_gone);
/* True when the answer is due. When false, the caller returns MHD_YES and is
 * called again, with r->is_gone set when it is to hang up. */
bool has_waited(struct request *r, uint64_t wait_us);

/* --- reply.c */

uint64_t now_us(void);
/* Memory that was asked for, or the end of the process. */
void *must(void *memory);
/* The whole of text as a number up to max. */
bool parse_number(const char *text, uint64_t max, uint64_t *out);
/* Eight hex digits over kind and text that only this process can make. */
void seal(
    const struct target *t, const char *kind, const char *text, char out[9]);

/* Closes the connection without an answer, and counts that. */
enum MHD_Result hang_up(struct request *r);
/* Copies text; a type of NULL says none. */
struct MHD_Response *response_of(const char *text, const char *type);
/* Takes the object. */
struct MHD_Response *response_of_json(struct json_object *o);
/* Counts and sends; takes the response. */
enum MHD_Result reply(
    struct request *r, unsigned status, struct MHD_Response *response);
enum MHD_Result reply_text(
    struct request *r, unsigned status, const char *type, const char *text);
enum MHD_Result reply_json(
    struct request *r, unsigned status, struct json_object *o);
enum MHD_Result reply_error(
    struct request *r, unsigned status, const char *why);
void count(struct request *r, unsigned status);

void add_text(struct json_object *o, const char *key, const char *text);
/* Borrowed; NULL when there is none. */
const char *query_value(const struct request *r, const char *key);
const char *header_value(const struct request *r, const char *key);
const char *cookie_value(const struct request *r, const char *key);
/* All headers, cookies or query arguments; an array where one repeats. */
struct json_object *pairs(const struct request *r, enum MHD_ValueKind kind);
/* Splits a form body into r->fields; none when it is not a form. */
void parse_fields(struct request *r);
/* The body; owned by the caller; NULL when it is no JSON. */
struct json_object *parse_json(const struct request *r);
/* The value of a form field, or of a member of a JSON body, or NULL. */
const char *field_value(
    const struct request *r, struct json_object *body, const char *key);

#endif
