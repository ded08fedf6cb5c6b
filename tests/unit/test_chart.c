/*
 * Charts: round ticks, gaps where there is nothing, names that are no markup.
 */
#include "report/chart.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "report/text.h"

enum { SPANS = 4 };

static const struct chart_span spans[SPANS] = {{0, 3 * US_PER_S},
    {3 * US_PER_S, 6 * US_PER_S}, {6 * US_PER_S, 9 * US_PER_S},
    {9 * US_PER_S, 12 * US_PER_S}};

/* A chart of one line; owned by the caller. */
static char *draw(const struct chart_line *line, const struct chart *more)
{
	struct chart chart = *more;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	chart.title = "Apples";
	chart.spans = spans;
	chart.n_spans = SPANS;
	chart.lines = line;
	chart.n_lines = 1;
	chart.figure = figure_rate;
	if (chart.end_us == 0)
		chart.end_us = spans[SPANS - 1].until_us;
	chart_print(out, &chart);
	fclose(out);
	return text;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		print_error("no \"%s\" in:\n%s", part, text);
	assert_non_null(strstr(text, part));
}

static void assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		print_error("\"%s\" in:\n%s", part, text);
	assert_null(strstr(text, part));
}

static void a_value_holds_for_all_of_its_span(void **state)
{
	static const double values[SPANS] = {0, 50, 100, 25};
	struct chart_line line = {"red", "#f00", values, true, false};
	char *text = draw(&line, &(struct chart) {0});

	(void)state;
	assert_has(text, "d=\"M0.0 180.0H250.0V90.0H500.0V0.0H750.0V135.0"
			 "H1000.0\"");
	/* and what is below it is closed */
	assert_has(text, "d=\"M0.0 180V180.0H250.0V90.0H500.0V0.0H750.0"
			 "V135.0H1000.0V180\"");
	free(text);
}

static void where_there_is_no_value_there_is_no_line(void **state)
{
	const double values[SPANS] = {50, NAN, NAN, 100};
	struct chart_line line = {"red", "#f00", values, false, false};
	char *text = draw(&line, &(struct chart) {0});

	(void)state;
	assert_has(text, "d=\"M0.0 90.0H250.0M750.0 0.0H1000.0\"");
	assert_has(text, "<title>3s to 6s\nred: none</title>");
	assert_has(text, "<title>0 to 3s\nred: 50.0</title>");
	free(text);
}

static void values_at_ends_are_joined(void **state)
{
	static const double values[SPANS] = {50, 100, 100, 0};
	struct chart_line line = {"red", "#f00", values, false, true};
	char *text = draw(&line, &(struct chart) {0});

	(void)state;
	assert_has(text, "d=\"M0 180.0L250.0 90.0L500.0 0.0L750.0 0.0"
			 "L1000.0 180.0\"");
	free(text);
}

static void the_axes_have_round_ticks(void **state)
{
	static const double values[SPANS] = {3, 700, 1234, 0};
	struct chart_line line = {"red", "#f00", values, false, false};
	char *text = draw(&line, &(struct chart) {0});

	(void)state;
	assert_has(text, ">0</text>");
	assert_has(text, ">500</text>");
	assert_has(text, ">1,000</text>");
	assert_has(text, ">1,500</text>");
	assert_has_not(text, ">2,000</text>");
	assert_has(text, ">2s</text>");
	assert_has(text, ">12s</text>");
	assert_has_not(text, "logarithmic");
	free(text);
}

static void a_wide_range_gets_a_logarithmic_axis_where_it_may(void **state)
{
	static const double values[SPANS] = {3, 700, 1900, 0};
	struct chart_line line = {"red", "#f00", values, false, false};
	char *text = draw(&line, &(struct chart) {.may_be_log = true});

	(void)state;
	assert_has(text, "logarithmic");
	assert_has(text, ">2</text>");
	assert_has(text, ">50</text>");
	assert_has(text, ">2,000</text>");
	free(text);
}

