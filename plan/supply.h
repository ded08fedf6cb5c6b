/*
 * Where the files and the environment of a plan come from while it is loaded:
 * this machine, or a stock that was sent. What was taken is kept, and noted in
 * the plan's own stock. Private to this room.
 */
#ifndef PLAN_SUPPLY_H
#define PLAN_SUPPLY_H

#include "plan/plan.h"

struct supply {
	struct plan *plan;         /* borrowed: keeps what was read */
	const struct stock *given; /* borrowed; NULL: this machine */
	uint64_t file_bytes;       /* of plan->files */
	bool is_cut; /* not all that was taken fits into plan->stock */
};

/* The value of a variable of the environment, borrowed; NULL: it is not set. A
 * NULL supply is this machine, where nothing is noted. */
const char *supply_env(struct supply *supply, const char *name);

/* Why the file under that path cannot be opened, or NULL. */
const char *supply_look(const struct supply *supply, const char *path);

/* All of a file, with a NUL behind it: borrowed for the life of the plan. */
struct supply_file {
	const char *bytes;
	size_t len;
};
/* Reads one into memory; why not, or NULL. */
const char *supply_read(
    struct supply *supply, const char *path, struct supply_file *file);

/* A data file, owned by the caller; NULL after an error in d. what and where
 * are as data_open has them. */
struct data *supply_data(struct supply *supply, const char *path,
    struct diag *d, struct where where, const char *what);

/* The plan's text, which is copied. */
void supply_note_text(
    struct supply *supply, const char *file, const void *bytes, size_t len);

#endif
