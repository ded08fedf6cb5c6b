/*
 * Values of JSON, made of what results hold. It knows no results.
 */
#include "report/json_value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/results.h"
#include "report/text.h"

/* What cannot be made for want of memory would be null in the report. */
static struct json_object *made(struct json_object *value)
{
	if (!value)
		out_of_memory();
	return value;
}

struct json_object *json_text_value(const char *text)
{
	char *valid = text_utf8(text);
	struct json_object *value = made(json_object_new_string(valid));

	free(valid);
	return value;
}

struct json_object *json_text_or_null(const char *text)
{
	return text ? json_text_value(text) : NULL;
}

struct json_object *json_count_value(uint64_t n)
{
	return made(json_object_new_uint64(n));
}

struct json_object *json_flag_value(bool is)
{
	return made(json_object_new_boolean(is));
}

struct json_object *json_number_value(double n, int decimals)
{
	char text[64];

	if (!isfinite(n))
		return NULL;
	/* of what is so large no decimal means anything */
	if (fabs(n) >= 1e15)
		return made(json_object_new_double(n));
	snprintf(text, sizeof(text), "%.*f", decimals, n);
	if (strchr(text, '.')) {
		size_t len = strlen(text);

		while (text[len - 1] == '0')
			len--;
		if (text[len - 1] == '.')
			len--;
		text[len] = '\0';
	}
	return made(json_object_new_double_s(n, text));
}

struct json_object *json_ms_value(uint64_t us)
{
	char text[FIGURE_BYTES];

	return made(json_object_new_double_s(
	    (double)us / US_PER_MS, figure_thousandths(text, us)));
}

struct json_object *json_rate_value(uint64_t n, uint64_t over_us)
{
	return over_us > 0 ? json_number_value(rate_per_s(n, over_us), 3)
			   : NULL;
}

struct json_object *json_utc_value(uint64_t wall_us)
{
	char text[FIGURE_BYTES], whole[FIGURE_BYTES + 8];

	if (wall_us == 0)
		return NULL;
	snprintf(whole, sizeof(whole), "%s.%03" PRIu64 "Z",
	    figure_utc(text, 'T', wall_us), wall_us / US_PER_MS % 1000);
	return made(json_object_new_string(whole));
}

void json_add(
    struct json_object *object, const char *key, struct json_object *value)
{
	if (json_object_object_add(object, key, value) != 0)
		out_of_memory();
}

struct json_object *json_new_object(void)
{
	return made(json_object_new_object());
}

struct json_object *json_new_array(void)
{
	return made(json_object_new_array());
}

void json_append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value) != 0)
		out_of_memory();
}
