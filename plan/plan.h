/*
 * The plan: an INI file made into structs that nobody changes afterwards.
 * It knows neither processes nor curl nor the clock.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/diag.h"
#include "plan/condition.h"
#include "plan/remote.h"
#include "plan/stock.h"
#include "plan/template.h"
#include "plan/variables.h"

struct capture;
struct data;
struct ini;

/* A list of words, as in tags or resolve. */
struct words {
	char **at; /* owned, each too */
	size_t n;
	size_t cap;
};

/* --- waiting ------------------------------------------------------------ */

enum wait_kind {
	WAIT_RANGE, /* uniform in low_us..high_us; the same for a fixed time */
	WAIT_EXP,   /* exponential with mean low_us */
	WAIT_PACE   /* a task starts every low_us */
};

struct wait {
	enum wait_kind kind;
	uint64_t low_us;
	uint64_t high_us;
};

/* --- how much load ------------------------------------------------------ */

/* What is given, and what follows from it. */
enum load_model {
	LOAD_USERS, /* so many users, who start tasks as fast as answers come */
	LOAD_RATE   /* so many tasks a second, however long answers take */
};

/* What the end of a run leaves of an interval joins the one before it where it
 * is shorter than such a part of one. */
enum { SCRAP_PART = 10 };

/* A part of the run in which the target goes in a straight line from where the
 * last one left it (the first begins at nothing) to its own. */
struct stage {
	char *name; /* as written, or its number: "1", "2", ... */
	struct where where;
	uint64_t duration_us; /* 0: at once */
	double target;        /* users, or tasks a second */
};

/* What becomes of a task that is due while no user is free. */
enum late_task {
	LATE_QUEUE, /* it starts late, and its time counts from when it was due
		     */
	LATE_DROP
};

enum spacing { SPACING_EVEN, SPACING_POISSON };

/* --- requests ----------------------------------------------------------- */

enum http_version { HTTP_1_1, HTTP_2, HTTP_2_PRIOR_KNOWLEDGE, HTTP_3 };

struct header {
	char *name;
	struct template *value;
};

struct headers {
	struct header *at;
	size_t n;
	size_t cap;
};

/* A file in PEM, which is read when the plan is. */
struct pem {
	char *path; /* owned; as it is opened from here; NULL: none */
	/* All of it, with a NUL behind it; borrowed from plan->files, or from
	 * the stock that the plan was loaded from. */
	const char *bytes;
	size_t len;
	bool is_sent; /* of a stock: there may be nothing under its path */
};

/* How requests are made: [http], changed by the task, changed by the step.
 * Strings are NULL where nothing was said. */
struct http_options {
	struct headers headers; /* those written at this level, owned */
	uint64_t timeout_us;
	uint64_t connect_timeout_us;
	uint64_t redirects;
	enum http_version version;
	bool insecure;
	bool compression;
	bool keepalive;
	bool cookies;
	uint64_t max_body; /* bytes that are kept of a body, where any is */
	struct pem ca_file;
	struct pem cert;
	struct pem key;
	char *auth; /* user:password */
	char *proxy;
	char *unix_socket;
	struct words source_ips;
	struct words resolve; /* host:port:address */
};

/* Scheme, host and port that paths are joined to: "http://127.0.0.1:8080",
 * without a slash at its end; a path in front of all paths is kept. */
struct base_url {
	char *text;
	struct where where;
};

/* In place of its number: there is none. */
#define NO_BASE UINT_MAX

/* A part of a multipart body. */
struct body_part {
	struct template *name;
	struct template *value; /* a file's bytes are a static one */
	char *file_name;        /* what the file is called; NULL: a field */
};

/* A condition on the answer: the request fails when it does not hold, or, for
 * fail_if, when it does. */
struct check {
	struct condition *condition;
	bool is_fail_if;
};

/* A value taken out of the answer. */
struct taking {
	unsigned slot; /* of the variable */
	struct capture *capture;
};

