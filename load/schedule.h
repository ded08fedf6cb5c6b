/*
 * How much is wanted when: pure functions of the stages of a plan and of the
 * time since its start. They give the same whoever asks, however often and in
 * whatever order.
 *
 * Users have places, from 0 on: place k is wanted while the target is above k.
 * So users who are there at one moment are those of the first places, and the
 * last who came goes first.
 */
#ifndef LOAD_SCHEDULE_H
#define LOAD_SCHEDULE_H

#include "plan/plan.h"

/* Users, or tasks a second; in an instant of change what it changes to. */
double schedule_target(const struct load_options *load, uint64_t now_us);

/* How many places are wanted. */
uint64_t schedule_places(const struct load_options *load, uint64_t now_us);
/* The first moment, from_us or later, when the place is wanted, or is not;
 * UINT64_MAX: never again. */
uint64_t schedule_rise_us(
    const struct load_options *load, uint64_t place, uint64_t from_us);
uint64_t schedule_fall_us(
    const struct load_options *load, uint64_t place, uint64_t from_us);
/* How long all users together have been wanted until then, in microseconds. */
double schedule_time_us(const struct load_options *load, double until_us);
/* What has become of users until then, that moment included. */
struct turnout {
	uint64_t places;  /* wanted then */
	uint64_t most;    /* so far */
	uint64_t started; /* how often a place has become wanted */
	double time_us;   /* how long users have been wanted, all together */
	double since_us;  /* the same if those who came had not gone again */
};
struct turnout schedule_turnout(
    const struct load_options *load, double until_us);
/* The highest target until then. */
double schedule_peak(const struct load_options *load, double until_us);

/* How many tasks are due until then: the integral of the rate. */
double schedule_due(const struct load_options *load, double until_us);
/* When so many are due; UINT64_MAX: never. */
uint64_t schedule_due_us(const struct load_options *load, double n);

/* The stage, from 0 on, that the moment belongs to, and when that ends;
 * UINT64_MAX: when the run does. */
size_t schedule_stage(const struct load_options *load, uint64_t now_us);
uint64_t schedule_stage_start_us(const struct load_options *load, size_t stage);
uint64_t schedule_stage_end_us(const struct load_options *load, size_t stage);
/* How many stages begin before the run ends. */
size_t schedule_stages_begun(const struct load_options *load);

#endif
