/*
 * Values of the plan as people write them. It must not know keys, sections or
 * where a value stands.
 */
#include "plan/values.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/util.h"

enum { FEW_WORDS = 6 }; /* that a person looks through */

#define NOT_A_DURATION "not a duration: write 500ms, 5s or 2m"
/* Longer than any test, short enough to add up without care. */
#define WAIT_MAX_US (UINT64_C(366) * 24 * 3600 * US_PER_S)
#define BLANKS      " \t\r\n\v\f"

struct quote quote(const char *text)
{
	struct quote q = {""};
	size_t len = strlen(text), keep = sizeof(q.text) - 4;

	if (len < sizeof(q.text)) {
		memcpy(q.text, text, len);
		return q;
	}
	/* not through the middle of a letter */
	while (keep > 0 && ((unsigned char)text[keep] & 0xc0) == 0x80)
		keep--;
	memcpy(q.text, text, keep);
	memcpy(q.text + keep, "...", 3);
	return q;
}

/* --- words -------------------------------------------------------------- */

void words_add(struct words *words, const char *text, size_t len)
{
	words->at = grow(words->at, words->n, &words->cap, sizeof(*words->at));
	words->at[words->n++] = xstrndup(text, len);
}

void words_copy(struct words *to, const struct words *from)
{
	memset(to, 0, sizeof(*to));
	for (size_t i = 0; i < from->n; i++)
		words_add(to, from->at[i], strlen(from->at[i]));
}

void words_clear(struct words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->at[i]);
	free(words->at);
	memset(words, 0, sizeof(*words));
}

bool words_have(const struct words *words, const char *word)
{
	for (size_t i = 0; i < words->n; i++)
		if (strcmp(words->at[i], word) == 0)
			return true;
	return false;
}

bool words_meet(const struct words *a, const struct words *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (words_have(b, a->at[i]))
			return true;
	return false;
}

const char *words_split(struct words *words, const char *text)
{
	const char *end;
	size_t len;

	for (;; text = end + 1) {
		text += strspn(text, BLANKS);
		end = text + strcspn(text, ",");
		len = (size_t)(end - text);
		while (len > 0 && strchr(BLANKS, text[len - 1]) != NULL)
			len--;
		if (len == 0)
			return "nothing stands between two commas: write A, B";
		words_add(words, text, len);
		if (*end == '\0')
			return NULL;
	}
}

char *did_you_mean(
    const char *word, const char *const *words, size_t n, const char *otherwise)
{
	const char *near = nearest_word(word, words, n);

	if (near != NULL)
		return xasprintf("did you mean \"%s\"?", quote(near).text);
	return xstrdup(otherwise);
}

static bool has_word(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

char *name_one_of(
    const char *word, const char *const *words, size_t n, const char *otherwise)
{
	const char *near = nearest_word(word, words, n), *few[FEW_WORDS];
	struct buf list;
	char *text;
	size_t n_few = 0;

	for (size_t i = 0; i < n && near == NULL; i++) {
		if (words[i][0] == '\0' || has_word(few, n_few, words[i]))
			continue;
		if (n_few == FEW_WORDS)
			return xstrdup(otherwise);
		few[n_few++] = words[i];
	}
	if (n_few == 0)
		return did_you_mean(word, words, n, otherwise);
	buf_init(&list, FEW_WORDS * (sizeof(struct quote) + 2));
	for (size_t i = 0; i < n_few; i++)
		buf_printf(
		    &list, "%s%s", i > 0 ? ", " : "", quote(few[i]).text);
	text = xasprintf(
	    "there %s %s", n_few > 1 ? "are" : "is only", buf_text(&list));
	buf_clear(&list);
	return text;
}

/* --- characters --------------------------------------------------------- */

bool is_token(const char *text, size_t len)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9'))
			continue;
		if (c == '\0' || strchr(others, c) == NULL)
			return false;
	}
	return len > 0;
}

