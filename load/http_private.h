/*
 * What the files of the http room share: load/http*.c, the only files that
 * know libcurl.
 */
#ifndef LOAD_HTTP_PRIVATE_H
#define LOAD_HTTP_PRIVATE_H

#include <curl/curl.h>

#include "load/http.h"
#include "load/timers.h"

enum { MAX_LANES = 64 };

/* A multi handle of libcurl's with the transfers of some users. libcurl looks
 * its sockets up in a table of 911 chains: with 20,000 sockets in one multi
 * that walk is a quarter of all the time. */
struct lane {
	CURLM *multi;
	struct http *http;
	size_t n_clients;
	uint64_t next_us;  /* when libcurl wants to be called */
	bool has_new;      /* handed over, not begun */
	bool knows_hosts;  /* a transfer has brought origins.all to libcurl */
	bool is_touched;   /* some of its transfers may have finished */
	struct lane *next; /* of those that are touched */
};

/* What is known of a descriptor. */
struct socket_state {
	struct http_client *client; /* who opened it, may be gone or another's
				       by now; NULL: not ours */
	struct lane *lane;          /* whose libcurl wanted it last */
	unsigned watched;           /* what the poller was asked for */
	unsigned wanted;            /* what libcurl wants */
	curl_socket_t next_idle;    /* of its client, where it is listed */
	bool is_listed;
	bool is_http_1; /* for sure: all that comes was asked for */
};

/* A host as the plan names it, its addresses, and each rotation of them as
 * libcurl takes them: users begin at different ones. */
struct origin {
	char *host; /* libcurl's memory, port too */
	char *port;
	struct where where;
	int error; /* of getaddrinfo */
	struct curl_slist **rotations;
	size_t n_rotations;
	uint64_t bit; /* of http_client.told; 0: there are too many */
};

struct origins {
	struct origin *at;
	size_t n;
	struct curl_slist *all; /* the first rotation of each */
	const char *ca_bundle;  /* NULL: libcurl's own */
	bool any_https;
};

/* A ca_file that came with the plan, under a path of this process. libcurl
 * keeps a parsed bundle by its path alone: of one from memory each connection
 * would parse all certificates again. */
struct trusted {
	const char *bytes; /* of struct pem; borrowed */
	int fd;
	char *path;
};

struct trust {
	struct trusted *at; /* each once */
	size_t n;
	size_t cap;
};

/* What every request touches comes first: with thousands in flight, the cache
 * counts. */
struct transfer {
	struct timer alarm; /* rings at late_us or before; not unset when the
			       request ends: the next may keep it */
	uint64_t late_us;   /* when the request in flight has taken too long;
			       UINT64_MAX: none is in flight */
	CURL *easy;
	CURLU *url;
	struct http *http;
	struct http_client *client;
	const struct request *request; /* that it is set up for; NULL: none */
	void *owner;
	const struct origin *origin; /* NULL: an address, or not known */
	const char *defect; /* static, or error_text: why it cannot be sent;
			       NULL: it can */
	uint64_t added_us;
	uint64_t started_in; /* of http.runs: libcurl begins it in the next */
	uint64_t body_bytes;
	struct curl_slist *headers; /* of this very request; NULL: static */
	struct transfer *next;      /* on its shelf, or in one of the lists of
				       struct http */
	unsigned base;
	unsigned sent;      /* requests that went out, redirects included */
	unsigned opened;    /* sockets made for it since its last result */
	CURLcode setup;     /* the first option that was refused */
	bool is_worn;       /* to be set up anew before its next use */
	bool has_path;      /* to its host without an address: a proxy, ... */
	bool is_address;    /* its host */
	bool has_own_limit; /* for connecting: libcurl has been given none */
	bool answer_is_cut;
	bool mime_is_kept; /* its parts are static */
	curl_mime *mime;   /* NULL: no parts, or they are still to come */
	uint64_t limit_us; /* how long this very request may take */
	struct buf body;   /* that is sent; also for rendering parts */
	struct buf answer; /* what is kept of the answer's body */
	struct part_file *part_files;
	struct transfer *next_of_all;
	char error_text[CURL_ERROR_SIZE]; /* "" but after a failure */
};

struct http_client {
	struct http *http;
	struct lane *lane; /* where all its transfers are */
	uint64_t index;
	curl_socket_t first_idle; /* of its connections that nobody uses */
	struct transfer *latest;  /* only to look ahead: it may be over, and
				     another's; or NULL */
	struct http_client *next_spare;
	CURLSH *shares[2]; /* without and with cookies; made when needed */
	uint64_t told; /* origins whose addresses libcurl has in our order */
	uint64_t header_bytes; /* of answers, since cookies were counted */
};

/* All transfers that are free and set up for one request. */
struct shelf {
	struct transfer *first;
};

