/*
 * A user's life without a server: tasks, waits, beginning and end.
 */
#include "tests/unit/tape.h"

static struct step steps_a[] = {REQUEST("a")};
static struct step steps_b[] = {REQUEST("b"), SLEEP(50), REQUEST("c")};
static struct step steps_s[] = {REQUEST("s")};
static struct step steps_e[] = {REQUEST("e")};

static void a_user_without_waits_goes_from_task_to_task(void **state)
{
	const struct task a = TASK(steps_a, 1);
	struct choice choices[] = {{&a, 1, 1}};
	const struct user_kind kind = {
	    .choices = choices, .n_choices = 1, .weights = 1};
	struct tape tape;
	struct user_world w = world_with(&tape);
	struct user u;

	(void)state;
	user_init(&u, &kind, 0, 1);
	user_begin(&u, &w, 0);
	answer(&w, true);
	answer(&w, true);
	assert_string_equal(tape.text, "aaa");
	assert_int_equal(u.job.iteration, 3);
	assert_int_equal(w.tasks_started, 3);
}

static void a_user_waits_between_tasks(void **state)
{
	const struct task a = TASK(steps_a, 1);
	struct choice choices[] = {{&a, 1, 1}};
	const struct user_kind kind = {.choices = choices,
	    .n_choices = 1,
	    .weights = 1,
	    .wait = {WAIT_RANGE, 300, 300}};
	struct tape tape;
	struct user_world w = world_with(&tape);
	struct user u;

	(void)state;
	user_init(&u, &kind, 0, 1);
	user_begin(&u, &w, 0);
	answer(&w, true);
	assert_string_equal(tape.text, "a.");
	assert_int_equal(tape.due_us, 1300);
	job_woken(&u.job, &w, 1300);
	assert_string_equal(tape.text, "a.a");
}

static void steps_run_from_top_to_bottom_with_sleeps_between(void **state)
{
	const struct task b = TASK(steps_b, 2);
	struct choice choices[] = {{&b, 1, 1}};
	const struct user_kind kind = {
	    .choices = choices, .n_choices = 1, .weights = 1, .iterations = 1};
	struct tape tape;
	struct user_world w = world_with(&tape);
	struct user u;

	(void)state;
	user_init(&u, &kind, 0, 1);
	user_begin(&u, &w, 0);
	for (int round = 0; round < 2; round++) {
		answer(&w, true);
		assert_int_equal(tape.due_us, 1050);
		job_woken(&u.job, &w, 1050);
		answer(&w, true);
	}
	assert_string_equal(tape.text, "b.cb.c!");
}

static void a_failed_request_ends_its_task(void **state)
{
	const struct task b = TASK(steps_b, 2);
	struct choice choices[] = {{&b, 1, 1}};
	const struct user_kind kind = {
	    .choices = choices, .n_choices = 1, .weights = 1, .iterations = 2};
	struct tape tape;
	struct user_world w = world_with(&tape);
	struct user u;

	(void)state;
	user_init(&u, &kind, 0, 1);
	user_begin(&u, &w, 0);
	answer(&w, false);
	answer(&w, false);
	assert_string_equal(tape.text, "bb!");
}

static void on_start_comes_first_and_on_stop_last(void **state)
{
	const struct task a = TASK(steps_a, 1);
	const struct task s = TASK(steps_s, 1);
	const struct task e = TASK(steps_e, 1);
	struct choice choices[] = {{&a, 1, 1}};
	const struct user_kind kind = {.choices = choices,
	    .n_choices = 1,
	    .weights = 1,
	    .on_start = &s,
	    .on_stop = &e,
	    .iterations = 2};
	struct tape tape;
	struct user_world w = world_with(&tape);
	struct user u;

	(void)state;
	user_init(&u, &kind, 0, 1);
	user_begin(&u, &w, 0);
	while (!tape.is_gone)
		answer(&w, true);
	assert_string_equal(tape.text, "saae!");
	assert_int_equal(u.job.iteration, 2);
}

static void note_idle(void *context, struct user *u)
{
	(void)u;
	write_down(context, "_");
}

/* Where a rate says when tasks start. */
static void an_idle_user_begins_the_tasks_that_are_given_to_it(void **state)
{
	const struct task b = TASK(steps_b, 1);
	const struct task s = TASK(steps_s, 1);
	struct choice choices[] = {{&b, 1, 1}};
	const struct user_kind kind = {.choices = choices,
	    .n_choices = 1,
	    .weights = 1,
	    .on_start = &s,
	    .wait = {WAIT_RANGE, 300, 300}};
	struct tape tape;
	struct user_world w = world_with(&tape);
	struct user u;

	(void)state;
	w.idle = note_idle;
	user_init(&u, &kind, 0, 1);
	user_begin(&u, &w, 0);
	assert_false(user_is_idle(&u));
	answer(&w, true);
	assert_true(user_is_idle(&u));
	user_begin_task(&u, &w, 250, 2000);
	assert_true(u.job.is_due);
	assert_int_equal(u.job.lag_us, 250);
	assert_int_equal(u.job.frame.start_us, 1750);
	answer(&w, true);
	job_woken(&u.job, &w, 3000);
	answer(&w, true);
	assert_true(user_is_idle(&u));
	user_finish(&u, &w, 4000);
	assert_string_equal(tape.text, "s_b.c_!");
	assert_false(user_is_idle(&u));
}

