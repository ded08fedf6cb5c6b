/*
 * One load process. It must not know other workers, files or the terminal:
 * what it counted goes to its parent in snapshots.
 */
#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/util.h"
#include "fleet/peer.h"
#include "fleet/wire.h"
#include "load/http.h"
#include "load/pace.h"
#include "load/user.h"

enum {
	EVENTS = 256,            /* taken from the poller at once */
	SPAWNS_AT_ONCE = 64,     /* users started before others are looked at */
	TIMERS_AT_ONCE = 64,     /* woken before the clock is read again */
	HEARTBEAT_US = 20000,    /* the loop's lateness is sampled so often */
	FAREWELL_US = 10000000,  /* for the last words to get through */
	MAX_NAME_BYTES = 4096,   /* of a row */
	MAX_REASON_BYTES = 4096, /* of a failure */
	EXIT_NO_PARENT = 4
};

struct worker {
	const struct plan *plan;
	struct poller *poller;
	struct peer parent;
	struct http *http;
	struct user_world world;
	struct timers timers;
	struct timer heartbeat;

	struct start start;
	bool has_started;
	uint64_t start_us;       /* of the first user of the whole run */
	uint64_t now_us;         /* when the loop last looked */
	uint64_t wall_offset_us; /* from the monotonic clock to wall time */
	uint64_t stop_us;        /* no more tasks from then on */
	uint64_t cutoff_us;      /* what is in flight is dropped */
	bool is_stopping;

	struct deal deal;
	struct dealt next; /* the next user of ours */
	bool has_next;
	uint64_t spawn_us;  /* when it starts */
	struct user *users; /* all of ours, n_users of them started */
	size_t n_users;
	size_t share; /* how many there will be */
	uint32_t alive;
	uint32_t most_alive; /* since the last snapshot */

	struct row **rows; /* by request id, those with a fixed name */
	struct snapshot delta;
	uint64_t cut_us; /* when the last snapshot was cut */
	uint64_t cpu_us; /* used until then */
	uint64_t grid;   /* of the next one */
	struct final account;
	struct buf name;
	struct buf reason;
	bool parent_is_gone;
};

/* --- users -------------------------------------------------------------- */

static struct template_env user_env(const struct worker *w, struct user *u)
{
	return (struct template_env) {
	    .rng = &u->rng,
	    .user = u->index + 1,
	    .iteration = u->iteration,
	    .worker = w->start.worker,
	    .wall_us = w->now_us + w->wall_offset_us,
	};
}

static void send_request(
    void *context, struct user *u, const struct request *request)
{
	struct worker *w = context;
	struct template_env env = user_env(w, u);

	w->delta.books.started++;
	u->in_flight = http_start(
	    w->http, u->client, request, u->kind->base, &env, u, clock_us(), 0);
}

static void wake_user(void *context, struct user *u, uint64_t due_us)
{
	struct worker *w = context;

	timers_set(&w->timers, &u->timer, due_us);
}

static void user_gone(void *context, struct user *u)
{
	struct worker *w = context;

	http_client_free(u->client);
	u->client = NULL;
	w->alive--;
}

/* Finds the next user that is ours, in the order of the whole run. */
static void find_next_user(struct worker *w)
{
	w->has_next = false;
	while (deal_next(&w->deal, &w->next)) {
		if (w->next.worker != w->start.worker)
			continue;
		w->has_next = true;
		w->spawn_us =
		    w->start_us +
		    pace_user_start_us(w->plan->load.spawn_rate, w->next.index);
		return;
	}
}

static void spawn_users(struct worker *w)
{
	for (int i = 0; i < SPAWNS_AT_ONCE && w->has_next; i++) {
		struct user *u;

		if (w->spawn_us > w->now_us || w->is_stopping)
			return;
		u = &w->users[w->n_users++];
		user_init(u, w->plan->kinds[w->next.kind], w->next.index,
		    w->start.seed);
		u->client = http_client_new(w->http, w->next.index);
		w->alive++;
		if (w->alive > w->most_alive)
			w->most_alive = w->alive;
		user_begin(u, &w->world, w->now_us);
		find_next_user(w);
	}
}

