/*
 * Transfers that take too long. It must not know what is said of them.
 *
 * libcurl could do this, but with a timer for each limit of each request that
 * is put into a tree and taken out again, through memory of transfers that lie
 * cold: 4 % of a request's time where 1,000 users are in flight. Here a
 * transfer has one alarm, which requests leave alone when they will be late
 * only after it; when it rings too early it is set again.
 */
#include "load/http_private.h"

#include "base/util.h"

/* What libcurl limits connecting to where it is given no limit. */
#define LIBRARY_LIMIT_US (300 * US_PER_S)
/* It goes on from one address of a host to the next where half of the limit is
 * over while it is awake, as it is at 200 ms for the other family. */
#define NEXT_ADDRESS_LIMIT_US US_PER_S

/* Whether libcurl is to limit connecting, as it does more than that, or before
 * a socket is opened. */
static bool library_limits(const struct transfer *t)
{
	uint64_t limit_us = t->request->http.connect_timeout_us;

	if (limit_us >= LIBRARY_LIMIT_US || t->has_path)
		return true;
	if (t->origin == NULL)
		return !t->is_address; /* it looks the name up */
	return t->origin->n_rotations > 1 && limit_us < NEXT_ADDRESS_LIMIT_US;
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

static void set_late(struct transfer *t, uint64_t late_us)
{
	t->late_us = late_us;
	if (t->alarm.place == 0 || t->alarm.due_us > late_us)
		timers_set(&t->http->alarms, &t->alarm, late_us);
}

void late_set(struct transfer *t, uint64_t limit_us)
{
	uint64_t most_us = t->request->http.timeout_us;

	t->limit_us = limit_us != 0 && limit_us < most_us ? limit_us : most_us;
	/* as for libcurl, which counts milliseconds */
	if (t->limit_us < US_PER_MS)
		t->limit_us = US_PER_MS;
	limit_connecting(t, !library_limits(t));
	set_late(t, t->added_us + t->limit_us);
}

void late_connects(struct transfer *t)
{
	uint64_t late_us;

	if (!t->has_own_limit)
		return;
	late_us = clock_us() + t->request->http.connect_timeout_us;
	if (late_us < t->late_us)
		set_late(t, late_us);
}

/* libcurl's limit is on again for where a redirect leads, or for another try of
 * the same. */
void late_is_connected(struct transfer *t)
{
	if (!t->has_own_limit)
		return;
	t->late_us = t->added_us + t->limit_us;
	limit_connecting(t, false);
}

/* What libcurl has not begun is begun first: its handle still tells of the
 * request that it made before. */
void late_stop(struct http *h, uint64_t now_us)
{
	struct timer *alarm;

	while ((alarm = timers_pop(&h->alarms, now_us)) != NULL) {
		struct transfer *t = (struct transfer *)(void *)alarm;

		if (t->late_us == UINT64_MAX || t->defect != NULL)
			continue;
		if (t->late_us > now_us || t->started_in == h->runs) {
			timers_set(&h->alarms, alarm,
			    t->late_us > now_us ? t->late_us : now_us + 1);
			continue;
		}
		lane_remove(t->client->lane, t->easy);
		t->next = h->late;
		h->late = t;
	}
}
