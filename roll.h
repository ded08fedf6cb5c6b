/*
 * Who of a fleet has reported up to which point of the grid, and who has been
 * silent for so long that it is given up. It knows neither what was reported
 * nor to whom.
 */
#ifndef ROLL_H
#define ROLL_H

#include "fleet/fleet.h"
#include "plan/plan.h"

struct roll {
	const struct plan *plan; /* borrowed, as is the fleet */
	struct fleet *fleet;
	struct roll_member {
		uint64_t grid;  /* up to which its snapshots came */
		uint64_t at_us; /* when the last one came */
		bool is_asked;  /* for one out of turn, which has not come */
	} * members;            /* owned, by number */
	uint64_t grid;          /* that is being waited for */
	uint64_t called_grid;   /* for that one all members before `called` */
	uint32_t called;        /* have reported, or play no more */
	uint64_t looked_us;     /* when the silent were looked for */
	uint64_t start_us;      /* of the run */
	uint64_t listened_us;   /* when members were last listened to */
};

/* All members are known. */
void roll_init(struct roll *roll, const struct plan *plan, struct fleet *fleet);
void roll_clear(struct roll *roll);
/* The run begins then; from now on silence counts. */
void roll_start(struct roll *roll, uint64_t start_us, uint64_t now_us);

/* The last part of a snapshot came. */
void roll_heard(
    struct roll *roll, uint32_t member, uint64_t grid, uint64_t now_us);
/* When the grid point at hand is due. */
uint64_t roll_grid_us(const struct roll *roll);
/* Whether everyone who plays has reported up to it. */
bool roll_is_complete(struct roll *roll);
/* All who play are asked for a snapshot out of turn, and have sent it. */
void roll_ask(struct roll *roll);
bool roll_has_answers(const struct roll *roll);
/* A run without an end of its own would wait for the silent for ever: they are
 * killed. To be called at least once a second. */
void roll_give_up_the_silent(struct roll *roll, uint64_t now_us);

#endif
