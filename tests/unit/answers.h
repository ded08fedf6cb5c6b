/*
 * An answer that tests make up, with headers, cookies, an address and
 * variables.
 */
#ifndef TESTS_ANSWERS_H
#define TESTS_ANSWERS_H

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/answer.h"
#include "plan/template.h"

/* What the tests have in common. */
struct world {
	struct answer answer;
	struct answer_source source;
	struct rng rng;
	struct variables variables;
	struct store values;
	struct template_env env;
};

static const struct where here = {"plan.ini", 14};

static const char *world_header(void *context, const char *name)
{
	static const char *const headers[][2] = {
	    {"Content-Type", "text/html"},
	    {"X-Count", "42"},
	    {"X-Long", "1234567"},
	    {"X-Id", "a1b2"},
	    {"X-Empty", ""},
	};

	(void)context;
	for (size_t i = 0; i < ARRAY_LEN(headers); i++)
		if (strcmp(headers[i][0], name) == 0)
			return headers[i][1];
	return NULL;
}

static const char *world_cookie(void *context, const char *name)
{
	(void)context;
	return strcmp(name, "session") == 0 ? "s3cr3t" : NULL;
}

static const char *world_url(void *context)
{
	(void)context;
	return "http://h/login?next=/";
}

/* Gives a variable of the user a value; NULL: it has none. */
static void world_set(struct world *w, const char *name, const char *value)
{
	struct variable *v = variables_find(&w->variables, name, strlen(name));

	if (value != NULL)
		store_set(&w->values, w->variables.n_slots, v->slot, value,
		    strlen(value));
}

static void world_body_bytes(struct world *w, const char *body, size_t len)
{
	answer_clear(&w->answer);
	w->answer.body = body;
	w->answer.body_len = w->answer.bytes = len;
	w->answer.body_is_cut = false;
}

static void world_body(struct world *w, const char *body)
{
	world_body_bytes(w, body, strlen(body));
}

static inline void world_cut_body(struct world *w, const char *body)
{
	world_body(w, body);
	w->answer.body_is_cut = true;
	w->answer.bytes = UINT64_C(3) << 20;
	w->answer.max_body = UINT64_C(1) << 20;
}

static int make_world(void **state)
{
	static const char *const names[] = {"user_name", "limit", "unset"};
	struct world *w = xcalloc(1, sizeof(*w));

	w->source = (struct answer_source) {
	    NULL, world_header, world_cookie, world_url};
	w->answer = (struct answer) {.status = 200,
	    .time_us = 250 * US_PER_MS,
	    .source = &w->source,
	    .reader = json_reader_new()};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		variables_add(&w->variables, names[i], strlen(names[i]),
		    VARIABLE_SLOT, here);
	variables_add(&w->variables, "fixed", 5, VARIABLE_CONSTANT, here)
	    ->text = xstrdup("200,201");
	rng_init(&w->rng, 1, 0);
	w->env = (struct template_env) {.rng = &w->rng, .own = &w->values};
	world_set(w, "user_name", "ada");
	world_set(w, "limit", "100");
	*state = w;
	return 0;
}

static int free_world(void **state)
{
	struct world *w = *state;

	answer_clear(&w->answer);
	json_reader_free(w->answer.reader);
	store_clear(&w->values, w->variables.n_slots);
	variables_clear(&w->variables);
	free(w);
	return 0;
}

#endif
