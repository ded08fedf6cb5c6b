/*
 * Any text as a value of a plan: it is masked in bounded time and memory, and
 * what stands behind a key that is secret as a whole is not there any more.
 * The first byte chooses the key.
 */
#include "report/mask.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() is compiled out of a release, and this must not be. */
static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = {"body", "auth", "header", "form",
	    "proxy", "run", "get", "set.token", "check", "capture.token"};
	const char *key;
	char *value, *masked, *url;

	if (size == 0 || memchr(data, '\0', size) != NULL)
		return 0;
	key = keys[data[0] % ARRAY_LEN(keys)];
	value = xstrndup((const char *)data + 1, size - 1);
	masked = mask_value("task a", key, value);
	url = mask_url(value);
	must(strlen(masked) <= strlen(value) * strlen(MASK));
	must(strlen(url) <= strlen(value) * strlen(MASK));
	if (strcmp(key, "set.token") == 0 && strstr(value, "${") == NULL)
		must(*value == '\0' || strcmp(masked, MASK) == 0);
	free(url);
	free(masked);
	free(value);
	return 0;
}
