/*
 * Bytes and messages: what a parent says to its workers, over a pipe, and to
 * the agents on other hosts, over whatever carries standard input and output
 * there. From above an agent looks like a worker that is many. It knows no
 * descriptors.
 *
 * A frame is u32 length of the payload, u8 type, payload. Fixed fields are
 * little-endian, written one by one. The first frame each way is the greeting;
 * its payload begins with a magic and a version. A frame is bounded before
 * anything is allocated for it. Put and get of one message stand together.
 */
#ifndef FLEET_WIRE_H
#define FLEET_WIRE_H

#include "base/buf.h"
#include "load/roster.h"
#include "stats.h"

enum {
	WIRE_VERSION = 5,
	WIRE_HEADER_BYTES = 5,
	WIRE_MAX_FRAME = 4 << 20,  /* payload */
	WIRE_PART_BYTES = 1 << 20, /* a snapshot above this goes in parts */
	WIRE_MAX_TEXT = 64 << 10,
	WIRE_MAX_VALUE = 1 << 20, /* of a variable; of all of them, too */
	WIRE_MAX_VALUES = 4096,   /* so many of them: each is looked for */
	WIRE_MAX_FIELDS = 256,    /* of an event */
	WIRE_MAX_RANGES = 64,     /* of rows: one for each [data] */
	WIRE_MAX_USERS = 10000000 /* that come or go at once */
};
#define WIRE_MAGIC       UINT32_C(0x4e45474c) /* "LGEN" */
#define WIRE_MAX_NEED_US UINT64_C(60000000)   /* to tell all workers */

enum message_type {
	MESSAGE_GREETING = 1, /* both ways, first */
	MESSAGE_START = 2,    /* to the worker */
	MESSAGE_COMMAND = 3,  /* to the worker */
	MESSAGE_SNAPSHOT = 4, /* from the worker */
	MESSAGE_FINAL = 5,    /* from the worker, its last */
	MESSAGE_VALUES = 6,   /* from a worker on an errand */
	MESSAGE_EVENT = 7,    /* from the worker */
	MESSAGE_USERS = 8,    /* to the worker */
	/* and with an agent: */
	MESSAGE_ITEM = 9,     /* to it: something that the plan is made of, */
	MESSAGE_BYTES = 10,   /* its next bytes, */
	MESSAGE_PREPARE = 11, /* and that was all */
	MESSAGE_MEMBER = 12,  /* from it: of one of its workers */
	MESSAGE_READY = 13,   /* from it: those are all, or why not */
	MESSAGE_PING = 14,    /* to it */
	MESSAGE_PONG = 15,    /* from it, at once */
	MESSAGES
};

/* What a running worker can be told. */
enum command {
	COMMAND_STOP = 0,   /* finish running tasks, start no more */
	COMMAND_LEAVE = 1,  /* drop what is in flight */
	COMMAND_REPORT = 2, /* send a snapshot now */
	COMMANDS
};

struct greeting {
	uint32_t wire_version; /* set by the get, also when it is another than
				  WIRE_VERSION and the get returned false */
	uint32_t pid;
	char *host;    /* owned, the name of the machine */
	char *version; /* owned, LOADGEN_VERSION */
};

/* Values of variables, by name. */
struct wire_values {
	struct wire_value {
		char *name; /* owned, as is value */
		char *value;
	} * at;
	size_t n;
	size_t cap;
};

/* What a worker is started for. */
enum errand {
	ERRAND_NONE = 0, /* to play its users */
	ERRAND_SETUP = 1,
	ERRAND_TEARDOWN = 2,
	ERRANDS
};

/* Rows from .. upto - 1 of a [data]. */
struct row_range {
	uint64_t from;
	uint64_t upto;
};

struct start {
	uint32_t worker;      /* number of the worker, or of an agent's first */
	struct roster roster; /* owned: of the whole run */
	uint64_t
	    delay_us; /* the first user starts so long after this arrives */
	uint64_t seed;
	enum errand errand;
	struct wire_values values; /* that everyone has */
	/* What an agent's workers share of each [data] whose rows are unique;
	 * for a worker there are none. */
	struct row_range rows[WIRE_MAX_RANGES];
	size_t n_rows;
};

