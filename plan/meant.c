/*
 * What people mean who write a value the way other tools and languages have
 * it. It must not know keys, sections or where a value stands.
 */
#include "plan/meant.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/util.h"
#include "plan/template.h"
#include "plan/values.h"

#define BLANKS  " \t\r\n\v\f"
#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
/* a suggestion that gets longer than this is no help */
#define MEANT_MAX 256

/* What was written into out; NULL: it did not fit or is not good. */
static char *buf_take(struct buf *out, bool is_good)
{
	char *text = NULL;

	if (is_good && !out->full && buf_len(out) > 0)
		text = xstrdup(buf_text(out));
	buf_clear(out);
	return text;
}

/* A copy without the bytes of set. */
static char *without(const char *text, const char *set)
{
	char *copy = xcalloc(strlen(text) + 1, 1);
	size_t len = 0;

	for (; *text != '\0'; text++)
		if (strchr(set, *text) == NULL)
			copy[len++] = *text;
	return copy;
}

/* --- comments, quotes, brackets ----------------------------------------- */

const char *meant_comment(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 1; i < len; i++)
		if (text[i] == '#' && strchr(BLANKS, text[i - 1]) != NULL)
			return text + i;
	return NULL;
}

static const struct {
	char open;
	char close;
	const char *why; /* NULL: it is a list */
} dresses[] = {
    {'"', '"', "a value has no quotes around it: remove the quotes"},
    {'\'', '\'', "a value has no quotes around it: remove the quotes"},
    {'[', ']', NULL},
};

char *meant_value(const char *text)
{
	size_t len = strlen(text);
	char *bare, *hint;

	if (len < 2)
		return NULL;
	if (meant_comment(text) != NULL)
		return xstrdup("a comment behind a value begins with \" ;\", "
			       "not with \"#\"");
	for (size_t i = 0; i < ARRAY_LEN(dresses); i++) {
		if (text[0] != dresses[i].open ||
		    text[len - 1] != dresses[i].close)
			continue;
		if (dresses[i].why != NULL)
			return xstrdup(dresses[i].why);
		bare = without(text, "[]\"'\n");
		hint = xasprintf("a list has no brackets and quotes: write %s",
		    quote(trim(bare)).text);
		free(bare);
		return hint;
	}
	return NULL;
}

/* --- URLs --------------------------------------------------------------- */

static bool looks_like_host(const char *text, size_t len)
{
	char *host = xstrndup(text, len);
	const char *port = strrchr(host, ':');
	bool yes;

	yes = strncasecmp(host, "www.", 4) == 0 ||
	      strcasecmp(host, "localhost") == 0 ||
	      address_defect(host) == NULL ||
	      (port != NULL && port > host && port[1] != '\0' &&
		  port[1 + strspn(port + 1, DIGITS)] == '\0');
	free(host);
	return yes;
}

char *meant_url(const char *text)
{
	static const char *const schemes[] = {"https", "http"};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t len = strlen(schemes[i]);
		const char *rest = text + len;
		size_t signs;

		if (strncasecmp(text, schemes[i], len) != 0)
			continue;
		signs = strspn(rest, ":/");
		if (rest[signs] != '\0' && (signs > 1 || rest[0] == ':'))
			return xasprintf("%s://%s", schemes[i], rest + signs);
	}
	if (looks_like_host(text, strcspn(text, "/?")))
		return xasprintf("http://%s", text);
	return NULL;
}

/* --- durations ---------------------------------------------------------- */

static const struct unit_word {
	const char *word;
	const char *unit;
} unit_words[] = {
    {"us", "us"},
    {"usec", "us"},
    {"\xc2\xb5s", "us"},
    {"microseconds", "us"},
    {"ms", "ms"},
    {"msec", "ms"},
    {"msecs", "ms"},
    {"millis", "ms"},
    {"millisecond", "ms"},
    {"milliseconds", "ms"},
    {"s", "s"},
    {"sec", "s"},
    {"secs", "s"},
    {"second", "s"},
    {"seconds", "s"},
    {"m", "m"},
    {"min", "m"},
    {"mins", "m"},
    {"minute", "m"},
    {"minutes", "m"},
    {"h", "h"},
    {"hr", "h"},
    {"hrs", "h"},
    {"hour", "h"},
    {"hours", "h"},
};

/* The unit of a number that has none, behind one that has: 1h20, 1m30. */
static const struct unit_word units_below[] = {
    {"", "s"},
    {"h", "m"},
    {"m", "s"},
    {"s", "ms"},
};

