/*
 * All names of variables that a plan gives, found before anything is compiled:
 * [vars], the columns of [data NAME], and what tasks and users capture and
 * set. It must not know what any of them is used for.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/data.h"
#include "plan/fields.h"
#include "plan/loader.h"
#include "plan/values.h"

#define CONSTANT_MAX_BYTES ((size_t)1 << 20)

/* A name that no variable may have; false: it was reported. */
static bool name_is_fine(
    struct loader *l, const struct ini_entry *entry, const char *name)
{
	const char *defect = variables_name_defect(name);

	if (defect == NULL && template_knows(name, strlen(name)))
		defect = "it is a variable of loadgen's own: choose another "
			 "name";
	if (defect != NULL)
		diag_error(l->diag, entry->where, "%s: \"%s\": %s", entry->key,
		    quote(name).text, defect);
	return defect == NULL;
}

/* --- [vars] ------------------------------------------------------------- */

/* Their names come first, so that one that is used above its line is told from
 * one that nobody has written. */
static void name_constants(struct loader *l, const struct ini_section *section)
{
	struct variables *v = &l->plan->variables;

	for (size_t i = 0; i < section->n; i++) {
		const struct ini_entry *entry = &section->entries[i];
		size_t len = strlen(entry->key);

		if (variables_name_defect(entry->key) == NULL &&
		    !template_knows(entry->key, len) &&
		    variables_find(v, entry->key, len) == NULL)
			variables_add(v, entry->key, len, VARIABLE_CONSTANT,
			    entry->where);
	}
}

/* `NAME = VALUE`, where the value may have those above it. */
static void add_constant(struct loader *l, const struct ini_entry *entry)
{
	struct variables *v = &l->plan->variables;
	struct variable *variable =
	    variables_find(v, entry->key, strlen(entry->key));
	char *text;
	bool is_good;

	if (!name_is_fine(l, entry, entry->key) || variable == NULL)
		return;
	if (variable->text != NULL) {
		diag_error(l->diag, entry->where,
		    "%s: it is set in line %u already: remove one of them",
		    entry->key, variable->where.line);
		return;
	}
	text = field_expand(&l->env, entry);
	is_good = text != NULL && strlen(text) <= CONSTANT_MAX_BYTES;
	if (text != NULL && !is_good)
		field_error(&l->env, entry,
		    "it comes to more than %zu MiB: put it into a file",
		    CONSTANT_MAX_BYTES >> 20);
	/* where that failed, what uses it is no further mistake */
	variable->text = is_good ? text : xstrdup("");
	if (!is_good)
		free(text);
}

static void load_vars(struct loader *l, const struct ini_section *section)
{
	for (size_t i = 0; i < section->n; i++)
		add_constant(l, &section->entries[i]);
}

/* --- [data NAME] -------------------------------------------------------- */

void data_file_clear(struct data_file *file)
{
	data_close(file->data);
	free(file->name);
	free(file->path);
}

static void add_columns(struct loader *l, const struct data_file *file)
{
	struct variables *v = &l->plan->variables;
	unsigned number = (unsigned)(file - l->plan->data);

	for (size_t i = 0; i < data_columns(file->data); i++) {
		char *name =
		    xasprintf("%s.%s", file->name, data_column(file->data, i));
		struct variable *variable = variables_add(
		    v, name, strlen(name), VARIABLE_COLUMN, file->where);

		variable->data = number;
		variable->column = (unsigned)i;
		free(name);
	}
}

static void open_data(
    struct loader *l, struct data_file *file, const struct ini_entry *entry)
{
	/* it was reported */
	if (file->path == NULL)
		return;
	file->data = supply_data(
	    &l->supply, file->path, l->diag, entry->where, entry->key);
	if (file->data != NULL)
		add_columns(l, file);
}

static void load_data(
    struct loader *l, const struct ini_section *section, const char *name)
{
	struct plan *plan = l->plan;
	struct data_file *file = &plan->data[plan->n_data];
	struct scope scope;
	const struct ini_entry *entry;
	bool is_lost = false; /* an unknown key may have been meant as file */

	if (plan->n_data == DATA_FILES_MAX) {
		diag_error(l->diag, section->where,
		    "[%s]: there are %d such sections already: join some "
		    "files",
		    quote(section->name).text, DATA_FILES_MAX);
		return;
	}
	plan->n_data++;
	file->name = xstrdup(name);
	file->where = section->where;
	keys_defaults(&l->env, "data", file);
	scope_init(&scope);
	scope_add(&scope, "data", file);
	for (size_t i = 0; i < section->n; i++) {
		if (scope_apply(&scope, &l->env, &section->entries[i]))
			continue;
		keys_report_unknown(&l->env, "data", &section->entries[i]);
		is_lost = true;
	}
	if (variables_name_defect(name) != NULL)
		diag_error(l->diag, section->where,
		    "[%s]: it needs a name of letters, digits and _: write "
		    "[data people] for ${people.COLUMN}",
		    quote(section->name).text);
	entry = scope_find(&scope, "file");
	if (entry == NULL && !is_lost)
		diag_error(l->diag, section->where,
		    "[%s]: it names no file: write file = people.csv",
		    quote(section->name).text);
	else if (entry != NULL)
		open_data(l, file, entry);
	if (file->data == NULL)
		variables_add_unread(&plan->variables, name);
}

