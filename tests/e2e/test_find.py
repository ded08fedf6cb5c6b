"""--find: the highest load at which all thresholds hold."""

import csv
import io
import re
import signal

import pytest

from runner import ON_HOSTS
from servers import wait_for

THRESHOLDS = "[thresholds]\nfail_ratio = < 1%\np95 = < 100ms\n"
HOOK = "[hook h]\non = test_start\nrun = echo x >> heard\n"


def found(run):
    """The load of the answer, which is the last line."""
    line = run.out.rstrip("\n").split("\n")[-1]
    match = re.match(r"The highest (rate|number of users) at which (all "
                     r"thresholds hold|the threshold holds): (?:at least )?"
                     r"([\d,.]+)", line)
    assert match, run.said
    return float(match.group(3).replace(",", ""))


def found_at_least(run):
    match = re.search(r"holds?: at least ([\d,]+) ", run.out)
    assert match, run.said
    return int(match.group(1).replace(",", ""))


def steps(run):
    """The rows of PREFIX_find.csv."""
    data = run.path("find").read_bytes().decode()
    assert data.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(data, newline=""), strict=True))


def test_the_rate_of_a_limited_server_is_found_within_five_percent(
        run, plan, target):
    done = run(plan(target.url, "get = /limit/300",
                    load="rate = 200/s\nrun_time = 2s", rest=THRESHOLDS)
               .replace("spawn_rate = 1000\n", ""), "--find")
    assert done.status == 0, done.said
    assert 285 <= found(done) <= 315, done.said
    rows = steps(done)
    assert float(rows[0]["Rate"]) == 200
    assert [row["Holds"] for row in rows[:2]] == ["yes", "no"]
    assert "does not hold: " in done.out
    assert len(done.err.splitlines()) == 1 + len(rows), done.err
    assert {p.name for p in done.folder.glob("out_*")} == {"out_find.csv"}


def test_users_are_found_where_the_plan_has_no_rate(run, plan, target):
    """Each of n users waits for n answers of 5 ms."""
    done = run(plan(target.url, "get = /limit/200",
                    load="users = 10\nrun_time = 1s",
                    rest="[thresholds]\nfail_ratio = < 1%\n"
                         "p95 = < 62ms\n"),
               "--find", "-q", "--csv", "none")
    assert done.status == 0, done.said
    assert 9 <= found(done) <= 13, done.said
    assert done.err == ""
    assert list(done.folder.glob("*.csv")) == []


def test_when_not_even_one_user_holds_it_says_why(run, plan, target):
    done = run(plan(target.url, "get = /status/500",
                    load="users = 1\nrun_time = 1s\nwait = 10ms",
                    rest=THRESHOLDS), "--find")
    assert done.status == 1, done.said
    assert "Nothing holds, not even 1 user: " in done.out
    assert "step 1: 1 user: does not hold" in done.err
    assert "fail_ratio 100 %, wanted < 1%" in done.out
    assert "GET /status/500" in done.out.split("most failures: ")[1]
    assert {row["Holds"] for row in steps(done)} == {"no"}


def test_a_load_beyond_the_machine_is_a_bound_and_no_answer(
        run, plan, target):
    done = run(plan(target.url, "get = /delay/1",
                    load="users = 100\nrun_time = 1s\nwait = 50ms\n"
                         "workers = 1",
                    rest="[thresholds]\nfail_ratio = < 1%\n"),
               "--find", wrap=("prlimit", "--nofile=300:300"))
    there, where = (("there ", "the hosts") if ON_HOSTS
                    else ("", "this machine"))
    assert done.status == 0, done.said
    assert "from 100 users on, 1s a step" in done.err
    assert f"the limit {there}is 300: raise it with ulimit -n" in done.err
    assert f"400 users are too many for {where}\n" in done.err
    assert done.out.rstrip("\n").endswith(
        f" users are too many for {where})"), done.said
    tried = [float(row["Users"]) for row in steps(done)]
    assert found_at_least(done) == tried[-1] > 200, done.said


def test_thresholds_on_how_much_load_there_is_are_left_out(
        run, plan, target):
    """At 50/s no second has 10,000 requests."""
    done = run(plan(target.url, "get = /limit/80",
                    load="rate = 50/s\nrun_time = 1s",
                    rest=THRESHOLDS + "rps = >= 10000\n")
               .replace("spawn_rate = 1000\n", ""), "--find")
    assert done.status == 0, done.said
    assert done.err.count("rps = >= 10000: --find leaves it out: ") == 1
    assert "10000" not in done.out
    assert found(done) >= 50, done.said


def test_a_plan_from_standard_input_is_played_in_each_step(
        run, plan, target, tmp_path):
    text = tmp_path / "plan"
    text.write_text(plan(
        target.url, "get = /status/500",
        load="users = 2\nrun_time = 1s\nwait = 10ms",
        rest=THRESHOLDS + HOOK))
    with open(text) as stdin:
        done = run(None, "-", "--find", stdin=stdin)
    assert done.status == 1, done.said
    assert [row["Users"] for row in steps(done)][-1] == "1"
    assert (done.folder / "heard").read_text() == "x\n" * len(steps(done))


@pytest.mark.parametrize("load, rest, words", [
    ("rate = 5/s", "", "no thresholds"),
    ("stages = 10s:5", THRESHOLDS, "stages: --find plays steps of its own"),
])
def test_a_plan_that_cannot_be_searched_is_refused(
        run, plan, target, load, rest, words):
    done = run(plan(target.url, "get = /limit/9", load=load, rest=rest)
               .replace("spawn_rate = 1000\n", ""), "--find")
    assert (done.status, done.out) == (2, "")
    assert words in done.err
    assert target.count("GET", "/limit/RATE") == 0


def test_other_loads_are_compared_with_no_baseline(run, plan, target):
    first = run(plan(target.url, "get = /limit/900"), "--json", "base.json")
    text = plan(target.url, "get = /limit/900", load="rate = 5/s",
                rest="[thresholds]\nregression = < 10%").replace(
                    "spawn_rate = 1000\n", "")
    done = run(text, "--find", "--baseline", first.folder / "base.json")
    assert (done.status, done.out) == (2, "")
    assert "--find plays other loads than the baseline had" in done.err


@pytest.mark.parametrize("other", ["--check", "--once"])
def test_find_goes_with_no_other_way_to_play(run, plan, target, other):
    done = run(plan(target.url, "get = /limit/9", rest=THRESHOLDS),
               "--find", other)
    assert (done.status, done.out) == (2, "")
    assert f"{other} and --find: " in done.err
    assert target.count("GET", "/limit/RATE") == 0


def test_setup_that_fails_ends_the_search(run, plan, target):
    done = run(plan(target.url, "get = /limit/9",
                    load="users = 1\nrun_time = 1s\nsetup = before",
                    rest="[task before]\nget = /status/500\n" + THRESHOLDS),
               "--find")
    assert done.status == 3, done.said
    assert "NOT STARTED" in done.err
    assert "setup" in done.err


@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_search_with_what_is_known(
        start, plan, target, number, status):
    process = start(plan(target.url, "get = /delay/1",
                         load="users = 1\nrun_time = 1s\nwait = 10ms",
                         rest=THRESHOLDS), "--find")
    wait_for("the first step", lambda: "step 1: " in process.words())
    process.signal(number)
    done = process.finish()
    assert done.status == status, done.said
    assert found_at_least(done) >= 1
    assert steps(done)[0]["Holds"] == "yes"
