/*
 * Conditions on an answer, from their text: one table of what can be looked
 * at, one of how it can be compared. It must not know what follows from a
 * failure.
 */
#include "plan/condition.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/condition_private.h"
#include "plan/meant.h"
#include "plan/phrase.h"
#include "plan/values.h"

static const struct comparison comparisons[] = {
    {"==", COMPARE_EQUAL, false, true, false},
    {"!=", COMPARE_EQUAL, true, false, true},
    {"<", COMPARE_ORDER, true, false, false},
    {"<=", COMPARE_ORDER, true, true, false},
    {">", COMPARE_ORDER, false, false, true},
    {">=", COMPARE_ORDER, false, true, true},
    {"in", COMPARE_IN, false, true, false},
    {"contains", COMPARE_CONTAINS, false, true, false},
    {"~", COMPARE_MATCH, false, true, false},
    {"!~", COMPARE_MATCH, true, false, true},
    {"exists", COMPARE_EXISTS, false, true, false},
    {"missing", COMPARE_MISSING, false, true, false},
};

/* One text on its way to a condition. */
struct compiler {
	struct condition *c;
	struct phrase phrase;
	struct variables *variables;
};

static bool is_equality(const struct comparison *comparison)
{
	return comparison->kind == COMPARE_EQUAL && comparison->at;
}

/* --- operators ---------------------------------------------------------- */

/* What other languages call some operators. Spelling is no help with signs:
 * each of them is one letter from most others. */
static const struct slip {
	const char *word;
	const char *meant;
} slips[] = {
    {"=", "=="},
    {"===", "=="},
    {"is", "=="},
    {"equals", "=="},
    {"<>", "!="},
    {"!==", "!="},
    {"=<", "<="},
    {"=>", ">="},
    {"=~", "~"},
    {"~=", "~"},
    {"matches", "~"},
    {"!=~", "!~"},
    {"has", "contains"},
    {"includes", "contains"},
};

static const char *find_slip(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(slips); i++)
		if (strcmp(word, slips[i].word) == 0)
			return slips[i].meant;
	return NULL;
}

/* NULL: none is near. */
static const char *nearest_comparison(
    const char *word, const char *const *names, size_t n)
{
	const char *meant = find_slip(word);

	for (size_t i = 0; i < n && meant != NULL; i++)
		if (strcmp(names[i], meant) == 0)
			return names[i];
	return is_sign_word(word) ? NULL : nearest_word(word, names, n);
}

static void complain_of_word(const struct compiler *k, const char *kind,
    const char *word, const char *near, const char *const *names, size_t n)
{
	struct buf all;

	if (near != NULL) {
		phrase_error(&k->phrase,
		    "unknown %s \"%s\": did you mean \"%s\"?", kind, word,
		    near);
		return;
	}
	buf_init(&all, 256);
	for (size_t i = 0; i < n; i++)
		buf_printf(&all, "%s%s", i > 0 ? " " : "", names[i]);
	phrase_error(&k->phrase, "unknown %s \"%s\": write one of: %s", kind,
	    word, buf_text(&all));
	buf_clear(&all);
}

static const struct comparison *find_comparison(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(comparisons); i++)
		if (strcmp(word, comparisons[i].name) == 0)
			return &comparisons[i];
	return NULL;
}

/* One that makes no sense for the subject is as good as unknown. */
static bool suits(
    const struct subject *subject, const struct comparison *comparison)
{
	return (subject->comparisons >> comparison->kind & 1) != 0;
}

/* The word is the first of the text. */
static void complain_of_comparison(const struct compiler *k, const char *word,
    const char *text, const char *const *names, size_t n)
{
	const char *near = nearest_comparison(word, names, n);
	char *meant = NULL;

	if (near == NULL && find_comparison(word) == NULL &&
	    find_slip(word) == NULL)
		meant = condition_meant_operator(k->c, k->phrase.what, text);
	if (meant != NULL)
		phrase_error(&k->phrase, "%s", meant);
	else
		complain_of_word(k, "operator", word, near, names, n);
	free(meant);
}

