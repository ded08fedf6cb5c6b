/*
 * Events written as JSON. Done for each request where a stream asks for it: so
 * plain letters go out in runs, and printf is kept away. It must not know what
 * the fields mean.
 */
#include "hook/line.h"

#include <string.h>

#include "base/util.h"

static bool is_inside(uint8_t c)
{
	return (c & 0xc0) == 0x80;
}

/* How many bytes the UTF-8 letter at s has, none of them ASCII; 0 where there
 * is none. A NUL ends the text, and is in no letter. */
static size_t letter_bytes(const uint8_t *s)
{
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		return is_inside(s[1]) ? 2 : 0;
	if (s[0] >= 0xe0 && s[0] <= 0xef) {
		/* written longer than need be; half of a surrogate pair */
		if ((s[0] == 0xe0 && s[1] < 0xa0) ||
		    (s[0] == 0xed && s[1] > 0x9f))
			return 0;
		return is_inside(s[1]) && is_inside(s[2]) ? 3 : 0;
	}
	if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		/* longer than need be; above the last letter there is */
		if ((s[0] == 0xf0 && s[1] < 0x90) ||
		    (s[0] == 0xf4 && s[1] > 0x8f))
			return 0;
		return is_inside(s[1]) && is_inside(s[2]) && is_inside(s[3])
			   ? 4
			   : 0;
	}
	return 0;
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* The first byte behind s that cannot stand in a JSON string as it is. */
static const uint8_t *skip_plain(const uint8_t *s)
{
	size_t n;

	for (;;) {
		while (is_plain(*s))
			s++;
		n = *s < 0x80 ? 0 : letter_bytes(s);
		if (n == 0)
			return s;
		s += n;
	}
}

static void put_escaped(struct buf *out, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";
	char code[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	if (c >= 0x80) {
		buf_puts(out, "\\ufffd");
	} else if (c == '"' || c == '\\') {
		buf_putc(out, '\\');
		buf_putc(out, (char)c);
	} else {
		buf_put(out, code, sizeof(code));
	}
}

static void put_string(struct buf *out, const char *text)
{
	const uint8_t *s = (const uint8_t *)text;
	const uint8_t *end;

	buf_putc(out, '"');
	for (;;) {
		end = skip_plain(s);
		buf_put(out, s, (size_t)(end - s));
		if (*end == '\0')
			break;
		put_escaped(out, *end);
		s = end + 1;
	}
	buf_putc(out, '"');
}

/* n in decimal, with at least `digits` digits. */
static void put_decimal(struct buf *out, uint64_t n, size_t digits)
{
	char text[24];
	size_t at = sizeof(text);

	while (n > 0 || sizeof(text) - at < digits) {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	}
	buf_put(out, text + at, sizeof(text) - at);
}

void line_put_identity(struct buf *out, const struct hook_identity *who)
{
	buf_puts(out, ",\"role\":");
	put_string(out, who->role);
	buf_puts(out, ",\"worker\":");
	if (who->worker < 0)
		buf_puts(out, "null");
	else
		put_decimal(out, (uint64_t)who->worker, 1);
	buf_puts(out, ",\"host\":");
	put_string(out, who->host);
	buf_puts(out, ",\"time\":");
}

static bool is_taken(const char *key)
{
	static const char *const taken[] = {
	    "event", "role", "worker", "host", "time"};

	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (key[0] == taken[i][0] && strcmp(key, taken[i]) == 0)
			return true;
	return false;
}

static void put_field(struct buf *out, const struct event_field *field)
{
	buf_putc(out, ',');
	put_string(out, field->key);
	buf_putc(out, ':');
	if (field->is_number)
		buf_puts(out, field->value);
	else
		put_string(out, field->value);
}

void line_put(
    struct buf *out, const struct event *event, const struct buf *identity)
{
	buf_puts(out, "{\"event\":");
	put_string(out, event->name);
	buf_put(out, buf_bytes(identity), buf_len(identity));
	put_decimal(out, event->wall_us / US_PER_S, 1);
	buf_putc(out, '.');
	put_decimal(out, event->wall_us % US_PER_S / US_PER_MS, 3);
	for (size_t i = 0; i < event->n_fields; i++)
		if (!is_taken(event->fields[i].key))
			put_field(out, &event->fields[i]);
	buf_puts(out, "}\n");
}
