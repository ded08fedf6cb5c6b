/* Whether a step of a search holds, and what is said of it; the plans of steps
 * from the user's. */
#include "tests/unit/reporting.h"

#include "find_plan.h"
#include "load/schedule.h"
#include "report/find.h"

enum { RATE = 100 };

static char stage_name[] = "1";

/* A step of ten seconds behind a second of warm-up. */
static void step_open(struct run *run, struct stage stages[4],
    struct threshold *thresholds, size_t n_thresholds)
{
	static const uint64_t seconds[] = {0, 1, 5, 5};
	struct load_options *load;

	run_prepare(run);
	load = &run->plan.load;
	for (size_t i = 0; i < 4; i++)
		stages[i] = (struct stage) {.name = stage_name,
		    .duration_us = seconds[i] * US_PER_S,
		    .target = RATE};
	load->model = LOAD_RATE;
	load->stages = stages;
	load->n_stages = 4;
	load->has_stages = true;
	load->run_time_us = 11 * US_PER_S;
	load->warmup_us = US_PER_S;
	load->stop_timeout_us = 10 * US_PER_S;
	run->plan.thresholds = thresholds;
	run->plan.n_thresholds = n_thresholds;
	run->setup.verbosity = VERBOSITY_NOTHING;
	run_open(run);
}

static void send_books(struct run *run, struct books books)
{
	struct table table = {0};
	struct hist lateness = {0};
	struct report_delta delta = {.worker = 0,
	    .stage = 4,
	    .until_us = 11 * US_PER_S,
	    .is_last_part = true,
	    .books = &books,
	    .lateness = &lateness,
	    .table = &table};

	report_delta(run->report, &delta);
	books_add(&run->own[0], &books);
}

static void send_halves(struct run *run, uint64_t first_us, uint64_t second_us)
{
	send_stage(run, 3, 6 * US_PER_S, "/x", 500, sample_of(first_us, NULL));
	send_stage(
	    run, 4, 11 * US_PER_S, "/x", 500, sample_of(second_us, NULL));
}

static struct find_step judge(struct run *run)
{
	struct find_step step = {.load = RATE, .is_rate = true};

	run_finish(run);
	find_step_judge(&step, report_results(run->report));
	return step;
}

static void step_clear(struct run *run, struct find_step *step)
{
	find_step_clear(step);
	run_clear(run);
}

static struct threshold p95_below(uint64_t us)
{
	static char key[] = "p95", wanted[] = "< 300ms";

	return (struct threshold) {.key = key,
	    .wanted = wanted,
	    .stage = SIZE_MAX,
	    .measure = MEASURE_QUANTILE,
	    .ppm = 950000,
	    .relation = RELATION_BELOW,
	    .limit = (double)us};
}

static void assert_why(const struct find_step *step, const char *why)
{
	assert_string_equal(step->why, why);
	assert_int_equal(step->holds, *why == '\0');
}

/* --- judging ------------------------------------------------------------ */

static void a_step_holds_that_keeps_up_within_its_thresholds(void **state)
{
	struct threshold t = p95_below(300 * US_PER_MS);
	struct stage stages[4];
	struct find_step step;
	struct run run;

	(void)state;
	step_open(&run, stages, &t, 1);
	send_halves(&run, 20000, 22000);
	send_books(&run, (struct books) {.intended = 1100, .tasks = 100});
	step = judge(&run);
	assert_why(&step, "");
	assert_int_equal(step.requests, 1000);
	assert_int_equal(step.due, 1100);
	assert_float_equal(step.tasks_per_s, 100, 0.001);
	assert_float_equal(step.requests_per_s, 100, 0.001);
	assert_null(step.strain);
	step_clear(&run, &step);
}

static void a_threshold_that_does_not_hold_is_the_reason(void **state)
{
	struct threshold t = p95_below(300 * US_PER_MS);
	struct stage stages[4];
	struct find_step step;
	struct run run;

	(void)state;
	step_open(&run, stages, &t, 1);
	send_halves(&run, 400000, 400000);
	send_books(&run, (struct books) {.intended = 1100});
	step = judge(&run);
	assert_why(&step, "p95 400ms, wanted < 300ms");
	assert_false(step.is_clear);
	step_clear(&run, &step);
}

static void twice_the_limit_is_clear(void **state)
{
	struct threshold t = p95_below(300 * US_PER_MS);
	struct stage stages[4];
	struct find_step step;
	struct run run;

	(void)state;
	step_open(&run, stages, &t, 1);
	send_halves(&run, 700000, 700000);
	send_books(&run, (struct books) {.intended = 1100});
	step = judge(&run);
	assert_true(step.is_clear);
	step_clear(&run, &step);
}

