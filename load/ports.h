/*
 * The order in which the system gives local ports to connections.
 */
#ifndef LOAD_PORTS_H
#define LOAD_PORTS_H

/*
 * Lets this socket be connected from the next local port that is free. Linux
 * else takes every second port first, and once these are in use, walks over all
 * of them again for each connection: with 28,000 ports the 14,001st connection
 * to a server, and each one after it, takes a millisecond of CPU.
 *
 * Where the system cannot do that (Linux before 6.8), and for a socket without
 * ports, nothing happens.
 */
void ports_take_next(int fd);

#endif
