/*
 * One command of a hook: a process group of its own that is started, looked
 * after, and ended when it is too late. Private to the room. It knows no
 * events.
 */
#ifndef HOOK_COMMAND_H
#define HOOK_COMMAND_H

#include <sys/types.h>

#include "base/buf.h"

enum { HOOK_PAUSE_US = 20000 }; /* between two looks at one that will end */

struct command_setup {
	const char *text;              /* for /bin/sh */
	const struct buf *environment; /* texts of environment_put */
	int in_fd;                     /* -1: /dev/null */
	int out_fd;                    /* -1: standard error */
	uint64_t timeout_us;           /* UINT64_MAX: none */
	uint64_t pause_us;             /* at most, from look to look */
};

enum command_stage {
	COMMAND_RUNS,
	COMMAND_IS_TOLD, /* SIGTERM was sent */
	COMMAND_IS_KILLED
};

struct command {
	pid_t pid; /* and of its group; 0: there is none */
	enum command_stage stage;
	bool is_late;   /* it was over its limit */
	bool is_reaped; /* the status is there; its children may not be gone */
	int status;     /* of wait; -1 when somebody else took it */
	uint64_t limit_us;
	uint64_t kill_us; /* SIGKILL, when told before */
	uint64_t look_us; /* when to look again */
	uint64_t wait_us; /* from this look to the next */
	uint64_t pause_us;
};

/* A pipe of which our end, 0 to read or 1 to write, does not block. 0, or an
 * error number. */
int command_pipe(int ends[2], int our_end);
/* 0, or an error number, and nothing was started. */
int command_start(
    struct command *c, const struct command_setup *setup, uint64_t now_us);
/* Whether it is over, if the time to look has come; ends what is late. When it
 * is over nothing is left of the command itself, and pid remains. */
bool command_look(struct command *c, uint64_t now_us);
/* When to look; UINT64_MAX where there is no command. */
uint64_t command_next_us(const struct command *c);
/* From now on it has that time to end, and no more than it had before. */
void command_expect_end(
    struct command *c, uint64_t timeout_us, uint64_t now_us);
/* Ends it: SIGTERM to its group now, SIGKILL half a second later. */
void command_end(struct command *c, uint64_t now_us);
/* Ends it at once, and waits until it is gone. */
void command_kill(struct command *c);
/* How it ended when that is worth a word, owned by the caller; NULL when it
 * exited with status 0. */
char *command_fault(const struct command *c, uint64_t timeout_us);

/* Whether somebody is left in the process group. */
bool group_is_there(pid_t group);

#endif
