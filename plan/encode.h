/*
 * Encoders: how a value is written into what surrounds it. They know no
 * variables and no templates.
 */
#ifndef PLAN_ENCODE_H
#define PLAN_ENCODE_H

#include "base/buf.h"

enum encoding {
	ENCODE_NONE,
	ENCODE_URL,   /* percent-encoding of all but RFC 3986 unreserved */
	ENCODE_JSON,  /* the inside of a JSON string */
	ENCODE_BASE64 /* RFC 4648, with padding */
};

/* Appends n bytes to out, encoded; out->full says that they did not fit. */
void encode(
    enum encoding encoding, const char *bytes, size_t n, struct buf *out);
/* What an encoding is called in a plan: "" for ENCODE_NONE, "url", ...; NULL
 * behind the last. Static. */
const char *encoding_name(size_t i);

#endif
