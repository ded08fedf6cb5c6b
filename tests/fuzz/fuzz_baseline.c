/*
 * Any bytes as the report of an earlier run: they are refused with one reason,
 * or are a run that adds up, and that is compared with itself without a
 * difference and with another without a surprise.
 */
#include "report/baseline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() is compiled out of a release, and this must not be. */
static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_hist(const struct hist *h)
{
	uint64_t count = 0;

	for (size_t i = 0; i < h->n_blocks; i++)
		for (uint32_t k = 0; k < HIST_BLOCK; k++)
			count += h->blocks[i].counts[k];
	must(count == h->count);
	must(hist_quantile_us(h, 500000) >= h->min_us);
	must(hist_quantile_us(h, 950000) <= h->max_us);
	must(hist_mean_us(h) >= h->min_us && hist_mean_us(h) <= h->max_us);
}

/* Of its requests all were timed but those that could not be sent. */
static void check_row(const struct row *row)
{
	must(row->response.count <= row->requests);
	must(row_unsent(row) <= row->failures);
	must(row->failures <= row->requests);
	check_hist(&row->response);
}

static void check_run(const struct baseline *b)
{
	must(b->all.requests > 0);
	check_row(&b->all);
	for (size_t i = 0; i < b->table.n_rows; i++)
		check_row(b->table.rows[i]);
}

static void check_itself(const struct versus *v)
{
	must(v->times == VERSUS_SAME || v->times == VERSUS_TOO_FEW);
	must(v->failures == VERSUS_FAILS_SAME);
	must(v->regression == 0);
	must(fabs(v->effect - 0.5) < 1e-9);
}

static void check_other(const struct versus *v)
{
	must(v->then != NULL || v->now != NULL);
	must(isfinite(v->regression));
	must(v->effect >= 0 && v->effect <= 1 + 1e-9);
	must(v->p50.p >= 0 && v->p50.p <= 1);
	must(v->p95.p >= 0 && v->p95.p <= 1);
	must(v->failures_p >= 0 && v->failures_p <= 1);
	must((v->times == VERSUS_SLOWER) == (v->regression > 0));
	must((v->times == VERSUS_FASTER) == (v->regression < 0));
}

/* 40 requests of a that took up to 4 ms. */
static void make_other(struct table *table, struct row *all)
{
	struct row *row = table_row(table, "GET", "a");

	for (uint64_t i = 0; i < 40; i++) {
		struct sample s = {.response_us = 100 * i,
		    .failure = i % 4 == 0 ? "HTTP 500" : NULL};

		table_record(table, row, &s);
	}
	table_total(table, all);
}

static void check_against(const struct baseline *b)
{
	struct comparison c;
	struct table other = {0};
	struct row all;

	comparison_make(&c, &b->table, &b->all, &b->table, &b->all);
	check_itself(&c.all);
	for (size_t i = 0; i < c.n_rows; i++)
		check_itself(&c.rows[i]);
	comparison_clear(&c);
	make_other(&other, &all);
	comparison_make(&c, &b->table, &b->all, &other, &all);
	check_other(&c.all);
	for (size_t i = 0; i < c.n_rows; i++)
		check_other(&c.rows[i]);
	comparison_clear(&c);
	row_clear(&all);
	table_clear(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* just so many, for AddressSanitizer to see who reads on */
	char *bytes = xcalloc(size > 0 ? size : 1, 1);
	struct baseline *b;
	struct diag d;

	if (size > 0)
		memcpy(bytes, data, size);
	diag_init(&d);
	b = baseline_read_bytes(bytes, size, "fuzz.json", &d);
	must(d.errors == (b == NULL ? 1 : 0) && d.warnings == 0);
	if (b) {
		check_run(b);
		check_against(b);
	}
	baseline_free(b);
	diag_clear(&d);
	free(bytes);
	return 0;
}
