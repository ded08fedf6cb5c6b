/*
 * Trying, writing and replacing the files of reports. It knows no results and
 * no formats.
 */
#include "report/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

/* --- one file ----------------------------------------------------------- */

/* Where a file would be renamed over what is there: not over a device, a pipe
 * or a link, which are meant to stay what they are. */
static bool is_replaced(const char *path)
{
	struct stat st;

	return lstat(path, &st) != 0 || S_ISREG(st.st_mode) ||
	       S_ISDIR(st.st_mode);
}

void report_file_init(
    struct report_file *f, const char *path, const char *option, bool grows)
{
	*f = (struct report_file) {.path = xstrdup(path),
	    .option = option,
	    .grows = grows,
	    .is_replaced = !grows && is_replaced(path),
	    .fd = -1};
}

/* What is beside its place never counted. */
static void forget_beside(struct report_file *f)
{
	if (f->beside)
		unlink(f->beside);
	free(f->beside);
	f->beside = NULL;
}

void report_file_clear(struct report_file *f)
{
	if (f->out && !f->standard)
		fclose(f->out);
	if (f->fd >= 0)
		close(f->fd);
	forget_beside(f);
	if (f->is_new)
		unlink(f->path);
	free(f->path);
	*f = (struct report_file) {.fd = -1};
}

/* A new file beside its place, under a name that nobody can know: f->beside.
 * -1: errno says why not. */
static int open_beside(struct report_file *f)
{
	char *name = xasprintf("%s.XXXXXX", f->path);
	int fd = mkstemp(name);
	int why = errno;

	if (fd >= 0) {
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		f->beside = name;
		return fd;
	}
	free(name);
	errno = why;
	return -1;
}

/* As a new file has it, or as the one has it whose place it takes. */
static int set_mode(int fd, const char *path)
{
	struct stat st;
	mode_t mask;

	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		return fchmod(fd, st.st_mode & 0777);
	mask = umask(0);
	(void)umask(mask);
	return fchmod(fd, 0666 & ~mask);
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Whether files can be made where it is to be: 0, or errno. */
static int foresee_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL
			   ? xstrdup(".")
			   : xstrndup(path, (size_t)(slash - path) + 1);
	int why = access(folder, W_OK | X_OK) == 0 ? 0 : errno;

	free(folder);
	return why;
}

int report_file_foresee(const struct report_file *f)
{
	struct stat st;

	if (is_folder(f->path))
		return EISDIR;
	if (f->is_replaced)
		return foresee_folder(f->path);
	if (stat(f->path, &st) == 0)
		return access(f->path, W_OK) == 0 ? 0 : errno;
	return errno == ENOENT ? foresee_folder(f->path) : errno;
}

/* Another one is made for what is written: this one would be left behind if
 * the run were killed. */
static bool try_beside(struct report_file *f)
{
	int fd = open_beside(f);

	if (fd < 0)
		return false;
	close(fd);
	forget_beside(f);
	return true;
}

