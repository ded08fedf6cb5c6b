/*
 * What the hosts of a run are called, so that no two of them are called the
 * same: as they are in the plan, and, where that is not enough, with the hosts
 * in front that lead there. It knows the list of the plan, and no processes.
 */
#ifndef HOST_NAMES_H
#define HOST_NAMES_H

#include "plan/remote.h"

struct host_names {
	const struct remote_host *hosts; /* borrowed */
	const char **shared; /* owned: names that several hosts have, sorted */
	size_t n_shared;
};

void host_names_init(
    struct host_names *names, const struct remote_host *hosts, size_t n_hosts);
void host_names_clear(struct host_names *names);

/* Whether number i of the list is this machine. */
bool host_names_is_here(const struct host_names *names, size_t i);
/* What number i of the list is called; borrowed. */
const char *host_names_of(const struct host_names *names, size_t i);
/* What a host behind number i is called that is called so there: "n1", or
 * "gate/n1". Owned by the caller. */
char *host_names_behind(
    const struct host_names *names, size_t i, const char *name);

#endif
