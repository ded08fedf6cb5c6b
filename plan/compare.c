/*
 * Comparing texts and numbers. It must not know where they come from.
 */
#include "plan/compare.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

/* a needle up to here is looked for byte by byte */
#define SHORT_NEEDLE 64
/* more is no number that anyone compares */
#define NUMBER_MAX_BYTES 400

struct text text_of(const char *s)
{
	return (struct text) {s, strlen(s)};
}

bool text_equals(struct text a, struct text b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct text text_trim(struct text t)
{
	while (t.len > 0 && is_blank(t.at[0])) {
		t.at++;
		t.len--;
	}
	while (t.len > 0 && is_blank(t.at[t.len - 1]))
		t.len--;
	return t;
}

/* --- finding ------------------------------------------------------------ */

static const char *find_short(struct text hay, struct text needle)
{
	const char *p = hay.at, *end = hay.at + hay.len;

	for (; needle.len <= (size_t)(end - p); p++) {
		p = memchr(p, needle.at[0], (size_t)(end - p) - needle.len + 1);
		if (p == NULL)
			return NULL;
		if (memcmp(p, needle.at, needle.len) == 0)
			return p;
	}
	return NULL;
}

/* For each length of the needle's beginning the longest shorter beginning
 * that it ends with: Knuth, Morris and Pratt. Owned by the caller. */
static size_t *borders_of(struct text needle)
{
	size_t *borders = xcalloc(needle.len + 1, sizeof(*borders));
	size_t k = 0;

	for (size_t i = 1; i < needle.len; i++) {
		while (k > 0 && needle.at[i] != needle.at[k])
			k = borders[k];
		k += needle.at[i] == needle.at[k];
		borders[i + 1] = k;
	}
	return borders;
}

/* A long needle may come from a server: it must not make this quadratic. */
static const char *find_long(struct text hay, struct text needle)
{
	size_t *borders = borders_of(needle);
	size_t k = 0, i = 0;

	for (; i < hay.len && k < needle.len; i++) {
		while (k > 0 && hay.at[i] != needle.at[k])
			k = borders[k];
		k += hay.at[i] == needle.at[k];
	}
	free(borders);
	return k == needle.len ? hay.at + i - k : NULL;
}

const char *text_find(struct text hay, struct text needle)
{
	if (needle.len > hay.len)
		return NULL;
	if (needle.len == 0)
		return hay.at;
	return needle.len <= SHORT_NEEDLE ? find_short(hay, needle)
					  : find_long(hay, needle);
}

/* --- numbers ------------------------------------------------------------ */

static size_t count_digits(const char *p, const char *end)
{
	const char *from = p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return (size_t)(p - from);
}

/* The `e+10` at p, if it is one; returns what follows. NULL: half of one. */
static const char *skip_exponent(const char *p, const char *end)
{
	size_t n;

	if (p == end || (*p != 'e' && *p != 'E'))
		return p;
	p++;
	if (p < end && (*p == '+' || *p == '-'))
		p++;
	n = count_digits(p, end);
	return n > 0 ? p + n : NULL;
}

bool number_read(struct text t, struct number *out)
{
	const char *p, *end;
	size_t whole, fraction = 0;

	t = text_trim(t);
	p = t.at;
	end = t.at + t.len;
	*out = (struct number) {.is_negative = t.len > 0 && *p == '-'};
	if (t.len > NUMBER_MAX_BYTES)
		return false;
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	whole = count_digits(p, end);
	out->digits = (struct text) {p, whole};
	p += whole;
	out->is_whole = p == end;
	if (p < end && *p == '.') {
		fraction = count_digits(p + 1, end);
		p += 1 + fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (skip_exponent(p, end) != end)
		return false;
	while (out->digits.len > 0 && out->digits.at[0] == '0') {
		out->digits.at++;
		out->digits.len--;
	}
	if (!out->is_whole)
		out->value = strtod(t.at, NULL);
	else if (out->digits.len == 0)
		out->is_negative = false;
	return true;
}

static double value_of(const struct number *n)
{
	double value;

	if (!n->is_whole)
		return n->value;
	value = n->digits.len > 0 ? strtod(n->digits.at, NULL) : 0;
	return n->is_negative ? -value : value;
}

static int compare_digits(struct text a, struct text b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return memcmp(a.at, b.at, a.len);
}

int number_compare(const struct number *a, const struct number *b)
{
	double x, y;
	int order;

	if (a->is_whole && b->is_whole) {
		if (a->is_negative != b->is_negative)
			return a->is_negative ? -1 : 1;
		order = compare_digits(a->digits, b->digits);
		return a->is_negative ? -order : order;
	}
	x = value_of(a);
	y = value_of(b);
	return (x > y) - (x < y);
}