static bool compile_comparison(struct compiler *k)
{
	const struct subject *subject = k->c->subject;
	const char *names[ARRAY_LEN(comparisons)], *from = k->phrase.rest;
	const struct comparison *found;
	size_t n = 0;
	char *word;

	if (phrase_is_at_end(&k->phrase)) {
		phrase_error(
		    &k->phrase, "no operator: write %s", subject->example);
		return false;
	}
	word = phrase_word(&k->phrase);
	found = find_comparison(word);
	if (found != NULL && !suits(subject, found))
		found = NULL;
	for (size_t i = 0; i < ARRAY_LEN(comparisons); i++)
		if (suits(subject, &comparisons[i]))
			names[n++] = comparisons[i].name;
	if (found == NULL)
		complain_of_comparison(k, word, from, names, n);
	k->c->comparison = found;
	free(word);
	return found != NULL;
}

/* --- subjects ----------------------------------------------------------- */

static bool compile_header(struct compiler *k, char *name)
{
	k->c->name = name;
	if (is_token(name, strlen(name)))
		return true;
	if (*name == '\0')
		phrase_error(&k->phrase, "no name of a header: write %s",
		    k->c->subject->example);
	else
		phrase_error(&k->phrase,
		    "\"%s\" is no name of a header: write %s", quote(name).text,
		    k->c->subject->example);
	return false;
}

static bool compile_pointer(struct compiler *k, char *text, bool is_written)
{
	char *defect;

	if (!is_written) {
		phrase_error(
		    &k->phrase, "no pointer: write %s", k->c->subject->example);
		free(text);
		return false;
	}
	k->c->pointer = json_pointer_compile(text, false, &defect);
	if (k->c->pointer == NULL) {
		phrase_error(
		    &k->phrase, "\"%s\": %s", quote(text).text, defect);
		free(defect);
	} else {
		phrase_warn_of_places(&k->phrase, text);
	}
	free(text);
	return k->c->pointer != NULL;
}

/* The header's name, or the pointer. */
static bool compile_argument(struct compiler *k, const char *from)
{
	const struct subject *subject = k->c->subject;
	const char *start = k->phrase.rest;
	size_t len;
	char *name;

	if (subject->takes != TAKES_NOTHING) {
		name = phrase_name(&k->phrase, true);
		if (name != NULL)
			name = phrase_fill(&k->phrase, k->variables,
			    subject->takes == TAKES_HEADER ? "a header's name"
							   : "a pointer",
			    name);
		if (name == NULL)
			return false;
		if (subject->takes == TAKES_HEADER) {
			if (!compile_header(k, name))
				return false;
		} else if (!compile_pointer(k, name, k->phrase.rest > start)) {
			return false;
		}
	}
	len = (size_t)(k->phrase.rest - from);
	while (len > 0 && strchr(" \t\r\n", from[len - 1]) != NULL)
		len--;
	k->c->label = xstrndup(from, len);
	return true;
}

/* What other tools call some subjects. */
static const struct slip subject_slips[] = {
    {"code", "status"},
    {"status_code", "status"},
    {"response.status", "status"},
    {"response.status_code", "status"},
    {"elapsed", "time"},
    {"duration", "time"},
    {"response_time", "time"},
    {"jsonpath", "json"},
    {"text", "body"},
    {"response.text", "body"},
    {"response.body", "body"},
    {"response.content", "body"},
    {"res.body", "body"},
    {"r.body", "body"},
    {"content", "body"},
    {"res.status", "status"},
    {"r.status", "status"},
    {"response.elapsed", "time"},
    {"response.url", "url"},
    {"len", "size"},
    {"length", "size"},
    {"len(body)", "size"},
    {"len(response.text)", "size"},
    {"body.length", "size"},
    {"response.length", "size"},
};

