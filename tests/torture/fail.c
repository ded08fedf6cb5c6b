/*
 * Preloaded into loadgen by the tests: lets one call of one class in one of its
 * processes fail, with what such a call would say, and counts them all. Only
 * calls that loadgen itself makes are counted; those of its libraries are
 * theirs.
 *
 * TORTURE_RECORD  a file for struct record, to be read when all is over
 * TORTURE_CLASS   the name of a class, as in class_names
 * TORTURE_PROCESS the N-th process: 0 is the parent, 1 its first child, ...
 * TORTURE_CALL    the N-th call, from 1 on; 0: none
 * TORTURE_MORE    all that come after it fail too
 * TORTURE_ERRNO   the error, where the usual one is not wanted
 * TORTURE_SHORT   nothing fails, but each read and write does one byte
 */
#define _GNU_SOURCE
#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <link.h>
#include <netdb.h>
#include <poll.h>
#include <regex.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <search.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum class {
	CALL_MEMORY,
	CALL_OPEN,
	CALL_CREATE,
	CALL_READ,
	CALL_WRITE,
	CALL_CLOSE,
	CALL_PIPE,
	CALL_FORK,
	CALL_SPAWN,
	CALL_WAIT,
	CALL_WATCH,
	CALL_FCNTL,
	CALL_SOCKET,
	CALL_REAP,
	CALL_RENAME,
	CALL_REMOVE,
	CALL_STAT,
	CALL_SEEK,
	CALL_FLUSH,
	CALL_PRINT,
	CALL_RESOLVE,
	CALL_SIGNAL,
	CALL_LIMIT,
	CALL_MAP,
	CALL_DUP,
	CALL_REGEX,
	CALL_CURL,
	CALL_JSON,
	CALLS
};

static const char *const class_names[CALLS] = {"memory", "open", "create",
    "read", "write", "close", "pipe", "fork", "spawn", "wait", "watch", "fcntl",
    "socket", "reap", "rename", "remove", "stat", "seek", "flush", "print",
    "resolve", "signal", "limit", "map", "dup", "regex", "curl", "json"};

enum { PROCESSES = 16 };

/* Shared by all processes. */
struct record {
	_Atomic uint64_t calls[PROCESSES][CALLS];
	_Atomic uint64_t processes;
	_Atomic uint64_t failed; /* so many calls were let fail */
	_Atomic uint64_t where;  /* the first of them, in the program's file */
};

static struct record *record;
static uint64_t process;
static uint64_t wanted_process;
static uint64_t wanted_call;
static enum class wanted_class = CALLS;
static bool wants_more;
static bool is_short;
static int wanted_errno;
static uintptr_t text_start, text_end, text_base;

static int note_program(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	text_base = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
			continue;
		text_start = info->dlpi_addr + p->p_vaddr;
		text_end = text_start + p->p_memsz;
	}
	return 1; /* the first one is the program */
}

static uint64_t number_of(const char *name)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("TORTURE_CLASS");
	const char *path = getenv("TORTURE_RECORD");
	void *shared;
	int fd;

	if (path == NULL || strcmp(program_invocation_short_name, "loadgen"))
		return;
	dl_iterate_phdr(note_program, NULL);
	wanted_process = number_of("TORTURE_PROCESS");
	wanted_call = number_of("TORTURE_CALL");
	wanted_errno = (int)number_of("TORTURE_ERRNO");
	wants_more = number_of("TORTURE_MORE") != 0;
	is_short = number_of("TORTURE_SHORT") != 0;
	for (int i = 0; name != NULL && i < CALLS; i++)
		if (strcmp(class_names[i], name) == 0)
			wanted_class = (enum class)i;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*record)) != 0)
		abort();
	shared = mmap(
	    NULL, sizeof(*record), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (shared == MAP_FAILED)
		abort();
	record = shared;
	atomic_fetch_add(&record->processes, 1);
}

/* Whether this call is to fail, which sets errno. */
static bool is_to_fail(enum class class, const void *caller, int error)
{
	uintptr_t at = (uintptr_t)caller;
	uint64_t call;

	if (record == NULL || at < text_start || at >= text_end ||
	    process >= PROCESSES)
		return false;
	call = atomic_fetch_add(&record->calls[process][class], 1) + 1;
	if (class != wanted_class || process != wanted_process ||
	    wanted_call == 0 || call < wanted_call ||
	    (call > wanted_call && !wants_more))
		return false;
	if (atomic_fetch_add(&record->failed, 1) == 0)
		atomic_store(&record->where, at - text_base);
	errno = wanted_errno != 0 ? wanted_errno : error;
	return true;
}

