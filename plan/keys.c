/*
 * The key table and what is done with a row: find it, apply an entry to it,
 * say what it should have been called. It must not know what the values of
 * two keys mean together.
 */
#include "plan/keys.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "plan/fields.h"
#include "plan/values.h"

#define MAX_USERS  UINT64_C(10000000)
#define MAX_COUNT  UINT64_C(1000000000000)
#define MAX_WEIGHT UINT64_C(1000000)
#define HOUR_US    (3600 * US_PER_S)
#define DAY_US     (24 * HOUR_US)
#define YEAR_US    (366 * DAY_US)

/* A key whose value goes into a field of a struct. */
#define KEY(                                                                 \
    section, name, flags, parse, type, field, min, max, fallback, help)      \
	{                                                                    \
		{section, name, ((flags)&KEY_REPEATS) != 0, fallback, help}, \
		    flags, parse, offsetof(type, field), min, max            \
	}
/* A key whose value is looked at by whoever owns its section. */
#define WORD(section, name, flags, help)                                 \
	{                                                                \
		{section, name, ((flags)&KEY_REPEATS) != 0, NULL, help}, \
		    flags, NULL, 0, 0, 0                                 \
	}

static const struct key keys[] = {
    KEY("load", "host", 0, field_host, struct load_options, host, 0, 0, NULL,
	"base URL for paths: http://HOST[:PORT][/PREFIX]"),
    KEY("load", "users", 0, field_count, struct load_options, users, 1,
	MAX_USERS, "1", "users at the peak"),
    KEY("load", "spawn_rate", 0, field_rate, struct load_options, spawn_rate, 0,
	MAX_USERS, "1", "users started per second"),
    KEY("load", "run_time", 0, field_duration, struct load_options, run_time_us,
	0, YEAR_US, "0", "from the first user on, ramp included; 0: no limit"),
    KEY("load", "iterations", 0, field_count, struct load_options, iterations,
	0, MAX_COUNT, "0", "stop after so many tasks in all; 0: no limit"),
    KEY("load", "stop_timeout", 0, field_duration, struct load_options,
	stop_timeout_us, 0, DAY_US, "10s",
	"how long running tasks may finish after the end"),
    KEY("load", "workers", 0, field_count, struct load_options, workers, 1,
	1024, NULL, "worker processes; one for each usable core by default"),
    KEY("load", "wait", 0, field_wait, struct load_options, wait, 0, 0, "0",
	"between tasks: 1s, 900ms..1100ms, exp 1s, pace 5s, rate 0.2/s or 0"),
    KEY("load", "seed", 0, field_count, struct load_options, seed, 0,
	UINT64_MAX, NULL,
	"the same seed, workers and plan draw the same tasks, waits and "
	"values"),
    KEY("load", "max_background", 0, field_count, struct load_options,
	max_background, 0, MAX_USERS, "10000",
	"background jobs that one worker holds; more are skipped"),
    WORD("load", "setup", 0, "a task run once, before the first user"),
    WORD("load", "teardown", 0, "a task run once, after the last user"),
    KEY("load", "report_interval", 0, field_duration, struct load_options,
	report_interval_us, 100 * US_PER_MS, HOUR_US, "3s",
	"between two reports"),
    KEY("http", "header", KEY_REPEATS | KEY_TEMPLATE, field_header,
	struct http_options, headers, 0, 0, NULL,
	"NAME: VALUE, sent with every request; NAME: alone sends none of that "
	"name"),
    KEY("http", "timeout", KEY_SHORT, field_duration, struct http_options,
	timeout_us, US_PER_MS, DAY_US, "60s", "for a whole request"),
    KEY("http", "connect_timeout", KEY_SHORT, field_duration,
	struct http_options, connect_timeout_us, US_PER_MS, DAY_US, "10s",
	"for a connection, name lookup and TLS included"),
    KEY("http", "redirects", 0, field_count, struct http_options, redirects, 0,
	1000, "30", "how many are followed; 0 follows none"),
    KEY("http", "http_version", 0, field_version, struct http_options, version,
	0, 0, "1.1", "1.1, 2, 2-prior-knowledge or 3"),
    KEY("http", "insecure", 0, field_bool, struct http_options, insecure, 0, 0,
	"no", "yes takes any certificate"),
    KEY("http", "ca_file", 0, field_pem, struct http_options, ca_file, 0, 0,
	NULL, "certificates to trust, PEM"),
    KEY("http", "cert", 0, field_pem, struct http_options, cert, 0, 0, NULL,
	"client certificate, PEM"),
    KEY("http", "key", 0, field_pem, struct http_options, key, 0, 0, NULL,
	"key of cert, PEM"),
    KEY("http", "auth", 0, field_auth, struct http_options, auth, 0, 0, NULL,
	"USER:PASSWORD, sent as basic authentication"),
    KEY("http", "proxy", 0, field_proxy, struct http_options, proxy, 0, 0, NULL,
	"URL of a proxy; environment variables are not used"),
    KEY("http", "unix_socket", 0, field_socket, struct http_options,
	unix_socket, 0, 0, NULL,
	"path of a socket to connect to in place of the host"),
    KEY("http", "source_ip", KEY_LINES, field_addresses, struct http_options,
	source_ips, 0, 0, NULL, "local addresses, dealt out to users"),
    KEY("http", "compression", 0, field_bool, struct http_options, compression,
	0, 0, "no", "yes asks for and decodes compressed bodies"),
    KEY("http", "keepalive", 0, field_bool, struct http_options, keepalive, 0,
	0, "yes", "no opens a new connection for each request"),
    KEY("http", "resolve", KEY_REPEATS, field_resolve, struct http_options,
	resolve, 0, 0, NULL, "HOST:PORT:ADDRESS, in place of a name lookup"),
    KEY("http", "max_body", 0, field_size, struct http_options, max_body, 0,
	UINT64_C(256) << 20, "1M",
	"how much of a body is kept for checks and captures"),
    KEY("http", "cookies", 0, field_bool, struct http_options, cookies, 0, 0,
	"yes", "no keeps no cookies"),
    KEY("user", "weight", 0, field_count, struct user_kind, weight, 0,
	MAX_WEIGHT, "1", "share of the users that are of this kind"),
    KEY("user", "count", 0, field_count, struct user_kind, count, 1, MAX_USERS,
	NULL, "a fixed number of users, in place of weight"),
    KEY("user", "host", 0, field_host, struct user_kind, host, 0, 0, NULL,
	"in place of that of [load]"),
    KEY("user", "wait", 0, field_wait, struct user_kind, wait, 0, 0, NULL,
	"in place of that of [load]"),
    WORD("user", "tasks", KEY_LINES,
	"TASK:WEIGHT, TASK, ...; all drawn tasks by default"),
    KEY("user", "order", 0, field_order, struct user_kind, order, 0, 0,
	"random", "random, or sequence: one after the other"),
    WORD("user", "on_start", 0, "a task run once when the user starts"),
    WORD("user", "on_stop", 0, "a task run once when the user stops"),
    KEY("user", "iterations", 0, field_count, struct user_kind, iterations, 0,
	MAX_COUNT, "0", "tasks, then this user is done; 0: no limit"),
    WORD("user", "set.NAME", KEY_REPEATS | KEY_TEMPLATE | KEY_EMPTY,
	"a variable, given a value when the user starts"),
    KEY("task", "weight", 0, field_count, struct task, weight, 0, MAX_WEIGHT,
	"1", "how often it is drawn, against the other tasks; 0 is never"),
    KEY("task", "tags", KEY_LINES, field_words, struct task, tags, 0, 0, NULL,
	"words for --tags and --exclude-tags"),
    KEY("task", "repeat", 0, field_count, struct task, repeat, 1, MAX_COUNT,
	"1", "how often its steps run"),
    KEY("task", "background", 0, field_bool, struct task, background, 0, 0,
	"no", "yes runs it beside the user, who waits at once"),
    KEY("task", "transaction", 0, field_text, struct task, transaction, 0, 0,
	NULL, "a row with the time of all its steps together"),
    WORD("step", "get", KEY_REPEATS | KEY_TEMPLATE,
	"a GET request to this path or URL"),
    WORD("step", "post", KEY_REPEATS | KEY_TEMPLATE,
	"a POST request to this path or URL"),
    WORD("step", "put", KEY_REPEATS | KEY_TEMPLATE,
	"a PUT request to this path or URL"),
    WORD("step", "patch", KEY_REPEATS | KEY_TEMPLATE,
	"a PATCH request to this path or URL"),
    WORD("step", "delete", KEY_REPEATS | KEY_TEMPLATE,
	"a DELETE request to this path or URL"),
    WORD("step", "head", KEY_REPEATS | KEY_TEMPLATE,
	"a HEAD request to this path or URL"),
    WORD("step", "options", KEY_REPEATS | KEY_TEMPLATE,
	"an OPTIONS request to this path or URL"),
    WORD("step", "request", KEY_REPEATS | KEY_TEMPLATE,
	"METHOD URL: a request with any method"),
    WORD("step", "poll", KEY_REPEATS | KEY_TEMPLATE,
	"asks this path or URL until a condition holds"),
    WORD("step", "call", KEY_REPEATS, "the steps of another task"),
    WORD("step", "sleep", KEY_REPEATS,
	"a pause inside the task: 1s or 900ms..1100ms"),
    WORD("step", "set.NAME", KEY_REPEATS | KEY_TEMPLATE | KEY_LINES | KEY_EMPTY,
	"a variable of this user"),
    WORD("step", "emit", KEY_REPEATS | KEY_TEMPLATE,
	"EVENT KEY=VALUE ...: fires an event for hooks"),
    WORD("step", "stop", KEY_REPEATS,
	"user or test: this user, or the run, is done"),
    WORD("any", "when", KEY_TEMPLATE,
	"TEMPLATE OPERATOR VALUE: the step runs only where that holds"),
    WORD("request", "name", KEY_TEMPLATE,
	"its row in the reports; the URL as written by default"),
    KEY("request", "query", KEY_REPEATS | KEY_TEMPLATE, field_entries,
	struct step_draft, request.query, 0, 0, NULL,
	"KEY=VALUE, encoded and added to the URL"),
    KEY("request", "form", KEY_REPEATS | KEY_TEMPLATE | KEY_LINES,
	field_entries, struct step_draft, request.form, 0, 0, NULL,
	"KEY=VALUE, encoded and sent as a form"),
    WORD("request", "body", KEY_TEMPLATE | KEY_LINES | KEY_EMPTY,
	"what is sent, without a content type of its own"),
    WORD("request", "body_file", 0, "a file that is sent as it is"),
    WORD("request", "json", KEY_TEMPLATE | KEY_LINES,
	"what is sent, as application/json"),
    KEY("request", "multipart", KEY_REPEATS | KEY_TEMPLATE | KEY_LINES,
	field_entries, struct step_draft, request.multipart, 0, 0, NULL,
	"NAME=VALUE or NAME=@FILE, a part of a multipart form"),
    KEY("request", "check", KEY_REPEATS | KEY_TEMPLATE, field_entries,
	struct step_draft, request.checks, 0, 0, NULL,
	"a condition the answer must meet: status == 201"),
    KEY("request", "fail_if", KEY_REPEATS | KEY_TEMPLATE, field_entries,
	struct step_draft, request.checks, 0, 0, NULL,
	"a condition the answer must not meet"),
    KEY("request", "capture.NAME", KEY_REPEATS | KEY_TEMPLATE, field_entries,
	struct step_draft, request.captures, 0, 0, NULL,
	"a value out of the answer, for ${NAME}"),
    KEY("request", "on_fail", 0, field_on_fail, struct step_draft, step.on_fail,
	0, 0, "end_task", "continue, end_task, stop_user or stop_test"),
    KEY("poll", "every", KEY_SHORT, field_duration, struct step_draft,
	step.poll.every_us, US_PER_MS, DAY_US, "1s", "from asking to asking"),
    KEY("poll", "until", KEY_REPEATS | KEY_TEMPLATE, field_entries,
	struct step_draft, request.decisions, 0, 0, NULL,
	"a condition that ends it well"),
    KEY("poll", "fail_if", KEY_REPEATS | KEY_TEMPLATE, field_entries,
	struct step_draft, request.decisions, 0, 0, NULL,
	"a condition that ends it as a failure"),
    KEY("poll", "timeout", KEY_SHORT, field_duration, struct step_draft,
	step.poll.timeout_us, US_PER_MS, YEAR_US, "60s",
	"how long it may take in all"),
    KEY("poll", "background", 0, field_bool, struct step_draft, step.background,
	0, 0, "no", "yes goes on with the task meanwhile"),
    WORD("poll", "name", KEY_TEMPLATE, "the row of the whole"),
    KEY("poll", "query", KEY_REPEATS | KEY_TEMPLATE, field_entries,
	struct step_draft, request.query, 0, 0, NULL,
	"KEY=VALUE, encoded and added to the URL"),
    KEY("poll", "check", KEY_REPEATS | KEY_TEMPLATE, field_entries,
	struct step_draft, request.checks, 0, 0, NULL,
	"a condition that each of its answers must meet"),
    KEY("poll", "capture.NAME", KEY_REPEATS | KEY_TEMPLATE, field_entries,
	struct step_draft, request.captures, 0, 0, NULL,
	"a value out of the answer that ends it well"),
    KEY("poll", "on_fail", 0, field_on_fail, struct step_draft, step.on_fail, 0,
	0, "end_task", "continue, end_task, stop_user or stop_test"),
    KEY("call", "background", 0, field_bool, struct step_draft, step.background,
	0, 0, "no", "yes goes on with the task meanwhile"),
    WORD("vars", "NAME", KEY_REPEATS | KEY_EMPTY,
	"a variable for everyone, known before the run"),
    KEY("data", "file", 0, field_file, struct data_file, path, 0, 0, NULL,
	"a CSV file; its first row has the names"),
    KEY("data", "order", 0, field_data_order, struct data_file, order, 0, 0,
	"sequential", "sequential, random or unique"),
    KEY("data", "per", 0, field_data_per, struct data_file, per, 0, 0, "task",
	"task or user: who gets a new row"),
    KEY("hook", "on", 0, field_text, struct hook, on, 0, 0, NULL,
	"the event that starts it"),
    KEY("hook", "where", 0, field_hook_where, struct hook, place, 0, 0,
	"parent", "parent, worker or host: who runs it"),
    KEY("hook", "run", KEY_TEMPLATE | KEY_LINES, field_text, struct hook, run,
	0, 0, NULL, "a shell command"),
    KEY("hook", "stream", 0, field_bool, struct hook, stream, 0, 0, "no",
	"yes starts it once and sends each event as a line of JSON"),
    KEY("hook", "timeout", KEY_SHORT, field_duration, struct hook, timeout_us,
	US_PER_MS, DAY_US, "30s", "how long it may run"),
    KEY("report", "csv", 0, field_text, struct report_options, csv, 0, 0, NULL,
	"where the CSV files go, without _stats.csv; none writes none"),
    KEY("report", "csv_full_history", 0, field_bool, struct report_options,
	csv_full_history, 0, 0, "no",
	"history rows for every name, not for the total alone"),
};

