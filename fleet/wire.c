/*
 * Frames: the bytes of each message, and what may be believed of bytes that
 * came from elsewhere. It must not know where they travel.
 */
#include "fleet/wire.h"

#include <stdlib.h>
#include <string.h>

enum {
	GREETING_LEAST = 4 + 4, /* magic and version are for every version */
	START_BYTES = 4 + 4 + 8 + 8,
	COMMAND_BYTES = 1,
	BOOKS_BYTES = 8 * 8,
	FINAL_BYTES = BOOKS_BYTES + 8,
	SNAPSHOT_LEAST = 8 + 8 + 8 + 4 + 4 + 1,
	BUCKET_BYTES = 2 + 8,
	HIST_LEAST = 8,
	HIST_MOST = 5 * 8 + 2 + HIST_BUCKETS * BUCKET_BYTES,
	TEXT_MOST = 4 + WIRE_MAX_TEXT,
	ROW_LEAST = 2 * 4 + 3 * 8 + (1 + PHASES) * HIST_LEAST,
	ROW_MOST = 2 * TEXT_MOST + 3 * 8 + (1 + PHASES) * HIST_MOST,
	FAILURE_LEAST = 3 * 4 + 3 * 8,
	FAILURE_MOST = 3 * TEXT_MOST + 3 * 8,
	TAIL_MOST = 2 * 4 + 2 * 8 + BOOKS_BYTES + HIST_MOST
};

/* Of one text: so many that even as many such counts add up without wrapping,
 * and nobody sees as many. */
#define FAILURES_MOST (UINT64_C(1) << 48)

/* A part is closed as soon as it is above WIRE_PART_BYTES: it can exceed that
 * by one row or one failure, and the tail. */
_Static_assert(
    SNAPSHOT_LEAST + WIRE_PART_BYTES + ROW_MOST + FAILURE_MOST + TAIL_MOST <=
	WIRE_MAX_FRAME,
    "a part of a snapshot may not fit into a frame");

/* What a payload of each type may measure. */
static const struct {
	size_t least;
	size_t most;
} messages[] = {
    [MESSAGE_GREETING] = {GREETING_LEAST, WIRE_MAX_FRAME},
    [MESSAGE_START] = {START_BYTES, START_BYTES},
    [MESSAGE_COMMAND] = {COMMAND_BYTES, COMMAND_BYTES},
    [MESSAGE_SNAPSHOT] = {SNAPSHOT_LEAST, WIRE_MAX_FRAME},
    [MESSAGE_FINAL] = {FINAL_BYTES, FINAL_BYTES},
};

/* --- frames ------------------------------------------------------------- */

/* Looks at bytes without taking them: a reader of its own on borrowed memory,
 * never to be cleared. */
static struct buf reader(const struct buf *b, size_t skip, size_t n)
{
	struct buf r = *b;

	r.start = b->start + skip;
	r.end = r.start + n;
	r.full = r.short_read = false;
	return r;
}

static enum wire_result bad(const char **why, const char *what)
{
	*why = what;
	return WIRE_BAD;
}

enum wire_result wire_peek(const struct buf *b, enum message_type *type,
    size_t *payload_bytes, const char **why)
{
	struct buf r = reader(b, 0, buf_len(b));
	size_t n = buf_get_u32(&r);
	unsigned number;

	if (!r.short_read && n > WIRE_MAX_FRAME)
		return bad(why,
		    "not a message of loadgen: something else writes there");
	number = buf_get_u8(&r);
	if (r.short_read)
		return WIRE_MORE;
	if (number < MESSAGE_GREETING || number > MESSAGE_FINAL)
		return bad(why, "a message of unknown type");
	if (n < messages[number].least || n > messages[number].most)
		return bad(why, "a message of impossible length");
	if (number == MESSAGE_GREETING && buf_len(&r) >= 4 &&
	    buf_get_u32(&r) != WIRE_MAGIC)
		return bad(why, "a greeting, but not of loadgen");
	if (n > buf_len(b) - WIRE_HEADER_BYTES)
		return WIRE_MORE;
	*type = (enum message_type)number;
	*payload_bytes = n;
	return WIRE_OK;
}

/* A frame that is being put: where it begins, behind the front of b. */
static size_t frame_open(struct buf *b, enum message_type type)
{
	size_t at = buf_len(b);

	buf_put_u32(b, 0);
	buf_put_u8(b, (uint8_t)type);
	return at;
}

