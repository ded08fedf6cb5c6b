/*
 * Forecasts: what --check prints, to the letter.
 */
#include "report/forecast.h"

#include <unistd.h>

#include "base/util.h"
#include "tests/unit/planning.h"

static const struct limits limits = {
    .files = 1024, .first_port = 32768, .last_port = 60999};

/* What is printed for this plan; owned by the caller. */
static char *forecast_of(const char *text, const struct limits *l)
{
	struct plan *plan = plan_of(text);
	char *printed = NULL;
	size_t len;
	FILE *out = open_memstream(&printed, &len);

	assert_non_null(out);
	unsetenv("COLUMNS");
	forecast_print_within(out, plan, 2, l);
	fclose(out);
	plan_free(plan);
	return printed;
}

/* The same with `file = FILE` in the text replaced by a file of three rows. */
static char *forecast_with_rows(const char *text)
{
	char path[64];
	const char *at = strstr(text, "FILE");
	char *whole, *printed, *folder;

	assert_non_null(at);
	write_temporary(path, sizeof(path), "id,word\n1,a\n2,b\n3,c\n");
	whole = xasprintf(
	    "%.*s%s%s", (int)(at - text), text, path, at + strlen("FILE"));
	printed = forecast_of(whole, &limits);
	/* its name is another each time */
	while ((folder = strstr(printed, path)) != NULL) {
		memcpy(folder, "FILE", 4);
		memmove(folder + 4, folder + strlen(path),
		    strlen(folder + strlen(path)) + 1);
	}
	unlink(path);
	free(whole);
	return printed;
}

static void assert_printed(char *printed, const char *expected)
{
	if (strcmp(printed, expected) != 0) {
		fprintf(stderr, "expected\n%s\ngot\n%s", expected, printed);
		fail();
	}
	free(printed);
}

static void assert_has(const char *printed, const char *part)
{
	if (strstr(printed, part) == NULL) {
		fprintf(stderr, "no \"%s\" in\n%s", part, printed);
		fail();
	}
}

/* --- whole forecasts ---------------------------------------------------- */

static void a_plan_is_told_from_its_users_to_its_requests(void **state)
{
	(void)state;
	assert_printed(forecast_of("[load]\n"
				   "host = http://shop.example:8080\n"
				   "users = 100\n"
				   "spawn_rate = 10\n"
				   "run_time = 1m\n"
				   "wait = 900ms..1100ms\n"
				   "[task list]\n"
				   "weight = 3\n"
				   "get = /resources\n"
				   "[task read one]\n"
				   "get = /resources/${uuid}\n"
				   "[task create]\n"
				   "post = /things\n"
				   "json = {}\n",
			   &limits),
	    "shop.ini: nothing was sent; this is what would run\n"
	    "\n"
	    "Load\n"
	    "  users         100, started at 10/s: the last one after 9.9s\n"
	    "  ends          after 1m; what still runs then has 10s more\n"
	    "  host          http://shop.example:8080\n"
	    "  workers       2\n"
	    "\n"
	    "Tasks       Share %  Requests\n"
	    "100 users, 900ms..1.1s between tasks\n"
	    "  list        60.00         1\n"
	    "  read one    20.00         1\n"
	    "  create      20.00         1\n"
	    "\n"
	    "Needs\n"
	    "  open files    115 of 1,024 in each worker\n"
	    "  local ports   100 of 28,232 (32768 to 60999), one for each "
	    "user\n"
	    "\n"
	    "Requests\n"
	    "  Answers take  Requests/s  In all\n"
	    "  no time            100.0   5,555\n"
	    "  10ms                99.0   5,500\n"
	    "  100ms               90.9   5,055\n"
	    "  1s                  50.0   2,803\n"
	    "  estimated, at the peak of users; redirects come on top\n");
}

