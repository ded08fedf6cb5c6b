/*
 * Reading the report of an earlier run. Whatever the file holds, either all of
 * it is as a report has it, or it is refused: it must not know what is done
 * with it.
 */
#include "report/baseline.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "base/util.h"
#include "report/json_value.h"
#include "report/text.h"

/* More than any run counts, and so few that nothing made of them overflows. */
#define MAX_COUNT  UINT64_C(1000000000000)
#define MAX_SUM_US (UINT64_MAX / 2)

enum { SHOWN_COLUMNS = 60 };

struct reading {
	const char *file; /* borrowed */
	struct diag *d;   /* borrowed */
	char *place;      /* owned: "row 3 (GET /x)"; NULL: the whole */
};

/* --- mistakes ----------------------------------------------------------- */

/* Always false. */
static bool refuse(struct reading *r, const char *why, const char *mend)
{
	diag_error(r->d, (struct where) {r->file, 0}, "%s%s%s: %s",
	    r->place ? r->place : "", r->place ? ": " : "", why,
	    mend ? mend : "name a file as --json wrote it");
	return false;
}

/* Takes why over. */
static bool refuse_text(struct reading *r, char *why)
{
	refuse(r, why, NULL);
	free(why);
	return false;
}

static void set_place(struct reading *r, char *place)
{
	free(r->place);
	r->place = place;
}

/* --- members ------------------------------------------------------------ */

/* NULL with false: it is not there, which was reported; a member may be null.
 */
static bool member(struct reading *r, struct json_object *object,
    const char *key, enum json_type type, struct json_object **out)
{
	if (json_object_object_get_ex(object, key, out) &&
	    json_object_is_type(*out, type))
		return true;
	return refuse_text(r, xasprintf("\"%s\" is not there, or no %s", key,
				  json_type_to_name(type)));
}

static bool count(const struct json_object *value, uint64_t most, uint64_t *out)
{
	/* what is too large for it comes as the largest */
	if (!json_object_is_type(value, json_type_int) ||
	    json_object_get_int64(value) < 0)
		return false;
	*out = json_object_get_uint64(value);
	return *out <= most;
}

static bool count_member(struct reading *r, struct json_object *object,
    const char *key, uint64_t most, uint64_t *out)
{
	struct json_object *value = NULL;

	if (json_object_object_get_ex(object, key, &value) &&
	    count(value, most, out))
		return true;
	return refuse_text(
	    r, xasprintf("\"%s\" is not there, or no whole number up to "
			 "%" PRIu64,
		   key, most));
}

static bool text_is(
    struct json_object *object, const char *key, const char *wanted)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(object, key, &value) &&
	       json_object_is_type(value, json_type_string) &&
	       strcmp(json_object_get_string(value), wanted) == 0;
}

/* --- histograms --------------------------------------------------------- */

static bool bucket(
    struct reading *r, struct json_object *pair, uint64_t *next, struct hist *h)
{
	uint64_t number, n;

	if (!json_object_is_type(pair, json_type_array) ||
	    json_object_array_length(pair) != 2 ||
	    !count(json_object_array_get_idx(pair, 0), HIST_BUCKETS - 1,
		&number) ||
	    !count(json_object_array_get_idx(pair, 1), MAX_COUNT, &n) ||
	    number < *next || n == 0)
		return refuse(r,
		    "its histogram has a bucket that is none: each is a number "
		    "above the last, and how many samples there are",
		    NULL);
	*next = number + 1;
	hist_add_bucket(h, (uint32_t)number, n);
	return true;
}

static bool buckets(
    struct reading *r, struct json_object *array, struct hist *h)
{
	uint64_t next = 0;

	/* so many that their sum cannot be too large */
	for (size_t i = 0; i < json_object_array_length(array); i++)
		if (!bucket(r, json_object_array_get_idx(array, i), &next, h))
			return false;
	return true;
}

/* Of so many samples each is within min..max, and so is their mean. */
static bool is_sound(const struct hist *h, uint64_t first, uint64_t last)
{
	if (h->count == 0)
		return h->sum_us == 0 && h->min_us == 0 && h->max_us == 0;
	return h->clamped <= h->count && h->min_us <= h->max_us &&
	       hist_bucket(h->min_us) == first &&
	       hist_bucket(h->max_us) == last &&
	       h->sum_us / h->count >= h->min_us &&
	       h->sum_us / h->count + (h->sum_us % h->count > 0) <= h->max_us;
}

