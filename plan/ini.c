/*
 * Reading an INI file through inih without its traps: inih gets one short line
 * for each section and each key, and the values go round it. Knows no keys.
 */
#include "plan/ini.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "plan/values.h"

/* A line of the text, without its end. */
struct line {
	const char *at;
	size_t len;
	unsigned number;
};

struct reader {
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

enum item { ITEM_END, ITEM_SECTION, ITEM_ENTRY };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

static struct where line_where(const struct reader *r, struct line line)
{
	return (struct where) {r->file, line.number};
}

/* Without the blanks around it. */
static struct line line_trim(struct line line)
{
	while (line.len > 0 && is_blank(line.at[0])) {
		line.at++;
		line.len--;
	}
	while (line.len > 0 && is_blank(line.at[line.len - 1]))
		line.len--;
	return line;
}

/* The first n bytes of it, for an error. */
static struct quote line_quote(struct line line, size_t n)
{
	char *text = xstrndup(line.at, n < line.len ? n : line.len);
	struct quote q = quote(text);

	free(text);
	return q;
}

static bool line_says_nothing(struct line line)
{
	line = line_trim(line);
	return line.len == 0 || line.at[0] == ';' || line.at[0] == '#';
}

/* A byte that no line may have makes the line unusable. */
static bool line_has_bad_bytes(struct reader *r, struct line line)
{
	const char *mend = "save it as plain text in UTF-8";

	if (memchr(line.at, '\0', line.len) != NULL) {
		diag_error(r->diag, line_where(r, line),
		    "a NUL byte in the line: this is not text: %s", mend);
		r->is_binary = true;
		r->pos = r->len;
		return true;
	}
	if (memchr(line.at, '\r', line.len) != NULL) {
		diag_error(r->diag, line_where(r, line),
		    "a carriage return inside the line: lines end with LF or "
		    "CR LF: %s",
		    mend);
		return true;
	}
	return false;
}

static bool next_line(struct reader *r, struct line *line)
{
	const char *end;

	if (r->pos >= r->len)
		return false;
	line->at = r->text + r->pos;
	end = memchr(line->at, '\n', r->len - r->pos);
	if (end == NULL) {
		line->len = r->len - r->pos;
		r->pos = r->len;
	} else {
		line->len = (size_t)(end - line->at);
		r->pos += line->len + 1;
	}
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	line->number = ++r->lines;
	return true;
}

/* Puts the line back, to be read again. */
static void unread_line(struct reader *r, struct line line)
{
	r->pos = (size_t)(line.at - r->text);
	r->lines--;
}

/* Where the comment begins in the first n bytes, or n: a semicolon after a
 * blank. */
static size_t comment_start(struct line line, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (line.at[i] == ';' && is_blank(line.at[i - 1]))
			return i;
	return n;
}

/* The name in `[name]`, or false: no bracket closes it, or text follows. A
 * bracket inside a name is part of it. */
static bool section_name(struct line line, struct line *name)
{
	size_t end = comment_start(line, line.len);

	for (size_t i = 1; i < end; i++) {
		struct line rest = {line.at + i + 1, line.len - i - 1, 0};

		if (line.at[i] != ']' || !line_says_nothing(rest))
			continue;
		*name = (struct line) {line.at + 1, i - 1, line.number};
		*name = line_trim(*name);
		return true;
	}
	return false;
}

/* The section the entries being read belong to, or NULL. */
static struct ini_section *current_section(const struct reader *r)
{
	if (r->ini->n == 0)
		return NULL;
	return &r->ini->sections[r->ini->n - 1];
}

static bool looks_like_section(const struct reader *r, struct line line)
{
	struct line name;
	char *text;
	bool yes;

	if (line.len == 0 || line.at[0] != '[' || !section_name(line, &name))
		return false;
	text = xstrndup(name.at, name.len);
	yes = r->words->is_section(text);
	free(text);
	return yes;
}

/* How many lines the entry above may have. */
static enum ini_lines lines_above(const struct reader *r)
{
	const struct ini_section *section = current_section(r);

