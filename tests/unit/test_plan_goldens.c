/*
 * Plans: every one in tests/plans/good loads, with the warnings beside it;
 * every one in tests/plans/bad is refused with exactly the lines beside it.
 * Runs from the top folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/plan.h"

#define GOOD "tests/plans/good/"
#define BAD  "tests/plans/bad/"

/* All of a file; "" when there is none. Owned by the caller. */
static char *slurp(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = xcalloc(1, 65536);

	if (in == NULL)
		return text;
	text[fread(text, 1, 65535, in)] = '\0';
	fclose(in);
	return text;
}

/* Takes the folder out of a text wherever it stands. */
static void cut_folder(char *text, const char *folder)
{
	size_t len = strlen(folder);
	char *at;

	while ((at = strstr(text, folder)) != NULL)
		memmove(at, at + len, strlen(at + len) + 1);
}

/* What is printed for this plan. Owned by the caller. */
static char *print_diag(struct diag *d, const char *folder)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	diag_print(d, out);
	fclose(out);
	cut_folder(text, folder);
	return text;
}

/* Loads folder/name and compares what is said with what is expected. */
static void check_golden(const char *folder, const char *name, bool is_good)
{
	char *path = xasprintf("%s%s", folder, name);
	char *beside =
	    xasprintf("%s%.*s.err", folder, (int)strlen(name) - 4, name);
	const struct plan_source source = {.file = path};
	char *said, *expected = slurp(beside);
	struct plan *plan;
	struct diag d;

	diag_init(&d);
	plan = plan_load(&source, &d);
	said = print_diag(&d, folder);
	if (strcmp(said, expected) != 0)
		fail_msg("%s: expected\n%s\ngot\n%s", path, expected, said);
	if ((plan != NULL) != is_good)
		fail_msg("%s: %s", path, is_good ? "refused" : "loaded");
	plan_free(plan);
	diag_clear(&d);
	free(said);
	free(expected);
	free(beside);
	free(path);
}

static void check_folder(const char *folder, bool is_good)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	size_t len, n = 0;

	if (dir == NULL)
		fail_msg("no %s here: run it from the top folder", folder);
	while ((e = readdir(dir)) != NULL) {
		len = strlen(e->d_name);
		if (len < 4 || strcmp(e->d_name + len - 4, ".ini") != 0)
			continue;
		check_golden(folder, e->d_name, is_good);
		n++;
	}
	closedir(dir);
	assert_true(n > 5);
}

static void good_plans_load(void **state)
{
	(void)state;
	check_folder(GOOD, true);
}

static void bad_plans_are_refused_with_all_their_mistakes(void **state)
{
	(void)state;
	check_folder(BAD, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good_plans_load),
	    cmocka_unit_test(bad_plans_are_refused_with_all_their_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
