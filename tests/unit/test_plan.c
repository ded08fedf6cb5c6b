/*
 * Plans: what is made of their text, tags and keys of the command line. Runs
 * from the top folder.
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
#include "plan/plan.h"

#define GOOD "tests/plans/good/"

/* --- structures --------------------------------------------------------- */

struct fixture {
	struct diag diag;
	struct plan *plan;
};

static void load(
    struct fixture *f, const struct plan_source *source, const char *text)
{
	FILE *in = tmpfile();

	assert_non_null(in);
	assert_true(fputs(text, in) >= 0);
	rewind(in);
	diag_init(&f->diag);
	f->plan = plan_load_stream(source, in, &f->diag);
	fclose(in);
}

static void load_text(struct fixture *f, const char *text)
{
	const struct plan_source source = {.file = GOOD "x.ini"};

	load(f, &source, text);
	if (f->plan == NULL)
		fail_msg("refused: %s", f->diag.entries[0].text);
}

static void load_everything(struct fixture *f)
{
	const struct plan_source source = {.file = GOOD "everything.ini"};

	diag_init(&f->diag);
	f->plan = plan_load(&source, &f->diag);
	assert_non_null(f->plan);
}

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

/* NULL: there is no such header. */
static void check_header(
    const struct request *r, const char *name, const char *value)
{
	for (size_t i = 0; i < r->headers.n; i++) {
		if (strcmp(r->headers.at[i].name, name) != 0)
			continue;
		assert_non_null(value);
		check_text(r->headers.at[i].value, value);
		return;
	}
	assert_null(value);
}

static const struct request *request_of(
    const struct fixture *f, size_t task, size_t step)
{
	return &f->plan->tasks[task]->steps[step].request;
}

static void an_unwritten_key_has_its_default(void **state)
{
	const struct http_options *http;
	const struct load_options *o;
	struct fixture f;

	(void)state;
	load_text(&f, "[task]\nget = http://h/\n");
	o = &f.plan->load;
	assert_int_equal(o->users, 1);
	assert_true(o->spawn_rate >= 1 && o->spawn_rate <= 1);
	assert_int_equal(o->run_time_us, 0);
	assert_int_equal(o->stop_timeout_us, 10 * US_PER_S);
	assert_int_equal(o->report_interval_us, 3 * US_PER_S);
	assert_int_equal(o->wait.kind, WAIT_RANGE);
	assert_int_equal(o->wait.high_us, 0);
	assert_false(o->has_seed);
	http = &request_of(&f, 0, 0)->http;
	assert_int_equal(http->timeout_us, 60 * US_PER_S);
	assert_int_equal(http->connect_timeout_us, 10 * US_PER_S);
	assert_int_equal(http->redirects, 30);
	assert_int_equal(http->version, HTTP_1_1);
	assert_false(http->insecure || http->compression);
	assert_true(http->keepalive && http->cookies);
	assert_int_equal(f.plan->n_kinds, 1);
	assert_string_equal(f.plan->kinds[0]->name, "");
	assert_int_equal(f.plan->n_bases, 0);
	assert_int_equal(f.plan->tasks[0]->repeat, 1);
	done(&f);
}

static void load_keys_go_where_they_belong(void **state)
{
	const struct load_options *o;
	struct fixture f;

	(void)state;
	load_everything(&f);
	o = &f.plan->load;
	assert_string_equal(o->host, "https://example.org/prefix");
	assert_true(o->spawn_rate >= 0.5 && o->spawn_rate <= 0.5);
	assert_int_equal(o->run_time_us, 80 * 60 * US_PER_S);
	assert_int_equal(o->iterations, 1000);
	assert_int_equal(o->stop_timeout_us, 0);
	assert_int_equal(o->workers, 4);
	assert_int_equal(o->wait.kind, WAIT_EXP);
	assert_true(o->has_seed && o->seed == UINT64_MAX);
	assert_string_equal(f.plan->report.csv, "out/run");
	assert_true(f.plan->report.csv_full_history);
	done(&f);
}

