/*
 * Secrets in what a plan says are not for those who read a report of its run.
 * A secret is known by its name, its place, or how it begins: any other in the
 * middle of a text stays. Each returns a text that the caller owns, with
 * MASK where a secret was. It knows no formats.
 *
 * A value that is nothing but variables, such as ${token} or Bearer ${token},
 * stays: it says where a secret comes from, and not what it is.
 */
#ifndef REPORT_MASK_H
#define REPORT_MASK_H

#define MASK "***"

/* What stands behind a key of the plan: passwords of auth and of URLs;
 * headers, parameters, variables, fields of JSON, elements of XML and words of
 * commands whose names are those of secrets (report/secret.h); what these are
 * compared with, or are by default; and tokens and private keys that are known
 * by how they begin. */
char *mask_value(const char *section, const char *key, const char *value);
/* A text that may have a URL in it: its user and password, parameters with such
 * names, tokens and private keys. */
char *mask_url(const char *text);

#endif
