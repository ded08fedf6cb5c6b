/*
 * What a plan asks for: how many requests its tasks send, how long they take
 * where answers take so long, and what all users together come to. Pure
 * functions of the plan: no clock is read here, nothing printed.
 *
 * Sleeps and waits count with their means, steps with a `when` as if it held, a
 * poll as one request. What takes no time at all happens INFINITY times a
 * second. Tasks of a rate count when they are due, as if there were always a
 * user for them.
 */
#ifndef LOAD_DEMAND_H
#define LOAD_DEMAND_H

#include "plan/plan.h"

/* One run of a task, calls and repeats included. */
struct task_demand {
	const struct task *task; /* borrowed */
	double requests;         /* that it sends */
	double least;            /* of these: whatever its whens say */
	double fresh;            /* of these: on a connection of their own */
	double held;             /* of these: the user waits for the answer */
	double sleep_us;         /* that the user waits for besides */
	double jobs;             /* that it begins in the background */
	double emits;            /* of the event that was asked about */
	bool has_poll; /* it sends more, as long as nothing is decided */
	bool has_when; /* it may do less, or nothing */
	bool has_stop; /* it may end the user, or the test */
	bool always_stops;
};

/* A kind of user. */
struct kind_demand {
	uint64_t users;          /* at the peak */
	struct task_demand mean; /* of the tasks that one plays */
	double cycle_us; /* from the start of one to the start of the next */
	double task_us;  /* how long the mean task holds the user up */
	double start_us; /* and on_start */
};

struct demand {
	const struct plan *plan;   /* borrowed */
	struct task_demand *tasks; /* owned; by address of the task */
	struct kind_demand *kinds; /* owned; as in the plan */
	double most_tasks;         /* that there may be; INFINITY: no end */
};

/* Answers take no time, at first. event: whose emits are counted; NULL:
 * none. */
void demand_init(struct demand *d, const struct plan *plan, const char *event);
void demand_clear(struct demand *d);
/* From now on, every answer takes so long. */
void demand_answers(struct demand *d, double response_us);

/* Of no task (NULL) it is nothing. */
struct task_demand demand_of(const struct demand *d, const struct task *task);
double demand_wait_us(const struct wait *wait);

/* What happens, a second or in all. */
struct flow {
	double tasks;
	double requests;
	double fresh;
	double jobs;
	double emits;
};

/* A second, at the peak: while all users are there that have time to start, or
 * the rate is the highest. */
struct flow demand_rate(const struct demand *d);
/* The same of one kind. */
struct flow demand_kind_rate(const struct demand *d, size_t kind);
/* With a rate: how many users it takes at the peak, so that no task has to wait
 * for one. */
double demand_users_needed(const struct demand *d);
/* How many users start in the whole run, those too that come again. */
double demand_users_started(const struct demand *d);
/* When the last task ends, or the time is up; INFINITY: when it is stopped. */
double demand_end_us(const struct demand *d);
/* What has happened until then, with setup, teardown, and what users do when
 * they start and stop. */
struct flow demand_until(const struct demand *d, double until_us);

/* How many rows of [data] number i are handed out until then. */
double demand_rows(const struct demand *d, size_t i, double until_us);
/* When more than all its rows are asked for; INFINITY: not before the end. */
double demand_rows_end_us(const struct demand *d, size_t i);
/* How many users have a row of it, some time; who runs setup is one, and who
 * runs teardown. */
uint64_t demand_row_users(const struct demand *d, size_t i);

#endif
