/*
 * The hooks of one process: who gets which event, the queue of single
 * commands, and what is left of them. It must not know what events mean.
 */
#include "hook/hooks_private.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "hook/environment.h"
#include "hook/line.h"

enum { MAX_WAITING = 1000, MAX_LINE_BYTES = 1 << 20, HEIRS_PAUSE_US = 1000000 };

static const char *const drop_reasons[DROPS] = {
    [DROP_FULL] = "it does not keep up",
    [DROP_OVER] = "it has ended",
    [DROP_LARGE] = "the event is too large",
};

struct hooks *hooks_new(const struct hook_spec *specs, size_t n,
    const struct hook_identity *who, struct poller *poller)
{
	struct hooks *h = xcalloc(1, sizeof(*h));

	h->who = who;
	h->n = n;
	h->hooks = xcalloc(n + 1, sizeof(*h->hooks));
	h->next_us = UINT64_MAX;
	h->hurry_us = UINT64_MAX;
	for (size_t i = 0; i < n; i++) {
		h->hooks[i].spec = &specs[i];
		stream_init(&h->hooks[i].stream, &specs[i], poller);
	}
	buf_init(&h->line, MAX_LINE_BYTES);
	buf_init(&h->identity, MAX_LINE_BYTES);
	line_put_identity(&h->identity, who);
	return h;
}

void hooks_free(struct hooks *h)
{
	if (h == NULL)
		return;
	command_kill(&h->command);
	for (size_t i = 0; i < h->n; i++) {
		command_kill(&h->hooks[i].stream.command);
		stream_clear(&h->hooks[i].stream);
	}
	for (size_t i = 0; i < h->n_heirs; i++)
		(void)kill(-h->heirs[i], SIGKILL);
	for (; h->n_waiting > 0; h->n_waiting--)
		buf_clear(&h->waiting[h->first++ % MAX_WAITING].environment);
	buf_clear(&h->line);
	buf_clear(&h->identity);
	troubles_clear(&h->troubles);
	free(h->waiting);
	free(h->heirs);
	free(h->hooks);
	free(h);
}

/* --- what is left of commands ------------------------------------------- */

/* Forgets those that are gone: their numbers may soon be others'. */
static void look_for_heirs(struct hooks *h, uint64_t now_us)
{
	size_t n = 0;

	if (now_us < h->heirs_us)
		return;
	for (size_t i = 0; i < h->n_heirs; i++)
		if (group_is_there(h->heirs[i]))
			h->heirs[n++] = h->heirs[i];
	h->n_heirs = n;
	h->heirs_us = now_us + HEIRS_PAUSE_US;
}

void hooks_let_go(struct hooks *h, struct command *c)
{
	if (group_is_there(c->pid)) {
		h->heirs = grow(
		    h->heirs, h->n_heirs, &h->heirs_cap, sizeof(*h->heirs));
		h->heirs[h->n_heirs++] = c->pid;
	}
	c->pid = 0;
}

static void tell_fault(struct hooks *h, const struct hook_spec *spec,
    const struct command *c, const char *front)
{
	char *fault = command_fault(c, spec->timeout_us);

	if (fault != NULL)
		troubles_add(
		    &h->troubles, 1, "hook %s: %s%s", spec->name, front, fault);
	else if (*front != '\0')
		troubles_add(&h->troubles, 1, "hook %s: %sexited with status 0",
		    spec->name, front);
	free(fault);
}

static void tell_no_start(
    struct hooks *h, const struct hook_spec *spec, int error)
{
	troubles_add(&h->troubles, 1, "hook %s: cannot start: %s", spec->name,
	    strerror(error));
}

/* --- single commands, one at a time ------------------------------------- */

bool hooks_have_turns(const struct hooks *h)
{
	return h->n_waiting > 0 || h->command.pid != 0;
}

