/*
 * A step's plan is the user's, read again with other words for the load. It
 * must not know what the steps come to.
 */
#include "find_plan.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "load/http.h"
#include "ready.h"

enum {
	STEP_US = 10 * 1000000, /* where the plan has no run_time */
	LEAST_STEP_US = 1000000,
	MOST_WARMUP_US = 5 * 1000000,
	MOST_WAIT_US = 60 * 1000000, /* for tasks, where there are few */
	WARMUP_PART = 5,             /* of the measured time */
	LEAST_TASKS = 100,
	MAX_TEXT_BYTES = 256 << 20,
	VALUE_BYTES = 160
};

/* --- reading it --------------------------------------------------------- */

static struct plan *read_plan(
    const struct find_plan *f, const struct plan_source *source, struct diag *d)
{
	struct plan *plan;
	FILE *in;

	if (f->text == NULL)
		return plan_load(source, d);
	in = fmemopen(f->text, f->text_bytes, "r");
	if (in == NULL) {
		diag_error(d, (struct where) {"standard input", 0},
		    "cannot read it again: %s", strerror(errno));
		return NULL;
	}
	plan = plan_load_stream(source, in, d);
	fclose(in);
	return plan;
}

/* All of standard input, to be read as often as there are steps. */
static bool keep_text(struct find_plan *f, struct diag *d)
{
	FILE *out = open_memstream(&f->text, &f->text_bytes);
	char piece[4096];
	size_t n, sum = 0;

	if (out == NULL)
		out_of_memory();
	while (sum < MAX_TEXT_BYTES && !feof(stdin)) {
		n = fread(piece, 1, sizeof(piece), stdin);
		sum += fwrite(piece, 1, n, out);
		if (!ferror(stdin))
			continue;
		if (errno != EINTR)
			break;
		clearerr(stdin);
	}
	/* an empty one could not be read again */
	if (sum == 0)
		putc('\n', out);
	if (fclose(out) != 0)
		out_of_memory();
	if (!ferror(stdin) && sum < MAX_TEXT_BYTES)
		return true;
	diag_error(d, (struct where) {"standard input", 0},
	    "cannot read the plan: %s",
	    ferror(stdin) ? strerror(errno) : "it is too long");
	return false;
}

/* --- what a search needs of it ------------------------------------------ */

/* Each step has another load than the run that it would be compared with. */
static void check_regressions(const struct plan *plan, struct diag *d)
{
	for (size_t i = 0; i < plan->n_thresholds; i++)
		if (plan->thresholds[i].measure == MEASURE_REGRESSION)
			diag_error(d, plan->thresholds[i].where,
			    "regression: --find plays other loads than the "
			    "baseline had: leave it out");
}

/* It holds at a high load and not at a low one, whatever the server does. */
static bool wants_load(const struct threshold *t)
{
	bool is_least =
	    t->relation == RELATION_ABOVE || t->relation == RELATION_AT_LEAST;
	bool is_most =
	    t->relation == RELATION_BELOW || t->relation == RELATION_AT_MOST;

	if (t->measure != MEASURE_RPS && t->measure != MEASURE_REQUESTS)
		return false;
	return t->aborts ? is_most : is_least;
}

static void leave_out(struct plan *plan, struct diag *d)
{
	for (size_t i = 0; i < plan->n_thresholds; i++) {
		const struct threshold *t = &plan->thresholds[i];

		if (wants_load(t))
			diag_warning(d, t->where,
			    "%s%s %s%s: --find leaves it out: it is about how "
			    "much load there is, and that is what is searched",
			    t->aborts ? "abort = " : "", t->key,
			    t->aborts ? "" : "= ", t->wanted);
	}
	plan_leave_out_thresholds(plan, wants_load);
}

static void check(const struct plan *plan, struct diag *d)
{
	const struct where where = {plan->file, 0};

	if (plan->n_thresholds == 0)
		diag_error(d, where,
		    "--find: there are no thresholds, so nothing says which "
		    "load holds: write for example p95 = < 300ms and "
		    "fail_ratio = < 1%% in [thresholds]");
	if (plan->load.has_stages)
		diag_error(d, plan->load.stages[0].where,
		    "stages: --find plays steps of its own: write the load to "
		    "start from in their place, rate = 100/s or users = 10");
	check_regressions(plan, d);
	if (plan->report.html != NULL || plan->report.json != NULL ||
	    plan->report.junit != NULL)
		diag_warning(d, where,
		    "--find: HTML, JSON and JUnit are reports of one run, and "
		    "are not written");
}

static void take(struct find_plan *f, const struct plan *plan)
{
	const struct load_options *load = &plan->load;
	const char *csv = plan->report.csv;

	f->is_rate = load->model == LOAD_RATE;
	f->n_hosts = remote_count(plan->remote.hosts, plan->remote.n_hosts);
	f->start = f->is_rate ? load->rate : (double)load->users;
	f->n_thresholds = plan->n_thresholds;
	f->max_users = load->max_users;
	f->measured_us = load->run_time_us > 0
			     ? load->run_time_us - load->warmup_us
			     : STEP_US;
	if (f->measured_us < LEAST_STEP_US)
		f->measured_us = LEAST_STEP_US;
	f->warmup_us = load->warmup_us;
	if (f->warmup_us == 0)
		f->warmup_us = f->measured_us / WARMUP_PART;
	if (load->warmup_us == 0 && f->warmup_us > MOST_WARMUP_US)
		f->warmup_us = MOST_WARMUP_US;
	if (csv != NULL && strcmp(csv, "none") != 0)
		f->csv_path = xasprintf("%s_find.csv", csv);
}

