"""Signals, deaths and ends: the books always balance and nothing is left."""

import collections
import fcntl
import json
import os
import re
import signal
import time

import pytest

from servers import wait_for

F_SETPIPE_SZ = 1031  # the module has no name for it before Python 3.10

STEADY = """
[load]
host = {url}
users = 10
spawn_rate = 1000
workers = 2
wait = 5ms
report_interval = 500ms
[task t]
get = /x
"""


def history_rows(process):
    path = process.folder / f"{process.prefix}_stats_history.csv"
    return path.read_bytes().count(b"\r\n") - 1 if path.exists() else 0


def running(process, rows=1):
    """Waits until that many intervals have been reported."""
    wait_for("the first interval", lambda: history_rows(process) >= rows
             or process.popen.poll() is not None)
    assert process.popen.poll() is None, process.words()
    return process


@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_in_the_middle_ends_the_run_with_all_reports(
        nginx, start, number, status):
    process = running(start(STEADY.format(url=nginx.url)))
    process.signal(number)
    done = process.finish().check()
    hits = nginx.log()
    assert done.status == status, done.said
    assert done.requests == len(hits) > 0
    assert done.books() == (len(hits), len(hits), 0, 0)


@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("after_ms", [0, 3, 10, 30, 100, 300])
def test_a_signal_early_on_ends_the_run(
        nginx, start, number, status, after_ms):
    """Before the workers are up, or before all users have started."""
    process = start(STEADY.format(url=nginx.url), "-u", 100, "-r", 50)
    time.sleep(after_ms / 1000)
    process.signal(number)
    done = process.finish()
    if done.status == -number:  # it had not even begun
        assert after_ms < 100
        assert nginx.log() == []
        return
    assert done.status == status, done.said
    assert done.check().requests == len(nginx.log())


@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_last_tasks_finish_ends_the_run(
        target, start, plan, number, status):
    process = start(plan(target.url, "get = /delay/60000",
                         load="report_interval = 500ms\nstop_timeout = 2s"),
                    "-t", "500ms", "-u", 4)
    running(process, rows=2)
    process.signal(number)
    done = process.finish(60).check()
    assert done.status == status, done.said
    assert done.requests == 0
    assert done.books() == (4, 0, 0, 4)


def test_running_tasks_may_finish_within_the_stop_timeout(
        target, start, plan):
    process = start(plan(target.url, "get = /delay/1200",
                         load="stop_timeout = 60s"), "-u", 5, "-w", 2)
    wait_for("all users", lambda: target.counts()["requests"] == 5)
    process.signal(signal.SIGINT)
    done = process.finish().check()
    assert done.status == 130
    assert done.books() == (5, 5, 0, 0)
    assert target.counts()["requests"] == 5


def test_what_the_stop_cuts_off_is_interrupted_and_in_no_row(
        target, run, plan):
    done = run(plan(target.url, "get = /delay/60000",
                    load="stop_timeout = 300ms"),
               "-t", "500ms", "-u", 5, "-w", 2).check()
    assert done.books() == (5, 0, 0, 5)
    assert done.requests == 0
    assert done.stats == {}
    assert done.seconds < 60


SILENT = """
[load]
host = {url}
stop_timeout = 300ms
run_time = 500ms
{load}
[task it]
get = /stall
"""
RATE = "rate = 10/s\nmax_users = 5"


@pytest.mark.parametrize("load", ["users = 5\nspawn_rate = 1000", RATE])
def test_a_server_that_never_answers_fails_the_run(target, run, load):
    done = run(SILENT.format(url=target.url, load=load),
               "--json", "j.json", "--junit", "j.xml").check()
    assert done.status == 1, done.said
    assert done.requests == 0
    assert re.search(r"^FAILED: no request was finished, \d interrupted: "
                     "nothing was measured", done.out.splitlines()[-1])
    assert json.loads(
        (done.folder / "j.json").read_text())["end"]["verdict"] == "failed"
    assert 'tests="1" failures="1"' in (done.folder / "j.xml").read_text()


def test_thresholds_decide_even_where_no_request_was_finished(target, run):
    done = run(SILENT.format(url=target.url, load=RATE)
               + "[thresholds]\ndropped = < 100")
    assert done.status == 0, done.said
    assert re.search(r"PASSED: the threshold holds; no request was finished, "
                     r"\d interrupted: nothing was measured", done.out)


