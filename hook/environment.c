/*
 * Environments for hooks. It must not know what the fields mean.
 */
#include "hook/environment.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"

extern char **environ;

/* Whether two texts NAME=VALUE are of the same name. */
static bool is_same_name(const char *a, const char *b)
{
	while (*a == *b && *a != '=' && *a != '\0')
		a++, b++;
	return *a == *b;
}

/* The text at *at, which is moved to the next one; NULL at the end. */
static char *next_text(const struct buf *texts, size_t *at)
{
	char *text;

	if (*at >= buf_len(texts))
		return NULL;
	text = (char *)texts->data + texts->start + *at;
	*at += strlen(text) + 1;
	return text;
}

static bool has_name_of(const struct buf *texts, const char *text)
{
	const char *other;
	size_t at = 0;

	while ((other = next_text(texts, &at)) != NULL)
		if (is_same_name(other, text))
			return true;
	return false;
}

static char variable_letter(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return c;
	return '_';
}

static void put_variable(struct buf *out, const char *key, const char *value)
{
	struct buf text;

	buf_init(&text, out->max_bytes);
	buf_puts(&text, "LOADGEN_");
	for (; *key != '\0'; key++)
		buf_putc(&text, variable_letter(*key));
	buf_putc(&text, '=');
	buf_puts(&text, value);
	buf_putc(&text, '\0');
	if (text.full)
		out->full = true;
	else if (!has_name_of(out, (const char *)buf_bytes(&text)))
		buf_put(out, buf_bytes(&text), buf_len(&text));
	buf_clear(&text);
}

void environment_put(struct buf *out, const struct hook_identity *who,
    const char *hook, const struct event *event)
{
	char worker[24] = "";

	if (who->worker >= 0)
		snprintf(worker, sizeof(worker), "%ld", who->worker);
	put_variable(out, "event", event->name);
	put_variable(out, "hook", hook);
	put_variable(out, "role", who->role);
	put_variable(out, "worker", worker);
	put_variable(out, "host", who->host);
	for (size_t i = 0; i < event->n_fields; i++)
		put_variable(out, event->fields[i].key, event->fields[i].value);
}

char **environment_with(const struct buf *texts)
{
	size_t n = 0, at = 0, max = 1;
	char **all, *text;

	for (char **e = environ; e != NULL && *e != NULL; e++)
		max++;
	while (next_text(texts, &at) != NULL)
		max++;
	all = xcalloc(max, sizeof(*all));
	for (char **e = environ; e != NULL && *e != NULL; e++)
		if (!has_name_of(texts, *e))
			all[n++] = *e;
	at = 0;
	while ((text = next_text(texts, &at)) != NULL)
		all[n++] = text;
	return all;
}
