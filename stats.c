/*
 * Histograms, rows and tables: record, merge, quantile. It knows no clocks,
 * no processes and no files.
 */
#include "stats.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define PPM UINT64_C(1000000)

/* --- histogram ---------------------------------------------------------- */

void hist_clear(struct hist *h)
{
	free(h->blocks);
	*h = (struct hist) {0};
}

void hist_reset(struct hist *h)
{
	struct hist empty = {.blocks = h->blocks, .cap_blocks = h->cap_blocks};

	*h = empty;
}

uint32_t hist_bucket(uint64_t us)
{
	unsigned octave; /* 0 for 1,024..2,047 us, 1 for the next, ... */
	unsigned shift;

	if (us > HIST_MAX_US)
		us = HIST_MAX_US;
	if (us < HIST_EXACT_US)
		return (uint32_t)us;
	octave = 53 - (unsigned)__builtin_clzll(us);
	shift = octave + 1;
	return (uint32_t)(HIST_EXACT_US + octave * HIST_SUB_BUCKETS +
			  (us >> shift) - HIST_SUB_BUCKETS);
}

uint64_t hist_bucket_us(uint32_t bucket)
{
	uint32_t octave;
	uint32_t shift;
	uint64_t sub;

	if (bucket < HIST_EXACT_US)
		return bucket;
	octave = (bucket - HIST_EXACT_US) / HIST_SUB_BUCKETS;
	sub = (bucket - HIST_EXACT_US) % HIST_SUB_BUCKETS;
	shift = octave + 1;
	return ((HIST_SUB_BUCKETS + sub) << shift) + (UINT64_C(1) << octave);
}

/* Where the block of that number is, or would have to be put. */
static size_t block_place(const struct hist *h, uint32_t number)
{
	size_t low = 0;
	size_t n = h->n_blocks;

	/* No branch depends on the sample, so none is predicted wrongly:
	 * several times as fast as the usual search, and fast enough that
	 * remembering the last block gains nothing. */
	while (n > 0) {
		size_t half = n - n / 2;

		low += h->blocks[low + half - 1].number < number ? half : 0;
		n /= 2;
	}
	return low;
}

static struct hist_block *block_insert(
    struct hist *h, size_t at, uint32_t number)
{
	struct hist_block *block;

	if (h->n_blocks == h->cap_blocks) {
		/* one at first: most phases of most rows need no more */
		h->cap_blocks += h->cap_blocks / 2 + 1;
		h->blocks =
		    xreallocarray(h->blocks, h->cap_blocks, sizeof(*h->blocks));
	}
	block = &h->blocks[at];
	memmove(block + 1, block, (h->n_blocks - at) * sizeof(*block));
	h->n_blocks++;
	*block = (struct hist_block) {.number = number};
	return block;
}

static struct hist_block *block_of(struct hist *h, uint32_t number)
{
	size_t at = block_place(h, number);

	if (at < h->n_blocks && h->blocks[at].number == number)
		return &h->blocks[at];
	return block_insert(h, at, number);
}

void hist_record(struct hist *h, uint64_t us)
{
	uint32_t bucket;

	if (us > HIST_MAX_US) {
		us = HIST_MAX_US;
		h->clamped++;
	}
	if (h->count == 0 || us < h->min_us)
		h->min_us = us;
	if (us > h->max_us)
		h->max_us = us;
	h->count++;
	h->sum_us += us;
	bucket = hist_bucket(us);
	block_of(h, bucket / HIST_BLOCK)->counts[bucket % HIST_BLOCK]++;
}

/* The same where blocks are wanted by ascending number: *at is the place of the
 * last one, and that of the next is most often there or right behind it. */
static struct hist_block *block_next(
    struct hist *h, size_t *at, uint32_t number)
{
	if (*at < h->n_blocks && h->blocks[*at].number == number)
		return &h->blocks[*at];
	if (*at < h->n_blocks && h->blocks[*at].number < number)
		(*at)++;
	/* each is in another place of the memory, and slow to come */
	if (*at + 2 < h->n_blocks)
		__builtin_prefetch(&h->blocks[*at + 2]);
	if (*at < h->n_blocks && h->blocks[*at].number < number)
		*at = block_place(h, number);
	if (*at == h->n_blocks || h->blocks[*at].number != number)
		return block_insert(h, *at, number);
	return &h->blocks[*at];
}

