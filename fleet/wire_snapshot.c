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
	/* numbers are as long as they have to be; those that say which bucket
	 * have two bytes at most */
	NUMBER_MOST = 10,
	BUCKET_LEAST = 1 + 1,
	BUCKET_MOST = 2 + NUMBER_MOST,
	HIST_LEAST = 1,
	HIST_MOST = 6 * NUMBER_MOST + HIST_BUCKETS * BUCKET_MOST,
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

_Static_assert(HIST_BUCKETS < 1 << 14, "two bytes say which bucket");

/* Each bucket is told by how many empty ones stand between it and the one
 * before; *next is the first that may follow. */
static void put_block(
    struct buf *b, const struct hist_block *block, uint32_t *next)
{
	for (uint32_t i = 0; i < HIST_BLOCK; i++) {
		uint32_t bucket = block->number * HIST_BLOCK + i;

		if (block->counts[i] == 0)
			continue;
		buf_put_varint(b, bucket - *next);
		buf_put_varint(b, block->counts[i]);
		*next = bucket + 1;
	}
}

static uint32_t count_buckets(const struct hist *h)
{
	uint32_t n = 0;

	for (size_t i = 0; i < h->n_blocks; i++)
		for (uint32_t k = 0; k < HIST_BLOCK; k++)
			n += h->blocks[i].counts[k] > 0;
	return n;
}

/* An empty one is its count alone. */
static void put_hist(struct buf *b, const struct hist *h)
{
	uint32_t next = 0;

	buf_put_varint(b, h->count);
	if (h->count == 0)
		return;
	buf_put_varint(b, h->sum_us);
	buf_put_varint(b, h->min_us);
	buf_put_varint(b, h->max_us);
	buf_put_varint(b, h->clamped);
	buf_put_varint(b, count_buckets(h));
	for (size_t i = 0; i < h->n_blocks; i++)
		put_block(b, &h->blocks[i], &next);
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

/* Most have one byte, and there are so many that a call for each would take as
 * long as all the rest. */
static inline uint64_t get_number(struct buf *r)
{
	if (!r->short_read && r->end - r->start > 1 && r->data[r->start] < 0x80)
		return r->data[r->start++];
	return buf_get_varint(r);
}

/* The buckets: each once, in order, none empty, together h->count. They are
 * added to `into`, where that is not NULL. */
static bool get_buckets(
    struct buf *r, const struct hist *h, uint64_t n, struct hist *into)
{
	uint64_t first = 0, next = 0, count = 0;
	size_t at = 0;

	if (n == 0 || n > HIST_BUCKETS || n > buf_len(r) / BUCKET_LEAST)
		return false;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t gap = get_number(r);
		uint64_t in_it = get_number(r);

		if (gap >= HIST_BUCKETS - next || in_it == 0 ||
		    in_it > h->count - count)
			return false;
		if (into != NULL)
			hist_add_next_bucket(
			    into, &at, (uint32_t)(next + gap), in_it);
		if (i == 0)
			first = gap;
		next += gap + 1;
		count += in_it;
	}
	return count == h->count &&
	       hist_is_plausible(h, (uint32_t)first, (uint32_t)next - 1);
}

/* *h is what it says beside its buckets. */
static bool get_hist(
    struct buf *r, struct hist *h, struct hist *into, const char **why)
{
	uint64_t n;

