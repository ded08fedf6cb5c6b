/*
 * From the text of a plan to its structs: which section goes where and in
 * which order. It must not know what any key means.
 */
#include "plan/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/loader.h"
#include "plan/meant.h"
#include "plan/source.h"
#include "plan/url_plan.h"
#include "plan/values.h"

static void load_section(struct loader *l, const struct ini_section *section,
    struct scope *scope, const char *word)
{
	for (size_t i = 0; i < section->n; i++)
		if (!scope_apply(scope, &l->env, &section->entries[i]))
			keys_report_unknown(
			    &l->env, word, &section->entries[i]);
}

static void load_load(
    struct loader *l, const struct ini_section *section, const char *name)
{
	(void)name;
	load_section(l, section, &l->load, "load");
	l->plan->load.has_seed = scope_find(&l->load, "seed") != NULL;
}

static void load_http(
    struct loader *l, const struct ini_section *section, const char *name)
{
	struct scope scope;

	(void)name;
	scope_init(&scope);
	scope_add(&scope, "http", &l->plan->http);
	l->plan->variables.data_used = 0;
	load_section(l, section, &scope, "http");
	l->http_data |= l->plan->variables.data_used;
	http_check(l, &scope, &l->plan->http);
}

static void load_report(
    struct loader *l, const struct ini_section *section, const char *name)
{
	struct scope scope;

	(void)name;
	scope_init(&scope);
	scope_add(&scope, "report", &l->plan->report);
	load_section(l, section, &scope, "report");
}

static void check_program(
    const struct loader *l, const struct ini_entry *program)
{
	if (program != NULL && l->plan->remote.copy)
		diag_warning(l->diag, program->where,
		    "program \"%s\": it is not used, since copy = yes sends "
		    "this loadgen itself: remove one of them",
		    quote(program->value).text);
}

static void load_remote(
    struct loader *l, const struct ini_section *section, const char *name)
{
	struct scope scope;

	(void)name;
	scope_init(&scope);
	scope_add(&scope, "remote", l->plan);
	load_section(l, section, &scope, "remote");
	l->hosts = scope_find(&scope, "hosts");
	check_program(l, scope_find(&scope, "program"));
}

/* Sections that others need come first, wherever they stand in the file. */
static const struct {
	const char *word;
	bool has_shares; /* what they say is needed to share users out */
	void (*load)(struct loader *l, const struct ini_section *section,
	    const char *name);
} passes[] = {
    {"load", true, load_load},
    {"http", false, load_http},
    {"report", false, load_report},
    {"remote", false, load_remote},
    {"hook", false, hook_load},
    {"task", false, task_load},
    {"user", true, user_load},
    {"thresholds", false, thresholds_load},
};

static void load_pass(struct loader *l, size_t pass)
{
	const struct section_kind *kind;
	size_t errors = l->diag->errors;
	const char *name;

	for (size_t i = 0; i < l->ini.n; i++) {
		const struct ini_section *section = &l->ini.sections[i];

		kind = keys_section(section->name, &name);
		if (kind != NULL && strcmp(kind->word, passes[pass].word) == 0)
			passes[pass].load(l, section, name);
	}
	if (passes[pass].has_shares && l->diag->errors > errors)
		l->shares_known = false;
}

/* --- the list of sections ----------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct ini_section *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	if (order != 0)
		return order;
	return *x < *y ? -1 : *x > *y;
}

/* Sorted, since a plan may have thousands. */
static void check_duplicates(struct loader *l)
{
	size_t n = l->ini.n;
	const struct ini_section **sorted = xcalloc(n + 1, sizeof(*sorted));

	for (size_t i = 0; i < n; i++)
		sorted[i] = &l->ini.sections[i];
	qsort(sorted, n, sizeof(*sorted), by_name);
	for (size_t i = 1; i < n; i++)
		if (strcmp(sorted[i]->name, sorted[i - 1]->name) == 0 &&
		    sorted[i]->name[0] != '\0')
			diag_error(l->diag, sorted[i]->where,
			    "[%s]: there is one in line %u already: put their "
			    "keys together%s",
			    quote(sorted[i]->name).text,
			    sorted[i - 1]->where.line,
			    strchr(sorted[i]->name, ' ') != NULL
				? ", or give it another name"
				: "");
	free(sorted);
}

static void check_sections(struct loader *l)
{
	const struct section_kind *kind;
	const char *name;

	for (size_t i = 0; i < l->ini.n; i++) {
		const struct ini_section *section = &l->ini.sections[i];

		if (section->name[0] == '\0')
			continue; /* reported by the reader */
		kind = keys_section(section->name, &name);
		if (kind == NULL)
			keys_report_section(
			    l->diag, section->name, section->where);
		else if (!kind->has_name && name[0] != '\0')
			diag_error(l->diag, section->where,
			    "[%s]: there is only one such section, without "
			    "a name: write [%s]",
			    quote(section->name).text, kind->word);
	}
	check_duplicates(l);
}

