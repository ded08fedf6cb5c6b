/*
 * The list of sections and entries that an INI file is read into. It knows no
 * text of files.
 */
#include "plan/ini.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

static void entry_clear(struct ini_entry *entry)
{
	free(entry->key);
	free(entry->value);
}

void ini_clear(struct ini *ini)
{
	for (size_t i = 0; i < ini->n; i++) {
		struct ini_section *s = &ini->sections[i];

		for (size_t k = 0; k < s->n; k++)
			entry_clear(&s->entries[k]);
		free(s->entries);
		free(s->name);
	}
	free(ini->sections);
	memset(ini, 0, sizeof(*ini));
}

struct ini_section *ini_find(const struct ini *ini, const char *name)
{
	for (size_t i = 0; i < ini->n; i++)
		if (strcmp(ini->sections[i].name, name) == 0)
			return &ini->sections[i];
	return NULL;
}

struct ini_section *ini_add_section(
    struct ini *ini, const char *name, struct where where)
{
	struct ini_section *s;

	ini->sections =
	    grow(ini->sections, ini->n, &ini->cap, sizeof(*ini->sections));
	s = &ini->sections[ini->n++];
	memset(s, 0, sizeof(*s));
	s->name = xstrdup(name);
	s->where = where;
	return s;
}

void ini_insert(struct ini_section *section, size_t at, const char *key,
    const char *value, struct where where)
{
	struct ini_entry *e;

	section->entries = grow(section->entries, section->n, &section->cap,
	    sizeof(*section->entries));
	e = &section->entries[at];
	memmove(e + 1, e, (section->n - at) * sizeof(*e));
	section->n++;
	e->key = xstrdup(key);
	e->value = xstrdup(value);
	e->where = where;
}

void ini_remove(struct ini_section *section, size_t at)
{
	struct ini_entry *e = &section->entries[at];

	entry_clear(e);
	section->n--;
	memmove(e, e + 1, (section->n - at) * sizeof(*e));
}
