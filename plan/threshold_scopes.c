/*
 * What the sections of [thresholds] are about: all requests, a row or a stage,
 * and whether the plan has it. It must not know how a limit is written.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "plan/loader.h"
#include "plan/values.h"
#include "stats.h"

#define BLANKS " \t"

/* --- rows --------------------------------------------------------------- */

/* What stands behind the type in `GET /x`; NULL: it has another in front. */
static const char *behind_type(const char *wanted, const char *type)
{
	size_t len = strlen(type);

	if (strncmp(wanted, type, len) != 0 || wanted[len] == '\0' ||
	    strchr(BLANKS, wanted[len]) == NULL)
		return NULL;
	return wanted + len + strspn(wanted + len, BLANKS);
}

bool threshold_has_row(
    const struct threshold *threshold, const char *type, const char *name)
{
	const char *rest = behind_type(threshold->row, type);

	return strcmp(threshold->row, name) == 0 ||
	       (rest != NULL && strcmp(rest, name) == 0);
}

/* A row that the plan may come to; all borrowed. */
struct plan_row {
	const struct task *task;
	const char *type;
	const char *name; /* NULL: it varies, */
	const struct template *template;
};

struct plan_rows {
	struct plan_row *at; /* owned */
	size_t n;
	size_t cap;
};

static void add_row(struct plan_rows *rows, const struct task *task,
    const char *type, const char *name, const struct template *template)
{
	rows->at = grow(rows->at, rows->n, &rows->cap, sizeof(*rows->at));
	rows->at[rows->n++] = (struct plan_row) {task, type,
	    template != NULL ? template_text(template, NULL) : name, template};
}

static void add_rows_of(struct plan_rows *rows, const struct task *task)
{
	if (task->transaction != NULL)
		add_row(rows, task, ROW_TRANSACTION, task->transaction, NULL);
	for (size_t i = 0; i < task->n_steps; i++) {
		const struct step *step = &task->steps[i];

		if (step->type != STEP_REQUEST && step->type != STEP_POLL)
			continue;
		/* what was reported is not there */
		if (step->request.name != NULL && step->request.method != NULL)
			add_row(rows, task, step->request.method, NULL,
			    step->request.name);
		if (step->type == STEP_POLL && step->poll.name != NULL)
			add_row(rows, task, ROW_POLL, NULL, step->poll.name);
	}
}

static struct plan_rows all_rows(const struct plan *plan)
{
	struct plan_rows rows = {0};

	for (size_t i = 0; i < plan->n_tasks; i++)
		add_rows_of(&rows, plan->tasks[i]);
	return rows;
}

/* Whether the row has this name, or may come to have it. */
static bool fits(const struct plan_row *row, const char *wanted)
{
	const char *rest = behind_type(wanted, row->type);

	if (row->name == NULL)
		return template_may_be(row->template, wanted) ||
		       (rest != NULL && template_may_be(row->template, rest));
	return strcmp(row->name, wanted) == 0 ||
	       (rest != NULL && strcmp(row->name, rest) == 0);
}

/* Why and mend for a word that is no row's name; owned by the caller. */
static char *why_no_row(const struct plan_rows *rows, const char *wanted)
{
	const char **names = xcalloc(rows->n + 1, sizeof(*names));
	char **typed = xcalloc(rows->n + 1, sizeof(*typed));
	char *hint, *why;
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++) {
		if (rows->at[i].name == NULL)
			continue;
		typed[n] =
		    xasprintf("%s %s", rows->at[i].type, rows->at[i].name);
		names[n++] = rows->at[i].name;
	}
	if (nearest_word(wanted, names, n) == NULL)
		for (size_t i = 0; i < n; i++)
			names[i] = typed[i];
	hint = name_one_of(wanted, names, n,
	    "write the URL as the plan has it, or what a name or transaction "
	    "says");
	why = xasprintf(
	    "no request, poll or transaction has that name: %s", hint);
	free(hint);
	while (n > 0)
		free(typed[--n]);
	free(typed);
	free(names);
	return why;
}

