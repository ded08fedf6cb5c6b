/*
 * Frames: what is put comes out whole, what is cut asks for more, and what is
 * damaged is decoded or refused, never believed in part.
 */
#include "fleet/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/util.h"

enum { MAX_BYTES = 64 << 20, MANY_ROWS = 10000 };

/* --- making and comparing ----------------------------------------------- */

static char host[] = "box-1.example";
static char version[] = "0.1.0";

static void put_greeting(struct buf *b)
{
	const struct greeting g = {
	    .pid = 4711, .host = host, .version = version};

	wire_put_greeting(b, &g);
}

static void record(struct table *t, struct rng *rng, const char *name)
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

/* Numbers in every field, samples in so many rows. */
static void make_snapshot(struct snapshot *s, unsigned rows, unsigned each)
{
	struct rng rng;

	rng_init(&rng, 7, rows);
	memset(s, 0, sizeof(*s));
	s->grid = 12;
	s->until_us = 36000000;
	s->users = 1000;
	s->jobs = 3;
	s->cpu_us = 2900000;
	s->busy_us = 3000000;
	s->books = (struct books) {.started = 11,
	    .passed = 7,
	    .failed = 3,
	    .interrupted = 1,
	    .resent = 2,
	    .connections = 5,
	    .tasks = 9};
	for (uint64_t us = 0; us < 3000; us += 37)
		hist_record(&s->lateness, us);
	hist_record(&s->lateness, UINT64_MAX);
	for (unsigned i = 0; i < rows; i++) {
		char name[32];

		snprintf(name, sizeof(name), "/things/%u", i);
		for (unsigned k = 0; k < each; k++)
			record(&s->table, &rng, name);
	}
}

static void assert_hists_equal(const struct hist *a, const struct hist *b)
{
	assert_true(a->count == b->count && a->sum_us == b->sum_us);
	assert_true(a->min_us == b->min_us && a->max_us == b->max_us);
	assert_true(a->clamped == b->clamped);
	assert_int_equal(a->n_blocks, b->n_blocks);
	if (a->n_blocks > 0)
		assert_memory_equal(
		    a->blocks, b->blocks, a->n_blocks * sizeof(*a->blocks));
}

static void assert_rows_equal(const struct table *a, const struct table *b)
{
	size_t n_a, n_b;
	struct row **rows_a = table_sorted_rows(a, &n_a);
	struct row **rows_b = table_sorted_rows(b, &n_b);

	assert_int_equal(n_a, n_b);
	for (size_t i = 0; i < n_a; i++) {
		assert_string_equal(rows_a[i]->type, rows_b[i]->type);
		assert_string_equal(rows_a[i]->name, rows_b[i]->name);
		assert_true(rows_a[i]->requests == rows_b[i]->requests);
		assert_true(rows_a[i]->failures == rows_b[i]->failures);
		assert_true(rows_a[i]->body_bytes == rows_b[i]->body_bytes);
		assert_hists_equal(&rows_a[i]->response, &rows_b[i]->response);
		for (size_t k = 0; k < PHASES; k++)
			assert_hists_equal(
			    &rows_a[i]->phases[k], &rows_b[i]->phases[k]);
	}
	free(rows_a);
	free(rows_b);
}

static void assert_tables_equal(const struct table *a, const struct table *b)
{
	size_t n_a, n_b;
	struct failure **fa = table_sorted_failures(a, &n_a);
	struct failure **fb = table_sorted_failures(b, &n_b);

	assert_rows_equal(a, b);
	assert_int_equal(n_a, n_b);
	for (size_t i = 0; i < n_a; i++) {
		assert_string_equal(fa[i]->type, fb[i]->type);
		assert_string_equal(fa[i]->name, fb[i]->name);
		assert_string_equal(fa[i]->text, fb[i]->text);
		assert_true(fa[i]->count == fb[i]->count);
		assert_true(fa[i]->first_wall_us == fb[i]->first_wall_us);
		assert_true(fa[i]->last_wall_us == fb[i]->last_wall_us);
	}
	free(fa);
	free(fb);
}

