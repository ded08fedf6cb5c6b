/*
 * The order of things, and the exit status. It must not know processes, curl
 * beyond what it can do, nor the bytes of frames.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/util.h"
#include "fleet/fleet.h"
#include "load/http.h"
#include "options.h"
#include "plan/plan.h"
#include "report.h"
#include "run.h"

enum {
	STATUS_PASSED = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_UNTRUSTED = 3,
	STATUS_SIGNAL = 128,
	SPARE_FILES = 64 /* that a worker needs beside its connections */
};

static int run_status(const struct run_result *result)
{
	if (result->end == RUN_NOT_BEGUN)
		return STATUS_USAGE;
	if (result->left_at_once)
		return STATUS_SIGNAL + result->signal;
	if (result->end == RUN_BROKEN || result->verdict == VERDICT_UNTRUSTED)
		return STATUS_UNTRUSTED;
	if (result->signal != 0)
		return STATUS_SIGNAL + result->signal;
	return result->verdict == VERDICT_FAILED ? STATUS_FAILED
						 : STATUS_PASSED;
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
	struct run_result result = run_play(&setup, d);

	free(prefix);
	return run_status(&result);
}

/* Each user has a connection of its own; kinds are dealt out one by one. */
static void check_files(
    const struct plan *plan, uint32_t workers, struct diag *d)
{
	uint64_t need =
	    plan->load.users / workers + plan->n_kinds + SPARE_FILES;
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
	if (d->errors > 0 || options->verbosity > VERBOSITY_ONLY_SUMMARY)
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
static int flush_output(int status, bool has_output)
{
	errno = EBADF;
	if (has_output && fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "loadgen: standard output: cannot write: %s\n",
	    strerror(errno));
	return status == STATUS_USAGE ? status : STATUS_UNTRUSTED;
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
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	return has_output;
}

int main(int argc, char **argv)
{
	bool has_output = hold_standard_files();
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
	return flush_output(status, has_output);
}