def test_tasks_without_requests_pass_and_measure_nothing(run, plan, target):
    done = run(plan(target.url, "sleep = 1ms"))
    assert done.status == 0, done.said
    assert "PASSED: no request was made: nothing was measured" in done.out


def test_a_second_signal_leaves_at_once(target, start, plan):
    process = start(plan(target.url, "get = /delay/200", "get = /stall",
                         load="report_interval = 500ms\nstop_timeout = 10m"),
                    "-u", 4, "-w", 2)
    running(process, rows=2)
    process.signal(signal.SIGINT)
    time.sleep(0.5)
    process.signal(signal.SIGINT)
    done = process.finish(60).check()
    assert done.status == 130
    assert done.counts() == {("GET", "/delay/200"): 4}


def test_sigusr1_prints_the_table_now(nginx, start, plan):
    process = start(plan(nginx.url, "get = /x", "name = the only row",
                         load="wait = 5ms\nreport_interval = 500ms"))
    running(process)
    assert "the only row" not in process.words()
    process.signal(signal.SIGUSR1)
    wait_for("the table", lambda: "the only row" in process.words())
    assert process.popen.poll() is None
    process.signal(signal.SIGINT)
    assert process.finish().check().status == 130


def test_a_killed_worker_is_named_and_what_it_sent_is_counted(nginx, start):
    process = running(start(
        STEADY.format(url=nginx.url).replace("/x", "/w/${worker}\n"
                                             "name = /w/${worker}"),
        "-t", "3s"))
    victim = process.workers(2)[0]
    os.kill(victim, signal.SIGKILL)
    done = process.finish().check()
    by_uri = collections.Counter(hit.uri for hit in nginx.log())
    counted = {name: n for (_, name), n in done.counts().items()}
    rows = {int(row["PID"]): row for row in done.table("workers")}
    lost = f"/w/{rows[victim]['Worker']}"
    [kept] = set(by_uri) - {lost}
    assert done.status == 3, done.said
    assert 0 < counted[lost] <= by_uri[lost]
    assert counted[kept] == by_uri[kept] > counted[lost]
    assert str(victim) in done.out
    assert "KILL" in done.out
    assert done.table("exceptions")
    assert "KILL" in str(done.table("exceptions"))


def test_all_workers_killed_ends_the_run(nginx, start):
    process = running(start(STEADY.format(url=nginx.url)))
    for pid in process.workers(2):
        os.kill(pid, signal.SIGKILL)
    done = process.finish(60).check()
    assert done.status == 3
    assert 0 < done.requests <= len(nginx.log())


def test_workers_end_when_their_parent_is_killed(nginx, start):
    process = running(start(STEADY.format(url=nginx.url)))
    workers = process.workers(2)
    os.kill(process.pid, signal.SIGKILL)
    process.popen.wait()

    def are_gone():
        return not any(os.path.exists(f"/proc/{pid}") and
                       open(f"/proc/{pid}/stat").read().rpartition(")")[2]
                       .split()[0] not in "ZX" for pid in workers)
    wait_for("the workers to end", are_gone, 2.5)


def test_idle_workers_end_when_their_parent_is_killed(nginx, start, plan):
    process = start(plan(nginx.url, "get = /x", load="wait = 1h"), "-u", 2,
                    "-w", 2)
    workers = process.workers(2)
    wait_for("both requests", lambda: len(nginx.log()) == 2)
    os.kill(process.pid, signal.SIGKILL)
    process.popen.wait()
    wait_for("the workers to end", lambda: not any(
        os.path.exists(f"/proc/{pid}") for pid in workers), 2.5)


def test_a_worker_that_stands_still_does_not_hang_the_run(nginx, start):
    process = running(start(STEADY.format(url=nginx.url), "-t", "1500ms",
                            "-s", "1s"))
    victim = process.workers(2)[0]
    os.kill(victim, signal.SIGSTOP)
    done = process.finish(90).check()
    assert done.status == 3, done.said
    assert str(victim) in done.said
    assert 0 < done.requests <= len(nginx.log())
    assert done.table("exceptions")


def test_a_worker_that_stood_still_for_a_while_goes_on(nginx, start):
    process = running(start(STEADY.format(url=nginx.url), "-t", "3s"))
    victim = process.workers(2)[0]
    os.kill(victim, signal.SIGSTOP)
    time.sleep(0.8)
    os.kill(victim, signal.SIGCONT)
    done = process.finish().check()
    assert done.status == 0, done.said
    assert done.requests == len(nginx.log())


