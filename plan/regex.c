/*
 * regcomp() and regexec() within limits. It must not know where texts come
 * from.
 */
#include "plan/regex.h"

#include <assert.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/regex_size.h"

enum {
	PIECE_MAX_BYTES = 8192, /* by which a piece is longer than the last */
	PIECE_MIN_BYTES = 256,
	PIECE_COST = 1 << 26, /* bytes * bytes * places at their ends */
	GROWTH = 4,           /* of the time, from one piece to the next */
	PLAIN_BYTES = 1024,   /* more of a text is first gone over in one go */
	BEGINNINGS_FEW = 16,  /* that regexec() looks for as memchr() would */
	PASS_COST = 1 << 26,  /* bytes * places, in one go */
	OVER_BYTES = 4096,    /* no machine goes over these in */
	OVER_US = 2,
	GROUP_COST = 1 << 22, /* bytes of a match * places * places */
	LEARNT_MAX = 1 << 20  /* bytes of matches * places, then forgotten */
};

/* any byte: . is no NUL */
#define ANYTHING "^(.|[^.])*"

struct regex {
	regex_t posix;
	char *text; /* owned: to compile it anew */
	struct regex_size size;
	bool wants_match;
	bool has_group; /* and it is wanted */
	size_t piece_bytes;
	size_t learnt;         /* of groups, since it was compiled */
	struct regex *in_pass; /* owned: with ANYTHING before; NULL: none */
};

/* --- compiling ---------------------------------------------------------- */

static char *compile(struct regex *r)
{
	int flags = REG_EXTENDED;
	int code;
	char why[128];

	if (!r->wants_match)
		flags |= REG_NOSUB;
	code = regcomp(&r->posix, r->text, flags);
	if (code == 0)
		return NULL;
	regerror(code, &r->posix, why, sizeof(why));
	if (why[0] >= 'A' && why[0] <= 'Z')
		why[0] = (char)(why[0] - 'A' + 'a');
	return xasprintf("not a regular expression: %s: write a POSIX "
			 "extended one",
	    why);
}

/* At each byte that a bound may hold at, regexec() goes over all places. */
static size_t choose_piece(const struct regex_size *size)
{
	size_t bytes = PIECE_MAX_BYTES;

	while (size->ends_at_bound && bytes > PIECE_MIN_BYTES &&
	       bytes * bytes > PIECE_COST / (size->width + 6))
		bytes /= 2;
	return bytes;
}

/* Takes text over. */
static struct regex *compile_one(char *text, bool wants_match, char **defect)
{
	struct regex *r = xcalloc(1, sizeof(*r));

	r->text = text;
	r->wants_match = wants_match;
	*defect = regex_measure(text, &r->size);
	if (*defect == NULL)
		*defect = compile(r);
	if (*defect != NULL) {
		free(r->text);
		free(r);
		return NULL;
	}
	r->has_group = wants_match && r->posix.re_nsub > 0;
	r->piece_bytes = choose_piece(&r->size);
	return r;
}

struct regex *regex_compile(const char *text, bool wants_match, char **defect)
{
	struct regex *r = compile_one(xstrdup(text), wants_match, defect);
	char *too_large;

	/* in the midst of a match ^ is something else for glibc */
	if (r != NULL && !r->size.has_start) {
		r->in_pass = compile_one(
		    xasprintf(ANYTHING "(%s)", text), false, &too_large);
		free(too_large);
	}
	return r;
}

void regex_free(struct regex *r)
{
	if (r == NULL)
		return;
	regex_free(r->in_pass);
	regfree(&r->posix);
	free(r->text);
	free(r);
}

/* What it has learnt about texts is forgotten. */
static void renew(struct regex *r)
{
	char *defect;

	regfree(&r->posix);
	defect = compile(r);
	/* it was fine before */
	if (defect != NULL)
		out_of_memory();
	r->learnt = 0;
}

/* --- looking ------------------------------------------------------------ */

