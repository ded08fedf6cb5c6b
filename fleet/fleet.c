/*
 * The parent's children: what they say, one event at a time, and how each of
 * them ended. It must not know what plans and reports are.
 *
 * A member's life: its frames are taken in turn with those of the others. When
 * its pipe ends, when it cannot be told anything any more, or when it has said
 * its last word, it is watched until it is reaped, and killed when that takes
 * too long. Only then, and when its pipe is empty, is it reported as lost.
 */
#include "fleet/fleet.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "base/util.h"
#include "fleet/child.h"
#include "fleet/peer.h"

enum {
	EVENTS = 64,           /* taken from the poller at once */
	FRAMES_IN_A_ROW = 16,  /* taken before the pipes are looked at again */
	CLOSED_US = 200000,    /* from a closed pipe to SIGKILL */
	FAREWELL_US = 2000000, /* from the last word, or SIGKILL, to the end */
	LOOK_LEAST_US = 1000,  /* between looks for the dead */
	LOOK_MOST_US = 20000,
	QUOTE_BYTES = 32 /* shown of what is no message */
};

/* A member and what only the fleet knows of it. */
struct child {
	struct member member;
	struct peer peer;
	char *host;         /* owned */
	char *why;          /* owned; why it is, or will be, lost */
	struct child *next; /* in the queue of those to be heard */
	bool is_queued;
	bool has_greeted;
	bool is_ended;   /* nothing more can come through its pipe */
	bool is_leaving; /* in fleet.leaving */
	bool is_killed;
	bool is_gone;               /* reaped, or given up */
	uint64_t patience_us;       /* until then it may leave by itself */
	uint8_t front[QUOTE_BYTES]; /* of what it said last */
	size_t front_len;           /* that it had then */
};

struct fleet {
	struct poller *poller;
	struct child **children; /* owned */
	uint32_t n;
	size_t cap;
	struct child **by_fd; /* borrowed from children */
	size_t n_fds;
	uint32_t alive;
	uint32_t greeted;

	struct child *first; /* of those that may have something to say */
	struct child *last;
	unsigned frames; /* since the pipes were looked at */

	struct child **leaving; /* borrowed; those that are to be reaped */
	size_t n_leaving;
	size_t cap_leaving;
	uint64_t look_us; /* when to look for the dead among them */
	uint64_t look_every_us;

	/* what the last event showed */
	struct snapshot snapshot;
	struct final final;
	struct event_message message;
	struct errand_result errand;

	/* who else has descriptors in the poller */
	fleet_take_other *take_other;
	void *other;
	bool is_called; /* by them: fleet_wait is to come back */
};

/* --- the queue of those to be heard ------------------------------------- */

static void enqueue(struct fleet *f, struct child *c)
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

/* --- leaving and dying -------------------------------------------------- */

static bool is_over(const struct child *c)
{
	return c->member.state == MEMBER_DONE || c->member.state == MEMBER_LOST;
}

/* From now on it is looked for among the dead. */
static void see_off(struct fleet *f, struct child *c, uint64_t patience_us)
{
	uint64_t now_us = clock_us();

	if (c->is_gone || c->is_leaving)
		return;
	c->is_leaving = true;
	c->patience_us = now_us + patience_us;
	f->look_every_us = LOOK_LEAST_US;
	f->look_us = now_us + LOOK_LEAST_US;
	f->leaving = grow(
	    f->leaving, f->n_leaving, &f->cap_leaving, sizeof(struct child *));
	f->leaving[f->n_leaving++] = c;
}

static void kill_child(struct fleet *f, struct child *c)
{
	if (c->is_gone)
		return;
	(void)kill(c->member.pid, SIGKILL);
	see_off(f, c, FAREWELL_US);
	c->is_killed = true;
	c->patience_us = clock_us() + FAREWELL_US;
}

