/*
 * Steps of a task: what the value of each kind says, and what the keys below
 * it add. It must not know in which order steps run.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/util.h"
#include "plan/fields.h"
#include "plan/loader.h"
#include "plan/values.h"

#define BLANKS " \t\r\n"

enum { FIELDS_MAX = 200 }; /* of an event */

/* --- sleep and stop ----------------------------------------------------- */

static void sleep_value(
    struct loader *l, struct step *step, const struct ini_entry *entry)
{
	field_range(&l->env, entry, &step->sleep);
}

static void stop_value(
    struct loader *l, struct step *step, const struct ini_entry *entry)
{
	static const char *const words[] = {
	    [STOP_USER] = "user", [STOP_TEST] = "test"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(entry->value, words[i]) != 0)
			continue;
		step->stop = (enum stop_what)i;
		return;
	}
	field_error(&l->env, entry, "what is to stop: write user or test");
}

/* --- set ---------------------------------------------------------------- */

bool set_load(struct loader *l, struct set *set, const struct ini_entry *entry)
{
	const char *name = keys_behind(entry->key, "set");
	struct variables *v = &l->plan->variables;
	const struct variable *variable = variables_find(v, name, strlen(name));

	/* a name that cannot be one was reported and has none */
	if (variable == NULL)
		return false;
	set->slot = variable->slot;
	set->value = template_compile(
	    entry->value, ENCODE_NONE, v, l->diag, entry->where, entry->key);
	return set->value != NULL;
}

/* --- emit --------------------------------------------------------------- */

/* The next word of *p, which ends at a blank outside of quotes and variables;
 * quotes around a value are taken off, and *is_open is set where one of them is
 * not closed. Owned by the caller; NULL: the end. */
static char *next_word(const char **p, bool *is_open)
{
	struct buf word;
	char *copy;
	bool is_quoted = false;
	const char *at = *p + strspn(*p, BLANKS);

	*p = at;
	if (*at == '\0')
		return NULL;
	buf_init(&word, strlen(at) + 1);
	while (*at != '\0' && (is_quoted || strchr(BLANKS, *at) == NULL)) {
		const char *next = skip_variable(at);

		if (next == at && *at == '"')
			is_quoted = !is_quoted;
		else if (next == at)
			buf_putc(&word, *at);
		else
			buf_put(&word, at, (size_t)(next - at));
		at = next == at ? at + 1 : next;
	}
	*p = at;
	*is_open |= is_quoted;
	copy = xstrdup(buf_text(&word));
	buf_clear(&word);
	return copy;
}

/* Whether every event has a field of that name, however it is written: in a
 * command's environment all are in capitals. */