	if (section == NULL || r->key[0] == '\0')
		return INI_LINES_UNKNOWN;
	return r->words->lines_of(section->name, r->key);
}

/* The first len bytes of it as a key; false: it has none. */
static bool copy_key(struct line line, size_t len, char *key)
{
	struct line name = line_trim((struct line) {line.at, len, 0});

	if (name.len == 0 || name.len > INI_MAX_KEY_BYTES)
		return false;
	memcpy(key, name.at, name.len);
	key[name.len] = '\0';
	return true;
}

static bool is_word(const char *key)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return key[strspn(key, word)] == '\0';
}

/* From here on its first len bytes are the key above; what cannot be one is
 * not. */
static void enter_key(struct reader *r, struct line line, size_t len)
{
	char key[INI_MAX_KEY_BYTES + 1];

	if (!copy_key(line, len, key) || !is_word(key))
		return;
	memcpy(r->key, key, sizeof(key));
	r->strays_told = false;
}

/* Whether a value cannot go on with this line: it has a key of some section,
 * or, where the value has one line only, any word before a `=`. */
static bool looks_like_key(const struct reader *r, struct line line)
{
	const char *eq = memchr(line.at, '=', line.len);
	char key[INI_MAX_KEY_BYTES + 1];

	if (current_section(r) == NULL || eq == NULL ||
	    !copy_key(line, (size_t)(eq - line.at), key))
		return false;
	if (r->words->is_key(key))
		return true;
	return lines_above(r) == INI_LINES_ONE && is_word(key);
}

static void report_indent(struct reader *r, struct line line)
{
	struct quote q;

	line = line_trim(line);
	q = line_quote(line, line.len);
	if (lines_above(r) == INI_LINES_ONE)
		diag_error(r->diag, line_where(r, line),
		    "\"%s\" is indented: %s has one line only: remove the "
		    "blanks in front",
		    q.text, r->key);
	else if (r->key[0] != '\0')
		diag_error(r->diag, line_where(r, line),
		    "\"%s\" is indented: an indented line goes on with the "
		    "value above: remove the blanks in front, or join it to "
		    "the line above if it is part of that value",
		    q.text);
	else
		diag_error(r->diag, line_where(r, line),
		    "\"%s\" is indented: there is no value above that it could "
		    "go on with: remove the blanks in front",
		    q.text);
}

/* Adds the indented lines that follow to r->value, those of comment too: they
 * may turn out to be text. */
static void read_continuation(struct reader *r)
{
	struct line line, text;
	bool is_comment;

	while (next_line(r, &line)) {
		text = line_trim(line);
		is_comment = line_says_nothing(line);
		if (is_comment && (text.len == 0 || !is_blank(line.at[0]) ||
				      lines_above(r) == INI_LINES_ONE))
			continue;
		if (!is_blank(line.at[0]) ||
		    (!is_comment && (looks_like_key(r, text) ||
					looks_like_section(r, text)))) {
			unread_line(r, line);
			return;
		}
		if (line_has_bad_bytes(r, line))
			continue;
		buf_putc(&r->value, '\n');
		buf_put(&r->value, text.at, text.len);
	}
}

/* The quote that closes the one at p, on the same line; NULL: none. */
static const char *closing_quote(const char *p)
{
	for (p++; *p != '\0' && *p != '\n'; p++) {
		if (*p == '"')
			return p;
		if (*p == '\\' && p[1] != '\0' && p[1] != '\n')
			p++;
	}
	return NULL;
}

/* Whether a comment begins at p: a semicolon behind a blank, or a line of
 * comment. */
static bool begins_comment(const char *value, const char *p)
{
	if (p == value || (*p != ';' && *p != '#'))
		return false;
	return p[-1] == '\n' || (*p == ';' && is_blank(p[-1]));
}

/* Takes the comment at `at` out of the text in front of it, which ends at to;
 * returns the new end. A line of nothing else goes as a whole. */
static char *cut_comment(const char *value, const char *at, char *to)
{
	while (to > value && is_blank(to[-1]))
		to--;
	if (at[-1] == '\n' && to > value)
		to--;
	return to;
}

/*
 * Takes the comments out of a value and makes `\;` a semicolon, in place; a
 * copy of the first one goes into comment. Text in double quotes stays as it
 * is. Not NULL: a quote stays open on its line, and what stands there in value
 * may be text or a comment.
 */
