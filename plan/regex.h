/*
 * Regular expressions: POSIX extended ones, by the system's regcomp() and
 * regexec(), with two limits that these do not have: what a server sends must
 * decide neither how long a match takes nor how much memory.
 *
 * What regexec() learns about texts is bounded by refusing expressions that
 * could need too much (plan/regex_size.h). Its time still grows with the
 * square of the text (`x.*y` on 64 KiB of x: 4.6 s), and it cannot be stopped.
 * So whether a long text has a match at all is asked with `^anything` before
 * the expression, which goes over each byte once; and where the match is, in
 * pieces, each 8 KiB longer than the last, as long as the time for the next
 * is sure to be left. So 1 MiB takes 0.3 s and 20 MB at most.
 *
 * It knows no answers. It reads the clock, and nothing depends on it but when
 * to give up.
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
	const char *bytes; /* a NUL behind them; others are no ends, only . is
			    * none */
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

/* What looking at one answer may take. */
#define REGEX_BUDGET_US UINT64_C(250000)

/*
 * What regexec() finds in all of the text from `from` on: the leftmost match,
 * the longest of those. *left_us is what may be spent, and goes down. With a
 * NULL match, as it must be where the expression was compiled so, any will do.
 * ^ holds at the beginning of the text and $ at its end.
 */
enum regex_result regex_find(struct regex *r, struct regex_text text,
    size_t from, uint64_t *left_us, struct regex_match *match);
/* Where to look for the match after this one. */
size_t regex_after(const struct regex_match *match);

#endif
