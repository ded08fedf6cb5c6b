/*
 * The plan that a URL stands for. It must not know how a plan is read.
 */
#include "plan/url_plan.h"

#include <string.h>

#include "base/util.h"
#include "plan/values.h"

bool is_url_plan(const char *word)
{
	return scheme_len(word) > 0;
}

/* A blank or a control byte would end its line, or begin a comment. */
static bool is_one_word(const char *url)
{
	for (; *url != '\0'; url++)
		if ((unsigned char)*url <= ' ' || *url == '\x7f')
			return false;
	return true;
}

char *url_plan_text(const char *url)
{
	size_t host = scheme_len(url) + strcspn(url + scheme_len(url), "/?#");
	const char *path = url + host;

	if (!is_one_word(url))
		return NULL;
	return xasprintf("[load]\n"
			 "host = %.*s\n"
			 "spawn_rate = all\n"
			 "[task]\n"
			 "get = %s%s\n",
	    (int)host, url, path[0] == '/' ? "" : "/", path);
}
