/*
 * Values with ${variables} in them: compiled into a list of parts, rendered by
 * running over it. It must not know clocks, sockets or where a value is used.
 *
 * A part is literal bytes or something with a render function. A new source of
 * values is a new row of builtins, or a new kind of name beside them that
 * brings a render function of its own.
 */
#include "plan/template.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/supply.h"
#include "plan/data.h"
#include "plan/template_private.h"
#include "plan/unknown.h"

/* what one value's literal text may come to, encoded */
#define LITERAL_MAX_BYTES ((size_t)64 << 20)
#define RANDSTR_MAX       4096
#define ARGS_ANY          SIZE_MAX
#define FIELD_MAX_BYTES   ((size_t)64 << 20) /* of a data file */
#define UUID_LEN          36

/* A piece of the text being compiled; borrowed. */
struct span {
	const char *at;
	size_t len;
};

/* One text on its way to a template. */
struct compiler {
	struct template *t;
	struct buf literal; /* text not yet made a part */
	bool is_too_long;
	enum encoding implied;
	struct variables *variables; /* NULL: none */
	struct diag *d;
	struct where where;
	const char *what;
	struct span variable; /* the one at hand, from ${ to } */
};

/* --- variables, when rendered ------------------------------------------- */

static void put_u64(const struct part *part, uint64_t n, struct buf *out)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRIu64, n);

	encode(part->encoding, text, (size_t)len, out);
}

static void render_user(
    const struct part *part, struct template_env *env, struct buf *out)
{
	put_u64(part, env->user, out);
}

static void render_iteration(
    const struct part *part, struct template_env *env, struct buf *out)
{
	put_u64(part, env->iteration, out);
}

static void render_worker(
    const struct part *part, struct template_env *env, struct buf *out)
{
	put_u64(part, env->worker, out);
}

static void render_now(
    const struct part *part, struct template_env *env, struct buf *out)
{
	put_u64(part, env->wall_us / US_PER_S, out);
}

static void render_now_ms(
    const struct part *part, struct template_env *env, struct buf *out)
{
	put_u64(part, env->wall_us / US_PER_MS, out);
}

/* RFC 4122, version 4: all random but six bits. */
static void render_uuid(
    const struct part *part, struct template_env *env, struct buf *out)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t half[2];
	char text[UUID_LEN];
	size_t i, digit = 0;

	half[0] = rng_next(env->rng);
	half[1] = rng_next(env->rng);
	half[0] = (half[0] & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
	half[1] = half[1] >> 2 | UINT64_C(1) << 63;
	for (i = 0; i < UUID_LEN; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			text[i] = '-';
			continue;
		}
		text[i] = hex[half[digit / 16] >> (60 - 4 * (digit % 16)) & 15];
		digit++;
	}
	encode(part->encoding, text, UUID_LEN, out);
}

static void render_randint(
    const struct part *part, struct template_env *env, struct buf *out)
{
	uint64_t steps = (uint64_t)part->high - (uint64_t)part->low;
	uint64_t step = steps == UINT64_MAX ? rng_next(env->rng)
					    : rng_below(env->rng, steps + 1);
	uint64_t n = (uint64_t)part->low + step;
	char text[24];
	int len;

	if (n > INT64_MAX)
		len = snprintf(text, sizeof(text), "-%" PRIu64, 0 - n);
	else
		len = snprintf(text, sizeof(text), "%" PRIu64, n);
	encode(part->encoding, text, (size_t)len, out);
}

static void render_randstr(
    const struct part *part, struct template_env *env, struct buf *out)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789";
	char text[RANDSTR_MAX];
	size_t i;

	for (i = 0; i < part->len; i++)
		text[i] = letters[rng_below(env->rng, sizeof(letters) - 1)];
	encode(part->encoding, text, part->len, out);
}

static void render_pick(
    const struct part *part, struct template_env *env, struct buf *out)
{
	const char *word = part->words[rng_below(env->rng, part->n_words)];

	encode(part->encoding, word, strlen(word), out);
}

static void render_slot(
    const struct part *part, struct template_env *env, struct buf *out)
{
	const struct value *value =
	    env->own != NULL ? store_get(env->own, part->slot) : NULL;

	if (value == NULL && env->common != NULL)
		value = store_get(env->common, part->slot);
	if (value == NULL)
		env->missing = part->name;
	else
		encode(part->encoding, value->text, value->len, out);
}

/* A field is taken out of its row each time: a user then holds no more of a
 * row than its place. */
