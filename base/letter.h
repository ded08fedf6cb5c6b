/*
 * Letters of UTF-8, and those among them that a terminal obeys.
 */
#ifndef BASE_LETTER_H
#define BASE_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The letter that the text at s, which is not at its end, begins with: its
 * bytes, and its code point; 0 where it is not UTF-8. */
size_t letter_read(const char *s, uint32_t *code);
/* Whether it would move the cursor, ring, or turn the line around. */
bool letter_steers(uint32_t code);

#endif
