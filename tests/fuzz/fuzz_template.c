/*
 * Any text as a template: it compiles or gets a line for each mistake, and what
 * compiles renders within its bounds, each time the same. Beside the built-in
 * variables there are `id` (a value with all bytes in it), `gone` (without a
 * value), `shop` (a constant) and the columns of a data file `d`.
 * The first byte chooses the implied encoding.
 */
#include "plan/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/data.h"

static const char csv[] = "word,the name\n\"a,\"\"b\",\"x\ny\"\n";

/* What the variables of a template stand for. */
struct world {
	struct variables variables;
	struct data *data;
	struct row_place row;
	struct store own;
};

enum { OUT_MAX = 1 << 16, ENCODINGS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() is compiled out of a release, and this must not be. */
static void must(bool holds)
{
	if (!holds)
		abort();
}

static void add(struct world *w, const char *name, enum variable_kind kind,
    const char *text)
{
	static const struct where here = {"fuzz", 1};
	struct variable *v =
	    variables_add(&w->variables, name, strlen(name), kind, here);

	if (text != NULL)
		v->text = xstrdup(text);
}

static void world_make(struct world *w)
{
	static const struct where here = {"fuzz", 1};
	char bytes[256];
	struct diag d;

	memset(w, 0, sizeof(*w));
	add(w, "id", VARIABLE_SLOT, NULL);
	add(w, "gone", VARIABLE_SLOT, NULL);
	add(w, "shop", VARIABLE_CONSTANT, "a \"b\"%&=\n");
	add(w, "d.word", VARIABLE_COLUMN, NULL);
	add(w, "d.the name", VARIABLE_COLUMN, NULL);
	w->variables.at[4]->column = 1;
	diag_init(&d);
	w->data =
	    data_open_bytes(csv, sizeof(csv) - 1, "fuzz.csv", &d, here, "file");
	must(w->data != NULL);
	diag_clear(&d);
	w->row = (struct row_place) {w->data, data_row_at(w->data, 0)};
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	store_set(&w->own, w->variables.n_slots, 0, bytes, sizeof(bytes));
}

static void world_clear(struct world *w)
{
	store_clear(&w->own, w->variables.n_slots);
	data_close(w->data);
	variables_clear(&w->variables);
}

static void render(
    const struct template *t, const struct world *w, struct buf *out)
{
	struct rng rng;
	struct template_env env = {.rng = &rng,
	    .user = 1,
	    .iteration = UINT64_MAX,
	    .worker = UINT32_MAX,
	    .wall_us = UINT64_C(1700000000123456),
	    .own = &w->own,
	    .rows = &w->row};

	rng_init(&rng, 1, 1);
	buf_init(out, OUT_MAX);
	template_render(t, &env, out);
	must(buf_len(out) <= OUT_MAX);
	must(env.missing == NULL || strcmp(env.missing, "gone") == 0);
}

static void check_template(
    struct world *w, const char *text, enum encoding implied)
{
	static const struct where here = {"fuzz", 1};
	struct buf once, again;
	struct template *t;
	struct diag d;
	size_t len;

	diag_init(&d);
	t = template_compile(text, implied, &w->variables, &d, here, "get");
	must((d.n > 0) == (t == NULL));
	diag_clear(&d);
	if (t == NULL)
		return;
	render(t, w, &once);
	render(t, w, &again);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w;
	char *text;

	if (size == 0)
		return 0;
	world_make(&w);
	text = xstrndup((const char *)data + 1, size - 1);
	check_template(&w, text, (enum encoding)(data[0] % ENCODINGS));
	free(text);
	world_clear(&w);
	return 0;
}
