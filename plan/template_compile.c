/*
 * From text to a template: variables are found, and what they are of the plan
 * is looked up. It must not know what the built-in ones make of their
 * arguments.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/data.h"
#include "plan/template_private.h"
#include "plan/unknown.h"

/* what one value's literal text may come to, encoded */
#define LITERAL_MAX_BYTES ((size_t)64 << 20)
#define FIELD_MAX_BYTES   ((size_t)64 << 20) /* of a data file */

/* --- variables of the plan, when rendered ------------------------------- */

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

/* --- variables, when compiled ------------------------------------------- */

static void complain_of_name(
    const struct template_compiler *c, const char *text)
{
	char *mend = unknown_variable(c->variables, text);

	if (mend != NULL)
		diag_error(c->d, c->where, VARIABLE_FORMAT "%s",
		    VARIABLE_ARGS(c), mend);
	free(mend);
}

/* `env NAME` with a default behind it; false: it is none. */
static bool complain_of_default(
    const struct template_compiler *c, const char *text)
{
	char *mend = unknown_default(text);
	bool has_default = mend != NULL;

	if (has_default)
		diag_error(c->d, c->where, VARIABLE_FORMAT "%s",
		    VARIABLE_ARGS(c), mend);
	free(mend);
	return has_default;
}

static bool check_args(const struct template_compiler *c,
    const struct builtin *builtin, size_t n_args)
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
    const struct template_compiler *c, const char *name, enum encoding *out)
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

static void flush_literal(struct template_compiler *c)
{
	c->is_too_long |= c->literal.full;
	template_add_literal(
	    c->t, buf_bytes(&c->literal), buf_len(&c->literal));
	buf_reset(&c->literal);
}

static void add_variable(struct template_compiler *c, struct part *part)
{
	flush_literal(c);
	template_add_part(c->t, part);
	memset(part, 0, sizeof(*part));
}

/* A constant that stands in this line, or below it. */
static bool complain_of_order(
    const struct template_compiler *c, const struct variable *variable)
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
    struct template_compiler *c, struct variable *variable, struct part *part)
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
    const struct template_compiler *c, const char *name)
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
static bool compile_name(
    struct template_compiler *c, const char *text, struct part *part)
{
	struct variable *variable = find_variable(c, text);
	const struct builtin *builtin;
	size_t name_len = strcspn(text, " \t\r\n");

	if (variable != NULL)
		return compile_known(c, variable, part);
	if (name_len == 0) {
		diag_error(c->d, c->where,
		    VARIABLE_FORMAT "no name: write a variable like ${uuid}, "
				    "or $${ for a plain ${",
		    VARIABLE_ARGS(c));
		return false;
	}
	split_words(part, text + name_len);
	builtin = builtin_find(text, name_len);
	if (builtin == NULL)
		complain_of_name(c, text);
	if (builtin == NULL || complain_of_default(c, text) ||
	    !check_args(c, builtin, part->n_words))
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
static bool compile_variable(struct template_compiler *c, struct span inside)
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
	part_clear(&part);
	free(text);
	return is_good;
}

/* --- texts -------------------------------------------------------------- */

static void put_literal(
    struct template_compiler *c, const char *text, size_t len)
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
static const char *compile_at(
    struct template_compiler *c, const char *at, bool *is_good)
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
static bool fits(const struct template_compiler *c)
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

static bool compile_text(struct template_compiler *c, const char *text)
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
	struct template_compiler c = {.implied = implied,
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
