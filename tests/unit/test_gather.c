/*
 * Gathering: in whatever pieces and order workers report, and whenever it is
 * passed on, the same comes out.
 */
#include "gather.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/util.h"
#include "tests/unit/frames.h"
#include "tests/unit/sameness.h"

enum { WORKERS = 7, STAGES = 4, ROUNDS = 40 };

/* What there is in all, added up without gathering. */
struct sum {
	struct table tables[STAGES];
	struct worker_count counts[2][WORKERS]; /* of the warm-up; the rest */
	struct hist lag[2];
	uint64_t snapshots;
	uint64_t last_parts;
};

static void sum_clear(struct sum *sum)
{
	for (size_t i = 0; i < STAGES; i++)
		table_clear(&sum->tables[i]);
	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; k < WORKERS; k++)
			hist_clear(&sum->counts[i][k].lateness);
		hist_clear(&sum->lag[i]);
	}
}

static void sum_add(
    struct sum *sum, const struct snapshot *s, uint32_t first_worker)
{
	bool is_rest = s->stage > 0;

	assert_in_range(s->stage, 0, STAGES - 1);
	table_merge(&sum->tables[s->stage], &s->table);
	hist_merge(&sum->lag[is_rest], &s->lag);
	for (size_t i = 0; i < s->n_counts; i++) {
		const struct worker_count *from = &s->counts[i];
		struct worker_count *to;

		assert_in_range(first_worker + from->worker, 0, WORKERS - 1);
		to = &sum->counts[is_rest][first_worker + from->worker];
		to->users = from->users;
		to->jobs = from->jobs;
		to->cpu_us += from->cpu_us;
		to->busy_us += from->busy_us;
		if (from->most_users > to->most_users)
			to->most_users = from->most_users;
		books_add(&to->books, &from->books);
		hist_merge(&to->lateness, &from->lateness);
	}
}

static void assert_sums_equal(const struct sum *a, const struct sum *b)
{
	for (size_t i = 0; i < STAGES; i++)
		assert_tables_equal(&a->tables[i], &b->tables[i]);
	for (size_t i = 0; i < 2; i++) {
		assert_hists_equal(&a->lag[i], &b->lag[i]);
		for (size_t k = 0; k < WORKERS; k++) {
			const struct worker_count *x = &a->counts[i][k];
			const struct worker_count *y = &b->counts[i][k];

			assert_int_equal(x->users, y->users);
			assert_int_equal(x->most_users, y->most_users);
			assert_int_equal(x->jobs, y->jobs);
			assert_true(x->cpu_us == y->cpu_us);
			assert_true(x->busy_us == y->busy_us);
			assert_true(books_equal(&x->books, &y->books));
			assert_hists_equal(&x->lateness, &y->lateness);
		}
	}
}

/* What one worker has counted in one stage, among so many names. */
static void make_delta(
    struct snapshot *s, struct rng *rng, uint32_t worker, uint32_t stage)
{
	bool is_part = worker == 0 && rng_below(rng, 3) == 0;

	*s = (struct snapshot) {.stage = stage, .until_us = rng_below(rng, 99)};
	s->counts = xcalloc(1, sizeof(*s->counts));
	s->n_counts = 1;
	make_count(&s->counts[0], worker);
	/* a part of one may come without them */
	if (is_part) {
		hist_clear(&s->counts[0].lateness);
		s->n_counts = 0;
	}
	s->counts[0].users = (uint32_t)rng_below(rng, 100);
	s->counts[0].most_users = (uint32_t)rng_below(rng, 200);
	for (uint64_t i = rng_below(rng, 5); i > 0; i--) {
		char name[16];

		snprintf(
		    name, sizeof(name), "/%u", (unsigned)rng_below(rng, 9));
		record(&s->table, rng, name);
		hist_record(&s->lag, rng_below(rng, 100000));
	}
}

/* Takes all that was put; each time it ends with a last part, or what is whole
 * is yet to come. */
