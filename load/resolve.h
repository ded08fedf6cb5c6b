/*
 * Host names looked up once, before the load: a look-up for each user would
 * measure the resolver. It knows no curl.
 */
#ifndef LOAD_RESOLVE_H
#define LOAD_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

struct addresses {
	char **text; /* owned: "192.0.2.1", "[2001:db8::1]" */
	size_t n;
};

/* Before anything is looked up, by curl too: a static binary asks /etc/hosts
 * and the name servers of /etc/resolv.conf, and loads nothing for it. */
void resolve_prepare(void);
/* Whether host is an address already ("127.0.0.1", "[::1]", "::1"). */
bool resolve_is_literal(const char *host);
/* All stream addresses of host, each once, in the order the system gives
 * them; those this machine has no route to only when there are no others. 0,
 * or a getaddrinfo error. localhost is found where nobody knows it. May block
 * as long as the system's resolver does. */
int resolve_host(const char *host, struct addresses *out);
void addresses_clear(struct addresses *a);

#endif
