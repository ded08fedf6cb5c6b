/*
 * Any text as a condition, as one of `when`, as a capture, a pointer and a
 * regular expression, against any body: each compiles or gets lines of
 * complaint, and what compiles is decided the same each time, for a cut body
 * too. An expression finds what regexec() finds in one go, a pointer leads
 * where RFC 6901 says, and JSON that is written out is read as the same again.
 * The input is text, a byte 0xff, and the body.
 */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/util.h"
#include "plan/capture.h"
#include "plan/condition.h"
#include "plan/regex.h"

enum {
	OUT_MAX = 1 << 20,
	KEPT_BYTES = 50,
	MATCHES_MAX = 20,
	LONG_BYTES = 3000
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct where here = {"fuzz", 1};

/* One input. */
struct input {
	const char *text;
	struct text body;
	struct variables variables;
	struct store values;
	struct json_reader *reader;
};

/* assert() is compiled out of a release, and this must not be. */
static void must(bool holds)
{
	if (!holds)
		abort();
}

static const char *last_header(void *context, const char *name)
{
	return strlen(name) % 2 == 0 ? context : NULL;
}

static const char *last_url(void *context)
{
	(void)context;
	return "http://127.0.0.1/a?b=c";
}

/* --- answers ------------------------------------------------------------ */

struct reply {
	struct answer answer;
	struct answer_source source;
	struct rng rng;
	struct template_env env;
	char header[32]; /* what header() and cookie() give */
};

static void reply_init(struct reply *r, const struct input *in, bool is_cut)
{
	memset(r, 0, sizeof(*r));
	rng_init(&r->rng, 1, 1);
	r->env = (struct template_env) {.rng = &r->rng, .own = &in->values};
	snprintf(r->header, sizeof(r->header), "text/html; charset=utf-8");
	r->source = (struct answer_source) {
	    r->header, last_header, last_header, last_url};
	r->answer = (struct answer) {.status = 200 + (long)in->body.len,
	    .time_us = 1234,
	    .bytes = in->body.len,
	    .body = in->body.at,
	    .body_len = in->body.len,
	    .body_is_cut = is_cut,
	    .max_body = in->body.len,
	    .source = &r->source,
	    .reader = in->reader};
}

/* --- conditions --------------------------------------------------------- */

static void test_condition(
    const struct condition *c, const struct input *in, bool is_cut)
{
	enum condition_result once, again;
	struct buf why, second;
	struct reply r;

	buf_init(&why, OUT_MAX);
	buf_init(&second, OUT_MAX);
	reply_init(&r, in, is_cut);
	once = condition_test(c, &r.answer, &r.env, &why);
	must((once == CONDITION_HOLDS) == (buf_len(&why) == 0));
	rng_init(&r.rng, 1, 1);
	again = condition_test(c, &r.answer, &r.env, &second);
	must(once == again && buf_len(&why) == buf_len(&second));
	condition_show_subject(c, &r.answer, &second);
	buf_reset(&second);
	condition_why_held(c, &r.answer, &r.env, &second);
	must(buf_len(&second) > 0);
	answer_clear(&r.answer);
	buf_clear(&why);
	buf_clear(&second);
}

static void check_condition(struct input *in)
{
	struct condition *c;
	struct diag d;

	diag_init(&d);
	c = condition_compile(in->text, &in->variables, &d, here, "check");
	must((d.errors > 0) == (c == NULL));
	diag_clear(&d);
	if (c != NULL) {
		test_condition(c, in, false);
		test_condition(c, in, true);
	}
	condition_free(c);
}

static void check_when(struct input *in)
{
	struct condition *c;
	struct reply r;
	struct diag d;

	diag_init(&d);
	c = condition_compile_when(in->text, &in->variables, &d, here);
	must((d.errors > 0) == (c == NULL));
	diag_clear(&d);
	reply_init(&r, in, false);
	if (c != NULL)
		(void)condition_when(c, &r.env);
	condition_free(c);
}

/* --- captures ----------------------------------------------------------- */

static void take(const struct capture *c, const struct input *in, bool is_cut)
{
	struct buf out, why;
	struct reply r;
	bool is_found;

	buf_init(&out, OUT_MAX);
	buf_init(&why, OUT_MAX);
	reply_init(&r, in, is_cut);
	is_found = capture_take(c, &r.answer, &r.env, &out, &why);
	must(is_found == (buf_len(&why) == 0));
	answer_clear(&r.answer);
	buf_clear(&out);
	buf_clear(&why);
}

static void check_capture(struct input *in)
{
	struct capture *c;
	struct diag d;

	diag_init(&d);
	c = capture_compile("x", in->text, &in->variables, &d, here);
	must((d.errors > 0) == (c == NULL));
	diag_clear(&d);
	if (c != NULL) {
		take(c, in, false);
		take(c, in, true);
	}
	capture_free(c);
}

/* --- what they are made of ---------------------------------------------- */

/* NULL: it is refused, and said why. */
static struct regex *compiled(const char *text, bool wants_match)
{
	char *defect = NULL;
	struct regex *r = regex_compile(text, wants_match, &defect);

