/*
 * The members of a fleet: what they say, one event at a time. It must not know
 * what plans and reports are, nor how members are born and end.
 *
 * A member's life: its frames are taken in turn with those of the others. When
 * its pipe ends, when it cannot be told anything any more, or when it has said
 * its last word, it is watched until it is reaped, and killed when that takes
 * too long. Only then, and when its pipe is empty, is it reported as lost.
 */
#include "fleet/fleet_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "fleet/child.h"

enum {
	EVENTS = 64,         /* taken from the poller at once */
	FRAMES_IN_A_ROW = 16 /* taken before the pipes are looked at again */
};

/* --- the queue of those to be heard ------------------------------------- */

void fleet_enqueue(struct fleet *f, struct child *c)
{
	if (c->is_queued)
		return;
	c->is_queued = true;
	c->next = NULL;
	if (f->last)
		f->last->next = c;
	else
		f->first = c;
	f->last = c;
}

static struct child *dequeue(struct fleet *f)
{
	struct child *c = f->first;

	if (!c)
		return NULL;
	f->first = c->next;
	if (!f->first)
		f->last = NULL;
	c->is_queued = false;
	return c;
}

bool child_is_over(const struct child *c)
{
	return c->member.state == MEMBER_DONE || c->member.state == MEMBER_LOST;
}

/* --- reading and writing ------------------------------------------------ */

static void hear(struct fleet *f, struct child *c)
{
	if (peer_read(&c->peer) != PEER_OPEN)
		c->is_ended = true;
	if (c->link != NULL)
		link_was_heard(c->link, clock_us());
	fleet_enqueue(f, c);
}

/* What an agent is to be sent goes out as fast as it is taken. */
void fleet_tell(struct fleet *f, struct child *c)
{
	enum peer_io io;

	do
		io = peer_write(&c->peer);
	while (io == PEER_OPEN && c->link != NULL && link_put_more(f, c));
	if (io != PEER_OPEN)
		fleet_see_off(f, c, CLOSED_US);
}

/* One event of the one whose turn it is; it goes to the end of the queue.
 * False: there is none now, or too much has come that is none. */
static bool next_event(struct fleet *f, struct fleet_event *event)
{
	unsigned most = f->frames + FRAMES_IN_A_ROW;
	struct child *c;

	while (f->frames < most && (c = dequeue(f)) != NULL) {
		if (!fleet_hear_next(f, c, event)) {
			/* thousands of members wait most of the time, and
			 * need no memory for that */
			buf_trim(&c->peer.in);
			continue;
		}
		if (!child_is_over(c))
			fleet_enqueue(f, c);
		f->frames++;
		if (event->type != FLEET_NOTHING)
			return true;
	}
	return false;
}

static void take_poller_event(struct fleet *f, const struct poller_event *event)
{
	struct child *c =
	    (size_t)event->fd < f->n_fds ? f->by_fd[event->fd] : NULL;

	if (!c && f->take_other && f->take_other(f->other, event))
		f->is_called = true;
	if (!c)
		return;
	if (event->fd == c->peer.in_fd)
		hear(f, c);
	else if (event->fd == c->peer.out_fd)
		fleet_tell(f, c);
	else
		link_hear_words(f, c);
}

/* When we have something to do by ourselves: at once, where something is there
 * to be heard. */
static uint64_t next_us(const struct fleet *f, uint64_t deadline_us)
{
	uint64_t until_us = deadline_us;

	if (f->first != NULL)
		return 0;
	if (f->n_leaving > 0 && f->look_us < until_us)
		until_us = f->look_us;
	return f->mind_us < until_us ? f->mind_us : until_us;
}

/* Looks at the pipes and for the dead. Returns whether the wait is over: the
 * deadline, a signal, or somebody else's descriptor; -1 and errno. */
static int look_around(
    struct fleet *f, uint64_t deadline_us, const sigset_t *mask)
{
	struct poller_event events[EVENTS];
	uint64_t until_us = next_us(f, deadline_us);
	uint64_t now_us = clock_us();
	/* where thousands have something to say, frames must not be read faster
	 * than they are taken: all would be in memory */
	size_t most = f->first == NULL ? EVENTS : 1;
	int n;