/* --- what tasks and users set ------------------------------------------- */

static void add_slot(
    struct loader *l, const struct ini_entry *entry, const char *name)
{
	struct variables *v = &l->plan->variables;
	struct variable *there = variables_find(v, name, strlen(name));

	if (!name_is_fine(l, entry, name))
		return;
	if (there == NULL) {
		variables_add(
		    v, name, strlen(name), VARIABLE_SLOT, entry->where);
	} else if (there->kind == VARIABLE_CONSTANT) {
		/* [vars] gives what it holds at first */
		there->kind = VARIABLE_SLOT;
		there->slot = v->n_slots++;
		there->set_where = entry->where;
	}
}

static void load_slots(struct loader *l, const struct ini_section *section)
{
	static const char *const prefixes[] = {"set", "capture"};

	for (size_t i = 0; i < section->n; i++) {
		const struct ini_entry *entry = &section->entries[i];

		for (size_t k = 0; k < ARRAY_LEN(prefixes); k++) {
			const char *name = keys_behind(entry->key, prefixes[k]);

			if (name != NULL &&
			    keys_is_key(section->name, entry->key))
				add_slot(l, entry, name);
		}
	}
}

/* Whether it is a hook whose output becomes variables: of everyone, so that
 * what only a worker hears is none. Its mistakes are told when it is loaded. */
static bool sets_variables(struct loader *l, const struct ini_section *section)
{
	struct variables *v = &l->plan->variables;
	uint64_t text_bytes = v->text_bytes;
	bool is_too_much = v->is_too_much, yes;
	struct key_env env = l->env;
	struct hook hook = {0};
	struct scope scope;
	struct diag quiet;

	diag_init(&quiet);
	env.diag = &quiet;
	keys_defaults(&env, "hook", &hook);
	scope_init(&scope);
	scope_add(&scope, "hook", &hook);
	for (size_t i = 0; i < section->n; i++)
		scope_apply(&scope, &env, &section->entries[i]);
	yes = hook.on != NULL && strcmp(hook.on, "test_start") == 0 &&
	      hook.place != HOOK_WORKER && !hook.stream;
	hook_clear(&hook);
	diag_clear(&quiet);
	v->text_bytes = text_bytes;
	v->is_too_much = is_too_much;
	return yes;
}

/* --- all of them -------------------------------------------------------- */

static bool is_kind(
    const struct ini_section *section, const char *word, const char **name)
{
	const struct section_kind *kind = keys_section(section->name, name);

	return kind != NULL && strcmp(kind->word, word) == 0;
}

void names_load(struct loader *l)
{
	const char *name;

	l->plan->data = xcalloc(DATA_FILES_MAX, sizeof(*l->plan->data));
	for (size_t i = 0; i < l->ini.n; i++)
		if (is_kind(&l->ini.sections[i], "vars", &name))
			name_constants(l, &l->ini.sections[i]);
	for (size_t i = 0; i < l->ini.n; i++)
		if (is_kind(&l->ini.sections[i], "vars", &name))
			load_vars(l, &l->ini.sections[i]);
	for (size_t i = 0; i < l->ini.n; i++) {
		const struct ini_section *section = &l->ini.sections[i];

		if (is_kind(section, "data", &name))
			load_data(l, section, name);
		else if (is_kind(section, "hook", &name))
			l->plan->variables.hooks_set_some |=
			    sets_variables(l, section);
		else
			load_slots(l, section);
	}
}

static bool is_data_used(const struct plan *plan, unsigned number)
{
	for (size_t i = 0; i < plan->variables.n; i++) {
		const struct variable *v = plan->variables.at[i];

		if (v->kind == VARIABLE_COLUMN && v->data == number &&
		    (v->is_used || v->meant_where.file != NULL))
			return true;
	}
	return false;
}

/* What was told to be written without ${} is no more to be removed. */
static void warn_of_unused(struct loader *l, const struct variable *v)
{
	if (v->meant_where.file == NULL)
		diag_warning(l->diag, v->where,
		    "%s: it is given a value, and nothing uses ${%s}: remove "
		    "it",
		    v->name, v->name);
	else
		diag_warning(l->diag, v->where,
		    "%s: it is given a value, and nothing uses ${%s}: line %u "
		    "has it without the ${}: mend that",
		    v->name, v->name, v->meant_where.line);
}

void names_finish(struct loader *l)
{
	const struct plan *plan = l->plan;

	for (size_t i = 0; i < plan->variables.n; i++) {
		const struct variable *v = plan->variables.at[i];

		if (v->kind != VARIABLE_COLUMN && !v->is_used)
			warn_of_unused(l, v);
	}
	for (unsigned i = 0; i < plan->n_data; i++)
		if (!is_data_used(plan, i))
			diag_warning(l->diag, plan->data[i].where,
			    "[data %s]: nothing uses a column of it, as "
			    "${%s.%s}: remove it",
			    plan->data[i].name, plan->data[i].name,
			    data_column(plan->data[i].data, 0));
}