static void a_queue_that_grows_is_a_reason_below_every_limit(void **state)
{
	struct threshold t = p95_below(300 * US_PER_MS);
	struct stage stages[4];
	struct find_step step;
	struct run run;

	(void)state;
	step_open(&run, stages, &t, 1);
	send_halves(&run, 50000, 150000);
	send_books(&run, (struct books) {.intended = 1100});
	step = judge(&run);
	assert_why(&step, "a queue grows: p50 50.0ms, then 150ms");
	assert_false(step.is_clear);
	step_clear(&run, &step);
}

/* As many fast ones as slow ones: the middle is either of them. */
static void a_middle_that_jumps_is_no_queue(void **state)
{
	struct threshold t = p95_below(900 * US_PER_MS);
	struct stage stages[4];
	struct find_step step;
	struct run run;

	(void)state;
	step_open(&run, stages, &t, 1);
	send_stage(&run, 3, 6 * US_PER_S, "/x", 252, sample_of(5000, NULL));
	send_stage(&run, 3, 6 * US_PER_S, "/x", 248, sample_of(600000, NULL));
	send_stage(&run, 4, 11 * US_PER_S, "/x", 248, sample_of(5000, NULL));
	send_stage(&run, 4, 11 * US_PER_S, "/x", 252, sample_of(600000, NULL));
	send_books(&run, (struct books) {.intended = 1100});
	step = judge(&run);
	assert_why(&step, "");
	step_clear(&run, &step);
}

static void a_few_that_take_long_are_no_queue(void **state)
{
	struct threshold t = p95_below(300 * US_PER_MS);
	struct stage stages[4];
	struct find_step step;
	struct run run;

	(void)state;
	step_open(&run, stages, &t, 1);
	send_halves(&run, 5000, 5000);
	send_stage(&run, 4, 11 * US_PER_S, "/x", 10, sample_of(9000000, NULL));
	send_books(&run, (struct books) {.intended = 1100});
	step = judge(&run);
	assert_why(&step, "");
	step_clear(&run, &step);
}

static void tasks_that_found_no_user_are_a_reason(void **state)
{
	struct threshold t = p95_below(300 * US_PER_MS);
	struct stage stages[4];
	struct find_step step;
	struct run run;

	(void)state;
	step_open(&run, stages, &t, 1);
	send_halves(&run, 20000, 20000);
	/* 11 late, and 33 that nobody had taken up when it was over */
	send_books(&run, (struct books) {.intended = 1067, .late = 11});
	step = judge(&run);
	assert_why(&step, "no user was free for 4.00 % of the tasks");
	assert_int_equal(step.late, 44);
	assert_false(step.is_clear);
	step_clear(&run, &step);
}

static void chance_leaves_a_few_tasks_out(void **state)
{
	struct threshold t = p95_below(300 * US_PER_MS);
	struct stage stages[4];
	struct find_step step;
	struct run run;

	(void)state;
	step_open(&run, stages, &t, 1);
	run.plan.load.spacing = SPACING_POISSON;
	send_halves(&run, 20000, 20000);
	send_books(&run, (struct books) {.intended = 1040});
	step = judge(&run);
	assert_why(&step, "");
	step_clear(&run, &step);
}

static void answers_that_never_came_are_a_reason(void **state)
{
	struct threshold t = p95_below(300 * US_PER_MS);
	struct stage stages[4];
	struct find_step step;
	struct run run;

	(void)state;
	step_open(&run, stages, &t, 1);
	send_halves(&run, 20000, 20000);
	send_books(
	    &run, (struct books) {
		      .intended = 1100, .started = 250, .interrupted = 250});
	step = judge(&run);
	assert_why(
	    &step, "20.00 % of the requests had no answer 10s after the end");
	assert_true(step.is_clear);
	step_clear(&run, &step);
}

static void a_run_that_ended_early_does_not_hold(void **state)
{
	struct threshold t = p95_below(300 * US_PER_MS);
	struct stage stages[4];
	struct find_step step;
	struct run run;

	(void)state;
	step_open(&run, stages, &t, 1);
	send_stage(
	    &run, 3, 6 * US_PER_S, "/x", 500, sample_of(20000, "status 500"));
	send_books(&run, (struct books) {.intended = 500});
	report_ended_by(run.report, "abort");
	step = judge(&run);
	assert_why(&step, "ended early by abort");
	assert_true(step.is_clear);
	assert_string_equal(step.failure, "GET /x: status 500");
	assert_int_equal(step.due, 500);
	step_clear(&run, &step);
}

/* The strain of a worker that used so much of its core, and whose timers were
 * so late. */
