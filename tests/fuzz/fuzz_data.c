/*
 * Any bytes as a CSV file: it is refused with a reason, or every field of it,
 * asked for in any order, is what a plain reader finds that goes through the
 * bytes one by one.
 */
#include "plan/data.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"

enum { MAX_BYTES = 1 << 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() is compiled out of a release, and this must not be. */
static void must(bool holds)
{
	if (!holds)
		abort();
}

/* --- the plain reader --------------------------------------------------- */

/* All fields, the names of the columns first, and how the text is built. */
struct table {
	struct buf *fields; /* owned */
	size_t n;
	size_t cap;
	size_t columns; /* fields of the first row */
	size_t rows;    /* with the first */
	bool is_sound;
};

enum state { ROW_START, FIELD_START, PLAIN, QUOTED, CLOSED };

static void add_field(struct table *t)
{
	t->fields = grow(t->fields, t->n, &t->cap, sizeof(*t->fields));
	buf_init(&t->fields[t->n++], MAX_BYTES);
}

static void end_row(struct table *t, size_t *first)
{
	if (t->rows == 0)
		t->columns = t->n;
	if (t->n - *first != t->columns)
		t->is_sound = false;
	t->rows++;
	*first = t->n;
}

/* Takes one byte that ends no line; false: it must not stand there. */
static bool take(struct table *t, enum state *state, uint8_t c)
{
	if (*state == ROW_START || *state == FIELD_START) {
		add_field(t);
		*state = c == '"' ? QUOTED : PLAIN;
		if (c == '"')
			return true;
	}
	if (*state == QUOTED && c == '"') {
		*state = CLOSED;
		return true;
	}
	if (c == ',' && *state != QUOTED) {
		*state = FIELD_START;
		return true;
	}
	if (*state == CLOSED) {
		*state = QUOTED;
		if (c != '"')
			return false;
	}
	buf_putc(&t->fields[t->n - 1], (char)c);
	return c != '\0';
}

static void read_table(struct table *t, const uint8_t *data, size_t size)
{
	enum state state = ROW_START;
	size_t first = 0;

	t->is_sound = true;
	for (size_t i = 0; i <= size && t->is_sound; i++) {
		bool is_cr =
		    i + 1 < size && data[i] == '\r' && data[i + 1] == '\n';

		is_cr = is_cr || (i + 1 == size && data[i] == '\r');
		if (state == QUOTED && i < size) {
			t->is_sound = take(t, &state, data[i]);
		} else if (i == size || data[i] == '\n' || is_cr) {
			if (state == FIELD_START)
				add_field(t);
			if (state == QUOTED)
				t->is_sound = false;
			if (state != ROW_START)
				end_row(t, &first);
			state = ROW_START;
		} else {
			t->is_sound = take(t, &state, data[i]);
		}
	}
}

static void clear_table(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		buf_clear(&t->fields[i]);
	free(t->fields);
}

/* --- what must hold ----------------------------------------------------- */

/* The name of column i; owned by the caller. */
static char *name_of(const struct table *t, size_t i)
{
	char *copy = xstrdup(buf_text(&t->fields[i]));
	char *name = xstrdup(trim(copy));

	free(copy);
	return name;
}

static bool have_good_names(const struct table *t)
{
	bool is_good = t->columns <= DATA_MAX_COLUMNS;

	for (size_t i = 0; i < t->columns && is_good; i++) {
		char *name = name_of(t, i);

		is_good = name[0] != '\0';
		for (size_t j = 0; j < i && is_good; j++) {
			char *other = name_of(t, j);

			is_good = strcmp(name, other) != 0;
			free(other);
		}
		free(name);
	}
	return is_good;
}

/* What looks like one column may be refused for what separates it. */
static bool is_good(const struct table *t)
{
	return t->is_sound && t->rows > 1 && have_good_names(t) &&
	       (t->columns > 1 ||
		   strpbrk(buf_text(&t->fields[0]), ";\t") == NULL);
}

static void check_row(
    const struct data *data, const struct table *t, uint64_t row)
{
	uint64_t at = data_row_at(data, row);
	struct buf out, *expected;

	buf_init(&out, MAX_BYTES);
	for (size_t i = 0; i < t->columns; i++) {
		buf_reset(&out);
		data_field(data, at, i, &out);
		expected = &t->fields[(row + 1) * t->columns + i];
		must(buf_len(&out) == buf_len(expected));
		must(memcmp(buf_bytes(&out), buf_bytes(expected),
			 buf_len(&out)) == 0);
	}
	buf_reset(&out);
	data_field(data, at, t->columns, &out);
	must(buf_len(&out) == 0);
	buf_clear(&out);
}

static void check_data(const struct data *data, const struct table *t)
{
	struct rng rng;
	size_t found;
	char *name;

	must(t->is_sound && t->rows > 1);
	must(data_rows(data) == t->rows - 1);
	must(data_columns(data) == t->columns);
	for (size_t i = 0; i < t->columns; i++) {
		name = name_of(t, i);
		must(strcmp(name, data_column(data, i)) == 0);
		must(data_find_column(data, name, &found) && found == i);
		free(name);
	}
	rng_init(&rng, data_rows(data), 1);
	for (uint64_t i = 0; i < data_rows(data); i++) {
		check_row(data, t, i);
		check_row(data, t, rng_below(&rng, data_rows(data)));
	}
}

/* Whatever the bytes became since they were checked, no read leaves them. */
static void check_changed(const struct data *data, uint8_t *bytes, size_t size)
{
	struct rng rng;
	struct buf out;

	rng_init(&rng, size, 2);
	for (size_t i = 0; i < size; i++)
		if (rng_below(&rng, 8) == 0)
			bytes[i] = (uint8_t) ",\n\"\r\0x"[rng_below(&rng, 6)];
	buf_init(&out, MAX_BYTES);
	for (uint64_t i = 0; i < data_rows(data); i++)
		data_field(data, data_row_at(data, i),
		    rng_below(&rng, data_columns(data)), &out);
	buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct where here = {"fuzz.ini", 1};
	/* just so many, for AddressSanitizer to see who reads on */
	uint8_t *bytes = xcalloc(size > 0 ? size : 1, 1);
	size_t skip = size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	bool is_utf16 = size >= 2 && (memcmp(data, "\xff\xfe", 2) == 0 ||
					 memcmp(data, "\xfe\xff", 2) == 0);
	struct table table = {0};
	struct data *opened;
	struct diag d;

	if (size > 0)
		memcpy(bytes, data, size);
	diag_init(&d);
	opened = data_open_bytes(bytes, size, "fuzz.csv", &d, here, "file");
	must((opened == NULL) == (d.errors > 0));
	read_table(&table, bytes + skip, size - skip);
	must(opened != NULL || is_utf16 || !is_good(&table));
	if (opened != NULL) {
		check_data(opened, &table);
		check_changed(opened, bytes, size);
	}
	clear_table(&table);
	data_close(opened);
	diag_clear(&d);
	free(bytes);
	return 0;
}
