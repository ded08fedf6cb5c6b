/*
 * The variables that are loadgen's own: what each makes of its arguments, and
 * of the user who renders it. It must not know those of the plan. A new one is
 * a new row of the table.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/supply.h"
#include "plan/template_private.h"

#define RANDSTR_MAX 4096
#define UUID_LEN    36

/* --- when rendered ------------------------------------------------------ */

static void put_u64(const struct part *part, uint64_t n, struct buf *out)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRIu64, n);

	encode(part->encoding, text, (size_t)len, out);
}

static void render_user(
    const struct part *part, struct template_env *env, struct buf *out)
{
	put_u64(part, env->user, out);
}

static void render_iteration(
    const struct part *part, struct template_env *env, struct buf *out)
{
	put_u64(part, env->iteration, out);
}

static void render_worker(
    const struct part *part, struct template_env *env, struct buf *out)
{
	put_u64(part, env->worker, out);
}

static void render_now(
    const struct part *part, struct template_env *env, struct buf *out)
{
	put_u64(part, env->wall_us / US_PER_S, out);
}

static void render_now_ms(
    const struct part *part, struct template_env *env, struct buf *out)
{
	put_u64(part, env->wall_us / US_PER_MS, out);
}

/* RFC 4122, version 4: all random but six bits. */
static void render_uuid(
    const struct part *part, struct template_env *env, struct buf *out)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t half[2];
	char text[UUID_LEN];
	size_t i, digit = 0;

	half[0] = rng_next(env->rng);
	half[1] = rng_next(env->rng);
	half[0] = (half[0] & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
	half[1] = half[1] >> 2 | UINT64_C(1) << 63;
	for (i = 0; i < UUID_LEN; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			text[i] = '-';
			continue;
		}
		text[i] = hex[half[digit / 16] >> (60 - 4 * (digit % 16)) & 15];
		digit++;
	}
	encode(part->encoding, text, UUID_LEN, out);
}

static void render_randint(
    const struct part *part, struct template_env *env, struct buf *out)
{
	uint64_t steps = (uint64_t)part->high - (uint64_t)part->low;
	uint64_t step = steps == UINT64_MAX ? rng_next(env->rng)
					    : rng_below(env->rng, steps + 1);
	uint64_t n = (uint64_t)part->low + step;
	char text[24];
	int len;

	if (n > INT64_MAX)
		len = snprintf(text, sizeof(text), "-%" PRIu64, 0 - n);
	else
		len = snprintf(text, sizeof(text), "%" PRIu64, n);
	encode(part->encoding, text, (size_t)len, out);
}

static void render_randstr(
    const struct part *part, struct template_env *env, struct buf *out)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789";
	char text[RANDSTR_MAX];
	size_t i;

	for (i = 0; i < part->len; i++)
		text[i] = letters[rng_below(env->rng, sizeof(letters) - 1)];
	encode(part->encoding, text, part->len, out);
}

static void render_pick(
    const struct part *part, struct template_env *env, struct buf *out)
{
	const char *word = part->words[rng_below(env->rng, part->n_words)];

	encode(part->encoding, word, strlen(word), out);
}

/* --- when compiled ------------------------------------------------------ */

/* A number with or without a sign; false for anything else. */
static bool parse_int64(const char *text, int64_t *out)
{
	bool is_negative = text[0] == '-';
	uint64_t size;

	if (is_negative || text[0] == '+')
		text++;
	if (!parse_count(text, &size))
		return false;
	if (size > (uint64_t)INT64_MAX + (is_negative ? 1 : 0))
		return false;
	/* -INT64_MIN has no int64_t to stand in on the way */
	*out =
	    is_negative && size > 0 ? -(int64_t)(size - 1) - 1 : (int64_t)size;
	return true;
}

static bool compile_randint(struct template_compiler *c, struct part *part)
{
	int64_t *ends[] = {&part->low, &part->high};
	size_t i;

	for (i = 0; i < ARRAY_LEN(ends); i++) {
		if (parse_int64(part->words[i], ends[i]))
			continue;
		diag_error(c->d, c->where,
		    VARIABLE_FORMAT "\"%s\" is not a whole number of 64 bits: "
				    "write ${randint 1 100}",
		    VARIABLE_ARGS(c), part->words[i]);
		return false;
	}
	if (part->low > part->high) {
		diag_error(c->d, c->where,
		    VARIABLE_FORMAT "%s is more than %s: "
				    "write ${randint %s %s}",
		    VARIABLE_ARGS(c), part->words[0], part->words[1],
		    part->words[1], part->words[0]);
		return false;
	}
	return true;
}

static bool compile_randstr(struct template_compiler *c, struct part *part)
{
	uint64_t len;

	if (!parse_count(part->words[0], &len) || len < 1 ||
	    len > RANDSTR_MAX) {
		diag_error(c->d, c->where,
		    VARIABLE_FORMAT "\"%s\" is not a length: "
				    "write a number from 1 to %d",
		    VARIABLE_ARGS(c), part->words[0], RANDSTR_MAX);
		return false;
	}
	part->len = (size_t)len;
	return true;
}

/* The environment does not change during a run: it becomes literal text. */
static bool compile_env(struct template_compiler *c, struct part *part)
{
	struct supply *supply =
	    c->variables != NULL ? c->variables->supply : NULL;
	const char *value = supply_env(supply, part->words[0]);

	if (value == NULL) {
		diag_error(c->d, c->where,
		    VARIABLE_FORMAT "\"%s\" is not set in the environment: "
				    "set it before loadgen starts",
		    VARIABLE_ARGS(c), part->words[0]);
		return false;
	}
	encode(part->encoding, value, strlen(value), &c->literal);
	return true;
}

/* --- the table ---------------------------------------------------------- */

static const struct builtin builtins[] = {
    {"uuid", 0, 0, "${uuid}", NULL, render_uuid},
    {"user", 0, 0, "${user}", NULL, render_user},
    {"iteration", 0, 0, "${iteration}", NULL, render_iteration},
    {"worker", 0, 0, "${worker}", NULL, render_worker},
    {"now", 0, 0, "${now}", NULL, render_now},
    {"now_ms", 0, 0, "${now_ms}", NULL, render_now_ms},
    {"randint", 2, 2, "${randint 1 100}", compile_randint, render_randint},
    {"randstr", 1, 1, "${randstr 8}", compile_randstr, render_randstr},
    {"pick", 1, ARGS_ANY, "${pick red green blue}", NULL, render_pick},
    {"env", 1, 1, "${env HOME}", compile_env, NULL},
};

const char *template_builtin(size_t i)
{
	return i < ARRAY_LEN(builtins) ? builtins[i].name : NULL;
}

const struct builtin *builtin_find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
		if (strlen(builtins[i].name) == len &&
		    strncmp(builtins[i].name, name, len) == 0)
			return &builtins[i];
	return NULL;
}

bool template_knows(const char *name, size_t len)
{
	return builtin_find(name, len) != NULL;
}