static const char all_kinds[] = "[load]\n"
				"host = http://a\n"
				"users = 12\n"
				"spawn_rate = 5\n"
				"wait = 1s\n"
				"iterations = 500\n"
				"stop_timeout = 0\n"
				"seed = 7\n"
				"setup = prepare\n"
				"teardown = tidy up\n"
				"[user operator]\n"
				"count = 2\n"
				"host = http://b\n"
				"tasks = look, sing\n"
				"order = sequence\n"
				"wait = pace 2s\n"
				"[user reader]\n"
				"tasks = look:9, order\n"
				"on_start = login\n"
				"wait = exp 500ms\n"
				"iterations = 100\n"
				"[data people]\n"
				"file = FILE\n"
				"[hook token]\n"
				"on = test_start\n"
				"run = echo token=1\n"
				"[hook log]\n"
				"on = request\n"
				"where = worker\n"
				"stream = yes\n"
				"run = cat >log\n"
				"[hook sung]\n"
				"on = song\n"
				"run = true\n"
				"[task prepare]\n"
				"post = /login?${token}\n"
				"[task tidy up]\n"
				"delete = /login\n"
				"[task login]\n"
				"post = /login/${people.id}\n"
				"[task look]\n"
				"get = /\n"
				"[task sing]\n"
				"get = /song\n"
				"sleep = 1s..2s\n"
				"emit = song\n"
				"[task order]\n"
				"post = /order\n"
				"check = status == 201\n"
				"get = /extra\n"
				"when = ${people.word} == b\n"
				"poll = /order/1\n"
				"until = status == 200\n"
				"background = yes\n";

static void kinds_data_hooks_and_errands_are_told(void **state)
{
	(void)state;
	assert_printed(forecast_with_rows(all_kinds),
	    "shop.ini: nothing was sent; this is what would run\n"
	    "\n"
	    "Load\n"
	    "  users         12, started at 5/s: the last one after 2.2s\n"
	    "  ends          when 500 tasks are done; what still runs then is "
	    "cut off\n"
	    "  hosts         http://b, http://a\n"
	    "  workers       2\n"
	    "  seed          7\n"
	    "\n"
	    "Tasks          Share %  Requests  Sleeps\n"
	    "once, before or after all users\n"
	    "  prepare     setup            1\n"
	    "  tidy up  teardown            1\n"
	    "operator: 2 users at http://b, a task every 2s\n"
	    "  look      in turn            1\n"
	    "  sing      in turn            1    1.5s\n"
	    "reader: 10 users at http://a, exp 500ms between tasks, 100 tasks "
	    "each\n"
	    "  login    on_start            1\n"
	    "  look           90.00         1\n"
	    "  order          10.00     2..3+\n"
	    "\n"
	    "Data\n"
	    "  people        FILE: 3 rows of id, word\n"
	    "                a new row for each task, one after the other, "
	    "round and round\n"
	    "\n"
	    "Hooks\n"
	    "  token         on test_start, in the parent\n"
	    "                once\n"
	    "                $ echo token=1\n"
	    "  log           on request, in each worker, a stream\n"
	    "                started once in each; a line for each request: up "
	    "to 25.0 times\n"
	    "                a second\n"
	    "                $ cat >log\n"
	    "  sung          on song, in the parent\n"
	    "                for each emit of song: up to 0.50 times a second\n"
	    "                $ true\n"
	    "  variables     to be printed by hooks on test_start: token\n"
	    "\n"
	    "Needs\n"
	    "  open files    72 of 1,024 in each worker\n"
	    "  local ports   10 of 28,232 (32768 to 60999), one for each user\n"
	    "  background    at most 10,000 jobs at a time in each worker; "
	    "one may open a\n"
	    "                connection more\n"
	    "\n"
	    "Requests\n"
	    "  Answers take  Requests/s  In all  Ends after\n"
	    "  no time            25.0      607       25.1s\n"
	    "  10ms               24.5      607       25.6s\n"
	    "  100ms              20.7      606       30.1s\n"
	    "  1s                  8.39     599       1m12s\n"
	    "  estimated, at the peak of users; redirects come on top\n"
	    "  a poll is counted as one request: it makes more while nothing "
	    "is decided\n"
	    "  steps with a when are counted as if it held\n");
}

static void stages_are_told_to_hooks_as_they_begin(void **state)
{
	char *printed = forecast_of("[load]\n"
				    "host = http://a\n"
				    "stages = 10s:100, 5s:100, 0s:0\n"
				    "[hook s]\n"
				    "on = stage\n"
				    "run = true\n"
				    "[hook p]\n"
				    "on = spawning_complete\n"
				    "run = true\n"
				    "[task a]\n"
				    "get = /\n",
	    &limits);

	(void)state;
	assert_has(printed, "for each stage: 2 times\n");
	assert_has(printed, "once, when all users have started, after 9.9s\n");
	free(printed);
}

