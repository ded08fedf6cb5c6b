/*
 * For regex_places.c alone: what other languages have in their expressions and
 * POSIX has not, and what to write instead. All return `why: mend`, owned by
 * the caller, or NULL: it is fine.
 */
#ifndef PLAN_REGEX_FOREIGN_H
#define PLAN_REGEX_FOREIGN_H

/* A backslash and this. */
char *foreign_escape(char c);
/* The set in brackets at text, which ends before `end`. */
char *foreign_set(const char *text, const char *end);
/* The group at text. */
char *foreign_group(const char *text);

#endif
