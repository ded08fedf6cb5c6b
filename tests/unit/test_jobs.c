/*
 * What a user does within a task and beside it: polls, calls, background,
 * transactions, what failures and stops mean.
 */
#include "tests/unit/tape.h"

/* A user who plays this task so often, with a world of its own. */
struct play {
	struct tape tape;
	struct user_world w;
	struct choice choice;
	struct user_kind kind;
	struct user u;
	struct job beside;
};

static void begin(struct play *p, const struct task *task, uint64_t iterations)
{
	memset(p, 0, sizeof(*p));
	p->w = world_with(&p->tape);
	p->choice = (struct choice) {task, 1, 1};
	p->kind = (struct user_kind) {.choices = &p->choice,
	    .n_choices = 1,
	    .weights = 1,
	    .iterations = iterations};
	user_init(&p->u, &p->kind, 0, 1);
	p->tape.spare = &p->beside;
	user_begin(&p->u, &p->w, 0);
}

static void end(struct play *p)
{
	static const struct plan none;

	user_clear(&p->u, &none);
}

#define POLL(letter, beside_it)                                             \
	{                                                                   \
		.type = STEP_POLL, .background = (beside_it),               \
		.poll = {.every_us = 100, .timeout_us = 1000}, .request = { \
			.method = (char[]) {letter}                         \
		}                                                           \
	}

static void a_poll_asks_until_it_is_decided(void **state)
{
	struct step steps[] = {POLL("p", false), REQUEST("a")};
	const struct task task = TASK(steps, 1);
	struct play p;

	(void)state;
	begin(&p, &task, 1);
	assert_int_equal(p.tape.limit_us, 1000);
	answer_at(&p.w, OUTCOME_AGAIN, NULL, 30);
	assert_int_equal(p.tape.due_us, 100);
	job_woken(p.tape.paused, &p.w, 100);
	assert_int_equal(p.tape.limit_us, 900);
	answer_at(&p.w, OUTCOME_AGAIN, NULL, 250); /* late: at once */
	assert_int_equal(p.tape.due_us, 250);
	job_woken(p.tape.paused, &p.w, 250);
	answer_at(&p.w, OUTCOME_PASSED, NULL, 270);
	answer(&p.w, true);
	assert_string_equal(p.tape.text, "p.p.p[POLL 270 passed]a!");
	end(&p);
}

static void a_poll_fails_with_its_text_and_ends_the_task(void **state)
{
	struct step steps[] = {POLL("p", false), REQUEST("a")};
	const struct task task = TASK(steps, 1);
	struct play p;

	(void)state;
	begin(&p, &task, 1);
	answer_at(&p.w, OUTCOME_FAILED, "Saw ERROR status", 30);
	assert_string_equal(p.tape.text, "p[POLL 30 Saw ERROR status]!");
	end(&p);
}

static void a_poll_gives_up_at_its_timeout(void **state)
{
	struct step steps[] = {POLL("p", false), REQUEST("a")};
	const struct task task = TASK(steps, 1);
	struct play p;

	(void)state;
	begin(&p, &task, 1);
	answer_at(&p.w, OUTCOME_AGAIN, NULL, 950);
	job_woken(p.tape.paused, &p.w, 950);
	assert_int_equal(p.tape.limit_us, 50);
	answer_at(&p.w, OUTCOME_AGAIN, NULL, 1000);
	job_woken(p.tape.paused, &p.w, 1000);
	assert_string_equal(
	    p.tape.text, "p.p.[POLL 1000 timed out after 1ms]!");
	end(&p);
}

static void a_poll_beside_does_not_hold_its_task(void **state)
{
	struct step steps[] = {POLL("p", true), REQUEST("a")};
	const struct task task = TASK(steps, 1);
	struct play p;

	(void)state;
	begin(&p, &task, 2);
	assert_string_equal(p.tape.text, "(pa");
	p.tape.asking[0] = &p.u.job; /* the task's request is answered first */
	p.tape.asking[1] = &p.beside;
	answer(&p.w, true);
	/* there is no room for a second one: it is counted, and left out */
	assert_int_equal(p.w.jobs_skipped, 1);
	assert_string_equal(p.tape.text, "(paa");
	answer_at(&p.w, OUTCOME_PASSED, NULL, 5000);
	assert_string_equal(p.tape.text, "(paa[POLL 5000 passed])");
	answer(&p.w, true);
	assert_true(p.tape.is_gone);
	end(&p);
}