static void what_would_surprise_is_told_last(void **state)
{
	(void)state;
	assert_printed(forecast_with_rows("[load]\n"
					  "host = http://a\n"
					  "users = 1500\n"
					  "spawn_rate = 10\n"
					  "run_time = 30s\n"
					  "[http]\n"
					  "keepalive = no\n"
					  "[data ids]\n"
					  "file = FILE\n"
					  "order = unique\n"
					  "[hook each]\n"
					  "on = request\n"
					  "run = echo\n"
					  "[hook ready]\n"
					  "on = spawning_complete\n"
					  "run = true\n"
					  "[hook idle]\n"
					  "on = thought\n"
					  "run = true\n"
					  "[task read]\n"
					  "get = /${ids.id}\n"
					  "[task think]\n"
					  "emit = thought\n"),
	    "shop.ini: nothing was sent; this is what would run\n"
	    "\n"
	    "Load\n"
	    "  users         1,500, started at 10/s: the last one after 2m30s\n"
	    "  ends          after 30s; what still runs then has 10s more\n"
	    "  host          http://a\n"
	    "  workers       2\n"
	    "\n"
	    "Tasks    Share %  Requests\n"
	    "1,500 users, no wait between tasks\n"
	    "  read     50.00         1\n"
	    "  think    50.00         0\n"
	    "\n"
	    "Data\n"
	    "  ids           FILE: 3 rows of id, word\n"
	    "                a new row for each task, each row only once\n"
	    "\n"
	    "Hooks\n"
	    "  each          on request, in the parent\n"
	    "                for each request: as often as answers come\n"
	    "                $ echo\n"
	    "  ready         on spawning_complete, in the parent\n"
	    "                never: the run ends before all users have "
	    "started\n"
	    "                $ true\n"
	    "  idle          on thought, in the parent\n"
	    "                for each emit of thought: as often as answers "
	    "come\n"
	    "                $ true\n"
	    "\n"
	    "Needs\n"
	    "  open files    815 of 1,024 in each worker\n"
	    "  local ports   1,500 of 28,232 (32768 to 60999), one for each "
	    "user\n"
	    "                and 30,000 a second for requests with keepalive = "
	    "no, each taken\n"
	    "                for a minute\n"
	    "\n"
	    "Requests\n"
	    "  Answers take                 Requests/s   In all\n"
	    "  no time       as fast as answers come\n"
	    "  10ms                           30,000    451,575\n"
	    "  100ms                           3,000     45,225\n"
	    "  1s                                300.0    4,590\n"
	    "  estimated, at the peak of users; redirects come on top\n"
	    "\n"
	    "Warnings\n"
	    "! only 300 of 1,500 users start within the run_time of 30s: the "
	    "last is due\n"
	    "  after 2m30s: write spawn_rate = 500, or all to start them at "
	    "once\n"
	    "! task think sends no request\n"
	    "! data ids: its 3 rows are used up after 28ms, where answers take "
	    "10ms: users\n"
	    "  who find none stop\n"
	    "! hook each: its command would be started 30,000 times a second, "
	    "and what it\n"
	    "  does not keep up with is dropped; stream = yes starts it once\n"
	    "! hook idle: its command would be started 30,000 times a second, "
	    "and what it\n"
	    "  does not keep up with is dropped; stream = yes starts it once\n"
	    "! keepalive = no: where answers take 10ms, 30,000 connections a "
	    "second keep\n"
	    "  their local ports for a minute each, and there are 28,232: wait "
	    "longer, or\n"
	    "  give more than one source_ip\n");
}

/* --- parts -------------------------------------------------------------- */

static void of_many_tasks_the_most_frequent_are_told(void **state)
{
	char *text = NULL, *printed;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	for (int i = 0; i < 25; i++)
		fprintf(out, "[task t%d]\nweight = %d\nget = http://h/\n", i,
		    i + 1);
	fclose(out);
	printed = forecast_of(text, &limits);
	assert_has(printed, "wait between tasks\n  t24     7.69");
	assert_has(printed, "  t5      1.85         1\n  ... 5 more\n");
	assert_null(strstr(printed, "  t4 "));
	free(printed);
	free(text);
}

