/*
 * Children that die, fall silent or talk nonsense: each is lost for a reason
 * that is told, and nothing that was sent before is lost with it.
 */
#include "fleet/fleet.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/process.h"
#include "base/util.h"
#include "tests/unit/children.h"
#include "tests/unit/fakes.h"

/* --- children ----------------------------------------------------------- */

static int prints_a_banner(const void *arg, int in_fd, int out_fd)
{
	char byte;

	(void)arg;
	if (write(out_fd, "Welcome!\n", 9) != 9)
		return 1;
	while (read(in_fd, &byte, 1) != 0)
		;
	return 0;
}

static int speaks_another_version(const void *arg, int in_fd, int out_fd)
{
	static const uint8_t greeting[] = {
	    8, 0, 0, 0, MESSAGE_GREETING, 'L', 'G', 'E', 'N', 7, 0, 0, 0};
	char byte;

	(void)arg;
	if (write(out_fd, greeting, sizeof(greeting)) < 0)
		return 1;
	while (read(in_fd, &byte, 1) != 0)
		;
	return 0;
}

static int leaves_a_snapshot_out(const void *arg, int in_fd, int out_fd)
{
	uint64_t sequence = 0;

	(void)arg;
	say_hello(out_fd);
	say_snapshots(out_fd, 2, 1, &sequence);
	sequence++;
	say_snapshots(out_fd, 1, 1, &sequence);
	return never_greets(NULL, in_fd, out_fd);
}

static int claims_more_snapshots(const void *arg, int in_fd, int out_fd)
{
	uint64_t sequence = 0;

	(void)arg;
	say_hello(out_fd);
	say_snapshots(out_fd, 2, 1, &sequence);
	say_goodbye(out_fd, 3);
	return never_greets(NULL, in_fd, out_fd);
}

static int does_not_greet_first(const void *arg, int in_fd, int out_fd)
{
	(void)arg;
	say_goodbye(out_fd, 0);
	return never_greets(NULL, in_fd, out_fd);
}

static int closes_its_pipe(const void *arg, int in_fd, int out_fd)
{
	(void)arg;
	say_hello(out_fd);
	close(out_fd);
	return never_greets(NULL, in_fd, out_fd);
}

static int stops_listening(const void *arg, int in_fd, int out_fd)
{
	(void)arg;
	close(in_fd);
	say_hello(out_fd);
	return never_greets(NULL, in_fd, out_fd);
}

static int does_not_leave(const void *arg, int in_fd, int out_fd)
{
	(void)arg;
	say_hello(out_fd);
	say_goodbye(out_fd, 0);
	return never_greets(NULL, in_fd, out_fd);
}

/* --- deaths ------------------------------------------------------------- */

static void one_that_exits_at_once_is_lost_with_its_status(void **state)
{
	static const struct role role = {.result = 3};
	struct fleet *f = fleet_of(1, exits_at_once, &role);

	(void)state;
	assert_lost(f, "exited with status 3");
	assert_int_equal(fleet_alive(f), 0);
	assert_int_equal(fleet_readied(f), 1);
	fleet_free(f);
}

static void what_a_killed_one_had_sent_comes_before_its_death(void **state)
{
	static const struct role role = {.snapshots = 20, .rows = 2};
	struct fleet *f = fleet_of(2, greets_and_waits, &role);

	(void)state;
	/* both are killed with all they said still in their pipes */
	sleep_ms(200);
	kill(fleet_member(f, 0)->pid, SIGKILL);
	kill(fleet_member(f, 1)->pid, SIGUSR2);
	sleep_ms(20);
	for (int i = 0; i < 2 * 21; i++) {
		struct fleet_event event;

		fleet_wait(f, in_us(10 * US_PER_S), NULL, &event);
		assert_in_range(event.type, FLEET_READY, FLEET_SNAPSHOT);
	}
	for (int i = 0; i < 2; i++) {
		struct fleet_event event = next(f, FLEET_LOST);

		assert_int_equal(event.member->snapshots, 20);
	}
	assert_string_equal(fleet_member(f, 0)->why_lost, "killed by SIGKILL");
	assert_string_equal(fleet_member(f, 1)->why_lost, "killed by SIGUSR2");
	assert_int_equal(fleet_alive(f), 0);
	fleet_free(f);
}

static void one_that_closes_its_pipe_and_lives_on_is_killed(void **state)
{
	struct fleet *f = fleet_of(1, closes_its_pipe, NULL);

	(void)state;
	next(f, FLEET_READY);
	assert_lost(f, "closed its pipe");
	fleet_free(f);
}

static void one_that_cannot_be_told_anything_is_killed(void **state)
{
	const struct start start = {.seed = 1};
	struct fleet *f = fleet_of(1, stops_listening, NULL);

	(void)state;
	next(f, FLEET_READY);
	start_all(f, &start);
	assert_lost(f, "closed its pipe");
	fleet_free(f);
}

