/*
 * The hooks of a forecast and its files of data: what they are, how often they
 * are used. It runs none, and reads no row.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "load/schedule.h"
#include "plan/data.h"
#include "report/forecast_private.h"
#include "report/stages.h"
#include "report/text.h"

enum { MOST_COLUMNS = 12, MAX_LIST_BYTES = 1 << 16 };

/* --- data --------------------------------------------------------------- */

static void put_columns(struct buf *out, const struct data *data)
{
	size_t n = data_columns(data);

	for (size_t i = 0; i < n && i < MOST_COLUMNS; i++)
		buf_printf(
		    out, "%s%s", i > 0 ? ", " : "", data_column(data, i));
	if (n > MOST_COLUMNS)
		buf_printf(out, " and %zu more", n - MOST_COLUMNS);
}

static void print_data(struct forecast *f, size_t i)
{
	static const char *const orders[] = {
	    [DATA_SEQUENTIAL] = "one after the other, round and round",
	    [DATA_RANDOM] = "at random",
	    [DATA_UNIQUE] = "each row only once",
	};
	static const char *const pers[] = {
	    [DATA_PER_TASK] = "a new row for each task",
	    [DATA_PER_USER] = "one row for each user",
	};
	const struct data_file *file = &f->plan->data[i];
	uint64_t rows = data_rows(file->data);
	char n[FIGURE_BYTES];
	struct buf text;

	buf_init(&text, MAX_LIST_BYTES);
	buf_printf(&text, "%s: %s row%s of ", file->path, figure_count(n, rows),
	    plural(rows));
	put_columns(&text, file->data);
	forecast_item(f, file->name, xstrdup(buf_text(&text)));
	buf_clear(&text);
	forecast_item(
	    f, "", xasprintf("%s, %s", pers[file->per], orders[file->order]));
}

void forecast_data(struct forecast *f)
{
	if (f->plan->n_data == 0)
		return;
	terminal_line(&f->t, STYLE_HEAD, "%s", "Data");
	for (size_t i = 0; i < f->plan->n_data; i++)
		print_data(f, i);
	terminal_line(&f->t, STYLE_PLAIN, "%s", "");
}

/* --- how often ---------------------------------------------------------- */

/* `WHERE: 3 times`, or without the number where nobody knows it. */
static char *times_text(const char *where, uint64_t times)
{
	if (times == 0)
		return xstrdup(where);
	return xasprintf("%s: %" PRIu64 " time%s", where, times, plural(times));
}

static char *how_often_once(struct forecast *f, const struct hook *hook)
{
	const struct remote_options *remote = &f->plan->remote;

	if (hook->place == HOOK_WORKER)
		return times_text("once in each worker", f->workers);
	if (hook->place == HOOK_HOST && forecast_is_remote(f))
		return times_text("once on each host",
		    remote_count(remote->hosts, remote->n_hosts));
	return xstrdup("once");
}

static char *how_often_spawned(struct forecast *f, const struct hook *hook)
{
	char time[FIGURE_BYTES];

	(void)hook;
	if (f->plan->load.model == LOAD_RATE)
		return xstrdup("never: users come as tasks need them");
	if (ramp_is_cut(&f->plan->load))
		return xstrdup("never: the run ends before all users have "
			       "started");
	return xasprintf("once, when all users have started, after %s",
	    figure_duration(time, ramp_us(&f->plan->load)));
}

static char *how_often_stage(struct forecast *f, const struct hook *hook)
{
	const struct load_options *load = &f->plan->load;
	size_t n = schedule_stages_begun(load);

	(void)hook;
	if (!load->has_stages)
		return xstrdup("never: there are no stages");
	return xasprintf("for each stage: %zu time%s", n, plural(n));
}

static char *how_often_interval(struct forecast *f, const struct hook *hook)
{
	const struct load_options *load = &f->plan->load;
	char every[FIGURE_BYTES], n[FIGURE_BYTES];
	uint64_t times = load->run_time_us / load->report_interval_us;

	(void)hook;
	figure_duration(every, load->report_interval_us);
	if (load->run_time_us == 0)
		return xasprintf("every %s", every);
	return xasprintf("every %s: about %s time%s", every,
	    figure_count(n, times), plural(times));
}

static char *how_often_worker(struct forecast *f, const struct hook *hook)
{
	(void)hook;
	return times_text("for each worker", f->workers);
}

static char *how_often_lost(struct forecast *f, const struct hook *hook)
{
	(void)f;
	(void)hook;
	return xstrdup("for each worker that is lost: hopefully never");
}

static char *how_often_user(struct forecast *f, const struct hook *hook)
{
	bool is_rate = f->plan->load.model == LOAD_RATE;
	uint64_t users;
	char n[FIGURE_BYTES];

	(void)hook;
	demand_answers(&f->demand, USUAL_ANSWER_US);
	users = round_to_u64(demand_users_started(&f->demand));
	return xasprintf("for each user%s: %s time%s%s",
	    is_rate ? " that is needed" : "", figure_count(n, users),
	    plural(users), is_rate ? " where answers take 10ms" : "");
}

/* "up to 97.6 times a second" */
static char *rate_text(double per_s)
{
	char rate[FIGURE_BYTES];

	if (isinf(per_s))
		return xstrdup("as often as answers come");
	return xasprintf("up to %s times a second", figure_rate(rate, per_s));
}