static void a_waiting_user_that_is_stopped_goes_at_once(void **state)
{
	const struct task a = TASK(steps_a, 1);
	struct choice choices[] = {{&a, 1, 1}};
	const struct user_kind kind = {.choices = choices,
	    .n_choices = 1,
	    .weights = 1,
	    .wait = {WAIT_RANGE, 300, 300}};
	struct tape tape;
	struct user_world w = world_with(&tape);
	struct user u;

	(void)state;
	user_init(&u, &kind, 0, 1);
	user_begin(&u, &w, 0);
	answer(&w, true);
	user_stop(&u, &w, 1100);
	assert_string_equal(tape.text, "a.!");
}

static void a_busy_user_that_is_stopped_finishes_its_task(void **state)
{
	const struct task b = TASK(steps_b, 1);
	struct choice choices[] = {{&b, 1, 1}};
	const struct user_kind kind = {
	    .choices = choices, .n_choices = 1, .weights = 1};
	struct tape tape;
	struct user_world w = world_with(&tape);
	struct user u;

	(void)state;
	user_init(&u, &kind, 0, 1);
	user_begin(&u, &w, 0);
	answer(&w, true);
	user_stop(&u, &w, 1000);
	assert_false(tape.is_gone);
	job_woken(&u.job, &w, 1050);
	answer(&w, true);
	assert_string_equal(tape.text, "b.c!");
}

static void users_share_the_tasks_that_are_left(void **state)
{
	const struct task a = TASK(steps_a, 1);
	struct choice choices[] = {{&a, 1, 1}};
	const struct user_kind kind = {
	    .choices = choices, .n_choices = 1, .weights = 1};
	struct tape tape;
	struct user_world w = world_with(&tape);
	struct user u;
	struct user v;

	(void)state;
	w.tasks_left = 3;
	user_init(&u, &kind, 0, 1);
	user_init(&v, &kind, 1, 1);
	user_begin(&u, &w, 0);
	user_begin(&v, &w, 0);
	answer_at(&w, OUTCOME_PASSED, NULL, 10);
	answer_at(&w, OUTCOME_PASSED, NULL, 10);
	assert_int_equal(v.stage, USER_GONE);
	answer_at(&w, OUTCOME_PASSED, NULL, 20);
	assert_int_equal(u.stage, USER_GONE);
	assert_string_equal(tape.text, "aaa!!");
	assert_int_equal(w.tasks_started, 3);
}

static void an_ordered_user_takes_tasks_in_turn(void **state)
{
	const struct task a = TASK(steps_a, 1);
	const struct task s = TASK(steps_s, 1);
	const struct task e = TASK(steps_e, 1);
	struct choice choices[] = {{&a, 1, 1}, {&s, 0, 1}, {&e, 5, 6}};
	const struct user_kind kind = {.choices = choices,
	    .n_choices = 3,
	    .weights = 6,
	    .order = ORDER_SEQUENCE,
	    .iterations = 4};
	struct tape tape;
	struct user_world w = world_with(&tape);
	struct user u;

	(void)state;
	user_init(&u, &kind, 0, 1);
	user_begin(&u, &w, 0);
	while (!tape.is_gone)
		answer(&w, true);
	assert_string_equal(tape.text, "aeae!");
}

/* A thousand tasks drawn by two users that are the same user. */
static void the_same_seed_and_number_draw_the_same_tasks(void **state)
{
	const struct task a = TASK(steps_a, 1);
	const struct task s = TASK(steps_s, 1);
	struct choice choices[] = {{&a, 3, 3}, {&s, 1, 4}};
	const struct user_kind kind = {.choices = choices,
	    .n_choices = 2,
	    .weights = 4,
	    .iterations = 200};
	struct tape tapes[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct user_world w = world_with(&tapes[i]);
		struct user u;

		user_init(&u, &kind, 7, 42);
		user_begin(&u, &w, 0);
		while (!tapes[i].is_gone)
			answer(&w, true);
	}
	assert_string_equal(tapes[0].text, tapes[1].text);
	assert_non_null(strchr(tapes[0].text, 's'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_user_without_waits_goes_from_task_to_task),
	    cmocka_unit_test(a_user_waits_between_tasks),
	    cmocka_unit_test(steps_run_from_top_to_bottom_with_sleeps_between),
	    cmocka_unit_test(a_failed_request_ends_its_task),
	    cmocka_unit_test(on_start_comes_first_and_on_stop_last),
	    cmocka_unit_test(
		an_idle_user_begins_the_tasks_that_are_given_to_it),
	    cmocka_unit_test(a_waiting_user_that_is_stopped_goes_at_once),
	    cmocka_unit_test(a_busy_user_that_is_stopped_finishes_its_task),
	    cmocka_unit_test(users_share_the_tasks_that_are_left),
	    cmocka_unit_test(an_ordered_user_takes_tasks_in_turn),
	    cmocka_unit_test(the_same_seed_and_number_draw_the_same_tasks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