/* How much of it a read or a write is let do. */
static size_t bytes_of(size_t n)
{
	return record != NULL && is_short && n > 1 ? 1 : n;
}

#define CALLER __builtin_return_address(0)
/* The next function of that name, found when it is needed first. */
#define REAL(type, name)       \
	static type (*real)(); \
	if (real == NULL)      \
	*(void **)&real = dlsym(RTLD_NEXT, #name)
#define FAILS(class, error) is_to_fail(class, CALLER, error)

/* a function that returns failed, with errno set, where it is to fail */
#define WRAP(class, type, name, params, args, failed, error)       \
	type name params                                           \
	{                                                          \
		REAL(type, name);                                  \
		return FAILS(class, error) ? (failed) : real args; \
	}

/* --- memory ------------------------------------------------------------- */

/* What dlsym() itself asks for, before there is anything to ask. */
static _Alignas(16) char first_bytes[4096];
static size_t first_used;
/* volatile: the compiler takes dlsym() for one that never calls us back */
static volatile bool is_looking;

static void *first_memory(size_t n)
{
	void *p = first_bytes + first_used;

	n = (n + 15) & ~(size_t)15;
	if (n > sizeof(first_bytes) - first_used)
		abort();
	first_used += n;
	return p;
}

static bool is_first(const void *p)
{
	return (const char *)p >= first_bytes &&
	       (const char *)p < first_bytes + sizeof(first_bytes);
}

static void *find(const char *name)
{
	void *found;

	is_looking = true;
	found = dlsym(RTLD_NEXT, name);
	is_looking = false;
	return found;
}

void *malloc(size_t n)
{
	static void *(*real)(size_t);

	if (real == NULL && is_looking)
		return first_memory(n);
	if (real == NULL)
		*(void **)&real = find("malloc");
	return FAILS(CALL_MEMORY, ENOMEM) ? NULL : real(n);
}

void *calloc(size_t n, size_t size)
{
	static void *(*real)(size_t, size_t);

	if (real == NULL && is_looking)
		return first_memory(n * size);
	if (real == NULL)
		*(void **)&real = find("calloc");
	return FAILS(CALL_MEMORY, ENOMEM) ? NULL : real(n, size);
}

void *realloc(void *p, size_t n)
{
	static void *(*real)(void *, size_t);

	if (real == NULL)
		*(void **)&real = find("realloc");
	return FAILS(CALL_MEMORY, ENOMEM) ? NULL : real(p, n);
}

void free(void *p)
{
	static void (*real)(void *);

	/* what dlsym() lets go of while it looks for this is let be */
	if (p == NULL || is_first(p) || is_looking)
		return;
	if (real == NULL)
		*(void **)&real = find("free");
	real(p);
}

WRAP(CALL_MEMORY, void *, tsearch,
    (const void *key, void **root, __compar_fn_t compare), (key, root, compare),
    NULL, ENOMEM)

/* --- files -------------------------------------------------------------- */

int open(const char *path, int flags, ...)
{
	va_list more;
	mode_t mode = 0;

	REAL(int, open);
	va_start(more, flags);
	if (flags & O_CREAT)
		mode = va_arg(more, mode_t);
	va_end(more);
	/* not what stands for a standard stream that is closed */
	if ((flags & O_ACCMODE) != O_RDONLY && strcmp(path, "/dev/null") != 0)
		return FAILS(CALL_CREATE, EMFILE) ? -1
						  : real(path, flags, mode);
	return FAILS(CALL_OPEN, EMFILE) ? -1 : real(path, flags, mode);
}

WRAP(CALL_OPEN, FILE *, fopen, (const char *path, const char *mode),
    (path, mode), NULL, EMFILE)
WRAP(CALL_OPEN, FILE *, fdopen, (int fd, const char *mode), (fd, mode), NULL,
    ENOMEM)
WRAP(CALL_OPEN, FILE *, fmemopen, (void *p, size_t n, const char *mode),
    (p, n, mode), NULL, ENOMEM)
WRAP(CALL_OPEN, FILE *, open_memstream, (char **p, size_t *n), (p, n), NULL,
    ENOMEM)
WRAP(CALL_CREATE, int, mkstemp, (char *path), (path), -1, EMFILE)
WRAP(CALL_READ, ssize_t, read, (int fd, void *p, size_t n),
    (fd, p, bytes_of(n)), -1, EIO)
/* no mark: it may be memory that it was short of */
WRAP(CALL_READ, ssize_t, getline, (char **p, size_t *n, FILE *f), (p, n, f), -1,
    ENOMEM)
WRAP(CALL_WRITE, ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n),
    -1, ENOSPC)
