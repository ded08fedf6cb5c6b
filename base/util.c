/*
 * What every room needs and the standard library lacks: memory, clocks, and
 * numbers as people write them. It knows nothing of plans, users or requests.
 */
#include "base/util.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* exit status of a process that cannot go on */
#define EXIT_UNTRUSTED 3
/* digits after the point that count; further ones are read and dropped */
#define DURATION_DIGITS 6
#define NUMBER_DIGITS   15
/* words longer than this are nobody's spelling mistake */
#define WORD_MAX 64
/* how many letters may be wrong in a word that is still recognised */
#define DISTANCE_MAX 3
/* a prefix shorter than this could mean anything */
#define PREFIX_MIN 2

/* --- memory ------------------------------------------------------------- */

_Noreturn void out_of_memory(void)
{
	fputs("loadgen: out of memory\n", stderr);
	exit(EXIT_UNTRUSTED);
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (size > 0 && n > SIZE_MAX / size)
		out_of_memory();
	bytes = n * size;
	p = realloc(p, bytes ? bytes : 1);
	if (p == NULL)
		out_of_memory();
	return p;
}

char *xstrndup(const char *s, size_t len)
{
	char *copy;

	len = strnlen(s, len);
	copy = xcalloc(len + 1, 1);
	memcpy(copy, s, len);
	return copy;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xvasprintf(const char *format, va_list args)
{
	va_list again;
	char *text;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	if (len < 0)
		out_of_memory();
	text = xcalloc((size_t)len + 1, 1);
	vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	return text;
}

char *xasprintf(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	return text;
}

void *grow(void *array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return array;
	if (n > SIZE_MAX / 2)
		out_of_memory();
	*cap = n < 4 ? 8 : n * 2;
	return xreallocarray(array, *cap, size);
}

/* --- sums and products -------------------------------------------------- */

uint64_t add_saturated(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

/* A large product goes through in binary digits, since C11 has no type that it
 * fits into. */
uint64_t multiply_divide(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t quotient = 0, rest = 0;
	int bit;

	if (b == c)
		return a;
	if (b == 0 || a <= UINT64_MAX / b)
		return a * b / c;
	for (bit = 63; bit >= 0; bit--) {
		quotient <<= 1;
		if (rest >= c - rest) {
			rest -= c - rest;
			quotient++;
		} else {
			rest += rest;
		}
		if ((a >> bit & 1) == 0)
			continue;
		if (rest >= c - b) {
			rest -= c - b;
			quotient++;
		} else {
			rest += b;
		}
	}
	return quotient;
}

uint64_t round_to_u64(double x)
{
	/* !(<) because a NaN is too large as well */
	if (!(x < 0x1p64))
		return UINT64_MAX;
	return x > 0 ? (uint64_t)(x + 0.5) : 0;
}

double n_times(double n, double each)
{
	return n > 0 && each > 0 ? n * each : 0;
}

/* --- clocks ------------------------------------------------------------- */

static uint64_t read_clock_us(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) != 0)
		return 0;
	return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_us(void)
{
	return read_clock_us(CLOCK_MONOTONIC);
}

uint64_t wall_us(void)
{
	return read_clock_us(CLOCK_REALTIME);
}

/* --- numbers as people write them --------------------------------------- */

/* Locale-free, unlike isspace() and isdigit(). */
static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_blanks(const char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

/* Whether nothing but blanks is left. */
static bool is_end(const char *p)
{
	return *skip_blanks(p) == '\0';
}

/* a * b + c, or false when it does not fit. */
static bool mul_add(uint64_t a, uint64_t b, uint64_t c, uint64_t *out)
{
	if (b > 0 && a > (UINT64_MAX - c) / b)
		return false;
	*out = a * b + c;
	return true;
}

/* Digits at *p, at least one; *p is moved behind them. */
static bool scan_digits(const char **p, uint64_t *out)
{
	const char *s = *p;
	uint64_t value = 0;

	if (!is_digit(*s))
		return false;
	for (; is_digit(*s); s++) {
		if (!mul_add(value, 10, (uint64_t)(*s - '0'), &value))
			return false;
	}
	*p = s;
	*out = value;
	return true;
}

/* A number as written: whole + fraction / scale, both exact. */
struct decimal {
	uint64_t whole;
	uint64_t fraction;
	uint64_t scale; /* a power of ten; 1 without a fraction */
};

/* Digits, and a point with digits if there is one; at most max_digits of the
 * fraction are kept. strtod would take "inf", "0x1p3" and the locale's comma.
 */
static bool scan_decimal(
    const char **p, unsigned max_digits, struct decimal *out)
{
	struct decimal d = {0, 0, 1};
	const char *s = *p;
	unsigned n;

	if (!scan_digits(&s, &d.whole))
		return false;
	if (*s == '.') {
		s++;
		if (!is_digit(*s))
			return false;
		for (n = 0; is_digit(*s); s++, n++) {
			if (n >= max_digits)
				continue;
			d.fraction = d.fraction * 10 + (uint64_t)(*s - '0');
			d.scale *= 10;
		}
	}
	*p = s;
	*out = d;
	return true;
}

/* One division of two exact numbers is the nearest double there is, for up
 * to 15 digits; whole + fraction would round twice. */
static bool scan_number(const char **p, double *out)
{
	struct decimal d;
	uint64_t all;

	if (!scan_decimal(p, NUMBER_DIGITS, &d))
		return false;
	if (mul_add(d.whole, d.scale, d.fraction, &all))
		*out = (double)all / (double)d.scale;
	else
		*out = (double)d.whole;
	return true;
}

struct unit {
	const char *name;
	uint64_t factor;
};

/* Longest names first, so that "ms" is not taken for "m". */
static const struct unit time_units[] = {
    {"us", 1},
    {"ms", US_PER_MS},
    {"s", US_PER_S},
    {"m", 60 * US_PER_S},
    {"h", 3600 * US_PER_S},
};

static const struct unit size_units[] = {
    {"k", UINT64_C(1) << 10},
    {"K", UINT64_C(1) << 10},
    {"m", UINT64_C(1) << 20},
    {"M", UINT64_C(1) << 20},
    {"g", UINT64_C(1) << 30},
    {"G", UINT64_C(1) << 30},
};

static const struct unit rate_units[] = {
    {"/s", 1},
    {"/m", 60},
    {"/h", 3600},
};

/* The unit that stands at *p, which is moved behind it; NULL: none does. */
static const struct unit *scan_unit(
    const char **p, const struct unit *units, size_t n)
{
	size_t i, len;

	for (i = 0; i < n; i++) {
		len = strlen(units[i].name);
		if (strncmp(*p, units[i].name, len) == 0) {
			*p += len;
			return &units[i];
		}
	}
	return NULL;
}

bool parse_duration_us(const char *text, uint64_t *out_us)
{
	const char *p = skip_blanks(text);
	const struct unit *unit, *before = NULL;
	uint64_t total_us = 0, part_us;
	struct decimal d;

	do {
		if (!scan_decimal(&p, DURATION_DIGITS, &d))
			return false;
		unit = scan_unit(&p, time_units, ARRAY_LEN(time_units));
		if (unit == NULL) {
			/* "90" is seconds, but "1h20" could be anything */
			if (before != NULL || !is_end(p))
				return false;
			unit = &time_units[2];
		}
		/* "1m2m" and "5s1h" are slips, not sums */
		if (before != NULL && unit->factor >= before->factor)
			return false;
		before = unit;
		part_us = d.fraction * unit->factor / d.scale;
		if (!mul_add(d.whole, unit->factor, part_us, &part_us) ||
		    !mul_add(1, part_us, total_us, &total_us))
			return false;
	} while (!is_end(p));
	*out_us = total_us;
	return true;
}

bool parse_size_bytes(const char *text, uint64_t *out_bytes)
{
	const char *p = skip_blanks(text);
	const struct unit *unit;
	uint64_t n;

	if (!scan_digits(&p, &n))
		return false;
	unit = scan_unit(&p, size_units, ARRAY_LEN(size_units));
	if (!is_end(p) || !mul_add(n, unit ? unit->factor : 1, 0, &n))
		return false;
	*out_bytes = n;
	return true;
}

bool parse_count(const char *text, uint64_t *out)
{
	const char *p = skip_blanks(text);
	uint64_t n;

	if (!scan_digits(&p, &n) || !is_end(p))
		return false;
	*out = n;
	return true;
}

bool parse_rate(const char *text, double *out_per_s)
{
	const char *p = skip_blanks(text);
	const struct unit *unit;
	double n;

	if (!scan_number(&p, &n))
		return false;
	unit = scan_unit(&p, rate_units, ARRAY_LEN(rate_units));
	if (!is_end(p))
		return false;
	*out_per_s = unit ? n / (double)unit->factor : n;
	return true;
}

bool parse_number(const char *text, double *out)
{
	const char *p = skip_blanks(text);
	double n;

	if (!scan_number(&p, &n) || !is_end(p))
		return false;
	*out = n;
	return true;
}

/* --- numbers as people read them ---------------------------------------- */

/* Appends amount / one with as many decimals as it takes, and the unit. */
static size_t put_amount(char *out, size_t size, size_t len, uint64_t amount,
    uint64_t one, const char *unit)
{
	uint64_t fraction = amount % one;
	int digits = 0, n;
	uint64_t scale;

	for (scale = one; scale > 1; scale /= 10)
		digits++;
	while (digits > 0 && fraction % 10 == 0) {
		fraction /= 10;
		digits--;
	}
	if (len >= size)
		return len;
	if (digits > 0)
		n = snprintf(out + len, size - len,
		    "%" PRIu64 ".%0*" PRIu64 "%s", amount / one, digits,
		    fraction, unit);
	else
		n = snprintf(
		    out + len, size - len, "%" PRIu64 "%s", amount / one, unit);
	return n < 0 ? len : len + (size_t)n;
}

char *format_duration(char *out, size_t size, uint64_t us)
{
	uint64_t hours = us / (3600 * US_PER_S);
	uint64_t minutes = us / (60 * US_PER_S) % 60;
	uint64_t rest_us = us % (60 * US_PER_S);
	size_t len = 0;

	if (size > 0)
		out[0] = '\0';
	if (us > 0 && us < US_PER_MS) {
		put_amount(out, size, 0, us, 1, "us");
		return out;
	}
	if (us > 0 && us < US_PER_S) {
		put_amount(out, size, 0, us, US_PER_MS, "ms");
		return out;
	}
	if (hours > 0)
		len = put_amount(out, size, len, hours, 1, "h");
	if (minutes > 0)
		len = put_amount(out, size, len, minutes, 1, "m");
	if (rest_us > 0 || us == 0)
		put_amount(out, size, len, rest_us, US_PER_S, "s");
	return out;
}

char *format_count(char *out, size_t size, uint64_t n)
{
	char digits[24], grouped[32];
	size_t len, i, at = 0;

	snprintf(digits, sizeof(digits), "%" PRIu64, n);
	len = strlen(digits);
	for (i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			grouped[at++] = ',';
		grouped[at++] = digits[i];
	}
	grouped[at] = '\0';
	snprintf(out, size, "%s", grouped);
	return out;
}

/* --- words -------------------------------------------------------------- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_prefix(const char *prefix, const char *word)
{
	for (; *prefix != '\0'; prefix++, word++) {
		if (lower(*prefix) != lower(*word))
			return false;
	}
	return true;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Damerau-Levenshtein: letters left out, put in, mistaken, or two neighbours
 * swapped. Both words are at most WORD_MAX bytes. */
static size_t word_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2], *spare;
	size_t a_len = strlen(a), b_len = strlen(b), i, j, change;

	for (j = 0; j <= b_len; j++)
		above[j] = before[j] = j;
	for (i = 1; i <= a_len; i++) {
		row[0] = i;
		for (j = 1; j <= b_len; j++) {
			change = lower(a[i - 1]) != lower(b[j - 1]);
			row[j] = least(above[j] + 1, row[j - 1] + 1);
			row[j] = least(row[j], above[j - 1] + change);
			if (i > 1 && j > 1 &&
			    lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[b_len];
}

const char *nearest_word(const char *word, const char *const *words, size_t n)
{
	const char *nearest = NULL, *longer = NULL;
	size_t len = strlen(word), limit, distance, i;

	if (len == 0 || len > WORD_MAX)
		return NULL;
	limit = least(len < 6 ? 1 : len / 3, DISTANCE_MAX);
	for (i = 0; i < n; i++) {
		if (strlen(words[i]) > WORD_MAX)
			continue;
		distance = word_distance(word, words[i]);
		/* with every letter changed nothing of the word is left */
		if (distance <= limit && distance < len) {
			nearest = words[i];
			if (distance == 0)
				break;
			limit = distance - 1;
		}
		if (longer == NULL && len >= PREFIX_MIN &&
		    is_prefix(word, words[i]))
			longer = words[i];
	}
	return nearest ? nearest : longer;
}

char *trim(char *s)
{
	size_t len;

	while (is_blank(*s))
		s++;
	len = strlen(s);
	while (len > 0 && is_blank(s[len - 1]))
		len--;
	s[len] = '\0';
	return s;
}

const char *host_name(void)
{
	static char host[256];

	if (host[0] == '\0' && gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	return host;
}
