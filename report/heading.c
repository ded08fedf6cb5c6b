/*
 * What a run is to be, and what it was, in a line. It knows no figures of
 * requests and no files.
 */
#include "report/summary.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "load/pace.h"
#include "load/schedule.h"
#include "report/forecast.h"
#include "report/lost.h"
#include "report/results.h"
#include "report/stages.h"
#include "report/text.h"

/* --- what was planned --------------------------------------------------- */

/* " (17 browser, 3 buyer)", where there are several kinds of users. */
static void put_kinds(FILE *out, const struct plan *plan)
{
	uint64_t *counts;
	char count[FIGURE_BYTES];

	if (plan->n_kinds < 2)
		return;
	counts = xcalloc(plan->n_kinds, sizeof(*counts));
	deal_count(plan, counts);
	for (size_t i = 0; i < plan->n_kinds; i++)
		fprintf(out, "%s%s %s", i == 0 ? " (" : ", ",
		    figure_count(count, counts[i]), plan->kinds[i]->name);
	putc(')', out);
	free(counts);
}

/* "20 users", or "5 of 100 users" where fewer have started; with stages "up to
 * 20 users in 3 stages", with a rate "500 tasks a second, at most 500 users".
 */
static void put_load(FILE *out, const struct plan *plan, uint64_t started)
{
	const struct load_options *load = &plan->load;
	bool is_rate = load->model == LOAD_RATE;
	char count[FIGURE_BYTES];

	if (is_rate) {
		put_rate(out, load);
		fputs(", ", out);
	}
	if (started < load->users)
		fprintf(out, "%s of ", figure_count(count, started));
	if (is_rate)
		fputs("at most ", out);
	else if (load->has_stages)
		fputs("up to ", out);
	fprintf(out, "%s user%s", figure_count(count, load->users),
	    plural(load->users));
	put_kinds(out, plan);
	if (!is_rate)
		put_stage_count(out, load);
}

static void put_workers(FILE *out, const struct results *results)
{
	const struct remote_options *remote = &results->plan->remote;
	uint32_t n = results->n_workers, living = 0;
	size_t hosts = remote_count(remote->hosts, remote->n_hosts);

	if (hosts > 0)
		lost_count_living(results, &living, &n);
	if (n > 0 || hosts == 0)
		fprintf(out, "%" PRIu32 " worker%s", n, plural(n));
	if (n > 0 && hosts > 0)
		fputs(" on ", out);
	if (n > 0 && living < hosts)
		fprintf(out, "%" PRIu32 " of ", living);
	if (hosts > 0)
		fprintf(out, "%zu host%s", hosts, plural(hosts));
}

static void put_host(FILE *out, const struct plan *plan)
{
	if (plan->n_asked > 1)
		fputs(", several hosts", out);
	else if (plan->n_asked == 1)
		fprintf(out, ", %s", plan->bases[0].text);
}

/* Of how many kinds users leave after some tasks, and nobody takes their place.
 */
static size_t count_leaving(const struct plan *plan)
{
	size_t n = 0;

	if (plan->load.model == LOAD_RATE)
		return 0;
	for (size_t i = 0; i < plan->n_kinds; i++)
		n += plan->kinds[i]->iterations > 0;
	return n;
}

/* How fast users start, behind "at": "10/s", or "once". */
static const char *spawn_text(char *out, const struct load_options *load)
{
	char rate[FIGURE_BYTES];

	if (isinf(load->spawn_rate))
		return "once";
	snprintf(
	    out, FIGURE_BYTES, "%s/s", figure_number(rate, load->spawn_rate));
	return out;
}

static void put_end(FILE *out, const struct plan *plan)
{
	const struct load_options *load = &plan->load;
	char figure[FIGURE_BYTES];

	if (load->run_time_us > 0)
		fprintf(out, ", %s",
		    format_duration(figure, sizeof(figure), load->run_time_us));
	if (load->iterations > 0)
		fprintf(out, "%s%s task%s",
		    load->run_time_us > 0 ? " or " : ", ",
		    figure_count(figure, load->iterations),
		    plural(load->iterations));
	if (load->run_time_us > 0 || load->iterations > 0)
		return;
	if (count_leaving(plan) > 0 && count_leaving(plan) == plan->n_kinds)
		fputs(", until all users are done", out);
	else
		fputs(", until stopped", out);
}