/* The same, where it is a task's name. */
static char *why_a_task(const struct plan_rows *rows, const struct task *task)
{
	for (size_t i = 0; i < rows->n; i++)
		if (rows->at[i].task == task && rows->at[i].name != NULL)
			return xasprintf(
			    "this is a task: write transaction = %s in it, or "
			    "name a row: %s %s",
			    quote(task->name).text, rows->at[i].type,
			    quote(rows->at[i].name).text);
	return xasprintf("this is a task: write transaction = %s in it",
	    quote(task->name).text);
}

static const struct task *find_task(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_tasks; i++)
		if (strcmp(plan->tasks[i]->name, name) == 0)
			return plan->tasks[i];
	return NULL;
}

static bool is_stage(const struct load_options *load, const char *name)
{
	for (size_t i = 0; i < load->n_stages; i++)
		if (strcmp(load->stages[i].name, name) == 0)
			return true;
	return false;
}

static void report_no_row(struct loader *l, const struct plan_rows *rows,
    const struct ini_section *section, const char *wanted)
{
	const struct task *task = find_task(l->plan, wanted);
	char *why;

	if (strcasecmp(wanted, "Aggregated") == 0)
		why = xstrdup("all requests have no name: write [thresholds]");
	else if (is_stage(&l->plan->load, wanted))
		why = xasprintf("this is a stage: write [thresholds @%s]",
		    quote(wanted).text);
	else if (task != NULL)
		why = why_a_task(rows, task);
	else
		why = why_no_row(rows, wanted);
	diag_error(l->diag, section->where, "[%s]: %s",
	    quote(section->name).text, why);
	free(why);
}

/* The times of requests and of polls or transactions are not to be put into
 * one. */
static void check_row(
    struct loader *l, const struct ini_section *section, const char *wanted)
{
	struct plan_rows rows = all_rows(l->plan);
	const struct plan_row *request = NULL, *whole = NULL;
	bool is_there = false;

	for (size_t i = 0; i < rows.n; i++) {
		const struct plan_row *row = &rows.at[i];

		if (!fits(row, wanted))
			continue;
		is_there = true;
		if (row->name != NULL && row_type_is_whole(row->type))
			whole = row;
		else if (row->name != NULL)
			request = row;
	}
	if (!is_there)
		report_no_row(l, &rows, section, wanted);
	else if (request != NULL && whole != NULL)
		diag_error(l->diag, section->where,
		    "[%s]: requests and a %s have that name: write "
		    "[thresholds %s %s] or [thresholds %s %s]",
		    quote(section->name).text,
		    strcmp(whole->type, ROW_POLL) == 0 ? "poll" : "transaction",
		    request->type, quote(request->name).text, whole->type,
		    quote(whole->name).text);
	free(rows.at);
}

/* --- stages ------------------------------------------------------------- */

/* The command line says something else in place of the file's stages. */
static bool stages_are_left_out(const struct loader *l)
{
	return l->plan->load.n_stages == 0 &&
	       scope_find(&l->load, "stages") != NULL;
}

/* Owned by the caller. */
static char *mend_stage(
    const struct load_options *load, const char *const *names, const char *name)
{
	uint64_t number;

	if (parse_count(name, &number) && number > 0 &&
	    number <= load->n_stages)
		return xasprintf("stage %s goes by its name: write @%s", name,
		    quote(names[number - 1]).text);
	return name_one_of(name, names, load->n_stages,
	    load->n_stages > 0 ? "name one that the stages of [load] have"
			       : "write stages = 5m:100 NAME in [load]");
}

/* SIZE_MAX: there is none of that name, which was reported. */
static size_t find_stage(
    struct loader *l, const struct ini_section *section, const char *name)
{
	const struct load_options *load = &l->plan->load;
	const char **names = xcalloc(load->n_stages + 1, sizeof(*names));
	size_t at = SIZE_MAX;
	char *hint;

	for (size_t i = 0; i < load->n_stages; i++) {
		names[i] = load->stages[i].name;
		if (strcmp(names[i], name) == 0)
			at = i;
	}
	if (at == SIZE_MAX) {
		hint = mend_stage(load, names, name);
		diag_error(l->diag, section->where,
		    "[%s]: there is no stage of that name: %s",
		    quote(section->name).text, hint);
		free(hint);
	}
	free(names);
	return at;
}

