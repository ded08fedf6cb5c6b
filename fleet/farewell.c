/*
 * How members leave: who has said the last word, or cannot be heard any more,
 * is waited for, killed when that takes too long, and reaped. It must not know
 * what they say.
 */
#include "fleet/fleet_private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/process.h"
#include "base/util.h"

enum {
	ASKED_US = 1000000, /* from SIGTERM to SIGKILL */
	LOOK_MOST_US = 20000
};

void fleet_see_off(struct fleet *f, struct child *c, uint64_t patience_us)
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

static void send_signal(struct fleet *f, struct child *c, bool is_group)
{
	int number = is_group && !c->is_asked ? SIGTERM : SIGKILL;

	if (is_group)
		(void)kill(-c->member.pid, number);
	(void)kill(c->member.pid, number);
	c->is_asked = true;
	c->is_killed = number == SIGKILL;
	fleet_see_off(f, c, 0);
	c->patience_us = clock_us() + (c->is_killed ? FAREWELL_US : ASKED_US);
}

/* What leads to an agent may have started others: it is a group of its own. It
 * is asked to end first, as it may have something to remove. */
void fleet_kill_child(struct fleet *f, struct child *c)
{
	if (c->is_gone)
		return;
	if (c->member.pid == 0) {
		/* it was never started */
		c->is_gone = c->is_ended = true;
		fleet_enqueue(f, c);
		return;
	}
	if (!c->is_asked || clock_us() >= c->patience_us)
		send_signal(f, c, c->link != NULL && c->link->here == NULL);
}

/* A command that is content although its agent had more to say. */
static char *fate_of(const struct child *c, int status)
{
	return c->link != NULL && status == 0
		   ? xstrdup("ended too early, with status 0")
		   : process_fate(status);
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
	/* what it had started may be deaf to being asked */
	if (c->is_asked && c->link != NULL && c->link->here == NULL)
		(void)kill(-c->member.pid, SIGKILL);
	c->status = pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (!c->why)
		c->why = pid > 0 ? fate_of(c, status) : xstrdup("is gone");
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
	fleet_kill_child(f, c);
	return false;
}

void fleet_look_for_the_dead(struct fleet *f)
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
		if (!child_is_over(c))
			fleet_enqueue(f, c);
	}
	f->look_every_us *= 2;
	if (f->look_every_us > LOOK_MOST_US)
		f->look_every_us = LOOK_MOST_US;
	f->look_us = clock_us() + f->look_every_us;
}

void fleet_hang_up(struct fleet *f, struct child *c)
{
	fleet_forget_fd(f, c->peer.in_fd);
	fleet_forget_fd(f, c->peer.out_fd);
	peer_clear(&c->peer);
	c->is_ended = true;
}

/* Words for people are heard to the end: who cannot get rid of them does not
 * leave. All else that there may be to hear comes too late, and would only wake
 * us up again and again. */
static void take_last_event(struct fleet *f, const struct poller_event *event)
{
	struct child *c =
	    (size_t)event->fd < f->n_fds ? f->by_fd[event->fd] : NULL;

	if (c != NULL)
		link_hear_words(f, c);
	else
		poller_forget(f->poller, event->fd);
}

void fleet_wait_for_the_last(struct fleet *f)
{
	struct poller_event event;

	while (f->n_leaving > 0) {
		uint64_t now_us = clock_us();

		if (f->look_us > now_us &&
		    poller_wait(
			f->poller, f->look_us - now_us, NULL, &event, 1) > 0)
			take_last_event(f, &event);
		else
			fleet_look_for_the_dead(f);
	}
}
