/*
 * What options are called elsewhere, and what is written here. It must not
 * know what loadgen's own options do.
 */
#include "options_foreign.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/meant.h"
#include "plan/variables.h"
#include "plan/values.h"

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* --- values ------------------------------------------------------------- */

/* The value as it is written here, owned by the caller; NULL: it is none that
 * such an option has. */
typedef char *carry_option(const char *value);

char *options_shell_word(const char *text)
{
	if (text[0] == '\0' || strlen(quote(text).text) < strlen(text) ||
	    strchr(text, '\'') != NULL || has_control_bytes(text))
		return NULL;
	if (text[strspn(text, LETTERS DIGITS "_-+=:,./%@")] == '\0')
		return xstrdup(text);
	return xasprintf("'%s'", text);
}

static char *carry_count(const char *value)
{
	uint64_t n;

	return parse_count(value, &n) ? xstrdup(value) : NULL;
}

/* -1 is Locust's word for all cores. */
static char *carry_workers(const char *value)
{
	uint64_t n;

	if (strcmp(value, "-1") == 0)
		return xstrdup("by default there is a worker for each core: "
			       "leave it out");
	return parse_count(value, &n) ? xasprintf("write -w %s", value) : NULL;
}

static char *carry_time(const char *value)
{
	uint64_t us;

	return parse_duration_us(value, &us) ? xstrdup(value)
					     : meant_duration(value);
}

static char *carry_rate(const char *value)
{
	double per_s;

	if (parse_number(value, &per_s))
		return xasprintf("%s/s", value);
	return parse_rate(value, &per_s) ? xstrdup(value) : meant_rate(value);
}

/* A number, or one with a unit of time behind it. */
static char *carry_spawn_rate(const char *value)
{
	double per_s;

	return parse_rate(value, &per_s) ? xstrdup(value) : meant_rate(value);
}

static char *carry_word(const char *value)
{
	return options_shell_word(value);
}

/* One that no longer matters. */
static char *carry_away(const char *value)
{
	(void)value;
	return xstrdup("");
}

static char *carry_level(const char *value)
{
	static const char *const levels[] = {
	    "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"};

	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (strcmp(levels[i], value) == 0)
			return xstrdup("");
	return NULL;
}

static char *carry_file(const char *value)
{
	uint64_t n;

	return parse_count(value, &n) ? NULL : options_shell_word(value);
}

/* A time for most, a body for hey and curl. */
static char *carry_time_or_body(const char *value)
{
	char *time = carry_time(value), *mend;

	mend = time != NULL
		   ? xasprintf("write -t %s", time)
		   : xasprintf("write body = %s below post = URL in a plan",
			 quote(value).text);
	free(time);
	return mend;
}

