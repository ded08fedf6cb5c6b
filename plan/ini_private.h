/*
 * For ini*.c alone: an INI file while it is read, line by line.
 */
#ifndef PLAN_INI_PRIVATE_H
#define PLAN_INI_PRIVATE_H

#include "plan/ini.h"
#include "plan/values.h"

/* A line of the text, without its end. */
struct line {
	const char *at;
	size_t len;
	unsigned number;
};

struct ini_reader {
	struct ini *ini;
	const char *file;
	const struct ini_words *words;
	struct diag *diag;
	const char *text;
	size_t len;
	size_t pos;
	unsigned lines;   /* read so far */
	struct buf value; /* of the entry being read, lines joined */
	/* The entry whose key inih has been handed. */
	char *clean;
	char *comment; /* the first that was cut out of it, or NULL */
	struct where where;
	char key[INI_MAX_KEY_BYTES + 1]; /* of the last entry, "" for none */
	bool orphans_told; /* entries before any section were reported */
	bool strays_told;  /* lines that are none, below the last entry */
	bool is_binary;    /* a NUL byte was found, and reading ended */
};

/* --- ini.c: where the reader is ----------------------------------------- */

struct where reader_where(const struct ini_reader *r, struct line line);
/* The section that the entries being read belong to, or NULL. */
struct ini_section *reader_section(const struct ini_reader *r);
/* How many lines the entry above may have. */
enum ini_lines reader_lines_above(const struct ini_reader *r);

/* --- ini_line.c: one line ----------------------------------------------- */

bool ini_is_blank(char c);
/* Whether it may be a key. */
bool ini_is_word(const char *key);
/* Without the blanks around it. */
struct line line_trim(struct line line);
/* The first n bytes of it, for an error. */
struct quote line_quote(struct line line, size_t n);
/* Whether it is empty, or all comment. */
bool line_says_nothing(struct line line);
/* Where the comment begins in the first n bytes, or n: a semicolon after a
 * blank. */
size_t line_comment_start(struct line line, size_t n);
/* The name in `[name]`, or false: no bracket closes it, or text follows. A
 * bracket inside a name is part of it. */
bool line_section_name(struct line line, struct line *name);
/* The first len bytes of it as a key, into one of INI_MAX_KEY_BYTES and a NUL;
 * false: it has none. */
bool line_copy_key(struct line line, size_t len, char *key);

/* --- ini_value.c: a value ----------------------------------------------- */

/*
 * Takes the comments out of a value and makes `\;` a semicolon, in place; a
 * copy of the first one goes into comment. Text in double quotes stays as it
 * is. Not NULL: a quote stays open on its line, and what stands there in value
 * may be text or a comment.
 */
const char *ini_clean_value(char *value, char **comment);

/* --- ini_text.c: the whole text ----------------------------------------- */

/* False: nothing can be read of it, as d has heard. */
bool ini_text_is_fine(
    const char *text, size_t len, const char *file, struct diag *d);

/* --- ini_odd.c: lines that are not what they look like ------------------- */

/* A key that inih reads as it is written here; false: it was reported. */
bool ini_key_is_fine(struct ini_reader *r, struct line line, struct line key);
/* Blanks in front of what is a section or an entry. */
void ini_report_indent(struct ini_reader *r, struct line line);
/* A line without `=`: what it would be if its first word is meant as a key. */
void ini_report_no_equals(struct ini_reader *r, struct line line);
/* What stands at `at` in the value of a key may be text or a comment. */
void ini_report_doubt(struct ini_reader *r, struct quote key, const char *at);

#endif
