/*
 * CSV files that are refused: where and in which words.
 */
#include "plan/data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"

#define NAME   "people.csv"
#define IN_KEY "plan.ini:30: file \"people.csv\": "

enum { TEST_SECONDS = 60, NOBODY_MISSING = 77 };

static const struct where here = {"plan.ini", 30};

/* --- helpers ------------------------------------------------------------ */

/* All that d says; owned by the caller. */
static char *printed(struct diag *d)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	diag_print(d, out);
	fclose(out);
	return text;
}

static void check_errors_of_bytes(
    const char *bytes, size_t len, const char *expected)
{
	struct diag d;
	char *text;

	diag_init(&d);
	assert_null(data_open_bytes(bytes, len, NAME, &d, here, "file"));
	text = printed(&d);
	assert_string_equal(text, expected);
	free(text);
	diag_clear(&d);
}

static void check_errors(const char *csv, const char *expected)
{
	check_errors_of_bytes(csv, strlen(csv), expected);
}

static void check_file_error(const char *path, const char *expected)
{
	struct diag d;
	char *text;

	diag_init(&d);
	assert_null(data_open(path, NAME, &d, here, "file"));
	text = printed(&d);
	assert_string_equal(text, expected);
	free(text);
	diag_clear(&d);
}

/* --- mistakes in its lines ---------------------------------------------- */

static void a_quote_that_is_never_closed_is_told_where_it_opens(void **state)
{
	(void)state;
	check_errors("a,b\n\"1\n\",2\n3,\"x\ny,z\n",
	    NAME ":4: field 2: its quote is never closed: write \" at its "
		 "end, and \"\" for a quote inside of it\n");
	check_errors("a,\"b\n1,2\n",
	    NAME ":1: field 2: its quote is never closed: write \" at its "
		 "end, and \"\" for a quote inside of it\n");
	check_errors("a,b\n1,\"\"\"",
	    NAME ":2: field 2: its quote is never closed: write \" at its "
		 "end, and \"\" for a quote inside of it\n");
}

static void text_behind_a_closing_quote_is_told(void **state)
{
	(void)state;
	check_errors("a,b\n1,2\n\"x\"yz,3\n4,\"x\" \r\n",
	    NAME ":3: field 1: \"yz\" stands behind its closing quote: write "
		 "\"\" for a quote inside of it\n" NAME
		 ":4: field 2: \" \" stands behind its closing quote: write "
		 "\"\" for a quote inside of it\n");
}

static void a_row_with_too_few_fields_is_told_with_the_counts(void **state)
{
	(void)state;
	check_errors("a,b,c\n1,2\n1,2,3\n1\n",
	    NAME ":2: row: it has 2 fields, and there are 3 columns: write an "
		 "empty field as two commas\n" NAME
		 ":4: row: it has 1 field, and there are 3 columns: write an "
		 "empty field as two commas\n");
}

static void a_row_with_too_many_fields_is_told_with_the_counts(void **state)
{
	(void)state;
	check_errors("a,b\n1,2\n\n1,2,3,\n",
	    NAME ":4: row: it has 4 fields, and there are 2 columns: put a "
		 "field with a comma in it in double quotes\n");
}

static void one_column_is_not_called_columns(void **state)
{
	(void)state;
	check_errors("a\n1,2\n",
	    NAME ":2: row: it has 2 fields, and there is 1 column: put a "
		 "field with a comma in it in double quotes\n");
}

static void a_blank_in_front_of_a_quote_is_told_as_the_reason(void **state)
{
	(void)state;
	check_errors("a,b\n1, \"x, y\"\n",
	    NAME ":2: row: it has 3 fields, and there are 2 columns: remove "
		 "the blanks in front of a field's opening quote\n");
}

static void lines_are_counted_inside_of_quotes_too(void **state)
{
	(void)state;
	check_errors("\"a\n\",b\n\n\"1\n\n\",2\r\n3\n",
	    NAME ":7: row: it has 1 field, and there are 2 columns: write an "
		 "empty field as two commas\n");
}

