/*
 * What is secret in a plan is not shown, what is not stays.
 */
#include "report/mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_masked(const char *section, const char *key,
    const char *value, const char *expected)
{
	char *masked = mask_value(section, key, value);

	assert_string_equal(masked, expected);
	free(masked);
}

static void assert_url(const char *text, const char *expected)
{
	char *masked = mask_url(text);

	assert_string_equal(masked, expected);
	free(masked);
}

static void the_user_of_auth_stays(void **state)
{
	(void)state;
	assert_masked("http", "auth", "bob:pa:ss word", "bob:***");
	assert_masked("http", "auth", "justone", "***");
	assert_masked("http", "auth", "${user}:${pass}", "${user}:${pass}");
	assert_masked("http", "auth", "${user}:x${pass}", "${user}:***");
}

static void headers_that_tell_who_one_is_are_masked(void **state)
{
	(void)state;
	assert_masked("http", "header", "Authorization: Bearer abc",
	    "Authorization: ***");
	assert_masked("task a", "header", "cookie: a=b; c=d", "cookie: ***");
	assert_masked("task a", "header", "X-Api-Key:abc", "X-Api-Key:***");
	assert_masked(
	    "task a", "header", "X-CSRF-Token: a\nb", "X-CSRF-Token: ***");
	assert_masked(
	    "task a", "header", "Accept: text/html", "Accept: text/html");
	assert_masked("task a", "header", "X-Api-Key:", "X-Api-Key:");
}

static void a_variable_alone_is_no_secret(void **state)
{
	(void)state;
	assert_masked("task a", "header", "Authorization: Bearer ${token}",
	    "Authorization: Bearer ${token}");
	assert_masked("task a", "header", "X-Token: ${env TOKEN}",
	    "X-Token: ${env TOKEN}");
	assert_masked("task a", "set.token", "${pick abc def}", "***");
	assert_masked("task a", "header", "X-Token: ${a}abc", "X-Token: ***");
}

static void variables_are_masked_by_their_names(void **state)
{
	(void)state;
	assert_masked("vars", "api_token", "abc", "***");
	assert_masked("vars", "key", "abc", "***");
	assert_masked("vars", "DB_PASSWORD", "a b c", "***");
	assert_masked("vars", "db_pass", "a", "***");
	assert_masked("vars", "colour", "red", "red");
	assert_masked("user u", "set.session", "abc", "***");
	assert_masked("user u", "set.random_id", "${uuid}", "${uuid}");
}

static void what_only_sounds_secret_stays(void **state)
{
	(void)state;
	assert_masked("http", "key", "certs/client.key", "certs/client.key");
	assert_masked("http", "cookies", "no", "no");
	assert_masked("http", "keepalive", "yes", "yes");
	assert_masked("task a", "capture.token", "json /token", "json /token");
	assert_masked("task a", "check", "json /session == abc -> no session",
	    "json /session == abc -> no session");
	assert_masked("task a", "check", "header X-Token ~ ^[a-f]+$",
	    "header X-Token ~ ^[a-f]+$");
	assert_masked("task a", "when", "${token} == abc", "${token} == abc");
}

static void parameters_are_masked_by_their_names(void **state)
{
	(void)state;
	assert_masked("task a", "form", "password=p&4 s", "password=***");
	assert_masked("task a", "query", "api_key = p", "api_key = ***");
	assert_masked("task a", "query", "page=2", "page=2");
	assert_masked("task a", "body", "user=bob&password=abc&x=1",
	    "user=bob&password=***&x=1");
	assert_masked("task a", "body", "user[password]=abc&x=1",
	    "user[password]=***&x=1");
	assert_masked(
	    "task a", "get", "/a?token=abc&page=2#x", "/a?token=***&page=2#x");
	assert_masked("task a", "get", "/a?token=${token}&page=2",
	    "/a?token=${token}&page=2");
}

