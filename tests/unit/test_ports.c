/*
 * Connections that take the next local port.
 */
#include "load/ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

enum { CONNECTIONS = 16, HAS_ORDER = 6 * 1000 + 8 /* Linux 6.8 */ };

static bool system_has_order(void)
{
	struct utsname name;
	char *end;
	unsigned long major, minor = 0;

	if (uname(&name) != 0 || strcmp(name.sysname, "Linux") != 0)
		return false;
	major = strtoul(name.release, &end, 10);
	if (*end == '.')
		minor = strtoul(end + 1, NULL, 10);
	return major * 1000 + minor >= HAS_ORDER;
}

static int listen_here(struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(at, 0, sizeof(*at));
	at->sin_family = AF_INET;
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)at, len), 0);
	assert_int_equal(listen(fd, CONNECTIONS), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
	return fd;
}

static unsigned local_port(int fd)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin_port);
}

/* Without the wish they are all odd or all even. */
static void connections_take_odd_ports_and_even_ones(void **state)
{
	struct sockaddr_in to;
	int listener, fds[CONNECTIONS];
	unsigned odd = 0;

	(void)state;
	if (!system_has_order())
		skip();
	listener = listen_here(&to);
	for (int i = 0; i < CONNECTIONS; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM, 0);
		ports_take_next(fds[i]);
		assert_int_equal(
		    connect(fds[i], (struct sockaddr *)&to, sizeof(to)), 0);
		odd += local_port(fds[i]) % 2;
	}
	assert_in_range(odd, 1, CONNECTIONS - 1);
	for (int i = 0; i < CONNECTIONS; i++)
		close(fds[i]);
	close(listener);
}

static void a_socket_without_ports_is_left_as_it_is(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ports_take_next(pair[0]);
	assert_int_equal(write(pair[0], "x", 1), 1);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(connections_take_odd_ports_and_even_ones),
	    cmocka_unit_test(a_socket_without_ports_is_left_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
