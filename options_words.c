/*
 * Which word is the plan, and what was meant by the others. It must not know
 * the options, only what was taken from them.
 */
#include "options_words.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "plan/meant.h"
#include "plan/url_plan.h"
#include "plan/values.h"

static const struct where where = {"loadgen", 0};

bool options_is_file(const char *word)
{
	return access(word, R_OK) == 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && strcmp(text + len - end_len, end) == 0;
}

bool options_is_plan(const char *word)
{
	return options_is_file(word) || is_url_plan(word) ||
	       strcmp(word, "-") == 0 || ends_with(word, ".ini");
}

/* --- the plan ----------------------------------------------------------- */

/* What other tools play. */
static const struct {
	const char *end;
	const char *what;
} scripts[] = {
    {".py", "Python"},
    {".js", "JavaScript"},
    {".ts", "TypeScript"},
    {".lua", "Lua"},
    {".scala", "Scala"},
    {".jmx", "a plan of JMeter"},
    {".yml", "YAML"},
    {".yaml", "YAML"},
};

/* What language the file is in by its name; NULL: another. */
static const char *script_of(const char *file)
{
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
		if (!is_url_plan(file) && ends_with(file, scripts[i].end))
			return scripts[i].what;
	return NULL;
}

void options_check_file(const struct options *o, struct diag *d)
{
	const char *file = o->file, *script;
	size_t len;

	if (file == NULL)
		return;
	script = script_of(file);
	len = strcspn(file, ",");
	if (script != NULL)
		diag_error(d, where,
		    "\"%s\": this is %s, and loadgen plays INI plans: see "
		    "man loadgen.ini, or \"The plan, on one page\" in the "
		    "README",
		    quote(file).text, script);
	else if (file[len] == ',' && !is_url_plan(file) &&
		 !options_is_file(file))
		diag_error(d, where,
		    "\"%s\": one plan is played at a time: write loadgen %.*s",
		    quote(file).text, (int)(len < 60 ? len : 60), file);
}

void options_set_file(struct options *o, const char *word, struct diag *d)
{
	if (o->file == NULL)
		o->file = word;
	else if (is_url_plan(word) && !is_url_plan(o->file))
		diag_error(d, where,
		    "\"%s\": a URL beside the plan \"%s\": write -H %s, or "
		    "give one of them",
		    quote(word).text, quote(o->file).text, quote(word).text);
	else
		diag_error(d, where,
		    "\"%s\": a second plan: give one, \"%s\" was first", word,
		    o->file);
}

/* --- words too many ----------------------------------------------------- */

/* `-t 1m 30s`: the two as one, or NULL; owned by the caller. */
static char *joined_run_time(const struct options *o, const char *word)
{
	const char *first = NULL;
	char *both, *time = NULL;

	for (size_t i = 0; i < o->n_overrides; i++)
		if (strcmp(o->overrides[i].key, "run_time") == 0)
			first = o->overrides[i].value;
	if (first == NULL)
		return NULL;
	both = xasprintf("%s %s", first, word);
	time = meant_duration(both);
	free(both);
	return time;
}

/* A word that is neither the plan nor the task. */
static void tell_extra(struct options *o, const char *word, struct diag *d)
{
	char *time = joined_run_time(o, word);
	const char *tags = o->tags != NULL ? o->tags : o->exclude_tags;

	if (time != NULL)
		diag_error(d, where,
		    "\"%s\": a duration is one word: write -t %s",
		    quote(word).text, time);
	else if (options_is_plan(word))
		options_set_file(o, word, d);
	else if (tags != NULL)
		diag_error(d, where,
		    "\"%s\": tags are separated by commas: write %s %s,%s",
		    quote(word).text,
		    o->tags != NULL ? "--tags" : "--exclude-tags",
		    quote(tags).text, quote(word).text);
	else if (variables_name_defect(word) == NULL)
		diag_error(d, where,
		    "\"%s\": the plan \"%s\" is played as a whole: leave it "
		    "out, or pick tasks with --tags A,B",
		    quote(word).text, quote(o->file).text);
	else
		diag_error(d, where,
		    "\"%s\": neither an option nor the plan, which is \"%s\": "
		    "leave it out",
		    quote(word).text, quote(o->file).text);
	free(time);
}

/* --- all of them -------------------------------------------------------- */

const char *options_behind_once(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "--once") == 0 && argv[i + 1][0] != '-')
			return argv[i + 1];
	return NULL;
}

/* What the first of two words is that is no plan, where the second is one;
 * false: nothing was told. */
static bool tell_first(struct options *o, char **words, struct diag *d)
{
	static const struct {
		const char *word;
		const char *option;
	} commands[] = {
	    {"run", ""},
	    {"start", ""},
	    {"test", ""},
	    {"check", "--check "},
	    {"inspect", "--check "},
	    {"once", "--once "},
	};

	if (options_is_file(words[0]))
		return false;
	if (o->action == ACTION_ONCE && o->once == NULL &&
	    options_is_file(words[1])) {
		diag_error(d, where,
		    "\"%s\": the task stands directly behind --once: write "
		    "--once %s",
		    words[0], words[0]);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(words[0], commands[i].word) != 0)
			continue;
		o->file = words[1];
		diag_error(d, where,
		    "\"%s\": there is no subcommand: write loadgen %s%s",
		    words[0], commands[i].option,
		    script_of(words[1]) != NULL ? "PLAN.ini" : words[1]);
		return true;
	}
	return false;
}

/* The word that is most likely the plan; NULL: there is none but the task. */
static const char *find_plan(int n, char **words, const char *task)
{
	const char *first = NULL;

	for (int i = 0; i < n; i++) {
		if (words[i] == task)
			continue;
		if (options_is_plan(words[i]))
			return words[i];
		if (first == NULL)
			first = words[i];
	}
	return first;
}

void options_take_words(struct options *o, const char *behind_once, int n,
    char **words, struct diag *d)
{
	bool has_plan = o->file != NULL;
	const char *task = NULL, *plan = NULL;

	if (behind_once != NULL && o->once == NULL && (has_plan || n > 1))
		task = behind_once;
	/* --once PLAN TASK */
	if (task == words[0] && n == 2 && !has_plan &&
	    options_is_file(words[0]) && !options_is_file(words[1]))
		task = words[1];
	if (task == NULL && n == 2 && !has_plan && tell_first(o, words, d))
		return;
	if (!has_plan)
		plan = find_plan(n, words, task);
	if (plan != NULL)
		o->file = plan;
	for (int i = 0; i < n; i++) {
		if (words[i] == task)
			o->once = words[i];
		else if (words[i] != plan)
			tell_extra(o, words[i], d);
	}
}
