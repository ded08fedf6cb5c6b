/*
 * What the command line says about keys of the plan, put among the entries of
 * the file as if it had been written there. Knows no values.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/loader.h"
#include "plan/values.h"

/* How many of the entries come before the first step; all, where there are
 * no steps. */
static size_t head_len(const struct ini_section *section, bool has_steps)
{
	size_t i;

	for (i = 0; i < section->n; i++)
		if (has_steps && keys_find("step", section->entries[i].key))
			break;
	return i;
}

static size_t count_key(
    const struct ini_section *section, const char *key, size_t upto)
{
	size_t n = 0;

	for (size_t i = 0; i < upto; i++)
		n += strcmp(section->entries[i].key, key) == 0;
	return n;
}

/* Whether it takes the place of this entry: of two headers on the command line
 * none does that of the other. */
static bool replaces(const struct ini_section *section,
    const struct override *override, const struct ini_entry *entry)
{
	bool is_from_file = entry->where.line > 0;

	return strcmp(entry->key, override->key) == 0 &&
	       (is_from_file || !keys_repeats(section->name, override->key));
}

/* A key of the section itself: in place of all of it that the file has. */
static void replace_all(struct ini_section *section,
    const struct override *override, struct where where, size_t upto)
{
	size_t at = upto;

	for (size_t i = upto; i > 0; i--) {
		if (!replaces(section, override, &section->entries[i - 1]))
			continue;
		ini_remove(section, i - 1);
		at = i - 1;
	}
	/* the removed ones stood before the end of the head, or were none */
	ini_insert(section, at, override->key, override->value, where);
}

/* The place behind what the command line has said of this key already, where
 * it may be said again; 0: there is none. */
static size_t place_behind(
    const struct ini_section *section, const struct override *override)
{
	size_t at = section->n;

	if (!keys_repeats(section->name, override->key) ||
	    keys_find("step", override->key) != NULL)
		return 0;
	while (at > 0 &&
	       (section->entries[at - 1].where.line > 0 ||
		   strcmp(section->entries[at - 1].key, override->key) != 0))
		at--;
	return at;
}

/* A key of one step: only where there is no doubt which. */
static void replace_one(struct loader *l, struct ini_section *section,
    const struct override *override, struct where where)
{
	size_t n = count_key(section, override->key, section->n);
	size_t behind = place_behind(section, override);
	struct ini_entry *e = section->entries;

	if (behind > 0) {
		ini_insert(
		    section, behind, override->key, override->value, where);
		return;
	}
	if (n != 1) {
		diag_error(l->diag, where,
		    "%s: [%s] has %zu of them: only a key that is there "
		    "once, or that may stand before the first step, can be "
		    "set from here",
		    override->key, quote(section->name).text, n);
		return;
	}
	while (strcmp(e->key, override->key) != 0)
		e++;
	free(e->value);
	e->value = xstrdup(override->value);
	free(e->comment);
	e->comment = NULL;
	e->where = where;
}

/* The section it is for; NULL after an error. */
static struct ini_section *find_section(struct loader *l,
    const struct override *override, const struct section_kind *kind,
    struct where where)
{
	struct ini_section *section = ini_find(&l->ini, override->section);
	const char **names;
	char *hint;

	if (section != NULL)
		return section;
	if (kind->can_be_added)
		return ini_add_section(&l->ini, override->section, where);
	names = xcalloc(l->ini.n + 1, sizeof(*names));
	for (size_t i = 0; i < l->ini.n; i++)
		names[i] = l->ini.sections[i].name;
	hint = name_one_of(
	    override->section, names, l->ini.n, "name one that the plan has");
	diag_error(l->diag, where, "no section [%s] in the plan: %s",
	    quote(override->section).text, hint);
	free(hint);
	free(names);
	return NULL;
}

static void apply(struct loader *l, const struct override *override)
{
	struct where where = {override->where, 0};
	const struct section_kind *kind = keys_section(override->section, NULL);
	struct ini_entry entry = {0};
	struct ini_section *section;
	bool is_task;

	if (kind == NULL) {
		keys_report_section(l->diag, override->section, where);
		return;
	}
	is_task = strcmp(kind->word, "task") == 0;
	if (!keys_is_key(override->section, override->key)) {
		entry.key = xstrdup(override->key);
		entry.where = where;
		keys_report_unknown(&l->env, override->section, &entry);
		free(entry.key);
		return;
	}
	section = find_section(l, override, kind, where);
	if (section == NULL)
		return;
	if (is_task && keys_find("task", override->key) == NULL &&
	    keys_find("http", override->key) == NULL)
		replace_one(l, section, override, where);
	else
		replace_all(
		    section, override, where, head_len(section, is_task));
}

void overrides_apply(struct loader *l)
{
	for (size_t i = 0; i < l->source->n_overrides; i++)
		apply(l, &l->source->overrides[i]);
}
