/*
 * The steps of a search as people and programs read them. It must not know how
 * they are judged.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/util.h"
#include "report/find.h"
#include "report/grid.h"
#include "report/sink.h"

enum { BELOW_INDENT = 6 };

static const struct grid_column rate_columns[] = {{"rate", ALIGN_RIGHT, 0},
    {"tasks/s", ALIGN_POINT, 3}, {"requests/s", ALIGN_POINT, 4},
    {"p50 ms", ALIGN_POINT, 2}, {"p95 ms", ALIGN_POINT, 0},
    {"p99 ms", ALIGN_POINT, 1}, {"failed %", ALIGN_POINT, 0},
    {"late %", ALIGN_POINT, 0}, {"dropped %", ALIGN_POINT, 5},
    {"", ALIGN_LEFT, 0}};

static const struct grid_column user_columns[] = {{"users", ALIGN_RIGHT, 0},
    {"tasks/s", ALIGN_POINT, 3}, {"requests/s", ALIGN_POINT, 4},
    {"p50 ms", ALIGN_POINT, 2}, {"p95 ms", ALIGN_POINT, 0},
    {"p99 ms", ALIGN_POINT, 1}, {"failed %", ALIGN_POINT, 0},
    {"", ALIGN_LEFT, 0}};

char *find_load_text(char *out, double load, bool is_rate)
{
	char number[FIGURE_BYTES];

	snprintf(out, FIGURE_BYTES, "%.20s%s", figure_number(number, load),
	    is_rate ? "/s" : "");
	return out;
}

char *find_load_words(char *out, double load, bool is_rate)
{
	char text[FIGURE_BYTES];

	find_load_text(text, load, is_rate);
	snprintf(out, FIGURE_BYTES, "%.30s%s", text,
	    is_rate     ? ""
	    : load == 1 ? " user"
			: " users");
	return out;
}

/* --- one step ----------------------------------------------------------- */

static enum style style_of(const struct find_step *step)
{
	if (step->strain != NULL)
		return STYLE_WARNING;
	return step->holds ? STYLE_PLAIN : STYLE_BAD;
}

/* "p95 412ms, wanted < 300ms  ! 95.0 % of a core", with word in front where
 * there is one; owned by the caller. */
static char *verdict_text(const char *word, const struct find_step *step)
{
	bool has_both = *word && *step->why;

	return xasprintf("%s%s%s%s%s", word, has_both ? ": " : "", step->why,
	    step->strain == NULL  ? ""
	    : *word || *step->why ? "  ! "
				  : "! ",
	    step->strain != NULL ? step->strain : "");
}

void find_print_step(
    struct terminal *t, size_t number, const struct find_step *step)
{
	char load[FIGURE_BYTES], p95[FIGURE_BYTES];
	char *word, *verdict, *text, *shown;

	find_load_words(load, step->load, step->is_rate);
	word = step->holds
		   ? xasprintf("holds, p95 %sms", figure_ms(p95, step->p95_us))
		   : xstrdup("does not hold");
	verdict = verdict_text(word, step);
	text = xasprintf("step %zu: %s: %s%s%s", number, load, verdict,
	    !step->holds && step->failure != NULL ? "; most failures: " : "",
	    !step->holds && step->failure != NULL ? step->failure : "");
	shown = text_shown(text);
	terminal_text(t, style_of(step), shown);
	free(shown);
	free(text);
	free(verdict);
	free(word);
}

/* --- the table ---------------------------------------------------------- */

static void add_times(struct grid *g, const struct find_step *step)
{
	char text[FIGURE_BYTES];
	bool has_times = step->requests > 0;

	grid_text(g, has_times ? figure_ms(text, step->p50_us) : "-");
	grid_text(g, has_times ? figure_ms(text, step->p95_us) : "-");
	grid_text(g, has_times ? figure_ms(text, step->p99_us) : "-");
}

