/*
 * Keys and sections of k6, Locust, JMeter and others, and what they are called
 * here. It must not know what else the plan says.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/foreign_private.h"
#include "plan/meant.h"
#include "plan/values.h"

#define BLANKS " \t\r\n"
#define QUOTES "'\"`"
/* behind the name of what is measured */
#define MEASURE_SIGNS ".[" BLANKS

/* --- values ------------------------------------------------------------- */

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

static char *carry_number(const char *key, const char *value)
{
	uint64_t n;

	(void)key;
	return parse_count(value, &n) ? xstrdup(value) : NULL;
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

/* Whether it goes on like `p95 < 300`. */
static bool is_limit(const char *value)
{
	return strchr("0123456789", value[0]) != NULL;
}

/* `p95 = < 1500`, where a key is one of loadgen's and only a limit, or an
 * operator and a limit, is its value. */
static char *with_key(const char *key, const char *value)
{
	/* a limit alone is one that is not to be passed */
	char *whole =
	    xasprintf("%s %s%s", key, is_limit(value) ? "< " : "", value);
	char *line = foreign_conditions(whole, true);

	free(whole);
	return line;
}

/* `median = < 1s`, or `http_req_duration = p(95)<300`. */
static char *carry_threshold(const char *key, const char *value)
{
	char *line = foreign_conditions(value, true);

	return line != NULL ? line : with_key(key, value);
}

/* `http_req_duration`, or one with a measure of it: `http_req_duration.p99`,
 * `http_req_duration[p(99)]`. */
static char *carry_duration_limit(const char *key, const char *value)
{
	const char *measure = key + strcspn(key, MEASURE_SIGNS);
	char *line = foreign_conditions(value, true), *name;
	size_t len;

	if (line != NULL)
		return line;
	measure += strspn(measure, MEASURE_SIGNS);
	len = strlen(measure);
	if (len > 0 && measure[len - 1] == ']')
		len--;
	name = len > 0 ? xstrndup(measure, len) : xstrdup("p95");
	line = with_key(name, value);
	free(name);
	return line;
}

static char *carry_failed_limit(const char *key, const char *value)
{
	char *line = foreign_conditions(value, true);

	(void)key;
	return line != NULL ? line : with_key("fail_ratio", value);
}

static char *carry_reqs(const char *key, const char *value)
{
	char *line = foreign_conditions(value, false);

	(void)key;
	return line != NULL ? line : with_key("requests", value);
}

/* So many a second. */
static char *carry_rate_limit(const char *key, const char *value)
{
	(void)key;
	return with_key("rps", value);
}

/* count<5, or < 5 */
static char *carry_dropped(const char *key, const char *value)
{
	const char *sign = strpbrk(value, "<>=!");

	(void)key;
	return with_key("dropped", sign != NULL ? sign : value);
}

/* A word of a command line. */
static char *carry_word(const char *key, const char *value)
{
	(void)key;
	return strpbrk(value, BLANKS QUOTES) == NULL ? xstrdup(value) : NULL;
}

static char *carry_text(const char *key, const char *value)
{
	(void)key;
	return strchr(value, '\n') == NULL ? xstrdup(value) : NULL;
}

static bool is_no(const char *value)
{
	static const char *const words[] = {"no", "false", "False", "off", "0"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i], value) == 0)
			return true;
	return false;
}

static char *carry_yes(const char *key, const char *value)
{
	(void)key;
	return xstrdup(is_no(value) ? "no" : "yes");
}

/* yes, no, or the version. */
static char *carry_version(const char *key, const char *value)
{
	(void)key;
	return is_no(value) || strcmp(value, "1.1") == 0 ? xstrdup("1.1")
							 : NULL;
}

static char *carry_not(const char *key, const char *value)
{
	(void)key;
	return xstrdup(is_no(value) ? "yes" : "no");
}

/* Whether it is a condition, by its operator. */
static bool is_condition(const char *value)
{
	static const char *const words[] = {
	    " contains ", " in ", " exists", " missing"};

	if (strpbrk(value, "<>=!~") != NULL)
		return value[0] != '{';
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strstr(value, words[i]) != NULL)
			return true;
	return false;
}

/* `201`, `[200, 201]`, or a condition. */
static char *carry_check(const char *key, const char *value)
{
	char *statuses = meant_statuses(value), *check;

	(void)key;
	if (statuses == NULL)
		return is_condition(value) ? xstrdup(value) : NULL;
	check = xasprintf("status %s %s",
	    strpbrk(statuses, ",.") != NULL ? "in" : "==", statuses);
	free(statuses);
	return check;
}

