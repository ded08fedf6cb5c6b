/*
 * Matches within limits. It must not know where texts come from.
 */
#include "plan/regex.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/regex_machine.h"
#include "plan/regex_places.h"

enum {
	PATIENCE = 4,         /* steps for each byte, then a search */
	GROUP_CALL = 128,     /* steps of regexec(), however short the match */
	GROUP_STEPS = 8,      /* for each byte and each place or sign */
	LEARNT_MAX = 1 << 19, /* bytes of matches * places and signs */
	FEW_STATES = 512      /* for each character of the expression */
};

struct regex {
	struct machine *match;  /* owned */
	struct machine *search; /* owned; NULL: it would be too large */
	/* for groups */
	char *text; /* owned; NULL: there is none, or it is not wanted */
	regex_t posix;
	size_t cost;     /* of a byte in a match: places and signs */
	bool is_learner; /* regexec() makes states without a limit */
	size_t learnt;   /* bytes * cost, since it was compiled */
};

/* --- compiling ---------------------------------------------------------- */

static char *compile_posix(regex_t *posix, const char *text)
{
	int code = regcomp(posix, text, REG_EXTENDED);
	char why[128];

	if (code == 0)
		return NULL;
	regerror(code, posix, why, sizeof(why));
	if (why[0] >= 'A' && why[0] <= 'Z')
		why[0] = (char)(why[0] - 'A' + 'a');
	return xasprintf("not a regular expression: %s: write a POSIX "
			 "extended one",
	    why);
}

/* For a group regexec() goes over the match forwards and then backwards, and
 * makes a state for each pair that it meets. It looks for them in a table of as
 * many lists as the expression has characters. */
static bool is_learner(
    const struct expression *e, const struct machine *match, size_t characters)
{
	struct expression *reverse = xcalloc(1, sizeof(*reverse));
	struct machine *m;
	bool is_learner;

	expression_reverse(e, reverse);
	m = machine_new(reverse, MACHINE_MATCH);
	is_learner = m == NULL || machine_states(m) * machine_states(match) >
				      FEW_STATES * characters;
	machine_free(m);
	free(reverse);
	return is_learner;
}

static char *compile_machines(struct regex *r, const struct expression *e)
{
	r->match = machine_new(e, MACHINE_MATCH);
	r->search = machine_new(e, MACHINE_SEARCH);
	if (r->match != NULL)
		return NULL;
	return xstrdup("there are too many states to keep apart in it: write "
		       "sets that cannot take what comes behind them, without "
		       "a count, as [^\"]* for .{32}");
}

static void prepare_groups(
    struct regex *r, const struct expression *e, const char *text)
{
	r->text = xstrdup(text);
	r->cost = machine_width(r->match) + e->signs;
	r->is_learner = is_learner(e, r->match, strlen(text));
}

struct regex *regex_compile(const char *text, bool wants_match, char **defect)
{
	struct regex *r = xcalloc(1, sizeof(*r));
	struct expression *e = xcalloc(1, sizeof(*e));

	*defect = expression_read(e, text);
	if (*defect == NULL)
		*defect = compile_machines(r, e);
	if (*defect == NULL)
		*defect = compile_posix(&r->posix, text);
	if (*defect == NULL && wants_match && r->posix.re_nsub > 0)
		prepare_groups(r, e, text);
	else if (*defect == NULL)
		regfree(&r->posix);
	free(e);
	if (*defect == NULL)
		return r;
	regex_free(r);
	return NULL;
}

void regex_free(struct regex *r)
{
	if (r == NULL)
		return;
	if (r->text != NULL)
		regfree(&r->posix);
	free(r->text);
	machine_free(r->match);
	machine_free(r->search);
	free(r);
}

/* What regexec() has learnt about texts is forgotten. */
static void renew(struct regex *r)
{
	char *defect;

	regfree(&r->posix);
	defect = compile_posix(&r->posix, r->text);
	/* it was fine before */
	if (defect != NULL)
		out_of_memory();
	r->learnt = 0;
}

/* --- groups ------------------------------------------------------------- */

