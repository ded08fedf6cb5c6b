/*
 * The command line: what was asked for, as plain values and as overrides of
 * plan keys. It knows no plan beyond the names of its keys.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/diag.h"
#include "plan/plan.h"
#include "report.h"

enum action {
	ACTION_RUN,
	ACTION_CHECK,
	ACTION_ONCE,
	ACTION_FIND,
	ACTION_AGENT, /* play what comes over standard input; needs no plan */
	ACTION_HELP,
	ACTION_VERSION
};

struct options {
	enum action action;
	const char *file; /* borrowed from argv */
	const char *once; /* the task of ACTION_ONCE; NULL: each */
	const char *tags;
	const char *exclude_tags;
	enum verbosity verbosity;
	struct override *overrides; /* owned; in the order they were given */
	size_t n_overrides;
	size_t cap_overrides;
	char **texts; /* owned: what overrides point to */
	size_t n_texts;
	size_t cap_texts;
};

/* Reads the command line; every mistake is a line in d. argv must outlive the
 * options. False when there was one. */
bool options_parse(struct options *o, int argc, char **argv, struct diag *d);
void options_clear(struct options *o);
/* The text of --help. */
void options_help(FILE *out);

#endif
