/*
 * What every room needs and the standard library lacks: memory that is there
 * or the process is not, the two clocks, and numbers as people write them.
 * It knows nothing of plans, users or requests.
 */
#ifndef BASE_UTIL_H
#define BASE_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOADGEN_VERSION "0.1.0"

#define US_PER_MS       UINT64_C(1000)
#define US_PER_S        UINT64_C(1000000)

#define ARRAY_LEN(a)    (sizeof(a) / sizeof((a)[0]))

/* Says that there is no memory left and exits with status 3. */
_Noreturn void out_of_memory(void);
/* Zeroed memory for n things of size bytes; owned by the caller; ends
 * in out_of_memory when there is none. */
void *xcalloc(size_t n, size_t size);
/* Like realloc(p, n * size), overflow checked; exits like xcalloc. */
void *xreallocarray(void *p, size_t n, size_t size);
/* Copies owned by the caller; exit like xcalloc. xstrndup adds the NUL. */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);
/* printf into memory owned by the caller. */
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

/* a + b, or UINT64_MAX where that is more: times without an end stay so. */
uint64_t add_saturated(uint64_t a, uint64_t b);
/* a * b / c rounded down, for b <= c and c > 0, whatever their size. */
uint64_t multiply_divide(uint64_t a, uint64_t b, uint64_t c);
/* The whole number nearest to x: 0 for less, UINT64_MAX for what is more than
 * it holds, or no number. */
uint64_t round_to_u64(double x);
/* n times each, both at least 0: nothing of what has no end (INFINITY), or
 * nothing however often, is nothing. */
double n_times(double n, double each);

/* Makes room for one more element in a growing array: returns the array,
 * moved or not, with *cap changed. n is how many elements are in it now. */
void *grow(void *array, size_t n, size_t *cap, size_t size);

/* Microseconds of the monotonic clock. */
uint64_t clock_us(void);
/* Microseconds of wall time since 1970, for columns and names of files. */
uint64_t wall_us(void);

/*
 * Numbers as people write them. Each takes the whole text (blanks around it
 * are allowed), returns false when it is something else, negative, or does
 * not fit, and then leaves *out as it was.
 *
 *   duration  90  90s  1h20m  1.5s  250ms  10us     (bare number: seconds)
 *   size      4096  64k  1M  2G                     (powers of 1024)
 *   count     1000                                   (digits only)
 *   rate      10  0.5  500/s  30/m  100/h            (bare number: a second)
 *   number    0.5                                    (finite, not negative)
 */
bool parse_duration_us(const char *text, uint64_t *out_us);
bool parse_size_bytes(const char *text, uint64_t *out_bytes);
bool parse_count(const char *text, uint64_t *out);
bool parse_rate(const char *text, double *out_per_s);
bool parse_number(const char *text, double *out);

/* A duration for people: "250ms", "1.5s", "1m30s", "2h5m". Writes at most
 * size bytes with the NUL and returns out. */
char *format_duration(char *out, size_t size, uint64_t us);
/* A count with its thousands set apart: "1,234,567". */
char *format_count(char *out, size_t size, uint64_t n);

/* The word of words[0..n) that is nearest to word, for "did you mean"; NULL
 * when none is near enough to be meant. Borrowed from words. */
const char *nearest_word(const char *word, const char *const *words, size_t n);

/* Cuts leading and trailing blanks and line ends, in place; returns the first
 * byte that is left. */
char *trim(char *s);

/* What this machine calls itself, or ""; good for ever, for all who ask. */
const char *host_name(void);

#endif
