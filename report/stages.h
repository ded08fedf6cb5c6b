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

/* Where users are given: when the last of them is due, after the start of the
 * run; how many there are at most in a run that ends then, to whose very end
 * none comes; and whether the run_time leaves some out. */
uint64_t ramp_us(const struct load_options *load);
uint64_t ramp_started(const struct load_options *load, uint64_t end_us);
bool ramp_is_cut(const struct load_options *load);
/* "only 5 of 100 users start within the run_time of 5s: the last is due after
 * 1m39s", where it is so; owned by the caller. */
char *ramp_cut_text(const struct load_options *load);

#endif