static void a_user_that_is_done_waits_for_what_runs_beside_it(void **state)
{
	struct step steps[] = {POLL("p", true)};
	struct step goodbye[] = {REQUEST("e")};
	const struct task task = TASK(steps, 1);
	const struct task on_stop = TASK(goodbye, 1);
	struct play p;

	(void)state;
	begin(&p, &task, 1);
	p.kind.on_stop = &on_stop;
	assert_int_equal(p.u.stage, USER_LINGERING);
	answer_at(&p.w, OUTCOME_PASSED, NULL, 5000);
	assert_int_equal(p.u.stage, USER_STOPPING);
	answer(&p.w, true);
	assert_string_equal(p.tape.text, "(p[POLL 5000 passed])e!");
	end(&p);
}

static void a_stop_drops_what_runs_beside(void **state)
{
	struct step steps[] = {POLL("p", true)};
	const struct task task = TASK(steps, 1);
	struct play p;

	(void)state;
	begin(&p, &task, 1);
	user_stop(&p.u, &p.w, 100);
	assert_int_equal(p.tape.n_dropped, 1);
	assert_true(p.tape.is_gone);
	end(&p);
}

static void a_task_in_the_background_lets_its_user_wait_at_once(void **state)
{
	struct step steps[] = {REQUEST("a"), REQUEST("b")};
	struct task task = TASK(steps, 1);
	struct play p;

	(void)state;
	task.background = true;
	begin(&p, &task, 2);
	assert_string_equal(p.tape.text, "(a.");
	answer(&p.w, true);
	answer(&p.w, true);
	assert_string_equal(p.tape.text, "(a.b)");
	end(&p);
}

static void a_call_runs_the_steps_of_another_task_here(void **state)
{
	struct step inner_steps[] = {REQUEST("i"), REQUEST("j")};
	const struct task inner = TASK(inner_steps, 2);
	struct step steps[] = {REQUEST("a"),
	    {.type = STEP_CALL, .call = (struct task *)(uintptr_t)&inner},
	    REQUEST("b")};
	const struct task task = TASK(steps, 1);
	struct play p;

	(void)state;
	begin(&p, &task, 1);
	while (!p.tape.is_gone)
		answer(&p.w, true);
	assert_string_equal(p.tape.text, "aijijb!");
	end(&p);
}

static void a_failure_in_a_call_ends_the_task_that_calls(void **state)
{
	struct step inner_steps[] = {REQUEST("i"), REQUEST("j")};
	struct task inner = TASK(inner_steps, 2);
	struct step steps[] = {
	    {.type = STEP_CALL, .call = &inner}, REQUEST("b")};
	struct task task = TASK(steps, 1);
	char inner_name[] = "inner", outer_name[] = "outer";
	struct play p;

	(void)state;
	inner.transaction = inner_name;
	task.transaction = outer_name;
	begin(&p, &task, 1);
	answer(&p.w, false);
	assert_string_equal(p.tape.text,
	    "i[TRANSACTION 1000 a step of it failed]"
	    "[TRANSACTION 1000 a step of it failed]!");
	assert_true(p.u.has_failed);
	end(&p);
}

static void a_transaction_has_the_time_of_all_steps_and_rounds(void **state)
{
	struct step steps[] = {REQUEST("a")};
	struct task task = TASK(steps, 2);
	char name[] = "t";
	struct play p;

	(void)state;
	task.transaction = name;
	begin(&p, &task, 1);
	answer_at(&p.w, OUTCOME_PASSED, NULL, 10);
	answer_at(&p.w, OUTCOME_PASSED, NULL, 30);
	assert_string_equal(p.tape.text, "aa[TRANSACTION 30 passed]!");
	end(&p);
}

