/*
 * From what members of a fleet say to the report and the hooks of the parent.
 * It knows neither when a run begins nor how it ends.
 */
#ifndef INTAKE_H
#define INTAKE_H

#include "events.h"
#include "fleet/fleet.h"
#include "muster.h"
#include "report.h"
#include "roll.h"

/* All but the last five are set by the caller, and borrowed. */
struct intake {
	struct report *report;
	struct fleet *fleet;
	struct muster *muster;
	struct roll *roll;
	const struct events *events; /* whose hooks hear of it */
	uint64_t until_us; /* since the start: of the latest snapshot */
	bool has_more;     /* a table came since the caller said false */
	bool wants_stop;   /* a step says so */
	bool is_refused;   /* a host says that nothing must be sent */
	/* set by the caller: who is not there yet is waited for no more, and so
	 * is not lost */
	bool is_called_off;
};

void intake_event(struct intake *in, const struct fleet_event *event);
/* Says whom is still waited for. */
void intake_note_waiting(struct intake *in);
/* All who play are ready, or lost: each worker has its number, and what was
 * said of it before is told. */
void intake_close_muster(struct intake *in);

#endif