static char *carry_method(const char *value)
{
	static const char *const methods[] = {
	    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"};
	static const char *const keys[] = {
	    "get", "post", "put", "patch", "delete", "head", "options"};

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (strcmp(methods[i], value) == 0)
			return xasprintf("%s = URL", keys[i]);
	return is_token(value, strlen(value))
		   ? xasprintf("request = %s URL", value)
		   : NULL;
}

/* USER:PASSWORD, of which nobody else is to see the latter. */
static char *carry_auth(const char *value)
{
	size_t len = strcspn(value, ":");
	char *user = xstrndup(value, len), *safe = options_shell_word(user);
	char *auth = NULL;

	if (value[len] == ':' && safe != NULL && safe[0] != '\'')
		auth = xasprintf("%s:PASSWORD", safe);
	free(safe);
	free(user);
	return auth;
}

/* `NAME: VALUE`, which a URL or HOST:PORT is not. */
static char *carry_header(const char *value)
{
	size_t len = strcspn(value, ":");
	char *header, *word;

	if (value[len] != ':' || !is_token(value, len) ||
	    strncmp(value + len, "://", 3) == 0 ||
	    (value[len + 1] != ' ' && value[len + 1] >= '0' &&
		value[len + 1] <= '9'))
		return NULL;
	header = xasprintf("http.header=%.*s: %s", (int)len, value,
	    value + len + 1 + strspn(value + len + 1, " "));
	word = options_shell_word(header);
	free(header);
	return word;
}

static char *header_of(const char *name, const char *value)
{
	char *header = xasprintf("http.header=%s: %s", name, value);
	char *word = options_shell_word(header);

	free(header);
	return word;
}

static char *carry_user_agent(const char *value)
{
	return header_of("User-Agent", value);
}

static char *carry_cookie(const char *value)
{
	return strchr(value, '=') != NULL ? header_of("Cookie", value) : NULL;
}

static char *carry_variable(const char *value)
{
	size_t len = strcspn(value, "=");
	char *name = xstrndup(value, len), *set, *word = NULL, *mend = NULL;

	if (value[len] == '=' && variables_name_defect(name) == NULL) {
		set = xasprintf("vars.%s", value);
		word = options_shell_word(set);
		free(set);
	}
	if (word != NULL)
		mend = xasprintf("write -D %s, for ${%s}", word, name);
	free(word);
	free(name);
	return mend;
}

/* `json=FILE`, `csv=FILE.csv`. */
static char *carry_out(const char *value)
{
	size_t len;

	if (strncmp(value, "json=", 5) == 0)
		return xasprintf("--json %s", quote(value + 5).text);
	if (strncmp(value, "csv=", 4) != 0)
		return NULL;
	value += 4;
	len = strlen(value);
	if (len > 4 && strcmp(value + len - 4, ".csv") == 0)
		len -= 4;
	return xasprintf("--csv %.*s", (int)(len < 60 ? len : 60), value);
}

static char *carry_tag(const char *value)
{
	if (strchr(value, '=') != NULL)
		return xstrdup("results have no tags: leave it out, and name "
			       "rows with name = ROW in the plan");
	return xasprintf("write --tags %s", quote(value).text);
}

/* --- the words of others ------------------------------------------------ */

static const struct foreign_option {
	const char *word;
	const char *mend;    /* all of it, or what stands before the value */
	carry_option *carry; /* NULL: it takes none */
	const char *behind;
	const char *otherwise; /* all of it, where there is no such value */
} options[] = {
#define TELL(word, mend)                   \
	{                                  \
		word, mend, NULL, "", mend \
	}
/* its value goes with it */
#define DROP(word, mend)                         \
	{                                        \
		word, mend, carry_away, "", mend \
	}
#define CARRY(word, mend, carry, otherwise)      \
	{                                        \
		word, mend, carry, "", otherwise \
	}
#define USERS(word)                                                       \
	{                                                                 \
		word, "write -u ", carry_count,                           \
		    " -r all (of a plan, else one user starts a second)", \
		    "write -u N -r all (of a plan, else one user starts " \
		    "a second)"                                           \
	}
#define ALWAYS   "it is always so: leave it out"
#define NO_PAGE  "there is no web page: leave it out"
#define INSECURE "write -D http.insecure=yes"
#define REMOTE                                                            \
	"write --remote HOST,... where the plan is: nothing needs to be " \
	"started on the other hosts"
#define PERCENTILES "the summary always has percentiles: leave it out"
#define A_METHOD    "write get = URL, post = URL or request = METHOD URL in a plan"
#define NO_USAGE    "nothing is told to anybody: leave it out"
    USERS("c"),
    USERS("connections"),
    USERS("concurrency"),
    USERS("clients"),
    USERS("vus"),
    CARRY("num-users", "write -u ", carry_count, "write -u N"),
    CARRY("hatch-rate", "write -r ", carry_spawn_rate, "write -r N"),
    CARRY("max-vus", "write -D load.max_users=", carry_count,
	"write -D load.max_users=N"),
    CARRY("processes", "", carry_workers, "write -w N"),
    CARRY("threads", "", carry_workers, "write -w N"),
    CARRY("cpus", "", carry_workers, "write -w N"),
    CARRY("duration", "write -t ", carry_time, "write -t TIME"),
    CARRY("z", "write -t ", carry_time, "write -t TIME"),
    CARRY("d", "", carry_time_or_body, "write -t TIME"),
    CARRY("i", "write -n ", carry_count,
	"write head = URL in a plan, or -n N for so many tasks"),
    CARRY(
	"requests", "write -n ", carry_count, "write -n N, which counts tasks"),
    CARRY("rate", "write -D load.rate=", carry_rate, "write -D load.rate=N/s"),
    CARRY("rps", "write -D load.rate=", carry_rate, "write -D load.rate=N/s"),
    CARRY("qps", "write -D load.rate=", carry_rate, "write -D load.rate=N/s"),
    CARRY("R", "write -D load.rate=", carry_rate, "write -D load.rate=N/s"),
    CARRY("stage", "write -D load.stages=", carry_word,
	"write -D load.stages=30s:100,5m:100,30s:0"),
    {"p", "write body_file = ", carry_file, " below post = URL in a plan",
	"write body_file = FILE below post = URL in a plan; worker processes "
	"are -w N"},
    DROP("P", NO_PAGE),
    DROP("web-host", NO_PAGE),
    DROP("web-port", NO_PAGE),
    TELL("class-picker", NO_PAGE),
    TELL("latency", PERCENTILES),
    CARRY("L", "write -q or -v", carry_level,
	"the summary always has percentiles: leave it out; less or more is "
	"told by -q or -v"),
    DROP("loglevel", "write -q or -v"),
    DROP("summary-trend-stats", PERCENTILES),
    {"m", "write ", carry_method, " in a plan", A_METHOD},
    {"X", "write ", carry_method, " in a plan", A_METHOD},
    {"method", "write ", carry_method, " in a plan", A_METHOD},
    {"request", "write ", carry_method, " in a plan", A_METHOD},
    TELL("k", "connections are always kept alive: leave it out; curl's -k is "
	      "-D http.insecure=yes"),
    TELL("insecure", INSECURE),
    TELL("insecure-skip-tls-verify", INSECURE),
    TELL("disable-keepalive", "write -D http.keepalive=no"),
    TELL("no-connection-reuse", "write -D http.keepalive=no"),
    TELL("disable-compression", ALWAYS),
    TELL("compressed", "write -D http.compression=yes"),
    TELL("disable-redirects", "write -D http.redirects=0"),
    CARRY("max-redirects", "write -D http.redirects=", carry_count,
	"write -D http.redirects=N"),
    TELL("http2", "write -D http.http_version=2"),
    TELL("h2", "write -D http.http_version=2"),
    CARRY("a", "write -D http.auth=", carry_auth,
	"write -D http.auth=USER:PASSWORD"),
    CARRY("A", "write -D http.auth=", carry_auth,
	"write -D http.auth=USER:PASSWORD"),
    CARRY("header", "write -D ", carry_header,
	"write -D 'http.header=NAME: VALUE'"),
    CARRY("user-agent", "write -D ", carry_user_agent,
	"write -D 'http.header=User-Agent: TEXT'"),
    CARRY("C", "write -D ", carry_cookie,
	"write -D 'http.header=Cookie: NAME=VALUE'"),
    CARRY("x", "write -D http.proxy=", carry_word, "write -D http.proxy=URL"),
    CARRY("e", "", carry_variable,
	"write -D vars.NAME=VALUE, for ${NAME}; ${env NAME} is the "
	"environment's"),
    CARRY("env", "", carry_variable,
	"write -D vars.NAME=VALUE, for ${NAME}; ${env NAME} is the "
	"environment's"),
    CARRY("o", "write ", carry_out, "write --json FILE or --csv PREFIX"),
    CARRY("out", "write ", carry_out, "write --json FILE or --csv PREFIX"),
    CARRY("summary-export", "write --json ", carry_word, "write --json FILE"),
    CARRY("logfile", "messages go to standard error: write 2>", carry_word,
	"messages go to standard error: write 2>FILE"),
    TELL("http-debug", "write --once -v, which shows all bytes"),
    TELL("dry-run", "write --check"),
    TELL("no-summary", "the summary is what goes to standard output: write "
		       ">/dev/null"),
    TELL("no-color", "colours are for terminals, and none are where NO_COLOR "
		     "is set: leave it out"),
    TELL("no-usage-report", NO_USAGE),
    CARRY("tag", "", carry_tag, "write --tags A,B"),
    TELL("worker", REMOTE),
    TELL("slave", REMOTE),
    TELL("master", REMOTE),
    DROP("master-host", REMOTE),
    DROP("master-port", REMOTE),
    DROP("expect-workers", REMOTE),
    TELL("l", "write --check, which lists tasks"),
    TELL("list", "write --check, which lists tasks"),
    TELL("show-task-ratio", "write --check, which tells each task's share"),
    TELL(
	"show-task-ratio-json", "write --check, which tells each task's share"),
    DROP("exit-code-on-error",
	"the exit status is 1 where something failed: leave it out"),
    DROP("config", "the plan says it all: write it there"),
    TELL("print-stats", ALWAYS),
    TELL("reset-stats", "write -D load.warmup=TIME, which leaves the start out "
			"of the results"),
    TELL("skip-log-setup", ALWAYS),
    TELL("headless", ALWAYS),
    TELL("autostart", ALWAYS),
    CARRY("autoquit", ALWAYS, carry_away, ALWAYS),
};

static const struct foreign_option *find_option(const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (strlen(options[i].word) == len &&
		    strncmp(options[i].word, word, len) == 0)
			return &options[i];
	return NULL;
}

/* --- loadgen's own, with a value of another's --------------------------- */

static char *meant_by_host(const char *value)
{
	char *header = carry_header(value), *mend;

	if (header == NULL)
		return NULL;
	mend = xasprintf("-H is the host: write -D %s", header);
	free(header);
	return mend;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && strcmp(text + len - end_len, end) == 0;
}

static char *meant_by_stop_timeout(const char *value)
{
	uint64_t us;

	if (ends_with(value, ".lua"))
		return xstrdup("-s is the stop timeout, and nothing runs "
			       "scripts: write a plan with what it sends");
	if (strchr(value, ':') != NULL && !parse_duration_us(value, &us))
		return xasprintf("-s is the stop timeout: write -D "
				 "load.stages=%s",
		    quote(value).text);
	return NULL;
}

static char *meant_by_quiet(const char *value)
{
	double n;

	if (!parse_number(value, &n))
		return NULL;
	return xasprintf("-q is quiet: a rate is -D load.rate=%s/s", value);
}

static char *meant_by_verbose(const char *value)
{
	uint64_t n;

	if (!parse_count(value, &n))
		return NULL;
	return xstrdup("-v takes no value: write -v");
}

static char *meant_by_tags(const char *value)
{
	char *header, *mend;

	if (strchr(value, '/') == NULL)
		return NULL;
	header = header_of("Content-Type", value);
	mend = xasprintf("-T picks tasks by their tags: write -D %s",
	    header != NULL ? header : "'http.header=Content-Type: TYPE'");
	free(header);
	return mend;
}

static char *meant_by_spawn_rate(const char *value)
{
	if (scheme_len(value) == 0)
		return NULL;
	return xstrdup("-r is the spawn rate, and failures end no run by "
		       "themselves: leave it out");
}

static const struct {
	char letter;
	const char *name;
	carry_option *meant; /* a whole mend; NULL: the value is its own */
	bool keeps;          /* the value is a word of the command line */
} slips[] = {
    {'H', "host", meant_by_host, false},
    {'s', "stop-timeout", meant_by_stop_timeout, false},
    {'q', "quiet", meant_by_quiet, false},
    {'v', "verbose", meant_by_verbose, false},
    {'T', "tags", meant_by_tags, false},
    {'r', "spawn-rate", meant_by_spawn_rate, true},
};

/* --- the command line --------------------------------------------------- */

/* A command line on its way through. */
struct walk {
	struct own_words *own;
	char **argv;
	int argc;
	int at; /* the word at hand */
	const char *letters;
	const struct option *longs;
	struct diag *d;
};

static void tell(const struct walk *w, const char *value, const char *mend)
{
	diag_error(w->d, (struct where) {"loadgen", 0}, "\"%s%s%s\": %s",
	    quote(w->argv[w->at]).text, value != NULL ? " " : "",
	    value != NULL ? quote(value).text : "", mend);
}

static void keep(struct walk *w, int n)
{
	for (; n > 0 && w->at < w->argc; n--)
		w->own->at[w->own->n++] = w->argv[w->at++];
}

/* The word behind that at hand, if it may be a value; NULL: none. */
static const char *next_value(const struct walk *w)
{
	const char *next = w->at + 1 < w->argc ? w->argv[w->at + 1] : NULL;

	if (next == NULL || (next[0] == '-' && next[1] != '\0' &&
				strchr(DIGITS, next[1]) == NULL))
		return NULL;
	return next;
}

/* An option of another tool; value is what is glued to it, or NULL. */
static void tell_foreign(
    struct walk *w, const struct foreign_option *option, const char *value)
{
	bool is_glued = value != NULL;
	char *carried = NULL, *mend;

	if (!is_glued && option->carry != NULL)
		value = next_value(w);
	if (value != NULL && option->carry != NULL)
		carried = option->carry(value);
	mend = carried == NULL
		   ? xasprintf("unknown option: %s", option->otherwise)
		   : xasprintf("unknown option: %s%s%s", option->mend, carried,
			 option->behind);
	tell(w, carried != NULL && !is_glued ? value : NULL, mend);
	w->at += carried != NULL && !is_glued ? 2 : 1;
	if (carried == NULL && !is_glued && value != NULL)
		w->own->is_unsure = true;
	free(mend);
	free(carried);
}

/* Whether one of loadgen's own options was told to be meant otherwise: by its
 * letter, or by name where that is 0. */
static bool tell_slip(struct walk *w, char letter, const char *name, size_t len,
    const char *value, bool is_glued)
{
	char *mend = NULL;

	if (value == NULL)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(slips); i++) {
		if (letter != 0 ? slips[i].letter != letter
				: strlen(slips[i].name) != len ||
				      strncmp(slips[i].name, name, len) != 0)
			continue;
		mend = slips[i].meant(value);
		if (mend == NULL)
			return false;
		tell(w, is_glued || slips[i].keeps ? NULL : value, mend);
		w->at += is_glued || slips[i].keeps ? 1 : 2;
		free(mend);
		return true;
	}
	return false;
}

