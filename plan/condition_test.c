/*
 * Conditions as they are tested: what the subjects are in an answer, whether
 * the operators hold, and the reasons when not. It must not know plans.
 */
#include <inttypes.h>
#include <string.h>

#include "base/util.h"
#include "plan/condition_private.h"
#include "plan/values.h"

enum {
	SHOWN_IN_REASONS = 32, /* bytes of a text, digits of a number: */
	SHOWN_DIGITS = 3,      /* reasons must stay few */
	SHOWN_TO_PEOPLE = 120
};

#define IS(kind)         (1u << COMPARE_##kind)
#define ON_TEXTS         (IS(EQUAL) | IS(ORDER) | IS(IN) | IS(CONTAINS) | IS(MATCH))
#define ON_WHAT_MAY_MISS (ON_TEXTS | IS(EXISTS) | IS(MISSING))

/* --- quantities --------------------------------------------------------- */

static uint64_t status_of(const struct answer *a)
{
	return a->status > 0 ? (uint64_t)a->status : 0;
}

static uint64_t time_of(const struct answer *a)
{
	return a->time_us;
}

static uint64_t size_of(const struct answer *a)
{
	return a->bytes;
}

static bool parse_status(const char *text, uint64_t *out)
{
	return parse_count(text, out) && *out >= 100 && *out <= 599;
}

static void show_count(uint64_t n, struct buf *out)
{
	buf_printf(out, "%" PRIu64, n);
}

static void show_time(uint64_t us, struct buf *out)
{
	char text[32];

	buf_puts(out, format_duration(text, sizeof(text), us));
}

/* --- texts -------------------------------------------------------------- */

static bool get_body(const struct condition *c, struct answer *a,
    struct got *got, struct buf *why)
{
	(void)c;
	(void)why;
	*got = (struct got) {
	    GOT_TEXT, .text = answer_body(a), .is_cut = a->body_is_cut};
	return true;
}

static struct got got_string(const char *s)
{
	if (s == NULL)
		return (struct got) {GOT_NOTHING, .text = {"", 0}};
	return (struct got) {GOT_TEXT, .text = text_of(s)};
}

static bool get_header(const struct condition *c, struct answer *a,
    struct got *got, struct buf *why)
{
	(void)why;
	*got = got_string(answer_header(a, c->name));
	return true;
}

static bool get_url(const struct condition *c, struct answer *a,
    struct got *got, struct buf *why)
{
	(void)c;
	(void)why;
	*got = got_string(answer_url(a));
	return true;
}

static bool get_json(const struct condition *c, struct answer *a,
    struct got *got, struct buf *why)
{
	*got = (struct got) {GOT_NOTHING, .text = {"", 0}};
	if (!answer_read_json(a, why))
		return false;
	if (json_find(a->reader, c->pointer, &got->value))
		got->kind = GOT_JSON;
	return true;
}

const struct subject condition_subjects[] = {
    {"status", "status == 200", .kind = SUBJECT_QUANTITY,
	.comparisons = IS(EQUAL) | IS(ORDER) | IS(IN), .noun = "a status",
	.mend = "write a number from 100 to 599", .parse = parse_status,
	.quantity = status_of, .show = show_count},
    {"body", "body contains welcome", .kind = SUBJECT_TEXT,
	.comparisons = ON_TEXTS, .needs_body = true, .get = get_body},
    {"header", "header Content-Type == text/html", .kind = SUBJECT_TEXT,
	.takes = TAKES_HEADER, .comparisons = ON_WHAT_MAY_MISS,
	.get = get_header},
    {"json", "json /status == ACTIVE", .kind = SUBJECT_TEXT,
	.takes = TAKES_POINTER, .comparisons = ON_WHAT_MAY_MISS,
	.needs_body = true, .get = get_json},
    {"time", "time < 300ms", .kind = SUBJECT_QUANTITY, .comparisons = IS(ORDER),
	.noun = "a duration", .mend = "write 500ms, 5s or 2m",
	.parse = parse_duration_us, .quantity = time_of, .show = show_time},
    {"size", "size < 64k", .kind = SUBJECT_QUANTITY,
	.comparisons = IS(EQUAL) | IS(ORDER) | IS(IN), .noun = "a size",
	.mend = "write 4096, 64k or 1M", .parse = parse_size_bytes,
	.quantity = size_of, .show = show_count},
    {"url", "url contains /login", .kind = SUBJECT_TEXT,
	.comparisons = IS(EQUAL) | IS(IN) | IS(CONTAINS) | IS(MATCH),
	.get = get_url},
};

