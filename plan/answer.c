/*
 * The parts of an answer, looked up when they are asked for. It must not know
 * what is looked for in them.
 */
#include "plan/answer.h"

#include <inttypes.h>

#include "base/util.h"

void answer_clear(struct answer *a)
{
	if (a->reading != 0 && a->reading == json_reading(a->reader))
		json_forget(a->reader);
	a->reading = 0;
}

struct text answer_body(const struct answer *a)
{
	if (a->body == NULL)
		return (struct text) {"", 0};
	return (struct text) {a->body, a->body_len};
}

const char *answer_header(const struct answer *a, const char *name)
{
	if (a->source == NULL || a->source->header == NULL)
		return NULL;
	return a->source->header(a->source->context, name);
}

const char *answer_cookie(const struct answer *a, const char *name)
{
	if (a->source == NULL || a->source->cookie == NULL)
		return NULL;
	return a->source->cookie(a->source->context, name);
}

const char *answer_url(const struct answer *a)
{
	if (a->source == NULL || a->source->url == NULL)
		return NULL;
	return a->source->url(a->source->context);
}

static void put_size(uint64_t bytes, struct buf *out)
{
	static const char *const units[] = {"", "k", "M", "G"};
	size_t i = 0;

	for (; i + 1 < ARRAY_LEN(units) && bytes > 0 && bytes % 1024 == 0; i++)
		bytes /= 1024;
	buf_printf(out, "%" PRIu64 "%s", bytes, units[i]);
}

void answer_put_cut(const struct answer *a, struct buf *why)
{
	buf_puts(why, "body is longer than max_body (");
	put_size(a->max_body, why);
	buf_putc(why, ')');
}

bool answer_read_json(struct answer *a, struct buf *why)
{
	if (a->body_is_cut) {
		answer_put_cut(a, why);
		return false;
	}
	if (a->body_len == 0) {
		a->verdict = JSON_BAD;
	} else if (a->reading == 0 || a->reading != json_reading(a->reader)) {
		a->verdict = json_read(a->reader, answer_body(a));
		a->reading = json_reading(a->reader);
	}
	switch (a->verdict) {
	case JSON_GOOD:
		return true;
	case JSON_BAD:
		buf_puts(why, "body is not JSON");
		break;
	case JSON_TOO_DEEP:
		buf_puts(why, "body is JSON nested too deep");
		break;
	case JSON_TOO_LONG:
		buf_puts(why, "body is too long to be read as JSON");
		break;
	}
	return false;
}
