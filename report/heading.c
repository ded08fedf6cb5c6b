/*
 * What a run is to be, and what it was, in a line. It knows no figures of
 * requests and no files.
 */
#include "report/summary.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/util.h"
#include "load/pace.h"
#include "report/sink.h"
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

/* "20 users", or "5 of 100 users" where fewer have started. */
static void put_users(FILE *out, const struct plan *plan, uint64_t started)
{
	uint64_t users = plan->load.users;
	char count[FIGURE_BYTES];

	if (started < users)
		fprintf(out, "%s of ", figure_count(count, started));
	fprintf(out, "%s user%s", figure_count(count, users), plural(users));
	put_kinds(out, plan);
}

static void put_workers(FILE *out, const struct results *results)
{
	uint32_t n = results->n_workers;

	fprintf(out, "%" PRIu32 " worker%s", n, plural(n));
}

static void put_host(FILE *out, const struct plan *plan)
{
	if (plan->n_bases > 1)
		fputs(", several hosts", out);
	else if (plan->n_bases == 1)
		fprintf(out, ", %s", plan->bases[0].text);
}

/* Of how many kinds users leave after some tasks. */
static size_t count_leaving(const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_kinds; i++)
		n += plan->kinds[i]->iterations > 0;
	return n;
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

/* Prints what was put into the memory stream out, and frees it. */
static void print_put(
    struct terminal *t, enum style style, FILE *out, char **text)
{
	char *shown;

	if (fclose(out) == 0) {
		shown = text_shown(*text);
		terminal_text(t, style, shown);
		free(shown);
	}
	free(*text);
}

void print_intention(struct terminal *t, const struct results *results,
    const struct report_setup *setup)
{
	const struct plan *plan = results->plan;
	char rate[FIGURE_BYTES];
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	fprintf(out, "%s: ", plan->file);
	put_users(out, plan, plan->load.users);
	if (plan->load.users > 1)
		fprintf(out, " at %s/s",
		    figure_number(rate, plan->load.spawn_rate));
	put_end(out, plan);
	put_host(out, plan);
	fputs(", ", out);
	put_workers(out, results);
	if (setup->csv_prefix)
		fprintf(out, ", CSV in %s_*.csv", setup->csv_prefix);
	print_put(t, STYLE_PLAIN, out, &text);
}

/* --- what became of it -------------------------------------------------- */

static uint64_t peak_users(const struct results *results)
{
	uint64_t users = 0;

	for (uint32_t i = 0; i < results->n_workers; i++)
		users += results->workers[i].peak_users;
	return users;
}

static bool is_any_lost(const struct results *results)
{
	for (uint32_t i = 0; i < results->n_workers; i++) {
		if (results->workers[i].why_lost)
			return true;
	}
	return false;
}

/* How many users started. Nobody reports it, but the ramp is known, and when
 * it was cut off; where a worker may have left it earlier, of its own or dead,
 * the most users at once are the nearest to it. */
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
	if ((load->iterations > 0 || is_any_lost(results)) &&
	    count_leaving(results->plan) == 0)
		return peak_users(results);
	return pace_users_started(load->spawn_rate, load->users, end_us);
}

static void warn_ramp(
    struct terminal *t, const struct results *results, uint64_t started)
{
	const struct load_options *load = &results->plan->load;
	char n[FIGURE_BYTES], users[FIGURE_BYTES], rate[FIGURE_BYTES];
	char time[FIGURE_BYTES];
	char *text;

	/* of a lost worker enough is said elsewhere */
	if (started >= load->users || is_any_lost(results))
		return;
	if (started == 0) {
		terminal_line(t, STYLE_WARNING,
		    "! the run ended before the first user had started");
		return;
	}
	figure_count(users, load->users);
	text = xasprintf("the run ended during the ramp: %s of %s users had "
			 "started (%s users at %s/s take %s)",
	    figure_count(n, started), users, users,
	    figure_number(rate, load->spawn_rate),
	    figure_duration(
		time, pace_user_start_us(load->spawn_rate, load->users - 1)));
	terminal_wrap(t, STYLE_WARNING, "! ", 2, text);
	free(text);
}

/* A run that is shorter than it was to be, and nobody has stopped it. */
static void warn_early(
    struct terminal *t, const struct results *results, uint64_t took_us)
{
	const struct load_options *load = &results->plan->load;
	char took[FIGURE_BYTES], time[FIGURE_BYTES];
	char *text;

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

void print_heading(struct terminal *t, const struct results *results)
{
	const struct plan *plan = results->plan;
	uint64_t started = users_started(results);
	uint64_t took_us =
	    results->end_us > 0 ? results->end_us : results->now_us;
	char time[FIGURE_BYTES];
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	fprintf(out, "%s: ", plan->file);
	put_users(out, plan, started);
	fputs(" on ", out);
	put_workers(out, results);
	fprintf(out, ", %s", figure_duration(time, took_us));
	put_host(out, plan);
	print_put(t, STYLE_HEAD, out, &text);
	warn_early(t, results, results->now_us);
	if (!results->ended_by)
		warn_ramp(t, results, started);
}
