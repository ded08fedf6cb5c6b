"""Commands that events start: once where once is meant, never in the way."""

import collections
import json
import signal

import pytest

import servers


def hook(name, on, run, *keys):
    return "\n".join([f"[hook {name}]", f"on = {on}", f"run = {run}", *keys,
                      ""])


NOTE = 'echo "$LOADGEN_EVENT $LOADGEN_ROLE $LOADGEN_WORKER" >>events'


def events(folder):
    """(event, role, worker) -> how often it was written down."""
    lines = (folder / "events").read_text().splitlines()
    return collections.Counter(
        tuple((line + " ").split(" ")[:3]) for line in lines)


def test_each_event_comes_as_often_as_it_happens(run, plan, nginx):
    names = ["test_start", "spawning_complete", "interval", "worker_up",
             "user_start", "user_stop", "request", "test_stop", "exit",
             "paid"]
    done = run(plan(
        nginx.url, "get = /x", "emit = paid", load="users = 4\n"
        "run_time = 1500ms\nwait = pace 500ms\nreport_interval = 500ms",
        rest="".join(hook(name, name, NOTE) for name in names)),
        "-w", 2).check()
    assert done.status == 0, done.said
    found = events(done.folder)
    assert {role for _, role, _ in found} == {"parent"}
    counts = {name: found[(name, "parent", "")] for name in names}
    assert counts["request"] == counts["paid"] == done.requests >= 8
    assert counts["interval"] == len(done.table("stats_history"))
    assert [counts[name] for name in (
        "test_start", "spawning_complete", "worker_up", "user_start",
        "user_stop", "test_stop", "exit")] == [1, 1, 2, 4, 4, 1, 1]


def test_each_stage_is_told_as_it_begins(run, plan, nginx):
    done = run(plan(
        nginx.url, "get = /x", load="wait = 100ms\n"
        "stages = 300ms:4 up, 400ms:4, 0s:2, 300ms:2 down, 0s:0",
        rest=hook("s", "stage", 'echo "$LOADGEN_NUMBER $LOADGEN_NAME '
                  '$LOADGEN_TARGET $LOADGEN_UNIT $LOADGEN_DURATION_S" '
                  '>>stages') + hook("p", "spawning_complete",
                                     'echo "all $LOADGEN_USERS" >>stages')
        ).replace("spawn_rate = 1000\n", ""))
    assert done.status == 0, done.said
    # commands run beside each other
    assert sorted((done.folder / "stages").read_text().splitlines()) == [
        "1 up 4 users 0.3", "2 2 4 users 0.4", "3 3 2 users 0",
        "4 down 2 users 0.3", "all 4"]


def test_a_rate_has_stages_too(run, plan, nginx):
    done = run(plan(
        nginx.url, "get = /x", load="stages = 300ms:20/s, 300ms:0.5/s",
        rest=hook("s", "stage", "cat >>stages", "stream = yes")
        ).replace("spawn_rate = 1000\n", ""))
    assert done.status == 0, done.said
    told = [json.loads(line) for line in
            (done.folder / "stages").read_text().splitlines()]
    assert [(t["number"], t["name"], t["target"], t["unit"]) for t in told] \
        == [(1, "1", 20, "tasks/s"), (2, "2", 0.5, "tasks/s")]


def test_a_hook_of_the_workers_runs_in_each(run, plan, nginx):
    done = run(plan(
        nginx.url, "get = /x", load="users = 4\nrun_time = 1s\nwait = 200ms\n"
        "setup = other\nteardown = other",
        rest="[task other]\nget = /y\n" + "".join(
            hook(name, name, NOTE, "where = worker") for name in
            ("test_start", "user_start", "test_stop"))), "-w", 2)
    assert done.status == 0, done.said
    assert events(done.workplace) == {
        (name, "worker", worker): n for worker in "01"
        for name, n in [("test_start", 1), ("user_start", 2),
                        ("test_stop", 1)]}


def test_a_hook_of_the_host_runs_once(run, plan, nginx):
    done = run(plan(
        nginx.url, "get = /x", load="iterations = 4\nusers = 2",
        rest=hook("h", "test_start", 'echo "$LOADGEN_EVENT $LOADGEN_HOST">>h',
                  "where = host")), "-w", 2)
    assert done.status == 0, done.said
    [line] = (done.workplace / "h").read_text().splitlines()
    assert len(line.split()) == 2


def test_hooks_on_one_event_run_in_file_order(run, plan, nginx):
    done = run(plan(
        nginx.url, "get = /x", rest=hook("b", "test_stop", "sleep 0.3\\; "
                                         "echo b >>order")
        + hook("a", "test_stop", "echo a >>order")))
    assert done.status == 0, done.said
    assert (done.folder / "order").read_text() == "b\na\n"


def test_what_a_start_hook_prints_is_a_variable_for_everyone(
        run, plan, recorder):
    done = run(plan(
        recorder.url, "get = /x", "header = Authorization: Bearer ${token}",
        load="iterations = 6\nusers = 2",
        rest=hook("t", "test_start", 'echo noise\\; echo "token=a b=c"')),
        "-w", 2)
    assert done.status == 0, done.said
    assert {sent.header("Authorization") for sent in recorder.sent} == {
        "Bearer a b=c"}
    assert "noise" in done.err and "noise" not in done.out


@pytest.mark.parametrize("command, why", [
    ("exit 7", "exited with status 7"),
    ("sleep 60", "did not end within 300ms"),
    ("kill -9 $$", "killed by SIGKILL"),
    ("true", "no hook on test_start printed token=VALUE")])
