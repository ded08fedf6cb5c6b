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

#include "base/util.h"

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

static void names_that_only_contain_a_word_are_none_of_secrets(void **state)
{
	static const char url[] =
	    "/echo?keyword=shoes&keywords=a&author=tolkien&max_tokens=100&"
	    "monkey=1&bypass=1&compass=n&passage=2&tokenizer=x&pinned=1&"
	    "design=b&token_type=bearer&keyboard=us&maxTokens=7";

	(void)state;
	assert_url(url, url);
	assert_masked("task a", "get", url, url);
	assert_masked("task a", "json", "{\"max_tokens\": 100, \"n\": 1}",
	    "{\"max_tokens\": 100, \"n\": 1}");
	assert_masked(
	    "task a", "query", "max_tokens = 100", "max_tokens = 100");
	assert_masked("vars", "max_tokens", "100", "100");
	assert_masked("vars", "author", "tolkien", "tolkien");
	assert_masked("hook h", "run", "x --max-tokens 100 --author bob",
	    "x --max-tokens 100 --author bob");
}

static void names_have_parts(void **state)
{
	static const char *const names[] = {"key", "api_key", "X-Api-Key",
	    "apiKey", "APIKey", "APIKEY", "user[key]", "user%5Bkey%5D",
	    "PHPSESSID", "jsessionid", "accessToken", "csrfmiddlewaretoken",
	    "X-Amz-Signature", "sig", "signature", "jwt", "client_assertion",
	    "passcode", "pw", "pin", "db.pass", "auth", "sessionId",
	    "password1", "client_secret", "tokens", "x-auth"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *text = xasprintf("/a?b=1&%s=SEC&c=2", names[i]);
		char *masked = xasprintf("/a?b=1&%s=***&c=2", names[i]);

		assert_url(text, masked);
		assert_masked("task a", "get", text, masked);
		free(masked);
		free(text);
	}
}

static void a_sentence_keeps_its_marks(void **state)
{
	(void)state;
	assert_url("GET /a?token=x, got 3", "GET /a?token=***, got 3");
	assert_url("(GET /a?token=x) failed", "(GET /a?token=***) failed");
	assert_url("GET /a?token=a,b", "GET /a?token=***");
}

static void parameters_in_other_places_are_masked(void **state)
{
	(void)state;
	assert_url("/in?next=%2Fa%3Fx%3D1%26token%3DSEC9&b=2",
	    "/in?next=%2Fa%3Fx%3D1%26token%3D***&b=2");
	assert_url("/in?next=%2Fa%3ftoken%3dSEC9%26x%3D2",
	    "/in?next=%2Fa%3ftoken%3d***%26x%3D2");
	assert_masked("task a", "get", "/in?next=%26token%3DSEC9",
	    "/in?next=%26token%3D***");
	assert_url("/a;jsessionid=SEC/b?c=1", "/a;jsessionid=***/b?c=1");
	assert_url("/a#access_token=SEC&x=1", "/a#access_token=***&x=1");
}

static void what_captures_and_conditions_fall_back_to_is_masked(void **state)
{
	(void)state;
	assert_masked(
	    "task a", "capture.token", "json /x -> SEC5", "json /x -> ***");
	assert_masked(
	    "task a", "capture.id", "json /x -> red", "json /x -> red");
	assert_masked("task a", "capture.token", "json /x -> ${other}",
	    "json /x -> ${other}");
	assert_masked("task a", "check", "header X-Api-Key != SEC7",
	    "header X-Api-Key != ***");
	assert_masked("task a", "check", "json /api_key != SEC 8 -> no key",
	    "json /api_key != *** -> no key");
	assert_masked("task a", "check", "json /session == abc -> no session",
	    "json /session == *** -> no session");
	assert_masked("task a", "until", "json /token contains abc",
	    "json /token contains ***");
	assert_masked(
	    "task a", "check", "json /colour != red", "json /colour != red");
}

