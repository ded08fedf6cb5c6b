/*
 * Whether a name is that of a secret. It knows no places that names stand in.
 * Private to the report room.
 */
#ifndef REPORT_SECRET_H
#define REPORT_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* A name has parts, between what is no letter and where capitals begin: one of
 * api_key, X-Api-Key, apiKey and user%5Bkey%5D is key, of monkey is none. */
bool secret_has_name(const char *name, size_t len);
/* Whether a value is a number of things and none of them: max_tokens and 100.
 */
bool secret_is_count(
    const char *name, size_t len, const char *value, size_t value_len);

#endif