static const char *clean_value(char *value, char **comment)
{
	const char *from = value;
	const char *close;
	char *to = value;
	bool open_here = false, open_before = false;

	while (*from != '\0') {
		if (*from == '"' && !open_here) {
			close = closing_quote(from);
			open_here = close == NULL;
			open_before = open_before || open_here;
			while (close != NULL && from < close)
				*to++ = *from++;
		} else if (from[0] == '\\' && from[1] == ';') {
			from++;
		} else if (begins_comment(value, from)) {
			if (open_before)
				return from;
			to = cut_comment(value, from, to);
			if (*comment == NULL)
				*comment = xstrndup(from, strcspn(from, "\n"));
			from += strcspn(from, "\n");
			continue;
		} else if (*from == '\n') {
			open_here = false;
		}
		*to++ = *from++;
	}
	*to = '\0';
	return NULL;
}

/* A line that is no entry, below a value that may have several lines: told
 * once for each value. False: it is none, or its first word is a key. */
static bool report_stray(struct reader *r, struct line line, size_t key_len)
{
	char key[INI_MAX_KEY_BYTES + 1];

	if (lines_above(r) != INI_LINES_MANY ||
	    (copy_key(line, key_len, key) && r->words->is_key(key)))
		return false;
	if (!r->strays_told)
		diag_error(r->diag, line_where(r, line),
		    "\"%s\": neither a [section] nor a key: lines that go on "
		    "with the value above must be indented",
		    line_quote(line, line.len).text);
	r->strays_told = true;
	return true;
}

/* inih would end the key at a colon too. key_len bytes are in front of it. */
static void report_colon(struct reader *r, struct line line, size_t key_len)
{
	struct line key = line_trim((struct line) {line.at, key_len, 0});
	struct line value = {line.at + key_len + 1, line.len - key_len - 1, 0};

	if (report_stray(r, line, key_len))
		return;
	value = line_trim(value);
	diag_error(r->diag, line_where(r, line),
	    "\"%s\": \":\" does not end a key: write %s = %s",
	    line_quote(line, line.len).text,
	    key.len > 0 ? line_quote(key, key.len).text : "KEY",
	    value.len > 0 ? line_quote(value, value.len).text : "VALUE");
}

/* A line as some other tool would have it; false: it is none. */
static bool report_meant(struct reader *r, struct line line)
{
	const struct ini_section *section = current_section(r);
	char *text = xstrndup(line.at, line.len), *meant = NULL;

	if (section != NULL)
		meant = r->words->meant_line(section->name, text);
	if (meant != NULL)
		diag_error(r->diag, line_where(r, line), "\"%s\": %s",
		    quote(text).text, meant);
	free(text);
	free(meant);
	return meant != NULL;
}

