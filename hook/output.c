/*
 * Lines out of bytes. It must not know where they come from.
 */
#include "hook/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MAX_OUTPUT_BYTES = 1 << 20, MAX_LINE_BYTES = 64 << 10 };

void output_init(
    struct output *o, const char *hook, output_take *take, void *arg)
{
	*o = (struct output) {.hook = hook, .take = take, .arg = arg};
	buf_init(&o->line, MAX_LINE_BYTES);
}

/* Standard error may be full or closed: then it is lost. */
static void pass_on(struct buf *line)
{
	while (buf_len(line) > 0) {
		ssize_t n =
		    write(STDERR_FILENO, buf_bytes(line), buf_len(line));

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0)
			buf_consume(line, (size_t)n);
	}
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool is_digit = s[i] >= '0' && s[i] <= '9';

		if (!is_letter(s[i]) && (i == 0 || !is_digit))
			return false;
	}
	return n > 0;
}

static bool take_variable(struct output *o, char *line, size_t n)
{
	char *equals = memchr(line, '=', n);

	if (equals == NULL || !is_name(line, (size_t)(equals - line)) ||
	    memchr(line, '\0', n) != NULL)
		return false;
	if (line[n - 1] == '\r')
		n--;
	*equals = '\0';
	line[n] = '\0';
	o->take(o->arg, o->hook, line, equals + 1);
	return true;
}

static void end_line(struct output *o)
{
	size_t n = buf_len(&o->line);

	if (o->line.full) {
		o->long_lines++;
	} else {
		/* room for the line end; the NUL is put in its place */
		char *line = (char *)buf_reserve(&o->line, 1);

		line -= n;
		line[n] = '\n';
		buf_wrote(&o->line, 1);
		if (!take_variable(o, line, n))
			pass_on(&o->line);
	}
	buf_reset(&o->line);
}

void output_put(struct output *o, const char *bytes, size_t n)
{
	if (n > MAX_OUTPUT_BYTES - o->bytes) {
		o->is_cut = true;
		n = MAX_OUTPUT_BYTES - o->bytes;
	}
	o->bytes += n;
	while (n > 0) {
		const char *end = memchr(bytes, '\n', n);
		size_t len = end != NULL ? (size_t)(end - bytes) : n;

		/* the line end has to fit too */
		if (len >= MAX_LINE_BYTES - buf_len(&o->line))
			o->line.full = true;
		buf_put(&o->line, bytes, len);
		if (end != NULL) {
			end_line(o);
			len++;
		}
		bytes += len;
		n -= len;
	}
}

void output_end(struct output *o)
{
	/* where it was cut it is half a line */
	if (!o->is_cut && (buf_len(&o->line) > 0 || o->line.full))
		end_line(o);
	buf_clear(&o->line);
}
