/*
 * CSV files as data: what is read out of them, and how processes share the
 * rows.
 */
#include "plan/data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/util.h"

#define NAME "people.csv"

enum { MAX_BYTES = 1 << 20, MANY = 100000 };

static const struct where here = {"plan.ini", 30};

/* --- helpers ------------------------------------------------------------ */

static struct data *opened_bytes(const char *bytes, size_t len)
{
	struct data *data;
	struct diag d;

	diag_init(&d);
	data = data_open_bytes(bytes, len, NAME, &d, here, "file");
	if (data == NULL)
		fail_msg("%s", d.entries[0].text);
	assert_int_equal(d.errors, 0);
	diag_clear(&d);
	return data;
}

static struct data *opened(const char *text)
{
	return opened_bytes(text, strlen(text));
}

/* One field; owned by the caller. */
static char *field_of(const struct data *data, uint64_t row, size_t column)
{
	struct buf out;
	char *text;

	buf_init(&out, MAX_BYTES);
	data_field(data, data_row_at(data, row), column, &out);
	assert_false(out.full);
	text = xstrdup(buf_text(&out));
	buf_clear(&out);
	return text;
}

static void check_field(
    const struct data *data, uint64_t row, size_t column, const char *expected)
{
	char *text = field_of(data, row, column);

	assert_string_equal(text, expected);
	free(text);
}

/* The rows of text, which has two columns, are these n pairs. */
static void check_rows(const char *text, size_t n, const char *const *pairs)
{
	struct data *data = opened(text);

	assert_int_equal(data_columns(data), 2);
	assert_int_equal(data_rows(data), n);
	for (size_t i = 0; i < 2 * n; i++)
		check_field(data, i / 2, i % 2, pairs[i]);
	data_close(data);
}

/* The only row of two fields. */
static void check_row(const char *text, const char *one, const char *two)
{
	const char *const pair[] = {one, two};

	check_rows(text, 1, pair);
}

/* --- what is read ------------------------------------------------------- */

static void rows_have_the_fields_between_their_commas(void **state)
{
	static const char *const pairs[] = {"1", "x", "2", "y"};

	(void)state;
	check_rows("a,b\n1,x\n2,y\n", 2, pairs);
}

static void the_names_of_the_columns_are_found(void **state)
{
	struct data *data = opened("id,first name,e-mail\n1,2,3\n");
	size_t i;

	(void)state;
	assert_int_equal(data_columns(data), 3);
	assert_string_equal(data_column(data, 1), "first name");
	assert_true(data_find_column(data, "e-mail", &i));
	assert_int_equal(i, 2);
	assert_true(data_find_column(data, "id", &i));
	assert_int_equal(i, 0);
	assert_false(data_find_column(data, "ID", &i));
	assert_false(data_find_column(data, "", &i));
	data_close(data);
}

static void blanks_around_names_are_cut_and_those_of_fields_are_kept(
    void **state)
{
	struct data *data = opened(" a ,\"\tb \"\n 1 ,\" 2 \"\n");

	(void)state;
	assert_string_equal(data_column(data, 0), "a");
	assert_string_equal(data_column(data, 1), "b");
	check_field(data, 0, 0, " 1 ");
	check_field(data, 0, 1, " 2 ");
	data_close(data);
}

static void quotes_around_a_field_are_no_part_of_it(void **state)
{
	(void)state;
	check_row("a,b\n\"1\",\"\"\n", "1", "");
}

static void a_doubled_quote_inside_of_quotes_is_one(void **state)
{
	(void)state;
	check_row("a,b\n\"say \"\"hi\"\"\",\"\"\"\"\n", "say \"hi\"", "\"");
}

static void commas_and_line_ends_inside_of_quotes_are_text(void **state)
{
	(void)state;
	check_row("a,b\n\"1,2\",\"x\ny\r\n\r\nz\"\n", "1,2", "x\ny\r\n\r\nz");
}

static void a_quote_in_the_middle_of_a_field_is_text(void **state)
{
	(void)state;
	check_row("a,b\n5\" disk, \"x\"\n", "5\" disk", " \"x\"");
}

