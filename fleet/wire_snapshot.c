/*
 * The snapshot of a worker's counts: histograms, rows and failures as bytes,
 * and what may be believed of those that came from elsewhere. It must not know
 * where they travel.
 */
#include "fleet/frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

enum {
	BUCKET_BYTES = 2 + 8,
	HIST_LEAST = 8,
	HIST_MOST = 5 * 8 + 2 + HIST_BUCKETS * BUCKET_BYTES,
	ROW_LEAST = 2 * 4 + 3 * 8 + (1 + PHASES) * HIST_LEAST,
	ROW_MOST = 2 * FRAME_TEXT_MOST + 3 * 8 + (1 + PHASES) * HIST_MOST,
	FAILURE_LEAST = 3 * 4 + 3 * 8,
	FAILURE_MOST = 3 * FRAME_TEXT_MOST + 3 * 8,
	COUNT_LEAST = 4 * 4 + 2 * 8 + FRAME_BOOKS_BYTES + HIST_LEAST,
	COUNT_MOST = COUNT_LEAST - HIST_LEAST + HIST_MOST,
	TAIL_MOST = HIST_MOST
};

/* How a part of a snapshot ends. */
enum part_end {
	PART_MORE = 0,  /* there is more of it */
	PART_ASIDE = 1, /* that was all of it, and it is_aside */
	PART_LAST = 2,
	PART_ENDS
};

/* Of one text: so many that even as many such counts add up without wrapping,
 * and nobody sees as many. */
#define FAILURES_MOST (UINT64_C(1) << 48)

/* Of times that add up in one snapshot, of bytes, and of requests and the like:
 * so many that no honest one has more, and that few enough fit for sums to
 * hold. */
#define TIME_MOST_US  (UINT64_C(1) << 56)
#define BYTES_MOST    (UINT64_C(1) << 56)
#define COUNT_MOST_OF (UINT64_C(1) << 44)

/* A part is closed as soon as it is above WIRE_PART_BYTES: it can exceed that
 * by one row, failure or count, and the tail. */
_Static_assert(FRAME_SNAPSHOT_LEAST + WIRE_PART_BYTES + ROW_MOST +
		       FAILURE_MOST + COUNT_MOST + TAIL_MOST <=
		   WIRE_MAX_FRAME,
    "a part of a snapshot may not fit into a frame");

static void put_block(
    struct buf *b, const struct hist_block *block, uint16_t *n)
{
	for (uint32_t i = 0; i < HIST_BLOCK; i++) {
		if (block->counts[i] == 0)
			continue;
		buf_put_u16(b, (uint16_t)(block->number * HIST_BLOCK + i));
		buf_put_u64(b, block->counts[i]);
		(*n)++;
	}
}

/* An empty one is its count alone. */
static void put_hist(struct buf *b, const struct hist *h)
{
	uint16_t n = 0;
	size_t n_at;

	buf_put_u64(b, h->count);
	if (h->count == 0)
		return;
	buf_put_u64(b, h->sum_us);
	buf_put_u64(b, h->min_us);
	buf_put_u64(b, h->max_us);
	buf_put_u64(b, h->clamped);
	n_at = buf_len(b);
	buf_put_u32(b, 0);
	for (size_t i = 0; i < h->n_blocks; i++)
		put_block(b, &h->blocks[i], &n);
	frame_patch_u32(b, n_at, n);
}

/* Whether the numbers beside the buckets can be those of samples in them. */
static bool hist_is_plausible(
    const struct hist *h, uint32_t first_bucket, uint32_t last_bucket)
{
	uint64_t mean_us = h->sum_us / h->count;
	bool is_rounded = h->sum_us % h->count > 0;

	return h->min_us <= h->max_us && h->max_us <= HIST_MAX_US &&
	       h->sum_us <= TIME_MOST_US &&
	       hist_bucket(h->min_us) == first_bucket &&
	       hist_bucket(h->max_us) == last_bucket &&
	       h->clamped <= h->count && mean_us >= h->min_us &&
	       mean_us + is_rounded <= h->max_us;
}

