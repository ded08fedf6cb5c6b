/*
 * What users act upon, with real requests, clocks and counts behind it. It
 * must not know who else plays, nor who is told.
 */
#include "load/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "load/judge.h"
#include "plan/data.h"

enum {
	TIMERS_AT_ONCE = 64,   /* woken before the clock is read again */
	HEARTBEAT_US = 20000,  /* the loop's lateness is sampled so often */
	MAX_NAME_BYTES = 4096, /* of a row */
	MAX_REASON_BYTES = 8 << 20, /* of a failure, before it is cut */
	MAX_VALUE_BYTES = 64 << 20
};

/* The number of who runs setup, teardown and --once without being one of the
 * users. */
#define NO_INDEX UINT64_MAX

/* --- values ------------------------------------------------------------- */

static struct template_env env_of(const struct engine *e, struct job *job)
{
	return (struct template_env) {
	    .rng = job->state >= JOB_POLLING ? &job->poll_rng : &job->rng,
	    .user = job->user->index + 1,
	    .iteration = job->iteration,
	    .worker = e->worker,
	    .wall_us = e->now_us + e->wall_offset_us,
	    .own = &job->values,
	    .common = &e->common,
	    .rows = job->rows,
	};
}

/* A value that could not be made is none. */
static void set_value(void *context, struct job *job, const struct set *set)
{
	struct engine *e = context;
	struct template_env env = env_of(e, job);

	buf_reset(&e->text);
	template_render(set->value, &env, &e->text);
	if (env.missing != NULL || e->text.full)
		store_unset(&job->values, set->slot);
	else
		store_set(&job->values, e->plan->variables.n_slots, set->slot,
		    buf_text(&e->text), buf_len(&e->text));
	if (e->watch != NULL)
		e->watch->set(e->watch->context, job, set->slot);
}

static bool holds(void *context, struct job *job, const struct condition *when)
{
	struct engine *e = context;
	struct template_env env = env_of(e, job);
	bool yes = condition_when(when, &env);

	if (!yes && e->watch != NULL)
		e->watch->skip(e->watch->context, job);
	return yes;
}

void engine_set_common(struct engine *e, const char *name, const char *value)
{
	const struct variables *v = &e->plan->variables;
	const struct variable *variable = variables_find(v, name, strlen(name));

	if (variable != NULL && variable->kind == VARIABLE_SLOT)
		store_set(&e->common, v->n_slots, variable->slot, value,
		    strlen(value));
}

/* --- rows of data ------------------------------------------------------- */

/* The next row of our share, round and round. */
static uint64_t next_in_sequence(struct engine *e, size_t number, uint64_t rows)
{
	uint64_t *cursor = &e->cursors[number];
	uint64_t row = *cursor;

	if (row >= rows)
		row = e->worker % rows;
	*cursor = row + e->workers;
	return row;
}

static bool draw_row(struct engine *e, struct job *job, size_t number)
{
	struct data_file *file = &e->plan->data[number];
	uint64_t rows = data_rows(file->data);
	uint64_t row = 0;

	switch (file->order) {
	case DATA_SEQUENTIAL:
		row = next_in_sequence(e, number, rows);
		break;
	case DATA_RANDOM:
		row = rng_below(&job->rng, rows);
		break;
	case DATA_UNIQUE:
		if (data_take(file->data, &row))
			break;
		e->used_up[number]++;
		return false;
	}
	job->rows[number] =
	    (struct row_place) {file->data, data_row_at(file->data, row)};
	return true;
}

static bool take_rows(void *context, struct job *job, uint64_t data)
{
	struct engine *e = context;
	size_t n = e->plan->n_data;

	if (job->rows == NULL)
		job->rows = xcalloc(n, sizeof(*job->rows));
	for (size_t i = 0; i < n; i++) {
		bool is_kept = e->plan->data[i].per == DATA_PER_USER &&
			       job->rows[i].data != NULL;

		if ((data >> i & 1) != 0 && !is_kept && !draw_row(e, job, i))
			return false;
	}
	return true;
}

/* --- events ------------------------------------------------------------- */

static void fire(struct engine *e, const char *name,
    const struct event_field *fields, size_t n)
{
	struct event event = {.name = name,
	    .fields = fields,
	    .n_fields = n,
	    .wall_us = e->now_us + e->wall_offset_us};

	e->events->fire(e->events->context, &event);
}