static void assert_frame(const struct buf *b, enum message_type expected)
{
	enum message_type type;
	const char *why = "";
	size_t n;

	assert_int_equal(wire_peek(b, &type, &n, &why), WIRE_OK);
	assert_int_equal(type, expected);
	assert_in_range(n, 0, buf_len(b) - WIRE_HEADER_BYTES);
}

/* Takes whatever stands at the front; whether it was a message. */
static bool take_any(struct buf *b, enum message_type type)
{
	const char *why = NULL;
	struct greeting g;
	struct start start;
	struct snapshot s;
	struct final f;
	enum command command;
	bool is_good = false;

	switch (type) {
	case MESSAGE_GREETING:
		is_good = wire_get_greeting(b, &g, &why);
		greeting_clear(&g);
		break;
	case MESSAGE_START:
		is_good = wire_get_start(b, &start, &why);
		break;
	case MESSAGE_COMMAND:
		is_good = wire_get_command(b, &command, &why);
		break;
	case MESSAGE_SNAPSHOT:
		is_good = wire_get_snapshot(b, &s, &why);
		snapshot_clear(&s);
		break;
	case MESSAGE_FINAL:
		is_good = wire_get_final(b, &f, &why);
		break;
	}
	assert_true(is_good || why);
	return is_good;
}

/* One frame of each type, each in a buffer of its own. */
enum { FRAMES = 5 };

static void make_frames(struct buf frames[FRAMES])
{
	const struct start start = {1, 2, 250000, 99};
	const struct final final = {.books = {.started = 5, .passed = 5}};
	struct snapshot s;
	uint64_t sequence = 0;

	for (size_t i = 0; i < FRAMES; i++)
		buf_init(&frames[i], MAX_BYTES);
	put_greeting(&frames[0]);
	wire_put_start(&frames[1], &start);
	wire_put_command(&frames[2], COMMAND_LEAVE);
	make_snapshot(&s, 2, 3);
	wire_put_snapshot(&frames[3], &s, &sequence);
	snapshot_clear(&s);
	wire_put_final(&frames[4], &final);
}

static void clear_frames(struct buf frames[FRAMES])
{
	for (size_t i = 0; i < FRAMES; i++)
		buf_clear(&frames[i]);
}

/* --- round trips -------------------------------------------------------- */

static void a_greeting_comes_out_as_it_went_in(void **state)
{
	const char *why = "";
	struct greeting g;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	put_greeting(&b);
	assert_frame(&b, MESSAGE_GREETING);
	assert_true(wire_get_greeting(&b, &g, &why));
	assert_int_equal(g.wire_version, WIRE_VERSION);
	assert_int_equal(g.pid, 4711);
	assert_string_equal(g.host, host);
	assert_string_equal(g.version, version);
	assert_int_equal(buf_len(&b), 0);
	greeting_clear(&g);
	buf_clear(&b);
}

static void a_start_comes_out_as_it_went_in(void **state)
{
	const struct start in = {3, 4, UINT64_MAX, UINT64_C(1) << 63};
	const char *why = "";
	struct start out;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	wire_put_start(&b, &in);
	assert_frame(&b, MESSAGE_START);
	assert_true(wire_get_start(&b, &out, &why));
	assert_int_equal(out.worker, 3);
	assert_int_equal(out.workers, 4);
	assert_true(out.delay_us == in.delay_us && out.seed == in.seed);
	buf_clear(&b);
}

static void every_command_comes_out_as_it_went_in(void **state)
{
	const char *why = "";
	enum command command;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	for (unsigned i = 0; i < COMMANDS; i++)
		wire_put_command(&b, (enum command)i);
	assert_frame(&b, MESSAGE_COMMAND);
	for (unsigned i = 0; i < COMMANDS; i++) {
		assert_true(wire_get_command(&b, &command, &why));
		assert_int_equal(command, i);
	}
	buf_clear(&b);
}

