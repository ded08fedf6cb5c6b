/*
 * [task NAME]: keys of the task, then steps with the keys that belong to each.
 * It must not know what a step is made of, nor who runs the task.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/fields.h"
#include "plan/loader.h"
#include "plan/values.h"

/* The keys that begin a step; `set` stands for all of set.NAME. */
static const struct step_key {
	const char *key;
	enum step_type type;
	const char *method; /* NULL: in front of the URL */
	const char *example;
} step_keys[] = {
    {"get", STEP_REQUEST, "GET", "a path such as /things"},
    {"post", STEP_REQUEST, "POST", "a path such as /things"},
    {"put", STEP_REQUEST, "PUT", "a path such as /things"},
    {"patch", STEP_REQUEST, "PATCH", "a path such as /things"},
    {"delete", STEP_REQUEST, "DELETE", "a path such as /things"},
    {"head", STEP_REQUEST, "HEAD", "a path such as /things"},
    {"options", STEP_REQUEST, "OPTIONS", "a path such as /things"},
    {"request", STEP_REQUEST, NULL, "request = METHOD /path"},
    {"poll", STEP_POLL, "GET", "a path such as /things/${id}"},
    {"call", STEP_CALL, NULL, "the name of a [task NAME]"},
    {"sleep", STEP_SLEEP, NULL, "sleep = 1s"},
    {"set", STEP_SET, NULL, NULL},
    {"emit", STEP_EMIT, NULL, "emit = EVENT"},
    {"stop", STEP_STOP, NULL, "user or test"},
};

/* What a step is called, and the sections of the table its keys are in. */
static const struct step_kind {
	const char *noun;
	const char *section; /* NULL: none of its own */
	bool has_http;
} step_kinds[] = {
    [STEP_REQUEST] = {"request", "request", true},
    [STEP_POLL] = {"poll", "poll", true},
    [STEP_CALL] = {"call", "call", false},
    [STEP_SLEEP] = {"sleep", NULL, false},
    [STEP_SET] = {"set", NULL, false},
    [STEP_EMIT] = {"emit", NULL, false},
    [STEP_STOP] = {"stop", NULL, false},
};

/* A task on its way: the step at hand, until the next one begins. */
struct task_load {
	struct loader *l;
	struct task *task;
	struct scope scope; /* of the task, then of the step */
	bool in_step;
	struct step_draft draft;
	const struct ini_entry *first; /* that began the step */
	bool lost; /* an unknown key may have been meant as a step */
};

static const struct step_key *find_step_key(const char *key)
{
	const char *name;

	for (size_t i = 0; i < ARRAY_LEN(step_keys); i++) {
		if (strcmp(step_keys[i].key, key) == 0 &&
		    step_keys[i].type != STEP_SET)
			return &step_keys[i];
		name = keys_behind(key, step_keys[i].key);
		if (step_keys[i].type == STEP_SET && name != NULL &&
		    name[0] != '\0')
			return &step_keys[i];
	}
	return NULL;
}

static void draft_clear(struct request_draft *draft)
{
	free(draft->query.at);
	free(draft->form.at);
	free(draft->multipart.at);
	free(draft->checks.at);
	free(draft->decisions.at);
	free(draft->captures.at);
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
	struct step *step = &t->draft.step;

	if (!t->in_step) {
		head_end(t);
		return;
	}
	step_finish(t->l, task, &t->draft, &t->scope, t->first);
	draft_clear(&t->draft.request);
	if (step->type == STEP_CALL)
		calls_note(t->l, task, task->n_steps, t->first);
	task->steps =
	    grow(task->steps, task->n_steps, &task->cap_steps, sizeof(*step));
	task->steps[task->n_steps++] = *step;
}

static void step_begin(struct task_load *t, const struct step_key *key,
    const struct ini_entry *entry)
{
	const struct step_kind *kind = &step_kinds[key->type];
	struct step *step = &t->draft.step;

	step_end(t);
	t->in_step = true;
	t->first = entry;
	memset(&t->draft, 0, sizeof(t->draft));
	step->type = key->type;
	step->where = entry->where;
	scope_init(&t->scope);
	if (kind->section != NULL) {
		keys_defaults(&t->l->env, kind->section, &t->draft);
		scope_add(&t->scope, kind->section, &t->draft);
	}
	scope_add(&t->scope, "any", &t->draft);
	if (!kind->has_http) {
		step_value(t->l, step, entry);
		return;
	}
	step->request.id = t->l->plan->n_requests++;
	http_inherit(t->l, &step->request.http, &t->task->http, entry->where);
	scope_add(&t->scope, "http", &step->request.http);
	request_begin(t->l, &step->request, key->method, entry);
}

/* The first kind of step that has this key; NULL: none. */
static const struct step_kind *find_kind_with(const char *key)
{
	if (keys_find("http", key) != NULL)
		return &step_kinds[STEP_REQUEST];
	for (size_t i = 0; i < ARRAY_LEN(step_kinds); i++) {
		if (step_kinds[i].section != NULL &&
		    keys_find(step_kinds[i].section, key) != NULL)
			return &step_kinds[i];
	}
	return NULL;
}

static unsigned first_step_line(const struct task_load *t)
{
	return t->task->n_steps > 0 ? t->task->steps[0].where.line
				    : t->draft.step.where.line;
}

/* How to mend a key that the step at hand does not have; owned by the
 * caller. */