/* A line without `=`: what it would be if its first word is meant as a key. */
static void report_no_equals(struct reader *r, struct line line)
{
	struct where where = line_where(r, line);
	struct quote q = line_quote(line, line.len);
	struct line rest;
	size_t len = 0;

	while (len < line.len && !is_blank(line.at[len]) && line.at[len] != ':')
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
static bool lacks_equals(const struct reader *r, struct line key)
{
	char word[INI_MAX_KEY_BYTES + 1];
	size_t len = 0;

	while (len < key.len && !is_blank(key.at[len]))
		len++;
	return len < key.len && copy_key(key, len, word) &&
	       r->words->is_key(word);
}

/* A key that inih reads as it is written here; false: it was reported. */
static bool key_is_fine(struct reader *r, struct line line, struct line key)
{
	struct where where = line_where(r, line);
	struct quote q = line_quote(key, key.len);
	char name[INI_MAX_KEY_BYTES + 1];
	const char *colon;
	bool is_plain;

	if (key.len == 0) {
		diag_error(
		    r->diag, where, "no key before \"=\": write KEY = VALUE");
		return false;
	}
	is_plain = copy_key(key, key.len, name) && is_word(name);
	if (!is_plain && report_meant(r, line))
		return false;
	colon = memchr(key.at, ':', key.len);
	if (colon != NULL) {
		report_colon(r, line, (size_t)(colon - key.at));
		return false;
	}
	if (lacks_equals(r, key)) {
		report_no_equals(r, line);
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

/* The `=` of an entry's first line, or NULL after an error. */
static const char *find_equals(struct reader *r, struct line line)
{
	size_t len = comment_start(line, line.len);
	const char *eq = memchr(line.at, '=', len);

	if (eq == NULL) {
		line = (struct line) {line.at, len, line.number};
		report_no_equals(r, line_trim(line));
	}
	return eq;
}

/* What stands at `at` in the value of a key may be text or a comment. */
static void report_doubt(struct reader *r, struct quote key, const char *at)
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

/* Makes r->clean of r->value; false: it was reported. */
static bool read_value(struct reader *r, struct line key)
{
	const char *doubt;

	free(r->clean);
	free(r->comment);
	r->comment = NULL;
	r->clean = xstrdup(buf_text(&r->value));
	doubt = clean_value(r->clean, &r->comment);
	if (doubt != NULL)
		report_doubt(r, line_quote(key, key.len), doubt);
	return doubt == NULL;
}

/* Reads the entry that begins with this line. True: r->value begins with its
 * key, r->clean is its value. */
static bool read_entry(struct reader *r, struct line line)
{
	struct line key, value;
	const char *eq = find_equals(r, line);

	buf_reset(&r->value);
	if (eq != NULL) {
		value.at = eq + 1;
		value.len = line.len - (size_t)(value.at - line.at);
		buf_put(&r->value, value.at, value.len);
		enter_key(r, line, (size_t)(eq - line.at));
	}
	read_continuation(r);
	if (eq == NULL)
		return false;
	key = line_trim((struct line) {line.at, (size_t)(eq - line.at), 0});
	if (!key_is_fine(r, line, key))
		return false;
	if (current_section(r) == NULL) {
		if (!r->orphans_told)
			diag_error(r->diag, line_where(r, line),
			    "\"%s\" stands before any section: begin with a "
			    "section such as [load]",
			    line_quote(key, key.len).text);
		r->orphans_told = true;
		return false;
	}
	r->where = line_where(r, line);
	if (!read_value(r, key))
		return false;
	buf_reset(&r->value);
	buf_put(&r->value, key.at, key.len);
	return true;
}

/* Reads `[name]`; false: it was reported. */
static bool read_section(struct reader *r, struct line line)
{
	struct where where = line_where(r, line);
	struct line name;
	char *text, *sections;

	if (!section_name(line, &name)) {
		diag_error(r->diag, where,
		    "\"%s\": a section is a name in brackets alone on its "
		    "line: write [NAME]",
		    line_quote(line, line.len).text);
		/* What follows belongs to it, whatever it is called. */
		name.at = memchr(line.at, ']', line.len);
		if (name.at == NULL)
			name.at = line.at + comment_start(line, line.len);
		name.len = (size_t)(name.at - line.at) - 1;
		name.at = line.at + 1;
		name = line_trim(name);
	} else if (name.len == 0) {
		sections = r->words->sections();
		diag_error(r->diag, where, "a section without a name: write %s",
		    sections);
		free(sections);
	}
	text = xstrndup(name.at, name.len);
	ini_add_section(r->ini, text, where);
	r->key[0] = '\0';
	free(text);
	return true;
}

static enum item next_item(struct reader *r)
{
	struct line line;

	while (next_line(r, &line)) {
		if (line_says_nothing(line) || line_has_bad_bytes(r, line))
			continue;
		if (is_blank(line.at[0]))
			report_indent(r, line);
		line = line_trim(line);
		if (line.at[0] == '[') {
			if (read_section(r, line))
				return ITEM_SECTION;
		} else if (read_entry(r, line)) {
			return ITEM_ENTRY;
		} else if (current_section(r) != NULL) {
			current_section(r)->lost = true;
		}
	}
	return ITEM_END;
}

/* inih's reader. Sections go by their number, since inih cuts names at 49
 * bytes, and keys alone; both fit its line whatever the file says. */
static char *hand_over(char *str, int num, void *stream)
{
	struct reader *r = stream;
	size_t size = (size_t)num;

	switch (next_item(r)) {
	case ITEM_SECTION:
		snprintf(str, size, "[%zu]\n", r->ini->n - 1);
		return str;
	case ITEM_ENTRY:
		snprintf(str, size, "%s =\n", buf_text(&r->value));
		return str;
	case ITEM_END:
		break;
	}
	return NULL;
}

static int take_back(
    void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;
	size_t number = strtoul(section, NULL, 10);
	struct ini_section *s;

	(void)value; /* empty: the real one is r->clean */
	if (number >= r->ini->n || r->clean == NULL)
		return 0;
	s = &r->ini->sections[number];
	ini_insert(s, s->n, name, trim(r->clean), r->where);
	s->entries[s->n - 1].comment = r->comment;
	r->comment = NULL;
	free(r->clean);
	r->clean = NULL;
	return 1;
}

bool ini_fetch(struct buf *text, FILE *in, const char *file, struct diag *d)
{
	const struct where where = {file, 0};
	uint8_t *room;
	size_t n;

	buf_init(text, INI_MAX_BYTES + 65536);
	while (!feof(in)) {
		room = buf_reserve(text, 65536);
		if (room == NULL) {
			diag_error(d, where,
			    "larger than 64 MiB: this is no plan: put large "
			    "bodies into files and name them with body_file");
			return false;
		}
		errno = 0;
		n = fread(room, 1, 65536, in);
		buf_wrote(text, n);
		if (ferror(in) && errno == EISDIR) {
			diag_error(
			    d, where, "this is a folder: name the plan in it");
			return false;
		}
		if (ferror(in)) {
			diag_error(
			    d, where, "it cannot be read: %s", strerror(errno));
			return false;
		}
	}
	return true;
}

/* The line that the first brace stands in, where that is the first there is of
 * the text; 0: it is another. */
static unsigned brace_line(const struct reader *r)
{
	unsigned line = 1;

	for (size_t i = r->pos; i < r->len; i++) {
		if (r->text[i] == '{')
			return line;
		if (r->text[i] == '\n')
			line++;
		else if (!is_blank(r->text[i]) && r->text[i] != '\r')
			return 0;
	}
	return 0;
}

/* What is wrong with the text as a whole; false: nothing can be read. */
static bool text_is_fine(const struct reader *r)
{
	struct where where = {r->file, 0}, brace = {r->file, brace_line(r)};

	if (brace.line > 0) {
		diag_error(r->diag, brace,
		    "this is JSON: a plan is INI: write [load] on a line of "
		    "its own, and users = 10 below it");
		return false;
	}

	if (r->len >= 2 && (memcmp(r->text, "\xff\xfe", 2) == 0 ||
			       memcmp(r->text, "\xfe\xff", 2) == 0)) {
		diag_error(r->diag, where,
		    "this is UTF-16: save it as plain text in UTF-8");
		return false;
	}
	if (memchr(r->text, '\n', r->len) == NULL && r->len > 0 &&
	    memchr(r->text, '\r', r->len - 1) != NULL) {
		diag_error(r->diag, where,
		    "its lines end with CR alone: save it with LF at the end "
		    "of lines");
		return false;
	}
	return true;
}

bool ini_read(struct ini *ini, const char *text, size_t len, const char *file,
    const struct ini_words *words, struct diag *d)
{
	struct reader r = {.ini = ini,
	    .file = file,
	    .words = words,
	    .diag = d,
	    .text = text,
	    .len = len};
	struct where where = {file, 0};
	bool ok;

	memset(ini, 0, sizeof(*ini));
	buf_init(&r.value, INI_MAX_BYTES + 65536);
	if (r.len >= 3 && memcmp(r.text, "\xef\xbb\xbf", 3) == 0)
		r.pos = 3;
	ok = text_is_fine(&r);
	/* Our reader ends early only at the end of the text. */
	if (ok && ini_parse_stream(hand_over, &r, take_back, &r) != 0) {
		diag_error(d, where,
		    "inih stumbled over it: please report this with the plan");
		ok = false;
	}
	free(r.clean);
	free(r.comment);
	buf_clear(&r.value);
	return ok && !r.is_binary;
}
