/*
 * From the frames of members to events: what each message means for the one it
 * came from, and what of it is not to be believed. It must not know how frames
 * arrive.
 */
#include "fleet/fleet_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "fleet/child.h"

enum {
	NOT_FOUND = 127,        /* what a shell ends with then */
	LAST_WORDS_US = 5000000 /* from an agent's account to its end */
};

/* --- the lost ----------------------------------------------------------- */

static void event_of(
    struct fleet_event *event, enum fleet_event_type type, struct child *c)
{
	*event = (struct fleet_event) {.type = type, .member = &c->member};
}

static void note_ready(struct fleet *f, struct child *c)
{
	f->readied += !c->was_ready;
	c->was_ready = true;
}

/* With what its command has said, where that may say more. */
static char *with_words(struct child *c, char *why)
{
	char *words = c->link != NULL ? link_words(c->link) : NULL;
	char *both;

	if (words == NULL)
		return why;
	both = xasprintf("%s, saying %s", why, words);
	free(words);
	free(why);
	return both;
}

/* What is most often the matter, when an agent does not come to be. */
static char *with_hint(const struct child *c, char *why)
{
	const char *hint = NULL;
	char *both;

	/* one that was ended by us is told by why */
	if (c->link == NULL || c->was_ready || !c->is_gone || c->is_asked ||
	    c->is_killed || c->member.pid == 0)
		return why;
	if (c->status == NOT_FOUND)
		hint = "put loadgen there, name it with program, or let it be "
		       "sent there with copy = yes";
	else if (c->has_greeted || c->status == 0)
		hint = "does its rsh pass standard input on?";
	if (hint == NULL)
		return why;
	both = xasprintf("%s: %s", why, hint);
	free(why);
	return both;
}

void fleet_lose(
    struct fleet *f, struct child *c, char *why, struct fleet_event *event)
{
	if (c->link != NULL)
		link_hear_words(f, c);
	why = with_hint(c, with_words(c, why));
	if (c->why != why)
		free(c->why);
	c->why = why;
	c->member.state = MEMBER_LOST;
	c->member.why_lost = c->why;
	f->alive--;
	note_ready(f, c);
	fleet_hang_up(f, c);
	fleet_kill_child(f, c);
	event_of(event, FLEET_LOST, c);
}

/* Keeps the first bytes of what is about to be taken, should they have to be
 * quoted. */
static void keep_front(struct child *c)
{
	c->front_len = buf_len(&c->peer.in);
	memcpy(c->front, buf_bytes(&c->peer.in),
	    c->front_len < QUOTE_BYTES ? c->front_len : QUOTE_BYTES);
}

/* Of an agent it is most often a shell that says something at login: its first
 * line tells enough. */
static void lose_noisy(
    struct fleet *f, struct child *c, struct fleet_event *event)
{
	size_t most = c->front_len < QUOTE_BYTES ? c->front_len : QUOTE_BYTES;
	const uint8_t *end = memchr(c->front, '\n', most);
	size_t n = end != NULL ? (size_t)(end - c->front) : c->front_len;
	char *bytes = child_words(c->front, n, QUOTE_BYTES);

	fleet_lose(f, c,
	    xasprintf("greeted with %s, which is nothing that loadgen says: %s",
		bytes,
		link_noise_hint(buf_bytes(&c->peer.in), buf_len(&c->peer.in))),
	    event);
	free(bytes);
}

static void lose_liar(struct fleet *f, struct child *c, const char *why,
    struct fleet_event *event)
{
	char *bytes;

	if (c->link != NULL && !c->has_greeted) {
		lose_noisy(f, c, event);
		return;
	}
	bytes = child_words(c->front, c->front_len, QUOTE_BYTES);
	fleet_lose(f, c, xasprintf("sent garbage: %s: %s", why, bytes), event);
	free(bytes);
}

static void take_greeting(
    struct fleet *f, struct child *c, struct fleet_event *event)
{
	struct greeting g;
	const char *why;

