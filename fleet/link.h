/*
 * The way to an agent: the command that leads to its host, this binary sent
 * ahead where that is wanted, what the plan is made of, and whether it is still
 * there. Private to the fleet. It must not know what an agent does.
 */
#ifndef FLEET_LINK_H
#define FLEET_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "plan/stock.h"

struct fleet;
struct child;
struct fleet_host;

enum link_state {
	LINK_WAITING,   /* too many others are being connected */
	LINK_ASKING,    /* for the system of the host, to send a binary there */
	LINK_COPYING,   /* that is being sent */
	LINK_GREETING,  /* of the agent */
	LINK_SENDING,   /* what the plan is made of */
	LINK_PREPARING, /* the agent is */
	LINK_UP         /* it is ready, or further */
};

struct link {
	enum link_state state;
	char *rsh; /* owned, as is program */
	char *program;
	bool copy;
	int (*here)(const void *arg, int in_fd, int out_fd);
	const struct stock *stock[2]; /* borrowed */
	uint64_t connect_us;
	uint64_t until_us; /* the state must have changed by then */
	int words_fd;      /* standard error of the command; -1: closed */
	struct buf words;  /* the last of it */
	struct buf lines;  /* that are still to be passed on */

	/* how much of what is to be sent has been put */
	unsigned at_stock;
	size_t at_item;
	size_t at_byte;
	uint64_t put_us; /* when some of it went out */

	uint64_t up_us;    /* when it was ready */
	uint64_t heard_us; /* when anything came from it */
	uint64_t ping_us;  /* when the last ping was put, */
	uint64_t ping;     /* with this number; */
	bool is_pinged;    /* it is not answered yet */
};

struct link *link_new(const struct fleet_host *host);
void link_free(struct link *link);
/* What its command has said, fit to be printed, and cut: owned by the caller;
 * NULL: nothing. */
char *link_words(struct link *link);
/* The next line of it, of those that came since the agent was ready: owned by
 * the caller; NULL: there is none. */
char *link_next_words(struct link *link);
/* Reads more of that. */
void link_hear_words(struct fleet *f, struct child *c);

/* Starts those that may be started, sends pings, and loses those who take too
 * long: to be called at fleet.mind_us. */
void links_mind(struct fleet *f, uint64_t now_us);
/* What came that is no frame, as it comes before those: true, where that is
 * all there is for now. Why it is to be lost, owned by the caller, or NULL. */
bool link_takes_lines(struct fleet *f, struct child *c, char **why);
/* What may be the matter with one that greets with such bytes: static. */
const char *link_noise_hint(const uint8_t *bytes, size_t n);
/* It has greeted. */
void link_greeted(struct fleet *f, struct child *c);
/* It is ready: now that it is not busy, the way to it is timed. */
void link_is_up(struct fleet *f, struct child *c, uint64_t now_us);
/* Whether an answer to that is still to be waited for. */
bool link_is_being_timed(const struct child *c);
void link_take_pong(struct child *c, uint64_t number, uint64_t now_us);
/* Puts what is next, as far as that is not too much at once. Whether anything
 * was put. */
bool link_put_more(struct fleet *f, struct child *c);
/* Something came from it, which is a sign of life. */
void link_was_heard(struct link *link, uint64_t now_us);

#endif
