/*
 * Any bytes as what a parent sends to an agent before it prepares: items are
 * taken or refused, and what was taken is a plan or has mistakes.
 */
#include "agent_plan.h"

#include <stdlib.h>

#include "fleet/wire.h"

enum { MAX_BYTES = 8 << 20, MAX_ITEM_BYTES = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() is compiled out of a release, and this must not be. */
static void must(bool holds)
{
	if (!holds)
		abort();
}

/* One that announces more than the fuzzer may have is none of interest. */
static bool is_small(const struct buf *in)
{
	struct buf copy;
	struct item item;
	const char *why;
	bool is_small;

	buf_init(&copy, MAX_BYTES);
	buf_put(&copy, buf_bytes(in), buf_len(in));
	is_small =
	    !wire_get_item(&copy, &item, &why) || item.bytes <= MAX_ITEM_BYTES;
	item_clear(&item);
	buf_clear(&copy);
	return is_small;
}

static void load(struct agent_plan *p)
{
	char *why = NULL;
	const struct plan *plan = agent_plan_load(p, &why);

	must((plan == NULL) == (why != NULL && why[0] != '\0'));
	must(plan == NULL || agent_plan_workers(plan) > 0);
	free(why);
}

/* False: it is the end. */
static bool take(
    struct agent_plan *p, struct buf *in, enum message_type type, size_t n)
{
	const char *why = NULL;
	bool is_good = true;

	switch (type) {
	case MESSAGE_ITEM:
		if (!is_small(in))
			return false;
		is_good = agent_plan_take_item(p, in, &why);
		break;
	case MESSAGE_BYTES:
		is_good = agent_plan_take_bytes(p, in, &why);
		break;
	case MESSAGE_PREPARE:
		load(p);
		return false;
	default:
		buf_consume(in, WIRE_HEADER_BYTES + n);
		break;
	}
	must(is_good || why != NULL);
	return is_good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agent_plan p = {0};
	enum message_type type;
	const char *why = NULL;
	struct buf in;
	size_t n;

	buf_init(&in, MAX_BYTES);
	buf_put(&in, data, size);
	while (wire_peek(&in, &type, &n, &why) == WIRE_OK)
		if (!take(&p, &in, type, n))
			break;
	agent_plan_clear(&p);
	buf_clear(&in);
	return 0;
}
