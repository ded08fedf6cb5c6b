/*
 * Where the reports of a run go: that none of them takes the place of another,
 * or of what the run reads. It knows no results and no formats.
 */
#include "report/file.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"
#include "report/sink.h"

static const struct report_path {
	const char *option;
	size_t offset; /* in struct report_setup */
} paths[] = {
    [REPORT_HTML] = {"--html", offsetof(struct report_setup, html_path)},
    [REPORT_JSON] = {"--json", offsetof(struct report_setup, json_path)},
    [REPORT_JUNIT] = {"--junit", offsetof(struct report_setup, junit_path)},
};

#define BASELINE "--baseline"

/* NULL: not asked for. */
static const char *path_of(
    const struct report_setup *setup, enum report_kind kind)
{
	return *(const char *const *)((const char *)setup + paths[kind].offset);
}

static bool is_standard_output(const char *path)
{
	return path && strcmp(path, REPORT_STANDARD_OUTPUT) == 0;
}

/* --- places ------------------------------------------------------------- */

/* However it is called: by its folder and its name there, and, where there is
 * such a file, by what it is. */
struct place {
	char *path; /* owned */
	char *what; /* owned: the option, or what reads it */
	bool is_there;
	bool is_device; /* nothing in it can be overwritten */
	dev_t device;
	ino_t inode;
	bool has_folder;
	dev_t folder_device;
	ino_t folder_inode;
};

struct places {
	struct place *at; /* owned */
	size_t n;
	size_t cap;
};

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void look_at_folder(struct place *p)
{
	size_t len = (size_t)(name_of(p->path) - p->path);
	char *folder = len > 0 ? xstrndup(p->path, len) : xstrdup(".");
	struct stat st;

	p->has_folder = stat(folder, &st) == 0;
	if (p->has_folder) {
		p->folder_device = st.st_dev;
		p->folder_inode = st.st_ino;
	}
	free(folder);
}

/* Copies both. */
static struct place place_of(const char *path, const char *what)
{
	struct place p = {.path = xstrdup(path), .what = xstrdup(what)};
	struct stat st;

	if (is_standard_output(path))
		return p;
	if (stat(path, &st) == 0) {
		p.is_there = true;
		p.is_device = S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode);
		p.device = st.st_dev;
		p.inode = st.st_ino;
	}
	look_at_folder(&p);
	return p;
}

static void add_place(struct places *places, const char *path, const char *what)
{
	places->at =
	    grow(places->at, places->n, &places->cap, sizeof(*places->at));
	places->at[places->n++] = place_of(path, what);
}

static void places_clear(struct places *places)
{
	for (size_t i = 0; i < places->n; i++) {
		free(places->at[i].path);
		free(places->at[i].what);
	}
	free(places->at);
}

static bool is_same(const struct place *a, const struct place *b)
{
	if (strcmp(a->path, b->path) == 0)
		return !a->is_device;
	if (a->is_there && b->is_there)
		return !a->is_device && a->device == b->device &&
		       a->inode == b->inode;
	return a->has_folder && b->has_folder &&
	       a->folder_device == b->folder_device &&
	       a->folder_inode == b->folder_inode &&
	       strcmp(name_of(a->path), name_of(b->path)) == 0;
}

/* --- what is read ------------------------------------------------------- */

static void add_if(struct places *places, const char *path, const char *what)
{
	if (path)
		add_place(places, path, what);
}

static void add_certificates(
    struct places *places, const struct http_options *http)
{
	add_if(places, http->ca_file.path, "ca_file");
	add_if(places, http->cert.path, "cert");
	add_if(places, http->key.path, "key");
}

/* All that has a path by now: files that are sent are known by what they are.
 */
static void add_read(struct places *places, const struct report_setup *setup)
{
	const struct plan *plan = setup->plan;

	add_place(places, plan->file, "the plan");
	add_if(places, plan->report.baseline, BASELINE);
	for (size_t i = 0; i < plan->n_data; i++) {
		char *what = xasprintf("[data %s]", plan->data[i].name);

		add_place(places, plan->data[i].path, what);
		free(what);
	}
	add_certificates(places, &plan->http);
	for (size_t i = 0; i < plan->n_requests; i++)
		add_certificates(places, &plan->requests[i]->request.http);
}

