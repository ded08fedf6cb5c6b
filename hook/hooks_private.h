/*
 * What hooks.c and now.c share. Private to the room.
 */
#ifndef HOOK_HOOKS_PRIVATE_H
#define HOOK_HOOKS_PRIVATE_H

#include "hook/command.h"
#include "hook/hooks.h"
#include "hook/stream.h"

/* Of an event's own variables; the system takes 128 KiB for one. */
enum { HOOK_ENVIRONMENT_BYTES = 64 << 10 };

enum drop { DROP_FULL, DROP_OVER, DROP_LARGE, DROPS };

struct hook {
	const struct hook_spec *spec; /* borrowed */
	struct stream stream;         /* of a hook that is one */
	uint64_t dropped[DROPS];
};

/* A single command that waits for its turn. */
struct turn {
	struct hook *hook;
	struct buf environment;
};

struct hooks {
	const struct hook_identity *who; /* borrowed */
	struct hook *hooks;              /* owned */
	size_t n;
	struct turn *waiting; /* owned: a ring, or NULL */
	size_t first;
	size_t n_waiting;
	struct command command; /* the single one that runs */
	const struct hook_spec *running;
	struct buf identity; /* the part of a line that never changes */
	struct buf line;
	const struct event *line_of; /* the event that is the line now */
	pid_t *heirs; /* owned: groups that have outlived their command */
	size_t n_heirs;
	size_t heirs_cap;
	uint64_t heirs_us; /* when to look which of them are there */
	struct troubles troubles;
	uint64_t hurry_us; /* then no more commands are started */
	bool is_closed;
	uint64_t next_us;
};

/* To one of the hooks that want it. */
void hooks_give(struct hooks *h, struct hook *hook, const struct event *event,
    uint64_t now_us);
/* Whether a single command runs or waits. */
bool hooks_have_turns(const struct hooks *h);
/* The command is over; what it has left behind may live until the end. */
void hooks_let_go(struct hooks *h, struct command *c);

#endif
