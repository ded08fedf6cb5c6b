/*
 * The roll: who has reported, who was asked, and who is silent for too long.
 */
#include "roll.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/fakes.h"
#include "tests/unit/planning.h"

enum { WORKERS = 3 };

static const char text[] = "[load]\nhost = http://127.0.0.1:9\n"
			   "report_interval = 2s\n[task t]\nget = /\n";

/* So many who play. */
struct team {
	struct plan *plan;
	struct fleet *fleet;
	struct roll roll;
};

static void team_init(struct team *t)
{
	static const struct role role = {0};
	struct start start = {.seed = 1};

	t->plan = plan_of(text);
	t->fleet = fleet_of(WORKERS, greets_and_waits, &role);
	roll_init(&t->roll, t->plan, t->fleet);
	for (int i = 0; i < WORKERS; i++)
		next(t->fleet, FLEET_READY);
	roster_alike(&start.roster, WORKERS);
	start_all(t->fleet, &start);
	start_clear(&start);
	roll_start(&t->roll, 1000, 500);
}

static void team_clear(struct team *t)
{
	roll_clear(&t->roll);
	fleet_free(t->fleet);
	plan_free(t->plan);
}

static void a_point_is_complete_when_everyone_who_plays_has_reported(
    void **state)
{
	struct team t;

	(void)state;
	team_init(&t);
	assert_int_equal(roll_grid_us(&t.roll), 1000 + 2 * US_PER_S);
	assert_false(roll_is_complete(&t.roll));
	roll_heard(&t.roll, 0, 1, 600);
	roll_heard(&t.roll, 2, 7, 600);
	assert_false(roll_is_complete(&t.roll));
	roll_heard(&t.roll, 1, 1, 600);
	assert_true(roll_is_complete(&t.roll));
	t.roll.grid++;
	assert_false(roll_is_complete(&t.roll));
	/* who is lost is not waited for */
	roll_heard(&t.roll, 0, 2, 600);
	fleet_kill(t.fleet, 1, "test");
	next(t.fleet, FLEET_LOST);
	assert_true(roll_is_complete(&t.roll));
	team_clear(&t);
}

static void everyone_who_was_asked_answers_with_the_next_snapshot(void **state)
{
	struct team t;

	(void)state;
	team_init(&t);
	assert_true(roll_has_answers(&t.roll));
	roll_heard(&t.roll, 0, 1, 600);
	roll_ask(&t.roll);
	assert_false(roll_has_answers(&t.roll));
	for (uint32_t i = 0; i < WORKERS; i++)
		roll_heard(&t.roll, i, 1, 700);
	assert_true(roll_has_answers(&t.roll));
	/* nor is the one who is lost meanwhile waited for */
	roll_ask(&t.roll);
	for (uint32_t i = 0; i + 1 < WORKERS; i++)
		roll_heard(&t.roll, i, 1, 800);
	assert_false(roll_has_answers(&t.roll));
	fleet_kill(t.fleet, WORKERS - 1, "test");
	next(t.fleet, FLEET_LOST);
	assert_true(roll_has_answers(&t.roll));
	team_clear(&t);
}

static void the_silent_are_given_up_and_nobody_else(void **state)
{
	struct team t;
	uint64_t now_us = 1000;

	(void)state;
	team_init(&t);
	/* listening all the time; 30 s is more than ten intervals */
	for (; now_us < 30 * US_PER_S; now_us += US_PER_S) {
		roll_heard(&t.roll, 0, 1, now_us);
		roll_heard(&t.roll, 2, 1, now_us);
		t.roll.listened_us = now_us;
		roll_give_up_the_silent(&t.roll, now_us);
	}
	assert_int_equal(fleet_alive(t.fleet), WORKERS);
	roll_give_up_the_silent(&t.roll, now_us + US_PER_S);
	assert_lost(t.fleet, "said nothing for 30s");
	assert_int_equal(fleet_member(t.fleet, 1)->state, MEMBER_LOST);
	assert_int_equal(fleet_alive(t.fleet), WORKERS - 1);
	team_clear(&t);
}

static void who_did_not_listen_does_not_know_who_was_silent(void **state)
{
	struct fleet_event event;
	struct team t;

	(void)state;
	team_init(&t);
	t.roll.listened_us = 1000;
	roll_give_up_the_silent(&t.roll, 100 * US_PER_S);
	roll_give_up_the_silent(&t.roll, 110 * US_PER_S);
	roll_give_up_the_silent(&t.roll, 120 * US_PER_S);
	assert_int_equal(fleet_wait(t.fleet, in_us(20000), NULL, &event), 0);
	assert_int_equal(event.type, FLEET_NOTHING);
	roll_give_up_the_silent(&t.roll, 131 * US_PER_S);
	for (int i = 0; i < WORKERS; i++)
		next(t.fleet, FLEET_LOST);
	team_clear(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FLEET_TEST(
		a_point_is_complete_when_everyone_who_plays_has_reported),
	    FLEET_TEST(everyone_who_was_asked_answers_with_the_next_snapshot),
	    FLEET_TEST(the_silent_are_given_up_and_nobody_else),
	    FLEET_TEST(who_did_not_listen_does_not_know_who_was_silent),
	};

	ignore_broken_pipes();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
