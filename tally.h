/*
 * What a worker has counted and not told yet: the counts of the stage at hand,
 * and of stages before it what still came in. It knows no pipes: a snapshot is
 * put into a buffer.
 */
#ifndef TALLY_H
#define TALLY_H

#include "fleet/wire.h"
#include "load/engine.h"

struct tally {
	const struct plan *plan; /* borrowed */
	struct engine *engine;   /* borrowed; counts into delta */
	struct snapshot delta;
	struct worker_count count; /* the one of delta: our own */
	struct final account;      /* of all that was put */
	uint32_t most_alive;       /* users, since the last snapshot */
	uint64_t wanted;           /* of them, by the time */

	uint64_t start_us; /* of the whole run */
	uint32_t stage;    /* that delta.table belongs to; 0: the warm-up */
	uint64_t end_us;   /* when it is over */
	struct earlier {
		uint32_t stage;
		struct table table;
	} * earlier; /* owned */
	size_t n_earlier;
	size_t cap_earlier;

	uint64_t cut_us; /* when the last snapshot was put */
	uint64_t cpu_us; /* used until then */
};

/* Before the engine is: e->books, lateness and table are set. */
void tally_init(
    struct tally *t, const struct plan *plan, struct engine *engine);
void tally_clear(struct tally *t);
/* The run begins then. With stages it goes by those of the plan, and by its
 * warm-up. */
void tally_start(struct tally *t, uint64_t start_us, bool has_stages);
/* What begins from engine->now_us on belongs to the stage of then. */
void tally_turn(struct tally *t);
/* Users may have come, or gone; the time wants so many. */
void tally_note_users(struct tally *t, uint64_t wanted);
/* All that was counted, as snapshots of grid point number grid; then counting
 * begins anew. False: there was no room for all of it, and what is left goes on
 * growing. */
bool tally_put(struct tally *t, struct buf *out, uint64_t grid);

#endif