struct request {
	unsigned id;  /* 0, 1, 2, ... through the plan: caches are kept by it */
	char *method; /* "GET" */
	/* Path and query, or a whole URL when is_absolute; is_open: it begins
	 * with a variable, and which of them it is will be seen then. */
	struct template *url;
	bool is_absolute;
	bool is_open;
	bool is_plain;         /* a whole URL, and that of http:// */
	struct template *name; /* its row */
	struct http_options http;
	/* Headers of all levels, the last of each name, Content-Type added:
	 * what goes out. An empty value stands for a header that is not to be
	 * sent. The array is owned; names and values are borrowed from the
	 * levels. */
	struct headers headers;
	struct template *body;   /* NULL: none */
	struct body_part *parts; /* multipart, in place of a body */
	size_t n_parts;
	struct check *checks; /* in file order */
	size_t n_checks;
	struct taking *takings; /* in file order */
	size_t n_takings;
	bool status_is_checked; /* one of the checks is about the status */
	bool needs_body;        /* one of them, or a capture, looks at it */
};

/* --- tasks and users ---------------------------------------------------- */

enum step_type {
	STEP_REQUEST,
	STEP_POLL,
	STEP_CALL,
	STEP_SLEEP,
	STEP_SET,
	STEP_EMIT,
	STEP_STOP
};

/* What a request or poll that failed means for the rest. */
enum on_fail {
	ON_FAIL_END_TASK,
	ON_FAIL_CONTINUE,
	ON_FAIL_STOP_USER,
	ON_FAIL_STOP_TEST
};

/* Asking again and again until it is done; the asking is step.request. */
struct poll {
	uint64_t every_us;
	uint64_t timeout_us;
	struct check *decisions; /* until, and fail_if, in file order */
	size_t n_decisions;
	struct taking *takings; /* from the answer that decided */
	size_t n_takings;
	struct template *name; /* the row of the whole */
};

/* A value made when the step is reached. */
struct set {
	unsigned slot;
	struct template *value;
};

struct emit_field {
	char *key;
	struct template *value;
};

struct emit {
	char *event;
	struct emit_field *fields;
	size_t n_fields;
};

enum stop_what { STOP_USER, STOP_TEST };

struct step {
	enum step_type type;
	struct where where;
	struct condition *when; /* NULL: always */
	bool background;        /* STEP_POLL, STEP_CALL */
	enum on_fail on_fail;   /* STEP_REQUEST, STEP_POLL */
	struct request request; /* STEP_REQUEST, STEP_POLL */
	struct poll poll;
	struct task *call; /* borrowed */
	struct wait sleep; /* WAIT_RANGE */
	struct set set;
	struct emit emit;
	enum stop_what stop;
};

struct task {
	char *name;    /* "" for [task] */
	size_t number; /* in plan->tasks */
	struct where where;
	uint64_t weight;
	bool has_weight; /* it was written down */
	bool is_drawn;   /* some kind of user draws it */
	bool is_named; /* a call does, or on_start, on_stop, setup, teardown */
	struct words tags;
	uint64_t repeat;   /* how often its steps run, at least 1 */
	bool background;   /* all of it beside the user */
	char *transaction; /* row of all its steps together; NULL: none */
	struct step *steps;
	size_t n_steps;
	size_t cap_steps;
	struct http_options http;
	uint64_t data;   /* bit by [data]: it, or what it calls, uses a row */
	bool has_values; /* it, or what it calls, captures or sets some */
	unsigned depth;  /* of calls below it: 0 when it calls nothing */
	/* The first step, of it or of those it calls, that asks for a path and
	 * so needs a host; NULL: none. */
	const struct step *path;
	bool may_need_host; /* the same, or of a URL that begins with a
			       variable */
	bool has_requests;
};

/* One entry of a user's `tasks`. */
struct choice {
	const struct task *task; /* borrowed */
	uint64_t weight;
	uint64_t weight_upto; /* sum of the weights up to and with this one */
};

enum order { ORDER_RANDOM, ORDER_SEQUENCE };

