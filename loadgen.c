/*
 * The order of a run, and its exit status. It must not know curl, nor the
 * bytes of frames.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/util.h"
#include "fleet/fleet.h"
#include "load/http.h"
#include "options.h"
#include "plan/plan.h"
#include "report.h"
#include "worker.h"

enum {
	STATUS_PASSED = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_UNTRUSTED = 3,
	STATUS_SIGNAL = 128,
	SPARE_FILES = 64,           /* that a worker needs beside connections */
	GREETING_US = 60 * 1000000, /* host names are looked up before it */
	LATE_US = 1000000,          /* a snapshot may come so late */
	STOP_MARGIN_US = 100000,    /* workers stop by their own clocks first */
	KILL_MARGIN_US = 5000000    /* for one that does not leave in time */
};

static volatile sig_atomic_t stop_signals;
static volatile sig_atomic_t stop_signal;
static volatile sig_atomic_t show_signal;

static void on_stop_signal(int number)
{
	stop_signal = number;
	stop_signals = stop_signals + 1;
}

static void on_show_signal(int number)
{
	show_signal = number;
}

struct run {
	const struct plan *plan;
	struct fleet *fleet;
	struct report *report;
	enum verbosity verbosity;
	uint64_t *grids; /* by member: up to which its snapshots came */
	uint64_t grid;   /* that is being waited for */
	uint64_t start_us;
	uint64_t until_us; /* since the start: of the last snapshot */
	uint64_t stop_us;  /* members are told then; UINT64_MAX: never */
	uint64_t kill_us;  /* those still there are killed */
	int signals_seen;
	int signal;
	bool has_started;
	bool is_stopping;
	bool left_at_once;
};

/* --- what comes from the workers ---------------------------------------- */

static void take_snapshot(struct run *run, const struct fleet_event *event)
{
	const struct snapshot *s = event->snapshot;
	struct report_delta delta = {
	    .worker = event->member->number,
	    .until_us = s->until_us,
	    .users = s->users,
	    .jobs = s->jobs,
	    .is_last_part = s->is_last_part,
	    .cpu_us = s->cpu_us,
	    .busy_us = s->busy_us,
	    .books = &s->books,
	    .lateness = &s->lateness,
	    .table = &s->table,
	};

	report_delta(run->report, &delta);
	if (s->is_last_part)
		run->grids[delta.worker] = s->grid;
	if (s->until_us > run->until_us)
		run->until_us = s->until_us;
}

static void take_event(struct run *run, const struct fleet_event *event)
{
	const struct member *m = event->member;

	switch (event->type) {
	case FLEET_NOTHING:
		break;
	case FLEET_READY:
		report_worker(run->report, m->number, m->host, (long)m->pid);
		break;
	case FLEET_SNAPSHOT:
		take_snapshot(run, event);
		break;
	case FLEET_DONE:
		report_worker_final(
		    run->report, m->number, &event->final->books);
		break;
	case FLEET_LOST:
		report_worker_lost(run->report, m->number, m->why_lost);
		break;
	}
}

/* --- time --------------------------------------------------------------- */

static uint64_t grid_us(const struct run *run)
{
	return run->start_us + run->grid * run->plan->load.report_interval_us;
}

/* How long a snapshot that is due is waited for. */
static uint64_t patience_us(const struct run *run)
{
	uint64_t half_us = run->plan->load.report_interval_us / 2;

	return half_us < LATE_US ? half_us : LATE_US;
}

static bool everyone_reported(const struct run *run)
{
	for (uint32_t i = 0; i < fleet_size(run->fleet); i++) {
		const struct member *m = fleet_member(run->fleet, i);

		if (m->state == MEMBER_RUNNING && run->grids[i] < run->grid)
			return false;
	}
	return true;
}

static void close_intervals(struct run *run, uint64_t now_us)
{
	while (run->has_started && now_us >= grid_us(run) &&
	       (everyone_reported(run) ||
		   now_us >= grid_us(run) + patience_us(run))) {
		report_interval(run->report, grid_us(run) - run->start_us);
		run->grid++;
	}
}

static uint64_t next_deadline_us(const struct run *run, uint64_t now_us)
{
	uint64_t next_us = run->kill_us;

	if (!run->is_stopping && run->stop_us < next_us)
		next_us = run->stop_us;
	if (run->has_started) {
		uint64_t grid = grid_us(run);

		if (grid <= now_us)
			grid += patience_us(run);
		if (grid < next_us)
			next_us = grid;
	}
	return next_us;
}

/* --- the end ------------------------------------------------------------ */

