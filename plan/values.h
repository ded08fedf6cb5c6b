/*
 * Values of the plan as people write them, one at a time: words, lists,
 * waits, addresses. Pure functions; a defect is told as `why: mend`, and NULL
 * means there is none. They know no keys and no sections.
 */
#ifndef PLAN_VALUES_H
#define PLAN_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/plan.h"

/* The user's words as an error shows them: not too long. */
struct quote {
	char text[72];
};
struct quote quote(const char *text);

/* Adds a copy of len bytes. */
void words_add(struct words *words, const char *text, size_t len);
void words_copy(struct words *to, const struct words *from);
void words_clear(struct words *words);
bool words_have(const struct words *words, const char *word);
/* Whether they have one in common. */
bool words_meet(const struct words *a, const struct words *b);
/* Adds the words of a comma list. */
const char *words_split(struct words *words, const char *text);

/* `: did you mean "x"?`, or the mend that is given if none of n words is
 * near; owned by the caller. */
char *did_you_mean(const char *word, const char *const *words, size_t n,
    const char *otherwise);

/* The same, but of a few words all are told: `there are a, b`. */
char *name_one_of(const char *word, const char *const *words, size_t n,
    const char *otherwise);

/* Whether they are a token of HTTP: a method, a header's name. */
bool is_token(const char *text, size_t len);
/* Whether it has bytes below 0x20 (or 0x7f) in it. */
bool has_control_bytes(const char *text);
/* p behind the `${...}` or `$${` that stands there, or p itself. */
const char *skip_variable(const char *p);
/* The first byte outside of variables that is in set, or NULL. */
const char *find_literal(const char *text, const char *set);

/* 900ms..1100ms or 1s; with all_forms also exp, pace and rate. */
const char *wait_parse(const char *text, bool all_forms, struct wait *out);
/* The length of `http://` or `https://` at the start, or 0. */
size_t scheme_len(const char *url);
/* HOST, HOST:PORT or [ADDRESS]:PORT. */
const char *authority_defect(const char *text, size_t len);
const char *address_defect(const char *text);
/* HOST:PORT:ADDRESS[,ADDRESS...]. */
const char *resolve_defect(const char *text);
const char *proxy_defect(const char *text);

#endif