static void a_final_comes_out_as_it_went_in(void **state)
{
	const struct final in = {
	    .books = {1, 2, 3, 4, 5, 6, UINT64_MAX}, .snapshots = 77};
	const char *why = "";
	struct final out;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	wire_put_final(&b, &in);
	assert_frame(&b, MESSAGE_FINAL);
	assert_true(wire_get_final(&b, &out, &why));
	assert_true(books_equal(&in.books, &out.books));
	assert_int_equal(out.snapshots, 77);
	buf_clear(&b);
}

static void a_snapshot_comes_out_as_it_went_in(void **state)
{
	const char *why = "";
	struct snapshot in, out;
	uint64_t sequence = 41;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	make_snapshot(&in, 3, 200);
	wire_put_snapshot(&b, &in, &sequence);
	assert_int_equal(sequence, 42);
	assert_frame(&b, MESSAGE_SNAPSHOT);
	assert_true(wire_get_snapshot(&b, &out, &why));
	assert_true(out.is_last_part);
	assert_int_equal(out.sequence, 42);
	assert_int_equal(out.grid, in.grid);
	assert_int_equal(out.until_us, in.until_us);
	assert_int_equal(out.users, in.users);
	assert_int_equal(out.jobs, in.jobs);
	assert_int_equal(out.cpu_us, in.cpu_us);
	assert_int_equal(out.busy_us, in.busy_us);
	assert_true(books_equal(&in.books, &out.books));
	assert_hists_equal(&in.lateness, &out.lateness);
	assert_tables_equal(&in.table, &out.table);
	assert_int_equal(buf_len(&b), 0);
	snapshot_clear(&in);
	snapshot_clear(&out);
	buf_clear(&b);
}

static void rows_without_requests_are_not_sent(void **state)
{
	const char *why = "";
	struct snapshot in, out;
	uint64_t sequence = 0;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	make_snapshot(&in, 3, 2);
	table_reset(&in.table);
	wire_put_snapshot(&b, &in, &sequence);
	assert_frame(&b, MESSAGE_SNAPSHOT);
	assert_true(wire_get_snapshot(&b, &out, &why));
	assert_int_equal(out.table.n_rows, 0);
	snapshot_clear(&in);
	snapshot_clear(&out);
	buf_clear(&b);
}

/* --- parts -------------------------------------------------------------- */

static void the_parts_of_many_rows_merge_to_the_whole(void **state)
{
	struct snapshot in;
	struct table sum = {0};
	struct books books = {0};
	struct hist lateness = {0};
	uint64_t sequence = 5, next = 5, cpu_us = 0;
	bool is_last = false;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	make_snapshot(&in, MANY_ROWS, 3);
	wire_put_snapshot(&b, &in, &sequence);
	assert_false(b.full);
	while (buf_len(&b) > 0) {
		const char *why = "";
		struct snapshot part;

		assert_false(is_last);
		assert_frame(&b, MESSAGE_SNAPSHOT);
		assert_true(wire_get_snapshot(&b, &part, &why));
		assert_int_equal(part.sequence, ++next);
		assert_int_equal(part.grid, in.grid);
		is_last = part.is_last_part;
		table_merge(&sum, &part.table);
		books_add(&books, &part.books);
		hist_merge(&lateness, &part.lateness);
		cpu_us += part.cpu_us;
		snapshot_clear(&part);
	}
	assert_true(is_last);
	assert_true(next > 6);
	assert_int_equal(next, sequence);
	assert_int_equal(cpu_us, in.cpu_us);
	assert_true(books_equal(&books, &in.books));
	assert_hists_equal(&lateness, &in.lateness);
	assert_tables_equal(&sum, &in.table);
	table_clear(&sum);
	hist_clear(&lateness);
	snapshot_clear(&in);
	buf_clear(&b);
}

