/*
 * What only the whole plan can tell: who draws which task, how many users of
 * each kind there are, which host their paths go to, what nobody uses. It must
 * not know what steps are made of beyond their URLs.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "plan/fields.h"
#include "plan/loader.h"
#include "plan/values.h"

enum { CHOICES_MAX = 1000000 }; /* of kinds that name none */

/* --- tags --------------------------------------------------------------- */

static bool is_filtered(const struct loader *l)
{
	return l->tags.n > 0 || l->exclude_tags.n > 0;
}

static bool passes_filter(const struct loader *l, const struct task *task)
{
	if (l->tags.n > 0 && !words_meet(&task->tags, &l->tags))
		return false;
	return !words_meet(&task->tags, &l->exclude_tags);
}

static void filter_load(
    struct loader *l, struct words *list, const char *text, const char *option)
{
	struct ini_entry entry = {0};
	const char *defect;

	if (text == NULL)
		return;
	entry.where = (struct where) {option, 0};
	defect = words_split(list, text);
	if (defect != NULL)
		diag_error(l->diag, entry.where, "\"%s\": %s", quote(text).text,
		    defect);
}

/* "there are A, B"; owned by the caller. */
static char *list_words(const struct words *words)
{
	struct buf all;
	char *text;

	if (words->n == 0)
		return xstrdup("tags are given with tags = A, B in a [task]");
	buf_init(&all, 256);
	for (size_t i = 0; i < words->n && !all.full; i++)
		buf_printf(&all, "%s%s", i > 0 ? ", " : "there are ",
		    quote(words->at[i]).text);
	text = xasprintf("%s%s", buf_text(&all), all.full ? ", ..." : "");
	buf_clear(&all);
	return text;
}

/* A tag that no task has is a slip. */
static void filter_check(
    struct loader *l, const struct words *list, const char *option)
{
	struct where where = {option, 0};
	struct words all = {0};
	char *hint, *there_are;

	for (size_t i = 0; i < l->plan->n_tasks; i++) {
		const struct words *tags = &l->plan->tasks[i]->tags;

		for (size_t k = 0; k < tags->n; k++)
			if (!words_have(&all, tags->at[k]))
				words_add(
				    &all, tags->at[k], strlen(tags->at[k]));
	}
	there_are = list_words(&all);
	for (size_t i = 0; i < list->n; i++) {
		if (words_have(&all, list->at[i]))
			continue;
		hint = name_one_of(
		    list->at[i], (const char *const *)all.at, all.n, there_are);
		diag_error(l->diag, where, "\"%s\": no task has this tag: %s",
		    quote(list->at[i]).text, hint);
		free(hint);
	}
	free(there_are);
	words_clear(&all);
}

/* --- choices ------------------------------------------------------------ */

/* Keeps what can be drawn, and sums up. */
static void choices_finish(const struct loader *l, struct user_kind *kind)
{
	size_t n = 0;

	kind->weights = 0;
	for (size_t i = 0; i < kind->n_choices; i++) {
		struct choice c = kind->choices[i];

		if (c.weight == 0 || !passes_filter(l, c.task))
			continue;
		kind->weights += c.weight;
		c.weight_upto = kind->weights;
		kind->choices[n++] = c;
	}
	kind->n_choices = n;
}

static void choices_load(struct loader *l, size_t i)
{
	struct user_kind *kind = l->plan->kinds[i];
	const struct plan *plan = l->plan;

	if (!kind->has_wait)
		kind->wait = plan->load.wait;
	for (size_t k = 0; !l->notes[i].has_tasks && k < plan->n_tasks; k++)
		if (plan->tasks[k]->is_drawn)
			users_add_choice(
			    kind, plan->tasks[k], plan->tasks[k]->weight);
	choices_finish(l, kind);
}

/* Kinds that name no tasks have all there are: together that may be more than
 * anybody has memory for. */
static void load_choices(struct loader *l)
{
	const struct plan *plan = l->plan;
	size_t n = 0;

	for (size_t i = 0; i < plan->n_kinds; i++) {
		n += l->notes[i].has_tasks ? 0 : plan->n_tasks;
		if (n > CHOICES_MAX && i > 0) {
			diag_error(l->diag, plan->kinds[i]->where,
			    "[user %s]: all [user] together would draw more "
			    "than %d tasks: name the tasks of each",
			    quote(plan->kinds[i]->name).text, CHOICES_MAX);
			l->shares_known = false;
			return;
		}
		choices_load(l, i);
	}
}

