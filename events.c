/*
 * Which hooks of the plan are whose. It must not know how they are run, nor
 * what fires events.
 */
#include "events.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

enum { EVENTS = 16 };

static bool is_at(const struct hook *hook, unsigned places)
{
	static const unsigned place[] = {[HOOK_PARENT] = EVENTS_PARENT,
	    [HOOK_HOST] = EVENTS_HOST,
	    [HOOK_WORKER] = EVENTS_WORKER};

	return (places & place[hook->place]) != 0;
}

static const char *role_of(unsigned places)
{
	if (places & EVENTS_PARENT)
		return "parent";
	return places & EVENTS_HOST ? "host" : "worker";
}

void events_init(struct events *e, const struct plan *plan, unsigned places,
    long worker, struct poller *poller)
{
	*e = (struct events) {.poller = poller,
	    .specs = xcalloc(plan->n_hooks + 1, sizeof(*e->specs))};
	e->who = (struct hook_identity) {.role = role_of(places),
	    .worker = places & EVENTS_WORKER ? worker : -1,
	    .host = host_name()};
	for (size_t i = 0; i < plan->n_hooks; i++) {
		const struct hook *hook = &plan->hooks[i];

		if (is_at(hook, places))
			e->specs[e->n++] =
			    (struct hook_spec) {.name = hook->name,
				.event = hook->on,
				.command = hook->run,
				.is_stream = hook->stream,
				.timeout_us = hook->timeout_us};
	}
	e->hooks = hooks_new(e->specs, e->n, &e->who, poller);
}

void events_init_none(struct events *e, struct poller *poller)
{
	static const struct hook_identity nobody = {
	    .role = "", .worker = -1, .host = ""};

	*e = (struct events) {.poller = poller, .who = nobody};
	e->hooks = hooks_new(NULL, 0, &e->who, poller);
}

void events_clear(struct events *e)
{
	hooks_free(e->hooks);
	free(e->specs);
	*e = (struct events) {0};
}

void events_turn(struct events *e, uint64_t wait_us)
{
	struct poller_event events[EVENTS];
	int n = poller_wait(e->poller, wait_us, NULL, events, EVENTS);

	for (int i = 0; i < n; i++)
		hooks_event(e->hooks, &events[i], clock_us());
	hooks_run(e->hooks, clock_us());
}

bool events_gave_all(const struct plan *plan,
    bool (*has)(const void *arg, const struct variable *variable),
    const void *arg, struct buf *why)
{
	const struct variables *v = &plan->variables;

	for (size_t i = 0; i < v->n; i++) {
		const struct variable *variable = v->at[i];

		if (!variable->is_from_hook || has(arg, variable))
			continue;
		buf_printf(why,
		    "%s:%u: ${%s}: no hook on test_start printed %s=VALUE",
		    variable->where.file, variable->where.line, variable->name,
		    variable->name);
		return false;
	}
	return true;
}

bool events_heard(const struct plan *plan, const char *event, unsigned places)
{
	for (size_t i = 0; i < plan->n_hooks; i++)
		if (is_at(&plan->hooks[i], places) &&
		    strcmp(plan->hooks[i].on, event) == 0)
			return true;
	return false;
}
