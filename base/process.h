/*
 * What everyone needs who starts processes: pipes that no child inherits by
 * mistake, and words for how a child ended. It starts none itself.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

/* A pipe, {to read, to write}, that closes on exec and takes the place of no
 * standard stream. 0, or -1 and errno. The ends are the caller's to close. */
int pipe_open(int ends[2]);

/* A wait status in words: "killed by SIGKILL", "exited with status 3". Owned
 * by the caller. */
char *process_fate(int status);

#endif