/* There may be tens of thousands of small ones: what is empty takes as many
 * blocks as are there, in one piece. */
static void copy_blocks(struct hist *into, const struct hist *from)
{
	if (from->n_blocks > into->cap_blocks) {
		into->cap_blocks = from->n_blocks;
		into->blocks = xreallocarray(
		    into->blocks, into->cap_blocks, sizeof(*into->blocks));
	}
	memcpy(
	    into->blocks, from->blocks, from->n_blocks * sizeof(*into->blocks));
	into->n_blocks = from->n_blocks;
}

static void add_blocks(struct hist *into, const struct hist *from)
{
	size_t at = 0;

	for (size_t i = 0; i < from->n_blocks; i++) {
		const struct hist_block *theirs = &from->blocks[i];
		struct hist_block *ours = block_next(into, &at, theirs->number);

		for (size_t k = 0; k < HIST_BLOCK; k++)
			ours->counts[k] += theirs->counts[k];
	}
}

void hist_merge(struct hist *into, const struct hist *from)
{
	if (from->count == 0)
		return;
	if (into->count == 0 || from->min_us < into->min_us)
		into->min_us = from->min_us;
	if (from->max_us > into->max_us)
		into->max_us = from->max_us;
	into->count += from->count;
	into->sum_us += from->sum_us;
	into->clamped += from->clamped;
	if (from->n_blocks > 0 && into->n_blocks == 0)
		copy_blocks(into, from);
	else
		add_blocks(into, from);
}

bool hist_add_bucket(struct hist *h, uint32_t bucket, uint64_t n)
{
	if (bucket >= HIST_BUCKETS)
		return false;
	if (n == 0)
		return true;
	h->count += n;
	block_of(h, bucket / HIST_BLOCK)->counts[bucket % HIST_BLOCK] += n;
	return true;
}

void hist_add_next_bucket(
    struct hist *h, size_t *at, uint32_t bucket, uint64_t n)
{
	struct hist_block *block = block_next(h, at, bucket / HIST_BLOCK);

	block->counts[bucket % HIST_BLOCK] += n;
}

/* ceil(count * ppm / 1,000,000), at least 1, in 64 bits. */
static uint64_t nearest_rank(uint64_t count, uint32_t ppm)
{
	uint64_t rank = count / PPM * ppm + (count % PPM * ppm + PPM - 1) / PPM;

	return rank > 0 ? rank : 1;
}

static uint64_t within(uint64_t value, uint64_t low, uint64_t high)
{
	if (value < low)
		return low;
	return value > high ? high : value;
}

uint64_t hist_quantile_us(const struct hist *h, uint32_t ppm)
{
	uint64_t rank;
	uint64_t seen = 0;

	if (ppm == 0 || h->count == 0)
		return h->min_us;
	if (ppm >= PPM)
		return h->max_us;
	rank = nearest_rank(h->count, ppm);
	for (size_t i = 0; i < h->n_blocks; i++) {
		const struct hist_block *block = &h->blocks[i];

		for (uint32_t k = 0; k < HIST_BLOCK; k++) {
			uint32_t bucket = block->number * HIST_BLOCK + k;

			seen += block->counts[k];
			if (seen >= rank)
				return within(hist_bucket_us(bucket), h->min_us,
				    h->max_us);
		}
	}
	return h->max_us;
}

uint64_t hist_mean_us(const struct hist *h)
{
	if (h->count == 0)
		return 0;
	return h->sum_us / h->count +
	       (h->sum_us % h->count >= h->count - h->count / 2);
}