	*h = (struct hist) {.count = get_number(r)};
	if (r->short_read || h->count == 0)
		return true;
	if (h->count > COUNT_MOST_OF) {
		*why = "more than can be counted";
		return false;
	}
	h->sum_us = get_number(r);
	h->min_us = get_number(r);
	h->max_us = get_number(r);
	h->clamped = get_number(r);
	n = get_number(r);
	if (r->short_read)
		return true;
	if (!get_buckets(r, h, n, into)) {
		*why = "a histogram that contradicts itself";
		return false;
	}
	if (into != NULL)
		hist_merge(into, h);
	return true;
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

/* A table as it is read: first without `into`, to see whether all of it can be
 * believed, and then to add it there. */
struct unpacking {
	struct buf r;
	struct table *into; /* borrowed; NULL: nothing is added */
	uint64_t sum_us;    /* of all times: rows may become one */
	bool has_any;       /* row or failure */
	const char *why;    /* static */
};

static bool get_row_hist(struct unpacking *u, struct hist *h, struct hist *into)
{
	if (!get_hist(&u->r, h, into, &u->why))
		return false;
	if (h->sum_us > UINT64_MAX - u->sum_us) {
		u->why = "more than can be counted";
		return false;
	}
	u->sum_us += h->sum_us;
	return true;
}

static bool get_counts(struct unpacking *u, struct row *into)
{
	uint64_t requests = buf_get_u64(&u->r);
	uint64_t failures = buf_get_u64(&u->r);
	uint64_t body_bytes = buf_get_u64(&u->r);
	struct hist h;
	bool is_good;

	if (!get_row_hist(u, &h, into != NULL ? &into->response : NULL))
		return false;
	/* only what failed may have no time */
	is_good = failures <= requests && body_bytes <= BYTES_MOST &&
		  h.count <= requests && requests - h.count <= failures;
	for (size_t i = 0; i < PHASES; i++) {
		if (!get_row_hist(
			u, &h, into != NULL ? &into->phases[i] : NULL))
			return false;
		is_good = is_good && h.count <= requests;
	}
	u->has_any = true;
	if (into != NULL) {
		into->requests += requests;
		into->failures += failures;
		into->body_bytes += body_bytes;
	}
	if (!is_good)
		u->why = "a row that contradicts itself";
	return is_good || u->r.short_read;
}

static bool get_row(struct unpacking *u)
{
	char *type = frame_get_text(&u->r);
	char *name = frame_get_text(&u->r);
	struct row *row = NULL;

	if (type != NULL && name != NULL && u->into != NULL)
		row = table_row(u->into, type, name);
	free(type);
	free(name);
	return u->r.short_read || get_counts(u, row);
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

static bool get_failure(struct unpacking *u)
{
	struct buf *r = &u->r;
	char *type = frame_get_text(r);
	char *name = frame_get_text(r);
	char *text = frame_get_text(r);
	uint64_t count = buf_get_u64(r);
	uint64_t first_wall_us = buf_get_u64(r);
	uint64_t last_wall_us = buf_get_u64(r);
	bool is_good = count > 0 && count <= FAILURES_MOST &&
		       first_wall_us <= last_wall_us;

	if (is_good && !r->short_read && u->into != NULL)
		table_add_failures(u->into, type, name, text, count,
		    first_wall_us, last_wall_us);
	u->has_any = true;
	if (!is_good)
		u->why = "a failure that contradicts itself";
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
	buf_clear(&s->packed);
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
	struct hist head;

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
	return get_hist(r, &head, &c->lateness, why);
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

static bool get_table_part(struct unpacking *u)
{
	struct buf *r = &u->r;
	uint32_t n = buf_get_u32(r);

	/* one more: the row that stands for all further ones */
	if (n > TABLE_MAX_ROWS + 1 || n > buf_len(r) / ROW_LEAST) {
		u->why = "more rows than there can be";
		return false;
	}
	for (uint32_t i = 0; i < n && !r->short_read; i++)
		if (!get_row(u))
			return false;
	n = buf_get_u32(r);
	if (n > TABLE_MAX_FAILURES + 1 || n > buf_len(r) / FAILURE_LEAST) {
		u->why = "more failures than there can be";
		return false;
	}
	for (uint32_t i = 0; i < n && !r->short_read; i++)
		if (!get_failure(u))
			return false;
	return true;
}

/* Keeps it packed, when it can be believed. */
static bool get_packed(struct buf *r, struct snapshot *s, const char **why)
{
	struct unpacking u = {.r = *r, .why = ""};
	size_t n;

	if (!get_table_part(&u)) {
		*why = u.why;
		return false;
	}
	n = buf_len(r) - buf_len(&u.r);
	buf_put(&s->packed, buf_bytes(r), n);
	buf_consume(r, n);
	r->short_read = u.r.short_read;
	s->has_any = u.has_any;
	return true;
}

void snapshot_unpack(const struct snapshot *s, struct table *into)
{
	struct unpacking u = {.r = s->packed, .into = into};

	(void)get_table_part(&u);
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
	struct hist head;
	unsigned end;

	s->sequence = buf_get_u64(r);
	s->grid = buf_get_u64(r);
	s->until_us = buf_get_u64(r);
	s->stage = buf_get_u32(r);
	if (!get_packed(r, s, why) || !get_counts_part(r, s, why))
		return false;
	end = buf_get_u8(r);
	if (end >= PART_ENDS || s->until_us > TIME_MOST_US) {
		*why = "a snapshot that is neither whole nor a part";
		return false;
	}
	s->is_aside = end == PART_ASIDE;
	s->is_last_part = end == PART_LAST;
	return end == PART_MORE || get_hist(r, &head, &s->lag, why);
}

bool wire_get_packed_snapshot(
    struct buf *b, struct snapshot *s, const char **why)
{
	struct buf packed = s->packed;
	struct buf r;
	bool is_good;

	if (packed.max_bytes == 0)
		buf_init(&packed, WIRE_MAX_FRAME);
	buf_reset(&packed);
	s->packed = (struct buf) {0};
	snapshot_clear(s);
	s->packed = packed;
	if (!frame_read(b, MESSAGE_SNAPSHOT, &r, why))
		return false;
	is_good = get_part(&r, s, why);
	is_good = frame_take(b, &r, is_good, why);
	if (!is_good)
		snapshot_clear(s);
	return is_good;
}

bool wire_get_snapshot(struct buf *b, struct snapshot *s, const char **why)
{
	memset(s, 0, sizeof(*s));
	if (!wire_get_packed_snapshot(b, s, why))
		return false;
	snapshot_unpack(s, &s->table);
	buf_clear(&s->packed);
	return true;
}