static void take_all(struct buf *b, struct sum *sum)
{
	const char *why = "";
	struct snapshot s;

	while (buf_len(b) > 0) {
		assert_true(wire_get_snapshot(b, &s, &why));
		assert_int_equal(s.sequence, ++sum->snapshots);
		sum->last_parts += s.is_last_part;
		sum_add(sum, &s, 0);
		snapshot_clear(&s);
	}
}

static void assert_account(const struct gather *g, const struct sum *sum)
{
	struct books books = {0};

	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < WORKERS; k++)
			books_add(&books, &sum->counts[i][k].books);
	assert_true(books_equal(&books, &g->account.books));
	assert_int_equal(g->account.snapshots, sum->snapshots);
}

/* --- any order and any split -------------------------------------------- */

/* As it comes from a fleet. */
static bool add_packed(
    struct gather *g, const struct snapshot *s, uint32_t first)
{
	struct snapshot packed = {0};
	uint64_t sequence = 0;
	const char *why = "";
	struct buf b;
	bool is_good;

	buf_init(&b, MAX_BYTES);
	wire_put_snapshot(&b, s, &sequence);
	assert_true(wire_get_packed_snapshot(&b, &packed, &why));
	assert_int_equal(buf_len(&b), 0);
	is_good = gather_add(g, &packed, first);
	snapshot_clear(&packed);
	buf_clear(&b);
	return is_good;
}

static void play(uint64_t seed)
{
	struct gather g = {.workers = WORKERS};
	struct sum in = {0}, out = {0};
	uint64_t puts = 0;
	struct rng rng;
	struct buf b;

	rng_init(&rng, seed, 1);
	buf_init(&b, MAX_BYTES);
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint32_t worker = (uint32_t)rng_below(&rng, WORKERS);
		uint32_t first = (uint32_t)rng_below(&rng, worker + 1);
		struct snapshot s;

		/* each says which of its own it is */
		make_delta(&s, &rng, worker - first,
		    (uint32_t)rng_below(&rng, STAGES));
		sum_add(&in, &s, first);
		assert_true(add_packed(&g, &s, first));
		snapshot_clear(&s);
		if (rng_below(&rng, 4) > 0)
			continue;
		assert_true(gather_put(&g, &b, round));
		assert_false(gather_has_any(&g));
		take_all(&b, &out);
		assert_int_equal(out.last_parts, ++puts);
		assert_account(&g, &out);
	}
	assert_true(gather_put(&g, &b, ROUNDS));
	take_all(&b, &out);
	assert_sums_equal(&in, &out);
	assert_account(&g, &out);
	sum_clear(&in);
	sum_clear(&out);
	gather_clear(&g);
	buf_clear(&b);
}

static void whatever_the_order_the_same_comes_out(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++)
		play(seed);
}

/* --- what it keeps apart ------------------------------------------------ */

static void the_last_snapshot_of_a_put_ends_it_and_is_not_of_the_warmup(
    void **state)
{
	static const uint32_t stages[] = {0, 2, 1, 0, 3};
	struct gather g = {.workers = WORKERS};
	const char *why = "";
	struct snapshot s;
	struct rng rng;
	struct buf b;
	bool is_last = false;

	(void)state;
	rng_init(&rng, 3, 1);
	buf_init(&b, MAX_BYTES);
	for (uint32_t i = 0; i < ARRAY_LEN(stages); i++) {
		make_delta(&s, &rng, i + 1, stages[i]);
		record(&s.table, &rng, "/x");
		assert_true(add_packed(&g, &s, 0));
		snapshot_clear(&s);
	}
	assert_true(gather_put(&g, &b, 17));
	while (buf_len(&b) > 0) {
		assert_false(is_last);
		assert_true(wire_get_snapshot(&b, &s, &why));
		assert_int_equal(s.grid, 17);
		is_last = s.is_last_part;
		assert_true(!is_last || (s.stage > 0 && s.n_counts == 3));
		assert_true(s.stage > 0 || s.n_counts == 0 || s.n_counts == 2);
		snapshot_clear(&s);
	}
	assert_true(is_last);
	gather_clear(&g);
	buf_clear(&b);
}

