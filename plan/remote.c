/*
 * Hosts and hosts of hosts, out of text and into it. It must not know what is
 * done with them.
 */
#include "plan/remote.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/util.h"
#include "plan/values.h"

#define BLANKS         " \t\r\n"
#define TEXT_MAX_BYTES ((size_t)64 << 20)
#define NONE           "none"

enum { DEFECTS_TOLD = 8 }; /* of a list; a person mends no more at once */

struct reading {
	const char *at; /* what is still to be read */
	size_t n;       /* hosts so far */
	bool has_comma; /* one stands in front of what is read next */
	struct words *defects;
	size_t n_told; /* of them, those of this list */
};

static bool refuse(struct reading *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Always false. */
static bool refuse(struct reading *r, const char *format, ...)
{
	va_list args;
	char *defect;

	va_start(args, format);
	defect = xvasprintf(format, args);
	va_end(args);
	if (r->n_told < DEFECTS_TOLD && !words_have(r->defects, defect)) {
		words_add(r->defects, defect, strlen(defect));
		r->n_told++;
	}
	free(defect);
	return false;
}

/* A host, its bracket and its weight are over. */
static bool refuse_behind(struct reading *r)
{
	return refuse(r,
	    "\"%s\" stands behind a host: write a comma between two hosts",
	    quote(r->at).text);
}

static void skip_blanks(struct reading *r)
{
	r->at += strspn(r->at, BLANKS);
}

static bool next_is(struct reading *r, char c)
{
	skip_blanks(r);
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

/* All up to what ends a name or a weight, without the blanks around it; owned
 * by the caller. */
static char *read_word(struct reading *r)
{
	size_t len = strcspn(r->at, ",()*");
	char *word = xstrndup(r->at, len), *name;

	r->at += len;
	name = xstrdup(trim(word));
	free(word);
	return name;
}

/* --- names -------------------------------------------------------------- */

/* Where a name should be there is none. */
static void refuse_nameless(struct reading *r)
{
	if (*r->at == '*')
		refuse(r, "a weight without a host: write HOST*2");
	else if (*r->at == '(')
		refuse(r, "a \"(\" without a host: write HOST(");
	else if (*r->at == ',' || r->has_comma)
		refuse(r,
		    "a host without a name: write HOST, or remove the comma");
	/* else it is a bracket that is wrong, which is told of that */
}

static void check_name(struct reading *r, const char *name)
{
	const struct quote shown = quote(name);

	if (name[0] == '\0')
		refuse_nameless(r);
	else if (has_control_bytes(name) || strpbrk(name, BLANKS) != NULL)
		refuse(r,
		    "host \"%s\": a name has no blanks in it: write a comma "
		    "between two hosts",
		    shown.text);
	else if (name[0] == '-')
		refuse(r,
		    "host \"%s\": rsh would take it for an option: a name "
		    "begins with a letter or a digit",
		    shown.text);
	else if (strpbrk(name, "\"'`") != NULL)
		refuse(r,
		    "host \"%s\": a name has no quotes: write it without them",
		    shown.text);
	else if (strcasecmp(name, NONE) == 0)
		refuse(r,
		    "\"%s\" is no host: write none, and nothing else, for "
		    "this machine alone, or . for it as one of several",
		    shown.text);
}

static int by_name(const void *a, const void *b)
{
	const struct remote_host *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* Two agents on one machine would share its cores. Sorted, since there may be
 * thousands. */
static void check_twice(
    struct reading *r, const struct remote_host *hosts, size_t n)
{
	const struct remote_host **sorted = xcalloc(n, sizeof(*sorted));

	for (size_t i = 0; i < n; i++)
		sorted[i] = &hosts[i];
	qsort(sorted, n, sizeof(*sorted), by_name);
	for (size_t i = 1; i < n; i++)
		if (sorted[i]->name[0] != '\0' &&
		    strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
			refuse(r,
			    "host \"%s\" is there twice: write its weight "
			    "instead: %s*2",
			    quote(sorted[i]->name).text,
			    quote(sorted[i]->name).text);
	free(sorted);
}

/* --- reading ------------------------------------------------------------ */

/* These are false where nothing behind it can be read: other mistakes are
 * told, and reading goes on. */
static bool read_list(
    struct reading *r, struct remote_host **hosts, size_t *n, unsigned depth);

/* Where none is written. */
static void take_weight(struct reading *r, struct remote_host *host)
{
	host->weight =
	    host->n_hosts > 0 ? remote_weight(host->hosts, host->n_hosts) : 1;
	if (host->weight <= REMOTE_MAX_WEIGHT)
		return;
	refuse(r,
	    "host \"%s\": the weights of its hosts come to %" PRIu64
	    ", above %" PRIu64 ": write smaller ones, or its own behind the "
	    "bracket: %s(...)*2",
	    quote(host->name).text, host->weight, REMOTE_MAX_WEIGHT,
	    quote(host->name).text);
}

static void read_weight(struct reading *r, struct remote_host *host)
{
	char *word;

	if (!next_is(r, '*')) {
		take_weight(r, host);
		return;
	}
	word = read_word(r);
	if (host->name[0] != '\0' &&
	    (!parse_count(word, &host->weight) || host->weight < 1 ||
		host->weight > REMOTE_MAX_WEIGHT))
		refuse(r,
		    "host \"%s\": its weight \"%s\" is no whole number from 1 "
		    "to %" PRIu64 ": write for example %s*2",
		    quote(host->name).text, quote(word).text, REMOTE_MAX_WEIGHT,
		    quote(host->name).text);
	host->has_weight = true;
	free(word);
}

/* What stands where a bracket should be closed. */
static bool refuse_rest(struct reading *r, const struct remote_host *host)
{
	if (*r->at != '\0')
		return refuse_behind(r);
	return refuse(r,
	    "host \"%s\": its bracket is not closed: write a \")\" behind the "
	    "last of its hosts",
	    quote(host->name).text);
}

/* What stands in brackets behind a host. */
static bool read_below(
    struct reading *r, struct remote_host *host, unsigned depth)
{
	if (depth == REMOTE_MAX_DEPTH)
		return refuse(r,
		    "host \"%s\": its hosts are %d deep: at most %d are passed "
		    "on from host to host: name them further up",
		    quote(host->name).text, depth + 1, REMOTE_MAX_DEPTH);
	if (next_is(r, ')')) {
		refuse(r,
		    "host \"%s\": there is no host in its brackets: write "
		    "HOST between them, or remove them",
		    quote(host->name).text);
		return true;
	}
	if (!read_list(r, &host->hosts, &host->n_hosts, depth + 1))
		return false;
	return next_is(r, ')') || refuse_rest(r, host);
}

static bool read_host(
    struct reading *r, struct remote_host *host, unsigned depth)
{
	skip_blanks(r);
	host->name = read_word(r);
	check_name(r, host->name);
	if (++r->n > REMOTE_MAX_HOSTS)
		return refuse(
		    r, "more than %d hosts: leave some out", REMOTE_MAX_HOSTS);
	if (next_is(r, '(') && !read_below(r, host, depth))
		return false;
	read_weight(r, host);
	return true;
}

/* Up to the bracket that closes the list, or the end of the text. */
static bool read_list(
    struct reading *r, struct remote_host **hosts, size_t *n, unsigned depth)
{
	size_t cap = 0;

	r->has_comma = false;
	do {
		*hosts = grow(*hosts, *n, &cap, sizeof(**hosts));
		(*hosts)[*n] = (struct remote_host) {0};
		if (!read_host(r, &(*hosts)[(*n)++], depth))
			return false;
		r->has_comma = next_is(r, ',');
	} while (r->has_comma);
	check_twice(r, *hosts, *n);
	return true;
}

/* What stands behind a whole list. */
static void check_end(struct reading *r)
{
	skip_blanks(r);
	if (*r->at == ')')
		refuse(r,
		    "a \")\" that no \"(\" opens: remove it, or write HOST(");
	else if (*r->at != '\0')
		refuse_behind(r);
}

bool remote_hosts_parse(const char *text, struct remote_host **hosts,
    size_t *n_hosts, struct words *defects)
{
	struct reading r = {.at = text, .defects = defects};

	*hosts = NULL;
	*n_hosts = 0;
	skip_blanks(&r);
	if (strcmp(r.at, NONE) == 0)
		return true;
	if (*r.at == '\0')
		return refuse(
		    &r, "no host: write HOST, or none for this machine alone");
	if (read_list(&r, hosts, n_hosts, 1))
		check_end(&r);
	if (r.n_told == 0)
		return true;
	remote_hosts_free(*hosts, *n_hosts);
	*hosts = NULL;
	*n_hosts = 0;
	return false;
}

void remote_hosts_free(struct remote_host *hosts, size_t n_hosts)
{
	for (size_t i = 0; i < n_hosts; i++) {
		free(hosts[i].name);
		remote_hosts_free(hosts[i].hosts, hosts[i].n_hosts);
	}
	free(hosts);
}

/* --- writing and counting ----------------------------------------------- */

static void put_list(
    struct buf *out, const struct remote_host *hosts, size_t n_hosts)
{
	for (size_t i = 0; i < n_hosts; i++) {
		buf_printf(out, "%s%s", i > 0 ? ", " : "", hosts[i].name);
		if (hosts[i].n_hosts > 0) {
			buf_putc(out, '(');
			put_list(out, hosts[i].hosts, hosts[i].n_hosts);
			buf_putc(out, ')');
		}
		if (hosts[i].has_weight)
			buf_printf(out, "*%" PRIu64, hosts[i].weight);
	}
}

char *remote_hosts_text(const struct remote_host *hosts, size_t n_hosts)
{
	struct buf out;
	char *text;

	if (n_hosts == 0)
		return xstrdup(NONE);
	/* they were read from a value of a plan */
	buf_init(&out, TEXT_MAX_BYTES);
	put_list(&out, hosts, n_hosts);
	text = xstrdup(buf_text(&out));
	buf_clear(&out);
	return text;
}

size_t remote_count(const struct remote_host *hosts, size_t n_hosts)
{
	size_t n = 0;

	for (size_t i = 0; i < n_hosts; i++)
		n += hosts[i].n_hosts > 0
			 ? remote_count(hosts[i].hosts, hosts[i].n_hosts)
			 : 1;
	return n;
}

uint64_t remote_weight(const struct remote_host *hosts, size_t n_hosts)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n_hosts; i++)
		sum += hosts[i].weight;
	return sum;
}
