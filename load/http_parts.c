/*
 * Multipart bodies: the parts of a request as libcurl sends them. It must not
 * know when requests are made.
 */
#include "load/http_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"

/* A file in the plan's memory, on its way out. */
struct part_file {
	const char *bytes;
	size_t len;
	size_t at;
};

static size_t on_read(char *out, size_t size, size_t n, void *arg)
{
	struct part_file *file = arg;

	n *= size;
	if (n > file->len - file->at)
		n = file->len - file->at;
	memcpy(out, file->bytes + file->at, n);
	file->at += n;
	return n;
}

/* libcurl begins again for each request, and when it sends one again. */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
	struct part_file *file = arg;

	if (origin != SEEK_SET || offset < 0 ||
	    (uint64_t)offset > (uint64_t)file->len)
		return CURL_SEEKFUNC_FAIL;
	file->at = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* libcurl guesses fewer, and gives the others of a callback none. */
static const char *type_of(const char *file_name)
{
	static const struct {
		const char *ending;
		const char *type;
	} types[] = {
	    {"csv", "text/csv"},
	    {"gif", "image/gif"},
	    {"gz", "application/gzip"},
	    {"htm", "text/html"},
	    {"html", "text/html"},
	    {"jpeg", "image/jpeg"},
	    {"jpg", "image/jpeg"},
	    {"json", "application/json"},
	    {"mp4", "video/mp4"},
	    {"pdf", "application/pdf"},
	    {"png", "image/png"},
	    {"svg", "image/svg+xml"},
	    {"txt", "text/plain"},
	    {"webp", "image/webp"},
	    {"xml", "application/xml"},
	    {"zip", "application/zip"},
	};
	const char *dot = strrchr(file_name, '.');

	for (size_t i = 0; dot != NULL && i < ARRAY_LEN(types); i++) {
		if (strcasecmp(dot + 1, types[i].ending) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

static void check(CURLcode code)
{
	if (code != CURLE_OK)
		out_of_memory();
}

/* What would end a line in a name, libcurl writes as %0D, %0A and %22. */
static const char *set_name(curl_mimepart *part, const struct template *name,
    struct buf *b, struct template_env *env)
{
	buf_reset(b);
	template_render(name, env, b);
	if (b->full)
		return "name of a part is longer than 1 MiB";
	if (memchr(buf_bytes(b), '\0', buf_len(b)) != NULL)
		return "name of a part has a zero byte in it";
	check(curl_mime_name(part, buf_text(b)));
	return NULL;
}

static const char *set_value(curl_mimepart *part, const struct template *value,
    struct buf *b, struct template_env *env)
{
	size_t len;
	const char *text = template_text(value, &len);

	if (text != NULL) {
		check(curl_mime_data(part, text, len));
		return NULL;
	}
	buf_reset(b);
	template_render(value, env, b);
	if (b->full)
		return "part is longer than 256 MiB";
	check(curl_mime_data(part, buf_text(b), buf_len(b)));
	return NULL;
}

static void set_file(
    curl_mimepart *part, const struct body_part *from, struct part_file *file)
{
	file->bytes = template_text(from->value, &file->len);
	file->at = 0;
	check(curl_mime_filename(part, from->file_name));
	check(curl_mime_type(part, type_of(from->file_name)));
	check(curl_mime_data_cb(
	    part, (curl_off_t)file->len, on_read, on_seek, NULL, file));
}

static const char *add_part(struct transfer *t, const struct body_part *from,
    struct part_file *file, struct template_env *env)
{
	curl_mimepart *part = curl_mime_addpart(t->mime);
	const char *defect;

	if (part == NULL)
		out_of_memory();
	defect = set_name(part, from->name, &t->http->text, env);
	if (defect != NULL)
		return defect;
	if (from->file_name == NULL)
		return set_value(part, from->value, &t->body, env);
	set_file(part, from, file);
	return NULL;
}

const char *parts_make(
    struct transfer *t, const struct request *r, struct template_env *env)
{
	const char *defect = NULL;

	t->part_files = xcalloc(r->n_parts, sizeof(*t->part_files));
	t->mime = curl_mime_init(t->easy);
	if (t->mime == NULL)
		out_of_memory();
	for (size_t i = 0; i < r->n_parts && defect == NULL; i++)
		defect = add_part(t, &r->parts[i], &t->part_files[i], env);
	if (defect == NULL)
		check(curl_easy_setopt(t->easy, CURLOPT_MIMEPOST, t->mime));
	else
		parts_clear(t);
	return defect;
}

void parts_clear(struct transfer *t)
{
	if (t->mime == NULL)
		return;
	curl_mime_free(t->mime);
	free(t->part_files);
	t->mime = NULL;
	t->part_files = NULL;
}

bool parts_are_static(const struct request *r)
{
	for (size_t i = 0; i < r->n_parts; i++) {
		if (!template_is_static(r->parts[i].name) ||
		    !template_is_static(r->parts[i].value))
			return false;
	}
	return true;
}