/* A pipe that nobody reads is not waited for; who reads one slowly is. */
static bool open_in_place(struct report_file *f)
{
	struct stat st;
	bool was_there = lstat(f->path, &st) == 0 || errno != ENOENT;
	int flags;

	f->fd = open(f->path,
	    O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
	if (f->fd < 0)
		return false;
	f->is_new = !was_there;
	flags = fcntl(f->fd, F_GETFL);
	return flags >= 0 && fcntl(f->fd, F_SETFL, flags & ~O_NONBLOCK) == 0;
}

bool report_file_try(struct report_file *f)
{
	if (is_folder(f->path)) {
		errno = EISDIR;
		return false;
	}
	return f->is_replaced ? try_beside(f) : open_in_place(f);
}

static bool is_pipe(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

void report_file_complain(const struct report_file *f, int why, struct diag *d)
{
	const struct where where = {.file = f->path};

	if (why == ENXIO && is_pipe(f->path))
		diag_error(d, where,
		    "cannot be opened: nobody reads it: start its reader "
		    "first");
	else if (why == EISDIR)
		diag_error(d, where, "cannot create: %s: name a file with %s",
		    strerror(why), f->option);
	else
		diag_error(d, where,
		    "cannot create: %s: name a folder that %s with %s",
		    strerror(why),
		    why == ENOENT || why == ENOTDIR ? "exists"
						    : "can be written",
		    f->option);
}

bool report_file_open(struct report_file *f, const char *path,
    const char *option, const struct report_setup *setup, struct diag *d)
{
	if (strcmp(path, REPORT_STANDARD_OUTPUT) == 0) {
		*f = (struct report_file) {.path = xstrdup("standard output"),
		    .option = option,
		    .standard = setup->out,
		    .fd = -1};
		return true;
	}
	report_file_init(f, path, option, false);
	if (report_file_try(f))
		return true;
	report_file_complain(f, errno, d);
	report_file_clear(f);
	return false;
}

/* Says it the first time. */
static void note_failure(struct report_file *f, int why, struct diag *d)
{
	if (!f->failed)
		diag_error(d, (struct where) {.file = "loadgen"},
		    "%s: cannot write: %s", f->path, strerror(why));
	f->failed = true;
}

/* --- written whole ------------------------------------------------------ */

/* What has no length, such as a pipe, needs not be emptied. */
static bool empty(int fd)
{
	if (ftruncate(fd, 0) != 0 && errno != EINVAL)
		return false;
	return lseek(fd, 0, SEEK_SET) >= 0 || errno == ESPIPE;
}

/* Of the file in place another descriptor, so that it stays open. */
static int open_again(const struct report_file *f)
{
	return empty(f->fd) ? fcntl(f->fd, F_DUPFD_CLOEXEC, 0) : -1;
}

static FILE *open_stream(struct report_file *f)
{
	int fd = f->is_replaced ? open_beside(f) : open_again(f);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
	int why = errno;

	if (fd >= 0 && !out)
		close(fd);
	if (!out)
		forget_beside(f);
	errno = why;
	return out;
}

FILE *report_file_begin(struct report_file *f, struct diag *d)
{
	f->is_new = false;
	f->out = f->standard ? f->standard : open_stream(f);
	if (!f->out)
		note_failure(f, errno, d);
	errno = 0;
	return f->out;
}

/* Whether all that was put since errno was set to 0 has reached the file: 0,
 * or why not. */
static int flush(FILE *out)
{
	int why = 0;

	if (fflush(out) != 0 || ferror(out))
		why = errno != 0 ? errno : EIO;
	clearerr(out);
	return why;
}

/* Takes the stream from begin away: 0, or why something is not written. */
static int close_stream(struct report_file *f)
{
	int why = flush(f->out);

	if (f->beside && why == 0 && set_mode(fileno(f->out), f->path) != 0)
		why = errno;
	if (!f->standard && fclose(f->out) != 0 && why == 0)
		why = errno;
	f->out = NULL;
	return why;
}

bool report_file_end(struct report_file *f, struct diag *d)
{
	int why = close_stream(f);

	if (f->beside && why == 0 && rename(f->beside, f->path) != 0)
		why = errno;
	if (why == 0) {
		free(f->beside);
		f->beside = NULL;
		return true;
	}
	forget_beside(f);
	note_failure(f, why, d);
	return false;
}

/* --- growing ------------------------------------------------------------ */

bool report_file_restart(struct report_file *f, struct diag *d)
{
	bool ok = empty(f->fd);

	f->is_new = false;
	if (!ok)
		note_failure(f, errno, d);
	return ok;
}

/* 0, or why not all of it could be written, and then nothing of it is there. */
static int append(int fd, const char *bytes, size_t n)
{
	off_t end = lseek(fd, 0, SEEK_END);
	size_t done = 0;
	int why;

	while (done < n) {
		ssize_t got = write(fd, bytes + done, n - done);

		if (got >= 0) {
			done += (size_t)got;
			continue;
		}
		if (errno == EINTR)
			continue;
		why = errno;
		if (end >= 0 && ftruncate(fd, end) != 0)
			why = errno;
		return why;
	}
	return 0;
}

bool report_file_append(
    struct report_file *f, const char *bytes, size_t n, struct diag *d)
{
	int why = append(f->fd, bytes, n);

	if (why != 0)
		note_failure(f, why, d);
	return why == 0;
}
