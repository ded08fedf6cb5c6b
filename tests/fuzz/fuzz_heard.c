/*
 * Any bytes as what a member of a fleet says, be it a worker or an agent, at
 * any point of its life: each message is an event or the member is lost, for a
 * reason that is told. The first byte says who it is.
 */
#include "fleet/fleet_private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	MAX_INPUT = 1 << 20,
	PROGRAM_BYTES = 4096,
	IS_AGENT = 1,
	HAS_GREETED = 2,
	IS_READY = 4,
	IS_RUNNING = 8,
	IS_COPYING = 16
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() is compiled out of a release, and this must not be. */
static void must(bool holds)
{
	if (!holds)
		abort();
}

/* No process is behind it: its pipes end here. */
static struct child *add_member(
    struct fleet *f, unsigned flags, const struct stock *stock, int ends[4])
{
	struct child *c = calloc(1, sizeof(*c));
	int zero_fd = open("/dev/zero", O_RDONLY);

	must(c != NULL && pipe(ends) == 0 && pipe(ends + 2) == 0);
	must(peer_init(&c->peer, f->poller, ends[0], ends[3]) == 0);
	c->member.host = "";
	f->program =
	    mmap(NULL, PROGRAM_BYTES, PROT_READ, MAP_PRIVATE, zero_fd, 0);
	f->program_bytes = PROGRAM_BYTES;
	must(f->program != MAP_FAILED);
	close(zero_fd);
	if (flags & IS_AGENT) {
		c->link = link_new(&(struct fleet_host) {
		    .stock = stock, .connect_us = 1000000});
		c->link->state =
		    flags & IS_COPYING ? LINK_ASKING : LINK_GREETING;
	}
	fleet_add_child(f, c);
	if (flags & HAS_GREETED) {
		c->has_greeted = true;
		if (c->link != NULL)
			link_greeted(f, c);
	}
	if (flags & IS_READY)
		c->member.state = MEMBER_READY;
	if (flags & IS_RUNNING)
		c->member.state = MEMBER_RUNNING;
	return c;
}

static void look_at(const struct fleet *f, const struct fleet_event *event)
{
	switch (event->type) {
	case FLEET_NOTHING:
		return;
	case FLEET_LOST:
		must(event->member->why_lost != NULL && f->alive == 0);
		break;
	case FLEET_DONE:
		must(event->final != NULL && f->alive == 0);
		break;
	case FLEET_READY:
		must(!event->member->is_agent || event->ready != NULL);
		break;
	case FLEET_SNAPSHOT:
		must(event->snapshot->sequence == event->member->snapshots);
		break;
	case FLEET_EVENT:
		must(event->message->name != NULL);
		break;
	case FLEET_MEMBER:
		must(event->news->host != NULL && event->news->why != NULL);
		break;
	case FLEET_VALUES:
		must(event->errand != NULL);
		break;
	}
	must(event->member == fleet_member(f, 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char text[] = "[load]\n";
	struct fleet *f = fleet_new();
	struct stock stock = {0};
	struct fleet_event event;
	struct child *c;
	int ends[4];
	bool goes_on;

	if (size < 1 || size > MAX_INPUT) {
		fleet_free(f);
		return 0;
	}
	must(f != NULL);
	must(stock_add(&stock, STOCK_TEXT, "plan.ini", text, sizeof(text) - 1));
	c = add_member(f, data[0], &stock, ends);
	buf_put(&c->peer.in, data + 1, size - 1);
	do {
		event = (struct fleet_event) {.type = FLEET_NOTHING};
		fleet_forget_event(f);
		goes_on = fleet_hear_next(f, c, &event);
		look_at(f, &event);
	} while (goes_on && !child_is_over(c));
	/* no process to wait for */
	c->is_gone = true;
	f->n_leaving = 0;
	fleet_free(f);
	close(ends[1]);
	close(ends[2]);
	stock_clear(&stock);
	return 0;
}
