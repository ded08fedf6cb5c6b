/*
 * Any text as a template and as a condition: it compiles or gets one line of
 * complaint, and what compiles renders within its bounds, each time the same.
 * The first byte chooses the implied encoding.
 */
#include "plan/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/condition.h"

enum { OUT_MAX = 1 << 16, ENCODINGS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() is compiled out of a release, and this must not be. */
static void must(bool holds)
{
	if (!holds)
		abort();
}

static void render(const struct template *t, struct buf *out)
{
	struct rng rng;
	struct template_env env = {.rng = &rng,
	    .user = 1,
	    .iteration = UINT64_MAX,
	    .worker = UINT32_MAX,
	    .wall_us = UINT64_C(1700000000123456)};

	rng_init(&rng, 1, 1);
	buf_init(out, OUT_MAX);
	template_render(t, &env, out);
	must(buf_len(out) <= OUT_MAX);
}

static void check_template(const char *text, enum encoding implied)
{
	static const struct where here = {"fuzz", 1};
	struct buf once, again;
	struct template *t;
	struct diag d;
	size_t len;

	diag_init(&d);
	t = template_compile(text, implied, NULL, &d, here, "get");
	must(d.n == (t == NULL ? 1 : 0));
	diag_clear(&d);
	if (t == NULL)
		return;
	render(t, &once);
	render(t, &again);
	must(once.full == again.full && buf_len(&once) == buf_len(&again));
	must(memcmp(buf_bytes(&once), buf_bytes(&again), buf_len(&once)) == 0);
	if (template_is_static(t) && !once.full) {
		must(strlen(template_text(t, &len)) == len);
		must(len == buf_len(&once));
		must(
		    memcmp(template_text(t, NULL), buf_bytes(&once), len) == 0);
	}
	buf_clear(&once);
	buf_clear(&again);
	template_free(t);
}

static void check_condition(const char *text)
{
	static const struct where here = {"fuzz", 1};
	struct answer answer;
	struct condition *c;
	struct diag d;
	struct buf why;

	diag_init(&d);
	c = condition_compile(text, &d, here, "check");
	must(d.n == (c == NULL ? 1 : 0));
	diag_clear(&d);
	if (c == NULL)
		return;
	for (answer.status = 99; answer.status <= 600; answer.status += 50) {
		buf_init(&why, OUT_MAX);
		must(condition_holds(c, &answer, &why) ==
		     (buf_len(&why) == 0 && !why.full));
		buf_clear(&why);
	}
	condition_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = xstrndup((const char *)data + 1, size - 1);
	check_template(text, (enum encoding)(data[0] % ENCODINGS));
	check_condition(text);
	free(text);
	return 0;
}
