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
	free(entry->comment);
}

/* The name as sections are found by: one blank behind the first word. */
static char *normal_name(const char *name)
{
	size_t len = strcspn(name, " \t");

	return xasprintf("%.*s%s%s", (int)len, name,
	    name[len] != '\0' ? " " : "",
	    name + len + strspn(name + len, " \t"));
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
	struct ini_section *found = NULL;
	char *normal = normal_name(name);

	for (size_t i = 0; i < ini->n && found == NULL; i++)
		if (strcmp(ini->sections[i].name, normal) == 0)
			found = &ini->sections[i];
	free(normal);
	return found;
}

struct ini_section *ini_add_section(
    struct ini *ini, const char *name, struct where where)
{
	struct ini_section *s;

	ini->sections =
	    grow(ini->sections, ini->n, &ini->cap, sizeof(*ini->sections));
	s = &ini->sections[ini->n++];
	memset(s, 0, sizeof(*s));
	s->name = normal_name(name);
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
	memset(e, 0, sizeof(*e));
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