static void begin_stopping(struct run *run, uint64_t now_us)
{
	run->is_stopping = true;
	run->kill_us =
	    now_us + run->plan->load.stop_timeout_us + KILL_MARGIN_US;
	fleet_stop(run->fleet, false);
}

static void kill_the_rest(struct run *run)
{
	static const char *const why[] = {
	    "did not greet in time", "did not leave in time"};

	for (uint32_t i = 0; i < fleet_size(run->fleet); i++) {
		const struct member *m = fleet_member(run->fleet, i);

		if (m->state == MEMBER_DONE || m->state == MEMBER_LOST)
			continue;
		if (run->is_stopping || m->state == MEMBER_SPAWNED)
			fleet_kill(run->fleet, i, why[run->is_stopping]);
	}
	run->kill_us = UINT64_MAX;
}

static void stop_politely(struct run *run, uint64_t now_us)
{
	char limit[32];

	if (run->verbosity >= VERBOSITY_NORMAL) {
		report_hide(run->report);
		fprintf(stderr,
		    "loadgen: stopping: running tasks may finish within %s; "
		    "once more leaves at once\n",
		    format_duration(
			limit, sizeof(limit), run->plan->load.stop_timeout_us));
	}
	if (!run->is_stopping)
		begin_stopping(run, now_us);
}

static void mind_signals(struct run *run, uint64_t now_us)
{
	int signals = stop_signals;

	if (show_signal != 0) {
		show_signal = 0;
		report_now(
		    run->report, run->has_started ? now_us - run->start_us : 0);
	}
	if (signals == run->signals_seen)
		return;
	run->signals_seen = signals;
	run->signal = stop_signal;
	if (signals > 1 && run->is_stopping)
		run->left_at_once = true;
	else
		stop_politely(run, now_us);
}

static void mind_time(struct run *run, uint64_t now_us)
{
	close_intervals(run, now_us);
	if (!run->is_stopping && now_us >= run->stop_us)
		begin_stopping(run, now_us);
	if (now_us >= run->kill_us)
		kill_the_rest(run);
}

/* --- the run ------------------------------------------------------------ */

static bool wait_once(struct run *run)
{
	struct fleet_event event;
	sigset_t none;
	uint64_t now_us = clock_us();

	sigemptyset(&none);
	if (fleet_wait(run->fleet, next_deadline_us(run, now_us), &none,
		&event) != 0) {
		report_hide(run->report);
		fprintf(stderr, "loadgen: waiting for the workers: %s\n",
		    strerror(errno));
		return false;
	}
	take_event(run, &event);
	now_us = clock_us();
	mind_signals(run, now_us);
	mind_time(run, now_us);
	return true;
}

static void start_load(struct run *run)
{
	const struct load_options *load = &run->plan->load;
	struct start start = {
	    .seed = load->has_seed ? load->seed : rng_fresh_seed()};

	run->has_started = true;
	run->kill_us = UINT64_MAX;
	run->start_us = clock_us();
	if (load->run_time_us > 0)
		run->stop_us =
		    run->start_us + load->run_time_us + STOP_MARGIN_US;
	report_start(run->report, wall_us());
	fleet_start(run->fleet, &start);
}

static bool play(struct run *run)
{
	run->kill_us = clock_us() + GREETING_US;
	while (fleet_greeted(run->fleet) < fleet_size(run->fleet) &&
	       !run->is_stopping) {
		if (!wait_once(run))
			return false;
	}
	if (!run->is_stopping)
		start_load(run);
	while (fleet_alive(run->fleet) > 0 && !run->left_at_once) {
		if (!wait_once(run))
			return false;
	}
	report_interval(run->report, run->until_us);
	report_final(run->report, run->signal, run->left_at_once);
	return true;
}

static int run_status(const struct run *run, bool played)
{
	enum verdict verdict = report_verdict(run->report);

	if (!played)
		return STATUS_UNTRUSTED;
	if (run->left_at_once)
		return STATUS_SIGNAL + run->signal;
	if (verdict == VERDICT_UNTRUSTED)
		return STATUS_UNTRUSTED;
	if (run->signal != 0)
		return STATUS_SIGNAL + run->signal;
	return verdict == VERDICT_FAILED ? STATUS_FAILED : STATUS_PASSED;
}

