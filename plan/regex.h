/*
 * Regular expressions: POSIX extended ones, with a limit: what a server sends
 * must decide neither how long a match takes nor how much memory.
 *
 * What regexec() takes grows with the square of the text (`x.*y` on 64 KiB of
 * x: 4.6 s), and it cannot be stopped. So a match is looked for with a table
 * (plan/regex_machine.h), in steps that are counted, and regexec() is asked
 * only what the group took in a match that was found. An expression that needs
 * too large a table is refused.
 *
 * It knows no answers and reads no clock: what is given up on one machine is
 * given up on all.
 */
#ifndef PLAN_REGEX_H
#define PLAN_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct regex;

/* NULL on a mistake; *defect is then `why: mend`, owned by the caller.
 * wants_match: it will be asked what the match is, not only whether there is
 * one. */
struct regex *regex_compile(const char *text, bool wants_match, char **defect);
void regex_free(struct regex *r);

struct regex_text {
	const char *bytes; /* a NUL is a byte; only [^sets] take one */
	size_t len;
	bool is_cut; /* more would follow: $ is not at its end */
};

struct regex_match {
	size_t start;
	size_t end;
	/* What the first group took, or the whole match where the expression
	 * has no group; has_group is false when the match went without it. */
	bool has_group;
	size_t group_start;
	size_t group_end;
	/* More text could have made it longer. */
	bool meets_end;
};

enum regex_result { REGEX_FOUND, REGEX_NOT_FOUND, REGEX_TOO_LONG };

/* The steps that looking at one answer may take: a byte at which a match might
 * go on is one, of 2 ns. */
#define REGEX_BUDGET (UINT64_C(1) << 27)

/*
 * Finds the first match in all of the text from `from` on: the leftmost, the
 * longest of those. *left is the steps that may be taken, and goes down; it is
 * over by one pass over the text at most. With a NULL match, as it must be
 * where the expression was compiled so, any will do.
 * ^ holds at the beginning of the text and $ at its end.
 */
enum regex_result regex_find(struct regex *r, struct regex_text text,
    size_t from, uint64_t *left, struct regex_match *match);
/* Where to look for the match after this one. */
size_t regex_after(const struct regex_match *match);

#endif
