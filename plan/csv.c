/*
 * Where fields and rows of a CSV text begin and end. It must not know what
 * they are for.
 */
#include "plan/csv.h"

#include <string.h>

/* How many bytes end a line at `at`: 0 where none ends. A CR in front of the
 * end of the text counts, or the last field would have it. */
static size_t line_end(const struct csv *csv, size_t at)
{
	if (at >= csv->len)
		return 0;
	if (csv->bytes[at] == '\n')
		return 1;
	if (csv->bytes[at] != '\r')
		return 0;
	if (at + 1 == csv->len)
		return 1;
	return csv->bytes[at + 1] == '\n' ? 2 : 0;
}

/* The first comma or LF from `at` on, or the end. */
static size_t find_end(const struct csv *csv, size_t at)
{
	const uint8_t *bytes = csv->bytes;
	size_t len = csv->len;

	while (at < len && bytes[at] != ',' && bytes[at] != '\n')
		at++;
	return at;
}

static struct csv_field plain_field(const struct csv *csv, size_t at)
{
	size_t end = find_end(csv, at);
	struct csv_field f = {.start = at, .end = end, .next = end};

	f.is_last = end == csv->len || csv->bytes[end] == '\n';
	if (end < csv->len)
		f.next = end + 1;
	if (f.is_last && end > at && csv->bytes[end - 1] == '\r')
		f.end = end - 1;
	return f;
}

/* The quote that closes the field whose text begins at `at`, or the end. */
static size_t find_quote(const struct csv *csv, size_t at)
{
	const uint8_t *quote;

	while (at < csv->len) {
		quote = memchr(csv->bytes + at, '"', csv->len - at);
		if (quote == NULL)
			return csv->len;
		at = (size_t)(quote - csv->bytes);
		if (at + 1 == csv->len || quote[1] != '"')
			return at;
		at += 2;
	}
	return csv->len;
}

static struct csv_field quoted_field(const struct csv *csv, size_t at)
{
	size_t quote = find_quote(csv, at + 1);
	struct csv_field f = {.start = at + 1, .end = quote, .is_quoted = true};
	struct csv_field behind;

	if (quote == csv->len) {
		f.next = csv->len;
		f.is_last = true;
		f.defect = CSV_UNCLOSED;
		return f;
	}
	/* most often it is empty */
	behind = plain_field(csv, quote + 1);
	f.next = behind.next;
	f.is_last = behind.is_last;
	if (behind.end > behind.start)
		f.defect = CSV_TEXT_BEHIND;
	return f;
}

struct csv_field csv_field(const struct csv *csv, size_t at)
{
	if (at > csv->len)
		at = csv->len;
	if (at < csv->len && csv->bytes[at] == '"')
		return quoted_field(csv, at);
	return plain_field(csv, at);
}

struct csv_row csv_row(const struct csv *csv, size_t at)
{
	struct csv_row row = {.next = at};
	struct csv_field f;

	do {
		f = csv_field(csv, row.next);
		row.fields++;
		if (f.defect != CSV_SOUND && row.defect == CSV_SOUND) {
			row.defect = f.defect;
			row.defect_field = row.fields;
			row.defect_at = row.next;
		}
		row.next = f.next;
	} while (!f.is_last);
	return row;
}

size_t csv_skip_rows(const struct csv *csv, size_t at, uint64_t n)
{
	for (; n > 0 && at < csv->len; n--)
		at = csv_skip_empty(csv, csv_row(csv, at).next);
	return at;
}

size_t csv_skip_empty(const struct csv *csv, size_t at)
{
	size_t n;

	while ((n = line_end(csv, at)) > 0)
		at += n;
	return at;
}

void csv_put(
    const struct csv *csv, const struct csv_field *field, struct buf *out)
{
	const uint8_t *p = csv->bytes + field->start;
	const uint8_t *end = csv->bytes + field->end;
	const uint8_t *quote;

	while (field->is_quoted &&
	       (quote = memchr(p, '"', (size_t)(end - p))) != NULL) {
		buf_put(out, p, (size_t)(quote - p) + 1);
		p = quote + 1 < end ? quote + 2 : end;
	}
	buf_put(out, p, (size_t)(end - p));
}