/* Whether it is no more, having noted how it went. */
static bool is_reaped(struct child *c)
{
	int status = 0;
	pid_t pid;

	do
		pid = waitpid(c->member.pid, &status, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return false;
	if (!c->why)
		c->why = pid > 0 ? process_fate(status) : xstrdup("is gone");
	return true;
}

/* One that does not die after SIGKILL (it hangs in the kernel) is given up, so
 * that no wait is without end. */
static bool is_out_of_patience(struct fleet *f, struct child *c)
{
	if (clock_us() < c->patience_us)
		return false;
	if (c->is_killed)
		return true;
	if (!c->why)
		c->why = xstrdup("closed its pipe");
	kill_child(f, c);
	return false;
}

static void look_for_the_dead(struct fleet *f)
{
	for (size_t i = 0; i < f->n_leaving;) {
		struct child *c = f->leaving[i];

		if (!is_reaped(c) && !is_out_of_patience(f, c)) {
			i++;
			continue;
		}
		c->is_gone = true;
		c->is_leaving = false;
		f->leaving[i] = f->leaving[--f->n_leaving];
		if (!is_over(c))
			enqueue(f, c);
	}
	f->look_every_us *= 2;
	if (f->look_every_us > LOOK_MOST_US)
		f->look_every_us = LOOK_MOST_US;
	f->look_us = clock_us() + f->look_every_us;
}

/* --- events ------------------------------------------------------------- */

static void hang_up(struct fleet *f, struct child *c)
{
	if (c->peer.in_fd >= 0)
		f->by_fd[c->peer.in_fd] = NULL;
	if (c->peer.out_fd >= 0)
		f->by_fd[c->peer.out_fd] = NULL;
	peer_clear(&c->peer);
	c->is_ended = true;
}

static void event_of(
    struct fleet_event *event, enum fleet_event_type type, struct child *c)
{
	*event = (struct fleet_event) {.type = type, .member = &c->member};
}

/* why is owned by the child from now on. */
static void lose(
    struct fleet *f, struct child *c, char *why, struct fleet_event *event)
{
	free(c->why);
	c->why = why;
	c->member.state = MEMBER_LOST;
	c->member.why_lost = c->why;
	f->alive--;
	f->greeted += !c->has_greeted;
	hang_up(f, c);
	kill_child(f, c);
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

static void lose_liar(struct fleet *f, struct child *c, const char *why,
    struct fleet_event *event)
{
	char *bytes = child_words(c->front, c->front_len, QUOTE_BYTES);

	lose(f, c, xasprintf("sent garbage: %s: %s", why, bytes), event);
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
			lose(f, c,
			    xasprintf("speaks version %u of the messages, this "
				      "loadgen speaks version %d",
				g.wire_version, WIRE_VERSION),
			    event);
		return;
	}
	c->has_greeted = true;
	f->greeted++;
	c->host = g.host;
	g.host = NULL;
	greeting_clear(&g);
	c->member.host = c->host;
	c->member.state = MEMBER_READY;
	event_of(event, FLEET_READY, c);
}

static void lose_forgetful(struct fleet *f, struct child *c, uint64_t expected,
    uint64_t found, struct fleet_event *event)
{
	lose(f, c,
	    xasprintf("a snapshot is missing: expected number %" PRIu64
		      ", got %" PRIu64,
		expected, found),
	    event);
}

static void take_snapshot(
    struct fleet *f, struct child *c, struct fleet_event *event)
{
	const char *why;

	if (!wire_get_snapshot(&c->peer.in, &f->snapshot, &why)) {
		lose_liar(f, c, why, event);
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
	if (f->final.snapshots != c->member.snapshots) {
		lose(f, c,
		    xasprintf("a snapshot is missing: it sent %" PRIu64
			      ", %" PRIu64 " arrived",
			f->final.snapshots, c->member.snapshots),
		    event);
		return;
	}
	c->member.state = MEMBER_DONE;
	f->alive--;
	hang_up(f, c);
	see_off(f, c, FAREWELL_US);
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

static void take_frame(struct fleet *f, struct child *c, enum message_type type,
    struct fleet_event *event)
{
	if (type != MESSAGE_GREETING && !c->has_greeted) {
		lose_liar(f, c, "a message before the greeting", event);
		return;
	}
	switch (type) {
	case MESSAGE_GREETING:
		take_greeting(f, c, event);
		break;
	case MESSAGE_SNAPSHOT:
		take_snapshot(f, c, event);
		break;
	case MESSAGE_EVENT:
		take_message(f, c, event);
		break;
	case MESSAGE_VALUES:
		take_values(f, c, event);
		break;
	case MESSAGE_FINAL:
		take_final(f, c, event);
		break;
	default:
		lose_liar(f, c, "a message that is not for a parent", event);
		break;
	}
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
	lose(f, c, why, event);
}

/* --- reading and writing ------------------------------------------------ */

static void hear(struct fleet *f, struct child *c)
{
	if (peer_read(&c->peer) != PEER_OPEN)
		c->is_ended = true;
	enqueue(f, c);
}

/* What cannot be told to it will come out when it is seen off. */
static void tell(struct fleet *f, struct child *c)
{
	if (peer_write(&c->peer) != PEER_OPEN)
		see_off(f, c, CLOSED_US);
}

/* Whether its pipe held more than was read so far. */
static bool had_more(struct child *c)
{
	size_t before = buf_len(&c->peer.in);

	if (!c->is_ended && peer_read(&c->peer) != PEER_OPEN)
		c->is_ended = true;
	return buf_len(&c->peer.in) > before;
}

/* The next thing that this one said or that became of it, if any. */
static bool next_of(struct fleet *f, struct child *c, struct fleet_event *event)
{
	enum message_type type;
	enum wire_result found;
	const char *why;
	size_t n;

	if (is_over(c))
		return false;
	do
		found = wire_peek(&c->peer.in, &type, &n, &why);
	while (found == WIRE_MORE && c->is_gone && had_more(c));
	if (found != WIRE_MORE)
		keep_front(c);
	if (found == WIRE_BAD)
		lose_liar(f, c, why, event);
	else if (found == WIRE_OK)
		take_frame(f, c, type, event);
	else if (c->is_gone)
		bury(f, c, event);
	else if (c->is_ended && !c->is_leaving)
		see_off(f, c, CLOSED_US);
	return event->type != FLEET_NOTHING;
}

/* One event of the one whose turn it is; it goes to the end of the queue. */
static bool next_event(struct fleet *f, struct fleet_event *event)
{
	struct child *c;

	while ((c = dequeue(f)) != NULL) {
		if (!next_of(f, c, event)) {
			/* thousands of members wait most of the time, and
			 * need no memory for that */
			if (buf_len(&c->peer.in) == 0)
				buf_clear(&c->peer.in);
			continue;
		}
		if (!is_over(c))
			enqueue(f, c);
		f->frames++;
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
	else
		tell(f, c);
}

/* Looks at the pipes and for the dead. Returns whether the wait is over: the
 * deadline, a signal, or somebody else's descriptor; -1 and errno. */
static int look_around(
    struct fleet *f, uint64_t deadline_us, const sigset_t *mask)
{
	struct poller_event events[EVENTS];
	uint64_t until_us = deadline_us;
	uint64_t now_us = clock_us();
	int n;

	f->frames = 0;
	f->is_called = false;
	if (f->n_leaving > 0 && f->look_us < until_us)
		until_us = f->look_us;
	n = poller_wait(f->poller,
	    until_us == UINT64_MAX ? UINT64_MAX
	    : until_us > now_us    ? until_us - now_us
				   : 0,
	    mask, events, EVENTS);
	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++)
		take_poller_event(f, &events[i]);
	now_us = clock_us();
	if (f->n_leaving > 0 && now_us >= f->look_us)
		look_for_the_dead(f);
	return f->is_called || now_us >= deadline_us ||
	       (n == 0 && now_us < until_us);
}

/* What the last event showed. */
static void forget_event(struct fleet *f)
{
	snapshot_clear(&f->snapshot);
	event_message_clear(&f->message);
	values_clear(&f->errand.values);
}

int fleet_wait(struct fleet *f, uint64_t deadline_us, const sigset_t *mask,
    struct fleet_event *event)
{
	int is_time = 0;

	*event = (struct fleet_event) {.type = FLEET_NOTHING};
	forget_event(f);
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

/* --- birth -------------------------------------------------------------- */

struct fleet *fleet_new(void)
{
	struct poller *poller = poller_new();
	struct fleet *f;

	if (!poller)
		return NULL;
	f = xcalloc(1, sizeof(*f));
	f->poller = poller;
	return f;
}

static void know_fd(struct fleet *f, int fd, struct child *c)
{
	size_t n = (size_t)fd + 1;

	if (n > f->n_fds) {
		n *= 2;
		f->by_fd = xreallocarray(f->by_fd, n, sizeof(struct child *));
		for (size_t i = f->n_fds; i < n; i++)
			f->by_fd[i] = NULL;
		f->n_fds = n;
	}
	f->by_fd[fd] = c;
}

/* The child's side of a fork. Its elders' ends are closed with plain close():
 * the poller's inner set is shared with the parent, and must be left alone. */
static _Noreturn void live(struct fleet *f, const struct child_pipes *pipes,
    fleet_child *child, const void *arg)
{
	for (uint32_t i = 0; i < f->n; i++) {
		if (f->children[i]->peer.in_fd >= 0)
			close(f->children[i]->peer.in_fd);
		if (f->children[i]->peer.out_fd >= 0)
			close(f->children[i]->peer.out_fd);
	}
	close(pipes->parent_in);
	close(pipes->parent_out);
	poller_free(f->poller);
	child_settle();
	_exit(child(arg, pipes->child_in, pipes->child_out));
}

static void add_child(struct fleet *f, struct child *c)
{
	c->member.number = f->n;
	c->member.host = "";
	know_fd(f, c->peer.in_fd, c);
	know_fd(f, c->peer.out_fd, c);
	f->children = grow(f->children, f->n, &f->cap, sizeof(struct child *));
	f->children[f->n++] = c;
	f->alive++;
}

static void greet(struct fleet *f, struct child *c)
{
	char *host = xstrdup(host_name());
	char version[] = LOADGEN_VERSION;
	struct greeting g = {
	    .pid = (uint32_t)getpid(), .host = host, .version = version};

	wire_put_greeting(&c->peer.out, &g);
	free(host);
	tell(f, c);
}

static int spawn_one(struct fleet *f, fleet_child *child, const void *arg)
{
	struct child_pipes pipes;
	struct child *c;
	int saved;

	if (child_pipes_open(&pipes) < 0)
		return -1;
	c = xcalloc(1, sizeof(*c));
	c->member.pid = -1;
	/* what is buffered now would be written by both */
	fflush(NULL);
	if (peer_init(&c->peer, f->poller, pipes.parent_in, pipes.parent_out) ==
	    0)
		c->member.pid = fork();
	if (c->member.pid == 0)
		live(f, &pipes, child, arg);
	saved = errno;
	close(pipes.child_in);
	close(pipes.child_out);
	if (c->member.pid < 0) {
		peer_clear(&c->peer);
		free(c);
		errno = saved;
		return -1;
	}
	add_child(f, c);
	greet(f, c);
	return 0;
}

int fleet_spawn(
    struct fleet *f, uint32_t n, fleet_child *child, const void *arg)
{
	for (uint32_t i = 0; i < n; i++)
		if (spawn_one(f, child, arg) < 0)
			return -1;
	return 0;
}

/* Waits for those that are leaving, for as long as they may take. */
static void wait_for_the_last(struct fleet *f)
{
	struct poller_event event;

	while (f->n_leaving > 0) {
		uint64_t now_us = clock_us();

		if (f->look_us > now_us)
			(void)poller_wait(
			    f->poller, f->look_us - now_us, NULL, &event, 1);
		look_for_the_dead(f);
	}
}

void fleet_free(struct fleet *f)
{
	if (!f)
		return;
	for (uint32_t i = 0; i < f->n; i++) {
		struct child *c = f->children[i];

		/* one that has said its last word is let go in peace */
		if (!is_over(c))
			kill_child(f, c);
		hang_up(f, c);
	}
	wait_for_the_last(f);
	for (uint32_t i = 0; i < f->n; i++) {
		free(f->children[i]->host);
		free(f->children[i]->why);
		free(f->children[i]);
	}
	forget_event(f);
	poller_free(f->poller);
	free(f->children);
	free(f->by_fd);
	free(f->leaving);
	free(f);
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

uint32_t fleet_greeted(const struct fleet *f)
{
	return f->greeted;
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

void fleet_start(struct fleet *f, const struct start *s)
{
	struct start start = *s;

	start.workers = f->n;
	for (uint32_t i = 0; i < f->n; i++) {
		struct child *c = f->children[i];

		if (c->member.state != MEMBER_READY)
			continue;
		start.worker = i;
		wire_put_start(&c->peer.out, &start);
		c->member.state = MEMBER_RUNNING;
		tell(f, c);
	}
}

void fleet_command(struct fleet *f, enum command command)
{
	for (uint32_t i = 0; i < f->n; i++) {
		struct child *c = f->children[i];

		if (is_over(c))
			continue;
		wire_put_command(&c->peer.out, command);
		tell(f, c);
	}
}

void fleet_add_users(struct fleet *f, int32_t users)
{
	for (uint32_t i = 0; i < f->n; i++) {
		struct child *c = f->children[i];

		if (is_over(c))
			continue;
		wire_put_users(&c->peer.out, users);
		tell(f, c);
	}
}

void fleet_kill(struct fleet *f, uint32_t number, const char *why)
{
	struct child *c;

	assert(number < f->n);
	c = f->children[number];
	if (is_over(c))
		return;
	if (!c->why)
		c->why = xstrdup(why);
	kill_child(f, c);
}
