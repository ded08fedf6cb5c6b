/*
 * A plan of one request, for a URL in place of a plan. Text in, text out.
 */
#ifndef PLAN_URL_PLAN_H
#define PLAN_URL_PLAN_H

#include <stdbool.h>

/* Whether this word, where a plan stands, is a URL. */
bool is_url_plan(const char *word);

/* The text of a plan whose users all start at once and get this URL; owned by
 * the caller. NULL: it has a byte that no URL has. */
char *url_plan_text(const char *url);

#endif
