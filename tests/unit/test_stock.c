/*
 * What travels with a plan: what is noted while it is loaded, and that it is
 * all that is needed to load the same again, without a disk.
 */
#include "plan/stock.h"

#include <unistd.h>

#include "base/util.h"
#include "plan/data.h"
#include "tests/unit/planning.h"

/* --- items -------------------------------------------------------------- */

static void put(struct stock *stock, enum stock_kind kind, const char *name,
    const char *text)
{
	uint8_t *room = stock_add_room(stock, kind, name, strlen(text));

	assert_non_null(room);
	memcpy(room, text, strlen(text));
}

static void assert_item(const struct stock *stock, enum stock_kind kind,
    const char *name, const char *text)
{
	const struct stock_item *item = stock_find(stock, kind, name);

	if (item == NULL)
		fail_msg("no %s", name);
	assert_int_equal(item->len, strlen(text));
	assert_memory_equal(item->bytes, text, item->len);
}

static void items_are_found_by_kind_and_name(void **state)
{
	struct stock stock = {0};

	(void)state;
	assert_null(stock_text(&stock));
	put(&stock, STOCK_ENV, "b", "of the environment");
	put(&stock, STOCK_FILE, "b", "of a file");
	put(&stock, STOCK_FILE, "a", "");
	assert_null(stock_text(&stock));
	put(&stock, STOCK_TEXT, "z.ini", "of the plan");
	assert_item(&stock, STOCK_ENV, "b", "of the environment");
	assert_item(&stock, STOCK_FILE, "b", "of a file");
	assert_item(&stock, STOCK_FILE, "a", "");
	assert_string_equal(stock_text(&stock)->name, "z.ini");
	assert_null(stock_find(&stock, STOCK_ENV, "a"));
	assert_null(stock_find(&stock, STOCK_FILE, "c"));
	/* as they came */
	assert_string_equal(stock.at[2].name, "a");
	assert_int_equal(stock.bytes, 18 + 9 + 11);
	stock_clear(&stock);
	assert_int_equal(stock.n, 0);
}

static void the_first_item_of_a_name_stays(void **state)
{
	struct stock stock = {0};

	(void)state;
	assert_true(stock_add(&stock, STOCK_FILE, "a", "one", 3));
	assert_true(stock_add(&stock, STOCK_FILE, "a", "two", 3));
	assert_null(stock_add_room(&stock, STOCK_FILE, "a", 3));
	assert_int_equal(stock.n, 1);
	assert_item(&stock, STOCK_FILE, "a", "one");
	assert_null(stock.at[0].owned);
	stock_clear(&stock);
}

static void a_nul_stands_behind_bytes_of_its_own(void **state)
{
	struct stock stock = {0};
	uint8_t *room = stock_add_room(&stock, STOCK_ENV, "a", 2);

	(void)state;
	memcpy(room, "xy", 2);
	assert_string_equal((const char *)stock.at[0].bytes, "xy");
	stock_clear(&stock);
}

static void what_is_beyond_a_limit_is_left_out(void **state)
{
	struct stock stock = {0};
	char name[STOCK_MAX_NAME_BYTES + 2];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[STOCK_MAX_NAME_BYTES + 1] = '\0';
	assert_false(stock_add(&stock, STOCK_FILE, name, "", 0));
	assert_null(stock_add_room(&stock, STOCK_FILE, name, 0));
	name[STOCK_MAX_NAME_BYTES] = '\0';
	assert_true(stock_add(&stock, STOCK_FILE, name, "", 0));
	assert_null(stock_add_room(
	    &stock, STOCK_FILE, "a", (size_t)STOCK_MAX_BYTES + 1));
	for (unsigned i = 1; i < STOCK_MAX_ITEMS; i++) {
		snprintf(name, sizeof(name), "%u", i);
		assert_true(stock_add(&stock, STOCK_FILE, name, "", 0));
	}
	assert_false(stock_add(&stock, STOCK_FILE, "one more", "", 0));
	assert_int_equal(stock.n, STOCK_MAX_ITEMS);
	for (unsigned i = 1; i < STOCK_MAX_ITEMS; i += 1000) {
		snprintf(name, sizeof(name), "%u", i);
		assert_non_null(stock_find(&stock, STOCK_FILE, name));
	}
	stock_clear(&stock);
}

/* --- of a plan ---------------------------------------------------------- */

static const char text[] = "[load]\n"
			   "host = https://${env STOCK_TEST_HOST}\n"
			   "[http]\n"
			   "ca_file = ca.pem\n"
			   "cert = client.pem\n"
			   "key = client.pem\n"
			   "[data people]\n"
			   "file = people.csv\n"
			   "order = unique\n"
			   "[task a]\n"
			   "post = /${people.id}\n"
			   "header = X: ${env STOCK_TEST_EMPTY}x\n"
			   "body_file = body.bin\n"
			   "post = /parts\n"
			   "multipart = a=@body.bin\n"
			   "[report]\n"
			   "baseline = base.json\n";