static bool is_sent(const struct plan *plan, const struct place *p)
{
	if (!p->is_there || p->is_device)
		return false;
	for (size_t i = 0; i < plan->n_files; i++) {
		if (plan->files[i].device == (uint64_t)p->device &&
		    plan->files[i].inode == (uint64_t)p->inode)
			return true;
	}
	return false;
}

/* The next run may be compared with this one: the earlier one has been read. */
static bool may_replace(const struct place *written, const struct place *read)
{
	return strcmp(read->what, BASELINE) == 0 &&
	       strcmp(written->what, paths[REPORT_JSON].option) == 0;
}

/* What reads from there, in a few words; NULL: nothing does. */
static const char *reader_of(const struct places *read, const struct plan *plan,
    const struct place *written)
{
	for (size_t i = 0; i < read->n; i++) {
		if (is_same(&read->at[i], written) &&
		    !may_replace(written, &read->at[i]))
			return read->at[i].what;
	}
	return is_sent(plan, written) ? "what is sent" : NULL;
}

/* --- all of a run ------------------------------------------------------- */

static void add_written(struct places *places, const struct report_setup *setup)
{
	char *csv[CSV_FILES_MAX];
	size_t n = csv_paths(setup, csv);

	for (size_t i = 0; i < n; i++) {
		add_place(places, csv[i], "--csv");
		free(csv[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		add_if(places, path_of(setup, (enum report_kind)i),
		    paths[i].option);
}

/* Whether it differs from what is read, and from those before it. */
static bool is_alone(const struct places *written, size_t i,
    const struct places *read, const struct plan *plan, struct diag *d)
{
	const struct place *p = &written->at[i];
	const struct where where = {.file = "loadgen"};
	const char *reader = reader_of(read, plan, p);

	if (reader)
		diag_error(d, where,
		    "%s \"%s\": %s is read from there: name another file",
		    p->what, p->path, reader);
	for (size_t k = 0; !reader && k < i; k++) {
		if (!is_same(&written->at[k], p))
			continue;
		diag_error(d, where,
		    "%s \"%s\": %s writes there too: name another file for one "
		    "of them",
		    p->what, p->path, written->at[k].what);
		return false;
	}
	return !reader;
}

bool report_files_differ(const struct report_setup *setup, struct diag *d)
{
	struct places written = {0}, read = {0};
	bool ok = true;

	add_written(&written, setup);
	if (written.n > 0)
		add_read(&read, setup);
	for (size_t i = 0; i < written.n; i++)
		ok = is_alone(&written, i, &read, setup->plan, d) && ok;
	places_clear(&written);
	places_clear(&read);
	return ok;
}

bool report_files_foresee(const struct report_setup *setup, struct diag *d)
{
	bool ok = true;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		const char *path = path_of(setup, (enum report_kind)i);
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
		if (is_standard_output(path_of(setup, (enum report_kind)i)))
			return setup->err;
	}
	return setup->out;
}

/* --- for the sinks ------------------------------------------------------ */

bool report_file_new(void **state, enum report_kind kind,
    const struct report_setup *setup, struct diag *d)
{
	const char *path = path_of(setup, kind);
	struct report_file *file;

	*state = NULL;
	if (!path)
		return true;
	file = xcalloc(1, sizeof(*file));
	if (!report_file_open(file, path, paths[kind].option, setup, d)) {
		free(file);
		return false;
	}
	*state = file;
	return true;
}

bool report_file_write(struct report_file *f, report_put_fn *put,
    const struct results *results, struct diag *d)
{
	FILE *out = report_file_begin(f, d);

	if (!out)
		return false;
	put(out, results);
	return report_file_end(f, d);
}

void report_file_free(void *state)
{
	if (state)
		report_file_clear(state);
	free(state);
}
