/*
 * One run, from the parent's side: workers are started, heard and stopped, in
 * time, by signals and by keys. It must not know curl, the bytes of frames, nor
 * what a report looks like.
 */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "around.h"
#include "base/util.h"
#include "controls.h"
#include "fleet/fleet.h"
#include "load/roster.h"
#include "news.h"
#include "signals.h"
#include "worker.h"

enum {
	GREETING_US = 60 * 1000000, /* host names are looked up before it */
	LATE_US = 1000000,          /* a snapshot may come so late */
	STOP_MARGIN_US = 100000,    /* workers stop by their own clocks first */
	KILL_MARGIN_US = 5000000,   /* for one that does not leave in time */
	LEAVE_US = 500000,          /* for last words when all are to leave */
	SILENCE_US = 30 * 1000000,  /* of a worker that may be given up */
	SILENT_INTERVALS = 10,      /* but not before so many */
	SHOW_US = 500000,           /* for snapshots that were asked for */
	LOOK_US = 20000,            /* at hooks that are waited for */
	MAX_WHY_BYTES = 8192
};

/* What a member has sent. */
struct heard {
	uint64_t grid;  /* up to which its snapshots came */
	bool is_asked;  /* for one out of turn, which has not come yet */
	uint64_t at_us; /* when the last one came */
};

struct run {
	const struct plan *plan;
	struct fleet *fleet;
	struct report *report;
	struct heard *heard; /* by member */
	uint64_t grid;       /* that is being waited for */
	uint64_t start_us;
	uint64_t listened_us; /* when members were last listened to */
	uint64_t until_us;    /* since the start: of the last snapshot */
	uint64_t reported_us; /* since the start: of the last interval */
	uint64_t stop_us;     /* members are told then; UINT64_MAX: never */
	uint64_t kill_us;     /* those still there are killed */
	uint64_t show_us;     /* the table is shown, whoever has not answered */
	struct signals_heard signals;
	int continues; /* so often we were stopped, as far as was noted */
	struct around around;
	struct news_calendar calendar;
	struct controls controls;
	bool has_begun;   /* hooks heard of test_start */
	bool has_stopped; /* and of test_stop */
	int stop_words;   /* so often we were told, by signals or a key */
	int signal;
	bool has_started;
	bool is_stopping;
	bool is_dismissed; /* all are to leave at once */
	bool left_at_once;
	bool gave_up;
};

/* --- hooks, and keys ---------------------------------------------------- */

/* What a key does is done where the run waits no more: it may have to be
 * waited for. */
static bool take_poller_event(void *arg, const struct poller_event *event)
{
	struct run *run = arg;

	return !hooks_event(run->around.events.hooks, event, clock_us()) &&
	       controls_event(&run->controls, event);
}

/* --- what comes from the workers ---------------------------------------- */

static void take_snapshot(struct run *run, const struct fleet_event *event)
{
	const struct snapshot *s = event->snapshot;
	struct report_delta delta = {
	    .worker = event->member->number,
	    .until_us = s->until_us,
	    .users = s->users,
	    .most_users = s->most_users,
	    .jobs = s->jobs,
	    .is_last_part = s->is_last_part,
	    .is_warmup = s->stage == 0,
	    .stage = s->stage,
	    .cpu_us = s->cpu_us,
	    .busy_us = s->busy_us,
	    .books = &s->books,
	    .lateness = &s->lateness,
	    .lag = &s->lag,
	    .table = &s->table,
	};

	report_delta(run->report, &delta);
	if (s->is_last_part)
		run->heard[delta.worker] =
		    (struct heard) {.grid = s->grid, .at_us = clock_us()};
	if (s->until_us > run->until_us)
		run->until_us = s->until_us;
}

static void begin_stopping(struct run *run, uint64_t now_us);

static void take_message(struct run *run, const struct fleet_event *event)
{
	const struct event_message *m = event->message;

	switch (m->notice) {
	case NOTICE_EVENT:
		news_message(run->around.events.hooks, m);
		break;
	case NOTICE_STOP:
		report_ended_by(run->report, m->name);
		if (!run->is_stopping)
			begin_stopping(run, clock_us());
		break;
	case NOTICE_TROUBLE:
		report_trouble(
		    run->report, event->member->host, m->name, m->number);
		break;
	case NOTICES:
		break;
	}
}