static const char *find_unit(
    const struct unit_word *words, size_t n, const char *word, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(words[i].word) == len &&
		    strncasecmp(words[i].word, word, len) == 0)
			return words[i].unit;
	return NULL;
}

/* One number with its unit at *p, which is moved behind it. */
static bool put_duration_part(
    const char **p, const char **unit, struct buf *out)
{
	const char *word;
	size_t len = strspn(*p, DIGITS ".");

	buf_put(out, *p, len);
	word = *p + len + strspn(*p + len, BLANKS);
	*p = word + strcspn(word, BLANKS DIGITS);
	if (len == 0 || (*p == word && *word != '\0'))
		return false;
	if (*p > word)
		*unit = find_unit(unit_words, ARRAY_LEN(unit_words), word,
		    (size_t)(*p - word));
	else
		*unit = find_unit(
		    units_below, ARRAY_LEN(units_below), *unit, strlen(*unit));
	if (*unit != NULL)
		buf_puts(out, *unit);
	*p += strspn(*p, BLANKS);
	return *unit != NULL;
}

char *meant_duration(const char *text)
{
	const char *unit = "";
	bool is_good = true;
	struct buf out;
	uint64_t us;

	buf_init(&out, MEANT_MAX);
	text += strspn(text, BLANKS);
	while (is_good && *text != '\0')
		is_good = put_duration_part(&text, &unit, &out);
	is_good = is_good && !out.full && buf_len(&out) > 0 &&
		  parse_duration_us(buf_text(&out), &us);
	return buf_take(&out, is_good);
}

/* `LOW..HIGH` of the two; LOW may have its unit from HIGH. */
static char *meant_range(const char *low, const char *high)
{
	const char *unit = high + strspn(high, BLANKS DIGITS ".");
	char *range = NULL, *whole, *from, *to;
	struct wait wait;

	if (low[strspn(low, BLANKS DIGITS ".")] != '\0' ||
	    find_unit(unit_words, ARRAY_LEN(unit_words), unit, strlen(unit)) ==
		NULL)
		unit = "";
	whole = xasprintf("%s%s", low, unit);
	from = meant_duration(whole);
	to = meant_duration(high);
	if (from != NULL && to != NULL)
		range = xasprintf("%s..%s", from, to);
	if (range != NULL && wait_parse(range, false, &wait) != NULL) {
		free(range);
		range = NULL;
	}
	free(whole);
	free(from);
	free(to);
	return range;
}

/* The two numbers of Locust's between(), or the one of the others; NULL where
 * the text between the brackets is something else. */
static char *call_of(const char *name, size_t len, const char *args)
{
	static const struct {
		const char *name;
		const char *front;
		const char *behind;
	} calls[] = {
	    {"constant", "", "s"},
	    {"constant_pacing", "pace ", "s"},
	    {"constant_throughput", "rate ", "/s"},
	};
	const char *comma = strchr(args, ',');
	char *low, *wait = NULL;
	double n;

	if (len == strlen("between") && strncmp(name, "between", len) == 0 &&
	    comma != NULL) {
		low = xstrndup(args, (size_t)(comma - args));
		wait = meant_range(trim(low), comma + 1);
		free(low);
		return wait;
	}
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (len == strlen(calls[i].name) &&
		    strncmp(name, calls[i].name, len) == 0 &&
		    parse_number(args, &n))
			return xasprintf(
			    "%s%s%s", calls[i].front, args, calls[i].behind);
	return NULL;
}

char *meant_wait_call(const char *text)
{
	size_t len = strcspn(text, "("), end = strlen(text);
	char *args, *wait;

	if (text[len] == '\0' || text[end - 1] != ')')
		return NULL;
	args = xstrndup(text + len + 1, end - len - 2);
	wait = call_of(text, len, args);
	free(args);
	return wait;
}

char *meant_wait(const char *text)
{
	static const char *const dashes[] = {
	    "..", "-", "\xe2\x80\x93", " to ", ","};
	char *low, *meant = meant_wait_call(text), *hint;

	if (meant != NULL) {
		hint = xasprintf("a wait is no call: write %s", meant);
		free(meant);
		return hint;
	}
	for (size_t i = 0; i < ARRAY_LEN(dashes) && meant == NULL; i++) {
		const char *at = strstr(text, dashes[i]);

		if (at == NULL)
			continue;
		low = xstrndup(text, (size_t)(at - text));
		meant = meant_range(low, at + strlen(dashes[i]));
		free(low);
	}
	if (meant != NULL) {
		hint = xasprintf("a range is %s", meant);
	} else {
		meant = meant_duration(text);
		hint = meant == NULL ? NULL
				     : xasprintf("not a duration: did you mean "
						 "\"%s\"?",
					   meant);
	}
	free(meant);
	return hint;
}

