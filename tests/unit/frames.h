/*
 * Messages for the tests of the wire: one that greets, snapshots as large as
 * asked, and what stands at the front of a buffer.
 */
#ifndef TESTS_UNIT_FRAMES_H
#define TESTS_UNIT_FRAMES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/util.h"
#include "fleet/wire.h"

enum { MAX_BYTES = 64 << 20 };

static char host[] = "box-1.example";
static char version[] = "0.1.0";

static inline void put_greeting(struct buf *b)
{
	const struct greeting g = {
	    .pid = 4711, .host = host, .version = version};

	wire_put_greeting(b, &g);
}

static inline void record(struct table *t, struct rng *rng, const char *name)
{
	struct sample s = {
	    .response_us = rng_below(rng, 2000000),
	    .phases = (unsigned)rng_below(rng, 1U << PHASES),
	    .body_bytes = rng_below(rng, 5000),
	    .wall_us = 1 + rng_below(rng, 1000),
	    .failure = rng_below(rng, 4) == 0 ? "status: got 500" : NULL,
	};

	for (size_t i = 0; i < PHASES; i++)
		s.phase_us[i] = rng_below(rng, 100000);
	table_record(t, table_row(t, "GET", name), &s);
}

/* What a worker was busy with, with a number in every field. */
static inline void make_count(struct worker_count *c, uint32_t worker)
{
	*c = (struct worker_count) {.worker = worker,
	    .users = 1000 + worker,
	    .most_users = 1200 + worker,
	    .jobs = 3,
	    .cpu_us = 2900000 + worker,
	    .busy_us = 3000000,
	    .books = {.started = 11,
		.passed = 7,
		.failed = 3,
		.interrupted = 1,
		.redirects = 4,
		.resent = 2,
		.connections = 5,
		.tasks = 9 + worker}};
	for (uint64_t us = worker % 37; us < 3000; us += 37)
		hist_record(&c->lateness, us);
	hist_record(&c->lateness, UINT64_MAX);
}

static inline void add_counts(struct snapshot *s, uint32_t n)
{
	s->counts = xcalloc(n, sizeof(*s->counts));
	for (s->n_counts = 0; s->n_counts < n; s->n_counts++)
		make_count(&s->counts[s->n_counts], (uint32_t)s->n_counts);
}

/* Numbers in every field, samples in so many rows, one worker. */
static inline void make_snapshot(
    struct snapshot *s, unsigned rows, unsigned each)
{
	struct rng rng;

	rng_init(&rng, 7, rows);
	memset(s, 0, sizeof(*s));
	s->grid = 12;
	s->until_us = 36000000;
	s->stage = 2;
	add_counts(s, 1);
	for (uint64_t us = 0; us < 5000; us += 41)
		hist_record(&s->lag, us);
	for (unsigned i = 0; i < rows; i++) {
		char name[32];

		snprintf(name, sizeof(name), "/things/%u", i);
		for (unsigned k = 0; k < each; k++)
			record(&s->table, &rng, name);
	}
}

static inline void assert_frame(const struct buf *b, enum message_type expected)
{
	enum message_type type;
	const char *why = "";
	size_t n;

	assert_int_equal(wire_peek(b, &type, &n, &why), WIRE_OK);
	assert_int_equal(type, expected);
	assert_in_range(n, 0, buf_len(b) - WIRE_HEADER_BYTES);
}

#endif
