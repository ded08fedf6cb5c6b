/*
 * What is done with a row of the key table: find it, apply an entry to it, say
 * what it should have been called. It must not know what the values of two
 * keys mean together.
 */
#include "plan/keys.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "plan/fields.h"
#include "plan/foreign.h"
#include "plan/values.h"

static const struct section_kind kinds[] = {
    {"load", false, true, {"load"}},
    {"http", false, true, {"http"}},
    {"user", true, false, {"user"}},
    {"task", true, false,
	{"task", "step", "request", "poll", "call", "any", "http"}},
    {"vars", false, true, {"vars"}},
    {"data", true, false, {"data"}},
    {"hook", true, false, {"hook"}},
    {"thresholds", true, true, {"thresholds"}},
    {"report", false, true, {"report"}},
    {"remote", false, true, {"remote"}},
};

const struct key_info *plan_key_info(size_t i)
{
	return i < keys_n ? &keys_table[i].info : NULL;
}

#define ANY_NAME   "NAME"
#define ANY_NUMBER "NN"

/* Of a row whose name ends with this word: what name has in place of it. NULL:
 * the row does not, or begins otherwise. */
static const char *behind_front(
    const struct key *row, const char *word, const char *name)
{
	const char *all = row->info.name;
	size_t len;

	if (strlen(all) < strlen(word))
		return NULL;
	len = strlen(all) - strlen(word);
	if (strcmp(all + len, word) != 0 || strncmp(all, name, len) != 0)
		return NULL;
	return name + len;
}

/* A digit, and then digits and points: what is wrong with 99..9 is told by
 * whoever reads it. */
static bool is_like_number(const char *text)
{
	return text[0] >= '0' && text[0] <= '9' &&
	       text[strspn(text, "0123456789.")] == '\0';
}

static bool is_numbered(const struct key *row, const char *name)
{
	const char *number = behind_front(row, ANY_NUMBER, name);

	return number != NULL && is_like_number(number);
}

/* Whether a key that is written so is one of this row's. */
static bool row_has(const struct key *row, const char *name)
{
	const char *rest = behind_front(row, ANY_NAME, name);

	return strcmp(row->info.name, name) == 0 ||
	       (rest != NULL && rest[0] != '\0') || is_numbered(row, name);
}

const struct key *keys_find(const char *section, const char *name)
{
	for (size_t i = 0; i < keys_n; i++)
		if (strcmp(keys_table[i].info.section, section) == 0 &&
		    row_has(&keys_table[i], name))
			return &keys_table[i];
	return NULL;
}

const char *keys_behind(const char *key, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(key, prefix, len) != 0 || key[len] != '.')
		return NULL;
	return key + len + 1;
}

/* --- sections ----------------------------------------------------------- */

const struct section_kind *keys_section(const char *section, const char **name)
{
	size_t len = strcspn(section, " \t");

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strlen(kinds[i].word) != len ||
		    strncmp(kinds[i].word, section, len) != 0)
			continue;
		if (name != NULL)
			*name = section + len + strspn(section + len, " \t");
		return &kinds[i];
	}
	return NULL;
}

bool keys_is_section(const char *section)
{
	return keys_section(section, NULL) != NULL;
}

/* A section that takes any key has none of its own. */
static bool takes_any(const struct section_kind *kind)
{
	return keys_find(kind->key_sections[0], ANY_NAME) != NULL;
}

static const struct key *find_in_kind(
    const struct section_kind *kind, const char *name)
{
	const struct key *key = NULL;

	for (size_t i = 0; key == NULL && kind->key_sections[i] != NULL; i++)
		key = keys_find(kind->key_sections[i], name);
	return key;
}

bool keys_is_key(const char *section, const char *key)
{
	const struct section_kind *kind = keys_section(section, NULL);

	return kind != NULL && find_in_kind(kind, key) != NULL;
}

bool keys_repeats(const char *section, const char *key)
{
	const struct section_kind *kind = keys_section(section, NULL);
	const struct key *row = kind != NULL ? find_in_kind(kind, key) : NULL;

	return row != NULL && row->info.repeats &&
	       strcmp(row->info.name, key) == 0;
}

bool keys_is_any_key(const char *key)
{
	for (size_t i = 0; i < keys_n; i++)
		if (strcmp(keys_table[i].info.name, key) == 0 ||
		    is_numbered(&keys_table[i], key))
			return true;
	return false;
}

enum ini_lines keys_lines_of(const char *section, const char *key)
{
	const struct section_kind *kind = keys_section(section, NULL);
	const struct key *row = kind != NULL ? find_in_kind(kind, key) : NULL;

	if (row == NULL)
		return INI_LINES_UNKNOWN;
	return (row->flags & KEY_LINES) != 0 ? INI_LINES_MANY : INI_LINES_ONE;
}