static void report_idle(struct loader *l, const struct user_kind *kind)
{
	if (kind->name[0] == '\0')
		diag_error(l->diag, kind->where,
		    "no task can be drawn: all have weight 0 or are only "
		    "named by a user: give one a weight");
	else
		diag_error(l->diag, kind->where,
		    "[user %s]: no task can be drawn: its tasks have weight 0 "
		    "or are only named by a user: give one a weight",
		    quote(kind->name).text);
}

/* Takes out the kinds that the tags leave without tasks. */
static void drop_idle_kinds(struct loader *l)
{
	struct plan *plan = l->plan;
	size_t n = 0;

	for (size_t i = 0; i < plan->n_kinds; i++) {
		struct user_kind *kind = plan->kinds[i];

		if (kind->weights > 0) {
			l->notes[n] = l->notes[i];
			plan->kinds[n++] = kind;
			continue;
		}
		diag_warning(l->diag, kind->where,
		    "[user %s]: none of its tasks is left by the tags: it is "
		    "left out",
		    quote(kind->name).text);
		user_free(kind);
	}
	plan->n_kinds = n;
}

static void check_choices(struct loader *l)
{
	struct plan *plan = l->plan;
	struct where where = {l->tags.n > 0 ? "--tags" : "--exclude-tags", 0};
	bool any = false;

	for (size_t i = 0; i < plan->n_kinds; i++)
		any = any || plan->kinds[i]->weights > 0;
	if (is_filtered(l)) {
		if (!any)
			diag_error(l->diag, where,
			    "no task is left to be drawn: choose other tags");
		else
			drop_idle_kinds(l);
		return;
	}
	for (size_t i = 0; i < plan->n_kinds; i++)
		if (plan->kinds[i]->weights == 0)
			report_idle(l, plan->kinds[i]);
}

/* --- how many ----------------------------------------------------------- */

/* How many users have a fixed kind; how many weights there are for the rest. */
static void sum_kinds(
    const struct plan *plan, uint64_t *counts, uint64_t *weights, bool *all)
{
	*counts = *weights = 0;
	*all = true;
	for (size_t i = 0; i < plan->n_kinds; i++) {
		const struct user_kind *kind = plan->kinds[i];

		*counts += kind->count;
		if (kind->count == 0) {
			*weights += kind->weight;
			*all = false;
		}
	}
}

static void check_counts(struct loader *l, size_t kinds_written)
{
	struct plan *plan = l->plan;
	const struct ini_entry *users = scope_find(&l->load, "users");
	struct where where =
	    users != NULL ? users->where : plan->kinds[0]->where;
	uint64_t counts, weights;
	bool all_counted;

	sum_kinds(plan, &counts, &weights, &all_counted);
	if (all_counted && (users == NULL || kinds_written > plan->n_kinds))
		plan->load.users = counts;
	if (counts > plan->load.users)
		diag_error(l->diag, where,
		    "users: %" PRIu64 " in all, but the counts of [user] "
		    "add up to %" PRIu64 ": write users = %" PRIu64 " or more",
		    plan->load.users, counts, counts);
	else if (all_counted && counts < plan->load.users)
		diag_error(l->diag, where,
		    "users: %" PRIu64 " in all, but every [user] has a count "
		    "and they add up to %" PRIu64 ": remove users, or give "
		    "one a weight in place of its count",
		    plan->load.users, counts);
	else if (!all_counted && weights == 0 && counts < plan->load.users)
		diag_error(l->diag, where,
		    "users: %" PRIu64 " of them are of no kind, as each "
		    "[user] without count has weight 0: give one a weight",
		    plan->load.users - counts);
}

static void warn_unplayed(struct loader *l)
{
	struct plan *plan = l->plan;
	uint64_t counts, weights;
	bool all_counted;

	sum_kinds(plan, &counts, &weights, &all_counted);
	for (size_t i = 0; i < plan->n_kinds; i++) {
		const struct user_kind *kind = plan->kinds[i];

		if (kind->count > 0 ||
		    (kind->weight > 0 && counts < plan->load.users))
			continue;
		diag_warning(l->diag, kind->where,
		    "[user %s]: no user is of this kind: %s",
		    quote(kind->name).text,
		    kind->weight == 0 ? "its weight is 0"
				      : "the counts of the others leave none");
	}
}

/* --- hosts -------------------------------------------------------------- */

