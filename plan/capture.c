/*
 * Captures: where to look in an answer, which of several to take. It must not
 * know where a value is kept.
 */
#include "plan/capture.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/meant.h"
#include "plan/phrase.h"
#include "plan/regex.h"
#include "plan/values.h"

#define BLANKS " \t\r\n"

enum which { WHICH_FIRST, WHICH_ANY, WHICH_LAST };

/* What came of looking. */
enum found {
	FOUND,
	FOUND_NOTHING, /* a default stands for it */
	FOUND_UNKNOWN  /* it could not be decided: why says so */
};

struct source;

struct capture {
	const struct source *source;
	enum which which;
	char *name;    /* owned: of the variable */
	char *text;    /* owned: all of it */
	char *written; /* owned: the same without the default */
	char *part;    /* owned: of a header or cookie, the name */
	struct json_pointer *pointer;
	struct regex *regex;
	struct template *otherwise; /* NULL: none */
};

/* One text on its way to a capture. */
struct compiler {
	struct capture *c;
	struct phrase phrase;
	struct variables *variables;
};

/* A row for each source. */
struct source {
	const char *name;
	const char *example;
	bool has_many; /* any and last make sense */
	bool needs_body;
	bool (*compile)(struct compiler *k); /* NULL: takes nothing */
	enum found (*take)(const struct capture *c, struct answer *a,
	    struct rng *rng, struct buf *out, struct buf *why);
};

/* --- one of many -------------------------------------------------------- */

/* Sees one after the other without knowing how many there will be; each is
 * as likely as any other to be chosen (reservoir sampling). */
struct draw {
	enum which which;
	struct rng *rng;
	uint64_t n;
};

static bool is_chosen(struct draw *draw)
{
	draw->n++;
	switch (draw->which) {
	case WHICH_FIRST:
		return draw->n == 1;
	case WHICH_ANY:
		return rng_below(draw->rng, draw->n) == 0;
	case WHICH_LAST:
		break;
	}
	return true;
}

/* --- texts of the answer ------------------------------------------------ */

static enum found take_string(const char *text, struct buf *out)
{
	if (text == NULL)
		return FOUND_NOTHING;
	buf_puts(out, text);
	return FOUND;
}

static enum found take_header(const struct capture *c, struct answer *a,
    struct rng *rng, struct buf *out, struct buf *why)
{
	(void)rng;
	(void)why;
	return take_string(answer_header(a, c->part), out);
}

static enum found take_cookie(const struct capture *c, struct answer *a,
    struct rng *rng, struct buf *out, struct buf *why)
{
	(void)rng;
	(void)why;
	return take_string(answer_cookie(a, c->part), out);
}

static enum found take_url(const struct capture *c, struct answer *a,
    struct rng *rng, struct buf *out, struct buf *why)
{
	(void)c;
	(void)rng;
	(void)why;
	return take_string(answer_url(a), out);
}

static enum found take_status(const struct capture *c, struct answer *a,
    struct rng *rng, struct buf *out, struct buf *why)
{
	(void)c;
	(void)rng;
	(void)why;
	if (a->status <= 0)
		return FOUND_NOTHING;
	buf_printf(out, "%ld", a->status);
	return FOUND;
}

/* --- JSON --------------------------------------------------------------- */

struct json_draw {
	struct draw draw;
	struct json_object *value;
};

static void see_value(void *context, struct json_object *value)
{
	struct json_draw *j = context;

	if (json_kind(value) != JSON_NULL && is_chosen(&j->draw))
		j->value = value;
}

static enum found take_json(const struct capture *c, struct answer *a,
    struct rng *rng, struct buf *out, struct buf *why)
{
	struct json_draw j = {{c->which, rng, 0}, NULL};
	struct text text;

	if (!answer_read_json(a, why))
		return a->body_is_cut ? FOUND_UNKNOWN : FOUND_NOTHING;
	if (c->which != WHICH_FIRST)
		json_find_all(a->reader, c->pointer, see_value, &j);
	else if (json_find(a->reader, c->pointer, &j.value))
		see_value(&j, j.value);
	if (j.draw.n == 0)
		return FOUND_NOTHING;
	text = json_text(j.value);
	buf_put(out, text.at, text.len);
	return FOUND;
}

/* --- the body ----------------------------------------------------------- */

/* A match that ends where the body was cut might have been longer. */
static enum found take_body(const struct capture *c, struct answer *a,
    struct rng *rng, struct buf *out, struct buf *why)
{
	struct text body = answer_body(a);
	const struct regex_text text = {body.at, body.len, a->body_is_cut};
	struct draw draw = {c->which, rng, 0};
	uint64_t left = REGEX_BUDGET;
	struct text chosen = {"", 0};
	struct regex_match match;
	enum regex_result result;
	size_t at = 0;

