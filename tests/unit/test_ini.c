/*
 * The INI reader: what comes out of a text, above all where inih alone would
 * read something else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/ini.h"

static bool is_section(const char *name)
{
	return strcmp(name, "s") == 0;
}

static bool is_key(const char *key)
{
	return strcmp(key, "known") == 0 || strcmp(key, "long") == 0;
}

static enum ini_lines lines_of(const char *section, const char *key)
{
	if (strcmp(section, "s") != 0 || !is_key(key))
		return INI_LINES_UNKNOWN;
	return strcmp(key, "long") == 0 ? INI_LINES_MANY : INI_LINES_ONE;
}

static char *sections(void)
{
	return xstrdup("[load] or [task NAME]");
}

static char *meant_line(const char *section, const char *line)
{
	(void)section;
	return strcmp(line, "a<b") == 0 ? xstrdup("no sign: write a = b")
					: NULL;
}

static const struct ini_words words = {
    is_section, is_key, lines_of, sections, meant_line};

struct fixture {
	struct ini ini;
	struct diag diag;
};

static void read_bytes(struct fixture *f, const char *text, size_t len)
{
	diag_init(&f->diag);
	ini_read(&f->ini, text, len, "x.ini", &words, &f->diag);
}

static void read_text(struct fixture *f, const char *text)
{
	read_bytes(f, text, strlen(text));
}

static void done(struct fixture *f)
{
	ini_clear(&f->ini);
	diag_clear(&f->diag);
}

/* The value of the only entry of the only section. */
static void check_value(const char *text, const char *value)
{
	struct fixture f;

	read_text(&f, text);
	assert_int_equal(f.diag.n, 0);
	assert_int_equal(f.ini.n, 1);
	assert_int_equal(f.ini.sections[0].n, 1);
	assert_string_equal(f.ini.sections[0].entries[0].value, value);
	done(&f);
}

/* The only mistake, and on which line. */
static void check_error(const char *text, unsigned line, const char *part)
{
	struct fixture f;

	read_text(&f, text);
	assert_int_equal(f.diag.n, 1);
	assert_int_equal(f.diag.entries[0].line, line);
	if (strstr(f.diag.entries[0].text, part) == NULL)
		fail_msg("no \"%s\" in %s", part, f.diag.entries[0].text);
	done(&f);
}

static void what_a_line_is_meant_as_is_told(void **state)
{
	(void)state;
	check_error("[s]\na<b\n", 2, "\"a<b\": no sign: write a = b");
}

static void a_plan_in_json_is_told_once(void **state)
{
	(void)state;
	check_error("\n {\n\"a\": 1,\nb\n}\n", 2, "this is JSON");
	check_error("\xef\xbb\xbf{}", 1, "this is JSON");
}

static void an_entry_knows_its_section_key_value_and_line(void **state)
{
	struct fixture f;
	struct ini_entry *e;

	(void)state;
	read_text(&f, "\n[s]\n; c\na = 1\n[t]\nb=c = d\n");
	assert_int_equal(f.diag.n, 0);
	assert_int_equal(f.ini.n, 2);
	e = &f.ini.sections[0].entries[0];
	assert_string_equal(f.ini.sections[0].name, "s");
	assert_int_equal(f.ini.sections[0].where.line, 2);
	assert_string_equal(e->key, "a");
	assert_string_equal(e->value, "1");
	assert_int_equal(e->where.line, 4);
	assert_string_equal(e->where.file, "x.ini");
	e = &f.ini.sections[1].entries[0];
	assert_string_equal(e->key, "b");
	assert_string_equal(e->value, "c = d");
	done(&f);
}

static void a_line_of_16_mebibytes_is_one_value(void **state)
{
	const int len = 16 << 20;
	char *text = xasprintf("[s]\na = %0*d\nb = 1\n", len, 0);
	struct fixture f;

	(void)state;
	read_text(&f, text);
	assert_int_equal(f.diag.n, 0);
	assert_int_equal(f.ini.sections[0].n, 2);
	assert_int_equal(strlen(f.ini.sections[0].entries[0].value), len);
	assert_int_equal(f.ini.sections[0].entries[1].where.line, 3);
	done(&f);
	free(text);
}

static void a_long_line_or_comment_makes_no_phantom_entry(void **state)
{
	struct fixture f;
	char text[1200];

	(void)state;
	/* inih would read what lies beyond byte 200 as a line of its own */
	for (size_t pad = 150; pad < 450; pad++) {
		snprintf(text, sizeof(text),
		    "[s]\n; %*skey = 1\na = %*sb = 2\n", (int)pad, "", (int)pad,
		    "");
		read_text(&f, text);
		assert_int_equal(f.diag.n, 0);
		assert_int_equal(f.ini.sections[0].n, 1);
		assert_string_equal(
		    f.ini.sections[0].entries[0].value, "b = 2");
		done(&f);
	}
}