/* The number of this base, added where it is new. */
static unsigned need_base(
    struct plan *plan, const char *text, struct where where)
{
	for (size_t i = 0; i < plan->n_bases; i++)
		if (strcmp(plan->bases[i].text, text) == 0)
			return (unsigned)i;
	plan->bases =
	    xreallocarray(plan->bases, plan->n_bases + 1, sizeof(*plan->bases));
	plan->bases[plan->n_bases] = (struct base_url) {xstrdup(text), where};
	return (unsigned)plan->n_bases++;
}

/* The first request of a task that a host has to be known for. */
static const struct step *find_path(const struct task *task)
{
	return task != NULL ? task->path : NULL;
}

static const struct step *find_homeless(const struct user_kind *kind)
{
	const struct step *step = find_path(kind->on_start);

	for (size_t i = 0; step == NULL && i < kind->n_choices; i++)
		step = find_path(kind->choices[i].task);
	return step != NULL ? step : find_path(kind->on_stop);
}

static void report_homeless(struct loader *l, struct where where)
{
	static const char mend[] =
	    "a path needs a host: write host = http://HOST:PORT in [load], or "
	    "give --host";

	for (size_t i = 0; i < l->ini.n; i++)
		for (size_t k = 0; k < l->ini.sections[i].n; k++) {
			const struct ini_entry *entry =
			    &l->ini.sections[i].entries[k];

			if (entry->where.line == where.line &&
			    entry->where.file == where.file) {
				field_error(&l->env, entry, "%s", mend);
				return;
			}
		}
}

/* Whether there are requests, and none of them asks for a host. */
static bool is_host_idle(const struct plan *plan)
{
	bool has_requests = false;

	for (size_t i = 0; i < plan->n_tasks; i++) {
		if (plan->tasks[i]->may_need_host)
			return false;
		has_requests |= plan->tasks[i]->has_requests;
	}
	return has_requests;
}

static void warn_idle_host(struct loader *l, const struct ini_entry *host)
{
	if (host == NULL || host->value[0] == '\0')
		return;
	diag_warning(l->diag, host->where,
	    "host \"%s\": it changes nothing: all requests have URLs of their "
	    "own: write paths in place of them, such as get = /things",
	    quote(host->value).text);
}

/* Hosts that nothing goes to are in no heading. */
static void drop_idle_hosts(struct loader *l)
{
	struct plan *plan = l->plan;

	warn_idle_host(l, scope_find(&l->load, "host"));
	for (size_t i = 0; i < plan->n_kinds; i++) {
		warn_idle_host(l, l->notes[i].host);
		plan->kinds[i]->base = NO_BASE;
	}
	for (size_t i = 0; i < plan->n_bases; i++)
		free(plan->bases[i].text);
	plan->n_bases = 0;
	plan->n_asked = 0;
	plan->base = NO_BASE;
}

static void find_all_homeless(struct loader *l)
{
	struct plan *plan = l->plan;
	const struct step *homeless = NULL;

	if (scope_find(&l->load, "host") != NULL)
		return;
	for (size_t i = 0; homeless == NULL && i < plan->n_kinds; i++)
		if (l->notes[i].host == NULL)
			homeless = find_homeless(plan->kinds[i]);
	if (homeless == NULL)
		homeless = find_path(plan->setup);
	if (homeless == NULL)
		homeless = find_path(plan->teardown);
	if (homeless != NULL)
		report_homeless(l, homeless->where);
}

static bool may_need_host(const struct task *task)
{
	return task != NULL && task->may_need_host;
}

static bool needs_base(const struct user_kind *kind)
{
	bool asks =
	    may_need_host(kind->on_start) || may_need_host(kind->on_stop);

	for (size_t i = 0; !asks && i < kind->n_choices; i++)
		asks = may_need_host(kind->choices[i].task);
	return asks;
}

/* A host on the command line beats those that the plan has for its kinds. */
static unsigned base_of_kind(struct loader *l, size_t i)
{
	const struct ini_entry *common = scope_find(&l->load, "host");
	const struct ini_entry *own = l->notes[i].host;
	struct plan *plan = l->plan;

	if (own != NULL && own->where.line > 0 && common != NULL &&
	    common->where.line == 0)
		own = NULL;
	if (own != NULL)
		return plan->kinds[i]->host != NULL
			   ? need_base(plan, plan->kinds[i]->host, own->where)
			   : NO_BASE;
	return plan->load.host != NULL
		   ? need_base(plan, plan->load.host, common->where)
		   : NO_BASE;
}