static void a_step_goes_before_its_task_and_a_task_before_http(void **state)
{
	const struct request *browse, *purge;
	struct fixture f;

	(void)state;
	load_everything(&f);
	browse = request_of(&f, 1, 0);
	purge = request_of(&f, 1, 2);
	assert_int_equal(request_of(&f, 0, 0)->http.timeout_us, 5 * US_PER_S);
	assert_int_equal(browse->http.timeout_us, 1 * US_PER_S);
	assert_int_equal(purge->http.timeout_us, 2 * US_PER_S);
	assert_true(browse->http.insecure);
	assert_false(purge->http.insecure);
	check_header(browse, "Accept", NULL);
	check_header(browse, "accept", "text/plain");
	check_header(browse, "X-Keep", "keep");
	check_header(purge, "X-Keep", "");
	assert_string_equal(browse->http.ca_file.path, GOOD "any.pem");
	assert_string_equal(browse->http.unix_socket, GOOD "run.sock");
	assert_int_equal(browse->http.source_ips.n, 3);
	assert_string_equal(browse->http.source_ips.at[2], "::1");
	assert_int_equal(browse->http.resolve.n, 2);
	done(&f);
}

static void requests_are_put_together(void **state)
{
	const struct request *r;
	struct fixture f;
	size_t len;

	(void)state;
	load_everything(&f);
	assert_int_equal(f.plan->n_requests, 4);
	r = request_of(&f, 1, 0);
	assert_int_equal(r->id, 1);
	assert_string_equal(r->method, "GET");
	check_text(r->url, "/a?b=c&d%20e=f%2Fg");
	assert_int_equal(r->n_checks, 2);
	assert_true(r->status_is_checked);
	r = request_of(&f, 1, 2);
	assert_string_equal(r->method, "PURGE");
	assert_true(r->is_absolute);
	check_text(r->name, "https://other:81/x");
	check_header(r, "Content-Type", "");
	r = request_of(&f, 2, 0);
	assert_memory_equal(template_text(r->body, &len), "a\0b", 3);
	assert_int_equal(len, 3);
	check_header(r, "Content-Type", "");
	assert_int_equal(f.plan->tasks[1]->steps[1].type, STEP_SLEEP);
	assert_int_equal(
	    f.plan->tasks[1]->steps[1].sleep.high_us, 2 * US_PER_S);
	done(&f);
}

static void bodies_bring_their_content_type(void **state)
{
	struct fixture f;

	(void)state;
	load_text(&f, "[task]\n"
		      "post = http://h/\njson = {}\n"
		      "post = http://h/\nform = a=b c\nform = d=&\n"
		      "post = http://h/\nbody = x\n"
		      "post = http://h/\njson = {}\n"
		      "header = content-type: text/x\n"
		      "get = http://h/\n"
		      "post = http://h/\n");
	check_header(request_of(&f, 0, 0), "Content-Type", "application/json");
	check_header(request_of(&f, 0, 1), "Content-Type",
	    "application/x-www-form-urlencoded");
	check_text(request_of(&f, 0, 1)->body, "a=b%20c&d=%26");
	check_header(request_of(&f, 0, 2), "Content-Type", "");
	check_header(request_of(&f, 0, 3), "Content-Type", NULL);
	check_header(request_of(&f, 0, 3), "content-type", "text/x");
	check_header(request_of(&f, 0, 4), "Content-Type", NULL);
	check_header(request_of(&f, 0, 5), "Content-Type", "");
	assert_null(request_of(&f, 0, 5)->body);
	done(&f);
}

/* NULL for a field's file name. */
static void check_part(const struct request *r, size_t i, const char *name,
    const char *value, const char *file_name)
{
	assert_true(i < r->n_parts);
	check_text(r->parts[i].name, name);
	check_text(r->parts[i].value, value);
	if (file_name != NULL)
		assert_string_equal(r->parts[i].file_name, file_name);
	else
		assert_null(r->parts[i].file_name);
}

