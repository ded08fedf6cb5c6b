/*
 * What happens in the parent, told to its hooks.
 */
#ifndef NEWS_H
#define NEWS_H

#include "fleet/fleet.h"
#include "hook/hooks.h"
#include "report.h"

/* What the plan brings by itself, as time goes by. A zeroed struct brings
 * nothing. */
struct news_calendar {
	const struct load_options *load; /* borrowed */
	uint64_t start_us;               /* of the run: monotonic */
	uint64_t spawned_us; /* spawning_complete is due; UINT64_MAX: never */
	uint64_t stage_us;   /* the next stage begins; the same */
	size_t stage;        /* its number, from 0 on */
};
void news_calendar_start(struct news_calendar *c,
    const struct load_options *load, uint64_t start_us);
/* Nothing more comes. */
void news_calendar_stop(struct news_calendar *c);
/* When it is to be told at the latest; UINT64_MAX: never. */
uint64_t news_calendar_next_us(const struct news_calendar *c);
/* Tells what is due. */
void news_calendar_tell(
    struct news_calendar *c, struct hooks *hooks, uint64_t now_us);

/* An event without fields. */
void news_plain(struct hooks *hooks, const char *name);
/* worker_up, worker_lost with why. */
void news_worker(struct hooks *hooks, const char *name, uint32_t number,
    long pid, const char *host, const char *why);
/* The interval that has just been reported: users at its end, and all its
 * requests. */
void news_interval(struct hooks *hooks, uint64_t users, const struct row *all);
/* An event that a worker has told. */
void news_message(struct hooks *hooks, const struct event_message *m);
void news_exit(struct hooks *hooks, int status);

#endif
