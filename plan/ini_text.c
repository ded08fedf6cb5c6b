/*
 * The text of an INI file as a whole: how it comes into memory, and whether it
 * is text at all. It must not know what its lines say.
 */
#include "plan/ini_private.h"

#include <errno.h>
#include <string.h>

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
		if (ferror(in) && errno == EINTR) {
			clearerr(in);
			continue;
		}
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
static unsigned brace_line(const char *text, size_t len)
{
	unsigned line = 1;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '{')
			return line;
		if (text[i] == '\n')
			line++;
		else if (!ini_is_blank(text[i]) && text[i] != '\r')
			return 0;
	}
	return 0;
}

/* Why nothing can be read of it, or NULL. */
static const char *text_defect(const char *text, size_t len)
{
	if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 ||
			    memcmp(text, "\xfe\xff", 2) == 0))
		return "this is UTF-16: save it as plain text in UTF-8";
	if (len > 0 && memchr(text, '\n', len) == NULL &&
	    memchr(text, '\r', len - 1) != NULL)
		return "its lines end with CR alone: save it with LF at the "
		       "end of lines";
	return NULL;
}

bool ini_text_is_fine(
    const char *text, size_t len, const char *file, struct diag *d)
{
	const struct where brace = {file, brace_line(text, len)};
	const char *defect = text_defect(text, len);

	if (brace.line > 0)
		diag_error(d, brace,
		    "this is JSON: a plan is INI: write [load] on a line of "
		    "its own, and users = 10 below it");
	else if (defect != NULL)
		diag_error(d, (struct where) {file, 0}, "%s", defect);
	return brace.line == 0 && defect == NULL;
}
