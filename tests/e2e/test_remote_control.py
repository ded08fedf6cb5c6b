"""Signals, keys, hooks and the other ways to run a plan, with hosts."""

import collections
import json
import os
import re
import signal
import threading
import time

import pytest

import terminal
from servers import wait_for

ECHO_S = 0.3  # a signal that comes twice within less counts once
LONG = "run_time = 120s\nwait = 10ms"
SOON = ("-D", "load.report_interval=200ms", "-w", 1)


@pytest.fixture
def going(nginx, plan, start_remote):
    def begin(names, *args, load=LONG, steps=("get = /w${worker}",), rest="",
              wanted=None, **options):
        process = start_remote(
            plan(nginx.url, *steps, load=load, rest=rest), names, "-u", 4,
            *SOON, *args, **options)
        wait_for("requests of all", lambda: len(
            {hit.uri for hit in nginx.log()})
            >= (wanted or len(names.split(","))))
        return process
    return begin


# --- signals -----------------------------------------------------------------

@pytest.mark.parametrize("names", ["a,b", "gate(n1,n2),."])
@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_on_all_hosts(
        nginx, going, names, number, status):
    process = going(names)
    process.signal(number)
    done = process.finish().check()
    assert done.status == status, done.said
    assert len(nginx.log()) == done.requests
    assert "every worker's own account agrees" in done.out


def hanging(recorder):
    """A server that answers `/slow` when the test is over."""
    over = threading.Event()

    def reply(sent):
        if sent.uri == "/slow":
            over.wait(60)
        return 200, [], b"ok\n"
    recorder.reply = reply
    return over


def test_a_second_signal_leaves_at_once_and_counts_what_was_cut_off(
        recorder, plan, start_remote):
    over = hanging(recorder)
    process = start_remote(plan(
        recorder.url, "get = /fast", "get = /slow",
        load="run_time = 120s\nstop_timeout = 60s"), "a,b", "-u", 4, *SOON)
    wait_for("slow requests", lambda: sum(
        sent.uri == "/slow" for sent in recorder.sent) == 4)
    process.signal(signal.SIGINT)
    time.sleep(ECHO_S)
    process.signal(signal.SIGINT)
    done = process.finish(20).check()
    over.set()
    assert done.status == 130, done.said
    assert done.books() == (8, 4, 0, 4)


def test_a_third_signal_waits_for_nothing(
        recorder, plan, hosts, start_remote):
    """One host is stopped, and would be waited for."""
    over = hanging(recorder)
    process = start_remote(plan(
        recorder.url, "get = /slow", load="run_time = 120s"), "a,b", "-u", 2,
        *SOON)
    wait_for("slow requests", lambda: len(recorder.sent) == 2)
    os.kill(hosts.agent("b"), signal.SIGSTOP)
    for _ in range(3):
        process.signal(signal.SIGINT)
        time.sleep(ECHO_S)
    done = process.finish(20)
    over.set()
    assert done.status == 130, done.said


def test_usr1_shows_the_table_of_all_hosts(nginx, going):
    process = going("a,gate(n1,n2)", "-D", "load.report_interval=60s",
                    wanted=3)
    process.signal(signal.SIGUSR1)
    wait_for("the table", lambda: "Aggregated" in process.words())
    process.signal(signal.SIGTERM)
    done = process.finish().check()
    assert done.status == 143, done.said
    assert len(nginx.log()) == done.requests


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_hosts_are_there_ends_it(
        nginx, plan, start_remote, hosts, number):
    process = start_remote(
        plan(nginx.url, "get = /x"), "a,never", rsh=hosts.fake(
            never="sleep 600"))
    hosts.agent("a")
    process.signal(number)
    done = process.finish(20)
    assert done.status == 128 + number, done.said
    assert nginx.log() == []


# --- keys --------------------------------------------------------------------

