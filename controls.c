/*
 * From keys to what they do. It must not know how they are read, nor how a run
 * ends.
 */
#include "controls.h"

#include <stdlib.h>

#include "base/util.h"
#include "load/budget.h"
#include "load/crew.h"

/* So many users each. */
static const struct {
	char key;
	int32_t users;
} user_keys[] = {{'w', 1}, {'W', 10}, {'s', -1}, {'S', -10}};

/* As many as have numbers, files in each worker, and a kind; those of the plan
 * in any way. */
static uint64_t most_users(
    const struct plan *plan, uint32_t workers, uint64_t files)
{
	uint64_t most = crew_most_users(plan->load.users);
	uint64_t by_kind = deal_most(plan);
	struct limits limits;
	uint64_t by_files;

	limits_raise(&limits);
	if (files > 0)
		limits.files = files;
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
	*c = (struct controls) {.plan = plan,
	    .fleet = fleet,
	    .report = report,
	    .keyboard = keyboard_open(fleet_poller(fleet)),
	    .extra = {.load = &plan->load}};
}

void controls_deal(
    struct controls *c, const struct roster *roster, uint64_t files)
{
	if (c->plan == NULL)
		return;
	c->extra.most = most_users(c->plan, roster_workers(roster), files);
	deal_init(&c->deal, c->plan, roster);
	c->deal.users = c->extra.most;
}

void controls_close(struct controls *c)
{
	keyboard_close(c->keyboard);
	c->keyboard = NULL;
	deal_clear(&c->deal);
	free(c->workers);
	c->workers = NULL;
}

bool controls_event(const struct controls *c, const struct poller_event *event)
{
	return keyboard_event(c->keyboard, event);
}

uint64_t controls_next_us(const struct controls *c)
{
	return keyboard_next_us(c->keyboard);
}

/* --- who plays whom ----------------------------------------------------- */

/* It has nothing more to do, or is lost: that may be one of several that a
 * member of the fleet has. */
static bool has_left(const struct controls *c, uint32_t worker)
{
	const struct worker_view *w =
	    &report_results(c->report)->workers[worker];

	return w->has_final || w->why_lost != NULL;
}

/* Whether a user has the place that is wanted: some workers leave before the
 * others. */
static bool is_played(struct controls *c, uint64_t place)
{
	struct dealt dealt;

	while (c->n_places <= place && deal_next(&c->deal, &dealt)) {
		c->workers = grow(c->workers, c->n_places, &c->cap_places,
		    sizeof(*c->workers));
		c->workers[c->n_places++] = dealt.worker;
	}
	return c->n_places > place && !has_left(c, c->workers[place]);
}

static uint64_t played(struct controls *c, uint64_t passed_us)
{
	uint64_t wanted = extra_wanted(&c->extra, passed_us), n = 0;
	bool are_all_there = true;

	for (uint32_t i = 0; i < report_results(c->report)->n_workers; i++)
		are_all_there = are_all_there && !has_left(c, i);
	if (are_all_there)
		return wanted;
	for (uint64_t place = 0; place < wanted; place++)
		n += is_played(c, place);
	return n;
}

/* Wants one user more, or fewer, who is played; places of nobody on the way are
 * passed over. The change, that of these too; 0: there is none. */
static int32_t change_by_one(struct controls *c, int32_t by, uint64_t passed_us)
{
	const struct extra before = c->extra;
	uint64_t n = played(c, passed_us);
	int32_t sum = 0, change;

	while ((change = extra_change(&c->extra, by, passed_us)) != 0) {
		sum += change;
		if (played(c, passed_us) != n)
			return sum;
	}
	c->extra = before;
	return 0;
}

static void change_users(struct controls *c, int32_t by, uint64_t passed_us)
{
	int32_t step = by < 0 ? -1 : 1, change = 0, users = 0, one;

	while (users != by && (one = change_by_one(c, step, passed_us)) != 0) {
		change += one;
		users += step;
	}
	if (users != 0) {
		fleet_add_users(c->fleet, change);
		report_users(c->report, passed_us, users, played(c, passed_us));
	} else {
		report_note(c->report, passed_us,
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