static void take_event(struct run *run, const struct fleet_event *event)
{
	const struct member *m = event->member;

	switch (event->type) {
	case FLEET_NOTHING:
		break;
	case FLEET_READY:
		report_worker(run->report, m->number, m->host, (long)m->pid);
		news_worker(run->around.events.hooks, "worker_up", m);
		break;
	case FLEET_EVENT:
		take_message(run, event);
		break;
	case FLEET_VALUES:
		break;
	case FLEET_SNAPSHOT:
		take_snapshot(run, event);
		break;
	case FLEET_DONE:
		report_worker_final(
		    run->report, m->number, &event->final->books);
		break;
	case FLEET_LOST:
		report_worker_lost(run->report, m->number, m->why_lost);
		news_worker(run->around.events.hooks, "worker_lost", m);
		break;
	}
}

/* --- time --------------------------------------------------------------- */

static uint64_t grid_us(const struct run *run)
{
	return run->start_us + run->grid * run->plan->load.report_interval_us;
}

/* How long a snapshot that is due is waited for. */
static uint64_t patience_us(const struct run *run)
{
	uint64_t half_us = run->plan->load.report_interval_us / 2;

	return half_us < LATE_US ? half_us : LATE_US;
}

static bool everyone_reported(const struct run *run)
{
	for (uint32_t i = 0; i < fleet_size(run->fleet); i++) {
		const struct member *m = fleet_member(run->fleet, i);

		if (m->state == MEMBER_RUNNING &&
		    run->heard[i].grid < run->grid)
			return false;
	}
	return true;
}

/* What is left behind a grid point when the run ends there joins the interval
 * before it, when it is so short. */
static uint64_t scrap_us(const struct run *run)
{
	return run->plan->load.report_interval_us / 10;
}

static bool is_ending(const struct run *run, uint64_t now_us)
{
	const struct load_options *load = &run->plan->load;
	uint64_t until_us = grid_us(run) + scrap_us(run);

	if (now_us >= until_us)
		return false;
	return run->is_stopping ||
	       (load->run_time_us > 0 &&
		   run->start_us + load->run_time_us < until_us);
}

/* An interval is closed when everyone has reported, or late, and then only
 * when nothing more is there to be read. */
static void close_intervals(struct run *run, uint64_t now_us, bool is_drained)
{
	while (run->has_started && now_us >= grid_us(run) &&
	       !is_ending(run, now_us)) {
		bool is_late = now_us >= grid_us(run) + patience_us(run);

		if (!everyone_reported(run) && !(is_late && is_drained))
			return;
		run->reported_us = grid_us(run) - run->start_us;
		signals_allow(true);
		report_interval(run->report, run->reported_us);
		signals_allow(false);
		news_interval(
		    run->around.events.hooks, report_results(run->report));
		run->grid++;
		if (!run->is_stopping && report_is_to_end(run->report))
			begin_stopping(run, now_us);
	}
}

static uint64_t next_deadline_us(const struct run *run, uint64_t now_us)
{
	uint64_t next_us =
	    run->kill_us < run->show_us ? run->kill_us : run->show_us;
	uint64_t hooks_us = hooks_next_us(run->around.events.hooks);

	if (hooks_us < next_us)
		next_us = hooks_us;
	if (news_calendar_next_us(&run->calendar) < next_us)
		next_us = news_calendar_next_us(&run->calendar);
	if (controls_next_us(&run->controls) < next_us)
		next_us = controls_next_us(&run->controls);
	if (!run->is_stopping && run->stop_us < next_us)
		next_us = run->stop_us;
	if (run->has_started) {
		uint64_t grid = grid_us(run);

		if (grid <= now_us && is_ending(run, now_us))
			grid += scrap_us(run);
		else if (grid <= now_us)
			grid += patience_us(run);
		if (grid < next_us)
			next_us = grid;
	}
	return next_us;
}

/* --- the end ------------------------------------------------------------ */

/* Hooks on test_stop, once, wherever those on test_start have run. */
static void tell_stop(struct run *run)
{
	if (run->has_begun && !run->has_stopped)
		news_plain(run->around.events.hooks, "test_stop");
	run->has_stopped = true;
}

/* How long hooks in workers may take when the load is over. */
static uint64_t worker_hooks_us(const struct plan *plan)
{
	uint64_t most_us = 0;

	for (size_t i = 0; i < plan->n_hooks; i++)
		if (plan->hooks[i].place == HOOK_WORKER &&
		    plan->hooks[i].timeout_us > most_us)
			most_us = plan->hooks[i].timeout_us;
	return most_us;
}