static const struct {
	const char *name;
	const char *bytes;
} files[] = {
    {"ca.pem", "-----BEGIN CERTIFICATE-----\n"},
    {"client.pem", "-----BEGIN ANYTHING-----\n"},
    {"people.csv", "id\n1\n2\n"},
    {"body.bin", "a body"},
    {"base.json", "{}"},
    {"plan.ini", text},
};

/* A folder with these files. */
struct folder {
	char path[64];
};

static char *path_in(const struct folder *f, const char *name)
{
	return xasprintf("%s/%s", f->path, name);
}

static void fill(struct folder *f)
{
	char *path;
	FILE *out;

	snprintf(f->path, sizeof(f->path), "/tmp/loadgen-stock-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		path = path_in(f, files[i].name);
		out = fopen(path, "w");
		assert_non_null(out);
		assert_true(fputs(files[i].bytes, out) >= 0);
		assert_int_equal(fclose(out), 0);
		free(path);
	}
	assert_int_equal(setenv("STOCK_TEST_HOST", "shop.example", 1), 0);
	assert_int_equal(setenv("STOCK_TEST_EMPTY", "", 1), 0);
}

/* All of it is gone, and the environment is another. */
static void empty(const struct folder *f)
{
	char *path;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		path = path_in(f, files[i].name);
		unlink(path);
		free(path);
	}
	rmdir(f->path);
	unsetenv("STOCK_TEST_EMPTY");
	setenv("STOCK_TEST_HOST", "elsewhere.example", 1);
}

static struct plan *load(const struct plan_source *source)
{
	struct plan *plan;
	struct diag d;

	diag_init(&d);
	plan = plan_load(source, &d);
	if (plan == NULL)
		diag_print(&d, stderr);
	assert_non_null(plan);
	assert_int_equal(d.n, 0);
	diag_clear(&d);
	return plan;
}

static struct plan *load_from_disk(const struct folder *f)
{
	char *file = path_in(f, "plan.ini");
	struct plan *plan = load(&(struct plan_source) {.file = file});

	free(file);
	return plan;
}

static void assert_file(
    const struct plan *plan, const struct folder *f, size_t i)
{
	char *path = path_in(f, files[i].name);

	assert_item(&plan->stock, STOCK_FILE, path, files[i].bytes);
	free(path);
}

static void a_plan_notes_all_that_it_took(void **state)
{
	struct folder f;
	struct plan *plan;
	char *file;

	(void)state;
	fill(&f);
	plan = load_from_disk(&f);
	file = path_in(&f, "plan.ini");
	assert_item(&plan->stock, STOCK_TEXT, file, text);
	for (size_t i = 0; i < 4; i++)
		assert_file(plan, &f, i);
	assert_item(&plan->stock, STOCK_ENV, "STOCK_TEST_HOST", "shop.example");
	assert_item(&plan->stock, STOCK_ENV, "STOCK_TEST_EMPTY", "");
	/* and no report: that is read where results are */
	assert_int_equal(plan->stock.n, 7);
	free(file);
	plan_free(plan);
	empty(&f);
}

static void assert_same_pem(const struct pem *a, const struct pem *b)
{
	assert_string_equal(a->path, b->path);
	assert_int_equal(a->len, b->len);
	assert_string_equal(a->bytes, b->bytes);
	assert_false(a->is_sent);
	assert_true(b->is_sent);
}

static void assert_same(const struct plan *a, const struct plan *b)
{
	const struct request *x, *y;
	struct buf field;

	assert_string_equal(a->file, b->file);
	assert_string_equal(a->load.host, b->load.host);
	assert_string_equal(a->report.baseline, b->report.baseline);
	assert_int_equal(a->n_requests, b->n_requests);
	for (unsigned i = 0; i < a->n_requests; i++) {
		x = &a->requests[i]->request;
		y = &b->requests[i]->request;
		assert_same_pem(&x->http.ca_file, &y->http.ca_file);
		assert_same_pem(&x->http.cert, &y->http.cert);
		assert_same_pem(&x->http.key, &y->http.key);
	}
	x = &a->requests[0]->request;
	y = &b->requests[0]->request;
	assert_string_equal(
	    template_text(x->body, NULL), template_text(y->body, NULL));
	assert_string_equal(
	    template_text(y->http.headers.at[0].value, NULL), "x");
	assert_string_equal(
	    template_text(b->requests[1]->request.parts[0].value, NULL),
	    "a body");
	assert_int_equal(b->n_data, 1);
	assert_int_equal(data_rows(b->data[0].data), 2);
	buf_init(&field, 64);
	data_field(b->data[0].data, data_row_at(b->data[0].data, 1), 0, &field);
	assert_string_equal(buf_text(&field), "2");
	buf_clear(&field);
}

