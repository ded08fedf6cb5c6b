/*
 * What the files of the fleet share: members and their lives. Private to them.
 */
#ifndef FLEET_FLEET_PRIVATE_H
#define FLEET_FLEET_PRIVATE_H

#include "fleet/fleet.h"
#include "fleet/link.h"
#include "fleet/peer.h"

enum {
	CLOSED_US = 200000,    /* from a closed pipe to SIGKILL */
	FAREWELL_US = 2000000, /* from the last word, or SIGKILL, to the end */
	LOOK_LEAST_US = 1000,  /* between looks for the dead */
	QUOTE_BYTES = 32       /* shown of what is no message */
};

/* A member and what only the fleet knows of it. */
struct child {
	struct member member;
	struct peer peer;
	struct link *link;  /* owned; NULL: a worker of our own */
	char *host;         /* owned */
	char *why;          /* owned; why it is, or will be, lost */
	int status;         /* that it exited with; -1: not known, or killed */
	struct child *next; /* in the queue of those to be heard */
	bool is_queued;
	bool has_greeted;
	bool was_ready;             /* or is counted so, as it is lost */
	bool is_ended;              /* nothing more can come through its pipe */
	bool is_leaving;            /* in fleet.leaving */
	bool is_asked;              /* by a signal, to end */
	bool is_killed;             /* by SIGKILL */
	bool is_gone;               /* reaped, or given up, or never was */
	uint64_t patience_us;       /* until then it may leave by itself */
	uint8_t front[QUOTE_BYTES]; /* of what it said last */
	size_t front_len;           /* that it had then */
};

struct fleet {
	struct poller *poller;
	struct child **children; /* owned */
	uint32_t n;
	size_t cap;
	struct child **by_fd; /* borrowed from children */
	size_t n_fds;
	uint32_t alive;
	uint32_t readied;
	bool is_ending; /* all were told to stop, or to leave */

	struct child *first; /* of those that may have something to say */
	struct child *last;
	unsigned frames; /* since the pipes were looked at */

	struct child **leaving; /* borrowed; those that are to be reaped */
	size_t n_leaving;
	size_t cap_leaving;
	uint64_t look_us; /* when to look for the dead among them */
	uint64_t look_every_us;

	/* agents */
	uint32_t n_links;
	uint32_t most_at_once;
	uint64_t mind_us;   /* when to mind the links; UINT64_MAX: never */
	uint64_t minded_us; /* and when that was done */
	void *program;      /* mapped: this binary, to be sent */
	size_t program_bytes;

	/* what the last event showed */
	struct snapshot snapshot;
	struct final final;
	struct event_message message;
	struct member_message news;
	struct ready_message ready;
	struct errand_result errand;
	char *words; /* owned */

	int kept[2]; /* of the caller's: children close them */
	unsigned n_kept;

	/* who else has descriptors in the poller */
	fleet_take_other *take_other;
	void *other;
	bool is_called; /* by them: fleet_wait is to come back */
};

bool child_is_over(const struct child *c);
/* It may have something to say. */
void fleet_enqueue(struct fleet *f, struct child *c);
void fleet_know_fd(struct fleet *f, int fd, struct child *c);
void fleet_forget_fd(struct fleet *f, int fd);
/* As a member, with number and all; the fleet owns it from now on. */
void fleet_add_child(struct fleet *f, struct child *c);
/* Writes what is put; what cannot be told to it will come out when it is seen
 * off. */
void fleet_tell(struct fleet *f, struct child *c);
/* A child of ours behind the pipes of c. 0, or -1 and errno. */
int fleet_fork(
    struct fleet *f, struct child *c, fleet_child *child, const void *arg);
/* What the last event showed. */
void fleet_forget_event(struct fleet *f);
/* In the child, after a fork: closes what is the parent's. */
void fleet_forget_all(struct fleet *f);

/* --- what they say: heard.c --------------------------------------------- */

/* Takes what this one said next, or notes what became of it: *event, where that
 * is an event. False: there is nothing now. */
bool fleet_hear_next(
    struct fleet *f, struct child *c, struct fleet_event *event);
/* It is lost; why is owned by the child from now on. */
void fleet_lose(
    struct fleet *f, struct child *c, char *why, struct fleet_event *event);

/* --- leaving and dying: farewell.c -------------------------------------- */

/* From now on it is looked for among the dead, and killed when that takes too
 * long. */
void fleet_see_off(struct fleet *f, struct child *c, uint64_t patience_us);
void fleet_kill_child(struct fleet *f, struct child *c);
/* Who has died in the meantime, or does not die, is gone. */
void fleet_look_for_the_dead(struct fleet *f);
/* Its pipes are closed. */
void fleet_hang_up(struct fleet *f, struct child *c);
/* Waits for those that are leaving, for as long as they may take. */
void fleet_wait_for_the_last(struct fleet *f);

#endif