WRAP(CALL_RENAME, int, rename, (const char *from, const char *to), (from, to),
    -1, EACCES)
WRAP(CALL_REMOVE, int, unlink, (const char *path), (path), -1, EACCES)
WRAP(CALL_STAT, int, stat, (const char *path, struct stat *s), (path, s), -1,
    EIO)
WRAP(CALL_STAT, int, lstat, (const char *path, struct stat *s), (path, s), -1,
    EIO)
WRAP(CALL_STAT, int, fstat, (int fd, struct stat *s), (fd, s), -1, EIO)
WRAP(
    CALL_STAT, int, access, (const char *path, int mode), (path, mode), -1, EIO)
WRAP(CALL_SEEK, off_t, lseek, (int fd, off_t at, int from), (fd, at, from), -1,
    ESPIPE)
WRAP(CALL_SEEK, int, ftruncate, (int fd, off_t n), (fd, n), -1, EIO)
WRAP(CALL_SEEK, int, fchmod, (int fd, mode_t mode), (fd, mode), -1, EPERM)
WRAP(CALL_FLUSH, int, fflush, (FILE * f), (f), EOF, ENOSPC)

/* What fails in the middle of a stream: the stream remembers it. */
static int spoil(FILE *f)
{
	f->_flags |= 0x20; /* glibc's mark of an error, which nobody may set */
	return EOF;
}

WRAP(CALL_PRINT, int, fputs, (const char *text, FILE *f), (text, f), spoil(f),
    ENOSPC)
WRAP(CALL_PRINT, int, fputc, (int c, FILE *f), (c, f), spoil(f), ENOSPC)
WRAP(CALL_PRINT, int, putc, (int c, FILE *f), (c, f), spoil(f), ENOSPC)
WRAP(CALL_PRINT, int, vfprintf, (FILE * f, const char *format, va_list args),
    (f, format, args), spoil(f), ENOSPC)
WRAP(CALL_PRINT, size_t, fwrite,
    (const void *p, size_t size, size_t n, FILE *f), (p, size, n, f),
    spoil(f) * 0, ENOSPC)
WRAP(CALL_READ, size_t, fread, (void *p, size_t size, size_t n, FILE *f),
    (p, size, n, f), spoil(f) * 0, EIO)

int fprintf(FILE *f, const char *format, ...)
{
	va_list args;
	int result;

	if (FAILS(CALL_PRINT, ENOSPC))
		return spoil(f);
	va_start(args, format);
	result = vfprintf(f, format, args);
	va_end(args);
	return result;
}

/* it is closed, whatever it says */
int fclose(FILE *f)
{
	bool fails = FAILS(CALL_FLUSH, ENOSPC);
	int error = errno;
	int result;

	REAL(int, fclose);
	result = real(f);
	errno = fails ? error : errno;
	return fails ? EOF : result;
}

int close(int fd)
{
	bool fails = FAILS(CALL_CLOSE, EIO);
	int error = errno;
	int result;

	REAL(int, close);
	result = real(fd);
	errno = fails ? error : errno;
	return fails ? -1 : result;
}

/* --- processes and waiting ---------------------------------------------- */

WRAP(CALL_PIPE, int, pipe, (int ends[2]), (ends), -1, EMFILE)
WRAP(CALL_DUP, int, dup2, (int from, int to), (from, to), -1, EBUSY)

int fcntl(int fd, int command, ...)
{
	va_list more;
	void *arg;

	REAL(int, fcntl);
	va_start(more, command);
	arg = va_arg(more, void *);
	va_end(more);
	return FAILS(CALL_FCNTL, EMFILE) ? -1 : real(fd, command, arg);
}

pid_t fork(void)
{
	pid_t pid;

	REAL(pid_t, fork);
	if (FAILS(CALL_FORK, EAGAIN))
		return -1;
	if (record == NULL)
		return real();
	/* the child is alone when it asks, the parent may have gone on */
	uint64_t next = atomic_fetch_add(&record->processes, 1);

	pid = real();
	if (pid == 0)
		process = next;
	return pid;
}

WRAP(CALL_SPAWN, int, posix_spawn,
    (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attributes, char *const words[],
	char *const environment[]),
    (pid, path, actions, attributes, words, environment), EAGAIN, EAGAIN)
WRAP(CALL_SPAWN, int, posix_spawn_file_actions_adddup2,
    (posix_spawn_file_actions_t * actions, int from, int to),
    (actions, from, to), ENOMEM, ENOMEM)
