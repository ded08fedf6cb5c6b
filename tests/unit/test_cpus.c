/*
 * How many CPUs there are, as told by trees of files like those of real hosts
 * and containers.
 */
#include "fleet/cpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "fleet/fleet.h"

#define STATUS "/proc/self/status"
#define CGROUP "/proc/self/cgroup"
#define ONLINE "/sys/devices/system/cpu/online"
#define CG     "/sys/fs/cgroup"

enum { MAX_FILES = 16 };

/* A root folder with a few files in it. */
struct tree {
	char root[64];
	char *made[8 * MAX_FILES]; /* owned; in the order of making */
	size_t n;
};

static int plant(void **state)
{
	struct tree *t = xcalloc(1, sizeof(*t));

	snprintf(t->root, sizeof(t->root), "/tmp/loadgen-cpus-XXXXXX");
	*state = t;
	return mkdtemp(t->root) ? 0 : -1;
}

static int fell(void **state)
{
	struct tree *t = *state;

	while (t->n > 0) {
		remove(t->made[--t->n]);
		free(t->made[t->n]);
	}
	rmdir(t->root);
	free(t);
	return 0;
}

static void put_file(struct tree *t, const char *path, const char *text)
{
	char *full = xasprintf("%s%s", t->root, path);
	FILE *file;

	for (char *p = full + strlen(t->root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(full, 0700) == 0)
			t->made[t->n++] = xstrdup(full);
		*p = '/';
	}
	file = fopen(full, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	t->made[t->n++] = full;
}

static void put_eight_cpus(struct tree *t)
{
	put_file(t, STATUS, "Name:\tx\nCpus_allowed_list:\t0-7\n");
	put_file(t, ONLINE, "0-7\n");
}

static void affinity_counts_those_that_are_online(void **state)
{
	struct tree *t = *state;

	put_file(t, STATUS,
	    "Cpus_allowed:\tffff\nCpus_allowed_list:\t0-2,5,12-15\n");
	put_file(t, ONLINE, "0-1,4-12\n");
	assert_int_equal(cpus_usable(t->root), 4);
}

static void without_a_quota_all_of_them_count(void **state)
{
	struct tree *t = *state;

	put_eight_cpus(t);
	put_file(t, CGROUP, "0::/a\n");
	put_file(t, CG "/a/cpu.max", "max 100000\n");
	assert_int_equal(cpus_usable(t->root), 8);
}

static void a_quota_of_version_2_is_rounded_up(void **state)
{
	struct tree *t = *state;

	put_eight_cpus(t);
	put_file(t, CGROUP, "0::/a\n");
	put_file(t, CG "/a/cpu.max", "250000 100000\n");
	assert_int_equal(cpus_usable(t->root), 3);
}

static void the_least_quota_on_the_way_to_the_root_counts(void **state)
{
	struct tree *t = *state;

	put_eight_cpus(t);
	put_file(t, CGROUP, "0::/a/b/c\n");
	put_file(t, CG "/a/b/c/cpu.max", "500000 100000\n");
	put_file(t, CG "/a/cpu.max", "200000 100000\n");
	assert_int_equal(cpus_usable(t->root), 2);
}

static void in_a_container_the_root_of_the_mount_counts(void **state)
{
	struct tree *t = *state;

	put_eight_cpus(t);
	put_file(t, CGROUP, "0::/docker/0123\n");
	put_file(t, CG "/cpu.max", "100000 100000\n");
	assert_int_equal(cpus_usable(t->root), 1);
}

static void a_quota_of_version_1_is_rounded_up(void **state)
{
	struct tree *t = *state;

	put_eight_cpus(t);
	put_file(
	    t, CGROUP, "5:cpuset:/x\n4:cpu,cpuacct:/a\n1:name=systemd:/\n");
	put_file(t, CG "/cpu,cpuacct/a/cpu.cfs_quota_us", "150000\n");
	put_file(t, CG "/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
	assert_int_equal(cpus_usable(t->root), 2);
}

static void a_quota_of_minus_one_is_none(void **state)
{
	struct tree *t = *state;

	put_eight_cpus(t);
	put_file(t, CGROUP, "1:cpu:/\n0::/\n");
	put_file(t, CG "/cpu/cpu.cfs_quota_us", "-1\n");
	put_file(t, CG "/cpu/cpu.cfs_period_us", "100000\n");
	assert_int_equal(cpus_usable(t->root), 8);
}

static void a_tiny_quota_still_gives_one(void **state)
{
	struct tree *t = *state;

	put_eight_cpus(t);
	put_file(t, CGROUP, "0::/\n");
	put_file(t, CG "/cpu.max", "1000 100000\n");
	assert_int_equal(cpus_usable(t->root), 1);
}

static void files_with_nonsense_in_them_are_no_limit(void **state)
{
	struct tree *t = *state;

	put_eight_cpus(t);
	put_file(t, CGROUP, "\n:\n0:\n0::\n0::/a\n");
	put_file(t, CG "/a/cpu.max", "5 0\n");
	put_file(t, CG "/cpu.max", "99999999999999999999999 1\n");
	assert_int_equal(cpus_usable(t->root), 8);
}

static void without_any_file_there_is_at_least_one(void **state)
{
	struct tree *t = *state;

	assert_true(cpus_usable(t->root) >= 1);
	put_file(t, STATUS, "Cpus_allowed_list:\t\n");
	assert_true(cpus_usable(t->root) >= 1);
}

static void this_machine_has_as_many_as_its_files_say(void **state)
{
	(void)state;
	assert_true(fleet_usable_cpus() >= 1);
	assert_int_equal(fleet_usable_cpus(), cpus_usable(""));
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, plant, fell)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TREE_TEST(affinity_counts_those_that_are_online),
	    TREE_TEST(without_a_quota_all_of_them_count),
	    TREE_TEST(a_quota_of_version_2_is_rounded_up),
	    TREE_TEST(the_least_quota_on_the_way_to_the_root_counts),
	    TREE_TEST(in_a_container_the_root_of_the_mount_counts),
	    TREE_TEST(a_quota_of_version_1_is_rounded_up),
	    TREE_TEST(a_quota_of_minus_one_is_none),
	    TREE_TEST(a_tiny_quota_still_gives_one),
	    TREE_TEST(files_with_nonsense_in_them_are_no_limit),
	    TREE_TEST(without_any_file_there_is_at_least_one),
	    TREE_TEST(this_machine_has_as_many_as_its_files_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
