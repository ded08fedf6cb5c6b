/*
 * An agent, driven over pipes by a test that plays its parent: whatever comes,
 * at whatever time, it leaves soon, and nobody of its own is left.
 */
#include "agent_private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "agent.h"
#include "tests/unit/fakes.h"

enum { WAIT_MS = 20000, NO_PARENT = 4 };

/* The test's ends of an agent. */
struct driver {
	pid_t pid;
	int in_fd;
	int out_fd;
	int witness; /* ends when the last process of it has */
	int unused;  /* a port that nobody listens on is bound to it */
	struct buf in;
	struct buf out;
};

static int bind_unused(unsigned *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static _Noreturn void live(const int *down, const int *up, int witness)
{
	int null_fd = open("/dev/null", O_WRONLY);

	close(down[1]);
	close(up[0]);
	close(witness);
	/* what it says of a parent that lies is not for who runs the tests */
	dup2(null_fd, STDERR_FILENO);
	close(null_fd);
	_exit(agent_child(NULL, down[0], up[1]));
}

static void driver_init(struct driver *d)
{
	int down[2], up[2], witness[2];

	memset(d, 0, sizeof(*d));
	buf_init(&d->in, 8 << 20);
	buf_init(&d->out, 8 << 20);
	assert_int_equal(pipe(down), 0);
	assert_int_equal(pipe(up), 0);
	assert_int_equal(pipe(witness), 0);
	fflush(NULL);
	d->pid = fork();
	assert_true(d->pid >= 0);
	if (d->pid == 0)
		live(down, up, witness[0]);
	close(down[0]);
	close(up[1]);
	close(witness[1]);
	d->out_fd = down[1];
	d->in_fd = up[0];
	d->witness = witness[0];
	d->unused = -1;
}

static void say(struct driver *d)
{
	while (buf_len(&d->out) > 0) {
		ssize_t n =
		    write(d->out_fd, buf_bytes(&d->out), buf_len(&d->out));

		/* it may be gone already */
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			buf_consume(&d->out, (size_t)n);
	}
	buf_consume(&d->out, buf_len(&d->out));
}

static void wait_for(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
}

/* The next message, at the front of d->in; false: that was the last. */
static bool hear_any(struct driver *d, enum message_type *type)
{
	uint8_t bytes[4096];
	const char *why = "";
	ssize_t got;
	size_t n;

	while (wire_peek(&d->in, type, &n, &why) != WIRE_OK) {
		wait_for(d->in_fd);
		got = read(d->in_fd, bytes, sizeof(bytes));
		if (got <= 0)
			return false;
		buf_put(&d->in, bytes, (size_t)got);
	}
	return true;
}

static void skip_one(struct driver *d)
{
	enum message_type type;
	const char *why;
	size_t n;

	assert_int_equal(wire_peek(&d->in, &type, &n, &why), WIRE_OK);
	buf_consume(&d->in, WIRE_HEADER_BYTES + n);
}

/* Until one of that type, which is left there. */
static void hear(struct driver *d, enum message_type expected)
{
	enum message_type type;

	while (hear_any(d, &type)) {
		if (type == expected)
			return;
		skip_one(d);
	}
	fail_msg("message %d did not come", (int)expected);
}

/* It ends, with all that belongs to it, and with that status. */
static void assert_ends(struct driver *d, int expected)
{
	int status = 0;
	char byte;

	wait_for(d->witness);
	assert_int_equal(read(d->witness, &byte, 1), 0);
	while (waitpid(d->pid, &status, 0) < 0 && errno == EINTR)
		;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), expected);
}

static void driver_clear(struct driver *d)
{
	if (d->out_fd >= 0)
		close(d->out_fd);
	close(d->in_fd);
	close(d->witness);
	if (d->unused >= 0)
		close(d->unused);
	buf_clear(&d->in);
	buf_clear(&d->out);
}

/* --- what a parent says ------------------------------------------------- */

static void put_greeting(struct driver *d)
{
	char host[] = "parent", version[] = "0";

	wire_put_greeting(&d->out,
	    &(struct greeting) {.pid = 1, .host = host, .version = version});
}

static void put_item(struct driver *d, enum stock_kind kind, const char *name,
    const char *text, size_t n)
{
	char *copy = xstrdup(name);

	wire_put_item(
	    &d->out, &(struct item) {.kind = kind, .name = copy, .bytes = n});
	if (n > 0)
		wire_put_bytes(&d->out, text, n);
	free(copy);
}

static void put_plan(struct driver *d)
{
	char plan[256];
	unsigned port;

	d->unused = bind_unused(&port);
	snprintf(plan, sizeof(plan),
	    "[load]\nhost = http://127.0.0.1:%u\nusers = 4\nspawn_rate = 100\n"
	    "workers = 2\nwait = 20ms\nreport_interval = 100ms\n"
	    "[task t]\nget = /\n",
	    port);
	put_item(d, STOCK_TEXT, "plan.ini", plan, strlen(plan));
}

