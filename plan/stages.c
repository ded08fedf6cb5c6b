/*
 * How much load there is when: [load] stages, rate, users and what they mean
 * together. It must not know tasks.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/fields.h"
#include "plan/foreign.h"
#include "plan/loader.h"
#include "plan/values.h"

enum { STAGES_MAX = 1000, POOL_LEAST = 100 };

#define YEAR_US    (366 * 24 * 3600 * US_PER_S)
#define TARGET_MAX 1e7
#define BLANKS     " \t\n"

/* --- one stage ---------------------------------------------------------- */

/* The text without blanks around it. */
static char *trimmed(const char *text, size_t len)
{
	size_t front = strspn(text, BLANKS);

	if (front > len)
		front = len;
	while (len > front && strchr(BLANKS, text[len - 1]) != NULL)
		len--;
	return xstrndup(text + front, len - front);
}

static const char *take_duration(struct stage *stage, const char *text)
{
	const char *colon = strchr(text, ':');
	const char *why = NULL;
	char *duration;

	if (colon == NULL)
		return "not DURATION:TARGET: write for example 30s:100";
	duration = trimmed(text, (size_t)(colon - text));
	if (!parse_duration_us(duration, &stage->duration_us))
		why = "what stands before the colon is no duration: write "
		      "500ms, 5s or 2m";
	else if (stage->duration_us > YEAR_US)
		why = "it takes longer than a year: write less";
	free(duration);
	return why;
}

/* What somebody meant who did not write a number of users. */
static const char *why_no_users(const char *text)
{
	uint64_t us;

	if (parse_duration_us(text, &us) && strpbrk(text, "smh") != NULL)
		return "its target is a duration: write the duration first, as "
		       "in 30s:100";
	return "its target is no number of users: write a whole one, as in "
	       "30s:100, or a rate of tasks, as in 30s:100/s";
}

/* Users are whole numbers, rates have `/s` or `/m` behind them. */
static const char *take_target(
    struct stage *stage, const char *text, enum load_model *model)
{
	uint64_t users;
	const char *why = NULL;
	bool is_rate = strchr(text, '/') != NULL;

	*model = is_rate ? LOAD_RATE : LOAD_USERS;
	if (is_rate) {
		if (!parse_rate(text, &stage->target))
			why = "its target is no rate: write for example "
			      "30s:500/s, or 30s:30/m";
	} else if (!parse_count(text, &users)) {
		why = why_no_users(text);
	} else {
		stage->target = (double)users;
	}
	if (why == NULL && stage->target > TARGET_MAX)
		why = "its target is above 10000000: write less";
	return why;
}

static bool is_number(const char *text)
{
	return text[strspn(text, "0123456789")] == '\0';
}

/* `30s:100 NAME`; NULL, or why not. */
static const char *take_stage(
    struct stage *stage, const char *text, enum load_model *model)
{
	const char *why;
	char *target;
	size_t len;

	if (*text == '\0')
		return "there is nothing before a comma: remove it, or write "
		       "for example 30s:100";
	why = take_duration(stage, text);
	if (why != NULL)
		return why;
	text = strchr(text, ':') + 1;
	text += strspn(text, BLANKS);
	len = strcspn(text, BLANKS);
	target = xstrndup(text, len);
	why = take_target(stage, target, model);
	free(target);
	text += len + strspn(text + len, BLANKS);
	if (why != NULL || *text == '\0')
		return why;
	if (is_number(text))
		return "its name is a number, as those without a name have: "
		       "write a word";
	stage->name = xstrdup(text);
	return NULL;
}

/* --- the list ----------------------------------------------------------- */

void stages_clear(struct load_options *load)
{
	for (size_t i = 0; i < load->n_stages; i++)
		free(load->stages[i].name);
	free(load->stages);
	load->stages = NULL;
	load->n_stages = 0;
}

static void add_stage(struct load_options *load, struct stage stage)
{
	load->stages = xreallocarray(
	    load->stages, load->n_stages + 1, sizeof(*load->stages));
	load->stages[load->n_stages++] = stage;
}

static bool has_name(const struct load_options *load, const char *name)
{
	for (size_t i = 0; i < load->n_stages; i++)
		if (strcmp(load->stages[i].name, name) == 0)
			return true;
	return false;
}

/* One part of the list. */
static void add_part(const struct key_env *env, const struct ini_entry *entry,
    struct load_options *load, const char *text)
{
	struct stage stage = {.where = entry->where};
	enum load_model model;
	const char *why = take_stage(&stage, text, &model);
	char *duration;

