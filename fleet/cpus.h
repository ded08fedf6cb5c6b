/*
 * How many CPUs there are for us. Private to the fleet and its tests; others
 * ask fleet_usable_cpus.
 */
#ifndef FLEET_CPUS_H
#define FLEET_CPUS_H

#include <stdint.h>

/* The CPUs that this process may use, by what the files below root/proc and
 * root/sys say; root is "" but in tests. Without such files, what the system
 * says is online. At least 1. */
uint32_t cpus_usable(const char *root);

#endif