static void of_many_mistakes_five_are_told_and_the_others_counted(void **state)
{
	struct diag d;
	char *text;

	(void)state;
	diag_init(&d);
	text = xstrdup("a,b\n1\n1\n1\n1\n1\n1,2\n1\n1,2,3\n\"1\n");
	assert_null(
	    data_open_bytes(text, strlen(text), NAME, &d, here, "file"));
	assert_int_equal(d.n, 6);
	assert_string_equal(d.entries[4].text,
	    NAME ":6: row: it has 1 field, and there are 2 columns: write an "
		 "empty field as two commas");
	assert_string_equal(d.entries[5].text,
	    NAME ":8: and 3 more mistakes from here on: mend those above "
		 "first");
	diag_clear(&d);
	free(text);
}

static void a_sixth_mistake_is_one_more(void **state)
{
	static const char text[] = "a,b\n1\n1\n1\n1\n1\n1\n";
	struct diag d;

	(void)state;
	diag_init(&d);
	assert_null(
	    data_open_bytes(text, strlen(text), NAME, &d, here, "file"));
	assert_int_equal(d.n, 6);
	assert_string_equal(d.entries[5].text,
	    NAME ":7: and 1 more mistake from here on: mend those above "
		 "first");
	diag_clear(&d);
}

static void a_nul_byte_is_told_and_ends_the_reading(void **state)
{
	static const char text[] = "a,b\n1,2\n3,\0\n4\n";

	(void)state;
	check_errors_of_bytes(text, sizeof(text) - 1,
	    NAME ":3: a NUL byte in the line: this is not text: save it as "
		 "plain text in UTF-8\n");
}

static void a_nul_byte_inside_of_quotes_is_told(void **state)
{
	static const char text[] = "a,b\n1,\"\n\0\"\n";

	(void)state;
	check_errors_of_bytes(text, sizeof(text) - 1,
	    NAME ":3: a NUL byte in the line: this is not text: save it as "
		 "plain text in UTF-8\n");
}

static void a_binary_file_is_not_told_to_be_a_bad_table(void **state)
{
	static const char text[] = "PK\3\4\n,,\n\"\"x\n\0\0\0";

	(void)state;
	check_errors_of_bytes(text, sizeof(text) - 1,
	    NAME ":4: a NUL byte in the line: this is not text: save it as "
		 "plain text in UTF-8\n");
}

/* Above what is looked at ahead of the rows. */
static void a_nul_byte_far_behind_is_found(void **state)
{
	const size_t len = 300000;
	char *text = xcalloc(1, len);

	(void)state;
	memcpy(text, "aa\n", 3);
	for (size_t i = 3; i < len; i += 3)
		memcpy(text + i, "11\n", 3);
	text[len - 3] = '\0';
	check_errors_of_bytes(text, len,
	    NAME ":100000: a NUL byte in the line: this is not text: save it "
		 "as plain text in UTF-8\n");
	free(text);
}

/* --- mistakes in its names ---------------------------------------------- */

static void a_column_without_a_name_is_told(void **state)
{
	(void)state;
	check_errors("a, ,c,\n1,2,3,4\n",
	    NAME ":1: column 2: it has no name: name it, or remove its "
		 "comma\n" NAME
		 ":1: column 4: it has no name: name it, or remove its "
		 "comma\n");
}

static void two_columns_of_one_name_are_told(void **state)
{
	(void)state;
	check_errors("\na,b, a\n1,2,3\n",
	    NAME ":2: column 3: column 1 is called \"a\" as well: rename one "
		 "of them\n");
}

static void more_than_a_thousand_columns_are_told(void **state)
{
	char text[DATA_MAX_COLUMNS + 2];

	(void)state;
	memset(text, ',', sizeof(text));
	text[DATA_MAX_COLUMNS] = '\n';
	text[DATA_MAX_COLUMNS + 1] = '\0';
	check_errors(text,
	    NAME ":1: 1001 columns: at most 1000 are read: remove what is not "
		 "used\n");
}

