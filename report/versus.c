/*
 * Rows of two runs, compared. Of plans it knows what is too small to count, and
 * no files and no terminals.
 */
#include "report/versus.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/plan.h"
#include "report/noise.h"
#include "report/text.h"

enum { P50 = 500000, P95 = 950000 };

/* --- one row ------------------------------------------------------------ */

/* Quantiles are in the middle of a bucket: those of neighbours may be of
 * samples that are as good as equal. */
static bool can_be_told_apart(uint64_t a_us, uint64_t b_us)
{
	uint32_t a = hist_bucket(a_us), b = hist_bucket(b_us);

	return a > b + 1 || b > a + 1;
}

static struct versus_quantile quantiles(
    const struct hist *then, const struct hist *now, uint32_t ppm)
{
	struct versus_quantile q = {.then_us = hist_quantile_us(then, ppm),
	    .now_us = hist_quantile_us(now, ppm),
	    .p = 1};
	/* what took no microsecond took less than one */
	double base = q.then_us > 0 ? (double)q.then_us : 1;

	q.change = ((double)q.now_us - (double)q.then_us) / base;
	return q;
}

static void judge_quantile(
    struct versus_quantile *q, double level, bool has_direction)
{
	double size = q->change < 0 ? -q->change : q->change;

	q->counts = q->p < level && has_direction && size > REGRESSION_LEAST &&
		    can_be_told_apart(q->then_us, q->now_us);
}

static void compare_middle(struct versus *v, double level)
{
	const struct hist *then = &v->then->response;
	const struct hist *now = &v->now->response;
	struct noise_shift shift = noise_shift(then, now);
	bool is_behind = shift.effect > 0.5;

	v->p50 = quantiles(then, now, P50);
	v->p50.p = shift.p;
	v->effect = shift.effect;
	judge_quantile(&v->p50, level, is_behind == (v->p50.change > 0));
}

/* A share that is above one run's own p95 is what is left to chance: the
 * smaller of both is the one that the other run, if it is slower, is above. */
static void compare_tail(struct versus *v, double level)
{
	const struct hist *then = &v->then->response;
	const struct hist *now = &v->now->response;
	uint64_t cut_us, above_then, above_now;

	v->p95 = quantiles(then, now, P95);
	cut_us =
	    v->p95.then_us < v->p95.now_us ? v->p95.then_us : v->p95.now_us;
	above_then = then->count - hist_count_upto(then, cut_us);
	above_now = now->count - hist_count_upto(now, cut_us);
	v->p95.p = noise_shares(above_then, then->count, above_now, now->count);
	judge_quantile(&v->p95, level, true);
}

static void judge_times(struct versus *v)
{
	bool has_any = v->p50.counts || v->p95.counts;

	if (v->p50.counts)
		v->regression = v->p50.change;
	if (v->p95.counts && (!v->p50.counts || v->p95.change > v->regression))
		v->regression = v->p95.change;
	if (has_any)
		v->times = v->regression > 0 ? VERSUS_SLOWER : VERSUS_FASTER;
}

static double failed_share(const struct row *row)
{
	return (double)row->failures / (double)row->requests;
}

static void compare_failures(struct versus *v, double level)
{
	v->failures_p = noise_shares(v->then->failures, v->then->requests,
	    v->now->failures, v->now->requests);
	if (v->failures_p < level)
		v->failures = failed_share(v->now) > failed_share(v->then)
				  ? VERSUS_FAILS_MORE
				  : VERSUS_FAILS_LESS;
}

static bool is_empty(const struct row *row)
{
	return row == NULL || row->requests == 0;
}

