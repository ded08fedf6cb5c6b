"""How much load there is when: stages of users, rates of tasks."""

import collections
import re
import signal
import threading
import time

import pytest

from runner import read_csv
from servers import connections


def history(done):
    return [row for row in done.table("stats_history")
            if row["Name"] == "Aggregated"]


def phases(done, name):
    return {row["Phase"]: row
            for row in read_csv(done.path("phases"))[1]
            if row["Name"] == name}


def line(stages, at_s):
    """The number of users that the line has at that time."""
    before = 0
    for duration_s, target in stages:
        if at_s < duration_s:
            return before + (target - before) * at_s / duration_s
        at_s -= duration_s
        before = target
    return before


# --- stages ------------------------------------------------------------------

def test_users_follow_the_stages_to_within_one(nginx, run):
    done = run(f"""
[load]
host = {nginx.url}
stages = 3s:30, 3s:30 steady, 3s:0
wait = 50ms
workers = 2
report_interval = 500ms
[task it]
get = /
""").check(stages=True)
    rows = history(done)
    users = [int(row["User Count"]) for row in rows[:-1]]
    assert done.status == 0, done.said
    assert len(users) >= 17
    for i, n in enumerate(users, 1):
        at = line([(3, 30), (3, 30), (3, 0)], i / 2)
        assert abs(n - at) <= 1, (i / 2, n, at)
    assert done.requests == len(nginx.log())


def test_who_is_due_at_the_very_end_does_not_come(nginx, run):
    done = run(f"""
[load]
host = {nginx.url}
users = 10
spawn_rate = 4
run_time = 1s
wait = 20ms
workers = 2
report_interval = 500ms
[task it]
get = /
""").check()
    assert done.status == 0, done.said
    assert "only 4 of 10 users start within the run_time of 1s" in done.err
    assert "4 of 10 users had started" in done.out
    assert history(done)[-1]["User Count"] == "4"


def test_users_that_the_stages_let_go_are_not_there_at_the_end(nginx, run):
    # the last interval begins with users, and ends with none
    done = run(f"""
[load]
host = {nginx.url}
stages = 500ms:20, 500ms:20, 1s:0
wait = 20ms
workers = 2
report_interval = 1500ms
[task it]
get = /
""").check(stages=True)
    users = [int(row["User Count"]) for row in history(done)]
    last = [row for row in read_csv(done.path("workers"))[1]][-2:]
    assert done.status == 0, done.said
    assert len(users) == 2 and abs(users[0] - 10) <= 1
    assert users[-1] == 0
    assert [row["Users"] for row in last] == ["0", "0"]
    assert "users     0 " in done.err.splitlines()[-1]


def test_a_short_run_of_stages_has_its_peak_in_the_summary(nginx, run):
    done = run(f"""
[load]
host = {nginx.url}
stages = 200ms:8, 200ms:8, 200ms:0
wait = 20ms
workers = 1
[task it]
get = /
""").check(stages=True)
    row = re.search(r"^worker .*\n\s*0 +\d+ +(\d+) ", done.out, re.M)
    assert done.status == 0, done.said
    assert history(done)[-1]["User Count"] == "0"
    assert row and row[1] == "8", done.out


@pytest.mark.parametrize("load", ["users = 6\nspawn_rate = 100",
                                  "stages = 0s:9, 300ms:6"])
def test_users_who_stay_to_the_end_are_in_the_last_row(nginx, run, load):
    done = run(f"""
[load]
host = {nginx.url}
{load}
wait = 20ms
workers = 2
[task it]
get = /
""", "-t", "300ms").check(stages="stages" in load)
    assert done.status == 0, done.said
    assert abs(int(history(done)[-1]["User Count"]) - 6) <= 1