_Static_assert(ARRAY_LEN(keys) <= KEYS_MAX, "scope.seen is too short");

static const struct section_kind kinds[] = {
    {"load", false, {"load"}},
    {"http", false, {"http"}},
    {"user", true, {"user"}},
    {"task", true, {"task", "step", "request", "poll", "call", "any", "http"}},
    {"vars", false, {"vars"}},
    {"data", true, {"data"}},
    {"hook", true, {"hook"}},
    {"report", false, {"report"}},
};

const struct key_info *plan_key_info(size_t i)
{
	return i < ARRAY_LEN(keys) ? &keys[i].info : NULL;
}

#define ANY_NAME "NAME"

/* Whether a key that is written so is one of this row's. */
static bool row_has(const struct key *row, const char *name)
{
	const char *word = row->info.name;
	size_t len = strlen(word) - strlen(ANY_NAME);

	if (strcmp(word, name) == 0)
		return true;
	if (strlen(word) < strlen(ANY_NAME) ||
	    strcmp(word + len, ANY_NAME) != 0)
		return false;
	return strncmp(word, name, len) == 0 && name[len] != '\0';
}

const struct key *keys_find(const char *section, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (strcmp(keys[i].info.section, section) == 0 &&
		    row_has(&keys[i], name))
			return &keys[i];
	return NULL;
}

