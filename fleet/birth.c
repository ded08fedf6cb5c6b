/*
 * The fleet's beginning and end, and how members come into it. It must not know
 * what they say.
 */
#include "fleet/fleet_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/util.h"
#include "fleet/child.h"

enum { MOST_AT_ONCE = 50 };

struct fleet *fleet_new(void)
{
	struct poller *poller = poller_new();
	struct fleet *f;

	if (!poller)
		return NULL;
	f = xcalloc(1, sizeof(*f));
	f->poller = poller;
	f->mind_us = UINT64_MAX;
	f->most_at_once = MOST_AT_ONCE;
	return f;
}

void fleet_know_fd(struct fleet *f, int fd, struct child *c)
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

void fleet_forget_fd(struct fleet *f, int fd)
{
	if (fd >= 0 && (size_t)fd < f->n_fds)
		f->by_fd[fd] = NULL;
}

void fleet_keep_from_children(struct fleet *f, int fd)
{
	assert(f->n_kept < ARRAY_LEN(f->kept));
	f->kept[f->n_kept++] = fd;
}

static void close_in_child(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* With plain close(): the poller's inner set is shared with the parent, and
 * must be left alone. */
void fleet_forget_all(struct fleet *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		struct child *c = f->children[i];

		close_in_child(c->peer.in_fd);
		close_in_child(c->peer.out_fd);
		if (c->link != NULL)
			close_in_child(c->link->words_fd);
	}
	for (unsigned i = 0; i < f->n_kept; i++)
		close_in_child(f->kept[i]);
	poller_free(f->poller);
}

void fleet_add_child(struct fleet *f, struct child *c)
{
	c->member.number = f->n;
	f->children = grow(f->children, f->n, &f->cap, sizeof(struct child *));
	f->children[f->n++] = c;
	f->alive++;
}

/* The child's side of a fork. */
static _Noreturn void live(struct fleet *f, const struct child_pipes *pipes,
    fleet_child *child, const void *arg)
{
	fleet_forget_all(f);
	close(pipes->parent_in);
	close(pipes->parent_out);
	child_settle();
	_exit(child(arg, pipes->child_in, pipes->child_out));
}

int fleet_fork(
    struct fleet *f, struct child *c, fleet_child *child, const void *arg)
{
	struct child_pipes pipes;
	pid_t pid = -1;
	int saved;

	if (child_pipes_open(&pipes) < 0)
		return -1;
	/* what is buffered now would be written by both */
	fflush(NULL);
	if (peer_init(&c->peer, f->poller, pipes.parent_in, pipes.parent_out) ==
	    0)
		pid = fork();
	if (pid == 0)
		live(f, &pipes, child, arg);
	saved = errno;
	close(pipes.child_in);
	close(pipes.child_out);
	if (pid < 0) {
		peer_clear(&c->peer);
		errno = saved;
		return -1;
	}
	c->member.pid = pid;
	fleet_know_fd(f, c->peer.in_fd, c);
	fleet_know_fd(f, c->peer.out_fd, c);
	return 0;
}

static int spawn_one(struct fleet *f, fleet_child *child, const void *arg)
{
	struct child *c = xcalloc(1, sizeof(*c));

	c->member.host = "";
	if (fleet_fork(f, c, child, arg) < 0) {
		free(c);
		return -1;
	}
	fleet_add_child(f, c);
	wire_greet(&c->peer.out);
	fleet_tell(f, c);
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

void fleet_connect(struct fleet *f, const struct fleet_host *host)
{
	struct child *c = xcalloc(1, sizeof(*c));

	c->link = link_new(host);
	c->peer.in_fd = c->peer.out_fd = -1;
	c->host = xstrdup(host->name);
	c->member.host = c->host;
	c->member.is_agent = true;
	f->n_links++;
	f->mind_us = f->minded_us = clock_us();
	fleet_add_child(f, c);
}

void fleet_free(struct fleet *f)
{
	if (!f)
		return;
	for (uint32_t i = 0; i < f->n; i++) {
		struct child *c = f->children[i];

		/* one that has said its last word is let go in peace */
		if (!child_is_over(c))
			fleet_kill_child(f, c);
		fleet_hang_up(f, c);
	}
	fleet_wait_for_the_last(f);
	for (uint32_t i = 0; i < f->n; i++) {
		link_free(f->children[i]->link);
		free(f->children[i]->host);
		free(f->children[i]->why);
		free(f->children[i]);
	}
	fleet_forget_event(f);
	snapshot_clear(&f->snapshot);
	poller_free(f->poller);
	if (f->program != NULL)
		munmap(f->program, f->program_bytes);
	free(f->children);
	free(f->by_fd);
	free(f->leaving);
	free(f);
}
