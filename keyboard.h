/*
 * Single keys of the terminal that this process was started on: they are read
 * while it is in the foreground there, and the terminal is as it was before
 * whenever it is not, and when it ends, however it does. It knows not what keys
 * mean.
 */
#ifndef KEYBOARD_H
#define KEYBOARD_H

#include "base/poller.h"

struct keyboard;

/* NULL: standard input and standard error are not both the terminal that
 * controls this process. Owned by the caller. Watches it with poller, which is
 * borrowed, whose owner hands its events on. Catches SIGTSTP, SIGQUIT and
 * SIGABRT, and ignores SIGTTIN, from now on; SIGCONT is caught already, see
 * signals_catch. Once per process. */
struct keyboard *keyboard_open(struct poller *poller);
/* Gives the terminal back. NULL is fine, as it is for all of these. */
void keyboard_close(struct keyboard *k);

/* Whether the event is of the terminal; keyboard_next has what is typed. */
bool keyboard_event(const struct keyboard *k, const struct poller_event *event);
/* The next key that was typed, without waiting; 0: none. */
char keyboard_next(struct keyboard *k);

/* Takes the terminal, or lets it go, as this process is in its foreground or
 * not; looks now and then alone. */
void keyboard_mind(struct keyboard *k, uint64_t now_us);
/* When to mind it at the latest; UINT64_MAX: never. */
uint64_t keyboard_next_us(const struct keyboard *k);
/* Whether keys are read now. */
bool keyboard_is_held(const struct keyboard *k);

/* Gives the terminal back at once; a signal handler may call it. */
void keyboard_give_back(void);

#endif
