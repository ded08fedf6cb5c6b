/*
 * The http room against a server of its own: what bounds a request, what is not
 * sent, and multipart bodies as they are sent. Runs from the top folder.
 */
#include "tests/unit/asking.h"

/* --- limits ------------------------------------------------------------- */

static void a_limit_ends_a_request_and_is_gone_for_the_next(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state, "get = /hang\ntimeout = 300ms\n");
	ask_within(&a, 0, 50 * US_PER_MS);
	r = next_result(&a);
	assert_string_equal(
	    r.error, "Timeout was reached: no complete answer within 50ms");
	assert_in_range(r.response_us, 45 * US_PER_MS, 280 * US_PER_MS);
	r = fetch(&a, 0);
	assert_string_equal(
	    r.error, "Timeout was reached: no complete answer within 300ms");
	assert_true(r.response_us >= 290 * US_PER_MS);
	asking_clear(&a);
}

static void a_limit_beyond_the_timeout_does_not_count(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state, "get = /hang\ntimeout = 60ms\n");
	ask_within(&a, 0, 5 * US_PER_S);
	r = next_result(&a);
	assert_string_equal(
	    r.error, "Timeout was reached: no complete answer within 60ms");
	asking_clear(&a);
}

static void a_limit_is_at_least_a_millisecond(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state, "get = /hang\n");
	ask_within(&a, 0, 1);
	r = next_result(&a);
	assert_non_null(r.error);
	assert_string_equal(
	    r.error, "Timeout was reached: no complete answer within 1ms");
	asking_clear(&a);
}

static void stand_still(long ms)
{
	const struct timespec moment = {.tv_nsec = ms * 1000000};

	nanosleep(&moment, NULL);
}

static void a_turn_that_takes_long_is_no_time_of_connecting(void **state)
{
	struct asking a;

	asking_init(&a, state, "get = /plain\nconnect_timeout = 20ms\n");
	for (size_t i = 0; i < 3; i++) {
		ask(&a, 0);
		stand_still(60);
		assert_null(next_result(&a).error);
	}
	assert_int_equal(http_counts(a.http)->connections, 1);
	asking_clear(&a);
}

/* As long as libcurl has not begun it, the handle tells of the one before. */
static void a_request_that_is_late_before_it_begins_has_no_answer(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state, "get = /once\n");
	assert_int_equal(fetch_well(&a, 0).status, 200);
	http_done(a.http);
	ask_within(&a, 0, 10 * US_PER_MS);
	stand_still(30);
	r = next_result(&a);
	assert_string_equal(
	    r.error, "Timeout was reached: no complete answer within 10ms");
	assert_int_equal(r.status, 0);
	assert_int_equal(r.phases & (1U << PHASE_FIRST_BYTE), 0);
	assert_null(http_header(&r, "Content-Length"));
	asking_clear(&a);
}

/* They all have the same handle. */
static void a_timeout_counts_from_each_request_and_not_from_the_first(
    void **state)
{
	uint64_t end_us = clock_us() + 600 * US_PER_MS;
	struct http_result r;
	struct asking a;

	asking_init(&a, state, "get = /chunked\ntimeout = 500ms\n");
	while (clock_us() < end_us)
		fetch_well(&a, 0);
	ask_within(&a, 0, US_PER_MS);
	r = next_result(&a);
	assert_string_equal(
	    r.error, "Timeout was reached: no complete answer within 1ms");
	fetch_well(&a, 0);
	asking_clear(&a);
}

static void a_request_that_took_too_long_can_still_be_dropped(void **state)
{
	uint64_t end_us = clock_us() + 30 * US_PER_MS;
	struct transfer *dropped;
	struct http_result r;
	struct asking a;

	asking_init(&a, state, "get = /hang\nget = /plain\n");
	ask_within(&a, 0, US_PER_MS);
	dropped = ask_within(&a, 0, US_PER_MS);
	ask_within(&a, 0, US_PER_MS);
	while (clock_us() < end_us)
		turn(&a);
	http_cancel(a.http, dropped);
	for (int i = 0; i < 2; i++) {
		assert_true(http_next(a.http, &r));
		assert_non_null(r.error);
	}
	assert_false(http_next(a.http, &r));
	fetch_well(&a, 1);
	asking_clear(&a);
}