/* On all of the bytes. */
#ifdef REG_STARTEND
static int execute(const regex_t *posix, const char *bytes, size_t len,
    regmatch_t found[2], int flags)
{
	found[0] = (regmatch_t) {0, (regoff_t)len};
	return regexec(posix, bytes, 2, found, flags | REG_STARTEND);
}
#else
/* There is no NUL among them: nothing took one. */
static int execute(const regex_t *posix, const char *bytes, size_t len,
    regmatch_t found[2], int flags)
{
	char *copy = xstrndup(bytes, len);
	int code = regexec(posix, copy, 2, found, flags);

	free(copy);
	return code;
}
#endif

/* Steps that were taken. */
static void spend(uint64_t *left, size_t steps)
{
	*left -= steps < *left ? steps : *left;
}

/* What the first group took in the match that was found. */
static enum regex_result find_group(struct regex *r, struct regex_text text,
    uint64_t *left, struct regex_match *match)
{
	size_t len = match->end - match->start, work = len * r->cost;
	int flags = match->start > 0 ? REG_NOTBOL : 0;
	regmatch_t found[2];

	if (work * GROUP_STEPS > *left || (r->is_learner && work > LEARNT_MAX))
		return REGEX_TOO_LONG;
	spend(left, work * GROUP_STEPS + GROUP_CALL);
	if (match->end < text.len || text.is_cut)
		flags |= REG_NOTEOL;
	if (execute(&r->posix, text.bytes + match->start, len, found, flags) !=
		0 ||
	    (size_t)found[0].rm_eo != len)
		return REGEX_TOO_LONG;
	r->learnt += work;
	if (r->is_learner && r->learnt > LEARNT_MAX)
		renew(r);
	match->has_group = found[1].rm_so >= 0;
	if (match->has_group) {
		match->group_start = match->start + (size_t)found[1].rm_so;
		match->group_end = match->start + (size_t)found[1].rm_eo;
	}
	return REGEX_FOUND;
}

/* --- looking ------------------------------------------------------------ */

/* Whether one begins at `from` or behind. */
static bool is_there(const struct machine *search, struct regex_text text,
    size_t from, uint64_t *left)
{
	size_t end;

	spend(left, machine_run(search, text, from, &end) - from);
	return end != NOWHERE;
}

/* Tries one place after the other, *at is the next. */
static enum regex_result try_each(const struct regex *r, struct regex_text text,
    size_t *at, uint64_t *left, struct regex_match *match)
{
	size_t start, reach;

	while (*left > 0) {
		start = machine_skip(r->match, text, *at);
		reach = machine_run(r->match, text, start, &match->end);
		spend(left, reach + 1 - *at);
		if (match->end != NOWHERE) {
			match->start = start;
			return REGEX_FOUND;
		}
		if (start == text.len)
			return REGEX_NOT_FOUND;
		*at = start + 1;
	}
	return REGEX_TOO_LONG;
}

/* Most expressions are through with most texts in few steps. Otherwise a
 * search tells whether there is anything to be found. */
static enum regex_result find_whole(const struct regex *r,
    struct regex_text text, size_t from, uint64_t *left, bool is_wanted,
    struct regex_match *match)
{
	uint64_t patience = *left, few = PATIENCE * (text.len - from + 1);
	enum regex_result result;

	if (r->search != NULL && few < patience)
		patience = few;
	*left -= patience;
	result = try_each(r, text, &from, &patience, match);
	*left += patience;
	if (result != REGEX_TOO_LONG || *left == 0)
		return result;
	if (!is_there(r->search, text, from, left))
		return REGEX_NOT_FOUND;
	return is_wanted ? try_each(r, text, &from, left, match) : REGEX_FOUND;
}

enum regex_result regex_find(struct regex *r, struct regex_text text,
    size_t from, uint64_t *left, struct regex_match *match)
{
	struct regex_match found = {.has_group = true};
	enum regex_result result;

	if (from > text.len)
		return REGEX_NOT_FOUND;
	result = find_whole(r, text, from, left, match != NULL, &found);
	if (result != REGEX_FOUND || match == NULL)
		return result;
	*match = found;
	match->group_start = found.start;
	match->group_end = found.end;
	match->meets_end = found.end == text.len;
	return r->text != NULL ? find_group(r, text, left, match) : result;
}

size_t regex_after(const struct regex_match *match)
{
	return match->end > match->start ? match->end : match->end + 1;
}