WRAP(CALL_SPAWN, int, posix_spawn_file_actions_init,
    (posix_spawn_file_actions_t * actions), (actions), ENOMEM, ENOMEM)
WRAP(CALL_SPAWN, int, posix_spawnattr_init, (posix_spawnattr_t * attributes),
    (attributes), ENOMEM, ENOMEM)
WRAP(CALL_REAP, pid_t, waitpid, (pid_t pid, int *status, int options),
    (pid, status, options), -1, ECHILD)
WRAP(CALL_WAIT, int, epoll_pwait,
    (int fd, struct epoll_event *events, int n, int ms, const sigset_t *mask),
    (fd, events, n, ms, mask), -1, EINVAL)
WRAP(CALL_WAIT, int, epoll_pwait2,
    (int fd, struct epoll_event *events, int n, const struct timespec *until,
	const sigset_t *mask),
    (fd, events, n, until, mask), -1, EINVAL)
WRAP(CALL_WAIT, int, poll, (struct pollfd * fds, nfds_t n, int ms),
    (fds, n, ms), -1, ENOMEM)
WRAP(CALL_WATCH, int, epoll_create1, (int flags), (flags), -1, EMFILE)
WRAP(CALL_WATCH, int, epoll_ctl,
    (int fd, int operation, int of, struct epoll_event *event),
    (fd, operation, of, event), -1, ENOSPC)
WRAP(CALL_SIGNAL, int, sigaction,
    (int number, const struct sigaction *new, struct sigaction *old),
    (number, new, old), -1, EINVAL)
WRAP(CALL_SIGNAL, int, sigprocmask,
    (int how, const sigset_t *new, sigset_t *old), (how, new, old), -1, EINVAL)

/* --- the rest of the system --------------------------------------------- */

WRAP(CALL_SOCKET, int, socket, (int family, int type, int protocol),
    (family, type, protocol), -1, EMFILE)
WRAP(CALL_SOCKET, int, connect,
    (int fd, const struct sockaddr *address, socklen_t n), (fd, address, n), -1,
    EADDRNOTAVAIL)
WRAP(CALL_RESOLVE, int, getaddrinfo,
    (const char *host, const char *service, const struct addrinfo *hints,
	struct addrinfo **list),
    (host, service, hints, list), EAI_MEMORY, ENOMEM)
WRAP(CALL_RESOLVE, int, getnameinfo,
    (const struct sockaddr *address, socklen_t n, char *host,
	socklen_t host_bytes, char *service, socklen_t service_bytes,
	int flags),
    (address, n, host, host_bytes, service, service_bytes, flags), EAI_MEMORY,
    ENOMEM)
WRAP(CALL_LIMIT, int, getrlimit,
    (__rlimit_resource_t what, struct rlimit *limit), (what, limit), -1, EINVAL)
WRAP(CALL_LIMIT, int, setrlimit,
    (__rlimit_resource_t what, const struct rlimit *limit), (what, limit), -1,
    EPERM)
WRAP(CALL_LIMIT, int, getrusage, (__rusage_who_t who, struct rusage *usage),
    (who, usage), -1, EINVAL)
WRAP(
    CALL_LIMIT, int, gethostname, (char *name, size_t n), (name, n), -1, EINVAL)
WRAP(CALL_LIMIT, long, sysconf, (int name), (name), -1, EINVAL)
WRAP(CALL_MAP, void *, mmap,
    (void *at, size_t n, int access, int flags, int fd, off_t from),
    (at, n, access, flags, fd, from), MAP_FAILED, ENOMEM)
WRAP(CALL_REGEX, int, regcomp, (regex_t * regex, const char *text, int flags),
    (regex, text, flags), REG_ESPACE, ENOMEM)

/* --- libraries that ask for memory -------------------------------------- */

#undef curl_easy_setopt
#undef curl_share_setopt
#undef curl_multi_setopt

WRAP(CALL_CURL, CURL *, curl_easy_init, (void), (), NULL, ENOMEM)
WRAP(CALL_CURL, CURLM *, curl_multi_init, (void), (), NULL, ENOMEM)
WRAP(CALL_CURL, CURLSH *, curl_share_init, (void), (), NULL, ENOMEM)
WRAP(CALL_CURL, CURLU *, curl_url, (void), (), NULL, ENOMEM)
WRAP(CALL_CURL, CURLUcode, curl_url_set,
    (CURLU * url, CURLUPart part, const char *text, unsigned flags),
    (url, part, text, flags), CURLUE_OUT_OF_MEMORY, ENOMEM)
