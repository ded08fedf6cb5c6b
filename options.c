/*
 * The command line. One table holds every option: it is parsed, suggested and
 * printed from there. It must not know what a run does with them.
 */
#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "options_foreign.h"
#include "options_words.h"
#include "plan/keys.h"

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

/* A section without a name that has this key, which is put into *found: `load`
 * for `rate`; NULL: none. */
static const char *section_of(const char *key, const struct key_info **found)
{
	static const char *const sections[] = {
	    "load", "http", "report", "remote"};
	const struct key_info *info;

	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		for (size_t k = 0; (info = plan_key_info(k)) != NULL; k++)
			if (strcmp(info->section, sections[i]) == 0 &&
			    strcmp(info->name, key) == 0) {
				*found = info;
				return sections[i];
			}
	return NULL;
}

/* The whole of -D's value that has no section: `rate=50`, whose name is that
 * long; owned by the caller. */
static char *mend_set(const char *text, size_t len)
{
	char *name = xstrndup(text, len), *written = NULL, *mend;
	const struct key_info *info;
	const char *home = text[len] == '=' ? section_of(name, &info) : NULL;

	if (home != NULL)
		written = xasprintf("%s.%s", home, text);
	else if (text[len] == '=' && keys_is_key("thresholds", name))
		written = options_threshold(name, text + len + 1);
	free(name);
	mend = xasprintf("write %s-D %s", written != NULL ? "" : "for example ",
	    written != NULL ? written : "load.wait=0");
	free(written);
	return mend;
}

static void add_set(struct options *o, const char *text, struct diag *d)
{
	size_t len = strcspn(text, "=");
	const char *where, *key = NULL;
	char *section = NULL, *mend;

	if (text[len] == '=') {
		section = xstrndup(text, len);
		keep(o, section);
		where = keep(o, xasprintf("-D %s", section));
		key = find_key(section);
	}
	if (key != NULL) {
		add_override(o, section, key, text + len + 1, where);
		return;
	}
	mend = mend_set(text, len);
	diag_error(d, (struct where) {"-D", 0},
	    "\"%s\": not SECTION.KEY=VALUE: %s", text, mend);
	free(mend);
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
		options_set_file(o, value, d);
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

static bool has_option(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].key != NULL && strcmp(rows[i].key, key) == 0)
			return true;
	return false;
}

/* SECTION.KEY=VALUE with what stands behind the word on the command line, or
 * with the usual value of a switch; owned by the caller. */
static char *written_key(
    const char *section, const struct key_info *info, const char *behind)
{
	bool is_switch =
	    info->fallback != NULL && (strcmp(info->fallback, "yes") == 0 ||
					  strcmp(info->fallback, "no") == 0);
	char *text, *word;

	/* an option, or the plan */
	if (behind == NULL || behind[0] == '-' || options_is_plan(behind))
		behind = is_switch ? "yes" : "VALUE";
	text = xasprintf("%s.%s=%s", section, info->name, behind);
	word = options_shell_word(text);
	free(text);
	return word != NULL ? word
			    : xasprintf("%s.%s=VALUE", section, info->name);
}

/* A key of the plan that has no option of its own; behind is what stands
 * behind the word on the command line, or NULL. False: it is none. */
static bool tell_of_key(
    const char *word, const char *behind, const char *name, struct diag *d)
{
	const char *equals = strchr(word, '='), *section;
	const struct key_info *info = NULL;
	char *key = xstrdup(name), *set = NULL;
	bool is_told;

	for (char *at = key; *at != '\0'; at++)
		if (*at == '-')
			*at = '_';
	if (equals != NULL)
		behind = equals + 1;
	section = has_option(key) ? NULL : section_of(key, &info);
	if (section != NULL)
		set = written_key(section, info, behind);
	else if (keys_is_key("thresholds", key))
		set = options_threshold(key, behind != NULL ? behind : "");
	free(key);
	if (set != NULL)
		diag_error(d, (struct where) {"loadgen", 0},
		    "\"%s\": unknown option: write -D %s", word, set);
	is_told = set != NULL;
	free(set);
	return is_told;
}

