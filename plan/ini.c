/*
 * Reading an INI file through inih without its traps: inih gets one short line
 * for each section and each key, and the values go round it. Knows no keys.
 */
#include "plan/ini_private.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

enum item { ITEM_END, ITEM_SECTION, ITEM_ENTRY };

/* --- where the reader is ------------------------------------------------ */

struct where reader_where(const struct ini_reader *r, struct line line)
{
	return (struct where) {r->file, line.number};
}

struct ini_section *reader_section(const struct ini_reader *r)
{
	if (r->ini->n == 0)
		return NULL;
	return &r->ini->sections[r->ini->n - 1];
}

enum ini_lines reader_lines_above(const struct ini_reader *r)
{
	const struct ini_section *section = reader_section(r);

	if (section == NULL || r->key[0] == '\0')
		return INI_LINES_UNKNOWN;
	return r->words->lines_of(section->name, r->key);
}

/* --- lines -------------------------------------------------------------- */

/* A byte that no line may have makes the line unusable. */
static bool line_has_bad_bytes(struct ini_reader *r, struct line line)
{
	const char *mend = "save it as plain text in UTF-8";

	if (memchr(line.at, '\0', line.len) != NULL) {
		diag_error(r->diag, reader_where(r, line),
		    "a NUL byte in the line: this is not text: %s", mend);
		r->is_binary = true;
		r->pos = r->len;
		return true;
	}
	if (memchr(line.at, '\r', line.len) != NULL) {
		diag_error(r->diag, reader_where(r, line),
		    "a carriage return inside the line: lines end with LF or "
		    "CR LF: %s",
		    mend);
		return true;
	}
	return false;
}

static bool next_line(struct ini_reader *r, struct line *line)
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
static void unread_line(struct ini_reader *r, struct line line)
{
	r->pos = (size_t)(line.at - r->text);
	r->lines--;
}

static bool looks_like_section(const struct ini_reader *r, struct line line)
{
	struct line name;
	char *text;
	bool yes;

	if (line.len == 0 || line.at[0] != '[' ||
	    !line_section_name(line, &name))
		return false;
	text = xstrndup(name.at, name.len);
	yes = r->words->is_section(text);
	free(text);
	return yes;
}

/* From here on its first len bytes are the key above; what cannot be one is
 * not. */
static void enter_key(struct ini_reader *r, struct line line, size_t len)
{
	char key[INI_MAX_KEY_BYTES + 1];

	if (!line_copy_key(line, len, key) || !ini_is_word(key))
		return;
	memcpy(r->key, key, sizeof(key));
	r->strays_told = false;
}

/* Whether a value cannot go on with this line: it has a key of some section,
 * or, where the value has one line only, any word before a `=`. */
static bool looks_like_key(const struct ini_reader *r, struct line line)
{
	const char *eq = memchr(line.at, '=', line.len);
	char key[INI_MAX_KEY_BYTES + 1];

	if (reader_section(r) == NULL || eq == NULL ||
	    !line_copy_key(line, (size_t)(eq - line.at), key))
		return false;
	if (r->words->is_key(key))
		return true;
	return reader_lines_above(r) == INI_LINES_ONE && ini_is_word(key);
}

/* --- items -------------------------------------------------------------- */

/* Adds the indented lines that follow to r->value, those of comment too: they
 * may turn out to be text. */
