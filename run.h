/*
 * One run of a plan: workers forked, told, heard and reaped; what they count
 * goes to the report.
 */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>

#include "report.h"

enum run_end {
	RUN_PLAYED,    /* reported to the end */
	RUN_NOT_BEGUN, /* a report cannot be written: nothing was sent */
	RUN_BROKEN     /* the system did not let it; it was said why */
};

struct run_result {
	enum run_end end;
	enum verdict verdict; /* of RUN_PLAYED */
	int signal;           /* that stopped it; 0: none */
	bool left_at_once;    /* a second signal came */
	bool is_too_much;     /* a host cannot have its users: none has begun */
};

/* What loadgen ends with. */
enum {
	RUN_STATUS_PASSED = 0,
	RUN_STATUS_FAILED = 1,
	RUN_STATUS_USAGE = 2,
	RUN_STATUS_UNTRUSTED = 3,
	RUN_STATUS_SIGNAL = 128
};
int run_status(const struct run_result *result);

/* Who wants to look at the results when all is over. */
struct run_ear {
	void (*take)(void *arg, const struct results *results);
	void *arg;
};

/* Plays setup->plan with setup->workers forked workers, reports as setup says,
 * and leaves no process behind. With keys, what is typed on the terminal, where
 * there is one, changes the number of users and ends the run; that once per
 * process. Catches SIGINT, SIGTERM, SIGHUP and SIGUSR1 from now on, and with
 * keys what keyboard_open says; one that came since the last run stops this one
 * at once. The ear hears of RUN_PLAYED; NULL: nobody. Lines into d for
 * RUN_NOT_BEGUN. */
struct run_result run_play(const struct report_setup *setup,
    const struct run_ear *ear, bool with_keys, struct diag *d);

#endif
