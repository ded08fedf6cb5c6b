/*
 * From workers that are gone to what that means. It must not know how they were
 * lost.
 */
#include "report/lost.h"

#include <inttypes.h>
#include <string.h>

#include "base/util.h"
#include "load/schedule.h"

static bool is_remote(const struct results *results)
{
	return results->plan->remote.n_hosts > 0;
}

/* How many workers from this one on are of the same host. */
static uint32_t count_of_host(const struct results *results, uint32_t first)
{
	uint32_t i = first;

	while (i < results->n_workers && strcmp(results->workers[i].host,
					     results->workers[first].host) == 0)
		i++;
	return i - first;
}

static bool starts_host(const struct results *results, uint32_t i)
{
	return i == 0 || strcmp(results->workers[i - 1].host,
			     results->workers[i].host) != 0;
}

/* Whether all of its workers were lost for the same reason. */
static bool is_whole_host(
    const struct results *results, uint32_t first, uint32_t n)
{
	const char *why = results->workers[first].why_lost;

	if (!is_remote(results) || !starts_host(results, first))
		return false;
	for (uint32_t i = first; i < first + n; i++)
		if (!results->workers[i].why_lost ||
		    strcmp(results->workers[i].why_lost, why) != 0)
			return false;
	return true;
}

bool lost_next(const struct results *results, uint32_t from, struct lost *lost)
{
	const struct worker_view *w;
	uint32_t n;

	while (from < results->n_workers && !results->workers[from].why_lost)
		from++;
	if (from >= results->n_workers)
		return false;
	w = &results->workers[from];
	n = count_of_host(results, from);
	*lost = (struct lost) {
	    .first = from, .n = 1, .why = w->why_lost, .at_us = w->lost_us};
	if (is_whole_host(results, from, n)) {
		lost->n = n;
		lost->who = xasprintf("host %s", w->host);
	} else if (is_remote(results)) {
		lost->who =
		    xasprintf("worker %" PRIu32 " on %s", w->number, w->host);
	} else {
		lost->who = xasprintf("worker %" PRIu32, w->number);
	}
	return true;
}

void lost_count_living(
    const struct results *results, uint32_t *hosts, uint32_t *workers)
{
	uint32_t n, here;

	*hosts = *workers = 0;
	for (uint32_t i = 0; i < results->n_workers; i += n) {
		n = count_of_host(results, i);
		here = 0;
		for (uint32_t k = i; k < i + n; k++)
			here += !results->workers[k].why_lost ||
				results->workers[k].lost_us > 0;
		*hosts += here > 0;
		*workers += here;
	}
}

/* How much load is intended up to then: tasks, or the time of users. */
static double intended(const struct results *results, uint64_t until_us)
{
	const struct load_options *load = &results->plan->load;

	return load->model == LOAD_RATE
		   ? schedule_due(load, (double)until_us)
		   : schedule_time_us(load, (double)until_us);
}

double lost_share(const struct results *results)
{
	uint64_t end_us = results->end_us > results->now_us ? results->end_us
							    : results->now_us;
	double all = intended(results, end_us), missing = 0;

	if (all <= 0 || !results->has_begun)
		return 0;
	for (uint32_t i = 0; i < results->n_workers; i++) {
		const struct worker_view *w = &results->workers[i];

		if (w->why_lost && w->lost_us < end_us)
			missing += (double)w->users_dealt /
				   (double)results->plan->load.users *
				   (all - intended(results, w->lost_us));
	}
	return missing / all;
}
