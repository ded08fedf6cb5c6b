"""What is told of stages, rates and the warm-up: by --check, before a run,
while it runs, in the history and at the end."""

import re

import pytest

STAGED = """
[load]
host = {url}
stages = 1s:10, 1s:10 steady, 1s:0
wait = pace 100ms
report_interval = 500ms
workers = 2
[task it]
get = /
"""

RATED = """
[load]
host = {url}
rate = 100/s
run_time = 2s
report_interval = 500ms
workers = 2
{more}
[task it]
get = {path}
"""


def check(run, text, *args):
    done = run(text, "--check", *args)
    assert done.err == ""
    assert done.status == 0
    return done


def stages_foretold(done):
    """name -> tasks."""
    table = done.out.split("\nStages")[1].split("\n\n")[0]
    rows = re.findall(r"^  (\S+) .* ([\d,]+) +([\d,]+)$", table, re.M)
    return {name: int(tasks.replace(",", "")) for name, tasks, _ in rows}


def test_stages_that_are_foretold_come_to_pass(run, nginx):
    text = STAGED.format(url=nginx.url)
    tasks = stages_foretold(check(run, text))
    assert list(tasks) == ["1", "steady", "3"]
    done = run(text).check(stages=True)
    assert done.status == 0
    assert abs(sum(tasks.values()) - done.requests) <= 0.1 * done.requests
    assert "plan.ini: up to 10 users in 3 stages, 3s, " in done.err
    assert ("\n  0 to 10 users in 1s, 10 for 1s (steady), down to 0 in 1s\n"
            in done.err)
    assert "up to 10 users in 3 stages on 2 workers" in done.out
    for stage in ["1/3   ", "steady", "3/3   "]:
        assert re.search(rf"^ +\S+  stage {stage}  users ", done.err, re.M)
    history = done.table("stats_history")
    assert [row["Stage"] for row in history] == sorted(
        (row["Stage"] for row in history), key=["1", "steady", "3"].index)
    assert {row["Stage"] for row in history} == {"1", "steady", "3"}
    assert {row["Intended/s"] for row in history} == {""}
    assert {row["Stage"] for row in done.table("workers")} == {
        "1", "steady", "3"}


def test_a_rate_that_is_foretold_comes_to_pass(run, nginx):
    text = RATED.format(url=nginx.url, path="/", more="")
    foretold = check(run, text)
    assert "100 tasks a second, evenly spaced: 200 are due" in foretold.out
    done = run(text).check()
    assert (done.status, done.requests) == (0, 200)
    assert "plan.ini: 100 tasks a second, at most 100 users, 2s, " in done.err
    assert re.search(r"  tasks \d+\.\d+ of 100\.0/s  ", done.err)
    assert re.search(
        r"^  200 tasks were due: 200 started, .* none dropped", done.out, re.M)
    for row in done.table("stats_history")[:3]:
        assert float(row["Intended/s"]) == pytest.approx(100, abs=0.5)
        assert row["Stage"] == ""


@pytest.mark.parametrize("late", ["queue", "drop"])
def test_a_pool_that_is_too_small_is_told_before_and_after(run, target, late):
    text = RATED.format(url=target.url, path="/delay/100",
                        more=f"max_users = 2\nlate = {late}")
    foretold = check(run, text)
    answers = foretold.out.split("Answers take")[1]
    assert re.search(r"^  100ms +10 +100\.0 +200$", answers, re.M)
    assert "where more than 2 users are needed, tasks " + {
        "queue": "start late", "drop": "are dropped"}[late] in answers
    done = run(text).check()
    out = " ".join(done.out.split())
    found = re.search(r"200 tasks were due: (\d+) started, .* (\d+) dropped",
                      out)
    assert found, done.out
    started, dropped = map(int, found.groups())
    assert started + dropped == 200
    assert started == done.requests
    assert dropped > 100
    assert re.search(r"for \d+ of 200 tasks that were due none of (their "
                     "worker's part of )?the 2 users was free: the server "
                     "answered too slowly for this rate, or max_users is too "
                     "low ", out)
    assert done.out.splitlines()[-1].endswith(
        f"; {dropped} of 200 tasks "
        + {"queue": "never started", "drop": "dropped"}[late])
    assert "dropped in all" in done.err


def test_the_warm_up_is_told_and_left_out(run, nginx):
    text = RATED.format(url=nginx.url, path="/", more="warmup = 1s")
    assert "what begins in the first 1s stays out" in check(run, text).out
    done = run(text).check()
    assert done.status == 0
    assert re.search(r" warm-up: \d+ requests, 0 failed$", done.err, re.M)
    found = re.search(
        "the warm-up of 1s is left out: ([0-9]+) requests, none failed",
        done.out)
    assert found, done.out
    assert int(found.group(1)) + done.requests == 200
    assert done.books()[0] == 200
    assert abs(done.requests - 100) <= 10


def test_the_command_line_takes_the_place_of_stages(run, nginx):
    text = STAGED.format(url=nginx.url)
    done = run(text, "--check", "-u", 5)
    assert done.status == 0
    assert done.err == (
        "--users: warning: it replaces the stages of line 4; the run takes "
        "as long as they would\n")
    assert "users         5, started at 1/s" in done.out
    cut = check(run, text, "-t", "1500ms")
    assert "  the run ends before the other stages\n" in cut.out
    held = check(run, text, "-t", "10s")
    assert re.search(r"^  then +3s +10s +0 +0 +0$", held.out, re.M)