static void on_fail_says_what_a_failure_means(void **state)
{
	static const struct {
		enum on_fail on_fail;
		const char *tape;
		bool stops_test;
	} cases[] = {
	    {ON_FAIL_CONTINUE, "abab!", false},
	    {ON_FAIL_END_TASK, "aa!", false},
	    {ON_FAIL_STOP_USER, "a!", false},
	    {ON_FAIL_STOP_TEST, "a!", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct step steps[] = {REQUEST("a"), REQUEST("b")};
		const struct task task = TASK(steps, 1);
		struct play p;

		steps[0].on_fail = cases[i].on_fail;
		begin(&p, &task, 2);
		while (!p.tape.is_gone)
			answer(&p.w, job_step(p.tape.asking[0]) != &steps[0]);
		assert_string_equal(p.tape.text, cases[i].tape);
		assert_int_equal(p.tape.is_stopped, cases[i].stops_test);
		end(&p);
	}
}

static void stop_ends_the_task_and_the_user(void **state)
{
	struct step steps[] = {
	    REQUEST("a"), {.type = STEP_STOP, .stop = STOP_USER}, REQUEST("b")};
	const struct task task = TASK(steps, 1);
	struct play p;

	(void)state;
	begin(&p, &task, 0);
	answer(&p.w, true);
	assert_string_equal(p.tape.text, "a!");
	assert_false(p.tape.is_stopped);
	assert_false(p.u.has_failed);
	end(&p);
}

static void a_step_is_left_out_when_its_condition_does_not_hold(void **state)
{
	struct step steps[] = {REQUEST("a"), REQUEST("b")};
	const struct task task = TASK(steps, 1);
	struct play p;

	(void)state;
	steps[0].when = (struct condition *)(uintptr_t)steps; /* any */
	begin(&p, &task, 1);
	answer(&p.w, true);
	assert_string_equal(p.tape.text, "b!");
	end(&p);
}

static void set_and_emit_take_no_time(void **state)
{
	struct step steps[] = {
	    {.type = STEP_SET}, {.type = STEP_EMIT}, REQUEST("a")};
	const struct task task = TASK(steps, 1);
	struct play p;

	(void)state;
	begin(&p, &task, 1);
	assert_string_equal(p.tape.text, "=*a");
	answer(&p.w, true);
	end(&p);
}

static void a_task_without_pauses_lets_others_have_their_turn(void **state)
{
	struct step steps[] = {{.type = STEP_SET}};
	const struct task task = TASK(steps, 1000);
	struct play p;

	(void)state;
	begin(&p, &task, 1);
	assert_false(p.tape.is_gone);
	assert_int_equal(p.u.job.state, JOB_SLEEPING);
	end(&p);
}

static void a_user_whose_rows_are_used_up_is_done(void **state)
{
	struct step steps[] = {REQUEST("a")};
	struct task task = TASK(steps, 1);
	struct play p;

	(void)state;
	task.data = 1;
	begin(&p, &task, 0);
	p.tape.has_rows = false;
	answer(&p.w, true);
	assert_string_equal(p.tape.text, "#a#!");
	assert_int_equal(p.w.tasks_started, 1);
	end(&p);
}

static void a_failure_beside_may_stop_a_user_that_waits(void **state)
{
	struct step steps[] = {POLL("p", true)};
	const struct task task = TASK(steps, 1);
	struct play p;

	(void)state;
	steps[0].on_fail = ON_FAIL_STOP_USER;
	begin(&p, &task, 0);
	assert_int_equal(p.u.job.state, JOB_WAITING);
	answer_at(&p.w, OUTCOME_FAILED, "no", 50);
	job_woken(p.tape.paused, &p.w, 50);
	assert_true(p.tape.is_gone);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_poll_asks_until_it_is_decided),
	    cmocka_unit_test(a_poll_fails_with_its_text_and_ends_the_task),
	    cmocka_unit_test(a_poll_gives_up_at_its_timeout),
	    cmocka_unit_test(a_poll_beside_does_not_hold_its_task),
	    cmocka_unit_test(a_user_that_is_done_waits_for_what_runs_beside_it),
	    cmocka_unit_test(a_stop_drops_what_runs_beside),
	    cmocka_unit_test(
		a_task_in_the_background_lets_its_user_wait_at_once),
	    cmocka_unit_test(a_call_runs_the_steps_of_another_task_here),
	    cmocka_unit_test(a_failure_in_a_call_ends_the_task_that_calls),
	    cmocka_unit_test(
		a_transaction_has_the_time_of_all_steps_and_rounds),
	    cmocka_unit_test(on_fail_says_what_a_failure_means),
	    cmocka_unit_test(stop_ends_the_task_and_the_user),
	    cmocka_unit_test(
		a_step_is_left_out_when_its_condition_does_not_hold),
	    cmocka_unit_test(set_and_emit_take_no_time),
	    cmocka_unit_test(a_task_without_pauses_lets_others_have_their_turn),
	    cmocka_unit_test(a_user_whose_rows_are_used_up_is_done),
	    cmocka_unit_test(a_failure_beside_may_stop_a_user_that_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