static void put_start(struct driver *d, uint32_t worker, uint32_t of)
{
	struct start start = {.worker = worker, .seed = 1};

	roster_alike(&start.roster, of);
	wire_put_start(&d->out, &start);
	start_clear(&start);
}

/* --- how far it got ----------------------------------------------------- */

enum point {
	NOT_GREETED,
	GREETED,
	IN_AN_ITEM,
	CALLING,
	READY,
	PLAYING,
	PHASES_OF_IT
};

static void go(struct driver *d, enum point phase)
{
	hear(d, MESSAGE_GREETING);
	skip_one(d);
	if (phase >= GREETED)
		put_greeting(d);
	if (phase == IN_AN_ITEM)
		wire_put_item(&d->out, &(struct item) {.kind = STOCK_FILE,
					   .name = (char[]) {"x"},
					   .bytes = 3});
	if (phase >= CALLING) {
		put_plan(d);
		wire_put_prepare(&d->out);
	}
	say(d);
	if (phase >= READY)
		hear(d, MESSAGE_READY);
	if (phase >= PLAYING) {
		put_start(d, 0, 2);
		say(d);
		hear(d, MESSAGE_SNAPSHOT);
	}
}

/* --- the whole life ----------------------------------------------------- */

static void what_it_tells_adds_up_to_its_account(void **state)
{
	struct books books = {0};
	enum message_type type;
	struct final final;
	uint64_t snapshots = 0, requests = 0;
	const char *why = "";
	struct driver d;
	int done = 0;

	(void)state;
	driver_init(&d);
	go(&d, PLAYING);
	for (bool is_told = false; hear_any(&d, &type); skip_one(&d)) {
		struct snapshot s;
		struct buf copy = d.in;

		if (type == MESSAGE_FINAL)
			break;
		done += type == MESSAGE_MEMBER;
		if (type != MESSAGE_SNAPSHOT)
			continue;
		assert_true(wire_get_snapshot(&copy, &s, &why));
		assert_int_equal(s.sequence, ++snapshots);
		for (size_t i = 0; i < s.n_counts; i++)
			books_add(&books, &s.counts[i].books);
		for (size_t i = 0; i < s.table.n_rows; i++)
			requests += s.table.rows[i]->requests;
		snapshot_clear(&s);
		if (snapshots == 3 && !is_told) {
			wire_put_command(&d.out, COMMAND_STOP);
			say(&d);
			is_told = true;
		}
	}
	assert_true(wire_get_final(&d.in, &final, &why));
	assert_true(books_equal(&books, &final.books));
	assert_int_equal(final.snapshots, snapshots);
	assert_true(requests > 0);
	assert_int_equal(requests, books.passed + books.failed);
	/* each worker's own account came, too */
	assert_int_equal(done, 2);
	assert_ends(&d, 0);
	driver_clear(&d);
}

static void who_plays_is_told_before_it_is_ready(void **state)
{
	struct ready_message ready;
	struct member_message news;
	enum message_type type;
	const char *why = "";
	uint32_t workers = 0;
	struct driver d;

	(void)state;
	driver_init(&d);
	go(&d, CALLING);
	while (hear_any(&d, &type) && type == MESSAGE_MEMBER) {
		assert_true(wire_get_member(&d.in, &news, &why));
		assert_int_equal(news.news, MEMBER_NEWS_UP);
		assert_int_equal(news.worker, workers++);
		assert_string_equal(news.host, "");
		member_message_clear(&news);
	}
	assert_true(wire_get_ready(&d.in, &ready, &why));
	assert_int_equal(ready.readiness, READY_TO_START);
	assert_int_equal(roster_workers(&ready.roster), 2);
	assert_int_equal(workers, 2);
	ready_message_clear(&ready);
	close(d.out_fd);
	d.out_fd = -1;
	assert_ends(&d, NO_PARENT);
	driver_clear(&d);
}

static void pings_are_answered_at_any_time(void **state)
{
	const char *why = "";
	uint64_t number;
	struct driver d;

	(void)state;
	for (unsigned i = GREETED; i < PHASES_OF_IT; i++) {
		driver_init(&d);
		go(&d, (enum point)i);
		wire_put_ping(&d.out, MESSAGE_PING, 40 + i);
		say(&d);
		hear(&d, MESSAGE_PONG);
		assert_true(wire_get_ping(&d.in, MESSAGE_PONG, &number, &why));
		assert_int_equal(number, 40 + i);
		close(d.out_fd);
		d.out_fd = -1;
		assert_ends(&d, NO_PARENT);
		driver_clear(&d);
	}
}

