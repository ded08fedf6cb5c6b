/*
 * Variables that there are none of: which one was meant, as other tools call
 * it or by a slip. It must not know how a variable gets its value.
 */
#include "plan/unknown.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "plan/template.h"
#include "plan/values.h"

#define BLANKS        " \t\r\n"
#define MEND_MAX      1024
#define COLUMNS_SHOWN 12

/* What other tools call it. */
static const struct synonym {
	const char *word;
	const char *meant;
} synonyms[] = {
    {"timestamp", "now"},
    {"time", "now"},
    {"__time", "now"},
    {"random", "randint"},
    {"rand", "randint"},
    {"__Random", "randint"},
    {"__VU", "user"},
    {"vu", "user"},
    {"user_id", "user"},
    {"__threadNum", "user"},
    {"__ITER", "iteration"},
    {"__UUID", "uuid"},
    {"guid", "uuid"},
    {"uuidv4", "uuid"},
    {"uuid4", "uuid"},
    {"uuid.uuid4", "uuid"},
    {"randomUUID", "uuid"},
    {"Date.now", "now_ms"},
    {"time.time", "now"},
    {"randomIntBetween", "randint"},
    {"randomInt", "randint"},
    {"random.randint", "randint"},
    {"randomString", "randstr"},
    {"randomItem", "pick"},
    {"random.choice", "pick"},
};

/* NULL: there is none. */
static const char *find_synonym(const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(synonyms); i++)
		if (strlen(synonyms[i].word) == len &&
		    strncmp(synonyms[i].word, word, len) == 0)
			return synonyms[i].meant;
	return NULL;
}

static char *did_you_mean_variable(const char *name, const char *meant)
{
	return xasprintf("unknown variable \"%s\": did you mean \"%s\"?",
	    quote(name).text, meant);
}

/* --- columns ------------------------------------------------------------ */

/* What stands behind `data.` in a column's name; NULL: it is another's. */
static const char *column_of(
    const struct variable *variable, const char *data, size_t len)
{
	if (variable->kind != VARIABLE_COLUMN ||
	    strncmp(variable->name, data, len) != 0 ||
	    variable->name[len] != '.')
		return NULL;
	return variable->name + len + 1;
}

/* `people.nmae`, where there are such people. */
static char *no_column(
    const char *name, size_t len, const char *const *columns, size_t n)
{
	const char *near = nearest_word(name + len + 1, columns, n);
	struct buf all;
	char *text;

	buf_init(&all, MEND_MAX);
	for (size_t i = 0; i < n && i < COLUMNS_SHOWN; i++)
		buf_printf(
		    &all, "%s%s", i > 0 ? ", " : "", quote(columns[i]).text);
	if (n > COLUMNS_SHOWN)
		buf_puts(&all, ", ...");
	text = near != NULL
		   ? xasprintf("[data %.*s] has no column \"%s\": did you mean "
			       "\"%.*s.%s\"?",
			 (int)len, name, quote(name + len + 1).text, (int)len,
			 name, near)
		   : xasprintf("[data %.*s] has no column \"%s\": it has %s",
			 (int)len, name, quote(name + len + 1).text,
			 buf_text(&all));
	buf_clear(&all);
	return text;
}

/* Whether there is a [data] of that name. */
static bool has_data(const struct variables *v, const char *name, size_t len)
{
	for (size_t i = 0; i < v->n; i++)
		if (column_of(v->at[i], name, len) != NULL)
			return true;
	return false;
}

/* A name with a dot, whose first len bytes are that of a [data]. */
static char *unknown_column(
    const struct variables *v, const char *name, size_t len)
{
	const char **columns = xcalloc(v->n + 1, sizeof(*columns));
	size_t n = 0;
	char *text;

	for (size_t i = 0; i < v->n; i++) {
		columns[n] = column_of(v->at[i], name, len);
		if (columns[n] != NULL)
			n++;
	}
	if (n > 0)
		text = no_column(name, len, columns, n);
	else
		text = xasprintf(
		    "there is no [data %.*s]: write one with file = FILE.csv",
		    (int)len, name);
	free(columns);
	return text;
}

