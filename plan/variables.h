/*
 * The names that ${...} may stand for beside the built-in ones, known before
 * any template is compiled: what each is, and where its value will be found.
 * It knows no templates and no users.
 */
#ifndef PLAN_VARIABLES_H
#define PLAN_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

struct supply;

enum variable_kind {
	VARIABLE_CONSTANT, /* [vars]: known when the plan is loaded */
	VARIABLE_SLOT,     /* a value of the user's, by number */
	VARIABLE_COLUMN    /* a column of a [data] file */
};

struct variable {
	char *name; /* owned: "token", "people.email" */
	enum variable_kind kind;
	char *text;    /* owned; the constant, or what a slot holds at first;
			* NULL: nothing, or not yet */
	unsigned slot; /* VARIABLE_SLOT */
	unsigned data; /* VARIABLE_COLUMN: which file, and which column */
	unsigned column;
	bool is_used;
	bool is_from_hook;  /* nothing in the plan sets it: a hook has to */
	struct where where; /* that sets it; from a hook: that uses it first */
	struct where set_where; /* of a slot with a text: that sets it too */
	/* the first that has it without ${}, as `{token}`; no file: none */
	struct where meant_where;
};

/* A zeroed struct has none. */
struct variables {
	struct variable **at; /* owned, each too; in the order of arrival */
	size_t n;
	size_t cap;
	unsigned n_slots;
	char **unread; /* owned, each too: the [data] without columns, as they
			* could not be read */
	size_t n_unread;
	bool hooks_set_some; /* an unknown name may come from a hook */
	uint64_t data_used;  /* bit by [data]: some template used a column of
			      * it since somebody set this to 0 */
	uint64_t text_bytes; /* of all that the plan keeps, filled in */
	bool is_too_much;    /* it was reported */
	/* Borrowed while the plan is loaded: where ${env NAME} is looked up.
	 * NULL: in this machine's environment. */
	struct supply *supply;
};

void variables_clear(struct variables *v);
/* The one of that name, or NULL. */
struct variable *variables_find(
    const struct variables *v, const char *name, size_t len);
/* One more, of a name that is not there yet; a slot gets its number. */
struct variable *variables_add(struct variables *v, const char *name,
    size_t len, enum variable_kind kind, struct where where);
/* So many bytes more are to be kept, which the place asks for; false: all
 * together would be too much, as d has heard. A few lines that use each other
 * may come to any size. */
bool variables_take_room(
    struct variables *v, size_t bytes, struct diag *d, struct where where);
/* That a [data] of that name has columns that nobody knows. */
void variables_add_unread(struct variables *v, const char *name);
/* What a name that a plan gives may not be, as `why: mend`; NULL: it is
 * fine. */
const char *variables_name_defect(const char *name);

#endif
