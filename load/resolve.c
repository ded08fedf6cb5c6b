/* Looking up hosts with getaddrinfo; it must not know who connects to them. */
#include "load/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#ifdef LOADGEN_STATIC
#include <nss.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"

/* /etc/nsswitch.conf may name other ways to look up hosts, each of which is a
 * shared library of the system's own glibc. */
void resolve_prepare(void)
{
#ifdef LOADGEN_STATIC
	(void)__nss_configure_lookup("hosts", "files dns");
#endif
}

bool resolve_is_literal(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return host[0] == '[' || inet_pton(AF_INET, host, address) == 1 ||
	       inet_pton(AF_INET6, host, address) == 1;
}

/* Connecting a datagram socket sends nothing and asks the routing table. */
static bool has_route(const struct addrinfo *ai)
{
	struct sockaddr_storage to;
	int fd = socket(ai->ai_family, SOCK_DGRAM, 0);
	bool ok;

	if (fd < 0)
		return false;
	memcpy(&to, ai->ai_addr, ai->ai_addrlen);
	if (to.ss_family == AF_INET)
		((struct sockaddr_in *)&to)->sin_port = htons(9);
	else
		((struct sockaddr_in6 *)&to)->sin6_port = htons(9);
	ok = connect(fd, (struct sockaddr *)&to, ai->ai_addrlen) == 0;
	close(fd);
	return ok;
}

static char *address_text(const struct addrinfo *ai)
{
	char text[128];

	if (getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof(text), NULL,
		0, NI_NUMERICHOST) != 0)
		return NULL;
	if (ai->ai_family == AF_INET6)
		return xasprintf("[%s]", text);
	return xstrdup(text);
}

static void add_address(struct addresses *out, const struct addrinfo *ai)
{
	char *text = address_text(ai);

	if (text == NULL)
		return;
	for (size_t i = 0; i < out->n; i++) {
		if (strcmp(out->text[i], text) == 0) {
			free(text);
			return;
		}
	}
	out->text = xreallocarray(out->text, out->n + 1, sizeof(*out->text));
	out->text[out->n++] = text;
}

static void add_all(
    struct addresses *out, const struct addrinfo *list, bool must_have_route)
{
	for (const struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		if (ai->ai_family != AF_INET && ai->ai_family != AF_INET6)
			continue;
		if (!must_have_route || has_route(ai))
			add_address(out, ai);
	}
}

int resolve_host(const char *host, struct addresses *out)
{
	struct addrinfo hints = {
	    .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	int error;

	*out = (struct addresses) {0};
	error = getaddrinfo(host, NULL, &hints, &list);
	/* without /etc/hosts, too, this name is this machine's (RFC 6761);
	 * no host is the loopback, and a port must be there then */
	if (error != 0 && strcasecmp(host, "localhost") == 0)
		error = getaddrinfo(NULL, "9", &hints, &list);
	if (error != 0)
		return error;
	add_all(out, list, true);
	if (out->n == 0)
		add_all(out, list, false);
	freeaddrinfo(list);
	return out->n > 0 ? 0 : EAI_NONAME;
}

void addresses_clear(struct addresses *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->text[i]);
	free(a->text);
	*a = (struct addresses) {0};
}
