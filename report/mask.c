/*
 * Which keys of a plan have secrets behind them. It knows no formats, and not
 * where in a text a secret is.
 */
#include "report/mask.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "report/mask_text.h"
#include "report/secret.h"
#include "report/text.h"

#define BLANKS " \t"

/* --- keys --------------------------------------------------------------- */

static void mask_whole(FILE *out, const char *value)
{
	if (*value)
		mask_secret(out, value, strlen(value));
}

/* "user:password" */
static void mask_auth(FILE *out, const char *value)
{
	size_t user = strcspn(value, ":");

	if (value[user] == '\0') {
		mask_whole(out, value);
		return;
	}
	fwrite(value, 1, user + 1, out);
	mask_whole(out, value + user + 1);
}

/* "user:password@host:port", with a scheme or without */
static void mask_proxy(FILE *out, const char *value)
{
	const char *at = strrchr(value, '@');

	if (at == NULL || strstr(value, "://") != NULL) {
		mask_text(out, value, MASK_IN_TEXT);
		return;
	}
	mask_secret(out, value, (size_t)(at - value));
	fputs(at, out);
}

/* A name, the sign, and all else is its value. */
static void mask_pair(FILE *out, const char *value, char sign)
{
	const char *at = strchr(value, sign);
	size_t name = strcspn(value, BLANKS "=:");

	if (at == NULL) {
		mask_text(out, value, MASK_IN_TEXT);
		return;
	}
	at++;
	at += strspn(at, BLANKS);
	if (!secret_has_name(value, name) ||
	    secret_is_count(value, name, at, strlen(at))) {
		mask_text(out, value, MASK_IN_TEXT);
		return;
	}
	fwrite(value, 1, (size_t)(at - value), out);
	mask_whole(out, at);
}

static void mask_header(FILE *out, const char *value)
{
	mask_pair(out, value, ':');
}

static void mask_parameter_key(FILE *out, const char *value)
{
	mask_pair(out, value, '=');
}

static void mask_condition(FILE *out, const char *value)
{
	mask_text(out, value, MASK_IN_CONDITION);
}

static void mask_command(FILE *out, const char *value)
{
	mask_text(out, value, MASK_IN_COMMAND);
}

/* Paths and what looks like a secret and is none. */
static void keep(FILE *out, const char *value)
{
	fputs(value, out);
}

static const struct {
	const char *key;
	void (*mask)(FILE *out, const char *value);
} keys[] = {
    {"auth", mask_auth},
    {"proxy", mask_proxy},
    {"header", mask_header},
    {"query", mask_parameter_key},
    {"form", mask_parameter_key},
    {"multipart", mask_parameter_key},
    {"check", mask_condition},
    {"until", mask_condition},
    {"when", mask_condition},
    {"run", mask_command},
    {"key", keep},
    {"cookies", keep},
};

/* What a variable of that name is. */
static void mask_variable(FILE *out, const char *name, const char *value)
{
	size_t len = strlen(name);

	if (secret_has_name(name, len) &&
	    !secret_is_count(name, len, value, strlen(value)))
		mask_whole(out, value);
	else
		mask_text(out, value, MASK_IN_TEXT);
}

/* Where it is from is no secret; what it is where there is nothing, is. */
static void mask_capture(FILE *out, const char *name, const char *value)
{
	static const char arrow[] = " -> ";
	const char *fallback = strstr(value, arrow);
	char *source;

	if (fallback == NULL) {
		mask_text(out, value, MASK_IN_TEXT);
		return;
	}
	fallback += strlen(arrow);
	source = xstrndup(value, (size_t)(fallback - value));
	mask_text(out, source, MASK_IN_TEXT);
	free(source);
	mask_variable(out, name, fallback);
}

static void mask_key(
    FILE *out, const char *section, const char *key, const char *value)
{
	if (strcmp(section, "vars") == 0) {
		mask_variable(out, key, value);
		return;
	}
	if (strncmp(key, "set.", 4) == 0) {
		mask_variable(out, key + 4, value);
		return;
	}
	if (strncmp(key, "capture.", 8) == 0) {
		mask_capture(out, key + 8, value);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (strcmp(key, keys[i].key) == 0) {
			keys[i].mask(out, value);
			return;
		}
	}
	mask_text(out, value, MASK_IN_TEXT);
}

/* --- texts -------------------------------------------------------------- */

char *mask_value(const char *section, const char *key, const char *value)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = text_open(&text, &len);

	mask_key(out, section, key, value);
	text_close(out);
	return text;
}

char *mask_url(const char *text)
{
	char *masked = NULL;
	size_t len = 0;
	FILE *out = text_open(&masked, &len);

	mask_text(out, text, MASK_IN_URL);
	text_close(out);
	return masked;
}
