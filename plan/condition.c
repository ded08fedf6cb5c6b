/*
 * Conditions on an answer: one table of what can be looked at, one of how it
 * can be compared. It must not know sockets, nor what follows from a failure.
 */
#include "plan/condition.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/meant.h"

#define STATUS_MIN 100
#define STATUS_MAX 599
#define ARROW      "->"

/* For the sets of operators that a subject goes with. */
enum {
	OPERATOR_EQUAL = 1, /* == != */
	OPERATOR_ORDER = 2, /* < <= > >= */
	OPERATOR_IN = 4     /* in 200..299,304 */
};

/* How a number is compared with one value: what it may be. */
struct operator
{
	const char *name;
	unsigned set; /* OPERATOR_* */
	bool below;
	bool at;
	bool above;
};

static const struct operator operators[] = {
    {"==", OPERATOR_EQUAL, false, true, false},
    {"!=", OPERATOR_EQUAL, true, false, true},
    {"<", OPERATOR_ORDER, true, false, false},
    {"<=", OPERATOR_ORDER, true, true, false},
    {">", OPERATOR_ORDER, false, false, true},
    {">=", OPERATOR_ORDER, false, true, true},
    {"in", OPERATOR_IN, false, true, false},
};

/* What is compared with; one value is a range from itself to itself. */
struct range {
	uint64_t low;
	uint64_t high;
};

struct subject {
	const char *name;
	unsigned operators; /* OPERATOR_*, those that make sense */
	bool is_status;
	uint64_t min;
	uint64_t max;
	const char *noun;    /* what a value is: "a status" */
	const char *example; /* of a condition */
	uint64_t (*number)(const struct answer *answer);
};

struct condition {
	const struct subject *subject;
	const struct operator* operator;
	struct range *ranges; /* owned, at least one */
	size_t n_ranges;
	char *value;   /* owned: as written, for the reason */
	char *message; /* owned; NULL: one is made up */
};

/* One text on its way to a condition. */
struct compiler {
	struct condition *c;
	const char *text;
	const char *rest; /* of text, not yet read */
	struct diag *d;
	struct where where;
	const char *what;
};

static uint64_t status_number(const struct answer *answer)
{
	return answer->status > 0 ? (uint64_t)answer->status : 0;
}

static const struct subject subjects[] = {
    {"status", OPERATOR_EQUAL | OPERATOR_ORDER | OPERATOR_IN, true, STATUS_MIN,
	STATUS_MAX, "a status", "status == 200", status_number},
};

/* How every complaint begins. */
#define CONDITION_FORMAT  "%s \"%s\": "
#define CONDITION_ARGS(k) (k)->what, (k)->text

/* --- words -------------------------------------------------------------- */

static const char blanks[] = " \t\r\n";
static const char signs[] = "=!<>~";

static void skip_blanks(struct compiler *k)
{
	k->rest += strspn(k->rest, blanks);
}

static bool is_at_end(const struct compiler *k)
{
	return *k->rest == '\0' || strncmp(k->rest, ARROW, strlen(ARROW)) == 0;
}

/* The next word, owned by the caller: a run of signs, or all up to a blank or
 * a sign, so that "status==200" is three words too. */
static char *next_word(struct compiler *k)
{
	size_t len = strspn(k->rest, signs);
	char *word;

	if (len == 0) {
		len = strcspn(k->rest, blanks);
		if (strcspn(k->rest, signs) < len)
			len = strcspn(k->rest, signs);
	}
	word = xstrndup(k->rest, len);
	k->rest += len;
	skip_blanks(k);
	return word;
}

/* What other languages call some operators. Spelling is no help with signs:
 * each of them is one letter from most others. */
static const struct slip {
	const char *word;
	const char *meant;
} slips[] = {
    {"=", "=="},
    {"===", "=="},
    {"is", "=="},
    {"<>", "!="},
    {"!==", "!="},
    {"=<", "<="},
    {"=>", ">="},
};

static const char *nearest_operator(
    const char *word, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(slips); i++) {
		if (strcmp(word, slips[i].word) == 0)
			return slips[i].meant;
	}
	return strspn(word, signs) > 0 ? NULL : nearest_word(word, names, n);
}

static void complain_of_word(const struct compiler *k, const char *kind,
    const char *word, const char *near, const char *const *names, size_t n)
{
	struct buf all;
	size_t i;

	if (near != NULL) {
		diag_error(k->d, k->where,
		    CONDITION_FORMAT "unknown %s \"%s\": did you mean \"%s\"?",
		    CONDITION_ARGS(k), kind, word, near);
		return;
	}
	buf_init(&all, 256);
	for (i = 0; i < n; i++)
		buf_printf(&all, "%s%s", i > 0 ? " " : "", names[i]);
	diag_error(k->d, k->where,
	    CONDITION_FORMAT "unknown %s \"%s\": write one of: %s",
	    CONDITION_ARGS(k), kind, word, buf_text(&all));
	buf_clear(&all);
}