/* What the stages are, on a line of its own. */
static void print_stages(struct terminal *t, const struct load_options *load)
{
	char *text = NULL, *shown;
	size_t len = 0;
	FILE *out;

	if (!load->has_stages)
		return;
	out = text_open(&text, &len);
	put_stages(out, load);
	text_close(out);
	shown = text_shown(text);
	terminal_wrap(t, STYLE_PLAIN, "  ", 2, shown);
	free(shown);
	free(text);
}

/* Prints what was put into the memory stream out, and frees it. */
static void print_put(
    struct terminal *t, enum style style, FILE *out, char **text)
{
	char *shown;

	text_close(out);
	shown = text_shown(*text);
	terminal_text(t, style, shown);
	free(shown);
	free(*text);
}

static void foretell_cut_ramp(
    struct terminal *t, const struct load_options *load)
{
	char *text;

	if (!ramp_is_cut(load))
		return;
	text = ramp_cut_text(load);
	terminal_wrap(t, STYLE_WARNING, "! ", 2, text);
	free(text);
}

void print_intention(struct terminal *t, const struct results *results,
    const struct report_setup *setup)
{
	const struct plan *plan = results->plan;
	const struct load_options *load = &plan->load;
	char rate[FIGURE_BYTES];
	char *text = NULL;
	size_t len = 0;
	FILE *out = text_open(&text, &len);

	fprintf(out, "%s: ", plan->file);
	put_load(out, plan, load->users);
	if (load->users > 1 && load->model == LOAD_USERS && !load->has_stages)
		fprintf(out, " at %s", spawn_text(rate, load));
	put_end(out, plan);
	put_host(out, plan);
	fputs(", ", out);
	put_workers(out, results);
	if (setup->csv_prefix)
		fprintf(out, ", CSV in %s_*.csv", setup->csv_prefix);
	print_put(t, STYLE_PLAIN, out, &text);
	print_stages(t, load);
	foretell_cut_ramp(t, load);
	if (plan->n_data > 0)
		forecast_few_rows(t, plan);
}

/* --- what became of it -------------------------------------------------- */

static bool is_any_lost(const struct results *results)
{
	for (uint32_t i = 0; i < results->n_workers; i++) {
		if (results->workers[i].why_lost)
			return true;
	}
	return false;
}

/* How many users there were at once, of all that were wanted. Nobody reports
 * it, but the ramp is known, and when it was cut off; where a worker may have
 * left it earlier, of its own or dead, or users came as they were needed, the
 * most that were heard of are the nearest to it. */
static uint64_t users_started(const struct results *results)
{
	const struct load_options *load = &results->plan->load;
	uint64_t end_us = results->now_us;

	if (!results->has_begun)
		return 0;
	if (load->run_time_us > 0 && load->run_time_us < end_us)
		end_us = load->run_time_us;
	if (results->stop_us < end_us)
		end_us = results->stop_us;
	if (load->model == LOAD_RATE)
		return users_peak(results);
	if ((load->iterations > 0 || is_any_lost(results)) &&
	    count_leaving(results->plan) == 0)
		return users_peak(results);
	return ramp_started(load, end_us);
}

/* The plan wanted no more tasks than were started. */
static bool is_out_of_tasks(const struct results *results)
{
	uint64_t iterations = results->plan->load.iterations;

	return iterations > 0 && results->signal == 0 &&
	       results->books.tasks - results->errand_books.tasks >= iterations;
}

