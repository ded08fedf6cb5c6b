/*
 * The way to an agent, state by state: what is sent arrives whole and in order,
 * whoever is silent for too long is given up, and nothing is left behind.
 */
#include "fleet/link.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fleet/fleet_private.h"
#include "tests/unit/fakes.h"

/* --- what is sent ------------------------------------------------------- */

/* Of all items in order: kinds, names, bytes. */
struct digest {
	uint64_t items;
	uint64_t bytes;
	uint64_t hash;
};

static void digest_add(struct digest *d, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < n; i++)
		d->hash = (d->hash ^ at[i]) * UINT64_C(1099511628211);
}

static void digest_item(
    struct digest *d, unsigned kind, const char *name, uint64_t bytes)
{
	uint8_t number = (uint8_t)kind;

	digest_add(d, &number, 1);
	digest_add(d, name, strlen(name) + 1);
	d->items++;
	d->bytes += bytes;
}

static void digest_text(const struct digest *d, char *text, size_t size)
{
	snprintf(text, size, "%" PRIu64 " items, %" PRIu64 " bytes, %" PRIx64,
	    d->items, d->bytes, d->hash);
}

/* Says in its refusal what has come. */
static int tells_what_came(const void *arg, int in_fd, int out_fd)
{
	struct digest digest = {0};
	struct fake fake;
	uint64_t left = 0;
	char text[128];

	(void)arg;
	fake_init(&fake, in_fd, out_fd);
	for (;;) {
		enum message_type type = fake_hear(&fake);
		const char *why;
		struct item item;
		struct buf bytes;

		if (type == MESSAGE_ITEM) {
			if (left > 0 || !wire_get_item(&fake.in, &item, &why))
				return fake_refuse(&fake, "an item too early");
			digest_item(&digest, item.kind, item.name, item.bytes);
			left = item.bytes;
			item_clear(&item);
		} else if (type == MESSAGE_BYTES) {
			buf_init(&bytes, WIRE_PART_BYTES);
			if (!wire_get_bytes(&fake.in, &bytes, &why) ||
			    buf_len(&bytes) > left)
				return fake_refuse(&fake, "too many bytes");
			digest_add(&digest, buf_bytes(&bytes), buf_len(&bytes));
			left -= buf_len(&bytes);
			buf_clear(&bytes);
		} else if (type == MESSAGE_PREPARE) {
			digest_text(&digest, text, sizeof(text));
			return fake_refuse(
			    &fake, left > 0 ? "bytes are missing" : text);
		} else if (type == MESSAGE_PING) {
			fake_pong(&fake);
		} else {
			fake_skip(&fake);
		}
	}
}

/* The digest of all in `all` that `own` does not replace, and of own. */
static void digest_stocks(
    struct digest *d, const struct stock *all, const struct stock *own)
{
	for (size_t i = 0; i < all->n + own->n; i++) {
		const struct stock_item *item =
		    i < all->n ? &all->at[i] : &own->at[i - all->n];

		if (i < all->n && stock_find(own, item->kind, item->name))
			continue;
		digest_item(d, item->kind, item->name, item->len);
		digest_add(d, item->bytes, item->len);
	}
}

static void assert_arrives(const struct stock *all, const struct stock *own)
{
	struct fleet_host host = fake_host(tells_what_came);
	struct fleet *f = fleet_new();
	struct digest digest = {0};
	char text[128];

	host.stock = all;
	host.own = own;
	digest_stocks(&digest, all, own);
	digest_text(&digest, text, sizeof(text));
	assert_non_null(f);
	fleet_connect(f, &host);
	assert_lost(f, text);
	fleet_free(f);
}

static void items_of_any_size_arrive_whole_and_in_order(void **state)
{
	static const size_t sizes[] = {
	    0, 1, 32767, 32768, 32769, 65536, 5 << 20, 0, 0, 3};
	struct stock all = {0}, own = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char name[32];
		uint8_t *room;

		snprintf(name, sizeof(name), "file %zu", i);
		room = stock_add_room(&all, STOCK_FILE, name, sizes[i]);
		assert_non_null(room);
		for (size_t k = 0; k < sizes[i]; k++)
			room[k] = (uint8_t)(k * 31 + i);
	}
	assert_true(stock_add(&all, STOCK_TEXT, "plan.ini", "[load]\n", 7));
	assert_arrives(&all, &own);
	stock_clear(&all);
}

