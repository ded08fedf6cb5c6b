/*
 * A URL in place of a plan.
 */
#include "plan/url_plan.h"

#include <math.h>

#include "tests/unit/planning.h"

struct fixture {
	struct diag diag;
	struct plan *plan;
};

static void done(struct fixture *f)
{
	plan_free(f->plan);
	diag_clear(&f->diag);
}

static void check_text(const struct template *t, const char *text)
{
	assert_non_null(t);
	assert_true(template_is_static(t));
	assert_string_equal(template_text(t, NULL), text);
}

/* The plan of this word on the command line, with a key set beside it. */
static void load_url(struct fixture *f, const char *url)
{
	const struct override o = {"load", "users", "3", "--users"};
	const struct plan_source source = {
	    .file = url, .overrides = &o, .n_overrides = 1};

	diag_init(&f->diag);
	f->plan = plan_load(&source, &f->diag);
}

static void a_url_is_a_plan_that_gets_it(void **state)
{
	struct fixture f;

	(void)state;
	load_url(&f, "http://h:81/a;b?c=1&d");
	assert_non_null(f.plan);
	assert_string_equal(f.plan->file, "http://h:81/a;b?c=1&d");
	assert_string_equal(f.plan->bases[0].text, "http://h:81");
	assert_int_equal(f.plan->n_tasks, 1);
	assert_int_equal(f.plan->n_requests, 1);
	check_text(f.plan->requests[0]->request.url, "/a;b?c=1&d");
	assert_int_equal(f.plan->load.users, 3);
	assert_true(isinf(f.plan->load.spawn_rate));
	done(&f);
	load_url(&f, "HTTPS://h?c");
	assert_non_null(f.plan);
	check_text(f.plan->requests[0]->request.url, "/?c");
	done(&f);
}

static void a_url_cannot_smuggle_lines_into_its_plan(void **state)
{
	static const char *const urls[] = {"http://h/ ; x",
	    "http://h/\nput = /", "http://h\n[load]", "http://h/\x7f"};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		load_url(&f, urls[i]);
		assert_null(f.plan);
		assert_non_null(
		    strstr(f.diag.entries[0].text, "no URL has blanks"));
		done(&f);
	}
}

static void check_refused_url(
    const char *url, const struct override *o, size_t n, const char *error)
{
	const struct plan_source source = {
	    .file = url, .overrides = o, .n_overrides = n};
	struct diag d;

	diag_init(&d);
	assert_null(plan_load(&source, &d));
	assert_int_equal(d.n, 1);
	assert_string_equal(d.entries[0].text, error);
	diag_clear(&d);
}

static void a_url_goes_nowhere_else_than_it_says(void **state)
{
	const struct override o = {"load", "host", "http://g", "--host"};

	(void)state;
	check_refused_url("http://h/", &o, 1,
	    "--host: the URL in place of a plan has a host already: leave one "
	    "of them out");
}

static void a_mistake_in_a_url_is_in_no_line(void **state)
{
	(void)state;
	check_refused_url("HTTP://h:0/", NULL, 0,
	    "HTTP://h:0/: host \"HTTP://h:0\": a port is a number from 1 to "
	    "65535: write http://HOST:PORT");
	check_refused_url("https://h/${nobody}", NULL, 0,
	    "https://h/${nobody}: get \"${nobody}\": unknown variable "
	    "\"nobody\": nothing sets it: give it a value with "
	    "capture.nobody, set.nobody or in [vars]");
}

static void what_may_be_meant_as_a_url_is_told(void **state)
{
	const struct plan_source source = {.file = "localhost:8080"};
	struct diag d;

	(void)state;
	diag_init(&d);
	assert_null(plan_load(&source, &d));
	assert_non_null(
	    strstr(d.entries[0].text, "or a URL: http://localhost:8080"));
	diag_clear(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_url_is_a_plan_that_gets_it),
	    cmocka_unit_test(a_url_cannot_smuggle_lines_into_its_plan),
	    cmocka_unit_test(a_url_goes_nowhere_else_than_it_says),
	    cmocka_unit_test(a_mistake_in_a_url_is_in_no_line),
	    cmocka_unit_test(what_may_be_meant_as_a_url_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
