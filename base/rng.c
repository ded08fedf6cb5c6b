/*
 * Random numbers from eight bytes of state: splitmix64, and bounded numbers
 * without bias. It knows nobody who draws.
 */
#include "base/rng.h"

#include <errno.h>
#include <fcntl.h>
#ifdef __linux__
#include <sys/random.h>
#endif
#include <unistd.h>

#include "base/util.h"

#define GOLDEN_GAMMA UINT64_C(0x9e3779b97f4a7c15)

static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* All streams walk the same circle of states; hashing twice puts them at
 * unrelated places of it, where seed + stream would make neighbours overlap. */
void rng_init(struct rng *rng, uint64_t seed, uint64_t stream)
{
	rng->state = mix(mix(seed + GOLDEN_GAMMA) + stream);
}

uint64_t rng_next(struct rng *rng)
{
	rng->state += GOLDEN_GAMMA;
	return mix(rng->state);
}

/* The upper and lower half of a * b, which C11 has no type for. */
static uint64_t multiply(uint64_t a, uint64_t b, uint64_t *low)
{
	uint64_t a_low = a & UINT32_MAX, a_high = a >> 32;
	uint64_t b_low = b & UINT32_MAX, b_high = b >> 32;
	uint64_t middle = a_high * b_low + (a_low * b_low >> 32);
	uint64_t carry = (middle & UINT32_MAX) + a_low * b_high;

	*low = a * b;
	return a_high * b_high + (middle >> 32) + (carry >> 32);
}

uint64_t rng_below(struct rng *rng, uint64_t n)
{
	uint64_t high, low, unfair;

	if (n == 0)
		return 0;
	high = multiply(rng_next(rng), n, &low);
	if (low >= n)
		return high;
	/* 2^64 mod n: that many of the products would favour some results */
	unfair = (UINT64_MAX - n + 1) % n;
	while (low < unfair)
		high = multiply(rng_next(rng), n, &low);
	return high;
}

double rng_unit(struct rng *rng)
{
	return (double)(rng_next(rng) >> 11) * 0x1.0p-53;
}

#ifdef __linux__
/* It needs no /dev, which an empty root has not. */
static int read_system_seed(uint64_t *seed)
{
	ssize_t got;

	do
		got = getrandom(seed, sizeof(*seed), 0);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(*seed) ? 0 : -1;
}
#else
static int read_system_seed(uint64_t *seed)
{
	ssize_t got;
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	do
		got = read(fd, seed, sizeof(*seed));
	while (got < 0 && errno == EINTR);
	close(fd);
	return got == (ssize_t)sizeof(*seed) ? 0 : -1;
}
#endif

uint64_t rng_fresh_seed(void)
{
	uint64_t seed;

	if (read_system_seed(&seed) == 0)
		return seed;
	/* without the system's help: runs differ in time and process */
	return mix(mix(wall_us()) + clock_us() + (uint64_t)getpid());
}