const char *keys_behind(const char *key, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(key, prefix, len) != 0 || key[len] != '.')
		return NULL;
	return key + len + 1;
}

/* --- sections ----------------------------------------------------------- */

const struct section_kind *keys_section(const char *section, const char **name)
{
	size_t len = strcspn(section, " \t");

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strlen(kinds[i].word) != len ||
		    strncmp(kinds[i].word, section, len) != 0)
			continue;
		if (name != NULL)
			*name = section + len + strspn(section + len, " \t");
		return &kinds[i];
	}
	return NULL;
}

bool keys_is_section(const char *section)
{
	return keys_section(section, NULL) != NULL;
}

/* A section that takes any key has none of its own. */
static bool takes_any(const struct section_kind *kind)
{
	return keys_find(kind->key_sections[0], ANY_NAME) != NULL;
}

static const struct key *find_in_kind(
    const struct section_kind *kind, const char *name)
{
	const struct key *key = NULL;

	for (size_t i = 0; key == NULL && kind->key_sections[i] != NULL; i++)
		key = keys_find(kind->key_sections[i], name);
	return key;
}

bool keys_is_key(const char *section, const char *key)
{
	const struct section_kind *kind = keys_section(section, NULL);

	return kind != NULL && find_in_kind(kind, key) != NULL;
}