def test_nothing_is_sent_when_a_start_hook_fails(
        run, plan, nginx, command, why):
    done = run(plan(
        nginx.url, "get = /${token}",
        rest=hook("t", "test_start", command, "timeout = 300ms")))
    assert done.status == 3, done.said
    assert why in done.out
    assert nginx.log() == []


def test_a_slow_hook_does_not_slow_the_load(run, plan, target):
    def played(rest):
        done = run(plan(
            target.url, "get = /status/200", load="users = 5\nrun_time = 2s\n"
            "wait = pace 20ms", rest=rest), "-w", 1)
        assert done.status == 0, done.said
        return done
    done = played(hook("slow", "request", "sleep 0.2", "timeout = 1s"))
    assert done.requests >= 0.9 * 5 * 100
    # few had their turn in time: the others are not forgotten
    assert "hook slow: an event was dropped: it does not keep up" in done.out
    assert done.seconds < 30
    plain = played("")
    assert abs(plain.requests - done.requests) < 0.1 * plain.requests


def test_a_stream_gets_every_event_as_a_line_of_json(run, plan, nginx):
    done = run(plan(
        nginx.url, "get = /x", "get = /missing", "on_fail = continue",
        'emit = paid by=${user} note="a \\"b\\" ü"'.replace('\\"', "'"),
        load="iterations = 50\nusers = 2",
        rest=hook("log", "request", "cat >log", "stream = yes")
        + hook("paid", "paid", "cat >paid", "stream = yes")), "-w", 2).check()
    assert done.status == 1
    lines = [json.loads(line) for line in open(done.folder / "log")]
    assert len(lines) == done.requests == 100
    assert collections.Counter(
        (line["method"], line["name"], line["status"]) for line in lines) == {
            ("GET", "/x", 200): 50, ("GET", "/missing", 404): 50}
    assert {line["failure"] for line in lines} == {
        None, "status: expected < 400, got 404"}
    assert all(line["time_ms"] > 0 for line in lines)
    paid = [json.loads(line) for line in open(done.folder / "paid")]
    assert len(paid) == 50
    assert {line["note"] for line in paid} == {"a 'b' ü"}


def test_a_stream_that_does_not_read_is_not_waited_for(run, plan, nginx):
    done = run(plan(
        nginx.url, "get = /x", load="users = 10\nrun_time = 3s",
        rest=hook("log", "request", "exec sleep 30", "stream = yes",
                  "where = worker", "timeout = 200ms")), "-w", 1).check()
    assert done.status == 0, done.said
    assert done.requests > 5000
    assert "hook log: an event was dropped: it does not keep up" in done.out
    assert any("hook log" in row["Message"]
               for row in done.table("exceptions"))


@pytest.mark.parametrize("command, keys, why", [
    ("sleep 60", "timeout = 300ms", "did not end within 300ms"),
    ("cat >/dev/null\\; exit 5", "", "exited with status 5")])
def test_a_stream_that_ends_badly_is_in_the_summary(
        run, plan, nginx, command, keys, why):
    done = run(plan(nginx.url, "get = /x", rest=hook(
        "log", "request", command, "stream = yes", keys))).check()
    assert done.status == 0, done.said
    assert f"hook log: {why}" in done.out
    assert [row["Message"] for row in done.table("exceptions")] == [
        f"hook log: {why}"]


def test_a_hook_that_fails_later_is_told_and_changes_nothing_else(
        run, plan, nginx):
    done = run(plan(
        nginx.url, "get = /x", load="run_time = 1s\nwait = 100ms\n"
        "report_interval = 200ms",
        rest=hook("bad", "interval", "exit 3")))
    assert done.status == 0, done.said
    assert "hook bad: exited with status 3" in done.out


def test_hooks_that_run_too_long_are_ended_with_all_they_started(
        run, plan, nginx):
    done = run(plan(
        nginx.url, "get = /x",
        rest=hook("long", "test_stop", "sleep 100 & sleep 100",
                  "timeout = 300ms")))
    assert done.status == 0, done.said  # and nobody is left: see wait()
    assert "hook long: did not end within 300ms" in done.out


def test_a_signal_ends_the_wait_for_a_start_hook(start, plan, nginx):
    process = start(plan(
        nginx.url, "get = /x",
        rest=hook("t", "test_start", "touch began\\; sleep 60")))
    servers.wait_for("the hook", (process.folder / "began").exists)
    process.signal(signal.SIGINT)
    done = process.finish(30)
    assert done.status == 130, done.said
    assert nginx.log() == []


def test_the_exit_hook_knows_how_it_ended(run, plan, nginx):
    done = run(plan(
        nginx.url, "get = /missing",
        rest=hook("e", "exit", 'ls *_stats.csv >>end\\; '
                  'echo "$LOADGEN_STATUS" >>end')))
    assert done.status == 1
    assert (done.folder / "end").read_text() == "out_stats.csv\n1\n"


def test_a_lost_worker_is_an_event(start, plan, nginx):
    process = start(plan(
        nginx.url, "get = /x", load="users = 2\nrun_time = 20s\nwait = 50ms",
        rest=hook("lost", "worker_lost",
                  'echo "$LOADGEN_NUMBER $LOADGEN_WHY" >lost')), "-w", 2)
    pid = process.workers(2)[0]
    servers.wait_for("some load", lambda: len(nginx.log()) > 4)
    servers.os.kill(pid, signal.SIGKILL)
    servers.wait_for("the hook", (process.folder / "lost").exists)
    process.signal(signal.SIGTERM)
    done = process.finish()
    assert done.status == 3
    assert "killed by SIGKILL" in (done.folder / "lost").read_text()
