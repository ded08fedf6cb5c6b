/*
 * One answer to a request as conditions and captures see it: its parts are
 * looked up only when they are asked for. It knows no transfer engine.
 */
#ifndef PLAN_ANSWER_H
#define PLAN_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "plan/compare.h"
#include "plan/json.h"

/* How the transfer engine is asked. A function may be NULL where nothing can
 * come; each returns NULL for nothing, and text borrowed until the next call.
 */
struct answer_source {
	void *context;
	/* Of the last response; of several of one name the last. */
	const char *(*header)(void *context, const char *name);
	const char *(*cookie)(void *context, const char *name);
	const char *(*url)(void *context); /* after redirects */
};

struct answer {
	long status; /* 0: none came */
	uint64_t time_us;
	uint64_t bytes;   /* of the body, all of it */
	const char *body; /* what was kept, a NUL behind it; NULL: nothing */
	size_t body_len;
	bool body_is_cut;                   /* there was more than max_body */
	uint64_t max_body;                  /* for the reason that says so */
	const struct answer_source *source; /* NULL: none */
	struct json_reader *reader; /* the worker's, for one answer at a time */
	/* private: which reading of the reader's is of this body; 0: none */
	uint64_t reading;
	enum json_verdict verdict;
};

/* Ends what was begun with this answer; costs nothing when nothing was. */
void answer_clear(struct answer *a);

/* What was kept of the body. */
struct text answer_body(const struct answer *a);
/* NULL: there is none. Borrowed until the next of these three. */
const char *answer_header(const struct answer *a, const char *name);
const char *answer_cookie(const struct answer *a, const char *name);
const char *answer_url(const struct answer *a);

/* Reads the body as JSON, once; then a->reader is asked about it. False: it
 * cannot be, and why says so: "body is not JSON". */
bool answer_read_json(struct answer *a, struct buf *why);
/* "body is longer than max_body (1M)" */
void answer_put_cut(const struct answer *a, struct buf *why);

#endif