static void elements_of_xml_are_masked_by_their_names(void **state)
{
	(void)state;
	assert_masked("task a", "body",
	    "<user>bob</user><password>SEC</password><n>1</n>",
	    "<user>bob</user><password>***</password><n>1</n>");
	assert_masked("task a", "body",
	    "<wsse:Password Type=\"text\">S&amp;C</wsse:Password>",
	    "<wsse:Password Type=\"text\">***</wsse:Password>");
	assert_masked("task a", "body",
	    "<token><![CDATA[a</b]]></token><token/><n>1</n>",
	    "<token><![CDATA[***]]></token><token/><n>1</n>");
	assert_masked("task a", "body", "<pin>${pin}</pin><pin></pin>",
	    "<pin>${pin}</pin><pin></pin>");
}

static void secrets_of_shells_are_masked(void **state)
{
	(void)state;
	assert_masked(
	    "hook h", "run", "TOKEN=$(echo SEC) ./run", "TOKEN=*** ./run");
	assert_masked("hook h", "run", "TOKEN=$(echo $(echo SEC) x)y ./run",
	    "TOKEN=*** ./run");
	assert_masked("hook h", "run", "TOKEN=\"$(echo \"SEC\")\" ./run",
	    "TOKEN=\"***\" ./run");
	assert_masked(
	    "hook h", "run", "TOKEN=`echo SEC` ./run", "TOKEN=*** ./run");
	assert_masked(
	    "hook h", "run", "curl -uadmin:SEC x", "curl -uadmin:*** x");
	assert_masked("hook h", "run", "curl --user=admin:SEC x",
	    "curl --user=admin:*** x");
	assert_masked("hook h", "run",
	    "curl --user=admin:SEC --proxy-user 'a:b'",
	    "curl --user=admin:*** --proxy-user 'a:***'");
	assert_masked("hook h", "run", "curl -b \"sid=SEC\" -b jar -bsid=SEC x",
	    "curl -b \"***\" -b jar -b*** x");
	assert_masked("hook h", "run", "[ \"$TOKEN\" != SEC ] && exit 1",
	    "[ \"$TOKEN\" != *** ] && exit 1");
}

static void what_looks_like_a_key_needs_no_name(void **state)
{
	(void)state;
	assert_masked(
	    "vars", "x", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "***");
	assert_url(
	    "/a/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln?b=1", "/a/***?b=1");
	assert_url("/a?b=%3DeyJhbGciOiJIUzI1NiJ9.eyJzdWIi", "/a?b=%3D***");
	assert_url("/eyJ/heyJhbGciOiJIUzI1NiJ9", "/eyJ/heyJhbGciOiJIUzI1NiJ9");
	assert_masked("vars", "pem",
	    "a\n-----BEGIN RSA PRIVATE KEY-----\nSEC\n"
	    "-----END RSA PRIVATE KEY-----\nb",
	    "a\n***\nb");
	assert_masked("vars", "pem", "-----BEGIN PRIVATE KEY-----\nSEC", "***");
	assert_masked("vars", "pem", "-----BEGIN CERTIFICATE-----\nabc",
	    "-----BEGIN CERTIFICATE-----\nabc");
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
	    cmocka_unit_test(
		names_that_only_contain_a_word_are_none_of_secrets),
	    cmocka_unit_test(names_have_parts),
	    cmocka_unit_test(a_sentence_keeps_its_marks),
	    cmocka_unit_test(parameters_in_other_places_are_masked),
	    cmocka_unit_test(
		what_captures_and_conditions_fall_back_to_is_masked),
	    cmocka_unit_test(elements_of_xml_are_masked_by_their_names),
	    cmocka_unit_test(secrets_of_shells_are_masked),
	    cmocka_unit_test(what_looks_like_a_key_needs_no_name),
	    cmocka_unit_test(a_value_that_never_ends_is_read_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
