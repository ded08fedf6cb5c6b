"""Hosts that are not what they should be: each is named, with what it said,
the rest plays, and nothing hangs. Many of them are in one run, as each takes its
time."""

import re
import signal
import time

import pytest

from runner import PROGRAM
from servers import wait_for

SOON = ("-D", "load.report_interval=200ms", "-w", 1)
BRIEF = ("-D", "remote.connect_timeout=1s")


def words(run):
    return " ".join(run.said.split())


@pytest.fixture
def with_bad(nginx, plan, run_remote, hosts):
    """with_bad({host: lines}, {host: why}, *args) -> the run, in which host
    `good` played on and the others were lost, each for its reason."""
    def play(ways, reasons, *args, load="run_time = 1200ms\nwait = 10ms",
             **kinds):
        done = run_remote(
            plan(nginx.url, "get = /w${worker}", load=load),
            ",".join(["good", *ways]), *SOON, "-u", 2 + 2 * len(ways), *args,
            rsh=hosts.fake(**ways), **kinds).check()
        assert done.status == 3, done.said
        for host, why in reasons.items():
            assert re.search(rf"host {host} lost.*{why}", words(done)), \
                f"{host} {why}\n" + done.said
        sent = [hit.uri for hit in nginx.log()]
        assert sent.count("/w0") > 0
        assert done.requests <= len(sent)
        return done
    return play


# --- before they play --------------------------------------------------------

def test_hosts_that_cannot_be_reached_or_make_noise(with_bad):
    done = with_bad({
        "unknown": "echo no such host >&2; exit 255",
        "banner": "echo '*** Authorised users only ***'; cat >/dev/null",
        "half": "printf LGEN; head -c 1000 /dev/zero; cat >/dev/null",
        "flood": "head -c 5000000 /dev/zero; cat >/dev/null",
        "killed": "kill -9 $$",
        "nothing": "exit 0",
        "terminal": f"exec script -qec '{PROGRAM} --agent' /dev/null",
        "missing": "exec /nowhere/ssh",
        "deaf": "exec </dev/null >/dev/null; sleep 600",
        "painter": "printf '\\033[2J\\033]0;owned\\007 denied\\n' >&2; exit 1",
        "talker": "yes 'it went wrong' | head -c 3000000 >&2; exit 1",
    }, {
        "unknown": 'exited with status 255, saying "no such host"',
        "banner": r'greeted with "\*\*\* Auth.* at login\?',
        "half": 'greeted with "LGEN',
        "flood": r'greeted with "\\x00',
        "killed": "killed by SIGKILL",
        "terminal": 'greeted with "--agent: leave out -t',
        "nothing": "ended too early, with status 0",
        "missing": "exited with status 127, saying .*not found",
        "deaf": "closed its pipe",
        "painter": "denied",
        "talker": "it went wrong",
    })
    # nothing that a terminal would act upon, and not all of it
    assert "\x1b" not in done.said and "\x07" not in done.said
    assert len(done.out) < 20000


def test_hosts_of_other_versions_and_one_that_never_greets(with_bad, hosts):
    with_bad({
        "old": hosts.through("version:3"), "new": hosts.through("version:99"),
        "never": "sleep 600",
    }, {
        "old": "speaks version 3 of the messages",
        "new": "speaks version 99 of the messages",
        "never": "did not greet within 1s",
    }, *BRIEF)


def test_hosts_that_do_not_say_what_system_they_are(with_bad):
    with_bad({
        "never": "sleep 600", "banner": "echo welcome; cat >/dev/null",
        "endless": "printf %01024d 7; cat >/dev/null",
        "chatty": "echo loadgen-copy $(uname -sm); echo more; sleep 600",
        "hasty": 'echo "loadgen-copy $(uname -sm)\nmore"; sleep 600',
    }, {
        "never": "its shell did not answer within 1s",
        "endless": 'greeted with "0000',
        "chatty": 'said "more.* while loadgen was sent there',
        "hasty": 'said "more.* while loadgen was sent there',
        "banner": '"welcome".*does its shell print something at login',
    }, *BRIEF, "-D", "remote.copy=yes")


