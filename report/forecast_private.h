/*
 * What the parts of a forecast share. Private to report/forecast*.c.
 */
#ifndef REPORT_FORECAST_PRIVATE_H
#define REPORT_FORECAST_PRIVATE_H

#include "load/budget.h"
#include "load/demand.h"
#include "report/terminal.h"

/* More hooks than these are counted, not told. */
enum { MOST_HOOKS = 50 };

/* How often tasks emit an event. */
struct heard {
	const char *event; /* borrowed */
	double per_s;      /* where answers take no time */
	double in_all;
	double usual_per_s; /* where they take as long as is usual */
};

struct forecast {
	struct terminal t;
	const struct plan *plan; /* borrowed */
	uint32_t workers;        /* in all; 0: hosts decide */
	struct limits limits;
	struct demand demand; /* each part says how long answers take */
	struct heard heard[MOST_HOOKS]; /* as far as it was asked for */
	size_t n_heard;
	bool has_warned;
};

/* Where one response time has to do for all. */
#define USUAL_ANSWER_US 10000.0

/* "  label    text", over as many lines as it takes; frees the text. */
void forecast_item(struct forecast *f, const char *label, char *text);
/* A line below a table, as an aside. */
void forecast_note(struct forecast *f, const char *note);
void forecast_blank_line(struct forecast *f);
/* Whether it ends as every user has done its tasks. */
bool forecast_does_every_kind_leave(const struct plan *plan);
/* How many users a rate needs with answers as they are, at least one. */
double forecast_needed(const struct forecast *f);
/* Writes a number of things that is a mean or an estimate, FIGURE_BYTES
 * long. */
char *forecast_count(char *out, double n);
/* What to call a task. */
const char *forecast_task_name(const struct task *task);

/* How often the event of one of the hooks that are told is emitted. */
struct heard forecast_heard(struct forecast *f, const char *event);
/* Whether other hosts play it. */
bool forecast_is_remote(const struct forecast *f);
void forecast_remote(struct forecast *f);
/* What the host needs that has the most to do. */
void forecast_remote_needs(struct forecast *f);
void forecast_load(struct forecast *f);
void forecast_tasks(struct forecast *f);
void forecast_data(struct forecast *f);
void forecast_hooks(struct forecast *f);
void forecast_thresholds(struct forecast *f);
void forecast_warnings(struct forecast *f);

#endif
