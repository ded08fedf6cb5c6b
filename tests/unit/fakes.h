/*
 * Pretended agents for tests: children of ours that speak an agent's messages,
 * as far as they are told to.
 */
#ifndef TESTS_UNIT_FAKES_H
#define TESTS_UNIT_FAKES_H

#include "tests/unit/children.h"

struct fake {
	int in_fd;
	int out_fd;
	struct buf in;
	struct buf out;
};

/* Greets. */
static inline void fake_init(struct fake *fake, int in_fd, int out_fd)
{
	*fake = (struct fake) {.in_fd = in_fd, .out_fd = out_fd};
	buf_init(&fake->in, 8 << 20);
	buf_init(&fake->out, 8 << 20);
	say_hello(out_fd);
}

static inline void fake_say(struct fake *fake)
{
	send_all(fake->out_fd, &fake->out);
}

/* The next message, which is at the front of fake->in; it leaves where there is
 * none any more. */
static inline enum message_type fake_hear(struct fake *fake)
{
	enum message_type type;
	uint8_t bytes[65536];
	const char *why;
	ssize_t got;
	size_t n;

	while (wire_peek(&fake->in, &type, &n, &why) != WIRE_OK) {
		got = read(fake->in_fd, bytes, sizeof(bytes));
		if (got == 0 || (got < 0 && errno != EINTR))
			_exit(0);
		if (got > 0)
			buf_put(&fake->in, bytes, (size_t)got);
	}
	return type;
}

static inline void fake_skip(struct fake *fake)
{
	enum message_type type;
	const char *why;
	size_t n;

	if (wire_peek(&fake->in, &type, &n, &why) == WIRE_OK)
		buf_consume(&fake->in, WIRE_HEADER_BYTES + n);
}

static inline void fake_pong(struct fake *fake)
{
	const char *why;
	uint64_t number;

	if (!wire_get_ping(&fake->in, MESSAGE_PING, &number, &why))
		_exit(96);
	wire_put_ping(&fake->out, MESSAGE_PONG, number);
	fake_say(fake);
}

/* Until a message of that type, which is left there; pings are answered. */
static inline void fake_wait(struct fake *fake, enum message_type expected)
{
	enum message_type type;

	while ((type = fake_hear(fake)) != expected) {
		if (type == MESSAGE_PING)
			fake_pong(fake);
		else
			fake_skip(fake);
	}
}

/* Takes what it is sent, and is ready, with so many workers. */
static inline void fake_get_ready(struct fake *fake, uint32_t workers)
{
	struct ready_message ready = {
	    .readiness = READY_TO_START, .files = 1024};

	fake_wait(fake, MESSAGE_PREPARE);
	fake_skip(fake);
	roster_alike(&ready.roster, workers);
	wire_put_ready(&fake->out, &ready);
	fake_say(fake);
	ready_message_clear(&ready);
}

static inline int fake_refuse(struct fake *fake, const char *text)
{
	char why[256];
	struct ready_message ready = {.readiness = READY_REFUSED, .why = why};

	snprintf(why, sizeof(why), "%s", text);
	wire_put_ready(&fake->out, &ready);
	fake_say(fake);
	fake_wait(fake, MESSAGES);
	return 0;
}

/* A host whose agent is such a child. */
static inline struct fleet_host fake_host(fleet_child *here)
{
	return (struct fleet_host) {
	    .name = "fake", .connect_us = 10 * US_PER_S, .here = here};
}

/* A fleet of one that is reached by that command. */
static inline struct fleet *fleet_by(const char *rsh, uint64_t connect_us)
{
	struct fleet *f = fleet_new();

	assert_non_null(f);
	fleet_connect(f, &(struct fleet_host) {.name = "box",
			     .rsh = rsh,
			     .program = "loadgen",
			     .connect_us = connect_us});
	return f;
}

static inline void assert_lost(struct fleet *f, const char *why)
{
	struct fleet_event event = next(f, FLEET_LOST);

	assert_int_equal(event.member->state, MEMBER_LOST);
	assert_string_equal(event.member->why_lost, why);
}

static inline void assert_lost_saying(struct fleet *f, const char *part)
{
	struct fleet_event event = next(f, FLEET_LOST);

	if (strstr(event.member->why_lost, part) == NULL)
		fail_msg(
		    "\"%s\" does not say \"%s\"", event.member->why_lost, part);
}

#endif
