/*
 * Regular expressions: POSIX extended ones, by the system's regcomp() and
 * regexec(), with two limits that these do not have: what a server sends must
 * decide neither how long a match takes nor how much memory.
 *
 * With glibc 2.36 the time may grow with the square of the text (`x.*y` on
 * 64 KiB of x: 4.6 s), and memory with the text (`(a|b)*a(a|b){20}`: 3 KB a
 * byte). So a text is looked at in pieces that grow from 4 KiB on, each twice
 * as long as the last, and no further than the time that is left allows when
 * the next one takes four times as long; with glibc's re_search() a piece is
 * given up when a match may begin at too many of its places; and an expression
 * that took long is compiled anew, since its memory is what it learnt on the
 * way.
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

/* NULL on a mistake; *defect is then `why: mend`, owned by the caller. Beside
 * what regcomp() refuses these are: back-references, which no POSIX extended
 * expression has and which may take for ever; repetitions whose counts
 * multiply to more than 1,000; and, where a group is wanted, a repetition of
 * what may be nothing: to find what a group took glibc then tries all ways
 * there are, for minutes on a text of three bytes. */
struct regex *regex_compile(const char *text, bool wants_group, char **defect);
void regex_free(struct regex *r);

struct regex_text {
	const char *bytes; /* a NUL is no end, and no dot */
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

/* The leftmost match that begins at `from` or behind it, the longest of those.
 * *left_us is what may be spent, and goes down. With a NULL match any match
 * will do. */
enum regex_result regex_find(struct regex *r, struct regex_text text,
    size_t from, uint64_t *left_us, struct regex_match *match);
/* Where to look for the match after this one. */
size_t regex_after(const struct regex_match *match);

#endif
