/*
 * The part of a run that is played on a host: the plan comes over standard
 * input, workers of our own (or agents on further hosts) play it, and what they
 * count goes out as that of one. Nothing is written to a disk, and nothing is
 * left behind.
 */
#ifndef AGENT_H
#define AGENT_H

/* The life of an agent: greets on out_fd, does what comes over in_fd, and
 * returns an exit status: 0 when its account was told, not 0 when its parent is
 * gone, or speaks nothing that it knows. Takes over both descriptors. */
int agent_main(int in_fd, int out_fd);
/* The same as a child of ours; arg is not looked at. Fits fleet_child. */
int agent_child(const void *arg, int in_fd, int out_fd);

#endif
