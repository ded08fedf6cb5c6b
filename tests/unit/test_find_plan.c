/* The plans of steps, from the user's. */
#include "tests/unit/reporting.h"

#include "find_plan.h"
#include "load/schedule.h"

struct search_plan {
	char path[64];
	struct find_plan plan;
	struct diag d;
	bool is_good;
};

static void plan_open(struct search_plan *p, const char *load, const char *rest,
    const struct override *overrides, size_t n_overrides)
{
	struct plan_source source = {.file = p->path,
	    .overrides = overrides,
	    .n_overrides = n_overrides};
	FILE *out;
	int fd;

	snprintf(p->path, sizeof(p->path), "/tmp/loadgen-test-XXXXXX");
	fd = mkstemp(p->path);
	assert_true(fd >= 0);
	out = fdopen(fd, "w");
	fprintf(out,
	    "[load]\nhost = http://127.0.0.1:9\n%s\n[task it]\n"
	    "get = /x\n%s\n",
	    load, rest);
	fclose(out);
	diag_init(&p->d);
	p->is_good = find_plan_open(&p->plan, &source, &p->d);
}

static void plan_clear(struct search_plan *p)
{
	find_plan_clear(&p->plan);
	diag_clear(&p->d);
	unlink(p->path);
}

#define THRESHOLDS "[thresholds]\np95 = < 300ms\n"

static void a_step_has_its_load_at_once_and_two_halves(void **state)
{
	struct search_plan p;
	const struct load_options *load;
	struct plan *plan;
	bool is_too_much;

	(void)state;
	plan_open(&p, "rate = 200/s\nmax_users = 300\niterations = 7",
	    THRESHOLDS, NULL, 0);
	assert_true(p.is_good);
	assert_true(p.plan.is_rate);
	assert_float_equal(p.plan.start, 200, 0);
	plan = find_plan_load(&p.plan, 387.5, &is_too_much, &p.d);
	assert_non_null(plan);
	load = &plan->load;
	assert_float_equal(schedule_target(load, 0), 387.5, 1e-9);
	assert_int_equal(load->n_stages, 4);
	assert_int_equal(load->warmup_us, 2 * US_PER_S);
	assert_int_equal(schedule_stage_start_us(load, 2), load->warmup_us);
	assert_int_equal(schedule_stage_start_us(load, 3), 7 * US_PER_S);
	assert_int_equal(load->run_time_us, 12 * US_PER_S);
	assert_int_equal(load->users, 582); /* 300 * 387.5 / 200 */
	assert_int_equal(load->iterations, 0);
	plan_free(plan);
	plan = find_plan_load(&p.plan, 100, &is_too_much, &p.d);
	assert_non_null(plan);
	assert_int_equal(plan->load.users, 300);
	plan_free(plan);
	plan_clear(&p);
}

static void what_the_plan_says_of_time_is_kept(void **state)
{
	struct search_plan p;
	struct plan *plan;
	bool is_too_much;

	(void)state;
	plan_open(&p, "users = 20\nspawn_rate = 1\nrun_time = 8s\nwarmup = 3s",
	    THRESHOLDS, NULL, 0);
	assert_true(p.is_good);
	assert_false(p.plan.is_rate);
	plan = find_plan_load(&p.plan, 40, &is_too_much, &p.d);
	assert_non_null(plan);
	assert_int_equal(plan->load.warmup_us, 3 * US_PER_S);
	assert_int_equal(plan->load.run_time_us, 8 * US_PER_S);
	assert_int_equal(schedule_places(&plan->load, 0), 40);
	plan_free(plan);
	plan_clear(&p);
}

static void the_command_line_says_where_to_start(void **state)
{
	const struct override overrides[] = {
	    {"load", "rate", "70/s", "-D load.rate"},
	    {"load", "run_time", "2s", "--run-time"}};
	struct search_plan p;
	struct plan *plan;
	bool is_too_much;

	(void)state;
	plan_open(&p, "rate = 200/s", THRESHOLDS, overrides, 2);
	assert_true(p.is_good);
	assert_float_equal(p.plan.start, 70, 0);
	plan = find_plan_load(&p.plan, 140, &is_too_much, &p.d);
	assert_int_equal(p.d.errors, 0);
	assert_non_null(plan);
	assert_float_equal(schedule_target(&plan->load, 0), 140, 1e-9);
	plan_free(plan);
	plan_clear(&p);
}

