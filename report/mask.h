/*
 * Secrets in what a plan says are not for those who read a report of its run.
 * A secret is known by its name, or by its place: what has no name and stands
 * in the middle of a text stays. Each returns a text that the caller owns, with
 * MASK where a secret was. It knows no formats.
 *
 * A value that is nothing but variables, such as ${token} or Bearer ${token},
 * stays: it says where a secret comes from, and not what it is.
 */
#ifndef REPORT_MASK_H
#define REPORT_MASK_H

#define MASK "***"

/* What stands behind a key of the plan: passwords of auth and of URLs;
 * headers, parameters, variables, fields of JSON and words of commands whose
 * names have password, token, secret, key, session, auth or cookie in them. */
char *mask_value(const char *section, const char *key, const char *value);
/* A text that may have a URL in it: its user and password, and parameters with
 * such names. */
char *mask_url(const char *text);

#endif
