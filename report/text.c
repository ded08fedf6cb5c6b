/*
 * Text and figures as a terminal shows them. It knows no results.
 */
#include "report/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/letter.h"
#include "base/util.h"

/* --- letters ------------------------------------------------------------ */

struct range {
	uint32_t first;
	uint32_t last;
	size_t columns;
};

/* What does not take one column, roughly as Unicode has it; wcwidth would
 * depend on the locale. */
static const struct range ranges[] = {
    {0x0300, 0x036f, 0},                        /* combining marks */
    {0x1100, 0x115f, 2},                        /* Hangul */
    {0x200b, 0x200d, 0},                        /* of no width */
    {0x2e80, 0xa4cf, 2},                        /* CJK */
    {0xac00, 0xd7a3, 2},                        /* Hangul syllables */
    {0xf900, 0xfaff, 2},                        /* CJK */
    {0xfe00, 0xfe0f, 0},                        /* variation selectors */
    {0xfe30, 0xfe6f, 2},                        /* CJK forms */
    {0xff00, 0xff60, 2},                        /* full width */
    {0xffe0, 0xffe6, 2}, {0x1f300, 0x1faff, 2}, /* pictures */
    {0x20000, 0x3fffd, 2},                      /* CJK */
};

static size_t columns_of(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return ranges[i].columns;
	}
	return 1;
}

/* The letter at s: its bytes, at least 1, and its columns. */
static size_t letter(const char *s, size_t *columns)
{
	uint32_t code;
	size_t len = letter_read(s, &code);

	*columns = len > 0 ? columns_of(code) : 1;
	return len > 0 ? len : 1;
}

/* --- text --------------------------------------------------------------- */

char *text_shown(const char *raw)
{
	/* \xNN is four bytes for one */
	char *shown = xcalloc(strlen(raw) * 4 + 1, 1);
	char *end = shown;
	uint32_t code;

	while (*raw) {
		size_t len = letter_read(raw, &code);
		bool as_it_is = len > 0 && !letter_steers(code);

		if (len == 0)
			len = 1;
		for (size_t i = 0; i < len; i++, raw++) {
			if (as_it_is)
				*end++ = *raw;
			else
				end += snprintf(end, 5, "\\x%02X",
				    (unsigned)(unsigned char)*raw);
		}
	}
	return shown;
}

char *text_utf8(const char *raw)
{
	static const char replacement[] = "\xef\xbf\xbd";
	/* three bytes for one */
	char *text = xcalloc(strlen(raw) * 3 + 1, 1);
	char *end = text;
	uint32_t code;

	while (*raw) {
		size_t len = letter_read(raw, &code);

		if (len > 0)
			memcpy(end, raw, len);
		else
			memcpy(end, replacement, 3);
		end += len > 0 ? len : 3;
		raw += len > 0 ? len : 1;
	}
	return text;
}

size_t text_columns(const char *shown)
{
	size_t sum = 0;
	size_t columns;

	while (*shown) {
		shown += letter(shown, &columns);
		sum += columns;
	}
	return sum;
}

size_t text_front_bytes(const char *shown, size_t columns)
{
	size_t bytes = 0;

	while (shown[bytes]) {
		size_t wide;
		size_t len = letter(shown + bytes, &wide);

		if (wide > columns)
			break;
		columns -= wide;
		bytes += len;
	}
	return bytes;
}

char *text_cut(const char *shown, size_t columns)
{
	size_t all = text_columns(shown);
	size_t head;
	size_t skip;

	if (all <= columns)
		return xstrdup(shown);
	if (columns < 5)
		return xstrndup(shown, text_front_bytes(shown, columns));
	head = text_front_bytes(shown, (columns - 2) / 2);
	/* drop so many columns from the front that the tail fits */
	skip = text_front_bytes(shown, all - (columns - 3) / 2);
	return xasprintf("%.*s...%s", (int)head, shown, shown + skip);
}

FILE *text_open(char **text, size_t *len)
{
	FILE *out = open_memstream(text, len);

	if (!out)
		out_of_memory();
	return out;
}

void text_close(FILE *out)
{
	if (fclose(out) != 0)
		out_of_memory();
}

