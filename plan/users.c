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

static int by_name(const void *left, const void *right)
{
	const struct task *const *l = left, *const *r = right;

	return strcmp((*l)->name, (*r)->name);
}

void users_sort_tasks(struct plan *plan)
{
	size_t n = plan->n_tasks;

	plan->by_name = xcalloc(n + 1, sizeof(*plan->by_name));
	for (size_t i = 0; i < n; i++)
		plan->by_name[i] = plan->tasks[i];
	qsort(plan->by_name, n, sizeof(*plan->by_name), by_name);
}

static int is_of_name(const void *name, const void *task)
{
	const struct task *const *t = task;

	return strcmp(name, (*t)->name);
}

struct task *users_find_task(const struct plan *plan, const char *name)
{
	struct task **found = bsearch(name, plan->by_name, plan->n_tasks,
	    sizeof(*plan->by_name), is_of_name);

	return found != NULL ? *found : NULL;
}

/* Whether it has quotes, brackets or a comment that are none here. */
static bool is_dressed(const struct ini_entry *entry)
{
	char *meant = meant_value(entry->value);

	bool yes = meant != NULL;

	free(meant);
	return yes;
}

struct task *users_need_task(
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
	hint = name_one_of(
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

/* `browse:3 buy` where a comma is meant: the list with it; owned by the
 * caller. NULL: some word is no task. */
static char *list_with_commas(const struct plan *plan, const char *text)
{
	char *list = xcalloc(2 * strlen(text) + 1, 1), *word;
	bool is_good = true;
	uint64_t weight;
	size_t len = 0, n = 0;

	for (; is_good && *text != '\0'; n++) {
		size_t word_len = strcspn(text, " \t\n");

		word = xstrndup(text, word_len);
		if (n > 0) {
			memcpy(list + len, ", ", 2);
			len += 2;
		}
		memcpy(list + len, word, word_len);
		len += word_len;
		text += word_len + strspn(text + word_len, " \t\n");
		cut_weight(plan, word, &weight);
		is_good = users_find_task(plan, word) != NULL;
		free(word);
	}
	if (is_good && n > 1)
		return list;
	free(list);
	return NULL;
}

static bool lacks_commas(
    struct loader *l, const struct ini_entry *entry, const char *word)
{
	char *list;
	bool is_meant;

	if (users_find_task(l->plan, word) != NULL)
		return false;
	list = list_with_commas(l->plan, word);
	if (list != NULL)
		field_error(&l->env, entry,
		    "tasks are separated by commas: write %s",
		    quote(list).text);
	is_meant = list != NULL;
	free(list);
	return is_meant;
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

/* `{index: 3, about: 1}`: the list; owned by the caller. */
static char *undressed(const char *text)
{
	char *list = xcalloc(strlen(text) + 1, 1);
	size_t len = 0;

	for (; *text != '\0'; text++) {
		if (strchr("{}\"'", *text) != NULL)
			continue;
		if (*text == ' ' && len > 0 && list[len - 1] == ':')
			continue;
		list[len++] = *text;
	}
	return list;
}

static bool has_braces(struct loader *l, const struct ini_entry *entry)
{
	char *list;

	if (entry->value[0] != '{')
		return false;
	list = undressed(entry->value);
	field_error(&l->env, entry, "a list has no braces: write %s",
	    quote(trim(list)).text);
	free(list);
	return true;
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
	if (entry.value == NULL || has_braces(l, &entry)) {
		free(entry.value);
		return;
	}
	defect = words_split(&list, entry.value);
	if (defect != NULL)
		field_error(&l->env, &entry, "%s", defect);
	for (size_t i = 0; i < list.n && !told; i++) {
		if (lacks_commas(l, &entry, list.at[i]))
			continue;
		weight = 0;
		has_weight = cut_weight(l->plan, list.at[i], &weight);
		task = users_need_task(l, &entry, list.at[i]);
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

struct task *users_task_of_entry(
    struct loader *l, const struct ini_entry *written)
{
	struct ini_entry entry = *written;
	struct task *task = NULL;

	if (written->value[0] == '\0')
		return NULL;
	entry.value = field_expand(&l->env, written);
	if (entry.value != NULL)
		task = users_need_task(l, &entry, entry.value);
	free(entry.value);
	if (task == NULL)
		return NULL;
	task->is_named = true;
	if (!task->has_weight)
		task->is_drawn = false;
	return task;
}

const struct task *users_named_task(
    struct loader *l, const struct scope *scope, const char *key)
{
	const struct ini_entry *written = scope_find(scope, key);

	return written != NULL ? users_task_of_entry(l, written) : NULL;
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

/* `set.NAME = TEMPLATE`, in file order: later ones may use earlier ones. */
static void load_sets(
    struct loader *l, struct user_kind *kind, const struct ini_section *section)
{
	kind->sets = xcalloc(section->n + 1, sizeof(*kind->sets));
	l->plan->variables.data_used = 0;
	for (size_t i = 0; i < section->n; i++) {
		const struct ini_entry *entry = &section->entries[i];

		if (keys_behind(entry->key, "set") != NULL &&
		    set_load(l, &kind->sets[kind->n_sets], entry))
			kind->n_sets++;
	}
	kind->data = l->plan->variables.data_used;
}

void user_load(
    struct loader *l, const struct ini_section *section, const char *name)
{
	struct user_kind *kind = users_add_kind(l, name, section->where);
	struct kind_note *note = &l->notes[l->plan->n_kinds - 1];
	const struct ini_entry *tasks, *weight;
	struct scope scope;

	scope_init(&scope);
	scope_add(&scope, "user", kind);
	for (size_t i = 0; i < section->n; i++)
		if (!scope_apply(&scope, &l->env, &section->entries[i]))
			keys_report_unknown(
			    &l->env, "user", &section->entries[i]);
	load_sets(l, kind, section);
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
	kind->on_start = users_named_task(l, &scope, "on_start");
	kind->on_stop = users_named_task(l, &scope, "on_stop");
}

void user_free(struct user_kind *kind)
{
	for (size_t i = 0; i < kind->n_sets; i++)
		template_free(kind->sets[i].value);
	free(kind->sets);
	free(kind->choices);
	free(kind->host);
	free(kind->name);
	free(kind);
}