char *keys_meant_line(const char *section, const char *line)
{
	const struct section_kind *kind = keys_section(section, NULL);

	return kind != NULL ? foreign_line(kind->word, line) : NULL;
}

/* What stands behind its word in brackets. */
static const char *name_of(const struct section_kind *kind)
{
	/* one that may be added needs none */
	return kind->has_name && !kind->can_be_added ? " NAME" : "";
}

char *keys_sections(void)
{
	struct buf all;
	char *text;

	buf_init(&all, 1024);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		buf_printf(&all, "%s[%s%s]",
		    i == 0                      ? ""
		    : i + 1 == ARRAY_LEN(kinds) ? " or "
						: ", ",
		    kinds[i].word, name_of(&kinds[i]));
	text = xstrdup(buf_text(&all));
	buf_clear(&all);
	return text;
}

void keys_report_section(struct diag *d, const char *name, struct where where)
{
	const char *words[ARRAY_LEN(kinds)];
	size_t len = strcspn(name, " \t");
	char *word = xstrndup(name, len), *all = keys_sections();
	char *mend = foreign_section(name);
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		words[i] = kinds[i].word;
	near = nearest_word(word, words, ARRAY_LEN(words));
	if (mend == NULL && near != NULL)
		mend = xasprintf(
		    "did you mean [%s%s]?", near, quote(name + len).text);
	else if (mend == NULL)
		mend = xasprintf("write %s", all);
	diag_error(
	    d, where, "unknown section [%s]: %s", quote(name).text, mend);
	free(mend);
	free(all);
	free(word);
}

/* --- scopes ------------------------------------------------------------- */

void scope_init(struct scope *scope)
{
	memset(scope, 0, sizeof(*scope));
}

void scope_add(struct scope *scope, const char *section, void *base)
{
	assert(scope->n < SCOPE_SECTIONS);
	scope->sections[scope->n] = section;
	scope->bases[scope->n++] = base;
}

const struct ini_entry *scope_find(const struct scope *scope, const char *key)
{
	const struct key *row;

	for (size_t i = 0; i < scope->n; i++) {
		row = keys_find(scope->sections[i], key);
		if (row != NULL)
			return scope->seen[row - keys_table];
	}
	return NULL;
}

/* What no value of this key may be; false: it was reported. */
static bool value_is_fine(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry)
{
	if (entry->value[0] == '\0' && (key->flags & KEY_EMPTY) == 0) {
		diag_error(env->diag, entry->where, "%s: it has no value: %s",
		    entry->key,
		    entry->where.line > 0
			? "write one behind the \"=\", or remove the line"
			: "give it one, or leave it out");
		return false;
	}
	if (strchr(entry->value, '\n') != NULL &&
	    (key->flags & KEY_LINES) == 0) {
		field_error(env, entry, "%s",
		    entry->where.line > 0
			? "it goes on in the next line, as that one is "
			  "indented, and has to be a single line: remove the "
			  "blanks there, or join the lines"
			: "it has to be a single line: join the lines");
		return false;
	}
	return true;
}

/* Parses an entry into the field of its key, its variables filled in first
 * where they cannot wait. */
static void key_apply(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *base)
{
	struct ini_entry expanded = *entry;

	if (!value_is_fine(env, key, entry) || key->parse == NULL)
		return;
	if ((key->flags & KEY_TEMPLATE) == 0) {
		expanded.value = field_expand(env, entry);
		if (expanded.value == NULL)
			return;
		key->parse(env, key, &expanded, (char *)base + key->offset);
		free(expanded.value);
	} else {
		key->parse(env, key, entry, (char *)base + key->offset);
	}
}

bool scope_apply(struct scope *scope, const struct key_env *env,
    const struct ini_entry *entry)
{
	const struct key *key = NULL;
	const struct ini_entry **seen;
	size_t i;

	for (i = 0; i < scope->n; i++) {
		key = keys_find(scope->sections[i], entry->key);
		if (key != NULL)
			break;
	}
	if (key == NULL)
		return false;
	seen = &scope->seen[key - keys_table];
	if (*seen != NULL && (key->flags & KEY_REPEATS) == 0) {
		diag_error(env->diag, entry->where,
		    "%s: it is set in line %u already: %s", entry->key,
		    (*seen)->where.line,
		    (key->flags & KEY_LIST) != 0
			? "write all in one, with commas"
			: "remove one of them");
		return true;
	}
	*seen = entry;
	key_apply(env, key, entry, scope->bases[i]);
	return true;
}

