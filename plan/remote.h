/*
 * The hosts of a run, as a list in which a host may have hosts of its own, and
 * as text. It knows no processes, and nothing of how a host is reached.
 */
#ifndef PLAN_REMOTE_H
#define PLAN_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct words;

#define REMOTE_MAX_HOSTS  10000 /* all that stand in one list, at any depth */
#define REMOTE_MAX_DEPTH  8     /* hosts of hosts of ... */
#define REMOTE_MAX_WEIGHT UINT64_C(1000000)

/* A machine that a part of the load is for. */
struct remote_host {
	char *name;      /* owned; ".": the machine that the list is read on */
	uint64_t weight; /* its share, against those beside it: at least 1 */
	bool has_weight; /* it was written down */
	/* Owned. Where there are some, it passes the plan on to them and plays
	 * nothing itself; its weight is the sum of theirs where none was
	 * written. */
	struct remote_host *hosts;
	size_t n_hosts;
};

struct remote_options {
	struct remote_host *hosts; /* owned; NULL: all is played here */
	size_t n_hosts;
	char *rsh;     /* owned; a shell command; `{}` in it is the host */
	char *program; /* owned; what is started there: words, blanks */
	bool copy;     /* it is sent there first */
	uint64_t connect_timeout_us; /* from the start of rsh to the greeting */
	uint64_t max_parallel;       /* so many are being connected at once */
};

/*
 * Reads `HOST[*WEIGHT], HOST(HOST, ...)[*WEIGHT], ...`; "none" is no hosts.
 * What is wrong is added to defects, each as `why: mend`, the first few of it;
 * false then, and *hosts is NULL. The list is the caller's, and so are the
 * defects.
 */
bool remote_hosts_parse(const char *text, struct remote_host **hosts,
    size_t *n_hosts, struct words *defects);
void remote_hosts_free(struct remote_host *hosts, size_t n_hosts);
/* The same list as text that remote_hosts_parse reads; "none" for no hosts.
 * Owned by the caller. */
char *remote_hosts_text(const struct remote_host *hosts, size_t n_hosts);
/* How many hosts of it play: those that have none below them. */
size_t remote_count(const struct remote_host *hosts, size_t n_hosts);
/* The sum of their weights. */
uint64_t remote_weight(const struct remote_host *hosts, size_t n_hosts);

#endif
