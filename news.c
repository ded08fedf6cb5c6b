/*
 * Events of the parent, made for its hooks. It must not know how hooks are
 * run, nor what the run does next.
 */
#include "news.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/util.h"
#include "load/schedule.h"

static void fire(struct hooks *hooks, const char *name,
    const struct event_field *fields, size_t n)
{
	struct event event = {.name = name,
	    .fields = fields,
	    .n_fields = n,
	    .wall_us = wall_us()};

	hooks_fire(hooks, &event, clock_us());
}

void news_worker(struct hooks *hooks, const char *name, uint32_t worker,
    long worker_pid, const char *host, const char *why)
{
	char number[16], pid[24];
	struct event_field fields[] = {{"number", number, true},
	    {"pid", pid, true}, {"on_host", host, false},
	    {"why", why != NULL ? why : "", false}};

	if (!hooks_want(hooks, name))
		return;
	snprintf(number, sizeof(number), "%u", worker);
	snprintf(pid, sizeof(pid), "%ld", worker_pid);
	fire(hooks, name, fields, why != NULL ? 4 : 3);
}

void news_interval(struct hooks *hooks, uint64_t n, const struct row *all)
{
	char users[24], requests[24], failures[24], p50[32], p95[32];
	struct event_field fields[] = {{"users", users, true},
	    {"requests", requests, true}, {"failures", failures, true},
	    {"p50_ms", p50, true}, {"p95_ms", p95, true}};

	if (!hooks_want(hooks, "interval"))
		return;
	snprintf(users, sizeof(users), "%" PRIu64, n);
	snprintf(requests, sizeof(requests), "%" PRIu64, all->requests);
	snprintf(failures, sizeof(failures), "%" PRIu64, all->failures);
	snprintf(p50, sizeof(p50), "%.3f",
	    (double)hist_quantile_us(&all->response, 500000) / 1000);
	snprintf(p95, sizeof(p95), "%.3f",
	    (double)hist_quantile_us(&all->response, 950000) / 1000);
	fire(hooks, "interval", fields, ARRAY_LEN(fields));
}

/* What a worker has told for our hooks. */
void news_message(struct hooks *hooks, const struct event_message *m)
{
	struct event_field fields[WIRE_MAX_FIELDS];
	struct event event = {.name = m->name,
	    .fields = fields,
	    .n_fields = m->n_fields,
	    .wall_us = m->number};

	for (size_t i = 0; i < m->n_fields; i++)
		fields[i] = (struct event_field) {m->fields[i].key,
		    m->fields[i].value, m->fields[i].is_number};
	hooks_fire(hooks, &event, clock_us());
}

void news_plain(struct hooks *hooks, const char *name)
{
	fire(hooks, name, NULL, 0);
}

static void tell_spawned(struct hooks *hooks, uint64_t users)
{
	char number[24];
	struct event_field fields[] = {{"users", number, true}};

	snprintf(number, sizeof(number), "%" PRIu64, users);
	fire(hooks, "spawning_complete", fields, ARRAY_LEN(fields));
}

static void tell_stage(
    struct hooks *hooks, const struct load_options *load, size_t i)
{
	const struct stage *stage = &load->stages[i];
	char number[24], target[32], duration[32];
	struct event_field fields[] = {{"number", number, true},
	    {"name", stage->name, false}, {"target", target, true},
	    {"unit", load->model == LOAD_RATE ? "tasks/s" : "users", false},
	    {"duration_s", duration, true}};

	snprintf(number, sizeof(number), "%zu", i + 1);
	snprintf(target, sizeof(target), "%.15g", stage->target);
	snprintf(duration, sizeof(duration), "%.15g",
	    (double)stage->duration_us / (double)US_PER_S);
	fire(hooks, "stage", fields, ARRAY_LEN(fields));
}

/* --- what the plan brings ----------------------------------------------- */

static void expect_stage(struct news_calendar *c, size_t i)
{
	bool is_there =
	    c->load->has_stages && i < schedule_stages_begun(c->load);

	c->stage = i;
	c->stage_us = is_there ? add_saturated(c->start_us,
				     schedule_stage_start_us(c->load, i))
			       : UINT64_MAX;
}

/* Where a rate is given users come as they are needed. */
void news_calendar_start(
    struct news_calendar *c, const struct load_options *load, uint64_t start_us)
{
	uint64_t peak_us = schedule_rise_us(load, load->users - 1, 0);

	*c = (struct news_calendar) {
	    .load = load, .start_us = start_us, .spawned_us = UINT64_MAX};
	if (load->model == LOAD_USERS &&
	    (load->run_time_us == 0 || peak_us < load->run_time_us))
		c->spawned_us = add_saturated(start_us, peak_us);
	expect_stage(c, 0);
}

void news_calendar_stop(struct news_calendar *c)
{
	c->load = NULL;
}

uint64_t news_calendar_next_us(const struct news_calendar *c)
{
	if (c->load == NULL)
		return UINT64_MAX;
	return c->spawned_us < c->stage_us ? c->spawned_us : c->stage_us;
}

void news_calendar_tell(
    struct news_calendar *c, struct hooks *hooks, uint64_t now_us)
{
	while (now_us >= news_calendar_next_us(c)) {
		if (c->stage_us <= c->spawned_us) {
			tell_stage(hooks, c->load, c->stage);
			expect_stage(c, c->stage + 1);
		} else {
			tell_spawned(hooks, c->load->users);
			c->spawned_us = UINT64_MAX;
		}
	}
}

void news_exit(struct hooks *hooks, int status)
{
	char number[16];
	struct event_field fields[] = {{"status", number, true}};

	snprintf(number, sizeof(number), "%d", status);
	fire(hooks, "exit", fields, ARRAY_LEN(fields));
}