static void ten_thousand_items_arrive(void **state)
{
	struct stock all = {0}, own = {0};

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%u", i * 7919 % 10000);
		assert_true(stock_add(&all, STOCK_FILE, name, "bytes", i % 6));
	}
	assert_arrives(&all, &own);
	stock_clear(&all);
}

static void nothing_at_all_arrives_too(void **state)
{
	struct stock all = {0}, own = {0};

	(void)state;
	assert_arrives(&all, &own);
}

static void what_an_agent_has_of_its_own_replaces_the_rest(void **state)
{
	struct stock all = {0}, own = {0};

	(void)state;
	assert_true(stock_add(&all, STOCK_TEXT, "plan.ini", "[load]\n", 7));
	assert_true(stock_add(&all, STOCK_OVERRIDE, "hosts", "old", 3));
	assert_true(stock_add(&all, STOCK_FILE, "hosts", "a file", 6));
	assert_true(stock_add(&all, STOCK_OVERRIDE, "other", "x", 1));
	assert_true(stock_add(&own, STOCK_OVERRIDE, "hosts", "new", 3));
	assert_arrives(&all, &own);
	stock_clear(&all);
	stock_clear(&own);
}

/* --- getting there ------------------------------------------------------ */

static int is_ready_and_answers(const void *arg, int in_fd, int out_fd)
{
	struct fake fake;

	(void)arg;
	fake_init(&fake, in_fd, out_fd);
	fake_get_ready(&fake, 3);
	fake_wait(&fake, MESSAGES);
	return 0;
}

static int is_ready_and_silent(const void *arg, int in_fd, int out_fd)
{
	struct fake fake;

	(void)arg;
	fake_init(&fake, in_fd, out_fd);
	fake_get_ready(&fake, 3);
	while (pause() < 0)
		;
	return 0;
}

static int greets_and_is_silent(const void *arg, int in_fd, int out_fd)
{
	(void)arg;
	say_hello(out_fd);
	return never_greets(NULL, in_fd, out_fd);
}

static struct fleet *fleet_with(fleet_child *here)
{
	struct fleet_host host = fake_host(here);
	struct fleet *f = fleet_new();

	assert_non_null(f);
	fleet_connect(f, &host);
	assert_int_equal(fleet_size(f), 1);
	assert_true(fleet_member(f, 0)->is_agent);
	return f;
}

static void one_that_is_ready_says_with_how_many(void **state)
{
	struct fleet *f = fleet_with(is_ready_and_answers);
	struct fleet_event event;

	(void)state;
	assert_int_equal(fleet_readied(f), 0);
	event = next(f, FLEET_READY);
	assert_non_null(event.ready);
	assert_int_equal(roster_workers(&event.ready->roster), 3);
	assert_int_equal(event.member->state, MEMBER_READY);
	assert_int_equal(fleet_readied(f), 1);
	fleet_free(f);
}

/* Waits until that holds of the only member. */
static void wait_until(struct fleet *f, bool (*holds)(const struct child *c))
{
	uint64_t until_us = in_us(20 * US_PER_S);

	while (!holds(f->children[0])) {
		struct fleet_event event;

		assert_true(clock_us() < until_us);
		assert_int_equal(fleet_wait(f, in_us(10000), NULL, &event), 0);
		assert_int_not_equal(event.type, FLEET_LOST);
	}
}

static bool is_pong_there(const struct child *c)
{
	return c->member.rtt_us > 0;
}

static void the_way_there_and_back_is_measured(void **state)
{
	struct fleet *f = fleet_with(is_ready_and_answers);

	(void)state;
	next(f, FLEET_READY);
	wait_until(f, is_pong_there);
	assert_true(fleet_member(f, 0)->rtt_us < 20 * US_PER_S);
	fleet_free(f);
}