static void patch_u32(struct buf *b, size_t at, uint32_t v)
{
	uint8_t *p;

	if (b->full)
		return;
	p = b->data + b->start + at;
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

/* Takes back what was put behind that place. */
static void undo_put(struct buf *b, size_t at)
{
	b->end = b->start + at;
}

static void frame_close(struct buf *b, size_t at)
{
	if (b->full)
		undo_put(b, at);
	patch_u32(b, at, (uint32_t)(buf_len(b) - at - WIRE_HEADER_BYTES));
}

/* A reader of the payload of the frame at the front, when that is what it is
 * said to be. */
static bool frame_read(const struct buf *b, enum message_type type,
    struct buf *payload, const char **why)
{
	enum message_type found;
	size_t n;

	switch (wire_peek(b, &found, &n, why)) {
	case WIRE_BAD:
		return false;
	case WIRE_MORE:
		*why = "an incomplete message";
		return false;
	case WIRE_OK:
		break;
	}
	if (found != type) {
		*why = "another message than was expected";
		return false;
	}
	*payload = reader(b, WIRE_HEADER_BYTES, n);
	return true;
}

/* Takes the frame at the front whose payload was read. The payload was a
 * message when nothing was missing and nothing is left of it. */
static bool frame_take(
    struct buf *b, struct buf *payload, bool is_good, const char **why)
{
	struct buf header = reader(b, 0, WIRE_HEADER_BYTES);

	buf_consume(b, WIRE_HEADER_BYTES + buf_get_u32(&header));
	if (!is_good)
		return false;
	if (payload->short_read)
		*why = "a message that ends too early";
	else if (buf_len(payload) > 0)
		*why = "a message with bytes left over";
	else
		return true;
	return false;
}

/* --- parts of messages -------------------------------------------------- */

static void put_text(struct buf *b, const char *s)
{
	size_t n = strnlen(s, WIRE_MAX_TEXT + 1);

	if (n > WIRE_MAX_TEXT) {
		n = WIRE_MAX_TEXT;
		/* not in the middle of a character of UTF-8 */
		while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
	}
	buf_put_u32(b, (uint32_t)n);
	buf_put(b, s, n);
}

static char *get_text(struct buf *r)
{
	return buf_get_str(r, WIRE_MAX_TEXT);
}

static void put_books(struct buf *b, const struct books *books)
{
	buf_put_u64(b, books->started);
	buf_put_u64(b, books->passed);
	buf_put_u64(b, books->failed);
	buf_put_u64(b, books->interrupted);
	buf_put_u64(b, books->redirects);
	buf_put_u64(b, books->resent);
	buf_put_u64(b, books->connections);
	buf_put_u64(b, books->tasks);
}

static void get_books(struct buf *r, struct books *books)
{
	books->started = buf_get_u64(r);
	books->passed = buf_get_u64(r);
	books->failed = buf_get_u64(r);
	books->interrupted = buf_get_u64(r);
	books->redirects = buf_get_u64(r);
	books->resent = buf_get_u64(r);
	books->connections = buf_get_u64(r);
	books->tasks = buf_get_u64(r);
}

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
	patch_u32(b, n_at, n);
}

/* Whether the numbers beside the buckets can be those of samples in them. */
static bool hist_is_plausible(
    const struct hist *h, uint32_t first_bucket, uint32_t last_bucket)
{
	uint64_t mean_us = h->sum_us / h->count;
	bool is_rounded = h->sum_us % h->count > 0;

	return h->min_us <= h->max_us && h->max_us <= HIST_MAX_US &&
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
	put_text(b, row->type);
	put_text(b, row->name);
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
	char *type = get_text(r);
	char *name = get_text(r);
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
	put_text(b, f->type);
	put_text(b, f->name);
	put_text(b, f->text);
	buf_put_u64(b, f->count);
	buf_put_u64(b, f->first_wall_us);
	buf_put_u64(b, f->last_wall_us);
}