static char *strain_of(uint64_t cpu_us, uint64_t late_us, bool *is_disturbed)
{
	struct books books = {0};
	struct table table = {0};
	struct hist lateness = {0};
	struct report_delta delta = {.until_us = US_PER_S,
	    .is_last_part = true,
	    .cpu_us = cpu_us,
	    .busy_us = US_PER_S,
	    .books = &books,
	    .lateness = &lateness,
	    .table = &table};
	struct run run;
	char *text;

	run_prepare(&run);
	run_open(&run);
	hist_record(&lateness, late_us);
	report_delta(run.report, &delta);
	report_interval(run.report, US_PER_S);
	text = strain_text(report_results(run.report), is_disturbed);
	run_clear(&run);
	hist_clear(&lateness);
	return text;
}

static void strain_has_its_figures(void **state)
{
	static const struct {
		uint64_t cpu_us;
		uint64_t late_us;
		const char *text;
		bool is_disturbed;
	} cases[] = {
	    {10000, 9000, NULL, false},
	    {10000, 13000, "timers 13.0 ms late at p99", true},
	    {600000, 13000, "timers 13.0 ms late at p99", false},
	    {950000, 9000, "95.0 % of a core", false},
	    {950000, 13000, "95.0 % of a core, timers 13.0 ms late at p99",
		false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool is_disturbed;
		char *text =
		    strain_of(cases[i].cpu_us, cases[i].late_us, &is_disturbed);

		if (cases[i].text == NULL)
			assert_null(text);
		else
			assert_string_equal(text, cases[i].text);
		assert_int_equal(is_disturbed, cases[i].is_disturbed);
		free(text);
	}
}

/* --- telling ------------------------------------------------------------ */

static struct find_step made_up(double load, bool is_rate, char *why)
{
	return (struct find_step) {.load = load,
	    .is_rate = is_rate,
	    .due = 1000,
	    .late = 15,
	    .tasks_per_s = load,
	    .requests_per_s = load,
	    .requests = 1000,
	    .failures = 5,
	    .p50_us = 1500,
	    .p95_us = 412000,
	    .p99_us = 500000,
	    .holds = *why == '\0',
	    .why = why};
}

static void the_table_has_a_line_for_each_step(void **state)
{
	static char good[] = "", bad[] = "p95 412ms, wanted < 300ms";
	static char strain[] = "95.0 % of a core";
	struct find_step steps[] = {
	    made_up(480, true, good), made_up(1500, true, bad)};
	struct terminal t;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	terminal_look(&t, out);
	find_print_table(&t, steps, 2);
	fflush(out);
	assert_null(strstr(text, "generator"));
	steps[1].strain = strain;
	find_print_table(&t, steps, 2);
	find_print_step(&t, 2, &steps[1]);
	fclose(out);
	assert_has(text, "Steps (2)");
	assert_has(text, "480/s");
	assert_has(text, "1,500/s");
	assert_has(text, "  holds\n");
	assert_has(text, "  p95 412ms, wanted < 300ms\n");
	assert_has(text, "  p95 412ms, wanted < 300ms  ! 95.0 % of a core\n"
			 "! The generator was at its limits: ");
	assert_has(text, "step 2: 1,500/s: does not hold: p95 412ms, wanted < "
			 "300ms  ! 95.0 % of a core\n");
	free(text);
}

static void the_table_tells_of_other_work_on_the_machine(void **state)
{
	static char good[] = "", strain[] = "timers 13.0 ms late at p99";
	struct find_step step = made_up(480, true, good);
	struct terminal t;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	step.strain = strain;
	step.is_disturbed = true;
	terminal_look(&t, out);
	find_print_table(&t, &step, 1);
	find_print_step(&t, 1, &step);
	fclose(out);
	assert_has(text, "  holds  ! timers 13.0 ms late at p99\n");
	assert_has(text, "something else kept this\n  machine busy");
	assert_null(strstr(text, "The generator"));
	assert_has(text, "step 1: 480/s: holds, p95 412ms  ! timers 13.0 ms "
			 "late at p99\n");
	free(text);
}

static void reasons_are_whole_whatever_the_width(void **state)
{
	static char good[] = "";
	static char bad[] = "p95 412ms, wanted < 300ms; no user was free for "
			    "12 % of the tasks; a queue grows: p50 305ms, "
			    "then 638ms";
	struct find_step steps[] = {
	    made_up(480, true, good), made_up(1500, true, bad)};
	struct terminal t;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	terminal_look(&t, out);
	find_print_table(&t, steps, 2);
	fflush(out);
	assert_has(text, bad);
	rewind(out);
	t.has_width = true;
	t.columns = 80;
	find_print_table(&t, steps, 2);
	fclose(out);
	assert_has(text, " holds\n");
	assert_has(text,
	    " fails\n"
	    "      p95 412ms, wanted < 300ms; no user was free for 12 % of the "
	    "tasks; a queue\n"
	    "      grows: p50 305ms, then 638ms\n\n");
	free(text);
}

static void a_try_that_failed_without_strain_says_it_is_the_server(void **state)
{
	static char good[] = "", bad[] = "p95 412ms, wanted < 300ms";
	static char strain[] = "95.0 % of a core";
	struct find_step steps[] = {made_up(480, true, good),
	    made_up(500, true, bad), made_up(500, true, bad),
	    made_up(520, true, bad)};

	(void)state;
	steps[2].strain = strain;
	steps[3].strain = strain;
	assert_null(find_failing(steps, 4, 480));
	assert_ptr_equal(find_failing(steps, 4, 500), &steps[1]);
	assert_ptr_equal(find_failing(steps, 4, 520), &steps[3]);
	assert_string_equal(find_doubt(NULL), "");
	assert_string_equal(find_doubt(&steps[1]), "");
	assert_has(find_doubt(&steps[3]), "the generator");
	steps[1].strain = strain;
	steps[2].strain = NULL;
	assert_ptr_equal(find_failing(steps, 4, 500), &steps[2]);
	steps[3].is_disturbed = true;
	assert_has(find_doubt(&steps[3]), "something else");
}

static void the_steps_of_users_as_csv(void **state)
{
	static char bad[] = "p95 412ms, wanted < 300ms";
	struct find_step step = made_up(25, false, bad);
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	find_write_csv(out, &step, 1);
	fclose(out);
	assert_string_equal(text,
	    "Step,Users,Tasks/s,Requests/s,Request Count,Failure Count,50%,95%,"
	    "99%,Due,Late,Dropped,Holds,Generator At Limits,Why\r\n"
	    "1,25,25.000,25.000,1000,5,1.500,412.000,500.000,1000,15,0,no,no,"
	    "\"p95 412ms, wanted < 300ms\"\r\n");
	free(text);
}

/* --- plans -------------------------------------------------------------- */

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

	(void)state;
	plan_open(&p, "rate = 200/s\nmax_users = 300\niterations = 7",
	    THRESHOLDS, NULL, 0);
	assert_true(p.is_good);
	assert_true(p.plan.is_rate);
	assert_float_equal(p.plan.start, 200, 0);
	plan = find_plan_load(&p.plan, 387.5, &p.d);
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
	plan = find_plan_load(&p.plan, 100, &p.d);
	assert_non_null(plan);
	assert_int_equal(plan->load.users, 300);
	plan_free(plan);
	plan_clear(&p);
}