	if (why == NULL && load->n_stages == STAGES_MAX)
		why = "one more than 1000 stages: write fewer";
	if (why == NULL && load->n_stages > 0 && model != load->model)
		why = "users and tasks a second in one list: write /s behind "
		      "all targets, or behind none";
	if (stage.name == NULL)
		stage.name = xasprintf("%zu", load->n_stages + 1);
	if (why == NULL && has_name(load, stage.name))
		why = "there is a stage of that name already: write another "
		      "name";
	if (why != NULL) {
		diag_error(env->diag, entry->where, "%s: stage \"%s\": %s",
		    entry->key, quote(text).text, why);
		free(stage.name);
		return;
	}
	duration = trimmed(text, strcspn(text, ":"));
	field_warn_seconds(env, entry, duration, BARE_LONG_S, UINT64_MAX);
	free(duration);
	load->model = model;
	add_stage(load, stage);
}

static uint64_t sum_us(const struct load_options *load)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < load->n_stages; i++)
		sum += load->stages[i].duration_us;
	return sum;
}

static double peak(const struct load_options *load)
{
	double most = 0;

	for (size_t i = 0; i < load->n_stages; i++)
		most = fmax(most, load->stages[i].target);
	return most;
}

/* `[{ duration: '5s', target: 20 }]`, or what begins like that. */
static void report_brackets(
    const struct key_env *env, const struct ini_entry *entry)
{
	char *meant = foreign_stages(entry->value);

	if (strchr(entry->value, '{') == NULL && entry->value[1] != '\0')
		field_error(
		    env, entry, "a list has no brackets: write 30s:100, 30s:0");
	else
		diag_error(env->diag, entry->where, "%s: %s: write stages = %s",
		    entry->key, foreign_stages_why(entry->value),
		    meant != NULL ? meant : "30s:100, 5m:100, 30s:0");
	free(meant);
}

/* `30s:100, 5m:100 steady, 30s:0`; the field is that of the list, in struct
 * load_options. */
void field_stages(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	struct load_options *load =
	    (void *)((char *)field - offsetof(struct load_options, stages));
	size_t errors = env->diag->errors;
	const char *at = entry->value;

	(void)key;
	stages_clear(load);
	load->model = LOAD_USERS;
	if (*at == '[') {
		report_brackets(env, entry);
		return;
	}
	while (*at != '\0') {
		size_t len = strcspn(at, ",");
		char *text = trimmed(at, len);

		/* a comma behind the last one is one at a line's end */
		if (*text != '\0' || at[len] != '\0')
			add_part(env, entry, load, text);
		free(text);
		at += len + (at[len] == ',');
	}
	if (env->diag->errors > errors)
		return;
	if (sum_us(load) == 0 || sum_us(load) > YEAR_US)
		field_error(env, entry, "%s",
		    sum_us(load) == 0
			? "all stages together take no time: write for "
			  "example 30s:100"
			: "all stages together take longer than a year: write "
			  "less");
	else if (peak(load) <= 0)
		field_error(env, entry,
		    "every target is 0, so nothing would be sent: write for "
		    "example 30s:100");
}

/* --- what excludes what ------------------------------------------------- */

static const struct ini_entry *find(const struct loader *l, const char *key)
{
	return scope_find(&l->load, key);
}

static bool is_from_command_line(const struct ini_entry *entry)
{
	return entry->where.line == 0;
}

/* What users beside a rate are mostly meant as. */
static const char *or_max_users(
    const struct ini_entry *a, const struct ini_entry *b)
{
	const char *of = strcmp(a->key, "users") == 0 ? b->key : a->key;
	bool has_users =
	    strcmp(a->key, "users") == 0 || strcmp(b->key, "users") == 0;

	return has_users && strcmp(of, "rate") == 0
		   ? "; the most users of a rate are max_users"
		   : "";
}

/* Both say the same: how much load there is, or for how long. The command line
 * beats the file; true: b is to be left out of account. */
static bool beats(struct loader *l, const struct ini_entry *a,
    const struct ini_entry *b, const char *what)
{
	if (a == NULL || b == NULL)
		return false;
	if (is_from_command_line(a) && !is_from_command_line(b))
		return true;
	if (is_from_command_line(b) && !is_from_command_line(a))
		return false;
	diag_error(l->diag, a->where.line > b->where.line ? a->where : b->where,
	    "%s and %s: each says how %s: leave one of them out%s", b->key,
	    a->key, what, or_max_users(a, b));
	return false;
}

/* Nothing but the stages says when the run is over. */
static bool is_the_end(const struct loader *l)
{
	return find(l, "run_time") == NULL && find(l, "iterations") == NULL;
}

/* What the command line says is taken in its place. */
static void tell_of_replaced(struct loader *l, const struct ini_entry *by,
    const struct ini_entry *replaced)
{
	bool is_end = replaced == find(l, "stages") && is_the_end(l);

	diag_warning(l->diag, by->where, "it replaces the %s of line %u%s",
	    replaced->key, replaced->where.line,
	    is_end ? "; the run takes as long as they would"
		   : or_max_users(by, replaced));
}