/* The buckets: each once, in order, none empty, together h->count. */
static bool get_buckets(
    struct buf *r, struct hist *h, uint64_t count, uint32_t n)
{
	uint32_t first = 0;
	uint32_t last = 0;

	if (n == 0 || n > HIST_BUCKETS || n > buf_len(r) / BUCKET_BYTES)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t bucket = buf_get_u16(r);
		uint64_t in_it = buf_get_u64(r);

		if ((i > 0 && bucket <= last) || in_it == 0 ||
		    in_it > count - h->count ||
		    !hist_add_bucket(h, bucket, in_it))
			return false;
		if (i == 0)
			first = bucket;
		last = bucket;
	}
	return h->count == count && hist_is_plausible(h, first, last);
}

static bool get_hist(struct buf *r, struct hist *h, const char **why)
{
	uint64_t count = buf_get_u64(r);
	uint32_t n;

	if (r->short_read || count == 0)
		return true;
	if (count > COUNT_MOST_OF) {
		*why = "more than can be counted";
		return false;
	}
	h->sum_us = buf_get_u64(r);
	h->min_us = buf_get_u64(r);
	h->max_us = buf_get_u64(r);
	h->clamped = buf_get_u64(r);
	n = buf_get_u32(r);
	if (r->short_read || get_buckets(r, h, count, n))
		return true;
	*why = "a histogram that contradicts itself";
	return false;
}

static void put_row(struct buf *b, const struct row *row)
{
	frame_put_text(b, row->type);
	frame_put_text(b, row->name);
	buf_put_u64(b, row->requests);
	buf_put_u64(b, row->failures);
	buf_put_u64(b, row->body_bytes);
	put_hist(b, &row->response);
	for (size_t i = 0; i < PHASES; i++)
		put_hist(b, &row->phases[i]);
}

static bool get_counts(struct buf *r, struct row *row, const char **why)
{
	bool is_good;

	row->requests = buf_get_u64(r);
	row->failures = buf_get_u64(r);
	row->body_bytes = buf_get_u64(r);
	if (!get_hist(r, &row->response, why))
		return false;
	is_good = row->failures <= row->requests &&
		  row->body_bytes <= BYTES_MOST &&
		  row->response.count == row->requests;
	for (size_t i = 0; i < PHASES; i++) {
		if (!get_hist(r, &row->phases[i], why))
			return false;
		is_good = is_good && row->phases[i].count <= row->requests;
	}
	if (!is_good)
		*why = "a row that contradicts itself";
	return is_good || r->short_read;
}

static bool can_add(const struct hist *a, const struct hist *b)
{
	return b->count <= UINT64_MAX - a->count &&
	       b->sum_us <= UINT64_MAX - a->sum_us;
}

/* Names that were cut may have become the same: such rows add up. */
static bool get_row_again(struct buf *r, struct row *row, const char **why)
{
	struct row again = {0};
	bool is_good = get_counts(r, &again, why);
	bool fits = can_add(&row->response, &again.response);

	for (size_t i = 0; i < PHASES; i++)
		fits = fits && can_add(&row->phases[i], &again.phases[i]);
	if (is_good && !fits)
		*why = "more than can be counted";
	if (is_good && fits)
		row_merge(row, &again);
	row_clear(&again);
	return is_good && fits;
}

static bool get_row(struct buf *r, struct table *t, const char **why)
{
	char *type = frame_get_text(r);
	char *name = frame_get_text(r);
	size_t before = t->n_rows;
	struct row *row = type && name ? table_row(t, type, name) : NULL;

	free(type);
	free(name);
	if (!row)
		return true; /* short */
	if (t->n_rows == before)
		return get_row_again(r, row, why);
	return get_counts(r, row, why);
}

static void put_failure(struct buf *b, const struct failure *f)
{
	frame_put_text(b, f->type);
	frame_put_text(b, f->name);
	frame_put_text(b, f->text);
	buf_put_u64(b, f->count);
	buf_put_u64(b, f->first_wall_us);
	buf_put_u64(b, f->last_wall_us);
}

