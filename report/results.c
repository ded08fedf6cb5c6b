/*
 * Figures that are made of results, and not kept in them. It must not know who
 * asks.
 */
#include "report/results.h"

#include "base/util.h"
#include "load/schedule.h"
#include "report/text.h"

enum { MOMENT_US = 50000 };

const struct quantile_column quantile_columns[QUANTILE_COLUMNS] = {
    {500000, "50%"},
    {660000, "66%"},
    {750000, "75%"},
    {800000, "80%"},
    {900000, "90%"},
    {950000, "95%"},
    {980000, "98%"},
    {990000, "99%"},
    {999000, "99.9%"},
    {999900, "99.99%"},
    {1000000, "100%"},
};

double rate_per_s(uint64_t n, uint64_t over_us)
{
	if (over_us == 0)
		return 0;
	return (double)n * (double)US_PER_S / (double)over_us;
}

const char *figure_quantile(char *out, const struct hist *h, uint32_t ppm)
{
	return h->count > 0 ? figure_ms(out, hist_quantile_us(h, ppm)) : "-";
}

uint64_t users_now(const struct results *results)
{
	uint64_t users = 0;

	for (uint32_t i = 0; i < results->n_workers; i++)
		users += results->workers[i].users;
	return users;
}

uint64_t users_peak(const struct results *results)
{
	uint64_t users = 0;

	for (uint32_t i = 0; i < results->n_workers; i++)
		users += results->workers[i].peak_users;
	return users;
}

uint64_t cpu_permille(uint64_t cpu_us, uint64_t busy_us)
{
	/* one that is there for a moment has little but its own beginning to
	 * do */
	if (busy_us == 0)
		return 0;
	return cpu_us * 1000 / (busy_us > MOMENT_US ? busy_us : MOMENT_US);
}

static uint64_t between_us(uint64_t from_us, uint64_t to_us)
{
	return to_us > from_us ? to_us - from_us : 0;
}

uint64_t measured_us(const struct results *results)
{
	return between_us(results->plan->load.warmup_us, results->end_us);
}

uint64_t interval_measured_us(const struct results *results)
{
	uint64_t after_us =
	    between_us(results->plan->load.warmup_us, results->now_us);

	if (!results->has_begun)
		return 0;
	return after_us < results->interval_us ? after_us
					       : results->interval_us;
}

/* That moment, or the one from which on no task is due any more. */
static uint64_t while_due_us(const struct results *results, uint64_t until_us)
{
	const struct load_options *load = &results->plan->load;
	uint64_t end_us = results->stop_us, last_us;

	if (load->run_time_us > 0 && load->run_time_us < end_us)
		end_us = load->run_time_us;
	if (load->iterations > 0) {
		last_us = schedule_due_us(load, (double)load->iterations);
		end_us = last_us < end_us ? last_us : end_us;
	}
	return until_us < end_us ? until_us : end_us;
}

uint64_t interval_due_us(const struct results *results)
{
	uint64_t from_us = between_us(results->interval_us, results->now_us);

	return while_due_us(results, results->now_us) -
	       while_due_us(results, from_us);
}

/* Tasks that are due by then, but for those that the end leaves out. */
static double due_until(const struct results *results, uint64_t until_us)
{
	const struct load_options *load = &results->plan->load;
	double due =
	    schedule_due(load, (double)while_due_us(results, until_us));

	return load->iterations > 0 && due > (double)load->iterations
		   ? (double)load->iterations
		   : due;
}

double interval_due(const struct results *results)
{
	uint64_t from_us = between_us(results->interval_us, results->now_us);

	return due_until(results, results->now_us) -
	       due_until(results, from_us);
}

size_t stage_now(const struct results *results)
{
	uint64_t now_us = results->now_us;

	return schedule_stage(
	    &results->plan->load, now_us > 0 ? now_us - 1 : 0);
}

uint64_t stage_measured_us(
    const struct results *results, const struct stage_view *stage)
{
	uint64_t warmup_us = results->plan->load.warmup_us;

	return between_us(
	    stage->start_us > warmup_us ? stage->start_us : warmup_us,
	    stage->end_us < results->end_us ? stage->end_us : results->end_us);
}

bool worker_account_differs(const struct worker_view *w)
{
	return w->has_final && !books_equal(&w->sent, &w->final);
}

bool was_nothing_measured(const struct results *results)
{
	const struct books *errands = &results->errand_books;

	return results->total_all.requests <= errands->passed + errands->failed;
}

bool was_nothing_finished(const struct results *results)
{
	return was_nothing_measured(results) &&
	       results->books.interrupted > results->errand_books.interrupted;
}

bool was_called_off(const struct results *results)
{
	return results->ended_by && !results->has_begun;
}
