/*
 * Secrets in the middle of a text. Private to the masking of plans and URLs.
 */
#ifndef REPORT_MASK_TEXT_H
#define REPORT_MASK_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* What kind of text it is: how much in it may be secret. */
enum mask_place {
	MASK_IN_URL, /* or with one in it */
	MASK_IN_TEXT,
	MASK_IN_CONDITION,
	MASK_IN_COMMAND
};

/* Writes the text, up to its NUL, with MASK where something in it is secret. */
void mask_text(FILE *out, const char *at, enum mask_place place);
/* The same of len bytes that are a secret, but for variables alone. */
void mask_secret(FILE *out, const char *at, size_t len);

#endif
