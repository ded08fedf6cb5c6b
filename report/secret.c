/*
 * The words that secrets are called by. It must not know formats.
 */
#include "report/secret.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"

/* In any case. Those of the first table are too short, or too common inside of
 * others, to be more than whole parts; with the second a part may end. */
static const char *const wholes[] = {"auth", "authorization", "authentication",
    "oauth", "key", "pass", "pw", "pwd", "pin", "jwt", "sig", "signature",
    "session", "cookie", "cookies", "csrf", "xsrf", "credential", "credentials",
    "tokens", "secrets", "passwords"};
static const char *const endings[] = {"token", "secret", "password", "passwd",
    "passphrase", "passcode", "assertion", "apikey", "accesskey", "secretkey",
    "privatekey", "sessionid", "sessid"};

/* They say how a secret is given. */
static const char *const harmless[] = {"token_type", "client_assertion_type"};

static bool is_text(const char *at, size_t len, const char *text)
{
	return len == strlen(text) && strncasecmp(at, text, len) == 0;
}

static bool has_ending(const char *at, size_t len, const char *ending)
{
	size_t n = strlen(ending);

	return len >= n && strncasecmp(at + len - n, ending, n) == 0;
}

static bool is_letter(char c)
{
	return isalpha((unsigned char)c);
}

static bool is_upper(char c)
{
	return isupper((unsigned char)c);
}

/* Bytes of a part that begins there: "api" of apiKey, "API" of APIKey. */
static size_t part_len(const char *at, size_t room)
{
	size_t n = 1;

	while (n < room && is_letter(at[n])) {
		if (is_upper(at[n]) && !is_upper(at[n - 1]))
			break;
		if (is_upper(at[n]) && n + 1 < room && is_letter(at[n + 1]) &&
		    !is_upper(at[n + 1]))
			break;
		n++;
	}
	return n;
}

static bool is_secret_part(const char *at, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(wholes); i++)
		if (is_text(at, len, wholes[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (has_ending(at, len, endings[i]))
			return true;
	return false;
}

/* Bytes that are in no part: a letter as %5B among them. */
static size_t between_len(const char *at, size_t room)
{
	bool is_encoded = *at == '%' && room > 2 &&
			  isxdigit((unsigned char)at[1]) &&
			  isxdigit((unsigned char)at[2]);

	return is_encoded ? 3 : 1;
}

bool secret_has_name(const char *name, size_t len)
{
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
		if (is_text(name, len, harmless[i]))
			return false;
	for (size_t i = 0; i < len; i += n) {
		if (!is_letter(name[i])) {
			n = between_len(name + i, len - i);
			continue;
		}
		n = part_len(name + i, len - i);
		if (is_secret_part(name + i, n))
			return true;
	}
	return false;
}

bool secret_is_count(
    const char *name, size_t len, const char *value, size_t value_len)
{
	return has_ending(name, len, "s") && value_len > 0 &&
	       strspn(value, "0123456789") >= value_len;
}