static void fields_of_json_are_masked_by_their_names(void **state)
{
	(void)state;
	assert_masked("task a", "json",
	    "{\"user\": \"bob\", \"password\" : "
	    "\"a\\\"b\", \"n\": 1}",
	    "{\"user\": \"bob\", \"password\" : \"***\", \"n\": 1}");
	assert_masked("task a", "json", "{\"secret\":\n  12345, \"n\": 1}",
	    "{\"secret\":\n  ***, \"n\": 1}");
	assert_masked("task a", "json",
	    "{\"tokens\": [\"a]\", {\"b\": \"c\"}], \"n\": 1}",
	    "{\"tokens\": ***, \"n\": 1}");
	assert_masked("task a", "json", "{\"token\": \"${token}\"}",
	    "{\"token\": \"${token}\"}");
	assert_masked("task a", "json", "{\"password\": \"never ends",
	    "{\"password\": \"***");
}

static void secrets_of_commands_are_masked(void **state)
{
	(void)state;
	assert_masked("hook h", "run",
	    "curl -H \"Authorization: Bearer abc\" -u bob:abc http://x/",
	    "curl -H \"Authorization: ***\" -u bob:*** http://x/");
	assert_masked("hook h", "run", "TOKEN=abc ./run --password 'a b' -v",
	    "TOKEN=*** ./run --password '***' -v");
	assert_masked("hook h", "run", "curl -d '{\"token\": \"abc\"}' x",
	    "curl -d '{\"token\": \"***\"}' x");
	assert_masked("hook h", "run",
	    "curl -d \"{\\\"token\\\": \\\"abc\\\"}\" x",
	    "curl -d \"{\\\"token\\\": \\\"***\\\"}\" x");
	assert_masked(
	    "hook h", "run", "./login --token --now", "./login --token --now");
}

static void users_and_passwords_of_urls_are_masked(void **state)
{
	(void)state;
	assert_masked("load", "host", "https://bob:abc@example.com/a@b",
	    "https://***@example.com/a@b");
	assert_masked("http", "proxy", "bob:a@b@proxy:3128", "***@proxy:3128");
	assert_masked("http", "proxy", "http://bob:abc@proxy:3128",
	    "http://***@proxy:3128");
	assert_masked("http", "proxy", "proxy:3128", "proxy:3128");
}

static void texts_with_urls_are_masked_only_there(void **state)
{
	(void)state;
	assert_url("GET /a?page=1&access_token=abc", "GET /a?page=1&"
						     "access_token=***");
	assert_url("http://bob:abc@x/ is lost", "http://***@x/ is lost");
	assert_url("json /token: missing, token=1", "json /token: missing, "
						    "token=1");
	assert_url("", "");
}

/* So that a report of a strange plan does not take for ever. */
static void a_value_that_never_ends_is_read_once(void **state)
{
	enum { LEN = 100000 };
	char *value = malloc(LEN + 1);
	char *masked;

	(void)state;
	assert_non_null(value);
	for (size_t i = 0; i < LEN; i++)
		value[i] = "\\\"token:["[i % 9];
	value[LEN] = '\0';
	masked = mask_value("task a", "body", value);
	assert_non_null(strstr(masked, MASK));
	free(masked);
	free(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_user_of_auth_stays),
	    cmocka_unit_test(headers_that_tell_who_one_is_are_masked),
	    cmocka_unit_test(a_variable_alone_is_no_secret),
	    cmocka_unit_test(variables_are_masked_by_their_names),
	    cmocka_unit_test(what_only_sounds_secret_stays),
	    cmocka_unit_test(parameters_are_masked_by_their_names),
	    cmocka_unit_test(fields_of_json_are_masked_by_their_names),
	    cmocka_unit_test(secrets_of_commands_are_masked),
	    cmocka_unit_test(users_and_passwords_of_urls_are_masked),
	    cmocka_unit_test(texts_with_urls_are_masked_only_there),
	    cmocka_unit_test(a_value_that_never_ends_is_read_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