static void fire_user(struct engine *e, const struct user *u, const char *name)
{
	char number[24];
	struct event_field fields[] = {
	    {"user", number, true}, {"kind", u->kind->name, false}};

	if (!e->hears_users || u->index == NO_INDEX)
		return;
	snprintf(number, sizeof(number), "%" PRIu64, u->index + 1);
	fire(e, name, fields, ARRAY_LEN(fields));
}

static void fire_request(struct engine *e, const struct job *job,
    const struct http_result *result, const struct row *row,
    const char *failure)
{
	char user[24], status[24], time[32], bytes[24];
	struct event_field fields[] = {
	    {"user", user, true},
	    {"method", row->type, false},
	    {"name", row->name, false},
	    {"status", status, true},
	    {"time_ms", time, true},
	    {"bytes", bytes, true},
	    {"failure", failure != NULL ? failure : "null", failure == NULL},
	};

	snprintf(user, sizeof(user), "%" PRIu64, job->user->index + 1);
	snprintf(status, sizeof(status), "%ld", result->status);
	if (result->is_unsent)
		snprintf(time, sizeof(time), "null");
	else
		snprintf(time, sizeof(time), "%" PRIu64 ".%03" PRIu64,
		    result->response_us / US_PER_MS,
		    result->response_us % US_PER_MS);
	snprintf(bytes, sizeof(bytes), "%" PRIu64, result->body_bytes);
	fire(e, "request", fields, ARRAY_LEN(fields));
}

/* The values of the fields stand one behind the other in e->text. */
static void emit(void *context, struct job *job, const struct emit *step)
{
	struct engine *e = context;
	struct template_env env = env_of(e, job);
	struct event_field *fields;
	size_t *starts;

	if (e->events == NULL && e->watch == NULL)
		return;
	fields = xcalloc(step->n_fields + 1, sizeof(*fields));
	starts = xcalloc(step->n_fields + 1, sizeof(*starts));
	buf_reset(&e->text);
	for (size_t i = 0; i < step->n_fields; i++) {
		starts[i] = buf_len(&e->text);
		template_render(step->fields[i].value, &env, &e->text);
		buf_putc(&e->text, '\0');
	}
	for (size_t i = 0; i < step->n_fields && !e->text.full; i++)
		fields[i] = (struct event_field) {step->fields[i].key,
		    (const char *)buf_bytes(&e->text) + starts[i], false};
	if (e->events != NULL && !e->text.full)
		fire(e, step->event, fields, step->n_fields);
	if (e->watch != NULL && !e->text.full)
		e->watch->emit(
		    e->watch->context, &(struct event) {.name = step->event,
					   .fields = fields,
					   .n_fields = step->n_fields});
	free(fields);
	free(starts);
}

/* --- jobs and users ----------------------------------------------------- */

static void send_request(void *context, struct job *job,
    const struct request *request, uint64_t limit_us)
{
	struct engine *e = context;
	struct template_env env = env_of(e, job);
	struct user *u = job->user;
	unsigned base = u->index == NO_INDEX ? e->plan->base : u->kind->base;

	e->books->started++;
	job->in_flight = http_start(
	    e->http, u->client, request, base, &env, job, clock_us(), limit_us);
}

static void wake_job(void *context, struct job *job, uint64_t due_us)
{
	struct engine *e = context;

	timers_set(&e->timers, &job->timer, due_us);
}

static void stop_test(void *context, struct job *job)
{
	struct engine *e = context;
	const struct step *step = job_step(job);

	if (e->wants_stop)
		return;
	e->wants_stop = true;
	snprintf(e->stop_text, sizeof(e->stop_text), "%s in [task %s], line %u",
	    step->type == STEP_STOP ? "stop = test" : "on_fail = stop_test",
	    job->frame.task->name, step->where.line);
}

static struct job *job_new(void *context, struct job *from)
{
	struct engine *e = context;
	struct job *job;
	size_t n = e->plan->n_data;
	/* drawn even where there is no room: the user's next is the same */
	uint64_t seed = rng_next(&from->rng);

	if (e->jobs >= e->plan->load.max_background)
		return NULL;
	e->jobs++;
	e->books->jobs++;
	job = xcalloc(1, sizeof(*job));
	job->user = from->user;
	job->iteration = from->iteration;
	job->rng.state = seed;
	job->is_due = from->is_due;
	job->lag_us = from->lag_us;
	from->is_due = false;
	store_copy(&job->values, &from->values, e->plan->variables.n_slots);
	if (from->rows != NULL) {
		job->rows = xcalloc(n, sizeof(*job->rows));
		memcpy(job->rows, from->rows, n * sizeof(*job->rows));
	}
	return job;
}

