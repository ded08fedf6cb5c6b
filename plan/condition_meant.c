/*
 * What people mean whose condition is one of another language: with and, or,
 * =>, not, a time without a unit, or the names of parts of an answer. It must
 * not know how conditions are compiled.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "plan/condition_private.h"
#include "plan/meant.h"
#include "plan/values.h"

#define BLANKS " \t\r\n"
#define QUOTES "'\""
/* bare seconds from here on are meant as milliseconds */
#define BARE_MIN_S 60
#define MEANT_MAX  256

static const struct joint {
	const char *word;
	bool is_or;
} joints[] = {{"and", false}, {"&&", false}, {"or", true}, {"||", true}};

/* Whether another condition begins here, or a value for the same. */
static bool is_condition(const struct condition *c, const char *text)
{
	size_t len = strcspn(text, BLANKS "=!<>~");

	if (c->subject == &condition_when_subject)
		return strncmp(text, "${", 2) == 0;
	for (size_t i = 0; i < condition_n_subjects; i++)
		if (strlen(condition_subjects[i].name) == len &&
		    strncmp(condition_subjects[i].name, text, len) == 0)
			return true;
	return c->subject->kind == SUBJECT_QUANTITY;
}

/* The next joint in text with a condition behind it, which is set to be one;
 * NULL: there is none. */
static const char *find_joint(
    const struct condition *c, const char *text, const struct joint **joint)
{
	const char *from = text, *rest;

	for (; *text != '\0'; text += strcspn(text, BLANKS)) {
		text += strspn(text, BLANKS);
		for (size_t i = 0; i < ARRAY_LEN(joints); i++) {
			size_t len = strlen(joints[i].word);

			if (text == from ||
			    strncmp(text, joints[i].word, len) != 0 ||
			    text[len] == '\0' ||
			    strchr(BLANKS, text[len]) == NULL)
				continue;
			rest = text + len + strspn(text + len, BLANKS);
			if (!is_condition(c, rest))
				continue;
			*joint = &joints[i];
			return text;
		}
	}
	return NULL;
}

/* `200 or status == 404` as a list; NULL: it is none. */
static char *listed_statuses(const struct condition *c)
{
	static const char *const fillers[] = {"status", "==", "in"};
	const char *text = c->written;
	struct buf list;
	char *statuses;

	buf_init(&list, MEANT_MAX);
	for (text += strspn(text, BLANKS); *text != '\0';
	     text += strspn(text, BLANKS)) {
		size_t len = strcspn(text, BLANKS);
		bool is_filler = false;

		for (size_t i = 0; i < ARRAY_LEN(fillers); i++)
			is_filler = is_filler ||
				    (strlen(fillers[i]) == len &&
					strncmp(fillers[i], text, len) == 0);
		if (strncmp(text, "or", len) == 0 ||
		    strncmp(text, "||", len) == 0)
			buf_putc(&list, ',');
		else if (!is_filler)
			buf_put(&list, text, len);
		text += len;
	}
	statuses = meant_statuses(buf_text(&list));
	buf_clear(&list);
	return statuses;
}

/* The mend of a joint; owned by the caller. */
static char *mend_joint(
    const struct condition *c, const struct joint *joint, const char *key)
{
	char *statuses = NULL, *mend;

	if (joint->is_or && c->subject == &condition_subjects[0])
		statuses = listed_statuses(c);
	if (statuses != NULL)
		mend = xasprintf("write status in %s", statuses);
	else if (!joint->is_or && strcmp(key, "check") == 0)
		mend = xstrdup("write two checks");
	else if (joint->is_or && strcmp(key, "until") == 0)
		mend = xstrdup("write two lines, one until each");
	else if (joint->is_or && strcmp(key, "fail_if") == 0)
		mend = xstrdup("write two lines, one fail_if each");
	else if (c->subject->kind == SUBJECT_TEXT)
		mend = xstrdup("a condition has one comparison: write the "
			       "value in quotes if this is text");
	else
		mend = xstrdup("a condition has one comparison: remove it");
	free(statuses);
	return mend;
}

char *condition_meant(const struct condition *c, const char *key)
{
	const char *arrow = strstr(c->written, "=> "), *at;
	const struct joint *joint = NULL;
	char *mend, *text;

	if (arrow != NULL && arrow > c->written && arrow[-1] == ' ')
		return xasprintf("\"%s\" is part of the value: did you mean "
				 "\"->\" before a message?",
		    quote(arrow).text);
	at = find_joint(c, c->written, &joint);
	if (at == NULL)
		return NULL;
	mend = mend_joint(c, joint, key);
	text =
	    xasprintf("\"%s\" is part of the value: %s", quote(at).text, mend);
	free(mend);
	return text;
}