static char *how_often_request(struct forecast *f, const struct hook *hook)
{
	char *rate, *text;

	(void)hook;
	demand_answers(&f->demand, 0);
	rate = rate_text(demand_rate(&f->demand).requests);
	text = xasprintf("for each request: %s", rate);
	free(rate);
	return text;
}

/* Where no task that is drawn emits it, setup may, or what users begin with. */
static char *emitted_apart(const struct hook *hook, double n)
{
	char figure[FIGURE_BYTES];

	if (n <= 0)
		return xasprintf("never: no task that runs emits %s", hook->on);
	return xasprintf("for each emit of %s: %s time%s", hook->on,
	    forecast_count(figure, n), plural((uint64_t)fmin(n, 1e18)));
}

struct heard forecast_heard(struct forecast *f, const char *event)
{
	struct demand d;
	struct heard *heard = &f->heard[f->n_heard];

	for (size_t i = 0; i < f->n_heard; i++)
		if (strcmp(f->heard[i].event, event) == 0)
			return f->heard[i];
	demand_init(&d, f->plan, event);
	*heard = (struct heard) {.event = event,
	    .per_s = demand_rate(&d).emits,
	    .in_all = demand_until(&d, demand_end_us(&d)).emits};
	demand_answers(&d, USUAL_ANSWER_US);
	heard->usual_per_s = demand_rate(&d).emits;
	demand_clear(&d);
	f->n_heard++;
	return *heard;
}

static char *how_often_emitted(struct forecast *f, const struct hook *hook)
{
	struct heard heard = forecast_heard(f, hook->on);
	char *rate, *text;

	if (heard.per_s <= 0)
		return emitted_apart(hook, heard.in_all);
	rate = rate_text(heard.per_s);
	text = xasprintf("for each emit of %s: %s", hook->on, rate);
	free(rate);
	return text;
}

/* The text is owned by the caller. */
typedef char *how_often_fn(struct forecast *f, const struct hook *hook);

static const struct {
	const char *event;
	how_often_fn *how_often;
} events[] = {
    {"test_start", how_often_once},
    {"spawning_complete", how_often_spawned},
    {"interval", how_often_interval},
    {"stage", how_often_stage},
    {"worker_up", how_often_worker},
    {"worker_lost", how_often_lost},
    {"user_start", how_often_user},
    {"user_stop", how_often_user},
    {"request", how_often_request},
    {"test_stop", how_often_once},
    {"exit", how_often_once},
};

static char *how_often(struct forecast *f, const struct hook *hook)
{
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (strcmp(events[i].event, hook->on) == 0)
			return events[i].how_often(f, hook);
	return how_often_emitted(f, hook);
}

/* --- hooks -------------------------------------------------------------- */

/* As it is, however long: it is to be read, or copied. */
static void print_command(struct forecast *f, const char *command)
{
	const char *mark = "$ ";

	do {
		size_t len = strcspn(command, "\n");
		char *line = xstrndup(command, len);
		char *shown = text_shown(line);

		terminal_line(&f->t, STYLE_FAINT, "%16s%s%s", "", mark, shown);
		free(shown);
		free(line);
		mark = "  ";
		command += len + (command[len] == '\n');
	} while (*command);
}

static void print_hook(struct forecast *f, const struct hook *hook)
{
	static const char *const places[] = {
	    [HOOK_PARENT] = "in the parent",
	    [HOOK_WORKER] = "in each worker",
	    [HOOK_HOST] = "on each host",
	};
	char *often = how_often(f, hook);

	forecast_item(f, hook->name,
	    xasprintf("on %s, %s%s", hook->on, places[hook->place],
		hook->stream ? ", a stream" : ""));
	if (hook->stream)
		forecast_item(f, "",
		    xasprintf("started once%s; a line %s",
			hook->place == HOOK_WORKER ? " in each" : "", often));
	else
		forecast_item(f, "", xstrdup(often));
	print_command(f, hook->run);
	free(often);
}

/* What some request needs and nothing in the plan sets. */
static char *names_from_hooks(const struct plan *plan)
{
	const struct variables *v = &plan->variables;
	struct buf list;
	char *text;

	buf_init(&list, MAX_LIST_BYTES);
	for (size_t i = 0; i < v->n; i++)
		if (v->at[i]->is_from_hook)
			buf_printf(&list, "%s%s",
			    buf_len(&list) > 0 ? ", " : "", v->at[i]->name);
	text = xstrdup(buf_text(&list));
	buf_clear(&list);
	return text;
}

void forecast_hooks(struct forecast *f)
{
	char *names;

	if (f->plan->n_hooks == 0)
		return;
	terminal_line(&f->t, STYLE_HEAD, "%s", "Hooks");
	for (size_t i = 0; i < f->plan->n_hooks && i < MOST_HOOKS; i++)
		print_hook(f, &f->plan->hooks[i]);
	if (f->plan->n_hooks > MOST_HOOKS)
		terminal_line(&f->t, STYLE_FAINT, "  ... %zu more",
		    f->plan->n_hooks - MOST_HOOKS);
	names = names_from_hooks(f->plan);
	if (*names)
		forecast_item(f, "variables",
		    xasprintf(
			"to be printed by hooks on test_start: %s", names));
	free(names);
	terminal_line(&f->t, STYLE_PLAIN, "%s", "");
}