bool keys_is_any_key(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (strcmp(keys[i].info.name, key) == 0)
			return true;
	return false;
}

enum ini_lines keys_lines_of(const char *section, const char *key)
{
	const struct section_kind *kind = keys_section(section, NULL);
	const struct key *row = kind != NULL ? find_in_kind(kind, key) : NULL;

	if (row == NULL)
		return INI_LINES_UNKNOWN;
	return (row->flags & KEY_LINES) != 0 ? INI_LINES_MANY : INI_LINES_ONE;
}

char *keys_sections(void)
{
	struct buf all;
	char *text;

	buf_init(&all, 1024);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		buf_printf(&all, "%s[%s%s]",
		    i == 0                      ? ""
		    : i + 1 == ARRAY_LEN(kinds) ? " or "
						: ", ",
		    kinds[i].word, kinds[i].has_name ? " NAME" : "");
	text = xstrdup(buf_text(&all));
	buf_clear(&all);
	return text;
}

void keys_report_section(struct diag *d, const char *name, struct where where)
{
	const char *words[ARRAY_LEN(kinds)];
	size_t len = strcspn(name, " \t");
	char *word = xstrndup(name, len), *all = keys_sections();
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		words[i] = kinds[i].word;
	near = nearest_word(word, words, ARRAY_LEN(words));
	if (near != NULL)
		diag_error(d, where,
		    "unknown section [%s]: did you mean [%s%s]?",
		    quote(name).text, near, quote(name + len).text);
	else
		diag_error(d, where, "unknown section [%s]: write %s",
		    quote(name).text, all);
	free(all);
	free(word);
}

