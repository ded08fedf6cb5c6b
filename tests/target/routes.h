/* The answers that the table of routes names. */
#ifndef TESTS_TARGET_ROUTES_H
#define TESTS_TARGET_ROUTES_H

#include "tests/target/target.h"

/* world.c: what looks like a service */
answer_function answer_resources, answer_resource, answer_new_thing,
    answer_thing, answer_login, answer_me, answer_form, answer_posted_form,
    answer_page;

/* odd.c: what does one thing, often a bad one */
answer_function answer_delay, answer_limit, answer_status, answer_flaky,
    answer_bytes, answer_redirect, answer_redirect_loop, answer_redirect_to,
    answer_echo, answer_headers, answer_upload, answer_gzip, answer_drip,
    answer_endless, answer_stall, answer_reset, answer_close;

#endif
