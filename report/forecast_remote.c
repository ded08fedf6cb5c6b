/*
 * The hosts of a forecast: which part of the load each has, and what that
 * needs of it. It must not know how a host is reached.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/forecast_private.h"
#include "report/grid.h"
#include "report/text.h"

/* More hosts than these are counted, not told. */
enum { MOST_HOSTS = 100 };

/* Shares as whole numbers, to be printed as a part of this. */
#define WHOLE UINT64_C(1000000000)

static const struct grid_column columns[] = {
    {"Hosts", ALIGN_NAME, 0},
    {"Weight", ALIGN_RIGHT, 1},
    {"Share %", ALIGN_POINT, 0},
};

bool forecast_is_remote(const struct forecast *f)
{
	return f->plan->remote.n_hosts > 0;
}

/* --- which part of the load --------------------------------------------- */

static void add_host(struct grid *g, const struct remote_host *host,
    unsigned depth, double share)
{
	char weight[FIGURE_BYTES], percent[FIGURE_BYTES];
	char *name = xasprintf("%*s%s%s", (int)(2 * depth), "", host->name,
	    strcmp(host->name, ".") != 0 ? ""
	    : depth > 1                  ? " (itself)"
					 : " (this machine)");

	grid_row(g, STYLE_PLAIN);
	grid_text(g, name);
	grid_text(g, figure_count(weight, host->weight));
	grid_text(g, figure_percent(
			 percent, round_to_u64(share * (double)WHOLE), WHOLE));
	free(name);
}

/* Those of one list, and below each of them its own; *n is how many there have
 * been. */
static void add_hosts(struct grid *g, const struct remote_host *hosts,
    size_t n_hosts, unsigned depth, double share, size_t *n)
{
	double all = (double)remote_weight(hosts, n_hosts), part;

	for (size_t i = 0; i < n_hosts; i++) {
		part = share * (double)hosts[i].weight / all;
		if ((*n)++ < MOST_HOSTS)
			add_host(g, &hosts[i], depth, part);
		add_hosts(
		    g, hosts[i].hosts, hosts[i].n_hosts, depth + 1, part, n);
	}
}

static bool is_passed_on(const struct remote_options *remote)
{
	for (size_t i = 0; i < remote->n_hosts; i++)
		if (remote->hosts[i].n_hosts > 0)
			return true;
	return false;
}

static void print_hosts(struct forecast *f)
{
	const struct remote_options *remote = &f->plan->remote;
	struct grid g;
	size_t n = 0;
	char *more;

	grid_init(&g, columns, ARRAY_LEN(columns), 2);
	add_hosts(&g, remote->hosts, remote->n_hosts, 1, 1, &n);
	if (n > MOST_HOSTS) {
		more = xasprintf("  ... %zu more", n - MOST_HOSTS);
		grid_note(&g, STYLE_FAINT, more);
		free(more);
	}
	grid_print(&g, &f->t);
	grid_clear(&g);
	if (is_passed_on(remote))
		forecast_note(f,
		    "a host with others below it passes the plan on, and plays "
		    "nothing itself");
}

void forecast_remote(struct forecast *f)
{
	const struct remote_options *remote = &f->plan->remote;
	char time[FIGURE_BYTES], n[FIGURE_BYTES];

	if (!forecast_is_remote(f))
		return;
	print_hosts(f);
	forecast_item(f, "rsh", xstrdup(remote->rsh));
	forecast_item(f, "program",
	    remote->copy ? xstrdup("this one, sent there first")
			 : xstrdup(remote->program));
	forecast_item(f, "connecting",
	    xasprintf("%s at a time, each for at most %s",
		figure_count(n, remote->max_parallel),
		figure_duration(time, remote->connect_timeout_us)));
	forecast_blank_line(f);
}

/* --- what it needs ------------------------------------------------------ */

/* The largest part of the load that one host plays. */
static double largest_share(
    const struct remote_host *hosts, size_t n_hosts, const char **name)
{
	double all = (double)remote_weight(hosts, n_hosts), most = 0, part;
	const char *found;

	for (size_t i = 0; i < n_hosts; i++) {
		found = hosts[i].name;
		part = (double)hosts[i].weight / all;
		if (hosts[i].n_hosts > 0)
			part *= largest_share(
			    hosts[i].hosts, hosts[i].n_hosts, &found);
		if (part > most) {
			most = part;
			*name = found;
		}
	}
	return most;
}

/* Limits are those of the machine that plays, which nobody has asked yet. */
void forecast_remote_needs(struct forecast *f)
{
	const struct remote_options *remote = &f->plan->remote;
	const char *host = "";
	double share = largest_share(remote->hosts, remote->n_hosts, &host);
	struct port_budget b;
	char n[FIGURE_BYTES];

	if (f->plan->load.workers == 0)
		forecast_item(f, "open files",
		    xstrdup("as many as the users that each worker has: how "
			    "many cores the hosts have is not known here"));
	else
		forecast_item(f, "open files",
		    xasprintf("%s in each worker of %s, which has the most",
			figure_count(
			    n, budget_files_of(f->plan,
				   (uint64_t)ceil(
				       (double)f->plan->load.users * share),
				   (uint32_t)f->plan->load.workers)),
			host));
	demand_answers(&f->demand, USUAL_ANSWER_US);
	if (budget_ports(&b, &f->demand, &f->limits))
		forecast_item(f, "local ports",
		    xasprintf("%s on %s, which has the most, one for each user",
			figure_count(
			    n, (uint64_t)ceil((double)b.users * share)),
			host));
}