static void a_semicolon_in_the_only_name_is_fine_in_quotes(void **state)
{
	struct data *data = opened("\"a;b\"\n1\n");

	(void)state;
	assert_string_equal(data_column(data, 0), "a;b");
	data_close(data);
}

static void empty_fields_are_empty(void **state)
{
	static const char *const pairs[] = {"", "", "1", "", "", "2", "", ""};

	(void)state;
	check_rows("a,b\n,\n1,\n,2\n\"\",\"\"", 4, pairs);
}

static void names_may_stand_in_quotes(void **state)
{
	struct data *data = opened("\"a,\"\"b\"\"\",\"x;y\"\n1,2\n");

	(void)state;
	assert_string_equal(data_column(data, 0), "a,\"b\"");
	assert_string_equal(data_column(data, 1), "x;y");
	data_close(data);
}

static void lines_end_with_lf_or_crlf_in_any_mixture(void **state)
{
	static const char *const pairs[] = {
	    "1", "x", "2", "y", "3", "z\rz", "4", "w"};

	(void)state;
	check_rows("a,b\r\n1,x\n2,\"y\"\r\n3,z\rz\n4,w\r\n", 4, pairs);
}

static void the_last_line_needs_no_end(void **state)
{
	(void)state;
	check_row("a,b\n1,2", "1", "2");
	check_row("a,b\n1,\"2\"", "1", "2");
	check_row("a,b\n1,", "1", "");
	check_row("a,b\n1,2\r", "1", "2");
	check_row("a,b\n1,\"2\"\r", "1", "2");
}

static void empty_lines_are_passed_over_wherever_they_are(void **state)
{
	static const char *const pairs[] = {"1", "x", "2", "y"};

	(void)state;
	check_rows("\r\n\na,b\n\n1,x\n\r\n\n2,y\n\n\r\n", 2, pairs);
	check_rows("a,b\n1,x\n2,y\n\r\n\r", 2, pairs);
}

static void an_empty_line_inside_of_quotes_is_text(void **state)
{
	(void)state;
	check_row("a,b\n1,\"\n\n\"\n", "1", "\n\n");
}

static void in_a_single_column_an_empty_field_is_written_with_quotes(
    void **state)
{
	struct data *data = opened("a\n\"\"\n\nx\n");

	(void)state;
	assert_int_equal(data_rows(data), 2);
	check_field(data, 0, 0, "");
	check_field(data, 1, 0, "x");
	data_close(data);
}

static void a_byte_order_mark_is_passed_over(void **state)
{
	struct data *data = opened("\xef\xbb\xbf\"a\",b\n1,2\n");

	(void)state;
	assert_string_equal(data_column(data, 0), "a");
	check_field(data, 0, 0, "1");
	data_close(data);
}

static void bytes_above_ascii_come_out_as_they_are(void **state)
{
	(void)state;
	check_row("a,b\ngr\xc3\xbc\xc3\x9f,\"\xff\xfe\"\n",
	    "gr\xc3\xbc\xc3\x9f", "\xff\xfe");
}

static void nothing_is_read_behind_the_last_byte(void **state)
{
	static const char text[] = "a,b\n1,\"2\"";
	/* memory of exactly that size, for AddressSanitizer to guard */
	char *bytes = xcalloc(1, strlen(text));
	struct data *data;

	(void)state;
	memcpy(bytes, text, strlen(text));
	data = opened_bytes(bytes, strlen(text));
	check_field(data, 0, 1, "2");
	data_close(data);
	free(bytes);
}

static void a_field_is_appended_to_what_is_there(void **state)
{
	struct data *data = opened("a,b\n1,2\n");
	struct buf out;

	(void)state;
	buf_init(&out, MAX_BYTES);
	buf_puts(&out, "x=");
	data_field(data, data_row_at(data, 0), 1, &out);
	assert_string_equal(buf_text(&out), "x=2");
	buf_clear(&out);
	data_close(data);
}