static void render_column(
    const struct part *part, struct template_env *env, struct buf *out)
{
	const struct row_place *row =
	    env->rows != NULL ? &env->rows[part->data] : NULL;
	struct buf field;

	if (row == NULL || row->data == NULL) {
		env->missing = part->name;
		return;
	}
	if (part->encoding == ENCODE_NONE) {
		data_field(row->data, row->at, part->column, out);
		return;
	}
	buf_init(&field, FIELD_MAX_BYTES);
	data_field(row->data, row->at, part->column, &field);
	encode(part->encoding, buf_text(&field), buf_len(&field), out);
	buf_clear(&field);
}

/* --- parts -------------------------------------------------------------- */

static bool is_literal(const struct part *part)
{
	return part->render == NULL;
}

static void clear_part(struct part *part)
{
	size_t i;

	for (i = 0; i < part->n_words; i++)
		free(part->words[i]);
	free(part->words);
	free(part->name);
	free(part->owned);
}

/* Takes over what the part owns. */
static void add_part(struct template *t, const struct part *part)
{
	t->parts = grow(t->parts, t->n, &t->cap, sizeof(*t->parts));
	t->parts[t->n++] = *part;
}

static void add_literal(struct template *t, const void *bytes, size_t len)
{
	struct part *last = t->n > 0 ? &t->parts[t->n - 1] : NULL;
	struct part part = {0};

	if (len == 0)
		return;
	if (last == NULL || !is_literal(last) || last->owned == NULL) {
		add_part(t, &part);
		last = &t->parts[t->n - 1];
	}
	last->owned = xreallocarray(last->owned, last->len + len + 1, 1);
	memcpy(last->owned + last->len, bytes, len);
	last->len += len;
	last->owned[last->len] = '\0';
	last->bytes = last->owned;
}

/* --- variables, when compiled ------------------------------------------- */

/* How every complaint about a variable begins. */
#define VARIABLE_FORMAT  "%s \"%.*s\": "
#define VARIABLE_ARGS(c) (c)->what, (int)(c)->variable.len, (c)->variable.at

/* A number with or without a sign; false for anything else. */
static bool parse_int64(const char *text, int64_t *out)
{
	bool is_negative = text[0] == '-';
	uint64_t size;

	if (is_negative || text[0] == '+')
		text++;
	if (!parse_count(text, &size))
		return false;
	if (size > (uint64_t)INT64_MAX + (is_negative ? 1 : 0))
		return false;
	/* -INT64_MIN has no int64_t to stand in on the way */
	*out =
	    is_negative && size > 0 ? -(int64_t)(size - 1) - 1 : (int64_t)size;
	return true;
}

static bool compile_randint(struct compiler *c, struct part *part)
{
	int64_t *ends[] = {&part->low, &part->high};
	size_t i;

	for (i = 0; i < ARRAY_LEN(ends); i++) {
		if (parse_int64(part->words[i], ends[i]))
			continue;
		diag_error(c->d, c->where,
		    VARIABLE_FORMAT "\"%s\" is not a whole number of 64 bits: "
				    "write ${randint 1 100}",
		    VARIABLE_ARGS(c), part->words[i]);
		return false;
	}
	if (part->low > part->high) {
		diag_error(c->d, c->where,
		    VARIABLE_FORMAT "%s is more than %s: "
				    "write ${randint %s %s}",
		    VARIABLE_ARGS(c), part->words[0], part->words[1],
		    part->words[1], part->words[0]);
		return false;
	}
	return true;
}

static bool compile_randstr(struct compiler *c, struct part *part)
{
	uint64_t len;

	if (!parse_count(part->words[0], &len) || len < 1 ||
	    len > RANDSTR_MAX) {
		diag_error(c->d, c->where,
		    VARIABLE_FORMAT "\"%s\" is not a length: "
				    "write a number from 1 to %d",
		    VARIABLE_ARGS(c), part->words[0], RANDSTR_MAX);
		return false;
	}
	part->len = (size_t)len;
	return true;
}

/* The environment does not change during a run: it becomes literal text. */
static bool compile_env(struct compiler *c, struct part *part)
{
	struct supply *supply =
	    c->variables != NULL ? c->variables->supply : NULL;
	const char *value = supply_env(supply, part->words[0]);

	if (value == NULL) {
		diag_error(c->d, c->where,
		    VARIABLE_FORMAT "\"%s\" is not set in the environment: "
				    "set it before loadgen starts",
		    VARIABLE_ARGS(c), part->words[0]);
		return false;
	}
	encode(part->encoding, value, strlen(value), &c->literal);
	return true;
}