static char *carry_when(const char *key, const char *value)
{
	(void)key;
	return strstr(value, "${") != NULL ? xstrdup(value) : NULL;
}

/* The key of a step that sends with this method. */
static char *carry_method(const char *key, const char *value)
{
	static const char *const methods[] = {
	    "get", "post", "put", "patch", "delete", "head", "options"};

	(void)key;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (foreign_is_word(value, strlen(value), methods[i]))
			return xasprintf("%s = URL", methods[i]);
	return is_token(value, strlen(value))
		   ? xasprintf("request = %s URL", value)
		   : NULL;
}

static char *carry_path(const char *key, const char *value)
{
	char *path = carry_word(key, value), *step = NULL;

	if (path != NULL)
		step = xasprintf("get = %s, post = %s or request = METHOD %s",
		    path, path, path);
	free(path);
	return step;
}

static char *carry_body(const char *key, const char *value)
{
	(void)key;
	if (value[0] == '{' || value[0] == '[')
		return xasprintf("json = %s", value);
	return strchr(value, '=') != NULL && strpbrk(value, BLANKS "&") == NULL
		   ? xasprintf("form = %s", value)
		   : NULL;
}

static char *carry_pair(const char *key, const char *value)
{
	(void)key;
	return strchr(value, '=') != NULL && strpbrk(value, BLANKS "{&") == NULL
		   ? xstrdup(value)
		   : NULL;
}

static char *carry_stages(const char *key, const char *value)
{
	(void)key;
	return value[0] == '[' ? foreign_stages(value) : xstrdup(value);
}

/* --- keys --------------------------------------------------------------- */

/* What other tools call it, and what is written here. Secrets are not said
 * again. */
struct foreign {
	const char *word;
	const char *mend;  /* all of it, or what stands before the value */
	const char *usual; /* a value; NULL: there is none in it */
	const char *behind;
	carry_value *carry;
};

#define IN_LOAD       " in [load]"
#define IN_WAITS      " in [load] or [user NAME]"
#define IN_REQUESTS   " in [http] or [task NAME]"
#define IN_THRESHOLDS FOREIGN_IN_THRESHOLDS
#define ANY_REQUEST   "get = URL, post = URL or request = METHOD URL"
#define OPEN_MODEL    "write rate = 10/s in [load], or stages = 30s:10/s there"
#define TAKE_ANY      "write insecure = yes to take any certificate"
#define BY_AUTH       "write auth = USER:PASSWORD" IN_REQUESTS
#define BY_TOKEN      "write header = Authorization: Bearer TOKEN" IN_REQUESTS
#define AS_JSON       ", and header = Content-Type: application/json"
#define IS_SO         "it is always so: remove it"
#define TELL(word, mend)                     \
	{                                    \
		word, mend, NULL, NULL, NULL \
	}