struct versus versus_rows(
    const struct row *then, const struct row *now, double level)
{
	struct versus v = {.then = is_empty(then) ? NULL : then,
	    .now = is_empty(now) ? NULL : now,
	    .effect = 0.5,
	    .failures_p = 1,
	    .p50 = {.p = 1},
	    .p95 = {.p = 1}};

	if (v.then == NULL || v.now == NULL) {
		v.times = v.then == NULL ? VERSUS_NEW : VERSUS_GONE;
		return v;
	}
	compare_middle(&v, level);
	compare_tail(&v, level);
	compare_failures(&v, level);
	if (v.then->response.count < VERSUS_FEW_SAMPLES ||
	    v.now->response.count < VERSUS_FEW_SAMPLES) {
		v.p50.counts = v.p95.counts = false;
		v.times = VERSUS_TOO_FEW;
	} else {
		judge_times(&v);
	}
	return v;
}

double versus_level(size_t rows)
{
	return VERSUS_ALPHA / (VERSUS_TESTS * ((double)rows + 1));
}

/* --- all of them -------------------------------------------------------- */

/* What a row of a report is called: in JSON there is nothing but UTF-8. */
static const struct row *find_row(
    const struct table *table, const struct row *row)
{
	char *type = text_utf8(row->type), *name = text_utf8(row->name);
	const struct row *found = table_find(table, type, name);

	free(name);
	free(type);
	return found != NULL && found->requests > 0 ? found : NULL;
}

size_t comparison_shared(const struct table *then, const struct table *now)
{
	size_t shared = 0;

	for (size_t i = 0; i < now->n_rows; i++)
		shared += now->rows[i]->requests > 0 &&
			  find_row(then, now->rows[i]) != NULL;
	return shared;
}

static int by_address(const void *left, const void *right)
{
	const struct row *const *l = left, *const *r = right;

	return *l < *r ? -1 : *l > *r;
}

/* What is in then and was found by no row of now. */
static void add_gone(struct comparison *c, const struct table *then)
{
	const struct row **found = xcalloc(c->n_rows + 1, sizeof(*found));
	struct row **rows;
	size_t n_found = 0, n;

	for (size_t i = 0; i < c->n_rows; i++)
		if (c->rows[i].then != NULL)
			found[n_found++] = c->rows[i].then;
	qsort(found, n_found, sizeof(*found), by_address);
	rows = table_sorted_rows(then, &n);
	for (size_t i = 0; i < n; i++) {
		const struct row *row = rows[i];

		if (bsearch(&row, found, n_found, sizeof(*found), by_address) ==
		    NULL)
			c->rows[c->n_rows++] = versus_rows(row, NULL, c->level);
	}
	free(rows);
	free(found);
}

void comparison_make(struct comparison *c, const struct table *then,
    const struct row *all_then, const struct table *now,
    const struct row *all_now)
{
	size_t n;
	struct row **rows = table_sorted_rows(now, &n);

	*c = (struct comparison) {.shared = comparison_shared(then, now)};
	c->level = versus_level(c->shared);
	c->all = versus_rows(all_then, all_now, c->level);
	c->rows = xcalloc(n + then->n_rows + 1, sizeof(*c->rows));
	for (size_t i = 0; i < n; i++)
		c->rows[c->n_rows++] =
		    versus_rows(find_row(then, rows[i]), rows[i], c->level);
	add_gone(c, then);
	free(rows);
}

void comparison_clear(struct comparison *c)
{
	free(c->rows);
	*c = (struct comparison) {0};
}

static int by_regression(const void *left, const void *right)
{
	const struct versus *l = *(const struct versus *const *)left;
	const struct versus *r = *(const struct versus *const *)right;

	if (l->regression != r->regression)
		return l->regression > r->regression ? -1 : 1;
	/* so that equals do not change places */
	return l < r ? -1 : l > r;
}

const struct versus **comparison_changed(const struct comparison *c, size_t *n)
{
	const struct versus **changed =
	    xcalloc(c->n_rows + 1, sizeof(*changed));

	*n = 0;
	for (size_t i = 0; i < c->n_rows; i++)
		if (c->rows[i].times == VERSUS_SLOWER ||
		    c->rows[i].times == VERSUS_FASTER)
			changed[(*n)++] = &c->rows[i];
	qsort(changed, *n, sizeof(*changed), by_regression);
	return changed;
}