uint64_t hist_count_upto(const struct hist *h, uint64_t us)
{
	uint32_t last = hist_bucket(us);
	uint64_t seen = 0;

	for (size_t i = 0; i < h->n_blocks; i++) {
		const struct hist_block *block = &h->blocks[i];

		for (uint32_t k = 0; k < HIST_BLOCK; k++) {
			if (block->number * HIST_BLOCK + k > last)
				return seen;
			seen += block->counts[k];
		}
	}
	return seen;
}

/* --- the index of a table ----------------------------------------------- */

/* A node of a search tree: the words are borrowed from what it leads to. */
struct index_entry {
	const char *type;
	const char *name;
	const char *text; /* "" for rows */
	void *value;
};

static int compare_words(const char *const *a, const char *const *b, size_t n)
{
	int order = 0;

	for (size_t i = 0; i < n && order == 0; i++)
		order = strcmp(a[i], b[i]);
	return order;
}

static int compare_entries(const void *left, const void *right)
{
	const struct index_entry *l = left;
	const struct index_entry *r = right;

	return compare_words((const char *const[]) {l->name, l->type, l->text},
	    (const char *const[]) {r->name, r->type, r->text}, 3);
}

static void *index_find(
    void *const *root, const char *type, const char *name, const char *text)
{
	struct index_entry key = {.type = type, .name = name, .text = text};
	struct index_entry *const *node = tfind(&key, root, compare_entries);

	return node ? (*node)->value : NULL;
}

static void index_add(void **root, struct index_entry entry)
{
	struct index_entry *node = xcalloc(1, sizeof(*node));

	*node = entry;
	if (!tsearch(node, root, compare_entries))
		/* ends as any other want of memory does */
		out_of_memory();
}

static void index_clear(void **root)
{
	while (*root) {
		struct index_entry *node = *(struct index_entry **)*root;

		tdelete(node, root, compare_entries);
		free(node);
	}
}

/* --- rows --------------------------------------------------------------- */

bool row_type_is_whole(const char *type)
{
	return strcmp(type, ROW_POLL) == 0 ||
	       strcmp(type, ROW_TRANSACTION) == 0;
}

bool row_is_whole(const struct row *row)
{
	return row_type_is_whole(row->type);
}

uint64_t row_unsent(const struct row *row)
{
	return row->requests - row->response.count;
}

char *row_title(const struct row *row)
{
	return xasprintf("%s%s%s", row->type, *row->type ? " " : "", row->name);
}

const char *const phase_names[PHASES] = {
    [PHASE_DNS] = "dns",
    [PHASE_CONNECT] = "connect",
    [PHASE_TLS] = "tls",
    [PHASE_FIRST_BYTE] = "first byte",
    [PHASE_TRANSFER] = "transfer",
    [PHASE_LATE] = "late",
    [PHASE_SENT] = "since sent",
};

void row_merge(struct row *into, const struct row *from)
{
	into->requests += from->requests;
	into->failures += from->failures;
	into->body_bytes += from->body_bytes;
	hist_merge(&into->response, &from->response);
	for (size_t i = 0; i < PHASES; i++)
		hist_merge(&into->phases[i], &from->phases[i]);
}

void row_clear(struct row *row)
{
	free(row->type);
	free(row->name);
	hist_clear(&row->response);
	for (size_t i = 0; i < PHASES; i++)
		hist_clear(&row->phases[i]);
	*row = (struct row) {0};
}

static void row_reset(struct row *row)
{
	row->requests = 0;
	row->failures = 0;
	row->body_bytes = 0;
	hist_reset(&row->response);
	for (size_t i = 0; i < PHASES; i++)
		hist_reset(&row->phases[i]);
}

static struct row *row_add(struct table *t, const char *type, const char *name)
{
	struct row *row = xcalloc(1, sizeof(*row));

	row->type = xstrdup(type);
	row->name = xstrdup(name);
	t->rows = grow(t->rows, t->n_rows, &t->cap_rows, sizeof(struct row *));
	t->rows[t->n_rows++] = row;
	index_add(&t->row_index, (struct index_entry) {
				     .type = row->type,
				     .name = row->name,
				     .text = "",
				     .value = row,
				 });
	return row;
}

