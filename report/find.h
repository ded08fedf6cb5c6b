/*
 * The steps of a search for the highest load: what each came to, whether it
 * holds and why not, and how people are told. It must not know which load is
 * tried next.
 */
#ifndef REPORT_FIND_H
#define REPORT_FIND_H

#include "report.h"
#include "report/terminal.h"
#include "report/text.h"

/* A load that was played for a while. */
struct find_step {
	double load;   /* users, or tasks a second */
	bool is_rate;  /* the latter */
	uint64_t due;  /* tasks, where it is a rate */
	uint64_t late; /* of these: had to wait for a user, or wait still */
	uint64_t dropped;
	double tasks_per_s; /* that were started */
	double requests_per_s;
	uint64_t requests;
	uint64_t failures;
	uint64_t p50_us;
	uint64_t p95_us;
	uint64_t p99_us;
	bool holds;
	bool is_clear;     /* it does not hold, and that is no chance */
	char *strain;      /* owned: what limits of its own a worker was at;
			      NULL: none */
	bool is_disturbed; /* that was for something else than the load */
	char *why;         /* owned: why it does not hold; "": it does */
	char *failure;     /* owned: the most frequent one; NULL: none */
};

/* Fills all but load and is_rate from the results of a run that came to its
 * end, or was ended by the plan. The last two stages of its plan are the halves
 * of the step: with a rate, response times of the second that are longer say
 * that a queue grows. To be cleared. */
void find_step_judge(struct find_step *step, const struct results *results);
void find_step_clear(struct find_step *step);

/* The step that says that this load does not hold: where there is one, one
 * without strain, as then it is the server. NULL: none does; borrowed. */
const struct find_step *find_failing(
    const struct find_step *steps, size_t n, double load);
/* What to add where such a step, or NULL, leaves open whether the server is the
 * limit; else "". Static. */
const char *find_doubt(const struct find_step *step);

/* Whether the last steps hold, but what they come to does not grow any more
 * with their load, as the generator is at its limits. */
bool find_is_stalled(const struct find_step *steps, size_t n);

/* "480/s" or "48", FIGURE_BYTES long; returns out. */
char *find_load_text(char *out, double load, bool is_rate);
/* With its unit: "480/s", "48 users", "1 user". */
char *find_load_words(char *out, double load, bool is_rate);

/* While it goes: one line, a step. */
void find_print_step(
    struct terminal *t, size_t number, const struct find_step *step);
/* All steps, all of them rates or none. */
void find_print_table(
    struct terminal *t, const struct find_step *steps, size_t n);
/* The same as CSV. */
void find_write_csv(FILE *out, const struct find_step *steps, size_t n);

#endif
