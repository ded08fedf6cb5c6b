/*
 * Plans of strangers: however much a small one asks for, reading it takes
 * neither all memory nor for ever.
 */
#include <unistd.h>

#include "base/util.h"
#include "tests/unit/planning.h"

/* Owned by the caller. */
struct said {
	struct plan *plan;
	char *text;
};

static struct said load(char *text)
{
	const struct plan_source source = {.file = "x.ini"};
	struct said said = {0};
	FILE *in = fmemopen(text, strlen(text), "r"), *out;
	struct diag d;
	size_t len;

	assert_non_null(in);
	diag_init(&d);
	said.plan = plan_load_stream(&source, in, &d);
	fclose(in);
	out = open_memstream(&said.text, &len);
	assert_non_null(out);
	diag_print(&d, out);
	fclose(out);
	diag_clear(&d);
	return said;
}

static void drop(struct said *said)
{
	plan_free(said->plan);
	free(said->text);
}

/* Refused with exactly these lines; frees the text. */
static void check_refused(char *text, const char *expected)
{
	struct said said = load(text);

	assert_null(said.plan);
	assert_string_equal(said.text, expected);
	drop(&said);
	free(text);
}

/* A text of many parts. */
struct writing {
	FILE *out;
	char *text; /* owned by the caller once it is written */
	size_t len;
};

static void begin(struct writing *w)
{
	w->out = open_memstream(&w->text, &w->len);
	assert_non_null(w->out);
}

static char *written(struct writing *w)
{
	assert_int_equal(fclose(w->out), 0);
	return w->text;
}

/* --- calls -------------------------------------------------------------- */

enum { MANY = 40000 };

static void a_long_chain_of_calls_is_told_once(void **state)
{
	struct writing w;

	(void)state;
	begin(&w);
	for (int i = 0; i < MANY; i++)
		fprintf(w.out, "[task t%d]\ncall = t%d\n", i, i + 1);
	fprintf(w.out, "[task t%d]\nget = http://h/\n", MANY);
	check_refused(written(&w),
	    "x.ini:1: [task t0]: its calls are nested more than 32 deep: call "
	    "fewer tasks within each other\n");
}

static void a_long_chain_is_told_once_whichever_end_comes_first(void **state)
{
	struct writing w;

	(void)state;
	begin(&w);
	fputs("[task t0]\nget = http://h/\n", w.out);
	for (int i = 1; i < MANY; i++)
		fprintf(w.out, "[task t%d]\ncall = t%d\n", i, i - 1);
	check_refused(written(&w),
	    "x.ini:67: [task t33]: its calls are nested more than 32 deep: "
	    "call fewer tasks within each other\n");
}

/* A chain of so many calls, each task written after those that call it. */
static char *chain(int calls)
{
	struct writing w;

	begin(&w);
	for (int i = 0; i < calls; i++)
		fprintf(w.out, "[task t%d]\ncall = t%d\n", i, i + 1);
	fprintf(w.out, "[task t%d]\nget = http://h/\n", calls);
	return written(&w);
}

static void calls_may_be_nested_32_deep(void **state)
{
	char *text = chain(32);
	struct said said = load(text);

	(void)state;
	assert_non_null(said.plan);
	assert_int_equal(said.plan->tasks[0]->depth, 32);
	drop(&said);
	free(text);
	check_refused(chain(33),
	    "x.ini:1: [task t0]: its calls are nested more than 32 deep: call "
	    "fewer tasks within each other\n");
}

/* --- users -------------------------------------------------------------- */

static void kinds_that_draw_all_tasks_are_bounded(void **state)
{
	struct writing w;

	(void)state;
	begin(&w);
	for (int i = 0; i < 2000; i++)
		fprintf(w.out, "[task %d]\nget = http://h/\n[user %d]\n", i, i);
	check_refused(written(&w),
	    "x.ini:1503: [user 500]: all [user] together would draw more than "
	    "1000000 tasks: name the tasks of each\n");
}

/* --- texts -------------------------------------------------------------- */

static void a_constant_has_at_most_a_mebibyte(void **state)
{
	struct writing w;

	(void)state;
	begin(&w);
	fputs("[vars]\na0 = 0123456789abcdef\n", w.out);
	for (int i = 1; i < 60; i++)
		fprintf(w.out, "a%d = ${a%d}${a%d}\n", i, i - 1, i - 1);
	fputs("[task t]\nget = http://h/${a16}${a17}\n", w.out);
	check_refused(written(&w),
	    "x.ini:19: a17 \"${a16}${a16}\": it comes to more than 1 MiB: put "
	    "it into a file\n");
}