static const struct builtin {
	const char *name;
	size_t min_args;
	size_t max_args;
	const char *example;
	/* Looks at part->words, the arguments; NULL: nothing to do. */
	bool (*compile)(struct compiler *c, struct part *part);
	/* NULL: compile has made literal text of it. */
	part_render *render;
} builtins[] = {
    {"uuid", 0, 0, "${uuid}", NULL, render_uuid},
    {"user", 0, 0, "${user}", NULL, render_user},
    {"iteration", 0, 0, "${iteration}", NULL, render_iteration},
    {"worker", 0, 0, "${worker}", NULL, render_worker},
    {"now", 0, 0, "${now}", NULL, render_now},
    {"now_ms", 0, 0, "${now_ms}", NULL, render_now_ms},
    {"randint", 2, 2, "${randint 1 100}", compile_randint, render_randint},
    {"randstr", 1, 1, "${randstr 8}", compile_randstr, render_randstr},
    {"pick", 1, ARGS_ANY, "${pick red green blue}", NULL, render_pick},
    {"env", 1, 1, "${env HOME}", compile_env, NULL},
};

const char *template_builtin(size_t i)
{
	return i < ARRAY_LEN(builtins) ? builtins[i].name : NULL;
}

bool template_knows(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
		if (strlen(builtins[i].name) == len &&
		    strncmp(builtins[i].name, name, len) == 0)
			return true;
	return false;
}

static const struct builtin *find_builtin(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
		if (strcmp(builtins[i].name, name) == 0)
			return &builtins[i];
	return NULL;
}

static void complain_of_name(const struct compiler *c, const char *text)
{
	char *mend = unknown_variable(c->variables, text);

	if (mend != NULL)
		diag_error(c->d, c->where, VARIABLE_FORMAT "%s",
		    VARIABLE_ARGS(c), mend);
	free(mend);
}

static bool check_args(
    const struct compiler *c, const struct builtin *builtin, size_t n_args)
{
	size_t needs = builtin->min_args;

	if (n_args >= needs && n_args <= builtin->max_args)
		return true;
	diag_error(c->d, c->where,
	    VARIABLE_FORMAT "%s takes %zu argument%s%s, got %zu: write %s",
	    VARIABLE_ARGS(c), builtin->name, needs, needs == 1 ? "" : "s",
	    builtin->max_args == ARGS_ANY ? " or more" : "", n_args,
	    builtin->example);
	return false;
}

static bool find_encoder(
    const struct compiler *c, const char *name, enum encoding *out)
{
	const char *names[8], *near;
	size_t n = 0;

	for (size_t i = 1; encoding_name(i) != NULL && n < ARRAY_LEN(names);
	     i++) {
		names[n++] = encoding_name(i);
		if (strcmp(encoding_name(i), name) == 0) {
			*out = (enum encoding)i;
			return true;
		}
	}
	near = nearest_word(name, names, n);
	if (near != NULL)
		diag_error(c->d, c->where,
		    VARIABLE_FORMAT "unknown encoder \"%s\": "
				    "did you mean \"%s\"?",
		    VARIABLE_ARGS(c), name, near);
	else
		diag_error(c->d, c->where,
		    VARIABLE_FORMAT "unknown encoder \"%s\": "
				    "write url, json or base64",
		    VARIABLE_ARGS(c), name);
	return false;
}

/* Cuts text into words at its blanks and gives them to the part. */
static void split_words(struct part *part, const char *text)
{
	static const char blanks[] = " \t\r\n";
	size_t cap = 0, len;

	for (text += strspn(text, blanks); *text != '\0';
	     text += strspn(text, blanks)) {
		len = strcspn(text, blanks);
		part->words =
		    grow(part->words, part->n_words, &cap, sizeof(char *));
		part->words[part->n_words++] = xstrndup(text, len);
		text += len;
	}
}

static void flush_literal(struct compiler *c)
{
	c->is_too_long |= c->literal.full;
	add_literal(c->t, buf_bytes(&c->literal), buf_len(&c->literal));
	buf_reset(&c->literal);
}

static void add_variable(struct compiler *c, struct part *part)
{
	flush_literal(c);
	add_part(c->t, part);
	memset(part, 0, sizeof(*part));
}