static void a_table_with_more_names_than_fit_travels_whole(void **state)
{
	const char *why = "";
	struct snapshot in = {0};
	struct table sum = {0};
	uint64_t sequence = 0;
	struct rng rng;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	rng_init(&rng, 1, 1);
	for (unsigned i = 0; i < TABLE_MAX_ROWS + 100; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%u", i);
		record(&in.table, &rng, name);
	}
	wire_put_snapshot(&b, &in, &sequence);
	while (buf_len(&b) > 0) {
		struct snapshot part;

		assert_true(wire_get_snapshot(&b, &part, &why));
		table_merge(&sum, &part.table);
		snapshot_clear(&part);
	}
	assert_tables_equal(&sum, &in.table);
	table_clear(&sum);
	snapshot_clear(&in);
	buf_clear(&b);
}

/* Every bucket used in every histogram, names as long as they may be. */
static void the_largest_possible_row_fits_into_a_frame(void **state)
{
	const char *why = "";
	struct snapshot in = {0}, out;
	char *name = xcalloc(WIRE_MAX_TEXT + 1, 1);
	uint64_t sequence = 0;
	struct buf b;
	struct row *row;

	(void)state;
	memset(name, 'x', WIRE_MAX_TEXT);
	buf_init(&b, MAX_BYTES);
	row = table_row(&in.table, name, name);
	for (uint32_t i = 0; i <= hist_bucket(HIST_MAX_US); i++) {
		struct sample s = {.phases = (1U << PHASES) - 1};

		s.response_us = hist_bucket_us(i);
		for (size_t k = 0; k < PHASES; k++)
			s.phase_us[k] = s.response_us;
		hist_record(&in.lateness, s.response_us);
		table_record(&in.table, row, &s);
	}
	wire_put_snapshot(&b, &in, &sequence);
	assert_int_equal(sequence, 1);
	assert_frame(&b, MESSAGE_SNAPSHOT);
	assert_true(wire_get_snapshot(&b, &out, &why));
	assert_tables_equal(&in.table, &out.table);
	assert_hists_equal(&in.lateness, &out.lateness);
	snapshot_clear(&in);
	snapshot_clear(&out);
	free(name);
	buf_clear(&b);
}

static void a_snapshot_that_does_not_fit_leaves_everything_as_it_was(
    void **state)
{
	struct snapshot in;
	uint64_t sequence = 9;
	size_t before;
	struct buf b;

	(void)state;
	/* room for some of its parts, not for all */
	buf_init(&b, 2 * WIRE_PART_BYTES);
	make_snapshot(&in, MANY_ROWS, 3);
	put_greeting(&b);
	before = buf_len(&b);
	wire_put_snapshot(&b, &in, &sequence);
	assert_true(b.full);
	assert_int_equal(sequence, 9);
	assert_int_equal(buf_len(&b), before);
	assert_frame(&b, MESSAGE_GREETING);
	b.full = false;
	table_reset(&in.table);
	wire_put_snapshot(&b, &in, &sequence);
	assert_false(b.full);
	assert_int_equal(sequence, 10);
	snapshot_clear(&in);
	buf_clear(&b);
}

static void a_long_text_is_cut_between_two_characters(void **state)
{
	const char *why = "";
	char *name = xcalloc(2 * WIRE_MAX_TEXT + 1, 1);
	struct greeting in = {.host = name, .version = version};
	struct greeting out;
	struct buf b;

	(void)state;
	name[0] = 'x';
	for (size_t i = 1; i + 1 < 2 * WIRE_MAX_TEXT; i += 2)
		memcpy(name + i, "\xc3\xbc", 2);
	buf_init(&b, MAX_BYTES);
	wire_put_greeting(&b, &in);
	assert_frame(&b, MESSAGE_GREETING);
	assert_true(wire_get_greeting(&b, &out, &why));
	assert_int_equal(strlen(out.host), WIRE_MAX_TEXT - 1);
	assert_memory_equal(out.host, name, WIRE_MAX_TEXT - 1);
	greeting_clear(&out);
	free(name);
	buf_clear(&b);
}