static void parts_are_fields_or_files(void **state)
{
	const struct request *r;
	struct fixture f;
	size_t len;

	(void)state;
	setenv("PART", "body", 1);
	load_text(&f, "[task]\n"
		      "post = http://h/\n"
		      "multipart = a b = c & d=e \n"
		      "multipart = ${env PART}=@@x\n"
		      "multipart = at=x@y\n"
		      "multipart = file = @ ../good/${env PART}.bin\n"
		      "multipart = none=\n"
		      "multipart = n=${uuid}\n");
	r = request_of(&f, 0, 0);
	assert_int_equal(r->n_parts, 6);
	assert_null(r->body);
	check_part(r, 0, "a b", "c & d=e", NULL);
	check_part(r, 1, "body", "@x", NULL);
	check_part(r, 2, "at", "x@y", NULL);
	check_part(r, 3, "file", "a", "body.bin");
	assert_memory_equal(template_text(r->parts[3].value, &len), "a\0b", 3);
	assert_int_equal(len, 3);
	check_part(r, 4, "none", "", NULL);
	assert_false(template_is_static(r->parts[5].value));
	done(&f);
}

static void parts_leave_the_content_type_to_be_made(void **state)
{
	struct fixture f;

	(void)state;
	load_text(&f, "[http]\nheader = A: b\nheader = content-type: text/x\n"
		      "header = C: d\n"
		      "[task]\npost = http://h/\nmultipart = a=b\n"
		      "header = Content-Type:\n"
		      "post = http://h/\nbody = x\n");
	check_header(request_of(&f, 0, 0), "Content-Type", NULL);
	check_header(request_of(&f, 0, 0), "content-type", NULL);
	check_header(request_of(&f, 0, 0), "A", "b");
	check_header(request_of(&f, 0, 0), "C", "d");
	check_header(request_of(&f, 0, 1), "content-type", "text/x");
	done(&f);
}

static void a_query_joins_whatever_the_url_ends_with(void **state)
{
	struct fixture f;

	(void)state;
	load_text(&f, "[task]\n"
		      "get = http://h\nquery = a=1\nquery = b=2\n"
		      "get = http://h/?\nquery = a=1\n"
		      "get = http://h/?x&\nquery = a=1\n"
		      "get = http://h/?x\nquery = a=1\n");
	check_text(request_of(&f, 0, 0)->url, "http://h?a=1&b=2");
	check_text(request_of(&f, 0, 1)->url, "http://h/?a=1");
	check_text(request_of(&f, 0, 2)->url, "http://h/?x&a=1");
	check_text(request_of(&f, 0, 3)->url, "http://h/?x&a=1");
	done(&f);
}

static void a_name_is_the_url_as_written(void **state)
{
	struct fixture f;

	(void)state;
	load_text(&f, "[task]\nget = http://h/${uuid}\nquery = a=b\n");
	check_text(request_of(&f, 0, 0)->name, "http://h/${uuid}");
	assert_false(template_is_static(request_of(&f, 0, 0)->url));
	done(&f);
}

static void sections_may_stand_in_any_order(void **state)
{
	struct fixture f;

	(void)state;
	load_text(&f, "[user a]\ntasks = t\n[task t]\nget = /\n"
		      "[http]\ntimeout = 7s\n[load]\nhost = http://h\n");
	assert_int_equal(request_of(&f, 0, 0)->http.timeout_us, 7 * US_PER_S);
	assert_string_equal(f.plan->bases[0].text, "http://h");
	assert_int_equal(f.plan->bases[0].where.line, 8);
	done(&f);
}

static void files_that_cannot_be_opened_are_named(void **state)
{
	const struct plan_source source = {.file = "/nonexistent/x.ini"};
	struct diag d;

	(void)state;
	diag_init(&d);
	assert_null(plan_load(&source, &d));
	assert_string_equal(d.entries[0].text,
	    "/nonexistent/x.ini: the plan cannot be read: "
	    "No such file or directory: name a file that can be, - for "
	    "standard input, or a URL");
	diag_clear(&d);
}

/* --- users -------------------------------------------------------------- */

