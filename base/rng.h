/*
 * Random numbers from a state of eight bytes, so that each user has its own.
 * Source of the method: splitmix64 (Steele, Lea, Flood, "Fast splittable
 * pseudorandom number generators", 2014); bounded numbers without bias after
 * Lemire, "Fast random integer generation in an interval", 2019.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;
};

/* A stream for number `stream` of the run with this seed. The same pair gives
 * the same numbers, on every machine. */
void rng_init(struct rng *rng, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *rng);
/* Uniform in 0..n-1; 0 when n is 0. */
uint64_t rng_below(struct rng *rng, uint64_t n);
/* Uniform in [0, 1). */
double rng_unit(struct rng *rng);
/* A seed that differs from run to run. */
uint64_t rng_fresh_seed(void);

#endif
