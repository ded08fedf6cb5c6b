/*
 * The key table: one row for each key of a plan. It drives loading, defaults,
 * "did you mean" and the man page's test; a new key is a new row. It knows no
 * order of sections and nothing that needs two keys at once.
 */
#ifndef PLAN_KEYS_H
#define PLAN_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/ini.h"
#include "plan/plan.h"
#include "plan/supply.h"

/* At least as many as the table has rows. */
#define KEYS_MAX 160

enum {
	KEY_REPEATS = 1,  /* may be written more than once */
	KEY_TEMPLATE = 2, /* variables in it are for later */
	KEY_LINES = 4,    /* may go on on further lines */
	KEY_EMPTY = 8,    /* may be empty */
	KEY_SHORT = 16,   /* many bare seconds are meant as milliseconds */
	KEY_LIST = 32     /* its parts have commas between them */
};

/* What value parsers may use. */
struct key_env {
	struct diag *diag;
	struct variables *variables; /* borrowed */
	struct supply *supply;       /* borrowed */
	char *folder; /* of relative files: "" or with a slash at its end */
	unsigned lists_told; /* kinds of sections whose keys were all told */
};

struct key;

/* Puts an entry's value into field. On a mistake one error, and field stays
 * fit to be freed. */
typedef void key_parse(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field);

struct key {
	struct key_info info;
	unsigned flags;
	key_parse *parse; /* NULL: whoever owns the section looks at it */
	size_t offset;    /* of the field in its section's struct */
	uint64_t min;
	uint64_t max;
};

extern const struct key keys_table[];
extern const size_t keys_n;

/* Entries that are kept to be looked at later; borrowed. */
struct entries {
	const struct ini_entry **at; /* owned */
	size_t n;
	size_t cap;
};

/* What a request's repeated keys say, until it is put together. */
struct request_draft {
	struct entries query;
	struct entries form;
	struct entries multipart;
	struct entries checks;    /* check and fail_if */
	struct entries decisions; /* of a poll: until and fail_if */
	struct entries captures;
};

/* A step and what is still to be put into it. */
struct step_draft {
	struct step step;
	struct request_draft request;
};

enum { SCOPE_SECTIONS = 4 };

/* A place where keys may stand, each once: the keys of some sections of the
 * table and the structs they go into. Where two have a key of the same name,
 * the section that was added first has it. */
struct scope {
	const char *sections[SCOPE_SECTIONS];
	void *bases[SCOPE_SECTIONS];
	size_t n;
	const struct ini_entry *seen[KEYS_MAX]; /* by row; borrowed */
};

void scope_init(struct scope *scope);
void scope_add(struct scope *scope, const char *section, void *base);
/* Applies one entry; false when its key is none of this scope. */
bool scope_apply(struct scope *scope, const struct key_env *env,
    const struct ini_entry *entry);
/* The entry that gave this key, or NULL. */
const struct ini_entry *scope_find(const struct scope *scope, const char *key);

/* Fills in what a section's keys are when nobody says anything. */
void keys_defaults(const struct key_env *env, const char *section, void *base);
/* The row, or NULL. A row `set.NAME` has all keys that begin with `set.`, a
 * row `NAME` all there are, a row `pNN` those with a number behind the p. */
const struct key *keys_find(const char *section, const char *name);
/* What stands behind `prefix.` in a key; NULL: it begins otherwise. */
const char *keys_behind(const char *key, const char *prefix);
/* Whether it may stand more than once in such a section. A name of the plan's
 * own, as in set.NAME, may not. */
bool keys_repeats(const char *section, const char *key);
/* Reports a key that is none of the kind of section that word begins. The name
 * of the row that was meant; NULL: none that is near. */
const char *keys_report_unknown(
    struct key_env *env, const char *word, const struct ini_entry *entry);

/* What an INI section's name begins with, and what may stand in it. */
struct section_kind {
	const char *word;
	bool has_name;     /* it may have one */
	bool can_be_added; /* by the command line, where the file has none */
	const char *key_sections[8]; /* of the table, NULL behind the last */
};

/* The kind of section this is; NULL: unknown. Where name is not NULL it is
 * set to what stands behind the word, "" for nothing. */
const struct section_kind *keys_section(const char *section, const char **name);
void keys_report_section(struct diag *d, const char *name, struct where where);
/* All of them, as "[load], [user NAME] or [report]"; owned by the caller. */
char *keys_sections(void);
bool keys_is_section(const char *section);
bool keys_is_key(const char *section, const char *key);
/* Whether it is a key of any section. */
bool keys_is_any_key(const char *key);
/* What a line of that section should be that has no `=` behind its key, as
 * `why: mend`; owned by the caller. NULL: anyone's guess. */
char *keys_meant_line(const char *section, const char *line);
enum ini_lines keys_lines_of(const char *section, const char *key);

#endif
