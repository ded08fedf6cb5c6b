/*
 * An earlier run, read from the JSON that it was reported in, and what is told
 * of this one against it. It knows no processes. Private to the report room,
 * but for who reads it before a run.
 */
#ifndef REPORT_BASELINE_H
#define REPORT_BASELINE_H

#include "base/diag.h"
#include "report.h"
#include "report/terminal.h"
#include "report/versus.h"

struct json_object;

enum { BASELINE_MAX_BYTES = 256 << 20 };

struct baseline {
	char *file;  /* owned; as it was named */
	char *start; /* owned; when it began, in UTC: "2026-11-23 20:15:00 UTC";
			NULL: it does not say */
	bool is_untrusted;        /* by its own verdict */
	struct json_object *load; /* owned: what it tells of its load; NULL */
	struct table table;       /* the responses of all rows */
	struct row all;           /* all requests: those of table_total */
};

/* Reads and checks a file, owned by the caller; NULL when it is no such report,
 * or one that contradicts itself: a line is in d. The path must outlive d. */
struct baseline *baseline_read(const char *path, struct diag *d);
/* The same of bytes, at most BASELINE_MAX_BYTES; the file is what they are
 * called. */
struct baseline *baseline_read_bytes(
    const char *bytes, size_t len, const char *file, struct diag *d);
void baseline_free(struct baseline *b);

/* How the load of both runs was to be made, where that differs: by the key of
 * the plan, and what it said. */
struct load_difference {
	const char *key; /* static */
	char *then;      /* owned, as now: "10", "1m", "none" */
	char *now;
};
enum { LOAD_DIFFERENCES = 16 };
/* How many there are in out, each to be freed by the caller; there is none
 * where one of the runs does not say it. */
size_t baseline_load_differences(const struct results *results,
    struct load_difference out[LOAD_DIFFERENCES]);
void load_difference_clear(struct load_difference *difference);

/*
 * Words for tables of results->comparison, whose rows are in its order, or in
 * that of comparison_changed.
 */

/* "SLOWER", "faster", "same", "too few", "new" or "gone". */
const char *versus_times_text(const struct versus *v);
/* "+12.3 %", in round brackets where it is within the noise; FIGURE_BYTES long.
 */
char *versus_change_text(char *out, const struct versus_quantile *q);
/* "GET /x"; owned by the caller. */
char *versus_name(const struct versus *v);

/* "Against old.json (2026-11-23 20:15:00 UTC)"; owned by the caller. */
char *baseline_heading(const struct baseline *b);

/* The section of the summary, where there is a comparison; and of it what is no
 * table: how the loads differed, who fails more, what is new. */
void print_baseline(struct terminal *t, const struct results *results);
void print_baseline_notes(struct terminal *t, const struct results *results);

#endif
