/*
 * The value parsers of the key table. They must not know keys by name, nor
 * what else the plan says.
 */
#include "plan/fields.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "plan/meant.h"
#include "plan/values.h"

#define RATE_MIN_PER_S 1e-6
/* From so many seconds without a unit on, they are meant as milliseconds. */
#define BARE_WAIT_S  60
#define BARE_SHORT_S 601

void field_error(const struct key_env *env, const struct ini_entry *entry,
    const char *format, ...)
{
	char *meant = meant_value(entry->value), *message;
	va_list args;

	va_start(args, format);
	message = xvasprintf(format, args);
	va_end(args);
	diag_error(env->diag, entry->where, "%s \"%s\": %s", entry->key,
	    quote(entry->value).text, meant != NULL ? meant : message);
	free(message);
	free(meant);
}

void field_warn_comment(
    const struct key_env *env, const struct ini_entry *entry)
{
	const char *comment = meant_comment(entry->value);

	if (comment != NULL)
		diag_warning(env->diag, entry->where,
		    "%s: \"%s\" is part of the value: a comment behind a "
		    "value begins with \" ;\", not with \"#\"",
		    entry->key, quote(comment).text);
}

void field_warn_braces(const struct key_env *env, const struct ini_entry *entry,
    const char *text, bool is_url)
{
	char *meant = meant_variable(text, env->variables, is_url);
	struct variable *variable;

	if (meant != NULL) {
		diag_warning(env->diag, entry->where,
		    "%s \"%s\": it is sent as it stands: variables are "
		    "written %s",
		    entry->key, quote(text).text, meant);
		variable = variables_find(
		    env->variables, meant + 2, strlen(meant) - 3);
		if (variable != NULL && variable->meant_where.file == NULL)
			variable->meant_where = entry->where;
	}
	free(meant);
}

/* A template that varies where nothing may. */
static void report_varying(const struct key_env *env,
    const struct ini_entry *entry, const struct template *t)
{
	const char *name = template_variable(t);
	const struct variable *v =
	    name != NULL ? variables_find(env->variables, name, strlen(name))
			 : NULL;

	/* one of [vars] */
	if (v != NULL && v->kind == VARIABLE_SLOT && v->text != NULL)
		field_error(env, entry,
		    "this is read before the run, and line %u sets %s too, "
		    "which makes it vary: give one of them another name",
		    v->set_where.line, name);
	else
		field_error(env, entry,
		    "this is read before the run, when only ${env NAME} and "
		    "[vars] are known: write it without other variables");
}

char *field_expand(const struct key_env *env, const struct ini_entry *entry)
{
	struct template *t;
	char *text = NULL;

	if (strstr(entry->value, "${") == NULL)
		return xstrdup(entry->value);
	t = template_compile(entry->value, ENCODE_NONE, env->variables,
	    env->diag, entry->where, entry->key);
	if (t == NULL)
		return NULL;
	if (template_is_static(t))
		text = xstrdup(template_text(t, NULL));
	else
		report_varying(env, entry, t);
	template_free(t);
	return text;
}

void field_set_text(void *field, char *text)
{
	char **owned = field;

	free(*owned);
	*owned = text;
}

/* --- numbers and words -------------------------------------------------- */

static void report_no_duration(
    const struct key_env *env, const struct ini_entry *entry)
{
	char *meant = meant_duration(entry->value);

	if (meant != NULL)
		field_error(
		    env, entry, "not a duration: did you mean \"%s\"?", meant);
	else
		field_error(
		    env, entry, "not a duration: write 500ms, 5s or 2m");
	free(meant);
}

void field_warn_seconds(const struct key_env *env,
    const struct ini_entry *entry, const char *value, uint64_t least_s,
    uint64_t most_us)
{
	bool is_too_long;
	char time[32];
	uint64_t s;

	if (!parse_count(value, &s) || s < least_s ||
	    s > UINT64_MAX / US_PER_S || s > most_us / US_PER_MS)
		return;
	is_too_long = s > most_us / US_PER_S;
	format_duration(time, sizeof(time), s * US_PER_S);
	diag_warning(env->diag, entry->where,
	    "%s: %s is %" PRIu64 " seconds: write %" PRIu64 "ms%s%s",
	    entry->key, quote(value).text, s, s, is_too_long ? "" : ", or ",
	    is_too_long ? "" : time);
}

