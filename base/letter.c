/*
 * UTF-8, a letter at a time. It must not know what is shown, nor where.
 */
#include "base/letter.h"

static bool is_tail_byte(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

size_t letter_read(const char *s, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *at = (const unsigned char *)s;
	size_t len = at[0] < 0x80   ? 1
		     : at[0] < 0xc2 ? 0
		     : at[0] < 0xe0 ? 2
		     : at[0] < 0xf0 ? 3
		     : at[0] < 0xf5 ? 4
				    : 0;

	if (len <= 1) {
		*code = at[0];
		return len;
	}
	*code = at[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		/* the NUL is no tail byte, so this never runs past it */
		if (!is_tail_byte(at[i]))
			return 0;
		*code = *code << 6 | (at[i] & 0x3fU);
	}
	if (*code < least[len] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return len;
}

bool letter_steers(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) ||
	       code == 0x2028 || code == 0x2029 ||
	       (code >= 0x200e && code <= 0x200f) ||
	       (code >= 0x202a && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}