static void few_tasks_take_longer_to_judge(void **state)
{
	struct find_plan f = {.is_rate = true, .measured_us = 10 * US_PER_S};

	(void)state;
	assert_int_equal(find_plan_measured_us(&f, 1000), 10 * US_PER_S);
	assert_int_equal(find_plan_measured_us(&f, 5), 20 * US_PER_S);
	assert_int_equal(find_plan_measured_us(&f, 0.5), 60 * US_PER_S);
	f.measured_us = 90 * US_PER_S;
	assert_int_equal(find_plan_measured_us(&f, 0.5), 90 * US_PER_S);
	f.is_rate = false;
	f.measured_us = US_PER_S;
	assert_int_equal(find_plan_measured_us(&f, 1), US_PER_S);
}

static void check_refused(const char *load, const char *rest, const char *what)
{
	struct search_plan p;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	plan_open(&p, load, rest, NULL, 0);
	diag_print(&p.d, out);
	fclose(out);
	assert_false(p.is_good);
	assert_has(text, what);
	free(text);
	plan_clear(&p);
}

static void a_search_needs_thresholds_and_a_load_to_start_from(void **state)
{
	(void)state;
	check_refused("rate = 5/s", "",
	    "--find: there are no thresholds, so nothing says which load "
	    "holds: write for example p95 = < 300ms and fail_ratio = < 1% in "
	    "[thresholds]");
	check_refused("stages = 10s:5", THRESHOLDS,
	    ":3: stages: --find plays steps of its own: write the load to "
	    "start from in their place, rate = 100/s or users = 10");
}

static void thresholds_that_want_load_are_left_out(void **state)
{
	struct search_plan p;
	struct plan *plan;
	bool is_too_much;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	plan_open(&p, "rate = 200/s",
	    "[thresholds]\nrps = >= 500\np95 = < 300ms\nrequests = < 9999\n"
	    "abort = rps < 10 for 5s\nabort = requests > 99999\n"
	    "[thresholds GET /x]\nrequests = > 100\n",
	    NULL, 0);
	diag_print(&p.d, out);
	fclose(out);
	assert_true(p.is_good);
	assert_int_equal(p.plan.n_thresholds, 3);
	assert_has(text, ":7: warning: rps = >= 500: --find leaves it out: ");
	assert_has(text, ":10: warning: abort = rps < 10: --find leaves it ");
	assert_has(text, ":13: warning: requests = > 100: --find leaves it ");
	plan = find_plan_load(&p.plan, 400, &is_too_much, &p.d);
	assert_non_null(plan);
	assert_int_equal(plan->n_thresholds, 3);
	assert_string_equal(plan->thresholds[0].key, "p95");
	assert_string_equal(plan->thresholds[1].wanted, "< 9999");
	assert_true(plan->thresholds[2].aborts);
	plan_free(plan);
	free(text);
	plan_clear(&p);
	check_refused("rate = 5/s", "[thresholds]\nrps = > 4\n",
	    "--find: there are no thresholds");
}

static void more_than_the_machine_can_make_is_told_apart(void **state)
{
	struct search_plan p;
	struct plan *plan;
	bool is_too_much;

	(void)state;
	plan_open(&p, "users = 20", THRESHOLDS, NULL, 0);
	assert_true(p.is_good);
	assert_null(find_plan_load(&p.plan, 1e7, &is_too_much, &p.d));
	assert_true(is_too_much);
	plan = find_plan_load(&p.plan, 40, &is_too_much, &p.d);
	assert_non_null(plan);
	assert_false(is_too_much);
	plan_free(plan);
	unlink(p.path);
	assert_null(find_plan_load(&p.plan, 40, &is_too_much, &p.d));
	assert_false(is_too_much);
	plan_clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_step_has_its_load_at_once_and_two_halves),
	    cmocka_unit_test(what_the_plan_says_of_time_is_kept),
	    cmocka_unit_test(the_command_line_says_where_to_start),
	    cmocka_unit_test(few_tasks_take_longer_to_judge),
	    cmocka_unit_test(
		a_search_needs_thresholds_and_a_load_to_start_from),
	    cmocka_unit_test(thresholds_that_want_load_are_left_out),
	    cmocka_unit_test(more_than_the_machine_can_make_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