static void long_section_names_are_told_apart(void **state)
{
	struct fixture f;
	char text[700];

	(void)state;
	snprintf(
	    text, sizeof(text), "[%0300d]\na = 1\n[%0300d]\na = 2\n", 1, 2);
	read_text(&f, text);
	assert_int_equal(f.ini.n, 2);
	assert_int_equal(strlen(f.ini.sections[1].name), 300);
	assert_string_equal(f.ini.sections[0].entries[0].value, "1");
	assert_string_equal(f.ini.sections[1].entries[0].value, "2");
	done(&f);
}

static void a_key_has_at_most_49_bytes(void **state)
{
	char text[100];

	(void)state;
	snprintf(text, sizeof(text), "[s]\n%049d = 1\n", 0);
	check_value(text, "1");
	snprintf(text, sizeof(text), "[s]\n%050d = 1\n", 0);
	check_error(text, 2, "has 50 bytes");
}

static void a_blank_and_a_semicolon_begin_a_comment(void **state)
{
	(void)state;
	check_value("[s]\na = x ; y\n", "x");
	check_value("[s]\na = x\t; y\n", "x");
	check_value("[s]\na = x;y\n", "x;y");
	check_value("[s]\na = ; y\n", "");
	check_value("[s]\na = x # y\n", "x # y");
}

static void a_comment_may_follow_a_section(void **state)
{
	(void)state;
	check_value("[s] ; c [x]\na = 1\n", "1");
	check_value("[s];c\na = 1\n", "1");
	check_value("[s] # c\na = 1\n", "1");
}

static void text_in_double_quotes_is_no_comment(void **state)
{
	(void)state;
	check_value("[s]\na = {\"x\": \"1 ; 2\"} ; c\n", "{\"x\": \"1 ; 2\"}");
	check_value("[s]\na = \"\\\" ; x\" ; c\n", "\"\\\" ; x\"");
	check_value("[s]\na = \"\\\\\" ; c\n", "\"\\\\\"");
}

static void an_escaped_semicolon_is_text(void **state)
{
	(void)state;
	check_value("[s]\na = x \\; y\n", "x ; y");
	check_value("[s]\na = \\;\n", ";");
	check_value("[s]\na = 5\" \\; y\n", "5\" ; y");
}

static void a_semicolon_behind_an_open_quote_is_an_error(void **state)
{
	(void)state;
	check_value("[s]\na = 5\" x\n", "5\" x");
	check_error("[s]\na = 5\" ; x\n", 2, "not closed");
	check_error("[s]\na = 5\"\n b ; x\n", 2, "not closed");
}

static void a_line_of_comment_behind_an_open_quote_is_an_error(void **state)
{
	(void)state;
	check_error("[s]\na = \"x\n  ; y\"\n", 2,
	    "not closed before \"; y\"\", which may be text or a comment: "
	    "write \\; if it is text");
	check_error("[s]\na = \"x\n  # y\"\n", 2,
	    "join it to the line above if it is text");
	check_value("[s]\na = \"x\n; c\n# d\n\n  y\"\n", "\"x\ny\"");
	check_value("[s]\nknown = 5\"\n  ; c\n", "5\"");
}

static void the_first_comment_cut_out_is_kept(void **state)
{
	struct fixture f;
	struct ini_entry *e;

	(void)state;
	read_text(&f, "[s]\na = x ; y\n  z ; 2\nb = 1\n");
	e = f.ini.sections[0].entries;
	assert_string_equal(e[0].value, "x\nz");
	assert_string_equal(e[0].comment, "; y");
	assert_null(e[1].comment);
	done(&f);
}

static void an_indented_line_goes_on_with_the_value(void **state)
{
	(void)state;
	check_value(
	    "[s]\na = x\n  y ; c\n\n\t; c\n  # c\n z = 1\n", "x\ny\nz = 1");
	check_value("[s]\na =\n  y\n", "y");
}

static void an_indented_key_is_an_error(void **state)
{
	(void)state;
	check_error("[s]\na = x\n  known = 1\n", 3, "remove the blanks");
	check_error("[s]\n  a = 1\n", 2, "no value above");
	check_error("[s]\na = x\n [s]\n", 3, "remove the blanks");
	check_error(" [s]\na = x\n", 1, "no value above");
}

static void a_value_of_one_line_takes_no_indented_entry(void **state)
{
	(void)state;
	check_error("[s]\nknown = x\n  b = 1\n", 3,
	    "\"b = 1\" is indented: known has one line only: remove the "
	    "blanks in front");
	check_value("[s]\nlong = x\n  b = 1\n", "x\nb = 1");
	check_value("[s]\nknown = x\n  b c\n", "x\nb c");
}

static void a_value_that_is_not_indented_is_told_once(void **state)
{
	(void)state;
	check_error("[s]\nlong = {\n\"a\": \"x=1\",\n\"b\": 2\n}\n", 3,
	    "\"\"a\": \"x=1\",\": neither a [section] nor a key: lines that "
	    "go on with the value above must be indented");
	check_error("[s]\nlong = x\nknown 5\n", 3, "write known = 5");
	check_error("[s]\nlong = x\n<a b=\"c\">\n", 3, "must be indented");
	check_error("[s]\nlong = x\nknown 5 == 5\n", 3, "known = 5 == 5");
}

