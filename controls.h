/*
 * What the keys of the terminal do to a run: users more, or fewer, and its end.
 */
#ifndef CONTROLS_H
#define CONTROLS_H

#include "fleet/fleet.h"
#include "keyboard.h"
#include "load/extra.h"
#include "load/pace.h"
#include "load/roster.h"
#include "report.h"

/* All borrowed but the keyboard. A zeroed struct has none: no key comes. */
struct controls {
	const struct plan *plan;
	struct fleet *fleet;
	struct report *report;
	struct keyboard *keyboard; /* owned; NULL: there is none */
	struct extra extra;
	struct deal deal;  /* of all places there may be */
	uint32_t *workers; /* owned: by place, as far as they are dealt out */
	size_t n_places;
	size_t cap_places;
};

/* Takes the keys of the terminal, where there is one; see keyboard_open. */
void controls_open(struct controls *c, const struct plan *plan,
    struct fleet *fleet, struct report *report);
/* The load is about to begin: the roster says who plays which user, and is not
 * needed any more then. Each of its workers may open so many files; 0: as many
 * as here. */
void controls_deal(
    struct controls *c, const struct roster *roster, uint64_t files);
/* Gives the terminal back. */
void controls_close(struct controls *c);

/* Whether the event is of the terminal: to be minded soon. */
bool controls_event(const struct controls *c, const struct poller_event *event);
/* When it is to be minded at the latest; UINT64_MAX: never. */
uint64_t controls_next_us(const struct controls *c);
/* Does what was typed, where the load began at start_us and goes on;
 * UINT64_MAX: it does not. Returns whether the end of the run is wanted. */
bool controls_mind(struct controls *c, uint64_t start_us, uint64_t now_us);
/* Tells the report which keys there are, where the load goes on, or is about
 * to. */
void controls_offer(struct controls *c, bool is_on);

#endif
