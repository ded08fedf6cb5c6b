/*
 * The value parsers of the key table, one for each type of value, and what
 * else reads an entry's value. They know no key by name.
 */
#ifndef PLAN_FIELDS_H
#define PLAN_FIELDS_H

#include "plan/keys.h"

key_parse field_duration;   /* uint64_t, microseconds, min..max */
key_parse field_count;      /* uint64_t, min..max */
key_parse field_size;       /* uint64_t, bytes, at most max */
key_parse field_rate;       /* double, above 0, at most max a second */
key_parse field_spawn_rate; /* the same, or INFINITY: all */
key_parse field_stages;     /* struct stage *, in struct load_options */
key_parse field_threshold;  /* struct threshold *, in struct plan: one more */
key_parse field_late;       /* enum late_task */
key_parse field_spacing;    /* enum spacing */
key_parse field_bool;       /* bool */
key_parse field_text;       /* char * */
key_parse field_wait;       /* struct wait, all forms */
key_parse field_host;       /* char *, without a slash at its end */
key_parse field_version;    /* enum http_version */
key_parse field_order;      /* enum order */
key_parse field_on_fail;    /* enum on_fail */
key_parse field_data_order; /* enum data_order */
key_parse field_data_per;   /* enum data_per */
key_parse field_hook_where; /* enum hook_where */
key_parse field_words;      /* struct words, a comma list */
key_parse field_addresses;  /* struct words, IP addresses */
key_parse field_resolve;    /* struct words, one more */
key_parse field_header;     /* struct headers, one more */
key_parse field_auth;       /* char * */
key_parse field_proxy;      /* char * */
key_parse field_socket;     /* char *, a path */
key_parse field_file;       /* char *, the path of a readable file */
key_parse field_baseline;   /* the same, of a run before */
key_parse field_pem;        /* struct pem */
key_parse field_hosts;      /* the hosts of struct remote_options */
key_parse field_command;    /* char *, words between blanks, no quotes */
key_parse field_entries;    /* struct entries, one more */

/* A fixed time or a range of them. */
void field_range(
    const struct key_env *env, const struct ini_entry *entry, struct wait *out);
/* From so many seconds without a unit on, the length of a run or of a part of
 * it is meant as milliseconds. */
#define BARE_LONG_S 10000
/* Warns of a time in its value that is a bare number of least_s seconds or
 * more; what is to be written in its place is most_us at most. */
void field_warn_seconds(const struct key_env *env,
    const struct ini_entry *entry, const char *value, uint64_t least_s,
    uint64_t most_us);
/* Warns of text that may be meant as a comment. */
void field_warn_comment(
    const struct key_env *env, const struct ini_entry *entry);
/* Warns of variables as other tools write them, in this part of its value. */
void field_warn_braces(const struct key_env *env, const struct ini_entry *entry,
    const char *text, bool is_url);
/* `KEY "VALUE": ` and the message, or what it looks like: quotes, brackets or
 * a comment that are none here. */
void field_error(const struct key_env *env, const struct ini_entry *entry,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The value with its variables filled in, in memory of the caller; NULL after
 * an error: what it needs is not known before the run. */
char *field_expand(const struct key_env *env, const struct ini_entry *entry);
/* Puts a text, which is taken over, in place of the one that the field, a
 * char *, has. */
void field_set_text(void *field, char *text);
/* A path as it is opened from here; owned by the caller. */
char *field_path(const struct key_env *env, const char *path);

#endif