void field_duration(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	uint64_t *out_us = field, us;
	char limit[32];

	if (!parse_duration_us(entry->value, &us))
		report_no_duration(env, entry);
	else if (us < key->min)
		field_error(env, entry, "too short: write at least %s",
		    format_duration(limit, sizeof(limit), key->min));
	else if (us > key->max)
		field_error(env, entry, "too long: write at most %s",
		    format_duration(limit, sizeof(limit), key->max));
	else
		*out_us = us;
	field_warn_seconds(env, entry, entry->value,
	    (key->flags & KEY_SHORT) != 0 ? BARE_SHORT_S : BARE_LONG_S,
	    key->max);
}

static bool parse_bool(const char *text, bool *out)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
	    {"yes", true},
	    {"no", false},
	    {"true", true},
	    {"false", false},
	    {"on", true},
	    {"off", false},
	    {"1", true},
	    {"0", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcasecmp(text, words[i].word) == 0) {
			*out = words[i].value;
			return true;
		}
	}
	return false;
}

static bool is_no(const char *text)
{
	bool yes = true;

	return parse_bool(text, &yes) && !yes;
}

void field_count(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	uint64_t *out = field, n;

	if (!parse_count(entry->value, &n) && key->min == 0 &&
	    is_no(entry->value))
		field_error(env, entry, "not a whole number: write 0");
	else if (!parse_count(entry->value, &n))
		field_error(env, entry,
		    "not a whole number: write one from %" PRIu64
		    " to %" PRIu64,
		    key->min, key->max);
	else if (n < key->min)
		field_error(
		    env, entry, "too small: write at least %" PRIu64, key->min);
	else if (n > key->max)
		field_error(
		    env, entry, "too large: write at most %" PRIu64, key->max);
	else
		*out = n;
}

void field_size(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	uint64_t *out_bytes = field, bytes;

	if (!parse_size_bytes(entry->value, &bytes))
		field_error(env, entry, "not a size: write 64k, 1M or 4096");
	else if (bytes > key->max)
		field_error(env, entry, "too large: write at most %" PRIu64 "M",
		    key->max >> 20);
	else
		*out_bytes = bytes;
}

/* or_what is what else may be written. */
static void take_rate(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, const char *or_what, double *out_per_s)
{
	double per_s;
	char *meant;

	if (!parse_rate(entry->value, &per_s)) {
		meant = meant_rate(entry->value);
		field_error(env, entry, "not a rate: %s%s%s",
		    meant != NULL ? "did you mean \""
				  : "write 10, 0.5, 100/s or 30/m",
		    meant != NULL ? meant : or_what,
		    meant != NULL ? "\"?" : "");
		free(meant);
		return;
	}
	if (per_s < RATE_MIN_PER_S)
		field_error(env, entry,
		    "too low: it must be above zero: write 10, 0.5 or 30/m%s",
		    or_what);
	else if (per_s > (double)key->max)
		field_error(env, entry, "too high: write at most %" PRIu64 "/s",
		    key->max);
	else
		*out_per_s = per_s;
}

void field_rate(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	take_rate(env, key, entry, "", field);
}

void field_spawn_rate(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	double *out_per_s = field;

	if (strcmp(entry->value, "all") == 0)
		*out_per_s = INFINITY;
	else
		take_rate(
		    env, key, entry, ", or all for all at once", out_per_s);
}

void field_bool(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	bool *out = field;

	(void)key;
	if (!parse_bool(entry->value, out))
		field_error(env, entry, "neither yes nor no: write yes or no");
}

/* The number of the word, or -1 after an error. */
static int pick_word(const struct key_env *env, const struct ini_entry *entry,
    const char *const *words, size_t n, const char *mend)
{
	char *hint;

	for (size_t i = 0; i < n; i++)
		if (strcmp(entry->value, words[i]) == 0)
			return (int)i;
	hint = did_you_mean(entry->value, words, n, mend);
	field_error(env, entry, "unknown: %s", hint);
	free(hint);
	return -1;
}

/* A field that holds the number of one of some words. */
#define WORD_FIELD(function, type, mend, ...)                                 \
	void function(const struct key_env *env, const struct key *key,       \
	    const struct ini_entry *entry, void *field)                       \
	{                                                                     \
		static const char *const words[] = {__VA_ARGS__};             \
		enum type *out = field;                                       \
		int i = pick_word(env, entry, words, ARRAY_LEN(words), mend); \
                                                                              \
		(void)key;                                                    \
		if (i >= 0)                                                   \
			*out = (enum type)i;                                  \
	}

