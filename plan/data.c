/*
 * CSV files as tables of rows: the map of the file, its check, an index of
 * where rows begin, and the counter of rows that are used up. It must not know
 * who wants the rows.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS came into POSIX in 2024 only */
#include "plan/data.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "plan/csv.h"
#include "plan/values.h"

enum {
	ROWS_PER_MARK = 16, /* an index entry for each so many rows */
	TOLD_MAX = 5,       /* mistakes; what follows is only counted */
	AHEAD_BYTES = 65536
};

/* A lock would live in one process only. */
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics need locks here");

/* What all processes share. */
struct shared {
	_Atomic uint64_t next; /* the row to be taken */
	_Atomic uint64_t upto; /* the first one that is not ours */
};

struct data {
	struct csv csv; /* its bytes are borrowed, unless there is a map */
	void *map;      /* owned, of csv.len bytes; NULL: none */
	char **columns; /* owned, as are their names */
	size_t n_columns;
	uint64_t rows;
	size_t *marks; /* owned; where every ROWS_PER_MARK-th row begins */
	size_t n_marks;
	size_t cap_marks;
	struct shared *shared; /* owned; in memory that a fork does not copy */
};

/* What is needed only while a file is opened. */
struct opening {
	struct data *data;
	struct diag *diag;
	const char *name;   /* of the file, in errors */
	struct where where; /* the key that names it */
	const char *what;
	uint64_t mistakes; /* in its lines */
	unsigned untold;   /* the line of the first that is only counted */
	/* Lines are counted when a mistake asks for it, up to here. */
	size_t counted;
	unsigned line;
	size_t clean; /* no NUL byte before this one */
	/* By column, owned: blanks were taken from around its name; NULL: from
	 * none, or its values were warned of. */
	bool *is_trimmed;
};

/* --- mistakes ----------------------------------------------------------- */

static void whole_error(const struct opening *o, const char *why)
{
	diag_error(o->diag, o->where, "%s \"%s\": %s", o->what,
	    quote(o->name).text, why);
}

static void read_error(const struct opening *o, const char *why)
{
	diag_error(o->diag, o->where,
	    "%s \"%s\": it cannot be read: %s: paths start at the plan's "
	    "folder",
	    o->what, quote(o->name).text, why);
}

/* The line of a byte that is not before the one asked for last. */
static unsigned line_of(struct opening *o, size_t at)
{
	const uint8_t *bytes = o->data->csv.bytes, *end;

	while (o->counted < at) {
		end = memchr(bytes + o->counted, '\n', at - o->counted);
		if (end == NULL)
			break;
		o->counted = (size_t)(end - bytes) + 1;
		if (o->line < UINT_MAX)
			o->line++;
	}
	return o->line;
}

/* Counts a mistake at this byte; whether it is one to tell. */
static bool is_told(struct opening *o, size_t at, struct where *out)
{
	if (o->mistakes < TOLD_MAX)
		*out = (struct where) {o->name, line_of(o, at)};
	else if (o->mistakes == TOLD_MAX)
		o->untold = line_of(o, at);
	return o->mistakes++ < TOLD_MAX;
}

static void tell_rest(const struct opening *o)
{
	struct where where = {o->name, o->untold};
	uint64_t n = o->mistakes - TOLD_MAX;

	if (o->mistakes > TOLD_MAX)
		diag_error(o->diag, where,
		    "and %" PRIu64 " more mistake%s from here on: mend those "
		    "above first",
		    n, n == 1 ? "" : "s");
}

/* The text from start to end, for an error. */
static struct quote quote_bytes(const struct csv *csv, size_t start, size_t end)
{
	char *text = xstrndup((const char *)csv->bytes + start, end - start);
	struct quote q = quote(text);

	free(text);
	return q;
}

/* What stands behind the closing quote of a field: it has no quote at its
 * front, so it reads as a field of its own. */
static struct csv_field text_behind(
    const struct csv *csv, const struct csv_field *field)
{
	return csv_field(csv, field->end + 1);
}

static struct quote quote_behind(const struct csv *csv, size_t at)
{
	struct csv_field f = csv_field(csv, at);

	f = text_behind(csv, &f);
	return quote_bytes(csv, f.start, f.end);
}

static void defect_error(struct opening *o, const struct csv_row *row)
{
	struct where where;

	if (!is_told(o, row->defect_at, &where))
		return;
	if (row->defect == CSV_UNCLOSED)
		diag_error(o->diag, where,
		    "field %zu: its quote is never closed: write \" at its "
		    "end, and \"\" for a quote inside of it",
		    row->defect_field);
	else
		diag_error(o->diag, where,
		    "field %zu: \"%s\" stands behind its closing quote: write "
		    "\"\" for a quote inside of it",
		    row->defect_field,
		    quote_behind(&o->data->csv, row->defect_at).text);
}

