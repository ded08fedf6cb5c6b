/*
 * Keys and lines of k6, Locust, JMeter and others, and what they are called
 * here. It must not know what else the plan says.
 */
#include "plan/foreign.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "plan/keys.h"
#include "plan/meant.h"
#include "plan/values.h"

#define BLANKS " \t\r\n"
#define QUOTES "'\"`"
#define SIGNS  "<>=!"
/* stages that are longer than this are no help */
#define MEANT_MAX 256

/* --- thresholds --------------------------------------------------------- */

/* What is measured, as other tools call it. */
static const struct {
	const char *word;
	const char *key;
} measures[] = {
    {"med", "p50"},
    {"median", "p50"},
    {"mean", "avg"},
    {"average", "avg"},
    {"count", "requests"},
    {"error_rate", "fail_ratio"},
};

static bool is_relation(const char *sign)
{
	static const char *const signs[] = {"<", "<=", ">", ">=", "==", "!="};

	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (strcmp(signs[i], sign) == 0)
			return true;
	return false;
}

/* Its key here, or NULL; owned by the caller. */
static char *measure_key(const char *name)
{
	size_t len = strlen(name);
	char *key = NULL;

	for (size_t i = 0; i < ARRAY_LEN(measures); i++)
		if (strcmp(measures[i].word, name) == 0)
			return xstrdup(measures[i].key);
	if (strncmp(name, "p(", 2) == 0 && name[len - 1] == ')')
		key = xasprintf("p%.*s", (int)len - 3, name + 2);
	else if (strcmp(name, "abort") != 0)
		key = xstrdup(name);
	if (key == NULL || keys_find("thresholds", key) != NULL)
		return key;
	free(key);
	return NULL;
}

static bool is_time(const char *key)
{
	return key[0] == 'p' || strncmp(key, "lag_", strlen("lag_")) == 0 ||
	       strcmp(key, "avg") == 0 || strcmp(key, "min") == 0 ||
	       strcmp(key, "max") == 0;
}

/* A share of requests that failed, or that did not. */
static char *share_line(const char *sign, double share)
{
	if (sign[0] == '>')
		return xasprintf(
		    "fail_ratio = <%s %g%%", sign + 1, 100 * (1 - share));
	return xasprintf("fail_ratio = %s %g%%", sign, 100 * share);
}

/* The line for a name, an operator and a limit that stand alone. */
static char *line_of(
    const char *name, const char *sign, const char *limit, bool rate_is_share)
{
	bool is_rate = strcmp(name, "rate") == 0;
	char *key = is_rate ? xstrdup("rps") : measure_key(name);
	char *line = NULL;
	bool is_bare;
	double n;

	is_bare = parse_number(limit, &n);
	if (is_rate && rate_is_share)
		line = is_bare && n <= 1 ? share_line(sign, n) : NULL;
	else if (key != NULL && limit[0] != '\0')
		line = xasprintf("%s = %s %s%s", key, sign, limit,
		    is_bare && is_time(key) ? "ms" : "");
	free(key);
	return line;
}

/* The first `NAME OPERATOR LIMIT` in the text, inside quotes and brackets or
 * not, as a line. k6's rate is a share of requests, or so many a second. */
static char *condition_line(const char *text, bool rate_is_share)
{
	char *name, *sign, *limit, *line = NULL;
	size_t len;

	text += strspn(text, BLANKS QUOTES "[{");
	len = strcspn(text, BLANKS SIGNS QUOTES);
	name = xstrndup(text, len);
	text += len + strspn(text + len, BLANKS);
	len = strspn(text, SIGNS);
	sign = xstrndup(text, len);
	text += len + strspn(text + len, BLANKS);
	limit = xstrndup(text, strcspn(text, QUOTES ",]}\n"));
	if (name[0] != '\0' && is_relation(sign))
		line = line_of(name, sign, trim(limit), rate_is_share);
	free(limit);
	free(sign);
	free(name);
	return line;
}

/* --- keys --------------------------------------------------------------- */

/* The value of such a key as it is written here; NULL: it cannot be read. */
typedef char *carry_value(const char *key, const char *value);

static char *carry_time(const char *key, const char *value)
{
	uint64_t us;

	(void)key;
	return parse_duration_us(value, &us) ? xstrdup(value)
					     : meant_duration(value);
}

static char *carry_wait(const char *key, const char *value)
{
	struct wait wait;

	(void)key;
	return wait_parse(value, true, &wait) == NULL ? xstrdup(value)
						      : meant_wait_call(value);
}