WORD_FIELD(field_version, http_version,
    "write 1.1, 2, 2-prior-knowledge or 3", [HTTP_1_1] = "1.1", [HTTP_2] = "2",
    [HTTP_2_PRIOR_KNOWLEDGE] = "2-prior-knowledge", [HTTP_3] = "3")
WORD_FIELD(field_late, late_task,
    "write queue or drop", [LATE_QUEUE] = "queue", [LATE_DROP] = "drop")
WORD_FIELD(field_spacing, spacing, "write even or poisson",
    [SPACING_EVEN] = "even", [SPACING_POISSON] = "poisson")
WORD_FIELD(field_order, order, "write random or sequence",
    [ORDER_RANDOM] = "random", [ORDER_SEQUENCE] = "sequence")
WORD_FIELD(field_on_fail, on_fail,
    "write continue, end_task, stop_user or stop_test",
    [ON_FAIL_END_TASK] = "end_task", [ON_FAIL_CONTINUE] = "continue",
    [ON_FAIL_STOP_USER] = "stop_user", [ON_FAIL_STOP_TEST] = "stop_test")
WORD_FIELD(field_data_order, data_order,
    "write sequential, random or unique", [DATA_SEQUENTIAL] = "sequential",
    [DATA_RANDOM] = "random", [DATA_UNIQUE] = "unique")
WORD_FIELD(field_data_per, data_per,
    "write task or user", [DATA_PER_TASK] = "task", [DATA_PER_USER] = "user")
WORD_FIELD(field_hook_where, hook_where, "write parent, worker or host",
    [HOOK_PARENT] = "parent", [HOOK_WORKER] = "worker", [HOOK_HOST] = "host")

/* The last time in the text of a wait: behind the dots of a range, or behind
 * exp and pace. */
static const char *last_time(const char *text)
{
	const char *dots = strstr(text, "..");

	if (dots != NULL)
		return dots + 2 + strspn(dots + 2, " \t");
	if (strncmp(text, "rate", strlen("rate")) == 0)
		return text;
	return text + strcspn(text, "0123456789");
}

static void parse_wait(const struct key_env *env, const struct ini_entry *entry,
    bool all_forms, struct wait *out)
{
	const char *defect = wait_parse(entry->value, all_forms, out);
	char *meant;

	if (defect == NULL) {
		field_warn_seconds(env, entry, last_time(entry->value),
		    BARE_WAIT_S, UINT64_MAX);
		return;
	}
	meant = meant_wait(entry->value);
	field_error(env, entry, "%s", meant != NULL ? meant : defect);
	free(meant);
}

void field_wait(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	(void)key;
	parse_wait(env, entry, true, field);
}

void field_range(
    const struct key_env *env, const struct ini_entry *entry, struct wait *out)
{
	parse_wait(env, entry, false, out);
}

/* --- texts and lists ---------------------------------------------------- */

void field_text(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	(void)key;
	field_warn_comment(env, entry);
	field_set_text(field, xstrdup(entry->value));
}

void field_words(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	const char *defect;
	char *meant = meant_value(entry->value);

	(void)key;
	words_clear(field);
	defect = words_split(field, entry->value);
	if (defect != NULL || meant != NULL)
		field_error(env, entry, "%s", defect != NULL ? defect : meant);
	free(meant);
}

void field_addresses(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	struct words *list = field;
	const char *defect;

	(void)key;
	words_clear(list);
	defect = words_split(list, entry->value);
	for (size_t i = 0; defect == NULL && i < list->n; i++)
		defect = address_defect(list->at[i]);
	if (defect != NULL)
		field_error(env, entry, "%s", defect);
}

void field_resolve(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	const char *defect = resolve_defect(entry->value);

	(void)key;
	if (defect != NULL)
		field_error(env, entry, "%s", defect);
	else
		words_add(field, entry->value, strlen(entry->value));
}

void field_entries(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	struct entries *list = field;

	(void)env;
	(void)key;
	list->at = grow(list->at, list->n, &list->cap, sizeof(*list->at));
	list->at[list->n++] = entry;
}

static void add_header(const struct key_env *env, struct headers *list,
    const char *name, size_t len, const struct ini_entry *entry,
    const char *value)
{
	struct template *t = template_compile(value, ENCODE_NONE,
	    env->variables, env->diag, entry->where, entry->key);
	struct header *h;

	if (t == NULL)
		return;
	for (size_t i = 0; i < list->n; i++) {
		h = &list->at[i];
		if (strlen(h->name) != len ||
		    strncasecmp(h->name, name, len) != 0)
			continue;
		diag_warning(env->diag, entry->where,
		    "header \"%s\": it is set above as well, and only this "
		    "one is sent: remove one of them",
		    quote(h->name).text);
		template_free(h->value);
		h->value = t;
		return;
	}
	list->at = grow(list->at, list->n, &list->cap, sizeof(*list->at));
	h = &list->at[list->n++];
	h->name = xstrndup(name, len);
	h->value = t;
}