/* One that begins with a quote, but for a blank. */
static bool has_blank_before_quote(const struct csv *csv, size_t at)
{
	struct csv_field f;
	size_t i;

	do {
		f = csv_field(csv, at);
		for (i = f.start; i < f.end && csv->bytes[i] == ' '; i++)
			;
		if (i > f.start && i < f.end && csv->bytes[i] == '"')
			return true;
		at = f.next;
	} while (!f.is_last);
	return false;
}

static void count_error(struct opening *o, size_t at, const struct csv_row *row)
{
	const char *mend = "put a field with a comma in it in double quotes";
	size_t n = o->data->n_columns;
	struct where where;

	if (!is_told(o, at, &where))
		return;
	if (row->fields < n)
		mend = "write an empty field as two commas";
	else if (has_blank_before_quote(&o->data->csv, at))
		mend = "remove the blanks in front of a field's opening quote";
	diag_error(o->diag, where,
	    "row: it has %zu field%s, and there %s %zu column%s: %s",
	    row->fields, row->fields == 1 ? "" : "s", n == 1 ? "is" : "are", n,
	    n == 1 ? "" : "s", mend);
}

/* Whether there is no NUL byte before `upto`. Looks some way ahead, so that a
 * file that is no text is not first told to be a bad table. */
static bool is_text(struct opening *o, size_t upto)
{
	const struct csv *csv = &o->data->csv;
	const uint8_t *nul;
	struct where where;
	size_t n;

	if (upto <= o->clean)
		return true;
	n = csv->len - o->clean;
	if (n > upto - o->clean && n - (upto - o->clean) > AHEAD_BYTES)
		n = upto - o->clean + AHEAD_BYTES;
	nul = memchr(csv->bytes + o->clean, '\0', n);
	o->clean += n;
	if (nul == NULL)
		return true;
	if (is_told(o, (size_t)(nul - csv->bytes), &where))
		diag_error(o->diag, where,
		    "a NUL byte in the line: this is not text: save it as "
		    "plain text in UTF-8");
	return false;
}

/* --- the names of the columns ------------------------------------------- */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* At the ends of a field that has no quotes to keep them. */
static bool has_blank_end(const struct csv *csv, const struct csv_field *f)
{
	const uint8_t *b = csv->bytes;

	return !f->is_quoted && f->start < f->end &&
	       (is_blank(b[f->start]) || is_blank(b[f->end - 1]));
}

static void note_trimmed(struct opening *o, size_t column, size_t columns)
{
	if (o->is_trimmed == NULL)
		o->is_trimmed = xcalloc(columns, sizeof(*o->is_trimmed));
	o->is_trimmed[column] = true;
}

static char *column_name(const struct csv *csv, const struct csv_field *field)
{
	struct buf text;
	char *copy, *name;

	buf_init(&text, csv->len);
	csv_put(csv, field, &text);
	copy = xstrdup(buf_text(&text));
	name = xstrdup(trim(copy));
	free(copy);
	buf_clear(&text);
	return name;
}

/* Takes the name, and says what is wrong with it. */
static void add_column(struct opening *o, char *name, size_t at)
{
	struct data *data = o->data;
	struct where where;
	size_t twin;

	if (name[0] == '\0') {
		if (is_told(o, at, &where))
			diag_error(o->diag, where,
			    "column %zu: it has no name: name it, or remove "
			    "its comma",
			    data->n_columns + 1);
	} else if (data_find_column(data, name, &twin)) {
		if (is_told(o, at, &where))
			diag_error(o->diag, where,
			    "column %zu: column %zu is called \"%s\" as well: "
			    "rename one of them",
			    data->n_columns + 1, twin + 1, quote(name).text);
	}
	data->columns[data->n_columns++] = name;
}

/* `id;email`, or `"id";"email"`: true after an error. */
static bool has_other_separator(
    struct opening *o, size_t at, const struct csv_row *row)
{
	const struct csv *csv = &o->data->csv;
	struct csv_field f = csv_field(csv, at);
	const char *found = NULL;
	struct where where;

	if (row->fields > 1 || (f.is_quoted && f.defect != CSV_TEXT_BEHIND))
		return false;
	if (f.is_quoted)
		f = text_behind(csv, &f);
	if (memchr(csv->bytes + f.start, ';', f.end - f.start) != NULL)
		found = "semicolons";
	else if (memchr(csv->bytes + f.start, '\t', f.end - f.start) != NULL)
		found = "tabs";
	if (found != NULL && is_told(o, at, &where))
		diag_error(o->diag, where,
		    "columns \"%s\": they are separated by %s: save the file "
		    "with commas between them",
		    quote_bytes(csv, at, f.end).text, found);
	return found != NULL;
}

/* Reads the row of names at `at` and says where the next row begins; false
 * after an error without which the rows make no sense. */