static void semicolons_between_the_columns_are_told(void **state)
{
	(void)state;
	check_errors("id;email;name\n1;2,5;3\n",
	    NAME ":1: columns \"id;email;name\": they are separated by "
		 "semicolons: save the file with commas between them\n");
}

static void semicolons_between_quoted_names_are_told(void **state)
{
	(void)state;
	check_errors("\"id, no\";\"name\"\r\n\"1\";\"x\"\r\n",
	    NAME ":1: columns \"\"id, no\";\"name\"\": they are separated by "
		 "semicolons: save the file with commas between them\n");
}

static void tabs_between_the_columns_are_told(void **state)
{
	(void)state;
	check_errors("id\temail\n1\t2\n",
	    NAME ":1: columns \"id\\x09email\": they are separated by tabs: "
		 "save the file with commas between them\n");
}

/* --- mistakes of the file as a whole ------------------------------------ */

static void an_empty_file_is_told_at_the_key(void **state)
{
	static const char expected[] =
	    IN_KEY "it is empty: write the names of its columns into its first "
		   "line, and rows below\n";

	(void)state;
	check_errors("", expected);
	check_errors("\n\r\n\r", expected);
	check_errors("\xef\xbb\xbf", expected);
	check_errors_of_bytes(NULL, 0, expected);
}

static void names_without_rows_are_told_at_the_key(void **state)
{
	static const char expected[] =
	    IN_KEY "it has names of columns and no rows: write at least one "
		   "row below them\n";

	(void)state;
	check_errors("a,b", expected);
	check_errors("a,b\r\n\r\n", expected);
	check_errors("a,b\r", expected);
}

static void lines_that_end_with_cr_alone_are_told_at_the_key(void **state)
{
	(void)state;
	check_errors("a,b\r1,2\r",
	    IN_KEY "its lines end with CR alone: save it with LF or CR LF\n");
}

static void utf16_is_told_at_the_key(void **state)
{
	static const char expected[] =
	    IN_KEY "it is written in UTF-16: save it as UTF-8\n";

	(void)state;
	check_errors_of_bytes("\xff\xfe"
			      "a\0",
	    4, expected);
	check_errors_of_bytes("\xfe\xff"
			      "\0a",
	    4, expected);
	check_errors_of_bytes("a\0,\0b\0\n\0", 8, expected);
	check_errors_of_bytes("\0a\0,\0b\0\n", 8, expected);
}

static void a_file_that_is_not_there_is_told_at_the_key(void **state)
{
	(void)state;
	check_file_error("/nonexistent/people.csv",
	    IN_KEY "it cannot be read: No such file or directory: paths start "
		   "at the plan's folder\n");
}

static void a_folder_is_told_at_the_key(void **state)
{
	(void)state;
	check_file_error("/",
	    IN_KEY "it cannot be read: it is a folder: paths start at the "
		   "plan's folder\n");
}

/* In a folder of its own, which is removed with it. */
struct place {
	char folder[32];
	char path[48];
};

