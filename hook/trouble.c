/*
 * A short list of texts with their counts. It must not know what they say.
 */
#include "hook/trouble.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

enum { MAX_TROUBLES = 64 };

static struct hook_trouble *find(const struct troubles *t, const char *text)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->list[i].text, text) == 0)
			return &t->list[i];
	return NULL;
}

void troubles_add(struct troubles *t, uint64_t count, const char *format, ...)
{
	static const char rest[] = "hooks: too many kinds of trouble to tell";
	char text[TROUBLE_BYTES];
	struct hook_trouble *trouble;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	trouble = find(t, text);
	if (trouble == NULL && t->n >= MAX_TROUBLES) {
		snprintf(text, sizeof(text), "%s", rest);
		trouble = find(t, text);
	}
	if (trouble == NULL) {
		t->list = grow(t->list, t->n, &t->cap, sizeof(*t->list));
		trouble = &t->list[t->n++];
		trouble->count = 0;
		snprintf(trouble->text, sizeof(trouble->text), "%s", text);
	}
	trouble->count += count;
}

bool troubles_take(struct troubles *t, struct hook_trouble *out)
{
	if (t->n == 0)
		return false;
	*out = t->list[0];
	t->n--;
	memmove(t->list, t->list + 1, t->n * sizeof(*t->list));
	return true;
}

void troubles_clear(struct troubles *t)
{
	free(t->list);
	*t = (struct troubles) {0};
}