/* --- what is not sent --------------------------------------------------- */

static void a_request_with_a_variable_without_a_value_is_not_sent(void **state)
{
	static const char error[] = "variable token has no value";
	struct http_result r;
	struct knowing k;

	knowing_load(&k, state,
	    "get = /u\n"
	    "post = /b\nbody = x\n"
	    "get = /h\nheader = A: b\n"
	    "post = /p\nmultipart = a=b\n"
	    "post = /n\nmultipart = a=b\n"
	    "get = /plain\n");
	put_template(&k, &request_at(&k.a, 0)->url, "/${token}");
	put_template(&k, &request_at(&k.a, 1)->body, "a${token}b");
	/* the first of several headers is the step's own */
	put_template(
	    &k, &request_at(&k.a, 2)->http.headers.at[0].value, "${token}");
	request_at(&k.a, 2)->headers.at[0].value =
	    request_at(&k.a, 2)->http.headers.at[0].value;
	put_template(&k, &request_at(&k.a, 3)->parts[0].value, "${token}");
	put_template(&k, &request_at(&k.a, 4)->parts[0].name, "${token}");
	asking_begin(&k.a);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 5; i++) {
			r = fetch(&k.a, i);
			assert_string_equal(r.error, error);
			assert_string_equal(k.a.env.missing, "token");
			assert_int_equal(r.status, 0);
			assert_null(http_header(&r, "Content-Length"));
			assert_null(http_cookie(&r, "token"));
		}
		r = fetch_well(&k.a, 5);
		assert_null(k.a.env.missing);
	}
	assert_int_equal(http_counts(k.a.http)->connections, 1);
	knowing_clear(&k);
}

/* The handle still knows the answer before. */
static void without_an_answer_there_is_nothing_to_look_at(void **state)
{
	struct http_result r;
	struct knowing k;

	knowing_load(&k, state, "get = /u\nmax_body = 1\n");
	request_at(&k.a, 0)->needs_body = true;
	put_template(&k, &request_at(&k.a, 0)->url, "/${evil}");
	asking_begin(&k.a);
	put_evil(&k, "cookies", 7);
	r = fetch_well(&k.a, 0);
	assert_string_equal(http_header(&r, "Content-Length"), "2");
	assert_string_equal(http_cookie(&r, "sid"), "deep");
	check_body(&r, "o");
	assert_true(r.body_is_cut);
	put_evil(&k, "a b", 3);
	r = fetch(&k.a, 0);
	assert_non_null(r.error);
	assert_null(http_header(&r, "Content-Length"));
	assert_null(http_cookie(&r, "sid"));
	check_body(&r, "");
	assert_false(r.body_is_cut);
	assert_false(http_next(k.a.http, &r));
	put_evil(&k, "hang", 4);
	ask_within(&k.a, 0, 30 * US_PER_MS);
	r = next_result(&k.a);
	assert_non_null(r.error);
	assert_null(http_header(&r, "Content-Length"));
	assert_null(http_cookie(&r, "sid"));
	check_body(&r, "");
	knowing_clear(&k);
}

static void an_error_of_one_request_is_not_that_of_the_next(void **state)
{
	struct http_result r;
	struct knowing k;

	knowing_load(&k, state, "get = /u\n");
	put_template(&k, &request_at(&k.a, 0)->url, "/${token}");
	asking_begin(&k.a);
	r = fetch(&k.a, 0);
	assert_string_equal(r.error, "variable token has no value");
	assert_true(r.is_unsent);
	http_cancel(k.a.http, ask(&k.a, 0));
	store_set(&k.own, k.v.n_slots, 1, "half", 4);
	r = fetch(&k.a, 0);
	assert_string_equal(r.error, "Transferred a partial file");
	assert_false(r.is_unsent);
	store_set(&k.own, k.v.n_slots, 1, "plain", 5);
	r = fetch_well(&k.a, 0);
	assert_int_equal(r.status, 200);
	knowing_clear(&k);
}

