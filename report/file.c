/*
 * Trying, writing and replacing the files of reports. It knows no results and
 * no formats.
 */
#include "report/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

/* --- one file ----------------------------------------------------------- */

static bool is_standard_output(const char *path)
{
	return path && strcmp(path, REPORT_STANDARD_OUTPUT) == 0;
}

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
	*f = (struct report_file) {
	    .path = xstrdup(path), .option = option, .grows = grows, .fd = -1};
	if (!grows && is_replaced(path))
		f->beside = xasprintf("%s.tmp", path);
}

void report_file_clear(struct report_file *f)
{
	if (f->out && !f->standard)
		fclose(f->out);
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f->beside);
	*f = (struct report_file) {.fd = -1};
}

/* What is opened of it, until it is there. */
static const char *first_path(const struct report_file *f)
{
	return f->beside ? f->beside : f->path;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int report_file_foresee(const struct report_file *f)
{
	const char *path = first_path(f);
	const char *slash = strrchr(path, '/');
	struct stat st;
	char *folder;
	int why = 0;

	if (is_folder(f->path) || is_folder(path))
		return EISDIR;
	if (stat(path, &st) == 0)
		return access(path, W_OK) == 0 ? 0 : errno;
	if (errno != ENOENT)
		return errno;
	folder = slash == NULL ? xstrdup(".")
			       : xstrndup(path, (size_t)(slash - path) + 1);
	if (access(folder, W_OK | X_OK) != 0)
		why = errno;
	free(folder);
	return why;
}

bool report_file_try(struct report_file *f)
{
	const char *path = first_path(f);

	if (is_folder(f->path)) {
		errno = EISDIR;
		return false;
	}
	f->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (f->fd < 0)
		return false;
	if (f->beside) {
		close(f->fd);
		f->fd = -1;
		unlink(f->beside);
	}
	return true;
}

void report_file_complain(const struct report_file *f, int why, struct diag *d)
{
	const struct where where = {.file = f->path};

	if (why == EISDIR)
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
	if (is_standard_output(path)) {
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

static FILE *open_in_place(const struct report_file *f)
{
	FILE *out;
	int fd;

	if (!empty(f->fd))
		return NULL;
	fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	out = fdopen(fd, "w");
	if (!out)
		close(fd);
	return out;
}

FILE *report_file_begin(struct report_file *f, struct diag *d)
{
	if (f->standard)
		f->out = f->standard;
	else
		f->out = f->beside ? fopen(f->beside, "w") : open_in_place(f);
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

bool report_file_end(struct report_file *f, struct diag *d)
{
	int why = flush(f->out);

	if (!f->standard && fclose(f->out) != 0 && why == 0)
		why = errno;
	f->out = NULL;
	if (f->beside && why == 0 && rename(f->beside, f->path) != 0)
		why = errno;
	if (why == 0)
		return true;
	if (f->beside)
		unlink(f->beside);
	note_failure(f, why, d);
	return false;
}

/* --- growing ------------------------------------------------------------ */

bool report_file_restart(struct report_file *f, struct diag *d)
{
	bool ok = empty(f->fd);

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

/* --- all of a run ------------------------------------------------------- */

static const struct report_path {
	const char *option;
	size_t offset; /* in struct report_setup */
} paths[] = {
    {"--html", offsetof(struct report_setup, html_path)},
    {"--json", offsetof(struct report_setup, json_path)},
    {"--junit", offsetof(struct report_setup, junit_path)},
};

/* NULL: not asked for. */
static const char *path_of(
    const struct report_setup *setup, const struct report_path *which)
{
	return *(const char *const *)((const char *)setup + which->offset);
}

bool report_files_differ(const struct report_setup *setup, struct diag *d)
{
	bool ok = true;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		const char *path = path_of(setup, &paths[i]);

		for (size_t k = 0; path && k < i; k++) {
			const char *other = path_of(setup, &paths[k]);

			if (!other || strcmp(path, other) != 0)
				continue;
			diag_error(d, (struct where) {.file = "loadgen"},
			    "%s \"%s\": %s writes there too: name another file "
			    "for one of them",
			    paths[i].option, path, paths[k].option);
			ok = false;
		}
	}
	return ok;
}

bool report_files_foresee(const struct report_setup *setup, struct diag *d)
{
	bool ok = true;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		const char *path = path_of(setup, &paths[i]);
		struct report_file file;
		int why;

		if (!path || is_standard_output(path))
			continue;
		report_file_init(&file, path, paths[i].option, false);
		why = report_file_foresee(&file);
		if (why != 0)
			report_file_complain(&file, why, d);
		report_file_clear(&file);
		ok = ok && why == 0;
	}
	return ok;
}

FILE *report_summary_stream(const struct report_setup *setup)
{
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		if (is_standard_output(path_of(setup, &paths[i])))
			return setup->err;
	}
	return setup->out;
}