/* --- results ------------------------------------------------------------ */

static struct row *find_row(
    struct worker *w, struct user *u, const struct request *r)
{
	struct row **kept = &w->rows[r->id];
	const char *text = template_text(r->name, NULL);
	struct template_env env;

	if (*kept != NULL)
		return *kept;
	if (text != NULL) {
		*kept = table_row(&w->delta.table, r->method, text);
		return *kept;
	}
	env = user_env(w, u);
	buf_reset(&w->name);
	template_render(r->name, &env, &w->name);
	return table_row(&w->delta.table, r->method, buf_text(&w->name));
}

/* Why the request failed; NULL when it passed. Borrowed until the next. */
static const char *judge(struct worker *w, const struct http_result *result)
{
	const struct request *r = result->request;
	struct answer answer = {.status = result->status};

	if (result->error != NULL)
		return result->error;
	buf_reset(&w->reason);
	if (!r->status_is_checked && result->status >= 400) {
		buf_printf(&w->reason, "status: expected < 400, got %ld",
		    result->status);
		return buf_text(&w->reason);
	}
	for (size_t i = 0; i < r->n_checks; i++) {
		if (!condition_holds(
			r->checks[i].condition, &answer, &w->reason))
			return buf_text(&w->reason);
	}
	return NULL;
}

static bool record(
    struct worker *w, struct user *u, const struct http_result *result)
{
	struct sample sample = {
	    .response_us = result->response_us,
	    .phases = result->phases,
	    .body_bytes = result->body_bytes,
	    .failure = judge(w, result),
	};

	memcpy(sample.phase_us, result->phase_us, sizeof(sample.phase_us));
	if (sample.failure != NULL) {
		sample.wall_us = result->ended_us + w->wall_offset_us;
		w->delta.books.failed++;
	} else {
		w->delta.books.passed++;
	}
	w->delta.books.resent += result->resent;
	w->delta.books.redirects += result->redirects;
	table_record(&w->delta.table, find_row(w, u, result->request), &sample);
	return sample.failure == NULL;
}

/* Each result is counted and its user goes on before the next is looked at. */
static void take_results(struct worker *w)
{
	struct http_result result;

	while (http_next(w->http, &result)) {
		struct user *u = result.owner;
		bool passed = record(w, u, &result);

		u->in_flight = NULL;
		w->now_us = result.ended_us;
		user_answered(u, &w->world, passed, w->now_us);
	}
}

/* --- snapshots ---------------------------------------------------------- */

static uint64_t cpu_used_us(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) != 0)
		return 0;
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
		   US_PER_S +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static uint64_t grid_us(const struct worker *w, uint64_t grid)
{
	return w->start_us + grid * w->plan->load.report_interval_us;
}

/* A worker may be stopped before its start has come. */
static uint64_t after_us(uint64_t from_us, uint64_t to_us)
{
	return to_us > from_us ? to_us - from_us : 0;
}

static void complete_delta(struct worker *w)
{
	struct http_counts *counts = http_counts(w->http);
	struct snapshot *s = &w->delta;
	uint64_t cpu_us = cpu_used_us();

	s->grid = w->grid;
	s->until_us = after_us(w->start_us, w->now_us);
	/* the last one tells how many there were until the end */
	s->users = w->alive > 0 ? w->alive : w->most_alive;
	s->cpu_us = cpu_us - w->cpu_us;
	s->busy_us = after_us(w->cut_us, w->now_us);
	s->books.connections += counts->connections;
	s->books.tasks += w->world.tasks_started;
	*counts = (struct http_counts) {0};
	w->world.tasks_started = 0;
}

static void begin_delta(struct worker *w)
{
	struct snapshot *s = &w->delta;

	books_add(&w->account.books, &s->books);
	s->books = (struct books) {0};
	hist_reset(&s->lateness);
	table_reset(&s->table);
	w->cpu_us = cpu_used_us();
	w->cut_us = w->now_us;
	w->most_alive = w->alive;
}

