/*
 * Lines of k6, Locust and others, and what they are here. It must not know what
 * else the plan says.
 */
#include "plan/foreign.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "plan/foreign_private.h"
#include "plan/keys.h"
#include "plan/values.h"

#define BLANKS " \t\r\n"
#define QUOTES "'\"`"
#define SIGNS  "<>=!"
/* stages that are longer than this are no help */
#define MEANT_MAX 256

/* --- thresholds --------------------------------------------------------- */

/* What is measured, as other tools call it. */
static const struct {
	const char *word;
	const char *key;
} measures[] = {
    {"med", "p50"},
    {"median", "p50"},
    {"mean", "avg"},
    {"average", "avg"},
    {"count", "requests"},
    {"error_rate", "fail_ratio"},
};

static bool is_relation(const char *sign)
{
	static const char *const signs[] = {"<", "<=", ">", ">=", "==", "!="};

	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (strcmp(signs[i], sign) == 0)
			return true;
	return false;
}

/* Its key here, or NULL; owned by the caller. */
static char *measure_key(const char *name)
{
	size_t len = strlen(name);
	char *key = NULL;

	for (size_t i = 0; i < ARRAY_LEN(measures); i++)
		if (strcmp(measures[i].word, name) == 0)
			return xstrdup(measures[i].key);
	if (strncmp(name, "p(", 2) == 0 && name[len - 1] == ')')
		key = xasprintf("p%.*s", (int)len - 3, name + 2);
	else if (strcmp(name, "abort") != 0)
		key = xstrdup(name);
	if (key == NULL || keys_find("thresholds", key) != NULL)
		return key;
	free(key);
	return NULL;
}

static bool is_time(const char *key)
{
	return key[0] == 'p' || strncmp(key, "lag_", strlen("lag_")) == 0 ||
	       strcmp(key, "avg") == 0 || strcmp(key, "min") == 0 ||
	       strcmp(key, "max") == 0;
}

/* A share of requests that failed, or that did not. */
static char *share_line(const char *sign, double share)
{
	if (sign[0] == '>')
		return xasprintf(
		    "fail_ratio = <%s %g%%", sign + 1, 100 * (1 - share));
	return xasprintf("fail_ratio = %s %g%%", sign, 100 * share);
}

/* The line for a name, an operator and a limit that stand alone. */
static char *line_of(
    const char *name, const char *sign, const char *limit, bool rate_is_share)
{
	bool is_rate = strcmp(name, "rate") == 0;
	char *key = is_rate ? xstrdup("rps") : measure_key(name);
	char *line = NULL;
	bool is_bare;
	double n;

	is_bare = parse_number(limit, &n);
	if (is_rate && rate_is_share)
		line = is_bare && n <= 1 ? share_line(sign, n) : NULL;
	else if (key != NULL && limit[0] != '\0')
		line = xasprintf("%s = %s %s%s", key, sign, limit,
		    is_bare && is_time(key) ? "ms" : "");
	free(key);
	return line;
}

/* The `NAME OPERATOR LIMIT` at the front of *text, which is moved behind it,
 * inside quotes and brackets or not, as a line. k6's rate is a share of
 * requests, or so many a second. */
static char *condition_line(const char **text, bool rate_is_share)
{
	const char *at = *text;
	char *name, *sign, *limit, *line = NULL;
	size_t len;

	at += strspn(at, BLANKS QUOTES "[{");
	len = strcspn(at, BLANKS SIGNS QUOTES);
	name = xstrndup(at, len);
	at += len + strspn(at + len, BLANKS);
	len = strspn(at, SIGNS);
	sign = xstrndup(at, len);
	at += len + strspn(at + len, BLANKS);
	limit = xstrndup(at, strcspn(at, QUOTES ",]}\n"));
	*text = at + strlen(limit);
	if (name[0] != '\0' && is_relation(sign))
		line = line_of(name, sign, trim(limit), rate_is_share);
	free(limit);
	free(sign);
	free(name);
	return line;
}

char *foreign_conditions(const char *text, bool rate_is_share)
{
	char *all = condition_line(&text, rate_is_share), *next, *both;

	while (all != NULL) {
		text += strspn(text, QUOTES BLANKS "]},");
		next = condition_line(&text, rate_is_share);
		if (next == NULL)
			break;
		both = xasprintf("%s and %s", all, next);
		free(next);
		free(all);
		all = both;
	}
	return all;
}

/* --- lines of thresholds ------------------------------------------------ */

/* `http_req_duration{name:a} = ...`, or `http_req_duration: ...`. */
static char *metric_line(const char *line)
{
	size_t len = strcspn(line, "{:=" QUOTES BLANKS);
	const char *rest = line + len + strspn(line + len, QUOTES BLANKS);
	bool has_tags = *rest == '{';
	char *carried, *mend;

	if (!has_tags && *rest != ':')
		return NULL;
	rest += has_tags ? strcspn(rest, "}") : 0;
	rest += strspn(rest, "}:=" QUOTES BLANKS);
	if (!foreign_limit(line, len, rest, &carried))
		return NULL;
	if (has_tags)
		mend = xasprintf("a row has a section of its own: write "
				 "[thresholds GET /things], and %s below it",
		    quote(carried).text);
	else
		mend = xasprintf(
		    "\":\" does not end a key: write %s", quote(carried).text);
	free(carried);
	return mend;
}