/* As if it had come over a pipe. */
static void copy(struct stock *to, const struct stock *from)
{
	const struct stock_item *item;
	uint8_t *room;

	for (size_t i = 0; i < from->n; i++) {
		item = &from->at[i];
		room = stock_add_room(to, item->kind, item->name, item->len);
		assert_non_null(room);
		if (item->len > 0)
			memcpy(room, item->bytes, item->len);
	}
}

static void a_plan_is_loaded_from_its_stock_without_a_disk(void **state)
{
	struct folder f;
	struct plan *here, *there, *further;
	struct stock stock = {0};

	(void)state;
	fill(&f);
	here = load_from_disk(&f);
	copy(&stock, &here->stock);
	empty(&f);
	there = load(&(struct plan_source) {.stock = &stock});
	assert_same(here, there);
	/* it can be passed on again */
	assert_int_equal(there->stock.n, here->stock.n);
	further = load(&(struct plan_source) {.stock = &there->stock});
	assert_same(here, further);
	plan_free(further);
	plan_free(there);
	plan_free(here);
	stock_clear(&stock);
}

static void overrides_count_there_too(void **state)
{
	const struct override overrides[] = {
	    {"remote", "hosts", "none", "--remote"}};
	struct stock stock = {0};
	struct plan *plan;

	(void)state;
	put(&stock, STOCK_TEXT, "-",
	    "[task a]\nget = http://a/\n[remote]\nhosts = a, b\n");
	plan = load(&(struct plan_source) {.stock = &stock});
	assert_string_equal(plan->file, "standard input");
	assert_int_equal(plan->remote.n_hosts, 2);
	plan_free(plan);
	plan = load(&(struct plan_source) {
	    .stock = &stock, .overrides = overrides, .n_overrides = 1});
	assert_int_equal(plan->remote.n_hosts, 0);
	plan_free(plan);
	stock_clear(&stock);
}

static void assert_refused(const struct stock *stock, const char *expected)
{
	struct diag d;

	diag_init(&d);
	assert_null(plan_load(&(struct plan_source) {.stock = stock}, &d));
	assert_int_equal(d.n, 1);
	assert_string_equal(d.entries[0].text, expected);
	diag_clear(&d);
}

static void nothing_is_taken_from_this_machine(void **state)
{
	struct stock stock = {0};

	(void)state;
	assert_refused(&stock, "loadgen: no plan was sent: send its text as "
			       "well");
	setenv("STOCK_TEST_HOST", "elsewhere.example", 1);
	put(&stock, STOCK_TEXT, "plan.ini",
	    "[task a]\nget = http://${env STOCK_TEST_HOST}/\n");
	assert_refused(&stock,
	    "plan.ini:2: get \"${env STOCK_TEST_HOST}\": \"STOCK_TEST_HOST\" "
	    "is not set in the environment: set it before loadgen starts");
	stock_clear(&stock);
	put(&stock, STOCK_TEXT, "plan.ini",
	    "[task a]\npost = http://a/\nbody_file = /etc/passwd\n");
	assert_refused(&stock,
	    "plan.ini:3: body_file \"/etc/passwd\": it cannot be read: No such "
	    "file or directory: paths start at the plan's folder");
	stock_clear(&stock);
	put(&stock, STOCK_TEXT, "plan.ini",
	    "[task a]\nget = http://a/\n[http]\nca_file = /etc/passwd\n");
	assert_refused(&stock,
	    "plan.ini:4: ca_file \"/etc/passwd\": it cannot be read: No such "
	    "file or directory: paths start at the plan's folder");
	stock_clear(&stock);
	put(&stock, STOCK_TEXT, "plan.ini",
	    "[task a]\nget = http://a/${d.a}\n[data d]\nfile = /etc/passwd\n");
	assert_refused(&stock,
	    "plan.ini:4: file \"/etc/passwd\": it cannot be read: No such file "
	    "or directory: paths start at the plan's folder");
	stock_clear(&stock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(items_are_found_by_kind_and_name),
	    cmocka_unit_test(the_first_item_of_a_name_stays),
	    cmocka_unit_test(a_nul_stands_behind_bytes_of_its_own),
	    cmocka_unit_test(what_is_beyond_a_limit_is_left_out),
	    cmocka_unit_test(a_plan_notes_all_that_it_took),
	    cmocka_unit_test(a_plan_is_loaded_from_its_stock_without_a_disk),
	    cmocka_unit_test(overrides_count_there_too),
	    cmocka_unit_test(nothing_is_taken_from_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
