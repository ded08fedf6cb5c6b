/*
 * Commands that events start: `[hook NAME]`. The parent has its hooks, and so
 * has each worker. This room owns their processes, pipes, queues and timeouts;
 * it uses base/ only, and knows no plans, users, reports, and no curl.
 *
 * A command is run by /bin/sh in a process group of its own; what it prints
 * goes to standard error. Single commands of one process run one at a time, in
 * the order of their events. A stream is started at its first event, and each
 * event is a line of JSON on its standard input.
 *
 * Nothing here waits for a hook, but hooks_run_now and hooks_free. SIGPIPE
 * must be ignored, SIGCHLD must not be, and the standard streams must be open.
 */
#ifndef HOOK_HOOKS_H
#define HOOK_HOOKS_H

#include "base/buf.h"
#include "base/poller.h"
#include "hook/event.h"
#include "hook/output.h"
#include "hook/trouble.h"

struct hooks;

/* The hooks of this process, in the order of the file. All is borrowed. The
 * poller tells when a stream can be written to; with NULL it is tried now and
 * then. Nothing is started yet. Owned by the caller. */
struct hooks *hooks_new(const struct hook_spec *specs, size_t n,
    const struct hook_identity *who, struct poller *poller);
/* Kills what is left, with whatever the commands have started and left in
 * their process groups, and waits until the commands are gone. */
void hooks_free(struct hooks *h);

/* Whether anybody waits for this event: cheap, to be asked before its fields
 * are made. */
bool hooks_want(const struct hooks *h, const char *event);
/* Gives it to each of its hooks, in order. What finds a queue full (1,000 runs
 * of single commands, 1 MiB of lines of a stream) is dropped and counted. */
void hooks_fire(struct hooks *h, const struct event *event, uint64_t now_us);
/* An event of the poller; false when the descriptor is none of ours. */
bool hooks_event(
    struct hooks *h, const struct poller_event *event, uint64_t now_us);
/* When hooks_run wants to be called at the latest; UINT64_MAX: no need. */
uint64_t hooks_next_us(const struct hooks *h);
/* Starts, writes, reaps, and ends what is too late: SIGTERM to the process
 * group, and SIGKILL half a second later. Cheap when nothing is due. */
void hooks_run(struct hooks *h, uint64_t now_us);
/* The load is over: what still waits for its turn when the longest timeout of
 * all has passed is dropped and counted. Returns when that is, on the same
 * clock as now_us. */
uint64_t hooks_hurry(struct hooks *h, uint64_t now_us);
/* Whether something runs or waits; a stream that has all its lines does not
 * count before hooks_close. */
bool hooks_are_busy(const struct hooks *h);
/* The streams have had their events: each gets end of file once its lines are
 * written, and has its timeout from now to end. */
void hooks_end_streams(struct hooks *h, uint64_t now_us);
/* No event will follow: hooks_hurry; streams get end of file once their lines
 * are written, and have their timeout from now to end. hooks_are_busy until all
 * are gone. */
void hooks_close(struct hooks *h, uint64_t now_us);

/* What went wrong since it was asked last, one kind after the other, taken
 * out: `hook NAME: what: why`. False when there is no more. */
bool hooks_next_trouble(struct hooks *h, struct hook_trouble *out);

/* How the caller of hooks_run_now is heard. */
struct hooks_ear {
	output_take *take; /* a line NAME=VALUE that a hook printed */
	/* Asked every 50 ms at least: true breaks off. Where signals are
	 * blocked it is the one to let them in. */
	bool (*should_stop)(void *arg);
	void *arg;
};

/* Runs the hooks of this event one after the other, behind what is queued
 * already, and waits for each, at most its timeout. Streams just get it. False
 * and `hook NAME: why` when one failed; those behind it are not run then. What
 * a hook leaves running has to print elsewhere: the pipe closes behind it. */
bool hooks_run_now(struct hooks *h, const struct event *event,
    const struct hooks_ear *ear, struct buf *why);

#endif
