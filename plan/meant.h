/*
 * What people mean who write a value the way other tools and languages have
 * it. Pure functions: the text as it is written in, what to say about it out,
 * owned by the caller; NULL: anyone's guess. They know no keys.
 */
#ifndef PLAN_MEANT_H
#define PLAN_MEANT_H

#include <stdbool.h>

#include "plan/variables.h"

/* Any value with a comment, quotes or brackets that are none here: what is
 * wrong with it, and the mend. */
char *meant_value(const char *text);
/* The part of it from the blank and `#` on that may be meant as a comment;
 * borrowed, NULL: there is none. */
const char *meant_comment(const char *text);
/* `http:/h`, `https//h`, `127.0.0.1:80/x`: the URL. */
char *meant_url(const char *text);
/* `2 min`, `5sec`, `1h20`: the duration. */
char *meant_duration(const char *text);
/* `1-2s`, `5 min`, `between(1, 2)`: what is wrong with it, and the mend. */
char *meant_wait(const char *text);
/* `between(1, 2)`, `constant_pacing(5)`: the wait. */
char *meant_wait_call(const char *text);
/* `100rps`, `100 req/s`, `6000/min`: the rate. */
char *meant_rate(const char *text);
/* `[200, 201]`, `2xx`, `200-299`: the list as it stands behind `in`. */
char *meant_statuses(const char *text);
/* `$.items[0].id`, `items.0.id`, `/items[0]/id`: the JSON pointer, which is
 * the text itself where that is fine; never NULL. */
char *meant_pointer(const char *text);
/* `json.id`, `response.json()["id"]`, `headers["Location"]`: that part of an
 * answer, `json /id` or `header Location`. */
char *meant_part(const char *text);
/* `{{uuid}}`, `$uuid`, `{token}` and, in URLs, any `{id}` and `<id>`: the
 * first of them as it is written here. Without {{}} it is one of loadgen's own
 * or of v, or a column of v. */
char *meant_variable(const char *text, const struct variables *v, bool is_url);

#endif
