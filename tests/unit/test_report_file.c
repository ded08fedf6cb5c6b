/*
 * The files of reports: tried first, written whole or not at all, and what is
 * no plain file stays what it is.
 */
#include "tests/unit/reporting.h"

#include <fcntl.h>

#include "report/file.h"

/* --- helpers ------------------------------------------------------------ */

static char *path_in(const struct run *run, const char *name)
{
	return xasprintf("%s/%s", run->folder, name);
}

static void assert_holds(const char *path, const char *text)
{
	FILE *in = fopen(path, "r");
	char got[256] = "";

	assert_non_null(in);
	got[fread(got, 1, sizeof(got) - 1, in)] = '\0';
	fclose(in);
	assert_string_equal(got, text);
}

static void put(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static void write_text(struct report_file *f, const char *text, struct diag *d)
{
	FILE *out = report_file_begin(f, d);

	assert_non_null(out);
	fputs(text, out);
	assert_true(report_file_end(f, d));
}

static void assert_refused(
    const struct report_setup *setup, const char *path, const char *line)
{
	struct report_file f;
	struct diag d;

	diag_init(&d);
	assert_false(report_file_open(&f, path, "--json", setup, &d));
	assert_int_equal(d.errors, 1);
	assert_string_equal(d.entries[0].text, line);
	diag_clear(&d);
}

/* --- opening ------------------------------------------------------------ */

static void what_is_there_stays_until_the_end(void **state)
{
	struct run run;
	struct report_file f;
	struct diag d;
	char *path;
	FILE *out;

	(void)state;
	run_prepare(&run);
	diag_init(&d);
	path = path_in(&run, "r.json");
	put(path, "old");
	assert_true(report_file_open(&f, path, "--json", &run.setup, &d));
	assert_holds(path, "old");
	out = report_file_begin(&f, &d);
	assert_non_null(out);
	fputs("new", out);
	fflush(out);
	assert_holds(path, "old");
	assert_true(report_file_end(&f, &d));
	assert_holds(path, "new");
	report_file_clear(&f);
	assert_int_equal(remove(path), 0);
	/* nothing is left beside it */
	assert_int_equal(rmdir(run.folder), 0);
	assert_int_equal(d.n, 0);
	free(path);
	run_clear(&run);
}

static void a_place_that_cannot_be_written_is_told_with_its_mend(void **state)
{
	struct run run;
	char *line;

	(void)state;
	run_prepare(&run);
	assert_refused(&run.setup, "/no/such/folder/r.json",
	    "/no/such/folder/r.json: cannot create: No such file or directory: "
	    "name a folder that exists with --json");
	line = xasprintf(
	    "%s: cannot create: Is a directory: name a file with --json",
	    run.folder);
	assert_refused(&run.setup, run.folder, line);
	free(line);
	run_clear(&run);
}

static void a_file_that_was_only_tried_is_not_there(void **state)
{
	struct run run;
	struct report_file f;
	struct diag d;
	char *path;

	(void)state;
	run_prepare(&run);
	diag_init(&d);
	path = path_in(&run, "r.json");
	assert_true(report_file_open(&f, path, "--json", &run.setup, &d));
	report_file_clear(&f);
	assert_int_equal(rmdir(run.folder), 0);
	free(path);
	run_clear(&run);
}

/* --- writing ------------------------------------------------------------ */

static void standard_output_is_written_and_stays_open(void **state)
{
	struct run run;
	struct report_file f;
	struct diag d;

	(void)state;
	run_prepare(&run);
	diag_init(&d);
	assert_true(report_file_open(&f, "-", "--json", &run.setup, &d));
	write_text(&f, "one\n", &d);
	report_file_clear(&f);
	assert_true(fputs("two\n", run.setup.out) >= 0);
	fflush(run.setup.out);
	assert_string_equal(run.out, "one\ntwo\n");
	run_clear(&run);
}

static void a_link_stays_one_and_leads_to_the_report(void **state)
{
	struct run run;
	struct report_file f;
	struct diag d;
	struct stat st;
	char *path, *link;

	(void)state;
	run_prepare(&run);
	diag_init(&d);
	path = path_in(&run, "r.json");
	link = path_in(&run, "latest.json");
	put(path, "something older and longer");
	assert_int_equal(symlink(path, link), 0);
	assert_true(report_file_open(&f, link, "--json", &run.setup, &d));
	write_text(&f, "first", &d);
	write_text(&f, "new", &d);
	report_file_clear(&f);
	assert_holds(path, "new");
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	free(path);
	free(link);
	run_clear(&run);
}

static void a_device_is_written_to_and_not_replaced(void **state)
{
	struct run run;
	struct report_file f;
	struct diag d;
	struct stat st;

	(void)state;
	run_prepare(&run);
	diag_init(&d);
	assert_true(
	    report_file_open(&f, "/dev/null", "--json", &run.setup, &d));
	write_text(&f, "nothing", &d);
	report_file_clear(&f);
	assert_int_equal(lstat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(d.n, 0);
	run_clear(&run);
}

static void a_pipe_gets_all_of_it(void **state)
{
	struct run run;
	struct report_file f;
	struct diag d;
	char got[16] = "";
	char *path;
	int fd;

	(void)state;
	run_prepare(&run);
	diag_init(&d);
	path = path_in(&run, "pipe");
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	assert_true(report_file_open(&f, path, "--json", &run.setup, &d));
	write_text(&f, "all of it", &d);
	report_file_clear(&f);
	assert_int_equal(read(fd, got, sizeof(got)), 9);
	assert_string_equal(got, "all of it");
	assert_int_equal(read(fd, got, sizeof(got)), 0);
	close(fd);
	free(path);
	run_clear(&run);
}

static void a_pipe_without_a_reader_is_a_mistake(void **state)
{
	struct run run;
	char *path, *line;

	(void)state;
	run_prepare(&run);
	path = path_in(&run, "pipe");
	assert_int_equal(mkfifo(path, 0600), 0);
	line = xasprintf("%s: cannot be opened: nobody reads it: start its "
			 "reader first",
	    path);
	assert_refused(&run.setup, path, line);
	free(line);
	free(path);
	run_clear(&run);
}

static void who_reads_a_pipe_slowly_is_waited_for(void **state)
{
	struct run run;
	struct report_file f;
	struct diag d;
	char *path;
	int fd;

	(void)state;
	run_prepare(&run);
	diag_init(&d);
	path = path_in(&run, "pipe");
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	assert_true(report_file_open(&f, path, "--json", &run.setup, &d));
	assert_int_equal(fcntl(f.fd, F_GETFL) & O_NONBLOCK, 0);
	report_file_clear(&f);
	close(fd);
	free(path);
	run_clear(&run);
}

static void what_others_have_beside_it_is_not_touched(void **state)
{
	struct run run;
	struct report_file f;
	struct diag d;
	char *path, *beside, *link, *target;

	(void)state;
	run_prepare(&run);
	diag_init(&d);
	path = path_in(&run, "r.json");
	beside = path_in(&run, "r.json.tmp");
	link = path_in(&run, "r.json.XXXXXX");
	target = path_in(&run, "target");
	put(beside, "somebody's");
	put(target, "dear");
	assert_int_equal(symlink(target, link), 0);
	assert_true(report_file_open(&f, path, "--json", &run.setup, &d));
	write_text(&f, "new", &d);
	report_file_clear(&f);
	assert_holds(path, "new");
	assert_holds(beside, "somebody's");
	assert_holds(target, "dear");
	free(path);
	free(beside);
	free(link);
	free(target);
	run_clear(&run);
}

static void two_runs_at_once_do_not_mix_what_they_write(void **state)
{
	struct run run;
	struct report_file one, other;
	struct diag d;
	char *path;
	FILE *a, *b;

	(void)state;
	run_prepare(&run);
	diag_init(&d);
	path = path_in(&run, "r.json");
	assert_true(report_file_open(&one, path, "--json", &run.setup, &d));
	assert_true(report_file_open(&other, path, "--json", &run.setup, &d));
	a = report_file_begin(&one, &d);
	b = report_file_begin(&other, &d);
	assert_non_null(a);
	assert_non_null(b);
	fputs("the first", a);
	fputs("2nd", b);
	assert_true(report_file_end(&one, &d));
	assert_holds(path, "the first");
	assert_true(report_file_end(&other, &d));
	assert_holds(path, "2nd");
	report_file_clear(&one);
	report_file_clear(&other);
	assert_int_equal(remove(path), 0);
	assert_int_equal(rmdir(run.folder), 0);
	free(path);
	run_clear(&run);
}

static void a_report_that_is_given_up_leaves_nothing(void **state)
{
	struct run run;
	struct report_file f;
	struct diag d;
	char *path;

	(void)state;
	run_prepare(&run);
	diag_init(&d);
	path = path_in(&run, "r.json");
	assert_true(report_file_open(&f, path, "--json", &run.setup, &d));
	assert_non_null(report_file_begin(&f, &d));
	report_file_clear(&f);
	assert_int_equal(rmdir(run.folder), 0);
	free(path);
	run_clear(&run);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

static void who_may_read_it_is_as_it_was_or_as_for_any_new_file(void **state)
{
	struct run run;
	struct report_file f;
	struct diag d;
	char *path;
	mode_t mask = umask(027);

	(void)state;
	run_prepare(&run);
	diag_init(&d);
	path = path_in(&run, "r.json");
	assert_true(report_file_open(&f, path, "--json", &run.setup, &d));
	write_text(&f, "new", &d);
	assert_int_equal(mode_of(path), 0640);
	assert_int_equal(chmod(path, 0604), 0);
	write_text(&f, "newer", &d);
	assert_int_equal(mode_of(path), 0604);
	report_file_clear(&f);
	assert_int_equal(umask(mask), 027);
	free(path);
	run_clear(&run);
}

static void what_cannot_be_finished_is_said_once_and_spoils_nothing(
    void **state)
{
	struct run run;
	struct report_file f;
	struct diag d;
	char *path, *within;
	FILE *out;

	(void)state;
	run_prepare(&run);
	diag_init(&d);
	path = path_in(&run, "r.json");
	within = path_in(&run, "r.json/within");
	assert_true(report_file_open(&f, path, "--json", &run.setup, &d));
	/* a folder came into its way */
	assert_int_equal(mkdir(path, 0700), 0);
	put(within, "");
	for (int i = 0; i < 2; i++) {
		out = report_file_begin(&f, &d);
		assert_non_null(out);
		assert_false(report_file_end(&f, &d));
	}
	assert_int_equal(d.errors, 1);
	assert_has(d.entries[0].text, "/r.json: cannot write: ");
	assert_int_equal(remove(within), 0);
	assert_int_equal(remove(path), 0);
	report_file_clear(&f);
	assert_int_equal(rmdir(run.folder), 0);
	diag_clear(&d);
	free(path);
	free(within);
	run_clear(&run);
}

/* --- several ------------------------------------------------------------ */

static void two_reports_in_one_place_are_a_mistake(void **state)
{
	struct run run;
	struct diag d;

	(void)state;
	run_prepare(&run);
	run.setup.json_path = "-";
	run.setup.junit_path = "-";
	diag_init(&d);
	assert_false(report_check(&run.setup, &d));
	assert_int_equal(d.errors, 1);
	assert_string_equal(d.entries[0].text,
	    "loadgen: --junit \"-\": --json writes there too: name another "
	    "file for one of them");
	assert_null(report_open(&run.setup, &d));
	assert_int_equal(d.errors, 2);
	/* nor are the CSV files begun */
	assert_int_equal(rmdir(run.folder), 0);
	diag_clear(&d);
	run_clear(&run);
}

/* What is said of these paths, the only line; "" for nothing. */
static void assert_places(struct run *run, const char *html, const char *json,
    const char *junit, const char *line)
{
	struct diag d;

	run->setup.html_path = html;
	run->setup.json_path = json;
	run->setup.junit_path = junit;
	diag_init(&d);
	assert_int_equal(report_files_differ(&run->setup, &d), !*line);
	assert_int_equal(d.errors, *line ? 1 : 0);
	if (*line)
		assert_string_equal(d.entries[0].text, line);
	diag_clear(&d);
}

/* The line about a file in the folder of the run. */
static void assert_taken(
    struct run *run, const char *json, const char *reader_or_option)
{
	char *path = path_in(run, json);
	char *line =
	    xasprintf("loadgen: --json \"%s\": %s", path, reader_or_option);

	assert_places(run, NULL, path, NULL, line);
	free(line);
	free(path);
}

static void one_place_is_known_by_each_of_its_names(void **state)
{
	struct run run;
	char *path, *same, *link, *line;

	(void)state;
	run_prepare(&run);
	path = path_in(&run, "r");
	same = path_in(&run, ".//r");
	link = path_in(&run, "latest");
	line =
	    xasprintf("loadgen: --json \"%s\": --html writes there too: name "
		      "another file for one of them",
		same);
	assert_places(&run, path, same, NULL, line);
	put(path, "");
	assert_places(&run, path, same, NULL, line);
	assert_int_equal(symlink(path, link), 0);
	free(line);
	line = xasprintf("loadgen: --junit \"%s\": --json writes there too: "
			 "name another file for one of them",
	    link);
	assert_places(&run, NULL, path, link, line);
	assert_places(&run, "/dev/null", "/dev/null", path, "");
	free(path);
	free(same);
	free(link);
	free(line);
	run_clear(&run);
}

static void a_csv_file_is_no_place_for_another_report(void **state)
{
	static const char end[] =
	    "--csv writes there too: name another file for one of them";
	struct run run;

	(void)state;
	run_prepare(&run);
	assert_taken(&run, "x_stats.csv", end);
	assert_taken(&run, "x_workers.csv", end);
	run.plan.load.has_stages = true;
	assert_taken(&run, "x_stages.csv", end);
	run.plan.load.has_stages = false;
	run_clear(&run);
}

static void what_the_run_reads_is_no_place_for_a_report(void **state)
{
	static char people[] = "people";
	struct run run;
	struct data_file data = {.name = people};
	struct sent_file sent = {0};
	struct stat st;
	char *body, *line;

	(void)state;
	run_prepare(&run);
	run.plan.file = path_in(&run, "p.ini");
	data.path = path_in(&run, "people.csv");
	body = path_in(&run, "body");
	put(body, "");
	assert_int_equal(stat(body, &st), 0);
	sent.device = (uint64_t)st.st_dev;
	sent.inode = (uint64_t)st.st_ino;
	run.plan.data = &data;
	run.plan.n_data = 1;
	run.plan.files = &sent;
	run.plan.n_files = 1;
	run.plan.http.key.path = path_in(&run, "key.pem");
	run.plan.report.baseline = path_in(&run, "good.json");
	assert_taken(
	    &run, "p.ini", "the plan is read from there: name another file");
	assert_taken(&run, "people.csv",
	    "[data people] is read from there: name another file");
	assert_taken(
	    &run, "body", "what is sent is read from there: name another file");
	assert_taken(
	    &run, "key.pem", "key is read from there: name another file");
	/* that has been read by then, and JSON is what it was */
	assert_places(&run, NULL, run.plan.report.baseline, NULL, "");
	line = xasprintf("loadgen: --junit \"%s\": --baseline is read from "
			 "there: name another file",
	    run.plan.report.baseline);
	assert_places(&run, NULL, NULL, run.plan.report.baseline, line);
	free(line);
	free(body);
	free(data.path);
	free(run.plan.file);
	free(run.plan.http.key.path);
	free(run.plan.report.baseline);
	run_clear(&run);
}

static void reports_that_cannot_be_created_are_foreseen(void **state)
{
	static char plan_name[] = "plan.ini";
	const struct plan plan = {.file = plan_name};
	struct report_setup setup = {.plan = &plan,
	    .html_path = "/no/such/folder/r.html",
	    .json_path = "/tmp",
	    .junit_path = "/dev/null"};
	struct diag d;

	(void)state;
	diag_init(&d);
	assert_false(report_check(&setup, &d));
	assert_int_equal(d.errors, 2);
	assert_has(d.entries[0].text, "/no/such/folder/r.html: cannot create:");
	assert_has(d.entries[1].text, "/tmp: cannot create: Is a directory:");
	diag_clear(&d);
}

static void the_summary_makes_way_for_a_report(void **state)
{
	struct run run;

	(void)state;
	run_prepare(&run);
	assert_ptr_equal(report_summary_stream(&run.setup), run.setup.out);
	run.setup.json_path = "r.json";
	assert_ptr_equal(report_summary_stream(&run.setup), run.setup.out);
	run.setup.html_path = "-";
	assert_ptr_equal(report_summary_stream(&run.setup), run.setup.err);
	run_clear(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_there_stays_until_the_end),
	    cmocka_unit_test(
		a_place_that_cannot_be_written_is_told_with_its_mend),
	    cmocka_unit_test(a_file_that_was_only_tried_is_not_there),
	    cmocka_unit_test(standard_output_is_written_and_stays_open),
	    cmocka_unit_test(a_link_stays_one_and_leads_to_the_report),
	    cmocka_unit_test(a_device_is_written_to_and_not_replaced),
	    cmocka_unit_test(a_pipe_gets_all_of_it),
	    cmocka_unit_test(a_pipe_without_a_reader_is_a_mistake),
	    cmocka_unit_test(who_reads_a_pipe_slowly_is_waited_for),
	    cmocka_unit_test(what_others_have_beside_it_is_not_touched),
	    cmocka_unit_test(two_runs_at_once_do_not_mix_what_they_write),
	    cmocka_unit_test(a_report_that_is_given_up_leaves_nothing),
	    cmocka_unit_test(
		who_may_read_it_is_as_it_was_or_as_for_any_new_file),
	    cmocka_unit_test(
		what_cannot_be_finished_is_said_once_and_spoils_nothing),
	    cmocka_unit_test(two_reports_in_one_place_are_a_mistake),
	    cmocka_unit_test(one_place_is_known_by_each_of_its_names),
	    cmocka_unit_test(a_csv_file_is_no_place_for_another_report),
	    cmocka_unit_test(what_the_run_reads_is_no_place_for_a_report),
	    cmocka_unit_test(reports_that_cannot_be_created_are_foreseen),
	    cmocka_unit_test(the_summary_makes_way_for_a_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
