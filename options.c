/*
 * The command line. One table holds every option: it is parsed, suggested and
 * printed from there. It must not know what a run does with them.
 */
#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

enum option_id {
	OPTION_KEY,      /* sets a key of the plan */
	OPTION_FLAG_KEY, /* sets one to yes */
	OPTION_PATH_KEY, /* sets one to a path, */
	OPTION_OUT_KEY,  /* or to - for standard output */
	OPTION_FILE,
	OPTION_SET,
	OPTION_TAGS,
	OPTION_EXCLUDE_TAGS,
	OPTION_CHECK,
	OPTION_ONCE,
	OPTION_FIND,
	OPTION_AGENT,
	OPTION_ONLY_SUMMARY,
	OPTION_QUIET,
	OPTION_VERBOSE,
	OPTION_HELP,
	OPTION_VERSION
};

struct option_row {
	char letter; /* 0: none */
	const char *name;
	const char *value; /* what it takes, for --help; NULL: nothing */
	enum option_id id;
	const char *section; /* OPTION_..._KEY */
	const char *key;
	const char *help;
};

static const struct option_row rows[] = {
    {'f', "file", "PLAN", OPTION_FILE, NULL, NULL,
	"the plan, as the argument; - is standard input"},
    {'H', "host", "URL", OPTION_KEY, "load", "host",
	"base URL for paths that have none"},
    {'u', "users", "N", OPTION_KEY, "load", "users", "users at the peak"},
    {'r', "spawn-rate", "N", OPTION_KEY, "load", "spawn_rate",
	"users started per second; all: all at once"},
    {'t', "run-time", "TIME", OPTION_KEY, "load", "run_time",
	"how long, ramp included: 90, 90s, 1h20m, 250ms"},
    {'n', "iterations", "N", OPTION_KEY, "load", "iterations",
	"stop after N tasks in all"},
    {'s', "stop-timeout", "TIME", OPTION_KEY, "load", "stop_timeout",
	"how long running tasks may finish after the end"},
    {'w', "workers", "N", OPTION_KEY, "load", "workers",
	"worker processes; default: one for each usable core"},
    {'D', "set", "SECTION.KEY=VALUE", OPTION_SET, NULL, NULL,
	"set any key of the plan: -D load.wait=0"},
    {'T', "tags", "A,B", OPTION_TAGS, NULL, NULL,
	"only tasks with one of these tags"},
    {'E', "exclude-tags", "A,B", OPTION_EXCLUDE_TAGS, NULL, NULL,
	"no tasks with one of these tags"},
    {0, "csv", "PREFIX", OPTION_PATH_KEY, "report", "csv",
	"where the CSV files go; none: nowhere"},
    {0, "csv-full-history", NULL, OPTION_FLAG_KEY, "report", "csv_full_history",
	"history rows for every name"},
    {0, "html", "FILE", OPTION_OUT_KEY, "report", "html",
	"a page with tables and charts; - is standard output"},
    {0, "json", "FILE", OPTION_OUT_KEY, "report", "json",
	"all results as one object; - is standard output"},
    {0, "junit", "FILE", OPTION_OUT_KEY, "report", "junit",
	"a case for each threshold and each row, for CI"},
    {0, "baseline", "FILE", OPTION_PATH_KEY, "report", "baseline",
	"an earlier run's JSON, to compare this one with"},
    {0, "remote", "HOSTS", OPTION_KEY, "remote", "hosts",
	"play it on these hosts: a,b*2; none: here"},
    {0, "rsh", "COMMAND", OPTION_KEY, "remote", "rsh",
	"what connects to a host; default: ssh -o BatchMode=yes"},
    {0, "agent", NULL, OPTION_AGENT, NULL, NULL,
	"play what --remote elsewhere sends over standard input"},
    {0, "check", NULL, OPTION_CHECK, NULL, NULL,
	"read the plan and say what would run; send nothing"},
    {0, "once", "[TASK]", OPTION_ONCE, NULL, NULL,
	"each task, or TASK, once, and every request shown"},
    {0, "find", NULL, OPTION_FIND, NULL, NULL,
	"search the highest load at which all thresholds hold"},
    {'q', "quiet", NULL, OPTION_QUIET, NULL, NULL,
	"no live lines, only the summary and errors"},
    {'v', "verbose", NULL, OPTION_VERBOSE, NULL, NULL,
	"live lines for every name; with --once all bytes"},
    {0, "only-summary", NULL, OPTION_ONLY_SUMMARY, NULL, NULL,
	"nothing but the summary"},
    {'h', "help", NULL, OPTION_HELP, NULL, NULL, "this text"},
    {'V', "version", NULL, OPTION_VERSION, NULL, NULL,
	"versions of loadgen and libcurl"},
};

