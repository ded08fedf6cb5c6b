"""setup and teardown: once, before and after everything, whatever happens."""

import re
import signal

import pytest

import servers
from test_hooks import hook


def test_setup_is_for_everyone_and_teardown_comes_last(run, recorder):
    recorder.reply = lambda sent: (200, [], b'{"token": "T"}')
    done = run(f"""
[load]
host = {recorder.url}
users = 4
spawn_rate = 1000
setup = begin
teardown = finish
[user u]
iterations = 2
[task begin]
post = /begin
capture.token = json /token
[task finish]
post = /finish?t=${{token}}
[task it]
get = /it?t=${{token}}
""", "-w", 2).check()
    assert done.status == 0, done.said
    uris = [sent.uri for sent in recorder.sent]
    assert uris == ["/begin"] + ["/it?t=T"] * 8 + ["/finish?t=T"]
    assert done.requests == 10


def around(nginx, plan, setup, teardown, load="iterations = 1", rest=""):
    return plan(
        nginx.url, "get = /it", load=f"{load}\nsetup = begin\n"
        "teardown = finish", rest=f"[task begin]\n{setup}\n"
        f"[task finish]\n{teardown}\n{rest}")


def test_nothing_is_sent_when_setup_fails(run, plan, nginx):
    done = run(around(nginx, plan, "get = /missing", "get = /finish",
                      load="users = 4")).check()
    assert done.status == 3, done.said
    assert [hit.uri for hit in nginx.log()] == ["/missing"]
    assert "setup failed: GET /missing: status: expected < 400" in done.out


def test_a_setup_that_fails_is_in_no_rate(run, plan, nginx):
    done = run(around(nginx, plan, "get = /missing", "get = /finish",
                      load="users = 4")).check()
    assert re.search(r"users +0 +- req/s .* 1 failed$", done.err, re.M)
    assert re.search(r"^GET +/missing +1 +1 .* -$", done.out, re.M)
    row = done.table("stats_history")[-1]
    assert row["Requests/s"] == done.total["Requests/s"] == "0"


def test_a_run_without_a_worker_has_no_figures(run, plan, nginx):
    done = run(plan(nginx.url, "get = /"), "--remote", "a,b", "--rsh",
               "false").check()
    assert done.status == 3, done.said
    assert "req/s" not in done.err
    assert re.search(r"^plan.ini: 0 of 1 user on 2 hosts, http", done.out,
                     re.M)


@pytest.mark.parametrize("once", [(), ("--once",)], ids=["run", "once"])
def test_hooks_that_began_end_when_setup_fails_too(run, plan, nginx, once):
    done = run(around(
        nginx, plan, "get = /missing", "get = /finish",
        rest=hook("a", "test_start", "echo a >>order")
        + hook("b", "test_stop", "echo b >>order")), *once)
    assert done.status == 3, done.said
    assert (done.folder / "order").read_text() == "a\nb\n"


def test_a_failure_in_teardown_is_one_like_others(run, plan, nginx):
    done = run(around(nginx, plan, "get = /begin", "get = /missing")).check()
    assert done.status == 1, done.said
    assert done.requests == 3
    assert "teardown failed: GET /missing: status: expected < 400" in done.out


def stop_in_teardown(start, plan, nginx, *signals, apart_s=0.5):
    process = start(around(
        nginx, plan, "get = /begin",
        "get = /finishing\nsleep = 2s\nget = /finished",
        load="iterations = 1\nstop_timeout = 20s"))
    servers.wait_for("teardown", lambda: len(nginx.log()) == 3)
    for number in signals:
        process.signal(number)
        servers.time.sleep(apart_s)
    return process.finish(30)


def test_a_signal_lets_teardown_end(start, plan, nginx):
    done = stop_in_teardown(start, plan, nginx, signal.SIGINT).check()
    assert done.status == 130, done.said
    assert nginx.log()[-1].uri == "/finished"


def test_the_echo_of_a_signal_lets_teardown_end(start, plan, nginx):
    done = stop_in_teardown(
        start, plan, nginx, signal.SIGINT, signal.SIGINT,
        apart_s=0.05).check()
    assert done.status == 130, done.said
    assert nginx.log()[-1].uri == "/finished"


def test_a_second_signal_ends_teardown_at_once(start, plan, nginx):
    done = stop_in_teardown(
        start, plan, nginx, signal.SIGTERM, signal.SIGTERM)
    assert done.status == 143, done.said
    assert nginx.log()[-1].uri == "/finishing"


def test_a_signal_ends_setup_and_nothing_else_is_sent(start, plan, nginx):
    process = start(around(
        nginx, plan, "get = /begin\nsleep = 60s", "get = /finish",
        load="iterations = 1\nstop_timeout = 1s"))
    servers.wait_for("setup", nginx.log)
    process.signal(signal.SIGINT)
    done = process.finish(30).check()
    assert done.status == 130, done.said
    assert [hit.uri for hit in nginx.log()] == ["/begin"]


def test_what_a_hook_on_exit_did_wrong_is_told_last(run, plan, nginx):
    done = run(plan(nginx.url, "get = /x",
                    rest=hook("e", "exit", "exit 7")))
    assert done.status == 0, done.said
    assert "hook e: exited with status 7" in done.err
