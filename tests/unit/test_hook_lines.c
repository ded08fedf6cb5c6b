/* Events as lines of JSON and as variables, and output as variables. */
#include "hook/line.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "hook/environment.h"
#include "hook/output.h"

/* --- lines of JSON ------------------------------------------------------ */

#define FRONT                                                               \
	"{\"event\":\"x\",\"role\":\"worker\",\"worker\":0,\"host\":\"h\"," \
	"\"time\":1764080000.007"

static void assert_line(
    const struct event_field *fields, size_t n, const char *expected)
{
	struct hook_identity who = {.role = "worker", .worker = 0, .host = "h"};
	struct event event = {.name = "x",
	    .fields = fields,
	    .n_fields = n,
	    .wall_us = UINT64_C(1764080000007999)};
	struct buf identity, out;

	buf_init(&identity, 1 << 16);
	buf_init(&out, 1 << 16);
	line_put_identity(&identity, &who);
	line_put(&out, &event, &identity);
	assert_string_equal(buf_text(&out), expected);
	buf_clear(&identity);
	buf_clear(&out);
}

static void assert_value(const char *value, const char *expected)
{
	struct event_field field = {.key = "v", .value = value};
	char *line = xasprintf(FRONT ",\"v\":\"%s\"}\n", expected);

	assert_line(&field, 1, line);
	free(line);
}

static void an_event_without_fields_says_who_and_when(void **state)
{
	(void)state;
	assert_line(NULL, 0, FRONT "}\n");
}

static void the_parent_has_null_for_a_worker(void **state)
{
	struct hook_identity who = {
	    .role = "parent", .worker = -1, .host = "a\"b"};
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	line_put_identity(&out, &who);
	assert_string_equal(buf_text(&out),
	    ",\"role\":\"parent\",\"worker\":null,\"host\":\"a\\\"b\","
	    "\"time\":");
	buf_clear(&out);
}

static void numbers_stand_as_they_are_and_texts_in_quotes(void **state)
{
	static const struct event_field fields[] = {
	    {"status", "200", true},
	    {"passed", "true", true},
	    {"na\"me", "GET /", false},
	    {"empty", "", false},
	};

	(void)state;
	assert_line(fields, 4,
	    FRONT ",\"status\":200,\"passed\":true,\"na\\\"me\":\"GET /\","
		  "\"empty\":\"\"}\n");
}

static void a_field_cannot_take_the_place_of_who_we_are(void **state)
{
	static const struct event_field fields[] = {
	    {"event", "1", true},
	    {"role", "emperor", false},
	    {"worker", "1", true},
	    {"host", "1", true},
	    {"time", "1", true},
	    {"times", "1", true},
	};

	(void)state;
	assert_line(fields, 6, FRONT ",\"times\":1}\n");
}

static void every_byte_that_cannot_stand_in_a_string_is_escaped(void **state)
{
	(void)state;
	assert_value("a\"b\\c/d", "a\\\"b\\\\c/d");
	assert_value(
	    "1\n2\r3\t4\b5\f", "1\\u000a2\\u000d3\\u00094\\u00085\\u000c");
	assert_value("\x01\x1f\x7f~", "\\u0001\\u001f\\u007f~");
}

