/*
 * Any bytes as a plan: it is loaded or refused with a reason, and nothing is
 * left behind. What is loaded can be loaded again on another host, and its
 * hosts be handed on.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* fmemopen() only reads from it, whatever its prototype says. */
static FILE *open_bytes(const uint8_t *data, size_t size)
{
	union {
		const uint8_t *in;
		void *out;
	} bytes = {.in = data};

	return fmemopen(bytes.out, size, "r");
}

static void load_from_stock(const struct plan *plan, size_t warnings)
{
	const struct plan_source source = {.stock = &plan->stock};
	struct plan *again;
	struct diag d;

	diag_init(&d);
	again = plan_load(&source, &d);
	if (again == NULL || d.warnings != warnings ||
	    again->stock.n != plan->stock.n ||
	    again->n_requests != plan->n_requests)
		abort();
	plan_free(again);
	diag_clear(&d);
}

static void hand_on(const struct remote_options *remote)
{
	char *text = remote_hosts_text(remote->hosts, remote->n_hosts), *back;
	struct remote_host *hosts;
	struct words defects = {0};
	size_t n;

	if (!remote_hosts_parse(text, &hosts, &n, &defects))
		abort();
	back = remote_hosts_text(hosts, n);
	if (strcmp(text, back) != 0 ||
	    remote_weight(hosts, n) !=
		remote_weight(remote->hosts, remote->n_hosts))
		abort();
	remote_hosts_free(hosts, n);
	free(back);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a folder that is not there: no file of the plan is ever found */
	const struct plan_source source = {
	    .file = "/nonexistent/folder/fuzz.ini"};
	struct plan *plan;
	struct diag d;
	FILE *in;

	if (size == 0) /* fmemopen() may refuse it */
		return 0;
	in = open_bytes(data, size);
	if (in == NULL)
		return 0;
	diag_init(&d);
	plan = plan_load_stream(&source, in, &d);
	if ((plan == NULL) != (d.errors > 0))
		abort();
	if (plan != NULL) {
		load_from_stock(plan, d.warnings);
		hand_on(&plan->remote);
	}
	plan_free(plan);
	diag_clear(&d);
	fclose(in);
	return 0;
}