def test_whom_it_waits_for_is_said_where_that_takes_long(
        nginx, plan, run_remote, hosts):
    done = run_remote(
        plan(nginx.url, "get = /", load="run_time = 200ms"), "a,never",
        *SOON, "-D", "remote.connect_timeout=4s",
        rsh=hosts.fake(never="sleep 600"))
    assert done.status == 3, done.said
    assert "waiting for 1 of 2 hosts: never" in words(done)


def test_a_host_on_which_the_plan_does_not_fit_is_found_before_the_start(
        nginx, plan, run_remote, hosts):
    """The limit of open files there is lower."""
    done = run_remote(
        plan(nginx.url, "get = /w${worker}", load="run_time = 500ms"), "a,bad",
        *SOON, "-u", 400, rsh=hosts.fake(
            bad=f'ulimit -n 80; exec {hosts.rsh()} "$@"'))
    assert done.status == 3, done.said
    assert re.search("host bad: 200 users on one worker there may need .* "
                     "open files, the limit there is 80",
                     words(done)), done.said
    assert "gave no account" not in words(done)
    assert nginx.log() == []


# --- while they play ---------------------------------------------------------

def test_hosts_that_do_not_keep_to_the_messages(with_bad, hosts):
    reasons = {
        "cut": "ended too early, with status 0",
        "noise": "sent garbage",
        "skip": "a snapshot is missing: expected number 2, got 3",
        "twice:4": "a snapshot is missing: expected number 2, got 1",
        "twice:1": "a second greeting",
        "twice:13": "ready for the second time",
        "roster": "a roster that contradicts itself",
        "future": "counts what is to come",
        "mute:5": "ended too early, with status 0",
    }
    with_bad(
        {f"bad{i}": hosts.through(kind) for i, kind in enumerate(reasons)},
        {f"bad{i}": why for i, why in enumerate(reasons.values())})


@pytest.mark.parametrize("load", ["wait = 10ms", "wait = 10ms\nwarmup = 1ms"])
def test_hosts_that_count_without_measure_are_found_out(
        nginx, plan, run_remote, hosts, load):
    """Wherever a huge number is put into what they send: no request is
    counted that was not made."""
    places = [16, 24, 28, 32, 54, 62, 70, 78, 86, -60, -40, -20, -9]
    ways = {f"bad{i}": hosts.through(f"huge:{at}")
            for i, at in enumerate(places)}
    done = run_remote(plan(
        nginx.url, "get = /w${worker}", load="run_time = 500ms\n" + load),
        ",".join(["good", *ways]), *SOON, "-u", 2 * len(places) + 2,
        rsh=hosts.fake(**ways)).check()
    assert done.status == 3, done.said
    assert 0 < done.requests <= len(nginx.log()), done.said
    lost = set(re.findall(r"host (\S+) lost", words(done)))
    assert lost <= set(ways)
    assert len(lost) >= len(places) - 2  # some places may be no numbers


def test_hosts_that_tell_of_workers_that_they_do_not_have(
        nginx, plan, run_remote, hosts):
    done = run_remote(plan(
        nginx.url, "get = /w${worker}", load="run_time = 500ms\nwait = 10ms"),
        "good,many,foreign", *SOON, "-u", 6, rsh=hosts.fake(
            many=hosts.through("many:5000"),
            foreign=hosts.through("foreign")))
    assert done.status == 3, done.said
    assert len(nginx.log()) >= done.requests > 0


def test_hosts_that_count_or_end_before_they_are_started(with_bad, hosts):
    with_bad(
        {"counts": hosts.through("early:4"), "ends": hosts.through("early:5")},
        {"counts": "a snapshot before the start",
         "ends": "ended before it was started"})