def test_keys_change_the_users_of_all_hosts(
        nginx, plan, closing, hosts, start):
    screen = closing(terminal.Terminal())
    process = start(
        plan(nginx.url, "get = /u${user}", load=LONG),
        *hosts.words("a,b*3"), "-u", 4, "-w", 1, "-D",
        "load.report_interval=100ms", env=hosts.environment(),
        **screen.streams())
    screen.wait_for_keys()
    screen.wait_for("users 4 ")
    screen.type("W")
    screen.wait_for("10 users more (now 14)")
    screen.wait_for("users 14 ")
    screen.type("ss")
    screen.wait_for("users 12 ")
    screen.type("q")
    assert screen.wait(process) == 0, screen.text
    assert len({hit.uri for hit in nginx.log()}) == 14


# --- hooks -------------------------------------------------------------------

def hook(name, on, where, run, *keys):
    return "\n".join([f"[hook {name}]", f"on = {on}", f"where = {where}",
                      f"run = {run}", *keys, ""])


def notes(place, pattern):
    found = collections.Counter()
    for path in place.glob(pattern):
        found.update(path.read_text().splitlines())
    return found


def test_hooks_run_where_they_are_meant_to(
        nginx, plan, hosts, run_remote):
    names = ["test_start", "test_stop", "exit", "user_start", "request",
             "paid"]
    rest = "".join(
        hook(f"{where} {name}", name, where,
             f'echo "$LOADGEN_EVENT $LOADGEN_ROLE" >>"$HOME/{where}-events"')
        for name in names for where in ["host", "worker"]
        if not (where == "worker" and name in ("test_start", "exit")))
    done = run_remote(plan(
        nginx.url, "get = /x", "emit = paid", load="iterations = 12",
        rest=rest), "a,b", "-u", 4, "-w", 2).check()
    assert done.status == 0, done.said
    for host in "ab":
        found = notes(hosts.folder / host, "host-events")
        assert [found[f"{name} {role}"] for name, role in [
            ("test_start", "host"), ("test_stop", "host"), ("exit", "host")]
            ] == [1, 1, 1], found
        for path in (hosts.folder / host).glob("*-events"):
            path.unlink()


def test_parent_hooks_hear_of_all_hosts(nginx, plan, hosts, run_remote):
    done = run_remote(plan(
        nginx.url, "get = /x", "emit = paid", load="iterations = 12",
        rest=hook("p", "paid", "parent", "echo paid >>events")
        + hook("u", "worker_up", "parent",
               'echo "$LOADGEN_NUMBER $LOADGEN_ON_HOST" >>up')),
        "a,gate(n1,n2)", "-u", 4, "-w", 2).check()
    assert done.status == 0, done.said
    assert notes(done.folder, "events") == {"paid": 12}
    assert notes(done.folder, "up") == {
        "0 a": 1, "1 a": 1, "2 n1": 1, "3 n1": 1, "4 n2": 1, "5 n2": 1}


def test_a_start_hook_that_fails_on_a_host_ends_the_run_before_it_began(
        nginx, plan, hosts, run_remote):
    done = run_remote(plan(
        nginx.url, "get = /x", rest=hook(
            "check", "test_start", "host",
            'case $HOME in */b) echo no disk >&2; exit 9;; esac')),
        "a,b", "-u", 4, "-w", 1)
    assert done.status == 3, done.said
    text = " ".join(done.said.split())
    assert re.search("host b: .*check.*status 9", text), done.said
    assert "no disk" in text
    assert nginx.log() == []


def test_values_of_start_hooks_reach_the_hosts(recorder, plan, run_remote):
    """Those of the parent all of them, those of a host its own users."""
    done = run_remote(plan(
        recorder.url, "get = /${token}/${own}", load="iterations = 4",
        rest=hook("p", "test_start", "parent", "echo token=t1")
        + hook("h", "test_start", "host", 'echo own=${HOME##*/}')),
        "a,b", "-u", 4, "-w", 1).check()
    assert done.status == 0, done.said
    assert {sent.uri for sent in recorder.sent} == {"/t1/a", "/t1/b"}


def test_a_host_whose_start_hook_gives_no_value_is_lost(
        recorder, plan, run_remote):
    done = run_remote(plan(
        recorder.url, "get = /${own}", load="iterations = 4",
        rest=hook("h", "test_start", "host", '[ ${HOME##*/} = b ] || echo own='
                  '${HOME##*/}')), "a,b", "-u", 4, "-w", 1).check()
    assert done.status == 3, done.said
    assert "${own}: no hook on test_start printed own=VALUE" in " ".join(
        done.said.split())
    assert {sent.uri for sent in recorder.sent} == {"/a"}


