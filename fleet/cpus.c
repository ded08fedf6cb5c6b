/*
 * The CPUs this process may run on, and how much of them its cgroups let it
 * have. It must not know what they are wanted for.
 *
 * All of it is read from files: sched_getaffinity would need _GNU_SOURCE, and
 * could not be tested without other machines.
 */
#include "fleet/cpus.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "fleet/fleet.h"

enum { MAX_CPUS = 8192, SET_BYTES = MAX_CPUS / 8 };

/* --- affinity ----------------------------------------------------------- */

/* The first line of a file that begins with start, without it and without its
 * end, in memory owned by the caller; or NULL. */
static char *read_line(const char *path, const char *start)
{
	FILE *file = fopen(path, "r");
	size_t start_len = strlen(start);
	char *line = NULL;
	char *found = NULL;
	size_t cap = 0;

	if (!file)
		return NULL;
	while (!found && getline(&line, &cap, file) >= 0)
		if (strncmp(line, start, start_len) == 0)
			found = xstrndup(
			    line + start_len, strcspn(line, "\n") - start_len);
	free(line);
	fclose(file);
	return found;
}

static bool parse_number_at(const char **p, unsigned long *out)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	*out = strtoul(*p, &end, 10);
	*p = end;
	return errno == 0;
}

/* "0-3,8" as bits; false when it is no such list, or an empty one. */
static bool parse_cpu_list(const char *text, uint8_t set[SET_BYTES])
{
	const char *p = text + strspn(text, " \t");

	memset(set, 0, SET_BYTES);
	for (;; p++) {
		unsigned long first;
		unsigned long last;

		if (!parse_number_at(&p, &first))
			return false;
		last = first;
		if (*p == '-' && (p++, !parse_number_at(&p, &last)))
			return false;
		for (; first <= last && first < MAX_CPUS; first++)
			set[first / 8] |= (uint8_t)(1U << (first % 8));
		if (*p != ',')
			return *p == '\0';
	}
}

static bool read_cpu_list(const char *root, const char *path, const char *start,
    uint8_t set[SET_BYTES])
{
	char *full = xasprintf("%s%s", root, path);
	char *line = read_line(full, start);
	bool is_good = line && parse_cpu_list(line, set);

	free(line);
	free(full);
	return is_good;
}

/* How many CPUs are both allowed and online; 0 when nobody says. */
static uint32_t count_allowed(const char *root)
{
	uint8_t allowed[SET_BYTES];
	uint8_t online[SET_BYTES];
	uint32_t n = 0;

	if (!read_cpu_list(
		root, "/proc/self/status", "Cpus_allowed_list:", allowed))
		return 0;
	if (!read_cpu_list(root, "/sys/devices/system/cpu/online", "", online))
		memset(online, 0xff, SET_BYTES);
	for (size_t i = 0; i < MAX_CPUS; i++)
		n += (uint32_t)(allowed[i / 8] & online[i / 8]) >> (i % 8) & 1;
	return n;
}

/* --- cgroups ------------------------------------------------------------ */

/* Lowers *limit to quota / period, rounded up. */
static void apply_quota(const char *quota, const char *period, uint32_t *limit)
{
	unsigned long quota_us;
	unsigned long period_us;
	unsigned long cpus;

	/* "max" and -1 are no limit, and no numbers */
	if (!parse_number_at(&quota, &quota_us) ||
	    !parse_number_at(&period, &period_us) || period_us == 0)
		return;
	cpus = quota_us / period_us + (quota_us % period_us > 0);
	if (cpus < *limit)
		*limit = cpus > 0 ? (uint32_t)cpus : 1;
}

/* Version 2: "quota period" in one file. */
static void apply_cpu_max(const char *folder, uint32_t *limit)
{
	char *path = xasprintf("%s/cpu.max", folder);
	char *line = read_line(path, "");
	char *blank = line ? strchr(line, ' ') : NULL;

	if (blank)
		apply_quota(line, blank + 1, limit);
	free(line);
	free(path);
}

/* Version 1: a file for each. */
static void apply_cfs_quota(const char *folder, uint32_t *limit)
{
	char *quota_path = xasprintf("%s/cpu.cfs_quota_us", folder);
	char *period_path = xasprintf("%s/cpu.cfs_period_us", folder);
	char *quota = read_line(quota_path, "");
	char *period = read_line(period_path, "");

	if (quota && period)
		apply_quota(quota, period, limit);
	free(period);
	free(quota);
	free(period_path);
	free(quota_path);
}

/*
 * The least quota on the way from a group up to the root of where its kind is
 * mounted. In a container the path may be one of the host's that is not there
 * below the mount: then only its root counts, which is the container's own.
 */
static void apply_path(const char *root, const char *mount, const char *group,
    void apply(const char *folder, uint32_t *limit), uint32_t *limit)
{
	char *folder = xasprintf("%s/sys/fs/cgroup%s%s", root, mount, group);
	size_t least = strlen(root) + strlen("/sys/fs/cgroup") + strlen(mount);

	while (strlen(folder) > least) {
		apply(folder, limit);
		*strrchr(folder, '/') = '\0';
	}
	folder[least] = '\0';
	apply(folder, limit);
	free(folder);
}

static bool has_cpu(const char *controllers)
{
	size_t n;

	for (const char *p = controllers; *p; p += n + (p[n] == ',')) {
		n = strcspn(p, ",");
		if (n == 3 && strncmp(p, "cpu", 3) == 0)
			return true;
	}
	return false;
}

/* One line of /proc/self/cgroup: number:controllers:path. */
static void apply_line(const char *root, char *line, uint32_t *limit)
{
	char *controllers = strchr(line, ':');
	char *group = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!group)
		return;
	*controllers++ = '\0';
	*group++ = '\0';
	group[strcspn(group, "\n")] = '\0';
	if (*group != '/')
		return;
	if (*controllers == '\0') {
		apply_path(root, "", group, apply_cpu_max, limit);
		apply_path(root, "/unified", group, apply_cpu_max, limit);
	} else if (has_cpu(controllers)) {
		apply_path(root, "/cpu", group, apply_cfs_quota, limit);
		apply_path(root, "/cpu,cpuacct", group, apply_cfs_quota, limit);
	}
}

static void apply_cgroups(const char *root, uint32_t *limit)
{
	char *path = xasprintf("%s/proc/self/cgroup", root);
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;

	free(path);
	if (!file)
		return;
	while (getline(&line, &cap, file) >= 0)
		apply_line(root, line, limit);
	free(line);
	fclose(file);
}

uint32_t cpus_usable(const char *root)
{
	uint32_t n = count_allowed(root);

	if (n == 0) {
		long online = sysconf(_SC_NPROCESSORS_ONLN);

		n = online > 0 ? (uint32_t)online : 1;
	}
	apply_cgroups(root, &n);
	return n;
}

uint32_t fleet_usable_cpus(void)
{
	return cpus_usable("");
}
