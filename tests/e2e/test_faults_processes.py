"""Any process is killed, stopped or starved at any moment, from fixed seeds:
the run ends, nothing is left, what is counted was served, and the exit status
tells what is missing. ROUNDS is how many seeds are tried; `make torture` tries
more."""

import contextlib
import fcntl
import os
import random
import signal
import time

import pytest

from runner import PROGRAM, processes_of_session
from servers import wait_for
from terminal import Terminal

F_SETPIPE_SZ = 1031  # the module has no name for it before Python 3.10
# as the system calls our processes
OURS = os.path.basename(PROGRAM)[:15]
ROUNDS = int(os.environ.get("ROUNDS", "3"))
# of the parent: teardown was left out of the history
LAST_MOMENT = 10

PLAN = """
[load]
host = {url}
users = 8
spawn_rate = 200
workers = 2
wait = 2ms
report_interval = 200ms
run_time = 500ms
stop_timeout = 1s
setup = first
teardown = last
[hook start]
on = test_start
run = sleep 0.1; echo token=abc
[hook stream]
on = request
stream = yes
run = cat >/dev/null
[hook beside]
on = interval
run = sleep 0.1
[hook worker]
on = user_start
where = worker
run = sleep 0.05
[hook end]
on = test_stop
run = sleep 0.1
[task first]
get = /first
[task last]
get = /last
[task it]
get = /x?${{token}}
name = /x
"""


def kinds(process):
    """Who is there: (what, pid)."""
    found = []
    for pid in processes_of_session(process.pid):
        with contextlib.suppress(OSError), \
                open(f"/proc/{pid}/comm", encoding="utf-8") as f:
            name = f.read().strip()
            found.append(("parent" if pid == process.pid else
                          "ours" if name == OURS else "hook", pid))
    return found


def send(pid, number):
    """False: it has gone meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


def strike(process, rng, wanted, number):
    """Sends it to one of them at some moment; whom, or None."""
    time.sleep(rng.uniform(0, 0.9))
    victims = [pid for kind, pid in kinds(process) if kind == wanted]
    if not victims:
        return None
    victim = rng.choice(victims)
    return victim if send(victim, number) else None


def judge(done, hits, was_struck):
    """What holds when one was lost, or none."""
    assert done.status in (0, 1, 3), done.said
    if done.path("stats").exists():
        done.check()
        served = len(hits)
        assert done.requests <= served + done.failed
        if done.status == 0:
            assert done.requests == served
    if done.status == 3:
        assert was_struck, done.said
        assert "untrusted" in done.said.lower() or "lost" in done.said \
            or "failed" in done.said or "killed" in done.said, done.said


@pytest.mark.parametrize("wanted", ["ours", "hook"])
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_whoever_is_killed_the_run_ends_and_says_it(
        nginx, start, wanted, seed):
    rng = random.Random(f"kill {wanted} {seed}")
    process = start(PLAN.format(url=nginx.url))
    victim = strike(process, rng, wanted, signal.SIGKILL)
    done = process.finish(60)
    judge(done, nginx.log(), victim)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_when_the_parent_is_killed_nothing_of_ours_is_left(
        nginx, start, seed):
    process = start(PLAN.format(url=nginx.url))
    rng = random.Random(f"parent {seed}")
    time.sleep(rng.uniform(0, 0.9))
    send(process.pid, signal.SIGKILL)
    process.popen.wait()
    wait_for("all to end",
             lambda: not processes_of_session(process.pid), 10)
    # what is there of its files is whole
    for path in process.folder.glob("out_*.csv"):
        data = path.read_bytes()
        assert not data or data.endswith(b"\r\n"), path


@pytest.mark.parametrize("wanted", ["parent", "ours", "hook"])
@pytest.mark.parametrize("seed", sorted({*range(ROUNDS), LAST_MOMENT}))
def test_whoever_stands_still_for_a_moment_goes_on(
        nginx, start, wanted, seed):
    rng = random.Random(f"stop {wanted} {seed}")
    process = start(PLAN.format(url=nginx.url), "-s", "20s")
    victim = strike(process, rng, wanted, signal.SIGSTOP)
    if victim:
        time.sleep(rng.uniform(0.05, 0.4))
        send(victim, signal.SIGCONT)
    done = process.finish(60).check()
    assert done.status == 0, done.said
    assert done.requests == len(nginx.log())


@pytest.mark.parametrize("seed", range(2))
def test_a_hook_that_stands_still_for_good_is_ended(nginx, start, seed):
    rng = random.Random(f"hook {seed}")
    process = start(PLAN.format(url=nginx.url).replace(
        "run = ", "timeout = 500ms\nrun = "))
    strike(process, rng, "hook", signal.SIGSTOP)
    done = process.finish(60)
    judge(done, nginx.log(), True)


def test_signals_in_any_order_end_the_run(nginx, start):
    """SIGUSR1, SIGHUP, SIGCONT, SIGTERM to all of its processes."""
    rng = random.Random("signals")
    process = start(PLAN.format(url=nginx.url), "-t", "30s")
    wait_for("the load", nginx.log)
    numbers = [signal.SIGUSR1, signal.SIGCONT, signal.SIGPIPE, signal.SIGWINCH,
               signal.SIGCHLD, signal.SIGURG]
    for _ in range(100):
        for kind, pid in kinds(process):
            if kind != "hook":
                send(pid, rng.choice(numbers))
    process.signal(signal.SIGTERM)
    done = process.finish(60).check()
    assert done.status == 143, done.said
    assert done.requests == len(nginx.log())


# --- readers that stop reading ------------------------------------------------

def full_pipe():
    """A pipe that takes no more; (reader, writer)."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 512)
    os.set_blocking(writer, True)
    return reader, writer