/* --- what an agent is told, and tells ----------------------------------- */

/* The bytes follow in messages of their own. */
struct item {
	unsigned kind; /* what it is: up to 255; the wire knows none of them */
	char *name;    /* owned */
	uint64_t bytes;
};

/* Of a worker of an agent. Numbers begin with 0 at each agent's first. */
enum member_news {
	MEMBER_NEWS_UP = 0,
	MEMBER_NEWS_DONE = 1,
	MEMBER_NEWS_LOST = 2,
	MEMBER_NEWS
};

struct member_message {
	uint32_t worker;
	enum member_news news;
	uint32_t pid;       /* of UP */
	char *host;         /* owned: of UP: what its parent calls it; "": as
			       the agent is called */
	struct books books; /* of DONE: its own account */
	char *why;          /* owned: of LOST */
};

/* What came of preparing. */
enum readiness {
	READY_TO_START = 0,
	READY_REFUSED = 1,  /* the plan cannot be played there: why */
	READY_ENDS_RUN = 2, /* nor anywhere: a hook has failed: why */
	READINESSES
};

struct ready_message {
	enum readiness readiness;
	char *why;            /* owned */
	struct roster roster; /* owned: of its own workers; sound */
	uint64_t need_us;     /* from a start's arrival to all of them */
	uint64_t files;       /* that each of them may open */
};

/* What an errand came to. */
struct errand_result {
	bool has_failed;
	struct wire_values values; /* that its task has set */
};

/* What a worker tells beside its counts. */
enum notice {
	NOTICE_EVENT = 0,   /* for the hooks of the parent */
	NOTICE_STOP = 1,    /* a step says that the run is to stop */
	NOTICE_TROUBLE = 2, /* something went wrong beside the load */
	NOTICES
};

struct notice_field {
	char *key; /* owned, as is value */
	char *value;
	bool is_number;
};

struct event_message {
	enum notice notice;
	char *name;      /* owned: of the event, or what there is to say */
	uint64_t number; /* wall time in us, or how often */
	struct notice_field *fields; /* owned */
	size_t n_fields;
};

/* What one worker was busy with since its last snapshot. */
struct worker_count {
	uint32_t worker; /* 0 for a worker that tells of itself; an agent's
			    are numbered from 0 */
	uint32_t users;
	uint32_t most_users; /* at once */
	uint32_t jobs;       /* background jobs */
	uint64_t cpu_us;     /* used */
	uint64_t busy_us;    /* wall time that cpu_us was used in */
	struct books books;
	struct hist lateness; /* how late timers ran */
};

/* A count since the last snapshot: of a worker, or of all workers of an agent.
 * It is a whole delta even when it is one part of several. */
struct snapshot {
	uint64_t sequence; /* 1, 2, 3, ... : one that is missing is noticed */
	uint64_t grid;     /* cut at start + grid * report interval */
	bool is_last_part; /* all up to that grid point is told */
	uint64_t until_us; /* since the start, when it was cut */
	uint32_t stage;    /* in which all in table began, from 1; 0: in the
			    * warm-up */
	bool is_aside;     /* there is more of the same grid point behind it:
			    * it has no last part */
	struct hist lag;   /* how late tasks began that were due */
	struct table table;
	struct worker_count *counts; /* owned, but by who puts it */
	size_t n_counts;
	/* of one that came packed, in place of table: */
	struct buf packed;
	bool has_any; /* row or failure in it */
};

/* The worker's own account of its whole life. */
struct final {
	struct books books;
	uint64_t snapshots; /* sequence of the last one */
};

enum wire_result { WIRE_OK, WIRE_MORE, WIRE_BAD };

/* Looks for a whole frame at the front of b, without taking it. WIRE_MORE:
 * read on. WIRE_BAD: not a frame of ours; *why (static) says what is wrong.
 * WIRE_OK: *type and *payload_bytes hold, and payload stands
 * WIRE_HEADER_BYTES behind the front. */
enum wire_result wire_peek(const struct buf *b, enum message_type *type,
    size_t *payload_bytes, const char **why);

