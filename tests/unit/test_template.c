/*
 * Templates: what variables become, how they are encoded, what is refused.
 */
#include "plan/template.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

enum { OUT_MAX = 1 << 20 };

static const struct where here = {"plan.ini", 14};

/* What the tests have in common. */
struct world {
	struct rng rng;
	struct template_env env;
};

static int make_world(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	rng_init(&w->rng, 1, 0);
	w->env = (struct template_env) {.rng = &w->rng,
	    .user = 7,
	    .iteration = 3,
	    .worker = 1,
	    .wall_us = UINT64_C(1700000000123456)};
	*state = w;
	return setenv("LOADGEN_TEST", "a b\"&", 1);
}

static int free_world(void **state)
{
	free(*state);
	return 0;
}

static struct template *compiled(const char *text, enum encoding implied)
{
	struct template *t;
	struct diag d;

	diag_init(&d);
	t = template_compile(text, implied, NULL, &d, here, "get");
	if (t == NULL)
		fail_msg("%s", d.entries[0].text);
	assert_int_equal(d.n, 0);
	diag_clear(&d);
	return t;
}

/* What t renders to; owned by the caller. */
static char *rendered(void **state, const struct template *t)
{
	struct world *w = *state;
	struct buf out;
	char *text;

	buf_init(&out, OUT_MAX);
	template_render(t, &w->env, &out);
	assert_false(out.full);
	text = xstrdup(buf_text(&out));
	buf_clear(&out);
	return text;
}

static char *value_of(void **state, const char *text, enum encoding implied)
{
	struct template *t = compiled(text, implied);
	char *value = rendered(state, t);

	template_free(t);
	return value;
}

static void assert_implied(
    void **state, const char *text, enum encoding implied, const char *expected)
{
	char *value = value_of(state, text, implied);

	assert_string_equal(value, expected);
	free(value);
}

static void assert_value(void **state, const char *text, const char *expected)
{
	assert_implied(state, text, ENCODE_NONE, expected);
}

/* Compiling text must fail with exactly this line. */
static void assert_refused(const char *text, const char *expected)
{
	struct diag d;

	diag_init(&d);
	assert_null(template_compile(text, ENCODE_NONE, NULL, &d, here, "get"));
	assert_int_equal(d.errors, 1);
	assert_int_equal(d.n, 1);
	assert_string_equal(d.entries[0].text, expected);
	diag_clear(&d);
}

/* --- what is plain ------------------------------------------------------ */

static void text_without_variables_stays_as_it_is(void **state)
{
	assert_value(state, "", "");
	assert_value(state, "/things", "/things");
	assert_value(state, "$ $$ $x {a} } $", "$ $$ $x {a} } $");
}

static void two_dollars_make_a_plain_brace(void **state)
{
	assert_value(state, "$${user}", "${user}");
	assert_value(state, "a$${b$${c", "a${b${c");
	assert_value(state, "$$${user}", "$${user}");
}

static void a_value_without_variables_is_static(void **state)
{
	struct template *t = compiled("a$${b", ENCODE_NONE);
	size_t len = 0;

	(void)state;
	assert_true(template_is_static(t));
	assert_string_equal(template_text(t, &len), "a${b");
	assert_int_equal(len, 4);
	template_free(t);
}

static void an_empty_value_is_static(void **state)
{
	struct template *t = compiled("", ENCODE_NONE);
	size_t len = 9;

	(void)state;
	assert_true(template_is_static(t));
	assert_string_equal(template_text(t, &len), "");
	assert_int_equal(len, 0);
	template_free(t);
}

static void a_value_with_a_variable_is_not_static(void **state)
{
	struct template *t = compiled("a${user}", ENCODE_NONE);

	(void)state;
	assert_false(template_is_static(t));
	assert_null(template_text(t, NULL));
	template_free(t);
}

