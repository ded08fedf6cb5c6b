/*
 * Whether two sets of samples differ by more than chance would have it. All
 * that is asked of them is how many there are in each bucket, or how many of
 * how many. It knows no runs, no rows and no reports.
 */
#ifndef REPORT_NOISE_H
#define REPORT_NOISE_H

#include <stdint.h>

#include "stats.h"

/*
 * What two histograms say of each other, by the test of Mann and Whitney (1947;
 * the same as Wilcoxon's rank sum): all samples are put in order, and it is
 * counted how often one of the one stands behind one of the other. What is in
 * one bucket counts as equal, and the variance is corrected for such ties. With
 * some 30 samples on each side the normal distribution is near enough.
 */
struct noise_shift {
	/* How likely a sample of now is greater than one of then, equal ones by
	 * half: 0.5 where there is no difference. */
	double effect;
	/* How likely chance alone makes a difference as large as this, in
	 * either direction; 1 where either is empty. */
	double p;
};

struct noise_shift noise_shift(const struct hist *then, const struct hist *now);

/* How likely chance alone makes two shares differ as much as these, in either
 * direction: Fisher's exact test, twice its smaller side. k of n each, k at
 * most n, n at most 10^13. 1 where either is empty. */
double noise_shares(
    uint64_t k_then, uint64_t n_then, uint64_t k_now, uint64_t n_now);

#endif
