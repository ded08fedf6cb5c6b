/*
 * The body of a request, from body, json, form, body_file or multipart. It must
 * not know URLs, nor how it is sent.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "plan/fields.h"
#include "plan/json.h"
#include "plan/loader.h"
#include "plan/values.h"

#define BLANKS " \t\r\n"

/* How much of a file is looked at, and of what stands in braces there. */
enum { LOOKED_BYTES = 64 * 1024, LOOKED_NAME_BYTES = 256 };

/* All of the file that an entry names, as it is; false after an error. */
static bool read_file(struct loader *l, const struct ini_entry *entry,
    const char *name, struct supply_file *file)
{
	char *path = field_path(&l->env, name);
	const char *defect = supply_read(&l->supply, path, file);

	free(path);
	if (defect != NULL)
		field_error(&l->env, entry,
		    "it cannot be read: %s: paths start at the plan's folder",
		    defect);
	return defect == NULL;
}

/* Whether this would be a variable between ${ and }. */
static bool is_variable(const struct variables *v, const char *text, size_t len)
{
	const char *bar = memchr(text, '|', len);
	const struct variable *variable;
	size_t word = 0;

	if (memchr(text, '\0', len) != NULL)
		return false;
	if (bar != NULL)
		len = (size_t)(bar - text);
	/* a column's name may have blanks in it */
	variable = variables_find(v, text, len);
	if (variable != NULL)
		return !variable->is_from_hook;
	while (word < len && strchr(BLANKS, text[word]) == NULL)
		word++;
	return template_knows(text, word);
}

/* The first one in these bytes, as it stands there; owned by the caller. NULL:
 * there is none. */
static char *find_variable(
    const struct variables *v, const char *bytes, size_t len)
{
	const char *end = bytes + len, *close;
	size_t room;

	for (; (bytes = memchr(bytes, '$', (size_t)(end - bytes))) != NULL;
	     bytes++) {
		room = (size_t)(end - bytes);
		if (room < 2 || bytes[1] != '{')
			continue;
		close = memchr(bytes, '}',
		    room < LOOKED_NAME_BYTES ? room : LOOKED_NAME_BYTES);
		if (close != NULL &&
		    is_variable(v, bytes + 2, (size_t)(close - bytes - 2)))
			return xstrndup(bytes, (size_t)(close + 1 - bytes));
	}
	return NULL;
}

static void warn_of_variables(struct loader *l, const struct ini_entry *entry,
    const struct supply_file *file)
{
	char *variable = find_variable(l->env.variables, file->bytes,
	    file->len < LOOKED_BYTES ? file->len : LOOKED_BYTES);

	if (variable != NULL)
		diag_warning(l->diag, entry->where,
		    "body_file \"%s\": it is sent as it is, and \"%s\" in it "
		    "gets no value: write the text behind body or json "
		    "instead",
		    quote(entry->value).text, quote(variable).text);
	free(variable);
}

static struct template *body_of_file(
    struct loader *l, const struct ini_entry *entry)
{
	char *name = field_expand(&l->env, entry);
	struct template *t = NULL;
	struct supply_file file;

	if (name != NULL && read_file(l, entry, name, &file)) {
		warn_of_variables(l, entry, &file);
		t = template_of(file.bytes, file.len);
	}
	free(name);
	return t;
}

/* What stands behind an @ that curl and others take for a file's name; NULL:
 * it is none. */
static const char *file_behind_at(const char *text)
{
	const char *name;

	if (text[0] != '@')
		return NULL;
	name = text + 1 + strspn(text + 1, " \t");
	return name[0] != '\0' && name[strcspn(name, " \t\n")] == '\0' ? name
								       : NULL;
}

/* The same, where there is such a file. */
static const char *readable_behind_at(const struct loader *l, const char *text)
{
	const char *name = file_behind_at(text);
	char *path = name != NULL ? field_path(&l->env, name) : NULL;
	bool is_there =
	    path != NULL && supply_look(l->env.supply, path) == NULL;

	free(path);
	return is_there ? name : NULL;
}

static void warn_of_at(struct loader *l, const struct ini_entry *entry,
    const char *name, const char *behind)
{
	diag_warning(l->diag, entry->where,
	    "%s \"%s\": it is sent as it stands: a file is body_file = %s%s",
	    entry->key, quote(entry->value).text, quote(name).text, behind);
}

