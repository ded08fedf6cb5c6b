/*
 * The text of an INI file as a list of sections with their entries, each with
 * the line it stands on. inih does the parsing; what it would swallow, cut or
 * misread is answered here, with a rule or with an error. It knows no keys:
 * whoever calls says which words are some.
 */
#ifndef PLAN_INI_H
#define PLAN_INI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/diag.h"

/* More than this is no plan: a body of that size belongs in a file. */
#define INI_MAX_BYTES ((size_t)64 << 20)
/* inih cuts longer ones. */
#define INI_MAX_KEY_BYTES 49

struct ini_entry {
	char *key;     /* owned */
	char *value;   /* owned; continued lines are joined with \n */
	char *comment; /* owned; the first that was cut out of it, or NULL */
	struct where where;
};

struct ini_section {
	char *name; /* owned; all between the brackets, but for further
		     * blanks behind its first word */
	struct where where;
	struct ini_entry *entries; /* owned, in file order */
	size_t n;
	size_t cap;
	bool lost; /* some of its lines could not be read and were reported */
};

struct ini {
	struct ini_section *sections; /* owned, in file order */
	size_t n;
	size_t cap;
};

/* How many lines the value of a key may have. */
enum ini_lines { INI_LINES_UNKNOWN, INI_LINES_ONE, INI_LINES_MANY };

/* Which words are known, to tell an indented key from a continued value. */
struct ini_words {
	bool (*is_section)(const char *name);
	bool (*is_key)(const char *key); /* of any section */
	enum ini_lines (*lines_of)(const char *section, const char *key);
	char *(*sections)(void); /* "[a], [b] or [c]", owned by the caller */
	/* What a line of that section may be meant as that is no KEY = VALUE,
	 * as `why: mend`; owned by the caller, NULL: anyone's guess. */
	char *(*meant_line)(const char *section, const char *line);
};

/* All of in into text, which the caller has to clear; false: there is more
 * than a plan has, or it cannot be read, as d has heard. file is how errors
 * call it. */
bool ini_fetch(struct buf *text, FILE *in, const char *file, struct diag *d);
/*
 * Reads len bytes of text. file is how errors call it, and is borrowed by
 * every where. Mistakes are put into d, and what stands on other lines is read
 * all the same. The caller clears ini, also after false, which means that
 * nothing at all could be made of it, or that a NUL byte says it is no text.
 */
bool ini_read(struct ini *ini, const char *text, size_t len, const char *file,
    const struct ini_words *words, struct diag *d);
void ini_clear(struct ini *ini);

/* The section of that name, or NULL. */
struct ini_section *ini_find(const struct ini *ini, const char *name);
/* A new section at the end; borrowed until the next one is added. */
struct ini_section *ini_add_section(
    struct ini *ini, const char *name, struct where where);
/* A new entry in front of entry number at (at <= section->n). */
void ini_insert(struct ini_section *section, size_t at, const char *key,
    const char *value, struct where where);
/* Takes out entry number at. */
void ini_remove(struct ini_section *section, size_t at);

#endif
