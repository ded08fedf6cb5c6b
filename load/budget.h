/*
 * What a run needs of the system it runs on, files and local ports, and what
 * there is of them.
 */
#ifndef LOAD_BUDGET_H
#define LOAD_BUDGET_H

#include "load/demand.h"

/* What there is. */
struct limits {
	uint64_t files;      /* that a process may open; UINT64_MAX: no limit */
	uint32_t first_port; /* of those for connections; 0: not known */
	uint32_t last_port;
};

/* Raises what may be raised for this process, and says what there is then. */
void limits_raise(struct limits *limits);
/* The same where the range of ports stands in this file. */
void limits_raise_at(struct limits *limits, const char *ports_path);

/* How many files each worker may need at the peak, for one connection of each
 * user. */
uint64_t budget_files(const struct plan *plan, uint32_t workers);
/* The same where these are but so many of the plan's users. */
uint64_t budget_files_of(
    const struct plan *plan, uint64_t users, uint32_t workers);

/* At how many users that need is as large as it may be. */
uint64_t budget_most_users(
    const struct plan *plan, uint32_t workers, const struct limits *limits);

/* Local ports for the host and port that most users talk to, as if it had one
 * address. */
struct port_budget {
	uint64_t users; /* that keep one */
	double fresh;   /* connections a second beside: keepalive = no */
	double closing; /* ports that those of them hold that are closed */
	size_t sources; /* addresses to start from */
	uint64_t room;  /* ports of all of these; 0: not known */
};

/* With answers as d has them. False: nothing needs a local port. */
bool budget_ports(
    struct port_budget *b, const struct demand *d, const struct limits *limits);

#endif