static const struct option *find_long(
    const struct walk *w, const char *name, size_t len)
{
	const struct option *row = w->longs;

	for (; row->name != NULL; row++)
		if (strlen(row->name) == len &&
		    strncmp(row->name, name, len) == 0)
			return row;
	return NULL;
}

/* --NAME or --NAME=VALUE. */
static void take_long(struct walk *w, const char *name)
{
	size_t len = strcspn(name, "=");
	const char *glued = name[len] == '=' ? name + len + 1 : NULL;
	const struct option *row = find_long(w, name, len);
	const struct foreign_option *foreign =
	    row == NULL && len > 1 ? find_option(name, len) : NULL;
	bool takes;

	if (foreign != NULL) {
		tell_foreign(w, foreign, glued);
		return;
	}
	takes = row != NULL && row->has_arg == required_argument;
	if (!tell_slip(w, 0, name, len, glued != NULL ? glued : next_value(w),
		glued != NULL))
		keep(w, takes && glued == NULL ? 2 : 1);
}

/* -X, -XVALUE, or several that take none. */
static void take_letters(struct walk *w, const char *text)
{
	const struct foreign_option *foreign =
	    text[1] != '\0' ? find_option(text, strcspn(text, "=")) : NULL;
	const char *known;

	if (foreign != NULL && strlen(foreign->word) > 1) {
		take_long(w, text);
		return;
	}
	for (; *text != '\0'; text++) {
		const char *glued = text[1] != '\0' ? text + 1 : NULL;

		known = *text != ':' ? strchr(w->letters, *text) : NULL;
		if (known == NULL)
			foreign = find_option(text, 1);
		if (known == NULL && foreign != NULL) {
			tell_foreign(w, foreign, glued);
			return;
		}
		if (known == NULL)
			break;
		/* -q50 is one word too */
		if (known[1] != ':' && glued != NULL &&
		    strchr(DIGITS, *glued) == NULL)
			continue;
		if (!tell_slip(w, *text, NULL, 0,
			glued != NULL ? glued : next_value(w), glued != NULL))
			keep(w, known[1] == ':' && glued == NULL ? 2 : 1);
		return;
	}
	keep(w, 1);
}

