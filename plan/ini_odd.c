/*
 * Lines that are not what they look like, and what is said about them. It must
 * not know what becomes of those that are.
 */
#include "plan/ini_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

void ini_report_indent(struct ini_reader *r, struct line line)
{
	struct quote q;

	line = line_trim(line);
	q = line_quote(line, line.len);
	if (reader_lines_above(r) == INI_LINES_ONE)
		diag_error(r->diag, reader_where(r, line),
		    "\"%s\" is indented: %s has one line only: remove the "
		    "blanks in front",
		    q.text, r->key);
	else if (r->key[0] != '\0')
		diag_error(r->diag, reader_where(r, line),
		    "\"%s\" is indented: an indented line goes on with the "
		    "value above: remove the blanks in front, or join it to "
		    "the line above if it is part of that value",
		    q.text);
	else
		diag_error(r->diag, reader_where(r, line),
		    "\"%s\" is indented: there is no value above that it could "
		    "go on with: remove the blanks in front",
		    q.text);
}

/* A line that is no entry, below a value that may have several lines: told
 * once for each value. False: it is none, or its first word is a key. */
static bool report_stray(struct ini_reader *r, struct line line, size_t key_len)
{
	char key[INI_MAX_KEY_BYTES + 1];

	if (reader_lines_above(r) != INI_LINES_MANY ||
	    (line_copy_key(line, key_len, key) && r->words->is_key(key)))
		return false;
	if (!r->strays_told)
		diag_error(r->diag, reader_where(r, line),
		    "\"%s\": neither a [section] nor a key: lines that go on "
		    "with the value above must be indented",
		    line_quote(line, line.len).text);
	r->strays_told = true;
	return true;
}

/* inih would end the key at a colon too. key_len bytes are in front of it. */
static void report_colon(struct ini_reader *r, struct line line, size_t key_len)
{
	struct line key = line_trim((struct line) {line.at, key_len, 0});
	struct line value = {line.at + key_len + 1, line.len - key_len - 1, 0};

	if (report_stray(r, line, key_len))
		return;
	value = line_trim(value);
	diag_error(r->diag, reader_where(r, line),
	    "\"%s\": \":\" does not end a key: write %s = %s",
	    line_quote(line, line.len).text,
	    key.len > 0 ? line_quote(key, key.len).text : "KEY",
	    value.len > 0 ? line_quote(value, value.len).text : "VALUE");
}

/* A line as some other tool would have it; false: it is none. */
static bool report_meant(struct ini_reader *r, struct line line)
{
	const struct ini_section *section = reader_section(r);
	char *text = xstrndup(line.at, line.len), *meant = NULL;

	if (section != NULL)
		meant = r->words->meant_line(section->name, text);
	if (meant != NULL)
		diag_error(r->diag, reader_where(r, line), "\"%s\": %s",
		    quote(text).text, meant);
	free(text);
	free(meant);
	return meant != NULL;
}

void ini_report_no_equals(struct ini_reader *r, struct line line)
{
	struct where where = reader_where(r, line);
	struct quote q = line_quote(line, line.len);
	struct line rest;
	size_t len = 0;

	while (len < line.len && !ini_is_blank(line.at[len]) &&
	       line.at[len] != ':')
		len++;
	rest = line_trim((struct line) {line.at + len, line.len - len, 0});
	if (report_meant(r, line))
		return;
	if (len < line.len && line.at[len] == ':')
		report_colon(r, line, len);
	else if (report_stray(r, line, len))
		return;
	else if (len < line.len)
		diag_error(r->diag, where,
		    "\"%s\": \"=\" is missing: write %s = %s", q.text,
		    line_quote(line, len).text,
		    line_quote(rest, rest.len).text);
	else
		diag_error(r->diag, where,
		    "\"%s\": neither a [section] nor a key: write KEY = VALUE",
		    q.text);
}

/* `check status == 200`: a key, a blank, and a `=` of the value. */
static bool lacks_equals(const struct ini_reader *r, struct line key)
{
	char word[INI_MAX_KEY_BYTES + 1];
	size_t len = 0;

	while (len < key.len && !ini_is_blank(key.at[len]))
		len++;
	return len < key.len && line_copy_key(key, len, word) &&
	       r->words->is_key(word);
}

bool ini_key_is_fine(struct ini_reader *r, struct line line, struct line key)
{
	struct where where = reader_where(r, line);
	struct quote q = line_quote(key, key.len);
	char name[INI_MAX_KEY_BYTES + 1];
	const char *colon;
	bool is_plain;

	if (key.len == 0) {
		diag_error(
		    r->diag, where, "no key before \"=\": write KEY = VALUE");
		return false;
	}
	is_plain = line_copy_key(key, key.len, name) && ini_is_word(name);
	if (!is_plain && report_meant(r, line))
		return false;
	colon = memchr(key.at, ':', key.len);
	if (colon != NULL) {
		report_colon(r, line, (size_t)(colon - key.at));
		return false;
	}
	if (lacks_equals(r, key)) {
		ini_report_no_equals(r, line);
		return false;
	}
	if (!is_plain && key.len <= INI_MAX_KEY_BYTES &&
	    report_stray(r, line, key.len))
		return false;
	if (key.len > INI_MAX_KEY_BYTES) {
		diag_error(r->diag, where,
		    "key \"%s\" has %zu bytes: a key has at most %d: "
		    "shorten it",
		    q.text, key.len, INI_MAX_KEY_BYTES);
		return false;
	}
	return true;
}

void ini_report_doubt(struct ini_reader *r, struct quote key, const char *at)
{
	char *text = xstrndup(at, strcspn(at, "\n"));

	diag_error(r->diag, r->where,
	    "%s: a double quote is not closed before \"%s\", which may be "
	    "text or a comment: %s if it is text, or put the comment above "
	    "the key",
	    key.text, quote(text).text,
	    *at == ';' ? "write \\;" : "join it to the line above");
	free(text);
}