static void cancel(struct engine *e, struct job *job)
{
	timers_unset(&e->timers, &job->timer);
	if (job->in_flight == NULL)
		return;
	http_cancel(e->http, job->in_flight);
	job->in_flight = NULL;
	e->books->interrupted++;
}

static void job_over(void *context, struct job *job, bool is_dropped)
{
	struct engine *e = context;

	if (is_dropped) {
		cancel(e, job);
		e->books->jobs_dropped++;
	}
	e->jobs--;
	job_clear(job, e->plan);
	free(job);
}

static void user_gone(void *context, struct user *u)
{
	struct engine *e = context;

	http_client_free(u->client);
	u->client = NULL;
	e->alive--;
	fire_user(e, u, "user_stop");
	if (e->user_gone != NULL)
		e->user_gone(e->users_context, u);
}

static void user_idle(void *context, struct user *u)
{
	struct engine *e = context;

	e->user_idle(e->users_context, u);
}

void engine_follow_users(struct engine *e, void *context,
    void (*idle)(void *context, struct user *u),
    void (*gone)(void *context, struct user *u))
{
	e->users_context = context;
	e->user_gone = gone;
	e->user_idle = idle;
	e->world.idle = idle != NULL ? user_idle : NULL;
}

bool engine_begin_task(struct engine *e, struct user *u, uint64_t lag_us)
{
	return user_begin_task(u, &e->world, lag_us, e->now_us);
}

static void add_user(struct engine *e, struct user *u,
    const struct user_kind *kind, uint64_t index, uint64_t seed)
{
	user_init(u, kind, index, seed);
	u->client = http_client_new(e->http, index == NO_INDEX ? 0 : index);
	e->alive++;
}

void engine_begin_user(struct engine *e, struct user *u,
    const struct user_kind *kind, uint64_t index, uint64_t seed)
{
	add_user(e, u, kind, index, seed);
	fire_user(e, u, "user_start");
	user_begin(u, &e->world, e->now_us);
}

void engine_run_task(struct engine *e, struct user *u,
    const struct user_kind *kind, const struct task *task, uint64_t seed)
{
	add_user(e, u, kind, NO_INDEX, seed);
	user_run_task(u, &e->world, task, e->now_us);
}

static void unset_wait(struct engine *e, struct user *u)
{
	if (u->stage == USER_WORKING &&
	    (u->job.state == JOB_WAITING || u->job.state == JOB_IDLE))
		timers_unset(&e->timers, &u->job.timer);
}

void engine_finish_user(struct engine *e, struct user *u)
{
	if (u->stage == USER_GONE)
		return;
	unset_wait(e, u);
	user_finish(u, &e->world, e->now_us);
}

void engine_stop_user(struct engine *e, struct user *u)
{
	if (u->stage == USER_GONE)
		return;
	unset_wait(e, u);
	user_stop(u, &e->world, e->now_us);
}

void engine_interrupt_user(struct engine *e, struct user *u)
{
	if (u->stage == USER_GONE)
		return;
	user_drop_jobs(u, &e->world);
	cancel(e, &u->job);
	u->stage = USER_GONE;
	user_gone(e, u);
}

void engine_end_user(struct engine *e, struct user *u)
{
	http_client_free(u->client);
	u->client = NULL;
	user_clear(u, e->plan);
}

/* --- results ------------------------------------------------------------ */

/* What a name with variables comes to; borrowed until the next. */
static const char *render_name(
    struct engine *e, struct job *job, const struct template *name)
{
	struct template_env env = env_of(e, job);

	buf_reset(&e->name);
	template_render(name, &env, &e->name);
	return buf_text(&e->name);
}

/* Where what began then is counted. */
static struct table *table_of(struct engine *e, uint64_t began_us)
{
	return began_us >= e->stage_us
		   ? e->table
		   : e->earlier(e->earlier_context, began_us);
}

static struct row *find_row(struct engine *e, struct table *table,
    struct job *job, const struct request *r)
{
	struct row **kept = &e->rows[r->id];
	const char *text = template_text(r->name, NULL);