const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* --- figures ------------------------------------------------------------ */

char *figure_count(char *out, uint64_t n)
{
	return format_count(out, FIGURE_BYTES, n);
}

/* Three digits that count, as far as there are; the fourth is rounded off. */
static bool put_small_ms(char *out, uint64_t us)
{
	if (us == 0)
		snprintf(out, FIGURE_BYTES, "0");
	else if (us < 1000)
		snprintf(out, FIGURE_BYTES, "0.%03" PRIu64, us);
	else if (us < 9995)
		snprintf(out, FIGURE_BYTES, "%.2f", (double)us / 1000);
	else if (us < 99950)
		snprintf(out, FIGURE_BYTES, "%.1f", (double)us / 1000);
	else
		return false;
	return true;
}

char *figure_ms(char *out, uint64_t us)
{
	if (!put_small_ms(out, us))
		figure_count(out, (us + 500) / 1000);
	return out;
}

char *figure_rate(char *out, double per_s)
{
	if (per_s < 9.995)
		snprintf(out, FIGURE_BYTES, "%.2f", per_s);
	else if (per_s < 999.95)
		snprintf(out, FIGURE_BYTES, "%.1f", per_s);
	else
		figure_count(out, round_to_u64(per_s));
	return out;
}

char *figure_thousandths(char *out, uint64_t n)
{
	size_t len = (size_t)snprintf(
	    out, FIGURE_BYTES, "%" PRIu64 ".%03" PRIu64, n / 1000, n % 1000);

	while (out[len - 1] == '0')
		len--;
	if (out[len - 1] == '.')
		len--;
	out[len] = '\0';
	return out;
}

char *figure_number(char *out, double n)
{
	if (n >= 1000 || n == (double)(uint64_t)n)
		figure_count(out, round_to_u64(n));
	else
		snprintf(out, FIGURE_BYTES, "%.3g", n);
	return out;
}

char *figure_percent(char *out, uint64_t n, uint64_t of)
{
	double percent = of > 0 ? 100 * (double)n / (double)of : 0;

	/* neither a few nor all but a few may look like none or all */
	if (n > 0 && percent < 0.01)
		snprintf(out, FIGURE_BYTES, "<0.01");
	else if (n < of && percent > 99.99)
		snprintf(out, FIGURE_BYTES, ">99.99");
	else if (n == 0 || n == of)
		snprintf(out, FIGURE_BYTES, "%.0f", percent);
	else
		snprintf(out, FIGURE_BYTES, "%.2f", percent);
	return out;
}

char *figure_permille(char *out, uint64_t permille)
{
	snprintf(out, FIGURE_BYTES, "%" PRIu64 ".%" PRIu64, permille / 10,
	    permille % 10);
	return out;
}

/* us in whole units. */
static uint64_t rounded(uint64_t us, uint64_t unit)
{
	return (us + unit / 2) / unit * unit;
}

char *figure_duration(char *out, uint64_t us)
{
	/* finer than this is nothing to people */
	if (us >= US_PER_MS)
		us = rounded(us, US_PER_MS);
	if (us >= US_PER_S)
		us = rounded(us, US_PER_S / 10);
	if (us >= 60 * US_PER_S)
		us = rounded(us, US_PER_S);
	return format_duration(out, FIGURE_BYTES, us);
}

char *figure_elapsed(char *out, uint64_t us)
{
	uint64_t tenths = rounded(us, US_PER_S / 10) * 10 / US_PER_S;

	if (tenths == 0)
		return figure_duration(out, us);
	if (tenths < 10)
		snprintf(out, FIGURE_BYTES, "0.%" PRIu64 "s", tenths);
	else
		format_duration(out, FIGURE_BYTES, rounded(us, US_PER_S));
	return out;
}

char *figure_utc(char *out, char between, uint64_t wall_us)
{
	time_t seconds = (time_t)(wall_us / US_PER_S);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
	    strftime(out, FIGURE_BYTES, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		out[0] = '\0';
	else
		*strchr(out, 'T') = between;
	return out;
}

const char *text_signal(int number)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
	    {SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}, {SIGHUP, "SIGHUP"}};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].number == number)
			return names[i].name;
	}
	return "a signal";
}