#ifdef REG_STARTEND
static int execute(const struct regex *r, const char *bytes, size_t from,
    size_t to, size_t n, regmatch_t found[2], int flags)
{
	found[0].rm_so = (regoff_t)from;
	found[0].rm_eo = (regoff_t)to;
	return regexec(&r->posix, bytes, n, found, flags | REG_STARTEND);
}
#else
/* On a copy, in which a NUL is the end. */
static int execute(const struct regex *r, const char *bytes, size_t from,
    size_t to, size_t n, regmatch_t found[2], int flags)
{
	char *piece = xstrndup(bytes + from, to - from);
	int code = regexec(&r->posix, piece, n, found, flags);

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

/* One call, over the bytes from `from` up to `to`. */
static int look(const struct regex *r, struct regex_text text, size_t from,
    size_t to, size_t n, regmatch_t found[2])
{
	int flags = 0;

	if (from > 0)
		flags |= REG_NOTBOL;
	if (to < text.len || text.is_cut)
		flags |= REG_NOTEOL;
	return execute(r, text.bytes, from, to, n, found, flags);
}

/* What the first group took in the match that was found, as long as all ways
 * through it are not too many. */
static enum regex_result find_group(struct regex *r, struct regex_text text,
    const regmatch_t *whole, regmatch_t found[2])
{
	size_t start = (size_t)whole->rm_so, end = (size_t)whole->rm_eo;
	size_t width = r->size.width;
	int code;

	if (end - start > GROUP_COST / (width * width))
		return REGEX_TOO_LONG;
	code = look(r, text, start, end, 2, found);
	r->learnt += (end - start) * width;
	if (r->learnt > LEARNT_MAX)
		renew(r);
	/* as glibc has it for (^a)+b in "aab" */
	if (code == REG_NOMATCH)
		found[1].rm_so = -1;
	else if (code != 0 || found[0].rm_eo != whole->rm_eo)
		return REGEX_TOO_LONG;
	return REGEX_FOUND;
}

static enum regex_result fill(struct regex *r, struct regex_text text,
    const regmatch_t *whole, struct regex_match *match)
{
	regmatch_t found[2] = {*whole, *whole};
	enum regex_result result = REGEX_FOUND;

	if (r->has_group)
		result = find_group(r, text, whole, found);
	match->start = (size_t)whole->rm_so;
	match->end = (size_t)whole->rm_eo;
	match->has_group = found[1].rm_so >= 0;
	match->group_start = match->has_group ? (size_t)found[1].rm_so : 0;
	match->group_end = match->has_group ? (size_t)found[1].rm_eo : 0;
	match->meets_end = match->end == text.len;
	return result;
}

/* Takes what was spent since start_us off; returns that. */
static uint64_t spend(uint64_t *left_us, uint64_t start_us)
{
	uint64_t took_us = clock_us() - start_us;

	*left_us -= took_us < *left_us ? took_us : *left_us;
	return took_us;
}

/* --- in one go ---------------------------------------------------------- */

static bool is_in_reach(const struct regex_size *size, size_t len)
{
	return !size->ends_at_bound || len < PASS_COST / size->width;
}

/* Whether all that follows can be gone over in one go, and that is better:
 * each byte once, in 2 ns. */
static bool can_pass(const struct regex *r, size_t len)
{
	size_t plain = r->size.beginnings <= BEGINNINGS_FEW ? PIECE_MAX_BYTES
							    : PLAIN_BYTES;

	return r->in_pass != NULL && len > plain &&
	       is_in_reach(&r->in_pass->size, len);
}

/* Whether there is a match at all. */
static enum regex_result pass(
    const struct regex *r, struct regex_text text, size_t from)
{
	regmatch_t found[2];
	int code;

	text.bytes += from;
	text.len -= from;
	code = look(r->in_pass, text, 0, text.len, 0, found);
	return code == 0             ? REGEX_FOUND
	       : code == REG_NOMATCH ? REGEX_NOT_FOUND
				     : REGEX_TOO_LONG;
}

/* --- in pieces ---------------------------------------------------------- */

/* The bytes from `from` up to `to`. */
struct piece {
	size_t from;
	size_t to;
	regmatch_t found; /* the last match, where it is not sure */
	bool is_found;
	uint64_t took_us;
};

/* Where the next piece ends. */
static size_t next_end(
    const struct regex *r, struct regex_text text, const struct piece *piece)
{
	size_t rest = text.len - piece->to;

	/* there is one place to look from */
	if (r->size.is_anchored && is_in_reach(&r->size, text.len))
		return text.len;
	/* had anything up to the match gone on to the end of the piece, it
	 * had taken longer: no more comes to light, and it costs nothing */
	if (piece->is_found && piece->took_us < OVER_US &&
	    piece->to - (size_t)piece->found.rm_so >= OVER_BYTES)
		return text.len;
	return piece->to + (r->piece_bytes < rest ? r->piece_bytes : rest);
}

/* Behind the piece the match might go on, or one end that begins earlier. */
static bool is_sure(
    const struct regex *r, struct regex_text text, const struct piece *piece)
{
	return piece->to == text.len ||
	       r->size.longest <= piece->to - (size_t)piece->found.rm_so;
}

static enum regex_result look_at(struct regex *r, struct regex_text text,
    struct piece *piece, struct regex_match *match)
{
	regmatch_t found[2] = {{0, 0}, {0, 0}};
	int code =
	    look(r, text, piece->from, piece->to, match != NULL ? 1 : 0, found);

	piece->found = found[0];
	piece->is_found = code == 0;
	if (code != 0)
		return code == REG_NOMATCH ? REGEX_NOT_FOUND : REGEX_TOO_LONG;
	if (match == NULL)
		return REGEX_FOUND;
	if (!is_sure(r, text, piece))
		return REGEX_NOT_FOUND;
	return fill(r, text, found, match);
}

static enum regex_result look_at_pieces(struct regex *r, struct regex_text text,
    size_t from, uint64_t *left_us, struct regex_match *match)
{
	struct piece piece = {.from = from, .to = from};
	enum regex_result result;
	uint64_t start_us;

	while (piece.took_us * GROWTH < *left_us) {
		piece.to = next_end(r, text, &piece);
		start_us = clock_us();
		result = look_at(r, text, &piece, match);
		piece.took_us = spend(left_us, start_us);
		if (result != REGEX_NOT_FOUND || piece.to == text.len)
			return result;
	}
	return REGEX_TOO_LONG;
}

enum regex_result regex_find(struct regex *r, struct regex_text text,
    size_t from, uint64_t *left_us, struct regex_match *match)
{
	uint64_t start_us;
	enum regex_result result;

	assert(match == NULL || r->wants_match);
	if (*left_us == 0)
		return REGEX_TOO_LONG;
	if (from > text.len)
		return REGEX_NOT_FOUND;
	if (can_pass(r, text.len - from)) {
		start_us = clock_us();
		result = pass(r, text, from);
		spend(left_us, start_us);
		if (result != REGEX_FOUND || match == NULL)
			return result;
	}
	return look_at_pieces(r, text, from, left_us, match);
}

size_t regex_after(const struct regex_match *match)
{
	return match->end > match->start ? match->end : match->end + 1;
}
