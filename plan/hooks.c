/*
 * [hook NAME]: which events there are, and which commands they start. It must
 * not know how a command is run.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/fields.h"
#include "plan/loader.h"
#include "plan/values.h"

/* What loadgen fires by itself, and who can hear it. */
static const struct own_event {
	const char *name;
	bool in_worker; /* workers fire it; else the parent */
} own_events[] = {
    {"test_start", false},
    {"spawning_complete", false},
    {"interval", false},
    {"stage", false},
    {"worker_up", false},
    {"worker_lost", false},
    {"user_start", true},
    {"user_stop", true},
    {"request", true},
    {"test_stop", false},
    {"exit", false},
};

bool hooks_is_event(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(own_events); i++)
		if (strcmp(own_events[i].name, name) == 0)
			return true;
	return false;
}

void hooks_note_emit(
    struct loader *l, const char *event, const struct ini_entry *entry)
{
	l->emits = grow(l->emits, l->n_emits, &l->cap_emits, sizeof(*l->emits));
	l->emits[l->n_emits++] = (struct emit_note) {xstrdup(event), entry};
}

/* --- one section -------------------------------------------------------- */

/* What the INI takes for a comment may be the rest of a command. */
static void warn_of_cut(struct loader *l, const struct ini_entry *run)
{
	if (run != NULL && run->comment != NULL)
		diag_warning(l->diag, run->where,
		    "run: the comment \"%s\" is no part of the command: write "
		    "\\; if it is",
		    quote(run->comment).text);
}

static void check_hook(struct loader *l, const struct hook *hook,
    const struct ini_section *section, const struct scope *scope)
{
	const struct ini_entry *stream = scope_find(scope, "stream");

	warn_of_cut(l, scope_find(scope, "run"));
	if (scope_find(scope, "on") == NULL)
		diag_error(l->diag, section->where,
		    "[%s]: it says not when: write on = test_start or another "
		    "event",
		    quote(section->name).text);
	if (scope_find(scope, "run") == NULL)
		diag_error(l->diag, section->where,
		    "[%s]: it says not what: write run = COMMAND",
		    quote(section->name).text);
	if (hook->stream && hook->on != NULL && strcmp(hook->on, "exit") == 0)
		field_error(&l->env, stream,
		    "exit comes once, at the very end: write no");
}

void hook_load(
    struct loader *l, const struct ini_section *section, const char *name)
{
	struct plan *plan = l->plan;
	struct hook *hook;
	struct scope scope;

	plan->hooks =
	    xreallocarray(plan->hooks, plan->n_hooks + 1, sizeof(*plan->hooks));
	hook = &plan->hooks[plan->n_hooks++];
	*hook = (struct hook) {.name = xstrdup(name), .where = section->where};
	keys_defaults(&l->env, "hook", hook);
	scope_init(&scope);
	scope_add(&scope, "hook", hook);
	for (size_t i = 0; i < section->n; i++)
		if (!scope_apply(&scope, &l->env, &section->entries[i]))
			keys_report_unknown(
			    &l->env, "hook", &section->entries[i]);
	check_hook(l, hook, section, &scope);
}

void hook_clear(struct hook *hook)
{
	free(hook->name);
	free(hook->on);
	free(hook->run);
}

/* --- all of them -------------------------------------------------------- */

static bool is_emitted(const struct loader *l, const char *event)
{
	for (size_t i = 0; i < l->n_emits; i++)
		if (strcmp(l->emits[i].event, event) == 0)
			return true;
	return false;
}

/* Whether an emit above number i fires the same event. */
static bool is_above(const struct loader *l, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(l->emits[k].event, l->emits[i].event) == 0)
			return true;
	return false;
}

static bool is_heard(const struct plan *plan, const char *event)
{
	for (size_t i = 0; i < plan->n_hooks; i++)
		if (plan->hooks[i].on != NULL &&
		    strcmp(plan->hooks[i].on, event) == 0)
			return true;
	return false;
}

static void report_silent(struct loader *l, const struct hook *hook)
{
	size_t n = 0;
	const char **names =
	    xcalloc(ARRAY_LEN(own_events) + l->n_emits, sizeof(*names));
	char *hint;

	for (size_t i = 0; i < ARRAY_LEN(own_events); i++)
		names[n++] = own_events[i].name;
	for (size_t i = 0; i < l->n_emits; i++)
		names[n++] = l->emits[i].event;
	hint = did_you_mean(hook->on, names, n,
	    "write test_start, spawning_complete, interval, stage, worker_up, "
	    "worker_lost, user_start, user_stop, request, test_stop, exit, or "
	    "what an emit fires");
	diag_error(l->diag, hook->where,
	    "[hook %s]: on \"%s\": nothing fires that event: %s",
	    quote(hook->name).text, quote(hook->on).text, hint);
	free(hint);
	free(names);
}

/* Workers hear what happens in them, and when the run begins and ends. */
static bool is_for_workers(const char *event)
{
	for (size_t i = 0; i < ARRAY_LEN(own_events); i++)
		if (strcmp(own_events[i].name, event) == 0)
			return own_events[i].in_worker ||
			       strcmp(event, "test_start") == 0 ||
			       strcmp(event, "test_stop") == 0;
	return true;
}

/* What happens in some plans only. */
static void warn_of_waiting(struct loader *l, const struct hook *hook)
{
	const struct load_options *load = &l->plan->load;
	const char *why = NULL;

	if (strcmp(hook->on, "stage") == 0 && !load->has_stages)
		why = "there are no stages: write some in [load]";
	else if (strcmp(hook->on, "spawning_complete") == 0 &&
		 load->model == LOAD_RATE)
		why = "with a rate users come as tasks need them: write users "
		      "in its place";
	if (why != NULL)
		diag_warning(l->diag, hook->where,
		    "[hook %s]: on %s: it never happens: %s, or remove it",
		    quote(hook->name).text, hook->on, why);
}

void hooks_finish(struct loader *l)
{
	const struct plan *plan = l->plan;

	for (size_t i = 0; i < plan->n_hooks; i++) {
		const struct hook *hook = &plan->hooks[i];

		if (hook->on == NULL)
			continue;
		if (!hooks_is_event(hook->on) && !is_emitted(l, hook->on))
			report_silent(l, hook);
		else if (hook->place == HOOK_WORKER &&
			 !is_for_workers(hook->on))
			diag_error(l->diag, hook->where,
			    "[hook %s]: where \"worker\": %s happens in the "
			    "parent alone: write parent",
			    quote(hook->name).text, hook->on);
		else
			warn_of_waiting(l, hook);
	}
	for (size_t i = 0; i < l->n_emits; i++)
		if (!is_heard(plan, l->emits[i].event) && !is_above(l, i))
			diag_warning(l->diag, l->emits[i].entry->where,
			    "emit \"%s\": no hook is on it: write [hook NAME] "
			    "with on = %s, or remove it",
			    l->emits[i].event, l->emits[i].event);
}
