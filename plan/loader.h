/*
 * What the files that make a plan share while they do. Private to this room.
 */
#ifndef PLAN_LOADER_H
#define PLAN_LOADER_H

#include "plan/keys.h"
#include "plan/plan.h"

/* What is remembered of a kind of user until all of them are known. */
struct kind_note {
	const struct ini_entry *host; /* borrowed; NULL: not written */
	const struct ini_entry *count;
	bool has_tasks; /* they were written down, rightly or not */
};

/* A `call` whose task may not be known yet. */
struct call_note {
	struct task *task; /* that calls */
	size_t step;
	const struct ini_entry *entry;
};

/* An event that some task fires. */
struct emit_note {
	char *event; /* owned */
	const struct ini_entry *entry;
};

struct loader {
	const struct plan_source *source; /* borrowed */
	struct plan *plan;
	struct diag *diag; /* borrowed */
	struct key_env env;
	struct supply supply;
	struct ini ini;
	struct scope load;       /* of all [load] there is */
	struct kind_note *notes; /* owned; of each of plan->kinds */
	size_t cap_notes;
	struct call_note *calls; /* owned */
	size_t n_calls;
	size_t cap_calls;
	struct emit_note *emits; /* owned */
	size_t n_emits;
	size_t cap_emits;
	uint64_t http_data;            /* bit by [data]: used by [http] */
	bool shares_known;             /* [load] and [user] have no mistakes */
	const struct ini_entry *hosts; /* of [remote]; borrowed; NULL: none */
	struct words tags;             /* of --tags and --exclude-tags */
	struct words exclude_tags;
};

/* Puts the overrides among the raw entries, before anything looks at them. */
void overrides_apply(struct loader *l);

/* key needs cert. */
void http_check(struct loader *l, const struct scope *scope,
    const struct http_options *http);
/* What a level hands to the one below, which begins at this place; headers stay
 * where they are. */
void http_inherit(struct loader *l, struct http_options *to,
    const struct http_options *from, struct where where);
void http_clear(struct http_options *http);

/* How much load there is: when [load] is in, and when the number of users is
 * known. */
void stages_load(struct loader *l);
void stages_finish(struct loader *l);
void stages_clear(struct load_options *load);

/* All names of variables: [vars], [data NAME], and what tasks and users set;
 * before anything is compiled. */
void names_load(struct loader *l);
void data_file_clear(struct data_file *file);
/* When all is compiled: what nobody uses. */
void names_finish(struct loader *l);

/* [hook NAME] */
void hook_load(
    struct loader *l, const struct ini_section *section, const char *name);
void hook_clear(struct hook *hook);
/* Whether loadgen fires an event of that name by itself. */
bool hooks_is_event(const char *name);
void hooks_note_emit(
    struct loader *l, const char *event, const struct ini_entry *entry);
/* When all tasks and hooks are known: whether events and hooks fit. */
void hooks_finish(struct loader *l);

/* [thresholds], [thresholds NAME] and [thresholds @STAGE]; needs [load] and all
 * tasks. */
void thresholds_load(
    struct loader *l, const struct ini_section *section, const char *name);
void threshold_clear(struct threshold *threshold);
/* When it is known who draws what: leaves out those of rows that tags left
 * out. */
void thresholds_finish(struct loader *l);
/* When it is known how long stages are, and the run: warns of conditions that
 * can never end it. */
void aborts_finish(struct loader *l);

/* [task NAME]; needs [http]. */
void task_load(
    struct loader *l, const struct ini_section *section, const char *name);
void task_free(struct task *task);
/* What step number `step` of a task calls, by its first entry. */
void calls_note(struct loader *l, struct task *task, size_t step,
    const struct ini_entry *entry);
/* When all tasks are known: who is called, setup and teardown; that nobody
 * calls itself. */
void calls_finish(struct loader *l);

/* What the first entry of a step says that sends no request. */
void step_value(
    struct loader *l, struct step *step, const struct ini_entry *entry);
/* All keys of the step are in. */
void step_finish(struct loader *l, const struct task *task,
    struct step_draft *draft, const struct scope *scope,
    const struct ini_entry *first);
void step_clear(struct step *step);
/* `set.NAME = TEMPLATE`; false after an error. */
bool set_load(struct loader *l, struct set *set, const struct ini_entry *entry);

/*
 * A request: begun with the entry of its first key, which gives method and
 * URL; finished when its keys are in. What is wrong is reported and left out.
 * Its captures and its name are loaded by whoever owns the step.
 */
void request_begin(struct loader *l, struct request *request,
    const char *method, const struct ini_entry *entry);
void request_finish(struct loader *l, const struct task *task,
    struct request *request, const struct scope *scope,
    const struct request_draft *draft, const struct ini_entry *first);
void request_clear(struct request *request);
/* check, fail_if, until: an array owned by the caller; the request learns what
 * has to be kept of the answer for them. */
void checks_load(struct loader *l, struct request *request,
    const struct entries *entries, struct check **out, size_t *n);
void checks_free(struct check *checks, size_t n);
/* capture.NAME, in the same way. */
void takings_load(struct loader *l, struct request *request,
    const struct entries *entries, struct taking **out, size_t *n);
void takings_free(struct taking *takings, size_t n);
/* The row's name from its entry (may be NULL), or else from the URL in the
 * step's first entry. Owned by the caller. */
struct template *name_load(struct loader *l, const struct ini_entry *entry,
    const struct ini_entry *first);
/* Fills request->body or request->parts, at most one of the forms.
 * content_type is set to the type that goes with it; NULL: one that
 * is made with the boundary of the parts. */
void body_load(struct loader *l, struct request *request,
    const struct scope *scope, const struct request_draft *draft,
    const char **content_type);
void body_clear(struct request *request);
/* `key=value`, encoded; NULL after an error. */
struct template *pair_compile(struct loader *l, const struct ini_entry *entry);

/* [user NAME]; needs all tasks. */
void user_load(
    struct loader *l, const struct ini_section *section, const char *name);
void user_free(struct user_kind *kind);
/* One more kind, with defaults. */
struct user_kind *users_add_kind(
    struct loader *l, const char *name, struct where where);
/* The task of that name; NULL after an error about this entry. */
struct task *users_need_task(
    struct loader *l, const struct ini_entry *entry, const char *name);
/* The task that the entry's value names, which is not drawn unless it has a
 * weight of its own; NULL: the value is empty, or an error. */
struct task *users_task_of_entry(
    struct loader *l, const struct ini_entry *written);
/* The same of `KEY = TASK` in scope. */
const struct task *users_named_task(
    struct loader *l, const struct scope *scope, const char *key);
/* All tasks are in: from now on they are found by name. */
void users_sort_tasks(struct plan *plan);
/* The task of that name, or NULL. */
struct task *users_find_task(const struct plan *plan, const char *name);
void users_add_choice(
    struct user_kind *kind, const struct task *task, uint64_t weight);

/* When all sections are in: choices, shares, hosts, what is never used. */
void shares_finish(struct loader *l);

#endif