static char *carry_count(const char *key, const char *value)
{
	uint64_t n;

	(void)key;
	return parse_count(value, &n) && n > 0 ? xstrdup(value) : NULL;
}

static char *carry_rate(const char *key, const char *value)
{
	double per_s;

	(void)key;
	return parse_rate(value, &per_s) && per_s > 0 ? xstrdup(value)
						      : meant_rate(value);
}

static char *carry_url(const char *key, const char *value)
{
	(void)key;
	return scheme_len(value) > 0 ? xstrdup(value) : meant_url(value);
}

/* `median = < 1s`, or `http_req_duration = p(95)<300`. */
static char *carry_threshold(const char *key, const char *value)
{
	char *line = condition_line(value, true), *whole;

	if (line != NULL)
		return line;
	/* a limit alone is one that is not to be passed */
	whole = xasprintf("%s %s%s", key,
	    value[0] >= '0' && value[0] <= '9' ? "< " : "", value);
	line = condition_line(whole, true);
	free(whole);
	return line;
}

static char *carry_reqs(const char *key, const char *value)
{
	(void)key;
	return condition_line(value, false);
}

/* A word of a command line. */
static char *carry_word(const char *key, const char *value)
{
	(void)key;
	return strpbrk(value, BLANKS QUOTES) == NULL ? xstrdup(value) : NULL;
}

/* Of a header. */
static char *carry_text(const char *key, const char *value)
{
	(void)key;
	return value[strcspn(value, "\r\n")] == '\0' ? xstrdup(value) : NULL;
}

/* yes, no, or the version. */
static char *carry_version(const char *key, const char *value)
{
	static const char *const off[] = {"no", "false", "off", "0", "1.1"};

	(void)key;
	for (size_t i = 0; i < ARRAY_LEN(off); i++)
		if (strcmp(off[i], value) == 0)
			return xstrdup("1.1");
	return NULL;
}

#define IN_LOAD       " in [load]"
#define IN_REQUESTS   " in [http] or [task NAME]"
#define IN_WAITS      " in [load] or [user NAME]"
#define IN_THRESHOLDS " in [thresholds]"
#define ANY_REQUEST   "write get = URL, post = URL or request = METHOD URL"
#define OPEN_MODEL    "write rate = 10/s in [load], or stages = 30s:10/s there"

#define TAKE_ANY      "write insecure = yes to take any certificate"
#define BY_AUTH       "write auth = USER:PASSWORD" IN_REQUESTS
#define BY_TOKEN      "write header = Authorization: Bearer TOKEN" IN_REQUESTS
#define AS_JSON       ", and header = Content-Type: application/json"

/* What other tools call it, and what is written here. Secrets are not said
 * again. */