static void check_here(struct plan *plan, struct diag *d)
{
	/* what other hosts have, they look at themselves */
	if (plan->remote.n_hosts == 0) {
		http_check_plan(plan, true, d);
		ready_check_files(plan, ready_workers(plan), d);
	}
	ready_check_kinds(plan, d);
}

bool find_plan_open(
    struct find_plan *f, const struct plan_source *source, struct diag *d)
{
	struct plan *plan;

	*f = (struct find_plan) {.source = *source};
	if (strcmp(source->file, "-") == 0 && !keep_text(f, d))
		return false;
	plan = read_plan(f, source, d);
	if (plan == NULL)
		return false;
	leave_out(plan, d);
	check(plan, d);
	check_here(plan, d);
	take(f, plan);
	plan_free(plan);
	return d->errors == 0;
}

void find_plan_clear(struct find_plan *f)
{
	free(f->text);
	free(f->csv_path);
	*f = (struct find_plan) {0};
}

/* --- a step ------------------------------------------------------------- */

uint64_t find_plan_measured_us(const struct find_plan *f, double rate)
{
	double tasks_us = LEAST_TASKS / rate * (double)US_PER_S;

	if (!f->is_rate || tasks_us <= (double)f->measured_us)
		return f->measured_us;
	if (tasks_us < MOST_WAIT_US)
		return (uint64_t)tasks_us;
	return f->measured_us > MOST_WAIT_US ? f->measured_us : MOST_WAIT_US;
}

/* What the command line of a step says. */
struct step_words {
	struct override *at; /* owned */
	size_t n;
	char stages[VALUE_BYTES];
	char warmup[VALUE_BYTES];
	char run_time[VALUE_BYTES];
	char max_users[VALUE_BYTES];
};

static void say(struct step_words *w, const char *key, const char *value)
{
	w->at[w->n++] = (struct override) {
	    .section = "load", .key = key, .value = value, .where = "--find"};
}

/* What says how much load there is, and how long. */
static bool is_replaced(const struct override *o)
{
	static const char *const keys[] = {"users", "spawn_rate", "rate",
	    "stages", "run_time", "iterations", "warmup", "max_users"};

	if (strcmp(o->section, "load") != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (strcmp(o->key, keys[i]) == 0)
			return true;
	return false;
}

/* All of the load is there at once, and stays. */
static void say_load(
    struct step_words *w, const struct find_plan *f, double load)
{
	const char *unit = f->is_rate ? "/s" : "";
	uint64_t half_us = find_plan_measured_us(f, load) / 2;

	snprintf(w->stages, sizeof(w->stages),
	    "0s:%.9g%s, %" PRIu64 "us:%.9g%s, %" PRIu64 "us:%.9g%s, %" PRIu64
	    "us:%.9g%s",
	    load, unit, f->warmup_us, load, unit, half_us, load, unit, half_us,
	    load, unit);
	snprintf(w->warmup, sizeof(w->warmup), "%" PRIu64 "us", f->warmup_us);
	say(w, "stages", w->stages);
	say(w, "warmup", w->warmup);
	snprintf(w->run_time, sizeof(w->run_time), "%" PRIu64 "us",
	    f->warmup_us + 2 * half_us);
	say(w, "run_time", w->run_time);
	say(w, "iterations", "0");
	if (!f->is_rate || f->max_users == 0)
		return;
	/* a server that is slow keeps as many busy at a lower rate */
	snprintf(w->max_users, sizeof(w->max_users), "%.0f",
	    fmin(ceil((double)f->max_users * fmax(1, load / f->start)),
		FIND_MOST_LOAD));
	say(w, "max_users", w->max_users);
}

struct plan *find_plan_load(const struct find_plan *f, double load_wanted,
    bool *is_too_much, struct diag *d)
{
	enum { OWN_WORDS = 5 };
	struct plan_source source = f->source;
	struct step_words w = {
	    .at = xcalloc(source.n_overrides + OWN_WORDS, sizeof(*w.at))};
	size_t errors;
	struct plan *plan;

	*is_too_much = false;
	for (size_t i = 0; i < source.n_overrides; i++)
		if (!is_replaced(&source.overrides[i]))
			w.at[w.n++] = source.overrides[i];
	say_load(&w, f, load_wanted);
	source.overrides = w.at;
	source.n_overrides = w.n;
	plan = read_plan(f, &source, d);
	free(w.at);
	if (plan == NULL)
		return NULL;
	plan_leave_out_thresholds(plan, wants_load);
	/* what is a mistake here was none at the start */
	errors = d->errors;
	check_here(plan, d);
	*is_too_much = d->errors > errors;
	if (!*is_too_much)
		return plan;
	plan_free(plan);
	return NULL;
}