/* --- the end, at any time ----------------------------------------------- */

static void assert_command_ends_it(enum point phase, enum command command)
{
	struct driver d;

	driver_init(&d);
	go(&d, phase);
	wire_put_command(&d.out, command);
	say(&d);
	hear(&d, MESSAGE_FINAL);
	assert_ends(&d, 0);
	driver_clear(&d);
}

static void it_stops_when_it_is_told_to_at_any_time(void **state)
{
	(void)state;
	for (unsigned i = GREETED; i < PHASES_OF_IT; i++)
		assert_command_ends_it((enum point)i, COMMAND_STOP);
}

static void it_leaves_when_it_is_told_to_at_any_time(void **state)
{
	(void)state;
	for (unsigned i = GREETED; i < PHASES_OF_IT; i++)
		assert_command_ends_it((enum point)i, COMMAND_LEAVE);
}

static void it_leaves_when_its_parent_is_gone_at_any_time(void **state)
{
	(void)state;
	for (unsigned i = NOT_GREETED; i < PHASES_OF_IT; i++) {
		struct driver d;

		driver_init(&d);
		go(&d, (enum point)i);
		close(d.out_fd);
		d.out_fd = -1;
		assert_ends(&d, NO_PARENT);
		driver_clear(&d);
	}
}

static void it_leaves_when_garbage_comes_at_any_time(void **state)
{
	(void)state;
	for (unsigned i = NOT_GREETED; i < PHASES_OF_IT; i++) {
		struct driver d;

		driver_init(&d);
		go(&d, (enum point)i);
		buf_puts(&d.out, "Welcome to this machine\n");
		say(&d);
		assert_ends(&d, NO_PARENT);
		driver_clear(&d);
	}
}

static void put_snapshot(struct buf *b)
{
	struct snapshot s = {0};
	uint64_t sequence = 0;

	wire_put_snapshot(b, &s, &sequence);
}

static void put_second_plan(struct buf *b)
{
	wire_put_prepare(b);
	wire_put_prepare(b);
}

static void put_bytes(struct buf *b)
{
	wire_put_bytes(b, "abcd", 4);
}

static void it_leaves_when_messages_come_that_are_not_for_it(void **state)
{
	static void (*const messages[])(struct buf *) = {
	    put_snapshot, put_second_plan, put_bytes};

	(void)state;
	for (unsigned i = NOT_GREETED; i < PHASES_OF_IT; i++) {
		for (size_t k = 0; k < ARRAY_LEN(messages); k++) {
			struct driver d;

			driver_init(&d);
			go(&d, (enum point)i);
			messages[k](&d.out);
			say(&d);
			assert_ends(&d, NO_PARENT);
			driver_clear(&d);
		}
	}
}

static void a_start_for_others_is_refused(void **state)
{
	struct driver d;

	(void)state;
	driver_init(&d);
	go(&d, READY);
	/* it has two workers, and there is room for one */
	put_start(&d, 1, 2);
	say(&d);
	assert_ends(&d, NO_PARENT);
	driver_clear(&d);
}

static void when_it_is_killed_its_workers_leave_too(void **state)
{
	struct driver d;
	char byte;

	(void)state;
	driver_init(&d);
	go(&d, PLAYING);
	kill(d.pid, SIGKILL);
	wait_for(d.witness);
	assert_int_equal(read(d.witness, &byte, 1), 0);
	while (waitpid(d.pid, NULL, 0) < 0 && errno == EINTR)
		;
	driver_clear(&d);
}

/* --- a parent that does not read ---------------------------------------- */

/* Whether it is put behind that much. */
static bool is_put_behind(size_t bytes, enum notice notice)
{
	struct event_message m = {.notice = notice, .name = (char[]) {"x"}};
	struct agent a = {.phase = AGENT_PLAYING};
	bool is_put;

	buf_init(&a.parent.out, 4 << 20);
	assert_non_null(buf_reserve(&a.parent.out, bytes));
	buf_wrote(&a.parent.out, bytes);
	is_put = agent_put_message(&a, &m);
	assert_int_equal(buf_len(&a.parent.out) > bytes, is_put);
	buf_clear(&a.parent.out);
	return is_put;
}

static void only_events_are_dropped_where_the_parent_does_not_read(void **state)
{
	(void)state;
	assert_true(is_put_behind(1000, NOTICE_EVENT));
	assert_false(is_put_behind(2 << 20, NOTICE_EVENT));
	assert_true(is_put_behind(2 << 20, NOTICE_TROUBLE));
	/* who would stop the run otherwise? */
	assert_true(is_put_behind(2 << 20, NOTICE_STOP));
	assert_false(is_put_behind(4 << 20, NOTICE_STOP));
}

