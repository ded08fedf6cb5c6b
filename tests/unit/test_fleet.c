/*
 * The life of real child processes: who greets, who speaks, what they are born
 * with, and how they end when the parent does.
 */
#include "fleet/fleet.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "tests/unit/children.h"

/* --- children ----------------------------------------------------------- */

/* Reads until a message of that type; false at the end of the pipe. */
static bool hear(int fd, struct buf *b, enum message_type expected)
{
	enum message_type type;
	const char *why;
	size_t n;

	for (;;) {
		uint8_t byte;
		ssize_t got;

		while (wire_peek(b, &type, &n, &why) == WIRE_OK) {
			if (type == expected)
				return true;
			buf_consume(b, WIRE_HEADER_BYTES + n);
		}
		got = read(fd, &byte, 1);
		if (got == 0)
			return false;
		if (got > 0)
			buf_put_u8(b, byte);
	}
}

static int well_behaved(const void *arg, int in_fd, int out_fd)
{
	const struct role *role = arg;
	uint64_t sequence = 0;
	struct start start;
	const char *why;
	struct buf b;

	buf_init(&b, 1 << 20);
	say_hello(out_fd);
	if (!hear(in_fd, &b, MESSAGE_START) ||
	    !wire_get_start(&b, &start, &why))
		return 98;
	say_snapshots(out_fd, role->snapshots, role->rows, &sequence);
	if (!hear(in_fd, &b, MESSAGE_COMMAND))
		return 97;
	say_goodbye(out_fd, sequence);
	buf_clear(&b);
	return role->result;
}

static int never_stops_talking(const void *arg, int in_fd, int out_fd)
{
	uint64_t sequence = 0;

	(void)in_fd;
	(void)arg;
	say_hello(out_fd);
	while (sequence < UINT64_MAX)
		say_snapshots(out_fd, 100, 1, &sequence);
	return 0;
}

/* Tells the parent, as a snapshot's users, what the test asks about. */
static int reports(uint32_t answer, int in_fd, int out_fd)
{
	struct worker_count count = {.users = answer};
	struct snapshot s = {.counts = &count, .n_counts = 1};
	uint64_t sequence = 0;
	struct buf b;
	char byte;

	buf_init(&b, 1 << 20);
	wire_put_snapshot(&b, &s, &sequence);
	send_all(out_fd, &b);
	say_goodbye(out_fd, 1);
	buf_clear(&b);
	while (read(in_fd, &byte, 1) != 0)
		;
	return 0;
}

static int repeats_its_number(const void *arg, int in_fd, int out_fd)
{
	struct start start = {0};
	const char *why;
	struct buf b;

	(void)arg;
	say_hello(out_fd);
	buf_init(&b, 1 << 20);
	if (!hear(in_fd, &b, MESSAGE_START) ||
	    !wire_get_start(&b, &start, &why) || start.seed != 99)
		return 98;
	buf_clear(&b);
	return reports(
	    100 * roster_workers(&start.roster) + start.worker, in_fd, out_fd);
}

static int counts_its_descriptors(const void *arg, int in_fd, int out_fd)
{
	(void)arg;
	say_hello(out_fd);
	return reports(count_fds(), in_fd, out_fd);
}

static int looks_at_its_signals(const void *arg, int in_fd, int out_fd)
{
	static const int ignored[] = {
	    SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE, SIGXFSZ};
	struct sigaction action;
	uint32_t wrong = 0;
	sigset_t blocked;
	char byte;

	(void)arg;
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++) {
		sigaction(ignored[i], NULL, &action);
		wrong += action.sa_handler != SIG_IGN;
	}
	sigaction(SIGUSR2, NULL, &action);
	wrong += action.sa_handler != SIG_DFL;
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	for (int s = 1; s < 32; s++)
		wrong += sigismember(&blocked, s) == 1;
	/* and standard input is empty */
	wrong += read(STDIN_FILENO, &byte, 1) != 0;
	say_hello(out_fd);
	return reports(wrong, in_fd, out_fd);
}