/* --- scopes ------------------------------------------------------------- */

void scope_init(struct scope *scope)
{
	memset(scope, 0, sizeof(*scope));
}

void scope_add(struct scope *scope, const char *section, void *base)
{
	assert(scope->n < SCOPE_SECTIONS);
	scope->sections[scope->n] = section;
	scope->bases[scope->n++] = base;
}

const struct ini_entry *scope_find(const struct scope *scope, const char *key)
{
	const struct key *row;

	for (size_t i = 0; i < scope->n; i++) {
		row = keys_find(scope->sections[i], key);
		if (row != NULL)
			return scope->seen[row - keys];
	}
	return NULL;
}

/* What no value of this key may be; false: it was reported. */
static bool value_is_fine(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry)
{
	if (entry->value[0] == '\0' && (key->flags & KEY_EMPTY) == 0) {
		diag_error(env->diag, entry->where, "%s: it has no value: %s",
		    entry->key,
		    entry->where.line > 0
			? "write one behind the \"=\", or remove the line"
			: "give it one, or leave it out");
		return false;
	}
	if (strchr(entry->value, '\n') != NULL &&
	    (key->flags & KEY_LINES) == 0) {
		field_error(env, entry, "%s",
		    entry->where.line > 0
			? "it goes on in the next line, as that one is "
			  "indented, and has to be a single line: remove the "
			  "blanks there, or join the lines"
			: "it has to be a single line: join the lines");
		return false;
	}
	return true;
}

/* Parses an entry into the field of its key, its variables filled in first
 * where they cannot wait. */
static void key_apply(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *base)
{
	struct ini_entry expanded = *entry;

	if (!value_is_fine(env, key, entry) || key->parse == NULL)
		return;
	if ((key->flags & KEY_TEMPLATE) == 0) {
		expanded.value = field_expand(env, entry);
		if (expanded.value == NULL)
			return;
		key->parse(env, key, &expanded, (char *)base + key->offset);
		free(expanded.value);
	} else {
		key->parse(env, key, entry, (char *)base + key->offset);
	}
}