static const struct option_row *find_letter(char letter)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].letter == letter)
			return &rows[i];
	}
	return NULL;
}

static const char *keep(struct options *o, char *text)
{
	o->texts = grow(o->texts, o->n_texts, &o->cap_texts, sizeof(*o->texts));
	o->texts[o->n_texts++] = text;
	return text;
}

static void add_override(struct options *o, const char *section,
    const char *key, const char *value, const char *where)
{
	o->overrides = grow(o->overrides, o->n_overrides, &o->cap_overrides,
	    sizeof(*o->overrides));
	o->overrides[o->n_overrides++] = (struct override) {
	    .section = section, .key = key, .value = value, .where = where};
}

/* The dot in front of p99.9 or lag_p99.9, where the one at hand is in it; else
 * that one. */
static char *before_percentile(char *name, char *dot)
{
	static const char digits[] = "0123456789", lag[] = "lag_";
	size_t lag_len = strlen(lag);
	char *at = dot;

	if (dot[1 + strspn(dot + 1, digits)] != '\0')
		return dot;
	while (at > name && strchr(digits, at[-1]) != NULL)
		at--;
	if (at == dot || at == name || *--at != 'p')
		return dot;
	if ((size_t)(at - name) > lag_len &&
	    strncmp(at - lag_len, lag, lag_len) == 0)
		at -= lag_len;
	return at > name && at[-1] == '.' ? at - 1 : dot;
}

/* The key stands behind the last dot of what is in front of the `=`: a task's
 * name may have dots; `set.` and `capture.` keys and percentiles have one of
 * their own. */
static const char *find_key(char *name)
{
	static const char *const dotted[] = {".set", ".capture"};
	char *dot = strrchr(name, '.');

	if (dot != NULL)
		dot = before_percentile(name, dot);
	for (size_t i = 0; i < ARRAY_LEN(dotted) && dot != NULL; i++) {
		size_t len = strlen(dotted[i]);

		if ((size_t)(dot - name) > len &&
		    strncmp(dot - len, dotted[i], len) == 0) {
			dot -= len;
			break;
		}
	}
	if (dot == NULL || dot == name || dot[1] == '\0')
		return NULL;
	*dot = '\0';
	return dot + 1;
}

/* A section without a name that has this key: `load` for `rate`; NULL: none. */
static const char *section_of(const char *key)
{
	static const char *const sections[] = {
	    "load", "http", "report", "remote"};
	const struct key_info *info;

	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		for (size_t k = 0; (info = plan_key_info(k)) != NULL; k++)
			if (strcmp(info->section, sections[i]) == 0 &&
			    strcmp(info->name, key) == 0)
				return sections[i];
	return NULL;
}

static void add_set(struct options *o, const char *text, struct diag *d)
{
	const char *equals = strchr(text, '=');
	const char *where, *home;
	const char *key = NULL;
	char *section = NULL;

	if (equals != NULL) {
		section = xstrndup(text, (size_t)(equals - text));
		keep(o, section);
		where = keep(o, xasprintf("-D %s", section));
		key = find_key(section);
	}
	if (key == NULL) {
		home = section != NULL ? section_of(section) : NULL;
		diag_error(d, (struct where) {"-D", 0},
		    "\"%s\": not SECTION.KEY=VALUE: write %s-D %s%s%s", text,
		    home != NULL ? "" : "for example ",
		    home != NULL ? home : "load.wait=0",
		    home != NULL ? "." : "", home != NULL ? text : "");
		return;
	}
	add_override(o, section, key, equals + 1, where);
}

/* Each asks for something else; who asks that nothing is sent must not be
 * overheard. */
