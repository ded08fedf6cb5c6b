/*
 * The order of things, and the exit status. It must not know processes, curl
 * beyond what it can do, nor the bytes of frames.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "base/util.h"
#include "find.h"
#include "load/http.h"
#include "once.h"
#include "options.h"
#include "plan/plan.h"
#include "plan/url_plan.h"
#include "ready.h"
#include "report.h"
#include "report/baseline.h"
#include "report/forecast.h"
#include "run.h"

/* "plans/shop.ini" gives "shop"; a URL has no name to give, nor has what a
 * shell puts for <(...). Owned by the caller; NULL: none is wanted. */
static char *csv_prefix(const struct plan *plan, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash != NULL ? slash + 1 : file;
	size_t len = strlen(name);
	static const char fds[] = "/dev/fd/";

	if (plan->report.csv != NULL)
		return strcmp(plan->report.csv, "none") == 0
			   ? NULL
			   : xstrdup(plan->report.csv);
	if (is_url_plan(file))
		return NULL;
	if (strcmp(file, "-") == 0 || strncmp(file, fds, strlen(fds)) == 0)
		return xstrdup("loadgen");
	if (len > 4 && strcmp(name + len - 4, ".ini") == 0)
		len -= 4;
	return xstrndup(name, len);
}

/* Where the reports go, but for the prefix of the CSV files. */
static struct report_setup report_setup(
    const struct plan *plan, const struct options *options, uint32_t workers)
{
	return (struct report_setup) {.plan = plan,
	    .workers = workers,
	    .csv_full_history = plan->report.csv_full_history,
	    .html_path = plan->report.html,
	    .json_path = plan->report.json,
	    .junit_path = plan->report.junit,
	    .verbosity = options->verbosity,
	    .out = stdout,
	    .err = stderr};
}

static int run_plan(const struct plan *plan, const struct options *options,
    const struct baseline *baseline, struct diag *d)
{
	struct report_setup setup =
	    report_setup(plan, options, ready_run_workers(plan));
	char *prefix = csv_prefix(plan, options->file);
	/* nobody presses keys who sees no table, or has typed the plan */
	bool with_keys = options->verbosity >= VERBOSITY_NORMAL &&
			 strcmp(options->file, "-") != 0;
	struct run_result result;

	setup.csv_prefix = prefix;
	setup.baseline = baseline;
	result = run_play(&setup, NULL, with_keys, d);
	free(prefix);
	return run_status(&result);
}

/* That a run could write its reports is known when it begins. */
static void check_reports(const struct plan *plan,
    const struct options *options, uint32_t workers, struct diag *d)
{
	struct report_setup setup = report_setup(plan, options, workers);
	char *prefix = csv_prefix(plan, options->file);

	setup.csv_prefix = prefix;
	report_check(&setup, d);
	free(prefix);
}

/* Whose user it is that runs each task once. */
static void warn_of_once(const struct plan *plan, struct diag *d)
{
	if (plan->remote.n_hosts > 0)
		diag_warning(d, (struct where) {plan->file, 0},
		    "--once plays on this machine, not on its hosts: "
		    "add --remote none if that is meant");
}

/* What is looked at before anything is sent, or before nothing is. */
static void check_plan(struct plan *plan, const struct options *options,
    const struct once_setup *once, uint32_t workers, struct diag *d)
{
	/* what other hosts have, they look at themselves */
	bool plays_here =
	    plan->remote.n_hosts == 0 || options->action == ACTION_ONCE;

	if (plays_here)
		http_check_plan(plan, options->action != ACTION_CHECK, d);
	if (options->action == ACTION_ONCE) {
		warn_of_once(plan, d);
		once_check(once, d);
	} else {
		if (plays_here)
			ready_check_files(plan, workers, d);
		else
			ready_check_hosts(plan, d);
		ready_check_kinds(plan, d);
	}
	if (options->action == ACTION_CHECK)
		check_reports(plan, options, workers, d);
}

