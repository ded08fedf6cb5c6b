/*
 * The wish for the next local port.
 */
#include "load/ports.h"

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

void ports_take_next(int fd)
{
#ifdef __linux__
	/* IP_LOCAL_PORT_RANGE, newer than some headers. A socket with a range
	 * of its own, be it all ports, is given one after another; those that
	 * the system keeps for other uses stay out of it. */
	enum { LOCAL_PORT_RANGE = 51 };
	static const uint32_t all = UINT32_C(65535) << 16 | 1;

	setsockopt(fd, IPPROTO_IP, LOCAL_PORT_RANGE, &all, sizeof(all));
#else
	(void)fd;
#endif
}