/* Its first bucket with a sample, and its last. */
static void ends_of(const struct hist *h, uint64_t *first, uint64_t *last)
{
	*first = *last = HIST_BUCKETS;
	for (size_t i = 0; i < h->n_blocks; i++) {
		for (uint32_t k = 0; k < HIST_BLOCK; k++) {
			if (h->blocks[i].counts[k] == 0)
				continue;
			*last = (uint64_t)h->blocks[i].number * HIST_BLOCK + k;
			if (*first == HIST_BUCKETS)
				*first = *last;
		}
	}
}

static bool histogram(
    struct reading *r, struct json_object *object, struct hist *h)
{
	struct json_object *array;
	uint64_t samples, first, last;

	if (!count_member(r, object, "count", MAX_COUNT, &samples) ||
	    !count_member(r, object, "sum_us", MAX_SUM_US, &h->sum_us) ||
	    !count_member(r, object, "min_us", HIST_MAX_US, &h->min_us) ||
	    !count_member(r, object, "max_us", HIST_MAX_US, &h->max_us) ||
	    !count_member(r, object, "clamped", MAX_COUNT, &h->clamped) ||
	    !member(r, object, "buckets", json_type_array, &array) ||
	    !buckets(r, array, h))
		return false;
	if (h->count != samples)
		return refuse_text(r,
		    xasprintf("its histogram contradicts itself: the buckets "
			      "have %" PRIu64 " samples, \"count\" says "
			      "%" PRIu64,
			h->count, samples));
	ends_of(h, &first, &last);
	if (!is_sound(h, first, last))
		return refuse(r,
		    "its histogram contradicts itself: the least, largest or "
		    "summed time is none of its buckets'",
		    NULL);
	return true;
}

/* --- rows --------------------------------------------------------------- */

/* All but type and name of a row; to be cleared in any case. */
static bool figures(
    struct reading *r, struct json_object *object, struct row *row)
{
	struct json_object *h;

	if (!count_member(r, object, "requests", MAX_COUNT, &row->requests) ||
	    !count_member(r, object, "failures", MAX_COUNT, &row->failures) ||
	    !member(r, object, "histogram", json_type_object, &h) ||
	    !histogram(r, h, &row->response))
		return false;
	if (row->failures > row->requests ||
	    row->response.count > row->requests ||
	    row_unsent(row) > row->failures)
		return refuse_text(
		    r, xasprintf("it contradicts itself: of %" PRIu64
				 " requests %" PRIu64 " failed, and %" PRIu64
				 " were timed",
			   row->requests, row->failures, row->response.count));
	return true;
}

/* Names that differed in bytes that are not UTF-8 alone are one by now. */
static bool add_row(struct reading *r, const struct row *row, struct row *into)
{
	if (row->requests > MAX_COUNT - into->requests ||
	    row->response.sum_us > MAX_SUM_US - into->response.sum_us)
		return refuse(r, "there are more requests than can be", NULL);
	row_merge(into, row);
	return true;
}

/* As they are written: json-c lets some bytes pass that are no UTF-8. */
static struct row *row_named(
    struct baseline *b, struct json_object *type, struct json_object *name)
{
	char *valid_type = text_utf8(json_object_get_string(type));
	char *valid_name = text_utf8(json_object_get_string(name));
	struct row *row = table_row(&b->table, valid_type, valid_name);

	free(valid_name);
	free(valid_type);
	return row;
}

static void set_row_place(struct reading *r, size_t number, const char *name)
{
	char *shown = text_shown(name);
	char *cut = text_cut(shown, SHOWN_COLUMNS);

	set_place(r, xasprintf("row %zu, \"%s\"", number, cut));
	free(cut);
	free(shown);
}

static bool one_row(struct reading *r, struct baseline *b,
    struct json_object *object, size_t number)
{
	struct json_object *type, *name;
	struct row row = {0};
	bool is_good;