void keys_defaults(const struct key_env *env, const char *section, void *base)
{
	struct ini_entry entry = {0};

	for (size_t i = 0; i < keys_n; i++) {
		const struct key *key = &keys_table[i];

		if (strcmp(key->info.section, section) != 0 ||
		    key->info.fallback == NULL)
			continue;
		entry.key = xstrdup(key->info.name);
		entry.value = xstrdup(key->info.fallback);
		entry.where = (struct where) {"default", 0};
		key_apply(env, key, &entry, base);
		free(entry.key);
		free(entry.value);
	}
}

/* --- unknown keys ------------------------------------------------------- */

/* Where else it belongs: "[load] or [user NAME]"; "" for nowhere. Owned by
 * the caller. */
static char *homes_of(const char *name)
{
	char *text = xstrdup("");
	char *longer;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (takes_any(&kinds[i]) ||
		    find_in_kind(&kinds[i], name) == NULL)
			continue;
		longer =
		    xasprintf("%s%s[%s%s]", text, text[0] != '\0' ? " or " : "",
			kinds[i].word, name_of(&kinds[i]));
		free(text);
		text = longer;
	}
	return text;
}

/* A key whose dot is a blank, or that has one too many: `capture id`,
 * `header.Accept`. Owned by the caller; NULL: it is none. */
static char *dotted_key(
    const struct section_kind *kind, const struct ini_entry *entry)
{
	const char *header = keys_behind(entry->key, "header");
	size_t len = strcspn(entry->key, " \t");
	const char *rest = entry->key + len + strspn(entry->key + len, " \t");
	char *key, *hint = NULL;

	if (header != NULL && find_in_kind(kind, "header") != NULL)
		return xasprintf("write header = %s: %s", quote(header).text,
		    entry->value != NULL ? quote(entry->value).text : "VALUE");
	if (*rest == '\0')
		return NULL;
	key = xasprintf("%.*s.%s", (int)len, entry->key, rest);
	if (find_in_kind(kind, key) != NULL)
		hint = xasprintf("did you mean \"%s\"?", quote(key).text);
	free(key);
	return hint;
}

/* "its keys are A, B, and those of [http]"; owned by the caller. */
static char *list_keys(const struct section_kind *kind)
{
	const char *other = "";
	struct buf all;
	char *text;

	buf_init(&all, 4096);
	for (size_t i = 0; kind->key_sections[i] != NULL; i++) {
		const char *section = kind->key_sections[i];

		if (strcmp(section, kind->word) != 0 &&
		    keys_is_section(section)) {
			other = section;
			continue;
		}
		for (size_t k = 0; k < keys_n; k++)
			if (strcmp(keys_table[k].info.section, section) == 0 &&
			    find_in_kind(kind, keys_table[k].info.name) ==
				&keys_table[k])
				buf_printf(&all, "%s%s",
				    buf_len(&all) > 0 ? ", " : "",
				    keys_table[k].info.name);
	}
	text = xasprintf("its keys are %s%s%s%s", buf_text(&all),
	    other[0] != '\0' ? ", and those of [" : "", other,
	    other[0] != '\0' ? "]" : "");
	buf_clear(&all);
	return text;
}

/* The key that may be meant; NULL: none. */
static const char *near_key(const struct section_kind *kind, const char *name)
{
	const char *names[KEYS_MAX];
	size_t n = 0;

	for (size_t i = 0; kind->key_sections[i] != NULL; i++)
		for (size_t k = 0; k < keys_n; k++)
			if (strcmp(keys_table[k].info.section,
				kind->key_sections[i]) == 0)
				names[n++] = keys_table[k].info.name;
	return nearest_word(name, names, n);
}

/* All keys there are, the first time that somebody asks for those of this kind
 * of section; owned by the caller. */
static char *list_once(struct key_env *env, const struct section_kind *kind)
{
	unsigned bit = 1U << (kind - kinds);
	bool is_told = (env->lists_told & bit) != 0;

	env->lists_told |= bit;
	return is_told ? xstrdup("see man loadgen.ini") : list_keys(kind);
}

const char *keys_report_unknown(
    struct key_env *env, const char *word, const struct ini_entry *entry)
{
	const struct section_kind *kind = keys_section(word, NULL);
	const char *near = NULL;
	char *homes = homes_of(entry->key);
	char *hint;

	assert(kind != NULL);
	hint = foreign_key_of(kind->word, entry->key, entry->value);
	if (hint == NULL)
		hint = dotted_key(kind, entry);
	if (hint == NULL && homes[0] != '\0')
		hint = xasprintf("it belongs in %s", homes);
	else if (hint == NULL)
		hint = foreign_key(entry->key, entry->value);
	if (hint == NULL) {
		near = near_key(kind, entry->key);
		hint = near != NULL ? xasprintf("did you mean \"%s\"?", near)
				    : list_once(env, kind);
	}
	diag_error(env->diag, entry->where, "unknown key \"%s\" in [%s]: %s",
	    quote(entry->key).text, kind->word, hint);
	free(hint);
	free(homes);
	return near;
}
