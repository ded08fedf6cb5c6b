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

struct loader {
	const struct plan_source *source; /* borrowed */
	struct plan *plan;
	struct diag *diag; /* borrowed */
	struct key_env env;
	struct ini ini;
	struct scope load;       /* of all [load] there is */
	struct kind_note *notes; /* owned; of each of plan->kinds */
	size_t cap_notes;
	bool shares_known; /* [load] and [user] have no mistakes */
	struct words tags; /* of --tags and --exclude-tags */
	struct words exclude_tags;
};

/* Puts the overrides among the raw entries, before anything looks at them. */
void overrides_apply(struct loader *l);

/* key needs cert. */
void http_check(struct loader *l, const struct scope *scope,
    const struct http_options *http);
/* What a level hands to the one below; headers stay where they are. */
void http_inherit(struct http_options *to, const struct http_options *from);
void http_clear(struct http_options *http);

/* [task NAME]; needs [http]. */
void task_load(
    struct loader *l, const struct ini_section *section, const char *name);
void task_free(struct task *task);

/*
 * A request: begun with the entry of its first key, which gives method and
 * URL; finished when its keys are in. What is wrong is reported and left out.
 */
void request_begin(struct loader *l, struct request *request,
    const char *method, const struct ini_entry *entry);
void request_finish(struct loader *l, const struct task *task,
    struct request *request, const struct scope *scope,
    const struct request_draft *draft, const struct ini_entry *first);
void request_clear(struct request *request);
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
/* The task of that name, or NULL. */
struct task *users_find_task(const struct plan *plan, const char *name);
void users_add_choice(
    struct user_kind *kind, const struct task *task, uint64_t weight);

/* When all sections are in: choices, shares, hosts, what is never used. */
void shares_finish(struct loader *l);

#endif