static void begin_stopping(struct run *run, uint64_t now_us)
{
	uint64_t limit_us = run->plan->load.stop_timeout_us + KILL_MARGIN_US +
			    worker_hooks_us(run->plan);

	run->is_stopping = true;
	news_calendar_stop(&run->calendar);
	tell_stop(run);
	/* who has not started has nothing to finish */
	run->kill_us = now_us + (run->has_started ? limit_us : LEAVE_US);
	fleet_command(run->fleet, COMMAND_STOP);
}

static void dismiss(struct run *run, uint64_t now_us)
{
	run->is_stopping = true;
	run->is_dismissed = true;
	news_calendar_stop(&run->calendar);
	run->kill_us = now_us + LEAVE_US;
	fleet_command(run->fleet, COMMAND_LEAVE);
}

/* Who did not stop in time is told to leave; who does not do that is killed. */
static void kill_the_rest(struct run *run, uint64_t now_us)
{
	static const char *const why[] = {
	    "did not greet in time", "did not leave in time"};

	if (run->is_stopping && !run->is_dismissed) {
		dismiss(run, now_us);
		return;
	}
	for (uint32_t i = 0; i < fleet_size(run->fleet); i++) {
		const struct member *m = fleet_member(run->fleet, i);

		if (m->state == MEMBER_DONE || m->state == MEMBER_LOST)
			continue;
		if (run->is_stopping || m->state == MEMBER_SPAWNED)
			fleet_kill(run->fleet, i, why[run->is_stopping]);
	}
	run->kill_us = UINT64_MAX;
}

static void stop_politely(struct run *run, uint64_t now_us)
{
	report_stopping(run->report,
	    run->has_started ? now_us - run->start_us : 0,
	    run->plan->load.stop_timeout_us);
	if (!run->is_stopping)
		begin_stopping(run, now_us);
}

static void leave_at_once(struct run *run, uint64_t now_us)
{
	run->left_at_once = true;
	dismiss(run, now_us);
}

static bool hear_stop(struct run *run)
{
	int signal = signals_stop(&run->signals, clock_us());

	if (signal == 0)
		return false;
	run->signal = signal;
	run->stop_words++;
	return true;
}

/* The first signal stops, the second leaves, the third waits for nothing. */
static void mind_stop_signals(struct run *run, uint64_t now_us)
{
	if (!hear_stop(run))
		return;
	switch (run->stop_words) {
	case 1:
		stop_politely(run, now_us);
		break;
	case 2:
		leave_at_once(run, now_us);
		break;
	default:
		run->gave_up = true;
		break;
	}
}

/* --- the table now ------------------------------------------------------ */

static void ask_for_table(struct run *run, uint64_t now_us)
{
	run->show_us = now_us + SHOW_US;
	for (uint32_t i = 0; i < fleet_size(run->fleet); i++)
		run->heard[i].is_asked =
		    fleet_member(run->fleet, i)->state == MEMBER_RUNNING;
	fleet_command(run->fleet, COMMAND_REPORT);
}

static bool everyone_answered(const struct run *run)
{
	for (uint32_t i = 0; i < fleet_size(run->fleet); i++) {
		if (run->heard[i].is_asked &&
		    fleet_member(run->fleet, i)->state == MEMBER_RUNNING)
			return false;
	}
	return true;
}

static void mind_table(struct run *run, uint64_t now_us)
{
	if (signals_show())
		ask_for_table(run, now_us);
	if (run->show_us == UINT64_MAX)
		return;
	if (now_us < run->show_us && !everyone_answered(run))
		return;
	run->show_us = UINT64_MAX;
	signals_allow(true);
	report_now(run->report, run->has_started ? now_us - run->start_us : 0);
	signals_allow(false);
}

/* --- keys --------------------------------------------------------------- */

/* As the first signal does, but the run counts as one that has come to its
 * end; keys repeat themselves, so a second one says nothing more. */
static void end_by_key(struct run *run, uint64_t now_us)
{
	if (run->stop_words > 0 || run->is_stopping || run->has_stopped)
		return;
	run->stop_words = 1;
	report_ended_by(run->report, "the key q was pressed");
	/* what comes before the load asks what is wished */
	if (!run->has_begun || run->has_started)
		stop_politely(run, now_us);
}

static void mind_keys(struct run *run, uint64_t now_us)
{
	bool is_on = run->has_started && !run->is_stopping;

	if (controls_mind(
		&run->controls, is_on ? run->start_us : UINT64_MAX, now_us))
		end_by_key(run, now_us);
}

/* --- what is due -------------------------------------------------------- */

static uint64_t most_silence_us(const struct run *run)
{
	uint64_t most_us =
	    run->plan->load.report_interval_us * SILENT_INTERVALS;

	return most_us < SILENCE_US ? SILENCE_US : most_us;
}

