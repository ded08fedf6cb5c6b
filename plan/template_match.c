/*
 * Which texts a template may come to. It must not know what its variables are.
 */
#include <string.h>

#include "plan/compare.h"
#include "plan/template_private.h"

static bool begins_with(struct text text, struct text front)
{
	return front.len <= text.len &&
	       memcmp(text.at, front.at, front.len) == 0;
}

static bool ends_with(struct text text, struct text back)
{
	return back.len <= text.len &&
	       memcmp(text.at + text.len - back.len, back.at, back.len) == 0;
}

static struct text without_front(struct text text, size_t len)
{
	return (struct text) {text.at + len, text.len - len};
}

/* What is literal stands in the text in the same order, the first and the last
 * part of it at the ends where no variable is; the leftmost place is as good as
 * any. */
bool template_may_be(const struct template *t, const char *wanted)
{
	struct text text = text_of(wanted);

	for (size_t i = 0; i < t->n; i++) {
		struct text part = {t->parts[i].bytes, t->parts[i].len};
		const char *at;

		if (t->parts[i].render != NULL)
			continue;
		if (i + 1 == t->n && i > 0)
			return ends_with(text, part);
		at = i == 0 ? text.at : text_find(text, part);
		if (at == NULL || (i == 0 && !begins_with(text, part)))
			return false;
		text = without_front(text, (size_t)(at - text.at) + part.len);
	}
	return text.len == 0 || !template_is_static(t);
}