static bool read_names(struct opening *o, size_t at, size_t *next)
{
	const struct csv *csv = &o->data->csv;
	struct csv_row row = csv_row(csv, at);
	struct csv_field f;
	struct where where;

	*next = csv_skip_empty(csv, row.next);
	if (!is_text(o, row.next))
		return false;
	if (has_other_separator(o, at, &row))
		return false;
	if (row.defect != CSV_SOUND) {
		defect_error(o, &row);
		return false;
	}
	if (row.fields > DATA_MAX_COLUMNS) {
		if (is_told(o, at, &where))
			diag_error(o->diag, where,
			    "%zu columns: at most %d are read: remove what is "
			    "not used",
			    row.fields, DATA_MAX_COLUMNS);
		return false;
	}
	o->data->columns = xcalloc(row.fields, sizeof(*o->data->columns));
	do {
		f = csv_field(csv, at);
		if (has_blank_end(csv, &f))
			note_trimmed(o, o->data->n_columns, row.fields);
		add_column(o, column_name(csv, &f), at);
		at = f.next;
	} while (!f.is_last);
	return o->mistakes == 0;
}

/* --- the rows ----------------------------------------------------------- */

static void add_mark(struct data *data, size_t at)
{
	data->marks = grow(
	    data->marks, data->n_marks, &data->cap_marks, sizeof(*data->marks));
	data->marks[data->n_marks++] = at;
}

/* Once for a file: who writes blanks around names, which do not count, may
 * think that they do not around values. */
static void warn_of_blanks(struct opening *o, size_t at)
{
	const struct csv *csv = &o->data->csv;
	struct csv_field f;

	for (size_t i = 0; i < o->data->n_columns; i++) {
		f = csv_field(csv, at);
		if (o->is_trimmed[i] && has_blank_end(csv, &f)) {
			diag_warning(o->diag,
			    (struct where) {o->name, line_of(o, at)},
			    "value \"%s\": the blank at its %s is part of it: "
			    "remove it, or put the value in double quotes",
			    quote_bytes(csv, f.start, f.end).text,
			    is_blank(csv->bytes[f.start]) ? "beginning"
							  : "end");
			free(o->is_trimmed);
			o->is_trimmed = NULL;
			return;
		}
		at = f.next;
	}
}

static void read_rows(struct opening *o, size_t at)
{
	struct data *data = o->data;
	struct csv_row row;

	while (at < data->csv.len) {
		row = csv_row(&data->csv, at);
		if (!is_text(o, row.next))
			return;
		if (data->rows++ % ROWS_PER_MARK == 0)
			add_mark(data, at);
		if (row.defect != CSV_SOUND)
			defect_error(o, &row);
		else if (row.fields != data->n_columns)
			count_error(o, at, &row);
		else if (o->is_trimmed != NULL)
			warn_of_blanks(o, at);
		at = csv_skip_empty(&data->csv, row.next);
	}
}

/* Every other byte is a NUL, or a mark says so. */
static bool is_utf16(const struct csv *csv)
{
	const uint8_t *b = csv->bytes;

	return csv->len >= 2 && ((b[0] == 0xff && b[1] == 0xfe) ||
				    (b[0] == 0xfe && b[1] == 0xff) ||
				    (b[0] == '\0') != (b[1] == '\0'));
}

static void read_all(struct opening *o)
{
	static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
	const struct csv *csv = &o->data->csv;
	size_t at = 0;

	if (is_utf16(csv)) {
		whole_error(o, "it is written in UTF-16: save it as UTF-8");
		return;
	}
	if (csv->len >= sizeof(mark) &&
	    memcmp(csv->bytes, mark, sizeof(mark)) == 0)
		at = sizeof(mark);
	at = csv_skip_empty(csv, at);
	if (at == csv->len) {
		whole_error(o, "it is empty: write the names of its columns "
			       "into its first line, and rows below");
		return;
	}
	if (!read_names(o, at, &at))
		return;
	if (at < csv->len)
		read_rows(o, at);
	else if (memchr(csv->bytes, '\r', csv->len - 1) != NULL &&
		 memchr(csv->bytes, '\n', csv->len) == NULL)
		whole_error(o, "its lines end with CR alone: save it with LF "
			       "or CR LF");
	else
		whole_error(o, "it has names of columns and no rows: write "
			       "at least one row below them");
}

/* --- opening and closing ------------------------------------------------ */

static bool share_counter(struct opening *o)
{
	void *page = mmap(NULL, sizeof(*o->data->shared),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED) {
		diag_error(o->diag, o->where,
		    "%s \"%s\": there is no shared memory for it: %s", o->what,
		    quote(o->name).text, strerror(errno));
		return false;
	}
	o->data->shared = page;
	atomic_init(&o->data->shared->next, 0);
	atomic_init(&o->data->shared->upto, o->data->rows);
	return true;
}