def test_a_signal_to_the_whole_group_counts_once(nginx, start):
    """What a terminal does on Ctrl-C: every process gets it."""
    process = running(start(STEADY.format(url=nginx.url)))
    os.killpg(process.pid, signal.SIGINT)
    done = process.finish().check()
    assert done.status == 130, done.said
    assert done.requests == len(nginx.log())
    assert done.table("exceptions") == []


def test_a_run_without_an_end_runs_until_it_is_stopped(nginx, start, plan):
    process = start(plan(nginx.url, "get = /x", load="wait = 100ms"))
    wait_for("some requests", lambda: len(nginx.log()) >= 5)
    assert process.popen.poll() is None
    process.signal(signal.SIGTERM)
    assert process.finish().check().status == 143


def test_a_signal_that_comes_twice_at_once_is_one(nginx, start, plan):
    """As timeout(1) sends it: to us, and to our group."""
    process = running(start(plan(nginx.url, "get = /x", "sleep = 700ms",
                                 "get = /y", load="wait = 0"), "-u", 2))
    process.signal(signal.SIGINT)
    process.signal(signal.SIGINT)
    done = process.finish().check()
    assert done.status == 130
    assert done.books()[3] == 0
    assert "at once" not in done.out.lower()


def test_nohup_keeps_a_run_going(nginx, start, plan):
    process = running(start(plan(nginx.url, "get = /x", load="wait = 5ms\nreport_interval = 500ms"),
                            "-u", 2, "-t", "2s", wrap=["nohup"]))
    process.signal(signal.SIGHUP)
    assert process.finish().check().status == 0


def test_a_worker_stopped_for_good_is_given_up_without_a_run_time(
        nginx, start, plan):
    process = running(start(plan(nginx.url, "get = /x",
                                 load="wait = 20ms\nreport_interval = 500ms"),
                            "-u", 2, "-w", 2))
    victim = process.workers(2)[0]
    os.kill(victim, signal.SIGSTOP)
    wait_for("the end of the silent one",
             lambda: not os.path.exists(f"/proc/{victim}"), 60)
    process.signal(signal.SIGINT)
    done = process.finish().check()
    assert done.status == 3
    assert "said nothing for 30s" in done.out


def test_a_parent_that_was_stopped_puts_requests_where_they_belong(
        nginx, start, plan):
    process = running(start(plan(nginx.url, "get = /x",
                                 load="wait = 20ms\nreport_interval = 500ms"),
                            "-u", 4, "-w", 1, "-t", "5s"))
    process.signal(signal.SIGSTOP)
    time.sleep(2.5)
    process.signal(signal.SIGCONT)
    done = process.finish().check()
    rates = [float(row["Requests/s"]) for row in done.table("stats_history")]
    assert done.status == 0
    assert min(rates[1:-1]) > 0.2 * max(rates), rates


def test_a_run_that_was_stopped_and_goes_on_is_not_aborted(
        nginx, start, plan):
    process = running(start(plan(
        nginx.url, "get = /x", load="wait = 20ms\nreport_interval = 500ms",
        rest="[thresholds]\nabort = rps < 20\nrequests = > 1"),
        "-u", 4, "-w", 2, "-t", "4s"))
    process.signal_all(signal.SIGSTOP)
    time.sleep(1.6)
    process.signal_all(signal.SIGCONT)
    done = process.finish().check()
    rates = [float(row["Requests/s"]) for row in done.table("stats_history")]
    assert min(rates) < 20, rates
    assert done.status == 0, done.said


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-",
                                    "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_nothing_for_people_gets_into_files_whatever_is_closed(
        run, plan, nginx, closed):
    done = run(plan(nginx.url, "get = /x"), "-n", 3,
               wrap=["sh", "-c", f'exec "$0" "$@" {closed}']).check()
    assert done.status == (3 if ">&-" in closed.replace("2>&-", "") else 0)
    assert done.requests == 3


def test_a_full_error_stream_does_not_keep_a_run_from_ending(start, plan, nginx):
    reader, writer = os.pipe()
    fcntl.fcntl(writer, F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 3900)
    with os.fdopen(writer, "wb") as err:
        process = start(plan(nginx.url, "get = /x",
                             load="wait = 5ms\nreport_interval = 200ms"),
                        "-u", 2, err=err)
        wait_for("a request", nginx.log)
        time.sleep(1)
        process.signal(signal.SIGTERM)
        assert process.wait(30) == 143
    os.close(reader)
