/*
 * The values that conditions compare with, when the plan is loaded or, where
 * they have variables in them, at each test. It must not know answers.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/condition_private.h"

void expectation_clear(struct expectation *e)
{
	free(e->ranges);
	free(e->items);
	memset(e, 0, sizeof(*e));
}

/* --- quantities --------------------------------------------------------- */

static bool read_quantity(const struct condition *c, char *word, uint64_t *out,
    struct mistake *mistake)
{
	if (c->subject->parse(word, out))
		return true;
	*mistake = (struct mistake) {MISTAKE_KIND, word, NULL};
	return false;
}

/* `304` or, in a list, `200..299`. */
static bool add_range(struct expectation *e, const struct condition *c,
    char *word, struct mistake *mistake)
{
	char *dots =
	    c->comparison->kind == COMPARE_IN ? strstr(word, "..") : NULL;
	char *high = word;
	struct range range;

	if (dots != NULL) {
		*dots = '\0';
		word = trim(word);
		high = trim(dots + 2);
	}
	if (!read_quantity(c, word, &range.low, mistake) ||
	    !read_quantity(c, high, &range.high, mistake))
		return false;
	if (range.low > range.high) {
		*mistake = (struct mistake) {MISTAKE_ORDER, word, high};
		return false;
	}
	e->ranges =
	    grow(e->ranges, e->n_ranges, &e->cap_ranges, sizeof(*e->ranges));
	e->ranges[e->n_ranges++] = range;
	return true;
}

/* --- texts -------------------------------------------------------------- */

static struct item *add_item(struct expectation *e, struct text text)
{
	struct item *item;

	e->items = grow(e->items, e->n_items, &e->cap_items, sizeof(*e->items));
	item = &e->items[e->n_items++];
	*item = (struct item) {.text = text};
	item->is_number = number_read(text, &item->low);
	item->high = item->low;
	return item;
}

static bool add_single(struct expectation *e, const struct condition *c,
    char *text, size_t len, struct mistake *mistake)
{
	if (add_item(e, (struct text) {text, len})->is_number ||
	    c->comparison->kind != COMPARE_ORDER)
		return true;
	*mistake = (struct mistake) {MISTAKE_KIND, text, NULL};
	return false;
}

/* One of a list: a text or `1..9`. */
static bool add_listed(
    struct expectation *e, char *word, size_t len, struct mistake *mistake)
{
	struct item *item = add_item(e, (struct text) {word, len});
	char *dots = strstr(word, "..");
	struct number low, high;

	if (len == 0) {
		*mistake = (struct mistake) {MISTAKE_EMPTY, word, NULL};
		return false;
	}
	if (dots == NULL ||
	    !number_read((struct text) {word, (size_t)(dots - word)}, &low) ||
	    !number_read(
		(struct text) {dots + 2, (size_t)(word + len - dots) - 2},
		&high))
		return true;
	if (number_compare(&low, &high) > 0) {
		*dots = '\0';
		*mistake = (struct mistake) {
		    MISTAKE_ORDER, trim(word), trim(dots + 2)};
		return false;
	}
	item->is_range = true;
	item->low = low;
	item->high = high;
	return true;
}

/* --- the whole ---------------------------------------------------------- */

/* Goes over the words between commas. */
static bool read_list(struct expectation *e, const struct condition *c,
    char *word, char *end, struct mistake *mistake)
{
	bool is_good = true;
	char *comma;

	while (is_good && word != NULL) {
		comma = memchr(word, ',', (size_t)(end - word));
		*(comma != NULL ? comma : end) = '\0';
		if (c->subject->kind == SUBJECT_QUANTITY) {
			is_good = add_range(e, c, trim(word), mistake);
		} else {
			word = trim(word);
			is_good = add_listed(e, word, strlen(word), mistake);
		}
		word = comma != NULL ? comma + 1 : NULL;
	}
	return is_good;
}

bool expectation_read(struct expectation *e, const struct condition *c,
    char *text, size_t len, struct mistake *mistake)
{
	e->n_ranges = e->n_items = 0;
	if (c->comparison->kind == COMPARE_IN)
		return read_list(e, c, text, text + len, mistake);
	if (c->subject->kind == SUBJECT_QUANTITY)
		return add_range(e, c, trim(text), mistake);
	return add_single(e, c, text, len, mistake);
}