static bool is_of_every_event(const char *key)
{
	static const char *const keys[] = {
	    "event", "hook", "role", "worker", "host", "time"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (strcasecmp(keys[i], key) == 0)
			return true;
	return false;
}

static const char *find_field(const struct emit *emit, const char *key)
{
	for (size_t i = 0; i < emit->n_fields; i++)
		if (strcasecmp(emit->fields[i].key, key) == 0)
			return emit->fields[i].key;
	return NULL;
}

/* Whether the event may have a field of that name; false: it was reported. */
static bool key_is_free(struct loader *l, const struct emit *emit,
    const struct ini_entry *entry, const char *key)
{
	const char *other = find_field(emit, key);

	if (is_of_every_event(key))
		field_error(&l->env, entry,
		    "\"%s\" is a field that every event has: give it another "
		    "name",
		    key);
	else if (other != NULL && strcmp(other, key) == 0)
		field_error(&l->env, entry,
		    "\"%s\" is there twice: remove one of them", key);
	else if (other != NULL)
		field_error(&l->env, entry,
		    "\"%s\" and \"%s\" are one for commands, which see them in "
		    "capitals: give one another name",
		    other, key);
	else
		return true;
	return false;
}

static void add_field(struct loader *l, struct emit *emit,
    const struct ini_entry *entry, const char *word)
{
	const char *eq = strchr(word, '=');
	char *key = eq != NULL ? xstrndup(word, (size_t)(eq - word)) : NULL;
	struct template *value;

	if (key == NULL || variables_name_defect(key) != NULL) {
		field_error(&l->env, entry,
		    "\"%s\" is not KEY=VALUE: write emit = EVENT KEY=VALUE",
		    quote(word).text);
		free(key);
		return;
	}
	if (!key_is_free(l, emit, entry, key)) {
		free(key);
		return;
	}
	value = template_compile(eq + 1, ENCODE_NONE, &l->plan->variables,
	    l->diag, entry->where, entry->key);
	if (value == NULL) {
		free(key);
		return;
	}
	emit->fields = xreallocarray(
	    emit->fields, emit->n_fields + 1, sizeof(*emit->fields));
	emit->fields[emit->n_fields++] = (struct emit_field) {key, value};
}

static void emit_value(
    struct loader *l, struct step *step, const struct ini_entry *entry)
{
	const char *p = entry->value;
	bool is_open = false, is_full = false;
	char *event = next_word(&p, &is_open);
	char *word;

	if (event == NULL)
		return;
	if (variables_name_defect(event) != NULL)
		field_error(&l->env, entry,
		    "an event's name has letters, digits and _: write emit = "
		    "EVENT KEY=VALUE");
	else if (hooks_is_event(event))
		field_error(&l->env, entry,
		    "%s is an event of loadgen's own: choose another name",
		    event);
	else
		hooks_note_emit(l, event, entry);
	step->emit.event = event;
	while ((word = next_word(&p, &is_open)) != NULL) {
		if (!is_open && step->emit.n_fields < FIELDS_MAX)
			add_field(l, &step->emit, entry, word);
		else if (!is_open && !is_full) {
			is_full = true;
			field_error(&l->env, entry,
			    "an event has at most %d fields: fire a second "
			    "one for the others",
			    FIELDS_MAX);
		}
		free(word);
	}
	if (is_open)
		field_error(&l->env, entry,
		    "a quote is not closed: write KEY=\"SOME WORDS\"");
}

/* --- the value of a step ------------------------------------------------ */

static void set_value(
    struct loader *l, struct step *step, const struct ini_entry *entry)
{
	set_load(l, &step->set, entry);
}

static const struct {
	void (*load)(
	    struct loader *l, struct step *step, const struct ini_entry *entry);
	bool is_expanded; /* read before the run */
} values[] = {
    [STEP_CALL] = {NULL, true}, /* resolved when all tasks are known */
    [STEP_SLEEP] = {sleep_value, true},
    [STEP_SET] = {set_value, false},
    [STEP_EMIT] = {emit_value, false},
    [STEP_STOP] = {stop_value, true},
};

void step_value(
    struct loader *l, struct step *step, const struct ini_entry *entry)
{
	struct ini_entry expanded = *entry;

	if (values[step->type].load == NULL)
		return;
	if (!values[step->type].is_expanded) {
		values[step->type].load(l, step, entry);
		return;
	}
	if (entry->value[0] == '\0')
		return;
	expanded.value = field_expand(&l->env, entry);
	if (expanded.value == NULL)
		return;
	values[step->type].load(l, step, &expanded);
	free(expanded.value);
}

/* --- the keys below it -------------------------------------------------- */

/* What fails beside the task has nothing of it to end or to go on with, and
 * what is found there is lost. */
static void check_background(struct loader *l, const struct step_draft *draft,
    const struct scope *scope, const struct ini_entry *first)
{
	const struct step *step = &draft->step;
	const struct ini_entry *on_fail = scope_find(scope, "on_fail");
	const struct entries *captures = &draft->request.captures;

	if (step->type != STEP_POLL || !step->background)
		return;
	for (size_t i = 0; i < captures->n; i++)
		diag_error(l->diag, captures->at[i]->where,
		    "%s: the poll in line %u runs in the background, where "
		    "nothing follows that could use it: put both into a task "
		    "and call that in the background, or remove it",
		    captures->at[i]->key, first->where.line);
	if (on_fail == NULL || step->on_fail == ON_FAIL_STOP_USER ||
	    step->on_fail == ON_FAIL_STOP_TEST)
		return;
	field_error(&l->env, on_fail,
	    "the poll in line %u runs in the background, and the task goes on "
	    "whatever comes of it: write stop_user or stop_test, or remove it",
	    first->where.line);
}

/* every = 10s, timeout = 5s */
static void warn_of_one_asking(
    struct loader *l, const struct poll *poll, const struct scope *scope)
{
	const struct ini_entry *timeout = scope_find(scope, "timeout");
	const struct ini_entry *every = scope_find(scope, "every");
	const struct ini_entry *entry = every != NULL ? every : timeout;
	char every_text[32], timeout_text[32];

	if (entry == NULL || poll->every_us < poll->timeout_us)
		return;
	diag_warning(l->diag, entry->where,
	    "%s \"%s\": the poll asks only once, as every is %s and its "
	    "timeout %s: write a shorter every, or a longer timeout",
	    entry->key, quote(entry->value).text,
	    format_duration(every_text, sizeof(every_text), poll->every_us),
	    format_duration(
		timeout_text, sizeof(timeout_text), poll->timeout_us));
}

static void poll_finish(struct loader *l, const struct task *task,
    struct step_draft *draft, const struct scope *scope,
    const struct ini_entry *first)
{
	struct step *step = &draft->step;
	struct poll *poll = &step->poll;
	bool has_until = false;

	for (size_t i = 0; i < draft->request.decisions.n; i++)
		has_until =
		    has_until ||
		    strcmp(draft->request.decisions.at[i]->key, "until") == 0;
	if (!has_until && first->value[0] != '\0')
		field_error(&l->env, first,
		    "a poll asks until something holds: write until = json "
		    "/status == ACTIVE below it");
	warn_of_one_asking(l, poll, scope);
	request_finish(l, task, &step->request, scope, &draft->request, first);
	checks_load(l, &step->request, &draft->request.decisions,
	    &poll->decisions, &poll->n_decisions);
	takings_load(l, &step->request, &draft->request.captures,
	    &poll->takings, &poll->n_takings);
	poll->name = name_load(l, scope_find(scope, "name"), first);
}

void step_finish(struct loader *l, const struct task *task,
    struct step_draft *draft, const struct scope *scope,
    const struct ini_entry *first)
{
	const struct ini_entry *when = scope_find(scope, "when");
	struct step *step = &draft->step;
	struct request *request = &step->request;

	if (when != NULL && when->value[0] != '\0')
		step->when = condition_compile_when(
		    when->value, &l->plan->variables, l->diag, when->where);
	check_background(l, draft, scope, first);
	if (step->type == STEP_POLL) {
		poll_finish(l, task, draft, scope, first);
	} else if (step->type == STEP_REQUEST) {
		request_finish(l, task, request, scope, &draft->request, first);
		takings_load(l, request, &draft->request.captures,
		    &request->takings, &request->n_takings);
		template_free(request->name);
		request->name = name_load(l, scope_find(scope, "name"), first);
	}
}

static void emit_clear(struct emit *emit)
{
	for (size_t i = 0; i < emit->n_fields; i++) {
		free(emit->fields[i].key);
		template_free(emit->fields[i].value);
	}
	free(emit->fields);
	free(emit->event);
}

void step_clear(struct step *step)
{
	condition_free(step->when);
	request_clear(&step->request);
	checks_free(step->poll.decisions, step->poll.n_decisions);
	takings_free(step->poll.takings, step->poll.n_takings);
	template_free(step->poll.name);
	template_free(step->set.value);
	emit_clear(&step->emit);
}