static void kinds_draw_the_tasks_they_name(void **state)
{
	const struct user_kind *kind;
	struct fixture f;

	(void)state;
	load_everything(&f);
	assert_int_equal(f.plan->n_kinds, 2);
	kind = f.plan->kinds[0];
	assert_int_equal(kind->count, 3);
	assert_true(kind->has_wait);
	assert_int_equal(kind->wait.kind, WAIT_PACE);
	assert_int_equal(kind->order, ORDER_SEQUENCE);
	assert_int_equal(kind->n_choices, 2);
	assert_int_equal(kind->choices[0].weight, 3);
	assert_int_equal(kind->choices[1].weight_upto, 4);
	assert_int_equal(kind->weights, 4);
	assert_ptr_equal(kind->on_start, f.plan->tasks[0]);
	kind = f.plan->kinds[1];
	assert_string_equal(
	    f.plan->bases[kind->base].text, "http://buy.example.org");
	assert_int_equal(kind->iterations, 5);
	done(&f);
}

static void a_task_that_only_a_hook_names_is_not_drawn(void **state)
{
	static const char text[] = "[user a]\non_start = in\non_stop = out\n"
				   "[task in]\nget = http://h/\n"
				   "[task out]\nweight = 1\nget = http://h/\n"
				   "[task t]\nget = http://h/\n";
	struct fixture f;

	(void)state;
	load_text(&f, text);
	assert_false(f.plan->tasks[0]->is_drawn);
	assert_true(f.plan->tasks[1]->is_drawn);
	assert_int_equal(f.plan->kinds[0]->n_choices, 2);
	done(&f);
}

static void users_are_the_sum_of_the_counts_unless_written(void **state)
{
	struct fixture f;

	(void)state;
	load_text(&f, "[user a]\ncount = 3\n[user b]\ncount = 4\n"
		      "[task]\nget = http://h/\n");
	assert_int_equal(f.plan->load.users, 7);
	done(&f);
}

static void kinds_share_a_base_of_the_same_host(void **state)
{
	struct fixture f;

	(void)state;
	load_text(&f, "[load]\nhost = http://h/\n[user a]\n[user b]\n"
		      "host = http://h\n[user c]\nhost = http://i\n"
		      "[task]\nget = /\n");
	assert_int_equal(f.plan->n_bases, 2);
	assert_int_equal(f.plan->kinds[0]->base, 0);
	assert_int_equal(f.plan->kinds[1]->base, 0);
	assert_int_equal(f.plan->kinds[2]->base, 1);
	done(&f);
}

/* What the command line says of hosts, put over a plan. */
static void load_with_hosts(
    struct fixture *f, const struct override *o, size_t n, const char *text)
{
	const struct plan_source source = {
	    .file = "x.ini", .overrides = o, .n_overrides = n};

	load(f, &source, text);
	assert_non_null(f->plan);
}

static const char hosts_of_kinds[] = "[user a]\nhost = http://a\n"
				     "[user b]\nhost = http://b\n"
				     "[task]\nget = /\n";

static void a_host_on_the_command_line_beats_those_of_all_kinds(void **state)
{
	const struct override o = {"load", "host", "http://h:9", "--host"};
	struct fixture f;

	(void)state;
	load_with_hosts(&f, &o, 1, hosts_of_kinds);
	assert_int_equal(f.plan->n_bases, 1);
	assert_int_equal(f.plan->n_asked, 1);
	assert_string_equal(f.plan->bases[0].text, "http://h:9");
	assert_int_equal(f.plan->kinds[0]->base, 0);
	assert_int_equal(f.plan->kinds[1]->base, 0);
	done(&f);
}

static void a_host_that_is_said_for_a_kind_beats_the_one_for_all(void **state)
{
	const struct override o[] = {{"load", "host", "http://h:9", "--host"},
	    {"user b", "host", "http://i", "-D user b.host"}};
	struct fixture f;

	(void)state;
	load_with_hosts(&f, o, 2, hosts_of_kinds);
	assert_string_equal(
	    f.plan->bases[f.plan->kinds[0]->base].text, "http://h:9");
	assert_string_equal(
	    f.plan->bases[f.plan->kinds[1]->base].text, "http://i");
	done(&f);
}