/* --- plans that are none ------------------------------------------------ */

static void a_plan_with_mistakes_is_refused_with_all_of_them(void **state)
{
	/* one of them speaks of a warning, and there is a warning */
	static const char plan[] = "[load]\nuser = 1\n"
				   "host = http: warning: 1:9\n"
				   "[vars]\nunused = 1\n";
	struct ready_message ready;
	const char *why = "";
	struct driver d;

	(void)state;
	driver_init(&d);
	go(&d, GREETED);
	put_item(&d, STOCK_TEXT, "plan.ini", plan, strlen(plan));
	wire_put_prepare(&d.out);
	say(&d);
	hear(&d, MESSAGE_READY);
	assert_true(wire_get_ready(&d.in, &ready, &why));
	assert_int_equal(ready.readiness, READY_REFUSED);
	assert_non_null(strstr(ready.why, "plan.ini:2: "));
	assert_non_null(strstr(ready.why, "; plan.ini:3: "));
	assert_null(strstr(ready.why, "unused"));
	ready_message_clear(&ready);
	assert_ends(&d, 0);
	driver_clear(&d);
}

/* --- hosts behind it ---------------------------------------------------- */

/* This program is also what leads to the hosts of a plan: what they say. */
static int pretend(const char *host)
{
	char text[] = "hook failed", none[] = "";
	struct fake fake;

	fake_init(&fake, STDIN_FILENO, STDOUT_FILENO);
	fake_wait(&fake, MESSAGE_PREPARE);
	fake_skip(&fake);
	if (strcmp(host, "ends") != 0)
		sleep_ms(300);
	wire_put_member(&fake.out, &(struct member_message) {.host = none});
	if (strcmp(host, "ends") == 0 || strcmp(host, "too") == 0)
		wire_put_ready(
		    &fake.out, &(struct ready_message) {
				   .readiness = READY_ENDS_RUN, .why = text});
	fake_say(&fake);
	fake_wait(&fake, MESSAGES);
	return 0;
}

static void put_hosts(struct driver *d, const char *hosts)
{
	char plan[512], self[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	snprintf(plan, sizeof(plan),
	    "[load]\nhost = http://127.0.0.1:9\n[task t]\nget = /\n"
	    "[remote]\nhosts = %s\nrsh = %s --pretend\n",
	    hosts, self);
	put_item(d, STOCK_TEXT, "plan.ini", plan, strlen(plan));
	wire_put_prepare(&d->out);
	say(d);
}

static void a_host_behind_it_that_ends_the_run_does_so_once(void **state)
{
	struct ready_message ready;
	enum message_type type;
	const char *why = "";
	struct driver d;

	(void)state;
	driver_init(&d);
	go(&d, GREETED);
	put_hosts(&d, "ends, news, too");
	hear(&d, MESSAGE_READY);
	assert_true(wire_get_ready(&d.in, &ready, &why));
	assert_int_equal(ready.readiness, READY_ENDS_RUN);
	assert_string_equal(ready.why, "hook failed");
	ready_message_clear(&ready);
	/* the others have told what they had to tell by then */
	sleep_ms(600);
	wire_put_command(&d.out, COMMAND_LEAVE);
	say(&d);
	while (hear_any(&d, &type) && type != MESSAGE_FINAL) {
		assert_int_not_equal(type, MESSAGE_READY);
		skip_one(&d);
	}
	assert_int_equal(type, MESSAGE_FINAL);
	assert_ends(&d, 0);
	driver_clear(&d);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    FLEET_TEST(what_it_tells_adds_up_to_its_account),
	    FLEET_TEST(who_plays_is_told_before_it_is_ready),
	    FLEET_TEST(pings_are_answered_at_any_time),
	    FLEET_TEST(it_stops_when_it_is_told_to_at_any_time),
	    FLEET_TEST(it_leaves_when_it_is_told_to_at_any_time),
	    FLEET_TEST(it_leaves_when_its_parent_is_gone_at_any_time),
	    FLEET_TEST(it_leaves_when_garbage_comes_at_any_time),
	    FLEET_TEST(it_leaves_when_messages_come_that_are_not_for_it),
	    FLEET_TEST(a_start_for_others_is_refused),
	    FLEET_TEST(when_it_is_killed_its_workers_leave_too),
	    FLEET_TEST(only_events_are_dropped_where_the_parent_does_not_read),
	    FLEET_TEST(a_plan_with_mistakes_is_refused_with_all_of_them),
	    FLEET_TEST(a_host_behind_it_that_ends_the_run_does_so_once),
	};

	ignore_broken_pipes();
	if (argc > 2 && strcmp(argv[1], "--pretend") == 0)
		return pretend(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