struct http {
	const struct plan *plan;
	struct poller *poller;
	struct lane *lanes[MAX_LANES]; /* owned */
	size_t n_lanes;
	struct lane *touched;
	bool has_new;      /* a lane has, or a defect */
	uint64_t runs;     /* of http_run, that did something */
	uint64_t retry_us; /* when to do what was refused; UINT64_MAX: none */
	struct socket_state *sockets; /* by descriptor */
	size_t n_sockets;
	struct shelf *shelves;       /* by request id */
	struct curl_slist **headers; /* by request id: the static ones */
	struct curl_slist **routes;  /* by request id */
	struct transfer *all;
	size_t n_transfers;
	struct http_client *spare; /* those of users who are gone */
	size_t n_in_flight;
	size_t next_shelf; /* whose transfer is set up anew when one is short */
	struct transfer *new_defects; /* cannot be sent: their results come */
	struct transfer *defects;     /* only after the next http_run */
	struct timers alarms;
	struct transfer *late;  /* took too long: taken from libcurl */
	struct transfer *shown; /* whose result is looked at; or NULL */
	struct origins origins;
	struct trust trust;
	bool is_trusting;  /* libcurl takes what is left for an answer */
	struct buf text;   /* for rendering */
	struct buf cookie; /* that http_cookie gave */
	char *url;         /* that http_url gave; libcurl's memory */
	char error_text[CURL_ERROR_SIZE + 128];
	struct http_counts counts;
	http_hear *hear; /* NULL: nobody listens */
	void *hear_arg;
};

/* --- http_origin.c ------------------------------------------------------ */

/* Looks up every host that the plan names; frees it all. */
void origins_init(struct origins *o, const struct plan *plan);
void origins_clear(struct origins *o);
/* The plan's `resolve` of a request, as libcurl's CURLOPT_CONNECT_TO takes it;
 * owned by the caller; NULL when there is none. */
struct curl_slist *origins_routes(const struct http_options *o);
/* curl_slist_append that ends in out_of_memory instead of failing. */
struct curl_slist *slist_add(struct curl_slist *list, const char *line);
/* How this URL's host is found; NULL for an address or an unknown host. */
const struct origin *origins_find(const struct origins *o, CURLU *url);

/* Whether its host needs no looking up. */
bool origins_is_address(CURLU *url);

/* Whether libcurl sends a request on a connection where bytes are left. */
bool library_trusts_what_is_left(void);

/* --- http_trust.c ------------------------------------------------------- */

/* Makes a file of each ca_file of the plan that has none here, as far as this
 * system has files in memory. */
void trust_init(struct trust *trust, const struct plan *plan);
void trust_clear(struct trust *trust);
/* Where libcurl can read a ca_file, borrowed; NULL: nowhere. */
const char *trust_path(const struct trust *trust, const struct pem *ca_file);

/* --- http_lane.c -------------------------------------------------------- */

/* The first lane; false when libcurl has none to give. */
bool lanes_init(struct http *h);
void lanes_clear(struct http *h);
/* The lane of one user more, and of one less. */
struct lane *lanes_join(struct http *h);
void lane_leave(struct lane *lane);
/* Hands a transfer over, takes one back. */
CURLMcode lane_add(struct lane *lane, CURL *easy);
void lane_remove(struct lane *lane, CURL *easy);
/* Tells libcurl of what happened to a socket of the lane's. */
void lane_event(struct lane *lane, curl_socket_t fd, int mask);
/* When one of them wants to be called. */
uint64_t lanes_next_us(const struct http *h);
/* Begins what is new and does what is due; false: libcurl could not, and should
 * be called again soon. */
bool lanes_run(struct http *h, uint64_t now_us);
/* A finished transfer of libcurl's and its result; NULL: none is left. */
struct transfer *lanes_finished(struct http *h, CURLcode *code);

/* --- http_setup.c ------------------------------------------------------- */

/* The callbacks that a handle is given; they stand in http.c. */
curl_socket_t http_on_open(
    void *arg, curlsocktype purpose, struct curl_sockaddr *address);
int http_on_close(void *arg, curl_socket_t fd);
int http_on_socket(
    CURL *easy, curl_socket_t fd, int what, void *lane, void *unused);
/* What libcurl is to do right before it sends; as CURLOPT_PREREQFUNCTION. */
int http_before_send(void *transfer, char *remote_ip, char *local_ip,
    int remote_port, int local_port);

/* Sets a handle up for a request, all but what changes each time. */
void transfer_configure(
    struct transfer *t, const struct request *r, unsigned base);
/* Sets what changes each time; sets t->defect when it cannot be sent. */
void transfer_prepare(
    struct transfer *t, struct template_env *env, CURLSH *share);
/* The headers that are the same each time, for curl; NULL when there are none
 * or one of them changes. Owned by the caller. */
struct curl_slist *static_headers(struct http *h, const struct request *r);

/* --- http_late.c -------------------------------------------------------- */

/* A transfer that is ready to begin may take so long, from t->added_us; 0: as
 * long as its request says. */
void late_set(struct transfer *t, uint64_t limit_us);
/* It opens the first of its sockets. */
void late_connects(struct transfer *t);
/* It has its connection, and sends. */
void late_is_connected(struct transfer *t);
/* Takes what has taken too long from libcurl, into h->late. */
void late_stop(struct http *h, uint64_t now_us);

/* --- http_parts.c ------------------------------------------------------- */

/* Makes the parts of a request and sets the transfer up to send them; env may
 * be NULL when all are static. Why they cannot be sent, or NULL. */
const char *parts_make(
    struct transfer *t, const struct request *r, struct template_env *env);
void parts_clear(struct transfer *t);
bool parts_are_static(const struct request *r);

/* --- http_answer.c ------------------------------------------------------ */

/* libcurl's callbacks where the body of the answer is kept: an answer begins,
 * a piece of its body came. */
int answer_on_send(void *arg, char *remote_ip, char *local_ip, int remote_port,
    int local_port);
size_t answer_on_body(char *bytes, size_t size, size_t n, void *arg);

/* --- http_result.c ------------------------------------------------------ */

void transfer_result(
    struct transfer *t, CURLcode code, struct http_result *result);

#endif
