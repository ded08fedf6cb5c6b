/*
 * Items become a stock, and the stock a plan. It must not know who plays it.
 */
#include "agent_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "events.h"
#include "load/http.h"
#include "plan/source.h"
#include "ready.h"

enum { MAX_WHY_BYTES = 16 << 10 };

void agent_plan_clear(struct agent_plan *p)
{
	plan_free(p->plan);
	free(p->overrides);
	stock_clear(&p->stock);
	*p = (struct agent_plan) {0};
}

bool agent_plan_take_item(
    struct agent_plan *p, struct buf *in, const char **why)
{
	struct item item;
	bool is_good = wire_get_item(in, &item, why);

	if (is_good) {
		*why = "an item that cannot be held";
		is_good = p->left == 0 && stock_is_kind(item.kind) &&
			  item.bytes <= STOCK_MAX_BYTES;
	}
	if (is_good) {
		p->left = item.bytes;
		p->room = stock_add_room(&p->stock, (enum stock_kind)item.kind,
		    item.name, (size_t)item.bytes);
		is_good = p->room != NULL;
	}
	item_clear(&item);
	return is_good;
}

bool agent_plan_take_bytes(
    struct agent_plan *p, struct buf *in, const char **why)
{
	struct buf bytes;
	bool is_good;

	buf_init(&bytes, WIRE_PART_BYTES);
	is_good = wire_get_bytes(in, &bytes, why);
	if (is_good && buf_len(&bytes) > p->left) {
		*why = "more bytes than were announced";
		is_good = false;
	}
	if (is_good) {
		memcpy(p->room, buf_bytes(&bytes), buf_len(&bytes));
		p->room += buf_len(&bytes);
		p->left -= buf_len(&bytes);
	}
	buf_clear(&bytes);
	return is_good;
}

/* All errors in one line. Printed, each entry is one line, in their order. */
static char *errors_of(struct diag *d)
{
	char *text = NULL, *line, *next;
	struct buf why;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	if (out != NULL)
		diag_print(d, out);
	if (out == NULL || fclose(out) != 0)
		out_of_memory();
	buf_init(&why, MAX_WHY_BYTES);
	line = text;
	for (size_t i = 0; i < d->n && *line != '\0'; i++, line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		if (!d->entries[i].is_warning)
			buf_printf(
			    &why, "%s%s", buf_len(&why) > 0 ? "; " : "", line);
	}
	free(text);
	text = xstrdup(buf_text(&why));
	buf_clear(&why);
	return text;
}

static void load(struct agent_plan *p, struct diag *d)
{
	struct plan_source source;

	if (!source_get(&p->stock, &source, &p->overrides) || p->left > 0) {
		diag_error(d, (struct where) {"loadgen", 0},
		    "the plan did not arrive as it was sent");
		return;
	}
	p->plan = plan_load(&source, d);
	/* hosts behind this one look for themselves */
	if (p->plan != NULL && p->plan->remote.n_hosts == 0)
		http_check_plan(p->plan, true, d);
}

const struct plan *agent_plan_load(struct agent_plan *p, char **why)
{
	struct diag d;

	diag_init(&d);
	load(p, &d);
	*why = d.errors > 0 ? errors_of(&d) : NULL;
	diag_clear(&d);
	return *why == NULL ? p->plan : NULL;
}

static bool has_value(const void *arg, const struct variable *variable)
{
	return values_have(arg, variable->name);
}

bool agent_plan_has_values(
    const struct plan *plan, const struct wire_values *values, char **why)
{
	struct buf text;
	bool has_all;

	buf_init(&text, MAX_WHY_BYTES);
	has_all = events_gave_all(plan, has_value, values, &text);
	*why = has_all ? NULL : xstrdup(buf_text(&text));
	buf_clear(&text);
	return has_all;
}

uint32_t agent_plan_workers(const struct plan *plan)
{
	return ready_workers(plan);
}