static const char how_much[] = "much load there is";

/* Of the keys from first on, those that beat this one: false. */
static bool stands(
    struct loader *l, const struct ini_entry *entry, size_t first)
{
	static const char *const others[] = {"rate", "users", "spawn_rate"};
	bool is_told = false;

	for (size_t i = first; i < ARRAY_LEN(others) && entry != NULL; i++) {
		const struct ini_entry *other = find(l, others[i]);

		if (!beats(l, other, entry, how_much))
			continue;
		if (!is_told)
			tell_of_replaced(l, other, entry);
		is_told = true;
	}
	return entry != NULL && !is_told;
}

static void choose_model(struct loader *l)
{
	struct load_options *load = &l->plan->load;
	const struct ini_entry *stages = find(l, "stages");
	const struct ini_entry *run_time = find(l, "run_time");

	if (stages != NULL && !stands(l, stages, 0)) {
		/* who wants other users does not want a run without an end */
		if (is_the_end(l))
			load->run_time_us = sum_us(load);
		stages_clear(load);
		stages = NULL;
	}
	/* -t ends a run with stages sooner, or later */
	if (stages != NULL && run_time != NULL &&
	    !is_from_command_line(run_time))
		beats(l, stages, run_time, "long the run is");
	if (stages != NULL)
		return;
	load->model = stands(l, find(l, "rate"), 1) ? LOAD_RATE : LOAD_USERS;
}

/* --- what is said in vain ----------------------------------------------- */

static void warn_of(struct loader *l, const char *key, const char *why)
{
	const struct ini_entry *entry = find(l, key);

	if (entry != NULL)
		diag_warning(l->diag, entry->where, "%s: %s", key, why);
}

static void warn_of_waits(struct loader *l)
{
	static const char why[] =
	    "tasks start when they are due, so no user waits: remove it, or "
	    "write users in place of a rate";

	warn_of(l, "wait", why);
	for (size_t i = 0; i < l->plan->n_kinds; i++)
		if (l->plan->kinds[i]->has_wait)
			diag_warning(l->diag, l->plan->kinds[i]->where,
			    "[user %s] wait: %s",
			    quote(l->plan->kinds[i]->name).text, why);
}

static void warn_of_the_vain(struct loader *l)
{
	static const char *const keys[] = {"max_users", "late", "spacing"};

	if (l->plan->load.model == LOAD_RATE) {
		warn_of_waits(l);
		return;
	}
	/* they are for what the command line has replaced */
	if (find(l, "rate") != NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		warn_of(l, keys[i],
		    "it is for a rate of tasks, and here users are given: "
		    "remove it, or write rate = 100/s");
}

/* On the command line. */
static bool is_given(const struct loader *l, const char *key)
{
	const struct ini_entry *entry = find(l, key);

	return entry != NULL && is_from_command_line(entry);
}

/* --- the whole ---------------------------------------------------------- */

void stages_load(struct loader *l)
{
	struct load_options *load = &l->plan->load;
	double most;

	choose_model(l);
	load->has_stages = load->n_stages > 0;
	if (load->has_stages && !is_given(l, "run_time"))
		load->run_time_us = sum_us(load);
	most = load->has_stages ? peak(load) : load->rate;
	if (load->model == LOAD_RATE)
		load->users = load->max_users > 0
				  ? load->max_users
				  : (uint64_t)fmax(POOL_LEAST, ceil(most));
	else if (load->has_stages)
		load->users = (uint64_t)most;
}

/* Users at spawn_rate, as a stage. */
static void add_ramp(struct load_options *load)
{
	double us = (double)load->users * (double)US_PER_S / load->spawn_rate;

	add_stage(load, (struct stage) {.name = xstrdup("1"),
			    .duration_us = us < (double)UINT64_MAX / 2
					       ? (uint64_t)(us + 0.5)
					       : UINT64_MAX / 2,
			    .target = (double)load->users});
}

void stages_finish(struct loader *l)
{
	struct load_options *load = &l->plan->load;
	const struct ini_entry *warmup = find(l, "warmup");

	if (load->n_stages == 0 && load->model == LOAD_RATE)
		add_stage(load, (struct stage) {.name = xstrdup("1"),
				    .target = load->rate});
	else if (load->n_stages == 0)
		add_ramp(load);
	if (warmup != NULL && load->run_time_us > 0 &&
	    load->warmup_us >= load->run_time_us)
		diag_error(l->diag, warmup->where,
		    "warmup \"%s\": the run is no longer, so there would be no "
		    "results: write less",
		    quote(warmup->value).text);
	warn_of_the_vain(l);
}