static void of_many_hooks_the_first_are_told(void **state)
{
	char *text = NULL, *printed;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	fputs("[task t]\nget = http://h/\nemit = e0\n", out);
	for (int i = 0; i < 120; i++)
		fprintf(out,
		    "emit = e%d\n[hook h%d]\non = e%d\nrun = true\n"
		    "[task t%d]\nget = http://h/\n",
		    i, i, i, i);
	fclose(out);
	printed = forecast_of(text, &limits);
	assert_has(printed, "  h49           on e49, in the parent\n");
	assert_has(printed, "                $ true\n  ... 70 more\n");
	assert_null(strstr(printed, "h50"));
	free(printed);
	free(text);
}

static void a_run_that_has_no_end_is_warned_of(void **state)
{
	char *printed = forecast_of("[task a]\nget = http://h/\n", &limits);

	(void)state;
	assert_has(printed, "  users         1\n"
			    "  ends          when it is stopped; ");
	assert_has(printed, "! it has no end: it runs until it is stopped; "
			    "give it a run_time or iterations\n");
	free(printed);
}

static void more_users_than_ports_are_warned_of(void **state)
{
	const struct limits narrow = {
	    .files = UINT64_MAX, .first_port = 40001, .last_port = 40100};
	char *printed = forecast_of("[load]\n"
				    "users = 101\n"
				    "run_time = 1h\n"
				    "[task a]\n"
				    "get = http://h/\n",
	    &narrow);

	(void)state;
	assert_has(printed, "in each worker; there is no limit\n");
	assert_has(printed, "  101 of 100 (40001 to 40100), one for each "
			    "user\n");
	assert_has(printed, "! 101 users need a local port each, and there "
			    "are 100 for one address");
	free(printed);
}

static void users_without_a_row_of_their_own_are_warned_of(void **state)
{
	char *printed = forecast_with_rows("[load]\n"
					   "users = 4\n"
					   "run_time = 1m\n"
					   "wait = 1s\n"
					   "[data ids]\n"
					   "file = FILE\n"
					   "order = unique\n"
					   "per = user\n"
					   "[task a]\n"
					   "get = http://h/${ids.id}\n");

	(void)state;
	assert_has(printed, "! data ids: 4 users need a row of their own, and "
			    "it has 3: those who find none\n  stop\n");
	free(printed);
}

static void words_of_a_plan_cannot_steer_the_terminal(void **state)
{
	char *printed = forecast_of("[load]\n"
				    "run_time = 1m\n"
				    "[hook h]\n"
				    "on = test_start\n"
				    "run = echo \033[2J\n"
				    "[task a\xc2\x9b]\n"
				    "get = http://h/\n",
	    &limits);

	(void)state;
	assert_has(printed, "$ echo \\x1B[2J\n");
	assert_has(printed, "a\\xC2\\x9B");
	free(printed);
}

static void thresholds_are_told_with_what_they_are_about(void **state)
{
	char *printed = forecast_of("[load]\nhost = http://h\n"
				    "stages = 1s:1 up\n[task a]\nget = /x\n"
				    "[thresholds]\np95 = <300ms\n"
				    "abort = fail_ratio > 50% for 1m30s\n"
				    "[thresholds GET /x]\nrps = > 5\n"
				    "[thresholds @up]\nabort = max > 1s\n",
	    &limits);
	static const char expected[] =
	    "\nThresholds\n"
	    "  passes with   p95 < 300ms, of all requests\n"
	    "                rps > 5, of GET /x\n"
	    "  aborts at     fail_ratio > 50% for 1m30s, of all requests\n"
	    "                max > 1s, of @up\n"
	    "\n";

	(void)state;
	if (strstr(printed, expected) == NULL)
		fail_msg("no\n%s\nin\n%s", expected, printed);
	free(printed);
}

/* --- other hosts -------------------------------------------------------- */

