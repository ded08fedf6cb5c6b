/*
 * What people read of --once: a line for every request as it ends, with its
 * checks and captures below it. It knows no processes, and no order of things.
 */
#ifndef REPORT_TRACE_H
#define REPORT_TRACE_H

#include <stdio.h>

#include "load/engine.h"

struct trace;

/* plan is borrowed; lines go to out. Owned by the caller. */
struct trace *trace_new(const struct plan *plan, FILE *out, bool is_verbose);
void trace_free(struct trace *t);
/* The watch that tells the trace of requests; good as long as the trace. */
struct engine_watch trace_watch(struct trace *t);
/* Hears what goes over the wire, where headers and bodies are wanted. */
void trace_listen(struct trace *t, struct http *http);

/* What is about to be played. */
void trace_intention(struct trace *t);
/* What the next task is run for: "setup", "teardown". */
void trace_role(struct trace *t, const char *what);
/* A user of this kind begins; NULL: there is only one kind. */
void trace_user(struct trace *t, const char *kind);
/* A task is over. */
void trace_end_task(struct trace *t);
/* A value that a hook has printed. */
void trace_hook_value(
    struct trace *t, const char *hook, const char *name, const char *value);
void trace_trouble(struct trace *t, const char *text);
/* Tasks that were to be played, and why they were not; it fails the whole where
 * nobody meant it. */
void trace_not_run(
    struct trace *t, const char *tasks, const char *why, bool is_meant);
/* The last line; signal: which stopped it, or 0; broken: why it did not come to
 * its end, or NULL. */
void trace_summary(struct trace *t, const struct books *books,
    const struct table *table, int signal, const char *broken);

#endif
