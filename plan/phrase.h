/*
 * One value of the plan in the language of conditions and captures, on its way
 * to be compiled: words, signs, values in quotes, and what stands behind ->.
 * It knows no subjects and no operators.
 */
#ifndef PLAN_PHRASE_H
#define PLAN_PHRASE_H

#include <stdbool.h>

#include "base/diag.h"
#include "plan/variables.h"

/* All borrowed. */
struct phrase {
	const char *text; /* all of it */
	const char *rest; /* not yet read */
	struct diag *d;
	struct where where;
	const char *what; /* the key it stands in: "check" */
};

/* `what "text": ` and this, `why: mend`. */
void phrase_error(const struct phrase *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void phrase_warning(const struct phrase *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether there is nothing more, or a -> follows. */
bool phrase_is_at_end(const struct phrase *p);

/*
 * Each of these takes something off the front, and the blanks behind it;
 * what they return is owned by the caller.
 */

/* A run of signs (=!<>~), or all up to a blank or a sign, so that "status==200"
 * is three words too. */
char *phrase_word(struct phrase *p);
/* A name or pointer: in quotes, or up to a blank or a ->, and where that is
 * asked for also up to a sign (but ~0 and ~1 are of pointers). NULL, having
 * complained: a quote that is not closed. */
char *phrase_name(struct phrase *p, bool ends_at_signs);
/* A value in quotes, in which \" is a quote, or all up to ->. NULL, having
 * complained: a quote that is not closed. */
char *phrase_value(struct phrase *p);
/* The same, but what only begins with a quote, "a":"b", is not in quotes. */
char *phrase_loose_value(struct phrase *p);
/* All that stands behind the -> at the front. Borrowed. */
const char *phrase_behind_arrow(struct phrase *p);

/* The text with its variables filled in, which have to be known before the
 * run; noun is what it is: "a pointer". Frees text; what it returns is
 * owned by the caller, NULL after a complaint. */
char *phrase_fill(
    const struct phrase *p, struct variables *v, const char *noun, char *text);

/* A pointer that has [0] where /0 is meant. */
void phrase_warn_of_places(const struct phrase *p, const char *pointer);

/* Whether a text begins with one of the signs. */
bool is_sign_word(const char *word);

#endif