/* The variable that is a column of that name; NULL: none. */
static const char *find_column(const struct variables *v, const char *name)
{
	for (size_t i = 0; i < v->n; i++) {
		const char *dot = strchr(v->at[i]->name, '.');

		if (v->at[i]->kind == VARIABLE_COLUMN && dot != NULL &&
		    strcmp(dot + 1, name) == 0)
			return v->at[i]->name;
	}
	return NULL;
}

/* The [data] that a name would be of was reported. */
static bool is_of_unread(
    const struct variables *v, const char *name, size_t len)
{
	for (size_t i = 0; i < v->n_unread; i++)
		if (strlen(v->unread[i]) == len &&
		    strncmp(v->unread[i], name, len) == 0)
			return true;
	return false;
}

/* --- others ------------------------------------------------------------- */

/* `randint(1, 5)`, `uuidv4()`: blanks separate arguments. NULL: it is no
 * call. */
static char *unknown_call(const char *text)
{
	static const char signs[] = "(),\"'[]" BLANKS;
	size_t len = strcspn(text, "("), word;
	const char *meant = find_synonym(text, len), *at = text + len;
	struct buf call;
	char *mend;

	if (*at == '\0' || (meant == NULL && !template_knows(text, len)))
		return NULL;
	buf_init(&call, MEND_MAX);
	if (meant != NULL)
		buf_puts(&call, meant);
	else
		buf_put(&call, text, len);
	for (at += strspn(at, signs); *at != '\0'; at += strspn(at, signs)) {
		word = strcspn(at, signs);
		buf_putc(&call, ' ');
		buf_put(&call, at, word);
		at += word;
	}
	mend = xasprintf("%s: write ${%s}",
	    strchr(buf_text(&call), ' ') != NULL
		? "arguments stand behind blanks"
		: "there are no calls",
	    buf_text(&call));
	buf_clear(&call);
	return mend;
}

/* The words that a name may have been meant as; owned by the caller. */
static const char **known_names(const struct variables *v, size_t *n)
{
	size_t more = v != NULL ? v->n : 0;
	const char **names;

	for (*n = 0; template_builtin(*n) != NULL;)
		++*n;
	names = xcalloc(*n + more, sizeof(*names));
	*n = 0;
	for (size_t i = 0; i < more; i++)
		if (!v->at[i]->is_from_hook)
			names[(*n)++] = v->at[i]->name;
	for (size_t i = 0; template_builtin(i) != NULL; i++)
		names[(*n)++] = template_builtin(i);
	return names;
}

static char *unknown_name(const struct variables *v, const char *name)
{
	size_t n;
	const char **names = known_names(v, &n);
	const char *near = nearest_word(name, names, n), *meant;
	char *text = near != NULL ? did_you_mean_variable(name, near) : NULL;

	free(names);
	meant = find_synonym(name, strlen(name));
	if (text == NULL && meant != NULL)
		return did_you_mean_variable(name, meant);
	if (text == NULL)
		text = xasprintf(
		    "unknown variable \"%s\": nothing sets it: give it a value "
		    "with capture.%s, set.%s or in [vars]",
		    quote(name).text, quote(name).text, quote(name).text);
	return text;
}

/* `env.KEY`, `__ENV.KEY`: what stands behind the dot; NULL: it is none. */
static const char *environment_name(const char *text)
{
	static const char *const fronts[] = {
	    "env.", "ENV.", "__ENV.", "process.env."};

	for (size_t i = 0; i < ARRAY_LEN(fronts); i++)
		if (strncmp(text, fronts[i], strlen(fronts[i])) == 0)
			return text + strlen(fronts[i]);
	return NULL;
}

/* --- objects ------------------------------------------------------------ */