def test_a_user_who_goes_finishes_its_task_and_its_on_stop(nginx, run):
    done = run(f"""
[load]
host = {nginx.url}
stages = 0s:4, 500ms:4, 0s:1, 1s:1
[task it]
get = /first/${{user}}
sleep = 200ms
get = /last/${{user}}
[task bye]
get = /bye/${{user}}
[user]
on_stop = bye
""").check(stages=True)
    uris = [hit.uri for hit in nginx.log()]
    by_user = collections.defaultdict(list)
    for uri in uris:
        _, what, user = uri.split("/")
        by_user[user].append(what)
    assert done.status == 0, done.said
    assert sorted(by_user) == ["1", "2", "3", "4"]
    for whats in by_user.values():
        assert whats.count("first") == whats.count("last")
        assert whats[-1] == "bye" and whats.count("bye") == 1
    assert len(by_user["1"]) > 1.5 * len(by_user["4"])


def test_those_who_come_again_are_new_users(nginx, run):
    done = run(f"""
[load]
host = {nginx.url}
stages = 0s:6, 300ms:6, 0s:0, 300ms:0, 0s:6, 300ms:6
workers = 2
wait = 20ms
[task it]
get = /${{user}}
""").check(stages=True)
    hits = nginx.log()
    users = collections.defaultdict(set)
    for hit in hits:
        users[hit.uri].add(hit.connection)
    assert done.status == 0, done.said
    assert len(users) == 12
    assert all(len(on) == 1 for on in users.values())
    assert connections(hits) == 12


def test_a_run_time_on_the_command_line_ends_stages_sooner(nginx, run):
    done = run(f"""
[load]
host = {nginx.url}
stages = 0s:3, 30s:3
wait = 50ms
[task it]
get = /
""", "-t", "500ms").check(stages=True)
    assert done.status == 0, done.said
    assert done.seconds < 20


def test_users_on_the_command_line_beat_the_stages(nginx, run):
    done = run(f"""
[load]
host = {nginx.url}
stages = 0s:30, 30s:30
wait = 50ms
[task it]
get = /
""", "-u", "2", "-r", "100", "-t", "300ms").check()
    assert done.status == 0, done.said
    assert connections(nginx.log()) == 2
    assert "stages" in done.err


# --- rates -------------------------------------------------------------------

@pytest.mark.parametrize("spacing", ["even", "poisson"])
def test_as_many_tasks_start_as_the_rate_says(nginx, run, spacing):
    done = run(f"""
[load]
host = {nginx.url}
rate = 200/s
spacing = {spacing}
run_time = 3s
workers = 2
seed = 1
[task it]
get = /
""").check()
    assert done.status == 0, done.said
    assert done.requests == len(nginx.log())
    if spacing == "even":
        assert done.requests == 600
    else:
        assert 480 < done.requests < 720  # five standard deviations
    late = phases(done, "/")["late"]
    assert int(late["Count"]) == done.requests


def test_a_host_on_the_command_line_is_the_only_one_asked(nginx, run):
    plan = """
[load]
iterations = 4
[user a]
host = http://192.0.2.1:9
[user b]
host = http://192.0.2.2:9
[task it]
get = /
"""
    done = run(plan, "-H", nginx.url, "-u", 2, "-r", "all").check()
    assert done.status == 0, done.said
    assert len(nginx.log()) == 4
    assert "several hosts" not in done.said
    told = run(plan, "-H", nginx.url, "--check").out
    assert nginx.url in told
    assert "192.0.2" not in told


def test_kinds_share_the_tasks_of_a_ramp_by_weight(nginx, run):
    done = run(f"""
[load]
host = {nginx.url}
stages = 1s:300/s, 1s:300/s, 1s:0/s
workers = 2
[task a]
get = /a
[task b]
get = /b
[user many]
weight = 4
tasks = a
[user few]
tasks = b
""").check(stages=True)
    counts = done.counts()
    assert done.status == 0, done.said
    assert done.requests == len(nginx.log()) == 600
    assert abs(counts["GET", "/b"] - 120) <= 1


