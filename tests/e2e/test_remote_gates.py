"""Hosts behind hosts, and runs that are ended while those are on their way: who
leads to others says the same as they do, and is none of the lost."""

import os
import signal
import time

import pytest

import terminal
from remote import children
from servers import wait_for

SOON = ("-D", "load.report_interval=200ms", "-w", 1)
HOOK = """[hook h]
on = test_start
where = host
run = exit 3"""


def words(run):
    return " ".join(run.said.split())


def test_a_hook_that_fails_on_several_hosts_behind_one_is_told_once(
        nginx, plan, run_remote, hosts):
    """The way to the gate is so slow that all of them have said it by then."""
    done = run_remote(
        plan(nginx.url, "get = /", load="run_time = 500ms", rest=HOOK),
        "gate(a, b, c)", *SOON, "-u", 3,
        rsh=hosts.fake(gate=hosts.through("slow:0.4")))
    assert done.status == 3, done.said
    assert "NOT STARTED: host gate: hook h: exited with status 3" \
        in words(done)
    assert "lost" not in words(done) and "garbage" not in words(done)
    assert nginx.log() == []


@pytest.mark.parametrize("names", ["gate(late)", "gate(gate2(late))", "late"])
def test_a_run_that_is_ended_while_hosts_are_on_their_way_has_lost_none(
        nginx, plan, start_remote, hosts, names):
    reached = hosts.folder / "reached"
    process = start_remote(
        plan(nginx.url, "get = /", load="run_time = 60s"), names, *SOON,
        "-u", 3, rsh=hosts.fake(late=f"touch {reached}; sleep 60"))
    wait_for("the way to the host", reached.exists)
    began = time.monotonic()
    process.signal(signal.SIGINT)
    done = process.finish()
    assert time.monotonic() - began < 8
    assert done.status == 128 + signal.SIGINT, done.said
    assert "gate" not in words(done).split("STOPPED")[-1]
    assert "lost" not in words(done)
    assert "own account" not in words(done)
    assert nginx.log() == []


def test_who_does_not_leave_in_time_keeps_no_others_account_back(
        nginx, plan, start_remote, hosts):
    """One worker behind two gates is stopped: the counts of the other one are
    all there when all had to leave at once."""
    process = start_remote(
        plan(nginx.url, "get = /w${worker}",
             load="run_time = 60s\nwait = 10ms"), "gate(inner(a))",
        "-D", "load.report_interval=60s", "-w", 2, "-u", 2)
    wait_for("requests of both",
             lambda: len({hit.uri for hit in nginx.log()}) == 2)
    stopped = children(hosts.agent("a"))[1]
    os.kill(stopped, signal.SIGSTOP)
    process.signal(signal.SIGINT)
    time.sleep(0.3)
    process.signal(signal.SIGINT)
    done = process.finish()
    sent = [hit.uri for hit in nginx.log()]
    assert done.requests >= min(sent.count("/w0"), sent.count("/w1")) > 0


def test_a_key_ends_a_run_while_hosts_are_on_their_way(
        nginx, plan, start_remote, hosts, closing):
    screen = closing(terminal.Terminal())
    reached = hosts.folder / "reached"
    process = start_remote(
        plan(nginx.url, "get = /", load="run_time = 60s"), "here,late", *SOON,
        "-u", 3, rsh=hosts.fake(late=f"touch {reached}; sleep 60"),
        **screen.streams())
    wait_for("the way to the host", reached.exists)
    screen.wait_for_keys()
    screen.type("q")
    assert screen.wait(process) == 3
    assert "NOT STARTED: the key q was pressed" in screen.text
    assert "lost" not in screen.text
    assert nginx.log() == []


@pytest.mark.parametrize("names, called", [
    ("g1(.), g2(.)", ["g1", "g2"]), ("g1(x), g2(x)", ["g1/x", "g2/x"]),
    ("x, g(x, .)", ["x", "g/x", "g"])])
def test_hosts_that_would_be_called_the_same_are_told_apart(
        nginx, plan, run_remote, names, called):
    done = run_remote(plan(nginx.url, "get = /", load="run_time = 500ms"),
                      names, *SOON, "-u", 3)
    assert done.status == 0, done.said
    assert f"{len(called)} of {len(called)} hosts are ready" in done.err
    assert f"on {len(called)} hosts" in words(done)
    assert [line.split()[-1] for line in done.out.splitlines()
            if line[:1].isdigit()] == called
