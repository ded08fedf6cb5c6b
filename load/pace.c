/*
 * When users and tasks start and whose turn it is: pure functions of numbers
 * that come in. It must not know clocks, processes or requests.
 */
#include "load/pace.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

/* what rounding may do to shares of any number of users */
#define TOLERANCE 1e-9
/* users times kinds that are dealt out only to be counted */
#define MOST_DEALT 10000000

/* --- time --------------------------------------------------------------- */

/* rng_unit ends 2^-53 below 1, so no draw is above 37 means. */
static uint64_t draw_exp_us(uint64_t mean_us, struct rng *rng)
{
	return round_to_u64(-log(1.0 - rng_unit(rng)) * (double)mean_us);
}

static uint64_t draw_range_us(
    uint64_t low_us, uint64_t high_us, struct rng *rng)
{
	if (high_us <= low_us)
		return low_us;
	if (high_us - low_us == UINT64_MAX)
		return rng_next(rng);
	return low_us + rng_below(rng, high_us - low_us + 1);
}

uint64_t pace_draw_us(const struct wait *wait, struct rng *rng)
{
	switch (wait->kind) {
	case WAIT_RANGE:
		return draw_range_us(wait->low_us, wait->high_us, rng);
	case WAIT_EXP:
		return draw_exp_us(wait->low_us, rng);
	case WAIT_PACE:
		break;
	}
	return wait->low_us;
}

uint64_t pace_next_task_us(const struct wait *wait, struct rng *rng,
    uint64_t task_start_us, uint64_t now_us)
{
	uint64_t due_us;

	if (wait->kind != WAIT_PACE)
		return add_saturated(now_us, pace_draw_us(wait, rng));
	due_us = add_saturated(task_start_us, wait->low_us);
	return due_us > now_us ? due_us : now_us;
}

/* --- dealing users out -------------------------------------------------- */

/* What kinds have in all: fixed numbers, and the weights of the others. */
struct kinds_sum {
	uint64_t counts;
	uint64_t weights;
};

static struct kinds_sum sum_kinds(const struct plan *plan)
{
	struct kinds_sum sum = {0, 0};

	for (size_t i = 0; i < plan->n_kinds; i++) {
		const struct user_kind *kind = plan->kinds[i];

		sum.counts = add_saturated(sum.counts, kind->count);
		if (kind->count == 0)
			sum.weights = add_saturated(sum.weights, kind->weight);
	}
	return sum;
}

/* Whether they leave nothing for those with a weight. */
static bool are_counts_all(const struct plan *plan, const struct kinds_sum *sum)
{
	return sum->counts >= plan->load.users || sum->weights == 0;
}

/* Fixed numbers first; the rest is shared out by weight. Where the numbers
 * alone are more than all users, or nobody has a weight, they are shares. */
void deal_init(
    struct deal *d, const struct plan *plan, const struct roster *roster)
{
	const struct kinds_sum sum = sum_kinds(plan);
	uint64_t users = plan->load.users;
	double rest;

	d->plan = plan;
	turns_init(&d->turns, roster);
	d->users = users;
	d->index = 0;
	d->dealt = xcalloc(plan->n_kinds, sizeof(*d->dealt));
	d->share = xcalloc(plan->n_kinds, sizeof(*d->share));
	if (are_counts_all(plan, &sum))
		users = sum.counts;
	rest = users > 0 ? (double)(users - sum.counts) / (double)users : 0;
	for (size_t i = 0; i < plan->n_kinds; i++) {
		const struct user_kind *kind = plan->kinds[i];

		if (kind->count > 0)
			d->share[i] = (double)kind->count / (double)users;
		else if (sum.weights > 0)
			d->share[i] =
			    rest * (double)kind->weight / (double)sum.weights;
	}
}

uint64_t deal_most(const struct plan *plan)
{
	const struct kinds_sum sum = sum_kinds(plan);

	return are_counts_all(plan, &sum) ? sum.counts : UINT64_MAX;
}

void deal_clear(struct deal *d)
{
	turns_clear(&d->turns);
	free(d->dealt);
	free(d->share);
	d->dealt = NULL;
	d->share = NULL;
}

static bool is_used_up(const struct deal *d, size_t kind)
{
	uint64_t count = d->plan->kinds[kind]->count;

	return d->share[kind] <= 0 || (count > 0 && d->dealt[kind] >= count);
}

/* How far a kind is behind its share once the next user is there. */
static double deficit(const struct deal *d, size_t kind)
{
	return d->share[kind] * (double)(d->index + 1) - (double)d->dealt[kind];
}

/*
 * Source of the method: Tijdeman, "The chairman assignment problem", 1980. To
 * give each user to the kind that is furthest behind would look the same, but
 * with many kinds some fall behind by more than one. So: of the kinds that are
 * behind by `enough`, the one that would first be too late. Then none is ever
 * off by more than 1 - enough.
 */
