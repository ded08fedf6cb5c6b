/*
 * Reading an expression into places. It must not know what they are good for.
 */
#include "plan/regex_places.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/regex_foreign.h"

enum {
	NODES_MAX = 1024, /* places, and signs between them */
	DEPTH_MAX = 64,
	BEHIND_MAX = 64,    /* places that may come next behind ^ */
	WITHOUT_END = 32768 /* no count is as large */
};

/* Part of an expression. */
struct part {
	struct places first;
	struct places last;
	bool may_be_left_out; /* with all its places */
	bool may_be_empty;    /* take no byte: of bounds only this is true */
};

struct scan {
	struct expression *e;
	const char *p; /* not yet read */
	char *defect;  /* owned; then p is at an end */
	size_t depth;
	size_t nodes;
};

/* --- places ------------------------------------------------------------- */

bool places_has(const struct places *set, size_t place)
{
	return (set->bits[place / 64] >> place % 64 & 1) != 0;
}

void places_put(struct places *set, size_t place)
{
	set->bits[place / 64] |= UINT64_C(1) << place % 64;
}

void places_unite(struct places *set, const struct places *other)
{
	for (size_t i = 0; i < PLACES_WORDS; i++)
		set->bits[i] |= other->bits[i];
}

void places_intersect(struct places *set, const struct places *other)
{
	for (size_t i = 0; i < PLACES_WORDS; i++)
		set->bits[i] &= other->bits[i];
}