static void complain_of_subject(const struct compiler *k, const char *word,
    const char *const *names, size_t n)
{
	const char *near = nearest_word(word, names, n);
	char *pointer = NULL, *meant = meant_part(word);
	char *mend = condition_meant_subject(k->c->text);

	if (mend != NULL) {
		phrase_error(&k->phrase, "%s", mend);
		free(mend);
		free(meant);
		return;
	}
	if (strncmp(meant != NULL ? meant : word, "cookie", 6) == 0) {
		free(meant);
		phrase_error(&k->phrase,
		    "cookie is for captures: write capture.NAME = cookie "
		    "session, which fails where there is none");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(subject_slips); i++)
		if (strcmp(word, subject_slips[i].word) == 0)
			near = subject_slips[i].meant;
	if (meant == NULL && strchr("$./", word[0]) != NULL) {
		pointer = meant_pointer(word);
		meant = xasprintf("json %s", pointer);
	}
	complain_of_word(
	    k, "subject", word, meant != NULL ? meant : near, names, n);
	free(pointer);
	free(meant);
}

static bool compile_subject(struct compiler *k)
{
	const char *names[16], *from = k->phrase.rest;
	char *word;
	size_t i;

	if (phrase_is_at_end(&k->phrase)) {
		phrase_error(&k->phrase, "no condition: write %s",
		    condition_subjects[0].example);
		return false;
	}
	word = phrase_word(&k->phrase);
	for (i = 0; i < condition_n_subjects && i < ARRAY_LEN(names); i++) {
		names[i] = condition_subjects[i].name;
		if (strcmp(word, names[i]) == 0)
			k->c->subject = &condition_subjects[i];
	}
	if (k->c->subject == NULL)
		complain_of_subject(k, word, names, i);
	free(word);
	return k->c->subject != NULL && compile_argument(k, from);
}

/* --- values ------------------------------------------------------------- */

/* A status in the words of another language. */
static bool complain_of_statuses(const struct compiler *k, const char *word)
{
	const struct comparison *comparison = k->c->comparison;
	char *statuses;

	/* what is put together differently, "!= 200, 201", has no such list */
	if (comparison->kind != COMPARE_IN && !is_equality(comparison))
		return false;
	statuses = meant_statuses(k->c->written);
	if (statuses != NULL)
		phrase_error(&k->phrase, "\"%s\" is not %s: write %s %s %s",
		    word, k->c->subject->noun, k->c->subject->name,
		    strpbrk(statuses, ",.") != NULL ? "in" : "==", statuses);
	free(statuses);
	return statuses != NULL;
}

static void complain_of_kind(const struct compiler *k, const char *word)
{
	const struct subject *subject = k->c->subject;
	char *meant;

	if (subject->kind == SUBJECT_TEXT) {
		phrase_error(&k->phrase,
		    "\"%s\" is not a number: write one like 10 or 0.5",
		    quote(word).text);
		return;
	}
	meant = condition_meant(k->c, k->phrase.what);
	if (meant == NULL)
		meant = meant_value(k->c->written);
	if (meant != NULL)
		phrase_error(&k->phrase, "%s", meant);
	else
		phrase_error(&k->phrase, "\"%s\" is not %s: %s", word,
		    subject->noun, subject->mend);
	free(meant);
}

static void complain_of_value(
    const struct compiler *k, const struct mistake *mistake)
{
	switch (mistake->kind) {
	case MISTAKE_KIND:
		if (k->c->subject != &condition_subjects[0] ||
		    !complain_of_statuses(k, mistake->word))
			complain_of_kind(k, mistake->word);
		break;
	case MISTAKE_ORDER:
		phrase_error(&k->phrase, "%s is more than %s: write %s..%s",
		    mistake->word, mistake->high, mistake->high, mistake->word);
		break;
	case MISTAKE_EMPTY:
		phrase_error(&k->phrase,
		    "nothing stands between two commas: write A, B");
		break;
	}
}

static bool compile_regex(struct compiler *k)
{
	char *defect;

	k->c->regex = regex_compile(k->c->fixed, false, &defect);
	if (k->c->regex == NULL) {
		phrase_error(&k->phrase, "%s", defect);
		free(defect);
	}
	return k->c->regex != NULL;
}