/* A parent that does not read gets a larger delta later: nothing is lost, and
 * this worker never waits for it. */
static bool cut_snapshot(struct worker *w)
{
	struct buf *out = &w->parent.out;
	bool put;

	if (peer_backlog(&w->parent) > WIRE_MAX_FRAME)
		return false;
	complete_delta(w);
	wire_put_snapshot(out, &w->delta, &w->account.snapshots);
	put = !out->full;
	out->full = false;
	if (put)
		begin_delta(w);
	return put;
}

static void cut_when_due(struct worker *w)
{
	if (w->now_us < grid_us(w, w->grid))
		return;
	while (grid_us(w, w->grid + 1) <= w->now_us)
		w->grid++;
	cut_snapshot(w);
	w->grid++;
}

/* --- stopping ----------------------------------------------------------- */

static void stop_user(struct worker *w, struct user *u)
{
	if (u->stage == USER_GONE)
		return;
	if (u->stage == USER_WORKING && u->state == USER_BETWEEN)
		timers_unset(&w->timers, &u->timer);
	user_stop(u, &w->world, w->now_us);
}

static void begin_stopping(struct worker *w)
{
	w->is_stopping = true;
	w->has_next = false;
	for (size_t i = 0; i < w->n_users; i++)
		stop_user(w, &w->users[i]);
}

/* What is in flight now is in no percentile. */
static void interrupt(struct worker *w)
{
	for (size_t i = 0; i < w->n_users; i++) {
		struct user *u = &w->users[i];

		if (u->stage == USER_GONE)
			continue;
		timers_unset(&w->timers, &u->timer);
		if (u->in_flight != NULL) {
			http_cancel(w->http, u->in_flight);
			u->in_flight = NULL;
			w->delta.books.interrupted++;
		}
		u->stage = USER_GONE;
		user_gone(w, u);
	}
}

static void stop_when_due(struct worker *w)
{
	if (!w->is_stopping &&
	    (w->now_us >= w->stop_us || w->world.tasks_left == 0))
		begin_stopping(w);
	if (w->is_stopping && w->alive > 0 && w->now_us >= w->cutoff_us)
		interrupt(w);
}

static void stop_within(struct worker *w, uint64_t limit_us)
{
	uint64_t cutoff_us = w->now_us + limit_us;

	if (w->stop_us > w->now_us)
		w->stop_us = w->now_us;
	if (w->cutoff_us > cutoff_us)
		w->cutoff_us = cutoff_us;
}

/* --- the parent --------------------------------------------------------- */

/* How many users are ours, and how many of the run's tasks. */
static void take_share(struct worker *w)
{
	const struct load_options *load = &w->plan->load;
	uint32_t n = w->start.workers;
	uint64_t *users = xcalloc(n, sizeof(*users));
	uint64_t *room = xcalloc(n, sizeof(*room)); /* for tasks */
	struct deal deal;
	struct dealt dealt;

	deal_init(&deal, w->plan, n);
	while (deal_next(&deal, &dealt)) {
		uint64_t most = w->plan->kinds[dealt.kind]->iterations;
		uint64_t *r = &room[dealt.worker];

		users[dealt.worker]++;
		*r = most == 0 || most > UINT64_MAX - *r ? UINT64_MAX
							 : *r + most;
	}
	deal_clear(&deal);
	w->share = users[w->start.worker];
	if (load->iterations > 0)
		w->world.tasks_left = pace_share_within(
		    load->iterations, users, room, n, w->start.worker);
	free(users);
	free(room);
}

static void begin_run(struct worker *w)
{
	const struct load_options *load = &w->plan->load;

	w->has_started = true;
	w->wall_offset_us = wall_us() - w->now_us;
	w->start_us = w->now_us + w->start.delay_us;
	w->cut_us = w->start_us;
	w->cpu_us = cpu_used_us();
	w->grid = 1;
	if (load->run_time_us > 0) {
		w->stop_us = w->start_us + load->run_time_us;
		w->cutoff_us = w->stop_us + load->stop_timeout_us;
	}
	take_share(w);
	w->users = xcalloc(w->share + 1, sizeof(*w->users));
	deal_init(&w->deal, w->plan, w->start.workers);
	find_next_user(w);
	timers_set(&w->timers, &w->heartbeat, w->start_us + HEARTBEAT_US);
}