/* In any section. */
static const struct foreign keys[] = {
    {"wait_time", "write wait = ", "1s", IN_WAITS, carry_wait},
    TELL("min_wait", "write wait = 1s..2s in [load] or [user NAME]"),
    TELL("max_wait", "write wait = 1s..2s in [load] or [user NAME]"),
    {"think_time", "write wait = ", "1s",
	" in [load], or sleep = 1s in [task NAME]", carry_wait},
    {"pause", "write wait = ", "1s", " in [load], or sleep = 1s in [task NAME]",
	carry_wait},
    {"method", "write ", ANY_REQUEST, "", carry_method},
    {"url", "write ", ANY_REQUEST, "", carry_path},
    {"path", "write ", ANY_REQUEST, "", carry_path},
    {"data", "write ", "form = KEY=VALUE or body = TEXT", "", carry_body},
    {"payload", "write ", "form = KEY=VALUE or body = TEXT", "", carry_body},
    TELL("files", "write multipart = NAME=@FILE"),
    {"params", "write query = ", "KEY=VALUE", "", carry_pair},
    TELL("batch", "a user sends one request after another: write them as "
		  "steps, or call = TASK and background = yes for each"),
    TELL("verify", TAKE_ANY),
    TELL("verify_ssl", TAKE_ANY),
    TELL("ssl_verify", TAKE_ANY),
    TELL("tls_verify", TAKE_ANY),
    TELL("verify_tls", TAKE_ANY),
    {"insecure_skip_tls_verify", "write insecure = ", "yes", IN_REQUESTS,
	carry_yes},
    {"no_connection_reuse", "write keepalive = ", "no", IN_REQUESTS, carry_not},
    {"no_vu_connection_reuse", "write keepalive = ", "no", IN_REQUESTS,
	carry_not},
    {"max_redirects", "write redirects = ", "0", IN_REQUESTS, carry_number},
    {"json_file", "write body_file = ", "FILE", AS_JSON, carry_word},
    TELL("json_body", "write json = {\"name\": \"x\"}"),
    TELL("basic_auth", BY_AUTH),
    TELL("username", BY_AUTH),
    TELL("password", BY_AUTH),
    TELL("bearer", BY_TOKEN),
    TELL("bearer_token", BY_TOKEN),
    TELL("token", BY_TOKEN),
    TELL("authorization", BY_TOKEN),
    {"user_agent", "write header = User-Agent: ", "NAME", IN_REQUESTS,
	carry_text},
    {"content_type", "write header = Content-Type: ", "text/plain", IN_REQUESTS,
	carry_text},
    {"accept", "write header = Accept: ", "application/json", IN_REQUESTS,
	carry_text},
    TELL("cookie", "write header = Cookie: NAME=VALUE"),
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
    TELL("executor", OPEN_MODEL),
    TELL("start_rate", OPEN_MODEL),
    TELL("time_unit", OPEN_MODEL),
    {"base_url", "write host = ", "http://HOST:PORT", IN_LOAD, carry_url},
    {"expect", "write check = ", "status == 200", "", carry_check},
    {"assert", "write check = ", "status == 200", "", carry_check},
    {"assert_status", "write check = ", "status == 200", "", carry_check},
    {"expect_status", "write check = ", "status == 200", "", carry_check},
    {"expected_status", "write check = ", "status == 200", "", carry_check},
    {"expected_statuses", "write check = ", "status in 200..299", "",
	carry_check},
    {"validate", "write check = ", "json /status == ACTIVE", "", carry_check},
    TELL("catch_response", "write check = json /status == ACTIVE -> TEXT"),
    TELL("capture", "write capture.NAME = json /id"),
    TELL("extract", "write capture.NAME = json /id"),
    TELL("set", "write set.NAME = VALUE"),
    {"@task", "write weight = ", "1", " in [task NAME]", carry_count},
    {"if", "write when = ", "${NAME} == VALUE", " below the step", carry_when},
    {"condition", "write when = ", "${NAME} == VALUE", " below the step",
	carry_when},
    {"loop", "write repeat = ", "N", " above the steps, or poll = URL",
	carry_count},
    TELL("while", "write poll = URL with until below it, or repeat = N"),
    {"interval", "write every = ", "1s",
	" below a poll, or report_interval = 3s in [load]", carry_time},
    TELL("retries", "write poll = URL with until = status == 200 below it"),
    TELL("retry", "write poll = URL with until = status == 200 below it"),
    TELL("allow_redirects", "write redirects = 0 to follow none"),
    TELL("follow_redirects", "write redirects = 0 to follow none"),
    {"thresholds", "write [thresholds], and ", "p95 = < 300ms", " below it",
	carry_threshold},
    {"threshold", "write [thresholds], and ", "p95 = < 300ms", " below it",
	carry_threshold},
    {"http_req_duration", "write ", "p95 = < 300ms", IN_THRESHOLDS,
	carry_duration_limit},
    {"http_req_waiting", "write ", "p95 = < 300ms",
	IN_THRESHOLDS ", where times are those of whole answers",
	carry_duration_limit},
    {"iteration_duration", "write transaction = NAME in the task, and ",
	"p95 = < 300ms", " in [thresholds NAME]", carry_duration_limit},
    {"group_duration", "write transaction = NAME in the task, and ",
	"p95 = < 300ms", " in [thresholds NAME]", carry_duration_limit},
    {"http_req_failed", "write ", "fail_ratio = < 1%", IN_THRESHOLDS,
	carry_failed_limit},
    {"http_reqs", "write ", "rps = >= 500", IN_THRESHOLDS, carry_reqs},
    {"checks", "write ", "fail_ratio = < 1%", IN_THRESHOLDS, carry_threshold},
    {"error_rate", "write ", "fail_ratio = < 1%", IN_THRESHOLDS,
	carry_threshold},
    {"median", "write ", "p50 = < 300ms", IN_THRESHOLDS, carry_threshold},
    {"med", "write ", "p50 = < 300ms", IN_THRESHOLDS, carry_threshold},
    {"dropped_iterations", "write ", "dropped = == 0", IN_THRESHOLDS,
	carry_dropped},
    TELL("abort_on_fail",
	"write abort = fail_ratio > 50% for 10s in [thresholds]"),
    {"group", "write transaction = ", "NAME", " in [task NAME]", carry_text},
    TELL("class", "a section with a name is one: remove it"),
    TELL("abstract", "a kind of users that nobody is has weight = 0"),
    TELL("interrupt", "a task ends behind its last step: remove it"),
};

