/*
 * The signals that people send to a run: SIGINT, SIGTERM and SIGHUP stop it,
 * SIGUSR1 asks for the table. They are let in only where somebody waits, so
 * that none is missed. SIGCONT says that we were stopped, by Ctrl-Z say. What
 * has come is the process's own: all runs share it.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* Catches all of them from now on, but for a SIGHUP that is ignored, and keeps
 * them out; ignores SIGPIPE. Who stops us four times ends the process, with
 * the terminal given back, whatever it does. */
void signals_catch(void);
/* Whether who started us wants it ignored, as nohup does: then it stays so. */
bool signals_is_ignored(int number);
/* Lets them in, where readers are waited for, or keeps them out again. */
void signals_allow(bool allow);

/* What a run has heard of; zeroed, it has heard nothing yet. */
struct signals_heard {
	int stops;
	uint64_t echo_us; /* until then a signal is an echo of the last */
};
/* The signal to stop that came since it was last asked for; 0: none. One that
 * comes right behind another is its echo, which is none. */
int signals_stop(struct signals_heard *heard, uint64_t now_us);
/* Whether the table was asked for since this was last asked. */
bool signals_show(void);
/* How often we were told to go on, after we had been stopped, since
 * signals_catch. */
int signals_continues(void);
/* Waits, unless a signal to stop has come, or comes: that one, else 0. */
int signals_pause(uint64_t pause_us);

#endif