static void obey(struct worker *w, enum command command)
{
	switch (command) {
	case COMMAND_LEAVE:
		stop_within(w, 0);
		break;
	case COMMAND_REPORT:
		if (w->has_started) {
			w->grid--; /* of the last that was due */
			cut_snapshot(w);
			w->grid++;
		}
		break;
	default:
		stop_within(w, w->plan->load.stop_timeout_us);
		break;
	}
}

static bool take_message(struct worker *w, enum message_type type)
{
	struct buf *in = &w->parent.in;
	struct greeting greeting;
	struct start start;
	const char *why;
	enum command command;

	switch (type) {
	case MESSAGE_GREETING:
		if (!wire_get_greeting(in, &greeting, &why))
			return false;
		greeting_clear(&greeting);
		return true;
	case MESSAGE_START:
		if (w->has_started || !wire_get_start(in, &start, &why) ||
		    start.worker >= start.workers)
			return false;
		w->start = start;
		begin_run(w);
		return true;
	case MESSAGE_COMMAND:
		if (!wire_get_command(in, &command, &why))
			return false;
		obey(w, command);
		return true;
	default:
		return false;
	}
}

static void hear_parent(struct worker *w)
{
	enum peer_io io = peer_read(&w->parent);
	enum message_type type;
	size_t bytes;
	const char *why;

	for (;;) {
		enum wire_result found =
		    wire_peek(&w->parent.in, &type, &bytes, &why);

		if (found == WIRE_MORE)
			break;
		if (found == WIRE_BAD || !take_message(w, type)) {
			w->parent_is_gone = true;
			return;
		}
	}
	if (io != PEER_OPEN)
		w->parent_is_gone = true;
}

static void tell_parent(struct worker *w)
{
	if (peer_backlog(&w->parent) > 0 && peer_write(&w->parent) != PEER_OPEN)
		w->parent_is_gone = true;
}

static void greet(struct worker *w)
{
	char host[256] = "";
	char version[] = LOADGEN_VERSION;
	struct greeting g = {
	    .pid = (uint32_t)getpid(), .host = host, .version = version};

	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	wire_put_greeting(&w->parent.out, &g);
}

/* --- the loop ----------------------------------------------------------- */

/* How long the poller may wait. */
static uint64_t idle_us(const struct worker *w)
{
	uint64_t next_us = timers_next_us(&w->timers);
	uint64_t now_us = clock_us();

	if (!w->has_started)
		return UINT64_MAX;
	if (http_next_us(w->http) < next_us)
		next_us = http_next_us(w->http);
	if (grid_us(w, w->grid) < next_us)
		next_us = grid_us(w, w->grid);
	if (w->has_next && w->spawn_us < next_us)
		next_us = w->spawn_us;
	if (!w->is_stopping && w->stop_us < next_us)
		next_us = w->stop_us;
	if (w->is_stopping && w->cutoff_us < next_us)
		next_us = w->cutoff_us;
	return next_us > now_us ? next_us - now_us : 0;
}

static void run_events(
    struct worker *w, const struct poller_event *events, int n)
{
	for (int i = 0; i < n; i++) {
		if (http_event(w->http, &events[i])) {
			take_results(w);
			continue;
		}
		if (events[i].fd == w->parent.in_fd)
			hear_parent(w);
		if (events[i].fd == w->parent.out_fd)
			tell_parent(w);
	}
}

/* No more than there are now: one that is set again at once has its turn after
 * the rest of the loop. */
static void run_timers(struct worker *w)
{
	size_t most = w->timers.n;

	for (size_t i = 1; i <= most; i++) {
		struct timer *timer = timers_pop(&w->timers, w->now_us);

		if (timer == NULL)
			return;
		if (i % TIMERS_AT_ONCE == 0)
			w->now_us = clock_us();
		hist_record(&w->delta.lateness, w->now_us - timer->due_us);
		if (timer == &w->heartbeat) {
			w->wall_offset_us = wall_us() - w->now_us;
			timers_set(&w->timers, timer, w->now_us + HEARTBEAT_US);
			continue;
		}
		user_woken((struct user *)(void *)timer, &w->world, w->now_us);
	}
}

