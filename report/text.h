/*
 * Text and figures as a terminal shows them: nothing that could steer it,
 * measured in columns, cut and written so that a table fits. It knows no
 * results.
 */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The text with every control byte, and every byte that is not UTF-8, as
 * \xNN. Owned by the caller. */
char *text_shown(const char *raw);
/* The text with every byte that is not UTF-8 as U+FFFD, for those who must have
 * valid UTF-8. Owned by the caller. */
char *text_utf8(const char *raw);
/* How many columns a text that text_shown made takes. */
size_t text_columns(const char *shown);
/* The longest front of it that takes at most so many columns, in bytes. */
size_t text_front_bytes(const char *shown, size_t columns);
/* At most so many columns: what is longer loses its middle to "...". Owned by
 * the caller. */
char *text_cut(const char *shown, size_t columns);
/* What a page or a list has room for of a name, or of the text of a failure, in
 * columns: where they are told in full is in JSON and CSV. */
enum { TEXT_MOST_COLUMNS = 300 };

/* A text that is put together: a stream into memory, whose text is there, and
 * owned by the caller, once text_close has been called. Both end in
 * out_of_memory. */
FILE *text_open(char **text, size_t *len);
void text_close(FILE *out);

/* What n things have at their end that one has not. */
const char *plural(uint64_t n);

enum { FIGURE_BYTES = 40 };

/* Each writes into out, FIGURE_BYTES long, and returns it. */
char *figure_count(char *out, uint64_t n);  /* 1,234,567 */
char *figure_ms(char *out, uint64_t us);    /* 0.042 1.23 12.3 1,234 */
char *figure_rate(char *out, double per_s); /* 0.42 685.7 1,234 */
char *figure_number(char *out, double n);   /* 0.5 10 1,000 */
/* For programs, with as many of three decimals as it takes: 1500 is 1.5. */
char *figure_thousandths(char *out, uint64_t n);
char *figure_percent(char *out, uint64_t n, uint64_t of); /* 0.97 12.3 100 */
char *figure_permille(char *out, uint64_t permille);      /* 97.3, in % */
char *figure_duration(char *out, uint64_t us);            /* 835ms 1.9s 1m30s */
char *figure_elapsed(char *out, uint64_t us);             /* 0.8s 3s 1m30s */
/* Wall time in UTC, with this between date and time: 2026-08-22T00:44:41; ""
 * for one that no calendar has. */
char *figure_utc(char *out, char between, uint64_t wall_us);

/* SIGINT, SIGTERM or SIGHUP by its name. */
const char *text_signal(int number);

#endif