static void a_static_header_with_a_line_end_fails_beside_others(void **state)
{
	struct http_result r;
	struct asking a;

	setenv("EVIL", "a\r\nX-Smuggled: yes", 1);
	asking_init(&a, state,
	    "post = /echo\nheader = A: b\nbody = x\n"
	    "header = X-Mine: ${env EVIL}\n");
	for (int i = 0; i < 2; i++) {
		r = fetch(&a, 0);
		assert_string_equal(
		    r.error, "header has a line end or a zero byte in it");
	}
	assert_int_equal(http_counts(a.http)->connections, 0);
	asking_clear(&a);
}

/* --- multipart ---------------------------------------------------------- */

/* The boundary that the request's header tells; owned by the caller. */
static char *boundary_of(const struct http_result *r)
{
	static const char type[] =
	    "Content-Type: multipart/form-data; boundary=";
	const char *at = strstr(r->body, type);

	if (at == NULL)
		fail_msg("no boundary in\n%s", r->body);
	at += sizeof(type) - 1;
	return xstrndup(at, strcspn(at, "\r"));
}

/* The parts as written, each behind a line of two dashes and the boundary,
 * are all that stands behind the head. */
static void check_parts(
    const struct http_result *r, const char *const *parts, size_t n)
{
	const char *body = strstr(r->body, "\r\n\r\n");
	char *boundary = boundary_of(r);
	struct buf all;

	buf_init(&all, MAX_MESSAGE);
	for (size_t i = 0; i < n; i++)
		buf_printf(&all,
		    "--%s\r\nContent-Disposition: form-data; %s"
		    "\r\n",
		    boundary, parts[i]);
	buf_printf(&all, "--%s--\r\n", boundary);
	assert_non_null(body);
	assert_string_equal(body + 4, buf_text(&all));
	assert_int_equal(r->body + r->body_len - (body + 4), buf_len(&all));
	assert_null(strstr(r->body, "Expect:"));
	buf_clear(&all);
	free(boundary);
}

static void fields_are_sent_as_parts(void **state)
{
	static const char *const parts[] = {
	    "name=\"a b\"\r\n\r\nc & \"d\"=e",
	    "name=\"none\"\r\n\r\n",
	    "name=\"at\"\r\n\r\n@x",
	};
	struct http_result r;
	struct asking a;

	asking_init(&a, state,
	    "post = /echo\nmultipart = a b=c & \"d\"=e\n"
	    "multipart = none=\nmultipart = at=@@x\n");
	for (int i = 0; i < 3; i++) {
		r = fetch_well(&a, 0);
		check_parts(&r, parts, ARRAY_LEN(parts));
	}
	asking_clear(&a);
}

static void parts_that_change_are_made_for_each_request(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state,
	    "post = /echo\nmultipart = n=${iteration}\n"
	    "multipart = v${iteration}=x\n");
	for (unsigned i = 1; i < 6; i++) {
		char *first = xasprintf("name=\"n\"\r\n\r\n%u", i);
		char *second = xasprintf("name=\"v%u\"\r\n\r\nx", i);
		const char *const parts[] = {first, second};

		a.env.iteration = i;
		r = fetch_well(&a, 0);
		check_parts(&r, parts, 2);
		free(first);
		free(second);
	}
	asking_clear(&a);
}

/* A file with NULs in it: body.bin is "a", a NUL, "b". */
static void check_file(const struct http_result *r)
{
	static const char head[] =
	    "name=\"f\"; filename=\"body.bin\"\r\n"
	    "Content-Type: application/octet-stream\r\n\r\na";
	const char *at = strstr(r->body, head);

	assert_non_null(at);
	assert_memory_equal(at + sizeof(head) - 2, "a\0b\r\n--", 7);
}