#define ONE_SHAPE                                                           \
	"all kinds of users share one shape, and another shape is another " \
	"plan played beside it: "
#define BY_REMOTE "write hosts = HOST, ... in [remote]"
#define NO_PAGE   "there is no web page: remove it"

static const struct foreign load_keys[] = {
    TELL("headless", IS_SO),
    TELL("autostart", IS_SO),
    TELL("autoquit", IS_SO),
    TELL("loglevel", "write -q or -v on the command line"),
    TELL("master", BY_REMOTE),
    TELL("worker", BY_REMOTE),
    TELL("master_host", BY_REMOTE),
    TELL("expect_workers", BY_REMOTE),
    TELL("locustfile", "the plan is this file: remove it"),
    TELL("web_host", NO_PAGE),
    TELL("web_port", NO_PAGE),
    {"tags", "write --tags ", "A,B", " on the command line", carry_word},
    {"exclude_tags", "write --exclude-tags ", "A,B", " on the command line",
	carry_word},
    {"rps", "write rate = ", "100/s", "", carry_rate},
    {"requests", "write iterations = ", "1000", ", which counts tasks",
	carry_count},
};

static const struct foreign user_keys[] = {
    {"rate", ONE_SHAPE "write rate = ", "10/s", IN_LOAD, carry_rate},
    {"stages", ONE_SHAPE "write stages = ", "30s:100, 30s:0", IN_LOAD,
	carry_stages},
    TELL("executor", ONE_SHAPE "write rate or stages in [load]"),
    TELL("start_time", "all kinds of users start together: play a second plan "
		       "for what comes later"),
    {"vus", "write count = ", "5", "", carry_count},
    {"users", "write count = ", "5", "", carry_count},
    {"num_users", "write count = ", "5", "", carry_count},
    {"fixed_count", "write count = ", "5", "", carry_count},
    {"exec", "write tasks = ", "TASK, TASK", "", carry_word},
    {"function", "write tasks = ", "TASK, TASK", "", carry_word},
    TELL("env", "write set.NAME = VALUE for ${NAME}"),
    TELL("task_set", "write tasks = TASK, TASK"),
};

static const struct foreign task_keys[] = {
    {"checks", "write check = ", "status == 200", ", a line for each",
	carry_check},
    {"exec", "write call = ", "TASK", "", carry_word},
    {"status", "write check = ", "status == 200", "", carry_check},
    {"status_code", "write check = ", "status == 200", "", carry_check},
};

static const struct foreign data_keys[] = {
    {"path", "write file = ", "people.csv", "", carry_text},
    {"filename", "write file = ", "people.csv", "", carry_text},
    {"csv", "write file = ", "people.csv", "", carry_text},
    {"source", "write file = ", "people.csv", "", carry_text},
};

static const struct foreign threshold_keys[] = {
    {"iterations", "requests are judged, not tasks: write ",
	"requests = >= 1000", "", carry_reqs},
    {"count", "write ", "requests = >= 1000", "", carry_reqs},
    TELL("vus", "the plan says how many users there are: remove it"),
    {"rate", "write ", "rps = >= 500", "", carry_rate_limit},
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

static const struct {
	const char *section;
	const struct foreign *words;
	size_t n;
} sections[] = {
    {"load", load_keys, ARRAY_LEN(load_keys)},
    {"user", user_keys, ARRAY_LEN(user_keys)},
    {"task", task_keys, ARRAY_LEN(task_keys)},
    {"data", data_keys, ARRAY_LEN(data_keys)},
    {"thresholds", threshold_keys, ARRAY_LEN(threshold_keys)},
    {"remote", remote_keys, ARRAY_LEN(remote_keys)},
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool foreign_is_word(const char *name, size_t len, const char *word)
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
		if (foreign_is_word(name, len, words[i].word))
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
	/* capture.id = ..., http_req_duration[p(95)] = ... */
	return mend_of(find_key(key, strcspn(key, MEASURE_SIGNS)), key, value);
}

char *foreign_key_of(const char *section, const char *key, const char *value)
{
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		if (strcmp(sections[i].section, section) == 0)
			return mend_of(find_in(sections[i].words, sections[i].n,
					   key, strlen(key)),
			    key, value);
	return NULL;
}

bool foreign_limit(const char *name, size_t len, const char *value, char **line)
{
	const struct foreign *foreign = find_key(name, len);
	char *key;

	if (foreign == NULL || foreign->carry == NULL ||
	    strncmp(foreign->behind, IN_THRESHOLDS, strlen(IN_THRESHOLDS)) != 0)
		return false;
	key = xstrndup(name, len);
	*line = carry(foreign, key, value);
	free(key);
	return true;
}
