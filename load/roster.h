/*
 * Who plays the load: hosts and their workers, and how much of it falls to
 * each. Pure data: it knows no processes.
 */
#ifndef LOAD_ROSTER_H
#define LOAD_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ROSTER_MAX_PARTS = 65536,
	ROSTER_MAX_WORKERS = 1 << 20,
	ROSTER_MAX_WEIGHT = 1000000,
	ROSTER_MAX_DEPTH = 16 /* parts that are within each other */
};

/* So many workers of one host, or further parts. */
struct roster_part {
	uint32_t weight;  /* among those beside it, at least 1 */
	uint32_t workers; /* in it, and in those below it, at least 1 */
	uint32_t parts;   /* right below it, which follow, each with what is
			     below it; 0: its workers share alike */
};

/* In preorder: parts[0] is the whole, whose weight says nothing. Workers are
 * numbered from 0 in the same order. A zeroed one is empty. */
struct roster {
	struct roster_part *parts; /* owned */
	size_t n;
	size_t cap;
};

/* Instead of what r held: so many workers, at least one, who share alike. */
void roster_alike(struct roster *r, uint32_t workers);
/* One more part behind the others, as it came from somewhere: r may not be
 * sound before the last one is there, or at all. */
void roster_add(struct roster *r, struct roster_part part);
/* One more part right below the whole: all of `part`, which is sound, with this
 * weight. An empty r becomes a whole first; one of workers who share alike must
 * not be given. False, and r is as it was: that would be more than a roster can
 * hold, or the weight is not within 1 .. ROSTER_MAX_WEIGHT. */
bool roster_append(
    struct roster *r, const struct roster *part, uint32_t weight);
void roster_clear(struct roster *r);

/* Whether r, which may hold anything, is what this header says. All others but
 * roster_add and roster_clear take only such a one. */
bool roster_is_sound(const struct roster *r);
uint32_t roster_workers(const struct roster *r);

/* A part right below the whole. */
struct roster_child {
	size_t index; /* in parts */
	size_t n;     /* parts that it is, with those below it */
	uint32_t first_worker;
};

/* Number `child` of parts[0].parts. */
struct roster_child roster_child(const struct roster *r, uint32_t child);
/* The rows *from .. *upto - 1 that fall to it of those from .. upto - 1, by
 * weight: one range behind the other, all together are all, and each is within
 * one of its exact share. */
void roster_rows(const struct roster *r, uint32_t child, uint64_t from,
    uint64_t upto, uint64_t *child_from, uint64_t *child_upto);

#endif
