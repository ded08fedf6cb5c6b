/*
 * Any bytes as a plan: it is loaded or refused with a reason, and nothing is
 * left behind.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

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
	plan_free(plan);
	diag_clear(&d);
	fclose(in);
	return 0;
}