void options_foreign_take(struct own_words *own, int argc, char **argv,
    const char *letters, const struct option *longs, struct diag *d)
{
	struct walk w = {.own = own,
	    .argv = argv,
	    .argc = argc,
	    .letters = letters,
	    .longs = longs,
	    .d = d};

	*own = (struct own_words) {0};
	own->at = xcalloc((size_t)argc + 1, sizeof(*own->at));
	keep(&w, 1);
	while (w.at < argc) {
		const char *word = argv[w.at];

		if (strcmp(word, "--") == 0)
			keep(&w, argc);
		else if (strncmp(word, "--", 2) == 0)
			take_long(&w, word + 2);
		else if (word[0] == '-' && word[1] != '\0')
			take_letters(&w, word + 1);
		else
			keep(&w, 1);
	}
}

/* --- thresholds --------------------------------------------------------- */

/* What is to be high; all else is to be low. */
static const char *usual_sign(const char *key)
{
	return strcmp(key, "rps") == 0 || strcmp(key, "requests") == 0 ? ">="
								       : "<";
}

static bool is_time(const char *key)
{
	static const char *const times[] = {"avg", "min", "max"};

	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		if (strcmp(times[i], key) == 0)
			return true;
	return key[0] == 'p' || strncmp(key, "lag_", strlen("lag_")) == 0;
}

char *options_threshold(const char *key, const char *value)
{
	bool is_bare = value[0] != '\0' && strchr(DIGITS, value[0]) != NULL;
	double n;
	char *text, *word;

	text = xasprintf("thresholds.%s=%s%s%s%s", key,
	    is_bare ? usual_sign(key) : "", is_bare ? " " : "", value,
	    is_time(key) && parse_number(value, &n) ? "ms" : "");
	word = options_shell_word(text);
	free(text);
	return word != NULL ? word : xasprintf("'thresholds.%s=< LIMIT'", key);
}
