/*
 * What an answer is worth: whether a request passed, what a poll has come to,
 * which values are taken along. It knows no users and no sockets.
 */
#ifndef LOAD_JUDGE_H
#define LOAD_JUDGE_H

#include "load/user.h"
#include "plan/answer.h"

/* Where reasons and values go; all borrowed. */
struct verdict {
	unsigned slots;       /* of values */
	struct store *values; /* what is captured is set there */
	struct buf *reason;
	struct buf *value; /* for one value at a time */
};

/* Why a request failed; NULL when it passed, and then its captures are taken.
 * error: why there is no whole answer, or NULL. Borrowed from v->reason. */
const char *judge_request(struct verdict *v, const struct request *r,
    const char *error, struct answer *answer, struct template_env *env);
/* What an answer means for the poll that asked; *failure is why it failed.
 * is_good: there is a whole answer, and its status is 2xx. */
enum outcome judge_poll(struct verdict *v, const struct poll *poll,
    bool is_good, struct answer *answer, struct template_env *env,
    const char **failure);

#endif
