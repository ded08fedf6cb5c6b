/*
 * Files and local ports: the need of a plan and the limits of the system. It
 * must not know curl, nor how it is told.
 */
#include "load/budget.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
	SPARE_FILES = 64, /* that a worker needs beside its connections */
	CLOSING_S = 60,   /* who closes a connection keeps its port so long */
	LARGEST_PORT = 65535
};

static const char ports_path[] = "/proc/sys/net/ipv4/ip_local_port_range";

/* --- what there is ------------------------------------------------------ */

static void look_at_files(struct limits *limits)
{
	struct rlimit limit;

	limits->files = UINT64_MAX;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur != RLIM_INFINITY)
		limits->files = limit.rlim_cur;
}

/* "32768	60999" */
static void look_at_ports(struct limits *limits, const char *path)
{
	char line[64] = "";
	char *end;
	FILE *in = fopen(path, "r");
	unsigned long first, last;

	if (in == NULL)
		return;
	if (fgets(line, sizeof(line), in) == NULL)
		line[0] = '\0';
	fclose(in);
	first = strtoul(line, &end, 10);
	last = strtoul(end, NULL, 10);
	if (first == 0 || last < first || last > LARGEST_PORT)
		return;
	limits->first_port = (uint32_t)first;
	limits->last_port = (uint32_t)last;
}

void limits_raise_at(struct limits *limits, const char *path)
{
	*limits = (struct limits) {0};
	look_at_files(limits);
	look_at_ports(limits, path);
}

void limits_raise(struct limits *limits)
{
	limits_raise_at(limits, ports_path);
}

/* --- what is needed ----------------------------------------------------- */

/* Each user has a connection of its own; kinds are dealt out one by one. */
uint64_t budget_files_of(
    const struct plan *plan, uint64_t users, uint32_t workers)
{
	return users / workers + plan->n_kinds + SPARE_FILES;
}

uint64_t budget_files(const struct plan *plan, uint32_t workers)
{
	return budget_files_of(plan, plan->load.users, workers);
}

uint64_t budget_most_users(
    const struct plan *plan, uint32_t workers, const struct limits *limits)
{
	uint64_t beside = plan->n_kinds + SPARE_FILES, each;

	if (limits->files < beside)
		return 0;
	each = limits->files - beside;
	return each < UINT64_MAX / workers - 1 ? (each + 1) * workers - 1
					       : UINT64_MAX;
}

/* Scheme, host and port of the paths of a kind; len 0: it has none. */
static const char *origin_of(const struct plan *plan, size_t kind, size_t *len)
{
	const char *text = "", *host;

	if (plan->kinds[kind]->base < plan->n_bases)
		text = plan->bases[plan->kinds[kind]->base].text;
	host = strstr(text, "://");
	host = host != NULL ? host + 3 : text;
	*len = (size_t)(host - text) + strcspn(host, "/");
	return text;
}

static bool have_one_origin(const struct plan *plan, size_t a, size_t b)
{
	size_t len_a, len_b;
	const char *text_a = origin_of(plan, a, &len_a);
	const char *text_b = origin_of(plan, b, &len_b);

	return len_a == len_b && memcmp(text_a, text_b, len_a) == 0;
}

/* The fewest addresses that some request starts from; 0: none needs a port. */
static size_t count_sources(const struct plan *plan)
{
	size_t fewest = 0;

	for (unsigned i = 0; i < plan->n_requests; i++) {
		const struct http_options *o = &plan->requests[i]->request.http;
		size_t n = o->source_ips.n > 0 ? o->source_ips.n : 1;

		if (o->unix_socket == NULL && (fewest == 0 || n < fewest))
			fewest = n;
	}
	return fewest;
}

/* What the kinds need that go where this one goes. */
static void add_need(struct port_budget *b, const struct demand *d, size_t kind)
{
	b->users = 0;
	b->fresh = 0;
	for (size_t i = 0; i < d->plan->n_kinds; i++) {
		if (!have_one_origin(d->plan, i, kind))
			continue;
		b->users += d->kinds[i].users;
		b->fresh += demand_kind_rate(d, i).fresh;
	}
	b->closing = b->fresh * CLOSING_S;
}

static bool needs_more(const struct port_budget *a, const struct port_budget *b)
{
	return (double)a->users + a->closing > (double)b->users + b->closing;
}

bool budget_ports(
    struct port_budget *b, const struct demand *d, const struct limits *limits)
{
	*b = (struct port_budget) {.sources = count_sources(d->plan)};
	if (b->sources == 0)
		return false;
	if (limits->first_port > 0)
		b->room = (uint64_t)b->sources *
			  (limits->last_port - limits->first_port + 1);
	for (size_t i = 0; i < d->plan->n_kinds; i++) {
		struct port_budget other = *b;

		add_need(&other, d, i);
		if (needs_more(&other, b))
			*b = other;
	}
	return true;
}