static void set_action(struct options *o, enum action action, struct diag *d)
{
	static const char *const names[] = {[ACTION_CHECK] = "--check",
	    [ACTION_ONCE] = "--once",
	    [ACTION_FIND] = "--find"};

	if (o->action >= ACTION_AGENT || o->action == action)
		return;
	if (o->action == ACTION_RUN) {
		o->action = action;
		return;
	}
	diag_error(d, (struct where) {"loadgen", 0},
	    "%s and %s: --check sends nothing, --once each task once, --find "
	    "more and more: give one of them",
	    names[o->action < action ? o->action : action],
	    names[o->action < action ? action : o->action]);
}

/* getopt takes whatever comes next for an option's value. */
static bool is_path(
    const struct option_row *row, const char *value, struct diag *d)
{
	if (value[0] != '-' || value[1] == '\0')
		return true;
	diag_error(d, (struct where) {"loadgen", 0},
	    "--%s \"%s\": this looks like an option: write --%s %s%s%s%s",
	    row->name, value, row->name, row->value,
	    row->id == OPTION_OUT_KEY ? ", or --" : "",
	    row->id == OPTION_OUT_KEY ? row->name : "",
	    row->id == OPTION_OUT_KEY ? " - for standard output" : "");
	return false;
}

static void set_key(
    struct options *o, const struct option_row *row, const char *value)
{
	add_override(o, row->section, row->key, value,
	    keep(o, xasprintf("--%s", row->name)));
}

static void apply(struct options *o, const struct option_row *row,
    const char *value, struct diag *d)
{
	switch (row->id) {
	case OPTION_PATH_KEY:
	case OPTION_OUT_KEY:
		if (is_path(row, value, d))
			set_key(o, row, value);
		break;
	case OPTION_KEY:
		set_key(o, row, value);
		break;
	case OPTION_FLAG_KEY:
		set_key(o, row, "yes");
		break;
	case OPTION_FILE:
		if (o->file != NULL)
			diag_error(d, (struct where) {"loadgen", 0},
			    "\"%s\": a second plan: give one, \"%s\" was first",
			    value, o->file);
		else
			o->file = value;
		break;
	case OPTION_SET:
		add_set(o, value, d);
		break;
	case OPTION_TAGS:
		o->tags = value;
		break;
	case OPTION_EXCLUDE_TAGS:
		o->exclude_tags = value;
		break;
	case OPTION_CHECK:
		set_action(o, ACTION_CHECK, d);
		break;
	case OPTION_ONCE:
		set_action(o, ACTION_ONCE, d);
		o->once = value;
		break;
	case OPTION_FIND:
		set_action(o, ACTION_FIND, d);
		break;
	case OPTION_AGENT:
		if (o->action < ACTION_HELP)
			o->action = ACTION_AGENT;
		break;
	case OPTION_ONLY_SUMMARY:
		o->verbosity = VERBOSITY_ONLY_SUMMARY;
		break;
	case OPTION_QUIET:
		o->verbosity = VERBOSITY_QUIET;
		break;
	case OPTION_VERBOSE:
		o->verbosity = VERBOSITY_VERBOSE;
		break;
	case OPTION_HELP:
		o->action = ACTION_HELP;
		break;
	case OPTION_VERSION:
		o->action = ACTION_VERSION;
		break;
	}
}

/* What other tools call it, and what is written here. */
static const struct synonym {
	const char *word;
	const char *mend;
} synonyms[] = {
    {"headless", "it is always so: leave it out"},
    {"vus", "write -u N"},
    {"c", "write -u N"},
    {"connections", "write -u N"},
    {"concurrency", "write -u N"},
    {"processes", "write -w N"},
    {"p", "write -w N"},
    {"threads", "write -w N"},
    {"duration", "write -t TIME"},
    {"d", "write -t TIME"},
    {"i", "write -n N"},
    {"max-vus", "write -D load.max_users=N"},
    {"rps", "write -D load.rate=100/s"},
    {"R", "write -D load.rate=100/s"},
    {"stage", "write -D load.stages=30s:100,5m:100,30s:0"},
    {"autostart", "it is always so: leave it out"},
    {"autoquit", "it is always so: leave it out"},
    {"requests", "write -n N, which counts tasks"},
    {"loglevel", "write -q or -v"},
    {"L", "write -q or -v"},
};

static const char *find_synonym(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(synonyms); i++)
		if (strcmp(synonyms[i].word, word) == 0)
			return synonyms[i].mend;
	return NULL;
}

static bool is_file(const char *word)
{
	return access(word, R_OK) == 0;
}