static void a_chart_of_nothing_has_axes(void **state)
{
	static const double values[SPANS] = {0, 0, 0, 0};
	struct chart_line line = {"red", "#f00", values, true, false};
	char *text = draw(&line, &(struct chart) {.may_be_log = true});

	(void)state;
	assert_has(text, ">1</text>");
	assert_has_not(text, "nan");
	assert_has_not(text, "inf");
	free(text);
}

static void times_are_round_however_long_it_takes(void **state)
{
	static const double values[SPANS] = {1, 1, 1, 1};
	static const struct {
		uint64_t end_us;
		const char *tick;
	} runs[] = {{300000, ">100ms<"}, {4 * US_PER_S, ">4s<"},
	    {100 * US_PER_S, ">1m30s<"}, {3600 * US_PER_S, ">50m<"},
	    {20 * 3600 * US_PER_S, ">18h<"},
	    {14 * 24 * 3600 * US_PER_S, ">144h<"}};
	struct chart_line line = {"red", "#f00", values, true, false};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		char *text =
		    draw(&line, &(struct chart) {.end_us = runs[i].end_us});

		assert_has(text, runs[i].tick);
		free(text);
	}
}

/* Its workers were lost before it had begun, and setup has its requests. */
static void a_run_of_no_time_has_an_end(void **state)
{
	static const struct chart_span none = {0, 0};
	static const double values[] = {1};
	struct chart_line line = {"red", "#f00", values, true, false};
	struct chart chart = {.title = "Apples",
	    .spans = &none,
	    .n_spans = 1,
	    .lines = &line,
	    .n_lines = 1,
	    .figure = figure_rate};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	chart_print(out, &chart);
	fclose(out);
	assert_has(text, ">0</text>");
	free(text);
}

static void bands_and_the_warm_up_are_marked(void **state)
{
	static const double values[SPANS] = {1, 1, 1, 1};
	static const struct chart_band bands[] = {
	    {"<climb>", {0, 6 * US_PER_S}},
	    {"hold", {6 * US_PER_S, UINT64_MAX}},
	    {"never", {12 * US_PER_S, UINT64_MAX}}};
	struct chart_line line = {"red", "#f00", values, true, false};
	char *text = draw(&line, &(struct chart) {.bands = bands,
				     .n_bands = ARRAY_LEN(bands),
				     .warmup_us = 2 * US_PER_S});

	(void)state;
	assert_has(text, "&lt;climb&gt;");
	assert_has(text, "<svg x=\"50.00%\" y=\"2\" width=\"50.00%\"");
	assert_has(text, "warm-up, not counted");
	/* it had not come when the run ended */
	assert_has_not(text, "never");
	free(text);
}

static void what_was_planned_is_drawn_too(void **state)
{
	static const double values[SPANS] = {1, 1, 1, 1};
	static const uint64_t at_us[] = {0, 6 * US_PER_S, 12 * US_PER_S};
	static const double planned[] = {0, 4, 4};
	struct chart_line line = {"red", "#f00", values, true, false};
	char *text = draw(
	    &line, &(struct chart) {.track = {"planned", at_us, planned, 3}});

	(void)state;
	assert_has(text, "d=\"M0.0 180.0L500.0 0.0L1000.0 0.0\"");
	assert_has(text, "planned");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_value_holds_for_all_of_its_span),
	    cmocka_unit_test(where_there_is_no_value_there_is_no_line),
	    cmocka_unit_test(values_at_ends_are_joined),
	    cmocka_unit_test(the_axes_have_round_ticks),
	    cmocka_unit_test(a_wide_range_gets_a_logarithmic_axis_where_it_may),
	    cmocka_unit_test(a_chart_of_nothing_has_axes),
	    cmocka_unit_test(times_are_round_however_long_it_takes),
	    cmocka_unit_test(a_run_of_no_time_has_an_end),
	    cmocka_unit_test(bands_and_the_warm_up_are_marked),
	    cmocka_unit_test(what_was_planned_is_drawn_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