static void start_next(struct hooks *h, uint64_t now_us)
{
	struct turn *turn = &h->waiting[h->first];
	const struct hook_spec *spec = turn->hook->spec;
	struct command_setup setup = {
	    .text = spec->command,
	    .environment = &turn->environment,
	    .in_fd = -1,
	    .out_fd = -1,
	    .timeout_us = spec->timeout_us,
	    .pause_us = HOOK_PAUSE_US,
	};
	int error = command_start(&h->command, &setup, now_us);

	if (error != 0)
		tell_no_start(h, spec, error);
	h->running = spec;
	buf_clear(&turn->environment);
	h->first = (h->first + 1) % MAX_WAITING;
	h->n_waiting--;
}

static void drop_waiting(struct hooks *h)
{
	for (; h->n_waiting > 0; h->n_waiting--) {
		struct turn *turn = &h->waiting[h->first];

		turn->hook->dropped[DROP_FULL]++;
		buf_clear(&turn->environment);
		h->first = (h->first + 1) % MAX_WAITING;
	}
}

static void run_commands(struct hooks *h, uint64_t now_us)
{
	if (now_us >= h->hurry_us)
		drop_waiting(h);
	if (h->command.pid != 0) {
		if (!command_look(&h->command, now_us))
			return;
		tell_fault(h, h->running, &h->command, "");
		hooks_let_go(h, &h->command);
	}
	if (h->n_waiting > 0)
		start_next(h, now_us);
}

static void queue_up(
    struct hooks *h, struct hook *hook, const struct event *event)
{
	struct turn *turn;

	if (h->is_closed || h->n_waiting == MAX_WAITING) {
		hook->dropped[h->is_closed ? DROP_OVER : DROP_FULL]++;
		return;
	}
	if (h->waiting == NULL)
		h->waiting = xcalloc(MAX_WAITING, sizeof(*h->waiting));
	turn = &h->waiting[(h->first + h->n_waiting) % MAX_WAITING];
	turn->hook = hook;
	buf_init(&turn->environment, HOOK_ENVIRONMENT_BYTES);
	environment_put(&turn->environment, h->who, hook->spec->name, event);
	if (turn->environment.full) {
		buf_clear(&turn->environment);
		hook->dropped[DROP_LARGE]++;
		return;
	}
	h->n_waiting++;
}

/* --- streams ------------------------------------------------------------ */

static void end_stream(struct hook *hook)
{
	hook->dropped[DROP_OVER] += stream_give_up(&hook->stream);
}

static void start_stream(struct hooks *h, struct hook *hook, uint64_t now_us)
{
	struct event none = {.name = hook->spec->event};
	struct buf environment;
	int error;

	buf_init(&environment, HOOK_ENVIRONMENT_BYTES);
	environment_put(&environment, h->who, hook->spec->name, &none);
	error = stream_start(&hook->stream, &environment, now_us);
	buf_clear(&environment);
	if (error == 0)
		return;
	tell_no_start(h, hook->spec, error);
	end_stream(hook);
}

static void run_stream(struct hooks *h, struct hook *hook, uint64_t now_us)
{
	struct stream *s = &hook->stream;

	if (!s->has_started && buf_len(&s->lines) > 0)
		start_stream(h, hook, now_us);
	if (!stream_run(s, now_us))
		return;
	tell_fault(h, hook->spec, &s->command,
	    s->is_closing ? "" : "ended before its events did: ");
	end_stream(hook);
	hooks_let_go(h, &s->command);
}

static void put_line(struct hooks *h, struct hook *hook, uint64_t now_us)
{
	if (h->line.full) {
		hook->dropped[DROP_LARGE]++;
		return;
	}
	switch (stream_put(
	    &hook->stream, buf_bytes(&h->line), buf_len(&h->line), now_us)) {
	case STREAM_TOOK_IT:
		break;
	case STREAM_IS_FULL:
		hook->dropped[DROP_FULL]++;
		break;
	case STREAM_IS_OVER:
		hook->dropped[DROP_OVER]++;
		break;
	}
}

/* --- events ------------------------------------------------------------- */

