/*
 * Certificates that came with the plan have a path that libcurl can read.
 */
#include "load/http_private.h"

#include "base/util.h"
#include "tests/unit/planning.h"

#define FIRST  "-----BEGIN CERTIFICATE-----\nfirst\n"
#define SECOND "-----BEGIN CERTIFICATE-----\nsecond\n"

static void put(struct stock *stock, enum stock_kind kind, const char *name,
    const char *text)
{
	uint8_t *room = stock_add_room(stock, kind, name, strlen(text));

	assert_non_null(room);
	memcpy(room, text, strlen(text));
}

static struct plan *sent_plan(struct stock *stock)
{
	const struct plan_source source = {.stock = stock};
	struct plan *plan;
	struct diag d;

	put(stock, STOCK_FILE, "/gone/first.pem", FIRST);
	put(stock, STOCK_FILE, "/gone/second.pem", SECOND);
	put(stock, STOCK_TEXT, "/gone/plan.ini",
	    "[task a]\nca_file = first.pem\nget = https://a/\n"
	    "get = https://a/2\n"
	    "[task b]\nca_file = second.pem\nget = https://a/\n"
	    "[task c]\nget = https://a/\n");
	diag_init(&d);
	plan = plan_load(&source, &d);
	assert_non_null(plan);
	diag_clear(&d);
	return plan;
}

static const struct pem *ca_of(const struct plan *plan, unsigned request)
{
	return &plan->requests[request]->request.http.ca_file;
}

static void assert_content(const char *path, const char *expected)
{
	char text[256] = "";
	FILE *in;

	assert_non_null(path);
	in = fopen(path, "r");
	assert_non_null(in);
	assert_int_equal(
	    fread(text, 1, sizeof(text) - 1, in), strlen(expected));
	fclose(in);
	assert_string_equal(text, expected);
}

static void what_was_sent_is_a_file_of_its_own(void **state)
{
	struct stock stock = {0};
	struct plan *plan = sent_plan(&stock);
	struct trust trust;

	(void)state;
	trust_init(&trust, plan);
#ifdef __linux__
	assert_content(trust_path(&trust, ca_of(plan, 0)), FIRST);
	/* as often as it is asked for */
	assert_content(trust_path(&trust, ca_of(plan, 0)), FIRST);
	assert_content(trust_path(&trust, ca_of(plan, 2)), SECOND);
	/* one for both, so that it is parsed once */
	assert_ptr_equal(trust_path(&trust, ca_of(plan, 0)),
	    trust_path(&trust, ca_of(plan, 1)));
#endif
	assert_int_equal(trust.n, 2);
	trust_clear(&trust);
	assert_int_equal(trust.n, 0);
	plan_free(plan);
	stock_clear(&stock);
}

static void a_file_of_this_machine_is_read_where_it_is(void **state)
{
	struct plan *plan;
	struct trust trust;
	char path[64], *text;

	(void)state;
	write_temporary(path, sizeof(path), FIRST);
	text = xasprintf("[task a]\nca_file = %s\nget = https://a/\n", path);
	plan = plan_of(text);
	trust_init(&trust, plan);
	assert_int_equal(trust.n, 0);
	assert_string_equal(trust_path(&trust, ca_of(plan, 0)), path);
	trust_clear(&trust);
	plan_free(plan);
	remove(path);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_sent_is_a_file_of_its_own),
	    cmocka_unit_test(a_file_of_this_machine_is_read_where_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
