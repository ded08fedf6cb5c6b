/*
 * The command line: what is taken how, and what is said of what is not.
 */
#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

#define PLAN "tests/plans/good/smallest.ini"
/* any other file */
#define OTHER "tests/plans/good/crlf.ini"

enum { ARGS_MAX = 12 };

/* --- helpers ------------------------------------------------------------ */

struct line {
	struct options options;
	struct diag d;
	char *args[ARGS_MAX + 2];
	int n;
	bool ok;
};

/* The words of a command line, without the program's name; NULL ends them. */
static void parse(struct line *line, const char *const *words)
{
	*line = (struct line) {0};
	line->args[line->n++] = xstrdup("loadgen");
	for (; *words != NULL; words++) {
		assert_true(line->n < ARGS_MAX);
		line->args[line->n++] = xstrdup(*words);
	}
	diag_init(&line->d);
	line->ok = options_parse(&line->options, line->n, line->args, &line->d);
}

static void clear(struct line *line)
{
	options_clear(&line->options);
	diag_clear(&line->d);
	for (int i = 0; i < line->n; i++)
		free(line->args[i]);
}

static void check_error(const char *const *words, const char *expected)
{
	struct line line;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	parse(&line, words);
	assert_false(line.ok);
	diag_print(&line.d, out);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
	clear(&line);
}

#define WORDS(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static void check_once(
    const char *const *words, const char *file, const char *task)
{
	struct line line;

	parse(&line, words);
	assert_true(line.ok);
	assert_int_equal(line.options.action, ACTION_ONCE);
	assert_string_equal(line.options.file, file);
	if (task == NULL)
		assert_null(line.options.once);
	else
		assert_string_equal(line.options.once, task);
	clear(&line);
}

static void check_key(
    const char *text, const char *section, const char *key, const char *value)
{
	struct line line;

	parse(&line, WORDS("-D", text, PLAN));
	assert_true(line.ok);
	assert_int_equal(line.options.n_overrides, 1);
	assert_string_equal(line.options.overrides[0].section, section);
	assert_string_equal(line.options.overrides[0].key, key);
	assert_string_equal(line.options.overrides[0].value, value);
	clear(&line);
}

/* --- options of other tools --------------------------------------------- */

static void test_options_of_other_tools_are_told_what_to_write(void **state)
{
	(void)state;
	check_error(WORDS("--headless", PLAN),
	    "loadgen: \"--headless\": unknown option: it is always so: leave "
	    "it out\n");
	check_error(WORDS("--vus=10", PLAN),
	    "loadgen: \"--vus=10\": unknown option: write -u 10 -r all (of "
	    "a plan, else one user starts a second)\n");
	check_error(WORDS("--usres=10", PLAN),
	    "loadgen: \"--usres=10\": unknown option: did you mean "
	    "\"--users\"?\n");
}