static void what_the_plan_says_of_time_is_kept(void **state)
{
	struct search_plan p;
	struct plan *plan;

	(void)state;
	plan_open(&p, "users = 20\nspawn_rate = 1\nrun_time = 8s\nwarmup = 3s",
	    THRESHOLDS, NULL, 0);
	assert_true(p.is_good);
	assert_false(p.plan.is_rate);
	plan = find_plan_load(&p.plan, 40, &p.d);
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

	(void)state;
	plan_open(&p, "rate = 200/s", THRESHOLDS, overrides, 2);
	assert_true(p.is_good);
	assert_float_equal(p.plan.start, 70, 0);
	plan = find_plan_load(&p.plan, 140, &p.d);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_step_holds_that_keeps_up_within_its_thresholds),
	    cmocka_unit_test(a_threshold_that_does_not_hold_is_the_reason),
	    cmocka_unit_test(twice_the_limit_is_clear),
	    cmocka_unit_test(a_queue_that_grows_is_a_reason_below_every_limit),
	    cmocka_unit_test(a_middle_that_jumps_is_no_queue),
	    cmocka_unit_test(a_few_that_take_long_are_no_queue),
	    cmocka_unit_test(tasks_that_found_no_user_are_a_reason),
	    cmocka_unit_test(chance_leaves_a_few_tasks_out),
	    cmocka_unit_test(answers_that_never_came_are_a_reason),
	    cmocka_unit_test(a_run_that_ended_early_does_not_hold),
	    cmocka_unit_test(strain_has_its_figures),
	    cmocka_unit_test(the_table_has_a_line_for_each_step),
	    cmocka_unit_test(the_table_tells_of_other_work_on_the_machine),
	    cmocka_unit_test(reasons_are_whole_whatever_the_width),
	    cmocka_unit_test(
		a_try_that_failed_without_strain_says_it_is_the_server),
	    cmocka_unit_test(the_steps_of_users_as_csv),
	    cmocka_unit_test(a_step_has_its_load_at_once_and_two_halves),
	    cmocka_unit_test(what_the_plan_says_of_time_is_kept),
	    cmocka_unit_test(the_command_line_says_where_to_start),
	    cmocka_unit_test(few_tasks_take_longer_to_judge),
	    cmocka_unit_test(
		a_search_needs_thresholds_and_a_load_to_start_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
