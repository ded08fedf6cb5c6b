/*
 * The muster: pretended agents are called, numbered, told their parts, and what
 * they say too early is kept.
 */
#include "muster.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fleet/fleet_private.h"
#include "tests/unit/fakes.h"
#include "tests/unit/planning.h"
#include "tests/unit/rosters.h"

/* --- pretended agents --------------------------------------------------- */

/* Says in an event what start it was told, and answers that in full. */
static void tell_start(struct fake *fake)
{
	char name[512];
	struct start start;
	const char *why;
	size_t n;

	fake_wait(fake, MESSAGE_START);
	if (!wire_get_start(&fake->in, &start, &why))
		_exit(95);
	n = (size_t)snprintf(name, sizeof(name), "%" PRIu32 "/%" PRIu32,
	    start.worker, roster_workers(&start.roster));
	for (size_t i = 0; i < start.n_rows; i++)
		n += (size_t)snprintf(name + n, sizeof(name) - n,
		    " %" PRIu64 "-%" PRIu64, start.rows[i].from,
		    start.rows[i].upto);
	wire_put_event(&fake->out,
	    &(struct event_message) {.name = name, .number = start.delay_us});
	start_clear(&start);
	fake_say(fake);
}

static void tell_up(struct fake *fake, uint32_t worker)
{
	char none[] = "";

	wire_put_member(&fake->out,
	    &(struct member_message) {.worker = worker, .host = none});
}

/* This program is also the way to a host, whose name says how many workers are
 * there: `w3`; `nobody` does not get ready. */
static int pretend(const char *host)
{
	uint32_t n = (uint32_t)strtoul(host + 1, NULL, 10);
	struct fake fake;

	fake_init(&fake, STDIN_FILENO, STDOUT_FILENO);
	if (strcmp(host, "nobody") == 0)
		return fake_refuse(&fake, "there is nobody");
	/* one more than there are */
	for (uint32_t i = 0; i <= n; i++)
		tell_up(&fake, i);
	fake_get_ready(&fake, n);
	tell_start(&fake);
	fake_wait(&fake, MESSAGES);
	return 0;
}

/* --- the test's side ---------------------------------------------------- */

struct call {
	struct plan *plan;
	struct fleet *fleet;
	struct stock stock;
	struct muster muster;
};

