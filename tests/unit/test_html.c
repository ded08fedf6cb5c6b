/*
 * The HTML report: all that a run came to is in it, and nothing that a strict
 * content policy takes away, or that somebody else could put there.
 */
#include "tests/unit/planning.h"
#include "tests/unit/reporting.h"

/* A run that has a page, and what is its own. */
struct paged {
	struct run run;
	struct plan *plan; /* NULL: reporting.h's */
	char *path;
};

/* Of the plan of a text, or, where that is NULL, of reporting.h's. */
static void prepare(struct paged *p, const char *text, const char *name)
{
	run_prepare(&p->run);
	p->plan = text ? plan_of(text) : NULL;
	p->path = xasprintf("%s/%s", p->run.folder, name);
	if (p->plan)
		p->run.setup.plan = p->plan;
	p->run.setup.html_path = p->path;
}

static void clear(struct paged *p)
{
	run_clear(&p->run);
	plan_free(p->plan);
	free(p->path);
}

/* The page of a run that ends now; owned by the caller. */
static char *page_of(struct paged *p)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file;

	run_finish(&p->run);
	file = fopen(p->path, "r");
	assert_non_null(file);
	assert_true(getdelim(&text, &size, '\0', file) > 0);
	fclose(file);
	return text;
}

static void assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		print_error("\"%s\" in:\n%s", part, text);
	assert_null(strstr(text, part));
}

/* Nothing that a strict policy would take away. */
static void assert_is_plain(const char *page)
{
	static const char *const parts[] = {"<script", "<style",
	    "style=", "<link", "<img", "<iframe", "<object", "<embed",
	    "src=", "href=", "url(", "data:", "onclick"};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		assert_has_not(page, parts[i]);
}

static void the_page_has_what_the_run_came_to(void **state)
{
	struct paged p;
	char *page;

	(void)state;
	prepare(&p, NULL, "page");
	run_open(&p.run);
	send_samples(&p.run, 0, 2000000, "/b", 3, sample_of(1500, NULL));
	send_samples(&p.run, 1, 2000000, "/a", 1, sample_of(500, "HTTP 500"));
	report_interval(p.run.report, 2000000);
	page = page_of(&p);
	assert_is_plain(page);
	assert_has(page, "<!DOCTYPE html>");
	assert_has(page, ">FAILED</text>");
	assert_has(page, "<b>1 of 4 requests failed (25.00 %)</b>");
	assert_has(page, "<td>GET /b</td><td align=\"right\">3</td>"
			 "<td align=\"right\">0</td>");
	assert_has(page, "<b>Aggregated</b></td><td align=\"right\">4</td>");
	assert_has(page, "<b>HTTP 500</b>");
	assert_has(page, "requests: 2.00\nfailures: 0.50</title>");
	assert_has(page, "p99: 1.50\np95: 1.50\np50: 1.50</title>");
	assert_has(page, "users: 20</title>");
	assert_has(page, "0, box<br><small>pid 4000</small>");
	assert_has(page, "4 requests started = 3 passed + 1 failed");
	assert_has(page, "first byte</td>");
	assert_has(page, "Started 2023-11-14 22:13:20 UTC");
	assert_has(page, "</html>\n");
	free(page);
	clear(&p);
}

static void tasks_that_wait_for_a_user_are_due_in_the_chart(void **state)
{
	struct paged p;
	char *page;

	(void)state;
	prepare(&p,
	    "[load]\nhost = http://h\nrate = 10/s\nrun_time = 4s\n"
	    "[task a]\nget = /x\n",
	    "page");
	run_open(&p.run);
	send_samples(&p.run, 0, 2000000, "/x", 20, sample_of(500, NULL));
	report_interval(p.run.report, 2000000);
	/* the server stands still: none of the next is in the books */
	send_samples(&p.run, 0, 4000000, "/x", 2, sample_of(500, NULL));
	report_interval(p.run.report, 4000000);
	page = page_of(&p);
	assert_has(page, "started: 10.0\ndue: 10.0</title>");
	assert_has(page, "started: 1.00\ndue: 10.0</title>");
	free(page);
	clear(&p);
}

static void what_servers_say_is_no_markup(void **state)
{
	struct paged p;
	char *page;

	(void)state;
	prepare(&p, NULL, "page");
	run_open(&p.run);
	send_samples(&p.run, 0, 2000000, "/<script>alert(1)</script>", 1,
	    sample_of(1500, "got \"<img x>\" & '\x1b[31m\xff'"));
	report_worker(p.run.report, 0, "<b>\"box\"", 1);
	report_trouble(p.run.report, "box", "hook <i>: \x07", 1);
	report_interval(p.run.report, 2000000);
	page = page_of(&p);
	assert_is_plain(page);
	assert_has(page, "&lt;script&gt;");
	assert_has(page, "&lt;img x");
	assert_has(page, "&amp; &#39;\\x1B[31m\\xFF&#39;");
	assert_has(page, "&lt;b&gt;&quot;box&quot;");
	assert_has(page, "hook &lt;i&gt;:");
	for (const char *at = page; *at; at++)
		assert_true((unsigned char)*at >= 0x20 || *at == '\n');
	free(page);
	clear(&p);
}

static void a_run_of_nothing_has_a_page(void **state)
{
	struct paged p;
	char *page;

	(void)state;
	prepare(&p, NULL, "page");
	run_open(&p.run);
	page = page_of(&p);
	assert_is_plain(page);
	assert_has(page, "nothing was measured");
	assert_has_not(page, "Over time");
	free(page);
	clear(&p);
}