static void a_value_may_be_what_its_literal_text_allows(void **state)
{
	static const struct {
		const char *value;
		const char *text;
		bool may_be;
	} cases[] = {
	    {"", "", true},
	    {"", "a", false},
	    {"ab", "ab", true},
	    {"ab", "abc", false},
	    {"ab", "a", false},
	    {"${user}", "", true},
	    {"${user}", "anything", true},
	    {"a${user}", "a1", true},
	    {"a${user}", "b1", false},
	    {"a${user}", "", false},
	    {"${user}z", "1z", true},
	    {"${user}z", "1zz", true},
	    {"${user}z", "1zy", false},
	    {"a${user}a", "a", false},
	    {"a${user}a", "aa", true},
	    {"a${user}-${user}z", "a1-2z", true},
	    {"a${user}-${user}z", "a12z", false},
	    {"a${user}-${user}", "a1-2-3", true},
	    {"${user}-${user}-${user}", "-", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct template *t = compiled(cases[i].value, ENCODE_NONE);

		if (template_may_be(t, cases[i].text) != cases[i].may_be)
			fail_msg(
			    "\"%s\": \"%s\"", cases[i].value, cases[i].text);
		template_free(t);
	}
}

static void a_literal_keeps_its_nuls(void **state)
{
	struct template *t = template_literal("a\0b", 3);
	size_t len = 0;

	(void)state;
	assert_memory_equal(template_text(t, &len), "a\0b", 4);
	assert_int_equal(len, 3);
	template_free(t);
}

/* --- variables ---------------------------------------------------------- */

static void numbers_of_user_iteration_and_worker_are_told(void **state)
{
	assert_value(state, "/${user}/${iteration}/${ worker }", "/7/3/1");
}

static void the_time_is_told_in_seconds_and_milliseconds(void **state)
{
	assert_value(state, "${now} ${now_ms}", "1700000000 1700000000123");
}

static void a_uuid_is_of_version_4(void **state)
{
	static const char pattern[] = "xxxxxxxx-xxxx-4xxx-Vxxx-xxxxxxxxxxxx";
	char *uuid;
	size_t i;
	int round;

	for (round = 0; round < 1000; round++) {
		uuid = value_of(state, "${uuid}", ENCODE_NONE);
		assert_int_equal(strlen(uuid), 36);
		for (i = 0; i < 36; i++) {
			if (pattern[i] == 'x')
				assert_non_null(
				    strchr("0123456789abcdef", uuid[i]));
			else if (pattern[i] == 'V')
				assert_non_null(strchr("89ab", uuid[i]));
			else
				assert_int_equal(uuid[i], pattern[i]);
		}
		free(uuid);
	}
}

static void every_uuid_is_another(void **state)
{
	char *a, *b;

	a = value_of(state, "${uuid}", ENCODE_NONE);
	b = value_of(state, "${uuid}", ENCODE_NONE);
	assert_string_not_equal(a, b);
	free(a);
	free(b);
}

static void the_same_seed_gives_the_same_values(void **state)
{
	static const char text[] =
	    "${uuid} ${randint 1 1000} ${randstr 9} ${pick a b c d e}";
	struct world *w = *state;
	char *a, *b;

	rng_init(&w->rng, 5, 1);
	a = value_of(state, text, ENCODE_NONE);
	rng_init(&w->rng, 5, 1);
	b = value_of(state, text, ENCODE_NONE);
	assert_string_equal(a, b);
	free(a);
	free(b);
}

static void randint_takes_both_ends_and_all_between(void **state)
{
	struct template *t = compiled("${randint -1 2}", ENCODE_NONE);
	unsigned seen[4] = {0};
	char *value;
	int i;

	for (i = 0; i < 4000; i++) {
		value = rendered(state, t);
		assert_in_range(strtol(value, NULL, 10) + 1, 0, 3);
		seen[strtol(value, NULL, 10) + 1]++;
		free(value);
	}
	for (i = 0; i < 4; i++)
		assert_in_range(seen[i], 850, 1150);
	template_free(t);
}

static void randint_takes_every_number_of_64_bits(void **state)
{
	char *value = value_of(state,
	    "${randint -9223372036854775808 9223372036854775807}", ENCODE_NONE);

	assert_true(strlen(value) > 10);
	free(value);
	assert_value(state,
	    "${randint -9223372036854775808 -9223372036854775808}",
	    "-9223372036854775808");
	assert_value(state,
	    "${randint 9223372036854775807 9223372036854775807}",
	    "9223372036854775807");
	assert_value(state, "${randint 0 0}", "0");
}

static void randstr_gives_so_many_letters_and_digits(void **state)
{
	char *value = value_of(state, "${randstr 4096}", ENCODE_NONE);

	assert_int_equal(strlen(value), 4096);
	assert_int_equal(strspn(value, "abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
	    4096);
	free(value);
}

static void pick_takes_each_word_alike(void **state)
{
	struct template *t = compiled("${pick a bb  ccc}", ENCODE_NONE);
	unsigned seen[4] = {0};
	char *value;
	int i;

	for (i = 0; i < 3000; i++) {
		value = rendered(state, t);
		assert_in_range(strlen(value), 1, 3);
		seen[strlen(value)]++;
		free(value);
	}
	for (i = 1; i <= 3; i++)
		assert_in_range(seen[i], 850, 1150);
	template_free(t);
}

static void the_environment_is_read_when_the_plan_is(void **state)
{
	struct template *t = compiled("<${env LOADGEN_TEST}>", ENCODE_NONE);

	(void)state;
	setenv("LOADGEN_TEST", "other", 1);
	assert_true(template_is_static(t));
	assert_string_equal(template_text(t, NULL), "<a b\"&>");
	template_free(t);
}

/* --- encoding ----------------------------------------------------------- */

static void an_address_keeps_unreserved_characters_only(void **state)
{
	assert_value(state, "${env LOADGEN_TEST|url}", "a%20b%22%26");
	assert_value(
	    state, "${pick aZ09-._~/\xc3\xa9|url}", "aZ09-._~%2F%C3%A9");
}

static void json_escapes_what_a_string_must_not_hold(void **state)
{
	setenv("LOADGEN_TEST", "\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9", 1);
	assert_value(state, "\"${env LOADGEN_TEST|json}\"",
	    "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9\"");
}

static void base64_pads_to_four(void **state)
{
	assert_value(state, "${pick f|base64}", "Zg==");
	assert_value(state, "${pick fo|base64}", "Zm8=");
	assert_value(state, "${pick foo|base64}", "Zm9v");
	assert_value(state, "${pick foobar | base64 }", "Zm9vYmFy");
	assert_value(state, "${pick \xff\xfe\xfb|base64}", "//77");
}

static void an_implied_encoding_is_for_variables(void **state)
{
	assert_implied(state, "{\"a\": \"${env LOADGEN_TEST}\"}", ENCODE_JSON,
	    "{\"a\": \"a b\\\"&\"}");
	assert_implied(state, "a ${pick foo}", ENCODE_BASE64, "a Zm9v");
}

static void in_an_address_the_literal_text_is_encoded_too(void **state)
{
	assert_implied(
	    state, "a b$${${pick c&d}", ENCODE_URL, "a%20b%24%7Bc%26d");
}

static void an_encoder_of_its_own_beats_the_implied_one(void **state)
{
	assert_implied(
	    state, "${env LOADGEN_TEST|json}", ENCODE_URL, "a b\\\"&");
}

/* --- parts -------------------------------------------------------------- */

static void appended_templates_render_one_after_the_other(void **state)
{
	struct template *t = NULL;
	char *value;

	t = template_append(t, compiled("a=${user}", ENCODE_NONE));
	t = template_append(t, template_literal("&", 1));
	t = template_append(t, compiled("b=${worker}", ENCODE_NONE));
	t = template_append(t, NULL);
	value = rendered(state, t);
	assert_string_equal(value, "a=7&b=1");
	free(value);
	template_free(t);
}

static void appended_literals_are_one(void **state)
{
	struct template *t = template_append(
	    template_literal("a", 1), compiled("b", ENCODE_NONE));
	size_t len = 0;

	(void)state;
	t = template_append(t, template_literal("", 0));
	assert_string_equal(template_text(t, &len), "ab");
	assert_int_equal(len, 2);
	template_free(t);
}

static void a_full_buffer_is_told_and_not_overrun(void **state)
{
	struct template *t = compiled("0123456789${uuid}", ENCODE_NONE);
	struct world *w = *state;
	struct buf out;

	buf_init(&out, 45);
	template_render(t, &w->env, &out);
	assert_true(out.full);
	assert_true(buf_len(&out) <= 45);
	buf_clear(&out);
	template_free(t);
}

static void rendering_fills_a_buffer_to_its_last_byte(void **state)
{
	struct template *t = compiled(
	    "${user}${randint 5 5}${randstr 2}${pick xyz|url}", ENCODE_NONE);
	struct world *w = *state;
	struct buf out;

	buf_init(&out, 7);
	template_render(t, &w->env, &out);
	assert_false(out.full);
	assert_int_equal(buf_len(&out), 7);
	buf_clear(&out);
	template_free(t);
}

/* --- mistakes ----------------------------------------------------------- */

static void an_unknown_variable_is_named_with_the_nearest(void **state)
{
	(void)state;
	assert_refused("/x/${uiud}",
	    "plan.ini:14: get \"${uiud}\": unknown variable \"uiud\": "
	    "did you mean \"uuid\"?");
}

static void an_unknown_variable_like_none_is_told_how_it_gets_a_value(
    void **state)
{
	(void)state;
	assert_refused("${thing_id}",
	    "plan.ini:14: get \"${thing_id}\": unknown variable \"thing_id\": "
	    "nothing sets it: give it a value with capture.thing_id, "
	    "set.thing_id or in [vars]");
}

/* Compiles and renders text with these variables and values. */
static void assert_renders(struct variables *v, const char *text,
    struct template_env *env, const char *expected)
{
	struct diag d;
	struct template *t;
	struct buf out;

	diag_init(&d);
	t = template_compile(text, ENCODE_NONE, v, &d, here, "get");
	assert_non_null(t);
	diag_clear(&d);
	buf_init(&out, OUT_MAX);
	template_render(t, env, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_clear(&out);
	template_free(t);
}

static void a_slot_is_the_users_value_or_else_everyones(void **state)
{
	struct world *w = *state;
	struct variables v = {0};
	struct store own = {0}, common = {0};

	variables_add(&v, "id", 2, VARIABLE_SLOT, here);
	variables_add(&v, "token", 5, VARIABLE_SLOT, here);
	store_set(&common, v.n_slots, 0, "all", 3);
	store_set(&common, v.n_slots, 1, "t&", 2);
	w->env.own = &own;
	w->env.common = &common;
	assert_renders(&v, "/${id}/${token|url}", &w->env, "/all/t%26");
	store_set(&own, v.n_slots, 0, "mine", 4);
	assert_renders(&v, "/${id}/${token}", &w->env, "/mine/t&");
	assert_null(w->env.missing);
	assert_true(v.at[0]->is_used && v.at[1]->is_used);
	store_clear(&own, v.n_slots);
	store_clear(&common, v.n_slots);
	variables_clear(&v);
}

static void a_slot_without_a_value_is_told(void **state)
{
	struct world *w = *state;
	struct variables v = {0};
	struct store own = {0};

	variables_add(&v, "id", 2, VARIABLE_SLOT, here);
	w->env.own = &own;
	w->env.missing = NULL;
	/* the name goes with its template, so only that there is one */
	assert_renders(&v, "/things/${id}", &w->env, "/things/");
	assert_non_null(w->env.missing);
	variables_clear(&v);
}

static void a_constant_becomes_part_of_the_text(void **state)
{
	struct variables v = {0};
	struct diag d;
	struct template *t;

	(void)state;
	variables_add(&v, "shop", 4, VARIABLE_CONSTANT, here)->text =
	    xstrdup("a b");
	diag_init(&d);
	t = template_compile("/${shop|url}/x", ENCODE_NONE, &v, &d, here, "");
	assert_true(template_is_static(t));
	assert_string_equal(template_text(t, NULL), "/a%20b/x");
	template_free(t);
	diag_clear(&d);
	variables_clear(&v);
}

static void a_name_that_nobody_knows_may_be_a_hooks(void **state)
{
	struct variables v = {.hooks_set_some = true};
	struct diag d;

	(void)state;
	diag_init(&d);
	template_free(
	    template_compile("${token}", ENCODE_NONE, &v, &d, here, "header"));
	assert_int_equal(d.n, 0);
	assert_int_equal(v.n, 1);
	assert_true(v.at[0]->is_from_hook);
	variables_clear(&v);
	diag_clear(&d);
}

static void a_brace_that_is_not_closed_is_refused(void **state)
{
	(void)state;
	assert_refused("/x/${uuid",
	    "plan.ini:14: get \"${uuid\": ${ without its }: "
	    "close it, or write $${ for a plain ${");
	assert_refused("${uuid/${user}",
	    "plan.ini:14: get \"${uuid/${user}\": ${ without its }: "
	    "close it, or write $${ for a plain ${");
	assert_refused("${", "plan.ini:14: get \"${\": ${ without its }: "
			     "close it, or write $${ for a plain ${");
}

static void a_variable_needs_a_name(void **state)
{
	static const char mend[] =
	    "no name: write a variable like ${uuid}, or $${ for a plain ${";
	static const char *const all[] = {"${}", "${  }", "${|url}"};
	char expected[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(all); i++) {
		snprintf(expected, sizeof(expected),
		    "plan.ini:14: get \"%s\": %s", all[i], mend);
		assert_refused(all[i], expected);
	}
}

static void too_many_or_too_few_arguments_are_refused(void **state)
{
	(void)state;
	assert_refused("${uuid 4}",
	    "plan.ini:14: get \"${uuid 4}\": uuid takes 0 arguments, got 1: "
	    "write ${uuid}");
	assert_refused("${randint 4}",
	    "plan.ini:14: get \"${randint 4}\": randint takes 2 arguments, "
	    "got 1: write ${randint 1 100}");
	assert_refused("${randstr}",
	    "plan.ini:14: get \"${randstr}\": randstr takes 1 argument, "
	    "got 0: write ${randstr 8}");
	assert_refused("${pick}",
	    "plan.ini:14: get \"${pick}\": pick takes 1 argument or more, "
	    "got 0: write ${pick red green blue}");
}

static void randint_refuses_what_is_no_range(void **state)
{
	(void)state;
	assert_refused("${randint 1 x}",
	    "plan.ini:14: get \"${randint 1 x}\": \"x\" is not a whole number "
	    "of 64 bits: write ${randint 1 100}");
	assert_refused("${randint 9223372036854775808 1}",
	    "plan.ini:14: get \"${randint 9223372036854775808 1}\": "
	    "\"9223372036854775808\" is not a whole number of 64 bits: "
	    "write ${randint 1 100}");
	assert_refused("${randint 5 -1}",
	    "plan.ini:14: get \"${randint 5 -1}\": 5 is more than -1: "
	    "write ${randint -1 5}");
}

static void randstr_refuses_what_is_no_length(void **state)
{
	(void)state;
	assert_refused("${randstr 0}",
	    "plan.ini:14: get \"${randstr 0}\": \"0\" is not a length: "
	    "write a number from 1 to 4096");
	assert_refused("${randstr 4097}",
	    "plan.ini:14: get \"${randstr 4097}\": \"4097\" is not a length: "
	    "write a number from 1 to 4096");
}

static void an_unset_environment_variable_is_a_mistake(void **state)
{
	(void)state;
	assert_refused("${env LOADGEN_UNSET}",
	    "plan.ini:14: get \"${env LOADGEN_UNSET}\": \"LOADGEN_UNSET\" is "
	    "not set in the environment: set it before loadgen starts");
}

static void an_unknown_encoder_is_named_with_the_nearest(void **state)
{
	(void)state;
	assert_refused("${uuid|jsno}",
	    "plan.ini:14: get \"${uuid|jsno}\": unknown encoder \"jsno\": "
	    "did you mean \"json\"?");
	assert_refused("${uuid|html5}",
	    "plan.ini:14: get \"${uuid|html5}\": unknown encoder \"html5\": "
	    "write url, json or base64");
	assert_refused("${uuid|}",
	    "plan.ini:14: get \"${uuid|}\": unknown encoder \"\": "
	    "write url, json or base64");
}

#define in_world(test) \
	cmocka_unit_test_setup_teardown(test, make_world, free_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    in_world(text_without_variables_stays_as_it_is),
	    in_world(two_dollars_make_a_plain_brace),
	    in_world(a_value_without_variables_is_static),
	    in_world(an_empty_value_is_static),
	    in_world(a_value_with_a_variable_is_not_static),
	    in_world(a_value_may_be_what_its_literal_text_allows),
	    in_world(a_literal_keeps_its_nuls),
	    in_world(numbers_of_user_iteration_and_worker_are_told),
	    in_world(the_time_is_told_in_seconds_and_milliseconds),
	    in_world(a_uuid_is_of_version_4),
	    in_world(every_uuid_is_another),
	    in_world(the_same_seed_gives_the_same_values),
	    in_world(randint_takes_both_ends_and_all_between),
	    in_world(randint_takes_every_number_of_64_bits),
	    in_world(randstr_gives_so_many_letters_and_digits),
	    in_world(pick_takes_each_word_alike),
	    in_world(the_environment_is_read_when_the_plan_is),
	    in_world(an_address_keeps_unreserved_characters_only),
	    in_world(json_escapes_what_a_string_must_not_hold),
	    in_world(base64_pads_to_four),
	    in_world(an_implied_encoding_is_for_variables),
	    in_world(in_an_address_the_literal_text_is_encoded_too),
	    in_world(an_encoder_of_its_own_beats_the_implied_one),
	    in_world(appended_templates_render_one_after_the_other),
	    in_world(appended_literals_are_one),
	    in_world(a_full_buffer_is_told_and_not_overrun),
	    in_world(rendering_fills_a_buffer_to_its_last_byte),
	    in_world(an_unknown_variable_is_named_with_the_nearest),
	    in_world(an_unknown_variable_like_none_is_told_how_it_gets_a_value),
	    in_world(a_slot_is_the_users_value_or_else_everyones),
	    in_world(a_slot_without_a_value_is_told),
	    in_world(a_constant_becomes_part_of_the_text),
	    in_world(a_name_that_nobody_knows_may_be_a_hooks),
	    in_world(a_brace_that_is_not_closed_is_refused),
	    in_world(a_variable_needs_a_name),
	    in_world(too_many_or_too_few_arguments_are_refused),
	    in_world(randint_refuses_what_is_no_range),
	    in_world(randstr_refuses_what_is_no_length),
	    in_world(an_unset_environment_variable_is_a_mistake),
	    in_world(an_unknown_encoder_is_named_with_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