/* --- rates -------------------------------------------------------------- */

/* What is counted, alone or in front of the slash. */
static bool is_counted(const char *word, size_t len)
{
	static const char *const words[] = {"", "r", "req", "reqs", "request",
	    "requests", "task", "tasks", "iter", "iters", "iteration",
	    "iterations"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i]) == len &&
		    strncasecmp(words[i], word, len) == 0)
			return true;
	return false;
}

/* The unit behind a number: `s`, `m` or `h`; NULL: none. */
static const char *rate_unit(const char *word)
{
	static const struct {
		const char *word;
		const char *unit;
	} whole[] = {{"rps", "s"}, {"tps", "s"}, {"qps", "s"}, {"rpm", "m"}};
	const char *slash = strchr(word, '/'), *unit;
	size_t len;

	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		if (strcasecmp(whole[i].word, word) == 0)
			return whole[i].unit;
	if (slash == NULL)
		return NULL;
	len = (size_t)(slash - word);
	while (len > 0 && strchr(BLANKS, word[len - 1]) != NULL)
		len--;
	slash += 1 + strspn(slash + 1, BLANKS);
	unit =
	    find_unit(unit_words, ARRAY_LEN(unit_words), slash, strlen(slash));
	return is_counted(word, len) && unit != NULL && unit[1] == '\0' ? unit
									: NULL;
}

char *meant_rate(const char *text)
{
	size_t len = strspn(text, DIGITS ".");
	const char *word = text + len + strspn(text + len, BLANKS);
	const char *unit = rate_unit(word);
	char *rate = NULL;
	double per_s;

	if (len > 0 && unit != NULL)
		rate = xasprintf("%.*s/%s", (int)len, text, unit);
	if (rate == NULL || parse_rate(rate, &per_s))
		return rate;
	free(rate);
	return NULL;
}

/* --- statuses ----------------------------------------------------------- */

static bool is_status(const char *text)
{
	return text[0] >= '1' && text[0] <= '5' && strspn(text, DIGITS) == 3;
}

/* `200`, `200-299`, `200..299` or `2xx`. */
static bool put_statuses(const char *word, struct buf *out)
{
	const char *rest;

	if (word[0] >= '1' && word[0] <= '5' &&
	    strcasecmp(word + 1, "xx") == 0) {
		buf_printf(out, "%c00..%c99", word[0], word[0]);
		return true;
	}
	if (!is_status(word))
		return false;
	rest = word + 3 + strspn(word + 3, "-." BLANKS);
	if (*rest == '\0')
		buf_puts(out, word);
	else if (rest > word + 3 && is_status(rest) && rest[3] == '\0')
		buf_printf(out, "%.3s..%s", word, rest);
	else
		return false;
	return word[3] == '\0' || *rest != '\0';
}

char *meant_statuses(const char *text)
{
	char *bare = without(text, "[](){}\"'");
	struct words list = {0};
	bool is_good = words_split(&list, bare) == NULL;
	struct buf out;

	buf_init(&out, MEANT_MAX);
	for (size_t i = 0; i < list.n && is_good; i++) {
		if (i > 0)
			buf_puts(&out, ", ");
		is_good = put_statuses(list.at[i], &out);
	}
	words_clear(&list);
	free(bare);
	return buf_take(&out, is_good);
}

/* --- JSON pointers ------------------------------------------------------ */

/* The length of a place in an array, `[0]` or `[*]`, or 0. */
static size_t place_len(const char *text)
{
	size_t len = text[0] == '[' ? strspn(text + 1, DIGITS) : 0;

	if (text[0] == '[' && text[1] == '*')
		len = 1;
	return len > 0 && text[1 + len] == ']' ? len + 2 : 0;
}

char *meant_pointer(const char *text)
{
	bool is_path = text[0] == '/';
	char *meant = xcalloc(strlen(text) + 2, 1);
	size_t len = 0;

	if (!is_path) {
		text += *text == '$';
		meant[len++] = '/';
	}
	for (; *text != '\0'; text++) {
		bool is_cut = is_path ? place_len(text) > 0
				      : *text == '.' || *text == '[';

		if (is_cut && (len == 0 || meant[len - 1] != '/'))
			meant[len++] = '/';
		if (is_path && is_cut)
			while (text[1] != ']')
				meant[len++] = *++text;
		else if (is_path || strchr(".[]'\"", *text) == NULL)
			meant[len++] = *text;
		if (is_path && is_cut)
			text++;
	}
	return meant;
}