	if (table == e->table && *kept != NULL)
		return *kept;
	if (text == NULL || table != e->table)
		return table_row(table, r->method,
		    text != NULL ? text : render_name(e, job, r->name));
	*kept = table_row(table, r->method, text);
	return *kept;
}

static void count_whole(
    void *context, struct job *job, const struct whole *whole)
{
	struct engine *e = context;
	const char *name = whole->name != NULL
			       ? render_name(e, job, whole->name)
			       : whole->text;
	struct table *table = table_of(e, e->now_us - whole->took_us);
	struct sample sample = {.response_us = whole->took_us,
	    .failure = whole->failure,
	    .wall_us = e->now_us + e->wall_offset_us};

	table_record(table, table_row(table, whole->type, name), &sample);
	if (e->watch != NULL)
		e->watch->whole(e->watch->context, job, name, whole);
}

static void record(struct engine *e, struct job *job,
    const struct http_result *result, const char *failure)
{
	struct table *table =
	    table_of(e, result->ended_us - result->response_us);
	struct row *row = find_row(e, table, job, result->request);
	struct sample sample = {
	    .response_us = result->response_us,
	    .phases = result->phases,
	    .body_bytes = result->body_bytes,
	    .failure = failure,
	    .is_unsent = result->is_unsent,
	};

	memcpy(sample.phase_us, result->phase_us, sizeof(sample.phase_us));
	if (failure != NULL) {
		sample.wall_us = result->ended_us + e->wall_offset_us;
		e->books->failed++;
	} else {
		e->books->passed++;
	}
	e->books->resent += result->resent;
	e->books->redirects += result->redirects;
	table_record(table, row, &sample);
	if (e->hears_requests)
		fire_request(e, job, result, row, failure);
}

static const char *look_header(void *context, const char *name)
{
	return http_header(context, name);
}

static const char *look_cookie(void *context, const char *name)
{
	return http_cookie(context, name);
}

static const char *look_url(void *context)
{
	return http_url(context);
}

/* An answer as conditions and captures see it. */
static struct answer answer_of(const struct engine *e,
    struct http_result *result, struct answer_source *source)
{
	*source = (struct answer_source) {.context = result,
	    .header = look_header,
	    .cookie = look_cookie,
	    .url = look_url};
	return (struct answer) {.status = result->status,
	    .time_us = result->response_us,
	    .bytes = result->body_bytes,
	    .body = result->body,
	    .body_len = result->body_len,
	    .body_is_cut = result->body_is_cut,
	    .max_body = result->request->http.max_body,
	    .source = source,
	    .reader = e->reader};
}

/* The first request of a task that was due: its time counts from then. One that
 * is not sent has none. */
static void add_lag(struct job *job, struct http_result *result)
{
	if (!job->is_due || result->is_unsent)
		return;
	job->is_due = false;
	result->phases |= 1U << PHASE_LATE | 1U << PHASE_SENT;
	result->phase_us[PHASE_LATE] = job->lag_us;
	result->phase_us[PHASE_SENT] = result->response_us;
	result->response_us += job->lag_us;
}

/* Counts it and lets its job go on. */
static void take_result(struct engine *e, struct http_result *result)
{
	struct job *job = result->owner;
	const struct poll *poll =
	    job->state == JOB_POLLING ? &job_step(job)->poll : NULL;
	struct template_env env = env_of(e, job);
	struct answer_source source;
	struct answer answer;
	struct verdict verdict = {.slots = e->plan->variables.n_slots,
	    .values = &job->values,
	    .reason = &e->reason,
	    .value = &e->text};
	const char *failure;
	enum outcome outcome;

	add_lag(job, result);
	answer = answer_of(e, result, &source);
	failure = judge_request(
	    &verdict, result->request, result->error, &answer, &env);
	outcome = failure != NULL ? OUTCOME_FAILED : OUTCOME_PASSED;
	job->in_flight = NULL;
	e->now_us = result->ended_us;
	record(e, job, result, failure);
	if (e->watch != NULL)
		e->watch->request(
		    e->watch->context, &(struct engine_view) {job, result,
					   &answer, &env, failure});
	if (poll != NULL)
		outcome = judge_poll(&verdict, poll,
		    result->error == NULL && result->status / 100 == 2, &answer,
		    &env, &failure);
	answer_clear(&answer);
	http_done(e->http);
	job_answered(job, &e->world, outcome, failure, e->now_us);
}

