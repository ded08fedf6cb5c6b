/*
 * Texts as conditions compare them: as bytes, or as the numbers they may be.
 * It knows no conditions.
 */
#ifndef PLAN_COMPARE_H
#define PLAN_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

/* Borrowed bytes; what is behind them is no digit (a NUL, for instance). */
struct text {
	const char *at;
	size_t len;
};

struct text text_of(const char *s);
bool text_equals(struct text a, struct text b);
/* Where needle begins in hay; NULL: nowhere. NULs are bytes like others, and
 * the time is that of going over both. */
const char *text_find(struct text hay, struct text needle);
/* Without the blanks around it. */
struct text text_trim(struct text t);

/* A number as JSON has it (a + in front and zeros are allowed too), of any
 * size: two whole ones are compared digit by digit. */
struct number {
	bool is_whole;
	bool is_negative;
	struct text digits; /* of a whole one, from the first that is not 0 */
	double value;
};

/* False: it is none. Blanks around it are allowed. */
bool number_read(struct text t, struct number *out);
/* Below, at or above zero, as strcmp(). */
int number_compare(const struct number *a, const struct number *b);

#endif
