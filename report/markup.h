/*
 * Text inside HTML and SVG. It knows no results.
 */
#ifndef REPORT_MARKUP_H
#define REPORT_MARKUP_H

#include <stdio.h>

/* A byte of a text that is shown, so that it is no markup there; also in XML.
 */
void markup_byte(FILE *out, char c);
/* The text as text_shown has it, so that nothing in it is markup, in an
 * element or in an attribute with double quotes. */
void markup_text(FILE *out, const char *text);
/* The same in an element of HTML, where it may be long and without blanks, as
 * a URL is: lines may break in it at what separates its parts. */
void markup_long(FILE *out, const char *text);

#endif