/* --- tables ------------------------------------------------------------- */

static void failures_clear(struct table *t)
{
	index_clear(&t->failure_index);
	for (size_t i = 0; i < t->n_failures; i++) {
		free(t->failures[i]->type);
		free(t->failures[i]->name);
		free(t->failures[i]->text);
		free(t->failures[i]);
	}
	t->n_failures = 0;
}

void table_clear(struct table *t)
{
	failures_clear(t);
	free(t->failures);
	index_clear(&t->row_index);
	for (size_t i = 0; i < t->n_rows; i++) {
		row_clear(t->rows[i]);
		free(t->rows[i]);
	}
	free(t->rows);
	*t = (struct table) {0};
}

void table_reset(struct table *t)
{
	for (size_t i = 0; i < t->n_rows; i++)
		row_reset(t->rows[i]);
	failures_clear(t);
}

bool table_is_empty(const struct table *t)
{
	for (size_t i = 0; i < t->n_rows; i++) {
		if (t->rows[i]->requests > 0)
			return false;
	}
	return true;
}

const struct row *table_find(
    const struct table *t, const char *type, const char *name)
{
	return index_find(&t->row_index, type, name, "");
}

struct row *table_row(struct table *t, const char *type, const char *name)
{
	struct row *row = index_find(&t->row_index, type, name, "");

	if (row)
		return row;
	if (t->n_rows >= TABLE_MAX_ROWS) {
		type = row_type_is_whole(type) ? type : "";
		name = TABLE_OTHER_NAMES;
		row = index_find(&t->row_index, type, name, "");
	}
	return row ? row : row_add(t, type, name);
}

static void record_times(struct row *row, const struct sample *s)
{
	hist_record(&row->response, s->response_us);
	for (unsigned i = 0; i < PHASES; i++) {
		if (s->phases & (1U << i))
			hist_record(&row->phases[i], s->phase_us[i]);
	}
}

void table_record(struct table *t, struct row *row, const struct sample *s)
{
	row->requests++;
	row->body_bytes += s->body_bytes;
	if (!s->is_unsent)
		record_times(row, s);
	if (!s->failure)
		return;
	row->failures++;
	table_add_failures(
	    t, row->type, row->name, s->failure, 1, s->wall_us, s->wall_us);
}

static struct failure *failure_add(
    struct table *t, const char *type, const char *name, const char *text)
{
	struct failure *failure = xcalloc(1, sizeof(*failure));

	failure->type = xstrdup(type);
	failure->name = xstrdup(name);
	failure->text = xstrdup(text);
	failure->first_wall_us = UINT64_MAX;
	t->failures = grow(t->failures, t->n_failures, &t->cap_failures,
	    sizeof(struct failure *));
	t->failures[t->n_failures++] = failure;
	index_add(&t->failure_index, (struct index_entry) {
					 .type = failure->type,
					 .name = failure->name,
					 .text = failure->text,
					 .value = failure,
				     });
	return failure;
}

static struct failure *failure_of(
    struct table *t, const char *type, const char *name, const char *text)
{
	struct failure *failure =
	    index_find(&t->failure_index, type, name, text);

	if (failure)
		return failure;
	if (t->n_failures >= TABLE_MAX_FAILURES) {
		type = "";
		name = "";
		text = TABLE_OTHER_FAILURES;
		failure = index_find(&t->failure_index, type, name, text);
	}
	return failure ? failure : failure_add(t, type, name, text);
}

void table_add_failures(struct table *t, const char *type, const char *name,
    const char *text, uint64_t n, uint64_t first_wall_us, uint64_t last_wall_us)
{
	struct failure *failure = failure_of(t, type, name, text);

	failure->count += n;
	if (first_wall_us < failure->first_wall_us)
		failure->first_wall_us = first_wall_us;
	if (last_wall_us > failure->last_wall_us)
		failure->last_wall_us = last_wall_us;
}