static bool is_owner(const char *name, size_t len)
{
	static const char *const owners[] = {
	    "self", "this", "vars", "user", "context", "ctx"};

	for (size_t i = 0; i < ARRAY_LEN(owners); i++)
		if (strlen(owners[i]) == len &&
		    strncmp(owners[i], name, len) == 0)
			return true;
	return false;
}

/* `self.token`, where there is a token, or self has nothing else to be; NULL:
 * it is none. */
static char *unknown_member(
    const struct variables *v, const char *text, size_t dot)
{
	const char *name = text + dot + 1;
	size_t len = strlen(name);

	if (has_data(v, text, dot) || variables_name_defect(name) != NULL ||
	    (!is_owner(text, dot) && variables_find(v, name, len) == NULL))
		return NULL;
	return xasprintf("variables are no parts of anything: write ${%s}",
	    quote(name).text);
}

/* `users[0].name`, `users[0]["name"]`, where there are such users: the column.
 * NULL: it is none. */
static const char *find_element(const struct variables *v, const char *text)
{
	size_t len = strcspn(text, "["), end = strlen(text), from;
	const char *found = NULL;
	char *name;

	while (end > len && strchr("]\"'", text[end - 1]) != NULL)
		end--;
	for (from = end; from > len && strchr(".[\"'", text[from - 1]) == NULL;)
		from--;
	if (text[len] == '\0' || from == len)
		return NULL;
	name = xasprintf(
	    "%.*s.%.*s", (int)len, text, (int)(end - from), text + from);
	for (size_t i = 0; i < v->n; i++)
		if (v->at[i]->kind == VARIABLE_COLUMN &&
		    strcmp(v->at[i]->name, name) == 0)
			found = v->at[i]->name;
	free(name);
	return found;
}

/* --- all of them -------------------------------------------------------- */

/* A name with a dot in it, behind len bytes. NULL: its [data] was reported. */
static char *unknown_dotted(
    const struct variables *v, const char *text, size_t len)
{
	const char *env = environment_name(text);
	char *mend;

	if (is_of_unread(v, text, len))
		return NULL;
	if (env != NULL && !has_data(v, text, len))
		return xasprintf("a variable of the environment stands "
				 "behind a blank: write ${env %s}",
		    quote(env).text);
	mend = unknown_member(v, text, len);
	return mend != NULL ? mend : unknown_column(v, text, len);
}

char *unknown_variable(const struct variables *v, const char *text)
{
	char *call = unknown_call(text), *name, *mend;
	size_t dot = strcspn(text, "." BLANKS);
	const char *column;

	if (call != NULL)
		return call;
	column = v != NULL ? find_element(v, text) : NULL;
	if (column != NULL)
		return xasprintf("a row is dealt out, not picked by its "
				 "number: write ${%s}",
		    column);
	/* a column's name may have blanks in it */
	if (v != NULL && text[dot] == '.')
		return unknown_dotted(v, text, dot);
	name = xstrndup(text, strcspn(text, BLANKS));
	column = v != NULL ? find_column(v, text) : NULL;
	mend = column != NULL ? did_you_mean_variable(text, column)
			      : unknown_name(v, name);
	free(name);
	return mend;
}

char *unknown_default(const char *text)
{
	static const char signs[] = ":=->,?" BLANKS;
	size_t len = strcspn(text, BLANKS);
	const char *name = text + len + strspn(text + len, BLANKS), *value;

	if (len != strlen("env") || strncmp(text, "env", len) != 0)
		return NULL;
	len = strcspn(name, signs);
	value = name + len + strspn(name + len, signs);
	if (len == 0 || *value == '\0')
		return NULL;
	return xasprintf("a default stands in [vars]: write %.*s = %s there, "
			 "${%.*s} here, and -D vars.%.*s=VALUE for another",
	    (int)len, name, quote(value).text, (int)len, name, (int)len, name);
}
