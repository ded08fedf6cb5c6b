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
#include "intake.h"
#include "muster.h"
#include "news.h"
#include "plan/data.h"
#include "report/results.h"
#include "roll.h"
#include "signals.h"

enum {
	GREETING_US = 60 * 1000000, /* host names are looked up before it */
	LATE_US = 1000000,          /* a snapshot may come so late */
	WAITING_US = 3000000,       /* then it is said for whom */
	LEAD_US = 20000,            /* from all being told to the start */
	STOP_MARGIN_US = 100000,    /* workers stop by their own clocks first */
	KILL_MARGIN_US = 5000000,   /* for one that does not leave in time */
	LEAVE_US = 500000,          /* for last words when all are to leave */
	LEAVE_FAR_US = 2000000,     /* the same of agents */
	SHOW_US = 500000,           /* for snapshots that were asked for */
	LOOK_US = 20000,            /* at hooks that are waited for */
	HEARD_AT_ONCE = 1000,       /* of members, beside what is done else */
	MAX_WHY_BYTES = 8192
};

struct run {
	const struct plan *plan;
	struct fleet *fleet;
	struct report *report;
	struct muster muster;
	struct roll roll;
	uint64_t start_us;
	struct intake intake; /* what members say */
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
	bool is_too_much; /* for a host */
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

/* --- time --------------------------------------------------------------- */

static void begin_stopping(struct run *run, uint64_t now_us);

/* 0 before it: hosts are told so early that all of them can begin then. */
static uint64_t since_start_us(const struct run *run, uint64_t now_us)
{
	return run->has_started && now_us > run->start_us
		   ? now_us - run->start_us
		   : 0;
}

/* How long a snapshot that is due is waited for. */
static uint64_t patience_us(const struct run *run)
{
	uint64_t half_us = run->plan->load.report_interval_us / 2;
	uint64_t most_us = LATE_US;

	/* agents wait for their workers before they send */
	if (run->muster.has_agents) {
		half_us += half_us / 2;
		most_us *= 2;
	}
	return half_us < most_us ? half_us : most_us;
}

/* What is left behind a grid point when the run ends there joins the interval
 * before it, when it is so short. */
static uint64_t scrap_us(const struct run *run)
{
	return run->plan->load.report_interval_us / SCRAP_PART;
}

static bool is_ending(const struct run *run, uint64_t now_us)
{
	const struct load_options *load = &run->plan->load;
	uint64_t until_us = roll_grid_us(&run->roll) + scrap_us(run);

	if (now_us >= until_us)
		return false;
	return run->is_stopping ||
	       (load->run_time_us > 0 &&
		   run->start_us + load->run_time_us < until_us);
}

static void tell_interval(struct run *run)
{
	const struct results *results = report_results(run->report);

	news_interval(run->around.events.hooks, users_now(results),
	    &results->interval_all);
}

/* An interval is closed when everyone has reported, or late, and then only
 * when nothing more is there to be read. */
static void close_intervals(struct run *run, uint64_t now_us, bool is_drained)
{
	while (run->has_started && now_us >= roll_grid_us(&run->roll) &&
	       !is_ending(run, now_us)) {
		bool is_late =
		    now_us >= roll_grid_us(&run->roll) + patience_us(run);

		if (!roll_is_complete(&run->roll) && !(is_late && is_drained))
			return;
		run->reported_us = roll_grid_us(&run->roll) - run->start_us;
		signals_allow(true);
		report_interval(run->report, run->reported_us);
		signals_allow(false);
		tell_interval(run);
		run->intake.has_more = false;
		run->roll.grid++;
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
	/* agents are being timed, which is no event */
	if (run->muster.roster.n == 0 && now_us + LOOK_US < next_us)
		next_us = now_us + LOOK_US;
	if (!run->is_stopping && run->stop_us < next_us)
		next_us = run->stop_us;
	if (run->has_started) {
		uint64_t grid = roll_grid_us(&run->roll);

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

/* How long hooks at that place may take when the load is over. */
static uint64_t hooks_us(const struct plan *plan, enum hook_where place)
{
	uint64_t most_us = 0;

	for (size_t i = 0; i < plan->n_hooks; i++)
		if (plan->hooks[i].place == place &&
		    plan->hooks[i].timeout_us > most_us)
			most_us = plan->hooks[i].timeout_us;
	return most_us;
}

/* Workers end their hooks, and then hosts theirs. */
static uint64_t stop_limit_us(const struct run *run)
{
	uint64_t limit_us = run->plan->load.stop_timeout_us + KILL_MARGIN_US +
			    hooks_us(run->plan, HOOK_WORKER);

	return run->muster.has_agents
		   ? limit_us + hooks_us(run->plan, HOOK_HOST)
		   : limit_us;
}

static uint64_t leave_us(const struct run *run)
{
	return run->muster.has_agents ? LEAVE_FAR_US : LEAVE_US;
}

static void begin_stopping(struct run *run, uint64_t now_us)
{
	run->is_stopping = run->intake.is_called_off = true;
	news_calendar_stop(&run->calendar);
	tell_stop(run);
	/* who has not started has nothing to finish */
	run->kill_us =
	    now_us + (run->has_started ? stop_limit_us(run) : leave_us(run));
	fleet_command(run->fleet, COMMAND_STOP);
}

static void dismiss(struct run *run, uint64_t now_us)
{
	run->is_stopping = run->intake.is_called_off = true;
	run->is_dismissed = true;
	news_calendar_stop(&run->calendar);
	run->kill_us = now_us + leave_us(run);
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
	report_stopping(run->report, since_start_us(run, now_us),
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

/* A step says that the run is to stop, or a host that it must not begin. */
static void mind_members(struct run *run, uint64_t now_us)
{
	if (run->intake.wants_stop && !run->is_stopping)
		begin_stopping(run, now_us);
	if (run->intake.is_refused && !run->is_dismissed)
		dismiss(run, now_us);
}

/* --- the table now ------------------------------------------------------ */

static void ask_for_table(struct run *run, uint64_t now_us)
{
	run->show_us = now_us + SHOW_US;
	roll_ask(&run->roll);
}

static void mind_table(struct run *run, uint64_t now_us)
{
	if (signals_show())
		ask_for_table(run, now_us);
	if (run->show_us == UINT64_MAX)
		return;
	if (now_us < run->show_us && !roll_has_answers(&run->roll))
		return;
	run->show_us = UINT64_MAX;
	signals_allow(true);
	report_now(run->report, since_start_us(run, now_us));
	signals_allow(false);
}

/* --- keys --------------------------------------------------------------- */

/* As the first signal does, but the run counts as one that has come to its end,
 * once the load has begun; keys repeat themselves, so a second one says nothing
 * more. */
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

/* When all of us were stopped, by Ctrl-Z say, or this machine stood still,
 * nobody made any load; the workers may have been alone in that, or we. */
static void note_standstill(
    struct run *run, uint64_t deadline_us, uint64_t now_us)
{
	bool is_late = now_us > add_saturated(deadline_us, LATE_US);
	int continues = signals_continues();

	if (run->has_started && (is_late || continues != run->continues))
		report_gap(run->report,
		    since_start_us(run, run->roll.listened_us),
		    since_start_us(run, now_us));
	run->continues = continues;
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
	roll_give_up_the_silent(&run->roll, now_us);
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
	intake_event(&run->intake, &event);
	if (deadline_us < now_us)
		deadline_us = now_us;
	now_us = clock_us();
	note_standstill(run, deadline_us, now_us);
	mind_members(run, now_us);
	mind_stop_signals(run, now_us);
	mind_keys(run, now_us);
	mind_table(run, now_us);
	mind_time(run, now_us, event.type == FLEET_NOTHING);
	return true;
}

/* Rows that only one may have: what setup has taken is gone, and one is kept
 * for teardown, which is played here. */
static void put_rows(const struct run *run, struct start *start)
{
	const struct plan *plan = run->plan;

	for (size_t i = 0; i < plan->n_data; i++) {
		const struct data_file *file = &plan->data[i];
		uint64_t kept = plan->teardown != NULL &&
				(plan->teardown->data >> i & 1) != 0;
		uint64_t next = data_next(file->data);
		uint64_t rows = data_rows(file->data);

		if (file->order != DATA_UNIQUE || next + kept >= rows)
			continue;
		start->rows[i] = (struct row_range) {next, rows - kept};
		data_set_share(file->data, rows - kept, rows);
	}
	start->n_rows = plan->n_data;
}

/* All begin at the same moment, which is so far away that each is told in
 * time. */
static uint64_t lead_us(const struct run *run)
{
	return run->muster.has_agents ? muster_need_us(&run->muster) + LEAD_US
				      : 0;
}

static void start_load(struct run *run)
{
	const struct load_options *load = &run->plan->load;
	struct start start = {
	    .seed = load->has_seed ? load->seed : rng_fresh_seed(),
	    .roster = run->muster.roster,
	    .delay_us = lead_us(run),
	    .values = run->around.values};

	if (run->muster.has_agents)
		put_rows(run, &start);
	controls_deal(&run->controls, &run->muster.roster,
	    run->muster.has_agents ? muster_files(&run->muster) : 0);
	controls_offer(&run->controls, true);
	signals_allow(true);
	report_start(run->report, wall_us() + start.delay_us);
	signals_allow(false);
	run->has_started = true;
	run->kill_us = UINT64_MAX;
	run->start_us = clock_us() + start.delay_us;
	news_calendar_start(&run->calendar, load, run->start_us);
	if (load->run_time_us > 0)
		run->stop_us =
		    run->start_us + load->run_time_us + STOP_MARGIN_US;
	muster_start(&run->muster, &start);
	roll_start(&run->roll, run->start_us, clock_us());
}

/* --- before and after --------------------------------------------------- */

/* While something else than the load runs: agents would not know otherwise
 * that we are still there. */
static void hear_members(struct run *run)
{
	struct fleet_event event = {.type = FLEET_LOST};

	/* one may never stop talking */
	for (int i = 0; i < HEARD_AT_ONCE && run->muster.has_agents &&
			event.type != FLEET_NOTHING;
	     i++) {
		if (fleet_wait(run->fleet, 0, NULL, &event) != 0)
			return;
		intake_event(&run->intake, &event);
	}
}

/* What people have said while something else than the load runs. */
static enum errand_wish wish(void *arg)
{
	struct run *run = arg;

	signals_allow(true);
	signals_allow(false);
	hear_members(run);
	mind_keys(run, clock_us());
	if (hear_stop(run) && run->stop_words > 1)
		run->left_at_once = true;
	if (run->stop_words == 0)
		return ERRAND_GO_ON;
	return run->stop_words == 1 ? ERRAND_FINISH : ERRAND_LEAVE;
}

/* What came too late for its interval is in the last one, and so is teardown,
 * even where all workers were reported before. */
static void report_last_interval(struct run *run)
{
	const struct books *more = &report_results(run->report)->interval_books;

	if (run->intake.until_us <= run->reported_us && !run->intake.has_more &&
	    more->passed + more->failed == 0 &&
	    (!run->has_started || run->reported_us > 0))
		return;
	if (run->intake.until_us < run->reported_us)
		run->intake.until_us = run->reported_us;
	signals_allow(true);
	report_interval(run->report, run->intake.until_us);
	signals_allow(false);
	tell_interval(run);
}

/* The last user has gone. */
static void end_run(struct run *run)
{
	tell_stop(run);
	if (run->has_started && !run->left_at_once)
		around_tear_down(&run->around);
	if (run->has_begun && !run->has_started)
		run->intake.until_us = clock_us() - run->start_us;
	report_last_interval(run);
	around_end(&run->around);
	signals_allow(true);
	report_final(run->report, run->signal, run->left_at_once);
	signals_allow(false);
}

/* Whether there is anybody to play, and what they need. */
static bool is_fit(struct run *run)
{
	char *why = NULL;
	uint32_t n = 0;

	if (!run->muster.has_agents)
		return true;
	for (uint32_t i = 0; i < fleet_size(run->fleet); i++)
		n += fleet_member(run->fleet, i)->state == MEMBER_READY;
	if (n == 0)
		why = xstrdup("no host is there to play");
	else
		run->is_too_much = !muster_fits(&run->muster, &why);
	if (why == NULL)
		return true;
	report_broken(run->report, why);
	free(why);
	return false;
}

/* Everyone is ready, or lost, or the run was ended before. */
static bool wait_for_all(struct run *run)
{
	uint64_t note_us = clock_us() + WAITING_US;

	/* hosts have limits of their own */
	run->kill_us =
	    run->muster.has_agents ? UINT64_MAX : clock_us() + GREETING_US;
	while (fleet_readied(run->fleet) < fleet_size(run->fleet) &&
	       !run->is_stopping) {
		if (!wait_once(run))
			return false;
		if (run->muster.has_agents && clock_us() >= note_us) {
			intake_note_waiting(&run->intake);
			note_us = UINT64_MAX;
		}
	}
	while (!fleet_is_timed(run->fleet) && !run->is_stopping) {
		if (!wait_once(run))
			return false;
	}
	if (!run->is_stopping)
		intake_close_muster(&run->intake);
	return true;
}

static void begin_load(struct run *run)
{
	run->start_us = clock_us();
	report_prepare(run->report, wall_us());
	run->has_begun = true;
	if (is_fit(run) && around_begin(&run->around) && run->stop_words == 0)
		start_load(run);
	else if (!run->is_stopping)
		dismiss(run, clock_us());
}

static bool play(struct run *run)
{
	if (!wait_for_all(run))
		return false;
	if (!run->is_stopping)
		begin_load(run);
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

static enum run_end run_all(struct run *run, const struct report_setup *setup,
    bool with_keys, struct diag *d)
{
	if (run->fleet == NULL ||
	    muster_call(&run->muster, run->plan, run->fleet, &run->plan->stock,
		setup->workers) != 0) {
		fprintf(stderr, "loadgen: cannot start %u workers: %s\n",
		    setup->workers, strerror(errno));
		return RUN_BROKEN;
	}
	roll_init(&run->roll, run->plan, run->fleet);
	run->report = report_open(setup, d);
	if (run->report == NULL)
		return RUN_NOT_BEGUN;
	if (!run->muster.has_agents)
		know_workers(run);
	around_init(&run->around, run->report, fleet_poller(run->fleet));
	run->intake = (struct intake) {.report = run->report,
	    .fleet = run->fleet,
	    .muster = &run->muster,
	    .roll = &run->roll,
	    .events = &run->around.events};
	fleet_share_poller(run->fleet, take_poller_event, run);
	if (with_keys)
		controls_open(
		    &run->controls, run->plan, run->fleet, run->report);
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
	result.is_too_much = run.is_too_much;
	if (result.end == RUN_PLAYED)
		around_exit(&run.around, run_status(&result));
	if (result.end == RUN_PLAYED && ear != NULL)
		ear->take(ear->arg, report_results(run.report));
	around_clear(&run.around);
	report_close(run.report);
	fleet_free(run.fleet);
	muster_clear(&run.muster);
	roll_clear(&run.roll);
	return result;
}