static bool is_for(const struct hook *hook, const char *event)
{
	return strcmp(hook->spec->event, event) == 0;
}

bool hooks_want(const struct hooks *h, const char *event)
{
	for (size_t i = 0; i < h->n; i++)
		if (is_for(&h->hooks[i], event))
			return true;
	return false;
}

static void reckon_next(struct hooks *h)
{
	uint64_t next_us = command_next_us(&h->command);

	if (h->command.pid == 0 && h->n_waiting > 0)
		next_us = 0;
	if (h->n_waiting > 0 && h->hurry_us < next_us)
		next_us = h->hurry_us;
	if (h->n_heirs > 0 && h->heirs_us < next_us)
		next_us = h->heirs_us;
	for (size_t i = 0; i < h->n; i++) {
		uint64_t due_us = stream_next_us(&h->hooks[i].stream);

		if (due_us < next_us)
			next_us = due_us;
	}
	h->next_us = next_us;
}

void hooks_give(struct hooks *h, struct hook *hook, const struct event *event,
    uint64_t now_us)
{
	if (!hook->spec->is_stream) {
		queue_up(h, hook, event);
		return;
	}
	if (h->line_of != event) {
		buf_reset(&h->line);
		line_put(&h->line, event, &h->identity);
		h->line_of = event;
	}
	put_line(h, hook, now_us);
}

void hooks_fire(struct hooks *h, const struct event *event, uint64_t now_us)
{
	h->line_of = NULL;
	for (size_t i = 0; i < h->n; i++)
		if (is_for(&h->hooks[i], event->name))
			hooks_give(h, &h->hooks[i], event, now_us);
	reckon_next(h);
}

bool hooks_event(
    struct hooks *h, const struct poller_event *event, uint64_t now_us)
{
	for (size_t i = 0; i < h->n; i++) {
		struct stream *s = &h->hooks[i].stream;

		if (s->fd < 0 || s->fd != event->fd)
			continue;
		stream_write(s, now_us);
		reckon_next(h);
		return true;
	}
	return false;
}

uint64_t hooks_next_us(const struct hooks *h)
{
	return h->next_us;
}

void hooks_run(struct hooks *h, uint64_t now_us)
{
	if (now_us < h->next_us)
		return;
	run_commands(h, now_us);
	for (size_t i = 0; i < h->n; i++)
		run_stream(h, &h->hooks[i], now_us);
	look_for_heirs(h, now_us);
	reckon_next(h);
}

bool hooks_are_busy(const struct hooks *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (stream_is_busy(&h->hooks[i].stream))
			return true;
	return hooks_have_turns(h);
}

uint64_t hooks_hurry(struct hooks *h, uint64_t now_us)
{
	uint64_t most_us = 0;

	for (size_t i = 0; i < h->n; i++)
		if (h->hooks[i].spec->timeout_us > most_us)
			most_us = h->hooks[i].spec->timeout_us;
	h->hurry_us = now_us + most_us;
	reckon_next(h);
	return h->hurry_us;
}

void hooks_end_streams(struct hooks *h, uint64_t now_us)
{
	for (size_t i = 0; i < h->n; i++)
		stream_close(&h->hooks[i].stream, now_us);
	reckon_next(h);
}

void hooks_close(struct hooks *h, uint64_t now_us)
{
	if (h->is_closed)
		return;
	h->is_closed = true;
	hooks_hurry(h, now_us);
	hooks_end_streams(h, now_us);
}

bool hooks_next_trouble(struct hooks *h, struct hook_trouble *out)
{
	for (size_t i = 0; i < h->n; i++) {
		struct hook *hook = &h->hooks[i];

		for (size_t k = 0; k < DROPS; k++) {
			if (hook->dropped[k] == 0)
				continue;
			troubles_add(&h->troubles, hook->dropped[k],
			    "hook %s: an event was dropped: %s",
			    hook->spec->name, drop_reasons[k]);
			hook->dropped[k] = 0;
		}
	}
	return troubles_take(&h->troubles, out);
}
