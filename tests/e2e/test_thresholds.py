"""Thresholds decide whether a run has passed, and may end it."""

import pytest

FLAKY = "get = /flaky/10"  # every tenth answer is a 503
MANY = "iterations = 100\nusers = 4\nworkers = 2"


def last_line(done):
    return done.out.rstrip("\n").splitlines()[-1]


def test_a_run_passes_by_its_thresholds_though_requests_failed(
        target, run, plan):
    done = run(plan(target.url, FLAKY, load=MANY, rest="""
[thresholds]
fail_ratio = <= 10%
p99.9 = < 30s
requests = == 100
[thresholds GET /flaky/10]
failures = == 10""")).check()
    assert done.status == 0, done.said
    assert done.failed == 10
    assert last_line(done) == (
        "PASSED: all 4 thresholds hold, though 10 of 100 requests failed "
        "(10.00 %)")


def test_a_threshold_that_does_not_hold_fails_a_run_without_failures(
        target, run, plan):
    done = run(plan(target.url, "get = /delay/20", load=MANY, rest="""
[thresholds /delay/20]
min = < 1ms
max = < 30s""")).check()
    assert done.status == 1, done.said
    assert done.failed == 0
    assert last_line(done).startswith("FAILED: min of /delay/20 is ")
    assert last_line(done).endswith(
        "ms, not < 1ms; 100 requests, none failed")


@pytest.mark.parametrize("option", ["-q", "--only-summary"])
def test_the_table_is_in_every_summary(target, run, plan, option):
    done = run(plan(target.url, "get = /resources", rest="""
[thresholds]
requests = > 1
max = < 30s"""), option)
    assert done.status == 1
    table = done.out.split("\nThresholds\n")[1].split("\n\n")[0].splitlines()
    assert table[0].split() == ["of", "measure", "wanted", "value", "margin"]
    assert table[1].split() == (
        "FAILED all requests requests > 1 1 0 %".split())
    assert table[2].split()[:6] == "holds all requests max < 30s".split()
    assert len(table) == 3


def test_polls_and_transactions_have_thresholds(target, run, plan):
    done = run(plan(target.url, "transaction = both", "post = /things",
                    "capture.id = json /id", "poll = /things/${id}",
                    "until = json /status exists", "name = is there", rest="""
[thresholds both]
requests = == 1
fail_ratio = == 0%
[thresholds POLL is there]
max = < 30s
[thresholds GET /things/${id}]
requests = == 1""")).check()
    assert done.status == 0, done.said
    assert last_line(done).startswith("PASSED: all 4 thresholds hold; ")


def test_a_row_without_samples_fails_the_run(target, run, plan):
    done = run(plan(target.url, "get = /resources", "get = /me",
                    "when = ${user} == 0", rest="""
[thresholds /me]
fail_ratio = < 100%""")).check()
    assert done.status == 1, done.said
    assert last_line(done) == (
        "FAILED: fail_ratio of /me has no samples; 1 request, none failed")


def test_the_command_line_adds_a_threshold(target, run, plan):
    done = run(plan(target.url, "get = /resources"),
               "-D", "thresholds.p99.9=< 1us",
               "-D", "thresholds GET /resources.requests=== 1")
    assert done.status == 1, done.said
    assert last_line(done).startswith("FAILED: p99.9 is ")
    assert "holds   GET /resources  requests  == 1" in done.out


LONG = "run_time = 10m\nusers = 4\nworkers = 2\nreport_interval = 200ms\n" \
    "wait = 10ms"


def test_a_condition_ends_the_run_and_fails_it(target, run, plan):
    done = run(plan(target.url, "get = /status/500", "on_fail = continue",
                    "get = /resources", load=LONG, rest="""
[thresholds]
requests = > 1
[thresholds /status/500]
abort = fail_ratio > 90% for 500ms""")).check()
    assert done.status == 1, done.said
    assert last_line(done).startswith(
        "FAILED: ended by fail_ratio > 90% for 500ms "
        "(abort of [thresholds /status/500], line ")
    assert "; the threshold holds; " in last_line(done)
    assert "! the run ended after " in done.out
    assert len(done.table("stats_history")) >= 3  # intervals of 200 ms
    assert done.requests == sum(
        row["count"] for row in target.counts()["rows"]
        if row["route"] != "/counts")


def test_the_moment_behind_an_abort_is_no_live_line(target, run, plan):
    done = run(plan(target.url, "get = /status/500",
                    load=LONG.replace("200ms", "2s"), rest="""
[thresholds]
abort = fail_ratio > 90%""")).check()
    lines = [line for line in done.err.splitlines() if " req/s " in line]
    assert done.status == 1, done.said
    assert len(lines) == 1, done.err


def test_a_condition_that_is_not_true_ends_no_run(target, run, plan):
    done = run(plan(target.url, "get = /resources", load=MANY, rest="""
[thresholds]
abort = failures > 0
abort = max > 1m for 1h""")).check()
    assert done.status == 0, done.said
    assert last_line(done) == "PASSED: 100 requests, none failed"


def test_a_mistake_is_told_before_anything_is_sent(target, run, plan):
    done = run(plan(target.url, "get = /resources", rest="""
[thresholds GET /resource]
p95 = < 300
[thresholds @steady]
p95 = < 1s"""))
    assert done.status == 2
    assert [line.split(": ", 1)[1] for line in done.err.splitlines()] == [
        '[thresholds GET /resource]: no request, poll or transaction has '
        'that name: did you mean "GET /resources"?',
        'p95 "< 300": a time needs its unit: write 300ms',
        '[thresholds @steady]: there is no stage of that name: write '
        'stages = 5m:100 NAME in [load]']
    assert not [row for row in target.counts()["rows"]
                if row["route"] != "/counts"]
