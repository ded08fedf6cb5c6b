/*
 * Diagnostics: what leaf rooms found wrong, kept until the top prints it all
 * at once. One line each: `where: what: why: mend`.
 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <stdio.h>

/* Where something was written: a file and a line of it, or an option of the
 * command line (line 0); of a URL in place of a file the line is not shown. The
 * text is borrowed and must outlive the diag. */
struct where {
	const char *file;
	unsigned line;
};

struct diag_entry {
	char *text; /* owned */
	unsigned line;
	unsigned order;
	int is_warning;
};

struct diag {
	struct diag_entry *entries;
	size_t n;
	size_t cap;
	size_t errors;
	size_t warnings;
};

void diag_init(struct diag *d);
void diag_clear(struct diag *d);

/* The text is `what: why: mend`, lower case, no full stop, the user's words
 * in double quotes; `where: ` is put in front. */
void diag_error(struct diag *d, struct where where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_warning(struct diag *d, struct where where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* All of them to out, in the order of their lines; warnings say so:
 * `plan.ini:9: warning: ...`. Control bytes in the user's words are shown as
 * \xNN. */
void diag_print(struct diag *d, FILE *out);

#endif