/* When the last of them would have come; owned by the caller. */
static char *ramp_text(const struct load_options *load)
{
	char rate[FIGURE_BYTES], time[FIGURE_BYTES];

	figure_duration(time, ramp_us(load));
	if (load->has_stages)
		return xasprintf("the last is due after %s", time);
	return xasprintf(
	    "at %s the last is due after %s", spawn_text(rate, load), time);
}

static void warn_ramp(
    struct terminal *t, const struct results *results, uint64_t started)
{
	const struct load_options *load = &results->plan->load;
	char n[FIGURE_BYTES], users[FIGURE_BYTES], tasks[FIGURE_BYTES];
	char *text, *ramp;

	/* of a lost worker enough is said elsewhere, and users of a rate start
	 * when they are needed */
	if (started >= load->users || is_any_lost(results) ||
	    (load->model == LOAD_RATE && results->has_begun))
		return;
	if (started == 0) {
		terminal_line(t, STYLE_WARNING,
		    "! the run ended before the first user had started");
		return;
	}
	figure_count(users, load->users);
	figure_count(n, started);
	ramp = ramp_text(load);
	if (is_out_of_tasks(results))
		text = xasprintf("%s%s task%s done before more than %s of %s "
				 "users had started (%s)",
		    load->iterations == 1 ? "its " : "all ",
		    figure_count(tasks, load->iterations),
		    load->iterations == 1 ? " was" : "s were", n, users, ramp);
	else
		text = xasprintf("the run ended during the ramp: %s of %s "
				 "users had started (%s)",
		    n, users, ramp);
	terminal_wrap(t, STYLE_WARNING, "! ", 2, text);
	free(ramp);
	free(text);
}

/* A run that is shorter than it was to be, and nobody has stopped it. */
static void warn_early(
    struct terminal *t, const struct results *results, uint64_t took_us)
{
	const struct load_options *load = &results->plan->load;
	char took[FIGURE_BYTES], time[FIGURE_BYTES];
	char *text;

	if (was_called_off(results) && !results->broken) {
		terminal_line(t, STYLE_WARNING,
		    "! the run ended before the load: %s", results->ended_by);
		return;
	}
	if (!results->has_begun || results->signal || results->broken ||
	    (!results->ended_by &&
		(load->iterations > 0 || load->run_time_us == 0 ||
		    took_us >= load->run_time_us - load->run_time_us / 20)))
		return;
	if (load->run_time_us > 0)
		format_duration(time, sizeof(time), load->run_time_us);
	text = xasprintf("the run ended after %s%s%s: %s",
	    figure_duration(took, took_us), load->run_time_us > 0 ? " of " : "",
	    load->run_time_us > 0 ? time : "",
	    results->ended_by ? results->ended_by : "no user was left");
	terminal_wrap(t, STYLE_WARNING, "! ", 2, text);
	free(text);
}

/* The plan is not all that was played. */
static void warn_changed(struct terminal *t, const struct results *results)
{
	uint64_t peak = users_peak(results);
	char users[FIGURE_BYTES];

	terminal_line(t, STYLE_WARNING,
	    "! keys changed the number of users: at most %s user%s at once",
	    figure_count(users, peak), plural(peak));
}

void print_heading(struct terminal *t, const struct results *results)
{
	const struct plan *plan = results->plan;
	uint64_t started = users_started(results);
	uint64_t took_us =
	    results->end_us > 0 ? results->end_us : results->now_us;
	char time[FIGURE_BYTES];
	char *text = NULL;
	size_t len = 0;
	FILE *out = text_open(&text, &len);

	fprintf(out, "%s: ", plan->file);
	put_load(out, plan, started);
	fputs(" on ", out);
	put_workers(out, results);
	/* before the load nothing has taken any */
	if (results->has_begun)
		fprintf(out, ", %s", figure_duration(time, took_us));
	put_host(out, plan);
	print_put(t, STYLE_HEAD, out, &text);
	print_stages(t, &plan->load);
	warn_early(t, results, results->now_us);
	if (results->has_changed_users)
		warn_changed(t, results);
	else if (!results->ended_by)
		warn_ramp(t, results, started);
}