/* Reasons stand in the last column, however long they are, or, where lines
 * have a width, below. */
static void add_step(
    struct grid *g, const struct find_step *step, bool has_width)
{
	char text[FIGURE_BYTES];
	char *verdict =
	    verdict_text(has_width || !step->holds ? "" : "holds", step);

	grid_row(g, style_of(step));
	grid_text(g, find_load_text(text, step->load, step->is_rate));
	grid_text(g, figure_rate(text, step->tasks_per_s));
	grid_text(g, figure_rate(text, step->requests_per_s));
	add_times(g, step);
	grid_text(g, figure_percent(text, step->failures, step->requests));
	if (step->is_rate) {
		grid_text(g, figure_percent(text, step->late, step->due));
		grid_text(g, figure_percent(text, step->dropped, step->due));
	}
	if (!has_width)
		grid_text(g, verdict);
	else
		grid_text(g, step->holds ? "holds" : "fails");
	if (has_width && *verdict)
		grid_below(g, style_of(step), BELOW_INDENT, verdict);
	free(verdict);
}

/* What the marks mean. */
static void print_strain(
    struct terminal *t, const struct find_step *steps, size_t n)
{
	bool is_strained = false, is_disturbed = false;

	for (size_t i = 0; i < n; i++) {
		is_disturbed = is_disturbed || steps[i].is_disturbed;
		is_strained = is_strained || (steps[i].strain != NULL &&
						 !steps[i].is_disturbed);
	}
	if (is_strained)
		terminal_wrap(t, STYLE_WARNING, "! ", 2,
		    "The generator was at its limits: a worker used more than "
		    "90 % of its core, or its timers ran late.");
	if (is_disturbed)
		terminal_wrap(t, STYLE_WARNING, "! ", 2,
		    "Timers ran late while the workers had little to do: "
		    "something else kept this machine busy, and times may be "
		    "longer for it.");
}

void find_print_table(
    struct terminal *t, const struct find_step *steps, size_t n)
{
	bool is_rate = n > 0 && steps[0].is_rate;
	struct grid g;

	grid_init(&g, is_rate ? rate_columns : user_columns,
	    is_rate ? ARRAY_LEN(rate_columns) : ARRAY_LEN(user_columns), 2);
	for (size_t i = 0; i < n; i++)
		add_step(&g, &steps[i], t->has_width);
	terminal_line(t, STYLE_HEAD, "Steps (%zu)", n);
	grid_print(&g, t);
	print_strain(t, steps, n);
	terminal_line(t, STYLE_PLAIN, "%s", "");
	grid_clear(&g);
}

/* --- CSV ---------------------------------------------------------------- */

static void put_ms(FILE *out, uint64_t us)
{
	fprintf(out, ",%.3f", (double)us / (double)US_PER_MS);
}

void find_write_csv(FILE *out, const struct find_step *steps, size_t n)
{
	bool is_rate = n > 0 && steps[0].is_rate;

	fprintf(out,
	    "Step,%s,Tasks/s,Requests/s,Request Count,Failure Count,50%%,95%%,"
	    "99%%,Due,Late,Dropped,Holds,Generator At Limits,Why\r\n",
	    is_rate ? "Rate" : "Users");
	for (size_t i = 0; i < n; i++) {
		const struct find_step *step = &steps[i];

		fprintf(out, "%zu,%.10g,%.3f,%.3f,%" PRIu64 ",%" PRIu64, i + 1,
		    step->load, step->tasks_per_s, step->requests_per_s,
		    step->requests, step->failures);
		put_ms(out, step->p50_us);
		put_ms(out, step->p95_us);
		put_ms(out, step->p99_us);
		fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%s,%s,",
		    step->due, step->late, step->dropped,
		    step->holds ? "yes" : "no",
		    step->strain != NULL ? "yes" : "no");
		csv_put_text(out, step->why);
		fputs("\r\n", out);
	}
}