static void run_once(struct worker *w)
{
	struct poller_event events[EVENTS];
	int n = poller_wait(w->poller, idle_us(w), NULL, events, EVENTS);

	w->now_us = clock_us();
	run_events(w, events, n);
	if (!w->has_started)
		return;
	w->now_us = clock_us();
	run_timers(w);
	spawn_users(w);
	cut_when_due(w); /* first: it still sees the users that a stop ends */
	stop_when_due(w);
	http_run(w->http, w->now_us);
	take_results(w);
	tell_parent(w);
}

static bool is_over(const struct worker *w)
{
	if (w->parent_is_gone)
		return true;
	if (!w->has_started)
		return w->stop_us != UINT64_MAX; /* told to, before it began */
	return w->alive == 0 && !w->has_next;
}

/* Goes on hearing and telling for a moment. */
static void linger(struct worker *w)
{
	struct poller_event events[EVENTS];
	int n = poller_wait(w->poller, HEARTBEAT_US, NULL, events, EVENTS);

	for (int i = 0; i < n; i++) {
		if (events[i].fd == w->parent.in_fd)
			hear_parent(w);
	}
	tell_parent(w);
}

/* The last delta and the account, and time for them to get through. */
static void say_farewell(struct worker *w)
{
	uint64_t until_us = clock_us() + FAREWELL_US;

	w->now_us = clock_us();
	while (!w->parent_is_gone && w->has_started && !cut_snapshot(w) &&
	       clock_us() < until_us)
		linger(w);
	wire_put_final(&w->parent.out, &w->account);
	tell_parent(w);
	while (!w->parent_is_gone && peer_backlog(&w->parent) > 0 &&
	       clock_us() < until_us)
		linger(w);
}

static void worker_clear(struct worker *w)
{
	for (size_t i = 0; i < w->n_users; i++)
		http_client_free(w->users[i].client);
	http_free(w->http);
	peer_clear(&w->parent);
	poller_free(w->poller);
	timers_clear(&w->timers);
	deal_clear(&w->deal);
	snapshot_clear(&w->delta);
	buf_clear(&w->name);
	buf_clear(&w->reason);
	free(w->rows);
	free(w->users);
}

static bool worker_init(
    struct worker *w, const struct plan *plan, int in_fd, int out_fd)
{
	const char *why = "";

	*w = (struct worker) {
	    .plan = plan,
	    .stop_us = UINT64_MAX,
	    .cutoff_us = UINT64_MAX,
	    .poller = poller_new(),
	    .world = {.plan = plan,
		.tasks_left = UINT64_MAX,
		.context = w,
		.send = send_request,
		.wake_at = wake_user,
		.gone = user_gone},
	};
	buf_init(&w->name, MAX_NAME_BYTES);
	buf_init(&w->reason, MAX_REASON_BYTES);
	w->rows = xcalloc(plan->n_requests + 1, sizeof(struct row *));
	if (w->poller == NULL ||
	    peer_init(&w->parent, w->poller, in_fd, out_fd) != 0)
		return false;
	w->http = http_new(plan, w->poller, &why);
	if (w->http == NULL)
		fprintf(stderr, "loadgen: worker: %s\n", why);
	return w->http != NULL;
}

int worker_main(const void *plan, int in_fd, int out_fd)
{
	struct worker w;
	int status = EXIT_SUCCESS;

	if (!worker_init(&w, plan, in_fd, out_fd)) {
		worker_clear(&w);
		return EXIT_FAILURE;
	}
	greet(&w);
	tell_parent(&w);
	while (!is_over(&w))
		run_once(&w);
	say_farewell(&w);
	if (w.parent_is_gone) {
		interrupt(&w);
		status = EXIT_NO_PARENT;
	}
	worker_clear(&w);
	return status;
}
