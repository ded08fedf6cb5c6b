/*
 * The manual and the program say the same: loadgen.ini.5 against the key table
 * and the plans in it against the loader, loadgen.1 against --help. Runs from
 * the top folder.
 *
 * In loadgen.ini.5 a key is introduced by `.It Cm KEY`, below the `.Ss` of its
 * section; `Default VALUE.` on a line of its own below it is its default, and
 * `May be repeated.` what it says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "options.h"
#include "plan/plan.h"

#define PLAN_PAGE    "man/loadgen.ini.5"
#define OPTIONS_PAGE "man/loadgen.1"

/* The heading that the keys of a section of the table stand below. */
static const struct heading {
	const char *section;
	const char *title;
} headings[] = {
    {"load", "[load]: the run as a whole"},
    {"http", "[http]: how requests are made"},
    {"user", "[user NAME]: a kind of user"},
    {"task", "[task NAME]: its own keys"},
    {"step", "[task NAME]: steps"},
    {"any", "[task NAME]: a key of every step"},
    {"request", "[task NAME]: keys of a request"},
    {"poll", "[task NAME]: keys of a poll"},
    {"call", "[task NAME]: keys of a call"},
    {"vars", "[vars]: constants"},
    {"data", "[data NAME]: rows of a file"},
    {"hook", "[hook NAME]: a command on an event"},
    {"thresholds", "[thresholds]: what has to hold"},
    {"report", "[report]: where results go"},
    {"remote", "[remote]: other hosts"},
};

/* --- pages -------------------------------------------------------------- */

/* A page, cut into lines. */
struct page {
	char *text;
	char **lines;
	size_t n;
	size_t cap;
};

static void page_cut(struct page *page)
{
	char *line, *rest = page->text;

	while ((line = strtok_r(rest, "\n", &rest)) != NULL) {
		page->lines = grow(
		    page->lines, page->n, &page->cap, sizeof(*page->lines));
		page->lines[page->n++] = line;
	}
}

static void page_read(struct page *page, const char *path)
{
	FILE *in = fopen(path, "r");
	size_t size = 256 * 1024, len;

	memset(page, 0, sizeof(*page));
	if (in == NULL)
		fail_msg("no %s here: run it from the top folder", path);
	page->text = xcalloc(size, 1);
	len = fread(page->text, 1, size - 1, in);
	fclose(in);
	assert_true(len > 0 && len < size - 1);
	page_cut(page);
}

static void page_free(struct page *page)
{
	free(page->lines);
	free(page->text);
}

/* What stands behind a macro and a blank; NULL: the line is another. */
static const char *behind(const char *line, const char *macro)
{
	size_t len = strlen(macro);

	if (strncmp(line, macro, len) != 0 || line[len] != ' ')
		return NULL;
	return line + len + 1;
}

/* The next blank-separated word at *p, which is moved behind it; "" at the
 * end. Owned by the caller. */
static char *next_word(const char **p)
{
	const char *word = *p + strspn(*p, " ");
	size_t len = strcspn(word, " ");

	*p = word + len;
	return xstrndup(word, len);
}

/* --- keys --------------------------------------------------------------- */

/* What the page says about a key. */
struct documented {
	const char *section; /* of the table */
	char *name;
	char *fallback; /* NULL: none */
	bool repeats;
};

struct documented_keys {
	struct documented *at;
	size_t n;
	size_t cap;
};

static const char *section_of(const char *title)
{
	for (size_t i = 0; i < ARRAY_LEN(headings); i++) {
		if (strcmp(headings[i].title, title) == 0)
			return headings[i].section;
	}
	return NULL;
}

static void add_key(
    struct documented_keys *keys, const char *section, const char *rest)
{
	struct documented key = {.section = section, .name = next_word(&rest)};

	if (section == NULL)
		fail_msg("%s: \"%s\" stands below no heading of a section",
		    PLAN_PAGE, key.name);
	keys->at = grow(keys->at, keys->n, &keys->cap, sizeof(*keys->at));
	keys->at[keys->n++] = key;
}