static bool get_failure(struct buf *r, struct table *t, const char **why)
{
	char *type = frame_get_text(r);
	char *name = frame_get_text(r);
	char *text = frame_get_text(r);
	uint64_t count = buf_get_u64(r);
	uint64_t first_wall_us = buf_get_u64(r);
	uint64_t last_wall_us = buf_get_u64(r);
	bool is_good = count > 0 && count <= FAILURES_MOST &&
		       first_wall_us <= last_wall_us;

	if (is_good && !r->short_read)
		table_add_failures(
		    t, type, name, text, count, first_wall_us, last_wall_us);
	if (!is_good)
		*why = "a failure that contradicts itself";
	free(type);
	free(name);
	free(text);
	return is_good || r->short_read;
}

/* --- snapshots ---------------------------------------------------------- */

void snapshot_clear(struct snapshot *s)
{
	for (size_t i = 0; i < s->n_counts; i++)
		hist_clear(&s->counts[i].lateness);
	free(s->counts);
	hist_clear(&s->lag);
	table_clear(&s->table);
	memset(s, 0, sizeof(*s));
}

static void put_count(struct buf *b, const struct worker_count *c)
{
	buf_put_u32(b, c->worker);
	buf_put_u32(b, c->users);
	buf_put_u32(b, c->most_users);
	buf_put_u32(b, c->jobs);
	buf_put_u64(b, c->cpu_us);
	buf_put_u64(b, c->busy_us);
	frame_put_books(b, &c->books);
	put_hist(b, &c->lateness);
}

static bool get_count(struct buf *r, struct worker_count *c, const char **why)
{
	c->worker = buf_get_u32(r);
	c->users = buf_get_u32(r);
	c->most_users = buf_get_u32(r);
	c->jobs = buf_get_u32(r);
	c->cpu_us = buf_get_u64(r);
	c->busy_us = buf_get_u64(r);
	frame_get_books(r, &c->books);
	if (c->worker >= ROSTER_MAX_WORKERS || c->users > WIRE_MAX_USERS ||
	    c->most_users > WIRE_MAX_USERS || c->jobs > WIRE_MAX_USERS ||
	    c->cpu_us > TIME_MOST_US || c->busy_us > TIME_MOST_US ||
	    !books_are_below(&c->books, COUNT_MOST_OF)) {
		*why = "a worker that counts more than it can";
		return r->short_read;
	}
	return get_hist(r, &c->lateness, why);
}

/* A delta on its way: how much of it has been put. */
struct parts {
	const struct snapshot *s;
	size_t rows;
	size_t failures;
	size_t counts;
};

static bool is_part_full(const struct buf *b, size_t at)
{
	return b->full || buf_len(b) - at > WIRE_PART_BYTES;
}

static void put_table_part(struct buf *b, struct parts *p, size_t frame_at)
{
	const struct table *t = &p->s->table;
	size_t n_at = buf_len(b);
	uint32_t n = 0;

	buf_put_u32(b, 0);
	for (; p->rows < t->n_rows && !is_part_full(b, frame_at); p->rows++) {
		/* a row that was not used since the last snapshot */
		if (t->rows[p->rows]->requests == 0)
			continue;
		put_row(b, t->rows[p->rows]);
		n++;
	}
	frame_patch_u32(b, n_at, n);
	n = 0;
	n_at = buf_len(b);
	buf_put_u32(b, 0);
	while (p->failures < t->n_failures && !is_part_full(b, frame_at)) {
		put_failure(b, t->failures[p->failures++]);
		n++;
	}
	frame_patch_u32(b, n_at, n);
}

static void put_counts_part(struct buf *b, struct parts *p, size_t frame_at)
{
	size_t n_at = buf_len(b);
	uint32_t n = 0;

	buf_put_u32(b, 0);
	while (p->counts < p->s->n_counts && !is_part_full(b, frame_at)) {
		put_count(b, &p->s->counts[p->counts++]);
		n++;
	}
	frame_patch_u32(b, n_at, n);
}

