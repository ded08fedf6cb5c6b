/*
 * What the workers of an agent have counted and its parent was not told yet, as
 * one: tables add up, and each worker's own counts stand beside them. It knows
 * no pipes: snapshots come as values, and are put into a buffer.
 */
#ifndef GATHER_H
#define GATHER_H

#include "fleet/wire.h"

/* Of the workers, in one phase of the run. */
struct gathered {
	struct worker_count *counts; /* owned; those that sent something */
	size_t n;
	size_t *places; /* owned, by worker: 1 + where in counts; 0: nowhere */
	struct hist lag;
};

/* A zeroed struct with workers set is empty. */
struct gather {
	uint32_t workers;
	struct stage_table {
		uint32_t stage; /* from 1; 0: the warm-up */
		struct table table;
	} * stages; /* owned */
	size_t n_stages;
	size_t cap_stages;
	struct gathered warmup; /* what does not mix with what follows */
	struct gathered rest;
	uint64_t until_us;    /* of the latest snapshot */
	struct final account; /* of all that was put */
};

void gather_clear(struct gather *g);
/* A snapshot, or a part of one, whose workers are numbered from first_worker
 * on. Those beyond g->workers are left out, with all that they sent: false. */
bool gather_add(
    struct gather *g, const struct snapshot *s, uint32_t first_worker);
/* Whether there is anything to put. */
bool gather_has_any(const struct gather *g);
/* All of it, as snapshots of grid point number grid, the last of which ends it;
 * then gathering begins anew. False: there was no room for all of it, and what
 * is left goes on growing. */
bool gather_put(struct gather *g, struct buf *out, uint64_t grid);
/* How many users there were when it was told last, of those workers who told
 * something since the last gather_put. */
uint64_t gather_users(const struct gather *g);
/* All requests that are gathered now in one row; row_clear is the caller's. */
void gather_total(const struct gather *g, struct row *total);

#endif
