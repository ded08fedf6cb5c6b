/*
 * Rows that are used up. It must not know who counts them.
 */
#include "report/used_up.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

char *used_up_trouble(const char *data)
{
	return xasprintf(
	    "[data %s]: no row was left for a user, who stopped", data);
}

/* By whichever host. */
static bool is_told(const struct results *results, const char *trouble)
{
	for (size_t i = 0; i < results->n_troubles; i++)
		if (strcmp(results->troubles[i].text, trouble) == 0)
			return true;
	return false;
}

char *used_up_names(const struct results *results)
{
	const struct plan *plan = results->plan;
	char *names = NULL;

	for (size_t i = 0; i < plan->n_data; i++) {
		char *trouble = used_up_trouble(plan->data[i].name), *longer;

		if (is_told(results, trouble)) {
			longer = xasprintf("%s%s[data %s]", names ? names : "",
			    names ? ", " : "", plan->data[i].name);
			free(names);
			names = longer;
		}
		free(trouble);
	}
	return names;
}

uint64_t used_up_users(const struct results *results)
{
	const struct plan *plan = results->plan;
	uint64_t n = 0;

	for (size_t i = 0; i < plan->n_data; i++) {
		char *trouble = used_up_trouble(plan->data[i].name);

		for (size_t k = 0; k < results->n_troubles; k++)
			if (strcmp(results->troubles[k].text, trouble) == 0)
				n += results->troubles[k].count;
		free(trouble);
	}
	return n;
}