/* A line of the text below a key. */
static void read_about_key(struct documented *key, const char *line)
{
	const char *rest = behind(line, "Default");
	size_t len;

	if (strcmp(line, "May be repeated.") == 0)
		key->repeats = true;
	if (rest == NULL)
		return;
	len = strlen(rest);
	if (key->fallback != NULL || len < 2 || rest[len - 1] != '.')
		fail_msg("%s: %s: not \"Default VALUE.\", once: \"%s\"",
		    PLAN_PAGE, key->name, line);
	key->fallback = xstrndup(rest, len - 1);
}

static void read_keys(const struct page *page, struct documented_keys *keys)
{
	const char *section = NULL, *rest;
	struct documented *key = NULL;

	memset(keys, 0, sizeof(*keys));
	for (size_t i = 0; i < page->n; i++) {
		const char *line = page->lines[i];

		if ((rest = behind(line, ".Ss")) != NULL ||
		    (rest = behind(line, ".Sh")) != NULL) {
			section = section_of(rest);
			key = NULL;
		} else if ((rest = behind(line, ".It Cm")) != NULL) {
			add_key(keys, section, rest);
			key = &keys->at[keys->n - 1];
		} else if (key != NULL) {
			read_about_key(key, line);
		}
	}
}

static void free_keys(struct documented_keys *keys)
{
	for (size_t i = 0; i < keys->n; i++) {
		free(keys->at[i].name);
		free(keys->at[i].fallback);
	}
	free(keys->at);
}

/* How often the page introduces this key; *out is the last such place. */
static size_t find_documented(const struct documented_keys *keys,
    const struct key_info *info, const struct documented **out)
{
	size_t n = 0;

	for (size_t i = 0; i < keys->n; i++) {
		const struct documented *key = &keys->at[i];

		if (strcmp(key->section, info->section) != 0 ||
		    strcmp(key->name, info->name) != 0)
			continue;
		*out = key;
		n++;
	}
	return n;
}

static bool is_in_table(const struct documented *key)
{
	const struct key_info *info;

	for (size_t i = 0; (info = plan_key_info(i)) != NULL; i++) {
		if (strcmp(key->section, info->section) == 0 &&
		    strcmp(key->name, info->name) == 0)
			return true;
	}
	return false;
}

static void every_key_stands_once_in_its_section(void **state)
{
	const struct documented_keys *keys = *state;
	const struct documented *key;
	const struct key_info *info;
	size_t i, n;

	for (i = 0; (info = plan_key_info(i)) != NULL; i++) {
		n = find_documented(keys, info, &key);
		if (n != 1)
			fail_msg("%s: %s of [%s] stands there %zu times",
			    PLAN_PAGE, info->name, info->section, n);
	}
	assert_true(i > 0);
}

static void every_documented_key_is_in_the_table(void **state)
{
	const struct documented_keys *keys = *state;

	for (size_t i = 0; i < keys->n; i++) {
		if (!is_in_table(&keys->at[i]))
			fail_msg("%s: there is no key %s in [%s]", PLAN_PAGE,
			    keys->at[i].name, keys->at[i].section);
	}
}

static void documented_defaults_are_those_of_the_table(void **state)
{
	const struct documented_keys *keys = *state;
	const struct documented *key = NULL;
	const struct key_info *info;

	for (size_t i = 0; (info = plan_key_info(i)) != NULL; i++) {
		const char *said, *right;

		if (find_documented(keys, info, &key) != 1)
			continue; /* another test's business */
		said = key->fallback != NULL ? key->fallback : "none";
		right = info->fallback != NULL ? info->fallback : "none";
		if (strcmp(said, right) != 0)
			fail_msg("%s: %s of [%s]: the default is %s, not %s",
			    PLAN_PAGE, info->name, info->section, right, said);
	}
}