static bool has_option(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].key != NULL && strcmp(rows[i].key, key) == 0)
			return true;
	return false;
}

/* A key of the plan that has no option of its own; behind is what stands
 * behind the word on the command line, or NULL. False: it is none. */
static bool tell_of_key(
    const char *word, const char *behind, const char *name, struct diag *d)
{
	const char *equals = strchr(word, '=');
	char *key = xstrdup(name);
	const char *section;

	for (char *at = key; *at != '\0'; at++)
		if (*at == '-')
			*at = '_';
	section = has_option(key) ? NULL : section_of(key);
	if (equals != NULL)
		behind = equals + 1;
	/* an option, the plan, or what a shell takes apart */
	if (behind == NULL || behind[0] == '-' || is_file(behind) ||
	    strpbrk(behind, " \t'\"$&;|<>(){}[]*?!#\\") != NULL)
		behind = "VALUE";
	if (section != NULL)
		diag_error(d, (struct where) {"loadgen", 0},
		    "\"%s\": unknown option: write -D %s.%s=%s", word, section,
		    key, behind);
	free(key);
	return section != NULL;
}

static void unknown(const char *word, const char *behind, struct diag *d)
{
	const struct where where = {"loadgen", 0};
	const char *words[ARRAY_LEN(rows)];
	const char *name = word + strspn(word, "-");
	size_t len = strcspn(name, "=");
	char *plain = xstrndup(name, len);
	const char *near, *mend = find_synonym(plain);
	bool is_told = false;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		words[i] = rows[i].name;
	near = len > 1 ? nearest_word(plain, words, ARRAY_LEN(rows)) : NULL;
	if (mend == NULL)
		is_told = tell_of_key(word, behind, plain, d);
	free(plain);
	if (is_told)
		return;
	if (mend != NULL)
		diag_error(d, where, "\"%s\": unknown option: %s", word, mend);
	else if (near != NULL)
		diag_error(d, where,
		    "\"%s\": unknown option: did you mean \"--%s\"?", word,
		    near);
	else
		diag_error(d, where,
		    "\"%s\": unknown option: see loadgen --help", word);
}

/* getopt_long knows options by number: places in the table, from here on. */
enum { FIRST_ROW = 256 };

static void fill_tables(struct option *longs, char *letters)
{
	*letters++ = ':'; /* tell a missing value from an unknown option */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct option_row *row = &rows[i];

		longs[i] = (struct option) {
		    .name = row->name,
		    .has_arg = row->value == NULL     ? no_argument
			       : row->value[0] == '[' ? optional_argument
						      : required_argument,
		    .val = FIRST_ROW + (int)i,
		};
		if (row->letter == 0)
			continue;
		*letters++ = row->letter;
		if (row->value != NULL)
			*letters++ = ':';
	}
	longs[ARRAY_LEN(rows)] = (struct option) {0};
	*letters = '\0';
}

static const struct option_row *row_of(int code)
{
	if (code >= FIRST_ROW)
		return &rows[code - FIRST_ROW];
	return find_letter((char)code);
}

/* The word at argv[optind - 1]. */
static void refuse(int code, char **argv, struct diag *d)
{
	const char *word = argv[optind - 1];
	const struct where where = {"loadgen", 0};
	const struct option_row *row = optopt != 0 ? row_of(optopt) : NULL;
	char letter[] = {'-', (char)optopt, '\0'};

	if (row != NULL && code == ':')
		diag_error(d, where, "--%s: no value: write --%s %s", row->name,
		    row->name, row->value);
	else if (row != NULL)
		diag_error(d, where, "\"%s\": takes no value: write --%s", word,
		    row->name);
	else
		unknown(optopt != 0 ? letter : word, argv[optind], d);
}

/* What stands behind --once is its task where the plan stands elsewhere. It is
 * found before getopt moves things about; NULL: none. */
static const char *word_behind_once(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "--once") == 0 && argv[i + 1][0] != '-')
			return argv[i + 1];
	return NULL;
}

/* What the first of two words is that is no plan, where the second is one;
 * false: nothing was told. */
