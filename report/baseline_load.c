/*
 * Whether both runs were to make the same load. It knows no results but what
 * the report tells of the load.
 */
#include "report/baseline.h"

#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/util.h"
#include "report/json_value.h"
#include "report/text.h"

/* What makes other times of the same service. */
static const struct setting {
	const char *member;
	const char *key;  /* of the plan, or what people call it */
	bool is_time;     /* milliseconds */
	const char *null; /* what that means; NULL: none */
} settings[] = {
    {"model", "load", false, NULL},
    {"users", "users", false, NULL},
    {"spawn_rate_per_s", "spawn_rate", false, "all"},
    {"rate_per_s", "rate", false, NULL},
    {"late", "late", false, NULL},
    {"spacing", "spacing", false, NULL},
    {"stages", "stages", false, NULL},
    {"run_time_ms", "run_time", true, NULL},
    {"iterations", "iterations", false, NULL},
    {"warmup_ms", "warmup", true, NULL},
    {"workers", "workers", false, NULL},
};

_Static_assert(ARRAY_LEN(settings) <= LOAD_DIFFERENCES, "out is too short");

/* A stage as the plan has it, without its name: "1m:100". */
static char *stage_text(struct json_object *stage)
{
	struct json_object *duration = NULL, *target = NULL;
	char time[FIGURE_BYTES];
	double ms;

	if (!json_object_object_get_ex(stage, "duration_ms", &duration) ||
	    !json_object_object_get_ex(stage, "target", &target))
		return xstrdup("?");
	ms = json_object_get_double(duration);
	if (!(ms >= 0 && ms < 1e12))
		return xstrdup("?");
	return xasprintf("%s:%.10g",
	    format_duration(time, sizeof(time), (uint64_t)(ms * US_PER_MS)),
	    json_object_get_double(target));
}

static char *stages_text(struct json_object *stages)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < json_object_array_length(stages); i++) {
		char *one = stage_text(json_object_array_get_idx(stages, i));
		char *longer =
		    xasprintf("%s%s%s", text, i > 0 ? ", " : "", one);

		free(one);
		free(text);
		text = longer;
	}
	return text;
}

/* What a member says, for people; owned by the caller. */
static char *value_text(
    const struct setting *setting, struct json_object *value)
{
	char time[FIGURE_BYTES];
	double ms = json_object_get_double(value);

	if (value == NULL)
		return xstrdup(setting->null != NULL ? setting->null : "none");
	if (json_object_is_type(value, json_type_array))
		return stages_text(value);
	if (setting->is_time && ms >= 0 && ms < 1e12)
		return xstrdup(format_duration(
		    time, sizeof(time), (uint64_t)(ms * US_PER_MS + 0.5)));
	return xstrdup(json_object_get_string(value));
}

/* False: both say the same, or one of them nothing. */
static bool differs(const struct setting *setting, struct json_object *then,
    struct json_object *now, struct load_difference *out)
{
	struct json_object *of_then = NULL, *of_now = NULL;

	if (!json_object_object_get_ex(then, setting->member, &of_then) ||
	    !json_object_object_get_ex(now, setting->member, &of_now))
		return false;
	*out = (struct load_difference) {.key = setting->key,
	    .then = value_text(setting, of_then),
	    .now = value_text(setting, of_now)};
	if (strcmp(out->then, out->now) != 0)
		return true;
	load_difference_clear(out);
	return false;
}

size_t baseline_load_differences(
    const struct results *results, struct load_difference out[LOAD_DIFFERENCES])
{
	struct json_object *then = results->baseline->load;
	struct json_object *now = json_load_value(results);
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(settings) && then; i++)
		n += differs(&settings[i], then, now, &out[n]);
	json_object_put(now);
	return n;
}

void load_difference_clear(struct load_difference *difference)
{
	free(difference->then);
	free(difference->now);
}