@pytest.mark.parametrize("stream", ["out", "err"])
def test_a_reader_that_stops_holds_up_no_load_and_no_second_signal(
        nginx, start, plan, stream):
    reader, writer = full_pipe()
    with os.fdopen(writer, "wb") as file:
        process = start(plan(nginx.url, "get = /x", load=(
            "wait = 5ms\nreport_interval = 100ms\nrun_time = 1s\nusers = 4")),
            **{stream: file})
        wait_for("the load", lambda: len(nginx.log()) > 100)
        time.sleep(1.2)
        for _ in range(4):  # who insists is obeyed
            process.signal(signal.SIGTERM)
            time.sleep(0.3)
        assert process.wait(30, 2.5) in (0, 3, 143)
    os.close(reader)
    last = (process.folder / "out_stats.csv").read_text().splitlines()[-1]
    assert 100 < int(last.split(",")[2]) <= len(nginx.log())


def test_a_terminal_that_is_stopped_holds_up_no_load(nginx, start, plan,
                                                     closing):
    """As Ctrl-S does it: output waits, the load goes on, and all is told when
    it is let go."""
    screen = closing(Terminal())
    process = start(plan(nginx.url, "get = /x", load=(
        "wait = 5ms\nreport_interval = 100ms\nrun_time = 1s\nusers = 4")),
        **screen.streams())
    wait_for("the load", nginx.log)
    screen.type("\x13")
    before = len(nginx.log())
    time.sleep(0.7)
    assert len(nginx.log()) > before + 100
    screen.type("\x11")
    assert screen.wait(process) == 0
    assert "Aggregated" in screen.text


@pytest.mark.parametrize("option", ["--html", "--json", "--junit"])
def test_a_report_for_a_reader_that_is_gone_makes_the_status_three(
        nginx, start, plan, option):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as out:
        process = start(plan(nginx.url, "get = /x"), "-n", 5, option, "-",
                        out=out)
        assert process.wait() == 3
    assert "standard output" in process.err_path.read_text()