static void rows_whose_names_are_the_same_when_cut_are_added_up(void **state)
{
	const char *why = "";
	char *name = xcalloc(WIRE_MAX_TEXT + 3, 1);
	struct snapshot in = {0}, out;
	uint64_t sequence = 0;
	struct rng rng;
	struct buf b;

	(void)state;
	rng_init(&rng, 1, 1);
	memset(name, 'x', WIRE_MAX_TEXT);
	for (char c = 'a'; c < 'e'; c++) {
		name[WIRE_MAX_TEXT] = c;
		record(&in.table, &rng, name);
	}
	buf_init(&b, MAX_BYTES);
	wire_put_snapshot(&b, &in, &sequence);
	assert_true(wire_get_snapshot(&b, &out, &why));
	assert_int_equal(out.table.n_rows, 1);
	assert_int_equal(out.table.rows[0]->requests, 4);
	snapshot_clear(&in);
	snapshot_clear(&out);
	free(name);
	buf_clear(&b);
}

/* --- what arrives otherwise --------------------------------------------- */

static void every_truncation_of_every_frame_asks_for_more(void **state)
{
	struct buf frames[FRAMES];

	(void)state;
	make_frames(frames);
	for (size_t i = 0; i < FRAMES; i++) {
		for (size_t n = 0; n < buf_len(&frames[i]); n++) {
			enum message_type type;
			const char *why;
			struct buf part;
			size_t bytes;

			/* a piece of its own, so that ASan sees its end */
			buf_init(&part, MAX_BYTES);
			buf_put(&part, buf_bytes(&frames[i]), n);
			assert_int_equal(
			    wire_peek(&part, &type, &bytes, &why), WIRE_MORE);
			buf_clear(&part);
		}
	}
	clear_frames(frames);
}

/* The payload is cut, and the header says so: nothing is missing, but the
 * message is none. */
static void every_shortened_payload_is_refused(void **state)
{
	struct buf frames[FRAMES];

	(void)state;
	make_frames(frames);
	for (size_t i = 0; i < FRAMES; i++) {
		size_t whole = buf_len(&frames[i]) - WIRE_HEADER_BYTES;

		for (size_t n = 0; n < whole; n++) {
			const uint8_t *bytes = buf_bytes(&frames[i]);
			struct buf b;

			buf_init(&b, MAX_BYTES);
			buf_put_u32(&b, (uint32_t)n);
			buf_put(&b, bytes + 4, 1 + n);
			assert_false(take_any(&b, bytes[4]));
			buf_clear(&b);
		}
	}
	clear_frames(frames);
}

static void bytes_left_over_are_refused(void **state)
{
	struct buf frames[FRAMES];

	(void)state;
	make_frames(frames);
	for (size_t i = 0; i < FRAMES; i++) {
		uint8_t type = buf_bytes(&frames[i])[4];

		buf_put_u8(&frames[i], 0);
		frames[i].data[0]++;
		assert_false(take_any(&frames[i], type));
	}
	clear_frames(frames);
}

static void every_flipped_bit_is_decoded_or_refused(void **state)
{
	struct buf frames[FRAMES];

	(void)state;
	make_frames(frames);
	for (size_t i = 0; i < FRAMES; i++) {
		for (size_t bit = 0; bit < 8 * buf_len(&frames[i]); bit++) {
			enum message_type type;
			const char *why = NULL;
			enum wire_result found;
			struct buf b;
			size_t n;

			buf_init(&b, MAX_BYTES);
			buf_put(&b, buf_bytes(&frames[i]), buf_len(&frames[i]));
			b.data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
			found = wire_peek(&b, &type, &n, &why);
			if (found == WIRE_OK)
				take_any(&b, type);
			assert_true(found != WIRE_BAD || why);
			buf_clear(&b);
		}
	}
	clear_frames(frames);
}

static void assert_bad(const void *bytes, size_t n, const char *expected)
{
	enum message_type type;
	const char *why = "";
	struct buf b;
	size_t payload;

	buf_init(&b, MAX_BYTES);
	buf_put(&b, bytes, n);
	assert_int_equal(wire_peek(&b, &type, &payload, &why), WIRE_BAD);
	assert_non_null(strstr(why, expected));
	buf_clear(&b);
}