const size_t condition_n_subjects = ARRAY_LEN(condition_subjects);

const struct subject condition_when_subject = {"when", "${plan} == premium",
    .kind = SUBJECT_TEXT, .comparisons = ON_WHAT_MAY_MISS};

static struct text text_got(struct got *got)
{
	if (got->kind == GOT_JSON && !got->has_text) {
		got->text = json_text(got->value);
		got->has_text = true;
	}
	return got->text;
}

static bool is_json(const struct got *got, enum json_kind kind)
{
	return got->kind == GOT_JSON && json_kind(got->value) == kind;
}

/* --- operators ---------------------------------------------------------- */

enum verdict { NO, YES, UNKNOWN };

static enum verdict verdict_of(bool holds)
{
	return holds ? YES : NO;
}

/* order: below, at or above zero. */
static bool suits(const struct comparison *comparison, int order)
{
	return order < 0   ? comparison->below
	       : order > 0 ? comparison->above
			   : comparison->at;
}

static bool quantity_holds(
    const struct condition *c, const struct expectation *e, uint64_t n)
{
	for (size_t i = 0; i < e->n_ranges; i++)
		if (suits(c->comparison, n < e->ranges[i].low    ? -1
					 : n > e->ranges[i].high ? 1
								 : 0))
			return true;
	return false;
}

static bool is_equal(struct text text, bool is_number, const struct item *item)
{
	struct number number;

	if (text_equals(text, item->text))
		return true;
	return is_number && item->is_number && number_read(text, &number) &&
	       number_compare(&number, &item->low) == 0;
}

/* With only the beginning of a text kept it can still be another. */
static enum verdict test_equal(
    const struct condition *c, struct got *got, const struct item *item)
{
	struct text text = text_got(got);

	if (got->is_cut && item->text.len > text.len &&
	    memcmp(text.at, item->text.at, text.len) == 0)
		return UNKNOWN;
	return verdict_of(
	    !got->is_cut && is_equal(text, is_json(got, JSON_NUMBER), item)
		? c->comparison->at
		: c->comparison->above);
}

static enum verdict test_order(
    const struct condition *c, struct got *got, const struct item *item)
{
	struct number number;

	if (got->is_cut)
		return UNKNOWN;
	return verdict_of(
	    number_read(text_got(got), &number) &&
	    suits(c->comparison, number_compare(&number, &item->low)));
}

static bool is_listed(struct got *got, const struct item *item)
{
	struct text text = text_got(got);
	struct number number;

	if (is_equal(text, is_json(got, JSON_NUMBER), item))
		return true;
	return item->is_range && number_read(text, &number) &&
	       number_compare(&number, &item->low) >= 0 &&
	       number_compare(&number, &item->high) <= 0;
}

static enum verdict test_in(struct got *got, const struct expectation *e)
{
	if (got->is_cut)
		return UNKNOWN;
	for (size_t i = 0; i < e->n_items; i++)
		if (is_listed(got, &e->items[i]))
			return YES;
	return NO;
}

static bool has_element(const struct got *got, const struct item *item)
{
	size_t n = json_length(got->value);

	for (size_t i = 0; i < n; i++) {
		struct json_object *element = json_element(got->value, i);

		if (is_equal(json_text(element),
			json_kind(element) == JSON_NUMBER, item))
			return true;
	}
	return false;
}

static enum verdict test_contains(struct got *got, const struct item *item)
{
	if (is_json(got, JSON_ARRAY))
		return verdict_of(has_element(got, item));
	if (text_find(text_got(got), item->text) != NULL)
		return YES;
	return got->is_cut ? UNKNOWN : NO;
}

static enum verdict test_match(
    const struct condition *c, struct got *got, struct buf *why)
{
	struct text text = text_got(got);
	uint64_t left = REGEX_BUDGET;

	switch (regex_find(c->regex,
	    (struct regex_text) {text.at, text.len, got->is_cut}, 0, &left,
	    NULL)) {
	case REGEX_FOUND:
		return verdict_of(c->comparison->at);
	case REGEX_NOT_FOUND:
		if (!got->is_cut)
			return verdict_of(c->comparison->above);
		break;
	case REGEX_TOO_LONG:
		buf_puts(why, "the expression takes too long on this text");
		break;
	}
	return UNKNOWN;
}