static void a_file_is_sent_byte_by_byte_each_time(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state,
	    "post = /echo\nmultipart = f=@body.bin\nmultipart = x=y\n"
	    "post = /echo\nmultipart = f=@body.bin\nmultipart = x=${uuid}\n"
	    "put = /keep/\nmultipart = f=@body.bin\nmultipart = x=y\n"
	    "patch = /keep/\nmultipart = f=@body.bin\nmultipart = x=${uuid}\n");
	for (int i = 0; i < 3; i++) {
		for (size_t k = 0; k < 4; k++) {
			r = fetch_well(&a, k);
			assert_int_equal(r.status, 200);
			check_file(&r);
		}
		assert_true(body_has(&r, "PATCH /echo"));
	}
	asking_clear(&a);
}

static void a_large_file_is_sent_without_asking_leave(void **state)
{
	struct template *value;
	struct http_result r;
	struct asking a;
	const char *body;
	char *bytes = xcalloc(3 << 20, 1);

	for (size_t i = 0; i < 3 << 20; i++)
		bytes[i] = (char)('a' + i % 26);
	asking_load(&a, state,
	    "post = /echo\nmultipart = f=@body.bin\n"
	    "max_body = 4M\ntimeout = 10s\n");
	value = template_literal(bytes, 3 << 20);
	template_free(request_at(&a, 0)->parts[0].value);
	request_at(&a, 0)->parts[0].value = value;
	request_at(&a, 0)->needs_body = true;
	asking_begin(&a);
	for (int i = 0; i < 2; i++) {
		r = fetch_well(&a, 0);
		assert_null(strstr(r.body, "Expect"));
		body = strstr(r.body, "octet-stream\r\n\r\n");
		assert_non_null(body);
		assert_memory_equal(body + 16, bytes, 3 << 20);
		assert_true(r.response_us < US_PER_S * 9);
	}
	asking_clear(&a);
	free(bytes);
}

static void names_of_parts_and_files_smuggle_nothing(void **state)
{
	static const char evil[] = "a\"; x=\"y\r\nX-Evil: 1\r\n\r\nbody\r\n--b";
	static const char *const parts[] = {
	    "name=\"a%22; x=%22y%0D%0AX-Evil: 1%0D%0A%0D%0Abody%0D%0A--b\""
	    "\r\n\r\nvalue",
	    "name=\"f\"; filename=\"a%22%0D%0Ab.txt\"\r\n"
	    "Content-Type: text/plain\r\n\r\nx",
	};
	struct body_part *part;
	struct http_result r;
	struct knowing k;

	knowing_load(&k, state,
	    "post = /echo\nmultipart = a=value\n"
	    "multipart = f=@body.bin\n");
	request_at(&k.a, 0)->needs_body = true;
	part = request_at(&k.a, 0)->parts;
	put_template(&k, &part[0].name, "${evil}");
	put_template(&k, &part[1].value, "x");
	free(part[1].file_name);
	part[1].file_name = xstrdup("a\"\r\nb.txt");
	put_evil(&k, evil, sizeof(evil) - 1);
	asking_begin(&k.a);
	r = fetch_well(&k.a, 0);
	check_parts(&r, parts, ARRAY_LEN(parts));
	put_evil(&k, "a\0b", 3);
	r = fetch(&k.a, 0);
	assert_string_equal(r.error, "name of a part has a zero byte in it");
	knowing_clear(&k);
}

/* What follows on one connection is still understood by the server. */
static void values_of_parts_may_be_any_bytes(void **state)
{
	static const char evil[] = "\r\n\r\n--\r\nPOST /x HTTP/1.1\r\n\r\n\0z";
	struct http_result r;
	struct knowing k;
	const char *at;

	knowing_load(&k, state, "post = /echo\nmultipart = a=b\n");
	request_at(&k.a, 0)->needs_body = true;
	put_template(&k, &request_at(&k.a, 0)->parts[0].value, "${evil}");
	put_evil(&k, evil, sizeof(evil) - 1);
	asking_begin(&k.a);
	for (int i = 0; i < 3; i++) {
		r = fetch_well(&k.a, 0);
		at = strstr(r.body, "name=\"a\"\r\n\r\n");
		assert_non_null(at);
		assert_memory_equal(at + 12, evil, sizeof(evil) - 1);
	}
	assert_int_equal(http_counts(k.a.http)->connections, 1);
	knowing_clear(&k);
}