static char *mend_misplaced(const struct task_load *t, const char *key)
{
	const struct step_kind *home = find_kind_with(key);

	if (keys_find("task", key) != NULL)
		return xasprintf("write it above the first step, in line %u, "
				 "for all of the task, or below a poll or call",
		    first_step_line(t));
	if (t->draft.step.type == STEP_REQUEST &&
	    keys_find("poll", key) != NULL)
		return xasprintf(
		    "write poll = URL in place of %s", t->first->key);
	if (t->draft.step.type == STEP_POLL)
		return xstrdup("a poll has no body: remove it");
	return xasprintf("write it below its %s",
	    home != NULL ? home->noun : step_kinds[STEP_REQUEST].noun);
}

/* A key above the first step that the task does not have. */
static void report_above_steps(
    struct task_load *t, const struct ini_entry *entry)
{
	const struct step_kind *home = find_kind_with(entry->key);
	const char *noun = "step", *mend = "a step";

	if (home == &step_kinds[STEP_REQUEST]) {
		noun = home->noun;
		mend = "get, post or another request";
	} else if (home != NULL) {
		noun = home->noun;
		mend = home == &step_kinds[STEP_POLL] ? "a poll" : "a call";
	}
	diag_error(t->l->diag, entry->where,
	    "%s: there is no %s above it that it could belong to: write it "
	    "below %s",
	    entry->key, noun, mend);
}

/* An unknown key that is near to that of a step: what stands below it belongs
 * to that step all the same. */
static void unknown(struct task_load *t, const struct ini_entry *entry)
{
	const char *near = keys_report_unknown(&t->l->env, "task", entry);
	const struct step_key *key = near != NULL ? find_step_key(near) : NULL;

	if (key != NULL && step_kinds[key->type].has_http)
		step_begin(t, key, entry);
	else
		t->lost = true;
}

/* A key that the scope at hand does not have: say what is wrong with it
 * here. */
static void misplaced(struct task_load *t, const struct ini_entry *entry)
{
	const char *key = entry->key;
	char *mend;

	if (!keys_is_key("task", key)) {
		unknown(t, entry);
	} else if (!t->in_step) {
		/* an unknown key above it may have been meant as its step */
		if (!t->lost)
			report_above_steps(t, entry);
	} else if (find_kind_with(key) == NULL) {
		diag_error(t->l->diag, entry->where,
		    "%s: it belongs to the task, not to a step: write it "
		    "above the first step, in line %u",
		    key, first_step_line(t));
	} else {
		mend = mend_misplaced(t, key);
		diag_error(t->l->diag, entry->where,
		    "%s: the step above it, in line %u, is a %s and has no "
		    "such key: %s",
		    key, t->draft.step.where.line,
		    step_kinds[t->draft.step.type].noun, mend);
		free(mend);
	}
}

static void task_entry(struct task_load *t, const struct ini_entry *entry)
{
	const struct step_key *key = find_step_key(entry->key);

	if (key != NULL && entry->value[0] == '\0' && key->example != NULL)
		diag_error(t->l->diag, entry->where,
		    "%s: it has no value: write %s", entry->key, key->example);
	if (key != NULL)
		step_begin(t, key, entry);
	else if (!scope_apply(&t->scope, &t->l->env, entry))
		misplaced(t, entry);
}

static void warn_unreached(struct loader *l, const struct task *task)
{
	for (size_t i = 0; i + 1 < task->n_steps; i++) {
		const struct step *step = &task->steps[i];

		if (step->type != STEP_STOP || step->when != NULL)
			continue;
		diag_warning(l->diag, task->steps[i + 1].where,
		    "this step is never run, as the stop in line %u comes "
		    "first: "
		    "remove what follows it, or give it a when",
		    step->where.line);
		return;
	}
}

static struct task *task_new(
    struct loader *l, const struct ini_section *section, const char *name)
{
	struct plan *plan = l->plan;
	struct task *task = xcalloc(1, sizeof(*task));

	plan->tasks = grow(
	    plan->tasks, plan->n_tasks, &plan->cap_tasks, sizeof(*plan->tasks));
	task->number = plan->n_tasks;
	plan->tasks[plan->n_tasks++] = task;
	task->name = xstrdup(name);
	task->where = section->where;
	task->is_drawn = true;
	keys_defaults(&l->env, "task", task);
	http_inherit(l, &task->http, &plan->http, section->where);
	return task;
}

void task_load(
    struct loader *l, const struct ini_section *section, const char *name)
{
	struct task_load t = {.l = l, .lost = section->lost};
	size_t errors = l->diag->errors;
	struct task *task = task_new(l, section, name);

	t.task = task;
	if (strchr(name, ',') != NULL)
		diag_error(l->diag, section->where,
		    "[task %s]: a task's name has no comma, as lists of tasks "
		    "are separated by them: choose another",
		    quote(name).text);
	l->plan->variables.data_used = l->http_data;
	scope_init(&t.scope);
	scope_add(&t.scope, "task", task);
	scope_add(&t.scope, "http", &task->http);
	for (size_t i = 0; i < section->n; i++)
		task_entry(&t, &section->entries[i]);
	step_end(&t);
	task->data = l->plan->variables.data_used;
	if (l->diag->errors == errors)
		warn_unreached(l, task);
	if (task->n_steps == 0 && !t.lost)
		diag_error(l->diag, section->where,
		    "[%s]: it has no steps: write at least one, such as "
		    "get = /",
		    quote(section->name).text);
}

void task_free(struct task *task)
{
	for (size_t i = 0; i < task->n_steps; i++)
		step_clear(&task->steps[i]);
	free(task->steps);
	http_clear(&task->http);
	words_clear(&task->tags);
	free(task->transaction);
	free(task->name);
	free(task);
}
