/*
 * What came of the comparison with an earlier run, as JSON. It knows not how
 * they are compared.
 */
#include <stdlib.h>

#include "base/util.h"
#include "report/baseline.h"
#include "report/json_value.h"

static const char *const times_words[] = {
    [VERSUS_SAME] = "same",
    [VERSUS_SLOWER] = "slower",
    [VERSUS_FASTER] = "faster",
    [VERSUS_TOO_FEW] = "too_few",
    [VERSUS_NEW] = "new",
    [VERSUS_GONE] = "gone",
};

static const char *const failures_words[] = {
    [VERSUS_FAILS_SAME] = "same",
    [VERSUS_FAILS_MORE] = "more",
    [VERSUS_FAILS_LESS] = "less",
};

/* Six digits that count: it may be next to nothing. */
static struct json_object *chance_value(double p)
{
	struct json_object *value;
	char text[64];

	snprintf(text, sizeof(text), "%.6g", p);
	value = json_object_new_double_s(p, text);
	if (!value)
		out_of_memory();
	return value;
}

/* Null where the run has no such row. */
static struct json_object *figures_value(const struct row *row)
{
	struct json_object *object;

	if (!row)
		return NULL;
	object = json_new_object();
	json_add(object, "requests", json_count_value(row->requests));
	json_add(object, "failures", json_count_value(row->failures));
	json_add(
	    object, "mean_ms", json_ms_value(hist_mean_us(&row->response)));
	json_add(object, "p50_ms",
	    json_ms_value(hist_quantile_us(&row->response, 500000)));
	json_add(object, "p95_ms",
	    json_ms_value(hist_quantile_us(&row->response, 950000)));
	json_add(object, "p99_ms",
	    json_ms_value(hist_quantile_us(&row->response, 990000)));
	return object;
}

static struct json_object *quantile_value(const struct versus_quantile *q)
{
	struct json_object *object = json_new_object();

	json_add(object, "change", json_number_value(q->change, 6));
	json_add(object, "p_value", chance_value(q->p));
	json_add(object, "beyond_noise", json_flag_value(q->counts));
	return object;
}

struct json_object *json_versus_value(const struct versus *v)
{
	struct json_object *object = json_new_object();
	const struct row *row = v->now ? v->now : v->then;

	json_add(object, "type", json_text_value(row ? row->type : ""));
	json_add(object, "name", json_text_value(row ? row->name : ""));
	json_add(object, "times", json_text_value(times_words[v->times]));
	json_add(object, "then", figures_value(v->then));
	json_add(object, "now", figures_value(v->now));
	if (!v->then || !v->now)
		return object;
	json_add(object, "p50", quantile_value(&v->p50));
	json_add(object, "p95", quantile_value(&v->p95));
	json_add(object, "effect", json_number_value(v->effect, 6));
	json_add(object, "regression", json_number_value(v->regression, 6));
	json_add(
	    object, "failures", json_text_value(failures_words[v->failures]));
	json_add(object, "failures_p_value", chance_value(v->failures_p));
	return object;
}

static struct json_object *differences_value(const struct results *results)
{
	struct load_difference differences[LOAD_DIFFERENCES];
	size_t n = baseline_load_differences(results, differences);
	struct json_object *array = json_new_array();

	for (size_t i = 0; i < n; i++) {
		struct json_object *object = json_new_object();

		json_add(object, "key", json_text_value(differences[i].key));
		json_add(object, "then", json_text_value(differences[i].then));
		json_add(object, "now", json_text_value(differences[i].now));
		json_append(array, object);
		load_difference_clear(&differences[i]);
	}
	return array;
}

struct json_object *json_baseline_value(const struct results *results)
{
	const struct baseline *b = results->baseline;
	struct json_object *object = json_new_object();

	json_add(object, "file", json_text_value(b->file));
	json_add(object, "start", json_text_or_null(b->start));
	json_add(object, "is_untrusted", json_flag_value(b->is_untrusted));
	json_add(object, "load_differences", differences_value(results));
	json_add(object, "level", chance_value(results->comparison->level));
	return object;
}