static void a_thousand_columns_are_read(void **state)
{
	char *text = xcalloc(16, DATA_MAX_COLUMNS);
	struct data *data;
	size_t len = 0;

	(void)state;
	for (int row = 0; row < 2; row++)
		for (int i = 0; i < DATA_MAX_COLUMNS; i++)
			len += (size_t)snprintf(text + len, 16, "%d%c", i,
			    i + 1 < DATA_MAX_COLUMNS ? ',' : '\n');
	data = opened(text);
	assert_int_equal(data_columns(data), DATA_MAX_COLUMNS);
	check_field(data, 0, DATA_MAX_COLUMNS - 1, "999");
	data_close(data);
	free(text);
}

/* What was checked may have been changed by somebody since. */
static void bytes_that_change_later_give_nothing_from_outside(void **state)
{
	char text[] = "a,b\n1,2\n3,4\n";
	struct data *data = opened(text);

	(void)state;
	memset(text, '\n', strlen(text));
	check_field(data, 1, 1, "");
	memset(text, '"', strlen(text));
	check_field(data, 1, 1, "");
	memset(text, 'x', strlen(text));
	check_field(data, 1, 1, "");
	memset(text, ',', strlen(text));
	check_field(data, 1, 1, "");
	data_close(data);
}

/* A file with this text; its name is put into path. */
static void write_file(char *path, size_t size, const char *text)
{
	size_t len = strlen(text);
	int fd;

	snprintf(path, size, "/tmp/dataXXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(close(fd), 0);
}

static void a_file_stays_readable_when_another_takes_its_place(void **state)
{
	char path[32], other[32];
	struct data *data;
	struct diag d;

	(void)state;
	write_file(path, sizeof(path), "a,b\n1,\"x\"\n");
	write_file(other, sizeof(other), "c\n");
	diag_init(&d);
	data = data_open(path, NAME, &d, here, "file");
	assert_non_null(data);
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(unlink(path), 0);
	check_field(data, 0, 1, "x");
	data_close(data);
	diag_clear(&d);
}

/* --- many rows ---------------------------------------------------------- */

/* Field `column` of row `row` as it must come out. */
static void put_value(struct buf *b, uint64_t row, unsigned column)
{
	struct rng rng;
	uint64_t n;

	rng_init(&rng, row, column);
	for (n = rng_below(&rng, 9); n > 0; n--)
		buf_putc(b, "abc ,\"\n\r;x"[rng_below(&rng, 10)]);
}

static void put_quoted(struct buf *b, struct buf *value)
{
	const char *p;

	buf_putc(b, '"');
	for (p = buf_text(value); *p != '\0'; p++) {
		buf_putc(b, *p);
		if (*p == '"')
			buf_putc(b, '"');
	}
	buf_putc(b, '"');
}

/* Quoted where it must be, and now and then where it need not. */
static void put_field(struct buf *b, struct buf *value, struct rng *rng)
{
	const char *text = buf_text(value);

	if (strpbrk(text, ",\"\r\n") != NULL || rng_below(rng, 3) == 0)
		put_quoted(b, value);
	else
		buf_puts(b, text);
}

static void put_table(struct buf *b)
{
	static const char *const ends[] = {"\n", "\r\n", "\n\n", "\n\r\n"};
	struct buf value;
	struct rng rng;

	rng_init(&rng, 1, 1);
	buf_init(&value, 100);
	buf_puts(b, "a,b,c\n");
	for (uint64_t row = 0; row < MANY; row++) {
		for (unsigned column = 0; column < 3; column++) {
			buf_reset(&value);
			put_value(&value, row, column);
			put_field(b, &value, &rng);
			if (column < 2)
				buf_putc(b, ',');
		}
		buf_puts(b, ends[rng_below(&rng, ARRAY_LEN(ends))]);
	}
	buf_clear(&value);
}

static void any_of_100000_rows_is_found_in_any_order(void **state)
{
	struct buf table, value, out;
	struct data *data;
	struct rng rng;

	(void)state;
	buf_init(&table, (size_t)64 << 20);
	buf_init(&value, 100);
	buf_init(&out, 100);
	put_table(&table);
	data = opened_bytes((const char *)buf_bytes(&table), buf_len(&table));
	assert_int_equal(data_rows(data), MANY);
	rng_init(&rng, 2, 2);
	for (uint64_t i = 0; i < 2 * MANY; i++) {
		uint64_t row = i < MANY ? i : rng_below(&rng, MANY);
		unsigned column = (unsigned)rng_below(&rng, 3);

		buf_reset(&value);
		buf_reset(&out);
		put_value(&value, row, column);
		data_field(data, data_row_at(data, row), column, &out);
		assert_string_equal(buf_text(&out), buf_text(&value));
	}
	data_close(data);
	buf_clear(&table);
	buf_clear(&value);
	buf_clear(&out);
}

/* --- taking ------------------------------------------------------------- */

static void each_row_is_taken_once_and_then_none(void **state)
{
	struct data *data = opened("a\nx\ny\nz\n");
	uint64_t row;

	(void)state;
	for (uint64_t i = 0; i < 3; i++) {
		assert_true(data_take(data, &row));
		assert_int_equal(row, i);
	}
	assert_false(data_take(data, &row));
	assert_false(data_take(data, &row));
	data_close(data);
}

/* Takes rows until there are none and writes their numbers. */
static void take_all(struct data *data, int fd)
{
	uint64_t row;

	while (data_take(data, &row))
		if (write(fd, &row, sizeof(row)) != sizeof(row))
			_exit(1);
	_exit(0);
}

/* Counts how often each row is written to fd; how many are below rows. */
static uint64_t count_taken(int fd, unsigned char *seen, uint64_t rows)
{
	uint64_t row, n = 0;

	/* one number is written at once, being shorter than PIPE_BUF */
	while (read(fd, &row, sizeof(row)) == sizeof(row)) {
		if (row >= rows)
			continue;
		seen[row]++;
		n++;
	}
	return n;
}

static void two_forked_processes_never_take_the_same_row(void **state)
{
	enum { ROWS = 50000 };
	char *text = xcalloc(2, ROWS + 1);
	unsigned char *seen = xcalloc(ROWS, 1);
	struct data *data;
	uint64_t row;
	int ends[2], status;

	(void)state;
	for (size_t i = 0; i <= ROWS; i++)
		memcpy(text + 2 * i, "x\n", 2);
	data = opened_bytes(text, 2 * (ROWS + 1));
	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < 2; i++)
		if (fork() == 0)
			take_all(data, ends[1]);
	close(ends[1]);
	/* all is read before anything is said of it, or children stay */
	row = count_taken(ends[0], seen, ROWS);
	for (int i = 0; i < 2; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(row, ROWS);
	for (size_t i = 0; i < ROWS; i++)
		assert_int_equal(seen[i], 1);
	assert_false(data_take(data, &row));
	close(ends[0]);
	data_close(data);
	free(seen);
	free(text);
}

static void of_a_share_its_rows_alone_are_taken(void **state)
{
	struct data *data = opened("a\nv\nw\nx\ny\n");
	uint64_t row;

	(void)state;
	assert_int_equal(data_next(data), 0);
	data_set_share(data, 1, 3);
	assert_int_equal(data_next(data), 1);
	assert_true(data_take(data, &row));
	assert_int_equal(row, 1);
	assert_true(data_take(data, &row));
	assert_int_equal(row, 2);
	for (int i = 0; i < 3; i++)
		assert_false(data_take(data, &row));
	/* asking in vain uses nothing up */
	assert_int_equal(data_next(data), 3);
	data_set_share(data, 3, 4);
	assert_true(data_take(data, &row));
	assert_int_equal(row, 3);
	data_set_share(data, 2, 2);
	assert_false(data_take(data, &row));
	data_set_share(data, 3, 100);
	assert_true(data_take(data, &row));
	assert_false(data_take(data, &row));
	data_close(data);
}

static void a_share_holds_for_who_was_forked_before(void **state)
{
	struct data *data = opened("a\nv\nw\nx\ny\n");
	unsigned char seen[4] = {0};
	int go[2], ends[2], status;
	char c;

	(void)state;
	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(ends), 0);
	if (fork() == 0) {
		close(go[1]);
		if (read(go[0], &c, 1) != 0)
			_exit(2);
		take_all(data, ends[1]);
	}
	data_set_share(data, 1, 3);
	close(go[0]);
	close(go[1]);
	close(ends[1]);
	count_taken(ends[0], seen, 4);
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	assert_memory_equal(seen, "\0\1\1\0", 4);
	assert_int_equal(data_next(data), 3);
	close(ends[0]);
	data_close(data);
}