void table_merge(struct table *into, const struct table *from)
{
	for (size_t i = 0; i < from->n_rows; i++) {
		const struct row *row = from->rows[i];

		if (row->requests > 0)
			row_merge(table_row(into, row->type, row->name), row);
	}
	for (size_t i = 0; i < from->n_failures; i++) {
		const struct failure *f = from->failures[i];

		table_add_failures(into, f->type, f->name, f->text, f->count,
		    f->first_wall_us, f->last_wall_us);
	}
}

void table_total(const struct table *t, struct row *total)
{
	*total =
	    (struct row) {.type = xstrdup(""), .name = xstrdup("Aggregated")};
	for (size_t i = 0; i < t->n_rows; i++)
		if (!row_is_whole(t->rows[i]))
			row_merge(total, t->rows[i]);
}

uint64_t table_failed_wholes(const struct table *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t->n_rows; i++)
		if (row_is_whole(t->rows[i]))
			n += t->rows[i]->failures;
	return n;
}

static int compare_rows(const void *left, const void *right)
{
	const struct row *l = *(struct row *const *)left;
	const struct row *r = *(struct row *const *)right;

	return compare_words((const char *const[]) {l->name, l->type},
	    (const char *const[]) {r->name, r->type}, 2);
}

struct row **table_sorted_rows(const struct table *t, size_t *n)
{
	/* one more, so that nothing is never asked for */
	struct row **rows = xcalloc(t->n_rows + 1, sizeof(struct row *));

	*n = 0;
	for (size_t i = 0; i < t->n_rows; i++) {
		if (t->rows[i]->requests > 0)
			rows[(*n)++] = t->rows[i];
	}
	qsort(rows, *n, sizeof(struct row *), compare_rows);
	return rows;
}

static int compare_failures(const void *left, const void *right)
{
	const struct failure *l = *(struct failure *const *)left;
	const struct failure *r = *(struct failure *const *)right;

	return compare_words((const char *const[]) {l->name, l->type, l->text},
	    (const char *const[]) {r->name, r->type, r->text}, 3);
}

static int compare_frequency(const void *left, const void *right)
{
	const struct failure *l = *(struct failure *const *)left;
	const struct failure *r = *(struct failure *const *)right;

	if (l->count != r->count)
		return l->count > r->count ? -1 : 1;
	return compare_failures(left, right);
}

static struct failure **sort_failures(const struct table *t, size_t *n,
    int (*compare)(const void *left, const void *right))
{
	struct failure **failures =
	    xcalloc(t->n_failures + 1, sizeof(struct failure *));

	*n = t->n_failures;
	if (*n > 0)
		memcpy(failures, t->failures, *n * sizeof(struct failure *));
	qsort(failures, *n, sizeof(struct failure *), compare);
	return failures;
}

struct failure **table_sorted_failures(const struct table *t, size_t *n)
{
	return sort_failures(t, n, compare_failures);
}

struct failure **table_frequent_failures(const struct table *t, size_t *n)
{
	return sort_failures(t, n, compare_frequency);
}

/* --- books -------------------------------------------------------------- */

uint64_t books_get(const struct books *b, size_t i)
{
	return ((const uint64_t *)(const void *)b)[i];
}

void books_set(struct books *b, size_t i, uint64_t n)
{
	((uint64_t *)(void *)b)[i] = n;
}

void books_add(struct books *into, const struct books *from)
{
	for (size_t i = 0; i < BOOKS_COUNTS; i++)
		books_set(into, i, books_get(into, i) + books_get(from, i));
}

bool books_equal(const struct books *a, const struct books *b)
{
	for (size_t i = 0; i < BOOKS_COUNTS; i++)
		if (books_get(a, i) != books_get(b, i))
			return false;
	return true;
}

bool books_are_below(const struct books *b, uint64_t most)
{
	for (size_t i = 0; i < BOOKS_COUNTS; i++)
		if (books_get(b, i) > most)
			return false;
	return true;
}

bool books_balance(const struct books *b)
{
	if (b->started != b->passed + b->failed + b->interrupted)
		return false;
	return b->intended == 0 || b->intended == b->tasks + b->dropped;
}