static void keys_that_may_be_repeated_are_called_so(void **state)
{
	const struct documented_keys *keys = *state;
	const struct documented *key = NULL;
	const struct key_info *info;

	for (size_t i = 0; (info = plan_key_info(i)) != NULL; i++) {
		/* of steps it is said once for all */
		if (strcmp(info->section, "step") == 0 ||
		    find_documented(keys, info, &key) != 1)
			continue;
		if (key->repeats != info->repeats)
			fail_msg("%s: %s of [%s] may%s be repeated", PLAN_PAGE,
			    info->name, info->section,
			    info->repeats ? "" : " not");
	}
}

static int read_plan_page(void **state)
{
	struct documented_keys *keys = xcalloc(1, sizeof(*keys));
	struct page page;

	page_read(&page, PLAN_PAGE);
	read_keys(&page, keys);
	page_free(&page);
	*state = keys;
	return 0;
}

static int forget_plan_page(void **state)
{
	free_keys(*state);
	free(*state);
	return 0;
}

/* --- plans in the page -------------------------------------------------- */

/* A line of a literal block as a reader sees it: `\-` and `\e` undone. */
static void put_literal(FILE *out, const char *line)
{
	for (; *line != '\0'; line++) {
		if (line[0] == '\\' && line[1] == '-')
			continue;
		if (line[0] == '\\' && line[1] == 'e') {
			fputc('\\', out);
			line++;
			continue;
		}
		fputc(*line, out);
	}
	fputc('\n', out);
}

static void check_plan(const char *text, size_t len)
{
	const struct plan_source source = {.file = "plan in " PLAN_PAGE};
	FILE *in = tmpfile();
	struct plan *plan;
	struct diag d;

	assert_non_null(in);
	assert_int_equal(fwrite(text, 1, len, in), len);
	rewind(in);
	diag_init(&d);
	plan = plan_load_stream(&source, in, &d);
	diag_print(&d, stderr);
	if (plan == NULL || d.errors > 0 || d.warnings > 0)
		fail_msg("not a good plan:\n%s", text);
	plan_free(plan);
	diag_clear(&d);
	fclose(in);
}

/* The literal block that begins behind line i. */
static void check_block(const struct page *page, size_t i)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	while (++i < page->n && strcmp(page->lines[i], ".Ed") != 0)
		put_literal(out, page->lines[i]);
	fclose(out);
	check_plan(text, len);
	free(text);
}

static void whole_plans_in_the_page_load_without_a_word(void **state)
{
	bool is_whole = false;
	size_t checked = 0;
	const char *title;
	struct page page;

	(void)state;
	setenv("SHOP_PASSWORD", "secret", 1);
	page_read(&page, PLAN_PAGE);
	for (size_t i = 0; i < page.n; i++) {
		title = behind(page.lines[i], ".Sh");
		if (title != NULL)
			is_whole = strcmp(title, "DESCRIPTION") == 0 ||
				   strcmp(title, "EXAMPLES") == 0;
		if (!is_whole || behind(page.lines[i], ".Bd") == NULL)
			continue;
		check_block(&page, i);
		checked++;
	}
	page_free(&page);
	assert_int_equal(checked, 4);
}

/* --- options ------------------------------------------------------------ */

/* Options as "-f, --file VALUE" or "--csv VALUE"; VALUE where one is taken. */
struct option_list {
	char *at[64]; /* owned */
	size_t n;
};

static void add_option(
    struct option_list *list, const char *names, bool takes_value)
{
	assert_true(list->n < ARRAY_LEN(list->at));
	list->at[list->n++] =
	    xasprintf("%s%s", names, takes_value ? " VALUE" : "");
}

static void free_options(struct option_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->at[i]);
}

static bool has_option(const struct option_list *list, const char *option)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->at[i], option) == 0)
			return true;
	}
	return false;
}

