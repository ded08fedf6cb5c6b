/*
 * The parent's side: workers of its own, and agents on other hosts; who
 * greeted, who spoke, who died and how. It knows neither what a plan nor what a
 * report says.
 */
#ifndef FLEET_FLEET_H
#define FLEET_FLEET_H

#include <signal.h>
#include <sys/types.h>

#include "base/poller.h"
#include "fleet/wire.h"
#include "plan/stock.h"

enum member_state {
	MEMBER_SPAWNED, /* not heard of yet */
	MEMBER_READY,   /* greeted; an agent: has its plan and its workers */
	MEMBER_RUNNING, /* told to start */
	MEMBER_DONE,    /* its final account is here */
	MEMBER_LOST     /* gone without it */
};

/* A worker of our own, or an agent with its workers. */
struct member {
	uint32_t number; /* 0 .. fleet_size - 1 */
	enum member_state state;
	pid_t pid; /* of the worker; of what leads to the agent; 0: not yet */
	/* borrowed from the fleet: what the plan calls the host; of a worker
	 * of our own what the machine calls itself, "" before the greeting */
	const char *host;
	bool is_agent;
	uint64_t rtt_us;      /* to it and back; 0: not known */
	uint64_t snapshots;   /* that arrived */
	const char *why_lost; /* borrowed; "killed by SIGKILL", ... ; or NULL */
};

enum fleet_event_type {
	FLEET_NOTHING,  /* the deadline, or a signal */
	FLEET_READY,    /* a member is ready; of an agent ready holds */
	FLEET_SNAPSHOT, /* snapshot holds, packed, until the next fleet_wait */
	FLEET_EVENT,    /* message holds: something happened in a member */
	FLEET_MEMBER,   /* news holds: of a worker of an agent */
	FLEET_WORDS,    /* words holds: what is said there for people */
	FLEET_VALUES,   /* errand holds: what it was sent for */
	FLEET_DONE,     /* final holds; all snapshots of the member were seen */
	FLEET_LOST      /* member->why_lost holds */
};

struct fleet_event {
	enum fleet_event_type type;
	const struct member *member; /* borrowed; NULL for FLEET_NOTHING */
	const struct snapshot *snapshot;
	const struct final *final;
	const struct event_message *message;
	const struct member_message *news;
	struct ready_message *ready; /* the roster may be taken out */
	const struct errand_result *errand;
	const char *words; /* a line, as it came */
};

struct fleet;

/* What a worker process runs, in the child: the descriptors are its own, the
 * result is its exit status. arg is what fleet_spawn was given. */
typedef int fleet_child(const void *arg, int in_fd, int out_fd);

/* Owned by the caller; NULL and errno. */
struct fleet *fleet_new(void);
/* Kills and reaps whoever is left, then frees: SIGKILL; what leads to a host
 * has one second from SIGTERM on before that. Who has sent a final account may
 * take two seconds from then to leave by itself, what leads to a host five. */
void fleet_free(struct fleet *f);

/* Forks n workers that run child(arg, ...). In the child the descriptors of
 * its elders are closed, signals are reset (SIGINT, SIGTERM, SIGHUP, SIGUSR1,
 * SIGPIPE ignored: the parent's word counts, and the end of its pipe), nothing
 * is blocked, and it leaves with _exit. 0, or -1 and errno; those that were
 * forked before stay. */
int fleet_spawn(
    struct fleet *f, uint32_t n, fleet_child *child, const void *arg);

/* A host, and how to get an agent there. */
struct fleet_host {
	const char *name;    /* what rsh is told, and it is called; copied */
	const char *rsh;     /* a shell command; {} is the host, or else it is
				the last word; copied, as is program */
	const char *program; /* what to run there, and words for it */
	bool copy;           /* this binary is sent there first, and run */
	uint64_t connect_us; /* until the agent has greeted */
	/* What the agent is sent before it prepares: first these, then those
	 * of its own. Borrowed for the life of the fleet. */
	const struct stock *stock;
	const struct stock *own;
	/* In place of rsh, where it is not NULL: a child of ours is the agent.
	 */
	fleet_child *here;
};

/* Adds an agent, as a member. It is not ready before it has the plan; all that
 * it takes happens within fleet_wait, most_at_once of them at a time. */
void fleet_connect(struct fleet *f, const struct fleet_host *host);
void fleet_set_most_at_once(struct fleet *f, uint32_t most);

uint32_t fleet_size(const struct fleet *f);
const struct member *fleet_member(const struct fleet *f, uint32_t number);
/* Members that are neither done nor lost. */
uint32_t fleet_alive(const struct fleet *f);
/* Members that have been ready (or are lost): none is being waited for when
 * this equals fleet_size. */
uint32_t fleet_readied(const struct fleet *f);

/* Whether it is known of all agents that are ready how long the way to them
 * is; or that will not be known soon. */
bool fleet_is_timed(const struct fleet *f);

/* Closed in all children from now on: two at most. */
void fleet_keep_from_children(struct fleet *f, int fd);

/* Where the fleet waits, for descriptors of somebody else: their events go to
 * take, from within fleet_wait, which comes back at once where take says
 * true. */
typedef bool fleet_take_other(void *arg, const struct poller_event *event);
struct poller *fleet_poller(struct fleet *f);
void fleet_share_poller(struct fleet *f, fleet_take_other *take, void *arg);

/* Tells a ready member to start, and what of it all is its; of one in another
 * state nothing is done. */
void fleet_start(struct fleet *f, uint32_t number, const struct start *s);
/* Tells every living member. */
void fleet_command(struct fleet *f, enum command command);
/* So many users more, or fewer, in the whole run: every living member learns
 * it. */
void fleet_add_users(struct fleet *f, int32_t users);
/* Kills one that does not answer any more; it is reported as lost, with why
 * (copied), unless its final account turns out to be in its pipe already. */
void fleet_kill(struct fleet *f, uint32_t number, const char *why);

/* The next thing that happened, waiting until deadline_us (monotonic) for it,
 * with *mask as the signal mask meanwhile. Pipes are drained before a death is
 * reported, so that nothing that was sent is lost. -1 and errno when waiting
 * itself fails. */
int fleet_wait(struct fleet *f, uint64_t deadline_us, const sigset_t *mask,
    struct fleet_event *event);

/* How many CPUs this process may use: its affinity, and its cgroup's quota
 * rounded up (version 1 and 2); at least 1. */
uint32_t fleet_usable_cpus(void);

#endif