/* A handle whose request was sent again is set up anew. */
static void parts_are_sent_again_on_another_connection(void **state)
{
	struct http_result r;
	struct asking a;

	asking_init(&a, state,
	    "get = /plain\n"
	    "post = /fresh\nmultipart = f=@body.bin\nmultipart = x=y\n"
	    "put = /fresh\nmultipart = f=@body.bin\nmultipart = x=${uuid}\n");
	fetch_well(&a, 0);
	for (size_t i = 0; i < 6; i++) {
		r = fetch_well(&a, 1 + i % 2);
		assert_int_equal(r.resent, 1);
		check_file(&r);
	}
	asking_clear(&a);
}

/* More handles than are kept for one request. */
static void a_handle_goes_from_parts_to_another_request_and_back(void **state)
{
	enum { MANY = 80 };
	struct http_result r;
	struct asking a;

	asking_init(&a, state,
	    "post = /echo\nmultipart = f=@body.bin\nmultipart = x=y\n"
	    "get = /echo\n"
	    "put = /echo\nmultipart = f=@body.bin\nmultipart = x=${uuid}\n");
	for (int i = 0; i < MANY; i++)
		ask(&a, 0);
	for (int i = 0; i < MANY; i++) {
		r = next_result(&a);
		assert_null(r.error);
		check_file(&r);
	}
	for (int i = 0; i < 3; i++) {
		r = fetch_well(&a, 1);
		assert_true(body_has(&r, "GET /echo"));
		assert_false(body_has(&r, "Content-"));
		r = fetch_well(&a, 2);
		check_file(&r);
	}
	asking_clear(&a);
}

int main(void)
{
	const struct CMUnitTest bounds[] = {
	    cmocka_unit_test(a_limit_ends_a_request_and_is_gone_for_the_next),
	    cmocka_unit_test(a_limit_beyond_the_timeout_does_not_count),
	    cmocka_unit_test(a_limit_is_at_least_a_millisecond),
	    cmocka_unit_test(a_turn_that_takes_long_is_no_time_of_connecting),
	    cmocka_unit_test(
		a_request_that_is_late_before_it_begins_has_no_answer),
	    cmocka_unit_test(
		a_timeout_counts_from_each_request_and_not_from_the_first),
	    cmocka_unit_test(a_request_that_took_too_long_can_still_be_dropped),
	    cmocka_unit_test(
		a_request_with_a_variable_without_a_value_is_not_sent),
	    cmocka_unit_test(without_an_answer_there_is_nothing_to_look_at),
	    cmocka_unit_test(an_error_of_one_request_is_not_that_of_the_next),
	    cmocka_unit_test(
		a_static_header_with_a_line_end_fails_beside_others),
	};
	const struct CMUnitTest parts[] = {
	    cmocka_unit_test(fields_are_sent_as_parts),
	    cmocka_unit_test(parts_that_change_are_made_for_each_request),
	    cmocka_unit_test(a_file_is_sent_byte_by_byte_each_time),
	    cmocka_unit_test(a_large_file_is_sent_without_asking_leave),
	    cmocka_unit_test(names_of_parts_and_files_smuggle_nothing),
	    cmocka_unit_test(values_of_parts_may_be_any_bytes),
	    cmocka_unit_test(parts_are_sent_again_on_another_connection),
	    cmocka_unit_test(
		a_handle_goes_from_parts_to_another_request_and_back),
	};
	int failed = 0;

	failed += cmocka_run_group_tests_name(
	    "bounds", bounds, start_server, stop_server);
	failed += cmocka_run_group_tests_name(
	    "parts", parts, start_server, stop_server);
	return failed != 0;
}