struct user_kind {
	char *name; /* "" for the only one there is without [user ...] */
	struct where where;
	uint64_t weight;
	uint64_t count;   /* a fixed number; 0: by weight */
	char *host;       /* NULL: that of [load] */
	unsigned base;    /* its host, in plan->bases; NO_BASE */
	bool has_wait;    /* of its own */
	struct wait wait; /* else that of [load] */
	enum order order;
	struct choice *choices;
	size_t n_choices;
	uint64_t weights;            /* their sum, above 0 */
	const struct task *on_start; /* borrowed; NULL: none */
	const struct task *on_stop;
	uint64_t iterations; /* 0: no limit */
	struct set *sets;    /* values made once when the user starts */
	size_t n_sets;
	uint64_t data; /* bit by [data]: used by sets */
};

/* --- data --------------------------------------------------------------- */

enum data_order { DATA_SEQUENTIAL, DATA_RANDOM, DATA_UNIQUE };
enum data_per { DATA_PER_TASK, DATA_PER_USER };

enum { DATA_FILES_MAX = 64 }; /* bits of a mask */

struct data_file {
	char *name;
	struct where where;
	char *path; /* as it is opened from here */
	struct data *data;
	enum data_order order;
	enum data_per per;
};

/* --- hooks -------------------------------------------------------------- */

enum hook_where { HOOK_PARENT, HOOK_WORKER, HOOK_HOST };

struct hook {
	char *name;
	struct where where;
	char *on; /* the event */
	enum hook_where place;
	char *run; /* a shell command */
	bool stream;
	uint64_t timeout_us;
};

/* --- thresholds --------------------------------------------------------- */

enum measure {
	MEASURE_AVG, /* these four: of response times, in us */
	MEASURE_MIN,
	MEASURE_MAX,
	MEASURE_QUANTILE,
	MEASURE_FAIL_RATIO, /* 0..1 */
	MEASURE_FAILURES,
	MEASURE_REQUESTS,
	MEASURE_RPS,
	MEASURE_DROPPED,   /* tasks that were due and never started */
	MEASURE_LAG,       /* how late tasks began that were due: a quantile, in
			      us */
	MEASURE_REGRESSION /* against --baseline: how much slower, 0.1 is 10 %
			    */
};

/* A change up to this is never called one: two runs of the same, on the same
 * machine, differ by as much. */
#define REGRESSION_LEAST 0.02

enum relation {
	RELATION_BELOW,
	RELATION_AT_MOST,
	RELATION_ABOVE,
	RELATION_AT_LEAST,
	RELATION_EQUAL,
	RELATION_DIFFERENT
};

/* One line of [thresholds]. */
struct threshold {
	struct where where;
	char *key;    /* the measure as written: "p95" */
	char *wanted; /* operator and limit: "< 300ms" */
	char *row;    /* as written: "GET /x" or "/x"; NULL: all requests */
	/* In plan->load.stages; SIZE_MAX: the whole run. */
	size_t stage;
	enum measure measure;
	uint32_t ppm; /* of a quantile */
	enum relation relation;
	double limit;
	/* It ends the run once it has held for so long; in place of being
	 * judged at the end. */
	bool aborts;
	uint64_t for_us; /* 0: at once */
};

/* --- files that are kept in memory -------------------------------------- */

/* Read once, however many steps send it, or options name it. */
struct sent_file {
	uint64_t device; /* what it is, whatever its path */
	uint64_t inode;
	char *bytes; /* owned */
	size_t len;
};

/* --- the whole ---------------------------------------------------------- */

struct load_options {
	char *host;
	enum load_model model;
	uint64_t users;    /* at the peak; LOAD_RATE: the most there may be */
	double spawn_rate; /* users per second; INFINITY: all at once */
	uint64_t run_time_us; /* 0: until stopped; with stages, their sum */
	/* At least one; the last target is held until the end. Where none are
	 * written they say the same as users and spawn_rate, or as rate. */
	struct stage *stages; /* owned */
	size_t n_stages;
	bool has_stages;    /* they were written */
	double rate;        /* tasks a second; 0: not written */
	uint64_t max_users; /* 0: not written */
	enum late_task late;
	enum spacing spacing;
	uint64_t warmup_us;
	uint64_t iterations; /* 0: no limit */
	uint64_t stop_timeout_us;
	uint64_t workers; /* 0: one for each usable core */
	struct wait wait;
	uint64_t seed;
	bool has_seed;
	uint64_t report_interval_us;
	uint64_t max_background; /* jobs of one worker */
};