/* Each put appends one whole frame, or leaves what is in b as it was and sets
 * b->full. Texts above WIRE_MAX_TEXT are cut, between two characters. */
void wire_put_greeting(struct buf *b, const struct greeting *g);
/* That of this process. */
void wire_greet(struct buf *b);
void wire_put_start(struct buf *b, const struct start *s);
void wire_put_command(struct buf *b, enum command command);
/* So many users more, or fewer, in the whole run: WIRE_MAX_USERS at most. */
void wire_put_users(struct buf *b, int32_t more);
void wire_put_final(struct buf *b, const struct final *f);
/* The texts of an event may come to WIRE_MAX_TEXT in all; what is longer sets
 * b->full. */
void wire_put_event(struct buf *b, const struct event_message *e);
void wire_put_values(struct buf *b, const struct errand_result *r);
void wire_put_item(struct buf *b, const struct item *item);
/* WIRE_PART_BYTES at most. */
void wire_put_bytes(struct buf *b, const void *bytes, size_t n);
void wire_put_prepare(struct buf *b);
void wire_put_member(struct buf *b, const struct member_message *m);
void wire_put_ready(struct buf *b, const struct ready_message *r);
/* A ping, or the pong that answers it with the same number. */
void wire_put_ping(struct buf *b, enum message_type type, uint64_t number);
/* Appends the delta in as many parts as it takes; sets the sequence of each
 * from *sequence + 1 on and leaves there the last one used. s->sequence and
 * s->is_last_part are not looked at; what is_aside has no last part. Where not
 * all parts fit, none is put, *sequence stays, and b->full is set: the caller
 * clears that flag, keeps the delta, goes on adding to it, and puts it whole
 * when there is room. */
void wire_put_snapshot(
    struct buf *b, const struct snapshot *s, uint64_t *sequence);

/* Each get takes one whole frame (which wire_peek has found to be of this
 * type) off the front of b and returns false, with *why (static) set and the
 * output empty, when the payload is not exactly one such message. What it
 * fills is owned by the caller, also after false: greeting_clear,
 * snapshot_clear. */
bool wire_get_greeting(struct buf *b, struct greeting *g, const char **why);
bool wire_get_start(struct buf *b, struct start *s, const char **why);
bool wire_get_command(struct buf *b, enum command *command, const char **why);
bool wire_get_users(struct buf *b, int32_t *more, const char **why);
bool wire_get_snapshot(struct buf *b, struct snapshot *s, const char **why);
/* The same, but the table is left packed. s is zeroed, or what was had before,
 * whose memory is used again. */
bool wire_get_packed_snapshot(
    struct buf *b, struct snapshot *s, const char **why);
/* Adds the table of one that is packed: of thousands none is made first. */
void snapshot_unpack(const struct snapshot *s, struct table *into);
bool wire_get_final(struct buf *b, struct final *f, const char **why);

bool wire_get_event(struct buf *b, struct event_message *e, const char **why);
bool wire_get_values(struct buf *b, struct errand_result *r, const char **why);

bool wire_get_item(struct buf *b, struct item *item, const char **why);
/* Appends them to out. */
bool wire_get_bytes(struct buf *b, struct buf *out, const char **why);
bool wire_get_prepare(struct buf *b, const char **why);
bool wire_get_member(struct buf *b, struct member_message *m, const char **why);
bool wire_get_ready(struct buf *b, struct ready_message *r, const char **why);
bool wire_get_ping(
    struct buf *b, enum message_type type, uint64_t *number, const char **why);

/* One more; false, and nothing added, when all would come to more than
 * WIRE_MAX_VALUE, or be more than WIRE_MAX_VALUES. One of that name is
 * replaced. */
bool values_add(
    struct wire_values *values, const char *name, const char *value);
bool values_have(const struct wire_values *values, const char *name);
void values_clear(struct wire_values *values);
void start_clear(struct start *s);
void item_clear(struct item *item);
void member_message_clear(struct member_message *m);
void ready_message_clear(struct ready_message *r);
void event_message_clear(struct event_message *e);

void greeting_clear(struct greeting *g);
void snapshot_clear(struct snapshot *s);

#endif