static bool get_failure(struct buf *r, struct table *t, const char **why)
{
	char *type = get_text(r);
	char *name = get_text(r);
	char *text = get_text(r);
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

/* --- messages ----------------------------------------------------------- */

void greeting_clear(struct greeting *g)
{
	free(g->host);
	free(g->version);
	memset(g, 0, sizeof(*g));
}

void wire_put_greeting(struct buf *b, const struct greeting *g)
{
	size_t at = frame_open(b, MESSAGE_GREETING);

	buf_put_u32(b, WIRE_MAGIC);
	buf_put_u32(b, WIRE_VERSION);
	buf_put_u32(b, g->pid);
	put_text(b, g->host);
	put_text(b, g->version);
	frame_close(b, at);
}

bool wire_get_greeting(struct buf *b, struct greeting *g, const char **why)
{
	struct buf r;
	uint32_t wire_version;
	bool is_good;

	memset(g, 0, sizeof(*g));
	if (!frame_read(b, MESSAGE_GREETING, &r, why))
		return false;
	buf_get_u32(&r); /* the magic, which wire_peek has seen */
	wire_version = buf_get_u32(&r);
	is_good = wire_version == WIRE_VERSION;
	if (is_good) {
		g->pid = buf_get_u32(&r);
		g->host = get_text(&r);
		g->version = get_text(&r);
	} else {
		*why = "another version of loadgen's messages";
	}
	is_good = frame_take(b, &r, is_good, why);
	if (!is_good)
		greeting_clear(g);
	g->wire_version = wire_version;
	return is_good;
}

void wire_put_start(struct buf *b, const struct start *s)
{
	size_t at = frame_open(b, MESSAGE_START);

	buf_put_u32(b, s->worker);
	buf_put_u32(b, s->workers);
	buf_put_u64(b, s->delay_us);
	buf_put_u64(b, s->seed);
	frame_close(b, at);
}

bool wire_get_start(struct buf *b, struct start *s, const char **why)
{
	struct buf r;
	bool is_good;

	memset(s, 0, sizeof(*s));
	if (!frame_read(b, MESSAGE_START, &r, why))
		return false;
	s->worker = buf_get_u32(&r);
	s->workers = buf_get_u32(&r);
	s->delay_us = buf_get_u64(&r);
	s->seed = buf_get_u64(&r);
	is_good = s->worker < s->workers;
	if (!is_good)
		*why = "a start for a worker that is none";
	is_good = frame_take(b, &r, is_good, why);
	if (!is_good)
		memset(s, 0, sizeof(*s));
	return is_good;
}

void wire_put_command(struct buf *b, enum command command)
{
	size_t at = frame_open(b, MESSAGE_COMMAND);

	buf_put_u8(b, (uint8_t)command);
	frame_close(b, at);
}

bool wire_get_command(struct buf *b, enum command *command, const char **why)
{
	struct buf r;
	unsigned word;

	*command = COMMAND_STOP;
	if (!frame_read(b, MESSAGE_COMMAND, &r, why))
		return false;
	word = buf_get_u8(&r);
	if (word >= COMMANDS)
		*why = "an unknown command";
	if (!frame_take(b, &r, word < COMMANDS, why))
		return false;
	*command = (enum command)word;
	return true;
}

void wire_put_final(struct buf *b, const struct final *f)
{
	size_t at = frame_open(b, MESSAGE_FINAL);

	put_books(b, &f->books);
	buf_put_u64(b, f->snapshots);
	frame_close(b, at);
}

bool wire_get_final(struct buf *b, struct final *f, const char **why)
{
	struct buf r;

	memset(f, 0, sizeof(*f));
	if (!frame_read(b, MESSAGE_FINAL, &r, why))
		return false;
	get_books(&r, &f->books);
	f->snapshots = buf_get_u64(&r);
	if (frame_take(b, &r, true, why))
		return true;
	memset(f, 0, sizeof(*f));
	return false;
}

/* --- snapshots ---------------------------------------------------------- */

void snapshot_clear(struct snapshot *s)
{
	hist_clear(&s->lateness);
	table_clear(&s->table);
	memset(s, 0, sizeof(*s));
}

/* A delta on its way: how much of its table has been put. */
struct parts {
	const struct snapshot *s;
	size_t rows;
	size_t failures;
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
	patch_u32(b, n_at, n);
	n = 0;
	n_at = buf_len(b);
	buf_put_u32(b, 0);
	while (p->failures < t->n_failures && !is_part_full(b, frame_at)) {
		put_failure(b, t->failures[p->failures++]);
		n++;
	}
	patch_u32(b, n_at, n);
}

/* What is no table goes with the last part, so that parts add up. */
static bool put_part(struct buf *b, struct parts *p, uint64_t sequence)
{
	const struct snapshot *s = p->s;
	size_t at = frame_open(b, MESSAGE_SNAPSHOT);
	bool is_last;

	buf_put_u64(b, sequence);
	buf_put_u64(b, s->grid);
	buf_put_u64(b, s->until_us);
	put_table_part(b, p, at);
	is_last =
	    p->rows == s->table.n_rows && p->failures == s->table.n_failures;
	buf_put_u8(b, is_last);
	if (is_last) {
		buf_put_u32(b, s->users);
		buf_put_u32(b, s->jobs);
		buf_put_u64(b, s->cpu_us);
		buf_put_u64(b, s->busy_us);
		put_books(b, &s->books);
		put_hist(b, &s->lateness);
	}
	frame_close(b, at);
	return is_last;
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
		undo_put(b, at);
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

static bool get_part(struct buf *r, struct snapshot *s, const char **why)
{
	unsigned is_last;

	s->sequence = buf_get_u64(r);
	s->grid = buf_get_u64(r);
	s->until_us = buf_get_u64(r);
	if (!get_table_part(r, &s->table, why))
		return false;
	is_last = buf_get_u8(r);
	if (is_last > 1) {
		*why = "a snapshot that is neither whole nor a part";
		return false;
	}
	s->is_last_part = is_last == 1;
	if (!s->is_last_part)
		return true;
	s->users = buf_get_u32(r);
	s->jobs = buf_get_u32(r);
	s->cpu_us = buf_get_u64(r);
	s->busy_us = buf_get_u64(r);
	get_books(r, &s->books);
	return get_hist(r, &s->lateness, why);
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