	while ((result = regex_find(c->regex, text, at, &left, &match)) ==
	       REGEX_FOUND) {
		if (match.meets_end && a->body_is_cut)
			break;
		at = regex_after(&match);
		if (!match.has_group || !is_chosen(&draw))
			continue;
		chosen.at = body.at + match.group_start;
		chosen.len = match.group_end - match.group_start;
		if (c->which == WHICH_FIRST)
			break;
	}
	if (result == REGEX_TOO_LONG) {
		buf_puts(why, "the expression takes too long on this text");
		return FOUND_UNKNOWN;
	}
	if (a->body_is_cut && (draw.n == 0 || c->which == WHICH_LAST)) {
		answer_put_cut(a, why);
		return FOUND_UNKNOWN;
	}
	buf_put(out, chosen.at, chosen.len);
	return draw.n > 0 ? FOUND : FOUND_NOTHING;
}

/* --- compiling ---------------------------------------------------------- */

static bool complain_of_example(const struct compiler *k, const char *why)
{
	phrase_error(&k->phrase, "%s: write %s", why, k->c->source->example);
	return false;
}

static bool compile_json(struct compiler *k)
{
	const char *start = k->phrase.rest;
	char *text = phrase_name(&k->phrase, false), *defect;

	if (text != NULL && k->phrase.rest == start) {
		free(text);
		return complain_of_example(k, "no pointer");
	}
	if (text != NULL)
		text = phrase_fill(&k->phrase, k->variables, "a pointer", text);
	if (text == NULL)
		return false;
	k->c->pointer =
	    json_pointer_compile(text, k->c->which != WHICH_FIRST, &defect);
	if (k->c->pointer == NULL) {
		phrase_error(
		    &k->phrase, "\"%s\": %s", quote(text).text, defect);
		free(defect);
	} else {
		phrase_warn_of_places(&k->phrase, text);
		if (k->c->which != WHICH_FIRST)
			json_pointer_add_star(k->c->pointer);
	}
	free(text);
	return k->c->pointer != NULL;
}

static bool compile_part(struct compiler *k)
{
	k->c->part = phrase_name(&k->phrase, false);
	if (k->c->part != NULL)
		k->c->part =
		    phrase_fill(&k->phrase, k->variables, "a name", k->c->part);
	if (k->c->part == NULL)
		return false;
	if (*k->c->part == '\0')
		return complain_of_example(k, "no name");
	if (is_token(k->c->part, strlen(k->c->part)))
		return true;
	phrase_error(&k->phrase, "\"%s\" is no name of a %s: write %s",
	    quote(k->c->part).text, k->c->source->name, k->c->source->example);
	return false;
}

static bool compile_body(struct compiler *k)
{
	char *text, *defect;

	if (phrase_is_at_end(&k->phrase))
		return complain_of_example(k, "no expression");
	text = phrase_loose_value(&k->phrase);
	if (text != NULL)
		text = phrase_fill(
		    &k->phrase, k->variables, "an expression", text);
	if (text == NULL)
		return false;
	k->c->regex = regex_compile(text, true, &defect);
	free(text);
	if (k->c->regex == NULL) {
		phrase_error(&k->phrase, "%s", defect);
		free(defect);
	}
	return k->c->regex != NULL;
}

static const struct source sources[] = {
    {"json", "json /id", .has_many = true, .needs_body = true,
	.compile = compile_json, .take = take_json},
    {"header", "header Location", .compile = compile_part, .take = take_header},
    {"cookie", "cookie session", .compile = compile_part, .take = take_cookie},
    {"body", "body href=\"([^\"]+)\"", .has_many = true, .needs_body = true,
	.compile = compile_body, .take = take_body},
    {"status", "status", .take = take_status},
    {"url", "url", .take = take_url},
};

static void complain_of_source(const struct compiler *k, const char *word)
{
	const char *names[ARRAY_LEN(sources) + 2], *near;
	char *pointer, *part = meant_part(word);
	size_t n = 0;

	for (; n < ARRAY_LEN(sources); n++)
		names[n] = sources[n].name;
	names[n++] = "any";
	names[n++] = "last";
	near = nearest_word(word, names, n);
	if (part != NULL) {
		phrase_error(&k->phrase,
		    "unknown source \"%s\": did you mean \"%s\"?",
		    quote(word).text, quote(part).text);
	} else if (strchr("/$.", word[0]) != NULL) {
		pointer = meant_pointer(word);
		phrase_error(&k->phrase, "no source: did you mean \"json %s\"?",
		    quote(pointer).text);
		free(pointer);
	} else if (near != NULL)
		phrase_error(&k->phrase,
		    "unknown source \"%s\": did you mean \"%s\"?",
		    quote(word).text, near);
	else
		phrase_error(&k->phrase,
		    "unknown source \"%s\": write json POINTER, header NAME, "
		    "cookie NAME, body REGEX, status or url",
		    quote(word).text);
	free(part);
}