def test_a_server_that_freezes_shows_in_the_percentiles(target, run):
    def freeze():
        time.sleep(2)
        target.process.send_signal(signal.SIGSTOP)
        time.sleep(2)
        target.process.send_signal(signal.SIGCONT)
    thread = threading.Thread(target=freeze)
    thread.start()
    done = run(f"""
[load]
host = {target.url}
rate = 100/s
max_users = 50
run_time = 10s
workers = 2
[task it]
get = /delay/1
""").check()
    thread.join()
    assert done.status == 0, done.said
    assert done.requests == 1000
    # a fifth of all tasks were due while it stood still
    assert float(done.total["90%"]) > 500
    assert float(done.total["Max Response Time"]) > 1500
    by_phase = phases(done, "/delay/1")
    assert float(by_phase["late"]["Max"]) > 1000
    assert float(by_phase["since sent"]["99%"]) <= float(done.total["99%"])


def test_tasks_that_find_nobody_are_dropped_where_the_plan_says_so(
        target, run):
    done = run(f"""
[load]
host = {target.url}
rate = 100/s
max_users = 2
late = drop
run_time = 1s
[task it]
get = /delay/100
""").check()
    assert done.status == 0, done.said
    assert 15 <= done.requests <= 22
    assert float(done.total["Max Response Time"]) < 1000


def test_who_comes_for_a_task_begins_with_on_start(nginx, run):
    done = run(f"""
[load]
host = {nginx.url}
rate = 100/s
run_time = 1s
[task hello]
get = /hello
[task it]
get = /it
[user]
on_start = hello
iterations = 5
""").check()
    counts = done.counts()
    assert done.status == 0, done.said
    assert counts["GET", "/it"] == 100
    assert counts["GET", "/hello"] >= 20  # five tasks, then the next user


def test_iterations_end_a_rate(nginx, run):
    done = run(f"""
[load]
host = {nginx.url}
rate = 500/s
iterations = 100
workers = 2
[task it]
get = /
""").check()
    assert done.status == 0, done.said
    assert done.requests == len(nginx.log()) == 100


# --- the warm-up -------------------------------------------------------------

def test_what_begins_in_the_warm_up_is_in_no_result(nginx, run):
    done = run(f"""
[load]
host = {nginx.url}
rate = 100/s
run_time = 2s
warmup = 1s
workers = 2
report_interval = 500ms
[task it]
get = /
""").check()
    assert done.status == 0, done.said
    assert len(nginx.log()) == 200
    assert done.requests == 100
    assert 95 < float(done.total["Requests/s"]) < 105
    assert [row["Total Request Count"] for row in history(done)][0] == "0"


def test_failures_of_the_warm_up_fail_nothing(nginx, run):
    done = run(f"""
[load]
host = {nginx.url}
stages = 0s:2, 1s:2
warmup = 500ms
wait = 20ms
[task cold]
get = /missing
[task it]
get = /
[user]
on_start = cold
""").check(stages=True)
    assert done.status == 0, done.said
    assert [hit.status for hit in nginx.log()].count(404) == 2
    assert done.failed == 0 and done.requests > 0
    assert done.books()[2] == 2  # the books have all


# --- what becomes of tasks ---------------------------------------------------

def tasks(done):
    """due, started, late, dropped, as the summary says them."""
    text = " ".join(done.out.split())
    found = re.search(r"([\d,]+) tasks were due: ([\d,]+) started, "
                      r"(none|[\d,]+) of them late.*?, (none|[\d,]+) dropped",
                      text)
    assert found, done.out
    return tuple(0 if n == "none" else int(n.replace(",", ""))
                 for n in found.groups())


def test_tasks_that_take_no_time_are_counted_as_well(target, run):
    done = run(f"""
[load]
host = {target.url}
rate = 300/s
iterations = 200
max_users = 7
workers = 2
[task it]
get = /delay/2
[task beside]
background = yes
get = /delay/2
name = beside
[user few]
iterations = 3
[user many]
weight = 2
tasks = it
""").check()
    assert done.status == 0, done.said
    due, started, _, dropped = tasks(done)
    assert due == started == 200 == done.requests
    assert dropped == 0


