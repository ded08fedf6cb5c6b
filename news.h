/*
 * What happens in the parent, told to its hooks.
 */
#ifndef NEWS_H
#define NEWS_H

#include "fleet/fleet.h"
#include "hook/hooks.h"
#include "report.h"

/* An event without fields. */
void news_plain(struct hooks *hooks, const char *name);
/* worker_up, worker_lost. */
void news_worker(struct hooks *hooks, const char *name, const struct member *m);
void news_spawned(struct hooks *hooks, uint64_t users);
/* The interval that has just been reported. */
void news_interval(struct hooks *hooks, const struct results *results);
/* An event that a worker has told. */
void news_message(struct hooks *hooks, const struct event_message *m);
void news_exit(struct hooks *hooks, int status);

#endif