/* A constant of 1 MiB, and so many of these lines in a task. */
static char *many_long_lines(const char *line, int n)
{
	struct writing w;

	begin(&w);
	fputs("[vars]\na0 = 0123456789abcdef\n", w.out);
	for (int i = 1; i <= 16; i++)
		fprintf(w.out, "a%d = ${a%d}${a%d}\n", i, i - 1, i - 1);
	fputs("[task t]\nget = http://h/\n", w.out);
	for (int i = 0; i < n; i++)
		fputs(line, w.out);
	return written(&w);
}

static void all_texts_together_are_bounded(void **state)
{
	(void)state;
	check_refused(
	    many_long_lines("set.x = ${a16}${a16}${a16}${a16}\n", 10000),
	    "x.ini:84: the plan's texts come to more than 256 MiB here, with "
	    "all variables filled in: put long ones into files\n");
}

static void what_each_step_inherits_is_bounded(void **state)
{
	struct writing w;

	(void)state;
	begin(&w);
	fputs("[vars]\na0 = 0123456789abcdef\n", w.out);
	for (int i = 1; i <= 16; i++)
		fprintf(w.out, "a%d = ${a%d}${a%d}\n", i, i - 1, i - 1);
	fputs("[task t]\nauth = u:${a16}\n", w.out);
	for (int i = 0; i < 10000; i++)
		fputs("get = http://h/\n", w.out);
	check_refused(written(&w),
	    "x.ini:273: the plan's texts come to more than 256 MiB here, with "
	    "all variables filled in: put long ones into files\n");
}

static void an_event_has_at_most_200_fields(void **state)
{
	struct said said;
	struct writing w;

	(void)state;
	begin(&w);
	fputs("[hook h]\non = e\nrun = true\n[task t]\nget = http://h/\n"
	      "emit = e",
	    w.out);
	for (int i = 0; i < 202; i++)
		fprintf(w.out, " k%d=", i);
	said = load(written(&w));
	assert_null(said.plan);
	assert_non_null(strstr(said.text,
	    "an event has at most 200 fields: fire a second one for the "
	    "others\n"));
	drop(&said);
	free(w.text);
}

/* --- files -------------------------------------------------------------- */

static void make_file(char *path, size_t size, long bytes)
{
	write_temporary(path, size, "");
	assert_int_equal(truncate(path, bytes), 0);
}

static void a_file_is_kept_once_however_many_steps_send_it(void **state)
{
	struct said said;
	struct writing w;
	char path[64];

	(void)state;
	make_file(path, sizeof(path), 60L << 20);
	begin(&w);
	fputs("[task t]\n", w.out);
	for (int i = 0; i < 1000; i++)
		fprintf(w.out,
		    "post = http://h/\nbody_file = /tmp/./%s\n"
		    "post = http://h/\nmultipart = a=@%s\n",
		    path + 5, path);
	said = load(written(&w));
	assert_string_equal(said.text, "");
	assert_non_null(said.plan);
	assert_int_equal(said.plan->n_files, 1);
	assert_ptr_equal(
	    template_text(said.plan->tasks[0]->steps[0].request.body, NULL),
	    template_text(
		said.plan->tasks[0]->steps[1999].request.parts[0].value, NULL));
	drop(&said);
	free(w.text);
	unlink(path);
}

static void all_files_together_are_bounded(void **state)
{
	char paths[5][64];
	struct said said;
	struct writing w;

	(void)state;
	begin(&w);
	fputs("[task t]\n", w.out);
	for (int i = 0; i < 5; i++) {
		make_file(paths[i], sizeof(paths[i]), 60L << 20);
		fprintf(w.out, "post = http://h/\nbody_file = %s\n", paths[i]);
	}
	said = load(written(&w));
	for (int i = 0; i < 5; i++)
		unlink(paths[i]);
	assert_null(said.plan);
	assert_ptr_equal(strstr(said.text, "x.ini:"), said.text);
	assert_non_null(strstr(said.text, "x.ini:11: body_file"));
	assert_non_null(strstr(said.text,
	    "it cannot be read: all files together have more than 256 MiB"));
	drop(&said);
	free(w.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_long_chain_of_calls_is_told_once),
	    cmocka_unit_test(
		a_long_chain_is_told_once_whichever_end_comes_first),
	    cmocka_unit_test(calls_may_be_nested_32_deep),
	    cmocka_unit_test(kinds_that_draw_all_tasks_are_bounded),
	    cmocka_unit_test(a_constant_has_at_most_a_mebibyte),
	    cmocka_unit_test(all_texts_together_are_bounded),
	    cmocka_unit_test(what_each_step_inherits_is_bounded),
	    cmocka_unit_test(an_event_has_at_most_200_fields),
	    cmocka_unit_test(a_file_is_kept_once_however_many_steps_send_it),
	    cmocka_unit_test(all_files_together_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