static void report_cut(struct loader *l)
{
	diag_error(l->diag, l->hosts->where,
	    "hosts: not all that the plan needs can be sent there: at most %d "
	    "files and variables of the environment are, of %d GiB together, "
	    "with names of up to %d bytes: name fewer",
	    STOCK_MAX_ITEMS - 1, (int)(STOCK_MAX_BYTES >> 30),
	    STOCK_MAX_NAME_BYTES);
}

static void load_all(struct loader *l)
{
	struct plan *plan = l->plan;

	keys_defaults(&l->env, "load", &plan->load);
	keys_defaults(&l->env, "http", &plan->http);
	keys_defaults(&l->env, "report", &plan->report);
	keys_defaults(&l->env, "remote", plan);
	scope_init(&l->load);
	scope_add(&l->load, "load", &plan->load);
	overrides_apply(l);
	check_sections(l);
	names_load(l);
	l->shares_known = true;
	for (size_t i = 0; i < ARRAY_LEN(passes); i++) {
		load_pass(l, i);
		if (passes[i].load == load_load)
			stages_load(l);
		/* users need to know who is only called */
		if (passes[i].load == task_load)
			calls_finish(l);
	}
	if (plan->n_tasks == 0)
		diag_error(l->diag, (struct where) {plan->file, 0},
		    "no task: a plan has at least one: write [task NAME] and "
		    "get = /path below it");
	hooks_finish(l);
	shares_finish(l);
	stages_finish(l);
	thresholds_finish(l);
	aborts_finish(l);
	if (l->diag->errors == 0)
		names_finish(l);
	if (l->supply.is_cut && plan->remote.n_hosts > 0)
		report_cut(l);
}

/* Steps stay where they are from now on. */
static void list_requests(struct plan *plan)
{
	plan->requests =
	    xcalloc((size_t)plan->n_requests + 1, sizeof(*plan->requests));
	for (size_t i = 0; i < plan->n_tasks; i++) {
		const struct task *task = plan->tasks[i];

		for (size_t k = 0; k < task->n_steps; k++) {
			const struct step *step = &task->steps[k];

			if (step->type == STEP_REQUEST ||
			    step->type == STEP_POLL)
				plan->requests[step->request.id] = step;
		}
	}
}

/* --- files -------------------------------------------------------------- */

/* Where the files that the plan names are looked for. */
static char *folder_of(const char *file)
{
	const char *slash = strrchr(file, '/');

	if (slash == NULL || is_url_plan(file))
		return xstrdup("");
	return xstrndup(file, (size_t)(slash - file) + 1);
}

static void loader_clear(struct loader *l)
{
	ini_clear(&l->ini);
	words_clear(&l->tags);
	words_clear(&l->exclude_tags);
	for (size_t i = 0; i < l->n_emits; i++)
		free(l->emits[i].event);
	free(l->emits);
	free(l->calls);
	free(l->notes);
	free(l->env.folder);
}

/* What a source calls standard input, as people call it. */
static const char *shown_file(const char *file)
{
	return strcmp(file, "-") == 0 ? "standard input" : file;
}

/* A plan whose text is in memory, and whose file is named so. */
static struct plan *load_text(const struct plan_source *source,
    const char *file, const char *text, size_t len, struct diag *d)
{
	static const struct ini_words words = {keys_is_section, keys_is_any_key,
	    keys_lines_of, keys_sections, keys_meant_line};
	struct plan *plan = xcalloc(1, sizeof(*plan));
	struct loader l = {.source = source, .plan = plan, .diag = d};
	size_t errors = d->errors;

	plan->file = xstrdup(shown_file(file));
	l.supply = (struct supply) {.plan = plan, .given = source->stock};
	supply_note_text(&l.supply, file, text, len);
	plan->variables.supply = &l.supply;
	l.env.diag = d;
	l.env.variables = &plan->variables;
	l.env.supply = &l.supply;
	l.env.folder = folder_of(file);
	if (ini_read(&l.ini, text, len, plan->file, &words, d))
		load_all(&l);
	plan->variables.supply = NULL;
	plan->written = xcalloc(1, sizeof(*plan->written));
	*plan->written = l.ini;
	l.ini = (struct ini) {0};
	loader_clear(&l);
	if (source->stock == NULL && !source_put(&plan->stock, source))
		diag_error(d, (struct where) {plan->file, 0},
		    "its keys on the command line are more than can be kept: "
		    "write them into the plan");
	if (d->errors == errors) {
		list_requests(plan);
		return plan;
	}
	plan_free(plan);
	return NULL;
}