static void one_that_is_done_and_does_not_leave_is_killed(void **state)
{
	struct fleet *f = fleet_of(1, does_not_leave, NULL);
	uint64_t from_us = clock_us();

	(void)state;
	next(f, FLEET_READY);
	next(f, FLEET_DONE);
	fleet_free(f);
	assert_true(clock_us() - from_us < 4 * US_PER_S);
}

static void one_that_never_greets_is_lost_for_the_reason_its_caller_gives(
    void **state)
{
	struct fleet *f = fleet_of(2, never_greets, NULL);
	char why[] = "did not greet within 10s";

	(void)state;
	fleet_kill(f, 1, why);
	fleet_kill(f, 1, "and again");
	why[0] = 'x';
	assert_lost(f, "did not greet within 10s");
	assert_int_equal(fleet_alive(f), 1);
	assert_int_equal(fleet_member(f, 0)->state, MEMBER_SPAWNED);
	fleet_free(f);
}

static void one_that_is_killed_by_its_caller_is_heard_to_the_end(void **state)
{
	static const struct role role = {.snapshots = 4, .rows = 1};
	struct fleet *f = fleet_of(1, greets_and_waits, &role);

	(void)state;
	sleep_ms(200);
	fleet_kill(f, 0, "stalled");
	next(f, FLEET_READY);
	for (int i = 0; i < 4; i++)
		next(f, FLEET_SNAPSHOT);
	assert_lost(f, "stalled");
	fleet_free(f);
}

static void deaths_are_put_in_words(void **state)
{
	static const struct {
		int status;
		const char *words;
	} fates[] = {
	    {3 << 8, "exited with status 3"},
	    {SIGKILL, "killed by SIGKILL"},
	    {SIGSEGV | 0x80, "killed by SIGSEGV"},
	    {60, "killed by signal 60"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fates); i++) {
		char *words = process_fate(fates[i].status);

		assert_string_equal(words, fates[i].words);
		free(words);
	}
}

/* --- nonsense ----------------------------------------------------------- */

static void one_that_prints_is_lost_and_quoted(void **state)
{
	struct fleet *f = fleet_of(1, prints_a_banner, NULL);

	(void)state;
	assert_lost(f, "sent garbage: not a message of loadgen: something else "
		       "writes there: \"Welcome!\\x0a\"");
	fleet_free(f);
}

static void another_version_is_lost_with_both_versions_named(void **state)
{
	struct fleet *f = fleet_of(1, speaks_another_version, NULL);

	(void)state;
	assert_lost(f, "speaks version 7 of the messages, this loadgen speaks "
		       "version 5");
	fleet_free(f);
}

static void a_gap_between_snapshots_is_noticed(void **state)
{
	struct fleet *f = fleet_of(1, leaves_a_snapshot_out, NULL);

	(void)state;
	next(f, FLEET_READY);
	next(f, FLEET_SNAPSHOT);
	next(f, FLEET_SNAPSHOT);
	assert_lost(f, "a snapshot is missing: expected number 3, got 4");
	fleet_free(f);
}

static void a_snapshot_missing_at_the_end_is_noticed(void **state)
{
	struct fleet *f = fleet_of(1, claims_more_snapshots, NULL);

	(void)state;
	next(f, FLEET_READY);
	next(f, FLEET_SNAPSHOT);
	next(f, FLEET_SNAPSHOT);
	assert_lost(f, "a snapshot is missing: it sent 3, 2 arrived");
	fleet_free(f);
}

static void a_message_before_the_greeting_is_refused(void **state)
{
	struct fleet *f = fleet_of(1, does_not_greet_first, NULL);

	(void)state;
	assert_lost_saying(f, "sent garbage: a message before the greeting");
	fleet_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FLEET_TEST(one_that_exits_at_once_is_lost_with_its_status),
	    FLEET_TEST(what_a_killed_one_had_sent_comes_before_its_death),
	    FLEET_TEST(one_that_closes_its_pipe_and_lives_on_is_killed),
	    FLEET_TEST(one_that_cannot_be_told_anything_is_killed),
	    FLEET_TEST(one_that_is_done_and_does_not_leave_is_killed),
	    FLEET_TEST(
		one_that_never_greets_is_lost_for_the_reason_its_caller_gives),
	    FLEET_TEST(one_that_is_killed_by_its_caller_is_heard_to_the_end),
	    FLEET_TEST(deaths_are_put_in_words),
	    FLEET_TEST(one_that_prints_is_lost_and_quoted),
	    FLEET_TEST(another_version_is_lost_with_both_versions_named),
	    FLEET_TEST(a_gap_between_snapshots_is_noticed),
	    FLEET_TEST(a_snapshot_missing_at_the_end_is_noticed),
	    FLEET_TEST(a_message_before_the_greeting_is_refused),
	};

	ignore_broken_pipes();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