	f->frames = 0;
	f->is_called = false;
	n = poller_wait(f->poller,
	    until_us == UINT64_MAX ? UINT64_MAX
	    : until_us > now_us    ? until_us - now_us
				   : 0,
	    mask, events, most);
	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++)
		take_poller_event(f, &events[i]);
	now_us = clock_us();
	if (f->n_leaving > 0 && now_us >= f->look_us)
		fleet_look_for_the_dead(f);
	if (now_us >= f->mind_us)
		links_mind(f, now_us);
	return f->is_called || now_us >= deadline_us ||
	       (n == 0 && now_us < until_us);
}

void fleet_forget_event(struct fleet *f)
{
	event_message_clear(&f->message);
	member_message_clear(&f->news);
	ready_message_clear(&f->ready);
	values_clear(&f->errand.values);
	free(f->words);
	f->words = NULL;
}

int fleet_wait(struct fleet *f, uint64_t deadline_us, const sigset_t *mask,
    struct fleet_event *event)
{
	int is_time = 0;

	*event = (struct fleet_event) {.type = FLEET_NOTHING};
	fleet_forget_event(f);
	/* one that never stops talking must not keep us from hearing others,
	 * and signals */
	if (f->frames >= FRAMES_IN_A_ROW && look_around(f, 0, mask) < 0)
		return -1;
	while (!next_event(f, event) && !is_time) {
		is_time = look_around(f, deadline_us, mask);
		if (is_time < 0)
			return -1;
	}
	/* a signal ends the wait without a look at the pipes, and we may have
	 * been stopped for a while: nothing to tell means nothing unread */
	if (event->type == FLEET_NOTHING) {
		if (look_around(f, 0, mask) < 0)
			return -1;
		next_event(f, event);
	}
	return 0;
}

/* --- what the caller asks and orders ------------------------------------ */

uint32_t fleet_size(const struct fleet *f)
{
	return f->n;
}

const struct member *fleet_member(const struct fleet *f, uint32_t number)
{
	assert(number < f->n);
	return &f->children[number]->member;
}

uint32_t fleet_alive(const struct fleet *f)
{
	return f->alive;
}

uint32_t fleet_readied(const struct fleet *f)
{
	return f->readied;
}

bool fleet_is_timed(const struct fleet *f)
{
	for (uint32_t i = 0; i < f->n && f->n_links > 0; i++)
		if (f->children[i]->member.state == MEMBER_READY &&
		    link_is_being_timed(f->children[i]))
			return false;
	return true;
}

struct poller *fleet_poller(struct fleet *f)
{
	return f->poller;
}

void fleet_share_poller(struct fleet *f, fleet_take_other *take, void *arg)
{
	f->take_other = take;
	f->other = arg;
}

void fleet_set_most_at_once(struct fleet *f, uint32_t most)
{
	f->most_at_once = most;
}

void fleet_start(struct fleet *f, uint32_t number, const struct start *s)
{
	struct child *c;

	assert(number < f->n);
	c = f->children[number];
	if (c->member.state != MEMBER_READY)
		return;
	wire_put_start(&c->peer.out, s);
	c->member.state = MEMBER_RUNNING;
	fleet_tell(f, c);
}

static bool is_within_reach(const struct child *c)
{
	return c->link == NULL || c->link->state >= LINK_SENDING;
}

/* Who is to end before it can be told so is simply left alone. */
void fleet_command(struct fleet *f, enum command command)
{
	f->is_ending = f->is_ending || command != COMMAND_REPORT;
	for (uint32_t i = 0; i < f->n; i++) {
		struct child *c = f->children[i];

		if (child_is_over(c))
			continue;
		if (!is_within_reach(c)) {
			if (command != COMMAND_REPORT)
				fleet_kill(f, i, "the run ended before");
			continue;
		}
		wire_put_command(&c->peer.out, command);
		fleet_tell(f, c);
	}
}

void fleet_add_users(struct fleet *f, int32_t users)
{
	for (uint32_t i = 0; i < f->n; i++) {
		struct child *c = f->children[i];

		if (child_is_over(c) || !is_within_reach(c))
			continue;
		wire_put_users(&c->peer.out, users);
		fleet_tell(f, c);
	}
}

void fleet_kill(struct fleet *f, uint32_t number, const char *why)
{
	struct child *c;

	assert(number < f->n);
	c = f->children[number];
	if (child_is_over(c))
		return;
	if (!c->why)
		c->why = xstrdup(why);
	fleet_kill_child(f, c);
}
