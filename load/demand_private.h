/*
 * What the parts of a demand share. Private to load/demand*.c.
 */
#ifndef LOAD_DEMAND_PRIVATE_H
#define LOAD_DEMAND_PRIVATE_H

#include "load/demand.h"

/* Fills d->tasks, for which there is room, in; event as in demand_init. */
void demand_sum_tasks(struct demand *d, const char *event);
/* Adds this part, 0..1, of what a task comes to. */
void demand_add_part(
    struct task_demand *sum, const struct task_demand *t, double part);

#endif