def test_a_rate_ends_when_its_data_is_used_up(target, run):
    done = run(f"""
[load]
host = {target.url}
rate = 50/s
workers = 2
[data d]
file = d.csv
order = unique
[task it]
get = /resources/${{d.a}}
name = /resources/N
""", files={"d.csv": b"a\n1\n2\n3\n4\n5\n"}).check()
    assert done.status == 0, done.said
    due, started, _, dropped = tasks(done)
    assert (started, due) == (5, 5 + dropped)
    assert done.counts() == {("GET", "/resources/N"): 5}


def test_iterations_drop_no_task_that_waits_for_a_login(target, run):
    done = run(f"""
[load]
host = {target.url}
rate = 100/s
iterations = 10
[task login]
get = /delay/300
[task it]
get = /resources/1
[user]
on_start = login
[thresholds]
dropped = == 0
""").check()
    assert done.status == 0, done.said
    due, started, late, dropped = tasks(done)
    assert (due, started, dropped) == (10, 10, 0)
    assert late > 0


def test_a_login_that_fails_is_tried_once_for_each_task(target, run):
    done = run(f"""
[load]
host = {target.url}
rate = 20/s
run_time = 1s
[task login]
get = /status/500
on_fail = stop_user
[task it]
get = /resources/1
[user]
on_start = login
""").check()
    assert done.status == 1, done.said
    assert done.counts() == {("GET", "/status/500"): 20}
    assert tasks(done) == (20, 0, 0, 20)


def test_late_tasks_are_dropped_while_users_log_in(target, run):
    done = run(f"""
[load]
host = {target.url}
rate = 50/s
run_time = 1500ms
late = drop
[task login]
get = /delay/500
[task it]
get = /resources/1
[user]
on_start = login
""").check()
    assert done.status == 0, done.said
    due, started, late, dropped = tasks(done)
    assert due == started + dropped == 75
    assert 20 <= dropped <= 40 and late == 0
    assert float(done.stats["GET", "/resources/1"]["Max Response Time"]) < 400


def test_what_is_late_is_the_task_and_nothing_behind_it(target, run):
    done = run(f"""
[load]
host = {target.url}
rate = 20/s
run_time = 2s
max_users = 1
[task it]
sleep = 300ms
[task bye]
get = /resources/1
[user]
iterations = 1
on_stop = bye
""").check()
    assert done.status == 0, done.said
    assert done.requests > 2
    assert float(done.total["Max Response Time"]) < 250


def test_a_warm_up_is_in_no_threshold(target, run):
    done = run(f"""
[load]
host = {target.url}
stages = 500ms:400/s, 0s:2/s, 2s:2/s
max_users = 1
late = drop
warmup = 1s
[task it]
get = /delay/50
[thresholds]
dropped = == 0
lag_p99 = < 250ms
requests = <= 4
""").check(stages=True)
    assert done.status == 0, done.said


def test_users_who_are_done_are_not_waited_for(nginx, run):
    done = run(f"""
[load]
host = {nginx.url}
stages = 0s:2, 60s:2, 1s:0
workers = 2
[task it]
get = /
[user]
iterations = 1
""").check(stages=True)
    assert done.status == 0, done.said
    assert done.requests == 2
    assert done.seconds < 30


def test_what_waits_for_the_last_user_is_dropped_with_it(target, run):
    done = run(f"""
[load]
host = {target.url}
rate = 500/s
max_users = 1
run_time = 2s
workers = 1
[task it]
get = /stall
timeout = 300ms
on_fail = stop_user
""").check()
    assert done.status == 1, done.said
    assert tasks(done) == (1000, 1, 0, 999)


@pytest.mark.parametrize("workers", [1, 2])
def test_tasks_of_users_who_are_gone_are_counted(target, run, workers):
    done = run(f"""
[load]
host = {target.url}
rate = 100/s
max_users = 2
run_time = 1s
workers = {workers}
[task once]
get = /resources/1
stop = user
[task it]
get = /resources/2
[user a]
count = 1
tasks = once
[user b]
count = 1
tasks = it
""").check()
    assert done.status == 0, done.said
    due, started, _, dropped = tasks(done)  # a slow machine has late ones
    assert (due, started, dropped) == (100, 51, 49)
