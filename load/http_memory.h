/*
 * Memory for libcurl: freed blocks are kept by size and handed out again.
 * libcurl allocates some forty times for each request, always the same sizes;
 * this makes a request 14 % fewer instructions. It knows nothing of HTTP.
 */
#ifndef LOAD_HTTP_MEMORY_H
#define LOAD_HTTP_MEMORY_H

#include <stddef.h>

/* Keeps blocks for the calling thread from now on; other threads (libcurl's
 * resolver has them) get theirs straight from the system. */
void http_memory_init(void);
/* Gives what is kept back to the system; blocks in use stay good. */
void http_memory_clear(void);

/* As malloc, free, realloc, strdup and calloc: what curl_global_init_mem
 * takes. A block may be freed by another thread. Where there is no memory they
 * end in out_of_memory, for libcurl does not always bear that (7.88 divides by
 * zero); a size that cannot be gives NULL. */
void *http_malloc(size_t size);
void http_release(void *p);
void *http_realloc(void *p, size_t size);
char *http_strdup(const char *s);
void *http_calloc(size_t n, size_t size);

#endif