bool scope_apply(struct scope *scope, const struct key_env *env,
    const struct ini_entry *entry)
{
	const struct key *key = NULL;
	const struct ini_entry **seen;
	size_t i;

	for (i = 0; i < scope->n; i++) {
		key = keys_find(scope->sections[i], entry->key);
		if (key != NULL)
			break;
	}
	if (key == NULL)
		return false;
	seen = &scope->seen[key - keys];
	if (*seen != NULL && (key->flags & KEY_REPEATS) == 0) {
		diag_error(env->diag, entry->where,
		    "%s: it is set in line %u already: remove one of them",
		    entry->key, (*seen)->where.line);
		return true;
	}
	*seen = entry;
	key_apply(env, key, entry, scope->bases[i]);
	return true;
}

void keys_defaults(const struct key_env *env, const char *section, void *base)
{
	struct ini_entry entry = {0};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const struct key *key = &keys[i];

		if (strcmp(key->info.section, section) != 0 ||
		    key->info.fallback == NULL)
			continue;
		entry.key = xstrdup(key->info.name);
		entry.value = xstrdup(key->info.fallback);
		entry.where = (struct where) {"default", 0};
		key_apply(env, key, &entry, base);
		free(entry.key);
		free(entry.value);
	}
}

/* --- unknown keys ------------------------------------------------------- */

/* Where else it belongs: "[load] or [user NAME]"; "" for nowhere. Owned by
 * the caller. */
static char *homes_of(const char *name)
{
	char *text = xstrdup("");
	char *longer;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (takes_any(&kinds[i]) ||
		    find_in_kind(&kinds[i], name) == NULL)
			continue;
		longer =
		    xasprintf("%s%s[%s%s]", text, text[0] != '\0' ? " or " : "",
			kinds[i].word, kinds[i].has_name ? " NAME" : "");
		free(text);
		text = longer;
	}
	return text;
}

#define NO_THRESHOLDS                                                         \
	"there are none yet: write check = time < 300ms below a request, or " \
	"a [hook NAME] with on = interval"

/* What other tools call it, and what is written here. */
static const struct synonym {
	const char *word;
	const char *mend;
} synonyms[] = {
    {"wait_time", "write wait = 1s in [load] or [user NAME]"},
    {"min_wait", "write wait = 1s..2s in [load] or [user NAME]"},
    {"max_wait", "write wait = 1s..2s in [load] or [user NAME]"},
    {"think_time", "write wait = 1s in [load], or sleep = 1s in [task NAME]"},
    {"pause", "write wait = 1s in [load], or sleep = 1s in [task NAME]"},
    {"method", "write get = URL, post = URL or request = METHOD URL"},
    {"url", "write get = URL, post = URL or request = METHOD URL"},
    {"path", "write get = URL, post = URL or request = METHOD URL"},
    {"data", "write form = KEY=VALUE or body = TEXT"},
    {"payload", "write form = KEY=VALUE or body = TEXT"},
    {"files", "write multipart = NAME=@FILE"},
    {"params", "write query = KEY=VALUE"},
    {"verify", "write insecure = yes to take any certificate"},
    {"vus", "write users = 10 in [load]"},
    {"concurrency", "write users = 10 in [load]"},
    {"connections", "write users = 10 in [load]"},
    {"hatch_rate", "write spawn_rate = 10 in [load]"},
    {"duration", "write run_time = 1m in [load]"},
    {"base_url", "write host = http://HOST:PORT in [load]"},
    {"expect", "write check = status == 200"},
    {"assert", "write check = status == 200"},
    {"capture", "write capture.NAME = json /id"},
    {"extract", "write capture.NAME = json /id"},
    {"set", "write set.NAME = VALUE"},
    {"assert_status", "write check = status == 200"},
    {"validate", "write check = json /status == ACTIVE"},
    {"if", "write when = ${NAME} == VALUE below the step"},
    {"condition", "write when = ${NAME} == VALUE below the step"},
    {"loop", "write repeat = N above the steps, or poll = URL"},
    {"while", "write poll = URL with until below it, or repeat = N"},
    {"interval",
	"write every = 1s below a poll, or report_interval = 3s in [load]"},
    {"retries", "write poll = URL with until = status == 200 below it"},
    {"retry", "write poll = URL with until = status == 200 below it"},
    {"allow_redirects", "write redirects = 0 to follow none"},
    {"follow_redirects", "write redirects = 0 to follow none"},
    {"thresholds", NO_THRESHOLDS},
    {"threshold", NO_THRESHOLDS},
    {"p95", NO_THRESHOLDS},
    {"p99", NO_THRESHOLDS},
    {"group", "write transaction = NAME in [task NAME]"},
};