static void the_shortest_way_counts_and_no_stale_answer(void **state)
{
	struct link link = {.is_pinged = true, .ping = 4, .ping_us = 1000};
	struct child c = {.link = &link};

	(void)state;
	link_take_pong(&c, 3, 2000);
	assert_int_equal(c.member.rtt_us, 0);
	link_take_pong(&c, 4, 2000);
	assert_int_equal(c.member.rtt_us, 1000);
	link_take_pong(&c, 4, 1001);
	assert_int_equal(c.member.rtt_us, 1000);
	link.is_pinged = true;
	link_take_pong(&c, 4, 3000);
	assert_int_equal(c.member.rtt_us, 1000);
	link.is_pinged = true;
	link_take_pong(&c, 4, 1000);
	assert_int_equal(c.member.rtt_us, 1);
}

/* --- who is silent ------------------------------------------------------ */

static bool is_up(const struct child *c)
{
	return c->link->state == LINK_UP;
}

static bool is_taking(const struct child *c)
{
	return c->link->state == LINK_PREPARING;
}

static void one_that_plays_and_does_not_answer_is_given_up(void **state)
{
	struct fleet *f = fleet_with(is_ready_and_silent);

	(void)state;
	wait_until(f, is_up);
	f->children[0]->link->heard_us -= 9 * US_PER_S;
	assert_lost(f, "stalls: it did not answer within 8s");
	fleet_free(f);
}

static void one_that_answers_is_not_given_up(void **state)
{
	struct fleet *f = fleet_with(is_ready_and_answers);

	(void)state;
	wait_until(f, is_up);
	/* as if it had been silent for almost too long */
	f->children[0]->link->heard_us -= 7 * US_PER_S;
	f->children[0]->link->ping_us = 0;
	f->children[0]->link->is_pinged = false;
	f->children[0]->member.rtt_us = 0;
	wait_until(f, is_pong_there);
	assert_true(clock_us() - f->children[0]->link->heard_us < 7 * US_PER_S);
	fleet_free(f);
}

static void one_that_prepares_for_too_long_is_given_up(void **state)
{
	struct fleet *f = fleet_with(greets_and_is_silent);

	(void)state;
	wait_until(f, is_taking);
	f->children[0]->link->until_us = 1;
	assert_lost(f, "did not get ready within 30m");
	fleet_free(f);
}

static void one_that_is_silent_while_it_prepares_is_given_up(void **state)
{
	struct fleet *f = fleet_with(greets_and_is_silent);

	(void)state;
	wait_until(f, is_taking);
	f->children[0]->link->heard_us -= 61 * US_PER_S;
	assert_lost(f, "did not answer within 20s");
	fleet_free(f);
}

static bool is_stuck(const struct child *c)
{
	return c->link->state == LINK_SENDING && buf_len(&c->peer.out) > 0;
}

static void one_that_takes_nothing_is_given_up(void **state)
{
	struct fleet_host host = fake_host(greets_and_is_silent);
	struct fleet *f = fleet_new();
	struct stock all = {0};

	(void)state;
	assert_non_null(stock_add_room(&all, STOCK_FILE, "large", 1 << 20));
	host.stock = &all;
	fleet_connect(f, &host);
	wait_until(f, is_stuck);
	f->children[0]->link->put_us -= 61 * US_PER_S;
	assert_lost(f, "took nothing of what it is sent within 20s");
	fleet_free(f);
	stock_clear(&all);
}

static void nobody_is_given_up_for_a_time_in_which_we_were_not_there(
    void **state)
{
	struct fleet *f = fleet_with(is_ready_and_answers);
	struct link *link;
	struct fleet_event event;

	(void)state;
	wait_until(f, is_up);
	link = f->children[0]->link;
	link->heard_us -= 60 * US_PER_S;
	f->minded_us -= 60 * US_PER_S;
	assert_int_equal(fleet_wait(f, in_us(300000), NULL, &event), 0);
	assert_int_equal(event.type, FLEET_NOTHING);
	/* and who has spoken since is not from the future */
	link->heard_us = clock_us();
	f->minded_us -= 60 * US_PER_S;
	assert_int_equal(fleet_wait(f, in_us(300000), NULL, &event), 0);
	assert_int_equal(event.type, FLEET_NOTHING);
	assert_int_equal(fleet_alive(f), 1);
	fleet_free(f);
}

/* --- orders at any time ------------------------------------------------- */

