/*
 * The lines of [thresholds]: measures, operators and limits. It must not know
 * what they are about, nor how it is measured.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/fields.h"
#include "plan/loader.h"
#include "plan/meant.h"
#include "plan/values.h"

#define BLANKS " \t"
#define SIGNS  "<>=!"
#define FOR    " for "

/* --- measures and operators --------------------------------------------- */

/* A share of all, a time in microseconds, a number of things, or so many a
 * second; each returns NULL, or `why: mend`, owned by the caller. */
typedef char *read_limit(const char *text, double *out);

static read_limit read_share, read_time, read_count, read_rate, read_change;

/* A row for each of the table's rows that measures something. */
static const struct measure_kind {
	const char *key;
	enum measure measure;
	read_limit *read;
	const char *usual; /* a condition on it */
} measures[] = {
    {"avg", MEASURE_AVG, read_time, "< 200ms"},
    {"min", MEASURE_MIN, read_time, "< 50ms"},
    {"max", MEASURE_MAX, read_time, "< 5s"},
    {"pNN", MEASURE_QUANTILE, read_time, "< 300ms"},
    {"fail_ratio", MEASURE_FAIL_RATIO, read_share, "< 1%"},
    {"failures", MEASURE_FAILURES, read_count, "<= 10"},
    {"requests", MEASURE_REQUESTS, read_count, ">= 1000"},
    {"rps", MEASURE_RPS, read_rate, ">= 500"},
    {"dropped", MEASURE_DROPPED, read_count, "== 0"},
    {"lag_pNN", MEASURE_LAG, read_time, "< 10ms"},
    {"regression", MEASURE_REGRESSION, read_change, "< 10%"},
};

static const struct {
	const char *sign;
	enum relation relation;
} relations[] = {
    {"<", RELATION_BELOW},
    {"<=", RELATION_AT_MOST},
    {">", RELATION_ABOVE},
    {">=", RELATION_AT_LEAST},
    {"==", RELATION_EQUAL},
    {"!=", RELATION_DIFFERENT},
};

/* As others write them. */
static const struct {
	const char *sign;
	const char *meant;
} slips[] = {{"=", "=="}, {"=<", "<="}, {"=>", ">="}, {"<>", "!="}};

static const struct measure_kind *find_measure(const char *name)
{
	const struct key *row = keys_find("thresholds", name);

	for (size_t i = 0; i < ARRAY_LEN(measures) && row != NULL; i++)
		if (strcmp(measures[i].key, row->info.name) == 0)
			return &measures[i];
	return NULL;
}

/* The number of `p99.9`, in millionths. */
static bool read_percentile(const char *name, uint32_t *ppm)
{
	const char *number = name + strcspn(name, "0123456789");
	const char *point = strchr(number, '.');
	double percent;

	if (point != NULL && (strlen(point) < 2 || strlen(point) > 3))
		return false;
	if (!parse_number(number, &percent) || percent > 100)
		return false;
	*ppm = (uint32_t)(percent * 10000 + 0.5);
	return true;
}

/* --- limits ------------------------------------------------------------- */

static char *read_time(const char *text, double *out)
{
	double number;
	uint64_t us;
	char *meant, *hint;

	if (parse_number(text, &number))
		return xasprintf(
		    "a time needs its unit: write %sms", quote(text).text);
	if (parse_duration_us(text, &us)) {
		*out = (double)us;
		return NULL;
	}
	meant = meant_duration(text);
	hint = xasprintf(
	    "its limit is no time: write %s", meant != NULL ? meant : "300ms");
	free(meant);
	return hint;
}

/* `1%`, which is 1, or `0.01`; false: it is no number. */
static bool read_part(const char *text, double *out, bool *is_percent)
{
	size_t len = strlen(text);
	char *number;
	bool is_good;

	*is_percent = len > 0 && text[len - 1] == '%';
	number = xstrndup(text, *is_percent ? len - 1 : len);
	is_good = parse_number(number, out);
	free(number);
	return is_good;
}

/* `1%` or `0.01`. Of a percentage six digits behind the point count, so that it
 * is the double that the same share of requests comes to. */
