/*
 * The body of a request, from body, json, form or body_file. It must not know
 * URLs, nor how it is sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/util.h"
#include "plan/fields.h"
#include "plan/loader.h"
#include "plan/values.h"

#define BODY_MAX_BYTES ((size_t)64 << 20)

/* All of an open file into body; the reason why not, or NULL. */
static const char *read_all(int fd, struct buf *body)
{
	struct stat st;
	uint8_t *room;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return strerror(errno);
	if (S_ISDIR(st.st_mode))
		return "it is a folder";
	if (!S_ISREG(st.st_mode))
		return "it is not a regular file";
	for (;;) {
		room = buf_reserve(body, 65536);
		if (room == NULL)
			return "it has more than 64 MiB";
		n = read(fd, room, 65536);
		if (n == 0)
			return NULL;
		if (n > 0)
			buf_wrote(body, (size_t)n);
		else if (errno != EINTR)
			return strerror(errno);
	}
}

static struct template *body_of_file(
    struct loader *l, const struct ini_entry *entry)
{
	char *name = field_expand(&l->env, entry);
	struct template *t = NULL;
	const char *defect;
	struct buf body;
	char *path;
	int fd;

	if (name == NULL)
		return NULL;
	path = field_path(&l->env, name);
	buf_init(&body, BODY_MAX_BYTES + 65536);
	/* the name may be that of a pipe that nobody writes */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	defect = fd < 0 ? strerror(errno) : read_all(fd, &body);
	if (defect != NULL)
		field_error(&l->env, entry,
		    "it cannot be read: %s: paths start at the plan's folder",
		    defect);
	else
		t = template_literal(buf_text(&body), buf_len(&body));
	if (fd >= 0)
		close(fd);
	buf_clear(&body);
	free(path);
	free(name);
	return t;
}

static struct template *body_of_text(
    struct loader *l, const struct ini_entry *entry)
{
	return template_compile(entry->value, ENCODE_NONE, l->env.variables,
	    l->diag, entry->where, entry->key);
}

/* The bracket that text opens and does not close, outside of quotes and
 * variables; '\0': none. */
static char open_bracket(const char *text)
{
	int braces = 0, brackets = 0;
	bool is_quoted = false;

	while (*text != '\0') {
		const char *next = skip_variable(text);

		if (next > text) {
			text = next;
			continue;
		}
		if (is_quoted && text[0] == '\\' && text[1] != '\0')
			text++;
		else if (*text == '"')
			is_quoted = !is_quoted;
		else if (!is_quoted) {
			braces += (*text == '{') - (*text == '}');
			brackets += (*text == '[') - (*text == ']');
		}
		text++;
	}
	if (braces > 0)
		return '{';
	return brackets > 0 ? '[' : '\0';
}

/* A comment behind which something stays open may have been text. */
static void warn_of_comment(struct loader *l, const struct ini_entry *json)
{
	char open = open_bracket(json->value);

	if (json->comment != NULL && open != '\0')
		diag_warning(l->diag, json->where,
		    "json: the comment \"%s\" leaves an open \"%c\": write "
		    "\\; if it is text",
		    quote(json->comment).text, open);
}

static struct template *body_of_form(
    struct loader *l, const struct entries *form)
{
	struct template *body = NULL, *pair;

	for (size_t i = 0; i < form->n; i++) {
		pair = pair_compile(l, form->at[i]);
		if (pair == NULL)
			continue;
		if (body != NULL)
			body = template_append(body, template_literal("&", 1));
		body = template_append(body, pair);
	}
	return body;
}

/* Only one of them can be sent: the first in the file; the others are
 * reported. */
static const struct ini_entry *pick_source(
    struct loader *l, const struct ini_entry *const *sources, size_t n)
{
	const struct ini_entry *first = NULL;

	for (size_t i = 0; i < n; i++)
		if (sources[i] != NULL &&
		    (first == NULL ||
			sources[i]->where.line < first->where.line))
			first = sources[i];
	for (size_t i = 0; i < n; i++)
		if (sources[i] != NULL && sources[i] != first)
			diag_error(l->diag, sources[i]->where,
			    "%s: the request has a body already, %s: keep one "
			    "of body, body_file, json and form",
			    sources[i]->key, first->key);
	return first;
}

void body_load(struct loader *l, struct request *request,
    const struct scope *scope, const struct request_draft *draft,
    const char **content_type)
{
	const struct ini_entry *form =
	    draft->form.n > 0 ? draft->form.at[0] : NULL;
	const struct ini_entry *json = scope_find(scope, "json");
	const struct ini_entry *file = scope_find(scope, "body_file");
	const struct ini_entry *sources[] = {
	    scope_find(scope, "body"), file, json, form};
	const struct ini_entry *source =
	    pick_source(l, sources, ARRAY_LEN(sources));

	if (source == NULL)
		return;
	if (request->method != NULL && strcmp(request->method, "HEAD") == 0)
		diag_error(l->diag, source->where,
		    "%s: a HEAD request has no body: write post or put",
		    source->key);
	if (source == form) {
		*content_type = "application/x-www-form-urlencoded";
		request->body = body_of_form(l, &draft->form);
	} else if (source == file) {
		request->body =
		    source->value[0] != '\0' ? body_of_file(l, source) : NULL;
	} else {
		if (source == json) {
			*content_type = "application/json";
			warn_of_comment(l, json);
		}
		request->body = body_of_text(l, source);
	}
}
