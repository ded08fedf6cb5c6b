/*
 * regcomp() and regexec() within limits. It must not know where texts come
 * from.
 */
#define _GNU_SOURCE /* re_search(), where there is one */

#include "plan/regex.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

enum {
	PIECE_BYTES = 4096, /* of a text, looked at first */
	GROWTH = 4,         /* of the time, when a piece is twice as long */
	STEPS_AT_ONCE = 1 << 27, /* between two looks at the clock, at worst */
	LEARNT_US = 5000,        /* of looking: then its memory may be large */
	COUNTS_MAX = 1000,       /* of nested repetitions, multiplied */
	SIZE_MAX_ALL = 2000      /* of an expression, written out */
};

struct regex {
	regex_t posix;
	char *text;         /* owned: to compile it anew */
	uint64_t looked_us; /* since it was compiled */
	size_t longest;     /* match there can be; SIZE_MAX: of any length */
	bool has_group;     /* and it is wanted */
};

/* --- compiling ---------------------------------------------------------- */

/* Behind the set in brackets that begins at p. */
static const char *behind_set(const char *p)
{
	p++;
	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	while (*p != '\0' && *p != ']') {
		if (p[0] == '[' && p[1] != '\0' &&
		    strchr(":.=", p[1]) != NULL) {
			const char end[] = {p[1], ']', '\0'};
			const char *close = strstr(p + 2, end);

			p = close != NULL ? close + 1 : p;
		}
		p++;
	}
	return *p != '\0' ? p + 1 : p;
}

static char *short_match(char repetition)
{
	return xasprintf("%c? is not the short match of other languages: "
			 "write what may not be in it, as [^\"]* for .*?",
	    repetition);
}

/* What other languages have, and regcomp() takes for something else. */
static char *foreign(const char *p)
{
	if (p[0] == '\\' && p[1] >= '1' && p[1] <= '9')
		return xasprintf("\\%c is a back-reference, and extended "
				 "expressions have none: write what it stands "
				 "for",
		    p[1]);
	if (p[0] == '\\' && (p[1] == 'd' || p[1] == 'D'))
		return xasprintf("\\%c is no POSIX: write [%s0-9]", p[1],
		    p[1] == 'D' ? "^" : "");
	if (p[0] == '\\' && p[1] != '\0' && strchr("bB<>`'", p[1]) != NULL)
		return xasprintf("\\%c is no POSIX: write what stands beside "
				 "the word, as [^a-z]",
		    p[1]);
	if (p[0] == '(' && p[1] == '?')
		return xstrdup("(? begins nothing here: write ( and count it "
			       "as a group");
	if (strchr("*+?", p[0]) != NULL && p[1] == '?')
		return short_match(p[0]);
	return NULL;
}

/* `{2,5}` at p: from so many to so many; *end is behind it. True: it has no
 * end; written out it is then as long as its beginning, and at least twice, as
 * with *. */
static bool counts_at(
    const char *p, uint64_t *least, uint64_t *most, const char **end)
{
	bool is_endless;
	char *stop;

	*least = strtoull(p + 1, &stop, 10);
	*most = *least;
	is_endless = stop[0] == ',' && stop[1] == '}';
	if (is_endless)
		*most = *least > 2 ? *least : 2;
	if (*stop == ',')
		stop++;
	if (*stop != '}')
		*most = strtoull(stop, &stop, 10);
	if (*most < *least)
		*most = *least;
	*end = *stop == '}' ? stop + 1 : stop;
	return is_endless;
}

enum { DEPTH_MAX = 64 };

/* Part of an expression. */
struct thing {
	uint64_t size; /* when its counts are written out */
	bool may_be_nothing;
};

/* What stands between two brackets, so far. */
struct level {
	uint64_t size;
	bool is_nothing;  /* what may be: the alternative at hand */
	bool has_nothing; /* one before it */
	bool was_nothing; /* the one at hand, without its last thing */
};

/* A walk over an expression. */
struct walk {
	const char *p;
	struct level levels[DEPTH_MAX];
	size_t depth;
	struct thing last; /* which a repetition is about */
	bool wants_group;
	bool is_endless; /* a match may be of any length */
};

static void add(struct walk *w, struct thing thing)
{
	struct level *level = &w->levels[w->depth];

	w->last = thing;
	level->size += thing.size;
	level->was_nothing = level->is_nothing;
	level->is_nothing = level->is_nothing && thing.may_be_nothing;
}

