/* The table of routes, and how a path is matched with it. */
#include <ctype.h>
#include <string.h>

#include "tests/target/routes.h"

static enum MHD_Result answer_nothing(struct request *r)
{
	return reply_error(r, 404, "no such route: see target --help");
}

const struct route routes[] = {
    {"GET HEAD", "/resources/ID", answer_resource,
	"about 1 KB of JSON; 404 for the ID `missing`"},
    {"GET HEAD", "/resources", answer_resources, "ten of them, JSON"},
    {"POST", "/things", answer_new_thing,
	"201, {\"id\", \"status\": \"PENDING\"}; after ready=MS (1000; in the "
	"query or the JSON) its status is end=ACTIVE (or ERROR, DELETED)"},
    {"GET HEAD", "/things/ID", answer_thing, "the thing as it is now"},
    {"POST", "/login", answer_login,
	"user and password (any but `wrong`), as a form or JSON: a token, "
	"and a cookie `session`; else 401"},
    {"GET HEAD", "/me", answer_me,
	"the user, given `Authorization: Bearer TOKEN` and the cookie of "
	"the same login; else 401"},
    {"GET HEAD", "/form", answer_form,
	"HTML with a hidden field `csrf`, and a cookie `form`"},
    {"POST", "/form", answer_posted_form,
	"200 when csrf and cookie belong together, else 403"},
    {"GET HEAD", "/pages/N", answer_page,
	"HTML with five links to other pages, N from 0 to 99"},
    {"GET HEAD POST", "/delay/MS", answer_delay,
	"answers after that time; 10-30 is at random in between"},
    {"GET HEAD", "/limit/RATE", answer_limit,
	"RATE answers a second at most, one after the other from one queue"},
    {NULL, "/status/CODE", answer_status, "that status, 200 to 599"},
    {NULL, "/flaky/N", answer_flaky, "503 every Nth time, else 200"},
    {"GET HEAD", "/bytes/N", answer_bytes, "a body of N bytes"},
    {"GET HEAD", "/redirect/N", answer_redirect, "N redirects, then 200"},
    {"GET HEAD", "/redirect-loop", answer_redirect_loop, "to itself"},
    {NULL, "/redirect-to", answer_redirect_to, "to url=URL, with status=302"},
    {NULL, "/echo", answer_echo,
	"JSON: method, uri, query, headers, cookies, body_bytes, body (or "
	"body_hex), fields of a form"},
    {NULL, "/headers", answer_headers, "the request's headers, JSON"},
    {"POST PUT", "/upload", answer_upload,
	"the fields of a form and their sizes, JSON"},
    {"GET HEAD", "/gzip", answer_gzip, "JSON, zipped where accepted"},
    {"GET HEAD", "/drip/N/MS", answer_drip, "N bytes, one every MS"},
    {"GET", "/endless", answer_endless, "a body without end"},
    {NULL, "/stall", answer_stall, "takes the request, never answers"},
    {NULL, "/reset", answer_reset, "resets the connection"},
    {"GET HEAD", "/close", answer_close,
	"closes after half of the announced length"},
    {NULL, NULL, answer_nothing, NULL},
};
_Static_assert(sizeof routes / sizeof *routes <= MAX_ROUTES, "more room");

static bool is_listed(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *p = list; (p = strstr(p, word)) != NULL; p += length) {
		if ((p == list || p[-1] == ' ') &&
		    (p[length] == ' ' || p[length] == '\0'))
			return true;
	}
	return false;
}

/* Whether path matches; the words that stand for anything are then in at and
 * length. */
static bool match(const char *pattern, char *path, char *at[MAX_ARGS],
    size_t length[MAX_ARGS])
{
	size_t n = 0;

	while (*pattern) {
		if (!isupper((unsigned char)*pattern)) {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		pattern += strcspn(pattern, "/");
		at[n] = path;
		length[n] = strcspn(path, "/");
		path += length[n];
		if (length[n++] == 0)
			return false;
	}
	return *path == '\0';
}

void route_find(struct request *r)
{
	char *at[MAX_ARGS] = {NULL};
	size_t length[MAX_ARGS] = {0}, i;

	for (i = 0; routes[i].pattern; i++) {
		if ((!routes[i].methods ||
			is_listed(routes[i].methods, r->method)) &&
		    match(routes[i].pattern, r->path, at, length))
			break;
	}
	r->route = i;
	for (size_t k = 0; k < MAX_ARGS; k++) {
		r->args[k] = at[k];
		if (at[k])
			at[k][length[k]] = '\0';
	}
}