static char *read_share(const char *text, double *out)
{
	bool is_percent, is_good = read_part(text, out, &is_percent);

	if (!is_good)
		return xstrdup("its limit is no share of all requests: write "
			       "1%, or 0.01");
	if (!is_percent && *out >= 1)
		return xasprintf("a share of 1 is all of them: write %s%%",
		    quote(text).text);
	if (is_percent && *out > 100)
		return xstrdup("it is more than all requests: write at most "
			       "100%");
	if (is_percent)
		*out = (double)(uint64_t)(*out * 1e6 + 0.5) / 1e8;
	return NULL;
}

static char *read_count(const char *text, double *out)
{
	uint64_t n;

	if (parse_count(text, &n)) {
		*out = (double)n;
		return NULL;
	}
	if (strchr(text, '%') != NULL)
		return xasprintf("its limit is a number of things: write it "
				 "without %%, or fail_ratio = < %s",
		    quote(text).text);
	return xstrdup("its limit is no whole number: write for example 10");
}

static char *read_rate(const char *text, double *out)
{
	char *meant, *hint;

	if (parse_rate(text, out))
		return NULL;
	meant = meant_rate(text);
	hint = xasprintf("its limit is no rate: write %s",
	    meant != NULL ? meant : "500, or 500/s");
	free(meant);
	return hint;
}

/* `10%` or `0.1`, the same as above; of itself it may be more than all. */
static char *read_change(const char *text, double *out)
{
	bool is_percent, is_good = read_part(text, out, &is_percent);

	if (!is_good)
		return xstrdup("its limit is no change: write 10%, or 0.1");
	if (!is_percent && *out >= 1)
		return xasprintf("a change of 1 is twice the time: write %s%%",
		    quote(text).text);
	if (is_percent)
		*out /= 100;
	if (*out < REGRESSION_LEAST)
		return xasprintf("a change up to %g%% counts as noise: write "
				 "at least %g%%",
		    100 * REGRESSION_LEAST, 100 * REGRESSION_LEAST);
	return NULL;
}

/* --- one threshold ------------------------------------------------------ */

/* What an entry is becoming. */
struct reading {
	const struct key_env *env;
	const struct ini_entry *entry;
	const struct measure_kind *kind;
	struct threshold t;
};

/* Reports why, which is owned here; NULL is fine. */
static bool accept(const struct reading *r, char *why)
{
	if (why != NULL)
		field_error(r->env, r->entry, "%s", why);
	free(why);
	return why == NULL;
}

static char *read_measure(struct reading *r, const char *name)
{
	const char *names[ARRAY_LEN(measures)];
	char *mend, *why;

	r->kind = find_measure(name);
	if (r->kind == NULL) {
		for (size_t i = 0; i < ARRAY_LEN(measures); i++)
			names[i] = measures[i].key;
		mend = did_you_mean(name, names, ARRAY_LEN(names),
		    "write fail_ratio, p95, rps or another key of "
		    "[thresholds]");
		why = xasprintf("\"%s\" is nothing that is measured: %s",
		    quote(name).text, mend);
		free(mend);
		return why;
	}
	r->t.key = xstrdup(name);
	r->t.measure = r->kind->measure;
	if (strchr(r->kind->key, 'N') != NULL &&
	    !read_percentile(name, &r->t.ppm))
		return xstrdup("there is no such percentile: write a number up "
			       "to 100 with at most two digits behind the "
			       "point, as p95 or p99.99");
	return NULL;
}

/* Whether it is a limit of what is measured. */
static bool is_limit(const struct reading *r, const char *text, double *limit)
{
	char *why = r->kind->read(text, limit);

	free(why);
	return why == NULL;
}

/* `failures = 0`: a limit alone, or less. Owned by the caller. */
static char *with_relation(const struct reading *r, const char *limit)
{
	const char *usual = r->kind->usual, *unit = "";
	double n;
	bool is_good = is_limit(r, limit, &n);
	char *in_ms = xasprintf("%sms", limit);

	if (!is_good && is_limit(r, in_ms, &n)) {
		is_good = true;
		unit = "ms";
	}
	free(in_ms);
	if (!is_good || r->t.aborts)
		return xasprintf(
		    "it needs an operator and a limit: write for example %s",
		    usual);
	/* nothing is below 0 */
	return xasprintf("it needs an operator: write %s = %.*s %s%s", r->t.key,
	    n > 0 ? (int)strcspn(usual, BLANKS) : 2,
	    n > 0 ? usual : "<=", quote(limit).text, unit);
}

