/*
 * Text written into URLs, JSON and headers. It must not know variables.
 */
#include "plan/encode.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"

static void encode_none(const uint8_t *bytes, size_t n, struct buf *out)
{
	buf_put(out, bytes, n);
}

static bool is_letter_or_digit(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static bool is_unreserved(uint8_t c)
{
	return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

static void encode_url(const uint8_t *bytes, size_t n, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i, len = 0;
	uint8_t *p;

	for (i = 0; i < n; i++)
		len += is_unreserved(bytes[i]) ? 1 : 3;
	p = buf_reserve(out, len);
	if (p == NULL)
		return;
	for (i = 0; i < n; i++) {
		if (is_unreserved(bytes[i])) {
			*p++ = bytes[i];
			continue;
		}
		*p++ = '%';
		*p++ = (uint8_t)hex[bytes[i] >> 4];
		*p++ = (uint8_t)hex[bytes[i] & 15];
	}
	buf_wrote(out, len);
}

/* The letter behind the backslash, for the bytes that have one. */
static char json_escape(uint8_t c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *found = c == '\0' ? NULL : strchr(from, c);

	return found ? to[found - from] : '\0';
}

static void encode_json(const uint8_t *bytes, size_t n, struct buf *out)
{
	size_t i, done = 0;
	char letter;

	for (i = 0; i < n; i++) {
		letter = json_escape(bytes[i]);
		if (letter == '\0' && bytes[i] >= 0x20)
			continue;
		buf_put(out, bytes + done, i - done);
		if (letter != '\0')
			buf_printf(out, "\\%c", letter);
		else
			buf_printf(out, "\\u%04x", (unsigned)bytes[i]);
		done = i + 1;
	}
	buf_put(out, bytes + done, n - done);
}

static void encode_base64(const uint8_t *bytes, size_t n, struct buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	size_t len = n / 3 * 4 + (n % 3 ? 4 : 0), i, have;
	uint8_t *p = buf_reserve(out, len);
	uint32_t three;

	if (p == NULL)
		return;
	for (i = 0; i < n; i += 3, p += 4) {
		have = n - i;
		three = (uint32_t)bytes[i] << 16;
		three |= have > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
		three |= have > 2 ? bytes[i + 2] : 0;
		p[0] = (uint8_t)digits[three >> 18];
		p[1] = (uint8_t)digits[three >> 12 & 63];
		p[2] = have > 1 ? (uint8_t)digits[three >> 6 & 63] : '=';
		p[3] = have > 2 ? (uint8_t)digits[three & 63] : '=';
	}
	buf_wrote(out, len);
}

static const struct encoder {
	const char *name;
	void (*encode)(const uint8_t *bytes, size_t n, struct buf *out);
} encoders[] = {
    [ENCODE_NONE] = {"", encode_none},
    [ENCODE_URL] = {"url", encode_url},
    [ENCODE_JSON] = {"json", encode_json},
    [ENCODE_BASE64] = {"base64", encode_base64},
};

void encode(
    enum encoding encoding, const char *bytes, size_t n, struct buf *out)
{
	encoders[encoding].encode((const uint8_t *)bytes, n, out);
}

const char *encoding_name(size_t i)
{
	return i < ARRAY_LEN(encoders) ? encoders[i].name : NULL;
}
