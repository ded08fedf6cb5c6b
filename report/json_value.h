/*
 * What those who write the report in JSON and read an earlier one share: what
 * it is called, and values of it. Each value is owned by whoever it is given
 * to; NULL is null. Private to the report room.
 */
#ifndef REPORT_JSON_VALUE_H
#define REPORT_JSON_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "report.h"
#include "report/versus.h"

/* Raised when what is there changes its meaning, not when something is added.
 */
#define JSON_FORMAT_VERSION 1
/* Of hist_bucket: another layout needs another name. */
#define JSON_HISTOGRAM_LAYOUT "loadgen-log-linear-512"
/* Verdicts of runs that are not to be trusted. */
#define JSON_UNTRUSTED   "untrusted"
#define JSON_NOT_STARTED "not_started"

/* All end in out_of_memory where there is none. */
struct json_object *json_text_value(const char *text);
/* NULL, which is null in JSON, for NULL. */
struct json_object *json_text_or_null(const char *text);
struct json_object *json_count_value(uint64_t n);
struct json_object *json_flag_value(bool is);
/* As many decimals as it takes, up to so many; null for what is no number. */
struct json_object *json_number_value(double n, int decimals);
struct json_object *json_ms_value(uint64_t us);
/* Null over no time. */
struct json_object *json_rate_value(uint64_t n, uint64_t over_us);
/* Null for 0. */
struct json_object *json_utc_value(uint64_t wall_us);

struct json_object *json_new_object(void);
struct json_object *json_new_array(void);
/* Both take the value over. */
void json_add(
    struct json_object *object, const char *key, struct json_object *value);
void json_append(struct json_object *array, struct json_object *value);

/* What is told of the load that was to be made: "load". */
struct json_object *json_load_value(const struct results *results);
/* What is told of the earlier run that this one was compared with, and of one
 * of the rows of the comparison. */
struct json_object *json_baseline_value(const struct results *results);
struct json_object *json_versus_value(const struct versus *v);

#endif