struct plan *plan_load_stream(
    const struct plan_source *source, FILE *in, struct diag *d)
{
	const char *file = source->file;
	struct plan *plan = NULL;
	struct buf text;

	if (ini_fetch(&text, in, shown_file(file), d))
		plan =
		    load_text(source, file, buf_text(&text), buf_len(&text), d);
	buf_clear(&text);
	return plan;
}

/* It cannot be opened, as errno says. */
static void report_unread(const char *file, struct diag *d)
{
	const char *why = strerror(errno);
	char *url = meant_url(file);

	if (strstr(file, "://") != NULL) {
		diag_error(d, (struct where) {file, 0},
		    "only http and https are spoken: write http://HOST");
		free(url);
		return;
	}
	diag_error(d, (struct where) {file, 0},
	    "the plan cannot be read: %s: name a file that can be, %s%s", why,
	    url != NULL ? "or a URL: " : "- for standard input, or a URL",
	    url != NULL ? url : "");
	free(url);
}

/* A host beside it would take the place of the URL's own. */
static bool has_one_host(const struct plan_source *source, struct diag *d)
{
	for (size_t i = 0; i < source->n_overrides; i++) {
		const struct override *o = &source->overrides[i];

		if (strcmp(o->section, "load") != 0 ||
		    strcmp(o->key, "host") != 0)
			continue;
		diag_error(d, (struct where) {o->where, 0},
		    "the URL in place of a plan has a host already: leave one "
		    "of them out");
		return false;
	}
	return true;
}

static struct plan *load_url(const struct plan_source *source, struct diag *d)
{
	struct plan *plan = NULL;
	char *text;

	if (!has_one_host(source, d))
		return NULL;
	text = url_plan_text(source->file);
	if (text != NULL)
		plan = load_text(source, source->file, text, strlen(text), d);
	else
		diag_error(d, (struct where) {quote(source->file).text, 0},
		    "no URL has blanks or control characters: write %%20 for "
		    "a blank");
	free(text);
	return plan;
}

struct plan *plan_load(const struct plan_source *source, struct diag *d)
{
	const struct stock_item *text;
	struct plan *plan;
	FILE *in;

	if (source->stock != NULL) {
		text = stock_text(source->stock);
		if (text != NULL)
			return load_text(source, text->name,
			    (const char *)text->bytes, text->len, d);
		diag_error(d, (struct where) {"loadgen", 0},
		    "no plan was sent: send its text as well");
		return NULL;
	}
	if (strcmp(source->file, "-") == 0)
		return plan_load_stream(source, stdin, d);
	if (is_url_plan(source->file))
		return load_url(source, d);
	in = fopen(source->file, "r");
	if (in == NULL) {
		report_unread(source->file, d);
		return NULL;
	}
	plan = plan_load_stream(source, in, d);
	fclose(in);
	return plan;
}

void plan_free(struct plan *plan)
{
	if (plan == NULL)
		return;
	for (size_t i = 0; i < plan->n_kinds; i++)
		user_free(plan->kinds[i]);
	for (size_t i = 0; i < plan->n_tasks; i++)
		task_free(plan->tasks[i]);
	for (size_t i = 0; i < plan->n_bases; i++)
		free(plan->bases[i].text);
	for (size_t i = 0; i < plan->n_data; i++)
		data_file_clear(&plan->data[i]);
	for (size_t i = 0; i < plan->n_hooks; i++)
		hook_clear(&plan->hooks[i]);
	for (size_t i = 0; i < plan->n_files; i++)
		free(plan->files[i].bytes);
	for (size_t i = 0; i < plan->n_thresholds; i++)
		threshold_clear(&plan->thresholds[i]);
	free(plan->thresholds);
	free(plan->files);
	free(plan->data);
	free(plan->hooks);
	variables_clear(&plan->variables);
	free(plan->kinds);
	free(plan->tasks);
	free(plan->by_name);
	free(plan->requests);
	free(plan->bases);
	http_clear(&plan->http);
	stages_clear(&plan->load);
	free(plan->load.host);
	free(plan->report.csv);
	free(plan->report.html);
	free(plan->report.json);
	free(plan->report.junit);
	free(plan->report.baseline);
	remote_hosts_free(plan->remote.hosts, plan->remote.n_hosts);
	free(plan->remote.rsh);
	free(plan->remote.program);
	stock_clear(&plan->stock);
	if (plan->written != NULL)
		ini_clear(plan->written);
	free(plan->written);
	free(plan->file);
	free(plan);
}

void plan_leave_out_thresholds(
    struct plan *plan, bool (*is_out)(const struct threshold *threshold))
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_thresholds; i++) {
		if (is_out(&plan->thresholds[i]))
			threshold_clear(&plan->thresholds[i]);
		else
			plan->thresholds[n++] = plan->thresholds[i];
	}
	plan->n_thresholds = n;
}