static void what_a_login_shell_prints_is_no_frame(void **state)
{
	(void)state;
	assert_bad("Welcome to box-1!\n", 18, "something else writes there");
	assert_bad("stty", 4, "not a message of loadgen");
}

static void a_frame_above_the_maximum_is_refused_by_its_length_alone(
    void **state)
{
	static const uint8_t just_above[] = {1, 0, 0x40, 0};

	(void)state;
	assert_bad(just_above, 4, "not a message of loadgen");
}

static void an_unknown_type_is_refused(void **state)
{
	(void)state;
	assert_bad("\1\0\0\0\0", 5, "unknown type");
	assert_bad("\1\0\0\0\6", 5, "unknown type");
	assert_bad("\1\0\0\0\377", 5, "unknown type");
}

static void a_length_that_its_type_cannot_have_is_refused(void **state)
{
	(void)state;
	assert_bad("\2\0\0\0\3", 5, "impossible length");
	assert_bad("\0\0\0\0\3", 5, "impossible length");
	assert_bad("\7\0\0\0\1", 5, "impossible length");
}

static void a_greeting_without_our_magic_is_refused(void **state)
{
	(void)state;
	assert_bad("\20\0\0\0\1HELO", 9, "greeting, but not of loadgen");
}

static void another_version_is_refused_and_told(void **state)
{
	const char *why = "";
	struct greeting g;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	put_greeting(&b);
	b.data[WIRE_HEADER_BYTES + 4] = 7;
	assert_frame(&b, MESSAGE_GREETING);
	assert_false(wire_get_greeting(&b, &g, &why));
	assert_int_equal(g.wire_version, 7);
	assert_null(g.host);
	assert_non_null(strstr(why, "another version"));
	greeting_clear(&g);
	buf_clear(&b);
}

static void a_start_for_a_worker_beyond_the_last_is_refused(void **state)
{
	const struct start start = {.worker = 2, .workers = 2};
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	wire_put_start(&b, &start);
	assert_false(take_any(&b, MESSAGE_START));
	buf_clear(&b);
}

/* --- histograms that lie ------------------------------------------------ */

/* Whether a snapshot with this as its lateness is believed. */
static bool is_believed(const struct hist *h)
{
	struct snapshot in = {.lateness = *h};
	uint64_t sequence = 0;
	struct buf b;
	bool is_good;

	buf_init(&b, MAX_BYTES);
	wire_put_snapshot(&b, &in, &sequence);
	is_good = take_any(&b, MESSAGE_SNAPSHOT);
	buf_clear(&b);
	return is_good;
}

static void a_histogram_is_refused_when_its_numbers_contradict_its_buckets(
    void **state)
{
	struct hist h = {0};
	struct hist lie;

	(void)state;
	hist_record(&h, 100);
	hist_record(&h, 200);
	hist_record(&h, 200);
	assert_true(is_believed(&h));
#define ASSERT_LIE(field, value)                 \
	do {                                     \
		lie = h;                         \
		lie.field = (value);             \
		assert_false(is_believed(&lie)); \
	} while (0)
	ASSERT_LIE(count, 2);
	ASSERT_LIE(count, 4);
	ASSERT_LIE(count, UINT64_MAX);
	ASSERT_LIE(sum_us, 299);
	ASSERT_LIE(sum_us, 601);
	ASSERT_LIE(sum_us, UINT64_MAX);
	ASSERT_LIE(min_us, 99);
	ASSERT_LIE(min_us, 201);
	ASSERT_LIE(max_us, 99);
	ASSERT_LIE(max_us, UINT64_MAX);
	ASSERT_LIE(clamped, 4);
#undef ASSERT_LIE
	hist_clear(&h);
}

static void counts_that_wrap_to_the_right_sum_are_refused(void **state)
{
	struct hist h = {0};

	(void)state;
	hist_add_bucket(&h, 1, UINT64_MAX);
	hist_add_bucket(&h, 2, 3);
	h.count = 2;
	h.min_us = 1;
	h.max_us = 2;
	h.sum_us = 3;
	assert_false(is_believed(&h));
	hist_clear(&h);
}