static struct template *body_of_text(
    struct loader *l, const struct ini_entry *entry)
{
	const char *name = readable_behind_at(l, entry->value);

	if (name != NULL && strcmp(entry->key, "json") != 0)
		warn_of_at(l, entry, name, "");
	field_warn_braces(&l->env, entry, entry->value, false);
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

/* Whether a variable that stands alone, before and behind these bytes of JSON,
 * is a whole value: a member's, an element, or all there is. */
static bool is_value(const char *before, const char *text, const char *behind)
{
	while (before > text && strchr(BLANKS, before[-1]) != NULL)
		before--;
	behind += strspn(behind, BLANKS);
	return (before == text || before[-1] == ':' || before[-1] == '[') &&
	       (*behind == '\0' || strchr(",]}", *behind) != NULL);
}

/* The JSON with values for its variables: nothing inside quotes, a number
 * outside; false: anything may stand in place of one. */
static bool fill_json(const char *text, struct buf *out)
{
	const char *at = text, *next;
	bool is_quoted = false;

	for (; *at != '\0'; at = next) {
		next = skip_variable(at);
		if (next > at && at[1] == '$') {
			buf_puts(out, "${");
		} else if (next > at) {
			if (!is_quoted && !is_value(at, text, next))
				return false;
			buf_puts(out, is_quoted ? "" : "0");
		} else {
			next = at + 1;
			if (is_quoted && *at == '\\' && *next != '\0')
				next++;
			is_quoted ^= *at == '"';
			buf_put(out, at, (size_t)(next - at));
		}
	}
	return true;
}

static bool is_json(const char *text)
{
	struct json_reader *reader = json_reader_new();
	struct buf filled;
	bool yes = true;

	buf_init(&filled, INI_MAX_BYTES);
	if (fill_json(text, &filled) && !filled.full)
		yes = json_read(reader, (struct text) {buf_text(&filled),
					    buf_len(&filled)}) != JSON_BAD;
	buf_clear(&filled);
	json_reader_free(reader);
	return yes;
}

/* Whether lines near it could not be read, and may have been part of it. */
static bool is_cut(const struct loader *l, const struct ini_entry *json)
{
	for (size_t i = 0; i < l->ini.n; i++)
		for (size_t k = 0; k < l->ini.sections[i].n; k++)
			if (&l->ini.sections[i].entries[k] == json)
				return l->ini.sections[i].lost;
	return false;
}

/* A comment behind which something stays open may have been text. */
static void warn_of_json(struct loader *l, const struct ini_entry *json)
{
	char open = open_bracket(json->value);
	const char *name = file_behind_at(json->value);

	if (name != NULL)
		warn_of_at(l, json, name,
		    ", with header = Content-Type: application/json");
	else if (json->comment != NULL && open != '\0')
		diag_warning(l->diag, json->where,
		    "json: the comment \"%s\" leaves an open \"%c\": write "
		    "\\; if it is text",
		    quote(json->comment).text, open);
	else if (is_json(json->value) || is_cut(l, json))
		return;
	else if (open != '\0')
		diag_warning(l->diag, json->where,
		    "json \"%s\": this is no JSON, and is sent as it stands: "
		    "close the \"%c\"",
		    quote(json->value).text, open);
	else
		diag_warning(l->diag, json->where,
		    "json \"%s\": this is no JSON, and is sent as it stands: "
		    "write for example {\"name\": \"x\", \"count\": 1}",
		    quote(json->value).text);
}

/* `doc=@file`, as curl -F has it. */
static void warn_of_form(struct loader *l, const struct ini_entry *pair)
{
	const char *eq = strchr(pair->value, '=');
	const char *value = eq != NULL ? eq + 1 + strspn(eq + 1, " \t") : "";

	if (readable_behind_at(l, value) != NULL)
		diag_warning(l->diag, pair->where,
		    "form \"%s\": the \"%s\" is sent as it stands: a file is "
		    "multipart = %s",
		    quote(pair->value).text, quote(value).text,
		    quote(pair->value).text);
}

static struct template *body_of_form(
    struct loader *l, const struct entries *form)
{
	struct template *body = NULL, *pair;