static void who_is_not_there_yet_is_let_go_when_the_run_ends(void **state)
{
	struct fleet *f = fleet_with(is_ready_and_answers);

	(void)state;
	fleet_add_users(f, 3);
	fleet_command(f, COMMAND_REPORT);
	assert_false(f->children[0]->is_leaving);
	assert_int_equal(fleet_alive(f), 1);
	fleet_command(f, COMMAND_STOP);
	assert_lost(f, "the run ended before");
	fleet_free(f);
}

static void who_was_started_and_has_not_greeted_is_let_go_too(void **state)
{
	struct fleet *f = fleet_with(never_greets);
	struct fleet_event event;

	(void)state;
	assert_int_equal(fleet_wait(f, in_us(50000), NULL, &event), 0);
	assert_int_equal(event.type, FLEET_NOTHING);
	assert_int_equal(f->children[0]->link->state, LINK_GREETING);
	fleet_add_users(f, 3);
	fleet_command(f, COMMAND_LEAVE);
	assert_lost(f, "the run ended before");
	fleet_free(f);
}

/* --- agents that lie ---------------------------------------------------- */

static int counts_before_it_is_started(const void *arg, int in_fd, int out_fd)
{
	uint64_t sequence = 0;

	(void)arg;
	say_hello(out_fd);
	say_snapshots(out_fd, 1, 1, &sequence);
	return never_greets(NULL, in_fd, out_fd);
}

static int is_ready_twice(const void *arg, int in_fd, int out_fd)
{
	struct fake fake;

	(void)arg;
	fake_init(&fake, in_fd, out_fd);
	fake_get_ready(&fake, 1);
	wire_put_ready(
	    &fake.out, &(struct ready_message) {.readiness = READY_ENDS_RUN});
	fake_say(&fake);
	return never_greets(NULL, in_fd, out_fd);
}

static void one_that_counts_before_it_is_started_is_lost(void **state)
{
	struct fleet *f = fleet_with(counts_before_it_is_started);

	(void)state;
	assert_lost_saying(f, "sent garbage: a snapshot before the start");
	fleet_free(f);
}

static void one_that_is_ready_twice_is_lost(void **state)
{
	struct fleet *f = fleet_with(is_ready_twice);

	(void)state;
	next(f, FLEET_READY);
	assert_lost_saying(f, "sent garbage: ready for the second time");
	fleet_free(f);
}

static void workers_of_our_own_say_nothing_that_agents_say(void **state)
{
	struct fleet *f = fleet_of(1, is_ready_and_answers, NULL);
	struct buf *out;

	(void)state;
	next(f, FLEET_READY);
	out = &f->children[0]->peer.out;
	wire_put_prepare(out);
	fleet_tell(f, f->children[0]);
	assert_lost_saying(
	    f, "sent garbage: a message that is not for a parent");
	fleet_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FLEET_TEST(items_of_any_size_arrive_whole_and_in_order),
	    FLEET_TEST(ten_thousand_items_arrive),
	    FLEET_TEST(nothing_at_all_arrives_too),
	    FLEET_TEST(what_an_agent_has_of_its_own_replaces_the_rest),
	    FLEET_TEST(one_that_is_ready_says_with_how_many),
	    FLEET_TEST(the_way_there_and_back_is_measured),
	    FLEET_TEST(the_shortest_way_counts_and_no_stale_answer),
	    FLEET_TEST(one_that_plays_and_does_not_answer_is_given_up),
	    FLEET_TEST(one_that_answers_is_not_given_up),
	    FLEET_TEST(one_that_prepares_for_too_long_is_given_up),
	    FLEET_TEST(one_that_is_silent_while_it_prepares_is_given_up),
	    FLEET_TEST(one_that_takes_nothing_is_given_up),
	    FLEET_TEST(
		nobody_is_given_up_for_a_time_in_which_we_were_not_there),
	    FLEET_TEST(who_is_not_there_yet_is_let_go_when_the_run_ends),
	    FLEET_TEST(who_was_started_and_has_not_greeted_is_let_go_too),
	    FLEET_TEST(one_that_counts_before_it_is_started_is_lost),
	    FLEET_TEST(one_that_is_ready_twice_is_lost),
	    FLEET_TEST(workers_of_our_own_say_nothing_that_agents_say),
	};

	ignore_broken_pipes();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