def test_hosts_behind_a_host_that_do_so_are_lost_under_their_own_names(
        nginx, plan, run_remote, hosts):
    done = run_remote(plan(
        nginx.url, "get = /w${worker}", load="run_time = 500ms\nwait = 10ms"),
        "gate(counts, good, ends)", *SOON, "-u", 6, rsh=hosts.fake(
            counts=hosts.through("early:4"),
            ends=hosts.through("early:5"))).check()
    assert done.status == 3, done.said
    said = words(done)
    assert "host counts lost before the start: sent garbage" in said
    assert "host ends lost before the start: ended before it was" in said
    assert "gate lost" not in said
    assert len(nginx.log()) == done.requests > 0


@pytest.mark.parametrize("names", ["many,good", "good,many"])
def test_a_host_with_more_workers_than_can_be_is_lost(
        nginx, plan, run_remote, hosts, names):
    done = run_remote(plan(
        nginx.url, "get = /${d.id}", load="run_time = 500ms\nwait = 10ms",
        rest="[data d]\nfile = ids.csv\norder = unique"), names, *SOON,
        "-u", 4, rsh=hosts.fake(many=hosts.through("many:1048576")),
        files={"ids.csv": b"id\n" + b"7\n" * 1000}).check()
    assert done.status == 3, done.said
    assert re.search("host many lost.*more workers than",
                     words(done)), done.said
    assert len(nginx.log()) == done.requests > 0


def test_a_host_that_never_stops_talking_keeps_nobody_from_the_end(
        nginx, plan, start_remote, hosts):
    """While setup runs."""
    process = start_remote(plan(
        nginx.url, "get = /", load="run_time = 10s\nsetup = s",
        rest="[task s]\nget = /setup\nsleep = 60s"), "good,flood", *SOON,
        "-u", 4, rsh=hosts.fake(flood=hosts.through("flood")))
    wait_for("setup", nginx.log)
    process.signal(signal.SIGINT)
    began = time.monotonic()
    process.finish().check()
    assert time.monotonic() - began < 15


def test_a_host_without_pongs_that_counts_is_alive(
        nginx, plan, run_remote, hosts):
    done = run_remote(plan(
        nginx.url, "get = /w${worker}", load="run_time = 500ms\nwait = 10ms"),
        "good,mute", *SOON, "-u", 4,
        rsh=hosts.fake(mute=hosts.through("mute:15"))).check()
    assert done.status == 0, done.said
    assert len(nginx.log()) == done.requests


def test_hosts_that_answer_and_count_nothing_or_say_nothing_at_all(
        nginx, plan, start_remote, hosts):
    """The one is found out when it should have ended, the other within ten
    seconds."""
    process = start_remote(plan(
        nginx.url, "get = /w${worker}", load="run_time = 10s\nwait = 10ms\n"
        "stop_timeout = 0"), "good,silent,dumb", *SOON, "-u", 6,
        rsh=hosts.fake(silent=hosts.through("hush:0.5"),
                       dumb=hosts.through("mute:4:5")))
    began = time.monotonic()
    wait_for("word of the silent one", lambda: "lost" in process.words(), 20)
    assert time.monotonic() - began < 13
    done = process.finish().check()
    assert done.status == 3, done.said
    assert "stalls: it did not answer within 8s" in words(done)
    assert re.search("did not leave in time|a snapshot is missing|ended too",
                     words(done)), done.said
    assert done.requests <= len(nginx.log())


def test_a_slow_way_is_not_a_lost_one(nginx, plan, run_remote, hosts):
    done = run_remote(plan(
        nginx.url, "get = /w${worker}", load="run_time = 700ms\nwait = 10ms"),
        "good,far", *SOON, "-u", 4,
        rsh=hosts.fake(far=hosts.through("slow:0.3"))).check()
    assert done.status == 0, done.said
    assert len(nginx.log()) == done.requests
    assert done.books()[0] == done.requests
