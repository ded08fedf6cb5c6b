/*
 * The roll of a fleet. It must not know what is done when it is complete.
 */
#include "roll.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"

enum {
	LOOK_US = 250000,          /* between looks for the silent */
	SILENCE_US = 30 * 1000000, /* of a worker that may be given up */
	SILENT_INTERVALS = 10      /* but not before so many */
};

void roll_init(struct roll *roll, const struct plan *plan, struct fleet *fleet)
{
	*roll = (struct roll) {.plan = plan, .fleet = fleet, .grid = 1};
	/* one more, so that nothing is never asked for */
	roll->members =
	    xcalloc((size_t)fleet_size(fleet) + 1, sizeof(*roll->members));
	roll->listened_us = clock_us();
}

void roll_clear(struct roll *roll)
{
	free(roll->members);
	roll->members = NULL;
}

void roll_start(struct roll *roll, uint64_t start_us, uint64_t now_us)
{
	roll->start_us = start_us;
	for (uint32_t i = 0; i < fleet_size(roll->fleet); i++)
		roll->members[i].at_us = now_us;
}

void roll_heard(
    struct roll *roll, uint32_t member, uint64_t grid, uint64_t now_us)
{
	roll->members[member] =
	    (struct roll_member) {.grid = grid, .at_us = now_us};
}

uint64_t roll_grid_us(const struct roll *roll)
{
	return roll->start_us +
	       roll->grid * roll->plan->load.report_interval_us;
}

static bool plays(const struct roll *roll, uint32_t member)
{
	return fleet_member(roll->fleet, member)->state == MEMBER_RUNNING;
}

/* Asked after each event, of thousands of members: each is called until it has
 * answered, and then no more, as it does not take back what it reported. */
bool roll_is_complete(struct roll *roll)
{
	uint32_t n = fleet_size(roll->fleet);

	if (roll->called_grid != roll->grid)
		roll->called = 0;
	roll->called_grid = roll->grid;
	while (roll->called < n &&
	       !(plays(roll, roll->called) &&
		   roll->members[roll->called].grid < roll->grid))
		roll->called++;
	return roll->called == n;
}

void roll_ask(struct roll *roll)
{
	for (uint32_t i = 0; i < fleet_size(roll->fleet); i++)
		roll->members[i].is_asked = plays(roll, i);
	fleet_command(roll->fleet, COMMAND_REPORT);
}

bool roll_has_answers(const struct roll *roll)
{
	for (uint32_t i = 0; i < fleet_size(roll->fleet); i++)
		if (plays(roll, i) && roll->members[i].is_asked)
			return false;
	return true;
}

static uint64_t most_silence_us(const struct roll *roll)
{
	uint64_t most_us =
	    roll->plan->load.report_interval_us * SILENT_INTERVALS;

	return most_us < SILENCE_US ? SILENCE_US : most_us;
}

/* Who was stopped, by Ctrl-Z say, or waited for a reader, does not know who was
 * silent meanwhile. */
static void note_listening(struct roll *roll, uint64_t now_us)
{
	if (now_us - roll->listened_us > most_silence_us(roll) / 2)
		for (uint32_t i = 0; i < fleet_size(roll->fleet); i++)
			roll->members[i].at_us = now_us;
	roll->listened_us = now_us;
}

void roll_give_up_the_silent(struct roll *roll, uint64_t now_us)
{
	uint64_t most_us = most_silence_us(roll);
	char silence[32];
	char why[64];

	note_listening(roll, now_us);
	if (now_us - roll->looked_us < LOOK_US)
		return;
	roll->looked_us = now_us;
	for (uint32_t i = 0; i < fleet_size(roll->fleet); i++) {
		if (!plays(roll, i) ||
		    now_us - roll->members[i].at_us < most_us)
			continue;
		snprintf(why, sizeof(why), "said nothing for %s",
		    format_duration(silence, sizeof(silence), most_us));
		fleet_kill(roll->fleet, i, why);
	}
}