/* --- one section -------------------------------------------------------- */

static void remove_from(struct plan *plan, size_t first)
{
	while (plan->n_thresholds > first)
		threshold_clear(&plan->thresholds[--plan->n_thresholds]);
}

/* p95 and p95.0 are the same. Several may abort. */
static void check_twice(
    struct loader *l, size_t first, const struct ini_entry *entry)
{
	const struct plan *plan = l->plan;
	const struct threshold *last =
	    &plan->thresholds[plan->n_thresholds - 1];

	for (const struct threshold *t = &plan->thresholds[first]; t < last;
	     t++) {
		if (t->aborts || last->aborts || t->measure != last->measure ||
		    t->ppm != last->ppm)
			continue;
		diag_error(l->diag, entry->where,
		    "%s: it is set in line %u already: remove one of them",
		    entry->key, t->where.line);
		return;
	}
}

/* An earlier run is compared when this one is over, as a whole. */
static void check_regression(struct loader *l, const struct threshold *t)
{
	if (t->aborts)
		diag_error(l->diag, t->where,
		    "abort: regression is known when the run is over: write "
		    "regression = < 10%% in place of it");
	else if (t->stage != SIZE_MAX)
		diag_error(l->diag, t->where,
		    "%s: whole runs are compared, not stages: write it in "
		    "[thresholds] or [thresholds ROW]",
		    t->key);
	else if (l->plan->report.baseline == NULL)
		diag_error(l->diag, t->where,
		    "%s: it needs something to compare with: give --baseline "
		    "FILE, or write baseline = FILE in [report]",
		    t->key);
}

/* Dropped tasks and their lag are counted for the whole run, and only where a
 * rate makes tasks due; false: it is to be left out. */
static bool check_measure(struct loader *l, const struct threshold *t)
{
	if (t->measure == MEASURE_REGRESSION)
		check_regression(l, t);
	if (t->measure != MEASURE_DROPPED && t->measure != MEASURE_LAG)
		return true;
	if (t->row != NULL || t->stage != SIZE_MAX) {
		diag_error(l->diag, t->where,
		    "%s: it is counted for all tasks together: write it in "
		    "[thresholds]",
		    t->key);
	} else if (l->plan->load.model == LOAD_RATE || !l->shares_known) {
		/* or what [load] says has mistakes of its own */
		return true;
	} else if (stages_are_left_out(l) ||
		   scope_find(&l->load, "rate") != NULL) {
		diag_warning(l->diag, t->where,
		    "%s: users are given in place of a rate, so it is left "
		    "out",
		    t->key);
		return false;
	} else {
		diag_error(l->diag, t->where,
		    "%s: users are given, so no task is due: write rate = "
		    "100/s in [load] in place of them, or remove it",
		    t->key);
	}
	return true;
}

static void load_lines(
    struct loader *l, const struct ini_section *section, size_t first)
{
	struct plan *plan = l->plan;
	struct scope scope;

	scope_init(&scope);
	scope_add(&scope, "thresholds", plan);
	for (size_t i = 0; i < section->n; i++) {
		const struct ini_entry *entry = &section->entries[i];
		size_t before = plan->n_thresholds;

		if (!scope_apply(&scope, &l->env, entry))
			keys_report_unknown(&l->env, "thresholds", entry);
		else if (plan->n_thresholds > before)
			check_twice(l, first, entry);
	}
}

void thresholds_load(
    struct loader *l, const struct ini_section *section, const char *name)
{
	struct plan *plan = l->plan;
	size_t first = plan->n_thresholds, n;
	bool has_stage = name[0] == '@';
	size_t stage = SIZE_MAX;

	load_lines(l, section, first);
	if (has_stage && l->shares_known && stages_are_left_out(l)) {
		diag_warning(l->diag, section->where,
		    "[%s]: the stages are left out, and so is this",
		    quote(section->name).text);
		remove_from(plan, first);
		return;
	}
	if (has_stage && l->shares_known)
		stage = find_stage(l, section, name + 1);
	else if (!has_stage && name[0] != '\0')
		check_row(l, section, name);
	n = first;
	for (size_t i = first; i < plan->n_thresholds; i++) {
		struct threshold *t = &plan->thresholds[i];

		t->stage = stage;
		t->row = has_stage || name[0] == '\0' ? NULL : xstrdup(name);
		if (check_measure(l, t))
			plan->thresholds[n++] = *t;
		else
			threshold_clear(t);
	}
	plan->n_thresholds = n;
}

