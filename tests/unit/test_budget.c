/*
 * The budget: files and local ports, what a plan needs and what there is.
 */
#include "load/budget.h"

#include <math.h>
#include <unistd.h>

#include "tests/unit/planning.h"

static const struct limits limits = {
    .files = 1000, .first_port = 32768, .last_port = 60999};

struct fixture {
	struct plan *plan;
	struct demand demand;
	struct port_budget ports;
	bool needs_ports;
};

/* With answers that take 10 ms. */
static void set_up(struct fixture *f, const char *text)
{
	f->plan = plan_of(text);
	demand_init(&f->demand, f->plan, NULL);
	demand_answers(&f->demand, 10000);
	f->needs_ports = budget_ports(&f->ports, &f->demand, &limits);
}

static void tear_down(struct fixture *f)
{
	demand_clear(&f->demand);
	plan_free(f->plan);
}

#define TASK "[task a]\nget = /\n"

static void each_user_needs_a_file_in_its_worker(void **state)
{
	struct plan *plan = plan_of("[load]\n"
				    "users = 1000\n"
				    "[user a]\n"
				    "[user b]\n"
				    "[task x]\n"
				    "get = http://h/\n");

	(void)state;
	assert_int_equal(budget_files(plan, 4), 250 + 2 + 64);
	plan_free(plan);
}

static void users_are_as_many_as_there_are_files(void **state)
{
	static const struct limits none = {.files = UINT64_MAX};
	static const struct limits few = {.files = 64};
	struct plan *plan = plan_of("[load]\n"
				    "users = 3747\n"
				    "[user a]\n"
				    "[user b]\n"
				    "[task x]\n"
				    "get = http://h/\n");

	(void)state;
	assert_int_equal(budget_most_users(plan, 4, &limits), 3739);
	assert_int_equal(budget_most_users(plan, 1, &limits), 1000 - 66);
	assert_int_equal(budget_most_users(plan, 4, &few), 0);
	assert_true(budget_most_users(plan, 4, &none) == UINT64_MAX);
	plan->load.users = 3739;
	assert_int_equal(budget_files(plan, 4), 1000);
	plan->load.users++;
	assert_int_equal(budget_files(plan, 4), 1001);
	plan_free(plan);
}

static void each_user_needs_a_port_at_its_host(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "users = 30\n"
		   "host = http://h:1/x\n"
		   "[user here]\n"
		   "[user there]\n"
		   "host = http://h:2\n"
		   "[user here too]\n"
		   "host = http://h:1/y\n" TASK);
	assert_true(f.needs_ports);
	assert_int_equal(f.ports.users, 20);
	assert_int_equal(f.ports.room, 28232);
	tear_down(&f);
}

static void every_address_to_start_from_has_ports_of_its_own(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "host = http://h\n"
		   "[http]\n"
		   "source_ip = 127.0.0.1, 127.0.0.2, 127.0.0.3\n" TASK);
	assert_int_equal(f.ports.sources, 3);
	assert_int_equal(f.ports.room, 84696);
	tear_down(&f);
}

static void closed_connections_hold_their_ports_for_a_minute(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "host = http://h\n"
		   "users = 2\n"
		   "[http]\n"
		   "keepalive = no\n" TASK);
	assert_true(fabs(f.ports.fresh - 200) < 1e-6);
	assert_true(fabs(f.ports.closing - 12000) < 1e-6);
	tear_down(&f);
}

static void unix_sockets_need_no_ports(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "[load]\n"
		   "host = http://h\n"
		   "[http]\n"
		   "unix_socket = /run/x\n" TASK);
	assert_false(f.needs_ports);
	tear_down(&f);
}

static void look_at(struct limits *l, const char *range)
{
	char path[64];

	write_temporary(path, sizeof(path), range);
	limits_raise_at(l, path);
	unlink(path);
}

static void the_range_of_ports_is_read(void **state)
{
	struct limits l;

	(void)state;
	look_at(&l, "1024\t65535\n");
	assert_int_equal(l.first_port, 1024);
	assert_int_equal(l.last_port, 65535);
	assert_true(l.files > 0);
}

static void a_range_that_makes_no_sense_is_not_known(void **state)
{
	static const char *const ranges[] = {
	    "", "x\n", "1024\n", "2 1\n", "1 65536\n"};
	struct limits l;

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		look_at(&l, ranges[i]);
		assert_int_equal(l.first_port, 0);
	}
	limits_raise_at(&l, "/nonexistent");
	assert_int_equal(l.first_port, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_user_needs_a_file_in_its_worker),
	    cmocka_unit_test(users_are_as_many_as_there_are_files),
	    cmocka_unit_test(each_user_needs_a_port_at_its_host),
	    cmocka_unit_test(every_address_to_start_from_has_ports_of_its_own),
	    cmocka_unit_test(closed_connections_hold_their_ports_for_a_minute),
	    cmocka_unit_test(unix_sockets_need_no_ports),
	    cmocka_unit_test(the_range_of_ports_is_read),
	    cmocka_unit_test(a_range_that_makes_no_sense_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