static void call_init(struct call *c, const char *hosts)
{
	char text[1024], self[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	memset(c, 0, sizeof(*c));
	snprintf(text, sizeof(text),
	    "[load]\nhost = http://127.0.0.1:9\nusers = 30\n"
	    "[task t]\nget = /\n[remote]\nhosts = %s\nrsh = %s --pretend\n",
	    hosts, self);
	c->plan = plan_of(text);
	c->fleet = fleet_new();
	assert_non_null(c->fleet);
	assert_int_equal(
	    muster_call(&c->muster, c->plan, c->fleet, &c->stock, 1), 0);
}

/* Until all are ready, or lost. */
static void gather_all(struct call *c)
{
	struct member_message news;

	while (fleet_readied(c->fleet) < fleet_size(c->fleet)) {
		struct fleet_event event;

		assert_int_equal(
		    fleet_wait(c->fleet, in_us(20 * US_PER_S), NULL, &event),
		    0);
		assert_int_not_equal(event.type, FLEET_NOTHING);
		if (event.type == FLEET_READY)
			muster_take_ready(&c->muster, &event);
		if (event.type == FLEET_MEMBER)
			assert_false(
			    muster_take_news(&c->muster, &event, &news));
	}
	muster_close(&c->muster);
}

static void call_clear(struct call *c)
{
	fleet_free(c->fleet);
	muster_clear(&c->muster);
	stock_clear(&c->stock);
	plan_free(c->plan);
}

/* What each who was started has said of it, by member. */
static void hear_starts(struct call *c, uint32_t n, char said[][128])
{
	for (uint32_t i = 0; i < n; i++) {
		struct fleet_event event = next(c->fleet, FLEET_EVENT);

		snprintf(
		    said[event.member->number], 128, "%s", event.message->name);
	}
}

/* --- numbers ------------------------------------------------------------ */

static void workers_are_numbered_host_by_host_and_the_lost_count_as_one(
    void **state)
{
	struct call c;

	(void)state;
	call_init(&c, "w3, nobody, w2");
	gather_all(&c);
	assert_int_equal(roster_workers(&c.muster.roster), 6);
	assert_int_equal(muster_first(&c.muster, 0), 0);
	assert_int_equal(muster_first(&c.muster, 1), 3);
	assert_int_equal(muster_first(&c.muster, 2), 4);
	assert_int_equal(muster_workers(&c.muster, 0), 3);
	assert_int_equal(muster_workers(&c.muster, 1), 1);
	assert_int_equal(muster_workers(&c.muster, 2), 2);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(muster_member(&c.muster, i)->number, i < 3 ? 0
								      : i == 3
									  ? 1
									  : 2);
	assert_string_equal(
	    fleet_member(c.fleet, 1)->why_lost, "there is nobody");
	call_clear(&c);
}

static void news_from_before_are_had_with_numbers(void **state)
{
	bool seen[6] = {false};
	struct member_message news;
	unsigned n = 0;
	struct call c;

	(void)state;
	call_init(&c, "w3, nobody, w2");
	gather_all(&c);
	/* those of workers that there are not are left out */
	for (; muster_next_news(&c.muster, &news); n++) {
		assert_in_range(news.worker, 0, 5);
		assert_false(seen[news.worker]);
		seen[news.worker] = true;
		member_message_clear(&news);
	}
	assert_int_equal(n, 5);
	assert_false(seen[3]);
	assert_false(muster_next_news(&c.muster, &news));
	call_clear(&c);
}

static void a_roster_that_would_leave_no_room_for_others_counts_as_one(
    void **state)
{
	struct roster large = {0};
	struct call c;

	(void)state;
	call_init(&c, "nobody, nil, nix");
	/* nobody is waited for: what they might say is put in place */
	roster_alike(&large, ROSTER_MAX_WORKERS);
	roster_copy(&c.muster.parts[0].roster, &large);
	roster_copy(&c.muster.parts[1].roster, &large);
	roster_alike(&large, ROSTER_MAX_WORKERS - 2);
	roster_copy(&c.muster.parts[2].roster, &large);
	muster_close(&c.muster);
	assert_true(roster_is_sound(&c.muster.roster));
	assert_int_equal(
	    muster_first(&c.muster, 2) + muster_workers(&c.muster, 2),
	    roster_workers(&c.muster.roster));
	assert_int_equal(muster_workers(&c.muster, 0), 1);
	assert_int_equal(muster_workers(&c.muster, 1), 1);
	assert_int_equal(muster_workers(&c.muster, 2), ROSTER_MAX_WORKERS - 2);
	roster_clear(&large);
	call_clear(&c);
}

/* --- the start ---------------------------------------------------------- */

static void rows_are_shared_by_weight_and_each_is_had_once(void **state)
{
	struct start start = {.worker = 10,
	    .n_rows = 2,
	    .rows = {{100, 140}, {7, 8}},
	    .delay_us = US_PER_S};
	char said[2][128];
	struct call c;

	(void)state;
	call_init(&c, "w3*1, w2*3");
	gather_all(&c);
	roster_alike(&start.roster, 20);
	muster_start(&c.muster, &start);
	hear_starts(&c, 2, said);
	assert_true(strncmp(said[0], "10/20 100-110 7-", 16) == 0);
	assert_true(strncmp(said[1], "13/20 110-140 ", 14) == 0);
	/* the single row goes to one of them */
	assert_string_equal(strrchr(said[0], '-'),
	    strstr(said[1], " 7-8") != NULL ? "-7" : "-8");
	start_clear(&start);
	call_clear(&c);
}

static void who_is_far_away_is_told_to_wait_less(void **state)
{
	struct start start = {.delay_us = 3 * US_PER_S};
	uint64_t delay_us[2];
	struct call c;

	(void)state;
	call_init(&c, "w1, x1");
	gather_all(&c);
	c.fleet->children[0]->member.rtt_us = 2 * US_PER_S;
	c.fleet->children[1]->member.rtt_us = 10 * US_PER_S;
	/* and what it takes to tell them all */
	assert_in_range(
	    muster_need_us(&c.muster), 5 * US_PER_S, 5 * US_PER_S + 10000);
	roster_alike(&start.roster, 2);
	muster_start(&c.muster, &start);
	for (int i = 0; i < 2; i++) {
		struct fleet_event event = next(c.fleet, FLEET_EVENT);

		delay_us[event.member->number] = event.message->number;
	}
	/* half of the way, and what it took to tell those before */
	assert_true(delay_us[0] <= 2 * US_PER_S);
	assert_true(delay_us[0] > US_PER_S);
	assert_int_equal(delay_us[1], 0);
	start_clear(&start);
	call_clear(&c);
}

/* --- what they need ----------------------------------------------------- */

static void a_host_where_too_few_files_can_be_opened_is_named(void **state)
{
	char *why;
	struct call c;

	(void)state;
	call_init(&c, "w1, w2");
	gather_all(&c);
	assert_int_equal(muster_files(&c.muster), 1024);
	assert_true(muster_fits(&c.muster, &why));
	assert_null(why);
	c.muster.parts[1].files = 3;
	assert_int_equal(muster_files(&c.muster), 3);
	assert_false(muster_fits(&c.muster, &why));
	assert_non_null(strstr(why, "host w2: "));
	assert_non_null(strstr(why, "the limit there is 3"));
	free(why);
	call_clear(&c);
}

static void need_has_a_limit(void **state)
{
	struct call c;

	(void)state;
	call_init(&c, "w1, w2");
	gather_all(&c);
	c.muster.parts[0].need_us = WIRE_MAX_NEED_US;
	assert_int_equal(muster_need_us(&c.muster), WIRE_MAX_NEED_US);
	call_clear(&c);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    FLEET_TEST(
		workers_are_numbered_host_by_host_and_the_lost_count_as_one),
	    FLEET_TEST(news_from_before_are_had_with_numbers),
	    FLEET_TEST(
		a_roster_that_would_leave_no_room_for_others_counts_as_one),
	    FLEET_TEST(rows_are_shared_by_weight_and_each_is_had_once),
	    FLEET_TEST(who_is_far_away_is_told_to_wait_less),
	    FLEET_TEST(a_host_where_too_few_files_can_be_opened_is_named),
	    FLEET_TEST(need_has_a_limit),
	};

	ignore_broken_pipes();
	if (argc > 2 && strcmp(argv[1], "--pretend") == 0)
		return pretend(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