struct report_options {
	char *csv; /* prefix; NULL: after the plan's name; "none" */
	bool csv_full_history;
	char *html; /* paths, "-": standard output; NULL: none */
	char *json;
	char *junit;
	char *baseline; /* an earlier run's JSON, as it is opened from here;
			   NULL: none */
};

struct plan {
	char *file; /* as it was named; "standard input" for "-" */
	struct load_options load;
	struct http_options http;
	struct report_options report;
	struct task **tasks; /* in file order */
	size_t n_tasks;
	size_t cap_tasks;
	struct task **by_name;    /* owned; the same, sorted */
	struct user_kind **kinds; /* at least one */
	size_t n_kinds;
	size_t cap_kinds;
	struct base_url *bases;
	size_t n_bases;
	size_t n_asked; /* so many of them, the first ones, get requests */
	unsigned base;  /* of setup and teardown; NO_BASE */
	const struct step *
	    *requests; /* owned; steps that send, by request id */
	unsigned n_requests;
	struct variables variables;
	struct data_file *data;
	size_t n_data;
	struct remote_options remote;
	/* The text, and all files and variables of the environment that loading
	 * it took: what another host needs to load the same. Bytes are borrowed
	 * from this plan, or from the stock that it was loaded from itself. */
	struct stock stock;
	struct sent_file *files; /* owned; none of a plan from a stock */
	size_t n_files;
	size_t cap_files;
	struct hook *hooks; /* in file order */
	size_t n_hooks;
	struct threshold *thresholds; /* owned; in file order */
	size_t n_thresholds;
	const struct task *setup; /* borrowed; NULL: none */
	const struct task *teardown;
	/* Owned: what was read, the keys of the command line among it. */
	struct ini *written;
};

/* A plan key set from the command line: it beats the file. */
struct override {
	const char *section; /* "load", "task buy" */
	const char *key;
	const char *value;
	const char *where; /* "--users", "-D load.wait": borrowed for good */
};

struct plan_source {
	const char *file; /* a path, "-", or a URL to get */
	const struct override *overrides;
	size_t n_overrides;
	const char *tags; /* comma list or NULL: keep tasks that have one */
	const char *exclude_tags; /* comma list or NULL */
	/* Borrowed, for the life of the plan. The plan's text and name, its
	 * files and its environment are taken from here, in place of file and
	 * of what this machine has. A NUL has to stand behind each item, as
	 * stock_add_room sees to it. NULL: from this machine. */
	const struct stock *stock;
};

/*
 * Reads and checks a plan. Returns it, owned by the caller; or NULL when there
 * was any error. All errors and warnings of the whole file are in d, whose
 * texts do not depend on the plan living on. Reads every file that the plan
 * names, certificates and bodies into memory.
 */
struct plan *plan_load(const struct plan_source *source, struct diag *d);
/* The same from an open stream; source->file is what errors call it, and its
 * folder is where the files it names are looked for. Of source->stock only
 * files and environment are taken. */
struct plan *plan_load_stream(
    const struct plan_source *source, FILE *in, struct diag *d);
void plan_free(struct plan *plan);
/* Takes out the thresholds of which is_out says so. */
void plan_leave_out_thresholds(
    struct plan *plan, bool (*is_out)(const struct threshold *threshold));

/* Whether a threshold of a row is about this one: it names the row, or the row
 * with its type in front. */
bool threshold_has_row(
    const struct threshold *threshold, const char *type, const char *name);

/* What --help and the man page's test need: the key table, one row at a time,
 * from i = 0 on; NULL at the end. */
struct key_info {
	const char *section; /* load http user task step request ... */
	const char *name;
	bool repeats;
	const char *fallback; /* as text, or NULL */
	const char *help;
};
const struct key_info *plan_key_info(size_t i);

#endif