/* --- no room ------------------------------------------------------------ */

static void a_put_that_does_not_fit_loses_nothing(void **state)
{
	struct gather g = {.workers = WORKERS};
	struct sum in = {0}, out = {0};
	bool was_refused = false;
	struct rng rng;
	struct buf b;

	(void)state;
	rng_init(&rng, 5, 1);
	/* room for one after the other, but never for all at once */
	buf_init(&b, 3000);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < 2; i++) {
			struct snapshot s;

			make_delta(
			    &s, &rng, i, (uint32_t)rng_below(&rng, STAGES));
			sum_add(&in, &s, 0);
			assert_true(add_packed(&g, &s, 0));
			snapshot_clear(&s);
		}
		was_refused = !gather_put(&g, &b, round) || was_refused;
		assert_false(b.full);
		if (round % 3 == 2)
			take_all(&b, &out);
	}
	while (gather_has_any(&g)) {
		gather_put(&g, &b, ROUNDS);
		take_all(&b, &out);
	}
	assert_true(was_refused);
	take_all(&b, &out);
	assert_sums_equal(&in, &out);
	assert_account(&g, &out);
	sum_clear(&in);
	sum_clear(&out);
	gather_clear(&g);
	buf_clear(&b);
}

/* --- what is not believed ----------------------------------------------- */

static void counts_of_workers_beyond_the_last_are_left_out(void **state)
{
	struct gather g = {.workers = WORKERS};
	struct snapshot s;
	struct rng rng;

	(void)state;
	rng_init(&rng, 5, 1);
	make_delta(&s, &rng, 2, 1);
	record(&s.table, &rng, "/x");
	assert_false(gather_add(&g, &s, WORKERS - 2));
	s.counts[0].worker = UINT32_MAX;
	assert_false(gather_add(&g, &s, 1));
	assert_false(gather_has_any(&g));
	snapshot_clear(&s);
	gather_clear(&g);
}

static void users_are_what_each_worker_said_last(void **state)
{
	struct gather g = {.workers = WORKERS};
	struct row total;
	struct rng rng;

	(void)state;
	rng_init(&rng, 5, 1);
	for (uint32_t i = 0; i < 6; i++) {
		struct snapshot s;

		make_delta(&s, &rng, 1 + i % 3, i < 3 ? 0 : 2);
		s.counts[0].users = i;
		record(&s.table, &rng, "/x");
		table_reset(&s.table);
		record(&s.table, &rng, "/y");
		assert_true(add_packed(&g, &s, 0));
		snapshot_clear(&s);
	}
	assert_int_equal(gather_users(&g), 3 + 4 + 5);
	/* and the warm-up is in no total */
	gather_total(&g, &total);
	assert_int_equal(total.requests, 3);
	row_clear(&total);
	gather_clear(&g);
}

static void users_of_a_warmup_are_users_too(void **state)
{
	static const uint64_t users[] = {10, 10 + 11, 10 + 12};
	struct gather g = {.workers = WORKERS};
	struct rng rng;

	(void)state;
	rng_init(&rng, 5, 2);
	for (uint32_t i = 0; i < 3; i++) {
		struct snapshot s;

		/* worker 1 in the warm-up, worker 2 there and then behind it */
		make_delta(&s, &rng, i == 0 ? 1 : 2, i == 2 ? 1 : 0);
		s.counts[0].users = 10 + i;
		assert_true(add_packed(&g, &s, 0));
		snapshot_clear(&s);
		assert_int_equal(gather_users(&g), users[i]);
	}
	gather_clear(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whatever_the_order_the_same_comes_out),
	    cmocka_unit_test(
		the_last_snapshot_of_a_put_ends_it_and_is_not_of_the_warmup),
	    cmocka_unit_test(a_put_that_does_not_fit_loses_nothing),
	    cmocka_unit_test(counts_of_workers_beyond_the_last_are_left_out),
	    cmocka_unit_test(users_are_what_each_worker_said_last),
	    cmocka_unit_test(users_of_a_warmup_are_users_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