static void letters_of_utf_8_stand_as_they_are(void **state)
{
	static const char *const letters[] = {"\xc2\x80", "\xdf\xbf",
	    "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
	    "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(letters); i++)
		assert_value(letters[i], letters[i]);
}

static void what_is_no_utf_8_is_replaced_byte_by_byte(void **state)
{
	static const char *const wrong[] = {"\x80", "\xbf", "\xc0\xaf",
	    "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xe1\x80", "\xed\xa0\x80",
	    "\xf0\x8f\xbf\xbf", "\xf1\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80",
	    "\xff", "\xfe"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		char value[16], expected[64] = "<";

		snprintf(value, sizeof(value), "<%s>", wrong[i]);
		for (size_t k = 0; k < strlen(wrong[i]); k++)
			strncat(expected, "\\ufffd",
			    sizeof(expected) - strlen(expected) - 1);
		strncat(expected, ">", sizeof(expected) - strlen(expected) - 1);
		assert_value(value, expected);
	}
}

static void a_line_that_does_not_fit_says_so(void **state)
{
	struct event event = {.name = "a long name of an event"};
	struct buf identity, out;

	(void)state;
	buf_init(&identity, 16);
	buf_init(&out, 16);
	line_put(&out, &event, &identity);
	assert_true(out.full);
	buf_clear(&out);
	buf_clear(&identity);
}

/* --- variables ---------------------------------------------------------- */

static void a_variable_of_the_event_takes_the_place_of_one_from_outside(
    void **state)
{
	struct hook_identity who = {.role = "parent", .worker = -1, .host = ""};
	struct event_field fields[] = {
	    {"users", "1", true}, {"USERS", "2", true}, {"event", "3", true}};
	struct event event = {.name = "x", .fields = fields, .n_fields = 3};
	struct buf texts;
	char **all;
	int users = 0, more = 0, events = 0;

	(void)state;
	assert_int_equal(setenv("LOADGEN_USERS", "from outside", 1), 0);
	assert_int_equal(setenv("LOADGEN_USERS_MORE", "kept", 1), 0);
	buf_init(&texts, 1 << 16);
	environment_put(&texts, &who, "h", &event);
	all = environment_with(&texts);
	for (char **e = all; *e != NULL; e++) {
		if (strncmp(*e, "LOADGEN_USERS=", 14) == 0) {
			assert_string_equal(*e, "LOADGEN_USERS=1");
			users++;
		}
		more += strcmp(*e, "LOADGEN_USERS_MORE=kept") == 0;
		events += strncmp(*e, "LOADGEN_EVENT=", 14) == 0;
	}
	assert_int_equal(users, 1);
	assert_int_equal(more, 1);
	assert_int_equal(events, 1);
	free(all);
	buf_clear(&texts);
	assert_int_equal(unsetenv("LOADGEN_USERS"), 0);
	assert_int_equal(unsetenv("LOADGEN_USERS_MORE"), 0);
}

/* --- lines of output ---------------------------------------------------- */

/* What was taken, "NAME=VALUE;" each, and what was passed on. */
struct heard {
	struct output output;
	struct buf taken;
	char passed[256];
	int saved_fd;
	int fd;
};

static void note(
    void *arg, const char *hook, const char *name, const char *value)
{
	struct buf *taken = arg;

	assert_string_equal(hook, "token");
	buf_printf(taken, "%s=%s;", name, value);
}

static void heard_init(struct heard *h)
{
	int ends[2];

	memset(h, 0, sizeof(*h));
	assert_int_equal(pipe(ends), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	h->fd = ends[0];
	fflush(stderr);
	h->saved_fd = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	buf_init(&h->taken, 1 << 20);
	output_init(&h->output, "token", note, &h->taken);
}

static void heard_end(struct heard *h)
{
	ssize_t n;

	output_end(&h->output);
	n = read(h->fd, h->passed, sizeof(h->passed) - 1);
	dup2(h->saved_fd, STDERR_FILENO);
	close(h->saved_fd);
	close(h->fd);
	h->passed[n > 0 ? n : 0] = '\0';
}

static void hear(struct heard *h, const char *text)
{
	output_put(&h->output, text, strlen(text));
}

static void variables_are_taken_and_other_lines_passed_on(void **state)
{
	struct heard h;

	(void)state;
	heard_init(&h);
	hear(&h, "TOKEN=a=b c\nsigned in\n_x9=\n9x=1\na-b=1\n=1\n\nlast=1");
	heard_end(&h);
	assert_string_equal(buf_text(&h.taken), "TOKEN=a=b c;_x9=;last=1;");
	assert_string_equal(h.passed, "signed in\n9x=1\na-b=1\n=1\n\n");
	buf_clear(&h.taken);
}

static void lines_may_come_in_pieces(void **state)
{
	static const char text[] = "A=1\r\nB=\r2\nno\n";
	struct heard h;

	(void)state;
	heard_init(&h);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		output_put(&h.output, text + i, 1);
	heard_end(&h);
	assert_string_equal(buf_text(&h.taken), "A=1;B=\r2;");
	assert_string_equal(h.passed, "no\n");
	buf_clear(&h.taken);
}

static void a_line_with_a_nul_is_no_variable(void **state)
{
	struct heard h;

	(void)state;
	heard_init(&h);
	output_put(&h.output, "A=1\0002\nB=2\n", 10);
	heard_end(&h);
	assert_string_equal(buf_text(&h.taken), "B=2;");
	buf_clear(&h.taken);
}

static void a_line_that_is_too_long_is_passed_over_and_counted(void **state)
{
	size_t n = 64 << 10;
	char *text = xcalloc(n + 1, 1);
	struct heard h;

	(void)state;
	memset(text, 'v', n);
	heard_init(&h);
	hear(&h, "A=");
	hear(&h, text);
	hear(&h, "\nB=2\nC=");
	/* with its name and the line end it just fits */
	output_put(&h.output, text, n - 3);
	hear(&h, "\n");
	heard_end(&h);
	assert_int_equal(h.output.long_lines, 1);
	text[n - 3] = '\0';
	assert_ptr_equal(
	    strstr(buf_text(&h.taken), "B=2;C=v"), buf_text(&h.taken));
	assert_int_equal(buf_len(&h.taken), strlen("B=2;C=;") + n - 3);
	buf_clear(&h.taken);
	free(text);
}

static void what_is_over_the_maximum_is_cut_and_half_a_line_is_none(
    void **state)
{
	enum { LINES = 600 };
	char text[2049] = "A=";
	struct heard h;

	(void)state;
	memset(text + 2, 'v', 2045);
	text[2047] = '\n';
	heard_init(&h);
	h.taken.max_bytes = 4 << 20;
	hear(&h, "X\n");
	for (int i = 0; i < LINES; i++)
		hear(&h, text);
	heard_end(&h);
	assert_true(h.output.is_cut);
	assert_int_equal(buf_len(&h.taken), 511 * 2048);
	buf_clear(&h.taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_event_without_fields_says_who_and_when),
	    cmocka_unit_test(the_parent_has_null_for_a_worker),
	    cmocka_unit_test(numbers_stand_as_they_are_and_texts_in_quotes),
	    cmocka_unit_test(a_field_cannot_take_the_place_of_who_we_are),
	    cmocka_unit_test(
		every_byte_that_cannot_stand_in_a_string_is_escaped),
	    cmocka_unit_test(letters_of_utf_8_stand_as_they_are),
	    cmocka_unit_test(what_is_no_utf_8_is_replaced_byte_by_byte),
	    cmocka_unit_test(a_line_that_does_not_fit_says_so),
	    cmocka_unit_test(
		a_variable_of_the_event_takes_the_place_of_one_from_outside),
	    cmocka_unit_test(variables_are_taken_and_other_lines_passed_on),
	    cmocka_unit_test(lines_may_come_in_pieces),
	    cmocka_unit_test(a_line_with_a_nul_is_no_variable),
	    cmocka_unit_test(
		a_line_that_is_too_long_is_passed_over_and_counted),
	    cmocka_unit_test(
		what_is_over_the_maximum_is_cut_and_half_a_line_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