/* --- the usual run ------------------------------------------------------ */

static size_t rows_of(const struct snapshot *s)
{
	struct table table = {0};
	size_t n;

	snapshot_unpack(s, &table);
	n = table.n_rows;
	table_clear(&table);
	return n;
}

static void all_greet_speak_in_order_and_say_goodbye(void **state)
{
	static const struct role role = {.snapshots = 5, .rows = 50};
	enum { WORKERS = 4 };
	struct fleet *f = fleet_of(WORKERS, well_behaved, &role);
	struct start start = {.seed = 1};
	uint64_t sequence[WORKERS] = {0};

	(void)state;
	for (uint32_t i = 0; i < WORKERS; i++) {
		struct fleet_event event = next(f, FLEET_READY);

		assert_string_equal(event.member->host, "here");
		assert_int_equal(event.member->state, MEMBER_READY);
	}
	assert_int_equal(fleet_readied(f), WORKERS);
	assert_int_equal(fleet_alive(f), WORKERS);
	roster_alike(&start.roster, WORKERS);
	start_all(f, &start);
	for (uint32_t i = 0; i < WORKERS * role.snapshots; i++) {
		struct fleet_event event = next(f, FLEET_SNAPSHOT);
		uint32_t who = event.member->number;

		assert_int_equal(event.snapshot->sequence, ++sequence[who]);
		assert_int_equal(
		    event.snapshot->counts[0].users, event.member->pid);
		assert_int_equal(rows_of(event.snapshot), role.rows);
		assert_int_equal(event.member->snapshots, sequence[who]);
	}
	fleet_command(f, COMMAND_STOP);
	for (uint32_t i = 0; i < WORKERS; i++) {
		struct fleet_event event = next(f, FLEET_DONE);

		assert_int_equal(event.final->snapshots, role.snapshots);
		assert_int_equal(event.member->state, MEMBER_DONE);
	}
	assert_int_equal(fleet_alive(f), 0);
	start_clear(&start);
	fleet_free(f);
}

static void parts_of_a_large_snapshot_all_arrive(void **state)
{
	static const struct role role = {.snapshots = 2, .rows = 9000};
	struct fleet *f = fleet_of(1, well_behaved, &role);
	struct start start = {.seed = 1};
	uint64_t rows = 0;
	int whole = 0;

	(void)state;
	next(f, FLEET_READY);
	roster_alike(&start.roster, 1);
	start_all(f, &start);
	while (whole < 2) {
		struct fleet_event event = next(f, FLEET_SNAPSHOT);

		rows += rows_of(event.snapshot);
		whole += event.snapshot->is_last_part;
	}
	assert_int_equal(rows, 2 * role.rows);
	fleet_command(f, COMMAND_LEAVE);
	next(f, FLEET_DONE);
	start_clear(&start);
	fleet_free(f);
}

static void each_worker_is_told_its_number_and_how_many_there_are(void **state)
{
	struct fleet *f = fleet_of(3, repeats_its_number, NULL);
	struct start start = {.seed = 99};

	(void)state;
	for (int i = 0; i < 3; i++)
		next(f, FLEET_READY);
	roster_alike(&start.roster, 3);
	for (uint32_t i = 0; i < 3; i++) {
		start.worker = i;
		fleet_start(f, i, &start);
	}
	for (int i = 0; i < 6; i++) {
		struct fleet_event event;

		fleet_wait(f, in_us(10 * US_PER_S), NULL, &event);
		assert_in_range(event.type, FLEET_SNAPSHOT, FLEET_DONE);
		if (event.type == FLEET_SNAPSHOT)
			assert_int_equal(event.snapshot->counts[0].users,
			    300 + event.member->number);
	}
	start_clear(&start);
	fleet_free(f);
}