static bool tell_first(const struct options *o, char **words, struct diag *d)
{
	static const struct {
		const char *word;
		const char *option;
	} commands[] = {
	    {"run", ""},
	    {"start", ""},
	    {"test", ""},
	    {"check", "--check "},
	    {"once", "--once "},
	};
	const struct where where = {"loadgen", 0};

	if (is_file(words[0]))
		return false;
	if (o->action == ACTION_ONCE && o->once == NULL && is_file(words[1])) {
		diag_error(d, where,
		    "\"%s\": the task stands directly behind --once: write "
		    "--once %s",
		    words[0], words[0]);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(words[0], commands[i].word) != 0)
			continue;
		diag_error(d, where,
		    "\"%s\": there is no subcommand: write loadgen %s%s",
		    words[0], commands[i].option, words[1]);
		return true;
	}
	return false;
}

static void take_words(struct options *o, const char *behind_once, int n,
    char **words, struct diag *d)
{
	bool has_plan = o->file != NULL;
	const char *task = NULL;

	if (behind_once != NULL && o->once == NULL && (has_plan || n > 1))
		task = behind_once;
	/* --once PLAN TASK */
	if (task == words[0] && n == 2 && !has_plan && is_file(words[0]) &&
	    !is_file(words[1]))
		task = words[1];
	if (task == NULL && n == 2 && !has_plan && tell_first(o, words, d))
		return;
	for (int i = 0; i < n; i++) {
		if (words[i] == task)
			o->once = words[i];
		else
			apply(o, find_letter('f'), words[i], d);
	}
}

bool options_parse(struct options *o, int argc, char **argv, struct diag *d)
{
	struct option longs[ARRAY_LEN(rows) + 1];
	char letters[2 * ARRAY_LEN(rows) + 2];
	const char *behind_once = word_behind_once(argc, argv);
	size_t errors = d->errors;
	int code;

	*o = (struct options) {.verbosity = VERBOSITY_NORMAL};
	fill_tables(longs, letters);
	opterr = 0;
	optind = 0; /* forgets all of an earlier command line */
	while ((code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (code == '?' || code == ':')
			refuse(code, argv, d);
		else
			apply(o, row_of(code), optarg, d);
	}
	/* what stands behind an unknown option may be its value */
	if (d->errors == errors)
		take_words(o, behind_once, argc - optind, argv + optind, d);
	if (o->action == ACTION_AGENT && argc > 2 && d->errors == errors)
		diag_error(d, (struct where) {"loadgen", 0},
		    "--agent: it stands alone: the plan and all else come "
		    "from who starts it: leave the rest out");
	if (o->file == NULL && o->action < ACTION_AGENT && d->errors == errors)
		diag_error(d, (struct where) {"loadgen", 0},
		    "no plan: nothing to run: write loadgen PLAN.ini, or see "
		    "loadgen --help");
	return d->errors == errors;
}

void options_clear(struct options *o)
{
	for (size_t i = 0; i < o->n_texts; i++)
		free(o->texts[i]);
	free(o->texts);
	free(o->overrides);
	*o = (struct options) {0};
}

void options_help(FILE *out)
{
	fputs("usage: loadgen [options] PLAN.ini\n"
	      "       loadgen [options] URL\n\n"
	      "Plays many users against an HTTP service, as the plan says, "
	      "and writes what\nit measured as CSV and as a summary.\n\n",
	    out);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct option_row *row = &rows[i];
		char name[64];

		if (row->letter != 0)
			snprintf(name, sizeof(name), "-%c, --%s %s",
			    row->letter, row->name,
			    row->value != NULL ? row->value : "");
		else
			snprintf(name, sizeof(name), "    --%s %s", row->name,
			    row->value != NULL ? row->value : "");
		if (strlen(name) > 23)
			fprintf(out, "  %s\n  %-23s %s\n", name, "", row->help);
		else
			fprintf(out, "  %-23s %s\n", name, row->help);
	}
	fputs(
	    "\nWithout a run time and iterations, here or in the plan, it\n"
	    "runs until it is stopped; Ctrl-C lets running tasks finish.\n\n"
	    "Exit status: 0 passed, 1 a threshold does not hold or, without\n"
	    "any, a request, poll or transaction failed, 2 usage or a mistake\n"
	    "in the plan (nothing was sent), 3 not to be trusted; 129, 130,\n"
	    "143 stopped by SIGHUP, SIGINT, SIGTERM.\n"
	    "The manual: man loadgen, man loadgen.ini.\n",
	    out);
}
