/*
 * Names of rows without secrets, and no two alike. It knows no formats.
 */
#include "report/case_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/mask.h"

static char *masked_title(const struct row *row)
{
	char *title =
	    xasprintf("%s%s%s", row->type, *row->type ? " " : "", row->name);
	char *masked = mask_url(title);

	free(title);
	return masked;
}

/* By name; those that are alike as they stand in the table. */
static int compare_places(const void *left, const void *right)
{
	char **l = *(char **const *)left;
	char **r = *(char **const *)right;
	int order = strcmp(*l, *r);

	if (order != 0)
		return order;
	return l < r ? -1 : l > r;
}

static void number(char ***places, size_t n)
{
	size_t first = 0;

	for (size_t i = 1; i < n; i++) {
		char *numbered;

		if (strcmp(*places[i], *places[first]) != 0) {
			first = i;
			continue;
		}
		numbered = xasprintf("%s (%zu)", *places[i], i - first + 1);
		free(*places[i]);
		*places[i] = numbered;
	}
}

char **case_names(struct row *const *rows, size_t n)
{
	char **names = xcalloc(n + 1, sizeof(*names));
	char ***places = xcalloc(n + 1, sizeof(*places));

	for (size_t i = 0; i < n; i++) {
		names[i] = masked_title(rows[i]);
		places[i] = &names[i];
	}
	if (n > 0)
		qsort(places, n, sizeof(*places), compare_places);
	number(places, n);
	free(places);
	return names;
}

void case_names_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}
