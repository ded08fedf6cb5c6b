/*
 * The words of the command line that are no options: the plan, the task of
 * --once, and what is neither.
 */
#ifndef OPTIONS_WORDS_H
#define OPTIONS_WORDS_H

#include "options.h"

/* What may stand behind --once as its task, before getopt moves words about;
 * NULL: nothing. */
const char *options_behind_once(int argc, char **argv);
/* Takes the plan and the task from n words; the rest are mistakes. */
void options_take_words(struct options *o, const char *behind_once, int n,
    char **words, struct diag *d);
/* The plan, unless there is one. */
void options_set_file(struct options *o, const char *word, struct diag *d);
/* Tells of a plan that is of another tool, or two in one word. */
void options_check_file(const struct options *o, struct diag *d);

/* Whether it can be read as a file. */
bool options_is_file(const char *word);
/* Whether it is one, or a URL, or is named as plans are. */
bool options_is_plan(const char *word);

#endif
