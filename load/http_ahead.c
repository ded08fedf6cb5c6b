/*
 * What the next events will touch, brought into the processor's cache while
 * the one at hand is dealt with. It must not change anything.
 *
 * With a thousand users in flight each request would find its memory cold:
 * libcurl alone reads all over a handle of 5 KB. Fetched ahead, a second has a
 * tenth more requests.
 *
 * Who a socket's user is, and what it has in flight, may be out of date: then
 * the wrong memory is fetched, at next to no cost. What is read on the way is
 * never freed as long as there is a socket: clients and transfers are kept
 * until the end. What is only fetched may be gone.
 */
#include <stddef.h>

#include "base/util.h"
#include "load/http_private.h"

enum {
	LINE = 64,           /* of the cache */
	FEW = 128,           /* handles of so many stay in the cache anyhow */
	HANDLE_BYTES = 5376, /* of libcurl 7.88; others are about as large */
	SHARE_BYTES = 192,   /* of libcurl's: what each request looks at */
	OWNER_BYTES = 256    /* who hears of the answer: a job, or its user */
};

static void fetch(const void *from, size_t bytes)
{
	uintptr_t at = (uintptr_t)from;

	if (from == NULL)
		return;
	for (uintptr_t end = at + bytes; at < end; at += LINE)
		__builtin_prefetch((const void *)at);
	/* or gcc leaves out all calls, as of what does nothing */
	__asm__ volatile("");
}

/* Whose socket it is; NULL: nobody's who might have something in flight. */
static const struct http_client *client_of(
    const struct http *h, const struct poller_event *event)
{
	const struct socket_state *s;

	if ((size_t)event->fd >= h->n_sockets)
		return NULL;
	s = &h->sockets[event->fd];
	return s->wanted != 0 ? s->client : NULL;
}

static void fetch_transfer(const struct http_client *client)
{
	/* of its text the first byte, which libcurl clears each time */
	fetch(client->latest, offsetof(struct transfer, error_text) + 1);
	for (size_t i = 0; i < ARRAY_LEN(client->shares); i++)
		fetch(client->shares[i], SHARE_BYTES);
}

static void fetch_handle(const struct http *h, const struct http_client *client)
{
	const struct transfer *t = client->latest;

	if (t == NULL || t->client != client)
		return;
	fetch(t->owner, OWNER_BYTES);
	if (h->n_in_flight > FEW)
		fetch(t->easy, HANDLE_BYTES);
}

/* Step by step, as what has to be read to find the next thing has to be there
 * first. */
void http_look_ahead(
    const struct http *h, const struct poller_event *next, size_t n)
{
	const struct http_client *client;

	if (n > 2 && (client = client_of(h, &next[2])) != NULL)
		fetch(client, sizeof(*client));
	if (n > 1 && (client = client_of(h, &next[1])) != NULL)
		fetch_transfer(client);
	if (n > 0 && (client = client_of(h, &next[0])) != NULL)
		fetch_handle(h, client);
}