static enum verdict test_text(const struct condition *c, struct got *got,
    const struct expectation *e, struct buf *why)
{
	enum comparison_kind kind = c->comparison->kind;

	if (kind == COMPARE_MISSING)
		return verdict_of(got->kind == GOT_NOTHING);
	if (got->kind == GOT_NOTHING || kind == COMPARE_EXISTS)
		return verdict_of(got->kind != GOT_NOTHING);
	switch (kind) {
	case COMPARE_EQUAL:
		return test_equal(c, got, &e->items[0]);
	case COMPARE_ORDER:
		return test_order(c, got, &e->items[0]);
	case COMPARE_IN:
		return test_in(got, e);
	case COMPARE_CONTAINS:
		return test_contains(got, &e->items[0]);
	case COMPARE_MATCH:
		return test_match(c, got, why);
	case COMPARE_EXISTS:
	case COMPARE_MISSING:
		break;
	}
	return UNKNOWN;
}

/* --- values that vary --------------------------------------------------- */

/* Renders t into out; false: a variable has no value. */
static bool render(const struct template *t, struct template_env *env,
    struct buf *out, struct buf *why)
{
	buf_reset(out);
	env->missing = NULL;
	template_render(t, env, out);
	if (env->missing != NULL)
		buf_printf(why, "${%s} has no value", env->missing);
	else if (out->full)
		buf_puts(why, "the value is too long");
	return env->missing == NULL && !out->full;
}

/* What it is compared with now; NULL: nothing can be. */
static const struct expectation *expected(
    const struct condition *c, struct template_env *env, struct buf *why)
{
	struct scratch *s = c->scratch;
	struct mistake mistake;
	char *text;

	if (c->value == NULL || c->fixed != NULL)
		return &c->expected;
	if (!render(c->value, env, &s->value, why))
		return NULL;
	buf_putc(&s->value, '\0');
	text = (char *)s->value.data + s->value.start;
	if (expectation_read(
		&s->expected, c, text, buf_len(&s->value) - 1, &mistake))
		return &s->expected;
	buf_printf(why, "%s is not %s", quote(c->written).text,
	    mistake.kind != MISTAKE_KIND       ? "a list"
	    : c->subject->kind == SUBJECT_TEXT ? "a number"
					       : c->subject->noun);
	return NULL;
}

/* --- reasons ------------------------------------------------------------ */

/* Whether it may stand in a reason as it is. */
static bool is_shown(struct text text)
{
	if (text.len == 0 || text.len > SHOWN_IN_REASONS)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c < 0x20 || c == 0x7f || (c >= '0' && c <= '9'))
			return false;
	}
	return true;
}

static void put_text(struct text text, struct buf *out)
{
	struct number number;

	if (is_shown(text))
		buf_put(out, text.at, text.len);
	else if (text.len == 0)
		buf_puts(out, "an empty text");
	else if (!number_read(text, &number))
		buf_puts(out, "another text");
	else if (number.is_whole && text.len <= SHOWN_DIGITS + 1 &&
		 number.digits.len <= SHOWN_DIGITS)
		buf_put(out, text.at, text.len);
	else
		buf_puts(out, "another number");
}

static void put_got(struct got *got, struct buf *out)
{
	if (got->kind == GOT_NOTHING)
		buf_puts(out, "nothing");
	else if (is_json(got, JSON_OBJECT))
		buf_puts(out, "an object");
	else if (is_json(got, JSON_ARRAY))
		buf_puts(out, "an array");
	else
		put_text(text_got(got), out);
}

static void put_expected(const struct condition *c, struct buf *out)
{
	const struct comparison *comparison = c->comparison;
	const char *blank = "";

	buf_printf(out, "%s: expected ", c->label);
	if (comparison->kind != COMPARE_EQUAL || !comparison->at) {
		buf_puts(out, comparison->name);
		blank = " ";
	}
	if (c->written != NULL)
		buf_printf(out, "%s%s", blank,
		    *c->written != '\0' ? quote(c->written).text : "\"\"");
}

static void put_failure(const struct condition *c, const struct answer *a,
    struct got *got, struct buf *why)
{
	if (c->message != NULL) {
		buf_puts(why, c->message);
		return;
	}
	if (c->subject->kind == SUBJECT_TEXT && got->kind == GOT_NOTHING &&
	    (c->subject->takes == TAKES_HEADER ||
		c->comparison->kind == COMPARE_EXISTS)) {
		buf_printf(why, "%s: missing", c->label);
		return;
	}
	put_expected(c, why);
	if (c->subject->kind == SUBJECT_TEXT) {
		buf_puts(why, ", got ");
		put_got(got, why);
	} else if (condition_is_about_status(c)) {
		buf_puts(why, ", got ");
		c->subject->show(c->subject->quantity(a), why);
	}
}