/* Who was stopped, by Ctrl-Z say, or waited for a reader, does not know who was
 * silent meanwhile. */
static void note_listening(struct run *run, uint64_t now_us)
{
	if (now_us - run->listened_us > most_silence_us(run) / 2)
		for (uint32_t i = 0; i < fleet_size(run->fleet); i++)
			run->heard[i].at_us = now_us;
	run->listened_us = now_us;
}

/* When all of us were stopped, by Ctrl-Z say, or this machine stood still,
 * nobody made any load; the workers may have been alone in that, or we. */
static void note_standstill(
    struct run *run, uint64_t deadline_us, uint64_t now_us)
{
	bool is_late = now_us > add_saturated(deadline_us, LATE_US);
	int continues = signals_continues();

	if (run->has_started && (is_late || continues != run->continues))
		report_gap(run->report,
		    run->listened_us > run->start_us
			? run->listened_us - run->start_us
			: 0,
		    now_us - run->start_us);
	run->continues = continues;
}

/* A run without an end of its own would wait for them for ever. */
static void give_up_the_silent(struct run *run, uint64_t now_us)
{
	uint64_t most_us = most_silence_us(run);
	char silence[32];
	char why[64];

	note_listening(run, now_us);
	for (uint32_t i = 0; i < fleet_size(run->fleet); i++) {
		if (fleet_member(run->fleet, i)->state != MEMBER_RUNNING ||
		    now_us - run->heard[i].at_us < most_us)
			continue;
		snprintf(why, sizeof(why), "said nothing for %s",
		    format_duration(silence, sizeof(silence), most_us));
		fleet_kill(run->fleet, i, why);
	}
}

static void mind_time(struct run *run, uint64_t now_us, bool is_drained)
{
	news_calendar_tell(&run->calendar, run->around.events.hooks, now_us);
	around_run_hooks(&run->around);
	close_intervals(run, now_us, is_drained);
	if (!run->is_stopping && now_us >= run->stop_us)
		begin_stopping(run, now_us);
	if (now_us >= run->kill_us)
		kill_the_rest(run, now_us);
	give_up_the_silent(run, now_us);
}

/* --- the run ------------------------------------------------------------ */

static bool wait_once(struct run *run)
{
	struct fleet_event event;
	sigset_t none;
	uint64_t now_us = clock_us();
	uint64_t deadline_us = next_deadline_us(run, now_us);

	sigemptyset(&none);
	if (fleet_wait(run->fleet, deadline_us, &none, &event) != 0) {
		report_hide(run->report);
		fprintf(stderr, "loadgen: waiting for the workers: %s\n",
		    strerror(errno));
		return false;
	}
	take_event(run, &event);
	if (deadline_us < now_us)
		deadline_us = now_us;
	now_us = clock_us();
	note_standstill(run, deadline_us, now_us);
	mind_stop_signals(run, now_us);
	mind_keys(run, now_us);
	mind_table(run, now_us);
	mind_time(run, now_us, event.type == FLEET_NOTHING);
	return true;
}

static void start_load(struct run *run)
{
	const struct load_options *load = &run->plan->load;
	struct start start = {
	    .seed = load->has_seed ? load->seed : rng_fresh_seed(),
	    .values = run->around.values};

	controls_offer(&run->controls, true);
	signals_allow(true);
	report_start(run->report, wall_us());
	signals_allow(false);
	run->has_started = true;
	run->kill_us = UINT64_MAX;
	run->start_us = clock_us();
	news_calendar_start(&run->calendar, load, run->start_us);
	if (load->run_time_us > 0)
		run->stop_us =
		    run->start_us + load->run_time_us + STOP_MARGIN_US;
	fleet_start(run->fleet, &start);
	for (uint32_t i = 0; i < fleet_size(run->fleet); i++)
		run->heard[i].at_us = run->start_us;
}

/* --- before and after --------------------------------------------------- */

/* What people have said while something else than the load runs. */
static enum errand_wish wish(void *arg)
{
	struct run *run = arg;

	signals_allow(true);
	signals_allow(false);
	mind_keys(run, clock_us());
	if (hear_stop(run) && run->stop_words > 1)
		run->left_at_once = true;
	if (run->stop_words == 0)
		return ERRAND_GO_ON;
	return run->stop_words == 1 ? ERRAND_FINISH : ERRAND_LEAVE;
}

