/*
 * What keys and lines mean here that are written the way other tools have
 * them. Pure functions: text in, what to write out, owned by the caller; NULL:
 * anyone's guess. They know no rules of a plan but its names.
 */
#ifndef PLAN_FOREIGN_H
#define PLAN_FOREIGN_H

/* A key as other tools call it, and its value (NULL: unknown): the mend, which
 * has that value in it where it can be read. */
char *foreign_key(const char *key, const char *value);
/* The same of a key that in a section that begins with this word means
 * something else than in others, such as host in [remote]. */
char *foreign_key_of(const char *section, const char *key, const char *value);
/* A line that is no KEY = VALUE, in a section that begins with this word, such
 * as `p(95)<300` or `http_req_duration{name:a} = ['p(95)<300']` in thresholds:
 * `why: mend`. */
char *foreign_line(const char *section, const char *line);
/* A section as other tools would have it: the mend. */
char *foreign_section(const char *section);
/* `[{ duration: '5s', target: 20 }]`, or with Locust's users and spawn_rate:
 * the stages as they are written here. */
char *foreign_stages(const char *text);
/* Why such a text is none of loadgen's; borrowed. */
const char *foreign_stages_why(const char *text);

#endif