/* The last thing from least to most times; NULL: that is fine. */
static char *repeat(struct walk *w, uint64_t least, uint64_t most)
{
	struct level *level = &w->levels[w->depth];

	if (most > 1 && w->wants_group && w->last.may_be_nothing)
		return xstrdup("a repetition of what may be nothing cannot be "
			       "searched for a group: write what is repeated "
			       "so that it is something, as (ab*)* for "
			       "(a*b*)*");
	if (most > COUNTS_MAX || w->last.size * most > COUNTS_MAX)
		return xasprintf("repetitions of more than %d in all: write "
				 "less",
		    COUNTS_MAX);
	if (least == 0) {
		w->last.may_be_nothing = true;
		level->is_nothing = level->was_nothing;
	}
	level->size += w->last.size * (most > 1 ? most - 1 : 0);
	w->last.size *= most > 1 ? most : 1;
	return NULL;
}

static char *open_group(struct walk *w)
{
	if (w->depth + 1 == DEPTH_MAX)
		return xstrdup("brackets too deep: write fewer");
	w->levels[++w->depth] = (struct level) {.is_nothing = true};
	return NULL;
}

static void close_group(struct walk *w)
{
	const struct level *level = &w->levels[w->depth];

	/* one that closes nothing stands for itself */
	if (w->depth == 0) {
		add(w, (struct thing) {1, false});
		return;
	}
	w->depth--;
	add(w, (struct thing) {
		   level->size + 1, level->is_nothing || level->has_nothing});
}

static void begin_alternative(struct walk *w)
{
	struct level *level = &w->levels[w->depth];

	level->has_nothing |= level->is_nothing;
	level->is_nothing = true;
}

static char *step(struct walk *w)
{
	const char *p = w->p;
	uint64_t least, most;

	w->p += p[0] == '\\' && p[1] != '\0' ? 2 : 1;
	switch (*p) {
	case '(':
		return open_group(w);
	case ')':
		close_group(w);
		return NULL;
	case '|':
		begin_alternative(w);
		return NULL;
	case '{':
		w->is_endless |= counts_at(p, &least, &most, &w->p);
		if (*w->p == '?')
			return short_match('}');
		return repeat(w, least, most);
	case '*':
	case '+':
		w->is_endless = true;
		return repeat(w, *p == '+', 2);
	case '?':
		return repeat(w, 0, 1);
	case '[':
		w->p = behind_set(p);
		break;
	default:
		break;
	}
	add(w, (struct thing) {1, *p == '^' || *p == '$'});
	return NULL;
}

/* What is wrong with it beside what regcomp() says; NULL: nothing, and *longest
 * is what a match may have at most. */
static char *find_defect(const char *text, bool wants_group, size_t *longest)
{
	struct walk w = {.p = text,
	    .wants_group = wants_group,
	    .levels = {{.is_nothing = true}}};
	char *defect = NULL;

	while (*w.p != '\0' && defect == NULL) {
		defect = foreign(w.p);
		if (defect == NULL)
			defect = step(&w);
		if (defect == NULL && w.levels[w.depth].size > SIZE_MAX_ALL)
			defect = xasprintf(
			    "larger than %d signs with its repetitions "
			    "written out: write less",
			    SIZE_MAX_ALL);
	}
	*longest = w.is_endless ? SIZE_MAX : (size_t)w.levels[0].size;
	return defect;
}

static char *compile(struct regex *r)
{
	int code = regcomp(&r->posix, r->text, REG_EXTENDED);
	char why[128];

	if (code == 0)
		return NULL;
	regerror(code, &r->posix, why, sizeof(why));
	if (why[0] >= 'A' && why[0] <= 'Z')
		why[0] = (char)(why[0] - 'A' + 'a');
	return xasprintf("not a regular expression: %s: write a POSIX "
			 "extended one",
	    why);
}

struct regex *regex_compile(const char *text, bool wants_group, char **defect)
{
	struct regex *r = xcalloc(1, sizeof(*r));

	r->text = xstrdup(text);
	*defect = find_defect(
	    text, wants_group && strchr(text, '(') != NULL, &r->longest);
	if (*defect == NULL)
		*defect = compile(r);
	if (*defect != NULL) {
		free(r->text);
		free(r);
		return NULL;
	}
	r->has_group = wants_group && r->posix.re_nsub > 0;
	return r;
}

void regex_free(struct regex *r)
{
	if (r == NULL)
		return;
	regfree(&r->posix);
	free(r->text);
	free(r);
}

/* --- looking ------------------------------------------------------------ */

/* What it has learnt about texts is forgotten. */
static void renew(struct regex *r)
{
	char *defect;

	regfree(&r->posix);
	defect = compile(r);
	/* it was fine before */
	if (defect != NULL)
		out_of_memory();
	r->looked_us = 0;
}

