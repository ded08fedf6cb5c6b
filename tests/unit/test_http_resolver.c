/*
 * Hosts that libcurl looks up by itself, as a redirect leads to them, and that
 * nobody knows for a long time.
 */
#include "tests/unit/asking.h"

#include <netdb.h>

/* An answer comes to who looks a host up when something is written. */
static int knows[2];

int getaddrinfo(const char *node, const char *service,
    const struct addrinfo *hints, struct addrinfo **out)
{
	char byte;

	(void)node;
	(void)service;
	(void)hints;
	*out = NULL;
	(void)!read(knows[0], &byte, 1);
	return EAI_NONAME;
}

static void begin(struct asking *a, void **state)
{
	assert_int_equal(pipe(knows), 0);
	asking_init(a, state, "get = /to//slow.example/\nget = /plain\n");
	fetch_well(a, 1);
}

static void end(struct asking *a)
{
	assert_int_equal(write(knows[1], "x", 1), 1);
	asking_clear(a);
	/* the thread that waits may still have to read */
	close(knows[1]);
}

static void who_gives_up_does_not_wait_for_the_resolver(void **state)
{
	struct http_result r;
	struct asking a;

	begin(&a, state);
	ask_within(&a, 0, 100 * US_PER_MS);
	r = next_result(&a);
	assert_non_null(r.error);
	assert_non_null(strstr(r.error, "Timeout was reached"));
	http_done(a.http);
	fetch_well(&a, 1);
	end(&a);
}

static void who_is_dropped_does_not_wait_for_the_resolver(void **state)
{
	struct transfer *t;
	struct asking a;

	begin(&a, state);
	t = ask(&a, 0);
	for (int i = 0; i < 20; i++)
		turn(&a);
	http_cancel(a.http, t);
	fetch_well(&a, 1);
	end(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_gives_up_does_not_wait_for_the_resolver),
	    cmocka_unit_test(who_is_dropped_does_not_wait_for_the_resolver),
	};

	alarm(PATIENCE_S * 3);
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