	if (c->has_greeted) {
		lose_liar(f, c, "a second greeting", event);
		return;
	}
	if (!wire_get_greeting(&c->peer.in, &g, &why)) {
		if (g.wire_version == WIRE_VERSION)
			lose_liar(f, c, why, event);
		else
			fleet_lose(f, c,
			    xasprintf("speaks version %u of the messages, this "
				      "loadgen speaks version %d",
				g.wire_version, WIRE_VERSION),
			    event);
		return;
	}
	c->has_greeted = true;
	if (c->link != NULL) {
		link_greeted(f, c);
	} else {
		c->host = g.host;
		g.host = NULL;
		c->member.host = c->host;
		c->member.state = MEMBER_READY;
		note_ready(f, c);
		event_of(event, FLEET_READY, c);
	}
	greeting_clear(&g);
}

static void lose_forgetful(struct fleet *f, struct child *c, uint64_t expected,
    uint64_t found, struct fleet_event *event)
{
	fleet_lose(f, c,
	    xasprintf("a snapshot is missing: expected number %" PRIu64
		      ", got %" PRIu64,
		expected, found),
	    event);
}

static void take_snapshot(
    struct fleet *f, struct child *c, struct fleet_event *event)
{
	const char *why;

	if (!wire_get_packed_snapshot(&c->peer.in, &f->snapshot, &why)) {
		lose_liar(f, c, why, event);
		return;
	}
	/* nobody knows yet which numbers the workers of an agent have */
	if (c->link != NULL && c->member.state != MEMBER_RUNNING) {
		lose_liar(f, c, "a snapshot before the start", event);
		return;
	}
	if (f->snapshot.sequence != c->member.snapshots + 1) {
		lose_forgetful(
		    f, c, c->member.snapshots + 1, f->snapshot.sequence, event);
		return;
	}
	c->member.snapshots++;
	event_of(event, FLEET_SNAPSHOT, c);
	event->snapshot = &f->snapshot;
}

static void take_final(
    struct fleet *f, struct child *c, struct fleet_event *event)
{
	const char *why;

	if (!wire_get_final(&c->peer.in, &f->final, &why)) {
		lose_liar(f, c, why, event);
		return;
	}
	/* whoever waits for all to be ready would wait for it for ever */
	if (c->link != NULL && c->member.state != MEMBER_RUNNING &&
	    !f->is_ending) {
		fleet_lose(f, c,
		    xstrdup("ended before it was started: does its rsh "
			    "pass standard input on?"),
		    event);
		return;
	}
	if (f->final.snapshots != c->member.snapshots) {
		fleet_lose(f, c,
		    xasprintf("a snapshot is missing: it sent %" PRIu64
			      ", %" PRIu64 " arrived",
			f->final.snapshots, c->member.snapshots),
		    event);
		return;
	}
	c->member.state = MEMBER_DONE;
	f->alive--;
	note_ready(f, c);
	fleet_hang_up(f, c);
	fleet_see_off(f, c, c->link != NULL ? LAST_WORDS_US : FAREWELL_US);
	event_of(event, FLEET_DONE, c);
	event->final = &f->final;
}

static void take_message(
    struct fleet *f, struct child *c, struct fleet_event *event)
{
	const char *why;

	if (!wire_get_event(&c->peer.in, &f->message, &why)) {
		lose_liar(f, c, why, event);
		return;
	}
	event_of(event, FLEET_EVENT, c);
	event->message = &f->message;
}

static void take_values(
    struct fleet *f, struct child *c, struct fleet_event *event)
{
	const char *why;

	if (!wire_get_values(&c->peer.in, &f->errand, &why)) {
		lose_liar(f, c, why, event);
		return;
	}
	event_of(event, FLEET_VALUES, c);
	event->errand = &f->errand;
}

/* An agent has all it needs, or cannot play. */
static void take_ready(
    struct fleet *f, struct child *c, struct fleet_event *event)
{
	const char *why;

	if (!wire_get_ready(&c->peer.in, &f->ready, &why)) {
		lose_liar(f, c, why, event);
		return;
	}
	if (c->was_ready) {
		lose_liar(f, c, "ready for the second time", event);
		return;
	}
	if (f->ready.readiness == READY_REFUSED) {
		fleet_lose(f, c, xstrdup(f->ready.why), event);
		return;
	}
	if (f->ready.readiness == READY_ENDS_RUN) {
		link_hear_words(f, c);
		f->ready.why = with_words(c, f->ready.why);
	}
	link_is_up(f, c, clock_us());
	c->member.state = MEMBER_READY;
	note_ready(f, c);
	event_of(event, FLEET_READY, c);
	event->ready = &f->ready;
}

static void take_news(
    struct fleet *f, struct child *c, struct fleet_event *event)
{
	const char *why;

