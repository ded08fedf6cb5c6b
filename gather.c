/*
 * Gathering. It must not know when snapshots are wanted, nor where workers
 * are.
 */
#include "gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

/* --- tables ------------------------------------------------------------- */

static struct table *table_of(struct gather *g, uint32_t stage)
{
	struct stage_table *new;

	for (size_t i = 0; i < g->n_stages; i++)
		if (g->stages[i].stage == stage)
			return &g->stages[i].table;
	g->stages =
	    grow(g->stages, g->n_stages, &g->cap_stages, sizeof(*g->stages));
	new = &g->stages[g->n_stages++];
	*new = (struct stage_table) {.stage = stage};
	return &new->table;
}

/* Where in stages the latest one is; n_stages: there is none. */
static size_t latest_stage(const struct gather *g)
{
	size_t latest = g->n_stages;

	for (size_t i = 0; i < g->n_stages; i++)
		if (latest == g->n_stages ||
		    g->stages[i].stage > g->stages[latest].stage)
			latest = i;
	return latest;
}

void gather_total(const struct gather *g, struct row *total)
{
	struct table all = {0};

	for (size_t i = 0; i < g->n_stages; i++)
		if (g->stages[i].stage > 0)
			table_merge(&all, &g->stages[i].table);
	table_total(&all, total);
	table_clear(&all);
}

/* --- counts ------------------------------------------------------------- */

static void gathered_clear(struct gathered *all)
{
	for (size_t i = 0; i < all->n; i++)
		hist_clear(&all->counts[i].lateness);
	free(all->counts);
	free(all->places);
	hist_clear(&all->lag);
	*all = (struct gathered) {0};
}

/* The last part of a snapshot may come when its counts were put already. */
static bool has_any(const struct gathered *all)
{
	return all->n > 0 || all->lag.count > 0;
}

static struct worker_count *count_of(
    struct gathered *all, uint32_t worker, uint32_t workers)
{
	if (all->places == NULL) {
		all->places = xcalloc(workers, sizeof(*all->places));
		all->counts = xcalloc(workers, sizeof(*all->counts));
	}
	if (all->places[worker] == 0) {
		all->counts[all->n] = (struct worker_count) {.worker = worker};
		all->places[worker] = ++all->n;
	}
	return &all->counts[all->places[worker] - 1];
}

static void add_count(struct worker_count *to, const struct worker_count *from)
{
	to->users = from->users;
	if (from->most_users > to->most_users)
		to->most_users = from->most_users;
	to->jobs = from->jobs;
	to->cpu_us += from->cpu_us;
	to->busy_us += from->busy_us;
	books_add(&to->books, &from->books);
	hist_merge(&to->lateness, &from->lateness);
}

bool gather_add(
    struct gather *g, const struct snapshot *s, uint32_t first_worker)
{
	struct gathered *all = s->stage == 0 ? &g->warmup : &g->rest;

	for (size_t i = 0; i < s->n_counts; i++)
		if (s->counts[i].worker >= g->workers - first_worker)
			return false;
	for (size_t i = 0; i < s->n_counts; i++)
		add_count(count_of(all, first_worker + s->counts[i].worker,
			      g->workers),
		    &s->counts[i]);
	hist_merge(&all->lag, &s->lag);
	if (s->has_any)
		snapshot_unpack(s, table_of(g, s->stage));
	if (s->until_us > g->until_us)
		g->until_us = s->until_us;
	return true;
}

static bool has_count(const struct gathered *all, uint32_t worker)
{
	return all->places != NULL && all->places[worker] != 0;
}

/* What a worker says of the warm-up it says before the rest. */
uint64_t gather_users(const struct gather *g)
{
	uint64_t users = 0;

	for (size_t i = 0; i < g->rest.n; i++)
		users += g->rest.counts[i].users;
	for (size_t i = 0; i < g->warmup.n; i++)
		if (!has_count(&g->rest, g->warmup.counts[i].worker))
			users += g->warmup.counts[i].users;
	return users;
}

bool gather_has_any(const struct gather *g)
{
	return g->n_stages > 0 || has_any(&g->warmup) || has_any(&g->rest);
}

/* --- snapshots ---------------------------------------------------------- */

/* Table and counts may be none (NULL). False: there is no room. */
static bool put(struct gather *g, struct buf *out, struct snapshot s,
    const struct table *table, const struct gathered *all)
{
	bool is_put;

	if (table != NULL)
		s.table = *table;
	if (all != NULL) {
		s.counts = all->counts;
		s.n_counts = all->n;
		s.lag = all->lag;
	}
	wire_put_snapshot(out, &s, &g->account.snapshots);
	is_put = !out->full;
	out->full = false;
	return is_put;
}

static void account_for(struct gather *g, struct gathered *all)
{
	for (size_t i = 0; i < all->n; i++)
		books_add(&g->account.books, &all->counts[i].books);
	gathered_clear(all);
}

static void remove_stage(struct gather *g, size_t i)
{
	table_clear(&g->stages[i].table);
	g->stages[i] = g->stages[--g->n_stages];
}

/* All but the latest stage; what the warm-up counted goes with its table. */
static bool put_earlier(struct gather *g, struct buf *out, struct snapshot s)
{
	s.is_aside = true;
	if (has_any(&g->warmup)) {
		s.stage = 0;
		if (!put(g, out, s, NULL, &g->warmup))
			return false;
		account_for(g, &g->warmup);
	}
	while (g->n_stages > 1) {
		size_t i = latest_stage(g) == 0 ? 1 : 0;

		s.stage = g->stages[i].stage;
		if (!put(g, out, s, &g->stages[i].table, NULL))
			return false;
		remove_stage(g, i);
	}
	return true;
}

bool gather_put(struct gather *g, struct buf *out, uint64_t grid)
{
	struct snapshot s = {.grid = grid, .until_us = g->until_us};
	bool is_warmup;

	if (!put_earlier(g, out, s))
		return false;
	s.stage = g->n_stages > 0 ? g->stages[0].stage : 1;
	/* what is counted by now is not of the warm-up, though its table may
	 * be the last there is */
	is_warmup = s.stage == 0 && has_any(&g->rest);
	if (is_warmup) {
		s.is_aside = true;
		if (!put(g, out, s, &g->stages[0].table, NULL))
			return false;
		remove_stage(g, 0);
		s.is_aside = false;
		s.stage = 1;
	}
	if (!put(g, out, s, g->n_stages > 0 ? &g->stages[0].table : NULL,
		&g->rest))
		return false;
	account_for(g, &g->rest);
	if (g->n_stages > 0)
		remove_stage(g, 0);
	return true;
}

void gather_clear(struct gather *g)
{
	for (size_t i = 0; i < g->n_stages; i++)
		table_clear(&g->stages[i].table);
	free(g->stages);
	gathered_clear(&g->warmup);
	gathered_clear(&g->rest);
	*g = (struct gather) {0};
}
