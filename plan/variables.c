/*
 * The table of names. It must not know what sets them, nor templates.
 */
#include "plan/variables.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define TEXT_MAX_BYTES (UINT64_C(256) << 20)

#define LETTERS        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS         "0123456789"

void variables_clear(struct variables *v)
{
	for (size_t i = 0; i < v->n; i++) {
		free(v->at[i]->name);
		free(v->at[i]->text);
		free(v->at[i]);
	}
	free(v->at);
	for (size_t i = 0; i < v->n_unread; i++)
		free(v->unread[i]);
	free(v->unread);
	*v = (struct variables) {0};
}

struct variable *variables_find(
    const struct variables *v, const char *name, size_t len)
{
	for (size_t i = 0; i < v->n; i++)
		if (strncmp(v->at[i]->name, name, len) == 0 &&
		    v->at[i]->name[len] == '\0')
			return v->at[i];
	return NULL;
}

struct variable *variables_add(struct variables *v, const char *name,
    size_t len, enum variable_kind kind, struct where where)
{
	struct variable *variable = xcalloc(1, sizeof(*variable));

	variable->name = xstrndup(name, len);
	variable->kind = kind;
	variable->where = where;
	if (kind == VARIABLE_SLOT)
		variable->slot = v->n_slots++;
	v->at = grow(v->at, v->n, &v->cap, sizeof(*v->at));
	v->at[v->n++] = variable;
	return variable;
}

bool variables_take_room(
    struct variables *v, size_t bytes, struct diag *d, struct where where)
{
	if (!v->is_too_much && bytes <= TEXT_MAX_BYTES - v->text_bytes) {
		v->text_bytes += bytes;
		return true;
	}
	if (!v->is_too_much)
		diag_error(d, where,
		    "the plan's texts come to more than %" PRIu64 " MiB here, "
		    "with all variables filled in: put long ones into files",
		    TEXT_MAX_BYTES >> 20);
	v->is_too_much = true;
	return false;
}

void variables_add_unread(struct variables *v, const char *name)
{
	v->unread =
	    xreallocarray(v->unread, v->n_unread + 1, sizeof(*v->unread));
	v->unread[v->n_unread++] = xstrdup(name);
}

const char *variables_name_defect(const char *name)
{
	if (name[0] == '\0' || strchr(LETTERS, name[0]) == NULL ||
	    name[strspn(name, LETTERS DIGITS)] != '\0')
		return "a variable's name has letters, digits and _, and "
		       "begins with no digit: choose another";
	return NULL;
}
