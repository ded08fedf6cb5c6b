/*
 * What a worker process needs to be born: pipes and a clean process around it.
 * Private to the fleet. It knows no messages.
 */
#ifndef FLEET_CHILD_H
#define FLEET_CHILD_H

#include <stddef.h>
#include <stdint.h>

/* Two pipes, close-on-exec, none of them where a standard stream should be. */
struct child_pipes {
	int child_in;
	int child_out;
	int parent_in;
	int parent_out;
};

/* 0, or -1 and errno. The descriptors are the caller's to close. */
int child_pipes_open(struct child_pipes *p);

/* In the child, first of all: standard input is /dev/null, the signals by
 * which people end a run are ignored (the parent's word counts, and the end of
 * its pipe), others have their default, none is blocked. */
void child_settle(void);

/* Before another program is run: all signals have their default. */
void child_release(void);

/* What a child said, fit to be printed: n bytes, of which the first most are
 * there and shown, in quotes. Owned by the caller. */
char *child_words(const uint8_t *bytes, size_t n, size_t most);

#endif