static const char *find_synonym(const char *name)
{
	/* capture.id = ... */
	size_t len = strcspn(name, ".");

	for (size_t i = 0; i < ARRAY_LEN(synonyms); i++)
		if (strlen(synonyms[i].word) == len &&
		    strncmp(synonyms[i].word, name, len) == 0)
			return synonyms[i].mend;
	return NULL;
}

/* A key whose dot is a blank, or that has one too many: `capture id`,
 * `header.Accept`. Owned by the caller; NULL: it is none. */
static char *dotted_key(
    const struct section_kind *kind, const struct ini_entry *entry)
{
	const char *header = keys_behind(entry->key, "header");
	size_t len = strcspn(entry->key, " \t");
	const char *rest = entry->key + len + strspn(entry->key + len, " \t");
	char *key, *hint = NULL;

	if (header != NULL && find_in_kind(kind, "header") != NULL)
		return xasprintf("write header = %s: %s", quote(header).text,
		    entry->value != NULL ? quote(entry->value).text : "VALUE");
	if (*rest == '\0')
		return NULL;
	key = xasprintf("%.*s.%s", (int)len, entry->key, rest);
	if (find_in_kind(kind, key) != NULL)
		hint = xasprintf("did you mean \"%s\"?", quote(key).text);
	free(key);
	return hint;
}

/* "its keys are A, B, and those of [http]"; owned by the caller. */
static char *list_keys(const struct section_kind *kind)
{
	const char *other = "";
	struct buf all;
	char *text;

	buf_init(&all, 4096);
	for (size_t i = 0; kind->key_sections[i] != NULL; i++) {
		const char *section = kind->key_sections[i];

		if (strcmp(section, kind->word) != 0 &&
		    keys_is_section(section)) {
			other = section;
			continue;
		}
		for (size_t k = 0; k < ARRAY_LEN(keys); k++)
			if (strcmp(keys[k].info.section, section) == 0 &&
			    find_in_kind(kind, keys[k].info.name) == &keys[k])
				buf_printf(&all, "%s%s",
				    buf_len(&all) > 0 ? ", " : "",
				    keys[k].info.name);
	}
	text = xasprintf("its keys are %s%s%s%s", buf_text(&all),
	    other[0] != '\0' ? ", and those of [" : "", other,
	    other[0] != '\0' ? "]" : "");
	buf_clear(&all);
	return text;
}

/* The key that may be meant; owned by the caller. */
static char *near_key(const struct section_kind *kind, const char *name)
{
	const char *names[KEYS_MAX];
	const char *near;
	size_t n = 0;

	for (size_t i = 0; kind->key_sections[i] != NULL; i++)
		for (size_t k = 0; k < ARRAY_LEN(keys); k++)
			if (strcmp(keys[k].info.section,
				kind->key_sections[i]) == 0)
				names[n++] = keys[k].info.name;
	near = nearest_word(name, names, n);
	if (near == NULL)
		return list_keys(kind);
	return xasprintf("did you mean \"%s\"?", near);
}

void keys_report_unknown(
    struct diag *d, const char *word, const struct ini_entry *entry)
{
	const struct section_kind *kind = keys_section(word, NULL);
	const char *synonym = find_synonym(entry->key);
	char *homes = homes_of(entry->key);
	char *hint;

	assert(kind != NULL);
	hint = dotted_key(kind, entry);
	if (hint == NULL && homes[0] != '\0')
		hint = xasprintf("it belongs in %s", homes);
	else if (hint == NULL && synonym != NULL)
		hint = xstrdup(synonym);
	else if (hint == NULL)
		hint = near_key(kind, entry->key);
	diag_error(d, entry->where, "unknown key \"%s\" in [%s]: %s",
	    quote(entry->key).text, kind->word, hint);
	free(hint);
	free(homes);
}