/* Each result is counted and its job goes on before the next is looked at. */
static void take_results(struct engine *e)
{
	struct http_result result;

	while (http_next(e->http, &result))
		take_result(e, &result);
}

/* --- the loop ----------------------------------------------------------- */

void engine_look_ahead(
    const struct engine *e, const struct poller_event *next, size_t n)
{
	http_look_ahead(e->http, next, n);
}

bool engine_event(struct engine *e, const struct poller_event *event)
{
	if (!http_event(e->http, event))
		return false;
	take_results(e);
	return true;
}

uint64_t engine_next_us(const struct engine *e)
{
	uint64_t next_us = timers_next_us(&e->timers);

	return http_next_us(e->http) < next_us ? http_next_us(e->http)
					       : next_us;
}

/* No more than there are now: one that is set again at once has its turn after
 * the rest of the loop. */
void engine_wake(struct engine *e)
{
	size_t most = e->timers.n;

	for (size_t i = 1; i <= most; i++) {
		struct timer *timer = timers_pop(&e->timers, e->now_us);

		if (timer == NULL)
			return;
		if (i % TIMERS_AT_ONCE == 0)
			e->now_us = clock_us();
		hist_record(e->lateness, e->now_us - timer->due_us);
		if (timer == &e->heartbeat) {
			e->wall_offset_us = wall_us() - e->now_us;
			timers_set(&e->timers, timer, e->now_us + HEARTBEAT_US);
			continue;
		}
		job_woken((struct job *)(void *)timer, &e->world, e->now_us);
	}
}

void engine_run(struct engine *e)
{
	http_run(e->http, e->now_us);
	take_results(e);
}

/* --- beginning and end -------------------------------------------------- */

static void fill_common(struct engine *e)
{
	const struct variables *v = &e->plan->variables;

	for (size_t i = 0; i < v->n; i++)
		if (v->at[i]->kind == VARIABLE_SLOT && v->at[i]->text != NULL)
			engine_set_common(e, v->at[i]->name, v->at[i]->text);
}

static bool is_wanted(const struct engine *e, const char *event)
{
	return e->events != NULL && e->events->wants(e->events->context, event);
}

bool engine_init(struct engine *e, const char **why)
{
	const struct plan *plan = e->plan;

	e->world = (struct user_world) {.plan = plan,
	    .tasks_left = UINT64_MAX,
	    .context = e,
	    .send = send_request,
	    .wake_at = wake_job,
	    .holds = holds,
	    .set = set_value,
	    .emit = emit,
	    .take_rows = take_rows,
	    .count_whole = count_whole,
	    .job_new = job_new,
	    .job_over = job_over,
	    .stop_test = stop_test,
	    .gone = user_gone};
	buf_init(&e->name, MAX_NAME_BYTES);
	buf_init(&e->reason, MAX_REASON_BYTES);
	buf_init(&e->text, MAX_VALUE_BYTES);
	e->rows = xcalloc(plan->n_requests + 1, sizeof(struct row *));
	e->cursors = xcalloc(plan->n_data + 1, sizeof(*e->cursors));
	e->used_up = xcalloc(plan->n_data + 1, sizeof(*e->used_up));
	e->reader = json_reader_new();
	e->workers = 1;
	e->now_us = clock_us();
	e->wall_offset_us = wall_us() - e->now_us;
	e->hears_requests = is_wanted(e, "request");
	e->hears_users =
	    is_wanted(e, "user_start") || is_wanted(e, "user_stop");
	fill_common(e);
	e->http = http_new(plan, e->poller, why);
	return e->http != NULL;
}

void engine_start(struct engine *e, uint32_t worker, uint32_t workers)
{
	e->worker = worker;
	e->workers = workers;
	for (size_t i = 0; i < e->plan->n_data; i++)
		e->cursors[i] = worker;
	e->wall_offset_us = wall_us() - e->now_us;
	timers_set(&e->timers, &e->heartbeat, e->now_us + HEARTBEAT_US);
}

void engine_clear(struct engine *e)
{
	http_free(e->http);
	timers_clear(&e->timers);
	store_clear(&e->common, e->plan->variables.n_slots);
	json_reader_free(e->reader);
	buf_clear(&e->name);
	buf_clear(&e->reason);
	buf_clear(&e->text);
	free(e->cursors);
	free(e->used_up);
	free(e->rows);
}
