/*
 * libcurl's multi handles, each with the transfers of so many users: a lane.
 * It must not know what a transfer is for.
 */
#include "load/http.h"

#include <stdlib.h>

#include "base/util.h"
#include "load/http_private.h"

enum {
	LANE_CLIENTS = 600, /* fewer than libcurl has chains for sockets */
	MAX_CONNECTIONS = 10 * 1000 * 1000
};

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct lane *lane = arg;

	(void)multi;
	if (timeout_ms < 0)
		lane->next_us = UINT64_MAX;
	else if (timeout_ms == 0)
		lane->next_us = 0;
	else
		lane->next_us = clock_us() + (uint64_t)timeout_ms * US_PER_MS;
	return 0;
}

static bool set_multi(struct lane *lane)
{
	CURLM *m = lane->multi;

	/* the default would close the connections of users who wait */
	return curl_multi_setopt(m, CURLMOPT_MAXCONNECTS,
		   (long)MAX_CONNECTIONS) == CURLM_OK &&
	       curl_multi_setopt(m, CURLMOPT_PIPELINING,
		   (long)CURLPIPE_NOTHING) == CURLM_OK &&
	       curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, http_on_socket) ==
		   CURLM_OK &&
	       curl_multi_setopt(m, CURLMOPT_SOCKETDATA, lane) == CURLM_OK &&
	       curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, on_timer) ==
		   CURLM_OK &&
	       curl_multi_setopt(m, CURLMOPT_TIMERDATA, lane) == CURLM_OK;
}

static void lane_free(struct lane *lane)
{
	curl_multi_cleanup(lane->multi);
	free(lane);
}

/* NULL: libcurl has none to give. */
static struct lane *lane_new(struct http *h)
{
	struct lane *lane = xcalloc(1, sizeof(*lane));

	lane->http = h;
	lane->next_us = UINT64_MAX;
	lane->multi = curl_multi_init();
	if (lane->multi == NULL || !set_multi(lane)) {
		lane_free(lane);
		return NULL;
	}
	h->lanes[h->n_lanes++] = lane;
	return lane;
}

bool lanes_init(struct http *h)
{
	return lane_new(h) != NULL;
}

void lanes_clear(struct http *h)
{
	for (size_t i = 0; i < h->n_lanes; i++)
		lane_free(h->lanes[i]);
	h->n_lanes = 0;
}

struct lane *lanes_join(struct http *h)
{
	struct lane *least = h->lanes[0], *fresh = NULL;

	for (size_t i = 1; i < h->n_lanes; i++)
		if (h->lanes[i]->n_clients < least->n_clients)
			least = h->lanes[i];
	if (least->n_clients >= LANE_CLIENTS && h->n_lanes < MAX_LANES)
		fresh = lane_new(h);
	if (fresh != NULL)
		least = fresh;
	least->n_clients++;
	return least;
}

void lane_leave(struct lane *lane)
{
	lane->n_clients--;
}

/* --- transfers ---------------------------------------------------------- */

static void touch(struct lane *lane)
{
	if (lane->is_touched)
		return;
	lane->is_touched = true;
	lane->next = lane->http->touched;
	lane->http->touched = lane;
}

CURLMcode lane_add(struct lane *lane, CURL *easy)
{
	lane->has_new = true;
	return curl_multi_add_handle(lane->multi, easy);
}

void lane_remove(struct lane *lane, CURL *easy)
{
	curl_multi_remove_handle(lane->multi, easy);
}

void lane_event(struct lane *lane, curl_socket_t fd, int mask)
{
	int running;

	curl_multi_socket_action(lane->multi, fd, mask, &running);
	touch(lane);
}

uint64_t lanes_next_us(const struct http *h)
{
	uint64_t next_us = UINT64_MAX;

	for (size_t i = 0; i < h->n_lanes; i++)
		if (h->lanes[i]->next_us < next_us)
			next_us = h->lanes[i]->next_us;
	return next_us;
}

bool lanes_run(struct http *h, uint64_t now_us)
{
	bool is_good = true;
	int running;

	for (size_t i = 0; i < h->n_lanes; i++) {
		struct lane *lane = h->lanes[i];

		if (!lane->has_new && lane->next_us > now_us)
			continue;
		lane->has_new = false;
		if (lane->next_us <= now_us)
			lane->next_us = UINT64_MAX;
		if (curl_multi_socket_action(lane->multi, CURL_SOCKET_TIMEOUT,
			0, &running) != CURLM_OK) {
			lane->has_new = true;
			is_good = false;
		}
		touch(lane);
	}
	return is_good;
}

static struct transfer *finished_in(struct lane *lane, CURLcode *code)
{
	CURLMsg *message;
	char *private = NULL;
	int left;

	do {
		message = curl_multi_info_read(lane->multi, &left);
		if (message == NULL)
			return NULL;
	} while (message->msg != CURLMSG_DONE);
	*code = message->data.result;
	curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
	return (struct transfer *)(void *)private;
}

struct transfer *lanes_finished(struct http *h, CURLcode *code)
{
	while (h->touched != NULL) {
		struct lane *lane = h->touched;
		struct transfer *t = finished_in(lane, code);

		if (t != NULL)
			return t;
		h->touched = lane->next;
		lane->is_touched = false;
	}
	return NULL;
}
