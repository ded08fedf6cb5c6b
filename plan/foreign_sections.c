/*
 * Sections that other tools would have, and where here what they hold belongs.
 * It must not know the keys in them.
 */
#include <string.h>

#include "base/util.h"
#include "plan/foreign_private.h"
#include "plan/values.h"

static const struct {
	const char *word;
	const char *mend;   /* all of it, or what stands before its name */
	const char *behind; /* NULL: its name is no part of the mend */
} sections[] = {
    {"scenarios", "write [user NAME] for each, and the load in [load]", NULL},
    {"scenario", "write [user ", "], and its load in [load]"},
    {"class", "write [user ", "] with tasks = TASK, TASK"},
    {"http_user", "write [user ", "] with tasks = TASK, TASK"},
    {"users", "write [user ", "] with tasks = TASK, TASK"},
    {"task_set", "write [user ", "] with tasks = TASK, TASK"},
    {"tasks", "write [task NAME] for each", NULL},
    {"request", "write [task ", "]"},
    {"requests", "write [task NAME] with get = URL or another step", NULL},
    {"step", "write [task ", "]"},
    {"steps", "write them into [task NAME], from top to bottom", NULL},
    {"group", "write transaction = ", " in [task NAME]"},
    {"setup", "write [task setup], and setup = setup in [load]", NULL},
    {"teardown", "write [task teardown], and teardown = teardown in [load]",
	NULL},
    {"env", "write [vars]; the environment is ${env NAME}", NULL},
    {"environment", "write [vars]; the environment is ${env NAME}", NULL},
    {"variables", "write [vars]", NULL},
    {"options", "write [load]", NULL},
    {"settings", "write [load]", NULL},
    {"config", "write [load]", NULL},
    {"global", "write [load]", NULL},
    {"general", "write [load]", NULL},
    {"checks", "write check = status == 200 below a request", NULL},
    {"check", "write check = status == 200 below a request", NULL},
    {"headers", "write header = NAME: VALUE in [http]", NULL},
    {"stages", "write stages = 30s:100, 5m:100, 30s:0 in [load]", NULL},
    {"shape", "write stages = 30s:100, 5m:100, 30s:0 in [load]", NULL},
    {"events", "write [hook NAME] with on = EVENT", NULL},
    {"event", "write [hook NAME] with on = ", ""},
    {"csv", "write [data ", "] with file = FILE.csv"},
};

char *foreign_section(const char *section)
{
	size_t len = strcspn(section, " \t:");
	const char *name = section + len + strspn(section + len, " \t:");

	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		if (!foreign_is_word(section, len, sections[i].word))
			continue;
		if (sections[i].behind == NULL)
			return xstrdup(sections[i].mend);
		return xasprintf("%s%s%s", sections[i].mend,
		    name[0] != '\0' ? quote(name).text : "NAME",
		    sections[i].behind);
	}
	return NULL;
}
