/*
 * Words for how much load a plan has when. It knows no results.
 */
#ifndef REPORT_STAGES_H
#define REPORT_STAGES_H

#include <stdio.h>

#include "plan/plan.h"

/* Whether it was given a name, in place of its number. */
bool stage_is_named(const struct load_options *load, size_t stage);
/* "steady", or "2/3" of one without a name; owned by the caller. */
char *stage_label(const struct load_options *load, size_t stage);

/* "500 tasks a second", "up to 500 tasks a second in 3 stages". */
void put_rate(FILE *out, const struct load_options *load);
/* " in 3 stages", where there are some. */
void put_stage_count(FILE *out, const struct load_options *load);
/* "0 to 30 users in 3s, 30 for 3s (steady), down to 0 in 3s"; of many stages,
 * the first. */
void put_stages(FILE *out, const struct load_options *load);

/* Where users are given: when the last of them starts, after the start of the
 * run; and whether that is behind its end. */
uint64_t ramp_us(const struct load_options *load);
bool ramp_is_cut(const struct load_options *load);
/* "only 5 of 100 users start within the run_time of 5s: all of them take
 * 1m39s", where it is so; owned by the caller. */
char *ramp_cut_text(const struct load_options *load);

#endif