static bool choose_kind(const struct deal *d, size_t *out)
{
	double enough, slack, least_slack = 0, behind, most_behind = 0;
	size_t i, kinds = 0, urgent = SIZE_MAX, hindmost = SIZE_MAX;

	for (i = 0; i < d->plan->n_kinds; i++)
		kinds += d->share[i] > 0;
	enough = kinds > 1 ? 1.0 / (2.0 * (double)kinds - 2.0) : 0.0;
	for (i = 0; i < d->plan->n_kinds; i++) {
		if (is_used_up(d, i))
			continue;
		behind = deficit(d, i);
		if (hindmost == SIZE_MAX || behind > most_behind) {
			hindmost = i;
			most_behind = behind;
		}
		if (behind < enough - TOLERANCE)
			continue;
		slack = (1.0 - enough - behind) / d->share[i];
		if (urgent == SIZE_MAX || slack < least_slack) {
			urgent = i;
			least_slack = slack;
		}
	}
	*out = urgent != SIZE_MAX ? urgent : hindmost;
	return *out != SIZE_MAX;
}

bool deal_next(struct deal *d, struct dealt *out)
{
	struct turn_of turn;
	size_t kind;

	if (d->index >= d->users || !choose_kind(d, &kind))
		return false;
	/* each kind takes the turns from the first on, and starts at another
	 * one */
	turn = turns_find(&d->turns, add_saturated(kind, d->dealt[kind]));
	*out = (struct dealt) {.index = d->index,
	    .worker = turn.worker,
	    .child = turn.child,
	    .kind = kind};
	d->dealt[kind]++;
	d->index++;
	return true;
}

/* The shares of all users, rounded down; how many users that leaves. */
static uint64_t count_whole(const struct deal *d, uint64_t *counts)
{
	uint64_t left = d->plan->load.users;

	for (size_t i = 0; i < d->plan->n_kinds; i++) {
		double share = d->share[i] * (double)d->plan->load.users;
		uint64_t whole = (uint64_t)(share + TOLERANCE);

		counts[i] = whole < left ? whole : left;
		left -= counts[i];
	}
	return left;
}

/* The rest goes to those who lose most by the rounding. */
static void count_rest(const struct deal *d, uint64_t *counts, uint64_t left)
{
	for (; left > 0; left--) {
		double most = -1;
		size_t chosen = 0;

		for (size_t i = 0; i < d->plan->n_kinds; i++) {
			double lost =
			    d->share[i] * (double)d->plan->load.users -
			    (double)counts[i];

			if (d->share[i] > 0 && lost > most) {
				most = lost;
				chosen = i;
			}
		}
		counts[chosen]++;
	}
}

void deal_count(const struct plan *plan, uint64_t *counts)
{
	struct deal d;
	struct dealt dealt;
	struct roster one = {0};
	uint64_t left;

	roster_alike(&one, 1);
	deal_init(&d, plan, &one);
	roster_clear(&one);
	/* a kind is never further than one from its share, so where all shares
	 * are whole there is nothing to deal out */
	left = count_whole(&d, counts);
	if (left > 0 && plan->load.users <= MOST_DEALT / plan->n_kinds) {
		while (deal_next(&d, &dealt))
			;
		for (size_t i = 0; i < plan->n_kinds; i++)
			counts[i] = d.dealt[i];
	} else {
		count_rest(&d, counts, left);
	}
	deal_clear(&d);
}

void deal_count_workers(
    const struct plan *plan, const struct roster *roster, uint64_t *counts)
{
	struct deal d;
	struct dealt dealt;

	memset(counts, 0, roster_workers(roster) * sizeof(*counts));
	deal_init(&d, plan, roster);
	while (deal_next(&d, &dealt))
		counts[dealt.worker]++;
	deal_clear(&d);
}

/* --- shares ------------------------------------------------------------- */

void pace_shares(
    uint64_t total, const uint64_t *weights, uint32_t n, uint64_t *shares)
{
	uint64_t all = 0, upto = 0, given = 0;

	for (uint32_t i = 0; i < n; i++) {
		assert(weights[i] <= UINT64_MAX - all);
		all += weights[i];
	}
	for (uint32_t i = 0; i < n; i++) {
		uint64_t before = given;

		/* differences of what all up to here get: they add up by
		 * themselves */
		upto += weights[i];
		given = all > 0 ? multiply_divide(total, upto, all) : 0;
		shares[i] = given - before;
	}
}

/* Gives each of those with room its share of what is left; returns how much
 * found no taker. */
static uint64_t share_once(uint64_t left, const uint64_t *weights,
    const uint64_t *room, uint64_t *taken, uint32_t n)
{
	uint64_t *open = xcalloc(n, sizeof(*open));
	uint64_t *shares = xcalloc(n, sizeof(*shares));
	uint64_t kept = left;

	for (uint32_t i = 0; i < n; i++)
		open[i] = taken[i] < room[i] ? weights[i] : 0;
	pace_shares(left, open, n, shares);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t most = room[i] - taken[i];
		uint64_t share = shares[i] < most ? shares[i] : most;

		taken[i] += share;
		kept -= share;
	}
	free(shares);
	free(open);
	return kept;
}

uint64_t pace_share_within(uint64_t total, const uint64_t *weights,
    const uint64_t *room, uint32_t n, uint32_t w)
{
	uint64_t *taken = xcalloc(n, sizeof(*taken));
	uint64_t left = total, before, share;

	do {
		before = left;
		left = share_once(left, weights, room, taken, n);
	} while (left > 0 && left < before);
	share = taken[w];
	free(taken);
	return share;
}

const struct choice *pace_pick(const struct user_kind *kind, struct rng *rng)
{
	uint64_t draw = rng_below(rng, kind->weights);
	size_t low = 0, high = kind->n_choices - 1, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (kind->choices[middle].weight_upto > draw)
			high = middle;
		else
			low = middle + 1;
	}
	return &kind->choices[low];
}
