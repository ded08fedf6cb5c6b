/*
 * Walking over the text of a CSV file (RFC 4180), field by field, within its
 * bounds whatever it holds. A quote counts only as the first byte of a field.
 * Lines end with LF or CR LF, or with the text. It knows no names of columns,
 * keeps nothing and reports nothing.
 */
#ifndef PLAN_CSV_H
#define PLAN_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct csv {
	const uint8_t *bytes; /* borrowed */
	size_t len;
};

enum csv_defect {
	CSV_SOUND,
	CSV_UNCLOSED,   /* the text ends inside of quotes */
	CSV_TEXT_BEHIND /* its closing quote; it is no part of the field */
};

struct csv_field {
	size_t start;   /* the first byte of what it holds, behind a quote */
	size_t end;     /* one past its last byte, before a quote */
	size_t next;    /* where the next field or the next line begins */
	bool is_quoted; /* quotes inside of it are doubled */
	bool is_last;   /* of its row */
	enum csv_defect defect;
};

struct csv_row {
	size_t fields;
	size_t next;            /* where the line behind it begins */
	enum csv_defect defect; /* the first one in it */
	size_t defect_field;    /* its number, from 1, and its start */
	size_t defect_at;
};

/* The field that begins at `at`; an empty, last one at the end. */
struct csv_field csv_field(const struct csv *csv, size_t at);
/* All fields of the row that begins at `at`. */
struct csv_row csv_row(const struct csv *csv, size_t at);
/* Passes over n rows, and the empty lines among and behind them, from the one
 * that begins at `at`. */
size_t csv_skip_rows(const struct csv *csv, size_t at, uint64_t n);
/* Passes over the empty lines at `at`: the start of a row, or the end. */
size_t csv_skip_empty(const struct csv *csv, size_t at);
/* Appends what the field holds, doubled quotes made single. */
void csv_put(
    const struct csv *csv, const struct csv_field *field, struct buf *out);

#endif