static const struct foreign {
	const char *word;
	const char *mend;  /* all of it, or what stands before the value */
	const char *usual; /* a value; NULL: there is none in it */
	const char *behind;
	carry_value *carry;
} keys[] = {
    {"wait_time", "write wait = ", "1s", IN_WAITS, carry_wait},
    {"min_wait", "write wait = 1s..2s in [load] or [user NAME]", NULL, NULL,
	NULL},
    {"max_wait", "write wait = 1s..2s in [load] or [user NAME]", NULL, NULL,
	NULL},
    {"think_time", "write wait = ", "1s",
	" in [load], or sleep = 1s in [task NAME]", carry_wait},
    {"pause", "write wait = ", "1s", " in [load], or sleep = 1s in [task NAME]",
	carry_wait},
    {"method", ANY_REQUEST, NULL, NULL, NULL},
    {"url", ANY_REQUEST, NULL, NULL, NULL},
    {"path", ANY_REQUEST, NULL, NULL, NULL},
    {"data", "write form = KEY=VALUE or body = TEXT", NULL, NULL, NULL},
    {"payload", "write form = KEY=VALUE or body = TEXT", NULL, NULL, NULL},
    {"files", "write multipart = NAME=@FILE", NULL, NULL, NULL},
    {"params", "write query = KEY=VALUE", NULL, NULL, NULL},
    {"verify", TAKE_ANY, NULL, NULL, NULL},
    {"verify_ssl", TAKE_ANY, NULL, NULL, NULL},
    {"ssl_verify", TAKE_ANY, NULL, NULL, NULL},
    {"tls_verify", TAKE_ANY, NULL, NULL, NULL},
    {"verify_tls", TAKE_ANY, NULL, NULL, NULL},
    {"insecure_skip_tls_verify", TAKE_ANY, NULL, NULL, NULL},
    {"json_file", "write body_file = ", "FILE", AS_JSON, carry_word},
    {"json_body", "write json = {\"name\": \"x\"}", NULL, NULL, NULL},
    {"basic_auth", BY_AUTH, NULL, NULL, NULL},
    {"username", BY_AUTH, NULL, NULL, NULL},
    {"password", BY_AUTH, NULL, NULL, NULL},
    {"bearer", BY_TOKEN, NULL, NULL, NULL},
    {"bearer_token", BY_TOKEN, NULL, NULL, NULL},
    {"token", BY_TOKEN, NULL, NULL, NULL},
    {"authorization", BY_TOKEN, NULL, NULL, NULL},
    {"user_agent", "write header = User-Agent: ", "NAME", IN_REQUESTS,
	carry_text},
    {"content_type", "write header = Content-Type: ", "text/plain", IN_REQUESTS,
	carry_text},
    {"accept", "write header = Accept: ", "application/json", IN_REQUESTS,
	carry_text},
    {"cookie", "write header = Cookie: NAME=VALUE", NULL, NULL, NULL},
    {"http2", "write http_version = ", "2", IN_REQUESTS, carry_version},
    {"h2", "write http_version = ", "2", IN_REQUESTS, carry_version},
    {"http3", "write http_version = ", "3", IN_REQUESTS, carry_version},
    {"vus", "write users = ", "10", IN_LOAD, carry_count},
    {"num_users", "write users = ", "10", IN_LOAD, carry_count},
    {"user_count", "write users = ", "10", IN_LOAD, carry_count},
    {"concurrency", "write users = ", "10", IN_LOAD, carry_count},
    {"connections", "write users = ", "10", IN_LOAD, carry_count},
    {"max_vus", "write max_users = ", "100", IN_LOAD, carry_count},
    {"pre_allocated_vus", "write max_users = ", "100", IN_LOAD, carry_count},
    {"threads", "write workers = ", "2", IN_LOAD, carry_count},
    {"processes", "write workers = ", "2", IN_LOAD, carry_count},
    {"hatch_rate", "write spawn_rate = ", "10", IN_LOAD, carry_rate},
    {"duration", "write run_time = ", "1m", IN_LOAD, carry_time},
    {"graceful_stop", "write stop_timeout = ", "10s", IN_LOAD, carry_time},
    {"graceful_ramp_down", "write stop_timeout = ", "10s", IN_LOAD, carry_time},
    {"executor", OPEN_MODEL, NULL, NULL, NULL},
    {"start_rate", OPEN_MODEL, NULL, NULL, NULL},
    {"time_unit", OPEN_MODEL, NULL, NULL, NULL},
    {"base_url", "write host = ", "http://HOST:PORT", IN_LOAD, carry_url},
    {"expect", "write check = status == 200", NULL, NULL, NULL},
    {"assert", "write check = status == 200", NULL, NULL, NULL},
    {"capture", "write capture.NAME = json /id", NULL, NULL, NULL},
    {"extract", "write capture.NAME = json /id", NULL, NULL, NULL},
    {"set", "write set.NAME = VALUE", NULL, NULL, NULL},
    {"assert_status", "write check = status == 200", NULL, NULL, NULL},
    {"validate", "write check = json /status == ACTIVE", NULL, NULL, NULL},
    {"if", "write when = ${NAME} == VALUE below the step", NULL, NULL, NULL},
    {"condition", "write when = ${NAME} == VALUE below the step", NULL, NULL,
	NULL},
    {"loop", "write repeat = N above the steps, or poll = URL", NULL, NULL,
	NULL},
    {"while", "write poll = URL with until below it, or repeat = N", NULL, NULL,
	NULL},
    {"interval",
	"write every = 1s below a poll, or report_interval = 3s in [load]",
	NULL, NULL, NULL},
    {"retries", "write poll = URL with until = status == 200 below it", NULL,
	NULL, NULL},
    {"retry", "write poll = URL with until = status == 200 below it", NULL,
	NULL, NULL},
    {"allow_redirects", "write redirects = 0 to follow none", NULL, NULL, NULL},
    {"follow_redirects", "write redirects = 0 to follow none", NULL, NULL,
	NULL},
    {"thresholds", "write [thresholds], and p95 = < 300ms below it", NULL, NULL,
	NULL},
    {"threshold", "write [thresholds], and p95 = < 300ms below it", NULL, NULL,
	NULL},
    {"http_req_duration", "write ", "p95 = < 300ms", IN_THRESHOLDS,
	carry_threshold},
    {"http_req_failed", "write ", "fail_ratio = < 1%", IN_THRESHOLDS,
	carry_threshold},
    {"http_reqs", "write ", "rps = >= 500", IN_THRESHOLDS, carry_reqs},
    {"checks", "write ", "fail_ratio = < 1%", IN_THRESHOLDS, carry_threshold},
    {"error_rate", "write ", "fail_ratio = < 1%", IN_THRESHOLDS,
	carry_threshold},
    {"median", "write ", "p50 = < 300ms", IN_THRESHOLDS, carry_threshold},
    {"abort_on_fail", "write abort = fail_ratio > 50% for 10s in [thresholds]",
	NULL, NULL, NULL},
    {"group", "write transaction = NAME in [task NAME]", NULL, NULL, NULL},
};