#ifdef __GLIBC__
/* By the places where a match may begin, some at a time, so that the clock can
 * be looked at: from each of them the rest may be walked through. */
static int execute(struct regex *r, const char *bytes, size_t from, size_t to,
    size_t n, regmatch_t found[2], bool is_at_end, uint64_t until_us)
{
	regoff_t starts[2], ends[2];
	struct re_registers places = {
	    .num_regs = (unsigned)n, .start = starts, .end = ends};
	regoff_t at = -1;

	r->posix.not_eol = !is_at_end;
	r->posix.regs_allocated = REGS_FIXED;
	for (size_t place = from; at == -1 && place <= to;) {
		size_t rest = to - place;
		size_t most = STEPS_AT_ONCE / (rest + 1);
		size_t range = rest < most ? rest : most;

		if (place > from && clock_us() > until_us)
			return REG_ESPACE;
		at = re_search(&r->posix, bytes, (regoff_t)to, (regoff_t)place,
		    (regoff_t)range, n > 0 ? &places : NULL);
		place += range + 1;
	}
	for (size_t i = 0; i < n && at >= 0; i++)
		found[i] = (regmatch_t) {starts[i], ends[i]};
	return at >= 0 ? 0 : at == -1 ? REG_NOMATCH : REG_ESPACE;
}
#else
/* On a copy, in which a NUL is the end. */
static int execute(struct regex *r, const char *bytes, size_t from, size_t to,
    size_t n, regmatch_t found[2], bool is_at_end, uint64_t until_us)
{
	char *piece = xstrndup(bytes + from, to - from);
	int flags = (from > 0 ? REG_NOTBOL : 0) | (is_at_end ? 0 : REG_NOTEOL);
	int code = regexec(&r->posix, piece, n, found, flags);

	(void)until_us;
	for (size_t i = 0; i < n && code == 0; i++) {
		if (found[i].rm_so < 0)
			continue;
		found[i].rm_so += (regoff_t)from;
		found[i].rm_eo += (regoff_t)from;
	}
	free(piece);
	return code;
}
#endif

/* Over the bytes from `from` up to `to`, for *left_us at most, which goes down;
 * what it took is in *took_us. */
static int look(struct regex *r, struct regex_text text, size_t from, size_t to,
    size_t n, regmatch_t found[2], uint64_t *left_us, uint64_t *took_us)
{
	uint64_t start_us = clock_us();
	bool is_at_end = to == text.len && !text.is_cut;
	int code = execute(
	    r, text.bytes, from, to, n, found, is_at_end, start_us + *left_us);

	*took_us = clock_us() - start_us;
	*left_us -= *took_us < *left_us ? *took_us : *left_us;
	r->looked_us += *took_us;
	if (r->looked_us > LEARNT_US)
		renew(r);
	return code;
}

static void fill(struct regex_match *match, const struct regex *r,
    const regmatch_t found[2], size_t len)
{
	const regmatch_t *group = &found[r->has_group ? 1 : 0];

	match->start = (size_t)found[0].rm_so;
	match->end = (size_t)found[0].rm_eo;
	match->has_group = group->rm_so >= 0;
	match->group_start = match->has_group ? (size_t)group->rm_so : 0;
	match->group_end = match->has_group ? (size_t)group->rm_eo : 0;
	match->meets_end = match->end == len;
}

enum regex_result regex_find(struct regex *r, struct regex_text text,
    size_t from, uint64_t *left_us, struct regex_match *match)
{
	size_t piece = PIECE_BYTES;
	size_t n = match == NULL ? 0 : r->has_group ? 2 : 1;
	regmatch_t found[2];
	uint64_t took_us;

	if (from > text.len)
		return REGEX_NOT_FOUND;
	if (*left_us == 0)
		return REGEX_TOO_LONG;
	for (;; piece *= 2) {
		size_t rest = text.len - from;
		size_t to = from + (piece < rest ? piece : rest);
		int code = look(r, text, from, to, n, found, left_us, &took_us);

		/* behind the piece one may go on, or a longer one end that
		 * begins further left */
		if (code == 0 &&
		    (to == text.len || match == NULL ||
			r->longest <= to - (size_t)found[0].rm_so)) {
			if (match != NULL)
				fill(match, r, found, text.len);
			return REGEX_FOUND;
		}
		if (code != 0 && code != REG_NOMATCH)
			return REGEX_TOO_LONG;
		if (to == text.len)
			return REGEX_NOT_FOUND;
		if (took_us * GROWTH > *left_us)
			return REGEX_TOO_LONG;
	}
}

size_t regex_after(const struct regex_match *match)
{
	return match->end > match->start ? match->end : match->end + 1;
}
