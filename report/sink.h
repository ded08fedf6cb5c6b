/*
 * What a format of report is: a few functions and its own state. Private to
 * the report room.
 */
#ifndef REPORT_SINK_H
#define REPORT_SINK_H

#include "report.h"

struct sink {
	/* Its state, owned by the sink, in *state (NULL with true: not asked
	 * for). The setup lives as long as the sink. False: cannot be opened;
	 * a line is in d. */
	bool (*open)(
	    void **state, const struct report_setup *setup, struct diag *d);
	/* Every sink is open, the run is about to begin; may be NULL. */
	void (*begin)(void *state, const struct results *results);
	/* What comes before the load has been, the load begins; may be NULL. */
	void (*start)(void *state, const struct results *results);
	/* The first may be NULL. Each returns false when something could not be
	 * written, having put that into d the first time; the run goes on, and
	 * its status will be 3. */
	bool (*interval)(
	    void *state, const struct results *results, struct diag *d);
	bool (*final)(
	    void *state, const struct results *results, struct diag *d);
	void (*close)(void *state);
	/* Asked for between intervals; NULL where there is nothing to show. */
	void (*now)(void *state, const struct results *results);
	/* The run was told to stop: results->stop_us; may be NULL. */
	void (*stopping)(void *state, const struct results *results);
	/* Something has happened, in a few words; may be NULL. */
	void (*note)(
	    void *state, const struct results *results, const char *text);
	/* Somebody else is about to print on setup->err; may be NULL. */
	void (*hide)(void *state);
};

extern const struct sink csv_sink;
extern const struct sink html_sink;
extern const struct sink json_sink;
extern const struct sink junit_sink;
extern const struct sink console_sink;

/* The CSV files that the setup asks for, each path owned by the caller; how
 * many. */
enum { CSV_FILES_MAX = 7 };
size_t csv_paths(const struct report_setup *setup, char *paths[CSV_FILES_MAX]);
/* Whether the CSV files, of which there are some, could be created; creates
 * none. False: a line is in d. */
bool csv_foresee(const struct report_setup *setup, struct diag *d);
/* A field of a CSV file, in quotes where it needs them. */
void csv_put_text(FILE *out, const char *text);

#endif