static void the_page_of_a_long_run_is_no_larger(void **state)
{
	enum { INTERVALS = 5000 };
	struct paged p;
	char *page;
	size_t points = 0;

	(void)state;
	prepare(&p, NULL, "page");
	p.run.setup.csv_prefix = NULL;
	p.run.setup.verbosity = VERBOSITY_ONLY_SUMMARY;
	run_open(&p.run);
	for (uint64_t i = 1; i <= INTERVALS; i++) {
		send_samples(&p.run, i % WORKERS, i * 3000000, "/a", 1,
		    sample_of(1000 + i, NULL));
		report_interval(p.run.report, i * 3000000);
	}
	page = page_of(&p);
	for (const char *at = page; (at = strstr(at, "<title>")) != NULL; at++)
		points++;
	/* one is the page's own */
	assert_true(points > 3 * 250 && points <= 3 * 500 + 1);
	assert_true(strlen(page) < 400000);
	assert_has(page, "<td align=\"right\">5,000</td>");
	free(page);
	clear(&p);
}

static const char secret_plan[] =
    "[load]\n"
    "host = http://127.0.0.1:1\n"
    "stages = 2s:5 warm <up>, 2s:5 steady\n"
    "; token = hush1\n"
    "[http]\n"
    "auth = bob:hush3\n"
    "header = Authorization: Bearer hush4\n"
    "[vars]\n"
    "api_key = hush5\n"
    "colour = red & blue\n"
    "[task <a>]\n"
    "post = /login?session=hush6\n"
    "json = {\"user\": \"bob\",\n"
    "  \"password\": \"hush7\", \"key\": \"${api_key}\", \"c\": "
    "\"${colour}\"}\n"
    "[thresholds]\n"
    "p95 = < 1ms\n"
    "failures = <= 9\n"
    "[thresholds @steady]\n"
    "requests = == 0\n";

static void the_plan_is_shown_without_its_secrets(void **state)
{
	struct paged p;
	char *page;

	(void)state;
	prepare(&p, secret_plan, "page");
	run_open(&p.run);
	send_samples(&p.run, 0, 2000000, "/login?session=hush6", 1,
	    sample_of(1500, "http://bob:hush8@x/?token=hush9"));
	report_interval(p.run.report, 2000000);
	page = page_of(&p);
	assert_is_plain(page);
	assert_has_not(page, "hush");
	assert_has(page, "auth = bob:***\n");
	assert_has(page, "header = Authorization: ***\n");
	assert_has(page, "api_key = ***\n");
	assert_has(page, "colour = red &amp; blue\n");
	assert_has(page, "<b>[task &lt;a&gt;]</b>\n");
	assert_has(page, "are shown as ***");
	free(page);
	clear(&p);
}

static void stages_and_thresholds_have_tables(void **state)
{
	struct paged p;
	char *page;

	(void)state;
	prepare(&p, secret_plan, "page");
	run_open(&p.run);
	send_samples(&p.run, 0, 3000000, "/a", 1, sample_of(1500, NULL));
	report_interval(p.run.report, 3000000);
	page = page_of(&p);
	assert_has(page, "<b>warm &lt;up&gt;</b><br>from 0 to 2s, to 5 users");
	assert_has(page, "<b>steady</b><br>from 2s, to 5 users");
	assert_has(page, "font-size=\"12\">warm &lt;up&gt;</text>");
	assert_has(page, "<b>p95 &lt; 1ms</b><br>all requests</td>"
			 "<td align=\"right\">1.50ms</td>"
			 "<td align=\"right\">-50 %</td>");
	assert_has(page, "<b>FAILED</b>");
	assert_has(page, "<b>holds</b>");
	free(page);
	clear(&p);
}

static void a_page_that_cannot_be_written_is_told_before_the_run(void **state)
{
	struct paged p;
	struct diag d;

	(void)state;
	prepare(&p, NULL, "none/page");
	diag_init(&d);
	assert_null(report_open(&p.run.setup, &d));
	assert_int_equal(d.errors, 1);
	assert_has(d.entries[0].text, "--html");
	diag_clear(&d);
	clear(&p);
}

static void a_long_name_or_text_does_not_make_a_long_page(void **state)
{
	enum { LONG = 60000 };
	struct paged p;
	char *name = xcalloc(LONG, 1), *why = xcalloc(LONG, 1), *page;

	(void)state;
	memset(name, 'n', LONG - 1);
	memset(why, 'w', LONG - 1);
	prepare(&p, NULL, "page");
	run_open(&p.run);
	send_samples(&p.run, 0, 2000000, name, 3, sample_of(1500, why));
	report_interval(p.run.report, 2000000);
	page = page_of(&p);
	assert_has(page, "...");
	assert_true(strlen(page) < LONG);
	free(page);
	free(why);
	free(name);
	clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_long_name_or_text_does_not_make_a_long_page),
	    cmocka_unit_test(the_page_has_what_the_run_came_to),
	    cmocka_unit_test(tasks_that_wait_for_a_user_are_due_in_the_chart),
	    cmocka_unit_test(what_servers_say_is_no_markup),
	    cmocka_unit_test(a_run_of_nothing_has_a_page),
	    cmocka_unit_test(the_page_of_a_long_run_is_no_larger),
	    cmocka_unit_test(the_plan_is_shown_without_its_secrets),
	    cmocka_unit_test(stages_and_thresholds_have_tables),
	    cmocka_unit_test(
		a_page_that_cannot_be_written_is_told_before_the_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