static void blanks_behind_the_first_word_of_a_section_are_one(void **state)
{
	struct fixture f;

	(void)state;
	read_text(&f, "[s \t a  b]\n");
	assert_string_equal(f.ini.sections[0].name, "s a  b");
	assert_non_null(ini_find(&f.ini, "s   a  b"));
	done(&f);
}

static void bytes_that_are_no_text_are_errors(void **state)
{
	struct fixture f;

	(void)state;
	/* this is no text: one is enough */
	read_bytes(&f, "[s]\na = x\0y\nb = \0\n", 19);
	assert_int_equal(f.diag.n, 1);
	assert_int_equal(f.diag.entries[0].line, 2);
	assert_int_equal(f.ini.sections[0].n, 0);
	done(&f);
	check_error("[s]\na = x\ry\n", 2, "carriage return");
	check_error("[s]\ra = x\r", 0, "CR alone");
	check_error("\xff\xfe[s]\n", 0, "UTF-16");
}

static void crlf_and_a_byte_order_mark_are_fine(void **state)
{
	(void)state;
	check_value("\xef\xbb\xbf[s]\r\na = x\r\n  y\r\n", "x\ny");
	check_value("[s]\r\na = x\r", "x");
}

static void what_is_no_entry_is_an_error(void **state)
{
	(void)state;
	check_error("a = 1\nb = 2\n[s]\n", 1, "before any section");
	check_error("[s]\na b\n", 2, "write a = b");
	check_error("[s]\na: b\n", 2, "write a = b");
	check_error("[s]\na: b = c\n", 2, "write a = b = c");
	check_error("[s]\na:\n", 2, "write a = VALUE");
	check_error("[s]\n= 1\n", 2, "no key");
	check_error("[s]\na ; b = 1\n", 2, "neither");
	check_error("[s] x\n", 1, "alone on its line");
	check_error("[s\n", 1, "alone on its line");
	check_error("[]\n", 1, "without a name");
	check_error("[ ]\n", 1, "without a name");
}

static void a_folder_cannot_be_read(void **state)
{
	FILE *in = fopen("/", "r");
	struct buf text;
	struct diag d;

	(void)state;
	assert_non_null(in);
	diag_init(&d);
	assert_false(ini_fetch(&text, in, "/", &d));
	assert_string_equal(
	    d.entries[0].text, "/: this is a folder: name the plan in it");
	fclose(in);
	buf_clear(&text);
	diag_clear(&d);
}

static void entries_go_in_and_out_anywhere(void **state)
{
	struct where where = {"-D", 0};
	struct ini_section *s;
	struct fixture f;

	(void)state;
	read_text(&f, "[s]\na = 1\nb = 2\n");
	s = ini_find(&f.ini, "s");
	assert_non_null(s);
	assert_null(ini_find(&f.ini, "t"));
	ini_insert(s, 1, "c", "3", where);
	ini_remove(s, 0);
	assert_int_equal(s->n, 2);
	assert_string_equal(s->entries[0].key, "c");
	assert_string_equal(s->entries[1].key, "b");
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_line_is_meant_as_is_told),
	    cmocka_unit_test(a_plan_in_json_is_told_once),
	    cmocka_unit_test(an_entry_knows_its_section_key_value_and_line),
	    cmocka_unit_test(a_line_of_16_mebibytes_is_one_value),
	    cmocka_unit_test(a_long_line_or_comment_makes_no_phantom_entry),
	    cmocka_unit_test(long_section_names_are_told_apart),
	    cmocka_unit_test(a_key_has_at_most_49_bytes),
	    cmocka_unit_test(a_blank_and_a_semicolon_begin_a_comment),
	    cmocka_unit_test(a_comment_may_follow_a_section),
	    cmocka_unit_test(text_in_double_quotes_is_no_comment),
	    cmocka_unit_test(an_escaped_semicolon_is_text),
	    cmocka_unit_test(a_semicolon_behind_an_open_quote_is_an_error),
	    cmocka_unit_test(an_indented_line_goes_on_with_the_value),
	    cmocka_unit_test(an_indented_key_is_an_error),
	    cmocka_unit_test(
		a_line_of_comment_behind_an_open_quote_is_an_error),
	    cmocka_unit_test(the_first_comment_cut_out_is_kept),
	    cmocka_unit_test(a_value_of_one_line_takes_no_indented_entry),
	    cmocka_unit_test(a_value_that_is_not_indented_is_told_once),
	    cmocka_unit_test(blanks_behind_the_first_word_of_a_section_are_one),
	    cmocka_unit_test(bytes_that_are_no_text_are_errors),
	    cmocka_unit_test(crlf_and_a_byte_order_mark_are_fine),
	    cmocka_unit_test(what_is_no_entry_is_an_error),
	    cmocka_unit_test(a_folder_cannot_be_read),
	    cmocka_unit_test(entries_go_in_and_out_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