WRAP(CALL_CURL, CURLUcode, curl_url_get,
    (CURLU * url, CURLUPart part, char **text, unsigned flags),
    (url, part, text, flags), CURLUE_OUT_OF_MEMORY, ENOMEM)
WRAP(CALL_CURL, struct curl_slist *, curl_slist_append,
    (struct curl_slist * list, const char *text), (list, text), NULL, ENOMEM)
WRAP(
    CALL_CURL, curl_mime *, curl_mime_init, (CURL * easy), (easy), NULL, ENOMEM)
WRAP(CALL_CURL, curl_mimepart *, curl_mime_addpart, (curl_mime * mime), (mime),
    NULL, ENOMEM)
WRAP(CALL_CURL, CURLcode, curl_mime_name,
    (curl_mimepart * part, const char *name), (part, name), CURLE_OUT_OF_MEMORY,
    ENOMEM)
WRAP(CALL_CURL, CURLcode, curl_mime_data,
    (curl_mimepart * part, const char *data, size_t n), (part, data, n),
    CURLE_OUT_OF_MEMORY, ENOMEM)
WRAP(CALL_CURL, CURLcode, curl_mime_type,
    (curl_mimepart * part, const char *type), (part, type), CURLE_OUT_OF_MEMORY,
    ENOMEM)
WRAP(CALL_CURL, CURLcode, curl_mime_filename,
    (curl_mimepart * part, const char *name), (part, name), CURLE_OUT_OF_MEMORY,
    ENOMEM)
WRAP(CALL_CURL, CURLMcode, curl_multi_add_handle, (CURLM * multi, CURL *easy),
    (multi, easy), CURLM_OUT_OF_MEMORY, ENOMEM)
WRAP(CALL_CURL, CURLMcode, curl_multi_socket_action,
    (CURLM * multi, curl_socket_t fd, int events, int *running),
    (multi, fd, events, running), CURLM_OUT_OF_MEMORY, ENOMEM)

/* all that a variable argument may be goes through a register of that size */
#define WRAP_SETOPT(name, handle, option, result, failed)                     \
	result name(handle h, option o, ...)                                  \
	{                                                                     \
		static result (*real)(handle, option, ...);                   \
		va_list more;                                                 \
		void *arg;                                                    \
		if (real == NULL)                                             \
			*(void **)&real = dlsym(RTLD_NEXT, #name);            \
		va_start(more, o);                                            \
		arg = va_arg(more, void *);                                   \
		va_end(more);                                                 \
		return FAILS(CALL_CURL, ENOMEM) ? (failed) : real(h, o, arg); \
	}

WRAP_SETOPT(curl_easy_setopt, CURL *, CURLoption, CURLcode, CURLE_OUT_OF_MEMORY)
WRAP_SETOPT(
    curl_share_setopt, CURLSH *, CURLSHoption, CURLSHcode, CURLSHE_NOMEM)
WRAP_SETOPT(
    curl_multi_setopt, CURLM *, CURLMoption, CURLMcode, CURLM_OUT_OF_MEMORY)

typedef struct json_object json;

WRAP(CALL_JSON, struct json_tokener *, json_tokener_new, (void), (), NULL,
    ENOMEM)
WRAP(CALL_JSON, json *, json_object_new_object, (void), (), NULL, ENOMEM)
WRAP(CALL_JSON, json *, json_object_new_array, (void), (), NULL, ENOMEM)
WRAP(CALL_JSON, json *, json_object_new_string, (const char *text), (text),
    NULL, ENOMEM)
WRAP(CALL_JSON, json *, json_object_new_int64, (int64_t n), (n), NULL, ENOMEM)
WRAP(CALL_JSON, json *, json_object_new_uint64, (uint64_t n), (n), NULL, ENOMEM)
WRAP(CALL_JSON, json *, json_object_new_boolean, (json_bool b), (b), NULL,
    ENOMEM)
WRAP(CALL_JSON, json *, json_object_new_double_s, (double n, const char *text),
    (n, text), NULL, ENOMEM)
WRAP(CALL_JSON, int, json_object_object_add,
    (json * object, const char *key, json *value), (object, key, value), -1,
    ENOMEM)
WRAP(CALL_JSON, int, json_object_array_add, (json * array, json *value),
    (array, value), -1, ENOMEM)
WRAP(CALL_JSON, const char *, json_object_to_json_string_ext,
    (json * object, int flags), (object, flags), NULL, ENOMEM)
