/*
 * Two tests of statistics on counts. It knows no runs, no rows and no reports.
 */
#include "report/noise.h"

#include <math.h>

/* --- ranks -------------------------------------------------------------- */

/* What the walk through both histograms, from the least bucket up, adds up. */
struct ranking {
	double then_below; /* samples of then in the buckets so far */
	double wins; /* pairs whose sample of now is greater; ties by half */
	double ties; /* t^3 - t of each bucket with t samples */
};

static void rank_block(struct ranking *r, const struct hist_block *then,
    const struct hist_block *now)
{
	for (uint32_t i = 0; i < HIST_BLOCK; i++) {
		double of_then = then ? (double)then->counts[i] : 0;
		double of_now = now ? (double)now->counts[i] : 0;
		double t = of_then + of_now;

		r->wins += of_now * (r->then_below + of_then / 2);
		r->ties += t * (t * t - 1);
		r->then_below += of_then;
	}
}

static struct ranking rank_all(const struct hist *then, const struct hist *now)
{
	struct ranking r = {0};
	size_t i = 0, k = 0;

	while (i < then->n_blocks || k < now->n_blocks) {
		const struct hist_block *left =
		    i < then->n_blocks ? &then->blocks[i] : NULL;
		const struct hist_block *right =
		    k < now->n_blocks ? &now->blocks[k] : NULL;

		if (left && right && left->number != right->number) {
			if (left->number < right->number)
				right = NULL;
			else
				left = NULL;
		}
		rank_block(&r, left, right);
		i += left != NULL;
		k += right != NULL;
	}
	return r;
}

struct noise_shift noise_shift(const struct hist *then, const struct hist *now)
{
	struct noise_shift shift = {.effect = 0.5, .p = 1};
	double n = (double)then->count, m = (double)now->count, all = n + m;
	struct ranking r;
	double variance, off;

	if (then->count == 0 || now->count == 0)
		return shift;
	r = rank_all(then, now);
	shift.effect = r.wins / (n * m);
	variance = n * m / 12 * (all + 1 - r.ties / (all * (all - 1)));
	/* half a pair nearer, as what is counted is whole */
	off = fabs(r.wins - n * m / 2) - 0.5;
	if (variance > 0 && off > 0)
		shift.p = erfc(off / sqrt(2 * variance));
	return shift;
}

/* --- shares ------------------------------------------------------------- */

/* The logarithm of n over k. */
static double log_choose(double n, double k)
{
	return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/* Of n samples in all k are marked; m of all are drawn. */
struct urn {
	double n;
	double k;
	double m;
};

/* How likely just x of the drawn are marked. */
static double urn_chance(const struct urn *u, double x)
{
	return exp(log_choose(u->k, x) + log_choose(u->n - u->k, u->m - x) -
		   log_choose(u->n, u->m));
}

/* How likely x, or more by step after step, of the drawn are marked. The terms
 * fall ever faster away from the middle, so those that no longer matter end
 * it. */
static double urn_tail(const struct urn *u, double x, int step)
{
	double term = urn_chance(u, x), sum = 0;

	while (term > sum * 1e-12) {
		sum += term;
		if (step > 0)
			term *= (u->k - x) * (u->m - x) /
				((x + 1) * (u->n - u->k - u->m + x + 1));
		else
			term *= x * (u->n - u->k - u->m + x) /
				((u->k - x + 1) * (u->m - x + 1));
		x += step;
	}
	return sum;
}

double noise_shares(
    uint64_t k_then, uint64_t n_then, uint64_t k_now, uint64_t n_now)
{
	struct urn u = {.n = (double)n_then + (double)n_now,
	    .k = (double)k_then + (double)k_now,
	    .m = (double)n_now};
	double x = (double)k_now, p;

	if (n_then == 0 || n_now == 0)
		return 1;
	/* away from the middle, where there are few terms */
	p = 2 * urn_tail(&u, x, x * u.n > u.k * u.m ? 1 : -1);
	return p < 1 ? p : 1;
}