static void unknown(const char *word, const char *behind, struct diag *d)
{
	const struct where where = {"loadgen", 0};
	const char *words[ARRAY_LEN(rows)];
	const char *name = word + strspn(word, "-");
	size_t len = strcspn(name, "=");
	char *plain = xstrndup(name, len);
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		words[i] = rows[i].name;
	near = len > 1 ? nearest_word(plain, words, ARRAY_LEN(rows)) : NULL;
	if (tell_of_key(word, behind, plain, d))
		near = NULL;
	else if (near != NULL)
		diag_error(d, where,
		    "\"%s\": unknown option: did you mean \"--%s\"?", word,
		    near);
	else
		diag_error(d, where,
		    "\"%s\": unknown option: see loadgen --help", word);
	free(plain);
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

/* There is none; an option may have taken it for its value. */
static void tell_no_plan(const struct options *o, struct diag *d)
{
	const struct where where = {"loadgen", 0};

	for (size_t i = 0; i < o->n_overrides; i++) {
		const struct override *set = &o->overrides[i];
		const char *end = strrchr(set->value, '.');

		if (strcmp(set->where, "--host") == 0) {
			diag_error(d, where,
			    "no plan: --host is for the paths of one: write "
			    "loadgen PLAN.ini, or loadgen %s to get that URL",
			    set->value);
			return;
		}
		if (end != NULL && strcmp(end, ".ini") == 0) {
			diag_error(d, where,
			    "no plan: %s has taken \"%s\" for its value: write "
			    "%s FILE %s",
			    set->where, set->value, set->where, set->value);
			return;
		}
	}
	diag_error(d, where,
	    "no plan: nothing to run: write loadgen PLAN.ini, or see loadgen "
	    "--help");
}

/* Takes options one after the other and then the words; own has none of other
 * tools. */
static void parse_own(struct options *o, struct own_words *own,
    const char *letters, const struct option *longs, struct diag *d)
{
	const char *behind_once = options_behind_once(own->n, own->at);
	size_t errors = d->errors;
	int code;

	opterr = 0;
	optind = 0; /* forgets all of an earlier command line */
	while (
	    (code = getopt_long(own->n, own->at, letters, longs, NULL)) != -1) {
		if (code == '?' || code == ':')
			refuse(code, own->at, d);
		else
			apply(o, row_of(code), optarg, d);
	}
	/* what stands behind an unknown option may be its value */
	if (d->errors == errors && !own->is_unsure)
		options_take_words(
		    o, behind_once, own->n - optind, own->at + optind, d);
	options_check_file(o, d);
}

bool options_parse(struct options *o, int argc, char **argv, struct diag *d)
{
	struct option longs[ARRAY_LEN(rows) + 1];
	char letters[2 * ARRAY_LEN(rows) + 2];
	struct own_words own;
	size_t errors = d->errors;

	*o = (struct options) {.verbosity = VERBOSITY_NORMAL};
	fill_tables(longs, letters);
	options_foreign_take(&own, argc, argv, letters, longs, d);
	parse_own(o, &own, letters, longs, d);
	free(own.at);
	if (o->action == ACTION_AGENT && argc > 2 && d->errors == errors)
		diag_error(d, (struct where) {"loadgen", 0},
		    "--agent: it stands alone: the plan and all else come "
		    "from who starts it: leave the rest out");
	if (o->file == NULL && o->action < ACTION_AGENT && d->errors == errors)
		tell_no_plan(o, d);
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
	    "any, a request, poll or transaction failed or no request was\n"
	    "finished, 2 usage or a mistake in the plan (nothing was sent), 3\n"
	    "not to be trusted; 129, 130, 143 stopped by SIGHUP, SIGINT,\n"
	    "SIGTERM.\n"
	    "The manual: man loadgen, man loadgen.ini.\n",
	    out);
}
