/*
 * The command that leads to a host. Private to the fleet. It must not know what
 * is said over it.
 */
#ifndef FLEET_RSH_H
#define FLEET_RSH_H

#include <stddef.h>
#include <sys/types.h>

/* What is run in a group of its own, with pipes in place of its three standard
 * files. */
struct rsh_pipes {
	int in_fd;    /* what it says */
	int out_fd;   /* what it is told */
	int words_fd; /* what it says for people; does not block */
};

/* Runs `rsh HOST PROGRAM --agent`; with program NULL `rsh HOST sh`, which is
 * told what to do. rsh is for the shell, and may have {} for the host; program
 * may be several words. The pid, and the pipes, which are the caller's; -1 and
 * errno. */
pid_t rsh_start(const char *rsh, const char *host, const char *program,
    struct rsh_pipes *pipes);

/* What such a shell is told, so that it takes a binary of so many bytes and
 * runs it as an agent. It first says a line: RSH_READY, the system and the
 * machine. Owned by the caller. */
#define RSH_READY "loadgen-copy "
char *rsh_copy_script(size_t bytes);
/* The same of this host, without RSH_READY. Owned by the caller. */
char *rsh_system(void);

/* Set for a binary that was copied: its path, which it is to remove. */
#define RSH_COPY_VARIABLE "LOADGEN_COPY"

#endif