bool has_control_bytes(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

const char *skip_variable(const char *p)
{
	const char *end;

	if (strncmp(p, "$${", 3) == 0)
		return p + 3;
	if (strncmp(p, "${", 2) != 0)
		return p;
	end = strchr(p, '}');
	return end != NULL ? end + 1 : p + strlen(p);
}

const char *find_literal(const char *text, const char *set)
{
	const char *next;

	while (*text != '\0') {
		next = skip_variable(text);
		if (next == text && strchr(set, *text) != NULL)
			return text;
		text = next == text ? text + 1 : next;
	}
	return NULL;
}

/* --- waits -------------------------------------------------------------- */

static bool wait_time(const char *text, uint64_t *out_us)
{
	return parse_duration_us(text, out_us) && *out_us <= WAIT_MAX_US;
}

static const char *wait_range(const char *text, struct wait *out)
{
	const char *dots = strstr(text, "..");
	struct wait wait = {.kind = WAIT_RANGE};
	char *low;
	bool ok;

	if (dots == NULL) {
		if (!wait_time(text, &wait.low_us))
			return NOT_A_DURATION;
		wait.high_us = wait.low_us;
	} else {
		low = xstrndup(text, (size_t)(dots - text));
		ok = wait_time(low, &wait.low_us) &&
		     wait_time(dots + 2, &wait.high_us);
		free(low);
		if (!ok)
			return "not a range of durations: write 900ms..1100ms";
		if (wait.low_us > wait.high_us)
			return "the range ends before it begins: write the "
			       "shorter time first";
	}
	*out = wait;
	return NULL;
}

static const char *wait_exp(const char *text, struct wait *out)
{
	uint64_t mean_us;

	if (!wait_time(text, &mean_us))
		return "not exp with a duration: write exp 1s";
	*out = (struct wait) {WAIT_EXP, mean_us, mean_us};
	return NULL;
}

static const char *wait_pace(const char *text, struct wait *out)
{
	uint64_t us;

	if (!wait_time(text, &us))
		return "not pace with a duration: write pace 5s";
	*out = (struct wait) {WAIT_PACE, us, us};
	return NULL;
}

static const char *wait_rate(const char *text, struct wait *out)
{
	double per_s, us;

	if (!parse_rate(text, &per_s) || per_s <= 0)
		return "not rate with a rate above zero: write rate 0.2/s";
	us = (double)US_PER_S / per_s;
	if (us > (double)WAIT_MAX_US)
		return "less than one task a year: write rate 0.2/s";
	*out = (struct wait) {WAIT_PACE, (uint64_t)(us + 0.5), 0};
	out->high_us = out->low_us;
	return NULL;
}

const char *wait_parse(const char *text, bool all_forms, struct wait *out)
{
	static const struct {
		const char *word;
		const char *(*parse)(const char *text, struct wait *out);
	} forms[] = {
	    {"exp", wait_exp},
	    {"pace", wait_pace},
	    {"rate", wait_rate},
	};
	size_t len = strcspn(text, BLANKS);

	for (size_t i = 0; all_forms && i < ARRAY_LEN(forms); i++)
		if (strlen(forms[i].word) == len &&
		    strncmp(text, forms[i].word, len) == 0)
			return forms[i].parse(text + len, out);
	if (all_forms && text[len] != '\0' && (text[0] | 0x20) >= 'a' &&
	    (text[0] | 0x20) <= 'z')
		return "no such form: write 1s, 900ms..1100ms, exp 1s, "
		       "pace 5s or rate 0.2/s";
	return wait_range(text, out);
}

/* --- hosts and addresses ------------------------------------------------ */

size_t scheme_len(const char *url)
{
	if (strncasecmp(url, "http://", 7) == 0)
		return 7;
	return strncasecmp(url, "https://", 8) == 0 ? 8 : 0;
}

static bool is_port(const char *text)
{
	uint64_t port;

	return *text >= '0' && *text <= '9' && strlen(text) <= 5 &&
	       parse_count(text, &port) && port >= 1 && port <= 65535;
}

const char *address_defect(const char *text)
{
	struct in6_addr any; /* has room for both */

	if (inet_pton(AF_INET, text, &any) == 1 ||
	    inet_pton(AF_INET6, text, &any) == 1)
		return NULL;
	return "not an IP address: write 127.0.0.1 or ::1";
}

static const char *host_port_defect(char *host)
{
	char *port = strchr(host, ':');

	if (host[0] == '[') {
		port = strchr(host, ']');
		if (port == NULL)
			return "the bracket of an IPv6 address is not closed: "
			       "write http://[::1]:8080";
		*port++ = '\0';
		if (address_defect(host + 1) != NULL)
			return "what stands in brackets is no IPv6 address: "
			       "write http://[::1]:8080";
		port = *port != '\0' ? port : NULL;
		if (port != NULL && *port != ':')
			return "text after the bracket: write "
			       "http://[::1]:8080";
	} else if (port == host || *host == '\0') {
		return "the host's name is missing: write http://HOST:PORT";
	}
	if (port != NULL && !is_port(port + 1))
		return "a port is a number from 1 to 65535: write "
		       "http://HOST:PORT";
	return NULL;
}

const char *authority_defect(const char *text, size_t len)
{
	const char *defect;
	char *copy;

	if (memchr(text, '@', len) != NULL)
		return "a name or password in a URL would show up everywhere: "
		       "write auth = USER:PASSWORD, or -D "
		       "http.auth=USER:PASSWORD";
	copy = xstrndup(text, len);
	defect = host_port_defect(copy);
	free(copy);
	return defect;
}

static const char *addresses_defect(const char *text)
{
	struct words list = {0};
	const char *defect = words_split(&list, text);
	char *at;

	for (size_t i = 0; defect == NULL && i < list.n; i++) {
		at = list.at[i];
		if (at[0] == '[' && at[strlen(at) - 1] == ']') {
			at[strlen(at) - 1] = '\0';
			at++;
		}
		defect = address_defect(at);
	}
	words_clear(&list);
	return defect;
}

const char *resolve_defect(const char *text)
{
	static const char mend[] =
	    "not HOST:PORT:ADDRESS: write example.org:443:127.0.0.1";
	const char *colon = strchr(text, ':');
	const char *second = colon != NULL ? strchr(colon + 1, ':') : NULL;
	char *port;
	bool ok;

	if (second == NULL || colon == text || strpbrk(text, BLANKS) != NULL)
		return mend;
	port = xstrndup(colon + 1, (size_t)(second - colon) - 1);
	ok = is_port(port);
	free(port);
	return ok ? addresses_defect(second + 1) : mend;
}

const char *proxy_defect(const char *text)
{
	static const char *const schemes[] = {
	    "http", "https", "socks4", "socks4a", "socks5", "socks5h"};
	const char *mend = "not a proxy: write http://HOST:PORT or "
			   "socks5h://HOST:PORT";
	const char *end = strstr(text, "://");

	if (has_control_bytes(text) || strpbrk(text, BLANKS) != NULL)
		return mend;
	if (end == NULL)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (strlen(schemes[i]) == (size_t)(end - text) &&
		    strncasecmp(schemes[i], text, (size_t)(end - text)) == 0)
			return end[3] != '\0' ? NULL : mend;
	return mend;
}