/* What stands in front of the limit is none; owned by the caller. */
static char *no_relation(
    const struct reading *r, const char *sign, const char *limit)
{
	for (size_t i = 0; i < ARRAY_LEN(slips); i++)
		if (strcmp(slips[i].sign, sign) == 0)
			return xasprintf("there is no operator \"%s\": did "
					 "you mean \"%s\"?",
			    sign, slips[i].meant);
	if (sign[0] != '\0')
		return xasprintf("there is no operator \"%s\": write <, <=, "
				 ">, >=, == or !=",
		    quote(sign).text);
	return with_relation(r, limit);
}

static bool read_relation(const char *sign, enum relation *out)
{
	for (size_t i = 0; i < ARRAY_LEN(relations); i++) {
		if (strcmp(relations[i].sign, sign) != 0)
			continue;
		*out = relations[i].relation;
		return true;
	}
	return false;
}

/* `OPERATOR LIMIT`. */
static char *read_condition(struct reading *r, const char *text)
{
	char *sign, *limit, *copy, *why;

	text += strspn(text, BLANKS);
	sign = xstrndup(text, strspn(text, SIGNS));
	copy = xstrdup(text + strlen(sign));
	limit = trim(copy);
	if (!read_relation(sign, &r->t.relation))
		why = no_relation(r, sign, limit);
	else if (limit[0] == '\0')
		why = xasprintf(
		    "it has no limit: write for example %s", r->kind->usual);
	else
		why = r->kind->read(limit, &r->t.limit);
	r->t.wanted = xasprintf("%s %s", sign, limit);
	free(copy);
	free(sign);
	return why;
}

/* `MEASURE OPERATOR LIMIT [for DURATION]`. */
static char *read_abort(struct reading *r)
{
	char *copy = xstrdup(r->entry->value), *text = trim(copy);
	size_t len = strcspn(text, BLANKS SIGNS);
	char *name = xstrndup(text, len);
	char *time = strstr(text + len, FOR);
	char *why = read_measure(r, name);

	r->t.aborts = true;
	if (why == NULL && time != NULL) {
		*time = '\0';
		time += strlen(FOR);
		if (!parse_duration_us(time, &r->t.for_us))
			why = xasprintf("\"%s\" behind the for is no "
					"duration: write for 10s",
			    quote(time).text);
	}
	if (why == NULL)
		why = read_condition(r, text + len);
	free(name);
	free(copy);
	return why;
}

/* An abort that is written as a threshold, of what is to hold. All is well
 * where a measure is low, but for rps; requests grow, and may be enough. */
static void warn_of_abort(const struct reading *r)
{
	bool is_below = r->t.relation == RELATION_BELOW ||
			r->t.relation == RELATION_AT_MOST;
	bool is_above = r->t.relation == RELATION_ABOVE ||
			r->t.relation == RELATION_AT_LEAST;
	const char *limit = r->t.wanted + strspn(r->t.wanted, SIGNS);
	const char *time = strstr(r->entry->value, FOR);

	if (r->t.measure == MEASURE_REQUESTS ||
	    (r->t.measure == MEASURE_RPS ? !is_above : !is_below))
		return;
	diag_warning(r->env->diag, r->entry->where,
	    "abort \"%s\": it ends the run when this is true, so while all is "
	    "well: write abort = %s %s%s%s",
	    quote(r->entry->value).text, r->t.key, is_below ? ">" : "<", limit,
	    time != NULL ? quote(time).text : "");
}

void threshold_clear(struct threshold *threshold)
{
	free(threshold->key);
	free(threshold->wanted);
	free(threshold->row);
}

/* `p95 = < 300ms`, or `abort = fail_ratio > 50% for 10s`. */
void field_threshold(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	struct plan *plan =
	    (void *)((char *)field - offsetof(struct plan, thresholds));
	struct reading r = {.env = env,
	    .entry = entry,
	    .t = {.where = entry->where, .stage = SIZE_MAX}};
	bool is_good;

	if (strcmp(key->info.name, "abort") == 0)
		is_good = accept(&r, read_abort(&r));
	else
		is_good = accept(&r, read_measure(&r, entry->key)) &&
			  accept(&r, read_condition(&r, entry->value));
	if (!is_good) {
		threshold_clear(&r.t);
		return;
	}
	if (r.t.aborts)
		warn_of_abort(&r);
	plan->thresholds = xreallocarray(plan->thresholds,
	    plan->n_thresholds + 1, sizeof(*plan->thresholds));
	plan->thresholds[plan->n_thresholds++] = r.t;
}