static void a_host_that_nobody_asks_comes_after_the_others(void **state)
{
	struct fixture f;

	(void)state;
	load_text(&f, "[load]\nhost = http://h\n[user w]\ntasks = whole\n"
		      "[user a]\nhost = http://a\ntasks = path\n"
		      "[task whole]\nget = http://b/\n"
		      "[task path]\ncall = inner\n"
		      "[task inner]\nget = /\n");
	assert_int_equal(f.plan->n_asked, 1);
	assert_string_equal(f.plan->bases[0].text, "http://a");
	assert_int_equal(f.plan->kinds[1]->base, 0);
	done(&f);
}

/* --- tags --------------------------------------------------------------- */

static const char tagged[] = "[task a]\ntags = x, y\nget = http://h/\n"
			     "[task b]\ntags = y\nget = http://h/\n"
			     "[task c]\nget = http://h/\n";

static void check_tags(const char *tags, const char *exclude, const char *left)
{
	const struct plan_source source = {
	    .file = "x.ini", .tags = tags, .exclude_tags = exclude};
	const struct user_kind *kind;
	struct fixture f;

	load(&f, &source, tagged);
	assert_non_null(f.plan);
	kind = f.plan->kinds[0];
	assert_int_equal(kind->n_choices, strlen(left));
	for (size_t i = 0; i < kind->n_choices; i++)
		assert_int_equal(kind->choices[i].task->name[0], left[i]);
	done(&f);
}

static void tags_keep_and_leave_out_tasks(void **state)
{
	(void)state;
	check_tags(NULL, NULL, "abc");
	check_tags("y", NULL, "ab");
	check_tags("x", NULL, "a");
	check_tags("x,y", NULL, "ab");
	check_tags(NULL, "x", "bc");
	check_tags("y", "x", "b");
}

static void check_refused(
    const struct plan_source *source, const char *text, const char *error)
{
	struct fixture f;

	load(&f, source, text);
	assert_null(f.plan);
	assert_int_equal(f.diag.errors, 1);
	assert_string_equal(f.diag.entries[0].text, error);
	done(&f);
}

static void tags_that_leave_nothing_are_refused(void **state)
{
	const struct plan_source source = {
	    .file = "x.ini", .tags = "x", .exclude_tags = "y"};
	const struct plan_source slip = {.file = "x.ini", .tags = "x,yy"};
	const struct plan_source other = {.file = "x.ini", .tags = "fast"};

	(void)state;
	check_refused(&slip, tagged,
	    "--tags: \"yy\": no task has this tag: did you mean \"y\"?");
	check_refused(&other, tagged,
	    "--tags: \"fast\": no task has this tag: there are x, y");
	check_refused(&source, tagged,
	    "--tags: no task is left to be drawn: choose other tags");
}

static void a_kind_that_tags_leave_idle_is_left_out(void **state)
{
	const struct plan_source source = {.file = "x.ini", .tags = "y"};
	struct fixture f;

	(void)state;
	load(&f, &source,
	    "[load]\nusers = 5\n[user p]\ntasks = a\ncount = 2\n[user q]\n"
	    "count = 3\ntasks = c\n[task a]\ntags = y\nget = http://h/\n"
	    "[task c]\nget = http://h/\n");
	assert_non_null(f.plan);
	assert_int_equal(f.diag.warnings, 1);
	assert_int_equal(f.plan->n_kinds, 1);
	assert_int_equal(f.plan->load.users, 2);
	done(&f);
}

static void a_host_that_nothing_goes_to_is_named_nowhere(void **state)
{
	const struct plan_source source = {.file = "x.ini"};
	struct fixture f;

	(void)state;
	load(&f, &source,
	    "[load]\nhost = http://h\n[task a]\nget = http://g/\n");
	assert_non_null(f.plan);
	assert_int_equal(f.diag.warnings, 1);
	assert_int_equal(f.plan->n_bases, 0);
	done(&f);
	load(&f, &source,
	    "[load]\nhost = http://h\n[task a]\nget = http://g/\n"
	    "capture.at = url\nget = ${at}\n");
	assert_non_null(f.plan);
	assert_int_equal(f.diag.warnings, 0);
	assert_int_equal(f.plan->n_bases, 1);
	done(&f);
}

