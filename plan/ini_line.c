/*
 * What a line of an INI file is, looked at alone. It must not know the lines
 * around it.
 */
#include "plan/ini_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

bool ini_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

struct line line_trim(struct line line)
{
	while (line.len > 0 && ini_is_blank(line.at[0])) {
		line.at++;
		line.len--;
	}
	while (line.len > 0 && ini_is_blank(line.at[line.len - 1]))
		line.len--;
	return line;
}

struct quote line_quote(struct line line, size_t n)
{
	char *text = xstrndup(line.at, n < line.len ? n : line.len);
	struct quote q = quote(text);

	free(text);
	return q;
}

bool line_says_nothing(struct line line)
{
	line = line_trim(line);
	return line.len == 0 || line.at[0] == ';' || line.at[0] == '#';
}

size_t line_comment_start(struct line line, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (line.at[i] == ';' && ini_is_blank(line.at[i - 1]))
			return i;
	return n;
}

bool line_section_name(struct line line, struct line *name)
{
	size_t end = line_comment_start(line, line.len);

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

bool line_copy_key(struct line line, size_t len, char *key)
{
	struct line name = line_trim((struct line) {line.at, len, 0});

	if (name.len == 0 || name.len > INI_MAX_KEY_BYTES)
		return false;
	memcpy(key, name.at, name.len);
	key[name.len] = '\0';
	return true;
}

bool ini_is_word(const char *key)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return key[strspn(key, word)] == '\0';
}