static void load_base(struct loader *l)
{
	const struct ini_entry *common = scope_find(&l->load, "host");

	if (l->plan->load.host != NULL)
		l->plan->base =
		    need_base(l->plan, l->plan->load.host, common->where);
}

/* What asks its host comes first, so that the others need not be told of. */
static void load_hosts(struct loader *l)
{
	struct plan *plan = l->plan;
	bool asks = may_need_host(plan->setup) || may_need_host(plan->teardown);

	plan->base = NO_BASE;
	for (size_t i = 0; i < plan->n_kinds; i++)
		if (needs_base(plan->kinds[i]))
			plan->kinds[i]->base = base_of_kind(l, i);
	if (asks)
		load_base(l);
	plan->n_asked = plan->n_bases;
	for (size_t i = 0; i < plan->n_kinds; i++)
		if (!needs_base(plan->kinds[i]))
			plan->kinds[i]->base = base_of_kind(l, i);
	if (!asks)
		load_base(l);
	find_all_homeless(l);
}

/* --- versions ----------------------------------------------------------- */

/* What goes to several hosts may go to one with TLS. */
static bool is_plain(const struct plan *plan, const struct request *request)
{
	if (request->is_absolute || request->is_open)
		return request->is_plain;
	for (size_t i = 0; i < plan->n_bases; i++)
		if (scheme_len(plan->bases[i].text) != strlen("http://"))
			return false;
	return true;
}

static const struct step *find_plain_2(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_tasks; i++)
		for (size_t k = 0; k < plan->tasks[i]->n_steps; k++) {
			const struct step *step = &plan->tasks[i]->steps[k];
			const struct request *request = &step->request;

			if (request->url != NULL &&
			    request->http.version == HTTP_2 &&
			    is_plain(plan, request))
				return step;
		}
	return NULL;
}

/* libcurl does not even ask there. Once: one is as good as the others. */
static void warn_plain_2(struct loader *l)
{
	const struct step *step = find_plain_2(l->plan);

	if (step != NULL)
		diag_warning(l->diag, step->where,
		    "http_version = 2: with http:// it is HTTP/1.1, as 2 is "
		    "agreed upon in TLS: write https://, or http_version = "
		    "2-prior-knowledge, which takes libcurl 8.0 or later");
}

/* --- what nobody uses --------------------------------------------------- */

/* From here on, drawn means: by some kind. */
static void mark_drawn(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_tasks; i++)
		plan->tasks[i]->is_drawn = false;
	for (size_t i = 0; i < plan->n_kinds; i++)
		for (size_t k = 0; k < plan->kinds[i]->n_choices; k++)
			plan->tasks[plan->kinds[i]->choices[k].task->number]
			    ->is_drawn = true;
}

/* Weight 0 and tags are meant; a task that no list names is a slip. */
static void warn_unused(struct loader *l)
{
	struct plan *plan = l->plan;

	for (size_t i = 0; i < plan->n_tasks; i++) {
		const struct task *task = plan->tasks[i];

		if (task->is_drawn || task->is_named || task->weight == 0 ||
		    is_filtered(l))
			continue;
		diag_warning(l->diag, task->where,
		    "[task %s]: it is never run: name it in the tasks of a "
		    "[user], or remove it",
		    quote(task->name).text);
	}
}

void shares_finish(struct loader *l)
{
	struct plan *plan = l->plan;
	size_t written, errors = l->diag->errors;

	if (plan->n_kinds == 0)
		users_add_kind(l, "", (struct where) {plan->file, 0});
	written = plan->n_kinds;
	filter_load(l, &l->tags, l->source->tags, "--tags");
	filter_load(
	    l, &l->exclude_tags, l->source->exclude_tags, "--exclude-tags");
	filter_check(l, &l->tags, "--tags");
	filter_check(l, &l->exclude_tags, "--exclude-tags");
	if (l->diag->errors > errors)
		l->shares_known = false;
	load_choices(l);
	load_hosts(l);
	/* what follows would only echo mistakes that are reported */
	if (!l->shares_known || plan->n_tasks == 0)
		return;
	check_choices(l);
	check_counts(l, written);
	if (l->diag->errors > 0)
		return;
	warn_unplayed(l);
	if (is_host_idle(plan))
		drop_idle_hosts(l);
	warn_plain_2(l);
	mark_drawn(plan);
	warn_unused(l);
}
