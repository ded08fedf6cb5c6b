/*
 * Bytes and messages: what a worker and its parent say to each other, over a
 * pipe today and over ssh tomorrow. It knows no descriptors.
 *
 * A frame is u32 length of the payload, u8 type, payload. Fixed fields are
 * little-endian, written one by one. The first frame each way is the greeting;
 * its payload begins with a magic and a version. A frame is bounded before
 * anything is allocated for it. Put and get of one message stand together.
 */
#ifndef FLEET_WIRE_H
#define FLEET_WIRE_H

#include "base/buf.h"
#include "stats.h"

enum {
	WIRE_VERSION = 3,
	WIRE_HEADER_BYTES = 5,
	WIRE_MAX_FRAME = 4 << 20,  /* payload */
	WIRE_PART_BYTES = 1 << 20, /* a snapshot above this goes in parts */
	WIRE_MAX_TEXT = 64 << 10,
	WIRE_MAX_VALUE = 1 << 20, /* of a variable; of all of them, too */
	WIRE_MAX_FIELDS = 256,    /* of an event */
	WIRE_MAX_USERS = 10000000 /* that come or go at once */
};
#define WIRE_MAGIC UINT32_C(0x4e45474c) /* "LGEN" */

enum message_type {
	MESSAGE_GREETING = 1, /* both ways, first */
	MESSAGE_START = 2,    /* to the worker */
	MESSAGE_COMMAND = 3,  /* to the worker */
	MESSAGE_SNAPSHOT = 4, /* from the worker */
	MESSAGE_FINAL = 5,    /* from the worker, its last */
	MESSAGE_VALUES = 6,   /* from a worker on an errand */
	MESSAGE_EVENT = 7,    /* from the worker */
	MESSAGE_USERS = 8,    /* to the worker */
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

struct start {
	uint32_t worker; /* 0 .. workers - 1 */
	uint32_t workers;
	uint64_t
	    delay_us; /* the first user starts so long after this arrives */
	uint64_t seed;
	enum errand errand;
	struct wire_values values; /* that everyone has */
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

/* A worker's count since its last snapshot. It is a whole delta even when it
 * is one part of several; users, most_users, jobs, health and grid hold in the
 * last part.
 */
struct snapshot {
	uint64_t sequence; /* 1, 2, 3, ... : one that is missing is noticed */
	uint64_t grid;     /* cut at start + grid * report interval */
	bool is_last_part;
	uint64_t until_us; /* since the start, when it was cut */
	uint32_t stage;    /* in which all in table began, from 1; 0: in the
			    * warm-up */
	bool is_aside;     /* of a stage that is over: a table alone, and no
			    * last part */
	uint32_t users;
	uint32_t most_users;  /* at once, since the last snapshot */
	uint32_t jobs;        /* background jobs */
	uint64_t cpu_us;      /* used since the last snapshot */
	uint64_t busy_us;     /* wall time that cpu_us was used in */
	struct books books;   /* delta */
	struct hist lateness; /* delta: how late timers ran */
	struct hist lag;      /* delta: how late tasks began that were due */
	struct table table;   /* delta */
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
void wire_put_start(struct buf *b, const struct start *s);
void wire_put_command(struct buf *b, enum command command);
/* So many users more, or fewer, in the whole run: WIRE_MAX_USERS at most. */
void wire_put_users(struct buf *b, int32_t more);
void wire_put_final(struct buf *b, const struct final *f);
/* The texts of an event may come to WIRE_MAX_TEXT in all; what is longer sets
 * b->full. */
void wire_put_event(struct buf *b, const struct event_message *e);
void wire_put_values(struct buf *b, const struct errand_result *r);
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
bool wire_get_final(struct buf *b, struct final *f, const char **why);

bool wire_get_event(struct buf *b, struct event_message *e, const char **why);
bool wire_get_values(struct buf *b, struct errand_result *r, const char **why);

/* One more; false, and nothing added, when all would come to more than
 * WIRE_MAX_VALUE. One of that name is replaced. */
bool values_add(
    struct wire_values *values, const char *name, const char *value);
void values_clear(struct wire_values *values);
void start_clear(struct start *s);
void event_message_clear(struct event_message *e);

void greeting_clear(struct greeting *g);
void snapshot_clear(struct snapshot *s);

#endif
