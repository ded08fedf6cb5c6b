/* Whether a step of a search holds, and what is said of it. */
#include "tests/unit/reporting.h"

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

static void send_books_of(struct run *run, struct books books, bool is_warmup)
{
	struct table table = {0};
	struct hist lateness = {0};
	struct report_delta delta = {.worker = 0,
	    .stage = is_warmup ? 2 : 4,
	    .until_us = is_warmup ? US_PER_S : 11 * US_PER_S,
	    .is_last_part = true,
	    .is_warmup = is_warmup,
	    .books = &books,
	    .lateness = &lateness,
	    .table = &table};

	report_delta(run->report, &delta);
	books_add(&run->own[0], &books);
}

static void send_books(struct run *run, struct books books)
{
	send_books_of(run, books, false);
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
	send_books_of(
	    &run, (struct books) {.intended = 100, .tasks = 100}, true);
	send_books(&run, (struct books) {.intended = 1000});
	step = judge(&run);
	assert_why(&step, "");
	assert_int_equal(step.requests, 1000);
	assert_int_equal(step.due, 1000);
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

/* One that fails of a thousand may be chance. */
static void missing_a_limit_of_nothing_is_not_clear(void **state)
{
	static char key[] = "failures", wanted[] = "<= 0";
	struct threshold t = {.key = key,
	    .wanted = wanted,
	    .stage = SIZE_MAX,
	    .measure = MEASURE_FAILURES,
	    .relation = RELATION_AT_MOST};
	struct stage stages[4];
	struct find_step step;
	struct run run;

	(void)state;
	step_open(&run, stages, &t, 1);
	send_halves(&run, 20000, 20000);
	send_stage(
	    &run, 4, 11 * US_PER_S, "/x", 1, sample_of(20000, "status 500"));
	send_books(&run, (struct books) {.intended = 1100});
	step = judge(&run);
	assert_why(&step, "failures 1, wanted <= 0");
	assert_false(step.is_clear);
	step_clear(&run, &step);
}

static void a_reason_is_one_however_long_a_name_is(void **state)
{
	enum { LEN = 5000 };
	struct threshold t = p95_below(300 * US_PER_MS);
	struct stage stages[4];
	struct find_step step;
	struct run run;

	(void)state;
	t.row = xcalloc(1, LEN + 1);
	memset(t.row, 'x', LEN);
	step_open(&run, stages, &t, 1);
	send_halves(&run, 20000, 20000);
	send_books(&run, (struct books) {.intended = 1100});
	step = judge(&run);
	assert_false(step.holds);
	assert_has(step.why, "...x");
	assert_has(step.why, "xx: p95 has no samples");
	assert_true(strlen(step.why) < 100);
	step_clear(&run, &step);
	free(t.row);
}

static void many_thresholds_that_fail_are_counted(void **state)
{
	struct threshold t[13];
	struct stage stages[4];
	struct find_step step;
	struct run run;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		t[i] = p95_below(300 * US_PER_MS);
	step_open(&run, stages, t, ARRAY_LEN(t));
	send_halves(&run, 400000, 400000);
	send_books(&run, (struct books) {.intended = 1100});
	step = judge(&run);
	assert_false(step.holds);
	assert_has(step.why, "< 300ms; and 3 more");
	step_clear(&run, &step);
}

static void what_the_warmup_has_in_the_books_is_not_judged(void **state)
{
	struct threshold t = p95_below(300 * US_PER_MS);
	struct stage stages[4];
	struct find_step step;
	struct run run;

	(void)state;
	step_open(&run, stages, &t, 1);
	send_halves(&run, 20000, 20000);
	send_books_of(&run,
	    (struct books) {.started = 60,
		.interrupted = 60,
		.tasks = 60,
		.intended = 100,
		.late = 50,
		.dropped = 40},
	    true);
	send_books(&run, (struct books) {.intended = 1000, .late = 5});
	step = judge(&run);
	assert_why(&step, "");
	assert_int_equal(step.due, 1000);
	assert_int_equal(step.late, 5);
	assert_int_equal(step.dropped, 0);
	assert_float_equal(step.tasks_per_s, 100, 0.001);
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

static void a_generator_that_makes_no_more_load_is_stalled(void **state)
{
	static char good[] = "", bad[] = "p95 412ms, wanted < 300ms";
	static char strain[] = "95.0 % of a core";
	struct find_step steps[] = {made_up(100, false, good),
	    made_up(200, false, good), made_up(400, false, good),
	    made_up(800, false, good)};

	(void)state;
	for (size_t i = 1; i < ARRAY_LEN(steps); i++) {
		steps[i].strain = strain;
		steps[i].tasks_per_s = 1000 + (double)i;
	}
	assert_true(find_is_stalled(steps, 4));
	assert_false(find_is_stalled(steps, 3));
	assert_false(find_is_stalled(steps, 2));
	steps[3].tasks_per_s = 1100;
	assert_false(find_is_stalled(steps, 4));
	steps[3].tasks_per_s = 900;
	steps[2].is_disturbed = true;
	assert_false(find_is_stalled(steps, 4));
	steps[2] = made_up(400, false, bad);
	steps[2].strain = strain;
	assert_false(find_is_stalled(steps, 4));
}

static void a_load_has_its_unit(void **state)
{
	char text[FIGURE_BYTES];

	(void)state;
	assert_string_equal(find_load_words(text, 1, false), "1 user");
	assert_string_equal(find_load_words(text, 1200, false), "1,200 users");
	assert_string_equal(find_load_words(text, 1, true), "1/s");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_step_holds_that_keeps_up_within_its_thresholds),
	    cmocka_unit_test(a_threshold_that_does_not_hold_is_the_reason),
	    cmocka_unit_test(twice_the_limit_is_clear),
	    cmocka_unit_test(missing_a_limit_of_nothing_is_not_clear),
	    cmocka_unit_test(a_reason_is_one_however_long_a_name_is),
	    cmocka_unit_test(many_thresholds_that_fail_are_counted),
	    cmocka_unit_test(what_the_warmup_has_in_the_books_is_not_judged),
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
	    cmocka_unit_test(a_generator_that_makes_no_more_load_is_stalled),
	    cmocka_unit_test(a_load_has_its_unit),
	    cmocka_unit_test(the_steps_of_users_as_csv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