static enum part_end end_of_part(const struct parts *p)
{
	const struct snapshot *s = p->s;

	if (p->rows < s->table.n_rows || p->failures < s->table.n_failures ||
	    p->counts < s->n_counts)
		return PART_MORE;
	return s->is_aside ? PART_ASIDE : PART_LAST;
}

/* True: all is put. */
static bool put_part(struct buf *b, struct parts *p, uint64_t sequence)
{
	const struct snapshot *s = p->s;
	size_t at = frame_open(b, MESSAGE_SNAPSHOT);
	enum part_end end;

	buf_put_u64(b, sequence);
	buf_put_u64(b, s->grid);
	buf_put_u64(b, s->until_us);
	buf_put_u32(b, s->stage);
	put_table_part(b, p, at);
	put_counts_part(b, p, at);
	end = end_of_part(p);
	buf_put_u8(b, (uint8_t)end);
	if (end != PART_MORE)
		put_hist(b, &s->lag);
	frame_close(b, at);
	return end != PART_MORE;
}

void wire_put_snapshot(
    struct buf *b, const struct snapshot *s, uint64_t *sequence)
{
	struct parts parts = {.s = s};
	size_t at = buf_len(b);
	uint64_t last = *sequence;

	while (!put_part(b, &parts, ++last) && !b->full)
		;
	if (b->full)
		frame_undo(b, at);
	else
		*sequence = last;
}

static bool get_table_part(struct buf *r, struct table *t, const char **why)
{
	uint32_t n = buf_get_u32(r);

	/* one more: the row that stands for all further ones */
	if (n > TABLE_MAX_ROWS + 1 || n > buf_len(r) / ROW_LEAST) {
		*why = "more rows than there can be";
		return false;
	}
	for (uint32_t i = 0; i < n && !r->short_read; i++)
		if (!get_row(r, t, why))
			return false;
	n = buf_get_u32(r);
	if (n > TABLE_MAX_FAILURES + 1 || n > buf_len(r) / FAILURE_LEAST) {
		*why = "more failures than there can be";
		return false;
	}
	for (uint32_t i = 0; i < n && !r->short_read; i++)
		if (!get_failure(r, t, why))
			return false;
	return true;
}

static bool get_counts_part(struct buf *r, struct snapshot *s, const char **why)
{
	uint32_t n = buf_get_u32(r);

	if (n > buf_len(r) / COUNT_LEAST) {
		*why = "more workers than there can be";
		return false;
	}
	s->counts = xcalloc((size_t)n + 1, sizeof(*s->counts));
	while (s->n_counts < n && !r->short_read)
		if (!get_count(r, &s->counts[s->n_counts++], why))
			return false;
	return true;
}

static bool get_part(struct buf *r, struct snapshot *s, const char **why)
{
	unsigned end;

	s->sequence = buf_get_u64(r);
	s->grid = buf_get_u64(r);
	s->until_us = buf_get_u64(r);
	s->stage = buf_get_u32(r);
	if (!get_table_part(r, &s->table, why) || !get_counts_part(r, s, why))
		return false;
	end = buf_get_u8(r);
	if (end >= PART_ENDS || s->until_us > TIME_MOST_US) {
		*why = "a snapshot that is neither whole nor a part";
		return false;
	}
	s->is_aside = end == PART_ASIDE;
	s->is_last_part = end == PART_LAST;
	return end == PART_MORE || get_hist(r, &s->lag, why);
}

bool wire_get_snapshot(struct buf *b, struct snapshot *s, const char **why)
{
	struct buf r;
	bool is_good;

	memset(s, 0, sizeof(*s));
	if (!frame_read(b, MESSAGE_SNAPSHOT, &r, why))
		return false;
	is_good = get_part(&r, s, why);
	is_good = frame_take(b, &r, is_good, why);
	if (!is_good)
		snapshot_clear(s);
	return is_good;
}