/* A constant that stands in this line, or below it. */
static bool complain_of_order(
    const struct compiler *c, const struct variable *variable)
{
	if (variable->where.line == 0)
		diag_error(c->d, c->where,
		    VARIABLE_FORMAT "its value comes last, from %s: write it "
				    "in [vars] above",
		    VARIABLE_ARGS(c), variable->where.file);
	else if (variable->where.line == c->where.line)
		diag_error(c->d, c->where,
		    VARIABLE_FORMAT "it has no value yet where it is given "
				    "one: write a value without it",
		    VARIABLE_ARGS(c));
	else
		diag_error(c->d, c->where,
		    VARIABLE_FORMAT "it stands below, in line %u: move it up",
		    VARIABLE_ARGS(c), variable->where.line);
	return false;
}

/* A variable of the plan. A constant becomes text. */
static bool compile_known(
    struct compiler *c, struct variable *variable, struct part *part)
{
	variable->is_used = true;
	if (variable->kind == VARIABLE_CONSTANT) {
		if (variable->text == NULL)
			return complain_of_order(c, variable);
		encode(part->encoding, variable->text, strlen(variable->text),
		    &c->literal);
		return true;
	}
	part->name = xstrdup(variable->name);
	if (variable->kind == VARIABLE_COLUMN) {
		part->render = render_column;
		part->data = variable->data;
		part->column = variable->column;
		c->variables->data_used |= UINT64_C(1) << variable->data;
	} else {
		part->render = render_slot;
		part->slot = variable->slot;
	}
	add_variable(c, part);
	return true;
}

/* The plan's variable of that name; NULL: it has none. Where hooks may set
 * some, a name that nobody knows is theirs. */
static struct variable *find_variable(
    const struct compiler *c, const char *name)
{
	struct variables *v = c->variables;
	struct variable *found;
	size_t n;

	if (v == NULL)
		return NULL;
	found = variables_find(v, name, strlen(name));
	if (found != NULL || !v->hooks_set_some ||
	    template_knows(name, strcspn(name, " \t\r\n")) ||
	    variables_name_defect(name) != NULL)
		return found;
	n = strlen(name);
	found = variables_add(v, name, n, VARIABLE_SLOT, c->where);
	found->is_from_hook = true;
	return found;
}

/* `name ARGS`, to be encoded as the part says. The part is the caller's to
 * clear: it is empty once the template has taken it over. */
static bool compile_name(struct compiler *c, char *text, struct part *part)
{
	struct variable *variable = find_variable(c, text);
	const struct builtin *builtin;
	size_t name_len = strcspn(text, " \t\r\n");
	char *args = text + name_len, *name;

	if (variable != NULL)
		return compile_known(c, variable, part);
	if (name_len == 0) {
		diag_error(c->d, c->where,
		    VARIABLE_FORMAT "no name: write a variable like ${uuid}, "
				    "or $${ for a plain ${",
		    VARIABLE_ARGS(c));
		return false;
	}
	split_words(part, args);
	name = xstrndup(text, name_len);
	builtin = find_builtin(name);
	free(name);
	if (builtin == NULL)
		complain_of_name(c, text);
	if (builtin == NULL || !check_args(c, builtin, part->n_words))
		return false;
	if (builtin->compile != NULL && !builtin->compile(c, part))
		return false;
	if (builtin->render == NULL)
		return true;
	part->render = builtin->render;
	add_variable(c, part);
	return true;
}

/* What stands between ${ and }. */
static bool compile_variable(struct compiler *c, struct span inside)
{
	struct part part = {.encoding = c->implied};
	char *text = xstrndup(inside.at, inside.len);
	char *bar = strchr(text, '|');
	bool is_good = true;

	if (bar != NULL) {
		*bar = '\0';
		is_good = find_encoder(c, trim(bar + 1), &part.encoding);
	}
	is_good = is_good && compile_name(c, trim(text), &part);
	clear_part(&part);
	free(text);
	return is_good;
}

/* --- texts -------------------------------------------------------------- */

static void put_literal(struct compiler *c, const char *text, size_t len)
{
	/* only addresses are encoded all over: the rest is the plan's own */
	enum encoding encoding =
	    c->implied == ENCODE_URL ? ENCODE_URL : ENCODE_NONE;

	encode(encoding, text, len, &c->literal);
}

/* The next $${ or ${ in text; NULL: none. */
static const char *find_dollar(const char *text)
{
	for (; (text = strchr(text, '$')) != NULL; text++) {
		if (text[1] == '{' || (text[1] == '$' && text[2] == '{'))
			return text;
	}
	return NULL;
}