/* `any` or `last` in front. */
static void compile_which(struct compiler *k)
{
	static const struct {
		const char *word;
		enum which which;
	} words[] = {{"any", WHICH_ANY}, {"last", WHICH_LAST}};
	size_t len = strcspn(k->phrase.rest, BLANKS);

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strlen(words[i].word) == len &&
		    memcmp(words[i].word, k->phrase.rest, len) == 0) {
			k->c->which = words[i].which;
			k->phrase.rest += len;
			k->phrase.rest += strspn(k->phrase.rest, BLANKS);
			return;
		}
	}
}

static bool find_source(struct compiler *k)
{
	char *word;

	if (phrase_is_at_end(&k->phrase)) {
		phrase_error(
		    &k->phrase, "no source: write %s", sources[0].example);
		return false;
	}
	word = phrase_name(&k->phrase, false);
	if (word == NULL)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (strcmp(word, sources[i].name) == 0)
			k->c->source = &sources[i];
	if (k->c->source == NULL)
		complain_of_source(k, word);
	free(word);
	if (k->c->source == NULL || k->c->which == WHICH_FIRST ||
	    k->c->source->has_many)
		return k->c->source != NULL;
	phrase_error(&k->phrase, "there is one %s at most: leave %s out",
	    k->c->source->name, k->c->which == WHICH_ANY ? "any" : "last");
	return false;
}

static bool compile_source(struct compiler *k)
{
	const char *start = k->phrase.rest;
	size_t len;

	compile_which(k);
	if (!find_source(k) ||
	    (k->c->source->compile != NULL && !k->c->source->compile(k)))
		return false;
	if (!phrase_is_at_end(&k->phrase)) {
		phrase_error(&k->phrase,
		    "\"%s\" behind the source: write -> before a default",
		    quote(k->phrase.rest).text);
		return false;
	}
	len = (size_t)(k->phrase.rest - start);
	while (len > 0 && strchr(BLANKS, start[len - 1]) != NULL)
		len--;
	k->c->written = xstrndup(start, len);
	return true;
}

static bool compile_default(struct compiler *k)
{
	struct phrase *p = &k->phrase;
	bool is_quoted;
	char *text;

	if (*p->rest == '\0')
		return true;
	if (*phrase_behind_arrow(p) == '\0') {
		phrase_error(p, "no default behind ->: write one, \"\" for the "
				"empty text, or leave -> out");
		return false;
	}
	is_quoted = *p->rest == '"';
	text = is_quoted ? phrase_value(p) : xstrdup(p->rest);
	if (text == NULL)
		return false;
	if (is_quoted && *p->rest != '\0') {
		phrase_error(p,
		    "\"%s\" behind the default: write \\\" for a "
		    "quote in quotes",
		    quote(p->rest).text);
		free(text);
		return false;
	}
	k->c->otherwise = template_compile(
	    text, ENCODE_NONE, k->variables, p->d, p->where, p->what);
	free(text);
	return k->c->otherwise != NULL;
}

struct capture *capture_compile(const char *name, const char *text,
    struct variables *v, struct diag *d, struct where where)
{
	struct compiler k = {.variables = v};
	struct capture *c = k.c = xcalloc(1, sizeof(*c));
	char *copy = xstrdup(text);
	char *what = xasprintf("capture.%s", name);
	bool is_good;

	c->name = xstrdup(name);
	c->text = xstrdup(trim(copy));
	free(copy);
	k.phrase = (struct phrase) {c->text, c->text, d, where, what};
	is_good = compile_source(&k) && compile_default(&k);
	free(what);
	if (is_good)
		return c;
	capture_free(c);
	return NULL;
}

void capture_free(struct capture *c)
{
	if (c == NULL)
		return;
	template_free(c->otherwise);
	regex_free(c->regex);
	json_pointer_free(c->pointer);
	free(c->part);
	free(c->written);
	free(c->text);
	free(c->name);
	free(c);
}

bool capture_needs_body(const struct capture *c)
{
	return c->source->needs_body;
}

const char *capture_text(const struct capture *c)
{
	return c->text;
}

/* --- taking ------------------------------------------------------------- */

static bool take_default(const struct capture *c, struct template_env *env,
    struct buf *out, struct buf *why)
{
	env->missing = NULL;
	template_render(c->otherwise, env, out);
	if (env->missing == NULL)
		return true;
	buf_printf(
	    why, "capture.%s: ${%s} has no value", c->name, env->missing);
	return false;
}

bool capture_take(const struct capture *c, struct answer *a,
    struct template_env *env, struct buf *out, struct buf *why)
{
	struct buf reason;
	enum found found;

	buf_init(&reason, why->max_bytes);
	found = c->source->take(c, a, env->rng, out, &reason);
	if (found == FOUND_NOTHING && c->otherwise != NULL) {
		buf_clear(&reason);
		return take_default(c, env, out, why);
	}
	if (found != FOUND)
		buf_printf(why, "capture.%s: %s: %s", c->name,
		    quote(c->written).text,
		    buf_len(&reason) > 0 ? buf_text(&reason) : "nothing found");
	buf_clear(&reason);
	return found == FOUND;
}
