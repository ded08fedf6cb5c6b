/*
 * Before and after the load. It must not know how users are played, nor how a
 * run is stopped.
 */
#include "around.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"
#include "news.h"

enum {
	LOOK_US = 20000,
	KILL_US = 1000000, /* for one whose time is up to be gone */
	MAX_WHY_BYTES = 8192
};

void around_init(struct around *a, struct report *report, struct poller *poller)
{
	a->report = report;
	events_init(&a->events, a->plan,
	    EVENTS_PARENT | (a->plan->remote.n_hosts > 0 ? 0 : EVENTS_HOST), -1,
	    poller);
}

void around_clear(struct around *a)
{
	struct hook_trouble trouble;

	if (a->events.hooks == NULL)
		return;
	while (hooks_next_trouble(a->events.hooks, &trouble))
		fprintf(stderr, "loadgen: %s\n", trouble.text);
	events_clear(&a->events);
	values_clear(&a->values);
}

/* --- hooks -------------------------------------------------------------- */

void around_run_hooks(struct around *a)
{
	struct hook_trouble trouble;

	hooks_run(a->events.hooks, clock_us());
	while (!a->is_reported && hooks_next_trouble(a->events.hooks, &trouble))
		report_trouble(a->report, "", trouble.text, trouble.count);
}

/* Those that still run have until their timeouts, unless we are told to leave
 * at once. A stream that does not read is waited for when it is closed. */
static void wait_for_hooks(struct around *a, uint64_t until_us)
{
	around_run_hooks(a);
	while (hooks_are_busy(a->events.hooks) && clock_us() < until_us &&
	       a->wish(a->arg) != ERRAND_LEAVE) {
		events_turn(&a->events, LOOK_US);
		around_run_hooks(a);
	}
}

/* A line NAME=VALUE of a hook on test_start. */
static void take_value(
    void *arg, const char *hook, const char *name, const char *value)
{
	struct around *a = arg;
	char *text = NULL;

	if (!values_add(&a->values, name, value))
		text = xasprintf("hook %s: more values than can be kept", hook);
	else if (value[0] == '\0')
		text = xasprintf("hook %s: %s is empty", hook, name);
	if (text != NULL)
		report_trouble(a->report, "", text, 1);
	free(text);
}

static bool should_stop(void *arg)
{
	struct around *a = arg;

	return a->wish(a->arg) != ERRAND_GO_ON;
}

static bool has_value(const void *arg, const struct variable *variable)
{
	const struct around *a = arg;

	return values_have(&a->values, variable->name);
}

/* Hosts may have values of their own, and look whether those are all. */
static bool has_all_values(const struct around *a, struct buf *why)
{
	if (a->plan->remote.n_hosts > 0 &&
	    events_heard(a->plan, "test_start", EVENTS_HOST))
		return true;
	if (events_gave_all(a->plan, has_value, a, why))
		return true;
	for (size_t i = 0; i < a->values.n; i++)
		buf_printf(why, "%s%s", i == 0 ? "; there came " : ", ",
		    a->values.at[i].name);
	return false;
}

static bool run_start_hooks(struct around *a, struct buf *why)
{
	struct event event = {.name = "test_start", .wall_us = wall_us()};
	struct hooks_ear ear = {
	    .take = take_value, .should_stop = should_stop, .arg = a};

	return hooks_run_now(a->events.hooks, &event, &ear, why) &&
	       has_all_values(a, why);
}

/* --- errands ------------------------------------------------------------ */

static enum errand_end run_errand(struct around *a, enum errand errand,
    struct wire_values *found, struct buf *why)
{
	struct errand_order order = {.plan = a->plan,
	    .errand = errand,
	    .values = &a->values,
	    .found = found,
	    .report = a->report,
	    .events = &a->events,
	    .wish = a->wish,
	    .arg = a->arg};

	return errand_run(&order, why);
}

static bool run_setup(struct around *a, struct buf *why)
{
	struct wire_values found = {0};
	bool is_good;

	if (a->wish(a->arg) != ERRAND_GO_ON)
		return false;
	if (a->plan->setup == NULL)
		return true;
	is_good = run_errand(a, ERRAND_SETUP, &found, why) == ERRAND_PASSED;
	for (size_t i = 0; i < found.n && is_good; i++)
		is_good =
		    values_add(&a->values, found.at[i].name, found.at[i].value);
	if (!is_good && buf_len(why) == 0)
		buf_puts(why, "setup failed: its values are too long");
	values_clear(&found);
	return is_good;
}

bool around_begin(struct around *a)
{
	struct buf why;
	bool is_good;

	buf_init(&why, MAX_WHY_BYTES);
	is_good = run_start_hooks(a, &why) && run_setup(a, &why);
	around_run_hooks(a);
	if (!is_good && a->wish(a->arg) == ERRAND_GO_ON)
		report_broken(a->report, buf_text(&why));
	buf_clear(&why);
	return is_good;
}

void around_tear_down(struct around *a)
{
	struct buf why;
	enum errand_end end = ERRAND_PASSED;

	buf_init(&why, MAX_WHY_BYTES);
	if (a->plan->teardown != NULL)
		end = run_errand(a, ERRAND_TEARDOWN, NULL, &why);
	if (end == ERRAND_BROKEN)
		report_broken(a->report, buf_text(&why));
	else if (end == ERRAND_FAILED)
		report_trouble(a->report, "", buf_text(&why), 1);
	buf_clear(&why);
}

void around_end(struct around *a)
{
	uint64_t now_us = clock_us();

	hooks_end_streams(a->events.hooks, now_us);
	wait_for_hooks(a, hooks_hurry(a->events.hooks, now_us) + KILL_US);
}

void around_exit(struct around *a, int status)
{
	if (a->events.n == 0)
		return;
	fflush(stdout);
	news_exit(a->events.hooks, status);
	a->is_reported = true;
	wait_for_hooks(a, hooks_hurry(a->events.hooks, clock_us()) + KILL_US);
}