/* `.It Fl f , Fl -file Ar plan`: rest is what stands behind `.It`. */
static void read_item(struct option_list *list, const char *rest)
{
	bool takes_value = false, is_flag = false;
	char *names = xstrdup(""), *word, *longer;

	for (word = next_word(&rest); word[0] != '\0';
	     free(word), word = next_word(&rest)) {
		if (is_flag) {
			longer = xasprintf("%s%s-%s", names,
			    names[0] != '\0' ? ", " : "", word);
			free(names);
			names = longer;
		}
		is_flag = strcmp(word, "Fl") == 0;
		takes_value = takes_value || strcmp(word, "Ar") == 0;
	}
	free(word);
	add_option(list, names, takes_value);
	free(names);
}

static void read_page_options(struct option_list *list)
{
	struct page page;
	const char *rest;

	memset(list, 0, sizeof(*list));
	page_read(&page, OPTIONS_PAGE);
	for (size_t i = 0; i < page.n; i++) {
		rest = behind(page.lines[i], ".It");
		if (rest != NULL && behind(rest, "Fl") != NULL)
			read_item(list, rest);
	}
	page_free(&page);
}

/* `  -f, --file PLAN    the plan`, or with blanks in place of the letter. */
static void read_help_line(struct option_list *list, char *line)
{
	char *names = line + strspn(line, " ");
	char *name = strstr(names, "--");
	size_t len;

	if (names == line || names[0] != '-' || name == NULL)
		return;
	len = strcspn(name, " ");
	/* a value stands one blank behind, the text further off */
	if (name[len] == ' ' && name[len + 1] != ' ' && name[len + 1] != '\0') {
		name[len] = '\0';
		add_option(list, names, true);
	} else {
		name[len] = '\0';
		add_option(list, names, false);
	}
}

static void read_help_options(struct option_list *list)
{
	struct page page = {0};
	size_t len;
	FILE *out = open_memstream(&page.text, &len);

	memset(list, 0, sizeof(*list));
	assert_non_null(out);
	options_help(out);
	fclose(out);
	page_cut(&page);
	for (size_t i = 0; i < page.n; i++)
		read_help_line(list, page.lines[i]);
	page_free(&page);
}

static void every_option_of_help_is_in_the_page(void **state)
{
	struct option_list help, page;

	(void)state;
	read_help_options(&help);
	read_page_options(&page);
	assert_true(help.n > 10);
	for (size_t i = 0; i < help.n; i++) {
		if (!has_option(&page, help.at[i]))
			fail_msg("%s: \"%s\" of --help is not there",
			    OPTIONS_PAGE, help.at[i]);
	}
	free_options(&help);
	free_options(&page);
}

static void every_option_of_the_page_is_in_help(void **state)
{
	struct option_list help, page;

	(void)state;
	read_help_options(&help);
	read_page_options(&page);
	for (size_t i = 0; i < page.n; i++) {
		if (!has_option(&help, page.at[i]))
			fail_msg("%s: \"%s\" is not in --help", OPTIONS_PAGE,
			    page.at[i]);
	}
	assert_int_equal(page.n, help.n);
	free_options(&help);
	free_options(&page);
}

int main(void)
{
	const struct CMUnitTest plan_tests[] = {
	    cmocka_unit_test(every_key_stands_once_in_its_section),
	    cmocka_unit_test(every_documented_key_is_in_the_table),
	    cmocka_unit_test(documented_defaults_are_those_of_the_table),
	    cmocka_unit_test(keys_that_may_be_repeated_are_called_so),
	};
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whole_plans_in_the_page_load_without_a_word),
	    cmocka_unit_test(every_option_of_help_is_in_the_page),
	    cmocka_unit_test(every_option_of_the_page_is_in_help),
	};
	int failed = cmocka_run_group_tests_name(
	    "keys", plan_tests, read_plan_page, forget_plan_page);

	failed += cmocka_run_group_tests(tests, NULL, NULL);
	return failed != 0;
}
