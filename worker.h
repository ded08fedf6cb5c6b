/*
 * One load process: its users, their timers and requests, and every few
 * seconds a snapshot of what it counted, to whoever started it. It knows no
 * other workers, no files and no terminal.
 */
#ifndef WORKER_H
#define WORKER_H

#include "plan/plan.h"

/* The life of a worker: greets on out_fd, waits on in_fd for the word to
 * start, plays its share of the plan (a const struct plan *, borrowed), sends
 * its final account and returns an exit status: 0 when it has been told,
 * not 0 when its parent is gone or the system gave it nothing to work with.
 * Takes over both descriptors. Fits fleet_child. */
int worker_main(const void *plan, int in_fd, int out_fd);

#endif