static void complain_of_subject(
    const struct compiler *k, const char *word, const char *near)
{
	if (near != NULL)
		complain_of_word(k, "subject", word, near, NULL, 0);
	else
		diag_error(k->d, k->where,
		    CONDITION_FORMAT "unknown subject \"%s\": only the %s can "
				     "be checked: write %s",
		    CONDITION_ARGS(k), word, subjects[0].name,
		    subjects[0].example);
}

static bool compile_subject(struct compiler *k)
{
	const char *names[ARRAY_LEN(subjects)];
	char *word;
	size_t i;

	if (is_at_end(k)) {
		diag_error(k->d, k->where,
		    CONDITION_FORMAT "no condition: write %s",
		    CONDITION_ARGS(k), subjects[0].example);
		return false;
	}
	word = next_word(k);
	for (i = 0; i < ARRAY_LEN(subjects); i++) {
		names[i] = subjects[i].name;
		if (strcmp(word, names[i]) == 0)
			k->c->subject = &subjects[i];
	}
	if (k->c->subject == NULL)
		complain_of_subject(k, word, nearest_word(word, names, i));
	free(word);
	return k->c->subject != NULL;
}

static bool compile_operator(struct compiler *k)
{
	const struct subject *subject = k->c->subject;
	const char *names[ARRAY_LEN(operators)];
	const struct operator* found = NULL;
	size_t i, n = 0;
	char *word;

	if (is_at_end(k)) {
		diag_error(k->d, k->where,
		    CONDITION_FORMAT "no operator: write %s", CONDITION_ARGS(k),
		    subject->example);
		return false;
	}
	word = next_word(k);
	for (i = 0; i < ARRAY_LEN(operators); i++) {
		/* one that makes no sense here is as good as unknown */
		if ((operators[i].set & subject->operators) == 0)
			continue;
		names[n++] = operators[i].name;
		if (strcmp(word, operators[i].name) == 0)
			found = &operators[i];
	}
	if (found == NULL)
		complain_of_word(k, "operator", word,
		    nearest_operator(word, names, n), names, n);
	k->c->operator= found;
	free(word);
	return found != NULL;
}

/* --- values ------------------------------------------------------------- */

/* The text from the opening quote at k->rest to the closing one, where \" is a
 * quote; owned by the caller. NULL, having complained: there is none. */
static char *quoted_value(struct compiler *k)
{
	const char *p = k->rest + 1;
	char *value = xcalloc(strlen(p) + 1, 1);
	size_t len = 0;

	for (; *p != '"'; p++) {
		if (*p == '\0') {
			diag_error(k->d, k->where,
			    CONDITION_FORMAT "a quote is not closed: "
					     "write \" behind the value",
			    CONDITION_ARGS(k));
			free(value);
			return NULL;
		}
		if (p[0] == '\\' && p[1] == '"')
			p++;
		value[len++] = *p;
	}
	k->rest = p + 1;
	return value;
}

static char *bare_value(struct compiler *k)
{
	const char *arrow = strstr(k->rest, ARROW);
	size_t len = arrow ? (size_t)(arrow - k->rest) : strlen(k->rest);
	char *value = xstrndup(k->rest, len);

	k->rest += len;
	while (len > 0 && strchr(blanks, value[len - 1]) != NULL)
		len--;
	value[len] = '\0';
	return value;
}

static bool read_value(struct compiler *k)
{
	if (is_at_end(k)) {
		diag_error(k->d, k->where,
		    CONDITION_FORMAT "no value: write %s", CONDITION_ARGS(k),
		    k->c->subject->example);
		return false;
	}
	k->c->value = *k->rest == '"' ? quoted_value(k) : bare_value(k);
	skip_blanks(k);
	if (k->c->value != NULL && !is_at_end(k)) {
		diag_error(k->d, k->where,
		    CONDITION_FORMAT "\"%s\" behind the value: "
				     "write -> before a message",
		    CONDITION_ARGS(k), k->rest);
		return false;
	}
	return k->c->value != NULL;
}

static bool read_message(struct compiler *k)
{
	if (*k->rest == '\0')
		return true;
	k->rest += strlen(ARROW);
	skip_blanks(k);
	if (*k->rest == '\0') {
		diag_error(k->d, k->where,
		    CONDITION_FORMAT "no message behind ->: "
				     "write one, or leave -> out",
		    CONDITION_ARGS(k));
		return false;
	}
	k->c->message = xstrdup(k->rest);
	return true;
}

