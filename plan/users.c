/*
 * [user NAME]: one kind of user, and the tasks it names. It must not know the
 * other kinds, nor what steps are made of.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/fields.h"
#include "plan/loader.h"
#include "plan/meant.h"
#include "plan/values.h"

/* No kind may be named so many times that sums run over. */
#define WEIGHT_MAX UINT64_C(1000000)

/* --- tasks by name ------------------------------------------------------ */

struct task *users_find_task(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_tasks; i++)
		if (strcmp(plan->tasks[i]->name, name) == 0)
			return plan->tasks[i];
	return NULL;
}

/* Whether it has quotes, brackets or a comment that are none here. */
static bool is_dressed(const struct ini_entry *entry)
{
	char *meant = meant_value(entry->value);

	bool yes = meant != NULL;

	free(meant);
	return yes;
}

/* The task of that name; NULL after an error about this entry. */
static struct task *need_task(
    struct loader *l, const struct ini_entry *entry, const char *name)
{
	struct plan *plan = l->plan;
	struct task *task = users_find_task(plan, name);
	const char **names;
	char *hint;

	if (task != NULL)
		return task;
	if (is_dressed(entry)) {
		field_error(&l->env, entry, "not a task");
		return NULL;
	}
	names = xcalloc(plan->n_tasks + 1, sizeof(*names));
	for (size_t i = 0; i < plan->n_tasks; i++)
		names[i] = plan->tasks[i]->name;
	hint = did_you_mean(
	    name, names, plan->n_tasks, "name one that has a [task NAME]");
	diag_error(l->diag, entry->where, "%s: there is no task \"%s\": %s",
	    entry->key, quote(name).text, hint);
	free(hint);
	free(names);
	return NULL;
}

/* `NAME` or `NAME:WEIGHT`: a name with a colon in it goes first. Cuts word;
 * false: no weight is there. */
static bool cut_weight(const struct plan *plan, char *word, uint64_t *weight)
{
	char *colon = strrchr(word, ':');
	uint64_t n;

	if (colon == NULL || users_find_task(plan, word) != NULL ||
	    !parse_count(colon + 1, &n))
		return false;
	*colon = '\0';
	trim(word);
	*weight = n;
	return true;
}

void users_add_choice(
    struct user_kind *kind, const struct task *task, uint64_t weight)
{
	struct choice *c;

	kind->choices = xreallocarray(
	    kind->choices, kind->n_choices + 1, sizeof(*kind->choices));
	c = &kind->choices[kind->n_choices++];
	*c = (struct choice) {task, weight, 0};
}

/* `tasks = browse:3, buy`. */
static void load_tasks(
    struct loader *l, struct user_kind *kind, const struct ini_entry *written)
{
	struct ini_entry entry = *written;
	struct words list = {0};
	const char *defect;
	struct task *task;
	uint64_t weight;
	bool has_weight, told = false;

	entry.value = field_expand(&l->env, written);
	if (entry.value == NULL)
		return;
	defect = words_split(&list, entry.value);
	if (defect != NULL)
		field_error(&l->env, &entry, "%s", defect);
	for (size_t i = 0; i < list.n && !told; i++) {
		weight = 0;
		has_weight = cut_weight(l->plan, list.at[i], &weight);
		task = need_task(l, &entry, list.at[i]);
		told = task == NULL && is_dressed(&entry);
		if (weight > WEIGHT_MAX)
			field_error(&l->env, &entry,
			    "weight %" PRIu64 " is too large: write at most "
			    "%" PRIu64,
			    weight, WEIGHT_MAX);
		else if (task != NULL)
			users_add_choice(
			    kind, task, has_weight ? weight : task->weight);
	}
	words_clear(&list);
	free(entry.value);
}

/* `on_start = TASK`. A task that is only named so is not drawn. */
static const struct task *load_hook(
    struct loader *l, const struct scope *scope, const char *key)
{
	const struct ini_entry *written = scope_find(scope, key);
	struct ini_entry entry;
	struct task *task = NULL;

	if (written == NULL || written->value[0] == '\0')
		return NULL;
	entry = *written;
	entry.value = field_expand(&l->env, written);
	if (entry.value != NULL)
		task = need_task(l, &entry, entry.value);
	free(entry.value);
	if (task != NULL && !task->has_weight)
		task->is_drawn = false;
	return task;
}

/* --- one section -------------------------------------------------------- */

struct user_kind *users_add_kind(
    struct loader *l, const char *name, struct where where)
{
	struct plan *plan = l->plan;
	struct user_kind *kind = xcalloc(1, sizeof(*kind));

	l->notes =
	    grow(l->notes, plan->n_kinds, &l->cap_notes, sizeof(*l->notes));
	memset(&l->notes[plan->n_kinds], 0, sizeof(*l->notes));
	plan->kinds = grow(
	    plan->kinds, plan->n_kinds, &plan->cap_kinds, sizeof(*plan->kinds));
	plan->kinds[plan->n_kinds++] = kind;
	kind->name = xstrdup(name);
	kind->where = where;
	keys_defaults(&l->env, "user", kind);
	return kind;
}

void user_load(
    struct loader *l, const struct ini_section *section, const char *name)
{
	struct user_kind *kind = users_add_kind(l, name, section->where);
	struct kind_note *note = &l->notes[l->plan->n_kinds - 1];
	const struct ini_entry *tasks, *weight;
	struct scope scope;

	scope_init(&scope, "user", kind, NULL, NULL);
	for (size_t i = 0; i < section->n; i++)
		if (!scope_apply(&scope, &l->env, &section->entries[i]))
			keys_report_unknown(
			    l->diag, "user", &section->entries[i]);
	kind->has_wait = scope_find(&scope, "wait") != NULL;
	note->host = scope_find(&scope, "host");
	note->count = scope_find(&scope, "count");
	weight = scope_find(&scope, "weight");
	if (note->count != NULL && weight != NULL)
		field_error(&l->env,
		    weight->where.line > note->count->where.line ? weight
								 : note->count,
		    "a kind has a weight or a count: remove one of them");
	tasks = scope_find(&scope, "tasks");
	note->has_tasks = tasks != NULL;
	if (tasks != NULL && tasks->value[0] != '\0')
		load_tasks(l, kind, tasks);
	kind->on_start = load_hook(l, &scope, "on_start");
	kind->on_stop = load_hook(l, &scope, "on_stop");
}

void user_free(struct user_kind *kind)
{
	free(kind->choices);
	free(kind->host);
	free(kind->name);
	free(kind);
}
