/*
 * Counting by stages, and snapshots of it. It must not know when they are
 * wanted, nor whether anybody reads them.
 */
#include "tally.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "base/util.h"
#include "load/schedule.h"

/* --- stages ------------------------------------------------------------- */

static uint32_t stage_at(const struct tally *t, uint64_t at_us)
{
	const struct load_options *load = &t->plan->load;
	uint64_t passed_us = at_us > t->start_us ? at_us - t->start_us : 0;

	if (passed_us < load->warmup_us)
		return 0;
	return 1 + (load->has_stages ? (uint32_t)schedule_stage(load, passed_us)
				     : 0);
}

/* Since the start. */
static uint64_t stage_end_us(const struct tally *t, uint32_t stage)
{
	const struct load_options *load = &t->plan->load;

	if (stage == 0)
		return load->warmup_us;
	return load->has_stages ? schedule_stage_end_us(load, stage - 1)
				: UINT64_MAX;
}

/* The table of a stage that is over. */
static struct table *earlier_table(struct tally *t, uint32_t stage)
{
	struct earlier *new;

	for (size_t i = 0; i < t->n_earlier; i++)
		if (t->earlier[i].stage == stage)
			return &t->earlier[i].table;
	t->earlier = grow(
	    t->earlier, t->n_earlier, &t->cap_earlier, sizeof(*t->earlier));
	new = &t->earlier[t->n_earlier++];
	*new = (struct earlier) {.stage = stage};
	return &new->table;
}

static struct table *find_earlier(void *context, uint64_t began_us)
{
	struct tally *t = context;

	return earlier_table(t, stage_at(t, began_us));
}

/* Since the start. */
static uint64_t stage_start_us(const struct tally *t, uint32_t stage)
{
	const struct load_options *load = &t->plan->load;
	uint64_t start_us = load->has_stages && stage > 0
				? schedule_stage_start_us(load, stage - 1)
				: 0;

	return stage > 0 && start_us < load->warmup_us ? load->warmup_us
						       : start_us;
}

static void begin_stage(struct tally *t, uint64_t now_us)
{
	uint64_t end_us;

	t->stage = stage_at(t, now_us);
	t->engine->stage_us = t->start_us + stage_start_us(t, t->stage);
	end_us = stage_end_us(t, t->stage);
	t->end_us = end_us > UINT64_MAX - t->start_us ? UINT64_MAX
						      : t->start_us + end_us;
}

void tally_turn(struct tally *t)
{
	if (t->engine->now_us < t->end_us)
		return;
	table_merge(earlier_table(t, t->stage), &t->delta.table);
	table_reset(&t->delta.table);
	begin_stage(t, t->engine->now_us);
}

/* --- snapshots ---------------------------------------------------------- */

static uint64_t cpu_used_us(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) != 0)
		return 0;
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
		   US_PER_S +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* A worker may be stopped before its start has come. */
static uint64_t after_us(uint64_t from_us, uint64_t to_us)
{
	return to_us > from_us ? to_us - from_us : 0;
}

/* The last snapshot tells how many there were until the end, as the others do:
 * not those whom the stages have let go before. */
static uint32_t users_there(const struct tally *t)
{
	if (t->engine->alive > 0)
		return t->engine->alive;
	return t->most_alive < t->wanted ? t->most_alive : (uint32_t)t->wanted;
}

static void complete_delta(struct tally *t, uint64_t grid)
{
	struct engine *e = t->engine;
	struct http_counts *counts = http_counts(e->http);
	struct worker_count *c = &t->count;
	uint64_t cpu_us = cpu_used_us();

	t->delta.grid = grid;
	t->delta.stage = t->stage;
	t->delta.until_us = after_us(t->start_us, e->now_us);
	c->users = users_there(t);
	c->most_users = t->most_alive;
	c->jobs = e->jobs;
	c->cpu_us = cpu_us - t->cpu_us;
	c->busy_us = after_us(t->cut_us, e->now_us);
	c->books.connections += counts->connections;
	c->books.tasks += e->world.tasks_started;
	c->books.jobs_skipped += e->world.jobs_skipped;
	*counts = (struct http_counts) {0};
	e->world.tasks_started = 0;
	e->world.jobs_skipped = 0;
}

static void begin_delta(struct tally *t)
{
	books_add(&t->account.books, &t->count.books);
	t->count.books = (struct books) {0};
	hist_reset(&t->count.lateness);
	hist_reset(&t->delta.lag);
	table_reset(&t->delta.table);
	t->cpu_us = cpu_used_us();
	t->cut_us = t->engine->now_us;
	t->most_alive = t->engine->alive;
}

/* False: there is no room for it now. */
static bool put_snapshot(
    struct tally *t, struct buf *out, const struct snapshot *s)
{
	bool put;

	wire_put_snapshot(out, s, &t->account.snapshots);
	put = !out->full;
	out->full = false;
	return put;
}

static bool put_earlier(struct tally *t, struct buf *out)
{
	while (t->n_earlier > 0) {
		struct earlier *last = &t->earlier[t->n_earlier - 1];
		struct snapshot s = {.grid = t->delta.grid,
		    .until_us = t->delta.until_us,
		    .stage = last->stage,
		    .is_aside = true,
		    .table = last->table};

		if (!put_snapshot(t, out, &s))
			return false;
		table_clear(&last->table);
		t->n_earlier--;
	}
	return true;
}

bool tally_put(struct tally *t, struct buf *out, uint64_t grid)
{
	complete_delta(t, grid);
	if (!put_earlier(t, out) || !put_snapshot(t, out, &t->delta))
		return false;
	begin_delta(t);
	return true;
}

/* --- beginning and end -------------------------------------------------- */

void tally_note_users(struct tally *t, uint64_t wanted)
{
	t->wanted = wanted;
	if (t->engine->alive > t->most_alive)
		t->most_alive = t->engine->alive;
}

void tally_init(struct tally *t, const struct plan *plan, struct engine *engine)
{
	*t = (struct tally) {.plan = plan,
	    .engine = engine,
	    .stage = 1,
	    .end_us = UINT64_MAX,
	    .wanted = UINT64_MAX};
	t->delta.counts = &t->count;
	t->delta.n_counts = 1;
	engine->books = &t->count.books;
	engine->lateness = &t->count.lateness;
	engine->table = &t->delta.table;
	engine->earlier = find_earlier;
	engine->earlier_context = t;
}

void tally_clear(struct tally *t)
{
	for (size_t i = 0; i < t->n_earlier; i++)
		table_clear(&t->earlier[i].table);
	free(t->earlier);
	t->delta.counts = NULL;
	t->delta.n_counts = 0;
	snapshot_clear(&t->delta);
	hist_clear(&t->count.lateness);
}

void tally_start(struct tally *t, uint64_t start_us, bool has_stages)
{
	t->start_us = start_us;
	t->cut_us = start_us;
	t->cpu_us = cpu_used_us();
	if (has_stages)
		begin_stage(t, start_us);
}