static struct data *open_all(struct opening *o, const struct csv *csv)
{
	size_t errors = o->diag->errors;

	o->data = xcalloc(1, sizeof(*o->data));
	o->data->csv = *csv;
	o->line = 1;
	read_all(o);
	tell_rest(o);
	free(o->is_trimmed);
	o->is_trimmed = NULL;
	if (o->diag->errors > errors || !share_counter(o)) {
		data_close(o->data);
		return NULL;
	}
	return o->data;
}

struct data *data_open_bytes(const void *bytes, size_t len,
    const char *name_shown, struct diag *d, struct where where,
    const char *what)
{
	struct csv csv = {bytes, len};
	struct opening o = {
	    .diag = d, .name = name_shown, .where = where, .what = what};

	return open_all(&o, &csv);
}

/* All of an open file; the reason why not, or NULL. An empty one has no map,
 * which is no error. */
static const char *map_file(int fd, void **map, size_t *len)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return strerror(errno);
	if (S_ISDIR(st.st_mode))
		return "it is a folder";
	if (!S_ISREG(st.st_mode))
		return "it is not a regular file";
	if ((uintmax_t)st.st_size > SIZE_MAX)
		return strerror(EFBIG);
	*len = (size_t)st.st_size;
	if (*len == 0)
		return NULL;
	*map = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (*map == MAP_FAILED) {
		*map = NULL;
		return strerror(errno);
	}
	return NULL;
}

struct data *data_open(const char *path, const char *name_shown, struct diag *d,
    struct where where, const char *what)
{
	struct opening o = {
	    .diag = d, .name = name_shown, .where = where, .what = what};
	struct csv csv = {0};
	struct data *data;
	void *map = NULL;
	const char *why;
	int fd;

	/* the name may be that of a pipe that nobody writes */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	why = fd < 0 ? strerror(errno) : map_file(fd, &map, &csv.len);
	if (fd >= 0)
		close(fd);
	if (why != NULL) {
		read_error(&o, why);
		return NULL;
	}
	csv.bytes = map;
	data = open_all(&o, &csv);
	if (data != NULL)
		data->map = map;
	else if (map != NULL)
		munmap(map, csv.len);
	return data;
}

void data_close(struct data *data)
{
	if (data == NULL)
		return;
	for (size_t i = 0; i < data->n_columns; i++)
		free(data->columns[i]);
	free(data->columns);
	free(data->marks);
	if (data->shared != NULL)
		munmap(data->shared, sizeof(*data->shared));
	if (data->map != NULL)
		munmap(data->map, data->csv.len);
	free(data);
}

/* --- what is in it ------------------------------------------------------ */

uint64_t data_rows(const struct data *data)
{
	return data->rows;
}

size_t data_columns(const struct data *data)
{
	return data->n_columns;
}

const char *data_column(const struct data *data, size_t i)
{
	assert(i < data->n_columns);
	return data->columns[i];
}

bool data_find_column(const struct data *data, const char *name, size_t *out)
{
	for (size_t i = 0; i < data->n_columns; i++) {
		if (strcmp(data->columns[i], name) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

uint64_t data_row_at(const struct data *data, uint64_t row)
{
	assert(row < data->rows);
	return csv_skip_rows(
	    &data->csv, data->marks[row / ROWS_PER_MARK], row % ROWS_PER_MARK);
}

void data_field(
    const struct data *data, uint64_t at, size_t column, struct buf *out)
{
	struct csv_field f = csv_field(&data->csv, (size_t)at);

	for (; column > 0; column--) {
		if (f.is_last)
			return;
		f = csv_field(&data->csv, f.next);
	}
	csv_put(&data->csv, &f, out);
}

const void *data_bytes(const struct data *data, size_t *len)
{
	*len = data->csv.len;
	return data->csv.bytes;
}

/* A row is only taken while it is below the end that was seen after it was: a
 * share that is set meanwhile changes the row, and makes this begin anew. */
bool data_take(struct data *data, uint64_t *row)
{
	struct shared *shared = data->shared;
	uint64_t next = atomic_load(&shared->next);

	do {
		if (next >= atomic_load(&shared->upto))
			return false;
	} while (!atomic_compare_exchange_weak(&shared->next, &next, next + 1));
	*row = next;
	return true;
}

void data_set_share(struct data *data, uint64_t from, uint64_t upto)
{
	struct shared *shared = data->shared;

	if (upto > data->rows)
		upto = data->rows;
	/* nobody takes a row of one share by the end of the other */
	atomic_store(&shared->upto, 0);
	atomic_store(&shared->next, from);
	atomic_store(&shared->upto, upto);
}

uint64_t data_next(const struct data *data)
{
	return atomic_load(&data->shared->next);
}
