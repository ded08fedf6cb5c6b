/*
 * The value parsers of keys that name a file. They must not know keys by name,
 * nor what is done with the file.
 */
#include "plan/fields.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/util.h"
#include "plan/values.h"

char *field_path(const struct key_env *env, const char *path)
{
	return xasprintf("%s%s", path[0] == '/' ? "" : env->folder, path);
}

void field_socket(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	char *path = field_path(env, entry->value);
	const size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	(void)key;
	if (strlen(path) > max) {
		field_error(env, entry,
		    "too long: the path of a socket has at most %zu bytes: "
		    "move the socket",
		    max);
		free(path);
		return;
	}
	field_set_text(field, path);
}

/* The path of a file that can be read, owned by the caller; NULL after an
 * error. */
static char *readable_path(
    const struct key_env *env, const struct ini_entry *entry)
{
	char *path = field_path(env, entry->value);
	const char *defect = supply_look(env->supply, path);

	if (defect == NULL)
		return path;
	field_error(env, entry,
	    "it cannot be read: %s: paths start at the plan's folder", defect);
	free(path);
	return NULL;
}

void field_file(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	char *path = readable_path(env, entry);

	(void)key;
	if (path != NULL)
		field_set_text(field, path);
}

/* Of an option, not of -D, a path starts where the command was typed, as all
 * paths on a command line. */
static bool is_option(const struct ini_entry *entry)
{
	return entry->where.line == 0 &&
	       strncmp(entry->where.file, "--", 2) == 0;
}

/* A file that cannot be read is kept, so that who needs one knows that one was
 * named. Who got the plan from another host needs none. */
void field_baseline(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	char *path = is_option(entry) ? xstrdup(entry->value)
				      : field_path(env, entry->value);
	const char *defect =
	    env->supply->given == NULL ? supply_look(env->supply, path) : NULL;

	(void)key;
	if (defect != NULL)
		field_error(env, entry,
		    "it cannot be read: %s: name the report that --json of an "
		    "earlier run has written%s",
		    defect,
		    is_option(entry) ? ""
				     : "; paths start at the plan's folder");
	field_set_text(field, path);
}

/* Why libcurl would fail each request with it, or NULL. The text ends at a zero
 * byte. */
static const char *pem_defect(const struct supply_file *file, bool is_key)
{
	if (strstr(file->bytes, "-----BEGIN ") != NULL)
		return NULL;
	return is_key ? "it has no \"-----BEGIN\", so it is not PEM: convert "
			"it with openssl pkey -inform DER"
		      : "it has no \"-----BEGIN\", so it is not PEM: convert "
			"it with openssl x509 -inform DER";
}

void field_pem(const struct key_env *env, const struct key *key,
    const struct ini_entry *entry, void *field)
{
	char *path = readable_path(env, entry);
	struct pem *pem = field;
	struct supply_file file;
	const char *defect;

	if (path == NULL)
		return;
	defect = supply_read(env->supply, path, &file);
	if (defect != NULL) {
		field_error(env, entry,
		    "it cannot be read: %s: name a file in PEM", defect);
		free(path);
		return;
	}
	defect = pem_defect(&file, strcmp(key->info.name, "key") == 0);
	if (defect != NULL) {
		field_error(env, entry, "%s", defect);
		free(path);
		return;
	}
	free(pem->path);
	*pem = (struct pem) {.path = path,
	    .bytes = file.bytes,
	    .len = file.len,
	    .is_sent = env->supply->given != NULL};
}