#define FOR_HOSTS             \
	"[load]\n"            \
	"host = http://a\n"   \
	"users = 100\n"       \
	"spawn_rate = 1000\n" \
	"run_time = 1m\n"     \
	"[task a]\n"          \
	"get = /\n"           \
	"[hook h]\n"          \
	"on = test_start\n"   \
	"where = host\n"      \
	"run = true\n"        \
	"[hook w]\n"          \
	"on = worker_up\n"    \
	"run = true\n"        \
	"[remote]\n"

static void hosts_are_told_with_their_shares(void **state)
{
	char *printed;

	(void)state;
	printed = forecast_of(
	    FOR_HOSTS "hosts = gate(n1, n2*2, .)*3, ., big*4\n", &limits);
	assert_has(printed,
	    "  workers       on each host one for each of its cores\n"
	    "\n"
	    "Hosts               Weight  Share %\n"
	    "  gate                   3    37.50\n"
	    "    n1                   1     9.38\n"
	    "    n2                   2    18.75\n"
	    "    . (itself)           1     9.38\n"
	    "  . (this machine)       1    12.50\n"
	    "  big                    4    50.00\n"
	    "  a host with others below it passes the plan on, and plays "
	    "nothing itself\n"
	    "  rsh           ssh -o BatchMode=yes\n"
	    "  program       loadgen\n"
	    "  connecting    50 at a time, each for at most 30s\n");
	assert_has(printed, "once on each host: 5 times\n");
	assert_has(printed, "for each worker\n");
	assert_has(printed,
	    "  open files    as many as the users that each worker has: how "
	    "many cores the\n"
	    "                hosts have is not known here\n"
	    "  local ports   50 on big, which has the most, one for each "
	    "user\n");
	free(printed);
}

static void workers_are_those_of_each_host(void **state)
{
	char *printed;

	(void)state;
	printed = forecast_of("[load]\n"
			      "host = http://a\n"
			      "users = 100\n"
			      "workers = 3\n"
			      "[task a]\n"
			      "get = /\n"
			      "[hook w]\n"
			      "on = worker_up\n"
			      "run = true\n"
			      "[remote]\n"
			      "hosts = a, b*3\n"
			      "copy = yes\n",
	    &limits);
	assert_has(printed, "  workers       3 on each host, 6 in all\n");
	assert_has(printed, "  program       this one, sent there first\n");
	assert_has(printed, "for each worker: 6 times\n");
	/* 75 users on three workers */
	assert_has(printed,
	    "  open files    90 in each worker of b, which has the most\n"
	    "  local ports   75 on b, which has the most, one for each "
	    "user\n");
	free(printed);
}

static void many_hosts_are_counted(void **state)
{
	struct buf text;
	char *printed;

	(void)state;
	buf_init(&text, 1 << 16);
	buf_puts(&text, FOR_HOSTS "hosts = h0");
	for (unsigned i = 1; i < 103; i++)
		buf_printf(&text, ", h%u", i);
	buf_puts(&text, "\n");
	printed = forecast_of(buf_text(&text), &limits);
	assert_has(printed, "  h99 ");
	assert_has(printed, "  ... 3 more\n");
	assert_null(strstr(printed, "  h100 "));
	free(printed);
	buf_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plan_is_told_from_its_users_to_its_requests),
	    cmocka_unit_test(kinds_data_hooks_and_errands_are_told),
	    cmocka_unit_test(stages_are_told_to_hooks_as_they_begin),
	    cmocka_unit_test(what_would_surprise_is_told_last),
	    cmocka_unit_test(of_many_tasks_the_most_frequent_are_told),
	    cmocka_unit_test(of_many_hooks_the_first_are_told),
	    cmocka_unit_test(a_run_that_has_no_end_is_warned_of),
	    cmocka_unit_test(more_users_than_ports_are_warned_of),
	    cmocka_unit_test(users_without_a_row_of_their_own_are_warned_of),
	    cmocka_unit_test(words_of_a_plan_cannot_steer_the_terminal),
	    cmocka_unit_test(hosts_are_told_with_their_shares),
	    cmocka_unit_test(workers_are_those_of_each_host),
	    cmocka_unit_test(many_hosts_are_counted),
	    cmocka_unit_test(thresholds_are_told_with_what_they_are_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