	must((r == NULL) == (defect != NULL));
	free(defect);
	return r;
}

/* What was found is what regexec() finds, and so is what its group took. */
static void compare(const regex_t *plain, struct regex_text text, size_t from,
    enum regex_result result, const struct regex_match *match)
{
	regmatch_t found[2] = {{(regoff_t)from, (regoff_t)text.len}, {-1, -1}};
	int flags = REG_STARTEND;

	if (from > 0)
		flags |= REG_NOTBOL;
	if (text.is_cut)
		flags |= REG_NOTEOL;
	must((regexec(plain, text.bytes, 2, found, flags) == 0) ==
	     (result == REGEX_FOUND));
	if (result != REGEX_FOUND)
		return;
	must((size_t)found[0].rm_so == match->start &&
	     (size_t)found[0].rm_eo == match->end);
	if (plain->re_nsub == 0)
		found[1] = found[0];
	must(match->has_group == (found[1].rm_so >= 0));
	must(!match->has_group ||
	     ((size_t)found[1].rm_so == match->group_start &&
		 (size_t)found[1].rm_eo == match->group_end));
}

static void check_matches(struct regex *r, struct regex *any,
    const regex_t *plain, struct regex_text text)
{
	struct regex_match match;
	enum regex_result result;
	uint64_t left;
	size_t at = 0;

	for (int n = 0; n < MATCHES_MAX && at <= text.len; n++) {
		left = REGEX_BUDGET;
		result = regex_find(r, text, at, &left, &match);
		if (result == REGEX_TOO_LONG)
			return;
		compare(plain, text, at, result, &match);
		left = REGEX_BUDGET;
		must(regex_find(any, text, at, &left, NULL) == result);
		if (result != REGEX_FOUND)
			return;
		must(match.meets_end == (match.end == text.len));
		at = regex_after(&match);
	}
}

static void check_text(const char *expression, struct regex_text text)
{
	struct regex *r = compiled(expression, true);
	struct regex *any = compiled(expression, false);
	regex_t plain;

	must((r == NULL) == (any == NULL));
	if (r == NULL)
		return;
	must(regcomp(&plain, expression, REG_EXTENDED) == 0);
	check_matches(r, any, &plain, text);
	text.is_cut = true;
	check_matches(r, any, &plain, text);
	regfree(&plain);
	regex_free(any);
	regex_free(r);
}

static void check_regex(const struct input *in)
{
	char *text;

	check_text(
	    in->text, (struct regex_text) {in->body.at, in->body.len, false});
	/* the same again and again */
	text = xcalloc(LONG_BYTES + 1, 1);
	for (size_t i = 0; i < LONG_BYTES && in->body.len > 0; i++)
		text[i] = in->body.at[i % in->body.len];
	check_text(in->text, (struct regex_text) {text, LONG_BYTES, false});
	free(text);
}

/* ~1 and ~0 in a part of a pointer. */
static void unescape(char *part)
{
	char *to = part;

	for (const char *from = part; *from != '\0'; from++) {
		*to = *from;
		if (*from == '~')
			*to = *++from == '1' ? '/' : '~';
		to++;
	}
	*to = '\0';
}

static bool step(struct json_object **value, char *part)
{
	size_t digits = strspn(part, "0123456789");

	if (json_kind(*value) == JSON_OBJECT) {
		unescape(part);
		return json_object_object_get_ex(*value, part, value);
	}
	if (json_kind(*value) != JSON_ARRAY || digits == 0 ||
	    part[digits] != '\0' || (part[0] == '0' && digits > 1) ||
	    strtoull(part, NULL, 10) >= json_length(*value))
		return false;
	*value = json_element(*value, strtoull(part, NULL, 10));
	return true;
}

/* Where RFC 6901 leads. */
static bool walk(struct json_object **value, const char *path)
{
	bool is_there = true;

	while (is_there && *path == '/') {
		size_t len = strcspn(path + 1, "/");
		char *part = xstrndup(path + 1, len);

		is_there = step(value, part);
		free(part);
		path += 1 + len;
	}
	return is_there;
}

/* Whether a part is empty: json-c 0.16 takes an index without digits for 0. */
static bool has_empty_part(const char *path)
{
	size_t len = strlen(path);

	return strstr(path, "//") != NULL || (len > 0 && path[len - 1] == '/');
}

struct visits {
	size_t n;
	struct json_object *last;
};

static void visit(void *context, struct json_object *value)
{
	struct visits *v = context;

	must(json_text(value).at != NULL);
	v->last = value;
	v->n++;
}

static void check_pointer(const struct input *in, struct json_object *root)
{
	struct json_object *found = NULL;
	struct visits visits = {0};
	struct json_pointer *p;
	char *defect = NULL;
	bool is_found;

	p = json_pointer_compile(in->text, false, &defect);
	must((p == NULL) == (defect != NULL));
	free(defect);
	if (p == NULL)
		return;
	is_found = json_find(in->reader, p, &found);
	if (!has_empty_part(in->text)) {
		must(is_found == walk(&root, in->text));
		must(!is_found || found == root);
	}
	json_find_all(in->reader, p, visit, &visits);
	must(visits.n == (is_found ? 1 : 0));
	must(!is_found || visits.last == found);
	json_pointer_free(p);
	p = json_pointer_compile(in->text, true, &defect);
	json_pointer_add_star(p);
	json_find_all(in->reader, p, visit, &visits);
	json_pointer_free(p);
}

/* What is written out is read as the same. */
static void check_written(struct json_object *root)
{
	struct json_reader *reader = json_reader_new();
	struct json_object *again = NULL;
	struct text written = json_text(root);
	char *defect = NULL;
	struct json_pointer *p = json_pointer_compile("", false, &defect);

	must(json_read(reader, written) == JSON_GOOD);
	must(json_find(reader, p, &again));
	must(json_kind(again) == json_kind(root));
	must(text_equals(json_text(again), written));
	json_pointer_free(p);
	json_reader_free(reader);
}

static void check_json(const struct input *in)
{
	struct json_object *root = NULL;
	char *defect = NULL;
	struct json_pointer *p;

	if (json_read(in->reader, in->body) != JSON_GOOD)
		return;
	p = json_pointer_compile("", false, &defect);
	must(json_find(in->reader, p, &root));
	json_pointer_free(p);
	check_pointer(in, root);
	/* a string's text is no JSON */
	if (json_kind(root) != JSON_STRING)
		check_written(root);
}

/* --- the whole ---------------------------------------------------------- */

static void add_variables(struct input *in)
{
	struct variable *v;

	v = variables_add(&in->variables, "v", 1, VARIABLE_SLOT, here);
	store_set(&in->values, 2, v->slot, in->body.at,
	    in->body.len < KEPT_BYTES ? in->body.len : KEPT_BYTES);
	variables_add(&in->variables, "none", 4, VARIABLE_SLOT, here);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(data, 0xff, size) : NULL;
	size_t len = end != NULL ? (size_t)(end - data) : size;
	char *text = xstrndup((const char *)data, len);
	size_t body_len = end != NULL ? size - len - 1 : 0;
	/* with a NUL behind it, and not a byte more */
	char *body = xcalloc(body_len + 1, 1);
	struct input in = {.text = text, .body = {body, body_len}};

	if (body_len > 0)
		memcpy(body, end + 1, body_len);
	in.reader = json_reader_new();
	add_variables(&in);
	check_condition(&in);
	check_when(&in);
	check_capture(&in);
	check_regex(&in);
	check_json(&in);
	store_clear(&in.values, in.variables.n_slots);
	variables_clear(&in.variables);
	json_reader_free(in.reader);
	free(body);
	free(text);
	return 0;
}