	for (size_t i = 0; i < form->n; i++) {
		warn_of_form(l, form->at[i]);
		pair = pair_compile(l, form->at[i]);
		if (pair == NULL)
			continue;
		if (body != NULL)
			body = template_append(body, template_literal("&", 1));
		body = template_append(body, pair);
	}
	return body;
}

/* --- parts -------------------------------------------------------------- */

static const char *name_in_path(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static void part_of_file(struct loader *l, const struct ini_entry *entry,
    char *written, struct body_part *part)
{
	struct ini_entry named = *entry;
	struct supply_file file;
	char *name;

	named.value = written;
	if (written[0] == '\0') {
		field_error(&l->env, entry,
		    "no file behind the \"@\": write NAME=@FILE, or "
		    "NAME=@@ for a plain \"@\"");
		return;
	}
	name = field_expand(&l->env, &named);
	if (name == NULL)
		return;
	if (read_file(l, entry, name, &file))
		part->value = template_of(file.bytes, file.len);
	part->file_name = xstrdup(name_in_path(name));
	free(name);
}

static void part_clear(struct body_part *part)
{
	template_free(part->name);
	template_free(part->value);
	free(part->file_name);
}

/* `name=value`, `name=@file`, or `name=@@value` for a value with an @ in front
 * of it. */
static bool part_compile(
    struct loader *l, const struct ini_entry *entry, struct body_part *part)
{
	const char *eq = find_literal(entry->value, "=");
	char *name, *value;

	if (eq == NULL || eq == entry->value) {
		field_error(&l->env, entry,
		    "not a part: write multipart = NAME=VALUE or NAME=@FILE");
		return false;
	}
	field_warn_braces(&l->env, entry, entry->value, false);
	name = xstrndup(entry->value, (size_t)(eq - entry->value));
	part->name = template_compile(trim(name), ENCODE_NONE, l->env.variables,
	    l->diag, entry->where, entry->key);
	free(name);
	value = xstrdup(eq + 1 + strspn(eq + 1, " \t"));
	if (value[0] == '@' && value[1] != '@')
		part_of_file(
		    l, entry, value + 1 + strspn(value + 1, " \t"), part);
	else
		part->value =
		    template_compile(value + (value[0] == '@'), ENCODE_NONE,
			l->env.variables, l->diag, entry->where, entry->key);
	free(value);
	if (part->name != NULL && part->value != NULL)
		return true;
	part_clear(part);
	return false;
}

static void parts_load(
    struct loader *l, struct request *request, const struct entries *multipart)
{
	struct body_part part;

	if (request->method != NULL && strcmp(request->method, "GET") == 0)
		diag_error(l->diag, multipart->at[0]->where,
		    "multipart: a GET request has no parts: write post or put");
	request->parts = xcalloc(multipart->n, sizeof(*request->parts));
	for (size_t i = 0; i < multipart->n; i++) {
		part = (struct body_part) {0};
		if (part_compile(l, multipart->at[i], &part))
			request->parts[request->n_parts++] = part;
	}
}

/* --- all of them -------------------------------------------------------- */

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
			    "of body, body_file, json, form and multipart",
			    sources[i]->key, first->key);
	return first;
}

void body_load(struct loader *l, struct request *request,
    const struct scope *scope, const struct request_draft *draft,
    const char **content_type)
{
	const struct ini_entry *form =
	    draft->form.n > 0 ? draft->form.at[0] : NULL;
	const struct ini_entry *parts =
	    draft->multipart.n > 0 ? draft->multipart.at[0] : NULL;
	const struct ini_entry *json = scope_find(scope, "json");
	const struct ini_entry *file = scope_find(scope, "body_file");
	const struct ini_entry *sources[] = {
	    scope_find(scope, "body"), file, json, form, parts};
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
	} else if (source == parts) {
		*content_type = NULL;
		parts_load(l, request, &draft->multipart);
	} else if (source == file) {
		request->body =
		    source->value[0] != '\0' ? body_of_file(l, source) : NULL;
	} else {
		if (source == json) {
			*content_type = "application/json";
			warn_of_json(l, json);
		}
		request->body = body_of_text(l, source);
	}
}

void body_clear(struct request *request)
{
	for (size_t i = 0; i < request->n_parts; i++)
		part_clear(&request->parts[i]);
	free(request->parts);
	template_free(request->body);
}
