/*
 * Which names are not enough. It must not know how hosts are reached.
 */
#include "host_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

static bool is_here(const struct remote_host *host)
{
	return strcmp(host->name, ".") == 0;
}

/* --- names that several have --------------------------------------------- */

/* Those of all that play, in all[*n ...]. One that plays for itself is called
 * as it is from without. */
static void collect(const struct remote_host *hosts, size_t n_hosts,
    const char *outer, const char **all, size_t *n)
{
	for (size_t i = 0; i < n_hosts; i++) {
		const struct remote_host *host = &hosts[i];
		const char *name = is_here(host) ? outer : host->name;

		if (host->n_hosts > 0)
			collect(host->hosts, host->n_hosts, name, all, n);
		else
			all[(*n)++] = name;
	}
}

static int by_name(const void *left, const void *right)
{
	const char *const *l = left, *const *r = right;

	return strcmp(*l, *r);
}

void host_names_init(
    struct host_names *names, const struct remote_host *hosts, size_t n_hosts)
{
	size_t n = 0;

	*names = (struct host_names) {.hosts = hosts};
	names->shared =
	    xcalloc(remote_count(hosts, n_hosts) + 1, sizeof(*names->shared));
	collect(hosts, n_hosts, host_name(), names->shared, &n);
	qsort(names->shared, n, sizeof(*names->shared), by_name);
	for (size_t i = 1; i < n; i++)
		if (strcmp(names->shared[i - 1], names->shared[i]) == 0)
			names->shared[names->n_shared++] = names->shared[i];
}

void host_names_clear(struct host_names *names)
{
	free(names->shared);
	*names = (struct host_names) {0};
}

static bool is_shared(const struct host_names *names, const char *name)
{
	return names->n_shared > 0 &&
	       bsearch(&name, names->shared, names->n_shared,
		   sizeof(*names->shared), by_name) != NULL;
}

/* --- what they are called ------------------------------------------------ */

bool host_names_is_here(const struct host_names *names, size_t i)
{
	return is_here(&names->hosts[i]);
}

const char *host_names_of(const struct host_names *names, size_t i)
{
	const struct remote_host *host = &names->hosts[i];

	return is_here(host) && !is_shared(names, host_name()) ? host_name()
							       : host->name;
}

/* There it may have got hosts in front already. */
static bool has_shared_end(const struct host_names *names, const char *name)
{
	const char *slash;

	for (; !is_shared(names, name); name = slash + 1) {
		slash = strchr(name, '/');
		if (slash == NULL)
			return false;
	}
	return true;
}

char *host_names_behind(
    const struct host_names *names, size_t i, const char *name)
{
	if (!has_shared_end(names, name))
		return xstrdup(name);
	return xasprintf("%s/%s", host_names_of(names, i), name);
}