	set_place(r, xasprintf("row %zu", number));
	if (!json_object_is_type(object, json_type_object))
		return refuse(r, "it is no object", NULL);
	if (!member(r, object, "type", json_type_string, &type) ||
	    !member(r, object, "name", json_type_string, &name))
		return false;
	set_row_place(r, number, json_object_get_string(name));
	is_good = figures(r, object, &row) &&
		  add_row(r, &row, row_named(b, type, name));
	row_clear(&row);
	return is_good;
}

static bool rows(
    struct reading *r, struct baseline *b, struct json_object *root)
{
	/* two are of what there was no room for */
	const size_t most = TABLE_MAX_ROWS + 2;
	uint64_t requests = 0, sum_us = 0;
	struct json_object *array;
	size_t n;

	if (!member(r, root, "rows", json_type_array, &array))
		return false;
	n = json_object_array_length(array);
	if (n > most)
		return refuse_text(
		    r, xasprintf("it has %zu rows, a report has %zu at most", n,
			   most));
	for (size_t i = 0; i < n; i++)
		if (!one_row(r, b, json_object_array_get_idx(array, i), i + 1))
			return false;
	set_place(r, NULL);
	for (size_t i = 0; i < b->table.n_rows; i++) {
		const struct row *row = b->table.rows[i];

		if (row->requests > MAX_COUNT - requests ||
		    row->response.sum_us > MAX_SUM_US - sum_us)
			return refuse(
			    r, "there are more requests than can be", NULL);
		requests += row->requests;
		sum_us += row->response.sum_us;
	}
	return true;
}

/* All requests are those of the rows. */
static bool total(
    struct reading *r, struct baseline *b, struct json_object *root)
{
	struct row told = {0};
	struct json_object *object;
	bool is_good;

	if (!member(r, root, "total", json_type_object, &object))
		return false;
	set_place(r, xstrdup("\"total\""));
	is_good = figures(r, object, &told);
	table_total(&b->table, &b->all);
	if (is_good && (told.requests != b->all.requests ||
			   told.failures != b->all.failures ||
			   told.response.sum_us != b->all.response.sum_us))
		is_good = refuse_text(r,
		    xasprintf("it contradicts the rows: %" PRIu64
			      " requests, %" PRIu64 " of them failed; the rows "
			      "have %" PRIu64 " and %" PRIu64,
			told.requests, told.failures, b->all.requests,
			b->all.failures));
	row_clear(&told);
	set_place(r, NULL);
	return is_good;
}

/* --- the whole ---------------------------------------------------------- */

static bool check_format(struct reading *r, struct json_object *root)
{
	struct json_object *histograms, *value = NULL;
	uint64_t format, n;

	if (!json_object_is_type(root, json_type_object) ||
	    !json_object_object_get_ex(root, "format", &value) ||
	    !json_object_object_get_ex(root, "loadgen", NULL) ||
	    !count(value, UINT32_MAX, &format))
		return refuse(r, "it is no report of loadgen", NULL);
	if (format != JSON_FORMAT_VERSION) {
		char *why = xasprintf("its format is %" PRIu64
				      ", and %d alone can be read",
		    format, JSON_FORMAT_VERSION);

		refuse(r, why,
		    "make the comparison with the loadgen that wrote it, or "
		    "run both again");
		free(why);
		return false;
	}
	if (!member(r, root, "histograms", json_type_object, &histograms))
		return false;
	if (text_is(histograms, "layout", JSON_HISTOGRAM_LAYOUT) &&
	    json_object_object_get_ex(histograms, "buckets", &value) &&
	    count(value, UINT32_MAX, &n) && n == HIST_BUCKETS)
		return true;
	return refuse(r, "its histograms have another layout",
	    "make the comparison with the loadgen that wrote it, or run both "
	    "again");
}

/* "2026-11-23T20:15:00.000Z" for people; NULL: it is no time. Owned by the
 * caller. */
static char *start_text(const char *utc)
{
	size_t len = strlen(utc);

	if (len != 24 || strspn(utc, "0123456789-:.TZ") != len ||
	    utc[10] != 'T')
		return NULL;
	return xasprintf("%.10s %.8s UTC", utc, utc + 11);
}

