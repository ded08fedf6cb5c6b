/*
 * From keys to what they do. It must not know how they are read, nor how a run
 * ends.
 */
#include "controls.h"

#include "base/util.h"
#include "load/budget.h"
#include "load/crew.h"
#include "load/pace.h"

/* So many users each. */
static const struct {
	char key;
	int32_t users;
} user_keys[] = {{'w', 1}, {'W', 10}, {'s', -1}, {'S', -10}};

/* As many as have numbers, files in each worker, and a kind; those of the plan
 * in any way. */
static uint64_t most_users(const struct plan *plan, uint32_t workers)
{
	uint64_t most = crew_most_users(plan->load.users);
	uint64_t by_kind = deal_most(plan);
	struct limits limits;
	uint64_t by_files;

	limits_look(&limits);
	by_files = budget_most_users(plan, workers, &limits);
	if (by_files < most)
		most = by_files;
	if (by_kind < most)
		most = by_kind;
	return most > plan->load.users ? most : plan->load.users;
}

void controls_open(struct controls *c, const struct plan *plan,
    struct fleet *fleet, struct report *report)
{
	*c = (struct controls) {.fleet = fleet,
	    .report = report,
	    .keyboard = keyboard_open(fleet_poller(fleet)),
	    .extra = {.load = &plan->load,
		.most = most_users(plan, fleet_size(fleet))}};
}

void controls_close(struct controls *c)
{
	keyboard_close(c->keyboard);
	c->keyboard = NULL;
}

bool controls_event(const struct controls *c, const struct poller_event *event)
{
	return keyboard_event(c->keyboard, event);
}

uint64_t controls_next_us(const struct controls *c)
{
	return keyboard_next_us(c->keyboard);
}

static void change_users(struct controls *c, int32_t by, uint64_t passed_us)
{
	int32_t change = extra_change(&c->extra, by, passed_us);

	if (change != 0) {
		fleet_add_users(c->fleet, change);
		report_users(c->report, passed_us, change,
		    extra_wanted(&c->extra, passed_us));
	} else {
		report_no_users(c->report, passed_us,
		    by > 0 ? "no more users: there are as many as can be"
			   : "no fewer users: there are none");
	}
}

/* Where the plan gives a rate, users follow from it. */
static bool changes_users(const struct controls *c)
{
	return c->extra.load->model == LOAD_USERS;
}

static void press(
    struct controls *c, char key, uint64_t start_us, uint64_t now_us)
{
	if (start_us > now_us || !changes_users(c))
		return;
	for (size_t i = 0; i < ARRAY_LEN(user_keys); i++)
		if (user_keys[i].key == key)
			change_users(c, user_keys[i].users, now_us - start_us);
}

bool controls_mind(struct controls *c, uint64_t start_us, uint64_t now_us)
{
	bool ends = false;
	char key;

	if (c->keyboard == NULL)
		return false;
	keyboard_mind(c->keyboard, now_us);
	while ((key = keyboard_next(c->keyboard)) != 0) {
		ends = ends || key == 'q';
		press(c, key, start_us, now_us);
	}
	controls_offer(c, start_us != UINT64_MAX && !ends);
	return ends;
}

void controls_offer(struct controls *c, bool is_on)
{
	const char *keys = NULL;

	if (is_on && keyboard_is_held(c->keyboard))
		keys = changes_users(c) ? "keys: w W 1 or 10 users more, s S "
					  "fewer, q end"
					: "keys: q end";
	if (c->report != NULL)
		report_keys(c->report, keys);
}
