/*
 * Options of wrk, ab, hey, k6, Locust and curl on loadgen's command line, and
 * its own with a value that one of these would take: each is told in one line
 * that has the value in it as it is written here. It knows loadgen's options as
 * getopt does, by name and by whether they take a value.
 */
#ifndef OPTIONS_FOREIGN_H
#define OPTIONS_FOREIGN_H

#include <getopt.h>
#include <stdbool.h>

#include "base/diag.h"

/* A command line without the options of other tools. */
struct own_words {
	char **at; /* owned; the words are borrowed, NULL behind the last */
	int n;
	/* a word in it may be the value of one that was taken out */
	bool is_unsure;
};

/* Sorts them out; letters and longs are those that getopt_long is given. */
void options_foreign_take(struct own_words *own, int argc, char **argv,
    const char *letters, const struct option *longs, struct diag *d);

/* A text as a shell takes it for one word, owned by the caller; NULL: that is
 * not simply done. */
char *options_shell_word(const char *text);
/* A key of [thresholds] with its value as -D takes it, in quotes for a shell;
 * owned by the caller. */
char *options_threshold(const char *key, const char *value);

#endif
