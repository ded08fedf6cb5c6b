/*
 * [task NAME]: keys of the task, then steps with the keys that belong to each.
 * It must not know what a request is made of, nor who runs the task.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/fields.h"
#include "plan/loader.h"
#include "plan/values.h"

/* The keys that begin a step. */
static const struct step_key {
	const char *key;
	enum step_type type;
	const char *method; /* NULL: in front of the URL */
} step_keys[] = {
    {"get", STEP_REQUEST, "GET"},
    {"post", STEP_REQUEST, "POST"},
    {"put", STEP_REQUEST, "PUT"},
    {"patch", STEP_REQUEST, "PATCH"},
    {"delete", STEP_REQUEST, "DELETE"},
    {"head", STEP_REQUEST, "HEAD"},
    {"options", STEP_REQUEST, "OPTIONS"},
    {"request", STEP_REQUEST, NULL},
    {"sleep", STEP_SLEEP, NULL},
};

/* A task on its way: the step at hand, until the next one begins. */
struct task_load {
	struct loader *l;
	struct task *task;
	struct scope scope; /* of the task, then of the step */
	bool in_step;
	struct step step;
	struct request_draft draft;
	const struct ini_entry *first; /* that began the step */
	bool lost; /* an unknown key may have been meant as a step */
};

static const struct step_key *find_step_key(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(step_keys); i++)
		if (strcmp(step_keys[i].key, key) == 0)
			return &step_keys[i];
	return NULL;
}

static void draft_clear(struct request_draft *draft)
{
	free(draft->query.at);
	free(draft->form.at);
	free(draft->multipart.at);
	free(draft->checks.at);
	memset(draft, 0, sizeof(*draft));
}

/* What stands before the first step is complete. */
static void head_end(struct task_load *t)
{
	struct task *task = t->task;

	task->has_weight = scope_find(&t->scope, "weight") != NULL;
	http_check(t->l, &t->scope, &task->http);
}

static void step_end(struct task_load *t)
{
	struct task *task = t->task;

	if (!t->in_step) {
		head_end(t);
		return;
	}
	if (t->step.type == STEP_REQUEST)
		request_finish(t->l, task, &t->step.request, &t->scope,
		    &t->draft, t->first);
	draft_clear(&t->draft);
	task->steps =
	    grow(task->steps, task->n_steps, &task->cap_steps, sizeof(t->step));
	task->steps[task->n_steps++] = t->step;
}

static void sleep_begin(struct task_load *t, const struct ini_entry *entry)
{
	struct ini_entry expanded = *entry;

	expanded.value = field_expand(&t->l->env, entry);
	if (expanded.value == NULL)
		return;
	field_range(&t->l->env, &expanded, &t->step.sleep);
	free(expanded.value);
}

static void step_begin(struct task_load *t, const struct step_key *key,
    const struct ini_entry *entry)
{
	struct request *request = &t->step.request;

	step_end(t);
	t->in_step = true;
	t->first = entry;
	memset(&t->step, 0, sizeof(t->step));
	t->step.type = key->type;
	t->step.where = entry->where;
	if (key->type == STEP_SLEEP) {
		sleep_begin(t, entry);
		return;
	}
	request->id = t->l->plan->n_requests++;
	http_inherit(&request->http, &t->task->http);
	scope_init(&t->scope, "request", &t->draft, "http", &request->http);
	request_begin(t->l, request, key->method, entry);
}

/* A key that the scope at hand does not have: say what is wrong with it
 * here. */
static void misplaced(struct task_load *t, const struct ini_entry *entry)
{
	const char *key = entry->key;

	if (!keys_is_key("task", key)) {
		keys_report_unknown(t->l->diag, "task", entry);
		t->lost = true;
	} else if (!t->in_step)
		diag_error(t->l->diag, entry->where,
		    "%s: there is no request above it that it could belong "
		    "to: write it below get, post or another request",
		    key);
	else if (keys_find("task", key) != NULL)
		diag_error(t->l->diag, entry->where,
		    "%s: it belongs to the task, not to a step: write it "
		    "above the first step, in line %u",
		    key,
		    t->task->n_steps > 0 ? t->task->steps[0].where.line
					 : t->step.where.line);
	else
		diag_error(t->l->diag, entry->where,
		    "%s: the step above it, in line %u, is a sleep and has no "
		    "such key: write it below its request",
		    key, t->step.where.line);
}

static void task_entry(struct task_load *t, const struct ini_entry *entry)
{
	const struct step_key *key = find_step_key(entry->key);

	if (key != NULL && entry->value[0] == '\0')
		diag_error(t->l->diag, entry->where,
		    "%s: it has no value: write %s", entry->key,
		    key->type == STEP_SLEEP ? "sleep = 1s"
		    : key->method != NULL   ? "a path such as /things"
					    : "request = METHOD /path");
	if (key != NULL) {
		step_begin(t, key, entry);
		return;
	}
	if (t->in_step && t->step.type == STEP_SLEEP)
		misplaced(t, entry);
	else if (!scope_apply(&t->scope, &t->l->env, entry))
		misplaced(t, entry);
}

static struct task *task_new(
    struct loader *l, const struct ini_section *section, const char *name)
{
	struct plan *plan = l->plan;
	struct task *task = xcalloc(1, sizeof(*task));

	plan->tasks = grow(
	    plan->tasks, plan->n_tasks, &plan->cap_tasks, sizeof(*plan->tasks));
	plan->tasks[plan->n_tasks++] = task;
	task->name = xstrdup(name);
	task->where = section->where;
	task->is_drawn = true;
	keys_defaults(&l->env, "task", task);
	http_inherit(&task->http, &plan->http);
	return task;
}

void task_load(
    struct loader *l, const struct ini_section *section, const char *name)
{
	struct task_load t = {.l = l, .lost = section->lost};
	struct task *task = task_new(l, section, name);

	t.task = task;
	if (strchr(name, ',') != NULL)
		diag_error(l->diag, section->where,
		    "[task %s]: a task's name has no comma, as lists of tasks "
		    "are separated by them: choose another",
		    quote(name).text);
	scope_init(&t.scope, "task", task, "http", &task->http);
	for (size_t i = 0; i < section->n; i++)
		task_entry(&t, &section->entries[i]);
	step_end(&t);
	if (task->n_steps == 0 && !t.lost)
		diag_error(l->diag, section->where,
		    "[%s]: it has no steps: write at least one, such as "
		    "get = /",
		    quote(section->name).text);
}

void task_free(struct task *task)
{
	for (size_t i = 0; i < task->n_steps; i++)
		request_clear(&task->steps[i].request);
	free(task->steps);
	http_clear(&task->http);
	words_clear(&task->tags);
	free(task->name);
	free(task);
}