/* What may be meant otherwise, though it can be understood. */
static void warn_of_meant(const struct compiler *k)
{
	size_t len = strlen(k->c->written);
	char *meant = NULL;

	if (k->c->subject->kind == SUBJECT_QUANTITY) {
		meant = condition_meant_time(k->c);
	} else if (k->c->comparison->kind != COMPARE_MATCH) {
		meant = condition_meant(k->c, k->phrase.what);
		/* 'x' where "x" is meant */
		if (meant == NULL && len >= 2 && k->c->written[0] == '\'' &&
		    k->c->written[len - 1] == '\'')
			meant = xstrdup("the quotes ' are part of the value: "
					"leave them out, or write \"");
	}
	if (meant != NULL)
		phrase_warning(&k->phrase, "%s", meant);
	free(meant);
}

static struct scratch *scratch_new(void)
{
	struct scratch *s = xcalloc(1, sizeof(*s));

	buf_init(&s->left, VALUE_MAX_BYTES);
	buf_init(&s->value, VALUE_MAX_BYTES);
	return s;
}

/* The value that was read as written. */
static bool compile_value(struct compiler *k)
{
	struct condition *c = k->c;
	struct mistake mistake = {0};
	size_t len;

	c->value = template_compile(c->written, ENCODE_NONE, k->variables,
	    k->phrase.d, k->phrase.where, k->phrase.what);
	if (c->value == NULL)
		return false;
	if (!template_is_static(c->value)) {
		if (c->comparison->kind != COMPARE_MATCH)
			return true;
		phrase_error(&k->phrase,
		    "an expression behind %s cannot vary: "
		    "write contains, or == with variables",
		    c->comparison->name);
		return false;
	}
	c->fixed = xstrdup(template_text(c->value, &len));
	if (c->comparison->kind == COMPARE_MATCH)
		return compile_regex(k);
	if (expectation_read(&c->expected, c, c->fixed, len, &mistake))
		return true;
	complain_of_value(k, &mistake);
	return false;
}

static bool read_value(struct compiler *k)
{
	struct phrase *p = &k->phrase;
	bool is_quoted = *p->rest == '"';

	if (phrase_is_at_end(p)) {
		phrase_error(p, "no value: write %s", k->c->subject->example);
		return false;
	}
	k->c->written = phrase_value(p);
	if (k->c->written == NULL)
		return false;
	if (!phrase_is_at_end(p)) {
		phrase_error(p,
		    "\"%s\" behind the value: write -> before a message%s",
		    p->rest,
		    k->c->subject->kind == SUBJECT_TEXT
			? ", and \\\" for a quote in a value in quotes"
			: "");
		return false;
	}
	if (!is_quoted)
		warn_of_meant(k);
	return true;
}

static bool read_no_value(struct compiler *k)
{
	if (phrase_is_at_end(&k->phrase))
		return true;
	phrase_error(&k->phrase,
	    "\"%s\" behind %s, which takes no value: "
	    "write -> before a message",
	    k->phrase.rest, k->c->comparison->name);
	return false;
}

static bool read_message(struct compiler *k)
{
	const char *message;

	if (*k->phrase.rest == '\0')
		return true;
	if (k->c->left != NULL) {
		phrase_error(&k->phrase, "a message is of no use here: remove "
					 "it, or write a value with -> in it "
					 "in quotes");
		return false;
	}
	message = phrase_behind_arrow(&k->phrase);
	if (*message == '\0') {
		phrase_error(&k->phrase, "no message behind ->: write one, or "
					 "leave -> out");
		return false;
	}
	k->c->message = phrase_fill(
	    &k->phrase, k->variables, "a message", xstrdup(message));
	return k->c->message != NULL;
}

/* All that stands behind the subject. */
static bool compile_rest(struct compiler *k)
{
	bool takes_value;

	if (!compile_comparison(k))
		return false;
	takes_value = k->c->comparison->kind != COMPARE_EXISTS &&
		      k->c->comparison->kind != COMPARE_MISSING;
	if (!(takes_value ? read_value(k) : read_no_value(k)) ||
	    !read_message(k))
		return false;
	if (takes_value && !compile_value(k))
		return false;
	if ((k->c->value != NULL && !template_is_static(k->c->value)) ||
	    k->c->left != NULL)
		k->c->scratch = scratch_new();
	return true;
}