static void closing_nothing_is_fine(void **state)
{
	(void)state;
	data_close(NULL);
}

/* What is said of a file that is taken; owned by the caller. */
static char *said_of(const char *text)
{
	struct data *data;
	struct diag d;
	char *said = NULL;
	size_t len;
	FILE *out = open_memstream(&said, &len);

	diag_init(&d);
	data = data_open_bytes(text, strlen(text), "users.csv", &d,
	    (struct where) {"plan.ini", 30}, "file");
	assert_non_null(data);
	assert_non_null(out);
	diag_print(&d, out);
	fclose(out);
	diag_clear(&d);
	data_close(data);
	return said;
}

static void assert_says(const char *text, const char *expected)
{
	char *said = said_of(text);

	assert_string_equal(said, expected);
	free(said);
}

static void blanks_around_values_are_warned_of_where_a_name_had_some(
    void **state)
{
	(void)state;
	assert_says("name, sid\nann,s1\nbob, s2\ncid, s3\n",
	    "users.csv:3: warning: value \" s2\": the blank at its beginning "
	    "is part of it: remove it, or put the value in double quotes\n");
	assert_says("sid ,name\r\n\"s1 \",a\r\ns2\t,b\r\n",
	    "users.csv:3: warning: value \"s2\\x09\": the blank at its end is "
	    "part of it: remove it, or put the value in double quotes\n");
	/* these are meant, or of another column */
	assert_says("name,sid\nann, s1\n", "");
	assert_says("name, sid\nann,\" s1\"\n", "");
	assert_says("name, sid\n ann,s1\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		blanks_around_values_are_warned_of_where_a_name_had_some),
	    cmocka_unit_test(rows_have_the_fields_between_their_commas),
	    cmocka_unit_test(the_names_of_the_columns_are_found),
	    cmocka_unit_test(
		blanks_around_names_are_cut_and_those_of_fields_are_kept),
	    cmocka_unit_test(quotes_around_a_field_are_no_part_of_it),
	    cmocka_unit_test(a_doubled_quote_inside_of_quotes_is_one),
	    cmocka_unit_test(commas_and_line_ends_inside_of_quotes_are_text),
	    cmocka_unit_test(a_quote_in_the_middle_of_a_field_is_text),
	    cmocka_unit_test(a_semicolon_in_the_only_name_is_fine_in_quotes),
	    cmocka_unit_test(empty_fields_are_empty),
	    cmocka_unit_test(names_may_stand_in_quotes),
	    cmocka_unit_test(lines_end_with_lf_or_crlf_in_any_mixture),
	    cmocka_unit_test(the_last_line_needs_no_end),
	    cmocka_unit_test(empty_lines_are_passed_over_wherever_they_are),
	    cmocka_unit_test(an_empty_line_inside_of_quotes_is_text),
	    cmocka_unit_test(
		in_a_single_column_an_empty_field_is_written_with_quotes),
	    cmocka_unit_test(a_byte_order_mark_is_passed_over),
	    cmocka_unit_test(bytes_above_ascii_come_out_as_they_are),
	    cmocka_unit_test(nothing_is_read_behind_the_last_byte),
	    cmocka_unit_test(a_field_is_appended_to_what_is_there),
	    cmocka_unit_test(a_thousand_columns_are_read),
	    cmocka_unit_test(bytes_that_change_later_give_nothing_from_outside),
	    cmocka_unit_test(
		a_file_stays_readable_when_another_takes_its_place),
	    cmocka_unit_test(any_of_100000_rows_is_found_in_any_order),
	    cmocka_unit_test(each_row_is_taken_once_and_then_none),
	    cmocka_unit_test(two_forked_processes_never_take_the_same_row),
	    cmocka_unit_test(of_a_share_its_rows_alone_are_taken),
	    cmocka_unit_test(a_share_holds_for_who_was_forked_before),
	    cmocka_unit_test(closing_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