# --- other ways to run a plan ------------------------------------------------

def test_check_tells_of_hosts_and_reaches_none(
        nginx, plan, hosts, start):
    done = start(plan(nginx.url, "get = /x"),
                 *hosts.words("a,b*3", rsh="/nowhere/ssh"), "--check").finish()
    assert done.status == 0, done.said
    assert re.search(r"\ba\b", done.out) and "75" in done.out
    assert nginx.log() == []


def test_once_runs_here(nginx, plan, hosts, start):
    done = start(plan(nginx.url, "get = /x"),
                 *hosts.words("a,b", rsh="/nowhere/ssh"), "--once").finish()
    assert done.status == 0, done.said
    assert len(nginx.log()) == 1
    told = "warning: --once plays on this machine, not on its hosts"
    assert told in done.err
    done = start(plan(nginx.url, "get = /x", rest="[remote]\nhosts = a"),
                 "--once", "--remote", "none").finish()
    assert told not in done.err


def test_a_search_is_played_by_hosts(nginx, plan, run_remote):
    done = run_remote(plan(
        nginx.url, "get = /w${worker}", load="users = 1",
        rest="[thresholds]\nfail_ratio = < 1%\np95 = < 1us"),
        "a,b", "-w", 1, "--find",
        "-u", 8, "-t", "300ms", "-D", "load.report_interval=100ms")
    assert done.status in (0, 1), done.said
    assert {hit.uri for hit in nginx.log()} == {"/w0", "/w1"}
    assert ", on 2 hosts" in done.err.split("\n")[0], done.err


def test_the_machine_itself_can_be_a_host(nginx, plan, hosts, run_remote):
    done = run_remote(plan(
        nginx.url, "get = /w${worker}", load="iterations = 30"),
        ".,a*2", "-u", 3, "-w", 1).check()
    assert done.status == 0, done.said
    sent = collections.Counter(hit.uri for hit in nginx.log())
    assert sent == {"/w0": 10, "/w1": 20}
    assert not (hosts.folder / ".pids").exists()


def test_a_tree_of_two_levels_is_one_run(nginx, plan, hosts, run_remote):
    done = run_remote(plan(
        nginx.url, "get = /w${worker}/u${user}",
        load="iterations = 60\nwait = 10ms"),
        "top(mid(n1,n2*2),n3),a", "-u", 10, "-w", 1, "--json", "out.json"
        ).check()
    assert done.status == 0, done.said
    sent = [hit.uri for hit in nginx.log()]
    assert len(sent) == done.requests == 60
    pairs = {tuple(uri.split("/")[1:]) for uri in sent}
    assert len({user for _, user in pairs}) == len(pairs) == 10
    hosts_said = {row["Host"] for row in done.table("workers")}
    assert hosts_said <= {"n1", "n2", "n3", "a"}
    by_worker = collections.Counter(uri.split("/")[1] for uri in sent)
    # n1, n2, n3 and a have 1, 2, 1 and 1 shares
    assert [by_worker[f"w{i}"] for i in range(4)] == [12, 24, 12, 12]
    assert json.loads((done.folder / "out.json").read_text())


def test_no_more_hosts_are_called_at_once_than_allowed(
        nginx, plan, hosts, run_remote):
    rsh = hosts.rsh(before="echo + >>{0}/calls; sleep 0.2".format(
        hosts.folder), how="echo - >>{0}/calls; exec".format(hosts.folder))
    done = run_remote(plan(nginx.url, "get = /x", load="iterations = 6"),
                      "a,b,c,d,e,f", "-u", 6, "-w", 1, "-D",
                      "remote.max_parallel=2", rsh=rsh).check()
    assert done.status == 0, done.said
    most = now = 0
    for mark in (hosts.folder / "calls").read_text().split():
        now += 1 if mark == "+" else -1
        most = max(most, now)
    assert most <= 2
