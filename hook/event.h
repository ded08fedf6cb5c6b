/*
 * What a hook and an event are: plain descriptions, filled in by those who
 * know plans, users and reports. This room knows none of them.
 */
#ifndef HOOK_EVENT_H
#define HOOK_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One hook as the plan describes it; all borrowed, never changed. */
struct hook_spec {
	const char *name;
	const char *event;
	const char *command; /* for /bin/sh */
	bool is_stream;
	uint64_t timeout_us;
};

/* A name and a value of an event. */
struct event_field {
	const char *key;
	const char *value;
	bool is_number; /* value is JSON as it stands: a number, true, false */
};

struct event {
	const char *name;
	const struct event_field *fields;
	size_t n_fields;
	uint64_t wall_us;
};

/* Who we are. Fields of an event cannot take the place of these. */
struct hook_identity {
	const char *role; /* "parent", "worker" */
	long worker;      /* -1: none */
	const char *host;
};

#endif