/* --- overrides ---------------------------------------------------------- */

static const char plain[] = "[load]\nhost = http://h\nwait = 1s\n"
			    "[task buy]\nheader = A: 1\nheader = B: 2\n"
			    "get = /\ncheck = status == 200\n"
			    "get = /two\ntimeout = 2s\n";

static void override(
    struct fixture *f, const char *section, const char *key, const char *value)
{
	const struct override o = {section, key, value, "-D x"};
	const struct plan_source source = {
	    .file = "x.ini", .overrides = &o, .n_overrides = 1};

	load(f, &source, plain);
}

static void an_override_beats_the_file(void **state)
{
	struct fixture f;

	(void)state;
	override(&f, "load", "wait", "5s");
	assert_int_equal(f.plan->load.wait.low_us, 5 * US_PER_S);
	done(&f);
	override(&f, "load", "users", "9");
	assert_int_equal(f.plan->load.users, 9);
	done(&f);
	override(&f, "report", "csv", "none");
	assert_string_equal(f.plan->report.csv, "none");
	done(&f);
	override(&f, "task buy", "weight", "7");
	assert_int_equal(f.plan->tasks[0]->weight, 7);
	done(&f);
}

static void an_override_of_a_repeated_key_replaces_all(void **state)
{
	struct fixture f;

	(void)state;
	override(&f, "task buy", "header", "C: 3");
	assert_int_equal(request_of(&f, 0, 0)->headers.n, 1);
	check_header(request_of(&f, 0, 0), "C", "3");
	done(&f);
}

static void overrides_of_a_repeated_key_add_up(void **state)
{
	static const struct override both[] = {
	    {"task buy", "header", "C: 3", "-D x"},
	    {"task buy", "header", "D: 4", "-D x"}};
	const struct plan_source source = {
	    .file = "x.ini", .overrides = both, .n_overrides = 2};
	struct fixture f;

	(void)state;
	load(&f, &source, plain);
	assert_int_equal(request_of(&f, 0, 0)->headers.n, 2);
	check_header(request_of(&f, 0, 0), "C", "3");
	check_header(request_of(&f, 0, 0), "D", "4");
	done(&f);
}

static void an_override_reaches_a_key_of_a_step_that_is_there_once(void **state)
{
	struct fixture f;

	(void)state;
	override(&f, "task buy", "check", "status == 201");
	assert_non_null(f.plan);
	assert_int_equal(request_of(&f, 0, 0)->n_checks, 1);
	done(&f);
}

static void checks_of_a_step_on_the_command_line_add_up(void **state)
{
	static const struct override all[] = {
	    {"task buy", "check", "status == 201", "-D x"},
	    {"task buy", "check", "size > 1", "-D x"},
	    {"task buy", "check", "size > 2", "-D x"}};
	const struct plan_source source = {
	    .file = "x.ini", .overrides = all, .n_overrides = ARRAY_LEN(all)};
	struct fixture f;

	(void)state;
	load(&f, &source, plain);
	assert_non_null(f.plan);
	assert_int_equal(request_of(&f, 0, 0)->n_checks, 3);
	done(&f);
}

static void check_override(
    const char *section, const char *key, const char *value, const char *error)
{
	const struct override o = {section, key, value, "-D x"};
	const struct plan_source source = {
	    .file = "x.ini", .overrides = &o, .n_overrides = 1};

	check_refused(&source, plain, error);
}