static void report_last_interval(struct run *run)
{
	if (run->until_us <= run->reported_us &&
	    (!run->has_started || run->reported_us > 0))
		return;
	signals_allow(true);
	report_interval(run->report, run->until_us);
	signals_allow(false);
	news_interval(run->around.events.hooks, report_results(run->report));
}

/* The last user has gone. */
static void end_run(struct run *run)
{
	tell_stop(run);
	if (run->has_started && !run->left_at_once)
		around_tear_down(&run->around);
	if (run->has_begun && !run->has_started)
		run->until_us = clock_us() - run->start_us;
	report_last_interval(run);
	around_end(&run->around);
	signals_allow(true);
	report_final(run->report, run->signal, run->left_at_once);
	signals_allow(false);
}

static bool play(struct run *run)
{
	run->kill_us = clock_us() + GREETING_US;
	while (fleet_greeted(run->fleet) < fleet_size(run->fleet) &&
	       !run->is_stopping) {
		if (!wait_once(run))
			return false;
	}
	if (!run->is_stopping) {
		run->start_us = clock_us();
		report_prepare(run->report, wall_us());
		run->has_begun = true;
	}
	if (!run->is_stopping && around_begin(&run->around) &&
	    run->stop_words == 0)
		start_load(run);
	else if (!run->is_stopping)
		dismiss(run, clock_us());
	while (fleet_alive(run->fleet) > 0 && !run->gave_up) {
		if (!wait_once(run))
			return false;
	}
	end_run(run);
	return true;
}

/* Before they greet, so that one that never does has a name. */
static void know_workers(struct run *run)
{
	for (uint32_t i = 0; i < fleet_size(run->fleet); i++)
		report_worker(run->report, i, host_name(),
		    (long)fleet_member(run->fleet, i)->pid);
}

static void open_controls(struct run *run, uint32_t workers)
{
	struct roster roster = {0};

	roster_alike(&roster, workers);
	controls_open(
	    &run->controls, run->plan, &roster, run->fleet, run->report);
	roster_clear(&roster);
}

static enum run_end run_all(struct run *run, const struct report_setup *setup,
    bool with_keys, struct diag *d)
{
	if (run->fleet == NULL || fleet_spawn(run->fleet, setup->workers,
				      worker_main, run->plan) != 0) {
		fprintf(stderr, "loadgen: cannot start %u workers: %s\n",
		    setup->workers, strerror(errno));
		return RUN_BROKEN;
	}
	run->report = report_open(setup, d);
	if (run->report == NULL)
		return RUN_NOT_BEGUN;
	know_workers(run);
	around_init(&run->around, run->report, fleet_poller(run->fleet));
	fleet_share_poller(run->fleet, take_poller_event, run);
	if (with_keys)
		open_controls(run, setup->workers);
	return play(run) ? RUN_PLAYED : RUN_BROKEN;
}

int run_status(const struct run_result *result)
{
	if (result->end == RUN_NOT_BEGUN)
		return RUN_STATUS_USAGE;
	if (result->left_at_once)
		return RUN_STATUS_SIGNAL + result->signal;
	if (result->end == RUN_BROKEN || result->verdict == VERDICT_UNTRUSTED)
		return RUN_STATUS_UNTRUSTED;
	if (result->signal != 0)
		return RUN_STATUS_SIGNAL + result->signal;
	return result->verdict == VERDICT_FAILED ? RUN_STATUS_FAILED
						 : RUN_STATUS_PASSED;
}

struct run_result run_play(const struct report_setup *setup,
    const struct run_ear *ear, bool with_keys, struct diag *d)
{
	struct run_result result = {.verdict = VERDICT_UNTRUSTED};
	struct run run = {.plan = setup->plan,
	    .fleet = fleet_new(),
	    .heard = xcalloc(setup->workers, sizeof(*run.heard)),
	    .grid = 1,
	    .stop_us = UINT64_MAX,
	    .kill_us = UINT64_MAX,
	    .show_us = UINT64_MAX};

	run.around =
	    (struct around) {.plan = setup->plan, .wish = wish, .arg = &run};
	signals_catch();
	result.end = run_all(&run, setup, with_keys, d);
	controls_close(&run.controls);
	if (result.end == RUN_PLAYED)
		result.verdict = report_verdict(run.report);
	result.signal = run.signal;
	result.left_at_once = run.left_at_once;
	if (result.end == RUN_PLAYED)
		around_exit(&run.around, run_status(&result));
	if (result.end == RUN_PLAYED && ear != NULL)
		ear->take(ear->arg, report_results(run.report));
	around_clear(&run.around);
	report_close(run.report);
	fleet_free(run.fleet);
	free(run.heard);
	return result;
}