/* `label: ` in front of a reason. */
static void put_label(const struct condition *c, struct buf *why)
{
	buf_printf(why, "%s: ", c->label);
}

/* --- the whole ---------------------------------------------------------- */

/* Writes no reason but for UNKNOWN, and that without the label. */
static enum verdict decide(const struct condition *c, struct answer *a,
    struct template_env *env, struct got *got, struct buf *why)
{
	const struct expectation *e = expected(c, env, why);
	size_t before = buf_len(why);
	enum verdict verdict;

	if (e == NULL)
		return UNKNOWN;
	if (c->subject->kind == SUBJECT_QUANTITY)
		return verdict_of(
		    quantity_holds(c, e, c->subject->quantity(a)));
	if (!c->subject->get(c, a, got, why))
		return UNKNOWN;
	verdict = test_text(c, got, e, why);
	if (verdict == UNKNOWN && buf_len(why) == before)
		answer_put_cut(a, why);
	return verdict;
}

enum condition_result condition_test(const struct condition *c,
    struct answer *a, struct template_env *env, struct buf *why)
{
	struct got got = {GOT_NOTHING, .text = {"", 0}};
	enum verdict verdict;
	struct buf reason;

	buf_init(&reason, why->max_bytes);
	verdict = decide(c, a, env, &got, &reason);
	if (verdict == NO) {
		put_failure(c, a, &got, why);
	} else if (verdict == UNKNOWN) {
		put_label(c, why);
		buf_put(why, buf_bytes(&reason), buf_len(&reason));
	}
	buf_clear(&reason);
	return verdict == YES  ? CONDITION_HOLDS
	       : verdict == NO ? CONDITION_FAILS
			       : CONDITION_UNDECIDABLE;
}

static bool shows_something(struct got *got)
{
	return got->kind != GOT_NOTHING && !is_json(got, JSON_OBJECT) &&
	       !is_json(got, JSON_ARRAY) && is_shown(text_got(got));
}

void condition_why_held(const struct condition *c, struct answer *a,
    struct template_env *env, struct buf *why)
{
	struct got got = {GOT_NOTHING, .text = {"", 0}};
	struct buf unused;

	if (c->message != NULL) {
		buf_puts(why, c->message);
		return;
	}
	if (condition_is_about_status(c)) {
		put_label(c, why);
		buf_printf(why, "got %" PRIu64, status_of(a));
		return;
	}
	buf_init(&unused, 0);
	(void)decide(c, a, env, &got, &unused);
	buf_clear(&unused);
	if (c->subject->kind == SUBJECT_TEXT && shows_something(&got)) {
		put_label(c, why);
		buf_puts(why, "got ");
		put_got(&got, why);
		return;
	}
	buf_printf(why, "%s %s%s%s", c->label, c->comparison->name,
	    c->written != NULL ? " " : "",
	    c->written != NULL ? quote(c->written).text : "");
}

/* On one line, without bytes that a terminal would obey. */
static void put_for_people(struct text text, struct buf *out)
{
	size_t len = text.len < SHOWN_TO_PEOPLE ? text.len : SHOWN_TO_PEOPLE;

	/* not through the middle of a letter */
	while (len > 0 && len < text.len &&
	       ((unsigned char)text.at[len] & 0xc0) == 0x80)
		len--;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_putc(out, (char)c);
	}
	if (len < text.len)
		buf_puts(out, "...");
}

void condition_show_subject(
    const struct condition *c, struct answer *a, struct buf *out)
{
	struct got got;

	if (c->subject->kind == SUBJECT_QUANTITY)
		c->subject->show(c->subject->quantity(a), out);
	else if (c->subject->get(c, a, &got, out)) {
		if (got.kind == GOT_NOTHING)
			buf_puts(out, "nothing");
		else
			put_for_people(text_got(&got), out);
	}
}

bool condition_when(const struct condition *c, struct template_env *env)
{
	struct got got = {GOT_TEXT, .text = {"", 0}};
	const struct expectation *e;
	bool has_left;
	struct buf why;
	bool holds = false;

	buf_init(&why, 0);
	has_left = render(c->left, env, &c->scratch->left, &why);
	if (c->comparison->kind == COMPARE_MISSING ||
	    c->comparison->kind == COMPARE_EXISTS) {
		holds = has_left == (c->comparison->kind == COMPARE_EXISTS);
	} else if (has_left) {
		got.text.at = buf_text(&c->scratch->left);
		got.text.len = buf_len(&c->scratch->left);
		e = expected(c, env, &why);
		holds = e != NULL && test_text(c, &got, e, &why) == YES;
	}
	buf_clear(&why);
	return holds;
}
