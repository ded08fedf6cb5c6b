/*
 * Files and environment, out of this machine or out of a stock. It must not
 * know what they say.
 */
#include "plan/supply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/util.h"
#include "plan/data.h"

#define FILE_MAX_BYTES  ((size_t)64 << 20)
#define FILES_MAX_BYTES (UINT64_C(256) << 20) /* of all that are kept */

enum { FILES_MAX = 16384 };

static void note(struct supply *supply, enum stock_kind kind, const char *name,
    const void *bytes, size_t len)
{
	if (!stock_add(&supply->plan->stock, kind, name, bytes, len))
		supply->is_cut = true;
}

static void note_copy(struct supply *supply, enum stock_kind kind,
    const char *name, const void *bytes, size_t len)
{
	struct stock *stock = &supply->plan->stock;
	uint8_t *room;

	if (stock_find(stock, kind, name) != NULL)
		return;
	room = stock_add_room(stock, kind, name, len);
	if (room == NULL)
		supply->is_cut = true;
	else if (len > 0)
		memcpy(room, bytes, len);
}

void supply_note_text(
    struct supply *supply, const char *file, const void *bytes, size_t len)
{
	note_copy(supply, STOCK_TEXT, file, bytes, len);
}

const char *supply_env(struct supply *supply, const char *name)
{
	const struct stock_item *item;
	const char *value;

	if (supply != NULL && supply->given != NULL) {
		item = stock_find(supply->given, STOCK_ENV, name);
		value = item != NULL ? (const char *)item->bytes : NULL;
	} else {
		value = getenv(name);
	}
	if (supply != NULL && value != NULL)
		note_copy(supply, STOCK_ENV, name, value, strlen(value));
	return value;
}

/* --- files -------------------------------------------------------------- */

/* What was sent under that path; NULL: nothing. */
static const struct stock_item *sent(
    const struct supply *supply, const char *path)
{
	return stock_find(supply->given, STOCK_FILE, path);
}

/* The name may be that of a pipe that nobody writes. */
static int open_file(const char *path)
{
	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

/* Opening tells more than access(). */
const char *supply_look(const struct supply *supply, const char *path)
{
	const char *defect = NULL;
	struct stat st;
	int fd;

	if (supply->given != NULL)
		return sent(supply, path) != NULL ? NULL : strerror(ENOENT);
	fd = open_file(path);
	if (fd < 0)
		return strerror(errno);
	if (fstat(fd, &st) != 0)
		defect = strerror(errno);
	else if (S_ISDIR(st.st_mode))
		defect = "it is a folder";
	close(fd);
	return defect;
}

/* Why it is not to be read, or NULL. */
static const char *look_at(int fd, struct stat *st)
{
	if (fstat(fd, st) != 0)
		return strerror(errno);
	if (S_ISDIR(st->st_mode))
		return "it is a folder";
	if (!S_ISREG(st->st_mode))
		return "it is not a regular file";
	return NULL;
}

/* All of an open file into body; the reason why not, or NULL. */
static const char *read_all(int fd, struct buf *body)
{
	uint8_t *room;
	ssize_t n;

	for (;;) {
		room = buf_reserve(body, 65536);
		if (room == NULL)
			return "it has more than 64 MiB";
		n = read(fd, room, 65536);
		if (n == 0)
			return NULL;
		if (n > 0)
			buf_wrote(body, (size_t)n);
		else if (errno != EINTR)
			return strerror(errno);
	}
}

/* The one that was read before; NULL: none. */
static const struct sent_file *find_file(
    const struct plan *plan, const struct stat *st)
{
	for (size_t i = 0; i < plan->n_files; i++)
		if (plan->files[i].inode == (uint64_t)st->st_ino &&
		    plan->files[i].device == (uint64_t)st->st_dev)
			return &plan->files[i];
	return NULL;
}

/* One file more; the reason why not, or NULL. */
static const char *add_file(struct supply *supply, int fd,
    const struct stat *st, struct sent_file *file)
{
	struct plan *plan = supply->plan;
	const char *defect;
	struct buf body;

	if (plan->n_files == FILES_MAX)
		return "there are 16384 others already";
	buf_init(&body, FILE_MAX_BYTES + 65536);
	defect = read_all(fd, &body);
	if (defect == NULL &&
	    buf_len(&body) > FILES_MAX_BYTES - supply->file_bytes)
		defect = "all files together have more than 256 MiB";
	if (defect == NULL) {
		*file = (struct sent_file) {.device = (uint64_t)st->st_dev,
		    .inode = (uint64_t)st->st_ino,
		    .bytes = xcalloc(buf_len(&body) + 1, 1),
		    .len = buf_len(&body)};
		memcpy(file->bytes, buf_bytes(&body), file->len);
		supply->file_bytes += file->len;
		plan->files = grow(plan->files, plan->n_files, &plan->cap_files,
		    sizeof(*plan->files));
		plan->files[plan->n_files++] = *file;
	}
	buf_clear(&body);
	return defect;
}

/* One of this machine's. */
static const char *read_own(
    struct supply *supply, const char *path, struct sent_file *file)
{
	int fd = open_file(path);
	const struct sent_file *known = NULL;
	const char *defect;
	struct stat st;

	defect = fd < 0 ? strerror(errno) : look_at(fd, &st);
	if (defect == NULL)
		known = find_file(supply->plan, &st);
	if (known != NULL)
		*file = *known;
	else if (defect == NULL)
		defect = add_file(supply, fd, &st, file);
	if (fd >= 0)
		close(fd);
	return defect;
}

const char *supply_read(
    struct supply *supply, const char *path, struct supply_file *file)
{
	const struct stock_item *item;
	struct sent_file own = {0};
	const char *defect;

	if (supply->given != NULL) {
		item = sent(supply, path);
		if (item == NULL)
			return strerror(ENOENT);
		*file =
		    (struct supply_file) {(const char *)item->bytes, item->len};
	} else {
		defect = read_own(supply, path, &own);
		if (defect != NULL)
			return defect;
		*file = (struct supply_file) {own.bytes, own.len};
	}
	note(supply, STOCK_FILE, path, file->bytes, file->len);
	return NULL;
}

struct data *supply_data(struct supply *supply, const char *path,
    struct diag *d, struct where where, const char *what)
{
	const struct stock_item *item;
	struct data *data;
	const void *bytes;
	size_t len;

	if (supply->given != NULL) {
		item = sent(supply, path);
		if (item == NULL)
			return NULL; /* supply_look said so */
		data = data_open_bytes(
		    item->bytes, item->len, path, d, where, what);
	} else {
		data = data_open(path, path, d, where, what);
	}
	if (data != NULL) {
		bytes = data_bytes(data, &len);
		note(supply, STOCK_FILE, path, bytes, len);
	}
	return data;
}