/* The variable at `at`, a ${; returns what follows its }, or NULL. is_good
 * becomes false after an error. */
static const char *compile_at(struct compiler *c, const char *at, bool *is_good)
{
	const char *inside = at + strlen("${");
	const char *end = strchr(inside, '}');
	const char *next = strstr(inside, "${");

	if (end == NULL || (next != NULL && next < end)) {
		diag_error(c->d, c->where,
		    "%s \"%.40s\": ${ without its }: "
		    "close it, or write $${ for a plain ${",
		    c->what, at);
		*is_good = false;
		return next;
	}
	c->variable = (struct span) {at, (size_t)(end + 1 - at)};
	if (!compile_variable(
		c, (struct span) {inside, (size_t)(end - inside)}))
		*is_good = false;
	return end + 1;
}

/* Whether there is room for all of it. */
static bool fits(const struct compiler *c)
{
	size_t bytes = 0;

	if (c->is_too_long) {
		diag_error(c->d, c->where,
		    "%s: a value of more than %zu bytes: "
		    "put it into a file",
		    c->what, LITERAL_MAX_BYTES);
		return false;
	}
	for (size_t i = 0; i < c->t->n; i++)
		bytes += c->t->parts[i].len;
	return c->variables == NULL ||
	       variables_take_room(c->variables, bytes, c->d, c->where);
}

static bool compile_text(struct compiler *c, const char *text)
{
	const char *dollar;
	bool is_good = true;

	/* no more time for what has been refused */
	if (c->variables != NULL && c->variables->is_too_much)
		return false;

	while ((dollar = find_dollar(text)) != NULL) {
		put_literal(c, text, (size_t)(dollar - text));
		if (dollar[1] == '$') {
			put_literal(c, "${", 2);
			text = dollar + strlen("$${");
			continue;
		}
		text = compile_at(c, dollar, &is_good);
		if (text == NULL)
			return false;
	}
	put_literal(c, text, strlen(text));
	flush_literal(c);
	return fits(c) && is_good;
}

struct template *template_compile(const char *text, enum encoding implied,
    struct variables *v, struct diag *d, struct where where, const char *what)
{
	struct compiler c = {.implied = implied,
	    .variables = v,
	    .d = d,
	    .where = where,
	    .what = what};

	c.t = xcalloc(1, sizeof(*c.t));
	buf_init(&c.literal, LITERAL_MAX_BYTES);
	if (!compile_text(&c, text)) {
		template_free(c.t);
		c.t = NULL;
	}
	buf_clear(&c.literal);
	return c.t;
}

struct template *template_literal(const void *bytes, size_t len)
{
	struct template *t = xcalloc(1, sizeof(*t));

	add_literal(t, bytes, len);
	return t;
}

struct template *template_of(const char *bytes, size_t len)
{
	struct template *t = xcalloc(1, sizeof(*t));
	const struct part part = {.bytes = bytes, .len = len};

	if (len > 0)
		add_part(t, &part);
	return t;
}

struct template *template_append(struct template *a, struct template *b)
{
	size_t i;

	if (a == NULL)
		return b;
	if (b == NULL)
		return a;
	for (i = 0; i < b->n; i++) {
		if (is_literal(&b->parts[i])) {
			add_literal(a, b->parts[i].bytes, b->parts[i].len);
			clear_part(&b->parts[i]);
		} else {
			add_part(a, &b->parts[i]);
		}
	}
	free(b->parts);
	free(b);
	return a;
}

void template_free(struct template *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++)
		clear_part(&t->parts[i]);
	free(t->parts);
	free(t);
}

bool template_is_static(const struct template *t)
{
	return t->n == 0 || (t->n == 1 && is_literal(&t->parts[0]));
}

const char *template_variable(const struct template *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->parts[i].name != NULL)
			return t->parts[i].name;
	return NULL;
}

const char *template_text(const struct template *t, size_t *len)
{
	if (!template_is_static(t))
		return NULL;
	if (len != NULL)
		*len = t->n > 0 ? t->parts[0].len : 0;
	return t->n > 0 ? t->parts[0].bytes : "";
}

void template_render(
    const struct template *t, struct template_env *env, struct buf *out)
{
	const struct part *part;
	size_t i;

	for (i = 0; i < t->n; i++) {
		part = &t->parts[i];
		if (is_literal(part))
			buf_put(out, part->bytes, part->len);
		else
			part->render(part, env, out);
	}
}