void field_header(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	const char *colon = strchr(entry->value, ':');
	const char *value;
	size_t len;

	(void)key;
	if (colon == NULL) {
		field_error(env, entry,
		    "no colon: write NAME: VALUE, or NAME: to send none");
		return;
	}
	len = (size_t)(colon - entry->value);
	value = colon + 1 + strspn(colon + 1, " \t");
	if (!is_token(entry->value, len))
		field_error(env, entry,
		    "a header's name has letters, digits and dashes and no "
		    "blanks: write NAME: VALUE");
	else if (has_control_bytes(value))
		field_error(env, entry,
		    "a header has no control characters: remove them");
	else
		add_header(env, field, entry->value, len, entry, value);
	if (value[0] != '\0')
		field_warn_comment(env, entry);
	field_warn_braces(env, entry, value, false);
}

/* --- hosts and secrets -------------------------------------------------- */

static const char *host_defect(const char *host, size_t *len)
{
	size_t scheme = scheme_len(host);
	size_t end = strlen(host);

	for (const char *p = host; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return "a host has no blanks in it: write "
			       "http://HOST:PORT";
	if (strpbrk(host, "?#") != NULL)
		return "a host has no query and no fragment: write "
		       "http://HOST:PORT";
	while (end > scheme && host[end - 1] == '/')
		end--;
	*len = end;
	return authority_defect(host + scheme, strcspn(host + scheme, "/"));
}

static void report_no_scheme(
    const struct key_env *env, const struct ini_entry *entry)
{
	char *meant = meant_url(entry->value);

	if (meant == NULL && strstr(entry->value, "://") != NULL)
		field_error(env, entry,
		    "only http and https are spoken: write http://HOST:PORT");
	else
		field_error(env, entry,
		    "http:// or https:// is missing: write %s%s",
		    meant == NULL ? "http://" : "",
		    quote(meant != NULL ? meant : entry->value).text);
	free(meant);
}

void field_host(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	const char *host = entry->value;
	const char *defect;
	size_t len;

	(void)key;
	if (scheme_len(host) == 0) {
		report_no_scheme(env, entry);
		return;
	}
	defect = host_defect(host, &len);
	if (defect != NULL)
		field_error(env, entry, "%s", defect);
	else
		field_set_text(field, xstrndup(host, len));
}

/* Its value is never shown: errors go into logs. */
void field_auth(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	(void)key;
	if (strncasecmp(entry->value, "Bearer ", strlen("Bearer ")) == 0)
		diag_error(env->diag, entry->where,
		    "%s: a token is no user and password: write header = "
		    "Authorization: Bearer TOKEN",
		    entry->key);
	else if (strchr(entry->value, ':') == NULL ||
		 has_control_bytes(entry->value))
		diag_error(env->diag, entry->where,
		    "%s: not a user and a password: write USER:PASSWORD",
		    entry->key);
	else
		field_set_text(field, xstrdup(entry->value));
}

void field_proxy(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	const char *defect = proxy_defect(entry->value);

	(void)key;
	if (defect != NULL)
		field_error(env, entry, "%s", defect);
	else
		field_set_text(field, xstrdup(entry->value));
}

/* --- other hosts -------------------------------------------------------- */

/* It is taken apart at its blanks, here and nowhere else. */
void field_command(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	(void)key;
	field_warn_comment(env, entry);
	if (strpbrk(entry->value, "\"'") != NULL)
		diag_error(env->diag, entry->where,
		    "%s \"%s\": its words are what stands between blanks, and "
		    "quotes mean nothing: put the command into a script, and "
		    "name that",
		    entry->key, quote(entry->value).text);
	else
		field_set_text(field, xstrdup(entry->value));
}

void field_hosts(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	struct remote_options *remote = field;
	struct words defects = {0};

	(void)key;
	remote_hosts_free(remote->hosts, remote->n_hosts);
	remote_hosts_parse(
	    entry->value, &remote->hosts, &remote->n_hosts, &defects);
	for (size_t i = 0; i < defects.n; i++)
		diag_error(env->diag, entry->where, "%s \"%s\": %s", entry->key,
		    quote(entry->value).text, defects.at[i]);
	words_clear(&defects);
}