static void without_news_the_wait_ends_at_its_deadline(void **state)
{
	struct fleet *f = fleet_of(1, never_greets, NULL);
	uint64_t deadline_us = in_us(30000);
	struct fleet_event event;

	(void)state;
	assert_int_equal(fleet_wait(f, deadline_us, NULL, &event), 0);
	assert_int_equal(event.type, FLEET_NOTHING);
	assert_null(event.member);
	assert_true(clock_us() >= deadline_us);
	assert_true(clock_us() < deadline_us + 5 * US_PER_S);
	fleet_free(f);
}

static void one_that_never_stops_talking_does_not_drown_the_others(void **state)
{
	struct fleet *f = fleet_of(1, never_stops_talking, NULL);
	static const struct role role = {.snapshots = 3, .rows = 1};
	int heard = 0;

	(void)state;
	next(f, FLEET_READY);
	sleep_ms(50);
	assert_int_equal(fleet_spawn(f, 1, greets_and_waits, &role), 0);
	for (int i = 0; i < 100000 && heard < 3; i++) {
		struct fleet_event event;

		fleet_wait(f, in_us(10 * US_PER_S), NULL, &event);
		heard +=
		    event.type == FLEET_SNAPSHOT && event.member->number == 1;
	}
	assert_int_equal(heard, 3);
	fleet_free(f);
}

/* --- births ------------------------------------------------------------- */

static void later_children_hold_no_ends_of_their_elders(void **state)
{
	struct fleet *f = fleet_of(6, counts_its_descriptors, NULL);
	const uint32_t *before = *state;

	for (int i = 0; i < 18; i++) {
		struct fleet_event event;

		fleet_wait(f, in_us(10 * US_PER_S), NULL, &event);
		assert_in_range(event.type, FLEET_READY, FLEET_DONE);
		/* the two of its own */
		if (event.type == FLEET_SNAPSHOT)
			assert_int_equal(
			    event.snapshot->counts[0].users, *before + 2);
	}
	fleet_free(f);
}

static void a_child_has_clean_signals_and_nothing_to_read(void **state)
{
	struct sigaction action = {.sa_handler = SIG_IGN};
	struct sigaction before;
	struct fleet_event event;
	sigset_t blocked, usual;
	struct fleet *f;

	(void)state;
	sigfillset(&blocked);
	sigdelset(&blocked, SIGALRM);
	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR2, &action, &before);
	sigprocmask(SIG_SETMASK, &blocked, &usual);
	f = fleet_of(1, looks_at_its_signals, NULL);
	sigprocmask(SIG_SETMASK, &usual, NULL);
	sigaction(SIGUSR2, &before, NULL);
	next(f, FLEET_READY);
	event = next(f, FLEET_SNAPSHOT);
	assert_int_equal(event.snapshot->counts[0].users, 0);
	next(f, FLEET_DONE);
	fleet_free(f);
}

static void what_stdio_holds_back_is_written_once(void **state)
{
	static const struct role role = {.result = 0};
	struct fleet *f;
	struct stat file;
	FILE *out = tmpfile();

	(void)state;
	assert_non_null(out);
	fprintf(out, "once");
	f = fleet_of(2, exits_at_once, &role);
	next(f, FLEET_LOST);
	next(f, FLEET_LOST);
	fleet_free(f);
	fflush(out);
	assert_int_equal(fstat(fileno(out), &file), 0);
	assert_int_equal(file.st_size, 4);
	fclose(out);
}

/* --- the end of the parent ---------------------------------------------- */

/* A child's pipe from the test: it holds the writing end, and so do those
 * that it forks, until the last of them is gone. */
struct witness {
	int fd;
};

static int outlives_nobody(const void *arg, int in_fd, int out_fd)
{
	const struct witness *witness = arg;
	char byte;

	say_hello(out_fd);
	while (read(in_fd, &byte, 1) != 0)
		;
	/* reached because the parent's end is closed, and only then */
	return write(witness->fd, "e", 1) != 1;
}