static void read_continuation(struct ini_reader *r)
{
	struct line line, text;
	bool is_comment;

	while (next_line(r, &line)) {
		text = line_trim(line);
		is_comment = line_says_nothing(line);
		if (is_comment && (text.len == 0 || !ini_is_blank(line.at[0]) ||
				      reader_lines_above(r) == INI_LINES_ONE))
			continue;
		if (!ini_is_blank(line.at[0]) ||
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

/* The `=` of an entry's first line, or NULL after an error. */
static const char *find_equals(struct ini_reader *r, struct line line)
{
	size_t len = line_comment_start(line, line.len);
	const char *eq = memchr(line.at, '=', len);

	if (eq == NULL) {
		line = (struct line) {line.at, len, line.number};
		ini_report_no_equals(r, line_trim(line));
	}
	return eq;
}

/* Makes r->clean of r->value; false: it was reported. */
static bool read_value(struct ini_reader *r, struct line key)
{
	const char *doubt;

	free(r->clean);
	free(r->comment);
	r->comment = NULL;
	r->clean = xstrdup(buf_text(&r->value));
	doubt = ini_clean_value(r->clean, &r->comment);
	if (doubt != NULL)
		ini_report_doubt(r, line_quote(key, key.len), doubt);
	return doubt == NULL;
}

/* Reads the entry that begins with this line. True: r->value begins with its
 * key, r->clean is its value. */
static bool read_entry(struct ini_reader *r, struct line line)
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
	if (!ini_key_is_fine(r, line, key))
		return false;
	if (reader_section(r) == NULL) {
		if (!r->orphans_told)
			diag_error(r->diag, reader_where(r, line),
			    "\"%s\" stands before any section: begin with a "
			    "section such as [load]",
			    line_quote(key, key.len).text);
		r->orphans_told = true;
		return false;
	}
	r->where = reader_where(r, line);
	if (!read_value(r, key))
		return false;
	buf_reset(&r->value);
	buf_put(&r->value, key.at, key.len);
	return true;
}

/* Reads `[name]`; false: it was reported. */
static bool read_section(struct ini_reader *r, struct line line)
{
	struct where where = reader_where(r, line);
	struct line name;
	char *text, *sections;

	if (!line_section_name(line, &name)) {
		diag_error(r->diag, where,
		    "\"%s\": a section is a name in brackets alone on its "
		    "line: write [NAME]",
		    line_quote(line, line.len).text);
		/* What follows belongs to it, whatever it is called. */
		name.at = memchr(line.at, ']', line.len);
		if (name.at == NULL)
			name.at = line.at + line_comment_start(line, line.len);
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

static enum item next_item(struct ini_reader *r)
{
	struct line line;

	while (next_line(r, &line)) {
		if (line_says_nothing(line) || line_has_bad_bytes(r, line))
			continue;
		if (ini_is_blank(line.at[0]))
			ini_report_indent(r, line);
		line = line_trim(line);
		if (line.at[0] == '[') {
			if (read_section(r, line))
				return ITEM_SECTION;
		} else if (read_entry(r, line)) {
			return ITEM_ENTRY;
		} else if (reader_section(r) != NULL) {
			reader_section(r)->lost = true;
		}
	}
	return ITEM_END;
}

/* --- inih --------------------------------------------------------------- */

/* inih's reader. Sections go by their number, since inih cuts names at 49
 * bytes, and keys alone; both fit its line whatever the file says. */
static char *hand_over(char *str, int num, void *stream)
{
	struct ini_reader *r = stream;
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
	struct ini_reader *r = user;
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

bool ini_read(struct ini *ini, const char *text, size_t len, const char *file,
    const struct ini_words *words, struct diag *d)
{
	size_t mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	struct ini_reader r = {.ini = ini,
	    .file = file,
	    .words = words,
	    .diag = d,
	    .text = text + mark,
	    .len = len - mark};
	bool ok = ini_text_is_fine(r.text, r.len, file, d);

	memset(ini, 0, sizeof(*ini));
	buf_init(&r.value, INI_MAX_BYTES + 65536);
	/* Our reader ends early only at the end of the text. */
	if (ok && ini_parse_stream(hand_over, &r, take_back, &r) != 0) {
		diag_error(d, (struct where) {file, 0},
		    "inih stumbled over it: please report this with the plan");
		ok = false;
	}
	free(r.clean);
	free(r.comment);
	buf_clear(&r.value);
	return ok && !r.is_binary;
}
