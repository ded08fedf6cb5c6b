/*
 * A CSV file whose rows are handed to users: mapped, checked and indexed once,
 * never held in memory of ours, and shared by all processes that are forked
 * after it was opened. It knows no users, no plans and no curl.
 *
 * While it is open the file may be replaced (renamed over), not rewritten: a
 * file that was changed in place gives fields that nobody checked, and one
 * that was made shorter ends the process that reads there (SIGBUS).
 */
#ifndef PLAN_DATA_H
#define PLAN_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"

#define DATA_MAX_COLUMNS 1000

struct data;

/*
 * Opens all of path. NULL when there are mistakes: a few of them are put into
 * d, with how many more there are. name_shown is what errors call the file,
 * and is borrowed as long as d is used. Mistakes of the file as a whole are
 * told at `where`, as `WHAT "NAME_SHOWN": `, others at their line of the file.
 */
struct data *data_open(const char *path, const char *name_shown, struct diag *d,
    struct where where, const char *what);
/* The same from memory, borrowed for the life of it. */
struct data *data_open_bytes(const void *bytes, size_t len,
    const char *name_shown, struct diag *d, struct where where,
    const char *what);
void data_close(struct data *data);

/* At least 1; the names of the columns are no row. */
uint64_t data_rows(const struct data *data);
size_t data_columns(const struct data *data);
/* The name of column i, without blanks around it; borrowed. */
const char *data_column(const struct data *data, size_t i);
/* Which column is called so; false: none. */
bool data_find_column(const struct data *data, const char *name, size_t *out);

/* Where a row begins, for data_field; row is below data_rows. */
uint64_t data_row_at(const struct data *data, uint64_t row);
/* Appends a field, without its quotes, of the row that begins at `at`. Nothing
 * where there is none, in a file that was changed since. */
void data_field(
    const struct data *data, uint64_t at, size_t column, struct buf *out);

/* All of the file; borrowed. */
const void *data_bytes(const struct data *data, size_t *len);

/* The next row that nobody has had, in all the processes that share it; false
 * when all are used up. */
bool data_take(struct data *data, uint64_t *row);
/* From now on rows from..upto-1 alone are taken, in order, in all processes
 * that share it, those that were forked before too. At first it is all rows,
 * and there never are more. */
void data_set_share(struct data *data, uint64_t from, uint64_t upto);
/* The row that would be taken next: the end of the share when it is used
 * up. */
uint64_t data_next(const struct data *data);

#endif