static void when_the_parent_vanishes_every_child_sees_the_end_of_its_pipe(
    void **state)
{
	struct pollfd wait_for;
	char bytes[4];
	int ends[2];
	pid_t parent;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	parent = fork();
	if (parent == 0) {
		struct witness witness = {ends[1]};
		struct fleet *f = fleet_new();
		struct fleet_event event;

		fleet_spawn(f, 3, outlives_nobody, &witness);
		for (int i = 0; i < 3; i++)
			fleet_wait(f, UINT64_MAX, NULL, &event);
		kill(getpid(), SIGKILL);
	}
	close(ends[1]);
	while (waitpid(parent, NULL, 0) < 0 && errno == EINTR)
		;
	for (int i = 0; i < 3; i++) {
		wait_for = (struct pollfd) {.fd = ends[0], .events = POLLIN};
		assert_int_equal(poll(&wait_for, 1, 10000), 1);
		assert_int_equal(read(ends[0], bytes, 1), 1);
	}
	/* and all of them are gone */
	assert_int_equal(poll(&wait_for, 1, 10000), 1);
	assert_int_equal(read(ends[0], bytes, 1), 0);
	close(ends[0]);
}

static void freeing_a_fleet_kills_whoever_is_left(void **state)
{
	struct fleet *f = fleet_of(20, never_greets, NULL);
	uint64_t from_us = clock_us();

	(void)state;
	fleet_free(f);
	fleet_free(NULL);
	assert_true(clock_us() - from_us < 2 * US_PER_S);
}

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
	(void)number;
	signals++;
}

static void a_signal_ends_the_wait(void **state)
{
	struct sigaction action = {.sa_handler = count_signal};
	struct fleet *f = fleet_of(1, never_greets, NULL);
	struct sigaction before;
	struct fleet_event event;
	sigset_t blocked, usual;

	(void)state;
	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR1, &action, &before);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, &usual);
	raise(SIGUSR1);
	assert_int_equal(
	    fleet_wait(f, in_us(60 * US_PER_S), &usual, &event), 0);
	assert_int_equal(event.type, FLEET_NOTHING);
	assert_int_equal(signals, 1);
	sigprocmask(SIG_SETMASK, &usual, NULL);
	sigaction(SIGUSR1, &before, NULL);
	fleet_free(f);
}

static bool counts_events(void *arg, const struct poller_event *event)
{
	int *events = arg;

	(void)event;
	return ++*events == 3;
}

static void whoever_shares_the_poller_can_end_the_wait(void **state)
{
	struct fleet *f = fleet_of(1, never_greets, NULL);
	struct fleet_event event;
	int events = 0, ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	fleet_share_poller(f, counts_events, &events);
	poller_set(fleet_poller(f), ends[0], POLLER_READ);
	assert_int_equal(fleet_wait(f, in_us(60 * US_PER_S), NULL, &event), 0);
	assert_int_equal(event.type, FLEET_NOTHING);
	assert_in_range(events, 3, 4);
	poller_set(fleet_poller(f), ends[0], 0);
	close(ends[0]);
	close(ends[1]);
	fleet_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FLEET_TEST(all_greet_speak_in_order_and_say_goodbye),
	    FLEET_TEST(parts_of_a_large_snapshot_all_arrive),
	    FLEET_TEST(each_worker_is_told_its_number_and_how_many_there_are),
	    FLEET_TEST(without_news_the_wait_ends_at_its_deadline),
	    FLEET_TEST(one_that_never_stops_talking_does_not_drown_the_others),
	    FLEET_TEST(later_children_hold_no_ends_of_their_elders),
	    FLEET_TEST(a_child_has_clean_signals_and_nothing_to_read),
	    FLEET_TEST(what_stdio_holds_back_is_written_once),
	    FLEET_TEST(
		when_the_parent_vanishes_every_child_sees_the_end_of_its_pipe),
	    FLEET_TEST(freeing_a_fleet_kills_whoever_is_left),
	    FLEET_TEST(a_signal_ends_the_wait),
	    FLEET_TEST(whoever_shares_the_poller_can_end_the_wait),
	};

	ignore_broken_pipes();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
