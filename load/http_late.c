/*
 * Transfers that take too long. It must not know what is said of them.
 *
 * libcurl could do this, but with a timer for each limit of each request that
 * is put into a tree and taken out again, through memory of transfers that lie
 * cold: 1.5 % of the instructions of a request for each, and 4 % of its time
 * where 1,000 users are in flight. Here a transfer has one alarm, which
 * requests leave alone when they will be late only after it; when it rings too
 * early it is set again.
 */
#include "load/http_private.h"

#include "base/util.h"

/* libcurl's own limit for connecting where it is given none: 300 s */
#define LIBRARY_LIMIT_US (300 * US_PER_S)

/* Where an address does not answer libcurl goes on to the next one in time
 * only when it knows the limit itself. */
static bool may_need_next_address(const struct transfer *t)
{
	const struct origin *o = t->origin;
	const struct http_client *client = t->client;

	if (t->has_path || o == NULL)
		return t->has_path || !t->is_address;
	return o->n_rotations > 1 &&
	       ((client->connected & o->bit) == 0 || client->n_in_flight > 0);
}

static void limit_connecting(struct transfer *t, bool is_own)
{
	uint64_t us = t->request->http.connect_timeout_us;
	long ms = (long)((us + US_PER_MS - 1) / US_PER_MS);

	if (t->has_own_limit == is_own)
		return;
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, is_own ? 0L : ms);
	t->has_own_limit = is_own;
}

void late_set(struct transfer *t, uint64_t limit_us)
{
	const struct http_options *o = &t->request->http;
	uint64_t first_us;

	t->limit_us = limit_us != 0 && limit_us < o->timeout_us ? limit_us
								: o->timeout_us;
	/* no less than libcurl can do where it connects */
	if (t->limit_us < US_PER_MS)
		t->limit_us = US_PER_MS;
	limit_connecting(t, o->connect_timeout_us < LIBRARY_LIMIT_US &&
				!may_need_next_address(t));
	first_us = t->limit_us;
	if (t->has_own_limit && o->connect_timeout_us < first_us)
		first_us = o->connect_timeout_us;
	t->late_us = t->added_us + first_us;
	if (t->alarm.place == 0 || t->alarm.due_us > t->late_us)
		timers_set(&t->http->alarms, &t->alarm, t->late_us);
}

/* libcurl's limit is on again for where a redirect leads, or for another try of
 * the same. */
void late_is_connected(struct transfer *t)
{
	if (t->sent > 1)
		return;
	if (t->origin != NULL)
		t->client->connected |= t->origin->bit;
	if (t->has_own_limit) {
		t->late_us = t->added_us + t->limit_us;
		limit_connecting(t, false);
	}
}

void late_stop(struct http *h, uint64_t now_us)
{
	struct timer *alarm;

	while ((alarm = timers_pop(&h->alarms, now_us)) != NULL) {
		struct transfer *t = (struct transfer *)(void *)alarm;

		if (t->late_us == UINT64_MAX || t->defect != NULL)
			continue;
		if (t->late_us > now_us) {
			timers_set(&h->alarms, alarm, t->late_us);
			continue;
		}
		lane_remove(t->client->lane, t->easy);
		t->next = h->late;
		h->late = t;
	}
}