static void buckets_out_of_order_are_refused(void **state)
{
	struct hist h = {0};
	struct hist_block swap;

	(void)state;
	hist_record(&h, 1);
	hist_record(&h, 100);
	assert_int_equal(h.n_blocks, 2);
	swap = h.blocks[0];
	h.blocks[0] = h.blocks[1];
	h.blocks[1] = swap;
	assert_false(is_believed(&h));
	hist_clear(&h);
}

static void a_row_is_refused_when_its_counts_contradict_each_other(void **state)
{
	struct snapshot in;
	uint64_t sequence = 0;
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	make_snapshot(&in, 1, 5);
	in.table.rows[0]->requests = 6;
	wire_put_snapshot(&b, &in, &sequence);
	assert_false(take_any(&b, MESSAGE_SNAPSHOT));
	in.table.rows[0]->requests = 5;
	in.table.rows[0]->failures = 6;
	wire_put_snapshot(&b, &in, &sequence);
	assert_false(take_any(&b, MESSAGE_SNAPSHOT));
	assert_int_equal(buf_len(&b), 0);
	snapshot_clear(&in);
	buf_clear(&b);
}

static void a_count_of_rows_above_the_maximum_is_refused(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, MAX_BYTES);
	buf_put_u32(&b, 3 * 8 + 4 + 1000000);
	buf_put_u8(&b, MESSAGE_SNAPSHOT);
	for (int i = 0; i < 3; i++)
		buf_put_u64(&b, 1);
	buf_put_u32(&b, TABLE_MAX_ROWS + 2);
	for (int i = 0; i < 1000000; i++)
		buf_put_u8(&b, 0);
	assert_false(take_any(&b, MESSAGE_SNAPSHOT));
	buf_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_greeting_comes_out_as_it_went_in),
	    cmocka_unit_test(a_start_comes_out_as_it_went_in),
	    cmocka_unit_test(every_command_comes_out_as_it_went_in),
	    cmocka_unit_test(a_final_comes_out_as_it_went_in),
	    cmocka_unit_test(a_snapshot_comes_out_as_it_went_in),
	    cmocka_unit_test(rows_without_requests_are_not_sent),
	    cmocka_unit_test(the_parts_of_many_rows_merge_to_the_whole),
	    cmocka_unit_test(a_table_with_more_names_than_fit_travels_whole),
	    cmocka_unit_test(the_largest_possible_row_fits_into_a_frame),
	    cmocka_unit_test(
		a_snapshot_that_does_not_fit_leaves_everything_as_it_was),
	    cmocka_unit_test(a_long_text_is_cut_between_two_characters),
	    cmocka_unit_test(
		rows_whose_names_are_the_same_when_cut_are_added_up),
	    cmocka_unit_test(every_truncation_of_every_frame_asks_for_more),
	    cmocka_unit_test(every_shortened_payload_is_refused),
	    cmocka_unit_test(bytes_left_over_are_refused),
	    cmocka_unit_test(every_flipped_bit_is_decoded_or_refused),
	    cmocka_unit_test(what_a_login_shell_prints_is_no_frame),
	    cmocka_unit_test(
		a_frame_above_the_maximum_is_refused_by_its_length_alone),
	    cmocka_unit_test(an_unknown_type_is_refused),
	    cmocka_unit_test(a_length_that_its_type_cannot_have_is_refused),
	    cmocka_unit_test(a_greeting_without_our_magic_is_refused),
	    cmocka_unit_test(another_version_is_refused_and_told),
	    cmocka_unit_test(a_start_for_a_worker_beyond_the_last_is_refused),
	    cmocka_unit_test(
		a_histogram_is_refused_when_its_numbers_contradict_its_buckets),
	    cmocka_unit_test(counts_that_wrap_to_the_right_sum_are_refused),
	    cmocka_unit_test(buckets_out_of_order_are_refused),
	    cmocka_unit_test(
		a_row_is_refused_when_its_counts_contradict_each_other),
	    cmocka_unit_test(a_count_of_rows_above_the_maximum_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