#define MEANT_HOSTS "did you mean \"hosts\"?"
#define BY_RSH \
	"rsh says how a host is reached: write rsh = ssh -o BatchMode=yes "
#define NO_PASSWORD                                                            \
	"nothing asks for one: write rsh = ssh -o BatchMode=yes -i FILE, with" \
	" a key in FILE"

/* What is written in [remote] as settings of ssh have it. */
static const struct foreign remote_keys[] = {
    {"host", MEANT_HOSTS, NULL, NULL, NULL},
    {"host_name", MEANT_HOSTS, NULL, NULL, NULL},
    {"nodes", MEANT_HOSTS, NULL, NULL, NULL},
    {"timeout", "did you mean \"connect_timeout\"?", NULL, NULL, NULL},
    {"port", BY_RSH "-p ", "2222", "", carry_count},
    {"user", BY_RSH "-l ", "NAME", "", carry_word},
    {"user_name", BY_RSH "-l ", "NAME", "", carry_word},
    {"login", BY_RSH "-l ", "NAME", "", carry_word},
    {"key", BY_RSH "-i ", "FILE", "", carry_word},
    {"key_file", BY_RSH "-i ", "FILE", "", carry_word},
    {"private_key", BY_RSH "-i ", "FILE", "", carry_word},
    {"identity", BY_RSH "-i ", "FILE", "", carry_word},
    {"identity_file", BY_RSH "-i ", "FILE", "", carry_word},
    {"password", NO_PASSWORD, NULL, NULL, NULL},
    {"passphrase", NO_PASSWORD, NULL, NULL, NULL},
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Whether the first len bytes of name are the word, be it written as maxVUs or
 * max_vus. */
static bool is_word(const char *name, size_t len, const char *word)
{
	const char *end = name + len;

	for (; name < end || *word != '\0'; name++, word++) {
		while (name < end && (*name == '_' || *name == '-'))
			name++;
		while (*word == '_')
			word++;
		if (name == end || *word == '\0')
			break;
		if (lower(*name) != *word)
			return false;
	}
	return name == end && *word == '\0';
}

static const struct foreign *find_in(
    const struct foreign *words, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (is_word(name, len, words[i].word))
			return &words[i];
	return NULL;
}

static const struct foreign *find_key(const char *name, size_t len)
{
	static const struct foreign percentile = {
	    "p(", "write ", "p95 = < 300ms", IN_THRESHOLDS, carry_threshold};

	if (strncmp(name, percentile.word, strlen(percentile.word)) == 0)
		return &percentile;
	return find_in(keys, ARRAY_LEN(keys), name, len);
}

/* The value, without quotes around it, as it is written here; or a usual
 * one. */
static char *carry(
    const struct foreign *foreign, const char *key, const char *value)
{
	char *copy = xstrdup(value != NULL ? value : ""), *text = trim(copy);
	size_t len = strlen(text);
	char *carried;

	if (len > 1 && strchr(QUOTES, text[0]) != NULL &&
	    text[len - 1] == text[0]) {
		text[len - 1] = '\0';
		text++;
	}
	carried = text[0] != '\0' ? foreign->carry(key, text) : NULL;
	free(copy);
	return carried != NULL ? carried : xstrdup(foreign->usual);
}

static char *mend_of(
    const struct foreign *foreign, const char *key, const char *value)
{
	char *carried, *mend;

	if (foreign == NULL)
		return NULL;
	if (foreign->usual == NULL)
		return xstrdup(foreign->mend);
	carried = carry(foreign, key, value);
	mend = xasprintf(
	    "%s%s%s", foreign->mend, quote(carried).text, foreign->behind);
	free(carried);
	return mend;
}

char *foreign_key(const char *key, const char *value)
{
	/* capture.id = ... */
	return mend_of(find_key(key, strcspn(key, ".")), key, value);
}

char *foreign_key_of(const char *section, const char *key, const char *value)
{
	if (strcmp(section, "remote") != 0)
		return NULL;
	return mend_of(
	    find_in(remote_keys, ARRAY_LEN(remote_keys), key, strlen(key)), key,
	    value);
}

/* --- lines of thresholds ------------------------------------------------ */

/* `http_req_duration{name:a} = ...`, or `http_req_duration: ...`. */
static char *metric_line(const char *line)
{
	size_t len = strcspn(line, "{:=" QUOTES BLANKS);
	const struct foreign *foreign = find_key(line, len);
	const char *rest = line + len + strspn(line + len, QUOTES BLANKS);
	bool has_tags = *rest == '{';
	char *key, *carried, *mend = NULL;

	if (foreign == NULL || foreign->carry == NULL ||
	    strcmp(foreign->behind, IN_THRESHOLDS) != 0 ||
	    (!has_tags && *rest != ':'))
		return NULL;
	rest += has_tags ? strcspn(rest, "}") : 0;
	rest += strspn(rest, "}:=" QUOTES BLANKS);
	key = xstrndup(line, len);
	carried = carry(foreign, key, rest);
	if (has_tags)
		mend = xasprintf("a row has a section of its own: write "
				 "[thresholds GET /things], and %s below it",
		    quote(carried).text);
	else
		mend = xasprintf(
		    "\":\" does not end a key: write %s", quote(carried).text);
	free(carried);
	free(key);
	return mend;
}

static char *threshold_line(const char *line)
{
	char *condition, *why;

	line += strspn(line, QUOTES BLANKS);
	condition = condition_line(line, true);
	if (condition == NULL)
		return metric_line(line);
	why = xasprintf("\"=\" is missing: write %s", quote(condition).text);
	free(condition);
	return why;
}

/* --- stages ------------------------------------------------------------- */

/* What stands behind `name:` in the text, which ends at end; NULL: nothing.
 * Owned by the caller. */
static char *member(const char *text, const char *end, const char *name)
{
	const char *at = strstr(text, name);

	if (at == NULL || at >= end)
		return NULL;
	at += strlen(name);
	at += strspn(at, QUOTES ":=" BLANKS);
	return xstrndup(at, strcspn(at, QUOTES ",}" BLANKS));
}

/* One object, as a stage behind those in out. */
static bool put_stage(const char *text, const char *end, struct buf *out)
{
	char *duration = member(text, end, "duration");
	char *target = member(text, end, "target");
	uint64_t us, users;
	bool is_good;

	is_good = duration != NULL && target != NULL &&
		  parse_duration_us(duration, &us) &&
		  parse_count(target, &users);
	if (is_good)
		buf_printf(out, "%s%s:%s", buf_len(out) > 0 ? ", " : "",
		    duration, target);
	free(duration);
	free(target);
	return is_good;
}

char *foreign_stages(const char *text)
{
	const char *end;
	char *stages = NULL;
	bool is_good = true;
	struct buf out;

	buf_init(&out, MEANT_MAX);
	for (text = strchr(text, '{'); text != NULL && is_good;
	     text = strchr(end, '{')) {
		end = text + strcspn(text, "}");
		is_good = put_stage(text, end, &out);
	}
	if (is_good && !out.full && buf_len(&out) > 0)
		stages = xstrdup(buf_text(&out));
	buf_clear(&out);
	return stages;
}

/* `stages: [{ duration: '5s', target: 20 }]` */
static char *stages_line(const char *line)
{
	char *stages, *why;

	line += strspn(line, QUOTES);
	if (strncmp(line, "stages", strlen("stages")) != 0)
		return NULL;
	stages = foreign_stages(line);
	why = stages != NULL
		  ? xasprintf("this is JSON: write stages = %s", stages)
		  : NULL;
	free(stages);
	return why;
}

char *foreign_line(const char *section, const char *line)
{
	if (strcmp(section, "thresholds") == 0)
		return threshold_line(line);
	return strcmp(section, "load") == 0 ? stages_line(line) : NULL;
}