/* --- rows that tags leave out ------------------------------------------- */

static void mark_played(const struct task *task, bool *is_played)
{
	if (task == NULL || is_played[task->number])
		return;
	is_played[task->number] = true;
	for (size_t i = 0; i < task->n_steps; i++)
		if (task->steps[i].type == STEP_CALL)
			mark_played(task->steps[i].call, is_played);
}

/* By number of the task; owned by the caller. */
static bool *played_tasks(const struct plan *plan)
{
	bool *is_played = xcalloc(plan->n_tasks + 1, sizeof(*is_played));

	for (size_t i = 0; i < plan->n_kinds; i++) {
		const struct user_kind *kind = plan->kinds[i];

		for (size_t k = 0; k < kind->n_choices; k++)
			mark_played(kind->choices[k].task, is_played);
		mark_played(kind->on_start, is_played);
		mark_played(kind->on_stop, is_played);
	}
	mark_played(plan->setup, is_played);
	mark_played(plan->teardown, is_played);
	return is_played;
}

static bool can_come(const struct plan_rows *rows, const bool *is_played,
    const struct threshold *t)
{
	for (size_t i = 0; i < rows->n; i++)
		if (is_played[rows->at[i].task->number] &&
		    fits(&rows->at[i], t->row))
			return true;
	return false;
}

static void leave_out(struct loader *l, const struct plan_rows *rows,
    const bool *is_played, struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_thresholds; i++) {
		struct threshold t = plan->thresholds[i];

		if (t.row == NULL || can_come(rows, is_played, &t)) {
			plan->thresholds[n++] = t;
			continue;
		}
		diag_warning(l->diag, t.where,
		    "%s: the tags leave out all tasks with \"%s\", and so "
		    "this too",
		    t.key, quote(t.row).text);
		threshold_clear(&t);
	}
	plan->n_thresholds = n;
}

static void leave_out_the_rest(struct loader *l)
{
	struct plan_rows rows;
	bool *is_played;

	if (l->tags.n == 0 && l->exclude_tags.n == 0)
		return;
	rows = all_rows(l->plan);
	is_played = played_tasks(l->plan);
	leave_out(l, &rows, is_played, l->plan);
	free(is_played);
	free(rows.at);
}

/* --- what a plan does not look at --------------------------------------- */

static bool is_any_about(
    const struct plan *plan, enum measure measure, enum measure other)
{
	for (size_t i = 0; i < plan->n_thresholds; i++)
		if (plan->thresholds[i].measure == measure ||
		    plan->thresholds[i].measure == other)
			return true;
	return false;
}

/* Where there are thresholds they alone decide, so what none of them looks at
 * is no failure of the run. One that aborts fails the run too. */
static void warn_of_gaps(struct loader *l)
{
	const struct plan *plan = l->plan;
	const struct threshold *first = NULL;

	for (size_t i = 0; i < plan->n_thresholds && first == NULL; i++)
		if (!plan->thresholds[i].aborts)
			first = &plan->thresholds[i];
	if (first == NULL)
		return;
	if (!is_any_about(plan, MEASURE_FAIL_RATIO, MEASURE_FAILURES))
		diag_warning(l->diag, first->where,
		    "[thresholds]: none of them looks at failures, so a run in "
		    "which every request fails passes: add fail_ratio = < 1%%");
	if (plan->load.model == LOAD_RATE && plan->load.late == LATE_DROP &&
	    !is_any_about(plan, MEASURE_DROPPED, MEASURE_DROPPED))
		diag_warning(l->diag, first->where,
		    "[thresholds]: none of them looks at dropped tasks, so "
		    "with late = drop a server that stands still passes: add "
		    "dropped = == 0");
}

void thresholds_finish(struct loader *l)
{
	if (l->diag->errors > 0)
		return;
	leave_out_the_rest(l);
	warn_of_gaps(l);
}