static void complain_of_number(const struct compiler *k, const char *text)
{
	const struct subject *subject = k->c->subject;
	char *statuses = NULL, *meant = meant_value(k->c->value);

	/* what is put together differently, "!= 200, 201", has no such list */
	if (subject->is_status && (k->c->operator->set == OPERATOR_IN ||
				      strcmp(k->c->operator->name, "==") == 0))
		statuses = meant_statuses(k->c->value);
	if (statuses != NULL)
		diag_error(k->d, k->where,
		    CONDITION_FORMAT "\"%s\" is not %s: write %s %s %s",
		    CONDITION_ARGS(k), text, subject->noun, subject->name,
		    strpbrk(statuses, ",.") != NULL ? "in" : "==", statuses);
	else if (meant != NULL)
		diag_error(k->d, k->where, CONDITION_FORMAT "%s",
		    CONDITION_ARGS(k), meant);
	else
		diag_error(k->d, k->where,
		    CONDITION_FORMAT
		    "\"%s\" is not %s: write a number from %" PRIu64
		    " to %" PRIu64,
		    CONDITION_ARGS(k), text, subject->noun, subject->min,
		    subject->max);
	free(statuses);
	free(meant);
}

static bool compile_number(
    const struct compiler *k, const char *text, uint64_t *out)
{
	const struct subject *subject = k->c->subject;

	if (parse_count(text, out) && *out >= subject->min &&
	    *out <= subject->max)
		return true;
	complain_of_number(k, text);
	return false;
}

static void add_range(struct condition *c, size_t *cap, struct range range)
{
	c->ranges = grow(c->ranges, c->n_ranges, cap, sizeof(*c->ranges));
	c->ranges[c->n_ranges++] = range;
}

/* One of a list: `304` or `200..299`. */
static bool compile_range(struct compiler *k, char *text, struct range *out)
{
	char *dots = strstr(text, "..");

	if (dots == NULL) {
		if (!compile_number(k, trim(text), &out->low))
			return false;
		out->high = out->low;
		return true;
	}
	*dots = '\0';
	if (!compile_number(k, trim(text), &out->low) ||
	    !compile_number(k, trim(dots + 2), &out->high))
		return false;
	if (out->low <= out->high)
		return true;
	diag_error(k->d, k->where,
	    CONDITION_FORMAT "%" PRIu64 " is more than %" PRIu64
			     ": write %" PRIu64 "..%" PRIu64,
	    CONDITION_ARGS(k), out->low, out->high, out->high, out->low);
	return false;
}

static bool compile_list(struct compiler *k)
{
	char *list = xstrdup(k->c->value), *item = list, *comma;
	bool is_good = true;
	struct range range;
	size_t cap = 0;

	while (item != NULL && is_good) {
		comma = strchr(item, ',');
		if (comma != NULL)
			*comma = '\0';
		is_good = compile_range(k, item, &range);
		if (is_good)
			add_range(k->c, &cap, range);
		item = comma ? comma + 1 : NULL;
	}
	free(list);
	return is_good;
}

static bool compile_value(struct compiler *k)
{
	struct range range;
	size_t cap = 0;

	if (!read_value(k) || !read_message(k))
		return false;
	if (k->c->operator->set == OPERATOR_IN)
		return compile_list(k);
	if (!compile_number(k, k->c->value, &range.low))
		return false;
	range.high = range.low;
	add_range(k->c, &cap, range);
	return true;
}

/* --- the whole ---------------------------------------------------------- */

struct condition *condition_compile(
    const char *text, struct diag *d, struct where where, const char *what)
{
	char *copy = xstrdup(text);
	struct compiler k = {.d = d, .where = where, .what = what};

	k.c = xcalloc(1, sizeof(*k.c));
	k.text = k.rest = trim(copy);
	if (!compile_subject(&k) || !compile_operator(&k) ||
	    !compile_value(&k)) {
		condition_free(k.c);
		k.c = NULL;
	}
	free(copy);
	return k.c;
}

void condition_free(struct condition *c)
{
	if (c == NULL)
		return;
	free(c->ranges);
	free(c->value);
	free(c->message);
	free(c);
}

bool condition_is_about_status(const struct condition *c)
{
	return c->subject->is_status;
}

static bool number_holds(const struct condition *c, uint64_t n)
{
	const struct operator* operator= c->operator;
	size_t i;

	for (i = 0; i < c->n_ranges; i++) {
		if (n < c->ranges[i].low ? operator->below
			: n > c->ranges[i].high ? operator->above
						: operator->at)
			return true;
	}
	return false;
}

bool condition_holds(
    const struct condition *c, const struct answer *answer, struct buf *why)
{
	uint64_t n = c->subject->number(answer);

	if (number_holds(c, n))
		return true;
	if (c->message != NULL)
		buf_puts(why, c->message);
	else if (strcmp(c->operator->name, "==") == 0)
		buf_printf(why, "%s: expected %s, got %" PRIu64,
		    c->subject->name, c->value, n);
	else
		buf_printf(why, "%s: expected %s %s, got %" PRIu64,
		    c->subject->name, c->operator->name, c->value, n);
	return false;
}