static void make_place(struct place *place)
{
	snprintf(place->folder, sizeof(place->folder), "/tmp/dataXXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->path, sizeof(place->path), "%s/x", place->folder);
}

static void remove_place(struct place *place)
{
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(rmdir(place->folder), 0);
}

static void write_place(struct place *place, const char *text)
{
	FILE *out;

	make_place(place);
	out = fopen(place->path, "w");
	assert_non_null(out);
	assert_int_equal(fputs(text, out) >= 0, 1);
	assert_int_equal(fclose(out), 0);
}

static void a_pipe_is_told_and_not_waited_for(void **state)
{
	struct place place;

	(void)state;
	make_place(&place);
	assert_int_equal(mkfifo(place.path, 0600), 0);
	alarm(TEST_SECONDS);
	check_file_error(place.path,
	    IN_KEY "it cannot be read: it is not a regular file: paths start "
		   "at the plan's folder\n");
	alarm(0);
	remove_place(&place);
}

/* In a process of its own, which is not root: root may read everything. */
static _Noreturn void open_as_nobody(const char *path, const char *expected)
{
	struct diag d;

	if (geteuid() == 0 && setuid(65534) != 0)
		_exit(NOBODY_MISSING);
	diag_init(&d);
	if (data_open(path, NAME, &d, here, "file") != NULL)
		_exit(2);
	_exit(strcmp(d.entries[0].text, expected) == 0 ? 0 : 3);
}

static void a_file_without_permission_is_told_at_the_key(void **state)
{
	struct place place;
	int status;

	(void)state;
	write_place(&place, "a\n1\n");
	assert_int_equal(chmod(place.path, 0), 0);
	if (fork() == 0)
		open_as_nobody(place.path,
		    IN_KEY "it cannot be read: Permission denied: paths start "
			   "at the plan's folder");
	assert_true(wait(&status) > 0);
	remove_place(&place);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOBODY_MISSING)
		skip(); /* a container with root alone */
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void an_empty_file_on_disk_is_told_as_one_in_memory(void **state)
{
	struct place place;

	(void)state;
	write_place(&place, "");
	check_file_error(place.path,
	    IN_KEY "it is empty: write the names of its columns into its first "
		   "line, and rows below\n");
	remove_place(&place);
}

static void mistakes_in_a_file_on_disk_are_told_under_its_name(void **state)
{
	struct place place;

	(void)state;
	write_place(&place, "a,b\n1\n");
	check_file_error(place.path,
	    NAME ":2: row: it has 1 field, and there are 2 columns: write an "
		 "empty field as two commas\n");
	remove_place(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_quote_that_is_never_closed_is_told_where_it_opens),
	    cmocka_unit_test(text_behind_a_closing_quote_is_told),
	    cmocka_unit_test(a_row_with_too_few_fields_is_told_with_the_counts),
	    cmocka_unit_test(
		a_row_with_too_many_fields_is_told_with_the_counts),
	    cmocka_unit_test(one_column_is_not_called_columns),
	    cmocka_unit_test(a_blank_in_front_of_a_quote_is_told_as_the_reason),
	    cmocka_unit_test(lines_are_counted_inside_of_quotes_too),
	    cmocka_unit_test(
		of_many_mistakes_five_are_told_and_the_others_counted),
	    cmocka_unit_test(a_sixth_mistake_is_one_more),
	    cmocka_unit_test(a_nul_byte_is_told_and_ends_the_reading),
	    cmocka_unit_test(a_nul_byte_inside_of_quotes_is_told),
	    cmocka_unit_test(a_binary_file_is_not_told_to_be_a_bad_table),
	    cmocka_unit_test(a_nul_byte_far_behind_is_found),
	    cmocka_unit_test(a_column_without_a_name_is_told),
	    cmocka_unit_test(two_columns_of_one_name_are_told),
	    cmocka_unit_test(more_than_a_thousand_columns_are_told),
	    cmocka_unit_test(semicolons_between_the_columns_are_told),
	    cmocka_unit_test(semicolons_between_quoted_names_are_told),
	    cmocka_unit_test(tabs_between_the_columns_are_told),
	    cmocka_unit_test(an_empty_file_is_told_at_the_key),
	    cmocka_unit_test(names_without_rows_are_told_at_the_key),
	    cmocka_unit_test(lines_that_end_with_cr_alone_are_told_at_the_key),
	    cmocka_unit_test(utf16_is_told_at_the_key),
	    cmocka_unit_test(a_file_that_is_not_there_is_told_at_the_key),
	    cmocka_unit_test(a_folder_is_told_at_the_key),
	    cmocka_unit_test(a_pipe_is_told_and_not_waited_for),
	    cmocka_unit_test(a_file_without_permission_is_told_at_the_key),
	    cmocka_unit_test(an_empty_file_on_disk_is_told_as_one_in_memory),
	    cmocka_unit_test(
		mistakes_in_a_file_on_disk_are_told_under_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