/* --- subjects and operators --------------------------------------------- */

static bool is_ok(const char *word, size_t len)
{
	static const char *const words[] = {
	    "ok", "response.ok", "resp.ok", "res.ok", "r.ok"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i]) == len &&
		    strncmp(words[i], word, len) == 0)
			return true;
	return false;
}

/* `"ok" in body`: the text in quotes, and what it is looked for in. */
static char *meant_in(const char *text)
{
	const char *close =
	    strchr(QUOTES, text[0]) != NULL ? strchr(text + 1, text[0]) : NULL;
	const char *rest = close;
	char *part, *mend;

	if (close == NULL)
		return NULL;
	rest += 1 + strspn(close + 1, BLANKS);
	if (strncmp(rest, "in ", 3) != 0)
		return NULL;
	rest += 3 + strspn(rest + 3, BLANKS);
	part = meant_part(rest);
	mend = xasprintf("the answer comes first: write %s contains %.*s",
	    part != NULL
		? quote(part).text
		: (strstr(rest, "text") != NULL ? "body" : quote(rest).text),
	    (int)(close - text - 1), text + 1);
	free(part);
	return mend;
}

char *condition_meant_subject(const char *text)
{
	size_t len = strcspn(text, BLANKS "=!<>~");

	if (text[0] == '\0')
		return NULL;
	if (is_ok(text, len))
		return xstrdup("an answer passes with a status below 400: "
			       "remove it, or write status == 200");
	return meant_in(text);
}

/* What stands behind one of those that turn an operator round; NULL: none. */
static const char *behind_not(const char *text)
{
	static const char *const words[] = {
	    "!", "not ", "doesn't ", "does not "};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t len = strlen(words[i]);

		if (strncmp(text, words[i], len) != 0)
			continue;
		text += len + strspn(text + len, BLANKS);
		return strncmp(text, "contain", 7) == 0 ||
			       strncmp(text, "in ", 3) == 0
			   ? text
			   : NULL;
	}
	return NULL;
}

/* `not contains x`: the same under another key, where there is one. */
static char *meant_not(
    const struct condition *c, const char *key, const char *text)
{
	const char *rest = text + strcspn(text, BLANKS);
	bool is_in = text[0] == 'i';

	rest += strspn(rest, BLANKS);
	if (strcmp(key, "check") == 0 || strcmp(key, "fail_if") == 0)
		return xasprintf("no operator has a not: write %s = %s %s %s",
		    key[0] == 'c' ? "fail_if" : "check", c->label,
		    is_in ? "in" : "contains", quote(rest).text);
	if (is_in)
		return NULL;
	return xasprintf("no operator has a not: write %s !~ %s", c->label,
	    quote(rest).text);
}

/* A value without an operator in front. */
static char *lacks_operator(const struct condition *c, const char *text)
{
	const char *sign = c->subject->parse == parse_duration_us ? "<" : "==";
	char *statuses = NULL, *mend;

	if (c->subject == &condition_subjects[0])
		statuses = meant_statuses(text);
	if (statuses != NULL)
		mend = xasprintf("no operator: write status %s %s",
		    strpbrk(statuses, ",.") != NULL ? "in" : "==", statuses);
	else
		mend = xasprintf("no operator: write %s %s %s", c->label, sign,
		    quote(text).text);
	free(statuses);
	return mend;
}

char *condition_meant_operator(
    const struct condition *c, const char *key, const char *text)
{
	const char *rest = behind_not(text);
	char *copy, *mend;

	if (rest != NULL)
		return meant_not(c, key, rest);
	/* one word, or what looks like a value */
	if (strchr("0123456789\"'", text[0]) == NULL &&
	    strpbrk(text, BLANKS) != NULL)
		return NULL;
	if (strchr("=!<>~", text[0]) != NULL)
		return NULL;
	copy = xstrdup(text);
	mend = lacks_operator(c, trim(copy));
	free(copy);
	return mend;
}

char *condition_meant_time(const struct condition *c)
{
	char time[32];
	uint64_t s;

	if (c->subject->parse != parse_duration_us ||
	    !parse_count(c->written, &s) || s < BARE_MIN_S ||
	    s > UINT64_MAX / US_PER_S)
		return NULL;
	return xasprintf(
	    "%s is %" PRIu64 " seconds: write %" PRIu64 "ms, or %s", c->written,
	    s, s, format_duration(time, sizeof(time), s * US_PER_S));
}