static int play(struct plan *plan, const struct options *options,
    const struct once_setup *once, const struct baseline *baseline,
    uint32_t workers, struct diag *d)
{
	switch (options->action) {
	case ACTION_CHECK:
		forecast_print(stdout, plan, workers);
		return RUN_STATUS_PASSED;
	case ACTION_ONCE:
		return once_run(once);
	default:
		return run_plan(plan, options, baseline, d);
	}
}

/* The run to compare with, owned by the caller; NULL: none, or a mistake. */
static struct baseline *read_baseline(const struct plan *plan, struct diag *d)
{
	if (plan->report.baseline == NULL)
		return NULL;
	return baseline_read(plan->report.baseline, d);
}

static struct plan_source source_of(const struct options *options)
{
	return (struct plan_source) {.file = options->file,
	    .overrides = options->overrides,
	    .n_overrides = options->n_overrides,
	    .tags = options->tags,
	    .exclude_tags = options->exclude_tags};
}

static int find(const struct options *options, struct diag *d)
{
	struct find_setup setup = {.source = source_of(options),
	    .verbosity = options->verbosity,
	    .out = stdout,
	    .err = stderr};

	return find_run(&setup, d);
}

static int load_and_run(const struct options *options, struct diag *d)
{
	struct plan_source source = source_of(options);
	struct plan *plan = plan_load(&source, d);
	struct baseline *baseline = NULL;
	struct once_setup once = {.plan = plan,
	    .task = options->once,
	    .is_verbose = options->verbosity == VERBOSITY_VERBOSE,
	    .out = stdout};
	uint32_t workers = plan != NULL ? ready_workers(plan) : 0;
	int status = RUN_STATUS_USAGE;

	if (plan != NULL) {
		check_plan(plan, options, &once, workers, d);
		baseline = read_baseline(plan, d);
	}
	if (d->errors > 0 || options->verbosity > VERBOSITY_ONLY_SUMMARY)
		diag_print(d, stderr);
	if (plan != NULL && d->errors == 0) {
		diag_clear(d);
		status = play(plan, options, &once, baseline, workers, d);
		diag_print(d, stderr);
	}
	baseline_free(baseline);
	plan_free(plan);
	return status;
}

/* Standard output may be a full disk or a closed pipe. */
static int flush_output(int status, bool has_output)
{
	errno = EBADF;
	if (has_output && fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "loadgen: standard output: cannot write: %s\n",
	    strerror(errno));
	return status == RUN_STATUS_USAGE ? status : RUN_STATUS_UNTRUSTED;
}

/* Descriptors 0 to 2 that are closed would be given to the next files that are
 * opened, and words for people would go into them. Returns whether there is a
 * standard output. */
static bool hold_standard_files(void)
{
	bool has_output = fcntl(STDOUT_FILENO, F_GETFD) != -1;
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0) /* an empty root: this cannot be written to */
			fd = open("/", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	return has_output;
}

/* A file that may grow no more is a file that cannot be written: who writes it
 * says so. */
static void bear_limits_of_files(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigemptyset(&ignore.sa_mask);
	sigaction(SIGXFSZ, &ignore, NULL);
}

int main(int argc, char **argv)
{
	bool has_output = hold_standard_files();
	struct options options;
	struct diag d;
	int status = RUN_STATUS_USAGE;

	bear_limits_of_files();
	diag_init(&d);
	if (!options_parse(&options, argc, argv, &d)) {
		diag_print(&d, stderr);
	} else if (options.action == ACTION_HELP) {
		options_help(stdout);
		status = RUN_STATUS_PASSED;
	} else if (options.action == ACTION_VERSION) {
		printf("loadgen %s, %s\n", LOADGEN_VERSION,
		    http_library_version());
		status = RUN_STATUS_PASSED;
	} else if (options.action == ACTION_AGENT) {
		return agent_main(STDIN_FILENO, STDOUT_FILENO);
	} else if (options.action == ACTION_FIND) {
		status = find(&options, &d);
	} else {
		status = load_and_run(&options, &d);
	}
	options_clear(&options);
	diag_clear(&d);
	return flush_output(status, has_output);
}