/* --- parts of an answer ------------------------------------------------- */

static const struct {
	const char *front;
	const char *part;
} parts[] = {
    {"response.json", "json"},
    {"resp.json", "json"},
    {"res.json", "json"},
    {"r.json", "json"},
    {"json", "json"},
    {"response.headers", "header"},
    {"resp.headers", "header"},
    {"res.headers", "header"},
    {"r.headers", "header"},
    {"headers", "header"},
    {"header", "header"},
    {"response.cookies", "cookie"},
    {"res.cookies", "cookie"},
    {"cookies", "cookie"},
    {"cookie", "cookie"},
};

char *meant_part(const char *text)
{
	char *rest, *pointer, *part = NULL;

	for (size_t i = 0; i < ARRAY_LEN(parts) && part == NULL; i++) {
		size_t len = strlen(parts[i].front);

		if (strncmp(text, parts[i].front, len) != 0 ||
		    text[len] == '\0' || strchr(".[(", text[len]) == NULL)
			continue;
		if (strcmp(parts[i].part, "json") == 0) {
			rest = without(text + len, "()");
			pointer = rest[0] != '\0' ? meant_pointer(rest) : NULL;
		} else {
			rest = without(text + len, "()[]\"'");
			pointer = xstrdup(rest + (rest[0] == '.'));
		}
		if (pointer != NULL && pointer[0] != '\0')
			part = xasprintf("%s %s", parts[i].part, pointer);
		free(pointer);
		free(rest);
	}
	return part;
}

/* --- variables ---------------------------------------------------------- */

/* The variable that goes by this name in the plan: its own, or the column of a
 * [data]; NULL: none. */
static const char *plan_name(
    const struct variables *v, const char *name, size_t len)
{
	const struct variable *own =
	    v != NULL ? variables_find(v, name, len) : NULL;

	if (own != NULL)
		return own->name;
	for (size_t i = 0; v != NULL && i < v->n; i++) {
		const char *dot = strchr(v->at[i]->name, '.');

		if (v->at[i]->kind == VARIABLE_COLUMN && dot != NULL &&
		    strlen(dot + 1) == len && strncmp(dot + 1, name, len) == 0)
			return v->at[i]->name;
	}
	return NULL;
}

/* How much of a name is one of a variable, or 0. A dot may end a sentence. */
static size_t known_len(const char *name, const struct variables *v)
{
	size_t len = strspn(name, LETTERS DIGITS "_.");

	while (len > 0 && name[len - 1] == '.')
		len--;
	if (len > 0 && (template_knows(name, len) ||
			   (v != NULL && variables_find(v, name, len) != NULL)))
		return len;
	return 0;
}

/* `{name}`, `<name>` at the front of text: of the plan, or in a URL any. */
static char *braced(const char *text, const struct variables *v, bool is_url)
{
	const char *name = text + 1, *own;
	size_t len = strspn(name, LETTERS DIGITS "_.");
	bool is_closed = name[len] == (*text == '{' ? '}' : '>');

	if (len == 0 || !is_closed || strchr(DIGITS, name[0]) != NULL)
		return NULL;
	own = plan_name(v, name, len);
	if (own != NULL)
		return xasprintf("${%s}", own);
	if (!is_url || len > MEANT_MAX)
		return NULL;
	return xasprintf("${%.*s}", (int)len, name);
}

/* `{{name}}` or `$name` at the front of text. */
static char *marked(const char *text, const struct variables *v)
{
	const char *name = text + 1;
	size_t len = 0;

	if (strncmp(text, "{{", 2) == 0) {
		name = text + 2 + strspn(text + 2, "$" BLANKS);
		len = strspn(name, LETTERS DIGITS "_.");
	} else if (*text == '$') {
		len = known_len(name, v);
	}
	if (len == 0)
		return NULL;
	return xasprintf(
	    "${%.*s}", (int)(len < MEANT_MAX ? len : MEANT_MAX), name);
}

/* Whether a `<` at `at` begins a part of a URL. */
static bool begins_angle(const char *url, const char *at)
{
	return *at == '<' && at > url && strchr("/=", at[-1]) != NULL;
}

char *meant_variable(const char *text, const struct variables *v, bool is_url)
{
	const char *next, *from = text;
	char *meant = NULL;

	for (; *text != '\0' && meant == NULL; text = next) {
		next = skip_variable(text);
		if (next > text)
			continue;
		next = text + 1;
		meant = marked(text, v);
		if (meant == NULL &&
		    (*text == '{' || (is_url && begins_angle(from, text))))
			meant = braced(text, v, is_url);
	}
	return meant;
}