static void catch (int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

/* Signals are let in only where the run waits. */
static void catch_signals(void)
{
	sigset_t caught;

	sigemptyset(&caught);
	sigaddset(&caught, SIGINT);
	sigaddset(&caught, SIGTERM);
	sigaddset(&caught, SIGHUP);
	sigaddset(&caught, SIGUSR1);
	sigprocmask(SIG_BLOCK, &caught, NULL);
	catch (SIGINT, on_stop_signal);
	catch (SIGTERM, on_stop_signal);
	catch (SIGHUP, on_stop_signal);
	catch (SIGUSR1, on_show_signal);
	catch (SIGPIPE, SIG_IGN);
}

/* "plans/shop.ini" gives "shop". Owned by the caller; NULL: none is wanted. */
static char *csv_prefix(const struct plan *plan, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash != NULL ? slash + 1 : file;
	size_t len = strlen(name);

	if (plan->report.csv != NULL)
		return strcmp(plan->report.csv, "none") == 0
			   ? NULL
			   : xstrdup(plan->report.csv);
	if (strcmp(file, "-") == 0)
		return xstrdup("loadgen");
	if (len > 4 && strcmp(name + len - 4, ".ini") == 0)
		len -= 4;
	return xstrndup(name, len);
}

static uint32_t count_workers(const struct plan *plan)
{
	uint64_t workers = plan->load.workers;

	if (workers == 0)
		workers = fleet_usable_cpus();
	return (
	    uint32_t)(workers < plan->load.users ? workers : plan->load.users);
}

static int run_plan(const struct plan *plan, const struct options *options,
    uint32_t workers, struct diag *d)
{
	char *prefix = csv_prefix(plan, options->file);
	struct report_setup setup = {.plan = plan,
	    .workers = workers,
	    .csv_prefix = prefix,
	    .csv_full_history = plan->report.csv_full_history,
	    .verbosity = options->verbosity,
	    .out = stdout,
	    .err = stderr};
	struct run run = {.plan = plan,
	    .verbosity = options->verbosity,
	    .fleet = fleet_new(),
	    .grids = xcalloc(workers, sizeof(*run.grids)),
	    .grid = 1,
	    .stop_us = UINT64_MAX,
	    .kill_us = UINT64_MAX};
	int status = STATUS_UNTRUSTED;

	catch_signals();
	if (run.fleet == NULL ||
	    fleet_spawn(run.fleet, workers, worker_main, plan) != 0)
		fprintf(stderr, "loadgen: cannot start %u workers: %s\n",
		    workers, strerror(errno));
	else if ((run.report = report_open(&setup, d)) == NULL)
		status = STATUS_USAGE;
	else
		status = run_status(&run, play(&run));
	report_close(run.report);
	fleet_free(run.fleet);
	free(run.grids);
	free(prefix);
	return status;
}

/* --- before the run ----------------------------------------------------- */

/* Each user has a connection of its own. */
static void check_files(
    const struct plan *plan, uint32_t workers, struct diag *d)
{
	uint64_t need = plan->load.users / workers + 1 + SPARE_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur != RLIM_INFINITY && need > limit.rlim_cur)
		diag_error(d, (struct where) {plan->file, 0},
		    "users %llu: each of %u workers may need %llu open files, "
		    "the limit is %llu: raise it with ulimit -n, or use fewer "
		    "users",
		    (unsigned long long)plan->load.users, workers,
		    (unsigned long long)need,
		    (unsigned long long)limit.rlim_cur);
}

static int load_and_run(const struct options *options, struct diag *d)
{
	struct plan_source source = {.file = options->file,
	    .overrides = options->overrides,
	    .n_overrides = options->n_overrides,
	    .tags = options->tags,
	    .exclude_tags = options->exclude_tags};
	struct plan *plan = plan_load(&source, d);
	uint32_t workers;
	int status = STATUS_USAGE;

	if (plan != NULL) {
		workers = count_workers(plan);
		http_check_plan(plan, d);
		check_files(plan, workers, d);
	}
	diag_print(d, stderr);
	if (plan != NULL && d->errors == 0) {
		diag_clear(d);
		status = run_plan(plan, options, workers, d);
		diag_print(d, stderr);
	}
	plan_free(plan);
	return status;
}

/* Standard output may be a full disk or a closed pipe. */
static int flush_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "loadgen: standard output: cannot write: %s\n",
	    strerror(errno));
	return status == STATUS_USAGE ? status : STATUS_UNTRUSTED;
}

int main(int argc, char **argv)
{
	struct options options;
	struct diag d;
	int status = STATUS_USAGE;

	diag_init(&d);
	if (!options_parse(&options, argc, argv, &d)) {
		diag_print(&d, stderr);
	} else if (options.action == ACTION_HELP) {
		options_help(stdout);
		status = STATUS_PASSED;
	} else if (options.action == ACTION_VERSION) {
		printf("loadgen %s, %s\n", LOADGEN_VERSION,
		    http_library_version());
		status = STATUS_PASSED;
	} else {
		status = load_and_run(&options, &d);
	}
	options_clear(&options);
	diag_clear(&d);
	return flush_output(status);
}