	if (!wire_get_member(&c->peer.in, &f->news, &why)) {
		lose_liar(f, c, why, event);
		return;
	}
	event_of(event, FLEET_MEMBER, c);
	event->news = &f->news;
}

static void take_pong(
    struct fleet *f, struct child *c, struct fleet_event *event)
{
	const char *why;
	uint64_t number;

	if (wire_get_ping(&c->peer.in, MESSAGE_PONG, &number, &why))
		link_take_pong(c, number, clock_us());
	else
		lose_liar(f, c, why, event);
}

typedef void take_fn(
    struct fleet *f, struct child *c, struct fleet_event *event);

static const struct {
	take_fn *take; /* NULL: it is not for a parent */
	bool is_of_agents;
} takers[] = {
    [MESSAGE_GREETING] = {take_greeting, false},
    [MESSAGE_SNAPSHOT] = {take_snapshot, false},
    [MESSAGE_FINAL] = {take_final, false},
    [MESSAGE_VALUES] = {take_values, false},
    [MESSAGE_EVENT] = {take_message, false},
    [MESSAGE_MEMBER] = {take_news, true},
    [MESSAGE_READY] = {take_ready, true},
    [MESSAGE_PONG] = {take_pong, true},
    [MESSAGES] = {NULL, false},
};

static void take_frame(struct fleet *f, struct child *c, enum message_type type,
    struct fleet_event *event)
{
	if (type != MESSAGE_GREETING && !c->has_greeted)
		lose_liar(f, c, "a message before the greeting", event);
	else if (takers[type].take == NULL ||
		 (takers[type].is_of_agents && c->link == NULL))
		lose_liar(f, c, "a message that is not for a parent", event);
	else
		takers[type].take(f, c, event);
}

/* It is dead and has nothing more to say. */
static void bury(struct fleet *f, struct child *c, struct fleet_event *event)
{
	char *why = c->why;
	char *bytes;

	c->why = NULL;
	keep_front(c);
	if (!c->has_greeted && c->front_len > 0) {
		char *fate = why;

		bytes = child_words(c->front, c->front_len, QUOTE_BYTES);
		why = xasprintf("%s, having sent %s", fate, bytes);
		free(bytes);
		free(fate);
	}
	fleet_lose(f, c, why, event);
}

/* --- one member ---------------------------------------------------------- */

/* Whether its pipe held more than was read so far. */
static bool had_more(struct child *c)
{
	size_t before = buf_len(&c->peer.in);

	if (!c->is_ended && peer_read(&c->peer) != PEER_OPEN)
		c->is_ended = true;
	return buf_len(&c->peer.in) > before;
}

/* Before its frames an agent's host may have lines to say. */
static bool takes_lines(
    struct fleet *f, struct child *c, struct fleet_event *event)
{
	char *why = NULL;

	if (c->link == NULL || !link_takes_lines(f, c, &why))
		return false;
	if (why != NULL)
		fleet_lose(f, c, why, event);
	return true;
}

/* What its command says for people while it plays is passed on. */
static bool takes_words(
    struct fleet *f, struct child *c, struct fleet_event *event)
{
	free(f->words);
	f->words = c->link != NULL ? link_next_words(c->link) : NULL;
	if (f->words == NULL)
		return false;
	event_of(event, FLEET_WORDS, c);
	event->words = f->words;
	return true;
}

bool fleet_hear_next(
    struct fleet *f, struct child *c, struct fleet_event *event)
{
	enum message_type type;
	enum wire_result found = WIRE_MORE;
	const char *why;
	size_t n;

	if (child_is_over(c))
		return false;
	if (takes_words(f, c, event))
		return true;
	if (!takes_lines(f, c, event)) {
		do
			found = wire_peek(&c->peer.in, &type, &n, &why);
		while (found == WIRE_MORE && c->is_gone && had_more(c));
	}
	if (child_is_over(c))
		return true;
	if (found != WIRE_MORE)
		keep_front(c);
	if (found == WIRE_BAD)
		lose_liar(f, c, why, event);
	else if (found == WIRE_OK)
		take_frame(f, c, type, event);
	else if (c->is_gone)
		bury(f, c, event);
	else if (c->is_ended && !c->is_leaving)
		fleet_see_off(f, c, CLOSED_US);
	return found != WIRE_MORE || event->type != FLEET_NOTHING;
}