static void a_wrong_override_is_refused_without_a_line(void **state)
{
	(void)state;
	check_override("load", "wait", "5x",
	    "-D x: wait \"5x\": not a duration: write 500ms, 5s or 2m");
	check_override("load", "wiat", "5s",
	    "-D x: unknown key \"wiat\" in [load]: did you mean \"wait\"?");
	check_override("report", "csv", "",
	    "-D x: csv: it has no value: give it one, or leave it out");
	check_override("load", "wait", "1s\n2s",
	    "-D x: wait \"1s\n2s\": it has to be a single line: join the "
	    "lines");
	check_override("laod", "wait", "5s",
	    "-D x: unknown section [laod]: did you mean [load]?");
	check_override("task bye", "weight", "5",
	    "-D x: no section [task bye] in the plan: did you mean "
	    "\"task buy\"?");
	check_override("task buy", "get", "/",
	    "-D x: get: [task buy] has 2 of them: only a key that is there "
	    "once, or that may stand before the first step, can be set from "
	    "here");
}

static void variables_known_before_the_run_are_filled_in(void **state)
{
	struct fixture f;

	(void)state;
	setenv("LOADGEN_TEST_HOST", "http://from.env", 1);
	load_text(&f, "[load]\nhost = ${env LOADGEN_TEST_HOST}\n"
		      "[task]\nget = /\n");
	assert_string_equal(f.plan->load.host, "http://from.env");
	done(&f);
}

/* --- the key table ------------------------------------------------------ */

static void every_key_has_a_section_a_name_and_a_help(void **state)
{
	const struct key_info *k;
	size_t i;

	(void)state;
	for (i = 0; (k = plan_key_info(i)) != NULL; i++) {
		assert_true(strlen(k->section) > 0);
		assert_true(strlen(k->name) > 0 && strlen(k->name) < 49);
		assert_true(strlen(k->help) > 10);
	}
	assert_true(i > 50);
	assert_null(plan_key_info(i + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_unwritten_key_has_its_default),
	    cmocka_unit_test(load_keys_go_where_they_belong),
	    cmocka_unit_test(
		a_step_goes_before_its_task_and_a_task_before_http),
	    cmocka_unit_test(requests_are_put_together),
	    cmocka_unit_test(bodies_bring_their_content_type),
	    cmocka_unit_test(parts_are_fields_or_files),
	    cmocka_unit_test(parts_leave_the_content_type_to_be_made),
	    cmocka_unit_test(a_query_joins_whatever_the_url_ends_with),
	    cmocka_unit_test(a_name_is_the_url_as_written),
	    cmocka_unit_test(sections_may_stand_in_any_order),
	    cmocka_unit_test(files_that_cannot_be_opened_are_named),
	    cmocka_unit_test(kinds_draw_the_tasks_they_name),
	    cmocka_unit_test(a_task_that_only_a_hook_names_is_not_drawn),
	    cmocka_unit_test(users_are_the_sum_of_the_counts_unless_written),
	    cmocka_unit_test(kinds_share_a_base_of_the_same_host),
	    cmocka_unit_test(
		a_host_on_the_command_line_beats_those_of_all_kinds),
	    cmocka_unit_test(
		a_host_that_is_said_for_a_kind_beats_the_one_for_all),
	    cmocka_unit_test(a_host_that_nobody_asks_comes_after_the_others),
	    cmocka_unit_test(tags_keep_and_leave_out_tasks),
	    cmocka_unit_test(tags_that_leave_nothing_are_refused),
	    cmocka_unit_test(a_kind_that_tags_leave_idle_is_left_out),
	    cmocka_unit_test(a_host_that_nothing_goes_to_is_named_nowhere),
	    cmocka_unit_test(an_override_beats_the_file),
	    cmocka_unit_test(an_override_of_a_repeated_key_replaces_all),
	    cmocka_unit_test(overrides_of_a_repeated_key_add_up),
	    cmocka_unit_test(
		an_override_reaches_a_key_of_a_step_that_is_there_once),
	    cmocka_unit_test(checks_of_a_step_on_the_command_line_add_up),
	    cmocka_unit_test(a_wrong_override_is_refused_without_a_line),
	    cmocka_unit_test(variables_known_before_the_run_are_filled_in),
	    cmocka_unit_test(every_key_has_a_section_a_name_and_a_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