/* The options of one tool each, and what stands behind "unknown option: ". */
static void test_options_of_other_tools_carry_their_values(void **state)
{
	static const char all_at_once[] =
	    "write -u 50 -r all (of a plan, else one user starts a second)";
	static const char remote[] =
	    "write --remote HOST,... where the plan is: nothing needs to be "
	    "started on the other hosts";
	static const struct {
		const char *words[3];
		const char *mend;
	} rows[] = {
	    {{"-c50"}, all_at_once},
	    {{"-c", "50"}, all_at_once},
	    {{"-qc50"}, all_at_once},
	    {{"--connections=50"}, all_at_once},
	    {{"-d10s"}, "write -t 10s"},
	    {{"-d", "{\"a\": 1}"},
		"write body = {\"a\": 1} below post = URL in a plan"},
	    {{"-R100"}, "write -D load.rate=100/s"},
	    {{"--rps", "100/m"}, "write -D load.rate=100/m"},
	    {{"-z", "2 min"}, "write -t 2m"},
	    {{"-i", "5"}, "write -n 5"},
	    {{"-i"}, "write head = URL in a plan, or -n N for so many tasks"},
	    {{"-p", "a.json"},
		"write body_file = a.json below post = URL in a plan"},
	    {{"-m", "POST"}, "write post = URL in a plan"},
	    {{"-X", "PURGE"}, "write request = PURGE URL in a plan"},
	    {{"-a", "bob:secret"}, "write -D http.auth=bob:PASSWORD"},
	    {{"-L", "DEBUG"}, "write -q or -v"},
	    {{"-L"},
		"the summary always has percentiles: leave it out; less or "
		"more is told by -q or -v"},
	    {{"--insecure"}, "write -D http.insecure=yes"},
	    {{"-e", "X=y"}, "write -D vars.X=y, for ${X}"},
	    {{"--out", "csv=out.csv"}, "write --csv out"},
	    {{"--user-agent", "a b"}, "write -D 'http.header=User-Agent: a b'"},
	    {{"--tag", "a=b"},
		"results have no tags: leave it out, and name rows with name = "
		"ROW in the plan"},
	    {{"--worker"}, remote},
	    {{"--master-host", "10.0.0.1"}, remote},
	    {{"--hatch-rate", "3"}, "write -r 3"},
	    {{"--processes", "-1"},
		"by default there is a worker for each core: leave it out"},
	    {{"-disable-keepalive"}, "write -D http.keepalive=no"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *first = rows[i].words[0], *value = rows[i].words[1];
		char *expected =
		    xasprintf("loadgen: \"%s%s%s\": unknown option: %s\n",
			first, value != NULL ? " " : "",
			value != NULL ? value : "", rows[i].mend);

		if (value != NULL)
			check_error(WORDS(first, value, PLAN), expected);
		else
			check_error(WORDS(first, PLAN), expected);
		free(expected);
	}
}

static void test_own_options_with_the_values_of_others_are_told(void **state)
{
	struct line line;

	(void)state;
	check_error(WORDS("-H", "Accept: text/html", PLAN),
	    "loadgen: \"-H Accept: text/html\": -H is the host: write -D "
	    "'http.header=Accept: text/html'\n");
	check_error(WORDS("--host=Accept:text/html", PLAN),
	    "loadgen: \"--host=Accept:text/html\": -H is the host: write -D "
	    "'http.header=Accept: text/html'\n");
	check_error(WORDS("-s", "script.lua", PLAN),
	    "loadgen: \"-s script.lua\": -s is the stop timeout, and nothing "
	    "runs scripts: write a plan with what it sends\n");
	check_error(WORDS("-q", "50", PLAN),
	    "loadgen: \"-q 50\": -q is quiet: a rate is -D "
	    "load.rate=50/s\n");
	check_error(WORDS("-T", "text/plain", PLAN),
	    "loadgen: \"-T text/plain\": -T picks tasks by their tags: write "
	    "-D 'http.header=Content-Type: text/plain'\n");
	parse(&line, WORDS("-H", "h:80", "-q", "-s", "1m", "--tags=a", PLAN));
	assert_true(line.ok);
	clear(&line);
}

static void test_a_plan_of_another_tool_is_one_mistake(void **state)
{
	static const char behind[] =
	    ", and loadgen plays INI plans: see man loadgen.ini, or \"The "
	    "plan, on one page\" in the README\n";
	char *expected =
	    xasprintf("loadgen: \"a.py\": this is Python%s", behind);
	char *both = xasprintf(
	    "loadgen: \"--vus 10\": unknown option: write -u 10 -r all (of "
	    "a plan, else one user starts a second)\n"
	    "loadgen: \"run\": there is no subcommand: write loadgen "
	    "PLAN.ini\n"
	    "loadgen: \"a.js\": this is JavaScript%s",
	    behind);

	(void)state;
	check_error(WORDS("a.py"), expected);
	check_error(WORDS("-f", "a.py", "-u", "3"), expected);
	check_error(WORDS("run", "--vus", "10", "a.js"), both);
	check_error(WORDS("-f", "a.ini,b.ini"),
	    "loadgen: \"a.ini,b.ini\": one plan is played at a time: write "
	    "loadgen a.ini\n");
	free(both);
	free(expected);
}

static void test_a_word_too_many_is_told_what_it_may_be(void **state)
{
	(void)state;
	check_error(WORDS("-t", "1m", "30s", PLAN),
	    "loadgen: \"30s\": a duration is one word: write -t 1m30s\n");
	check_error(WORDS("--tags", "foo", "bar", PLAN),
	    "loadgen: \"bar\": tags are separated by commas: write --tags "
	    "foo,bar\n");
	check_error(WORDS(PLAN, "WebUser"),
	    "loadgen: \"WebUser\": the plan \"" PLAN "\" is played as a whole: "
	    "leave it out, or pick tasks with --tags A,B\n");
	check_error(WORDS(PLAN, "http://h/"),
	    "loadgen: \"http://h/\": a URL beside the plan \"" PLAN
	    "\": write -H http://h/, or give one of them\n");
}

static void test_who_has_taken_the_plan_is_told(void **state)
{
	(void)state;
	check_error(WORDS("--json", "m.ini"),
	    "loadgen: no plan: --json has taken \"m.ini\" for its value: write "
	    "--json FILE m.ini\n");
	check_error(WORDS("-H", "http://h/"),
	    "loadgen: no plan: --host is for the paths of one: write loadgen "
	    "PLAN.ini, or loadgen http://h/ to get that URL\n");
}

static void test_the_value_of_an_unknown_option_is_no_second_plan(void **state)
{
	(void)state;
	check_error(WORDS("-d", "10s", PLAN),
	    "loadgen: \"-d 10s\": unknown option: write -t 10s\n");
}

static void test_a_key_without_an_option_is_written_with_d(void **state)
{
	(void)state;
	check_error(WORDS("--max-body=3M", PLAN),
	    "loadgen: \"--max-body=3M\": unknown option: write -D "
	    "http.max_body=3M\n");
	check_error(WORDS("--stages", "30s:5, 1m:0", PLAN),
	    "loadgen: \"--stages\": unknown option: write -D "
	    "'load.stages=30s:5, 1m:0'\n");
	check_error(WORDS("--stages", PLAN),
	    "loadgen: \"--stages\": unknown option: write -D "
	    "load.stages=VALUE\n");
	check_error(WORDS("--insecure-", PLAN),
	    "loadgen: \"--insecure-\": unknown option: see loadgen --help\n");
	check_error(WORDS("--keepalive", PLAN),
	    "loadgen: \"--keepalive\": unknown option: write -D "
	    "http.keepalive=yes\n");
	check_error(WORDS("--p95", "300", PLAN),
	    "loadgen: \"--p95\": unknown option: write -D "
	    "'thresholds.p95=< 300ms'\n");
	check_error(WORDS("--run_time", "3", PLAN),
	    "loadgen: \"--run_time\": unknown option: did you mean "
	    "\"--run-time\"?\n");
}

static void test_a_key_of_d_without_its_section_is_told_where_it_is(
    void **state)
{
	(void)state;
	check_error(WORDS("-D", "rate=50", PLAN),
	    "-D: \"rate=50\": not SECTION.KEY=VALUE: write -D "
	    "load.rate=50\n");
	check_error(WORDS("-D", "weight=5", PLAN),
	    "-D: \"weight=5\": not SECTION.KEY=VALUE: write for example -D "
	    "load.wait=0\n");
	check_error(WORDS("-D", "p95=300ms", PLAN),
	    "-D: \"p95=300ms\": not SECTION.KEY=VALUE: write -D "
	    "'thresholds.p95=< 300ms'\n");
	check_error(WORDS("-D", "rps=100", PLAN),
	    "-D: \"rps=100\": not SECTION.KEY=VALUE: write -D "
	    "'thresholds.rps=>= 100'\n");
}

static void test_an_option_is_no_name_of_a_file(void **state)
{
	struct line line;

	(void)state;
	check_error(WORDS("--json", "-t", "1s", PLAN),
	    "loadgen: --json \"-t\": this looks like an option: write --json "
	    "FILE, or --json - for standard output\n");
	check_error(WORDS("--csv", "--check", PLAN),
	    "loadgen: --csv \"--check\": this looks like an option: write "
	    "--csv PREFIX\n");
	parse(&line, WORDS("--json", "-", PLAN));
	assert_true(line.ok);
	assert_string_equal(line.options.overrides[0].value, "-");
	clear(&line);
}

static void test_a_second_plan_is_refused(void **state)
{
	(void)state;
	check_error(WORDS(PLAN, OTHER),
	    "loadgen: \"" OTHER "\": a second plan: give one, \"" PLAN
	    "\" was first\n");
}

static void test_there_are_no_subcommands(void **state)
{
	(void)state;
	check_error(WORDS("run", PLAN),
	    "loadgen: \"run\": there is no subcommand: write loadgen " PLAN
	    "\n");
	check_error(WORDS("check", PLAN),
	    "loadgen: \"check\": there is no subcommand: write loadgen "
	    "--check " PLAN "\n");
}

/* --- --once ------------------------------------------------------------- */

static void test_the_task_stands_behind_once(void **state)
{
	(void)state;
	check_once(WORDS("--once", "read", PLAN), PLAN, "read");
	check_once(WORDS("-f", PLAN, "--once", "read"), PLAN, "read");
	check_once(WORDS("--once=read", PLAN), PLAN, "read");
	check_once(WORDS("--once", PLAN), PLAN, NULL);
	check_once(WORDS(PLAN, "--once"), PLAN, NULL);
}

static void test_a_plan_behind_once_is_the_plan(void **state)
{
	(void)state;
	check_once(WORDS("--once", PLAN, "read"), PLAN, "read");
}

static void test_a_task_apart_from_once_is_told_where_it_stands(void **state)
{
	(void)state;
	check_error(WORDS("--once", "-v", "read", PLAN),
	    "loadgen: \"read\": the task stands directly behind --once: write "
	    "--once read\n");
}

/* --- -D ----------------------------------------------------------------- */

static void test_the_key_of_an_override_stands_behind_the_last_dot(void **state)
{
	(void)state;
	check_key("load.wait=0", "load", "wait", "0");
	check_key("task v1.2.weight=3", "task v1.2", "weight", "3");
	check_key("task a.set.b.weight=3", "task a.set.b", "weight", "3");
}

static void test_set_and_capture_keys_have_a_dot_of_their_own(void **state)
{
	(void)state;
	check_key("user u.set.name=x", "user u", "set.name", "x");
	check_key(
	    "task a.set.b.set.name=x=y", "task a.set.b", "set.name", "x=y");
	check_key(
	    "task a.capture.id=json /id", "task a", "capture.id", "json /id");
}

static void test_percentiles_may_have_a_dot_of_their_own(void **state)
{
	(void)state;
	check_key("thresholds.p99.9=< 1s", "thresholds", "p99.9", "< 1s");
	check_key("thresholds.lag_p9.5=< 1s", "thresholds", "lag_p9.5", "< 1s");
	check_key("thresholds GET /v1.2.p95=< 1s", "thresholds GET /v1.2",
	    "p95", "< 1s");
	check_key(
	    "thresholds /p1.p99.25=< 1s", "thresholds /p1", "p99.25", "< 1s");
	check_key("task shop1.5=x", "task shop1", "5", "x");
	check_key("task p1.5=x", "task p1", "5", "x");
}

static void test_ways_to_play_exclude_each_other(void **state)
{
	static const char why[] =
	    ": --check sends nothing, --once each task once, --find more and "
	    "more: give one of them\n";
	static const struct {
		const char *words[4];
		const char *names;
	} pairs[] = {
	    {{"--find", "--check", PLAN}, "--check and --find"},
	    {{"--once", "--find", PLAN}, "--once and --find"},
	    {{"--once", "--check", PLAN}, "--check and --once"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		char *expected =
		    xasprintf("loadgen: %s%s", pairs[i].names, why);

		check_error(pairs[i].words, expected);
		free(expected);
	}
}

static void test_find_takes_no_value(void **state)
{
	struct line line;

	(void)state;
	parse(&line, WORDS("--find", PLAN, "--find"));
	assert_true(line.ok);
	assert_int_equal(line.options.action, ACTION_FIND);
	assert_string_equal(line.options.file, PLAN);
	clear(&line);
}

static void test_hosts_are_keys_of_the_plan(void **state)
{
	struct line line;

	(void)state;
	parse(&line, WORDS("--remote", "a,b*2", "--rsh=ssh -v", PLAN));
	assert_true(line.ok);
	assert_int_equal(line.options.action, ACTION_RUN);
	assert_int_equal(line.options.n_overrides, 2);
	assert_string_equal(line.options.overrides[0].section, "remote");
	assert_string_equal(line.options.overrides[0].key, "hosts");
	assert_string_equal(line.options.overrides[0].value, "a,b*2");
	assert_string_equal(line.options.overrides[0].where, "--remote");
	assert_string_equal(line.options.overrides[1].key, "rsh");
	assert_string_equal(line.options.overrides[1].value, "ssh -v");
	clear(&line);
	check_error(WORDS("--max-parallel", "3", PLAN),
	    "loadgen: \"--max-parallel\": unknown option: write -D "
	    "remote.max_parallel=3\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_hosts_are_keys_of_the_plan),
	    cmocka_unit_test(
		test_options_of_other_tools_are_told_what_to_write),
	    cmocka_unit_test(test_options_of_other_tools_carry_their_values),
	    cmocka_unit_test(
		test_own_options_with_the_values_of_others_are_told),
	    cmocka_unit_test(test_a_plan_of_another_tool_is_one_mistake),
	    cmocka_unit_test(test_a_word_too_many_is_told_what_it_may_be),
	    cmocka_unit_test(test_who_has_taken_the_plan_is_told),
	    cmocka_unit_test(
		test_the_value_of_an_unknown_option_is_no_second_plan),
	    cmocka_unit_test(test_a_key_without_an_option_is_written_with_d),
	    cmocka_unit_test(
		test_a_key_of_d_without_its_section_is_told_where_it_is),
	    cmocka_unit_test(test_an_option_is_no_name_of_a_file),
	    cmocka_unit_test(test_a_second_plan_is_refused),
	    cmocka_unit_test(test_there_are_no_subcommands),
	    cmocka_unit_test(test_the_task_stands_behind_once),
	    cmocka_unit_test(test_a_plan_behind_once_is_the_plan),
	    cmocka_unit_test(
		test_a_task_apart_from_once_is_told_where_it_stands),
	    cmocka_unit_test(
		test_the_key_of_an_override_stands_behind_the_last_dot),
	    cmocka_unit_test(test_set_and_capture_keys_have_a_dot_of_their_own),
	    cmocka_unit_test(test_ways_to_play_exclude_each_other),
	    cmocka_unit_test(test_find_takes_no_value),
	    cmocka_unit_test(test_percentiles_may_have_a_dot_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