bool places_equal(const struct places *a, const struct places *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

size_t places_count(const struct places *set)
{
	size_t n = 0;

	for (size_t i = 0; i < PLACES_WORDS; i++)
		for (uint64_t bits = set->bits[i]; bits != 0; bits &= bits - 1)
			n++;
	return n;
}

size_t places_next(const struct places *set, size_t from)
{
	while (from < PLACES_MAX && !places_has(set, from))
		from = set->bits[from / 64] >> from % 64 == 0
			   ? (from / 64 + 1) * 64
			   : from + 1;
	return from;
}

/* --- parts -------------------------------------------------------------- */

/* Ends the reading; defect belongs to the scan from now on. NULL: it goes on.
 */
static void fail(struct scan *s, char *defect)
{
	if (defect == NULL)
		return;
	if (s->defect != NULL)
		free(defect);
	else
		s->defect = defect;
	s->p = "";
}

static const struct part nothing = {
    .may_be_left_out = true, .may_be_empty = true};

static bool has_room(struct scan *s, size_t places, size_t nodes)
{
	if (places <= PLACES_MAX - s->e->n && nodes <= NODES_MAX - s->nodes)
		return true;
	fail(s, xstrdup("it is too long when its counts are written out: write "
			"less"));
	return false;
}

static void add_sign(struct scan *s)
{
	s->nodes += has_room(s, 0, 1);
}

static struct part add_place(struct scan *s, enum bound bound)
{
	struct part part = {.may_be_empty = bound != BOUND_NONE};

	if (!has_room(s, 1, 1))
		return nothing;
	s->nodes++;
	s->e->bounds[s->e->n] = bound;
	places_put(&part.first, s->e->n);
	part.last = part.first;
	s->e->n++;
	return part;
}

static void link_parts(
    struct scan *s, const struct part *from, const struct part *to)
{
	for (size_t i = 0; i < s->e->n; i++)
		if (places_has(&from->last, i))
			places_unite(&s->e->follow[i], &to->first);
}

static struct part join(struct scan *s, struct part a, struct part b)
{
	link_parts(s, &a, &b);
	if (a.may_be_left_out)
		places_unite(&a.first, &b.first);
	if (b.may_be_left_out)
		places_unite(&b.last, &a.last);
	return (struct part) {a.first, b.last,
	    a.may_be_left_out && b.may_be_left_out,
	    a.may_be_empty && b.may_be_empty};
}

/* --- sets --------------------------------------------------------------- */

static bool takes(const regex_t *set, char c)
{
	const char text[] = {c, '\0'};
	regmatch_t found = {0, 1};

#ifdef REG_STARTEND
	return regexec(set, text, 1, &found, REG_STARTEND) == 0;
#else
	return c != '\0' && regexec(set, text, 1, &found, 0) == 0;
#endif
}

/* One of the bytes that the system says it is; nothing when it says it is no
 * set. */
static struct part add_set(struct scan *s, const char *text, size_t len)
{
	struct part part = add_place(s, BOUND_NONE);
	char *copy = xstrndup(text, len);
	regex_t set;

	if (s->defect == NULL && regcomp(&set, copy, REG_EXTENDED) == 0) {
		for (int c = 0; c < BYTES; c++)
			if (takes(&set, (char)c))
				places_put(&s->e->takers[c], s->e->n - 1);
		regfree(&set);
	}
	free(copy);
	return part;
}

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

static struct part read_set(struct scan *s)
{
	const char *from = s->p;

	s->p = behind_set(from);
	fail(s, foreign_set(from, s->p));
	return s->defect == NULL ? add_set(s, from, (size_t)(s->p - from))
				 : nothing;
}

static struct part add_byte(struct scan *s, char c)
{
	struct part part = add_place(s, BOUND_NONE);

	if (s->defect == NULL)
		places_put(&s->e->takers[(unsigned char)c], s->e->n - 1);
	return part;
}

static struct part read_escape(struct scan *s)
{
	const char *from = s->p;
	char c = from[1];

	s->p += c != '\0' ? 2 : 1;
	fail(s, foreign_escape(c));
	if (s->defect != NULL)
		return nothing;
	return isalpha((unsigned char)c) ? add_set(s, from, 2) : add_byte(s, c);
}

/* --- repetitions -------------------------------------------------------- */

/* From so many to so many. */
struct counts {
	size_t least;
	size_t most;
};

static size_t read_count(const char **p)
{
	size_t n = 0;

	for (; isdigit((unsigned char)**p); (*p)++)
		if (n < WITHOUT_END)
			n = n * 10 + (size_t)(**p - '0');
	return n;
}

/* The `*` or `{2,5}` at the front. */
static struct counts read_counts(struct scan *s)
{
	struct counts counts;
	char sign = *s->p++;

	if (sign != '{')
		return (struct counts) {
		    sign == '+', sign == '?' ? 1 : WITHOUT_END};
	counts.least = read_count(&s->p);
	counts.most = counts.least;
	if (*s->p == ',') {
		s->p++;
		counts.most = isdigit((unsigned char)*s->p) ? read_count(&s->p)
							    : WITHOUT_END;
	}
	if (counts.most < counts.least)
		counts.most = counts.least;
	s->p++;
	return counts;
}

static bool is_repetition(char c)
{
	return c != '\0' && strchr("*+?{", c) != NULL;
}

/* Whether it is one for regcomp() too. */
static bool check_repetition(struct scan *s)
{
	const char *p = s->p;

	if (*p != '{')
		return true;
	p += 1 + strspn(p + 1, "0123456789");
	if (*p == ',')
		p += 1 + strspn(p + 1, "0123456789");
	if (*p == '}' && p > s->p + 1)
		return true;
	fail(s, xstrdup("a { that is no count: write \\{ for a plain one"));
	return false;
}

/* There is nothing in front of it. */
static void complain_of_repetition(struct scan *s)
{
	if (check_repetition(s))
		fail(s, xasprintf("a %c with nothing in front: write \\%c for "
				  "a plain one",
			    *s->p, *s->p));
}

/* What was read from place number `from` on. */
struct original {
	struct part part;
	size_t from;
	size_t n;     /* places */
	size_t nodes; /* in it */
	size_t used;  /* how often it was written out */
};

static struct places shifted(
    const struct places *set, const struct original *o, size_t by)
{
	struct places result = {{0}};

	for (size_t i = o->from; i < o->from + o->n; i++)
		if (places_has(set, i))
			places_put(&result, i + by);
	return result;
}

/* The original, and then copies of it. */
static struct part write_out(struct scan *s, struct original *o)
{
	struct part copy = o->part;
	size_t by = s->e->n - o->from;

	if (o->used++ == 0)
		return copy;
	if (!has_room(s, o->n, o->nodes))
		return nothing;
	for (size_t i = o->from; i < o->from + o->n; i++) {
		s->e->bounds[i + by] = s->e->bounds[i];
		s->e->follow[i + by] = shifted(&s->e->follow[i], o, by);
		for (size_t c = 0; c < BYTES; c++)
			if (places_has(&s->e->takers[c], i))
				places_put(&s->e->takers[c], i + by);
	}
	s->e->n += o->n;
	s->nodes += o->nodes;
	copy.first = shifted(&o->part.first, o, by);
	copy.last = shifted(&o->part.last, o, by);
	return copy;
}

static struct part optional(struct part part)
{
	part.may_be_left_out = true;
	part.may_be_empty = true;
	return part;
}

/* As regcomp() does it: x{1,3} is x((x)?x)?, and x{2,} is xxx*. */
static struct part repeat(
    struct scan *s, struct original *o, struct counts counts)
{
	struct part all = nothing, rest;

	for (size_t i = 0; i < counts.least && s->defect == NULL; i++)
		all = join(s, all, write_out(s, o));
	if (counts.most == counts.least)
		return all;
	rest = write_out(s, o);
	if (counts.most >= WITHOUT_END) {
		link_parts(s, &rest, &rest);
		return join(s, all, optional(rest));
	}
	rest = optional(rest);
	for (size_t i = counts.least + 1; i < counts.most && s->defect == NULL;
	     i++)
		rest = optional(join(s, rest, write_out(s, o)));
	return join(s, all, rest);
}

static void check_repeated(
    struct scan *s, const struct original *o, struct counts counts, char sign)
{
	if (*s->p == '?')
		fail(s, xasprintf("%c? is not the short match of other "
				  "languages: write what may not be in it, as "
				  "[^\"]* for .*?",
			    sign == '{' ? '}' : sign));
	else if (counts.most > 1 && o->part.may_be_empty)
		fail(s, xstrdup("what may be nothing is repeated: write it so "
				"that it is something, as (a|b)* for "
				"(a*b*)*"));
}

/* --- the whole ---------------------------------------------------------- */

static struct part read_branches(struct scan *s);

static struct part read_group(struct scan *s)
{
	struct part part;

	fail(s, foreign_group(s->p));
	if (s->depth + 1 == DEPTH_MAX)
		fail(s, xstrdup("brackets too deep: write fewer"));
	if (s->defect != NULL)
		return nothing;
	s->p++;
	s->depth++;
	part = read_branches(s);
	add_sign(s);
	add_sign(s);
	s->p += *s->p == ')';
	s->depth--;
	return part;
}

static struct part read_bound(struct scan *s, enum bound bound)
{
	s->p++;
	if (is_repetition(*s->p))
		complain_of_repetition(s);
	return add_place(s, bound);
}

static struct part read_one(struct scan *s)
{
	switch (*s->p) {
	case '(':
		return read_group(s);
	case '[':
		return read_set(s);
	case '.':
		return add_set(s, s->p++, 1);
	case '^':
		return read_bound(s, BOUND_START);
	case '$':
		return read_bound(s, BOUND_END);
	case '\\':
		return read_escape(s);
	default:
		if (!is_repetition(*s->p))
			return add_byte(s, *s->p++);
		complain_of_repetition(s);
		return nothing;
	}
}

static struct part read_repeated(struct scan *s)
{
	size_t from = s->e->n, nodes = s->nodes;
	struct part part = read_one(s);

	while (is_repetition(*s->p) && check_repetition(s)) {
		char sign = *s->p;
		struct counts counts = read_counts(s);
		struct original o = {
		    .part = part, .from = from, .n = s->e->n - from};

		add_sign(s);
		o.nodes = s->nodes - nodes;
		check_repeated(s, &o, counts, sign);
		part = repeat(s, &o, counts);
	}
	return part;
}

static struct part read_branch(struct scan *s)
{
	struct part all = nothing;

	while (*s->p != '\0' && *s->p != '|' && *s->p != ')')
		all = join(s, all, read_repeated(s));
	/* regcomp() has a plain one there, POSIX nothing */
	if (*s->p == ')' && s->depth == 0)
		fail(s, xstrdup("a ) without its (: write \\) for a plain "
				"one"));
	return all;
}

static struct part read_branches(struct scan *s)
{
	struct part all = read_branch(s), branch;

	while (*s->p == '|') {
		s->p++;
		add_sign(s);
		branch = read_branch(s);
		places_unite(&all.first, &branch.first);
		places_unite(&all.last, &branch.last);
		all.may_be_left_out |= branch.may_be_left_out;
		all.may_be_empty |= branch.may_be_empty;
	}
	return all;
}

/* A ^ behind something, or something behind a $, could match nowhere; glibc
 * 2.36 finds it at ends of lines, and with REG_NOSUB anywhere. */
static void check_link(struct scan *s, size_t from, size_t to)
{
	if (s->e->bounds[to] == BOUND_START)
		fail(s, xstrdup("before ^ nothing comes: write \\^ for a plain "
				"one"));
	else if (s->e->bounds[from] == BOUND_END && to != s->e->n - 1)
		fail(s, xstrdup("behind $ nothing comes: write \\$ for a plain "
				"one"));
}

static void check_bounds(struct scan *s)
{
	const struct expression *e = s->e;
	size_t behind = 0;

	for (size_t from = 0; from < e->n; from++) {
		for (size_t to = 0; to < e->n; to++)
			if (places_has(&e->follow[from], to))
				check_link(s, from, to);
		if (e->bounds[from] == BOUND_START)
			behind += places_count(&e->follow[from]);
	}
	/* regcomp() has them once for each way to them, and with each all the
	 * ways on */
	if (behind > BEHIND_MAX)
		fail(s, xasprintf("more than %d characters and sets may come "
				  "next behind ^: write fewer",
			    BEHIND_MAX));
}

char *expression_read(struct expression *e, const char *text)
{
	struct scan s = {.e = e, .p = text};
	struct part all = read_branches(&s);

	all = join(&s, all, add_place(&s, BOUND_END));
	e->first = all.first;
	e->signs = s.nodes - e->n;
	check_bounds(&s);
	return s.defect;
}

/* Whether a place may be the last that takes a byte. */
static bool may_end(const struct expression *e, size_t place)
{
	if (places_has(&e->follow[place], e->n - 1))
		return true;
	for (size_t i = 0; i < e->n; i++)
		if (e->bounds[i] == BOUND_END &&
		    places_has(&e->follow[place], i))
			return true;
	return false;
}

void expression_reverse(const struct expression *e, struct expression *reverse)
{
	reverse->n = e->n;
	memcpy(reverse->takers, e->takers, sizeof(e->takers));
	for (size_t i = 0; i < e->n; i++) {
		if (may_end(e, i))
			places_put(&reverse->first, i);
		for (size_t to = 0; to < e->n; to++)
			if (places_has(&e->follow[i], to))
				places_put(&reverse->follow[to], i);
	}
}
