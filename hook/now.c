/*
 * Hooks that are waited for, and whose output is read: before the load begins.
 * It must not know what their variables are for.
 */
#include "hook/hooks_private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "hook/environment.h"

enum { CHUNK_BYTES = 16 << 10, CHUNKS_AT_ONCE = 64 };

/* One command whose output is read. */
struct reading {
	struct hooks *hooks;
	const struct hook_spec *spec;
	const struct hooks_ear *ear;
	struct command command;
	struct output output;
	int fd; /* -1: it has closed it */
};

/* Reads what is there. */
static void read_output(struct reading *r)
{
	char chunk[CHUNK_BYTES];

	/* no more than it can print for our ears: it may never stop */
	for (int i = 0; r->fd >= 0 && i < CHUNKS_AT_ONCE; i++) {
		ssize_t n = read(r->fd, chunk, sizeof(chunk));

		if (n > 0) {
			output_put(&r->output, chunk, (size_t)n);
		} else if (n == 0) {
			close(r->fd);
			r->fd = -1;
		} else if (errno != EINTR) {
			return;
		}
	}
}

/* Sleeps until there is something to read, or it is time to look at something.
 */
static void wait_for_output(const struct reading *r, uint64_t now_us)
{
	struct pollfd pollfd = {.fd = r->fd, .events = POLLIN};
	uint64_t next_us = now_us + HOOK_PAUSE_US;

	if (command_next_us(&r->command) < next_us)
		next_us = command_next_us(&r->command);
	if (hooks_next_us(r->hooks) < next_us)
		next_us = hooks_next_us(r->hooks);
	if (next_us > now_us)
		(void)poll(&pollfd, r->fd >= 0,
		    (int)((next_us - now_us + US_PER_MS - 1) / US_PER_MS));
}

/* Until the command is over; true when the caller broke off. */
static bool read_to_the_end(struct reading *r)
{
	bool is_broken_off = false;

	for (;;) {
		uint64_t now_us = clock_us();

		read_output(r);
		hooks_run(r->hooks, now_us);
		if (command_look(&r->command, now_us))
			break;
		if (!is_broken_off && r->ear->should_stop(r->ear->arg)) {
			is_broken_off = true;
			command_end(&r->command, now_us);
		}
		wait_for_output(r, now_us);
	}
	/* what it printed last; a child that it left may still print */
	read_output(r);
	return is_broken_off;
}

/* Those that were fired before have their turn first. True when the caller
 * broke off. */
static bool wait_for_turn(const struct reading *r)
{
	while (hooks_have_turns(r->hooks)) {
		uint64_t now_us = clock_us();

		hooks_run(r->hooks, now_us);
		if (r->ear->should_stop(r->ear->arg))
			return true;
		wait_for_output(r, now_us);
	}
	return false;
}

/* 0, or an error number. */
static int start(struct reading *r, const struct buf *environment)
{
	int ends[2];
	int error = command_pipe(ends, 0);
	struct command_setup setup = {
	    .text = r->spec->command,
	    .environment = environment,
	    .in_fd = -1,
	    .timeout_us = r->spec->timeout_us,
	    .pause_us = HOOK_PAUSE_US,
	};

	if (error != 0)
		return error;
	setup.out_fd = ends[1];
	error = command_start(&r->command, &setup, clock_us());
	close(ends[1]);
	r->fd = ends[0];
	return error;
}

static void tell_of_output(const struct reading *r)
{
	struct troubles *t = &r->hooks->troubles;

	if (r->output.is_cut)
		troubles_add(t, 1,
		    "hook %s: what it printed was cut: it is over 1 MiB",
		    r->spec->name);
	if (r->output.long_lines > 0)
		troubles_add(t, r->output.long_lines,
		    "hook %s: a line was passed over: it is over 64 KiB",
		    r->spec->name);
}

/* Runs it with this environment. The reason in words, owned by the caller, or
 * NULL when all is well. */
static char *run(struct reading *r, const struct buf *environment)
{
	bool is_broken_off;
	int error = start(r, environment);

	if (error != 0)
		return xasprintf("cannot start: %s", strerror(error));
	is_broken_off = read_to_the_end(r);
	hooks_let_go(r->hooks, &r->command);
	if (is_broken_off)
		return xstrdup("broken off");
	return command_fault(&r->command, r->spec->timeout_us);
}

static char *run_one(struct hooks *h, const struct hook_spec *spec,
    const struct event *event, const struct hooks_ear *ear)
{
	struct reading r = {.hooks = h, .spec = spec, .ear = ear, .fd = -1};
	struct buf environment;
	char *fault;

	if (wait_for_turn(&r))
		return xstrdup("broken off");
	buf_init(&environment, HOOK_ENVIRONMENT_BYTES);
	output_init(&r.output, spec->name, ear->take, ear->arg);
	environment_put(&environment, h->who, spec->name, event);
	fault = environment.full ? xstrdup("the event is too large")
				 : run(&r, &environment);
	output_end(&r.output);
	tell_of_output(&r);
	buf_clear(&environment);
	if (r.fd >= 0)
		close(r.fd);
	return fault;
}

bool hooks_run_now(struct hooks *h, const struct event *event,
    const struct hooks_ear *ear, struct buf *why)
{
	h->line_of = NULL;
	for (size_t i = 0; i < h->n; i++) {
		struct hook *hook = &h->hooks[i];
		char *fault;

		if (strcmp(hook->spec->event, event->name) != 0)
			continue;
		if (hook->spec->is_stream) {
			hooks_give(h, hook, event, clock_us());
			h->next_us = 0;
			continue;
		}
		fault = run_one(h, hook->spec, event, ear);
		if (fault == NULL)
			continue;
		buf_printf(why, "hook %s: %s", hook->spec->name, fault);
		free(fault);
		return false;
	}
	return true;
}