static char *threshold_line(const char *line)
{
	char *condition, *why;

	line += strspn(line, QUOTES BLANKS);
	condition = foreign_conditions(line, true);
	if (condition == NULL)
		return metric_line(line);
	why = xasprintf("\"=\" is missing: write %s", quote(condition).text);
	free(condition);
	return why;
}

/* --- stages ------------------------------------------------------------- */

/* What stands behind `name:` in the text, which ends at end; NULL: nothing.
 * Owned by the caller. */
static char *member(const char *text, const char *end, const char *name)
{
	const char *at = strstr(text, name);

	if (at == NULL || at >= end)
		return NULL;
	at += strlen(name);
	at += strspn(at, QUOTES ":=" BLANKS);
	return xstrndup(at, strcspn(at, QUOTES ",}" BLANKS));
}

/* Stages on their way. */
struct staging {
	struct buf out;
	/* of Locust's shapes, whose times count from the start */
	uint64_t sum_us;
	uint64_t users;
};

static void put_users(struct staging *s, uint64_t us, uint64_t users)
{
	char time[32];

	if (us > 0)
		buf_printf(&s->out, "%s%s:%" PRIu64,
		    buf_len(&s->out) > 0 ? ", " : "",
		    format_duration(time, sizeof(time), us), users);
}

/* k6's: a straight line to the target. */
static bool put_target(
    struct staging *s, const char *duration, const char *target)
{
	uint64_t us, users;

	if (!parse_duration_us(duration, &us) || !parse_count(target, &users))
		return false;
	buf_printf(&s->out, "%s%s:%s", buf_len(&s->out) > 0 ? ", " : "",
	    duration, target);
	return true;
}

/* Locust's: users come or go at a rate, NULL for at once, and then stay. */
static bool put_step(struct staging *s, const char *until, const char *count,
    const char *spawn_rate)
{
	uint64_t until_us, all_us, ramp_us = 0, users, apart;
	double per_s;

	if (!parse_duration_us(until, &until_us) || until_us < s->sum_us ||
	    !parse_count(count, &users))
		return false;
	all_us = until_us - s->sum_us;
	apart = users > s->users ? users - s->users : s->users - users;
	if (spawn_rate != NULL && parse_number(spawn_rate, &per_s) && per_s > 0)
		ramp_us =
		    round_to_u64((double)apart / per_s * (double)US_PER_S);
	if (ramp_us == 0 || ramp_us > all_us)
		ramp_us = all_us;
	put_users(s, ramp_us, users);
	put_users(s, all_us - ramp_us, users);
	s->sum_us = until_us;
	s->users = users;
	return true;
}

/* One object, as stages behind those that are there. */
static bool put_stage(struct staging *s, const char *text, const char *end)
{
	char *duration = member(text, end, "duration");
	char *target = member(text, end, "target");
	char *users = member(text, end, "users");
	char *spawn_rate = member(text, end, "spawn_rate");
	bool is_good = false;

	if (duration != NULL && target != NULL)
		is_good = put_target(s, duration, target);
	else if (duration != NULL && users != NULL)
		is_good = put_step(s, duration, users, spawn_rate);
	free(spawn_rate);
	free(users);
	free(target);
	free(duration);
	return is_good;
}

char *foreign_stages(const char *text)
{
	const char *end;
	char *stages = NULL;
	bool is_good = true;
	struct staging s = {0};

	buf_init(&s.out, MEANT_MAX);
	for (text = strchr(text, '{'); text != NULL && is_good;
	     text = strchr(end, '{')) {
		end = text + strcspn(text, "}");
		is_good = put_stage(&s, text, end);
	}
	if (is_good && !s.out.full && buf_len(&s.out) > 0)
		stages = xstrdup(buf_text(&s.out));
	buf_clear(&s.out);
	return stages;
}

const char *foreign_stages_why(const char *text)
{
	return strstr(text, "users") != NULL
		   ? "this is JSON with times from the start, and here each "
		     "stage has its own, in a straight line"
		   : "this is JSON";
}

/* `stages: [{ duration: '5s', target: 20 }]` */
static char *stages_line(const char *line)
{
	char *stages, *why;

	line += strspn(line, QUOTES);
	if (strncmp(line, "stages", strlen("stages")) != 0)
		return NULL;
	stages = foreign_stages(line);
	why = stages != NULL ? xasprintf("%s: write stages = %s",
				   foreign_stages_why(line), stages)
			     : NULL;
	free(stages);
	return why;
}

char *foreign_line(const char *section, const char *line)
{
	if (strcmp(section, "thresholds") == 0)
		return threshold_line(line);
	return strcmp(section, "load") == 0 ? stages_line(line) : NULL;
}
