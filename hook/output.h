/*
 * What a command prints: lines NAME=VALUE are taken out of it, the rest is
 * passed on to standard error. Private to the room. It knows no processes.
 */
#ifndef HOOK_OUTPUT_H
#define HOOK_OUTPUT_H

#include "base/buf.h"

/* NAME is [A-Za-z_][A-Za-z0-9_]*. Both are borrowed until it returns. */
typedef void output_take(
    void *arg, const char *hook, const char *name, const char *value);

struct output {
	const char *hook; /* borrowed */
	output_take *take;
	void *arg;
	struct buf line;     /* of which the end has not come */
	size_t bytes;        /* that came so far */
	bool is_cut;         /* more came than is read */
	uint64_t long_lines; /* that were passed over */
};

void output_init(
    struct output *o, const char *hook, output_take *take, void *arg);
/* Bytes that came, in pieces of any size. */
void output_put(struct output *o, const char *bytes, size_t n);
/* None will follow: a last line without a line end is one too. Frees. */
void output_end(struct output *o);

#endif