static bool take_root(
    struct reading *r, struct baseline *b, struct json_object *root)
{
	struct json_object *value = NULL;

	if (!check_format(r, root) || !rows(r, b, root) || !total(r, b, root))
		return false;
	if (b->all.requests == 0)
		return refuse(r,
		    "there is no request in it, so nothing to compare with",
		    "name the report of a run that made some");
	if (json_object_object_get_ex(root, "start", &value) &&
	    json_object_is_type(value, json_type_string))
		b->start = start_text(json_object_get_string(value));
	if (json_object_object_get_ex(root, "end", &value))
		b->is_untrusted = text_is(value, "verdict", JSON_UNTRUSTED) ||
				  text_is(value, "verdict", JSON_NOT_STARTED);
	if (json_object_object_get_ex(root, "load", &value) &&
	    json_object_is_type(value, json_type_object))
		b->load = json_object_get(value);
	return true;
}

/* Why it is no JSON; owned by the caller; NULL: it is. */
static char *no_json(struct json_tokener *tokener)
{
	enum json_tokener_error error = json_tokener_get_error(tokener);

	if (error == json_tokener_success)
		return NULL;
	if (error == json_tokener_continue)
		return xstrdup("it is no whole JSON: the end is missing");
	return xasprintf("it is not JSON: %s at byte %zu",
	    json_tokener_error_desc(error),
	    json_tokener_get_parse_end(tokener) + 1);
}

struct baseline *baseline_read_bytes(
    const char *bytes, size_t len, const char *file, struct diag *d)
{
	struct reading r = {.file = file, .d = d};
	struct baseline *b = xcalloc(1, sizeof(*b));
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *root;
	bool is_good;
	char *why;

	if (!tokener)
		out_of_memory();
	json_tokener_set_flags(
	    tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	b->file = xstrdup(file);
	root = json_tokener_parse_ex(tokener, bytes, (int)len);
	why = no_json(tokener);
	is_good = why ? refuse_text(&r, why) : take_root(&r, b, root);
	json_object_put(root);
	json_tokener_free(tokener);
	free(r.place);
	if (is_good)
		return b;
	baseline_free(b);
	return NULL;
}

/* Waits for whoever writes a pipe, one of <(...) say. */
static void wait_for_more(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	(void)poll(&p, 1, -1);
}

/* All bytes of an open file, owned by the caller; NULL: errno says why not, too
 * many of them among that. */
static char *read_all(int fd, size_t most, size_t *len)
{
	size_t size = 64 * 1024;
	char *bytes = xcalloc(size, 1);
	ssize_t n;

	*len = 0;
	while (*len < most) {
		if (*len == size) {
			size *= 2;
			bytes = xreallocarray(bytes, size, 1);
		}
		n = read(fd, bytes + *len, size - *len);
		if (n == 0)
			return bytes;
		if (n > 0)
			*len += (size_t)n;
		else if (errno == EAGAIN)
			wait_for_more(fd);
		else if (errno != EINTR)
			break;
	}
	if (*len >= most)
		errno = EFBIG;
	free(bytes);
	return NULL;
}

/* NULL: errno says why not. */
static char *read_file(const char *path, size_t *len)
{
	/* opening a pipe that nobody writes would take for ever */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), why;
	char *bytes;

	if (fd < 0)
		return NULL;
	bytes = read_all(fd, BASELINE_MAX_BYTES, len);
	why = errno;
	close(fd);
	errno = why;
	return bytes;
}

struct baseline *baseline_read(const char *path, struct diag *d)
{
	struct reading r = {.file = path, .d = d};
	struct baseline *b = NULL;
	size_t len;
	char *bytes = read_file(path, &len);

	if (bytes)
		b = baseline_read_bytes(bytes, len, path, d);
	else
		refuse_text(
		    &r, xasprintf("it cannot be read: %s", strerror(errno)));
	free(bytes);
	return b;
}

void baseline_free(struct baseline *b)
{
	if (!b)
		return;
	free(b->file);
	free(b->start);
	json_object_put(b->load);
	table_clear(&b->table);
	row_clear(&b->all);
	free(b);
}