/* --- the whole ---------------------------------------------------------- */

struct condition *condition_compile(const char *text, struct variables *v,
    struct diag *d, struct where where, const char *what)
{
	struct compiler k = {.variables = v};
	struct condition *c = k.c = xcalloc(1, sizeof(*c));
	char *copy = xstrdup(text);

	c->text = xstrdup(trim(copy));
	free(copy);
	k.phrase = (struct phrase) {c->text, c->text, d, where, what};
	if (compile_subject(&k) && compile_rest(&k))
		return c;
	condition_free(c);
	return NULL;
}

void condition_free(struct condition *c)
{
	if (c == NULL)
		return;
	if (c->scratch != NULL) {
		buf_clear(&c->scratch->left);
		buf_clear(&c->scratch->value);
		expectation_clear(&c->scratch->expected);
	}
	free(c->scratch);
	expectation_clear(&c->expected);
	regex_free(c->regex);
	template_free(c->left);
	template_free(c->value);
	json_pointer_free(c->pointer);
	free(c->fixed);
	free(c->written);
	free(c->name);
	free(c->message);
	free(c->label);
	free(c->text);
	free(c);
}

bool condition_is_about_status(const struct condition *c)
{
	return c->subject == &condition_subjects[0];
}

bool condition_needs_body(const struct condition *c)
{
	return c->subject->needs_body;
}

const char *condition_text(const struct condition *c)
{
	return c->text;
}

/* --- when --------------------------------------------------------------- */

/* Where the operator begins: signs, or a word that is one; the end of the text
 * when there is none. What stands in ${} is skipped. */
static const char *find_operator(const char *text)
{
	const char *p = text, *next;
	size_t len;
	char *word;
	bool is_one;

	for (; *p != '\0'; p = next) {
		next = skip_variable(p);
		if (next > p)
			continue;
		next = p + 1;
		if (is_sign_word(p))
			return p;
		if (p > text && strchr(" \t\r\n", p[-1]) == NULL)
			continue;
		len = strcspn(p, " \t\r\n");
		word = xstrndup(p, len);
		is_one = p > text && find_comparison(word) != NULL;
		free(word);
		if (is_one)
			return p;
	}
	return p;
}

/* In quotes, or all up to the operator. */
static char *read_left(struct phrase *p)
{
	const char *from = p->rest, *end;

	if (*from == '"')
		return phrase_value(p);
	end = find_operator(from);
	p->rest = end;
	while (end > from && strchr(" \t\r\n", end[-1]) != NULL)
		end--;
	return xstrndup(from, (size_t)(end - from));
}

static bool compile_left(struct compiler *k)
{
	struct phrase *p = &k->phrase;

	k->c->label = read_left(p);
	if (k->c->label == NULL)
		return false;
	k->c->left = template_compile(
	    k->c->label, ENCODE_NONE, k->variables, p->d, p->where, p->what);
	return k->c->left != NULL;
}

static bool check_when(struct compiler *k)
{
	if (strstr(k->c->text, "${") != NULL)
		return true;
	if (k->c->value == NULL)
		phrase_error(&k->phrase, "nothing but a variable can be there "
					 "or missing: write one like ${token}");
	else
		phrase_warning(&k->phrase,
		    "there is no variable in it: write "
		    "one like %s",
		    k->c->subject->example);
	return k->c->value != NULL;
}

struct condition *condition_compile_when(
    const char *text, struct variables *v, struct diag *d, struct where where)
{
	struct compiler k = {.variables = v};
	struct condition *c = k.c = xcalloc(1, sizeof(*c));
	char *copy = xstrdup(text);

	c->subject = &condition_when_subject;
	c->text = xstrdup(trim(copy));
	free(copy);
	k.phrase = (struct phrase) {c->text, c->text, d, where, "when"};
	if (*c->text == '\0')
		phrase_error(
		    &k.phrase, "no condition: write %s", c->subject->example);
	else if (compile_left(&k) && compile_rest(&k) && check_when(&k))
		return c;
	condition_free(c);
	return NULL;
}
