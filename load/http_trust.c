/*
 * Certificates to trust that came with the plan, as files in memory: libcurl
 * wants a path. It must not know transfers.
 */
#ifdef __linux__
#define _GNU_SOURCE /* memfd_create */
#include <sys/mman.h>
#endif

#include "load/http_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

/* A file without a name in any folder; -1: there is no such thing here. */
static int memory_file(void)
{
#ifdef __linux__
	return memfd_create("loadgen-ca", MFD_CLOEXEC);
#else
	return -1;
#endif
}

static bool write_all(int fd, const char *bytes, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

static void add(struct trust *trust, const struct pem *pem)
{
	struct trusted *t;
	int fd = memory_file();
	char *path = NULL;

	if (fd >= 0)
		path = xasprintf("/proc/self/fd/%d", fd);
	/* there may be no /proc */
	if (fd < 0 || !write_all(fd, pem->bytes, pem->len) ||
	    access(path, R_OK) != 0) {
		free(path);
		path = NULL;
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	trust->at = grow(trust->at, trust->n, &trust->cap, sizeof(*trust->at));
	t = &trust->at[trust->n++];
	*t = (struct trusted) {.bytes = pem->bytes, .fd = fd, .path = path};
}

static const struct trusted *find(
    const struct trust *trust, const struct pem *pem)
{
	for (size_t i = 0; i < trust->n; i++)
		if (trust->at[i].bytes == pem->bytes)
			return &trust->at[i];
	return NULL;
}

void trust_init(struct trust *trust, const struct plan *plan)
{
	const struct pem *pem;

	*trust = (struct trust) {0};
	for (unsigned i = 0; i < plan->n_requests; i++) {
		pem = &plan->requests[i]->request.http.ca_file;
		if (pem->is_sent && find(trust, pem) == NULL)
			add(trust, pem);
	}
}

void trust_clear(struct trust *trust)
{
	for (size_t i = 0; i < trust->n; i++) {
		if (trust->at[i].fd >= 0)
			close(trust->at[i].fd);
		free(trust->at[i].path);
	}
	free(trust->at);
	*trust = (struct trust) {0};
}

const char *trust_path(const struct trust *trust, const struct pem *ca_file)
{
	const struct trusted *found;

	if (!ca_file->is_sent)
		return ca_file->path;
	found = find(trust, ca_file);
	return found != NULL ? found->path : NULL;
}
